/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's own stage 1 at EL2: its image with W^X, and all physical memory in the direct map (DDI 0487, D8.3). */
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <table-format.h>

#define PT_VALID BIT(0)
#define PT_TABLE BIT(1) /* or page, at level 0 */
#define PT_DEVICE BIT(2) /* attribute 1 of MAIR_EL2, see entry.S */
#define PT_RES1 BIT(6) /* AP[1], of no meaning at EL2 */
#define PT_READ_ONLY BIT(7)
#define PT_INNER (BIT(8) | BIT(9))
#define PT_ACCESSED BIT(10)
#define PT_NX BIT(54)
#define PT_ADDRESS (BIT(48) - BIT(12))

#define SCTLR_WXN BIT(19)

extern const u8 core_start[], core_text_end[], core_rodata_end[];
void memory_switch(u64 ttbr, u64 sctlr);

u64 memory_core_phys; /* entry.S writes it */
u64 vtcr;
u32 table_start_level;

static u64 pt_next, pt_root; /* physical */

void *phys_to_virt(paddr_t pa)
{
	return (void *)(DIRECT_MAP_BASE + pa.v);
}

paddr_t virt_to_phys(const void *va)
{
	u64 address = (u64)va;

	return PADDR(address >= CORE_LINK_BASE ? address - CORE_LINK_BASE + memory_core_phys
					       : address - DIRECT_MAP_BASE);
}

/* Before the direct map exists, page tables are reached where the loader mapped the core. */
static u64 *pt_virt(u64 phys)
{
	return (u64 *)(CORE_LINK_BASE + (phys - memory_core_phys));
}

static u64 pt_alloc(void)
{
	u64 page = pt_next;

	pt_next += PAGE_SIZE;
	memset(pt_virt(page), 0, PAGE_SIZE);
	return page;
}

/* The table whose entries are of this level, for the addresses around @va. */
static u64 *pt_table(u64 va, u32 level)
{
	u64 *table = pt_virt(pt_root);

	for (u32 at = 3; at > level; at--) {
		u64 *entry = &table[table_index(va, at)];

		if (!*entry)
			*entry = pt_alloc() | PT_VALID | PT_TABLE;
		table = pt_virt(*entry & PT_ADDRESS);
	}
	return table;
}

static u64 pt_entry(u64 pa, u32 level, u64 flags)
{
	return pa | PT_VALID | (level ? 0 : PT_TABLE) | PT_RES1 | PT_INNER | PT_ACCESSED | flags;
}

static void pt_map(u64 va, u64 pa, u32 level, u64 flags)
{
	pt_table(va, level)[table_index(va, level)] = pt_entry(pa, level, flags);
}

/* Pages, all alike. */
static void pt_map_range(u64 va, u64 pa, u64 size, u64 flags)
{
	u64 end = va + size, *table = NULL;

	for (; va < end; va += PAGE_SIZE, pa += PAGE_SIZE) {
		if (!table || IS_ALIGNED(va, table_level_size(1)))
			table = pt_table(va, 0);
		table[table_index(va, 0)] = pt_entry(pa, 0, flags);
	}
}

static u64 ram_in(const struct bh_boot_info *info, u64 start, u64 size)
{
	u64 sum = 0;

	for (u32 i = 0; i < info->ram_count; i++) {
		const struct bh_range *ram = &info->ram[i];

		if (ranges_overlap(start, size, ram->start, ram->size))
			sum += MIN(start + size, ram->start + ram->size) - MAX(start, ram->start);
	}
	return sum;
}

/* Memory as Linux maps it, everything else as a device: two kinds for one address would not be coherent. */
static void direct_map(const struct bh_boot_info *info, u64 pa, u32 level)
{
	u64 size = table_level_size(level);
	u64 ram = ram_in(info, pa, size);

	if (!level || !ram || ram == size) {
		pt_map(DIRECT_MAP_BASE + pa, pa, level, PT_NX | (ram ? 0 : PT_DEVICE));
		return;
	}
	for (u32 i = 0; i < TABLE_ENTRIES; i++)
		direct_map(info, pa + i * table_level_size(level - 1), level - 1);
}

