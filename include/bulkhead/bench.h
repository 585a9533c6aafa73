/* SPDX-License-Identifier: MIT */
/*
 * Bench markers: NOPs by which a guest tells an instruction-counting emulator plugin where
 * a measured operation begins and ends. On a real CPU they do nothing.
 *
 * x86: the eight bytes 0f 1f 84 00 (NOPL disp32(%rax,%rax,1)), then the displacement
 * BH_BENCH_MARK(id, end), little endian.
 * arm64: MOVZ XZR with the lower half of that, whose second byte is BH_BENCH_ARM64_MAGIC then.
 */
#ifndef BULKHEAD_BENCH_H
#define BULKHEAD_BENCH_H

#define BH_BENCH_MAGIC 0x42480000 /* upper half of the displacement */
#define BH_BENCH_MAGIC_MASK 0xffff8000
#define BH_BENCH_MARK(id, end) (BH_BENCH_MAGIC | (id) << 1 | (end))
#define BH_BENCH_MARK_ID(mark) ((mark) >> 1 & 0x3fff)
#define BH_BENCH_MARK_END(mark) ((mark)&1)
#define BH_BENCH_ARM64_MAGIC 0x42
#define BH_BENCH_ARM64_OPCODE 0xd280001f /* MOVZ XZR, #0; the immediate starts at bit 5 */
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
#define BH_BENCH_DOORBELL 9
#define BH_BENCH_DOORBELL_HANDLER 10
#define BH_BENCH_DOORBELL_TO_ROOT 11
#define BH_BENCH_DOORBELL_OF_ROOT 12
#define BH_BENCH_PSCI_VERSION 13
#define BH_BENCH_SMCCC 14
#define BH_BENCH_GICD_READ 15
#define BH_BENCH_GICD_ENABLE 16
#define BH_BENCH_GICR_READ 17
#define BH_BENCH_SELF_SGI 18
#define BH_BENCH_TICK 19
#define BH_BENCH_ECAM_READ 20
#define BH_BENCH_LINK_READ 21
#define BH_BENCH_LINK_STATE 22
#define BH_BENCH_DOORBELL_NOBODY 23
#define BH_BENCH_IDS 24

/* From here on what is counted are the instructions of each CPU of the machine, not only those of the one with the markers. */
#define BH_BENCH_MACHINE 48
#define BH_BENCH_NET_SMALL 48 /* datagrams there and back */
#define BH_BENCH_NET_SEND 49 /* a stream there */
#define BH_BENCH_NET_ECHO 50 /* a stream there and back */
#define BH_BENCH_ENABLE 52
#define BH_BENCH_CREATE 53
#define BH_BENCH_START 54
#define BH_BENCH_DESTROY 55

/* One line per id, in order: X(id, "name"). */
#define BH_BENCH_TABLE(X)                                                             \
	X(BH_BENCH_EMPTY, "empty pair of markers")                                    \
	X(BH_BENCH_CPUID, "CPUID")                                                    \
	X(BH_BENCH_HYPERCALL, "hypercall (CPU state)")                                \
	X(BH_BENCH_SELF_IPI, "self-IPI by x2APIC MSR to first handler instruction")   \
	X(BH_BENCH_PCI_PORTS, "PCI configuration read by ports (address and data)")   \
	X(BH_BENCH_PCI_DATA, "PCI configuration read by ports (data alone)")          \
	X(BH_BENCH_XAPIC_EOI, "xAPIC EOI write")                                      \
	X(BH_BENCH_SUBPAGE_READ, "sub-page MMIO read, 4 bytes")                       \
	X(BH_BENCH_X2APIC_EOI, "x2APIC EOI write by MSR")                             \
	X(BH_BENCH_DOORBELL, "doorbell of a link")                                    \
	X(BH_BENCH_DOORBELL_HANDLER, "doorbell to first instruction of own handler")  \
	X(BH_BENCH_DOORBELL_TO_ROOT, "doorbell from a cell to the root")              \
	X(BH_BENCH_DOORBELL_OF_ROOT, "doorbell from a program of the root to a cell") \
	X(BH_BENCH_PSCI_VERSION, "PSCI_VERSION")                                      \
	X(BH_BENCH_SMCCC, "SMCCC call that is not known")                             \
	X(BH_BENCH_GICD_READ, "distributor read (ISENABLER)")                         \
	X(BH_BENCH_GICD_ENABLE, "distributor write (ISENABLER of an own SPI)")        \
	X(BH_BENCH_GICR_READ, "redistributor read (ISENABLER)")                       \
	X(BH_BENCH_SELF_SGI, "SGI to self until the vector")                          \
	X(BH_BENCH_TICK, "tick of the timer, end of interrupt included")              \
	X(BH_BENCH_ECAM_READ, "PCI configuration read in memory (ECAM)")              \
	X(BH_BENCH_LINK_READ, "register read of a link")                              \
	X(BH_BENCH_LINK_STATE, "state change of a link")                              \
	X(BH_BENCH_DOORBELL_NOBODY, "doorbell of a link to a peer that is not there")

/* The marker as a string for inline assembly; id and end are literal numbers or macros of this file. */
#define BH_BENCH_STRING(x) #x
#define BH_BENCH_EXPAND(x) BH_BENCH_STRING(x)
#define BH_BENCH_X86(id, end) \
	".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long " BH_BENCH_EXPAND(BH_BENCH_MARK(id, end)) "\n\t"
#define BH_BENCH_X86_BEGIN(id) BH_BENCH_X86(id, 0)
#define BH_BENCH_X86_END(id) BH_BENCH_X86(id, 1)
#define BH_BENCH_ARM64(id, end) \
	"movz xzr, #" BH_BENCH_EXPAND((BH_BENCH_ARM64_MAGIC << 8 | (id) << 1 | (end))) "\n\t"
#define BH_BENCH_ARM64_BEGIN(id) BH_BENCH_ARM64(id, 0)
#define BH_BENCH_ARM64_END(id) BH_BENCH_ARM64(id, 1)

#endif
