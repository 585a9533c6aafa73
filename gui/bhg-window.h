/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window: the machine and its cells on the left, pages about what is chosen on the right, a sentence and the next
 * step in their place where there is nothing to show.
 *
 * Actions: win.show (sss): a cell's name, "" for the machine; a page's name, "" for the present one; what to reveal there, "" for
 * nothing. win.retry, win.sidebar.
 */
#ifndef BHG_WINDOW_H
#define BHG_WINDOW_H

#include <adwaita.h>
#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_WINDOW (bhg_window_get_type())
G_DECLARE_FINAL_TYPE(BhgWindow, bhg_window, BHG, WINDOW, AdwApplicationWindow)

BhgWindow *bhg_window_new(GtkApplication *application, BhgConnection *connection);
BhgConnection *bhg_window_get_connection(BhgWindow *window);

void bhg_window_show(BhgWindow *window, const char *cell, const char *page, const char *what);
BhgPage *bhg_window_get_page(BhgWindow *window); /* the one that is seen; NULL: a status page */
GtkWidget *
bhg_window_get_toasts(BhgWindow *window); /* an AdwToastOverlay over what is seen of it */
/* Below the pages, always: the bar of pending changes. */
void bhg_window_set_bar(BhgWindow *window, GtkWidget *bar);

/* Called for each new window, for parts that add actions, a bar or data of their own to it. Before the first window. */
typedef void (*BhgWindowHook)(BhgWindow *window);
void bhg_window_add_hook(BhgWindowHook hook);

G_END_DECLS

#endif
