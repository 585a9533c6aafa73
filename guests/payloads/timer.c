/* SPDX-License-Identifier: MIT */
/*
 * timer: how late timer interrupts come, in counts of the time-stamp counter.
 *
 *   hz=10        interrupts per second
 *   report=10    a line each so many interrupts
 *   ticks=0      end after so many (0: never)
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/histogram.h>
#include <guest/printk.h>
#include <guest/timer.h>

static struct histogram latency;

static void tick(uint64_t late, void *context)
{
	(void)context;
	histogram_add(&latency, late);
}

void guest_main(void)
{
	uint64_t hz = (uint64_t)cmdline_number("hz", 10);
	uint64_t report = (uint64_t)cmdline_number("report", 10);
	uint64_t ticks = (uint64_t)cmdline_number("ticks", 0);
	uint64_t next = report;

	printk("timer: %lu Hz, %lu counts per second\n", hz, timer_from_us(1000000));
	timer_periodic(timer_from_us(1000000 / hz), tick, NULL);
	while (!comm_service() && (!ticks || latency.count < ticks)) {
		cpu_wait();
		if (report && latency.count >= next) {
			next += report;
			histogram_print(&latency, "timer: latency");
		}
	}
	timer_stop();
	histogram_print(&latency, "timer: total");
	guest_end(BH_CELL_SHUT_DOWN);
}
