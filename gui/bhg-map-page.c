// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bh-value.h"
#include "bhg-cell-row.h"
#include "bhg-cpu-tile.h"
#include "bhg-map-page.h"
#include "bhg-memory-bar.h"
#include "bhg-words.h"
#include "bhg-wrap-layout.h"

#define ZOOM_MAX 4096

struct _BhgMapPage {
	BhgPage parent;
	BhMachine *machine; /* for which there are tiles */
	GPtrArray *tiles; /* BhgCpuTile, borrowed */
	GHashTable *chosen; /* BhgCpuTile that move together, borrowed */
	double zoom;

	GtkBox *packages;
	BhgMemoryBar *bar;
	GtkBox *legend;
	GtkLabel *detail;
	GtkWidget *zoom_in;
	GtkWidget *zoom_out;
	GtkWidget *give;
	GtkDropDown *give_cell;
	GtkEntry *give_size;
	GtkEntry *give_address;
	GtkWidget *give_button;
	GtkStringList *cell_names;
};

G_DEFINE_FINAL_TYPE(BhgMapPage, bhg_map_page, BHG_TYPE_PAGE)

/* ---- CPUs ---- */

static int compare_cpus(gconstpointer a, gconstpointer b)
{
	const BhMachineCpu *x = *(BhMachineCpu *const *)a, *y = *(BhMachineCpu *const *)b;

	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	if (x->core != y->core)
		return x->core < y->core ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static gboolean shares(const BhMachineCache *cache, guint cpu)
{
	for (guint i = 0; i < cache->cpus->len; i++)
		if (g_array_index(cache->cpus, guint, i) == cpu)
			return TRUE;
	return FALSE;
}

/* The last level of cache that a CPU shares with another one: those who share it disturb each other. */
static const BhMachineCache *last_cache(const BhMachine *machine, guint cpu)
{
	const BhMachineCache *best = NULL;

	for (guint i = 0; i < machine->caches->len; i++) {
		const BhMachineCache *cache = g_ptr_array_index(machine->caches, i);

		if ((!best || cache->level > best->level) && cache->cpus->len > 1 &&
		    shares(cache, cpu))
			best = cache;
	}
	return best;
}

static GtkWidget *add_heading(GtkWidget *box, const char *text, const char *class_name)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_widget_add_css_class(label, class_name);
	gtk_box_append(GTK_BOX(box), label);
	return label;
}

static GtkWidget *add_cache(GtkWidget *package, const BhMachineCache *cache)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	GtkWidget *flow = bhg_wrap_box_new();

	if (cache) {
		g_autofree char *size = bhg_words_size(cache->size);
		g_autofree char *text =
			g_strdup_printf(_("shared cache L%u, %s"), cache->level, size);

		gtk_widget_add_css_class(add_heading(box, text, "caption"), "dim-label");
		gtk_widget_add_css_class(box, "cache");
	}
	gtk_box_append(GTK_BOX(box), flow);
	gtk_box_append(GTK_BOX(package), box);
	return flow;
}

static void show_chosen(BhgMapPage *self)
{
	g_autoptr(GString) numbers = g_string_new(NULL);

	for (guint i = 0; i < self->tiles->len; i++) {
		BhgCpuTile *tile = g_ptr_array_index(self->tiles, i);

		if (g_hash_table_contains(self->chosen, tile))
			g_string_append_printf(numbers, "%s%u", numbers->len ? "," : "",
					       bhg_cpu_tile_get_cpu(tile));
	}
	for (guint i = 0; i < self->tiles->len; i++) {
		BhgCpuTile *tile = g_ptr_array_index(self->tiles, i);

		bhg_cpu_tile_set_chosen(
			tile, g_hash_table_contains(self->chosen, tile) ? numbers->str : NULL);
	}
}

static void on_choose(BhgMapPage *self, BhgCpuTile *tile)
{
	if (!g_hash_table_remove(self->chosen, tile))
		g_hash_table_add(self->chosen, tile);
	show_chosen(self);
}

static gboolean on_escape(GtkWidget *widget, GVariant *arguments, gpointer data)
{
	BhgMapPage *self = BHG_MAP_PAGE(widget);

	if (!g_hash_table_size(self->chosen))
		return FALSE;
	g_hash_table_remove_all(self->chosen);
	show_chosen(self);
	return TRUE;
}

