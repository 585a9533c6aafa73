// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-grant.h"
#include "bhe-words.h"

#define PAGE G_GUINT64_CONSTANT(4096)
#define MEMORY_STEP (G_GUINT64_CONSTANT(1) << 20)
/* What is more than this is no device's window, but a hole or a table of all of them. */
#define WINDOW_MAX (64ULL << 20)

/* What an event says of the access. */
typedef struct {
	const char *kind, *access;
	guint64 address, ip;
	guint32 width, cpu;
	gboolean stopped;
} Violation;

static void violation_read(GVariant *event, Violation *violation)
{
	*violation = (Violation){.kind = "", .access = ""};
	g_variant_lookup(event, "kind", "&s", &violation->kind);
	g_variant_lookup(event, "access", "&s", &violation->access);
	g_variant_lookup(event, "address", "t", &violation->address);
	g_variant_lookup(event, "ip", "t", &violation->ip);
	g_variant_lookup(event, "width", "u", &violation->width);
	g_variant_lookup(event, "cpu", "u", &violation->cpu);
	g_variant_lookup(event, "stopped", "b", &violation->stopped);
}

void bhe_grant_free(BheGrant *grant)
{
	g_free(grant->title);
	g_free(grant->consequence);
	g_free(grant->section);
	g_strfreev(grant->values);
	g_free(grant);
}

/* ---- what is there ---- */

static const BhMachineDevice *find_device(const BhMachine *machine, guint64 address, gboolean io)
{
	for (guint i = 0; machine && i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];

		for (guint j = 0; j < device->bars->len; j++) {
			const BhMachineBar *bar = device->bars->pdata[j];

			if (bar->io == io && address >= bar->start &&
			    address - bar->start < bar->size)
				return device;
		}
	}
	return NULL;
}

static char *config_address(guint64 address)
{
	guint bdf = (address >> 12) & 0xffff;

	return g_strdup_printf("0000:%02x:%02x.%x", bdf >> 8, bdf >> 3 & 0x1f, bdf & 7);
}

static const BhMachineUart *find_uart(const BhMachine *machine, guint64 address, gboolean io)
{
	for (guint i = 0; machine && i < machine->uarts->len; i++) {
		const BhMachineUart *uart = machine->uarts->pdata[i];

		if (uart->io == io && address >= uart->start &&
		    address - uart->start < (io ? 8 : PAGE))
			return uart;
	}
	return NULL;
}

static const BhMachineNode *find_node(const BhMachine *machine, guint64 address)
{
	for (guint i = 0; machine && i < machine->nodes->len; i++) {
		const BhMachineNode *node = machine->nodes->pdata[i];

		if (address >= node->start && address - node->start < node->size)
			return node;
	}
	return NULL;
}

/* The innermost. */
static const BhMachineRegion *find_region(const BhMachine *machine, guint64 address)
{
	const BhMachineRegion *found = NULL;

	for (guint i = 0; machine && i < machine->regions->len; i++) {
		const BhMachineRegion *region = machine->regions->pdata[i];

		if (address >= region->start && address - region->start < region->size &&
		    (!found || region->level >= found->level))
			found = region;
	}
	return found;
}

/* ---- in words ---- */

static char *explain_place(const BhMachine *machine, const Violation *v)
{
	gboolean io = !strcmp(v->kind, "pio");
	const BhMachineDevice *device = NULL;
	g_autofree char *config = NULL;

	if (!strcmp(v->kind, "pci")) {
		config = config_address(v->address);
		device = machine ? bh_machine_find_device(machine, config) : NULL;
	} else if (io || !strcmp(v->kind, "memory")) {
		device = find_device(machine, v->address, io);
	}
	if (device) {
		g_autofree char *what = bh_machine_device_describe(device);

		return g_strdup_printf(_(": that is %s (%s)"), what, device->address);
	}
	if (find_uart(machine, v->address, io) && (io || !strcmp(v->kind, "memory")))
		return g_strdup_printf(_(": that is the serial port %s"),
				       find_uart(machine, v->address, io)->name);
	if (!strcmp(v->kind, "memory") && find_region(machine, v->address))
		return g_strdup_printf(_(": that is “%s” in this machine"),
				       find_region(machine, v->address)->name);
	return g_strdup("");
}

