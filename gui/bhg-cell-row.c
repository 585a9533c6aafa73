// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-actions.h"
#include "bhg-cell-row.h"
#include "bhg-part.h"
#include "bhg-words.h"

struct _BhgCellRow {
	GtkBox parent;
	GObject *item;
	BhgConnection *connection;

	GtkLabel *badge;
	GtkLabel *name;
	GtkLabel *state;
	GtkLabel *resources;
	GtkImage *trouble;
};

G_DEFINE_FINAL_TYPE(BhgCellRow, bhg_cell_row, GTK_TYPE_BOX)

void bhg_set_owner_class(GtkWidget *widget, const char *class_name)
{
	g_auto(GStrv) classes = gtk_widget_get_css_classes(widget);

	for (guint i = 0; classes[i]; i++)
		if (g_str_has_prefix(classes[i], "owner-"))
			gtk_widget_remove_css_class(widget, classes[i]);
	if (class_name)
		gtk_widget_add_css_class(widget, class_name);
}

void bhg_badge_set(GtkLabel *label, BhgCell *cell)
{
	gtk_label_set_text(label, cell ? bhg_cell_get_badge(cell) : "R");
	gtk_widget_add_css_class(GTK_WIDGET(label), "badge");
	bhg_set_owner_class(GTK_WIDGET(label),
			    cell ? bhg_cell_get_colour_class(cell) : "owner-root");
}

static void update_cell(BhgCellRow *self, BhgCell *cell)
{
	g_autofree char *resources = bhg_cell_describe_resources(cell);
	const char *busy = bhg_words_operation(bhg_cell_get_busy(cell));
	const char *health = bhg_words_health(bhg_cell_get_health(cell));
	g_autofree char *state = NULL;
	gboolean late = g_str_equal(bhg_cell_get_health(cell), "late");
	gboolean bad =
		bhg_cell_has_failed(cell) || g_str_equal(bhg_cell_get_state(cell), "invalid");

	if (busy)
		state = g_strdup(busy);
	else if (health && bhg_cell_runs(cell) && !g_str_equal(bhg_cell_get_health(cell), "good"))
		state = g_strdup_printf("%s, %s", bhg_words_state(bhg_cell_get_state(cell)),
					health);
	else
		state = g_strdup(bhg_words_state(bhg_cell_get_state(cell)));
	bhg_badge_set(self->badge, cell);
	gtk_label_set_text(self->name, bhg_cell_get_name(cell));
	gtk_label_set_text(self->state, state);
	gtk_label_set_text(self->resources, resources);
	gtk_widget_set_visible(GTK_WIDGET(self->trouble), bad || late);
	gtk_widget_set_tooltip_text(GTK_WIDGET(self->trouble), state);
}

static void update_machine(BhgCellRow *self)
{
	g_autofree char *title = bhg_connection_get_title(self->connection);
	BhMachine *machine = bhg_connection_get_machine(self->connection);
	GListModel *cells = bhg_connection_get_cells(self->connection);
	const char *state = bhg_connection_get_hypervisor_state(self->connection);
	guint cpus = machine ? machine->cpus->len : 0;
	guint64 memory = machine ? machine->memory_size : 0;

	for (guint i = 0; machine && i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		gsize count;

		if (!bhg_cell_exists(cell))
			continue;
		bhg_cell_get_cpus(cell, &count);
		cpus -= MIN(cpus, count);
		memory -= MIN(memory, bhg_cell_get_memory_size(cell));
	}
	bhg_badge_set(self->badge, NULL);
	gtk_label_set_text(self->name, title);
	gtk_label_set_text(self->state, g_str_equal(state, "enabled")	 ? _("enabled")
					: g_str_equal(state, "disabled") ? _("not enabled")
					: g_str_equal(state, "absent")	 ? _("no module")
									 : "…");
	if (machine) {
		g_autofree char *size = bhg_words_size(memory);
		g_autofree char *text = g_strdup_printf(
			ngettext("Linux: %u CPU · %s", "Linux: %u CPUs · %s", cpus), cpus, size);

		gtk_label_set_text(self->resources, text);
	} else {
		gtk_label_set_text(self->resources, "");
	}
	gtk_widget_set_visible(GTK_WIDGET(self->trouble), FALSE);
}

/* The item of the list has the focus, and no name of its own. */
static void name_item(BhgCellRow *self)
{
	GtkWidget *item = gtk_widget_get_parent(GTK_WIDGET(self));
	g_autofree char *text = NULL;

	if (!item)
		return;
	text = g_strjoin("\n", gtk_label_get_text(self->name), gtk_label_get_text(self->state),
			 gtk_label_get_text(self->resources), NULL);
	gtk_accessible_update_property(GTK_ACCESSIBLE(item), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
				       -1);
}

static void update(BhgCellRow *self)
{
	if (BHG_IS_CELL(self->item))
		update_cell(self, BHG_CELL(self->item));
	else if (self->item)
		update_machine(self);
	if (self->item)
		name_item(self);
}

void bhg_cell_row_set_item(BhgCellRow *self, gpointer item, BhgConnection *connection)
{
	if (self->item)
		g_signal_handlers_disconnect_by_data(self->item, self);
	if (self->connection)
		g_signal_handlers_disconnect_by_data(self->connection, self);
	g_set_object(&self->item, item);
	g_set_object(&self->connection, connection);
	g_object_set_data_full(
		G_OBJECT(self), "bhg-cell",
		BHG_IS_CELL(item) ? g_strdup(bhg_cell_get_name(BHG_CELL(item))) : NULL, g_free);
	if (BHG_IS_CELL(item)) {
		g_signal_connect_swapped(item, "changed", G_CALLBACK(update), self);
	} else if (item) {
		g_signal_connect_swapped(connection, "changed", G_CALLBACK(update), self);
		g_signal_connect_swapped(connection, "cells-changed", G_CALLBACK(update), self);
		g_signal_connect_swapped(connection, "machine-changed", G_CALLBACK(update), self);
	}
	update(self);
}

static void popup_menu(BhgCellRow *self, double x, double y)
{
	if (BHG_IS_CELL(self->item))
		bhg_actions_popup(GTK_WIDGET(self), BHG_CELL(self->item), x, y);
}

static void on_right_click(BhgCellRow *self, int n, double x, double y, GtkGestureClick *gesture)
{
	gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
	popup_menu(self, x, y);
}

static void bhg_cell_row_dispose(GObject *object)
{
	bhg_cell_row_set_item(BHG_CELL_ROW(object), NULL, NULL);
	bhg_actions_popdown(GTK_WIDGET(object));
	G_OBJECT_CLASS(bhg_cell_row_parent_class)->dispose(object);
}

static void bhg_cell_row_class_init(BhgCellRowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_cell_row_dispose;
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhg-cell-row.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgCellRow, badge);
	gtk_widget_class_bind_template_child(widget_class, BhgCellRow, name);
	gtk_widget_class_bind_template_child(widget_class, BhgCellRow, state);
	gtk_widget_class_bind_template_child(widget_class, BhgCellRow, resources);
	gtk_widget_class_bind_template_child(widget_class, BhgCellRow, trouble);
	gtk_widget_class_bind_template_callback(widget_class, on_right_click);
}

static void bhg_cell_row_init(BhgCellRow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	bhg_part_make_target(GTK_WIDGET(self));
}
