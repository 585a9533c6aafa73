// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs that change what runs. */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "output.h"
#include "verbs.h"

static gboolean force, wait_for_end;
static int timeout = -1;
static char *memory_text, *reserved_text;

/* ---- enable, disable ---- */

static gboolean enable_options(GVariant **options, int *status)
{
	GVariant *memory = NULL, *reserved = NULL;
	guint64 size, start;

	if (memory_text) {
		if (!cli_parse_size(memory_text, &size) || !size)
			return *status = cli_misuse("--memory=%s is not a size such as 256M",
						    memory_text),
			       FALSE;
		memory = g_variant_new_uint64(size);
	}
	if (reserved_text) {
		g_auto(GStrv) parts = g_strsplit(reserved_text, "@", 2);

		if (g_strv_length(parts) != 2 || !cli_parse_size(parts[0], &size) || !size ||
		    !cli_parse_size(parts[1], &start))
			return *status = cli_misuse("--reserved=%s is not SIZE@ADDRESS, such as "
						    "256M@0x80000000",
						    reserved_text),
			       FALSE;
		reserved = g_variant_new("(tt)", start, size);
	}
	*options = cli_dict("memory", memory, "reserved", reserved, NULL);
	return TRUE;
}

/* A method of the manager without a result. */
static int manager_do(Cli *cli, const char *method, GVariant *options, const char *done)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = cli_call(cli, CLI_MANAGER, "Manager", method,
					      g_variant_new("(@a{sv})", options), &error);

	return cli_outcome(cli, answer ? NULL : error, "%s", done);
}

int cli_run_enable(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"memory", 0, 0, G_OPTION_ARG_STRING, &memory_text,
		 "take this much from Linux, for the core and for cells to come", "SIZE"},
		{"reserved", 0, 0, G_OPTION_ARG_STRING, &reserved_text,
		 "use a range that Linux was kept from at boot", "SIZE@ADDRESS"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GVariant) objects = NULL;
	GVariant *options;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, 0, &status) ||
	    !enable_options(&options, &status))
		return status;
	/* If they cannot be read, Enable() says why. */
	objects = cli_objects(cli, NULL);
	if (objects)
		cli_say_if_simulated(cli, objects);
	return manager_do(cli, "Enable", options, "Bulkhead is enabled.");
}

int cli_run_disable(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force, "destroy all cells first", NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, 0, &status))
		return status;
	return manager_do(cli, "Disable",
			  cli_dict("force", force ? g_variant_new_boolean(TRUE) : NULL, NULL),
			  "Bulkhead is disabled; Linux has everything back.");
}

/* ---- what is done to cells ---- */

static GVariant *stop_options(void)
{
	return cli_dict("force", force ? g_variant_new_boolean(TRUE) : NULL, "timeout",
			timeout >= 0 ? g_variant_new_uint32(timeout) : NULL, NULL);
}

/*
 * Waiting for the cell's end: from the signals of its properties, and from its going away. They may come at any time,
 * also while the state is being asked for, so they leave a note.
 */
typedef struct {
	char *end; /* the state that a signal told */
	gboolean look; /* once more: it is not known what happened */
	gboolean interrupted;
} Ending;

static gboolean state_is_end(const char *state)
{
	return !g_str_has_prefix(state, "running");
}

static void ending_changed(GDBusConnection *bus, const char *sender, const char *path,
			   const char *interface, const char *signal, GVariant *arguments,
			   gpointer data)
{
	g_autoptr(GVariant) changed = g_variant_get_child_value(arguments, 1);
	Ending *ending = data;
	const char *state;

	if (!g_variant_lookup(changed, "State", "&s", &state) || !state_is_end(state))
		return;
	g_free(ending->end);
	ending->end = g_strdup(state);
}

/* The daemon was restarted, or the object went. */
static void ending_owner_lost(GDBusConnection *bus, const char *sender, const char *path,
			      const char *interface, const char *signal, GVariant *arguments,
			      gpointer data)
{
	Ending *ending = data;

	ending->look = TRUE;
}

/* Of the bus, here or through ssh: looking says so. */
static void ending_cut_off(GDBusConnection *bus, gboolean by_peer, GError *error, gpointer data)
{
	Ending *ending = data;

	ending->look = TRUE;
}

static gboolean ending_interrupted(gpointer data)
{
	Ending *ending = data;

	ending->interrupted = TRUE;
	return G_SOURCE_CONTINUE;
}

/* What is copied leads nowhere any more. */
static gboolean ending_deserted(int fd, GIOCondition condition, gpointer data)
{
	ending_interrupted(data);
	return G_SOURCE_REMOVE;
}

