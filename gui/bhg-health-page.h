/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is isolated and what is not, as sentences with what to do about it; what troubles cells; a report that can be filed. */
#ifndef BHG_HEALTH_PAGE_H
#define BHG_HEALTH_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_HEALTH_PAGE (bhg_health_page_get_type())
G_DECLARE_FINAL_TYPE(BhgHealthPage, bhg_health_page, BHG, HEALTH_PAGE, BhgPage)

G_END_DECLS

#endif
