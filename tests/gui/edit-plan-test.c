// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gstdio.h>
#include <string.h>
#include "bh-validate.h"
#include "bhe-diff.h"
#include "bhe-grant.h"
#include "bhe-plan.h"
#include "bhe-template.h"
#include "bhe-words.h"

#define A                                                                                          \
	"# The first one.\n[Cell]\nCpus=2-3\n\n# Its memory.\n[Memory ram]\nSize = 32M\n# where\n" \
	"GuestAddress=0\n\n[Device net]\nPci=0000:00:03.0\n"
#define B "[Cell]\nDescription=Other\nCpus=count:1\n\n[Memory ram]\nSize=1M\n"

static BhePlan *plan_with(const char *a, const char *b, const char *path)
{
	BhePlan *plan = bhe_plan_new(path);
	GVariantBuilder files;

	g_variant_builder_init(&files, G_VARIANT_TYPE("a{ss}"));
	if (a)
		g_variant_builder_add(&files, "{ss}", "a", a);
	if (b)
		g_variant_builder_add(&files, "{ss}", "b", b);
	bhe_plan_set_base(plan, g_variant_builder_end(&files), 1);
	return plan;
}

static void base(BhePlan *plan, const char *a, const char *b)
{
	GVariantBuilder files;

	g_variant_builder_init(&files, G_VARIANT_TYPE("a{ss}"));
	if (a)
		g_variant_builder_add(&files, "{ss}", "a", a);
	if (b)
		g_variant_builder_add(&files, "{ss}", "b", b);
	bhe_plan_set_base(plan, g_variant_builder_end(&files), bhe_plan_get_serial(plan) + 1);
}

static guint count(BhePlan *plan)
{
	return g_list_model_get_n_items(G_LIST_MODEL(plan));
}

static BheOperation *nth(BhePlan *plan, guint n)
{
	g_autoptr(BheOperation) operation = g_list_model_get_item(G_LIST_MODEL(plan), n);

	return operation;
}

#define assert_sentence(plan, n, text) \
	g_assert_cmpstr(bhe_operation_get_sentence(nth(plan, n)), ==, text)
#define assert_text(plan, cell, text) g_assert_cmpstr(bhe_plan_get_text(plan, cell), ==, text)

static void assert_value(BhePlan *plan, const char *cell, const char *section, const char *key,
			 const char *expected)
{
	g_autofree char *value = bhe_plan_get_value(plan, cell, section, key);

	g_assert_cmpstr(value, ==, expected);
}

/* ---- the vocabulary ---- */

static void test_words(void)
{
	guint sections = 0;

	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++, sections++) {
		const BheSectionWords *words = bhe_words_section(schema->kind);
		guint keys = 0;

		g_assert_nonnull(words);
		g_assert_true(schema->named == (words->name != NULL));
		for (const BhCellKey *key = schema->keys; key->name; key++, keys++)
			if (!bhe_words_key(schema->kind, key->name))
				g_error("[%s] %s= has no words", schema->kind, key->name);
		for (const BheKeyWords *key = words->keys; key->key; key++, keys--)
			;
		g_assert_cmpuint(keys, ==, 0);
	}
	for (const BheSectionWords *words = bhe_words(); words->kind; words++, sections--)
		;
	g_assert_cmpuint(sections, ==, 0);
}

/* Every choice and every default that is a value is one the parser takes. */
static void test_words_values(void)
{
	for (const BheSectionWords *section = bhe_words(); section->kind; section++)
		for (const BheKeyWords *key = section->keys; key->key; key++) {
			g_auto(GStrv) choices =
				key->choices ? g_strsplit(key->choices, "|", -1) : NULL;

			for (guint i = 0; choices && choices[i]; i++) {
				g_autofree char *text = g_strdup_printf(
					"[%s%s]\n%s=%s\n", section->kind, section->name ? " x" : "",
					key->key, choices[i]);
				g_autoptr(BhCellFile) file = bh_cell_file_new("x.cell", text, -1);
				g_autoptr(GPtrArray) findings = bh_findings_new();
				g_autoptr(BhCell) cell = bh_cell_parse(file, findings);

				g_assert_nonnull(cell);
				for (guint j = 0; j < findings->len; j++)
					g_assert_cmpint(((BhFinding *)findings->pdata[j])->kind, !=,
							BH_FINDING_VALUE);
			}
		}
}

