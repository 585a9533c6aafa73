// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for the core and for cells: whole memory blocks that Linux gives up by memory hot-remove, or
 * one range it was kept from at boot.
 *
 * A block is removed altogether where the kernel can take it out of its "System RAM" resource. It
 * cannot when resources below that one, those of the kernel image, would come to lie in the wrong half
 * (release_mem_region_adjustable() warns and leaves an entry with which the block can never be added
 * again). Such a block is only put offline, which keeps Linux from it just as well.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>
#include "core.h"

#define BLOCK_TIMEOUT_MS 15000 /* for one block: its pages are moved elsewhere first */
#define ONLINE_TIMEOUT_MS 5000

struct block {
	struct list_head link; /* ascending */
	u64 start;
	u64 size;
	int nid;
	bool movable; /* the zone it came from */
	bool reserved; /* kept from Linux at boot: never goes back */
	bool initial; /* taken by enable: stays until disable */
	bool removed; /* else only offline */
};

static LIST_HEAD(blocks);

u64 memory_block_size(void)
{
	return memory_block_size_bytes();
}

/* --- work done by a thread of our own ------------------------------------------------------- */

/*
 * Offlining retries until a signal arrives, however long that takes, and sysfs must be written to
 * from a context with the first process' view of the file system. A kernel thread gives both.
 */
struct memory_work {
	struct block *block;
	int (*work)(struct block *block);
	struct completion done;
	int ret;
};

static int memory_thread(void *data)
{
	struct memory_work *work = data;

	allow_signal(SIGKILL);
	work->ret = work->work(work->block);
	kthread_complete_and_exit(&work->done, 0);
}

static int memory_run(struct block *block, int (*work)(struct block *))
{
	struct memory_work run = {.block = block, .work = work};
	struct task_struct *task;
	long left;

	init_completion(&run.done);
	task = kthread_create(memory_thread, &run, "bulkhead-memory");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	left = wait_for_completion_killable_timeout(&run.done, msecs_to_jiffies(BLOCK_TIMEOUT_MS));
	if (left <= 0) {
		/* Again and again: one that comes before the thread allows signals is lost. */
		do {
			send_sig(SIGKILL, task, 1);
		} while (!wait_for_completion_timeout(&run.done, msecs_to_jiffies(100)));
		if (run.ret == -EINTR && left == 0)
			run.ret = -ETIMEDOUT;
	}
	put_task_struct(task);
	return run.ret;
}

/* --- blocks --------------------------------------------------------------------------------- */

static void block_insert(struct block *block)
{
	struct block *next;

	list_for_each_entry (next, &blocks, link)
		if (next->start > block->start)
			break;
	list_add_tail(&block->link, &next->link);
}

static int block_state_write(struct block *block, const char *state)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ONLINE_TIMEOUT_MS);
	char path[64], now[16];
	struct sighand_struct *sighand;
	struct file *file;
	loff_t at;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%llu/state",
		 block->start / memory_block_size());
	for (;;) {
		file = filp_open(path, O_RDWR, 0);
		if (IS_ERR(file))
			return PTR_ERR(file);
		at = 0;
		n = kernel_read(file, now, sizeof(now) - 1, &at);
		if (n > 0 && now[1] == state[1]) { /* online, offline */
			filp_close(file, NULL);
			return 0;
		}
		at = 0;
		n = kernel_write(file, state, strlen(state), &at);
		filp_close(file, NULL);
		/* The hot-plug lock is busy: sysfs asks its caller to come again. */
		if (n != -ERESTARTNOINTR && n != -ERESTARTSYS && n < 0)
			return n;
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		if (n < 0) {
			sighand = rcu_dereference_protected(current->sighand, true);
			spin_lock_irq(&sighand->siglock);
			recalc_sigpending();
			spin_unlock_irq(&sighand->siglock);
			usleep_range(5000, 10000);
		}
	}
}

/*
 * No exported function finds the device of a memory block, so the block is put online as a person
 * would, through the kernel's stable interface in sysfs.
 */
static int block_add(struct block *block)
{
	int ret = !block->removed ? 0 : add_memory(block->nid, block->start, block->size, MHP_NONE);

	/* -EEXIST: an earlier attempt got as far as this. */
	if (ret && ret != -EEXIST)
		return ret;
	return block_state_write(block, block->movable ? "online_movable" : "online_kernel");
}

static int block_remove(struct block *block)
{
	return block->removed ? offline_and_remove_memory(block->start, block->size)
			      : block_state_write(block, "offline");
}

