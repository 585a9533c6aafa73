// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhe-changes-page.h"
#include "bhe-diff-view.h"
#include "bhe-finding-row.h"
#include "bhe-service.h"

struct _BheChangesPage {
	BhgPage parent;
	BheService *service;
	GtkStack *stack;
	AdwPreferencesGroup *question_group;
	AdwActionRow *question;
	GtkSpinner *spinner;
	GtkWidget *revert, *confirm;
	GtkProgressBar *progress;
	AdwPreferencesGroup *operations_group;
	GtkListBox *operations;
	GtkWidget *discard;
	AdwPreferencesGroup *findings_group;
	GtkListBox *findings;
	GtkFilter *filter;
	AdwPreferencesGroup *files_group;
	AdwPreferencesGroup *apply_group;
	AdwActionRow *restart_row;
	GtkSwitch *restart;
	GtkAdjustment *seconds;
	GtkLabel *steps;
	GtkLabel *why_not;
	GtkWidget *apply;
	GHashTable *files; /* cell → AdwExpanderRow */
	GVariant *shown; /* the changes whose files are shown */
};

G_DEFINE_FINAL_TYPE(BheChangesPage, bhe_changes_page, BHG_TYPE_PAGE)

static BhePlan *plan_of(BheChangesPage *self)
{
	return bhe_service_get_plan(self->service);
}

/* ---- buttons ---- */

static void on_apply(BheChangesPage *self)
{
	bhe_service_apply(self->service, gtk_adjustment_get_value(self->seconds),
			  gtk_switch_get_active(self->restart));
}

static void on_confirm(BheChangesPage *self)
{
	bhe_service_confirm(self->service);
}

static void on_revert(BheChangesPage *self)
{
	bhe_service_revert(self->service);
}

static void on_discard(BheChangesPage *self)
{
	/* It can be undone, as everything. */
	bhe_plan_drop_all(plan_of(self));
}

/* @section, @key may be NULL. */
static void go_to(BheChangesPage *self, const char *cell, const char *section, const char *key)
{
	g_autofree char *what =
		section ? g_strjoin(key ? "/" : "", section, key ? key : "", NULL) : g_strdup("");

	gtk_widget_activate_action(GTK_WIDGET(self), "win.show", "(sss)", cell,
				   section ? "configure" : "source", what);
}

static BheOperation *operation_of(GtkWidget *widget)
{
	return g_object_get_data(G_OBJECT(widget), "operation");
}

static void on_operation_activated(BheChangesPage *self, GtkWidget *row)
{
	BheOperation *operation = operation_of(row);

	go_to(self, bhe_operation_get_cell(operation), bhe_operation_get_section(operation),
	      bhe_operation_get_key(operation));
}

static void on_finding_activated(BheChangesPage *self, BheFindingRow *row)
{
	BheFinding *finding = bhe_finding_row_get_finding(row);

	go_to(self, bhe_finding_get_cell(finding), bhe_finding_get_section(finding),
	      bhe_finding_get_key(finding));
}

static void on_drop(GtkWidget *button, BheChangesPage *self)
{
	bhe_plan_drop(plan_of(self), operation_of(button));
}

static void on_keep_mine(GtkWidget *button, BheChangesPage *self)
{
	bhe_plan_keep(plan_of(self), operation_of(button));
}

/* ---- the list of operations ---- */

static GtkWidget *operation_button(BheOperation *operation, const char *label, const char *icon,
				   GCallback callback, BheChangesPage *self)
{
	GtkWidget *button =
		icon ? gtk_button_new_from_icon_name(icon) : gtk_button_new_with_label(label);

	bhg_name_icon(button, label);
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(button, "flat");
	g_object_set_data_full(G_OBJECT(button), "operation", g_object_ref(operation),
			       g_object_unref);
	g_signal_connect(button, "clicked", callback, self);
	return button;
}

