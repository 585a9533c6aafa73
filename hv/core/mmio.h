/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trapped memory: which handler takes an access to a guest-physical address that stage 2 does not map.
 * Regions are registered while a cell is made and never while it runs, so look-ups need no lock.
 */
#ifndef HV_MMIO_H
#define HV_MMIO_H

#include <hv/core/addr.h>

struct cell;
struct cpu;

struct mmio_access {
	gpa_t address; /* where a handler answers false it may put what the event is to say */
	u8 width; /* 1, 2, 4, 8 bytes */
	bool write;
	u8 kind; /* BH_KIND_ of the violation, where a handler answers false; preset to MEMORY */
	u64 value; /* in for writes, out for reads (upper bits clear) */
};

/* false: forbidden. The caller records the violation and applies the policy. */
typedef bool (*mmio_handler)(struct cpu *cpu, struct mmio_access *access, void *arg);

struct mmio_region {
	u64 start;
	u64 size;
	mmio_handler handler;
	void *arg;
};

#define MMIO_REGIONS_MAX 64

struct mmio_space {
	u32 count;
	struct mmio_region region[MMIO_REGIONS_MAX]; /* sorted by start; they do not overlap */
};

/* false when the space is full or the range overlaps: checked by callers beforehand with mmio_room(). */
bool mmio_add(struct mmio_space *space, u64 start, u64 size, mmio_handler handler, void *arg);
void mmio_remove(struct mmio_space *space, u64 start);
const struct mmio_region *mmio_find(const struct mmio_space *space, gpa_t address);

/*
 * An access by a guest: find the region and call it. false also when there is no region. A region
 * must contain the access whole.
 */
bool mmio_handle(struct cpu *cpu, struct mmio_access *access);

/* A device access the core makes on a guest's behalf, in one transaction of that width. */
u64 mmio_read(paddr_t address, u8 width);
void mmio_write(paddr_t address, u8 width, u64 value);

#endif
