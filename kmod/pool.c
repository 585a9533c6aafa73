// SPDX-License-Identifier: GPL-2.0-or-later
/* What of the memory taken from Linux is in use, and by whom. First fit, so placements repeat. */

#include <linux/align.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include "core.h"

struct pool_piece {
	struct list_head link; /* ascending */
	u64 start;
	u64 size;
	u32 owner; /* cell id or POOL_CORE */
};

static LIST_HEAD(pieces);

static struct pool_piece *pool_hit(u64 start, u64 size)
{
	struct pool_piece *piece;

	list_for_each_entry (piece, &pieces, link)
		if (start < piece->start + piece->size && piece->start < start + size)
			return piece;
	return NULL;
}

bool pool_in_use(u64 start, u64 size)
{
	return pool_hit(start, size);
}

static int pool_insert(u32 owner, u64 start, u64 size)
{
	struct pool_piece *piece, *next;

	piece = kmalloc(sizeof(*piece), GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	piece->start = start;
	piece->size = size;
	piece->owner = owner;
	list_for_each_entry (next, &pieces, link)
		if (next->start > start)
			break;
	list_add_tail(&piece->link, &next->link);
	return 0;
}

int pool_claim(u32 owner, u64 start, u64 size)
{
	struct bh_range *ranges;
	int count, i, ret = -ENOENT;

	ranges = kcalloc(BH_BOOT_RANGES_MAX, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;
	count = memory_ranges(ranges, BH_BOOT_RANGES_MAX);
	for (i = 0; i < count; i++)
		if (start >= ranges[i].start && size <= ranges[i].size &&
		    start - ranges[i].start <= ranges[i].size - size)
			ret = pool_hit(start, size) ? -EBUSY : pool_insert(owner, start, size);
	kfree(ranges);
	return ret;
}

int pool_find(u64 size, u64 align, u64 *start)
{
	struct bh_range *ranges;
	int count, i, ret = -ENOSPC;

	ranges = kcalloc(BH_BOOT_RANGES_MAX, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;
	count = memory_ranges(ranges, BH_BOOT_RANGES_MAX);
	for (i = 0; i < count && ret; i++) {
		u64 end = ranges[i].start + ranges[i].size;
		u64 at = ALIGN(ranges[i].start, align);

		while (at < end && size <= end - at) {
			struct pool_piece *piece = pool_hit(at, size);

			if (!piece) {
				*start = at;
				ret = 0;
				break;
			}
			at = ALIGN(piece->start + piece->size, align);
		}
	}
	kfree(ranges);
	return ret;
}

int pool_allocate(u32 owner, u64 size, u64 align, u64 *start)
{
	return pool_find(size, align, start) ?: pool_insert(owner, *start, size);
}

void pool_release(u32 owner)
{
	struct pool_piece *piece, *next;

	list_for_each_entry_safe(piece, next, &pieces, link)
	{
		if (piece->owner != owner)
			continue;
		list_del(&piece->link);
		kfree(piece);
	}
}
