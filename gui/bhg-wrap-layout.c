// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhg-wrap-layout.h"

#define SPACING 6

struct _BhgWrapLayout {
	GtkLayoutManager parent;
};

G_DEFINE_FINAL_TYPE(BhgWrapLayout, bhg_wrap_layout, GTK_TYPE_LAYOUT_MANAGER)

static GtkSizeRequestMode bhg_wrap_layout_get_request_mode(GtkLayoutManager *layout,
							   GtkWidget *widget)
{
	return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static int natural_size(GtkWidget *child, GtkOrientation orientation, int for_size)
{
	int natural;

	gtk_widget_measure(child, orientation, for_size, NULL, &natural, NULL, NULL);
	return natural;
}

/* Goes through the children; gives them their places if @place. Returns the height. */
static int go_through(GtkWidget *widget, int width, gboolean place)
{
	gboolean rtl = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
	int x = 0, y = 0, row = 0;

	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		int w, h;

		if (!gtk_widget_should_layout(child))
			continue;
		w = MIN(natural_size(child, GTK_ORIENTATION_HORIZONTAL, -1), width);
		h = natural_size(child, GTK_ORIENTATION_VERTICAL, w);
		if (x && x + w > width) {
			x = 0;
			y += row + SPACING;
			row = 0;
		}
		if (place)
			gtk_widget_size_allocate(
				child, &(GtkAllocation){rtl ? width - x - w : x, y, w, h}, -1);
		x += w + SPACING;
		row = MAX(row, h);
	}
	return y + row;
}

static void bhg_wrap_layout_measure(GtkLayoutManager *layout, GtkWidget *widget,
				    GtkOrientation orientation, int for_size, int *minimum,
				    int *natural, int *minimum_baseline, int *natural_baseline)
{
	int most = 0, sum = 0;

	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		int least, wanted;

		if (!gtk_widget_should_layout(child))
			continue;
		gtk_widget_measure(child, GTK_ORIENTATION_HORIZONTAL, -1, &least, &wanted, NULL,
				   NULL);
		most = MAX(most, least);
		sum += wanted + (sum ? SPACING : 0);
	}
	if (orientation == GTK_ORIENTATION_HORIZONTAL) {
		*minimum = most;
		*natural = MAX(sum, most);
	} else {
		*minimum = *natural = go_through(widget, for_size < 0 ? sum : for_size, FALSE);
	}
}

static void bhg_wrap_layout_allocate(GtkLayoutManager *layout, GtkWidget *widget, int width,
				     int height, int baseline)
{
	go_through(widget, width, TRUE);
}

static void bhg_wrap_layout_class_init(BhgWrapLayoutClass *class)
{
	GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS(class);

	layout_class->get_request_mode = bhg_wrap_layout_get_request_mode;
	layout_class->measure = bhg_wrap_layout_measure;
	layout_class->allocate = bhg_wrap_layout_allocate;
}

static void bhg_wrap_layout_init(BhgWrapLayout *self)
{
}

GtkWidget *bhg_wrap_box_new(void)
{
	return g_object_new(GTK_TYPE_BOX, "layout-manager",
			    g_object_new(BHG_TYPE_WRAP_LAYOUT, NULL), NULL);
}
