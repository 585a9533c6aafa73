// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-connection.h"
#include "bhg-simulation.h"
#include "bhg-words.h"

#define SILENT_AFTER_SECONDS 3

struct _BhgConnection {
	GObject parent;
	BhgTarget target;
	char *value;

	BhgState state;
	char *message;
	guint silent_timer;
	GCancellable *cancellable; /* of this attempt */
	BhgSimulation *simulation;
	GSubprocess *ssh;
	GDBusConnection *bus;
	guint watch;
	GDBusObjectManager *objects;
	BhDbusManager *manager;
	BhDbusHealth *health;
	BhDbusMachine *machine_proxy;
	BhMachine *machine;
	gboolean describing;
	gboolean describe_again;
	char *hypervisor_state; /* for which the machine was described */

	GHashTable *known; /* name → BhgCell, also those that are gone */
	guint colour_uses[BHG_COLOURS];
	GListStore *cells;
	GListStore *jobs;
	GListStore *links;
	guint cells_idle;
	BhePlan *plan;
};

enum { SIGNAL_CHANGED, SIGNAL_CELLS_CHANGED, SIGNAL_MACHINE_CHANGED, SIGNAL_EVENT, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(BhgConnection, bhg_connection, G_TYPE_OBJECT)

static void on_object_added(BhgConnection *self, GDBusObject *object);
static void on_object_removed(BhgConnection *self, GDBusObject *object);

static void emit(BhgConnection *self, guint signal)
{
	g_signal_emit(self, signals[signal], 0);
}

/* ---- states ---- */

static gboolean on_silent(gpointer data)
{
	BhgConnection *self = data;

	self->silent_timer = 0;
	if (self->state == BHG_CONNECTING) {
		self->state = BHG_SILENT;
		emit(self, SIGNAL_CHANGED);
	}
	return G_SOURCE_REMOVE;
}

static void set_state(BhgConnection *self, BhgState state, const char *message)
{
	g_clear_handle_id(&self->silent_timer, g_source_remove);
	if (state == BHG_CONNECTING)
		self->silent_timer = g_timeout_add_seconds(SILENT_AFTER_SECONDS, on_silent, self);
	self->state = state;
	g_free(self->message);
	self->message = g_strdup(message);
	emit(self, SIGNAL_CHANGED);
}

static void fail(BhgConnection *self, BhgState state, const GError *error)
{
	g_autofree char *message = bhg_words_error(error);
	g_autofree char *longer =
		self->target == BHG_TARGET_HOST && state == BHG_UNREACHABLE
			? g_strdup_printf(
				  _("ssh does not lead to the bus of “%s”: %s. “ssh %s true” "
				    "in a terminal says more."),
				  self->value, message, self->value)
			: NULL;

	set_state(self, state, longer ? longer : message);
}

static gboolean was_cancelled(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- cells ---- */

static gboolean on_cells_idle(gpointer data)
{
	BhgConnection *self = data;

	self->cells_idle = 0;
	emit(self, SIGNAL_CELLS_CHANGED);
	return G_SOURCE_REMOVE;
}

/* Before the next frame is drawn, once for whatever comes until then. */
static void cells_changed(BhgConnection *self)
{
	if (!self->cells_idle)
		self->cells_idle =
			g_idle_add_full(G_PRIORITY_DEFAULT + 10, on_cells_idle, self, NULL);
}

static gboolean badge_is_taken(BhgConnection *self, const char *badge)
{
	GHashTableIter iter;
	gpointer cell;

	g_hash_table_iter_init(&iter, self->known);
	while (g_hash_table_iter_next(&iter, NULL, &cell))
		if (g_str_equal(bhg_cell_get_badge(cell), badge))
			return TRUE;
	/* That of the root. */
	return g_str_equal(badge, "R");
}

/* Its first letter and its number, if it has one; the initials of the name, else its first letter with another one, else with a number. */
static char *choose_badge(BhgConnection *self, const char *name)
{
	char badge[8] = {g_ascii_toupper(name[0]), 0};
	const char *second = strpbrk(name, "-_.");
	const char *digits = name + strlen(name);

	while (digits > name && g_ascii_isdigit(digits[-1]))
		digits--;
	while (*digits == '0' && digits[1])
		digits++;
	if (*digits && strlen(digits) <= 3)
		g_strlcpy(badge + 1, digits, sizeof(badge) - 1);
	else if (second && second[1])
		badge[1] = g_ascii_toupper(second[1]);
	if (!badge_is_taken(self, badge))
		return g_strdup(badge);
	for (const char *at = name + 1; *at; at++) {
		if (!g_ascii_isalnum(*at))
			continue;
		badge[1] = g_ascii_toupper(*at);
		badge[2] = '\0';
		if (!badge_is_taken(self, badge))
			return g_strdup(badge);
	}
	for (guint i = 2; i < 10000; i++) {
		g_snprintf(badge, sizeof(badge), "%c%u", g_ascii_toupper(name[0]), i);
		if (!badge_is_taken(self, badge))
			break;
	}
	return g_strdup(badge);
}

/* The one the name leads to, unless others are used less. */
static guint choose_colour(BhgConnection *self, const char *name)
{
	guint wanted = g_str_hash(name) % BHG_COLOURS, best = wanted;

	for (guint i = 0; i < BHG_COLOURS; i++) {
		guint colour = (wanted + i) % BHG_COLOURS;

		if (self->colour_uses[colour] < self->colour_uses[best])
			best = colour;
	}
	self->colour_uses[best]++;
	return best;
}

static BhgCell *know_cell(BhgConnection *self, const char *name)
{
	BhgCell *cell = g_hash_table_lookup(self->known, name);
	g_autofree char *badge = NULL;

	if (cell)
		return cell;
	badge = choose_badge(self, name);
	cell = bhg_cell_new(name, badge, choose_colour(self, name));
	g_signal_connect_object(cell, "changed", G_CALLBACK(cells_changed), self,
				G_CONNECT_SWAPPED);
	g_hash_table_insert(self->known, g_strdup(name), cell);
	return cell;
}

static int compare_cells(gconstpointer a, gconstpointer b, gpointer data)
{
	return strcmp(bhg_cell_get_name((BhgCell *)a), bhg_cell_get_name((BhgCell *)b));
}

static void remove_from(GListStore *store, gpointer item)
{
	guint position;

	if (g_list_store_find(store, item, &position))
		g_list_store_remove(store, position);
}

static void on_link_changed(BhgConnection *self)
{
	emit(self, SIGNAL_CHANGED);
}

static void on_object_added(BhgConnection *self, GDBusObject *object)
{
	BhDbusObject *known = BH_DBUS_OBJECT(object);
	BhDbusCell *cell = bh_dbus_object_peek_cell(known);
	BhDbusJob *job = bh_dbus_object_peek_job(known);
	BhDbusLink *link = bh_dbus_object_peek_link(known);

	if (cell && bh_dbus_cell_get_name(cell) && *bh_dbus_cell_get_name(cell)) {
		BhgCell *item = know_cell(self, bh_dbus_cell_get_name(cell));

		bhg_cell_set_proxy(item, cell);
		if (!g_list_store_find(self->cells, item, NULL))
			g_list_store_insert_sorted(self->cells, item, compare_cells, NULL);
		cells_changed(self);
	}
	if (job)
		g_list_store_append(self->jobs, job);
	if (link) {
		g_signal_connect_object(link, "g-properties-changed", G_CALLBACK(on_link_changed),
					self, G_CONNECT_SWAPPED);
		g_list_store_append(self->links, link);
		emit(self, SIGNAL_CHANGED);
	}
}

static void on_object_removed(BhgConnection *self, GDBusObject *object)
{
	BhgCell *cell =
		bhg_connection_find_cell_by_path(self, g_dbus_object_get_object_path(object));
	BhDbusJob *job = bh_dbus_object_peek_job(BH_DBUS_OBJECT(object));
	BhDbusLink *link = bh_dbus_object_peek_link(BH_DBUS_OBJECT(object));

	if (cell) {
		g_object_ref(cell);
		remove_from(self->cells, cell);
		bhg_cell_set_proxy(cell, NULL);
		g_object_unref(cell);
	}
	if (job)
		remove_from(self->jobs, job);
	if (link) {
		g_signal_handlers_disconnect_by_data(link, self);
		remove_from(self->links, link);
		emit(self, SIGNAL_CHANGED);
	}
}

/* ---- the machine ---- */

static void on_described(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = NULL;
	g_autofree char *json = NULL;
	BhMachine *machine = NULL;

	self->describing = FALSE;
	if (!bh_dbus_machine_call_save_finish(BH_DBUS_MACHINE(source), &json, result, &error)) {
		if (bhg_error_is_authorization(error) && self->objects)
			fail(self, BHG_UNAUTHORIZED, error);
		else if (!was_cancelled(error))
			g_debug("The machine is not described: %s", error->message);
		return;
	}
	node = json_from_string(json, &error);
	if (node)
		machine = bh_machine_from_json(node, &error);
	if (!machine) {
		g_warning("The daemon's description of the machine cannot be read: %s",
			  error->message);
		return;
	}
	g_clear_pointer(&self->machine, bh_machine_unref);
	self->machine = machine;
	emit(self, SIGNAL_MACHINE_CHANGED);
	if (self->describe_again && self->machine_proxy)
		bhg_connection_describe(self, FALSE);
}

void bhg_connection_describe(BhgConnection *self, gboolean interactive)
{
	if (!self->machine_proxy)
		return;
	self->describe_again = self->describing;
	if (self->describing)
		return;
	self->describing = TRUE;
	bh_dbus_machine_call_save(self->machine_proxy, bhg_no_options(),
				  interactive ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
					      : G_DBUS_CALL_FLAGS_NONE,
				  G_MAXINT, self->cancellable, on_described, g_object_ref(self));
}

/* Memory blocks go offline and come back with the hypervisor. */
static void on_manager_changed(BhgConnection *self)
{
	const char *state = bhg_connection_get_hypervisor_state(self);

	if (g_strcmp0(state, self->hypervisor_state) != 0) {
		g_free(self->hypervisor_state);
		self->hypervisor_state = g_strdup(state);
		bhg_connection_describe(self, FALSE);
	}
	emit(self, SIGNAL_CHANGED);
}

static void on_machine_properties(BhgConnection *self)
{
	bhg_connection_describe(self, FALSE);
}

static void on_event(BhgConnection *self, GVariant *event)
{
	g_signal_emit(self, signals[SIGNAL_EVENT], 0, event);
}

/* ---- objects of the daemon ---- */

static gpointer get_interface(GDBusObjectManager *objects, const char *path, const char *name)
{
	g_autofree char *full = g_strconcat(BHG_ROOT "/", path, NULL);
	g_autofree char *interface = g_strconcat(BHG_BUS_NAME ".", name, NULL);

	return g_dbus_object_manager_get_interface(objects, full, interface);
}

static void forget_objects(BhgConnection *self)
{
	gboolean had_machine = self->machine != NULL;

	if (self->objects) {
		g_autolist(GDBusObject) list = g_dbus_object_manager_get_objects(self->objects);

		g_signal_handlers_disconnect_by_data(self->objects, self);
		for (GList *item = list; item; item = item->next)
			on_object_removed(self, item->data);
	}
	for (guint i = g_list_model_get_n_items(G_LIST_MODEL(self->cells)); i-- > 0;) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(G_LIST_MODEL(self->cells), i);

		g_list_store_remove(self->cells, i);
		bhg_cell_set_proxy(cell, NULL);
	}
	g_list_store_remove_all(self->jobs);
	g_list_store_remove_all(self->links);
	if (self->manager)
		g_signal_handlers_disconnect_by_data(self->manager, self);
	if (self->health)
		g_signal_handlers_disconnect_by_data(self->health, self);
	if (self->machine_proxy)
		g_signal_handlers_disconnect_by_data(self->machine_proxy, self);
	g_clear_object(&self->manager);
	g_clear_object(&self->health);
	g_clear_object(&self->machine_proxy);
	g_clear_object(&self->objects);
	g_clear_pointer(&self->machine, bh_machine_unref);
	g_clear_pointer(&self->hypervisor_state, g_free);
	if (had_machine)
		emit(self, SIGNAL_MACHINE_CHANGED);
}

static void on_objects(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusObjectManager) objects =
		bh_dbus_object_manager_client_new_finish(result, &error);
	g_autolist(GDBusObject) list = NULL;

