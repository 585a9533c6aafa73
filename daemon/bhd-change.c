// SPDX-License-Identifier: GPL-2.0-or-later

#include "bh-validate.h"
#include "bhd-cell.h"
#include "bhd-change.h"
#include "bhd-error.h"
#include "bhd-job.h"
#include "bhd-journal.h"
#include "bhd-manager.h"

struct _BhdChange {
	GObject parent;
	BhdDaemon *daemon; /* outlives it */
	char *journal;
	GVariant *waiting; /* of BHD_JOURNAL_TYPE; NULL: nothing is to be confirmed */
	guint64 serial; /* of the configuration with that change */
	guint timer;
	gboolean busy; /* files are being written; what comes meanwhile waits its turn */
	GQueue queue; /* GTask of Apply */
	guint renewing; /* changes whose cells are being made anew */
};

G_DEFINE_FINAL_TYPE(BhdChange, bhd_change, G_TYPE_OBJECT)

static guint signal_changed;

/* --- what waits ------------------------------------------------------------------------------ */

char **bhd_change_get_cells(BhdChange *self)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new();

	if (self->waiting) {
		g_autoptr(GVariant) files = g_variant_get_child_value(self->waiting, 3);
		GVariantIter iter;
		char *cell;

		g_variant_iter_init(&iter, files);
		while (g_variant_iter_next(&iter, "(s@may@may)", &cell, NULL, NULL))
			g_ptr_array_add(cells, cell);
	}
	g_ptr_array_add(cells, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&cells), FALSE);
}

guint64 bhd_change_get_until(BhdChange *self)
{
	guint64 until = 0;

	if (self->waiting)
		g_variant_get_child(self->waiting, 1, "t", &until);
	return until;
}

/* Its journal has been removed. */
static void settle(BhdChange *self)
{
	g_clear_handle_id(&self->timer, g_source_remove);
	g_clear_pointer(&self->waiting, g_variant_unref);
	g_signal_emit(self, signal_changed, 0);
}

/* --- what the disk has to do, in a thread: it may take its time --------------------------------- */

typedef struct {
	gboolean (*work)(gpointer disk, GError **error);
	void (*done)(GTask *task, GError *error); /* takes the error, which may be NULL */
	char *directory, *journal;
	GVariant *change; /* whose files are meant; NULL: none */
	GVariant *entry; /* what the journal shall say; NULL: nothing */
} DiskWork;

static void disk_free(gpointer data)
{
	DiskWork *disk = data;

	g_free(disk->directory);
	g_free(disk->journal);
	g_clear_pointer(&disk->change, g_variant_unref);
	g_clear_pointer(&disk->entry, g_variant_unref);
	g_free(disk);
}

/* First the journal, then the new files beside the old ones. */
static gboolean disk_prepare(gpointer data, GError **error)
{
	DiskWork *disk = data;

	if (disk->entry && !bhd_journal_write(disk->journal, disk->entry, error))
		return FALSE;
	if (bhd_journal_prepare(disk->directory, disk->change, error))
		return TRUE;
	if (disk->entry)
		bhd_journal_remove_file(disk->journal, NULL);
	return FALSE;
}

/* First the files, which have got their names, then the journal. */
static gboolean disk_conclude(gpointer data, GError **error)
{
	DiskWork *disk = data;

	bhd_journal_sync(disk->directory);
	return disk->entry ? bhd_journal_write(disk->journal, disk->entry, error)
			   : bhd_journal_remove_file(disk->journal, error);
}

static void disk_run(GTask *inner, gpointer source, gpointer data, GCancellable *cancellable)
{
	GError *error = NULL;
	DiskWork *disk = data;

	(void)source;
	(void)cancellable;
	if (disk->work(disk, &error))
		g_task_return_boolean(inner, TRUE);
	else
		g_task_return_error(inner, error);
}

static void on_disk_done(GObject *source, GAsyncResult *result, gpointer task)
{
	DiskWork *disk = g_task_get_task_data(G_TASK(result));
	GError *error = NULL;

	(void)source;
	g_task_propagate_boolean(G_TASK(result), &error);
	disk->done(task, error);
}

