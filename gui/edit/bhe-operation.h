/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pending change, as a person sees it: a sentence, and the edits of cell files that carry it out. Made by
 * BhePlan only, and it does not change once it was made; what became of it on the files of today
 * (its conflict) is set anew whenever the plan is.
 */
#ifndef BHE_OPERATION_H
#define BHE_OPERATION_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHE_TYPE_OPERATION (bhe_operation_get_type())
G_DECLARE_FINAL_TYPE(BheOperation, bhe_operation, BHE, OPERATION, GObject)

/* "Move CPU 3 from root to hmi-linux"; property "sentence". */
const char *bhe_operation_get_sentence(BheOperation *operation);
/* The cell it is mostly about, where a click leads to; property "cell". */
const char *bhe_operation_get_cell(BheOperation *operation);
/* The section it changes, as "Memory ram", and the key there; NULL: more than one, or the file as a whole. */
const char *bhe_operation_get_section(BheOperation *operation);
const char *bhe_operation_get_key(BheOperation *operation);
/*
 * NULL, or a sentence: the file was changed by somebody else in the very place this operation changes. The
 * operation holds nevertheless, until bhe_plan_keep or bhe_plan_drop says what shall be; property "conflict".
 */
const char *bhe_operation_get_conflict(BheOperation *operation);

G_END_DECLS

#endif
