// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vector comes from the kernel's own vector domain, so it follows when its CPU is unplugged.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/smp.h>
#include "../arch.h"
#include "../launch.h"

static struct fwnode_handle *notify_node;
static struct irq_domain *notify_domain;
static unsigned int notify_irq;

/* Not dest_apicid: that is a logical destination where the kernel runs the APICs in flat mode. */
int arch_notify_tell(struct irq_data *data)
{
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));

	if (cpu >= nr_cpu_ids)
		return -ENODEV;
	return bh_hypercall(BH_HC_NOTIFY_SET, per_cpu(x86_cpu_to_apicid, cpu),
			    irqd_cfg(data)->vector);
}

/*
 * The vector domain frees the old vector only after the first interrupt on the new one, so one that is
 * still under way to the old CPU is not lost. Called with the descriptor's lock held, interrupts off.
 */
static int notify_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	if (ret >= 0)
		notify_moved(data);
	return ret;
}

static struct irq_chip notify_chip = {
	.name = "bulkhead",
	.irq_ack = irq_chip_ack_parent,
	.irq_set_affinity = notify_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int notify_domain_alloc(struct irq_domain *domain, unsigned int irq, unsigned int count,
			       void *arg)
{
	int ret = irq_domain_alloc_irqs_parent(domain, irq, count, arg);

	if (ret)
		return ret;
	irq_domain_set_info(domain, irq, 0, &notify_chip, NULL, handle_edge_irq, NULL, "edge");
	/* The core takes a new target at any time: no need to wait for the next interrupt. */
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
	return 0;
}

static const struct irq_domain_ops notify_domain_ops = {
	.alloc = notify_domain_alloc,
	.free = irq_domain_free_irqs_common,
};

void arch_notify_free(void)
{
	if (notify_irq)
		irq_dispose_mapping(notify_irq);
	if (notify_domain)
		irq_domain_remove(notify_domain);
	if (notify_node)
		irq_domain_free_fwnode(notify_node);
	notify_irq = 0;
	notify_domain = NULL;
	notify_node = NULL;
}

int arch_notify_alloc(void)
{
	struct irq_alloc_info info = {.mask = cpu_online_mask};
	int ret = -ENOMEM;

	notify_node = irq_domain_alloc_named_fwnode("bulkhead");
	if (!notify_node)
		goto fail;
	notify_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 1, notify_node,
						    &notify_domain_ops, NULL);
	if (!notify_domain)
		goto fail;
	ret = __irq_domain_alloc_irqs(notify_domain, -1, 1, NUMA_NO_NODE, &info, false, NULL);
	if (ret < 0)
		goto fail;
	notify_irq = ret;
	return ret;
fail:
	arch_notify_free();
	return ret;
}
