// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-finding-row.h"
#include "bhe-language.h"
#include "bhe-service.h"
#include "bhe-template.h"
#include "bhe-wizard.h"
#include "bhe-words.h"
#include "bhg-words.h"

#define HEARTBEAT_PROGRAM "/usr/lib/bulkhead/payloads/heartbeat.bin"

enum { STEP_WRITE, STEP_ENABLE, STEP_START, STEP_BEAT, STEPS };

struct _BheWizard {
	AdwWindow parent;
	BhgWindow *over; /* the window it was opened from */
	BheService *service;
	BhgConnection *connection;
	GCancellable *cancellable;

	AdwWindowTitle *window_title;
	GtkStack *stack;
	GtkButton *back, *next;
	GtkCheckButton *bare_metal, *rtos, *linux_kernel;
	GtkEditable *name, *description, *memory, *program, *kernel, *initrd, *command_line;
	GtkAdjustment *cpus;
	AdwActionRow *memory_row;
	GtkWidget *program_group, *heartbeat_row, *linux_group;
	GtkWidget *browse_program, *browse_kernel, *browse_initrd;
	GtkSwitch *heartbeat;
	GtkLabel *details_problem;
	AdwPreferencesGroup *findings_group;
	GtkListBox *findings;
	GtkTextView *text;
	AdwActionRow *step_write, *step_enable, *step_start, *step_beat;
	GtkLabel *outcome;

	AdwActionRow *rows[STEPS];
	GtkWidget *icons[STEPS];
	guint step;
	gboolean failed, done;
	gboolean errors; /* found in the text */
	char *file; /* the text */
};

G_DEFINE_FINAL_TYPE(BheWizard, bhe_wizard, ADW_TYPE_WINDOW)

static void run_step(BheWizard *self);
static void update(BheWizard *self);

static const char *page_of(BheWizard *self)
{
	return gtk_stack_get_visible_child_name(self->stack);
}

static gboolean is_on(BheWizard *self, const char *page)
{
	return !strcmp(page_of(self), page);
}

static const char *name_of(BheWizard *self)
{
	return gtk_editable_get_text(self->name);
}

/* ---- what is asked ---- */

static BheTemplateKind kind_of(BheWizard *self)
{
	if (gtk_check_button_get_active(self->rtos))
		return BHE_TEMPLATE_RTOS;
	return gtk_check_button_get_active(self->linux_kernel) ? BHE_TEMPLATE_LINUX
							       : BHE_TEMPLATE_BARE_METAL;
}

static void choose_name(BheWizard *self)
{
	static const char *const names[] = {
		[BHE_TEMPLATE_BARE_METAL] = "heartbeat",
		[BHE_TEMPLATE_RTOS] = "rtos",
		[BHE_TEMPLATE_LINUX] = "linux",
	};
	BhePlan *plan = bhe_service_get_plan(self->service);
	g_autofree char *name = g_strdup(names[kind_of(self)]);

	for (guint i = 2; bhe_plan_get_text(plan, name) || bhe_plan_get_base_text(plan, name);
	     i++) {
		g_free(name);
		name = g_strdup_printf("%s%u", names[kind_of(self)], i);
	}
	gtk_editable_set_text(self->name, name);
}

static void on_template_chosen(BheWizard *self)
{
	BheTemplateKind kind = kind_of(self);
	g_autofree char *memory = NULL;

	if (!self->service)
		return;
	memory = bh_value_format_size(bhe_template_usual_memory(kind));
	gtk_editable_set_text(self->memory, memory);
	/* A simulated machine has a heartbeat of its own where there is no image. */
	gtk_editable_set_text(self->program,
			      kind == BHE_TEMPLATE_BARE_METAL &&
					      !bhg_connection_is_simulated(self->connection)
				      ? HEARTBEAT_PROGRAM
				      : "");
	gtk_widget_set_visible(self->program_group, kind != BHE_TEMPLATE_LINUX);
	gtk_widget_set_visible(self->heartbeat_row, kind == BHE_TEMPLATE_BARE_METAL);
	gtk_widget_set_visible(self->linux_group, kind == BHE_TEMPLATE_LINUX);
	choose_name(self);
	update(self);
}

