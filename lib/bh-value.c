// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-value.h"

#define DAY_MS (24u * 60 * 60 * 1000)

/* The digits at the start of @text; *rest: behind them. */
static gboolean digits(const char *text, guint64 *number, const char **rest)
{
	gboolean hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	guint64 base = hexadecimal ? 16 : 10, value = 0;
	const char *c = text + (hexadecimal ? 2 : 0);
	const char *first = c;

	for (; hexadecimal ? g_ascii_isxdigit(*c) : g_ascii_isdigit(*c); c++)
		if (!g_uint64_checked_mul(&value, value, base) ||
		    !g_uint64_checked_add(&value, value, (guint64)g_ascii_xdigit_value(*c)))
			return FALSE;
	*number = value;
	*rest = c;
	return c > first;
}

gboolean bh_value_number(const char *text, guint64 *number)
{
	const char *rest;
	guint64 value;

	if (!digits(text, &value, &rest) || *rest)
		return FALSE;
	*number = value;
	return TRUE;
}

gboolean bh_value_size(const char *text, guint64 *size)
{
	static const char suffixes[] = "KMGT";
	const char *rest, *suffix;
	guint64 value;

	if (!digits(text, &value, &rest))
		return FALSE;
	suffix = *rest ? strchr(suffixes, *rest) : NULL;
	if (suffix) {
		if (!g_uint64_checked_mul(&value, value, 1ULL << (10 * (suffix - suffixes + 1))))
			return FALSE;
		rest++;
		if (!strcmp(rest, "iB") || !strcmp(rest, "B"))
			rest = "";
	}
	if (*rest)
		return FALSE;
	*size = value;
	return TRUE;
}

gboolean bh_value_milliseconds(const char *text, guint *milliseconds)
{
	static const struct {
		const char *word;
		guint64 ms;
	} units[] = {{"ms", 1}, {"min", 60000}, {"s", 1000}, {"h", 3600000}, {"", 1000}};
	guint64 sum = 0;

	if (!*text)
		return FALSE;
	while (*text) {
		guint64 value;
		gsize letters, unit = 0;

		if (!digits(text, &value, &text) || value > DAY_MS)
			return FALSE;
		for (letters = 0; g_ascii_isalpha(text[letters]); letters++)
			;
		while (unit < G_N_ELEMENTS(units) && (strlen(units[unit].word) != letters ||
						      strncmp(text, units[unit].word, letters)))
			unit++;
		if (unit == G_N_ELEMENTS(units))
			return FALSE;
		sum += value * units[unit].ms;
		if (sum > DAY_MS)
			return FALSE;
		text += letters;
		text += strspn(text, " \t");
	}
	*milliseconds = sum;
	return TRUE;
}

gboolean bh_value_boolean(const char *text, gboolean *value)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off",
					    "on", "0",	 "1",	  NULL};
	int word = bh_value_word(text, words);

	if (word < 0)
		return FALSE;
	*value = word % 2;
	return TRUE;
}

/* A field of hexadecimal digits up to @end. */
static gboolean hex_field(const char **text, char end, guint most, guint *value)
{
	const char *c = *text;
	guint sum = 0;

	for (; g_ascii_isxdigit(*c) && sum <= most; c++)
		sum = sum * 16 + g_ascii_xdigit_value(*c);
	if (c == *text || *c != end || sum > most)
		return FALSE;
	*value = sum;
	*text = end ? c + 1 : c;
	return TRUE;
}

gboolean bh_value_pci(const char *text, guint *segment, guint *bdf)
{
	const char *colon = strchr(text, ':');
	guint number = 0, bus, device, function;

	if (colon && strchr(colon + 1, ':') && !hex_field(&text, ':', 0xffff, &number))
		return FALSE;
	if (!hex_field(&text, ':', 0xff, &bus) || !hex_field(&text, '.', 0x1f, &device) ||
	    !hex_field(&text, '\0', 7, &function))
		return FALSE;
	*segment = number;
	*bdf = bus << 8 | device << 3 | function;
	return TRUE;
}

int bh_value_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return i;
	return -1;
}

gboolean bh_value_next(const char *text, gsize *at, gsize *start, gsize *length)
{
	static const char separators[] = ", \t";

	*start = *at + strspn(text + *at, separators);
	*length = strcspn(text + *start, separators);
	*at = *start + *length;
	return *length > 0;
}

gboolean bh_value_range(const char *word, gsize length, guint64 most, guint64 *first, guint64 *last)
{
	g_autofree char *copy = g_strndup(word, length);
	char *dash = strchr(copy, '-');
	guint64 from, to;

	if (dash)
		*dash = '\0';
	if (!bh_value_number(copy, &from) || !bh_value_number(dash ? dash + 1 : copy, &to) ||
	    from > to || to > most)
		return FALSE;
	*first = from;
	*last = to;
	return TRUE;
}

char *bh_value_format_size(guint64 size)
{
	static const char suffixes[] = "KMGT";
	int suffix = -1;

	while (size && size % 1024 == 0 && suffix < 3) {
		size /= 1024;
		suffix++;
	}
	if (suffix < 0)
		return g_strdup_printf(
			size < 10 ? "%" G_GINT64_MODIFIER "u" : "0x%" G_GINT64_MODIFIER "x", size);
	return g_strdup_printf("%" G_GUINT64_FORMAT "%c", size, suffixes[suffix]);
}

char *bh_value_format_ranges(const guint64 *numbers, gsize count)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && numbers[next] == numbers[next - 1] + 1;)
			next++;
		g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i ? "," : "", numbers[i]);
		if (next > i + 1)
			g_string_append_printf(text, "%c%" G_GUINT64_FORMAT,
					       next > i + 2 ? '-' : ',', numbers[next - 1]);
	}
	return g_string_free(text, FALSE);
}

/* Letters to add, drop or change to come from one word to the other; case does not count. */
static guint distance(const char *one, const char *other)
{
	gsize width = strlen(other) + 1;
	g_autofree guint *row = g_new(guint, width);

	for (gsize j = 0; j < width; j++)
		row[j] = j;
	for (gsize i = 0; one[i]; i++) {
		guint diagonal = row[0];

		row[0] = i + 1;
		for (gsize j = 1; j < width; j++) {
			gboolean same = g_ascii_tolower(one[i]) == g_ascii_tolower(other[j - 1]);
			guint best = MIN(row[j], row[j - 1]) + 1;

			best = MIN(best, diagonal + !same);
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[width - 1];
}

const char *bh_value_nearest(const char *text, const char *const *words)
{
	const char *nearest = NULL;
	guint least = G_MAXUINT;

	/* Nobody's typing error; and the table of distances stays small. */
	if (strlen(text) > 64)
		return NULL;
	for (; *words; words++) {
		guint d = distance(text, *words);

		if (d <= 1 + strlen(*words) / 4 && d < strlen(text) && d < least) {
			least = d;
			nearest = *words;
		}
	}
	return nearest;
}
