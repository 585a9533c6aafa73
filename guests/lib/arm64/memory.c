/* SPDX-License-Identifier: MIT */
/* Stage 1 of EL1 (DDI 0487, D8.3): 39 bits, 4 KiB pages and 2 MiB blocks; virtual is physical. */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include "../library.h"

#define PAGE_SIZE 0x1000ULL
#define LARGE_SIZE 0x200000ULL
#define ENTRY_VALID 1ULL
#define ENTRY_TABLE 3ULL /* at the lowest level: a page */
#define ENTRY_DEVICE (1ULL << 2) /* attribute 1 */
#define ENTRY_INNER (3ULL << 8)
#define ENTRY_ACCESSED (1ULL << 10)
#define ENTRY_NX (3ULL << 53)
#define ENTRY_ADDRESS 0x0000fffffffff000ULL

#define MAIR 0x04ffULL /* 0: memory, write-back; 1: Device-nGnRE */
#define TCR \
	0x200803519ULL /* 39 bits, inner shareable, walks write-back, no TTBR1, 40 bits of addresses */
#define SCTLR_ON 0x1005ULL /* MMU and caches */

extern uint64_t page_tables[]; /* linker script: the top level, then one for the first GiB */

static uint64_t entry_of(uint64_t at, enum memory_type type)
{
	return at | ENTRY_INNER | ENTRY_ACCESSED |
	       (type == MEMORY_DEVICE ? ENTRY_DEVICE | ENTRY_NX : 0);
}

/* With the MMU off: the first 2 MiB, and the comm region's page, which lies elsewhere. */
void memory_init(void)
{
	page_tables[0] = (uint64_t)&page_tables[512] | ENTRY_TABLE;
	page_tables[512] = entry_of(0, MEMORY_CACHED) | ENTRY_VALID;
}

void memory_on(void)
{
	sysreg_write(mair_el1, MAIR);
	sysreg_write(tcr_el1, TCR);
	sysreg_write(ttbr0_el1, (uint64_t)page_tables);
	__asm__ volatile("tlbi vmalle1; ic iallu; dsb sy; isb" : : : "memory");
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) | SCTLR_ON);
	isb();
}

/* The next lower table; where there is none, or a block, one is put in. */
static uint64_t *descend(uint64_t *entry)
{
	uint64_t former = *entry, *table;

	if ((former & ENTRY_TABLE) == ENTRY_TABLE)
		return (uint64_t *)(former & ENTRY_ADDRESS);
	table = memory_alloc(PAGE_SIZE, PAGE_SIZE);
	if (former & ENTRY_VALID)
		for (unsigned int i = 0; i < 512; i++)
			table[i] = (former | ENTRY_TABLE) + i * PAGE_SIZE;
	__atomic_store_n(entry, (uint64_t)table | ENTRY_TABLE, __ATOMIC_RELEASE);
	return table;
}

void *memory_map(uint64_t address, uint64_t size, enum memory_type type)
{
	uint64_t at = address & ~(PAGE_SIZE - 1);
	uint64_t end = address + size;
	uint64_t *table;

	if (end < address || end > 1ULL << 39) {
		printk("guest: cannot map 0x%lx bytes at 0x%lx: beyond 512 GiB\n", size, address);
		guest_end(BH_CELL_FAILED);
	}
	while (at < end) {
		table = descend(&page_tables[at >> 30]);
		if (!(at & (LARGE_SIZE - 1)) && end - at >= LARGE_SIZE &&
		    (table[at >> 21 & 511] & ENTRY_TABLE) != ENTRY_TABLE) {
			table[at >> 21 & 511] = entry_of(at, type) | ENTRY_VALID;
			at += LARGE_SIZE;
			continue;
		}
		table = descend(&table[at >> 21 & 511]);
		table[at >> 12 & 511] = entry_of(at, type) | ENTRY_TABLE;
		at += PAGE_SIZE;
	}
	__asm__ volatile("dsb ishst; tlbi vmalle1is; dsb ish; isb" : : : "memory");
	return (void *)address;
}
