// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-diff-view.h"
#include "bhe-diff.h"

#define CONTEXT 2 /* lines around a change */

static gboolean is_near_change(const GPtrArray *diff, guint at)
{
	guint from = at > CONTEXT ? at - CONTEXT : 0, to = MIN(at + CONTEXT + 1, diff->len);

	for (guint i = from; i < to; i++)
		if (((const BheDiffLine *)diff->pdata[i])->sign != ' ')
			return TRUE;
	return FALSE;
}

static void append(GtkTextBuffer *buffer, const char *text, const char *tag)
{
	GtkTextIter end;

	gtk_text_buffer_get_end_iter(buffer, &end);
	gtk_text_buffer_insert_with_tags_by_name(buffer, &end, text, -1, tag, NULL);
}

GtkWidget *bhe_diff_view_new(const char *old_text, const char *new_text)
{
	g_autoptr(GPtrArray) diff = bhe_diff(old_text, new_text);
	GtkWidget *view = gtk_text_view_new();
	GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
	gboolean gap = FALSE, first = TRUE;

	/* Colours that can be read on white and on black; the signs say it without them. */
	gtk_text_buffer_create_tag(buffer, "-", "paragraph-background", "rgba(224,27,36,0.18)",
				   NULL);
	gtk_text_buffer_create_tag(buffer, "+", "paragraph-background", "rgba(46,194,126,0.22)",
				   NULL);
	gtk_text_buffer_create_tag(buffer, " ", NULL);
	for (guint i = 0; i < diff->len; i++) {
		const BheDiffLine *line = diff->pdata[i];
		char sign[] = {line->sign, '\0'};
		g_autofree char *text = NULL;

		if (!is_near_change(diff, i)) {
			gap = !first;
			continue;
		}
		text = g_strdup_printf("%s%s%c %s", first ? "" : "\n", gap ? "⋯\n" : "", line->sign,
				       line->text);
		append(buffer, text, sign);
		first = gap = FALSE;
	}
	gtk_text_view_set_editable(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_cursor_visible(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_monospace(GTK_TEXT_VIEW(view), TRUE);
	gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
	gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 9);
	gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(view), 9);
	gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 12);
	gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 12);
	gtk_widget_add_css_class(view, "diff");
	gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       _("Changes of the file, line by line"), -1);
	return view;
}
