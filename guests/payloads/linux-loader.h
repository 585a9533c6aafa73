/* SPDX-License-Identifier: MIT */
/* The parts of the payload linux-loader. */
#ifndef LINUX_LOADER_H
#define LINUX_LOADER_H

#include <bulkhead/linux.h>

/* Linux' Documentation/x86/zero-page.rst */
#define ZP_ACPI_RSDP 0x070
#define ZP_E820_COUNT 0x1e8
#define ZP_RAMDISK 0x218 /* and its size */
#define ZP_E820 0x2d0
#define E820_SIZE 20
#define E820_ENTRIES_MAX 128
#define E820_RESERVED 2

void acpi_checksum(struct bh_acpi_header *table);
/* Completes the tables MCFG and SSDT, and the memory map. */
void pci_describe(struct bh_linux_params *params);
/* What firmware leaves below 1M: a restart entry, and a name for this machine. */
void firmware_put(void);
/* What time it is, for the kernel to find in the CMOS RAM. */
void clock_put(const struct bh_linux_params *params);
/* Enters the kernel at its PVH entry point. */
void pvh_start(const struct bh_linux_params *params) __attribute__((noreturn));
void pvh_enter(uint32_t entry, uint32_t start_info) __attribute__((noreturn));

#endif