struct memory_return {
	struct work_struct work;
	struct block *block;
	int ret;
};

static void memory_return_work(struct work_struct *work)
{
	struct memory_return *run = container_of(work, struct memory_return, work);

	run->ret = block_add(run->block);
}

/*
 * Giving back is never cut short: a worker does it, which has neither the caller's pending signals (a
 * killed one cannot even start a thread) nor its view of the file system.
 */
static int memory_return(struct block *block)
{
	struct memory_return run = {.block = block};

	INIT_WORK_ONSTACK(&run.work, memory_return_work);
	queue_work(system_unbound_wq, &run.work);
	flush_work(&run.work);
	destroy_work_on_stack(&run.work);
	return run.ret;
}

struct parts {
	u64 start; /* of the block */
	u64 size;
	u64 inner[2]; /* addresses in resources below System RAM; 0: none */
	bool separable;
};

static int parts_crash_kernel(struct resource *res, void *arg)
{
	((struct parts *)arg)->inner[1] = res->start;
	return 1;
}

static int parts_look(struct resource *res, void *arg)
{
	struct parts *parts = arg;
	u64 end = parts->start + parts->size;
	int i;

	if (parts->start < res->start || end - 1 > res->end)
		return 0;
	parts->separable = true;
	for (i = 0; i < ARRAY_SIZE(parts->inner); i++) {
		u64 inner = parts->inner[i];

		if (inner < res->start || inner > res->end)
			continue;
		/* What is behind the block stays with a resource only if nothing before it does. */
		if (parts->start == res->start ? inner < end : inner >= parts->start)
			parts->separable = false;
	}
	return 1;
}

static bool block_separable(u64 start, u64 size)
{
	/* The kernel image's resources lie together; any of its data tells where. */
	struct parts parts = {
		.start = start, .size = size, .inner = {virt_to_phys(&iomem_resource)}};

	walk_iomem_res_desc(IORES_DESC_CRASH_KERNEL, IORESOURCE_MEM, 0, -1ULL, &parts,
			    parts_crash_kernel);
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1ULL,
			    &parts, parts_look);
	return parts.separable;
}

static struct block *block_candidate(u64 start)
{
	u64 size = memory_block_size(), pfn;
	struct page *page = NULL;
	struct block *block;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(start + size); pfn += pageblock_nr_pages) {
		page = pfn_to_online_page(pfn);
		if (!page || PageReserved(page))
			return NULL;
	}
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return NULL;
	block->start = start;
	block->size = size;
	block->nid = page_to_nid(page);
	block->movable = page_zonenum(page) == ZONE_MOVABLE;
	block->removed = block_separable(start, size);
	return block;
}

static int ram_top(struct resource *res, void *arg)
{
	*(u64 *)arg = max_t(u64, *(u64 *)arg, res->end + 1);
	return 0;
}

static int block_take(u64 start, char *tried, size_t tried_size)
{
	size_t n = strlen(tried);
	struct block *block = block_candidate(start);
	int ret;

	if (!block)
		return -EINVAL;
	ret = memory_run(block, block_remove);
	if (!ret && block->removed && !request_mem_region(block->start, block->size, "Bulkhead"))
		ret = memory_return(block) ? -EIO : -EBUSY;
	if (ret) {
		scnprintf(tried + n, tried_size - n, "%smemory%llu: %d", n ? ", " : "",
			  start / block->size, ret);
		kfree(block);
		return ret;
	}
	block->initial = !bh_core.enabled;
	block_insert(block);
	return 0;
}

/* Take blocks from the top of memory down until `size' more bytes are there. */
int memory_take(struct bh_call *call, u64 size)
{
	u64 block_size = memory_block_size(), top = 0, start, got = 0;
	char tried[160] = "";
	int pass;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1ULL,
			    &top, ram_top);
	/* Movable zones first: their pages can always be moved. Block 0 holds what firmware and boot left. */
	for (pass = 0; pass < 2 && got < size; pass++) {
		start = ALIGN_DOWN(top, block_size);
		while (got < size && start > block_size) {
			struct page *page;
			int ret;

			start -= block_size;
			page = pfn_to_online_page(PHYS_PFN(start));
			if (!page || (page_zonenum(page) == ZONE_MOVABLE) != (pass == 0))
				continue;
			ret = block_take(start, tried, sizeof(tried));
			if (!ret)
				got += block_size;
			if (fatal_signal_pending(current))
				return error_set(call, EINTR, BH_R_INTERRUPTED,
						 "the call was killed while memory was being taken "
						 "from Linux; it has been undone");
		}
	}
	if (got >= size)
		return 0;
	return error_set(
		call, ENOMEM, BH_R_MEMORY,
		"Linux gave up %llu of %llu MiB (blocks that refused: %s): free some memory, or "
		"reserve a range at boot",
		got >> 20, size >> 20, tried[0] ? tried : "none could be tried");
}

