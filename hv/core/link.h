/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links: shared memory between cells with doorbells (ivshmem, version 2). See docs/links.md.
 *
 * A cell has a port to each of its links: the virtual PCI device it drives. A port is changed by its own cell's
 * CPUs and by doorbells of peers, both under the lock of its slot, which is never held together with another.
 *
 * The root's ports come with the first cell of a link and go with the last. They are reached through one window of
 * the root's address space, machine.root_links.
 */
#ifndef HV_LINK_H
#define HV_LINK_H

#include <bulkhead/boot.h>
#include <bulkhead/cell.h>
#include <bulkhead/ring.h>
#include <hv/core/lock.h>
#include <hv/core/types.h>

struct cell;
struct cpu;
struct mmio_access;

#define LINK_PORTS_MAX 8 /* of one cell: what fits in its page */

struct link_port {
	struct link *link;
	const struct cell *cell;
	u16 bdf;
	u8 id;
	u8 vectors;
	u64 base; /* guest-physical, of the link's memory */
	u32 command; /* of configuration space */
	u32 bar[2];
	u32 privileged; /* the capability's first dword: one-shot mode */
	u32 msix_control;
	u32 enabled; /* the register of that name */
	u16 live; /* vectors that may be sent: a bit each */
	u16 pending; /* vectors that were rung and not sent yet */
	u32 entry[BH_LINK_VECTORS_MAX][4]; /* address, upper address, data, mask */
	u32 message
		[BH_LINK_VECTORS_MAX]; /* the address of a live vector, its destination resolved */
	struct bh_link_peer_status *status; /* what the root is told */
};

struct link_cell {
	struct link_port *ports; /* one page from the cell's reserve */
	u32 count;
};

static inline u64 link_size(const struct bh_link *link)
{
	return BH_LINK_STATE_SIZE + link->rw_size + link->peers * link->output_size;
}

extern const struct unit link_unit;

/*
 * The memory of a link outlives its first cell. A create claims it before anything is cleared, and a destroy
 * leaves it; who finds nobody else there clears it, in parts of its job, and drops it at the end.
 */
void link_claim(struct cell *cell);
void link_claimed(struct cell *cell);
void link_leave(struct cell *cell);
void link_drop(struct cell *cell);
/* What is to be cleared of the cell's link @i; size 0: nothing. */
struct bh_range link_clears(const struct cell *cell, u32 i);

/* The cell has come to its end: its peers see state 0, now. */
void link_offline(const struct cell *cell);

static inline struct link_port *link_port_find(const struct link_cell *link, u16 bdf)
{
	for (u32 i = 0; i < link->count; i++)
		if (link->ports[i].bdf == bdf)
			return &link->ports[i];
	return NULL;
}

/* Configuration space by whole dwords; @mask says which bits of @value are written. */
u32 link_config_read(const struct link_port *port, u16 reg);
bool link_config_write(struct link_port *port, u16 reg, u32 mask, u32 value);
/* An access to an address that is no trapped region: to a BAR of a port? */
bool link_access(struct cpu *cpu, struct mmio_access *access);
/* The root's window. */
bool link_root_access(struct cpu *cpu, struct mmio_access *access, void *arg);
/* CPUs have left the root: its ports send nothing there any more. */
void link_root_revise(void);

#endif
