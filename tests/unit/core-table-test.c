// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stage 2 tables and the record of owners against a model: a list of ranges. After each of thousands of
 * random changes all that the table says is compared with all that the model says, entries must be as large as
 * they can be, and no change may have taken more pages than table_pages_needed() promised.
 */
#include "core-fixture.h"

#define LIMIT (6 * GIB)
#define ROUNDS 3000

/* What a range of addresses means. Nothing mapped: flags 0. */
struct meaning {
	u64 start;
	u64 offset; /* physical minus guest-physical, where flags are not 0 */
	u32 flags;
	u32 owner;
	bool shared;
};

/* Ranges in order; each ends where the next begins, the last at LIMIT. */
struct model {
	GArray *ranges;
};

static bool means_same(const struct meaning *a, const struct meaning *b)
{
	return a->flags == b->flags && a->owner == b->owner && a->shared == b->shared &&
	       (!a->flags || a->offset == b->offset);
}

static const struct meaning *model_at(const struct model *model, u64 address)
{
	u32 i = model->ranges->len;

	while (g_array_index(model->ranges, struct meaning, i - 1).start > address)
		i--;
	return &g_array_index(model->ranges, struct meaning, i - 1);
}

static void ranges_append(GArray *ranges, struct meaning range)
{
	if (!ranges->len ||
	    !means_same(&g_array_index(ranges, struct meaning, ranges->len - 1), &range))
		g_array_append_val(ranges, range);
}

static void model_init(struct model *model, struct meaning all)
{
	model->ranges = g_array_new(FALSE, FALSE, sizeof(struct meaning));
	g_array_append_val(model->ranges, all);
}

static void model_set(struct model *model, u64 start, u64 size, struct meaning meaning)
{
	GArray *old = model->ranges, *ranges = g_array_new(FALSE, FALSE, sizeof(struct meaning));
	struct meaning after = *model_at(model, start + size);

	for (u32 i = 0; i < old->len; i++)
		if (g_array_index(old, struct meaning, i).start < start)
			ranges_append(ranges, g_array_index(old, struct meaning, i));
	meaning.start = start;
	ranges_append(ranges, meaning);
	after.start = start + size;
	if (after.start < LIMIT)
		ranges_append(ranges, after);
	for (u32 i = 0; i < old->len; i++)
		if (g_array_index(old, struct meaning, i).start > start + size)
			ranges_append(ranges, g_array_index(old, struct meaning, i));
	g_array_free(old, TRUE);
	model->ranges = ranges;
}

static struct meaning entry_meaning(const struct table_entry *entry)
{
	return (struct meaning){
		.start = entry->start,
		.offset = entry->present ? entry->phys.v - entry->start : 0,
		.flags = entry->flags,
		.owner = entry->owner,
		.shared = entry->shared,
	};
}

static void compare(const struct table *table, const struct model *model)
{
	g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(struct meaning));

	for (u64 at = 0; at < LIMIT;) {
		struct table_entry entry = table_lookup(table, GPA(at));

		g_assert_cmphex(entry.start, ==, at);
		g_assert_cmpint(entry.present, ==, entry.flags != 0);
		ranges_append(ranges, entry_meaning(&entry));
		at += entry.size;
	}
	g_assert_cmpuint(ranges->len, ==, model->ranges->len);
	for (u32 i = 0; i < ranges->len; i++) {
		const struct meaning *is = &g_array_index(ranges, struct meaning, i);
		const struct meaning *should = &g_array_index(model->ranges, struct meaning, i);

		g_assert_cmphex(is->start, ==, should->start);
		g_assert_cmphex(is->flags, ==, should->flags);
		g_assert_cmphex(is->owner, ==, should->owner);
		g_assert_cmpint(is->shared, ==, should->shared);
		if (is->flags)
			g_assert_cmphex(is->offset, ==, should->offset);
	}
}

/* Where a large entry is possible there is one. */
static void compare_sizes(const struct table *table, const struct model *model)
{
	for (u32 i = 0; i < model->ranges->len; i++) {
		const struct meaning *range = &g_array_index(model->ranges, struct meaning, i);
		u64 end = i + 1 < model->ranges->len
				  ? g_array_index(model->ranges, struct meaning, i + 1).start
				  : LIMIT;

		for (u32 level = 1; level <= table_leaf_level; level++) {
			u64 size = PAGE_SIZE << 9 * level, at = ALIGN_UP(range->start, size);

			if (at + size > end || (range->flags && range->offset % size))
				continue;
			g_assert_cmphex(table_lookup(table, GPA(at)).size, >=, size);
			at = ALIGN_DOWN(end, size) - size;
			g_assert_cmphex(table_lookup(table, GPA(at)).size, >=, size);
		}
	}
}

