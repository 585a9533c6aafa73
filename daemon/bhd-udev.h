/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells when the module comes or goes, or when somebody else has enabled, disabled or changed something; and when Linux has
 * got or lost PCI devices, their drivers, CPUs or memory.
 */
#ifndef BHD_UDEV_H
#define BHD_UDEV_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHD_TYPE_UDEV (bhd_udev_get_type())
G_DECLARE_FINAL_TYPE(BhdUdev, bhd_udev, BHD, UDEV, GObject)

/* Emits "changed", and "machine-changed" for the latter. */
BhdUdev *bhd_udev_new(GError **error);

G_END_DECLS

#endif
