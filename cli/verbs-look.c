// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs that only look. */
#include <stdio.h>
#include <string.h>
#include "output.h"
#include "verbs.h"

static gboolean is_running(const char *state)
{
	return g_str_has_prefix(state, "running");
}

/* ---- list ---- */

static const CliColumn list_columns[] = {
	{"name", "CELL", FALSE, FALSE},
	{"state", "STATE", FALSE, FALSE},
	{"cpus", "CPUS", FALSE, FALSE},
	{"memory", "MEMORY", TRUE, FALSE},
	{"health", "HEALTH", FALSE, FALSE},
	{"autostart", "AUTOSTART", FALSE, FALSE},
	{"description", "DESCRIPTION", FALSE, TRUE},
	{"id", NULL, FALSE, FALSE},
	{"busy", NULL, FALSE, FALSE},
	{"errors", NULL, FALSE, FALSE},
	{"warnings", NULL, FALSE, FALSE},
	{"pending", NULL, FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static void list_row(CliTable *table, const CliCell *cell)
{
	GVariant *p = cell->properties;
	const char *state = cli_word(p, "State"), *busy = cli_word(p, "Busy");
	g_autoptr(GVariant) cpus = g_variant_lookup_value(p, "Cpus", G_VARIANT_TYPE("au"));
	guint64 memory = cli_cell_memory(p);

	cli_table_row(table);
	cli_table_add_word(table, cell->name, CLI_PLAIN);
	cli_table_add(
		table, g_variant_new_string(state),
		g_strdup_printf("%s%s%s%s", state, busy[0] ? " (" : "", busy, busy[0] ? ")" : ""),
		cli_state_style(state));
	cli_table_add(table, cpus ? g_variant_ref(cpus) : g_variant_new("au", NULL), cli_cpus(cpus),
		      CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(memory), cli_size(memory), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Health"), cli_health_style(cli_word(p, "Health")));
	cli_table_add_word(table, cli_word(p, "Autostart"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Description"), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Id")), NULL, CLI_PLAIN);
	cli_table_add_word(table, busy, CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Errors")), NULL, CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Warnings")), NULL, CLI_PLAIN);
	cli_table_add(table, g_variant_new_boolean(cli_flag(p, "Pending")), NULL, CLI_PLAIN);
}

void cli_say_if_simulated(Cli *cli, GVariant *objects)
{
	g_autoptr(GVariant) manager = cli_properties(objects, CLI_MANAGER, "Manager");

	if (manager && cli_flag(manager, "Simulated") && cli->legend)
		cli_say(cli, "This is a simulated machine: nothing real happens.\n");
}

int cli_run_list(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(CliTable) table = cli_table_new(list_columns);
	g_autoptr(GVariant) objects = NULL;
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GError) error = NULL;
	guint running = 0;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	cells = cli_cells(objects);
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);

		list_row(table, cell);
		running += is_running(cli_word(cell->properties, "State"));
	}
	cli_pager_open(cli);
	cli_say_if_simulated(cli, objects);
	cli_table_print(table, cli);
	if (cli->legend && !cells->len)
		cli_say(cli, "There are no cells: write a file, bulkhead.cell(5), and 'bulkhead "
			     "apply' it.");
	else if (cli->legend)
		cli_say(cli, "\n%u %s, %u running.", cells->len, cells->len == 1 ? "cell" : "cells",
			running);
	return CLI_OK;
}

/* ---- show ---- */

