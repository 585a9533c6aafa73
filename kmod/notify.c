// SPDX-License-Identifier: GPL-2.0-or-later
/* The core tells the root by an ordinary interrupt, which shows in /proc/interrupts and can be moved. */

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/workqueue.h>
#include "arch.h"
#include "core.h"
#include "launch.h"

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
	stream_wake();
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

void notify_moved(struct irq_data *data)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&notify_lock, flags);
	if (notify_armed)
		arch_notify_tell(data);
	raw_spin_unlock_irqrestore(&notify_lock, flags);
}

/* After launch: the core is there to be told. */
int notify_start(struct bh_call *call)
{
	unsigned long flags;
	int ret = arch_notify_alloc();

	if (ret < 0)
		goto fail;
	notify_irq = ret;
	ret = request_irq(notify_irq, notify_handle, 0, "bulkhead", &bh_core);
	if (ret)
		goto fail_free;

	raw_spin_lock_irqsave(&notify_lock, flags);
	ret = arch_notify_tell(irq_get_irq_data(notify_irq));
	notify_armed = !ret;
	raw_spin_unlock_irqrestore(&notify_lock, flags);
	if (!ret)
		return 0;
	free_irq(notify_irq, &bh_core);
fail_free:
	arch_notify_free();
	notify_irq = 0;
fail:
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
	arch_notify_free();
	notify_irq = 0;
}
