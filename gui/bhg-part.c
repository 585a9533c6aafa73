// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-part.h"
#include "bhg-window.h"

G_DEFINE_BOXED_TYPE(BhgPart, bhg_part, bhg_part_copy, bhg_part_free)

BhgPart *bhg_part_new(const char *kind, const char *id)
{
	BhgPart *part = g_new0(BhgPart, 1);

	part->kind = g_intern_string(kind);
	part->id = g_strdup(id);
	return part;
}

BhgPart *bhg_part_copy(const BhgPart *part)
{
	return bhg_part_new(part->kind, part->id);
}

void bhg_part_free(BhgPart *part)
{
	g_free(part->id);
	g_free(part);
}

static gboolean is_cpu(const BhgPart *part)
{
	return g_str_equal(part->kind, "cpu");
}

static guint cpu_number(const BhgPart *part)
{
	return g_ascii_strtoull(part->id, NULL, 10);
}

BhgCell *bhg_part_owner(const BhgPart *part, BhgConnection *connection)
{
	return is_cpu(part) ? bhg_connection_cpu_owner(connection, cpu_number(part))
			    : bhg_connection_device_owner(connection, part->id);
}

BhgCell *bhg_part_owner_to_be(const BhgPart *part, BhgConnection *connection)
{
	BhePlan *plan = bhg_connection_get_plan(connection);
	const char *name = NULL;

	if (plan)
		name = is_cpu(part) ? bhe_plan_get_cpu_owner(plan, cpu_number(part))
				    : bhe_plan_get_device_owner(plan, part->id);
	return bhg_connection_find_cell(connection, name);
}

static const char *name_of(BhgCell *cell)
{
	return cell ? bhg_cell_get_name(cell) : _("root");
}

char *bhg_part_describe(const BhgPart *part, BhgConnection *connection)
{
	BhgCell *owner = bhg_part_owner(part, connection);
	BhgCell *next = bhg_part_owner_to_be(part, connection);
	g_autofree char *what =
		is_cpu(part) ? g_strdup_printf(_("CPU %s"), part->id) : g_strdup(part->id);

	if (owner == next || !bhg_connection_get_plan(connection))
		return g_strdup_printf(_("%s: %s"), what, name_of(owner));
	return g_strdup_printf(_("%s: %s now; planned for %s"), what, name_of(owner),
			       name_of(next));
}

/* ---- moving ---- */

/* What was planned, in words; NULL: nothing, as they are there already, or @error says why. One step, however many they are. */
static char *move_cpus(BhePlan *plan, const char *numbers, const char *cell, GError **error)
{
	g_auto(GStrv) cpus = g_strsplit(numbers, ",", -1);
	g_autoptr(GString) moved = g_string_new(NULL);
	BheOperation *operation = NULL, *last = NULL;
	guint count = 0;

	bhe_plan_begin_step(plan);
	for (guint i = 0; cpus[i] && (!error || !*error); i++) {
		operation =
			bhe_plan_move_cpu(plan, g_ascii_strtoull(cpus[i], NULL, 10), cell, error);
		if (!operation)
			continue;
		last = operation;
		g_string_append_printf(moved, count++ ? ", %s" : "%s", cpus[i]);
	}
	bhe_plan_end_step(plan);
	if (!last)
		return NULL;
	return count == 1 ? g_strdup(bhe_operation_get_sentence(last))
			  : g_strdup_printf(_("Move CPUs %s to %s"), moved->str,
					    cell ? cell : _("root"));
}

static void on_move(GtkWidget *widget, const char *action, GVariant *target)
{
	BhePlan *plan = bhg_connection_get_plan(bhg_window_get_connection(BHG_WINDOW(widget)));
	const char *kind, *id, *cell;
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	g_variant_get(target, "(&s&s&s)", &kind, &id, &cell);
	if (!plan)
		return;
	if (g_str_equal(kind, "cpu")) {
		sentence = move_cpus(plan, id, *cell ? cell : NULL, &error);
	} else {
		BheOperation *operation =
			bhe_plan_move_device(plan, id, *cell ? cell : NULL, &error);

		sentence = operation ? g_strdup(bhe_operation_get_sentence(operation)) : NULL;
	}
	if (error)
		bhg_toast_error(widget, _("This cannot be moved there."), error);
	else if (sentence)
		bhg_toast_with_button(widget, sentence, _("_Undo"), "win.undo");
}

void bhg_part_install_action(GtkWidgetClass *window_class)
{
	gtk_widget_class_install_action(window_class, "win.move", "(sss)", on_move);
}

static void add_destination(GMenu *menu, const BhgPart *part, const char *cell, const char *label)
{
	/* In menus "_" marks a key, and names of cells may have one. */
	g_auto(GStrv) pieces = g_strsplit(label, "_", -1);
	g_autofree char *escaped = g_strjoinv("__", pieces);
	g_autoptr(GMenuItem) item = g_menu_item_new(escaped, NULL);

	g_menu_item_set_action_and_target(item, "win.move", "(sss)", part->kind, part->id, cell);
	g_menu_append_item(menu, item);
}

GMenuModel *bhg_part_menu(const BhgPart *part, BhgConnection *connection)
{
	GListModel *cells = bhg_connection_get_cells(connection);
	BhgCell *owner = bhg_part_owner_to_be(part, connection);
	g_autoptr(GMenu) list = g_menu_new();
	GMenu *menu = g_menu_new();

	if (bhg_connection_get_plan(connection)) {
		gboolean several = strchr(part->id, ',') != NULL;

		if (owner || several)
			add_destination(list, part, "", _("root"));
		for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
			g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

			if (cell != owner || several)
				add_destination(list, part, bhg_cell_get_name(cell),
						bhg_cell_get_name(cell));
		}
		g_menu_append_section(menu, _("Move to"), G_MENU_MODEL(list));
	}
	return G_MENU_MODEL(menu);
}

/* ---- dragging ---- */

static GdkContentProvider *on_prepare(GtkDragSource *source, double x, double y, BhgPart *part)
{
	GtkWidget *widget = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(source));
	g_autoptr(GdkPaintable) picture = gtk_widget_paintable_new(widget);

	gtk_drag_source_set_icon(source, picture, x, y);
	return gdk_content_provider_new_typed(BHG_TYPE_PART, part);
}

void bhg_part_make_source(GtkWidget *widget, const BhgPart *part)
{
	GtkDragSource *source = gtk_drag_source_new();

	g_signal_connect(source, "prepare", G_CALLBACK(on_prepare), (gpointer)part);
	/* Before a button inside, which would keep the press for itself. */
	gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(source), GTK_PHASE_CAPTURE);
	gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(source));
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y,
			GtkWidget *widget)
{
	const BhgPart *part = g_value_get_boxed(value);
	const char *cell = g_object_get_data(G_OBJECT(widget), "bhg-cell");

	return gtk_widget_activate_action(widget, "win.move", "(sss)", part->kind, part->id,
					  cell ? cell : "");
}

void bhg_part_make_target(GtkWidget *widget)
{
	GtkDropTarget *target = gtk_drop_target_new(BHG_TYPE_PART, GDK_ACTION_COPY);

	g_signal_connect(target, "drop", G_CALLBACK(on_drop), widget);
	gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(target));
}
