/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link as a whole: one cell file describes it and names the peers, and all of them have it. Which number it has in
 * the core is chosen by bh-placement.h.
 */
#ifndef BH_LINK_H
#define BH_LINK_H

#include "bh-cell-set.h"

G_BEGIN_DECLS

#define BH_LINK_CELL_MAX 8 /* links of one cell: as many as the core takes */
#define BH_LINK_VECTORS_USUAL 2 /* one for states, one for doorbells */

typedef struct {
	const BhCell *cell; /* whose file describes it: peer 0 */
	const BhCellLink *link;
} BhLink;

/*
 * BhLink sorted by name, each once: of several cells that describe the same one, which is a finding, the first. They belong
 * to @set.
 */
GArray *bh_links_find(const BhCellSet *set);
/* NULL: nobody describes it. */
const BhLink *bh_links_lookup(const GArray *links, const char *name);

guint bh_link_count_peers(const BhLink *link);
/* The name of a cell, or "root". */
const char *bh_link_get_peer(const BhLink *link, guint number);
/* The number of that peer, -1 if it is none. */
gint bh_link_find_peer(const BhLink *link, const char *cell);

/* Bytes of memory it takes, the table of states included. */
guint64 bh_link_get_size(const BhLink *link);

/* What @cell's own file says of it; NULL: nothing. */
const BhCellLink *bh_link_find_section(const BhLink *link, const BhCell *cell);

/*
 * The entries of @cell's descriptor for the links it is a peer of, struct bh_link by number; those of @links without a number
 * in @numbers (name → number) are left out. Physical addresses are BH_PHYS_ANY. What the file leaves open is chosen beside
 * the cell's memory and @devices (guint: bus, device and function).
 */
GArray *bh_links_place(const GArray *links, GTree *numbers, const BhCell *cell,
		       const GArray *devices);

/* "none", "network", "0x4001". */
char *bh_link_protocol_to_string(guint protocol);

G_END_DECLS

#endif