static void disk_start(GTask *task, gboolean (*work)(gpointer, GError **), GVariant *change,
		       GVariant *entry, void (*done)(GTask *, GError *))
{
	BhdChange *self = g_task_get_source_object(task);
	g_autoptr(GTask) inner = g_task_new(self, NULL, on_disk_done, task);
	DiskWork *disk = g_new0(DiskWork, 1);

	self->busy = TRUE;
	disk->work = work;
	disk->done = done;
	disk->directory = g_strdup(bhd_config_get_directory(bhd_daemon_get_config(self->daemon)));
	disk->journal = g_strdup(self->journal);
	disk->change = change ? g_variant_ref(change) : NULL;
	disk->entry = entry ? g_variant_ref(entry) : NULL;
	g_task_set_task_data(inner, disk, disk_free);
	g_task_run_in_thread(inner, disk_run);
}

gboolean bhd_change_is_busy(BhdChange *self)
{
	return self->busy || self->renewing || !g_queue_is_empty(&self->queue);
}

static void begin_next(BhdChange *self);

/* The files are as they shall be, or as they were. */
static void disk_over(BhdChange *self)
{
	self->busy = FALSE;
	begin_next(self);
}

/* --- cells made anew ------------------------------------------------------------------------- */

/* The task of an Apply or of a roll-back. */
typedef struct {
	GVariant *change; /* what was, or is to be, written */
	GVariant *back; /* of a roll-back: the change that undoes it */
	GVariant *wanted; /* as Apply() has it */
	guint64 serial;
	BhdChangeMode mode;
	guint timeout;
	gboolean restart;
	GPtrArray *findings;
	GDBusMethodInvocation *invocation; /* NULL: nobody asked */
	BhdJob *job; /* NULL: of a roll-back, and with mode "verify" */
	guint renewed; /* of the change's files: their cells are as they shall be */
	guint pending;
	GError *error; /* the first */
	gboolean revert_on_failure;
} Work;

static void work_free(gpointer data)
{
	Work *work = data;

	g_clear_pointer(&work->change, g_variant_unref);
	g_clear_pointer(&work->back, g_variant_unref);
	g_clear_pointer(&work->wanted, g_variant_unref);
	g_clear_pointer(&work->findings, g_ptr_array_unref);
	g_clear_object(&work->job);
	g_clear_error(&work->error);
	g_free(work);
}

/* Steps are: the new files on the disk, in their places, and each cell that may have to be made anew. */
static void tell(Work *work, const char *phase, guint steps_done)
{
	gsize steps = 2;

	if (work->restart)
		steps += g_variant_n_children(work->wanted);
	bhd_job_set_phase(work->job, phase, (double)steps_done / steps);
}

static gboolean is_cancelled(Work *work, GError **error)
{
	if (!work->job ||
	    !g_cancellable_set_error_if_cancelled(bhd_job_get_cancellable(work->job), error))
		return FALSE;
	if (error)
		*error = bhd_error_translate(*error);
	return TRUE;
}

/* Takes the error; NULL: it is a success. */
static void give_back(GTask *task, GError *error)
{
	Work *work = g_task_get_task_data(task);

	if (error)
		error = bhd_error_translate(error);
	if (work->job)
		bhd_job_finish(work->job, error);
	if (error)
		g_task_return_error(task, error);
	else if (work->findings)
		g_task_return_pointer(task, g_ptr_array_ref(work->findings),
				      (GDestroyNotify)g_ptr_array_unref);
	else
		g_task_return_boolean(task, TRUE);
	g_object_unref(task);
}

static void finish(GTask *task)
{
	BhdChange *self = g_task_get_source_object(task);
	Work *work = g_task_get_task_data(task);

	if (--work->pending)
		return;
	if (work->error && work->revert_on_failure && self->waiting)
		bhd_change_revert(self, NULL, NULL, NULL);
	give_back(task, g_steal_pointer(&work->error));
}

static void renew_next(GTask *task);

static void on_renewed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GTask *task = user_data;
	Work *work = g_task_get_task_data(task);
	g_autoptr(GError) error = NULL;

	(void)source;
	if (!bhd_daemon_operate_finish(result, NULL, &error) && !work->error)
		work->error = g_steal_pointer(&error);
	renew_next(task);
}

/* FALSE: there is nothing to do. */
static gboolean renew(GTask *task, const char *name)
{
	BhdChange *self = g_task_get_source_object(task);
	Work *work = g_task_get_task_data(task);
	BhdCell *cell = bhd_daemon_find_cell(self->daemon, name);
	BhdOperation *operation;

	if (!cell || !bhd_cell_exists(cell))
		return FALSE;
	if (!*bh_dbus_cell_get_file(BH_DBUS_CELL(cell)))
		operation = bhd_operation_new(BHD_OPERATION_DESTROY, name);
	else if (bhd_cell_runs(cell))
		operation = bhd_operation_new(BHD_OPERATION_RESTART, name);
	else
		operation = bhd_operation_new(BHD_OPERATION_LOAD, name);
	bhd_daemon_operate(self->daemon, operation,
			   bh_dbus_cell_get_stop_timeout(BH_DBUS_CELL(cell)), work->invocation,
			   on_renewed, task);
	return TRUE;
}