static const CliColumn show_columns[] = {
	{"name", "Cell", FALSE, FALSE},
	{"description", "Description", FALSE, FALSE},
	{"file", "File", FALSE, FALSE},
	{"state", "State", FALSE, FALSE},
	{"reason", "Reason", FALSE, FALSE},
	{"last-error", "Last error", FALSE, FALSE},
	{"busy", "Now", FALSE, FALSE},
	{"health", "Health", FALSE, FALSE},
	{"id", "Id", FALSE, FALSE},
	{"cpus", "CPUs", FALSE, FALSE},
	{"memory", "Memory", FALSE, FALSE},
	{"devices", "Devices", FALSE, FALSE},
	{"unit", "Unit", FALSE, FALSE},
	{"autostart", "Autostart", FALSE, FALSE},
	{"stop-timeout", "Stop timeout", FALSE, FALSE},
	{"exits", "Exits", FALSE, FALSE},
	{"violations", "Violations", FALSE, FALSE},
	{"last-violation", "Last one", FALSE, FALSE},
	{"errors", "Errors", FALSE, FALSE},
	{"warnings", "Warnings", FALSE, FALSE},
	{"pending", "Pending", FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static char *memory_text(GVariant *properties)
{
	g_autoptr(GVariant) memory =
		g_variant_lookup_value(properties, "Memory", G_VARIANT_TYPE("a(sttts)"));
	GString *text = g_string_new(NULL);
	guint64 physical, guest, size;
	const char *name, *flags;
	GVariantIter iter;

	if (!memory)
		return g_string_free(text, FALSE);
	g_variant_iter_init(&iter, memory);
	while (g_variant_iter_next(&iter, "(&sttt&s)", &name, &physical, &guest, &size, &flags)) {
		g_autofree char *amount = cli_size(size);
		g_autofree char *place =
			strchr(flags, 'c') ? g_strdup("kept by the core")
			: physical == G_MAXUINT64
				? g_strdup("not placed yet")
				: g_strdup_printf("physical 0x%" G_GINT64_MODIFIER "x", physical);

		g_string_append_printf(text, "%s%s: %s at 0x%" G_GINT64_MODIFIER "x, %s, %s",
				       text->len ? "\n" : "", name, amount, guest, place, flags);
	}
	return g_string_free(text, FALSE);
}

static GVariant *lookup_or(GVariant *dict, const char *key, const char *type)
{
	GVariant *value = g_variant_lookup_value(dict, key, G_VARIANT_TYPE(type));

	return value ? value
		     : g_variant_ref_sink(g_variant_new_array(
			       g_variant_type_element(G_VARIANT_TYPE(type)), NULL, 0));
}

static char *number_or_nothing(guint64 number)
{
	return number ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : g_strdup("");
}

static char *health_text(GVariant *p)
{
	const char *health = cli_word(p, "Health");
	guint64 last = cli_number(p, "LastHeartbeat"), limit = cli_number(p, "HeartbeatTimeout");
	g_autofree char *limit_text = NULL;

	if (!limit)
		return g_strdup(health);
	limit_text = cli_age(limit);
	return g_strdup_printf("%s (a beat is expected within %s%s)", health, limit_text,
			       last ? "" : ", none came yet");
}

static CliTable *show_table(const CliCell *cell)
{
	CliTable *table = cli_table_new(show_columns);
	GVariant *p = cell->properties;
	const char *state = cli_word(p, "State");
	g_autoptr(GVariant) cpus = lookup_or(p, "Cpus", "au");
	g_autoptr(GVariant) memory = lookup_or(p, "Memory", "a(sttts)");
	g_autoptr(GVariant) devices = lookup_or(p, "Devices", "as");
	g_autoptr(GVariant) violation = lookup_or(p, "LastViolation", "a{sv}");
	const char *reason = cli_word(p, "StateReason");
	guint64 seconds = cli_number(p, "StopTimeout");

	cli_table_row(table);
	cli_table_add_word(table, cell->name, CLI_BOLD);
	cli_table_add_word(table, cli_word(p, "Description"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "File"), CLI_PLAIN);
	cli_table_add_word(table, state, cli_state_style(state));
	cli_table_add(table, g_variant_new_string(reason),
		      g_strdup(g_str_equal(reason, "none") ? "" : reason), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "LastError"), CLI_BAD);
	cli_table_add_word(table, cli_word(p, "Busy"), CLI_WARN);
	cli_table_add(table, g_variant_new_string(cli_word(p, "Health")), health_text(p),
		      cli_health_style(cli_word(p, "Health")));
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Id")),
		      number_or_nothing(cli_number(p, "Id")), CLI_PLAIN);
	cli_table_add(table, g_variant_ref(cpus), cli_cpus(cpus), CLI_PLAIN);
	cli_table_add(table, g_variant_ref(memory), memory_text(p), CLI_PLAIN);
	cli_table_add(table, g_variant_ref(devices), NULL, CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Unit"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Autostart"), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(seconds),
		      seconds ? g_strdup_printf("%u s", (guint)seconds) : g_strdup(""), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(cli_number(p, "Exits")),
		      number_or_nothing(cli_number(p, "Exits")), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(cli_number(p, "Violations")),
		      number_or_nothing(cli_number(p, "Violations")), CLI_WARN);
	cli_table_add(table, g_variant_ref(violation), g_strdup(cli_word(violation, "message")),
		      CLI_WARN);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Errors")),
		      number_or_nothing(cli_number(p, "Errors")), CLI_BAD);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Warnings")),
		      number_or_nothing(cli_number(p, "Warnings")), CLI_WARN);
	cli_table_add(table, g_variant_new_boolean(cli_flag(p, "Pending")),
		      g_strdup(cli_flag(p, "Pending")
				       ? "the file has changed since: the next restart takes it"
				       : ""),
		      CLI_WARN);
	return table;
}

