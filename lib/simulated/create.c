// SPDX-License-Identifier: GPL-2.0-or-later
/* Creating a cell: what the loader module finds out and places before it asks the core. */
#include <errno.h>
#include <string.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include "simulated.h"

#define SIZE_2M (2ull << 20)

static int name_check(struct bh_cell_desc *desc, struct bh_device_error *error)
{
	struct cell *cell;

	if (desc->id >= BH_CELLS_MAX)
		return sim_error_code(error, BH_E_ID_RANGE, 0, desc->id, BH_CELLS_MAX - 1);
	for (u32 id = 1; !desc->id && id < BH_CELLS_MAX; id++)
		if (!cell_get(id))
			desc->id = id;
	if (!desc->id)
		return sim_error_code(error, BH_E_ID_RANGE, 0, BH_CELLS_MAX, BH_CELLS_MAX - 1);
	cell = cell_get(desc->id);
	return cell ? sim_error_core(error, &(struct bh_error){.code = BH_E_ID_EXISTS,
							       .owner = cell->id,
							       .value = cell->id})
		    : 0;
}

/* The rest is the core's to judge; it would name this CPU as its caller's. */
static int boot_cpu_check(const struct bh_cell_desc *desc, struct bh_device_error *error)
{
	const u32 *cpus = desc_cpus(desc);

	if (desc->cpus.offset % 8 || desc->cpus.offset > desc->size ||
	    desc->cpus.count > (desc->size - desc->cpus.offset) / sizeof(*cpus))
		return 0;
	for (u32 i = 0; i < desc->cpus.count; i++)
		if (cpu_get(cpus[i]) && cpu_get(cpus[i])->boot)
			return sim_error_code(error, BH_E_CPU_ROOT_BOOT, i, cpus[i], 0);
	return 0;
}

static int place_any(struct simulated *s, u32 id, u32 index, struct bh_memory *region,
		     struct bh_device_error *error)
{
	u64 align = region->size >= SIZE_2M ? SIZE_2M : PAGE_SIZE, limit = CELL_ADDRESS_LIMIT;
	int status;

	if (!region->size)
		return sim_error_code(error, BH_E_MEM_EMPTY, index, 0, 0);
	if (!IS_ALIGNED(region->size, PAGE_SIZE))
		return sim_error_code(error, BH_E_MEM_ALIGN, index, region->size, PAGE_SIZE);
	if (region->size > limit)
		return sim_error_code(error, BH_E_MEM_WRAP, index, region->size, limit);
	status = sim_memory_allocate(s, id, region->size, align, &region->phys);
	if (status == -ENOSPC) {
		status = sim_memory_take(s, region->size, error);
		if (status)
			return status;
		status = sim_memory_allocate(s, id, region->size, align, &region->phys);
	}
	return status ? sim_error(error, ENOMEM, BH_R_OTHER,
				  "this program has no memory for the call")
		      : 0;
}

/* The core knows owners, but not that Linux still uses its RAM. */
static int place_fixed(struct simulated *s, u32 id, u32 index, const struct bh_memory *region,
		       struct bh_device_error *error)
{
	struct bh_error wrong = {
		.code = BH_E_MEM_OWNED,
		.where = BH_IN_MEMORY,
		.index = index,
		.value = region->phys,
		.owner = BH_OWNER_CORE,
	};

	if (!region->size || region->phys + region->size < region->phys)
		return 0;
	if (ranges_overlap(region->phys, region->size, s->machine.core_memory.start,
			   s->machine.core_memory.size))
		return sim_error_core(error, &wrong);
	/* Somebody's already, or no RAM of Linux: the core says whose it is. */
	if (sim_memory_claim(s, id, region->phys, region->size) != -ENOENT ||
	    !machine_touches_ram(region->phys, region->size))
		return 0;
	wrong.owner = BH_OWNER_ROOT;
	if (region->flags & BH_MEM_IO)
		wrong.code = BH_E_MEM_IS_RAM;
	return sim_error_core(error, &wrong);
}

/* Fixed ones first, so that the others are placed around them. */
static int regions_place(struct simulated *s, struct bh_cell_desc *desc,
			 struct bh_device_error *error)
{
	struct bh_memory *regions = (void *)((char *)desc + desc->memory.offset);
	int status = 0;

