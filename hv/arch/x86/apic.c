/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC: a guest has the real one of its CPU; reads are native, writes pass through here
 * so that no interrupt, INIT or SIPI leaves the cell. Intel SDM Vol. 3 chapter 11; APM2 chapter 16.
 */
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

/* Registers by number: MMIO offset / 16, MSR - 0x800. */
#define APIC_ID 0x02
#define APIC_TPR 0x08
#define APIC_EOI 0x0b
#define APIC_LDR 0x0d
#define APIC_DFR 0x0e
#define APIC_SVR 0x0f
#define APIC_ISR 0x10 /* eight of them */
#define APIC_IRR 0x20
#define APIC_ESR 0x28
#define APIC_LVT_CMCI 0x2f
#define APIC_ICR 0x30
#define APIC_ICR_HIGH 0x31
#define APIC_LVT_TIMER 0x32
#define APIC_LVT_THERMAL 0x33
#define APIC_LVT_PERF 0x34
#define APIC_LVT_LINT0 0x35
#define APIC_LVT_LINT1 0x36
#define APIC_LVT_ERROR 0x37
#define APIC_TIMER_COUNT 0x38
#define APIC_TIMER_DIVIDE 0x3e
#define APIC_SELF_IPI 0x3f

#define ICR_MODE(icr) ((icr) >> 8 & 7)
#define MODE_FIXED 0
#define MODE_LOWEST 1
#define MODE_NMI 4
#define MODE_INIT 5
#define MODE_SIPI 6
#define ICR_LOGICAL BIT(11)
#define ICR_PENDING BIT(12)
#define ICR_ASSERT BIT(14)
#define ICR_SHORTHAND(icr) ((icr) >> 18 & 3)
#define SHORTHAND_SELF 1
#define SHORTHAND_ALL 2
#define SHORTHAND_OTHERS 3
#define ICR_WRITABLE (0xffu | 7u << 8 | ICR_LOGICAL | ICR_ASSERT | BIT(15) | 3u << 18)

#define LVT_MASKED BIT(16)
#define APIC_BROADCAST_X 0xff
#define APIC_BROADCAST_X2 0xffffffff
#define DIVIDE_BY_16 3

bool apic_is_x2;
static struct cpu *cpu_by_apic_id[256];

static inline u32 apic_read(u32 reg)
{
	if (apic_is_x2)
		return rdmsr(0x800 + reg);
	return *(volatile u32 *)(DIRECT_MAP_BASE + APIC_PAGE + reg * 16);
}

static inline void apic_write(u32 reg, u32 value)
{
	if (apic_is_x2)
		wrmsr(0x800 + reg, value);
	else
		*(volatile u32 *)(DIRECT_MAP_BASE + APIC_PAGE + reg * 16) = value;
}

void apic_init(void)
{
	struct cpu *cpu;

	apic_is_x2 = rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
	cpu_for_each (cpu)
		if (cpu->arch.apic_id < ARRAY_SIZE(cpu_by_apic_id))
			cpu_by_apic_id[cpu->arch.apic_id] = cpu;
}

void apic_cpu_init(struct cpu *cpu)
{
	if (!apic_is_x2)
		cpu->arch.ldr = apic_read(APIC_LDR);
}

static inline struct cpu *cpu_find(u32 apic_id)
{
	return likely(apic_id < ARRAY_SIZE(cpu_by_apic_id)) ? cpu_by_apic_id[apic_id] : NULL;
}

/* Hardware takes an IPI within microseconds; the bound is for broken hardware only. */
static void apic_wait_idle(void)
{
	for (u32 i = 0; i < 1000000 && apic_read(APIC_ICR) & ICR_PENDING; i++)
		arch_relax();
}

/* The core's own, and resolved guests' ones. The guest's upper half of ICR stays as it was. */
static void apic_send(u32 apic_id, u32 command)
{
	u32 high;

	if (apic_is_x2) {
		wrmsr(0x800 + APIC_ICR, (u64)apic_id << 32 | command);
		return;
	}
	high = apic_read(APIC_ICR_HIGH);
	apic_wait_idle();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, command);
	apic_wait_idle();
	apic_write(APIC_ICR_HIGH, high);
}

void apic_send_nmi(u32 apic_id)
{
	apic_send(apic_id, MODE_NMI << 8 | ICR_ASSERT);
}

void apic_send_fixed(u32 apic_id, u8 vector)
{
	apic_send(apic_id, MODE_FIXED << 8 | ICR_ASSERT | vector);
}

void arch_msi_send(u64 address, u32 data)
{
	apic_send_fixed(address >> 12 & 0xff, data);
}

