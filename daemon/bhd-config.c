// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include "bh-validate.h"
#include "bhd-config.h"
#include "bhd-error.h"

/* An editor writes a file in several steps: they are looked at together. */
#define SETTLE_MS 50
/* Of all texts of a change together: they are judged in the main loop. */
#define CHANGES_SIZE_MAX (8u << 20)

struct _BhdConfig {
	GObject parent;
	char *directory;
	char *placement_file;
	BhMachine *machine;
	BhCellSet *set;
	BhPlacement *placement;
	GPtrArray *findings;
	guint64 serial; /* 0: nothing was read yet */
	GFileMonitor *monitor;
	guint settle;
	GThreadPool *saver; /* one thread: placements are written in their order */
};

G_DEFINE_FINAL_TYPE(BhdConfig, bhd_config, G_TYPE_OBJECT)

static guint signal_changed, signal_edited;

static guint64 compute_serial(const BhCellSet *set)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize size = sizeof(digest);
	guint64 serial;

	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];
		const char *text = bh_cell_file_get_text(cell->file, &size);
		guint64 length = size;

		g_checksum_update(checksum, (const guint8 *)cell->name, strlen(cell->name) + 1);
		g_checksum_update(checksum, (const guint8 *)&length, sizeof(length));
		g_checksum_update(checksum, (const guint8 *)text, size);
	}
	size = sizeof(digest);
	g_checksum_get_digest(checksum, digest, &size);
	memcpy(&serial, digest, sizeof(serial));
	return (serial & ((1ULL << 53) - 1)) | 1;
}

static void write_placement(gpointer text, gpointer path)
{
	g_autoptr(GError) error = NULL;

	if (!bh_placement_write(text, path, &error))
		g_warning("The placement of cells is not remembered: %s", error->message);
	g_free(text);
}

static void save_placement(BhdConfig *self)
{
	g_thread_pool_push(self->saver, bh_placement_to_text(self->placement), NULL);
}

/* Judges the set anew. */
static void judge(BhdConfig *self)
{
	g_autoptr(GPtrArray) findings = bh_findings_new();

	bh_cell_set_for_machine(self->set, self->machine);
	if (bh_placement_update(self->placement, self->set, self->machine, findings))
		save_placement(self);
	g_clear_pointer(&self->findings, g_ptr_array_unref);
	self->findings = bh_validate(self->set, NULL, self->machine);
}

gboolean bhd_config_reload(BhdConfig *self, GError **error)
{
	g_autoptr(BhCellSet) set = bh_cell_set_load(self->directory, error);
	guint64 serial;

	if (!set)
		return FALSE;
	serial = compute_serial(set);
	if (serial == self->serial)
		return TRUE;
	g_clear_pointer(&self->set, bh_cell_set_unref);
	self->set = g_steal_pointer(&set);
	self->serial = serial;
	judge(self);
	g_signal_emit(self, signal_changed, 0);
	return TRUE;
}

void bhd_config_set_machine(BhdConfig *self, BhMachine *machine)
{
	bh_machine_ref(machine);
	g_clear_pointer(&self->machine, bh_machine_unref);
	self->machine = machine;
	judge(self);
	g_signal_emit(self, signal_changed, 0);
}

static gboolean on_settled(gpointer data)
{
	g_autoptr(GError) error = NULL;
	BhdConfig *self = data;
	guint64 serial = self->serial;

	self->settle = 0;
	if (!bhd_config_reload(self, &error))
		g_warning("The cell files could not be read: %s", error->message);
	else if (serial != self->serial)
		g_signal_emit(self, signal_edited, 0);
	return G_SOURCE_REMOVE;
}

static void on_directory_changed(GFileMonitor *monitor, GFile *file, GFile *other,
				 GFileMonitorEvent event, BhdConfig *self)
{
	(void)monitor;
	(void)file;
	(void)other;
	(void)event;
	if (!self->settle)
		self->settle = g_timeout_add(SETTLE_MS, on_settled, self);
}

const char *bhd_config_get_directory(BhdConfig *self)
{
	return self->directory;
}

BhCellSet *bhd_config_get_set(BhdConfig *self)
{
	return self->set;
}

BhPlacement *bhd_config_get_placement(BhdConfig *self)
{
	return self->placement;
}

GPtrArray *bhd_config_get_findings(BhdConfig *self)
{
	return self->findings;
}

guint64 bhd_config_get_serial(BhdConfig *self)
{
	return self->serial;
}

char *bhd_config_get_path(BhdConfig *self, const char *cell)
{
	g_autofree char *name = g_strconcat(cell, BH_CELL_FILE_SUFFIX, NULL);

	return g_build_filename(self->directory, name, NULL);
}

