// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs about cell files. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bh-validate.h"
#include "output.h"
#include "verbs.h"

static gboolean offline, alone, verify, restart_cells, apply_now;
static int confirm_within;
static char *machine_file, *directory, *output, *new_name;
static char **remove_names;

#define NO_ENTRY                                \
	{                                       \
		NULL, 0, 0, 0, NULL, NULL, NULL \
	}

/* ---- findings ---- */

static CliStyle severity_style(const char *severity)
{
	return g_str_equal(severity, "error")	  ? CLI_BAD
	       : g_str_equal(severity, "warning") ? CLI_WARN
						  : CLI_FAINT;
}

static void finding_print(Cli *cli, FILE *to, GVariant *finding)
{
	const char *severity = cli_word(finding, "severity"), *file = cli_word(finding, "file");
	const char *suggestion = cli_word(finding, "suggestion");
	/* Colours are for standard output: it is the terminal that was looked at. */
	g_autofree char *styled =
		cli_styled(cli, to == stdout ? severity_style(severity) : CLI_PLAIN, severity);
	guint64 line = cli_number(finding, "line"), column = cli_number(finding, "column");

	fprintf(to, "%s", file[0] ? file : cli_word(finding, "cell"));
	if (line)
		fprintf(to, ":%u", (guint)line);
	if (line && column)
		fprintf(to, ":%u", (guint)column);
	fprintf(to, ": %s: %s [%s]\n", styled, cli_word(finding, "message"),
		cli_word(finding, "code"));
	if (suggestion[0])
		fprintf(to, "    %s\n", suggestion);
}

static guint findings_count(GVariant *findings, const char *severity)
{
	GVariantIter iter;
	GVariant *finding;
	guint count = 0;

	g_variant_iter_init(&iter, findings);
	while (g_variant_iter_loop(&iter, "@a{sv}", &finding))
		count += g_str_equal(cli_word(finding, "severity"), severity);
	return count;
}

static int findings_write(Cli *cli, FILE *to, GVariant *findings)
{
	GVariantIter iter;
	GVariant *finding;

	g_variant_iter_init(&iter, findings);
	while (g_variant_iter_loop(&iter, "@a{sv}", &finding))
		finding_print(cli, to, finding);
	return findings_count(findings, "error") ? CLI_INVALID : CLI_OK;
}

int cli_findings_tell(Cli *cli, GVariant *findings)
{
	return findings_write(cli, stderr, findings);
}

int cli_findings_print(Cli *cli, GVariant *findings)
{
	guint errors = findings_count(findings, "error");
	guint warnings = findings_count(findings, "warning");

	if (cli->json != CLI_JSON_OFF)
		cli_json_print(cli, g_variant_ref(findings));
	else
		findings_write(cli, stdout, findings);
	if (cli->legend && (errors || warnings))
		cli_say(cli, "%u %s, %u %s.", errors, errors == 1 ? "error" : "errors", warnings,
			warnings == 1 ? "warning" : "warnings");
	return errors ? CLI_INVALID : CLI_OK;
}

/* ---- files ---- */

static gboolean is_file(const char *word)
{
	return strchr(word, '/') || g_str_has_suffix(word, ".cell");
}

char *cli_cell_of_file(const char *path)
{
	char *name = g_path_get_basename(path);

	if (g_str_has_suffix(name, ".cell"))
		name[strlen(name) - strlen(".cell")] = '\0';
	return name;
}

/* D-Bus strings are UTF-8 without NUL: what is not cannot be sent, and could not be a cell file. */
char *cli_read_text(const char *path, GError **error)
{
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, error))
		return NULL;
	if (size && !g_utf8_validate_len(text, size, NULL)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "%s is not text in UTF-8, as a cell file has to be", path);
		g_clear_pointer(&text, g_free);
	} else if (!size) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "%s is empty; to remove a cell use 'bulkhead apply --remove NAME'",
			    path);
		g_clear_pointer(&text, g_free);
	}
	return text;
}

/* The files among @words as a{ss}, floating, and an empty text for each of @removed, which may be NULL. */
static GVariant *read_changes(char **words, char **removed, GError **error)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	for (char **word = words; *word; word++) {
		g_autofree char *name = cli_cell_of_file(*word), *text = NULL;

		if (!is_file(*word))
			continue;
		text = cli_read_text(*word, error);
		if (!text) {
			g_variant_builder_clear(&builder);
			return NULL;
		}
		g_variant_builder_add(&builder, "{ss}", name, text);
	}
	for (; removed && *removed; removed++)
		g_variant_builder_add(&builder, "{ss}", *removed, "");
	return g_variant_builder_end(&builder);
}

GVariant *cli_change(const char *name, const char *text)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&builder, "{ss}", name, text);
	return g_variant_builder_end(&builder);
}

/* ---- validate ---- */

static gboolean cell_is_wanted(GVariant *finding, char **words)
{
	if (!words[0])
		return TRUE;
	for (char **word = words; *word; word++) {
		g_autofree char *name = is_file(*word) ? cli_cell_of_file(*word) : g_strdup(*word);

		if (g_str_equal(name, cli_word(finding, "cell")))
			return TRUE;
	}
	return FALSE;
}

static GVariant *findings_wanted(GVariant *findings, char **words)
{
	GVariantBuilder builder;
	GVariantIter iter;
	GVariant *finding;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	g_variant_iter_init(&iter, findings);
	while (g_variant_iter_loop(&iter, "@a{sv}", &finding))
		if (cell_is_wanted(finding, words))
			g_variant_builder_add_value(&builder, finding);
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/* Takes @changes if floating. */
static GVariant *validate_changes(Cli *cli, GVariant *changes, GError **error)
{
	g_autoptr(GVariant) answer =
		cli_call(cli, CLI_MANAGER, "Manager", "Validate",
			 g_variant_new("(@a{ss}@a{sv})", changes,
				       cli_dict("machine",
						alone ? g_variant_new_boolean(FALSE) : NULL, NULL)),
			 error);

	return answer ? g_variant_get_child_value(answer, 0) : NULL;
}

static GVariant *validate_by_daemon(Cli *cli, char **words, GError **error)
{
	GVariant *changes = read_changes(words, NULL, error);

	return changes ? validate_changes(cli, changes, error) : NULL;
}

/* Without a daemon: for a build machine that plans for another. */
static GVariant *validate_offline(char **words, GError **error)
{
	g_autoptr(BhCellSet) set =
		directory ? bh_cell_set_load(directory, error) : bh_cell_set_new();
	g_autoptr(BhMachine) machine = NULL;
	g_autoptr(GPtrArray) findings = NULL;
	GVariantBuilder builder;

	if (!set)
		return NULL;
	for (char **word = words; *word; word++) {
		g_autoptr(BhCellFile) file = NULL;

		if (!is_file(*word))
			continue;
		file = bh_cell_file_load(*word, error);
		if (!file)
			return NULL;
		bh_cell_set_put(set, file);
	}
	if (machine_file) {
		machine = bh_machine_load(machine_file, error);
		if (!machine)
			return NULL;
		bh_cell_set_for_machine(set, machine);
	}
	findings = bh_validate(set, NULL, machine);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < findings->len; i++)
		g_variant_builder_add_value(&builder,
					    bh_finding_to_variant(g_ptr_array_index(findings, i)));
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

int cli_run_validate(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"alone", 0, 0, G_OPTION_ARG_NONE, &alone, "say nothing about this machine", NULL},
		{"offline", 0, 0, G_OPTION_ARG_NONE, &offline, "without the daemon", NULL},
		{"machine", 0, 0, G_OPTION_ARG_FILENAME, &machine_file,
		 "offline: against a machine saved by 'bulkhead machine --save'", "FILE"},
		{"directory", 0, 0, G_OPTION_ARG_FILENAME, &directory,
		 "offline: together with the cell files there", "DIRECTORY"},
		NO_ENTRY,
	};
	g_autoptr(GVariant) findings = NULL, wanted = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, -1, &status))
		return status;
	if ((machine_file || directory) && !offline)
		return cli_misuse("--machine and --directory go with --offline");
	findings = offline ? validate_offline(argv + 1, &error)
			   : validate_by_daemon(cli, argv + 1, &error);
	if (!findings)
		return cli_fail(cli, error);
	wanted = findings_wanted(findings, argv + 1);
	status = cli_findings_print(cli, wanted);
	if (status == CLI_OK && !g_variant_n_children(wanted))
		cli_say(cli, "Nothing is wrong.");
	return status;
}

/* ---- apply ---- */

static gboolean is_remote(const GError *error, const char *name)
{
	g_autofree char *full = g_dbus_error_get_remote_error(error);

	return full && g_str_has_prefix(full, CLI_ERROR_PREFIX) &&
	       g_str_equal(full + strlen(CLI_ERROR_PREFIX), name);
}

