// SPDX-License-Identifier: GPL-2.0-or-later
/* The core's pages: given out, given back, and what happens when there are not enough, wherever that shows. */
#include "core-fixture.h"

#define FUNCTION 0x18

/* All pages the pool still has, so that a test can decide how many there are. */
static GPtrArray *pool_empty(void)
{
	GPtrArray *pages = g_ptr_array_new();
	void *page;

	while ((page = pool_alloc(1)))
		g_ptr_array_add(pages, page);
	return pages;
}

static void pool_give(GPtrArray *pages, u32 count)
{
	while (pages->len && count--)
		pool_free(g_ptr_array_remove_index_fast(pages, pages->len - 1), 1);
}

static void pages_take(GPtrArray *pages, u32 count)
{
	while (count--) {
		void *page = pool_alloc(1);

		g_assert_nonnull(page);
		g_ptr_array_add(pages, page);
	}
}

static int compare_pages(gconstpointer a, gconstpointer b)
{
	const void *first = *(void *const *)a, *second = *(void *const *)b;

	return (first > second) - (first < second);
}

static void test_pages(void)
{
	u32 free_before, count;
	GPtrArray *pages;

	core_start(2);
	free_before = pool_free_pages();
	pages = pool_empty();
	g_assert_cmpuint(pages->len, ==, free_before);
	g_assert_cmpuint(pool_free_pages(), ==, 0);
	g_assert_cmpuint(shared->pool_used, ==, shared->pool_pages);
	g_assert_null(pool_alloc(1));
	/* Each is one of its own, in the core's memory, and zero even when it was used before. */
	g_ptr_array_sort(pages, compare_pages);
	for (u32 i = 0; i < pages->len; i++) {
		const u64 *word = pages->pdata[i];

		g_assert_true(!i || (u8 *)pages->pdata[i - 1] + PAGE_SIZE <= (u8 *)pages->pdata[i]);
		g_assert_cmphex(virt_to_phys(word).v - CORE_AT, <, HOST_CORE_SIZE);
		memset(pages->pdata[i], 0xff, PAGE_SIZE);
	}
	count = pages->len;
	pool_give(pages, count);
	g_ptr_array_unref(pages);
	pages = pool_empty();
	g_assert_cmpuint(pages->len, ==, count);
	for (u32 i = 0; i < pages->len; i++)
		for (u32 j = 0; j < PAGE_SIZE / 8; j++)
			g_assert_cmphex(((u64 *)pages->pdata[i])[j], ==, 0);
	pool_give(pages, count);
	g_ptr_array_unref(pages);
	core_stop();
}

/* Adjacent pages where single ones are free all over. */
static void test_runs(void)
{
	GPtrArray *pages;
	void *run;

	core_start(2);
	pages = pool_empty();
	g_ptr_array_sort(pages, compare_pages);
	for (u32 i = 0; i < pages->len; i += 2)
		pool_free(pages->pdata[i], 1);
	g_assert_null(pool_alloc(2));
	pool_free(pages->pdata[101], 1);
	g_assert_null(pool_alloc(4));
	run = pool_alloc(3);
	g_assert_true(run == pages->pdata[100]);
	g_assert_null(pool_alloc(2));
	pool_free(run, 3);
	for (u32 i = 1; i < pages->len; i += 2)
		if (i != 101)
			pool_free(pages->pdata[i], 1);
	g_ptr_array_unref(pages);
	core_stop();
}

static void test_reserve(void)
{
	struct page_reserve reserve = {};
	u32 free_before;
	void *page;
	GPtrArray *pages;

	core_start(2);
	free_before = pool_free_pages();
	g_assert_true(reserve_fill(&reserve, 10));
	g_assert_cmpuint(reserve.count, ==, 10);
	g_assert_true(reserve_fill(&reserve, 4));
	g_assert_cmpuint(reserve.count, ==, 10);
	page = reserve_take(&reserve);
	for (u32 i = 0; i < PAGE_SIZE / 8; i++)
		g_assert_cmphex(((u64 *)page)[i], ==, 0);
	g_assert_cmpuint(reserve.count, ==, 9);
	reserve_give(&reserve, page);
	g_assert_cmpuint(pool_free_pages(), ==, free_before - 10);
	/* All or nothing. */
	pages = pool_empty();
	pool_give(pages, 5);
	g_assert_false(reserve_fill(&reserve, 16));
	g_assert_cmpuint(reserve.count, ==, 10);
	g_assert_cmpuint(pool_free_pages(), ==, 5);
	g_assert_true(reserve_fill(&reserve, 15));
	g_assert_cmpuint(pool_free_pages(), ==, 0);
	pool_give(pages, pages->len);
	g_ptr_array_unref(pages);
	reserve_trim(&reserve, 3);
	g_assert_cmpuint(reserve.count, ==, 3);
	reserve_trim(&reserve, 0);
	g_assert_cmpuint(pool_free_pages(), ==, free_before);
	core_stop();
}

/* A cell with something of everything. */
static void rich_request(struct request *r)
{
	request_plain(r, 2, "rich");
	request_cpu(r, 3);
	request_memory(r, CORE_FREE + 32 * MIB + PAGE_SIZE, GIB, 40 * MIB, RAM_FLAGS);
	request_memory(r, GIB, 4 * GIB, 3 * MIB, RAM_FLAGS | BH_MEM_NO_HUGEPAGES);
	request_memory(r, 5 * GIB, 5 * GIB, MIB, RAM_FLAGS | BH_MEM_ROOTSHARED);
	request_memory(r, 0xc8000010, 6 * GIB + 0x10, 16, BH_MEM_READ | BH_MEM_IO | BH_MEM_IO_32);
	request_pio(r, 0x3f8, 8);
	request_pin(r, 4);
	request_pci(r, FUNCTION);
}