	/* A table the core is going to refuse is left as it is. */
	if (desc->memory.offset % 8 || desc->memory.offset > desc->size ||
	    desc->memory.count > (desc->size - desc->memory.offset) / sizeof(*regions))
		return 0;
	for (u32 i = 0; i < desc->memory.count && !status; i++)
		if (regions[i].phys != BH_PHYS_ANY && !(regions[i].flags & BH_MEM_COMM))
			status = place_fixed(s, desc->id, i, &regions[i], error);
	for (u32 i = 0; i < desc->memory.count && !status; i++) {
		if (regions[i].phys != BH_PHYS_ANY)
			continue;
		if (regions[i].flags & BH_MEM_COMM)
			regions[i].phys = 0;
		else
			status = place_any(s, desc->id, i, &regions[i], error);
	}
	return status;
}

/* The first cell that names a link has its memory placed, the others find it there. */
static const struct bh_link *link_find(u16 number)
{
	struct cell *cell;

	cell_for_each (cell)
		for (u32 i = 0; cell->desc && i < cell->desc->links.count; i++)
			if (desc_links(cell->desc)[i].number == number)
				return &desc_links(cell->desc)[i];
	return NULL;
}

static int link_place(struct simulated *s, struct bh_link *link, u32 index,
		      struct bh_device_error *error)
{
	const struct bh_link *there = link_find(link->number);
	u32 owner = BH_OWNER_LINK + link->number;
	struct bh_memory memory;
	int status;

	if (link->number >= BH_LINKS_MAX)
		return sim_error_code(error, BH_E_LINK_NUMBER, index, link->number,
				      BH_LINKS_MAX - 1);
	if (link->rw_size >= CELL_ADDRESS_LIMIT || link->output_size >= CELL_ADDRESS_LIMIT)
		return sim_error_code(error, BH_E_LINK_WRAP, index,
				      MAX(link->rw_size, link->output_size), CELL_ADDRESS_LIMIT);
	memory = (struct bh_memory){.phys = link->phys, .size = link_size(link)};
	if (there && link->phys == BH_PHYS_ANY)
		link->phys = there->phys;
	if (there)
		return 0;
	if (link->phys != BH_PHYS_ANY)
		return place_fixed(s, owner, index, &memory, error);
	status = place_any(s, owner, index, &memory, error);
	link->phys = memory.phys;
	return status;
}

static int links_place(struct simulated *s, struct bh_cell_desc *desc,
		       struct bh_device_error *error)
{
	struct bh_link *links = (void *)((char *)desc + desc->links.offset);
	int status = 0;

	/* As with regions: what the core is going to refuse is left as it is. */
	if (desc->links.offset % 8 || desc->links.offset > desc->size ||
	    desc->links.count > (desc->size - desc->links.offset) / sizeof(*links))
		return 0;
	for (u32 i = 0; i < desc->links.count && !status; i++)
		status = link_place(s, &links[i], i, error);
	return status;
}

void sim_links_release(struct simulated *s)
{
	for (u32 number = 0; number < BH_LINKS_MAX; number++)
		if (!link_find(number))
			sim_memory_release(s, BH_OWNER_LINK + number);
}

int sim_create(struct simulated *s, struct bh_cell_desc *descriptor, u32 *id,
	       struct bh_device_error *error)
{
	struct bh_cell_desc *desc = phys_to_virt(PADDR(HOST_REQUEST));
	u32 size = descriptor->size;
	int status;

	if (size < sizeof(*desc) || size > BH_CELL_DESC_MAX)
		return sim_error_code(error, BH_E_DESC_SIZE, 0, size, sizeof(*desc));
	memcpy(desc, descriptor, size);
	status = name_check(desc, error);
	if (!status)
		status = boot_cpu_check(desc, error);
	if (status)
		return status;
	status = regions_place(s, desc, error);
	if (!status)
		status = links_place(s, desc, error);
	if (!status)
		status = sim_request(s, BH_HC_CELL_CREATE, HOST_REQUEST, desc->id, error);
	if (status) {
		sim_memory_release(s, desc->id);
		sim_links_release(s);
		sim_memory_give_back(s, false);
		return status;
	}
	sim_payload_forget(&s->payloads[desc->id]);
	memcpy(descriptor, desc, size);
	if (id)
		*id = desc->id;
	return 0;
}
