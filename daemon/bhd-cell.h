/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One cell on the bus: what its file says and what the core says, and the methods to bring the two together. */
#ifndef BHD_CELL_H
#define BHD_CELL_H

#include "bhd-daemon.h"

G_BEGIN_DECLS

#define BHD_TYPE_CELL (bhd_cell_get_type())
G_DECLARE_FINAL_TYPE(BhdCell, bhd_cell, BHD, CELL, BhDbusCellSkeleton)

BhdCell *bhd_cell_new(BhdDaemon *daemon, const char *name);
const char *bhd_cell_get_name(BhdCell *self);
const char *bhd_cell_get_path(BhdCell *self);

/* Brings the properties to the daemon's configuration and snapshot. */
void bhd_cell_update(BhdCell *self);
/* @fd is taken. */
void bhd_cell_attach_console(BhdCell *self, int fd, const BhdStreamPlace *place);
/* The number of a cell that exists and whose console nobody reads; else 0. */
guint32 bhd_cell_get_deaf(BhdCell *self);
void bhd_cell_take_event(BhdCell *self, const struct bh_event *event, GVariant *variant);
void bhd_cell_update_autostart(BhdCell *self);

/* Whether it has failed or its heartbeat is late. */
gboolean bhd_cell_is_unwell(BhdCell *self);
gboolean bhd_cell_has_failed(BhdCell *self);
/* CLOCK_BOOTTIME in microseconds. */
guint64 bhd_cell_now(void);
gboolean bhd_cell_runs(BhdCell *self);
gboolean bhd_cell_exists(BhdCell *self);

/* Puts into @operation what the cell's file says. */
gboolean bhd_cell_compile(BhdCell *self, BhdOperation *operation, GError **error);

/* An operation on it begins and ends; several may overlap. */
void bhd_cell_begin(BhdCell *self, BhdOperationKind kind);
void bhd_cell_end(BhdCell *self, const BhdOperation *operation, const GError *error);

G_END_DECLS

#endif
