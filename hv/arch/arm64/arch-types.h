/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU and a cell are on arm64. */
#ifndef HV_ARM64_ARCH_TYPES_H
#define HV_ARM64_ARCH_TYPES_H

#include <hv/core/addr.h>
#include <hv/core/console.h>

#define ARCH_DESC BH_ARCH_ARM64
#define ARCH_CELL_FLAGS BH_CELL_PC
#define ARCH_COUNTERS BH_COUNTERS_ARM64
#define ARCH_LINK_PINS 1 /* devices of links have an interrupt pin instead of MSI-X */
#define ARCH_PCI_PC 0 /* PCI as pci-hw.c has it */
/*
 * Looks at what is waited for between two looks at the clock. The counter is slow to read, and in emulators takes a lock that
 * whoever is waited for needs as well.
 */
#define ARCH_CLOCK_SPINS 512
#define ARCH_UNMAPPED_ADDRESS 0xffff00000000ull /* for the self test: nothing is mapped here */

#define GIC_SPIS 988 /* ids 32 to 1019 */
#define GIC_QUEUE 2048 /* more than can be active on one CPU, and a power of two */

/* EL2 as the kernel's stub left it, to be put back. */
struct el2_state {
	u64 sctlr, tcr, mair, ttbr0, sp;
	u64 hcr, vtcr, vttbr, tpidr, cnthctl, cptr, mdcr;
	u64 resident; /* physical: who answers calls for the stub afterwards */
};

/* The CPU's part of the interrupt controller. Lines of a guest are in the list registers or, too many, in the queue. */
struct gic_cpu {
	/*
	 * Of version 2: where the distributor would have one. What a redistributor has on its second page, the distributor has
	 * at the same offsets, for each CPU its own, and none of it is ever touched for another CPU there.
	 */
	paddr_t redistributor;
	bool lpis; /* the root has them on here, while a cell has the CPU */
	u8 mask; /* version 2: the CPU interface's bit in lists of targets */
	volatile u32 sgis; /* sent to this CPU and not in a list register yet */
	u32 sgi_enabled; /* the guest's; no SGI of a guest exists in hardware */
	u8 priority[32];
	u32 queue_first, queue_last; /* free running */
	u32 queue[GIC_QUEUE];
};

struct arch_cpu {
	u64 *regs; /* x0 to x30; SP, ELR and SPSR stay in their registers */
	u64 affinity; /* as in MPIDR_EL1 */
	u64 start_context; /* of CPU_REQUEST_SIPI: for x0 */
	u64 sp; /* of the core while a guest runs: where the registers are */
	bool begins; /* the cell's first CPU, which has not run yet */
	bool must_clean; /* the cell's memory before that */
	struct el2_state el2;
	struct gic_cpu gic;
};

struct arch_cell {
	u64 vttbr;
	u32 spis[32]; /* own ones: bit n of word w is interrupt id 32 w + n */
	u32 spis_were_enabled[32]; /* by the root, when it gave them away */
	u32 uart_mask; /* interrupts the guest wants of its UART */
	struct console_input uart_input;
	bool has_run; /* and may have left something in caches */
};

#endif
