/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <hv/core/cell.h>
#include <hv/core/console.h>
#include <hv/core/event.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>

static struct spinlock log_lock, console_lock[BH_CELLS_MAX];
static u64 console_told[BH_CELLS_MAX]; /* as far as the root knows */

static void ring_putc(struct bh_text_ring *ring, char c)
{
	ring->data[ring->tail % BH_TEXT_RING_SIZE] = c;
	__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
}

void console_putc(struct cell *cell, char c)
{
	spin_lock(&console_lock[cell->id]);
	ring_putc(&shared->console[cell->id], c);
	spin_unlock(&console_lock[cell->id]);
	/* Readers get whole lines, or what has piled up without one. */
	if (c == '\n' || shared->console[cell->id].tail % 128 == 0)
		console_flush(cell);
}

void console_flush(const struct cell *cell)
{
	u64 tail = shared->console[cell->id].tail;

	if (tail != console_told[cell->id])
		notify_root(BH_NOTIFY_CONSOLE);
	console_told[cell->id] = tail;
}

bool console_input_put(struct console_input *input, u8 c)
{
	bool room;

	spin_lock(&input->lock);
	room = input->count < CONSOLE_INPUT_SIZE;
	if (room)
		input->data[(input->first + input->count++) % CONSOLE_INPUT_SIZE] = c;
	else
		input->is_awaited = true;
	spin_unlock(&input->lock);
	return room;
}

u8 console_input_take(struct console_input *input, bool all)
{
	u8 c = 0;

	spin_lock(&input->lock);
	if (input->count) {
		c = input->data[input->first++ % CONSOLE_INPUT_SIZE];
		input->count = all ? 0 : input->count - 1;
	}
	if (input->is_awaited)
		notify_root(BH_NOTIFY_CONSOLE);
	input->is_awaited = false;
	spin_unlock(&input->lock);
	return c;
}

static void log_number(u64 value, u32 base, bool negative, int width, char pad)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		digits[n++] = '-';
	for (; width > n; width--)
		ring_putc(&shared->log, pad);
	while (n)
		ring_putc(&shared->log, digits[--n]);
}

static void log_string(const char *s, int width)
{
	for (; *s; s++, width--)
		ring_putc(&shared->log, *s);
	for (; width > 0; width--)
		ring_putc(&shared->log, ' ');
}

static void log_format(const char *format, va_list args)
{
	for (; *format; format++) {
		bool is_long = false;
		int width = 0;
		char pad = ' ';
		s64 number;

		if (*format != '%') {
			ring_putc(&shared->log, *format);
			continue;
		}
		if (*++format == '0')
			pad = *format++;
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + *format - '0';
		for (; *format == 'l'; format++)
			is_long = true;
		switch (*format) {
		case 'c':
			ring_putc(&shared->log, va_arg(args, int));
			break;
		case 's':
			log_string(va_arg(args, const char *), width);
			break;
		case 'd':
			number = is_long ? va_arg(args, s64) : va_arg(args, s32);
			log_number(number < 0 ? -(u64)number : (u64)number, 10, number < 0, width,
				   pad);
			break;
		case 'u':
			log_number(is_long ? va_arg(args, u64) : va_arg(args, u32), 10, false,
				   width, pad);
			break;
		case 'x':
			log_number(is_long ? va_arg(args, u64) : va_arg(args, u32), 16, false,
				   width, pad);
			break;
		case 'p':
			log_number((uintptr_t)va_arg(args, void *), 16, false, 16, '0');
			break;
		default:
			ring_putc(&shared->log, *format);
		}
	}
}

void log_print(const char *format, ...)
{
	va_list args;

	spin_lock(&log_lock);
	va_start(args, format);
	log_format(format, args);
	va_end(args);
	spin_unlock(&log_lock);
	notify_root(BH_NOTIFY_CONSOLE);
}
