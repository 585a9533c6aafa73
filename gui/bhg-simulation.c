// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <signal.h>
#include <sys/prctl.h>
#include "bhg-simulation.h"

struct _BhgSimulation {
	GObject parent;
	char *machine;
	GSubprocess *bus;
	GSubprocess *daemon;
	GDataInputStream *output;
};

G_DEFINE_FINAL_TYPE(BhgSimulation, bhg_simulation, G_TYPE_OBJECT)

static void bhg_simulation_dispose(GObject *object)
{
	BhgSimulation *self = BHG_SIMULATION(object);

	if (self->daemon)
		g_subprocess_send_signal(self->daemon, SIGTERM);
	if (self->bus)
		g_subprocess_send_signal(self->bus, SIGTERM);
	g_clear_object(&self->output);
	g_clear_object(&self->daemon);
	g_clear_object(&self->bus);
	G_OBJECT_CLASS(bhg_simulation_parent_class)->dispose(object);
}

static void bhg_simulation_finalize(GObject *object)
{
	g_free(BHG_SIMULATION(object)->machine);
	G_OBJECT_CLASS(bhg_simulation_parent_class)->finalize(object);
}

static void bhg_simulation_class_init(BhgSimulationClass *class)
{
	G_OBJECT_CLASS(class)->dispose = bhg_simulation_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_simulation_finalize;
}

static void bhg_simulation_init(BhgSimulation *self)
{
}

BhgSimulation *bhg_simulation_new(const char *machine)
{
	BhgSimulation *self = g_object_new(BHG_TYPE_SIMULATION, NULL);

	self->machine = g_strdup(machine);
	return self;
}

/* The window may be killed; what it started must not stay. */
static void end_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static GSubprocess *spawn(const char *const *command, GSubprocessFlags flags, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(flags);

	g_subprocess_launcher_set_child_setup(launcher, end_with_parent, NULL, NULL);
	return g_subprocess_launcher_spawnv(launcher, command, error);
}

/* What was built together with this program stands beside it. */
static char *find_daemon(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *here = self ? g_path_get_dirname(self) : g_strdup("");
	g_autofree char *built = g_build_filename(here, "..", "daemon", "bulkheadd", NULL);

	if (g_getenv("BULKHEADD"))
		return g_strdup(g_getenv("BULKHEADD"));
	if (g_file_test(built, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&built);
	return g_strdup(BHG_DAEMON);
}

static gboolean start_daemon(BhgSimulation *self, const char *address, GError **error)
{
	g_autofree char *program = find_daemon();
	g_autofree char *simulate = self->machine ? g_strconcat("--simulate=", self->machine, NULL)
						  : g_strdup("--simulate");
	g_autofree char *where = g_strconcat("--address=", address, NULL);
	const char *command[] = {program, simulate, where, NULL};

	self->daemon = spawn(command, G_SUBPROCESS_FLAGS_NONE, error);
	if (!self->daemon)
		g_prefix_error(error, _("The daemon of the simulated machine cannot be started: "));
	return self->daemon != NULL;
}

static void on_address(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	BhgSimulation *self = g_task_get_source_object(task);
	g_autoptr(GError) error = NULL;
	g_autofree char *address = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(source),
									result, NULL, &error);

	if (error)
		g_task_return_error(task, g_steal_pointer(&error));
	else if (!address)
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_FAILED,
					_("The message bus of the simulated machine does not "
					  "start."));
	else if (!start_daemon(self, address, &error))
		g_task_return_error(task, g_steal_pointer(&error));
	else
		g_task_return_pointer(task, g_steal_pointer(&address), g_free);
}

void bhg_simulation_start_async(BhgSimulation *self, GCancellable *cancellable,
				GAsyncReadyCallback callback, gpointer data)
{
	static const char *const command[] = {"dbus-daemon", "--session", "--nofork",
					      "--print-address=1", NULL};
	g_autoptr(GTask) task = g_task_new(self, cancellable, callback, data);
	g_autoptr(GError) error = NULL;

	g_return_if_fail(!self->bus);

	g_task_set_source_tag(task, bhg_simulation_start_async);
	self->bus = spawn(command, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
	if (!self->bus) {
		g_prefix_error(&error, _("No message bus for the simulated machine: "));
		g_task_return_error(task, g_steal_pointer(&error));
		return;
	}
	self->output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(self->bus));
	g_data_input_stream_read_line_async(self->output, G_PRIORITY_DEFAULT, cancellable,
					    on_address, g_steal_pointer(&task));
}

char *bhg_simulation_start_finish(BhgSimulation *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}
