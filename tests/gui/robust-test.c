// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The window when things go wrong: the daemon hangs, goes, comes back, answers late. And when there is much of
 * everything: how long frames take is told, and held to be less than anybody would take for a hang.
 */

#include <signal.h>
#include <string.h>
#include <time.h>
#include "bhg-console.h"
#include "bhg-test.h"

#define CELLS 200
/* What a call that waits would take at least is the 25 s of D-Bus; this is far above all that a busy host does. */
#define HANG_USEC (10 * G_USEC_PER_SEC)

static const char *const machine_pages[] = {"overview", "map",	  "devices",
					    "links",	"health", "changes"};
static const char *const cell_pages[] = {"running", "console", "journal", "configure", "source"};

/* The longest that one turn of the main loop took until the next two frames were drawn. */
static gint64 longest_turn(BhgTest *test)
{
	GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(test->window));
	gint64 until = bhg_test_deadline(), frame = gdk_frame_clock_get_frame_counter(clock);
	gint64 longest = 0;

	while (gdk_frame_clock_get_frame_counter(clock) < frame + 2) {
		gint64 start = g_get_monotonic_time();

		gtk_widget_queue_draw(GTK_WIDGET(test->window));
		g_assert_true(bhg_test_iterate(until));
		longest = MAX(longest, g_get_monotonic_time() - start);
	}
	return longest;
}

static void go_through_pages(BhgTest *test, const char *cell, gint64 *longest)
{
	for (guint i = 0; i < G_N_ELEMENTS(machine_pages); i++) {
		gint64 start = g_get_monotonic_time();

		bhg_window_show(BHG_WINDOW(test->window), NULL, machine_pages[i], NULL);
		*longest = MAX(*longest, g_get_monotonic_time() - start);
		*longest = MAX(*longest, longest_turn(test));
	}
	for (guint i = 0; i < G_N_ELEMENTS(cell_pages); i++) {
		gint64 start = g_get_monotonic_time();

		bhg_window_show(BHG_WINDOW(test->window), cell, cell_pages[i], NULL);
		*longest = MAX(*longest, g_get_monotonic_time() - start);
		*longest = MAX(*longest, longest_turn(test));
	}
}

static void test_hangs(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	gint64 longest = 0;

	bhg_test_add_cell(test, "one", NULL, "beat 200");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	bhg_test_signal_daemon(test, SIGSTOP);
	/* Everything that asks the daemon something is done while it does not answer. */
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "start", "one");
	go_through_pages(test, "one", &longest);
	go_through_pages(test, "one", &longest);
	g_test_message("longest turn of the main loop with a daemon that hangs: %.1f ms",
		       longest / 1e3);
	g_assert_cmpint(longest, <, HANG_USEC);
	bhg_test_signal_daemon(test, SIGCONT);
	bhg_test_wait(bhg_cell_runs(bhg_test_cell(test, "one")));
}

static void test_silent(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	g_autoptr(BhgConnection) first = NULL;

	bhg_test_add_cell(test, "one", NULL, "beat 200");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	first = g_steal_pointer(&test->connection);
	bhg_test_signal_daemon(test, SIGSTOP);
	test->connection = bhg_connection_new(BHG_TARGET_ADDRESS, test->address);
	bhg_connection_open(test->connection);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_SILENT);
	bhg_test_settle(test);
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "The daemon does not answer yet");
	bhg_test_picture(test, "silent");
	bhg_test_signal_daemon(test, SIGCONT);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
	bhg_test_cell(test, "one");
}

static void test_returns(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();

	bhg_test_add_cell(test, "one", NULL, "beat 200");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	bhg_window_show(BHG_WINDOW(test->window), "one", "running", NULL);
	for (guint i = 0; i < 3; i++) {
		bhg_test_kill_daemon(test);
		bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_ABSENT);
		bhg_test_settle(test);
		bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "The daemon is not there");
		bhg_test_start_daemon(test, NULL);
		bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
		bhg_test_settle(test);
		/* Where one was. */
		g_assert_nonnull(bhg_window_get_page(BHG_WINDOW(test->window)));
		g_assert_cmpstr(bhg_cell_get_name(bhg_page_get_cell(
					bhg_window_get_page(BHG_WINDOW(test->window)))),
				==, "one");
	}
}

