// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A systemd generator: what cell files say about order, mounts, restarts and times becomes drop-ins of their units. It runs
 * before there is anything but files, and writes only where systemd tells it to.
 */

#include <errno.h>
#include <stdlib.h>
#include "bh-cell-set.h"

/* How much longer systemd waits than the cell has; the rest is the daemon's and the core's. */
#define STOP_MARGIN_SEC 30

/* Of a value: no specifiers, no end of line. */
static char *escape(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(NULL);

	for (; *text; text++) {
		if (*text == '%')
			g_string_append_c(escaped, '%');
		g_string_append_c(escaped, g_ascii_iscntrl(*text) ? ' ' : *text);
	}
	return g_string_free(g_steal_pointer(&escaped), FALSE);
}

/* A path among several: quoted, so that blanks do not end it. */
static char *quote(const char *path)
{
	g_autofree char *escaped = escape(path);
	g_autoptr(GString) quoted = g_string_new("\"");

	for (const char *c = escaped; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *c);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

static void append_units(GString *text, const char *key, char **cells)
{
	for (; cells && *cells; cells++)
		if (bh_cell_name_is_valid(*cells))
			g_string_append_printf(text, "%s=bulkhead-cell@%s.service\n", key, *cells);
}

/* @path: NULL: none. */
static void append_mount(GString *text, const char *path)
{
	g_autofree char *quoted = path ? quote(path) : NULL;

	if (quoted)
		g_string_append_printf(text, "RequiresMountsFor=%s\n", quoted);
}

static char *describe(const BhCell *cell)
{
	static const char *const restarts[] = {
		[BH_RESTART_NO] = "no",
		[BH_RESTART_ON_FAILURE] = "on-failure",
		[BH_RESTART_ALWAYS] = "always",
	};
	g_autoptr(GString) text =
		g_string_new("# Made by bulkhead-generator of the cell file.\n[Unit]\n");
	g_autofree char *description = escape(cell->description);
	g_autofree char *source = escape(cell->path);

	g_string_append_printf(text, "SourcePath=%s\n", source);
	g_string_append_printf(text, "Description=Cell %s: %s\n", cell->name, description);
	append_units(text, "After", cell->after);
	append_units(text, "Wants", cell->wants);
	for (guint i = 0; i < cell->images->len; i++)
		append_mount(text, ((const BhCellImage *)cell->images->pdata[i])->path);
	append_mount(text, cell->linux_kernel);
	append_mount(text, cell->linux_initrd);
	g_string_append(text, "[Service]\n");
	g_string_append_printf(text, "Restart=%s\n", restarts[cell->restart]);
	g_string_append_printf(text, "RestartSec=%ums\n", cell->restart_ms);
	g_string_append_printf(text, "TimeoutStopSec=%u\n",
			       (cell->shutdown_timeout_ms + 999) / 1000 * 2 + STOP_MARGIN_SEC);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean write_drop_in(const char *directory, const BhCell *cell)
{
	g_autofree char *unit = g_strdup_printf("bulkhead-cell@%s.service.d", cell->name);
	g_autofree char *folder = g_build_filename(directory, unit, NULL);
	g_autofree char *path = g_build_filename(folder, "50-cell-file.conf", NULL);
	g_autofree char *text = describe(cell);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(folder, 0755)) {
		g_printerr("bulkhead-generator: %s: %s\n", folder, g_strerror(errno));
		return FALSE;
	}
	if (!g_file_set_contents(path, text, -1, &error)) {
		g_printerr("bulkhead-generator: %s\n", error->message);
		return FALSE;
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	/* For tests; systemd gives it nothing of the kind. */
	const char *cells = g_getenv("BULKHEAD_CELLS_DIRECTORY");
	g_autoptr(BhCellSet) set = NULL;
	g_autoptr(GError) error = NULL;
	int status = EXIT_SUCCESS;

	if (argc < 2) {
		g_printerr("bulkhead-generator: see systemd.generator(7): give the directory to "
			   "write to\n");
		return 2;
	}
	set = bh_cell_set_load(cells, &error);
	if (!set) {
		g_printerr("bulkhead-generator: %s\n", error->message);
		return EXIT_FAILURE;
	}
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];

		if (bh_cell_name_is_valid(cell->name) && !write_drop_in(argv[1], cell))
			status = EXIT_FAILURE;
	}
	return status;
}
