// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main process of bulkhead-cell@NAME.service. It lives as long as the cell runs, and says to systemd what the cell
 * would say: that it runs, how it is, whether its heart beats, and how it ended. It survives the daemon: a cell
 * does not stop because nobody watches.
 */

#include <errno.h>
#include <glib-unix.h>
#include <gio/gunixfdlist.h>
#include <locale.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "bh-dbus.h"
#include "bhd-plain.h"

#define BUS_NAME "org.bulkhead1"
#define MANAGER_PATH "/org/bulkhead1/manager"
#define EXIT_CONFIG 78 /* sysexits.h: the unit does not try again */
/* Somebody else than systemd has stopped the cell: a success, and not to be restarted. */
#define EXIT_REQUESTED 79
/* The cell has reset itself: the unit starts it again whatever Restart= says. */
#define EXIT_RESET 80
#define READ_SIZE 4096

typedef struct {
	GMainLoop *loop;
	GDBusConnection *connection;
	const char *name;
	char *path; /* of the cell's object; NULL: not known yet */
	BhDbusCell *cell; /* NULL: the daemon is not there */
	GCancellable *cancellable; /* of calls to this daemon */
	gboolean launched; /* the cell has been running under our eyes */
	gboolean launching;
	gboolean stopping;
	gboolean ceased; /* the heartbeat has: the watchdog was told */
	gboolean settled; /* this daemon has been asked for what we want of it */
	gboolean finishing; /* as soon as we have the cell's last words */
	int console; /* -1: none */
	guint console_source;
	gboolean following; /* generation and position are known */
	guint64 generation, position; /* how far the console was copied */
	BhdPlain plain;
	int status;
} Supervisor;

static void follow_console(Supervisor *self);

static void finish(Supervisor *self, int status)
{
	self->status = status;
	self->finishing = TRUE;
	if (self->cell)
		follow_console(self);
	else
		g_main_loop_quit(self->loop);
}

static void complain(Supervisor *self, const char *what, const char *why)
{
	g_printerr("bulkhead-cell-supervisor: cell %s: %s: %s\n", self->name, what, why);
	sd_notifyf(0, "STATUS=%s: %s", what, why);
}

/* --- console --------------------------------------------------------------------------------- */

static void write_all(const char *data, gssize size)
{
	while (size > 0) {
		gssize n = write(STDOUT_FILENO, data, size);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			data += n;
			size -= n;
		}
	}
}

/* A line with anything but text in it is a number of bytes to a reader of the journal, and nothing else. */
static void copy(Supervisor *self, const char *data, gsize size)
{
	g_autoptr(GString) text = g_string_sized_new(size);

	bhd_plain_take(&self->plain, data, size, text);
	write_all(text->str, text->len);
	self->position += size;
}

/* Where the console goes on: what is missing in between is said in its place. */
static void take_place(Supervisor *self, guint64 generation, guint64 position)
{
	gboolean same = generation == self->generation;
	guint64 expected = same ? self->position : 0;
	g_autofree char *notice = NULL;

	if (self->following && position > expected) {
		notice = g_strdup_printf("\n[%" G_GUINT64_FORMAT " bytes are missing here]\n",
					 position - expected);
		write_all(notice, strlen(notice));
	}
	if (!same || position != expected)
		self->plain = (BhdPlain){0};
	self->following = TRUE;
	self->generation = generation;
	self->position = position;
}

