// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thousand refreshes of all pages, and nothing is left of them. What libraries keep on purpose until the process ends would hide a leak from
 * who looks at the end, so the heap is measured as it goes.
 */

#include <malloc.h>
#include "bhe-service.h"
#include "bhg-test.h"

#define WARM_UP 100
#define REFRESHES 500 /* twice */
/* Of what one refresh leaves, in bytes: the least block that malloc() gives. docs/configurator.md says what does leave some. */
#define MOST 32
/* What the heap has at one moment and not at another, such as a frame's, is some tens of KiB: the least of so many counts. */
#define MOMENTS 5

static const char *const pages[][2] = {
	{"", "overview"},   {"", "map"},	  {"", "devices"},    {"", "links"},
	{"", "health"},	    {"", "changes"},	  {"one", "running"}, {"one", "console"},
	{"one", "journal"}, {"one", "configure"}, {"one", "source"},
};

static const char cell_text[] = "[Cell]\nDescription=Of an %s turn\nCpus=count:1\nHeartbeatSec=30\n"
				"[Memory ram]\nSize=1M\nGuestAddress=0\n";

static guint count_widgets(GtkWidget *widget)
{
	guint count = 1;

	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child))
		count += count_widgets(child);
	return count;
}

static void on_properties(guint *came)
{
	(*came)++;
}

/*
 * All pages show what there is now, seen or not; each tenth time because the daemon has told of another description of the cell, which
 * comes as PropertiesChanged, and has its file read and judged again.
 */
static void refresh(BhgTest *test, guint times)
{
	static guint written;
	BhgCell *cell = bhg_test_cell(test, "one");
	guint came = 0;
	gulong handler = g_signal_connect_swapped(bhg_cell_get_proxy(cell), "g-properties-changed",
						  G_CALLBACK(on_properties), &came);

	for (guint i = 0; i < times; i++) {
		g_signal_emit_by_name(cell, "changed");
		g_signal_emit_by_name(test->connection, "cells-changed");
		g_signal_emit_by_name(test->connection, "changed");
		if (i % 10 == 0) {
			g_autofree char *text =
				g_strdup_printf(cell_text, written++ % 2 ? "odd " : "even");
			guint before = came;

			bhg_test_write_file(test, "one", text);
			bhg_test_wait(came > before);
			bhg_test_settle(test);
		}
	}
	g_signal_handler_disconnect(bhg_cell_get_proxy(cell), handler);
	bhg_test_settle(test);
}

static gsize measure(BhgTest *test)
{
	gsize least = G_MAXSIZE;

	for (guint i = 0; i < MOMENTS; i++) {
		refresh(test, 10);
		bhg_test_wait(bhe_service_is_judged(bhe_service_get(test->connection)));
		bhg_test_settle(test);
		least = MIN(least, mallinfo2().uordblks);
	}
	return least;
}

static void test_refreshes(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	double before, left = G_MAXDOUBLE;
	guint widgets;

	bhg_test_write_file(test, "one", "[Cell]\nCpus=count:1\n");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
		bhg_window_show(BHG_WINDOW(test->window), pages[i][0], pages[i][1], NULL);
		bhg_test_settle(test);
	}
	refresh(test, WARM_UP);
	widgets = count_widgets(GTK_WIDGET(test->window));
	before = measure(test);
	/* What is made once, such as a table that has become too small, is in one half of them. */
	for (guint half = 0; half < 2; half++) {
		double after;

		refresh(test, REFRESHES);
		after = measure(test);
		g_test_message("%u refreshes of all pages: %+.1f bytes left of each", REFRESHES,
			       (after - before) / REFRESHES);
		left = MIN(left, (after - before) / REFRESHES);
		before = after;
	}
	g_assert_cmpuint(count_widgets(GTK_WIDGET(test->window)), ==, widgets);
	g_assert_cmpfloat(left, <, MOST);
}

int main(int argc, char **argv)
{
	if (!bhg_test_init(&argc, &argv))
		return 77;
	g_test_add_func("/leaks/refreshes", test_refreshes);
	return g_test_run();
}