static void make_tiles(BhgMapPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	g_autoptr(GPtrArray) cpus = g_ptr_array_new();
	const BhMachineCpu *before = NULL;
	const BhMachineCache *cache = NULL;
	GtkWidget *package = NULL, *flow = NULL, *core = NULL, *child;
	gboolean packages;

	g_ptr_array_set_size(self->tiles, 0);
	g_hash_table_remove_all(self->chosen);
	while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->packages))))
		gtk_box_remove(self->packages, child);
	for (guint i = 0; i < self->machine->cpus->len; i++)
		g_ptr_array_add(cpus, g_ptr_array_index(self->machine->cpus, i));
	g_ptr_array_sort(cpus, compare_cpus);
	packages = cpus->len && ((BhMachineCpu *)g_ptr_array_index(cpus, cpus->len - 1))->package !=
					((BhMachineCpu *)g_ptr_array_index(cpus, 0))->package;
	for (guint i = 0; i < cpus->len; i++) {
		const BhMachineCpu *cpu = g_ptr_array_index(cpus, i);
		const BhMachineCache *its = last_cache(self->machine, cpu->id);
		GtkWidget *tile = bhg_cpu_tile_new(cpu, connection);

		if (!before || before->package != cpu->package) {
			package = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
			gtk_box_append(self->packages, package);
			if (packages) {
				g_autofree char *text =
					g_strdup_printf(_("Package %u"), cpu->package);

				add_heading(package, text, "heading");
			}
			flow = NULL;
		}
		if (!flow || its != cache)
			flow = add_cache(package, its);
		if (!core || !before || before->package != cpu->package ||
		    before->core != cpu->core || its != cache) {
			core = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
			gtk_widget_add_css_class(core, "linked");
			gtk_box_append(GTK_BOX(flow), core);
		} else {
			gtk_widget_set_tooltip_text(core, _("One core: what runs on one of these "
							    "CPUs slows the other down."));
		}
		gtk_box_append(GTK_BOX(core), tile);
		g_signal_connect_swapped(tile, "choose", G_CALLBACK(on_choose), self);
		g_ptr_array_add(self->tiles, tile);
		before = cpu;
		cache = its;
	}
}

/* ---- memory ---- */

static void add_legend(BhgMapPage *self, const char *badge, const char *class_name,
		       const char *name, guint64 size)
{
	g_autofree char *bytes = bhg_words_size(size);
	g_autofree char *text = g_strdup_printf("%s  %s", name, bytes);
	GtkWidget *box, *sign, *label;

	if (!size)
		return;
	box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	sign = gtk_label_new(badge);
	label = gtk_label_new(text);
	gtk_widget_add_css_class(sign, "badge");
	gtk_widget_add_css_class(sign, "small");
	gtk_widget_add_css_class(sign, class_name);
	gtk_widget_add_css_class(label, "caption");
	gtk_box_append(GTK_BOX(box), sign);
	gtk_box_append(GTK_BOX(box), label);
	gtk_box_append(self->legend, box);
}

static guint64 sum_fixed(GPtrArray *map)
{
	guint64 sum = 0;

	for (guint i = 0; i < map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(map, i);

		if (part->fixed)
			sum += part->size;
	}
	return sum;
}

static void update_memory(BhgMapPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	GListModel *cells = bhg_connection_get_cells(connection);
	g_autoptr(GPtrArray) map = bhg_memory_map(self->machine, cells);
	guint64 fixed = sum_fixed(map);
	GtkWidget *child;

	if (!bhg_memory_bar_set_map(self->bar, map))
		return;
	while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->legend))))
		gtk_box_remove(self->legend, child);
	add_legend(self, "R", "owner-root", _("root"),
		   bhg_memory_map_sum(map, BHG_MEMORY_ROOT, NULL) - fixed);
	add_legend(self, "R×", "fixed", _("root, cannot be taken from Linux"), fixed);
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

		add_legend(self, bhg_cell_get_badge(cell), bhg_cell_get_colour_class(cell),
			   bhg_cell_get_name(cell),
			   bhg_memory_map_sum(map, BHG_MEMORY_CELL, cell) +
				   bhg_memory_map_sum(map, BHG_MEMORY_SHARED, cell));
	}
	add_legend(self, "#", "firmware", _("firmware"),
		   bhg_memory_map_sum(map, BHG_MEMORY_FIRMWARE, NULL));
	gtk_label_set_text(self->detail,
			   _("Choose a part to see its addresses; drag to mark a range."));
}

