/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shall be changed: sentences, what is wrong with them, the files line by line; and the way to apply it all. */
#ifndef BHE_CHANGES_PAGE_H
#define BHE_CHANGES_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHE_TYPE_CHANGES_PAGE (bhe_changes_page_get_type())
G_DECLARE_FINAL_TYPE(BheChangesPage, bhe_changes_page, BHE, CHANGES_PAGE, BhgPage)

G_END_DECLS

#endif
