// SPDX-License-Identifier: GPL-2.0-or-later
/* The editor's pages: what they say, what typing and clicking in them does to the plan, and how they look. */

#include <gtksourceview/gtksource.h>
#include <string.h>
#include "bhe-finding-row.h"
#include "bhe-grant-dialog.h"
#include "bhe-key-row.h"
#include "bhe-service.h"
#include "bhe-wizard.h"
#include "bhe.h"
#include "bhg-test.h"

static BheService *service_of(BhgTest *test)
{
	return bhe_service_get(test->connection);
}

static BhePlan *plan_of(BhgTest *test)
{
	return bhe_service_get_plan(service_of(test));
}

static guint count(BhgTest *test)
{
	return g_list_model_get_n_items(G_LIST_MODEL(plan_of(test)));
}

/* Another window than the main one. */
static void picture_of(BhgTest *test, GtkWindow *window, const char *name)
{
	GtkWindow *main_window = test->window;

	bhg_test_wait(gtk_widget_get_mapped(GTK_WIDGET(window)));
	test->window = window;
	bhg_test_picture(test, name);
	test->window = main_window;
}

static BhgTest *cells_on(const char *machine)
{
	BhgTest *test = bhg_test_new();

	bhg_test_add_cell(test, "motion-control", "\n[Policy]\nDefault=stop\n",
			  "print ready\nbeat 200");
	bhg_test_add_cell(test, "hmi", NULL, "print ready");
	bhg_test_start_daemon(test, machine);
	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_cell(test, "motion-control");
	bhg_test_wait(bhe_plan_get_text(plan_of(test), "motion-control") &&
		      bhe_plan_get_text(plan_of(test), "hmi"));
	return test;
}

static BhgTest *machine_with_cells(void)
{
	return cells_on(NULL);
}

static void judged(BhgTest *test)
{
	bhg_test_wait(bhe_service_is_judged(service_of(test)));
	bhg_test_settle(test);
}

/* The row of a key that can be seen. */
static BheKeyRow *find_row(GtkWidget *widget, const char *key, const char *section)
{
	if (BHE_IS_KEY_ROW(widget) && !g_strcmp0(bhe_key_row_get_key(BHE_KEY_ROW(widget)), key)) {
		GtkWidget *expander = gtk_widget_get_ancestor(widget, ADW_TYPE_EXPANDER_ROW);

		if (section ? expander && !g_strcmp0(adw_preferences_row_get_title(
							     ADW_PREFERENCES_ROW(expander)),
						     section)
			    : !expander)
			return BHE_KEY_ROW(widget);
	}
	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		BheKeyRow *row = find_row(child, key, section);

		if (row)
			return row;
	}
	return NULL;
}

static BheKeyRow *row_of(BhgTest *test, const char *key, const char *section)
{
	BheKeyRow *row = find_row(GTK_WIDGET(test->window), key, section);

	g_assert_nonnull(row);
	return row;
}

static void type_into(BheKeyRow *row, const char *text)
{
	gtk_editable_set_text(GTK_EDITABLE(bhe_key_row_get_input(row)), text);
}

static void click(BhgTest *test, const char *label)
{
	GtkWidget *button = bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_BUTTON, label);

	g_assert_nonnull(button);
	g_assert_true(gtk_widget_get_sensitive(button));
	g_signal_emit_by_name(button, "clicked");
}

/* ---- the cell ---- */

static void test_configure(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	BheKeyRow *row;

	bhg_window_show(BHG_WINDOW(test->window), "motion-control", "configure", "Memory ram/Size");
	judged(test);
	bhg_test_pictures(test, "configure");
	row = row_of(test, "Size", "ram");
	g_assert_cmpstr(gtk_editable_get_text(GTK_EDITABLE(bhe_key_row_get_input(row))), ==, "1M");
	type_into(row, "512K");
	g_assert_cmpuint(count(test), ==, 1);
	g_assert_nonnull(strstr(bhe_plan_get_text(plan_of(test), "motion-control"), "Size=512K\n"));
	g_assert_false(gtk_editable_get_enable_undo(GTK_EDITABLE(bhe_key_row_get_input(row))));
	type_into(row, "many");
	judged(test);
	g_assert_true(gtk_widget_has_css_class(GTK_WIDGET(row), "error"));
	gtk_test_accessible_assert_state(GTK_ACCESSIBLE(bhe_key_row_get_input(row)),
					 GTK_ACCESSIBLE_STATE_INVALID, GTK_ACCESSIBLE_INVALID_TRUE);
	bhg_test_resize(test, 1100, 1150);
	bhg_test_picture(test, "configure-error");
	bhg_test_resize(test, 1100, 740);
	/* Out and back: nothing is left of it. */
	type_into(row, "1M");
	g_assert_cmpuint(count(test), ==, 0);
	judged(test);
	g_assert_false(gtk_widget_has_css_class(GTK_WIDGET(row), "error"));
}

