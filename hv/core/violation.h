/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forbidden accesses: record, then stop or ignore as the cell's policy says. */
#ifndef HV_VIOLATION_H
#define HV_VIOLATION_H

#include <bulkhead/event.h>
#include <hv/core/types.h>

struct cpu;

struct violation {
	u8 kind; /* BH_KIND_ */
	u8 width;
	bool dropped; /* recorded, but never stops: an IPI to a foreign CPU */
	bool final; /* stops whatever the policy says: there is nothing to go on with */
	u32 flags; /* BH_EVENT_WRITE, _FETCH, _VALUE */
	u64 address;
	u64 value;
};

/*
 * Records the event and counts it. true: the access is to be ignored (skip the instruction, reads see
 * ones). false: the CPU has been stopped; leave the exit handler without touching the guest further.
 */
bool violation_ignored(struct cpu *cpu, const struct violation *v);

#endif
