// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <math.h>
#include "bhg-cell-row.h"
#include "bhg-memory-bar.h"
#include "bhg-words.h"

#define BAR_HEIGHT 52
#define PART_MIN_WIDTH 5
#define LETTER_MIN_WIDTH 18 /* below it, letters would be dots */
#define NATURAL_WIDTH 400
#define TICKS_MAX 8
#define RANGE_UNIT (1ull << 20)
#define MARK_STEPS 64 /* of the keyboard, from one end to the other */

/* A part as it is seen: the Tab key stops at it, which it does neither at labels nor at boxes. */
#define BHG_TYPE_BAR_PART (bhg_bar_part_get_type())
G_DECLARE_FINAL_TYPE(BhgBarPart, bhg_bar_part, BHG, BAR_PART, GtkWidget)

struct _BhgBarPart {
	GtkWidget parent;
	GtkWidget *label;
};

G_DEFINE_FINAL_TYPE(BhgBarPart, bhg_bar_part, GTK_TYPE_WIDGET)

static void bhg_bar_part_dispose(GObject *object)
{
	g_clear_pointer(&BHG_BAR_PART(object)->label, gtk_widget_unparent);
	G_OBJECT_CLASS(bhg_bar_part_parent_class)->dispose(object);
}

static void bhg_bar_part_class_init(BhgBarPartClass *class)
{
	G_OBJECT_CLASS(class)->dispose = bhg_bar_part_dispose;
	gtk_widget_class_set_layout_manager_type(GTK_WIDGET_CLASS(class), GTK_TYPE_BIN_LAYOUT);
	gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_IMG);
}

static void bhg_bar_part_init(BhgBarPart *self)
{
	self->label = gtk_label_new(NULL);
	gtk_label_set_ellipsize(GTK_LABEL(self->label), PANGO_ELLIPSIZE_END);
	gtk_widget_set_can_target(self->label, FALSE);
	gtk_widget_set_parent(self->label, GTK_WIDGET(self));
	gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
}

struct _BhgMemoryBar {
	GtkWidget parent;
	GPtrArray *map;
	GPtrArray *parts; /* BhgBarPart, one for each of the map */
	GPtrArray *ticks; /* GtkLabel */
	double *edges; /* where each part begins, and the last ends: 0 to 1 */
	double zoom;
	GtkWidget *marked; /* the range that is being dragged */
	double marked_from, marked_to;
};

