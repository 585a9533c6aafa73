/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/string.h>
#include <table-format.h>

/* What a range is to become. Cells: phys and flags; the root: owner, and flags 0 if it is not to see it. */
struct change {
	u64 start;
	u64 end;
	u64 offset; /* physical minus guest-physical */
	u32 flags;
	table_pte tag; /* owner and sharing */
};

/*
 * Sub-tables of blank entries, by level of the entry that points to them: [0] is the page itself, [1]
 * a table of 512 such pages, [2] a table of 512 such tables.
 */
static void *blank_read[TABLE_LEVELS - 1], *blank_sink[TABLE_LEVELS - 1];

u32 table_leaf_level = 2;

static table_pte *pte_table(table_pte pte)
{
	return phys_to_virt(PADDR(table_pte_phys(pte)));
}

static table_pte change_leaf(const struct change *change, u64 address, u32 level)
{
	return table_pte_leaf(address + change->offset, level, change->flags) | change->tag;
}

static bool change_fits(const struct change *change, u64 address, u32 level)
{
	u64 size = table_level_size(level);

	return level <= table_leaf_level && change->start <= address &&
	       address + size <= change->end &&
	       (!change->flags || IS_ALIGNED(address + change->offset, size)) &&
	       !(level && change->flags & TABLE_SMALL);
}

/* What continues a large entry at the next lower level: the first part, and how much each is more than the one before. */
static table_pte pte_parts(table_pte pte, u32 level, u64 *step)
{
	*step = 0;
	if (pte & PTE_BLANK || !table_pte_present(pte))
		return pte & (PTE_OWNER_MASK | PTE_SHARED);
	*step = table_level_size(level - 1);
	return table_pte_leaf(table_pte_phys(pte), level - 1, table_pte_flags(pte)) |
	       (pte & (PTE_OWNER_MASK | PTE_SHARED));
}

static table_pte *pte_split(struct table *table, table_pte *pte, u32 level)
{
	table_pte *parts = reserve_take(table->reserve), part;
	u64 step;

	part = pte_parts(*pte, level, &step);
	if (part)
		for (u32 i = 0; i < TABLE_ENTRIES; i++, part += step)
			parts[i] = part;
	table_pte_set(pte, table_pte_table(virt_to_phys(parts).v));
	return parts;
}

/*
 * A page that fell out of a table may still be walked by the hardware and by look-ups without a lock, so
 * its content must stay: an array beside it holds what is in limbo.
 */
struct limbo {
	u32 count;
	void *page[];
};
#define LIMBO_PAGES 2
#define LIMBO_MAX ((LIMBO_PAGES * PAGE_SIZE - sizeof(struct limbo)) / sizeof(void *))

static void table_drop(struct table *table, void *page)
{
	struct limbo *limbo = table->limbo;

	if (!limbo) { /* the table is being taken apart: nobody walks it */
		reserve_give(table->reserve, page);
		return;
	}
	/* Full: callers flush and reclaim after every change, and one change drops fewer pages. */
	if (limbo->count == LIMBO_MAX)
		__builtin_trap();
	limbo->page[limbo->count++] = page;
}

static void table_drop_tree(struct table *table, table_pte pte, u32 level)
{
	table_pte *entries = pte_table(pte);

	if (level > 1)
		for (u32 i = 0; i < TABLE_ENTRIES; i++)
			if (table_pte_is_table(entries[i], level - 1))
				table_drop_tree(table, entries[i], level - 1);
	table_drop(table, entries);
}

/* Where all parts of a table say the same, one large entry replaces it. @changed: one that may be another than it was. */
static void pte_merge(struct table *table, table_pte *pte, u32 level, u32 changed, u32 flags)
{
	table_pte *parts = pte_table(*pte);
	table_pte first = table_pte_meaning(parts[0]), whole, part;
	u64 step;

	if (level > table_leaf_level || table_pte_is_table(first, level - 1) || first & PTE_BLANK ||
	    flags & TABLE_SMALL)
		return;
	if (table_pte_present(first) && !IS_ALIGNED(table_pte_phys(first), table_level_size(level)))
		return;
	whole = table_pte_present(first) ? table_pte_large(first) : first;
	part = pte_parts(whole, level, &step);
	/* Most often it is the one that says something else: no need to look at hundreds that do not. */
	if (table_pte_meaning(parts[changed]) != part + changed * step)
		return;
	for (u32 i = 0; i < TABLE_ENTRIES; i++, part += step)
		if (table_pte_meaning(parts[i]) != part)
			return;
	table_pte_set(pte, whole);
	table_drop(table, parts);
}

