// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-compile.h"
#include "bh-value.h"

#define COMMAND_LINE "command line"

G_DEFINE_QUARK(bh - compile - error - quark, bh_compile_error)

/* Tables begin at multiples of 8 bytes. */
static struct bh_table table_append(GByteArray *desc, const void *entries, guint count, gsize size)
{
	static const guint8 zeros[8];
	struct bh_table table = {desc->len, count};

	if (count)
		g_byte_array_append(desc, entries, count * size);
	g_byte_array_append(desc, zeros, -desc->len % 8);
	return table;
}

static GArray *compile_memory(const BhCell *cell, const BhPlacement *placement)
{
	GArray *table = g_array_new(FALSE, FALSE, sizeof(struct bh_memory));

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];
		struct bh_memory region = {
			.phys = bh_placement_get_memory(placement, cell, memory),
			.virt = memory->guest_address,
			.size = memory->size,
			.flags = memory->flags,
		};

		g_array_append_val(table, region);
	}
	/* Registers are seen where they are. */
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhPlacedNode *node =
			bh_placement_get_node(placement, cell, cell->devices->pdata[i]);
		struct bh_memory region = {.flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO};

		if (!node)
			continue;
		region.phys = region.virt = node->start;
		region.size = node->size;
		g_array_append_val(table, region);
	}
	return table;
}

static GArray *compile_ports(const BhCell *cell)
{
	GArray *table = g_array_new(FALSE, FALSE, sizeof(struct bh_pio));

	for (guint i = 0; i < cell->ports->len; i++) {
		const BhCellPorts *ports = cell->ports->pdata[i];
		guint first = ports->first, left = ports->last - ports->first + 1;

		/* All 65536 at once are more than a length can say. */
		while (left) {
			struct bh_pio pio = {.base = first, .length = MIN(left, 0x8000)};

			g_array_append_val(table, pio);
			first += pio.length;
			left -= pio.length;
		}
	}
	return table;
}

/* One entry for each controller, or for each 128 pins of one that has more, whatever sections they stand in. */
static void pin_add(GArray *table, guint64 controller, guint64 pin)
{
	struct bh_irqs empty = {.address = controller, .first = pin - pin % BH_PINS_MAX}, *irqs;
	guint i = 0;

	for (; i < table->len; i++) {
		irqs = &g_array_index(table, struct bh_irqs, i);
		if (irqs->address == controller && irqs->first == empty.first)
			break;
	}
	if (i == table->len)
		g_array_append_val(table, empty);
	irqs = &g_array_index(table, struct bh_irqs, i);
	pin -= irqs->first;
	irqs->pins[pin / 32] |= 1u << pin % 32;
}

static GArray *compile_interrupts(const BhCell *cell, const BhPlacement *placement, GError **error)
{
	g_autoptr(GArray) table = g_array_new(FALSE, FALSE, sizeof(struct bh_irqs));

	for (guint i = 0; i < cell->interrupts->len; i++) {
		const BhCellInterrupts *interrupts = cell->interrupts->pdata[i];
		guint64 controller = bh_placement_get_controller(placement, cell, interrupts);

		if (controller == BH_CONTROLLER_ANY) {
			g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN,
				    "no interrupt controller has been found for [Interrupts %s] of "
				    "cell %s; add Controller=",
				    interrupts->name, cell->name);
			return NULL;
		}
		for (guint k = 0; k < interrupts->pins->len; k++)
			pin_add(table, controller,
				g_array_index(interrupts->pins, BhNumber, k).value);
	}
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhPlacedNode *node =
			bh_placement_get_node(placement, cell, cell->devices->pdata[i]);

		for (guint k = 0; node && k < node->interrupts->len; k++) {
			guint pin = g_array_index(node->interrupts, guint, k);

			if (pin < bh_cell_pins_max(cell->arch))
				pin_add(table, node->controller, pin);
		}
	}
	return g_steal_pointer(&table);
}

static GArray *compile_devices(const BhCell *cell, const BhPlacement *placement, GError **error)
{
	g_autoptr(GArray) table = g_array_new(FALSE, FALSE, sizeof(struct bh_pci));

	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];
		const char *address = bh_placement_get_device(placement, cell, device);
		guint segment, bdf;
		struct bh_pci pci;

		if (bh_placement_get_node(placement, cell, device))
			continue;
		if (!address || !bh_value_pci(address, &segment, &bdf)) {
			g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN,
				    "no device has been found for [Device %s] of cell %s; validate "
				    "the cell to see why",
				    device->name, cell->name);
			return NULL;
		}
		pci = (struct bh_pci){.segment = segment, .bdf = bdf};
		g_array_append_val(table, pci);
	}
	return g_steal_pointer(&table);
}

