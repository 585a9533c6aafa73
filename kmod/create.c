// SPDX-License-Identifier: GPL-2.0-or-later
/* Creating a cell: what Linux has to give up first, in order, and given back in reverse if it fails. */

#include <linux/align.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "arch.h"
#include "core.h"

/* A table whose entries this module reads itself; everything else about it is the core's to judge. */
static bool table_sound(const struct bh_cell_desc *desc, const struct bh_table *table, size_t entry)
{
	return IS_ALIGNED(table->offset, 8) && table->offset <= desc->size &&
	       table->count <= (desc->size - table->offset) / entry &&
	       (!table->count || table->offset >= sizeof(*desc));
}

static int desc_check(struct bh_call *call, const struct bh_cell_desc *desc, u32 size)
{
	struct bh_error error = {.code = BH_E_DESC_TABLE};

	if (desc->magic != BH_CELL_DESC_MAGIC)
		return error_code(call, BH_E_DESC_MAGIC, 0, desc->magic, 0);
	if (desc->version != BH_CELL_DESC_VERSION)
		return error_code(call, BH_E_DESC_VERSION, 0, desc->version, BH_CELL_DESC_VERSION);
	if (desc->size != size)
		return error_set(call, EINVAL, BH_R_ARGUMENT,
				 "the descriptor says it has %u bytes, the call %u", desc->size,
				 size);
	if (!table_sound(desc, &desc->cpus, sizeof(u32)))
		error.where = BH_IN_CPUS;
	else if (!table_sound(desc, &desc->memory, sizeof(struct bh_memory)))
		error.where = BH_IN_MEMORY;
	else if (!table_sound(desc, &desc->pio, sizeof(struct bh_pio)))
		error.where = BH_IN_PIO;
	else if (!table_sound(desc, &desc->irqs, sizeof(struct bh_irqs)))
		error.where = BH_IN_IRQS;
	else if (!table_sound(desc, &desc->pci, sizeof(struct bh_pci)))
		error.where = BH_IN_PCI;
	else if (!table_sound(desc, &desc->links, sizeof(struct bh_link)))
		error.where = BH_IN_LINKS;
	else if (!desc->name[0] || strnlen(desc->name, sizeof(desc->name)) == sizeof(desc->name))
		return error_code(call, BH_E_DESC_NAME, 0, 0, 0);
	if (!error.where)
		return 0;
	switch (error.where) {
	case BH_IN_CPUS:
		error.value = desc->cpus.offset;
		break;
	case BH_IN_MEMORY:
		error.value = desc->memory.offset;
		break;
	case BH_IN_PIO:
		error.value = desc->pio.offset;
		break;
	case BH_IN_IRQS:
		error.value = desc->irqs.offset;
		break;
	case BH_IN_PCI:
		error.value = desc->pci.offset;
		break;
	case BH_IN_LINKS:
		error.value = desc->links.offset;
		break;
	}
	return error_core(call, &error, -EINVAL);
}

static int desc_identity(struct bh_call *call, struct bh_cell_desc *desc)
{
	struct bh_error error = {};
	struct bh_cell *cell;
	u32 id;

	if (desc->id >= BH_CELLS_MAX)
		return error_code(call, BH_E_ID_RANGE, 0, desc->id, BH_CELLS_MAX - 1);
	for (id = 1; !desc->id && id < BH_CELLS_MAX; id++)
		if (!cell_find(id))
			desc->id = id;
	if (!desc->id)
		return error_code(call, BH_E_ID_RANGE, 0, BH_CELLS_MAX, BH_CELLS_MAX - 1);
	list_for_each_entry (cell, &bh_core.cells, link) {
		error.owner = cell->id;
		error.value = desc->id;
		if (cell->id == desc->id)
			error.code = BH_E_ID_EXISTS;
		else if (!strcmp(cell->name, desc->name))
			error.code = BH_E_NAME_EXISTS;
		if (error.code)
			return error_core(call, &error, -EEXIST);
	}
	return 0;
}

/* Linux must not lose a CPU for a request that cannot succeed. */
static int desc_cpus(struct bh_call *call, const struct bh_cell_desc *desc, cpumask_t *cpus)
{
	const u32 *number = (const void *)desc + desc->cpus.offset;
	struct bh_error error = {.code = BH_E_CPU_OWNED};
	struct bh_cell *cell;
	u32 i;

	cpumask_clear(cpus);
	if (!desc->cpus.count)
		return error_code(call, BH_E_CPU_NONE, 0, 0, 0);
	for (i = 0; i < desc->cpus.count; i++) {
		if (number[i] >= nr_cpu_ids || !cpumask_test_cpu(number[i], &bh_core.cpus))
			return error_code(call, BH_E_CPU_UNKNOWN, i, number[i],
					  cpumask_last(&bh_core.cpus));
		if (cpumask_test_cpu(number[i], cpus))
			return error_code(call, BH_E_CPU_TWICE, i, number[i], 0);
		if (arch_cpu_is_boot(number[i]))
			return error_code(call, BH_E_CPU_ROOT_BOOT, i, number[i], 0);
		list_for_each_entry (cell, &bh_core.cells, link) {
			if (!cpumask_test_cpu(number[i], &cell->cpus))
				continue;
			error.index = i;
			error.value = number[i];
			error.owner = cell->id;
			return error_core(call, &error, -EBUSY);
		}
		cpumask_set_cpu(number[i], cpus);
	}
	return 0;
}

