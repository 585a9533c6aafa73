// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers as people read and write them. */
#include <string.h>
#include "cli.h"

char *cli_size(guint64 bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	guint unit = 0;
	double size = bytes;

	while (size >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
		size /= 1024;
		unit++;
	}
	if (size == (guint64)size)
		return g_strdup_printf("%" G_GUINT64_FORMAT " %s", (guint64)size, units[unit]);
	return g_strdup_printf("%.1f %s", size, units[unit]);
}

static int guint_compare(gconstpointer a, gconstpointer b)
{
	const guint32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

char *cli_cpus(GVariant *numbers)
{
	GString *text = g_string_new(NULL);
	const guint32 *given;
	g_autofree guint32 *list = NULL;
	gsize count;

	if (!numbers || !g_variant_is_of_type(numbers, G_VARIANT_TYPE("au")))
		return g_string_free(text, FALSE);
	given = g_variant_get_fixed_array(numbers, &count, sizeof(*given));
	list = g_memdup2(given, count * sizeof(*given));
	if (count)
		qsort(list, count, sizeof(*list), guint_compare);
	for (gsize i = 0, j; i < count; i = j + 1) {
		for (j = i; j + 1 < count && list[j + 1] == list[j] + 1; j++)
			;
		g_string_append_printf(text, "%s%u", text->len ? "," : "", list[i]);
		if (j > i)
			g_string_append_printf(text, "-%u", list[j]);
	}
	return g_string_free(text, FALSE);
}

char *cli_age(guint64 microseconds)
{
	guint64 seconds = microseconds / G_USEC_PER_SEC;

	if (microseconds < 1000000)
		return g_strdup_printf("%" G_GUINT64_FORMAT " ms", microseconds / 1000);
	if (seconds < 60)
		return g_strdup_printf("%.1f s", microseconds / 1e6);
	if (seconds < 3600)
		return g_strdup_printf("%" G_GUINT64_FORMAT " min", seconds / 60);
	if (seconds < 2 * 86400)
		return g_strdup_printf("%" G_GUINT64_FORMAT " h", seconds / 3600);
	return g_strdup_printf("%" G_GUINT64_FORMAT " days", seconds / 86400);
}

char *cli_time(guint64 realtime)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(realtime / G_USEC_PER_SEC);
	g_autofree char *seconds = time ? g_date_time_format(time, "%F %T") : g_strdup("?");

	return g_strdup_printf("%s.%03u", seconds, (guint)(realtime / 1000 % 1000));
}

guint64 cli_cell_memory(GVariant *properties)
{
	g_autoptr(GVariant) memory =
		g_variant_lookup_value(properties, "Memory", G_VARIANT_TYPE("a(sttts)"));
	guint64 size, total = 0;
	const char *flags;
	GVariantIter iter;

	if (!memory)
		return 0;
	g_variant_iter_init(&iter, memory);
	while (g_variant_iter_next(&iter, "(&sttt&s)", NULL, NULL, NULL, &size, &flags))
		total += strpbrk(flags, "ics") ? 0 : size;
	return total;
}

gboolean cli_parse_size(const char *text, guint64 *value)
{
	static const char units[] = "KMGT";
	char *end;
	const char *unit;
	guint shift = 0;

	if (!g_ascii_isdigit(text[0]))
		return FALSE;
	errno = 0;
	*value = g_ascii_strtoull(text, &end, 0);
	if (errno)
		return FALSE;
	unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		end++;
	}
	if (*end || *value > G_MAXUINT64 >> shift)
		return FALSE;
	*value <<= shift;
	return TRUE;
}
