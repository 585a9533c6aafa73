/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How values of cell files are written: numbers, sizes, times, lists. Internal to the library. */
#ifndef BH_VALUE_H
#define BH_VALUE_H

#include <glib.h>

G_BEGIN_DECLS

/* All of these: FALSE, and nothing stored, when @text is not, in full, what they read. */

/* Decimal, or hexadecimal with 0x. */
gboolean bh_value_number(const char *text, guint64 *number);
/* The same with a suffix K, M, G or T (as powers of 1024), which may be followed by "iB" or "B". */
gboolean bh_value_size(const char *text, guint64 *size);
/* "2", "500ms", "1min 30s": without unit, seconds. At most a day. */
gboolean bh_value_milliseconds(const char *text, guint *milliseconds);
/* yes, no, true, false, on, off, 1, 0. */
gboolean bh_value_boolean(const char *text, gboolean *value);
/* [SEGMENT:]BUS:DEVICE.FUNCTION, hexadecimal. */
gboolean bh_value_pci(const char *text, guint *segment, guint *bdf);
/* The index of @text in @words, which ends with NULL; -1. */
int bh_value_word(const char *text, const char *const *words);

/*
 * Lists: words separated by commas, blanks or both. Stores where the next word from @at on begins and its
 * length, and moves @at behind it; FALSE at the end.
 */
gboolean bh_value_next(const char *text, gsize *at, gsize *start, gsize *length);
/* One word of a list of numbers: "5", "4-7", "0x3f8-0x3ff"; first <= last <= most. */
gboolean bh_value_range(const char *word, gsize length, guint64 most, guint64 *first,
			guint64 *last);

/* "64M", "0x1234": the shortest that is exact. */
char *bh_value_format_size(guint64 size);
/* "2-3,5" of sorted or unsorted numbers, in their order. */
char *bh_value_format_ranges(const guint64 *numbers, gsize count);

/* The word of @words most like @text, if any is like it at all; else NULL. */
const char *bh_value_nearest(const char *text, const char *const *words);

G_END_DECLS

#endif
