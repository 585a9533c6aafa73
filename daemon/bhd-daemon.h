/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as a whole: holds its parts together, knows which objects there are, and carries out what is to be done
 * to cells.
 */
#ifndef BHD_DAEMON_H
#define BHD_DAEMON_H

#include "bh-dbus.h"
#include "bh-machine.h"
#include "bhd-authority.h"
#include "bhd-config.h"
#include "bhd-events.h"
#include "bhd-operation.h"
#include "bhd-snapshot.h"
#include "bhd-stream.h"
#include "bhd-systemd.h"
#include "bhd-worker.h"

G_BEGIN_DECLS

#define BHD_BUS_NAME "org.bulkhead1"
#define BHD_ROOT_PATH "/org/bulkhead1"

typedef struct {
	gboolean simulate;
	char *machine_file; /* with simulate; NULL: a simple machine */
	char *root; /* of /sys and /proc, for tests; NULL: the real one */
	gboolean system; /* on the system bus: with polkit, systemd and udev */
	char *cells_directory, *state_directory, *runtime_directory;
} BhdSettings;

#define BHD_TYPE_DAEMON (bhd_daemon_get_type())
G_DECLARE_FINAL_TYPE(BhdDaemon, bhd_daemon, BHD, DAEMON, GObject)

typedef struct _BhdCell BhdCell;

/* Everything that does not need a bus: configuration, machine, and what an earlier daemon left half done. */
BhdDaemon *bhd_daemon_new(const BhdSettings *settings, GError **error);
/*
 * Asks the core for the truth, makes all objects and exports them. Iterates the default main context meanwhile.
 * Afterwards the bus name may be owned.
 */
gboolean bhd_daemon_start(BhdDaemon *self, GDBusConnection *connection, GError **error);
/* Waits for the work under way. */
void bhd_daemon_stop(BhdDaemon *self);

/* The parts; borrowed. */
BhdAuthority *bhd_daemon_get_authority(BhdDaemon *self);
BhdConfig *bhd_daemon_get_config(BhdDaemon *self);
BhdEvents *bhd_daemon_get_events(BhdDaemon *self);
BhdStream *bhd_daemon_get_log(BhdDaemon *self);
BhdWorker *bhd_daemon_get_worker(BhdDaemon *self);
BhdSystemd *bhd_daemon_get_systemd(BhdDaemon *self); /* NULL: there is none */
const BhdSettings *bhd_daemon_get_settings(BhdDaemon *self);
const BhdSnapshot *bhd_daemon_get_snapshot(BhdDaemon *self);
const char *bhd_daemon_get_backend_name(BhdDaemon *self);

BhMachine *bhd_daemon_get_machine(BhdDaemon *self);
void bhd_daemon_set_machine(BhdDaemon *self, BhMachine *machine);

/* Objects on the bus. */
void bhd_daemon_export(BhdDaemon *self, const char *path, GDBusInterfaceSkeleton *skeleton);
void bhd_daemon_unexport(BhdDaemon *self, const char *path);
guint64 bhd_daemon_next_job(BhdDaemon *self);

BhdCell *bhd_daemon_find_cell(BhdDaemon *self, const char *name);
GList *bhd_daemon_list_cells(BhdDaemon *self); /* BhdCell, free the list */

/* What the daemon does shows in Manager.State until it is done; NULL: nothing. */
void bhd_daemon_set_transition(BhdDaemon *self, const char *state);
const char *bhd_daemon_get_transition(BhdDaemon *self);
/* Something that Health shows may have changed. */
void bhd_daemon_update_health(BhdDaemon *self);

/* Reads from the core what is true, and brings all objects to it. */
void bhd_daemon_refresh(BhdDaemon *self, GAsyncReadyCallback done, gpointer user_data);
gboolean bhd_daemon_refresh_finish(GAsyncResult *result, GError **error);

/*
 * Carries out @operation (taken) on the cell, with a job. What it needs of the cell's file is compiled here. @ask: for how
 * many seconds a cell that denies is asked again before it is stopped by force; -1: its refusal is an error.
 * Properties are up to date when it is done.
 */
void bhd_daemon_operate(BhdDaemon *self, BhdOperation *operation, gint64 ask,
			GDBusMethodInvocation *invocation, GAsyncReadyCallback done,
			gpointer user_data);
/* *attached (may be NULL): as in BhdOperation. */
gboolean bhd_daemon_operate_finish(GAsyncResult *result, gboolean *attached, GError **error);

G_END_DECLS

#endif