/* Errors of other files are no reason to refuse: the change may be a step to correct them. */
static gboolean change_is_wrong(GVariant *findings, GVariant *changes)
{
	GVariantIter iter;
	GVariant *finding;
	gboolean wrong = FALSE;
	const char *text;

	g_variant_iter_init(&iter, findings);
	while (g_variant_iter_loop(&iter, "@a{sv}", &finding))
		wrong |= g_str_equal(cli_word(finding, "severity"), "error") &&
			 (g_variant_lookup(changes, cli_word(finding, "cell"), "&s", &text) ||
			  g_variant_lookup(changes, cli_word(finding, "owner"), "&s", &text));
	return wrong;
}

int cli_apply(Cli *cli, GVariant *changes, guint64 serial, const char *mode, GVariant *options,
	      GVariant **findings)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(changes);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	answer = cli_call(cli, CLI_MANAGER, "Manager", "Apply",
			  g_variant_new("(@a{ss}ts@a{sv})", held, serial, mode, options), &error);
	*findings = answer				? g_variant_get_child_value(answer, 0)
		    : is_remote(error, "InvalidConfig") ? validate_changes(cli, held, NULL)
							: NULL;
	if (!answer)
		return cli_fail(cli, error);
	/* To be verified is not to be changed, and is never refused. */
	return change_is_wrong(*findings, held) ? CLI_INVALID : CLI_OK;
}

static int apply_and_print(Cli *cli, GVariant *changes, guint64 serial, const char *mode,
			   GVariant *options)
{
	g_autoptr(GVariant) findings = NULL;
	int status = cli_apply(cli, changes, serial, mode, options, &findings);

	if (findings)
		cli_findings_print(cli, findings);
	return status;
}

int cli_run_apply(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"remove", 0, 0, G_OPTION_ARG_STRING_ARRAY, &remove_names, "remove a cell's file",
		 "NAME"},
		{"verify", 'n', 0, G_OPTION_ARG_NONE, &verify, "only look whether it would work",
		 NULL},
		{"confirm-within", 0, 0, G_OPTION_ARG_INT, &confirm_within,
		 "undo it unless 'bulkhead confirm' comes in time", "SECONDS"},
		{"restart", 0, 0, G_OPTION_ARG_NONE, &restart_cells,
		 "make cells that exist anew with their new files", NULL},
		NO_ENTRY,
	};
	g_autoptr(GError) error = NULL;
	GVariant *changes, *options;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, -1, &status))
		return status;
	if (argc < 2 && !remove_names)
		return cli_misuse("apply needs a file, or --remove NAME");
	if (confirm_within < 0 || confirm_within > 86400 || (confirm_within && verify))
		return cli_misuse("--confirm-within is from 1 to 86400 seconds, without --verify");
	for (char **word = argv + 1; *word; word++)
		if (!is_file(*word))
			return cli_misuse("'%s' is not the name of a file: it has to end in .cell",
					  *word);
	changes = read_changes(argv + 1, remove_names, &error);
	if (!changes)
		return cli_fail(cli, error);
	options = cli_dict("timeout", confirm_within ? g_variant_new_uint32(confirm_within) : NULL,
			   "restart", restart_cells ? g_variant_new_boolean(TRUE) : NULL, NULL);
	status = apply_and_print(cli, changes, 0,
				 verify		  ? "verify"
				 : confirm_within ? "until-confirmed"
						  : "persistent",
				 options);
	if (status != CLI_OK)
		return status;
	if (verify)
		cli_say(cli, "It would work; nothing was changed.");
	else if (confirm_within)
		cli_say(cli, "Applied, and undone in %d s unless you 'bulkhead confirm'.",
			confirm_within);
	else
		cli_say(cli, "Applied.");
	return CLI_OK;
}

static guint64 manager_serial(Cli *cli, GError **error)
{
	g_autoptr(GVariant) answer =
		cli_call(cli, CLI_MANAGER, "org.freedesktop.DBus.Properties", "Get",
			 g_variant_new("(ss)", CLI_BUS_NAME ".Manager", "Serial"), error);
	g_autoptr(GVariant) value = NULL;

	if (!answer)
		return 0;
	g_variant_get(answer, "(v)", &value);
	return g_variant_get_uint64(value);
}

int cli_run_confirm(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	guint64 serial;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	serial = manager_serial(cli, &error);
	if (!error)
		answer = cli_call(cli, CLI_MANAGER, "Manager", "Confirm",
				  g_variant_new("(t@a{sv})", serial, cli_no_options()), &error);
	return cli_outcome(cli, answer ? NULL : error, "The change stays.");
}

int cli_run_revert(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	answer = cli_call(cli, CLI_MANAGER, "Manager", "Revert",
			  g_variant_new("(@a{sv})", cli_no_options()), &error);
	return cli_outcome(cli, answer ? NULL : error, "The change is undone.");
}

