// SPDX-License-Identifier: GPL-2.0-or-later

#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "bhd-cell.h"
#include "bhd-change.h"
#include "bhd-daemon.h"
#include "bhd-directory.h"
#include "bhd-error.h"
#include "bhd-job.h"
#include "bhd-journal.h"
#include "bhd-link.h"
#include "bhd-loaded.h"
#include "bhd-machine.h"
#include "bhd-manager.h"
#include "bhd-udev.h"

/* More than this at once is no longer work but an attack, or a program gone wild. */
#define OPERATIONS_MAX 256
#define ASK_AGAIN_MS 500

struct _BhdDaemon {
	GObject parent;
	BhdSettings settings;
	BhdAuthority *authority;
	BhdWorker *worker;
	BhMachine *machine;
	BhdConfig *config;
	BhdChange *change;
	BhdEvents *events;
	BhdStream *log;
	BhdSystemd *systemd;
	BhdUdev *udev;
	char *backend_name;
	char *note; /* of the operation under way: see BhdOperation */
	int state_lock, cells_lock;

	GDBusConnection *connection;
	GDBusObjectManagerServer *objects;
	BhdManager *manager;
	BhdMachine *machine_object;
	BhDbusHealth *health;
	GHashTable *cells; /* name → BhdCell */
	GHashTable *links; /* name → BhdLink */
	BhdSnapshot *snapshot; /* NULL: nothing is known yet */
	const char *transition;
	guint64 jobs;
	guint operations;
	guint core_faults;

	gboolean refreshing; /* one reading is on its way */
	GSList *refresh_next; /* GTask: want one that begins later */
};

G_DEFINE_FINAL_TYPE(BhdDaemon, bhd_daemon, G_TYPE_OBJECT)

/* --- parts ----------------------------------------------------------------------------------- */

BhdAuthority *bhd_daemon_get_authority(BhdDaemon *self)
{
	return self->authority;
}

BhdConfig *bhd_daemon_get_config(BhdDaemon *self)
{
	return self->config;
}

BhdEvents *bhd_daemon_get_events(BhdDaemon *self)
{
	return self->events;
}

BhdStream *bhd_daemon_get_log(BhdDaemon *self)
{
	return self->log;
}

BhdWorker *bhd_daemon_get_worker(BhdDaemon *self)
{
	return self->worker;
}

BhdSystemd *bhd_daemon_get_systemd(BhdDaemon *self)
{
	return self->systemd;
}

const BhdSettings *bhd_daemon_get_settings(BhdDaemon *self)
{
	return &self->settings;
}

const BhdSnapshot *bhd_daemon_get_snapshot(BhdDaemon *self)
{
	return self->snapshot;
}

const char *bhd_daemon_get_backend_name(BhdDaemon *self)
{
	return self->backend_name;
}

const char *bhd_daemon_get_transition(BhdDaemon *self)
{
	return self->transition;
}

BhMachine *bhd_daemon_get_machine(BhdDaemon *self)
{
	return self->machine;
}

void bhd_daemon_set_machine(BhdDaemon *self, BhMachine *machine)
{
	bh_machine_ref(machine);
	bh_machine_unref(self->machine);
	self->machine = machine;
	bhd_config_set_machine(self->config, machine);
	bhd_daemon_update_health(self);
}

BhdCell *bhd_daemon_find_cell(BhdDaemon *self, const char *name)
{
	return g_hash_table_lookup(self->cells, name);
}

/* --- objects on the bus ---------------------------------------------------------------------- */

void bhd_daemon_export(BhdDaemon *self, const char *path, GDBusInterfaceSkeleton *skeleton)
{
	g_autoptr(GDBusObjectSkeleton) object = g_dbus_object_skeleton_new(path);

	g_dbus_object_skeleton_add_interface(object, skeleton);
	g_dbus_object_manager_server_export(self->objects, object);
}

void bhd_daemon_unexport(BhdDaemon *self, const char *path)
{
	g_dbus_object_manager_server_unexport(self->objects, path);
}

guint64 bhd_daemon_next_job(BhdDaemon *self)
{
	return ++self->jobs;
}

