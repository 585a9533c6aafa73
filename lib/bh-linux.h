/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux kernel for a cell: where its parts go, and what it is told of the cell: on x86 the parameter block for the payload
 * linux-loader, on arm64 a device tree. Needs nothing but libc and libfdt.
 */
#ifndef BH_LINUX_H
#define BH_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bulkhead/boot.h>
#include <bulkhead/cell.h>
#include <bulkhead/device.h>
#include <bulkhead/linux.h>

#define BH_LINUX_LOADER "/usr/lib/bulkhead/payloads/linux-loader.bin"
#define BH_LINUX_HEAD_SIZE 4096 /* so much of the kernel's file is looked at */

struct bh_linux_request {
	const uint8_t *head; /* the file's first bytes */
	size_t head_size;
	/* All of @size bytes from @offset; what of an ELF kernel is not at the head: NULL if it cannot be read. */
	bool (*read)(void *file, uint64_t offset, void *to, size_t size);
	void *file;
	uint64_t kernel_size; /* of the whole file */
	uint64_t initrd_size; /* 0: none */
	const char *cmdline;
	const struct bh_memory *memory; /* the cell's */
	uint32_t memory_count;
	const struct bh_link *links; /* arm64: those of the cell */
	uint32_t link_count;
};

struct bh_linux {
	bool is_elf; /* the kernel's segments go where they say, */
	uint64_t kernel_address; /* or else the whole file goes there */
	uint64_t initrd_address;
	struct bh_linux_params params; /* for BH_LINUX_PARAMS */
};

/* NULL, or why not, as one sentence without the cell's name: valid until the next call on this thread. */
const char *bh_linux_build(const struct bh_linux_request *request, struct bh_linux *out);

#define BH_LINUX_FUNCTIONS_MAX 16 /* more than the core gives a cell */

/* PCI functions of the machine that a cell on arm64 has. */
struct bh_linux_pci {
	uint64_t ecam; /* where the configuration space of bus 0 is */
	bool coherent; /* caches see DMA */
	uint32_t count;
	struct bh_linux_function {
		uint16_t bdf;
		uint16_t line; /* of its pin, as the GIC counts; 0: the cell has none */
		bool translated; /* an IOMMU shows it the cell's memory at guest-physical addresses */
		uint32_t bars;
		struct bh_range bar[6]; /* whole pages of memory */
	} function[BH_LINUX_FUNCTIONS_MAX];
};

#define BH_LINUX_GICR_MAX 16

/* The machine as cells on arm64 find it. */
struct bh_linux_board {
	uint64_t gicd; /* the interrupt controller */
	struct bh_range gicr[BH_LINUX_GICR_MAX]; /* of a GICv3, the places of redistributors */
	uint32_t gicr_count;
	uint32_t gicr_stride; /* from one to the next, where the device tree says so; otherwise 0 */
	uint64_t gicc; /* of a GICv2; 0: it is a GICv3 */
	uint8_t timer[64]; /* its interrupts, as they stand in a device tree */
	uint32_t timer_size;
	uint32_t cpu_count; /* of the cell */
	uint64_t cpu[BH_CPUS_MAX]; /* affinities */
	struct bh_linux_pci pci;
};

#define BH_LINUX_DTB 0x80000 /* where the cell's device tree goes, */
#define BH_LINUX_DTB_SIZE 0x10000
#define BH_LINUX_WORDS 0x1000 /* and the loader's command line */

struct bh_linux_arm64 {
	uint64_t kernel_address, kernel_size;
	uint64_t initrd_address;
	uint32_t dtb_size;
	_Alignas(8) uint8_t dtb[BH_LINUX_DTB_SIZE];
	char words[64];
};

/*
 * From the device tree or ACPI's tables of this machine, or of the copy of its /sys below @root, for a cell with these
 * CPUs (Linux' numbers). NULL, or why not, as below.
 */
const char *bh_linux_board_read(const char *root, const uint32_t *cpus, uint32_t count,
				struct bh_linux_board *out);
/*
 * From the same place, of a cell that there is, with this descriptor: while a cell has a function, Linux has its line. Memory of
 * bh_linux_build_arm64() must then have physical addresses, too.
 */
const char *bh_linux_pci_read(const char *root, const struct bh_cell_desc *desc,
			      struct bh_linux_pci *out);
const char *bh_linux_build_arm64(const struct bh_linux_request *request,
				 const struct bh_linux_board *board, struct bh_linux_arm64 *out);

#endif
