/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of a cell descriptor: everything that can be said without looking at the machine. */
#include <bulkhead/boot.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/string.h>

const u32 *desc_cpus(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->cpus.offset);
}

const struct bh_memory *desc_memory(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->memory.offset);
}

const struct bh_pio *desc_pio(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->pio.offset);
}

const struct bh_irqs *desc_irqs(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->irqs.offset);
}

const struct bh_pci *desc_pci(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->pci.offset);
}

bool memory_is_subpage(const struct bh_memory *region)
{
	return !IS_ALIGNED(region->virt, PAGE_SIZE) || !IS_ALIGNED(region->size, PAGE_SIZE) ||
	       !IS_ALIGNED(region->phys, PAGE_SIZE);
}

static bool tables_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const struct {
		const struct bh_table *table;
		u32 entry, most, where;
	} tables[] = {
		{&desc->cpus, sizeof(u32), BH_CPUS_MAX, BH_IN_CPUS},
		{&desc->memory, sizeof(struct bh_memory), DESC_MEMORY_MAX, BH_IN_MEMORY},
		{&desc->pio, sizeof(struct bh_pio), DESC_PIO_MAX, BH_IN_PIO},
		{&desc->irqs, sizeof(struct bh_irqs), BH_BOOT_IOAPICS_MAX, BH_IN_IRQS},
		{&desc->pci, sizeof(struct bh_pci), DESC_PCI_MAX, BH_IN_PCI},
	};

	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct bh_table *table = tables[i].table;
		u64 end = table->offset + (u64)table->count * tables[i].entry;

		if (table->count > tables[i].most)
			return error_set(error, BH_E_DESC_COUNT, .where = tables[i].where,
					 .value = table->count, .limit = tables[i].most);
		if (table->count &&
		    (table->offset < sizeof(*desc) || table->offset % 8 || end > desc->size))
			return error_set(error, BH_E_DESC_TABLE, .where = tables[i].where,
					 .value = table->offset);
	}
	return true;
}

static bool cpus_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const u32 *cpus = desc_cpus(desc);

	if (!desc->cpus.count)
		return error_set(error, BH_E_CPU_NONE, .where = BH_IN_CPUS);
	for (u32 i = 0; i < desc->cpus.count; i++)
		for (u32 j = 0; j < i; j++)
			if (cpus[i] == cpus[j])
				return error_set(error, BH_E_CPU_TWICE, .where = BH_IN_CPUS,
						 .index = i, .value = cpus[i]);
	return true;
}

static bool region_check(const struct bh_memory *region, u32 i, struct bh_error *error)
{
	bool comm = region->flags & BH_MEM_COMM;

	if (region->flags & ~BH_MEM_FLAGS)
		return error_set(error, BH_E_DESC_FLAGS, .where = BH_IN_MEMORY, .index = i,
				 .value = region->flags & ~BH_MEM_FLAGS);
	if (region->reserved)
		return error_set(error, BH_E_DESC_RESERVED, .where = BH_IN_MEMORY, .index = i,
				 .value = region->reserved);
	if (!region->size)
		return error_set(error, BH_E_MEM_EMPTY, .where = BH_IN_MEMORY, .index = i);
	if (region->virt + region->size < region->virt ||
	    region->virt + region->size > CELL_ADDRESS_LIMIT)
		return error_set(error, BH_E_MEM_WRAP, .where = BH_IN_MEMORY, .index = i,
				 .value = region->virt, .limit = CELL_ADDRESS_LIMIT);
	if (comm && region->size != BH_COMM_SIZE)
		return error_set(error, BH_E_COMM_SIZE, .where = BH_IN_MEMORY, .index = i,
				 .value = region->size, .limit = BH_COMM_SIZE);
	if (comm && !IS_ALIGNED(region->virt, PAGE_SIZE))
		return error_set(error, BH_E_MEM_ALIGN, .where = BH_IN_MEMORY, .index = i,
				 .value = region->virt, .limit = PAGE_SIZE);
	if (comm)
		return true;
	if (region->phys + region->size < region->phys)
		return error_set(error, BH_E_MEM_WRAP, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys, .limit = CELL_ADDRESS_LIMIT);
	if (memory_is_subpage(region) && !(region->flags & BH_MEM_IO))
		return error_set(error, BH_E_MEM_SUBPAGE, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys);
	/* A window that is trapped must lie in one page on both sides, at the same place in it. */
	if (memory_is_subpage(region) && (region->virt % PAGE_SIZE != region->phys % PAGE_SIZE ||
					  region->virt % PAGE_SIZE + region->size > PAGE_SIZE))
		return error_set(error, BH_E_MEM_ALIGN, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys, .limit = PAGE_SIZE);
	return true;
}

