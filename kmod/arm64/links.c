// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host bridge of the root's links. Its devices have interrupt pins, which are lines of the core's that no hardware has
 * (bulkhead/board.h): to Linux they are SPIs of the GIC as any others.
 */

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/pci.h>
#include <linux/pci-ecam.h>
#include <bulkhead/board.h>
#include "../arch.h"
#include "../core.h"
#include "platform.h"

static unsigned int pins[BH_BOARD_PINS];

void arch_links_bus_gone(void)
{
	for (u32 i = 0; i < BH_BOARD_PINS; i++) {
		if (pins[i])
			irq_dispose_mapping(pins[i]);
		pins[i] = 0;
	}
}

static bool pins_map(void)
{
	bool good = true;

	for (u32 i = 0; good && i < BH_BOARD_PINS; i++) {
		pins[i] = platform_line(BH_BOARD_LINE_PCI + i);
		good = pins[i];
	}
	if (!good)
		arch_links_bus_gone();
	return good;
}

static int pin_irq(const struct pci_dev *dev, u8 slot, u8 pin)
{
	return pin && pin <= BH_BOARD_PINS ? pins[pin - 1] : 0;
}

struct pci_bus *arch_links_bus(int domain, struct pci_ops *ops, struct list_head *resources)
{
	/* With ACPI the kernel takes what a host bridge has here for this, and no parent for a bridge unknown to ACPI. */
	static struct pci_config_window no_acpi;
	struct pci_host_bridge *bridge;

	if (!pins_map())
		return NULL;
	bridge = pci_alloc_host_bridge(0);
	if (!bridge)
		goto fail;
	list_splice_init(resources, &bridge->windows);
	bridge->dev.parent = bh_device.this_device;
	bridge->domain_nr = domain;
	bridge->sysdata = &no_acpi;
	bridge->ops = ops;
	bridge->map_irq = pin_irq;
	bridge->swizzle_irq = pci_common_swizzle;
	if (!pci_scan_root_bus_bridge(bridge))
		return bridge->bus;
	pci_free_host_bridge(bridge);
fail:
	arch_links_bus_gone();
	return NULL;
}
