// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "bhd-error.h"
#include "bhd-operation.h"

/* One run of an operation. */
struct run {
	BhdOperation *operation;
	struct bh_backend *backend;
	GCancellable *cancellable;
	guint32 id; /* 0: the cell does not exist */
	guint32 state;
	gboolean created; /* by this run, which undoes it if a later step fails */
};

BhdOperation *bhd_operation_new(BhdOperationKind kind, const char *cell)
{
	BhdOperation *operation = g_new0(BhdOperation, 1);

	operation->kind = kind;
	operation->cell = g_strdup(cell);
	operation->image.fd = -1;
	return operation;
}

void bhd_operation_free(BhdOperation *operation)
{
	g_free(operation->cell);
	g_clear_pointer(&operation->descriptor, g_bytes_unref);
	g_clear_pointer(&operation->images, g_array_unref);
	g_clear_pointer(&operation->config, bh_cell_unref);
	g_clear_pointer(&operation->created, g_bytes_unref);
	g_clear_object(&operation->job);
	if (operation->image.fd >= 0)
		close(operation->image.fd);
	g_free(operation);
}

const char *bhd_operation_word(BhdOperationKind kind)
{
	static const char *const words[] = {"create", "load",	 "start", "restart",
					    "stop",   "destroy", "load"};

	return words[kind];
}

static gboolean done(int status, const struct bh_device_error *device, GError **error)
{
	if (!status)
		return TRUE;
	bhd_error_set_device(error, device);
	return FALSE;
}

static gboolean find(struct run *run, GError **error)
{
	struct bh_device_error device = {0};
	g_autofree struct bh_info *info = g_new0(struct bh_info, 1);

	if (!done(run->backend->ops->info(run->backend, info, &device), &device, error))
		return FALSE;
	run->id = 0;
	if (info->state != BH_STATE_ENABLED) {
		if (run->operation->lenient)
			return TRUE;
		g_set_error(error, BHD_ERROR, BHD_ERROR_WRONG_STATE,
			    "Bulkhead is not enabled: enable it first");
		return FALSE;
	}
	for (guint i = 1; i < info->cell_count; i++)
		if (!strncmp(info->cell[i].name, run->operation->cell, BH_CELL_NAME_SIZE)) {
			run->id = info->cell[i].id;
			run->state = info->cell[i].state;
		}
	return TRUE;
}

static gboolean runs(const struct run *run)
{
	return run->id && (run->state == BH_CELL_RUNNING || run->state == BH_CELL_RUNNING_LOCKED);
}

/* At the beginning of each step: the place where a job can be cancelled. */
static gboolean step(struct run *run, const char *phase, double progress, GError **error)
{
	if (g_cancellable_set_error_if_cancelled(run->cancellable, error))
		return FALSE;
	bhd_job_set_phase(run->operation->job, phase, progress);
	return TRUE;
}

static gboolean create(struct run *run, GError **error)
{
	BhdOperation *operation = run->operation;
	struct bh_device_error device = {0};
	struct bh_cell_desc *descriptor;
	gsize size;

	if (!step(run, "creating", 0.2, error))
		return FALSE;
	descriptor = g_memdup2(g_bytes_get_data(operation->descriptor, &size),
			       g_bytes_get_size(operation->descriptor));
	if (!done(run->backend->ops->create(run->backend, descriptor, &run->id, &device), &device,
		  error)) {
		g_free(descriptor);
		run->id = 0;
		operation->refused = TRUE;
		return FALSE;
	}
	g_clear_pointer(&operation->created, g_bytes_unref);
	operation->created = g_bytes_new_take(descriptor, size);
	run->created = TRUE;
	run->state = BH_CELL_SHUT_DOWN;
	return TRUE;
}

static gboolean destroy(struct run *run, gboolean force, GError **error)
{
	struct bh_device_error device = {0};

	if (!step(run, "destroying", 0.1, error) ||
	    !done(run->backend->ops->destroy(run->backend, run->id, force, &device), &device,
		  error))
		return FALSE;
	run->id = 0;
	return TRUE;
}