	if (was_cancelled(error))
		return;
	if (!objects) {
		fail(self, bhg_error_is_authorization(error) ? BHG_UNAUTHORIZED : BHG_ABSENT,
		     error);
		return;
	}
	forget_objects(self);
	self->objects = g_steal_pointer(&objects);
	self->manager = get_interface(self->objects, "manager", "Manager");
	self->health = get_interface(self->objects, "health", "Health");
	self->machine_proxy = get_interface(self->objects, "machine", "Machine");
	if (!self->manager || !self->health || !self->machine_proxy) {
		/* It went away while we asked; whoever watches the name comes again. */
		forget_objects(self);
		set_state(self, BHG_ABSENT, NULL);
		return;
	}
	g_signal_connect_swapped(self->objects, "object-added", G_CALLBACK(on_object_added), self);
	g_signal_connect_swapped(self->objects, "object-removed", G_CALLBACK(on_object_removed),
				 self);
	g_signal_connect_swapped(self->manager, "g-properties-changed",
				 G_CALLBACK(on_manager_changed), self);
	g_signal_connect_swapped(self->manager, "event", G_CALLBACK(on_event), self);
	g_signal_connect_swapped(self->health, "g-properties-changed", G_CALLBACK(on_link_changed),
				 self);
	g_signal_connect_swapped(self->machine_proxy, "g-properties-changed",
				 G_CALLBACK(on_machine_properties), self);
	list = g_dbus_object_manager_get_objects(self->objects);
	for (GList *item = list; item; item = item->next)
		on_object_added(self, item->data);
	self->hypervisor_state = g_strdup(bhg_connection_get_hypervisor_state(self));
	bhg_connection_describe(self, FALSE);
	set_state(self, BHG_CONNECTED, NULL);
}

