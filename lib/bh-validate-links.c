// SPDX-License-Identifier: GPL-2.0-or-later
/* Links, which are described in one file and concern others. */
#include <string.h>
#include "bh-link.h"
#include "bh-validate-private.h"

/* Far more than any machine has; sums of a few do not wrap. */
#define SECTION_MAX (1ULL << 44)

static void find_peers(const BhCellSet *set, const BhCell *cell, const BhCellLink *link,
		       GPtrArray *findings)
{
	guint count = 1 + g_strv_length(link->peers);

	for (char **peer = link->peers; *peer; peer++) {
		gboolean twice = FALSE;

		for (char **former = link->peers; former != peer; former++)
			twice |= !strcmp(*former, *peer);
		if (twice || !strcmp(*peer, cell->name))
			bh_find(cell, link->section, "Peers", findings, BH_FINDING_LINK_PEER,
				"name each other cell once; this cell is part of the link anyway",
				"link %s has %s as a peer twice", link->name, *peer);
		else if (strcmp(*peer, "root") && !bh_cell_set_find(set, *peer))
			bh_find(cell, link->section, "Peers", findings, BH_FINDING_LINK_PEER,
				"correct the name, or write a file for that cell",
				"link %s has the peer %s, and there is no such cell", link->name,
				*peer);
	}
	if (count > BH_LINK_PEERS_MAX)
		bh_find(cell, link->section, "Peers", findings, BH_FINDING_TOO_MANY,
			"divide the link",
			"link %s has %u peers, this cell included, at most %u are possible",
			link->name, count, BH_LINK_PEERS_MAX);
}

static void find_size(const BhCell *cell, const BhCellLink *link, const char *key, guint64 size,
		      GPtrArray *findings)
{
	if (size % PAGE)
		bh_find(cell, link->section, key, findings, BH_FINDING_MEMORY_ALIGNMENT,
			"choose a multiple of 4096", "%s= of link %s is not in whole pages", key,
			link->name);
	else if (size > SECTION_MAX)
		bh_find(cell, link->section, key, findings, BH_FINDING_MEMORY_RANGE,
			"choose a smaller one", "%s= of link %s is more than any machine has", key,
			link->name);
}

/* The same link in another file that says what it is. */
static void find_description_twice(const BhCellSet *set, const BhCell *cell, const BhCellLink *link,
				   GPtrArray *findings)
{
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *other = set->cells->pdata[i];

		for (guint j = 0; j < other->links->len && other != cell; j++) {
			const BhCellLink *theirs = other->links->pdata[j];
			BhFinding *finding;

			if (strcmp(link->name, theirs->name) || !*theirs->peers)
				continue;
			finding = bh_find(
				cell, link->section, NULL, findings, BH_FINDING_LINK_TWICE,
				"name the peers in one of the files only, or give one "
				"link another name",
				"link %s is described in cell %s as well", link->name, other->name);
			finding->owner = g_strdup(other->name);
		}
	}
}

static void find_description(const BhCellSet *set, const BhCell *cell, const BhCellLink *link,
			     GPtrArray *findings)
{
	find_peers(set, cell, link, findings);
	find_size(cell, link, "SharedSize", link->shared_size, findings);
	find_size(cell, link, "OutputSize", link->output_size, findings);
	find_description_twice(set, cell, link, findings);
}

static gboolean is_about(const BhFinding *finding, const BhCell *cell, const char *section)
{
	return finding->severity == BH_SEVERITY_ERROR && !g_strcmp0(finding->cell, cell->name) &&
	       !g_strcmp0(finding->section, section);
}

static gboolean is_faulty(const BhCellSet *set, const BhLink *link)
{
	g_autofree char *section = bh_cell_section_title(link->link->section);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	gboolean faulty = FALSE;

	find_description(set, link->cell, link->link, findings);
	for (guint i = 0; i < findings->len && !faulty; i++)
		faulty = is_about(findings->pdata[i], link->cell, section);
	for (guint i = 0; i < set->findings->len && !faulty; i++)
		faulty = is_about(set->findings->pdata[i], link->cell, section);
	return faulty;
}

