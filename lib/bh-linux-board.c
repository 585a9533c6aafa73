// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine that a Linux cell on arm64 runs on, from its device tree or from ACPI's tables. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bh-linux-private.h"

#define TREE_MAX (2 << 20) /* of the kernel */

#define ACPI_TABLES "/sys/firmware/acpi/tables"
#define ACPI_MAX 0x10000 /* more than BH_CPUS_MAX CPUs need */
#define MADT_ENTRIES 44
#define MADT_GICC 0xb
#define MADT_GICD 0xc
#define MADT_GICR 0xe
#define REDISTRIBUTOR_SIZE 0x20000 /* IHI 0069, 12.10 */
#define GTDT_EDGE 1
#define GTDT_LOW 2
#define GIC_PPI 1
#define PPI_FIRST 16

static bool file_exists(const char *root, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return access(path, F_OK) == 0;
}

static const char *file_read(const char *root, const char *name, void *to, size_t *size)
{
	size_t have = 0;
	char path[512];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Files of sysfs come a page at a time. */
	do {
		got = fd < 0 ? -1 : read(fd, (char *)to + have, *size - have);
		have += got > 0 ? got : 0;
	} while (got > 0 && have < *size);
	if (fd >= 0)
		close(fd);
	if (got < 0 || !have)
		return bh_linux_refuse("%s cannot be read (%s); a Linux cell on arm64 needs a "
				       "machine that is described by a device tree or by ACPI",
				       path, got ? strerror(errno) : "it is empty");
	*size = have;
	return NULL;
}

/* ---- device tree ---- */

static uint64_t number(const uint8_t *cells, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | *cells++;
	return value;
}

/* Entry @index of "reg" of a node whose parents translate one to one, as those of interrupt controllers do. */
static bool reg_read(const void *tree, int node, int index, uint64_t *start, uint64_t *size)
{
	int parent = fdt_parent_offset(tree, node), length, a, s;
	const uint8_t *reg = fdt_getprop(tree, node, "reg", &length);

	if (parent < 0 || !reg)
		return false;
	a = fdt_address_cells(tree, parent) * 4;
	s = fdt_size_cells(tree, parent) * 4;
	if (a <= 0 || a > 8 || s <= 0 || s > 8 || length < (index + 1) * (a + s))
		return false;
	*start = number(reg + index * (a + s), a);
	*size = number(reg + index * (a + s) + a, s);
	return true;
}

static const char too_many[] =
	"the machine's GIC has its redistributors in more places than a Linux cell "
	"can be told of";

/* Behind the distributor's entry come as many as are said, or one. */
static bool redistributors_tree(const void *tree, int gic, struct bh_linux_board *out)
{
	int length;
	const uint8_t *count = fdt_getprop(tree, gic, "#redistributor-regions", &length);
	const uint8_t *stride;

	out->gicr_count = count && length == 4 ? number(count, 4) : 1;
	for (uint32_t i = 0; i < out->gicr_count && i < BH_LINUX_GICR_MAX; i++)
		if (!reg_read(tree, gic, 1 + i, &out->gicr[i].start, &out->gicr[i].size))
			return false;
	stride = fdt_getprop(tree, gic, "redistributor-stride", &length);
	if (stride && length == 8)
		out->gicr_stride = number(stride, length);
	return out->gicr_count;
}

