/* SPDX-License-Identifier: MIT */
/*
 * Messages between two peers of a link, in their output sections: a convention of Bulkhead's own for protocols from
 * BH_LINK_PROTOCOL_CUSTOM on. Free-standing, for payloads and programs alike.
 *
 * Each output section is divided into as many slots of equal size, in multiples of 64 bytes, as the link has peers. Slot q of
 * peer p: word 0, bytes p has written to q; word 1, bytes p has read from q, both free-running; from byte 64 on a ring as
 * large as a power of two can be. A message is its length, a word, and its bytes, filled up to a multiple of four.
 *
 * What the peer says is looked at once, checked, and then used: it can spoil its messages and nothing else. When it begins
 * anew, messages that were under way are lost; so are they when it breaks the rules.
 */
#ifndef BULKHEAD_LINK_QUEUE_H
#define BULKHEAD_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_QUEUE_NONE (-1L) /* there is no message */
#define BH_QUEUE_BROKEN (-2L) /* the peer began anew or broke the rules: the queue is empty now */
#define BH_QUEUE_LARGE (-3L) /* the message was larger than the buffer, and is gone */

struct bh_queue_slot {
	volatile uint32_t written;
	volatile uint32_t read;
	uint32_t reserved[14];
	volatile uint8_t ring[];
};

struct bh_queue {
	struct bh_queue_slot *own;
	const struct bh_queue_slot *peers;
	uint32_t size; /* of a ring */
	uint32_t written; /* not from the section: nobody else may have changed it */
	uint32_t read;
};

static inline uint32_t bh_queue_slot_size(uint64_t output_size, uint32_t peers)
{
	uint64_t size = output_size / peers & ~63ull;

	return size > 1u << 30 ? 1u << 30 : (uint32_t)size;
}

/*
 * Begin: @own and @other are the output sections of this peer, number @id, and of peer @peer. Both sides find an empty
 * queue. false: the sections are too small.
 */
static inline bool bh_queue_open(struct bh_queue *queue, void *own, const void *other,
				 uint64_t output_size, uint32_t peers, uint32_t id, uint32_t peer)
{
	uint32_t slot = bh_queue_slot_size(output_size, peers);

	if (slot < sizeof(struct bh_queue_slot) + 64)
		return false;
	queue->own = (struct bh_queue_slot *)((uint8_t *)own + peer * slot);
	queue->peers = (const struct bh_queue_slot *)((const uint8_t *)other + id * slot);
	for (queue->size = 64; queue->size * 2 <= slot - sizeof(struct bh_queue_slot);)
		queue->size *= 2;
	queue->written = queue->peers->read;
	queue->read = queue->peers->written;
	queue->own->written = queue->written;
	queue->own->read = queue->read;
	return true;
}

/* The largest message there can be. */
static inline uint32_t bh_queue_room(const struct bh_queue *queue)
{
	return queue->size - 4;
}

/* false: there is no room now. Ring the peer afterwards. */
static inline bool bh_queue_put(struct bh_queue *queue, const void *message, uint32_t size)
{
	uint32_t used = queue->written - queue->peers->read, mask = queue->size - 1;
	const uint8_t *from = message;

	if (size > bh_queue_room(queue) || used > queue->size ||
	    queue->size - used < 4 + ((size + 3) & ~3u))
		return false;
	for (uint32_t i = 0; i < 4; i++)
		queue->own->ring[(queue->written + i) & mask] = (uint8_t)(size >> 8 * i);
	for (uint32_t i = 0; i < size; i++)
		queue->own->ring[(queue->written + 4 + i) & mask] = from[i];
	queue->written += 4 + ((size + 3) & ~3u);
	__atomic_store_n(&queue->own->written, queue->written, __ATOMIC_RELEASE);
	return true;
}

static inline void bh_queue_consume(struct bh_queue *queue, uint32_t read)
{
	queue->read = read;
	__atomic_store_n(&queue->own->read, read, __ATOMIC_RELEASE);
}

/* The size of the next message, now in @buffer, or BH_QUEUE_. Where *ring is set, the peer may wait for room. */
static inline long bh_queue_get(struct bh_queue *queue, void *buffer, size_t room, bool *ring)
{
	uint32_t written = __atomic_load_n(&queue->peers->written, __ATOMIC_ACQUIRE);
	uint32_t there = written - queue->read, mask = queue->size - 1, size = 0;
	uint8_t *to = buffer;

	*ring = false;
	if (!there)
		return BH_QUEUE_NONE;
	if (there <= queue->size && !(there & 3))
		for (uint32_t i = 0; i < 4; i++)
			size |= (uint32_t)queue->peers->ring[(queue->read + i) & mask] << 8 * i;
	if (there > queue->size || there & 3 || size > there - 4) {
		bh_queue_consume(queue, written);
		return BH_QUEUE_BROKEN;
	}
	*ring = there > queue->size / 2;
	if (size > room) {
		bh_queue_consume(queue, queue->read + 4 + ((size + 3) & ~3u));
		return BH_QUEUE_LARGE;
	}
	for (uint32_t i = 0; i < size; i++)
		to[i] = queue->peers->ring[(queue->read + 4 + i) & mask];
	bh_queue_consume(queue, queue->read + 4 + ((size + 3) & ~3u));
	return (long)size;
}

#endif