static void on_name_appeared(GDBusConnection *bus, const char *name, const char *owner,
			     gpointer data)
{
	BhgConnection *self = data;

	set_state(self, BHG_CONNECTING, NULL);
	/*
	 * A new one each time the daemon comes: an old one would ask the new daemon for its objects, and wait for
	 * the answer.
	 */
	bh_dbus_object_manager_client_new(bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					  BHG_BUS_NAME, BHG_ROOT, self->cancellable, on_objects,
					  g_object_ref(self));
}

static void on_name_vanished(GDBusConnection *bus, const char *name, gpointer data)
{
	BhgConnection *self = data;

	forget_objects(self);
	/* That of the simulated machine is on its way. */
	if (self->simulation && self->state == BHG_CONNECTING)
		return;
	if (bus && !g_dbus_connection_is_closed(bus))
		set_state(self, BHG_ABSENT, NULL);
}

/* ---- the bus ---- */

static void close_bus(BhgConnection *self)
{
	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_handle_id(&self->watch, g_bus_unwatch_name);
	forget_objects(self);
	if (self->bus) {
		g_signal_handlers_disconnect_by_data(self->bus, self);
		/* The system's and the session's are everybody's in this process. */
		if (self->target != BHG_TARGET_SYSTEM && self->target != BHG_TARGET_SESSION)
			g_dbus_connection_close(self->bus, NULL, NULL, NULL);
	}
	g_clear_object(&self->bus);
	if (self->ssh)
		g_subprocess_force_exit(self->ssh);
	g_clear_object(&self->ssh);
	g_clear_object(&self->simulation);
}

