// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-finding-row.h"

struct _BheFindingRow {
	AdwActionRow parent;
	BheFinding *finding;
};

G_DEFINE_FINAL_TYPE(BheFindingRow, bhe_finding_row, ADW_TYPE_ACTION_ROW)

BheFinding *bhe_finding_row_get_finding(BheFindingRow *self)
{
	return self->finding;
}

static void bhe_finding_row_finalize(GObject *object)
{
	g_clear_object(&BHE_FINDING_ROW(object)->finding);
	G_OBJECT_CLASS(bhe_finding_row_parent_class)->finalize(object);
}

static void bhe_finding_row_class_init(BheFindingRowClass *class)
{
	G_OBJECT_CLASS(class)->finalize = bhe_finding_row_finalize;
}

static void bhe_finding_row_init(BheFindingRow *self)
{
}

GtkWidget *bhe_finding_row_new(BheFinding *finding, gboolean with_cell)
{
	BheFindingRow *self = g_object_new(BHE_TYPE_FINDING_ROW, NULL);
	AdwActionRow *row = ADW_ACTION_ROW(self);
	BhSeverity severity = bhe_finding_get_severity(finding);
	const char *cell = bhe_finding_get_cell(finding);
	const char *suggestion = bhe_finding_get_suggestion(finding);
	guint line = bhe_finding_get_line(finding);
	GtkWidget *icon = gtk_image_new_from_icon_name(bhe_severity_get_icon(severity));
	g_autofree char *title = g_markup_escape_text(bhe_finding_get_message(finding), -1);
	g_autofree char *place = NULL;

	self->finding = g_object_ref(finding);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	adw_action_row_set_title_lines(row, 4);
	adw_action_row_set_subtitle_lines(row, 4);
	if (suggestion) {
		g_autofree char *subtitle = g_markup_escape_text(suggestion, -1);

		adw_action_row_set_subtitle(row, subtitle);
	}
	gtk_widget_add_css_class(icon, bhe_severity_get_style(severity));
	gtk_widget_set_tooltip_text(icon, bhe_severity_get_title(severity));
	gtk_accessible_update_property(GTK_ACCESSIBLE(icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       bhe_severity_get_title(severity), -1);
	adw_action_row_add_prefix(row, icon);
	if (with_cell && cell && line)
		place = g_strdup_printf(_("%s, line %u"), cell, line);
	else if (with_cell && cell)
		place = g_strdup(cell);
	else if (line)
		place = g_strdup_printf(_("line %u"), line);
	if (place) {
		GtkWidget *label = gtk_label_new(place);

		gtk_widget_add_css_class(label, "dim-label");
		adw_action_row_add_suffix(row, label);
	}
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), cell != NULL);
	return GTK_WIDGET(self);
}
