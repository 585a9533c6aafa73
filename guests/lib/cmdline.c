/* SPDX-License-Identifier: MIT */
#include <guest/cmdline.h>
#include <guest/string.h>
#include "library.h"

/* The character behind the word's name: '=', a blank or the end; NULL: no such word. */
static const char *find(const char *name)
{
	size_t length = strlen(name);
	const char *p = cmdline;

	while (*p) {
		while (*p == ' ')
			p++;
		if (!memcmp(p, name, length) &&
		    (!p[length] || p[length] == ' ' || p[length] == '='))
			return p + length;
		while (*p && *p != ' ')
			p++;
	}
	return NULL;
}

bool cmdline_string(const char *name, char *buffer, size_t size)
{
	const char *p = find(name);
	size_t n = 0;

	if (!p || *p != '=')
		return false;
	for (p++; *p && *p != ' '; p++) {
		if (n + 1 >= size)
			return false;
		buffer[n++] = *p;
	}
	buffer[n] = '\0';
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

int64_t cmdline_number(const char *name, int64_t absent)
{
	char text[32], *p = text;
	bool negative = false;
	uint64_t value = 0;
	int base = 10;

	if (!cmdline_string(name, text, sizeof(text)))
		return absent;
	if (*p == '-') {
		negative = true;
		p++;
	}
	if (p[0] == '0' && (p[1] | 0x20) == 'x') {
		base = 16;
		p += 2;
	}
	if (!*p)
		return absent;
	for (; *p; p++) {
		if (digit(*p) >= base)
			return absent;
		value = value * (uint64_t)base + (uint64_t)digit(*p);
	}
	return (int64_t)(negative ? -value : value);
}

bool cmdline_flag(const char *name, bool absent)
{
	const char *p = find(name);
	char text[8];

	if (!p)
		return absent;
	if (*p != '=')
		return true;
	if (!cmdline_string(name, text, sizeof(text)))
		return absent;
	if (!strcmp(text, "true") || !strcmp(text, "1"))
		return true;
	if (!strcmp(text, "false") || !strcmp(text, "0"))
		return false;
	return absent;
}