static GVariant *describe_isolation(const BhMachine *machine)
{
	g_autoptr(GPtrArray) facts = bh_machine_isolation(machine);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < facts->len; i++) {
		const BhMachineFact *fact = facts->pdata[i];

		g_variant_builder_add_parsed(&builder,
					     "{'name': <%s>, 'level': <%s>, 'message': <%s>}",
					     fact->code, fact->level, fact->message);
	}
	return g_variant_builder_end(&builder);
}

void bhd_daemon_update_health(BhdDaemon *self)
{
	gboolean enabled = bhd_snapshot_is_enabled(self->snapshot);
	g_autoptr(GPtrArray) unwell = g_ptr_array_new();
	guint64 lost = 0, core = 0, used = 0, taken = 0;
	GHashTableIter iter;
	BhdCell *cell;

	if (!self->health)
		return;
	g_hash_table_iter_init(&iter, self->cells);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&cell))
		if (bhd_cell_is_unwell(cell))
			g_ptr_array_add(unwell, (gpointer)bhd_cell_get_path(cell));
	if (enabled) {
		const struct bh_info *info = &self->snapshot->info;

		lost = info->events_lost;
		core = (guint64)info->pool_pages * 4096;
		used = (guint64)info->pool_used * 4096;
		for (guint i = 0; i < MIN(info->memory_count, BH_BOOT_RANGES_MAX); i++)
			taken += info->memory[i].size;
	}
	g_object_set(self->health, "status",
		     !enabled		       ? "off"
		     : self->core_faults       ? "failed"
		     : unwell->len || lost > 0 ? "degraded"
					       : "good",
		     "events-lost", lost, "core-memory", core, "core-memory-used", used,
		     "cell-memory", taken, "core-faults", self->core_faults, NULL);
	g_ptr_array_add(unwell, NULL);
	bh_dbus_health_set_failed_cells(self->health, (const char *const *)unwell->pdata);
	bh_dbus_health_set_isolation(self->health, describe_isolation(self->machine));
}

/* Makes and removes objects of cells, so that there is one for each file and for each cell of the core. */
static void update_cells(BhdDaemon *self)
{
	BhCellSet *set = bhd_config_get_set(self->config);
	g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	const char *name;
	BhdCell *cell;

	for (guint i = 0; i < set->cells->len; i++)
		g_hash_table_add(wanted, (gpointer)((BhCell *)set->cells->pdata[i])->name);
	for (guint i = 1; self->snapshot && i < self->snapshot->info.cell_count; i++) {
		const struct bh_info_cell *info = &self->snapshot->info.cell[i];

		if (g_utf8_validate(info->name, -1, NULL))
			g_hash_table_add(wanted, (gpointer)info->name);
		bhd_events_set_name(self->events, info->id % BH_CELLS_MAX, info->name);
	}
	g_hash_table_iter_init(&iter, self->cells);
	while (g_hash_table_iter_next(&iter, (gpointer *)&name, (gpointer *)&cell)) {
		if (g_hash_table_remove(wanted, name)) {
			bhd_cell_update(cell);
		} else {
			bhd_daemon_unexport(self, bhd_cell_get_path(cell));
			g_hash_table_iter_remove(&iter);
		}
	}
	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, (gpointer *)&name, NULL)) {
		cell = bhd_cell_new(self, name);
		g_hash_table_insert(self->cells, g_strdup(name), cell);
		bhd_daemon_export(self, bhd_cell_get_path(cell), G_DBUS_INTERFACE_SKELETON(cell));
	}
}

static void update_link(BhdDaemon *self, GHashTable *former, const char *name, const BhLink *file,
			guint number)
{
	gpointer key, link;

	if (g_hash_table_steal_extended(former, name, &key, &link)) {
		g_hash_table_insert(self->links, key, link);
		bhd_link_update(link, file, number);
		return;
	}
	link = bhd_link_new(self, name);
	g_hash_table_insert(self->links, g_strdup(name), link);
	bhd_link_update(link, file, number);
	bhd_daemon_export(self, bhd_link_get_path(link), G_DBUS_INTERFACE_SKELETON(link));
}

