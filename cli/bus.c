// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection to the daemon, here or on another host, calls, and the objects it has. */
#define POLKIT_AGENT_I_KNOW_API_IS_SUBJECT_TO_CHANGE
#include <polkitagent/polkitagent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "output.h"

/* ---- connecting ---- */

/* Ctrl-C reaches all that the terminal runs. An ssh that is needed to take back what was begun has to outlive it. */
static void ignore_interrupt(gpointer data)
{
	signal(SIGINT, SIG_IGN);
}

/* systemd-stdio-bridge on the other side of ssh speaks D-Bus for its system bus. */
static GDBusConnection *connect_host(Cli *cli, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_autoptr(GIOStream) stream = NULL;

	g_subprocess_launcher_set_child_setup(launcher, ignore_interrupt, NULL, NULL);
	cli->bridge = g_subprocess_launcher_spawn(launcher, error, "ssh", "-xT", "--", cli->host,
						  "systemd-stdio-bridge", NULL);
	if (!cli->bridge)
		return NULL;
	stream = g_simple_io_stream_new(g_subprocess_get_stdout_pipe(cli->bridge),
					g_subprocess_get_stdin_pipe(cli->bridge));
	return g_dbus_connection_new_sync(stream, NULL,
					  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
						  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
					  NULL, NULL, error);
}

static GDBusConnection *connect_address(Cli *cli, GError **error)
{
	return g_dbus_connection_new_for_address_sync(
		cli->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, error);
}

/* Asks for passwords on the terminal, where no agent of a desktop does. */
static void agent_start(Cli *cli)
{
	g_autoptr(PolkitSubject) subject = NULL;
	g_autoptr(PolkitAgentListener) listener = NULL;

	if (!cli->ask_password || cli->host || cli->user || cli->address || geteuid() == 0 ||
	    !isatty(STDIN_FILENO))
		return;
	listener = polkit_agent_text_listener_new(NULL, NULL);
	subject = polkit_unix_process_new_for_owner(getpid(), 0, -1);
	if (listener)
		cli->agent = polkit_agent_listener_register(
			listener, POLKIT_AGENT_REGISTER_FLAGS_RUN_IN_THREAD, subject, NULL, NULL,
			NULL);
}

GDBusConnection *cli_bus(Cli *cli, GError **error)
{
	if (cli->bus)
		return cli->bus;
	if (cli->host)
		cli->bus = connect_host(cli, error);
	else if (cli->address)
		cli->bus = connect_address(cli, error);
	else
		cli->bus = g_bus_get_sync(cli->user ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, NULL,
					  error);
	if (!cli->bus && cli->host)
		g_prefix_error(error, "no connection to %s: ", cli->host);
	else if (!cli->bus)
		g_prefix_error(error, "no connection to the %s: ",
			       cli->address ? "bus"
			       : cli->user  ? "session bus"
					    : "system bus");
	if (cli->bus) {
		g_dbus_connection_set_exit_on_close(cli->bus, FALSE);
		agent_start(cli);
	}
	return cli->bus;
}

/* ---- the command on the other side ---- */

GString *cli_remote_command(const Cli *cli)
{
	GString *command = g_string_new("bulkhead");

	if (cli->json != CLI_JSON_OFF)
		g_string_append_printf(command, " --json=%s",
				       cli->json == CLI_JSON_PRETTY ? "pretty" : "short");
	if (cli->quiet)
		g_string_append(command, " --quiet");
	return command;
}

GSubprocess *cli_remote_spawn(Cli *cli, GString *command, int input, gboolean outlive,
			      GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		input < 0 ? G_SUBPROCESS_FLAGS_STDIN_INHERIT : G_SUBPROCESS_FLAGS_NONE);
	GSubprocess *ssh;

	if (input >= 0)
		g_subprocess_launcher_take_stdin_fd(launcher, input);
	if (outlive)
		g_subprocess_launcher_set_child_setup(launcher, ignore_interrupt, NULL, NULL);
	ssh = g_subprocess_launcher_spawn(launcher, error, "ssh", "-xT", "--", cli->host,
					  command->str, NULL);
	g_string_free(command, TRUE);
	return ssh;
}

int cli_remote_status(Cli *cli, GSubprocess *ssh)
{
	int status = g_subprocess_get_if_exited(ssh) ? g_subprocess_get_exit_status(ssh) : -1;

	/* ssh has 255 for its own failures, and the shell over there 127 for a command that it lacks. */
	if (status == 127)
		fprintf(stderr, "bulkhead: %s lacks the command bulkhead: install it there\n",
			cli->host);
	else if (status < 0 || status == 255)
		fprintf(stderr, "bulkhead: the connection to %s has ended before its time\n",
			cli->host);
	else
		return status;
	return CLI_FAILED;
}

/* ---- calls ---- */

typedef struct {
	GMainLoop *loop;
	GVariant *answer;
	GUnixFDList *fds;
	GError *error;
	char *phase; /* the last one told */
	gboolean shown; /* there is a line of progress to wipe */
} Pending;