static void on_bus_closed(BhgConnection *self, gboolean vanished, GError *error)
{
	g_autofree char *message =
		error ? bhg_words_error(error) : g_strdup(_("The connection has ended."));

	close_bus(self);
	set_state(self, BHG_UNREACHABLE, message);
}

static void take_bus(BhgConnection *self, GDBusConnection *bus, GError *error)
{
	if (was_cancelled(error))
		return;
	if (!bus) {
		fail(self, bhg_error_is_authorization(error) ? BHG_UNAUTHORIZED : BHG_UNREACHABLE,
		     error);
		return;
	}
	self->bus = bus;
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	g_signal_connect_swapped(bus, "closed", G_CALLBACK(on_bus_closed), self);
	self->watch = g_bus_watch_name_on_connection(
		bus, BHG_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_AUTO_START, on_name_appeared,
		on_name_vanished, self, NULL);
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);

	take_bus(self, bus, error);
}

static void on_own_bus(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_dbus_connection_new_finish(result, &error);

	take_bus(self, bus, error);
}

static void on_bus_at_address(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_dbus_connection_new_for_address_finish(result, &error);

	take_bus(self, bus, error);
}

static void open_address(BhgConnection *self, const char *address)
{
	g_dbus_connection_new_for_address(address,
					  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
						  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
					  NULL, self->cancellable, on_bus_at_address,
					  g_object_ref(self));
}