/* Likewise of links; cells are up to date. */
static void update_links(BhdDaemon *self)
{
	BhPlacement *placement = bhd_config_get_placement(self->config);
	g_autoptr(GArray) files = bh_links_find(bhd_config_get_set(self->config));
	g_autoptr(GHashTable) former = g_steal_pointer(&self->links);
	gboolean described[BH_LINKS_MAX] = {FALSE};
	GHashTableIter iter;
	BhdLink *link;

	self->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	for (guint i = 0; i < files->len; i++) {
		const BhLink *file = &g_array_index(files, BhLink, i);
		gint number = bh_placement_get_link_number(placement, file->link->name);

		if (number >= 0)
			described[number] = TRUE;
		update_link(self, former, file->link->name, file, number);
	}
	for (guint i = 0; self->snapshot && i < self->snapshot->links->len; i++) {
		guint number = g_array_index(self->snapshot->links, struct bh_info_link, i).number;
		g_autofree char *name = g_strdup_printf("number-%u", number);

		if (number >= BH_LINKS_MAX || !described[number])
			update_link(self, former, name, NULL, number);
	}
	g_hash_table_iter_init(&iter, former);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&link))
		bhd_daemon_unexport(self, bhd_link_get_path(link));
}

static void on_config_changed(BhdConfig *config, BhdDaemon *self)
{
	(void)config;
	if (!self->manager)
		return;
	update_cells(self);
	update_links(self);
	bhd_manager_update(self->manager);
	bhd_daemon_update_health(self);
}

/* Somebody has edited a file by hand: its unit follows without a word to systemd. */
static void on_config_edited(BhdConfig *config, BhdDaemon *self)
{
	(void)config;
	if (self->systemd)
		bhd_systemd_reload(self->systemd, NULL, NULL);
}

/* --- refresh: from the core to the objects --------------------------------------------------- */

/* What is read in the worker's thread, with the streams it opens. */
typedef struct {
	BhdSnapshot *snapshot;
	gboolean want_events, want_log;
	int events, log; /* descriptors, or -1 */
	BhdStreamPlace log_place;
	char *name;
} Reading;

static void reading_free(Reading *reading)
{
	g_clear_pointer(&reading->snapshot, bhd_snapshot_free);
	g_free(reading->name);
	g_free(reading);
}

static gboolean read_truth(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			   GError **error)
{
	Reading *reading = data;

	/* Before the truth is read, or what happens in between would be lost. */
	if (reading->want_events)
		reading->events = bhd_snapshot_open_stream(backend, BH_STREAM_EVENTS, 0,
							   &(BhdStreamPlace){0});
	if (reading->want_log)
		reading->log =
			bhd_snapshot_open_stream(backend, BH_STREAM_LOG, 0, &reading->log_place);
	reading->name = g_strdup(backend->name);
	return bhd_snapshot_read(backend, reading->snapshot, cancellable, error);
}

static void take_consoles(BhdDaemon *self)
{
	for (guint i = 1; i < self->snapshot->info.cell_count; i++) {
		const struct bh_info_cell *info = &self->snapshot->info.cell[i];
		BhdStreamPlace place;
		int fd = bhd_snapshot_take_console(self->snapshot, info->id % BH_CELLS_MAX, &place);
		BhdCell *cell = bhd_daemon_find_cell(self, info->name);

		if (fd < 0)
			continue;
		if (cell)
			bhd_cell_attach_console(cell, fd, &place);
		else
			close(fd);
	}
}

/* Nothing holds the module when there is nothing to hold it for. */
static void let_go(BhdDaemon *self)
{
	if (bhd_snapshot_is_enabled(self->snapshot) || self->transition || self->settings.simulate)
		return;
	bhd_events_attach(self->events, -1);
	bhd_stream_attach(self->log, -1, NULL);
	bhd_worker_release(self->worker);
}

void bhd_daemon_set_transition(BhdDaemon *self, const char *state)
{
	self->transition = state;
	bhd_manager_update(self->manager);
	let_go(self);
}

