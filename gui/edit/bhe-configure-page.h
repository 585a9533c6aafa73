/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every key of a cell's file as a row, in groups: what is changed here goes into the plan at once. */
#ifndef BHE_CONFIGURE_PAGE_H
#define BHE_CONFIGURE_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHE_TYPE_CONFIGURE_PAGE (bhe_configure_page_get_type())
G_DECLARE_FINAL_TYPE(BheConfigurePage, bhe_configure_page, BHE, CONFIGURE_PAGE, BhgPage)

G_END_DECLS

#endif
