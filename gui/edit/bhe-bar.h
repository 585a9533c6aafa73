/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Below the pages, as long as there is a plan: how many changes, undo and redo, and the way to apply them. */
#ifndef BHE_BAR_H
#define BHE_BAR_H

#include <adwaita.h>
#include "bhe-service.h"

G_BEGIN_DECLS

#define BHE_TYPE_BAR (bhe_bar_get_type())
G_DECLARE_FINAL_TYPE(BheBar, bhe_bar, BHE, BAR, AdwBin)

GtkWidget *bhe_bar_new(BheService *service);

G_END_DECLS

#endif
