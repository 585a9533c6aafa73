// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine, and who has which part of it. */
#include <stdio.h>
#include <string.h>
#include "output.h"
#include "verbs.h"

static char *save_path;

static const CliColumn cpu_columns[] = {
	{"id", "CPU", TRUE, FALSE},	    {"package", "PACKAGE", TRUE, FALSE},
	{"core", "CORE", TRUE, FALSE},	    {"node", "NODE", TRUE, FALSE},
	{"online", "ONLINE", FALSE, FALSE}, {"owner", "OWNER", FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static const CliColumn memory_columns[] = {
	{"start", "START", TRUE, FALSE},
	{"size", "SIZE", TRUE, FALSE},
	{"online", "LINUX HAS IT", FALSE, FALSE},
	{"removable", "CAN BE TAKEN", FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static const CliColumn device_columns[] = {
	{"address", "DEVICE", FALSE, FALSE}, {"owner", "OWNER", FALSE, FALSE},
	{"driver", "DRIVER", FALSE, FALSE},  {"group", "GROUP", FALSE, FALSE},
	{"name", "WHAT", FALSE, TRUE},	     {"used-for", "LINUX USES IT FOR", FALSE, TRUE},
	{NULL, NULL, FALSE, FALSE},
};

static const CliColumn part_columns[] = {
	{"part", "PART", FALSE, FALSE},	     {"type", "TYPE", FALSE, FALSE},
	{"address", "ADDRESS", TRUE, FALSE}, {"note", "", FALSE, TRUE},
	{NULL, NULL, FALSE, FALSE},
};

static void add_number(CliTable *table, guint64 number)
{
	cli_table_add(table, g_variant_new_uint64(number), NULL, CLI_PLAIN);
}

static void add_address(CliTable *table, guint64 address)
{
	cli_table_add(table, g_variant_new_uint64(address),
		      g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address), CLI_PLAIN);
}

/* The cell that has this CPU or device, among those that exist in the core; else the root. */
static const char *owner_of(GPtrArray *cells, const char *property, GVariant *wanted)
{
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);
		g_autoptr(GVariant) list = g_variant_lookup_value(cell->properties, property, NULL);

		if (!cli_number(cell->properties, "Id") || !list)
			continue;
		for (gsize n = 0; n < g_variant_n_children(list); n++) {
			g_autoptr(GVariant) item = g_variant_get_child_value(list, n);

			if (g_variant_is_of_type(wanted, g_variant_get_type(item)) &&
			    g_variant_equal(item, wanted))
				return cell->name;
		}
	}
	return "root";
}

static GVariant *part(GVariant *machine, const char *key)
{
	GVariant *list = g_variant_lookup_value(machine, key, G_VARIANT_TYPE("aa{sv}"));

	return list ? list : g_variant_ref_sink(g_variant_new("aa{sv}", NULL));
}

static CliStyle owner_style(const char *owner)
{
	return g_str_equal(owner, "root") ? CLI_FAINT : CLI_BOLD;
}

static void print_cpus(Cli *cli, GVariant *machine, GPtrArray *cells)
{
	g_autoptr(CliTable) table = cli_table_new(cpu_columns);
	g_autoptr(GVariant) list = part(machine, "cpus");
	GVariantIter iter;
	GVariant *cpu;

	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "@a{sv}", &cpu)) {
		g_autoptr(GVariant) id =
			g_variant_ref_sink(g_variant_new_uint32(cli_number(cpu, "id")));
		const char *owner = owner_of(cells, "Cpus", id);

		cli_table_row(table);
		add_number(table, cli_number(cpu, "id"));
		add_number(table, cli_number(cpu, "package"));
		add_number(table, cli_number(cpu, "core"));
		add_number(table, cli_number(cpu, "node"));
		cli_table_add(table, g_variant_new_boolean(cli_flag(cpu, "online")), NULL,
			      CLI_PLAIN);
		cli_table_add_word(table, owner, owner_style(owner));
	}
	cli_table_print(table, cli);
}

