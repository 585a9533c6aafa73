// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of Jailhouse, as its compilers lay them out, become cell files without errors. */
#include <glib.h>
#include <string.h>
#include "bh-import.h"
#include "bh-validate.h"

#define IOAPIC 0xfec00000
#define HEAD_SIZE 0x84

/* ---- making files ---- */

static void put(GByteArray *bytes, guint64 value, guint width)
{
	for (guint i = 0; i < width; i++) {
		guint8 byte = i < 8 ? value >> 8 * i : 0;

		g_byte_array_append(bytes, &byte, 1);
	}
}

static void put_text(GByteArray *bytes, const char *text, gsize size)
{
	g_autofree guint8 *field = g_malloc0(size);

	memcpy(field, text, MIN(strlen(text), size));
	g_byte_array_append(bytes, field, size);
}

static void put_signature(GByteArray *bytes, const char *word, guint arch, guint revision)
{
	g_byte_array_append(bytes, (const guint8 *)word, strlen(word));
	if (strlen(word) == 5)
		put(bytes, arch, 1);
	put(bytes, revision, 2);
}

struct counts {
	guint cpus, memory, cache, irqs, pio, pci, caps, streams;
};

/* From the name on. */
static void put_head(GByteArray *bytes, const char *name, guint32 flags, struct counts counts)
{
	put_text(bytes, name, 32);
	put(bytes, 0, 4);
	put(bytes, flags, 4);
	put(bytes, counts.cpus, 4);
	put(bytes, counts.memory, 4);
	put(bytes, counts.cache, 4);
	put(bytes, counts.irqs, 4);
	put(bytes, counts.pio, 4);
	put(bytes, counts.pci, 4);
	put(bytes, counts.caps, 4);
	put(bytes, counts.streams, 4);
	put(bytes, 0, 4);
}

/* Reset address, timeout and console: the rest of the head. */
static void put_start(GByteArray *bytes, guint64 reset, guint64 timeout, guint64 console,
		      guint type, guint console_flags)
{
	put(bytes, reset, 8);
	put(bytes, timeout, 8);
	put(bytes, console, 8);
	put(bytes, type ? 8 : 0, 4);
	put(bytes, type, 2);
	put(bytes, console_flags, 2);
	put(bytes, 0, 4);
	put(bytes, 0, 4);
	put(bytes, 0, 8);
}

static void put_memory(GByteArray *bytes, guint64 phys, guint64 virt, guint64 size, guint64 flags)
{
	put(bytes, phys, 8);
	put(bytes, virt, 8);
	put(bytes, size, 8);
	put(bytes, flags, 8);
}

static void put_irqs(GByteArray *bytes, guint64 address, guint base, guint32 pins)
{
	put(bytes, address, 8);
	put(bytes, 0, 4);
	put(bytes, base, 4);
	put(bytes, pins, 4);
	put(bytes, 0, 12);
}

static void put_pci(GByteArray *bytes, guint type, guint bdf, guint first, guint peers)
{
	gsize start = bytes->len;

	put(bytes, type, 1);
	put(bytes, 0, 1);
	put(bytes, 0, 2);
	put(bytes, bdf, 2);
	while (bytes->len < start + 0x30)
		put(bytes, 0, 1);
	put(bytes, first, 4);
	put(bytes, 1, 1);
	put(bytes, peers, 1);
	put(bytes, 0x0001, 2);
}

/* One that has everything. */
static GByteArray *cell_make(const char *signature, guint arch, guint revision)
{
	GByteArray *bytes = g_byte_array_new();

	put_signature(bytes, signature, arch, revision);
	put_head(bytes, "drive control", 0x40000001, (struct counts){8, 8, 1, 1, 2, 3, 1, 1});
	put_start(bytes, 0x1000, 5000, 0x3f8, 2, 0);
	g_assert_cmpuint(bytes->len, ==, HEAD_SIZE);
	put(bytes, 0x2c, 8);
	put_memory(bytes, 0x3f000000, 0, 0x100000, 0x4f);
	put_memory(bytes, 0, 0x100000, 0x1000, 0x23);
	put_memory(bytes, 0x3ff00000, 0x3ff00000, 0x1000, 0x81);
	put_memory(bytes, 0, 0, 0, 0x3);
	put_memory(bytes, 0x3ff01000, 0x3ff01000, 0x7f000, 0x83);
	put_memory(bytes, 0x3ff80000, 0x3ff80000, 0x7f000, 0x81);
	put_memory(bytes, 0xfed00000, 0xfed00000, 0x400, 0x50003);
	put_memory(bytes, 0x20000000, 0x200000, 0x1000000, 0x10f);
	put(bytes, 0, 4);
	put(bytes, 2, 4);
	put(bytes, 3, 4);
	put_irqs(bytes, IOAPIC, 0, 1 << 4 | 1 << 10 | 1 << 11);
	put(bytes, 0x3f8, 2);
	put(bytes, 8, 2);
	put(bytes, 0x60, 2);
	put(bytes, 1, 2);
	put_pci(bytes, 1, 0xfa, 0, 0);
	put_pci(bytes, 2, 0x08, 0, 0);
	put_pci(bytes, 3, 0x70, 2, 2);
	put(bytes, 0, 8);
	put(bytes, 0, 4);
	return bytes;
}