static gboolean on_console(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *self = data;
	char text[READ_SIZE];
	gssize n = read(fd, text, sizeof(text));

	(void)condition;
	if (n > 0) {
		copy(self, text, n);
		return G_SOURCE_CONTINUE;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	self->console_source = 0;
	close(self->console);
	self->console = -1;
	/* We were too slow, or the cell was made anew; if the daemon has gone it is seen otherwise. */
	if (self->cell && !self->finishing)
		follow_console(self);
	return G_SOURCE_REMOVE;
}

static void close_console(Supervisor *self)
{
	char text[READ_SIZE];
	gssize n;

	g_clear_handle_id(&self->console_source, g_source_remove);
	while (self->console >= 0 && (n = read(self->console, text, sizeof(text))) > 0)
		copy(self, text, n);
	if (self->console >= 0)
		close(self->console);
	self->console = -1;
}

/* --- what is true ---------------------------------------------------------------------------- */

static void judge_end(Supervisor *self, const char *state)
{
	const char *reason = bh_dbus_cell_get_state_reason(self->cell);
	g_autoptr(GVariant) violation = NULL;
	const char *message = NULL;

	if (!strcmp(reason, "requested") || !strcmp(reason, "none")) {
		sd_notify(0, "READY=1\nSTATUS=The cell was stopped");
		finish(self, EXIT_REQUESTED);
		return;
	}
	if (!strcmp(reason, "by-itself")) {
		/* One that has ended well before we looked was started all the same. */
		sd_notify(0, "READY=1\nSTATUS=The cell has shut down by itself");
		finish(self, EXIT_SUCCESS);
		return;
	}
	if (!strcmp(reason, "reset")) {
		sd_notify(0, "READY=1\nSTATUS=The cell has reset itself");
		finish(self, EXIT_RESET);
		return;
	}
	violation = bh_dbus_cell_dup_last_violation(self->cell);
	if (!strcmp(reason, "violation") && violation)
		g_variant_lookup(violation, "message", "&s", &message);
	complain(self, state, message ? message : reason);
	finish(self, EXIT_FAILURE);
}

/* Whatever changes: is the cell still what it should be? */
static void judge(Supervisor *self)
{
	const char *state, *health;

	if (!self->cell || !self->launched || self->launching || self->stopping || self->finishing)
		return;
	state = bh_dbus_cell_get_state(self->cell);
	health = bh_dbus_cell_get_health(self->cell);
	/* In the middle of a restart that somebody asked for it stops for a moment. */
	if (!state || !health || *bh_dbus_cell_get_busy(self->cell))
		return;
	if (!g_str_has_prefix(state, "running")) {
		judge_end(self, state);
		return;
	}
	sd_notifyf(0, "READY=1\nSTATUS=%s, heartbeat %s", state, health);
	if (strcmp(health, "late")) {
		self->ceased = FALSE;
	} else if (!self->ceased) {
		self->ceased = TRUE;
		g_printerr("bulkhead-cell-supervisor: cell %s: the heartbeat has ceased\n",
			   self->name);
		if (sd_watchdog_enabled(0, NULL) > 0)
			sd_notify(0, "WATCHDOG=trigger");
	}
}

static void on_properties(GDBusProxy *proxy, GVariant *changed, GStrv invalidated, Supervisor *self)
{
	(void)proxy;
	(void)changed;
	(void)invalidated;
	judge(self);
}

/* As long as the daemon is away nobody knows better than that all is well. */
static gboolean on_watchdog(gpointer data)
{
	Supervisor *self = data;

	if (!self->ceased)
		sd_notify(0, "WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

/* --- calls ----------------------------------------------------------------------------------- */

/* The daemon has gone while it worked for us: the next one is asked. */
static gboolean is_absence(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static int status_for(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return !g_strcmp0(name, "org.bulkhead1.Error.InvalidConfig") ||
			       !g_strcmp0(name, "org.bulkhead1.Error.NotFound")
		       ? EXIT_CONFIG
		       : EXIT_FAILURE;
}

static void fail(Supervisor *self, const char *what, GError *error)
{
	int status = status_for(error);

	g_dbus_error_strip_remote_error(error);
	complain(self, what, error->message);
	finish(self, status);
}

static void on_stopped(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Supervisor *self = user_data;
	g_autoptr(GError) error = NULL;

	if (bh_dbus_cell_call_shutdown_finish(BH_DBUS_CELL(source), result, &error)) {
		finish(self, self->ceased ? EXIT_FAILURE : EXIT_SUCCESS);
	} else if (!is_absence(error)) {
		fail(self, "it could not be stopped", error);
	}
}

static void stop(Supervisor *self)
{
	GVariantDict options;

	/* Without the daemon: when it is there again. */
	if (!self->cell)
		return;
	g_variant_dict_init(&options, NULL);
	if (self->ceased) {
		g_variant_dict_insert(&options, "force", "b", TRUE);
		g_variant_dict_insert(&options, "heartbeat", "b", TRUE);
	} else {
		g_variant_dict_insert(&options, "timeout", "u",
				      bh_dbus_cell_get_stop_timeout(self->cell));
	}
	bh_dbus_cell_call_shutdown(self->cell, g_variant_dict_end(&options), G_DBUS_CALL_FLAGS_NONE,
				   G_MAXINT, self->cancellable, on_stopped, self);
}

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Supervisor *self = user_data;
	g_autoptr(GError) error = NULL;
	gboolean attached;

	self->launching = FALSE;
	if (!bh_dbus_cell_call_launch_finish(BH_DBUS_CELL(source), &attached, result, &error)) {
		if (!is_absence(error))
			fail(self, "it could not be started", error);
		return;
	}
	self->launched = TRUE;
	g_print("bulkhead-cell-supervisor: cell %s %s\n", self->name,
		attached ? "was running already" : "has been started");
	judge(self);
}

static void launch(Supervisor *self)
{
	GVariant *options = g_variant_new("a{sv}", NULL);

	self->launching = TRUE;
	sd_notify(0, "STATUS=Starting");
	bh_dbus_cell_call_launch(self->cell, options, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
				 self->cancellable, on_launched, self);
}

static void on_console_followed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Supervisor *self = user_data;
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) handle = NULL;
	g_autoptr(GError) error = NULL;
	guint64 generation, position;

	if (!bh_dbus_cell_call_follow_console_finish(BH_DBUS_CELL(source), &handle, &generation,
						     &position, &fds, result, &error)) {
		if (is_absence(error))
			return;
		g_printerr("bulkhead-cell-supervisor: cell %s: no console: %s\n", self->name,
			   error->message);
	} else if (fds) {
		self->console = g_unix_fd_list_get(fds, g_variant_get_handle(handle), NULL);
	}
	if (self->console >= 0) {
		take_place(self, generation, position);
		self->console_source =
			g_unix_fd_add(self->console, G_IO_IN | G_IO_HUP, on_console, self);
	}
	if (self->finishing) {
		/* All that the daemon has fits into the pipe and is there. */
		close_console(self);
		g_main_loop_quit(self->loop);
		return;
	}
	if (self->settled) {
		judge(self);
		return;
	}
	self->settled = TRUE;
	if (self->stopping)
		stop(self);
	else if (!self->launched)
		launch(self);
	else
		judge(self);
}

/* Before the cell is started, so that nothing it says is missed; later from where we are. */
static void follow_console(Supervisor *self)
{
	GVariantDict options;

	close_console(self);
	g_variant_dict_init(&options, NULL);
	if (self->following) {
		g_variant_dict_insert(&options, "generation", "t", self->generation);
		g_variant_dict_insert(&options, "position", "t", self->position);
	}
	bh_dbus_cell_call_follow_console(self->cell, g_variant_dict_end(&options),
					 G_DBUS_CALL_FLAGS_NONE, -1, NULL, self->cancellable,
					 on_console_followed, self);
}

static void on_cell(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Supervisor *self = user_data;
	g_autoptr(GError) error = NULL;
	BhDbusCell *cell = bh_dbus_cell_proxy_new_finish(result, &error);

	(void)source;
	if (!cell) {
		if (!is_absence(error))
			fail(self, "the daemon does not answer", error);
		return;
	}
	self->cell = cell;
	g_signal_connect(cell, "g-properties-changed", G_CALLBACK(on_properties), self);
	follow_console(self);
}

static void on_path(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Supervisor *self = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (!reply) {
		if (is_absence(error))
			return;
		/* A cell that is gone is a cell that is stopped. */
		if (self->stopping)
			finish(self, EXIT_SUCCESS);
		else
			fail(self, "it is not known", error);
		return;
	}
	g_free(self->path);
	g_variant_get(reply, "(o)", &self->path);
	bh_dbus_cell_proxy_new(self->connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, BUS_NAME,
			       self->path, self->cancellable, on_cell, self);
}

static void on_daemon_appeared(GDBusConnection *connection, const char *name, const char *owner,
			       gpointer data)
{
	Supervisor *self = data;

	(void)name;
	(void)owner;
	g_dbus_connection_call(connection, BUS_NAME, MANAGER_PATH, "org.bulkhead1.Manager",
			       "GetCell", g_variant_new("(sa{sv})", self->name, NULL),
			       G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
			       on_path, self);
}

static void on_daemon_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	Supervisor *self = data;

	(void)name;
	if (!connection) {
		g_printerr("bulkhead-cell-supervisor: the connection to the bus is lost\n");
		finish(self, EXIT_FAILURE);
		return;
	}
	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	self->cancellable = g_cancellable_new();
	self->launching = FALSE;
	self->settled = FALSE;
	if (self->finishing)
		g_main_loop_quit(self->loop);
	if (self->cell)
		g_signal_handlers_disconnect_by_data(self->cell, self);
	g_clear_object(&self->cell);
	close_console(self);
	if (self->launched)
		sd_notify(0, "STATUS=Running; waiting for the daemon");
}

