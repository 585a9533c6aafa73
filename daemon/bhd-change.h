/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of cell files: all files of one or none, for good or until somebody does not confirm. A daemon that starts keeps the time
 * of one that waits; bhd-journal.h is how they get onto the disk.
 */
#ifndef BHD_CHANGE_H
#define BHD_CHANGE_H

#include "bhd-daemon.h"

G_BEGIN_DECLS

#define BHD_TYPE_CHANGE (bhd_change_get_type())
G_DECLARE_FINAL_TYPE(BhdChange, bhd_change, BHD, CHANGE, GObject)

/* Emits "changed" when there is, or is no more, something to be confirmed. */
BhdChange *bhd_change_new(BhdDaemon *daemon, const char *journal);
/* Takes up a change that waits to be confirmed. */
void bhd_change_resume(BhdChange *self);

/* Whether files are being written. */
gboolean bhd_change_is_busy(BhdChange *self);

/* The cells of the change that waits, NULL-terminated, and until when (CLOCK_REALTIME); empty and 0: none. */
char **bhd_change_get_cells(BhdChange *self);
guint64 bhd_change_get_until(BhdChange *self);

typedef enum {
	BHD_CHANGE_VERIFY,
	BHD_CHANGE_UNTIL_CONFIRMED,
	BHD_CHANGE_PERSISTENT,
} BhdChangeMode;

/* Done when the cells are restarted, if they are to be. */
void bhd_change_apply(BhdChange *self, GVariant *changes, guint64 serial, BhdChangeMode mode,
		      guint timeout, gboolean restart, GDBusMethodInvocation *invocation,
		      GAsyncReadyCallback done, gpointer user_data);
/* BhFinding, or NULL. */
GPtrArray *bhd_change_apply_finish(GAsyncResult *result, GError **error);

void bhd_change_confirm(BhdChange *self, guint64 serial, GAsyncReadyCallback done,
			gpointer user_data);
gboolean bhd_change_confirm_finish(GAsyncResult *result, GError **error);
void bhd_change_revert(BhdChange *self, GDBusMethodInvocation *invocation, GAsyncReadyCallback done,
		       gpointer user_data);
gboolean bhd_change_revert_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif
