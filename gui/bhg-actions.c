// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-actions.h"
#include "bhg-window.h"

typedef struct {
	const char *verb;
	const char *label;
	const char *method;
	gboolean force; /* the option of that name */
	/* The sentence of a failure, and the question before it is done to a cell that runs. */
	const char *failure;
	const char *question;
	const char *consequence;
	gboolean (*possible)(BhgCell *cell);
} Verb;

static gboolean can_start(BhgCell *cell)
{
	return !bhg_cell_runs(cell) && !g_str_equal(bhg_cell_get_state(cell), "invalid");
}

static const Verb verbs[] = {
	{"start", N_("_Start"), "Start", FALSE, N_("The cell was not started."), NULL, NULL,
	 can_start},
	{"stop", N_("S_top"), "Stop", FALSE, N_("The cell was not stopped."), NULL, NULL,
	 bhg_cell_runs},
	{"restart", N_("_Restart"), "Restart", FALSE, N_("The cell was not restarted."), NULL, NULL,
	 bhg_cell_runs},
	{"force-stop", N_("Stop by _Force…"), "Stop", TRUE, N_("The cell was not stopped."),
	 N_("Stop “%s” by force?"),
	 N_("It is not asked, and cannot bring what it controls into a safe state."),
	 bhg_cell_runs},
	{"destroy", N_("_Give Back What It Holds"), "Destroy", FALSE,
	 N_("The cell was not taken apart."), N_("Stop “%s” and give back what it holds?"),
	 N_("Its CPUs, memory and devices return to Linux. Its file stays."), bhg_cell_exists},
};

static const Verb *find_verb(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (g_str_equal(verbs[i].verb, name))
			return &verbs[i];
	return NULL;
}

/* ---- doing it ---- */

typedef struct {
	BhgWindow *window;
	BhgCell *cell;
	const Verb *verb;
} Request;

static void request_free(Request *request)
{
	g_object_unref(request->window);
	g_object_unref(request->cell);
	g_free(request);
}

static void on_done(GObject *source, GAsyncResult *result, gpointer data)
{
	Request *request = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);

	if (!answer)
		bhg_toast_error(GTK_WIDGET(request->window), _(request->verb->failure), error);
	request_free(request);
}

static void carry_out(Request *request)
{
	GVariantDict options;

	g_variant_dict_init(&options, NULL);
	if (request->verb->force)
		g_variant_dict_insert(&options, "force", "b", TRUE);
	bhg_connection_call(bhg_window_get_connection(request->window),
			    bhg_cell_get_path(request->cell), "Cell", request->verb->method,
			    g_variant_new("(@a{sv})", g_variant_dict_end(&options)), NULL, on_done,
			    request);
}

static void on_answer(AdwMessageDialog *dialog, const char *response, gpointer data)
{
	if (g_str_equal(response, "do"))
		carry_out(data);
	else
		request_free(data);
}

static void ask(Request *request)
{
	g_autofree char *title =
		g_strdup_printf(_(request->verb->question), bhg_cell_get_name(request->cell));
	GtkWidget *dialog = adw_message_dialog_new(GTK_WINDOW(request->window), title,
						   _(request->verb->consequence));

	adw_message_dialog_add_responses(
		ADW_MESSAGE_DIALOG(dialog), "cancel", _("_Cancel"), "do",
		request->verb->force ? _("Stop by _Force") : _("_Stop and Give Back"), NULL);
	adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "do",
						   ADW_RESPONSE_DESTRUCTIVE);
	g_signal_connect(dialog, "response", G_CALLBACK(on_answer), request);
	gtk_window_present(GTK_WINDOW(dialog));
}

static void on_cell(GtkWidget *widget, const char *action, GVariant *target)
{
	BhgWindow *window = BHG_WINDOW(widget);
	const char *verb_name, *name;
	const Verb *verb;
	BhgCell *cell;
	Request *request;

	g_variant_get(target, "(&s&s)", &verb_name, &name);
	verb = find_verb(verb_name);
	cell = bhg_connection_find_cell(bhg_window_get_connection(window), name);
	if (!verb || !cell)
		return;
	request = g_new0(Request, 1);
	request->window = g_object_ref(window);
	request->cell = g_object_ref(cell);
	request->verb = verb;
	if (verb->question && bhg_cell_runs(cell))
		ask(request);
	else
		carry_out(request);
}

static void on_enabled(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgWindow) window = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);

	if (!answer)
		bhg_toast_error(GTK_WIDGET(window), _("The state of Bulkhead was not changed."),
				error);
}

static void on_enable(GtkWidget *widget, const char *action, GVariant *target)
{
	BhgWindow *window = BHG_WINDOW(widget);

	bhg_connection_call(bhg_window_get_connection(window), BHG_ROOT "/manager", "Manager",
			    g_str_equal(action, "win.enable") ? "Enable" : "Disable",
			    g_variant_new("(@a{sv})", bhg_no_options()), NULL, on_enabled,
			    g_object_ref(window));
}

void bhg_actions_install(GtkWidgetClass *window_class)
{
	gtk_widget_class_install_action(window_class, "win.cell", "(ss)", on_cell);
	gtk_widget_class_install_action(window_class, "win.enable", NULL, on_enable);
	gtk_widget_class_install_action(window_class, "win.disable", NULL, on_enable);
}

/* ---- the menu ---- */

GMenuModel *bhg_actions_menu(BhgCell *cell)
{
	GMenu *menu = g_menu_new();

	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		g_autoptr(GMenuItem) item = NULL;

		if (!verbs[i].possible(cell))
			continue;
		item = g_menu_item_new(_(verbs[i].label), NULL);
		g_menu_item_set_action_and_target(item, "win.cell", "(ss)", verbs[i].verb,
						  bhg_cell_get_name(cell));
		g_menu_append_item(menu, item);
	}
	return G_MENU_MODEL(menu);
}

void bhg_actions_popdown(GtkWidget *widget)
{
	GtkWidget *popover = g_object_get_data(G_OBJECT(widget), "bhg-actions");

	if (popover)
		gtk_widget_unparent(popover);
	g_object_set_data(G_OBJECT(widget), "bhg-actions", NULL);
}

void bhg_actions_popup(GtkWidget *widget, BhgCell *cell, double x, double y)
{
	g_autoptr(GMenuModel) menu = bhg_actions_menu(cell);
	GtkWidget *popover;

	bhg_actions_popdown(widget);
	popover = gtk_popover_menu_new_from_model(menu);
	gtk_widget_set_parent(popover, widget);
	gtk_popover_set_has_arrow(GTK_POPOVER(popover), FALSE);
	gtk_widget_set_halign(popover, GTK_ALIGN_START);
	gtk_popover_set_pointing_to(GTK_POPOVER(popover), &(GdkRectangle){x, y, 1, 1});
	g_object_set_data(G_OBJECT(widget), "bhg-actions", popover);
	gtk_popover_popup(GTK_POPOVER(popover));
}
