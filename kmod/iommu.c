// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DMA of a cell's devices, where Linux drives an IOMMU: they share an address space of their own, in which the cell's
 * memory lies at its guest-physical addresses, as far as it is marked for DMA, and nothing else. What lies elsewhere the
 * IOMMU refuses, and Linux' driver of it tells in the kernel's log. The IOMMU stays Linux': see docs/core.md, known limits.
 */

#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/version.h>
#include "core.h"

static struct iommu_domain *domain_new(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	struct iommu_domain *domain = iommu_paging_domain_alloc(dev);

	return IS_ERR(domain) ? NULL : domain;
#else
	return iommu_domain_alloc(dev->bus);
#endif
}

static int region_map(struct iommu_domain *domain, const struct bh_memory *region, int protection)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return iommu_map(domain, region->virt, region->phys, region->size, protection, GFP_KERNEL);
#else
	return iommu_map(domain, region->virt, region->phys, region->size, protection);
#endif
}

static int memory_map(struct bh_call *call, const struct bh_cell *cell, bool coherent)
{
	const struct bh_memory *region = (const void *)cell->desc + cell->desc->memory.offset;
	u32 i;

	for (i = 0; i < cell->desc->memory.count; i++, region++) {
		int ret, protection = (region->flags & BH_MEM_READ ? IOMMU_READ : 0) |
				      (region->flags & BH_MEM_WRITE ? IOMMU_WRITE : 0) |
				      (coherent ? IOMMU_CACHE : 0);

		if (!(region->flags & BH_MEM_DMA) || region->flags & (BH_MEM_COMM | BH_MEM_IO))
			continue;
		ret = region_map(cell->dma, region, protection);
		if (ret)
			return error_set(call, -ret, BH_R_DEVICE,
					 "memory region %u: the IOMMU of the cell's devices cannot "
					 "reach 0x%llx to 0x%llx (error %d): place it elsewhere in "
					 "the cell, or take DMA from its flags",
					 i, region->virt, region->virt + region->size - 1, -ret);
	}
	return 0;
}

static bool group_is_taken(const struct bh_cell *cell, const struct iommu_group *group)
{
	unsigned int i;

	for (i = 0; i < cell->pci_count; i++)
		if (cell->pci[i].group == group)
			return true;
	return false;
}

/* Those of a group that the cell does not get, by name. */
struct others {
	const struct bh_cell *cell;
	char names[120];
};

static void other_add(struct others *others, struct device *dev)
{
	size_t length = strlen(others->names);

	snprintf(others->names + length, sizeof(others->names) - length, "%s%s", length ? ", " : "",
		 dev_name(dev));
}

static bool is_cells(const struct bh_cell *cell, const struct device *dev)
{
	unsigned int i;

	for (i = 0; i < cell->pci_count; i++)
		if (&cell->pci[i].dev->dev == dev)
			return true;
	return false;
}

static bool is_bridge(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->hdr_type != PCI_HEADER_TYPE_NORMAL;
}

/* They would share its address space. Bridges forward, and do no DMA of their own. */
static int other_name(struct device *dev, void *data)
{
	struct others *others = data;

	if (!is_bridge(dev) && !is_cells(others->cell, dev))
		other_add(others, dev);
	return 0;
}

/* To Linux a driver that does not say otherwise does DMA, also that of a bridge (shpchp, for one). */
static int holder_name(struct device *dev, void *data)
{
	struct others *others = data;

	if (dev->driver && !is_cells(others->cell, dev))
		other_add(others, dev);
	return 0;
}

static int group_take(struct bh_call *call, struct bh_cell *cell, struct bh_cell_pci *pci,
		      struct iommu_group *group)
{
	struct others others = {.cell = cell};
	int ret;

	iommu_group_for_each_dev(group, &others, other_name);
	if (others.names[0])
		return error_set(call, EBUSY, BH_R_DEVICE,
				 "PCI device %s shares its IOMMU group, and with it an address "
				 "space, with %s: the cell must get all of them, or none",
				 pci_name(pci->dev), others.names);
	ret = iommu_group_claim_dma_owner(group, cell);
	if (ret) {
		iommu_group_for_each_dev(group, &others, holder_name);
		return error_set(
			call, EBUSY, BH_R_DEVICE,
			"PCI device %s is in an IOMMU group that Linux uses (error %d): "
			"drivers hold %s, which is in it, and have to let it go (unbind in "
			"sysfs)",
			pci_name(pci->dev), -ret, others.names[0] ? others.names : "what");
	}
	ret = iommu_attach_group(cell->dma, group);
	if (ret) {
		iommu_group_release_dma_owner(group);
		return error_set(call, -ret, BH_R_DEVICE,
				 "PCI device %s could not be given an address space of its own "
				 "by its IOMMU (error %d)",
				 pci_name(pci->dev), -ret);
	}
	pci->group = group;
	return 0;
}

/* All of them are held by then, so that what shares a group does not keep it from the cell. */
int cell_dma_take(struct bh_call *call, struct bh_cell *cell)
{
	bool coherent = true;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < cell->pci_count && !ret; i++) {
		struct bh_cell_pci *pci = &cell->pci[i];
		struct iommu_group *group = iommu_group_get(&pci->dev->dev);

		if (!group) {
			pci_notice(pci->dev,
				   "no IOMMU that Linux drives is between it and memory: cell %s "
				   "can reach all memory through it\n",
				   cell->name);
			continue;
		}
		if (!cell->dma)
			cell->dma = domain_new(&pci->dev->dev);
		coherent &= device_iommu_capable(&pci->dev->dev, IOMMU_CAP_CACHE_COHERENCY);
		if (!cell->dma)
			ret = error_set(call, ENOMEM, BH_R_DEVICE,
					"the IOMMU of PCI device %s has no address space to give",
					pci_name(pci->dev));
		else if (!group_is_taken(cell, group))
			ret = group_take(call, cell, pci, group);
		if (pci->group != group)
			iommu_group_put(group);
	}
	return ret || !cell->dma ? ret : memory_map(call, cell, coherent);
}

/* Before the memory is anybody else's. */
void cell_dma_give_back(struct bh_cell *cell)
{
	unsigned int i;

	for (i = 0; i < cell->pci_count; i++) {
		struct iommu_group *group = cell->pci[i].group;

		if (!group)
			continue;
		iommu_detach_group(cell->dma, group);
		iommu_group_release_dma_owner(group);
		iommu_group_put(group);
		cell->pci[i].group = NULL;
	}
	/* With what is mapped in it. */
	if (cell->dma)
		iommu_domain_free(cell->dma);
	cell->dma = NULL;
}
