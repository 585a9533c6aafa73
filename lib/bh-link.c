// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-link.h"

static gint links_compare(gconstpointer one, gconstpointer other)
{
	return strcmp(((const BhLink *)one)->link->name, ((const BhLink *)other)->link->name);
}

GArray *bh_links_find(const BhCellSet *set)
{
	GArray *links = g_array_new(FALSE, FALSE, sizeof(BhLink));

	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];

		for (guint j = 0; j < cell->links->len; j++) {
			BhLink link = {cell, cell->links->pdata[j]};

			if (*link.link->peers && !bh_links_lookup(links, link.link->name))
				g_array_append_val(links, link);
		}
	}
	g_array_sort(links, links_compare);
	return links;
}

const BhLink *bh_links_lookup(const GArray *links, const char *name)
{
	for (guint i = 0; i < links->len; i++) {
		const BhLink *link = &g_array_index(links, BhLink, i);

		if (!strcmp(link->link->name, name))
			return link;
	}
	return NULL;
}

guint bh_link_count_peers(const BhLink *link)
{
	return 1 + g_strv_length(link->link->peers);
}

const char *bh_link_get_peer(const BhLink *link, guint number)
{
	return number ? link->link->peers[number - 1] : link->cell->name;
}

gint bh_link_find_peer(const BhLink *link, const char *cell)
{
	guint count = bh_link_count_peers(link);

	for (guint number = 0; number < count; number++)
		if (!strcmp(bh_link_get_peer(link, number), cell))
			return number;
	return -1;
}

guint64 bh_link_get_size(const BhLink *link)
{
	return BH_LINK_STATE_SIZE + link->link->shared_size +
	       bh_link_count_peers(link) * link->link->output_size;
}

const BhCellLink *bh_link_find_section(const BhLink *link, const BhCell *cell)
{
	for (guint i = 0; i < cell->links->len; i++) {
		const BhCellLink *own = cell->links->pdata[i];

		if (!strcmp(own->name, link->link->name))
			return own;
	}
	return NULL;
}

/* ---- as the core takes it ---- */

static struct bh_link describe(const BhLink *from, const BhCell *cell, const BhCellLink *own)
{
	const BhCellLink *description = from->link;
	guint vectors = description->vectors ? description->vectors : BH_LINK_VECTORS_USUAL;
	gint root = bh_link_find_peer(from, "root");
	struct bh_link link = {
		.phys = BH_PHYS_ANY,
		.virt = own ? own->guest_address : G_MAXUINT64,
		.rw_size = description->shared_size,
		.output_size = description->output_size,
		.protocol = description->protocol,
		.peers = bh_link_count_peers(from),
		.id = bh_link_find_peer(from, cell->name),
		.vectors = own && own->vectors ? own->vectors : vectors,
	};

	if (root >= 0) {
		link.root_id = root;
		link.root_vectors = vectors;
	}
	return link;
}

/* Function 0 of another device than any of the cell's: drivers look there first. */
static gboolean slot_is_free(const BhCell *cell, const GArray *placed, const GArray *devices,
			     guint slot)
{
	for (guint i = 0; i < devices->len; i++)
		if (g_array_index(devices, guint, i) >> 3 == slot)
			return FALSE;
	for (guint i = 0; i < placed->len; i++)
		if (g_array_index(placed, struct bh_link, i).bdf >> 3 == slot)
			return FALSE;
	for (guint i = 0; i < cell->links->len; i++)
		if (((BhCellLink *)cell->links->pdata[i])->bdf >> 3 == (gint)slot)
			return FALSE;
	return TRUE;
}

/* From the end of bus 0, where hardly anything is, by the number: so it does not depend on other links. */
static guint choose_bdf(const BhCell *cell, const GArray *placed, const GArray *devices,
			guint number)
{
	const guint slots = 31; /* slot 0 is the host's bridge */
	guint slot = 0;

	for (guint i = 0; i < slots; i++) {
		slot = slots - (number + i) % slots;
		if (slot_is_free(cell, placed, devices, slot))
			break;
	}
	return slot << 3;
}

static guint64 memory_size(const struct bh_link *link)
{
	return BH_LINK_STATE_SIZE + link->rw_size + link->peers * link->output_size;
}

static GArray *list_addresses(const BhCell *cell, const GArray *placed)
{
	GArray *taken = g_array_new(FALSE, FALSE, sizeof(struct bh_range));

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];
		struct bh_range range = {memory->guest_address, memory->size};

		g_array_append_val(taken, range);
	}
	for (guint i = 0; i < placed->len; i++) {
		const struct bh_link *link = &g_array_index(placed, struct bh_link, i);
		struct bh_range range = {link->virt, memory_size(link)};

		g_array_append_val(taken, range);
	}
	return taken;
}

static gint numbers_compare(gconstpointer one, gconstpointer other)
{
	return (gint)((const struct bh_link *)one)->number -
	       (gint)((const struct bh_link *)other)->number;
}

GArray *bh_links_place(const GArray *links, GTree *numbers, const BhCell *cell,
		       const GArray *devices)
{
	GArray *placed = g_array_new(FALSE, FALSE, sizeof(struct bh_link));
	gpointer number;

	for (guint i = 0; i < links->len; i++) {
		const BhLink *from = &g_array_index(links, BhLink, i);
		const BhCellLink *own = bh_link_find_section(from, cell);
		struct bh_link link;

		if (bh_link_find_peer(from, cell->name) < 0 ||
		    !g_tree_lookup_extended(numbers, from->link->name, NULL, &number))
			continue;
		link = describe(from, cell, own);
		link.number = GPOINTER_TO_UINT(number);
		link.bdf = own && own->bdf >= 0 ? (guint)own->bdf
						: choose_bdf(cell, placed, devices, link.number);
		g_array_append_val(placed, link);
	}
	g_array_sort(placed, numbers_compare);
	for (guint i = 0; i < placed->len; i++) {
		struct bh_link *link = &g_array_index(placed, struct bh_link, i);
		g_autoptr(GArray) taken = list_addresses(cell, placed);

		/* Those that are not placed yet are beyond all addresses. */
		if (link->virt == G_MAXUINT64)
			link->virt = bh_cell_find_address(cell->arch, taken, memory_size(link));
	}
	return placed;
}

char *bh_link_protocol_to_string(guint protocol)
{
	static const char *const words[] = {"none", "network"};

	return protocol < G_N_ELEMENTS(words) ? g_strdup(words[protocol])
					      : g_strdup_printf("0x%04x", protocol);
}
