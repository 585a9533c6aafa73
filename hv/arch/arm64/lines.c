/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of virtual devices: SPIs behind the hardware's last one (bulkhead/board.h), the root's as well as the cells'. Nothing
 * of them is in hardware. Each is an edge: pending until it is enabled and in a list register of the CPU it is routed to,
 * which a kick makes look.
 */
#include <bulkhead/board.h>
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>

#define LINES_ALL ((u32)BIT(BH_BOARD_LINES) - 1)

/*
 * Whoever makes a line pending looks whether it is enabled, and where it goes, after that; whoever enables or moves it looks whether
 * it is pending after that. One of them sees the other, as these are all sequentially consistent: a plain load may be done before
 * the store of an exclusive in front of it (DDI 0487, B2.3).
 */
#define LOOK(place) __atomic_load_n(place, __ATOMIC_SEQ_CST)

#define EDGE 2 /* GICD_ICFGR */

static struct lines {
	u32 enabled, pending; /* a bit each */
	u8 priority[BH_BOARD_LINES];
	u8 cpu[BH_BOARD_LINES];
} lines[BH_CELLS_MAX];

u32 lines_first = 1020;

void lines_init(u32 hardware_end)
{
	if (hardware_end <= BH_BOARD_LINE_FIRST)
		lines_first = BH_BOARD_LINE_FIRST;
}

static const struct cpu *first_cpu(const struct cell *cell)
{
	struct cpu *cpu;

	cell_for_each_cpu (cell, cpu)
		return cpu;
	return NULL;
}

void lines_reset(const struct cell *cell)
{
	struct lines *own = &lines[cell->id];
	const struct cpu *cpu = first_cpu(cell);

	*own = (struct lines){};
	for (u32 i = 0; cpu && i < BH_BOARD_LINES; i++)
		own->cpu[i] = cpu->id;
}

u8 lines_priority(const struct cell *cell, u32 id)
{
	return lines[cell->id].priority[id - BH_BOARD_LINE_FIRST];
}

/* Where the line goes. A CPU that has left the cell is replaced by one that is there. */
static struct cpu *target(const struct cell *cell, u32 line)
{
	struct lines *own = &lines[cell->id];
	struct cpu *cpu = cpu_get(LOOK(&own->cpu[line]));

	if (unlikely(!cpu || cpu->cell != cell)) {
		const struct cpu *other = first_cpu(cell);

		if (!other)
			return NULL;
		own->cpu[line] = other->id;
		cpu = cpu_get(other->id);
	}
	return cpu;
}

void lines_deliver(struct cpu *cpu)
{
	struct lines *own = &lines[cpu->cell->id];
	u32 ready = READ_ONCE(own->pending) & READ_ONCE(own->enabled);

	for (u32 left = ready; left; left &= left - 1)
		if (own->cpu[__builtin_ctz(left)] != cpu->id)
			ready &= ~(left & -left);
	if (ready)
		ready &= __atomic_fetch_and(&own->pending, ~ready, __ATOMIC_ACQ_REL);
	for (; ready; ready &= ready - 1)
		gic_inject(cpu, BH_BOARD_LINE_FIRST + __builtin_ctz(ready));
}

/* Whoever has to look does so. */
static void tell(struct cpu *self, const struct cell *cell, u32 which)
{
	for (; which; which &= which - 1) {
		struct cpu *cpu = target(cell, __builtin_ctz(which));

		if (cpu == self && cpu)
			lines_deliver(cpu);
		else if (cpu)
			gic_kick(cpu);
	}
}

void line_raise(const struct cell *cell, u32 id)
{
	struct cpu *self = (struct cpu *)sysreg_read(tpidr_el2);
	struct lines *own = &lines[cell->id];
	u32 line = id - BH_BOARD_LINE_FIRST, bit = BIT(line);

	/* What goes to this CPU itself need not wait to be found. */
	if (likely(self->cell == cell && own->cpu[line] == self->id &&
		   READ_ONCE(own->enabled) & bit)) {
		gic_inject(self, id);
		return;
	}
	__atomic_fetch_or(&own->pending, bit, __ATOMIC_SEQ_CST);
	if (likely(LOOK(&own->enabled) & bit))
		tell(self, cell, bit);
}

void arch_pin_raise(const struct cell *cell, u32 pin)
{
	line_raise(cell, BH_BOARD_LINE_PCI + pin);
}

/* ---- registers of the distributor: those of the last 32 ids ---- */

void lines_bits(struct cpu *cpu, struct mmio_access *access, u32 reg)
{
	struct lines *own = &lines[cpu->cell->id];
	u32 value = access->value & LINES_ALL;

	if (!access->write) {
		access->value = reg < 0x100   ? LINES_ALL /* group 1 */
				: reg < 0x200 ? READ_ONCE(own->enabled)
				: reg < 0x300 ? READ_ONCE(own->pending)
					      : 0;
		return;
	}
	switch (reg & ~0x7fu) {
	case 0x100:
		__atomic_fetch_or(&own->enabled, value, __ATOMIC_SEQ_CST);
		break;
	case 0x180:
		__atomic_fetch_and(&own->enabled, ~value, __ATOMIC_SEQ_CST);
		return;
	case 0x200:
		__atomic_fetch_or(&own->pending, value, __ATOMIC_SEQ_CST);
		break;
	case 0x280:
		__atomic_fetch_and(&own->pending, ~value, __ATOMIC_SEQ_CST);
		return;
	default:
		return;
	}
	tell(cpu, cpu->cell, LOOK(&own->pending) & LOOK(&own->enabled) & value);
}

u8 lines_priority_access(const struct cell *cell, u32 id, bool write, u8 value)
{
	u8 *priority = &lines[cell->id].priority[id - BH_BOARD_LINE_FIRST];

	if (write)
		*priority = value & 0xf8; /* as many bits as every implementation has at EL1 */
	return *priority;
}

u32 lines_config(u32 reg)
{
	u32 value = 0;

	for (u32 i = 0; i < 16; i++)
		if ((reg & 0xff) * 4 + i < BH_BOARD_LINE_FIRST + BH_BOARD_LINES)
			value |= EDGE << 2 * i;
	return value;
}

struct cpu *lines_cpu(const struct cell *cell, u32 id)
{
	return target(cell, id - BH_BOARD_LINE_FIRST);
}

void lines_cpu_set(struct cpu *cpu, u32 id, const struct cpu *to)
{
	u32 line = id - BH_BOARD_LINE_FIRST;
	struct lines *own = &lines[cpu->cell->id];

	__atomic_store_n(&own->cpu[line], to->id, __ATOMIC_SEQ_CST);
	/* It may wait for the one it went to before. */
	tell(cpu, cpu->cell, LOOK(&own->pending) & LOOK(&own->enabled) & BIT(line));
}
