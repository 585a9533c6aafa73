/* SPDX-License-Identifier: MIT */
/*
 * Why the core refused a request: a code with its arguments, never a bare errno.
 *
 * The table is the single source: the core uses the codes, the module makes the sentences. Columns:
 * code name, errno a program without interest in details gets, sentence. In the sentence {value},
 * {limit}, {index} and {owner} stand for the fields of struct bh_error; {where} for BH_IN_ in words.
 */
#ifndef BULKHEAD_ERROR_H
#define BULKHEAD_ERROR_H

#include <bulkhead/types.h>
#include <bulkhead/hypercall.h>

#define BH_ERRORS(E)                                                                              \
	/* launch */                                                                              \
	E(NONE, 0, "no error")                                                                    \
	E(BOOT_VERSION, BH_ERRNO_INVAL,                                                           \
	  "the core's interface version is {value}, the loader module's {limit}: install both "   \
	  "from the same build")                                                                  \
	E(BOOT_INFO, BH_ERRNO_INVAL, "the launch information is wrong in field {index}: {value}") \
	E(CPU_FEATURE, BH_ERRNO_NODEV, "CPU {index} lacks {feature}, which Bulkhead needs")       \
	E(CPU_IN_USE, BH_ERRNO_BUSY,                                                              \
	  "CPU {index} has its virtualization extension in use already (KVM or another "          \
	  "hypervisor): stop the virtual machines and unload kvm_amd or kvm_intel")               \
	E(CPU_FIRMWARE_LOCK, BH_ERRNO_NODEV,                                                      \
	  "the firmware has disabled virtualization on CPU {index}: enable SVM or VT-x in the "   \
	  "firmware's setup")                                                                     \
	E(CPU_TIMEOUT, BH_ERRNO_IO, "CPU {index} did not respond within {limit} ms")              \
	E(CORE_MEMORY, BH_ERRNO_NOMEM,                                                            \
	  "the core's own memory is too small: {value} pages are needed, {limit} are free")       \
	/* calls */                                                                               \
	E(NOT_ROOT, BH_ERRNO_PERM, "only the root cell may ask for this")                         \
	E(BUSY, BH_ERRNO_BUSY, "another management call is in progress on CPU {value}")           \
	E(CELLS_EXIST, BH_ERRNO_BUSY, "{value} cells still exist: destroy them first")            \
	E(NO_SUCH_CELL, BH_ERRNO_NOENT, "there is no cell {value}")                               \
	E(ROOT_CELL, BH_ERRNO_INVAL, "the root cell cannot be changed in this way")               \
	E(CELL_LOCKED, BH_ERRNO_PERM,                                                             \
	  "{owner} has locked the configuration (state running/locked)")                          \
	E(CELL_DENIED, BH_ERRNO_PERM, "{owner} has denied the request to shut down")              \
	E(CELL_STATE, BH_ERRNO_INVAL, "{owner} is in state {value}, which does not allow this")   \
	E(ADDRESS, BH_ERRNO_INVAL, "the address {value} of the request is not the root's memory") \
	/* descriptor */                                                                          \
	E(DESC_MAGIC, BH_ERRNO_INVAL, "this is not a cell descriptor (magic {value})")            \
	E(DESC_VERSION, BH_ERRNO_INVAL, "cell descriptor version {value}, expected {limit}")      \
	E(DESC_ARCH, BH_ERRNO_INVAL,                                                              \
	  "the descriptor is for architecture {value}, this is {limit}")                          \
	E(DESC_SIZE, BH_ERRNO_2BIG,                                                               \
	  "the descriptor's size {value} is not between {limit} and 64K")                         \
	E(DESC_TABLE, BH_ERRNO_INVAL,                                                             \
	  "the table of {where} lies outside the descriptor or is misaligned ({value})")          \
	E(DESC_COUNT, BH_ERRNO_2BIG, "{value} {where}, at most {limit} are possible")             \
	E(DESC_FLAGS, BH_ERRNO_INVAL, "unknown flags {value} in {where} entry {index}")           \
	E(DESC_NAME, BH_ERRNO_INVAL, "the cell's name is empty or not terminated")                \
	E(DESC_RESERVED, BH_ERRNO_INVAL, "a reserved field of {where} entry {index} is {value}")  \
	E(ID_RANGE, BH_ERRNO_RANGE, "cell id {value} is not between 1 and {limit}")               \
	E(ID_EXISTS, BH_ERRNO_EXIST, "cell id {value} is in use by {owner}")                      \
	E(NAME_EXISTS, BH_ERRNO_EXIST, "{owner} has the same name")                               \
	E(CPU_NONE, BH_ERRNO_INVAL, "the cell has no CPU")                                        \
	E(CPU_UNKNOWN, BH_ERRNO_INVAL, "CPU {value} does not exist (highest: {limit})")           \
	E(CPU_TWICE, BH_ERRNO_INVAL, "CPU {value} is named twice")                                \
	E(CPU_OWNED, BH_ERRNO_BUSY, "CPU {value} belongs to {owner}")                             \
	E(CPU_CALLER, BH_ERRNO_BUSY, "CPU {value} carries out this very call")                    \
	E(CPU_LAST, BH_ERRNO_BUSY, "CPU {value} is the root's last one")                          \
	E(CPU_ROOT_BOOT, BH_ERRNO_BUSY, "CPU {value} is the boot CPU, which stays with the root") \
	E(MEM_EMPTY, BH_ERRNO_INVAL, "memory region {index} has no size")                         \
	E(MEM_WRAP, BH_ERRNO_INVAL,                                                               \
	  "memory region {index}: start {value} and size wrap around or exceed {limit}")          \
	E(MEM_ALIGN, BH_ERRNO_INVAL,                                                              \
	  "memory region {index}: {value} is not a multiple of the page size {limit}")            \
	E(MEM_OWNED, BH_ERRNO_BUSY, "memory region {index}: {value} belongs to {owner}")          \
	E(MEM_NOT_RAM, BH_ERRNO_INVAL,                                                            \
	  "memory region {index}: {value} is not RAM; a device window needs the flag IO")         \
	E(MEM_IS_RAM, BH_ERRNO_INVAL,                                                             \
	  "memory region {index}: {value} is RAM, but the region has the flag IO")                \
	E(MEM_OVERLAP, BH_ERRNO_INVAL,                                                            \
	  "memory regions {index} and {limit} overlap in the cell at {value}")                    \
	E(MEM_PHYS_OVERLAP, BH_ERRNO_INVAL,                                                       \
	  "memory regions {index} and {limit} are the same physical memory at {value}")           \
	E(MEM_PLATFORM, BH_ERRNO_BUSY,                                                            \
	  "memory region {index}: {value} is kept by the core: its own memory, an interrupt "     \
	  "controller, MMCONFIG, an IOMMU or what firmware uses")                                 \
	E(MEM_SUBPAGE, BH_ERRNO_INVAL,                                                            \
	  "memory region {index}: part of a page is possible for device windows only")            \
	E(COMM_TWICE, BH_ERRNO_INVAL, "memory region {index}: there can be one comm region only") \
	E(COMM_SIZE, BH_ERRNO_INVAL,                                                              \
	  "memory region {index}: the comm region's size is {value}, not {limit}")                \
	E(RESET_ADDRESS, BH_ERRNO_INVAL, "the reset address {value} is in no executable region")  \
	E(PIO_RANGE, BH_ERRNO_INVAL, "port range {index}: {value} is empty or beyond 0xffff")     \
	E(PIO_OWNED, BH_ERRNO_BUSY, "port {value} belongs to {owner}")                            \
	E(PIO_PLATFORM, BH_ERRNO_BUSY, "port {value} is one the core keeps (PCI configuration)")  \
	E(IRQCHIP_UNKNOWN, BH_ERRNO_INVAL, "there is no interrupt controller at {value}")         \
	E(IRQ_RANGE, BH_ERRNO_RANGE, "interrupt pin {value} does not exist (pins: {limit})")      \
	E(IRQ_OWNED, BH_ERRNO_BUSY, "interrupt pin {value} belongs to {owner}")                   \
	E(PCI_ABSENT, BH_ERRNO_NODEV, "there is no PCI device {bdf}")                             \
	E(PCI_OWNED, BH_ERRNO_BUSY, "PCI device {bdf} belongs to {owner}")                        \
	E(PCI_BRIDGE, BH_ERRNO_INVAL, "PCI device {bdf} is a bridge, which cannot be assigned")   \
	E(PCI_DOMAIN, BH_ERRNO_INVAL, "PCI segment {value}: only segment 0 is supported")         \
	E(PCI_BAR, BH_ERRNO_INVAL, "PCI device {bdf}: BAR {index} at {value} cannot be mapped")   \
	E(PCI_TWICE, BH_ERRNO_INVAL, "PCI device {bdf} is named twice")                           \
	E(SELFTEST_OFF, BH_ERRNO_PERM, "self tests are off (module parameter selftest)")          \
	E(POLICY, BH_ERRNO_INVAL, "there is no policy {value}")                                   \
	E(CORE_FAULT, BH_ERRNO_IO, "the core faulted at {value} during this call; see its log")   \
	/* links */                                                                               \
	E(LINK_NUMBER, BH_ERRNO_RANGE, "link number {value} is not between 0 and {limit}")        \
	E(LINK_TWICE, BH_ERRNO_INVAL, "link {value} is named twice")                              \
	E(LINK_PEERS, BH_ERRNO_INVAL,                                                             \
	  "link entry {index}: peer {value} of {limit}, but a link has 2 to 16 peers, which "     \
	  "are numbered from 0")                                                                  \
	E(LINK_VECTORS, BH_ERRNO_INVAL,                                                           \
	  "link entry {index}: {value} interrupt vectors; 1 to {limit} are possible")             \
	E(LINK_ALIGN, BH_ERRNO_INVAL,                                                             \
	  "link entry {index}: {value} is not a multiple of the page size {limit}")               \
	E(LINK_WRAP, BH_ERRNO_INVAL,                                                              \
	  "link entry {index}: start {value} and the sections' sizes exceed {limit}")             \
	E(LINK_OVERLAP, BH_ERRNO_INVAL,                                                           \
	  "link entry {index}: {value} is also a memory region's, another link's or the "         \
	  "interrupt controller's")                                                               \
	E(LINK_BDF, BH_ERRNO_INVAL, "PCI device {bdf} of a link is also another device's")        \
	E(LINK_MEMORY, BH_ERRNO_BUSY,                                                             \
	  "link entry {index}: {value} is not RAM of the root alone (owner: {owner})")            \
	E(LINK_DIFFERS, BH_ERRNO_INVAL,                                                           \
	  "link entry {index} says {value}, the cells that have the link {limit}")                \
	E(LINK_PEER, BH_ERRNO_BUSY, "link entry {index}: {owner} is peer {value} already")        \
	E(LINK_CLEARING, BH_ERRNO_BUSY,                                                           \
	  "link entry {index}: {owner} holds the link's memory half-made: destroy it first")      \
	E(LINK_ROOT, BH_ERRNO_INVAL,                                                              \
	  "link entry {index}: the root cannot be peer {value} with {limit} vectors: it needs "   \
	  "a place of its own and 1 to 16 vectors, or both are 0")                                \
	E(LINK_NO_WINDOW, BH_ERRNO_NODEV,                                                         \
	  "link entry {index}: the root cannot be a peer, as the machine's PCI bus has no free "  \
	  "{value} bytes below 4 GiB for its devices")                                            \
	E(NO_SUCH_LINK, BH_ERRNO_NOENT, "there is no link {value} or higher")                     \
	/* launch on arm64 */                                                                     \
	E(CPU_VHE, BH_ERRNO_NODEV,                                                                \
	  "Linux itself runs at EL2 on CPU {index} (VHE), where Bulkhead has to be: boot with "   \
	  "kvm-arm.mode=nvhe, or with id_aa64mmfr1.vh=0 kvm-arm.mode=none")                       \
	E(EL2_IN_USE, BH_ERRNO_BUSY,                                                              \
	  "KVM or another hypervisor holds EL2 on CPU {index}: stop the virtual machines and "    \
	  "boot with kvm.enable_virt_at_load=0 (Linux 6.12 and newer), or with "                  \
	  "kvm-arm.mode=none")                                                                    \
	/* links on arm64 */                                                                      \
	E(LINK_BUS, BH_ERRNO_RANGE,                                                               \
	  "PCI device {bdf} of a link is not on bus 0, the only one of a cell's host bridge")     \
	E(NO_LINES, BH_ERRNO_NODEV,                                                               \
	  "the interrupt controller has an SPI {value} in hardware, which the cell's links or "   \
	  "UART would need for themselves")                                                       \
	/* what there is not on arm64 */                                                          \
	E(PCI_NONE, BH_ERRNO_NODEV,                                                               \
	  "PCI device {bdf}: this machine has no PCI host bridge of segment 0 with its "          \
	  "configuration space in memory (ECAM, from bus 0 on), as far as its firmware says, so " \
	  "PCI devices cannot be given to cells")                                                 \
	E(PIO_NONE, BH_ERRNO_NODEV, "port {value}: there are no I/O ports on arm64")

