/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices in a tree, with driver, group, interrupt and owner; each can be dragged onto a cell, or moved by its menu. */
#ifndef BHG_DEVICES_PAGE_H
#define BHG_DEVICES_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_DEVICES_PAGE (bhg_devices_page_get_type())
G_DECLARE_FINAL_TYPE(BhgDevicesPage, bhg_devices_page, BHG, DEVICES_PAGE, BhgPage)

G_END_DECLS

#endif
