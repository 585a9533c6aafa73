/* SPDX-License-Identifier: MIT */
/* Page tables (APM2 5.3): 4 KiB and 2 MiB pages; virtual is physical. */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>

#define PAGE_SIZE 0x1000ULL
#define LARGE_SIZE 0x200000ULL
#define ENTRY_TABLE 0x7ULL /* present, writable; user as well: we have no users */
#define ENTRY_PAGE 0x3ULL
#define ENTRY_UNCACHED 0x18ULL /* PWT, PCD: entry 3 of the PAT's reset value */
#define ENTRY_LARGE 0x80ULL
#define ENTRY_ADDRESS 0x000ffffffffff000ULL

extern uint64_t page_tables[]; /* linker script: the top level first */

/* The next lower table; where there is none, or a large page, one is put in. */
static uint64_t *descend(uint64_t *entry, uint64_t page_step)
{
	uint64_t *table;

	if ((*entry & 1) && !(*entry & ENTRY_LARGE))
		return (uint64_t *)(*entry & ENTRY_ADDRESS);
	table = memory_alloc(PAGE_SIZE, PAGE_SIZE);
	if (*entry & 1)
		for (unsigned int i = 0; i < 512; i++)
			table[i] = (*entry & ~ENTRY_LARGE) + i * page_step;
	__atomic_store_n(entry, (uint64_t)table | ENTRY_TABLE, __ATOMIC_RELEASE);
	return table;
}

void *memory_map(uint64_t address, uint64_t size, enum memory_type type)
{
	uint64_t flags = ENTRY_PAGE | (type == MEMORY_DEVICE ? ENTRY_UNCACHED : 0);
	uint64_t at = address & ~(PAGE_SIZE - 1);
	uint64_t end = address + size;
	uint64_t *table;

	if (end < address || end > 1ULL << 47) {
		printk("guest: cannot map 0x%lx bytes at 0x%lx: beyond 128 TiB\n", size, address);
		guest_end(BH_CELL_FAILED);
	}
	while (at < end) {
		table = descend(&page_tables[at >> 39 & 511], 0);
		table = descend(&table[at >> 30 & 511], LARGE_SIZE);
		if (!(at & (LARGE_SIZE - 1)) && end - at >= LARGE_SIZE &&
		    (!(table[at >> 21 & 511] & 1) || (table[at >> 21 & 511] & ENTRY_LARGE))) {
			table[at >> 21 & 511] = at | flags | ENTRY_LARGE;
			__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
			at += LARGE_SIZE;
			continue;
		}
		table = descend(&table[at >> 21 & 511], PAGE_SIZE);
		table[at >> 12 & 511] = at | flags;
		__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
		at += PAGE_SIZE;
	}
	return (void *)address;
}
