/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operations are made of: for BhePlan. */
#ifndef BHE_OPERATION_PRIVATE_H
#define BHE_OPERATION_PRIVATE_H

#include "bh-cell-file.h"
#include "bhe-operation.h"

G_BEGIN_DECLS

typedef enum {
	BHE_EDIT_SET, /* value NULL: remove the key; was: the value it had */
	BHE_EDIT_ADD_SECTION,
	BHE_EDIT_REMOVE_SECTION, /* was: its keys and values */
	BHE_EDIT_RENAME_SECTION, /* value: the new name */
	BHE_EDIT_ADD_CPU, /* value: its number; was: what "count:N" had come to */
	BHE_EDIT_REMOVE_CPU, /* likewise */
	BHE_EDIT_TEXT, /* was, value: whole texts */
	BHE_EDIT_CREATE, /* value: the text */
	BHE_EDIT_REMOVE, /* was: the text */
	BHE_EDIT_KINDS
} BheEditKind;

/* One change of one file. Strings may be NULL, @cell is not. */
typedef struct {
	BheEditKind kind;
	char *cell;
	char *section; /* "Memory ram" */
	char *key;
	char *value;
	char *was;
} BheEdit;

BheEdit *bhe_edit_new(BheEditKind kind, const char *cell, const char *section, const char *key,
		      const char *value, const char *was);
void bhe_edit_free(BheEdit *edit);

/*
 * Carries @edit out. *@file: that of the cell, NULL if there is none; it may be replaced, made or taken away.
 * What it finds instead of its "was" goes to *@found, for bhe_edit_refresh. Returns NULL or the sentence of a conflict.
 */
char *bhe_edit_carry_out(const BheEdit *edit, BhCellFile **file, char **found);
/* As if it had been made on what was found. */
BheEdit *bhe_edit_refresh(const BheEdit *edit, const char *found);
/* What BHE_EDIT_REMOVE_SECTION has as "was". NULL: no such section. */
char *bhe_edit_describe_section(const BhCellFile *file, const char *section);
char *bhe_edit_get_value(const BhCellFile *file, const char *section, const char *key);
/* "Memory ram" → "Memory" and "ram" or NULL. */
char *bhe_section_split(const char *section, const char **name);

/* @subject: operations of the same one merge. @edits: BheEdit; taken over. */
BheOperation *bhe_operation_new(const char *sentence, const char *subject, GPtrArray *edits);
const char *bhe_operation_get_subject(BheOperation *operation);
GPtrArray *bhe_operation_get_edits(BheOperation *operation);
void bhe_operation_set_conflict(BheOperation *operation, const char *conflict);

#define BHE_OPERATION_VARIANT "(ssa(usmsmsmsms))"
GVariant *bhe_operation_to_variant(BheOperation *operation); /* floating */
/* NULL: it is none. */
BheOperation *bhe_operation_from_variant(GVariant *variant);

G_END_DECLS

#endif
