/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a machine as a document that can be filed: what it consists of, who owns what, what is isolated and what is
 * not. As text, or as HTML with the map as a picture. Knows no display.
 */
#ifndef BHG_REPORT_H
#define BHG_REPORT_H

#include "bhg-connection.h"

G_BEGIN_DECLS

/* @checks: aa{sv} as CheckMachine() returns them; NULL: not known. Transfer full. */
char *bhg_report_text(BhgConnection *connection, GVariant *checks);
char *bhg_report_html(BhgConnection *connection, GVariant *checks);

/* What can be done about a fact or a check with this name; translated; NULL: nothing is known. */
const char *bhg_remedy(const char *name);

G_END_DECLS

#endif