static void call_done(GObject *source, GAsyncResult *result, gpointer data)
{
	Pending *pending = data;

	pending->answer = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &pending->fds, result, &pending->error);
	g_main_loop_quit(pending->loop);
}

static void job_changed(GDBusConnection *bus, const char *sender, const char *path,
			const char *interface, const char *signal, GVariant *arguments,
			gpointer data)
{
	g_autoptr(GVariant) changed = g_variant_get_child_value(arguments, 1);
	Pending *pending = data;
	const char *phase;
	double progress;

	if (g_variant_lookup(changed, "Phase", "&s", &phase)) {
		g_free(pending->phase);
		pending->phase = g_strdup(phase);
	}
	if (!g_variant_lookup(changed, "Progress", "d", &progress))
		return;
	fprintf(stderr, "\r\033[K%s … %.0f %%", pending->phase ? pending->phase : "working",
		100 * progress);
	pending->shown = TRUE;
}

GVariant *cli_call_fds(Cli *cli, const char *path, const char *interface, const char *method,
		       GVariant *arguments, GUnixFDList *in, GUnixFDList **out, GError **error)
{
	g_autoptr(GVariant) held = arguments ? g_variant_ref_sink(arguments) : NULL;
	g_autofree char *full = g_str_has_prefix(interface, "org.")
					? g_strdup(interface)
					: g_strconcat(CLI_BUS_NAME ".", interface, NULL);
	Pending pending = {0};
	guint progress = 0;

	if (!cli_bus(cli, error))
		return NULL;
	pending.loop = g_main_loop_new(NULL, FALSE);
	if (isatty(STDERR_FILENO) && !cli->quiet && cli->json == CLI_JSON_OFF)
		progress = g_dbus_connection_signal_subscribe(
			cli->bus, CLI_BUS_NAME, "org.freedesktop.DBus.Properties",
			"PropertiesChanged", NULL, CLI_BUS_NAME ".Job", G_DBUS_SIGNAL_FLAGS_NONE,
			job_changed, &pending, NULL);
	g_dbus_connection_call_with_unix_fd_list(
		cli->bus, CLI_BUS_NAME, path, full, method, held, NULL,
		cli->ask_password ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
				  : G_DBUS_CALL_FLAGS_NONE,
		G_MAXINT, in, NULL, call_done, &pending);
	g_main_loop_run(pending.loop);
	g_main_loop_unref(pending.loop);
	if (progress)
		g_dbus_connection_signal_unsubscribe(cli->bus, progress);
	if (pending.shown)
		fputs("\r\033[K", stderr);
	g_free(pending.phase);
	if (pending.error)
		g_propagate_error(error, pending.error);
	if (out)
		*out = pending.fds;
	else
		g_clear_object(&pending.fds);
	return pending.answer;
}

GVariant *cli_call(Cli *cli, const char *path, const char *interface, const char *method,
		   GVariant *arguments, GError **error)
{
	return cli_call_fds(cli, path, interface, method, arguments, NULL, NULL, error);
}

GVariant *cli_dict(const char *key, ...)
{
	GVariantDict dict;
	va_list list;

	g_variant_dict_init(&dict, NULL);
	va_start(list, key);
	for (; key; key = va_arg(list, const char *)) {
		GVariant *value = va_arg(list, GVariant *);

		if (value)
			g_variant_dict_insert_value(&dict, key, value);
	}
	va_end(list);
	return g_variant_dict_end(&dict);
}

GVariant *cli_no_options(void)
{
	return g_variant_new("a{sv}", NULL);
}

/* ---- errors ---- */

static const struct {
	const char *name; /* of the D-Bus error */
	int status;
	const char *advice;
} outcomes[] = {
	{CLI_ERROR_PREFIX "NotFound", CLI_NOT_FOUND, NULL},
	{CLI_ERROR_PREFIX "InvalidConfig", CLI_INVALID, "'bulkhead validate' shows what is wrong"},
	{CLI_ERROR_PREFIX "NotAuthorized", CLI_NOT_ALLOWED,
	 "become root, or let a polkit rule allow it"},
	{CLI_ERROR_PREFIX "NotAuthorizedCanObtain", CLI_NOT_ALLOWED,
	 "call it from a terminal without --no-ask-password, or become root"},
	{CLI_ERROR_PREFIX "Conflict", CLI_FAILED,
	 "somebody changed the configuration meanwhile: look at it, then try again"},
	{CLI_ERROR_PREFIX "Denied", CLI_FAILED,
	 "try again later, or use --force to stop it without its consent"},
	{CLI_ERROR_PREFIX "NoAnswer", CLI_FAILED, "use --force to stop it without its consent"},
	{"org.freedesktop.DBus.Error.ServiceUnknown", CLI_FAILED,
	 "is the daemon installed? See 'systemctl status bulkhead'"},
	{"org.freedesktop.DBus.Error.NameHasNoOwner", CLI_FAILED,
	 "is the daemon running? See 'systemctl status bulkhead'"},
	{"org.freedesktop.DBus.Error.AccessDenied", CLI_NOT_ALLOWED, NULL},
	{"org.freedesktop.DBus.Error.NoReply", CLI_FAILED,
	 "the daemon went away during the call; what runs is not affected: look with 'bulkhead "
	 "list'"},
	{"org.freedesktop.DBus.Error.Disconnected", CLI_FAILED,
	 "the daemon went away during the call; what runs is not affected: look with 'bulkhead "
	 "list'"},
};

