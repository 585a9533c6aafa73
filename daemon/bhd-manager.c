// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gstdio.h>
#include "bh-import.h"
#include "bh-validate.h"
#include "bhd-cell.h"
#include "bhd-error.h"
#include "bhd-job.h"
#include "bhd-machine.h"
#include "bhd-manager.h"
#include "bhd-options.h"

#define CONFIRM_SECONDS 60
#define CONFIRM_SECONDS_MAX 86400
#define IMPORT_MAX (1 << 20)

struct _BhdManager {
	BhDbusManagerSkeleton parent;
	BhdDaemon *daemon; /* outlives it */
	BhdChange *change;
	char *note; /* a file that is there as long as cells are destroyed to disable */
};

static void manager_iface_init(BhDbusManagerIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhdManager, bhd_manager, BH_DBUS_TYPE_MANAGER_SKELETON,
			      G_IMPLEMENT_INTERFACE(BH_DBUS_TYPE_MANAGER, manager_iface_init))

void bhd_manager_update(BhdManager *self)
{
	const BhdSnapshot *snapshot = bhd_daemon_get_snapshot(self->daemon);
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	g_auto(GStrv) unconfirmed = bhd_change_get_cells(self->change);
	BhDbusManager *object = BH_DBUS_MANAGER(self);
	const char *state = bhd_daemon_get_transition(self->daemon);

	if (!state)
		state = !snapshot || !snapshot->present	    ? "absent"
			: bhd_snapshot_is_enabled(snapshot) ? "enabled"
							    : "disabled";
	bh_dbus_manager_set_state(object, state);
	bh_dbus_manager_set_backend(object, bhd_daemon_get_backend_name(self->daemon));
	bh_dbus_manager_set_serial(object, bhd_config_get_serial(config));
	bh_dbus_manager_set_unconfirmed(object, (const char *const *)unconfirmed);
	bh_dbus_manager_set_unconfirmed_until(object, bhd_change_get_until(self->change));
}

/* --- enable and disable ---------------------------------------------------------------------- */

typedef struct {
	BhdManager *self;
	GDBusMethodInvocation *invocation;
	BhdJob *job;
	guint64 memory;
	struct bh_range reserved;
	gboolean force;
	GError *error;
} Switch;

static Switch *switch_new(BhdManager *self, GDBusMethodInvocation *invocation,
			  const char *operation, const char *state)
{
	Switch *data = g_new0(Switch, 1);

	data->self = g_object_ref(self);
	data->invocation = invocation; /* NULL: nobody asked */
	data->job = bhd_job_new(self->daemon, operation, BHD_MANAGER_PATH, invocation);
	bhd_daemon_set_transition(self->daemon, state);
	return data;
}

/* At the beginning of each step: the place where it can be cancelled. */
static gboolean step(Switch *data, const char *phase, double progress, GError **error)
{
	GCancellable *cancellable = bhd_job_get_cancellable(data->job);

	if (g_cancellable_set_error_if_cancelled(cancellable, error))
		return FALSE;
	bhd_job_set_phase(data->job, phase, progress);
	return TRUE;
}

static gboolean done(int status, const struct bh_device_error *device, GError **error)
{
	if (status)
		bhd_error_set_device(error, device);
	return !status;
}

static gboolean do_enable(struct bh_backend *backend, gpointer user_data, GCancellable *cancellable,
			  GError **error)
{
	struct bh_device_error device = {0};
	g_autofree struct bh_info *info = g_new0(struct bh_info, 1);
	Switch *data = user_data;

	(void)cancellable;
	if (!backend->ops->info(backend, info, &device) && info->state == BH_STATE_ENABLED)
		return TRUE;
	return step(data, "enabling", 0, error) &&
	       done(backend->ops->enable(backend, data->memory,
					 data->reserved.size ? &data->reserved : NULL, &device),
		    &device, error);
}

