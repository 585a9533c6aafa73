/* SPDX-License-Identifier: MIT */
/*
 * The communication region: one page of the core that a cell sees at the address its descriptor says
 * (payloads built with the usual library expect 0x100000 on x86 and 0x80000000 on arm64).
 *
 * Rebuilt at every start of the cell; bytes past the structure are zero and free for the cell.
 * The cell owns cell_state (any of the BH_CELL_ values) and reply_from_cell; everything else is
 * the core's. The core reads what the cell writes and trusts none of it.
 * Binary compatible with Jailhouse's comm region, revision 2.
 */
#ifndef BULKHEAD_COMM_H
#define BULKHEAD_COMM_H

#include <bulkhead/types.h>

#define BH_COMM_SIGNATURE "JHCOMM"
#define BH_COMM_REVISION 2
#define BH_COMM_SIZE 4096
#define BH_COMM_ADDRESS_X86 0x100000
#define BH_COMM_ADDRESS_ARM64 0x80000000

/* cell_state, and result of BH_HC_CELL_STATE */
#define BH_CELL_RUNNING 0
#define BH_CELL_RUNNING_LOCKED 1 /* set by the cell: no other cell may be created or destroyed */
#define BH_CELL_SHUT_DOWN 2
#define BH_CELL_FAILED 3 /* every CPU has failed, or the cell did not answer in time */
#define BH_CELL_FAILED_COMM_REV 4 /* set by the cell: it does not understand this region */

/* msg_to_cell */
#define BH_MSG_NONE 0
#define BH_MSG_SHUTDOWN_REQUEST 1
#define BH_MSG_RECONFIG_COMPLETED 2

/* reply_from_cell */
#define BH_REPLY_NONE 0
#define BH_REPLY_UNKNOWN 1
#define BH_REPLY_DENIED 2
#define BH_REPLY_APPROVED 3
#define BH_REPLY_RECEIVED 4

/* flags */
#define BH_COMM_CONSOLE_PERMITTED 0x1 /* BH_HC_PUTC is allowed */
#define BH_COMM_CONSOLE_ACTIVE 0x2 /* and shall be the console */

/* console.type */
#define BH_CONSOLE_NONE 0
#define BH_CONSOLE_8250 2
#define BH_CONSOLE_PL011 3

/* console.flags */
#define BH_CONSOLE_MMIO 0x1 /* address is memory; clear: an I/O port */
#define BH_CONSOLE_REGDIST_4 0x2 /* registers lie four bytes apart; clear: one byte */

#ifndef __ASSEMBLER__

struct bh_console_desc {
	uint64_t address;
	uint32_t size; /* bytes, or ports */
	uint16_t type; /* BH_CONSOLE_8250 … */
	uint16_t flags;
	uint32_t divider; /* 0: leave the rate alone */
	uint32_t gate_nr;
	uint64_t clock_reg;
} __attribute__((packed));

struct bh_comm {
	char signature[6];
	uint16_t revision;
	volatile uint32_t cell_state;
	volatile uint32_t msg_to_cell;
	volatile uint32_t reply_from_cell;
	uint32_t flags;
	struct bh_console_desc console;
	uint64_t pci_mmconfig_base; /* 0: none */
	union {
		struct { /* x86 */
			uint16_t pm_timer_address; /* I/O port; 0: none */
			uint16_t num_cpus;
			uint32_t tsc_khz;
			/* APIC timer input clock; a payload divides by 16, which the core has set */
			uint32_t apic_khz;
		} __attribute__((packed));
		struct { /* arm64 */
			uint8_t gic_version; /* 2 or 3 */
			uint8_t padding[7];
			uint64_t gicd_base;
			uint64_t gicc_base; /* version 2 */
			uint64_t gicr_base; /* version 3: of the first redistributor */
			uint32_t vpci_irq_base;
		} __attribute__((packed));
	};
} __attribute__((packed));

#endif
#endif
