// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /sys/devices/bulkhead: state, memory, cells and CPUs to look at, and a uevent (subsystem bulkhead) for
 * every change of a cell's state.
 */

#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/version.h>
#include "arch.h"
#include "core.h"

static struct device *root;
static struct kset *cells_set;
static struct kobject *cpus_dir;

const char *state_name(u32 state)
{
	static const char *const names[] = {"running", "running/locked", "shut-down", "failed",
					    "failed/comm revision"};

	return state < ARRAY_SIZE(names) ? names[state] : "invalid";
}

/* --- the root of it ------------------------------------------------------------------------- */

static ssize_t enabled_show(struct device *dev, struct device_attribute *attr, char *out)
{
	return sysfs_emit(out, "%d\n", READ_ONCE(bh_core.enabled));
}
static DEVICE_ATTR_RO(enabled);

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *out)
{
	return sysfs_emit(out, "%d\n", BH_DEVICE_VERSION);
}
static DEVICE_ATTR_RO(version);

static ssize_t core_memory_show(struct device *dev, struct device_attribute *attr, char *out)
{
	u64 start = 0, size = 0;

	if (READ_ONCE(bh_core.enabled)) {
		start = bh_core.phys;
		size = bh_core.size;
	}
	return sysfs_emit(out, "0x%llx 0x%llx\n", start, size);
}
static DEVICE_ATTR_RO(core_memory);

static ssize_t memory_show(struct device *dev, struct device_attribute *attr, char *out)
{
	struct bh_range *ranges;
	ssize_t n = 0;
	int i, count;

	ranges = kcalloc(BH_BOOT_RANGES_MAX, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;
	if (mutex_lock_interruptible(&bh_core.lock)) {
		kfree(ranges);
		return -ERESTARTSYS;
	}
	count = memory_for_cells(ranges, BH_BOOT_RANGES_MAX);
	mutex_unlock(&bh_core.lock);
	for (i = 0; i < count; i++)
		n += sysfs_emit_at(out, n, "0x%llx 0x%llx\n", ranges[i].start, ranges[i].size);
	kfree(ranges);
	return n;
}
static DEVICE_ATTR_RO(memory);

#define SHARED_NUMBER(name, expression)                                                          \
	static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *out) \
	{                                                                                        \
		const struct bh_shared *shared;                                                  \
		u64 value = 0;                                                                   \
                                                                                                 \
		down_read(&bh_core.shared_lock);                                                 \
		shared = bh_core.shared;                                                         \
		if (shared)                                                                      \
			value = expression;                                                      \
		up_read(&bh_core.shared_lock);                                                   \
		return sysfs_emit(out, "%llu\n", value);                                         \
	}                                                                                        \
	static DEVICE_ATTR_RO(name)
SHARED_NUMBER(pool_pages, shared->pool_pages);
SHARED_NUMBER(pool_used, READ_ONCE(shared->pool_used));
SHARED_NUMBER(events_lost, READ_ONCE(shared->events.lost));

static struct attribute *root_attrs[] = {
	&dev_attr_enabled.attr,	    &dev_attr_version.attr,
	&dev_attr_core_memory.attr, &dev_attr_memory.attr,
	&dev_attr_pool_pages.attr,  &dev_attr_pool_used.attr,
	&dev_attr_events_lost.attr, NULL,
};
ATTRIBUTE_GROUPS(root);

/* --- counters, of a cell or a CPU -------------------------------------------------------------- */

static const char *const counter_names[] = {ARCH_COUNTER_NAMES};

struct counter_attribute {
	struct kobj_attribute attr;
	u32 counter;
};

/* Of one CPU, or of all that belong to a cell. */
static u64 counter_sum(u32 counter, int only_cpu, u32 cell)
{
	const struct bh_shared *shared;
	unsigned int cpu;
	u64 sum = 0;

	down_read(&bh_core.shared_lock);
	shared = bh_core.shared;
	for (cpu = 0; shared && cpu < BH_CPUS_MAX; cpu++)
		if (only_cpu < 0 ? shared->cpu[cpu].present && shared->cpu[cpu].cell == cell
				 : cpu == only_cpu)
			sum += READ_ONCE(shared->cpu[cpu].counters[counter]);
	up_read(&bh_core.shared_lock);
	return sum;
}

static ssize_t cell_counter_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	struct bh_cell *cell = container_of(kobj, struct bh_cell, kobj);
	u32 counter = container_of(attr, struct counter_attribute, attr)->counter;

	return sysfs_emit(out, "%llu\n", counter_sum(counter, -1, cell->id));
}