/* Each key of each section there can be has a row, whatever the file says. */
static void test_every_key(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	const char *cell = "motion-control";

	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++)
		if (schema->named) {
			g_autofree char *section =
				g_strconcat(schema->kind, " every-", schema->kind, NULL);

			g_assert_nonnull(
				bhe_plan_add_section(plan_of(test), cell, section, NULL, NULL));
		}
	bhg_window_show(BHG_WINDOW(test->window), cell, "configure", NULL);
	judged(test);
	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++) {
		const BheSectionWords *words = bhe_words_section(schema->kind);
		g_autofree char *name = g_strconcat("every-", schema->kind, NULL);

		for (const BhCellKey *key = schema->keys; key->name; key++) {
			BheKeyRow *row = row_of(test, key->name,
						schema->named			? name
						: !strcmp(schema->kind, "Cell") ? NULL
										: words->title);

			/* A screen reader says what it is. */
			gtk_test_accessible_assert_property(
				GTK_ACCESSIBLE(bhe_key_row_get_input(row)),
				GTK_ACCESSIBLE_PROPERTY_LABEL,
				bhe_words_key(schema->kind, key->name)->title);
		}
	}
	bhg_test_resize(test, 1100, 1150);
	bhg_test_picture(test, "configure-every");
}

/* A file is chosen in a dialog; who cancels it leaves what there was. */
static void test_choose_image(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	g_autofree char *path = g_build_filename(test->directory, "other.bin", NULL);
	g_autofree char *before = NULL, *value = NULL;
	GtkWidget *row, *button;

	g_assert_true(g_file_set_contents(path, "program", -1, NULL));
	bhg_window_show(BHG_WINDOW(test->window), "motion-control", "configure", "Image main/File");
	judged(test);
	row = GTK_WIDGET(row_of(test, "File", "main"));
	button = bhg_test_find(row, GTK_TYPE_BUTTON, "Choose a File");
	before = g_strdup(bhe_plan_get_text(plan_of(test), "motion-control"));
	g_signal_emit_by_name(button, "clicked");
	bhg_test_choose_file(NULL);
	g_assert_cmpstr(bhe_plan_get_text(plan_of(test), "motion-control"), ==, before);
	g_signal_emit_by_name(button, "clicked");
	bhg_test_choose_file(path);
	value = bhe_plan_get_value(plan_of(test), "motion-control", "Image main", "File");
	g_assert_cmpstr(value, ==, path);
	g_assert_cmpuint(count(test), ==, 1);
}

/* The row of the key it is about, or that of the whole section. */
static GtkWidget *place_of(BhgTest *test, BheFinding *finding)
{
	const char *section = bhe_finding_get_section(finding), *key = bhe_finding_get_key(finding);
	const char *name = strchr(section, ' ');
	GtkWidget *expander;

	if (key)
		return GTK_WIDGET(row_of(test, key, name ? name + 1 : NULL));
	expander = bhg_test_find(GTK_WIDGET(test->window), ADW_TYPE_EXPANDER_ROW, name + 1);
	g_assert_nonnull(expander);
	return g_object_get_data(G_OBJECT(expander), "badge");
}

/* From the first key to the last by the Tab key alone, typing on the way. */
static void test_keyboard(void)
{
	static const char *const keys[] = {"Description",	 "Cpus",	"HeartbeatSec",
					   "ShutdownTimeoutSec", "PassiveComm", "CommandLine"};
	g_autoptr(BhgTest) test = machine_with_cells();
	guint found = 0;

	bhg_window_show(BHG_WINDOW(test->window), "motion-control", "configure", NULL);
	judged(test);
	gtk_widget_grab_focus(bhe_key_row_get_input(row_of(test, keys[0], NULL)));
	for (guint i = 0; i < 60 && found < G_N_ELEMENTS(keys); i++) {
		GtkWidget *input = bhe_key_row_get_input(row_of(test, keys[found], NULL));
		GtkWidget *focus = gtk_window_get_focus(test->window);

		if (focus == input || (focus && gtk_widget_is_ancestor(focus, input)))
			found++;
		g_signal_emit_by_name(test->window, "move-focus", GTK_DIR_TAB_FORWARD);
	}
	g_assert_cmpuint(found, ==, G_N_ELEMENTS(keys));
}

