/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 entries of the VMSAv8-64 format with 4 KiB granules (DDI 0487, D8.3). Bits 55 to 58 of blocks and pages are
 * software's, 59 to 63 are ignored as long as VTCR_EL2.HWU is 0, and of an invalid entry all but bit 0. A blank entry is
 * a table that carries the owner as well: bits 59 to 63 are RES0 there, which no processor looks at in stage 2.
 *
 * Memory is write-back for stage 2 and so is whatever the guest makes it (D8.6.6: the stronger of the two wins);
 * windows of devices are Device-nGnRE whatever the guest says.
 */
#ifndef HV_ARM64_TABLE_FORMAT_H
#define HV_ARM64_TABLE_FORMAT_H

#include <hv/core/table.h>

#define PTE_PRESENT BIT(0)
#define PTE_TABLE BIT(1) /* at level 0: a page */
#define PTE_MEMORY (BIT(2) | BIT(3) | BIT(4) | BIT(5)) /* write-back, inner and outer */
#define PTE_DEVICE BIT(2) /* nGnRE */
#define PTE_READ BIT(6)
#define PTE_WRITE BIT(7)
#define PTE_INNER (BIT(8) | BIT(9))
#define PTE_ACCESSED BIT(10)
#define PTE_NX BIT(54)
#define PTE_OWNER_SHIFT 55
#define PTE_OWNER_MASK (BIT(62) - BIT(55))
#define PTE_OWNER_CORE 0x7fu /* BH_OWNER_CORE in seven bits */
#define PTE_SHARED BIT(62)
#define PTE_BLANK BIT(63)
#define PTE_ADDRESS (BIT(48) - BIT(12))

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
	if (!(flags & TABLE_ALL))
		return 0;
	return phys | PTE_PRESENT | PTE_ACCESSED | PTE_INNER | (level ? 0 : PTE_TABLE) |
	       (flags & TABLE_DEVICE ? PTE_DEVICE : PTE_MEMORY) |
	       (flags & TABLE_READ ? PTE_READ : 0) | (flags & TABLE_WRITE ? PTE_WRITE : 0) |
	       (flags & TABLE_EXECUTE ? 0 : PTE_NX);
}

static inline table_pte table_pte_table(u64 phys)
{
	return phys | PTE_PRESENT | PTE_TABLE;
}

/* The entry of the next higher level that is to say the same of the whole. */
static inline table_pte table_pte_large(table_pte first)
{
	return first & ~PTE_TABLE;
}

static inline bool table_pte_present(table_pte pte)
{
	return pte & PTE_PRESENT;
}

/* Points to a further table that the walker descends into; blank entries end the walk. */
static inline bool table_pte_is_table(table_pte pte, u32 level)
{
	return level && (pte & (PTE_PRESENT | PTE_TABLE | PTE_BLANK)) == (PTE_PRESENT | PTE_TABLE);
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
	return (pte & PTE_READ ? TABLE_READ : 0) | (pte & PTE_WRITE ? TABLE_WRITE : 0) |
	       (pte & PTE_NX ? 0 : TABLE_EXECUTE) |
	       ((pte & PTE_MEMORY) == PTE_DEVICE ? TABLE_DEVICE : 0);
}

void table_pte_replace(table_pte *pte, table_pte value);

/*
 * Between two valid entries of different size there must be an invalid one, and no translation may be left from before
 * (break before make, D8.14.1). The root's CPUs that run into it see an entry that is theirs and
 * absent, which is never so otherwise: they try again, see exit.c.
 */
static inline void table_pte_set(table_pte *pte, table_pte value)
{
	if ((*pte ^ value) & PTE_TABLE && *pte & value & PTE_PRESENT)
		table_pte_replace(pte, value);
	else
		__atomic_store_n(pte, value, __ATOMIC_RELEASE);
}

static inline table_pte table_pte_meaning(table_pte pte)
{
	return pte;
}

#endif
