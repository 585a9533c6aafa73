// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-error.h"
#include "bhd-machine.h"
#include "bhd-options.h"

#define SIMPLE_CPUS 4
#define SIMPLE_MEMORY (4ULL << 30)

/* Devices come in bursts, each of them with several events. */
#define SETTLE_MS 300

struct _BhdMachine {
	BhDbusMachineSkeleton parent;
	BhdDaemon *daemon; /* outlives it */
	guint settle;
	gboolean looking; /* in a thread */
	gboolean again; /* something has changed since that began */
	GSList *calls; /* of Rediscover(): want a look that begins later */
};

static void machine_iface_init(BhDbusMachineIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhdMachine, bhd_machine, BH_DBUS_TYPE_MACHINE_SKELETON,
			      G_IMPLEMENT_INTERFACE(BH_DBUS_TYPE_MACHINE, machine_iface_init))

static char *memory_path(const BhdSettings *settings)
{
	return g_build_filename(settings->runtime_directory, "machine.json", NULL);
}

static void remember(const BhdSettings *settings, const BhMachine *machine)
{
	g_autofree char *path = memory_path(settings);
	g_autoptr(GError) error = NULL;

	if (!bh_machine_save(machine, path, &error))
		g_warning("The description of this machine is not remembered: %s", error->message);
}

BhMachine *bhd_machine_look(const BhdSettings *settings, gboolean enabled, GError **error)
{
	g_autofree char *remembered = NULL;
	g_autoptr(BhMachine) machine = NULL;

	if (settings->simulate && settings->machine_file) {
		machine = bh_machine_load(settings->machine_file, error);
		/* Nobody else has it yet. What it describes may be real; what we serve is not. */
		if (machine)
			machine->simulated = TRUE;
		return g_steal_pointer(&machine);
	}
	if (settings->simulate)
		return bh_machine_new_simple(SIMPLE_CPUS, SIMPLE_MEMORY);
	remembered = memory_path(settings);
	if (enabled) {
		machine = bh_machine_load(remembered, NULL);
		if (machine)
			return g_steal_pointer(&machine);
	}
	machine = bh_machine_discover(settings->root, error);
	if (machine && !enabled)
		remember(settings, machine);
	return g_steal_pointer(&machine);
}

/* --- checks ---------------------------------------------------------------------------------- */

static void add_check(GVariantBuilder *builder, const char *name, const char *result,
		      const char *format, ...) G_GNUC_PRINTF(4, 5);

static void add_check(GVariantBuilder *builder, const char *name, const char *result,
		      const char *format, ...)
{
	g_autofree char *message = NULL;
	GVariantDict dict;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "name", "s", name);
	g_variant_dict_insert(&dict, "result", "s", result);
	g_variant_dict_insert(&dict, "message", "s", message);
	g_variant_builder_add_value(builder, g_variant_dict_end(&dict));
}

static void check_cpus(GVariantBuilder *checks, const BhMachine *machine)
{
	guint to_give = 0;

	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];

		to_give += cpu->can_offline;
	}
	if (to_give)
		add_check(checks, "cpus", "good", "Linux can give up %u of its %u CPUs", to_give,
			  machine->cpus->len);
	else
		add_check(checks, "cpus", "missing",
			  "Linux can give up none of its %u CPUs: a cell needs at least one of its "
			  "own",
			  machine->cpus->len);
}

static gboolean is_arm64(const BhMachine *machine)
{
	return !strcmp(machine->architecture, "arm64");
}

static void check_memory(GVariantBuilder *checks, const BhMachine *machine)
{
	guint64 removable = 0;

	for (guint i = 0; i < machine->blocks->len; i++) {
		const BhMachineBlock *block = machine->blocks->pdata[i];

		if (block->removable)
			removable += block->size;
	}
	if (removable)
		add_check(checks, "memory", "good",
			  "about %" G_GUINT64_FORMAT " MiB of memory can be taken from the running "
			  "Linux",
			  removable >> 20);
	else
		add_check(
			checks, "memory", "limited",
			"no memory can be taken from the running Linux: keep some from it at boot "
			"with %s and enable with that range",
			is_arm64(machine) ? "mem=" : "memmap=");
}

static void check_virtualization(GVariantBuilder *checks, const BhMachine *machine)
{
	if (!machine->virtualization && is_arm64(machine))
		add_check(checks, "virtualization", "missing",
			  "Linux does not say that it was started at EL2 (by /dev/kvm): have the "
			  "firmware start it there, and do not switch KVM off");
	else if (!machine->virtualization)
		add_check(checks, "virtualization", "missing",
			  "the CPUs offer no virtualization extension: look for SVM or VT-x in the "
			  "firmware's setup");
	else if (!strcmp(machine->virtualization, "svm"))
		add_check(checks, "virtualization", "good", "the CPUs have AMD-V");
	else if (!strcmp(machine->virtualization, "el2"))
		add_check(checks, "virtualization", "good", "Linux was started at EL2");
	else
		add_check(checks, "virtualization", "missing",
			  "the CPUs have %s, which this version does not drive yet",
			  machine->virtualization);
}

