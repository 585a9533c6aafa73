// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells against each other. Each conflict is found for the one that was asked about. */
#include <string.h>
#include "bh-validate-private.h"

static BhFinding *find_conflict(const BhCell *cell, const BhCell *other,
				const BhCellSection *section, const char *key, GPtrArray *findings,
				BhFindingKind kind, const char *format, ...) G_GNUC_PRINTF(7, 8);

static BhFinding *find_conflict(const BhCell *cell, const BhCell *other,
				const BhCellSection *section, const char *key, GPtrArray *findings,
				BhFindingKind kind, const char *format, ...)
{
	g_autofree char *message = NULL;
	BhFinding *finding;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	finding = bh_find(cell, section, key, findings, kind,
			  "change one of them, or never run both at once", "%s", message);
	finding->owner = g_strdup(other->name);
	return finding;
}

static void find_identity(const BhCell *cell, const BhCell *other, GPtrArray *findings)
{
	if (cell->id && cell->id == other->id)
		find_conflict(cell, other, bh_cell_head(cell), "Id", findings,
			      BH_FINDING_ID_CONFLICT, "cell %s has the id %u as well", other->name,
			      cell->id);
	for (guint i = 0; i < cell->cpus->len; i++) {
		const BhNumber *cpu = &g_array_index(cell->cpus, BhNumber, i);

		for (guint j = 0; j < other->cpus->len; j++)
			if (g_array_index(other->cpus, BhNumber, j).value == cpu->value) {
				bh_find_at(find_conflict(cell, other, bh_cell_head(cell), "Cpus",
							 findings, BH_FINDING_CPU_CONFLICT,
							 "CPU %u is wanted by cell %s as well",
							 (guint)cpu->value, other->name),
					   cpu->line, cpu->column);
				break;
			}
	}
}

/* Both may have it: shared on purpose, or different parts of a page. */
static gboolean memory_is_compatible(const BhCellMemory *memory, const BhCellMemory *other)
{
	if (memory->flags & other->flags & BH_MEM_ROOTSHARED)
		return TRUE;
	return bh_memory_is_part_page(memory) && bh_memory_is_part_page(other) &&
	       !bh_ranges_overlap(memory->physical_address, memory->size, other->physical_address,
				  other->size);
}

/* In whole pages, as they are given away. */
static gboolean memory_overlaps(const BhCellMemory *memory, const BhCellMemory *other)
{
	guint64 start = memory->physical_address & ~(PAGE - 1);
	guint64 other_start = other->physical_address & ~(PAGE - 1);
	guint64 last = (memory->physical_address + (memory->size - 1)) | (PAGE - 1);
	guint64 other_last = (other->physical_address + (other->size - 1)) | (PAGE - 1);

	return memory->size && other->size && start <= other_last && other_start <= last;
}

static void find_memory(const BhCell *cell, const BhCell *other, GPtrArray *findings)
{
	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		for (guint j = 0; j < other->memory->len && bh_memory_is_fixed(memory); j++) {
			const BhCellMemory *theirs = other->memory->pdata[j];

			if (bh_memory_is_fixed(theirs) && memory_overlaps(memory, theirs) &&
			    !memory_is_compatible(memory, theirs))
				find_conflict(
					cell, other, memory->section, "PhysicalAddress", findings,
					BH_FINDING_MEMORY_CONFLICT,
					"%s is wanted by cell %s as well, as its %s, at " X64,
					memory->name, other->name, theirs->name,
					MAX(memory->physical_address, theirs->physical_address));
		}
	}
}

