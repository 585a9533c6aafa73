/* SPDX-License-Identifier: MIT */
/*
 * The launch interface: how the loader module hands a machine to the core, and gets it back.
 *
 * The core is a flat image (bulkhead/core-x86.bin) that starts with struct bh_core_header. The loader
 *  1. takes a physically contiguous, 2 MiB aligned range: the core memory;
 *  2. copies the image to its start, clears the rest, and lays behind the image, each page aligned:
 *     struct bh_boot_info, struct bh_shared, one area of cpu_size bytes per CPU; what is left becomes the
 *     core's page pool;
 *  3. builds first page tables in the last BH_BOOT_TABLE_PAGES pages of the core memory: the whole core
 *     memory at link_address (2 MiB pages), and the page(s) of the module's own trampoline at their
 *     Linux addresses. The core replaces them by tables of its own before any guest runs;
 *  4. on every CPU, all at once and with interrupts off, saves the Linux state in cpu[n].state, sets
 *     EFER.SVME, executes CLGI (APM2 15.17: no NMI may arrive between two worlds), loads the first
 *     page tables, the CPU's stack (top of its area) and jumps to the entry with RDI = n.
 * The entry either returns to the trampoline's error label with every register of the CPU as it was, or
 * continues Linux as a guest at cpu[n].state.rip with EAX = 0. BH_HC_DISABLE later jumps to trampoline_leave.
 *
 * arm64: the image's entry is a vector table for EL2. Step 3 maps all core memory once more, one to one, and no
 * trampoline; before step 4 everything written is cleaned to the point of coherency. In step 4 each CPU hands
 * the entry's physical address to the kernel's EL2 stub (HVC_SET_VECTORS) and executes HVC with X0 = n, X1 = the first
 * page tables, X2 = the top of the CPU's area and X3 = resident_phys. X0 is 0 when Linux continues as a guest, 1 when
 * the launch has failed. From then on, in the one case as in the other, and after BH_HC_DISABLE too, calls for the
 * kernel's stub are answered by code in the page at resident_phys, which is Linux' and stays for good.
 */
#ifndef BULKHEAD_BOOT_H
#define BULKHEAD_BOOT_H

#include <bulkhead/types.h>
#ifndef __ASSEMBLER__
#include <bulkhead/cell.h>
#include <bulkhead/error.h>
#endif

#define BH_CORE_MAGIC 0x4f434842 /* "BHCO" */
#define BH_BOOT_VERSION 1
#define BH_BOOT_TABLE_PAGES 8
#define BH_CORE_MEMORY_ALIGN 0x200000
#define BH_CORE_MEMORY_MIN 0x400000

#ifndef __ASSEMBLER__

struct bh_core_header {
	uint32_t magic;
	uint16_t version; /* BH_BOOT_VERSION */
	uint16_t arch; /* BH_ARCH_ */
	uint64_t
		link_address; /* virtual address of the image's first byte in the core's address space */
	uint32_t image_size; /* bytes in the file, a multiple of the page size */
	uint32_t memory_size; /* with zeroed data, a multiple of the page size */
	uint32_t text_end; /* offset: [0, text_end) is read and executed */
	uint32_t rodata_end; /* offset: [text_end, rodata_end) is read; the rest read and written */
	uint32_t entry; /* offset */
	uint32_t
		cpu_size; /* bytes per CPU area, a multiple of the page size; the stack is at its end */
	uint32_t boot_info_size; /* sizeof of the structures below, as the core was built with */
	uint32_t shared_size;
	char build[32]; /* for people */
};

/* struct bh_boot_info.flags */
#define BH_BOOT_SELFTEST 0x1 /* BH_HC_SELFTEST is allowed */

/* Real hardware answers in microseconds; an emulated CPU may not be run for a while. */
#define BH_RESPONSE_MS_MIN 10
#define BH_RESPONSE_MS_MAX 5000

/*
 * Where the root's sides of links are: addresses nothing else answers at, below 4 GiB. Page n is the configuration space
 * of the root's device on link n (device n of a bus of its own), or reads as ones; the BARs are put behind.
 */
#define BH_ROOT_LINKS_CONFIG (BH_LINKS_MAX * 4096)
#define BH_ROOT_LINKS_SIZE (4 * BH_ROOT_LINKS_CONFIG)

