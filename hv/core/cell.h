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
#include <hv/core/link.h>
#include <hv/core/mmio.h>
#include <hv/core/pci.h>
#include <hv/core/table.h>

#define CELL_CLEAR_STEP (2u << 20) /* bytes cleared in one step of a call */
#define CELL_REPLY_TIMEOUT_MS 1000 /* when the descriptor says 0 */
#define CELL_ADDRESS_LIMIT BIT(46) /* guest-physical addresses of a cell end here */

#define CELL_WINDOWS_MAX 32 /* windows of devices smaller than a page */
#define ROOT_RESERVE 16 /* pages the root's table keeps at hand */

/* Entries of a descriptor's tables. */
#define DESC_MEMORY_MAX 256
#define DESC_PIO_MAX 256
#define DESC_PCI_MAX 32
#define DESC_LINKS_MAX LINK_PORTS_MAX

enum cell_job {
	CELL_IDLE,
	CELL_CREATING, /* memory is being cleared for the cell */
	CELL_DESTROYING, /* memory is being cleared for the root */
};

struct cell {
	u32 id;
	const struct bh_cell_desc *desc; /* the core's copy; NULL for the root */
	const char *name;
	struct table table;
	struct mmio_space mmio;
	struct arch_cell arch;
	struct pci_cell pci;
	struct link_cell link;
	struct page_reserve reserve;
	u64 cpus[BH_CPUS_MAX / 64];
	u8 policy[16];
	struct spinlock access_lock; /* makes emulated read-modify-writes whole */
	struct bh_comm *comm; /* always there, mapped or not */
	u64 comm_address; /* guest-physical; CELL_ADDRESS_LIMIT: the cell does not see it */
	bool loadable;
	u32 last_state; /* of comm->cell_state, as last reported */
	/* the management call in progress */
	enum cell_job job;
	u32 job_region;
	u64 job_offset;
	bool handed_over; /* all has its new owner; what is left is to tell every CPU */
	bool asking; /* a shutdown request waits for its reply */
	u64 ask_deadline; /* arch_ticks() */
};

extern struct cell root_cell;

struct cell *cell_get(u32 id); /* NULL where there is none */
extern u32 cells_end; /* one more than the highest id that has a cell */
#define cell_for_each(cell)                                      \
	for (u32 cell##_i = 0; cell##_i < cells_end; cell##_i++) \
		if (((cell) = cell_get(cell##_i)))

static inline bool cell_has_cpu(const struct cell *cell, u32 id)
{
	return id < BH_CPUS_MAX && (cell->cpus[id / 64] & BIT(id % 64));
}

#define cell_for_each_cpu(owner, cpu) \
	cpu_for_each (cpu)            \
		if ((cpu)->cell == (owner))

/* Tables of a checked descriptor. */
const u32 *desc_cpus(const struct bh_cell_desc *desc);
const struct bh_memory *desc_memory(const struct bh_cell_desc *desc);
const struct bh_pio *desc_pio(const struct bh_cell_desc *desc);
const struct bh_irqs *desc_irqs(const struct bh_cell_desc *desc);
const struct bh_pci *desc_pci(const struct bh_cell_desc *desc);
const struct bh_link *desc_links(const struct bh_cell_desc *desc);
/* Form only: lengths, tables, flags, reserved fields, overlaps inside. @size bytes are readable. */
bool desc_check(const struct bh_cell_desc *desc, u64 size, struct bh_error *error);

bool memory_is_subpage(const struct bh_memory *region);
/* A cell with a part-page window in the range; the record of owners has whole pages only. NULL: none. */
const struct cell *cell_with_window(u64 start, u64 size);

/* At launch, when every CPU of the machine is known and belongs to the root. */
bool root_init(struct bh_error *error);

/*
 * The calls: 0, -BH_ERRNO_AGAIN, or another negative number with @error filled.
 * @caller runs in the root. Each is one step, see above.
 */
int cell_create(struct cpu *caller, gpa_t desc, struct bh_error *error);
int cell_check(struct cpu *caller, gpa_t desc, struct bh_error *error);
int cell_start(struct cpu *caller, u32 id, struct bh_error *error);
int cell_set_loadable(struct cpu *caller, u32 id, struct bh_error *error);
int cell_stop(struct cpu *caller, u32 id, struct bh_error *error);
int cell_destroy(struct cpu *caller, u32 id, struct bh_error *error);
int cell_state(u32 id, struct bh_error *error);
u32 cell_count(void); /* the root included */

/* A CPU that faulted in the core lets go of the management call it was in. */
void management_abandon(struct cpu *cpu);
/* A CPU of the cell has failed. */
void cell_cpu_failed(struct cell *cell);
/* The cell of @cpu ends itself (BH_POWER_): its CPUs, this one too, stop before they enter the guest again. */
void cell_power(struct cpu *cpu, u32 what);
/* The cell's state word may have changed: report it. */
void cell_observe_state(struct cell *cell);

/* The root touched memory that is not its own, and the access is ignored: see table_blank(). */
void root_blank(gpa_t address, bool sink);

/* Read root memory at a physical address; false when any of it is not the root's own RAM. */
bool root_read(gpa_t address, void *to, u64 size);
bool root_write(gpa_t address, const void *from, u64 size);

/* comm.c: the comm region and its messages */
bool comm_access(struct cpu *cpu, struct mmio_access *access, void *arg);
void comm_start(struct cell *cell); /* fill for a start; state becomes RUNNING */
void comm_set_state(struct cell *cell, u32 state);
/* Ask the cell to shut down: 0 agreed, -AGAIN, or refused with @error. */
int comm_ask_shutdown(struct cell *cell, struct bh_error *error);
void comm_tell_reconfigured(void); /* all cells; nobody waits for replies */

/* All hypercalls; the result goes to the guest's RAX or x0. For BH_HC_DISABLE see the architecture. */
long hypercall(struct cpu *cpu, u64 number, u64 arg1, u64 arg2);

#endif