static void on_part(BhgMapPage *self, const BhgMemoryPart *part)
{
	g_autofree char *text = bhg_memory_part_describe(part);

	gtk_label_set_text(self->detail, text);
}

static void on_range(BhgMapPage *self, guint64 start, guint64 size)
{
	g_autofree char *length = bh_value_format_size(size);
	g_autofree char *address = bhg_words_address(start);

	gtk_editable_set_text(GTK_EDITABLE(self->give_size), length);
	gtk_editable_set_text(GTK_EDITABLE(self->give_address), address);
	gtk_widget_grab_focus(GTK_WIDGET(self->give_cell));
}

static void set_zoom(BhgMapPage *self, double zoom)
{
	self->zoom = CLAMP(zoom, 1, ZOOM_MAX);
	bhg_memory_bar_set_zoom(self->bar, self->zoom);
	gtk_widget_set_sensitive(self->zoom_out, self->zoom > 1);
	gtk_widget_set_sensitive(self->zoom_in, self->zoom < ZOOM_MAX);
}

static void on_zoom_in(BhgMapPage *self)
{
	set_zoom(self, self->zoom * 2);
}

static void on_zoom_out(BhgMapPage *self)
{
	set_zoom(self, self->zoom / 2);
}

/* ---- giving memory ---- */

static const char *chosen_cell(BhgMapPage *self)
{
	return gtk_string_list_get_string(self->cell_names,
					  gtk_drop_down_get_selected(self->give_cell));
}

static void on_give_changed(BhgMapPage *self)
{
	const char *size = gtk_editable_get_text(GTK_EDITABLE(self->give_size));
	const char *address = gtk_editable_get_text(GTK_EDITABLE(self->give_address));
	guint64 number;
	gboolean good_size = bh_value_size(size, &number) && number;
	gboolean good_address = !*address || bh_value_size(address, &number);

	gtk_widget_set_sensitive(self->give_button, good_size && good_address && chosen_cell(self));
	if (*size && !good_size)
		gtk_widget_add_css_class(GTK_WIDGET(self->give_size), "error");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(self->give_size), "error");
	if (!good_address)
		gtk_widget_add_css_class(GTK_WIDGET(self->give_address), "error");
	else
		gtk_widget_remove_css_class(GTK_WIDGET(self->give_address), "error");
}

static void on_give(BhgMapPage *self)
{
	BhePlan *plan = bhg_connection_get_plan(bhg_page_get_connection(BHG_PAGE(self)));
	const char *cell = chosen_cell(self);
	const char *size = gtk_editable_get_text(GTK_EDITABLE(self->give_size));
	const char *address = gtk_editable_get_text(GTK_EDITABLE(self->give_address));
	g_autoptr(GError) error = NULL;
	BheOperation *operation;
	guint64 bytes;

	if (!plan || !cell || !bh_value_size(size, &bytes))
		return;
	if (*address) {
		g_autofree char *name = bhe_plan_free_name(plan, cell, "Memory", "ram");
		g_autofree char *section = g_strconcat("Memory ", name, NULL);
		const char *values[] = {"Size", size, "PhysicalAddress", address, NULL};

		operation = bhe_plan_add_section(plan, cell, section, values, &error);
	} else {
		operation = bhe_plan_add_memory(plan, cell, bytes, &error);
	}
	if (error)
		bhg_toast_error(GTK_WIDGET(self), _("The memory was not given."), error);
	else if (operation)
		bhg_toast_with_button(GTK_WIDGET(self), bhe_operation_get_sentence(operation),
				      _("_Undo"), "win.undo");
}

