/* SPDX-License-Identifier: MIT */
#include <bulkhead/link.h>
#include <guest/cmdline.h>
#include <guest/cpu.h>
#include <guest/link.h>
#include <guest/memory.h>
#include <guest/pci.h>

#define DEVICE_ID ((uint32_t)BH_LINK_PCI_DEVICE << 16 | BH_LINK_PCI_VENDOR)
#define PCI_CLASS 0x08
#define PCI_CAP_VENDOR 0x09
#define MSIX_CONTROL 2
#define BAR_SIZE 0x1000

static uint64_t pci_read64(uint16_t bdf, unsigned int reg)
{
	return pci_read(bdf, reg, 4) | (uint64_t)pci_read(bdf, reg + 4, 4) << 32;
}

bool link_open(struct link *link, unsigned int index)
{
	uint32_t at = (uint32_t)cmdline_number("link-bars", PCI_WINDOW) + index * 2 * BAR_SIZE;
	uint64_t base, state_size;
	unsigned int cap, seen = 0;
	uint32_t bdf;

	for (bdf = 0; bdf < 0x10000; bdf++)
		if (pci_read((uint16_t)bdf, 0, 4) == DEVICE_ID && seen++ == index)
			break;
	cap = bdf < 0x10000 ? pci_find_cap((uint16_t)bdf, PCI_CAP_VENDOR) : 0;
	if (!cap)
		return false;
	link->bdf = (uint16_t)bdf;
	/* Nobody has placed them. */
	pci_write(link->bdf, PCI_BAR0, 4, at);
	pci_write(link->bdf, PCI_BAR0 + 4, 4, at + BAR_SIZE);
	pci_write(link->bdf, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	memory_map(at, 2 * BAR_SIZE, MEMORY_DEVICE);
	link->registers = at;
	link->protocol = (uint16_t)(pci_read(link->bdf, PCI_CLASS, 4) >> 8);
	link->id = mmio_read32(at + BH_LINK_REG_ID);
	link->peers = mmio_read32(at + BH_LINK_REG_PEERS);
	link->vectors = 1; /* at the pin */
	base = pci_read64(link->bdf, cap + BH_LINK_CAP_BASE);
	state_size = pci_read(link->bdf, cap + BH_LINK_CAP_STATE_SIZE, 4);
	link->shared_size = pci_read64(link->bdf, cap + BH_LINK_CAP_RW_SIZE);
	link->output_size = pci_read64(link->bdf, cap + BH_LINK_CAP_OUTPUT_SIZE);
	link->outputs = base + state_size + link->shared_size;
	memory_map(base, link->outputs - base + link->peers * link->output_size, MEMORY_CACHED);
	link->states = (volatile const uint32_t *)base;
	link->shared = (volatile void *)(base + state_size);
	cap = pci_find_cap(link->bdf, PCI_CAP_MSIX);
	if (cap)
		link->vectors = (pci_read(link->bdf, cap + MSIX_CONTROL, 2) & 0x7ff) + 1;
	return true;
}

volatile void *link_output(const struct link *link, uint32_t peer)
{
	return (volatile void *)(link->outputs + peer * link->output_size);
}

void link_interrupts(const struct link *link, bool enable)
{
	mmio_write32(link->registers + BH_LINK_REG_ENABLE, enable);
}

void link_one_shot(const struct link *link, bool on)
{
	pci_write(link->bdf, pci_find_cap(link->bdf, PCI_CAP_VENDOR) + BH_LINK_CAP_PRIVILEGED, 1,
		  on);
}

void link_ring(const struct link *link, uint32_t peer, uint32_t vector)
{
	/* What the peer is to find must be there before it is told. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write32(link->registers + LINK_DOORBELL, peer << 16 | vector);
}

void link_state_set(const struct link *link, uint32_t state)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write32(link->registers + BH_LINK_REG_STATE, state);
}
