// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt is the distributor's last SPI, which no device has as far as Linux knows: the core makes it pending in
 * hardware, and it goes wherever Linux has routed it.
 */

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include "../arch.h"
#include "../launch.h"
#include "platform.h"

#define GICD_TYPER 0x4
#define INTID_MAX 1020

static unsigned int notify_irq;

int arch_notify_alloc(void)
{
	void __iomem *gicd = ioremap(platform_gicd(), PAGE_SIZE);
	u32 lines;

	if (!gicd)
		return -ENOMEM;
	lines = min_t(u32, ((readl(gicd + GICD_TYPER) & 0x1f) + 1) * 32, INTID_MAX);
	iounmap(gicd);
	notify_irq = platform_line(lines - 1);
	return notify_irq ?: -EBUSY;
}

void arch_notify_free(void)
{
	if (notify_irq)
		irq_dispose_mapping(notify_irq);
	notify_irq = 0;
}

int arch_notify_tell(struct irq_data *data)
{
	return bh_hypercall(BH_HC_NOTIFY_SET, 0, irqd_to_hwirq(data));
}
