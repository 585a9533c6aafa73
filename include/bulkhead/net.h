/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet over a link of two peers: what both ends have to agree on, and the rules by which either end
 * reads what the other has written. See docs/network.md.
 *
 * Each end writes its own output section and only reads the peer's. In a section, from its start: a table of
 * descriptors and the ring of those made available, which are this end's as the sender; the ring of those used, which
 * is this end's as the receiver; and the frames. The layout of the rings is that of a split virtqueue with an alignment
 * of 64 bytes and event indices (VIRTIO 1.1, 2.6), and the address in a descriptor counts from the start of the section
 * that it lies in.
 *
 * Nothing in the peer's section can be believed, and it may change between two looks: everything is read
 * once into memory of our own, checked there, and used from there. Data may be garbage; addresses, lengths and indices
 * are within bounds whatever the peer does.
 *
 * Both ends are as many functions on plain memory: they neither allocate nor lock nor ring, callers do. One CPU at a time
 * may use a sender, and one a receiver.
 */
#ifndef BULKHEAD_NET_H
#define BULKHEAD_NET_H

#include <bulkhead/types.h>
#ifdef __KERNEL__
#include <linux/stddef.h>
#include <asm/barrier.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

#define BH_NET_PEERS 2
#define BH_NET_VECTOR_DATA 1 /* where the device has only that of the states, it is for both */

#define BH_NET_ALIGN 64
#define BH_NET_ENTRIES_MIN 32
#define BH_NET_ENTRIES_MAX 4096
#define BH_NET_SECTION_MIN 0x2000
#define BH_NET_SECTION_MAX 0x80000000
#define BH_NET_HEADER 18 /* Ethernet with a VLAN's tag */
#define BH_NET_MTU_MIN 68
#define BH_NET_MTU_MAX 65535
#define BH_NET_MTU_DEFAULT 16384 /* at most: less in a small section */
#define BH_NET_SEGMENTS_MAX 32 /* of one frame */

struct bh_net_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};
#define BH_NET_DESC_NEXT 1 /* the frame goes on in the descriptor "next" */

struct bh_net_used {
	uint32_t id;
	uint32_t length;
};

/* Words of 16 bits in a ring: flags, index, entries, and behind the entries the event index of the other direction. */
#define BH_NET_RING_INDEX 1
#define BH_NET_RING_ENTRIES 2

/* ---- access to shared memory: tests put their own in place of these ---- */

#ifndef BH_NET_READ
#define BH_NET_READ(place) (*(place)) /* of volatile memory: once */
#endif
#ifdef __KERNEL__
#define bh_net_fence() virt_mb()
#define bh_net_read_fence() virt_rmb()
#define bh_net_publish(place, value) virt_store_release(place, value)
#else
#define bh_net_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define bh_net_read_fence() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define bh_net_publish(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)
#endif

/* ---- the layout of a section ---- */

struct bh_net_layout {
	uint32_t size; /* of the section */
	uint32_t entries; /* a power of two */
	uint32_t avail; /* where the rings are; the descriptors are at 0 */
	uint32_t used;
	uint32_t data; /* where frames begin; they end with the section */
	uint32_t mtu; /* what it is unless it is set */
	uint32_t mtu_max;
};

static inline uint32_t bh_net_aligned(uint32_t n)
{
	return (n + BH_NET_ALIGN - 1) & ~(uint32_t)(BH_NET_ALIGN - 1);
}

static inline uint32_t bh_net_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Both ends compute it from the size alone. False: no network can be had over sections of this size. */
static inline bool bh_net_layout(struct bh_net_layout *layout, uint64_t size)
{
	uint32_t n, room;

	if (size < BH_NET_SECTION_MIN || size > BH_NET_SECTION_MAX || size % BH_NET_ALIGN)
		return false;
	layout->size = (uint32_t)size;
	for (n = BH_NET_ENTRIES_MAX; n >= BH_NET_ENTRIES_MIN; n /= 2) {
		layout->entries = n;
		layout->avail = n * (uint32_t)sizeof(struct bh_net_desc);
		layout->used = bh_net_aligned(layout->avail + 2 * (n + 3));
		layout->data = bh_net_aligned(layout->used + 2 * 3 +
					      n * (uint32_t)sizeof(struct bh_net_used));
		if (layout->data < size / 8)
			break;
	}
	room = layout->size - layout->data;
	layout->mtu = bh_net_min(BH_NET_MTU_DEFAULT, room / 16);
	layout->mtu_max = bh_net_min(BH_NET_MTU_MAX, room / 4 - BH_NET_HEADER);
	return true;
}

