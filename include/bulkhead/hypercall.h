/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: what a cell, or the root Linux, may ask of the core.
 *
 * Numbers 0 to 8, their arguments, their results and the CPUID signature are those of
 * Jailhouse's published guest ABI, so payloads and kernels built for it run unmodified. Numbers from
 * BH_HC_EXTENSION on are Bulkhead's own; a caller finds out about them through CPUID leaf
 * BH_CPUID_EXTENSION or BH_INFO_VERSION.
 *
 * Convention, x86: VMMCALL on AMD, VMCALL on Intel; number in EAX, arguments in RDI and RSI (EDI and ESI
 * outside 64-bit mode), result in RAX as a 32-bit signed number. Only from CPL 0. All other registers are kept.
 * Convention, arm64: HVC #0x4a48; number in x0, arguments in x1 and x2, result in x0.
 * A negative result is a BH_ERRNO_ value.
 */
#ifndef BULKHEAD_HYPERCALL_H
#define BULKHEAD_HYPERCALL_H

#include <bulkhead/types.h>

#define BH_HC_DISABLE 0 /* root, on every online CPU: the core leaves this machine */
#define BH_HC_CELL_CREATE \
	1 /* root: arg1 = address of a struct bh_cell_desc, arg2 = of a struct bh_error or 0 */
#define BH_HC_CELL_START 2 /* root: arg1 = cell id, arg2 as above */
#define BH_HC_CELL_SET_LOADABLE 3 /* root: arg1 = cell id, arg2 as above */
#define BH_HC_CELL_DESTROY 4 /* root: arg1 = cell id, arg2 as above */
#define BH_HC_HYPERVISOR_INFO 5 /* any cell: arg1 = BH_INFO_ */
#define BH_HC_CELL_STATE 6 /* root: arg1 = cell id; result BH_CELL_ of comm.h */
#define BH_HC_CPU_INFO 7 /* root, or own CPU: arg1 = CPU number, arg2 = BH_CPU_INFO_ */
#define BH_HC_PUTC 8 /* a cell that may write to its console: arg1 = character */

/*
 * Calls 1 to 4 do a bounded piece of work and return -BH_ERRNO_EAGAIN while more is left (memory is
 * being cleared, a cell has not answered yet): the caller does something else for a moment and
 * repeats the same call. So the root is never held in the core longer than one piece takes.
 */
#define BH_HC_EXTENSION 0x4248000
#define BH_HC_NOTIFY_SET \
	(BH_HC_EXTENSION + 0) /* root: arg1 = APIC id of the CPU, arg2 = vector (0: none) */
#define BH_HC_NOTIFY_ACK \
	(BH_HC_EXTENSION + 1) /* root: result = BH_NOTIFY_ bits raised since the last call */
#define BH_HC_EVENT_ACK \
	(BH_HC_EXTENSION + 2) /* root: arg1 = low 32 bits of the next event number wanted */
#define BH_HC_CELL_STOP    \
	(BH_HC_EXTENSION + \
	 3) /* root: arg1 = cell id, arg2 = struct bh_error or 0: by force, no message */
#define BH_HC_POLICY_SET \
	(BH_HC_EXTENSION + 4) /* root: arg1 = cell id, arg2 = kind << 8 | BH_POLICY_ (cell.h) */
#define BH_HC_SELFTEST     \
	(BH_HC_EXTENSION + \
	 5) /* any cell, only when enabled with BH_BOOT_SELFTEST: arg1 = BH_SELFTEST_ */

#define BH_HC_CONSOLE_INPUT \
	(BH_HC_EXTENSION +  \
	 6) /* root: arg1 = cell id, arg2 = character. EAGAIN: there is no room; BH_NOTIFY_CONSOLE when there is */
/*
 * root: arg1, arg2 as of BH_HC_CELL_CREATE, which would refuse what this refuses. Touches nothing, neither CPUs nor the
 * configuration of devices; so what sizes of BARs lead to is left to the call itself.
 */