static void on_simulation(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConnection) self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *address =
		bhg_simulation_start_finish(BHG_SIMULATION(source), result, &error);

	if (address && self->cancellable)
		open_address(self, address);
	else if (error && !was_cancelled(error))
		fail(self, BHG_UNREACHABLE, error);
}

/* systemd-stdio-bridge on the other side of ssh speaks D-Bus for its system bus. */
static void open_host(BhgConnection *self)
{
	g_autoptr(GIOStream) stream = NULL;
	g_autoptr(GError) error = NULL;

	if (self->value[0] == '-') {
		error = g_error_new(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    _("“%s” is not the name of a host."), self->value);
		fail(self, BHG_UNREACHABLE, error);
		return;
	}
	self->ssh = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
				     &error, "ssh", "-xT", "--", self->value,
				     "systemd-stdio-bridge", NULL);
	if (!self->ssh) {
		fail(self, BHG_UNREACHABLE, error);
		return;
	}
	stream = g_simple_io_stream_new(g_subprocess_get_stdout_pipe(self->ssh),
					g_subprocess_get_stdin_pipe(self->ssh));
	g_dbus_connection_new(stream, NULL,
			      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				      G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			      NULL, self->cancellable, on_own_bus, g_object_ref(self));
}

void bhg_connection_open(BhgConnection *self)
{
	g_return_if_fail(!self->cancellable);

	self->cancellable = g_cancellable_new();
	set_state(self, BHG_CONNECTING, NULL);
	switch (self->target) {
	case BHG_TARGET_SYSTEM:
	case BHG_TARGET_SESSION:
		g_bus_get(self->target == BHG_TARGET_SYSTEM ? G_BUS_TYPE_SYSTEM
							    : G_BUS_TYPE_SESSION,
			  self->cancellable, on_bus, g_object_ref(self));
		break;
	case BHG_TARGET_ADDRESS:
		open_address(self, self->value);
		break;
	case BHG_TARGET_HOST:
		open_host(self);
		break;
	case BHG_TARGET_SIMULATED:
		self->simulation = bhg_simulation_new(self->value);
		bhg_simulation_start_async(self->simulation, self->cancellable, on_simulation,
					   g_object_ref(self));
		break;
	}
}