/* NULL: nothing is wrong with what was typed. */
static char *find_problem(BheWizard *self)
{
	BhePlan *plan = bhe_service_get_plan(self->service);
	const char *name = name_of(self);
	const char *program = gtk_editable_get_text(self->program);
	const char *memory = gtk_editable_get_text(self->memory);
	guint64 size;

	if (!bh_cell_name_is_valid(name))
		return g_strdup(_("The name of a cell has at most 31 letters, digits, “_”, “-” and "
				  "“.”, and begins with a letter or digit."));
	if (bhe_plan_get_text(plan, name) || bhe_plan_get_base_text(plan, name))
		return g_strdup_printf(_("There is a cell “%s” already."), name);
	if (!bh_value_size(memory, &size))
		return g_strdup_printf(_("“%s” is no amount of memory: write 64M, 1G or 0x100000."),
				       memory);
	if (size < bhe_template_least_memory(kind_of(self))) {
		g_autofree char *least =
			bhe_size_to_words(bhe_template_least_memory(kind_of(self)));

		return g_strdup_printf(_("It needs at least %s of memory."), least);
	}
	if (kind_of(self) != BHE_TEMPLATE_LINUX && *program && !g_path_is_absolute(program))
		return g_strdup(_("The file is given by its absolute path."));
	if (kind_of(self) == BHE_TEMPLATE_LINUX &&
	    !g_path_is_absolute(gtk_editable_get_text(self->kernel)))
		return g_strdup(_("The kernel is given by its absolute path."));
	return NULL;
}

static void on_details_changed(BheWizard *self)
{
	if (self->service)
		update(self);
}

static void on_file_chosen(GtkNativeDialog *dialog, int response, GtkEditable *entry)
{
	g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
	g_autofree char *path = file ? g_file_get_path(file) : NULL;

	if (response == GTK_RESPONSE_ACCEPT && path)
		gtk_editable_set_text(entry, path);
	g_object_unref(entry);
	g_object_unref(dialog);
}

static void on_browse(GtkEditable *entry)
{
	GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
		_("Choose a File"), GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(entry))),
		GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
	g_signal_connect(dialog, "response", G_CALLBACK(on_file_chosen), g_object_ref(entry));
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

/* ---- what comes out ---- */

static void make_file(BheWizard *self)
{
	BhMachine *machine = bhg_connection_get_machine(self->connection);
	BheTemplate template = {
		.kind = kind_of(self),
		.arm64 = machine && !g_strcmp0(machine->architecture, "arm64"),
		.description = gtk_editable_get_text(self->description),
		.program = gtk_editable_get_text(self->program),
		.kernel = gtk_editable_get_text(self->kernel),
		.initrd = gtk_editable_get_text(self->initrd),
		.command_line = gtk_editable_get_text(self->command_line),
		.cpus = gtk_adjustment_get_value(self->cpus),
		.heartbeat = gtk_switch_get_active(self->heartbeat),
	};

	bh_value_size(gtk_editable_get_text(self->memory), &template.memory);
	g_free(self->file);
	self->file = bhe_template_make(&template);
	gtk_text_buffer_set_text(gtk_text_view_get_buffer(self->text), self->file, -1);
}

static GVariant *changes_of(BheWizard *self)
{
	GVariantBuilder changes;

	g_variant_builder_init(&changes, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&changes, "{ss}", name_of(self), self->file);
	return g_variant_builder_end(&changes);
}

