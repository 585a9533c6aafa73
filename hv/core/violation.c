/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

/* What can be answered by an error or by nothing never stops; what leaves no way on always does. */
static bool violation_stops(const struct cell *cell, u8 kind)
{
	switch (kind) {
	case BH_KIND_HYPERCALL:
		return false;
	case BH_KIND_CPU:
	case BH_KIND_CORE:
		return true;
	default:
		return cell->policy[kind] == BH_POLICY_STOP;
	}
}

bool violation_ignored(struct cpu *cpu, const struct violation *v)
{
	bool stops = !v->dropped && (v->final || violation_stops(cpu->cell, v->kind));
	struct bh_event event = {
		.type = BH_EVENT_VIOLATION,
		.kind = v->kind,
		.flags = v->flags | (stops ? BH_EVENT_STOPPED : 0),
		.cell = cpu->cell->id,
		.cpu = cpu->id,
		.width = v->width,
		.address = v->address,
		.value = v->value,
	};

	shared->cell[cpu->cell->id].violations[v->kind]++;
	arch_cpu_snapshot(cpu, &event);
	event_record(&event);
	if (stops)
		cpu_fail(cpu);
	return !stops;
}
