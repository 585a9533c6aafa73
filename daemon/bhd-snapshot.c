// SPDX-License-Identifier: GPL-2.0-or-later

#include <bulkhead/hypercall.h>
#include <unistd.h>
#include "bhd-error.h"
#include "bhd-snapshot.h"

BhdSnapshot *bhd_snapshot_new(const BhdSnapshot *known)
{
	BhdSnapshot *snapshot = g_new0(BhdSnapshot, 1);

	snapshot->links = g_array_new(FALSE, FALSE, sizeof(struct bh_info_link));
	for (guint i = 0; i < BH_CELLS_MAX; i++) {
		snapshot->cell[i].console = -1;
		if (!known || !known->cell[i].descriptor)
			continue;
		snapshot->cell[i].generation = known->cell[i].generation;
		snapshot->cell[i].descriptor = g_bytes_ref(known->cell[i].descriptor);
	}
	return snapshot;
}

void bhd_snapshot_free(BhdSnapshot *snapshot)
{
	for (guint i = 0; i < BH_CELLS_MAX; i++) {
		g_clear_pointer(&snapshot->cell[i].descriptor, g_bytes_unref);
		if (snapshot->cell[i].console >= 0)
			close(snapshot->cell[i].console);
	}
	g_array_unref(snapshot->links);
	g_free(snapshot->silence);
	g_free(snapshot);
}

static gconstpointer table(GBytes *descriptor, gsize offset_of_table, gsize entry, guint *count)
{
	gsize size = descriptor ? g_bytes_get_size(descriptor) : 0;
	const struct bh_table *where;
	const guint8 *data;

	*count = 0;
	if (size < sizeof(struct bh_cell_desc))
		return NULL;
	data = g_bytes_get_data(descriptor, NULL);
	where = (gconstpointer)(data + offset_of_table);
	if (where->offset % 8 || where->offset > size ||
	    where->count > (size - where->offset) / entry)
		return NULL;
	*count = where->count;
	return data + where->offset;
}

const guint32 *bhd_descriptor_cpus(GBytes *descriptor, guint *count)
{
	return table(descriptor, offsetof(struct bh_cell_desc, cpus), sizeof(guint32), count);
}

const struct bh_memory *bhd_descriptor_memory(GBytes *descriptor, guint *count)
{
	return table(descriptor, offsetof(struct bh_cell_desc, memory), sizeof(struct bh_memory),
		     count);
}

const struct bh_pci *bhd_descriptor_pci(GBytes *descriptor, guint *count)
{
	return table(descriptor, offsetof(struct bh_cell_desc, pci), sizeof(struct bh_pci), count);
}

const struct bh_link *bhd_descriptor_links(GBytes *descriptor, guint *count)
{
	return table(descriptor, offsetof(struct bh_cell_desc, links), sizeof(struct bh_link),
		     count);
}

const struct bh_info_cell *bhd_snapshot_find(const BhdSnapshot *snapshot, const char *name)
{
	if (!snapshot)
		return NULL;
	for (guint i = 1; i < snapshot->info.cell_count; i++)
		if (!strncmp(snapshot->info.cell[i].name, name, BH_CELL_NAME_SIZE))
			return &snapshot->info.cell[i];
	return NULL;
}

const char *bhd_snapshot_cell_name(const BhdSnapshot *snapshot, guint32 id)
{
	if (!id)
		return "root";
	for (guint i = 1; i < snapshot->info.cell_count; i++)
		if (snapshot->info.cell[i].id == id)
			return snapshot->info.cell[i].name;
	return NULL;
}

const struct bh_info_link *bhd_snapshot_find_link(const BhdSnapshot *snapshot, guint number)
{
	for (guint i = 0; snapshot && i < snapshot->links->len; i++) {
		const struct bh_info_link *link =
			&g_array_index(snapshot->links, struct bh_info_link, i);

		if (link->number == number)
			return link;
	}
	return NULL;
}

int bhd_snapshot_take_console(BhdSnapshot *snapshot, guint32 id, BhdStreamPlace *place)
{
	int fd = snapshot->cell[id].console;

	*place = snapshot->cell[id].place;
	snapshot->cell[id].console = -1;
	return fd;
}

