/* SPDX-License-Identifier: MIT */
/* The other CPUs of the cell. Numbers are the library's own: 0 runs guest_main(). */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

#define SMP_CPUS_MAX 256

/* Waits (at most a second) until every CPU of the cell has reported; how many there are, this one included. */
unsigned int smp_cpus(void);
unsigned int smp_expected(void); /* how many there should be */
uint32_t smp_address(unsigned int cpu); /* APIC id, or affinities 2, 1 and 0 */
void smp_interrupt(unsigned int cpu, unsigned int vector);

/* False: the CPU did not come up within a second, or is up already. */
bool smp_start(unsigned int cpu);

/* Runs the function on a started CPU, which waits with interrupts on in between. False: it is busy. */
bool smp_call(unsigned int cpu, void (*function)(void *), void *context);
bool smp_busy(unsigned int cpu);

#endif
