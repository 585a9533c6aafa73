// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>
#include "bhe-grant-dialog.h"
#include "bhe-grant.h"
#include "bhg-actions.h"
#include "bhg-cell-row.h"
#include "bhg-event.h"
#include "bhg-running-page.h"
#include "bhg-sparkline.h"
#include "bhg-words.h"

#define STATS_SECONDS 1
#define KINDS_SHOWN 3

struct _BhgRunningPage {
	BhgPage parent;
	BhgCell *cell; /* whose signals are connected */
	GCancellable *cancellable; /* of what is asked about this cell */
	guint timer; /* while the page is seen */
	gboolean asking;
	guint64 last_exits, last_time;
	gboolean updating;

	GtkLabel *badge;
	GtkLabel *name;
	GtkLabel *description;
	GtkLabel *sentence;
	GtkButton *start;
	GtkButton *stop;
	GtkButton *restart;
	GtkMenuButton *more;
	GtkSpinner *spinner;
	GtkLabel *busy;
	GtkWidget *violation;
	GtkLabel *violation_words;
	GtkLabel *violation_explanation;
	GtkWidget *violation_button;
	GtkLabel *resources;
	GtkWidget *pending_row;
	GtkWidget *findings_row;
	GtkWidget *counters;
	GtkLabel *exits;
	GtkBox *kinds_box;
	GtkWidget *no_kinds;
	GHashTable *kinds; /* name → Kind */
	BhgSparkline *exits_line;
	GtkLabel *heartbeat;
	GtkLabel *heartbeat_words;
	BhgSparkline *heartbeat_line;
	AdwActionRow *autostart_row;
	GtkSwitch *autostart;
	enum { SHOWN_NOTHING, SHOWN_OFF, SHOWN_ON } autostart_shown; /* what the unit was last */
};

G_DEFINE_FINAL_TYPE(BhgRunningPage, bhg_running_page, BHG_TYPE_PAGE)

/* ---- counters ---- */

/* One kind of exits, such as "hypercall". */
typedef struct {
	GtkWidget *row;
	GtkLabel *label;
	BhgSparkline *line;
	guint64 count;
} Kind;

static Kind *add_kind(BhgRunningPage *self, const char *name)
{
	Kind *kind = g_new0(Kind, 1);

	kind->row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	kind->label = GTK_LABEL(gtk_label_new(NULL));
	kind->line = g_object_new(BHG_TYPE_SPARKLINE, NULL);
	gtk_label_set_wrap(kind->label, TRUE);
	gtk_label_set_xalign(kind->label, 0);
	gtk_widget_set_hexpand(GTK_WIDGET(kind->label), TRUE);
	gtk_widget_add_css_class(GTK_WIDGET(kind->label), "caption");
	gtk_widget_add_css_class(GTK_WIDGET(kind->label), "dim-label");
	gtk_box_append(GTK_BOX(kind->row), GTK_WIDGET(kind->label));
	gtk_box_append(GTK_BOX(kind->row), GTK_WIDGET(kind->line));
	gtk_box_append(self->kinds_box, kind->row);
	g_hash_table_insert(self->kinds, g_strdup(name), kind);
	return kind;
}

static int compare_kinds(gconstpointer a, gconstpointer b)
{
	const Kind *x = *(Kind *const *)a, *y = *(Kind *const *)b;

	return x->count > y->count ? -1 : x->count < y->count;
}

/* Those that were most often are seen, in that order. */
static void sort_kinds(BhgRunningPage *self)
{
	g_autoptr(GPtrArray) kinds = g_ptr_array_new();
	GHashTableIter iter;
	GtkWidget *last = NULL;
	gpointer kind;

	g_hash_table_iter_init(&iter, self->kinds);
	while (g_hash_table_iter_next(&iter, NULL, &kind))
		g_ptr_array_add(kinds, kind);
	g_ptr_array_sort(kinds, compare_kinds);
	for (guint i = 0; i < kinds->len; i++) {
		GtkWidget *row = ((Kind *)kinds->pdata[i])->row;

		gtk_box_reorder_child_after(self->kinds_box, row, last);
		gtk_widget_set_visible(row, i < KINDS_SHOWN);
		last = row;
	}
	gtk_widget_set_visible(self->no_kinds, !kinds->len);
}