#define BH_HC_CELL_CHECK (BH_HC_EXTENSION + 7)

#define BH_NOTIFY_EVENT 0x1 /* the event ring has grown */
#define BH_NOTIFY_CONSOLE \
	0x2 /* a console ring or the log has grown, or a console takes input again */
#define BH_NOTIFY_STATE 0x4 /* a cell or CPU changed its state */

#define BH_SELFTEST_FAULT 0 /* the core reads an unmapped address on this CPU */

/* BH_HC_HYPERVISOR_INFO */
#define BH_INFO_POOL_SIZE 0 /* pages for the core's own tables */
#define BH_INFO_POOL_USED 1
#define BH_INFO_REMAP_SIZE 2 /* kept for compatibility: Bulkhead has no remap pool, 0 */
#define BH_INFO_REMAP_USED 3
#define BH_INFO_CELLS 4 /* cells, root included */
#define BH_INFO_VERSION 0x4248 /* major << 16 | minor << 8 | patch */
#define BH_VERSION_NUMBER 0x000100 /* 0.1.0 */

/* BH_HC_CPU_INFO */
#define BH_CPU_INFO_STATE 0 /* BH_CPU_ */
#define BH_CPU_INFO_COUNTER 1000 /* + BH_COUNTER_: 31 bits */

#define BH_CPU_RUNNING 0 /* also: waiting for SIPI, halted, powered off by the cell */
#define BH_CPU_FAILED 2 /* stopped for a forbidden access or a core fault */

/* Exit counters of a CPU; zeroed when the CPU changes its owner. */
#define BH_COUNTER_TOTAL 0
#define BH_COUNTER_MMIO 1
#define BH_COUNTER_MANAGEMENT 2
#define BH_COUNTER_HYPERCALL 3
#define BH_COUNTER_PIO 4
#define BH_COUNTER_XAPIC 5
#define BH_COUNTER_CR 6
#define BH_COUNTER_CPUID 7
#define BH_COUNTER_XSETBV 8
#define BH_COUNTER_EXCEPTION 9
#define BH_COUNTER_MSR_OTHER 10
#define BH_COUNTER_MSR_X2APIC_ICR 11
#define BH_COUNTERS_X86 12
#define BH_COUNTERS_MAX 16
/* arm64 has the first four alike, then */
#define BH_COUNTER_MAINTENANCE 4
#define BH_COUNTER_VIRT_IRQ 5
#define BH_COUNTER_VIRT_SGI 6
#define BH_COUNTER_PSCI 7
#define BH_COUNTER_SMCCC 8
#define BH_COUNTERS_ARM64 9

/* Errors of calls: Linux' numbers, negative in the result. */
#define BH_ERRNO_PERM 1
#define BH_ERRNO_NOENT 2
#define BH_ERRNO_IO 5
#define BH_ERRNO_2BIG 7
#define BH_ERRNO_AGAIN 11
#define BH_ERRNO_NOMEM 12
#define BH_ERRNO_BUSY 16
#define BH_ERRNO_EXIST 17
#define BH_ERRNO_NODEV 19
#define BH_ERRNO_INVAL 22
#define BH_ERRNO_RANGE 34
#define BH_ERRNO_NOSYS 38

/* CPUID on x86. Leaf 1 ECX bit 31 is set in every cell but the root. */
#define BH_CPUID_SIGNATURE \
	0x40000000 /* EAX = BH_CPUID_FEATURES; EBX, ECX, EDX = "Jailhouse\0\0\0" */
#define BH_CPUID_FEATURES 0x40000001 /* all zero: the compatible ABI defines no features */
#define BH_CPUID_EXTENSION \
	0x40000100 /* EAX = BH_CPUID_EXT_VERSION; EBX, ECX, EDX = "Bulkhead\0\0\0\0" */
#define BH_CPUID_EXT_VERSION \
	0x40000101 /* EAX = BH_INFO_VERSION's value, EBX = BH_HC_EXTENSION, ECX = cell id, EDX = buses of memory-mapped PCI configuration space */

#endif