static void test_sizes(void)
{
	static const struct {
		guint64 size;
		const char *words;
	} sizes[] = {{512, "512 bytes"}, {1024, "1 KiB"}, {1536, "1.5 KiB"}, {64 << 20, "64 MiB"}};
	g_autofree char *hint = bhe_size_hint("64M");

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *words = bhe_size_to_words(sizes[i].size);

		g_assert_cmpstr(words, ==, sizes[i].words);
	}
	g_assert_cmpstr(hint, ==, "64 MiB · 0x4000000");
	g_assert_null(bhe_size_hint("many"));
}

/* ---- texts ---- */

static void test_diff(void)
{
	g_autoptr(GPtrArray) diff = bhe_diff("a\nb\nc\n", "a\nx\nc\nd");
	GString *signs = g_string_new(NULL);

	for (guint i = 0; i < diff->len; i++) {
		const BheDiffLine *line = diff->pdata[i];

		g_string_append_printf(signs, "%c%s ", line->sign, line->text);
	}
	g_assert_cmpstr(signs->str, ==, " a -b +x  c +d ");
	g_string_free(signs, TRUE);
}

static void test_merge(void)
{
	static const struct {
		const char *base, *mine, *theirs, *merged;
		gboolean conflict;
	} cases[] = {
		{"a\nb\nc\n", "a\nb\nc\n", "a\nb\nc\n", "a\nb\nc\n", FALSE},
		{"a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n", FALSE},
		{"a\nb\nc\n", "a\nx\nc\n", "a\ny\nc\n", "a\nx\nc\n", TRUE},
		{"a\nb\nc\n", "a\nx\nc\n", "a\nx\nc\n", "a\nx\nc\n", FALSE},
		{"a\nb\n", "a\nb\nnew\n", "0\na\nb\n", "0\na\nb\nnew\n", FALSE},
		{"a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n", FALSE},
		{"a\n-\nb", "a\n-\nb\nc", "x\n-\nb", "x\n-\nb\nc", FALSE},
		{"", "mine\n", "", "mine\n", FALSE},
		{"a\r\nb\r\n", "a\r\nx\r\n", "z\r\na\r\nb\r\n", "z\r\na\r\nx\r\n", FALSE},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean conflict;
		g_autofree char *merged =
			bhe_merge(cases[i].base, cases[i].mine, cases[i].theirs, &conflict);

		g_assert_cmpstr(merged, ==, cases[i].merged);
		g_assert_cmpint(conflict, ==, cases[i].conflict);
	}
}

/* Whatever the texts: nothing changed on one side gives the other side. */
static void test_merge_random(void)
{
	for (guint round = 0; round < 500; round++) {
		GString *texts[2];
		gboolean conflict;

		for (guint i = 0; i < 2; i++) {
			texts[i] = g_string_new(NULL);
			for (gint line = g_test_rand_int_range(0, 12); line > 0; line--)
				g_string_append_printf(texts[i], "%d\n",
						       g_test_rand_int_range(0, 4));
		}
		for (guint i = 0; i < 2; i++) {
			g_autofree char *mine =
				bhe_merge(texts[0]->str, texts[1]->str, texts[0]->str, &conflict);
			g_autofree char *theirs =
				bhe_merge(texts[0]->str, texts[0]->str, texts[1]->str, &conflict);

			g_assert_cmpstr(mine, ==, texts[1]->str);
			g_assert_cmpstr(theirs, ==, texts[1]->str);
			g_assert_false(conflict);
		}
		g_string_free(texts[0], TRUE);
		g_string_free(texts[1], TRUE);
	}
}

/* ---- operations ---- */

