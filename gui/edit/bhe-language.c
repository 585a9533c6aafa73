// SPDX-License-Identifier: GPL-2.0-or-later

#include <adwaita.h>
#include "bhe-language.h"

#define PATH "resource:///org/bulkhead1/Configurator/languages"

void bhe_language_init(void)
{
	gtk_source_language_manager_append_search_path(gtk_source_language_manager_get_default(),
						       PATH);
	g_type_ensure(GTK_SOURCE_TYPE_VIEW);
}

static void on_dark_changed(GtkTextView *view)
{
	gboolean dark = adw_style_manager_get_dark(adw_style_manager_get_default());
	GtkSourceStyleScheme *scheme = gtk_source_style_scheme_manager_get_scheme(
		gtk_source_style_scheme_manager_get_default(), dark ? "Adwaita-dark" : "Adwaita");

	gtk_source_buffer_set_style_scheme(GTK_SOURCE_BUFFER(gtk_text_view_get_buffer(view)),
					   scheme);
}

void bhe_language_set(GtkSourceView *view)
{
	GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));

	gtk_source_buffer_set_language(
		GTK_SOURCE_BUFFER(buffer),
		gtk_source_language_manager_get_language(gtk_source_language_manager_get_default(),
							 "bulkhead-cell"));
	g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
				G_CALLBACK(on_dark_changed), view, G_CONNECT_SWAPPED);
	on_dark_changed(GTK_TEXT_VIEW(view));
}