/* A range Linux was told at boot to keep away from (memmap=, reserve parameter of the module). */
int memory_reserve(struct bh_call *call, u64 start, u64 size)
{
	struct block *block;

	if (!size || !IS_ALIGNED(start, SZ_2M) || !IS_ALIGNED(size, SZ_2M) || start + size < start)
		return error_set(
			call, EINVAL, BH_R_ARGUMENT,
			"the reserved range 0x%llx bytes at 0x%llx is not in multiples of 2 MiB",
			size, start);
	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return error_set(
			call, EBUSY, BH_R_MEMORY,
			"the reserved range 0x%llx bytes at 0x%llx is memory Linux uses: reserve "
			"it at boot with memmap=, or let Bulkhead take memory itself",
			size, start);
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	if (!request_mem_region(start, size, "Bulkhead")) {
		kfree(block);
		return error_set(
			call, EBUSY, BH_R_MEMORY,
			"the reserved range 0x%llx bytes at 0x%llx is in use by a driver or is a "
			"device's (see /proc/iomem)",
			size, start);
	}
	block->start = start;
	block->size = size;
	block->reserved = true;
	block->initial = true;
	block_insert(block);
	return 0;
}

/* Give unused blocks back to Linux: all of them, or only those taken after enable. */
int memory_give_back(struct bh_call *call, bool all)
{
	struct block *block, *next;
	int ret, result = 0;

	list_for_each_entry_safe(block, next, &blocks, link)
	{
		if ((block->initial && !all) || pool_in_use(block->start, block->size))
			continue;
		if (block->removed || block->reserved)
			release_mem_region(block->start, block->size);
		ret = block->reserved ? 0 : memory_return(block);
		if (ret) {
			result = error_set(
				call, -ret, BH_R_MEMORY,
				"Linux did not take back the memory at 0x%llx (memory%llu, error "
				"%d): write \"online\" to its state file in "
				"/sys/devices/system/memory",
				block->start, block->start / memory_block_size(), -ret);
			pr_err("bulkhead: memory at 0x%llx could not be given back: %d\n",
			       block->start, ret);
		}
		list_del(&block->link);
		kfree(block);
	}
	return result;
}

int memory_ranges(struct bh_range *ranges, int max)
{
	struct block *block;
	int n = 0;

	list_for_each_entry (block, &blocks, link) {
		if (n && ranges[n - 1].start + ranges[n - 1].size == block->start)
			ranges[n - 1].size += block->size;
		else if (n < max)
			ranges[n++] = (struct bh_range){block->start, block->size};
	}
	return n;
}

struct ram_list {
	struct bh_range *ranges;
	int count;
	int max;
};

static int ram_add(struct resource *res, void *arg)
{
	u64 start = PAGE_ALIGN(res->start), end = PAGE_ALIGN_DOWN(res->end + 1);
	struct ram_list *list = arg;
	struct bh_range *last = list->count ? &list->ranges[list->count - 1] : NULL;

	if (start >= end)
		return 0;
	if (last && last->start + last->size == start) {
		last->size += end - start;
		return 0;
	}
	if (list->count == list->max)
		return -E2BIG;
	list->ranges[list->count++] = (struct bh_range){start, end - start};
	return 0;
}

static int range_compare(const void *a, const void *b)
{
	const struct bh_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int memory_ram(struct bh_range *ranges, int max)
{
	struct ram_list list = {.ranges = ranges, .max = max};
	struct block *block;
	int i, n, ret;

	ret = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0,
				  -1ULL, &list, ram_add);
	list_for_each_entry (block, &blocks, link) {
		if (ret || list.count == max)
			return -E2BIG;
		ranges[list.count++] = (struct bh_range){block->start, block->size};
	}
	if (ret || !list.count)
		return -E2BIG;
	sort(ranges, list.count, sizeof(*ranges), range_compare, NULL);
	for (i = 1, n = 0; i < list.count; i++) {
		/* A block that is only offline is in both lists. */
		if (ranges[n].start + ranges[n].size >= ranges[i].start)
			ranges[n].size = max(ranges[n].start + ranges[n].size,
					     ranges[i].start + ranges[i].size) -
					 ranges[n].start;
		else
			ranges[++n] = ranges[i];
	}
	return n + 1;
}
