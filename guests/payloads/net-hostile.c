/* SPDX-License-Identifier: MIT */
/*
 * net-hostile: comes up as a peer of a network, then does everything a peer must not do, without pause until it is
 * stopped: wild indices, torn descriptors, returns of frames that were never sent, doorbells, and other states.
 *
 *   kinds=31   which of these, added up: 1 indices, 2 descriptors, 4 returns, 8 doorbells, 16 states
 *   seed=1     of the numbers it takes
 */
#include <bulkhead/net.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/link.h>
#include <guest/printk.h>

#define INDICES 1
#define DESCRIPTORS 2
#define RETURNS 4
#define DOORBELLS 8
#define STATES 16

/* How often it does something bad before it looks at its peer's state. */
#define STEPS 64

static struct link link;
static struct bh_net_layout layout;
static uint64_t number;

static uint32_t next(uint32_t below)
{
	number = number * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(number >> 33) % below;
}

/* Mostly something that could be, and one time in @rarely anything. */
static uint32_t value(uint32_t likely, uint32_t rarely)
{
	return next(rarely) ? next(likely) : next(0x7fffffff) << 1;
}

/* As everybody does, so that what follows is looked at. */
static void rings_init(volatile char *own)
{
	((volatile uint16_t *)(own + layout.avail))[BH_NET_RING_INDEX] = 0;
	((volatile uint16_t *)(own + layout.used))[BH_NET_RING_INDEX] = 0;
}

static void step(uint32_t kind, volatile char *own)
{
	volatile struct bh_net_desc *desc = (volatile struct bh_net_desc *)own;
	volatile uint16_t *avail = (volatile uint16_t *)(own + layout.avail);
	volatile uint16_t *used = (volatile uint16_t *)(own + layout.used);
	volatile uint32_t *returned = (volatile uint32_t *)(used + BH_NET_RING_ENTRIES);
	uint32_t entry = next(layout.entries);

	switch (kind) {
	case INDICES:
		avail[BH_NET_RING_ENTRIES + entry] = (uint16_t)value(layout.entries, 1000);
		avail[BH_NET_RING_INDEX] =
			(uint16_t)(next(1000) ? avail[BH_NET_RING_INDEX] + next(4) : next(65536));
		avail[BH_NET_RING_ENTRIES + layout.entries] = (uint16_t)next(65536);
		break;
	case DESCRIPTORS:
		desc[entry].address = next(8) ? layout.data + next(layout.size - layout.data)
					      : (uint64_t)value(layout.size, 2) << next(33);
		desc[entry].length = value(2000, 8);
		desc[entry].flags = (uint16_t)(next(2) ? 0 : value(4, 8));
		desc[entry].next = (uint16_t)value(layout.entries, 8);
		break;
	case RETURNS:
		returned[2 * entry] = value(layout.entries, 8);
		used[BH_NET_RING_INDEX] =
			(uint16_t)(next(64) ? used[BH_NET_RING_INDEX] + next(2) : next(65536));
		returned[2 * layout.entries] = next(65536);
		break;
	case DOORBELLS:
		for (uint32_t i = 0; i < 32; i++)
			link_ring(&link, !link.id, next(3));
		break;
	case STATES:
		link_state_set(&link, next(16) ? BH_NET_RUN : value(5, 8));
		break;
	}
}

void guest_main(void)
{
	uint32_t kinds = (uint32_t)cmdline_number("kinds", 31), state = BH_NET_RESET, then;
	uint64_t steps = 0;

	number = (uint64_t)cmdline_number("seed", 1);
	if (!link_open(&link, 0) || link.peers != BH_NET_PEERS ||
	    !bh_net_layout(&layout, link.output_size)) {
		printk("net-hostile: the cell has no network link\n");
		guest_end(BH_CELL_FAILED);
	}
	link_state_set(&link, state);
	for (;;) {
		then = bh_net_next(state, link.states[!link.id], true);
		if (then != state) {
			state = then;
			if (state == BH_NET_READY)
				rings_init(link_output(&link, link.id));
			link_state_set(&link, state);
			continue;
		}
		if (state != BH_NET_RUN) {
			cpu_relax();
			continue;
		}
		if (!steps)
			printk("net-hostile %u: the peer is there\n", kinds);
		for (uint32_t i = 0; i < STEPS; i++) {
			uint32_t kind = 1U << next(5);

			if (kind & kinds)
				step(kind, link_output(&link, link.id));
		}
		if (kinds & STATES)
			link_state_set(&link, state);
		/* So that it looks. */
		link_ring(&link, !link.id, BH_NET_VECTOR_DATA);
		steps += STEPS;
		if (steps == 1000000)
			printk("net-hostile %u: a million steps\n", kinds);
	}
}