enum { SIGNAL_PART, SIGNAL_RANGE, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(BhgMemoryBar, bhg_memory_bar, GTK_TYPE_WIDGET)

/* ---- scale ---- */

/* Holes take at most an eighth of the bar each, so that memory above the holes of large machines can be seen. */
static double drawn_length(const BhgMemoryPart *part, double ram)
{
	return part->kind == BHG_MEMORY_HOLE ? MIN((double)part->size, ram / 8) : part->size;
}

static void compute_edges(BhgMemoryBar *self)
{
	double ram = 0, total = 0, at = 0;

	g_clear_pointer(&self->edges, g_free);
	self->edges = g_new0(double, self->map->len + 1);
	for (guint i = 0; i < self->map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(self->map, i);

		if (part->kind != BHG_MEMORY_HOLE)
			ram += part->size;
	}
	for (guint i = 0; i < self->map->len; i++)
		total += drawn_length(g_ptr_array_index(self->map, i), ram);
	for (guint i = 0; i < self->map->len; i++) {
		at += drawn_length(g_ptr_array_index(self->map, i), ram) / total;
		self->edges[i + 1] = at;
	}
}

double bhg_memory_bar_position(BhgMemoryBar *self, guint64 address)
{
	for (guint i = 0; self->map && i < self->map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(self->map, i);

		if (address < part->start + part->size)
			return self->edges[i] + (self->edges[i + 1] - self->edges[i]) *
							(double)(address - part->start) /
							part->size;
	}
	return 1;
}

static guint64 address_at(BhgMemoryBar *self, double position)
{
	for (guint i = 0; i < self->map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(self->map, i);
		double width = self->edges[i + 1] - self->edges[i];

		if (position <= self->edges[i + 1] && width > 0)
			return part->start +
			       (guint64)((position - self->edges[i]) / width * part->size);
	}
	return 0;
}

/* In a right-to-left language addresses grow to the left. */
static int mirror(BhgMemoryBar *self, int x, int width)
{
	if (gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL)
		return gtk_widget_get_width(GTK_WIDGET(self)) - x - width;
	return x;
}

/* ---- ticks ---- */

static void add_tick(BhgMemoryBar *self, guint64 address)
{
	g_autofree char *text = address ? bhg_words_size(address) : g_strdup("0");
	GtkWidget *label = gtk_label_new(text);

	gtk_widget_add_css_class(label, "caption");
	gtk_widget_add_css_class(label, "dim-label");
	gtk_widget_set_parent(label, GTK_WIDGET(self));
	g_object_set_data_full(G_OBJECT(label), "address", g_memdup2(&address, sizeof(address)),
			       g_free);
	g_ptr_array_add(self->ticks, label);
}

static void make_ticks(BhgMemoryBar *self)
{
	const BhgMemoryPart *last;
	guint64 end, step = 1 << 20;

	if (!self->map->len)
		return;
	last = g_ptr_array_index(self->map, self->map->len - 1);
	end = last->start + last->size;
	while (end / step > TICKS_MAX)
		step *= 2;
	for (guint64 at = 0; at < end; at += step)
		add_tick(self, at);
}

/* ---- parts ---- */

static void on_part_chosen(GtkWidget *widget, BhgMemoryBar *self)
{
	const BhgMemoryPart *part = g_object_get_data(G_OBJECT(widget), "part");

	g_signal_emit(self, signals[SIGNAL_PART], 0, part);
}

static void on_part_focus(GtkEventController *focus, BhgMemoryBar *self)
{
	on_part_chosen(gtk_event_controller_get_widget(focus), self);
}

static const char *css_class_of(const BhgMemoryPart *part)
{
	switch (part->kind) {
	case BHG_MEMORY_ROOT:
		return part->fixed ? "fixed" : NULL;
	case BHG_MEMORY_SHARED:
		return "shared";
	case BHG_MEMORY_FIRMWARE:
		return "firmware";
	case BHG_MEMORY_HOLE:
		return "hole";
	default:
		return NULL;
	}
}

static const char *label_of(const BhgMemoryPart *part)
{
	switch (part->kind) {
	case BHG_MEMORY_ROOT:
		return part->fixed ? "R×" : "R";
	case BHG_MEMORY_FIRMWARE:
		return "#";
	case BHG_MEMORY_HOLE:
		return "";
	default:
		return bhg_cell_get_badge(part->cell);
	}
}

static void add_part(BhgMemoryBar *self, BhgMemoryPart *part)
{
	g_autofree char *text = bhg_memory_part_describe(part);
	GtkWidget *widget = g_object_new(BHG_TYPE_BAR_PART, NULL);
	GtkEventController *focus = gtk_event_controller_focus_new();

	gtk_label_set_text(GTK_LABEL(BHG_BAR_PART(widget)->label), label_of(part));
	gtk_widget_add_css_class(widget, "part");
	if (part->cell)
		bhg_set_owner_class(widget, bhg_cell_get_colour_class(part->cell));
	else if (part->kind == BHG_MEMORY_ROOT)
		bhg_set_owner_class(widget, "owner-root");
	if (css_class_of(part))
		gtk_widget_add_css_class(widget, css_class_of(part));
	gtk_widget_set_tooltip_text(widget, text);
	gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
				       -1);
	gtk_widget_set_overflow(widget, GTK_OVERFLOW_HIDDEN);
	g_object_set_data(G_OBJECT(widget), "part", part);
	g_signal_connect(focus, "enter", G_CALLBACK(on_part_focus), self);
	gtk_widget_add_controller(widget, focus);
	gtk_widget_set_parent(widget, GTK_WIDGET(self));
	g_ptr_array_add(self->parts, widget);
}

static void unparent(gpointer widget)
{
	gtk_widget_unparent(widget);
}

static gboolean is_same(const BhgMemoryPart *a, const BhgMemoryPart *b)
{
	return a->kind == b->kind && a->start == b->start && a->size == b->size &&
	       a->fixed == b->fixed && a->cell == b->cell && !g_strcmp0(a->name, b->name);
}

static gboolean is_shown(BhgMemoryBar *self, GPtrArray *map)
{
	if (!self->map || self->map->len != map->len)
		return FALSE;
	for (guint i = 0; i < map->len; i++)
		if (!is_same(g_ptr_array_index(self->map, i), g_ptr_array_index(map, i)))
			return FALSE;
	return TRUE;
}

gboolean bhg_memory_bar_set_map(BhgMemoryBar *self, GPtrArray *map)
{
	/* Cells change all the time; who is at a part with the keyboard stays there. */
	if (is_shown(self, map))
		return FALSE;
	g_ptr_array_set_size(self->parts, 0);
	g_ptr_array_set_size(self->ticks, 0);
	g_clear_pointer(&self->map, g_ptr_array_unref);
	self->map = g_ptr_array_ref(map);
	compute_edges(self);
	for (guint i = 0; i < map->len; i++)
		add_part(self, g_ptr_array_index(map, i));
	make_ticks(self);
	gtk_widget_insert_before(self->marked, GTK_WIDGET(self), NULL); /* above all others */
	gtk_widget_queue_resize(GTK_WIDGET(self));
	return TRUE;
}

