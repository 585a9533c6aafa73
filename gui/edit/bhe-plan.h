/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what shall become of the cell files, as a list of operations on the files as they are. Knows neither
 * D-Bus (see bhe-service.h) nor display.
 *
 * The base is the cell files as the daemon last told them. The plan's texts are never stored: they are the
 * base with all operations carried out in order. So when a file is changed by somebody else the operations are
 * carried out on the new one, and only what was changed on both sides is a conflict.
 *
 * A BhePlan is a GListModel of BheOperation. Operations merge: setting a key twice is one operation (and one step of
 * undo), setting it back to what the file has is none. Cells are named; NULL and "root" stand for the root.
 */
#ifndef BHE_PLAN_H
#define BHE_PLAN_H

#include "bh-cell.h"
#include "bhe-operation.h"

G_BEGIN_DECLS

#define BHE_TYPE_PLAN (bhe_plan_get_type())
G_DECLARE_FINAL_TYPE(BhePlan, bhe_plan, BHE, PLAN, GObject)

/*
 * Signals:
 *   "changed"            anything below gives another answer than before
 *   "base-changed"       the cell files were changed by somebody; after it comes "changed"
 * Properties, read-only, with notification: "can-undo", "can-redo", "n-operations", "conflicts".
 *
 * @path: the file in which the operations survive a crash; NULL: none. What is there is read now, and operates on
 * the base it was made on until bhe_plan_set_base.
 */
BhePlan *bhe_plan_new(const char *path);
/* $XDG_STATE_HOME/bulkhead/plan-HOST.json; @host NULL: this machine. */
char *bhe_plan_default_path(const char *host);
/* Writes at once what otherwise is written in the background. */
gboolean bhe_plan_flush(BhePlan *plan, GError **error);

/* ---- what there is ---- */

/* @files: a{ss} from the name of each cell with a file to its text; sinks a floating one. */
void bhe_plan_set_base(BhePlan *plan, GVariant *files, guint64 serial);
guint64 bhe_plan_get_serial(BhePlan *plan); /* 0: no base yet */
/* Operations that the base fulfils were applied, and go; if there are any, the steps of undo go with them. */
void bhe_plan_settle(BhePlan *plan);
/* CPUs the daemon has chosen for a cell whose file says "count:N"; forgotten with @count 0. */
void bhe_plan_set_placed_cpus(BhePlan *plan, const char *cell, const guint *cpus, guint count);

/* BH_ARCH_ of cells whose files do not say: x86-64, until this is called. */
void bhe_plan_set_arch(BhePlan *plan, guint arch);

/* ---- what it comes to ---- */

/* Names of all cells as the plan has them, sorted. */
char **bhe_plan_list_cells(BhePlan *plan);
/* The text as the plan has it; NULL: there is no such cell (any more). Valid until "changed". */
const char *bhe_plan_get_text(BhePlan *plan, const char *cell);
/* The text as it is on the machine; NULL: there is none. */
const char *bhe_plan_get_base_text(BhePlan *plan, const char *cell);
/* The same, parsed; may have errors in it. NULL: no such cell. Valid until "changed". */
BhCell *bhe_plan_get_cell(BhePlan *plan, const char *cell);
/* The value as the text has it, several lines of a key that repeats joined by ", "; NULL: the key is not there. */
char *bhe_plan_get_value(BhePlan *plan, const char *cell, const char *section, const char *key);
gboolean bhe_plan_is_changed(BhePlan *plan, const char *cell);
/* a{ss}, floating: the texts that differ from the base, "" for a cell that shall go: as Validate() and Apply() take it. */
GVariant *bhe_plan_get_changes(BhePlan *plan);
/* The cell that has it; NULL: the root. Of several that say they have it, the first by name. */
const char *bhe_plan_get_cpu_owner(BhePlan *plan, guint cpu);
const char *bhe_plan_get_device_owner(BhePlan *plan, const char *address);

/* ---- operations ---- */

/*
 * Each returns the operation as it stands in the list now (borrowed), or NULL: it would change nothing, or it cannot
 * be written, and then @error says why. Only real failures set @error.
 */

/* From whatever cell has it. A cell with "count:N" gets those CPUs by number that it has been given. */
BheOperation *bhe_plan_move_cpu(BhePlan *plan, guint cpu, const char *to, GError **error);
/* One more [Memory] section of RAM. */
BheOperation *bhe_plan_add_memory(BhePlan *plan, const char *cell, guint64 size, GError **error);
/* @address of a PCI function, or the path of a node of the device tree. From whatever cell has it; @to NULL: back to the root. */
BheOperation *bhe_plan_move_device(BhePlan *plan, const char *address, const char *to,
				   GError **error);
#define bhe_plan_add_device(plan, cell, address, error) \
	bhe_plan_move_device(plan, address, cell, error)
/* @name NULL: one is chosen. */
BheOperation *bhe_plan_add_link(BhePlan *plan, const char *cell, const char *peer, const char *name,
				guint64 size, const char *protocol, GError **error);

/*
 * @section: "Cell", "Memory ram": it is made if it is not there. @value NULL: the key is removed, so that the default holds. Of a
 * key that repeats, one line with @value takes the place of all.
 */
BheOperation *bhe_plan_set_value(BhePlan *plan, const char *cell, const char *section,
				 const char *key, const char *value, GError **error);
/* @values: pairs of key and value, ends with NULL; may be NULL. */
BheOperation *bhe_plan_add_section(BhePlan *plan, const char *cell, const char *section,
				   const char *const *values, GError **error);
BheOperation *bhe_plan_remove_section(BhePlan *plan, const char *cell, const char *section,
				      GError **error);
BheOperation *bhe_plan_rename_section(BhePlan *plan, const char *cell, const char *section,
				      const char *name, GError **error);
/* The whole text, as somebody has edited it; lines that somebody else changed meanwhile are merged. */
BheOperation *bhe_plan_set_text(BhePlan *plan, const char *cell, const char *text, GError **error);
BheOperation *bhe_plan_create_cell(BhePlan *plan, const char *cell, const char *text,
				   GError **error);
BheOperation *bhe_plan_remove_cell(BhePlan *plan, const char *cell, GError **error);
/* "ram", "ram2", …: a name no section of @kind has. */
char *bhe_plan_free_name(BhePlan *plan, const char *cell, const char *kind, const char *wanted);

/* ---- changing one's mind ---- */

/* What is done between them is undone and redone as one. */
void bhe_plan_begin_step(BhePlan *plan);
void bhe_plan_end_step(BhePlan *plan);
gboolean bhe_plan_undo(BhePlan *plan);
gboolean bhe_plan_redo(BhePlan *plan);
/* Takes one operation out of the list (as a step that can be undone); later ones stay. */
void bhe_plan_drop(BhePlan *plan, BheOperation *operation);
void bhe_plan_drop_all(BhePlan *plan);
/* In a conflict: what the plan wants, not what the file has now. */
void bhe_plan_keep(BhePlan *plan, BheOperation *operation);
guint bhe_plan_count_conflicts(BhePlan *plan);

G_END_DECLS

#endif
