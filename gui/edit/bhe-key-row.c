// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-choosers.h"
#include "bhg-page.h"
#include "bhe-key-row.h"

struct _BheKeyRow {
	AdwActionRow parent;
	BheService *service;
	char *cell;
	char *section;
	const BheKeyWords *words;
	GtkWidget *hint; /* a size in words; NULL for most */
	GtkWidget *input;
	GtkWidget *reset;
	GtkWidget *go; /* to the owner of what is wanted */
	char *owner;
	char *refused; /* why the last value was not taken */
	gboolean updating;
};

G_DEFINE_FINAL_TYPE(BheKeyRow, bhe_key_row, ADW_TYPE_ACTION_ROW)

static const char access_letters[] = "rwxd";

const char *bhe_key_row_get_key(BheKeyRow *self)
{
	return self->words->key;
}

GtkWidget *bhe_key_row_get_input(BheKeyRow *self)
{
	return self->input;
}

/* ---- from the widget to the plan ---- */

static void set_value(BheKeyRow *self, const char *value)
{
	g_autoptr(GError) error = NULL;

	if (self->updating)
		return;
	bhe_plan_set_value(bhe_service_get_plan(self->service), self->cell, self->section,
			   self->words->key, value && *value ? value : NULL, &error);
	g_free(self->refused);
	self->refused = error ? g_strdup(error->message) : NULL;
	bhe_key_row_update(self);
}

static void on_entry_changed(BheKeyRow *self)
{
	g_autofree char *text = g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->input)));

	set_value(self, g_strstrip(text));
}

static void on_switched(BheKeyRow *self)
{
	set_value(self, gtk_switch_get_active(GTK_SWITCH(self->input)) ? "yes" : "no");
}

static void on_chosen(BheKeyRow *self)
{
	guint selected = gtk_drop_down_get_selected(GTK_DROP_DOWN(self->input));
	g_auto(GStrv) choices = g_strsplit(self->words->choices, "|", -1);

	/* The first one is the default. */
	set_value(self,
		  selected && selected <= g_strv_length(choices) ? choices[selected - 1] : NULL);
}

static void on_access_toggled(BheKeyRow *self)
{
	GString *letters = g_string_new(NULL);
	GtkWidget *button = gtk_widget_get_first_child(self->input);

	for (const char *letter = access_letters; *letter; letter++) {
		if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(button)))
			g_string_append_c(letters, *letter);
		button = gtk_widget_get_next_sibling(button);
	}
	set_value(self, letters->str);
	g_string_free(letters, TRUE);
}

static void on_reset(BheKeyRow *self)
{
	set_value(self, NULL);
}

static void on_go(BheKeyRow *self)
{
	if (self->owner)
		gtk_widget_activate_action(GTK_WIDGET(self), "win.show", "(sss)",
					   strcmp(self->owner, "root") ? self->owner : "", "", "");
}

/* ---- from the plan to the widget ---- */

static void show_choice(BheKeyRow *self, const char *value)
{
	g_auto(GStrv) choices = g_strsplit(self->words->choices, "|", -1);
	guint count = g_strv_length(choices), selected = 0;
	GtkStringList *model = GTK_STRING_LIST(gtk_drop_down_get_model(GTK_DROP_DOWN(self->input)));
	guint shown = g_list_model_get_n_items(G_LIST_MODEL(model));

	for (guint i = 0; i < count && value; i++)
		if (!strcmp(choices[i], value))
			selected = i + 1;
	/* A value that is none of them stands last, so that it is seen and not lost. */
	if (value && !selected) {
		if (shown > count + 1)
			gtk_string_list_remove(model, count + 1);
		gtk_string_list_append(model, value);
		selected = count + 1;
	} else if (shown > count + 1) {
		gtk_string_list_remove(model, count + 1);
	}
	gtk_drop_down_set_selected(GTK_DROP_DOWN(self->input), selected);
}

/* Of the memory this row is about, defaults filled in; 0: it is about something else. */
static guint32 memory_flags(BheKeyRow *self)
{
	BhCell *cell = bhe_plan_get_cell(bhe_service_get_plan(self->service), self->cell);

	for (guint i = 0; cell && i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];
		g_autofree char *title = bh_cell_section_title(memory->section);

		if (!strcmp(title, self->section))
			return memory->flags;
	}
	return 0;
}

static void show_access(BheKeyRow *self)
{
	static const guint32 flags[] = {BH_MEM_READ, BH_MEM_WRITE, BH_MEM_EXECUTE, BH_MEM_DMA};
	GtkWidget *button = gtk_widget_get_first_child(self->input);
	guint32 access = memory_flags(self);

	for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), access & flags[i]);
		button = gtk_widget_get_next_sibling(button);
	}
}

