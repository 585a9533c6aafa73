/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module asks of an architecture (x86/, arm64/), besides launch.h. */
#ifndef KMOD_ARCH_H
#define KMOD_ARCH_H

#include <linux/irq.h>
#include <bulkhead/boot.h>
#include <bulkhead/device.h>

#ifdef CONFIG_X86_64
#define ARCH_NAME "x86"
#define ARCH_DESC BH_ARCH_X86
#define ARCH_ELF32 EM_386
#define ARCH_COUNTER_NAMES                                                                   \
	"exits_total", "exits_mmio", "exits_management", "exits_hypercall", "exits_pio",     \
		"exits_xapic", "exits_cr", "exits_cpuid", "exits_xsetbv", "exits_exception", \
		"exits_msr_other", "exits_msr_x2apic_icr"
#define ARCH_COUNTERS BH_COUNTERS_X86
/* Linux gives up memory by hot-remove. */
#define ARCH_MEMORY_ALLOCATED 0
/* Entries of the first page tables: present and writable, large pages. */
#define ARCH_PT_TABLE 3
#define ARCH_PT_PAGE 3
#define ARCH_PT_BLOCK (3 | BIT(7))
#else
#define ARCH_NAME "arm64"
#define ARCH_DESC BH_ARCH_ARM64
#define ARCH_ELF32 EM_ARM
#define ARCH_COUNTER_NAMES                                                                       \
	"exits_total", "exits_mmio", "exits_management", "exits_hypercall", "exits_maintenance", \
		"exits_virt_irq", "exits_virt_sgi", "exits_psci", "exits_smccc"
#define ARCH_COUNTERS BH_COUNTERS_ARM64
/* Memory that was there at boot is never offlined (arch/arm64/mm/mmu.c), but can be allocated block by block. */
#define ARCH_MEMORY_ALLOCATED 1
/* Memory: RES1 (AP[1]), inner shareable, accessed; attribute 0 (DDI 0487, D8.3). */
#define ARCH_PT_MEMORY (BIT(6) | BIT(8) | BIT(9) | BIT(10))
#define ARCH_PT_TABLE 3
#define ARCH_PT_PAGE (ARCH_PT_MEMORY | 3)
#define ARCH_PT_BLOCK (ARCH_PT_MEMORY | 1)
#endif

/* Where the core may be linked: the loader maps it there. */
bool arch_link_address_good(u64 address);
/* Bytes of page tables for a machine with addresses up to @limit, besides what all need. */
u64 arch_tables_size(u64 limit);
/*
 * What firmware keeps for itself though it is no RAM to Linux: where it ends (0: not known), and whether any lies there.
 */
u64 arch_firmware_limit(void);
bool arch_firmware_keeps(u64 start, u64 size);
/* Whether firmware says that all of it is RAM, whatever Linux makes of it. Multiples of 2 MiB. */
bool arch_is_ram(u64 start, u64 size);
bool arch_cpu_is_boot(unsigned int cpu);
/* CPUs, interrupt controllers, clocks, pages nobody may have. */
int arch_platform_fill(struct bh_call *call, struct bh_boot_info *info);
/* The counter that the core takes times from. */
u64 arch_ticks(void);
u32 arch_ticks_khz(void);
struct pci_bus;
struct pci_ops;
/* A PCI bus for the root's side of links, scanned; NULL: none. */
struct pci_bus *arch_links_bus(int domain, struct pci_ops *ops, struct list_head *resources);
void arch_links_bus_gone(void);
/* Written through the caches, to be read without. */
void arch_memory_written(void *start, size_t size);

/* An interrupt of Linux that the core can raise. The number, or -errno. */
int arch_notify_alloc(void);
void arch_notify_free(void);
int arch_notify_tell(struct irq_data *data); /* the core gets to know it */
void notify_moved(struct irq_data *data); /* the interrupt's CPU is another now */

#endif
