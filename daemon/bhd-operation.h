/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to a cell in the core, step by step, in the worker's thread. What there is to do is decided by what
 * the core says when the operation begins, not by what anybody remembers.
 */
#ifndef BHD_OPERATION_H
#define BHD_OPERATION_H

#include "bh-compile.h"
#include "bhd-job.h"
#include "bhd-snapshot.h"
#include "bhd-worker.h"

G_BEGIN_DECLS

typedef enum {
	BHD_OPERATION_CREATE,
	BHD_OPERATION_LOAD,
	BHD_OPERATION_START, /* and everything before it */
	BHD_OPERATION_RESTART,
	BHD_OPERATION_STOP,
	BHD_OPERATION_DESTROY,
	BHD_OPERATION_LOAD_IMAGE,
} BhdOperationKind;

typedef struct {
	BhdOperationKind kind;
	char *cell; /* its name */
	GBytes *descriptor; /* NULL with STOP, DESTROY, LOAD_IMAGE; START: it must run already */
	GArray *images; /* BhCompiledImage */
	BhCell *config; /* keeps what images point to */
	gboolean renew; /* the file has changed: create anew rather than start what is there */
	gboolean no_load;
	gboolean force;
	gboolean lenient; /* STOP: a cell that does not run is no error */
	struct bh_image image; /* LOAD_IMAGE */
	BhdJob *job;
	/* Where it is noted down as long as it is half done, so that a daemon that comes after a killed one knows. */
	const char *note; /* or NULL */

	/* results */
	gboolean attached; /* START: it was running already */
	gboolean loaded; /* the images of config were */
	gboolean refused; /* the descriptor was: another placement may help */
	GBytes *created; /* the descriptor as it was written back, if a cell was created */
} BhdOperation;

BhdOperation *bhd_operation_new(BhdOperationKind kind, const char *cell);
void bhd_operation_free(BhdOperation *operation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhdOperation, bhd_operation_free)

/*
 * What an earlier daemon has left in the note: the operation that completes or undoes it, given that the cell exists
 * or not and runs or not; NULL: nothing is half done. The note is removed.
 */
BhdOperation *bhd_operation_recover(const char *note, const BhdSnapshot *snapshot);

const char *bhd_operation_word(BhdOperationKind kind);

/* A BhdWork; its data is the BhdOperation. */
gboolean bhd_operation_run(struct bh_backend *backend, gpointer operation,
			   GCancellable *cancellable, GError **error);

G_END_DECLS

#endif