/* ---- the states of an end, in the link's state table ---- */

#define BH_NET_RESET 0
#define BH_NET_INIT 1
#define BH_NET_READY 2 /* its rings are initialised */
#define BH_NET_RUN 3

/*
 * The state after @own, or @own. To be called with the same @peer, read once, until nothing changes, which takes four steps
 * at most; and again whenever the peer's state or @up has changed. On the way to READY the caller initialises both rings,
 * before the peer can see that state.
 */
static inline uint32_t bh_net_next(uint32_t own, uint32_t peer, bool up)
{
	switch (own) {
	case BH_NET_RESET:
		return peer < BH_NET_READY ? BH_NET_INIT : BH_NET_RESET;
	case BH_NET_INIT:
		return peer > BH_NET_RESET ? BH_NET_READY : BH_NET_INIT;
	case BH_NET_READY:
		if (peer == BH_NET_RESET)
			return BH_NET_RESET;
		return peer >= BH_NET_READY && up ? BH_NET_RUN : BH_NET_READY;
	default:
		return peer == BH_NET_RESET || !up ? BH_NET_RESET : BH_NET_RUN;
	}
}

/* ---- notifications ---- */

/*
 * Entries up to @now are there, the peer was told of those up to @told, and wants to be told when number @event is there
 * (VIRTIO 1.1, 2.6.7.2). An end that never writes its event index leaves 0 there, so at 0 it is told always.
 */
static inline bool bh_net_wanted(uint16_t event, uint16_t now, uint16_t told)
{
	return now != told && (!event || (uint16_t)(now - event - 1) < (uint16_t)(now - told));
}

/* ---- sending ---- */

/* A frame on its way: the sender's own record of its descriptor. */
struct bh_net_slot {
	uint32_t offset; /* in the frames */
	uint32_t length;
	bool back; /* the peer has returned it */
};

/* Indices run freely: entry n is at n modulo the number of entries. Descriptors are used in the order of their numbers. */
struct bh_net_tx {
	struct bh_net_layout layout;
	volatile struct bh_net_desc *desc;
	volatile uint16_t *avail;
	const volatile uint16_t *used; /* the peer's */
	volatile char *data;
	struct bh_net_slot *slots; /* layout.entries of them, the caller's */
	uint32_t free; /* offset behind the newest frame */
	uint32_t begun; /* offset of the one that is being written */
	uint16_t head; /* the next to be made available */
	uint16_t tail; /* the oldest that is not back yet */
	uint16_t seen; /* used entries that have been looked at */
	uint16_t told;
};

static inline void bh_net_tx_init(struct bh_net_tx *tx, const struct bh_net_layout *layout,
				  volatile void *own, const volatile void *peer,
				  struct bh_net_slot *slots)
{
	tx->layout = *layout;
	tx->desc = (volatile struct bh_net_desc *)own;
	tx->avail = (volatile uint16_t *)((volatile char *)own + layout->avail);
	tx->used = (const volatile uint16_t *)((const volatile char *)peer + layout->used);
	tx->data = (volatile char *)own + layout->data;
	tx->slots = slots;
	tx->free = tx->begun = 0;
	tx->head = tx->tail = tx->seen = tx->told = 0;
	tx->avail[0] = 0;
	tx->avail[BH_NET_RING_INDEX] = 0;
	/* Far away: not 0, which asks for everything. */
	tx->avail[BH_NET_RING_ENTRIES + layout->entries] = 0xffff;
}

static inline uint32_t bh_net_tx_pending(const struct bh_net_tx *tx)
{
	return (uint16_t)(tx->head - tx->tail);
}

#define BH_NET_NOWHERE (~0U)

/* Where a frame of so many bytes can be put: an offset in the frames, or nowhere, then it has to wait. */
static inline uint32_t bh_net_tx_place(const struct bh_net_tx *tx, uint32_t length)
{
	uint32_t size = tx->layout.size - tx->layout.data;
	uint32_t need = bh_net_aligned(length), oldest;

	if (length > size || bh_net_tx_pending(tx) >= tx->layout.entries)
		return BH_NET_NOWHERE;
	if (tx->head == tx->tail)
		return 0;
	oldest = tx->slots[tx->tail & (tx->layout.entries - 1)].offset;
	/* The frames lie in one piece, or go over the end: then what is free is in one piece. They never meet. */
	if (tx->free > oldest) {
		if (need <= size - tx->free)
			return tx->free;
		return need < oldest ? 0 : BH_NET_NOWHERE;
	}
	return need < oldest - tx->free ? tx->free : BH_NET_NOWHERE;
}

/* Where to write a frame of so many bytes; NULL: there is no room yet. Nothing has happened until bh_net_tx_commit(). */
static inline volatile char *bh_net_tx_begin(struct bh_net_tx *tx, uint32_t length)
{
	tx->begun = bh_net_tx_place(tx, length);
	return tx->begun == BH_NET_NOWHERE ? NULL : tx->data + tx->begun;
}

/* The frame of that length has been written to where bh_net_tx_begin() said. */
static inline void bh_net_tx_commit(struct bh_net_tx *tx, uint32_t length)
{
	uint16_t id = tx->head & (tx->layout.entries - 1);

	tx->slots[id] = (struct bh_net_slot){tx->begun, length, false};
	tx->free = tx->begun + bh_net_aligned(length);
	/* In one piece: existing receivers take no other. */
	tx->desc[id].address = tx->layout.data + tx->begun;
	tx->desc[id].length = length;
	tx->desc[id].flags = 0;
	tx->desc[id].next = 0;
	tx->avail[BH_NET_RING_ENTRIES + id] = id;
	bh_net_publish(&tx->avail[BH_NET_RING_INDEX], ++tx->head);
}

/* After frames were committed: is the doorbell to be rung? */
static inline bool bh_net_tx_ring(struct bh_net_tx *tx)
{
	uint16_t event;
	bool wanted;

	bh_net_fence();
	event = BH_NET_READ(&tx->used[BH_NET_RING_ENTRIES + 4 * tx->layout.entries]);
	wanted = bh_net_wanted(event, tx->head, tx->told);
	tx->told = tx->head;
	return wanted;
}

/*
 * Takes back what the peer has returned, in whatever order. Returns how many frames have made room and, in @bytes, their length;
 * -1: what the peer says is impossible.
 */
static inline int bh_net_tx_reclaim(struct bh_net_tx *tx, uint32_t *bytes)
{
	uint16_t mask = (uint16_t)(tx->layout.entries - 1), index;
	int frames = 0;

	*bytes = 0;
	index = BH_NET_READ(&tx->used[BH_NET_RING_INDEX]);
	if ((uint16_t)(index - tx->seen) > (uint16_t)(tx->head - tx->seen))
		return -1;
	bh_net_read_fence();
	for (; tx->seen != index; tx->seen++) {
		const volatile uint32_t *entry =
			(const volatile uint32_t *)(tx->used + BH_NET_RING_ENTRIES) +
			2 * (tx->seen & mask);
		uint32_t id = BH_NET_READ(entry);

		/* One that is on its way: of those between tail and head. */
		if (id > mask || (uint16_t)((id - tx->tail) & mask) >= bh_net_tx_pending(tx) ||
		    tx->slots[id].back)
			return -1;
		tx->slots[id].back = true;
	}
	while (tx->tail != tx->head && tx->slots[tx->tail & mask].back) {
		*bytes += tx->slots[tx->tail & mask].length;
		tx->tail++;
		frames++;
	}
	return frames;
}

/* Asks to be told when most of what is on its way is back. True: it is so already, reclaim again. */
static inline bool bh_net_tx_event(struct bh_net_tx *tx)
{
	uint16_t behind = (uint16_t)(tx->head - tx->seen);
	uint16_t event = (uint16_t)(tx->seen + behind * 3 / 4);

	tx->avail[BH_NET_RING_ENTRIES + tx->layout.entries] = event;
	bh_net_fence();
	return (uint16_t)(BH_NET_READ(&tx->used[BH_NET_RING_INDEX]) - tx->seen) >
	       (uint16_t)(event - tx->seen);
}

/* ---- receiving ---- */

struct bh_net_segment {
	const volatile char *at; /* in the peer's section: copy it, and look at the copy */
	uint32_t length;
};

struct bh_net_frame {
	uint32_t length;
	uint32_t count;
	uint16_t id;
	struct bh_net_segment segments[BH_NET_SEGMENTS_MAX];
};

struct bh_net_rx {
	struct bh_net_layout layout;
	const volatile char *section; /* the peer's, as all here but used */
	const volatile struct bh_net_desc *desc;
	const volatile uint16_t *avail;
	volatile uint16_t *used;
	uint32_t length_max; /* of a frame */
	uint16_t next; /* the next to be taken */
	uint16_t told;
};

static inline void bh_net_rx_init(struct bh_net_rx *rx, const struct bh_net_layout *layout,
				  volatile void *own, const volatile void *peer)
{
	rx->layout = *layout;
	rx->section = (const volatile char *)peer;
	rx->desc = (const volatile struct bh_net_desc *)peer;
	rx->avail = (const volatile uint16_t *)(rx->section + layout->avail);
	rx->used = (volatile uint16_t *)((volatile char *)own + layout->used);
	rx->length_max = layout->mtu_max + BH_NET_HEADER;
	rx->next = rx->told = 0;
	rx->used[0] = 0;
	rx->used[BH_NET_RING_INDEX] = 0;
	rx->used[BH_NET_RING_ENTRIES + 4 * layout->entries] = 0;
}

enum bh_net_result {
	BH_NET_NONE, /* nothing is there */
	BH_NET_FRAME, /* a frame: to be copied, then bh_net_rx_done() */
	BH_NET_BAD, /* nonsense in place of a frame: to be counted, then bh_net_rx_done() */
	BH_NET_BROKEN, /* the ring itself is nonsense: nothing can be had from it until the peer begins anew */
};

/* Looks at the next frame, and leaves it where it is. */
static inline enum bh_net_result bh_net_rx_next(const struct bh_net_rx *rx,
						struct bh_net_frame *frame)
{
	uint32_t entries = rx->layout.entries, id;
	uint16_t there = (uint16_t)(BH_NET_READ(&rx->avail[BH_NET_RING_INDEX]) - rx->next);

	if (!there)
		return BH_NET_NONE;
	if (there > entries)
		return BH_NET_BROKEN;
	bh_net_read_fence();
	id = BH_NET_READ(&rx->avail[BH_NET_RING_ENTRIES + (rx->next & (entries - 1))]);
	if (id >= entries)
		return BH_NET_BROKEN;
	frame->id = (uint16_t)id;
	frame->length = 0;
	for (frame->count = 0; frame->count < BH_NET_SEGMENTS_MAX; frame->count++) {
		const volatile struct bh_net_desc *desc = &rx->desc[id];
		uint64_t address = BH_NET_READ(&desc->address);
		uint32_t length = BH_NET_READ(&desc->length);
		uint16_t flags = BH_NET_READ(&desc->flags);

		if (flags & ~BH_NET_DESC_NEXT || address < rx->layout.data ||
		    address > rx->layout.size || length > rx->layout.size - address ||
		    length > rx->length_max - frame->length)
			return BH_NET_BAD;
		frame->segments[frame->count].at = rx->section + address;
		frame->segments[frame->count].length = length;
		frame->length += length;
		if (!(flags & BH_NET_DESC_NEXT)) {
			frame->count++;
			return frame->length ? BH_NET_FRAME : BH_NET_BAD;
		}
		id = BH_NET_READ(&desc->next);
		if (id >= entries)
			return BH_NET_BAD;
	}
	return BH_NET_BAD;
}

/* Gives the frame that bh_net_rx_next() found back to the peer. */
static inline void bh_net_rx_done(struct bh_net_rx *rx, const struct bh_net_frame *frame)
{
	volatile uint32_t *entry = (volatile uint32_t *)(rx->used + BH_NET_RING_ENTRIES) +
				   2 * (rx->next & (rx->layout.entries - 1));

	entry[0] = frame->id;
	entry[1] = 0; /* nothing was written to it */
	/* After our copy was made: now the peer may write there again. */
	bh_net_publish(&rx->used[BH_NET_RING_INDEX], ++rx->next);
}

/* After frames were given back: is the doorbell to be rung? */
static inline bool bh_net_rx_ring(struct bh_net_rx *rx)
{
	uint16_t event;
	bool wanted;

	bh_net_fence();
	event = BH_NET_READ(&rx->avail[BH_NET_RING_ENTRIES + rx->layout.entries]);
	wanted = bh_net_wanted(event, rx->next, rx->told);
	rx->told = rx->next;
	return wanted;
}

/* Asks to be told of the next frame. True: it is there already. */
static inline bool bh_net_rx_event(struct bh_net_rx *rx)
{
	rx->used[BH_NET_RING_ENTRIES + 4 * rx->layout.entries] = rx->next;
	bh_net_fence();
	return BH_NET_READ(&rx->avail[BH_NET_RING_INDEX]) != rx->next;
}

#endif
