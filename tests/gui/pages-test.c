// SPDX-License-Identifier: GPL-2.0-or-later
/* Every page, with something and with nothing to show, in light, dark and narrow: it says what it should, and is drawn. */

#include <string.h>
#include <vte/vte.h>
#include "bhg-console.h"
#include "bhg-memory-map.h"
#include "bhg-report.h"
#include "bhg-running-page.h"
#include "bhg-sparkline.h"
#include "bhg-test.h"

#define RING "ring 0\nwait 100\nring 0\nwait 300\nring 0\nring 0\nwait 500\n"
static const char ringing[] = "print ready\n" RING RING RING RING RING RING RING RING;
static const char crashing[] = "print ready\nbeat 200\nwait 100\ncrash pio 0x2f8";

/* A machine of two packages on which one cell runs, one has crashed, one is defined, and one has a wrong file. */
static BhgTest *machine_with_cells(void)
{
	g_autofree char *machine =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "workstation.json", NULL);
	BhgTest *test = bhg_test_new();

	bhg_test_add_cell(test, "motion-control",
			  "[Device fieldbus]\nPci=0000:01:00.0\n[Service]\nRestart=no\n"
			  "[Link commands]\nPeers=hmi\nSharedSize=64K\n",
			  "print motion control, version 3\nprint 2 axes found\nbeat 200");
	bhg_test_add_cell(test, "hmi", NULL, ringing);
	bhg_test_add_cell(test, "vision", NULL, crashing);
	bhg_test_add_cell(test, "broken", "[Memory ram]\nSize=nonsense\n", "beat 200");
	bhg_test_start_daemon(test, machine);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "motion-control");
	bhg_test_open_window(test, 1100, 740);
	return test;
}

static void show_page(BhgTest *test, const char *cell, const char *page)
{
	bhg_window_show(BHG_WINDOW(test->window), cell, page, NULL);
	bhg_test_settle(test);
}

static GtkWidget *find_button(BhgTest *test, const char *label)
{
	GtkWidget *button = bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_BUTTON, label);

	g_assert_nonnull(button);
	g_assert_true(gtk_widget_get_mapped(button));
	g_assert_true(gtk_widget_get_sensitive(button));
	return button;
}

static void test_overview(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	bhg_test_expect(test, 0, "motion-control");
	bhg_test_expect(test, 0, "running");
	bhg_test_expect(test, 0, "has errors");
	bhg_test_pictures(test, "overview");
}

static void test_map(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, NULL, "map");
	bhg_test_expect(test, 0, "R×");
	bhg_test_expect(test, 0, "Package 1");
	/* What dragging and menus do. */
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.move", "(sss)", "cpu", "2",
				   "hmi");
	bhg_test_settle(test);
	g_assert_cmpstr(bhe_plan_get_cpu_owner(bhg_connection_get_plan(test->connection), 2), ==,
			"hmi");
	bhg_test_expect(test, 0, "→ H");
	bhg_test_pictures(test, "map");
}

static void test_devices(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, NULL, "devices");
	bhg_test_expect(test, 0, "0000:01:00.0  Field bus controller");
	bhg_test_expect(test, 0, "MC");
	bhg_test_pictures(test, "devices");
}

static gboolean says_something(BhgTest *test, const char *title, const char *text)
{
	GtkWidget *row = bhg_test_find(GTK_WIDGET(test->window), ADW_TYPE_ACTION_ROW, title);
	const char *subtitle = row ? adw_action_row_get_subtitle(ADW_ACTION_ROW(row)) : NULL;

	return subtitle && strstr(subtitle, text);
}

static void test_links(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, NULL, "links");
	bhg_test_expect(test, GTK_TYPE_LABEL, "hmi");
	/* Once it exists in the core, its doorbells are counted. */
	bhg_test_start_cell(test, "hmi");
	bhg_test_wait(says_something(test, "commands", " doorbells per second"));
	bhg_test_settle(test);
	bhg_test_pictures(test, "links");
}

static void test_health(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, NULL, "health");
	bhg_test_expect(test, 0, "Everything is as it should be");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), 0, "What Was Checked"));
	bhg_test_pictures(test, "health");
}