static void take_reading(BhdDaemon *self, Reading *reading)
{
	gboolean was_enabled = bhd_snapshot_is_enabled(self->snapshot), enabled;

	g_clear_pointer(&self->snapshot, bhd_snapshot_free);
	self->snapshot = g_steal_pointer(&reading->snapshot);
	enabled = bhd_snapshot_is_enabled(self->snapshot);
	if (reading->name && g_strcmp0(reading->name, self->backend_name)) {
		g_free(self->backend_name);
		self->backend_name = g_strdup(reading->name);
	}
	if (reading->events >= 0)
		bhd_events_attach(self->events, reading->events);
	if (reading->log >= 0)
		bhd_stream_attach(self->log, reading->log, &reading->log_place);
	update_cells(self);
	update_links(self);
	take_consoles(self);
	bhd_manager_update(self->manager);
	bhd_daemon_update_health(self);
	let_go(self);
	/* Linux has everything back, and perhaps more than when somebody looked last. */
	if (was_enabled && !enabled)
		bhd_machine_look_soon(self->machine_object);
}

static void start_refresh(BhdDaemon *self);

static void on_truth(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GSList *tasks = user_data;
	BhdDaemon *self = g_task_get_source_object(tasks->data);
	Reading *reading = g_task_get_task_data(tasks->data);
	g_autoptr(GError) error = NULL;

	(void)source;
	self->refreshing = FALSE;
	if (!bhd_worker_finish(result, &error)) {
		g_debug("No machine: %s", error->message);
		reading->snapshot->present = FALSE;
		reading->snapshot->info.cell_count = 0;
	}
	take_reading(self, reading);
	for (GSList *l = tasks; l; l = l->next) {
		if (error)
			g_task_return_error(l->data, g_error_copy(error));
		else
			g_task_return_boolean(l->data, TRUE);
		if (l != tasks)
			g_object_unref(l->data);
	}
	if (self->refresh_next)
		start_refresh(self);
	g_object_unref(tasks->data);
	g_slist_free(tasks);
}

static void start_refresh(BhdDaemon *self)
{
	GSList *tasks = g_steal_pointer(&self->refresh_next);
	Reading *reading = g_new0(Reading, 1);
	GHashTableIter iter;
	BhdCell *cell;

	self->refreshing = TRUE;
	reading->snapshot = bhd_snapshot_new(self->snapshot);
	g_hash_table_iter_init(&iter, self->cells);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&cell))
		reading->snapshot->cell[bhd_cell_get_deaf(cell) % BH_CELLS_MAX].deaf = TRUE;
	reading->want_events = !bhd_events_is_attached(self->events);
	reading->want_log = !bhd_stream_is_attached(self->log);
	reading->events = reading->log = -1;
	g_task_set_task_data(tasks->data, reading, (GDestroyNotify)reading_free);
	bhd_worker_run(self->worker, read_truth, reading, NULL, on_truth, tasks);
}

void bhd_daemon_refresh(BhdDaemon *self, GAsyncReadyCallback done, gpointer user_data)
{
	/* A reading under way may have begun before what the caller wants to see. All who wait share the next one. */
	self->refresh_next =
		g_slist_prepend(self->refresh_next, g_task_new(self, NULL, done, user_data));
	if (!self->refreshing)
		start_refresh(self);
}

gboolean bhd_daemon_refresh_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

static void refresh_soon(BhdDaemon *self)
{
	if (!self->refresh_next)
		bhd_daemon_refresh(self, NULL, NULL);
}

static void on_event(BhdEvents *events, const struct bh_event *event, GVariant *variant,
		     BhdDaemon *self)
{
	const char *name = "";
	BhdCell *cell;

	(void)events;
	g_variant_lookup(variant, "cell", "&s", &name);
	cell = bhd_daemon_find_cell(self, name);
	if (cell)
		bhd_cell_take_event(cell, event, variant);
	if (event->type == BH_EVENT_CORE_FAULT) {
		self->core_faults++;
		g_warning("The core reported a fault of its own: see bulkhead log");
	}
	/* Violations are counted by the core; states are believed to nobody else. */
	refresh_soon(self);
}

