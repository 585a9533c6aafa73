/* SPDX-License-Identifier: MIT */
/*
 * heartbeat: prints "heartbeat N" each period. None is left out: a beat that comes late says so, in counts
 * of the time-stamp counter.
 *
 *   period-ms=100     how often
 *   limit-us=N        how late a beat may be before it is reported (half a period)
 *   beats=0           end after so many (0: never)
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/printk.h>
#include <guest/timer.h>

static volatile uint64_t beats;
static volatile uint64_t late_since; /* the most, of beats not printed yet */
static volatile uint64_t max_late;

static void beat(uint64_t late, void *context)
{
	(void)context;
	beats++;
	if (late > late_since)
		late_since = late;
	if (late > max_late)
		max_late = late;
}

void guest_main(void)
{
	uint64_t period_us = (uint64_t)cmdline_number("period-ms", 100) * 1000;
	uint64_t limit =
		timer_from_us((uint64_t)cmdline_number("limit-us", (int64_t)period_us / 2));
	uint64_t end = (uint64_t)cmdline_number("beats", 0);
	uint64_t printed = 0;

	timer_periodic(timer_from_us(period_us), beat, NULL);
	while (!comm_service() && (!end || printed < end)) {
		if (printed == beats)
			cpu_wait();
		while (printed < beats) {
			uint64_t late = late_since;

			late_since = 0;
			printed++;
			if (late > limit)
				printk("heartbeat %lu late %lu\n", printed, late);
			else
				printk("heartbeat %lu\n", printed);
		}
	}
	timer_stop();
	printk("heartbeat: %lu beats, at most %lu counts late\n", printed, max_late);
	guest_end(BH_CELL_SHUT_DOWN);
}
