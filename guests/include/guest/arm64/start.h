/* SPDX-License-Identifier: MIT */
/* What start-up leaves behind: how each kind of CPU start found the registers. */
#ifndef GUEST_ARM64_START_H
#define GUEST_ARM64_START_H

/* System registers in the order of start_snapshot.system. ELR_EL1 is not among them: start-up needs one to begin with. */
#define START_SYSTEM_REGISTERS(X) \
	X(daif)                   \
	X(currentel)              \
	X(spsel)                  \
	X(sp_el0)                 \
	X(spsr_el1)               \
	X(sctlr_el1)              \
	X(cpacr_el1)              \
	X(ttbr0_el1)              \
	X(ttbr1_el1)              \
	X(tcr_el1)                \
	X(mair_el1)               \
	X(amair_el1)              \
	X(vbar_el1)               \
	X(contextidr_el1)         \
	X(esr_el1)                \
	X(far_el1)                \
	X(afsr0_el1)              \
	X(afsr1_el1)              \
	X(par_el1)                \
	X(csselr_el1)             \
	X(tpidr_el0)              \
	X(tpidr_el1)              \
	X(tpidrro_el0)            \
	X(cntkctl_el1)            \
	X(cntp_ctl_el0)           \
	X(cntv_ctl_el0)           \
	X(cntp_cval_el0)          \
	X(cntv_cval_el0)          \
	X(mdscr_el1)              \
	X(pmcr_el0)               \
	X(pmcntenset_el0)         \
	X(pmintenset_el1)

#define START_SP 248
#define START_SYSTEM 256
#define START_SYSTEM_MAX 32
#define START_SIZE (START_SYSTEM + 8 * START_SYSTEM_MAX)

#ifndef __ASSEMBLER__

#include <stdint.h>

struct start_snapshot {
	uint64_t x[31];
	uint64_t sp;
	uint64_t system[START_SYSTEM_MAX];
};

_Static_assert(sizeof(struct start_snapshot) == START_SIZE, "the start-up code knows it");

extern struct start_snapshot boot_snapshot; /* of the reset */
extern struct start_snapshot cpu_snapshot; /* of the last CPU_ON */

#endif
#endif