static const CliCell *find_cell(GPtrArray *cells, const char *name)
{
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);

		if (g_str_equal(cell->name, name))
			return cell;
	}
	fprintf(stderr, "bulkhead: there is no cell '%s': 'bulkhead list' shows what there is\n",
		name);
	return NULL;
}

/* The worst of the cells named decides: none of that name, not running, fine. */
static int show_cells(Cli *cli, char **names)
{
	g_autoptr(GVariant) objects = NULL;
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GError) error = NULL;
	int status = CLI_OK;

	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	cells = cli_cells(objects);
	cli_pager_open(cli);
	cli_say_if_simulated(cli, objects);
	for (char **name = names; *name; name++) {
		const CliCell *cell = find_cell(cells, *name);
		g_autoptr(CliTable) table = cell ? show_table(cell) : NULL;

		if (!cell) {
			status = CLI_NOT_FOUND;
			continue;
		}
		if (name != names && cli->json == CLI_JSON_OFF)
			putchar('\n');
		cli_record_print(table, cli);
		if (!is_running(cli_word(cell->properties, "State")))
			status = cli_worse(status, CLI_NOT_RUNNING);
	}
	return status;
}

int cli_run_show(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 1, -1, &status))
		return status;
	status = show_cells(cli, argv + 1);
	return status == CLI_NOT_RUNNING ? CLI_OK : status;
}

/* ---- status ---- */

static const CliColumn status_columns[] = {
	{"state", "State", FALSE, FALSE},
	{"simulated", "Simulated", FALSE, FALSE},
	{"backend", "Machine", FALSE, FALSE},
	{"version", "Version", FALSE, FALSE},
	{"cells", "Cells", FALSE, FALSE},
	{"health", "Health", FALSE, FALSE},
	{"cpus", "CPUs", FALSE, FALSE},
	{"memory", "Memory", FALSE, FALSE},
	{"cell-memory", "For cells", FALSE, FALSE},
	{"core-memory", "Of the core", FALSE, FALSE},
	{"serial", "Serial", FALSE, FALSE},
	{"unconfirmed", "Unconfirmed", FALSE, FALSE},
	{"unconfirmed-until", NULL, FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static char *cells_text(GPtrArray *cells)
{
	guint running = 0, failed = 0;

	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);
		const char *state = cli_word(cell->properties, "State");

		running += is_running(state);
		failed += g_str_has_prefix(state, "failed");
	}
	return failed ? g_strdup_printf("%u, %u running, %u failed", cells->len, running, failed)
		      : g_strdup_printf("%u, %u running", cells->len, running);
}

static char *unconfirmed_text(GVariant *cells, guint64 until)
{
	g_autofree const char **names = g_variant_get_strv(cells, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)names);
	gint64 left = (gint64)until - g_get_real_time();

	if (!names[0])
		return g_strdup("");
	return g_strdup_printf("%s: undone in %d s unless you 'bulkhead confirm'", list,
			       (int)MAX(0, left / G_USEC_PER_SEC));
}