int cli_fail(Cli *cli, const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	g_autoptr(GError) copy = g_error_copy(error);
	const char *advice = NULL;
	int status = CLI_FAILED;

	/* Whoever pressed Ctrl-C knows. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return CLI_INTERRUPTED;
	g_dbus_error_strip_remote_error(copy);
	for (guint i = 0; name && i < G_N_ELEMENTS(outcomes); i++) {
		if (!g_str_equal(name, outcomes[i].name))
			continue;
		advice = outcomes[i].advice;
		status = outcomes[i].status;
	}
	if (cli->host && !name && cli->bus && g_dbus_connection_is_closed(cli->bus))
		fprintf(stderr, "bulkhead: the connection to %s is lost: %s\n", cli->host,
			copy->message);
	else
		fprintf(stderr, "bulkhead: %s\n", copy->message);
	if (advice)
		fprintf(stderr, "bulkhead: %s\n", advice);
	return status;
}

int cli_outcome(Cli *cli, const GError *error, const char *format, ...)
{
	g_autoptr(GError) copy = error ? g_error_copy(error) : NULL;
	g_autofree char *name = error ? g_dbus_error_get_remote_error(error) : NULL;
	g_autofree char *text = NULL;
	va_list list;

	va_start(list, format);
	text = g_strdup_vprintf(format, list);
	va_end(list);
	if (copy)
		g_dbus_error_strip_remote_error(copy);
	if (cli->json != CLI_JSON_OFF)
		cli_json_print(cli,
			       cli_dict("done", g_variant_new_boolean(!error), "error",
					g_variant_new_string(name ? name : ""), "message",
					g_variant_new_string(copy ? copy->message : text), NULL));
	if (error)
		return cli_fail(cli, error);
	cli_say(cli, "%s", text);
	return CLI_OK;
}

/* ---- objects ---- */

GVariant *cli_objects(Cli *cli, GError **error)
{
	g_autoptr(GVariant) answer = cli_call(cli, CLI_ROOT, "org.freedesktop.DBus.ObjectManager",
					      "GetManagedObjects", NULL, error);

	return answer ? g_variant_get_child_value(answer, 0) : NULL;
}

GVariant *cli_properties(GVariant *objects, const char *path, const char *interface)
{
	g_autoptr(GVariant) interfaces = g_variant_lookup_value(objects, path, NULL);
	g_autofree char *full = g_strconcat(CLI_BUS_NAME ".", interface, NULL);

	return interfaces ? g_variant_lookup_value(interfaces, full, G_VARIANT_TYPE_VARDICT) : NULL;
}

void cli_cell_free(CliCell *cell)
{
	g_free(cell->path);
	g_free(cell->name);
	g_variant_unref(cell->properties);
	g_free(cell);
}

static int cell_compare(gconstpointer a, gconstpointer b)
{
	const CliCell *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

GPtrArray *cli_cells(GVariant *objects)
{
	GPtrArray *cells = g_ptr_array_new_with_free_func((GDestroyNotify)cli_cell_free);
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;

	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		GVariant *properties = g_variant_lookup_value(interfaces, CLI_BUS_NAME ".Cell",
							      G_VARIANT_TYPE_VARDICT);
		CliCell *cell;

		if (!properties)
			continue;
		cell = g_new0(CliCell, 1);
		cell->path = g_strdup(path);
		cell->name = g_strdup(cli_word(properties, "Name"));
		cell->properties = properties;
		g_ptr_array_add(cells, cell);
	}
	g_ptr_array_sort(cells, cell_compare);
	return cells;
}

/* From what everybody may see: asking the manager would need an authorization of its own. */
char *cli_cell_path(Cli *cli, const char *name, GError **error)
{
	g_autoptr(GVariant) objects = cli_objects(cli, error);
	g_autoptr(GPtrArray) cells = objects ? cli_cells(objects) : NULL;
	g_autofree char *message = NULL;

	for (guint i = 0; cells && i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);

		if (g_str_equal(cell->name, name))
			return g_strdup(cell->path);
	}
	message =
		g_strdup_printf("there is no cell '%s': 'bulkhead list' shows what there is", name);
	if (cells)
		g_propagate_error(error, g_dbus_error_new_for_dbus_error(
						 CLI_ERROR_PREFIX "NotFound", message));
	return NULL;
}

const char *cli_word(GVariant *dict, const char *key)
{
	const char *word;

	/* The string lives as long as the dictionary does. */
	return g_variant_lookup(dict, key, "&s", &word) ? word : "";
}

guint64 cli_number(GVariant *dict, const char *key)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(dict, key, NULL);

	if (value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
		return g_variant_get_uint64(value);
	if (value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
		return g_variant_get_uint32(value);
	return 0;
}

gboolean cli_flag(GVariant *dict, const char *key)
{
	gboolean flag;

	return g_variant_lookup(dict, key, "b", &flag) && flag;
}