/* Of macros for formats, gettext knows those of inttypes.h only: at any other the sentence would end. */
static char *explain_what(const Violation *v)
{
	g_autofree char *config = NULL;

	if (!strcmp(v->kind, "memory"))
		return g_strdup_printf(_("the address 0x%" PRIx64), v->address);
	if (!strcmp(v->kind, "pio"))
		return g_strdup_printf(_("the I/O port 0x%" PRIx64), v->address);
	if (!strcmp(v->kind, "msr"))
		return g_strdup_printf(_("the register 0x%" PRIx64 " of the CPU"), v->address);
	if (!strcmp(v->kind, "irq"))
		return g_strdup_printf(_("the register 0x%" PRIx64 " of an interrupt controller"),
				       v->address);
	if (strcmp(v->kind, "pci"))
		return g_strdup_printf(_("something the cell does not have (%s)"), v->kind);
	config = config_address(v->address);
	return g_strdup_printf(_("register 0x%x of the PCI function %s"),
			       (guint)(v->address & 0xfff), config);
}

char *bhe_grant_explain(const BhMachine *machine, GVariant *event)
{
	g_autofree char *what = NULL;
	g_autofree char *place = NULL;
	g_autofree char *access = NULL;
	Violation v;

	violation_read(event, &v);
	what = explain_what(&v);
	place = explain_place(machine, &v);
	access = !strcmp(v.access, "write")   ? g_strdup_printf(_("wrote to %s"), what)
		 : !strcmp(v.access, "fetch") ? g_strdup_printf(_("ran code at %s"), what)
					      : g_strdup_printf(_("read from %s"), what);
	return g_strdup_printf(v.stopped ? _("CPU %u %s%s. It has no right to, and was stopped.")
					 : _("CPU %u %s%s. It has no right to, so nothing "
					     "was reached, and it went on."),
			       v.cpu, access, place);
}

/* ---- proposals ---- */

static void propose(GPtrArray *grants, char *title, const char *consequence, char *section,
		    const char *key, ...) G_GNUC_NULL_TERMINATED;

/* @title, @section: taken over. Pairs of key and value, up to NULL. */
static void propose(GPtrArray *grants, char *title, const char *consequence, char *section,
		    const char *key, ...)
{
	g_autoptr(GStrvBuilder) values = g_strv_builder_new();
	BheGrant *grant = g_new0(BheGrant, 1);
	va_list arguments;

	va_start(arguments, key);
	for (; key; key = va_arg(arguments, const char *))
		g_strv_builder_add(values, key);
	va_end(arguments);
	*grant = (BheGrant){title, g_strdup(consequence), section, g_strv_builder_end(values)};
	g_ptr_array_add(grants, grant);
}

/* A name for a section, out of what the thing is called. */
static char *section_new(BhePlan *plan, const char *cell, const char *kind, const char *wanted)
{
	g_autofree char *clean = g_strcanon(g_ascii_strdown(wanted, -1),
					    "abcdefghijklmnopqrstuvwxyz0123456789_.-", '-');
	g_autofree char *name = bhe_plan_free_name(plan, cell, kind, *clean ? clean : "granted");

	return g_strconcat(kind, " ", name, NULL);
}

static void propose_device(GPtrArray *grants, BhePlan *plan, const char *cell,
			   const BhMachineDevice *device)
{
	g_autofree char *what = bh_machine_device_describe(device);
	const char *owner = bhe_plan_get_device_owner(plan, device->address);

	if (device->bridge || !g_strcmp0(owner, cell))
		return;
	propose(grants, g_strdup_printf(_("Give %s to the cell"), what),
		owner ? _("It is taken from the cell that has it now.")
		      : _("Linux loses it when the cell starts."),
		section_new(plan, cell, "Device", "device"), "Pci", device->address, NULL);
}

static void propose_memory(GPtrArray *grants, BhePlan *plan, const BhMachine *machine,
			   const char *cell, guint64 address)
{
	const BhMachineDevice *device = find_device(machine, address, FALSE);
	const BhMachineNode *node = find_node(machine, address);
	const BhMachineRegion *region = find_region(machine, address);
	g_autofree char *place = NULL;
	g_autofree char *size = NULL;

	if (device) {
		propose_device(grants, plan, cell, device);
	} else if (node) {
		propose(grants, g_strdup_printf(_("Give the device %s to the cell"), node->path),
			_("Linux loses it when the cell starts."),
			section_new(plan, cell, "Device", "device"), "Node", node->path, NULL);
	} else if (region && strcmp(region->name, "System RAM") && region->size < WINDOW_MAX &&
		   region->level) {
		place = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address & ~(PAGE - 1));
		propose(grants,
			g_strdup_printf(_("Give the page of “%s” at %s to the cell"), region->name,
					place),
			_("The registers of a device: whoever else uses it is disturbed."),
			section_new(plan, cell, "Memory", region->name), "Type", "device", "Size",
			"4K", "PhysicalAddress", place, NULL);
	} else {
		place = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address & ~(MEMORY_STEP - 1));
		size = bh_value_format_size(MEMORY_STEP);
		propose(grants, g_strdup_printf(_("Give the cell memory of 1 MiB at %s"), place),
			_("It is taken from Linux, and cleared."),
			section_new(plan, cell, "Memory", "ram"), "Size", size, "GuestAddress",
			place, NULL);
	}
}