static void on_judged(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BheWizard) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	g_autoptr(GVariant) findings = NULL;
	GtkListBoxRow *row;
	GVariantIter iter;
	GVariant *one;
	guint count = 0;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	while ((row = gtk_list_box_get_row_at_index(self->findings, 0)))
		gtk_list_box_remove(self->findings, GTK_WIDGET(row));
	self->errors = !answer;
	if (!answer) {
		g_autofree char *text = bhg_words_error(error);
		GtkWidget *shown = adw_action_row_new();

		adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(shown), FALSE);
		adw_preferences_row_set_title(ADW_PREFERENCES_ROW(shown), text);
		gtk_list_box_append(self->findings, shown);
		gtk_widget_set_visible(GTK_WIDGET(self->findings_group), TRUE);
		update(self);
		return;
	}
	findings = g_variant_get_child_value(answer, 0);
	g_variant_iter_init(&iter, findings);
	while ((one = g_variant_iter_next_value(&iter))) {
		g_autoptr(BheFinding) finding = bhe_finding_new(one);

		g_variant_unref(one);
		if (g_strcmp0(bhe_finding_get_cell(finding), name_of(self)))
			continue;
		gtk_list_box_append(self->findings, bhe_finding_row_new(finding, FALSE));
		self->errors |= bhe_finding_get_severity(finding) == BH_SEVERITY_ERROR;
		count++;
	}
	gtk_widget_set_visible(GTK_WIDGET(self->findings_group), count);
	update(self);
}

static void judge(BheWizard *self)
{
	GVariantBuilder options;

	self->errors = TRUE; /* until it is known better */
	g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&options, "{sv}", "cell", g_variant_new_string(name_of(self)));
	bhg_connection_call(self->connection, BHG_ROOT "/manager", "Manager", "Validate",
			    g_variant_new("(@a{ss}a{sv})", changes_of(self), &options),
			    self->cancellable, on_judged, g_object_ref(self));
}

/* ---- making it run ---- */

static void set_icon(BheWizard *self, guint step, const char *icon, const char *style)
{
	if (self->icons[step])
		adw_action_row_remove(self->rows[step], self->icons[step]);
	self->icons[step] = NULL;
	if (!icon)
		return;
	if (!*icon) {
		self->icons[step] = gtk_spinner_new();
		gtk_spinner_start(GTK_SPINNER(self->icons[step]));
	} else {
		self->icons[step] = gtk_image_new_from_icon_name(icon);
		gtk_widget_add_css_class(self->icons[step], style);
	}
	adw_action_row_add_suffix(self->rows[step], self->icons[step]);
}

static void step_done(BheWizard *self)
{
	adw_action_row_set_subtitle(self->rows[self->step], "");
	set_icon(self, self->step, "emblem-ok-symbolic", "success");
	self->step++;
	run_step(self);
}

static void step_failed(BheWizard *self, const char *sentence)
{
	g_autofree char *markup = g_markup_escape_text(sentence, -1);

	self->failed = TRUE;
	adw_action_row_set_subtitle(self->rows[self->step], markup);
	set_icon(self, self->step, "dialog-error-symbolic", "error");
	update(self);
}

static void on_step(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BheWizard) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	g_autofree char *sentence = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (answer) {
		step_done(self);
		return;
	}
	sentence = bhg_words_error(error);
	step_failed(self, sentence);
}

static void finished(BheWizard *self, const char *sentence)
{
	self->done = TRUE;
	gtk_label_set_label(self->outcome, sentence);
	update(self);
}

static BhgCell *cell_of(BheWizard *self)
{
	BhgCell *cell = bhg_connection_find_cell(self->connection, name_of(self));

	return cell && bhg_cell_get_proxy(cell) ? cell : NULL;
}

