/* SPDX-License-Identifier: MIT */
/*
 * compute: computes without touching anything but its own memory, so that its CPU has no reason to leave
 * the guest. "compute: start" and "compute: N rounds in C counts, sum S" enclose it; only those lines exit.
 *
 *   rounds=1000     of 4096 steps each; 0: until a shutdown is asked for
 *   pause-ms=0      between "compute: ready" and the start, computing as well
 *   halt            afterwards sleep without interrupts for ever instead of ending the cell
 *   wait            the same with interrupts on
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/printk.h>
#include <guest/timer.h>

#define STEPS 4096

/* xorshift64 of G. Marsaglia over a table, so that memory takes part. */
static uint64_t round_of(uint64_t x)
{
	static uint64_t table[512];

	for (unsigned int i = 0; i < STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		table[x & 511] += x;
	}
	return x + table[x & 511];
}

void guest_main(void)
{
	uint64_t rounds = (uint64_t)cmdline_number("rounds", 1000);
	uint64_t done = 0, sum = 88172645463325252ULL, begin;

	if (cmdline_number("pause-ms", 0)) {
		printk("compute: ready\n");
		timer_delay_us((uint64_t)cmdline_number("pause-ms", 0) * 1000);
	}
	printk("compute: start\n");
	begin = timer_now();
	while ((!rounds || done < rounds) && !comm_service()) {
		sum = round_of(sum);
		done++;
	}
	printk("compute: %lu rounds in %lu counts, sum %lx\n", done, timer_now() - begin, sum);
	if (cmdline_flag("halt", false))
		cpu_stop();
	while (cmdline_flag("wait", false))
		cpu_wait();
	guest_end(BH_CELL_SHUT_DOWN);
}