/* What is wrong stands at the row it is about, and leads to whoever else wants the same. */
static void test_findings(void)
{
	static const struct {
		const char *section, *key, *value, *code, *style;
	} cases[] = {
		{"Cell", "Cpus", "9", "cpu-missing", "error"},
		{"Cell", "Cpus", "0", "cpu-boot", "error"},
		{"Cell", "Cpus", "1,1", "cpu-twice", "error"},
		{"Cell", "Cpus", "3", "cpu-conflict", "warning"},
		{"Cell", "Id", "7", "id-conflict", "error"},
		{"Cell", "Architecture", "arm64", "architecture", "error"},
		{"Cell", "HeartbeatSec", "soon", "bad-value", "error"},
		{"Cell", "ResetAddress", "0x40000000", "reset-address", "error"},
		{"Memory ram", "Size", "2M", "memory-overlap", "error"},
		{"Memory ram", "Size", "4097", "memory-part-page", "error"},
		{"Memory ram", "Widths", "8", "key-conflict", "error"},
		{"Image main", "Address", "0x7f000000", "image-place", "error"},
		{"Image main", "File", "/there/is/none", "image-file", "warning"},
	};
	g_autoptr(BhgTest) test = machine_with_cells();
	const char *cell = "motion-control";

	bhe_plan_set_value(plan_of(test), "hmi", "Cell", "Cpus", "3", NULL);
	bhe_plan_set_value(plan_of(test), "hmi", "Cell", "Id", "7", NULL);
	bhg_window_show(BHG_WINDOW(test->window), cell, "configure", NULL);
	judged(test);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		BheFinding *finding;
		GtkWidget *place;

		bhe_plan_set_value(plan_of(test), cell, cases[i].section, cases[i].key,
				   cases[i].value, NULL);
		judged(test);
		g_test_message("%s=%s", cases[i].key, cases[i].value);
		finding = bhe_service_get_worst(service_of(test), cell);
		g_assert_nonnull(finding);
		g_assert_cmpstr(bhe_finding_get_code(finding), ==, cases[i].code);
		place = place_of(test, finding);
		g_assert_true(gtk_widget_has_css_class(place, cases[i].style));
		if (!strcmp(cases[i].code, "cpu-conflict")) {
			bhg_test_picture(test, "configure-conflict");
			click(test, "Go to hmi");
			bhg_test_settle(test);
			bhg_window_show(BHG_WINDOW(test->window), cell, "configure", NULL);
		}
		bhe_plan_undo(plan_of(test));
		judged(test);
		g_assert_false(gtk_widget_has_css_class(place, cases[i].style));
	}
}

static BheFinding *find_code(BhgTest *test, const char *cell, const char *code)
{
	GListModel *findings = bhe_service_get_findings(service_of(test));

	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);

		if (!g_strcmp0(bhe_finding_get_cell(finding), cell) &&
		    !g_strcmp0(bhe_finding_get_code(finding), code))
			return finding;
	}
	return NULL;
}

static const char *shown_cell(BhgTest *test)
{
	return bhg_cell_get_name(bhg_page_get_cell(bhg_window_get_page(BHG_WINDOW(test->window))));
}