/* First all are stopped, or one that allows no change of cells would keep the others. */
static gboolean destroy_cells(Switch *data, struct bh_backend *backend, const struct bh_info *info,
			      double steps, GError **error)
{
	struct bh_device_error device = {0};
	guint so_far = 0;

	for (guint i = 1; i < info->cell_count; i++)
		if (!step(data, "stopping", so_far++ / steps, error) ||
		    !done(backend->ops->stop(backend, info->cell[i].id, true, &device), &device,
			  error))
			return FALSE;
	for (guint i = 1; i < info->cell_count; i++)
		if (!step(data, "destroying", so_far++ / steps, error) ||
		    !done(backend->ops->destroy(backend, info->cell[i].id, true, &device), &device,
			  error))
			return FALSE;
	return TRUE;
}

static gboolean do_disable(struct bh_backend *backend, gpointer user_data,
			   GCancellable *cancellable, GError **error)
{
	struct bh_device_error device = {0};
	g_autofree struct bh_info *info = g_new0(struct bh_info, 1);
	Switch *data = user_data;
	guint before = 0; /* steps */
	gboolean good;
	double steps;

	(void)cancellable;
	if (!done(backend->ops->info(backend, info, &device), &device, error))
		return FALSE;
	if (info->state == BH_STATE_DISABLED)
		return TRUE;
	if (data->force)
		before = 2 * (info->cell_count - 1);
	steps = before + 2;
	if (before)
		g_file_set_contents(data->self->note, "", 0, NULL);
	good = (!before || destroy_cells(data, backend, info, steps, error)) &&
	       step(data, "disabling", before / steps, error) &&
	       done(backend->ops->disable(backend, data->force, &device), &device, error);
	g_unlink(data->self->note);
	return good;
}

static void on_switch_seen(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Switch *data = user_data;

	(void)source;
	bhd_daemon_refresh_finish(result, NULL);
	bhd_daemon_set_transition(data->self->daemon, NULL);
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(data->self));
	bhd_job_finish(data->job, data->error);
	if (data->error && data->invocation)
		g_dbus_method_invocation_take_error(data->invocation,
						    g_steal_pointer(&data->error));
	else if (data->invocation)
		g_dbus_method_invocation_return_value(data->invocation, NULL);
	g_clear_error(&data->error);
	g_object_unref(data->job);
	g_object_unref(data->self);
	g_free(data);
}

static void on_switched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Switch *data = user_data;

	(void)source;
	if (!bhd_worker_finish(result, &data->error))
		data->error = bhd_error_translate(data->error);
	bhd_job_set_reading(data->job);
	bhd_daemon_refresh(data->self->daemon, on_switch_seen, data);
}

static gboolean handle_enable(BhDbusManager *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	g_autoptr(GVariant) reserved = NULL;
	struct bh_range range = {0};
	guint64 memory = 0;
	GError *error = NULL;
	Switch *data;

	if (!bhd_options_read(options, &error, "memory", "t", &memory, "reserved", "(tt)",
			      &reserved, NULL))
		return bhd_error_return(invocation, error);
	if (reserved)
		g_variant_get(reserved, "(tt)", &range.start, &range.size);
	if (reserved && (!range.size || range.start + range.size < range.start))
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
						    "the reserved range is empty or wraps around"));
	data = switch_new(self, invocation, "enable", "enabling");
	data->memory = memory;
	data->reserved = range;
	bhd_worker_run(bhd_daemon_get_worker(self->daemon), do_enable, data,
		       bhd_job_get_cancellable(data->job), on_switched, data);
	return TRUE;
}

static void disable(BhdManager *self, GDBusMethodInvocation *invocation, gboolean force)
{
	Switch *data = switch_new(self, invocation, "disable", "disabling");

	data->force = force;
	bhd_worker_run(bhd_daemon_get_worker(self->daemon), do_disable, data,
		       bhd_job_get_cancellable(data->job), on_switched, data);
}

void bhd_manager_recover(BhdManager *self)
{
	if (g_unlink(self->note) || !bhd_snapshot_is_enabled(bhd_daemon_get_snapshot(self->daemon)))
		return;
	g_message("Bulkhead was being disabled by force when the daemon was killed: that goes on");
	disable(self, NULL, TRUE);
}