/* ---- edit ---- */

static const char template[] = "# See bulkhead.cell(5).\n"
			       "[Cell]\n"
			       "#Description=\n"
			       "Cpus=count:1\n"
			       "\n"
			       "[Memory ram]\n"
			       "Size=1M\n"
			       "GuestAddress=0\n"
			       "\n"
			       "[Memory comm]\n"
			       "Type=comm\n"
			       "\n"
			       "[Image program]\n"
			       "File=\n"
			       "Address=0\n";

static gboolean editor_run(const char *path, GError **error)
{
	const char *editor = g_getenv("VISUAL");
	g_auto(GStrv) argv = NULL;
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	int wait_status;

	if (!editor || !editor[0])
		editor = g_getenv("EDITOR");
	if (!editor || !editor[0])
		editor =
			g_file_test("/usr/bin/editor", G_FILE_TEST_IS_EXECUTABLE) ? "editor" : "vi";
	if (!g_shell_parse_argv(editor, NULL, &argv, error))
		return FALSE;
	for (char **word = argv; *word; word++)
		g_ptr_array_add(words, *word);
	g_ptr_array_add(words, (char *)path);
	g_ptr_array_add(words, NULL);
	return g_spawn_sync(NULL, (char **)words->pdata, NULL,
			    G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
			    NULL, &wait_status, error) &&
	       g_spawn_check_wait_status(wait_status, error);
}

static gboolean ask_again(void)
{
	char line[16];

	if (!isatty(STDIN_FILENO))
		return FALSE;
	fputs("Edit it again? [Y/n] ", stderr);
	return fgets(line, sizeof(line), stdin) && g_ascii_tolower(line[0]) != 'n';
}

/* The file on disk, until it is applied or given up; then its text is never lost. */
static int edit_loop(Cli *cli, const char *name, const char *path, const char *former,
		     guint64 serial, gboolean *keep)
{
	int status;

	for (;;) {
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;

		if (!editor_run(path, &error))
			return cli_fail(cli, error);
		text = cli_read_text(path, &error);
		if (text && g_str_equal(text, former)) {
			if (cli->json != CLI_JSON_OFF)
				cli_json_print(cli, g_variant_new("aa{sv}", NULL));
			cli_say(cli, "Nothing was changed.");
			return CLI_OK;
		}
		*keep = TRUE;
		status = text ? apply_and_print(cli, cli_change(name, text), serial, "persistent",
						cli_no_options())
			      : cli_fail(cli, error);
		if (status == CLI_OK) {
			*keep = FALSE;
			cli_say(cli, "Applied.");
			return CLI_OK;
		}
		if (!ask_again())
			return status;
	}
}

int cli_run_edit(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *object = NULL, *text = NULL, *folder = NULL, *path = NULL, *file = NULL;
	gboolean keep = FALSE;
	guint64 serial = 0;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 1, 1, &status))
		return status;
	object = cli_cell_path(cli, argv[1], &error);
	if (object)
		answer = cli_call(cli, object, "Cell", "ReadFile",
				  g_variant_new("(@a{sv})", cli_no_options()), &error);
	if (!answer && !is_remote(error, "NotFound"))
		return cli_fail(cli, error);
	if (answer)
		g_variant_get(answer, "(st)", &text, &serial);
	g_clear_error(&error);
	folder = g_dir_make_tmp("bulkhead-XXXXXX", &error);
	if (!folder)
		return cli_fail(cli, error);
	/* The name is the daemon's to judge; here it must only be no way out of the folder. */
	file = g_strconcat(argv[1], ".cell", NULL);
	g_strdelimit(file, "/", '_');
	path = g_build_filename(folder, file, NULL);
	if (!text)
		text = g_strdup(template);
	if (!g_file_set_contents(path, text, -1, &error))
		return cli_fail(cli, error);
	status = edit_loop(cli, argv[1], path, text, serial, &keep);
	if (keep) {
		fprintf(stderr, "bulkhead: your text is kept in %s\n", path);
		return status;
	}
	g_unlink(path);
	g_rmdir(folder);
	return status;
}

/* ---- import, export ---- */

/* What came out, and what is thought of it, as one object. */
static void import_print(Cli *cli, const char *name, const char *text, GVariant *findings)
{
	g_autofree char *file = output ? g_canonicalize_filename(output, NULL) : g_strdup("");

	cli_json_print(cli, cli_dict("name", g_variant_new_string(name), "file",
				     g_variant_new_string(file), "text", g_variant_new_string(text),
				     "findings",
				     findings ? findings : g_variant_new("aa{sv}", NULL), NULL));
}

