/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console of one cell: what it writes, from the first line that is still kept, in a terminal that can be searched and saved, and typed at if the
 * cell takes input. Goes on when the cell is restarted or the daemon comes back. A page holds one for each cell looked at; another window may hold one more.
 */
#ifndef BHG_CONSOLE_H
#define BHG_CONSOLE_H

#include <adwaita.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_TYPE_CONSOLE (bhg_console_get_type())
G_DECLARE_FINAL_TYPE(BhgConsole, bhg_console, BHG, CONSOLE, AdwBin)

GtkWidget *bhg_console_new(BhgConnection *connection, BhgCell *cell);
char *bhg_console_get_text(BhgConsole *console); /* all of it; transfer full */
void bhg_console_save(BhgConsole *console, GFile *file); /* says when it has been done */

G_END_DECLS

#endif
