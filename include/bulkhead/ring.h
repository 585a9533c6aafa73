/* SPDX-License-Identifier: MIT */
/*
 * Memory the core shares with the root Linux, read-only for the root: rings of text, the ring of
 * events, and the state of cells and CPUs.
 *
 * Text rings have one writer (the core, under its lock) and never block it: a reader keeps its own
 * position, copies, and then looks at tail again; what was overwritten meanwhile is lost and the
 * reader can tell how much. Positions are free-running 64-bit byte counts.
 */
#ifndef BULKHEAD_RING_H
#define BULKHEAD_RING_H

#include <bulkhead/types.h>
#include <bulkhead/cell.h>
#include <bulkhead/event.h>
#include <bulkhead/hypercall.h>

#define BH_TEXT_RING_SIZE 16352
#define BH_EVENT_RING_ENTRIES 256 /* a power of two */

struct bh_text_ring {
	volatile uint64_t tail; /* bytes ever written; byte n is data[n % BH_TEXT_RING_SIZE] */
	uint64_t reserved[3];
	volatile char data[BH_TEXT_RING_SIZE];
};

struct bh_event_ring {
	volatile uint64_t tail; /* number of the next record; record n is entry[n % ENTRIES] */
	volatile uint64_t lost; /* records that found the ring full: BH_HC_EVENT_ACK makes room */
	uint64_t reserved[6];
	struct bh_event entry[BH_EVENT_RING_ENTRIES];
};

/* Slots of cells that do not exist have id 0 and an empty name; slot 0 is the root. */
struct bh_cell_status {
	volatile uint32_t id; /* 0: there is no such cell */
	volatile uint32_t state; /* BH_CELL_; as the core last saw it */
	volatile uint32_t loadable;
	volatile uint32_t
		generation; /* one more at each create: tells a new cell from an old one with the same id */
	volatile uint64_t violations[16]; /* by BH_KIND_ */
	char name[BH_CELL_NAME_SIZE];
};

struct bh_cpu_status {
	volatile uint32_t present;
	volatile uint32_t cell; /* owner's id */
	volatile uint32_t state; /* BH_CPU_ */
	volatile uint32_t apic_id;
	volatile uint32_t counters[BH_COUNTERS_MAX];
};

struct bh_link_peer_status {
	volatile uint32_t owner; /* cell id; BH_OWNER_NOBODY: the peer is not there */
	volatile uint32_t state; /* its word of the state table */
	volatile uint64_t rung; /* doorbells it has rung */
	volatile uint64_t received; /* doorbells that were rung at it */
	volatile uint64_t active; /* TSC when it last rang or changed its state; 0: never */
};

/* Slots of links that do not exist have peers 0. */
struct bh_link_status {
	volatile uint32_t peers;
	uint32_t protocol;
	uint32_t root_vectors; /* as in struct bh_link */
	uint32_t root_id;
	uint64_t phys;
	uint64_t rw_size;
	uint64_t output_size;
	struct bh_link_peer_status peer[BH_LINK_PEERS_MAX];
};

/* At the start of the shared memory, whose physical address and size enable returns. */
struct bh_shared {
	uint32_t version; /* BH_SHARED_VERSION */
	uint32_t size; /* bytes of the whole shared memory */
	uint32_t pool_pages;
	volatile uint32_t pool_used;
	uint32_t text_size; /* bytes of the core's code */
	uint32_t reserved[11];
	struct bh_cell_status cell[BH_CELLS_MAX];
	struct bh_cpu_status cpu[BH_CPUS_MAX];
	struct bh_link_status link[BH_LINKS_MAX]; /* by number */
	struct bh_event_ring events;
	struct bh_text_ring log; /* the core's own */
	struct bh_text_ring console[BH_CELLS_MAX]; /* by cell id; [0] unused */
};

#define BH_SHARED_VERSION 1

#endif
