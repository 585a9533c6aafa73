// SPDX-License-Identifier: GPL-2.0-or-later
/* The methods of a cell: from arguments to operations, and from their results to answers. */

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bhd-cell-private.h"
#include "bhd-error.h"
#include "bhd-options.h"

/* A call that is answered later. */
typedef struct {
	BhdCell *self;
	GDBusMethodInvocation *invocation;
	BhdOperation *next; /* what follows when systemd is done; NULL: nothing */
} Call;

static Call *call_new(BhdCell *self, GDBusMethodInvocation *invocation)
{
	Call *call = g_new0(Call, 1);

	call->self = g_object_ref(self);
	call->invocation = invocation;
	return call;
}

static void call_free(Call *call)
{
	g_clear_pointer(&call->next, bhd_operation_free);
	g_object_unref(call->self);
	g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

static void on_operated(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;

	(void)source;
	if (bhd_daemon_operate_finish(result, NULL, &error))
		g_dbus_method_invocation_return_value(call->invocation, NULL);
	else
		bhd_error_return(call->invocation, error);
}

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	gboolean attached = FALSE;
	GError *error = NULL;

	(void)source;
	if (bhd_daemon_operate_finish(result, &attached, &error))
		bh_dbus_cell_complete_launch(BH_DBUS_CELL(call->self), call->invocation, attached);
	else
		bhd_error_return(call->invocation, error);
}

static gboolean operate(BhdCell *self, GDBusMethodInvocation *invocation, BhdOperation *operation,
			gint64 ask)
{
	bhd_daemon_operate(self->daemon, operation, ask, invocation, on_operated,
			   call_new(self, invocation));
	return TRUE;
}

static gboolean operate_plainly(BhDbusCell *object, GDBusMethodInvocation *invocation,
				GVariant *options, BhdOperationKind kind)
{
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	return operate(self, invocation, bhd_operation_new(kind, self->name), -1);
}

static gboolean handle_create(BhDbusCell *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	return operate_plainly(object, invocation, options, BHD_OPERATION_CREATE);
}

static gboolean handle_load(BhDbusCell *object, GDBusMethodInvocation *invocation,
			    GVariant *options)
{
	return operate_plainly(object, invocation, options, BHD_OPERATION_LOAD);
}

/* Only what cannot change under our hands, or ordinary files, whose bytes the module copies at once. */
static gboolean check_image(int fd, GError **error)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
	g_autofree char *target = g_file_read_link(link, NULL);
	const int sealed = F_SEAL_WRITE | F_SEAL_SHRINK;
	int mode = fcntl(fd, F_GETFL);
	struct stat status;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			    "the image is not a regular file");
	else if (mode < 0 || mode & O_PATH || (mode & O_ACCMODE) == O_WRONLY)
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			    "the image is not open for reading");
	else if (!status.st_size)
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT, "the image is empty");
	else if (target && g_str_has_prefix(target, "/memfd:") &&
		 (fcntl(fd, F_GET_SEALS) & sealed) != sealed)
		g_set_error(
			error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			"the image is a memfd that is not sealed against writing and shrinking");
	else
		return TRUE;
	return FALSE;
}

static int take_fd(GUnixFDList *list, GVariant *handle, GError **error)
{
	gint32 index = g_variant_get_handle(handle);
	int fd;

	if (!list || index < 0 || index >= g_unix_fd_list_get_length(list)) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			    "there is no file descriptor with the call");
		return -1;
	}
	fd = g_unix_fd_list_get(list, index, error);
	if (fd >= 0 && !check_image(fd, error)) {
		close(fd);
		return -1;
	}
	return fd;
}