/* What two cells want is told where it stands in either, with the other's name and a button that goes there. */
static void test_rivals(void)
{
	static const struct {
		const char *section, *key, *value, *code;
	} cases[] = {
		{"Cell", "Cpus", "3", "cpu-conflict"},
		{"Cell", "Id", "7", "id-conflict"},
		{"Memory ram", "PhysicalAddress", "0x40000000", "memory-conflict"},
		{"Device bus", "Pci", "0000:01:00.0", "device-conflict"},
		{"Ports serial", "Range", "0x2f8-0x2ff", "ports-conflict"},
		{"Interrupts lines", "Pins", "19", "interrupt-conflict"},
		{"Link talk", "Peers", "root", "link-twice"},
	};
	const char *cell = "motion-control";
	g_autofree char *machine =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "workstation.json", NULL);
	g_autoptr(BhgTest) test = cells_on(machine);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		bhe_plan_set_value(plan_of(test), "hmi", cases[i].section, cases[i].key,
				   cases[i].value, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *what = g_strconcat(cases[i].section, "/", cases[i].key, NULL);
		const char *name = strchr(cases[i].section, ' ');
		GtkWidget *place, *go;
		BheFinding *finding;

		g_test_message("%s", cases[i].code);
		bhe_plan_set_value(plan_of(test), cell, cases[i].section, cases[i].key,
				   cases[i].value, NULL);
		bhg_window_show(BHG_WINDOW(test->window), cell, "configure", what);
		judged(test);
		finding = find_code(test, cell, cases[i].code);
		g_assert_nonnull(finding);
		g_assert_nonnull(strstr(bhe_finding_get_message(finding), "hmi"));
		g_assert_cmpstr(bhe_service_get_rival(service_of(test), finding), ==, "hmi");
		if (bhe_finding_get_key(finding)) {
			place = GTK_WIDGET(row_of(test, cases[i].key, name ? name + 1 : NULL));
			go = bhg_test_find(place, GTK_TYPE_BUTTON, "Go to hmi");
			g_assert_nonnull(
				strstr(adw_action_row_get_subtitle(ADW_ACTION_ROW(place)), "hmi"));
		} else {
			place = bhg_test_find(GTK_WIDGET(test->window), ADW_TYPE_EXPANDER_ROW,
					      name + 1);
			go = g_object_get_data(G_OBJECT(place), "go");
			g_assert_nonnull(strstr(
				adw_expander_row_get_subtitle(ADW_EXPANDER_ROW(place)), "hmi"));
			gtk_test_accessible_assert_property(
				GTK_ACCESSIBLE(go), GTK_ACCESSIBLE_PROPERTY_LABEL, "Go to hmi");
			bhg_test_pictures(test, "configure-rival");
		}
		g_assert_nonnull(go);
		g_assert_true(gtk_widget_get_mapped(go));
		g_signal_emit_by_name(go, "clicked");
		bhg_test_settle(test);
		g_assert_cmpstr(shown_cell(test), ==, "hmi");
		/* There it is said as well. */
		g_assert_nonnull(find_code(test, "hmi", cases[i].code));
		bhe_plan_undo(plan_of(test));
		judged(test);
		g_assert_null(find_code(test, cell, cases[i].code));
	}
}

/* A peer that is not there has no page to go to, but the row says its name. */
static void test_link_peer(void)
{
	const char *cell = "motion-control";
	g_autoptr(BhgTest) test = machine_with_cells();
	GtkWidget *row;

	bhe_plan_set_value(plan_of(test), cell, "Link talk", "Peers", "nobody", NULL);
	bhg_window_show(BHG_WINDOW(test->window), cell, "configure", "Link talk/Peers");
	judged(test);
	g_assert_nonnull(find_code(test, cell, "link-peer"));
	row = GTK_WIDGET(row_of(test, "Peers", "talk"));
	g_assert_true(gtk_widget_has_css_class(row, "error"));
	g_assert_nonnull(strstr(adw_action_row_get_subtitle(ADW_ACTION_ROW(row)), "nobody"));
	g_assert_null(bhg_test_find(row, GTK_TYPE_BUTTON, "Go to nobody"));
}

/* ---- the text ---- */

