/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row of the list on the left: badge, name, state in words, and one line of what it owns. */
#ifndef BHG_CELL_ROW_H
#define BHG_CELL_ROW_H

#include <gtk/gtk.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_TYPE_CELL_ROW (bhg_cell_row_get_type())
G_DECLARE_FINAL_TYPE(BhgCellRow, bhg_cell_row, BHG, CELL_ROW, GtkBox)

/* @item: a BhgCell, or the connection itself for the machine; NULL: none. */
void bhg_cell_row_set_item(BhgCellRow *row, gpointer item, BhgConnection *connection);

/* Gives @label the look of a badge: letters on the colour of @cell; NULL: of the root. */
void bhg_badge_set(GtkLabel *label, BhgCell *cell);
/* Takes classes owner-… away from @widget and sets this one; NULL: none. */
void bhg_set_owner_class(GtkWidget *widget, const char *class_name);

G_END_DECLS

#endif
