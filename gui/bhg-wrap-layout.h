/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children in rows, as words in a paragraph: as many in each as there is room for, each as wide as it wants to be. */
#ifndef BHG_WRAP_LAYOUT_H
#define BHG_WRAP_LAYOUT_H

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define BHG_TYPE_WRAP_LAYOUT (bhg_wrap_layout_get_type())
G_DECLARE_FINAL_TYPE(BhgWrapLayout, bhg_wrap_layout, BHG, WRAP_LAYOUT, GtkLayoutManager)

/* A box with this layout. */
GtkWidget *bhg_wrap_box_new(void);

G_END_DECLS

#endif
