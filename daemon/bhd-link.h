/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One link on the bus: what a cell file says of it and what the core says. */
#ifndef BHD_LINK_H
#define BHD_LINK_H

#include "bhd-daemon.h"

G_BEGIN_DECLS

#define BHD_TYPE_LINK (bhd_link_get_type())
G_DECLARE_FINAL_TYPE(BhdLink, bhd_link, BHD, LINK, BhDbusLinkSkeleton)

BhdLink *bhd_link_new(BhdDaemon *daemon, const char *name);
const char *bhd_link_get_path(BhdLink *self);

/* Brings the properties to the daemon's snapshot; @file NULL: no file describes it. */
void bhd_link_update(BhdLink *self, const BhLink *file, guint number);

G_END_DECLS

#endif
