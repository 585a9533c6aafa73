/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 page tables (nested paging, EPT, arm64 stage 2): one walker for all, with the entry format
 * from arch/.../table-format.h.
 *
 * The root's table is also the record of who owns what: an entry the root may not use is not present and
 * holds the owner's id in bits the hardware ignores (as pKVM does). Large pages are split where
 * ownership differs inside them and merged again when it does not.
 *
 * "Blank" entries make harmless what the root may touch by accident (reading /proc/kcore): the walker
 * still sees the owner, the hardware sees a page of zeros (read only), or a sink page that takes
 * writes. They are whole sub-tables shared by all, so making one needs no memory.
 */
#ifndef HV_TABLE_H
#define HV_TABLE_H

#include <hv/core/addr.h>
#include <hv/core/pool.h>

#define TABLE_READ 0x1
#define TABLE_WRITE 0x2
#define TABLE_EXECUTE 0x4
#define TABLE_DEVICE 0x8 /* device memory attributes, where the architecture has them in stage 2 */
#define TABLE_SMALL 0x10 /* base pages only */

struct table {
	void *root; /* top-level page */
	u64 limit; /* guest-physical addresses from here on are never mapped */
	struct page_reserve *reserve; /* where table pages come from and go to */
};

/* What one entry says. */
struct table_entry {
	bool present; /* the hardware translates it (blank ones included) */
	bool blank;
	bool shared; /* root's table: a cell sees it as well */
	u32 owner; /* root's table: cell id or BH_OWNER_CORE; elsewhere 0 */
	u32 flags; /* TABLE_READ … */
	paddr_t phys;
	u64 start; /* of the guest-physical range this entry covers */
	u64 size;
};

/* Upper bound of table pages that any change of [start, start + size) can need. */
u32 table_pages_needed(u64 start, u64 size);

bool table_init(struct table *table, u64 limit, struct page_reserve *reserve);
void table_destroy(struct table *table);

/* Cells: map [virt, + size) to phys. Replaces nothing: the range must be unmapped. */
void table_map(struct table *table, gpa_t virt, paddr_t phys, u64 size, u32 flags);
void table_unmap(struct table *table, gpa_t virt, u64 size);

/* Root: identity map, or give away. Merges what has become uniform. */
void table_set_owner(struct table *table, u64 start, u64 size, u32 owner);
void table_set_shared(struct table *table, u64 start, u64 size, bool shared);
/* Root: let [.., the entry around @address) read zeros, or (@sink) also take writes. */
void table_blank(struct table *table, gpa_t address, bool sink);

struct table_entry table_lookup(const struct table *table, gpa_t address);
/* First address in the range whose owner is not @owner (or that is shared, if @exclusive); false: none. */
bool table_find_foreign(const struct table *table, u64 start, u64 size, u32 owner, bool exclusive,
			u64 *where, u32 *who);
/* The hot path: where a guest-physical address lies, if the guest may read it; false otherwise. */
bool table_translate(const struct table *table, gpa_t address, paddr_t *phys);

#endif
