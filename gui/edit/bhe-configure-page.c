// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-configure-page.h"
#include "bhe-finding-row.h"
#include "bhe-key-row.h"
#include "bhe-service.h"
#include "bhe-words.h"

struct _BheConfigurePage {
	BhgPage parent;
	BheService *service;
	GtkStack *stack;
	AdwPreferencesPage *page;
	GPtrArray *groups; /* AdwPreferencesGroup */
	GPtrArray *rows; /* BheKeyRow */
	GHashTable *expanders; /* "Memory ram" → AdwExpanderRow */
	GtkListBox *general; /* findings about the cell as a whole */
	AdwPreferencesGroup *general_group;
	char *shape; /* names of all sections, for which the rows were made */
	char *cell;
	char *reveal; /* what to show when there are rows */
	GtkWidget *focus; /* what gets the focus when it has a place */
	guint frames; /* until then */
};

G_DEFINE_FINAL_TYPE(BheConfigurePage, bhe_configure_page, BHG_TYPE_PAGE)

static BhePlan *plan_of(BheConfigurePage *self)
{
	return bhe_service_get_plan(self->service);
}

/* ---- what is done to sections ---- */

static const char *section_of(GtkWidget *button)
{
	return g_object_get_data(G_OBJECT(button), "section");
}

static void told(BheConfigurePage *self, const char *what, GError *error)
{
	if (error)
		bhg_toast_error(GTK_WIDGET(self), what, error);
	g_clear_error(&error);
}

static void on_add(GtkWidget *button, BheConfigurePage *self)
{
	const BheSectionWords *words = bhe_words_section(section_of(button));
	g_autofree char *name =
		bhe_plan_free_name(plan_of(self), self->cell, words->kind, words->name);
	g_autofree char *section = g_strconcat(words->kind, " ", name, NULL);
	GError *error = NULL;

	g_free(self->reveal);
	self->reveal = g_strdup(section);
	bhe_plan_add_section(plan_of(self), self->cell, section, NULL, &error);
	told(self, _("It cannot be added."), error);
}

static void on_remove(GtkWidget *button, BheConfigurePage *self)
{
	/* The button goes with its section. */
	g_autofree char *section = g_strdup(section_of(button));
	GError *error = NULL;

	bhe_plan_remove_section(plan_of(self), self->cell, section, &error);
	told(self, _("It cannot be removed."), error);
}

static void on_renamed(AdwEntryRow *row, BheConfigurePage *self)
{
	g_autofree char *section = g_strdup(section_of(GTK_WIDGET(row)));
	g_autofree char *name = g_strdup(gtk_editable_get_text(GTK_EDITABLE(row)));
	const BheSectionWords *words = bhe_words_section(section);
	GError *error = NULL;

	g_free(self->reveal);
	self->reveal = g_strconcat(words->kind, " ", name, NULL);
	bhe_plan_rename_section(plan_of(self), self->cell, section, name, &error);
	told(self, _("It keeps its name."), error);
}

static void on_remove_cell(BheConfigurePage *self)
{
	gtk_widget_activate_action(GTK_WIDGET(self), "win.remove-cell", "s", self->cell);
}

static void on_keep_cell(BheConfigurePage *self)
{
	GListModel *plan = G_LIST_MODEL(plan_of(self));

	for (guint i = g_list_model_get_n_items(plan); i-- > 0;) {
		g_autoptr(BheOperation) operation = g_list_model_get_item(plan, i);

		if (!g_strcmp0(bhe_operation_get_cell(operation), self->cell) &&
		    !bhe_plan_get_text(plan_of(self), self->cell))
			bhe_plan_drop(plan_of(self), operation);
	}
}

/* ---- building ---- */

static AdwPreferencesGroup *group_new(BheConfigurePage *self, const char *title, const char *help)
{
	AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());

	if (title)
		adw_preferences_group_set_title(group, title);
	if (help)
		adw_preferences_group_set_description(group, help);
	adw_preferences_page_add(self->page, group);
	g_ptr_array_add(self->groups, group);
	return group;
}

static GtkWidget *row_new(BheConfigurePage *self, const char *section, const BheKeyWords *words)
{
	BheKeyRow *row = bhe_key_row_new(self->service, self->cell, section, words);

	g_ptr_array_add(self->rows, row);
	return GTK_WIDGET(row);
}

