// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gstdio.h>
#include "bh-cell.h"
#include "bhd-directory.h"
#include "bhd-loaded.h"

#define GROUP "Loaded"
/* Without it the file of one cell could be taken for one that is being written for another. */
#define SUFFIX ".cell"

static char *file_path(const char *directory, const char *cell)
{
	g_autofree char *name = g_strconcat(cell, SUFFIX, NULL);

	/* The core takes names that no file can have. */
	return bh_cell_name_is_valid(cell) ? g_build_filename(directory, "loaded", name, NULL)
					   : NULL;
}

void bhd_loaded_write(const char *directory, const char *cell, guint64 generation,
		      const char *images)
{
	g_autofree char *parent = g_build_filename(directory, "loaded", NULL);
	g_autofree char *path = file_path(directory, cell);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	if (!path)
		return;
	g_key_file_set_uint64(file, GROUP, "Generation", generation);
	g_key_file_set_string(file, GROUP, "Images", images);
	g_mkdir(parent, 0755);
	if (!g_key_file_save_to_file(file, path, &error))
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "BULKHEAD_CELL", cell,
				 "MESSAGE", "What was loaded into cell %s cannot be noted down: %s",
				 cell, error->message);
}

char *bhd_loaded_read(const char *directory, const char *cell, guint64 generation)
{
	g_autofree char *path = file_path(directory, cell);
	g_autoptr(GKeyFile) file = g_key_file_new();

	if (!path || !g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL) ||
	    g_key_file_get_uint64(file, GROUP, "Generation", NULL) != generation)
		return NULL;
	return g_key_file_get_string(file, GROUP, "Images", NULL);
}

static gboolean is_leftover(const char *name, const char *written)
{
	(void)name;
	return written && g_str_has_suffix(written, SUFFIX);
}

void bhd_loaded_clean(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "loaded", NULL);

	bhd_directory_clean(path, is_leftover);
}

void bhd_loaded_remove(const char *directory, const char *cell)
{
	g_autofree char *path = file_path(directory, cell);

	if (path)
		g_unlink(path);
}
