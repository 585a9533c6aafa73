/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of validation share. */
#ifndef BH_VALIDATE_PRIVATE_H
#define BH_VALIDATE_PRIVATE_H

#include "bh-placement.h"
#include "bh-validate.h"

G_BEGIN_DECLS

#define PAGE 4096ULL

#define X64 "0x%" G_GINT64_MODIFIER "x"

/* bh_cell_find_fault with the suggestion, which may be NULL, first. */
BhFinding *bh_find(const BhCell *cell, const BhCellSection *section, const char *key,
		   GPtrArray *findings, BhFindingKind kind, const char *suggestion,
		   const char *format, ...) G_GNUC_PRINTF(7, 8);
/* At this very place of the value. */
void bh_find_at(BhFinding *finding, guint line, guint column);

/* [Cell], or NULL. */
const BhCellSection *bh_cell_head(const BhCell *cell);

/* Neither wraps around nor is empty ranges' business: an empty one overlaps nothing. */
gboolean bh_ranges_overlap(guint64 start, guint64 size, guint64 other, guint64 other_size);

/* Its physical address is in the file. */
gboolean bh_memory_is_fixed(const BhCellMemory *memory);
/* Of a page with other things in it: trapped, and the page stays with the root. */
gboolean bh_memory_is_part_page(const BhCellMemory *memory);

void bh_validate_alone(const BhCell *cell, GPtrArray *findings);
void bh_validate_others(const BhCellSet *set, const BhCell *cell, GPtrArray *findings);
void bh_validate_links(const BhCellSet *set, const BhCell *cell, GPtrArray *findings);
/* @placement: what would be chosen for all cells of @set on @machine, if nothing was chosen yet. */
void bh_validate_machine(const BhCellSet *set, const BhCell *cell, const BhMachine *machine,
			 const BhPlacement *placement, GPtrArray *findings);

G_END_DECLS

#endif
