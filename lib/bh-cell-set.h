/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All cells of a machine: the files *.cell of a directory. */
#ifndef BH_CELL_SET_H
#define BH_CELL_SET_H

#include "bh-cell.h"
#include "bh-machine.h"

G_BEGIN_DECLS

#define BH_CELL_DIRECTORY "/etc/bulkhead/cells"

typedef struct {
	GPtrArray *cells; /* BhCell, sorted by name */
	GPtrArray *findings; /* BhFinding: what reading and parsing found */
	guint arch; /* BH_ARCH_ of cells whose files do not say: x86-64, until a machine does */
} BhCellSet;

#define BH_TYPE_CELL_SET (bh_cell_set_get_type())
GType bh_cell_set_get_type(void);
BhCellSet *bh_cell_set_ref(BhCellSet *set);
void bh_cell_set_unref(BhCellSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhCellSet, bh_cell_set_unref)

BhCellSet *bh_cell_set_new(void);
/*
 * @directory NULL: BH_CELL_DIRECTORY. A directory that does not exist is an empty set; a file that cannot be
 * read is a finding. Fails only if the directory cannot be read.
 */
BhCellSet *bh_cell_set_load(const char *directory, GError **error);

/* BH_ARCH_ of cells on that machine; x86-64 where none is known (NULL). */
guint bh_cell_set_arch(const BhMachine *machine);
/* From now on, cells whose files name no architecture are for that of @machine, which may be NULL; those in the set too. */
void bh_cell_set_for_machine(BhCellSet *set, const BhMachine *machine);

/* Parses @file into the set, instead of a cell of the same name (to judge an edited text among the others). */
BhCell *bh_cell_set_put(BhCellSet *set, const BhCellFile *file);
gboolean bh_cell_set_remove(BhCellSet *set, const char *name);
BhCell *bh_cell_set_find(const BhCellSet *set, const char *name);

G_END_DECLS

#endif
