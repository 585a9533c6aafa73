/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

struct cell root_cell = {.name = "root"};

static struct cell cell_slots[BH_CELLS_MAX]; /* [0] unused */
static bool cell_used[BH_CELLS_MAX];
u32 cells_end = 1; /* the root is always there */
static u32 cell_generation;

struct cell *cell_get(u32 id)
{
	if (id == BH_OWNER_ROOT)
		return &root_cell;
	return id < BH_CELLS_MAX && cell_used[id] ? &cell_slots[id] : NULL;
}

u32 cell_count(void)
{
	struct cell *cell;
	u32 count = 0;

	cell_for_each (cell)
		count++;
	return count;
}

static void cell_publish(const struct cell *cell)
{
	struct bh_cell_status *status = &shared->cell[cell->id];

	status->state = cell->last_state;
	status->loadable = cell->loadable;
	/* Who sees the id sees what belongs to it. */
	__atomic_store_n(&status->id, cell->id, __ATOMIC_RELEASE);
}

void cell_observe_state(struct cell *cell)
{
	u32 state = READ_ONCE(cell->comm->cell_state);
	/* Two of its CPUs may come here at once; one change is told once. */
	u32 former = __atomic_exchange_n(&cell->last_state, state, __ATOMIC_ACQ_REL);

	if (state == former)
		return;
	cell_publish(cell);
	if (state >= BH_CELL_SHUT_DOWN) /* all of these are final */
		link_offline(cell);
	event_cell_state(cell, former, state);
}

void cell_power(struct cpu *cpu, u32 what)
{
	struct cell *cell = cpu->cell;
	struct bh_event event = {
		.type = BH_EVENT_CELL_POWER,
		.flags = BH_EVENT_VALUE,
		.cell = cell->id,
		.cpu = cpu->id,
		.value = what,
	};
	struct cpu *each;

	event_record(&event);
	cell_for_each_cpu (cell, each)
		cpu_request(each, CPU_REQUEST_STOP);
	comm_set_state(cell, BH_CELL_SHUT_DOWN);
}

void cell_cpu_failed(struct cell *cell)
{
	struct cpu *cpu;

	if (cell == &root_cell)
		return;
	cell_for_each_cpu (cell, cpu)
		if (!cpu->failed)
			return;
	comm_set_state(cell, BH_CELL_FAILED);
}

/* ---- the root's memory ---- */

static bool root_owns(u64 address, u64 size)
{
	struct table_entry foreign;

	return address + size >= address && machine_is_ram(address, size) &&
	       !table_find_foreign(&root_cell.table, address, size, BH_OWNER_ROOT, false, &foreign);
}

bool root_read(gpa_t address, void *to, u64 size)
{
	if (!root_owns(address.v, size))
		return false;
	memcpy(to, phys_to_virt(root_paddr(address)), size);
	return true;
}

bool root_write(gpa_t address, const void *from, u64 size)
{
	if (!root_owns(address.v, size))
		return false;
	memcpy(phys_to_virt(root_paddr(address)), from, size);
	return true;
}

void root_blank(gpa_t address, bool sink)
{
	table_blank(&root_cell.table, address, sink);
}

/*
 * Every CPU of the root forgets what it knew of the root's table. A CPU that does not respond within
 * the bound still holds old translations: then nothing may be given away, see the callers.
 */
static bool root_flush(struct cpu *caller, struct bh_error *error)
{
	struct cpu *cpu;

	cell_for_each_cpu (&root_cell, cpu)
		if (cpu != caller)
			cpu_request(cpu, CPU_REQUEST_FLUSH);
	cell_for_each_cpu (&root_cell, cpu)
		if (cpu != caller && !cpu_wait(cpu, CPU_REQUEST_FLUSH))
			return error_set(error, BH_E_CPU_TIMEOUT, .index = cpu->id,
					 .limit = machine.response_ms);
	arch_cpu_flush(caller);
	table_reclaim(&root_cell.table);
	return true;
}

