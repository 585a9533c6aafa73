/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference of two texts, as programmers read it: lines with a sign and a colour, and a few around them. */
#ifndef BHE_DIFF_VIEW_H
#define BHE_DIFF_VIEW_H

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Either may be NULL or empty. */
GtkWidget *bhe_diff_view_new(const char *old_text, const char *new_text);

G_END_DECLS

#endif
