// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-cell-row.h"
#include "bhg-device.h"
#include "bhg-devices-page.h"
#include "bhg-part.h"

struct _BhgDevicesPage {
	BhgPage parent;
	BhMachine *machine; /* whose devices are shown */
	GPtrArray *owners; /* GtkListItem of the owner column that are bound now */
	GtkSingleSelection *selection;

	GtkStack *stack;
	GtkColumnView *view;
};

G_DEFINE_FINAL_TYPE(BhgDevicesPage, bhg_devices_page, BHG_TYPE_PAGE)

static BhgDevice *device_of(GtkListItem *item)
{
	GtkTreeListRow *row = gtk_list_item_get_item(item);
	g_autoptr(GObject) object = gtk_tree_list_row_get_item(row);

	return BHG_DEVICE(object); /* the row has it */
}

/* ---- the column of names ---- */

static GdkContentProvider *on_prepare(GtkDragSource *source, double x, double y, GtkListItem *item)
{
	BhgDevice *device = device_of(item);
	g_autoptr(BhgPart) part = NULL;

	if (!bhg_device_get_address(device) || bhg_device_is_bridge(device))
		return NULL;
	part = bhg_part_new("device", bhg_device_get_address(device));
	return gdk_content_provider_new_typed(BHG_TYPE_PART, part);
}

static void setup_name(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	GtkWidget *expander = gtk_tree_expander_new();
	GtkWidget *label = gtk_label_new(NULL);
	GtkDragSource *source = gtk_drag_source_new();

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
	gtk_label_set_width_chars(GTK_LABEL(label), 16);
	gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), label);
	g_signal_connect(source, "prepare", G_CALLBACK(on_prepare), item);
	gtk_widget_add_controller(expander, GTK_EVENT_CONTROLLER(source));
	gtk_list_item_set_child(item, expander);
}

static void bind_name(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	GtkTreeExpander *expander = GTK_TREE_EXPANDER(gtk_list_item_get_child(item));
	GtkWidget *label = gtk_tree_expander_get_child(expander);
	BhgDevice *device = device_of(item);

	gtk_tree_expander_set_list_row(expander, gtk_list_item_get_item(item));
	gtk_label_set_text(GTK_LABEL(label), bhg_device_get_title(device));
	gtk_widget_set_tooltip_text(label, bhg_device_get_title(device));
}

static void unbind_name(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(gtk_list_item_get_child(item)), NULL);
}

/* ---- columns of text ---- */

typedef const char *(*GetText)(BhgDevice *device);

static void setup_text(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	GtkWidget *label = gtk_label_new(NULL);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
	gtk_list_item_set_child(item, label);
}

static void bind_text(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer get_text)
{
	const char *text = ((GetText)get_text)(device_of(item));
	GtkWidget *label = gtk_list_item_get_child(item);

	gtk_label_set_text(GTK_LABEL(label), text);
	gtk_widget_set_tooltip_text(label, *text ? text : NULL);
}

/* ---- the column of owners ---- */

typedef struct {
	GtkLabel *badge, *name, *next;
	GtkWidget *menu;
} OwnerWidgets;

static void update_owner(BhgDevicesPage *self, GtkListItem *item)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	OwnerWidgets *w = g_object_get_data(G_OBJECT(gtk_list_item_get_child(item)), "widgets");
	BhgDevice *device = device_of(item);
	const char *address = bhg_device_get_address(device);
	g_autoptr(BhgPart) part = NULL;
	g_autofree char *text = NULL;
	BhgCell *owner, *next;

	gtk_widget_set_visible(gtk_list_item_get_child(item), address != NULL);
	if (!address)
		return;
	part = bhg_part_new("device", address);
	owner = bhg_part_owner(part, connection);
	next = bhg_part_owner_to_be(part, connection);
	text = bhg_part_describe(part, connection);
	bhg_badge_set(w->badge, owner);
	gtk_label_set_text(w->name, owner ? bhg_cell_get_name(owner) : _("root"));
	gtk_widget_set_visible(GTK_WIDGET(w->next),
			       next != owner && bhg_connection_get_plan(connection));
	if (next != owner) {
		g_autofree char *badge = g_strdup_printf(
			gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL ? "← %s"
										       : "→ %s",
			next ? bhg_cell_get_badge(next) : "R");

		gtk_label_set_text(w->next, badge);
	}
	gtk_widget_set_visible(w->menu, !bhg_device_is_bridge(device) &&
						bhg_connection_get_plan(connection));
	bhg_name_button(w->menu, text);
}