/* From the loader's alignment of the core's memory on, blocks do. */
_Static_assert(BH_CORE_MEMORY_ALIGN == 512 * PAGE_SIZE, "a block");

u64 memory_init(const struct bh_boot_info *info, u64 at)
{
	u64 limit = ALIGN_UP(info->phys_limit, BIT(30)), core = memory_core_phys;
	u64 text = core_text_end - core_start, rodata = core_rodata_end - core_start;
	u64 size = info->core_memory.size, blocks = ALIGN_DOWN(size, BH_CORE_MEMORY_ALIGN);

	pt_next = core + at;
	pt_root = pt_alloc();
	for (u64 pa = 0; pa < limit && pa < MEMORY_LIMIT; pa += BIT(30))
		direct_map(info, pa, 2);
	pt_map_range(CORE_LINK_BASE, core, text, PT_READ_ONLY);
	pt_map_range(CORE_LINK_BASE + text, core + text, rodata - text, PT_READ_ONLY | PT_NX);
	pt_map_range(CORE_LINK_BASE + rodata, core + rodata, BH_CORE_MEMORY_ALIGN - rodata, PT_NX);
	for (u64 offset = BH_CORE_MEMORY_ALIGN; offset < blocks; offset += BH_CORE_MEMORY_ALIGN)
		pt_map(CORE_LINK_BASE + offset, core + offset, 1, PT_NX);
	pt_map_range(CORE_LINK_BASE + blocks, core + blocks, size - blocks, PT_NX);
	/* Where the MMU is switched, addresses are physical as well. */
	pt_map_range(core, core, text, PT_READ_ONLY);
	return pt_next - core;
}

void memory_enter(void)
{
	dsb(ish);
	memory_switch(pt_root, sysreg_read(sctlr_el2) | SCTLR_WXN);
}

u64 arch_ticks(void)
{
	isb(); /* else it may be read too early (DDI 0487, D11.1.2) */
	return sysreg_read(cntpct_el0);
}

/* About as long as x86's PAUSE. */
void arch_relax(void)
{
	__asm__ volatile(".rept 64\nyield\n.endr" ::: "memory");
}

static u64 cache_line(void)
{
	return 4ull << (sysreg_read(ctr_el0) >> 16 & 0xf);
}

void cache_clean(const void *start, u64 size)
{
	u64 line = cache_line(), end = (u64)start + size;

	/* Four a round; what is cleaned beyond the end does no harm. */
	for (u64 at = ALIGN_DOWN((u64)start, line); at < end; at += 4 * line)
		__asm__ volatile("dc civac, %0\ndc civac, %1\ndc civac, %2\ndc civac, %3"
				 :
				 : "r"(at), "r"(at + line), "r"(at + 2 * line), "r"(at + 3 * line)
				 : "memory");
	dsb(sy);
}

/*
 * A guest that has its caches off sees memory, not caches: the zeros must be there. Where DC ZVA clears a line of the cache
 * at a time, as it commonly does, the line is cleaned at once.
 */
void arch_clear_page(paddr_t page)
{
	u64 start = (u64)phys_to_virt(page), line = cache_line(), zva = sysreg_read(dczid_el0);

	if (zva & BIT(4) || 4ull << (zva & 0xf) != line || line > PAGE_SIZE / 2) {
		memset((void *)start, 0, PAGE_SIZE);
		cache_clean((void *)start, PAGE_SIZE);
		return;
	}
	for (u64 at = start; at < start + PAGE_SIZE; at += 2 * line)
		__asm__ volatile("dc zva, %0\ndc civac, %0\ndc zva, %1\ndc civac, %1"
				 :
				 : "r"(at), "r"(at + line)
				 : "memory");
	dsb(sy);
}

/* All CPUs of the cell whose VMID is in VTTBR_EL2 forget the entry; that is the root wherever this is called. */
void table_pte_replace(table_pte *pte, table_pte value)
{
	__atomic_store_n(pte, 0, __ATOMIC_RELAXED);
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1is" ::: "memory");
	dsb(ish);
	isb();
	__atomic_store_n(pte, value, __ATOMIC_RELEASE);
}
