// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-bar.h"
#include "bhe-changes-page.h"
#include "bhg-window.h"

struct _BheBar {
	AdwBin parent;
	BheService *service;
	GtkActionBar *bar;
	GtkImage *icon;
	GtkLabel *label;
	GtkWidget *undo, *redo, *review, *revert, *confirm;
};

G_DEFINE_FINAL_TYPE(BheBar, bhe_bar, ADW_TYPE_BIN)

static void on_revert(BheBar *self)
{
	bhe_service_revert(self->service);
}

static void on_confirm(BheBar *self)
{
	bhe_service_confirm(self->service);
}

/* The worst that was found about a cell that is changed: others were so before. */
static BheFinding *worst(BheBar *self)
{
	BhePlan *plan = bhe_service_get_plan(self->service);
	GListModel *findings = bhe_service_get_findings(self->service);

	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);
		const char *cell = bhe_finding_get_cell(finding);

		if (bhe_finding_get_severity(finding) > BH_SEVERITY_NOTE && cell &&
		    bhe_plan_is_changed(plan, cell))
			return finding;
	}
	return NULL;
}

static void update(BheBar *self)
{
	BhePlan *plan = bhe_service_get_plan(self->service);
	BhePhase phase = bhe_service_get_phase(self->service);
	gboolean waits = phase == BHE_PHASE_UNCONFIRMED;
	guint count = g_list_model_get_n_items(G_LIST_MODEL(plan));
	BheFinding *finding = waits ? NULL : worst(self);
	g_autofree char *text = NULL;

	if (waits) {
		guint left = bhe_service_get_seconds_left(self->service);

		text = g_strdup_printf(
			ngettext("Keep the changes? They are rolled back in %u second.",
				 "Keep the changes? They are rolled back in %u seconds.", left),
			left);
	} else if (finding) {
		text = g_strdup_printf(
			ngettext("%u pending change: %s", "%u pending changes: %s", count), count,
			bhe_finding_get_message(finding));
	} else {
		text = g_strdup_printf(ngettext("%u pending change", "%u pending changes", count),
				       count);
	}
	gtk_label_set_label(self->label, text);
	gtk_widget_set_tooltip_text(GTK_WIDGET(self->label), text);
	gtk_widget_set_visible(GTK_WIDGET(self->icon), finding != NULL);
	if (finding)
		gtk_image_set_from_icon_name(
			self->icon, bhe_severity_get_icon(bhe_finding_get_severity(finding)));
	gtk_widget_set_visible(self->undo, !waits);
	gtk_widget_set_visible(self->redo, !waits);
	gtk_widget_set_visible(self->review, !waits);
	gtk_widget_set_visible(self->revert, waits);
	gtk_widget_set_visible(self->confirm, waits);
	gtk_action_bar_set_revealed(self->bar, count || waits);
}

static void on_outcome(BheBar *self, gboolean good, const char *sentence)
{
	GtkRoot *window = gtk_widget_get_root(GTK_WIDGET(self));

	if (good)
		bhg_toast(GTK_WIDGET(self), sentence);
	else if (!BHE_IS_CHANGES_PAGE(bhg_window_get_page(BHG_WINDOW(window))))
		bhg_toast_with_button(GTK_WIDGET(self), _("The changes were not applied."),
				      _("_Why?"), "win.apply");
}

static void bhe_bar_dispose(GObject *object)
{
	g_clear_object(&BHE_BAR(object)->service);
	G_OBJECT_CLASS(bhe_bar_parent_class)->dispose(object);
}

static void bhe_bar_class_init(BheBarClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhe_bar_dispose;
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhe-bar.ui");
	gtk_widget_class_bind_template_child(widget_class, BheBar, bar);
	gtk_widget_class_bind_template_child(widget_class, BheBar, icon);
	gtk_widget_class_bind_template_child(widget_class, BheBar, label);
	gtk_widget_class_bind_template_child(widget_class, BheBar, undo);
	gtk_widget_class_bind_template_child(widget_class, BheBar, redo);
	gtk_widget_class_bind_template_child(widget_class, BheBar, review);
	gtk_widget_class_bind_template_child(widget_class, BheBar, revert);
	gtk_widget_class_bind_template_child(widget_class, BheBar, confirm);
	gtk_widget_class_bind_template_callback(widget_class, on_revert);
	gtk_widget_class_bind_template_callback(widget_class, on_confirm);
}

static void bhe_bar_init(BheBar *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bhe_bar_new(BheService *service)
{
	BheBar *self = g_object_new(BHE_TYPE_BAR, NULL);

	self->service = g_object_ref(service);
	g_signal_connect_object(service, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
	g_signal_connect_object(service, "outcome", G_CALLBACK(on_outcome), self,
				G_CONNECT_SWAPPED);
	update(self);
	return GTK_WIDGET(self);
}