static void show_conflict(BheOperation *operation, GParamSpec *spec, AdwActionRow *row)
{
	const char *conflict = bhe_operation_get_conflict(operation);
	g_autofree char *markup = g_markup_escape_text(conflict ? conflict : "", -1);
	GtkWidget *keep = g_object_get_data(G_OBJECT(row), "keep");
	GtkWidget *drop = g_object_get_data(G_OBJECT(row), "drop");

	adw_action_row_set_subtitle(row, markup);
	gtk_widget_set_visible(keep, conflict != NULL);
	bhg_name_icon(drop, conflict ? _("Take Theirs: Drop This Change") : _("Drop This Change"));
	if (conflict)
		gtk_widget_add_css_class(GTK_WIDGET(row), "error");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(row), "error");
}

static GtkWidget *operation_row_new(gpointer item, gpointer data)
{
	BheOperation *operation = item;
	GtkWidget *row = adw_action_row_new();
	GtkWidget *keep, *drop;

	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row),
				      bhe_operation_get_sentence(operation));
	adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 3);
	adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 3);
	g_object_set_data_full(G_OBJECT(row), "operation", g_object_ref(operation), g_object_unref);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
	keep = operation_button(operation, _("Keep Mine"), NULL, G_CALLBACK(on_keep_mine), data);
	drop = operation_button(operation, _("Drop This Change"), "edit-delete-symbolic",
				G_CALLBACK(on_drop), data);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), keep);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), drop);
	g_object_set_data(G_OBJECT(row), "keep", keep);
	g_object_set_data(G_OBJECT(row), "drop", drop);
	g_signal_connect_object(operation, "notify::conflict", G_CALLBACK(show_conflict), row, 0);
	show_conflict(operation, NULL, ADW_ACTION_ROW(row));
	return row;
}

/* ---- findings ---- */

/* Those that the changes concern: others were there before, and are no reason not to apply. */
static gboolean is_concerned(gpointer item, gpointer data)
{
	BheChangesPage *self = data;
	const char *cell = bhe_finding_get_cell(item), *owner = bhe_finding_get_owner(item);

	return self->service && ((cell && bhe_plan_is_changed(plan_of(self), cell)) ||
				 (owner && bhe_plan_is_changed(plan_of(self), owner)));
}

static GtkWidget *finding_row_new(gpointer item, gpointer data)
{
	return bhe_finding_row_new(item, TRUE);
}

/* ---- files ---- */

static void show_files(BheChangesPage *self)
{
	g_autoptr(GVariant) changes = g_variant_ref_sink(bhe_plan_get_changes(plan_of(self)));
	g_autoptr(GHashTable) before = NULL;
	const char *cell, *text;
	GHashTableIter iter;
	GVariantIter files;
	gpointer row;

	gtk_widget_set_visible(GTK_WIDGET(self->files_group), g_variant_n_children(changes));
	if (self->shown && g_variant_equal(self->shown, changes))
		return;
	g_clear_pointer(&self->shown, g_variant_unref);
	self->shown = g_variant_ref(changes);
	before = self->files;
	self->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_variant_iter_init(&files, changes);
	while (g_variant_iter_next(&files, "{&s&s}", &cell, &text)) {
		GtkWidget *expander = adw_expander_row_new();
		AdwExpanderRow *former = g_hash_table_lookup(before, cell);
		const char *base = bhe_plan_get_base_text(plan_of(self), cell);
		g_autofree char *name = g_strconcat(cell, BH_CELL_FILE_SUFFIX, NULL);

		adw_preferences_row_set_title(ADW_PREFERENCES_ROW(expander), name);
		adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(expander), !base	   ? _("new")
									  : !*text ? _("removed")
										   : _("changed"));
		adw_expander_row_add_row(ADW_EXPANDER_ROW(expander), bhe_diff_view_new(base, text));
		adw_expander_row_set_expanded(ADW_EXPANDER_ROW(expander),
					      former ? adw_expander_row_get_expanded(former)
						     : g_variant_n_children(changes) == 1);
		adw_preferences_group_add(self->files_group, expander);
		g_hash_table_insert(self->files, g_strdup(cell), expander);
	}
	g_hash_table_iter_init(&iter, before);
	while (g_hash_table_iter_next(&iter, NULL, &row))
		adw_preferences_group_remove(self->files_group, row);
}

