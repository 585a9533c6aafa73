// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-grant-dialog.h"
#include "bhe-grant.h"
#include "bhg-page.h"

typedef struct {
	BheService *service;
	GtkWidget *parent;
	char *cell;
	GPtrArray *grants; /* BheGrant */
	GPtrArray *checks; /* GtkCheckButton, one for each */
	GtkLabel *preview;
} Question;

static void question_free(gpointer data)
{
	Question *question = data;

	g_object_unref(question->service);
	g_object_unref(question->parent);
	g_ptr_array_unref(question->grants);
	g_ptr_array_unref(question->checks);
	g_free(question->cell);
	g_free(question);
}

static const BheGrant *chosen(Question *question)
{
	for (guint i = 0; i < question->checks->len; i++)
		if (gtk_check_button_get_active(question->checks->pdata[i]))
			return question->grants->pdata[i];
	return NULL;
}

static void on_toggled(GtkCheckButton *button, Question *question)
{
	const BheGrant *grant = chosen(question);
	g_autofree char *text = grant ? bhe_grant_to_text(grant) : g_strdup("");

	gtk_label_set_label(question->preview, g_strchomp(text));
}

static void on_response(AdwMessageDialog *dialog, const char *response, Question *question)
{
	const BheGrant *grant = chosen(question);
	g_autoptr(GError) error = NULL;

	if (g_strcmp0(response, "add") || !grant)
		return;
	bhe_grant_add(grant, bhe_service_get_plan(question->service), question->cell, &error);
	if (error)
		bhg_toast_error(question->parent, _("It cannot be granted."), error);
	else
		bhg_toast(question->parent, _("It is in the pending changes now."));
}

static GtkWidget *content_new(Question *question)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	GtkWidget *list = gtk_list_box_new();
	GtkWidget *preview = gtk_label_new(NULL);

	gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
	gtk_widget_add_css_class(list, "boxed-list");
	for (guint i = 0; i < question->grants->len; i++) {
		const BheGrant *grant = question->grants->pdata[i];
		GtkWidget *row = adw_action_row_new();
		GtkWidget *check = gtk_check_button_new();
		g_autofree char *title = g_markup_escape_text(grant->title, -1);
		g_autofree char *consequence = g_markup_escape_text(grant->consequence, -1);

		adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
		adw_action_row_set_subtitle(ADW_ACTION_ROW(row), consequence);
		adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 3);
		adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 4);
		adw_action_row_add_prefix(ADW_ACTION_ROW(row), check);
		adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), check);
		gtk_accessible_update_property(GTK_ACCESSIBLE(check), GTK_ACCESSIBLE_PROPERTY_LABEL,
					       grant->title, -1);
		if (question->checks->len)
			gtk_check_button_set_group(GTK_CHECK_BUTTON(check),
						   question->checks->pdata[0]);
		g_ptr_array_add(question->checks, check);
		g_signal_connect(check, "toggled", G_CALLBACK(on_toggled), question);
		gtk_list_box_append(GTK_LIST_BOX(list), row);
	}
	question->preview = GTK_LABEL(preview);
	gtk_label_set_xalign(question->preview, 0);
	gtk_label_set_selectable(question->preview, TRUE);
	gtk_widget_add_css_class(preview, "monospace");
	gtk_widget_add_css_class(preview, "card");
	gtk_widget_add_css_class(preview, "padded");
	gtk_accessible_update_property(GTK_ACCESSIBLE(preview), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
				       _("Lines that are added to the cell file"), -1);
	gtk_box_append(GTK_BOX(box), list);
	gtk_box_append(GTK_BOX(box), preview);
	gtk_check_button_set_active(question->checks->pdata[0], TRUE);
	return box;
}

GtkWidget *bhe_grant_dialog_present(GtkWidget *parent, BheService *service, const char *cell,
				    GVariant *violation)
{
	BhMachine *machine = bhg_connection_get_machine(bhe_service_get_connection(service));
	g_autofree char *explanation = bhe_grant_explain(machine, violation);
	g_autofree char *title = g_strdup_printf(_("Allow This to %s?"), cell);
	GtkWidget *dialog =
		adw_message_dialog_new(GTK_WINDOW(gtk_widget_get_root(parent)), title, explanation);
	Question *question = g_new0(Question, 1);

	question->service = g_object_ref(service);
	question->parent = g_object_ref(parent);
	question->cell = g_strdup(cell);
	question->grants =
		bhe_grant_propose(bhe_service_get_plan(service), machine, cell, violation);
	question->checks = g_ptr_array_new();
	adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "cancel", _("_Cancel"));
	if (question->grants->len) {
		adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog),
						   content_new(question));
		adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "add",
						_("_Add to Changes"));
		adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "add",
							   ADW_RESPONSE_SUGGESTED);
		adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "add");
	} else {
		/* Translators: one sentence after another */
		g_autofree char *body = g_strdup_printf(_("%s %s"), explanation,
							_("Nothing in a cell file can allow it."));

		adw_message_dialog_set_body(ADW_MESSAGE_DIALOG(dialog), body);
	}
	adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "cancel");
	g_object_set_data_full(G_OBJECT(dialog), "question", question, question_free);
	g_signal_connect(dialog, "response", G_CALLBACK(on_response), question);
	gtk_window_present(GTK_WINDOW(dialog));
	return dialog;
}
