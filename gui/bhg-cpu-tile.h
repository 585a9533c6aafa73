/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU on the map: its number, who has it, and who shall have it. Can be dragged; its menu does the same. Several can be moved
 * at once: signal "choose" when it is clicked with Ctrl held, or Ctrl+Space is pressed.
 */
#ifndef BHG_CPU_TILE_H
#define BHG_CPU_TILE_H

#include <gtk/gtk.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_TYPE_CPU_TILE (bhg_cpu_tile_get_type())
G_DECLARE_FINAL_TYPE(BhgCpuTile, bhg_cpu_tile, BHG, CPU_TILE, GtkWidget)

GtkWidget *bhg_cpu_tile_new(const BhMachineCpu *cpu, BhgConnection *connection);
void bhg_cpu_tile_update(BhgCpuTile *tile);
guint bhg_cpu_tile_get_cpu(BhgCpuTile *tile);
/* @numbers: of all that move together with this one, with commas between them; NULL: it moves alone. */
void bhg_cpu_tile_set_chosen(BhgCpuTile *tile, const char *numbers);

G_END_DECLS

#endif
