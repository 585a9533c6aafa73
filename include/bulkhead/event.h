/* SPDX-License-Identifier: MIT */
/* Event records: what the core reports to the root Linux. */
#ifndef BULKHEAD_EVENT_H
#define BULKHEAD_EVENT_H

#include <bulkhead/types.h>
#include <bulkhead/cell.h>

/* struct bh_event.type */
#define BH_EVENT_VIOLATION 1 /* a forbidden access: kind, access and registers are filled */
#define BH_EVENT_CELL_STATE \
	2 /* a cell changed its state: value = BH_CELL_, address = the former one */
#define BH_EVENT_CPU_FAILED 3 /* a CPU was stopped; a violation or fault event came before */
#define BH_EVENT_CORE_FAULT 4 /* the core faulted: ip and address are the core's */
#define BH_EVENT_CELL_POWER 5 /* a cell with BH_CELL_PC ended itself: value = BH_POWER_ */

/* BH_EVENT_CELL_POWER: value */
#define BH_POWER_OFF 1
#define BH_POWER_RESET 2 /* it wants to be started again */

/* struct bh_event.flags */
#define BH_EVENT_WRITE 0x1 /* else read */
#define BH_EVENT_FETCH 0x2 /* instruction fetch */
#define BH_EVENT_STOPPED 0x4 /* the CPU was stopped for it */
#define BH_EVENT_64BIT 0x8 /* the CPU was in 64-bit mode */
#define BH_EVENT_VALUE 0x10 /* value holds what was to be written */

/* BH_KIND_CPU: what the address field says */
#define BH_CPU_TRIPLE_FAULT 1
#define BH_CPU_VIRT_INSTRUCTION 2 /* VMRUN and its kin */
#define BH_CPU_XSETBV 3
#define BH_CPU_CR 4
#define BH_CPU_MACHINE_CHECK 5
#define BH_CPU_UNKNOWN_EXIT 6 /* value = the exit code */

struct bh_event {
	uint64_t number; /* from 0, one more each; a jump means records did not fit */
	uint64_t tsc; /* when */
	uint16_t type; /* BH_EVENT_ */
	uint16_t kind; /* BH_KIND_ */
	uint32_t flags;
	uint32_t cell; /* id */
	uint32_t cpu; /* Linux CPU number */
	uint32_t width; /* bytes; 0: unknown */
	uint32_t code_length; /* valid bytes in code */
	uint64_t
		address; /* guest-physical address, port, MSR, BDF << 12 | register, APIC id, call number … */
	uint64_t value;
	uint64_t ip;
	uint64_t cpu_flags; /* RFLAGS, SPSR_EL2 */
	uint64_t regs[16]; /* x86: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15; arm64: x0 … x15 */
	/* arm64: SCTLR_EL1, FAR_EL2, TTBR0_EL1, TCR_EL1, ESR_EL2 */
	uint64_t cr0;
	uint64_t cr2;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint32_t cs;
	uint32_t reserved;
	uint8_t code[16]; /* bytes at ip, where they could be read */
};

#endif
