// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-cell-private.h"
#include "bh-value.h"

#define LARGE_PAGE (1ULL << 21)
#define PAGE 4096ULL
#define COMMAND_LINE_ADDRESS 0x1000 /* where payloads of the usual library look for it */

G_DEFINE_BOXED_TYPE(BhCell, bh_cell, bh_cell_ref, bh_cell_unref)

gboolean bh_cell_name_is_valid(const char *name)
{
	gsize length = strlen(name);

	return length && length < BH_CELL_NAME_SIZE && g_ascii_isalnum(*name) &&
	       strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.") == length &&
	       strcmp(name, "root");
}

static void device_free(gpointer data)
{
	BhCellDevice *device = data;

	g_free(device->address);
	g_free(device->node);
	g_free(device);
}

static void image_free(gpointer data)
{
	g_free(((BhCellImage *)data)->path);
	g_free(data);
}

static void interrupts_free(gpointer data)
{
	g_array_unref(((BhCellInterrupts *)data)->pins);
	g_free(data);
}

static void link_free(gpointer data)
{
	g_strfreev(((BhCellLink *)data)->peers);
	g_free(data);
}

struct bh_cell_raw *bh_cell_raw_new(const BhCellFile *file)
{
	struct bh_cell_raw *raw = g_atomic_rc_box_new0(struct bh_cell_raw);
	BhCell *cell = &raw->public;

	raw->console_virtual = -1;
	raw->console_mmio = -1;
	cell->file = bh_cell_file_copy(file);
	cell->name = bh_cell_file_get_name(cell->file);
	cell->path = g_strdup(bh_cell_file_get_path(cell->file));
	cell->cpus = g_array_new(FALSE, FALSE, sizeof(BhNumber));
	cell->shutdown_timeout_ms = 1000;
	cell->command_line_address = COMMAND_LINE_ADDRESS;
	cell->restart_ms = 100;
	cell->after = g_new0(char *, 1);
	cell->wants = g_new0(char *, 1);
	cell->memory = g_ptr_array_new_with_free_func(g_free);
	cell->images = g_ptr_array_new_with_free_func(image_free);
	cell->devices = g_ptr_array_new_with_free_func(device_free);
	cell->ports = g_ptr_array_new_with_free_func(g_free);
	cell->interrupts = g_ptr_array_new_with_free_func(interrupts_free);
	cell->links = g_ptr_array_new_with_free_func(link_free);
	return raw;
}

BhCell *bh_cell_ref(BhCell *cell)
{
	return g_atomic_rc_box_acquire(cell);
}

static void cell_clear(gpointer data)
{
	BhCell *cell = data;

	g_ptr_array_unref(cell->memory);
	g_ptr_array_unref(cell->images);
	g_ptr_array_unref(cell->devices);
	g_ptr_array_unref(cell->ports);
	g_ptr_array_unref(cell->interrupts);
	g_ptr_array_unref(cell->links);
	g_array_unref(cell->cpus);
	g_strfreev(cell->after);
	g_strfreev(cell->wants);
	g_free(cell->description);
	g_free(cell->command_line);
	g_free(cell->linux_kernel);
	g_free(cell->linux_initrd);
	g_free(cell->linux_command_line);
	g_free(cell->path);
	bh_cell_file_unref(cell->file);
}

void bh_cell_unref(BhCell *cell)
{
	g_atomic_rc_box_release_full(cell, cell_clear);
}

char *bh_cell_cpus_to_string(const GArray *cpus)
{
	g_autofree guint64 *numbers = g_new(guint64, cpus->len);

	for (guint i = 0; i < cpus->len; i++)
		numbers[i] = g_array_index(cpus, BhNumber, i).value;
	return bh_value_format_ranges(numbers, cpus->len);
}

static gboolean overlap(guint64 start, guint64 size, guint64 other, guint64 other_size)
{
	return size && other_size && start <= other + (other_size - 1) &&
	       other <= start + (size - 1);
}

guint64 bh_cell_find_address(guint arch, const GArray *taken, guint64 size)
{
	guint64 align = size >= LARGE_PAGE ? LARGE_PAGE : PAGE, address = 0;
	gboolean moved = TRUE;

	while (moved && address < BH_GUEST_LIMIT && size <= BH_GUEST_LIMIT - address) {
		guint64 past = address;

		/* On a PC, devices are seen between 2 and 4 GiB, and the comm region is where payloads want it. */
		if (arch == BH_ARCH_X86 && overlap(address, size, 2ULL << 30, 2ULL << 30))
			past = 4ULL << 30;
		for (guint i = 0; i < taken->len; i++) {
			const struct bh_range *other = &g_array_index(taken, struct bh_range, i);

			if (other->start < BH_GUEST_LIMIT && other->size <= BH_GUEST_LIMIT &&
			    overlap(address, size, other->start, other->size))
				past = MAX(past, other->start + other->size);
		}
		moved = past != address;
		address = (past + align - 1) & ~(align - 1);
	}
	return size <= BH_GUEST_LIMIT && address <= BH_GUEST_LIMIT - size ? address
									  : BH_GUEST_LIMIT;
}
