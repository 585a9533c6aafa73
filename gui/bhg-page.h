/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of the window: about the machine, or about the cell that is chosen. A page is a subclass with a template; see README.md
 * for how to add one. The window makes one of each when it is first looked at, and sets its properties.
 */
#ifndef BHG_PAGE_H
#define BHG_PAGE_H

#include <adwaita.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_TYPE_PAGE (bhg_page_get_type())
G_DECLARE_DERIVABLE_TYPE(BhgPage, bhg_page, BHG, PAGE, AdwBin)

struct _BhgPageClass {
	AdwBinClass parent;

	/* The connection is set, once, before anything else. */
	void (*connected)(BhgPage *page);
	/* Another cell, or none. Pages about the machine have none ever. */
	void (*cell_changed)(BhgPage *page);
	/* Goes to what a finding or an operation is about: a section and key, a CPU "cpu:3", a device "pci:0000:00:03.0". */
	void (*reveal)(BhgPage *page, const char *what);
};

BhgConnection *bhg_page_get_connection(BhgPage *page);
void bhg_page_set_connection(BhgPage *page, BhgConnection *connection);
BhgCell *bhg_page_get_cell(BhgPage *page);
void bhg_page_set_cell(BhgPage *page, BhgCell *cell);
void bhg_page_reveal(BhgPage *page, const char *what);

/* ---- which pages there are ---- */

typedef enum {
	BHG_ABOUT_MACHINE,
	BHG_ABOUT_CELL,
} BhgPageSubject;

/* Strings are static; @title is marked with N_() and translated when shown. */
typedef struct {
	BhgPageSubject subject;
	const char *name; /* for win.show */
	const char *title;
	const char *icon;
	GType (*get_type)(void); /* a BhgPage */
} BhgPageInfo;

/* In the order in which they are to be shown; before the first window. */
void bhg_page_register(const BhgPageInfo *info);
const BhgPageInfo *bhg_page_get_info(guint index); /* NULL: no more */

/* What a button does or shows, for a screen reader; and of one with nothing but an icon also to see. */
void bhg_name_button(GtkWidget *button, const char *name);
void bhg_name_icon(GtkWidget *button, const char *name);

/* Shows @text for a while at the lower edge of the window @widget is in. */
void bhg_toast(GtkWidget *widget, const char *text);
void bhg_toast_with_button(GtkWidget *widget, const char *text, const char *label,
			   const char *action);
void bhg_toast_error(GtkWidget *widget, const char *what_failed, const GError *error);

G_END_DECLS

#endif