/* Codes are numbered from 0 in the order above: append only. */
enum bh_error_code {
#define BH_ERROR_ENUM(name, errno_, text) BH_E_##name,
	BH_ERRORS(BH_ERROR_ENUM)
#undef BH_ERROR_ENUM
		BH_ERROR_COUNT
};

/* Which table of the descriptor is meant: {where}. */
#define BH_IN_HEADER 0
#define BH_IN_CPUS 1
#define BH_IN_MEMORY 2
#define BH_IN_PIO 3
#define BH_IN_IRQS 4
#define BH_IN_PCI 5
#define BH_IN_LINKS 6

/* Owners: cell ids (0 = the root), and these. */
#define BH_OWNER_ROOT 0
#define BH_OWNER_LINK 64u /* + number: the memory of a link */
#define BH_OWNER_NOBODY 0xfffffffe
#define BH_OWNER_CORE 0xffffffff

/* CPU features by name: {feature}, in .value of BH_E_CPU_FEATURE. */
#define BH_FEATURES(F)                               \
	F(SVM, "AMD-V (SVM)")                        \
	F(NESTED_PAGING, "nested paging")            \
	F(LONG_MODE, "64-bit mode")                  \
	F(NX, "no-execute pages")                    \
	F(APIC, "a local APIC")                      \
	F(LARGE_PAGES, "2 MiB nested pages")         \
	F(ASIDS, "enough address space identifiers") \
	F(EL2, "exception level 2")                  \
	F(GRANULE, "4 KiB translation granules")     \
	F(REDISTRIBUTOR, "a GICv3 redistributor of its own")

enum bh_feature {
#define BH_FEATURE_ENUM(name, text) BH_FEATURE_##name,
	BH_FEATURES(BH_FEATURE_ENUM)
#undef BH_FEATURE_ENUM
		BH_FEATURE_COUNT
};

struct bh_error {
	uint32_t code; /* BH_E_ */
	uint32_t where; /* BH_IN_ */
	uint32_t
		index; /* of the entry, 0-based; or CPU number; or, with {bdf}, the bus:device.function */
	uint32_t owner; /* cell id or BH_OWNER_ */
	uint64_t value; /* the value that is wrong */
	uint64_t limit; /* what it collides with or may not exceed */
};

#endif
