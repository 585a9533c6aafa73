// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include "bhe.h"
#include "bhg-application.h"
#include "bhg-test.h"

#define PATIENCE_SECONDS 120

static const char cell_text[] = "# A cell for a test.\n"
				"[Cell]\n"
				"Description=A cell for a test\n"
				"%s"
				"ShutdownTimeoutSec=1\n"
				"\n"
				"[Memory ram]\n"
				"Size=%s\n"
				"GuestAddress=0\n"
				"\n"
				"[Memory comm]\n"
				"Type=comm\n"
				"\n"
				"[Image main]\n"
				"File=%s\n"
				"Address=0\n"
				"%s";

gint64 bhg_test_deadline(void)
{
	return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

static gboolean on_tick(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

gboolean bhg_test_iterate(gint64 until)
{
	/* So that a condition nobody wakes us for is looked at, too. */
	guint tick = g_timeout_add(20, on_tick, NULL);

	g_main_context_iteration(NULL, TRUE);
	g_source_remove(tick);
	return g_get_monotonic_time() < until;
}

/* From what the person who runs the tests has configured; not from icons and schemas of the system, as GLib would do it. */
static void isolate(void)
{
	static const char *const variables[] = {"XDG_CONFIG_HOME", "XDG_DATA_HOME",
						"XDG_STATE_HOME", "XDG_CACHE_HOME"};

	for (guint i = 0; i < G_N_ELEMENTS(variables); i++) {
		g_autofree char *path = g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "home",
							 variables[i], NULL);

		g_mkdir_with_parents(path, 0700);
		g_setenv(variables[i], path, TRUE);
	}
}

gboolean bhg_test_init(int *argc, char ***argv)
{
	GtkSettings *settings;

	setlocale(LC_ALL, "C.UTF-8");
	isolate();
	g_test_init(argc, argv, NULL);
	if (!gtk_init_check()) {
		g_print("1..0 # SKIP there is no display\n");
		return FALSE;
	}
	adw_init();
	bhg_init();
	bhe_init();
	bhg_init_display(gdk_display_get_default());
	settings = gtk_settings_get_default();
	g_object_set(settings, "gtk-enable-animations", FALSE, "gtk-font-name", "Cantarell 11",
		     NULL);
	return TRUE;
}

/* ---- processes ---- */

static void end_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *spawn(const char *const *command, GSubprocessFlags flags)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(flags);
	g_autoptr(GError) error = NULL;
	GSubprocess *process;

	g_subprocess_launcher_set_child_setup(launcher, end_with_parent, NULL, NULL);
	/* The daemon warns of forbidden accesses, which is what it is for. */
	g_subprocess_launcher_setenv(launcher, "G_DEBUG", "fatal-criticals", TRUE);
	process = g_subprocess_launcher_spawnv(launcher, command, &error);
	g_assert_no_error(error);
	return process;
}

static void end(GSubprocess **process)
{
	if (!*process)
		return;
	g_subprocess_force_exit(*process);
	g_subprocess_wait(*process, NULL, NULL);
	g_clear_object(process);
}

static const char bus_config[] =
	"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
	" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig><type>session</type><listen>unix:dir=%s</listen><auth>EXTERNAL</auth>\n"
	"<servicedir>%s</servicedir>\n"
	"<policy context=\"default\"><allow eavesdrop=\"true\"/>"
	"<allow send_destination=\"*\" eavesdrop=\"true\"/><allow own=\"*\"/>%s</policy>\n"
	"</busconfig>\n";

BhgTest *bhg_test_new(void)
{
	return bhg_test_new_denying("");
}

