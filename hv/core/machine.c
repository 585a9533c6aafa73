/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/addr.h>
#include <hv/core/arch.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>

struct machine machine;
struct bh_shared *shared;

/* Fields of struct bh_boot_info that BH_E_BOOT_INFO names by index. */
enum boot_field {
	FIELD_SIZE,
	FIELD_CPU_COUNT,
	FIELD_TSC,
	FIELD_CORE_MEMORY,
	FIELD_PHYS_LIMIT,
	FIELD_MMCONFIG,
	FIELD_IOAPICS,
	FIELD_RAM,
	FIELD_PLATFORM,
	FIELD_LAYOUT,
	FIELD_ROOT_LINKS,
	FIELD_RESPONSE,
};

static bool field_wrong(struct bh_error *error, enum boot_field field, u64 value)
{
	return error_set(error, BH_E_BOOT_INFO, .index = field, .value = value);
}

static bool ranges_valid(const struct bh_range *range, u32 count, u64 *wrong)
{
	for (u32 i = 0; i < count; i++) {
		if (!range[i].size || range[i].start + range[i].size < range[i].start) {
			*wrong = range[i].start;
			return false;
		}
	}
	return true;
}

bool machine_init(const struct bh_boot_info *info, struct bh_error *error)
{
	u64 wrong, core_end = info->core_memory.start + info->core_memory.size;

	if (info->version != BH_BOOT_VERSION)
		return error_set(error, BH_E_BOOT_VERSION, .value = BH_BOOT_VERSION,
				 .limit = info->version);
	if (info->size != sizeof(*info))
		return field_wrong(error, FIELD_SIZE, info->size);
	if (!info->cpu_count || info->cpu_count > BH_CPUS_MAX)
		return field_wrong(error, FIELD_CPU_COUNT, info->cpu_count);
	if (!info->tsc_khz)
		return field_wrong(error, FIELD_TSC, 0);
	if (info->response_ms < BH_RESPONSE_MS_MIN || info->response_ms > BH_RESPONSE_MS_MAX)
		return field_wrong(error, FIELD_RESPONSE, info->response_ms);
	if (!info->phys_limit || info->phys_limit > BIT(47))
		return field_wrong(error, FIELD_PHYS_LIMIT, info->phys_limit);
	if (!IS_ALIGNED(info->core_memory.start, BH_CORE_MEMORY_ALIGN) ||
	    info->core_memory.size < BH_CORE_MEMORY_MIN || core_end < info->core_memory.start ||
	    core_end > info->phys_limit)
		return field_wrong(error, FIELD_CORE_MEMORY, info->core_memory.start);
	if (info->pool_offset >= info->core_memory.size || info->shared_offset >= info->pool_offset)
		return field_wrong(error, FIELD_LAYOUT, info->pool_offset);
	if (!IS_ALIGNED(info->mmconfig_base, 1u << 20) || info->mmconfig_end_bus > 255 ||
	    (info->mmconfig_base &&
	     (info->mmconfig_base >= info->phys_limit ||
	      ((u64)info->mmconfig_end_bus + 1) << 20 > info->phys_limit - info->mmconfig_base)))
		return field_wrong(error, FIELD_MMCONFIG, info->mmconfig_base);
	if (info->ioapic_count > BH_BOOT_IOAPICS_MAX)
		return field_wrong(error, FIELD_IOAPICS, info->ioapic_count);
	if (!info->ram_count || info->ram_count > BH_BOOT_RANGES_MAX)
		return field_wrong(error, FIELD_RAM, info->ram_count);
	if (!ranges_valid(info->ram, info->ram_count, &wrong))
		return field_wrong(error, FIELD_RAM, wrong);
	if (info->platform_count > BH_BOOT_RANGES_MAX)
		return field_wrong(error, FIELD_PLATFORM, info->platform_count);
	if (!ranges_valid(info->platform, info->platform_count, &wrong))
		return field_wrong(error, FIELD_PLATFORM, wrong);

	machine = (struct machine){
		.core = info->core_memory,
		.phys_limit = ALIGN_UP(info->phys_limit, BIT(30)),
		.tsc_khz = info->tsc_khz,
		.apic_khz = info->apic_khz,
		.pm_timer_port = info->pm_timer_port,
		.response_ms = info->response_ms,
		.mmconfig_base = info->mmconfig_base,
		.mmconfig_end_bus = info->mmconfig_end_bus,
		.flags = info->flags,
		.ioapic_count = info->ioapic_count,
		.gic = info->gic,
		.ram_count = info->ram_count,
		.platform_count = info->platform_count,
	};
	memcpy(machine.ioapic, info->ioapic, sizeof(machine.ioapic));
	memcpy(machine.ram, info->ram, sizeof(machine.ram));
	memcpy(machine.platform, info->platform, sizeof(machine.platform));
	if (!IS_ALIGNED(info->root_links, PAGE_SIZE) ||
	    info->root_links > BIT(32) - BH_ROOT_LINKS_SIZE ||
	    (info->root_links && (machine_touches_ram(info->root_links, BH_ROOT_LINKS_SIZE) ||
				  machine_is_platform(info->root_links, BH_ROOT_LINKS_SIZE))))
		return field_wrong(error, FIELD_ROOT_LINKS, info->root_links);
	machine.root_links = info->root_links;
	return true;
}

static u64 ram_in(u64 start, u64 size)
{
	u64 sum = 0;

	for (u32 i = 0; i < machine.ram_count; i++) {
		const struct bh_range *ram = &machine.ram[i];

		if (ranges_overlap(start, size, ram->start, ram->size))
			sum += MIN(start + size, ram->start + ram->size) - MAX(start, ram->start);
	}
	return sum;
}

bool machine_is_ram(u64 start, u64 size)
{
	return ram_in(start, size) == size;
}

bool machine_touches_ram(u64 start, u64 size)
{
	return ram_in(start, size) != 0;
}

bool machine_is_platform(u64 start, u64 size)
{
	u64 mmconfig_size = (u64)(machine.mmconfig_end_bus + 1) << 20;

	if (arch_keeps(start, size) ||
	    ranges_overlap(start, size, machine.core.start, machine.core.size))
		return true;
	if (machine.mmconfig_base &&
	    ranges_overlap(start, size, machine.mmconfig_base, mmconfig_size))
		return true;
	if (machine.root_links &&
	    ranges_overlap(start, size, machine.root_links, BH_ROOT_LINKS_SIZE))
		return true;
	for (u32 i = 0; i < machine.platform_count; i++)
		if (ranges_overlap(start, size, machine.platform[i].start,
				   machine.platform[i].size))
			return true;
	return false;
}
