/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text rings: the core's log, and a console for each cell; what is typed at a cell. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/core/lock.h>
#include <hv/core/types.h>

struct cell;

void console_putc(struct cell *cell, char c);
/* The root is told of what has no newline yet. */
void console_flush(const struct cell *cell);

#define CONSOLE_INPUT_SIZE 64

struct console_input {
	struct spinlock lock;
	bool is_awaited; /* somebody waits for room */
	u8 first, count;
	u8 data[CONSOLE_INPUT_SIZE];
};

/* false: there is no room; the root is told when there is. */
bool console_input_put(struct console_input *input, u8 c);
/* The oldest character received, or 0; @all: it and all others are forgotten. */
u8 console_input_take(struct console_input *input, bool all);

/* printf subset: %c %s %d %u %x %p, l and ll, width and zero padding. One call is one line kept whole. */
void log_print(const char *format, ...) __printf_like(1, 2);

#endif
