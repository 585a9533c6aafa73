/* SPDX-License-Identifier: MIT */
/* The PVH start info: what the zero page says, in the words of xen/include/public/arch-x86/hvm/start_info.h. */
#include <guest/string.h>
#include "linux-loader.h"

#define START_MAGIC 0x336ec578

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memory_map;
	uint32_t memory_entries, reserved;
};

struct module {
	uint64_t address, size, cmdline, reserved;
};

struct memory {
	uint64_t address, size;
	uint32_t type, reserved; /* as in an e820 map */
};

static struct start_info info;
static struct module initrd;
static struct memory memory[E820_ENTRIES_MAX];

void pvh_start(const struct bh_linux_params *params)
{
	const uint8_t *zero_page = params->zero_page;
	uint32_t ramdisk[2];
	uint64_t rsdp;

	memcpy(ramdisk, zero_page + ZP_RAMDISK, sizeof(ramdisk));
	memcpy(&rsdp, zero_page + ZP_ACPI_RSDP, sizeof(rsdp));
	for (unsigned int i = 0; i < zero_page[ZP_E820_COUNT] && i < E820_ENTRIES_MAX; i++)
		memcpy(&memory[i], zero_page + ZP_E820 + i * E820_SIZE, E820_SIZE);
	initrd = (struct module){.address = ramdisk[0], .size = ramdisk[1]};
	info = (struct start_info){
		.magic = START_MAGIC,
		.version = 1,
		.modules = ramdisk[1] != 0,
		.module_list = (uint64_t)&initrd,
		.cmdline = (uint64_t)params->cmdline,
		.rsdp = rsdp,
		.memory_map = (uint64_t)memory,
		.memory_entries = zero_page[ZP_E820_COUNT],
	};
	pvh_enter((uint32_t)params->pvh_entry, (uint32_t)(uint64_t)&info);
}
