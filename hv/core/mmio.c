/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cpu.h>
#include <hv/core/cell.h>
#include <hv/core/mmio.h>

bool mmio_add(struct mmio_space *space, u64 start, u64 size, mmio_handler handler, void *arg)
{
	u32 at = space->count;

	if (space->count == MMIO_REGIONS_MAX)
		return false;
	for (u32 i = 0; i < space->count; i++)
		if (ranges_overlap(start, size, space->region[i].start, space->region[i].size))
			return false;
	for (; at && space->region[at - 1].start > start; at--)
		space->region[at] = space->region[at - 1];
	space->region[at] = (struct mmio_region){start, size, handler, arg};
	space->count++;
	return true;
}

void mmio_remove(struct mmio_space *space, u64 start)
{
	u32 i = 0;

	while (i < space->count && space->region[i].start != start)
		i++;
	if (i == space->count)
		return;
	space->count--;
	for (; i < space->count; i++)
		space->region[i] = space->region[i + 1];
}

const struct mmio_region *mmio_find(const struct mmio_space *space, gpa_t address)
{
	u32 low = 0, high = space->count;

	while (low < high) {
		u32 middle = (low + high) / 2;
		const struct mmio_region *region = &space->region[middle];

		if (address.v < region->start)
			high = middle;
		else if (address.v - region->start >= region->size)
			low = middle + 1;
		else
			return region;
	}
	return NULL;
}

bool mmio_handle(struct cpu *cpu, struct mmio_access *access)
{
	const struct mmio_region *region = mmio_find(&cpu->cell->mmio, access->address);

	if (!region)
		return link_access(cpu, access);
	if (access->address.v + access->width > region->start + region->size)
		return false;
	return region->handler(cpu, access, region->arg);
}

u64 mmio_read(paddr_t address, u8 width)
{
	const volatile void *p = phys_to_virt(address);

	switch (width) {
	case 1:
		return *(const volatile u8 *)p;
	case 2:
		return *(const volatile u16 *)p;
	case 4:
		return *(const volatile u32 *)p;
	default:
		return *(const volatile u64 *)p;
	}
}

void mmio_write(paddr_t address, u8 width, u64 value)
{
	volatile void *p = phys_to_virt(address);

	switch (width) {
	case 1:
		*(volatile u8 *)p = value;
		break;
	case 2:
		*(volatile u16 *)p = value;
		break;
	case 4:
		*(volatile u32 *)p = value;
		break;
	default:
		*(volatile u64 *)p = value;
	}
}
