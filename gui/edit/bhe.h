/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The editor as a part of the window: its pages, its bar, its actions. See README.md. */
#ifndef BHE_H
#define BHE_H

#include "bhg-window.h"

G_BEGIN_DECLS

/* Before the first window. */
void bhe_init(void);

/*
 * Actions it adds to each window: win.new-cell, win.undo, win.redo, win.apply (shows the page of changes), win.remove-cell (s).
 * What bhe pages reveal: "Memory ram", "Memory ram/Size".
 */

G_END_DECLS

#endif