static CliTable *status_table(GVariant *objects)
{
	CliTable *table = cli_table_new(status_columns);
	g_autoptr(GVariant) manager = cli_properties(objects, CLI_MANAGER, "Manager");
	g_autoptr(GVariant) machine = cli_properties(objects, CLI_MACHINE, "Machine");
	g_autoptr(GVariant) health = cli_properties(objects, CLI_HEALTH, "Health");
	g_autoptr(GPtrArray) cells = cli_cells(objects);
	g_autoptr(GVariant) unconfirmed = NULL, cpus = NULL;
	g_autofree char *used = NULL, *total = NULL;
	gboolean simulated;
	guint64 bytes;

	if (!manager || !machine || !health) {
		cli_table_free(table);
		return NULL;
	}
	unconfirmed = lookup_or(manager, "Unconfirmed", "as");
	cpus = lookup_or(machine, "Cpus", "au");
	simulated = cli_flag(manager, "Simulated");
	cli_table_row(table);
	cli_table_add_word(table, cli_word(manager, "State"),
			   cli_state_style(cli_word(manager, "State")));
	cli_table_add(table, g_variant_new_boolean(simulated),
		      g_strdup(simulated ? "nothing real happens" : ""), CLI_WARN);
	cli_table_add_word(table, cli_word(manager, "Backend"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(manager, "Version"), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(cells->len), cells_text(cells), CLI_PLAIN);
	cli_table_add_word(table, cli_word(health, "Status"),
			   cli_health_style(cli_word(health, "Status")));
	cli_table_add(table, g_variant_ref(cpus), cli_cpus(cpus), CLI_PLAIN);
	bytes = cli_number(machine, "Memory");
	cli_table_add(table, g_variant_new_uint64(bytes), cli_size(bytes), CLI_PLAIN);
	bytes = cli_number(health, "CellMemory");
	cli_table_add(table, g_variant_new_uint64(bytes), bytes ? cli_size(bytes) : g_strdup(""),
		      CLI_PLAIN);
	bytes = cli_number(health, "CoreMemory");
	used = cli_size(cli_number(health, "CoreMemoryUsed"));
	total = cli_size(bytes);
	cli_table_add(table, g_variant_new_uint64(bytes),
		      bytes ? g_strdup_printf("%s, %s in use", total, used) : g_strdup(""),
		      CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(cli_number(manager, "Serial")), NULL, CLI_PLAIN);
	cli_table_add(table, g_variant_ref(unconfirmed),
		      unconfirmed_text(unconfirmed, cli_number(manager, "UnconfirmedUntil")),
		      CLI_WARN);
	cli_table_add(table, g_variant_new_uint64(cli_number(manager, "UnconfirmedUntil")), NULL,
		      CLI_PLAIN);
	return table;
}

int cli_run_status(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) objects = NULL, manager = NULL;
	g_autoptr(CliTable) table = NULL;
	g_autoptr(GError) error = NULL;
	const char *state;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, -1, &status))
		return status;
	if (argc > 1)
		return show_cells(cli, argv + 1);
	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	table = status_table(objects);
	if (!table)
		return cli_misuse("the service " CLI_BUS_NAME
				  " lacks objects: it is of another version");
	cli_record_print(table, cli);
	manager = cli_properties(objects, CLI_MANAGER, "Manager");
	state = cli_word(manager, "State");
	if (g_str_equal(state, "enabled"))
		return CLI_OK;
	if (cli->legend && g_str_equal(state, "absent"))
		cli_say(cli, "\nThe module is not loaded: 'modprobe bulkhead' loads it.");
	else if (cli->legend && g_str_equal(state, "disabled"))
		cli_say(cli, "\n'bulkhead enable' puts the hypervisor under this Linux.");
	return CLI_NOT_RUNNING;
}

/* ---- check, health, links ---- */

