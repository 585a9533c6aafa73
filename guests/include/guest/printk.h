/* SPDX-License-Identifier: MIT */
/*
 * Output. printk() knows %d %i %u %x %c %s %p %% with flags 0 and -, a width, and l, ll or z;
 * a line feed gets its carriage return. Lines of several CPUs do not mix within one call.
 */
#ifndef GUEST_PRINTK_H
#define GUEST_PRINTK_H

#include <stdarg.h>
#include <stddef.h>

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprintk(const char *format, va_list arguments);

/* The result is always terminated; returns what the length would be in a buffer large enough. */
size_t format_string(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
