// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-cell-row.h"
#include "bhg-overview-page.h"
#include "bhg-words.h"

struct _BhgOverviewPage {
	BhgPage parent;
	gboolean updating;

	GtkStack *stack;
	GtkWidget *off;
	GtkWidget *switch_group;
	AdwActionRow *hypervisor;
	GtkSwitch *enabled;
	GtkSpinner *spinner;
	AdwActionRow *root;
	GtkLabel *root_badge;
	GtkListBox *cells;
	GtkWidget *no_cells;
	AdwPreferencesGroup *jobs_group;
	GtkListBox *jobs;
};

G_DEFINE_FINAL_TYPE(BhgOverviewPage, bhg_overview_page, BHG_TYPE_PAGE)

/* ---- the rows of cells ---- */

static void update_cell_row(AdwActionRow *row, BhgCell *cell)
{
	g_autofree char *resources = bhg_cell_describe_resources(cell);
	g_autofree char *subtitle = NULL;
	const char *description = bhg_cell_get_description(cell);
	const char *busy = bhg_words_operation(bhg_cell_get_busy(cell));
	const char *health = bhg_words_health(bhg_cell_get_health(cell));
	GtkLabel *state = g_object_get_data(G_OBJECT(row), "state");
	GtkLabel *beat = g_object_get_data(G_OBJECT(row), "beat");
	gboolean bad =
		bhg_cell_has_failed(cell) || g_str_equal(bhg_cell_get_state(cell), "invalid");

	if (*description && !g_str_equal(description, bhg_cell_get_name(cell)))
		subtitle = g_strdup_printf("%s\n%s", description, resources);
	adw_action_row_set_subtitle(row, subtitle ? subtitle : resources);
	gtk_label_set_text(state, busy ? busy : bhg_words_state(bhg_cell_get_state(cell)));
	gtk_label_set_text(beat, health ? health : "");
	gtk_widget_set_visible(GTK_WIDGET(beat), health != NULL);
	if (bad)
		gtk_widget_add_css_class(GTK_WIDGET(state), "error");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(state), "error");
	if (bhg_cell_runs(cell) && !bad)
		gtk_widget_add_css_class(GTK_WIDGET(state), "success");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(state), "success");
	if (g_str_equal(bhg_cell_get_health(cell), "late"))
		gtk_widget_add_css_class(GTK_WIDGET(beat), "warning");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(beat), "warning");
}

static void on_cell_changed(BhgCell *cell, AdwActionRow *row)
{
	update_cell_row(row, cell);
}

static GtkWidget *make_cell_row(gpointer item, gpointer data)
{
	BhgCell *cell = item;
	GtkWidget *row = adw_action_row_new();
	GtkWidget *badge = gtk_label_new(NULL);
	GtkWidget *words = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *state = gtk_label_new(NULL), *beat = gtk_label_new(NULL);

	bhg_badge_set(GTK_LABEL(badge), cell);
	gtk_widget_set_valign(badge, GTK_ALIGN_CENTER);
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), badge);
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), bhg_cell_get_name(cell));
	adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 2);
	gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
	gtk_label_set_xalign(GTK_LABEL(state), 1);
	gtk_label_set_xalign(GTK_LABEL(beat), 1);
	gtk_widget_add_css_class(beat, "caption");
	gtk_box_append(GTK_BOX(words), state);
	gtk_box_append(GTK_BOX(words), beat);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), words);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row),
				  gtk_image_new_from_icon_name("go-next-symbolic"));
	g_object_set_data(G_OBJECT(row), "state", state);
	g_object_set_data(G_OBJECT(row), "beat", beat);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
	gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "(sss)", bhg_cell_get_name(cell), "",
					 "");
	gtk_actionable_set_action_name(GTK_ACTIONABLE(row), "win.show");
	g_signal_connect_object(cell, "changed", G_CALLBACK(on_cell_changed), row, 0);
	update_cell_row(ADW_ACTION_ROW(row), cell);
	return row;
}

/* ---- the rows of jobs ---- */

static void on_job_changed(BhDbusJob *job, GParamSpec *pspec, AdwActionRow *row)
{
	GtkProgressBar *bar = g_object_get_data(G_OBJECT(row), "bar");

	gtk_progress_bar_set_fraction(bar, CLAMP(bh_dbus_job_get_progress(job), 0, 1));
}

static GtkWidget *make_job_row(gpointer item, gpointer data)
{
	BhgOverviewPage *self = data;
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	BhDbusJob *job = item;
	const char *const *objects = bh_dbus_job_get_objects(job);
	BhgCell *cell = objects && objects[0]
				? bhg_connection_find_cell_by_path(connection, objects[0])
				: NULL;
	const char *operation = bhg_words_operation(bh_dbus_job_get_operation(job));
	GtkWidget *row = adw_action_row_new(), *bar = gtk_progress_bar_new();

	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), operation ? operation : "…");
	adw_action_row_set_subtitle(ADW_ACTION_ROW(row), cell ? bhg_cell_get_name(cell) : "");
	gtk_widget_set_valign(bar, GTK_ALIGN_CENTER);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), bar);
	g_object_set_data(G_OBJECT(row), "bar", bar);
	g_signal_connect_object(job, "notify::progress", G_CALLBACK(on_job_changed), row, 0);
	on_job_changed(job, NULL, ADW_ACTION_ROW(row));
	return row;
}

