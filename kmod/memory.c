// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for the core and for cells: whole memory blocks that Linux gives up by memory hot-remove, or
 * one range it was kept from at boot.
 *
 * A block is removed altogether where the kernel can take it out of its "System RAM" resource. It
 * cannot when resources below that one, those of the kernel image, would come to lie in the wrong half
 * (release_mem_region_adjustable() warns and leaves an entry with which the block can never be added
 * again). Such a block is only put offline, which keeps Linux from it just as well.
 *
 * Where the kernel does not let go of memory it had at boot, all pages of a range are allocated instead. Such a range
 * need not be whole memory blocks, of 128 MiB each: the larger it is, the likelier is one page in it that cannot move.
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
#include "arch.h"
#include "core.h"

#define BLOCK_TIMEOUT_MS 15000 /* for one block: its pages are moved elsewhere first */
#define ONLINE_TIMEOUT_MS 5000
#define ALLOCATE_STEP SZ_16M /* what is allocated is a multiple of this, and lies at one */
/*
 * alloc_contig_range() gives up where offlining would try again: a page may be under I/O at that moment, or pinned for
 * as long as a system call takes.
 */
#define ALLOCATE_PASSES 3

struct block {
	struct list_head link; /* ascending */
	u64 start;
	u64 size;
	int nid;
	bool movable; /* the zone it came from */
	bool reserved; /* kept from Linux at boot: never goes back */
	bool initial; /* taken by enable: stays until disable */
	bool removed; /* else only offline, or allocated */
	bool claimed; /* ours in /proc/iomem */
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
	int ret;

	if (ARCH_MEMORY_ALLOCATED) {
		free_contig_range(PHYS_PFN(block->start), PHYS_PFN(block->size));
		return 0;
	}
	ret = !block->removed ? 0 : add_memory(block->nid, block->start, block->size, MHP_NONE);

	/* -EEXIST: an earlier attempt got as far as this. */
	if (ret && ret != -EEXIST)
		return ret;
	return block_state_write(block, block->movable ? "online_movable" : "online_kernel");
}

static int block_remove(struct block *block)
{
	if (ARCH_MEMORY_ALLOCATED)
		return alloc_contig_range(PHYS_PFN(block->start),
					  PHYS_PFN(block->start + block->size), MIGRATE_MOVABLE,
					  GFP_KERNEL);
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

static struct block *block_candidate(u64 start, u64 size)
{
	struct page *page = NULL, *first = NULL;
	struct block *block;
	u64 pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(start + size); pfn += pageblock_nr_pages) {
		page = pfn_to_online_page(pfn);
		if (!page || PageReserved(page))
			return NULL;
		first = first ?: page;
		if (ARCH_MEMORY_ALLOCATED && page_zone(page) != page_zone(first))
			return NULL;
	}
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return NULL;
	block->start = start;
	block->size = size;
	block->nid = page_to_nid(page);
	block->movable = page_zonenum(page) == ZONE_MOVABLE;
	block->removed = !ARCH_MEMORY_ALLOCATED && block_separable(start, size);
	return block;
}

static int ram_top(struct resource *res, void *arg)
{
	*(u64 *)arg = max_t(u64, *(u64 *)arg, res->end + 1);
	return 0;
}

static bool block_claim(struct block *block)
{
	block->claimed = request_mem_region(block->start, block->size, "Bulkhead");
	return block->claimed;
}

static int block_give_back(struct block *block)
{
	int ret;

	if (block->claimed)
		release_mem_region(block->start, block->size);
	block->claimed = false;
	ret = block->reserved ? 0 : memory_return(block);
	/* Added again but not online: it is Linux's by name, and still nobody's. */
	if (ret && block->removed && !block_claim(block))
		block->removed = false;
	return ret;
}

static int block_take(u64 start, u64 size, char *tried, size_t tried_size)
{
	size_t n = strlen(tried);
	struct block *block = block_candidate(start, size);
	int ret;

	if (!block)
		return -EINVAL;
	ret = memory_run(block, block_remove);
	if (!ret && block->removed && !block_claim(block))
		ret = block_give_back(block) ? -EIO : -EBUSY;
	if (ret && ARCH_MEMORY_ALLOCATED)
		scnprintf(tried + n, tried_size - n, "%s0x%llx: %d", n ? ", " : "", start, ret);
	else if (ret)
		scnprintf(tried + n, tried_size - n, "%smemory%llu: %d", n ? ", " : "",
			  start / block->size, ret);
	if (ret && ret != -EIO) {
		kfree(block);
		return ret;
	}
	/* One that Linux neither lets us have nor takes back is tried again when memory goes back. */
	block->initial = !bh_core.enabled;
	block_insert(block);
	return ret;
}

struct taking {
	u64 size; /* at least this much is wanted */
	u64 piece, align; /* with one piece like this free in the pool */
	u64 got;
	char tried[160];
};

static bool taking_done(const struct taking *taking)
{
	u64 at;

	return taking->got >= taking->size && !pool_find(taking->piece, taking->align, &at);
}

