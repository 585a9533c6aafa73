// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <inttypes.h>
#include "bhg-link-graph.h"
#include "bhg-links-page.h"
#include "bhg-sparkline.h"
#include "bhg-words.h"

#define NEW_LINK_SIZE (1u << 20)
#define STATS_SECONDS 1

struct _BhgLinksPage {
	BhgPage parent;
	GtkStack *stack;
	BhgLinkGraph *graph;
	GtkWidget *hint;
	GtkWidget *traffic;
	GtkListBox *traffic_list;
	GHashTable *rows; /* name of a link: Row */
	guint timer; /* while the page is seen */
};

/* The traffic of a link. */
typedef struct {
	AdwActionRow *row;
	BhgSparkline *line;
	GCancellable *cancellable; /* of what is asked; NULL: nothing is */
	guint64 rung, time; /* as of the last answer; time 0: there was none */
} Row;

G_DEFINE_FINAL_TYPE(BhgLinksPage, bhg_links_page, BHG_TYPE_PAGE)

static const char *protocol_word(guint protocol)
{
	return protocol == 1 ? _("network") : _("no protocol");
}

static char *label_of(const char *name, guint64 size, const char *protocol)
{
	g_autofree char *bytes = bhg_words_size(size);

	return g_strdup_printf("%s\n%s · %s", name, bytes, protocol);
}

/* ---- links that exist ---- */

static void add_live(BhgLinksPage *self, BhDbusLink *link)
{
	const char *const *peers = bh_dbus_link_get_peers(link);
	gboolean up = g_strcmp0(bh_dbus_link_get_state(link), "up") == 0;
	const char *protocol = bh_dbus_link_get_protocol(link);
	g_autofree char *label =
		label_of(bh_dbus_link_get_name(link), bh_dbus_link_get_size(link),
			 g_strcmp0(protocol, "none") ? protocol : protocol_word(0));

	for (guint i = 0; peers && peers[0] && peers[i + 1]; i++)
		bhg_link_graph_add_line(self->graph, peers[0], peers[i + 1], label, up);
}

static gboolean is_live(GListModel *links, const char *name)
{
	for (guint i = 0; i < g_list_model_get_n_items(links); i++) {
		g_autoptr(BhDbusLink) link = g_list_model_get_item(links, i);

		if (g_strcmp0(bh_dbus_link_get_name(link), name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* ---- their traffic ---- */

static void row_free(gpointer data)
{
	Row *row = data;

	g_cancellable_cancel(row->cancellable);
	g_clear_object(&row->cancellable);
	g_free(row);
}

static Row *add_row(BhgLinksPage *self, const char *name)
{
	Row *row = g_new0(Row, 1);

	row->row = ADW_ACTION_ROW(adw_action_row_new());
	row->line = g_object_new(BHG_TYPE_SPARKLINE, "valign", GTK_ALIGN_CENTER, NULL);
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row->row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row->row), name);
	adw_action_row_add_suffix(row->row, GTK_WIDGET(row->line));
	gtk_list_box_append(self->traffic_list, GTK_WIDGET(row->row));
	g_hash_table_insert(self->rows, g_strdup(name), row);
	return row;
}

static guint64 sum_rung(GVariant *stats)
{
	g_autoptr(GVariant) peers =
		g_variant_lookup_value(stats, "peers", G_VARIANT_TYPE("aa{sv}"));
	gsize n = peers ? g_variant_n_children(peers) : 0;
	guint64 sum = 0;

	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) peer = g_variant_get_child_value(peers, i);
		guint64 rung;

		if (g_variant_lookup(peer, "rung", "t", &rung))
			sum += rung;
	}
	return sum;
}

