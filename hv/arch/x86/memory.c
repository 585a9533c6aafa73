/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's own address space: its image with W^X, and all physical memory in the direct map. */
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>

#define PT_PRESENT BIT(0)
#define PT_WRITE BIT(1)
#define PT_LARGE BIT(7)
#define PT_NX BIT(63)
#define PT_ADDRESS (BIT(52) - BIT(12))

extern const u8 core_text_end[], core_rodata_end[];

static u64 core_phys, core_size; /* valid before machine_init() */
static u64 pt_next, pt_root; /* physical */
static u64 trampoline_virt, trampoline_phys[2];

void *phys_to_virt(paddr_t pa)
{
	return (void *)(DIRECT_MAP_BASE + pa.v);
}

paddr_t virt_to_phys(const void *va)
{
	u64 address = (u64)va;

	return PADDR(address >= CORE_LINK_BASE ? address - CORE_LINK_BASE + core_phys
					       : address - DIRECT_MAP_BASE);
}

/* Before the direct map exists, page tables are reached where the loader mapped the core. */
static u64 *pt_virt(u64 phys)
{
	return (u64 *)(CORE_LINK_BASE + (phys - core_phys));
}

static u64 pt_alloc(void)
{
	u64 page = pt_next;

	pt_next += PAGE_SIZE;
	memset(pt_virt(page), 0, PAGE_SIZE);
	return page;
}

static void pt_map(u64 va, u64 pa, u32 level, u64 flags)
{
	u64 *table = pt_virt(pt_root);

	for (u32 at = 3; at > level; at--) {
		u64 *entry = &table[(va >> (12 + 9 * at)) & 511];

		if (!*entry)
			*entry = pt_alloc() | PT_PRESENT | PT_WRITE;
		table = pt_virt(*entry & PT_ADDRESS);
	}
	table[(va >> (12 + 9 * level)) & 511] = pa | PT_PRESENT | flags | (level ? PT_LARGE : 0);
}

static u64 image_flags(u64 offset)
{
	if (offset < (u64)core_text_end - CORE_LINK_BASE)
		return 0;
	if (offset < (u64)core_rodata_end - CORE_LINK_BASE)
		return PT_NX;
	return PT_NX | PT_WRITE;
}

u64 memory_init(const struct bh_boot_info *info, u64 at)
{
	u64 limit = ALIGN_UP(info->phys_limit, BIT(30));
	u32 a, b, c, d, level;

	core_phys = info->core_memory.start;
	core_size = info->core_memory.size;
	trampoline_virt = info->trampoline_virt & PAGE_MASK;
	trampoline_phys[0] = info->trampoline_phys[0];
	trampoline_phys[1] = info->trampoline_phys[1];

	cpuid(0x80000001, 0, &a, &b, &c, &d);
	level = d & BIT(26) ? 2 : 1; /* 1 GiB pages */
	pt_next = core_phys + at;
	pt_root = pt_alloc();
	for (u64 pa = 0; pa < limit; pa += PAGE_SIZE << (9 * level))
		pt_map(DIRECT_MAP_BASE + pa, pa, level, PT_WRITE | PT_NX);
	for (u64 offset = 0; offset < core_size; offset += PAGE_SIZE)
		pt_map(CORE_LINK_BASE + offset, core_phys + offset, 0, image_flags(offset));
	/* The tables for the trampoline are made now, its entries when the core leaves. */
	pt_map(trampoline_virt, 0, 0, PT_NX);
	pt_map(trampoline_virt + PAGE_SIZE, 0, 0, PT_NX);
	return pt_next - core_phys;
}

u64 memory_cr3(void)
{
	return pt_root;
}

void memory_map_trampoline(void)
{
	pt_map(trampoline_virt, trampoline_phys[0], 0, 0);
	if (trampoline_phys[1])
		pt_map(trampoline_virt + PAGE_SIZE, trampoline_phys[1], 0, 0);
	__asm__ volatile("mov %0, %%cr3" : : "r"(pt_root) : "memory");
}

u64 arch_ticks(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

void arch_relax(void)
{
	__builtin_ia32_pause();
}

void arch_clear_page(paddr_t page)
{
	void *to = phys_to_virt(page);
	u64 count = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0ull) : "memory");
}