static void on_create_popup(GtkMenuButton *button, gpointer data)
{
	GtkListItem *item = data;
	GtkWidget *page = gtk_widget_get_ancestor(GTK_WIDGET(button), BHG_TYPE_DEVICES_PAGE);
	g_autoptr(BhgPart) part = bhg_part_new("device", bhg_device_get_address(device_of(item)));
	g_autoptr(GMenuModel) menu = bhg_part_menu(part, bhg_page_get_connection(BHG_PAGE(page)));

	gtk_menu_button_set_menu_model(button, menu);
}

static void setup_owner(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	OwnerWidgets *w = g_new0(OwnerWidgets, 1);

	w->badge = GTK_LABEL(gtk_label_new(NULL));
	w->name = GTK_LABEL(gtk_label_new(NULL));
	w->next = GTK_LABEL(gtk_label_new(NULL));
	w->menu = gtk_menu_button_new();
	gtk_widget_add_css_class(GTK_WIDGET(w->badge), "small");
	gtk_widget_set_valign(GTK_WIDGET(w->badge), GTK_ALIGN_CENTER);
	gtk_widget_set_valign(GTK_WIDGET(w->next), GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(GTK_WIDGET(w->next), "next-owner");
	gtk_label_set_ellipsize(w->name, PANGO_ELLIPSIZE_END);
	gtk_label_set_xalign(w->name, 0);
	gtk_widget_set_hexpand(GTK_WIDGET(w->name), TRUE);
	gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(w->menu), "view-more-symbolic");
	gtk_menu_button_set_has_frame(GTK_MENU_BUTTON(w->menu), FALSE);
	gtk_widget_add_css_class(w->menu, "row-menu");
	gtk_widget_set_valign(w->menu, GTK_ALIGN_CENTER);
	bhg_name_icon(w->menu, _("Move to Another Cell"));
	gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(w->menu), on_create_popup, item,
					      NULL);
	gtk_box_append(GTK_BOX(box), GTK_WIDGET(w->badge));
	gtk_box_append(GTK_BOX(box), GTK_WIDGET(w->name));
	gtk_box_append(GTK_BOX(box), GTK_WIDGET(w->next));
	gtk_box_append(GTK_BOX(box), w->menu);
	g_object_set_data_full(G_OBJECT(box), "widgets", w, g_free);
	gtk_list_item_set_child(item, box);
}

static void bind_owner(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	BhgDevicesPage *self = data;

	g_ptr_array_add(self->owners, item);
	update_owner(self, item);
}

static void unbind_owner(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	g_ptr_array_remove_fast(BHG_DEVICES_PAGE(data)->owners, item);
}

/* ---- the whole ---- */

static void add_column(BhgDevicesPage *self, const char *title, GCallback setup, GCallback bind,
		       GCallback unbind, gpointer data, int width)
{
	GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
	g_autoptr(GtkColumnViewColumn) column = NULL;

	g_signal_connect(factory, "setup", setup, data);
	g_signal_connect(factory, "bind", bind, data);
	if (unbind)
		g_signal_connect(factory, "unbind", unbind, data);
	column = gtk_column_view_column_new(title, factory);
	gtk_column_view_column_set_resizable(column, TRUE);
	gtk_column_view_column_set_expand(column, width < 0);
	gtk_column_view_column_set_fixed_width(column, width);
	gtk_column_view_append_column(self->view, column);
}

static void add_text_column(BhgDevicesPage *self, const char *title, GetText get_text, int width)
{
	add_column(self, title, G_CALLBACK(setup_text), G_CALLBACK(bind_text), NULL,
		   (gpointer)get_text, width);
}

static GListModel *get_children(gpointer item, gpointer data)
{
	GListModel *children = bhg_device_get_children(item);

	return children ? g_object_ref(children) : NULL;
}

/* Groups are open, devices are not. */
static void open_groups(GtkTreeListModel *tree)
{
	for (guint i = g_list_model_get_n_items(G_LIST_MODEL(tree)); i-- > 0;) {
		g_autoptr(GtkTreeListRow) row = gtk_tree_list_model_get_row(tree, i);

		if (gtk_tree_list_row_get_depth(row) == 0)
			gtk_tree_list_row_set_expanded(row, TRUE);
	}
}