/* @seconds since the last time; 0: there was none. */
static void show_kinds(BhgRunningPage *self, GVariant *exits, double seconds)
{
	GVariantIter iter;
	const char *name;
	guint64 count;

	g_variant_iter_init(&iter, exits);
	while (g_variant_iter_next(&iter, "{&st}", &name, &count)) {
		Kind *kind = g_hash_table_lookup(self->kinds, name);
		g_autofree char *text = NULL;

		if (g_str_equal(name, "total") || (!count && !kind))
			continue;
		if (!kind)
			kind = add_kind(self, name);
		if (seconds > 0 && count >= kind->count) {
			double rate = (count - kind->count) / seconds;

			text = g_strdup_printf(_("%s: %.0f per second"), name, rate);
			bhg_sparkline_add(kind->line, rate);
		} else {
			text = g_strdup_printf("%s: %" G_GUINT64_FORMAT, name, count);
		}
		gtk_label_set_text(kind->label, text);
		gtk_accessible_update_property(GTK_ACCESSIBLE(kind->line),
					       GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
		kind->count = count;
	}
	sort_kinds(self);
}

static void show_exits(BhgRunningPage *self, GVariant *stats)
{
	g_autoptr(GVariant) exits = g_variant_lookup_value(stats, "exits", G_VARIANT_TYPE("a{st}"));
	g_autofree char *text = NULL;
	guint64 total = 0, time = 0;
	double rate, seconds = 0;

	if (!exits)
		return;
	g_variant_lookup(exits, "total", "t", &total);
	g_variant_lookup(stats, "time", "t", &time);
	if (self->last_time && time > self->last_time && total >= self->last_exits)
		seconds = (double)(time - self->last_time) / G_USEC_PER_SEC;
	show_kinds(self, exits, seconds);
	if (seconds > 0) {
		rate = (total - self->last_exits) / seconds;
		text = g_strdup_printf(_("%.0f exits per second"), rate);
		gtk_label_set_text(self->exits, text);
		gtk_accessible_update_property(GTK_ACCESSIBLE(self->exits_line),
					       GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
		bhg_sparkline_add(self->exits_line, rate);
	} else {
		text = g_strdup_printf(
			ngettext("%" PRIu64 " exit so far", "%" PRIu64 " exits so far", total),
			total);
		gtk_label_set_text(self->exits, text);
	}
	self->last_exits = total;
	self->last_time = time;
}

static void show_heartbeat(BhgRunningPage *self, GVariant *stats)
{
	g_autofree char *age_text = NULL, *text = NULL;
	guint64 age;

	if (!g_variant_lookup(stats, "heartbeat-age", "t", &age)) {
		gtk_label_set_text(self->heartbeat, _("No heartbeat yet"));
		return;
	}
	age_text = bhg_words_age(age);
	text = g_strdup_printf(_("Last heartbeat %s ago"), age_text);
	gtk_label_set_text(self->heartbeat, text);
	gtk_accessible_update_property(GTK_ACCESSIBLE(self->heartbeat_line),
				       GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
	bhg_sparkline_add(self->heartbeat_line, age / 1e6);
}

static void on_stats(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	BhgRunningPage *self = data;
	g_autoptr(GVariant) stats = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* the page may be gone */
	self->asking = FALSE;
	if (!answer || !self->cell)
		return; /* it was destroyed meanwhile, which its state says */
	stats = g_variant_get_child_value(answer, 0);
	show_exits(self, stats);
	show_heartbeat(self, stats);
}

static gboolean ask_stats(gpointer data)
{
	BhgRunningPage *self = data;

	/* One question at a time: a daemon that is busy is not asked more and more. */
	if (self->cell && bhg_cell_exists(self->cell) && !self->asking) {
		self->asking = TRUE;
		bhg_connection_call(bhg_page_get_connection(BHG_PAGE(self)),
				    bhg_cell_get_path(self->cell), "Cell", "GetStats",
				    g_variant_new("(@a{sv})", bhg_no_options()), self->cancellable,
				    on_stats, self);
	}
	return G_SOURCE_CONTINUE;
}

static void bhg_running_page_map(GtkWidget *widget)
{
	BhgRunningPage *self = BHG_RUNNING_PAGE(widget);

	GTK_WIDGET_CLASS(bhg_running_page_parent_class)->map(widget);
	self->timer = g_timeout_add_seconds(STATS_SECONDS, ask_stats, self);
	ask_stats(self);
}

static void bhg_running_page_unmap(GtkWidget *widget)
{
	g_clear_handle_id(&BHG_RUNNING_PAGE(widget)->timer, g_source_remove);
	GTK_WIDGET_CLASS(bhg_running_page_parent_class)->unmap(widget);
}

/* ---- what stands there ---- */

static void set_verb(GtkButton *button, BhgCell *cell, const char *verb)
{
	gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "(ss)", verb,
					 bhg_cell_get_name(cell));
	gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "win.cell");
}

static void update_violation(BhgRunningPage *self, BhDbusCell *proxy)
{
	GVariant *last = proxy ? bh_dbus_cell_get_last_violation(proxy) : NULL;
	g_autoptr(BhgEvent) event = last && g_variant_n_children(last) ? bhg_event_new(last) : NULL;
	g_autofree char *words = NULL, *explanation = NULL, *count = NULL;

	gtk_widget_set_visible(self->violation, event != NULL);
	if (!event)
		return;
	words = bhe_grant_explain(
		bhg_connection_get_machine(bhg_page_get_connection(BHG_PAGE(self))), last);
	explanation = bhg_event_explain(event);
	count = g_strdup_printf(ngettext("%s (%" PRIu64 " forbidden access so far)",
					 "%s (%" PRIu64 " forbidden accesses so far)",
					 bh_dbus_cell_get_violations(proxy)),
				explanation, (guint64)bh_dbus_cell_get_violations(proxy));
	gtk_label_set_text(self->violation_words, words);
	gtk_label_set_text(self->violation_explanation, count);
	gtk_widget_set_visible(self->violation_button, *bh_dbus_cell_get_file(proxy) != '\0');
}

/* When it is asked for: one that is open stays as it is, whatever comes meanwhile. */
static void on_create_more(GtkMenuButton *button, gpointer data)
{
	BhgRunningPage *self = data;
	g_autoptr(GMenuModel) menu = bhg_actions_menu(self->cell);

	gtk_menu_button_set_menu_model(button, menu);
}

static void update_autostart(BhgRunningPage *self, BhDbusCell *proxy)
{
	const char *state = proxy ? bh_dbus_cell_get_autostart(proxy) : NULL;
	gboolean on = g_strcmp0(state, "enabled") == 0;
	gboolean possible = on || g_strcmp0(state, "disabled") == 0;

	/* A switch that is set stops moving: what has been switched and is not done yet would be lost. */
	if (self->autostart_shown != (on ? SHOWN_ON : SHOWN_OFF)) {
		self->autostart_shown = on ? SHOWN_ON : SHOWN_OFF;
		self->updating = TRUE;
		gtk_switch_set_active(self->autostart, on);
		gtk_switch_set_state(self->autostart, on);
		self->updating = FALSE;
	}
	gtk_widget_set_sensitive(GTK_WIDGET(self->autostart_row), possible);
	/* GTK 4.8 does not tell a screen reader of what a widget is in. */
	gtk_widget_set_sensitive(GTK_WIDGET(self->autostart), possible);
	adw_action_row_set_subtitle(
		self->autostart_row,
		possible ? bh_dbus_cell_get_unit(proxy)
		: g_strcmp0(state, "unavailable") == 0
			? _("Not possible: this daemon does not work with systemd")
		: state ? state
			: "");
}

static void update(BhgRunningPage *self)
{
	BhgCell *cell = self->cell;
	BhDbusCell *proxy = cell ? bhg_cell_get_proxy(cell) : NULL;
	g_autofree char *sentence = NULL, *resources = NULL;
	g_autoptr(GMenuModel) menu = NULL;
	const char *busy, *description, *health;
	gboolean runs;

	if (!cell)
		return;
	sentence = bhg_cell_describe_state(cell);
	resources = bhg_cell_describe_resources(cell);
	description = bhg_cell_get_description(cell);
	runs = bhg_cell_runs(cell);
	health = bhg_words_health(bhg_cell_get_health(cell));
	gtk_label_set_text(self->heartbeat_words, health ? health
						  : runs ? _("its file expects no heartbeat")
							 : "");
	busy = bhg_words_operation(bhg_cell_get_busy(cell));
	bhg_badge_set(self->badge, cell);
	gtk_label_set_text(self->name, bhg_cell_get_name(cell));
	gtk_label_set_text(self->description, description);
	gtk_widget_set_visible(GTK_WIDGET(self->description), *description != '\0');
	gtk_label_set_text(self->sentence, sentence);
	gtk_label_set_text(self->resources, resources);
	set_verb(self->start, cell, "start");
	set_verb(self->stop, cell, "stop");
	set_verb(self->restart, cell, "restart");
	gtk_widget_set_visible(GTK_WIDGET(self->start), !runs);
	gtk_widget_set_sensitive(GTK_WIDGET(self->start),
				 !g_str_equal(bhg_cell_get_state(cell), "invalid"));
	gtk_widget_set_visible(GTK_WIDGET(self->stop), runs);
	gtk_widget_set_visible(GTK_WIDGET(self->restart), runs);
	menu = bhg_actions_menu(cell);
	gtk_widget_set_visible(GTK_WIDGET(self->more), g_menu_model_get_n_items(menu) > 1);
	gtk_widget_set_visible(GTK_WIDGET(self->spinner), busy != NULL);
	gtk_spinner_set_spinning(self->spinner, busy != NULL);
	gtk_label_set_text(self->busy, busy ? busy : "");
	gtk_widget_set_visible(self->counters, bhg_cell_exists(cell));
	gtk_widget_set_visible(self->pending_row, proxy && bh_dbus_cell_get_pending(proxy));
	gtk_widget_set_visible(self->findings_row, proxy && bh_dbus_cell_get_errors(proxy) > 0);
	gtk_actionable_set_action_target(GTK_ACTIONABLE(self->findings_row), "(sss)",
					 bhg_cell_get_name(cell), "source", "");
	update_violation(self, proxy);
	update_autostart(self, proxy);
}

static void forget_counters(BhgRunningPage *self)
{
	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	self->asking = FALSE;
	self->last_time = self->last_exits = 0;
	gtk_label_set_text(self->exits, "…");
	g_hash_table_remove_all(self->kinds);
	gtk_label_set_text(self->heartbeat, "…");
	bhg_sparkline_clear(self->exits_line);
	bhg_sparkline_clear(self->heartbeat_line);
}

static void on_changed(BhgRunningPage *self)
{
	update(self);
	if (gtk_widget_get_mapped(GTK_WIDGET(self)) && !self->last_time)
		ask_stats(self);
}

static void bhg_running_page_cell_changed(BhgPage *page)
{
	BhgRunningPage *self = BHG_RUNNING_PAGE(page);

	if (self->cell)
		g_signal_handlers_disconnect_by_data(self->cell, self);
	g_set_object(&self->cell, bhg_page_get_cell(page));
	forget_counters(self);
	self->autostart_shown = SHOWN_NOTHING;
	self->cancellable = g_cancellable_new();
	if (self->cell)
		g_signal_connect_swapped(self->cell, "changed", G_CALLBACK(on_changed), self);
	on_changed(self);
}

/* ---- what can be done ---- */

static void on_allow(BhgRunningPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	BhDbusCell *proxy = bhg_cell_get_proxy(self->cell);

	if (proxy)
		bhe_grant_dialog_present(GTK_WIDGET(self), bhe_service_get(connection),
					 bhg_cell_get_name(self->cell),
					 bh_dbus_cell_get_last_violation(proxy));
}

static void on_autostart_set(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgRunningPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);

	/* Else what has become of it is told by its property, which may be a moment later. */
	if (!answer) {
		bhg_toast_error(GTK_WIDGET(self), _("Starting at boot was not changed."), error);
		self->autostart_shown = SHOWN_NOTHING;
		update(self);
	}
}

