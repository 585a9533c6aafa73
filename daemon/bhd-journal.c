// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include "bh-cell-file.h"
#include "bhd-error.h"
#include "bhd-journal.h"

static char *file_path(const char *directory, const char *cell)
{
	g_autofree char *name = g_strconcat(cell, BH_CELL_FILE_SUFFIX, NULL);

	return g_build_filename(directory, name, NULL);
}

/* A removal or a renaming must be as durable as a file that is written. */
void bhd_journal_sync(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

gboolean bhd_journal_remove_file(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int number;

	if (unlink(path) && errno != ENOENT) {
		number = errno;
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number),
			    "%s could not be removed: %s", path, g_strerror(number));
		return FALSE;
	}
	bhd_journal_sync(directory);
	return TRUE;
}

#define NEW_SUFFIX BH_CELL_FILE_SUFFIX ".bulkheadd"

/* Beside the file, under a name that nobody else would give a file, and that nobody takes for a cell's. */
static char *new_path(const char *directory, const char *cell)
{
	g_autofree char *name = g_strconcat(".", cell, NEW_SUFFIX, NULL);

	return g_build_filename(directory, name, NULL);
}

static gboolean is_new_file(const char *name)
{
	return *name == '.' && g_str_has_suffix(name, NEW_SUFFIX);
}

gboolean bhd_journal_is_leftover(const char *name, const char *written)
{
	return is_new_file(name) || (written && is_new_file(written));
}

/* The slow half of putting a file in its place: @text is on the disk. Nothing: there shall be no file. */
static gboolean prepare_file(const char *directory, const char *cell, GVariant *text,
			     GError **error)
{
	g_autofree char *path = file_path(directory, cell);
	g_autofree char *new = new_path(directory, cell);
	g_autoptr(GVariant) bytes = g_variant_get_maybe(text);
	g_autoptr(BhCellFile) file = NULL;
	gconstpointer data;
	gsize size;

	if (!bytes)
		return TRUE;
	data = g_variant_get_fixed_array(bytes, &size, 1);
	file = bh_cell_file_new(path, data ? data : "", size);
	return bh_cell_file_save(file, new, error);
}

/* The other half, at once, but not durable before the directory is. */
static gboolean commit_file(const char *directory, const char *cell, GVariant *text, GError **error)
{
	g_autofree char *path = file_path(directory, cell);
	g_autofree char *new = new_path(directory, cell);
	g_autoptr(GVariant) bytes = g_variant_get_maybe(text);
	int number;

	if (bytes ? !g_rename(new, path) : !g_unlink(path) || errno == ENOENT)
		return TRUE;
	number = errno;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number), "%s could not be %s: %s",
		    path, bytes ? "written" : "removed", g_strerror(number));
	return FALSE;
}

/* Floating, of type may. */
GVariant *bhd_journal_read_file(const char *directory, const char *cell)
{
	g_autofree char *path = file_path(directory, cell);
	g_autofree char *text = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return g_variant_new_maybe(G_VARIANT_TYPE_BYTESTRING, NULL);
	return g_variant_new_maybe(NULL,
				   g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, text, size, 1));
}

/*
 * What brings the files of @change back to what was there before, of the same type. A file that is not as we wrote it is somebody
 * else's by now.
 */
GVariant *bhd_journal_reverse(const char *directory, GVariant *change)
{
	g_autoptr(GVariant) files = g_variant_get_child_value(change, 3);
	GVariantBuilder back;
	GVariant *old, *new;
	GVariantIter iter;
	const char *cell;

	g_variant_builder_init(&back, G_VARIANT_TYPE("a(smaymay)"));
	g_variant_iter_init(&iter, files);
	while (g_variant_iter_next(&iter, "(&s@may@may)", &cell, &old, &new)) {
		g_autoptr(GVariant) was = old;
		g_autoptr(GVariant) became = new;
		g_autoptr(GVariant) is = g_variant_ref_sink(bhd_journal_read_file(directory, cell));

		if (g_variant_equal(is, was))
			continue;
		if (g_variant_equal(is, became))
			g_variant_builder_add(&back, "(s@may@may)", cell, became, was);
		else
			g_log_structured(
				G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "BULKHEAD_CELL", cell, "MESSAGE",
				"The file of cell %s was edited meanwhile: it stays as it is",
				cell);
	}
	return g_variant_ref_sink(
		g_variant_new(BHD_JOURNAL_TYPE, BHD_JOURNAL_WRITING, (guint64)0, FALSE, &back));
}