static void propose_ports(GPtrArray *grants, BhePlan *plan, const BhMachine *machine,
			  const char *cell, const Violation *v)
{
	const BhMachineUart *uart = find_uart(machine, v->address, TRUE);
	const BhMachineDevice *device = find_device(machine, v->address, TRUE);
	g_autofree char *range = NULL;

	/* Those of PCI configuration are offered to every cell by the core. */
	if (v->address >= 0xcf8 && v->address <= 0xcff)
		return;
	if (device) {
		propose_device(grants, plan, cell, device);
	} else if (uart) {
		range = g_strdup_printf("0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x",
					uart->start, uart->start + 7);
		propose(grants,
			g_strdup_printf(_("Give the serial port %s to the cell"), uart->name),
			uart->console ? _("The console of Linux is there: it loses it.")
				      : _("Linux should not use it any more."),
			section_new(plan, cell, "Ports", uart->name), "Range", range, NULL);
	} else {
		guint64 last = v->address + (v->width ? v->width : 1) - 1;

		range = last > v->address
				? g_strdup_printf("0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER
						  "x",
						  v->address, last)
				: g_strdup_printf("0x%" G_GINT64_MODIFIER "x", v->address);
		propose(grants,
			g_strdup_printf(last > v->address ? _("Give the I/O ports %s to the cell")
							  : _("Give the I/O port %s to the cell"),
					range),
			_("Whoever else uses it is disturbed."),
			section_new(plan, cell, "Ports", "ports"), "Range", range, NULL);
	}
}

static void propose_to_ignore(GPtrArray *grants, BhePlan *plan, const char *cell,
			      const Violation *v)
{
	static const char *const keys[][2] = {
		{"memory", "Memory"}, {"pio", "Ports"},	     {"pci", "Pci"},
		{"msr", "Msr"},	      {"irq", "Interrupts"}, {"instruction", "Instruction"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *value = bhe_plan_get_value(plan, cell, "Policy", keys[i][1]);
		const BheKeyWords *words = bhe_words_key("Policy", keys[i][1]);

		if (strcmp(v->kind, keys[i][0]) || !g_strcmp0(value, "ignore"))
			continue;
		propose(grants,
			g_strdup_printf(_("Ignore forbidden accesses: %s"), _(words->title)),
			_("Reads see nothing, writes are dropped, both are counted; the cell goes "
			  "on. "
			  "It still reaches nothing that is not its own."),
			g_strdup("Policy"), keys[i][1], "ignore", NULL);
	}
}

GPtrArray *bhe_grant_propose(BhePlan *plan, const BhMachine *machine, const char *cell,
			     GVariant *event)
{
	GPtrArray *grants = g_ptr_array_new_with_free_func((GDestroyNotify)bhe_grant_free);
	g_autofree char *config = NULL;
	const BhMachineDevice *device;
	Violation v;

	violation_read(event, &v);
	if (!bhe_plan_get_text(plan, cell))
		return grants;
	if (!strcmp(v.kind, "memory")) {
		propose_memory(grants, plan, machine, cell, v.address);
	} else if (!strcmp(v.kind, "pio")) {
		propose_ports(grants, plan, machine, cell, &v);
	} else if (!strcmp(v.kind, "pci")) {
		config = config_address(v.address);
		device = machine ? bh_machine_find_device(machine, config) : NULL;
		if (device)
			propose_device(grants, plan, cell, device);
	}
	propose_to_ignore(grants, plan, cell, &v);
	return grants;
}

char *bhe_grant_to_text(const BheGrant *grant)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "[%s]\n", grant->section);
	for (char **value = grant->values; *value; value += 2)
		g_string_append_printf(text, "%s=%s\n", value[0], value[1]);
	return g_string_free(text, FALSE);
}

BheOperation *bhe_grant_add(const BheGrant *grant, BhePlan *plan, const char *cell, GError **error)
{
	if (!strcmp(grant->section, "Policy"))
		return bhe_plan_set_value(plan, cell, grant->section, grant->values[0],
					  grant->values[1], error);
	/* So that it is taken from whoever has it. */
	if (g_str_has_prefix(grant->section, "Device "))
		return bhe_plan_move_device(plan, grant->values[1], cell, error);
	return bhe_plan_add_section(plan, cell, grant->section, (const char *const *)grant->values,
				    error);
}
