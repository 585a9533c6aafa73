/* SPDX-License-Identifier: MIT */
/*
 * Links to other cells: an ivshmem device of version 2 (docs/links.md). Peers have numbers from 0; each may write
 * its own output section and the read-write section, and everybody sees all of it.
 */
#ifndef GUEST_LINK_H
#define GUEST_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <guest/interrupt.h>

#define LINK_VECTOR_STATE 0 /* a peer's state has changed; all others are the protocol's */

#define LINK_DOORBELL 0x0c /* the register link_ring() writes peer << 16 | vector to */

struct link {
	uint16_t bdf;
	uint16_t protocol;
	uint32_t id; /* of this peer */
	uint32_t peers;
	uint32_t vectors;
	uint64_t registers;
	volatile const uint32_t *states; /* by peer; 0: not there */
	volatile void *shared;
	uint64_t shared_size;
	uint64_t outputs; /* of peer 0; the others follow */
	uint64_t output_size;
};

/* The cell's links are numbered from 0 in the order of their PCI addresses. False: there are not so many. */
bool link_open(struct link *link, unsigned int index);

/* The section of a peer; only this peer's own may be written. */
volatile void *link_output(const struct link *link, uint32_t peer);

/*
 * Handle a vector of the link on this CPU, on x86 as the CPU's vector @cpu_vector. On arm64 the device has one interrupt for all of
 * them: each handler is called for every vector.
 */
bool link_handler_set(const struct link *link, uint32_t vector, unsigned int cpu_vector,
		      interrupt_handler handler, void *context);
/* Doorbells that found interrupts disabled come when they are enabled, all of one vector as one. */
void link_interrupts(const struct link *link, bool enable);
/* Each interrupt disables interrupts, until they are enabled again. */
void link_one_shot(const struct link *link, bool on);

void link_ring(const struct link *link, uint32_t peer, uint32_t vector);
void link_state_set(const struct link *link, uint32_t state); /* the others are told */

#endif
