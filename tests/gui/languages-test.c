// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The window in the language of $LANGUAGE, with the catalogues of this build: whatever has a translation is shown translated,
 * no two things seen at once have the same mnemonic, no button is cut short, and a narrow window is still narrow.
 */

#include <glib/gi18n.h>
#include <string.h>
#include "bhe-grant-dialog.h"
#include "bhe-service.h"
#include "bhe-words.h"
#include "bhg-test.h"

#define WIDTH 1100
#define HEIGHT 740
#define NARROW 400

static const char *language;

/* ---- looking ---- */

typedef struct {
	GHashTable *mnemonics; /* keyval: the label that has it */
	guint translated;
} Look;

static void look_at_text(Look *look, GtkWidget *widget, const char *property)
{
	GParamSpec *pspec = g_object_class_find_property(G_OBJECT_GET_CLASS(widget), property);
	g_autofree char *text = NULL;

	if (!pspec || pspec->value_type != G_TYPE_STRING || !(pspec->flags & G_PARAM_READABLE))
		return;
	g_object_get(widget, property, &text, NULL);
	if (!text || !*text)
		return;
	if (strcmp(text, gettext(text)))
		g_error("“%s” is shown in English (%s of a %s); in this language it is “%s”", text,
			property, G_OBJECT_TYPE_NAME(widget), gettext(text));
	look->translated++;
}

static void look_at_label(Look *look, GtkLabel *label)
{
	guint key = gtk_label_get_mnemonic_keyval(label);
	const char *text = gtk_label_get_label(label);
	const char *other;

	if (gtk_widget_get_ancestor(GTK_WIDGET(label), GTK_TYPE_BUTTON) &&
	    pango_layout_is_ellipsized(gtk_label_get_layout(label)))
		g_error("“%s” does not fit its button", text);
	if (key == GDK_KEY_VoidSymbol)
		return;
	other = g_hash_table_lookup(look->mnemonics, GUINT_TO_POINTER(key));
	if (other)
		g_error("“%s” and “%s” have the same mnemonic", text, other);
	g_hash_table_insert(look->mnemonics, GUINT_TO_POINTER(key), (gpointer)text);
}

static void look_at(Look *look, GtkWidget *widget)
{
	static const char *const properties[] = {"label",	"title",       "subtitle",
						 "text",	"description", "placeholder-text",
						 "tooltip-text"};

	if (!gtk_widget_get_mapped(widget))
		return;
	/* Words of the cell file, which are the same in every language. */
	if (GTK_IS_DROP_DOWN(widget))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
		look_at_text(look, widget, properties[i]);
	if (GTK_IS_LABEL(widget))
		look_at_label(look, GTK_LABEL(widget));
	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child))
		look_at(look, child);
}

/* Looks at the window, and takes a picture of it. */
static void look_at_window(BhgTest *test, GtkWindow *window, const char *name)
{
	g_autoptr(GHashTable) mnemonics = g_hash_table_new(NULL, NULL);
	g_autofree char *file = g_strdup_printf("%s-%s", name, language);
	GtkWindow *main_window = test->window;
	Look look = {.mnemonics = mnemonics};

	bhg_test_wait(gtk_widget_get_mapped(GTK_WIDGET(window)));
	test->window = window;
	bhg_test_picture(test, file);
	look_at(&look, GTK_WIDGET(window));
	g_test_message("%s: %u texts, %u mnemonics", file, look.translated,
		       g_hash_table_size(mnemonics));
	g_assert_cmpuint(look.translated, >, 3);
	test->window = main_window;
}

static int min_width(GtkWidget *widget)
{
	int width;

	gtk_widget_measure(widget, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
	return width;
}

/* What of it cannot be narrower. */
static void find_widest(GtkWidget *widget)
{
	GtkWidget *widest = NULL;
	int most = 0;

	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		if (gtk_widget_get_visible(child) && min_width(child) > most) {
			most = min_width(child);
			widest = child;
		}
	}
	if (!widest)
		return;
	g_test_message("%s is at least %d wide%s%s", G_OBJECT_TYPE_NAME(widest), most,
		       GTK_IS_LABEL(widest) ? ": " : "",
		       GTK_IS_LABEL(widest) ? gtk_label_get_label(GTK_LABEL(widest)) : "");
	find_widest(widest);
}

static void look_at_page(BhgTest *test, const char *cell, const char *page)
{
	GtkWidget *window = GTK_WIDGET(test->window);

	bhg_window_show(BHG_WINDOW(test->window), cell, page, NULL);
	bhg_test_wait(bhe_service_is_judged(bhe_service_get(test->connection)));
	bhg_test_settle(test);
	look_at_window(test, test->window, page);
	bhg_test_resize(test, NARROW, HEIGHT);
	bhg_test_wait(gtk_widget_get_width(window) <= NARROW || min_width(window) > NARROW);
	if (min_width(window) > NARROW) {
		find_widest(window);
		g_error("%s is wider than %d", page, NARROW);
	}
	bhg_test_resize(test, WIDTH, HEIGHT);
}

/* ---- what there is to see ---- */

static BhgTest *machine_with_cells(void)
{
	g_autofree char *machine =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "workstation.json", NULL);
	BhgTest *test = bhg_test_new();

	bhg_test_add_cell(test, "motion-control",
			  "[Device fieldbus]\nPci=0000:01:00.0\n"
			  "[Link bus]\nPeers=hmi\nProtocol=network\nSharedSize=64K\n",
			  "print ready\nbeat 200");
	bhg_test_add_cell(test, "hmi", NULL, "print ready");
	bhg_test_add_cell(test, "vision", NULL, "print ready\nwait 20\ncrash pio 0x2f8");
	bhg_test_start_daemon(test, machine);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "motion-control");
	bhg_test_open_window(test, WIDTH, HEIGHT);
	bhg_test_wait(bhe_plan_get_text(bhg_connection_get_plan(test->connection), "vision"));
	return test;
}

