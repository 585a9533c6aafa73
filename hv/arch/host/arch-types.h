/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU and a cell are where the core runs as an ordinary library. */
#ifndef HV_HOST_ARCH_TYPES_H
#define HV_HOST_ARCH_TYPES_H

#include <hv/arch/x86/pc.h>
#include <hv/core/types.h>

#define ARCH_DESC BH_ARCH_X86
#define ARCH_CELL_FLAGS BH_CELL_PC
#define ARCH_COUNTERS BH_COUNTERS_X86
#define ARCH_LINK_PINS 0 /* devices of links have MSI-X */
#define ARCH_PCI_PC 1 /* PCI of a PC: ports, messages to CPUs, configuration space for every cell */
#define ARCH_CLOCK_SPINS 1 /* looks at what is waited for between two looks at the clock */
#define ARCH_UNMAPPED_ADDRESS 0xffffff0000000000ull

struct arch_cpu {
	u32 apic_id;
	u32 ldr; /* logical id, as the guest has set it */
	bool silent; /* does not leave its guest when kicked, as a CPU that is stuck in firmware */
	u64 entry; /* where it was started last */
	u32 starts, stops, flushes, nmis; /* how often each was carried out */
};

/* The same fields as on x86 for the parts that are shared with it: ioapic.c, pio.c and pc.c. */
struct arch_cell {
	u8 *iopm;
	u32 ioapic_index[8];
	struct pc pc;
};

#endif
