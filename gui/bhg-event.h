/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event of the daemon as an item of lists, in words. Immutable; knows no display. */
#ifndef BHG_EVENT_H
#define BHG_EVENT_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHG_TYPE_EVENT (bhg_event_get_type())
G_DECLARE_FINAL_TYPE(BhgEvent, bhg_event, BHG, EVENT, GObject)

/* @variant: a{sv} as the signal Event of org.bulkhead1.Manager has it. */
BhgEvent *bhg_event_new(GVariant *variant);
GVariant *bhg_event_get_variant(BhgEvent *event);
guint64 bhg_event_get_number(BhgEvent *event);
const char *bhg_event_get_cell(BhgEvent *event);
gboolean bhg_event_is_violation(BhgEvent *event);
const char *bhg_event_get_icon(BhgEvent *event);
char *bhg_event_get_time(BhgEvent *event); /* in words */
char *
bhg_event_get_message(BhgEvent *event); /* the daemon's sentence, begun with a capital letter */
/* Of a violation: what it means, and what became of it; NULL for other events. */
char *bhg_event_explain(BhgEvent *event);

G_END_DECLS

#endif
