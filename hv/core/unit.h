/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit is one kind of resource a cell may own besides CPUs and memory: I/O ports, interrupt
 * pins, PCI functions. cell.c calls the units of an architecture in the order of its units[] table.
 *
 * check() looks at the descriptor and at what others own, and changes nothing; assign() then cannot
 * fail. Everything a unit allocates is counted by pages() beforehand and taken from the cell's reserve.
 */
#ifndef HV_UNIT_H
#define HV_UNIT_H

#include <hv/core/types.h>

struct cell;
struct bh_cell_desc;
struct bh_error;

struct unit {
	const char *name;
	bool (*check)(const struct bh_cell_desc *desc, struct bh_error *error);
	/* As much of it as touches no device that Linux may still use; NULL: all. */
	bool (*look)(const struct bh_cell_desc *desc, struct bh_error *error);
	u32 (*pages)(const struct bh_cell_desc *desc);
	void (*assign)(struct cell *cell); /* from the root to the cell */
	void (*reset)(struct cell *cell); /* before a start, and before the root may load */
	void (*release)(struct cell *cell); /* back to the root */
};

extern const struct unit *const units[]; /* ends with NULL */

#endif