void bhg_connection_retry(BhgConnection *self, gboolean interactive)
{
	if (interactive && self->machine_proxy) {
		set_state(self, BHG_CONNECTED, NULL);
		bhg_connection_describe(self, TRUE);
		return;
	}
	close_bus(self);
	bhg_connection_open(self);
}

/* ---- the object ---- */

static void bhg_connection_dispose(GObject *object)
{
	BhgConnection *self = BHG_CONNECTION(object);

	close_bus(self);
	if (self->plan)
		g_signal_handlers_disconnect_by_data(self->plan, self);
	g_clear_object(&self->plan);
	g_clear_handle_id(&self->silent_timer, g_source_remove);
	g_clear_handle_id(&self->cells_idle, g_source_remove);
	G_OBJECT_CLASS(bhg_connection_parent_class)->dispose(object);
}

static void bhg_connection_finalize(GObject *object)
{
	BhgConnection *self = BHG_CONNECTION(object);

	g_free(self->value);
	g_free(self->message);
	g_hash_table_unref(self->known);
	g_object_unref(self->cells);
	g_object_unref(self->jobs);
	g_object_unref(self->links);
	G_OBJECT_CLASS(bhg_connection_parent_class)->finalize(object);
}

static void bhg_connection_class_init(BhgConnectionClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	static const char *const names[] = {"changed", "cells-changed", "machine-changed"};

	object_class->dispose = bhg_connection_dispose;
	object_class->finalize = bhg_connection_finalize;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		signals[i] = g_signal_new(names[i], BHG_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL,
					  NULL, NULL, G_TYPE_NONE, 0);
	signals[SIGNAL_EVENT] = g_signal_new("event", BHG_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0,
					     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_VARIANT);
}

static void bhg_connection_init(BhgConnection *self)
{
	self->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	self->cells = g_list_store_new(BHG_TYPE_CELL);
	self->jobs = g_list_store_new(BH_DBUS_TYPE_JOB);
	self->links = g_list_store_new(BH_DBUS_TYPE_LINK);
}

BhgConnection *bhg_connection_new(BhgTarget target, const char *value)
{
	BhgConnection *self = g_object_new(BHG_TYPE_CONNECTION, NULL);

	self->target = target;
	self->value = g_strdup(value);
	return self;
}

BhgState bhg_connection_get_state(BhgConnection *self)
{
	return self->state;
}

const char *bhg_connection_get_message(BhgConnection *self)
{
	return self->message;
}

BhgTarget bhg_connection_get_target(BhgConnection *self)
{
	return self->target;
}

const char *bhg_connection_get_value(BhgConnection *self)
{
	return self->value;
}

char *bhg_connection_get_title(BhgConnection *self)
{
	if (self->target == BHG_TARGET_HOST)
		return g_strdup(self->value);
	if (bhg_connection_is_simulated(self) || self->target == BHG_TARGET_SIMULATED)
		return g_strdup(_("Simulated machine"));
	return g_strdup(_("This machine"));
}

GDBusConnection *bhg_connection_get_bus(BhgConnection *self)
{
	return self->objects ? self->bus : NULL;
}

BhDbusManager *bhg_connection_get_manager(BhgConnection *self)
{
	return self->manager;
}

BhDbusHealth *bhg_connection_get_health(BhgConnection *self)
{
	return self->health;
}

BhDbusMachine *bhg_connection_get_machine_proxy(BhgConnection *self)
{
	return self->machine_proxy;
}

BhMachine *bhg_connection_get_machine(BhgConnection *self)
{
	return self->machine;
}

const char *bhg_connection_get_hypervisor_state(BhgConnection *self)
{
	const char *state = self->manager ? bh_dbus_manager_get_state(self->manager) : NULL;

	return state ? state : "";
}

gboolean bhg_connection_is_simulated(BhgConnection *self)
{
	return self->manager && bh_dbus_manager_get_simulated(self->manager);
}

