/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dictionary of options that is the last argument of every method. */
#ifndef BHD_OPTIONS_H
#define BHD_OPTIONS_H

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Triples of key, type and place for the value, ended by NULL: "b" gboolean, "u" guint, "t" guint64, "s" char * (to be freed),
 * others GVariant * (to be unreferenced). Places keep what they hold when the key is absent. An unknown key
 * or another type is an error.
 */
gboolean bhd_options_read(GVariant *options, GError **error, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS

#endif
