// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UEFI's memory map (UEFI 2.10, 7.2), of which Linux keeps a copy: firmware that runs beside Linux has memory and devices
 * that are no RAM to Linux, and are its own all the same. They stay with the root, which calls that firmware.
 */

#include <linux/efi.h>
#include "../arch.h"
#include "../core.h"
#include "platform.h"

#define ADDRESS_LIMIT BIT_ULL(46) /* more is never mapped */

/* Tables of ACPI are Linux' RAM on arm64, and so nobody's to take as it is. */
static bool is_firmwares(const efi_memory_desc_t *md)
{
	if (md->phys_addr >= ADDRESS_LIMIT || !md->num_pages)
		return false;
	if (md->attribute & EFI_MEMORY_RUNTIME)
		return true;
	switch (md->type) {
	case EFI_RESERVED_TYPE:
	case EFI_RUNTIME_SERVICES_CODE:
	case EFI_RUNTIME_SERVICES_DATA:
	case EFI_UNUSABLE_MEMORY:
	case EFI_ACPI_MEMORY_NVS:
	case EFI_PAL_CODE:
		return true;
	default:
		return false;
	}
}

static u64 md_size(const efi_memory_desc_t *md)
{
	return min_t(u64, md->num_pages << EFI_PAGE_SHIFT, ADDRESS_LIMIT - md->phys_addr);
}

int uefi_fill(struct bh_call *call, struct bh_boot_info *info)
{
	efi_memory_desc_t *md;
	int ret = 0;

	if (!efi_enabled(EFI_MEMMAP))
		return 0;
	for_each_efi_memory_desc(md) if (!ret && is_firmwares(md)) ret =
		platform_keep(call, info, md->phys_addr, md_size(md));
	return ret;
}

static bool uefi_is_ram(u64 start, u64 end)
{
	efi_memory_desc_t *md;
	u64 ram = 0;

	for_each_efi_memory_desc(md)
	{
		u64 first = max(start, md->phys_addr);
		u64 last = min(end, md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT));

		if (first < last && md->attribute & EFI_MEMORY_WB &&
		    md->type != EFI_MEMORY_MAPPED_IO && md->type != EFI_MEMORY_MAPPED_IO_PORT_SPACE)
			ram += last - first;
	}
	return ram == end - start;
}

bool arch_is_ram(u64 start, u64 size)
{
	return efi_enabled(EFI_MEMMAP) ? uefi_is_ram(start, start + size)
				       : devicetree_is_ram(start, start + size);
}

u64 arch_firmware_limit(void)
{
	efi_memory_desc_t *md;
	u64 limit = 0;

	if (!efi_enabled(EFI_MEMMAP))
		return 0;
	for_each_efi_memory_desc(md) if (is_firmwares(md)) limit =
		max(limit, md->phys_addr + md_size(md));
	return limit;
}

bool arch_firmware_keeps(u64 start, u64 size)
{
	efi_memory_desc_t *md;

	if (!efi_enabled(EFI_MEMMAP))
		return false;
	for_each_efi_memory_desc(md) if (is_firmwares(md) && md->phys_addr < start + size &&
					 start < md->phys_addr + md_size(md)) return true;
	return false;
}