static gboolean handle_disable(BhDbusManager *object, GDBusMethodInvocation *invocation,
			       GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	gboolean force = FALSE;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "force", "b", &force, NULL))
		return bhd_error_return(invocation, error);
	disable(self, invocation, force);
	return TRUE;
}

/* --- configuration --------------------------------------------------------------------------- */

static gint compare_findings(gconstpointer a, gconstpointer b)
{
	const BhFinding *const *first = a, *const *second = b;

	return (gint)(*second)->severity - (gint)(*first)->severity;
}

/* Worst first; else in the order of @findings. */
static GVariant *list_findings(GPtrArray *findings, const char *cell)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	GVariantBuilder builder;

	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];

		if (!cell || !g_strcmp0(finding->cell, cell) || !g_strcmp0(finding->owner, cell))
			g_ptr_array_add(sorted, findings->pdata[i]);
	}
	/* Stable, as GLib's array sort is a merge sort. */
	g_ptr_array_sort(sorted, compare_findings);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < sorted->len; i++)
		g_variant_builder_add_value(&builder, bh_finding_to_variant(sorted->pdata[i]));
	return g_variant_builder_end(&builder);
}

static gboolean handle_validate(BhDbusManager *object, GDBusMethodInvocation *invocation,
				GVariant *changes, GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	g_autoptr(GPtrArray) findings = NULL;
	g_autoptr(BhCellSet) set = NULL;
	g_autofree char *cell = NULL;
	gboolean machine = TRUE;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "cell", "s", &cell, "machine", "b", &machine, NULL))
		return bhd_error_return(invocation, error);
	set = bhd_config_propose(config, changes, &error);
	if (!set)
		return bhd_error_return(invocation, error);
	if (cell && !bh_cell_set_find(set, cell))
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_NOT_FOUND,
						    "there is no cell \"%.40s\"", cell));
	findings = bh_validate(set, NULL, machine ? bhd_daemon_get_machine(self->daemon) : NULL);
	bh_dbus_manager_complete_validate(object, invocation, list_findings(findings, cell),
					  bhd_config_get_serial(config));
	return TRUE;
}

/* A call that is answered later. */
typedef struct {
	BhdManager *self;
	GDBusMethodInvocation *invocation;
} Call;

static Call *call_new(BhdManager *self, GDBusMethodInvocation *invocation)
{
	Call *call = g_new(Call, 1);

	call->self = g_object_ref(self);
	call->invocation = invocation;
	return call;
}

static void call_free(Call *call)
{
	g_object_unref(call->self);
	g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

static guint64 serial_now(BhdManager *self)
{
	return bhd_config_get_serial(bhd_daemon_get_config(self->daemon));
}

static void on_applied(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;
	g_autoptr(GPtrArray) findings = bhd_change_apply_finish(result, &error);

	(void)source;
	if (!findings) {
		bhd_error_return(call->invocation, error);
		return;
	}
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(call->self));
	bh_dbus_manager_complete_apply(BH_DBUS_MANAGER(call->self), call->invocation,
				       list_findings(findings, NULL), serial_now(call->self));
}

static gboolean handle_apply(BhDbusManager *object, GDBusMethodInvocation *invocation,
			     GVariant *changes, guint64 serial, const char *mode, GVariant *options)
{
	static const char *const modes[] = {"verify", "until-confirmed", "persistent"};
	BhdManager *self = BHD_MANAGER(object);
	guint timeout = CONFIRM_SECONDS, which = 0;
	gboolean restart = FALSE;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "timeout", "u", &timeout, "restart", "b", &restart,
			      NULL))
		return bhd_error_return(invocation, error);
	while (which < G_N_ELEMENTS(modes) && strcmp(modes[which], mode))
		which++;
	if (which == G_N_ELEMENTS(modes))
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
				    "\"%.32s\" is no mode: use \"verify\", \"until-confirmed\" or "
				    "\"persistent\"",
				    mode));
	if (!timeout || timeout > CONFIRM_SECONDS_MAX)
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
				    "the time to confirm is %u seconds, it must be between 1 and "
				    "%u",
				    timeout, CONFIRM_SECONDS_MAX));
	bhd_change_apply(self->change, changes, serial, (BhdChangeMode)which, timeout, restart,
			 invocation, on_applied, call_new(self, invocation));
	return TRUE;
}

