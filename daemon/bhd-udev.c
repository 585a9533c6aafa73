// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib-unix.h>
#include <libudev.h>
#include "bhd-error.h"
#include "bhd-udev.h"

struct _BhdUdev {
	GObject parent;
	struct udev *udev;
	struct udev_monitor *monitor;
	guint source;
};

G_DEFINE_FINAL_TYPE(BhdUdev, bhd_udev, G_TYPE_OBJECT)

static guint signal_changed, signal_machine_changed;

/* Of the many devices of the class misc only one is ours. */
static const char *const subsystems[] = {"misc", "bulkhead", "pci", "cpu", "memory"};

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	gboolean ours = FALSE, of_the_machine = FALSE;
	BhdUdev *self = data;
	struct udev_device *device;

	(void)fd;
	(void)condition;
	while ((device = udev_monitor_receive_device(self->monitor))) {
		const char *subsystem = udev_device_get_subsystem(device);

		if (!g_strcmp0(subsystem, "bulkhead") ||
		    !g_strcmp0(udev_device_get_sysname(device), "bulkhead"))
			ours = TRUE;
		else if (g_strcmp0(subsystem, "misc"))
			of_the_machine = TRUE;
		udev_device_unref(device);
	}
	if (ours)
		g_signal_emit(self, signal_changed, 0);
	if (of_the_machine)
		g_signal_emit(self, signal_machine_changed, 0);
	return G_SOURCE_CONTINUE;
}

static void bhd_udev_finalize(GObject *object)
{
	BhdUdev *self = BHD_UDEV(object);

	g_clear_handle_id(&self->source, g_source_remove);
	g_clear_pointer(&self->monitor, udev_monitor_unref);
	g_clear_pointer(&self->udev, udev_unref);
	G_OBJECT_CLASS(bhd_udev_parent_class)->finalize(object);
}

static void bhd_udev_class_init(BhdUdevClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_udev_finalize;
	signal_changed = g_signal_new("changed", BHD_TYPE_UDEV, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
	signal_machine_changed = g_signal_new("machine-changed", BHD_TYPE_UDEV, G_SIGNAL_RUN_LAST,
					      0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void bhd_udev_init(BhdUdev *self)
{
	(void)self;
}

static gboolean listen(BhdUdev *self)
{
	self->udev = udev_new();
	if (self->udev)
		self->monitor = udev_monitor_new_from_netlink(self->udev, "udev");
	if (!self->monitor)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(subsystems); i++)
		if (udev_monitor_filter_add_match_subsystem_devtype(self->monitor, subsystems[i],
								    NULL) < 0)
			return FALSE;
	return udev_monitor_enable_receiving(self->monitor) >= 0;
}

BhdUdev *bhd_udev_new(GError **error)
{
	g_autoptr(BhdUdev) self = g_object_new(BHD_TYPE_UDEV, NULL);

	if (!listen(self)) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_FAILED, "udev cannot be listened to");
		return NULL;
	}
	self->source =
		g_unix_fd_add(udev_monitor_get_fd(self->monitor), G_IO_IN, on_readable, self);
	return g_steal_pointer(&self);
}