void bhg_memory_bar_set_zoom(BhgMemoryBar *self, double zoom)
{
	self->zoom = MAX(zoom, 1);
	gtk_widget_queue_resize(GTK_WIDGET(self));
}

/* ---- layout ---- */

static int tick_height(BhgMemoryBar *self)
{
	int height = 0;

	if (self->ticks->len)
		gtk_widget_measure(g_ptr_array_index(self->ticks, 0), GTK_ORIENTATION_VERTICAL, -1,
				   &height, NULL, NULL, NULL);
	return height;
}

static void bhg_memory_bar_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
				   int *minimum, int *natural, int *minimum_baseline,
				   int *natural_baseline)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(widget);

	for (guint i = 0; i < self->parts->len; i++)
		gtk_widget_measure(g_ptr_array_index(self->parts, i), orientation, -1, NULL, NULL,
				   NULL, NULL);
	if (orientation == GTK_ORIENTATION_HORIZONTAL) {
		*minimum = 200 * self->zoom;
		*natural = NATURAL_WIDTH * self->zoom;
	} else {
		*minimum = *natural = BAR_HEIGHT + tick_height(self);
	}
}

static void allocate_parts(BhgMemoryBar *self, int width)
{
	int at = 0;

	for (guint i = 0; i < self->parts->len; i++) {
		GtkWidget *part = g_ptr_array_index(self->parts, i);
		int left = MAX(at, (int)(self->edges[i] * width));
		int right = MAX(left + PART_MIN_WIDTH, (int)(self->edges[i + 1] * width));
		int rest = (self->parts->len - 1 - i) * PART_MIN_WIDTH;

		right = MAX(left, MIN(right, width - rest));
		if (right - left < LETTER_MIN_WIDTH)
			gtk_widget_add_css_class(part, "tiny");
		else
			gtk_widget_remove_css_class(part, "tiny");
		gtk_widget_size_allocate(part,
					 &(GtkAllocation){mirror(self, left, right - left), 0,
							  right - left, BAR_HEIGHT},
					 -1);
		at = right;
	}
}

static void allocate_ticks(BhgMemoryBar *self, int width)
{
	int free_from = 0;

	for (guint i = 0; i < self->ticks->len; i++) {
		GtkWidget *tick = g_ptr_array_index(self->ticks, i);
		const guint64 *address = g_object_get_data(G_OBJECT(tick), "address");
		int needed, x = bhg_memory_bar_position(self, *address) * width;

		gtk_widget_measure(tick, GTK_ORIENTATION_HORIZONTAL, -1, &needed, NULL, NULL, NULL);
		/* Those for which there is no room are left out. */
		gtk_widget_set_child_visible(tick, x >= free_from && x + needed <= width);
		gtk_widget_size_allocate(tick,
					 &(GtkAllocation){mirror(self, x, needed), BAR_HEIGHT,
							  needed, tick_height(self)},
					 -1);
		if (x >= free_from)
			free_from = x + needed + 12;
	}
}

static void bhg_memory_bar_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(widget);
	int from = self->marked_from * width, to = self->marked_to * width;

	if (!self->map)
		return;
	allocate_parts(self, width);
	allocate_ticks(self, width);
	gtk_widget_set_child_visible(self->marked, to > from);
	gtk_widget_measure(self->marked, GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
	gtk_widget_size_allocate(self->marked,
				 &(GtkAllocation){mirror(self, from, MAX(to - from, 1)), 0,
						  MAX(to - from, 1), BAR_HEIGHT},
				 -1);
}

/* ---- ranges ---- */

static double fraction(BhgMemoryBar *self, double x)
{
	double width = gtk_widget_get_width(GTK_WIDGET(self));

	if (gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL)
		x = width - x;
	return CLAMP(x / width, 0, 1);
}

static void on_drag(GtkGestureDrag *gesture, double dx, double dy, BhgMemoryBar *self)
{
	double x, y, from, to;

	gtk_gesture_drag_get_start_point(gesture, &x, &y);
	if (fabs(dx) < 4 || !self->map)
		return;
	from = fraction(self, x);
	to = fraction(self, x + dx);
	self->marked_from = MIN(from, to);
	self->marked_to = MAX(from, to);
	gtk_widget_queue_allocate(GTK_WIDGET(self));
}

/* What is marked is a range now. */
static void take_marked(BhgMemoryBar *self)
{
	guint64 start, end;

	if (self->marked_to <= self->marked_from)
		return;
	start = address_at(self, self->marked_from) / RANGE_UNIT * RANGE_UNIT;
	end = (address_at(self, self->marked_to) + RANGE_UNIT - 1) / RANGE_UNIT * RANGE_UNIT;
	self->marked_from = self->marked_to = 0;
	gtk_widget_queue_allocate(GTK_WIDGET(self));
	if (end > start)
		g_signal_emit(self, signals[SIGNAL_RANGE], 0, start, end - start);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, BhgMemoryBar *self)
{
	take_marked(self);
}

