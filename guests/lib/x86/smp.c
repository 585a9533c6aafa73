/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/smp.h>
#include <guest/timer.h>
#include <guest/x86/apic.h>
#include <guest/x86/start.h>
#include "../library.h"

#define STACK_SIZE 16384
#define WAIT_US 10000000 /* a loaded machine may run another CPU late */

extern uint64_t ap_stack;
void smp_cpu_main(void);

static struct cpu boot_cpu;
static struct cpu *cpus[SMP_CPUS_MAX] = {&boot_cpu};
static struct cpu *starting;
static unsigned int count = 1;

static void current_set(struct cpu *cpu)
{
	cpu->self = cpu;
	msr_write(MSR_GS_BASE, (uint64_t)cpu);
}

/* The CPU has been called: the loop in smp_cpu_main() does the rest. */
static void called(void *context)
{
	(void)context;
}

void smp_init(void)
{
	boot_cpu.apic_id = cpuid(1, 0).ebx >> 24;
	boot_cpu.online = true;
	current_set(&boot_cpu);
	interrupt_handler_set(VECTOR_CALL, called, NULL);
}

unsigned int smp_cpus(void)
{
	const volatile uint32_t *ready = (const volatile uint32_t *)START_READY;
	const volatile uint8_t *ids = (const volatile uint8_t *)START_IDS;
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	while (*ready + 1 < comm_region->num_cpus && timer_now() < end)
		cpu_relax();
	while (count < *ready + 1) {
		cpus[count] = memory_alloc(sizeof(struct cpu), sizeof(uint64_t));
		cpus[count]->number = count;
		cpus[count]->apic_id = ids[count - 1];
		count++;
	}
	return count;
}

unsigned int smp_expected(void)
{
	return comm_region->num_cpus;
}

uint32_t smp_address(unsigned int cpu)
{
	return cpus[cpu]->apic_id;
}

void smp_interrupt(unsigned int cpu, unsigned int vector)
{
	apic_ipi(cpus[cpu]->apic_id, APIC_FIXED | APIC_ASSERT | vector);
}

/* INIT and twice SIPI as MP Specification B.4 has it. */
bool smp_start(unsigned int cpu)
{
	uint64_t end;

	if (cpu >= smp_cpus() || cpus[cpu]->online)
		return false;
	ap_stack = (uint64_t)memory_alloc(STACK_SIZE, 16) + STACK_SIZE;
	starting = cpus[cpu];
	apic_ipi(cpus[cpu]->apic_id, APIC_INIT | APIC_ASSERT);
	timer_delay_us(10000);
	apic_ipi(cpus[cpu]->apic_id, APIC_SIPI | APIC_ASSERT | START_AP_VECTOR);
	timer_delay_us(200);
	if (!__atomic_load_n(&cpus[cpu]->online, __ATOMIC_ACQUIRE))
		apic_ipi(cpus[cpu]->apic_id, APIC_SIPI | APIC_ASSERT | START_AP_VECTOR);
	end = timer_now() + timer_from_us(WAIT_US);
	while (!__atomic_load_n(&cpus[cpu]->online, __ATOMIC_ACQUIRE))
		if (timer_now() > end)
			return false;
	return true;
}

bool smp_busy(unsigned int cpu)
{
	return __atomic_load_n(&cpus[cpu]->call, __ATOMIC_ACQUIRE);
}

bool smp_call(unsigned int cpu, void (*function)(void *), void *context)
{
	if (smp_busy(cpu) || !cpus[cpu]->online)
		return false;
	cpus[cpu]->call_context = context;
	__atomic_store_n(&cpus[cpu]->call, function, __ATOMIC_RELEASE);
	smp_interrupt(cpu, VECTOR_CALL);
	return true;
}

/* Start-up enters here on a CPU that smp_start() woke. */
void smp_cpu_main(void)
{
	struct cpu *cpu = starting;

	current_set(cpu);
	interrupt_load();
	apic_init();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	for (;;) {
		while (!smp_busy(cpu->number))
			cpu_wait();
		interrupts_on();
		cpu->call(cpu->call_context);
		interrupts_off();
		__atomic_store_n(&cpu->call, NULL, __ATOMIC_RELEASE);
	}
}
