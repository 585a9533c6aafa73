// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of cell files: what nobody changes stays as it is, byte by byte. */
#include <glib/gstdio.h>
#include <string.h>
#include "bh-cell.h"

static const char sample[] = "# A cell for trying things\n"
			     "\n"
			     "[Cell]\n"
			     "Description = Gr\xc3\xbc\xc3\x9f Gott  \n"
			     "Cpus=1\n"
			     "# more of them\n"
			     "Cpus=2\n"
			     "\n"
			     "; its memory\n"
			     "[Memory ram]\n"
			     "  Size\t=\t16M\n"
			     "\n"
			     "# where it is loaded\n"
			     "[Image main]\n"
			     "File=/srv/main.bin\n"
			     "# the end\n";

static void unchanged(const char *text, gsize length)
{
	g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", text, length);
	g_autoptr(BhCellFile) copy = bh_cell_file_copy(file);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCell) cell = bh_cell_parse(file, findings);
	gsize size;

	g_assert_cmpmem(bh_cell_file_get_text(file, &size), size, text, length);
	g_assert_cmpmem(bh_cell_file_get_text(copy, &size), size, text, length);
	g_assert_cmpmem(bh_cell_file_get_text(cell->file, &size), size, text, length);
}

static void test_unchanged(void)
{
	static const char *const texts[] = {
		"",
		"\n",
		"\r\n\r\n",
		"x",
		"[Cell]",
		"[Cell]\r\nCpus = 1\r\n",
		"[Cell]\nCpus=1", /* no end of the last line */
		"\t [ Cell ] \n  Cpus\t=  1  \n\n\n",
		"[Cell]\rCpus=1\r",
		"\xef\xbb\xbf[Cell]\n",
		"[Cell]\nDescription=\xff\xfe\n",
		"]]]][[[[====",
		sample,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		unchanged(texts[i], strlen(texts[i]));
	unchanged("[Cell]\0\nCpus=\0"
		  "1\n",
		  17);
}

static void test_saved(void)
{
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "sample.cell", NULL);
	g_autofree char *nowhere = g_build_filename(directory, "no", "sample.cell", NULL);
	g_autoptr(BhCellFile) file = bh_cell_file_new(path, sample, -1);
	g_autoptr(BhCellFile) loaded = NULL, none = NULL;
	g_autoptr(GError) error = NULL;

	none = bh_cell_file_load(path, &error);
	g_assert_null(none);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
	g_clear_error(&error);
	g_assert_false(bh_cell_file_save(file, nowhere, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_true(bh_cell_file_save(file, path, &error));
	loaded = bh_cell_file_load(path, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(bh_cell_file_get_text(loaded, NULL), ==, sample);
	g_assert_cmpstr(bh_cell_file_get_name(loaded), ==, "sample");
	g_assert_cmpstr(bh_cell_file_get_path(loaded), ==, path);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_index(void)
{
	g_autoptr(BhCellFile) file = bh_cell_file_new("dir/sample.cell", sample, -1);
	GPtrArray *sections = bh_cell_file_get_sections(file);
	const BhCellSection *section = sections->pdata[1];
	const BhCellEntry *entry = section->entries->pdata[0];
	g_autofree char *title = bh_cell_section_title(section);

	g_assert_cmpstr(bh_cell_file_get_name(file), ==, "sample");
	g_assert_cmpuint(sections->len, ==, 3);
	g_assert_cmpstr(title, ==, "Memory ram");
	g_assert_cmpuint(section->line, ==, 10);
	g_assert_cmpuint(section->column, ==, 1);
	g_assert_cmpuint(section->name_column, ==, 9);
	g_assert_cmpstr(entry->key, ==, "Size");
	g_assert_cmpstr(entry->value, ==, "16M");
	g_assert_cmpuint(entry->line, ==, 11);
	g_assert_cmpuint(entry->column, ==, 3);
	g_assert_cmpuint(entry->value_column, ==, 10);
	section = bh_cell_file_find(file, "Cell", NULL);
	g_assert_cmpuint(section->entries->len, ==, 3);
	/* The last one counts. */
	g_assert_cmpstr(bh_cell_section_find(section, "Cpus")->value, ==, "2");
	g_assert_cmpstr(bh_cell_section_find(section, "Description")->value, ==,
			"Gr\xc3\xbc\xc3\x9f Gott");
	g_assert_null(bh_cell_section_find(section, "cpus"));
	g_assert_null(bh_cell_file_find(file, "Memory", NULL));
	g_assert_null(bh_cell_file_find(file, "Memory", "rom"));
}

/* ---- changes ---- */

struct change {
	enum {
		SET,
		ADD,
		REMOVE,
		ADD_SECTION,
		REMOVE_SECTION,
		RENAME,
	} what;
	const char *kind, *name, *key, *value; /* key: of RENAME the new name */
	const char *before, *after; /* after NULL: refused */
};

static gboolean change_make(BhCellFile *file, const struct change *c)
{
	switch (c->what) {
	case SET:
		return bh_cell_file_set(file, c->kind, c->name, c->key, c->value);
	case ADD:
		return bh_cell_file_add(file, c->kind, c->name, c->key, c->value);
	case REMOVE:
		return bh_cell_file_remove(file, c->kind, c->name, c->key);
	case ADD_SECTION:
		return bh_cell_file_add_section(file, c->kind, c->name);
	case REMOVE_SECTION:
		return bh_cell_file_remove_section(file, c->kind, c->name);
	case RENAME:
		return bh_cell_file_rename_section(file, c->kind, c->name, c->key);
	}
	g_assert_not_reached();
}

static const struct change changes[] = {
	/* A value is replaced where it stands, white space kept. */
	{SET, "Cell", NULL, "Cpus", "3", "[Cell]\n  Cpus = 1  \n# x\n",
	 "[Cell]\n  Cpus = 3  \n# x\n"},
	{SET, "Cell", NULL, "Cpus", "3", "[Cell]\nCpus=1\nCpus=2\n", "[Cell]\nCpus=1\nCpus=3\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\nId=\n", "[Cell]\nId=3\n"},
	{SET, "Cell", NULL, "Id", "", "[Cell]\nId=3\n", "[Cell]\nId=\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\r\nId=1\r\n", "[Cell]\r\nId=3\r\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\nId=1", "[Cell]\nId=3"},
	/* A new key goes behind the last one, not behind the next section's comments. */
	{SET, "Cell", NULL, "Id", "3", "[Cell]\nCpus=1\n\n# ram\n[Memory r]\n",
	 "[Cell]\nCpus=1\nId=3\n\n# ram\n[Memory r]\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\n\n# ram\n[Memory r]\n",
	 "[Cell]\nId=3\n\n# ram\n[Memory r]\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\r\nCpus=1\r\n", "[Cell]\r\nCpus=1\r\nId=3\r\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]\nCpus=1", "[Cell]\nCpus=1\nId=3\n"},
	{SET, "Cell", NULL, "Id", "3", "[Cell]", "[Cell]\nId=3\n"},
	/* So does a new section, at the end. */
	{SET, "Cell", NULL, "Id", "3", "", "[Cell]\nId=3\n"},
	{SET, "Memory", "r", "Size", "1M", "[Cell]\nId=3\n",
	 "[Cell]\nId=3\n\n[Memory r]\nSize=1M\n"},
	{SET, "Memory", "r", "Size", "1M", "[Cell]\nId=3\n\n",
	 "[Cell]\nId=3\n\n[Memory r]\nSize=1M\n"},
	{SET, "Memory", "r", "Size", "1M", "[Cell]\nId=3", "[Cell]\nId=3\n\n[Memory r]\nSize=1M\n"},
	{SET, "Memory", "r", "Size", "1M", "[Cell]\r\nId=3\r\n",
	 "[Cell]\r\nId=3\r\n\r\n[Memory r]\r\nSize=1M\r\n"},
	/* The first of two sections of one name. */
	{SET, "Memory", "r", "Size", "1M", "[Memory r]\n[Memory r]\n",
	 "[Memory r]\nSize=1M\n[Memory r]\n"},
	/* What would not be read back as it was given is refused. */
	{SET, "Cell", NULL, "Id", "3\n4", "[Cell]\nId=1\n", NULL},
	{SET, "Cell", NULL, "Id", " 3", "[Cell]\nId=1\n", NULL},
	{SET, "Cell", NULL, "Id", "3 ", "[Cell]\nId=1\n", NULL},
	{SET, "Cell", NULL, "Id", "3\\", "[Cell]\nId=1\n", NULL},
	{SET, "Cell", NULL, "Id", "\xff", "[Cell]\nId=1\n", NULL},
	{SET, "Cell", NULL, "Id", "3\n", "[Cell]\n", NULL},
	{SET, "Cell", NULL, "I=d", "3", "[Cell]\n", NULL},
	{SET, "Cell", NULL, "[Id", "3", "[Cell]\n", NULL},
	{SET, "Cell", NULL, "#Id", "3", "[Cell]\n", NULL},
	{SET, "Cell", NULL, "", "3", "[Cell]\n", NULL},
	{SET, "Ce ll", NULL, "Id", "3", "[Cell]\n", NULL},
	{SET, "", NULL, "Id", "3", "[Cell]\n", NULL},
	{SET, "Memory", "a]b", "Id", "3", "[Cell]\n", NULL},
	{SET, "Memory", "", "Id", "3", "[Cell]\n", NULL},
	{ADD, "Cell", NULL, "Cpus", "2", "[Cell]\nCpus=1\nId=3\n\n",
	 "[Cell]\nCpus=1\nId=3\nCpus=2\n\n"},
	{ADD, "Ports", "p", "Range", "0x60", "[Cell]\n", "[Cell]\n\n[Ports p]\nRange=0x60\n"},
	{ADD, "Cell", NULL, "Cpus", "2\r", "[Cell]\n", NULL},
	{REMOVE, "Cell", NULL, "Cpus", NULL, "[Cell]\nCpus=1\n# x\nCpus=2\nId=3\n",
	 "[Cell]\n# x\nId=3\n"},
	{REMOVE, "Cell", NULL, "Id", NULL, "[Cell]\nId=3", "[Cell]\n"},
	{REMOVE, "Cell", NULL, "Id", NULL, "[Cell]\nCpus=1\n", NULL},
	{REMOVE, "Memory", "r", "Id", NULL, "[Cell]\nId=1\n", NULL},
	{ADD_SECTION, "Policy", NULL, NULL, NULL, "[Cell]\n", "[Cell]\n\n[Policy]\n"},
	{ADD_SECTION, "Link", "a.b-c_d", NULL, NULL, "", "[Link a.b-c_d]\n"},
	{ADD_SECTION, "Link", "a b", NULL, NULL, "", NULL},
	/* Comments directly above a section are its own. */
	{REMOVE_SECTION, "Memory", "r", NULL, NULL,
	 "[Cell]\nId=1\n\n# of r\n; too\n[Memory r]\nSize=1M\n\n# of s\n[Memory s]\n",
	 "[Cell]\nId=1\n\n# of s\n[Memory s]\n"},
	{REMOVE_SECTION, "Memory", "r", NULL, NULL, "[Cell]\nId=1\n\n[Memory r]\nSize=1M",
	 "[Cell]\nId=1\n\n"},
	{REMOVE_SECTION, "Cell", NULL, NULL, NULL, "# a\n\n# b\n[Cell]\nId=1\n# end\n", "# a\n\n"},
	{REMOVE_SECTION, "Memory", "r", NULL, NULL, "[Cell]\n", NULL},
	{RENAME, "Memory", "r", "s", NULL, "[Cell]\n  [Memory   r ]  \nSize=1M\n",
	 "[Cell]\n  [Memory s]  \nSize=1M\n"},
	{RENAME, "Memory", "r", "s t", NULL, "[Memory r]\n", NULL},
	{RENAME, "Memory", "q", "s", NULL, "[Memory r]\n", NULL},
	{RENAME, "Memory", "r", "s", NULL, "[Memory r\n]\n", NULL},
};

static void test_changes(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		const struct change *c = &changes[i];
		g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", c->before, -1);
		g_autoptr(BhCellFile) again = NULL;

		g_assert_cmpint(change_make(file, c), ==, c->after != NULL);
		g_assert_cmpstr(bh_cell_file_get_text(file, NULL), ==,
				c->after ? c->after : c->before);
		/* The index is that of the text. */
		again = bh_cell_file_copy(file);
		g_assert_cmpuint(bh_cell_file_get_sections(file)->len, ==,
				 bh_cell_file_get_sections(again)->len);
	}
}

/* What was set is found again, and nothing else has changed, whatever the order. */
static void test_random(void)
{
	static const char *const names[] = {"a", "b", "c"};
	static const char *const keys[] = {"Size", "Access", "Type"};
	g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", sample, -1);

	for (guint i = 0; i < 2000; i++) {
		const char *name = names[g_test_rand_int_range(0, 3)];
		const char *key = keys[g_test_rand_int_range(0, 3)];
		g_autofree char *value = g_strdup_printf("%d", g_test_rand_int());
		const BhCellSection *section;

		switch (g_test_rand_int_range(0, 4)) {
		case 0:
		case 1:
			g_assert_true(bh_cell_file_set(file, "Memory", name, key, value));
			section = bh_cell_file_find(file, "Memory", name);
			g_assert_cmpstr(bh_cell_section_find(section, key)->value, ==, value);
			break;
		case 2:
			bh_cell_file_remove(file, "Memory", name, key);
			section = bh_cell_file_find(file, "Memory", name);
			g_assert_true(!section || !bh_cell_section_find(section, key));
			break;
		default:
			bh_cell_file_remove_section(file, "Memory", name);
			g_assert_null(bh_cell_file_find(file, "Memory", name));
			break;
		}
	}
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		while (bh_cell_file_remove_section(file, "Memory", names[i]))
			;
	/* Up to the last section all is as it was; what stood behind that is its, and stayed. */
	g_assert_true(g_str_has_prefix(bh_cell_file_get_text(file, NULL), sample));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cell-file/unchanged", test_unchanged);
	g_test_add_func("/cell-file/saved", test_saved);
	g_test_add_func("/cell-file/index", test_index);
	g_test_add_func("/cell-file/changes", test_changes);
	g_test_add_func("/cell-file/random", test_random);
	return g_test_run();
}