/* --- operations ------------------------------------------------------------------------------ */

typedef struct {
	BhdCell *cell;
	BhdOperation *operation;
	gint64 ask_until; /* monotonic; 0: a refusal is final */
	gboolean placed_again;
	GError *error;
} Doing;

static void doing_free(gpointer data)
{
	Doing *doing = data;

	bhd_operation_free(doing->operation);
	g_clear_error(&doing->error);
	g_clear_object(&doing->cell);
	g_free(doing);
}

static void on_done_seen(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GTask) task = user_data;
	BhdDaemon *self = BHD_DAEMON(source);
	Doing *doing = g_task_get_task_data(task);

	bhd_daemon_refresh_finish(result, NULL);
	self->operations--;
	bhd_cell_end(doing->cell, doing->operation, doing->error);
	bhd_daemon_update_health(self);
	/* Who gets the answer sees the properties as they are by then. */
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(doing->cell));
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self->health));
	bhd_job_finish(doing->operation->job, doing->error);
	if (doing->error)
		g_task_return_error(task, g_steal_pointer(&doing->error));
	else
		g_task_return_boolean(task, TRUE);
}

static void run_operation(GTask *task);

static gboolean on_ask_again(gpointer task)
{
	run_operation(task);
	return G_SOURCE_REMOVE;
}

/*
 * Memory that was chosen earlier may belong to somebody else by now: then the module may choose anew, once. Another operation
 * may have seen to that already.
 */
static gboolean place_again(BhdDaemon *self, Doing *doing)
{
	BhdOperation *operation = doing->operation;
	g_autoptr(GBytes) refused = NULL;

	if (!operation->refused || doing->placed_again)
		return FALSE;
	refused = g_bytes_ref(operation->descriptor);
	bhd_config_forget_memory(self->config, operation->cell);
	doing->placed_again = TRUE;
	operation->refused = FALSE;
	return bhd_cell_compile(doing->cell, operation, NULL) &&
	       !g_bytes_equal(refused, operation->descriptor);
}

static gboolean ask_again(Doing *doing, GTask *task)
{
	if (!doing->ask_until || doing->operation->force ||
	    !g_error_matches(doing->error, BHD_ERROR, BHD_ERROR_DENIED))
		return FALSE;
	if (g_get_monotonic_time() < doing->ask_until) {
		g_timeout_add(ASK_AGAIN_MS, on_ask_again, task);
		return TRUE;
	}
	doing->operation->force = TRUE;
	run_operation(task);
	return TRUE;
}

static void on_operation_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GTask *task = user_data;
	BhdDaemon *self = g_task_get_source_object(task);
	Doing *doing = g_task_get_task_data(task);
	BhdOperation *operation = doing->operation;

	(void)source;
	g_clear_error(&doing->error);
	if (!bhd_worker_finish(result, &doing->error)) {
		doing->error = bhd_error_translate(doing->error);
		if (ask_again(doing, task))
			return;
		if (place_again(self, doing)) {
			g_clear_error(&doing->error);
			run_operation(task);
			return;
		}
	}
	if (operation->created)
		bhd_config_learn(self->config, operation->config, operation->created);
	bhd_job_set_reading(operation->job);
	bhd_daemon_refresh(self, on_done_seen, task);
}

static void run_operation(GTask *task)
{
	BhdDaemon *self = g_task_get_source_object(task);
	Doing *doing = g_task_get_task_data(task);

	/* Its first events come before we hear that it exists. */
	if (doing->operation->descriptor) {
		const struct bh_cell_desc *descriptor =
			g_bytes_get_data(doing->operation->descriptor, NULL);

		if (descriptor->id && descriptor->id < BH_CELLS_MAX)
			bhd_events_set_name(self->events, descriptor->id, doing->operation->cell);
	}
	bhd_worker_run(self->worker, bhd_operation_run, doing->operation,
		       bhd_job_get_cancellable(doing->operation->job), on_operation_done, task);
}

