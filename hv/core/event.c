/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/event.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>

static struct spinlock event_lock;
static u64 event_consumed; /* the root's position, as far as it has told */

static u32 notify_pending;
static struct {
	u32 apic_id;
	u32 vector; /* 0: nobody listens yet */
} notify_target;

void notify_root(u32 bits)
{
	if (!__atomic_fetch_or(&notify_pending, bits, __ATOMIC_ACQ_REL) && notify_target.vector)
		arch_notify(notify_target.apic_id, notify_target.vector);
}

void notify_set(u32 apic_id, u32 vector)
{
	notify_target.vector = 0;
	notify_target.apic_id = apic_id;
	__atomic_store_n(&notify_target.vector, vector, __ATOMIC_RELEASE);
	/* What was raised before, or sent to the former vector at the wrong moment, is said again. */
	if (vector && READ_ONCE(notify_pending))
		arch_notify(apic_id, vector);
}

u32 notify_vector(void)
{
	return READ_ONCE(notify_target.vector);
}

u32 notify_ack(void)
{
	return __atomic_exchange_n(&notify_pending, 0, __ATOMIC_ACQ_REL);
}

void event_record(struct bh_event *event)
{
	struct bh_event_ring *ring = &shared->events;

	spin_lock(&event_lock);
	if (ring->tail - event_consumed >= BH_EVENT_RING_ENTRIES) {
		ring->lost++;
	} else {
		event->number = ring->tail + ring->lost;
		event->tsc = arch_ticks();
		memcpy(&ring->entry[ring->tail % BH_EVENT_RING_ENTRIES], event, sizeof(*event));
		__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&event_lock);
	notify_root(BH_NOTIFY_EVENT);
}

void event_ack(u32 next)
{
	spin_lock(&event_lock);
	/* 32 bits are enough to tell: the position moves forward, at most up to the tail. */
	if ((u32)(next - (u32)event_consumed) <= shared->events.tail - event_consumed)
		event_consumed += (u32)(next - (u32)event_consumed);
	spin_unlock(&event_lock);
}

void event_cell_state(struct cell *cell, u32 former, u32 state)
{
	struct bh_event event = {
		.type = BH_EVENT_CELL_STATE,
		.cell = cell->id,
		.cpu = BH_OWNER_NOBODY,
		.address = former,
		.value = state,
		.flags = BH_EVENT_VALUE,
	};

	event_record(&event);
	notify_root(BH_NOTIFY_STATE);
}