static void test_source(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	const char *cell = "motion-control";
	g_autofree char *before = NULL;
	GtkSourceBuffer *source;
	GtkTextBuffer *buffer;
	GtkTextIter iter;
	GtkWidget *view, *finding;
	GSList *marks;

	bhg_window_show(BHG_WINDOW(test->window), cell, "source", NULL);
	judged(test);
	view = bhg_test_find(GTK_WIDGET(test->window), GTK_SOURCE_TYPE_VIEW, NULL);
	g_assert_nonnull(view);
	buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
	source = GTK_SOURCE_BUFFER(buffer);
	g_assert_nonnull(gtk_source_buffer_get_language(source));
	before = g_strdup(bhe_plan_get_text(plan_of(test), cell));
	gtk_text_buffer_get_iter_at_line(buffer, &iter, 1);
	gtk_text_buffer_insert(buffer, &iter, "# A line by hand.\n", -1);
	gtk_text_buffer_get_end_iter(buffer, &iter);
	gtk_text_buffer_insert(buffer, &iter, "Nonsense=1\n", -1);
	g_assert_cmpuint(count(test), ==, 1);
	g_assert_true(g_str_has_suffix(bhe_plan_get_text(plan_of(test), cell), "Nonsense=1\n"));
	judged(test);
	marks = gtk_source_buffer_get_source_marks_at_line(
		source, gtk_text_buffer_get_line_count(buffer) - 2, "error");
	g_assert_nonnull(marks);
	g_slist_free(marks);
	bhg_test_pictures(test, "source-error");
	/* The keyboard may be at a finding, and stays there when there is nothing new. */
	finding = bhg_test_find(GTK_WIDGET(test->window), BHE_TYPE_FINDING_ROW, NULL);
	g_signal_emit_by_name(service_of(test), "changed");
	bhg_test_settle(test);
	g_assert_true(bhg_test_find(GTK_WIDGET(test->window), BHE_TYPE_FINDING_ROW, NULL) ==
		      finding);
	/* The same text, changed by another page: that is for the plan to undo. */
	g_assert_true(gtk_text_buffer_get_can_undo(buffer));
	bhe_plan_set_value(plan_of(test), cell, "Memory ram", "Size", "512K", NULL);
	bhg_test_settle(test);
	g_assert_false(gtk_text_buffer_get_can_undo(buffer));
	{
		GtkTextIter start, end;
		g_autofree char *shown = NULL;

		gtk_text_buffer_get_bounds(buffer, &start, &end);
		shown = gtk_text_buffer_get_text(buffer, &start, &end, TRUE);
		g_assert_cmpstr(shown, ==, bhe_plan_get_text(plan_of(test), cell));
	}
	while (bhe_plan_undo(plan_of(test)))
		;
	g_assert_cmpstr(bhe_plan_get_text(plan_of(test), cell), ==, before);
	judged(test);
	bhg_test_picture(test, "source");
}

/* What the parser knows is what is coloured. */
static void test_language(void)
{
	g_autoptr(GBytes) bytes = g_resources_lookup_data(
		"/org/bulkhead1/Configurator/languages/bulkhead-cell.lang", 0, NULL);
	g_autofree char *text = NULL;

	g_assert_nonnull(bytes);
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++)
		for (const BhCellKey *key = schema->keys; key->name; key++) {
			g_autofree char *section = g_strdup_printf("[(|\\s]%s[|)]", schema->kind);
			g_autofree char *word = g_strdup_printf("[(|\\s]%s[|)]", key->name);

			g_assert_true(g_regex_match_simple(section, text, 0, 0));
			if (!g_regex_match_simple(word, text, 0, 0))
				g_error("%s= is not coloured", key->name);
		}
}

/* ---- from the plan to the machine ---- */

static char *file_of(BhgTest *test, const char *cell)
{
	g_autofree char *name = g_strconcat(cell, ".cell", NULL);
	g_autofree char *path = g_build_filename(test->cells, name, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static gboolean file_has(BhgTest *test, const char *cell, const char *what)
{
	g_autofree char *text = file_of(test, cell);

	return text && strstr(text, what);
}

static BhePhase phase(BhgTest *test)
{
	return bhe_service_get_phase(service_of(test));
}

static void wait_ready(BhgTest *test)
{
	bhg_test_settle(test);
	/* Last: files that are read meanwhile would make it wait again. */
	bhg_test_wait(!bhe_service_why_not(service_of(test)));
}

static void expect_steps(BhgTest *test, const char *const *steps)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; steps[i]; i++)
		g_string_append_printf(text, "%s%u. %s", i ? "\n" : "", i + 1, steps[i]);
	bhg_test_settle(test);
	if (!bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LABEL, text->str))
		g_error("it does not say: %s", text->str);
}

/* What applying does is said before, in the order in which it is done. */
static void test_steps(void)
{
	const char *check = "The daemon checks everything once more.";
	const char *files = "All files are written, or none: hmi.cell (changed), "
			    "motion-control.cell (changed), new.cell (new).";
	const char *ask = "You are asked whether to keep this. After 60 seconds without an answer "
			  "all of it is undone.";
	const char *gone[] = {
		check, "All files are written, or none: motion-control.cell (removed).",
		"“motion-control” is taken apart: what it has returns to Linux.", ask, NULL};
	g_autoptr(BhgTest) test = machine_with_cells();
	GtkWidget *row, *restart;

	bhg_test_enable(test);
	bhg_test_start_cell(test, "motion-control");
	bhg_window_show(BHG_WINDOW(test->window), NULL, "changes", NULL);
	bhe_plan_set_value(plan_of(test), "motion-control", "Memory ram", "Size", "512K", NULL);
	bhe_plan_set_value(plan_of(test), "hmi", "Cell", "HeartbeatSec", "5", NULL);
	bhe_plan_create_cell(plan_of(test), "new", bhe_plan_get_text(plan_of(test), "hmi"), NULL);
	wait_ready(test);
	expect_steps(test, (const char *[]){check, files, ask, NULL});
	row = bhg_test_find(GTK_WIDGET(test->window), ADW_TYPE_ACTION_ROW,
			    "Restart the cells concerned");
	restart = bhg_test_find(row, GTK_TYPE_SWITCH, NULL);
	gtk_switch_set_active(GTK_SWITCH(restart), TRUE);
	expect_steps(test,
		     (const char *[]){check, files,
				      "“motion-control” is stopped, and started with its new file.",
				      ask, NULL});
	bhe_plan_drop_all(plan_of(test));
	bhe_plan_remove_cell(plan_of(test), "motion-control", NULL);
	wait_ready(test);
	expect_steps(test, gone);
	bhg_test_resize(test, 1100, 1150);
	bhg_test_picture(test, "changes-steps");
}

