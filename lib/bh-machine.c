// SPDX-License-Identifier: GPL-2.0-or-later
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include "bh-machine-private.h"

#define MIB (1024 * 1024ULL)

G_DEFINE_BOXED_TYPE(BhMachine, bh_machine, bh_machine_ref, bh_machine_unref)

BhMachine *bh_machine_new(void)
{
	BhMachine *machine = g_atomic_rc_box_new0(BhMachine);

	bh_record_init(&bh_record_machine, machine);
	return machine;
}

BhMachine *bh_machine_ref(BhMachine *machine)
{
	return g_atomic_rc_box_acquire(machine);
}

static void machine_clear(gpointer machine)
{
	bh_record_clear(&bh_record_machine, machine);
}

void bh_machine_unref(BhMachine *machine)
{
	g_atomic_rc_box_release_full(machine, machine_clear);
}

gint bh_compare_natural(const char *a, const char *b)
{
	while (*a && *b) {
		if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
			char *end_a, *end_b;
			guint64 number_a = g_ascii_strtoull(a, &end_a, 10);
			guint64 number_b = g_ascii_strtoull(b, &end_b, 10);

			if (number_a != number_b)
				return number_a < number_b ? -1 : 1;
			a = end_a;
			b = end_b;
		} else {
			if (*a != *b)
				return (guchar)*a - (guchar)*b;
			a++;
			b++;
		}
	}
	return (guchar)*a - (guchar)*b;
}

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

static gint compare_cpus(gconstpointer a, gconstpointer b)
{
	const BhMachineCpu *first = *(gpointer *)a, *second = *(gpointer *)b;

	return COMPARE(first->id, second->id);
}

static gint compare_blocks(gconstpointer a, gconstpointer b)
{
	const BhMachineBlock *first = *(gpointer *)a, *second = *(gpointer *)b;

	return COMPARE(first->start, second->start);
}

static gint compare_devices(gconstpointer a, gconstpointer b)
{
	const BhMachineDevice *first = *(gpointer *)a, *second = *(gpointer *)b;

	return strcmp(first->address, second->address);
}

static gint compare_uarts(gconstpointer a, gconstpointer b)
{
	const BhMachineUart *first = *(gpointer *)a, *second = *(gpointer *)b;

	return bh_compare_natural(first->name, second->name);
}

static gint compare_intcs(gconstpointer a, gconstpointer b)
{
	const BhMachineIntc *first = *(gpointer *)a, *second = *(gpointer *)b;

	return COMPARE(first->gsi_base, second->gsi_base);
}

static gint compare_interrupts(gconstpointer a, gconstpointer b)
{
	const BhMachineInterrupt *first = *(gpointer *)a, *second = *(gpointer *)b;

	return COMPARE(first->irq, second->irq);
}

void bh_machine_sort(BhMachine *machine)
{
	g_ptr_array_sort(machine->cpus, compare_cpus);
	g_ptr_array_sort(machine->blocks, compare_blocks);
	g_ptr_array_sort(machine->devices, compare_devices);
	g_ptr_array_sort(machine->uarts, compare_uarts);
	g_ptr_array_sort(machine->intcs, compare_intcs);
	g_ptr_array_sort(machine->interrupts, compare_interrupts);
}

/* On a PC, addresses below 4 GiB are for devices, and RAM goes on above. */
#define DEVICES_START (3ULL << 30)
#define DEVICES_END (4ULL << 30)

static void simple_ram(BhMachine *machine, guint64 start, guint64 size)
{
	BhMachineRegion *region = bh_record_append(machine->regions, &bh_record_region);

	region->start = start;
	region->size = size;
	region->name = g_strdup("System RAM");
	for (guint64 at = start; at < start + size; at += machine->block_size) {
		BhMachineBlock *block = bh_record_append(machine->blocks, &bh_record_block);

		block->start = at;
		block->size = machine->block_size;
		block->online = TRUE;
		/* The first blocks hold Linux itself. */
		block->removable = at >= machine->memory_size / 4;
		block->zone = g_strdup(block->removable ? "Movable" : "Normal");
	}
}

BhMachine *bh_machine_new_simple(guint cpus, guint64 memory)
{
	BhMachine *machine = bh_machine_new();
	BhMachineIntc *intc;
	BhMachineUart *uart;

	machine->name = g_strdup("simulated machine");
	machine->architecture = g_strdup("x86-64");
	machine->virtualization = g_strdup("svm");
	machine->simulated = TRUE;
	machine->block_size = 128 * MIB;
	machine->memory_size = memory / machine->block_size * machine->block_size;

	for (guint i = 0; i < cpus; i++) {
		BhMachineCpu *cpu = bh_record_append(machine->cpus, &bh_record_cpu);

		cpu->id = cpu->apic_id = cpu->core = i;
		cpu->online = TRUE;
		cpu->can_offline = i > 0;
	}
	simple_ram(machine, 0, MIN(machine->memory_size, DEVICES_START));
	if (machine->memory_size > DEVICES_START)
		simple_ram(machine, DEVICES_END, machine->memory_size - DEVICES_START);

	intc = bh_record_append(machine->intcs, &bh_record_intc);
	intc->type = g_strdup("ioapic");
	intc->address = 0xfec00000;
	intc->pins = 24;

	uart = bh_record_append(machine->uarts, &bh_record_uart);
	uart->name = g_strdup("ttyS0");
	uart->type = g_strdup("16550A");
	uart->start = 0x3f8;
	uart->io = TRUE;
	uart->irq = 4;
	uart->console = TRUE;
	return machine;
}