static gboolean is_mine(BhgMemoryBar *self, GtkWidget *part, guint *index)
{
	return part && g_ptr_array_find(self->parts, part, index);
}

/* By the keyboard: from where the part that has the focus begins, so many steps further or less far. */
static gboolean on_mark(GtkWidget *widget, GVariant *arguments, gpointer data)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(widget);
	int steps = g_variant_get_int32(arguments);
	guint index;

	if (!is_mine(self, gtk_root_get_focus(gtk_widget_get_root(widget)), &index))
		return FALSE;
	if (gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL)
		steps = -steps;
	if (self->marked_to <= self->marked_from || self->marked_from != self->edges[index])
		self->marked_from = self->marked_to = self->edges[index];
	self->marked_to = CLAMP(self->marked_to + steps / (MARK_STEPS * self->zoom),
				self->marked_from, self->edges[self->map->len]);
	gtk_widget_queue_allocate(widget);
	return TRUE;
}

/* What is marked, or else the part that has the focus. */
static gboolean on_take(GtkWidget *widget, GVariant *arguments, gpointer data)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(widget);
	guint index;

	if (!is_mine(self, gtk_root_get_focus(gtk_widget_get_root(widget)), &index))
		return FALSE;
	if (self->marked_to <= self->marked_from) {
		self->marked_from = self->edges[index];
		self->marked_to = self->edges[index + 1];
	}
	take_marked(self);
	return TRUE;
}

static gboolean on_escape(GtkWidget *widget, GVariant *arguments, gpointer data)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(widget);

	if (self->marked_to <= self->marked_from)
		return FALSE;
	self->marked_from = self->marked_to = 0;
	gtk_widget_queue_allocate(widget);
	return TRUE;
}

static void on_pressed(GtkGestureClick *gesture, int n, double x, double y, BhgMemoryBar *self)
{
	GtkWidget *picked = gtk_widget_pick(GTK_WIDGET(self), x, y, GTK_PICK_DEFAULT);

	if (picked && g_object_get_data(G_OBJECT(picked), "part")) {
		gtk_widget_grab_focus(picked);
		on_part_chosen(picked, self);
	}
}

/* ---- the object ---- */

static void bhg_memory_bar_dispose(GObject *object)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(object);

	g_ptr_array_set_size(self->parts, 0);
	g_ptr_array_set_size(self->ticks, 0);
	g_clear_pointer(&self->marked, gtk_widget_unparent);
	G_OBJECT_CLASS(bhg_memory_bar_parent_class)->dispose(object);
}

static void bhg_memory_bar_finalize(GObject *object)
{
	BhgMemoryBar *self = BHG_MEMORY_BAR(object);

	g_ptr_array_unref(self->parts);
	g_ptr_array_unref(self->ticks);
	g_clear_pointer(&self->map, g_ptr_array_unref);
	g_free(self->edges);
	G_OBJECT_CLASS(bhg_memory_bar_parent_class)->finalize(object);
}

static void bhg_memory_bar_class_init(BhgMemoryBarClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_memory_bar_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_memory_bar_finalize;
	widget_class->measure = bhg_memory_bar_measure;
	widget_class->size_allocate = bhg_memory_bar_size_allocate;
	gtk_widget_class_set_css_name(widget_class, "memorybar");
	gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
	gtk_widget_class_add_binding(widget_class, GDK_KEY_Right, GDK_SHIFT_MASK, on_mark, "i", 1);
	gtk_widget_class_add_binding(widget_class, GDK_KEY_Left, GDK_SHIFT_MASK, on_mark, "i", -1);
	gtk_widget_class_add_binding(widget_class, GDK_KEY_Return, 0, on_take, NULL);
	gtk_widget_class_add_binding(widget_class, GDK_KEY_Escape, 0, on_escape, NULL);
	signals[SIGNAL_PART] = g_signal_new("part", BHG_TYPE_MEMORY_BAR, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
	signals[SIGNAL_RANGE] =
		g_signal_new("range", BHG_TYPE_MEMORY_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
			     G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_UINT64);
}

static void bhg_memory_bar_init(BhgMemoryBar *self)
{
	GtkGesture *drag = gtk_gesture_drag_new(), *click = gtk_gesture_click_new();

	self->parts = g_ptr_array_new_with_free_func(unparent);
	self->ticks = g_ptr_array_new_with_free_func(unparent);
	self->zoom = 1;
	self->marked = gtk_label_new(NULL);
	gtk_widget_add_css_class(self->marked, "marked-range");
	gtk_widget_set_can_target(self->marked, FALSE);
	gtk_widget_set_parent(self->marked, GTK_WIDGET(self));
	g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag), self);
	g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), self);
	g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), self);
	gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
	gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
}