static int place_any(struct bh_call *call, u32 owner, u32 index, struct bh_memory *memory)
{
	u64 align = memory->size >= SZ_2M ? SZ_2M : PAGE_SIZE, limit = 1ULL << 46;
	int ret;

	if (!memory->size)
		return error_code(call, BH_E_MEM_EMPTY, index, 0, 0);
	if (!PAGE_ALIGNED(memory->size))
		return error_code(call, BH_E_MEM_ALIGN, index, memory->size, PAGE_SIZE);
	if (memory->size > limit)
		return error_code(call, BH_E_MEM_WRAP, index, memory->size, limit);
	ret = pool_allocate(owner, memory->size, align, &memory->phys);
	if (ret == -ENOSPC) {
		ret = memory_take(call, memory->size, memory->size, align);
		if (ret)
			return ret;
		ret = pool_allocate(owner, memory->size, align, &memory->phys);
		/* What was taken beside the piece; what Linux does not take back now stays for the next. */
		memory_give_back(&(struct bh_call){}, false);
	}
	if (ret == -ENOSPC)
		return error_set(
			call, ENOMEM, BH_R_MEMORY,
			"memory region %u: no piece of 0x%llx bytes is free in the memory taken "
			"from Linux; make the region smaller, or reserve a range at boot",
			index, memory->size);
	return ret ? error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call") : 0;
}

