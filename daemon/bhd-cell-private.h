/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files bhd-cell*.c share. */
#ifndef BHD_CELL_PRIVATE_H
#define BHD_CELL_PRIVATE_H

#include "bhd-cell.h"

G_BEGIN_DECLS

struct _BhdCell {
	BhDbusCellSkeleton parent;
	BhdDaemon *daemon; /* outlives it */
	char *name, *path, *unit;
	BhCell *config; /* NULL: there is no file */
	GBytes *descriptor; /* NULL: it does not exist */
	char *loaded; /* images, as the file said when they were; NULL: not known */
	BhdStream *console;

	guint operations; /* under way */
	const char *cause; /* StateReason for what these lead to */
	guint stops; /* of these those that stop it */
	gboolean asked; /* one has begun since it last started */
	gboolean reset; /* it has reset itself since, and wants to be started again */
	gboolean by_itself; /* it has shut down since, and nobody asked */
	gboolean no_answer; /* it has failed while it was asked to shut down */
	gboolean watched; /* we know when its life began, or have seen it run */
	gboolean cpu_failed; /* one of its CPUs has, since it was started */
	const char *stopped; /* StateReason for an event since then that says what has; or NULL */
	gboolean anew; /* it was started, and of that life nothing is known yet */
	/*
	 * State and events tell of a life each in their own time. One more than the number of the event of its last start that was
	 * taken; the number of events there were when State last said that it does not run.
	 */
	guint64 begun, rested;
	GError *error; /* of the last operation that failed */

	guint64 started, beat, beat_published; /* CLOCK_BOOTTIME */
	guint heartbeat; /* source: when the next beat is due */
};

/* bhd-cell-methods.c */
void bhd_cell_methods_init(BhDbusCellIface *iface);

/* bhd-cell-stats.c */
gboolean bhd_cell_handle_get_stats(BhDbusCell *object, GDBusMethodInvocation *invocation,
				   GVariant *options);

G_END_DECLS

#endif
