/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the redistributors of a GICv3 are, and whose each is. */
#ifndef HV_ARM64_REDISTRIBUTORS_H
#define HV_ARM64_REDISTRIBUTORS_H

#include <hv/core/cpu.h>
#include <hv/core/types.h>

#define GICR_SHIFT 17
/* Two pages of 64 KiB, behind which there may be more (IHI 0069, 12.10). */
#define GICR_STRIDE (1u << GICR_SHIFT)
#define GICR_TYPER 0x00008
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)

/* Once, when the machine and its CPUs are known: each gets its arch.gic.redistributor, if there is one. */
void redistributors_find(void);

/* Whose the redistributor at this address is, and at which offset of it; NULL: nobody's that is known. */
struct cpu *redistributor_owner(u64 address, u64 *offset);

#endif
