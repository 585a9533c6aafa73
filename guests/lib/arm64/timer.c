/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/timer.h>
#include "../library.h"

#define TIMER_ENABLE 1
#define TIMER_MASKED 2

uint64_t timer_now(void)
{
	isb();
	return sysreg_read(cntvct_el0);
}

uint64_t timer_from_us(uint64_t us)
{
	return us * sysreg_read(cntfrq_el0) / 1000000;
}

uint64_t timer_to_us(uint64_t counts)
{
	return counts * 1000000 / sysreg_read(cntfrq_el0);
}

void timer_delay_us(uint64_t us)
{
	uint64_t start = timer_now(), counts = timer_from_us(us);

	while (timer_now() - start < counts)
		cpu_relax();
}

/* The line is high until the compare value has moved on. */
static void interrupt(void *context)
{
	struct cpu *cpu = cpu_current();
	uint64_t now = timer_now(), due = cpu->timer_next;

	(void)context;
	if (!cpu->timer_period) {
		timer_stop();
		return;
	}
	cpu->timer_next += cpu->timer_period;
	sysreg_write(cntv_cval_el0, cpu->timer_next);
	isb();
	cpu->timer_tick(now - due, cpu->timer_context);
}

void timer_periodic(uint64_t period, void (*tick)(uint64_t late, void *context), void *context)
{
	struct cpu *cpu = cpu_current();

	timer_stop();
	cpu->timer_tick = tick;
	cpu->timer_context = context;
	cpu->timer_period = period;
	cpu->timer_next = timer_now() + period;
	sysreg_write(cntv_cval_el0, cpu->timer_next);
	gic_enable(GIC_TIMER);
	sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
	isb();
}

void timer_stop(void)
{
	cpu_current()->timer_period = 0;
	sysreg_write(cntv_ctl_el0, TIMER_MASKED);
	isb();
}

void timer_init(void)
{
	interrupt_handler_set(VECTOR_TIMER, interrupt, NULL);
}