static GByteArray *system_make(const char *signature, guint arch, guint revision, gsize head)
{
	GByteArray *bytes = g_byte_array_new();

	put_signature(bytes, signature, arch, revision);
	put(bytes, 1, 4);
	put_memory(bytes, 0x3a000000, 0, 0x600000, 0);
	put_text(bytes, "", 32);
	put(bytes, 0xb0000000, 8);
	put(bytes, 255, 1);
	put(bytes, 0, 3);
	if (revision == 12)
		put(bytes, 0x608, 2);
	else {
		put(bytes, 1, 4);
		put(bytes, 0xfed80000, 8);
		while (bytes->len < 0x138)
			put(bytes, 0, 1);
		put(bytes, 0x608, 2);
	}
	while (bytes->len < head)
		put(bytes, 0, 1);
	/* The root's own head has no signature. */
	put(bytes, 0, 8);
	put_head(bytes, "Test machine", 0, (struct counts){8, 1, 0, 1, 0, 1, 0, 0});
	put_start(bytes, 0, 0, 0, 0, 0);
	g_assert_cmpuint(bytes->len, ==, head + HEAD_SIZE);
	put(bytes, 0x0f, 8);
	put_memory(bytes, 0, 0, 0x3a000000, 0x0f);
	put_irqs(bytes, IOAPIC, 0, 0xffffff);
	put_pci(bytes, 1, 0x10, 0, 0);
	return bytes;
}

static BhImported *import(const GByteArray *bytes, GError **error)
{
	/* Of its exact size, so that a read beyond the end is seen. */
	g_autoptr(GBytes) data = g_bytes_new(bytes->data, bytes->len);

	return bh_import(data, "/tmp/drive.cell", error);
}

/* ---- what comes out ---- */

static BhCell *cell_of(const BhImported *imported)
{
	g_autofree char *path = g_strconcat(imported->name, ".cell", NULL);
	g_autoptr(BhCellFile) file = bh_cell_file_new(path, imported->text, -1);
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	BhCell *cell = bh_cell_set_put(set, file);
	g_autoptr(GPtrArray) findings = bh_validate(set, NULL, NULL);

	g_test_message("%s", imported->text);
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];
		g_autofree char *words = bh_finding_to_string(finding);

		g_test_message("%s", words);
		g_assert_cmpint(finding->severity, <, BH_SEVERITY_ERROR);
	}
	return bh_cell_ref(cell);
}

static void memory_is(const BhCell *cell, guint i, const char *name, BhMemoryType type,
		      guint64 phys, guint64 guest, guint64 size, guint32 flags)
{
	const BhCellMemory *memory = cell->memory->pdata[i];

	g_assert_cmpstr(memory->name, ==, name);
	g_assert_cmpint(memory->type, ==, type);
	g_assert_cmphex(memory->physical_address, ==, phys);
	g_assert_cmphex(memory->guest_address, ==, guest);
	g_assert_cmphex(memory->size, ==, size);
	g_assert_cmphex(memory->flags, ==, flags);
}

