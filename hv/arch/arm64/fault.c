/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of the core itself: an error of ours. It says where in the log and as an event, and
 * stops the CPU it happened on, nothing else: locks are dropped, the guest state is lost.
 */
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/event.h>
#include <hv/core/string.h>

void fault_handle(struct cpu *cpu, const u64 *regs) __noreturn;
void fault_handle(struct cpu *cpu, const u64 *regs)
{
	struct bh_event event = {
		.type = BH_EVENT_CORE_FAULT,
		.kind = BH_KIND_CORE,
		.ip = sysreg_read(elr_el2),
		.cpu_flags = sysreg_read(spsr_el2),
		.address = sysreg_read(far_el2),
		.value = sysreg_read(esr_el2),
		.flags = BH_EVENT_STOPPED | BH_EVENT_VALUE | BH_EVENT_64BIT,
	};

	memcpy(event.regs, regs, sizeof(event.regs));
	event.cell = cpu->cell->id;
	event.cpu = cpu->id;
	log_print("core fault: syndrome %lx at %p, address %p, CPU %u of cell %u \"%s\"\n",
		  event.value, (void *)event.ip, (void *)event.address, cpu->id, cpu->cell->id,
		  cpu->cell->name);
	for (u32 i = 0; i < 28; i += 4)
		log_print("  x%u-x%u: %016lx %016lx %016lx %016lx\n", i, i + 3, regs[i],
			  regs[i + 1], regs[i + 2], regs[i + 3]);
	log_print("  x28-x30: %016lx %016lx %016lx\n", regs[28], regs[29], regs[30]);
	management_abandon(cpu);
	event_record(&event);
	cpu_fail(cpu);
	__atomic_store_n(&cpu->requests, 0, __ATOMIC_RELEASE);
	guest_resume(cpu);
}