static gboolean stop(struct run *run, GError **error)
{
	struct bh_device_error device = {0};

	if (!step(run, "stopping", 0.0, error) ||
	    !done(run->backend->ops->stop(run->backend, run->id, run->operation->force, &device),
		  &device, error))
		return FALSE;
	run->state = BH_CELL_SHUT_DOWN;
	return TRUE;
}

static gboolean open_image(const BhCompiledImage *from, struct bh_image *to, GError **error)
{
	to->address = from->address;
	to->type = from->type;
	to->fd = -1;
	if (from->type == BH_IMAGE_TEXT) {
		to->text = (uintptr_t)from->text;
		to->text_size = from->size;
		return TRUE;
	}
	to->fd = open(from->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (to->fd >= 0)
		return TRUE;
	g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "image \"%s\": %s: %s", from->name,
		    from->path, g_strerror(errno));
	return FALSE;
}

/* What a cell must be told of itself that is known only once there is the cell. */
static gboolean complete(struct run *run, GError **error)
{
	g_autofree struct bh_cell_desc *created = g_malloc0(BH_CELL_DESC_MAX);
	struct bh_device_error device = {0};
	guint32 size = BH_CELL_DESC_MAX;
	g_autoptr(GError) why = NULL;

	if (!done(run->backend->ops->descriptor(run->backend, run->id, created, &size, &device),
		  &device, error))
		return FALSE;
	if (bh_compile_linux_functions(created, run->operation->images, &why))
		return TRUE;
	g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "the cell \"%s\": %s",
		    run->operation->cell, why->message);
	return FALSE;
}

static gboolean load(struct run *run, GError **error)
{
	BhdOperation *operation = run->operation;
	struct bh_image images[BH_IMAGES_MAX] = {0};
	struct bh_device_error device = {0};
	gboolean good = TRUE;
	guint count = 0;

	if (!step(run, "loading", 0.5, error) || !complete(run, error))
		return FALSE;
	while (good && count < operation->images->len) {
		good = open_image(&g_array_index(operation->images, BhCompiledImage, count),
				  &images[count], error);
		count++;
	}
	if (good)
		good = done(run->backend->ops->load(run->backend, run->id, images, count, &device),
			    &device, error);
	while (count--)
		if (images[count].fd >= 0)
			close(images[count].fd);
	operation->loaded = good;
	return good;
}

static gboolean load_image(struct run *run, GError **error)
{
	struct bh_device_error device = {0};

	return step(run, "loading", 0.5, error) &&
	       done(run->backend->ops->load(run->backend, run->id, &run->operation->image, 1,
					    &device),
		    &device, error);
}

static gboolean start(struct run *run, GError **error)
{
	struct bh_device_error device = {0};

	return step(run, "starting", 0.8, error) &&
	       done(run->backend->ops->start(run->backend, run->id, &device), &device, error);
}

/* Another cell than the one that exists, if the file says so. */
static gboolean make(struct run *run, GError **error)
{
	if (run->id && run->operation->renew && !destroy(run, TRUE, error))
		return FALSE;
	return run->id || create(run, error);
}

static gboolean launch(struct run *run, GError **error)
{
	BhdOperation *operation = run->operation;

	if (!operation->descriptor) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG,
			    "the cell \"%s\" has stopped meanwhile, and its file is not valid",
			    operation->cell);
		return FALSE;
	}
	if (!make(run, error))
		return FALSE;
	if (!operation->no_load && !load(run, error))
		return FALSE;
	return start(run, error);
}

static gboolean wrong_state(const struct run *run, const char *what, GError **error)
{
	g_set_error(error, BHD_ERROR, BHD_ERROR_WRONG_STATE, "the cell \"%s\" %s",
		    run->operation->cell, what);
	return FALSE;
}