/* Blocks that follow each other and are alike are one line. */
static void print_memory(Cli *cli, GVariant *machine)
{
	g_autoptr(CliTable) table = cli_table_new(memory_columns);
	g_autoptr(GVariant) list = part(machine, "blocks");
	gsize count = g_variant_n_children(list);

	for (gsize i = 0, next; i < count; i = next) {
		g_autoptr(GVariant) first = g_variant_get_child_value(list, i);
		guint64 start = cli_number(first, "start"), size = cli_number(first, "size");
		gboolean online = cli_flag(first, "online"), can = cli_flag(first, "removable");

		for (next = i + 1; next < count; next++) {
			g_autoptr(GVariant) block = g_variant_get_child_value(list, next);

			if (cli_number(block, "start") != start + size ||
			    cli_flag(block, "online") != online ||
			    cli_flag(block, "removable") != can)
				break;
			size += cli_number(block, "size");
		}
		cli_table_row(table);
		add_address(table, start);
		cli_table_add(table, g_variant_new_uint64(size), cli_size(size), CLI_PLAIN);
		cli_table_add(table, g_variant_new_boolean(online), NULL, CLI_PLAIN);
		cli_table_add(table, g_variant_new_boolean(can), g_strdup(can ? "probably" : "no"),
			      CLI_PLAIN);
	}
	cli_table_print(table, cli);
}

static void print_devices(Cli *cli, GVariant *machine, GPtrArray *cells)
{
	g_autoptr(CliTable) table = cli_table_new(device_columns);
	g_autoptr(GVariant) list = part(machine, "devices");
	GVariantIter iter;
	GVariant *device;

	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "@a{sv}", &device)) {
		g_autoptr(GVariant) uses =
			g_variant_lookup_value(device, "used-for", G_VARIANT_TYPE("as"));
		g_autoptr(GVariant) address =
			g_variant_ref_sink(g_variant_new_string(cli_word(device, "address")));
		const char *owner = owner_of(cells, "Devices", address);
		const char *name = cli_word(device, "name");
		g_autofree const char **words = uses ? g_variant_get_strv(uses, NULL) : NULL;

		cli_table_row(table);
		cli_table_add_word(table, cli_word(device, "address"), CLI_PLAIN);
		cli_table_add_word(table, owner, owner_style(owner));
		cli_table_add_word(table, cli_word(device, "driver"), CLI_PLAIN);
		cli_table_add_word(table, cli_word(device, "iommu-group"), CLI_PLAIN);
		cli_table_add(table, g_variant_new_string(name),
			      name[0] ? g_strdup(name)
				      : g_strdup_printf("%04x:%04x class %06x",
							(guint)cli_number(device, "vendor"),
							(guint)cli_number(device, "device"),
							(guint)cli_number(device, "class")),
			      CLI_PLAIN);
		cli_table_add(table, uses ? g_variant_ref(uses) : g_variant_new("as", NULL),
			      words ? g_strjoinv(", ", (char **)words) : g_strdup(""), CLI_WARN);
	}
	cli_table_print(table, cli);
}

static void add_parts(CliTable *table, GVariant *machine, const char *key, const char *word,
		      const char *address_key)
{
	g_autoptr(GVariant) list = part(machine, key);
	GVariantIter iter;
	GVariant *item;

	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "@a{sv}", &item)) {
		guint64 pins = cli_number(item, "pins");

		cli_table_row(table);
		cli_table_add_word(table, word, CLI_PLAIN);
		cli_table_add_word(table, cli_word(item, "type"), CLI_PLAIN);
		add_address(table, cli_number(item, address_key));
		cli_table_add(
			table, g_variant_new_string(cli_word(item, "name")),
			pins ? g_strdup_printf("%u pins, the first is interrupt %u", (guint)pins,
					       (guint)cli_number(item, "gsi-base"))
			: cli_flag(item, "console")
				? g_strdup_printf("%s, Linux's console", cli_word(item, "name"))
			: cli_flag(item, "active") ? g_strdup("Linux uses it")
						   : g_strdup(cli_word(item, "name")),
			CLI_PLAIN);
	}
}