static void show_value(BheKeyRow *self, const char *value)
{
	g_autofree char *hint = NULL;
	gboolean on = FALSE;

	switch (self->words->input) {
	case BHE_INPUT_BOOLEAN:
		if (!value || !bh_value_boolean(value, &on))
			on = !strcmp(self->words->key, "Loadable")
				     ? (memory_flags(self) & BH_MEM_LOADABLE) != 0
				     : !g_strcmp0(self->words->unset, "yes");
		gtk_switch_set_active(GTK_SWITCH(self->input), on);
		break;
	case BHE_INPUT_CHOICE:
		show_choice(self, value);
		break;
	case BHE_INPUT_ACCESS:
		show_access(self);
		break;
	default: {
		g_autofree char *typed = g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->input)));

		/* What is being typed, and only differs in blanks, is left alone. */
		if (!self->refused && strcmp(g_strstrip(typed), value ? value : ""))
			gtk_editable_set_text(GTK_EDITABLE(self->input), value ? value : "");
	}
	}
	if (self->hint) {
		hint = bhe_size_hint(value);
		gtk_label_set_label(GTK_LABEL(self->hint), hint ? hint : "");
	}
}

static BheFinding *find_finding(BheKeyRow *self)
{
	GListModel *findings = bhe_service_get_findings(self->service);

	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);

		if (bhe_finding_concerns(finding, self->cell, self->section, self->words->key))
			return finding;
	}
	return NULL;
}

static void show_finding(BheKeyRow *self)
{
	static const char *const styles[] = {"error", "warning", "accent"};
	BheFinding *finding = find_finding(self);
	const char *style = NULL, *owner = NULL;
	g_autofree char *text = NULL;
	g_autofree char *markup = NULL;

	if (self->refused) {
		text = g_strdup(self->refused);
		style = "error";
	} else if (finding) {
		const char *suggestion = bhe_finding_get_suggestion(finding);

		style = bhe_severity_get_style(bhe_finding_get_severity(finding));
		owner = bhe_service_get_rival(self->service, finding);
		text = suggestion ? g_strdup_printf("%s. %s", bhe_finding_get_message(finding),
						    suggestion)
				  : g_strdup(bhe_finding_get_message(finding));
	} else {
		text = g_strdup(_(self->words->help));
	}
	for (guint i = 0; i < G_N_ELEMENTS(styles); i++)
		gtk_widget_remove_css_class(GTK_WIDGET(self), styles[i]);
	if (style)
		gtk_widget_add_css_class(GTK_WIDGET(self), style);
	markup = g_markup_escape_text(text, -1);
	adw_action_row_set_subtitle(ADW_ACTION_ROW(self), markup);
	gtk_accessible_update_state(GTK_ACCESSIBLE(self->input), GTK_ACCESSIBLE_STATE_INVALID,
				    g_strcmp0(style, "error") ? GTK_ACCESSIBLE_INVALID_FALSE
							      : GTK_ACCESSIBLE_INVALID_TRUE,
				    -1);
	gtk_accessible_update_property(GTK_ACCESSIBLE(self->input),
				       GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
	g_free(self->owner);
	self->owner = g_strdup(owner);
	gtk_widget_set_visible(self->go, owner != NULL);
	if (owner) {
		g_autofree char *label = g_strdup_printf(_("Go to %s"), owner);

		gtk_button_set_label(GTK_BUTTON(self->go), label);
	}
}

void bhe_key_row_update(BheKeyRow *self)
{
	BhePlan *plan = bhe_service_get_plan(self->service);
	g_autofree char *value =
		bhe_plan_get_value(plan, self->cell, self->section, self->words->key);

	self->updating = TRUE;
	show_value(self, value);
	show_finding(self);
	gtk_widget_set_visible(self->reset, value != NULL);
	self->updating = FALSE;
}

/* ---- widgets ---- */

static GtkWidget *choice_new(BheKeyRow *self)
{
	g_auto(GStrv) choices = g_strsplit(self->words->choices, "|", -1);
	g_autofree char *unset = self->words->unset
					 ? g_strdup_printf(_("Default (%s)"), _(self->words->unset))
					 : g_strdup(_("Default"));
	GtkStringList *model = gtk_string_list_new(NULL);
	GtkWidget *drop_down;

	gtk_string_list_append(model, unset);
	for (char **choice = choices; *choice; choice++)
		gtk_string_list_append(model, *choice);
	drop_down = gtk_drop_down_new(G_LIST_MODEL(model), NULL);
	g_signal_connect_swapped(drop_down, "notify::selected", G_CALLBACK(on_chosen), self);
	return drop_down;
}

static GtkWidget *access_new(BheKeyRow *self)
{
	static const char *const labels[] = {N_("Read"), N_("Write"), N_("Execute"), N_("DMA")};
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

	gtk_widget_add_css_class(box, "linked");
	gtk_widget_add_css_class(box, "access");
	for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
		GtkWidget *button = gtk_toggle_button_new_with_label(_(labels[i]));

		g_signal_connect_swapped(button, "toggled", G_CALLBACK(on_access_toggled), self);
		gtk_box_append(GTK_BOX(box), button);
	}
	return box;
}

