// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-memory-map.h"
#include "bhg-words.h"

static void part_free(gpointer data)
{
	BhgMemoryPart *part = data;

	g_clear_object(&part->cell);
	g_free(part->name);
	g_free(part);
}

/* What is known of a stretch of addresses. Of several that cover an address the last one counts. */
typedef struct {
	guint64 start, end;
	BhgMemoryKind kind;
	gboolean fixed;
	BhgCell *cell;
	const char *name;
} Layer;

static void add_layer(GArray *layers, guint64 start, guint64 size, BhgMemoryKind kind,
		      gboolean fixed, BhgCell *cell, const char *name)
{
	Layer layer = {start, start + size, kind, fixed, cell, name};

	if (size && layer.end > start)
		g_array_append_val(layers, layer);
}

static gboolean is_ram(const BhMachineRegion *region)
{
	return g_str_equal(region->name, "System RAM");
}

/* Firmware's names for memory that it keeps; everything else outside of RAM belongs to devices. */
static gboolean is_firmware(const BhMachineRegion *region)
{
	return g_ascii_strcasecmp(region->name, "reserved") == 0 ||
	       g_str_has_prefix(region->name, "ACPI ") || strstr(region->name, "ROM") ||
	       g_str_has_prefix(region->name, "Unknown");
}

static guint64 add_machine(GArray *layers, const BhMachine *machine)
{
	guint64 end = 0;

	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = g_ptr_array_index(machine->regions, i);

		if (region->level == 0 && is_ram(region)) {
			add_layer(layers, region->start, region->size, BHG_MEMORY_ROOT, TRUE, NULL,
				  NULL);
			end = MAX(end, region->start + region->size);
		}
	}
	for (guint i = 0; i < machine->blocks->len; i++) {
		const BhMachineBlock *block = g_ptr_array_index(machine->blocks, i);

		/* Blocks are coarser than RAM: they say only how it can be had, unless nothing else is known. */
		if (!end || !machine->regions->len)
			end = MAX(end, block->start + block->size);
	}
	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = g_ptr_array_index(machine->regions, i);

		if (region->level == 0 && !is_ram(region) && is_firmware(region) &&
		    region->start < end)
			add_layer(layers, region->start, region->size, BHG_MEMORY_FIRMWARE, FALSE,
				  NULL, region->name);
	}
	if (!end)
		end = machine->memory_size;
	if (!layers->len)
		add_layer(layers, 0, end, BHG_MEMORY_ROOT, TRUE, NULL, NULL);
	return end;
}

/* Where blocks say that Linux lets go. Blocks in a row are one layer. */
static GArray *removable_ranges(const BhMachine *machine)
{
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(Layer));

	for (guint i = 0; i < machine->blocks->len; i++) {
		const BhMachineBlock *block = g_ptr_array_index(machine->blocks, i);
		Layer *last = ranges->len ? &g_array_index(ranges, Layer, ranges->len - 1) : NULL;

		if (!block->removable && block->online)
			continue;
		if (last && last->end == block->start)
			last->end += block->size;
		else
			add_layer(ranges, block->start, block->size, BHG_MEMORY_ROOT, FALSE, NULL,
				  NULL);
	}
	return ranges;
}

static void add_cells(GArray *layers, GListModel *cells)
{
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		BhgCellRegion region;
		gsize at = 0;

		if (!bhg_cell_exists(cell))
			continue;
		while (bhg_cell_next_region(cell, &at, &region)) {
			if (region.physical == G_MAXUINT64 || strpbrk(region.flags, "ic"))
				continue;
			add_layer(layers, region.physical, region.size,
				  strchr(region.flags, 's') ? BHG_MEMORY_SHARED : BHG_MEMORY_CELL,
				  FALSE, cell, region.name);
		}
	}
}