/* An address chosen by the descriptor: the core knows owners, but not that Linux still uses its RAM. */
static int place_fixed(struct bh_call *call, u32 owner, u32 index, const struct bh_memory *memory)
{
	struct bh_error error = {.code = BH_E_MEM_OWNED, .index = index, .value = memory->phys};

	if (!memory->size || memory->phys + memory->size < memory->phys)
		return 0;
	if (memory->phys < bh_core.phys + bh_core.size &&
	    bh_core.phys < memory->phys + memory->size) {
		error.owner = BH_OWNER_CORE;
		return error_core(call, &error, -EBUSY);
	}
	/* Somebody's already, or no RAM of Linux: the core says whose it is. */
	if (pool_claim(owner, memory->phys, memory->size) != -ENOENT ||
	    region_intersects(memory->phys, memory->size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
		    REGION_DISJOINT)
		return 0;
	if (memory->flags & BH_MEM_IO)
		return error_code(call, BH_E_MEM_IS_RAM, index, memory->phys, 0);
	error.owner = BH_OWNER_ROOT;
	return error_core(call, &error, -EBUSY);
}

static int desc_place(struct bh_call *call, struct bh_cell_desc *desc)
{
	struct bh_memory *memory = (void *)desc + desc->memory.offset;
	int ret = 0;
	u32 i;

	/* Fixed ones first, so that the others are placed around them. */
	for (i = 0; i < desc->memory.count && !ret; i++)
		if (memory[i].phys != BH_PHYS_ANY && !(memory[i].flags & BH_MEM_COMM))
			ret = place_fixed(call, desc->id, i, &memory[i]);
	for (i = 0; i < desc->memory.count && !ret; i++) {
		if (memory[i].phys != BH_PHYS_ANY)
			continue;
		if (memory[i].flags & BH_MEM_COMM)
			memory[i].phys = 0;
		else
			ret = place_any(call, desc->id, i, &memory[i]);
	}
	return ret;
}

/* As a cell that is there describes it; NULL: no cell has the link. */
static const struct bh_link *link_find(u16 number)
{
	struct bh_cell *cell;
	u32 i;

	list_for_each_entry (cell, &bh_core.cells, link)
		for (i = 0; i < cell->desc->links.count; i++)
			if (desc_links(cell->desc)[i].number == number)
				return &desc_links(cell->desc)[i];
	return NULL;
}

/* The first cell that names a link has its memory placed, the others find it there. */
static int link_place(struct bh_call *call, struct bh_link *link, u32 index)
{
	const struct bh_link *there = link_find(link->number);
	u32 owner = BH_OWNER_LINK + link->number;
	u64 limit = 1ULL << 46;
	struct bh_memory memory;
	int ret;

	if (link->number >= BH_LINKS_MAX)
		return error_code(call, BH_E_LINK_NUMBER, index, link->number, BH_LINKS_MAX - 1);
	if (link->rw_size >= limit || link->output_size >= limit)
		return error_code(call, BH_E_LINK_WRAP, index,
				  max(link->rw_size, link->output_size), limit);
	memory = (struct bh_memory){
		.phys = link->phys,
		.size = BH_LINK_STATE_SIZE + link->rw_size + link->peers * link->output_size,
	};
	if (there && link->phys == BH_PHYS_ANY)
		link->phys = there->phys;
	if (there)
		return 0;
	if (link->phys != BH_PHYS_ANY)
		return place_fixed(call, owner, index, &memory);
	ret = place_any(call, owner, index, &memory);
	link->phys = memory.phys;
	return ret;
}

static int links_place(struct bh_call *call, struct bh_cell_desc *desc)
{
	struct bh_link *links = (void *)desc + desc->links.offset;
	int ret = 0;
	u32 i;

	for (i = 0; i < desc->links.count && !ret; i++)
		ret = link_place(call, &links[i], i);
	return ret;
}

void links_release(const struct bh_cell_desc *desc)
{
	u32 i;

	for (i = 0; i < desc->links.count; i++)
		if (desc_links(desc)[i].number < BH_LINKS_MAX &&
		    !link_find(desc_links(desc)[i].number))
			pool_release(BH_OWNER_LINK + desc_links(desc)[i].number);
}

static int desc_copy(struct bh_create *create, struct bh_cell_desc **out)
{
	struct bh_call *call = &create->call;
	struct bh_cell_desc *desc;
	u32 size = create->descriptor_size;

	if (size < sizeof(*desc) || size > BH_CELL_DESC_MAX)
		return error_code(call, BH_E_DESC_SIZE, 0, size, sizeof(*desc));
	/* The core takes a physical address: one piece. */
	desc = alloc_pages_exact(size, GFP_KERNEL_ACCOUNT);
	if (!desc)
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	*out = desc;
	if (copy_from_user(desc, u64_to_user_ptr(create->descriptor), size))
		return error_set(call, EFAULT, BH_R_ARGUMENT,
				 "the descriptor's address 0x%llx is not the program's memory",
				 create->descriptor);
	return desc_check(call, desc, size);
}

void cell_release(struct bh_cell *cell)
{
	if (cell->desc)
		free_pages_exact(cell->desc, cell->desc->size);
	cell->desc = NULL;
	kobject_put(&cell->kobj);
}

int cell_create(struct bh_create *create)
{
	struct bh_call *call = &create->call;
	cpumask_t *taken, *wanted;
	struct bh_cell_desc *desc = NULL;
	struct bh_cell *cell;
	int ret;

	ret = desc_copy(create, &desc);
	if (ret) {
		if (desc)
			free_pages_exact(desc, create->descriptor_size);
		return ret;
	}
	cell = kzalloc(sizeof(*cell), GFP_KERNEL);
	taken = kcalloc(2, sizeof(*taken), GFP_KERNEL);
	if (!cell || !taken) {
		free_pages_exact(desc, desc->size);
		kfree(cell);
		kfree(taken);
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	}
	wanted = taken + 1;
	sysfs_cell_init(cell);
	cell->desc = desc;

	ret = desc_identity(call, desc);
	if (!ret)
		ret = desc_cpus(call, desc, wanted);
	if (ret)
		goto out_cell;
	cell->id = desc->id;
	cell->state = BH_CELL_SHUT_DOWN;
	strscpy(cell->name, desc->name, sizeof(cell->name));
	cpumask_copy(&cell->cpus, wanted);

	ret = desc_place(call, desc);
	if (!ret)
		ret = links_place(call, desc);
	/* Before anything of Linux' is taken that it would not get back as it was: addresses of an interface, affinities. */
	if (!ret)
		ret = cell_request(call, BH_HC_CELL_CHECK, virt_to_phys(desc));
	if (ret)
		goto out_memory;
	ret = cell_pci_take(call, cell);
	if (ret)
		goto out_pci;
	ret = cpus_take(call, wanted, taken);
	if (!ret)
		ret = cell_request(call, BH_HC_CELL_CREATE, virt_to_phys(desc));
	if (ret)
		goto out_cpus;

	/* From here on the cell exists: nothing that fails now takes it back. */
	create->id = desc->id;
	mutex_lock(&bh_core.cells_lock);
	list_add_tail(&cell->link, &bh_core.cells);
	mutex_unlock(&bh_core.cells_lock);
	ret = sysfs_cell_add(cell);
	if (ret)
		pr_warn("bulkhead: no sysfs entry for cell %u: %d\n", cell->id, ret);
	links_appear(cell);
	kfree(taken);
	if (copy_to_user(u64_to_user_ptr(create->descriptor), desc, desc->size))
		return error_set(
			call, EFAULT, BH_R_ARGUMENT,
			"cell %u was created, but its placement could not be written to 0x%llx",
			cell->id, create->descriptor);
	return 0;

out_cpus:
	cpus_give_back(taken);
out_pci:
	cell_pci_give_back(cell);
out_memory:
	pool_release(desc->id);
	links_release(desc);
	memory_give_back(call, false);
out_cell:
	kfree(taken);
	cell_release(cell);
	return ret;
}