/* ---- what is under way ---- */

static void show_question(BheChangesPage *self)
{
	BhePhase phase = bhe_service_get_phase(self->service);
	gboolean waits = phase == BHE_PHASE_UNCONFIRMED;
	guint left = bhe_service_get_seconds_left(self->service);
	g_autofree char *words = NULL;
	double progress = bhe_service_get_progress(self->service, &words);
	g_autofree char *subtitle = NULL;
	const char *title = NULL;

	switch (phase) {
	case BHE_PHASE_READY:
		title = bhe_service_get_message(self->service);
		break;
	case BHE_PHASE_CHECKING:
		title = _("The daemon checks the changes once more");
		break;
	case BHE_PHASE_APPLYING:
		title = _("The changes are being applied");
		break;
	case BHE_PHASE_UNCONFIRMED:
		title = _("Keep these changes?");
		subtitle = g_strdup_printf(
			ngettext("The machine works with them now. They are rolled back in %u "
				 "second, unless you keep them.",
				 "The machine works with them now. They are rolled back in %u "
				 "seconds, unless you keep them.",
				 left),
			left);
		break;
	case BHE_PHASE_CONFIRMING:
		title = _("The changes are made for good");
		break;
	case BHE_PHASE_REVERTING:
		title = _("The changes are being rolled back");
		break;
	}
	gtk_widget_set_visible(GTK_WIDGET(self->question_group), title != NULL);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->question), title ? title : "");
	adw_action_row_set_subtitle(self->question, subtitle ? subtitle : "");
	gtk_widget_set_visible(self->revert, waits);
	gtk_widget_set_visible(self->confirm, waits);
	/* What has been applied is not to be changed any more, but kept or rolled back. */
	gtk_widget_set_visible(adw_preferences_group_get_header_suffix(self->operations_group),
			       phase == BHE_PHASE_READY);
	adw_preferences_group_set_title(self->operations_group,
					waits ? _("Applied, Not Kept Yet") : _("Pending Changes"));
	gtk_widget_set_sensitive(GTK_WIDGET(self->operations), phase == BHE_PHASE_READY);
	gtk_widget_set_visible(GTK_WIDGET(self->spinner), phase != BHE_PHASE_READY && !waits);
	gtk_spinner_set_spinning(self->spinner, phase != BHE_PHASE_READY && !waits);
	gtk_widget_set_visible(GTK_WIDGET(self->progress),
			       progress >= 0 && phase != BHE_PHASE_READY);
	gtk_progress_bar_set_fraction(self->progress, MAX(progress, 0));
	gtk_progress_bar_set_text(self->progress, words);
}

static void show_steps(BheChangesPage *self)
{
	g_auto(GStrv) steps =
		bhe_service_list_steps(self->service, gtk_adjustment_get_value(self->seconds),
				       gtk_switch_get_active(self->restart));
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; steps[i]; i++)
		g_string_append_printf(text, "%s%u. %s", i ? "\n" : "", i + 1, steps[i]);
	gtk_label_set_text(self->steps, text->str);
}

static void on_choice(BheChangesPage *self)
{
	if (self->service)
		show_steps(self);
}

static void show_apply(BheChangesPage *self)
{
	g_auto(GStrv) restarts = bhe_service_list_restarts(self->service);
	const char *why_not = bhe_service_why_not(self->service);
	g_autofree char *names = g_strjoinv(", ", restarts);
	g_autofree char *subtitle = NULL;

	gtk_label_set_label(self->why_not, why_not ? why_not : "");
	gtk_widget_set_visible(GTK_WIDGET(self->why_not), why_not != NULL);
	gtk_widget_set_sensitive(self->apply, !why_not);
	gtk_widget_set_visible(GTK_WIDGET(self->restart_row), *restarts != NULL);
	if (*restarts) {
		subtitle = g_strdup_printf(
			_("%s: made anew with the new file. Else they keep what they have until "
			  "they are restarted."),
			names);
		adw_action_row_set_subtitle(self->restart_row, subtitle);
	}
	show_steps(self);
	gtk_widget_set_visible(GTK_WIDGET(self->apply_group),
			       bhe_service_get_phase(self->service) == BHE_PHASE_READY &&
				       g_list_model_get_n_items(G_LIST_MODEL(plan_of(self))));
}