/* What is saved is the report, of the kind that the name of the file says. */
static void test_save_report(void)
{
	static const struct {
		const char *name, *begin;
	} kinds[] = {{"report.html", "<!DOCTYPE html>\n"}, {"report.txt", "Partition of "}};
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, NULL, "health");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), 0, "What Was Checked"));
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *path = g_build_filename(test->directory, kinds[i].name, NULL);
		g_autofree char *text = NULL;

		g_signal_emit_by_name(find_button(test, "Save _Report…"), "clicked");
		bhg_test_choose_file(NULL);
		g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
		g_signal_emit_by_name(find_button(test, "Save _Report…"), "clicked");
		bhg_test_choose_file(path);
		bhg_test_wait(g_file_get_contents(path, &text, NULL, NULL) && *text);
		g_assert_true(g_str_has_prefix(text, kinds[i].begin));
		g_assert_nonnull(strstr(text, "motion-control: running"));
		bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LABEL,
					    "The report is saved."));
	}
}

/* ---- the report ---- */

/* What an XML parser finds in it. */
typedef struct {
	GString *words; /* all text, markup taken away */
	guint boxes, pictures;
} Html;

static void on_element(GMarkupParseContext *context, const char *name, const char **names,
		       const char **values, gpointer data, GError **error)
{
	static const char *const foreign[] = {"script", "link", "img", "iframe", "object"};
	Html *html = data;

	for (guint i = 0; i < G_N_ELEMENTS(foreign); i++)
		g_assert_cmpstr(name, !=, foreign[i]);
	for (guint i = 0; names[i]; i++) {
		g_assert_cmpstr(names[i], !=, "href");
		g_assert_cmpstr(names[i], !=, "src");
		/* The only address in it, which is a name. */
		if (strstr(values[i], "//"))
			g_assert_cmpstr(values[i], ==, "http://www.w3.org/2000/svg");
	}
	html->boxes += g_str_equal(name, "rect");
	html->pictures += g_str_equal(name, "svg");
}

static void on_words(GMarkupParseContext *context, const char *text, gsize size, gpointer data,
		     GError **error)
{
	g_string_append_len(((Html *)data)->words, text, size);
}

static void read_html(const char *text, Html *html)
{
	const GMarkupParser parser = {.start_element = on_element, .text = on_words};
	g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, html, NULL);
	g_autoptr(GError) error = NULL;

	html->words = g_string_new(NULL);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_markup_parse_context_parse(context, text, -1, &error);
	g_assert_no_error(error);
	g_markup_parse_context_end_parse(context, &error);
	g_assert_no_error(error);
}

/* Each sentence of them stands there, and after it what can be done if it is not good. Returns how many there are. */
static guint expect_facts(const char *report, GVariant *facts, const char *key)
{
	for (gsize i = 0; i < g_variant_n_children(facts); i++) {
		g_autoptr(GVariant) fact = g_variant_get_child_value(facts, i);
		g_autofree char *line = NULL;
		const char *name, *level, *message, *remedy;

		g_assert_true(g_variant_lookup(fact, "name", "&s", &name));
		g_assert_true(g_variant_lookup(fact, key, "&s", &level));
		g_assert_true(g_variant_lookup(fact, "message", "&s", &message));
		remedy = g_str_equal(level, "good") || g_str_equal(level, "isolated")
				 ? NULL
				 : bhg_remedy(name);
		line = g_strconcat(level, ": ", message, remedy ? ". " : "", remedy, "\n", NULL);
		g_test_message("%s", line);
		g_assert_nonnull(strstr(report, line));
	}
	return g_variant_n_children(facts);
}

