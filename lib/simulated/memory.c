// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of the simulated Linux. Blocks go away from the top, where a real kernel's movable memory lies,
 * and the lowest quarter (at least SIM_LINUX_MIN) is what Linux cannot part with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "simulated.h"

#define SIM_LINUX_MIN (256ull << 20)

static bool taken_touches(const struct simulated *s, u64 start, u64 size)
{
	for (u32 i = 0; i < s->block_count; i++)
		if (ranges_overlap(start, size, s->blocks[i].start, s->blocks[i].size))
			return true;
	return false;
}

static int block_add(struct simulated *s, u64 start, u64 size)
{
	u32 i = s->block_count;
	struct sim_block *blocks = realloc(s->blocks, (i + 1) * sizeof(*blocks));

	if (!blocks)
		return -ENOMEM;
	for (; i && blocks[i - 1].start > start; i--)
		blocks[i] = blocks[i - 1];
	blocks[i] = (struct sim_block){start, size, .initial = !s->enabled};
	s->blocks = blocks;
	s->block_count++;
	return 0;
}

static u64 linux_keeps(const struct simulated *s)
{
	u64 total = 0;

	for (u32 i = 0; i < s->machine.ram_count; i++)
		total += s->machine.ram[i].size;
	return MAX(total / 4, SIM_LINUX_MIN);
}

/* The highest place where @size bytes of whole blocks are still Linux's. */
static bool blocks_find(const struct simulated *s, u64 size, u64 *start)
{
	for (u32 i = s->machine.ram_count; i-- > 0;) {
		const struct bh_range *ram = &s->machine.ram[i];
		u64 end = ALIGN_DOWN(ram->start + ram->size, s->block_size);
		u64 low = MAX(ram->start, linux_keeps(s));

		for (; end >= size && end - size >= low; end -= s->block_size) {
			if (taken_touches(s, end - size, size))
				continue;
			*start = end - size;
			return true;
		}
	}
	return false;
}

int sim_memory_take(struct simulated *s, u64 size, struct bh_device_error *error)
{
	u64 start, whole = ALIGN_UP(size, s->block_size);

	if (whole < size || !blocks_find(s, whole, &start))
		return sim_error(error, ENOMEM, BH_R_MEMORY,
				 "the simulated Linux cannot give away 0x%llx bytes in one piece",
				 (unsigned long long)size);
	for (u64 at = start; at < start + whole; at += s->block_size)
		if (block_add(s, at, s->block_size))
			return sim_error(error, ENOMEM, BH_R_OTHER,
					 "this program has no memory for the call");
	return 0;
}

int sim_memory_reserve(struct simulated *s, const struct bh_range *range,
		       struct bh_device_error *error)
{
	unsigned long long start = range->start, size = range->size;

	if (!IS_ALIGNED(start, BH_CORE_MEMORY_ALIGN) || !IS_ALIGNED(size, BH_CORE_MEMORY_ALIGN) ||
	    start + size < start)
		return sim_error(error, EINVAL, BH_R_ARGUMENT,
				 "the reserved range of 0x%llx bytes at 0x%llx does not begin and "
				 "end at a multiple of 2 MiB",
				 size, start);
	for (u32 i = 0; i < s->machine.ram_count; i++) {
		const struct bh_range *ram = &s->machine.ram[i];

		if (start < ram->start || start + size > ram->start + ram->size)
			continue;
		return block_add(s, start, size)
			       ? sim_error(error, ENOMEM, BH_R_OTHER,
					   "this program has no memory for the call")
			       : 0;
	}
	return sim_error(error, EINVAL, BH_R_MEMORY,
			 "the reserved range of 0x%llx bytes at 0x%llx is not RAM of the machine",
			 size, start);
}

u32 sim_memory_ranges(const struct simulated *s, struct bh_range *ranges, u32 most)
{
	u32 count = 0;

	for (u32 i = 0; i < s->block_count; i++) {
		const struct sim_block *block = &s->blocks[i];

		if (count && ranges[count - 1].start + ranges[count - 1].size == block->start)
			ranges[count - 1].size += block->size;
		else if (count < most)
			ranges[count++] = (struct bh_range){block->start, block->size};
	}
	return count;
}

static const struct sim_piece *piece_hit(const struct simulated *s, u64 start, u64 size)
{
	for (u32 i = 0; i < s->piece_count; i++)
		if (ranges_overlap(start, size, s->pieces[i].start, s->pieces[i].size))
			return &s->pieces[i];
	return NULL;
}

static int piece_add(struct simulated *s, u32 owner, u64 start, u64 size)
{
	struct sim_piece *pieces = realloc(s->pieces, (s->piece_count + 1) * sizeof(*pieces));

	if (!pieces)
		return -ENOMEM;
	s->pieces = pieces;
	s->pieces[s->piece_count++] = (struct sim_piece){owner, start, size};
	return 0;
}

/* First fit, so placements repeat. */
int sim_memory_allocate(struct simulated *s, u32 owner, u64 size, u64 align, u64 *start)
{
	struct bh_range ranges[BH_BOOT_RANGES_MAX];
	u32 count = sim_memory_ranges(s, ranges, BH_BOOT_RANGES_MAX);

	for (u32 i = 0; i < count; i++) {
		u64 end = ranges[i].start + ranges[i].size;
		u64 at = ALIGN_UP(ranges[i].start, align);

		while (at < end && size <= end - at) {
			const struct sim_piece *piece = piece_hit(s, at, size);

			if (!piece) {
				*start = at;
				return piece_add(s, owner, at, size);
			}
			at = ALIGN_UP(piece->start + piece->size, align);
		}
	}
	return -ENOSPC;
}

int sim_memory_claim(struct simulated *s, u32 owner, u64 start, u64 size)
{
	struct bh_range ranges[BH_BOOT_RANGES_MAX];
	u32 count = sim_memory_ranges(s, ranges, BH_BOOT_RANGES_MAX);

	for (u32 i = 0; i < count; i++)
		if (start >= ranges[i].start && size <= ranges[i].size &&
		    start - ranges[i].start <= ranges[i].size - size)
			return piece_hit(s, start, size) ? -EBUSY
							 : piece_add(s, owner, start, size);
	return -ENOENT;
}

void sim_memory_release(struct simulated *s, u32 owner)
{
	u32 kept = 0;

	for (u32 i = 0; i < s->piece_count; i++)
		if (s->pieces[i].owner != owner)
			s->pieces[kept++] = s->pieces[i];
	s->piece_count = kept;
}

/* Linux has its blocks back where nothing is in use. */
void sim_memory_give_back(struct simulated *s, bool all)
{
	u32 kept = 0;

	for (u32 i = 0; i < s->block_count; i++) {
		struct sim_block block = s->blocks[i];

		if ((block.initial && !all) || piece_hit(s, block.start, block.size))
			s->blocks[kept++] = block;
	}
	s->block_count = kept;
}
