// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rate of the local APIC's timer, which cells are told. The kernel does not export what it found
 * out itself, so the timer is borrowed for a moment: interrupts are off, it counts masked against the TSC,
 * and then gets back what it was doing.
 */

#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include "../core.h"

#define TIMER_RUNS 3
#define TIMER_RUN_MS 2

static u32 timer_read(void __iomem *page, u32 reg)
{
	u64 value;

	if (page)
		return readl(page + reg);
	rdmsrl(APIC_BASE_MSR + (reg >> 4), value);
	return value;
}

static void timer_write(void __iomem *page, u32 reg, u32 value)
{
	if (page)
		writel(value, page + reg);
	else
		wrmsrl(APIC_BASE_MSR + (reg >> 4), value);
}

static u32 timer_measure(void __iomem *page)
{
	u64 deadline = 0, start, now, until;
	u32 lvt, divide, initial, left, count;
	unsigned long flags;
	bool tsc_mode;

	local_irq_save(flags);
	lvt = timer_read(page, APIC_LVTT);
	divide = timer_read(page, APIC_TDCR);
	initial = timer_read(page, APIC_TMICT);
	left = timer_read(page, APIC_TMCCT);
	tsc_mode = (lvt & (3 << 17)) == APIC_LVT_TIMER_TSCDEADLINE;
	if (tsc_mode)
		rdmsrl(MSR_IA32_TSC_DEADLINE, deadline);

	timer_write(page, APIC_LVTT, APIC_LVT_MASKED | (lvt & 0xff));
	timer_write(page, APIC_TDCR, APIC_TDR_DIV_1);
	timer_write(page, APIC_TMICT, ~0U);
	start = rdtsc_ordered();
	until = start + (u64)tsc_khz * TIMER_RUN_MS;
	do {
		count = timer_read(page, APIC_TMCCT);
		now = rdtsc_ordered();
	} while (now < until);
	timer_write(page, APIC_TMICT, 0);

	timer_write(page, APIC_TDCR, divide);
	timer_write(page, APIC_LVTT, lvt);
	if (tsc_mode) {
		/* SDM Vol. 3, 10.5.4.1: the mode must have changed before the deadline is written. */
		mb();
		wrmsrl(MSR_IA32_TSC_DEADLINE, deadline);
	} else if (lvt & APIC_LVT_TIMER_PERIODIC) {
		timer_write(page, APIC_TMICT, initial);
	} else if (initial) {
		/*
		 * Emulators may raise the interrupt a little after the count has reached zero: it would be
		 * lost, and with it the CPU's tick. One too many does no harm.
		 */
		timer_write(page, APIC_TMICT, max(left, 1U));
	}
	local_irq_restore(flags);
	return div64_u64((u64)(~0U - count) * tsc_khz, now - start);
}

u32 timer_apic_khz(void)
{
	void __iomem *page = NULL;
	u32 best = 0, khz, mhz;
	u64 base;
	int i;

	rdmsrl(MSR_IA32_APICBASE, base);
	if (!(base & X2APIC_ENABLE)) {
		page = ioremap(base & MSR_IA32_APICBASE_BASE, PAGE_SIZE);
		if (!page)
			return 0;
	}
	/* Disturbances (SMM, an emulator's scheduler) come after the count is read: they only lower it. */
	for (i = 0; i < TIMER_RUNS; i++)
		best = max(best, timer_measure(page));
	if (page)
		iounmap(page);

	/* Crystals have round numbers: what is within 0.1 % of a whole MHz is taken for it. */
	mhz = DIV_ROUND_CLOSEST(best, 1000);
	khz = mhz * 1000;
	return abs((int)(khz - best)) <= best / 1000 ? khz : best;
}
