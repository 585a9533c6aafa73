/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOAPICs: the pins of a cell are its own, all others look absent to it. Index and data are two
 * accesses, so each cell has an index of its own and the hardware pair is used under a lock.
 * Intel 82093AA data sheet.
 */
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/error.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>
#include <hv/core/unit.h>

#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_EOI 0x40
#define IOAPIC_VERSION 0x01
#define IOAPIC_ENTRY 0x10 /* two registers a pin */
#define ENTRY_LOGICAL BIT(11)
#define ENTRY_MASKED BIT(16)
#define PINS_MAX 120

static struct ioapic {
	u64 address;
	u32 pins;
	struct spinlock lock;
	u8 owner[PINS_MAX]; /* cell id */
	u64 root_entry[PINS_MAX]; /* as the root had it when it gave the pin away */
} ioapics[BH_BOOT_IOAPICS_MAX];

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	mmio_write(PADDR(io->address + IOAPIC_INDEX), 4, reg);
	return mmio_read(PADDR(io->address + IOAPIC_DATA), 4);
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 value)
{
	mmio_write(PADDR(io->address + IOAPIC_INDEX), 4, reg);
	mmio_write(PADDR(io->address + IOAPIC_DATA), 4, value);
}

void ioapic_init(void)
{
	for (u32 i = 0; i < machine.ioapic_count; i++) {
		struct ioapic *io = &ioapics[i];

		io->address = machine.ioapic[i].address;
		io->pins = MIN((ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1, (u32)PINS_MAX);
		machine.ioapic[i].pins = io->pins;
	}
}

/* A cell may send its pins to its own CPUs only, and only as interrupts. */
static bool entry_is_allowed(const struct cell *cell, u32 low, u32 high)
{
	u32 mode = low >> 8 & 7;
	struct cpu *cpu;

	if (low & ENTRY_MASKED)
		return true;
	if (mode > 1 || low & ENTRY_LOGICAL)
		return false;
	cell_for_each_cpu (cell, cpu)
		if (cpu->arch.apic_id == high >> 24)
			return true;
	return false;
}

static bool entry_write(struct cell *cell, struct ioapic *io, u32 reg, u32 value)
{
	u32 other = ioapic_read(io, reg ^ 1);
	u32 low = reg & 1 ? other : value, high = reg & 1 ? value : other;

	if (cell != &root_cell && !entry_is_allowed(cell, low, high))
		return false;
	ioapic_write(io, reg, value);
	return true;
}

static bool data_access(struct cell *cell, struct ioapic *io, u32 reg, struct mmio_access *access)
{
	u32 pin = (reg - IOAPIC_ENTRY) / 2;
	bool root = cell == &root_cell;

	if (reg < IOAPIC_ENTRY) {
		if (access->write && !root)
			return false;
		if (access->write)
			ioapic_write(io, reg, access->value);
		else
			access->value = ioapic_read(io, reg);
		return true;
	}
	if (pin >= io->pins)
		return root;
	if (io->owner[pin] != cell->id) {
		access->value = 0;
		return true;
	}
	if (access->write)
		return entry_write(cell, io, reg, access->value);
	access->value = ioapic_read(io, reg);
	return true;
}

/* EOI is by vector and reaches every pin that has it: a cell names one of its own. */
static bool eoi_allowed(const struct cell *cell, const struct ioapic *io, u8 vector)
{
	if (cell == &root_cell)
		return true;
	for (u32 pin = 0; pin < io->pins; pin++)
		if (io->owner[pin] == cell->id &&
		    (ioapic_read(io, IOAPIC_ENTRY + 2 * pin) & 0xff) == vector)
			return true;
	return false;
}

static bool ioapic_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	struct ioapic *io = arg;
	struct cell *cell = cpu->cell;
	u32 *index = &cell->arch.ioapic_index[io - ioapics];
	u64 offset = access->address.v - io->address;
	bool done = true;

	access->kind = BH_KIND_IRQ;
	if (access->width != 4)
		return false;
	spin_lock(&io->lock);
	if (offset == IOAPIC_INDEX && access->write)
		*index = access->value & 0xff;
	else if (offset == IOAPIC_INDEX)
		access->value = *index;
	else if (offset == IOAPIC_DATA)
		done = data_access(cell, io, *index, access);
	else if (offset == IOAPIC_EOI && access->write && eoi_allowed(cell, io, access->value))
		mmio_write(PADDR(access->address.v), 4, access->value);
	else
		done = cell == &root_cell;
	spin_unlock(&io->lock);
	return done;
}

bool arch_keeps(u64 start, u64 size)
{
	if (arch_cell_shows(start, size))
		return true;
	for (u32 i = 0; i < machine.ioapic_count; i++)
		if (ranges_overlap(start, size, machine.ioapic[i].address & PAGE_MASK, PAGE_SIZE))
			return true;
	return false;
}

