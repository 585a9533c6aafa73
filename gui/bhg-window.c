// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-actions.h"
#include "bhg-cell-row.h"
#include "bhg-part.h"
#include "bhg-window.h"
#include "bhg-words.h"

struct _BhgWindow {
	AdwApplicationWindow parent;
	BhgConnection *connection;
	char *shown; /* name of the cell that is chosen; NULL: the machine */
	gboolean selecting;
	guint narrow_idle;

	GtkFilterListModel *filtered;
	GtkSingleSelection *selection;
	GCancellable *cancellable;

	/* template */
	AdwToastOverlay *toasts; /* above what stands below the pages */
	AdwToastOverlay *list_toasts;
	GtkWidget *list_pane;
	AdwWindowTitle *host_title;
	AdwLeaflet *leaflet;
	GtkSearchEntry *search;
	GtkStringFilter *filter;
	GtkListView *list;
	GtkWidget *back_button;
	AdwViewSwitcherTitle *switcher_title;
	AdwViewSwitcherBar *switcher_bar;
	GtkStack *content;
	AdwStatusPage *status;
	GtkButton *status_button;
	GtkStack *machine_or_cell;
	AdwViewStack *machine_pages;
	AdwViewStack *cell_pages;
	GtkRevealer *simulated_strip;
	AdwBin *bar;
};

G_DEFINE_FINAL_TYPE(BhgWindow, bhg_window, ADW_TYPE_APPLICATION_WINDOW)

static GSList *hooks;

/* ---- pages ---- */

static AdwViewStack *pages_now(BhgWindow *self)
{
	return self->shown ? self->cell_pages : self->machine_pages;
}

/* The page itself is made when it is first looked at. */
static void add_pages(BhgWindow *self)
{
	const BhgPageInfo *info;

	for (guint i = 0; (info = bhg_page_get_info(i)); i++) {
		AdwViewStack *stack =
			info->subject == BHG_ABOUT_CELL ? self->cell_pages : self->machine_pages;
		GtkWidget *place = adw_bin_new();

		g_object_set_data(G_OBJECT(place), "bhg-page-info", (gpointer)info);
		adw_view_stack_add_titled_with_icon(stack, place, info->name, _(info->title),
						    info->icon);
	}
}

BhgPage *bhg_window_get_page(BhgWindow *self)
{
	GtkWidget *place = adw_view_stack_get_visible_child(pages_now(self));

	if (!place || bhg_connection_get_state(self->connection) != BHG_CONNECTED)
		return NULL;
	return BHG_PAGE(adw_bin_get_child(ADW_BIN(place)));
}

static void update_page(BhgWindow *self)
{
	GtkWidget *place = adw_view_stack_get_visible_child(pages_now(self));
	BhgCell *cell = bhg_connection_find_cell(self->connection, self->shown);
	const BhgPageInfo *info;
	GtkWidget *page;

	if (!place)
		return;
	info = g_object_get_data(G_OBJECT(place), "bhg-page-info");
	page = adw_bin_get_child(ADW_BIN(place));
	if (!page) {
		page = g_object_new(info->get_type(), NULL);
		bhg_page_set_connection(BHG_PAGE(page), self->connection);
		adw_bin_set_child(ADW_BIN(place), page);
	}
	if (info->subject == BHG_ABOUT_CELL)
		bhg_page_set_cell(BHG_PAGE(page), cell);
}

/* ---- what is shown ---- */

typedef struct {
	const char *icon;
	const char *title;
	const char *description;
	const char *button;
	const char *action;
} Status;

static const Status *status_for(BhgWindow *self)
{
	static const Status connecting = {"network-transmit-receive-symbolic", N_("Connecting…"),
					  NULL, NULL, NULL};
	static const Status silent = {
		"content-loading-symbolic", N_("The daemon does not answer yet"),
		N_("It may be busy, or hang. What runs in cells is not affected. This page goes "
		   "away as soon as it answers."),
		N_("Try Again"), "win.retry"};
	static const Status unreachable = {"network-offline-symbolic", N_("No connection"), NULL,
					   N_("Try Again"), "win.retry"};
	static const Status absent = {
		"system-shutdown-symbolic", N_("The daemon is not there"),
		N_("Cells that run are not affected. As soon as the daemon is back, so is what "
		   "you were doing. To start it: systemctl start bulkhead"),
		N_("Try Again"), "win.retry"};
	static const Status unauthorized = {
		"system-lock-screen-symbolic", N_("Not allowed to look"),
		N_("The daemon does not show the machine to this user. An administrator can "
		   "unlock it, or allow it with a polkit rule."),
		N_("Unlock…"), "win.unlock"};

	switch (bhg_connection_get_state(self->connection)) {
	case BHG_CONNECTING:
		return &connecting;
	case BHG_SILENT:
		return &silent;
	case BHG_UNREACHABLE:
		return &unreachable;
	case BHG_ABSENT:
		return &absent;
	case BHG_UNAUTHORIZED:
		return &unauthorized;
	case BHG_CONNECTED:
		break;
	}
	return NULL;
}