static bool regions_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const struct bh_memory *regions = desc_memory(desc);
	bool comm_seen = false, reset_found = false;

	for (u32 i = 0; i < desc->memory.count; i++) {
		const struct bh_memory *region = &regions[i];

		if (!region_check(region, i, error))
			return false;
		if (region->flags & BH_MEM_COMM && comm_seen)
			return error_set(error, BH_E_COMM_TWICE, .where = BH_IN_MEMORY, .index = i);
		comm_seen |= region->flags & BH_MEM_COMM;
		reset_found |= region->flags & BH_MEM_EXECUTE &&
			       desc->reset_address - region->virt < region->size;
		for (u32 j = 0; j < i; j++) {
			const struct bh_memory *other = &regions[j];

			if (ranges_overlap(region->virt, region->size, other->virt, other->size))
				return error_set(error, BH_E_MEM_OVERLAP, .where = BH_IN_MEMORY,
						 .index = i, .limit = j,
						 .value = MAX(region->virt, other->virt));
			if (!((region->flags | other->flags) & BH_MEM_COMM) &&
			    ranges_overlap(region->phys, region->size, other->phys, other->size))
				return error_set(error, BH_E_MEM_PHYS_OVERLAP,
						 .where = BH_IN_MEMORY, .index = i, .limit = j,
						 .value = MAX(region->phys, other->phys));
		}
	}
	if (!reset_found)
		return error_set(error, BH_E_RESET_ADDRESS, .value = desc->reset_address);
	return true;
}

static bool lists_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const struct bh_pio *pio = desc_pio(desc);
	const struct bh_irqs *irqs = desc_irqs(desc);
	const struct bh_pci *pci = desc_pci(desc);

	for (u32 i = 0; i < desc->pio.count; i++) {
		if (pio[i].reserved)
			return error_set(error, BH_E_DESC_RESERVED, .where = BH_IN_PIO, .index = i,
					 .value = pio[i].reserved);
		if (!pio[i].length || pio[i].base + pio[i].length > 0x10000)
			return error_set(error, BH_E_PIO_RANGE, .where = BH_IN_PIO, .index = i,
					 .value = pio[i].base);
	}
	for (u32 i = 0; i < desc->irqs.count; i++)
		if (irqs[i].reserved[0] || irqs[i].reserved[1])
			return error_set(error, BH_E_DESC_RESERVED, .where = BH_IN_IRQS, .index = i,
					 .value = irqs[i].reserved[0] | irqs[i].reserved[1]);
	for (u32 i = 0; i < desc->pci.count; i++) {
		if (pci[i].flags)
			return error_set(error, BH_E_DESC_FLAGS, .where = BH_IN_PCI, .index = i,
					 .value = pci[i].flags);
		if (pci[i].segment)
			return error_set(error, BH_E_PCI_DOMAIN, .where = BH_IN_PCI, .index = i,
					 .value = pci[i].segment);
		for (u32 j = 0; j < i; j++)
			if (pci[i].bdf == pci[j].bdf)
				return error_set(error, BH_E_PCI_TWICE, .where = BH_IN_PCI,
						 .index = pci[i].bdf, .value = pci[i].bdf);
	}
	return true;
}

bool desc_check(const struct bh_cell_desc *desc, u64 size, struct bh_error *error)
{
	u64 ones = BH_CELL_PASSIVE_COMM | BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE;

	if (size < sizeof(*desc))
		return error_set(error, BH_E_DESC_SIZE, .value = size, .limit = sizeof(*desc));
	if (desc->magic != BH_CELL_DESC_MAGIC)
		return error_set(error, BH_E_DESC_MAGIC, .value = desc->magic);
	if (desc->version != BH_CELL_DESC_VERSION)
		return error_set(error, BH_E_DESC_VERSION, .value = desc->version,
				 .limit = BH_CELL_DESC_VERSION);
	if (desc->arch != ARCH_DESC)
		return error_set(error, BH_E_DESC_ARCH, .value = desc->arch, .limit = ARCH_DESC);
	if (desc->size < sizeof(*desc) || desc->size > size || desc->size > BH_CELL_DESC_MAX)
		return error_set(error, BH_E_DESC_SIZE, .value = desc->size,
				 .limit = sizeof(*desc));
	if (desc->flags & ~ones)
		return error_set(error, BH_E_DESC_FLAGS, .value = desc->flags & ~ones);
	if (desc->reserved0)
		return error_set(error, BH_E_DESC_RESERVED, .value = desc->reserved0);
	for (u32 i = 0; i < ARRAY_SIZE(desc->reserved1); i++)
		if (desc->reserved1[i])
			return error_set(error, BH_E_DESC_RESERVED, .value = desc->reserved1[i]);
	if (!desc->name[0] || strnlen(desc->name, sizeof(desc->name)) == sizeof(desc->name))
		return error_set(error, BH_E_DESC_NAME);
	if (!desc->id || desc->id >= BH_CELLS_MAX)
		return error_set(error, BH_E_ID_RANGE, .value = desc->id,
				 .limit = BH_CELLS_MAX - 1);
	for (u32 i = 0; i < ARRAY_SIZE(desc->policy); i++)
		if (desc->policy[i] > (i < BH_KINDS ? BH_POLICY_IGNORE : 0))
			return error_set(error, BH_E_POLICY, .index = i, .value = desc->policy[i]);
	return tables_check(desc, error) && cpus_check(desc, error) && regions_check(desc, error) &&
	       lists_check(desc, error);
}
