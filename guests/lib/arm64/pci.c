/* SPDX-License-Identifier: MIT */
/* Configuration space in memory: bus 0 of the cell's own host bridge, or all buses of the machine's. */
#include <bulkhead/board.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/pci.h>

#define BUS_SIZE 0x100000

/* 0: there is none. */
static uint64_t register_at(uint16_t bdf, unsigned int reg)
{
	static uint64_t mapped; /* the last bus */
	uint64_t base = comm_region->pci_mmconfig_base;
	uint64_t bus = base + (uint64_t)(bdf >> 8) * BUS_SIZE;

	if (!base || (base == BH_BOARD_ECAM && bdf >> 8))
		return 0;
	if (mapped != bus)
		memory_map(bus, BUS_SIZE, MEMORY_DEVICE);
	mapped = bus;
	return base + ((uint64_t)bdf << 12) + reg;
}

bool pci_window_use(bool use)
{
	return use && comm_region->pci_mmconfig_base;
}

uint32_t pci_read(uint16_t bdf, unsigned int reg, unsigned int width)
{
	uint64_t at = register_at(bdf, reg);

	if (!at)
		return 0xffffffff >> (32 - 8 * width);
	if (width == 1)
		return mmio_read8(at);
	return width == 2 ? mmio_read16(at) : mmio_read32(at);
}

void pci_write(uint16_t bdf, unsigned int reg, unsigned int width, uint32_t value)
{
	uint64_t at = register_at(bdf, reg);

	if (!at)
		return;
	if (width == 1)
		mmio_write8(at, (uint8_t)value);
	else if (width == 2)
		mmio_write16(at, (uint16_t)value);
	else
		mmio_write32(at, value);
}