/* ---- somebody who may not ---- */

static void test_not_allowed(void)
{
	g_autoptr(BhgTest) test =
		bhg_test_new_denying("<deny send_destination=\"org.bulkhead1\"/>");

	bhg_test_start_daemon(test, NULL);
	test->connection = bhg_connection_new(BHG_TARGET_ADDRESS, test->address);
	bhg_connection_open(test->connection);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_UNAUTHORIZED);
	bhg_test_settle(test);
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "Not allowed to look");
	bhg_test_expect(test, GTK_TYPE_BUTTON, "Unlock…");
	bhg_test_picture(test, "not-allowed");
}

static gboolean label_begins(GtkWidget *widget, const char *text)
{
	if (GTK_IS_LABEL(widget) && g_str_has_prefix(gtk_label_get_text(GTK_LABEL(widget)), text))
		return TRUE;
	for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child))
		if (label_begins(child, text))
			return TRUE;
	return FALSE;
}

/* Who may look, but not touch: what was refused is said, and nothing else happens. */
static void test_may_only_look(void)
{
	g_autoptr(BhgTest) test = bhg_test_new_denying(
		"<deny send_destination=\"org.bulkhead1\" send_interface=\"org.bulkhead1.Cell\""
		" send_member=\"Start\"/>");

	bhg_test_add_cell(test, "one", NULL, "beat 200");
	bhg_test_start_daemon(test, NULL);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	gtk_widget_activate_action(GTK_WIDGET(test->window), "win.cell", "(ss)", "start", "one");
	bhg_test_wait(label_begins(GTK_WIDGET(test->window), "The cell was not started: "));
	g_assert_false(bhg_cell_runs(bhg_test_cell(test, "one")));
	bhg_test_picture(test, "refused");
}

/* ---- another host ---- */

/* In place of ssh: what it would run on the other side, with the bus of this test for that host's. */
static void make_ssh(BhgTest *test)
{
	g_autofree char *path = g_build_filename(test->directory, "ssh", NULL);
	g_autofree char *script = g_strdup_printf(
		"#!/bin/sh\n[ \"$*\" = '-xT -- plant systemd-stdio-bridge' ] || exit 1\n"
		"exec systemd-stdio-bridge --bus-path='%s'\n",
		test->address);
	g_autofree char *search = g_strconcat(test->directory, ":", g_getenv("PATH"), NULL);

	g_assert_true(
		g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
	g_setenv("PATH", search, TRUE);
}

static gboolean console_says(BhgTest *test, const char *text)
{
	GtkWidget *console = bhg_test_find(GTK_WIDGET(test->window), BHG_TYPE_CONSOLE, NULL);
	g_autofree char *all = bhg_console_get_text(BHG_CONSOLE(console));

	return strstr(all, text) != NULL;
}

static void test_host(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();
	g_autofree char *bridge = g_find_program_in_path("systemd-stdio-bridge");

	if (!bridge) {
		g_test_skip("there is no systemd-stdio-bridge");
		return;
	}
	make_ssh(test);
	bhg_test_add_cell(test, "one", NULL, "print here I am\nbeat 200");
	bhg_test_start_daemon(test, NULL);
	test->connection = bhg_connection_new(BHG_TARGET_HOST, "plant");
	bhg_connection_open(test->connection);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED);
	bhg_test_enable(test);
	bhg_test_start_cell(test, "one");
	bhg_test_open_window(test, 1100, 740);
	/* Descriptors do not pass through ssh: the console is read as text. */
	bhg_window_show(BHG_WINDOW(test->window), "one", "console", NULL);
	bhg_test_wait(console_says(test, "here I am\nheartbeat 1\nheartbeat 2\n"));
	bhg_test_expect(test, 0, "plant");
}