static void compare_translation(const struct table *table, const struct model *model)
{
	u64 address = (u64)g_test_rand_int_range(0, LIMIT >> 12) << 12 | 0xabc;
	const struct meaning *range = model_at(model, address);
	paddr_t phys;

	g_assert_cmpint(table_translate(table, GPA(address), &phys), ==, range->flags != 0);
	if (range->flags)
		g_assert_cmphex(phys.v, ==, address + range->offset);
}

/* Ranges of all sizes, aligned and not, often at the same few places so that they meet. */
static void range_random(u64 *start, u64 *size)
{
	static const u64 units[] = {PAGE_SIZE, PAGE_SIZE, 2 * MIB, 2 * MIB, GIB};
	u64 unit = units[g_test_rand_int_range(0, G_N_ELEMENTS(units))];
	u64 near =
		(u64)g_test_rand_int_range(0, 4) * GIB + (u64)g_test_rand_int_range(0, 4) * 2 * MIB;

	*start = ALIGN_DOWN(near + (u64)g_test_rand_int_range(0, 6) * PAGE_SIZE *
					    g_test_rand_int_range(0, 200),
			    unit);
	*size = unit * g_test_rand_int_range(1, unit == PAGE_SIZE ? 1100 : 3);
	if (g_test_rand_int_range(0, 8) == 0)
		*size += PAGE_SIZE * g_test_rand_int_range(1, 5);
	*size = MIN(*size, LIMIT - *start);
}

static void reserve_ready(struct page_reserve *reserve, u32 needed)
{
	reserve_trim(reserve, 0);
	g_assert_true(reserve_fill(reserve, needed));
}

static void test_cell(gconstpointer data)
{
	static const u32 flags[] = {TABLE_READ, TABLE_READ | TABLE_WRITE,
				    TABLE_READ | TABLE_EXECUTE, TABLE_ALL};
	struct page_reserve reserve = {};
	struct table table = {};
	struct model model;
	u32 free_before;

	core_start(GPOINTER_TO_UINT(data));
	free_before = pool_free_pages();
	g_assert_true(table_init(&table, LIMIT, &reserve));
	model_init(&model, (struct meaning){});
	for (u32 round = 0; round < ROUNDS; round++) {
		struct meaning meaning = {};
		u64 start, size;

		range_random(&start, &size);
		if (g_test_rand_int_range(0, 3)) {
			/* To where large pages fit and to where they do not. */
			meaning.offset = (u64)g_test_rand_int_range(0, 4) * GIB +
					 (size < 64 * MIB && g_test_rand_bit() ? 3 * PAGE_SIZE : 0);
			meaning.flags = flags[g_test_rand_int_range(0, G_N_ELEMENTS(flags))];
			reserve_ready(&reserve, table_map_pages_needed(
							GPA(start), PADDR(start + meaning.offset),
							size, meaning.flags));
			table_map(&table, GPA(start), PADDR(start + meaning.offset), size,
				  meaning.flags);
		} else {
			reserve_ready(&reserve, table_pages_needed(start, size));
			table_unmap(&table, GPA(start), size);
		}
		model_set(&model, start, size, meaning);
		table_reclaim(&table);
		compare(&table, &model);
		compare_sizes(&table, &model);
		compare_translation(&table, &model);
	}
	table_unmap(&table, GPA(0), LIMIT);
	model_set(&model, 0, LIMIT, (struct meaning){});
	table_reclaim(&table);
	compare(&table, &model);
	table_destroy(&table);
	reserve_trim(&reserve, 0);
	g_assert_cmpuint(pool_free_pages(), ==, free_before);
	g_array_free(model.ranges, TRUE);
	core_stop();
}

