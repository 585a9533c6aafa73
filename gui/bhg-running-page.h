/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cell as it runs: state, start and stop, heartbeat, exits, forbidden accesses, autostart. */
#ifndef BHG_RUNNING_PAGE_H
#define BHG_RUNNING_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_RUNNING_PAGE (bhg_running_page_get_type())
G_DECLARE_FINAL_TYPE(BhgRunningPage, bhg_running_page, BHG, RUNNING_PAGE, BhgPage)

G_END_DECLS

#endif