static void test_set(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	g_assert_nonnull(bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL));
	assert_sentence(plan, 0, "Change “Size” of memory ram in a from 32M to 64M");
	assert_text(
		plan, "a",
		"# The first one.\n[Cell]\nCpus=2-3\n\n# Its memory.\n[Memory ram]\nSize = 64M\n"
		"# where\nGuestAddress=0\n\n[Device net]\nPci=0000:00:03.0\n");
	assert_text(plan, "b", B);
	g_assert_cmpstr(bhe_operation_get_cell(nth(plan, 0)), ==, "a");
	g_assert_cmpstr(bhe_operation_get_section(nth(plan, 0)), ==, "Memory ram");
	g_assert_cmpstr(bhe_operation_get_key(nth(plan, 0)), ==, "Size");
	/* The same once more is one operation and one step. */
	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "128M", NULL);
	g_assert_cmpuint(count(plan), ==, 1);
	assert_sentence(plan, 0, "Change “Size” of memory ram in a from 32M to 128M");
	bhe_plan_set_value(plan, "b", "Cell", "HeartbeatSec", "3", NULL);
	assert_sentence(plan, 1, "Set “Longest silence” in b to 3");
	assert_text(plan, "b",
		    "[Cell]\nDescription=Other\nCpus=count:1\nHeartbeatSec=3\n\n[Memory "
		    "ram]\nSize=1M\n");
	/* Also when something came between; it keeps its place. */
	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "256M", NULL);
	g_assert_cmpuint(count(plan), ==, 2);
	assert_value(plan, "a", "Memory ram", "Size", "256M");
	/* Back to what it was is nothing. */
	g_assert_null(bhe_plan_set_value(plan, "a", "Memory ram", "Size", "32M", NULL));
	g_assert_cmpuint(count(plan), ==, 1);
	g_assert_false(bhe_plan_is_changed(plan, "a"));
	bhe_plan_set_value(plan, "b", "Cell", "Description", NULL, NULL);
	assert_sentence(plan, 1, "Use the default for “Description” in b (it was Other)");
	g_assert_true(bhe_plan_undo(plan));
	g_assert_true(bhe_plan_undo(plan));
	assert_value(plan, "a", "Memory ram", "Size", "128M");
	g_assert_true(bhe_plan_undo(plan));
	assert_value(plan, "b", "Cell", "HeartbeatSec", NULL);
	g_assert_true(bhe_plan_undo(plan));
	g_assert_false(bhe_plan_undo(plan));
	g_assert_cmpuint(count(plan), ==, 0);
	assert_text(plan, "a", A);
	while (bhe_plan_redo(plan))
		;
	g_assert_cmpuint(count(plan), ==, 2);
	assert_text(plan, "a", A);
}

static void test_set_repeats(void)
{
	g_autoptr(BhePlan) plan = plan_with("[Ports x]\nRange=1-2\n# and\nRange=7\n", NULL, NULL);

	assert_value(plan, "a", "Ports x", "Range", "1-2, 7");
	bhe_plan_set_value(plan, "a", "Ports x", "Range", "1-2, 8", NULL);
	assert_text(plan, "a", "[Ports x]\nRange=1-2, 8\n# and\n");
	bhe_plan_set_value(plan, "a", "Ports x", "Range", NULL, NULL);
	assert_text(plan, "a", "[Ports x]\n# and\n");
	g_assert_cmpuint(count(plan), ==, 1);
}

