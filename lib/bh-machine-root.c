// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading below a root directory. */
#include <errno.h>
#include <gio/gio.h>
#include <limits.h>
#include <stdlib.h>
#include "bh-machine-private.h"

/* No file that is read here has more: what does is no file of sysfs. */
#define FILE_MAX (16 * 1024 * 1024)
/* Nor is there a list of CPUs with more. */
#define LIST_MAX 65536

static char *root_path(const char *root, const char *format, va_list arguments)
{
	g_autofree char *path = g_strdup_vprintf(format, arguments);

	return g_strconcat(root, path, NULL);
}

char *bh_root_path(const char *root, const char *format, ...)
{
	va_list arguments;
	char *path;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	return path;
}

static GBytes *read_bytes(const char *path)
{
	g_autofree char *contents = NULL;
	gsize length;

	if (!g_file_get_contents(path, &contents, &length, NULL) || length > FILE_MAX)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&contents), length);
}

GBytes *bh_root_read_bytes(const char *root, const char *format, ...)
{
	g_autofree char *path = NULL;
	va_list arguments;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	return read_bytes(path);
}

/* Whatever the file holds, words must be fit for D-Bus and JSON. */
static char *read_text(const char *path)
{
	g_autofree char *contents = NULL;
	gsize length;

	if (!g_file_get_contents(path, &contents, &length, NULL) || length > FILE_MAX)
		return NULL;
	return g_strstrip(g_utf8_make_valid(contents, -1));
}

char *bh_root_read(const char *root, const char *format, ...)
{
	g_autofree char *path = NULL;
	va_list arguments;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	return read_text(path);
}

guint64 bh_root_number(const char *root, guint64 missing, const char *format, ...)
{
	g_autofree char *path = NULL, *text = NULL;
	va_list arguments;
	guint64 value;
	char *end;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	text = read_text(path);
	if (!text || !g_ascii_isdigit(*text))
		return missing;
	errno = 0;
	value = g_ascii_strtoull(text, &end, 0);
	return errno || *end ? missing : value;
}

gboolean bh_root_exists(const char *root, const char *format, ...)
{
	g_autofree char *path = NULL;
	va_list arguments;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

char *bh_root_link_name(const char *root, const char *format, ...)
{
	g_autofree char *path = NULL, *target = NULL;
	va_list arguments;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	target = g_file_read_link(path, NULL);
	return target ? g_path_get_basename(target) : NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return bh_compare_natural(*(char *const *)a, *(char *const *)b);
}

char **bh_root_list(const char *root, const char *format, ...)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *path = NULL;
	g_autoptr(GDir) dir = NULL;
	va_list arguments;
	const char *name;

	va_start(arguments, format);
	path = root_path(root, format, arguments);
	va_end(arguments);
	dir = g_dir_open(path, 0, NULL);
	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}

void bh_parse_list(const char *text, GArray *numbers)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	for (char **part = parts; *part; part++) {
		const char *first_text = g_strstrip(*part);
		guint64 first, last;
		char *end;

		if (!g_ascii_isdigit(*first_text))
			continue;
		first = last = g_ascii_strtoull(first_text, &end, 10);
		if (*end == '-' && g_ascii_isdigit(end[1]))
			last = g_ascii_strtoull(end + 1, &end, 10);
		if (*end || last >= LIST_MAX)
			continue;
		for (guint number = first; number <= last; number++)
			g_array_append_val(numbers, number);
	}
}
