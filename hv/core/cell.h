/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells and what may be done with them. Cell 0 is the root: the Linux the core was put under.
 *
 * Management calls exclude each other by management_owner: a second caller is refused with
 * BH_E_BUSY, nobody spins. Each call does one bounded step and answers BH_ERRNO_AGAIN until done;
 * between steps the cell's .job says how far it is, so the caller may come back at any time, and
 * pages in transit belong to the core. Only destroy is accepted for a cell that was left half-made.
 */
#ifndef HV_CELL_H
#define HV_CELL_H

#include <bulkhead/cell.h>
#include <bulkhead/comm.h>
#include <bulkhead/error.h>
#include <arch-types.h>
#include <hv/core/cpu.h>
#include <hv/core/mmio.h>
#include <hv/core/pci.h>
#include <hv/core/table.h>

#define CELL_CLEAR_STEP (2u << 20) /* bytes cleared in one step of a call */
#define CELL_REPLY_TIMEOUT_MS 1000 /* when the descriptor says 0 */

enum cell_job {
	CELL_IDLE,
	CELL_CREATING, /* memory is being cleared */
	CELL_ASKING, /* a message waits for its reply */
	CELL_DESTROYING, /* memory is being cleared */
};

struct cell {
	u32 id;
	const struct bh_cell_desc *desc; /* the core's copy; NULL for the root */
	const char *name;
	struct table table;
	struct mmio_space mmio;
	struct arch_cell arch;
	struct pci_cell pci;
	struct page_reserve reserve;
	u64 cpus[BH_CPUS_MAX / 64];
	u8 policy[16];
	struct bh_comm *comm; /* always there, mapped or not */
	bool loadable;
	u32 last_state; /* of comm->cell_state, as last reported */
	/* the management call in progress */
	enum cell_job job;
	u32 job_region;
	u64 job_offset;
	u64 job_deadline; /* arch_ticks() */
};

extern struct cell root_cell;

struct cell *cell_get(u32 id); /* NULL where there is none */
#define cell_for_each(cell)                                                                        \
	for (u32 cell##_i = 0; cell##_i < BH_CELLS_MAX; cell##_i++)                                \
		if (((cell) = cell_get(cell##_i)))

static inline bool cell_has_cpu(const struct cell *cell, u32 id)
{
	return id < BH_CPUS_MAX && (cell->cpus[id / 64] & BIT(id % 64));
}

#define cell_for_each_cpu(cell, cpu)                                                               \
	cpu_for_each (cpu)                                                                         \
		if ((cpu)->cell == (cell))

/* Tables of a checked descriptor. */
const u32 *desc_cpus(const struct bh_cell_desc *desc);
const struct bh_memory *desc_memory(const struct bh_cell_desc *desc);
const struct bh_pio *desc_pio(const struct bh_cell_desc *desc);
const struct bh_irqs *desc_irqs(const struct bh_cell_desc *desc);
const struct bh_pci *desc_pci(const struct bh_cell_desc *desc);
/* Form only: lengths, tables, flags, reserved fields, overlaps inside. @size bytes are readable. */
bool desc_check(const struct bh_cell_desc *desc, u64 size, struct bh_error *error);

bool root_init(struct bh_error *error);

/*
 * The calls: 0, -BH_ERRNO_AGAIN, or another negative number with @error filled.
 * @caller runs in the root.
 */
int cell_create(struct cpu *caller, gpa_t desc, struct bh_error *error);
int cell_start(struct cpu *caller, u32 id, struct bh_error *error);
int cell_set_loadable(struct cpu *caller, u32 id, struct bh_error *error);
int cell_stop(struct cpu *caller, u32 id, struct bh_error *error);
int cell_destroy(struct cpu *caller, u32 id, struct bh_error *error);
int cell_state(u32 id);

/* All hypercalls; @result goes to the guest's RAX or x0. For BH_HC_DISABLE see arch. */
long hypercall(struct cpu *cpu, u64 number, u64 arg1, u64 arg2);

#endif
