/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hardware under pci.c: configuration space by ECAM only (PCI Express Base Specification 5.0, 7.2.2). Functions of cells
 * interrupt by their pins, which are SPIs of the GIC that the descriptor lists. Messages go to the ITS or GICv2m frame, which
 * are the root's, so cells do not find the capabilities for them. I/O space stays undecoded.
 */
#include <hv/arch/arm64/arm64.h>
#include <hv/core/machine.h>
#include <hv/core/pci.h>

static bool has_space(u16 bdf)
{
	return machine.mmconfig_base && bdf >> 8 <= machine.mmconfig_end_bus;
}

static paddr_t config_at(u16 bdf, u16 reg)
{
	return PADDR(machine.mmconfig_base + ((u64)bdf << PAGE_SHIFT) + reg);
}

u32 arch_pci_read(u16 bdf, u16 reg, u8 width)
{
	return has_space(bdf) ? mmio_read(config_at(bdf, reg), width) : BIT(width * 8) - 1;
}

void arch_pci_write(u16 bdf, u16 reg, u8 width, u32 value)
{
	if (has_space(bdf))
		mmio_write(config_at(bdf, reg), width, value);
}

u32 arch_pci_ports_owner(u16 base, u32 count)
{
	(void)base;
	(void)count;
	return BH_OWNER_ROOT;
}

void arch_pci_ports(struct cell *cell, u16 base, u32 count, bool assign)
{
	(void)cell;
	(void)base;
	(void)count;
	(void)assign;
}
