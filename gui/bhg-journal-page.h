/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to a cell, newest first: changes of its state, forbidden accesses in words, faults. */
#ifndef BHG_JOURNAL_PAGE_H
#define BHG_JOURNAL_PAGE_H

#include "bhg-page.h"

G_BEGIN_DECLS

#define BHG_JOURNAL_MAX 1000 /* events that are kept */

#define BHG_TYPE_JOURNAL_PAGE (bhg_journal_page_get_type())
G_DECLARE_FINAL_TYPE(BhgJournalPage, bhg_journal_page, BHG, JOURNAL_PAGE, BhgPage)

G_END_DECLS

#endif