BhMachineCpu *bh_machine_find_cpu(const BhMachine *machine, guint id)
{
	for (guint i = 0; i < machine->cpus->len; i++) {
		BhMachineCpu *cpu = machine->cpus->pdata[i];

		if (cpu->id == id)
			return cpu;
	}
	return NULL;
}

BhMachineDevice *bh_machine_find_device(const BhMachine *machine, const char *address)
{
	for (guint i = 0; i < machine->devices->len; i++) {
		BhMachineDevice *device = machine->devices->pdata[i];

		if (!strcmp(device->address, address))
			return device;
	}
	return NULL;
}

BhMachineBlock *bh_machine_find_block(const BhMachine *machine, guint64 address)
{
	for (guint i = 0; i < machine->blocks->len; i++) {
		BhMachineBlock *block = machine->blocks->pdata[i];

		if (address >= block->start && address - block->start < block->size)
			return block;
	}
	return NULL;
}

BhMachineIntc *bh_machine_find_intc(const BhMachine *machine, guint64 address)
{
	for (guint i = 0; i < machine->intcs->len; i++) {
		BhMachineIntc *intc = machine->intcs->pdata[i];

		if (intc->address == address)
			return intc;
	}
	return NULL;
}

BhMachineInterrupt *bh_machine_find_gsi(const BhMachine *machine, guint gsi)
{
	for (guint i = 0; i < machine->interrupts->len; i++) {
		BhMachineInterrupt *interrupt = machine->interrupts->pdata[i];

		if (interrupt->gsi >= 0 && (guint)interrupt->gsi == gsi)
			return interrupt;
	}
	return NULL;
}

/* Exactly @digits hexadecimal digits. */
static gboolean take_digits(const char **text, guint digits)
{
	for (guint i = 0; i < digits; i++)
		if (!g_ascii_isxdigit((*text)[i]))
			return FALSE;
	*text += digits;
	return TRUE;
}

static gboolean take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return FALSE;
	(*text)++;
	return TRUE;
}

char *bh_machine_normalize_pci(const char *address)
{
	gboolean short_form = strlen(address) == 7;
	g_autofree char *full = NULL;
	const char *rest = address;

	if (!short_form && (!take_digits(&rest, 4) || !take_char(&rest, ':')))
		return NULL;
	if (!take_digits(&rest, 2) || !take_char(&rest, ':') || !take_digits(&rest, 2) ||
	    !take_char(&rest, '.') || *rest < '0' || *rest > '7' || rest[1])
		return NULL;
	/* A bus has 32 devices. */
	if (strtoul(rest - 3, NULL, 16) > 0x1f)
		return NULL;
	full = g_strconcat(short_form ? "0000:" : "", address, NULL);
	return g_ascii_strdown(full, -1);
}

/* PCI's class codes, as far as people meet them (PCI Code and ID Assignment Specification). */
static const char *class_words(guint class)
{
	static const struct {
		guint code, mask;
		const char *words;
	} table[] = {
		{0x010000, 0xffff00, "SCSI controller"},
		{0x010600, 0xffff00, "SATA controller"},
		{0x010800, 0xffff00, "NVMe disk"},
		{0x010000, 0xff0000, "storage controller"},
		{0x020000, 0xffff00, "Ethernet controller"},
		{0x020000, 0xff0000, "network controller"},
		{0x030000, 0xff0000, "display controller"},
		{0x040000, 0xff0000, "multimedia device"},
		{0x050000, 0xff0000, "memory controller"},
		{0x060000, 0xffff00, "host bridge"},
		{0x060100, 0xffff00, "ISA bridge"},
		{0x060400, 0xffff00, "PCI bridge"},
		{0x060000, 0xff0000, "bridge"},
		{0x070000, 0xffff00, "serial port"},
		{0x070000, 0xff0000, "communication controller"},
		{0x080600, 0xffff00, "IOMMU"},
		{0x080000, 0xff0000, "system peripheral"},
		{0x0c0300, 0xffff00, "USB controller"},
		{0x0c0500, 0xffff00, "SMBus controller"},
		{0x0c0000, 0xff0000, "bus controller"},
		{0x0d0000, 0xff0000, "wireless controller"},
		{0x120000, 0xff0000, "accelerator"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if ((class & table[i].mask) == table[i].code)
			return table[i].words;
	return "device";
}

char *bh_machine_device_describe(const BhMachineDevice *device)
{
	if (device->name)
		return g_strdup(device->name);
	if (device->driver)
		return g_strdup_printf("%s (%s)", class_words(device->class), device->driver);
	return g_strdup_printf("%s %04x:%04x", class_words(device->class), device->vendor,
			       device->device);
}

GPtrArray *bh_machine_device_companions(const BhMachine *machine, const BhMachineDevice *device)
{
	GPtrArray *companions = g_ptr_array_new();

	for (guint i = 0; i < machine->devices->len; i++) {
		BhMachineDevice *other = machine->devices->pdata[i];

		if (other == device || other->bridge)
			continue;
		if ((device->iommu_group && !g_strcmp0(device->iommu_group, other->iommu_group)) ||
		    (device->reset_domain && !g_strcmp0(device->reset_domain, other->reset_domain)))
			g_ptr_array_add(companions, other);
	}
	return companions;
}