/* A cell that runs can be started, which does nothing, without a good file; it may have stopped when its turn comes. */
static gboolean compile(BhdCell *cell, BhdOperation *operation, GError **error)
{
	switch (operation->kind) {
	case BHD_OPERATION_CREATE:
	case BHD_OPERATION_LOAD:
	case BHD_OPERATION_RESTART:
		return bhd_cell_compile(cell, operation, error);
	case BHD_OPERATION_START:
		if (bhd_cell_runs(cell)) {
			bhd_cell_compile(cell, operation, NULL);
			return TRUE;
		}
		return bhd_cell_compile(cell, operation, error);
	default:
		return TRUE;
	}
}

void bhd_daemon_operate(BhdDaemon *self, BhdOperation *operation, gint64 ask,
			GDBusMethodInvocation *invocation, GAsyncReadyCallback done,
			gpointer user_data)
{
	BhdCell *cell = bhd_daemon_find_cell(self, operation->cell);
	GTask *task = g_task_new(self, NULL, done, user_data);
	Doing *doing = g_new0(Doing, 1);
	GError *error = NULL;

	doing->operation = operation;
	g_task_set_task_data(task, doing, doing_free);
	/* It may have gone while polkit was asked. */
	if (!cell)
		g_set_error(&error, BHD_ERROR, BHD_ERROR_NOT_FOUND,
			    "there is no cell \"%s\" any more", operation->cell);
	else if (self->operations >= OPERATIONS_MAX)
		g_set_error(&error, BHD_ERROR, BHD_ERROR_BUSY,
			    "%u operations are under way already: wait for them", self->operations);
	else
		compile(cell, operation, &error);
	if (error) {
		g_task_return_error(task, error);
		g_object_unref(task);
		return;
	}
	self->operations++;
	doing->cell = g_object_ref(cell);
	if (ask >= 0)
		doing->ask_until = g_get_monotonic_time() + ask * G_USEC_PER_SEC;
	operation->note = self->note;
	operation->job = bhd_job_new(self, bhd_operation_word(operation->kind),
				     bhd_cell_get_path(cell), invocation);
	bhd_cell_begin(cell, operation->kind);
	run_operation(task);
}

gboolean bhd_daemon_operate_finish(GAsyncResult *result, gboolean *attached, GError **error)
{
	Doing *doing = g_task_get_task_data(G_TASK(result));

	if (attached)
		*attached = doing->operation->attached;
	return g_task_propagate_boolean(G_TASK(result), error);
}

/* --- life ------------------------------------------------------------------------------------ */

static void on_udev_changed(BhdUdev *udev, BhdDaemon *self)
{
	(void)udev;
	refresh_soon(self);
}

static void on_machine_changed(BhdUdev *udev, BhdDaemon *self)
{
	(void)udev;
	bhd_machine_look_soon(self->machine_object);
}

static void on_unit_files_changed(BhdSystemd *systemd, BhdDaemon *self)
{
	GHashTableIter iter;
	BhdCell *cell;

	(void)systemd;
	g_hash_table_iter_init(&iter, self->cells);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&cell))
		bhd_cell_update_autostart(cell);
}

static void on_first_truth(GObject *source, GAsyncResult *result, gpointer user_data)
{
	gboolean *seen = user_data;

	(void)source;
	bhd_daemon_refresh_finish(result, NULL);
	*seen = TRUE;
}

static void recover_operation(BhdDaemon *self)
{
	BhdOperation *operation = bhd_operation_recover(self->note, self->snapshot);

	if (operation)
		bhd_daemon_operate(self, operation, -1, NULL, NULL, NULL);
	bhd_manager_recover(self->manager);
}

static void make_objects(BhdDaemon *self)
{
	self->machine_object = bhd_machine_new(self);
	self->objects = g_dbus_object_manager_server_new(BHD_ROOT_PATH);
	self->manager = bhd_manager_new(self, self->change);
	self->health = bh_dbus_health_skeleton_new();
	bh_dbus_health_set_simulated(self->health, self->settings.simulate);
	bhd_daemon_export(self, BHD_MANAGER_PATH, G_DBUS_INTERFACE_SKELETON(self->manager));
	bhd_daemon_export(self, BHD_ROOT_PATH "/machine",
			  G_DBUS_INTERFACE_SKELETON(self->machine_object));
	bhd_daemon_export(self, BHD_ROOT_PATH "/health", G_DBUS_INTERFACE_SKELETON(self->health));
}

