/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few functions of <string.h> the core uses and compilers may call. */
#ifndef HV_STRING_H
#define HV_STRING_H

#include <hv/core/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int strcmp(const char *a, const char *b);
size_t strnlen(const char *s, size_t max);

#endif