/* Nothing large is possible: for NO_HUGEPAGES, or because phys lies otherwise than virt. */
static void test_small(gconstpointer data)
{
	u32 flags = TABLE_ALL | (data ? TABLE_SMALL : 0);
	u64 start = 2 * MIB - 3 * PAGE_SIZE, size = GIB + 6 * MIB;
	u64 phys = start + GIB + (data ? 0 : PAGE_SIZE);
	struct page_reserve reserve = {};
	struct table table = {};

	core_start(2);
	g_assert_true(table_init(&table, LIMIT, &reserve));
	reserve_ready(&reserve, table_map_pages_needed(GPA(start), PADDR(phys), size, flags));
	table_map(&table, GPA(start), PADDR(phys), size, flags);
	for (u64 at = start; at < start + size; at += PAGE_SIZE) {
		struct table_entry entry = table_lookup(&table, GPA(at));

		g_assert_cmphex(entry.size, ==, PAGE_SIZE);
		g_assert_cmphex(entry.phys.v, ==, at - start + phys);
		g_assert_cmphex(entry.flags, ==, TABLE_ALL);
	}
	g_assert_false(table_lookup(&table, GPA(start - PAGE_SIZE)).present);
	g_assert_false(table_lookup(&table, GPA(start + size)).present);
	table_destroy(&table);
	reserve_trim(&reserve, 0);
	core_stop();
}

/* Aligned alike for 2 MiB pages only, over more spans of 1 GiB than the two at the ends. */
static void test_middle(void)
{
	struct page_reserve reserve = {};
	struct table table = {};

	core_start(2);
	g_assert_true(table_init(&table, 128 * GIB, &reserve));
	reserve_ready(&reserve,
		      table_map_pages_needed(GPA(0), PADDR(2 * MIB), 100 * GIB, TABLE_ALL));
	table_map(&table, GPA(0), PADDR(2 * MIB), 100 * GIB, TABLE_ALL);
	for (u64 at = 0; at < 100 * GIB; at += 2 * MIB) {
		g_assert_cmphex(table_lookup(&table, GPA(at)).size, ==, 2 * MIB);
		g_assert_cmphex(table_lookup(&table, GPA(at)).phys.v, ==, at + 2 * MIB);
	}
	table_destroy(&table);
	reserve_trim(&reserve, 0);
	core_stop();
}

static u32 root_flags(u32 owner, bool visible)
{
	if (owner == BH_OWNER_ROOT)
		return TABLE_ALL;
	if (!visible)
		return 0;
	return owner == BH_OWNER_CORE ? TABLE_READ : TABLE_ALL;
}

static void foreign_compare(const struct table *table, const struct model *model)
{
	struct table_entry found;
	bool may_share = g_test_rand_bit(), foreign = false;
	u64 start, size, first = 0;

	range_random(&start, &size);
	for (u64 at = start; at < start + size && !foreign;) {
		const struct meaning *range = model_at(model, at);
		u32 i = range - &g_array_index(model->ranges, struct meaning, 0);

		if (range->owner != BH_OWNER_ROOT || (range->shared && !may_share)) {
			foreign = true;
			first = at;
		}
		at = i + 1 < model->ranges->len ? range[1].start : LIMIT;
	}
	g_assert_cmpint(table_find_foreign(table, start, size, BH_OWNER_ROOT, may_share, &found),
			==, foreign);
	if (foreign)
		g_assert_cmphex(found.start, ==, first);
}

/* The root's kind of table. @data: level of leaves, and 0x10: with blank entries in between. */
static void test_owners(gconstpointer data)
{
	static const u32 owners[] = {BH_OWNER_ROOT, BH_OWNER_ROOT, 1, 2, 31, BH_OWNER_CORE};
	bool blanks = GPOINTER_TO_UINT(data) & 0x10;
	struct page_reserve reserve = {};
	struct table table = {};
	struct model model;
	u32 free_before;

	core_start(GPOINTER_TO_UINT(data) & 3);
	free_before = pool_free_pages();
	g_assert_true(table_init(&table, LIMIT, &reserve));
	reserve_ready(&reserve, table_pages_needed(0, LIMIT));
	table_set_owner(&table, 0, LIMIT, BH_OWNER_ROOT, false);
	model_init(&model, (struct meaning){.flags = TABLE_ALL});
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 owner = owners[g_test_rand_int_range(0, G_N_ELEMENTS(owners))];
		bool visible = g_test_rand_int_range(0, 3) == 0;
		u64 start, size;

		range_random(&start, &size);
		reserve_ready(&reserve, table_pages_needed(start, size));
		table_set_owner(&table, start, size, owner, visible);
		model_set(&model, start, size,
			  (struct meaning){.flags = root_flags(owner, visible),
					   .owner = owner,
					   .shared = visible});
		table_reclaim(&table);
		if (blanks) {
			bool sink = g_test_rand_bit();
			u32 before = reserve.count;
			struct table_entry entry;

			range_random(&start, &size);
			entry = table_lookup(&table, GPA(start));
			table_blank(&table, GPA(start), sink);
			g_assert_cmpuint(reserve.count, ==, before);
			g_assert_cmpint(table_lookup(&table, GPA(start)).blank, ==, !entry.present);
			g_assert_cmphex(table_lookup(&table, GPA(start)).size, ==, entry.size);
		}
		compare(&table, &model);
		if (!blanks)
			compare_sizes(&table, &model);
		compare_translation(&table, &model);
		foreign_compare(&table, &model);
	}
	table_destroy(&table);
	reserve_trim(&reserve, 0);
	g_assert_cmpuint(pool_free_pages(), ==, free_before);
	g_array_free(model.ranges, TRUE);
	core_stop();
}

