// SPDX-License-Identifier: GPL-2.0-or-later

#include <adwaita.h>
#include <glib/gi18n.h>
#include "bh-value.h"
#include "bhe-choosers.h"
#include "bhg-page.h"

typedef struct {
	BheService *service;
	char *cell;
	BheInput input;
	GtkEditable *entry; /* in the same row */
	GtkWidget *popover;
} Chooser;

static void chooser_free(gpointer data)
{
	Chooser *chooser = data;

	g_object_unref(chooser->service);
	g_free(chooser->cell);
	g_free(chooser);
}

/* ---- files ---- */

static void on_file_chosen(GtkNativeDialog *dialog, int response, Chooser *chooser)
{
	if (response == GTK_RESPONSE_ACCEPT) {
		g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
		g_autofree char *path = g_file_get_path(file);

		if (path)
			gtk_editable_set_text(chooser->entry, path);
	}
	g_object_unref(dialog);
}

static void on_browse(GtkWidget *button, Chooser *chooser)
{
	GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
		_("Choose a File"), GTK_WINDOW(gtk_widget_get_root(button)),
		GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
	/* The row may be gone before the dialog is. */
	g_object_set_data_full(G_OBJECT(dialog), "button", g_object_ref(button), g_object_unref);
	g_object_set_data_full(G_OBJECT(dialog), "entry", g_object_ref(chooser->entry),
			       g_object_unref);
	g_signal_connect(dialog, "response", G_CALLBACK(on_file_chosen), chooser);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

/* ---- lists of numbers and words ---- */

static gboolean list_has(const char *list, const char *word)
{
	gsize at = 0, start, length;

	while (bh_value_next(list, &at, &start, &length))
		if (strlen(word) == length && !strncmp(list + start, word, length))
			return TRUE;
	return FALSE;
}

static gboolean list_has_number(const char *list, guint number)
{
	gsize at = 0, start, length;
	guint64 first, last;

	while (bh_value_next(list, &at, &start, &length))
		if (bh_value_range(list + start, length, G_MAXUINT, &first, &last) &&
		    number >= first && number <= last)
			return TRUE;
	return FALSE;
}

static void on_toggled(GtkWidget *unused, Chooser *chooser)
{
	GtkWidget *list = gtk_popover_get_child(GTK_POPOVER(chooser->popover));
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *text = NULL;

	for (GtkWidget *child = gtk_widget_get_first_child(list); child;
	     child = gtk_widget_get_next_sibling(child)) {
		GtkWidget *button =
			GTK_IS_FLOW_BOX_CHILD(child)
				? gtk_flow_box_child_get_child(GTK_FLOW_BOX_CHILD(child))
				: child;
		const char *word = g_object_get_data(G_OBJECT(button), "word");
		gboolean active = GTK_IS_TOGGLE_BUTTON(button)
					  ? gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(button))
					  : gtk_check_button_get_active(GTK_CHECK_BUTTON(button));
		guint64 number;

		if (!active)
			continue;
		if (chooser->input == BHE_INPUT_CPUS && bh_value_number(word, &number))
			g_array_append_val(numbers, number);
		else
			g_string_append_printf(words, "%s%s", words->len ? " " : "", word);
	}
	text = chooser->input == BHE_INPUT_CPUS
		       ? bh_value_format_ranges((guint64 *)(gpointer)numbers->data, numbers->len)
		       : g_strdup(words->str);
	gtk_editable_set_text(chooser->entry, text);
}

static GtkWidget *toggle_new(Chooser *chooser, GtkWidget *button, const char *word, gboolean active)
{
	g_object_set_data_full(G_OBJECT(button), "word", g_strdup(word), g_free);
	if (GTK_IS_TOGGLE_BUTTON(button))
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), active);
	else
		gtk_check_button_set_active(GTK_CHECK_BUTTON(button), active);
	g_signal_connect(button, "toggled", G_CALLBACK(on_toggled), chooser);
	return button;
}

static GtkWidget *cpus_new(Chooser *chooser)
{
	BhMachine *machine =
		bhg_connection_get_machine(bhe_service_get_connection(chooser->service));
	BhePlan *plan = bhe_service_get_plan(chooser->service);
	const char *text = gtk_editable_get_text(chooser->entry);
	GtkWidget *box = gtk_flow_box_new();

	gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(box), GTK_SELECTION_NONE);
	gtk_flow_box_set_min_children_per_line(GTK_FLOW_BOX(box), 4);
	gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(box), 8);
	for (guint i = 0; machine && i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];
		const char *owner = bhe_plan_get_cpu_owner(plan, cpu->id);
		g_autofree char *label = g_strdup_printf("%u", cpu->id);
		g_autofree char *tip =
			g_strdup_printf(_("CPU %u, now of %s"), cpu->id, owner ? owner : "root");
		GtkWidget *button = toggle_new(
			chooser, gtk_toggle_button_new_with_label(label), label,
			list_has_number(text, cpu->id) || !g_strcmp0(owner, chooser->cell));

		gtk_widget_set_tooltip_text(button, tip);
		gtk_accessible_update_property(GTK_ACCESSIBLE(button),
					       GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
		gtk_flow_box_insert(GTK_FLOW_BOX(box), button, -1);
	}
	return box;
}

