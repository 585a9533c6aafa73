// SPDX-License-Identifier: GPL-2.0-or-later
/* Entering the core on all CPUs, and leaving it. What a CPU does for it is in x86/launch.c and arm64/launch.c. */

#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include "arch.h"
#include "launch.h"

static DEFINE_SPINLOCK(check_lock);

static void check_cpu(void *data)
{
	struct bh_error *error = data, found = {.code = BH_E_NONE};

	arch_launch_check(&found);
	if (found.code == BH_E_NONE)
		return;
	found.index = smp_processor_id();
	spin_lock(&check_lock);
	*error = found;
	spin_unlock(&check_lock);
}

int bh_launch_check(struct bh_error *error)
{
	*error = (struct bh_error){};
	cpus_read_lock();
	on_each_cpu(check_cpu, error, 1);
	cpus_read_unlock();
	switch (error->code) {
	case BH_E_NONE:
		return 0;
	case BH_E_CPU_IN_USE:
	case BH_E_EL2_IN_USE:
		return -EBUSY;
	default:
		return -ENODEV;
	}
}

/* ---- the first page tables ---- */

static u64 *table_at(const struct launch *launch, u64 phys)
{
	return (u64 *)(launch->core + (phys - launch->core_phys));
}

static u64 table_new(struct launch *launch)
{
	u64 offset = launch->table_next;

	launch->table_next += PAGE_SIZE;
	memset(launch->core + offset, 0, PAGE_SIZE);
	return launch->core_phys + offset;
}

bool launch_map(struct launch *launch, u64 va, u64 phys, int level)
{
	u64 *table = table_at(launch, launch->tables);
	int at;

	for (at = 3; at > level; at--) {
		u64 *entry = &table[(va >> (12 + 9 * at)) & 511];

		if (!*entry) {
			if (launch->table_next >= launch->info->core_memory.size)
				return false;
			*entry = table_new(launch) | ARCH_PT_TABLE;
		}
		table = table_at(launch, *entry & PAGE_MASK);
	}
	table[(va >> (12 + 9 * level)) & 511] = phys | (level ? ARCH_PT_BLOCK : ARCH_PT_PAGE);
	return true;
}

static bool tables_make(struct launch *launch)
{
	u64 size = launch->info->core_memory.size, offset;
	bool done = true;

	launch->table_next = size - BH_BOOT_TABLE_PAGES * PAGE_SIZE;
	launch->tables = table_new(launch);
	for (offset = 0; offset < size; offset += SZ_2M)
		done &= launch_map(launch, launch->header->link_address + offset,
				   launch->core_phys + offset, 1);
	return done && arch_launch_tables(launch);
}

/* ---- entering ---- */

static int launch_cpu(void *data)
{
	struct launch *launch = data;
	const struct bh_core_header *header = launch->header;
	unsigned int cpu = smp_processor_id();
	u64 stack = header->link_address + launch->info->cpus_offset +
		    (cpu + 1) * (u64)header->cpu_size;

	/* The same on every CPU: while the machine is stopped none comes or goes. */
	WRITE_ONCE(launch->info->cpus_launching, num_online_cpus());
	if (!arch_launch_enter(launch, cpu, stack))
		cpumask_set_cpu(cpu, &launch->refused);
	return 0;
}

int bh_launch(struct bh_boot_info *info, void *core, const struct bh_core_header *header)
{
	struct launch *launch;
	int ret;

	ret = bh_launch_check(&info->error);
	if (ret)
		return ret;
	launch = kzalloc(sizeof(*launch), GFP_KERNEL);
	if (!launch)
		return -ENOMEM;
	launch->info = info;
	launch->header = header;
	launch->core = core;
	launch->core_phys = info->core_memory.start;
	ret = arch_launch_prepare();
	if (!ret && !tables_make(launch)) {
		info->error = (struct bh_error){.code = BH_E_CORE_MEMORY};
		ret = -ENOMEM;
	}
	if (!ret) {
		arch_memory_written(core, info->core_memory.size);
		ret = stop_machine(launch_cpu, launch, cpu_online_mask);
	}
	/* All or none: the core sees to that. */
	if (!ret && !cpumask_empty(&launch->refused))
		ret = info->error.code == BH_E_CPU_TIMEOUT ? -EIO : -ENODEV;
	kfree(launch);
	return ret;
}

/* ---- leaving ---- */

static int leave_cpu(void *data)
{
	atomic_t *refused = data;

	if (!arch_launch_leave())
		atomic_inc(refused);
	return 0;
}

int bh_leave(void)
{
	atomic_t refused = ATOMIC_INIT(0);
	int ret = stop_machine(leave_cpu, &refused, cpu_online_mask);

	return ret ?: atomic_read(&refused) ? -EBUSY : 0;
}
