/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/cpu.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>

u32 cpu_count;

void cpu_request(struct cpu *cpu, u32 requests)
{
	__atomic_or_fetch(&cpu->requests, requests, __ATOMIC_ACQ_REL);
	arch_cpu_kick(cpu);
}

bool cpu_wait(struct cpu *cpu, u32 requests)
{
	u64 end = arch_ticks() + (u64)machine.tsc_khz * CPU_RESPONSE_MS;

	while (__atomic_load_n(&cpu->requests, __ATOMIC_ACQUIRE) & requests) {
		if (arch_ticks() > end)
			return false;
		arch_relax();
	}
	return true;
}

static void cpu_serve(struct cpu *cpu, u32 requests)
{
	if (requests & CPU_REQUEST_STOP) {
		cpu->mode = CPU_STOPPED;
		arch_cpu_stop(cpu);
	}
	if (requests & CPU_REQUEST_FLUSH)
		arch_cpu_flush(cpu);
	if (requests & CPU_REQUEST_RESET) {
		cpu->failed = false;
		cpu->mode = CPU_RUNNING;
		arch_cpu_reset(cpu, cpu->cell->desc->reset_address);
	}
	/* A failed CPU ignores its own cell's INIT and SIPI; so does a stopped one. */
	if (requests & CPU_REQUEST_INIT && cpu->mode == CPU_RUNNING) {
		cpu->mode = CPU_WAITING;
		arch_cpu_wait(cpu);
	}
	if (requests & CPU_REQUEST_SIPI && cpu->mode == CPU_WAITING) {
		cpu->mode = CPU_RUNNING;
		arch_cpu_sipi(cpu, cpu->start_page);
	}
	if (requests & CPU_REQUEST_NMI && cpu->mode == CPU_RUNNING)
		arch_cpu_nmi(cpu);
	cpu_publish(cpu);
}

void cpu_service(struct cpu *cpu)
{
	u32 requests;

	/* Acknowledged only after being carried out; what comes in meanwhile takes another round. */
	while ((requests = __atomic_load_n(&cpu->requests, __ATOMIC_ACQUIRE))) {
		cpu_serve(cpu, requests);
		__atomic_and_fetch(&cpu->requests, ~requests, __ATOMIC_ACQ_REL);
	}
}

void cpu_fail(struct cpu *cpu)
{
	struct bh_event event = {
		.type = BH_EVENT_CPU_FAILED,
		.cell = cpu->cell->id,
		.cpu = cpu->id,
		.flags = BH_EVENT_STOPPED,
	};

	cpu->failed = true;
	cpu->mode = CPU_STOPPED;
	arch_cpu_stop(cpu);
	cpu_publish(cpu);
	event_record(&event);
	cell_cpu_failed(cpu->cell);
}

void cpu_move(struct cpu *cpu, struct cell *cell)
{
	cpu->cell->cpus[cpu->id / 64] &= ~BIT(cpu->id % 64);
	cell->cpus[cpu->id / 64] |= BIT(cpu->id % 64);
	cpu->cell = cell;
	cpu->failed = false;
	for (u32 i = 0; i < BH_COUNTERS_MAX; i++)
		cpu->counters[i] = 0;
	cpu_publish(cpu);
}

void cpu_publish(const struct cpu *cpu)
{
	struct bh_cpu_status *status = &shared->cpu[cpu->id];

	status->present = 1;
	status->cell = cpu->cell->id;
	status->state = cpu->failed ? BH_CPU_FAILED : BH_CPU_RUNNING;
	status->apic_id = arch_cpu_address(cpu);
}