static void update_machine(BhgDevicesPage *self)
{
	BhMachine *machine = bhg_connection_get_machine(bhg_page_get_connection(BHG_PAGE(self)));
	GListModel *devices;
	GtkTreeListModel *tree;

	if (!machine || machine == self->machine)
		return;
	g_clear_pointer(&self->machine, bh_machine_unref);
	self->machine = bh_machine_ref(machine);
	devices = bhg_devices_new(machine);
	gtk_stack_set_visible_child_name(self->stack,
					 g_list_model_get_n_items(devices) ? "devices" : "none");
	tree = gtk_tree_list_model_new(devices, FALSE, FALSE, get_children, NULL, NULL);
	open_groups(tree);
	gtk_single_selection_set_model(self->selection, G_LIST_MODEL(tree));
	g_object_unref(tree);
}

static void update_owners(BhgDevicesPage *self)
{
	for (guint i = 0; i < self->owners->len; i++)
		update_owner(self, g_ptr_array_index(self->owners, i));
}

static void bhg_devices_page_connected(BhgPage *page)
{
	BhgConnection *connection = bhg_page_get_connection(page);

	g_signal_connect_object(connection, "machine-changed", G_CALLBACK(update_machine), page,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(update_owners), page,
				G_CONNECT_SWAPPED);
	update_machine(BHG_DEVICES_PAGE(page));
}

static void bhg_devices_page_reveal(BhgPage *page, const char *what)
{
	BhgDevicesPage *self = BHG_DEVICES_PAGE(page);
	GListModel *rows = G_LIST_MODEL(self->selection);

	if (!g_str_has_prefix(what, "pci:"))
		return;
	for (guint i = 0; i < g_list_model_get_n_items(rows); i++) {
		g_autoptr(GtkTreeListRow) row = g_list_model_get_item(rows, i);
		g_autoptr(BhgDevice) device = gtk_tree_list_row_get_item(row);

		if (g_strcmp0(bhg_device_get_address(device), what + strlen("pci:")) == 0)
			gtk_single_selection_set_selected(self->selection, i);
	}
}

static void bhg_devices_page_dispose(GObject *object)
{
	BhgDevicesPage *self = BHG_DEVICES_PAGE(object);

	/* Items are unbound while the page is still whole. */
	if (self->view)
		gtk_column_view_set_model(self->view, NULL);
	G_OBJECT_CLASS(bhg_devices_page_parent_class)->dispose(object);
}

static void bhg_devices_page_finalize(GObject *object)
{
	BhgDevicesPage *self = BHG_DEVICES_PAGE(object);

	g_ptr_array_unref(self->owners);
	g_clear_object(&self->selection);
	g_clear_pointer(&self->machine, bh_machine_unref);
	G_OBJECT_CLASS(bhg_devices_page_parent_class)->finalize(object);
}

static void bhg_devices_page_class_init(BhgDevicesPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_devices_page_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_devices_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhg_devices_page_connected;
	BHG_PAGE_CLASS(class)->reveal = bhg_devices_page_reveal;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-devices-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgDevicesPage, stack);
	gtk_widget_class_bind_template_child(widget_class, BhgDevicesPage, view);
}

static void bhg_devices_page_init(BhgDevicesPage *self)
{
	self->owners = g_ptr_array_new();
	gtk_widget_init_template(GTK_WIDGET(self));
	self->selection = gtk_single_selection_new(NULL);
	gtk_column_view_set_model(self->view, GTK_SELECTION_MODEL(self->selection));
	add_column(self, _("Device"), G_CALLBACK(setup_name), G_CALLBACK(bind_name),
		   G_CALLBACK(unbind_name), self, -1);
	/* Beside the name: also a narrow window shows whose it is. */
	add_column(self, _("Owner"), G_CALLBACK(setup_owner), G_CALLBACK(bind_owner),
		   G_CALLBACK(unbind_owner), self, 160);
	add_text_column(self, _("Driver"), bhg_device_get_driver, 80);
	add_text_column(self, _("Used for"), bhg_device_get_use, 110);
	add_text_column(self, _("Group"), bhg_device_get_group, 52);
	add_text_column(self, _("Interrupt"), bhg_device_get_interrupt, 76);
}