static gboolean handle_load_image(BhDbusCell *object, GDBusMethodInvocation *invocation,
				  GUnixFDList *fds, GVariant *image, guint64 address,
				  GVariant *options)
{
	g_autoptr(BhdOperation) operation = NULL;
	g_autofree char *format = g_strdup("raw");
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "format", "s", &format, NULL))
		return bhd_error_return(invocation, error);
	operation = bhd_operation_new(BHD_OPERATION_LOAD_IMAGE, self->name);
	operation->image.address = address;
	if (!strcmp(format, "raw"))
		operation->image.type = BH_IMAGE_RAW;
	else if (!strcmp(format, "elf"))
		operation->image.type = BH_IMAGE_ELF;
	else
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
				    "\"%.32s\" is no format: use \"raw\" or \"elf\"", format));
	operation->image.fd = take_fd(fds, image, &error);
	if (operation->image.fd < 0)
		return bhd_error_return(invocation, error);
	return operate(self, invocation, g_steal_pointer(&operation), -1);
}

/* Says what went wrong in the unit, if it was we who know; else what systemd says. */
static GError *explain(BhdCell *self, GError *error)
{
	if (!self->error || error->code == BHD_ERROR_CANCELLED)
		return error;
	g_error_free(error);
	return g_error_copy(self->error);
}

static void on_unit_started(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;

	(void)source;
	if (bhd_systemd_run_job_finish(result, &error))
		g_dbus_method_invocation_return_value(call->invocation, NULL);
	else
		bhd_error_return(call->invocation, explain(call->self, error));
}

static void start_unit(BhdCell *self, GDBusMethodInvocation *invocation, const char *verb)
{
	BhdSystemd *systemd = bhd_daemon_get_systemd(self->daemon);
	g_autoptr(BhdOperation) trial = bhd_operation_new(BHD_OPERATION_START, self->name);
	GError *error = NULL;

	/* What is certain to fail fails here, with its reason. */
	if (!bhd_cell_runs(self) && !bhd_cell_compile(self, trial, &error)) {
		bhd_error_return(invocation, error);
		return;
	}
	if (!bhd_snapshot_is_enabled(bhd_daemon_get_snapshot(self->daemon))) {
		bhd_error_return(invocation,
				 g_error_new(BHD_ERROR, BHD_ERROR_WRONG_STATE,
					     "Bulkhead is not enabled: enable it first"));
		return;
	}
	g_clear_error(&self->error);
	bhd_systemd_run_job(systemd, verb, self->unit, on_unit_started, call_new(self, invocation));
}

static gboolean handle_start(BhDbusCell *object, GDBusMethodInvocation *invocation,
			     GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	gboolean load = TRUE, direct;
	BhdOperation *operation;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "load", "b", &load, NULL))
		return bhd_error_return(invocation, error);
	direct = g_variant_n_children(options) > 0;
	if (bhd_daemon_get_systemd(self->daemon) && !direct) {
		start_unit(self, invocation, "StartUnit");
		return TRUE;
	}
	operation = bhd_operation_new(BHD_OPERATION_START, self->name);
	operation->no_load = !load;
	return operate(self, invocation, operation, -1);
}

static BhdOperation *stop_operation(BhdCell *self, BhdOperationKind kind, gboolean force)
{
	BhdOperation *operation = bhd_operation_new(kind, self->name);

	operation->force = force;
	return operation;
}

static gboolean read_stop_options(GVariant *options, gboolean *force, gint64 *ask, GError **error)
{
	guint timeout = 0;
	g_autoptr(GVariant) given = g_variant_lookup_value(options, "timeout", NULL);

	*force = FALSE;
	if (!bhd_options_read(options, error, "force", "b", force, "timeout", "u", &timeout, NULL))
		return FALSE;
	*ask = given ? (gint64)timeout : -1;
	return TRUE;
}

static void on_unit_stopped(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Call *call = user_data;
	g_autoptr(GError) error = NULL;

	(void)source;
	if (!bhd_systemd_run_job_finish(result, &error) &&
	    g_error_matches(error, BHD_ERROR, BHD_ERROR_CANCELLED)) {
		bhd_error_return(call->invocation, g_steal_pointer(&error));
		call_free(call);
		return;
	}
	/* The unit may not have been active, or not have managed it: the cell is stopped whatever it says. */
	bhd_daemon_operate(call->self->daemon, g_steal_pointer(&call->next), -1, call->invocation,
			   on_operated, call);
}