static void show_status(BhgWindow *self, const Status *status)
{
	const char *message = bhg_connection_get_message(self->connection);
	g_autoptr(GString) text = g_string_new(NULL);

	if (message)
		g_string_append(text, message);
	if (status->description)
		g_string_append_printf(text, "%s%s", message ? "\n\n" : "", _(status->description));
	adw_status_page_set_icon_name(self->status, status->icon);
	adw_status_page_set_title(self->status, _(status->title));
	{
		g_autofree char *escaped = g_markup_escape_text(text->str, -1);

		adw_status_page_set_description(self->status, escaped);
	}
	gtk_widget_set_visible(GTK_WIDGET(self->status_button), status->button != NULL);
	if (status->button) {
		gtk_button_set_label(self->status_button, _(status->button));
		gtk_actionable_set_detailed_action_name(GTK_ACTIONABLE(self->status_button),
							status->action);
	}
	gtk_stack_set_visible_child_name(self->content, "status");
}

static void update(BhgWindow *self)
{
	const Status *status = status_for(self);
	g_autofree char *title = bhg_connection_get_title(self->connection);

	adw_window_title_set_title(self->host_title, title);
	gtk_revealer_set_reveal_child(self->simulated_strip,
				      bhg_connection_is_simulated(self->connection));
	if (status) {
		show_status(self, status);
		adw_view_switcher_title_set_stack(self->switcher_title, NULL);
		adw_view_switcher_bar_set_stack(self->switcher_bar, NULL);
		adw_view_switcher_title_set_title(self->switcher_title, title);
		/* A narrow window has room for one of the two. */
		adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
		return;
	}
	adw_view_switcher_title_set_title(self->switcher_title, self->shown ? self->shown : title);
	adw_view_switcher_title_set_stack(self->switcher_title, pages_now(self));
	adw_view_switcher_bar_set_stack(self->switcher_bar, pages_now(self));
	gtk_stack_set_visible_child(self->machine_or_cell, GTK_WIDGET(pages_now(self)));
	gtk_stack_set_visible_child_name(self->content, "pages");
	update_page(self);
}

static guint find_in_list(BhgWindow *self, const char *name)
{
	GListModel *model = G_LIST_MODEL(self->selection);

	for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
		g_autoptr(GObject) item = g_list_model_get_item(model, i);

		if (name ? BHG_IS_CELL(item) && g_str_equal(bhg_cell_get_name(BHG_CELL(item)), name)
			 : BHG_IS_CONNECTION(item))
			return i;
	}
	return GTK_INVALID_LIST_POSITION;
}

/* The list shows what is shown, as far as the filter lets it. */
static void select_shown(BhgWindow *self)
{
	self->selecting = TRUE;
	gtk_single_selection_set_selected(self->selection, find_in_list(self, self->shown));
	self->selecting = FALSE;
}

void bhg_window_show(BhgWindow *self, const char *cell, const char *page, const char *what)
{
	if (cell && !*cell)
		cell = NULL;
	if (g_strcmp0(cell, self->shown) != 0) {
		g_free(self->shown);
		self->shown = g_strdup(cell);
	}
	select_shown(self);
	if (page && *page && adw_view_stack_get_child_by_name(pages_now(self), page))
		adw_view_stack_set_visible_child_name(pages_now(self), page);
	update(self);
	adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
	if (what && *what && bhg_window_get_page(self))
		bhg_page_reveal(bhg_window_get_page(self), what);
}

/* ---- the list ---- */

static void on_selected(BhgWindow *self)
{
	GObject *item = gtk_single_selection_get_selected_item(self->selection);

	if (self->selecting || !item)
		return;
	bhg_window_show(self, BHG_IS_CELL(item) ? bhg_cell_get_name(BHG_CELL(item)) : NULL, NULL,
			NULL);
}