bool arch_cell_shows(u64 virt, u64 size)
{
	return ranges_overlap(virt, size, APIC_PAGE, PAGE_SIZE);
}

u32 arch_cell_table_pages(void)
{
	return table_pages_needed(APIC_PAGE, PAGE_SIZE);
}

void arch_root_take(void)
{
	table_set_owner(&root_cell.table, APIC_PAGE, PAGE_SIZE, BH_OWNER_CORE, true);
	for (u32 i = 0; i < machine.ioapic_count; i++)
		table_set_owner(&root_cell.table, machine.ioapic[i].address & PAGE_MASK, PAGE_SIZE,
				BH_OWNER_CORE, false);
}

void ioapic_attach(struct cell *cell)
{
	for (u32 i = 0; i < machine.ioapic_count; i++)
		mmio_add(&cell->mmio, ioapics[i].address & PAGE_MASK, PAGE_SIZE, ioapic_access,
			 &ioapics[i]);
}

static struct ioapic *ioapic_find(u64 address)
{
	for (u32 i = 0; i < machine.ioapic_count; i++)
		if (ioapics[i].address == address)
			return &ioapics[i];
	return NULL;
}

static bool pin_listed(const struct bh_irqs *irqs, u32 pin)
{
	return irqs->pins[pin / 32] & BIT(pin % 32);
}

static bool ioapic_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	for (u32 i = 0; i < desc->irqs.count; i++) {
		const struct bh_irqs *irqs = &desc_irqs(desc)[i];
		const struct ioapic *io = ioapic_find(irqs->address);

		if (!io)
			return error_set(error, BH_E_IRQCHIP_UNKNOWN, .where = BH_IN_IRQS,
					 .index = i, .value = irqs->address);
		if (irqs->first)
			return error_set(error, BH_E_IRQ_RANGE, .where = BH_IN_IRQS, .index = i,
					 .value = irqs->first, .limit = io->pins);
		for (u32 pin = 0; pin < 128; pin++) {
			if (!pin_listed(irqs, pin))
				continue;
			if (pin >= io->pins)
				return error_set(error, BH_E_IRQ_RANGE, .where = BH_IN_IRQS,
						 .index = i, .value = pin, .limit = io->pins);
			if (io->owner[pin] != BH_OWNER_ROOT)
				return error_set(error, BH_E_IRQ_OWNED, .where = BH_IN_IRQS,
						 .index = i, .value = pin, .owner = io->owner[pin]);
		}
	}
	return true;
}

static u32 ioapic_pages(const struct bh_cell_desc *desc)
{
	(void)desc;
	return 0;
}

static void pins_each(struct cell *cell, void (*act)(struct cell *, struct ioapic *, u32 pin))
{
	for (u32 i = 0; i < cell->desc->irqs.count; i++) {
		const struct bh_irqs *irqs = &desc_irqs(cell->desc)[i];
		struct ioapic *io = ioapic_find(irqs->address);

		spin_lock(&io->lock);
		for (u32 pin = 0; pin < io->pins; pin++)
			if (pin_listed(irqs, pin))
				act(cell, io, pin);
		spin_unlock(&io->lock);
	}
}

static void pin_mask(struct cell *cell, struct ioapic *io, u32 pin)
{
	u32 reg = IOAPIC_ENTRY + 2 * pin;

	(void)cell;
	ioapic_write(io, reg, ioapic_read(io, reg) | ENTRY_MASKED);
}

static void pin_assign(struct cell *cell, struct ioapic *io, u32 pin)
{
	u32 reg = IOAPIC_ENTRY + 2 * pin;

	io->root_entry[pin] = ioapic_read(io, reg) | (u64)ioapic_read(io, reg + 1) << 32;
	pin_mask(cell, io, pin);
	io->owner[pin] = cell->id;
}

static void pin_release(struct cell *cell, struct ioapic *io, u32 pin)
{
	u32 reg = IOAPIC_ENTRY + 2 * pin;

	pin_mask(cell, io, pin);
	ioapic_write(io, reg + 1, io->root_entry[pin] >> 32);
	ioapic_write(io, reg, io->root_entry[pin]);
	io->owner[pin] = BH_OWNER_ROOT;
}

static void ioapic_assign(struct cell *cell)
{
	pins_each(cell, pin_assign);
}

static void ioapic_reset(struct cell *cell)
{
	pins_each(cell, pin_mask);
}

static void ioapic_release(struct cell *cell)
{
	pins_each(cell, pin_release);
}

const struct unit ioapic_unit = {
	.name = "interrupt pins",
	.check = ioapic_check,
	.pages = ioapic_pages,
	.assign = ioapic_assign,
	.reset = ioapic_reset,
	.release = ioapic_release,
};