int cli_run_import(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"apply", 0, 0, G_OPTION_ARG_NONE, &apply_now, "install it as a cell file", NULL},
		{"name", 0, 0, G_OPTION_ARG_STRING, &new_name, "the name of the cell to install",
		 "NAME"},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write it there", "FILE"},
		NO_ENTRY,
	};
	g_autoptr(GVariant) answer = NULL, findings = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *data = NULL, *name = NULL;
	char *words[2] = {NULL, NULL};
	const char *text;
	gsize size;
	int status = CLI_OK;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, 1, &status))
		return status;
	if (!g_file_get_contents(argv[1], &data, &size, &error))
		return cli_fail(cli, error);
	answer = cli_call(
		cli, CLI_MANAGER, "Manager", "Import",
		g_variant_new("(@ay@a{sv})",
			      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, size, 1),
			      cli_no_options()),
		&error);
	if (!answer)
		return cli_fail(cli, error);
	g_variant_get(answer, "(&s)", &text);
	name = new_name ? g_strdup(new_name) : cli_cell_of_file(argv[1]);
	words[0] = name;
	if (output && !g_file_set_contents(output, text, -1, &error))
		return cli_fail(cli, error);
	if (apply_now)
		status = cli_apply(cli, cli_change(name, text), 0, "persistent", cli_no_options(),
				   &findings);
	else if (cli->json != CLI_JSON_OFF)
		findings = validate_changes(cli, cli_change(name, text), &error);
	if (error)
		return cli_fail(cli, error);
	if (cli->json != CLI_JSON_OFF) {
		import_print(cli, name, text, findings ? findings_wanted(findings, words) : NULL);
		return status;
	}
	if (findings)
		cli_findings_print(cli, findings);
	if (apply_now && status == CLI_OK)
		cli_say(cli, "Cell %s is there: 'bulkhead edit %s' to go on.", name, name);
	else if (output && status == CLI_OK)
		cli_say(cli, "The cell file is %s: look through it, then 'bulkhead apply' it.",
			output);
	else if (status == CLI_OK)
		fputs(text, stdout);
	return status;
}

static const CliColumn export_columns[] = {
	{"name", NULL, FALSE, FALSE},
	{"file", NULL, FALSE, FALSE},
	{"text", NULL, FALSE, FALSE},
	{NULL, NULL, FALSE, FALSE},
};

static int export_cell(Cli *cli, CliTable *table, const CliCell *cell)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = cli_call(cli, cell->path, "Cell", "ReadFile",
					      g_variant_new("(@a{sv})", cli_no_options()), &error);
	g_autofree char *file = NULL, *path = NULL;
	const char *text;

	if (!answer)
		return cli_fail(cli, error);
	g_variant_get(answer, "(&st)", &text, NULL);
	if (output) {
		file = g_strconcat(cell->name, ".cell", NULL);
		path = g_build_filename(output, file, NULL);
		if (!g_file_set_contents(path, text, -1, &error))
			return cli_fail(cli, error);
		cli_say(cli, "%s", path);
	}
	if (cli->json != CLI_JSON_OFF) {
		cli_table_row(table);
		cli_table_add_word(table, cell->name, CLI_PLAIN);
		cli_table_add_word(table, path ? path : cli_word(cell->properties, "File"),
				   CLI_PLAIN);
		cli_table_add_word(table, text, CLI_PLAIN);
	} else if (!output) {
		fputs(text, stdout);
	}
	return CLI_OK;
}

int cli_run_export(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write a file each there",
		 "DIRECTORY"},
		NO_ENTRY,
	};
	g_autoptr(CliTable) table = cli_table_new(export_columns);
	g_autoptr(GVariant) objects = NULL;
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GError) error = NULL;
	guint found = 0;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, -1, &status))
		return status;
	if (output && g_mkdir_with_parents(output, 0777))
		return cli_misuse("the directory %s cannot be made: %s", output, g_strerror(errno));
	objects = cli_objects(cli, &error);
	if (!objects)
		return cli_fail(cli, error);
	cells = cli_cells(objects);
	status = CLI_OK;
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);
		gboolean named = g_strv_contains((const char *const *)argv + 1, cell->name);

		found += named;
		if (named || (argc == 1 && cli_word(cell->properties, "File")[0]))
			status = cli_worse(status, export_cell(cli, table, cell));
	}
	if (cli->json != CLI_JSON_OFF)
		cli_table_print(table, cli);
	if (found == (guint)argc - 1)
		return status;
	fprintf(stderr, "bulkhead: some of these cells do not exist: see 'bulkhead list'\n");
	return CLI_NOT_FOUND;
}
