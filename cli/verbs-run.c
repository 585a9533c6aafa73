// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All steps at once, and all of them back: for trying a payload. What was there before is there
 * afterwards: a hypervisor that was enabled stays, and so does a file that was installed.
 */
#include <stdio.h>
#include "output.h"
#include "verbs.h"

static gboolean keep;
static int stop_seconds = 5;

typedef struct {
	Cli *cli;
	char *name;
	char *text;
	gboolean enabled_here, installed_here;
} Trial;

/* What is done is told beside the cell's own output. */
static void tell(Trial *t, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void tell(Trial *t, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list list;

	if (t->cli->quiet)
		return;
	va_start(list, format);
	text = g_strdup_vprintf(format, list);
	va_end(list);
	fprintf(stderr, "bulkhead: %s\n", text);
}

static int simple_call(Trial *t, const char *path, const char *interface, const char *method,
		       GVariant *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = cli_call(t->cli, path, interface, method,
					      g_variant_new("(@a{sv})", options), &error);

	return answer ? CLI_OK : cli_fail(t->cli, error);
}

/* Writes the cell's file, or removes it. Standard output is the cell's. */
static int change(Trial *t, const char *text)
{
	g_autoptr(GVariant) findings = NULL;
	int status = cli_apply(t->cli, cli_change(t->name, text), 0, "persistent", cli_no_options(),
			       &findings);

	if (findings && text[0])
		cli_findings_tell(t->cli, findings);
	return status;
}

/* A cell of that name is left alone, unless it is this very file and does not run. */
static int install(Trial *t, GVariant *objects)
{
	g_autoptr(GPtrArray) cells = cli_cells(objects);
	int status;

	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);
		g_autoptr(GVariant) answer = NULL;
		const char *text = NULL;

		if (!g_str_equal(cell->name, t->name))
			continue;
		answer = cli_call(t->cli, cell->path, "Cell", "ReadFile",
				  g_variant_new("(@a{sv})", cli_no_options()), NULL);
		if (answer)
			g_variant_get(answer, "(&st)", &text, NULL);
		if (g_strcmp0(text, t->text))
			return cli_misuse(
				"there is a cell '%s' already, and its file is another one: "
				"give this file another name",
				t->name);
		if (cli_number(cell->properties, "Id"))
			return cli_misuse(
				"the cell '%s' exists already: 'bulkhead destroy %s' first",
				t->name, t->name);
		return CLI_OK;
	}
	status = change(t, t->text);
	t->installed_here = status == CLI_OK;
	return status;
}

/* *path is the cell's, as soon as there is one. */
static int try(Trial *t, char **path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) objects = cli_objects(t->cli, &error);
	g_autoptr(GVariant) manager = NULL;
	int status;

	if (!objects)
		return cli_fail(t->cli, error);
	manager = cli_properties(objects, CLI_MANAGER, "Manager");
	if (manager && cli_flag(manager, "Simulated"))
		tell(t, "this is a simulated machine: nothing real happens");
	status = install(t, objects);
	if (status != CLI_OK)
		return status;
	if (manager && !g_str_equal(cli_word(manager, "State"), "enabled")) {
		tell(t, "enabling");
		status = simple_call(t, CLI_MANAGER, "Manager", "Enable", cli_no_options());
		if (status != CLI_OK)
			return status;
		t->enabled_here = TRUE;
	}
	*path = cli_cell_path(t->cli, t->name, &error);
	if (!*path)
		return cli_fail(t->cli, error);
	tell(t, "starting cell %s", t->name);
	return cli_start_followed(t->cli, t->name);
}

/* Starting may have failed before there was anything to destroy. */
static gboolean cell_exists(Trial *t, const char *path)
{
	g_autoptr(GVariant) objects = cli_objects(t->cli, NULL);
	g_autoptr(GVariant) cell = objects ? cli_properties(objects, path, "Cell") : NULL;

	return cell && cli_number(cell, "Id");
}

static int clean_up(Trial *t, const char *path)
{
	int status = CLI_OK;

	if (path && cell_exists(t, path)) {
		tell(t, "destroying cell %s", t->name);
		status = simple_call(t, path, "Cell", "Destroy",
				     cli_dict("force", g_variant_new_boolean(TRUE), NULL));
	}
	if (t->installed_here)
		status = cli_worse(status, change(t, ""));
	if (t->enabled_here) {
		tell(t, "disabling");
		status = cli_worse(status, simple_call(t, CLI_MANAGER, "Manager", "Disable",
						       cli_no_options()));
	}
	return status;
}

int cli_run_run(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"keep", 'k', 0, G_OPTION_ARG_NONE, &keep, "leave the cell and its file there",
		 NULL},
		{"timeout", 0, 0, G_OPTION_ARG_INT, &stop_seconds,
		 "after Ctrl-C: how long the cell is asked to end", "SECONDS"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	Trial t = {.cli = cli};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, 1, &status))
		return status;
	if (stop_seconds < 0)
		return cli_misuse("--timeout is a number of seconds");
	t.text = cli_read_text(argv[1], &error);
	if (!t.text)
		return cli_fail(cli, error);
	t.name = cli_cell_of_file(argv[1]);
	status = try(&t, &path);
	if (status == CLI_INTERRUPTED) {
		tell(&t, "stopping cell %s", t.name);
		simple_call(&t, path, "Cell", "Stop",
			    cli_dict("timeout", g_variant_new_uint32(stop_seconds), NULL));
	}
	if (!keep)
		status = cli_worse(status, clean_up(&t, path));
	g_free(t.name);
	g_free(t.text);
	return status;
}