static const CliColumn check_columns[] = {
	{"name", "CHECK", FALSE, FALSE},
	{"result", "RESULT", FALSE, FALSE},
	{"message", "WHY", FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

int cli_run_check(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(CliTable) table = cli_table_new(check_columns);
	g_autoptr(GVariant) answer = NULL, objects = NULL;
	g_autoptr(GVariantIter) iter = NULL;
	g_autoptr(GError) error = NULL;
	gboolean missing = FALSE;
	GVariant *item;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	answer = cli_call(cli, CLI_MANAGER, "Manager", "CheckMachine",
			  g_variant_new("(@a{sv})", cli_no_options()), &error);
	objects = answer ? cli_objects(cli, &error) : NULL;
	if (!objects)
		return cli_fail(cli, error);
	cli_say_if_simulated(cli, objects);
	cli_table_wrap(table);
	g_variant_get(answer, "(aa{sv})", &iter);
	while (g_variant_iter_loop(iter, "@a{sv}", &item)) {
		const char *result = cli_word(item, "result");

		cli_table_row(table);
		cli_table_add_word(table, cli_word(item, "name"), CLI_PLAIN);
		cli_table_add_word(table, result,
				   g_str_equal(result, "good")	    ? CLI_GOOD
				   : g_str_equal(result, "missing") ? CLI_BAD
								    : CLI_WARN);
		cli_table_add_word(table, cli_word(item, "message"), CLI_PLAIN);
		missing |= g_str_equal(result, "missing");
	}
	cli_table_print(table, cli);
	if (cli->legend)
		cli_say(cli, missing ? "\nThis machine cannot run cells as it is."
				     : "\nThis machine can run cells.");
	return missing ? CLI_FAILED : CLI_OK;
}

static const CliColumn isolation_columns[] = {
	{"level", "ISOLATION", FALSE, FALSE},
	{"name", "OF", FALSE, FALSE},
	{"message", "WHY", FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static void print_isolation(Cli *cli, GVariant *health)
{
	g_autoptr(CliTable) table = cli_table_new(isolation_columns);
	g_autoptr(GVariant) facts = lookup_or(health, "Isolation", "aa{sv}");
	GVariantIter iter;
	GVariant *fact;

	cli_table_wrap(table);
	g_variant_iter_init(&iter, facts);
	while (g_variant_iter_loop(&iter, "@a{sv}", &fact)) {
		const char *level = cli_word(fact, "level");

		cli_table_row(table);
		cli_table_add_word(table, level,
				   g_str_equal(level, "isolated") ? CLI_GOOD
				   : g_str_equal(level, "open")	  ? CLI_BAD
								  : CLI_WARN);
		cli_table_add_word(table, cli_word(fact, "name"), CLI_PLAIN);
		cli_table_add_word(table, cli_word(fact, "message"), CLI_PLAIN);
	}
	cli_table_print(table, cli);
}

int cli_run_health(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) objects = NULL, health = NULL;
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GError) error = NULL;
	const char *word;
	g_autofree char *styled = NULL;
	guint64 lost;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	health = cli_properties(objects, CLI_HEALTH, "Health");
	if (!health)
		return cli_misuse("the service " CLI_BUS_NAME
				  " has no health: it is of another version");
	word = cli_word(health, "Status");
	status = g_str_equal(word, "good") || g_str_equal(word, "off") ? CLI_OK : CLI_FAILED;
	if (cli->json != CLI_JSON_OFF) {
		cli_json_print(cli, g_variant_ref(health));
		return status;
	}
	cli_say_if_simulated(cli, objects);
	styled = cli_styled(cli, cli_health_style(word), word);
	cli_say(cli, "Health: %s", styled);
	cells = cli_cells(objects);
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);
		const char *state = cli_word(cell->properties, "State");

		if (g_str_has_prefix(state, "failed"))
			cli_say(cli, "Cell %s has failed: 'bulkhead show %s' says why.", cell->name,
				cell->name);
		else if (g_str_equal(cli_word(cell->properties, "Health"), "late"))
			cli_say(cli, "The heartbeat of cell %s is late.", cell->name);
	}
	lost = cli_number(health, "EventsLost");
	if (lost)
		cli_say(cli,
			"%" G_GUINT64_FORMAT
			" events were lost: they came faster than they were fetched.",
			lost);
	if (cli_number(health, "CoreFaults"))
		cli_say(cli,
			"The core has reported %u faults of its own: 'bulkhead log' and 'bulkhead "
			"events'.",
			(guint)cli_number(health, "CoreFaults"));
	cli_say(cli, "%s", "");
	print_isolation(cli, health);
	return status;
}

static const CliColumn link_columns[] = {
	{"name", "LINK", FALSE, FALSE},		{"state", "STATE", FALSE, FALSE},
	{"peers", "PEERS", FALSE, TRUE},	{"size", "SIZE", TRUE, FALSE},
	{"protocol", "PROTOCOL", FALSE, FALSE}, {"health", "HEALTH", FALSE, FALSE},
	{"file", NULL, FALSE, FALSE},		{"number", NULL, FALSE, FALSE},
	{"present", NULL, FALSE, FALSE},	{NULL, NULL, FALSE, FALSE},
};

