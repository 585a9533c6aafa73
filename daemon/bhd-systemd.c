// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-error.h"
#include "bhd-systemd.h"

#define BUS_NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

struct _BhdSystemd {
	GObject parent;
	GDBusConnection *connection;
	guint removed, files;
	GHashTable *waiting; /* job path → GTask */
	GHashTable *results; /* job path → result, of jobs that ended before we learnt their path */
	guint asking; /* calls whose job's path is not known yet */
};

G_DEFINE_FINAL_TYPE(BhdSystemd, bhd_systemd, G_TYPE_OBJECT)

static guint signal_files_changed;

char *bhd_systemd_unit_name(const char *cell)
{
	return g_strdup_printf("bulkhead-cell@%s.service", cell);
}

static void call(BhdSystemd *self, const char *method, GVariant *arguments, const char *reply,
		 GAsyncReadyCallback done, gpointer user_data)
{
	g_dbus_connection_call(self->connection, BUS_NAME, PATH, MANAGER, method, arguments,
			       G_VARIANT_TYPE(reply), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, done,
			       user_data);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static void finish_job(GTask *task, const char *result)
{
	const char *unit = g_task_get_task_data(task);

	if (!strcmp(result, "done") || !strcmp(result, "skipped"))
		g_task_return_boolean(task, TRUE);
	else if (!strcmp(result, "canceled"))
		g_task_return_new_error(task, BHD_ERROR, BHD_ERROR_CANCELLED,
					"systemd has cancelled the job of %s, as another one "
					"contradicts it",
					unit);
	else
		g_task_return_new_error(task, BHD_ERROR, BHD_ERROR_FAILED,
					"systemd says of %s: %s; see journalctl -u %s", unit,
					result, unit);
	g_object_unref(task);
}

static void on_job_removed(GDBusConnection *connection, const char *sender, const char *path,
			   const char *interface, const char *signal, GVariant *parameters,
			   gpointer data)
{
	const char *job, *result;
	BhdSystemd *self = data;
	GTask *task;

	(void)connection;
	(void)sender;
	(void)path;
	(void)interface;
	(void)signal;
	g_variant_get(parameters, "(u&o&s&s)", NULL, &job, NULL, &result);
	task = g_hash_table_lookup(self->waiting, job);
	if (task) {
		g_hash_table_remove(self->waiting, job);
		finish_job(task, result);
	} else if (self->asking) {
		g_hash_table_insert(self->results, g_strdup(job), g_strdup(result));
	}
}

static void on_job_made(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GTask *task = user_data;
	BhdSystemd *self = g_task_get_source_object(task);
	g_autoptr(GVariant) reply = NULL;
	GError *error = NULL;
	const char *job, *ended;

	self->asking--;
	reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	if (!reply) {
		g_task_return_error(task, bhd_error_translate(error));
		g_object_unref(task);
		return;
	}
	g_variant_get(reply, "(&o)", &job);
	ended = g_hash_table_lookup(self->results, job);
	if (ended)
		finish_job(task, ended);
	else
		g_hash_table_insert(self->waiting, g_strdup(job), task);
	if (!self->asking)
		g_hash_table_remove_all(self->results);
}

void bhd_systemd_run_job(BhdSystemd *self, const char *verb, const char *unit,
			 GAsyncReadyCallback done, gpointer user_data)
{
	GTask *task = g_task_new(self, NULL, done, user_data);

	g_task_set_source_tag(task, bhd_systemd_run_job);
	g_task_set_task_data(task, g_strdup(unit), g_free);
	self->asking++;
	call(self, verb, g_variant_new("(ss)", unit, "replace"), "(o)", on_job_made, task);
}

gboolean bhd_systemd_run_job_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

/* --- unit files ------------------------------------------------------------------------------ */

static void on_unit_files_changed(GDBusConnection *connection, const char *sender, const char *path,
				  const char *interface, const char *signal, GVariant *parameters,
				  gpointer data)
{
	(void)connection;
	(void)sender;
	(void)path;
	(void)interface;
	(void)signal;
	(void)parameters;
	g_signal_emit(data, signal_files_changed, 0);
}

static void on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GTask) task = user_data;
	GError *error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (reply)
		g_task_return_boolean(task, TRUE);
	else
		g_task_return_error(task, bhd_error_translate(error));
}