/* ---- the whole ---- */

static void update_lists(BhgOverviewPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	guint cells = g_list_model_get_n_items(bhg_connection_get_cells(connection));
	guint jobs = g_list_model_get_n_items(bhg_connection_get_jobs(connection));
	gboolean off = g_str_equal(bhg_connection_get_hypervisor_state(connection), "disabled");

	/* Where there is no cell yet, that is the next step: with the first one it is enabled. */
	gtk_widget_set_visible(self->off, off && cells > 0);
	gtk_widget_set_visible(self->switch_group, !off || cells == 0);

	gtk_widget_set_visible(GTK_WIDGET(self->cells), cells > 0);
	gtk_widget_set_visible(self->no_cells, cells == 0);
	gtk_widget_set_visible(GTK_WIDGET(self->jobs_group), jobs > 0);
}

static void update_root(BhgOverviewPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	BhMachine *machine = bhg_connection_get_machine(connection);
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree char *cpus_text = NULL, *size = NULL, *text = NULL;
	GListModel *cells = bhg_connection_get_cells(connection);
	guint64 memory;

	if (!machine)
		return;
	memory = machine->memory_size;
	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = g_ptr_array_index(machine->cpus, i);

		if (!bhg_connection_cpu_owner(connection, cpu->id))
			g_array_append_val(cpus, cpu->id);
	}
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

		if (bhg_cell_exists(cell))
			memory -= MIN(memory, bhg_cell_get_memory_size(cell));
	}
	cpus_text = bhg_words_cpus((guint *)cpus->data, cpus->len);
	size = bhg_words_size(memory);
	text = g_strdup_printf(
		_("The Linux that was there first, and owns what no cell owns\n%s · %s"), cpus_text,
		size);
	adw_action_row_set_subtitle(self->root, text);
}

static void update(BhgOverviewPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	const char *state = bhg_connection_get_hypervisor_state(connection);
	gboolean changing = g_str_has_suffix(state, "ing");
	gboolean on = g_str_equal(state, "enabled") || g_str_equal(state, "enabling");

	gtk_stack_set_visible_child_name(self->stack,
					 g_str_equal(state, "absent") ? "status" : "overview");
	self->updating = TRUE;
	gtk_switch_set_active(self->enabled, on);
	gtk_switch_set_state(self->enabled, g_str_equal(state, "enabled"));
	self->updating = FALSE;
	gtk_widget_set_sensitive(GTK_WIDGET(self->enabled), !changing);
	gtk_spinner_set_spinning(self->spinner, changing);
	adw_action_row_set_subtitle(
		self->hypervisor,
		g_str_equal(state, "enabled") ? _("It runs under Linux and keeps the cells apart")
		: g_str_equal(state, "enabling")  ? _("Linux is being put under its control…")
		: g_str_equal(state, "disabling") ? _("Everything returns to Linux…")
						  : _("Linux has the whole machine. Cells can be "
						      "planned, and started once it is enabled."));
	update_root(self);
	update_lists(self);
}

static gboolean on_switch(BhgOverviewPage *self, gboolean wanted)
{
	if (!self->updating)
		gtk_widget_activate_action(GTK_WIDGET(self), wanted ? "win.enable" : "win.disable",
					   NULL);
	/* The switch shows the daemon's state, once that changes. */
	return TRUE;
}

/* The window speaks to the daemon alone, which loads no modules. */
static void on_copy_command(BhgOverviewPage *self)
{
	gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)),
			       "sudo modprobe bulkhead");
	bhg_toast(GTK_WIDGET(self), _("The command is copied: paste it into a terminal."));
}

static void bhg_overview_page_connected(BhgPage *page)
{
	BhgOverviewPage *self = BHG_OVERVIEW_PAGE(page);
	BhgConnection *connection = bhg_page_get_connection(page);

	bhg_badge_set(self->root_badge, NULL);
	gtk_list_box_bind_model(self->cells, bhg_connection_get_cells(connection), make_cell_row,
				self, NULL);
	gtk_list_box_bind_model(self->jobs, bhg_connection_get_jobs(connection), make_job_row, self,
				NULL);
	g_signal_connect_object(bhg_connection_get_jobs(connection), "items-changed",
				G_CALLBACK(update_lists), self, G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "machine-changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED);
	update(self);
}

static void bhg_overview_page_class_init(BhgOverviewPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	BHG_PAGE_CLASS(class)->connected = bhg_overview_page_connected;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-overview-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, stack);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, off);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, switch_group);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, hypervisor);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, enabled);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, spinner);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, root);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, root_badge);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, cells);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, no_cells);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, jobs_group);
	gtk_widget_class_bind_template_child(widget_class, BhgOverviewPage, jobs);
	gtk_widget_class_bind_template_callback(widget_class, on_switch);
	gtk_widget_class_bind_template_callback(widget_class, on_copy_command);
}

static void bhg_overview_page_init(BhgOverviewPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}
