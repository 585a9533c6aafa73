/* SPDX-License-Identifier: MIT */
/*
 * stubborn: denies shutdown requests before it approves one.
 *
 *   denials=1       how many
 *   locked          asks that no other cell be created or destroyed, until it approves
 *   never-answer    looks at no message at all
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/printk.h>

void guest_main(void)
{
	int64_t denials = cmdline_number("denials", 1);

	if (cmdline_flag("locked", false))
		comm_state_set(BH_CELL_RUNNING_LOCKED);
	printk("stubborn: ready\n");
	while (cmdline_flag("never-answer", false))
		cpu_relax();
	while (denials > 0) {
		/* Looked at once: a request that comes between two looks would be one that comm_service() agrees to. */
		uint32_t message = comm_message();

		if (message == BH_MSG_SHUTDOWN_REQUEST) {
			comm_reply(BH_REPLY_DENIED);
			printk("stubborn: denied\n");
			denials--;
		} else if (message != BH_MSG_NONE) {
			comm_reply(BH_REPLY_RECEIVED);
		}
		cpu_relax();
	}
	while (!comm_service())
		cpu_relax();
	printk("stubborn: approved\n");
	guest_end(BH_CELL_SHUT_DOWN);
}