static void test_cell(gconstpointer data)
{
	guint revision = GPOINTER_TO_UINT(data);
	g_autoptr(GByteArray) bytes = cell_make(revision < 14 ? "JHCELL" : "JHCLL", 0, revision);
	g_autoptr(GError) error = NULL;
	g_autoptr(BhImported) imported = import(bytes, &error);
	g_autoptr(BhCell) cell = NULL;
	g_autofree char *cpus = NULL, *head = NULL;

	g_assert_no_error(error);
	g_assert_cmpint(imported->kind, ==, BH_IMPORT_CELL);
	g_assert_cmpstr(imported->name, ==, "drive-control");
	head = g_strdup_printf("# From /tmp/drive.cell, a cell configuration of Jailhouse, "
			       "revision %u.\n",
			       revision);
	g_assert_true(g_str_has_prefix(imported->text, head));
	cell = cell_of(imported);
	cpus = bh_cell_cpus_to_string(cell->cpus);
	g_assert_cmpstr(cell->description, ==, "drive control");
	g_assert_cmpuint(cell->arch, ==, BH_ARCH_X86);
	g_assert_cmpstr(cpus, ==, "2,3,5");
	g_assert_cmphex(cell->reset_address, ==, 0x1000);
	g_assert_cmphex(cell->flags, ==, BH_CELL_PASSIVE_COMM | BH_CELL_CONSOLE_PERMITTED);
	/* The link's memory and the placeholder are left out. */
	g_assert_cmpuint(cell->memory->len, ==, 4);
	memory_is(cell, 0, "ram", BH_MEMORY_RAM, BH_PHYS_ANY, 0, 0x100000,
		  BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_LOADABLE);
	memory_is(cell, 1, "comm", BH_MEMORY_COMM, 0, 0x100000, 0x1000,
		  BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM);
	memory_is(cell, 2, "device", BH_MEMORY_DEVICE, 0xfed00000, 0xfed00000, 0x400,
		  BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO | BH_MEM_IO_8 | BH_MEM_IO_32);
	memory_is(cell, 3, "ram-2", BH_MEMORY_RAM, BH_PHYS_ANY, 0x200000, 0x1000000,
		  BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_NO_HUGEPAGES);
	g_assert_nonnull(strstr(imported->text, "#PhysicalAddress=0x3f000000\n"));
	g_assert_nonnull(strstr(imported->text, "ivshmem at 0000:00:0e.0) with 2 peers"));
	g_assert_nonnull(strstr(imported->text, "a part of the cache"));
	g_assert_cmpuint(cell->devices->len, ==, 1);
	g_assert_cmpstr(((BhCellDevice *)cell->devices->pdata[0])->address, ==, "0000:00:1f.2");
	g_assert_cmpuint(cell->ports->len, ==, 2);
	g_assert_cmpuint(((BhCellPorts *)cell->ports->pdata[0])->last, ==, 0x3ff);
	g_assert_cmpuint(cell->interrupts->len, ==, 1);
	g_assert_cmpuint(((BhCellInterrupts *)cell->interrupts->pdata[0])->pins->len, ==, 3);
	g_assert_cmpuint(cell->console.type, ==, BH_CONSOLE_8250);
	g_assert_cmphex(cell->console.address, ==, 0x3f8);
}

static guint64 pin_of(const BhCell *cell, guint section)
{
	const BhCellInterrupts *interrupts = cell->interrupts->pdata[section];

	return g_array_index(interrupts->pins, BhNumber, 0).value;
}

static void test_arm64(void)
{
	static const struct {
		const char *signature;
		guint revision;
	} forms[] = {{"JHCLL", 14}, {"JHCELL", 13}, {"JHCELL", 12}};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		g_autoptr(GError) error = NULL;
		g_autoptr(BhImported) imported = NULL;
		g_autoptr(BhCell) cell = NULL;

		put_signature(bytes, forms[i].signature, 2, forms[i].revision);
		put_head(bytes, "../../gic demo \x01", 0, (struct counts){8, 3, 0, 2, 0, 0, 0, 0});
		put_start(bytes, 0, 0, 0x9000000, 3, 0x3);
		put(bytes, 2, 8);
		put_memory(bytes, 0x7bfe0000, 0, 0x10000, 0x47);
		put_memory(bytes, 0, 0x80000000, 0x1000, 0x23);
		put_memory(bytes, 0x9000000, 0x9000000, 0x1000, 0x93);
		put_irqs(bytes, 0x8000000, 32, 1 << 1);
		put_irqs(bytes, 0x8000000, 672, 1 << 5);
		imported = import(bytes, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(imported->name, ==, "gic-demo");
		cell = cell_of(imported);
		g_assert_cmpuint(cell->arch, ==, BH_ARCH_ARM64);
		memory_is(cell, 2, "device", BH_MEMORY_DEVICE, 0x9000000, 0x9000000, 0x1000,
			  BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO);
		g_assert_cmphex(cell->console.flags, ==, BH_CONSOLE_MMIO | BH_CONSOLE_REGDIST_4);
		g_assert_cmpuint(pin_of(cell, 0), ==, 1);
		g_assert_cmpuint(pin_of(cell, 1), ==, 645);
	}
}

