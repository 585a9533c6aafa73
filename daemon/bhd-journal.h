/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of cells on the disk: all those of a change or none. They are written beside the old ones first, and then take
 * their places. The journal says what has been begun, so a daemon that starts can undo a change that was being written. All of it
 * waits for the disk.
 */
#ifndef BHD_JOURNAL_H
#define BHD_JOURNAL_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* A change: state, until when, whether cells are restarted, and the files: cell, old text, new text. A text that is not: no file. */
#define BHD_JOURNAL_TYPE "(stba(smaymay))"
#define BHD_JOURNAL_WRITING "writing"
#define BHD_JOURNAL_WAITING "waiting"

/* NULL: there is none, or it is damaged. */
GVariant *bhd_journal_read(const char *path);
gboolean bhd_journal_write(const char *path, GVariant *change, GError **error);
/* Undoes what was being written. Before the files are read for the first time. */
gboolean bhd_journal_recover(const char *journal, const char *directory, GError **error);

/* The text of a cell's file, of type may; floating. */
GVariant *bhd_journal_read_file(const char *directory, const char *cell);
/* One that is not there is as good as removed. */
gboolean bhd_journal_remove_file(const char *path, GError **error);
/* A BhdDirectoryIsLeftover, of the directory with cell files. */
gboolean bhd_journal_is_leftover(const char *name, const char *written);

/* Whether the files are still as the change found them. */
gboolean bhd_journal_check_old(const char *directory, GVariant *change, GError **error);
/* The slow half: the new texts lie on the disk; or none of them. */
gboolean bhd_journal_prepare(const char *directory, GVariant *change, GError **error);
/* The other: what was prepared takes its place. */
gboolean bhd_journal_commit(const char *directory, GVariant *change, GError **error);
/* What is in the directory now outlives a loss of power. */
void bhd_journal_sync(const char *directory);
/* The change that undoes it. What somebody else has edited meanwhile stays. */
GVariant *bhd_journal_reverse(const char *directory, GVariant *change);
void bhd_journal_put_back(const char *directory, GVariant *change);

G_END_DECLS

#endif