bool root_init(struct bh_error *error)
{
	struct cell *root = &root_cell;
	u32 pages = 64;
	struct cpu *cpu;

	for (u32 i = 0; i < machine.platform_count; i++)
		pages += table_pages_needed(machine.platform[i].start, machine.platform[i].size);
	pages += table_pages_needed(0, machine.phys_limit);
	pages += table_pages_needed(machine.root_links, BH_ROOT_LINKS_SIZE);
	if (!table_blanks_init() || !table_init(&root->table, machine.phys_limit, &root->reserve) ||
	    !reserve_fill(&root->reserve, pages) || !arch_cell_init(root))
		return error_set(error, BH_E_CORE_MEMORY, .value = pages,
				 .limit = pool_free_pages());
	table_set_owner(&root->table, 0, machine.phys_limit, BH_OWNER_ROOT, false);
	table_set_owner(&root->table, machine.core.start, machine.core.size, BH_OWNER_CORE, false);
	table_set_owner(&root->table, virt_to_phys(shared).v, ALIGN_UP(sizeof(*shared), PAGE_SIZE),
			BH_OWNER_CORE, true);
	arch_root_take();
	if (machine.root_links) {
		table_set_owner(&root->table, machine.root_links, BH_ROOT_LINKS_SIZE, BH_OWNER_CORE,
				false);
		mmio_add(&root->mmio, machine.root_links, BH_ROOT_LINKS_SIZE, link_root_access,
			 NULL);
	}
	/* Of it the root does not see what belongs to functions of cells, see pci.c. */
	if (machine.mmconfig_base)
		mmio_add(&root->mmio, machine.mmconfig_base,
			 (u64)(machine.mmconfig_end_bus + 1) << 20, pci_mmconfig_access, NULL);
	table_reclaim(&root->table);
	reserve_trim(&root->reserve, ROOT_RESERVE);
	for (u32 kind = 0; kind < BH_KINDS; kind++)
		root->policy[kind] = BH_POLICY_IGNORE;
	cpu_for_each (cpu) {
		cpu->cell = root;
		cpu->mode = CPU_RUNNING;
		root->cpus[cpu->id / 64] |= BIT(cpu->id % 64);
		cpu_publish(cpu);
	}
	shared->version = BH_SHARED_VERSION;
	shared->size = sizeof(*shared);
	memcpy(shared->cell[0].name, "root", 5);
	cell_publish(root);
	return true;
}

/* ---- checks against the machine and the other cells ---- */

static bool identity_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	struct cell *cell;

	if (cell_get(desc->id))
		return error_set(error, BH_E_ID_EXISTS, .value = desc->id, .owner = desc->id);
	cell_for_each (cell)
		if (!strcmp(cell->name, desc->name))
			return error_set(error, BH_E_NAME_EXISTS, .owner = cell->id);
	return true;
}

static bool cpus_check(const struct cpu *caller, const struct bh_cell_desc *desc,
		       struct bh_error *error)
{
	const u32 *ids = desc_cpus(desc);

	for (u32 i = 0; i < desc->cpus.count; i++) {
		const struct cpu *cpu = cpu_get(ids[i]);
		u32 code = BH_E_NONE;

		if (!cpu)
			return error_set(error, BH_E_CPU_UNKNOWN, .where = BH_IN_CPUS, .index = i,
					 .value = ids[i], .limit = cpu_count - 1);
		if (cpu->cell != &root_cell)
			code = BH_E_CPU_OWNED;
		else if (cpu == caller)
			code = BH_E_CPU_CALLER;
		else if (cpu->boot)
			code = BH_E_CPU_ROOT_BOOT;
		if (code != BH_E_NONE)
			return error_set(error, code, .where = BH_IN_CPUS, .index = i,
					 .value = ids[i], .owner = cpu->cell->id);
	}
	return true;
}

const struct cell *cell_with_window(u64 start, u64 size)
{
	struct cell *cell;

	cell_for_each (cell) {
		for (u32 i = 0; cell->desc && i < cell->desc->memory.count; i++) {
			const struct bh_memory *region = &desc_memory(cell->desc)[i];

			if (!(region->flags & BH_MEM_COMM) && memory_is_subpage(region) &&
			    ranges_overlap(start, size, region->phys, region->size))
				return cell;
		}
	}
	return NULL;
}

