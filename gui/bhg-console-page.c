// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhg-console-page.h"
#include "bhg-console.h"

struct _BhgConsolePage {
	BhgPage parent;
	GtkStack *stack;
};

G_DEFINE_FINAL_TYPE(BhgConsolePage, bhg_console_page, BHG_TYPE_PAGE)

static void bhg_console_page_cell_changed(BhgPage *page)
{
	BhgConsolePage *self = BHG_CONSOLE_PAGE(page);
	BhgCell *cell = bhg_page_get_cell(page);
	const char *name;

	if (!cell)
		return;
	name = bhg_cell_get_name(cell);
	if (!gtk_stack_get_child_by_name(self->stack, name))
		gtk_stack_add_named(self->stack,
				    bhg_console_new(bhg_page_get_connection(page), cell), name);
	gtk_stack_set_visible_child_name(self->stack, name);
}

static void bhg_console_page_class_init(BhgConsolePageClass *class)
{
	BHG_PAGE_CLASS(class)->cell_changed = bhg_console_page_cell_changed;
}

static void bhg_console_page_init(BhgConsolePage *self)
{
	self->stack = GTK_STACK(gtk_stack_new());
	adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->stack));
}
