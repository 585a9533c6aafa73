// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-application.h"
#include "bhg-console-page.h"
#include "bhg-devices-page.h"
#include "bhg-health-page.h"
#include "bhg-journal-page.h"
#include "bhg-links-page.h"
#include "bhg-map-page.h"
#include "bhg-overview-page.h"
#include "bhg-resources.h"
#include "bhg-running-page.h"
#include "bhg-window.h"

#define RESOURCE_PATH "/org/bulkhead1/Configurator"

struct _BhgApplication {
	AdwApplication parent;
	BhgTarget target;
	char *value;
	BhgConnection *connection;
};

G_DEFINE_FINAL_TYPE(BhgApplication, bhg_application, ADW_TYPE_APPLICATION)

static const BhgPageInfo pages[] = {
	{BHG_ABOUT_MACHINE, "overview", N_("Overview"), "view-list-symbolic",
	 bhg_overview_page_get_type},
	{BHG_ABOUT_MACHINE, "map", N_("Map"), "view-grid-symbolic", bhg_map_page_get_type},
	{BHG_ABOUT_MACHINE, "devices", N_("Devices"), "drive-harddisk-symbolic",
	 bhg_devices_page_get_type},
	{BHG_ABOUT_MACHINE, "links", N_("Links"), "network-workgroup-symbolic",
	 bhg_links_page_get_type},
	{BHG_ABOUT_MACHINE, "health", N_("Health"), "security-high-symbolic",
	 bhg_health_page_get_type},
	{BHG_ABOUT_CELL, "running", N_("Overview"), "media-playback-start-symbolic",
	 bhg_running_page_get_type},
	{BHG_ABOUT_CELL, "console", N_("Console"), "utilities-terminal-symbolic",
	 bhg_console_page_get_type},
	{BHG_ABOUT_CELL, "journal", N_("Journal"), "document-open-recent-symbolic",
	 bhg_journal_page_get_type},
};

void bhg_init(void)
{
	static gboolean done;

	if (done)
		return;
	done = TRUE;
	g_resources_register(bhg_get_resource());
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
		bhg_page_register(&pages[i]);
}

void bhg_init_display(GdkDisplay *display)
{
	g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();

	gtk_css_provider_load_from_resource(provider, RESOURCE_PATH "/style.css");
	gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(provider),
						   GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	gtk_icon_theme_add_resource_path(gtk_icon_theme_get_for_display(display),
					 RESOURCE_PATH "/icons");
}

/* ---- options ---- */

static gboolean choose(BhgApplication *self, BhgTarget target, const char *value, GError **error)
{
	if (self->target != BHG_TARGET_SYSTEM) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    _("Choose one of --session, --address, --host and --simulate."));
		return FALSE;
	}
	self->target = target;
	self->value = g_strdup(value);
	return TRUE;
}

static gboolean on_target(const char *option, const char *value, gpointer data, GError **error)
{
	BhgApplication *self = BHG_APPLICATION(g_application_get_default());

	if (g_str_equal(option, "--session"))
		return choose(self, BHG_TARGET_SESSION, NULL, error);
	if (g_str_equal(option, "--address"))
		return choose(self, BHG_TARGET_ADDRESS, value, error);
	if (g_str_equal(option, "--simulate"))
		return choose(self, BHG_TARGET_SIMULATED, value, error);
	return choose(self, BHG_TARGET_HOST, value, error);
}

static gboolean on_version(const char *option, const char *value, gpointer data, GError **error)
{
	g_print("bulkhead-configurator %s\n", BHG_VERSION);
	exit(EXIT_SUCCESS);
}

