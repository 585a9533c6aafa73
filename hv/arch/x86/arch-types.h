/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU and a cell are on x86. */
#ifndef HV_X86_ARCH_TYPES_H
#define HV_X86_ARCH_TYPES_H

#include <hv/arch/x86/decode.h>
#include <hv/arch/x86/pc.h>
#include <hv/core/addr.h>

#define ARCH_DESC BH_ARCH_X86
#define ARCH_CELL_FLAGS BH_CELL_PC
#define ARCH_COUNTERS BH_COUNTERS_X86
#define ARCH_LINK_PINS 0 /* devices of links have MSI-X */
#define ARCH_PCI_PC 1 /* PCI of a PC: ports, messages to CPUs, configuration space for every cell */
#define ARCH_CLOCK_SPINS 1 /* looks at what is waited for between two looks at the clock */
#define ARCH_UNMAPPED_ADDRESS 0xffffff0000000000ull /* for the self test: nothing is mapped here */

struct vmcb;

/*
 * The instruction that last touched a trapped page. It is still the same one if the page-table
 * entry it was fetched through and its bytes are unchanged: two loads and compares instead of a walk.
 * Forgotten whenever the cell's memory map changes (arch_cpu_flush).
 */
struct insn_cache {
	u64 rip, cr3, cr0;
	u16 cs_attributes; /* with CR0: the mode it was decoded for */
	const u64 *leaf; /* guest page-table entry in the direct map; NULL: paging is off */
	u64 leaf_value;
	const u8 *bytes; /* in the direct map */
	u32 avail; /* bytes to the end of the page */
	struct x86_insn insn;
};

struct arch_cpu {
	u64 *regs; /* .r of a struct x86_regs; rsp, rip and rflags are copied there for emulation only */
	struct vmcb *vmcb;
	u32 apic_id;
	u32 ldr; /* logical destination as the guest wrote it */
	u64 pat; /* as the guest sees it */
	u64 mtrr_def_type;
	volatile u32 kicked; /* an NMI of ours is on its way */
	bool by_sipi; /* started by another CPU of the cell, not with it */
	bool nmi_blocked; /* the guest is in its NMI handler */
	bool nmi_waiting;
	struct insn_cache insn;
};

struct arch_cell {
	u8 *iopm; /* one bit a port, set: intercepted (APM2 15.10.1) */
	u8 *msrpm; /* two bits an MSR (APM2 15.11) */
	u32 ioapic_index[8]; /* IOREGSEL of each IOAPIC as this cell wrote it */
	struct pc pc;
};

#endif
