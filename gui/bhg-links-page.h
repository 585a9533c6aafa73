/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links between cells as a graph: cells are nodes, links are lines with their size and protocol; drag from cell to cell to plan one. */
#ifndef BHG_LINKS_PAGE_H
#define BHG_LINKS_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_LINKS_PAGE (bhg_links_page_get_type())
G_DECLARE_FINAL_TYPE(BhgLinksPage, bhg_links_page, BHG, LINKS_PAGE, BhgPage)

G_END_DECLS

#endif