BhgTest *bhg_test_new_denying(const char *denials)
{
	g_autofree char *file = NULL, *argument = NULL, *config = NULL;
	const char *const *command;
	g_autoptr(GDataInputStream) output = NULL;
	g_autoptr(GError) error = NULL;
	BhgTest *test = g_new0(BhgTest, 1);

	test->directory = g_dir_make_tmp("bulkhead-gui-XXXXXX", &error);
	g_assert_no_error(error);
	test->cells = g_build_filename(test->directory, "cells", NULL);
	g_assert_cmpint(g_mkdir(test->cells, 0755), ==, 0);
	file = g_build_filename(test->directory, "bus.conf", NULL);
	config = g_strdup_printf(bus_config, test->directory, test->directory, denials);
	g_assert_true(g_file_set_contents(file, config, -1, NULL));
	argument = g_strconcat("--config-file=", file, NULL);
	command = (const char *[]){"dbus-daemon", argument, "--nofork", "--print-address=1", NULL};
	test->bus =
		spawn(command, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(test->bus));
	test->address = g_data_input_stream_read_line(output, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(test->address);
	return test;
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		remove_tree(inner);
	}
	g_remove(path);
}

static gboolean window_is_gone(GWeakRef *ref)
{
	g_autoptr(GtkWindow) window = g_weak_ref_get(ref);

	return !window;
}

void bhg_test_free(BhgTest *test)
{
	GWeakRef window;

	g_weak_ref_init(&window, test->window);
	if (test->window)
		gtk_window_destroy(test->window);
	/* A window that is closed must be gone, with all its pages, once nothing it asked for is under way. */
	bhg_test_wait(window_is_gone(&window));
	g_weak_ref_clear(&window);
	g_clear_object(&test->connection);
	while (g_main_context_iteration(NULL, FALSE))
		;
	end(&test->daemon);
	end(&test->bus);
	remove_tree(test->directory);
	g_free(test->directory);
	g_free(test->cells);
	g_free(test->address);
	g_free(test);
}

/* Ends with NULL; @simulate: an option, NULL: none. */
static GStrv daemon_command(BhgTest *test, const char *simulate)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autofree char *address = g_strconcat("--address=", test->address, NULL);
	g_autofree char *cells = g_strconcat("--cells-directory=", test->cells, NULL);
	g_autofree char *state = g_strconcat("--state-directory=", test->directory, "/state", NULL);
	g_autofree char *run = g_strconcat("--runtime-directory=", test->directory, "/run", NULL);

	g_assert_nonnull(g_getenv("BULKHEADD"));
	g_strv_builder_add_many(builder, g_getenv("BULKHEADD"), address, cells, state, run,
				simulate, NULL);
	return g_strv_builder_end(builder);
}