static void on_activated(BhgWindow *self)
{
	adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void on_items_changed(BhgWindow *self)
{
	guint selected = gtk_single_selection_get_selected(self->selection);

	if (selected != find_in_list(self, self->shown))
		select_shown(self);
}

static void on_setup(GtkSignalListItemFactory *factory, GtkListItem *item, BhgWindow *self)
{
	gtk_list_item_set_child(item, g_object_new(BHG_TYPE_CELL_ROW, NULL));
}

static void on_bind(GtkSignalListItemFactory *factory, GtkListItem *item, BhgWindow *self)
{
	bhg_cell_row_set_item(BHG_CELL_ROW(gtk_list_item_get_child(item)),
			      gtk_list_item_get_item(item), self->connection);
}

static void on_unbind(GtkSignalListItemFactory *factory, GtkListItem *item, BhgWindow *self)
{
	bhg_cell_row_set_item(BHG_CELL_ROW(gtk_list_item_get_child(item)), NULL, NULL);
}

static void make_list(BhgWindow *self)
{
	g_autoptr(GListStore) machine = g_list_store_new(G_TYPE_OBJECT);
	g_autoptr(GListStore) parts = g_list_store_new(G_TYPE_LIST_MODEL);
	GtkFlattenListModel *all;

	g_list_store_append(machine, self->connection);
	self->filtered =
		gtk_filter_list_model_new(g_object_ref(bhg_connection_get_cells(self->connection)),
					  g_object_ref(GTK_FILTER(self->filter)));
	g_list_store_append(parts, machine);
	g_list_store_append(parts, self->filtered);
	all = gtk_flatten_list_model_new(G_LIST_MODEL(g_steal_pointer(&parts)));
	self->selection = gtk_single_selection_new(G_LIST_MODEL(all));
	gtk_single_selection_set_autoselect(self->selection, FALSE);
	gtk_single_selection_set_can_unselect(self->selection, TRUE);
	gtk_list_view_set_model(self->list, GTK_SELECTION_MODEL(self->selection));
	g_signal_connect_object(self->selection, "notify::selected-item", G_CALLBACK(on_selected),
				self, G_CONNECT_SWAPPED);
	g_signal_connect_object(self->selection, "items-changed", G_CALLBACK(on_items_changed),
				self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
	select_shown(self);
}

/* ---- actions ---- */

static void on_show(GtkWidget *widget, const char *name, GVariant *target)
{
	const char *cell, *page, *what;

	g_variant_get(target, "(&s&s&s)", &cell, &page, &what);
	bhg_window_show(BHG_WINDOW(widget), cell, page, what);
}

/* The menu of the cell that is chosen, for the keyboard. */
static gboolean on_menu_key(GtkWidget *list, GVariant *arguments, gpointer data)
{
	BhgWindow *self = BHG_WINDOW(data);
	GObject *item = gtk_single_selection_get_selected_item(self->selection);
	GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(self));
	GtkWidget *row = focus ? gtk_widget_get_first_child(focus) : NULL;

	if (!BHG_IS_CELL(item) || !BHG_IS_CELL_ROW(row))
		return FALSE;
	bhg_actions_popup(row, BHG_CELL(item), gtk_widget_get_width(row) / 2.0,
			  gtk_widget_get_height(row));
	return TRUE;
}

static void add_menu_keys(BhgWindow *self)
{
	GtkEventController *keys = gtk_shortcut_controller_new();
	GtkShortcutTrigger *trigger =
		gtk_alternative_trigger_new(gtk_keyval_trigger_new(GDK_KEY_Menu, 0),
					    gtk_keyval_trigger_new(GDK_KEY_F10, GDK_SHIFT_MASK));

	gtk_shortcut_controller_add_shortcut(
		GTK_SHORTCUT_CONTROLLER(keys),
		gtk_shortcut_new(trigger, gtk_callback_action_new(on_menu_key, self, NULL)));
	gtk_widget_add_controller(GTK_WIDGET(self->list), keys);
}

static void on_retry(GtkWidget *widget, const char *name, GVariant *target)
{
	bhg_connection_retry(BHG_WINDOW(widget)->connection, FALSE);
}

static void on_unlock(GtkWidget *widget, const char *name, GVariant *target)
{
	bhg_connection_retry(BHG_WINDOW(widget)->connection, TRUE);
}

static void on_back(GtkWidget *widget, const char *name, GVariant *target)
{
	adw_leaflet_navigate(BHG_WINDOW(widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void on_search(GtkWidget *widget, const char *name, GVariant *target)
{
	BhgWindow *self = BHG_WINDOW(widget);

	adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
	gtk_widget_grab_focus(GTK_WIDGET(self->search));
}

/* Alt+1 and so on: the pages, in their order. */
static void on_page_number(GtkWidget *widget, const char *name, GVariant *target)
{
	BhgWindow *self = BHG_WINDOW(widget);
	g_autoptr(GtkSelectionModel) pages = adw_view_stack_get_pages(pages_now(self));
	guint number = g_variant_get_int32(target);

	if (number < g_list_model_get_n_items(G_LIST_MODEL(pages)))
		gtk_selection_model_select_item(pages, number, TRUE);
}

/* ---- narrow windows ---- */

static gboolean on_narrow_idle(gpointer data)
{
	BhgWindow *self = data;

	self->narrow_idle = 0;
	adw_view_switcher_bar_set_reveal(
		self->switcher_bar,
		adw_view_switcher_title_get_title_visible(self->switcher_title));
	return G_SOURCE_REMOVE;
}

/* It is found out while places are given to widgets; a bar that appears then gets none that it could use. */
static void on_title_visible(BhgWindow *self)
{
	if (!self->narrow_idle)
		self->narrow_idle = g_idle_add(on_narrow_idle, self);
}

/* ---- the object ---- */

static void bhg_window_dispose(GObject *object)
{
	BhgWindow *self = BHG_WINDOW(object);

	if (self->connection)
		g_signal_handlers_disconnect_by_data(self->connection, self);
	g_clear_handle_id(&self->narrow_idle, g_source_remove);
	g_clear_object(&self->selection);
	g_clear_object(&self->connection);
	G_OBJECT_CLASS(bhg_window_parent_class)->dispose(object);
}

static void bhg_window_finalize(GObject *object)
{
	g_free(BHG_WINDOW(object)->shown);
	G_OBJECT_CLASS(bhg_window_parent_class)->finalize(object);
}

static void bhg_window_class_init(BhgWindowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_window_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_window_finalize;
	g_type_ensure(BHG_TYPE_CELL_ROW);
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhg-window.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, toasts);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, list_toasts);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, list_pane);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, host_title);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, leaflet);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, search);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, filter);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, list);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, switcher_title);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, switcher_bar);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, content);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, status);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, status_button);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, machine_or_cell);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, machine_pages);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, cell_pages);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, simulated_strip);
	gtk_widget_class_bind_template_child(widget_class, BhgWindow, bar);
	gtk_widget_class_bind_template_callback(widget_class, on_setup);
	gtk_widget_class_bind_template_callback(widget_class, on_bind);
	gtk_widget_class_bind_template_callback(widget_class, on_unbind);
	gtk_widget_class_bind_template_callback(widget_class, on_activated);
	gtk_widget_class_bind_template_callback(widget_class, on_title_visible);
	gtk_widget_class_bind_template_callback(widget_class, update_page);
	bhg_actions_install(widget_class);
	bhg_part_install_action(widget_class);
	gtk_widget_class_install_action(widget_class, "win.show", "(sss)", on_show);
	gtk_widget_class_install_action(widget_class, "win.retry", NULL, on_retry);
	gtk_widget_class_install_action(widget_class, "win.unlock", NULL, on_unlock);
	gtk_widget_class_install_action(widget_class, "win.back", NULL, on_back);
	gtk_widget_class_install_action(widget_class, "win.search", NULL, on_search);
	gtk_widget_class_install_action(widget_class, "win.page", "i", on_page_number);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "win.search",
					    NULL);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F5, 0, "win.retry", NULL);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Left, GDK_ALT_MASK, "win.back",
					    NULL);
	for (int i = 0; i < 9; i++)
		gtk_widget_class_add_binding_action(widget_class, GDK_KEY_1 + i, GDK_ALT_MASK,
						    "win.page", "i", i);
}

static void bhg_window_init(BhgWindow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	add_menu_keys(self);
}

BhgWindow *bhg_window_new(GtkApplication *application, BhgConnection *connection)
{
	BhgWindow *self = g_object_new(BHG_TYPE_WINDOW, "application", application, NULL);

	self->connection = g_object_ref(connection);
	make_list(self);
	add_pages(self);
	g_signal_connect_swapped(connection, "changed", G_CALLBACK(update), self);
	for (GSList *item = hooks; item; item = item->next)
		((BhgWindowHook)item->data)(self);
	update(self);
	return self;
}

BhgConnection *bhg_window_get_connection(BhgWindow *self)
{
	return self->connection;
}

GtkWidget *bhg_window_get_toasts(BhgWindow *self)
{
	gboolean list_alone = adw_leaflet_get_folded(self->leaflet) &&
			      adw_leaflet_get_visible_child(self->leaflet) == self->list_pane;

	return GTK_WIDGET(list_alone ? self->list_toasts : self->toasts);
}

void bhg_window_set_bar(BhgWindow *self, GtkWidget *bar)
{
	adw_bin_set_child(self->bar, bar);
}

void bhg_window_add_hook(BhgWindowHook hook)
{
	hooks = g_slist_append(hooks, hook);
}