GListModel *bhg_connection_get_cells(BhgConnection *self)
{
	return G_LIST_MODEL(self->cells);
}

GListModel *bhg_connection_get_jobs(BhgConnection *self)
{
	return G_LIST_MODEL(self->jobs);
}

GListModel *bhg_connection_get_links(BhgConnection *self)
{
	return G_LIST_MODEL(self->links);
}

BhgCell *bhg_connection_find_cell(BhgConnection *self, const char *name)
{
	return name ? g_hash_table_lookup(self->known, name) : NULL;
}

/* @test says whether a cell that exists is the one; the result is kept alive by the table of known ones. */
static BhgCell *find(BhgConnection *self, gboolean (*test)(BhgCell *, gconstpointer),
		     gconstpointer what)
{
	guint n = g_list_model_get_n_items(G_LIST_MODEL(self->cells));

	for (guint i = 0; i < n; i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(G_LIST_MODEL(self->cells), i);

		if (test(cell, what))
			return cell;
	}
	return NULL;
}

static gboolean has_path(BhgCell *cell, gconstpointer path)
{
	return g_strcmp0(bhg_cell_get_path(cell), path) == 0;
}

BhgCell *bhg_connection_find_cell_by_path(BhgConnection *self, const char *path)
{
	return find(self, has_path, path);
}

static gboolean has_cpu(BhgCell *cell, gconstpointer number)
{
	const guint *cpus;
	gsize count;

	if (!bhg_cell_exists(cell))
		return FALSE;
	cpus = bhg_cell_get_cpus(cell, &count);
	for (gsize i = 0; i < count; i++)
		if (cpus[i] == GPOINTER_TO_UINT(number))
			return TRUE;
	return FALSE;
}

BhgCell *bhg_connection_cpu_owner(BhgConnection *self, guint cpu)
{
	return find(self, has_cpu, GUINT_TO_POINTER(cpu));
}

static gboolean has_device(BhgCell *cell, gconstpointer address)
{
	return bhg_cell_exists(cell) && g_strv_contains(bhg_cell_get_devices(cell), address);
}

BhgCell *bhg_connection_device_owner(BhgConnection *self, const char *address)
{
	return find(self, has_device, address);
}

void bhg_connection_set_plan(BhgConnection *self, BhePlan *plan)
{
	if (self->plan)
		g_signal_handlers_disconnect_by_data(self->plan, self);
	g_set_object(&self->plan, plan);
	if (plan)
		g_signal_connect_swapped(plan, "changed", G_CALLBACK(cells_changed), self);
	cells_changed(self);
}

BhePlan *bhg_connection_get_plan(BhgConnection *self)
{
	return self->plan;
}

/* ---- calls ---- */

static void on_called(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	GError *error = NULL;
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (answer)
		g_task_return_pointer(task, answer, (GDestroyNotify)g_variant_unref);
	else
		g_task_return_error(task, error);
}

void bhg_connection_call(BhgConnection *self, const char *path, const char *interface,
			 const char *method, GVariant *arguments, GCancellable *cancellable,
			 GAsyncReadyCallback callback, gpointer data)
{
	g_autoptr(GTask) task = g_task_new(self, cancellable, callback, data);
	g_autoptr(GVariant) held = g_variant_ref_sink(arguments);
	g_autofree char *full = g_strconcat(BHG_BUS_NAME ".", interface, NULL);

	g_task_set_source_tag(task, bhg_connection_call);
	if (!self->objects || !path) {
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
					_("There is no connection to the daemon."));
		return;
	}
	g_dbus_connection_call(self->bus, BHG_BUS_NAME, path, full, method, held, NULL,
			       G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
			       cancellable, on_called, g_steal_pointer(&task));
}

GVariant *bhg_connection_call_finish(BhgConnection *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

GVariant *bhg_no_options(void)
{
	return g_variant_new("a{sv}", NULL);
}