static char *cell_state(Cli *cli, const char *path, GError **error)
{
	g_autoptr(GVariant) answer =
		cli_call(cli, path, "org.freedesktop.DBus.Properties", "Get",
			 g_variant_new("(ss)", CLI_BUS_NAME ".Cell", "State"), error);
	g_autoptr(GVariant) value = NULL;

	if (!answer)
		return NULL;
	g_variant_get(answer, "(v)", &value);
	return g_variant_dup_string(value, NULL);
}

char *cli_wait_for_end(Cli *cli, const char *path, int output, GError **error)
{
	Ending ending = {0};
	guint interrupt = g_unix_signal_add(SIGINT, ending_interrupted, &ending);
	guint terminate = g_unix_signal_add(SIGTERM, ending_interrupted, &ending);
	guint changes, owner, removal;
	GSource *reader = NULL;
	char *state = NULL;
	gulong closed;

	if (output >= 0) {
		reader = g_unix_fd_source_new(output, G_IO_ERR | G_IO_HUP);
		g_source_set_callback(reader, G_SOURCE_FUNC(ending_deserted), &ending, NULL);
		g_source_attach(reader, NULL);
	}
	closed = g_signal_connect(cli->bus, "closed", G_CALLBACK(ending_cut_off), &ending);
	changes = g_dbus_connection_signal_subscribe(
		cli->bus, CLI_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
		path, CLI_BUS_NAME ".Cell", G_DBUS_SIGNAL_FLAGS_NONE, ending_changed, &ending,
		NULL);
	removal = g_dbus_connection_signal_subscribe(
		cli->bus, CLI_BUS_NAME, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
		CLI_ROOT, path, G_DBUS_SIGNAL_FLAGS_MATCH_ARG0_PATH, ending_owner_lost, &ending,
		NULL);
	owner = g_dbus_connection_signal_subscribe(
		cli->bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
		"/org/freedesktop/DBus", CLI_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, ending_owner_lost,
		&ending, NULL);
	do {
		ending.look = FALSE;
		g_free(state);
		state = cell_state(cli, path, error);
		if (!state || state_is_end(state))
			break;
		while (!ending.end && !ending.look && !ending.interrupted)
			g_main_context_iteration(NULL, TRUE);
	} while (!ending.end && !ending.interrupted);
	if (state && !state_is_end(state)) {
		g_free(state);
		state = g_steal_pointer(&ending.end);
		if (!state)
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
	}
	g_source_remove(interrupt);
	g_source_remove(terminate);
	if (reader)
		g_source_destroy(reader);
	g_clear_pointer(&reader, g_source_unref);
	g_signal_handler_disconnect(cli->bus, closed);
	g_dbus_connection_signal_unsubscribe(cli->bus, changes);
	g_dbus_connection_signal_unsubscribe(cli->bus, removal);
	g_dbus_connection_signal_unsubscribe(cli->bus, owner);
	g_free(ending.end);
	return state;
}

/* What became of a cell, for JSON. */
typedef struct {
	GError *error;
	char *state; /* the one it ended with, if that was waited for */
} Outcome;

static void outcome_clear(gpointer data)
{
	Outcome *outcome = data;

	g_clear_error(&outcome->error);
	g_free(outcome->state);
}

static const CliColumn outcome_columns[] = {
	{"name", NULL, FALSE, FALSE},  {"done", NULL, FALSE, FALSE},
	{"error", NULL, FALSE, FALSE}, {"message", NULL, FALSE, FALSE},
	{"state", NULL, FALSE, FALSE}, {NULL, NULL, FALSE, FALSE},
};

static void outcome_row(CliTable *table, const char *name, const Outcome *outcome, const char *done)
{
	g_autofree char *word = NULL, *message = g_strdup_printf("Cell %s %s.", name, done);
	g_autoptr(GError) error = outcome->error ? g_error_copy(outcome->error) : NULL;

	if (error) {
		word = g_dbus_error_get_remote_error(error);
		g_dbus_error_strip_remote_error(error);
	}
	cli_table_row(table);
	cli_table_add_word(table, name, CLI_PLAIN);
	cli_table_add(table, g_variant_new_boolean(!error), NULL, CLI_PLAIN);
	cli_table_add_word(table, word ? word : "", CLI_PLAIN);
	cli_table_add_word(table, error ? error->message : message, CLI_PLAIN);
	cli_table_add_word(table, outcome->state ? outcome->state : "", CLI_PLAIN);
}

