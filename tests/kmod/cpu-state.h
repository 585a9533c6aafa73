/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the part for every architecture has and what each has of its own. */
#ifndef TESTS_KMOD_CPU_STATE_H
#define TESTS_KMOD_CPU_STATE_H

#include <linux/types.h>

void put(const char *name, unsigned int index, u64 value);

/* Puts what this CPU has. */
void cpu_read(void);
/* Gives the registers that Linux leaves alone values of this CPU's own, and takes them away. */
void cpu_mark(unsigned int cpu);
void cpu_unmark(void);
int arch_begin(void);
void arch_end(void);

#endif
