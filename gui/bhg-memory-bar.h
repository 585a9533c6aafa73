/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory as a bar, to scale: a part for each owner, with tooltip and name for screen readers. Holes that would leave no room
 * for memory are drawn shorter, parts too small to be seen wider. Arrow keys go from part to part; dragging marks a range.
 */
#ifndef BHG_MEMORY_BAR_H
#define BHG_MEMORY_BAR_H

#include <gtk/gtk.h>
#include "bhg-memory-map.h"

G_BEGIN_DECLS

#define BHG_TYPE_MEMORY_BAR (bhg_memory_bar_get_type())
G_DECLARE_FINAL_TYPE(BhgMemoryBar, bhg_memory_bar, BHG, MEMORY_BAR, GtkWidget)

/*
 * Signals: "part" (gpointer: const BhgMemoryPart *): one has the focus or was clicked. "range" (guint64 start, guint64 size): marked
 * by dragging, or by the keyboard; whole MiB.
 */

/* FALSE: it shows just that already. */
gboolean bhg_memory_bar_set_map(BhgMemoryBar *bar, GPtrArray *map);
void bhg_memory_bar_set_zoom(BhgMemoryBar *bar, double zoom); /* 1: all of it is seen */
/* Where on the bar an address is, from 0 to 1; for tests, too. */
double bhg_memory_bar_position(BhgMemoryBar *bar, guint64 address);

G_END_DECLS

#endif
