/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/string.h>

/* Freestanding only: the hosted core uses the C library's. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* Used: the compiler calls these two of its own accord, after link-time optimisation has looked for callers. */
__used void *memcpy(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	for (; n >= 8; n -= 8, t += 8, f += 8)
		__builtin_memcpy(t, f, 8);
	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

__used void *memset(void *to, int value, size_t n)
{
	u8 *t = to;
	u64 word = (u8)value * 0x0101010101010101ull;

	for (; n >= 64; n -= 64, t += 64) /* pages, nearly always */
#pragma GCC unroll 8
		for (int i = 0; i < 64; i += 8)
			__builtin_memcpy(t + i, &word, 8);
	for (; n >= 8; n -= 8, t += 8)
		__builtin_memcpy(t, &word, 8);
	while (n--)
		*t++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}
