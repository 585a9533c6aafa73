// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-event.h"
#include "bhg-journal-page.h"

struct _BhgJournalPage {
	BhgPage parent;
	GListStore *events;
	GCancellable *cancellable;
	guint64 newest; /* number of the newest event that is listed, plus 1 */

	GtkStack *stack;
	GtkListView *list;
};

G_DEFINE_FINAL_TYPE(BhgJournalPage, bhg_journal_page, BHG_TYPE_PAGE)

static void add_event(BhgJournalPage *self, GVariant *variant)
{
	g_autoptr(BhgEvent) event = bhg_event_new(variant);
	guint n = g_list_model_get_n_items(G_LIST_MODEL(self->events));

	/* What comes by a signal may be in the answer to ReadEvents() as well. */
	if (bhg_event_get_number(event) < self->newest)
		return;
	self->newest = bhg_event_get_number(event) + 1;
	if (n >= BHG_JOURNAL_MAX)
		g_list_store_remove(self->events, n - 1);
	g_list_store_insert(self->events, 0, event);
	gtk_stack_set_visible_child_name(self->stack, "events");
}

static void on_events(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	BhgJournalPage *self = data;
	g_autoptr(GVariant) events = NULL;

	if (!answer)
		return; /* the window says what is wrong with the connection; or the page is gone */
	events = g_variant_get_child_value(answer, 0);
	for (gsize i = 0; i < g_variant_n_children(events); i++) {
		g_autoptr(GVariant) event = g_variant_get_child_value(events, i);

		add_event(self, event);
	}
}

static void read_events(BhgJournalPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	BhgCell *cell = bhg_page_get_cell(BHG_PAGE(self));
	GVariantDict options;

	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	if (!cell)
		return;
	self->cancellable = g_cancellable_new();
	g_variant_dict_init(&options, NULL);
	g_variant_dict_insert(&options, "cell", "s", bhg_cell_get_name(cell));
	g_variant_dict_insert(&options, "maximum", "u", BHG_JOURNAL_MAX);
	g_variant_dict_insert(&options, "from", "t", self->newest);
	bhg_connection_call(connection, BHG_ROOT "/manager", "Manager", "ReadEvents",
			    g_variant_new("(@a{sv})", g_variant_dict_end(&options)),
			    self->cancellable, on_events, self);
}

static void on_event(BhgJournalPage *self, GVariant *event)
{
	BhgCell *cell = bhg_page_get_cell(BHG_PAGE(self));
	const char *name;

	if (cell && g_variant_lookup(event, "cell", "&s", &name) &&
	    g_str_equal(name, bhg_cell_get_name(cell)))
		add_event(self, event);
}

static void bhg_journal_page_connected(BhgPage *page)
{
	g_signal_connect_object(bhg_page_get_connection(page), "event", G_CALLBACK(on_event), page,
				G_CONNECT_SWAPPED);
}

static void bhg_journal_page_cell_changed(BhgPage *page)
{
	BhgJournalPage *self = BHG_JOURNAL_PAGE(page);

	g_list_store_remove_all(self->events);
	self->newest = 0;
	gtk_stack_set_visible_child_name(self->stack, "none");
	read_events(self);
}

/* ---- rows ---- */

typedef struct {
	GtkImage *icon;
	GtkLabel *time, *message, *explanation;
} RowWidgets;

static GtkLabel *new_label(GtkWidget *box, const char *class_name)
{
	GtkWidget *label = gtk_label_new(NULL);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_selectable(GTK_LABEL(label), FALSE);
	if (class_name)
		gtk_widget_add_css_class(label, class_name);
	gtk_box_append(GTK_BOX(box), label);
	return GTK_LABEL(label);
}

static void on_setup(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkWidget *words = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
	RowWidgets *w = g_new0(RowWidgets, 1);

	gtk_widget_set_margin_top(box, 6);
	gtk_widget_set_margin_bottom(box, 6);
	w->icon = GTK_IMAGE(gtk_image_new());
	gtk_widget_set_valign(GTK_WIDGET(w->icon), GTK_ALIGN_START);
	gtk_box_append(GTK_BOX(box), GTK_WIDGET(w->icon));
	gtk_box_append(GTK_BOX(box), words);
	w->time = new_label(words, "caption");
	gtk_widget_add_css_class(GTK_WIDGET(w->time), "dim-label");
	w->message = new_label(words, NULL);
	w->explanation = new_label(words, "caption");
	gtk_list_item_set_activatable(item, FALSE);
	g_object_set_data_full(G_OBJECT(box), "widgets", w, g_free);
	gtk_list_item_set_child(item, box);
}

static void on_bind(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
	RowWidgets *w = g_object_get_data(G_OBJECT(gtk_list_item_get_child(item)), "widgets");
	BhgEvent *event = gtk_list_item_get_item(item);
	g_autofree char *time = bhg_event_get_time(event);
	g_autofree char *message = bhg_event_get_message(event);
	g_autofree char *explanation = bhg_event_explain(event);

	gtk_image_set_from_icon_name(w->icon, bhg_event_get_icon(event));
	gtk_label_set_text(w->time, time);
	gtk_label_set_text(w->message, message);
	gtk_label_set_text(w->explanation, explanation ? explanation : "");
	gtk_widget_set_visible(GTK_WIDGET(w->explanation), explanation != NULL);
}

/* ---- the object ---- */

static void bhg_journal_page_dispose(GObject *object)
{
	g_cancellable_cancel(BHG_JOURNAL_PAGE(object)->cancellable);
	G_OBJECT_CLASS(bhg_journal_page_parent_class)->dispose(object);
}

static void bhg_journal_page_finalize(GObject *object)
{
	BhgJournalPage *self = BHG_JOURNAL_PAGE(object);

	g_clear_object(&self->cancellable);
	g_clear_object(&self->events);
	G_OBJECT_CLASS(bhg_journal_page_parent_class)->finalize(object);
}

static void bhg_journal_page_class_init(BhgJournalPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_journal_page_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_journal_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhg_journal_page_connected;
	BHG_PAGE_CLASS(class)->cell_changed = bhg_journal_page_cell_changed;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-journal-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgJournalPage, stack);
	gtk_widget_class_bind_template_child(widget_class, BhgJournalPage, list);
	gtk_widget_class_bind_template_callback(widget_class, on_setup);
	gtk_widget_class_bind_template_callback(widget_class, on_bind);
}

static void bhg_journal_page_init(BhgJournalPage *self)
{
	g_autoptr(GtkNoSelection) model = NULL;

	self->events = g_list_store_new(BHG_TYPE_EVENT);
	gtk_widget_init_template(GTK_WIDGET(self));
	model = gtk_no_selection_new(g_object_ref(G_LIST_MODEL(self->events)));
	gtk_list_view_set_model(self->list, GTK_SELECTION_MODEL(model));
}