/* One after another; one that cannot be made is no reason to leave the others as they were, but a wish to cancel is. */
static void renew_next(GTask *task)
{
	BhdChange *self = g_task_get_source_object(task);
	Work *work = g_task_get_task_data(task);
	g_autoptr(GVariant) files = g_variant_get_child_value(work->change, 3);
	gboolean restart, begun = FALSE;

	g_variant_get_child(work->change, 2, "b", &restart);
	while (restart && !begun && work->renewed < g_variant_n_children(files)) {
		const char *cell;

		if (is_cancelled(work, work->error ? NULL : &work->error))
			break;
		g_variant_get_child(files, work->renewed, "(&s@may@may)", &cell, NULL, NULL);
		tell(work, "restarting", 2 + work->renewed++);
		begun = renew(task, cell);
	}
	if (begun)
		return;
	self->renewing--;
	finish(task);
}

static void on_units_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;

	(void)source;
	/* The files are as they shall be in any case. */
	if (!bhd_systemd_reload_finish(result, &error))
		g_warning("systemd could not read its units again: %s", error->message);
	finish(user_data);
}

/* What is left to do when the files are as they shall be. */
static void go_on(GTask *task)
{
	BhdChange *self = g_task_get_source_object(task);
	BhdSystemd *systemd = bhd_daemon_get_systemd(self->daemon);
	Work *work = g_task_get_task_data(task);

	self->renewing++;
	work->pending = 1;
	if (systemd) {
		work->pending++;
		bhd_systemd_reload(systemd, on_units_read, task);
	}
	renew_next(task);
}

/* --- roll-back ------------------------------------------------------------------------------- */

static void on_rolled_back(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);
	Work *work = g_task_get_task_data(task);

	settle(self);
	disk_over(self);
	if (error)
		g_warning("%s", error->message);
	if (!work->error)
		work->error = error;
	else
		g_clear_error(&error);
	if (!work->error) {
		go_on(task);
		return;
	}
	give_back(task, g_steal_pointer(&work->error));
}

static void on_back_prepared(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	Work *work = g_task_get_task_data(task);

	if (error)
		g_warning("Cell files could not be put back: %s", error->message);
	work->error = error;
	if (!error &&
	    bhd_journal_commit(bhd_config_get_directory(config), work->back, &work->error))
		bhd_config_reload(config, &work->error);
	disk_start(task, disk_conclude, NULL, NULL, on_rolled_back);
}

void bhd_change_revert(BhdChange *self, GDBusMethodInvocation *invocation, GAsyncReadyCallback done,
		       gpointer user_data)
{
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	GTask *task = g_task_new(self, NULL, done, user_data);
	Work *work = g_new0(Work, 1);

	work->invocation = invocation;
	g_task_set_task_data(task, work, work_free);
	if (self->waiting && !self->busy) {
		g_clear_handle_id(&self->timer, g_source_remove);
		work->change = g_variant_ref(self->waiting);
		work->back = bhd_journal_reverse(bhd_config_get_directory(config), self->waiting);
		disk_start(task, disk_prepare, work->back, NULL, on_back_prepared);
		return;
	}
	g_task_return_new_error(task, BHD_ERROR, BHD_ERROR_WRONG_STATE,
				"there is no change that waits to be confirmed");
	g_object_unref(task);
}

gboolean bhd_change_revert_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

static gboolean on_time_is_up(gpointer data)
{
	BhdChange *self = data;

	self->timer = 0;
	g_message("A change of cell files was not confirmed: it is rolled back");
	bhd_change_revert(self, NULL, NULL, NULL);
	return G_SOURCE_REMOVE;
}

static void start_timer(BhdChange *self)
{
	gint64 left = (gint64)bhd_change_get_until(self) - g_get_real_time();

	self->timer = g_timeout_add(CLAMP(left / 1000, 0, G_MAXINT), on_time_is_up, self);
}

