/* SPDX-License-Identifier: MIT */
/* The other CPUs: those whose redistributors there are and which PSCI knows (DEN 0022). */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/smp.h>
#include <guest/timer.h>
#include "../library.h"

#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define STACK_SIZE 16384
#define WAIT_US 10000000 /* a loaded machine may run another CPU late */

extern const uint8_t cpu_entry[];
void smp_cpu_main(struct cpu *cpu) __attribute__((noreturn));

static struct cpu boot_cpu;
static struct cpu *cpus[SMP_CPUS_MAX] = {&boot_cpu};
static unsigned int count;

/* The CPU has been called: the loop in smp_cpu_main() does the rest. */
static void called(void *context)
{
	(void)context;
}

void smp_init(void)
{
	boot_cpu.affinity = sysreg_read(mpidr_el1) & AFFINITY_MASK;
	boot_cpu.online = true;
	sysreg_write(tpidr_el1, (uint64_t)&boot_cpu);
	interrupt_handler_set(VECTOR_CALL, called, NULL);
}

unsigned int smp_cpus(void)
{
	uint64_t affinity;

	if (count)
		return count;
	count = 1;
	for (unsigned int n = 0; (affinity = gic_affinity(n)) != ~0ULL; n++) {
		if (affinity == boot_cpu.affinity ||
		    firmware_call(PSCI_AFFINITY_INFO, affinity, 0, 0) < 0)
			continue;
		cpus[count] = memory_alloc(sizeof(struct cpu), 16);
		cpus[count]->number = count;
		cpus[count]->affinity = affinity;
		count++;
	}
	return count;
}

unsigned int smp_expected(void)
{
	return smp_cpus(); /* the comm region does not say */
}

uint32_t smp_address(unsigned int cpu)
{
	return (uint32_t)cpus[cpu]->affinity;
}

void smp_interrupt(unsigned int cpu, unsigned int vector)
{
	gic_sgi(cpus[cpu]->affinity, vector);
}

bool smp_start(unsigned int cpu)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	if (cpu >= smp_cpus() || cpus[cpu]->online)
		return false;
	cpus[cpu]->stack = (uint64_t)memory_alloc(STACK_SIZE, 16) + STACK_SIZE;
	dsb();
	if (firmware_call(PSCI_CPU_ON, cpus[cpu]->affinity, (uint64_t)cpu_entry,
			  (uint64_t)cpus[cpu]))
		return false;
	while (!__atomic_load_n(&cpus[cpu]->online, __ATOMIC_ACQUIRE)) {
		if (timer_now() > end)
			return false;
		cpu_relax();
	}
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
void smp_cpu_main(struct cpu *cpu)
{
	sysreg_write(tpidr_el1, (uint64_t)cpu);
	interrupt_load();
	gic_init();
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