static void table_change(struct table *table, table_pte *entries, u32 level, u64 base,
			 const struct change *change)
{
	u64 size = table_level_size(level);
	u64 address = MAX(base, ALIGN_DOWN(change->start, size));

	for (; address < change->end && address - base < size * TABLE_ENTRIES; address += size) {
		table_pte *pte = &entries[table_index(address, level)];
		table_pte *parts;

		if (change_fits(change, address, level)) {
			table_pte old = *pte;

			table_pte_set(pte, change_leaf(change, address, level));
			if (table_pte_is_table(old, level))
				table_drop_tree(table, old, level);
			continue;
		}
		parts = table_pte_is_table(*pte, level) ? pte_table(*pte)
							: pte_split(table, pte, level);
		table_change(table, parts, level - 1, address, change);
		pte_merge(table, pte, level, table_index(MAX(address, change->start), level - 1),
			  change->flags);
	}
}

static void table_apply(struct table *table, const struct change *change)
{
	spin_lock(&table->lock);
	table_change(table, table->root, TABLE_LEVELS - 1, 0, change);
	spin_unlock(&table->lock);
}

/* A page of a table for each span of a level that cannot be one entry. */
static u32 pages_needed(const struct change *change)
{
	u32 pages = 0;

	for (u32 level = 1; level < TABLE_LEVELS; level++) {
		u64 span = table_level_size(level);
		u64 first = ALIGN_DOWN(change->start, span);
		u64 last = ALIGN_DOWN(change->end - 1, span);
		u64 tables = (last - first) / span + 1;
		bool large = level <= table_leaf_level && IS_ALIGNED(change->offset, span) &&
			     !(change->flags & TABLE_SMALL);

		/* Whole spans become large entries: only the two ends are ever split. */
		pages += large ? MIN(tables, (u64)2) : tables;
	}
	return pages;
}

u32 table_pages_needed(u64 start, u64 size)
{
	return pages_needed(&(struct change){.start = start, .end = start + size});
}

u32 table_map_pages_needed(gpa_t virt, paddr_t phys, u64 size, u32 flags)
{
	return pages_needed(&(struct change){
		.start = virt.v,
		.end = virt.v + size,
		.offset = phys.v - virt.v,
		.flags = flags,
	});
}

static bool blanks_make(void **page, bool sink)
{
	u32 flags = sink ? TABLE_READ | TABLE_WRITE : TABLE_READ;
	table_pte blank = 0;

	for (u32 level = 0; level < TABLE_LEVELS - 1; level++) {
		page[level] = pool_alloc(1);
		if (!page[level])
			return false;
		if (level)
			blank = virt_to_phys(page[level - 1]).v;
		blank = level == 1 ? table_pte_leaf(blank, 0, flags) : table_pte_table(blank);
		for (u32 i = 0; level && i < TABLE_ENTRIES; i++)
			((table_pte *)page[level])[i] = blank;
	}
	return true;
}

bool table_blanks_init(void)
{
	return blanks_make(blank_read, false) && blanks_make(blank_sink, true);
}

bool table_init(struct table *table, u64 limit, struct page_reserve *reserve)
{
	table->root = pool_alloc(1);
	table->limbo = pool_alloc(LIMBO_PAGES);
	table->limit = limit;
	table->reserve = reserve;
	table->lock = (struct spinlock){};
	if (table->root && table->limbo)
		return true;
	if (table->root)
		pool_free(table->root, 1);
	if (table->limbo)
		pool_free(table->limbo, LIMBO_PAGES);
	table->root = table->limbo = NULL;
	return false;
}

void table_destroy(struct table *table)
{
	table_pte *entries = table->root;

	table_reclaim(table);
	pool_free(table->limbo, LIMBO_PAGES);
	table->limbo = NULL;
	for (u32 i = 0; i < TABLE_ENTRIES; i++)
		if (table_pte_is_table(entries[i], TABLE_LEVELS - 1))
			table_drop_tree(table, entries[i], TABLE_LEVELS - 1);
	pool_free(table->root, 1);
	table->root = NULL;
}

void table_map(struct table *table, gpa_t virt, paddr_t phys, u64 size, u32 flags)
{
	table_apply(table, &(struct change){
				   .start = virt.v,
				   .end = virt.v + size,
				   .offset = phys.v - virt.v,
				   .flags = flags,
			   });
}

