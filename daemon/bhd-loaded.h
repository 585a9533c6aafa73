/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was loaded into cells, for a daemon that comes after this one: the core knows memory, not files. Lies in /run, as no cell
 * outlives a boot.
 */
#ifndef BHD_LOADED_H
#define BHD_LOADED_H

#include <glib.h>

G_BEGIN_DECLS

/* @generation: of the cell's console, which tells a cell from one that was made anew. */
void bhd_loaded_write(const char *directory, const char *cell, guint64 generation,
		      const char *images);
/* NULL: nothing is known of this making of the cell. */
char *bhd_loaded_read(const char *directory, const char *cell, guint64 generation);
/* What a daemon that was killed has left half written. Nobody else may be writing there. */
void bhd_loaded_clean(const char *directory);
void bhd_loaded_remove(const char *directory, const char *cell);

G_END_DECLS

#endif