void bhd_change_resume(BhdChange *self)
{
	self->waiting = bhd_journal_read(self->journal);
	if (!self->waiting)
		return;
	/* Whatever the files are now is what was applied, and perhaps edited: Confirm() may say the serial of today. */
	self->serial = bhd_config_get_serial(bhd_daemon_get_config(self->daemon));
	start_timer(self);
	g_signal_emit(self, signal_changed, 0);
}

static void on_confirmed(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);

	if (error) {
		start_timer(self);
		g_task_return_error(task, error);
	} else {
		settle(self);
		g_task_return_boolean(task, TRUE);
	}
	disk_over(self);
	g_object_unref(task);
}

void bhd_change_confirm(BhdChange *self, guint64 serial, GAsyncReadyCallback done,
			gpointer user_data)
{
	GTask *task = g_task_new(self, NULL, done, user_data);

	if (self->waiting && !self->busy && serial == self->serial) {
		/* From here on it is not rolled back any more. */
		g_clear_handle_id(&self->timer, g_source_remove);
		disk_start(task, disk_conclude, NULL, NULL, on_confirmed);
		return;
	}
	if (!self->waiting || self->busy)
		g_task_return_new_error(task, BHD_ERROR, BHD_ERROR_WRONG_STATE,
					"there is no change that waits to be confirmed");
	else
		g_task_return_new_error(
			task, BHD_ERROR, BHD_ERROR_CONFLICT,
			"the change that waits to be confirmed has the serial %" G_GUINT64_FORMAT
			", not %" G_GUINT64_FORMAT,
			self->serial, serial);
	g_object_unref(task);
}

gboolean bhd_change_confirm_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

/* --- apply ----------------------------------------------------------------------------------- */

static gboolean concerns(const BhFinding *finding, GVariant *changes)
{
	const char *text;

	return (finding->cell && g_variant_lookup(changes, finding->cell, "&s", &text)) ||
	       (finding->owner && g_variant_lookup(changes, finding->owner, "&s", &text));
}

/* Old errors of other files are no reason to refuse: the change may be a step to correct them. */
static gboolean check(GPtrArray *findings, GVariant *changes, GError **error)
{
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];
		g_autofree char *text = NULL;

		if (finding->severity != BH_SEVERITY_ERROR || !concerns(finding, changes))
			continue;
		text = bh_finding_to_string(finding);
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "%s", text);
		return FALSE;
	}
	return TRUE;
}

static GVariant *describe(const char *directory, GVariant *changes, const char *state,
			  guint64 until, gboolean restart)
{
	GVariantBuilder files;
	const char *cell, *text;
	GVariantIter iter;

	g_variant_builder_init(&files, G_VARIANT_TYPE("a(smaymay)"));
	g_variant_iter_init(&iter, changes);
	while (g_variant_iter_next(&iter, "{&s&s}", &cell, &text)) {
		GVariant *new = *text ? g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, text,
								  strlen(text), 1)
				      : NULL;

		g_variant_builder_add(&files, "(s@may@may)", cell,
				      bhd_journal_read_file(directory, cell),
				      g_variant_new_maybe(G_VARIANT_TYPE_BYTESTRING, new));
	}
	return g_variant_ref_sink(g_variant_new("(stba(smaymay))", state, until, restart, &files));
}

static void fail(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);

	give_back(task, error);
	disk_over(self);
}

/* The files are written, and the journal says whether that is to be confirmed. */
static void on_concluded(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	Work *work = g_task_get_task_data(task);
	gboolean confirm = work->mode == BHD_CHANGE_UNTIL_CONFIRMED;

	if (!error && !confirm) {
		disk_over(self);
		go_on(task);
	} else if (!error) {
		self->waiting = g_variant_ref(work->change);
		self->serial = bhd_config_get_serial(config);
		work->revert_on_failure = TRUE;
		start_timer(self);
		g_signal_emit(self, signal_changed, 0);
		disk_over(self);
		go_on(task);
	} else {
		bhd_journal_put_back(bhd_config_get_directory(config), work->change);
		bhd_config_reload(config, NULL);
		fail(task, error);
	}
}

static void on_failed(GTask *task, GError *error)
{
	Work *work = g_task_get_task_data(task);

	g_clear_error(&error);
	fail(task, g_steal_pointer(&work->error));
}