static gboolean is_wide(const BheKeyWords *words)
{
	return words->input == BHE_INPUT_TEXT || words->input == BHE_INPUT_PATH ||
	       words->input == BHE_INPUT_NODE;
}

static GtkWidget *entry_new(BheKeyRow *self)
{
	GtkWidget *entry = gtk_entry_new();
	const char *unset = self->words->unset;

	gtk_editable_set_width_chars(GTK_EDITABLE(entry), is_wide(self->words) ? 8 : 6);
	gtk_editable_set_max_width_chars(GTK_EDITABLE(entry), is_wide(self->words) ? 26 : 14);
	if (unset)
		gtk_entry_set_placeholder_text(GTK_ENTRY(entry), _(unset));
	/* The plan has the steps to undo, and would be asked last. */
	gtk_editable_set_enable_undo(GTK_EDITABLE(entry), FALSE);
	g_signal_connect_swapped(entry, "changed", G_CALLBACK(on_entry_changed), self);
	return entry;
}

static void add_widgets(BheKeyRow *self)
{
	AdwActionRow *row = ADW_ACTION_ROW(self);
	GtkWidget *chooser = NULL;

	if (self->words->input == BHE_INPUT_SIZE || self->words->input == BHE_INPUT_ADDRESS) {
		self->hint = gtk_label_new(NULL);
		gtk_widget_add_css_class(self->hint, "dim-label");
		gtk_widget_add_css_class(self->hint, "numeric");
		gtk_label_set_selectable(GTK_LABEL(self->hint), TRUE);
		gtk_widget_set_focusable(self->hint, FALSE);
		adw_action_row_add_suffix(row, self->hint);
	}
	switch (self->words->input) {
	case BHE_INPUT_BOOLEAN:
		self->input = gtk_switch_new();
		g_signal_connect_swapped(self->input, "notify::active", G_CALLBACK(on_switched),
					 self);
		break;
	case BHE_INPUT_CHOICE:
		self->input = choice_new(self);
		break;
	case BHE_INPUT_ACCESS:
		self->input = access_new(self);
		break;
	default:
		self->input = entry_new(self);
		chooser = bhe_chooser_new(self->service, self->cell, self->words->input,
					  GTK_EDITABLE(self->input));
	}
	gtk_widget_set_valign(self->input, GTK_ALIGN_CENTER);
	self->go = gtk_button_new();
	gtk_widget_set_valign(self->go, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(self->go, "flat");
	g_signal_connect_swapped(self->go, "clicked", G_CALLBACK(on_go), self);
	self->reset = gtk_button_new_from_icon_name("edit-clear-symbolic");
	gtk_widget_set_valign(self->reset, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(self->reset, "flat");
	gtk_widget_add_css_class(self->reset, "dim-label");
	bhg_name_icon(self->reset, self->words->unset ? _("Use the Default") : _("Remove"));
	g_signal_connect_swapped(self->reset, "clicked", G_CALLBACK(on_reset), self);
	adw_action_row_add_suffix(row, self->go);
	adw_action_row_add_suffix(row, self->reset);
	adw_action_row_add_suffix(row, self->input);
	if (chooser)
		adw_action_row_add_suffix(row, chooser);
	if (self->words->input != BHE_INPUT_ACCESS)
		adw_action_row_set_activatable_widget(row, self->input);
	gtk_accessible_update_property(GTK_ACCESSIBLE(self->input), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       _(self->words->title), -1);
}

static void bhe_key_row_finalize(GObject *object)
{
	BheKeyRow *self = BHE_KEY_ROW(object);

	g_clear_object(&self->service);
	g_free(self->cell);
	g_free(self->section);
	g_free(self->owner);
	g_free(self->refused);
	G_OBJECT_CLASS(bhe_key_row_parent_class)->finalize(object);
}

static void bhe_key_row_class_init(BheKeyRowClass *class)
{
	G_OBJECT_CLASS(class)->finalize = bhe_key_row_finalize;
}

static void bhe_key_row_init(BheKeyRow *self)
{
}

BheKeyRow *bhe_key_row_new(BheService *service, const char *cell, const char *section,
			   const BheKeyWords *words)
{
	BheKeyRow *self = g_object_new(BHE_TYPE_KEY_ROW, NULL);

	self->service = g_object_ref(service);
	self->cell = g_strdup(cell);
	self->section = g_strdup(section);
	self->words = words;
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), _(words->title));
	adw_action_row_set_title_lines(ADW_ACTION_ROW(self), 2);
	adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(self), 0);
	add_widgets(self);
	bhe_key_row_update(self);
	return self;
}
