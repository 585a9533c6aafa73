/* SPDX-License-Identifier: MIT */
/*
 * The comm region and its messages. The hypervisor asks, the payload polls and answers; a payload
 * that does not look every now and then is given up as failed when its cell is to be stopped.
 */
#ifndef GUEST_COMM_H
#define GUEST_COMM_H

#include <stdbool.h>
#include <bulkhead/comm.h>

#ifdef __x86_64__
#define BH_COMM_ADDRESS BH_COMM_ADDRESS_X86
#else
#define BH_COMM_ADDRESS BH_COMM_ADDRESS_ARM64
#endif
#define comm_region ((struct bh_comm *)BH_COMM_ADDRESS)

uint32_t comm_message(void); /* BH_MSG_ */
void comm_reply(uint32_t reply); /* BH_REPLY_: takes the message as well */
void comm_state_set(uint32_t state); /* BH_CELL_ */

/*
 * Answers whatever message there is as most payloads want to. True: a shutdown was asked for; the
 * payload says what it has to say and calls guest_end(), which approves.
 */
bool comm_service(void);

/* Says how the cell ended and stops this CPU for good. Other CPUs are the caller's to stop before. */
void guest_end(uint32_t state) __attribute__((noreturn));

/* The payload: called on the first CPU with interrupts off. Returning stops the CPU. */
void guest_main(void);

#endif