static bool region_check(const struct bh_memory *region, u32 i, struct bh_error *error)
{
	u64 start = ALIGN_DOWN(region->phys, PAGE_SIZE);
	u64 size = ALIGN_UP(region->phys + region->size, PAGE_SIZE) - start;
	bool share = region->flags & BH_MEM_ROOTSHARED;
	struct table_entry foreign;
	const struct cell *holder;

	if (arch_cell_shows(region->virt, region->size))
		return error_set(error, BH_E_MEM_PLATFORM, .where = BH_IN_MEMORY, .index = i,
				 .value = region->virt, .owner = BH_OWNER_CORE);
	if (region->flags & BH_MEM_COMM)
		return true;
	if (start + size > machine.phys_limit)
		return error_set(error, BH_E_MEM_WRAP, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys, .limit = machine.phys_limit);
	if (machine_is_platform(start, size))
		return error_set(error, BH_E_MEM_PLATFORM, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys, .owner = BH_OWNER_CORE);
	if (region->flags & BH_MEM_IO && machine_touches_ram(start, size))
		return error_set(error, BH_E_MEM_IS_RAM, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys);
	if (!(region->flags & BH_MEM_IO) && !machine_is_ram(start, size))
		return error_set(error, BH_E_MEM_NOT_RAM, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys);
	/* A part-page window leaves the page with the root: others may have the rest. */
	if (table_find_foreign(&root_cell.table, start, size, BH_OWNER_ROOT,
			       share || memory_is_subpage(region), &foreign))
		return error_set(error, BH_E_MEM_OWNED, .where = BH_IN_MEMORY, .index = i,
				 .value = foreign.start, .owner = foreign.owner);
	holder = region->flags & BH_MEM_IO ? cell_with_window(region->phys, region->size) : NULL;
	if (holder)
		return error_set(error, BH_E_MEM_OWNED, .where = BH_IN_MEMORY, .index = i,
				 .value = region->phys, .owner = holder->id);
	return true;
}

/* @caller: NULL to ask beforehand, when it may still be any CPU, and devices be Linux'. */
static bool machine_check(const struct cpu *caller, const struct bh_cell_desc *desc,
			  struct bh_error *error)
{
	u32 subpages = 0;

	if (!identity_check(desc, error) || !cpus_check(caller, desc, error))
		return false;
	for (u32 i = 0; i < desc->memory.count; i++) {
		if (!region_check(&desc_memory(desc)[i], i, error))
			return false;
		subpages += !(desc_memory(desc)[i].flags & BH_MEM_COMM) &&
			    memory_is_subpage(&desc_memory(desc)[i]);
	}
	if (subpages > CELL_WINDOWS_MAX)
		return error_set(error, BH_E_DESC_COUNT, .where = BH_IN_MEMORY, .value = subpages,
				 .limit = CELL_WINDOWS_MAX);
	for (u32 i = 0; units[i]; i++) {
		const struct unit *unit = units[i];

		if (!(caller || !unit->look ? unit->check : unit->look)(desc, error))
			return false;
	}
	return true;
}

static u32 region_table_flags(const struct bh_memory *region)
{
	return (region->flags & TABLE_ALL) | (region->flags & BH_MEM_IO ? TABLE_DEVICE : 0) |
	       (region->flags & BH_MEM_NO_HUGEPAGES ? TABLE_SMALL : 0);
}

static u32 pages_needed(const struct bh_cell_desc *desc)
{
	u32 pages = 2 + arch_cell_table_pages(); /* the top of the table and the comm page */

	for (u32 i = 0; i < desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(desc)[i];

		pages += table_map_pages_needed(GPA(region->virt), PADDR(region->phys),
						region->size, region_table_flags(region));
		pages += table_pages_needed(ALIGN_DOWN(region->phys, PAGE_SIZE),
					    ALIGN_UP(region->size, PAGE_SIZE) + PAGE_SIZE);
	}
	for (u32 i = 0; units[i]; i++)
		pages += units[i]->pages(desc);
	return pages;
}

/* ---- regions ---- */

/* Taken from the root, as opposed to shared with it or trapped. */
static bool region_is_taken(const struct bh_memory *region)
{
	return !(region->flags & (BH_MEM_COMM | BH_MEM_ROOTSHARED)) && !memory_is_subpage(region);
}

