/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be done to the hypervisor and to a cell, as actions of the window:
 * win.cell (ss): a verb of bhg_actions_verbs and a cell's name; win.enable; win.disable. Failures are told in a toast.
 */
#ifndef BHG_ACTIONS_H
#define BHG_ACTIONS_H

#include <gtk/gtk.h>
#include "bhg-cell.h"

G_BEGIN_DECLS

void bhg_actions_install(GtkWidgetClass *window_class);

/* The menu of a cell: what is possible in its state. Transfer full. */
GMenuModel *bhg_actions_menu(BhgCell *cell);
/* Shows that menu at a point of @widget, which must have a layout manager. */
void bhg_actions_popup(GtkWidget *widget, BhgCell *cell, double x, double y);
/* Before @widget is gone. */
void bhg_actions_popdown(GtkWidget *widget);

G_END_DECLS

#endif
