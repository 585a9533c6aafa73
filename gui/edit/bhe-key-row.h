/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One key of a cell file as a row: title, help or finding, and the widget its kind of value takes. */
#ifndef BHE_KEY_ROW_H
#define BHE_KEY_ROW_H

#include <adwaita.h>
#include "bhe-service.h"
#include "bhe-words.h"

G_BEGIN_DECLS

#define BHE_TYPE_KEY_ROW (bhe_key_row_get_type())
G_DECLARE_FINAL_TYPE(BheKeyRow, bhe_key_row, BHE, KEY_ROW, AdwActionRow)

/* @section: "Memory ram"; need not be there yet. */
BheKeyRow *bhe_key_row_new(BheService *service, const char *cell, const char *section,
			   const BheKeyWords *words);
const char *bhe_key_row_get_key(BheKeyRow *row);
/* Shows the value and the finding of now. */
void bhe_key_row_update(BheKeyRow *row);
/* The widget to type in, or to switch. */
GtkWidget *bhe_key_row_get_input(BheKeyRow *row);

G_END_DECLS

#endif