static const char *board_tree(const void *tree, struct bh_linux_board *out)
{
	static const char *const v2[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic"};
	int gic, timer, length;
	const uint8_t *lines;
	bool is_v3;
	uint64_t size;

	gic = fdt_node_offset_by_compatible(tree, -1, "arm,gic-v3");
	is_v3 = gic >= 0;
	for (size_t i = 0; gic < 0 && i < sizeof(v2) / sizeof(*v2); i++)
		gic = fdt_node_offset_by_compatible(tree, -1, v2[i]);
	if (gic < 0 || !reg_read(tree, gic, 0, &out->gicd, &size) ||
	    !(is_v3 ? redistributors_tree(tree, gic, out)
		    : reg_read(tree, gic, 1, &out->gicc, &size)))
		return "the machine's device tree names neither a GICv3 nor a GICv2, and a Linux "
		       "cell needs one";
	if (out->gicr_count > BH_LINUX_GICR_MAX)
		return too_many;
	timer = fdt_node_offset_by_compatible(tree, -1, "arm,armv8-timer");
	lines = timer < 0 ? NULL : fdt_getprop(tree, timer, "interrupts", &length);
	/* Three cells each, as the controller has it. */
	if (!lines || length % 12 || (size_t)length > sizeof(out->timer))
		return "the machine's device tree does not name the timer's interrupts";
	memcpy(out->timer, lines, length);
	out->timer_size = length;
	return NULL;
}

/* CPU @number of Linux, whose node says its affinity. */
static const char *cpu_tree(const char *root, uint32_t number_, uint64_t *affinity)
{
	size_t size = 8;
	uint8_t reg[8];
	char name[64];
	const char *why;

	snprintf(name, sizeof(name), "/sys/devices/system/cpu/cpu%" PRIu32 "/of_node/reg", number_);
	why = file_read(root, name, reg, &size);
	*affinity = why ? 0 : number(reg, size);
	return why;
}

static const char *tree_read(const char *root, struct bh_linux_board *out)
{
	size_t size = TREE_MAX;
	void *tree = malloc(size);
	const char *why;

	if (!tree)
		return "there is no memory for the machine's device tree";
	why = file_read(root, "/sys/firmware/fdt", tree, &size);
	if (!why && fdt_check_full(tree, size))
		why = "the machine's device tree (/sys/firmware/fdt) is damaged";
	if (!why)
		why = board_tree(tree, out);
	free(tree);
	return why;
}

/* ---- ACPI (6.4, 5.2.12 and 5.2.25) ---- */

struct table {
	const char *path;
	size_t size;
	uint8_t data[ACPI_MAX];
};

static const char *table_read(const char *root, struct table *table)
{
	table->size = sizeof(table->data);
	return file_read(root, table->path, table->data, &table->size);
}

static uint64_t table_get(const struct table *table, size_t offset, size_t size)
{
	return offset + size <= table->size ? bh_linux_get(table->data, offset, size) : 0;
}

/* The next entry of this type, from @at on; 0: there is none. Its @length is there. */
static size_t madt_next(const struct table *madt, size_t at, uint8_t type, size_t length)
{
	size_t have;

	for (; at + 2 <= madt->size; at += have) {
		have = madt->data[at + 1];
		if (have < 2 || at + have > madt->size)
			return 0;
		if (madt->data[at] == type && have >= length)
			return at;
	}
	return 0;
}

static size_t madt_after(const struct table *madt, size_t at)
{
	return at + madt->data[at + 1];
}

static bool gicr_add(struct bh_linux_board *out, uint64_t start, uint64_t size)
{
	if (out->gicr_count == BH_LINUX_GICR_MAX)
		return false;
	out->gicr[out->gicr_count++] = (struct bh_range){start, size};
	return true;
}

static const char *madt_gic(const struct table *madt, struct bh_linux_board *out)
{
	size_t gicd = madt_next(madt, MADT_ENTRIES, MADT_GICD, 24);
	size_t gicr = madt_next(madt, MADT_ENTRIES, MADT_GICR, 16);
	size_t cpu = madt_next(madt, MADT_ENTRIES, MADT_GICC, 76);

	out->gicd = gicd ? table_get(madt, gicd + 8, 8) : 0;
	/* The version as far as it is said; what only a GICv3 has, or only a GICv2. */
	if (gicd && !gicr && cpu && table_get(madt, gicd + 20, 1) < 3 &&
	    !table_get(madt, cpu + 60, 8)) {
		out->gicc = table_get(madt, cpu + 32, 8);
		if (out->gicc)
			return NULL;
	}
	if (!gicd || !(gicr || (cpu && table_get(madt, cpu + 60, 8))))
		return "the machine's ACPI table APIC names neither a GICv3 nor a GICv2, and a "
		       "Linux "
		       "cell needs one";
	for (; gicr; gicr = madt_next(madt, madt_after(madt, gicr), MADT_GICR, 16))
		if (!gicr_add(out, table_get(madt, gicr + 4, 8), table_get(madt, gicr + 12, 4)))
			return too_many;
	return NULL;
}

/* An interrupt of the timer as three cells of a device tree. */
static void timer_put(struct bh_linux_board *out, const struct table *gtdt, size_t offset,
		      uint32_t usual)
{
	uint32_t id = table_get(gtdt, offset, 4), flags = table_get(gtdt, offset + 4, 4);
	uint8_t *cells = out->timer + out->timer_size;

	if (id < PPI_FIRST || id >= PPI_FIRST + 16)
		id = usual;
	memset(cells, 0, 12);
	cells[3] = GIC_PPI;
	cells[7] = id - PPI_FIRST;
	/* Rising and falling edge, high and low level. */
	cells[11] = (flags & GTDT_EDGE ? 1 : 4) << !!(flags & GTDT_LOW);
	out->timer_size += 12;
}

/* Secure, not secure, virtual, and the hypervisor's; those that are missing have the number of the BSA (DEN 0094, 3.7). */
static const char *gtdt_timer(const struct table *gtdt, struct bh_linux_board *out)
{
	uint64_t id = table_get(gtdt, 64, 4);

	if (id < PPI_FIRST || id >= PPI_FIRST + 16)
		return "the machine's ACPI table GTDT does not name the timer's interrupts";
	timer_put(out, gtdt, 48, 29);
	timer_put(out, gtdt, 56, 30);
	timer_put(out, gtdt, 64, 27);
	timer_put(out, gtdt, 80, 26);
	return NULL;
}

/* CPU @number of Linux has a processor of ACPI, that one a name, and an interface of that name an affinity. */
static const char *cpu_acpi(const char *root, const struct table *madt, uint32_t number_,
			    struct bh_linux_board *out, uint64_t *affinity)
{
	char name[64], text[32] = "";
	size_t size = sizeof(text) - 1, at = MADT_ENTRIES;
	const char *why;

	snprintf(name, sizeof(name), "/sys/devices/system/cpu/cpu%" PRIu32 "/firmware_node/uid",
		 number_);
	why = file_read(root, name, text, &size);
	if (why)
		return why;
	for (; (at = madt_next(madt, at, MADT_GICC, 76)); at = madt_after(madt, at)) {
		if (table_get(madt, at + 8, 4) != strtoul(text, NULL, 10))
			continue;
		*affinity = table_get(madt, at + 68, 8);
		/* Where redistributors have no entries of their own, here is this CPU's: others the cell does not need. */
		if (out->gicc || madt_next(madt, MADT_ENTRIES, MADT_GICR, 16))
			return NULL;
		if (!table_get(madt, at + 60, 8))
			return bh_linux_refuse("the machine's ACPI table APIC does not say where "
					       "the redistributor of CPU %" PRIu32 " is",
					       number_);
		if (gicr_add(out, table_get(madt, at + 60, 8), REDISTRIBUTOR_SIZE))
			return NULL;
		return too_many;
	}
	return bh_linux_refuse("the machine's ACPI table APIC does not know CPU %" PRIu32, number_);
}

const char *bh_linux_board_read(const char *root, const uint32_t *cpus, uint32_t count,
				struct bh_linux_board *out)
{
	struct table madt = {.path = ACPI_TABLES "/APIC"}, gtdt = {.path = ACPI_TABLES "/GTDT"};
	/* A kernel that uses ACPI has a device tree all the same, with nothing of the machine in it. */
	bool acpi = file_exists(root, ACPI_TABLES);
	const char *why;

	memset(out, 0, sizeof(*out));
	if (acpi) {
		why = table_read(root, &madt);
		if (!why)
			why = table_read(root, &gtdt);
		if (!why)
			why = madt_gic(&madt, out);
		if (!why)
			why = gtdt_timer(&gtdt, out);
	} else {
		why = tree_read(root, out);
	}
	for (uint32_t i = 0; !why && i < count && i < BH_CPUS_MAX; i++) {
		uint64_t *affinity = &out->cpu[out->cpu_count++];

		why = acpi ? cpu_acpi(root, &madt, cpus[i], out, affinity)
			   : cpu_tree(root, cpus[i], affinity);
	}
	return why;
}
