/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of AMD's nested page tables (APM2 15.25, 5.3): the format of ordinary long-mode tables.
 * Bits 9 to 11 and 52 to 58 are ignored by the hardware, and all but bit 0 where an entry is not present.
 */
#ifndef HV_X86_TABLE_FORMAT_H
#define HV_X86_TABLE_FORMAT_H

#include <hv/core/table.h>

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2) /* nested walks are user accesses: always set (APM2 15.25.5) */
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LARGE BIT(7) /* at levels 1 and 2 */
#define PTE_BLANK BIT(9)
#define PTE_SHARED BIT(10)
#define PTE_OWNER_SHIFT 52
#define PTE_OWNER_MASK (BIT(59) - BIT(52))
#define PTE_OWNER_CORE 0x7fu /* BH_OWNER_CORE in seven bits */
#define PTE_NX BIT(63)
#define PTE_ADDRESS (BIT(52) - BIT(12))

#define TABLE_LEVELS 4
#define TABLE_ENTRIES 512

typedef u64 table_pte;

static inline u64 table_level_size(u32 level)
{
	return PAGE_SIZE << (9 * level);
}

static inline u32 table_index(u64 address, u32 level)
{
	return (address >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

static inline table_pte table_pte_owner(u32 owner, bool is_shared)
{
	u64 id = owner == BH_OWNER_CORE ? PTE_OWNER_CORE : owner;

	return id << PTE_OWNER_SHIFT | (is_shared ? PTE_SHARED : 0);
}

static inline table_pte table_pte_leaf(u64 phys, u32 level, u32 flags)
{
	if (!(flags & TABLE_READ))
		return 0; /* AMD has no write-only or execute-only pages */
	return phys | PTE_PRESENT | PTE_USER | (flags & TABLE_WRITE ? PTE_WRITE : 0) |
	       (flags & TABLE_EXECUTE ? 0 : PTE_NX) | (level ? PTE_LARGE : 0);
}

static inline table_pte table_pte_table(u64 phys)
{
	return phys | PTE_PRESENT | PTE_USER | PTE_WRITE;
}

/* The entry of the next higher level that is to say the same of the whole. */
static inline table_pte table_pte_large(table_pte first)
{
	return first | PTE_LARGE;
}

static inline bool table_pte_present(table_pte pte)
{
	return pte & PTE_PRESENT;
}

/* Points to a further table that the walker descends into; blank entries end the walk. */
static inline bool table_pte_is_table(table_pte pte, u32 level)
{
	return level && (pte & (PTE_PRESENT | PTE_LARGE | PTE_BLANK)) == PTE_PRESENT;
}

static inline u64 table_pte_phys(table_pte pte)
{
	return pte & PTE_ADDRESS;
}

static inline u32 table_pte_get_owner(table_pte pte)
{
	u32 id = (pte & PTE_OWNER_MASK) >> PTE_OWNER_SHIFT;

	return id == PTE_OWNER_CORE ? BH_OWNER_CORE : id;
}

static inline u32 table_pte_flags(table_pte pte)
{
	if (!(pte & PTE_PRESENT))
		return 0;
	return TABLE_READ | (pte & PTE_WRITE ? TABLE_WRITE : 0) |
	       (pte & PTE_NX ? 0 : TABLE_EXECUTE);
}

static inline void table_pte_set(table_pte *pte, table_pte value)
{
	__atomic_store_n(pte, value, __ATOMIC_RELEASE);
}

/* What the hardware may set by itself does not make entries differ. */
static inline table_pte table_pte_meaning(table_pte pte)
{
	return pte & PTE_PRESENT ? pte & ~(PTE_ACCESSED | PTE_DIRTY) : pte;
}

#endif