struct sysfs_cpu {
	struct kobject kobj;
	unsigned int cpu;
};
static struct sysfs_cpu *cpu_dirs[BH_CPUS_MAX];

static ssize_t cpu_counter_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	struct sysfs_cpu *cpu = container_of(kobj, struct sysfs_cpu, kobj);
	u32 counter = container_of(attr, struct counter_attribute, attr)->counter;

	return sysfs_emit(out, "%llu\n", counter_sum(counter, cpu->cpu, 0));
}

static struct counter_attribute cell_counters[ARCH_COUNTERS], cpu_counters[ARCH_COUNTERS];
static struct attribute *cell_counter_attrs[ARCH_COUNTERS + 1];
static struct attribute *cpu_counter_attrs[ARCH_COUNTERS + 1];

static void counters_init(void)
{
	int i;

	for (i = 0; i < ARCH_COUNTERS; i++) {
		struct attribute attr = {.name = counter_names[i], .mode = 0444};

		cell_counters[i].attr.attr = cpu_counters[i].attr.attr = attr;
		cell_counters[i].counter = cpu_counters[i].counter = i;
		cell_counters[i].attr.show = cell_counter_show;
		cpu_counters[i].attr.show = cpu_counter_show;
		cell_counter_attrs[i] = &cell_counters[i].attr.attr;
		cpu_counter_attrs[i] = &cpu_counters[i].attr.attr;
	}
}

/* --- CPUs ------------------------------------------------------------------------------------ */

static ssize_t cell_id_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	unsigned int cpu = container_of(kobj, struct sysfs_cpu, kobj)->cpu;
	u32 value = 0;

	down_read(&bh_core.shared_lock);
	if (bh_core.shared)
		value = READ_ONCE(bh_core.shared->cpu[cpu].cell);
	up_read(&bh_core.shared_lock);
	return sysfs_emit(out, "%u\n", value);
}
static struct kobj_attribute cpu_cell_attr = __ATTR(cell, 0444, cell_id_show, NULL);

static ssize_t cpu_state_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	unsigned int cpu = container_of(kobj, struct sysfs_cpu, kobj)->cpu;
	bool failed = false;

	down_read(&bh_core.shared_lock);
	if (bh_core.shared)
		failed = READ_ONCE(bh_core.shared->cpu[cpu].state) == BH_CPU_FAILED;
	up_read(&bh_core.shared_lock);
	return sysfs_emit(out, "%s\n", failed ? "failed" : "running");
}
static struct kobj_attribute cpu_state_attr = __ATTR(state, 0444, cpu_state_show, NULL);

static struct attribute *cpu_attrs[] = {&cpu_cell_attr.attr, &cpu_state_attr.attr, NULL};
static const struct attribute_group cpu_group = {.attrs = cpu_attrs};
static const struct attribute_group cpu_counter_group = {.name = "statistics",
							 .attrs = cpu_counter_attrs};
static const struct attribute_group *cpu_groups[] = {&cpu_group, &cpu_counter_group, NULL};

static void cpu_dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct sysfs_cpu, kobj));
}

static const struct kobj_type cpu_type = {
	.release = cpu_dir_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = cpu_groups,
};

/* --- cells ----------------------------------------------------------------------------------- */

static ssize_t cell_name_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	return sysfs_emit(out, "%s\n", container_of(kobj, struct bh_cell, kobj)->name);
}
static struct kobj_attribute cell_name_attr = __ATTR(name, 0444, cell_name_show, NULL);

static ssize_t cell_state_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	struct bh_cell *cell = container_of(kobj, struct bh_cell, kobj);
	u32 state = BH_CELL_SHUT_DOWN;

	down_read(&bh_core.shared_lock);
	if (bh_core.shared)
		state = READ_ONCE(bh_core.shared->cell[cell->id].state);
	up_read(&bh_core.shared_lock);
	return sysfs_emit(out, "%s\n", state_name(state));
}
static struct kobj_attribute cell_state_attr = __ATTR(state, 0444, cell_state_show, NULL);

static ssize_t cell_cpus_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	struct bh_cell *cell = container_of(kobj, struct bh_cell, kobj);

	return sysfs_emit(out, "%*pbl\n", cpumask_pr_args(&cell->cpus));
}
static struct kobj_attribute cell_cpus_attr = __ATTR(cpus, 0444, cell_cpus_show, NULL);