static void on_enabled(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GTask *task = user_data;
	BhdSystemd *self = g_task_get_source_object(task);
	GError *error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (reply) {
		call(self, "Reload", NULL, "()", on_reloaded, task);
		return;
	}
	g_task_return_error(task, bhd_error_translate(error));
	g_object_unref(task);
}

void bhd_systemd_reload(BhdSystemd *self, GAsyncReadyCallback done, gpointer user_data)
{
	call(self, "Reload", NULL, "()", on_reloaded, g_task_new(self, NULL, done, user_data));
}

gboolean bhd_systemd_reload_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

void bhd_systemd_set_enabled(BhdSystemd *self, const char *unit, gboolean enabled,
			     GAsyncReadyCallback done, gpointer user_data)
{
	const char *const units[] = {unit, NULL};
	GTask *task = g_task_new(self, NULL, done, user_data);

	if (enabled)
		call(self, "EnableUnitFiles", g_variant_new("(^asbb)", units, FALSE, FALSE),
		     "(ba(sss))", on_enabled, task);
	else
		call(self, "DisableUnitFiles", g_variant_new("(^asb)", units, FALSE), "(a(sss))",
		     on_enabled, task);
}

gboolean bhd_systemd_set_enabled_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

static void on_file_state(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GTask) task = user_data;
	GError *error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	char *state;

	if (!reply) {
		g_task_return_error(task, bhd_error_translate(error));
		return;
	}
	g_variant_get(reply, "(s)", &state);
	g_task_return_pointer(task, state, g_free);
}

void bhd_systemd_get_file_state(BhdSystemd *self, const char *unit, GAsyncReadyCallback done,
				gpointer user_data)
{
	call(self, "GetUnitFileState", g_variant_new("(s)", unit), "(s)", on_file_state,
	     g_task_new(self, NULL, done, user_data));
}

char *bhd_systemd_get_file_state_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

/* --- life ------------------------------------------------------------------------------------ */

static void bhd_systemd_finalize(GObject *object)
{
	BhdSystemd *self = BHD_SYSTEMD(object);

	g_dbus_connection_signal_unsubscribe(self->connection, self->removed);
	g_dbus_connection_signal_unsubscribe(self->connection, self->files);
	g_hash_table_unref(self->waiting);
	g_hash_table_unref(self->results);
	g_object_unref(self->connection);
	G_OBJECT_CLASS(bhd_systemd_parent_class)->finalize(object);
}

static void bhd_systemd_class_init(BhdSystemdClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_systemd_finalize;
	signal_files_changed = g_signal_new("unit-files-changed", BHD_TYPE_SYSTEMD,
					    G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void bhd_systemd_init(BhdSystemd *self)
{
	self->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->results = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

BhdSystemd *bhd_systemd_new(GDBusConnection *connection)
{
	BhdSystemd *self = g_object_new(BHD_TYPE_SYSTEMD, NULL);

	self->connection = g_object_ref(connection);
	self->removed = g_dbus_connection_signal_subscribe(
		connection, BUS_NAME, MANAGER, "JobRemoved", PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
		on_job_removed, self, NULL);
	self->files = g_dbus_connection_signal_subscribe(
		connection, BUS_NAME, MANAGER, "UnitFilesChanged", PATH, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, on_unit_files_changed, self, NULL);
	/* Without it systemd sends no signals. */
	g_dbus_connection_call(connection, BUS_NAME, PATH, MANAGER, "Subscribe", NULL, NULL,
			       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
	return self;
}