static bool region_is_cleared(const struct bh_memory *region)
{
	return region_is_taken(region) && !(region->flags & BH_MEM_IO);
}

/* The root keeps it in any case where it is only a part of a page. */
static bool region_is_shared(const struct bh_memory *region)
{
	return region->flags & BH_MEM_ROOTSHARED && !(region->flags & BH_MEM_COMM) &&
	       !memory_is_subpage(region);
}

static void regions_set_owner(const struct cell *cell, u32 owner)
{
	for (u32 i = 0; i < cell->desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(cell->desc)[i];

		if (region_is_taken(region))
			table_set_owner(&root_cell.table, region->phys, region->size, owner, false);
	}
}

/* The root's part of what it shares: marked while at least one cell sees it. */
static void regions_mark_shared(bool destroying)
{
	struct cell *cell;

	cell_for_each (cell) {
		if (!cell->desc || (cell->job == CELL_DESTROYING) != destroying)
			continue;
		for (u32 i = 0; i < cell->desc->memory.count; i++) {
			const struct bh_memory *region = &desc_memory(cell->desc)[i];

			if (region_is_shared(region))
				table_set_owner(&root_cell.table, region->phys, region->size,
						BH_OWNER_ROOT, !destroying);
		}
	}
}

static void regions_set_shared(void)
{
	regions_mark_shared(true);
	regions_mark_shared(false);
}

/* Let the root see, or no longer see, what may be loaded. */
static void regions_show(const struct cell *cell, bool visible)
{
	for (u32 i = 0; i < cell->desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(cell->desc)[i];

		if (region_is_taken(region) && region->flags & BH_MEM_LOADABLE)
			table_set_owner(&root_cell.table, region->phys, region->size, cell->id,
					visible);
	}
}

/* A window of a device that is smaller than a page. */
static bool window_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	const struct bh_memory *region = arg;
	u64 offset = access->address.v - region->virt;
	u32 need = access->write ? BH_MEM_WRITE : BH_MEM_READ;
	paddr_t at = PADDR(region->phys + offset);

	(void)cpu;
	if (!(region->flags & need) || !(region->flags & (u32)access->width << 16))
		return false;
	if (at.v % access->width && !(region->flags & BH_MEM_IO_UNALIGNED))
		return false;
	if (access->write)
		mmio_write(at, access->width, access->value);
	else
		access->value = mmio_read(at, access->width);
	return true;
}

static void cell_map(struct cell *cell)
{
	struct table *table = &cell->table;

	cell->comm_address = CELL_ADDRESS_LIMIT;
	for (u32 i = 0; i < cell->desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(cell->desc)[i];

		if (region->flags & BH_MEM_COMM) {
			cell->comm_address = region->virt;
			table_map(table, GPA(region->virt), virt_to_phys(cell->comm), PAGE_SIZE,
				  region->flags & TABLE_READ);
			if (region->flags & BH_MEM_WRITE)
				mmio_add(&cell->mmio, region->virt, PAGE_SIZE, comm_access, NULL);
		} else if (memory_is_subpage(region)) {
			mmio_add(&cell->mmio, region->virt, region->size, window_access,
				 (void *)region);
		} else {
			table_map(table, GPA(region->virt), PADDR(region->phys), region->size,
				  region_table_flags(region));
		}
	}
	table_reclaim(table);
}

/* ---- clearing, in steps ---- */

/* What is cleared as part @i of a job: the cell's regions, then links nobody else has. Size 0: nothing. */
static struct bh_range job_range(const struct cell *cell, u32 i)
{
	const struct bh_memory *region = &desc_memory(cell->desc)[i];

	if (i >= cell->desc->memory.count)
		return link_clears(cell, i - cell->desc->memory.count);
	return (struct bh_range){region->phys, region_is_cleared(region) ? region->size : 0};
}

/* true when all is done. */
static bool clear_step(struct cell *cell)
{
	u32 parts = cell->desc->memory.count + cell->desc->links.count;
	u64 budget = CELL_CLEAR_STEP;

	for (; cell->job_region < parts; cell->job_region++) {
		struct bh_range range = job_range(cell, cell->job_region);

		for (; cell->job_offset < range.size; cell->job_offset += PAGE_SIZE) {
			if (!budget)
				return false;
			arch_clear_page(PADDR(range.start + cell->job_offset));
			budget -= PAGE_SIZE;
		}
		cell->job_offset = 0;
	}
	return true;
}