/* Take what is pending, with all of it going nowhere, so that the next owner starts clean. */
static void apic_drain(void)
{
	for (u32 round = 0; round < 256; round++) {
		u32 pending = 0, active = 0;

		for (u32 i = 0; i < 8; i++) {
			pending |= apic_read(APIC_IRR + i);
			active |= apic_read(APIC_ISR + i);
		}
		if (active)
			apic_write(APIC_EOI, 0);
		else if (pending)
			__asm__ volatile("stgi; sti; nop; nop; cli; clgi" ::: "memory");
		else
			break;
	}
}

void apic_cpu_reset(struct cpu *cpu)
{
	u32 max_lvt = apic_read(0x03) >> 16 & 0xff;

	cpu->arch.ldr = 0;
	if (!apic_is_x2)
		apic_write(APIC_LDR, 0);
	for (u32 reg = APIC_LVT_TIMER; reg <= APIC_LVT_ERROR; reg++)
		if ((reg != APIC_LVT_PERF || max_lvt >= 4) &&
		    (reg != APIC_LVT_THERMAL || max_lvt >= 5))
			apic_write(reg, LVT_MASKED);
	apic_write(APIC_TIMER_COUNT, 0);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, 0x1ff); /* enabled, or pending interrupts cannot be taken */
	apic_drain();
	apic_write(APIC_SVR, 0xff);
	apic_write(APIC_ESR, 0);
}

/* ---- interrupt commands of guests ---- */

struct command {
	u32 low;
	u32 destination;
	bool x2; /* written in x2APIC form: 32-bit destinations */
};

static bool is_target(const struct cpu *from, const struct cpu *to, const struct command *command)
{
	u32 id = to->arch.apic_id, dest = command->destination;

	switch (ICR_SHORTHAND(command->low)) {
	case SHORTHAND_SELF:
		return to == from;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return to != from;
	}
	if (dest == (command->x2 ? APIC_BROADCAST_X2 : APIC_BROADCAST_X))
		return true;
	if (!(command->low & ICR_LOGICAL))
		return id == dest;
	/* Logical: x2APIC clusters follow from the id, the flat model from what the guest wrote. */
	if (command->x2)
		return id >> 4 == dest >> 16 && dest & BIT(id & 15);
	return to->arch.ldr >> 24 & dest;
}

static void command_send(struct cpu *from, struct cpu *to, u32 low)
{
	u32 clean = low & ~(3u << 18 | ICR_LOGICAL);

	switch (ICR_MODE(low)) {
	case MODE_INIT:
		if (low & ICR_ASSERT)
			cpu_request(to, CPU_REQUEST_INIT);
		break;
	case MODE_SIPI:
		to->start = (u8)low;
		cpu_request(to, CPU_REQUEST_SIPI);
		/* Waiting sees to it that the kick arrives; Linux would give the CPU up after ten seconds. */
		if (from->cell == &root_cell && to != from)
			cpu_wait(to, CPU_REQUEST_INIT | CPU_REQUEST_SIPI);
		break;
	case MODE_NMI:
		if (from->cell == &root_cell)
			cpu_request(to, CPU_REQUEST_NMI);
		break;
	case MODE_LOWEST: /* one target has been chosen */
		apic_send(to->arch.apic_id, clean & ~(7u << 8));
		break;
	default:
		apic_send(to->arch.apic_id, clean);
	}
}

static void command_dropped(struct cpu *cpu, const struct command *command)
{
	violation_ignored(
		cpu, &(struct violation){
			     .kind = BH_KIND_IRQ,
			     .width = command->x2 ? 8 : 4,
			     .dropped = true,
			     .flags = BH_EVENT_WRITE | BH_EVENT_VALUE,
			     .address = command->x2 ? 0x800 + APIC_ICR : APIC_PAGE + APIC_ICR * 16,
			     .value = (u64)command->destination << 32 | command->low,
		     });
}

static __noinline bool command_resolve(struct cpu *cpu, const struct command *command)
{
	u32 mode = ICR_MODE(command->low);
	bool reached = false;
	struct cpu *to;

	if (mode != MODE_FIXED && mode != MODE_LOWEST && mode != MODE_NMI && mode != MODE_INIT &&
	    mode != MODE_SIPI)
		return false;
	if (mode == MODE_NMI && cpu->cell != &root_cell) {
		command_dropped(cpu, command);
		return true;
	}
	cell_for_each_cpu (cpu->cell, to) {
		if (!is_target(cpu, to, command))
			continue;
		reached = true;
		command_send(cpu, to, command->low);
		if (mode == MODE_LOWEST)
			break;
	}
	/* Nobody of this cell, by name: a foreign CPU, or none at all. */
	if (!reached && !ICR_SHORTHAND(command->low))
		command_dropped(cpu, command);
	return true;
}