static void test_report(void)
{
	static const char model[] = "A <b>machine</b> & \"more\"";
	g_autofree char *source =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "workstation.json", NULL);
	g_autoptr(BhgTest) test = bhg_test_new();
	g_autofree char *path = g_build_filename(test->directory, "machine.json", NULL);
	g_autofree char *json = NULL, *text = NULL, *page = NULL;
	g_autoptr(GString) machine = NULL;
	g_autoptr(GVariant) answer = NULL, checks = NULL, odd = NULL, isolation = NULL;
	g_autoptr(GPtrArray) map = NULL;
	Html html = {0};

	g_assert_true(g_file_get_contents(source, &json, NULL, NULL));
	machine = g_string_new(json);
	g_assert_cmpuint(g_string_replace(machine, "Example Computers Model 16",
					  "A <b>machine</b> & \\\"more\\\"", 0),
			 ==, 1);
	g_assert_true(g_file_set_contents(path, machine->str, -1, NULL));
	bhg_test_add_cell(test, "motion-control", NULL, "beat 200");
	bhg_test_add_cell(test, "hmi", NULL, "beat 200");
	bhg_test_start_daemon(test, path);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "motion-control");
	bhg_test_cell(test, "hmi");
	answer = bhg_test_call(test, BHG_ROOT "/manager", "Manager", "CheckMachine",
			       g_variant_new("(@a{sv})", bhg_no_options()));
	checks = g_variant_get_child_value(answer, 0);
	isolation = g_variant_ref(
		bh_dbus_health_get_isolation(bhg_connection_get_health(test->connection)));

	text = bhg_report_text(test->connection, checks);
	g_assert_nonnull(strstr(text, "- Simulated machine: nothing here is real hardware\n"));
	g_assert_nonnull(strstr(text, model));
	g_assert_nonnull(strstr(text, "- 16 CPUs, 16 GiB of memory, 5 PCI functions\n"));
	g_assert_nonnull(strstr(text, "- [MC] motion-control: running; CPU 14 · 1 MiB\n"));
	g_assert_nonnull(strstr(text, "- [H] hmi: not started; "));
	g_assert_cmpuint(expect_facts(text, isolation, "level"), >=, 4);
	g_assert_cmpuint(expect_facts(text, checks, "result"), >=, 4);

	/* A page of its own, in which nothing of others is markup. */
	page = bhg_report_html(test->connection, checks);
	g_assert_true(g_str_has_prefix(page, "<!DOCTYPE html>\n"));
	g_assert_null(strstr(page, "<b>"));
	read_html(page, &html);
	g_assert_nonnull(strstr(html.words->str, model));
	g_assert_nonnull(strstr(html.words->str, "[MC] motion-control: running; CPU 14 · 1 MiB\n"));
	expect_facts(html.words->str, isolation, "level");
	expect_facts(html.words->str, checks, "result");
	/* The map has a box for each CPU and each part of memory, and says whose they are. */
	map = bhg_memory_map(bhg_connection_get_machine(test->connection),
			     bhg_connection_get_cells(test->connection));
	g_assert_cmpuint(html.pictures, ==, 1);
	g_assert_cmpuint(html.boxes, ==, 16 + map->len);
	g_assert_nonnull(strstr(html.words->str, "CPU 14: motion-control"));
	g_assert_nonnull(strstr(html.words->str, "CPU 0: root"));
	for (guint i = 0; i < map->len; i++) {
		g_autofree char *part = bhg_memory_part_describe(map->pdata[i]);

		/* In the picture and in the list. */
		g_assert_nonnull(strstr(text, part));
		g_assert_nonnull(strstr(strstr(html.words->str, part) + 1, part));
	}
	g_string_free(html.words, TRUE);

	/* Of a daemon whose words have signs of markup. */
	odd = g_variant_ref_sink(g_variant_new_parsed(
		"[{'name': <'odd'>, 'result': <'limited'>, 'message': <'a < b && c > \"d\"'>}]"));
	g_free(page);
	page = bhg_report_html(test->connection, odd);
	read_html(page, &html);
	g_assert_nonnull(strstr(html.words->str, "limited: a < b && c > \"d\"\n"));
	g_string_free(html.words, TRUE);
}

static gpointer running_child(BhgTest *test, const char *name)
{
	return gtk_widget_get_template_child(
		GTK_WIDGET(bhg_window_get_page(BHG_WINDOW(test->window))), BHG_TYPE_RUNNING_PAGE,
		name);
}

static const char *exits_label(BhgTest *test)
{
	return gtk_label_get_text(running_child(test, "exits"));
}

static GtkWidget *find_label(GtkWidget *widget, const char *begin, const char *end)
{
	if (GTK_IS_LABEL(widget) && gtk_widget_get_mapped(widget) &&
	    g_str_has_prefix(gtk_label_get_text(GTK_LABEL(widget)), begin) &&
	    g_str_has_suffix(gtk_label_get_text(GTK_LABEL(widget)), end))
		return widget;
	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		GtkWidget *found = find_label(child, begin, end);

		if (found)
			return found;
	}
	return NULL;
}