#define BH_BOOT_RANGES_MAX 64
#define BH_BOOT_IOAPICS_MAX 8
#define BH_BOOT_GICR_MAX 8

struct bh_range {
	uint64_t start;
	uint64_t size;
};

struct bh_boot_ioapic {
	uint64_t address;
	uint32_t gsi_base;
	uint32_t pins;
};

/* The interrupt controller of an arm64 machine; addresses are physical. */
struct bh_boot_gic {
	uint32_t version; /* 2 or 3; 0: no such machine */
	uint32_t maintenance; /* its interrupt id: a PPI, 16 to 31 */
	uint64_t gicd;
	struct bh_range gicr
		[BH_BOOT_GICR_MAX]; /* version 3: where redistributors are, in pieces; size 0: no more */
	uint32_t
		gicr_stride; /* from one to the next, a power of two; 0: as the architecture has it */
	uint32_t
		gicr_full; /* 1: pieces are full of them to the end, whatever says it is the last */
	uint64_t gicc; /* version 2: CPU interface, hypervisor's and virtual one */
	uint64_t gich;
	uint64_t gicv;
};

/* What the core cannot read from the CPU itself once it runs on its own page tables. */
struct bh_linux_state {
	uint64_t rip; /* where Linux continues: inside the trampoline, success path */
	uint64_t rsp;
	uint64_t rflags;
	uint64_t cr3;
	uint64_t cr4; /* as before the trampoline cleared CR4.PGE */
	uint64_t efer; /* as before SVME was set */
	uint64_t gdt_base;
	uint64_t idt_base;
	uint16_t gdt_limit;
	uint16_t idt_limit;
	/* selectors and attributes, the latter in the VMCB's 12-bit form (APM2 15.5.1) */
	uint16_t cs, cs_attr, ss, ss_attr, ds, ds_attr, es, es_attr;
	uint16_t reserved[2];
};

struct bh_boot_cpu {
	uint32_t present; /* CPU numbers may have holes */
	uint32_t apic_id; /* arm64: affinity 3, 2, 1, 0 of MPIDR_EL1, a byte each */
	uint32_t boot; /* 1: the boot CPU, which never leaves the root */
	uint32_t reserved;
	struct bh_linux_state state;
};

struct bh_boot_info {
	uint32_t version; /* BH_BOOT_VERSION */
	uint32_t size; /* sizeof */
	uint32_t flags; /* BH_BOOT_ */
	uint32_t cpu_count; /* highest CPU number + 1 */
	uint32_t cpus_launching; /* present ones: all of them enter */
	uint32_t tsc_khz;
	uint32_t apic_khz; /* APIC timer input clock, before the divider */
	uint16_t pm_timer_port; /* 0: none */
	/* How long a CPU is waited for, BH_RESPONSE_MS_MIN to _MAX; at launch for ten times as long. */
	uint16_t response_ms;
	struct bh_range core_memory;
	uint64_t shared_offset; /* from the start of the core memory */
	uint64_t cpus_offset;
	uint64_t pool_offset;
	uint64_t phys_limit; /* one more than the highest physical address Linux knows of */
	uint64_t mmconfig_base; /* of segment 0; 0: none */
	uint64_t root_links; /* BH_ROOT_LINKS_SIZE bytes; 0: the root cannot be a peer of links */
	uint32_t mmconfig_end_bus;
	uint32_t ioapic_count;
	struct bh_boot_ioapic ioapic[BH_BOOT_IOAPICS_MAX];
	struct bh_boot_gic gic;
	uint32_t ram_count;
	uint32_t platform_count;
	struct bh_range ram[BH_BOOT_RANGES_MAX]; /* RAM at boot, blocks taken offline included */
	struct bh_range
		platform[BH_BOOT_RANGES_MAX]; /* pages no cell may have: IOMMUs, HPET is not one */
	uint64_t trampoline_virt; /* Linux address of the trampoline's first byte */
	uint64_t trampoline_phys[2]; /* its page, and the next if it spans two */
	uint64_t
		trampoline_leave; /* Linux address the core jumps to when it leaves, see kmod/trampoline.S */
	/* filled by the core when the launch fails */
	volatile uint32_t failed;
	uint32_t reserved1;
	struct bh_error error;
	struct bh_boot_cpu cpu[BH_CPUS_MAX];
};

#endif
#endif
