/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of one cell file, kept as it is: comments, order, white space and line ends survive, and what nobody
 * changed is written back byte by byte. This layer knows lines, sections and keys, but not what they mean;
 * see bh-cell.h for that, and bulkhead.cell(5) for the format.
 *
 * The text is the truth; sections and entries are an index of it, made anew by each change. Pointers to them
 * are valid until the next change. Not safe for use from several threads at once.
 */
#ifndef BH_CELL_FILE_H
#define BH_CELL_FILE_H

#include "bh-finding.h"

G_BEGIN_DECLS

#define BH_CELL_FILE_SUFFIX ".cell"
#define BH_CELL_FILE_SIZE_MAX (1u << 20)

typedef struct {
	char *key;
	char *value; /* without white space around it */
	guint line; /* from 1 */
	guint column; /* of the key, from 1, in characters */
	guint value_column;
	/*< private >*/
	gsize start, end; /* of the line, its end included */
	gsize value_start, value_end;
} BhCellEntry;

typedef struct {
	char *kind; /* "Memory" */
	char *name; /* "ram"; NULL for a section without */
	guint line;
	guint column;
	guint name_column; /* 0 without name */
	GPtrArray *entries; /* BhCellEntry, in the order of the text */
	/*< private >*/
	gsize start, end; /* from the header to the next one */
} BhCellSection;

typedef struct _BhCellFile BhCellFile;

#define BH_TYPE_CELL_FILE (bh_cell_file_get_type())
GType bh_cell_file_get_type(void);
BhCellFile *bh_cell_file_ref(BhCellFile *file);
void bh_cell_file_unref(BhCellFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhCellFile, bh_cell_file_unref)

/*
 * @path may be a mere name, as "rt.cell", for text that is in no file. Never fails: what is wrong with the text
 * is found by bh_cell_file_check.
 */
BhCellFile *bh_cell_file_new(const char *path, const char *text, gssize length);
BhCellFile *bh_cell_file_load(const char *path, GError **error);
/* An independent one with the same text. */
BhCellFile *bh_cell_file_copy(const BhCellFile *file);

/* Atomic and durable: after a crash there is the old file or the new one. */
gboolean bh_cell_file_save(const BhCellFile *file, const char *path, GError **error);

const char *bh_cell_file_get_path(const BhCellFile *file);
/* The name of the cell: the last part of the path, without its suffix; valid UTF-8. */
const char *bh_cell_file_get_name(const BhCellFile *file);
/* NUL-terminated; @length may be NULL. */
const char *bh_cell_file_get_text(const BhCellFile *file, gsize *length);

/* Appends what is wrong with the form of the text: lines nobody can read, bytes that are not UTF-8. */
void bh_cell_file_check(const BhCellFile *file, GPtrArray *findings);

/* BhCellSection, in the order of the text. */
GPtrArray *bh_cell_file_get_sections(const BhCellFile *file);
/* The first one; @name NULL: a section without name. */
const BhCellSection *bh_cell_file_find(const BhCellFile *file, const char *kind, const char *name);
/* The last entry of that key, as it is the one that counts; NULL if there is none. */
const BhCellEntry *bh_cell_section_find(const BhCellSection *section, const char *key);
/* "Memory ram" */
char *bh_cell_section_title(const BhCellSection *section);

/*
 * Changes. @kind and @name choose the first such section. Values are one line: FALSE, and the text as it was,
 * when @kind, @name, @key or @value cannot be written as such, or when there is nothing to remove.
 */

/* Replaces the value of the last such key where it stands; else adds the key (and the section, at the end). */
gboolean bh_cell_file_set(BhCellFile *file, const char *kind, const char *name, const char *key,
			  const char *value);
/* As above, but always as one more line: for keys that may repeat. */
gboolean bh_cell_file_add(BhCellFile *file, const char *kind, const char *name, const char *key,
			  const char *value);
/* All such keys of the section. */
gboolean bh_cell_file_remove(BhCellFile *file, const char *kind, const char *name, const char *key);
gboolean bh_cell_file_add_section(BhCellFile *file, const char *kind, const char *name);
/* With the comment lines directly above it. */
gboolean bh_cell_file_remove_section(BhCellFile *file, const char *kind, const char *name);
gboolean bh_cell_file_rename_section(BhCellFile *file, const char *kind, const char *name,
				     const char *new_name);

G_END_DECLS

#endif
