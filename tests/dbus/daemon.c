// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon as it is on a system bus, with polkit and perhaps with systemd, on a simulated machine: bulkheadd itself refuses to
 * serve one there. SIGUSR1 holds its worker, so that what is to be done waits, and SIGUSR2 lets it go on.
 */

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include "bh-backend.h"
#include "bhd-daemon.h"

static gboolean as_device, enabled, with_systemd;
static GMutex mutex;
static GCond released;
static gboolean held;
static char *sign; /* a file that is there while the worker is held */

/* In place of libsystemd's: it is the bus of the test that knows. */
int sd_booted(void)
{
	return with_systemd;
}

/* In place of the library's. */
struct bh_backend *bh_backend_open_device(struct bh_device_error *error)
{
	return bh_backend_open_simulated(NULL, error);
}

static gboolean hold(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
		     GError **error)
{
	(void)backend;
	(void)data;
	(void)cancellable;
	(void)error;
	g_mutex_lock(&mutex);
	while (held)
		g_cond_wait(&released, &mutex);
	g_mutex_unlock(&mutex);
	return TRUE;
}

static gboolean on_hold(gpointer data)
{
	g_mutex_lock(&mutex);
	held = TRUE;
	g_mutex_unlock(&mutex);
	bhd_worker_run(bhd_daemon_get_worker(data), hold, NULL, NULL, NULL, NULL);
	g_file_set_contents(sign, "", 0, NULL);
	return G_SOURCE_CONTINUE;
}

static gboolean on_release(gpointer data)
{
	(void)data;
	g_unlink(sign);
	g_mutex_lock(&mutex);
	held = FALSE;
	g_cond_broadcast(&released);
	g_mutex_unlock(&mutex);
	return G_SOURCE_CONTINUE;
}

static gboolean enable(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
		       GError **error)
{
	struct bh_device_error device = {0};

	(void)data;
	(void)cancellable;
	(void)error;
	g_assert_cmpint(backend->ops->enable(backend, 0, NULL, &device), ==, 0);
	return TRUE;
}

/* To the log as ever, and the fields a journal would get. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
				  gpointer data)
{
	const char *cell = "", *message = "";

	(void)data;
	for (gsize i = 0; i < count; i++) {
		if (!strcmp(fields[i].key, "BULKHEAD_CELL"))
			cell = fields[i].value;
		else if (!strcmp(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	}
	if (level <= G_LOG_LEVEL_INFO)
		g_printerr("BULKHEAD_CELL=%s MESSAGE=%s\n", cell, message);
	return g_log_writer_default(level, fields, count, NULL);
}

static gboolean on_terminate(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	BhdSettings settings = {.system = TRUE};
	const GOptionEntry entries[] = {
		{"device", 0, 0, G_OPTION_ARG_NONE, &as_device,
		 "Take it for the machine this is, behind a device", NULL},
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &settings.root,
		 "Where its /sys and /proc are", "DIRECTORY"},
		{"enabled", 0, 0, G_OPTION_ARG_NONE, &enabled, "Begin enabled", NULL},
		{"systemd", 0, 0, G_OPTION_ARG_NONE, &with_systemd, "There is a systemd", NULL},
		{"cells-directory", 0, 0, G_OPTION_ARG_FILENAME, &settings.cells_directory, "", ""},
		{"state-directory", 0, 0, G_OPTION_ARG_FILENAME, &settings.state_directory, "", ""},
		{"runtime-directory", 0, 0, G_OPTION_ARG_FILENAME, &settings.runtime_directory, "",
		 ""},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(GError) error = NULL;
	BhdDaemon *daemon;
	guint name;

	g_log_set_writer_func(write_log, NULL, NULL);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_parse(context, &argc, &argv, &error);
	g_assert_no_error(error);
	connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
	g_assert_no_error(error);
	settings.simulate = !as_device;
	sign = g_build_filename(settings.runtime_directory, "held", NULL);
	daemon = bhd_daemon_new(&settings, &error);
	g_assert_no_error(error);
	if (enabled)
		bhd_worker_run(bhd_daemon_get_worker(daemon), enable, NULL, NULL, NULL, NULL);
	bhd_daemon_start(daemon, connection, &error);
	g_assert_no_error(error);
	g_unix_signal_add(SIGTERM, on_terminate, loop);
	g_unix_signal_add(SIGUSR1, on_hold, daemon);
	g_unix_signal_add(SIGUSR2, on_release, NULL);
	name = g_bus_own_name_on_connection(connection, BHD_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
					    NULL, NULL, NULL, NULL);
	g_main_loop_run(loop);
	g_bus_unown_name(name);
	bhd_daemon_stop(daemon);
	g_dbus_connection_flush_sync(connection, NULL, NULL);
	g_object_unref(daemon);
	g_free(sign);
	g_free(settings.root);
	g_free(settings.cells_directory);
	g_free(settings.state_directory);
	g_free(settings.runtime_directory);
	return EXIT_SUCCESS;
}