static void start_daemon(BhgTest *test, const char *simulate)
{
	g_auto(GStrv) command = daemon_command(test, simulate);

	test->daemon = spawn((const char *const *)command,
			     g_getenv("BULKHEAD_TEST_VERBOSE")
				     ? G_SUBPROCESS_FLAGS_NONE
				     : G_SUBPROCESS_FLAGS_STDERR_SILENCE |
					       G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
}

void bhg_test_start_daemon(BhgTest *test, const char *machine)
{
	g_autofree char *simulate =
		machine ? g_strconcat("--simulate=", machine, NULL) : g_strdup("--simulate");

	start_daemon(test, simulate);
}

void bhg_test_start_real_daemon(BhgTest *test)
{
	start_daemon(test, NULL);
}

void bhg_test_offer_daemon(BhgTest *test)
{
	g_autofree char *path = g_build_filename(test->directory, "org.bulkhead1.service", NULL);
	g_auto(GStrv) command = daemon_command(test, "--simulate");
	g_autofree char *line = g_strjoinv(" ", command);
	g_autofree char *text =
		g_strdup_printf("[D-BUS Service]\nName=" BHG_BUS_NAME "\nExec=%s\n", line);
	g_autoptr(GDBusConnection) bus = g_dbus_connection_new_for_address_sync(
		test->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, NULL);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	answer = g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					     "org.freedesktop.DBus", "ReloadConfig", NULL, NULL,
					     G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	g_assert_no_error(error);
	g_dbus_connection_close_sync(bus, NULL, NULL);
}

void bhg_test_kill_daemon(BhgTest *test)
{
	end(&test->daemon);
}

void bhg_test_signal_daemon(BhgTest *test, int number)
{
	g_subprocess_send_signal(test->daemon, number);
}

/* ---- cells ---- */

void bhg_test_write_file(BhgTest *test, const char *name, const char *text)
{
	g_autofree char *file = g_strconcat(name, ".cell", NULL);
	g_autofree char *path = g_build_filename(test->cells, file, NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

void bhg_test_add_cell(BhgTest *test, const char *name, const char *more, const char *script)
{
	g_autofree char *file = g_strconcat(name, ".sim", NULL);
	g_autofree char *image = g_build_filename(test->directory, file, NULL);
	g_autofree char *program = g_strconcat("#!bulkhead-simulated\n", script, "\n", NULL);
	g_autofree char *text = g_strdup_printf(cell_text, "Cpus=count:1\nHeartbeatSec=30\n", "1M",
						image, more ? more : "");
	g_autoptr(GError) error = NULL;

	g_file_set_contents(image, program, -1, &error);
	g_assert_no_error(error);
	bhg_test_write_file(test, name, text);
}

void bhg_test_add_linux_cell(BhgTest *test, const char *name)
{
	/* The kernel's documentation of x86, boot.rst: the header of a bzImage, and where what of it stands. */
	static const struct {
		guint offset;
		const char *bytes;
		guint size;
	} header[] = {
		{0x1f1, "\x01", 1},
		{0x1f4, "\0\x80", 2},
		{0x1fe, "\x55\xaa\xeb\x66HdrS\x0c\x02", 10},
		{0x22c, "\xff\xff\xff\x7f", 4},
		{0x230, "\0\0\x20\0\x01\0\x01", 7},
		{0x238, "\xff\x07", 2},
		{0x258, "\0\0\x40", 3},
	};
	g_autofree char *kernel = g_build_filename(test->directory, "kernel", NULL);
	g_autofree char *bytes = g_malloc0(1 << 20);
	g_autofree char *text = g_strdup_printf("[Cell]\nCpus=count:1\n[Memory low]\nSize=1M\n"
						"GuestAddress=0\n[Memory comm]\nType=comm\n"
						"[Memory main]\nSize=64M\n"
						"GuestAddress=0x200000\n[Linux]\nKernel=%s\n",
						kernel);

	for (guint i = 0; i < G_N_ELEMENTS(header); i++)
		memcpy(bytes + header[i].offset, header[i].bytes, header[i].size);
	g_assert_true(g_file_set_contents(kernel, bytes, 1 << 20, NULL));
	/* On the simulated machine nobody executes the loader. */
	g_setenv("BULKHEAD_LINUX_LOADER", kernel, TRUE);
	bhg_test_write_file(test, name, text);
}

BhgCell *bhg_test_cell(BhgTest *test, const char *name)
{
	BhgCell *cell;

	bhg_test_wait((cell = bhg_connection_find_cell(test->connection, name)) &&
		      bhg_cell_get_proxy(cell));
	return cell;
}

void bhg_test_connect(BhgTest *test)
{
	test->connection = bhg_connection_new(BHG_TARGET_ADDRESS, test->address);
	bhg_connection_open(test->connection);
	if (test->daemon)
		bhg_test_wait(bhg_connection_get_state(test->connection) == BHG_CONNECTED &&
			      bhg_connection_get_machine(test->connection));
}

typedef struct {
	gboolean done;
	GVariant *answer;
} Call;

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	Call *call = data;

	call->answer = bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	g_assert_no_error(error);
	call->done = TRUE;
}

GVariant *bhg_test_call(BhgTest *test, const char *path, const char *interface, const char *method,
			GVariant *arguments)
{
	Call call = {0};

	bhg_connection_call(test->connection, path, interface, method, arguments, NULL, on_answer,
			    &call);
	bhg_test_wait(call.done);
	return call.answer;
}

void bhg_test_enable(BhgTest *test)
{
	g_variant_unref(bhg_test_call(test, BHG_ROOT "/manager", "Manager", "Enable",
				      g_variant_new("(@a{sv})", bhg_no_options())));
	bhg_test_wait(
		g_str_equal(bhg_connection_get_hypervisor_state(test->connection), "enabled"));
}

void bhg_test_start_cell(BhgTest *test, const char *name)
{
	BhgCell *cell = bhg_test_cell(test, name);

	g_variant_unref(bhg_test_call(test, bhg_cell_get_path(cell), "Cell", "Start",
				      g_variant_new("(@a{sv})", bhg_no_options())));
	bhg_test_wait(bhg_cell_runs(cell));
}

BhePlan *bhg_test_plan(BhgTest *test)
{
	GListModel *cells = bhg_connection_get_cells(test->connection);
	g_autoptr(GDir) dir = g_dir_open(test->cells, 0, NULL);
	BhePlan *plan = bhe_plan_new(NULL);
	GVariantBuilder files;
	const char *name;

	g_variant_builder_init(&files, G_VARIANT_TYPE("a{ss}"));
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(test->cells, name, NULL);
		g_autofree char *cell = g_strndup(name, strlen(name) - strlen(".cell"));
		g_autofree char *text = NULL;

		if (g_file_get_contents(path, &text, NULL, NULL))
			g_variant_builder_add(&files, "{ss}", cell, text);
	}
	bhe_plan_set_base(plan, g_variant_builder_end(&files), 1);
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		gsize count;
		const guint *cpus = bhg_cell_get_cpus(cell, &count);

		bhe_plan_set_placed_cpus(plan, bhg_cell_get_name(cell), cpus, count);
	}
	return plan;
}

