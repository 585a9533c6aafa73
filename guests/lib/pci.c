/* SPDX-License-Identifier: MIT */
#include <guest/pci.h>

#define BAR_IO 0x1
#define BAR_64BIT 0x4
#define BAR_FLAGS 0xf

/* Every function of every bus: in a cell a device may be there without its function 0. */
uint16_t pci_find(uint16_t vendor, uint16_t device)
{
	for (uint32_t bdf = 0; bdf < 0x10000; bdf++)
		if (pci_read((uint16_t)bdf, 0, 4) == ((uint32_t)device << 16 | vendor))
			return (uint16_t)bdf;
	return PCI_NONE;
}

unsigned int pci_find_cap(uint16_t bdf, uint8_t id)
{
	unsigned int reg = pci_read(bdf, 0x34, 1) & 0xfc;

	if (!(pci_read(bdf, 0x06, 2) & 0x10))
		return 0;
	for (unsigned int i = 0; reg >= 0x40 && i < 48; i++) {
		if (pci_read(bdf, reg, 1) == id)
			return reg;
		reg = pci_read(bdf, reg + 1, 1) & 0xfc;
	}
	return 0;
}

unsigned int pci_find_ext_cap(uint16_t bdf, uint16_t id)
{
	unsigned int reg = 0x100;
	uint32_t head;

	for (unsigned int i = 0; reg >= 0x100 && i < 960; i++) {
		head = pci_read(bdf, reg, 4);
		if (!head || head == 0xffffffff)
			return 0;
		if ((head & 0xffff) == id)
			return reg;
		reg = head >> 20 & 0xffc;
	}
	return 0;
}

uint64_t pci_bar(uint16_t bdf, unsigned int bar)
{
	uint32_t low = pci_read(bdf, PCI_BAR0 + 4 * bar, 4);

	if (low & BAR_IO)
		return 0;
	return (low & ~BAR_FLAGS) |
	       (low & BAR_64BIT ? (uint64_t)pci_read(bdf, PCI_BAR0 + 4 * bar + 4, 4) << 32 : 0);
}