static void test_apply(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	bhg_test_enable(test);
	bhg_test_start_cell(test, "motion-control");
	bhg_window_show(BHG_WINDOW(test->window), NULL, "changes", NULL);
	judged(test);
	bhg_test_pictures(test, "changes-empty");
	bhe_plan_move_cpu(plan_of(test), 1, "hmi", NULL);
	bhe_plan_set_value(plan_of(test), "motion-control", "Memory ram", "Size", "512K", NULL);
	bhe_plan_set_value(plan_of(test), "motion-control", "Policy", "Default", "ignore", NULL);
	wait_ready(test);
	bhg_test_pictures(test, "changes");
	/* Rolled back by hand. */
	click(test, "_Apply");
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	g_assert_true(file_has(test, "motion-control", "Size=512K"));
	g_assert_cmpuint(bhe_service_get_seconds_left(service_of(test)), >, 0);
	bhg_test_settle(test);
	bhg_test_pictures(test, "changes-unconfirmed");
	click(test, "_Roll Back");
	bhg_test_wait(phase(test) == BHE_PHASE_READY);
	g_assert_true(file_has(test, "motion-control", "Size=1M"));
	wait_ready(test);
	g_assert_cmpuint(count(test), ==, 3);
	/* Nothing is lost, nor the way back. */
	g_assert_true(bhe_plan_undo(plan_of(test)));
	g_assert_true(bhe_plan_redo(plan_of(test)));
	wait_ready(test);
	/* Rolled back because nobody answers. */
	bhe_service_apply(service_of(test), 1, FALSE);
	bhg_test_wait(file_has(test, "motion-control", "Size=512K"));
	bhg_test_wait(file_has(test, "motion-control", "Size=1M"));
	wait_ready(test);
	g_assert_cmpuint(count(test), ==, 3);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan_of(test)), ==, 0);
	/* Kept; and the cell is made anew. */
	bhe_service_apply(service_of(test), 300, TRUE);
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	click(test, "_Keep");
	bhg_test_wait(phase(test) == BHE_PHASE_READY && !count(test));
	g_assert_true(file_has(test, "motion-control", "Size=512K"));
	g_assert_true(file_has(test, "motion-control", "Default=ignore"));
	g_assert_true(bhg_cell_runs(bhg_test_cell(test, "motion-control")));
	bhg_test_wait(bhg_cell_get_memory_size(bhg_test_cell(test, "motion-control")) == 512 << 10);
	g_assert_false(bhe_plan_undo(plan_of(test)));
}

/* Somebody edits a file, before or while the plan is applied. */
static void test_somebody_else(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	g_autofree char *text = file_of(test, "motion-control");
	g_autofree char *longer = g_strconcat(text, "# by hand\n", NULL);
	GString *other = g_string_new(text);

	bhe_plan_set_value(plan_of(test), "motion-control", "Memory ram", "Size", "512K", NULL);
	wait_ready(test);
	/* The daemon notices before we do. */
	bhg_test_write_file(test, "motion-control", longer);
	bhe_service_apply(service_of(test), 60, FALSE);
	bhg_test_wait(phase(test) == BHE_PHASE_READY &&
		      strstr(bhe_plan_get_text(plan_of(test), "motion-control"), "# by hand"));
	g_assert_cmpuint(bhe_plan_count_conflicts(plan_of(test)), ==, 0);
	g_assert_false(file_has(test, "motion-control", "512K"));
	/* Both want the same line. */
	g_string_replace(other, "Size=1M", "Size=256K", 1);
	bhg_test_write_file(test, "motion-control", other->str);
	bhg_test_wait(bhe_plan_count_conflicts(plan_of(test)) == 1);
	bhg_window_show(BHG_WINDOW(test->window), NULL, "changes", NULL);
	judged(test);
	g_assert_nonnull(bhe_service_why_not(service_of(test)));
	bhg_test_pictures(test, "changes-conflict");
	click(test, "Keep Mine");
	wait_ready(test);
	g_assert_cmpuint(bhe_plan_count_conflicts(plan_of(test)), ==, 0);
	bhe_service_apply(service_of(test), 60, FALSE);
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	bhe_service_confirm(service_of(test));
	bhg_test_wait(phase(test) == BHE_PHASE_READY && !count(test));
	g_assert_true(file_has(test, "motion-control", "Size=512K"));
	g_string_free(other, TRUE);
}

