/* SPDX-License-Identifier: MIT */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/pci.h>
#include <guest/x86/apic.h>

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define ADDRESS_ENABLE 0x80000000

#define MSI_CONTROL 2
#define MSI_ENABLE 0x1
#define MSI_VECTORS 0x70 /* how many, as a power of two */
#define MSI_64BIT 0x80
#define MSIX_CONTROL 2
#define MSIX_ENABLE 0x8000
#define MSIX_MASK_ALL 0x4000
#define MSIX_TABLE 4

static bool by_window;

bool pci_window_use(bool use)
{
	by_window = use && comm_region->pci_mmconfig_base;
	return by_window == use;
}

static uint64_t window(uint16_t bdf, unsigned int reg)
{
	uint64_t page = comm_region->pci_mmconfig_base + ((uint64_t)bdf << 12);

	memory_map(page, 0x1000, MEMORY_DEVICE);
	return page + reg;
}

static uint16_t port(uint16_t bdf, unsigned int reg)
{
	port_out32(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)bdf << 8 | (reg & 0xfc));
	return (uint16_t)(PORT_DATA + (reg & 3));
}

uint32_t pci_read(uint16_t bdf, unsigned int reg, unsigned int width)
{
	if (by_window || reg >= 0x100) {
		if (!comm_region->pci_mmconfig_base)
			return 0xffffffff >> (32 - 8 * width);
		if (width == 1)
			return mmio_read8(window(bdf, reg));
		return width == 2 ? mmio_read16(window(bdf, reg)) : mmio_read32(window(bdf, reg));
	}
	if (width == 1)
		return port_in8(port(bdf, reg));
	return width == 2 ? port_in16(port(bdf, reg)) : port_in32(port(bdf, reg));
}

void pci_write(uint16_t bdf, unsigned int reg, unsigned int width, uint32_t value)
{
	if (by_window || reg >= 0x100) {
		if (!comm_region->pci_mmconfig_base)
			return;
		if (width == 1)
			mmio_write8(window(bdf, reg), (uint8_t)value);
		else if (width == 2)
			mmio_write16(window(bdf, reg), (uint16_t)value);
		else
			mmio_write32(window(bdf, reg), value);
	} else if (width == 1) {
		port_out8(port(bdf, reg), (uint8_t)value);
	} else if (width == 2) {
		port_out16(port(bdf, reg), (uint16_t)value);
	} else {
		port_out32(port(bdf, reg), value);
	}
}

bool pci_msi_enable(uint16_t bdf, uint32_t apic_id, unsigned int vector)
{
	unsigned int cap = pci_find_cap(bdf, PCI_CAP_MSI);
	uint32_t control;

	if (!cap)
		return false;
	control = pci_read(bdf, cap + MSI_CONTROL, 2) & ~(uint32_t)(MSI_VECTORS | MSI_ENABLE);
	pci_write(bdf, cap + MSI_CONTROL, 2, control);
	pci_write(bdf, cap + 4, 4, APIC_PAGE | apic_id << 12);
	if (control & MSI_64BIT)
		pci_write(bdf, cap + 8, 4, 0);
	pci_write(bdf, cap + (control & MSI_64BIT ? 12 : 8), 2, vector);
	pci_write(bdf, cap + MSI_CONTROL, 2, control | MSI_ENABLE);
	return true;
}

bool pci_msix_enable(uint16_t bdf, unsigned int entry, uint32_t apic_id, unsigned int vector)
{
	unsigned int cap = pci_find_cap(bdf, PCI_CAP_MSIX);
	uint32_t control, table;
	uint64_t at;

	if (!cap)
		return false;
	control = pci_read(bdf, cap + MSIX_CONTROL, 2);
	if (entry > (control & 0x7ff))
		return false;
	pci_write(bdf, cap + MSIX_CONTROL, 2, control | MSIX_ENABLE | MSIX_MASK_ALL);
	table = pci_read(bdf, cap + MSIX_TABLE, 4);
	at = pci_bar(bdf, table & 7) + (table & ~7u) + 16 * entry;
	memory_map(at, 16, MEMORY_DEVICE);
	mmio_write32(at + 12, 1);
	mmio_write32(at, APIC_PAGE | apic_id << 12);
	mmio_write32(at + 4, 0);
	mmio_write32(at + 8, vector);
	mmio_write32(at + 12, 0);
	pci_write(bdf, cap + MSIX_CONTROL, 2, (control | MSIX_ENABLE) & ~(uint32_t)MSIX_MASK_ALL);
	return true;
}
