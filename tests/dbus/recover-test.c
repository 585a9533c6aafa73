// SPDX-License-Identifier: GPL-2.0-or-later
/* What a daemon does about the operation an earlier one was killed in. A simulated machine would not outlive it: here it does. */

#include <glib/gstdio.h>
#include "bhd-error.h"
#include "bhd-loaded.h"
#include "bhd-operation.h"

#define PLAIN "[Cell]\nCpus=1\n[Memory ram]\nSize=512K\nGuestAddress=0\n[Memory comm]\nType=comm\n"

static struct bh_backend *backend;
static char *note;

static BhdOperation *operation_new(BhdOperationKind kind, const char *text)
{
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCellFile) file = bh_cell_file_new("/x/c.cell", text, -1);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	BhdOperation *operation = bhd_operation_new(kind, "c");
	g_autoptr(GError) error = NULL;

	operation->config = bh_cell_parse(file, findings);
	operation->descriptor = bh_compile(operation->config, placement, &error);
	g_assert_no_error(error);
	operation->images = bh_compile_images(operation->config, NULL, NULL);
	operation->note = note;
	return operation;
}

static void run(BhdOperationKind kind)
{
	g_autoptr(BhdOperation) operation = operation_new(kind, PLAIN);
	g_autoptr(GError) error = NULL;

	bhd_operation_run(backend, operation, NULL, &error);
	g_assert_no_error(error);
	g_assert_false(g_file_test(note, G_FILE_TEST_EXISTS));
}

static BhdSnapshot *look(void)
{
	BhdSnapshot *snapshot = bhd_snapshot_new(NULL);
	g_autoptr(GError) error = NULL;

	bhd_snapshot_read(backend, snapshot, NULL, &error);
	g_assert_no_error(error);
	return snapshot;
}

static void leave_note(const char *kind, gboolean existed, gboolean ran)
{
	g_autofree char *contents =
		g_strdup_printf("[Operation]\nCell=c\nKind=%s\nExisted=%s\nRan=%s\n", kind,
				existed ? "true" : "false", ran ? "true" : "false");

	g_assert_true(g_file_set_contents(note, contents, -1, NULL));
}

/* The kind that completes or undoes; -1: nothing is to be done. */
static int recover(void)
{
	g_autoptr(BhdSnapshot) snapshot = look();
	g_autoptr(BhdOperation) operation = bhd_operation_recover(note, snapshot);

	g_assert_false(g_file_test(note, G_FILE_TEST_EXISTS));
	if (!operation)
		return -1;
	g_assert_cmpstr(operation->cell, ==, "c");
	if (operation->kind == BHD_OPERATION_DESTROY)
		g_assert_true(operation->force);
	return operation->kind;
}

static void test_half_made(void)
{
	run(BHD_OPERATION_CREATE);
	leave_note("start", FALSE, FALSE);
	g_assert_cmpint(recover(), ==, BHD_OPERATION_DESTROY);
	/* What somebody created before is not ours to destroy. */
	leave_note("load", TRUE, FALSE);
	g_assert_cmpint(recover(), ==, -1);
	run(BHD_OPERATION_DESTROY);
	leave_note("start", FALSE, FALSE);
	g_assert_cmpint(recover(), ==, -1);
}

static void test_done(void)
{
	run(BHD_OPERATION_START);
	leave_note("start", FALSE, FALSE);
	g_assert_cmpint(recover(), ==, -1);
	leave_note("restart", TRUE, TRUE);
	g_assert_cmpint(recover(), ==, -1);
}

static void test_restart(void)
{
	leave_note("restart", TRUE, TRUE);
	run(BHD_OPERATION_STOP);
	leave_note("restart", TRUE, TRUE);
	g_assert_cmpint(recover(), ==, BHD_OPERATION_START);
	run(BHD_OPERATION_DESTROY);
	leave_note("restart", TRUE, TRUE);
	g_assert_cmpint(recover(), ==, BHD_OPERATION_START);
}

static void test_nothing(void)
{
	g_assert_cmpint(recover(), ==, -1);
	g_assert_true(g_file_set_contents(note, "\x01garbage", -1, NULL));
	g_assert_cmpint(recover(), ==, -1);
}

/* A step that fails undoes what this run created, and the note goes. */
static void test_undone(void)
{
	g_autoptr(BhdOperation) operation = operation_new(
		BHD_OPERATION_START, PLAIN "[Image main]\nFile=/nonexistent/image\nAddress=0\n");
	g_autoptr(BhdSnapshot) snapshot = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(bhd_operation_run(backend, operation, NULL, &error));
	g_assert_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG);
	g_assert_false(g_file_test(note, G_FILE_TEST_EXISTS));
	snapshot = look();
	g_assert_null(bhd_snapshot_find(snapshot, "c"));
}

/* What was loaded is known to the next daemon, but of this making of this cell only. */
static void test_loaded(void)
{
	static const char images[] = "speed=fast\n/srv/a.bin 0 0x0\n/srv/\303\244.bin 1 0x1000";
	g_autofree char *directory = g_path_get_dirname(note);
	g_autofree char *loaded = g_build_filename(directory, "loaded", NULL);
	g_autofree char *read = NULL;

	g_assert_null(bhd_loaded_read(directory, "c", 7));
	bhd_loaded_write(directory, "c", 1, "other");
	bhd_loaded_write(directory, "c", G_MAXUINT64, images);
	read = bhd_loaded_read(directory, "c", G_MAXUINT64);
	g_assert_cmpstr(read, ==, images);
	g_assert_null(bhd_loaded_read(directory, "c", 1));
	g_assert_null(bhd_loaded_read(directory, "d", G_MAXUINT64));
	bhd_loaded_remove(directory, "c");
	g_assert_null(bhd_loaded_read(directory, "c", G_MAXUINT64));
	/* The core has cells of any name; they have no file. */
	bhd_loaded_write(directory, "../c", 7, images);
	g_assert_null(bhd_loaded_read(directory, "../c", 7));
	bhd_loaded_remove(directory, "../c");
	g_assert_cmpint(g_rmdir(loaded), ==, 0);
}

int main(int argc, char **argv)
{
	struct bh_device_error device = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = NULL;
	int status;

	g_test_init(&argc, &argv, NULL);
	directory = g_dir_make_tmp("bulkhead-XXXXXX", &error);
	g_assert_no_error(error);
	note = g_build_filename(directory, "operation", NULL);
	backend = bh_backend_open_simulated(NULL, &device);
	g_assert_nonnull(backend);
	g_assert_cmpint(backend->ops->enable(backend, 0, NULL, &device), ==, 0);

	g_test_add_func("/recover/half-made", test_half_made);
	g_test_add_func("/recover/done", test_done);
	g_test_add_func("/recover/restart", test_restart);
	g_test_add_func("/recover/nothing", test_nothing);
	g_test_add_func("/recover/undone", test_undone);
	g_test_add_func("/recover/loaded", test_loaded);
	status = g_test_run();
	backend->ops->free(backend);
	g_rmdir(directory);
	g_free(note);
	return status;
}