/* ---- the window ---- */

static void on_frame(GdkFrameClock *clock, guint *frames)
{
	(*frames)++;
}

void bhg_test_settle(BhgTest *test)
{
	GtkWidget *widget = GTK_WIDGET(test->window);
	GdkFrameClock *clock = gtk_widget_get_frame_clock(widget);
	guint frames = 0;
	gulong handler = g_signal_connect(clock, "after-paint", G_CALLBACK(on_frame), &frames);

	/* What is known becomes a state of widgets; then two frames, as the first may ask for the second. */
	while (g_main_context_iteration(NULL, FALSE))
		;
	for (guint i = 0; i < 2; i++) {
		guint before = frames;

		gtk_widget_queue_draw(widget);
		gdk_frame_clock_request_phase(clock, GDK_FRAME_CLOCK_PHASE_PAINT);
		bhg_test_wait(frames > before);
	}
	g_signal_handler_disconnect(clock, handler);
}

BhgWindow *bhg_test_open_window(BhgTest *test, int width, int height)
{
	BhgWindow *window = bhg_window_new(NULL, test->connection);

	test->window = GTK_WINDOW(window);
	gtk_window_set_default_size(test->window, width, height);
	gtk_window_present(test->window);
	bhg_test_wait(gtk_widget_get_mapped(GTK_WIDGET(window)) &&
		      gtk_widget_get_width(GTK_WIDGET(window)) > 0);
	bhg_test_settle(test);
	return window;
}

void bhg_test_resize(BhgTest *test, int width, int height)
{
	gtk_window_set_default_size(test->window, width, height);
	bhg_test_settle(test);
}

void bhg_test_picture(BhgTest *test, const char *name)
{
	GtkWidget *widget = GTK_WIDGET(test->window);
	g_autofree char *directory =
		g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), "screenshots", NULL);
	g_autofree char *file = g_strconcat(name, ".png", NULL);
	g_autofree char *path = g_build_filename(directory, file, NULL);
	g_autoptr(GdkPaintable) paintable = NULL;
	g_autoptr(GskRenderNode) node = NULL;
	g_autoptr(GdkTexture) texture = NULL;
	GtkSnapshot *snapshot = gtk_snapshot_new();
	graphene_rect_t all;
	int width, height;

	bhg_test_settle(test);
	width = gtk_widget_get_width(widget);
	height = gtk_widget_get_height(widget);
	paintable = gtk_widget_paintable_new(widget);
	gdk_paintable_snapshot(paintable, snapshot, width, height);
	node = gtk_snapshot_free_to_node(snapshot);
	g_assert_nonnull(node);
	all = GRAPHENE_RECT_INIT(0, 0, width, height);
	texture = gsk_renderer_render_texture(gtk_native_get_renderer(GTK_NATIVE(widget)), node,
					      &all);
	g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
	g_assert_true(gdk_texture_save_to_png(texture, path));
	g_test_message("picture: %s", path);
}

static void picture_in(BhgTest *test, const char *name, const char *style)
{
	g_autofree char *file = g_strdup_printf("%s-%s", name, style);

	bhg_test_picture(test, file);
}

