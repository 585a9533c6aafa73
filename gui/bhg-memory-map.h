/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory from address 0 to the end of RAM, without gaps, as parts of one owner each. Knows no display. */
#ifndef BHG_MEMORY_MAP_H
#define BHG_MEMORY_MAP_H

#include "bh-machine.h"
#include "bhg-cell.h"

G_BEGIN_DECLS

typedef enum {
	BHG_MEMORY_ROOT, /* of Linux */
	BHG_MEMORY_CELL, /* of one cell alone */
	BHG_MEMORY_SHARED, /* of a cell, and seen by the root or another cell */
	BHG_MEMORY_FIRMWARE, /* RAM that the firmware keeps */
	BHG_MEMORY_HOLE, /* no RAM: devices, or nothing */
} BhgMemoryKind;

typedef struct {
	guint64 start, size;
	BhgMemoryKind kind;
	gboolean fixed; /* of the root: Linux does not let go of it */
	BhgCell *cell; /* of BHG_MEMORY_CELL and _SHARED; referenced */
	char *name; /* of the cell's region, or what the firmware calls it; NULL */
} BhgMemoryPart;

/* BhgMemoryPart by address; transfer full. Only what cells have in the core now counts. */
GPtrArray *bhg_memory_map(const BhMachine *machine, GListModel *cells);

/* One sentence: owner, addresses in both notations. Transfer full. */
char *bhg_memory_part_describe(const BhgMemoryPart *part);
/* Bytes of all parts of @kind (and of @cell, unless NULL). */
guint64 bhg_memory_map_sum(GPtrArray *map, BhgMemoryKind kind, BhgCell *cell);

G_END_DECLS

#endif
