/* SPDX-License-Identifier: MIT */
/*
 * linux-loader: enters a Linux kernel that lies in the cell's memory already, with the block that
 * bulkhead/linux.h describes. It adds to the block what is known only here, and says one line.
 */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/smp.h>
#include <guest/string.h>
#include "linux-loader.h"

#define MADT_CPU_ENABLED 1
#define FADT_PM_TIMER 76 /* ACPI 6.4, 5.2.9 */
#define FADT_PM_TIMER_LENGTH 91
#define FADT_X_PM_TIMER 208

/* Documentation/x86/boot.rst, "64-bit boot protocol": flat segments, code at 0x10 and data at 0x18. */
static const uint64_t boot_gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff};

static void __attribute__((noreturn)) enter(uint64_t entry, const void *zero_page)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(boot_gdt) - 1, (uint64_t)boot_gdt};

	__asm__ volatile("cli\n"
			 "lgdt %0\n"
			 "mov $0x18, %%eax\n"
			 "mov %%eax, %%ds\n"
			 "mov %%eax, %%es\n"
			 "mov %%eax, %%ss\n"
			 "pushq $0x10\n"
			 "pushq %1\n"
			 "lretq"
			 :
			 : "m"(pointer), "r"(entry), "S"(zero_page)
			 : "rax", "memory");
	__builtin_unreachable();
}

void acpi_checksum(struct bh_acpi_header *table)
{
	const uint8_t *bytes = (const uint8_t *)table;
	uint8_t sum = 0;

	table->checksum = 0;
	for (uint32_t i = 0; i < table->length; i++)
		sum += bytes[i];
	table->checksum = -sum;
}

static void cpus_list(struct bh_acpi_madt *madt)
{
	unsigned int count = smp_cpus();

	/* This CPU first, as the one that boots has to be. */
	for (unsigned int i = 0; i < count && i < BH_LINUX_CPUS_MAX; i++) {
		madt->cpu[i] = (struct bh_acpi_madt_cpu){
			.length = sizeof(madt->cpu[i]),
			.processor = i,
			.apic_id = smp_address(i),
			.flags = MADT_CPU_ENABLED,
		};
		madt->header.length += sizeof(madt->cpu[i]);
	}
	acpi_checksum(&madt->header);
}

static void setup_fill(struct bh_linux_setup *setup)
{
	setup->pm_timer_address = comm_region->pm_timer_address;
	setup->num_cpus = (uint16_t)smp_cpus();
	setup->pci_mmconfig_base = comm_region->pci_mmconfig_base;
	setup->tsc_khz = comm_region->tsc_khz;
	setup->apic_khz = comm_region->apic_khz;
	for (unsigned int i = 0; i < smp_cpus() && i < sizeof(setup->cpu_ids); i++)
		setup->cpu_ids[i] = (uint8_t)smp_address(i);
}

static void timer_name(uint8_t *fadt)
{
	uint16_t port = comm_region->pm_timer_address;

	if (!port)
		return;
	memcpy(fadt + FADT_PM_TIMER, &port, sizeof(port));
	fadt[FADT_PM_TIMER_LENGTH] = 4;
	fadt[FADT_X_PM_TIMER] = 1; /* I/O ports */
	fadt[FADT_X_PM_TIMER + 1] = 32;
	fadt[FADT_X_PM_TIMER + 3] = 3; /* double words */
	memcpy(fadt + FADT_X_PM_TIMER + 4, &port, sizeof(port));
	acpi_checksum((struct bh_acpi_header *)fadt);
}

/* Of 16 random bytes others: also where the cell starts again with what was loaded once. */
static void generation_new(uint8_t id[16])
{
	uint64_t word[2];

	memcpy(word, id, sizeof(word));
	word[0] ^= tsc_read();
	word[1] += word[0] * 0x9e3779b97f4a7c15;
	memcpy(id, word, sizeof(word));
}

void guest_main(void)
{
	struct bh_linux_params *params = (struct bh_linux_params *)BH_LINUX_PARAMS;
	size_t length;

	if (params->magic != BH_LINUX_MAGIC || params->fadt > sizeof(params->tables) - 276) {
		printk("linux-loader: there is no kernel to enter: nothing has been put at 0x%x\n",
		       BH_LINUX_PARAMS);
		guest_end(BH_CELL_FAILED);
	}
	cpus_list(&params->madt);
	setup_fill(&params->setup);
	timer_name(params->tables + params->fadt);
	pci_describe(params);
	generation_new(params->generation_id);
	length = strlen(params->cmdline);
	if (comm_region->tsc_khz && length < sizeof(params->cmdline) - BH_LINUX_CMDLINE_ROOM)
		format_string(params->cmdline + length, BH_LINUX_CMDLINE_ROOM, " tsc_early_khz=%u",
			      comm_region->tsc_khz);
	firmware_put();
	clock_put(params);
	memory_map(params->kernel, params->kernel_size, MEMORY_CACHED);
	printk("linux-loader: %u CPUs, entering the kernel at 0x%lx\n", smp_cpus(), params->entry);
	if (params->pvh_entry)
		pvh_start(params);
	enter(params->entry, params->zero_page);
}
