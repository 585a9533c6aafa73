/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the window share: a bus and a daemon with a simulated machine, a window, waiting for things to happen, and
 * pictures of what is seen. All waits end after a time that is long even for a busy host, and then the test fails.
 */
#ifndef BHG_TEST_H
#define BHG_TEST_H

#include <adwaita.h>
#include "bhg-window.h"

G_BEGIN_DECLS

typedef struct {
	char *directory; /* of this test alone */
	char *cells; /* the directory of cell files */
	char *address; /* of the bus */
	GSubprocess *bus;
	GSubprocess *daemon;
	BhgConnection *connection;
	GtkWindow *window;
} BhgTest;

/* g_test_init(), and the window's parts; FALSE: there is no display, which was said, and main() returns 77. */
gboolean bhg_test_init(int *argc, char ***argv);

/* @machine: a file with a description, or NULL for four CPUs and 4 GiB. Nothing is started yet. */
BhgTest *bhg_test_new(void);
/* @denials: of the bus, as in dbus-daemon(1). */
BhgTest *bhg_test_new_denying(const char *denials);
void bhg_test_free(BhgTest *test);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhgTest, bhg_test_free)

/* A payload that follows @script (see lib/README.md), and a cell of one CPU that runs it; @more: further text of its file. */
void bhg_test_add_cell(BhgTest *test, const char *name, const char *more, const char *script);
/* Before the daemon is started: a Linux cell, whose kernel is a file that looks like one: on the simulated machine it says again what is typed at it. */
void bhg_test_add_linux_cell(BhgTest *test, const char *name);
void bhg_test_write_file(BhgTest *test, const char *name,
			 const char *text); /* the cell's whole text */

void bhg_test_start_daemon(BhgTest *test, const char *machine);
/* One for the machine this is, which has no module. */
void bhg_test_start_real_daemon(BhgTest *test);
/* From now on the bus starts one when somebody asks for it. */
void bhg_test_offer_daemon(BhgTest *test);
void bhg_test_kill_daemon(BhgTest *test);
void bhg_test_signal_daemon(BhgTest *test, int number); /* SIGSTOP, SIGCONT */

/* Opens test->connection to the bus, and waits until it is as it should be with a daemon there. */
void bhg_test_connect(BhgTest *test);
/* Calls a method and waits for its answer; @arguments is sunk. Fails the test if it fails. */
GVariant *bhg_test_call(BhgTest *test, const char *path, const char *interface, const char *method,
			GVariant *arguments);
void bhg_test_enable(BhgTest *test);
/* Starts it, and waits until the window's model says it runs. */
void bhg_test_start_cell(BhgTest *test, const char *name);
BhgCell *bhg_test_cell(BhgTest *test, const char *name); /* waits until it is there */
/* A plan whose base are the files of this test. */
BhePlan *bhg_test_plan(BhgTest *test);

/* A window of this size on the connection, mapped. */
BhgWindow *bhg_test_open_window(BhgTest *test, int width, int height);
void bhg_test_resize(BhgTest *test, int width, int height);
/* Waits until the frame that shows all that is known now was drawn. */
void bhg_test_settle(BhgTest *test);
/* Draws the window into screenshots/NAME.png of the build directory. */
void bhg_test_picture(BhgTest *test, const char *name);
/*
 * In light, dark, with high contrast, narrow, and mirrored for writing from right to left; with BULKHEAD_TEST_FEW_PICTURES in the
 * environment in light only.
 */
void bhg_test_pictures(BhgTest *test, const char *name);
/* In the dialog that asks for a file, as soon as it is there: chooses @path, of which the directory is there; NULL: cancels. */
void bhg_test_choose_file(const char *path);
/* The first widget below @widget of @type (0: any) whose name, label, title or tooltip is @text (NULL: any); NULL. */
GtkWidget *bhg_test_find(GtkWidget *widget, GType type, const char *text);
#define bhg_test_expect(test, type, text) \
	g_assert_nonnull(bhg_test_find(GTK_WIDGET((test)->window), type, text))

/* Iterates the main loop until @condition holds. */
#define bhg_test_wait(condition)                                                             \
	do {                                                                                 \
		gint64 bhg_until = bhg_test_deadline();                                      \
		while (!(condition))                                                         \
			if (!bhg_test_iterate(bhg_until))                                    \
				g_error("%s:%d: waited in vain for: %s", __FILE__, __LINE__, \
					#condition);                                         \
	} while (0)
gint64 bhg_test_deadline(void);
gboolean bhg_test_iterate(gint64 until); /* one turn of the main loop; FALSE: the time is over */

G_END_DECLS

#endif