gboolean bhd_daemon_start(BhdDaemon *self, GDBusConnection *connection, GError **error)
{
	gboolean seen = FALSE;

	self->connection = g_object_ref(connection);
	if (self->settings.system && sd_booted() > 0) {
		self->systemd = bhd_systemd_new(connection);
		g_signal_connect(self->systemd, "unit-files-changed",
				 G_CALLBACK(on_unit_files_changed), self);
	}
	if (!self->settings.simulate) {
		self->udev = bhd_udev_new(error);
		if (!self->udev)
			return FALSE;
		g_signal_connect(self->udev, "changed", G_CALLBACK(on_udev_changed), self);
		g_signal_connect(self->udev, "machine-changed", G_CALLBACK(on_machine_changed),
				 self);
	}
	make_objects(self);
	bhd_daemon_refresh(self, on_first_truth, &seen);
	while (!seen)
		g_main_context_iteration(NULL, TRUE);
	bhd_change_resume(self->change);
	recover_operation(self);
	g_dbus_object_manager_server_set_connection(self->objects, connection);
	return TRUE;
}

void bhd_daemon_stop(BhdDaemon *self)
{
	while (self->operations || self->refreshing || bhd_change_is_busy(self->change))
		g_main_context_iteration(NULL, TRUE);
	g_clear_object(&self->objects);
}

static gboolean open_worker(BhdDaemon *self, GError **error)
{
	struct bh_device_error device = {0};
	struct bh_backend *backend = NULL;

	if (self->settings.simulate) {
		backend = bh_backend_open_simulated(self->settings.machine_file, &device);
		if (!backend) {
			bhd_error_set_device(error, &device);
			return FALSE;
		}
	}
	self->worker = bhd_worker_new(backend);
	return TRUE;
}

/* Only to know whether Linux sees the whole machine. */
static gboolean is_enabled_already(void)
{
	struct bh_device_error device = {0};
	g_autofree struct bh_info *info = g_new0(struct bh_info, 1);
	struct bh_backend *backend = bh_backend_open_device(&device);
	gboolean enabled;

	if (!backend)
		return FALSE;
	enabled = !backend->ops->info(backend, info, &device) && info->state == BH_STATE_ENABLED;
	backend->ops->free(backend);
	return enabled;
}

static void bhd_daemon_dispose(GObject *object)
{
	BhdDaemon *self = BHD_DAEMON(object);

	g_clear_object(&self->objects);
	g_clear_object(&self->udev);
	g_clear_object(&self->systemd);
	g_clear_object(&self->manager);
	g_clear_object(&self->machine_object);
	g_clear_object(&self->health);
	g_clear_pointer(&self->cells, g_hash_table_unref);
	g_clear_pointer(&self->links, g_hash_table_unref);
	g_clear_object(&self->events);
	g_signal_handlers_disconnect_by_data(self->log, self);
	g_clear_object(&self->log);
	g_clear_object(&self->worker);
	g_clear_object(&self->change);
	g_clear_object(&self->config);
	g_clear_object(&self->authority);
	g_clear_object(&self->connection);
	G_OBJECT_CLASS(bhd_daemon_parent_class)->dispose(object);
}

static void bhd_daemon_finalize(GObject *object)
{
	BhdDaemon *self = BHD_DAEMON(object);

	g_clear_pointer(&self->snapshot, bhd_snapshot_free);
	g_clear_pointer(&self->machine, bh_machine_unref);
	g_free(self->backend_name);
	g_free(self->note);
	if (self->state_lock >= 0)
		close(self->state_lock);
	if (self->cells_lock >= 0)
		close(self->cells_lock);
	g_free(self->settings.machine_file);
	g_free(self->settings.root);
	g_free(self->settings.cells_directory);
	g_free(self->settings.state_directory);
	g_free(self->settings.runtime_directory);
	G_OBJECT_CLASS(bhd_daemon_parent_class)->finalize(object);
}