static void forget_prepared(const char *directory, GVariant *change)
{
	g_autoptr(GVariant) files = g_variant_get_child_value(change, 3);
	GVariantIter iter;
	const char *cell;

	g_variant_iter_init(&iter, files);
	while (g_variant_iter_next(&iter, "(&s@may@may)", &cell, NULL, NULL)) {
		g_autofree char *new = new_path(directory, cell);

		g_unlink(new);
	}
}

static gboolean each_file(const char *directory, GVariant *change,
			  gboolean (*put)(const char *, const char *, GVariant *, GError **),
			  GError **error)
{
	g_autoptr(GVariant) files = g_variant_get_child_value(change, 3);
	gboolean good = TRUE;
	GVariantIter iter;
	const char *cell;
	GVariant *new;

	g_variant_iter_init(&iter, files);
	while (good && g_variant_iter_next(&iter, "(&s@may@may)", &cell, NULL, &new)) {
		good = put(directory, cell, new, error);
		g_variant_unref(new);
	}
	return good;
}

gboolean bhd_journal_prepare(const char *directory, GVariant *change, GError **error)
{
	if (each_file(directory, change, prepare_file, error))
		return TRUE;
	forget_prepared(directory, change);
	return FALSE;
}

/* Nobody in this process sees one of them without the others. */
gboolean bhd_journal_commit(const char *directory, GVariant *change, GError **error)
{
	return each_file(directory, change, commit_file, error);
}

/* Somebody with an editor may have been faster. */
gboolean bhd_journal_check_old(const char *directory, GVariant *change, GError **error)
{
	g_autoptr(GVariant) files = g_variant_get_child_value(change, 3);
	gboolean same = TRUE;
	GVariantIter iter;
	const char *cell;
	GVariant *old;

	g_variant_iter_init(&iter, files);
	while (same && g_variant_iter_next(&iter, "(&s@may@may)", &cell, &old, NULL)) {
		g_autoptr(GVariant) is = g_variant_ref_sink(bhd_journal_read_file(directory, cell));

		same = g_variant_equal(is, old);
		g_variant_unref(old);
		if (!same)
			g_set_error(
				error, BHD_ERROR, BHD_ERROR_CONFLICT,
				"the file of the cell \"%s\" has changed at this moment: read it "
				"again",
				cell);
	}
	return same;
}

/* Without a main loop, or where it may wait: after a crash, and if a part of a change could not be made. */
void bhd_journal_put_back(const char *directory, GVariant *change)
{
	g_autoptr(GVariant) back = bhd_journal_reverse(directory, change);
	g_autoptr(GError) error = NULL;

	forget_prepared(directory, change);
	if (!bhd_journal_prepare(directory, back, &error) ||
	    !bhd_journal_commit(directory, back, &error))
		g_warning("Cell files could not be put back: %s", error->message);
	bhd_journal_sync(directory);
}

/* --- the journal itself ------------------------------------------------------------------------ */

GVariant *bhd_journal_read(const char *path)
{
	g_autoptr(GVariant) change = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *data = NULL;
	gsize size;

	if (!g_file_get_contents(path, &data, &size, NULL))
		return NULL;
	bytes = g_bytes_new_take(g_steal_pointer(&data), size);
	change = g_variant_ref_sink(
		g_variant_new_from_bytes(G_VARIANT_TYPE(BHD_JOURNAL_TYPE), bytes, FALSE));
	if (!g_variant_is_normal_form(change)) {
		g_warning("%s is damaged: it is not used", path);
		return NULL;
	}
	return g_steal_pointer(&change);
}

gboolean bhd_journal_write(const char *path, GVariant *change, GError **error)
{
	return g_file_set_contents_full(
		path, g_variant_get_data(change), g_variant_get_size(change),
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

gboolean bhd_journal_recover(const char *journal, const char *directory, GError **error)
{
	g_autoptr(GVariant) change = bhd_journal_read(journal);
	const char *state;

	if (!change)
		return TRUE;
	g_variant_get_child(change, 0, "&s", &state);
	if (strcmp(state, BHD_JOURNAL_WRITING))
		return TRUE;
	g_message("A change of cell files was not completed: it is undone");
	bhd_journal_put_back(directory, change);
	return bhd_journal_remove_file(journal, error);
}
