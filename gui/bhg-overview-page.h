/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine and all its cells at a glance: what state everything is in, and the next step where there is one. */
#ifndef BHG_OVERVIEW_PAGE_H
#define BHG_OVERVIEW_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_OVERVIEW_PAGE (bhg_overview_page_get_type())
G_DECLARE_FINAL_TYPE(BhgOverviewPage, bhg_overview_page, BHG, OVERVIEW_PAGE, BhgPage)

G_END_DECLS

#endif