static void test_no_host(void)
{
	g_autoptr(BhgTest) test = bhg_test_new();

	make_ssh(test);
	test->connection = bhg_connection_new(BHG_TARGET_HOST, "elsewhere");
	bhg_connection_open(test->connection);
	bhg_test_open_window(test, 1100, 740);
	bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_UNREACHABLE);
	bhg_test_settle(test);
	bhg_test_expect(test, ADW_TYPE_STATUS_PAGE, "No connection");
	bhg_test_picture(test, "no-connection");
}

/* ---- much of everything ---- */

static void test_large(void)
{
	g_autofree char *machine =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "large.json", NULL);
	g_autoptr(BhgTest) test = bhg_test_new();
	gint64 longest = 0, start;
	GtkWidget *list;
	clock_t cpu;

	for (guint i = 0; i < CELLS; i++) {
		g_autofree char *name = g_strdup_printf("cell-%03u", i);

		bhg_test_add_cell(test, name, NULL, "beat 1000");
	}
	bhg_test_start_daemon(test, machine);
	bhg_test_connect(test);
	bhg_test_enable(test);
	bhg_test_cell(test, "cell-199");
	bhg_test_start_cell(test, "cell-007");
	start = g_get_monotonic_time();
	cpu = clock();
	bhg_test_open_window(test, 1100, 740);
	g_test_message("window with %u cells and 256 CPUs: first content after %.0f ms, %.0f ms of "
		       "them at work",
		       CELLS, (g_get_monotonic_time() - start) / 1e3,
		       (clock() - cpu) * 1e3 / CLOCKS_PER_SEC);
	for (guint i = 0; i < CELLS; i += 10) {
		g_autofree char *name = g_strdup_printf("cell-%03u", i);

		bhg_window_show(BHG_WINDOW(test->window), name, "running", NULL);
		longest = MAX(longest, longest_turn(test));
	}
	g_test_message("selecting cells: longest turn of the main loop %.1f ms", longest / 1e3);
	g_assert_cmpint(longest, <, HANG_USEC);
	longest = 0;
	list = bhg_test_find(GTK_WIDGET(test->window), GTK_TYPE_LIST_VIEW, NULL);
	for (guint i = 0; i < 50; i++) {
		GtkAdjustment *v = gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(list));

		gtk_adjustment_set_value(v, i * 200.0);
		longest = MAX(longest, longest_turn(test));
	}
	g_test_message("scrolling cells: longest turn of the main loop %.1f ms", longest / 1e3);
	g_assert_cmpint(longest, <, HANG_USEC);
	start = g_get_monotonic_time();
	cpu = clock();
	bhg_window_show(BHG_WINDOW(test->window), NULL, "map", NULL);
	bhg_test_settle(test);
	g_test_message("the map of 256 CPUs: first seen after %.0f ms, %.0f ms of them at work",
		       (g_get_monotonic_time() - start) / 1e3,
		       (clock() - cpu) * 1e3 / CLOCKS_PER_SEC);
	bhg_test_picture(test, "large-map");
	longest = 0;
	for (guint i = 0; i < 20; i++) {
		g_signal_emit_by_name(test->connection, "cells-changed");
		longest = MAX(longest, longest_turn(test));
	}
	g_test_message("a change on that map: longest turn %.1f ms", longest / 1e3);
	g_assert_cmpint(longest, <, HANG_USEC);
}

int main(int argc, char **argv)
{
	if (!bhg_test_init(&argc, &argv))
		return 77;
	g_test_add_func("/robust/hangs", test_hangs);
	g_test_add_func("/robust/silent", test_silent);
	g_test_add_func("/robust/returns", test_returns);
	g_test_add_func("/robust/not-allowed", test_not_allowed);
	g_test_add_func("/robust/may-only-look", test_may_only_look);
	g_test_add_func("/robust/host", test_host);
	g_test_add_func("/robust/no-host", test_no_host);
	g_test_add_func("/robust/large", test_large);
	return g_test_run();
}