static gboolean on_terminate(gpointer data)
{
	Supervisor *self = data;

	if (self->stopping || self->finishing)
		return G_SOURCE_CONTINUE;
	self->stopping = TRUE;
	sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
	/* A cell that is being started is stopped after that: the daemon keeps the order. */
	stop(self);
	return G_SOURCE_CONTINUE;
}

static void supervise(Supervisor *self)
{
	uint64_t interval = 0;
	guint watch;

	self->loop = g_main_loop_new(NULL, FALSE);
	self->cancellable = g_cancellable_new();
	g_unix_signal_add(SIGTERM, on_terminate, self);
	g_unix_signal_add(SIGINT, on_terminate, self);
	if (sd_watchdog_enabled(0, &interval) > 0)
		g_timeout_add(interval / 1000 / 2, on_watchdog, self);
	watch = g_bus_watch_name_on_connection(self->connection, BUS_NAME,
					       G_BUS_NAME_WATCHER_FLAGS_AUTO_START,
					       on_daemon_appeared, on_daemon_vanished, self, NULL);
	g_main_loop_run(self->loop);
	g_bus_unwatch_name(watch);
	close_console(self);
	if (self->cell)
		g_signal_handlers_disconnect_by_data(self->cell, self);
	g_clear_object(&self->cell);
	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_free(self->path);
	g_main_loop_unref(self->loop);
}

