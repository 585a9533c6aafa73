/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text rings: the core's log, and a console for each cell. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/core/types.h>

struct cell;

void console_putc(struct cell *cell, char c);

/* printf subset: %c %s %d %u %x %p, l and ll, width and zero padding. One call is one line kept whole. */
void log_print(const char *format, ...) __printf_like(1, 2);

#endif