static void on_prepared(GTask *task, GError *error)
{
	BhdChange *self = g_task_get_source_object(task);
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	const char *directory = bhd_config_get_directory(config);
	Work *work = g_task_get_task_data(task);

	if (error) {
		fail(task, error);
	} else if (!is_cancelled(work, &work->error) &&
		   bhd_journal_check_old(directory, work->change, &work->error) &&
		   bhd_journal_commit(directory, work->change, &work->error) &&
		   bhd_config_reload(config, &work->error)) {
		gboolean confirm = work->mode == BHD_CHANGE_UNTIL_CONFIRMED;

		tell(work, "writing", 1);
		disk_start(task, disk_conclude, NULL, confirm ? work->change : NULL, on_concluded);
	} else {
		bhd_journal_put_back(directory, work->change);
		disk_start(task, disk_conclude, NULL, NULL, on_failed);
	}
}

/* FALSE: @error. With mode "verify" nothing is to be written. */
static gboolean judge(BhdChange *self, Work *work, GError **error)
{
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	g_autoptr(BhCellSet) set = NULL;

	if (is_cancelled(work, error))
		return FALSE;
	set = bhd_config_propose(config, work->wanted, error);
	if (!set)
		return FALSE;
	if (work->serial && work->serial != bhd_config_get_serial(config)) {
		g_set_error(
			error, BHD_ERROR, BHD_ERROR_CONFLICT,
			"the cell files have changed since: read them again, their serial is now "
			"%" G_GUINT64_FORMAT,
			bhd_config_get_serial(config));
		return FALSE;
	}
	work->findings = bh_validate(set, NULL, bhd_daemon_get_machine(self->daemon));
	if (work->mode == BHD_CHANGE_VERIFY)
		return TRUE;
	if (self->waiting) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_BUSY,
			    "another change waits to be confirmed: confirm or revert it first");
		return FALSE;
	}
	return check(work->findings, work->wanted, error);
}

static void begin(BhdChange *self, GTask *task)
{
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	const char *directory = bhd_config_get_directory(config);
	Work *work = g_task_get_task_data(task);
	g_autoptr(GVariant) writing = NULL;
	GError *error = NULL;
	guint64 until = 0;

	if (!judge(self, work, &error) || work->mode == BHD_CHANGE_VERIFY) {
		give_back(task, error);
		return;
	}
	if (work->mode == BHD_CHANGE_UNTIL_CONFIRMED)
		until = g_get_real_time() + (guint64)work->timeout * G_USEC_PER_SEC;
	writing = describe(directory, work->wanted, BHD_JOURNAL_WRITING, until, work->restart);
	work->change = describe(directory, work->wanted, BHD_JOURNAL_WAITING, until, work->restart);
	tell(work, "writing", 0);
	disk_start(task, disk_prepare, work->change, writing, on_prepared);
}

static void begin_next(BhdChange *self)
{
	while (!self->busy && !g_queue_is_empty(&self->queue))
		begin(self, g_queue_pop_head(&self->queue));
}

void bhd_change_apply(BhdChange *self, GVariant *changes, guint64 serial, BhdChangeMode mode,
		      guint timeout, gboolean restart, GDBusMethodInvocation *invocation,
		      GAsyncReadyCallback done, gpointer user_data)
{
	GTask *task = g_task_new(self, NULL, done, user_data);
	Work *work = g_new0(Work, 1);

	work->invocation = invocation;
	work->wanted = g_variant_ref(changes);
	work->serial = serial;
	work->mode = mode;
	work->timeout = timeout;
	work->restart = restart;
	if (mode != BHD_CHANGE_VERIFY)
		work->job = bhd_job_new(self->daemon, "apply", BHD_MANAGER_PATH, invocation);
	g_task_set_task_data(task, work, work_free);
	g_queue_push_tail(&self->queue, task);
	begin_next(self);
}

GPtrArray *bhd_change_apply_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

/* --- life ------------------------------------------------------------------------------------ */

static void bhd_change_finalize(GObject *object)
{
	BhdChange *self = BHD_CHANGE(object);

	g_clear_handle_id(&self->timer, g_source_remove);
	g_clear_pointer(&self->waiting, g_variant_unref);
	g_free(self->journal);
	G_OBJECT_CLASS(bhd_change_parent_class)->finalize(object);
}

static void bhd_change_class_init(BhdChangeClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_change_finalize;
	signal_changed = g_signal_new("changed", BHD_TYPE_CHANGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
}

static void bhd_change_init(BhdChange *self)
{
	g_queue_init(&self->queue);
}

BhdChange *bhd_change_new(BhdDaemon *daemon, const char *journal)
{
	BhdChange *self = g_object_new(BHD_TYPE_CHANGE, NULL);

	self->daemon = daemon;
	self->journal = g_strdup(journal);
	return self;
}
