// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about a PC the core cannot find out itself: from ACPI tables. */

#include <linux/acpi.h>
#include <linux/pci.h>
#include <asm/cpufeature.h>
#include <asm/e820/api.h>
#include <asm/mpspec.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include "../arch.h"
#include "../core.h"

/* AMD I/O Virtualization spec. 3.4: registers up to 0x2fff without the performance counters. */
#define AMD_IOMMU_SIZE 0x4000

static void platform_add(struct bh_boot_info *info, u64 start, u64 size)
{
	if (info->platform_count < BH_BOOT_RANGES_MAX)
		info->platform[info->platform_count++] = (struct bh_range){start, size};
}

static void platform_madt(struct bh_boot_info *info)
{
	struct acpi_subtable_header *entry;
	struct acpi_table_header *table;
	void *end;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MADT, 0, &table)))
		return;
	end = (void *)table + table->length;
	for (entry = (void *)table + sizeof(struct acpi_table_madt);
	     (void *)(entry + 1) <= end && entry->length >= sizeof(*entry);
	     entry = (void *)entry + entry->length) {
		struct acpi_madt_io_apic *ioapic = (void *)entry;

		if (entry->type != ACPI_MADT_TYPE_IO_APIC || (void *)(ioapic + 1) > end ||
		    info->ioapic_count == BH_BOOT_IOAPICS_MAX)
			continue;
		/* The core reads the number of pins from the version register. */
		info->ioapic[info->ioapic_count++] = (struct bh_boot_ioapic){
			.address = ioapic->address,
			.gsi_base = ioapic->global_irq_base,
		};
	}
	acpi_put_table(table);
}

static void platform_iommus(struct bh_boot_info *info)
{
	struct acpi_dmar_header *dmar;
	struct acpi_ivrs_header *ivrs;
	struct acpi_table_header *table;
	void *end;

	if (ACPI_SUCCESS(acpi_get_table(ACPI_SIG_DMAR, 0, &table))) {
		end = (void *)table + table->length;
		for (dmar = (void *)table + sizeof(struct acpi_table_dmar);
		     (void *)(dmar + 1) <= end && dmar->length >= sizeof(*dmar);
		     dmar = (void *)dmar + dmar->length)
			if (dmar->type == ACPI_DMAR_TYPE_HARDWARE_UNIT)
				platform_add(info,
					     ((struct acpi_dmar_hardware_unit *)dmar)->address,
					     PAGE_SIZE);
		acpi_put_table(table);
	}
	if (ACPI_SUCCESS(acpi_get_table(ACPI_SIG_IVRS, 0, &table))) {
		end = (void *)table + table->length;
		for (ivrs = (void *)table + sizeof(struct acpi_table_ivrs);
		     (void *)(ivrs + 1) <= end && ivrs->length >= sizeof(*ivrs);
		     ivrs = (void *)ivrs + ivrs->length)
			/* One unit has up to three blocks (10h, 11h, 40h); the first always exists. */
			if (ivrs->type == ACPI_IVRS_TYPE_HARDWARE1)
				platform_add(info,
					     ((struct acpi_ivrs_hardware_10 *)ivrs)->base_address,
					     AMD_IOMMU_SIZE);
		acpi_put_table(table);
	}
}

static u16 platform_pm_timer(void)
{
	const struct acpi_table_fadt *fadt = &acpi_gbl_FADT;

	if (acpi_disabled || fadt->flags & ACPI_FADT_HW_REDUCED || fadt->pm_timer_length != 4)
		return 0;
	if (fadt->xpm_timer_block.address &&
	    fadt->xpm_timer_block.space_id == ACPI_ADR_SPACE_SYSTEM_IO)
		return fadt->xpm_timer_block.address;
	return fadt->pm_timer_block;
}

bool arch_cpu_is_boot(unsigned int cpu)
{
	return cpu == 0 || per_cpu(x86_cpu_to_apicid, cpu) == boot_cpu_physical_apicid;
}

bool arch_link_address_good(u64 address)
{
	return address >= 0xffff800000000000ULL && address <= -(u64)SZ_256M;
}

/* For the core's own map and the root's: with 2 MiB pages both need one page per GiB. */
u64 arch_tables_size(u64 limit)
{
	return boot_cpu_has(X86_FEATURE_GBPAGES) ? 0 : (limit >> 30) * 2 * PAGE_SIZE;
}

u64 arch_firmware_limit(void)
{
	return 0;
}

bool arch_firmware_keeps(u64 start, u64 size)
{
	return false;
}

/* By the map of the firmware, which memmap= does not change. */
bool arch_is_ram(u64 start, u64 size)
{
	u64 at;

	for (at = start; at < start + size; at += SZ_2M)
		if (!e820__mapped_raw_any(at, at + SZ_2M, E820_TYPE_RAM))
			return false;
	return true;
}

struct pci_bus *arch_links_bus(int domain, struct pci_ops *ops, struct list_head *resources)
{
	static struct pci_sysdata host;

	host = (struct pci_sysdata){.domain = domain, .node = NUMA_NO_NODE};
	return pci_scan_root_bus(bh_device.this_device, 0, ops, &host, resources);
}

void arch_links_bus_gone(void)
{
}

u64 arch_ticks(void)
{
	return rdtsc();
}

u32 arch_ticks_khz(void)
{
	return tsc_khz;
}

/* Caches are coherent whatever a guest does. */
void arch_memory_written(void *start, size_t size)
{
}

int arch_platform_fill(struct bh_call *call, struct bh_boot_info *info)
{
	unsigned int cpu;

	for_each_present_cpu(cpu) info->cpu[cpu].apic_id = per_cpu(x86_cpu_to_apicid, cpu);
	platform_mcfg(info);
	platform_madt(info);
	platform_iommus(info);
	info->pm_timer_port = platform_pm_timer();
	info->root_links = links_window_take();
	info->tsc_khz = tsc_khz;
	info->apic_khz = timer_apic_khz();
	if (!info->apic_khz || !info->tsc_khz)
		return error_set(
			call, ENODEV, BH_R_MACHINE,
			"the rate of the local APIC's timer or of the TSC could not be found");
	return 0;
}