static void on_confirmed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;

	(void)source;
	if (!bhd_change_confirm_finish(result, &error)) {
		bhd_error_return(call->invocation, error);
		return;
	}
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(call->self));
	bh_dbus_manager_complete_confirm(BH_DBUS_MANAGER(call->self), call->invocation);
}

static gboolean handle_confirm(BhDbusManager *object, GDBusMethodInvocation *invocation,
			       guint64 serial, GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	bhd_change_confirm(self->change, serial, on_confirmed, call_new(self, invocation));
	return TRUE;
}

static void on_reverted(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;
	GError *error = NULL;

	(void)source;
	if (bhd_change_revert_finish(result, &error))
		bh_dbus_manager_complete_revert(BH_DBUS_MANAGER(call->self), call->invocation,
						serial_now(call->self));
	else
		bhd_error_return(call->invocation, error);
}

static gboolean handle_revert(BhDbusManager *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	bhd_change_revert(self->change, invocation, on_reverted, call_new(self, invocation));
	return TRUE;
}

static gboolean handle_import(BhDbusManager *object, GDBusMethodInvocation *invocation,
			      GVariant *data, GVariant *options)
{
	g_autoptr(BhImported) imported = NULL;
	g_autoptr(GError) wrong = NULL;
	g_autoptr(GBytes) bytes = NULL;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	if (g_variant_get_size(data) > IMPORT_MAX)
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
						    "the file has %" G_GSIZE_FORMAT
						    " bytes, no cell file has more than %u",
						    g_variant_get_size(data), IMPORT_MAX));
	bytes = g_variant_get_data_as_bytes(data);
	imported = bh_import(bytes, "the file", &wrong);
	if (!imported)
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT, "%s", wrong->message));
	bh_dbus_manager_complete_import(object, invocation, imported->text);
	return TRUE;
}

/* --- looking --------------------------------------------------------------------------------- */

static gboolean handle_check_machine(BhDbusManager *object, GDBusMethodInvocation *invocation,
				     GVariant *options)
{
	BhdDaemon *daemon = BHD_MANAGER(object)->daemon;
	const BhdSnapshot *snapshot = bhd_daemon_get_snapshot(daemon);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	bh_dbus_manager_complete_check_machine(
		object, invocation,
		bhd_machine_check(bhd_daemon_get_machine(daemon), snapshot && snapshot->present,
				  snapshot ? snapshot->silence : NULL));
	return TRUE;
}

static void on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(Call) call = user_data;

	(void)source;
	/* That there is no machine is no failure: State says so. */
	bhd_daemon_refresh_finish(result, NULL);
	bh_dbus_manager_complete_reload(BH_DBUS_MANAGER(call->self), call->invocation);
}

static gboolean handle_reload(BhDbusManager *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	BhdManager *self = BHD_MANAGER(object);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL) ||
	    !bhd_config_reload(bhd_daemon_get_config(self->daemon), &error))
		return bhd_error_return(invocation, error);
	bhd_daemon_refresh(self->daemon, on_reloaded, call_new(self, invocation));
	return TRUE;
}

static gboolean handle_get_cell(BhDbusManager *object, GDBusMethodInvocation *invocation,
				const char *name, GVariant *options)
{
	BhdCell *cell = bhd_daemon_find_cell(BHD_MANAGER(object)->daemon, name);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	if (!cell)
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_NOT_FOUND,
				    "there is no cell \"%.40s\": neither a file nor in the core",
				    name));
	bh_dbus_manager_complete_get_cell(object, invocation, bhd_cell_get_path(cell));
	return TRUE;
}

