/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of the machine: CPUs by package and cache, and memory to scale, coloured and lettered by who owns what. */
#ifndef BHG_MAP_PAGE_H
#define BHG_MAP_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_MAP_PAGE (bhg_map_page_get_type())
G_DECLARE_FINAL_TYPE(BhgMapPage, bhg_map_page, BHG, MAP_PAGE, BhgPage)

G_END_DECLS

#endif