/* News of the cell, which come at any time, neither close a menu nor take back what is being switched. */
static void refreshed_under_the_hand(BhgTest *test)
{
	BhgCell *cell = bhg_test_cell(test, "motion-control");
	GtkMenuButton *more = running_child(test, "more");
	GtkWidget *autostart = running_child(test, "autostart"), *menu;

	gtk_menu_button_popup(more);
	menu = GTK_WIDGET(gtk_menu_button_get_popover(more));
	bhg_test_wait(gtk_widget_get_mapped(menu));
	g_signal_emit_by_name(cell, "changed");
	g_assert_true(GTK_WIDGET(gtk_menu_button_get_popover(more)) == menu);
	g_assert_true(gtk_widget_get_mapped(menu));
	gtk_menu_button_popdown(more);
	/* There is no systemd, so that it is refused; but it has been asked. */
	gtk_widget_set_sensitive(running_child(test, "autostart_row"), TRUE);
	gtk_widget_set_sensitive(autostart, TRUE);
	g_assert_true(gtk_widget_activate(autostart));
	g_signal_emit_by_name(cell, "changed");
	bhg_test_wait(find_label(GTK_WIDGET(test->window),
				 "Starting at boot was not changed: there is no systemd", ""));
	g_assert_false(gtk_switch_get_active(GTK_SWITCH(autostart)));
}

static void test_running(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, "motion-control", "running");
	bhg_test_expect(test, GTK_TYPE_BUTTON, "S_top");
	bhg_test_wait(g_str_has_suffix(exits_label(test), " exits per second"));
	/* Each kind by itself, too. */
	bhg_test_wait(find_label(GTK_WIDGET(test->window), "hypercall: ", " per second"));
	g_assert_true(BHG_IS_SPARKLINE(gtk_widget_get_next_sibling(
		find_label(GTK_WIDGET(test->window), "hypercall: ", " per second"))));
	bhg_test_pictures(test, "running");
	refreshed_under_the_hand(test);
	show_page(test, "broken", "running");
	bhg_test_expect(test, 0, "Its file has errors");
	bhg_test_picture(test, "running-broken");
}

static void test_crash(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();
	BhgCell *cell = bhg_test_cell(test, "vision");

	show_page(test, "vision", "running");
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "start", "vision");
	bhg_test_wait(
		bhg_cell_has_failed(cell) &&
		g_variant_n_children(bh_dbus_cell_get_last_violation(bhg_cell_get_proxy(cell))));
	bhg_test_settle(test);
	bhg_test_expect(test, GTK_TYPE_BUTTON, "_Allow This…");
	bhg_test_pictures(test, "crash");
	show_page(test, "vision", "journal");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), 0,
				    "It used an I/O port that it does not have. Its CPU was "
				    "stopped for it."));
	bhg_test_pictures(test, "journal");
}