static void test_system(void)
{
	static const struct {
		const char *signature;
		guint revision;
		gsize head;
	} forms[] = {{"JHSYS", 14, 0x164},
		     {"JHSYST", 13, 0x164},
		     {"JHSYST", 13, 0x162},
		     {"JHSYST", 12, 0x162}};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GByteArray) bytes =
			system_make(forms[i].signature, 0, forms[i].revision, forms[i].head);
		g_autoptr(GError) error = NULL;
		g_autoptr(BhImported) imported = import(bytes, &error);

		g_assert_no_error(error);
		g_test_message("%s", imported->text);
		g_assert_cmpint(imported->kind, ==, BH_IMPORT_SYSTEM);
		g_assert_cmpstr(imported->name, ==, "Test-machine");
		g_assert_nonnull(strstr(imported->text, "called \"Test machine\""));
		g_assert_nonnull(strstr(imported->text, "6M at 0x3a000000"));
		g_assert_nonnull(strstr(imported->text, "timer: port 0x608\n"));
		g_assert_nonnull(strstr(imported->text, "# CPUs: 0-3\n"));
		g_assert_nonnull(strstr(imported->text, "# PCI device: 0000:00:02.0\n"));
		g_assert_cmpint(strstr(imported->text, "AMD-Vi at 0xfed80000") != NULL, ==,
				forms[i].revision > 12);
		/* Nothing but comments. */
		for (const char *line = imported->text; *line; line = strchr(line, '\n') + 1)
			g_assert_cmpint(*line, ==, '#');
	}
}

static void refused(const GByteArray *bytes, BhImportError code, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BhImported) imported = import(bytes, &error);

	g_assert_null(imported);
	g_assert_error(error, BH_IMPORT_ERROR, (int)code);
	g_assert_true(g_str_has_prefix(error->message, "/tmp/drive.cell "));
	g_assert_nonnull(strstr(error->message, words));
}

static void test_refused(void)
{
	static const guint revisions[] = {0, 11, 15, 0xffff};
	g_autoptr(GByteArray) bytes = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(revisions); i++) {
		g_autofree char *words = g_strdup_printf("has revision %u;", revisions[i]);

		bytes = cell_make("JHCLL", 0, revisions[i]);
		refused(bytes, BH_IMPORT_ERROR_REVISION, words);
		g_byte_array_unref(bytes);
	}
	bytes = cell_make("JHCLL", 1, 14);
	refused(bytes, BH_IMPORT_ERROR_ARCHITECTURE, "architecture 1;");
	bytes->data[5] = 77;
	refused(bytes, BH_IMPORT_ERROR_ARCHITECTURE, "architecture 77;");
	bytes->data[5] = 0;
	memcpy(bytes->data, "JHCEL", 5);
	refused(bytes, BH_IMPORT_ERROR_FORMAT, "is no cell or system configuration");
	memcpy(bytes->data,
	       "\x7f"
	       "ELF",
	       4);
	refused(bytes, BH_IMPORT_ERROR_FORMAT, "is no cell or system configuration");
	g_byte_array_set_size(bytes, 0);
	refused(bytes, BH_IMPORT_ERROR_FORMAT, "is no cell or system configuration");
}

/* Cut anywhere, or with counts that cannot be, a file is refused. */
static void test_damaged(void)
{
	GByteArray *files[] = {cell_make("JHCLL", 0, 14), system_make("JHSYS", 0, 14, 0x164),
			       system_make("JHSYST", 0, 13, 0x162)};

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		GByteArray *bytes = files[i];
		gsize head = i == 0 ? 0 : i == 1 ? 0x164 : 0x162, size = bytes->len;

		for (gsize cut = 8; cut < size; cut++) {
			bytes->len = cut;
			refused(bytes, BH_IMPORT_ERROR_FORMAT, "is damaged");
		}
		bytes->len = size;
		for (guint at = 0x30; at < 0x50; at += 4) {
			guint8 saved = bytes->data[head + at + 3];

			bytes->data[head + at + 3] = 0xff;
			refused(bytes, BH_IMPORT_ERROR_FORMAT, "is damaged");
			bytes->data[head + at + 3] = saved;
		}
		g_byte_array_unref(bytes);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint revision = 12; revision <= 14; revision++) {
		g_autofree char *path = g_strdup_printf("/cell-import/cell/%u", revision);

		g_test_add_data_func(path, GUINT_TO_POINTER(revision), test_cell);
	}
	g_test_add_func("/cell-import/arm64", test_arm64);
	g_test_add_func("/cell-import/system", test_system);
	g_test_add_func("/cell-import/refused", test_refused);
	g_test_add_func("/cell-import/damaged", test_damaged);
	return g_test_run();
}
