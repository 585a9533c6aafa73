// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-bar.h"
#include "bhe-changes-page.h"
#include "bhe-configure-page.h"
#include "bhe-language.h"
#include "bhe-resources.h"
#include "bhe-source-page.h"
#include "bhe-wizard.h"
#include "bhe.h"

static const BhgPageInfo pages[] = {
	{BHG_ABOUT_MACHINE, "changes", N_("Changes"), "view-list-bullet-symbolic",
	 bhe_changes_page_get_type},
	{BHG_ABOUT_CELL, "configure", N_("Configure"), "emblem-system-symbolic",
	 bhe_configure_page_get_type},
	{BHG_ABOUT_CELL, "source", N_("Source"), "text-x-generic-symbolic",
	 bhe_source_page_get_type},
};

static BhePlan *plan_of(gpointer window)
{
	return bhe_service_get_plan(bhe_service_get(bhg_window_get_connection(window)));
}

static void on_new_cell(GSimpleAction *action, GVariant *parameter, gpointer window)
{
	gtk_window_present(GTK_WINDOW(bhe_wizard_new(window)));
}

/* Where text is typed its own steps come first. */
static GtkTextBuffer *text_of(gpointer window)
{
	GtkWidget *focus = gtk_window_get_focus(window);

	return GTK_IS_TEXT_VIEW(focus) ? gtk_text_view_get_buffer(GTK_TEXT_VIEW(focus)) : NULL;
}

static void on_undo(GSimpleAction *action, GVariant *parameter, gpointer window)
{
	GtkTextBuffer *buffer = text_of(window);

	if (buffer && gtk_text_buffer_get_can_undo(buffer)) {
		gtk_text_buffer_undo(buffer);
		return;
	}
	bhe_plan_undo(plan_of(window));
}

static void on_redo(GSimpleAction *action, GVariant *parameter, gpointer window)
{
	GtkTextBuffer *buffer = text_of(window);

	if (buffer && gtk_text_buffer_get_can_redo(buffer)) {
		gtk_text_buffer_redo(buffer);
		return;
	}
	bhe_plan_redo(plan_of(window));
}

static void on_apply(GSimpleAction *action, GVariant *parameter, gpointer window)
{
	bhg_window_show(window, NULL, "changes", NULL);
}

static void on_remove_cell(GSimpleAction *action, GVariant *parameter, gpointer window)
{
	const char *cell = g_variant_get_string(parameter, NULL);
	g_autoptr(GError) error = NULL;

	bhe_plan_remove_cell(plan_of(window), cell, &error);
	if (error)
		bhg_toast_error(window, _("The cell cannot be removed."), error);
}

static void on_plan_changed(BhePlan *plan, GActionMap *map)
{
	gboolean can_undo, can_redo;

	g_object_get(plan, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
	g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(map, "undo")),
				    can_undo);
	g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(map, "redo")),
				    can_redo);
}

static void on_window(BhgWindow *window)
{
	static const GActionEntry actions[] = {
		{.name = "new-cell", .activate = on_new_cell},
		{.name = "undo", .activate = on_undo},
		{.name = "redo", .activate = on_redo},
		{.name = "apply", .activate = on_apply},
		{.name = "remove-cell", .activate = on_remove_cell, .parameter_type = "s"},
	};
	static const struct {
		const char *action, *keys;
	} keys[] = {{"win.new-cell", "<Control>n"},
		    {"win.undo", "<Control>z"},
		    {"win.redo", "<Control><Shift>z"},
		    {"win.apply", "<Control>Return"}};
	BheService *service = bhe_service_get(bhg_window_get_connection(window));
	GtkApplication *application = gtk_window_get_application(GTK_WINDOW(window));

	g_action_map_add_action_entries(G_ACTION_MAP(window), actions, G_N_ELEMENTS(actions),
					window);
	for (guint i = 0; application && i < G_N_ELEMENTS(keys); i++)
		gtk_application_set_accels_for_action(application, keys[i].action,
						      (const char *[]){keys[i].keys, NULL});
	g_signal_connect_object(bhe_service_get_plan(service), "changed",
				G_CALLBACK(on_plan_changed), window, 0);
	on_plan_changed(bhe_service_get_plan(service), G_ACTION_MAP(window));
	bhg_window_set_bar(window, bhe_bar_new(service));
}

void bhe_init(void)
{
	static gboolean done;

	if (done)
		return;
	done = TRUE;
	g_resources_register(bhe_get_resource());
	bhe_language_init();
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
		bhg_page_register(&pages[i]);
	bhg_window_add_hook(on_window);
}
