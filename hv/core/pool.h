/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's own pages. Everything is taken while a cell is made and returned when it goes: a request
 * first adds up what it needs, then fills a reserve of that many pages, and only then begins to
 * change things, drawing from the reserve. So no change fails half-way for lack of memory.
 */
#ifndef HV_POOL_H
#define HV_POOL_H

#include <hv/core/addr.h>

struct page_reserve {
	void *free; /* linked through the pages' first word */
	u32 count;
};

void pool_init(paddr_t start, u64 size);
u32 pool_free_pages(void);

/* @pages adjacent zeroed pages, or NULL. For launch and for tables that must be contiguous. */
void *pool_alloc(u32 pages);
void *pool_take(u32 pages); /* as they are */
void pool_free(void *start, u32 pages);

bool reserve_fill(struct page_reserve *reserve, u32 pages); /* up to @pages; all or nothing */
void *reserve_take(struct page_reserve *reserve); /* zeroed; never fails if the count was right */
void reserve_give(struct page_reserve *reserve, void *page);
void reserve_trim(struct page_reserve *reserve, u32 pages); /* what is over goes to the pool */

#endif
