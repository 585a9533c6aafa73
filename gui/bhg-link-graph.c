// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <math.h>
#include "bhg-cell-row.h"
#include "bhg-link-graph.h"
#include "bhg-page.h"

typedef struct {
	char *name;
	GtkWidget *widget; /* a button with a menu */
	GtkLabel *badge;
	gboolean stale; /* not there any more, unless it is added again */
	double x, y; /* of its middle */
} Node;

typedef struct {
	guint from, to; /* indices of nodes */
	gboolean up;
	GtkWidget *label;
} Line;

struct _BhgLinkGraph {
	GtkWidget parent;
	GPtrArray *nodes;
	GPtrArray *lines;
};

static guint signal_link;

G_DEFINE_FINAL_TYPE(BhgLinkGraph, bhg_link_graph, GTK_TYPE_WIDGET)

static void node_free(gpointer data)
{
	Node *node = data;

	gtk_widget_unparent(node->widget);
	g_free(node->name);
	g_free(node);
}

static void line_free(gpointer data)
{
	Line *line = data;

	gtk_widget_unparent(line->label);
	g_free(line);
}

static gboolean find_node(BhgLinkGraph *self, const char *name, guint *index)
{
	for (guint i = 0; i < self->nodes->len; i++) {
		const Node *node = g_ptr_array_index(self->nodes, i);

		if (g_str_equal(node->name, name)) {
			*index = i;
			return TRUE;
		}
	}
	return FALSE;
}

/* ---- dragging one node onto another ---- */

static GdkContentProvider *on_prepare(GtkDragSource *source, double x, double y, Node *node)
{
	g_autoptr(GdkPaintable) picture = gtk_widget_paintable_new(node->widget);

	gtk_drag_source_set_icon(source, picture, x, y);
	return gdk_content_provider_new_typed(G_TYPE_STRING, node->name);
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y, Node *node)
{
	GtkWidget *graph = gtk_widget_get_ancestor(node->widget, BHG_TYPE_LINK_GRAPH);
	const char *from = g_value_get_string(value);

	if (g_str_equal(from, node->name))
		return FALSE;
	g_signal_emit(graph, signal_link, 0, from, node->name);
	return TRUE;
}

/* ---- the menu of a node, for the keyboard ---- */

static void on_create_popup(GtkMenuButton *button, gpointer data)
{
	GtkWidget *graph = gtk_widget_get_ancestor(GTK_WIDGET(button), BHG_TYPE_LINK_GRAPH);
	BhgLinkGraph *self = BHG_LINK_GRAPH(graph);
	g_autoptr(GMenu) menu = g_menu_new(), others = g_menu_new();
	const Node *node = data;

	for (guint i = 0; i < self->nodes->len; i++) {
		const Node *other = g_ptr_array_index(self->nodes, i);
		g_autoptr(GMenuItem) item = NULL;
		g_auto(GStrv) pieces = NULL;
		g_autofree char *label = NULL;

		if (other == node)
			continue;
		/* In menus "_" marks a key, and names of cells may have one. */
		pieces = g_strsplit(other->name, "_", -1);
		label = g_strjoinv("__", pieces);
		item = g_menu_item_new(label, NULL);
		g_menu_item_set_action_and_target(item, "graph.link", "(ss)", node->name,
						  other->name);
		g_menu_append_item(others, item);
	}
	g_menu_append_section(menu, _("Link with"), G_MENU_MODEL(others));
	gtk_menu_button_set_menu_model(button, G_MENU_MODEL(menu));
}

static void on_link_action(GtkWidget *widget, const char *action, GVariant *target)
{
	const char *from, *to;

	g_variant_get(target, "(&s&s)", &from, &to);
	g_signal_emit(widget, signal_link, 0, from, to);
}

/* "hmi: linked with root, motion-control" */
static void name_node(BhgLinkGraph *self, guint index)
{
	const Node *node = g_ptr_array_index(self->nodes, index);
	g_autoptr(GString) peers = g_string_new(NULL);
	g_autofree char *name = NULL;

	for (guint i = 0; i < self->lines->len; i++) {
		const Line *line = g_ptr_array_index(self->lines, i);
		const Node *peer;

		if (line->from != index && line->to != index)
			continue;
		peer = g_ptr_array_index(self->nodes, line->from == index ? line->to : line->from);
		g_string_append_printf(peers, "%s%s", peers->len ? ", " : "", peer->name);
	}
	name = peers->len ? g_strdup_printf(_("%s: linked with %s"), node->name, peers->str)
			  : g_strdup_printf(_("%s: no links"), node->name);
	bhg_name_button(node->widget, name);
}

