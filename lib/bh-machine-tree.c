// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices and interrupt controllers out of a device tree, after the Devicetree Specification 0.4. The kernel's
 * copy is one file; libfdt checks it as a whole before anything is read.
 */
#include <libfdt.h>
#include <string.h>
#include "bh-machine-private.h"

#define DEPTH_MAX 16

static guint64 cells_number(const fdt32_t *cells, int count)
{
	guint64 value = 0;

	while (count-- > 0)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

/*
 * 2.3.6, 2.3.8: entry @index of "reg" as the CPU sees it: each bus on the way up may translate ("ranges";
 * an empty one is one to one, none at all means there is no way).
 */
static gboolean read_reg(const void *fdt, int node, int index, guint64 *start, guint64 *size)
{
	int parent = fdt_parent_offset(fdt, node), length;
	int address_cells, size_cells;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

	if (parent < 0 || !reg)
		return FALSE;
	address_cells = fdt_address_cells(fdt, parent);
	size_cells = fdt_size_cells(fdt, parent);
	if (address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2 ||
	    length / 4 < (index + 1) * (address_cells + size_cells))
		return FALSE;
	reg += index * (address_cells + size_cells);
	*start = cells_number(reg, address_cells);
	*size = cells_number(reg + address_cells, size_cells);

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		int above = fdt_parent_offset(fdt, parent), above_cells, entry;
		gboolean found = FALSE;
		const fdt32_t *ranges;

		if (above < 0)
			return TRUE; /* the parent is the root */
		ranges = fdt_getprop(fdt, parent, "ranges", &length);
		if (!ranges)
			return FALSE;
		above_cells = fdt_address_cells(fdt, above);
		entry = address_cells + above_cells + size_cells;
		if (above_cells < 1 || above_cells > 2)
			return FALSE;
		for (; length / 4 >= entry && !found; length -= entry * 4, ranges += entry) {
			guint64 child = cells_number(ranges, address_cells);
			guint64 span =
				cells_number(ranges + address_cells + above_cells, size_cells);

			if (*start < child || *start - child >= span)
				continue;
			*start = cells_number(ranges + address_cells, above_cells) +
				 (*start - child);
			found = TRUE;
		}
		if (!found && length)
			return FALSE;
		parent = above;
		address_cells = above_cells;
		size_cells = fdt_size_cells(fdt, above);
		if (size_cells < 1 || size_cells > 2)
			return depth >= 0 && fdt_parent_offset(fdt, parent) < 0;
	}
	return FALSE;
}

/* The GIC's binding: type (0: SPI, 1: PPI), number within the type, flags. */
static void read_node_interrupts(const void *fdt, int node, GArray *interrupts)
{
	int length;
	const fdt32_t *cells = fdt_getprop(fdt, node, "interrupts", &length);

	for (; cells && length >= 12; length -= 12, cells += 3) {
		guint number = fdt32_to_cpu(cells[1]);

		if (number > 1020 || fdt32_to_cpu(cells[0]) > 1)
			continue;
		number += fdt32_to_cpu(cells[0]) == 0 ? BH_GIC_SPI_BASE : 16;
		g_array_append_val(interrupts, number);
	}
}

static gboolean is_compatible(char **compatible, const char *word)
{
	return g_strv_contains((const char *const *)compatible, word);
}

static void add_gic(BhMachine *machine, const void *fdt, int offset, const BhMachineNode *node,
		    gboolean version3)
{
	BhMachineIntc *intc = bh_record_append(machine->intcs, &bh_record_intc);
	guint64 size;

	intc->type = g_strdup(version3 ? "gicv3" : "gicv2");
	intc->address = node->start;
	intc->gsi_base = BH_GIC_SPI_BASE;
	if (!read_reg(fdt, offset, 1, &intc->cpu_address, &size))
		intc->cpu_address = 0;
}