static int compare_addresses(gconstpointer a, gconstpointer b)
{
	const guint64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Every address where something begins or ends, once, up to @end. */
static GArray *boundaries(GArray *layers, GArray *removable, guint64 end)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(guint64));
	GArray *sources[] = {layers, removable};
	guint64 zero = 0;
	guint n = 0;

	g_array_append_val(list, zero);
	g_array_append_val(list, end);
	for (guint s = 0; s < G_N_ELEMENTS(sources); s++)
		for (guint i = 0; i < sources[s]->len; i++) {
			const Layer *layer = &g_array_index(sources[s], Layer, i);

			if (layer->start < end)
				g_array_append_val(list, layer->start);
			if (layer->end < end)
				g_array_append_val(list, layer->end);
		}
	g_array_sort(list, compare_addresses);
	for (guint i = 0; i < list->len; i++)
		if (!i || g_array_index(list, guint64, i) != g_array_index(list, guint64, n - 1))
			g_array_index(list, guint64, n++) = g_array_index(list, guint64, i);
	g_array_set_size(list, n);
	return list;
}

static const Layer *layer_at(GArray *layers, guint64 address)
{
	for (guint i = layers->len; i-- > 0;) {
		const Layer *layer = &g_array_index(layers, Layer, i);

		if (layer->start <= address && address < layer->end)
			return layer;
	}
	return NULL;
}

static void add_part(GPtrArray *map, guint64 start, guint64 end, const Layer *layer, gboolean fixed)
{
	static const Layer hole = {.kind = BHG_MEMORY_HOLE};
	BhgMemoryPart *last = map->len ? g_ptr_array_index(map, map->len - 1) : NULL;
	BhgMemoryPart *part;

	if (!layer)
		layer = &hole;
	fixed = fixed && layer->kind == BHG_MEMORY_ROOT;
	if (last && last->kind == layer->kind && last->cell == layer->cell &&
	    last->fixed == fixed && g_strcmp0(last->name, layer->name) == 0) {
		last->size = end - last->start;
		return;
	}
	part = g_new0(BhgMemoryPart, 1);
	part->start = start;
	part->size = end - start;
	part->kind = layer->kind;
	part->fixed = fixed;
	part->cell = layer->cell ? g_object_ref(layer->cell) : NULL;
	part->name = g_strdup(layer->name);
	g_ptr_array_add(map, part);
}

GPtrArray *bhg_memory_map(const BhMachine *machine, GListModel *cells)
{
	GPtrArray *map = g_ptr_array_new_with_free_func(part_free);
	g_autoptr(GArray) layers = g_array_new(FALSE, FALSE, sizeof(Layer));
	g_autoptr(GArray) removable = removable_ranges(machine);
	g_autoptr(GArray) points = NULL;
	guint64 end = add_machine(layers, machine);

	add_cells(layers, cells);
	points = boundaries(layers, removable, end);
	for (guint i = 0; i + 1 < points->len; i++) {
		guint64 start = g_array_index(points, guint64, i);

		add_part(map, start, g_array_index(points, guint64, i + 1), layer_at(layers, start),
			 !layer_at(removable, start));
	}
	return map;
}

char *bhg_memory_part_describe(const BhgMemoryPart *part)
{
	g_autofree char *first = bhg_words_address(part->start);
	g_autofree char *last = bhg_words_address(part->start + part->size - 1);
	g_autofree char *size = bhg_words_size(part->size);
	g_autofree char *what = NULL;

	switch (part->kind) {
	case BHG_MEMORY_ROOT:
		what = g_strdup(part->fixed ? _("root, cannot be taken from Linux") : _("root"));
		break;
	case BHG_MEMORY_CELL:
	case BHG_MEMORY_SHARED:
		what = g_strdup_printf(part->kind == BHG_MEMORY_CELL ? _("%s (%s)")
								     : _("%s (%s), shared"),
				       bhg_cell_get_name(part->cell), part->name);
		break;
	case BHG_MEMORY_FIRMWARE:
		what = g_strdup_printf(_("firmware (%s)"), part->name);
		break;
	case BHG_MEMORY_HOLE:
		what = g_strdup(_("no memory"));
		break;
	}
	return g_strdup_printf("%s: %s, %s – %s", what, size, first, last);
}

guint64 bhg_memory_map_sum(GPtrArray *map, BhgMemoryKind kind, BhgCell *cell)
{
	guint64 sum = 0;

	for (guint i = 0; i < map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(map, i);

		if (part->kind == kind && (!cell || part->cell == cell))
			sum += part->size;
	}
	return sum;
}
