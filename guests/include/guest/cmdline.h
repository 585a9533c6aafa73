/* SPDX-License-Identifier: MIT */
/*
 * The command line: words "name" or "name=value", separated by blanks. Numbers are decimal, 0x
 * hexadecimal, or negative. The first word with the name counts; a malformed value is as if absent.
 */
#ifndef GUEST_CMDLINE_H
#define GUEST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool cmdline_string(const char *name, char *buffer, size_t size); /* false: absent or too long */
int64_t cmdline_number(const char *name, int64_t absent);
bool cmdline_flag(const char *name, bool absent); /* true, 1, false, 0; the bare name is true */

#endif
