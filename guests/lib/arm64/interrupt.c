/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/printk.h>
#include <guest/trap.h>
#include "../library.h"

#define SPURIOUS 1020

struct frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t unused;
};

extern const uint8_t vectors[];
void interrupt_dispatch(unsigned int vector, const struct frame *frame);
int trap_run(void (*function)(void *), void *context, uint64_t **stack);
void trap_unwind(uint64_t **stack, int result) __attribute__((noreturn));

static struct {
	interrupt_handler handler;
	void *context;
} handlers[SPURIOUS];
static struct trap trap_last;

static void dump(unsigned int vector, const struct frame *f)
{
	static const char *const names[] = {"synchronous exception", "interrupt", "FIQ", "SError"};

	printk("guest: CPU %u: %s, syndrome 0x%lx at 0x%lx, address 0x%lx, state 0x%lx\n",
	       cpu_current()->number, names[vector % 4], sysreg_read(esr_el1), f->elr,
	       sysreg_read(far_el1), f->spsr);
	for (unsigned int i = 0; i < 30; i += 3)
		printk("  x%u %016lx x%u %016lx x%u %016lx\n", i, f->x[i], i + 1, f->x[i + 1],
		       i + 2, f->x[i + 2]);
}

static void interrupt(struct cpu *cpu)
{
	uint32_t value = gic_acknowledge(), id = GIC_ID(value);

	if (id >= SPURIOUS)
		return;
	if (handlers[id].handler)
		handlers[id].handler(handlers[id].context);
	else
		printk("guest: CPU %u: unexpected interrupt %u\n", cpu->number, id);
	gic_end(value);
}

void interrupt_dispatch(unsigned int vector, const struct frame *frame)
{
	struct cpu *cpu = cpu_current();

	if (vector % 4 == 1) {
		interrupt(cpu);
		return;
	}
	if (cpu->trap_stack) {
		trap_last = (struct trap){sysreg_read(esr_el1), frame->elr, sysreg_read(far_el1)};
		trap_unwind(&cpu->trap_stack, (int)(sysreg_read(esr_el1) >> 26 & 0x3f));
	}
	dump(vector, frame);
	guest_end(BH_CELL_FAILED);
}

int trap_call(void (*function)(void *), void *context, struct trap *trap)
{
	int vector = trap_run(function, context, &cpu_current()->trap_stack);

	if (trap && vector >= 0)
		*trap = trap_last;
	return vector;
}

void interrupt_handler_set(unsigned int vector, interrupt_handler handler, void *context)
{
	handlers[vector].handler = NULL;
	handlers[vector].context = context;
	__atomic_store_n(&handlers[vector].handler, handler, __ATOMIC_RELEASE);
}

void interrupt_init(void)
{
	interrupt_load();
}

void interrupt_load(void)
{
	sysreg_write(vbar_el1, (uint64_t)vectors);
	isb();
}