static gboolean handle_stop(BhDbusCell *object, GDBusMethodInvocation *invocation,
			    GVariant *options)
{
	BhdSystemd *systemd = bhd_daemon_get_systemd(BHD_CELL(object)->daemon);
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;
	gboolean force;
	gint64 ask;
	Call *call;

	if (!read_stop_options(options, &force, &ask, &error))
		return bhd_error_return(invocation, error);
	if (!systemd || force || ask >= 0 || !bhd_cell_runs(self))
		return operate(self, invocation, stop_operation(self, BHD_OPERATION_STOP, force),
			       ask);
	call = call_new(self, invocation);
	call->next = stop_operation(self, BHD_OPERATION_STOP, FALSE);
	call->next->lenient = TRUE;
	bhd_systemd_run_job(systemd, "StopUnit", self->unit, on_unit_stopped, call);
	return TRUE;
}

static gboolean handle_restart(BhDbusCell *object, GDBusMethodInvocation *invocation,
			       GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;
	gboolean force;
	gint64 ask;

	if (!read_stop_options(options, &force, &ask, &error))
		return bhd_error_return(invocation, error);
	if (bhd_daemon_get_systemd(self->daemon) && !force && ask < 0) {
		start_unit(self, invocation, "RestartUnit");
		return TRUE;
	}
	return operate(self, invocation, stop_operation(self, BHD_OPERATION_RESTART, force), ask);
}

static gboolean handle_destroy(BhDbusCell *object, GDBusMethodInvocation *invocation,
			       GVariant *options)
{
	gboolean force = FALSE;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "force", "b", &force, NULL))
		return bhd_error_return(invocation, error);
	return operate(BHD_CELL(object), invocation,
		       stop_operation(BHD_CELL(object), BHD_OPERATION_DESTROY, force), -1);
}

static gboolean handle_launch(BhDbusCell *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	bhd_daemon_operate(self->daemon, bhd_operation_new(BHD_OPERATION_START, self->name), -1,
			   invocation, on_launched, call_new(self, invocation));
	return TRUE;
}

static gboolean handle_shutdown(BhDbusCell *object, GDBusMethodInvocation *invocation,
				GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	gboolean force = FALSE, heartbeat = FALSE;
	BhdOperation *operation;
	guint timeout = 0;
	GError *error = NULL;
	g_autoptr(GVariant) given = g_variant_lookup_value(options, "timeout", NULL);

	if (!bhd_options_read(options, &error, "force", "b", &force, "timeout", "u", &timeout,
			      "heartbeat", "b", &heartbeat, NULL))
		return bhd_error_return(invocation, error);
	operation = stop_operation(self, BHD_OPERATION_STOP, force);
	operation->lenient = TRUE;
	if (heartbeat)
		self->cause = "heartbeat";
	return operate(self, invocation, operation, given ? (gint64)timeout : -1);
}

/* In a list of its own; closes it. */
static GUnixFDList *list_fd(int fd, GError **error)
{
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	int index = fd < 0 ? -1 : g_unix_fd_list_append(list, fd, error);

	if (fd >= 0)
		close(fd);
	return index < 0 ? NULL : g_steal_pointer(&list);
}

static gboolean handle_open_console(BhDbusCell *object, GDBusMethodInvocation *invocation,
				    GUnixFDList *fds, GVariant *options)
{
	g_autoptr(GUnixFDList) reply = NULL;
	BhdCell *self = BHD_CELL(object);
	gboolean from_start = FALSE;
	GError *error = NULL;

	(void)fds;
	if (!bhd_options_read(options, &error, "from-start", "b", &from_start, NULL))
		return bhd_error_return(invocation, error);
	reply = list_fd(bhd_stream_open_terminal(self->console, from_start, &error), &error);
	if (!reply)
		return bhd_error_return(invocation, error);
	bh_dbus_cell_complete_open_console(object, invocation, reply, g_variant_new_handle(0));
	return TRUE;
}

