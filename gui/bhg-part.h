/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the machine that can be given to a cell: a CPU or a device. It is what is dragged, and what menus move.
 * The action of the window for it is win.move (sss): its kind, its number or address, and a cell's name, "" for the root: an operation of the plan.
 */
#ifndef BHG_PART_H
#define BHG_PART_H

#include <gtk/gtk.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

typedef struct {
	const char *kind; /* "cpu" or "device" */
	char *id; /* the number, or numbers with commas between them; the address */
} BhgPart;

#define BHG_TYPE_PART (bhg_part_get_type())
GType bhg_part_get_type(void);
BhgPart *bhg_part_new(const char *kind, const char *id);
BhgPart *bhg_part_copy(const BhgPart *part);
void bhg_part_free(BhgPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhgPart, bhg_part_free)

/* Who has it now, and who has it in the files as the plan has them; NULL: the root. */
BhgCell *bhg_part_owner(const BhgPart *part, BhgConnection *connection);
BhgCell *bhg_part_owner_to_be(const BhgPart *part, BhgConnection *connection);

/* What a cell that has it in its file, and what the core say: "CPU 3: root; for hmi when it is started". */
char *bhg_part_describe(const BhgPart *part, BhgConnection *connection);

void bhg_part_install_action(GtkWidgetClass *window_class);
/* Everybody it can be moved to. */
GMenuModel *bhg_part_menu(const BhgPart *part, BhgConnection *connection);

/* Lets @widget be dragged as what @part is then; @part lives as long as @widget. */
void bhg_part_make_source(GtkWidget *widget, const BhgPart *part);
/* Lets parts be dropped on @widget; they go to the cell named like the data "bhg-cell" of @widget, to the root without one. */
void bhg_part_make_target(GtkWidget *widget);

G_END_DECLS

#endif
