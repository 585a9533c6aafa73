// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core tells the root by an ordinary interrupt. Its vector comes from the kernel's own vector
 * domain, so it shows in /proc/interrupts, can be moved, and follows when its CPU is unplugged.
 */

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/workqueue.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/smp.h>
#include "core.h"
#include "launch.h"

static struct fwnode_handle *notify_node;
static struct irq_domain *notify_domain;
static unsigned int notify_irq;
static bool notify_armed; /* the core knows the vector */
static DEFINE_RAW_SPINLOCK(notify_lock); /* the latest target is always told last */
static atomic_t notify_bits;

static void notify_work(struct work_struct *work)
{
	u32 bits = atomic_xchg(&notify_bits, 0);

	if (bits & BH_NOTIFY_EVENT)
		stream_drain();
	if (bits & BH_NOTIFY_STATE)
		cell_states_announce();
	wake_up_interruptible_all(&bh_core.wait);
}
static DECLARE_WORK(notify_work_item, notify_work);

static irqreturn_t notify_handle(int irq, void *data)
{
	long bits = bh_hypercall(BH_HC_NOTIFY_ACK, 0, 0);

	if (bits > 0) {
		atomic_or(bits, &notify_bits);
		schedule_work(&notify_work_item);
	}
	return IRQ_HANDLED;
}

/* Not dest_apicid: that is a logical destination where the kernel runs the APICs in flat mode. */
static int notify_tell(struct irq_data *data)
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
	unsigned long flags;

	if (ret < 0)
		return ret;
	raw_spin_lock_irqsave(&notify_lock, flags);
	if (notify_armed)
		notify_tell(data);
	raw_spin_unlock_irqrestore(&notify_lock, flags);
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

static void notify_free(void)
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

/* After launch: the core is there to be told. */
int notify_start(struct bh_call *call)
{
	struct irq_alloc_info info = {.mask = cpu_online_mask};
	unsigned long flags;
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
	ret = request_irq(notify_irq, notify_handle, 0, "bulkhead", &bh_core);
	if (ret)
		goto fail;

	raw_spin_lock_irqsave(&notify_lock, flags);
	ret = notify_tell(irq_get_irq_data(notify_irq));
	notify_armed = !ret;
	raw_spin_unlock_irqrestore(&notify_lock, flags);
	if (!ret)
		return 0;
	free_irq(notify_irq, &bh_core);
fail:
	notify_free();
	return error_set(call, -ret, BH_R_OTHER,
			 "the kernel gave no interrupt for notifications (error %d)", -ret);
}

/* Before the core leaves. */
void notify_stop(void)
{
	unsigned long flags;

	if (!notify_irq)
		return;
	raw_spin_lock_irqsave(&notify_lock, flags);
	notify_armed = false;
	bh_hypercall(BH_HC_NOTIFY_SET, 0, 0);
	raw_spin_unlock_irqrestore(&notify_lock, flags);
	free_irq(notify_irq, &bh_core);
	cancel_work_sync(&notify_work_item);
	notify_free();
}