static void read_node(BhMachine *machine, const void *fdt, int offset)
{
	char path[512];
	int count = fdt_stringlist_count(fdt, offset, "compatible");
	g_autoptr(GStrvBuilder) compatible = g_strv_builder_new();
	BhMachineNode *node;
	BhMachineIommu *iommu;

	if (count <= 0 || fdt_get_path(fdt, offset, path, sizeof(path)) ||
	    !g_utf8_validate(path, -1, NULL))
		return;
	node = bh_record_append(machine->nodes, &bh_record_node);
	node->path = g_strdup(path);
	for (int i = 0; i < count; i++) {
		g_autofree char *word = g_utf8_make_valid(
			fdt_stringlist_get(fdt, offset, "compatible", i, NULL), -1);

		g_strv_builder_add(compatible, word);
	}
	g_strfreev(node->compatible);
	node->compatible = g_strv_builder_end(compatible);
	if (g_str_has_prefix(path, "/cpus/cpu@") && !machine->cpu_model)
		machine->cpu_model = g_strdup(*node->compatible);
	if (!read_reg(fdt, offset, 0, &node->start, &node->size))
		node->start = node->size = 0;
	read_node_interrupts(fdt, offset, node->interrupts);

	if (is_compatible(node->compatible, "arm,gic-v3")) {
		add_gic(machine, fdt, offset, node, TRUE);
	} else if (is_compatible(node->compatible, "arm,gic-400") ||
		   is_compatible(node->compatible, "arm,cortex-a15-gic")) {
		add_gic(machine, fdt, offset, node, FALSE);
	} else if (is_compatible(node->compatible, "arm,smmu-v3") ||
		   is_compatible(node->compatible, "arm,mmu-500") ||
		   is_compatible(node->compatible, "arm,smmu-v2")) {
		iommu = bh_record_append(machine->iommus, &bh_record_iommu);
		iommu->address = node->start;
		iommu->type = g_strdup(is_compatible(node->compatible, "arm,smmu-v3") ? "smmuv3"
										      : "smmuv2");
	}
}

/* The generic PCI host binding (pci-host-ecam-generic): the window of configuration space and the buses it covers. */
static void read_pci_host(BhMachine *machine, const void *fdt, int offset)
{
	BhMachineMmconfig *mmconfig;
	guint64 start, size;
	const fdt32_t *range;
	int length;

	if (!read_reg(fdt, offset, 0, &start, &size))
		return;
	mmconfig = bh_record_append(machine->mmconfigs, &bh_record_mmconfig);
	mmconfig->start = start;
	mmconfig->last_bus = 255;
	range = fdt_getprop(fdt, offset, "bus-range", &length);
	if (range && length == 8) {
		mmconfig->first_bus = MIN(fdt32_to_cpu(range[0]), 255);
		mmconfig->last_bus = MIN(fdt32_to_cpu(range[1]), 255);
	}
	range = fdt_getprop(fdt, offset, "linux,pci-domain", &length);
	if (range && length == 4)
		mmconfig->segment = fdt32_to_cpu(*range);
}

void bh_machine_read_tree_blob(BhMachine *machine, GBytes *blob)
{
	gsize size;
	const void *fdt = g_bytes_get_data(blob, &size);
	const char *model;
	int length;

	if (!fdt || fdt_check_full(fdt, size))
		return;
	model = fdt_getprop(fdt, 0, "model", &length);
	if (model && length > 1 && !machine->name)
		machine->name = g_utf8_make_valid(model, strnlen(model, length));
	for (int offset = fdt_next_node(fdt, -1, NULL); offset >= 0;
	     offset = fdt_next_node(fdt, offset, NULL)) {
		if (offset == 0)
			continue;
		read_node(machine, fdt, offset);
		if (fdt_node_check_compatible(fdt, offset, "pci-host-ecam-generic") == 0)
			read_pci_host(machine, fdt, offset);
	}
}

void bh_machine_read_tree(BhMachine *machine, const char *root)
{
	g_autoptr(GBytes) blob = bh_root_read_bytes(root, "/sys/firmware/fdt");

	/* With ACPI the kernel makes a small tree for itself that describes nothing. */
	if (blob && !machine->intcs->len)
		bh_machine_read_tree_blob(machine, blob);
}