/* What validation finds, and this must not pass on. */
static gboolean check_links(const BhCell *cell, const GArray *links, GError **error)
{
	for (guint i = 0; i < links->len; i++)
		if (g_array_index(links, struct bh_link, i).virt >= BH_GUEST_LIMIT) {
			g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN,
				    "there is no guest address for a link of cell %s; validate the "
				    "cell to see why",
				    cell->name);
			return FALSE;
		}
	return TRUE;
}

GBytes *bh_compile(const BhCell *cell, const BhPlacement *placement, GError **error)
{
	g_autoptr(GArray) cpus = bh_placement_get_cpus(placement, cell);
	g_autoptr(GArray) memory = compile_memory(cell, placement);
	g_autoptr(GArray) ports = compile_ports(cell);
	g_autoptr(GArray) interrupts = compile_interrupts(cell, placement, error);
	g_autoptr(GArray) devices = interrupts ? compile_devices(cell, placement, error) : NULL;
	const GArray *links = bh_placement_get_links(placement, cell);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct bh_cell_desc head = {
		.magic = BH_CELL_DESC_MAGIC,
		.version = BH_CELL_DESC_VERSION,
		.arch = cell->arch,
		.flags = cell->flags,
		.id = bh_placement_get_id(placement, cell),
		.reply_timeout_ms = cell->shutdown_timeout_ms,
		.reset_address = cell->reset_address,
		.console = cell->console,
	};

	if (!devices || !check_links(cell, links, error))
		return NULL;
	if (!cpus->len) {
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN,
			    "no CPUs have been found for cell %s; validate the cell to see why",
			    cell->name);
		return NULL;
	}
	g_strlcpy(head.name, cell->name, sizeof(head.name));
	G_STATIC_ASSERT(sizeof(head.policy) == sizeof(cell->policy));
	memcpy(head.policy, cell->policy, sizeof(head.policy));
	/* The head's place; it is known when the tables are. */
	table_append(bytes, &head, 1, sizeof(head));
	head.cpus = table_append(bytes, cpus->data, cpus->len, sizeof(guint));
	head.memory = table_append(bytes, memory->data, memory->len, sizeof(struct bh_memory));
	head.pio = table_append(bytes, ports->data, ports->len, sizeof(struct bh_pio));
	head.irqs = table_append(bytes, interrupts->data, interrupts->len, sizeof(struct bh_irqs));
	head.pci = table_append(bytes, devices->data, devices->len, sizeof(struct bh_pci));
	head.links = table_append(bytes, links->data, links->len, sizeof(struct bh_link));
	head.size = bytes->len;
	if (head.size > BH_CELL_DESC_MAX) {
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_SIZE,
			    "the description of cell %s takes %u bytes, at most %u are possible; "
			    "divide the cell, or merge memory regions and ports",
			    cell->name, head.size, BH_CELL_DESC_MAX);
		return NULL;
	}
	memcpy(bytes->data, &head, sizeof(head));
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static void image_clear(gpointer data)
{
	BhCompiledImage *image = data;

	g_free(image->owned);
	bh_cell_unref(image->cell);
}

GArray *bh_compile_images(BhCell *cell, const BhPlacement *placement, GError **error)
{
	g_autoptr(GArray) images = g_array_new(FALSE, FALSE, sizeof(BhCompiledImage));

	g_array_set_clear_func(images, image_clear);
	if (cell->linux_kernel && !bh_compile_linux(cell, placement, images, error))
		return NULL;
	for (guint i = 0; i < cell->images->len; i++) {
		const BhCellImage *from = cell->images->pdata[i];
		BhCompiledImage image = {
			.name = from->name,
			.type = from->type,
			.address = from->address,
			.path = from->path,
			.cell = bh_cell_ref(cell),
		};

		g_array_append_val(images, image);
	}
	if (cell->command_line) {
		BhCompiledImage image = {
			.name = COMMAND_LINE,
			.type = BH_IMAGE_TEXT,
			.address = cell->command_line_address,
			.text = cell->command_line,
			.size = strlen(cell->command_line) + 1,
			.cell = bh_cell_ref(cell),
		};

		g_array_append_val(images, image);
	}
	return g_steal_pointer(&images);
}
