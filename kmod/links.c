// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root's side of links: PCI devices on a bus of their own, which is there while Bulkhead is enabled. The core
 * answers at the addresses of the window; Linux finds, places and drives the devices as any others.
 */

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include "arch.h"
#include "core.h"

#define DOMAIN_FIRST 0x10000 /* above those of firmware, which have 16 bits */

static struct resource window = {.name = "Bulkhead links"};
/* Its first part, where no BAR may be put. */
static struct resource config_space = {.name = "Bulkhead links configuration"};
static void __iomem *config;
static struct pci_bus *bus;

/*
 * Addresses that reach no device: from a bridge's windows, as if for a BAR. 0: there are none, or no PCI at all.
 */
u64 links_window_take(void)
{
	struct pci_bus *real = NULL;
	int ret = -ENODEV;

	window.flags = IORESOURCE_MEM;
	pci_lock_rescan_remove();
	while (ret && (real = pci_find_next_bus(real)))
		if (!pci_domain_nr(real))
			ret = pci_bus_alloc_resource(real, &window, BH_ROOT_LINKS_SIZE, PAGE_SIZE,
						     PCIBIOS_MIN_MEM, 0, NULL, NULL);
	pci_unlock_rescan_remove();
	if (ret)
		return 0;
	config_space.start = window.start;
	config_space.end = window.start + BH_ROOT_LINKS_CONFIG - 1;
	config_space.flags = IORESOURCE_MEM | IORESOURCE_BUSY;
	request_resource(&window, &config_space); /* cannot be in use: the window is new */
	return window.start;
}

void links_window_give_back(void)
{
	if (!window.parent)
		return;
	release_resource(&config_space);
	release_resource(&window);
}

/* Device n is that of link n, and has one function. */
static void __iomem *config_map(struct pci_bus *bus, unsigned int devfn, int where)
{
	if (PCI_FUNC(devfn))
		return NULL;
	return config + PCI_SLOT(devfn) * PAGE_SIZE + where;
}

static struct pci_ops config_ops = {
	.map_bus = config_map,
	.read = pci_generic_config_read,
	.write = pci_generic_config_write,
};

static int domain_free(void)
{
	int domain = DOMAIN_FIRST - 1;
	struct pci_bus *other = NULL;

	while ((other = pci_find_next_bus(other)))
		domain = max(domain, pci_domain_nr(other));
	return domain + 1;
}

/* After launch, with no cell yet. */
int links_start(struct bh_call *call)
{
	LIST_HEAD(resources);

	if (!window.parent)
		return 0;
	config = ioremap(window.start, BH_ROOT_LINKS_CONFIG);
	if (!config)
		goto fail;
	pci_lock_rescan_remove();
	pci_add_resource(&resources, &window);
	bus = arch_links_bus(domain_free(), &config_ops, &resources);
	if (!bus)
		pci_free_resource_list(&resources);
	pci_unlock_rescan_remove();
	if (bus)
		return 0;
	iounmap(config);
	config = NULL;
fail:
	return error_set(call, ENOMEM, BH_R_OTHER,
			 "the kernel refused the PCI bus for the root's side of links");
}

void links_stop(void)
{
	if (bus) {
		pci_lock_rescan_remove();
		pci_stop_root_bus(bus);
		pci_remove_root_bus(bus);
		pci_unlock_rescan_remove();
		arch_links_bus_gone();
		bus = NULL;
	}
	if (config)
		iounmap(config);
	config = NULL;
}

static bool link_is_others(const struct bh_cell *but, u16 number)
{
	const struct bh_cell *cell;
	u32 i;

	list_for_each_entry (cell, &bh_core.cells, link)
		for (i = 0; cell != but && i < cell->desc->links.count; i++)
			if (desc_links(cell->desc)[i].number == number)
				return true;
	return false;
}

static bool link_is_last(const struct bh_cell *cell, u32 i)
{
	const struct bh_link *link = &desc_links(cell->desc)[i];

	return link->root_vectors && !link_is_others(cell, link->number);
}

bool links_end_with(const struct bh_cell *cell)
{
	u32 i;

	for (i = 0; i < cell->desc->links.count; i++)
		if (link_is_last(cell, i))
			return true;
	return false;
}

/* The core has the devices already, or again: Linux looks for them. */
void links_appear(const struct bh_cell *cell)
{
	if (!links_end_with(cell))
		return;
	pci_lock_rescan_remove();
	pci_rescan_bus(bus);
	pci_unlock_rescan_remove();
}

/* Before the core takes them away: drivers let go, and programs lose their mappings. */
void links_vanish(const struct bh_cell *cell)
{
	struct pci_dev *dev;
	u32 i;

	for (i = 0; i < cell->desc->links.count; i++) {
		if (!link_is_last(cell, i))
			continue;
		dev = pci_get_slot(bus, PCI_DEVFN(desc_links(cell->desc)[i].number, 0));
		if (dev)
			pci_stop_and_remove_bus_device_locked(dev);
		pci_dev_put(dev);
	}
}
