/* SPDX-License-Identifier: MIT */
/* Exceptions: dumped, with the cell FAILED, unless the code that raised them runs under trap_call(). */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdint.h>

struct trap {
	uint64_t error;
	uint64_t ip;
	uint64_t address; /* CR2 of a page fault */
};

/*
 * Runs the function; -1 when it returns, or the vector of the exception that cut it off. One at a time
 * per CPU. `trap' may be NULL.
 */
int trap_call(void (*function)(void *), void *context, struct trap *trap);

#endif