/* ---- what is in it ---- */

static Node *make_node(BhgLinkGraph *self, const char *name)
{
	GtkDragSource *source = gtk_drag_source_new();
	GtkDropTarget *target = gtk_drop_target_new(G_TYPE_STRING, GDK_ACTION_COPY);
	GtkWidget *content = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
	Node *node = g_new0(Node, 1);

	node->name = g_strdup(name);
	node->badge = GTK_LABEL(gtk_label_new(NULL));
	gtk_box_append(GTK_BOX(content), GTK_WIDGET(node->badge));
	gtk_box_append(GTK_BOX(content), gtk_label_new(name));
	node->widget = gtk_menu_button_new();
	gtk_menu_button_set_child(GTK_MENU_BUTTON(node->widget), content);
	gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(node->widget), on_create_popup, node,
					      NULL);
	gtk_widget_add_css_class(node->widget, "card");
	gtk_widget_add_css_class(node->widget, "node");
	g_signal_connect(source, "prepare", G_CALLBACK(on_prepare), node);
	g_signal_connect(target, "drop", G_CALLBACK(on_drop), node);
	/* Before the button, which would keep the press for itself. */
	gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(source), GTK_PHASE_CAPTURE);
	gtk_widget_add_controller(node->widget, GTK_EVENT_CONTROLLER(source));
	gtk_widget_add_controller(node->widget, GTK_EVENT_CONTROLLER(target));
	gtk_widget_set_parent(node->widget, GTK_WIDGET(self));
	g_ptr_array_add(self->nodes, node);
	return node;
}

void bhg_link_graph_begin(BhgLinkGraph *self)
{
	g_ptr_array_set_size(self->lines, 0);
	for (guint i = 0; i < self->nodes->len; i++)
		((Node *)g_ptr_array_index(self->nodes, i))->stale = TRUE;
}

void bhg_link_graph_add_node(BhgLinkGraph *self, BhgCell *cell)
{
	const char *name = cell ? bhg_cell_get_name(cell) : "root";
	guint index;
	Node *node = find_node(self, name, &index) ? g_ptr_array_index(self->nodes, index)
						   : make_node(self, name);

	node->stale = FALSE;
	bhg_badge_set(node->badge, cell);
}

void bhg_link_graph_finish_nodes(BhgLinkGraph *self)
{
	for (guint i = self->nodes->len; i-- > 0;)
		if (((Node *)g_ptr_array_index(self->nodes, i))->stale)
			g_ptr_array_remove_index(self->nodes, i);
	for (guint i = 0; i < self->nodes->len; i++)
		name_node(self, i);
	gtk_widget_queue_resize(GTK_WIDGET(self));
}

void bhg_link_graph_add_line(BhgLinkGraph *self, const char *from, const char *to,
			     const char *label, gboolean up)
{
	g_autofree char *name = NULL;
	guint first, second;
	Line *line;

	if (!find_node(self, from, &first) || !find_node(self, to, &second))
		return;
	line = g_new0(Line, 1);
	line->from = first;
	line->to = second;
	line->up = up;
	line->label = gtk_label_new(label);
	gtk_label_set_justify(GTK_LABEL(line->label), GTK_JUSTIFY_CENTER);
	gtk_widget_add_css_class(line->label, "caption");
	gtk_widget_add_css_class(line->label, "link-label");
	/* Which two it joins is seen by its place alone. */
	name = g_strdup_printf(up ? _("%s – %s, up: %s") : _("%s – %s, not up: %s"), from, to,
			       label);
	gtk_accessible_update_property(GTK_ACCESSIBLE(line->label), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       name, -1);
	gtk_widget_set_parent(line->label, GTK_WIDGET(self));
	g_ptr_array_add(self->lines, line);
	name_node(self, first);
	name_node(self, second);
	gtk_widget_queue_resize(GTK_WIDGET(self));
}

/* ---- layout ---- */

static void place(GtkWidget *child, double x, double y)
{
	GtkRequisition size;
	GtkAllocation where;

	gtk_widget_get_preferred_size(child, NULL, &size);
	where = (GtkAllocation){x - size.width / 2.0, y - size.height / 2.0, size.width,
				size.height};
	gtk_widget_size_allocate(child, &where, -1);
}

static int widest_node(BhgLinkGraph *self)
{
	int most = 60;

	for (guint i = 0; i < self->nodes->len; i++) {
		const Node *node = g_ptr_array_index(self->nodes, i);
		int size;

		gtk_widget_measure(node->widget, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &size, NULL,
				   NULL);
		most = MAX(most, size);
	}
	return most;
}