static void look_for_beat(BheWizard *self)
{
	BhgCell *cell = cell_of(self);
	const char *health = cell ? bhg_cell_get_health(cell) : "";
	g_autofree char *sentence = NULL;

	if (cell && bhg_cell_has_failed(cell)) {
		sentence = bhg_cell_describe_state(cell);
		step_failed(self, sentence);
	} else if (!g_strcmp0(health, "good")) {
		sentence = g_strdup_printf(_("%s runs, and its heart beats."), name_of(self));
		set_icon(self, self->step++, "emblem-ok-symbolic", "success");
		finished(self, sentence);
	} else if (!g_strcmp0(health, "unwatched")) {
		sentence = g_strdup_printf(_("%s runs. No heartbeat is expected of it."),
					   name_of(self));
		set_icon(self, self->step++, "emblem-ok-symbolic", "success");
		finished(self, sentence);
	} else if (!g_strcmp0(health, "late")) {
		step_failed(self, _("It gives no sign of life. Its console may tell why."));
	}
}

/* Goes on where the connection says that it can. */
static void on_connection_changed(BheWizard *self)
{
	if (!is_on(self, "run") || self->failed || self->done)
		return;
	if (self->step == STEP_START && !self->icons[STEP_START])
		run_step(self);
	else if (self->step == STEP_BEAT)
		look_for_beat(self);
}

static void write_file(BheWizard *self)
{
	bhg_connection_call(self->connection, BHG_ROOT "/manager", "Manager", "Apply",
			    g_variant_new("(@a{ss}ts@a{sv})", changes_of(self), (guint64)0,
					  "persistent", bhg_no_options()),
			    self->cancellable, on_step, g_object_ref(self));
}

static void run_step(BheWizard *self)
{
	self->failed = FALSE;
	switch (self->step) {
	case STEP_WRITE:
		set_icon(self, self->step, "", NULL);
		write_file(self);
		break;
	case STEP_ENABLE:
		set_icon(self, self->step, "", NULL);
		/* Does nothing if it is enabled already. */
		bhg_connection_call(self->connection, BHG_ROOT "/manager", "Manager", "Enable",
				    g_variant_new("(@a{sv})", bhg_no_options()), self->cancellable,
				    on_step, g_object_ref(self));
		break;
	case STEP_START:
		/* As soon as the object is there. */
		if (!cell_of(self))
			break;
		set_icon(self, self->step, "", NULL);
		bhg_connection_call(self->connection, bhg_cell_get_path(cell_of(self)), "Cell",
				    "Start", g_variant_new("(@a{sv})", bhg_no_options()),
				    self->cancellable, on_step, g_object_ref(self));
		break;
	case STEP_BEAT:
		set_icon(self, self->step, "", NULL);
		look_for_beat(self);
		break;
	}
	update(self);
}

/* ---- from page to page ---- */

static void show_page(BheWizard *self, const char *page)
{
	gtk_stack_set_visible_child_name(self->stack, page);
	update(self);
}

static void on_back(BheWizard *self)
{
	if (is_on(self, "details"))
		show_page(self, "template");
	else if (is_on(self, "review"))
		show_page(self, "details");
	else
		gtk_window_close(GTK_WINDOW(self));
}

static void on_next(BheWizard *self)
{
	if (is_on(self, "template")) {
		show_page(self, "details");
	} else if (is_on(self, "details")) {
		make_file(self);
		judge(self);
		show_page(self, "review");
	} else if (is_on(self, "review")) {
		gtk_label_set_label(self->outcome, "");
		show_page(self, "run");
		run_step(self);
	} else if (self->failed) {
		run_step(self);
	} else if (self->done) {
		bhg_window_show(self->over, name_of(self), NULL, NULL);
		gtk_window_close(GTK_WINDOW(self));
	}
}