static int wait_for_cell(Cli *cli, const char *name, Outcome *outcome)
{
	g_autofree char *path = cli_cell_path(cli, name, &outcome->error);

	outcome->state = path ? cli_wait_for_end(cli, path, -1, &outcome->error) : NULL;
	if (!outcome->state)
		return cli_fail(cli, outcome->error);
	cli_say(cli, "Cell %s: %s.", name, outcome->state);
	return g_str_has_prefix(outcome->state, "failed") ? CLI_FAILED : CLI_OK;
}

/*
 * One method for each cell named, then, with --wait, waiting for all their ends; the worst outcome
 * is the exit status.
 */
static int cells_do(Cli *cli, char **names, const char *method, GVariant *options, const char *done)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(options);
	g_autoptr(CliTable) table = cli_table_new(outcome_columns);
	g_autoptr(GArray) outcomes = g_array_new(FALSE, TRUE, sizeof(Outcome));
	guint count = g_strv_length(names);
	int worst = CLI_OK;

	g_array_set_clear_func(outcomes, outcome_clear);
	g_array_set_size(outcomes, count);
	for (guint i = 0; i < count; i++) {
		Outcome *outcome = &g_array_index(outcomes, Outcome, i);
		g_autofree char *path = cli_cell_path(cli, names[i], &outcome->error);
		g_autoptr(GVariant) answer = NULL;

		if (path)
			answer = cli_call(cli, path, "Cell", method,
					  g_variant_new("(@a{sv})", held), &outcome->error);
		if (answer)
			cli_say(cli, "Cell %s %s.", names[i], done);
		else
			worst = cli_worse(worst, cli_fail(cli, outcome->error));
	}
	/* It may be read by a program, and the waiting be long. */
	fflush(stdout);
	for (guint i = 0; wait_for_end && worst != CLI_INTERRUPTED && i < count; i++) {
		Outcome *outcome = &g_array_index(outcomes, Outcome, i);

		if (!outcome->error)
			worst = cli_worse(worst, wait_for_cell(cli, names[i], outcome));
	}
	for (guint i = 0; i < count; i++)
		outcome_row(table, names[i], &g_array_index(outcomes, Outcome, i), done);
	if (cli->json != CLI_JSON_OFF)
		cli_table_print(table, cli);
	return worst;
}

/* ---- starting, and following what the cell says ---- */

static gboolean no_load, console;

/* How it ended is told beside the cell's own output; of a failure also what is known. */
static void tell_end(Cli *cli, const char *name, const char *path, int status)
{
	g_autoptr(GVariant) objects = NULL, cell = NULL, violation = NULL;
	const char *why;

	if (cli->quiet || (status != CLI_OK && status != CLI_FAILED))
		return;
	objects = status == CLI_FAILED ? cli_objects(cli, NULL) : NULL;
	cell = objects ? cli_properties(objects, path, "Cell") : NULL;
	violation =
		cell ? g_variant_lookup_value(cell, "LastViolation", G_VARIANT_TYPE_VARDICT) : NULL;
	why = violation ? cli_word(violation, "message") : "";
	fprintf(stderr, "bulkhead: cell %s has %s%s%s\n", name,
		status == CLI_OK ? "shut down" : "failed", why[0] ? ": " : "", why);
}

static int start_here(Cli *cli, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = cli_cell_path(cli, name, &error);
	g_autoptr(GVariant) answer = NULL;
	int fd, status;

	/* First, so that nothing of this run is missed, and nothing of a former one shown. */
	fd = path ? cli_console_open(cli, path, FALSE, &error) : -1;
	if (fd < 0)
		return cli_fail(cli, error);
	answer = cli_call(
		cli, path, "Cell", "Start",
		g_variant_new(
			"(@a{sv})",
			cli_dict("load", no_load ? g_variant_new_boolean(FALSE) : NULL, NULL)),
		&error);
	if (answer) {
		status = cli_console_until_end(cli, path, fd);
		tell_end(cli, name, path, status);
	} else {
		status = cli_fail(cli, error);
	}
	close(fd);
	return status;
}

typedef struct {
	GMainLoop *loop;
	GSubprocess *ssh;
	gboolean interrupted;
} Remote;

static void remote_ended(GObject *source, GAsyncResult *result, gpointer data)
{
	Remote *remote = data;

	g_subprocess_wait_finish(remote->ssh, result, NULL);
	g_main_loop_quit(remote->loop);
}

static gboolean remote_interrupted(gpointer data)
{
	Remote *remote = data;

	remote->interrupted = TRUE;
	g_subprocess_send_signal(remote->ssh, SIGTERM);
	return G_SOURCE_CONTINUE;
}

