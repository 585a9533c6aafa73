// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupt controllers, IOMMUs and PCI windows out of ACPI tables. Sections are those of the ACPI
 * Specification 6.5, where nothing else is named. Tables are not trusted: lengths in them are checked against
 * what is there.
 */
#include <string.h>
#include "bh-machine-private.h"

/* A cut of a table. All reads go through it; what is outside reads as 0. */
struct cut {
	const guint8 *data;
	gsize size;
};

static guint64 cut_number(struct cut cut, gsize offset, gsize width)
{
	guint64 value = 0;

	if (offset > cut.size || width > cut.size - offset)
		return 0;
	for (gsize i = 0; i < width; i++)
		value |= (guint64)cut.data[offset + i] << (8 * i);
	return value;
}

static struct cut cut_from(struct cut cut, gsize offset)
{
	offset = MIN(offset, cut.size);
	return (struct cut){cut.data + offset, cut.size - offset};
}

/*
 * The next entry of a list whose entries hold their length, at @length_offset and of @width bytes. FALSE at
 * the end, or when the length cannot be right.
 */
static gboolean cut_next(struct cut *rest, gsize length_offset, gsize width, struct cut *entry)
{
	gsize length = cut_number(*rest, length_offset, width);

	if (length < length_offset + width || length > rest->size)
		return FALSE;
	*entry = (struct cut){rest->data, length};
	*rest = cut_from(*rest, length);
	return TRUE;
}

static BhMachineIntc *add_intc(BhMachine *machine, const char *type, guint64 address)
{
	BhMachineIntc *intc = bh_record_append(machine->intcs, &bh_record_intc);

	intc->type = g_strdup(type);
	intc->address = address;
	return intc;
}

/* 5.2.12: interrupt controller structures after 44 bytes, each with type and length. */
static void read_madt(BhMachine *machine, struct cut table)
{
	struct cut rest = cut_from(table, 44), entry;
	guint64 cpu_interface = 0, redistributor = 0;
	BhMachineIntc *gic = NULL;

	while (cut_next(&rest, 1, 1, &entry)) {
		switch (cut_number(entry, 0, 1)) {
		case 1: { /* 5.2.12.3 I/O APIC */
			BhMachineIntc *intc = add_intc(machine, "ioapic", cut_number(entry, 4, 4));

			intc->id = cut_number(entry, 2, 1);
			intc->gsi_base = cut_number(entry, 8, 4);
			break;
		}
		case 11: /* 5.2.12.14 GIC CPU Interface */
			cpu_interface = cut_number(entry, 32, 8);
			if (!redistributor)
				redistributor = cut_number(entry, 60, 8);
			break;
		case 12: { /* 5.2.12.15 GIC Distributor */
			guint version = cut_number(entry, 20, 1);

			gic = add_intc(machine, version == 2 ? "gicv2" : "gicv3",
				       cut_number(entry, 8, 8));
			gic->id = cut_number(entry, 4, 4);
			gic->gsi_base = BH_GIC_SPI_BASE;
			break;
		}
		case 14: /* 5.2.12.17 GIC Redistributor */
			redistributor = cut_number(entry, 4, 8);
			break;
		}
	}
	if (gic)
		gic->cpu_address = !strcmp(gic->type, "gicv2") ? cpu_interface : redistributor;
}

/* PCI Firmware Specification 3.3, 4.1.2: allocations of 16 bytes after 44. */
static void read_mcfg(BhMachine *machine, struct cut table)
{
	for (struct cut rest = cut_from(table, 44); rest.size >= 16; rest = cut_from(rest, 16)) {
		BhMachineMmconfig *mmconfig =
			bh_record_append(machine->mmconfigs, &bh_record_mmconfig);

		mmconfig->start = cut_number(rest, 0, 8);
		mmconfig->segment = cut_number(rest, 8, 2);
		mmconfig->first_bus = cut_number(rest, 10, 1);
		mmconfig->last_bus = cut_number(rest, 11, 1);
	}
}

static void add_iommu(BhMachine *machine, const char *type, guint64 address, guint segment)
{
	BhMachineIommu *iommu;

	/* IVRS tells of one unit in blocks of several types. */
	for (guint i = 0; i < machine->iommus->len; i++) {
		iommu = machine->iommus->pdata[i];
		if (iommu->address == address && !strcmp(iommu->type, type))
			return;
	}
	iommu = bh_record_append(machine->iommus, &bh_record_iommu);
	iommu->type = g_strdup(type);
	iommu->address = address;
	iommu->segment = segment;
}

/* VT-d Architecture Specification, 8.1 and 8.3: remapping structures after 48 bytes; type 0 is a unit. */
static void read_dmar(BhMachine *machine, struct cut table)
{
	struct cut rest = cut_from(table, 48), entry;

	while (cut_next(&rest, 2, 2, &entry))
		if (cut_number(entry, 0, 2) == 0)
			add_iommu(machine, "vt-d", cut_number(entry, 8, 8),
				  cut_number(entry, 6, 2));
}

/* AMD I/O Virtualization Technology Specification, 5.2: definition blocks after 48 bytes. */
static void read_ivrs(BhMachine *machine, struct cut table)
{
	struct cut rest = cut_from(table, 48), entry;

	while (cut_next(&rest, 2, 2, &entry)) {
		guint type = cut_number(entry, 0, 1);

		if (type == 0x10 || type == 0x11 || type == 0x40)
			add_iommu(machine, "amd-vi", cut_number(entry, 8, 8),
				  cut_number(entry, 16, 2));
	}
}

/* IO Remapping Table (Arm DEN0049), 3.1: the node count at 36, the first node's offset at 40. */
static void read_iort(BhMachine *machine, struct cut table)
{
	struct cut rest = cut_from(table, cut_number(table, 40, 4)), entry;
	guint nodes = cut_number(table, 36, 4);

	while (nodes-- && cut_next(&rest, 1, 2, &entry)) {
		guint type = cut_number(entry, 0, 1);

		if (type == 3)
			add_iommu(machine, "smmuv2", cut_number(entry, 16, 8), 0);
		else if (type == 4)
			add_iommu(machine, "smmuv3", cut_number(entry, 16, 8), 0);
	}
}

static const struct {
	const char *signature;
	void (*read)(BhMachine *machine, struct cut table);
} tables[] = {
	{"APIC", read_madt}, {"MCFG", read_mcfg}, {"DMAR", read_dmar},
	{"IVRS", read_ivrs}, {"IORT", read_iort},
};

void bh_machine_read_acpi_table(BhMachine *machine, const char *signature, GBytes *bytes)
{
	struct cut table;

	table.data = g_bytes_get_data(bytes, &table.size);
	/* 5.2.6: the header is 36 bytes; its length, at 4, counts all of the table. */
	if (table.size < 36 || memcmp(table.data, signature, 4))
		return;
	table.size = MIN(table.size, cut_number(table, 4, 4));
	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
		if (!strcmp(tables[i].signature, signature))
			tables[i].read(machine, table);
}

void bh_machine_read_acpi(BhMachine *machine, const char *root)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autoptr(GBytes) table = bh_root_read_bytes(root, "/sys/firmware/acpi/tables/%s",
							     tables[i].signature);

		if (table)
			bh_machine_read_acpi_table(machine, tables[i].signature, table);
	}
}
