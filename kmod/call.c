// SPDX-License-Identifier: GPL-2.0-or-later
/* ioctl(2): the envelope every call has, checked once; then one management call at a time. */

#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include "arch.h"
#include "core.h"

union call_any {
	struct bh_call call;
	struct bh_enable enable;
	struct bh_disable disable;
	struct bh_create create;
	struct bh_load load;
	struct bh_cell_call cell;
	struct bh_info info;
	struct bh_info_cpu info_cpu;
	struct bh_info_link info_link;
	struct bh_stream stream;
	struct bh_policy_call policy;
	struct bh_descriptor descriptor;
};

static int call_enabled(struct bh_call *call)
{
	return bh_core.enabled ? 0 : error_set(call, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
}

static int call_enable(union call_any *any, struct bh_file *file)
{
	return core_enable(&any->enable);
}

static int call_disable(union call_any *any, struct bh_file *file)
{
	return core_disable(&any->call);
}

static int call_create(union call_any *any, struct bh_file *file)
{
	int ret = call_enabled(&any->call);

	return ret ? ret : cell_create(&any->create);
}

static int call_load(union call_any *any, struct bh_file *file)
{
	return cell_load(&any->load);
}

static int call_cell(union call_any *any, struct bh_file *file, int (*work)(struct bh_cell_call *))
{
	if (any->cell.reserved)
		return error_set(&any->call, EINVAL, BH_R_ARGUMENT, "a reserved field is not 0");
	return work(&any->cell);
}

static int call_start(union call_any *any, struct bh_file *file)
{
	return call_cell(any, file, cell_start);
}

static int call_stop(union call_any *any, struct bh_file *file)
{
	return call_cell(any, file, cell_stop);
}

static int call_destroy(union call_any *any, struct bh_file *file)
{
	return call_cell(any, file, cell_destroy);
}

static int call_policy(union call_any *any, struct bh_file *file)
{
	if (any->policy.reserved)
		return error_set(&any->call, EINVAL, BH_R_ARGUMENT, "a reserved field is not 0");
	return cell_policy(&any->policy);
}

static int call_descriptor(union call_any *any, struct bh_file *file)
{
	return cell_descriptor(&any->descriptor);
}

static int call_stream(union call_any *any, struct bh_file *file)
{
	return stream_choose(file, &any->stream);
}

static void info_cells(struct bh_info *info, const struct bh_shared *shared)
{
	u32 i;

	for (i = 0; i < BH_CELLS_MAX; i++) {
		const struct bh_cell_status *status = &shared->cell[i];
		struct bh_info_cell *cell = &info->cell[info->cell_count];

		if (i && !READ_ONCE(status->id))
			continue;
		cell->id = i;
		cell->state = READ_ONCE(status->state);
		cell->loadable = READ_ONCE(status->loadable);
		cell->generation = READ_ONCE(status->generation);
		memcpy(cell->violations, (const void *)status->violations,
		       sizeof(cell->violations));
		memcpy(cell->name, status->name, sizeof(cell->name));
		cell->name[sizeof(cell->name) - 1] = '\0';
		info->cell_count++;
	}
}

static int call_info(union call_any *any, struct bh_file *file)
{
	struct bh_info *info = &any->info;
	struct bh_call call = info->call;

	memset(info, 0, sizeof(*info));
	info->call = call;
	info->version = BH_DEVICE_VERSION;
	WRITE_ONCE(file->state_seen, atomic_read(&bh_core.state_count));
	if (!bh_core.enabled)
		return 0;
	info->state = BH_STATE_ENABLED;
	info->core_memory = (struct bh_range){bh_core.phys, bh_core.size};
	info->memory_count = memory_for_cells(info->memory, BH_BOOT_RANGES_MAX);
	down_read(&bh_core.shared_lock);
	info->pool_pages = bh_core.shared->pool_pages;
	info->pool_used = bh_core.shared->pool_used;
	info->events_lost = bh_core.shared->events.lost;
	info->events_next = info->events_lost + bh_core.shared->events.tail;
	/* The core publishes a state before it records the event: with event.c's release of the tail. */
	smp_rmb();
	info_cells(info, bh_core.shared);
	up_read(&bh_core.shared_lock);
	return 0;
}

static int call_info_cpu(union call_any *any, struct bh_file *file)
{
	struct bh_info_cpu *info = &any->info_cpu;
	const struct bh_cpu_status *status;
	int i, ret = call_enabled(&any->call);

	if (ret)
		return ret;
	if (info->cpu >= nr_cpu_ids || !cpumask_test_cpu(info->cpu, &bh_core.cpus))
		return error_code(&any->call, BH_E_CPU_UNKNOWN, 0, info->cpu,
				  cpumask_last(&bh_core.cpus));
	down_read(&bh_core.shared_lock);
	status = &bh_core.shared->cpu[info->cpu];
	info->cell = READ_ONCE(status->cell);
	info->state = READ_ONCE(status->state);
	info->apic_id = READ_ONCE(status->apic_id);
	for (i = 0; i < BH_COUNTERS_MAX; i++)
		info->counters[i] = READ_ONCE(status->counters[i]);
	up_read(&bh_core.shared_lock);
	return 0;
}

/* The core stamps with the TSC; programs know the kernel's clock. */
static u64 tsc_to_boottime(u64 tsc)
{
	u64 now = arch_ticks(), ns = ktime_get_boottime_ns();

	if (!tsc)
		return 0;
	return tsc < now ? ns - mul_u64_u64_div_u64(now - tsc, NSEC_PER_MSEC, arch_ticks_khz())
			 : ns;
}

static int call_info_link(union call_any *any, struct bh_file *file)
{
	struct bh_info_link *info = &any->info_link;
	const struct bh_link_status *status;
	u32 number = info->number, i;
	int ret = call_enabled(&any->call);

	if (ret)
		return ret;
	down_read(&bh_core.shared_lock);
	while (number < BH_LINKS_MAX && !READ_ONCE(bh_core.shared->link[number].peers))
		number++;
	if (number >= BH_LINKS_MAX) {
		up_read(&bh_core.shared_lock);
		return error_code(&any->call, BH_E_NO_SUCH_LINK, 0, info->number, 0);
	}
	status = &bh_core.shared->link[number];
	info->number = number;
	info->protocol = status->protocol;
	info->peers = min_t(u32, READ_ONCE(status->peers), BH_LINK_PEERS_MAX);
	info->root_vectors = status->root_vectors;
	info->root_id = status->root_id;
	info->phys = status->phys;
	info->rw_size = status->rw_size;
	info->output_size = status->output_size;
	for (i = 0; i < info->peers; i++) {
		const struct bh_link_peer_status *peer = &status->peer[i];

		info->peer[i] = (struct bh_info_link_peer){
			.owner = READ_ONCE(peer->owner),
			.state = READ_ONCE(peer->state),
			.rung = READ_ONCE(peer->rung),
			.received = READ_ONCE(peer->received),
			.active_ns = tsc_to_boottime(READ_ONCE(peer->active)),
		};
	}
	up_read(&bh_core.shared_lock);
	return 0;
}

struct call_kind {
	unsigned int cmd;
	u32 flags; /* known ones */
	bool manage; /* changes something: the file must be open for writing */
	int (*work)(union call_any *any, struct bh_file *file);
};

static const struct call_kind kinds[] = {
	{BH_IOC_ENABLE, 0, true, call_enable},
	{BH_IOC_DISABLE, BH_DISABLE_FORCE, true, call_disable},
	{BH_IOC_CREATE, 0, true, call_create},
	{BH_IOC_LOAD, 0, true, call_load},
	{BH_IOC_START, 0, true, call_start},
	{BH_IOC_STOP, BH_CELL_FORCE, true, call_stop},
	{BH_IOC_DESTROY, BH_CELL_FORCE, true, call_destroy},
	{BH_IOC_POLICY, 0, true, call_policy},
	{BH_IOC_INFO, 0, false, call_info},
	{BH_IOC_INFO_CPU, 0, false, call_info_cpu},
	{BH_IOC_INFO_LINK, 0, false, call_info_link},
	{BH_IOC_DESCRIPTOR, 0, false, call_descriptor},
	{BH_IOC_STREAM, BH_STREAM_FROM_START | BH_STREAM_WHOLE, false, call_stream},
};

static int call_run(const struct call_kind *kind, union call_any *any, struct file *filp)
{
	struct bh_call *call = &any->call;
	int ret;

	if (call->size != _IOC_SIZE(kind->cmd))
		return error_set(
			call, EINVAL, BH_R_ARGUMENT,
			"the structure's size is %u, expected %u: program and module are of "
			"different versions",
			call->size, _IOC_SIZE(kind->cmd));
	if (call->reserved)
		return error_set(call, EINVAL, BH_R_ARGUMENT, "a reserved field is not 0");
	if (call->flags & ~kind->flags)
		return error_set(call, EINVAL, BH_R_ARGUMENT, "unknown flags 0x%x",
				 call->flags & ~kind->flags);
	if (kind->manage && !(filp->f_mode & FMODE_WRITE))
		return error_set(
			call, EPERM, BH_R_PERMISSION,
			"the device is open for reading only, which allows looking but not "
			"changing");
	if (mutex_lock_interruptible(&bh_core.lock))
		return error_set(
			call, EINTR, BH_R_INTERRUPTED,
			"a signal came while another call was in progress; nothing was done");
	ret = kind->work(any, filp->private_data);
	mutex_unlock(&bh_core.lock);
	return ret;
}

long call_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	const struct call_kind *kind;
	union call_any *any;
	long ret;

	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++)
		if (kind->cmd == cmd)
			break;
	if (kind == kinds + ARRAY_SIZE(kinds))
		return -ENOTTY;
	any = memdup_user(user, _IOC_SIZE(cmd));
	if (IS_ERR(any))
		return PTR_ERR(any);
	memset(&any->call.error, 0, sizeof(any->call.error));
	memset(any->call.text, 0, sizeof(any->call.text));
	any->call.reason = BH_R_NONE;
	ret = call_run(kind, any, filp);
	if (copy_to_user(user, any, _IOC_SIZE(cmd)) && !ret)
		ret = -EFAULT;
	kfree(any);
	return ret;
}
