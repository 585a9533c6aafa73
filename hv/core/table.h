/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 page tables (nested paging, EPT, arm64 stage 2): one walker for all, with the entry format
 * from arch/.../table-format.h.
 *
 * The root's table is also the record of who owns what: an entry the root may not use is not present and
 * holds the owner's id in bits the hardware ignores (as pKVM does). Large pages are split where
 * ownership differs inside them and merged again when it does not.
 *
 * "Blank" entries make harmless what the root touches by accident (reading /proc/kcore): the walker
 * still sees the owner, the hardware sees zeros (read only), or a sink that takes writes. They point
 * to sub-tables shared by all, so making one needs no memory.
 *
 * Changes are made by one management call at a time; blanking by any CPU of the root. Both hold the
 * table's lock. Look-ups take none: pages that fall out of a table stay intact in limbo until
 * table_reclaim(), which is called when every CPU has forgotten cached translations.
 */
#ifndef HV_TABLE_H
#define HV_TABLE_H

#include <bulkhead/error.h>
#include <hv/core/addr.h>
#include <hv/core/lock.h>
#include <hv/core/pool.h>

#define TABLE_READ 0x1
#define TABLE_WRITE 0x2
#define TABLE_EXECUTE 0x4
#define TABLE_ALL (TABLE_READ | TABLE_WRITE | TABLE_EXECUTE)
#define TABLE_SMALL 0x8 /* base pages only */
#define TABLE_DEVICE 0x10 /* a device window, where the format tells it from memory */

struct table {
	void *root; /* top-level page */
	u64 limit; /* addresses from here on are never mapped */
	struct page_reserve *reserve; /* where table pages come from and go to */
	void *limbo; /* pages the hardware may still walk */
	struct spinlock lock;
};

/* What one entry says. */
struct table_entry {
	bool present; /* the hardware translates it; blank ones do not count */
	bool blank;
	bool shared; /* root's table: visible to the root and to a cell */
	u32 owner; /* root's table: cell id or BH_OWNER_CORE; in a cell's table 0 */
	u32 flags; /* TABLE_READ … */
	paddr_t phys;
	u64 start; /* of the guest-physical range this entry covers */
	u64 size;
};

/* Highest level with large pages: 2 with 1 GiB pages, else 1. Set before the first table. */
extern u32 table_leaf_level;

/*
 * Upper bound of the table pages that one change of [start, start + size) can need: of owners, or a map
 * one to one. Other maps need more where virt and phys are not aligned alike.
 */
u32 table_pages_needed(u64 start, u64 size);
u32 table_map_pages_needed(gpa_t virt, paddr_t phys, u64 size, u32 flags);

/* Make the sub-tables of blank entries; once, at launch. false: out of memory. */
bool table_blanks_init(void);
bool table_init(struct table *table, u64 limit, struct page_reserve *reserve);
void table_destroy(struct table *table);

/* Cells: map [virt, virt + size) to phys, or unmap. */
void table_map(struct table *table, gpa_t virt, paddr_t phys, u64 size, u32 flags);
void table_unmap(struct table *table, gpa_t virt, u64 size);

/*
 * Root: record the owner of [start, start + size). The root sees the range one-to-one if it is
 * the owner or if @visible (shared, or loadable at the moment); @flags as for table_map, then.
 */
void table_set_owner(struct table *table, u64 start, u64 size, u32 owner, bool visible);
/* Root: the range is another's, and the root has these rights to it; 0: it does not see it. */
void table_set_rights(struct table *table, u64 start, u64 size, u32 owner, u32 flags);
/* Root: let the entry around @address read zeros, or, with @sink, take writes too. */
void table_blank(struct table *table, gpa_t address, bool sink);
/* No CPU caches translations from before: pages in limbo are free again. */
void table_reclaim(struct table *table);

struct table_entry table_lookup(const struct table *table, gpa_t address);
/* First address of the range that is not @owner's alone (with @may_share: or shared); false: none. */
bool table_find_foreign(const struct table *table, u64 start, u64 size, u32 owner, bool may_share,
			struct table_entry *found);
/* The hot path: where a guest-physical address lies, if the guest may read it; false otherwise. */
bool table_translate(const struct table *table, gpa_t address, paddr_t *phys);

#endif