static void bhd_daemon_class_init(BhdDaemonClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_daemon_dispose;
	G_OBJECT_CLASS(klass)->finalize = bhd_daemon_finalize;
}

static void bhd_daemon_init(BhdDaemon *self)
{
	self->cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	self->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	self->events = bhd_events_new();
	self->log = bhd_stream_new();
	self->backend_name = g_strdup(BH_DEVICE_PATH);
	self->state_lock = self->cells_lock = -1;
}

static gboolean is_leftover(const char *name, const char *written)
{
	static const char *const files[] = {"journal", "placement", "machine.json", "operation",
					    NULL};

	(void)name;
	return written && g_strv_contains(files, written);
}

/* What is remembered is remembered by one daemon: another one would undo what this one is about to do. */
static gboolean take_state(BhdDaemon *self, GError **error)
{
	BhdDirectoryUse use;

	self->state_lock = bhd_directory_lock(self->settings.state_directory, &use);
	if (use == BHD_DIRECTORY_OTHERS) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_BUSY,
			    "another daemon works with %s: stop it first, or use another "
			    "--state-directory=",
			    self->settings.state_directory);
		return FALSE;
	}
	if (use == BHD_DIRECTORY_ALONE) {
		bhd_directory_clean(self->settings.state_directory, is_leftover);
		bhd_directory_clean(self->settings.runtime_directory, is_leftover);
		bhd_loaded_clean(self->settings.runtime_directory);
	}
	return TRUE;
}

/* Cell files may be served by several: one on a simulated machine, beside the real one. */
static void take_cells(BhdDaemon *self)
{
	BhdDirectoryUse use;

	self->cells_lock = bhd_directory_lock(self->settings.cells_directory, &use);
	if (use == BHD_DIRECTORY_ALONE)
		bhd_directory_clean(self->settings.cells_directory, bhd_journal_is_leftover);
	bhd_directory_share(self->cells_lock);
}

BhdDaemon *bhd_daemon_new(const BhdSettings *settings, GError **error)
{
	g_autoptr(BhdDaemon) self = g_object_new(BHD_TYPE_DAEMON, NULL);
	g_autofree char *placement = g_build_filename(settings->state_directory, "placement", NULL);
	g_autofree char *journal = g_build_filename(settings->state_directory, "journal", NULL);

	self->settings.simulate = settings->simulate;
	self->settings.system = settings->system;
	self->settings.machine_file = g_strdup(settings->machine_file);
	self->settings.root = g_strdup(settings->root ? settings->root : "");
	self->settings.cells_directory = g_strdup(settings->cells_directory);
	self->settings.state_directory = g_strdup(settings->state_directory);
	self->settings.runtime_directory = g_strdup(settings->runtime_directory);
	self->note = g_build_filename(settings->runtime_directory, "operation", NULL);
	self->authority = bhd_authority_new(settings->system);
	g_mkdir_with_parents(settings->state_directory, 0755);
	g_mkdir_with_parents(settings->runtime_directory, 0755);

	if (!take_state(self, error))
		return NULL;
	self->machine = bhd_machine_look(&self->settings,
					 !settings->simulate && is_enabled_already(), error);
	if (!self->machine || !open_worker(self, error) ||
	    !bhd_journal_recover(journal, settings->cells_directory, error))
		return NULL;
	self->config = bhd_config_new(settings->cells_directory, placement, self->machine, error);
	if (!self->config)
		return NULL;
	take_cells(self);
	self->change = bhd_change_new(self, journal);
	g_signal_connect(self->config, "changed", G_CALLBACK(on_config_changed), self);
	g_signal_connect(self->config, "edited", G_CALLBACK(on_config_edited), self);
	g_signal_connect(self->events, "event", G_CALLBACK(on_event), self);
	g_signal_connect_swapped(self->log, "ended", G_CALLBACK(refresh_soon), self);
	return g_steal_pointer(&self);
}
