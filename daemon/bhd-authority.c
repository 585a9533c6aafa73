// SPDX-License-Identifier: GPL-2.0-or-later

/* libpolkit-gobject calls its interface unstable; it has been the same since 2009. */
#define POLKIT_I_KNOW_API_IS_SUBJECT_TO_CHANGE
#include <polkit/polkit.h>
#include <unistd.h>
#include "bh-dbus.h"
#include "bhd-authority.h"
#include "bhd-error.h"

#define ACTION(name) "org.bulkhead1." name
#define UID_KEY "bhd-caller"

static const struct {
	const char *interface;
	const char *method;
	const char *action;
} table[] = {
	{"org.bulkhead1.Manager", "Enable", ACTION("enable")},
	{"org.bulkhead1.Manager", "Disable", ACTION("enable")},
	{"org.bulkhead1.Manager", "Validate", ACTION("inspect")},
	{"org.bulkhead1.Manager", "Apply", ACTION("edit-config")},
	{"org.bulkhead1.Manager", "Confirm", ACTION("edit-config")},
	{"org.bulkhead1.Manager", "Revert", ACTION("edit-config")},
	{"org.bulkhead1.Manager", "Import", ACTION("inspect")},
	{"org.bulkhead1.Manager", "CheckMachine", ACTION("inspect")},
	{"org.bulkhead1.Manager", "Reload", ACTION("inspect")},
	{"org.bulkhead1.Manager", "GetCell", ACTION("inspect")},
	{"org.bulkhead1.Manager", "ReadLog", ACTION("inspect")},
	{"org.bulkhead1.Manager", "ReadEvents", ACTION("inspect")},
	{"org.bulkhead1.Machine", "Describe", ACTION("inspect")},
	{"org.bulkhead1.Machine", "Save", ACTION("inspect")},
	{"org.bulkhead1.Machine", "Rediscover", ACTION("inspect")},
	{"org.bulkhead1.Cell", "Create", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "Load", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "LoadImage", ACTION("load-image")},
	{"org.bulkhead1.Cell", "Start", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "Stop", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "Restart", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "Destroy", ACTION("control-cells")},
	{"org.bulkhead1.Cell", "Launch", ACTION("supervise")},
	{"org.bulkhead1.Cell", "Shutdown", ACTION("supervise")},
	{"org.bulkhead1.Cell", "OpenConsole", ACTION("console")},
	{"org.bulkhead1.Cell", "FollowConsole", ACTION("console")},
	{"org.bulkhead1.Cell", "ReadLog", ACTION("console")},
	{"org.bulkhead1.Cell", "ReadFile", ACTION("inspect")},
	{"org.bulkhead1.Cell", "GetStats", ACTION("inspect")},
	{"org.bulkhead1.Cell", "SetAutostart", ACTION("control-cells")},
	{"org.bulkhead1.Link", "GetStats", ACTION("inspect")},
	{"org.bulkhead1.Job", "Cancel", ACTION("control-cells")},
};

struct _BhdAuthority {
	GObject parent;
	gboolean use_polkit;
	PolkitAuthority *polkit;
};

G_DEFINE_FINAL_TYPE(BhdAuthority, bhd_authority, G_TYPE_OBJECT)

static G_DEFINE_QUARK(bhd - authority, guard) static G_DEFINE_QUARK(bhd - authority - cell,
								    guard_cell)

	/* One call on its way. */
	typedef struct {
	BhdAuthority *self;
	GDBusInterfaceSkeleton *skeleton;
	GDBusMethodInvocation *invocation; /* handed on in the end: not released here */
	const char *action;
} Call;

static void call_free(Call *call)
{
	g_object_unref(call->self);
	g_object_unref(call->skeleton);
	g_free(call);
}

const char *bhd_authority_action(const char *interface, const char *method)
{
	for (guint i = 0; i < G_N_ELEMENTS(table); i++)
		if (!strcmp(table[i].interface, interface) && !strcmp(table[i].method, method))
			return table[i].action;
	return NULL;
}

