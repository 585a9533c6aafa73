// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-cell.h"
#include "bhg-words.h"

struct _BhgCell {
	GObject parent;
	char *name;
	char *badge;
	char colour_class[16];
	BhDbusCell *proxy;
};

enum { PROP_NAME = 1, N_PROPS };

static GParamSpec *props[N_PROPS];
static guint signal_changed;

G_DEFINE_FINAL_TYPE(BhgCell, bhg_cell, G_TYPE_OBJECT)

static void bhg_cell_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
	BhgCell *self = BHG_CELL(object);

	switch (id) {
	case PROP_NAME:
		g_value_set_string(value, self->name);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
}

static void bhg_cell_dispose(GObject *object)
{
	BhgCell *self = BHG_CELL(object);

	if (self->proxy)
		g_signal_handlers_disconnect_by_data(self->proxy, self);
	g_clear_object(&self->proxy);
	G_OBJECT_CLASS(bhg_cell_parent_class)->dispose(object);
}

static void bhg_cell_finalize(GObject *object)
{
	BhgCell *self = BHG_CELL(object);

	g_free(self->name);
	g_free(self->badge);
	G_OBJECT_CLASS(bhg_cell_parent_class)->finalize(object);
}

static void bhg_cell_class_init(BhgCellClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);

	object_class->get_property = bhg_cell_get_property;
	object_class->dispose = bhg_cell_dispose;
	object_class->finalize = bhg_cell_finalize;
	props[PROP_NAME] = g_param_spec_string("name", NULL, NULL, NULL,
					       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
	g_object_class_install_properties(object_class, N_PROPS, props);
	signal_changed = g_signal_new("changed", BHG_TYPE_CELL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
}

static void bhg_cell_init(BhgCell *self)
{
}

BhgCell *bhg_cell_new(const char *name, const char *badge, guint colour)
{
	BhgCell *self = g_object_new(BHG_TYPE_CELL, NULL);

	self->name = g_strdup(name);
	self->badge = g_strdup(badge);
	g_snprintf(self->colour_class, sizeof(self->colour_class), "owner-%u",
		   colour % BHG_COLOURS + 1);
	return self;
}

static void on_properties(BhgCell *self)
{
	g_signal_emit(self, signal_changed, 0);
}

void bhg_cell_set_proxy(BhgCell *self, BhDbusCell *proxy)
{
	g_return_if_fail(BHG_IS_CELL(self));

	if (self->proxy == proxy)
		return;
	if (self->proxy)
		g_signal_handlers_disconnect_by_data(self->proxy, self);
	g_set_object(&self->proxy, proxy);
	/* Once a message, however many properties it has. */
	if (proxy)
		g_signal_connect_object(proxy, "g-properties-changed", G_CALLBACK(on_properties),
					self, G_CONNECT_SWAPPED);
	g_signal_emit(self, signal_changed, 0);
}

BhDbusCell *bhg_cell_get_proxy(BhgCell *self)
{
	return self->proxy;
}

const char *bhg_cell_get_path(BhgCell *self)
{
	return self->proxy ? g_dbus_proxy_get_object_path(G_DBUS_PROXY(self->proxy)) : NULL;
}

const char *bhg_cell_get_name(BhgCell *self)
{
	return self->name;
}

const char *bhg_cell_get_badge(BhgCell *self)
{
	return self->badge;
}

const char *bhg_cell_get_colour_class(BhgCell *self)
{
	return self->colour_class;
}

static const char *or_empty(const char *word)
{
	return word ? word : "";
}

const char *bhg_cell_get_state(BhgCell *self)
{
	return or_empty(self->proxy ? bh_dbus_cell_get_state(self->proxy) : NULL);
}

const char *bhg_cell_get_description(BhgCell *self)
{
	return or_empty(self->proxy ? bh_dbus_cell_get_description(self->proxy) : NULL);
}

const char *bhg_cell_get_health(BhgCell *self)
{
	return or_empty(self->proxy ? bh_dbus_cell_get_health(self->proxy) : NULL);
}

const char *bhg_cell_get_busy(BhgCell *self)
{
	return or_empty(self->proxy ? bh_dbus_cell_get_busy(self->proxy) : NULL);
}

const guint *bhg_cell_get_cpus(BhgCell *self, gsize *count)
{
	GVariant *cpus = self->proxy ? bh_dbus_cell_get_cpus(self->proxy) : NULL;

	*count = 0;
	return cpus ? g_variant_get_fixed_array(cpus, count, sizeof(guint32)) : NULL;
}

const char *const *bhg_cell_get_devices(BhgCell *self)
{
	static const char *const none[] = {NULL};
	const char *const *devices = self->proxy ? bh_dbus_cell_get_devices(self->proxy) : NULL;

	return devices ? devices : none;
}

gboolean bhg_cell_next_region(BhgCell *self, gsize *at, BhgCellRegion *region)
{
	GVariant *memory = self->proxy ? bh_dbus_cell_get_memory(self->proxy) : NULL;

	if (!memory || *at >= g_variant_n_children(memory))
		return FALSE;
	g_variant_get_child(memory, (*at)++, "(&sttt&s)", &region->name, &region->physical,
			    &region->guest, &region->size, &region->flags);
	return TRUE;
}

gboolean bhg_cell_region_is_own(const BhgCellRegion *region)
{
	return !strpbrk(region->flags, "ics");
}

guint64 bhg_cell_get_memory_size(BhgCell *self)
{
	BhgCellRegion region;
	guint64 total = 0;
	gsize at = 0;

	while (bhg_cell_next_region(self, &at, &region))
		if (bhg_cell_region_is_own(&region))
			total += region.size;
	return total;
}

gboolean bhg_cell_exists(BhgCell *self)
{
	return self->proxy && bh_dbus_cell_get_id(self->proxy) != 0;
}

gboolean bhg_cell_runs(BhgCell *self)
{
	return g_str_has_prefix(bhg_cell_get_state(self), "running");
}

gboolean bhg_cell_has_failed(BhgCell *self)
{
	return g_str_has_prefix(bhg_cell_get_state(self), "failed");
}

char *bhg_cell_describe_resources(BhgCell *self)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *cpus = NULL, *size = NULL;
	const guint *numbers;
	guint devices = g_strv_length((char **)bhg_cell_get_devices(self));
	gsize count;

	numbers = bhg_cell_get_cpus(self, &count);
	cpus = bhg_words_cpus(numbers, count);
	size = bhg_words_size(bhg_cell_get_memory_size(self));
	g_string_append_printf(text, "%s · %s", cpus, size);
	if (devices) {
		g_string_append(text, " · ");
		g_string_append_printf(text, ngettext("%u device", "%u devices", devices), devices);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *bhg_cell_describe_state(BhgCell *self)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *reason, *error;

	if (!self->proxy)
		return g_strdup(_("The daemon does not know this cell any more."));
	if (bhg_cell_runs(self))
		g_string_append_printf(text, _("“%s” is running."), self->name);
	else if (bhg_cell_has_failed(self))
		g_string_append_printf(text, _("“%s” has failed."), self->name);
	else if (g_str_equal(bhg_cell_get_state(self), "invalid"))
		g_string_append_printf(text, _("“%s” cannot be started."), self->name);
	else if (bhg_cell_exists(self))
		g_string_append_printf(
			text, _("“%s” is not running, but holds its CPUs and memory."), self->name);
	else
		g_string_append_printf(text, _("“%s” is not running and holds nothing."),
				       self->name);
	reason = bhg_words_state_reason(or_empty(bh_dbus_cell_get_state_reason(self->proxy)));
	if (reason) {
		/* Translators: a further sentence */
		g_string_append_printf(text, _(" %s"), reason);
	}
	error = bh_dbus_cell_get_last_error(self->proxy);
	if (error && *error)
		g_string_append_printf(text, " %s%s", error,
				       g_str_has_suffix(error, ".") ? "" : ".");
	return g_string_free(g_steal_pointer(&text), FALSE);
}