void bhg_test_pictures(BhgTest *test, const char *name)
{
	AdwStyleManager *style = adw_style_manager_get_default();
	g_autoptr(GSettings) a11y = g_settings_new("org.gnome.desktop.a11y.interface");

	bhg_test_picture(test, name);
	if (g_getenv("BULKHEAD_TEST_FEW_PICTURES"))
		return;
	adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_DARK);
	picture_in(test, name, "dark");
	adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_LIGHT);
	g_settings_set_boolean(a11y, "high-contrast", TRUE);
	g_assert_true(adw_style_manager_get_high_contrast(style));
	picture_in(test, name, "contrast");
	g_settings_set_boolean(a11y, "high-contrast", FALSE);
	bhg_test_resize(test, 400, 740);
	picture_in(test, name, "narrow");
	bhg_test_resize(test, 1100, 740);
	/* Last: not all that was made meanwhile turns back. */
	gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
	picture_in(test, name, "mirrored");
	gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
}

static gboolean says(GtkWidget *widget, const char *text)
{
	static const char *const properties[] = {"label", "title", "text", "tooltip-text"};

	if (g_strcmp0(gtk_widget_get_name(widget), text) == 0)
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
		GParamSpec *pspec =
			g_object_class_find_property(G_OBJECT_GET_CLASS(widget), properties[i]);
		g_autofree char *value = NULL;

		if (!pspec || pspec->value_type != G_TYPE_STRING)
			continue;
		g_object_get(widget, properties[i], &value, NULL);
		if (g_strcmp0(value, text) == 0)
			return TRUE;
	}
	return FALSE;
}

GtkWidget *bhg_test_find(GtkWidget *widget, GType type, const char *text)
{
	GtkWidget *child;

	if (!gtk_widget_get_visible(widget) || !gtk_widget_get_child_visible(widget))
		return NULL;
	if ((!type || g_type_is_a(G_OBJECT_TYPE(widget), type)) && (!text || says(widget, text)))
		return widget;
	for (child = gtk_widget_get_first_child(widget); child;
	     child = gtk_widget_get_next_sibling(child)) {
		GtkWidget *found = bhg_test_find(child, type, text);

		if (found)
			return found;
	}
	return NULL;
}

static GtkWidget *find_window(GType type)
{
	g_autoptr(GList) windows = gtk_window_list_toplevels();

	for (GList *window = windows; window; window = window->next)
		if (G_TYPE_CHECK_INSTANCE_TYPE(window->data, type) &&
		    gtk_widget_get_mapped(window->data))
			return window->data;
	return NULL;
}

/* Without a portal, which tests have none of, it is a window of this process. */
static GtkWidget *find_chooser(void)
{
	return find_window(GTK_TYPE_FILE_CHOOSER_DIALOG);
}

static gboolean has_chosen(GtkFileChooser *chooser, GFile *wanted)
{
	g_autoptr(GFile) file = gtk_file_chooser_get_file(chooser);

	return file && g_file_equal(file, wanted);
}

void bhg_test_choose_file(const char *path)
{
	g_autoptr(GFile) file = path ? g_file_new_for_path(path) : NULL;
	GtkWidget *dialog;

	bhg_test_wait((dialog = find_chooser()));
	if (file) {
		GtkFileChooser *chooser = GTK_FILE_CHOOSER(dialog);

		/* As typed. It is known once the directory has been read. */
		if (gtk_file_chooser_get_action(chooser) == GTK_FILE_CHOOSER_ACTION_SAVE)
			gtk_file_chooser_set_current_name(chooser, path);
		else
			g_assert_true(gtk_file_chooser_set_file(chooser, file, NULL));
		bhg_test_wait(has_chosen(chooser, file));
	}
	gtk_dialog_response(GTK_DIALOG(dialog), file ? GTK_RESPONSE_ACCEPT : GTK_RESPONSE_CANCEL);
	bhg_test_wait(!find_chooser());
	/* It says of the directory it was about to read before that it could not. */
	while ((dialog = find_window(GTK_TYPE_MESSAGE_DIALOG)))
		gtk_window_destroy(GTK_WINDOW(dialog));
}