static void find_devices(const BhCell *cell, const BhCell *other, GPtrArray *findings)
{
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];

		const char *place = device->address ? device->address : device->node;

		for (guint j = 0; j < other->devices->len && place; j++) {
			const BhCellDevice *theirs = other->devices->pdata[j];

			if (!g_strcmp0(theirs->address, place) || !g_strcmp0(theirs->node, place))
				find_conflict(cell, other, device->section,
					      device->address ? "Pci" : "Node", findings,
					      BH_FINDING_DEVICE_CONFLICT,
					      "%s is wanted by cell %s as well, as its [Device %s]",
					      place, other->name, theirs->name);
		}
	}
	for (guint i = 0; i < cell->ports->len; i++) {
		const BhCellPorts *ports = cell->ports->pdata[i];

		for (guint j = 0; j < other->ports->len; j++) {
			const BhCellPorts *theirs = other->ports->pdata[j];

			if (ports->first > theirs->last || theirs->first > ports->last)
				continue;
			bh_find_at(find_conflict(cell, other, ports->section, "Range", findings,
						 BH_FINDING_PORTS_CONFLICT,
						 "ports 0x%x to 0x%x are wanted by cell %s as well",
						 MAX(ports->first, theirs->first),
						 MIN(ports->last, theirs->last), other->name),
				   ports->line, ports->column);
		}
	}
}

static gboolean has_pin(const BhCell *cell, guint64 controller, guint64 pin)
{
	for (guint i = 0; i < cell->interrupts->len; i++) {
		const BhCellInterrupts *interrupts = cell->interrupts->pdata[i];

		for (guint j = 0; j < interrupts->pins->len; j++)
			/* Machines of arm64 have one GIC, whether it is named or not. */
			if ((interrupts->controller == controller || cell->arch == BH_ARCH_ARM64) &&
			    g_array_index(interrupts->pins, BhNumber, j).value == pin)
				return TRUE;
	}
	return FALSE;
}

static void find_interrupts(const BhCell *cell, const BhCell *other, GPtrArray *findings)
{
	for (guint i = 0; i < cell->interrupts->len; i++) {
		const BhCellInterrupts *interrupts = cell->interrupts->pdata[i];

		for (guint j = 0; j < interrupts->pins->len; j++) {
			const BhNumber *pin = &g_array_index(interrupts->pins, BhNumber, j);

			if (!has_pin(other, interrupts->controller, pin->value))
				continue;
			bh_find_at(find_conflict(cell, other, interrupts->section, "Pins", findings,
						 BH_FINDING_INTERRUPT_CONFLICT,
						 "interrupt pin %u is wanted by cell %s as well",
						 (guint)pin->value, other->name),
				   pin->line, pin->column);
		}
	}
}

static void find_unknown(const BhCellSet *set, const BhCell *cell, char **names, const char *key,
			 GPtrArray *findings)
{
	const BhCellSection *service = bh_cell_file_find(cell->file, "Service", NULL);

	for (char **name = names; *name; name++)
		if (!bh_cell_set_find(set, *name))
			bh_find(cell, service, key, findings, BH_FINDING_ORDER_UNKNOWN,
				"correct the name, or remove it",
				"%s= names %s, and there is no such cell", key, *name);
}

/* Is there a way by After= from @at back to @wanted? The names on it are prepended to @way. */
static gboolean comes_after(const BhCellSet *set, const BhCell *at, const BhCell *wanted,
			    GHashTable *seen, GString *way)
{
	for (char **name = at->after; *name; name++) {
		const BhCell *before = bh_cell_set_find(set, *name);

		if (!before)
			continue;
		if (before == wanted || (g_hash_table_add(seen, (gpointer)before) &&
					 comes_after(set, before, wanted, seen, way))) {
			g_string_prepend(way, before->name);
			g_string_prepend(way, " after ");
			return TRUE;
		}
	}
	return FALSE;
}

static void find_order(const BhCellSet *set, const BhCell *cell, GPtrArray *findings)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GString) way = g_string_new(NULL);

	find_unknown(set, cell, cell->after, "After", findings);
	find_unknown(set, cell, cell->wants, "Wants", findings);
	if (comes_after(set, cell, cell, seen, way))
		bh_find(cell, bh_cell_file_find(cell->file, "Service", NULL), "After", findings,
			BH_FINDING_ORDER_CYCLE, "remove one After= of them",
			"the order of starts is a circle: %s%s", cell->name, way->str);
}

void bh_validate_others(const BhCellSet *set, const BhCell *cell, GPtrArray *findings)
{
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *other = set->cells->pdata[i];

		if (other == cell || !strcmp(other->name, cell->name))
			continue;
		find_identity(cell, other, findings);
		find_memory(cell, other, findings);
		find_devices(cell, other, findings);
		find_interrupts(cell, other, findings);
	}
	find_order(set, cell, findings);
}
