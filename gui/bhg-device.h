/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of a machine as a tree: buses and kinds, devices, and what they consist of. Knows no display. */
#ifndef BHG_DEVICE_H
#define BHG_DEVICE_H

#include "bh-machine.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHG_TYPE_DEVICE (bhg_device_get_type())
G_DECLARE_FINAL_TYPE(BhgDevice, bhg_device, BHG, DEVICE, GObject)

/* Groups of BhgDevice; transfer full. */
GListModel *bhg_devices_new(const BhMachine *machine);

GListModel *bhg_device_get_children(BhgDevice *device); /* NULL: none */
const char *bhg_device_get_title(BhgDevice *device);
/* What identifies it in cell files: a PCI address or a path of the device tree. NULL: it cannot be given to a cell. */
const char *bhg_device_get_address(BhgDevice *device);
gboolean bhg_device_is_bridge(BhgDevice *device);
/* Texts for columns; "" if there is nothing to say. */
const char *bhg_device_get_driver(BhgDevice *device);
const char *bhg_device_get_group(BhgDevice *device);
const char *bhg_device_get_interrupt(BhgDevice *device);
/* What Linux needs it for: "disk /, network eth0". */
const char *bhg_device_get_use(BhgDevice *device);

G_END_DECLS

#endif
