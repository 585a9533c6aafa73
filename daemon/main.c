// SPDX-License-Identifier: GPL-2.0-or-later
/* bulkheadd: settings, the bus, and the life of the process. */

#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include "bhd-daemon.h"

typedef struct {
	GMainLoop *loop;
	BhdDaemon *daemon;
	BhdSettings settings;
	char *address;
	gboolean session;
	gboolean version;
	int status;
} Process;

static gboolean on_simulate(const char *option, const char *value, gpointer data, GError **error)
{
	Process *process = data;

	(void)option;
	(void)error;
	process->settings.simulate = TRUE;
	g_free(process->settings.machine_file);
	process->settings.machine_file = g_strdup(value);
	return TRUE;
}

static gboolean parse(Process *process, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"simulate", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, on_simulate,
		 "Serve a simulated machine, as described in FILE", "FILE"},
		{"session", 0, 0, G_OPTION_ARG_NONE, &process->session, "Use the session bus",
		 NULL},
		{"address", 0, 0, G_OPTION_ARG_STRING, &process->address, "Use the bus at ADDRESS",
		 "ADDRESS"},
		{"cells-directory", 0, 0, G_OPTION_ARG_FILENAME, &process->settings.cells_directory,
		 "Where the cell files are", "DIRECTORY"},
		{"state-directory", 0, 0, G_OPTION_ARG_FILENAME, &process->settings.state_directory,
		 "What is remembered for good", "DIRECTORY"},
		{"runtime-directory", 0, 0, G_OPTION_ARG_FILENAME,
		 &process->settings.runtime_directory, "What is remembered until the next boot",
		 "DIRECTORY"},
		{"version", 0, 0, G_OPTION_ARG_NONE, &process->version, "Show the version", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	GOptionGroup *group = g_option_group_new("main", "", "", process, NULL);

	g_option_group_add_entries(group, entries);
	g_option_context_set_main_group(context, group);
	g_option_context_set_summary(context, "The daemon of the Bulkhead hypervisor. See "
					      "bulkheadd(8).");
	if (!g_option_context_parse(context, argc, argv, error))
		return FALSE;
	if (*argc > 1 || (process->session && process->address)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    *argc > 1 ? "\"%s\" is one argument too many"
				      : "use either --session or --address%.0s",
			    *argc > 1 ? (*argv)[1] : "");
		return FALSE;
	}
	process->settings.system = !process->session && !process->address;
	if (process->settings.simulate && process->settings.system) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "a simulated machine is not served on the system bus: add --session or "
			    "--address");
		return FALSE;
	}
	return TRUE;
}

/* @given, what systemd says, or a directory of the user's. */
static void choose(char **given, const char *variable, const char *fallback, const char *user,
		   gboolean system)
{
	const char *value = g_getenv(variable);

	if (*given)
		return;
	if (system)
		*given = g_strdup(value ? value : fallback);
	else
		*given = g_build_filename(user, "bulkhead", NULL);
}

static void choose_directories(Process *process)
{
	BhdSettings *settings = &process->settings;

	if (!settings->cells_directory)
		settings->cells_directory = settings->system
						    ? g_strdup(BH_CELL_DIRECTORY)
						    : g_build_filename(g_get_user_config_dir(),
								       "bulkhead", "cells", NULL);
	choose(&settings->state_directory, "STATE_DIRECTORY", "/var/lib/bulkhead",
	       g_get_user_data_dir(), settings->system);
	choose(&settings->runtime_directory, "RUNTIME_DIRECTORY", "/run/bulkhead",
	       g_get_user_runtime_dir(), settings->system);
}

static GDBusConnection *connect_to_bus(const Process *process, GError **error)
{
	if (!process->address)
		return g_bus_get_sync(process->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
				      NULL, error);
	return g_dbus_connection_new_for_address_sync(
		process->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, error);
}

static void on_name_acquired(GDBusConnection *connection, const char *name, gpointer data)
{
	(void)connection;
	(void)name;
	(void)data;
	sd_notify(0, "READY=1");
}

static void on_name_lost(GDBusConnection *connection, const char *name, gpointer data)
{
	Process *process = data;

	if (connection && !g_dbus_connection_is_closed(connection))
		g_printerr(
			"bulkheadd: another daemon owns the name %s on this bus: stop it first\n",
			name);
	else
		g_printerr("bulkheadd: the connection to the bus is lost\n");
	process->status = EXIT_FAILURE;
	g_main_loop_quit(process->loop);
}

static gboolean on_terminate(gpointer data)
{
	Process *process = data;

	g_main_loop_quit(process->loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer data)
{
	(void)data;
	sd_notify(0, "WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

static void start_watchdog(void)
{
	uint64_t interval = 0;

	if (sd_watchdog_enabled(0, &interval) > 0)
		g_timeout_add(interval / 1000 / 2, on_watchdog, NULL);
}

static gboolean run(Process *process, GError **error)
{
	g_autoptr(GDBusConnection) connection = connect_to_bus(process, error);
	guint name;

	if (!connection)
		return FALSE;
	g_dbus_connection_set_exit_on_close(connection, FALSE);
	process->daemon = bhd_daemon_new(&process->settings, error);
	if (!process->daemon || !bhd_daemon_start(process->daemon, connection, error))
		return FALSE;
	process->loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, on_terminate, process);
	g_unix_signal_add(SIGINT, on_terminate, process);
	start_watchdog();
	/* Objects are there before the name is: a client that sees the name sees everything. */
	name = g_bus_own_name_on_connection(connection, BHD_BUS_NAME,
					    G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_name_acquired,
					    on_name_lost, process, NULL);
	if (process->settings.simulate)
		g_message("This machine is simulated: nothing that happens here is real");
	g_main_loop_run(process->loop);
	sd_notify(0, "STOPPING=1");
	g_bus_unown_name(name);
	bhd_daemon_stop(process->daemon);
	g_dbus_connection_flush_sync(connection, NULL, NULL);
	g_main_loop_unref(process->loop);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Process process = {0};

	setlocale(LC_ALL, "");
	/* A reader of a console may go at any time. */
	signal(SIGPIPE, SIG_IGN);
	if (!parse(&process, &argc, &argv, &error)) {
		g_printerr("bulkheadd: %s\n", error->message);
		return 2;
	}
	if (process.version) {
		g_print("bulkheadd %s\n", BHD_VERSION);
		return EXIT_SUCCESS;
	}
	choose_directories(&process);
	if (!run(&process, &error)) {
		g_printerr("bulkheadd: %s\n", error->message);
		process.status = EXIT_FAILURE;
	}
	g_clear_object(&process.daemon);
	g_free(process.address);
	g_free(process.settings.machine_file);
	g_free(process.settings.cells_directory);
	g_free(process.settings.state_directory);
	g_free(process.settings.runtime_directory);
	return process.status;
}
