/* SPDX-License-Identifier: MIT */
/* Interrupt handlers. They run with interrupts off on the CPU's stack; the library ends the interrupt. */
#ifndef GUEST_INTERRUPT_H
#define GUEST_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __x86_64__
#define VECTOR_TIMER 32
#define VECTOR_CALL 33 /* smp_call() */
#define VECTOR_FREE 48 /* from here to 254: the payload's own */
#define VECTOR_SPURIOUS 255
#else
/* Ids of the GIC: SGIs are what CPUs send each other. */
#define VECTOR_TIMER 27
#define VECTOR_CALL 0
#define VECTOR_FREE 1 /* to 15 */
#endif

typedef void (*interrupt_handler)(void *context);

/* For all CPUs; a NULL handler makes the vector unexpected again. */
void interrupt_handler_set(unsigned int vector, interrupt_handler handler, void *context);

/* x86: own entry code instead, which ends the interrupt (apic.h) and returns by IRETQ itself. */
void interrupt_entry_set(unsigned int vector, void (*entry)(void));

#endif
