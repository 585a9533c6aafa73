/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware under pci.c. */
#include <hv/arch/x86/x86.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define ADDRESS_ENABLE BIT(31)

/* Messages to local APICs: Intel SDM Vol. 3, 11.11. */
#define MSI_BASE 0xfee00000
#define MSI_LOGICAL BIT(2)
#define MSI_REDIRECT BIT(3)
#define MSI_DESTINATION (0xffull << 12)

static struct spinlock port_lock;

static bool by_mmconfig(u16 bdf)
{
	return machine.mmconfig_base && bdf >> 8 <= machine.mmconfig_end_bus;
}

static paddr_t mmconfig(u16 bdf, u16 reg)
{
	return PADDR(machine.mmconfig_base + ((u64)bdf << 12) + reg);
}

u32 arch_pci_read(u16 bdf, u16 reg, u8 width)
{
	u16 port = PORT_DATA + (reg & 3);
	u32 value;

	if (likely(by_mmconfig(bdf)))
		return mmio_read(mmconfig(bdf, reg), width);
	if (reg >= 0x100)
		return BIT(width * 8) - 1;
	spin_lock(&port_lock);
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (u32)bdf << 8 | (reg & 0xfc));
	value = width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
	spin_unlock(&port_lock);
	return value;
}

void arch_pci_write(u16 bdf, u16 reg, u8 width, u32 value)
{
	u16 port = PORT_DATA + (reg & 3);

	if (likely(by_mmconfig(bdf))) {
		mmio_write(mmconfig(bdf, reg), width, value);
		return;
	}
	if (reg >= 0x100)
		return;
	spin_lock(&port_lock);
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (u32)bdf << 8 | (reg & 0xfc));
	if (width == 1)
		outb(port, value);
	else if (width == 2)
		outw(port, value);
	else
		outl(port, value);
	spin_unlock(&port_lock);
}

bool arch_pci_covers(const struct bh_cell_desc *desc, u64 start, u64 size)
{
	(void)desc;
	(void)start;
	(void)size;
	return false;
}

/* The flat model; in x2APIC mode there are no logical ids that fit. */
u64 arch_msi_resolve(const struct cell *cell, u64 address)
{
	u32 mask = address >> 12 & 0xff;
	struct cpu *cpu;

	if (!(address & MSI_LOGICAL))
		return address;
	cell_for_each_cpu (cell, cpu)
		if (cpu->arch.ldr >> 24 & mask && cpu->arch.apic_id <= 0xff)
			return (address & ~(MSI_DESTINATION | MSI_REDIRECT | MSI_LOGICAL)) |
			       (u64)cpu->arch.apic_id << 12;
	return address;
}

bool arch_msi_allowed(const struct cell *cell, u64 address, u32 data)
{
	u32 mode = data >> 8 & 7;
	struct cpu *cpu;

	if (address >> 20 != MSI_BASE >> 20 || address & MSI_LOGICAL || mode > 1)
		return false;
	cell_for_each_cpu (cell, cpu)
		if (cpu->arch.apic_id == (address >> 12 & 0xff))
			return true;
	return false;
}
