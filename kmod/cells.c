// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells that exist: start, stop, load, destroy, and telling the world about their states. */

#include <linux/delay.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "core.h"
#include "launch.h"

#define STEP_SHORT_NS 50000 /* a call that did work takes longer; a shorter one waits for a cell */
#define BUSY_MS 2000 /* a call that is in progress on another CPU is over long before */

struct bh_cell *cell_find(u32 id)
{
	struct bh_cell *cell;

	list_for_each_entry (cell, &bh_core.cells, link)
		if (cell->id == id)
			return cell;
	return NULL;
}

static int cell_get(struct bh_call *call, u32 id, struct bh_cell **cell)
{
	if (!bh_core.enabled)
		return error_set(call, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
	if (id == BH_OWNER_ROOT)
		return error_code(call, BH_E_ROOT_CELL, 0, 0, 0);
	*cell = cell_find(id);
	return *cell ? 0 : error_code(call, BH_E_NO_SUCH_CELL, 0, id, 0);
}

static bool cell_runs(u32 state)
{
	return state == BH_CELL_RUNNING || state == BH_CELL_RUNNING_LOCKED;
}

static void cell_state_tell(struct bh_cell *cell, u32 state)
{
	cell->state = state;
	if (cell_runs(state))
		cell->starting = false;
	sysfs_cell_changed(cell, state);
}

/*
 * A management call of the core, in as many steps as it takes. Each is bounded by the core, and so is
 * the time a cell has to answer; so the request is carried through even if the program was killed.
 */
int cell_request(struct bh_call *call, u32 nr, u64 arg)
{
	unsigned long busy_until = jiffies + msecs_to_jiffies(BUSY_MS);
	struct bh_error *result = bh_core.result;
	u64 before;
	long ret;

	cell_states_announce(); /* what the request may end */
	for (;;) {
		memset(result, 0, sizeof(*result));
		before = local_clock();
		ret = bh_hypercall(nr, arg, virt_to_phys(result));
		if (ret == -BH_ERRNO_AGAIN && local_clock() - before < STEP_SHORT_NS)
			usleep_range(100, 500);
		else if (ret == -BH_ERRNO_AGAIN)
			cond_resched();
		else if (ret == -BH_ERRNO_BUSY && result->code == BH_E_BUSY &&
			 time_before(jiffies, busy_until))
			usleep_range(100, 500);
		else
			break;
	}
	cell_states_announce();
	return ret < 0 ? error_core(call, result, ret) : 0;
}

int cell_start(struct bh_cell_call *request)
{
	struct bh_cell *cell;
	int ret = cell_get(&request->call, request->id, &cell);

	if (ret)
		return ret;
	mutex_lock(&bh_core.cells_lock);
	cell->starting = !cell_runs(cell->state);
	mutex_unlock(&bh_core.cells_lock);
	ret = cell_request(&request->call, BH_HC_CELL_START, cell->id);
	mutex_lock(&bh_core.cells_lock);
	if (!ret && cell->starting)
		cell_state_tell(cell, BH_CELL_RUNNING);
	cell->starting = false;
	mutex_unlock(&bh_core.cells_lock);
	cell_states_announce();
	return ret;
}

/* Asked to, a cell shuts down as for loading; by force, its CPUs are stopped where they are. */
static int cell_halt(struct bh_call *call, struct bh_cell *cell, bool force)
{
	return cell_request(call, force ? BH_HC_CELL_STOP : BH_HC_CELL_SET_LOADABLE, cell->id);
}

int cell_stop(struct bh_cell_call *request)
{
	struct bh_cell *cell;
	int ret = cell_get(&request->call, request->id, &cell);

	return ret ? ret : cell_halt(&request->call, cell, request->call.flags & BH_CELL_FORCE);
}

static int cell_remove(struct bh_call *call, struct bh_cell *cell, bool force)
{
	/* A cell that does not agree is asked before the root's devices go. */
	int ret = force || links_end_with(cell) ? cell_halt(call, cell, force) : 0;

	if (ret)
		return ret;
	links_vanish(cell);
	ret = cell_request(call, BH_HC_CELL_DESTROY, cell->id);
	if (ret) {
		links_appear(cell);
		return ret;
	}
	mutex_lock(&bh_core.cells_lock);
	list_del(&cell->link);
	mutex_unlock(&bh_core.cells_lock);
	sysfs_cell_remove(cell);
	cell_pci_give_back(cell);
	if (cpus_give_back(&cell->cpus))
		ret = error_set(call, EIO, BH_R_CPU,
				"cell %u is destroyed, but not all of its CPUs came back online",
				cell->id);
	pool_release(cell->id);
	links_release(cell->desc);
	cell_release(cell);
	atomic_inc(&bh_core.state_count);
	stream_wake();
	return memory_give_back(call, false) ?: ret;
}

int cell_destroy(struct bh_cell_call *request)
{
	struct bh_cell *cell;
	int ret = cell_get(&request->call, request->id, &cell);

	return ret ? ret : cell_remove(&request->call, cell, request->call.flags & BH_CELL_FORCE);
}

int cell_destroy_all(struct bh_call *call, bool force)
{
	struct bh_cell *cell, *next;
	u32 count = 0;
	int ret;

	list_for_each_entry (cell, &bh_core.cells, link)
		count++;
	if (count && !force)
		return error_code(call, BH_E_CELLS_EXIST, 0, count, 0);
	list_for_each_entry_safe(cell, next, &bh_core.cells, link)
	{
		ret = cell_remove(call, cell, true);
		if (ret)
			return ret;
	}
	return 0;
}

int cell_load(struct bh_load *load)
{
	struct bh_call *call = &load->call;
	struct bh_image *images = NULL;
	struct bh_cell *cell;
	int ret = cell_get(call, load->id, &cell);

	if (ret)
		return ret;
	if (load->image_count > BH_IMAGES_MAX)
		return error_set(call, EINVAL, BH_R_ARGUMENT, "%u images, at most %u are possible",
				 load->image_count, BH_IMAGES_MAX);
	if (load->image_count) {
		images = memdup_user(u64_to_user_ptr(load->images),
				     load->image_count * sizeof(*images));
		if (IS_ERR(images))
			return error_set(call, EFAULT, BH_R_ARGUMENT,
					 "the images' address 0x%llx is not the program's memory",
					 load->images);
	}
	/* Refuse what is wrong before the cell is shut down for it. */
	ret = image_load(call, cell, images, load->image_count, false);
	if (!ret)
		ret = cell_halt(call, cell, false);
	if (!ret)
		ret = image_load(call, cell, images, load->image_count, true);
	kfree(images);
	return ret;
}

int cell_policy(struct bh_policy_call *policy)
{
	long ret;

	if (!bh_core.enabled)
		return error_set(&policy->call, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
	if (policy->id != BH_OWNER_ROOT && !cell_find(policy->id))
		return error_code(&policy->call, BH_E_NO_SUCH_CELL, 0, policy->id, 0);
	if (policy->kind >= BH_KINDS || policy->policy > BH_POLICY_IGNORE)
		return error_code(&policy->call, BH_E_POLICY, 0,
				  policy->kind >= BH_KINDS ? policy->kind : policy->policy, 0);
	ret = bh_hypercall(BH_HC_POLICY_SET, policy->id, policy->kind << 8 | policy->policy);
	return ret < 0 ? error_set(&policy->call, -ret, BH_R_CORE,
				   "the core refused policy %u for kind %u (error %ld)",
				   policy->policy, policy->kind, -ret)
		       : 0;
}

int cell_descriptor(struct bh_descriptor *descriptor)
{
	struct bh_call *call = &descriptor->call;
	struct bh_cell *cell;
	int ret = cell_get(call, descriptor->id, &cell);

	if (ret)
		return ret;
	if (descriptor->buffer_size < cell->desc->size) {
		u32 room = descriptor->buffer_size;

		descriptor->buffer_size = cell->desc->size;
		return error_set(call, ENOSPC, BH_R_ARGUMENT,
				 "the descriptor has %u bytes, the buffer %u", cell->desc->size,
				 room);
	}
	if (copy_to_user(u64_to_user_ptr(descriptor->buffer), cell->desc, cell->desc->size))
		return error_set(call, EFAULT, BH_R_ARGUMENT,
				 "the buffer's address 0x%llx is not the program's memory",
				 descriptor->buffer);
	descriptor->buffer_size = cell->desc->size;
	return 0;
}

/*
 * Compare with what was said last, so each change is told once whoever notices it first. A cell that ran for
 * less time than it takes to look has run all the same.
 */
void cell_states_announce(void)
{
	struct bh_cell *cell;
	bool changed = false;
	u32 state;

	mutex_lock(&bh_core.cells_lock);
	down_read(&bh_core.shared_lock);
	list_for_each_entry (cell, &bh_core.cells, link) {
		if (!bh_core.shared)
			break;
		state = READ_ONCE(bh_core.shared->cell[cell->id].state);
		if (state == cell->state)
			continue;
		if (cell->starting && !cell_runs(state))
			cell_state_tell(cell, BH_CELL_RUNNING);
		cell_state_tell(cell, state);
		changed = true;
	}
	up_read(&bh_core.shared_lock);
	mutex_unlock(&bh_core.cells_lock);
	if (changed) {
		atomic_inc(&bh_core.state_count);
		stream_wake();
	}
}