/* ssh goes on when its output leads nowhere. */
static gboolean remote_deserted(int fd, GIOCondition condition, gpointer data)
{
	remote_interrupted(data);
	return G_SOURCE_REMOVE;
}

/* Descriptors do not pass through ssh: the command on the other side opens the console, starts and copies. */
static int start_remotely(Cli *cli, const char *name)
{
	g_autofree char *quoted = g_shell_quote(name);
	g_autoptr(GError) error = NULL;
	GString *command = cli_remote_command(cli);
	Remote remote = {0};
	guint interrupt, terminate;
	GSource *reader;
	int status;

	g_string_append_printf(command, " start --console%s -- %s", no_load ? " --no-load" : "",
			       quoted);
	remote.ssh = cli_remote_spawn(cli, command, open("/dev/null", O_RDONLY | O_CLOEXEC), TRUE,
				      &error);
	if (!remote.ssh)
		return cli_fail(cli, error);
	remote.loop = g_main_loop_new(NULL, FALSE);
	interrupt = g_unix_signal_add(SIGINT, remote_interrupted, &remote);
	terminate = g_unix_signal_add(SIGTERM, remote_interrupted, &remote);
	reader = g_unix_fd_source_new(STDOUT_FILENO, G_IO_ERR | G_IO_HUP);
	g_source_set_callback(reader, G_SOURCE_FUNC(remote_deserted), &remote, NULL);
	g_source_attach(reader, NULL);
	g_subprocess_wait_async(remote.ssh, NULL, remote_ended, &remote);
	g_main_loop_run(remote.loop);
	g_source_destroy(reader);
	g_source_unref(reader);
	g_source_remove(interrupt);
	g_source_remove(terminate);
	status = remote.interrupted ? CLI_INTERRUPTED : cli_remote_status(cli, remote.ssh);
	g_main_loop_unref(remote.loop);
	g_object_unref(remote.ssh);
	return status;
}

int cli_start_followed(Cli *cli, const char *name)
{
	/* Whose output goes to a program that ends first is told so by the write. */
	signal(SIGPIPE, SIG_IGN);
	return cli->host ? start_remotely(cli, name) : start_here(cli, name);
}

#define FORCE_ENTRY                                                                     \
	{                                                                               \
		"force", 'f', 0, G_OPTION_ARG_NONE, &force, "do not ask the cell", NULL \
	}
#define TIMEOUT_ENTRY                                                         \
	{                                                                     \
		"timeout", 0, 0, G_OPTION_ARG_INT, &timeout,                  \
			"ask for this long, then stop it by force", "SECONDS" \
	}
#define WAIT_ENTRY                                                                               \
	{                                                                                        \
		"wait", 'w', 0, G_OPTION_ARG_NONE, &wait_for_end,                                \
			"wait until the cell has ended; the exit status is 1 if it failed", NULL \
	}
#define NO_ENTRY                                \
	{                                       \
		NULL, 0, 0, 0, NULL, NULL, NULL \
	}

int cli_run_create(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 1, -1, &status))
		return status;
	return cells_do(cli, argv + 1, "Create", cli_no_options(), "is created");
}

int cli_run_start(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"no-load", 0, 0, G_OPTION_ARG_NONE, &no_load,
		 "start what is in its memory, without its unit", NULL},
		{"console", 'c', 0, G_OPTION_ARG_NONE, &console,
		 "follow its output until it ends; the exit status is 1 if it failed", NULL},
		WAIT_ENTRY,
		NO_ENTRY,
	};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, -1, &status))
		return status;
	if (console && argc > 2)
		return cli_misuse("start --console follows one cell, and these are %d", argc - 1);
	if (console)
		return cli_start_followed(cli, argv[1]);
	return cells_do(cli, argv + 1, "Start",
			cli_dict("load", no_load ? g_variant_new_boolean(FALSE) : NULL, NULL),
			"runs");
}

int cli_run_stop(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {FORCE_ENTRY, TIMEOUT_ENTRY, NO_ENTRY};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, -1, &status))
		return status;
	return cells_do(cli, argv + 1, "Stop", stop_options(), "is stopped");
}

int cli_run_restart(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {FORCE_ENTRY, TIMEOUT_ENTRY, WAIT_ENTRY, NO_ENTRY};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, -1, &status))
		return status;
	return cells_do(cli, argv + 1, "Restart", stop_options(), "runs");
}