static void update(BheWizard *self)
{
	g_autofree char *problem = NULL;
	g_autofree char *hint = NULL;
	gboolean can = TRUE, runs = is_on(self, "run");

	if (is_on(self, "details")) {
		problem = find_problem(self);
		can = !problem;
	} else if (is_on(self, "review")) {
		can = !self->errors;
	} else if (runs) {
		can = self->failed || self->done;
	}
	hint = bhe_size_hint(gtk_editable_get_text(self->memory));
	adw_action_row_set_subtitle(self->memory_row, hint ? hint : "");
	gtk_label_set_label(self->details_problem, problem ? problem : "");
	gtk_widget_set_visible(GTK_WIDGET(self->details_problem), problem != NULL);
	gtk_button_set_label(self->back, is_on(self, "template") ? _("_Cancel")
					 : runs			 ? _("_Close")
								 : _("_Back"));
	gtk_button_set_label(self->next, is_on(self, "review") ? _("Create and _Start")
					 : !runs	       ? _("_Next")
					 : self->failed	       ? _("_Try Again")
							       : _("_Show the Cell"));
	gtk_widget_set_sensitive(GTK_WIDGET(self->next), can);
	adw_window_title_set_subtitle(self->window_title,
				      is_on(self, "template") ? "" : name_of(self));
	gtk_window_set_default_widget(GTK_WINDOW(self), GTK_WIDGET(self->next));
}

/* ---- object ---- */

static void bhe_wizard_dispose(GObject *object)
{
	BheWizard *self = BHE_WIZARD(object);

	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_object(&self->service);
	g_clear_object(&self->connection);
	g_clear_object(&self->over);
	G_OBJECT_CLASS(bhe_wizard_parent_class)->dispose(object);
}

static void bhe_wizard_finalize(GObject *object)
{
	g_free(BHE_WIZARD(object)->file);
	G_OBJECT_CLASS(bhe_wizard_parent_class)->finalize(object);
}

static void bhe_wizard_class_init(BheWizardClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhe_wizard_dispose;
	G_OBJECT_CLASS(class)->finalize = bhe_wizard_finalize;
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhe-wizard.ui");
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, window_title);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, stack);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, back);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, next);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, bare_metal);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, rtos);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, linux_kernel);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, name);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, description);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, memory);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, program);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, kernel);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, initrd);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, command_line);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, cpus);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, memory_row);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, program_group);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, heartbeat_row);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, linux_group);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, browse_program);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, browse_kernel);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, browse_initrd);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, heartbeat);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, details_problem);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, findings_group);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, findings);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, text);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, step_write);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, step_enable);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, step_start);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, step_beat);
	gtk_widget_class_bind_template_child(widget_class, BheWizard, outcome);
	gtk_widget_class_bind_template_callback(widget_class, on_template_chosen);
	gtk_widget_class_bind_template_callback(widget_class, on_details_changed);
	gtk_widget_class_bind_template_callback(widget_class, on_browse);
	gtk_widget_class_bind_template_callback(widget_class, on_back);
	gtk_widget_class_bind_template_callback(widget_class, on_next);
}

static void bhe_wizard_init(BheWizard *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	self->cancellable = g_cancellable_new();
	bhe_language_set(GTK_SOURCE_VIEW(self->text));
	self->rows[STEP_WRITE] = self->step_write;
	self->rows[STEP_ENABLE] = self->step_enable;
	self->rows[STEP_START] = self->step_start;
	self->rows[STEP_BEAT] = self->step_beat;
}

BheWizard *bhe_wizard_new(BhgWindow *parent)
{
	BheWizard *self = g_object_new(BHE_TYPE_WIZARD, "transient-for", parent, NULL);
	BhgConnection *connection = bhg_window_get_connection(parent);
	gboolean remote = bhg_connection_get_target(connection) == BHG_TARGET_HOST;

	self->over = g_object_ref(parent);
	self->connection = g_object_ref(connection);
	self->service = g_object_ref(bhe_service_get(connection));
	gtk_widget_set_visible(self->browse_program, !remote);
	gtk_widget_set_visible(self->browse_kernel, !remote);
	gtk_widget_set_visible(self->browse_initrd, !remote);
	gtk_editable_set_text(self->kernel, "/vmlinuz");
	gtk_editable_set_text(self->initrd, "/initrd.img");
	gtk_editable_set_text(self->command_line, "console=ttyS0");
	g_signal_connect_object(connection, "changed", G_CALLBACK(on_connection_changed), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(on_connection_changed),
				self, G_CONNECT_SWAPPED);
	on_template_chosen(self);
	return self;
}
