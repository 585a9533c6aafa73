/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware calls: PSCI 1.1 (DEN 0022) is the core's, for the root too, since its CPUs never really go off: they wait for
 * a cell, or for Linux. Whatever else the root asks goes to the firmware; a cell is told that there is no such call.
 */
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>

#define CALL_64BIT 0x40000000u
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_1_1 0x10001
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_1_1 0x10001

#define PSCI_OFF 1
#define NOT_SUPPORTED (-1)
#define DENIED (-3)
#define ALREADY_ON (-4)

static struct cpu *cpu_find(const struct cell *cell, u64 affinity)
{
	struct cpu *cpu;

	cell_for_each_cpu (cell, cpu)
		if (cpu->arch.affinity == affinity)
			return cpu;
	return NULL;
}

static s64 cpu_on(struct cpu *caller, u64 affinity, u64 entry, u64 context)
{
	struct cpu *cpu = cpu_find(caller->cell, affinity & AFFINITY_MASK);

	/* The guest ABI's answer, where PSCI would have INVALID_PARAMETERS (DEN 0022, 5.6). */
	if (!cpu)
		return DENIED;
	/*
	 * A failed CPU stays as it is until its cell is started again. One that has not got round to its part of the start is
	 * off all the same: the caller, which has, need not know. It will see both requests, in their order.
	 */
	if (cpu->requests & CPU_REQUEST_SIPI ||
	    (cpu->mode != CPU_WAITING && !(cpu->requests & CPU_REQUEST_RESET)))
		return ALREADY_ON;
	cpu->start = entry;
	cpu->arch.start_context = context;
	cpu_request(cpu, CPU_REQUEST_SIPI);
	return 0;
}

static s64 affinity_info(const struct cpu *caller, u64 affinity)
{
	struct cpu *cpu = cpu_find(caller->cell, affinity & AFFINITY_MASK);

	if (!cpu)
		return DENIED;
	return cpu->mode == CPU_RUNNING || cpu->requests & CPU_REQUEST_SIPI ? 0 : PSCI_OFF;
}

/* A stock operating system ends its cell so. Others are told that there is no such call, as they have always been. */
static bool has_power(const struct cell *cell)
{
	return cell != &root_cell && cell->desc->flags & BH_CELL_PC;
}

static s64 psci_features(const struct cell *cell, u32 call)
{
	switch (call) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | CALL_64BIT:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | CALL_64BIT:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | CALL_64BIT:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return 0;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
		return has_power(cell) ? 0 : NOT_SUPPORTED;
	default:
		return NOT_SUPPORTED;
	}
}

/* SMCCC 1.1: x4 to x17 are kept by the firmware or belong to it. */
static __noinline void firmware_call(u64 *regs)
{
	register u64 x0 __asm__("x0") = regs[0];
	register u64 x1 __asm__("x1") = regs[1];
	register u64 x2 __asm__("x2") = regs[2];
	register u64 x3 __asm__("x3") = regs[3];
	register u64 x4 __asm__("x4") = regs[4];
	register u64 x5 __asm__("x5") = regs[5];
	register u64 x6 __asm__("x6") = regs[6];
	register u64 x7 __asm__("x7") = regs[7];

	__asm__ volatile(
		"smc #0"
		: "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
		:
		: "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	regs[0] = x0;
	regs[1] = x1;
	regs[2] = x2;
	regs[3] = x3;
}

static void smccc_call(struct cpu *cpu, u64 *regs, u32 call)
{
	cpu_count_exit(cpu, BH_COUNTER_SMCCC);
	if (unlikely(cpu->cell == &root_cell))
		firmware_call(regs);
	else if (likely(call - SMCCC_VERSION > SMCCC_ARCH_FEATURES - SMCCC_VERSION))
		regs[0] = (u64)NOT_SUPPORTED;
	else if (call == SMCCC_VERSION)
		regs[0] = SMCCC_1_1;
	else
		regs[0] = (u32)regs[1] == SMCCC_ARCH_FEATURES || (u32)regs[1] == SMCCC_VERSION
				  ? 0
				  : (u64)NOT_SUPPORTED;
}

static __noinline void psci_other(struct cpu *cpu, u64 *regs, u32 call)
{
	/* The 32-bit variants have 32-bit arguments. */
	u64 mask = call & CALL_64BIT ? ~0ull : 0xffffffff;

	switch (call) {
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | CALL_64BIT:
		/* Always standby: the guest goes on when something comes, with all it had. */
		if (gic_is_quiet())
			__asm__ volatile("dsb sy\nwfi" ::: "memory");
		regs[0] = 0;
		break;
	case PSCI_CPU_OFF:
		cpu->mode = CPU_WAITING;
		arch_cpu_wait(cpu);
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | CALL_64BIT:
		regs[0] = (u64)cpu_on(cpu, regs[1] & mask, regs[2] & mask, regs[3] & mask);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | CALL_64BIT:
		regs[0] = (u64)affinity_info(cpu, regs[1] & mask);
		break;
	case PSCI_FEATURES:
		regs[0] = (u64)psci_features(cpu->cell, regs[1]);
		break;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
		if (has_power(cpu->cell)) {
			cell_power(cpu, call == PSCI_SYSTEM_OFF ? BH_POWER_OFF : BH_POWER_RESET);
			break;
		}
		/* fall through */
	default:
		/* A cell can switch off no more than its CPUs. */
		if (cpu->cell == &root_cell)
			firmware_call(regs);
		else
			regs[0] = (u64)NOT_SUPPORTED;
	}
}

void psci_call(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u32 call = regs[0];

	/* Of the standard secure services those below 32 are PSCI (DEN 0028, 6.4). */
	if ((call & ~(CALL_64BIT | 0x1f)) != PSCI_VERSION) {
		smccc_call(cpu, regs, call);
		return;
	}
	cpu_count_exit(cpu, BH_COUNTER_PSCI);
	if (likely(call == PSCI_VERSION))
		regs[0] = PSCI_1_1;
	else
		psci_other(cpu, regs, call);
}
