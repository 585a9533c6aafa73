/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary bytes as a cell file, and as a configuration of Jailhouse: they are read, judged, compiled and imported.
 *
 * With -fsanitize=fuzzer and CELL_FILE_FUZZ_LIBFUZZER defined it is a fuzzer; without, a test that replays the files
 * of a corpus, each also cut to every length and with a bit of each byte turned over.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include "bh-compile.h"
#include "bh-import.h"
#include "bh-validate.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(gboolean holds)
{
	if (!holds)
		__builtin_trap();
}

/* How many characters has this line? Bytes that are none count as one. */
static guint line_width(const char *text, gsize length, guint number)
{
	const char *end = text + length, *line = text, *newline;
	g_autofree char *valid = NULL;

	while (--number && (newline = memchr(line, '\n', end - line)))
		line = newline + 1;
	expect(!number);
	newline = memchr(line, '\n', end - line);
	valid = g_utf8_make_valid(line, (newline ? newline : end) - line);
	return g_utf8_strlen(valid, -1);
}

static void check_finding(const BhFinding *finding, const BhCellFile *file)
{
	gsize length;
	const char *text = bh_cell_file_get_text(file, &length);
	g_autofree char *words = bh_finding_to_string(finding);
	g_autoptr(GVariant) variant = g_variant_ref_sink(bh_finding_to_variant(finding));
	g_autoptr(BhFinding) copy = bh_finding_from_variant(variant);

	expect(g_utf8_validate(words, -1, NULL));
	expect(copy && copy->line == finding->line);
	/* The place is one an editor can go to: behind the last character at most. */
	if (finding->line)
		expect(finding->column &&
		       finding->column <= line_width(text, length, finding->line) + 1);
}

/* The text is kept, whatever is put into it and taken out again. */
static void check_changes(const BhCellFile *file)
{
	g_autoptr(BhCellFile) copy = bh_cell_file_copy(file);
	const BhCellSection *section;
	gsize before, after;
	const char *text = bh_cell_file_get_text(file, &before);

	expect(!memcmp(bh_cell_file_get_text(copy, &after), text, before) && before == after);
	if (bh_cell_file_find(copy, "Policy", "fuzz"))
		return;
	expect(bh_cell_file_set(copy, "Policy", "fuzz", "Default", "stop"));
	section = bh_cell_file_find(copy, "Policy", "fuzz");
	expect(section && section->entries->len == 1);
	expect(!memcmp(bh_cell_file_get_text(copy, NULL), text, before));
	expect(bh_cell_file_remove(copy, "Policy", "fuzz", "Default"));
	expect(bh_cell_file_remove_section(copy, "Policy", "fuzz"));
	expect(!bh_cell_file_find(copy, "Policy", "fuzz"));
}

static void check_cell(const BhCellFile *file, const BhMachine *machine)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	BhCell *cell = bh_cell_set_put(set, file);
	g_autoptr(GPtrArray) findings = bh_validate(set, NULL, machine);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;

	for (guint i = 0; i < findings->len; i++)
		check_finding(findings->pdata[i], file);
	bh_placement_update(placement, set, machine, NULL);
	bytes = bh_compile(cell, placement, &error);
	/* What nothing is wrong with can be compiled. */
	expect(bytes || error);
	if (!bh_findings_count(findings, BH_SEVERITY_ERROR))
		expect(bytes && g_bytes_get_size(bytes) <= BH_CELL_DESC_MAX);
}

static void check_import(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(BhImported) imported = bh_import(bytes, "fuzz.cell", &error);
	g_autoptr(BhCellFile) file = NULL;
	g_autoptr(BhCell) cell = NULL;

	expect((imported == NULL) == (error != NULL));
	if (!imported)
		return;
	expect(bh_cell_name_is_valid(imported->name));
	file = bh_cell_file_new(imported->name, imported->text, -1);
	if (imported->kind == BH_IMPORT_SYSTEM) {
		expect(!bh_cell_file_get_sections(file)->len);
		return;
	}
	/* It may describe nonsense, but in words that can be read. */
	cell = bh_cell_parse(file, findings);
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];
		g_autofree char *words = bh_finding_to_string(finding);

		if (finding->kind <= BH_FINDING_VALUE)
			g_error("%s", words);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static BhMachine *machine;
	g_autoptr(BhCellFile) file = NULL;

	if (size > INPUT_MAX)
		return 0;
	if (!machine)
		machine = bh_machine_new_simple(4, 1ULL << 30);
	file = bh_cell_file_new("fuzz.cell", (const char *)data, size);
	check_changes(file);
	check_cell(file, machine);
	check_import(data, size);
	return 0;
}

#ifndef CELL_FILE_FUZZ_LIBFUZZER
#include "replay.h"

static void test_corpus(gconstpointer path)
{
	/* A bit of each byte. */
	replay_folder(path, 3, 1, 7);
}

int main(int argc, char **argv)
{
	g_autofree char *corpus = NULL, *examples = NULL;

	g_test_init(&argc, &argv, NULL);
	corpus = g_test_build_filename(G_TEST_DIST, "cell-file", NULL);
	examples = g_test_build_filename(G_TEST_DIST, "..", "..", "data", "examples", NULL);
	g_test_add_data_func("/fuzz/cell-file/corpus", corpus, test_corpus);
	g_test_add_data_func("/fuzz/cell-file/examples", examples, test_corpus);
	return g_test_run();
}
#endif