guint32 bhd_authority_caller(GDBusMethodInvocation *invocation)
{
	if (!invocation)
		return G_MAXUINT32;
	return GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(invocation), UID_KEY));
}

static const GDBusInterfaceVTable *generated_vtable(GDBusInterfaceSkeleton *skeleton)
{
	GDBusInterfaceSkeletonClass *klass = g_type_class_peek_parent(G_OBJECT_GET_CLASS(skeleton));

	return klass->get_vtable(skeleton);
}

static void refuse(Call *call, BhdError code, const char *message)
{
	g_dbus_method_invocation_return_error_literal(call->invocation, BHD_ERROR, code, message);
	call_free(call);
}

static void let_through(Call *call)
{
	GDBusMethodInvocation *invocation = call->invocation;

	generated_vtable(call->skeleton)
		->method_call(g_dbus_method_invocation_get_connection(invocation),
			      g_dbus_method_invocation_get_sender(invocation),
			      g_dbus_method_invocation_get_object_path(invocation),
			      g_dbus_method_invocation_get_interface_name(invocation),
			      g_dbus_method_invocation_get_method_name(invocation),
			      g_dbus_method_invocation_get_parameters(invocation), invocation,
			      call->skeleton);
	call_free(call);
}

static void on_checked(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Call *call = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(PolkitAuthorizationResult) answer = polkit_authority_check_authorization_finish(
		POLKIT_AUTHORITY(source), result, &error);

	if (!answer) {
		g_autofree char *message = g_strdup_printf(
			"polkit could not be asked whether you may do this: %s", error->message);

		refuse(call, BHD_ERROR_NOT_AUTHORIZED, message);
	} else if (polkit_authorization_result_get_is_authorized(answer)) {
		let_through(call);
	} else if (polkit_authorization_result_get_is_challenge(answer)) {
		g_autofree char *message =
			g_strdup_printf("this needs the authorization %s: allow interactive "
					"authorization and try again",
					call->action);

		refuse(call, BHD_ERROR_NOT_AUTHORIZED_CAN_OBTAIN, message);
	} else {
		g_autofree char *message =
			g_strdup_printf("you are not authorized for %s: ask the administrator for "
					"a polkit rule",
					call->action);

		refuse(call, BHD_ERROR_NOT_AUTHORIZED, message);
	}
}

