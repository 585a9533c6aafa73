/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <guest/printk.h>
#include <guest/string.h>
#include "library.h"

struct sink {
	void (*put)(struct sink *sink, char c);
	char *buffer;
	size_t size;
	size_t length;
};

static void put_console(struct sink *sink, char c)
{
	if (c == '\n')
		console_put('\r');
	console_put(c);
	sink->length++;
}

static void put_buffer(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length] = c;
	sink->length++;
}

struct field {
	unsigned int width;
	bool zero;
	bool left;
};

static void put_field(struct sink *sink, const struct field *field, const char *text, size_t length)
{
	size_t pad = field->width > length ? field->width - length : 0;

	if (field->zero && !field->left && length && *text == '-') {
		sink->put(sink, *text++);
		length--;
	}
	for (; pad && !field->left; pad--)
		sink->put(sink, field->zero ? '0' : ' ');
	while (length--)
		sink->put(sink, *text++);
	for (; pad; pad--)
		sink->put(sink, ' ');
}

static void put_number(struct sink *sink, const struct field *field, uint64_t value,
		       unsigned int base, bool negative)
{
	char text[24], *end = text + sizeof(text), *p = end;

	do
		*--p = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		*--p = '-';
	put_field(sink, field, p, (size_t)(end - p));
}

static void put_format(struct sink *sink, const char *format, va_list arguments)
{
	for (; *format; format++) {
		struct field field = {0};
		bool is_long = false;
		int64_t number;
		const char *text;
		char c;

		if (*format != '%') {
			sink->put(sink, *format);
			continue;
		}
		for (format++; *format == '0' || *format == '-'; format++) {
			field.zero |= *format == '0';
			field.left |= *format == '-';
		}
		for (; *format >= '0' && *format <= '9'; format++)
			field.width = field.width * 10 + (unsigned int)(*format - '0');
		for (; *format == 'l' || *format == 'z'; format++)
			is_long = true;
		switch (*format) {
		case 'd':
		case 'i':
			number = is_long ? va_arg(arguments, int64_t) : va_arg(arguments, int);
			put_number(sink, &field, number < 0 ? -(uint64_t)number : (uint64_t)number,
				   10, number < 0);
			break;
		case 'u':
		case 'x':
			put_number(sink, &field,
				   is_long ? va_arg(arguments, uint64_t)
					   : va_arg(arguments, unsigned int),
				   *format == 'u' ? 10 : 16, false);
			break;
		case 'p':
			put_number(sink, &field, (uintptr_t)va_arg(arguments, void *), 16, false);
			break;
		case 'c':
			c = (char)va_arg(arguments, int);
			put_field(sink, &field, &c, 1);
			break;
		case 's':
			text = va_arg(arguments, const char *);
			put_field(sink, &field, text, strlen(text));
			break;
		case '\0':
			return;
		default:
			sink->put(sink, *format);
		}
	}
}

void vprintk(const char *format, va_list arguments)
{
	struct sink sink = {.put = put_console};
	uint64_t lock = console_lock();

	put_format(&sink, format, arguments);
	console_unlock(lock);
}

void printk(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintk(format, arguments);
	va_end(arguments);
}

size_t format_string(char *buffer, size_t size, const char *format, ...)
{
	struct sink sink = {.put = put_buffer, .buffer = buffer, .size = size};
	va_list arguments;

	va_start(arguments, format);
	put_format(&sink, format, arguments);
	va_end(arguments);
	if (size)
		buffer[sink.length < size ? sink.length : size - 1] = '\0';
	return sink.length;
}