int bhd_snapshot_open_stream(struct bh_backend *backend, guint32 stream, guint32 id,
			     BhdStreamPlace *place)
{
	struct bh_stream call = {
		.call.flags = BH_STREAM_FROM_START | BH_STREAM_WHOLE, .stream = stream, .id = id};
	struct bh_device_error device = {0};
	int fd = backend->ops->stream(backend, &call, &device);

	*place = (BhdStreamPlace){TRUE, call.generation, call.position};
	return MAX(fd, -1);
}

gboolean bhd_snapshot_is_enabled(const BhdSnapshot *snapshot)
{
	return snapshot && snapshot->present && snapshot->info.state == BH_STATE_ENABLED;
}

static gboolean read_descriptor(struct bh_backend *backend, guint32 id, BhdSnapshotCell *cell,
				struct bh_device_error *device)
{
	guint32 size = BH_CELL_DESC_MAX;
	g_autofree gpointer buffer = g_malloc(size);

	if (backend->ops->descriptor(backend, id, buffer, &size, device))
		return FALSE;
	g_clear_pointer(&cell->descriptor, g_bytes_unref);
	cell->descriptor = g_bytes_new(buffer, size);
	return TRUE;
}

static void read_cpus(struct bh_backend *backend, BhdSnapshotCell *cell)
{
	struct bh_device_error device = {0};
	struct bh_info_cpu info;
	const guint32 *cpus;
	guint count;

	cell->exits = 0;
	cell->cpu_failed = FALSE;
	cpus = bhd_descriptor_cpus(cell->descriptor, &count);
	for (guint i = 0; i < count; i++) {
		if (backend->ops->info_cpu(backend, cpus[i], &info, &device))
			continue;
		cell->exits += info.counters[BH_COUNTER_TOTAL];
		cell->cpu_failed |= info.state == BH_CPU_FAILED;
	}
}

static void read_links(struct bh_backend *backend, BhdSnapshot *snapshot)
{
	struct bh_device_error device = {0};
	struct bh_info_link link = {0};

	for (guint32 next = 0; !backend->ops->info_link(backend, next, &link, &device);
	     next = link.number + 1) {
		link.peers = MIN(link.peers, BH_LINK_PEERS_MAX);
		g_array_append_val(snapshot->links, link);
	}
}

gboolean bhd_snapshot_read(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			   GError **error)
{
	struct bh_device_error device = {0};
	gboolean exists[BH_CELLS_MAX] = {FALSE};
	BhdSnapshot *snapshot = data;

	(void)cancellable;
	if (backend->ops->info(backend, &snapshot->info, &device)) {
		snapshot->silence = g_strdup(device.text);
		bhd_error_set_device(error, &device);
		return FALSE;
	}
	snapshot->present = TRUE;
	snapshot->info.cell_count = MIN(snapshot->info.cell_count, BH_CELLS_MAX);
	for (guint i = 1; i < snapshot->info.cell_count; i++) {
		const struct bh_info_cell *info = &snapshot->info.cell[i];
		BhdSnapshotCell *cell;

		if (!info->id || info->id >= BH_CELLS_MAX)
			continue;
		cell = &snapshot->cell[info->id];
		exists[info->id] = TRUE;
		/* A cell that goes while we look is not there the next time. */
		if ((cell->generation != info->generation || !cell->descriptor) &&
		    read_descriptor(backend, info->id, cell, &device)) {
			cell->generation = info->generation;
			cell->deaf = TRUE;
		}
		if (cell->deaf)
			cell->console = bhd_snapshot_open_stream(backend, BH_STREAM_CONSOLE,
								 info->id, &cell->place);
		read_cpus(backend, cell);
	}
	if (snapshot->info.state == BH_STATE_ENABLED)
		read_links(backend, snapshot);
	/* When Bulkhead is enabled anew, generations begin anew. */
	for (guint i = 0; i < BH_CELLS_MAX; i++)
		if (!exists[i])
			g_clear_pointer(&snapshot->cell[i].descriptor, g_bytes_unref);
	return TRUE;
}