static GtkWidget *cells_new(Chooser *chooser)
{
	g_auto(GStrv) names = bhe_plan_list_cells(bhe_service_get_plan(chooser->service));
	const char *text = gtk_editable_get_text(chooser->entry);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

	for (char **name = names; *name; name++)
		if (strcmp(*name, chooser->cell))
			gtk_box_append(GTK_BOX(box),
				       toggle_new(chooser, gtk_check_button_new_with_label(*name),
						  *name, list_has(text, *name)));
	return box;
}

/* ---- devices ---- */

static void on_device_chosen(GtkListBox *list, GtkListBoxRow *row, Chooser *chooser)
{
	gtk_editable_set_text(chooser->entry, g_object_get_data(G_OBJECT(row), "word"));
	gtk_popover_popdown(GTK_POPOVER(chooser->popover));
}

static void device_add(Chooser *chooser, GtkWidget *list, const char *address, const char *what)
{
	const char *owner =
		bhe_plan_get_device_owner(bhe_service_get_plan(chooser->service), address);
	g_autofree char *title = g_markup_escape_text(what, -1);
	g_autofree char *subtitle =
		owner ? g_strdup_printf(_("%s, of %s"), address, owner) : g_strdup(address);
	GtkWidget *row = adw_action_row_new();

	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
	g_object_set_data_full(G_OBJECT(row), "word", g_strdup(address), g_free);
	gtk_list_box_append(GTK_LIST_BOX(list), row);
}

static GtkWidget *devices_new(Chooser *chooser)
{
	BhMachine *machine =
		bhg_connection_get_machine(bhe_service_get_connection(chooser->service));
	GtkWidget *list = gtk_list_box_new();
	GtkWidget *scrolled = gtk_scrolled_window_new();

	gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
	for (guint i = 0;
	     machine && chooser->input == BHE_INPUT_DEVICE && i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];
		g_autofree char *what = bh_machine_device_describe(device);

		if (!device->bridge)
			device_add(chooser, list, device->address, what);
	}
	for (guint i = 0; machine && chooser->input == BHE_INPUT_NODE && i < machine->nodes->len;
	     i++) {
		const BhMachineNode *node = machine->nodes->pdata[i];

		device_add(chooser, list, node->path,
			   node->compatible && *node->compatible ? *node->compatible : node->path);
	}
	g_signal_connect(list, "row-activated", G_CALLBACK(on_device_chosen), chooser);
	if (!gtk_list_box_get_row_at_index(GTK_LIST_BOX(list), 0))
		gtk_list_box_set_placeholder(
			GTK_LIST_BOX(list),
			gtk_label_new(_("This machine has none that could be given away.")));
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), list);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
				       GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scrolled), TRUE);
	gtk_scrolled_window_set_propagate_natural_width(GTK_SCROLLED_WINDOW(scrolled), TRUE);
	gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scrolled), 320);
	return scrolled;
}

/* ---- the button ---- */

/* Anew each time: what there is to choose from may have changed. */
static void on_popup(GtkMenuButton *button, gpointer data)
{
	Chooser *chooser = data;
	GtkWidget *content;

	if (chooser->input == BHE_INPUT_CPUS)
		content = cpus_new(chooser);
	else if (chooser->input == BHE_INPUT_CELLS)
		content = cells_new(chooser);
	else
		content = devices_new(chooser);
	gtk_popover_set_child(GTK_POPOVER(chooser->popover), content);
}

GtkWidget *bhe_chooser_new(BheService *service, const char *cell, BheInput input,
			   GtkEditable *entry)
{
	Chooser *chooser;
	GtkWidget *button;

	if (input != BHE_INPUT_PATH && input != BHE_INPUT_CPUS && input != BHE_INPUT_CELLS &&
	    input != BHE_INPUT_DEVICE && input != BHE_INPUT_NODE)
		return NULL;
	/* Files are those of the machine with the cells. */
	if (input == BHE_INPUT_PATH &&
	    bhg_connection_get_target(bhe_service_get_connection(service)) == BHG_TARGET_HOST)
		return NULL;
	chooser = g_new0(Chooser, 1);
	*chooser = (Chooser){g_object_ref(service), g_strdup(cell), input, entry, NULL};
	if (input == BHE_INPUT_PATH) {
		button = gtk_button_new_from_icon_name("document-open-symbolic");
		bhg_name_icon(button, _("Choose a File"));
		g_signal_connect(button, "clicked", G_CALLBACK(on_browse), chooser);
	} else {
		button = gtk_menu_button_new();
		chooser->popover = gtk_popover_new();
		gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-list-symbolic");
		gtk_menu_button_set_popover(GTK_MENU_BUTTON(button), chooser->popover);
		gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(button), on_popup, chooser,
						      NULL);
		bhg_name_icon(button, _("Show What There Is"));
	}
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(button, "flat");
	g_object_set_data_full(G_OBJECT(button), "bhe-chooser", chooser, chooser_free);
	return button;
}
