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

/*
 * A kick may be lost: one NMI that arrives while another is being taken is not told from it, and emulators
 * drop them. Asking again costs nothing where the first is still on its way, as NMIs coalesce.
 */
bool cpu_wait(struct cpu *cpu, u32 requests)
{
	u64 now = arch_ticks();
	u64 bound = (u64)machine.tsc_khz * machine.response_ms;
	u64 end = now + bound, last = end + bound;
	u64 again = now + (u64)machine.tsc_khz * CPU_KICK_MS;
	u64 before;

	for (u32 spins = 1; __atomic_load_n(&cpu->requests, __ATOMIC_ACQUIRE) & requests; spins++) {
		arch_relax();
		if (spins % ARCH_CLOCK_SPINS)
			continue;
		before = now;
		now = arch_ticks();
		/*
		 * Time in which we did not look, as the machine itself is emulated and was stopped, is not a CPU's silence; but
		 * twice the bound is the end in any case.
		 */
		if (now - before > (u64)machine.tsc_khz * CPU_KICK_MS)
			end = MIN(end + (now - before), last);
		if (now > end)
			return false;
		if (now > again) {
			again = now + (u64)machine.tsc_khz * CPU_KICK_MS;
			arch_cpu_kick(cpu);
		}
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
		arch_cpu_sipi(cpu, cpu->start);
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