static void set_section(GtkWidget *widget, const char *section)
{
	g_object_set_data_full(G_OBJECT(widget), "section", g_strdup(section), g_free);
}

static AdwExpanderRow *expander_new(BheConfigurePage *self, const char *section, const char *title)
{
	AdwExpanderRow *expander = ADW_EXPANDER_ROW(adw_expander_row_new());
	GtkWidget *badge = gtk_image_new();
	GtkWidget *go = gtk_button_new_from_icon_name("go-next-symbolic");

	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(expander), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(expander), title);
	set_section(GTK_WIDGET(expander), section);
	adw_expander_row_add_prefix(expander, badge);
	g_object_set_data(G_OBJECT(expander), "badge", badge);
	gtk_widget_set_valign(go, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(go, "flat");
	adw_expander_row_add_action(expander, go);
	g_object_set_data(G_OBJECT(expander), "go", go);
	g_hash_table_insert(self->expanders, g_strdup(section), expander);
	return expander;
}

static void add_keys(BheConfigurePage *self, AdwExpanderRow *expander, const BheSectionWords *words)
{
	const char *section = section_of(GTK_WIDGET(expander));

	for (const BheKeyWords *key = words->keys; key->key; key++)
		adw_expander_row_add_row(expander, row_new(self, section, key));
}

static void add_named(BheConfigurePage *self, AdwPreferencesGroup *group,
		      const BheSectionWords *words, const char *name)
{
	g_autofree char *section = g_strconcat(words->kind, " ", name, NULL);
	AdwExpanderRow *expander = expander_new(self, section, name);
	GtkWidget *remove = gtk_button_new_from_icon_name("user-trash-symbolic");
	GtkWidget *entry = adw_entry_row_new();
	g_autofree char *tip = NULL;
	g_autofree char *what = bhe_words_section_name(section);

	tip = g_strdup_printf(_("Remove %s"), what);
	bhg_name_icon(remove, tip);
	gtk_widget_set_valign(remove, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(remove, "flat");
	set_section(remove, section);
	g_signal_connect(remove, "clicked", G_CALLBACK(on_remove), self);
	adw_expander_row_add_action(expander, remove);
	add_keys(self, expander, words);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(entry), _("Name"));
	gtk_editable_set_text(GTK_EDITABLE(entry), name);
	adw_entry_row_set_show_apply_button(ADW_ENTRY_ROW(entry), TRUE);
	set_section(entry, section);
	g_signal_connect(entry, "apply", G_CALLBACK(on_renamed), self);
	adw_expander_row_add_row(expander, entry);
	adw_preferences_group_add(group, GTK_WIDGET(expander));
}

static GtkWidget *add_button_new(BheConfigurePage *self, const BheSectionWords *words)
{
	GtkWidget *button = gtk_button_new();
	GtkWidget *content = adw_button_content_new();

	adw_button_content_set_icon_name(ADW_BUTTON_CONTENT(content), "list-add-symbolic");
	adw_button_content_set_label(ADW_BUTTON_CONTENT(content), _(words->add));
	gtk_button_set_child(GTK_BUTTON(button), content);
	gtk_widget_add_css_class(button, "flat");
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	set_section(button, words->kind);
	g_signal_connect(button, "clicked", G_CALLBACK(on_add), self);
	return button;
}

static void add_remove_cell(BheConfigurePage *self)
{
	AdwPreferencesGroup *group = group_new(self, NULL, NULL);
	GtkWidget *button = gtk_button_new_with_mnemonic(_("Re_move This Cell"));

	gtk_widget_add_css_class(button, "destructive-action");
	gtk_widget_add_css_class(button, "pill");
	gtk_widget_set_halign(button, GTK_ALIGN_CENTER);
	g_signal_connect_swapped(button, "clicked", G_CALLBACK(on_remove_cell), self);
	adw_preferences_group_add(group, button);
}

static void add_general(BheConfigurePage *self)
{
	self->general_group = group_new(self, NULL, NULL);
	self->general = GTK_LIST_BOX(gtk_list_box_new());
	gtk_list_box_set_selection_mode(self->general, GTK_SELECTION_NONE);
	gtk_widget_add_css_class(GTK_WIDGET(self->general), "boxed-list");
	adw_preferences_group_add(self->general_group, GTK_WIDGET(self->general));
}

