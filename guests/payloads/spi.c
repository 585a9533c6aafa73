/* SPDX-License-Identifier: MIT */
/*
 * spi: takes a shared interrupt of an arm64 machine, several times: "spi: N came M times". The distributor is told to make it
 * pending, or a real-time clock makes it, a PL031 (DDI 0224) whose registers the cell has.
 *
 *   id=34          which interrupt
 *   rtc=ADDRESS    the clock makes it, in steps of a second
 *   times=3        how often
 */
#include <guest/arm64/gic.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/timer.h>

#define GICD_ISPENDR 0x200
#define RTC_DATA 0x00
#define RTC_MATCH 0x04
#define RTC_ENABLE 0x10
#define RTC_CLEAR 0x1c
#define PATIENCE_US 20000000

static unsigned int id;
static uint64_t rtc;
static volatile unsigned int came;

static void make(void)
{
	if (rtc)
		mmio_write32(rtc + RTC_MATCH, mmio_read32(rtc + RTC_DATA) + 1);
	else
		mmio_write32(comm_region->gicd_base + GICD_ISPENDR + id / 32 * 4, 1u << id % 32);
}

static void taken(void *context)
{
	(void)context;
	if (rtc)
		mmio_write32(rtc + RTC_CLEAR, 1);
	came++;
}

/* Waits, with interrupts on, until it has come as often. */
static bool comes(unsigned int times)
{
	uint64_t end = timer_now() + timer_from_us(PATIENCE_US);

	while (came < times) {
		if (timer_now() > end)
			return false;
		cpu_relax();
	}
	return true;
}

void guest_main(void)
{
	unsigned int times = (unsigned int)cmdline_number("times", 3);
	bool good = true;

	id = (unsigned int)cmdline_number("id", 34);
	rtc = (uint64_t)cmdline_number("rtc", 0);
	if (rtc) {
		memory_map(rtc, 0x1000, MEMORY_DEVICE);
		mmio_write32(rtc + RTC_CLEAR, 1);
		mmio_write32(rtc + RTC_ENABLE, 1);
	}
	interrupt_handler_set(id, taken, NULL);
	gic_enable(id);
	interrupts_on();
	for (unsigned int i = 1; good && i <= times; i++) {
		make();
		good = comes(i);
	}
	interrupts_off();
	if (rtc)
		mmio_write32(rtc + RTC_ENABLE, 0);
	printk("spi: %u came %u times\n", id, came);
	guest_end(good && came == times ? BH_CELL_SHUT_DOWN : BH_CELL_FAILED);
}
