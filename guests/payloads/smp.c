/* SPDX-License-Identifier: MIT */
/*
 * smp: starts every CPU of the cell, lets each report, then plays ping-pong by IPI with each.
 *
 *   rounds=1000    of ping-pong with each CPU
 *   stay           afterwards answer messages instead of ending the cell
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/histogram.h>
#include <guest/interrupt.h>
#include <guest/printk.h>
#include <guest/smp.h>
#include <guest/timer.h>

#define VECTOR_PING VECTOR_FREE
#define VECTOR_PONG (VECTOR_FREE + 1)
#define WAIT_US 1000000

static volatile unsigned int pings;
static volatile unsigned int pongs;

static void report(void *context)
{
	unsigned int cpu = cpu_current()->number;

	(void)context;
	printk("smp: CPU %u runs, " CPU_ADDRESS " %u\n", cpu, smp_address(cpu));
}

static void ping(void *context)
{
	(void)context;
	pings++;
	smp_interrupt(0, VECTOR_PONG);
}

static void pong(void *context)
{
	(void)context;
	pongs++;
}

/* Waits, with interrupts on, until the counter has reached the number. */
static bool reaches(volatile unsigned int *counter, unsigned int number)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	while (*counter < number) {
		if (timer_now() > end)
			return false;
		cpu_relax();
	}
	return true;
}

static bool play(unsigned int cpu, unsigned int rounds)
{
	struct histogram trip = {0};
	uint64_t begin;

	pings = 0;
	pongs = 0;
	for (unsigned int i = 1; i <= rounds; i++) {
		begin = timer_now();
		smp_interrupt(cpu, VECTOR_PING);
		if (!reaches(&pongs, i)) {
			printk("smp: CPU %u: %u pings, %u pongs, then none\n", cpu, pings, pongs);
			return false;
		}
		histogram_add(&trip, timer_now() - begin);
	}
	printk("smp: CPU %u: %u pings, %u pongs\n", cpu, pings, pongs);
	histogram_print(&trip, "smp: round trip");
	return true;
}

void guest_main(void)
{
	unsigned int cpus = smp_cpus(), rounds = (unsigned int)cmdline_number("rounds", 1000);
	bool good = cpus == smp_expected();

	printk("smp: %u of %u CPUs here\n", cpus, smp_expected());
	interrupt_handler_set(VECTOR_PING, ping, NULL);
	interrupt_handler_set(VECTOR_PONG, pong, NULL);
	report(NULL);
	for (unsigned int cpu = 1; cpu < cpus; cpu++) {
		if (!smp_start(cpu)) {
			printk("smp: CPU %u does not start\n", cpu);
			guest_end(BH_CELL_FAILED);
		}
		smp_call(cpu, report, NULL);
		while (smp_busy(cpu))
			cpu_relax();
	}
	interrupts_on();
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		good &= play(cpu, rounds);
	interrupts_off();
	printk("smp: %s\n", good ? "all CPUs answered" : "failed");
	while (cmdline_flag("stay", false) && !comm_service())
		cpu_relax();
	guest_end(good ? BH_CELL_SHUT_DOWN : BH_CELL_FAILED);
}
