/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A finding as a row: what is wrong, what to do, and where. */
#ifndef BHE_FINDING_ROW_H
#define BHE_FINDING_ROW_H

#include <adwaita.h>
#include "bhe-finding.h"

G_BEGIN_DECLS

#define BHE_TYPE_FINDING_ROW (bhe_finding_row_get_type())
G_DECLARE_FINAL_TYPE(BheFindingRow, bhe_finding_row, BHE, FINDING_ROW, AdwActionRow)

/* @with_cell: say which cell it is about. */
GtkWidget *bhe_finding_row_new(BheFinding *finding, gboolean with_cell);
BheFinding *bhe_finding_row_get_finding(BheFindingRow *row);

G_END_DECLS

#endif
