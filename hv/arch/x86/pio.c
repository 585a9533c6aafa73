/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O ports: cells have what is listed for them, the root the rest. */
#include <hv/arch/x86/x86.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>
#include <hv/core/violation.h>

#define PORT_POST 0x80
#define PORT_I8042 0x64
#define PORT_PCI_ADDRESS 0xcf8
#define PORT_PCI_DATA 0xcfc
#define PM_TIMER_PORTS 4
#define IOPM_SIZE (3 * PAGE_SIZE)

static void intercept(struct cell *cell, u32 first, u32 count, bool on)
{
	for (u32 port = first; port < first + count; port++) {
		if (on)
			cell->arch.iopm[port / 8] |= 1 << (port % 8);
		else
			cell->arch.iopm[port / 8] &= ~(1 << (port % 8));
	}
}

void pio_bitmap_fill(struct cell *cell)
{
	bool root = cell == &root_cell;

	memset(cell->arch.iopm, root ? 0 : 0xff, IOPM_SIZE);
	intercept(cell, PORT_PCI_ADDRESS, 8, true);
	if (machine.pm_timer_port)
		intercept(cell, machine.pm_timer_port, PM_TIMER_PORTS, false);
}

static bool cell_lists_port(const struct cell *cell, u32 port)
{
	for (u32 i = 0; cell->desc && i < cell->desc->pio.count; i++)
		if (port - desc_pio(cell->desc)[i].base < desc_pio(cell->desc)[i].length)
			return true;
	for (u32 i = 0; i < cell->pci.count * PCI_BARS; i++) {
		const struct pci_bar *bar = &cell->pci.functions[i / PCI_BARS].bar[i % PCI_BARS];

		if (bar->io && port - bar->base < bar->size)
			return true;
	}
	return false;
}

/* Whose port is it? Every port a cell has is closed to the root. */
static u32 port_owner(u32 port)
{
	struct cell *cell;

	if (port - PORT_PCI_ADDRESS < 8)
		return BH_OWNER_CORE;
	cell_for_each (cell)
		if (cell_lists_port(cell, port))
			return cell->id;
	return BH_OWNER_ROOT;
}

static bool pio_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	for (u32 i = 0; i < desc->pio.count; i++) {
		const struct bh_pio *range = &desc_pio(desc)[i];

		for (u32 port = range->base; port < range->base + range->length; port++) {
			u32 owner = port_owner(port);

			if (owner == BH_OWNER_CORE)
				return error_set(error, BH_E_PIO_PLATFORM, .where = BH_IN_PIO,
						 .index = i, .value = port, .owner = owner);
			if (owner != BH_OWNER_ROOT)
				return error_set(error, BH_E_PIO_OWNED, .where = BH_IN_PIO,
						 .index = i, .value = port, .owner = owner);
		}
	}
	return true;
}

static u32 pio_pages(const struct bh_cell_desc *desc)
{
	(void)desc;
	return 0;
}

static void pio_move(struct cell *cell, bool to_cell)
{
	for (u32 i = 0; i < cell->desc->pio.count; i++) {
		const struct bh_pio *range = &desc_pio(cell->desc)[i];

		intercept(cell, range->base, range->length, !to_cell);
		intercept(&root_cell, range->base, range->length, to_cell);
	}
	/* Reset commands to the keyboard controller are filtered, see below. */
	if (to_cell)
		intercept(cell, PORT_I8042, 1, true);
	if (machine.pm_timer_port)
		intercept(&root_cell, machine.pm_timer_port, PM_TIMER_PORTS, false);
}

static void pio_assign(struct cell *cell)
{
	pio_move(cell, true);
}

static void pio_reset(struct cell *cell)
{
	cell->pci.port_latch = 0;
	pc_reset(cell);
}

static void pio_release(struct cell *cell)
{
	pio_move(cell, false);
}

const struct unit pio_unit = {
	.name = "ports",
	.check = pio_check,
	.pages = pio_pages,
	.assign = pio_assign,
	.reset = pio_reset,
	.release = pio_release,
};

static bool i8042_access(struct cpu *cpu, u8 width, bool write, u32 *value)
{
	if (cpu->cell == &root_cell || port_owner(PORT_I8042) != cpu->cell->id || width != 1)
		return false;
	if (!write) {
		*value = inb(PORT_I8042);
		return true;
	}
	/* Write output port, and pulse output lines: bit 0 is the machine's reset. */
	if ((u8)*value == 0xd1 || (u8)*value >= 0xf0)
		return false;
	outb(PORT_I8042, *value);
	return true;
}

static bool pci_data(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value)
{
	u32 latch = cpu->cell->pci.port_latch;
	u16 bdf = latch >> 8;
	u16 reg = (latch & 0xfc) + (port - PORT_PCI_DATA);

	if ((port & 3) + width > 4)
		return false;
	if (write)
		return pci_config_write(cpu, bdf, reg, width, *value);
	*value = pci_config_read(cpu, bdf, reg, width);
	return true;
}

bool pio_access(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value)
{
	if (likely(port >= PORT_PCI_DATA && port < PORT_PCI_DATA + 4))
		return pci_data(cpu, port, width, write, value);
	if (port == PORT_PCI_ADDRESS && width == 4) {
		if (write)
			cpu->cell->pci.port_latch = *value;
		else
			*value = cpu->cell->pci.port_latch;
		return true;
	}
	if (port == PORT_POST && width == 1) /* AL keeps its value on reads */
		return true;
	if (port == PORT_I8042 && i8042_access(cpu, width, write, value))
		return true;
	/* 0xcf9 and the like, for the root: the chipset's own registers between the two of PCI. */
	if (cpu->cell == &root_cell && port >= PORT_PCI_ADDRESS && port < PORT_PCI_DATA &&
	    width < 4) {
		if (write && width == 1)
			outb(port, *value);
		else if (write)
			outw(port, *value);
		else
			*value = width == 1 ? inb(port) : inw(port);
		return true;
	}
	return cell_is_pc(cpu->cell) && pc_access(cpu, port, width, write, value);
}

void pio_name(const struct cpu *cpu, u16 port, struct violation *v)
{
	u32 latch = cpu->cell->pci.port_latch;

	if (port < PORT_PCI_DATA || port >= PORT_PCI_DATA + 4)
		return;
	v->kind = BH_KIND_PCI;
	v->address = (u64)(latch >> 8 & 0xffff) << 12 | ((latch & 0xfc) + (port - PORT_PCI_DATA));
}

u32 arch_pci_ports_owner(u16 base, u32 count)
{
	u32 owner = BH_OWNER_ROOT;

	for (u32 port = base; port < base + count && owner == BH_OWNER_ROOT; port++)
		owner = port_owner(port);
	return owner;
}

void arch_pci_ports(struct cell *cell, u16 base, u32 count, bool assign)
{
	intercept(cell, base, count, !assign);
	intercept(&root_cell, base, count, assign);
}
