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

const struct bh_link *desc_links(const struct bh_cell_desc *desc)
{
	return (const void *)((const char *)desc + desc->links.offset);
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
		{&desc->links, sizeof(struct bh_link), DESC_LINKS_MAX, BH_IN_LINKS},
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
		if (irqs[i].reserved || irqs[i].first % 32)
			return error_set(error, BH_E_DESC_RESERVED, .where = BH_IN_IRQS, .index = i,
					 .value = irqs[i].reserved ?: irqs[i].first);
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

/* Both where the cell sees it and where it lies. */
static bool link_overlaps(const struct bh_cell_desc *desc, u32 i, u64 *where)
{
	const struct bh_link *link = &desc_links(desc)[i];
	u64 size = link_size(link);

	for (u32 j = 0; j < desc->memory.count; j++) {
		const struct bh_memory *region = &desc_memory(desc)[j];

		*where = region->virt;
		if (ranges_overlap(link->virt, size, region->virt, region->size))
			return true;
		*where = region->phys;
		if (!(region->flags & BH_MEM_COMM) &&
		    ranges_overlap(link->phys, size, region->phys, region->size))
			return true;
	}
	for (u32 j = 0; j < i; j++) {
		const struct bh_link *other = &desc_links(desc)[j];

		*where = other->virt;
		if (ranges_overlap(link->virt, size, other->virt, link_size(other)))
			return true;
		*where = other->phys;
		if (ranges_overlap(link->phys, size, other->phys, link_size(other)))
			return true;
	}
	return false;
}

static bool link_form_check(const struct bh_link *link, u32 i, struct bh_error *error)
{
	const u64 places[] = {link->phys, link->virt, link->rw_size, link->output_size};

	for (u32 j = 0; j < ARRAY_SIZE(link->reserved); j++)
		if (link->reserved[j])
			return error_set(error, BH_E_DESC_RESERVED, .where = BH_IN_LINKS,
					 .index = i, .value = link->reserved[j]);
	if (link->number >= BH_LINKS_MAX)
		return error_set(error, BH_E_LINK_NUMBER, .where = BH_IN_LINKS, .index = i,
				 .value = link->number, .limit = BH_LINKS_MAX - 1);
	if (link->peers < 2 || link->peers > BH_LINK_PEERS_MAX || link->id >= link->peers)
		return error_set(error, BH_E_LINK_PEERS, .where = BH_IN_LINKS, .index = i,
				 .value = link->id, .limit = link->peers);
	if (!link->vectors || link->vectors > BH_LINK_VECTORS_MAX)
		return error_set(error, BH_E_LINK_VECTORS, .where = BH_IN_LINKS, .index = i,
				 .value = link->vectors, .limit = BH_LINK_VECTORS_MAX);
	if (link->root_vectors > BH_LINK_VECTORS_MAX || link->root_id >= link->peers ||
	    (link->root_vectors ? link->root_id == link->id : link->root_id))
		return error_set(error, BH_E_LINK_ROOT, .where = BH_IN_LINKS, .index = i,
				 .value = link->root_id, .limit = link->root_vectors);
	for (u32 j = 0; j < ARRAY_SIZE(places); j++)
		if (!IS_ALIGNED(places[j], PAGE_SIZE))
			return error_set(error, BH_E_LINK_ALIGN, .where = BH_IN_LINKS, .index = i,
					 .value = places[j], .limit = PAGE_SIZE);
	/* With every number below the limit, which is far from 2^64 / 16, no sum can wrap. */
	for (u32 j = 0; j < ARRAY_SIZE(places); j++)
		if (places[j] >= CELL_ADDRESS_LIMIT ||
		    (j < 2 && places[j] + link_size(link) > CELL_ADDRESS_LIMIT))
			return error_set(error, BH_E_LINK_WRAP, .where = BH_IN_LINKS, .index = i,
					 .value = places[j], .limit = CELL_ADDRESS_LIMIT);
	return true;
}

static bool links_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const struct bh_link *links = desc_links(desc);
	u64 where;

	for (u32 i = 0; i < desc->links.count; i++) {
		bool same_bdf = false;

		if (!link_form_check(&links[i], i, error))
			return false;
		for (u32 j = 0; j < desc->pci.count; j++)
			same_bdf |= desc_pci(desc)[j].bdf == links[i].bdf;
		for (u32 j = 0; j < i; j++) {
			if (links[j].number == links[i].number)
				return error_set(error, BH_E_LINK_TWICE, .where = BH_IN_LINKS,
						 .index = i, .value = links[i].number);
			same_bdf |= links[j].bdf == links[i].bdf;
		}
		if (same_bdf)
			return error_set(error, BH_E_LINK_BDF, .where = BH_IN_LINKS,
					 .index = links[i].bdf, .value = links[i].bdf);
		if (link_overlaps(desc, i, &where))
			return error_set(error, BH_E_LINK_OVERLAP, .where = BH_IN_LINKS, .index = i,
					 .value = where);
	}
	return true;
}

bool desc_check(const struct bh_cell_desc *desc, u64 size, struct bh_error *error)
{
	u64 ones = BH_CELL_PASSIVE_COMM | ARCH_CELL_FLAGS | BH_CELL_CONSOLE_PERMITTED |
		   BH_CELL_CONSOLE_ACTIVE;

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
	       lists_check(desc, error) && links_check(desc, error);
}