/* What the cell itself has to say, of a link of its own or of another's. */
static void find_place(const BhCell *cell, const BhCellLink *own, const BhLink *link,
		       GPtrArray *findings)
{
	guint64 at = own->guest_address, size = bh_link_get_size(link);

	if (at != G_MAXUINT64 && at % PAGE)
		bh_find(cell, own->section, "GuestAddress", findings, BH_FINDING_MEMORY_ALIGNMENT,
			"choose a multiple of 4096", "link %s does not begin at a page", own->name);
	else if (at != G_MAXUINT64 && (at >= BH_GUEST_LIMIT || size > BH_GUEST_LIMIT - at))
		bh_find(cell, own->section, "GuestAddress", findings, BH_FINDING_MEMORY_RANGE,
			"choose a lower one, or a smaller link",
			"link %s ends beyond " X64 ", where a cell's addresses end", own->name,
			(guint64)BH_GUEST_LIMIT);
	for (guint i = 0; i < cell->memory->len && at != G_MAXUINT64; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		if (bh_ranges_overlap(at, size, memory->guest_address, memory->size))
			bh_find(cell, own->section, "GuestAddress", findings,
				BH_FINDING_MEMORY_OVERLAP,
				"choose another GuestAddress= for one of them",
				"link %s and %s (line %u) overlap in the cell at " X64, own->name,
				memory->name, memory->section->line,
				MAX(at, memory->guest_address));
	}
	for (guint i = 0; i < cell->devices->len && own->bdf >= 0; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];

		if (device->address && (gint)device->bdf == own->bdf)
			bh_find(cell, own->section, "Pci", findings, BH_FINDING_DEVICE_TWICE,
				"choose another address, or leave it out",
				"%s is [Device %s] on line %u already", device->address,
				device->name, device->section->line);
	}
}

/* Both say where they are, and it is the same place. */
static void find_place_twice(const BhCell *cell, const BhCellLink *link, const BhCellLink *former,
			     const GArray *links, GPtrArray *findings)
{
	guint64 size = bh_link_get_size(bh_links_lookup(links, link->name));
	guint64 former_size = bh_link_get_size(bh_links_lookup(links, former->name));

	if (link->bdf >= 0 && link->bdf == former->bdf)
		bh_find(cell, link->section, "Pci", findings, BH_FINDING_DEVICE_TWICE,
			"choose another address, or leave it out",
			"%02x:%02x.%x is [Link %s] on line %u already", link->bdf >> 8,
			link->bdf >> 3 & 31, link->bdf & 7, former->name, former->section->line);
	if (link->guest_address != G_MAXUINT64 && former->guest_address != G_MAXUINT64 &&
	    bh_ranges_overlap(link->guest_address, size, former->guest_address, former_size))
		bh_find(cell, link->section, "GuestAddress", findings, BH_FINDING_MEMORY_OVERLAP,
			"choose another GuestAddress= for one of them",
			"link %s and link %s (line %u) overlap in the cell at " X64, link->name,
			former->name, former->section->line,
			MAX(link->guest_address, former->guest_address));
}

static void find_own(const BhCellSet *set, const BhCell *cell, const GArray *links,
		     GPtrArray *findings)
{
	for (guint i = 0; i < cell->links->len; i++) {
		const BhCellLink *own = cell->links->pdata[i];
		const BhLink *link = bh_links_lookup(links, own->name);

		if (*own->peers)
			find_description(set, cell, own, findings);
		/* Then it has been described by another as well, which is fault enough. */
		if (*own->peers && link->cell != cell)
			continue;
		if (!link || bh_link_find_peer(link, cell->name) < 0) {
			bh_find(cell, own->section, NULL, findings, BH_FINDING_LINK_PEER,
				"name the peers here with Peers=, or this cell in the Peers= of "
				"another cell's [Link]",
				"link %s is described in no file as one of this cell", own->name);
			continue;
		}
		find_place(cell, own, link, findings);
		for (guint j = 0; j < i; j++)
			if (bh_links_lookup(links, ((BhCellLink *)cell->links->pdata[j])->name))
				find_place_twice(cell, own, cell->links->pdata[j], links, findings);
	}
}

void bh_validate_links(const BhCellSet *set, const BhCell *cell, GPtrArray *findings)
{
	g_autoptr(GArray) links = bh_links_find(set);
	guint count = 0;

	find_own(set, cell, links, findings);
	for (guint i = 0; i < links->len; i++) {
		const BhLink *link = &g_array_index(links, BhLink, i);
		const BhCellLink *own = bh_link_find_section(link, cell);
		const BhCellSection *section = own ? own->section : bh_cell_head(cell);
		BhFinding *finding;

		if (bh_link_find_peer(link, cell->name) < 0)
			continue;
		count++;
		if (count == BH_LINK_CELL_MAX + 1)
			bh_find(cell, section, NULL, findings, BH_FINDING_TOO_MANY,
				"divide the cell", "link %s is one too many: a cell has at most %u",
				link->link->name, BH_LINK_CELL_MAX);
		if (link->cell == cell && links->len > BH_LINKS_MAX)
			bh_find(cell, section, NULL, findings, BH_FINDING_TOO_MANY,
				"remove some of them",
				"there are %u links in all files, at most %u are possible",
				links->len, BH_LINKS_MAX);
		if ((own && *own->peers) || !is_faulty(set, link))
			continue;
		finding = bh_find(cell, section, NULL, findings, BH_FINDING_LINK_FAULTY,
				  "correct the other file, or remove this cell there",
				  "link %s, which this cell is a peer of, is described with errors "
				  "in cell %s",
				  link->link->name, link->cell->name);
		finding->owner = g_strdup(link->cell->name);
	}
}