/* How often it is there. */
static guint console_count(BhgTest *test, const char *text)
{
	GtkWidget *console = bhg_test_find(GTK_WIDGET(test->window), BHG_TYPE_CONSOLE, NULL);
	g_autofree char *all = bhg_console_get_text(BHG_CONSOLE(console));
	guint count = 0;

	for (const char *at = all; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void test_console(void)
{
	g_autoptr(BhgTest) test = machine_with_cells();

	show_page(test, "motion-control", "console");
	bhg_test_wait(console_count(test, "2 axes found\nheartbeat") == 1);
	bhg_test_pictures(test, "console");
	/* It goes on after a restart. */
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "restart",
				   "motion-control");
	bhg_test_wait(console_count(test, "version 3") == 2);
}

static VteTerminal *terminal_of(BhgTest *test)
{
	return VTE_TERMINAL(bhg_test_find(GTK_WIDGET(test->window), VTE_TYPE_TERMINAL, NULL));
}

/* A cell that takes input is typed at, also after it or the daemon was started anew; others say that they take none. */
static void test_typing(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	const char *hint = "What you type goes to the cell. Ctrl+Tab leaves it.";

	bhg_test_add_cell(test, "deaf", NULL, "print ready\nbeat 200");
	bhg_test_add_linux_cell(test, "linux");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "deaf");
	bhg_test_start_cell(test, "linux");
	bhg_test_open_window(test, 1100, 740);
	show_page(test, "deaf", "console");
	bhg_test_wait(console_count(test, "ready") == 1);
	bhg_test_expect(test, GTK_TYPE_LABEL, "Read only: this cell takes no input.");
	g_assert_false(vte_terminal_get_input_enabled(terminal_of(test)));
	show_page(test, "linux", "console");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LABEL, hint));
	vte_terminal_paste_text(terminal_of(test), "uname -a\r");
	bhg_test_wait(console_count(test, "uname -a") == 1);
	bhg_test_pictures(test, "console-typing");
	/* What the terminal answers to a question of old text is not for the cell. */
	vte_terminal_feed(terminal_of(test), "\033[6n\033[c", -1);
	vte_terminal_paste_text(terminal_of(test), "<answered>");
	bhg_test_wait(console_count(test, "<answered>") == 1);
	g_assert_cmpuint(console_count(test, ";1R"), ==, 0);
	g_assert_cmpuint(console_count(test, "[?"), ==, 0);
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "restart",
				   "linux");
	bhg_test_wait(console_count(test, "is not executed") == 2);
	vte_terminal_paste_text(terminal_of(test), "after a restart");
	bhg_test_wait(console_count(test, "after a restart") == 1);
	bhg_test_kill_daemon(test);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	bhg_test_start_daemon(test, NULL);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "linux");
	show_page(test, "linux", "console");
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LABEL, hint));
	vte_terminal_paste_text(terminal_of(test), "after the daemon");
	bhg_test_wait(console_count(test, "after the daemon") == 1);
}

static void expect_selected(BhgTest *test, const char *text)
{
	g_autofree char *selected =
		vte_terminal_get_text_selected(terminal_of(test), VTE_FORMAT_TEXT);

	g_assert_cmpstr(selected, ==, text);
}

static GtkWidget *console_part(BhgTest *test, const char *name)
{
	GtkWidget *console = bhg_test_find(GTK_WIDGET(test->window), BHG_TYPE_CONSOLE, NULL);

	return GTK_WIDGET(gtk_widget_get_template_child(console, BHG_TYPE_CONSOLE, name));
}

static void test_console_search(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	GtkWidget *entry;

	bhg_test_add_cell(
		test, "one", NULL,
		"print a.b first\nprint axb\nprint A.B second\nprint a.B third\nprint end");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	show_page(test, "one", "console");
	bhg_test_wait(console_count(test, "end") == 1);
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(console_part(test, "search_button")), TRUE);
	entry = console_part(test, "search_entry");
	gtk_editable_set_text(GTK_EDITABLE(entry), "a.b");
	/* The last one first, whatever its case; the point is a point. */
	bhg_test_wait(vte_terminal_get_has_selection(terminal_of(test)));
	expect_selected(test, "a.B");
	g_signal_emit_by_name(entry, "previous-match");
	expect_selected(test, "A.B");
	g_signal_emit_by_name(entry, "previous-match");
	expect_selected(test, "a.b");
	g_signal_emit_by_name(entry, "next-match");
	expect_selected(test, "A.B");
	g_signal_emit_by_name(entry, "next-match");
	expect_selected(test, "a.B");
	g_signal_emit_by_name(entry, "next-match");
	expect_selected(test, "a.b");
	bhg_test_pictures(test, "console-search");
}

static void test_console_save(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	g_autofree char *path = g_build_filename(test->directory, "saved.log", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GFile) nowhere = g_file_new_for_path("/there/is/none");
	GtkWidget *console;

	bhg_test_add_cell(test, "one", NULL, "print first\nprint <second> & last");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	show_page(test, "one", "console");
	bhg_test_wait(console_count(test, "last") == 1);
	console = bhg_test_find(GTK_WIDGET(test->window), BHG_TYPE_CONSOLE, NULL);
	/* Who thinks better of it saves nothing. */
	g_signal_emit_by_name(find_button(test, "Save…"), "clicked");
	bhg_test_choose_file(NULL);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_signal_emit_by_name(find_button(test, "Save…"), "clicked");
	bhg_test_choose_file(path);
	bhg_test_wait(bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LABEL,
				    "The text of the console is saved."));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(g_strchomp(text), ==, "first\n<second> & last");
	bhg_console_save(BHG_CONSOLE(console), nowhere);
	bhg_test_wait(find_label(GTK_WIDGET(test->window), "The text was not saved: ", ""));
}