static void show_traffic(Row *row, GVariant *stats)
{
	g_autofree char *text = NULL;
	guint64 rung = sum_rung(stats), time = 0, age;

	g_variant_lookup(stats, "time", "t", &time);
	if (row->time && time > row->time && rung >= row->rung) {
		double rate = (double)(rung - row->rung) * G_USEC_PER_SEC / (time - row->time);

		text = g_strdup_printf(_("%.0f doorbells per second"), rate);
		bhg_sparkline_add(row->line, rate);
		gtk_accessible_update_property(GTK_ACCESSIBLE(row->line),
					       GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
	} else {
		text = g_strdup_printf(ngettext("%" PRIu64 " doorbell so far",
						"%" PRIu64 " doorbells so far", rung),
				       rung);
	}
	if (g_variant_lookup(stats, "age", "t", &age)) {
		g_autofree char *words = bhg_words_age(age);
		g_autofree char *both = g_strdup_printf(_("%s; last activity %s ago"), text, words);

		adw_action_row_set_subtitle(row->row, both);
	} else {
		adw_action_row_set_subtitle(row->row, text);
	}
	row->rung = rung;
	row->time = time;
}

static void on_stats(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	g_autoptr(GVariant) stats = NULL;
	Row *row = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* the row is gone */
	g_clear_object(&row->cancellable);
	if (!answer)
		return; /* the link ended meanwhile */
	stats = g_variant_get_child_value(answer, 0);
	show_traffic(row, stats);
}

/* Links that exist in the core, which some of their cells do. */
static gboolean has_traffic(BhDbusLink *link)
{
	const char *const *present = bh_dbus_link_get_present(link);

	return present && present[0];
}

static gboolean ask_stats(gpointer data)
{
	BhgLinksPage *self = data;
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	GListModel *links = bhg_connection_get_links(connection);

	for (guint i = 0; i < g_list_model_get_n_items(links); i++) {
		g_autoptr(BhDbusLink) link = g_list_model_get_item(links, i);
		Row *row = g_hash_table_lookup(self->rows, bh_dbus_link_get_name(link));

		/* One question at a time: a daemon that is busy is not asked more and more. */
		if (!row || row->cancellable)
			continue;
		row->cancellable = g_cancellable_new();
		bhg_connection_call(connection, g_dbus_proxy_get_object_path(G_DBUS_PROXY(link)),
				    "Link", "GetStats", g_variant_new("(@a{sv})", bhg_no_options()),
				    row->cancellable, on_stats, row);
	}
	return G_SOURCE_CONTINUE;
}

/* A row for each link with traffic; those that stay keep what they have shown. */
static void update_traffic(BhgLinksPage *self, GListModel *links)
{
	g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer name, row;

	for (guint i = 0; i < g_list_model_get_n_items(links); i++) {
		g_autoptr(BhDbusLink) link = g_list_model_get_item(links, i);

		if (has_traffic(link))
			g_hash_table_add(there, (gpointer)bh_dbus_link_get_name(link));
	}
	g_hash_table_iter_init(&iter, self->rows);
	while (g_hash_table_iter_next(&iter, &name, &row)) {
		if (g_hash_table_contains(there, name))
			continue;
		gtk_list_box_remove(self->traffic_list, GTK_WIDGET(((Row *)row)->row));
		g_hash_table_iter_remove(&iter);
	}
	g_hash_table_iter_init(&iter, there);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(self->rows, name))
			add_row(self, name);
	gtk_widget_set_visible(self->traffic, g_hash_table_size(self->rows) > 0);
	if (self->timer)
		ask_stats(self);
}

static void bhg_links_page_map(GtkWidget *widget)
{
	BhgLinksPage *self = BHG_LINKS_PAGE(widget);

	GTK_WIDGET_CLASS(bhg_links_page_parent_class)->map(widget);
	self->timer = g_timeout_add_seconds(STATS_SECONDS, ask_stats, self);
	ask_stats(self);
}

static void bhg_links_page_unmap(GtkWidget *widget)
{
	g_clear_handle_id(&BHG_LINKS_PAGE(widget)->timer, g_source_remove);
	GTK_WIDGET_CLASS(bhg_links_page_parent_class)->unmap(widget);
}

/* ---- links of cell files ---- */

