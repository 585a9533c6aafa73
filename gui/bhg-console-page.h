/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles of all cells that were looked at; each keeps its text while another one is seen. */
#ifndef BHG_CONSOLE_PAGE_H
#define BHG_CONSOLE_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_TYPE_CONSOLE_PAGE (bhg_console_page_get_type())
G_DECLARE_FINAL_TYPE(BhgConsolePage, bhg_console_page, BHG, CONSOLE_PAGE, BhgPage)

G_END_DECLS

#endif
