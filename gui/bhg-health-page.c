// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-health-page.h"
#include "bhg-report.h"
#include "bhg-words.h"

struct _BhgHealthPage {
	BhgPage parent;
	GCancellable *cancellable;
	GVariant *checks; /* as the daemon said last; NULL: not yet */
	GtkFileChooserNative *chooser;

	GtkImage *status_icon;
	GtkLabel *status;
	GtkLabel *status_detail;
	GtkListBox *troubles;
	GtkListBox *isolation;
	GtkListBox *checks_list;
	AdwPreferencesGroup *troubles_group;
	AdwPreferencesGroup *checks_group;
};

G_DEFINE_FINAL_TYPE(BhgHealthPage, bhg_health_page, BHG_TYPE_PAGE)

/* ---- rows ---- */

static void clear(GtkListBox *list)
{
	GtkWidget *row;

	while ((row = gtk_widget_get_first_child(GTK_WIDGET(list))))
		gtk_list_box_remove(list, row);
}

/* Levels of the isolation and results of the checks, with a sign and a word: never by colour alone. */
static const struct {
	const char *level, *icon, *style, *word;
} levels[] = {
	{"isolated", "emblem-ok-symbolic", "success", N_("isolated")},
	{"good", "emblem-ok-symbolic", "success", N_("good")},
	{"limited", "dialog-information-symbolic", "warning", N_("limited")},
	{"open", "dialog-warning-symbolic", "error", N_("not isolated")},
	{"missing", "dialog-error-symbolic", "error", N_("missing")},
};

static char *as_sentence(const char *message)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (*message) {
		g_string_append_unichar(text, g_unichar_toupper(g_utf8_get_char(message)));
		g_string_append(text, g_utf8_next_char(message));
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_fact(GtkListBox *list, GVariant *fact, const char *level_key)
{
	const char *name = "", *level = "", *message = "", *remedy = NULL, *word;
	GtkWidget *row = adw_action_row_new(), *icon = gtk_image_new(), *label;
	g_autofree char *sentence = NULL;

	g_variant_lookup(fact, "name", "&s", &name);
	g_variant_lookup(fact, level_key, "&s", &level);
	g_variant_lookup(fact, "message", "&s", &message);
	sentence = as_sentence(message);
	word = level;
	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (g_str_equal(levels[i].level, level)) {
			gtk_image_set_from_icon_name(GTK_IMAGE(icon), levels[i].icon);
			gtk_widget_add_css_class(icon, levels[i].style);
			word = _(levels[i].word);
		}
	if (!g_str_equal(level, "good") && !g_str_equal(level, "isolated"))
		remedy = bhg_remedy(name);
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), sentence);
	adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 0);
	adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
	if (remedy)
		adw_action_row_set_subtitle(ADW_ACTION_ROW(row), remedy);
	label = gtk_label_new(word);
	gtk_widget_add_css_class(label, "caption");
	gtk_widget_add_css_class(label, "dim-label");
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), icon);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
	gtk_list_box_append(list, row);
}

static void add_facts(GtkListBox *list, GVariant *facts, const char *level_key)
{
	clear(list);
	for (gsize i = 0; facts && i < g_variant_n_children(facts); i++) {
		g_autoptr(GVariant) fact = g_variant_get_child_value(facts, i);

		add_fact(list, fact, level_key);
	}
}

static void add_trouble(GtkListBox *list, BhgCell *cell)
{
	GtkWidget *row = adw_action_row_new();
	g_autofree char *sentence = bhg_cell_describe_state(cell);
	const char *health = bhg_words_health(bhg_cell_get_health(cell));
	g_autofree char *title =
		bhg_cell_has_failed(cell)
			? g_strdup(sentence)
			: g_strdup_printf("%s: %s", bhg_cell_get_name(cell), health ? health : "");

	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 0);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
	gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "(sss)", bhg_cell_get_name(cell),
					 "running", "");
	gtk_actionable_set_action_name(GTK_ACTIONABLE(row), "win.show");
	adw_action_row_add_suffix(ADW_ACTION_ROW(row),
				  gtk_image_new_from_icon_name("go-next-symbolic"));
	gtk_list_box_append(list, row);
}

/* ---- the whole ---- */

static void show_status(BhgHealthPage *self, const char *status)
{
	static const struct {
		const char *status, *icon, *style, *title, *detail;
	} words[] = {
		{"off", "system-shutdown-symbolic", "dim-label", N_("Bulkhead is not enabled"),
		 N_("Linux has the whole machine. What follows holds once it is enabled.")},
		{"good", "emblem-ok-symbolic", "success", N_("Everything is as it should be"),
		 N_("No cell has failed, and every expected heartbeat came in time.")},
		{"degraded", "dialog-warning-symbolic", "warning", N_("Something needs attention"),
		 N_("A cell has failed or is late, or events were lost.")},
		{"failed", "dialog-error-symbolic", "error", N_("The hypervisor reported a fault"),
		 N_("Do not rely on the isolation of cells. File the report with the developers.")},
	};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_str_equal(words[i].status, status)) {
			gtk_image_set_from_icon_name(self->status_icon, words[i].icon);
			gtk_widget_set_css_classes(GTK_WIDGET(self->status_icon),
						   (const char *[]){words[i].style, NULL});
			gtk_label_set_text(self->status, _(words[i].title));
			gtk_label_set_text(self->status_detail, _(words[i].detail));
			return;
		}
	}
	gtk_label_set_text(self->status, status);
	gtk_label_set_text(self->status_detail, "");
}

