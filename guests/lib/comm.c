/* SPDX-License-Identifier: MIT */
#include <guest/comm.h>
#include <guest/cpu.h>

uint32_t comm_message(void)
{
	return comm_region->msg_to_cell;
}

/* The message is taken first: the hypervisor may send the next one as soon as it sees the reply. */
void comm_reply(uint32_t reply)
{
	comm_region->msg_to_cell = BH_MSG_NONE;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	comm_region->reply_from_cell = reply;
}

void comm_state_set(uint32_t state)
{
	comm_region->cell_state = state;
}

bool comm_service(void)
{
	switch (comm_message()) {
	case BH_MSG_NONE:
		return false;
	case BH_MSG_SHUTDOWN_REQUEST:
		return true;
	case BH_MSG_RECONFIG_COMPLETED:
		comm_reply(BH_REPLY_RECEIVED);
		return false;
	default:
		comm_reply(BH_REPLY_UNKNOWN);
		return false;
	}
}

void guest_end(uint32_t state)
{
	/* Whoever approves is stopped at once: nothing that is to be told may come behind it. */
	if (comm_message() == BH_MSG_SHUTDOWN_REQUEST)
		comm_reply(BH_REPLY_APPROVED);
	comm_state_set(state);
	cpu_stop();
}
