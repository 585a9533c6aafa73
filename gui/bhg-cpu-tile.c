// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-cell-row.h"
#include "bhg-cpu-tile.h"
#include "bhg-page.h"
#include "bhg-part.h"

struct _BhgCpuTile {
	GtkWidget parent;
	guint cpu;
	gboolean can_move; /* FALSE: Linux needs it */
	BhgPart *part;
	BhgPart *moved; /* this one, or all that are chosen */
	BhgConnection *connection; /* outlives the page, and so the tile */

	GtkWidget *button;
	GtkLabel *number;
	GtkLabel *badge;
	GtkLabel *next;
};

static guint signal_choose;

G_DEFINE_FINAL_TYPE(BhgCpuTile, bhg_cpu_tile, GTK_TYPE_WIDGET)

void bhg_cpu_tile_update(BhgCpuTile *self)
{
	BhgCell *owner = bhg_part_owner(self->part, self->connection);
	BhgCell *next = bhg_part_owner_to_be(self->part, self->connection);
	gboolean planned = next != owner && bhg_connection_get_plan(self->connection);
	g_autofree char *text = bhg_part_describe(self->part, self->connection);
	g_autofree char *tooltip =
		self->can_move
			? g_strdup(text)
			: g_strdup_printf("%s\n%s", text, _("Linux cannot do without this CPU."));

	bhg_badge_set(self->badge, owner);
	bhg_set_owner_class(self->button, owner ? bhg_cell_get_colour_class(owner) : "owner-root");
	gtk_widget_set_visible(GTK_WIDGET(self->next), planned);
	if (planned) {
		g_autofree char *badge = g_strdup_printf(
			gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL ? "← %s"
										       : "→ %s",
			next ? bhg_cell_get_badge(next) : "R");

		gtk_label_set_text(self->next, badge);
	}
	gtk_widget_set_tooltip_text(self->button, tooltip);
	if (gtk_widget_has_css_class(self->button, "chosen")) {
		g_autofree char *chosen = g_strdup_printf(_("%s (chosen)"), text);

		bhg_name_button(self->button, chosen);
	} else {
		bhg_name_button(self->button, text);
	}
}

void bhg_cpu_tile_set_chosen(BhgCpuTile *self, const char *numbers)
{
	if (numbers)
		gtk_widget_add_css_class(self->button, "chosen");
	else
		gtk_widget_remove_css_class(self->button, "chosen");
	g_free(self->moved->id);
	self->moved->id = g_strdup(numbers ? numbers : self->part->id);
	bhg_cpu_tile_update(self);
}

static gboolean on_choose(GtkWidget *widget, GVariant *arguments, gpointer data)
{
	if (!BHG_CPU_TILE(widget)->can_move)
		return FALSE;
	g_signal_emit(widget, signal_choose, 0);
	return TRUE;
}

static void on_pressed(GtkGestureClick *click, int n, double x, double y, BhgCpuTile *self)
{
	GdkModifierType held =
		gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(click));

	if (held & GDK_CONTROL_MASK && on_choose(GTK_WIDGET(self), NULL, NULL))
		gtk_gesture_set_state(GTK_GESTURE(click), GTK_EVENT_SEQUENCE_CLAIMED);
	else
		gtk_gesture_set_state(GTK_GESTURE(click), GTK_EVENT_SEQUENCE_DENIED);
}

/* The menu is made when it is asked for: there may be hundreds of tiles. */
static void on_create_popup(GtkMenuButton *button, gpointer data)
{
	BhgCpuTile *self = data;
	g_autoptr(GMenuModel) menu = bhg_part_menu(self->moved, self->connection);

	gtk_menu_button_set_menu_model(button, menu);
}

guint bhg_cpu_tile_get_cpu(BhgCpuTile *self)
{
	return self->cpu;
}

static gboolean bhg_cpu_tile_grab_focus(GtkWidget *widget)
{
	return gtk_widget_grab_focus(BHG_CPU_TILE(widget)->button);
}

static void bhg_cpu_tile_dispose(GObject *object)
{
	BhgCpuTile *self = BHG_CPU_TILE(object);

	g_clear_pointer(&self->button, gtk_widget_unparent);
	G_OBJECT_CLASS(bhg_cpu_tile_parent_class)->dispose(object);
}

static void bhg_cpu_tile_finalize(GObject *object)
{
	bhg_part_free(BHG_CPU_TILE(object)->part);
	bhg_part_free(BHG_CPU_TILE(object)->moved);
	G_OBJECT_CLASS(bhg_cpu_tile_parent_class)->finalize(object);
}

static void bhg_cpu_tile_class_init(BhgCpuTileClass *class)
{
	G_OBJECT_CLASS(class)->dispose = bhg_cpu_tile_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_cpu_tile_finalize;
	GTK_WIDGET_CLASS(class)->grab_focus = bhg_cpu_tile_grab_focus;
	signal_choose = g_signal_new("choose", BHG_TYPE_CPU_TILE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				     NULL, G_TYPE_NONE, 0);
	gtk_widget_class_add_binding(GTK_WIDGET_CLASS(class), GDK_KEY_space, GDK_CONTROL_MASK,
				     on_choose, NULL);
	gtk_widget_class_set_layout_manager_type(GTK_WIDGET_CLASS(class), GTK_TYPE_BIN_LAYOUT);
}

static GtkLabel *add_label(GtkWidget *box, const char *class_name)
{
	GtkWidget *label = gtk_label_new(NULL);

	gtk_widget_add_css_class(label, class_name);
	gtk_box_append(GTK_BOX(box), label);
	return GTK_LABEL(label);
}

static void bhg_cpu_tile_init(BhgCpuTile *self)
{
	GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
	GtkWidget *owners = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
	GtkGesture *click = gtk_gesture_click_new();

	/* Before the button, which would open its menu. */
	gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(click), GTK_PHASE_CAPTURE);
	g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), self);
	gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
	self->number = add_label(content, "heading");
	gtk_box_append(GTK_BOX(content), owners);
	gtk_widget_set_halign(owners, GTK_ALIGN_CENTER);
	self->badge = add_label(owners, "badge");
	self->next = add_label(owners, "next-owner");
	self->button = gtk_menu_button_new();
	gtk_menu_button_set_child(GTK_MENU_BUTTON(self->button), content);
	gtk_menu_button_set_has_frame(GTK_MENU_BUTTON(self->button), TRUE);
	gtk_widget_add_css_class(self->button, "tile");
	gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(self->button), on_create_popup, self,
					      NULL);
	gtk_widget_set_parent(self->button, GTK_WIDGET(self));
}

GtkWidget *bhg_cpu_tile_new(const BhMachineCpu *cpu, BhgConnection *connection)
{
	BhgCpuTile *self = g_object_new(BHG_TYPE_CPU_TILE, NULL);
	g_autofree char *number = g_strdup_printf("%u", cpu->id);

	self->cpu = cpu->id;
	self->can_move = cpu->can_offline;
	self->connection = connection;
	self->part = bhg_part_new("cpu", number);
	self->moved = bhg_part_copy(self->part);
	gtk_label_set_text(self->number, number);
	if (self->can_move)
		bhg_part_make_source(GTK_WIDGET(self), self->moved);
	bhg_cpu_tile_update(self);
	return GTK_WIDGET(self);
}