BhCellSet *bhd_config_propose(BhdConfig *self, GVariant *changes, GError **error)
{
	g_autoptr(BhCellSet) set = NULL;
	const char *name, *text;
	GVariantIter iter;

	if (g_variant_get_size(changes) > CHANGES_SIZE_MAX) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			    "the changes have %" G_GSIZE_FORMAT " bytes, at most %u are looked at",
			    g_variant_get_size(changes), CHANGES_SIZE_MAX);
		return NULL;
	}
	if (!bhd_config_reload(self, error))
		return NULL;
	set = bh_cell_set_load(self->directory, error);
	if (!set)
		return NULL;
	bh_cell_set_for_machine(set, self->machine);
	g_variant_iter_init(&iter, changes);
	while (g_variant_iter_next(&iter, "{&s&s}", &name, &text)) {
		g_autofree char *path = NULL;
		g_autoptr(BhCellFile) file = NULL;

		if (!bh_cell_name_is_valid(name)) {
			g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
				    "\"%.40s\" cannot be the name of a cell: use at most 31 "
				    "letters, digits, \"_\", \"-\" and \".\"",
				    name);
			return NULL;
		}
		if (!*text) {
			bh_cell_set_remove(set, name);
			continue;
		}
		if (strlen(text) > BH_CELL_FILE_SIZE_MAX) {
			g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
				    "the text for the cell \"%s\" is longer than %u bytes", name,
				    BH_CELL_FILE_SIZE_MAX);
			return NULL;
		}
		path = bhd_config_get_path(self, name);
		file = bh_cell_file_new(path, text, -1);
		bh_cell_set_put(set, file);
	}
	return g_steal_pointer(&set);
}

void bhd_config_learn(BhdConfig *self, const BhCell *cell, GBytes *descriptor)
{
	if (bh_placement_learn(self->placement, cell, g_bytes_get_data(descriptor, NULL)))
		save_placement(self);
}

void bhd_config_forget_memory(BhdConfig *self, const char *cell)
{
	if (bh_placement_forget_memory(self->placement, cell))
		save_placement(self);
}

static gboolean watch(BhdConfig *self, GError **error)
{
	g_autoptr(GFile) file = g_file_new_for_path(self->directory);

	/* A monitor of a directory that is not there would poll for it. */
	if (g_mkdir_with_parents(self->directory, 0755)) {
		int number = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number),
			    "the directory %s could not be made: %s", self->directory,
			    g_strerror(number));
		return FALSE;
	}
	self->monitor = g_file_monitor_directory(file, G_FILE_MONITOR_WATCH_MOVES, NULL, error);
	if (!self->monitor)
		return FALSE;
	g_signal_connect(self->monitor, "changed", G_CALLBACK(on_directory_changed), self);
	return TRUE;
}

static void bhd_config_finalize(GObject *object)
{
	BhdConfig *self = BHD_CONFIG(object);

	if (self->saver)
		g_thread_pool_free(g_steal_pointer(&self->saver), FALSE, TRUE);
	g_clear_handle_id(&self->settle, g_source_remove);
	if (self->monitor)
		g_file_monitor_cancel(self->monitor);
	g_clear_object(&self->monitor);
	g_clear_pointer(&self->set, bh_cell_set_unref);
	g_clear_pointer(&self->placement, bh_placement_unref);
	g_clear_pointer(&self->findings, g_ptr_array_unref);
	g_clear_pointer(&self->machine, bh_machine_unref);
	g_free(self->directory);
	g_free(self->placement_file);
	G_OBJECT_CLASS(bhd_config_parent_class)->finalize(object);
}

static void bhd_config_class_init(BhdConfigClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_config_finalize;
	signal_changed = g_signal_new("changed", BHD_TYPE_CONFIG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
	signal_edited = g_signal_new("edited", BHD_TYPE_CONFIG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				     NULL, G_TYPE_NONE, 0);
}

static void bhd_config_init(BhdConfig *self)
{
	(void)self;
}

BhdConfig *bhd_config_new(const char *directory, const char *placement_file, BhMachine *machine,
			  GError **error)
{
	g_autoptr(BhdConfig) self = g_object_new(BHD_TYPE_CONFIG, NULL);
	g_autoptr(GError) unreadable = NULL;

	self->directory = g_strdup(directory);
	self->placement_file = g_strdup(placement_file);
	self->saver = g_thread_pool_new(write_placement, self->placement_file, 1, FALSE, NULL);
	self->machine = bh_machine_ref(machine);
	/* A damaged memory of choices is no reason not to run: they are made again. */
	self->placement = bh_placement_load(placement_file, &unreadable);
	if (!self->placement) {
		g_warning("Placements are chosen anew: %s", unreadable->message);
		self->placement = bh_placement_new();
	}
	if (!watch(self, error) || !bhd_config_reload(self, error))
		return NULL;
	return g_steal_pointer(&self);
}
