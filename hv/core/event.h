/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event ring and the interrupt that tells the root Linux about it. */
#ifndef HV_EVENT_H
#define HV_EVENT_H

#include <bulkhead/event.h>
#include <bulkhead/ring.h>
#include <hv/core/types.h>

struct cell;
struct cpu;

/* Number, time, and room are the ring's business; everything else is the caller's. Any context. */
void event_record(struct bh_event *event);
void event_cell_state(struct cell *cell, u32 former, u32 state);

/* Raise BH_NOTIFY_ bits at the root; an interrupt is sent when none was pending. */
void notify_root(u32 bits);
/* BH_HC_NOTIFY_SET, _ACK, BH_HC_EVENT_ACK */
void notify_set(u32 apic_id, u32 vector);
u32 notify_vector(void); /* 0: none */
u32 notify_ack(void);
void event_ack(u32 next);

#endif
