// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about the machine the core cannot find out itself: from ACPI tables, resources and PCI. */

#include <linux/acpi.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include "core.h"

/* AMD I/O Virtualization spec. 3.4: registers up to 0x2fff without the performance counters. */
#define AMD_IOMMU_SIZE 0x4000

static u64 limit_of_pci(void)
{
	struct pci_dev *dev = NULL;
	struct pci_bus *bus = NULL;
	struct resource *res;
	u64 limit = 0;
	int i;

	for_each_pci_dev(dev) for (i = 0; i < PCI_NUM_RESOURCES;
				   i++) if (pci_resource_flags(dev, i) & IORESOURCE_MEM) limit =
		max_t(u64, limit, pci_resource_end(dev, i) + 1);
	/* What may be assigned later lies in the windows of the host bridges. */
	while ((bus = pci_find_next_bus(bus)))
		pci_bus_for_each_resource(bus, res, i) if (res && res->flags & IORESOURCE_MEM &&
							   res->end < 1ULL << 46) limit =
			max_t(u64, limit, res->end + 1);
	return limit;
}

static int limit_of_ram(struct resource *res, void *arg)
{
	*(u64 *)arg = max_t(u64, *(u64 *)arg, res->end + 1);
	return 0;
}

u64 platform_phys_limit(void)
{
	u64 limit = 1ULL << 32; /* chipset, APICs and firmware live below */
	struct bh_range ranges[BH_BOOT_RANGES_MAX];
	int n;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1ULL,
			    &limit, limit_of_ram);
	n = memory_ranges(ranges, ARRAY_SIZE(ranges));
	if (n > 0)
		limit = max(limit, ranges[n - 1].start + ranges[n - 1].size);
	return ALIGN(max(limit, limit_of_pci()), SZ_1G);
}

static void platform_add(struct bh_boot_info *info, u64 start, u64 size)
{
	if (info->platform_count < BH_BOOT_RANGES_MAX)
		info->platform[info->platform_count++] = (struct bh_range){start, size};
}

static void platform_mcfg(struct bh_boot_info *info)
{
	struct acpi_mcfg_allocation *entry;
	struct acpi_table_header *table;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MCFG, 0, &table)))
		return;
	for (entry = (void *)table + sizeof(struct acpi_table_mcfg);
	     (void *)(entry + 1) <= (void *)table + table->length; entry++) {
		if (entry->pci_segment)
			continue;
		info->mmconfig_base = entry->address;
		info->mmconfig_end_bus = entry->end_bus_number;
		break;
	}
	acpi_put_table(table);
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

int platform_fill(struct bh_call *call, struct bh_boot_info *info)
{
	unsigned int cpu;
	int n;

	if (nr_cpu_ids > BH_CPUS_MAX && cpumask_last(cpu_present_mask) >= BH_CPUS_MAX)
		return error_set(call, E2BIG, BH_R_MACHINE,
				 "the machine has more than the %u CPUs Bulkhead supports",
				 BH_CPUS_MAX);
	for_each_present_cpu(cpu)
	{
		info->cpu[cpu].present = 1;
		info->cpu[cpu].apic_id = per_cpu(x86_cpu_to_apicid, cpu);
		info->cpu[cpu].boot = cpus_is_boot(cpu);
		info->cpus_launching++;
		info->cpu_count = cpu + 1;
	}
	n = memory_ram(info->ram, BH_BOOT_RANGES_MAX);
	if (n < 0)
		return error_set(call, E2BIG, BH_R_MACHINE,
				 "the machine's RAM is in more than %u pieces", BH_BOOT_RANGES_MAX);
	info->ram_count = n;
	info->phys_limit = platform_phys_limit();
	platform_mcfg(info);
	platform_madt(info);
	platform_iommus(info);
	info->pm_timer_port = platform_pm_timer();
	info->tsc_khz = tsc_khz;
	info->apic_khz = timer_apic_khz();
	if (!info->apic_khz || !info->tsc_khz)
		return error_set(
			call, ENODEV, BH_R_MACHINE,
			"the rate of the local APIC's timer or of the TSC could not be found");
	return 0;
}