static void update(BheChangesPage *self)
{
	gboolean any = g_list_model_get_n_items(G_LIST_MODEL(plan_of(self))) > 0;
	GListModel *findings;

	show_question(self);
	show_files(self);
	show_apply(self);
	gtk_filter_changed(self->filter, GTK_FILTER_CHANGE_DIFFERENT);
	findings = G_LIST_MODEL(g_object_get_data(G_OBJECT(self->findings), "model"));
	gtk_widget_set_visible(GTK_WIDGET(self->findings_group),
			       findings && g_list_model_get_n_items(findings));
	gtk_stack_set_visible_child_name(self->stack, any || bhe_service_get_phase(self->service) !=
									      BHE_PHASE_READY
							      ? "changes"
							      : "empty");
}

/* ---- page ---- */

static void bhe_changes_page_connected(BhgPage *page)
{
	BheChangesPage *self = BHE_CHANGES_PAGE(page);
	GtkFilterListModel *model;

	self->service = g_object_ref(bhe_service_get(bhg_page_get_connection(page)));
	gtk_list_box_bind_model(self->operations, G_LIST_MODEL(plan_of(self)), operation_row_new,
				self, NULL);
	model = gtk_filter_list_model_new(g_object_ref(bhe_service_get_findings(self->service)),
					  g_object_ref(self->filter));
	gtk_list_box_bind_model(self->findings, G_LIST_MODEL(model), finding_row_new, self, NULL);
	g_object_set_data_full(G_OBJECT(self->findings), "model", model, g_object_unref);
	g_signal_connect_object(self->service, "changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED);
	update(self);
}

static void bhe_changes_page_dispose(GObject *object)
{
	BheChangesPage *self = BHE_CHANGES_PAGE(object);

	g_clear_object(&self->service);
	g_clear_object(&self->filter);
	G_OBJECT_CLASS(bhe_changes_page_parent_class)->dispose(object);
}

static void bhe_changes_page_finalize(GObject *object)
{
	BheChangesPage *self = BHE_CHANGES_PAGE(object);

	g_hash_table_unref(self->files);
	g_clear_pointer(&self->shown, g_variant_unref);
	G_OBJECT_CLASS(bhe_changes_page_parent_class)->finalize(object);
}

static void bhe_changes_page_class_init(BheChangesPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhe_changes_page_dispose;
	G_OBJECT_CLASS(class)->finalize = bhe_changes_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhe_changes_page_connected;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhe-changes-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, stack);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, question_group);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, question);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, spinner);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, revert);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, confirm);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, progress);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, operations_group);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, operations);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, discard);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, findings_group);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, findings);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, files_group);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, apply_group);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, restart_row);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, restart);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, seconds);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, steps);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, why_not);
	gtk_widget_class_bind_template_child(widget_class, BheChangesPage, apply);
	gtk_widget_class_bind_template_callback(widget_class, on_apply);
	gtk_widget_class_bind_template_callback(widget_class, on_confirm);
	gtk_widget_class_bind_template_callback(widget_class, on_revert);
	gtk_widget_class_bind_template_callback(widget_class, on_discard);
	gtk_widget_class_bind_template_callback(widget_class, on_operation_activated);
	gtk_widget_class_bind_template_callback(widget_class, on_finding_activated);
	gtk_widget_class_bind_template_callback(widget_class, on_choice);
}

static void bhe_changes_page_init(BheChangesPage *self)
{
	self->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->filter = GTK_FILTER(gtk_custom_filter_new(is_concerned, self, NULL));
	gtk_widget_init_template(GTK_WIDGET(self));
	g_signal_connect_swapped(self->seconds, "value-changed", G_CALLBACK(on_choice), self);
}