static gboolean handle_follow_console(BhDbusCell *object, GDBusMethodInvocation *invocation,
				      GUnixFDList *fds, GVariant *options)
{
	g_autoptr(GVariant) given = g_variant_lookup_value(options, "position", NULL);
	g_autoptr(GUnixFDList) reply = NULL;
	BhdStreamPlace place = {.given = given != NULL};
	GError *error = NULL;

	(void)fds;
	if (!bhd_options_read(options, &error, "generation", "t", &place.generation, "position",
			      "t", &place.position, NULL))
		return bhd_error_return(invocation, error);
	reply = list_fd(bhd_stream_follow(BHD_CELL(object)->console, &place, &error), &error);
	if (!reply)
		return bhd_error_return(invocation, error);
	bh_dbus_cell_complete_follow_console(object, invocation, reply, g_variant_new_handle(0),
					     place.generation, place.position);
	return TRUE;
}

static gboolean handle_read_log(BhDbusCell *object, GDBusMethodInvocation *invocation,
				GVariant *options)
{
	guint maximum = G_MAXUINT;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "maximum", "u", &maximum, NULL))
		return bhd_error_return(invocation, error);
	bh_dbus_cell_complete_read_log(object, invocation,
				       bhd_stream_tail(BHD_CELL(object)->console, maximum));
	return TRUE;
}

static gboolean handle_read_file(BhDbusCell *object, GDBusMethodInvocation *invocation,
				 GVariant *options)
{
	BhdConfig *config = bhd_daemon_get_config(BHD_CELL(object)->daemon);
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;
	const char *text;
	gsize length;

	if (!bhd_options_read(options, &error, NULL) || !bhd_config_reload(config, &error))
		return bhd_error_return(invocation, error);
	if (!self->config)
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_NOT_FOUND,
						    "the cell \"%s\" has no file", self->name));
	text = bh_cell_file_get_text(self->config->file, &length);
	if (!g_utf8_validate(text, length, NULL))
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_INVALID_CONFIG,
						    "%s is not UTF-8 text: correct it with an "
						    "editor",
						    self->config->path));
	bh_dbus_cell_complete_read_file(object, invocation, text, bhd_config_get_serial(config));
	return TRUE;
}

/* --- autostart ------------------------------------------------------------------------------- */

static void on_autostart(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BhdCell) self = user_data;
	g_autofree char *state = bhd_systemd_get_file_state_finish(result, NULL);

	(void)source;
	bh_dbus_cell_set_autostart(BH_DBUS_CELL(self), state ? state : "unavailable");
}

void bhd_cell_update_autostart(BhdCell *self)
{
	BhdSystemd *systemd = bhd_daemon_get_systemd(self->daemon);

	if (systemd)
		bhd_systemd_get_file_state(systemd, self->unit, on_autostart, g_object_ref(self));
}

static void on_autostart_set(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;

	(void)source;
	if (bhd_systemd_set_enabled_finish(result, &error))
		g_dbus_method_invocation_return_value(call->invocation, NULL);
	else
		bhd_error_return(call->invocation, error);
	bhd_cell_update_autostart(call->self);
}

static gboolean handle_set_autostart(BhDbusCell *object, GDBusMethodInvocation *invocation,
				     gboolean enabled, GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	BhdSystemd *systemd = bhd_daemon_get_systemd(self->daemon);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	if (!systemd)
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_NOT_SUPPORTED,
						    "there is no systemd here: nothing can be "
						    "started at boot"));
	bhd_systemd_set_enabled(systemd, self->unit, enabled, on_autostart_set,
				call_new(self, invocation));
	return TRUE;
}

void bhd_cell_methods_init(BhDbusCellIface *iface)
{
	iface->handle_create = handle_create;
	iface->handle_load = handle_load;
	iface->handle_load_image = handle_load_image;
	iface->handle_start = handle_start;
	iface->handle_stop = handle_stop;
	iface->handle_restart = handle_restart;
	iface->handle_destroy = handle_destroy;
	iface->handle_launch = handle_launch;
	iface->handle_shutdown = handle_shutdown;
	iface->handle_open_console = handle_open_console;
	iface->handle_follow_console = handle_follow_console;
	iface->handle_read_log = handle_read_log;
	iface->handle_read_file = handle_read_file;
	iface->handle_get_stats = bhd_cell_handle_get_stats;
	iface->handle_set_autostart = handle_set_autostart;
}