/* What the hardware sees behind a blank entry: zeros, or a page that takes writes and is not the cell's. */
static void test_blank_pages(void)
{
	struct request r;
	u64 *table, *page;

	core_start(2);
	request_plain(&r, 1, "blank");
	core_must_create(&r);
	g_assert_cmpuint(core_owner(CORE_FREE + MIB), ==, 1);
	for (u32 sink = 0; sink < 2; sink++) {
		root_blank(GPA(CORE_FREE + MIB), sink);
		g_assert_cmpuint(core_owner(CORE_FREE + MIB), ==, 1);
		g_assert_true(table_lookup(&root_cell.table, GPA(CORE_FREE + MIB)).blank);
		g_assert_false(table_lookup(&root_cell.table, GPA(CORE_FREE + MIB)).present);
		/* By hand, as the hardware walks: 512 GiB, 1 GiB, 2 MiB, 4 KiB. */
		table = root_cell.table.root;
		for (u32 level = 3; level; level--)
			table = phys_to_virt(
				PADDR(table[(CORE_FREE + MIB) >> (12 + 9 * level) & 511] &
				      0xffffffffff000));
		g_assert_cmphex(table[(CORE_FREE + MIB) >> 12 & 511] & 3, ==, sink ? 3 : 1);
		page = phys_to_virt(PADDR(table[(CORE_FREE + MIB) >> 12 & 511] & 0xffffffffff000));
		g_assert_true((u8 *)page >= (u8 *)phys_to_virt(PADDR(CORE_AT)) &&
			      (u8 *)page < (u8 *)phys_to_virt(PADDR(CORE_AT + HOST_CORE_SIZE)));
		for (u32 i = 0; i < 512; i++)
			g_assert_cmphex(page[i], ==, 0);
	}
	/* What is the root's is never blanked. */
	root_blank(GPA(CORE_FREE), false);
	g_assert_true(table_lookup(&root_cell.table, GPA(CORE_FREE)).present);
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_true(table_lookup(&root_cell.table, GPA(CORE_FREE + MIB)).present);
	core_stop();
}

/* As much physical memory as an address can name, with and without 1 GiB pages. */
static void test_large_machine(gconstpointer data)
{
	struct bh_boot_info info;
	struct bh_error error;

	host.leaf_level = 2;
	host_describe(&info, 2, CORE_MEMORY, CORE_AT);
	info.phys_limit = (u64)GPOINTER_TO_UINT(data) << 40;
	g_assert_true(host_start(&info, &error));
	g_assert_cmpuint(core_owner(info.phys_limit - PAGE_SIZE), ==, BH_OWNER_ROOT);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/table/cell-1g", GUINT_TO_POINTER(2), test_cell);
	g_test_add_data_func("/table/cell-2m", GUINT_TO_POINTER(1), test_cell);
	g_test_add_data_func("/table/cell-small", GUINT_TO_POINTER(1), test_small);
	g_test_add_data_func("/table/cell-askew", NULL, test_small);
	g_test_add_func("/table/cell-middle", test_middle);
	g_test_add_data_func("/table/owners-1g", GUINT_TO_POINTER(2), test_owners);
	g_test_add_data_func("/table/owners-2m", GUINT_TO_POINTER(1), test_owners);
	g_test_add_data_func("/table/owners-blank", GUINT_TO_POINTER(0x12), test_owners);
	g_test_add_func("/table/blank-pages", test_blank_pages);
	g_test_add_data_func("/table/1-tib", GUINT_TO_POINTER(1), test_large_machine);
	g_test_add_data_func("/table/16-tib", GUINT_TO_POINTER(16), test_large_machine);
	g_test_add_data_func("/table/60-tib", GUINT_TO_POINTER(60), test_large_machine);
	return g_test_run();
}
