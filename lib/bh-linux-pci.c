// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PCI functions of a Linux cell on arm64, as this machine's Linux knows them. Where a function is the cell's, its configuration
 * space is hidden from Linux, but what Linux has read of it before is in sysfs: where its BARs are, and which interrupt its pin is.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bh-linux-private.h"

#define PAGE 4096ULL
#define BARS 6
#define RESOURCE_MEMORY 0x200 /* IORESOURCE_MEM of Linux' <linux/ioport.h> */
#define SPI_FIRST 32
#define TREE_DEPTH 8 /* nodes above a host bridge's that are looked at */

#define ACPI_MCFG "/sys/firmware/acpi/tables/MCFG"
#define ACPI_IORT "/sys/firmware/acpi/tables/IORT"
#define ACPI_TABLES "/sys/firmware/acpi/tables"
#define BRIDGE_NODE "/sys/class/pci_bus/0000:00/of_node"
#define TABLE_MAX 0x10000

/* How much of a file there is; 0: none of it. */
static size_t file_get(const char *root, const char *name, void *to, size_t size)
{
	char path[512];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fread(to, 1, size, file);
	fclose(file);
	return got;
}

static bool text_get(const char *root, const char *name, char *text, size_t size)
{
	size_t got = file_get(root, name, text, size - 1);

	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return got;
}

static bool file_exists(const char *root, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return access(path, F_OK) == 0;
}

static uint64_t number(const uint8_t *cells, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | *cells++;
	return value;
}

/* ---- the host bridge ---- */

/* The kernel says which addresses a node has by a property of the node above, which counts cells of 4 bytes. */
static const char *bridge_tree(const char *root, struct bh_linux_pci *out)
{
	char kind[64], name[64 + 3 * TREE_DEPTH + 16];
	uint8_t cells[4], reg[16];
	size_t size;

	if (!text_get(root, BRIDGE_NODE "/compatible", kind, sizeof(kind)) ||
	    strcmp(kind, "pci-host-ecam-generic"))
		return "the machine's device tree has no pci-host-ecam-generic as host bridge 0, "
		       "and a Linux cell finds PCI devices by no other";
	size = file_get(root, BRIDGE_NODE "/../#address-cells", cells, 4) == 4 ? number(cells, 4)
									       : 2;
	if (size < 1 || size > 2 || file_get(root, BRIDGE_NODE "/reg", reg, sizeof(reg)) < size * 4)
		return "the machine's device tree does not say where the configuration space of "
		       "PCI is";
	out->ecam = number(reg, size * 4);
	/* Said of it, or of a bus it is on (Devicetree Specification 0.4, 2.3.9). */
	snprintf(name, sizeof(name), "%s", BRIDGE_NODE);
	for (int i = 0; i < TREE_DEPTH && !out->coherent; i++) {
		size_t length = strlen(name);

		snprintf(name + length, sizeof(name) - length, "/dma-coherent");
		out->coherent = file_exists(root, name);
		snprintf(name + length, sizeof(name) - length, "/..");
	}
	return NULL;
}

/* IO Remapping Table (Arm DEN 0049), 3.1.1.5: root complexes of segment 0 say whether DMA is coherent. */
static bool iort_is_coherent(const uint8_t *table, size_t size)
{
	size_t at = size >= 48 ? bh_linux_get(table, 40, 4) : size, length;
	bool coherent = true;

	for (; at + 16 <= size; at += length) {
		length = bh_linux_get(table, at + 1, 2);
		if (length < 16 || length > size - at)
			break;
		if (table[at] == 2 && length >= 32 && !bh_linux_get(table, at + 28, 4))
			coherent = bh_linux_get(table, at + 16, 4) & 1;
	}
	return coherent;
}

/* PCI Firmware Specification 3.3, 4.1.2. Servers without an IORT are coherent all the same (BSA, DEN 0094). */
static const char *bridge_acpi(const char *root, struct bh_linux_pci *out)
{
	uint8_t *table = malloc(TABLE_MAX);
	size_t size = table ? file_get(root, ACPI_MCFG, table, TABLE_MAX) : 0;

	for (size_t at = 44; at + 16 <= size && !out->ecam; at += 16)
		if (!bh_linux_get(table, at + 8, 2) && !table[at + 10])
			out->ecam = bh_linux_get(table, at, 8);
	if (out->ecam)
		out->coherent =
			iort_is_coherent(table, file_get(root, ACPI_IORT, table, TABLE_MAX));
	free(table);
	return out->ecam ? NULL
			 : "the machine's ACPI table MCFG does not say where the configuration "
			   "space of PCI is";
}

