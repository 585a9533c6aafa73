// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI functions, after Documentation/ABI/testing/sysfs-bus-pci and Documentation/PCI/sysfs-pci.rst. */
#include <gio/gio.h>
#include <string.h>
#include "bh-machine-private.h"

#define PCI "/sys/bus/pci/devices/%s"

/* Flags of lines of "resource": the kernel's include/linux/ioport.h. */
#define RESOURCE_IO 0x00000100
#define RESOURCE_MEMORY 0x00000200
#define RESOURCE_PREFETCH 0x00002000
#define RESOURCE_64 0x00100000

#define BAR_LINES 7 /* six BARs and the ROM; what follows are bridge windows */

static void read_bars(BhMachineDevice *device, const char *root)
{
	g_autofree char *text = bh_root_read(root, PCI "/resource", device->address);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = 0; i < BAR_LINES && lines[i]; i++) {
		guint64 start, last, flags;
		BhMachineBar *bar;
		char *end;

		start = g_ascii_strtoull(lines[i], &end, 16);
		last = g_ascii_strtoull(end, &end, 16);
		flags = g_ascii_strtoull(end, &end, 16);
		if (!(flags & (RESOURCE_IO | RESOURCE_MEMORY)) || last < start ||
		    (start == 0 && last == G_MAXUINT64))
			continue;
		bar = bh_record_append(device->bars, &bh_record_bar);
		bar->index = i;
		bar->start = start;
		bar->size = last - start + 1;
		bar->io = (flags & RESOURCE_IO) != 0;
		bar->is_64bit = (flags & RESOURCE_64) != 0;
		bar->prefetchable = (flags & RESOURCE_PREFETCH) != 0;
	}
}

static void count_vectors(BhMachineDevice *device, const char *root)
{
	g_auto(GStrv) vectors = bh_root_list(root, PCI "/msi_irqs", device->address);

	for (char **vector = vectors; *vector; vector++) {
		g_autofree char *mode =
			bh_root_read(root, PCI "/msi_irqs/%s", device->address, *vector);

		if (!g_strcmp0(mode, "msi"))
			device->msi++;
		else if (!g_strcmp0(mode, "msix"))
			device->msix++;
	}
}

/*
 * pci.ids: vendors at the start of a line, devices after a tab, "vvvv  Name"; subsystems after two tabs, classes
 * at the end after "C ". Names of all devices are found in one pass.
 */
static void read_pci_ids(BhMachine *machine, const char *root)
{
	g_autoptr(GBytes) bytes = bh_root_read_bytes(root, "/usr/share/misc/pci.ids");
	g_autofree char *text = NULL, *vendor_name = NULL;
	guint vendor = 0;

	if (!bytes)
		return;
	text = g_utf8_make_valid(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (char *line = text, *next; line && *line; line = next) {
		guint id;
		char *name;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (line[0] == '#' || g_str_has_prefix(line, "\t\t"))
			continue;
		if (g_str_has_prefix(line, "C "))
			break;
		id = g_ascii_strtoull(line + (line[0] == '\t'), &name, 16);
		if (!g_str_has_prefix(name, "  "))
			continue;
		name = g_strstrip(name);
		if (line[0] != '\t') {
			vendor = id;
			g_free(vendor_name);
			vendor_name = g_strdup(name);
			continue;
		}
		for (guint i = 0; i < machine->devices->len; i++) {
			BhMachineDevice *device = machine->devices->pdata[i];

			if (device->vendor == vendor && device->device == id && !device->name)
				device->name = g_strdup_printf("%s %s", vendor_name, name);
		}
	}
}

char *bh_pci_of_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	/* The deepest one: bridges come before what is behind them. */
	for (guint i = g_strv_length(parts); i-- > 0;) {
		g_autofree char *address =
			strlen(parts[i]) == 12 ? bh_machine_normalize_pci(parts[i]) : NULL;

		if (address)
			return g_steal_pointer(&address);
	}
	return NULL;
}

/* Its directory lies in that of a bridge, so its whole bus can be reset. */
static gboolean is_behind_bridge(const char *root, const BhMachineDevice *device)
{
	g_autofree char *path = bh_root_path(root, PCI, device->address);
	g_autofree char *target = g_file_read_link(path, NULL);
	g_autofree char *parent = target ? g_path_get_dirname(target) : NULL;
	g_autofree char *bridge = parent ? bh_pci_of_path(parent) : NULL;

	return bridge != NULL;
}

/*
 * A function that Linux knows no way to reset can only be reset with all of its bus; on a root bus, where that
 * is not possible, at least the other functions of its slot are taken to be one device with it. Linux
 * offers a bus reset as a method only to a function that is alone there.
 */
static void find_reset_domains(BhMachine *machine, const char *root)
{
	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];
		g_autoptr(GPtrArray) members = g_ptr_array_new();
		gsize common;

		if (device->bridge || device->reset_methods[0] || device->reset_domain)
			continue;
		common =
			is_behind_bridge(root, device) ? strlen("0000:00:") : strlen("0000:00:00.");
		for (guint j = 0; j < machine->devices->len; j++) {
			BhMachineDevice *other = machine->devices->pdata[j];

			if (!other->bridge && !strncmp(device->address, other->address, common))
				g_ptr_array_add(members, other);
		}
		for (guint j = 0; members->len > 1 && j < members->len; j++) {
			BhMachineDevice *member = members->pdata[j];
			const BhMachineDevice *first = members->pdata[0];

			g_free(member->reset_domain);
			member->reset_domain = g_strdup(first->address);
		}
	}
}

void bh_machine_read_pci(BhMachine *machine, const char *root)
{
	g_auto(GStrv) names = bh_root_list(root, "/sys/bus/pci/devices");

	for (char **name = names; *name; name++) {
		g_autofree char *address = bh_machine_normalize_pci(*name);
		g_autofree char *methods = NULL;
		BhMachineDevice *device;

		if (!address || bh_machine_find_device(machine, address))
			continue;
		device = bh_record_append(machine->devices, &bh_record_device);
		device->address = g_steal_pointer(&address);
		device->vendor = bh_root_number(root, 0, PCI "/vendor", *name);
		device->device = bh_root_number(root, 0, PCI "/device", *name);
		device->subvendor = bh_root_number(root, 0, PCI "/subsystem_vendor", *name);
		device->subdevice = bh_root_number(root, 0, PCI "/subsystem_device", *name);
		device->class = bh_root_number(root, 0, PCI "/class", *name);
		/* Base class 6; 0x0680 and the like are functions with other work. */
		device->bridge = device->class >> 16 == 6 && device->class >> 8 != 0x680;
		device->driver = bh_root_link_name(root, PCI "/driver", *name);
		device->irq = bh_root_number(root, 0, PCI "/irq", *name);
		device->iommu_group = bh_root_link_name(root, PCI "/iommu_group", *name);
		device->node = bh_root_number(root, 0, PCI "/numa_node", *name);
		methods = bh_root_read(root, PCI "/reset_method", *name);
		if (methods && *methods) {
			g_strfreev(device->reset_methods);
			device->reset_methods = g_strsplit(methods, " ", -1);
		}
		read_bars(device, root);
		count_vectors(device, root);
	}
	bh_machine_sort(machine);
	find_reset_domains(machine, root);
	read_pci_ids(machine, root);
}
