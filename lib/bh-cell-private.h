/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of bh-cell share: the vocabulary, which reads values, and the parser, which reads files. */
#ifndef BH_CELL_PRIVATE_H
#define BH_CELL_PRIVATE_H

#include "bh-cell.h"

G_BEGIN_DECLS

/* What the public structures leave out: the words as they were, until all of a section is known. */
struct bh_cell_raw {
	BhCell public;
	int console_virtual; /* enum bh_console_words, -1: not given */
	int console_mmio; /* -1: not given */
	gboolean console_regdist_4;
};

struct bh_cell_raw_memory {
	BhCellMemory public;
	guint32 access, widths;
	int loadable, huge_pages, unaligned;
};

struct bh_cell_parser {
	struct bh_cell_raw *cell;
	GPtrArray *findings;
	const BhCellSection *section;
	const BhCellEntry *entry;
	const char *value; /* of entry */
	gsize wrong_at; /* where in the value it is wrong */
};

/* @field: the member the key is for, at .offset of the section's item. FALSE: the value is wrong. */
typedef gboolean (*bh_key_parser)(struct bh_cell_parser *p, gpointer field);

enum bh_console_words {
	CONSOLE_NO,
	CONSOLE_YES,
	CONSOLE_PERMITTED,
};

/* By these the schema is ordered. */
enum bh_section_kind {
	BH_SECTION_CELL,
	BH_SECTION_MEMORY,
	BH_SECTION_IMAGE,
	BH_SECTION_LINUX,
	BH_SECTION_DEVICE,
	BH_SECTION_PORTS,
	BH_SECTION_INTERRUPTS,
	BH_SECTION_CONSOLE,
	BH_SECTION_LINK,
	BH_SECTION_POLICY,
	BH_SECTION_SERVICE,
	BH_SECTIONS,
};

/* Nothing in it yet; its public part is what bh_cell_parse returns. */
struct bh_cell_raw *bh_cell_raw_new(const BhCellFile *file);

G_END_DECLS

#endif
