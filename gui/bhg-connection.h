/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to a daemon, here, on another host, or of a simulated machine, and what it shows as list models. It opens
 * itself again when the daemon comes back. Nothing here waits for an answer.
 */
#ifndef BHG_CONNECTION_H
#define BHG_CONNECTION_H

#include "bh-machine.h"
#include "bhe-plan.h"
#include "bhg-cell.h"

G_BEGIN_DECLS

#define BHG_BUS_NAME "org.bulkhead1"
#define BHG_ROOT "/org/bulkhead1"

typedef enum {
	BHG_TARGET_SYSTEM,
	BHG_TARGET_SESSION,
	BHG_TARGET_ADDRESS, /* of a bus */
	BHG_TARGET_HOST, /* through ssh */
	BHG_TARGET_SIMULATED, /* started for this connection; the value is a file with a machine, or NULL */
} BhgTarget;

typedef enum {
	BHG_CONNECTING,
	BHG_SILENT, /* connecting, for longer than it should take */
	BHG_UNREACHABLE, /* no bus: see the message */
	BHG_ABSENT, /* a bus, but no daemon on it */
	BHG_UNAUTHORIZED, /* it does not talk to us */
	BHG_CONNECTED,
} BhgState;

#define BHG_TYPE_CONNECTION (bhg_connection_get_type())
G_DECLARE_FINAL_TYPE(BhgConnection, bhg_connection, BHG, CONNECTION, GObject)

/*
 * Signals:
 *   "changed"           the state, or a property of the manager, the health or a link
 *   "cells-changed"     any cell, which there are, or the plan; once for all that comes together
 *   "machine-changed"   the description of the machine
 *   "event" (GVariant)  an event of the manager
 */
BhgConnection *bhg_connection_new(BhgTarget target, const char *value);
void bhg_connection_open(BhgConnection *self);
/* Begins anew, whatever the state; @interactive: a password may be asked for. */
void bhg_connection_retry(BhgConnection *self, gboolean interactive);

BhgState bhg_connection_get_state(BhgConnection *self);
const char *bhg_connection_get_message(BhgConnection *self); /* what went wrong; NULL */
BhgTarget bhg_connection_get_target(BhgConnection *self);
const char *bhg_connection_get_value(BhgConnection *self);
char *bhg_connection_get_title(BhgConnection *self); /* which machine, for people */

/* NULL unless connected. */
GDBusConnection *bhg_connection_get_bus(BhgConnection *self);
BhDbusManager *bhg_connection_get_manager(BhgConnection *self);
BhDbusHealth *bhg_connection_get_health(BhgConnection *self);
BhDbusMachine *bhg_connection_get_machine_proxy(BhgConnection *self);
/* As described last; NULL: not yet. */
BhMachine *bhg_connection_get_machine(BhgConnection *self);
/* "absent", "disabled", "enabling", "enabled", "disabling"; "" unless connected. */
const char *bhg_connection_get_hypervisor_state(BhgConnection *self);
gboolean bhg_connection_is_simulated(BhgConnection *self);

GListModel *bhg_connection_get_cells(BhgConnection *self); /* BhgCell, by name */
GListModel *bhg_connection_get_jobs(BhgConnection *self); /* BhDbusJob */
GListModel *bhg_connection_get_links(BhgConnection *self); /* BhDbusLink */
/* Also one that is gone, as long as somebody may come back to it. NULL: never heard of. */
BhgCell *bhg_connection_find_cell(BhgConnection *self, const char *name);
BhgCell *bhg_connection_find_cell_by_path(BhgConnection *self, const char *path);

/* Who has it in the core now; NULL: the root. */
BhgCell *bhg_connection_cpu_owner(BhgConnection *self, guint cpu);
BhgCell *bhg_connection_device_owner(BhgConnection *self, const char *address);

/*
 * What shall become of the cell files; NULL until somebody who looks after it has set it, which is before there are pages. When it changes,
 * "cells-changed" is emitted.
 */
void bhg_connection_set_plan(BhgConnection *self, BhePlan *plan);
BhePlan *bhg_connection_get_plan(BhgConnection *self);

/* Looks at the machine again; "machine-changed" follows. */
void bhg_connection_describe(BhgConnection *self, gboolean interactive);

/*
 * Calls a method with a person waiting for it, so that a password may be asked for, and without time limit. @interface without
 * prefix. Sinks @arguments. Finish with bhg_connection_call_finish(): the source object of the result is @self.
 */
void bhg_connection_call(BhgConnection *self, const char *path, const char *interface,
			 const char *method, GVariant *arguments, GCancellable *cancellable,
			 GAsyncReadyCallback callback, gpointer data);
GVariant *bhg_connection_call_finish(BhgConnection *self, GAsyncResult *result, GError **error);

/* a{sv}, floating, empty: the last argument of most methods. */
GVariant *bhg_no_options(void);

G_END_DECLS

#endif