/* What a cell file can name by Node=, and what has interrupts alone, such as the timers. */
static void add_nodes(CliTable *table, GVariant *machine)
{
	g_autoptr(GVariant) list = part(machine, "nodes");
	GVariantIter iter;
	GVariant *node;

	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "@a{sv}", &node)) {
		g_autoptr(GVariant) interrupts =
			g_variant_lookup_value(node, "interrupts", G_VARIANT_TYPE("au"));
		g_autofree const char **types = NULL;
		g_autoptr(GString) note = g_string_new(cli_word(node, "path"));
		gsize count = interrupts ? g_variant_n_children(interrupts) : 0;

		if (!cli_number(node, "size") && !count)
			continue;
		if (!g_variant_lookup(node, "compatible", "^a&s", &types))
			continue;
		for (gsize i = 0; i < count; i++) {
			guint32 number;

			g_variant_get_child(interrupts, i, "u", &number);
			g_string_append_printf(note, i ? ", %u" : ": interrupts %u", number);
		}
		cli_table_row(table);
		cli_table_add_word(table, "node", CLI_PLAIN);
		cli_table_add_word(table, types[0] ? types[0] : "", CLI_PLAIN);
		if (cli_number(node, "size"))
			add_address(table, cli_number(node, "start"));
		else
			cli_table_add_word(table, "", CLI_PLAIN);
		cli_table_add_word(table, note->str, CLI_PLAIN);
	}
}

static void print_parts(Cli *cli, GVariant *machine)
{
	g_autoptr(CliTable) table = cli_table_new(part_columns);

	add_parts(table, machine, "intcs", "interrupt controller", "address");
	add_parts(table, machine, "iommus", "IOMMU", "address");
	add_parts(table, machine, "uarts", "serial port", "start");
	add_nodes(table, machine);
	cli_table_print(table, cli);
}

static void print_head(Cli *cli, GVariant *machine)
{
	g_autofree char *memory = cli_size(cli_number(machine, "memory-size"));
	const char *virtualization = cli_word(machine, "virtualization");

	cli_say(cli, "%s%s%s, %s, %s of memory, Linux %s", cli_word(machine, "name"),
		cli_word(machine, "cpu-model")[0] ? ", " : "", cli_word(machine, "cpu-model"),
		cli_word(machine, "architecture"), memory, cli_word(machine, "kernel"));
	cli_say(cli, "Virtualization: %s%s%s\n", virtualization[0] ? virtualization : "none",
		cli_flag(machine, "guest") ? "; this Linux is itself a guest" : "",
		cli_flag(machine, "simulated") ? "; simulated: nothing here is real" : "");
}

static int save(Cli *cli)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = cli_call(cli, CLI_MACHINE, "Machine", "Save",
					      g_variant_new("(@a{sv})", cli_no_options()), &error);
	const char *json;

	if (!answer)
		return cli_fail(cli, error);
	g_variant_get(answer, "(&s)", &json);
	if (g_str_equal(save_path, "-"))
		fputs(json, stdout);
	else if (!g_file_set_contents(save_path, json, -1, &error))
		return cli_fail(cli, error);
	else
		return cli_outcome(cli, NULL, "The machine is described in %s.", save_path);
	return CLI_OK;
}

int cli_run_machine(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"save", 's', 0, G_OPTION_ARG_FILENAME, &save_path,
		 "write a description for planning elsewhere; -: standard output", "FILE"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GVariant) answer = NULL, machine = NULL, objects = NULL;
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, 0, &status))
		return status;
	if (save_path)
		return save(cli);
	answer = cli_call(cli, CLI_MACHINE, "Machine", "Describe",
			  g_variant_new("(@a{sv})", cli_no_options()), &error);
	objects = answer ? cli_objects(cli, &error) : NULL;
	if (!objects)
		return cli_fail(cli, error);
	machine = g_variant_get_child_value(answer, 0);
	if (cli->json != CLI_JSON_OFF) {
		cli_json_print(cli, g_variant_ref(machine));
		return CLI_OK;
	}
	cells = cli_cells(objects);
	cli_pager_open(cli);
	print_head(cli, machine);
	print_cpus(cli, machine, cells);
	putchar('\n');
	print_memory(cli, machine);
	putchar('\n');
	print_devices(cli, machine, cells);
	putchar('\n');
	print_parts(cli, machine);
	return CLI_OK;
}