static gboolean carry_out(struct run *run, GError **error)
{
	BhdOperation *operation = run->operation;

	switch (operation->kind) {
	case BHD_OPERATION_CREATE:
		if (run->id) {
			g_set_error(error, BHD_ERROR, BHD_ERROR_EXISTS,
				    "the cell \"%s\" exists already", operation->cell);
			return FALSE;
		}
		return create(run, error);
	case BHD_OPERATION_LOAD:
		if (runs(run))
			return wrong_state(run, "runs: stop it first", error);
		return make(run, error) && load(run, error);
	case BHD_OPERATION_LOAD_IMAGE:
		if (!run->id)
			return wrong_state(run, "does not exist: create it first", error);
		if (runs(run))
			return wrong_state(run, "runs: stop it first", error);
		return load_image(run, error);
	case BHD_OPERATION_START:
		operation->attached = runs(run);
		return operation->attached || launch(run, error);
	case BHD_OPERATION_RESTART:
		return (!runs(run) || stop(run, error)) && launch(run, error);
	case BHD_OPERATION_STOP:
		if (runs(run))
			return stop(run, error);
		return operation->lenient || wrong_state(run, "does not run", error);
	case BHD_OPERATION_DESTROY:
		if (!run->id)
			return wrong_state(run, "does not exist", error);
		return destroy(run, operation->force, error);
	}
	g_assert_not_reached();
}

/* --- the note -------------------------------------------------------------------------------- */

#define GROUP "Operation"

/* Single steps are completed or undone by the module, whatever happens to us. */
static gboolean has_steps(BhdOperationKind kind)
{
	return kind == BHD_OPERATION_LOAD || kind == BHD_OPERATION_START ||
	       kind == BHD_OPERATION_RESTART;
}

/* Lies in /run: what is half done does not survive a boot. */
static void note_down(const struct run *run)
{
	BhdOperation *operation = run->operation;
	g_autoptr(GKeyFile) file = NULL;
	g_autoptr(GError) error = NULL;

	if (!operation->note || !has_steps(operation->kind))
		return;
	file = g_key_file_new();
	g_key_file_set_string(file, GROUP, "Cell", operation->cell);
	g_key_file_set_string(file, GROUP, "Kind", bhd_operation_word(operation->kind));
	g_key_file_set_boolean(file, GROUP, "Existed", run->id != 0);
	g_key_file_set_boolean(file, GROUP, "Ran", runs(run));
	if (!g_key_file_save_to_file(file, operation->note, &error))
		g_warning("What is being done cannot be noted down: %s", error->message);
}

BhdOperation *bhd_operation_recover(const char *note, const BhdSnapshot *snapshot)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	BhdOperation *operation = NULL;
	const struct bh_info_cell *info;
	g_autofree char *cell = NULL;
	g_autofree char *kind = NULL;
	gboolean runs;

	if (g_key_file_load_from_file(file, note, G_KEY_FILE_NONE, NULL)) {
		cell = g_key_file_get_string(file, GROUP, "Cell", NULL);
		kind = g_key_file_get_string(file, GROUP, "Kind", NULL);
	}
	unlink(note);
	if (!cell || !kind || !bhd_snapshot_is_enabled(snapshot))
		return NULL;
	info = bhd_snapshot_find(snapshot, cell);
	runs = info && !info->loadable &&
	       (info->state == BH_CELL_RUNNING || info->state == BH_CELL_RUNNING_LOCKED);
	if (runs)
		return NULL;
	if (g_key_file_get_boolean(file, GROUP, "Ran", NULL)) {
		g_log_structured(
			G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "BULKHEAD_CELL", cell, "MESSAGE",
			"Cell %s was being restarted when the daemon was killed: it is started",
			cell);
		operation = bhd_operation_new(BHD_OPERATION_START, cell);
	} else if (info && !g_key_file_get_boolean(file, GROUP, "Existed", NULL)) {
		g_log_structured(
			G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "BULKHEAD_CELL", cell, "MESSAGE",
			"Cell %s was half made when the daemon was killed: it is destroyed", cell);
		operation = bhd_operation_new(BHD_OPERATION_DESTROY, cell);
		operation->force = TRUE;
	}
	return operation;
}

gboolean bhd_operation_run(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			   GError **error)
{
	struct run run = {
		.operation = data,
		.backend = backend,
		.cancellable = cancellable,
	};
	struct bh_device_error device = {0};
	gboolean success;

	if (!find(&run, error))
		return FALSE;
	note_down(&run);
	success = carry_out(&run, error);
	/* What this run created and could not bring to its end does not stay. */
	if (!success && run.created && run.id)
		backend->ops->destroy(backend, run.id, true, &device);
	if (run.operation->note)
		unlink(run.operation->note);
	return success;
}