/* ---- functions ---- */

static bool cell_has_line(const struct bh_cell_desc *desc, uint64_t id)
{
	const struct bh_irqs *irqs = (const void *)((const char *)desc + desc->irqs.offset);

	for (uint32_t i = 0; i < desc->irqs.count; i++) {
		uint64_t pin = id - SPI_FIRST - irqs[i].first;

		if (id >= SPI_FIRST + irqs[i].first && pin < 32 * sizeof(irqs->pins) / 4 &&
		    irqs[i].pins[pin / 32] >> pin % 32 & 1)
			return true;
	}
	return false;
}

/* The interrupt that Linux has for the function's pin, if the cell has that. */
static void line_read(const char *root, const char *device, const struct bh_cell_desc *desc,
		      struct bh_linux_function *out)
{
	char name[128], text[32];
	unsigned long irq, id;

	snprintf(name, sizeof(name), "%s/irq", device);
	irq = text_get(root, name, text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
	if (!irq)
		return;
	snprintf(name, sizeof(name), "/sys/kernel/irq/%lu/hwirq", irq);
	id = text_get(root, name, text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
	if (!cell_has_line(desc, id))
		return;
	out->line = id;
}

/* Memory BARs come first, one in each line: first address, last address, flags. */
static bool bars_read(const char *root, const char *device, struct bh_linux_function *out)
{
	char name[128], text[BARS * 64], *at = text;

	snprintf(name, sizeof(name), "%s/resource", device);
	text[file_get(root, name, text, sizeof(text) - 1)] = '\0';
	if (!*text)
		return false;
	for (int i = 0; i < BARS && *at; i++) {
		uint64_t first = strtoull(at, &at, 16), last = strtoull(at, &at, 16);
		uint64_t flags = strtoull(at, &at, 16);

		if (!(flags & RESOURCE_MEMORY) || !first || last < first)
			continue;
		out->bar[out->bars++] = (struct bh_range){
			.start = first & ~(PAGE - 1),
			.size = (last | (PAGE - 1)) + 1 - (first & ~(PAGE - 1)),
		};
	}
	return true;
}

static const char *function_read(const char *root, const struct bh_pci *pci,
				 const struct bh_cell_desc *desc, struct bh_linux_function *out)
{
	char device[64], group[96];

	snprintf(device, sizeof(device), "/sys/bus/pci/devices/%04x:%02x:%02x.%x", pci->segment,
		 pci->bdf >> 8, pci->bdf >> 3 & 31, pci->bdf & 7);
	out->bdf = pci->bdf;
	if (!bars_read(root, device, out))
		return bh_linux_refuse(
			"%s%s/resource cannot be read: this machine's Linux does not "
			"know the cell's PCI device",
			root, device);
	line_read(root, device, desc, out);
	snprintf(group, sizeof(group), "%s/iommu_group", device);
	out->translated = file_exists(root, group);
	return NULL;
}

const char *bh_linux_pci_read(const char *root, const struct bh_cell_desc *desc,
			      struct bh_linux_pci *out)
{
	const struct bh_pci *pci = (const void *)((const char *)desc + desc->pci.offset);
	const char *why;

	memset(out, 0, sizeof(*out));
	if (!desc->pci.count)
		return NULL;
	if (desc->pci.count > BH_LINUX_FUNCTIONS_MAX)
		return bh_linux_refuse("a Linux cell can be told of %d PCI devices, and this one "
				       "has %" PRIu32,
				       BH_LINUX_FUNCTIONS_MAX, desc->pci.count);
	why = file_exists(root, ACPI_TABLES) ? bridge_acpi(root, out) : bridge_tree(root, out);
	for (uint32_t i = 0; !why && i < desc->pci.count; i++)
		why = function_read(root, &pci[i], desc, &out->function[out->count++]);
	return why;
}
