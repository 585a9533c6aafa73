/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cell as the daemon shows it, with the badge by which people recognize it: a letter or two, and one of eight colours,
 * the same for as long as the program runs.
 */
#ifndef BHG_CELL_H
#define BHG_CELL_H

#include "bh-dbus.h"

G_BEGIN_DECLS

#define BHG_COLOURS 8 /* classes owner-1 to owner-8 of style.css; owner-root is the root's */

#define BHG_TYPE_CELL (bhg_cell_get_type())
G_DECLARE_FINAL_TYPE(BhgCell, bhg_cell, BHG, CELL, GObject)

/*
 * Signal "changed": any property of the daemon's object changed, or the object came or went. Properties for expressions and
 * filters: "name".
 */
BhgCell *bhg_cell_new(const char *name, const char *badge, guint colour);
/* NULL: it is gone, or the daemon is. */
void bhg_cell_set_proxy(BhgCell *cell, BhDbusCell *proxy);
BhDbusCell *bhg_cell_get_proxy(BhgCell *cell);
const char *bhg_cell_get_path(BhgCell *cell); /* of its object; NULL */

const char *bhg_cell_get_name(BhgCell *cell);
const char *bhg_cell_get_badge(BhgCell *cell);
const char *bhg_cell_get_colour_class(BhgCell *cell); /* "owner-3" */

/* What the daemon said last; "" or 0 while it says nothing. */
const char *bhg_cell_get_state(BhgCell *cell);
const char *bhg_cell_get_description(BhgCell *cell);
const char *bhg_cell_get_health(BhgCell *cell);
const char *bhg_cell_get_busy(BhgCell *cell);
const guint *bhg_cell_get_cpus(BhgCell *cell, gsize *count);
guint64 bhg_cell_get_memory_size(BhgCell *cell); /* RAM of its own */
const char *const *bhg_cell_get_devices(BhgCell *cell); /* never NULL */

/* Is it in the core, so that what it lists is really its own? */
gboolean bhg_cell_exists(BhgCell *cell);
gboolean bhg_cell_runs(BhgCell *cell);
gboolean bhg_cell_has_failed(BhgCell *cell);

/* "CPUs 2–3 · 64 MiB · 1 device" */
char *bhg_cell_describe_resources(BhgCell *cell);
/* The state as a sentence for the overview; the reason and the last error included. */
char *bhg_cell_describe_state(BhgCell *cell);

/* One region of its memory. Strings live as long as the walk. */
typedef struct {
	const char *name;
	guint64 physical, guest, size;
	const char *flags;
} BhgCellRegion;
/* Begin with *at 0. FALSE: no more. @region's strings live until the cell changes. */
gboolean bhg_cell_next_region(BhgCell *cell, gsize *at, BhgCellRegion *region);
/* Is it RAM taken from Linux for this cell alone? */
gboolean bhg_cell_region_is_own(const BhgCellRegion *region);

G_END_DECLS

#endif