static void bhg_link_graph_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
	BhgLinkGraph *self = BHG_LINK_GRAPH(widget);
	int most = widest_node(self);
	double rx = (width - most) / 2.0 - 6, ry = height / 2.0 - 40;
	gboolean narrow = width < 3 * most;

	for (guint i = 0; i < self->nodes->len; i++) {
		Node *node = g_ptr_array_index(self->nodes, i);
		double angle = 2 * G_PI * i / self->nodes->len - G_PI / 2;

		if (narrow) {
			/* Left and right in turn, as a circle would have them upon each other. */
			node->x = width / 2.0 + (i % 2 ? rx : -rx);
			node->y = height * (i + 0.5) / self->nodes->len;
		} else {
			node->x = width / 2.0 + rx * cos(angle);
			node->y = height / 2.0 + MAX(ry, 0) * sin(angle);
		}
		place(node->widget, node->x, node->y);
	}
	for (guint i = 0; i < self->lines->len; i++) {
		const Line *line = g_ptr_array_index(self->lines, i);
		const Node *from = g_ptr_array_index(self->nodes, line->from);
		const Node *to = g_ptr_array_index(self->nodes, line->to);

		place(line->label, (from->x + to->x) / 2, (from->y + to->y) / 2);
	}
}

static void bhg_link_graph_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
				   int *minimum, int *natural, int *minimum_baseline,
				   int *natural_baseline)
{
	BhgLinkGraph *self = BHG_LINK_GRAPH(widget);
	int most = widest_node(self);
	int per_node = orientation == GTK_ORIENTATION_HORIZONTAL ? 60 : 48;

	*minimum = MAX(most, orientation == GTK_ORIENTATION_HORIZONTAL ? 280 : 240);
	*natural = MAX(*minimum, (int)self->nodes->len * per_node);
	if (orientation == GTK_ORIENTATION_VERTICAL)
		*minimum = *natural;
}

static void bhg_link_graph_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
	BhgLinkGraph *self = BHG_LINK_GRAPH(widget);
	graphene_rect_t all = GRAPHENE_RECT_INIT(0, 0, gtk_widget_get_width(widget),
						 gtk_widget_get_height(widget));
	static const double dashes[] = {6, 5};
	GdkRGBA colour;
	cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &all);

	gtk_style_context_get_color(gtk_widget_get_style_context(widget), &colour);
	gdk_cairo_set_source_rgba(cr, &colour);
	cairo_set_line_width(cr, 2);
	for (guint i = 0; i < self->lines->len; i++) {
		const Line *line = g_ptr_array_index(self->lines, i);
		const Node *from = g_ptr_array_index(self->nodes, line->from);
		const Node *to = g_ptr_array_index(self->nodes, line->to);

		cairo_set_dash(cr, dashes, line->up ? 0 : G_N_ELEMENTS(dashes), 0);
		cairo_move_to(cr, from->x, from->y);
		cairo_line_to(cr, to->x, to->y);
		cairo_stroke(cr);
	}
	cairo_destroy(cr);
	GTK_WIDGET_CLASS(bhg_link_graph_parent_class)->snapshot(widget, snapshot);
}

/* ---- the object ---- */

static void bhg_link_graph_dispose(GObject *object)
{
	g_ptr_array_set_size(BHG_LINK_GRAPH(object)->lines, 0);
	g_ptr_array_set_size(BHG_LINK_GRAPH(object)->nodes, 0);
	G_OBJECT_CLASS(bhg_link_graph_parent_class)->dispose(object);
}

static void bhg_link_graph_finalize(GObject *object)
{
	g_ptr_array_unref(BHG_LINK_GRAPH(object)->nodes);
	g_ptr_array_unref(BHG_LINK_GRAPH(object)->lines);
	G_OBJECT_CLASS(bhg_link_graph_parent_class)->finalize(object);
}

static void bhg_link_graph_class_init(BhgLinkGraphClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_link_graph_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_link_graph_finalize;
	widget_class->measure = bhg_link_graph_measure;
	widget_class->size_allocate = bhg_link_graph_size_allocate;
	widget_class->snapshot = bhg_link_graph_snapshot;
	gtk_widget_class_install_action(widget_class, "graph.link", "(ss)", on_link_action);
	gtk_widget_class_set_css_name(widget_class, "linkgraph");
	gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
	signal_link = g_signal_new("link", BHG_TYPE_LINK_GRAPH, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				   NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void bhg_link_graph_init(BhgLinkGraph *self)
{
	self->nodes = g_ptr_array_new_with_free_func(node_free);
	self->lines = g_ptr_array_new_with_free_func(line_free);
}