/* Take ranges of one size from the top of memory down. */
static void take_ranges(struct taking *taking, u64 size, u64 step, bool movable)
{
	u64 top = 0, start;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1ULL,
			    &top, ram_top);
	if (top < size)
		return;
	start = ALIGN_DOWN(top - size, step);
	/* Block 0 holds what firmware and boot left. */
	while (start >= step && !taking_done(taking) && !fatal_signal_pending(current)) {
		struct page *page = pfn_to_online_page(PHYS_PFN(start));
		int ret = -EINVAL;

		if (page && (page_zonenum(page) == ZONE_MOVABLE) == movable)
			ret = block_take(start, size, taking->tried, sizeof(taking->tried));
		if (!ret)
			taking->got += size;
		start -= min(start, !ret ? size : step);
	}
}

/*
 * Take at least @size more bytes of memory from Linux, and so much that @piece bytes are free in one piece. Where a block
 * refuses, that may be more than @size: memory_give_back() returns what is not used.
 */
int memory_take(struct bh_call *call, u64 size, u64 piece, u64 align)
{
	u64 step = ARCH_MEMORY_ALLOCATED ? ALLOCATE_STEP : memory_block_size();
	u64 range = ARCH_MEMORY_ALLOCATED ? ALIGN(size, step) : step;
	int pass, passes = ARCH_MEMORY_ALLOCATED ? ALLOCATE_PASSES : 1;
	struct taking taking = {.size = size, .piece = piece, .align = align};

	for (;;) {
		for (pass = 0; pass < passes; pass++) {
			taking.tried[0] = '\0';
			/* Movable zones first: their pages can always be moved. */
			take_ranges(&taking, range, step, true);
			take_ranges(&taking, range, step, false);
		}
		if (taking_done(&taking) || range <= step || fatal_signal_pending(current))
			break;
		/* Not in one piece: smaller ones. */
		range = ALIGN(range / 2, step);
	}
	if (fatal_signal_pending(current))
		return error_set(call, EINTR, BH_R_INTERRUPTED,
				 "the call was killed while memory was being taken from Linux; it "
				 "has been undone");
	if (taking_done(&taking))
		return 0;
	if (taking.got >= size)
		return error_set(
			call, ENOMEM, BH_R_MEMORY,
			"Linux gave up %llu MiB, but not the %llu MiB that are needed in one piece "
			"(blocks that refused: %s): make the region smaller, or reserve a range at "
			"boot",
			taking.got >> 20, piece >> 20, taking.tried);
	return error_set(
		call, ENOMEM, BH_R_MEMORY,
		"Linux gave up %llu of %llu MiB (blocks that refused: %s): free some memory, or "
		"reserve a range at boot",
		taking.got >> 20, size >> 20,
		taking.tried[0] ? taking.tried : "none could be tried");
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
	if (arch_firmware_keeps(start, size))
		return error_set(
			call, EBUSY, BH_R_MEMORY,
			"the reserved range 0x%llx bytes at 0x%llx has memory or devices in it "
			"that the firmware uses (UEFI's memory map): reserve another",
			size, start);
	if (!arch_is_ram(start, size))
		return error_set(call, EINVAL, BH_R_MEMORY,
				 "the reserved range 0x%llx bytes at 0x%llx is not all RAM, as the "
				 "machine's "
				 "firmware describes it: reserve another",
				 size, start);
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	block->start = start;
	block->size = size;
	if (!block_claim(block)) {
		kfree(block);
		return error_set(
			call, EBUSY, BH_R_MEMORY,
			"the reserved range 0x%llx bytes at 0x%llx is in use by a driver or is a "
			"device's (see /proc/iomem)",
			size, start);
	}
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
		ret = block_give_back(block);
		if (ret) {
			result = error_set(
				call, -ret, BH_R_MEMORY,
				"Linux did not take back the memory at 0x%llx (memory%llu, error "
				"%d): the next disable, or unloading the module, tries again",
				block->start, block->start / memory_block_size(), -ret);
			pr_err("bulkhead: memory at 0x%llx could not be given back: %d\n",
			       block->start, ret);
			continue;
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

/* The core lies anywhere in its range: blocks taken later join it from below as well. */
int memory_for_cells(struct bh_range *ranges, int max)
{
	u64 start = bh_core.phys, end = start + bh_core.size;
	int i, count = memory_ranges(ranges, max);

	for (i = 0; bh_core.enabled && i < count; i++) {
		struct bh_range *range = &ranges[i];
		u64 range_end = range->start + range->size;

		if (start < range->start || end > range_end)
			continue;
		range->size = start - range->start;
		if (end == range_end && !range->size) {
			memmove(range, range + 1, (--count - i) * sizeof(*range));
		} else if (end < range_end && !range->size) {
			*range = (struct bh_range){end, range_end - end};
		} else if (end < range_end && count < max) {
			memmove(range + 2, range + 1, (count++ - i - 1) * sizeof(*range));
			range[1] = (struct bh_range){end, range_end - end};
		}
		break;
	}
	return count;
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
