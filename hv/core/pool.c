/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>
#include <hv/core/pool.h>
#include <hv/core/string.h>

/* One bit a page, set where it is in use; the map lies in the pool's first pages. */
static u64 *pool_map;
static u8 *pool_base;
static u32 pool_pages, pool_used;
static u32 pool_low; /* all before this page are in use */
static struct spinlock pool_lock;

static bool pool_test(u32 page)
{
	return pool_map[page / 64] & BIT(page % 64);
}

static void pool_mark(u32 first, u32 pages, bool used)
{
	for (u32 i = first; i < first + pages; i++) {
		if (used)
			pool_map[i / 64] |= BIT(i % 64);
		else
			pool_map[i / 64] &= ~BIT(i % 64);
	}
	if (used && first == pool_low)
		pool_low += pages;
	else if (!used)
		pool_low = MIN(pool_low, first);
	pool_used += used ? pages : -pages;
	shared->pool_used = pool_used;
}

void pool_init(paddr_t start, u64 size)
{
	u32 map_pages;

	pool_base = phys_to_virt(start);
	pool_pages = size / PAGE_SIZE;
	pool_used = pool_low = 0;
	pool_map = (u64 *)pool_base;
	map_pages = ALIGN_UP((pool_pages + 7) / 8, PAGE_SIZE) / PAGE_SIZE;
	memset(pool_map, 0, map_pages * PAGE_SIZE);
	shared->pool_pages = pool_pages;
	pool_mark(0, map_pages, true);
}

u32 pool_free_pages(void)
{
	return pool_pages - pool_used;
}

/* With whatever content. */
void *pool_take(u32 pages)
{
	void *start = NULL;
	u32 run = 0;

	spin_lock(&pool_lock);
	for (u32 i = pool_low; i < pool_pages; i++) {
		run = pool_test(i) ? 0 : run + 1;
		if (run == pages) {
			pool_mark(i + 1 - pages, pages, true);
			start = pool_base + (i + 1 - pages) * PAGE_SIZE;
			break;
		}
	}
	spin_unlock(&pool_lock);
	return start;
}

void *pool_alloc(u32 pages)
{
	void *start = pool_take(pages);

	if (start)
		memset(start, 0, pages * PAGE_SIZE);
	return start;
}

void pool_free(void *start, u32 pages)
{
	spin_lock(&pool_lock);
	pool_mark(((u8 *)start - pool_base) / PAGE_SIZE, pages, false);
	spin_unlock(&pool_lock);
}

bool reserve_fill(struct page_reserve *reserve, u32 pages)
{
	u32 before = reserve->count;

	while (reserve->count < pages) {
		void *page = pool_take(1); /* cleared when it is taken from here */

		if (!page) {
			reserve_trim(reserve, before);
			return false;
		}
		reserve_give(reserve, page);
	}
	return true;
}

void *reserve_take(struct page_reserve *reserve)
{
	void **page = reserve->free;

	/* An empty reserve is an error of ours in counting: fault here, not later on a null table. */
	if (!page)
		__builtin_trap();
	reserve->free = *page;
	reserve->count--;
	memset(page, 0, PAGE_SIZE);
	return page;
}

void reserve_give(struct page_reserve *reserve, void *page)
{
	*(void **)page = reserve->free;
	reserve->free = page;
	reserve->count++;
}

void reserve_trim(struct page_reserve *reserve, u32 pages)
{
	while (reserve->count > pages) {
		void **page = reserve->free;

		reserve->free = *page;
		reserve->count--;
		pool_free(page, 1);
	}
}