static ssize_t cell_violations_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	static const char *const kinds[BH_KINDS] = {"memory",	 "pio", "pci",	       "msr", "irq",
						    "hypercall", "cpu", "instruction", "core"};
	struct bh_cell *cell = container_of(kobj, struct bh_cell, kobj);
	ssize_t n = 0;
	int i;

	down_read(&bh_core.shared_lock);
	for (i = 0; bh_core.shared && i < BH_KINDS; i++)
		n += sysfs_emit_at(out, n, "%s %llu\n", kinds[i],
				   READ_ONCE(bh_core.shared->cell[cell->id].violations[i]));
	up_read(&bh_core.shared_lock);
	return n;
}
static struct kobj_attribute cell_violations_attr =
	__ATTR(violations, 0444, cell_violations_show, NULL);

static struct attribute *cell_attrs[] = {&cell_name_attr.attr, &cell_state_attr.attr,
					 &cell_cpus_attr.attr, &cell_violations_attr.attr, NULL};
static const struct attribute_group cell_group = {.attrs = cell_attrs};
static const struct attribute_group cell_counter_group = {.name = "statistics",
							  .attrs = cell_counter_attrs};
static const struct attribute_group *cell_groups[] = {&cell_group, &cell_counter_group, NULL};

static void cell_kobj_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct bh_cell, kobj));
}

static const struct kobj_type cell_type = {
	.release = cell_kobj_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = cell_groups,
};

void sysfs_cell_init(struct bh_cell *cell)
{
	kobject_init(&cell->kobj, &cell_type);
}

int sysfs_cell_add(struct bh_cell *cell)
{
	int ret;

	cell->kobj.kset = cells_set;
	ret = kobject_add(&cell->kobj, NULL, "%u", cell->id);
	if (ret)
		return ret;
	kobject_uevent(&cell->kobj, KOBJ_ADD);
	atomic_inc(&bh_core.state_count);
	stream_wake();
	return 0;
}

/* Waits for readers of the entries; so no lock they take may be held. */
void sysfs_cell_remove(struct bh_cell *cell)
{
	if (cell->kobj.state_in_sysfs)
		kobject_del(&cell->kobj);
}

void sysfs_cell_changed(struct bh_cell *cell, u32 state)
{
	char id[16], name[64], now[48];
	char *env[] = {id, name, now, NULL};

	if (!cell->kobj.state_in_sysfs)
		return;
	snprintf(id, sizeof(id), "CELL=%u", cell->id);
	snprintf(name, sizeof(name), "NAME=%s", cell->name);
	snprintf(now, sizeof(now), "STATE=%s", state_name(state));
	kobject_uevent_env(&cell->kobj, KOBJ_CHANGE, env);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
static const char *cells_subsystem(const struct kobject *kobj)
#else
static const char *cells_subsystem(struct kobject *kobj)
#endif
{
	return "bulkhead";
}
static const struct kset_uevent_ops cells_uevents = {.name = cells_subsystem};

/* --- life ------------------------------------------------------------------------------------ */

int sysfs_enable(void)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, &bh_core.cpus)
	{
		struct sysfs_cpu *dir = kzalloc(sizeof(*dir), GFP_KERNEL);

		ret = dir ? 0 : -ENOMEM;
		if (dir) {
			dir->cpu = cpu;
			ret = kobject_init_and_add(&dir->kobj, &cpu_type, cpus_dir, "%u", cpu);
			if (ret)
				kobject_put(&dir->kobj);
			else
				cpu_dirs[cpu] = dir;
		}
		if (ret) {
			sysfs_disable();
			return ret;
		}
	}
	return 0;
}

void sysfs_disable(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < BH_CPUS_MAX; cpu++) {
		if (!cpu_dirs[cpu])
			continue;
		kobject_del(&cpu_dirs[cpu]->kobj);
		kobject_put(&cpu_dirs[cpu]->kobj);
		cpu_dirs[cpu] = NULL;
	}
}

int sysfs_init(void)
{
	int ret;

	counters_init();
	root = root_device_register("bulkhead");
	if (IS_ERR(root))
		return PTR_ERR(root);
	ret = sysfs_create_groups(&root->kobj, root_groups);
	if (ret)
		goto fail_root;
	ret = -ENOMEM;
	cells_set = kset_create_and_add("cells", &cells_uevents, &root->kobj);
	if (!cells_set)
		goto fail_groups;
	cpus_dir = kobject_create_and_add("cpus", &root->kobj);
	if (!cpus_dir)
		goto fail_cells;
	return 0;

fail_cells:
	kset_unregister(cells_set);
fail_groups:
	sysfs_remove_groups(&root->kobj, root_groups);
fail_root:
	root_device_unregister(root);
	return ret;
}

void sysfs_exit(void)
{
	kobject_put(cpus_dir);
	kset_unregister(cells_set);
	sysfs_remove_groups(&root->kobj, root_groups);
	root_device_unregister(root);
}
