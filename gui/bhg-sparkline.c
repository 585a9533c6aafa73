// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhg-sparkline.h"

struct _BhgSparkline {
	GtkWidget parent;
	double values[BHG_SPARKLINE_POINTS]; /* a ring */
	guint next; /* where the next goes */
	guint count;
};

G_DEFINE_FINAL_TYPE(BhgSparkline, bhg_sparkline, GTK_TYPE_WIDGET)

void bhg_sparkline_add(BhgSparkline *self, double value)
{
	self->values[self->next] = value;
	self->next = (self->next + 1) % BHG_SPARKLINE_POINTS;
	self->count = MIN(self->count + 1, BHG_SPARKLINE_POINTS);
	gtk_widget_queue_draw(GTK_WIDGET(self));
}

void bhg_sparkline_clear(BhgSparkline *self)
{
	self->next = self->count = 0;
	gtk_widget_queue_draw(GTK_WIDGET(self));
}

static double value_at(BhgSparkline *self, guint i) /* 0: the oldest */
{
	return self->values[(self->next + BHG_SPARKLINE_POINTS - self->count + i) %
			    BHG_SPARKLINE_POINTS];
}

static void bhg_sparkline_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
	BhgSparkline *self = BHG_SPARKLINE(widget);
	int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
	double most = 0, step = (double)width / (BHG_SPARKLINE_POINTS - 1);
	graphene_rect_t all = GRAPHENE_RECT_INIT(0, 0, width, height);
	gboolean rtl = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
	GdkRGBA colour;
	cairo_t *cr;

	if (self->count < 2)
		return;
	for (guint i = 0; i < self->count; i++)
		most = MAX(most, value_at(self, i));
	gtk_style_context_get_color(gtk_widget_get_style_context(widget), &colour);
	cr = gtk_snapshot_append_cairo(snapshot, &all);
	for (guint i = 0; i < self->count; i++) {
		double x = width - (self->count - 1 - i) * step;
		double y = height - 2 - (most > 0 ? value_at(self, i) / most : 0) * (height - 4);

		cairo_line_to(cr, rtl ? width - x : x, y);
	}
	gdk_cairo_set_source_rgba(cr, &colour);
	cairo_set_line_width(cr, 2);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	cairo_stroke(cr);
	cairo_destroy(cr);
}

static void bhg_sparkline_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
				  int *minimum, int *natural, int *minimum_baseline,
				  int *natural_baseline)
{
	*minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 60 : 36;
	*natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 90 : 36;
}

static void bhg_sparkline_class_init(BhgSparklineClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	widget_class->snapshot = bhg_sparkline_snapshot;
	widget_class->measure = bhg_sparkline_measure;
	gtk_widget_class_set_css_name(widget_class, "sparkline");
	gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void bhg_sparkline_init(BhgSparkline *self)
{
}