static gboolean on_autostart(BhgRunningPage *self, gboolean wanted)
{
	if (!self->updating && self->cell)
		bhg_connection_call(bhg_page_get_connection(BHG_PAGE(self)),
				    bhg_cell_get_path(self->cell), "Cell", "SetAutostart",
				    g_variant_new("(b@a{sv})", wanted, bhg_no_options()), NULL,
				    on_autostart_set, g_object_ref(self));
	/* It shows the state of the unit, once that has changed. */
	return TRUE;
}

/* ---- the object ---- */

static void bhg_running_page_dispose(GObject *object)
{
	BhgRunningPage *self = BHG_RUNNING_PAGE(object);

	g_clear_handle_id(&self->timer, g_source_remove);
	g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	if (self->cell)
		g_signal_handlers_disconnect_by_data(self->cell, self);
	g_clear_object(&self->cell);
	g_clear_pointer(&self->kinds, g_hash_table_unref);
	G_OBJECT_CLASS(bhg_running_page_parent_class)->dispose(object);
}

static void bhg_running_page_class_init(BhgRunningPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_running_page_dispose;
	BHG_PAGE_CLASS(class)->cell_changed = bhg_running_page_cell_changed;
	widget_class->map = bhg_running_page_map;
	widget_class->unmap = bhg_running_page_unmap;
	g_type_ensure(BHG_TYPE_SPARKLINE);
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhg-running-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, badge);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, name);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, description);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, sentence);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, start);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, stop);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, restart);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, more);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, spinner);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, busy);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, violation);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, violation_words);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, violation_explanation);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, violation_button);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, resources);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, pending_row);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, findings_row);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, counters);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, exits);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, kinds_box);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, no_kinds);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, exits_line);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, heartbeat);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, heartbeat_words);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, heartbeat_line);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, autostart_row);
	gtk_widget_class_bind_template_child(widget_class, BhgRunningPage, autostart);
	gtk_widget_class_bind_template_callback(widget_class, on_allow);
	gtk_widget_class_bind_template_callback(widget_class, on_autostart);
}

static void kind_free(gpointer data)
{
	Kind *kind = data;

	gtk_widget_unparent(kind->row);
	g_free(kind);
}

static void bhg_running_page_init(BhgRunningPage *self)
{
	self->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kind_free);
	gtk_widget_init_template(GTK_WIDGET(self));
	gtk_menu_button_set_create_popup_func(self->more, on_create_more, self, NULL);
}