/* What is written in cell files is the same in every language, also beside what is not. */
static void test_words(void)
{
	for (const BheSectionWords *section = bhe_words(); section->kind; section++)
		for (const BheKeyWords *key = section->keys; key->key; key++) {
			g_auto(GStrv) choices =
				g_strsplit(key->choices ? key->choices : "", "|", 0);

			if (key->unset && g_strv_contains((const char *const *)choices, key->unset))
				g_assert_cmpstr(gettext(key->unset), ==, key->unset);
		}
}

static void test_pages(void)
{
	static const char *const pages[] = {"overview", "map",	  "devices",
					    "links",	"health", "changes"};
	static const char *const cell_pages[] = {"running", "console", "journal", "configure",
						 "source"};
	g_autoptr(BhgTest) test = machine_with_cells();
	BhePlan *plan = bhg_connection_get_plan(test->connection);
	BhgCell *vision = bhg_test_cell(test, "vision");
	g_autoptr(GVariant) event = NULL;
	GtkWidget *dialog;

	bhg_test_expect(test, GTK_TYPE_LABEL, _("Cells"));
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "start", "vision");
	bhg_test_wait(
		bhg_cell_has_failed(vision) &&
		g_variant_n_children(bh_dbus_cell_get_last_violation(bhg_cell_get_proxy(vision))));
	bhe_plan_move_cpu(plan, 2, "hmi", NULL);
	bhe_plan_set_value(plan, "motion-control", "Memory ram", "Size", "512K", NULL);
	/* Each key there is has its row. */
	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++)
		if (schema->named) {
			g_autofree char *section = g_strconcat(schema->kind, " every", NULL);

			bhe_plan_add_section(plan, "vision", section, NULL, NULL);
		}
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
		look_at_page(test, NULL, pages[i]);
	for (guint i = 0; i < G_N_ELEMENTS(cell_pages); i++)
		look_at_page(test, "vision", cell_pages[i]);
	event = g_variant_ref(bh_dbus_cell_get_last_violation(bhg_cell_get_proxy(vision)));
	dialog = bhe_grant_dialog_present(
		bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_SEARCH_ENTRY, NULL),
		bhe_service_get(test->connection), "vision", event);
	look_at_window(test, GTK_WINDOW(dialog), "grant");
	gtk_window_destroy(GTK_WINDOW(dialog));
}

static GtkWindow *dialog_of(BhgTest *test)
{
	GListModel *windows = gtk_window_get_toplevels();

	for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
		g_autoptr(GtkWindow) window = g_list_model_get_item(windows, i);

		if (gtk_window_get_transient_for(window) == test->window)
			return window;
	}
	g_error("there is no dialog");
}

static void click(GtkWindow *window, const char *label)
{
	GtkWidget *button = bhg_test_find(GTK_WIDGET(window), GTK_TYPE_BUTTON, label);

	g_assert_nonnull(button);
	bhg_test_wait(gtk_widget_get_sensitive(button));
	g_signal_emit_by_name(button, "clicked");
}

/* As where one writes from right to left, the list is on the right. */
static void check_mirrored(BhgTest *test)
{
	GtkWidget *window = GTK_WIDGET(test->window);
	GtkWidget *search = bhg_test_find(window, GTK_TYPE_SEARCH_ENTRY, NULL);
	graphene_rect_t bounds;

	g_assert_true(gtk_widget_compute_bounds(search, window, &bounds));
	g_assert_cmpfloat(bounds.origin.x, <, WIDTH / 2);
	gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
	bhg_test_settle(test);
	g_assert_true(gtk_widget_compute_bounds(search, window, &bounds));
	g_assert_cmpfloat(bounds.origin.x, >, WIDTH / 2);
	gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
	bhg_test_settle(test);
}

static void test_wizard(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	GtkWindow *wizard;
	GtkWidget *show;

	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_open_window(test, WIDTH, HEIGHT);
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, _("No cells yet"));
	look_at_window(test, test->window, "no-cells");
	check_mirrored(test);
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.new-cell", NULL);
	wizard = dialog_of(test);
	look_at_window(test, wizard, "wizard-1");
	click(wizard, _("_Next"));
	look_at_window(test, wizard, "wizard-2");
	click(wizard, _("_Next"));
	look_at_window(test, wizard, "wizard-3");
	click(wizard, _("Create and _Start"));
	show = bhg_test_find(GTK_WIDGET(wizard), GTK_TYPE_BUTTON, _("_Show the Cell"));
	g_assert_nonnull(show);
	bhg_test_wait(gtk_widget_get_sensitive(show));
	look_at_window(test, wizard, "wizard-4");
	click(wizard, _("_Show the Cell"));
	bhg_test_settle(test);
}

int main(int argc, char **argv)
{
	language = g_getenv("LANGUAGE");
	g_assert_nonnull(language);
	bindtextdomain(GETTEXT_PACKAGE, g_getenv("BULKHEAD_TEST_CATALOGUES"));
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	textdomain(GETTEXT_PACKAGE);
	if (!bhg_test_init(&argc, &argv))
		return 77;
	/* Otherwise everything would pass. */
	g_assert_cmpstr(gettext("Overview"), !=, "Overview");
	g_test_add_func("/languages/words", test_words);
	g_test_add_func("/languages/pages", test_pages);
	g_test_add_func("/languages/wizard", test_wizard);
	return g_test_run();
}
