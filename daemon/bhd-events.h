/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's event records: read as they come, put into words, the newest kept. */
#ifndef BHD_EVENTS_H
#define BHD_EVENTS_H

#include <bulkhead/event.h>
#include <gio/gio.h>

G_BEGIN_DECLS

#define BHD_EVENTS_KEPT 1024

#define BHD_TYPE_EVENTS (bhd_events_get_type())
G_DECLARE_FINAL_TYPE(BhdEvents, bhd_events, BHD, EVENTS, GObject)

/* Emits "event" (const struct bh_event *, GVariant * of type a{sv}) for each. */
BhdEvents *bhd_events_new(void);

/*
 * Reads from @fd from now on, which is taken; -1: from nothing. Records that were read from an earlier descriptor and
 * come again are skipped.
 */
void bhd_events_attach(BhdEvents *self, int fd);
gboolean bhd_events_is_attached(BhdEvents *self);

/* What the cell with this number is called in events from now on, also after it is gone. */
void bhd_events_set_name(BhdEvents *self, guint32 id, const char *name);

/* aa{sv}, floating. @cell: NULL: of all. @maximum: 0: all that are kept. */
GVariant *bhd_events_get_kept(BhdEvents *self, const char *cell, guint64 from, guint maximum);

/* BH_CELL_ as a word of the D-Bus API. */
const char *bhd_state_word(guint32 state);

G_END_DECLS

#endif
