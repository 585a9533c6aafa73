/* SPDX-License-Identifier: MIT */
/*
 * Bench markers: NOPs by which a guest tells an instruction-counting emulator plugin where
 * a measured operation begins and ends. On a real CPU they do nothing.
 *
 * x86: the eight bytes 0f 1f 84 00 (NOPL disp32(%rax,%rax,1)), then the displacement
 * BH_BENCH_MARK(id, end), little endian.
 */
#ifndef BULKHEAD_BENCH_H
#define BULKHEAD_BENCH_H

#define BH_BENCH_MAGIC 0x42480000 /* upper half of the displacement */
#define BH_BENCH_MAGIC_MASK 0xffff8000
#define BH_BENCH_MARK(id, end) (BH_BENCH_MAGIC | (id) << 1 | (end))
#define BH_BENCH_MARK_ID(mark) ((mark) >> 1 & 0x3fff)
#define BH_BENCH_MARK_END(mark) ((mark)&1)
#define BH_BENCH_X86_OPCODE 0x00841f0f /* the first four bytes of a marker, little endian */
#define BH_BENCH_ROUNDS 200 /* of every operation */

#define BH_BENCH_EMPTY 0
#define BH_BENCH_CPUID 1
#define BH_BENCH_HYPERCALL 2
#define BH_BENCH_SELF_IPI 3
#define BH_BENCH_PCI_PORTS 4
#define BH_BENCH_PCI_DATA 5
#define BH_BENCH_XAPIC_EOI 6
#define BH_BENCH_SUBPAGE_READ 7
#define BH_BENCH_X2APIC_EOI 8
#define BH_BENCH_IDS 9

/* One line per id, in order: X(id, "name"). */
#define BH_BENCH_TABLE(X)                                                           \
	X(BH_BENCH_EMPTY, "empty pair of markers")                                  \
	X(BH_BENCH_CPUID, "CPUID")                                                  \
	X(BH_BENCH_HYPERCALL, "hypercall (CPU state)")                              \
	X(BH_BENCH_SELF_IPI, "self-IPI by x2APIC MSR to first handler instruction") \
	X(BH_BENCH_PCI_PORTS, "PCI configuration read by ports (address and data)") \
	X(BH_BENCH_PCI_DATA, "PCI configuration read by ports (data alone)")        \
	X(BH_BENCH_XAPIC_EOI, "xAPIC EOI write")                                    \
	X(BH_BENCH_SUBPAGE_READ, "sub-page MMIO read, 4 bytes")                     \
	X(BH_BENCH_X2APIC_EOI, "x2APIC EOI write by MSR")

/* The marker as a string for inline assembly; id and end are literal numbers or macros of this file. */
#define BH_BENCH_STRING(x) #x
#define BH_BENCH_EXPAND(x) BH_BENCH_STRING(x)
#define BH_BENCH_X86(id, end) \
	".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long " BH_BENCH_EXPAND(BH_BENCH_MARK(id, end)) "\n\t"
#define BH_BENCH_X86_BEGIN(id) BH_BENCH_X86(id, 0)
#define BH_BENCH_X86_END(id) BH_BENCH_X86(id, 1)

#endif