static gboolean handle_read_log(BhDbusManager *object, GDBusMethodInvocation *invocation,
				GVariant *options)
{
	BhdDaemon *daemon = BHD_MANAGER(object)->daemon;
	guint maximum = G_MAXUINT;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "maximum", "u", &maximum, NULL))
		return bhd_error_return(invocation, error);
	bh_dbus_manager_complete_read_log(object, invocation,
					  bhd_stream_tail(bhd_daemon_get_log(daemon), maximum));
	return TRUE;
}

static gboolean handle_read_events(BhDbusManager *object, GDBusMethodInvocation *invocation,
				   GVariant *options)
{
	BhdEvents *events = bhd_daemon_get_events(BHD_MANAGER(object)->daemon);
	g_autofree char *cell = NULL;
	guint64 from = 0;
	guint maximum = 0;
	GError *error = NULL;

	if (!bhd_options_read(options, &error, "cell", "s", &cell, "from", "t", &from, "maximum",
			      "u", &maximum, NULL))
		return bhd_error_return(invocation, error);
	bh_dbus_manager_complete_read_events(object, invocation,
					     bhd_events_get_kept(events, cell, from, maximum));
	return TRUE;
}

/* --- life ------------------------------------------------------------------------------------ */

static void on_change_changed(BhdChange *change, BhdManager *self)
{
	(void)change;
	bhd_manager_update(self);
}

static void on_event(BhdEvents *events, const struct bh_event *event, GVariant *variant,
		     BhdManager *self)
{
	(void)events;
	(void)event;
	bh_dbus_manager_emit_event(BH_DBUS_MANAGER(self), variant);
}

static void manager_iface_init(BhDbusManagerIface *iface)
{
	iface->handle_enable = handle_enable;
	iface->handle_disable = handle_disable;
	iface->handle_validate = handle_validate;
	iface->handle_apply = handle_apply;
	iface->handle_confirm = handle_confirm;
	iface->handle_revert = handle_revert;
	iface->handle_import = handle_import;
	iface->handle_check_machine = handle_check_machine;
	iface->handle_reload = handle_reload;
	iface->handle_get_cell = handle_get_cell;
	iface->handle_read_log = handle_read_log;
	iface->handle_read_events = handle_read_events;
}

static void bhd_manager_finalize(GObject *object)
{
	g_clear_object(&BHD_MANAGER(object)->change);
	g_free(BHD_MANAGER(object)->note);
	G_OBJECT_CLASS(bhd_manager_parent_class)->finalize(object);
}

static void bhd_manager_class_init(BhdManagerClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_manager_finalize;
	bhd_authority_guard_class(G_DBUS_INTERFACE_SKELETON_CLASS(klass));
}

static void bhd_manager_init(BhdManager *self)
{
	(void)self;
}

BhdManager *bhd_manager_new(BhdDaemon *daemon, BhdChange *change)
{
	BhdManager *self = g_object_new(BHD_TYPE_MANAGER, NULL);
	BhDbusManager *object = BH_DBUS_MANAGER(self);
	const char *features[] = {"links", NULL, NULL};

	self->daemon = daemon;
	self->change = g_object_ref(change);
	self->note = g_build_filename(bhd_daemon_get_settings(daemon)->runtime_directory, "disable",
				      NULL);
	if (bhd_daemon_get_systemd(daemon))
		features[1] = "systemd";
	bh_dbus_manager_set_version(object, BHD_VERSION);
	bh_dbus_manager_set_simulated(object, bhd_daemon_get_settings(daemon)->simulate);
	bh_dbus_manager_set_features(object, features);
	bh_dbus_manager_set_cells_directory(
		object, bhd_config_get_directory(bhd_daemon_get_config(daemon)));
	g_signal_connect_object(change, "changed", G_CALLBACK(on_change_changed), self, 0);
	g_signal_connect_object(bhd_daemon_get_events(daemon), "event", G_CALLBACK(on_event), self,
				0);
	bhd_authority_guard(bhd_daemon_get_authority(daemon), G_DBUS_INTERFACE_SKELETON(self),
			    NULL);
	bhd_manager_update(self);
	return self;
}