static void clear(BheConfigurePage *self)
{
	g_ptr_array_set_size(self->rows, 0);
	g_hash_table_remove_all(self->expanders);
	for (guint i = 0; i < self->groups->len; i++)
		adw_preferences_page_remove(self->page, self->groups->pdata[i]);
	g_ptr_array_set_size(self->groups, 0);
	self->general = NULL;
	self->general_group = NULL;
}

static void build(BheConfigurePage *self)
{
	BhCell *cell = bhe_plan_get_cell(plan_of(self), self->cell);
	GPtrArray *sections = bh_cell_file_get_sections(cell->file);
	AdwPreferencesGroup *once;

	add_general(self);
	for (const BheSectionWords *words = bhe_words(); words->kind; words++) {
		AdwPreferencesGroup *group;

		if (!words->name && strcmp(words->kind, "Cell"))
			continue;
		group = group_new(self, _(words->title), _(words->help));
		for (const BheKeyWords *key = words->keys; !words->name && key->key; key++)
			adw_preferences_group_add(group, row_new(self, words->kind, key));
		for (guint i = 0; words->name && i < sections->len; i++) {
			const BhCellSection *section = sections->pdata[i];

			if (!strcmp(section->kind, words->kind) && section->name)
				add_named(self, group, words, section->name);
		}
		if (words->name)
			adw_preferences_group_set_header_suffix(group, add_button_new(self, words));
	}
	once = group_new(self, _("More"), NULL);
	for (const BheSectionWords *words = bhe_words(); words->kind; words++) {
		AdwExpanderRow *expander;

		if (words->name || !strcmp(words->kind, "Cell"))
			continue;
		expander = expander_new(self, words->kind, _(words->title));
		add_keys(self, expander, words);
		adw_preferences_group_add(once, GTK_WIDGET(expander));
	}
	add_remove_cell(self);
}

/* ---- showing ---- */

/* What somebody sees of a section that is folded. */
static char *summarize(BheConfigurePage *self, const char *section)
{
	const BheSectionWords *words = bhe_words_section(section);
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

	for (const BheKeyWords *key = words->keys; key->key && parts->len < 3; key++) {
		char *value = bhe_plan_get_value(plan_of(self), self->cell, section, key->key);
		guint64 size;

		if (value && key->input == BHE_INPUT_SIZE && bh_value_size(value, &size)) {
			g_free(value);
			value = bhe_size_to_words(size);
		} else if (value && key->input == BHE_INPUT_ADDRESS) {
			g_autofree char *plain = value;

			value = g_strdup_printf(_("at %s"), plain);
		} else if (value && key->input == BHE_INPUT_BOOLEAN) {
			g_autofree char *plain = value;

			value = g_strdup_printf("%s: %s", _(key->title), plain);
		}
		if (value)
			g_ptr_array_add(parts, value);
	}
	if (!parts->len)
		return g_strdup(_(words->help));
	g_ptr_array_add(parts, NULL);
	return g_strjoinv(" · ", (char **)parts->pdata);
}

/* The worst about a section, or about one of its keys. */
static BheFinding *find_finding(BheConfigurePage *self, const char *section)
{
	GListModel *findings = bhe_service_get_findings(self->service);

	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);

		if (!g_strcmp0(bhe_finding_get_cell(finding), self->cell) &&
		    !g_strcmp0(bhe_finding_get_section(finding), section))
			return finding;
	}
	return NULL;
}

/* What is about one key has its button in the row of that key. */
static void show_rival(BheConfigurePage *self, BheFinding *finding, GtkWidget *go)
{
	const char *rival = finding && !bhe_finding_get_key(finding)
				    ? bhe_service_get_rival(self->service, finding)
				    : NULL;
	g_autofree char *name = rival ? g_strdup_printf(_("Go to %s"), rival) : NULL;

	gtk_widget_set_visible(go, rival != NULL);
	if (!rival)
		return;
	bhg_name_icon(go, name);
	gtk_actionable_set_action_target(GTK_ACTIONABLE(go), "(sss)",
					 strcmp(rival, "root") ? rival : "", "", "");
	gtk_actionable_set_action_name(GTK_ACTIONABLE(go), "win.show");
}

