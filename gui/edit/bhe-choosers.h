/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buttons beside entries that offer what there is to choose from: CPUs, devices, cells, files. */
#ifndef BHE_CHOOSERS_H
#define BHE_CHOOSERS_H

#include "bhe-service.h"
#include "bhe-words.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Writes into @entry what is chosen. NULL: there is nothing to choose from for this kind of value. */
GtkWidget *bhe_chooser_new(BheService *service, const char *cell, BheInput input,
			   GtkEditable *entry);

G_END_DECLS

#endif
