// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters of a cell, read as they are now. */

#include "bhd-cell-private.h"
#include "bhd-error.h"
#include "bhd-options.h"

typedef struct {
	BhdCell *self;
	GDBusMethodInvocation *invocation;
	GBytes *descriptor;
	guint32 id;
	struct bh_info info;
	GVariant *stats; /* what could be read in the worker's thread; floating */
} Stats;

static void stats_free(Stats *stats)
{
	g_clear_pointer(&stats->stats, g_variant_unref);
	g_bytes_unref(stats->descriptor);
	g_object_unref(stats->self);
	g_free(stats);
}

static gboolean read_stats(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			   GError **error)
{
	struct bh_device_error device = {0};
	guint64 total[BH_COUNTERS_MAX] = {0};
	struct bh_info_cpu cpu;
	Stats *stats = data;
	GVariantBuilder cpus, exits;
	const guint32 *number;
	GVariantDict dict;
	guint count;

	(void)cancellable;
	if (backend->ops->info(backend, &stats->info, &device)) {
		bhd_error_set_device(error, &device);
		return FALSE;
	}
	g_variant_builder_init(&cpus, G_VARIANT_TYPE("a{ua{st}}"));
	number = bhd_descriptor_cpus(stats->descriptor, &count);
	for (guint i = 0; i < count; i++) {
		if (backend->ops->info_cpu(backend, number[i], &cpu, &device))
			continue;
		g_variant_builder_init(&exits, G_VARIANT_TYPE("a{st}"));
		for (guint c = 0; c < BH_COUNTERS_MAX; c++) {
			const char *word = bh_counter_word(c);

			if (!g_str_has_prefix(word, "exits_"))
				continue;
			total[c] += cpu.counters[c];
			g_variant_builder_add(&exits, "{st}", word + strlen("exits_"),
					      (guint64)cpu.counters[c]);
		}
		g_variant_builder_add(&cpus, "{ua{st}}", number[i], &exits);
	}
	g_variant_builder_init(&exits, G_VARIANT_TYPE("a{st}"));
	for (guint c = 0; c < BH_COUNTERS_MAX; c++)
		if (g_str_has_prefix(bh_counter_word(c), "exits_"))
			g_variant_builder_add(&exits, "{st}", bh_counter_word(c) + strlen("exits_"),
					      total[c]);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "exits", "a{st}", &exits);
	g_variant_dict_insert(&dict, "cpus", "a{ua{st}}", &cpus);
	stats->stats = g_variant_ref_sink(g_variant_dict_end(&dict));
	return TRUE;
}

static void on_stats(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Stats *stats = user_data;
	BhdCell *self = stats->self;
	GVariantBuilder violations;
	GError *error = NULL;
	GVariantDict dict;

	(void)source;
	if (!bhd_worker_finish(result, &error)) {
		bhd_error_return(stats->invocation, error);
		stats_free(stats);
		return;
	}
	g_variant_dict_init(&dict, stats->stats);
	g_variant_builder_init(&violations, G_VARIANT_TYPE("a{st}"));
	for (guint i = 1; i < MIN(stats->info.cell_count, BH_CELLS_MAX); i++)
		for (guint kind = 0; stats->info.cell[i].id == stats->id && kind < BH_KINDS; kind++)
			g_variant_builder_add(&violations, "{st}", bh_kind_word(kind),
					      stats->info.cell[i].violations[kind]);
	g_variant_dict_insert(&dict, "violations", "a{st}", &violations);
	if (self->beat)
		g_variant_dict_insert(&dict, "heartbeat-age", "t", bhd_cell_now() - self->beat);
	g_variant_dict_insert(&dict, "console-bytes", "t", bhd_stream_get_position(self->console));
	g_variant_dict_insert(&dict, "time", "t", bhd_cell_now());
	bh_dbus_cell_complete_get_stats(BH_DBUS_CELL(self), stats->invocation,
					g_variant_dict_end(&dict));
	stats_free(stats);
}

gboolean bhd_cell_handle_get_stats(BhDbusCell *object, GDBusMethodInvocation *invocation,
				   GVariant *options)
{
	BhdCell *self = BHD_CELL(object);
	GError *error = NULL;
	Stats *stats;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	if (!self->descriptor)
		return bhd_error_return(
			invocation,
			g_error_new(BHD_ERROR, BHD_ERROR_WRONG_STATE,
				    "the cell \"%s\" does not exist: create or start it first",
				    self->name));
	stats = g_new0(Stats, 1);
	stats->self = g_object_ref(self);
	stats->invocation = invocation;
	stats->descriptor = g_bytes_ref(self->descriptor);
	stats->id = bh_dbus_cell_get_id(object);
	bhd_worker_run(bhd_daemon_get_worker(self->daemon), read_stats, stats, NULL, on_stats,
		       stats);
	return TRUE;
}