static void update(BhgHealthPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	BhDbusHealth *health = bhg_connection_get_health(connection);
	const char *const *failed;

	if (!health)
		return;
	show_status(self, bh_dbus_health_get_status(health));
	add_facts(self->isolation, bh_dbus_health_get_isolation(health), "level");
	add_facts(self->checks_list, self->checks, "result");
	gtk_widget_set_visible(GTK_WIDGET(self->checks_group), self->checks != NULL);
	clear(self->troubles);
	failed = bh_dbus_health_get_failed_cells(health);
	gtk_widget_set_visible(GTK_WIDGET(self->troubles_group), failed && failed[0]);
	for (guint i = 0; failed && failed[i]; i++) {
		BhgCell *cell = bhg_connection_find_cell_by_path(connection, failed[i]);

		if (cell)
			add_trouble(self->troubles, cell);
	}
}

static void on_checked(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	BhgHealthPage *self = data;

	if (!answer)
		return; /* the page may be gone; the checks just stay away */
	g_clear_pointer(&self->checks, g_variant_unref);
	self->checks = g_variant_get_child_value(answer, 0);
	update(self);
}

static void check(BhgHealthPage *self)
{
	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	self->cancellable = g_cancellable_new();
	bhg_connection_call(bhg_page_get_connection(BHG_PAGE(self)), BHG_ROOT "/manager", "Manager",
			    "CheckMachine", g_variant_new("(@a{sv})", bhg_no_options()),
			    self->cancellable, on_checked, self);
}

static void bhg_health_page_connected(BhgPage *page)
{
	BhgConnection *connection = bhg_page_get_connection(page);

	g_signal_connect_object(connection, "changed", G_CALLBACK(update), page, G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(update), page,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "machine-changed", G_CALLBACK(check), page,
				G_CONNECT_SWAPPED);
	update(BHG_HEALTH_PAGE(page));
	check(BHG_HEALTH_PAGE(page));
}

/* ---- the report ---- */

static void on_written(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgHealthPage) self = data;
	g_autoptr(GError) error = NULL;

	if (g_file_replace_contents_finish(G_FILE(source), result, NULL, &error))
		bhg_toast(GTK_WIDGET(self), _("The report is saved."));
	else
		bhg_toast_error(GTK_WIDGET(self), _("The report was not saved."), error);
}

static void on_report_chosen(BhgHealthPage *self, int response)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	g_autoptr(GFile) file = NULL;
	g_autofree char *name = NULL, *text = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (response != GTK_RESPONSE_ACCEPT || !bhg_connection_get_machine(connection)) {
		g_clear_object(&self->chooser);
		return;
	}
	file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(self->chooser));
	g_clear_object(&self->chooser);
	name = g_file_get_basename(file);
	text = g_str_has_suffix(name, ".txt") ? bhg_report_text(connection, self->checks)
					      : bhg_report_html(connection, self->checks);
	bytes = g_bytes_new(text, strlen(text));
	g_file_replace_contents_bytes_async(file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
					    on_written, g_object_ref(self));
}

static void on_export(BhgHealthPage *self)
{
	GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));

	g_clear_object(&self->chooser);
	self->chooser =
		gtk_file_chooser_native_new(_("Save Report"), GTK_WINDOW(root),
					    GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
	/* The name says which kind: .txt is text, anything else HTML. */
	gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(self->chooser), "bulkhead-report.html");
	g_signal_connect_swapped(self->chooser, "response", G_CALLBACK(on_report_chosen), self);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(self->chooser));
}

static void bhg_health_page_dispose(GObject *object)
{
	BhgHealthPage *self = BHG_HEALTH_PAGE(object);

	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_object(&self->chooser);
	g_clear_pointer(&self->checks, g_variant_unref);
	G_OBJECT_CLASS(bhg_health_page_parent_class)->dispose(object);
}

static void bhg_health_page_class_init(BhgHealthPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_health_page_dispose;
	BHG_PAGE_CLASS(class)->connected = bhg_health_page_connected;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-health-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, status_icon);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, status);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, status_detail);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, troubles);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, isolation);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, checks_list);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, troubles_group);
	gtk_widget_class_bind_template_child(widget_class, BhgHealthPage, checks_group);
	gtk_widget_class_bind_template_callback(widget_class, on_export);
}

static void bhg_health_page_init(BhgHealthPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}