static guint add_planned(BhgLinksPage *self, const BhCell *cell, GListModel *live)
{
	for (guint i = 0; i < cell->links->len; i++) {
		const BhCellLink *link = g_ptr_array_index(cell->links, i);
		g_autofree char *label =
			label_of(link->name, link->shared_size, protocol_word(link->protocol));

		if (is_live(live, link->name))
			continue;
		for (guint p = 0; link->peers[p]; p++)
			bhg_link_graph_add_line(self->graph, cell->name, link->peers[p], label,
						FALSE);
	}
	return cell->links->len;
}

static void update(BhgLinksPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	GListModel *cells = bhg_connection_get_cells(connection);
	GListModel *links = bhg_connection_get_links(connection);
	BhePlan *plan = bhg_connection_get_plan(connection);
	g_auto(GStrv) names = plan ? bhe_plan_list_cells(plan) : NULL;
	guint n_links = g_list_model_get_n_items(links);

	bhg_link_graph_begin(self->graph);
	bhg_link_graph_add_node(self->graph, NULL);
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

		bhg_link_graph_add_node(self->graph, cell);
	}
	bhg_link_graph_finish_nodes(self->graph);
	for (guint i = 0; i < g_list_model_get_n_items(links); i++) {
		g_autoptr(BhDbusLink) link = g_list_model_get_item(links, i);

		add_live(self, link);
	}
	for (guint i = 0; names && names[i]; i++) {
		const BhCell *cell = bhe_plan_get_cell(plan, names[i]);

		if (cell)
			n_links += add_planned(self, cell, links);
	}
	gtk_stack_set_visible_child_name(self->stack,
					 g_list_model_get_n_items(cells) ? "graph" : "none");
	gtk_widget_set_visible(self->hint, n_links == 0);
	update_traffic(self, links);
}

static void on_link(BhgLinksPage *self, const char *from, const char *to)
{
	BhePlan *plan = bhg_connection_get_plan(bhg_page_get_connection(BHG_PAGE(self)));
	gboolean swap = g_str_equal(from, "root"); /* a link stands in a cell's file */
	g_autoptr(GError) error = NULL;
	BheOperation *operation;

	if (!plan)
		return;
	operation = bhe_plan_add_link(plan, swap ? to : from, swap ? from : to, NULL, NEW_LINK_SIZE,
				      "network", &error);
	if (error)
		bhg_toast_error(GTK_WIDGET(self), _("The link was not planned."), error);
	else if (operation)
		bhg_toast_with_button(GTK_WIDGET(self), bhe_operation_get_sentence(operation),
				      _("_Undo"), "win.undo");
}

static void bhg_links_page_connected(BhgPage *page)
{
	BhgConnection *connection = bhg_page_get_connection(page);

	g_signal_connect_object(connection, "changed", G_CALLBACK(update), page, G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(update), page,
				G_CONNECT_SWAPPED);
	update(BHG_LINKS_PAGE(page));
}

static void bhg_links_page_dispose(GObject *object)
{
	BhgLinksPage *self = BHG_LINKS_PAGE(object);

	g_clear_handle_id(&self->timer, g_source_remove);
	g_clear_pointer(&self->rows, g_hash_table_unref);
	G_OBJECT_CLASS(bhg_links_page_parent_class)->dispose(object);
}

static void bhg_links_page_class_init(BhgLinksPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_links_page_dispose;
	BHG_PAGE_CLASS(class)->connected = bhg_links_page_connected;
	widget_class->map = bhg_links_page_map;
	widget_class->unmap = bhg_links_page_unmap;
	g_type_ensure(BHG_TYPE_LINK_GRAPH);
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-links-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgLinksPage, stack);
	gtk_widget_class_bind_template_child(widget_class, BhgLinksPage, graph);
	gtk_widget_class_bind_template_child(widget_class, BhgLinksPage, hint);
	gtk_widget_class_bind_template_child(widget_class, BhgLinksPage, traffic);
	gtk_widget_class_bind_template_child(widget_class, BhgLinksPage, traffic_list);
	gtk_widget_class_bind_template_callback(widget_class, on_link);
}

static void bhg_links_page_init(BhgLinksPage *self)
{
	self->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_free);
	gtk_widget_init_template(GTK_WIDGET(self));
}
