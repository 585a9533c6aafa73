/* SPDX-License-Identifier: MIT */
/* What the parts of the library know of each other and payloads need not. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <stdint.h>

extern const char cmdline[]; /* at 0x1000; the loader writes it */

void console_init(void);
void console_put(char c);
uint64_t
console_lock(void); /* with interrupts off; a lock that is never freed is broken in the end */
void console_unlock(uint64_t state);

void interrupt_init(void); /* tables, first CPU */
void interrupt_load(void); /* each CPU */
void timer_init(void);
void smp_init(void);

/* arm64: stage 1, with the MMU off; then each CPU switches it on */
void memory_init(void);
void memory_on(void);

#endif
