/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jailhouse's binary configuration files, revisions 12 to 14, turned into cell files with comments. The input is
 * not trusted: every count and offset is checked.
 */
#ifndef BH_IMPORT_H
#define BH_IMPORT_H

#include <glib.h>

G_BEGIN_DECLS

#define BH_IMPORT_ERROR (bh_import_error_quark())
GQuark bh_import_error_quark(void);
typedef enum {
	BH_IMPORT_ERROR_FORMAT, /* no such file, or a damaged one */
	BH_IMPORT_ERROR_REVISION,
	BH_IMPORT_ERROR_ARCHITECTURE,
} BhImportError;

typedef enum {
	BH_IMPORT_CELL,
	/*
	 * Bulkhead needs no such file: it finds the machine itself, and the root keeps what no cell owns. The text is
	 * comments only, and says what the file said that somebody may want to know.
	 */
	BH_IMPORT_SYSTEM,
} BhImportKind;

typedef struct {
	BhImportKind kind;
	char *name; /* of the cell, made a valid one: the file should be called NAME.cell */
	char *text;
} BhImported;

void bh_imported_free(BhImported *imported);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhImported, bh_imported_free)

/* @source: where the data came from, for the comment at the top and for errors; a file name. */
BhImported *bh_import(GBytes *data, const char *source, GError **error);

G_END_DECLS

#endif