/* The daemon goes and comes back; meanwhile one works on. */
static void test_daemon_gone(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	bhe_plan_set_value(plan_of(test), "hmi", "Cell", "HeartbeatSec", "5", NULL);
	wait_ready(test);
	bhg_test_kill_daemon(test);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	g_assert_nonnull(bhe_service_why_not(service_of(test)));
	bhe_plan_set_value(plan_of(test), "hmi", "Memory ram", "Size", "none", NULL);
	judged(test);
	g_assert_cmpstr(bhe_finding_get_code(bhe_service_get_worst(service_of(test), "hmi")), ==,
			"bad-value");
	bhe_plan_undo(plan_of(test));
	bhg_test_start_daemon(test, NULL);
	wait_ready(test);
	g_assert_cmpuint(count(test), ==, 1);
	bhe_service_apply(service_of(test), 300, FALSE);
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	/* Also while a change waits: the daemon that comes knows of it. */
	bhg_test_kill_daemon(test);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	bhg_test_start_daemon(test, NULL);
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	bhe_service_confirm(service_of(test));
	bhg_test_wait(phase(test) == BHE_PHASE_READY && !count(test));
	g_assert_true(file_has(test, "hmi", "HeartbeatSec=5"));
}

/* ---- a new cell ---- */

static GtkWindow *dialog_of(BhgTest *test)
{
	GListModel *windows = gtk_window_get_toplevels();

	for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
		g_autoptr(GtkWindow) window = g_list_model_get_item(windows, i);

		if (window != test->window && gtk_window_get_transient_for(window) == test->window)
			return window;
	}
	g_error("there is no dialog");
}

static void click_in(GtkWindow *window, const char *label)
{
	GtkWidget *button = bhg_test_find(GTK_WIDGET(window), GTK_TYPE_BUTTON, label);

	g_assert_nonnull(button);
	g_assert_true(gtk_widget_get_sensitive(button));
	g_signal_emit_by_name(button, "clicked");
}

static void test_wizard(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	GtkWidget *button, *program;
	GtkWindow *wizard;
	BhgCell *cell;

	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.new-cell", NULL);
	wizard = dialog_of(test);
	picture_of(test, wizard, "wizard-1");
	click_in(wizard, "_Next");
	picture_of(test, wizard, "wizard-2");
	/* Its program is chosen in a dialog, and taken out again. */
	program = bhg_test_find(GTK_WIDGET(wizard), ADW_TYPE_ENTRY_ROW, "File");
	g_signal_emit_by_name(bhg_test_find(program, GTK_TYPE_BUTTON, "Choose a File"), "clicked");
	bhg_test_choose_file(g_getenv("BULKHEADD"));
	g_assert_cmpstr(gtk_editable_get_text(GTK_EDITABLE(program)), ==, g_getenv("BULKHEADD"));
	gtk_editable_set_text(GTK_EDITABLE(program), "");
	/* A name that is none is said, and goes no further. */
	gtk_editable_set_text(
		GTK_EDITABLE(bhg_test_find(GTK_WIDGET(wizard), ADW_TYPE_ENTRY_ROW, "Name")),
		"not/good");
	button = bhg_test_find(GTK_WIDGET(wizard), GTK_TYPE_BUTTON, "_Next");
	g_assert_false(gtk_widget_get_sensitive(button));
	picture_of(test, wizard, "wizard-2-wrong");
	gtk_editable_set_text(
		GTK_EDITABLE(bhg_test_find(GTK_WIDGET(wizard), ADW_TYPE_ENTRY_ROW, "Name")),
		"first");
	click_in(wizard, "_Next");
	button = bhg_test_find(GTK_WIDGET(wizard), GTK_TYPE_BUTTON, "Create and _Start");
	bhg_test_wait(gtk_widget_get_sensitive(button));
	picture_of(test, wizard, "wizard-3");
	click_in(wizard, "Create and _Start");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(wizard), GTK_TYPE_LABEL,
				    "first runs, and its heart beats."));
	picture_of(test, wizard, "wizard-4");
	cell = bhg_test_cell(test, "first");
	g_assert_true(bhg_cell_runs(cell));
	g_assert_cmpstr(bhg_cell_get_health(cell), ==, "good");
	click_in(wizard, "_Show the Cell");
	bhg_test_settle(test);
}