void table_unmap(struct table *table, gpa_t virt, u64 size)
{
	table_apply(table, &(struct change){.start = virt.v, .end = virt.v + size});
}

/* What the core shows (its rings, the APIC page) can be read only. */
static u32 root_rights(u32 owner, bool visible)
{
	if (owner == BH_OWNER_ROOT)
		return TABLE_ALL;
	if (!visible)
		return 0;
	return owner == BH_OWNER_CORE ? TABLE_READ : TABLE_ALL;
}

static void owner_apply(struct table *table, u64 start, u64 size, u32 flags, table_pte tag)
{
	table_apply(table, &(struct change){
				   .start = start,
				   .end = start + size,
				   .flags = flags,
				   .tag = tag,
			   });
}

void table_set_owner(struct table *table, u64 start, u64 size, u32 owner, bool visible)
{
	owner_apply(table, start, size, root_rights(owner, visible),
		    table_pte_owner(owner, visible));
}

void table_set_rights(struct table *table, u64 start, u64 size, u32 owner, u32 flags)
{
	owner_apply(table, start, size, flags, table_pte_owner(owner, flags));
}

/* Walk to the entry that decides about @address. */
static table_pte *table_walk(const struct table *table, u64 address, u32 *level)
{
	table_pte *entries = table->root;

	for (*level = TABLE_LEVELS - 1;; (*level)--) {
		table_pte *pte = &entries[table_index(address, *level)];

		if (!table_pte_is_table(*pte, *level))
			return pte;
		entries = pte_table(*pte);
	}
}

void table_blank(struct table *table, gpa_t address, bool sink)
{
	void **blank = sink ? blank_sink : blank_read;
	table_pte *pte;
	u32 level;

	spin_lock(&table->lock);
	pte = table_walk(table, address.v, &level);
	if (level < TABLE_LEVELS - 1 && (!table_pte_present(*pte) || *pte & PTE_BLANK)) {
		u64 page = virt_to_phys(blank[level]).v;
		table_pte tag = (*pte & PTE_OWNER_MASK) | PTE_BLANK;

		table_pte_set(pte, tag | (level ? table_pte_table(page)
						: table_pte_leaf(page, 0,
								 sink ? TABLE_READ | TABLE_WRITE
								      : TABLE_READ)));
	}
	spin_unlock(&table->lock);
}

void table_reclaim(struct table *table)
{
	struct limbo *limbo = table->limbo;

	while (limbo->count)
		reserve_give(table->reserve, limbo->page[--limbo->count]);
}

struct table_entry table_lookup(const struct table *table, gpa_t address)
{
	struct table_entry entry = {.size = PAGE_SIZE, .owner = BH_OWNER_NOBODY};
	table_pte pte;
	u32 level;

	entry.start = ALIGN_DOWN(address.v, PAGE_SIZE);
	if (address.v >= table->limit)
		return entry;
	pte = *table_walk(table, address.v, &level);
	entry.size = table_level_size(level);
	entry.start = ALIGN_DOWN(address.v, entry.size);
	entry.blank = pte & PTE_BLANK;
	entry.present = table_pte_present(pte) && !entry.blank;
	entry.shared = pte & PTE_SHARED;
	entry.owner = table_pte_get_owner(pte);
	if (entry.present) {
		entry.flags = table_pte_flags(pte);
		entry.phys = PADDR(table_pte_phys(pte) + (address.v - entry.start));
	}
	return entry;
}

bool table_find_foreign(const struct table *table, u64 start, u64 size, u32 owner, bool may_share,
			struct table_entry *found)
{
	for (u64 address = start; address < start + size;) {
		struct table_entry entry = table_lookup(table, GPA(address));

		if (entry.owner != owner || (entry.shared && !may_share)) {
			*found = entry;
			found->start = MAX(entry.start, start);
			return true;
		}
		address = entry.start + entry.size;
	}
	return false;
}

bool table_translate(const struct table *table, gpa_t address, paddr_t *phys)
{
	const table_pte *entries = table->root;

	if (unlikely(address.v >= table->limit))
		return false;
	for (u32 level = TABLE_LEVELS - 1;; level--) {
		table_pte pte = entries[table_index(address.v, level)];

		if (table_pte_is_table(pte, level)) {
			entries = pte_table(pte);
			continue;
		}
		if ((pte & (PTE_PRESENT | PTE_BLANK)) != PTE_PRESENT)
			return false;
		*phys = PADDR(table_pte_phys(pte) + (address.v & (table_level_size(level) - 1)));
		return true;
	}
}
