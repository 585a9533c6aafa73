// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about an arm64 machine the core cannot find out itself: from the device tree or ACPI's tables, and UEFI. */

#include <linux/acpi.h>
#include <linux/smp.h>
#include <asm/arch_timer.h>
#include <asm/sysreg.h>
#include "../arch.h"
#include "../core.h"
#include "platform.h"

static u64 gicd; /* kept for platform_gicd() */

bool arch_cpu_is_boot(unsigned int cpu)
{
	return cpu == 0;
}

/* The lower half of the 48-bit space is the direct map's, and what is one to one. */
bool arch_link_address_good(u64 address)
{
	return address >= BIT(47) && address <= BIT(48) - SZ_256M;
}

/* Blocks of 1 GiB always exist. */
u64 arch_tables_size(u64 limit)
{
	return 0;
}

u64 arch_ticks(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

u32 arch_ticks_khz(void)
{
	return read_sysreg(cntfrq_el0) / 1000;
}

static void affinity_get(void *data)
{
	struct bh_boot_info *info = data;
	u64 mpidr = read_sysreg(mpidr_el1);

	info->cpu[smp_processor_id()].apic_id = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
}

/* Neighbours become one: there is a limit to how many there can be. */
int platform_keep(struct bh_call *call, struct bh_boot_info *info, u64 start, u64 size)
{
	struct bh_range *last = info->platform + info->platform_count - 1;

	size = PAGE_ALIGN(size);
	if (info->platform_count && last->start + last->size == start) {
		last->size += size;
		return 0;
	}
	if (info->platform_count == BH_BOOT_RANGES_MAX)
		return error_set(call, E2BIG, BH_R_MACHINE,
				 "what firmware keeps for itself, and the GIC's parts for "
				 "interrupts by message, are in more than %u pieces",
				 BH_BOOT_RANGES_MAX);
	info->platform[info->platform_count++] = (struct bh_range){start, size};
	return 0;
}

/*
 * Named one by one (gicr_full), they often follow each other. Otherwise the last of each place says that it is, also where
 * another place follows.
 */
int platform_redistributors(struct bh_call *call, struct bh_boot_info *info, u64 start, u64 size)
{
	struct bh_range *gicr = info->gic.gicr;
	unsigned int i = 0;

	while (i < BH_BOOT_GICR_MAX && gicr[i].size &&
	       !(info->gic.gicr_full && gicr[i].start + gicr[i].size == start))
		i++;
	if (i == BH_BOOT_GICR_MAX)
		return error_set(call, E2BIG, BH_R_MACHINE,
				 "the GIC has its redistributors in more than %u places",
				 BH_BOOT_GICR_MAX);
	if (!gicr[i].size)
		gicr[i].start = start;
	gicr[i].size += size;
	return 0;
}

int platform_no_gicv2_guests(struct bh_call *call)
{
	return error_set(call, ENODEV, BH_R_MACHINE,
			 "the GICv2 has no interfaces for guests, which lie in pages of their own, "
			 "as far as the %s",
			 acpi_disabled ? "device tree says" : "ACPI tables say");
}

unsigned int platform_line(u32 id)
{
	return acpi_disabled ? devicetree_line(id) : acpi_line(id);
}

u64 platform_gicd(void)
{
	return gicd;
}

int arch_platform_fill(struct bh_call *call, struct bh_boot_info *info)
{
	int ret = acpi_disabled ? devicetree_fill(call, info) : acpi_fill(call, info);

	if (!ret)
		ret = uefi_fill(call, info);
	if (ret)
		return ret;
	gicd = info->gic.gicd;
	on_each_cpu(affinity_get, info, 1);
	info->root_links = links_window_take();
	info->tsc_khz = arch_ticks_khz();
	if (!info->tsc_khz)
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the firmware has not set the rate of the system counter");
	return 0;
}