static void add_options(BhgApplication *self)
{
	static const GOptionEntry entries[] = {
		{"host", 'H', 0, G_OPTION_ARG_CALLBACK, on_target,
		 N_("Show the machine HOST, through ssh"), N_("HOST")},
		{"simulate", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, on_target,
		 N_("Show a simulated machine, as described in FILE"), N_("FILE")},
		{"session", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_target,
		 N_("Use the daemon on the session bus"), NULL},
		{"address", 0, 0, G_OPTION_ARG_CALLBACK, on_target,
		 N_("Use the daemon on the bus at ADDRESS"), N_("ADDRESS")},
		{"version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_version,
		 N_("Show the version"), NULL},
		G_OPTION_ENTRY_NULL,
	};

	/* Not a group of its own, whose options --help would not show. */
	g_application_add_main_option_entries(G_APPLICATION(self), entries);
	g_application_set_option_context_summary(
		G_APPLICATION(self), _("Shows a machine that Bulkhead divides, and its cells."));
}

/* ---- actions ---- */

static void on_about(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	GtkApplication *application = data;

	adw_show_about_window(gtk_application_get_active_window(application), "application-name",
			      _("Bulkhead"), "application-icon", BHG_APPLICATION_ID, "version",
			      BHG_VERSION, "developer-name", _("The Bulkhead authors"),
			      "license-type", GTK_LICENSE_GPL_2_0, "comments",
			      _("Divides one running machine into isolated cells."), NULL);
}

static void on_quit(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	GtkWindow *window;

	while ((window = gtk_application_get_active_window(data)))
		gtk_window_destroy(window);
}

static void on_close(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	GtkWindow *window = gtk_application_get_active_window(data);

	if (window)
		gtk_window_close(window);
}

/* ---- the object ---- */

static void bhg_application_startup(GApplication *application)
{
	static const GActionEntry actions[] = {
		{.name = "about", .activate = on_about},
		{.name = "quit", .activate = on_quit},
		{.name = "close", .activate = on_close},
	};

	G_APPLICATION_CLASS(bhg_application_parent_class)->startup(application);
	g_action_map_add_action_entries(G_ACTION_MAP(application), actions, G_N_ELEMENTS(actions),
					application);
	gtk_application_set_accels_for_action(GTK_APPLICATION(application), "app.quit",
					      (const char *[]){"<Control>q", NULL});
	gtk_application_set_accels_for_action(GTK_APPLICATION(application), "app.close",
					      (const char *[]){"<Control>w", NULL});
	bhg_init_display(gdk_display_get_default());
}

static void bhg_application_activate(GApplication *application)
{
	BhgApplication *self = BHG_APPLICATION(application);

	if (!self->connection) {
		self->connection = bhg_connection_new(self->target, self->value);
		bhg_connection_open(self->connection);
	}
	gtk_window_present(
		GTK_WINDOW(bhg_window_new(GTK_APPLICATION(application), self->connection)));
}

static void bhg_application_shutdown(GApplication *application)
{
	g_clear_object(&BHG_APPLICATION(application)->connection);
	G_APPLICATION_CLASS(bhg_application_parent_class)->shutdown(application);
}

static void bhg_application_finalize(GObject *object)
{
	g_free(BHG_APPLICATION(object)->value);
	G_OBJECT_CLASS(bhg_application_parent_class)->finalize(object);
}

static void bhg_application_class_init(BhgApplicationClass *class)
{
	G_OBJECT_CLASS(class)->finalize = bhg_application_finalize;
	G_APPLICATION_CLASS(class)->startup = bhg_application_startup;
	G_APPLICATION_CLASS(class)->activate = bhg_application_activate;
	G_APPLICATION_CLASS(class)->shutdown = bhg_application_shutdown;
}

static void bhg_application_init(BhgApplication *self)
{
	add_options(self);
}

/* Not unique: two windows may show two machines. */
BhgApplication *bhg_application_new(void)
{
	bhg_init();
	return g_object_new(BHG_TYPE_APPLICATION, "application-id", BHG_APPLICATION_ID, "flags",
			    G_APPLICATION_NON_UNIQUE, "resource-base-path", RESOURCE_PATH, NULL);
}