static void machine_make(void)
{
	struct host_function *f = host_function_add(FUNCTION, 0x1234, 1);

	host_function_bar(f, 0, 0xd0000000, 64 * KIB, 0);
	host_function_msix(f, 0x40, 0, 0, 0x2000, 4);
	core_start(2);
}

/*
 * One page fewer each time: whichever allocation is the one that fails, the request is refused with what it
 * needs, and nothing has changed. With @data another cell is there, whose reserve must not suffer either.
 */
static void test_every_failure(gconstpointer data)
{
	struct request r, other;
	struct bh_error error;
	GPtrArray *pages;
	u32 refused = 0;

	machine_make();
	for (u32 id = 1; id < CORE_CPUS; id++)
		cpu_get(id)->mode = CPU_WAITING;
	if (data) {
		request_plain(&other, 1, "other");
		core_must_create(&other);
	}
	pages = pool_empty();
	for (u32 k = 0;; k++) {
		g_autofree char *before = NULL;
		long result;

		pool_give(pages, k);
		rich_request(&r);
		before = core_picture();
		result = core_create(&r, &error);
		if (!result)
			break;
		g_assert_cmpint(result, ==, -BH_ERRNO_NOMEM);
		g_assert_cmpuint(error.code, ==, BH_E_CORE_MEMORY);
		g_assert_cmpuint(error.value, >, 0);
		core_picture_compare(before);
		refused++;
		pages_take(pages, k);
		g_assert_cmpuint(pool_free_pages(), ==, 0);
	}
	g_assert_cmpuint(refused, >, 30);
	/* With just enough, its whole life works: nothing is allocated any more. */
	core_must(BH_HC_CELL_START, 2);
	core_must(BH_HC_CELL_STOP, 2);
	core_must(BH_HC_CELL_START, 2);
	core_must(BH_HC_CELL_STOP, 2);
	core_must(BH_HC_CELL_DESTROY, 2);
	if (data)
		core_must(BH_HC_CELL_DESTROY, 1);
	pool_give(pages, pages->len);
	g_ptr_array_unref(pages);
	core_stop();
}

/* Enough pages, but no two of them adjacent: what must be in one piece fails. */
static void test_scattered(void)
{
	g_autofree char *before = NULL;
	struct bh_error error;
	struct request r;
	GPtrArray *pages;

	machine_make();
	pages = pool_empty();
	g_ptr_array_sort(pages, compare_pages);
	for (u32 i = 0; i < pages->len; i += 2)
		pool_free(pages->pdata[i], 1);
	rich_request(&r);
	before = core_picture();
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_NOMEM);
	g_assert_cmpuint(error.code, ==, BH_E_CORE_MEMORY);
	core_picture_compare(before);
	/* The descriptor's copy in one piece; the tables of the architecture not. */
	for (u32 i = 1; i < 6; i += 2)
		pool_free(pages->pdata[i], 1);
	r.desc.size = sizeof(r.desc) + sizeof(r.cpus) + 32 * sizeof(struct bh_memory);
	r.desc.pio.count = r.desc.irqs.count = r.desc.pci.count = 0;
	g_free(before);
	before = core_picture();
	g_assert_cmpuint(r.desc.size, <=, PAGE_SIZE);
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_NOMEM);
	core_picture_compare(before);
	for (u32 i = 7; i < pages->len; i += 2)
		pool_free(pages->pdata[i], 1);
	g_ptr_array_unref(pages);
	core_must_create(&r);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_stop();
}

/* Memory that lies otherwise than the cell sees it needs a page of tables for every 2 MiB. */
static void test_askew(void)
{
	struct request r;

	core_start(2);
	request_init(&r, 1, "askew");
	request_cpu(&r, 1);
	request_memory(&r, CORE_FREE + PAGE_SIZE, 0, 512 * MIB, RAM_FLAGS);
	core_must_create(&r);
	g_assert_cmphex(table_lookup(&cell_get(1)->table, GPA(511 * MIB)).phys.v, ==,
			CORE_FREE + PAGE_SIZE + 511 * MIB);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* A machine whose core memory is too small for the root's own tables is refused at launch. */
static void test_launch(void)
{
	struct bh_boot_info info;
	struct bh_error error;

	host.leaf_level = 1;
	host_describe(&info, 4, CORE_MEMORY, CORE_AT);
	info.core_memory.size = BH_CORE_MEMORY_MIN;
	info.phys_limit = 4096 * GIB;
	g_assert_false(host_start(&info, &error));
	g_assert_cmpuint(error.code, ==, BH_E_CORE_MEMORY);
	g_assert_cmpuint(error.value, >=, 4096);
	g_assert_cmpuint(error.limit, <, 1024);
	info.phys_limit = 8 * GIB;
	g_assert_true(host_start(&info, &error));
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/pages", test_pages);
	g_test_add_func("/pool/runs", test_runs);
	g_test_add_func("/pool/reserve", test_reserve);
	g_test_add_data_func("/pool/every-failure", NULL, test_every_failure);
	g_test_add_data_func("/pool/every-failure-beside", GUINT_TO_POINTER(1), test_every_failure);
	g_test_add_func("/pool/scattered", test_scattered);
	g_test_add_func("/pool/askew", test_askew);
	g_test_add_func("/pool/launch", test_launch);
	return g_test_run();
}