int cli_run_destroy(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {FORCE_ENTRY, NO_ENTRY};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, -1, &status))
		return status;
	return cells_do(cli, argv + 1, "Destroy",
			cli_dict("force", force ? g_variant_new_boolean(TRUE) : NULL, NULL),
			"is gone; Linux has back what it owned");
}

int cli_run_autostart(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	gboolean on;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 2, 2, &status))
		return status;
	on = g_str_equal(argv[2], "on");
	if (!on && !g_str_equal(argv[2], "off"))
		return cli_misuse("autostart is 'on' or 'off', not '%s'", argv[2]);
	path = cli_cell_path(cli, argv[1], &error);
	if (path)
		answer = cli_call(cli, path, "Cell", "SetAutostart",
				  g_variant_new("(b@a{sv})", on, cli_no_options()), &error);
	return cli_outcome(cli, answer ? NULL : error, "Cell %s %s at boot.", argv[1],
			   on ? "starts" : "does not start");
}

/* ---- load ---- */

static char *image_path, *image_address;
static gboolean image_is_elf;

/* Standard input becomes a sealed memfd, as a pipe cannot be read at an offset. */
static int image_open(GError **error)
{
	char buffer[65536];
	ssize_t n = 0;
	int fd;

	if (!g_str_equal(image_path, "-")) {
		fd = open(image_path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
				    "the image %s cannot be opened: %s", image_path,
				    g_strerror(errno));
		return fd;
	}
	fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	while (fd >= 0 && (n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, n) != n) {
			n = -1;
			break;
		}
	if (fd >= 0 && !n &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return fd;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
		    "the image could not be read from standard input: %s", g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Descriptors do not pass through ssh: the command on the other side reads the image from its input. */
static int load_remotely(Cli *cli, const char *name, int fd)
{
	g_autofree char *quoted = g_shell_quote(name);
	g_autoptr(GSubprocess) ssh = NULL;
	g_autoptr(GError) error = NULL;
	GString *command = cli_remote_command(cli);

	g_string_append(command, " load --image=-");
	if (image_address) {
		g_autofree char *address = g_shell_quote(image_address);

		g_string_append_printf(command, " --at=%s", address);
	}
	g_string_append_printf(command, "%s -- %s", image_is_elf ? " --elf" : "", quoted);
	ssh = cli_remote_spawn(cli, command, fd, FALSE, &error);
	if (!ssh || !g_subprocess_wait(ssh, NULL, &error))
		return cli_fail(cli, error);
	return cli_remote_status(cli, ssh);
}

static int load_here(Cli *cli, const char *name, int fd, guint64 address)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = cli_cell_path(cli, name, &error);

	if (path)
		answer = cli_call_fds(
			cli, path, "Cell", "LoadImage",
			g_variant_new("(ht@a{sv})", 0, address,
				      cli_dict("format",
					       image_is_elf ? g_variant_new_string("elf") : NULL,
					       NULL)),
			fds, NULL, &error);
	return cli_outcome(cli, answer ? NULL : error,
			   "The image is in the memory of cell %s: 'bulkhead start --no-load %s' "
			   "runs it.",
			   name, name);
}

static int load_image(Cli *cli, const char *name)
{
	g_autoptr(GError) error = NULL;
	guint64 address = 0;
	int fd;

	if (image_address && !cli_parse_size(image_address, &address))
		return cli_misuse("--at=%s is not an address such as 0x100000", image_address);
	if (!image_address && !image_is_elf)
		return cli_misuse("an image that is no ELF needs --at");
	/* ssh reads what is ours to read. */
	if (cli->host && g_str_equal(image_path, "-"))
		return load_remotely(cli, name, -1);
	fd = image_open(&error);
	if (fd < 0)
		return cli_fail(cli, error);
	return cli->host ? load_remotely(cli, name, fd) : load_here(cli, name, fd, address);
}

int cli_run_load(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"image", 'i', 0, G_OPTION_ARG_FILENAME, &image_path,
		 "this image instead of those of its file; -: standard input", "FILE"},
		{"at", 0, 0, G_OPTION_ARG_STRING, &image_address,
		 "where it goes, guest-physical; with an ELF: what is added", "ADDRESS"},
		{"elf", 0, 0, G_OPTION_ARG_NONE, &image_is_elf, "it is an ELF", NULL},
		NO_ENTRY,
	};
	int status;

	/* --address of a bus can stand before the verb only. */
	if (!cli_options(cli, verb, &argc, &argv, entries, 1, 1, &status))
		return status;
	if (!image_path)
		return cells_do(cli, argv + 1, "Load", cli_no_options(), "is loaded");
	return load_image(cli, argv[1]);
}