GVariant *bhd_machine_check(const BhMachine *machine, gboolean present, const char *silence)
{
	GVariantBuilder checks;

	g_variant_builder_init(&checks, G_VARIANT_TYPE("aa{sv}"));
	if (present)
		add_check(&checks, "module", "good", "the module bulkhead is loaded");
	else if (silence)
		add_check(&checks, "module", "missing", "%s", silence);
	else
		add_check(&checks, "module", "missing",
			  "the module is not loaded: there is no /dev/bulkhead; try modprobe "
			  "bulkhead");
	if (machine->simulated)
		add_check(&checks, "simulated", "limited",
			  "this machine is simulated: nothing that happens here is real");
	else
		check_virtualization(&checks, machine);
	if (strcmp(machine->architecture, "x86-64") && !is_arm64(machine))
		add_check(&checks, "architecture", "missing",
			  "the architecture %s is not supported yet", machine->architecture);
	else
		add_check(&checks, "architecture", "good", "the architecture is %s",
			  machine->architecture);
	check_cpus(&checks, machine);
	check_memory(&checks, machine);
	if (machine->iommus->len && ((const BhMachineIommu *)machine->iommus->pdata[0])->active)
		add_check(
			&checks, "iommu", "good",
			"Linux drives an IOMMU: devices of a cell reach that cell's memory alone");
	else if (machine->iommus->len)
		add_check(&checks, "iommu", "limited",
			  "there is an IOMMU, which Linux does not drive: devices of a cell can "
			  "reach all memory; %s",
			  is_arm64(machine) ? "is its driver part of the kernel?"
					    : "intel_iommu=on or amd_iommu=on on the kernel's "
					      "command line makes Linux drive it");
	else
		add_check(&checks, "iommu", "limited",
			  "there is no IOMMU: devices of a cell can reach all memory");
	if (machine->guest)
		add_check(&checks, "guest", "limited",
			  "Linux runs in a virtual machine itself: good for trying, slower than "
			  "hardware");
	return g_variant_builder_end(&checks);
}

/* --- methods --------------------------------------------------------------------------------- */

static void update(BhdMachine *self)
{
	BhMachine *machine = bhd_daemon_get_machine(self->daemon);
	const BhdSettings *settings = bhd_daemon_get_settings(self->daemon);
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint32));
	BhDbusMachine *object = BH_DBUS_MACHINE(self);

	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];
		guint32 id = cpu->id;

		g_array_append_val(cpus, id);
	}
	bh_dbus_machine_set_cpus(object,
				 g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, cpus->data,
							   cpus->len, sizeof(guint32)));
	bh_dbus_machine_set_memory(object, machine->memory_size);
	bh_dbus_machine_set_source(object, !settings->simulate	    ? "discovered"
					   : settings->machine_file ? settings->machine_file
								    : "simulated");
}

static gboolean handle_describe(BhDbusMachine *object, GDBusMethodInvocation *invocation,
				GVariant *options)
{
	BhMachine *machine = bhd_daemon_get_machine(BHD_MACHINE(object)->daemon);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	bh_dbus_machine_complete_describe(object, invocation, bh_machine_to_variant(machine));
	return TRUE;
}

static gboolean handle_save(BhDbusMachine *object, GDBusMethodInvocation *invocation,
			    GVariant *options)
{
	BhMachine *machine = bhd_daemon_get_machine(BHD_MACHINE(object)->daemon);
	g_autofree char *text = NULL;
	GError *error = NULL;
	JsonNode *node;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	node = bh_machine_to_json(machine);
	text = json_to_string(node, TRUE);
	json_node_unref(node);
	bh_dbus_machine_complete_save(object, invocation, text);
	return TRUE;
}

/* --- looking again --------------------------------------------------------------------------- */

static void start_looking(BhdMachine *self);

static gboolean is_same(const BhMachine *one, const BhMachine *other)
{
	g_autoptr(GVariant) description = g_variant_ref_sink(bh_machine_to_variant(one));
	g_autoptr(GVariant) other_description = g_variant_ref_sink(bh_machine_to_variant(other));

	return g_variant_equal(description, other_description);
}

static void take(BhdMachine *self, BhMachine *machine)
{
	BhDbusMachine *object = BH_DBUS_MACHINE(self);

	/* A daemon that was started with Bulkhead enabled, and has found nothing remembered, has not done that yet. */
	remember(bhd_daemon_get_settings(self->daemon), machine);
	if (is_same(machine, bhd_daemon_get_machine(self->daemon)))
		return;
	bhd_daemon_set_machine(self->daemon, machine);
	update(self);
	bh_dbus_machine_set_changes(object, bh_dbus_machine_get_changes(object) + 1);
	/* Who gets the answer sees the properties as they are by then. */
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self));
}

typedef struct {
	BhdMachine *self;
	BhMachine *machine; /* as it was seen */
	GSList *calls; /* of Rediscover() */
} Look;

static void look_free(Look *look)
{
	g_clear_pointer(&look->machine, bh_machine_unref);
	g_slist_free(look->calls);
	g_object_unref(look->self);
	g_free(look);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Look, look_free)