static void test_no_cells(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();

	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	show_page(test, NULL, "overview");
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "No cells yet");
	bhg_test_pictures(test, "no-cells");
}

static void test_no_daemon(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();

	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "The daemon is not there");
	bhg_test_pictures(test, "no-daemon");
}

/* As soon as there is a daemon that can be started, its button does so. */
static void test_try_again(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	GtkWidget *button;

	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	button = find_button(test, "Try Again");
	g_signal_emit_by_name(button, "clicked");
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
	bhg_test_offer_daemon(test);
	g_signal_emit_by_name(button, "clicked");
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
	bhg_test_settle(test);
	g_assert_null(bhg_test_find(GTK_WIDGET(test->window), 0, "The daemon is not there"));
}

static void test_not_enabled(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();

	bhg_test_add_cell(test, "one", NULL, "beat 200");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	show_page(test, NULL, "overview");
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "Bulkhead is not enabled");
	/* What there is can be seen and planned all the same. */
	bhg_test_expect(test, ADW_TYPE_ACTION_ROW, "one");
	bhg_test_pictures(test, "not-enabled");
	g_signal_emit_by_name(find_button(test, "Enable"), "clicked");
	bhg_test_wait(
		g_str_equal(bhg_connection_get_hypervisor_state(test->connection), "enabled"));
	bhg_test_settle(test);
	g_assert_null(bhg_test_find(GTK_WIDGET(test->window), ADW_TYPE_STATUS_PAGE,
				    "Bulkhead is not enabled"));
	bhg_test_expect(test, GTK_TYPE_SWITCH, NULL);
}

static void on_clipboard(GObject *source, GAsyncResult *result, gpointer data)
{
	*(char **)data = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(source), result, NULL);
}

/* The daemon of a real machine, on one without our module. */
static void test_no_module(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	g_autofree char *copied = NULL;

	if (g_file_test("/dev/bulkhead", G_FILE_TEST_EXISTS)) {
		g_test_skip("the module is loaded here");
		return;
	}
	bhg_test_start_real_daemon(test);
	bhg_test_connect(test);
	bhg_test_open_window(test, 1100, 740);
	show_page(test, NULL, "overview");
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "The kernel module is not loaded");
	bhg_test_pictures(test, "no-module");
	g_signal_emit_by_name(find_button(test, "Copy the Command"), "clicked");
	gdk_clipboard_read_text_async(gtk_widget_get_clipboard(GTK_WIDGET(test->window)), NULL,
				      on_clipboard, &copied);
	bhg_test_wait(copied);
	g_assert_cmpstr(copied, ==, "sudo modprobe bulkhead");
	g_signal_emit_by_name(find_button(test, "Look Again"), "clicked");
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
}

int main(int argc, char **argv)
{
	if (!bhg_test_init(&argc, &argv))
		return 77;
	g_test_add_func("/pages/overview", test_overview);
	g_test_add_func("/pages/map", test_map);
	g_test_add_func("/pages/devices", test_devices);
	g_test_add_func("/pages/links", test_links);
	g_test_add_func("/pages/health", test_health);
	g_test_add_func("/pages/save-report", test_save_report);
	g_test_add_func("/pages/report", test_report);
	g_test_add_func("/pages/running", test_running);
	g_test_add_func("/pages/crash", test_crash);
	g_test_add_func("/pages/console", test_console);
	g_test_add_func("/pages/typing", test_typing);
	g_test_add_func("/pages/console-search", test_console_search);
	g_test_add_func("/pages/console-save", test_console_save);
	g_test_add_func("/pages/no-cells", test_no_cells);
	g_test_add_func("/pages/no-daemon", test_no_daemon);
	g_test_add_func("/pages/try-again", test_try_again);
	g_test_add_func("/pages/not-enabled", test_not_enabled);
	g_test_add_func("/pages/no-module", test_no_module);
	return g_test_run();
}