static void test_refusals(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	GError *error = NULL;

	g_assert_null(bhe_plan_set_value(plan, "a", "Cell", "Description", "two\nlines", &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_set_value(plan, "none", "Cell", "Id", "1", &error));
	g_assert_cmpstr(error->message, ==, "There is no cell “none”");
	g_clear_error(&error);
	g_assert_null(bhe_plan_add_section(plan, "a", "Memory ram", NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_add_section(plan, "a", "Memory a b]", NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_create_cell(plan, "a", "[Cell]\n", &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_create_cell(plan, "../x", "[Cell]\n", &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_set_text(plan, "a", "", &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(bhe_plan_move_cpu(plan, 3, "none", &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_cmpuint(count(plan), ==, 0);
}

static void test_cpus(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	static const guint placed[] = {1};

	bhe_plan_set_placed_cpus(plan, "b", placed, 1);
	g_assert_cmpstr(bhe_plan_get_cpu_owner(plan, 1), ==, "b");
	g_assert_cmpstr(bhe_plan_get_cpu_owner(plan, 2), ==, "a");
	g_assert_null(bhe_plan_get_cpu_owner(plan, 0));
	g_assert_nonnull(bhe_plan_move_cpu(plan, 3, "b", NULL));
	assert_sentence(plan, 0, "Move CPU 3 from a to b");
	assert_value(plan, "a", "Cell", "Cpus", "2");
	assert_value(plan, "b", "Cell", "Cpus", "1,3");
	g_assert_cmpstr(bhe_plan_get_cpu_owner(plan, 3), ==, "b");
	bhe_plan_move_cpu(plan, 2, "b", NULL);
	assert_value(plan, "b", "Cell", "Cpus", "1-3");
	assert_value(plan, "a", "Cell", "Cpus", NULL);
	/* Moved on: still one operation each, whatever the order. */
	bhe_plan_move_cpu(plan, 3, "root", NULL);
	g_assert_cmpuint(count(plan), ==, 2);
	assert_sentence(plan, 0, "Move CPU 3 from a to root");
	assert_value(plan, "b", "Cell", "Cpus", "1,2");
	/* Back where it came from: none. */
	g_assert_null(bhe_plan_move_cpu(plan, 3, "a", NULL));
	g_assert_cmpuint(count(plan), ==, 1);
	g_assert_null(bhe_plan_move_cpu(plan, 2, "a", NULL));
	g_assert_cmpuint(count(plan), ==, 0);
	assert_text(plan, "a", A);
	assert_text(plan, "b", B);
	/* The root's is everybody's to take. */
	bhe_plan_move_cpu(plan, 0, "a", NULL);
	assert_sentence(plan, 0, "Move CPU 0 from root to a");
	assert_value(plan, "a", "Cell", "Cpus", "0,2,3");
}

/* Several that move together are an operation each, and one step; what comes before and after is none of it. */
static void test_cpus_together(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	bhe_plan_move_cpu(plan, 3, "b", NULL);
	for (guint round = 0; round < 2; round++) {
		bhe_plan_begin_step(plan);
		/* On what the step before was on, too. */
		bhe_plan_move_cpu(plan, 3, "root", NULL);
		bhe_plan_move_cpu(plan, 2, "root", NULL);
		bhe_plan_move_cpu(plan, 4, "a", NULL);
		bhe_plan_end_step(plan);
		g_assert_cmpuint(count(plan), ==, 3);
		assert_value(plan, "a", "Cell", "Cpus", "4");
		g_assert_true(bhe_plan_undo(plan));
		g_assert_cmpuint(count(plan), ==, 1);
		assert_sentence(plan, 0, "Move CPU 3 from a to b");
	}
	g_assert_true(bhe_plan_redo(plan));
	assert_value(plan, "a", "Cell", "Cpus", "4");
	bhe_plan_move_cpu(plan, 4, "root", NULL);
	g_assert_true(bhe_plan_undo(plan));
	assert_value(plan, "a", "Cell", "Cpus", "4");
	/* There and back again is nothing. */
	bhe_plan_begin_step(plan);
	bhe_plan_move_cpu(plan, 5, "a", NULL);
	bhe_plan_move_cpu(plan, 5, "root", NULL);
	bhe_plan_end_step(plan);
	assert_value(plan, "a", "Cell", "Cpus", "4");
	g_assert_true(bhe_plan_undo(plan));
	g_assert_true(bhe_plan_undo(plan));
	g_assert_false(bhe_plan_undo(plan));
	assert_text(plan, "a", A);
	assert_text(plan, "b", B);
}

static void test_devices(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	g_assert_cmpstr(bhe_plan_get_device_owner(plan, "0000:00:03.0"), ==, "a");
	bhe_plan_add_device(plan, "b", "0000:00:03.0", NULL);
	assert_sentence(plan, 0, "Move device 0000:00:03.0 from a to b");
	g_assert_cmpstr(bhe_plan_get_device_owner(plan, "0000:00:03.0"), ==, "b");
	assert_value(plan, "a", "Device net", "Pci", NULL);
	assert_value(plan, "b", "Device device", "Pci", "0000:00:03.0");
	g_assert_null(bhe_plan_move_device(plan, "0000:00:03.0", "a", NULL));
	g_assert_cmpuint(count(plan), ==, 0);
	assert_text(plan, "a", A);
	bhe_plan_move_device(plan, "/pl011@9000000", "a", NULL);
	assert_value(plan, "a", "Device device", "Node", "/pl011@9000000");
	bhe_plan_move_device(plan, "0000:00:03.0", NULL, NULL);
	g_assert_null(bhe_plan_get_device_owner(plan, "0000:00:03.0"));
}

static void test_sections(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	g_assert_nonnull(bhe_plan_add_memory(plan, "a", 64 << 20, NULL));
	assert_sentence(plan, 0, "Give 64 MiB of memory to a");
	assert_text(plan, "a", A "\n[Memory ram2]\nSize=64M\n");
	g_assert_nonnull(bhe_plan_add_link(plan, "a", "b", NULL, 1 << 20, "network", NULL));
	assert_sentence(plan, 1, "Link a with b");
	assert_value(plan, "a", "Link b", "Protocol", "network");
	bhe_plan_set_value(plan, "a", "Memory ram2", "Access", "rw", NULL);
	bhe_plan_rename_section(plan, "a", "Memory ram", "main", NULL);
	assert_sentence(plan, 3, "Call memory ram of a “main”");
	assert_value(plan, "a", "Memory main", "Size", "32M");
	/* What was made by the plan goes without a trace. */
	g_assert_null(bhe_plan_remove_section(plan, "a", "Memory ram2", NULL));
	g_assert_cmpuint(count(plan), ==, 2);
	g_assert_nonnull(bhe_plan_remove_section(plan, "a", "Device net", NULL));
	assert_sentence(plan, 2, "Remove device net from a");
	g_assert_null(strstr(bhe_plan_get_text(plan, "a"), "Device"));
	/* One out of the middle. */
	bhe_plan_drop(plan, nth(plan, 0));
	g_assert_cmpuint(count(plan), ==, 2);
	g_assert_null(strstr(bhe_plan_get_text(plan, "a"), "Link"));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	bhe_plan_drop_all(plan);
	assert_text(plan, "a", A);
	g_assert_true(bhe_plan_undo(plan));
	g_assert_cmpuint(count(plan), ==, 2);
}

/* An operation goes whose result others were based on. */
static void test_drop_below(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	bhe_plan_set_text(plan, "a", "# new\n[Cell]\nCpus=2-3\n[Memory ram]\nSize=128M\n", NULL);
	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "256M", NULL);
	g_assert_cmpuint(count(plan), ==, 2);
	assert_sentence(plan, 1, "Change “Size” of memory ram in a from 128M to 256M");
	bhe_plan_drop(plan, nth(plan, 0));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_sentence(plan, 0, "Change “Size” of memory ram in a from 32M to 256M");
	assert_value(plan, "a", "Memory ram", "Size", "256M");
}

static void test_cells(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	g_autoptr(GVariant) changes = NULL;
	g_auto(GStrv) names = NULL;
	const char *text;

	bhe_plan_create_cell(plan, "new", "[Cell]\nCpus=1\n", NULL);
	bhe_plan_set_value(plan, "new", "Cell", "HeartbeatSec", "1", NULL);
	bhe_plan_set_value(plan, "b", "Cell", "HeartbeatSec", "1", NULL);
	bhe_plan_remove_cell(plan, "b", NULL);
	g_assert_cmpuint(count(plan), ==, 3);
	assert_sentence(plan, 2, "Remove the cell b");
	names = bhe_plan_list_cells(plan);
	g_assert_cmpuint(g_strv_length(names), ==, 2);
	g_assert_null(bhe_plan_get_text(plan, "b"));
	g_assert_null(bhe_plan_get_cell(plan, "b"));
	g_assert_cmpuint(bhe_plan_get_cell(plan, "new")->heartbeat_ms, ==, 1000);
	changes = g_variant_ref_sink(bhe_plan_get_changes(plan));
	g_assert_cmpuint(g_variant_n_children(changes), ==, 2);
	g_assert_true(g_variant_lookup(changes, "b", "&s", &text));
	g_assert_cmpstr(text, ==, "");
	g_assert_true(g_variant_lookup(changes, "new", "&s", &text));
	g_assert_cmpstr(text, ==, "[Cell]\nCpus=1\nHeartbeatSec=1\n");
	g_assert_null(bhe_plan_remove_cell(plan, "new", NULL));
	g_assert_cmpuint(count(plan), ==, 1);
}

/* ---- somebody else ---- */

static void test_rebase(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	base(plan, "# Somebody was here.\n" A "\n[Policy]\nDefault=ignore\n", B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	g_assert_true(g_str_has_prefix(bhe_plan_get_text(plan, "a"), "# Somebody was here.\n"));
	assert_value(plan, "a", "Memory ram", "Size", "64M");
	assert_value(plan, "a", "Policy", "Default", "ignore");
	/* Now the very same thing. */
	base(plan, "[Cell]\nCpus=2-3\n[Memory ram]\nSize=16M\n", B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 1);
	g_assert_cmpstr(bhe_operation_get_conflict(nth(plan, 0)), ==,
			"“Size” of memory ram in a has been changed to “16M” by somebody else");
	assert_value(plan, "a", "Memory ram", "Size", "64M");
	bhe_plan_keep(plan, nth(plan, 0));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_value(plan, "a", "Memory ram", "Size", "64M");
	assert_sentence(plan, 0, "Change “Size” of memory ram in a from 16M to 64M");
	g_assert_true(bhe_plan_undo(plan));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 1);
	bhe_plan_drop(plan, nth(plan, 0));
	assert_value(plan, "a", "Memory ram", "Size", "16M");
}

static void test_rebase_text(void)
{
	g_autoptr(BhePlan) plan = plan_with("[Cell]\nCpus=1\nId=3\n# end\n", NULL, NULL);

	bhe_plan_set_text(plan, "a", "[Cell]\nCpus=1\nId=3\n# end\n# mine\n", NULL);
	base(plan, "# theirs\n[Cell]\nCpus=1\nId=3\n# end\n", NULL);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_text(plan, "a", "# theirs\n[Cell]\nCpus=1\nId=3\n# end\n# mine\n");
	base(plan, "[Cell]\nCpus=1\nId=3\n# the end\n", NULL);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 1);
	assert_text(plan, "a", "[Cell]\nCpus=1\nId=3\n# end\n# mine\n");
	bhe_plan_keep(plan, nth(plan, 0));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_text(plan, "a", "[Cell]\nCpus=1\nId=3\n# end\n# mine\n");
}

static void test_rebase_gone(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	g_autoptr(GVariant) changes = NULL;

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	bhe_plan_move_cpu(plan, 3, "b", NULL);
	base(plan, NULL, B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 1);
	g_assert_cmpstr(bhe_operation_get_conflict(nth(plan, 0)), ==,
			"The cell a has been removed by somebody else");
	/* Nothing is lost. */
	assert_value(plan, "a", "Memory ram", "Size", "64M");
	assert_value(plan, "a", "Cell", "Cpus", "2");
	bhe_plan_keep(plan, nth(plan, 0));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_value(plan, "a", "Memory ram", "Size", "64M");
	/* It has come back. */
	base(plan, A, B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_value(plan, "a", "Memory ram", "Size", "64M");
}

static void test_rebase_created(void)
{
	g_autoptr(BhePlan) plan = plan_with(NULL, B, NULL);

	bhe_plan_create_cell(plan, "a", A, NULL);
	base(plan, "[Cell]\n", B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 1);
	assert_text(plan, "a", A);
	base(plan, A, B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	g_assert_false(bhe_plan_is_changed(plan, "a"));
}

static void test_settle(void)
{
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	g_autofree char *text = NULL;

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	bhe_plan_move_cpu(plan, 2, "b", NULL);
	text = g_strdup(bhe_plan_get_text(plan, "a"));
	base(plan, text, bhe_plan_get_text(plan, "b"));
	/* Applied, and might be rolled back yet. */
	g_assert_cmpuint(count(plan), ==, 2);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	base(plan, A, B);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_text(plan, "a", text);
	base(plan, text, bhe_plan_get_text(plan, "b"));
	bhe_plan_set_value(plan, "b", "Cell", "Description", "later", NULL);
	bhe_plan_settle(plan);
	g_assert_cmpuint(count(plan), ==, 1);
	assert_sentence(plan, 0, "Change “Description” in b from Other to later");
	g_assert_false(bhe_plan_undo(plan));
}

/* ---- texts and lines that are proposed ---- */

/* Whatever somebody asks for: nothing is wrong with the file. */
static void test_templates(void)
{
	static const guint64 sizes[] = {1, 1 << 20, 3 << 20, 300 << 20, 12345678};
	g_autoptr(BhMachine) machine = bh_machine_new_simple(4, 1ULL << 32);

	for (int kind = BHE_TEMPLATE_BARE_METAL; kind <= BHE_TEMPLATE_LINUX; kind++)
		for (guint i = 0; i < G_N_ELEMENTS(sizes) * 2; i++) {
			gboolean all = i % 2;
			BheTemplate template = {
				.kind = kind,
				.description = all ? "What it is" : NULL,
				.program = all ? "/dev/null" : NULL,
				.kernel = "/dev/null",
				.initrd = all ? "/dev/null" : NULL,
				.command_line = all ? "console=ttyS0" : "",
				.cpus = 2,
				.memory = sizes[i / 2],
				.heartbeat = all,
			};
			g_autofree char *text = bhe_template_make(&template);
			g_autoptr(BhCellFile) file = bh_cell_file_new("new.cell", text, -1);
			g_autoptr(BhCellSet) set = bh_cell_set_new();
			g_autoptr(GPtrArray) findings = NULL;

			bh_cell_set_put(set, file);
			findings = bh_validate(set, NULL, machine);
			for (guint j = 0; j < findings->len; j++) {
				const BhFinding *finding = findings->pdata[j];

				/* That /dev/null is no kernel is true. */
				if (finding->severity == BH_SEVERITY_ERROR &&
				    finding->kind != BH_FINDING_LINUX)
					g_error("%s\n%s", finding->message, text);
			}
		}
}

static GVariant *violation(const char *kind, guint64 address, guint width)
{
	GVariantBuilder event;

	g_variant_builder_init(&event, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&event, "{sv}", "kind", g_variant_new_string(kind));
	g_variant_builder_add(&event, "{sv}", "access", g_variant_new_string("write"));
	g_variant_builder_add(&event, "{sv}", "address", g_variant_new_uint64(address));
	g_variant_builder_add(&event, "{sv}", "width", g_variant_new_uint32(width));
	g_variant_builder_add(&event, "{sv}", "cpu", g_variant_new_uint32(3));
	g_variant_builder_add(&event, "{sv}", "stopped", g_variant_new_boolean(TRUE));
	return g_variant_ref_sink(g_variant_builder_end(&event));
}

/* For each kind the first proposal, and how many there are; what it says can be added, and is a file without errors. */
static void test_grants(void)
{
	static const struct {
		const char *kind;
		guint64 address;
		guint width, count;
		const char *first;
	} cases[] = {
		{"pio", 0x378, 1, 2, "[Ports ports]\nRange=0x378\n"},
		{"pio", 0x60, 4, 2, "[Ports ports]\nRange=0x60-0x63\n"},
		{"pio", 0x3fd, 1, 2, "[Ports ttys0]\nRange=0x3f8-0x3ff\n"},
		{"pio", 0xcf8, 4, 1, "[Policy]\nPorts=ignore\n"},
		{"memory", 0x4012345, 4, 2, "[Memory ram2]\nSize=1M\nGuestAddress=0x4000000\n"},
		{"pci", 0x18004, 4, 1, "[Policy]\nPci=ignore\n"},
		{"msr", 0x1a0, 8, 1, "[Policy]\nMsr=ignore\n"},
		{"irq", 0x300, 4, 1, "[Policy]\nInterrupts=ignore\n"},
		{"instruction", 0, 0, 1, "[Policy]\nInstruction=ignore\n"},
		{"hypercall", 99, 0, 0, NULL},
		{"of-tomorrow", 1, 0, 0, NULL},
	};
	g_autoptr(BhMachine) machine = bh_machine_new_simple(4, 1ULL << 32);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
		g_autoptr(GVariant) event =
			violation(cases[i].kind, cases[i].address, cases[i].width);
		g_autoptr(GPtrArray) grants = bhe_grant_propose(plan, machine, "b", event);
		g_autofree char *words = bhe_grant_explain(machine, event);
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(g_str_has_prefix(words, "CPU 3 wrote to "));
		g_assert_cmpuint(grants->len, ==, cases[i].count);
		if (!grants->len)
			continue;
		text = bhe_grant_to_text(grants->pdata[0]);
		g_assert_cmpstr(text, ==, cases[i].first);
		g_assert_nonnull(bhe_grant_add(grants->pdata[0], plan, "b", &error));
		g_assert_no_error(error);
		g_assert_nonnull(strstr(bhe_plan_get_text(plan, "b"), text));
	}
}

/* ---- across a crash ---- */

static void test_saved(void)
{
	g_autofree char *directory = g_dir_make_tmp("bhe-plan-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "deep", "plan", NULL);
	g_autofree char *deep = g_path_get_dirname(path);
	g_autofree char *text = NULL;
	BhePlan *plan = plan_with(A, B, path);
	GError *error = NULL;

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	bhe_plan_move_cpu(plan, 3, "b", NULL);
	bhe_plan_set_text(plan, "b", B "# “é”\n", NULL);
	bhe_plan_create_cell(plan, "c", "[Cell]\n", NULL);
	text = g_strdup(bhe_plan_get_text(plan, "a"));
	g_assert_true(bhe_plan_flush(plan, &error));
	g_assert_no_error(error);
	g_object_unref(plan);

	/* The file was edited while nobody looked. */
	plan = plan_with(A, "# by hand\n" B, path);
	g_assert_cmpuint(count(plan), ==, 4);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
	assert_text(plan, "a", text);
	assert_text(plan, "b", "# by hand\n" B "# “é”\n");
	assert_text(plan, "c", "[Cell]\n");
	for (guint i = 4; i; i--)
		g_assert_true(bhe_plan_undo(plan));
	g_assert_false(bhe_plan_undo(plan));
	assert_text(plan, "a", A);
	g_object_unref(plan);

	/* All undone: nothing is there the next time. */
	plan = plan_with(A, B, path);
	g_assert_cmpuint(count(plan), ==, 0);
	g_object_unref(plan);

	g_assert_true(g_file_set_contents(path, "(uint32 1, uint64", -1, NULL));
	g_test_expect_message("bulkhead-configurator", G_LOG_LEVEL_WARNING, "*cannot be read*");
	plan = plan_with(A, B, path);
	g_test_assert_expected_messages();
	g_assert_cmpuint(count(plan), ==, 0);
	g_object_unref(plan);
	g_unlink(path);
	g_rmdir(deep);
	g_rmdir(directory);
}

static gboolean is_saved(const char *path, const char *what)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && strstr(text, what);
}

/* By itself, without anybody asking, so that a crash costs nothing. */
static void test_saved_alone(void)
{
	g_autofree char *directory = g_dir_make_tmp("bhe-plan-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "plan", NULL);
	g_autoptr(BhePlan) plan = plan_with(A, B, path);

	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "64M", NULL);
	while (!is_saved(path, "64M"))
		g_main_context_iteration(NULL, TRUE);
	bhe_plan_set_value(plan, "a", "Memory ram", "Size", "96M", NULL);
	while (!is_saved(path, "96M"))
		g_main_context_iteration(NULL, TRUE);
	g_unlink(path);
	g_rmdir(directory);
}

/* ---- as a model ---- */

static void on_items_changed(GListModel *model, guint position, guint removed, guint added,
			     GPtrArray *mirror)
{
	g_ptr_array_remove_range(mirror, position, removed);
	for (guint i = 0; i < added; i++) {
		g_autoptr(GObject) item = g_list_model_get_item(model, position + i);

		g_ptr_array_insert(mirror, position + i, item);
	}
}

/* Many operations at random: the list is told truly, undo goes all the way back, redo all the way forth. */
static void test_random(void)
{
	static const char *const cells[] = {"a", "b"};
	static const char *const values[] = {"1M", "2M", "32M", NULL};
	g_autoptr(BhePlan) plan = plan_with(A, B, NULL);
	g_autoptr(GPtrArray) mirror = g_ptr_array_new();
	g_autofree char *a = NULL;
	g_autofree char *b = NULL;

	g_signal_connect(plan, "items-changed", G_CALLBACK(on_items_changed), mirror);
	for (guint round = 0; round < 150; round++) {
		const char *cell = cells[g_test_rand_int_range(0, 2)];

		switch (g_test_rand_int_range(0, 8)) {
		case 0:
			bhe_plan_set_value(plan, cell, "Memory ram", "Size",
					   values[g_test_rand_int_range(0, 4)], NULL);
			break;
		case 1:
			bhe_plan_move_cpu(plan, g_test_rand_int_range(0, 4), cell, NULL);
			break;
		case 2:
			bhe_plan_move_device(plan, "0000:00:03.0", cell, NULL);
			break;
		case 3:
			bhe_plan_add_memory(plan, cell, 4096, NULL);
			break;
		case 4:
			bhe_plan_remove_section(plan, cell, "Memory ram2", NULL);
			break;
		case 5:
			bhe_plan_undo(plan);
			break;
		case 6:
			bhe_plan_redo(plan);
			break;
		default:
			if (count(plan))
				bhe_plan_drop(plan,
					      nth(plan, g_test_rand_int_range(0, count(plan))));
		}
		g_assert_cmpuint(bhe_plan_count_conflicts(plan), ==, 0);
		g_assert_cmpuint(mirror->len, ==, count(plan));
		for (guint i = 0; i < mirror->len; i++)
			g_assert_true(mirror->pdata[i] == nth(plan, i));
	}
	while (bhe_plan_redo(plan))
		;
	a = g_strdup(bhe_plan_get_text(plan, "a"));
	b = g_strdup(bhe_plan_get_text(plan, "b"));
	while (bhe_plan_undo(plan))
		;
	assert_text(plan, "a", A);
	assert_text(plan, "b", B);
	while (bhe_plan_redo(plan))
		;
	assert_text(plan, "a", a);
	assert_text(plan, "b", b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/words/complete", test_words);
	g_test_add_func("/words/values", test_words_values);
	g_test_add_func("/words/sizes", test_sizes);
	g_test_add_func("/diff/lines", test_diff);
	g_test_add_func("/diff/merge", test_merge);
	g_test_add_func("/diff/merge-random", test_merge_random);
	g_test_add_func("/plan/set", test_set);
	g_test_add_func("/plan/set-repeats", test_set_repeats);
	g_test_add_func("/plan/refusals", test_refusals);
	g_test_add_func("/plan/cpus", test_cpus);
	g_test_add_func("/plan/cpus-together", test_cpus_together);
	g_test_add_func("/plan/devices", test_devices);
	g_test_add_func("/plan/sections", test_sections);
	g_test_add_func("/plan/drop-below", test_drop_below);
	g_test_add_func("/plan/cells", test_cells);
	g_test_add_func("/plan/rebase", test_rebase);
	g_test_add_func("/plan/rebase-text", test_rebase_text);
	g_test_add_func("/plan/rebase-gone", test_rebase_gone);
	g_test_add_func("/plan/rebase-created", test_rebase_created);
	g_test_add_func("/plan/settle", test_settle);
	g_test_add_func("/templates", test_templates);
	g_test_add_func("/grants", test_grants);
	g_test_add_func("/plan/saved", test_saved);
	g_test_add_func("/plan/saved-alone", test_saved_alone);
	g_test_add_func("/plan/random", test_random);
	return g_test_run();
}