static void show_expander(BheConfigurePage *self, const char *section, AdwExpanderRow *expander)
{
	BheFinding *finding = find_finding(self, section);
	g_autofree char *text =
		finding ? g_strdup(bhe_finding_get_message(finding)) : summarize(self, section);
	GtkWidget *badge = g_object_get_data(G_OBJECT(expander), "badge");

	adw_expander_row_set_subtitle(expander, text);
	show_rival(self, finding, g_object_get_data(G_OBJECT(expander), "go"));
	gtk_widget_set_visible(badge, finding != NULL);
	gtk_widget_set_css_classes(badge, (const char *[]){NULL});
	if (finding) {
		BhSeverity severity = bhe_finding_get_severity(finding);

		gtk_image_set_from_icon_name(GTK_IMAGE(badge), bhe_severity_get_icon(severity));
		gtk_widget_add_css_class(badge, bhe_severity_get_style(severity));
		gtk_widget_set_tooltip_text(badge, bhe_severity_get_title(severity));
	}
}

static void show_general(BheConfigurePage *self)
{
	GListModel *findings = bhe_service_get_findings(self->service);
	GtkListBoxRow *row;
	guint count = 0;

	while ((row = gtk_list_box_get_row_at_index(self->general, 0)))
		gtk_list_box_remove(self->general, GTK_WIDGET(row));
	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);

		if (g_strcmp0(bhe_finding_get_cell(finding), self->cell) ||
		    (bhe_finding_get_section(finding) &&
		     bhe_words_section(bhe_finding_get_section(finding)) &&
		     (bhe_finding_get_key(finding) ||
		      strcmp(bhe_finding_get_section(finding), "Cell"))))
			continue;
		gtk_list_box_append(self->general, bhe_finding_row_new(finding, FALSE));
		count++;
	}
	gtk_widget_set_visible(GTK_WIDGET(self->general_group), count);
}

static char *shape_of(BheConfigurePage *self)
{
	BhCell *cell = bhe_plan_get_cell(plan_of(self), self->cell);
	GPtrArray *sections = bh_cell_file_get_sections(cell->file);
	GString *shape = g_string_new(self->cell);

	for (guint i = 0; i < sections->len; i++) {
		g_autofree char *title = bh_cell_section_title(sections->pdata[i]);

		g_string_append_printf(shape, "\n%s", title);
	}
	return g_string_free(shape, FALSE);
}

/* The place of a row is known when it has been drawn; only then can it be scrolled to. */
static gboolean on_frame(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
	BheConfigurePage *self = BHE_CONFIGURE_PAGE(widget);

	if (self->frames--)
		return G_SOURCE_CONTINUE;
	if (self->focus)
		gtk_widget_grab_focus(self->focus);
	g_set_weak_pointer(&self->focus, NULL);
	return G_SOURCE_REMOVE;
}

static void focus_soon(BheConfigurePage *self, GtkWidget *widget)
{
	if (!self->focus)
		gtk_widget_add_tick_callback(GTK_WIDGET(self), on_frame, NULL, NULL);
	self->frames = 2;
	g_set_weak_pointer(&self->focus, widget);
}

static void reveal_now(BheConfigurePage *self)
{
	g_auto(GStrv) parts = NULL;
	AdwExpanderRow *expander;

	if (!self->reveal)
		return;
	parts = g_strsplit(self->reveal, "/", 2);
	expander = *parts ? g_hash_table_lookup(self->expanders, parts[0]) : NULL;
	if (expander) {
		adw_expander_row_set_expanded(expander, TRUE);
		focus_soon(self, GTK_WIDGET(expander));
	}
	for (guint i = 0; *parts && parts[1] && i < self->rows->len; i++) {
		GtkWidget *row = self->rows->pdata[i];
		GtkWidget *above = gtk_widget_get_ancestor(row, ADW_TYPE_EXPANDER_ROW);

		if ((expander ? above == GTK_WIDGET(expander) : !above) &&
		    !strcmp(bhe_key_row_get_key(BHE_KEY_ROW(row)), parts[1]))
			focus_soon(self, bhe_key_row_get_input(BHE_KEY_ROW(row)));
	}
	g_clear_pointer(&self->reveal, g_free);
}

static void rebuild(BheConfigurePage *self)
{
	g_autoptr(GHashTable) expanded =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer section, expander;

	g_hash_table_iter_init(&iter, self->expanders);
	while (g_hash_table_iter_next(&iter, &section, &expander))
		if (adw_expander_row_get_expanded(expander))
			g_hash_table_add(expanded, g_strdup(section));
	clear(self);
	build(self);
	g_hash_table_iter_init(&iter, self->expanders);
	while (g_hash_table_iter_next(&iter, &section, &expander))
		if (g_hash_table_contains(expanded, section))
			adw_expander_row_set_expanded(expander, TRUE);
}