static void end_look(Look *look, const GError *error)
{
	BhdMachine *self = look->self;

	for (GSList *l = look->calls; l; l = l->next) {
		if (error)
			bhd_error_return(l->data, g_error_copy(error));
		else
			bh_dbus_machine_complete_rediscover(BH_DBUS_MACHINE(self), l->data);
	}
	self->looking = FALSE;
	if (self->again)
		start_looking(self);
}

/* If cells have come meanwhile, Linux may have lacked something already. */
static void on_truth(GObject *source, GAsyncResult *result, gpointer user_data)
{
	BhdDaemon *daemon = BHD_DAEMON(source);
	g_autoptr(Look) look = user_data;

	bhd_daemon_refresh_finish(result, NULL);
	if (!bhd_snapshot_is_enabled(bhd_daemon_get_snapshot(daemon)))
		take(look->self, look->machine);
	end_look(look, NULL);
}

static void on_looked(GObject *source, GAsyncResult *result, gpointer user_data)
{
	BhdMachine *self = BHD_MACHINE(source);
	g_autoptr(GError) error = NULL;
	g_autoptr(Look) look = user_data;

	look->machine = g_task_propagate_pointer(G_TASK(result), &error);
	if (look->machine) {
		bhd_daemon_refresh(self->daemon, on_truth, g_steal_pointer(&look));
		return;
	}
	g_warning("The machine could not be looked at again: %s", error->message);
	end_look(look, error);
}

static void look_again(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	GError *error = NULL;
	BhMachine *machine = bh_machine_discover(data, &error);

	(void)source;
	(void)cancellable;
	if (machine)
		g_task_return_pointer(task, machine, (GDestroyNotify)bh_machine_unref);
	else
		g_task_return_error(task, error);
}

/* One look at a time: what changes during one is seen by the next. */
static void start_looking(BhdMachine *self)
{
	g_autoptr(GTask) task = NULL;
	Look *look;

	self->again = self->looking;
	if (self->looking)
		return;
	self->looking = TRUE;
	look = g_new0(Look, 1);
	look->self = g_object_ref(self);
	look->calls = g_steal_pointer(&self->calls);
	task = g_task_new(self, NULL, on_looked, look);
	g_task_set_task_data(task, g_strdup(bhd_daemon_get_settings(self->daemon)->root), g_free);
	g_task_run_in_thread(task, look_again);
}

static gboolean on_settled(gpointer data)
{
	BhdMachine *self = data;

	self->settle = 0;
	if (!bhd_snapshot_is_enabled(bhd_daemon_get_snapshot(self->daemon)))
		start_looking(self);
	return G_SOURCE_REMOVE;
}

void bhd_machine_look_soon(BhdMachine *self)
{
	if (!self->settle && !bhd_daemon_get_settings(self->daemon)->simulate)
		self->settle = g_timeout_add(SETTLE_MS, on_settled, self);
}

static gboolean handle_rediscover(BhDbusMachine *object, GDBusMethodInvocation *invocation,
				  GVariant *options)
{
	BhdMachine *self = BHD_MACHINE(object);
	const BhdSettings *settings = bhd_daemon_get_settings(self->daemon);
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	if (settings->simulate)
		return bhd_error_return(
			invocation, g_error_new(BHD_ERROR, BHD_ERROR_NOT_SUPPORTED,
						"this machine is simulated: there is nothing to "
						"look at"));
	if (bhd_snapshot_is_enabled(bhd_daemon_get_snapshot(self->daemon)))
		return bhd_error_return(
			invocation, g_error_new(BHD_ERROR, BHD_ERROR_WRONG_STATE,
						"Bulkhead is enabled, so Linux does not see the "
						"whole machine: disable it first"));
	self->calls = g_slist_prepend(self->calls, invocation);
	start_looking(self);
	return TRUE;
}

/* --- life ------------------------------------------------------------------------------------ */

static void machine_iface_init(BhDbusMachineIface *iface)
{
	iface->handle_describe = handle_describe;
	iface->handle_save = handle_save;
	iface->handle_rediscover = handle_rediscover;
}

static void bhd_machine_dispose(GObject *object)
{
	BhdMachine *self = BHD_MACHINE(object);

	g_clear_handle_id(&self->settle, g_source_remove);
	G_OBJECT_CLASS(bhd_machine_parent_class)->dispose(object);
}

static void bhd_machine_class_init(BhdMachineClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_machine_dispose;
	bhd_authority_guard_class(G_DBUS_INTERFACE_SKELETON_CLASS(klass));
}

static void bhd_machine_init(BhdMachine *self)
{
	(void)self;
}

BhdMachine *bhd_machine_new(BhdDaemon *daemon)
{
	BhdMachine *self = g_object_new(BHD_TYPE_MACHINE, NULL);

	self->daemon = daemon;
	bhd_authority_guard(bhd_daemon_get_authority(daemon), G_DBUS_INTERFACE_SKELETON(self),
			    NULL);
	update(self);
	return self;
}