/* Each template makes a file in which nothing is wrong. */
static void test_wizard_linux(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	GtkWidget *row;
	GtkWindow *wizard;

	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.new-cell", NULL);
	wizard = dialog_of(test);
	bhg_test_wait(gtk_widget_get_mapped(GTK_WIDGET(wizard)));
	row = bhg_test_find(GTK_WIDGET(wizard), ADW_TYPE_ACTION_ROW, "Linux");
	gtk_widget_activate(adw_action_row_get_activatable_widget(ADW_ACTION_ROW(row)));
	click_in(wizard, "_Next");
	picture_of(test, wizard, "wizard-2-linux");
	click_in(wizard, "_Next");
	picture_of(test, wizard, "wizard-3-linux");
	gtk_window_destroy(wizard);
}

/* ---- grants ---- */

/* A cell that touches what it has no right to is given it, and goes on. */
static void test_grant(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	g_autoptr(GVariant) event = NULL;
	GtkWidget *dialog;
	BhgCell *cell;

	bhg_test_add_cell(test, "printer", NULL, "print ready\nwait 20\ncrash pio 0x378");
	bhg_test_enable(test);
	cell = bhg_test_cell(test, "printer");
	bhg_test_wait(bhe_plan_get_text(plan_of(test), "printer"));
	g_variant_unref(bhg_test_call(test, bhg_cell_get_path(cell), "Cell", "Start",
				      g_variant_new("(@a{sv})", bhg_no_options())));
	bhg_test_wait(bhg_cell_has_failed(cell));
	event = g_variant_ref(bh_dbus_cell_get_last_violation(bhg_cell_get_proxy(cell)));
	g_assert_cmpuint(g_variant_n_children(event), >, 0);
	dialog = bhe_grant_dialog_present(
		bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_SEARCH_ENTRY, NULL),
		service_of(test), "printer", event);
	picture_of(test, GTK_WINDOW(dialog), "grant");
	click_in(GTK_WINDOW(dialog), "_Add to Changes");
	g_assert_cmpuint(count(test), ==, 1);
	g_assert_nonnull(
		strstr(bhe_plan_get_text(plan_of(test), "printer"), "[Ports ports]\nRange=0x378"));
	wait_ready(test);
	bhe_service_apply(service_of(test), 300, FALSE);
	bhg_test_wait(phase(test) == BHE_PHASE_UNCONFIRMED);
	bhe_service_confirm(service_of(test));
	bhg_test_wait(phase(test) == BHE_PHASE_READY && !count(test));
	g_assert_true(file_has(test, "printer", "Range=0x378"));
}

int main(int argc, char **argv)
{
	if (!bhg_test_init(&argc, &argv))
		return 77;
	bhe_init();
	g_test_add_func("/edit/configure", test_configure);
	g_test_add_func("/edit/every-key", test_every_key);
	g_test_add_func("/edit/choose-image", test_choose_image);
	g_test_add_func("/edit/keyboard", test_keyboard);
	g_test_add_func("/edit/findings", test_findings);
	g_test_add_func("/edit/rivals", test_rivals);
	g_test_add_func("/edit/link-peer", test_link_peer);
	g_test_add_func("/edit/source", test_source);
	g_test_add_func("/edit/language", test_language);
	g_test_add_func("/edit/steps", test_steps);
	g_test_add_func("/edit/apply", test_apply);
	g_test_add_func("/edit/somebody-else", test_somebody_else);
	g_test_add_func("/edit/daemon-gone", test_daemon_gone);
	g_test_add_func("/edit/wizard", test_wizard);
	g_test_add_func("/edit/wizard-linux", test_wizard_linux);
	g_test_add_func("/edit/grant", test_grant);
	return g_test_run();
}