static void link_row(CliTable *table, GVariant *p)
{
	guint64 size = cli_number(p, "Size");

	cli_table_row(table);
	cli_table_add_word(table, cli_word(p, "Name"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "State"), CLI_PLAIN);
	cli_table_add(table, lookup_or(p, "Peers", "as"), NULL, CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(size), cli_size(size), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Protocol"), CLI_PLAIN);
	cli_table_add_word(table, cli_word(p, "Health"), cli_health_style(cli_word(p, "Health")));
	cli_table_add_word(table, cli_word(p, "File"), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint32(cli_number(p, "Number")), NULL, CLI_PLAIN);
	cli_table_add(table, lookup_or(p, "Present", "as"), NULL, CLI_PLAIN);
}

static const CliColumn peer_columns[] = {
	{"link", "LINK", FALSE, FALSE},
	{"number", "NUMBER", TRUE, FALSE},
	{"peer", "PEER", FALSE, TRUE},
	{"present", "THERE", FALSE, FALSE},
	{"state", "STATE", TRUE, FALSE},
	{"rung", "RUNG", TRUE, FALSE},
	{"received", "RECEIVED", TRUE, FALSE},
	{"age", "LAST ACTIVE", TRUE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

/* Of a link that does not exist in the core there are no counters. */
static void peer_rows(Cli *cli, CliTable *table, const char *path, GVariant *p)
{
	g_autoptr(GVariant) answer = cli_call(cli, path, "Link", "GetStats",
					      g_variant_new("(@a{sv})", cli_no_options()), NULL);
	g_autoptr(GVariant) stats = answer ? g_variant_get_child_value(answer, 0)
					   : g_variant_ref_sink(cli_no_options());
	g_autoptr(GVariant) peers = lookup_or(stats, "peers", "aa{sv}");
	g_autoptr(GVariant) list = lookup_or(p, "Peers", "as");
	g_autofree const char **names = g_variant_get_strv(list, NULL);

	for (gsize i = 0; names[i]; i++) {
		g_autoptr(GVariant) peer = i < g_variant_n_children(peers)
						   ? g_variant_get_child_value(peers, i)
						   : g_variant_ref_sink(cli_no_options());
		gboolean present = cli_flag(peer, "present");
		guint64 age = cli_number(peer, "age");

		cli_table_row(table);
		cli_table_add_word(table, cli_word(p, "Name"), CLI_PLAIN);
		cli_table_add(table, g_variant_new_uint32(i), NULL, CLI_PLAIN);
		cli_table_add_word(table, names[i], CLI_PLAIN);
		cli_table_add(table, g_variant_new_boolean(present),
			      g_strdup(present ? "yes" : "no"), CLI_PLAIN);
		cli_table_add(table, g_variant_new_uint32(cli_number(peer, "state")), NULL,
			      CLI_PLAIN);
		cli_table_add(table, g_variant_new_uint64(cli_number(peer, "rung")), NULL,
			      CLI_PLAIN);
		cli_table_add(table, g_variant_new_uint64(cli_number(peer, "received")), NULL,
			      CLI_PLAIN);
		cli_table_add(table, g_variant_new_uint64(age), age ? cli_age(age) : g_strdup("-"),
			      CLI_PLAIN);
	}
}

/* All links in a line each; those that are named with their peers. */
int cli_run_links(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(CliTable) table = NULL;
	g_autoptr(GVariant) objects = NULL;
	g_autoptr(GError) error = NULL;
	int status, found = 0;
	GVariantIter iter;
	const char *path;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, -1, &status))
		return status;
	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	table = cli_table_new(argc > 1 ? peer_columns : link_columns);
	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, NULL)) {
		g_autoptr(GVariant) p = cli_properties(objects, path, "Link");

		if (!p)
			continue;
		if (argc == 1) {
			link_row(table, p);
		} else if (g_strv_contains((const char *const *)argv + 1, cli_word(p, "Name"))) {
			peer_rows(cli, table, path, p);
			found++;
		}
	}
	cli_say_if_simulated(cli, objects);
	cli_table_print(table, cli);
	if (argc == 1 && cli->legend && !cli_table_count(table))
		cli_say(cli, "There are no links: [Link NAME] in a cell file makes one, "
			     "bulkhead.cell(5).");
	if (found == argc - 1)
		return CLI_OK;
	fprintf(stderr, "bulkhead: not all of these links exist: 'bulkhead links' shows what there "
			"is\n");
	return CLI_NOT_FOUND;
}
