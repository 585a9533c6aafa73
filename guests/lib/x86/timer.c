/* SPDX-License-Identifier: MIT */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/printk.h>
#include <guest/timer.h>
#include <guest/x86/apic.h>
#include "../library.h"

#define PM_TIMER_HZ 3579545
#define PM_TIMER_MASK 0xffffff
#define APIC_DIVIDE 16
#define CPUID_TSC_DEADLINE (1u << 24) /* leaf 1, ECX */

static uint64_t tsc_khz;
static uint64_t apic_khz; /* of the divided clock */
static bool by_deadline;

uint64_t timer_now(void)
{
	return tsc_read();
}

uint64_t timer_from_us(uint64_t us)
{
	return us * tsc_khz / 1000;
}

uint64_t timer_to_us(uint64_t counts)
{
	return counts * 1000 / tsc_khz;
}

void timer_delay_us(uint64_t us)
{
	uint64_t start = tsc_read(), counts = timer_from_us(us);

	while (tsc_read() - start < counts)
		cpu_relax();
}

uint32_t timer_pm(void)
{
	uint16_t port = comm_region->pm_timer_address;

	return port ? port_in32(port) & PM_TIMER_MASK : 0;
}

/* The comm region of a hypervisor that does not know the rate says 0. */
static uint64_t tsc_measure(void)
{
	uint32_t start = timer_pm();
	uint64_t tsc = tsc_read();

	while (((timer_pm() - start) & PM_TIMER_MASK) < PM_TIMER_HZ / 100)
		cpu_relax();
	return (tsc_read() - tsc) / 10;
}

static void arm(struct cpu *cpu)
{
	uint64_t now, ticks;

	if (by_deadline) {
		msr_write(MSR_TSC_DEADLINE, cpu->timer_next);
		return;
	}
	now = tsc_read();
	ticks = cpu->timer_next > now ? (cpu->timer_next - now) * apic_khz / tsc_khz : 0;
	if (ticks > UINT32_MAX)
		ticks = UINT32_MAX; /* the interrupt comes early and arms again */
	apic_write(APIC_TIMER_INITIAL, ticks ? (uint32_t)ticks : 1);
}

static void interrupt(void *context)
{
	struct cpu *cpu = cpu_current();
	uint64_t now = tsc_read(), due = cpu->timer_next;

	(void)context;
	if (!cpu->timer_period)
		return;
	if (now >= due) {
		cpu->timer_next += cpu->timer_period;
		arm(cpu);
		cpu->timer_tick(now - due, cpu->timer_context);
	} else {
		arm(cpu); /* the two clocks drift against each other */
	}
}

void timer_periodic(uint64_t period, void (*tick)(uint64_t late, void *context), void *context)
{
	struct cpu *cpu = cpu_current();

	timer_stop();
	cpu->timer_tick = tick;
	cpu->timer_context = context;
	cpu->timer_period = period;
	cpu->timer_next = tsc_read() + period;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (by_deadline ? APIC_LVT_DEADLINE : 0));
	if (by_deadline)
		__asm__ volatile("mfence"
				 :
				 :
				 : "memory"); /* before the deadline (SDM 3A 11.5.4.1) */
	arm(cpu);
}

void timer_stop(void)
{
	cpu_current()->timer_period = 0;
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
}

void timer_init(void)
{
	tsc_khz = comm_region->tsc_khz;
	if (!tsc_khz && comm_region->pm_timer_address)
		tsc_khz = tsc_measure();
	if (!tsc_khz) {
		printk("guest: no time: the comm region gives neither tsc_khz nor a PM timer\n");
		guest_end(BH_CELL_FAILED);
	}
	apic_khz = comm_region->apic_khz / APIC_DIVIDE;
	by_deadline = cpuid(1, 0).ecx & CPUID_TSC_DEADLINE;
	interrupt_handler_set(VECTOR_TIMER, interrupt, NULL);
}
