/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated machine for the person at the screen: a bus of its own, and a daemon on it. Both end with this object. */
#ifndef BHG_SIMULATION_H
#define BHG_SIMULATION_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHG_TYPE_SIMULATION (bhg_simulation_get_type())
G_DECLARE_FINAL_TYPE(BhgSimulation, bhg_simulation, BHG, SIMULATION, GObject)

/* @machine: a description as "bulkhead machine --save" writes it; NULL: four CPUs and 4 GiB. */
BhgSimulation *bhg_simulation_new(const char *machine);
/* Finishes with the address of the bus; the daemon appears on it in its own time. */
void bhg_simulation_start_async(BhgSimulation *self, GCancellable *cancellable,
				GAsyncReadyCallback callback, gpointer data);
char *bhg_simulation_start_finish(BhgSimulation *self, GAsyncResult *result, GError **error);

G_END_DECLS

#endif