static inline bool command_issue(struct cpu *cpu, const struct command *command)
{
	const struct cpu *to;

	/* The common cases: a fixed interrupt to this CPU, or to one CPU by its id. */
	if ((command->low & (7u << 8 | 3u << 18)) == SHORTHAND_SELF << 18) {
		apic_write(APIC_ICR, command->low);
		return true;
	}
	if (likely(!(command->low & (7u << 8 | ICR_LOGICAL | 3u << 18)))) {
		if (command->destination == cpu->arch.apic_id && !apic_is_x2) {
			apic_write(APIC_ICR, command->low | SHORTHAND_SELF << 18);
			return true;
		}
		to = cpu_find(command->destination);
		if (to && to->cell == cpu->cell) {
			apic_send(command->destination, command->low);
			return true;
		}
	}
	return command_resolve(cpu, command);
}

/* ---- registers ---- */

static bool lvt_is_valid(u32 reg, u32 value)
{
	u32 mode = value >> 8 & 7;

	if (value & ~(0xffu | 7u << 8 | 0xfu << 12 | LVT_MASKED | 3u << 17))
		return false;
	if (value & LVT_MASKED || reg == APIC_LVT_TIMER || reg == APIC_LVT_ERROR)
		return true;
	return mode == MODE_FIXED || mode == MODE_NMI;
}

static bool register_write(struct cpu *cpu, u32 reg, u32 value)
{
	bool root = cpu->cell == &root_cell;

	switch (reg) {
	case APIC_EOI:
	case APIC_TPR:
	case APIC_TIMER_COUNT:
	case APIC_ICR_HIGH:
	case APIC_ESR:
		apic_write(reg, value);
		return true;
	case APIC_ID:
		return true;
	case APIC_LDR:
		cpu->arch.ldr = value;
		/* The hardware would take the root's interrupts by a cell's logical id. */
		if (root)
			apic_write(reg, value);
		return true;
	case APIC_DFR:
		if (value >> 28 != 0xf) /* the flat model only */
			return false;
		apic_write(reg, value);
		return true;
	case APIC_SVR:
	case APIC_TIMER_DIVIDE:
		if (!root && value & ~0x3ffu)
			return false;
		apic_write(reg, value);
		return true;
	case APIC_LVT_CMCI:
	case APIC_LVT_TIMER:
	case APIC_LVT_THERMAL:
	case APIC_LVT_PERF:
	case APIC_LVT_LINT0:
	case APIC_LVT_LINT1:
	case APIC_LVT_ERROR:
		if (!root && !lvt_is_valid(reg, value))
			return false;
		apic_write(reg, value);
		return true;
	default: /* AMD's extended LVTs lie at 0x50 */
		if (!root)
			return false;
		apic_write(reg, value);
		return true;
	}
}

bool apic_mmio(struct cpu *cpu, struct mmio_access *access)
{
	u32 offset = access->address.v & (PAGE_SIZE - 1);
	struct command command;

	access->kind = BH_KIND_IRQ;
	if (access->width != 4 || offset & 15)
		return false;
	if (!access->write) {
		access->value = offset >> 4 == APIC_LDR ? cpu->arch.ldr : apic_read(offset >> 4);
		return true;
	}
	if (offset >> 4 != APIC_ICR)
		return register_write(cpu, offset >> 4, access->value);
	command = (struct command){access->value & ICR_WRITABLE, apic_read(APIC_ICR_HIGH) >> 24,
				   false};
	return command_issue(cpu, &command);
}

bool apic_msr_read(struct cpu *cpu, u32 msr, u64 *value)
{
	u32 reg = msr - 0x800;

	(void)cpu;
	if (reg == APIC_ICR_HIGH || reg == APIC_EOI || reg == APIC_SELF_IPI)
		return false;
	*value = apic_read(reg);
	if (reg == APIC_ID)
		*value >>= 24;
	else if (reg == APIC_ICR)
		*value |= (u64)(apic_read(APIC_ICR_HIGH) >> 24) << 32;
	return true;
}

bool apic_msr_write(struct cpu *cpu, u32 msr, u64 value)
{
	u32 reg = msr - 0x800;
	struct command command;

	if (likely(reg == APIC_ICR)) {
		if (value & ~((u64)0xffffffff << 32 | ICR_WRITABLE | ICR_PENDING))
			return false;
		command = (struct command){value & ICR_WRITABLE, value >> 32, true};
		return command_issue(cpu, &command);
	}
	if (value >> 32 || (reg == APIC_EOI && value))
		return false;
	/* Read only or absent in x2APIC mode; SELF_IPI accepts nothing but 0 where it is emulated. */
	if (reg == APIC_SELF_IPI)
		return !value;
	if (reg == APIC_ID || reg == APIC_LDR || reg == APIC_DFR || reg == APIC_ICR_HIGH)
		return false;
	return register_write(cpu, reg, value);
}
