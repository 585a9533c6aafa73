// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhg-device.h"
#include "bhg-words.h"

struct _BhgDevice {
	GObject parent;
	char *title;
	char *address;
	gboolean bridge;
	char *driver;
	char *group;
	char *interrupt;
	char *use;
	GListStore *children;
};

G_DEFINE_FINAL_TYPE(BhgDevice, bhg_device, G_TYPE_OBJECT)

static void bhg_device_finalize(GObject *object)
{
	BhgDevice *self = BHG_DEVICE(object);

	g_free(self->title);
	g_free(self->address);
	g_free(self->driver);
	g_free(self->group);
	g_free(self->interrupt);
	g_free(self->use);
	g_clear_object(&self->children);
	G_OBJECT_CLASS(bhg_device_parent_class)->finalize(object);
}

static void bhg_device_class_init(BhgDeviceClass *class)
{
	G_OBJECT_CLASS(class)->finalize = bhg_device_finalize;
}

static void bhg_device_init(BhgDevice *self)
{
}

/* Takes @title. */
static BhgDevice *add(GListStore *list, char *title)
{
	g_autoptr(BhgDevice) device = g_object_new(BHG_TYPE_DEVICE, NULL);

	device->title = title;
	g_list_store_append(list, device);
	return device; /* the list has it */
}

static GListStore *children_of(BhgDevice *device)
{
	if (!device->children)
		device->children = g_list_store_new(BHG_TYPE_DEVICE);
	return device->children;
}

/* ---- PCI ---- */

static void add_bars(BhgDevice *item, const BhMachineDevice *device)
{
	for (guint i = 0; i < device->bars->len; i++) {
		const BhMachineBar *bar = g_ptr_array_index(device->bars, i);
		g_autofree char *start = bhg_words_address(bar->start);
		g_autofree char *size = bhg_words_size(bar->size);

		add(children_of(item),
		    g_strdup_printf(bar->io		? _("Ports at %s, %s")
				    : bar->index == 6	? _("Expansion ROM at %s, %s")
				    : bar->prefetchable ? _("Memory at %s, %s, prefetchable")
							: _("Registers at %s, %s"),
				    start, size));
	}
}

static char *describe_interrupt(const BhMachineDevice *device)
{
	if (device->msix)
		return g_strdup_printf(_("MSI-X, %u"), device->msix);
	if (device->msi)
		return g_strdup_printf(_("MSI, %u"), device->msi);
	if (device->irq)
		return g_strdup_printf(C_("interrupt", "line %u"), device->irq);
	return g_strdup("");
}

static void add_pci(GListStore *groups, const BhMachine *machine)
{
	g_autofree char *bus = NULL;
	BhgDevice *group = NULL;

	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = g_ptr_array_index(machine->devices, i);
		g_autofree char *words = bh_machine_device_describe(device);
		g_autofree char *its_bus = g_strndup(device->address, strlen("0000:00"));
		BhgDevice *item;

		if (!group || !g_str_equal(bus, its_bus)) {
			g_free(bus);
			bus = g_steal_pointer(&its_bus);
			group = add(groups, g_strdup_printf(_("PCI bus %s"), bus));
		}
		item = add(children_of(group), g_strdup_printf("%s  %s", device->address, words));
		item->address = g_strdup(device->address);
		item->bridge = device->bridge;
		item->driver = g_strdup(device->driver);
		item->group = g_strdup(device->iommu_group);
		item->interrupt = describe_interrupt(device);
		item->use = device->used_for ? g_strjoinv(", ", device->used_for) : NULL;
		add_bars(item, device);
	}
}

/* ---- others ---- */

static void add_nodes(GListStore *groups, const BhMachine *machine)
{
	BhgDevice *group;

	if (!machine->nodes->len)
		return;
	group = add(groups, g_strdup(_("Devices of the device tree")));
	for (guint i = 0; i < machine->nodes->len; i++) {
		const BhMachineNode *node = g_ptr_array_index(machine->nodes, i);
		BhgDevice *item = add(children_of(group), g_strdup(node->path));

		item->address = g_strdup(node->path);
		item->driver = g_strdup(node->compatible ? node->compatible[0] : NULL);
		if (node->interrupts->len)
			item->interrupt =
				g_strdup_printf(C_("interrupt", "line %u"),
						g_array_index(node->interrupts, guint, 0));
		if (node->size) {
			g_autofree char *start = bhg_words_address(node->start);
			g_autofree char *size = bhg_words_size(node->size);

			add(children_of(item),
			    g_strdup_printf(_("Registers at %s, %s"), start, size));
		}
	}
}

static void add_uarts(GListStore *groups, const BhMachine *machine)
{
	BhgDevice *group;

	if (!machine->uarts->len)
		return;
	group = add(groups, g_strdup(_("Serial ports")));
	for (guint i = 0; i < machine->uarts->len; i++) {
		const BhMachineUart *uart = g_ptr_array_index(machine->uarts, i);
		g_autofree char *start = bhg_words_address(uart->start);
		BhgDevice *item = add(children_of(group),
				      g_strdup_printf(uart->io ? _("%s  %s, ports at %s")
							       : _("%s  %s, registers at %s"),
						      uart->name, uart->type, start));

		if (uart->irq)
			item->interrupt = g_strdup_printf(C_("interrupt", "line %u"), uart->irq);
		if (uart->console)
			item->use = g_strdup(_("console"));
	}
}

static void add_controllers(GListStore *groups, const BhMachine *machine)
{
	BhgDevice *group;

	if (!machine->intcs->len && !machine->iommus->len)
		return;
	group = add(groups, g_strdup(_("Guarded by the hypervisor")));
	for (guint i = 0; i < machine->intcs->len; i++) {
		const BhMachineIntc *intc = g_ptr_array_index(machine->intcs, i);
		g_autofree char *address = bhg_words_address(intc->address);

		add(children_of(group),
		    g_strdup_printf(_("Interrupt controller %s at %s"), intc->type, address));
	}
	for (guint i = 0; i < machine->iommus->len; i++) {
		const BhMachineIommu *iommu = g_ptr_array_index(machine->iommus, i);
		g_autofree char *address = bhg_words_address(iommu->address);

		add(children_of(group), g_strdup_printf(_("IOMMU %s at %s"), iommu->type, address));
	}
}

GListModel *bhg_devices_new(const BhMachine *machine)
{
	GListStore *groups = g_list_store_new(BHG_TYPE_DEVICE);

	add_pci(groups, machine);
	add_nodes(groups, machine);
	add_uarts(groups, machine);
	add_controllers(groups, machine);
	return G_LIST_MODEL(groups);
}

GListModel *bhg_device_get_children(BhgDevice *self)
{
	return self->children ? G_LIST_MODEL(self->children) : NULL;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

const char *bhg_device_get_title(BhgDevice *self)
{
	return self->title;
}

const char *bhg_device_get_address(BhgDevice *self)
{
	return self->address;
}

gboolean bhg_device_is_bridge(BhgDevice *self)
{
	return self->bridge;
}

const char *bhg_device_get_driver(BhgDevice *self)
{
	return or_empty(self->driver);
}

const char *bhg_device_get_group(BhgDevice *self)
{
	return or_empty(self->group);
}

const char *bhg_device_get_interrupt(BhgDevice *self)
{
	return or_empty(self->interrupt);
}

const char *bhg_device_get_use(BhgDevice *self)
{
	return or_empty(self->use);
}
