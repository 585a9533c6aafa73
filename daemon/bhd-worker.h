/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one thread that talks to the machine. Its calls may take seconds; they are made one after the other, in the order in
 * which they were asked for, and their results come back to the main loop.
 */
#ifndef BHD_WORKER_H
#define BHD_WORKER_H

#include <gio/gio.h>
#include "bh-backend.h"

G_BEGIN_DECLS

#define BHD_TYPE_WORKER (bhd_worker_get_type())
G_DECLARE_FINAL_TYPE(BhdWorker, bhd_worker, BHD, WORKER, GObject)

/* Takes @backend. NULL: /dev/bulkhead is to be opened as soon as it is there. */
BhdWorker *bhd_worker_new(struct bh_backend *backend);

/* Runs in the thread. */
typedef gboolean (*BhdWork)(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			    GError **error);

/* @data must live until @done is called. */
void bhd_worker_run(BhdWorker *self, BhdWork work, gpointer data, GCancellable *cancellable,
		    GAsyncReadyCallback done, gpointer user_data);
/* In its turn closes the device until the next work, so that the module may be unloaded. A given back-end stays. */
void bhd_worker_release(BhdWorker *self);
gboolean bhd_worker_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif
