/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core says there is, read in the worker's thread and judged in the main loop. */
#ifndef BHD_SNAPSHOT_H
#define BHD_SNAPSHOT_H

#include "bhd-stream.h"
#include "bhd-worker.h"

G_BEGIN_DECLS

typedef struct {
	guint32 generation; /* of the descriptor; 0: none is known */
	GBytes *descriptor; /* as the core holds it */
	guint64 exits;
	gboolean cpu_failed; /* one of its CPUs: for a forbidden access, or a fault of the core */
	gboolean deaf; /* known, but nobody reads its console */
	int console; /* a stream opened because nobody reads it yet; -1: none */
	BhdStreamPlace place; /* of it */
} BhdSnapshotCell;

typedef struct {
	gboolean present; /* there is a machine to talk to */
	char *silence; /* why a module that is there does not answer; NULL: there is none, or it answers */
	struct bh_info info;
	BhdSnapshotCell cell[BH_CELLS_MAX]; /* by id */
	GArray *links; /* struct bh_info_link */
} BhdSnapshot;

/* @known: descriptors that need not be read again, as far as their generation is still the same; may be NULL. */
BhdSnapshot *bhd_snapshot_new(const BhdSnapshot *known);
void bhd_snapshot_free(BhdSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhdSnapshot, bhd_snapshot_free)

/* A BhdWork; its data is a BhdSnapshot. */
gboolean bhd_snapshot_read(struct bh_backend *backend, gpointer snapshot, GCancellable *cancellable,
			   GError **error);

/* The entry of a cell in the info, NULL if it does not exist. */
const struct bh_info_cell *bhd_snapshot_find(const BhdSnapshot *snapshot, const char *name);

/* The name of a cell that exists, "root" for 0, NULL for none. */
const char *bhd_snapshot_cell_name(const BhdSnapshot *snapshot, guint32 id);
/* NULL: it does not exist. */
const struct bh_info_link *bhd_snapshot_find_link(const BhdSnapshot *snapshot, guint number);

/* The console stream, to be owned by the caller; -1. */
int bhd_snapshot_take_console(BhdSnapshot *snapshot, guint32 id, BhdStreamPlace *place);

/* Opens a stream of text for bhd_stream_attach(); -1: not to be had. */
int bhd_snapshot_open_stream(struct bh_backend *backend, guint32 stream, guint32 id,
			     BhdStreamPlace *place);

gboolean bhd_snapshot_is_enabled(const BhdSnapshot *snapshot);

/* Tables of a descriptor, bounds checked: NULL and no entries if it has none. */
const guint32 *bhd_descriptor_cpus(GBytes *descriptor, guint *count);
const struct bh_memory *bhd_descriptor_memory(GBytes *descriptor, guint *count);
const struct bh_pci *bhd_descriptor_pci(GBytes *descriptor, guint *count);
const struct bh_link *bhd_descriptor_links(GBytes *descriptor, guint *count);

G_END_DECLS

#endif