static void check(Call *call)
{
	GDBusMessage *message = g_dbus_method_invocation_get_message(call->invocation);
	g_autoptr(PolkitSubject) subject =
		polkit_system_bus_name_new(g_dbus_method_invocation_get_sender(call->invocation));
	g_autoptr(PolkitDetails) details = polkit_details_new();
	const char *cell = g_object_get_qdata(G_OBJECT(call->skeleton), guard_cell_quark());
	PolkitCheckAuthorizationFlags flags = POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE;

	if (g_dbus_message_get_flags(message) &
	    G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
		flags = POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION;
	if (cell)
		polkit_details_insert(details, "cell", cell);
	polkit_details_insert(details, "method",
			      g_dbus_method_invocation_get_method_name(call->invocation));
	polkit_authority_check_authorization(call->self->polkit, subject, call->action, details,
					     flags, NULL, on_checked, call);
}

static void on_polkit(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Call *call = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(PolkitAuthority) polkit = polkit_authority_get_finish(result, &error);

	(void)source;
	if (!polkit) {
		g_autofree char *message =
			g_strdup_printf("polkit is not there: %s", error->message);

		refuse(call, BHD_ERROR_NOT_AUTHORIZED, message);
		return;
	}
	g_set_object(&call->self->polkit, polkit);
	check(call);
}

static void on_uid(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Call *call = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	guint32 uid;

	if (!reply) {
		refuse(call, BHD_ERROR_NOT_AUTHORIZED, "the bus does not know who is calling");
		return;
	}
	g_variant_get(reply, "(u)", &uid);
	g_object_set_data(G_OBJECT(call->invocation), UID_KEY, GUINT_TO_POINTER(uid));
	if (BH_DBUS_IS_JOB(call->skeleton) &&
	    bh_dbus_job_get_requester(BH_DBUS_JOB(call->skeleton)) == uid)
		let_through(call);
	else if (uid == (call->self->use_polkit ? 0 : getuid()))
		let_through(call);
	else if (!call->self->use_polkit)
		refuse(call, BHD_ERROR_NOT_AUTHORIZED,
		       "this daemon serves only the user it runs as");
	else if (call->self->polkit)
		check(call);
	else
		polkit_authority_get_async(NULL, on_polkit, call);
}

/* Who may begin it may end it. */
static const char *action_of_job(BhDbusJob *job, const char *action)
{
	const char *operation = bh_dbus_job_get_operation(job);

	if (g_str_has_suffix(operation, "able"))
		return ACTION("enable");
	return strcmp(operation, "apply") ? action : ACTION("edit-config");
}

static void method_call(GDBusConnection *connection, const char *sender, const char *path,
			const char *interface, const char *method, GVariant *parameters,
			GDBusMethodInvocation *invocation, gpointer user_data)
{
	BhdAuthority *self = g_object_get_qdata(user_data, guard_quark());
	const char *action = bhd_authority_action(interface, method);
	Call *call;

	(void)path;
	(void)parameters;
	if (!self || !action) {
		g_dbus_method_invocation_return_error(invocation, BHD_ERROR,
						      BHD_ERROR_NOT_AUTHORIZED,
						      "nobody may call %s.%s", interface, method);
		return;
	}
	if (BH_DBUS_IS_JOB(user_data))
		action = action_of_job(user_data, action);
	call = g_new(Call, 1);
	call->self = g_object_ref(self);
	call->skeleton = g_object_ref(user_data);
	call->invocation = invocation;
	call->action = action;
	g_dbus_connection_call(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "GetConnectionUnixUser",
			       g_variant_new("(s)", sender), G_VARIANT_TYPE("(u)"),
			       G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_uid, call);
}

static GVariant *get_property(GDBusConnection *connection, const char *sender, const char *path,
			      const char *interface, const char *property, GError **error,
			      gpointer user_data)
{
	return generated_vtable(user_data)->get_property(connection, sender, path, interface,
							 property, error, user_data);
}

static GDBusInterfaceVTable *get_vtable(GDBusInterfaceSkeleton *skeleton)
{
	/* No set_property: properties are read-only, whatever the XML says. */
	static GDBusInterfaceVTable vtable = {method_call, get_property, NULL, {NULL}};

	(void)skeleton;
	return &vtable;
}

void bhd_authority_guard_class(GDBusInterfaceSkeletonClass *klass)
{
	klass->get_vtable = get_vtable;
}

void bhd_authority_guard(BhdAuthority *self, GDBusInterfaceSkeleton *skeleton, const char *cell)
{
	g_object_set_qdata_full(G_OBJECT(skeleton), guard_quark(), g_object_ref(self),
				g_object_unref);
	g_object_set_qdata_full(G_OBJECT(skeleton), guard_cell_quark(), g_strdup(cell), g_free);
}

static void bhd_authority_dispose(GObject *object)
{
	g_clear_object(&BHD_AUTHORITY(object)->polkit);
	G_OBJECT_CLASS(bhd_authority_parent_class)->dispose(object);
}

static void bhd_authority_class_init(BhdAuthorityClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_authority_dispose;
}

static void bhd_authority_init(BhdAuthority *self)
{
	(void)self;
}

BhdAuthority *bhd_authority_new(gboolean polkit)
{
	BhdAuthority *self = g_object_new(BHD_TYPE_AUTHORITY, NULL);

	self->use_polkit = polkit;
	return self;
}
