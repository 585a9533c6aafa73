// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about the machine that are found alike everywhere: RAM, and where addresses end. */

#include <linux/acpi.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include "arch.h"
#include "core.h"

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
	limit = max(limit, arch_firmware_limit());
	return ALIGN(max(limit, limit_of_pci()), SZ_1G);
}

/* PCI Firmware Specification 3.3, 4.1.2. */
void platform_mcfg(struct bh_boot_info *info)
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
		info->cpu[cpu].boot = arch_cpu_is_boot(cpu);
		info->cpus_launching++;
		info->cpu_count = cpu + 1;
	}
	n = memory_ram(info->ram, BH_BOOT_RANGES_MAX);
	if (n < 0)
		return error_set(call, E2BIG, BH_R_MACHINE,
				 "the machine's RAM is in more than %u pieces", BH_BOOT_RANGES_MAX);
	info->ram_count = n;
	info->phys_limit = platform_phys_limit();
	n = arch_platform_fill(call, info);
	if (!n && info->mmconfig_base)
		info->phys_limit =
			max(info->phys_limit,
			    ALIGN(info->mmconfig_base + ((u64)info->mmconfig_end_bus + 1) * SZ_1M,
				  SZ_1G));
	return n;
}
