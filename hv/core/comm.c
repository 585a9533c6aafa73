/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The comm region. A cell reads it natively; its writes are trapped (they are rare), so that a change
 * of state or a reply is known, and told to the root, when it happens and nobody has to poll.
 */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>

/* What the cell may write: its state, its reply, and the free rest of the page. */
static bool comm_writable(u64 offset, u8 width)
{
	const u64 state = offsetof(struct bh_comm, cell_state);
	const u64 reply = offsetof(struct bh_comm, reply_from_cell);

	if (offset >= sizeof(struct bh_comm))
		return true;
	return (offset >= state && offset + width <= state + 4) ||
	       (offset >= reply && offset + width <= reply + 4);
}

bool comm_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	struct cell *cell = cpu->cell;
	u64 offset = access->address.v - cell->comm_address;
	u8 *at = (u8 *)cell->comm + offset;

	(void)arg;
	if (!access->write) {
		access->value = 0;
		memcpy(&access->value, at, access->width);
		return true;
	}
	/* Writes to the core's own fields are dropped: old payloads clear msg_to_cell. */
	if (offset == offsetof(struct bh_comm, msg_to_cell) || comm_writable(offset, access->width))
		memcpy(at, &access->value, access->width);
	cell_observe_state(cell);
	if (offset == offsetof(struct bh_comm, reply_from_cell))
		notify_root(BH_NOTIFY_STATE);
	return true;
}

void comm_set_state(struct cell *cell, u32 state)
{
	WRITE_ONCE(cell->comm->cell_state, state);
	cell_observe_state(cell);
}

void comm_start(struct cell *cell)
{
	struct bh_comm *comm = cell->comm;
	const struct bh_cell_desc *desc = cell->desc;

	memset(comm, 0, BH_COMM_SIZE);
	memcpy(comm->signature, BH_COMM_SIGNATURE, sizeof(comm->signature));
	comm->revision = BH_COMM_REVISION;
	if (desc->flags & BH_CELL_CONSOLE_PERMITTED)
		comm->flags |= BH_COMM_CONSOLE_PERMITTED;
	if (desc->flags & BH_CELL_CONSOLE_ACTIVE)
		comm->flags |= BH_COMM_CONSOLE_PERMITTED | BH_COMM_CONSOLE_ACTIVE;
	comm->console = desc->console;
	comm->pci_mmconfig_base = machine.mmconfig_base;
	arch_comm_fill(cell, comm);
	comm_set_state(cell, BH_CELL_RUNNING);
}

static void comm_send(struct cell *cell, u32 message)
{
	cell->comm->reply_from_cell = BH_REPLY_NONE;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cell->comm->msg_to_cell = message;
}

static bool comm_answers(const struct cell *cell)
{
	u32 state = READ_ONCE(cell->comm->cell_state);

	/* 4 is terminal too, as documented, though the peer waits for such a cell. */
	return !(cell->desc->flags & BH_CELL_PASSIVE_COMM) && state <= BH_CELL_RUNNING_LOCKED;
}

static u64 comm_timeout(const struct cell *cell)
{
	u32 ms = cell->desc->reply_timeout_ms;

	return (u64)machine.tsc_khz * (ms ? ms : CELL_REPLY_TIMEOUT_MS);
}

int comm_ask_shutdown(struct cell *cell, struct bh_error *error)
{
	u32 reply;

	if (!comm_answers(cell)) {
		cell->asking = false;
		return 0;
	}
	if (!cell->asking) {
		cell->asking = true;
		cell->ask_deadline = arch_ticks() + comm_timeout(cell);
		comm_send(cell, BH_MSG_SHUTDOWN_REQUEST);
		return -BH_ERRNO_AGAIN;
	}
	reply = READ_ONCE(cell->comm->reply_from_cell);
	if (reply == BH_REPLY_NONE && arch_ticks() <= cell->ask_deadline)
		return -BH_ERRNO_AGAIN;
	cell->asking = false;
	if (reply == BH_REPLY_NONE) {
		comm_set_state(cell, BH_CELL_FAILED);
		return 0;
	}
	if (reply == BH_REPLY_APPROVED)
		return 0;
	error_set(error, BH_E_CELL_DENIED, .owner = cell->id, .value = reply);
	return -BH_ERRNO_PERM;
}

void comm_tell_reconfigured(void)
{
	struct cell *cell;

	cell_for_each (cell)
		if (cell->desc && comm_answers(cell) && !cell->asking)
			comm_send(cell, BH_MSG_RECONFIG_COMPLETED);
}
