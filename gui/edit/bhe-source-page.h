/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a cell's file, with what is wrong in it at its line; the same plan as the other pages. */
#ifndef BHE_SOURCE_PAGE_H
#define BHE_SOURCE_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHE_TYPE_SOURCE_PAGE (bhe_source_page_get_type())
G_DECLARE_FINAL_TYPE(BheSourcePage, bhe_source_page, BHE, SOURCE_PAGE, BhgPage)

G_END_DECLS

#endif
