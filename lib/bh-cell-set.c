// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-cell-set.h"

G_DEFINE_BOXED_TYPE(BhCellSet, bh_cell_set, bh_cell_set_ref, bh_cell_set_unref)

BhCellSet *bh_cell_set_new(void)
{
	BhCellSet *set = g_atomic_rc_box_new0(BhCellSet);

	set->cells = g_ptr_array_new_with_free_func((GDestroyNotify)bh_cell_unref);
	set->findings = bh_findings_new();
	set->arch = BH_ARCH_X86;
	return set;
}

BhCellSet *bh_cell_set_ref(BhCellSet *set)
{
	return g_atomic_rc_box_acquire(set);
}

static void set_clear(gpointer data)
{
	BhCellSet *set = data;

	g_ptr_array_unref(set->cells);
	g_ptr_array_unref(set->findings);
}

void bh_cell_set_unref(BhCellSet *set)
{
	g_atomic_rc_box_release_full(set, set_clear);
}

static gint cells_compare(gconstpointer one, gconstpointer other)
{
	return strcmp((*(BhCell *const *)one)->name, (*(BhCell *const *)other)->name);
}

static void file_load(BhCellSet *set, const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(BhCellFile) file = bh_cell_file_load(path, &error);
	g_autoptr(BhCellFile) empty = NULL;
	BhFinding *finding;

	if (file) {
		bh_cell_set_put(set, file);
		return;
	}
	/* There is no cell, but there is a name to find fault with. */
	empty = bh_cell_file_new(path, "", 0);
	finding = bh_finding_new(BH_FINDING_FILE_UNREADABLE, bh_cell_file_get_name(empty), "%s",
				 error->message);
	finding->file = g_utf8_make_valid(path, -1);
	g_ptr_array_add(set->findings, finding);
}

BhCellSet *bh_cell_set_load(const char *directory, GError **error)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(GError) local = NULL;
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!directory)
		directory = BH_CELL_DIRECTORY;
	dir = g_dir_open(directory, 0, &local);
	if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return g_steal_pointer(&set);
	if (!dir) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	/* Names that begin with a dot are editors' and half-written files. */
	while ((name = g_dir_read_name(dir)))
		if (*name != '.' && g_str_has_suffix(name, BH_CELL_FILE_SUFFIX))
			file_load(set, directory, name);
	bh_findings_sort(set->findings);
	return g_steal_pointer(&set);
}

BhCell *bh_cell_set_put(BhCellSet *set, const BhCellFile *file)
{
	BhCell *cell;

	bh_cell_set_remove(set, bh_cell_file_get_name(file));
	cell = bh_cell_parse_for(file, set->arch, set->findings);
	g_ptr_array_add(set->cells, cell);
	g_ptr_array_sort(set->cells, cells_compare);
	return cell;
}

guint bh_cell_set_arch(const BhMachine *machine)
{
	return machine && !g_strcmp0(machine->architecture, "arm64") ? BH_ARCH_ARM64 : BH_ARCH_X86;
}

void bh_cell_set_for_machine(BhCellSet *set, const BhMachine *machine)
{
	guint arch = bh_cell_set_arch(machine);
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)bh_cell_file_unref);

	if (arch == set->arch)
		return;
	set->arch = arch;
	for (guint i = 0; i < set->cells->len; i++)
		g_ptr_array_add(files, bh_cell_file_ref(((BhCell *)set->cells->pdata[i])->file));
	for (guint i = 0; i < files->len; i++)
		bh_cell_set_put(set, files->pdata[i]);
	bh_findings_sort(set->findings);
}

gboolean bh_cell_set_remove(BhCellSet *set, const char *name)
{
	for (guint i = set->findings->len; i > 0; i--)
		if (!strcmp(((BhFinding *)set->findings->pdata[i - 1])->cell, name))
			g_ptr_array_remove_index(set->findings, i - 1);
	for (guint i = 0; i < set->cells->len; i++)
		if (!strcmp(((BhCell *)set->cells->pdata[i])->name, name)) {
			g_ptr_array_remove_index(set->cells, i);
			return TRUE;
		}
	return FALSE;
}

BhCell *bh_cell_set_find(const BhCellSet *set, const char *name)
{
	for (guint i = 0; i < set->cells->len; i++) {
		BhCell *cell = set->cells->pdata[i];

		if (!strcmp(cell->name, name))
			return cell;
	}
	return NULL;
}