/*
 * ExecStopPost=: a supervisor that systemd had to kill could not stop its cell. One that was killed by
 * somebody else leaves it running, and the next one attaches.
 */
static int clean_up(GDBusConnection *connection, const char *name)
{
	const char *result = g_getenv("SERVICE_RESULT");
	gboolean watchdog = !g_strcmp0(result, "watchdog");
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GVariant) found = NULL;
	g_autoptr(GError) error = NULL;
	GVariantDict options;
	const char *path;

	if (!watchdog && g_strcmp0(result, "timeout"))
		return EXIT_SUCCESS;
	found = g_dbus_connection_call_sync(
		connection, BUS_NAME, MANAGER_PATH, "org.bulkhead1.Manager", "GetCell",
		g_variant_new("(sa{sv})", name, NULL), G_VARIANT_TYPE("(o)"),
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	if (found) {
		g_variant_get(found, "(&o)", &path);
		g_variant_dict_init(&options, NULL);
		g_variant_dict_insert(&options, "force", "b", TRUE);
		g_variant_dict_insert(&options, "heartbeat", "b", watchdog);
		reply = g_dbus_connection_call_sync(
			connection, BUS_NAME, path, "org.bulkhead1.Cell", "Shutdown",
			g_variant_new("(@a{sv})", g_variant_dict_end(&options)), NULL,
			G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);
	}
	if (reply)
		return EXIT_SUCCESS;
	g_printerr("bulkhead-cell-supervisor: cell %s: it could not be stopped: %s\n", name,
		   error->message);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	g_autofree char *address = NULL;
	gboolean session = FALSE, post = FALSE;
	const GOptionEntry entries[] = {
		{"session", 0, 0, G_OPTION_ARG_NONE, &session, "Use the session bus", NULL},
		{"address", 0, 0, G_OPTION_ARG_STRING, &address, "Use the bus at ADDRESS",
		 "ADDRESS"},
		{"clean-up", 0, 0, G_OPTION_ARG_NONE, &post,
		 "Stop the cell if its supervisor had to be killed", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("CELL");
	g_autoptr(GError) error = NULL;
	Supervisor self = {.console = -1};

	setlocale(LC_ALL, "");
	g_option_context_set_summary(context, "The main process of bulkhead-cell@CELL.service.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2) {
		g_printerr("bulkhead-cell-supervisor: %s\n",
			   error ? error->message : "give the name of one cell");
		return 2;
	}
	self.name = argv[1];
	if (address)
		self.connection = g_dbus_connection_new_for_address_sync(
			address,
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			NULL, NULL, &error);
	else
		self.connection = g_bus_get_sync(session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
						 NULL, &error);
	if (!self.connection) {
		g_printerr("bulkhead-cell-supervisor: %s\n", error->message);
		return EXIT_FAILURE;
	}
	g_dbus_connection_set_exit_on_close(self.connection, FALSE);
	if (post)
		self.status = clean_up(self.connection, self.name);
	else
		supervise(&self);
	g_object_unref(self.connection);
	return self.status;
}