static void job_begin(struct cell *cell, enum cell_job job)
{
	cell->job = job;
	cell->job_region = 0;
	cell->job_offset = 0;
	cell->handed_over = false;
}

/* ---- the calls ---- */

static struct cpu *management_owner;

static bool management_enter(struct cpu *caller, struct bh_error *error)
{
	struct cpu *nobody = NULL;

	if (caller->cell != &root_cell)
		return error_set(error, BH_E_NOT_ROOT);
	if (__atomic_compare_exchange_n(&management_owner, &nobody, caller, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return true;
	return error_set(error, BH_E_BUSY, .value = nobody->id);
}

static int management_leave(int result)
{
	__atomic_store_n(&management_owner, NULL, __ATOMIC_RELEASE);
	return result;
}

void management_abandon(struct cpu *cpu)
{
	if (management_owner == cpu)
		management_leave(0);
}

static bool cpus_stop(const struct bh_cell_desc *desc, struct bh_error *error)
{
	const u32 *ids = desc_cpus(desc);

	for (u32 i = 0; i < desc->cpus.count; i++)
		cpu_request(cpu_get(ids[i]), CPU_REQUEST_STOP);
	for (u32 i = 0; i < desc->cpus.count; i++)
		if (!cpu_wait(cpu_get(ids[i]), CPU_REQUEST_STOP))
			return error_set(error, BH_E_CPU_TIMEOUT, .where = BH_IN_CPUS,
					 .index = ids[i], .limit = machine.response_ms);
	return true;
}

/* The root's CPUs wait for Linux to start them again by INIT and SIPI. */
static void cpus_return(const struct bh_cell_desc *desc)
{
	const u32 *ids = desc_cpus(desc);

	for (u32 i = 0; i < desc->cpus.count; i++) {
		struct cpu *cpu = cpu_get(ids[i]);

		cpu_move(cpu, &root_cell);
		cpu->mode = CPU_WAITING;
	}
}

static struct cell *cell_alloc(const struct bh_cell_desc *desc)
{
	struct cell *cell = &cell_slots[desc->id];
	struct bh_cell_status *status = &shared->cell[desc->id];

	memset(cell, 0, sizeof(*cell));
	cell->id = desc->id;
	cell->desc = desc;
	cell->name = desc->name;
	cell->last_state = BH_CELL_SHUT_DOWN;
	cell->comm_address = CELL_ADDRESS_LIMIT;
	memcpy(cell->policy, desc->policy, sizeof(cell->policy));
	memset(status, 0, sizeof(*status));
	memcpy(status->name, desc->name, sizeof(status->name));
	status->generation = ++cell_generation;
	shared->console[desc->id].tail = 0; /* readers tell by the generation */
	return cell;
}

static void cell_free(struct cell *cell)
{
	u32 desc_pages = ALIGN_UP(cell->desc->size, PAGE_SIZE) / PAGE_SIZE;
	struct bh_cell_status *status = &shared->cell[cell->id];

	if (cell->table.root)
		table_destroy(&cell->table);
	arch_cell_exit(cell);
	if (cell->comm)
		reserve_give(&cell->reserve, cell->comm);
	reserve_trim(&cell->reserve, 0);
	pool_free((void *)cell->desc, desc_pages);
	cell_used[cell->id] = false;
	while (!cell_used[cells_end - 1] && cells_end > 1)
		cells_end--;
	/* While a cell exists, what merges in the root's table may have to be split again. */
	if (cell_count() == 1)
		reserve_trim(&root_cell.reserve, ROOT_RESERVE);
	/* The state stays what was seen last: who looks at this moment does not see another one. */
	status->id = 0;
	status->loadable = 0;
	status->name[0] = 0;
}

/* The descriptor as the core's own copy, or NULL. */
static struct bh_cell_desc *desc_copy(gpa_t from, struct bh_error *error)
{
	struct bh_cell_desc header, *desc;
	u64 size;

	if (!root_read(from, &header, sizeof(header))) {
		error_set(error, BH_E_ADDRESS, .value = from.v);
		return NULL;
	}
	size = header.size;
	if (size < sizeof(header) || size > BH_CELL_DESC_MAX) {
		error_set(error, BH_E_DESC_SIZE, .value = size, .limit = sizeof(header));
		return NULL;
	}
	desc = pool_take(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);
	if (!desc) {
		error_set(error, BH_E_CORE_MEMORY, .value = ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE,
			  .limit = pool_free_pages());
		return NULL;
	}
	if (!root_read(from, desc, size)) {
		error_set(error, BH_E_ADDRESS, .value = from.v);
	} else {
		desc->size = size; /* as checked, whatever it has become meanwhile */
		if (desc_check(desc, size, error))
			return desc;
	}
	pool_free(desc, ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);
	return NULL;
}

static bool other_locked(const struct cell *but, struct bh_error *error)
{
	struct cell *cell;

	cell_for_each (cell)
		if (cell->desc && cell != but &&
		    READ_ONCE(cell->comm->cell_state) == BH_CELL_RUNNING_LOCKED)
			return !error_set(error, BH_E_CELL_LOCKED, .owner = cell->id);
	return false;
}

/* CPUs that were stopped for a cell that did not come to be; Linux starts them by INIT and SIPI. */
static void cpus_unstop(const struct bh_cell_desc *desc)
{
	const u32 *ids = desc_cpus(desc);

	for (u32 i = 0; i < desc->cpus.count; i++) {
		struct cpu *cpu = cpu_get(ids[i]);

		__atomic_and_fetch(&cpu->requests, ~(u32)CPU_REQUEST_STOP, __ATOMIC_ACQ_REL);
		if (cpu->mode == CPU_STOPPED && !cpu->failed)
			cpu->mode = CPU_WAITING;
	}
}

/* Everything that can fail: afterwards the cell exists and owns nothing yet. */
static struct cell *create_prepare(struct bh_cell_desc *desc, struct bh_error *error)
{
	u32 pages = pages_needed(desc) + arch_cell_pages() + 2;
	u32 root_reserve = root_cell.reserve.count;
	struct cell *cell = cell_alloc(desc);

	if (!reserve_fill(&cell->reserve, pages) ||
	    !reserve_fill(&root_cell.reserve, ROOT_RESERVE + pages) ||
	    !table_init(&cell->table, CELL_ADDRESS_LIMIT, &cell->reserve) || !arch_cell_init(cell))
		goto no_memory;
	cell->comm = reserve_take(&cell->reserve);
	cell->comm->cell_state = BH_CELL_SHUT_DOWN;
	if (cpus_stop(desc, error))
		return cell;
	cpus_unstop(desc);
	goto undo;

no_memory:
	error_set(error, BH_E_CORE_MEMORY, .value = pages, .limit = pool_free_pages());
undo:
	/* What a cell that never was has taken; table and bitmaps may be missing. */
	cell_free(cell);
	reserve_trim(&root_cell.reserve, root_reserve);
	return NULL;
}

static int create_begin(struct cpu *caller, gpa_t address, struct bh_error *error)
{
	struct bh_cell_desc *desc;
	struct cell *cell;

	if (other_locked(NULL, error))
		return error_result(error);
	desc = desc_copy(address, error);
	if (!desc)
		return error_result(error);
	if (!machine_check(caller, desc, error)) {
		pool_free(desc, ALIGN_UP(desc->size, PAGE_SIZE) / PAGE_SIZE);
		return error_result(error);
	}
	cell = create_prepare(desc, error);
	if (!cell)
		return error_result(error);

	/* From here on nothing fails. */
	cell_used[cell->id] = true;
	cells_end = MAX(cells_end, cell->id + 1);
	for (u32 i = 0; i < desc->cpus.count; i++)
		cpu_move(cpu_get(desc_cpus(desc)[i]), cell);
	link_root_revise();
	job_begin(cell, CELL_CREATING);
	regions_set_owner(cell, BH_OWNER_CORE);
	link_claim(cell);
	regions_set_shared();
	cell_publish(cell);
	return -BH_ERRNO_AGAIN;
}

static int create_continue(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	/* Before the first byte is cleared no root CPU may still reach the memory. */
	if (!cell->job_region && !cell->job_offset && !root_flush(caller, error))
		return error_result(error);
	if (!clear_step(cell))
		return -BH_ERRNO_AGAIN;
	/* Once: the call comes again when a CPU of the root was silent at the end. */
	if (!cell->handed_over) {
		cell->handed_over = true;
		regions_set_owner(cell, cell->id);
		cell_map(cell);
		for (u32 i = 0; units[i]; i++)
			units[i]->assign(cell);
	}
	if (!root_flush(caller, error))
		return error_result(error);
	cell->job = CELL_IDLE;
	link_claimed(cell);
	notify_root(BH_NOTIFY_STATE);
	comm_tell_reconfigured();
	return 0;
}

int cell_check(struct cpu *caller, gpa_t address, struct bh_error *error)
{
	struct bh_cell_desc *desc;

	if (!management_enter(caller, error))
		return error_result(error);
	desc = other_locked(NULL, error) ? NULL : desc_copy(address, error);
	if (!desc)
		return management_leave(error_result(error));
	machine_check(NULL, desc, error);
	pool_free(desc, ALIGN_UP(desc->size, PAGE_SIZE) / PAGE_SIZE);
	return management_leave(error->code ? error_result(error) : 0);
}

int cell_create(struct cpu *caller, gpa_t address, struct bh_error *error)
{
	struct bh_cell_desc header;
	struct cell *cell;

	if (!management_enter(caller, error))
		return error_result(error);
	if (!root_read(address, &header, sizeof(header))) {
		error_set(error, BH_E_ADDRESS, .value = address.v);
		return management_leave(error_result(error));
	}
	header.name[BH_CELL_NAME_SIZE - 1] = '\0'; /* behind the name's end there may be anything */
	cell = header.id < BH_CELLS_MAX && header.id ? cell_get(header.id) : NULL;
	if (cell && cell->job == CELL_CREATING && !strcmp(cell->name, header.name))
		return management_leave(create_continue(caller, cell, error));
	return management_leave(create_begin(caller, address, error));
}

/* The common beginning of start, set loadable, stop: the cell is whole, agrees, and is stopped. */
static int cell_halt(struct cell *cell, bool ask, struct bh_error *error)
{
	int result;

	if (cell->job != CELL_IDLE) {
		error_set(error, BH_E_CELL_STATE, .owner = cell->id, .value = cell->last_state);
		return error_result(error);
	}
	result = ask ? comm_ask_shutdown(cell, error) : 0;
	if (result)
		return result;
	cell->asking = false;
	return cpus_stop(cell->desc, error) ? 0 : error_result(error);
}

static struct cell *cell_named(u32 id, struct bh_error *error)
{
	struct cell *cell = cell_get(id);

	if (!cell)
		error_set(error, BH_E_NO_SUCH_CELL, .value = id);
	else if (cell == &root_cell)
		error_set(error, BH_E_ROOT_CELL);
	else
		return cell;
	return NULL;
}

static void cpus_forgive(struct cell *cell)
{
	struct cpu *cpu;

	cell_for_each_cpu (cell, cpu) {
		cpu->failed = false;
		cpu_publish(cpu);
	}
}

static void units_reset(struct cell *cell)
{
	for (u32 i = 0; units[i]; i++)
		units[i]->reset(cell);
}

static int start_timeout(const struct cpu *cpu, struct bh_error *error)
{
	error_set(error, BH_E_CPU_TIMEOUT, .index = cpu->id, .limit = machine.response_ms);
	return error_result(error);
}

static int start(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	struct cpu *cpu, *first = NULL;
	int result = cell_halt(cell, true, error);

	if (result)
		return result;
	if (cell->loadable) {
		regions_show(cell, false);
		if (!root_flush(caller, error)) {
			regions_show(cell, true);
			return error_result(error);
		}
		cell->loadable = false;
	}
	units_reset(cell);
	comm_start(cell);
	cell_publish(cell);
	cell_for_each_cpu (cell, cpu) {
		if (first)
			cpu_request(cpu, CPU_REQUEST_RESET);
		else
			first = cpu;
	}
	cell_for_each_cpu (cell, cpu)
		if (!cpu_wait(cpu, CPU_REQUEST_RESET))
			return start_timeout(cpu, error);
	/* It may call the others at once: they are there by now. */
	cpu_request(first, CPU_REQUEST_RESET);
	return cpu_wait(first, CPU_REQUEST_RESET) ? 0 : start_timeout(first, error);
}

static int set_loadable(struct cpu *caller, struct cell *cell, bool ask, struct bh_error *error)
{
	int result = cell_halt(cell, ask, error);

	if (result)
		return result;
	cpus_forgive(cell);
	if (!cell->loadable) {
		cell->loadable = true;
		units_reset(cell);
		regions_show(cell, true);
		comm_set_state(cell, BH_CELL_SHUT_DOWN);
		/* Blank entries the root made meanwhile must go too. */
		if (!root_flush(caller, error))
			return error_result(error);
	}
	cell_publish(cell);
	return 0;
}

static int destroy_begin(struct cell *cell, struct bh_error *error)
{
	bool whole = cell->job == CELL_IDLE;
	bool has_units = whole || cell->handed_over;
	int result = 0;

	if (other_locked(cell, error))
		return error_result(error);
	if (whole)
		result = cell_halt(cell, true, error);
	else if (!cpus_stop(cell->desc, error))
		result = error_result(error);
	if (result)
		return result;
	if (has_units)
		for (u32 i = 0; units[i]; i++)
			units[i]->release(cell);
	job_begin(cell, CELL_DESTROYING);
	link_leave(cell);
	comm_set_state(cell, BH_CELL_SHUT_DOWN);
	regions_set_owner(cell, BH_OWNER_CORE);
	return -BH_ERRNO_AGAIN;
}

static int destroy_continue(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	if (!cell->job_region && !cell->job_offset && !root_flush(caller, error))
		return error_result(error);
	if (!clear_step(cell))
		return -BH_ERRNO_AGAIN;
	if (!cell->handed_over) {
		cell->handed_over = true;
		regions_set_owner(cell, BH_OWNER_ROOT);
		regions_set_shared();
		link_drop(cell);
	}
	if (!root_flush(caller, error))
		return error_result(error);
	cpus_return(cell->desc);
	cell_free(cell);
	notify_root(BH_NOTIFY_STATE);
	comm_tell_reconfigured();
	return 0;
}

static int destroy(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	return cell->job == CELL_DESTROYING ? destroy_continue(caller, cell, error)
					    : destroy_begin(cell, error);
}

static int load(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	return set_loadable(caller, cell, true, error);
}

static int stop(struct cpu *caller, struct cell *cell, struct bh_error *error)
{
	return set_loadable(caller, cell, false, error);
}

static int cell_call(struct cpu *caller, u32 id, struct bh_error *error,
		     int (*call)(struct cpu *, struct cell *, struct bh_error *))
{
	struct cell *cell;

	if (!management_enter(caller, error))
		return error_result(error);
	cell = cell_named(id, error);
	return management_leave(cell ? call(caller, cell, error) : error_result(error));
}

int cell_start(struct cpu *caller, u32 id, struct bh_error *error)
{
	return cell_call(caller, id, error, start);
}

int cell_set_loadable(struct cpu *caller, u32 id, struct bh_error *error)
{
	return cell_call(caller, id, error, load);
}

int cell_stop(struct cpu *caller, u32 id, struct bh_error *error)
{
	return cell_call(caller, id, error, stop);
}

int cell_destroy(struct cpu *caller, u32 id, struct bh_error *error)
{
	return cell_call(caller, id, error, destroy);
}

int cell_state(u32 id, struct bh_error *error)
{
	struct cell *cell = cell_get(id);
	u32 state;

	if (!cell) {
		error_set(error, BH_E_NO_SUCH_CELL, .value = id);
		return error_result(error);
	}
	state = cell == &root_cell ? BH_CELL_RUNNING : READ_ONCE(cell->comm->cell_state);
	return state <= BH_CELL_FAILED_COMM_REV ? (int)state : -BH_ERRNO_INVAL;
}