static void update(BheConfigurePage *self)
{
	BhgCell *chosen = bhg_page_get_cell(BHG_PAGE(self));
	BhDbusCell *proxy = chosen ? bhg_cell_get_proxy(chosen) : NULL;
	g_autofree char *shape = NULL;
	GHashTableIter iter;
	gpointer section, expander;

	if (!self->service || !self->cell)
		return;
	if (!bhe_plan_get_text(plan_of(self), self->cell)) {
		const char *file = proxy ? bh_dbus_cell_get_file(proxy) : NULL;

		gtk_stack_set_visible_child_name(
			self->stack, bhe_plan_get_base_text(plan_of(self), self->cell) ? "removed"
				     : file && !*file				       ? "no-file"
										       : "reading");
		return;
	}
	shape = shape_of(self);
	if (g_strcmp0(shape, self->shape)) {
		rebuild(self);
		g_free(self->shape);
		self->shape = g_steal_pointer(&shape);
	} else {
		for (guint i = 0; i < self->rows->len; i++)
			bhe_key_row_update(self->rows->pdata[i]);
	}
	g_hash_table_iter_init(&iter, self->expanders);
	while (g_hash_table_iter_next(&iter, &section, &expander))
		show_expander(self, section, expander);
	show_general(self);
	gtk_stack_set_visible_child_name(self->stack, "editor");
	reveal_now(self);
}

/* ---- page ---- */

static void bhe_configure_page_connected(BhgPage *page)
{
	BheConfigurePage *self = BHE_CONFIGURE_PAGE(page);

	self->service = g_object_ref(bhe_service_get(bhg_page_get_connection(page)));
	g_signal_connect_object(self->service, "changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED);
	update(self);
}

static void bhe_configure_page_cell_changed(BhgPage *page)
{
	BheConfigurePage *self = BHE_CONFIGURE_PAGE(page);
	BhgCell *cell = bhg_page_get_cell(page);

	g_free(self->cell);
	self->cell = cell ? g_strdup(bhg_cell_get_name(cell)) : NULL;
	/* What was unfolded of another cell says nothing about this one. */
	g_clear_pointer(&self->shape, g_free);
	clear(self);
	update(self);
}

static void bhe_configure_page_reveal(BhgPage *page, const char *what)
{
	BheConfigurePage *self = BHE_CONFIGURE_PAGE(page);

	g_free(self->reveal);
	self->reveal = g_strdup(what);
	update(self);
}

static void bhe_configure_page_dispose(GObject *object)
{
	g_set_weak_pointer(&BHE_CONFIGURE_PAGE(object)->focus, NULL);
	g_clear_object(&BHE_CONFIGURE_PAGE(object)->service);
	G_OBJECT_CLASS(bhe_configure_page_parent_class)->dispose(object);
}

static void bhe_configure_page_finalize(GObject *object)
{
	BheConfigurePage *self = BHE_CONFIGURE_PAGE(object);

	g_ptr_array_unref(self->groups);
	g_ptr_array_unref(self->rows);
	g_hash_table_unref(self->expanders);
	g_free(self->shape);
	g_free(self->cell);
	g_free(self->reveal);
	G_OBJECT_CLASS(bhe_configure_page_parent_class)->finalize(object);
}

static void bhe_configure_page_class_init(BheConfigurePageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhe_configure_page_dispose;
	G_OBJECT_CLASS(class)->finalize = bhe_configure_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhe_configure_page_connected;
	BHG_PAGE_CLASS(class)->cell_changed = bhe_configure_page_cell_changed;
	BHG_PAGE_CLASS(class)->reveal = bhe_configure_page_reveal;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhe-configure-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BheConfigurePage, stack);
	gtk_widget_class_bind_template_child(widget_class, BheConfigurePage, page);
	gtk_widget_class_bind_template_callback(widget_class, on_keep_cell);
}

static void bhe_configure_page_init(BheConfigurePage *self)
{
	self->groups = g_ptr_array_new();
	self->rows = g_ptr_array_new();
	self->expanders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gtk_widget_init_template(GTK_WIDGET(self));
}