static void update_give(BhgMapPage *self)
{
	BhgConnection *connection = bhg_page_get_connection(BHG_PAGE(self));
	GListModel *cells = bhg_connection_get_cells(connection);
	guint n = g_list_model_get_n_items(cells);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	gtk_widget_set_visible(self->give, bhg_connection_get_plan(connection) && n);
	for (guint i = 0; i < n; i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

		/* Names live as long as the connection. */
		g_ptr_array_add(names, (gpointer)bhg_cell_get_name(cell));
	}
	g_ptr_array_add(names, NULL);
	if (n == g_list_model_get_n_items(G_LIST_MODEL(self->cell_names))) {
		gboolean same = TRUE;

		for (guint i = 0; i < n; i++)
			same = same && g_str_equal(gtk_string_list_get_string(self->cell_names, i),
						   names->pdata[i]);
		if (same)
			return;
	}
	gtk_string_list_splice(self->cell_names, 0,
			       g_list_model_get_n_items(G_LIST_MODEL(self->cell_names)),
			       (const char *const *)names->pdata);
	on_give_changed(self);
}

/* ---- the whole ---- */

static void update(BhgMapPage *self)
{
	BhMachine *machine = bhg_connection_get_machine(bhg_page_get_connection(BHG_PAGE(self)));

	if (!machine)
		return;
	if (machine != self->machine) {
		g_clear_pointer(&self->machine, bh_machine_unref);
		self->machine = bh_machine_ref(machine);
		make_tiles(self);
	}
	for (guint i = 0; i < self->tiles->len; i++)
		bhg_cpu_tile_update(g_ptr_array_index(self->tiles, i));
	update_memory(self);
	update_give(self);
}

static void bhg_map_page_connected(BhgPage *page)
{
	BhgConnection *connection = bhg_page_get_connection(page);

	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(update), page,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "machine-changed", G_CALLBACK(update), page,
				G_CONNECT_SWAPPED);
	update(BHG_MAP_PAGE(page));
}

static void bhg_map_page_reveal(BhgPage *page, const char *what)
{
	BhgMapPage *self = BHG_MAP_PAGE(page);

	if (!g_str_has_prefix(what, "cpu:"))
		return;
	for (guint i = 0; i < self->tiles->len; i++)
		if (bhg_cpu_tile_get_cpu(g_ptr_array_index(self->tiles, i)) ==
		    g_ascii_strtoull(what + strlen("cpu:"), NULL, 10))
			gtk_widget_grab_focus(g_ptr_array_index(self->tiles, i));
}

static void bhg_map_page_finalize(GObject *object)
{
	BhgMapPage *self = BHG_MAP_PAGE(object);

	g_ptr_array_unref(self->tiles);
	g_hash_table_unref(self->chosen);
	g_clear_pointer(&self->machine, bh_machine_unref);
	G_OBJECT_CLASS(bhg_map_page_parent_class)->finalize(object);
}

static void bhg_map_page_class_init(BhgMapPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = bhg_map_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhg_map_page_connected;
	BHG_PAGE_CLASS(class)->reveal = bhg_map_page_reveal;
	g_type_ensure(BHG_TYPE_MEMORY_BAR);
	g_type_ensure(BHG_TYPE_WRAP_LAYOUT);
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhg-map-page.ui");
	gtk_widget_class_add_binding(widget_class, GDK_KEY_Escape, 0, on_escape, NULL);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, packages);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, bar);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, legend);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, detail);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, zoom_in);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, zoom_out);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, give);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, give_cell);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, give_size);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, give_address);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, give_button);
	gtk_widget_class_bind_template_child(widget_class, BhgMapPage, cell_names);
	gtk_widget_class_bind_template_callback(widget_class, on_part);
	gtk_widget_class_bind_template_callback(widget_class, on_range);
	gtk_widget_class_bind_template_callback(widget_class, on_zoom_in);
	gtk_widget_class_bind_template_callback(widget_class, on_zoom_out);
	gtk_widget_class_bind_template_callback(widget_class, on_give);
	gtk_widget_class_bind_template_callback(widget_class, on_give_changed);
}

static void bhg_map_page_init(BhgMapPage *self)
{
	self->tiles = g_ptr_array_new();
	self->chosen = g_hash_table_new(NULL, NULL);
	gtk_widget_init_template(GTK_WIDGET(self));
	set_zoom(self, 1);
}
