// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bhg-page.h"
#include "bhg-window.h"
#include "bhg-words.h"

typedef struct {
	BhgConnection *connection;
	BhgCell *cell;
} BhgPagePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(BhgPage, bhg_page, ADW_TYPE_BIN)

static void bhg_page_dispose(GObject *object)
{
	BhgPagePrivate *priv = bhg_page_get_instance_private(BHG_PAGE(object));

	g_clear_object(&priv->cell);
	/* A page that waits for an answer may be the last that holds it, and it has something to say when it goes. */
	if (priv->connection)
		g_signal_handlers_disconnect_by_data(priv->connection, object);
	g_clear_object(&priv->connection);
	G_OBJECT_CLASS(bhg_page_parent_class)->dispose(object);
}

static void bhg_page_class_init(BhgPageClass *class)
{
	G_OBJECT_CLASS(class)->dispose = bhg_page_dispose;
}

static void bhg_page_init(BhgPage *page)
{
}

BhgConnection *bhg_page_get_connection(BhgPage *page)
{
	BhgPagePrivate *priv = bhg_page_get_instance_private(page);

	return priv->connection;
}

void bhg_page_set_connection(BhgPage *page, BhgConnection *connection)
{
	BhgPagePrivate *priv = bhg_page_get_instance_private(page);

	g_return_if_fail(!priv->connection);
	priv->connection = g_object_ref(connection);
	if (BHG_PAGE_GET_CLASS(page)->connected)
		BHG_PAGE_GET_CLASS(page)->connected(page);
}

BhgCell *bhg_page_get_cell(BhgPage *page)
{
	BhgPagePrivate *priv = bhg_page_get_instance_private(page);

	return priv->cell;
}

void bhg_page_set_cell(BhgPage *page, BhgCell *cell)
{
	BhgPagePrivate *priv = bhg_page_get_instance_private(page);

	if (g_set_object(&priv->cell, cell) && BHG_PAGE_GET_CLASS(page)->cell_changed)
		BHG_PAGE_GET_CLASS(page)->cell_changed(page);
}

void bhg_page_reveal(BhgPage *page, const char *what)
{
	if (BHG_PAGE_GET_CLASS(page)->reveal)
		BHG_PAGE_GET_CLASS(page)->reveal(page, what);
}

/* ---- which pages there are ---- */

static GArray *infos;

void bhg_page_register(const BhgPageInfo *info)
{
	if (!infos)
		infos = g_array_new(FALSE, FALSE, sizeof(*info));
	g_array_append_vals(infos, info, 1);
}

const BhgPageInfo *bhg_page_get_info(guint index)
{
	return infos && index < infos->len ? &g_array_index(infos, BhgPageInfo, index) : NULL;
}

/* ---- toasts ---- */

void bhg_name_button(GtkWidget *button, const char *name)
{
	gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
				       -1);
	/* Of a menu button it is the button in it that has the focus. */
	if (GTK_IS_MENU_BUTTON(button))
		bhg_name_button(gtk_widget_get_first_child(button), name);
}

void bhg_name_icon(GtkWidget *button, const char *name)
{
	gtk_widget_set_tooltip_text(button, name);
	bhg_name_button(button, name);
}

void bhg_toast_with_button(GtkWidget *widget, const char *text, const char *label,
			   const char *action)
{
	GtkWidget *window = gtk_widget_get_ancestor(widget, BHG_TYPE_WINDOW);
	GtkWidget *overlay = window ? bhg_window_get_toasts(BHG_WINDOW(window))
				    : gtk_widget_get_ancestor(widget, ADW_TYPE_TOAST_OVERLAY);
	g_autofree char *plain = g_markup_escape_text(text, -1);
	AdwToast *toast;

	if (!overlay)
		return;
	toast = adw_toast_new(plain);
	adw_toast_set_button_label(toast, label);
	adw_toast_set_action_name(toast, action);
	adw_toast_overlay_add_toast(ADW_TOAST_OVERLAY(overlay), toast);
}

void bhg_toast(GtkWidget *widget, const char *text)
{
	bhg_toast_with_button(widget, text, NULL, NULL);
}

void bhg_toast_error(GtkWidget *widget, const char *what_failed, const GError *error)
{
	g_autofree char *reason = bhg_words_error(error);
	const char *stop = g_utf8_find_prev_char(what_failed, what_failed + strlen(what_failed));
	/* The reason is no sentence of its own: it begins with a small letter. */
	g_autofree char *text = g_strdup_printf("%.*s%s%s", (int)(stop - what_failed), what_failed,
						*stop == '.' ? ": " : "：", reason);

	/* Nobody is interested in the failure of what nobody waits for any more. */
	if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		bhg_toast(widget, text);
}
