/* SPDX-License-Identifier: MIT */
/*
 * What the payload linux-loader finds in its cell: one block at BH_LINUX_PARAMS, made outside. The loader
 * fills in what only the cell knows (CPUs, rates, the timer's port, PCI) and enters the kernel by the 64-bit boot
 * protocol or by PVH. The block stays where it is for as long as the kernel runs.
 */
#ifndef BULKHEAD_LINUX_H
#define BULKHEAD_LINUX_H

#include <bulkhead/types.h>

#define BH_LINUX_MAGIC 0x4e4c4842 /* "BHLN" */
#define BH_LINUX_PARAMS 0x20000
#define BH_LINUX_LOW_END 0x30000 /* the loader and the block: not for the kernel to use */
#define BH_LINUX_LOW_RAM_END 0xa0000 /* up to here it may */
#define BH_LINUX_CMDLINE_SIZE 4096
#define BH_LINUX_CMDLINE_ROOM 64 /* of which the loader wants so much for itself */
#define BH_LINUX_TABLES_SIZE 4096 /* ACPI tables that are complete but for the timer's port */
#define BH_LINUX_CPUS_MAX 255
#define BH_LINUX_WINDOWS 4 /* where BARs may be: the last one above 4G, the others below */

#ifndef __ASSEMBLER__

/* ACPI 6.4, 5.2.6 */
struct bh_acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum; /* all bytes add up to 0 */
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

/* ACPI 6.4, 5.2.12 */
struct bh_acpi_madt_cpu {
	uint8_t type; /* 0: local APIC */
	uint8_t length;
	uint8_t processor; /* _UID */
	uint8_t apic_id;
	uint32_t flags; /* 1: enabled */
} __attribute__((packed));

struct bh_acpi_madt {
	struct bh_acpi_header header;
	uint32_t apic_address;
	uint32_t flags;
	struct bh_acpi_madt_cpu cpu[BH_LINUX_CPUS_MAX];
} __attribute__((packed));

struct bh_acpi_xsdt {
	struct bh_acpi_header header;
	uint64_t table[4];
} __attribute__((packed));

/* PCI Firmware Specification 3.3, 4.1.2 */
struct bh_acpi_mcfg {
	struct bh_acpi_header header;
	uint64_t reserved0;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved1;
} __attribute__((packed));

/* ACPI 6.4, 6.4.3.5.1: a resource in AML */
struct bh_acpi_window {
	uint8_t tag; /* 0x8a */
	uint16_t length; /* 43 */
	uint8_t type; /* 0: memory */
	uint8_t flags, type_flags;
	uint64_t granularity, first, last, translation, size;
} __attribute__((packed));

/* An SSDT: the PCI host bridge, where its configuration space is, and the generation of this machine. */
struct bh_acpi_pci {
	struct bh_acpi_header header;
	uint8_t bridge[90];
	struct bh_acpi_window window[BH_LINUX_WINDOWS];
	uint8_t motherboard[35];
	struct bh_acpi_window mmconfig;
	uint8_t generation[48];
	uint32_t generation_address;
	uint8_t end;
} __attribute__((packed));

/* For kernels with CONFIG_JAILHOUSE_GUEST: an entry of Linux' list of setup data, and the published structure in it. */
struct bh_linux_setup {
	uint64_t next;
	uint32_t type; /* 6 */
	uint32_t length; /* of what follows: 284 */
	uint16_t version; /* 2 */
	uint16_t compatible_version; /* 1 */
	uint16_t pm_timer_address;
	uint16_t num_cpus;
	uint64_t pci_mmconfig_base;
	uint32_t tsc_khz;
	uint32_t apic_khz;
	uint8_t standard_ioapic;
	uint8_t cpu_ids[BH_LINUX_CPUS_MAX];
	uint32_t uarts; /* a bit each: 0x3f8, 0x2f8, 0x3e8, 0x2e8 */
} __attribute__((packed));

struct bh_linux_params {
	uint8_t zero_page[4096]; /* Linux' struct boot_params */
	char cmdline[BH_LINUX_CMDLINE_SIZE];
	uint8_t tables[BH_LINUX_TABLES_SIZE];
	struct bh_acpi_xsdt xsdt; /* the last table, the MCFG, does not count yet */
	struct bh_acpi_madt madt; /* with no CPU yet */
	struct bh_acpi_mcfg mcfg; /* without address and buses yet */
	struct bh_acpi_pci pci; /* with all windows empty */
	struct bh_linux_setup setup; /* without what the cell's comm region says */
	/* Random; the loader makes it another one at each start. Microsoft's paper of this name asks for the alignment. */
	uint8_t generation_id[16] __attribute__((aligned(8)));
	uint32_t magic;
	uint32_t fadt; /* where it is in tables */
	uint64_t entry; /* 64-bit entry point, unless */
	uint64_t pvh_entry; /* not 0: it is entered there, in 32-bit mode with a PVH start info */
	uint64_t kernel; /* what has to be mapped for it */
	uint64_t kernel_size;
	uint64_t time; /* seconds since 1970, UTC, when the TSC was */
	uint64_t time_tsc;
} __attribute__((packed));

#endif
#endif
