// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include <bulkhead/cell.h>
#include <bulkhead/device.h>
#include "bh-cell.h"
#include "bh-import.h"
#include "bh-value.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"
#define PAGE 4096ULL
#define NAME_SIZE 32
#define CELL_SIZE 0x84
#define IOMMUS 8
#define IOAPIC_ADDRESS 0xfec00000ULL

/* Flags of a cell that mean nothing here. */
#define CELL_TEST_DEVICE 0x2
#define CELL_AARCH32 0x4

G_DEFINE_QUARK(bh - import - error - quark, bh_import_error)

enum architecture {
	ARCH_X86,
	ARCH_ARM,
	ARCH_ARM64,
};

/* The tables behind a cell descriptor, in their order, and the size of an entry. */
enum table {
	TABLE_CPUS,
	TABLE_MEMORY,
	TABLE_CACHE,
	TABLE_IRQS,
	TABLE_PIO,
	TABLE_PCI,
	TABLE_CAPS,
	TABLE_STREAMS,
	TABLES,
};

static const struct {
	guint count_at;
	guint size;
} table_forms[TABLES] = {
	[TABLE_CPUS] = {0x30, 1},  [TABLE_MEMORY] = {0x34, 32}, [TABLE_CACHE] = {0x38, 12},
	[TABLE_IRQS] = {0x3c, 32}, [TABLE_PIO] = {0x40, 4},	[TABLE_PCI] = {0x44, 56},
	[TABLE_CAPS] = {0x48, 8},  [TABLE_STREAMS] = {0x4c, 4},
};

/* A cell descriptor whose tables are known to lie within the data. */
struct cell {
	const guint8 *head;
	const guint8 *tables[TABLES];
	guint32 counts[TABLES];
	gsize size;
	enum architecture arch;
};

static guint64 get(const guint8 *at, guint bytes)
{
	guint64 value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static const guint8 *entry(const struct cell *cell, enum table table, guint32 i)
{
	return cell->tables[table] + (gsize)i * table_forms[table].size;
}

/* FALSE: its tables reach beyond the data. */
static gboolean cell_read(const guint8 *data, gsize size, gsize offset, struct cell *cell)
{
	guint64 at = CELL_SIZE;

	if (offset > size || size - offset < CELL_SIZE)
		return FALSE;
	cell->head = data + offset;
	for (int i = 0; i < TABLES; i++) {
		cell->counts[i] = get(cell->head + table_forms[i].count_at, 4);
		cell->tables[i] = cell->head + MIN(at, size - offset);
		at += (guint64)cell->counts[i] * table_forms[i].size;
	}
	cell->size = at;
	return at <= size - offset;
}

/* A line of text made of bytes that may be anything. */
static char *text_of(const void *bytes, gsize size)
{
	g_autofree char *copy = g_strndup(bytes, size);
	char *text = g_utf8_make_valid(copy, -1);

	for (char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c) || *c == '\\')
			*c = '?';
	return g_strstrip(text);
}

static char *name_of(const struct cell *cell)
{
	g_autofree char *text = text_of(cell->head + 8, NAME_SIZE);
	GString *name = g_string_new(NULL);

	for (const char *c = text; *c && name->len < BH_CELL_NAME_SIZE - 1; c++)
		if (g_ascii_isalnum(*c) || (name->len && strchr("_-.", *c)))
			g_string_append_c(name, *c);
		else if (name->len && name->str[name->len - 1] != '-')
			g_string_append_c(name, '-');
	while (name->len && name->str[name->len - 1] == '-')
		g_string_truncate(name, name->len - 1);
	if (!bh_cell_name_is_valid(name->str))
		g_string_assign(name, "imported");
	return g_string_free(name, FALSE);
}

/* ---- parts of a cell ---- */

/* Before revision 14 files do not say; addresses do. */
static enum architecture arch_guess(const struct cell *cell)
{
	if (cell->counts[TABLE_PIO])
		return ARCH_X86;
	for (guint32 i = 0; i < cell->counts[TABLE_IRQS]; i++)
		return get(entry(cell, TABLE_IRQS, i), 8) >> 20 == IOAPIC_ADDRESS >> 20
			       ? ARCH_X86
			       : ARCH_ARM64;
	for (guint32 i = 0; i < cell->counts[TABLE_MEMORY]; i++) {
		const guint8 *memory = entry(cell, TABLE_MEMORY, i);

		if (get(memory + 24, 8) & BH_MEM_COMM)
			return get(memory + 8, 8) == BH_COMM_ADDRESS_ARM64 ? ARCH_ARM64 : ARCH_X86;
	}
	return ARCH_X86;
}

static char *cpus_of(const struct cell *cell, guint *left_out)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint64));

	for (guint64 i = 0; i < cell->counts[TABLE_CPUS] * 8ULL; i++) {
		if (!(cell->tables[TABLE_CPUS][i / 8] >> i % 8 & 1))
			continue;
		if (i < BH_CPUS_MAX)
			g_array_append_val(cpus, i);
		else
			++*left_out;
	}
	return bh_value_format_ranges((guint64 *)cpus->data, cpus->len);
}

static void put_head(GString *text, const struct cell *cell)
{
	g_autofree char *description = text_of(cell->head + 8, NAME_SIZE);
	guint32 flags = get(cell->head + 0x2c, 4);
	guint64 reset = get(cell->head + 0x54, 8), timeout = get(cell->head + 0x5c, 8);
	guint left_out = 0;
	g_autofree char *cpus = cpus_of(cell, &left_out);

	g_string_append(text, "[Cell]\n");
	if (*description)
		g_string_append_printf(text, "Description=%s\n", description);
	g_string_append_printf(text, "Architecture=%s\n",
			       cell->arch == ARCH_ARM64 ? "arm64" : "x86-64");
	if (*cpus)
		g_string_append_printf(text, "Cpus=%s\n", cpus);
	else
		g_string_append(text, "# The file names no CPU: add Cpus=\n");
	if (left_out)
		g_string_append_printf(text, "# %u CPUs from %u on are left out\n", left_out,
				       BH_CPUS_MAX);
	if (reset)
		g_string_append_printf(text, "ResetAddress=" X64 "\n", reset);
	if (flags & BH_CELL_PASSIVE_COMM)
		g_string_append(text, "PassiveComm=yes\n");
	if (timeout)
		g_string_append_printf(text,
				       "# The file lets the cell answer within %" G_GUINT64_FORMAT
				       " rounds of a loop, which is no time: see "
				       "ShutdownTimeoutSec=\n",
				       timeout);
	if (flags & CELL_TEST_DEVICE)
		g_string_append(text, "# The file asks for a test device, which does not exist "
				      "here\n");
	if (flags & CELL_AARCH32)
		g_string_append(text, "# The file wants CPUs to begin in 32-bit mode, which is not "
				      "possible here\n");
}

static const char *type_of(guint64 flags, gboolean part_page)
{
	if (flags & BH_MEM_COMM)
		return "comm";
	if (flags & BH_MEM_IO || part_page)
		return "device";
	if (flags & BH_MEM_ROOTSHARED)
		return "shared";
	if (flags & (BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_LOADABLE))
		return "ram";
	return "device";
}

static void put_access(GString *text, guint64 flags)
{
	g_string_append(text, "Access=");
	for (guint i = 0; i < 4; i++)
		if (flags >> i & 1)
			g_string_append_c(text, "rwxd"[i]);
	g_string_append_c(text, '\n');
}

static void put_widths(GString *text, guint64 flags)
{
	const char *separator = "Widths=";

	for (guint i = 0; i < 4; i++)
		if (flags >> (16 + i) & 1) {
			g_string_append_printf(text, "%s%u", separator, 8 << i);
			separator = ",";
		}
	if (*separator == ',')
		g_string_append_c(text, '\n');
	if (flags & BH_MEM_IO_UNALIGNED)
		g_string_append(text, "Unaligned=yes\n");
}

static void put_memory(GString *text, const guint8 *memory, guint32 number, GHashTable *names)
{
	guint64 phys = get(memory, 8), virt = get(memory + 8, 8);
	guint64 size = get(memory + 16, 8), flags = get(memory + 24, 8);
	gboolean part_page = (virt | size) % PAGE != 0;
	const char *type = type_of(flags, part_page);
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(names, type)) + 1;
	gboolean comm = !strcmp(type, "comm"), device = !strcmp(type, "device");
	g_autofree char *size_text = bh_value_format_size(size);

	/* Of use only to keep the numbers of those that follow. */
	if (!size)
		return;
	if (!(flags & (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA)) ||
	    (device && phys == BH_PHYS_ANY)) {
		g_string_append_printf(text,
				       "\n# Memory region %u (" X64 " bytes at " X64
				       ") permits no access, or is nowhere; it is left out\n",
				       number, size, virt);
		return;
	}
	g_hash_table_insert(names, (gpointer)type, GUINT_TO_POINTER(count));
	g_string_append_c(text, '\n');
	if (device && !(flags & BH_MEM_IO) && !part_page)
		g_string_append(text, "# The file does not say whether this is a device or RAM\n");
	if (device && flags & BH_MEM_ROOTSHARED)
		g_string_append(text, "# In the file Linux keeps this too; here the cell alone has "
				      "it\n");
	if (comm && size != BH_COMM_SIZE)
		g_string_append_printf(text, "# The file gives it %s\n", size_text);
	g_string_append_printf(text, "[Memory %s", type);
	if (count > 1)
		g_string_append_printf(text, "-%u", count);
	g_string_append_printf(text, "]\nType=%s\n", type);
	if (!comm)
		g_string_append_printf(text, "Size=%s\n", size_text);
	g_string_append_printf(text, "GuestAddress=" X64 "\n", virt);
	if (device)
		g_string_append_printf(text, "PhysicalAddress=" X64 "\n", phys);
	else if (!comm)
		g_string_append_printf(text,
				       "# In the file it has a fixed place, kept from Linux at "
				       "boot; here one is chosen.\n#PhysicalAddress=" X64 "\n",
				       phys);
	put_access(text, flags);
	if (!strcmp(type, "ram") && !(flags & BH_MEM_LOADABLE))
		g_string_append(text, "Loadable=no\n");
	if (!strcmp(type, "shared") && flags & BH_MEM_LOADABLE)
		g_string_append(text, "Loadable=yes\n");
	if (!comm && flags & BH_MEM_NO_HUGEPAGES)
		g_string_append(text, "HugePages=no\n");
	if (device)
		put_widths(text, flags);
}

/* Regions that are the memory of a link: a state table, one for all, and one for each peer. */
static gboolean is_link_memory(const struct cell *cell, guint32 number)
{
	for (guint32 i = 0; i < cell->counts[TABLE_PCI]; i++) {
		const guint8 *pci = entry(cell, TABLE_PCI, i);
		guint64 first = get(pci + 0x30, 4);

		if (pci[0] == 3 && number >= first && number - first < 2u + pci[0x35])
			return TRUE;
	}
	return FALSE;
}

static void put_all_memory(GString *text, const struct cell *cell)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint32 i = 0; i < cell->counts[TABLE_MEMORY]; i++)
		if (!is_link_memory(cell, i))
			put_memory(text, entry(cell, TABLE_MEMORY, i), i, names);
}

static void put_devices(GString *text, const struct cell *cell)
{
	guint number = 0;

	for (guint32 i = 0; i < cell->counts[TABLE_PCI]; i++) {
		const guint8 *pci = entry(cell, TABLE_PCI, i);
		guint bdf = get(pci + 4, 2);
		g_autofree char *address =
			g_strdup_printf("%04x:%02x:%02x.%x", (guint)get(pci + 2, 2), bdf >> 8,
					bdf >> 3 & 0x1f, bdf & 7);

		switch (pci[0]) {
		case 1:
			g_string_append_printf(text, "\n[Device device-%u]\nPci=%s\n", ++number,
					       address);
			break;
		case 2:
			g_string_append_printf(text, "\n# %s is a bridge, which Linux keeps here\n",
					       address);
			break;
		case 3:
			g_string_append_printf(
				text,
				"\n# The file has a link (ivshmem at %s) with %u peers, this cell "
				"being number %u,\n# and protocol 0x%04x. Write a [Link] for it; "
				"its memory is left out here.\n",
				address, pci[0x35], pci[0x34], (guint)get(pci + 0x36, 2));
			break;
		default:
			g_string_append_printf(text, "\n# %s has the unknown type %u\n", address,
					       pci[0]);
			break;
		}
	}
}

static void put_ports(GString *text, const struct cell *cell)
{
	const char *head = "\n[Ports ports]\n";

	for (guint32 i = 0; i < cell->counts[TABLE_PIO]; i++) {
		const guint8 *pio = entry(cell, TABLE_PIO, i);
		guint base = get(pio, 2), length = get(pio + 2, 2);

		if (length && base + length <= 0x10000) {
			g_string_append_printf(text, "%sRange=0x%x", head, base);
			if (length > 1)
				g_string_append_printf(text, "-0x%x", base + length - 1);
			g_string_append_c(text, '\n');
			head = "";
		} else {
			g_string_append_printf(text, "# %u ports at 0x%x are left out\n", length,
					       base);
		}
	}
}

static void put_interrupts(GString *text, const struct cell *cell)
{
	/* There pins of a GIC begin with interrupts of the CPUs, here with the shared ones. */
	guint base = cell->arch == ARCH_ARM64 ? 32 : 0;
	guint pins = bh_cell_pins_max(cell->arch == ARCH_ARM64 ? BH_ARCH_ARM64 : BH_ARCH_X86);
	guint number = 0;

	for (guint32 i = 0; i < cell->counts[TABLE_IRQS]; i++) {
		const guint8 *irqs = entry(cell, TABLE_IRQS, i);
		g_autoptr(GArray) listed = g_array_new(FALSE, FALSE, sizeof(guint64));
		g_autofree char *ranges = NULL;
		guint beyond = 0;

		for (guint bit = 0; bit < BH_PINS_MAX; bit++) {
			guint64 pin = get(irqs + 12, 4) + bit - base;

			if (!(irqs[16 + bit / 8] >> bit % 8 & 1))
				continue;
			if (pin < pins)
				g_array_append_val(listed, pin);
			else
				beyond++;
		}
		if (beyond)
			g_string_append_printf(text,
					       "\n# %u pins from %u on of the controller at " X64
					       " are left out\n",
					       beyond, pins, get(irqs, 8));
		if (!listed->len)
			continue;
		ranges = bh_value_format_ranges((guint64 *)listed->data, listed->len);
		g_string_append_printf(
			text, "\n[Interrupts controller-%u]\nController=" X64 "\nPins=%s\n",
			++number, get(irqs, 8), ranges);
	}
}

static void put_console(GString *text, const struct cell *cell)
{
	const guint8 *console = cell->head + 0x64;
	guint32 flags = get(cell->head + 0x2c, 4);
	guint64 address = get(console, 8), clock = get(console + 24, 8);
	const char *type = bh_console_type_name(get(console + 12, 2));
	guint how = get(console + 14, 2);
	guint divider = get(console + 16, 4), gate = get(console + 20, 4);
	g_autofree char *size = bh_value_format_size(get(console + 8, 4));
	gboolean memory = how & BH_CONSOLE_MMIO;

	g_string_append_printf(text, "\n[Console]\nVirtual=%s\n",
			       flags & BH_CELL_CONSOLE_ACTIVE	   ? "yes"
			       : flags & BH_CELL_CONSOLE_PERMITTED ? "permitted"
								   : "no");
	if (!type) {
		g_string_append_printf(
			text, "# The file has a console of type %u, which does not exist here\n",
			(guint)get(console + 12, 2));
		return;
	}
	if (!strcmp(type, "none"))
		return;
	g_string_append_printf(text, "Type=%s\nAddress=" X64 "\nAccess=%s\n", type, address,
			       memory ? "memory" : "ports");
	if (memory && get(console + 8, 4))
		g_string_append_printf(text, "Size=%s\n", size);
	if (how & BH_CONSOLE_REGDIST_4)
		g_string_append(text, "RegisterDistance=4\n");
	if (divider)
		g_string_append_printf(text, "Divider=%u\n", divider);
	if (clock)
		g_string_append_printf(text, "ClockRegister=" X64 "\nGate=%u\n", clock, gate);
	if (how & ~(BH_CONSOLE_MMIO | BH_CONSOLE_REGDIST_4))
		g_string_append_printf(text, "# Flags that do not exist here: 0x%x\n",
				       how & ~(BH_CONSOLE_MMIO | BH_CONSOLE_REGDIST_4));
}

static void put_rest(GString *text, const struct cell *cell)
{
	for (guint32 i = 0; i < cell->counts[TABLE_CACHE]; i++) {
		const guint8 *cache = entry(cell, TABLE_CACHE, i);

		g_string_append_printf(text,
				       "\n# The file gives the cell a part of the cache (%u from "
				       "%u), which is not possible here\n",
				       (guint)get(cache + 4, 4), (guint)get(cache, 4));
	}
	if (cell->counts[TABLE_STREAMS])
		g_string_append_printf(text,
				       "\n# The file names %u stream ids of an IOMMU, which "
				       "Bulkhead finds itself\n",
				       cell->counts[TABLE_STREAMS]);
}

/* ---- the two kinds of files ---- */

struct format {
	const char *signature;
	BhImportKind kind;
	gboolean has_arch; /* in the byte behind the signature */
};

static const struct format formats[] = {
	{"JHCLL", BH_IMPORT_CELL, TRUE},
	{"JHCELL", BH_IMPORT_CELL, FALSE},
	{"JHSYS", BH_IMPORT_SYSTEM, TRUE},
	{"JHSYST", BH_IMPORT_SYSTEM, FALSE},
};

static const struct format *format_find(const guint8 *data, gsize size, guint revision)
{
	for (gsize i = 0; i < G_N_ELEMENTS(formats) && size >= 8; i++)
		if (!memcmp(data, formats[i].signature, strlen(formats[i].signature)) &&
		    formats[i].has_arch == (revision >= 14))
			return &formats[i];
	return NULL;
}

static void put_origin(GString *text, const char *source, const char *what, guint revision)
{
	g_autofree char *line = text_of(source, strlen(source));

	g_string_append_printf(text, "# From %s, a %s of Jailhouse, revision %u.\n", line, what,
			       revision);
}

static BhImported *import_cell(const struct cell *cell, const char *source, guint revision)
{
	BhImported *imported = g_new0(BhImported, 1);
	GString *text = g_string_new(NULL);

	put_origin(text, source, "cell configuration", revision);
	if (revision < 14)
		g_string_append_printf(
			text,
			"# Files of this revision do not name an architecture; %s follows from the "
			"addresses.\n",
			cell->arch == ARCH_ARM64 ? "arm64" : "x86-64");
	g_string_append(text, "# Images are not part of such files: add [Image NAME] with File= "
			      "and Address=.\n\n");
	put_head(text, cell);
	put_all_memory(text, cell);
	put_devices(text, cell);
	put_ports(text, cell);
	put_interrupts(text, cell);
	put_console(text, cell);
	put_rest(text, cell);
	imported->kind = BH_IMPORT_CELL;
	imported->name = name_of(cell);
	imported->text = g_string_free(text, FALSE);
	return imported;
}

static void put_root_cell(GString *text, const struct cell *root)
{
	guint left_out = 0;
	g_autofree char *cpus = cpus_of(root, &left_out);

	g_string_append_printf(text, "#\n# CPUs: %s\n", *cpus ? cpus : "none");
	for (guint32 i = 0; i < root->counts[TABLE_MEMORY]; i++) {
		const guint8 *memory = entry(root, TABLE_MEMORY, i);
		guint64 size = get(memory + 16, 8);
		g_autofree char *amount = bh_value_format_size(size);

		if (size)
			g_string_append_printf(text, "# Memory: %s at " X64 "\n", amount,
					       get(memory, 8));
	}
	for (guint32 i = 0; i < root->counts[TABLE_IRQS]; i++)
		g_string_append_printf(text, "# Interrupt controller: " X64 "\n",
				       get(entry(root, TABLE_IRQS, i), 8));
	for (guint32 i = 0; i < root->counts[TABLE_PCI]; i++) {
		const guint8 *pci = entry(root, TABLE_PCI, i);
		guint bdf = get(pci + 4, 2);

		g_string_append_printf(text, "# PCI device: %04x:%02x:%02x.%x%s\n",
				       (guint)get(pci + 2, 2), bdf >> 8, bdf >> 3 & 0x1f, bdf & 7,
				       pci[0] == 3 ? " (a link)" : "");
	}
}

static BhImported *import_system(const guint8 *data, const struct cell *root, const char *source,
				 guint revision)
{
	static const char *const names[] = {"an x86 machine", "an Arm machine", "an arm64 machine"};
	static const char *const iommus[] = {"", "AMD-Vi", "VT-d", "SMMUv3", "PVU", "MMU-500"};
	/* In revision 12 the place of the IOMMUs depends on the architecture, which it does not tell. */
	gboolean late = revision > 12;
	guint64 start = get(data + 0x0c, 8), size = get(data + 0x0c + 16, 8);
	g_autofree char *amount = bh_value_format_size(size);
	BhImported *imported = g_new0(BhImported, 1);
	GString *text = g_string_new(NULL);
	g_autofree char *name = text_of(root->head + 8, NAME_SIZE);

	put_origin(text, source, "system configuration", revision);
	g_string_append_printf(text,
			       "# It describes %s called \"%s\".\n#\n# Bulkhead needs no such "
			       "file: it finds the machine itself (see \"bulkhead machine\"), and "
			       "Linux keeps\n# what no cell has. What the file says:\n#\n",
			       names[root->arch], name);
	g_string_append_printf(text,
			       "# Memory of the hypervisor: %s at " X64 ".\n# If that range is "
			       "kept from Linux at boot, it can be used by \"bulkhead enable\".\n",
			       amount, start);
	if (get(data + 0x4c, 8))
		g_string_append_printf(text, "# PCI configuration space: " X64 ", buses 0 to %u\n",
				       get(data + 0x4c, 8), data[0x54]);
	for (guint i = 0; i < IOMMUS && late; i++) {
		const guint8 *iommu = data + 0x58 + i * 28;
		guint type = get(iommu, 4);

		if (type && type < G_N_ELEMENTS(iommus))
			g_string_append_printf(text, "# IOMMU: %s at " X64 "\n", iommus[type],
					       get(iommu + 4, 8));
	}
	if (root->arch == ARCH_X86)
		g_string_append_printf(text, "# Power management timer: port 0x%x\n",
				       (guint)get(data + (late ? 0x138 : 0x58), 2));
	put_root_cell(text, root);
	imported->kind = BH_IMPORT_SYSTEM;
	imported->name = name_of(root);
	imported->text = g_string_free(text, FALSE);
	return imported;
}

void bh_imported_free(BhImported *imported)
{
	g_free(imported->name);
	g_free(imported->text);
	g_free(imported);
}

BhImported *bh_import(GBytes *bytes, const char *source, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	guint revision = size >= 8 ? get(data + 6, 2) : 0;
	const struct format *format = format_find(data, size, revision);
	/* Revision 13 exists with two headers and one number; only one of them fits the file's size. */
	static const gsize roots[] = {0x164, 0x162};
	struct cell cell = {0};
	gboolean good = FALSE;

	if (size >= 8 && (!memcmp(data, "JHC", 3) || !memcmp(data, "JHS", 3)) &&
	    (revision < 12 || revision > 14)) {
		g_set_error(error, BH_IMPORT_ERROR, BH_IMPORT_ERROR_REVISION,
			    "%s has revision %u; 12, 13 and 14 can be read", source, revision);
		return NULL;
	}
	if (!format) {
		g_set_error(error, BH_IMPORT_ERROR, BH_IMPORT_ERROR_FORMAT,
			    "%s is no cell or system configuration of Jailhouse; name the compiled "
			    "file (.cell)",
			    source);
		return NULL;
	}
	if (format->kind == BH_IMPORT_CELL) {
		good = cell_read(data, size, 0, &cell);
	} else {
		for (gsize i = 0; i < G_N_ELEMENTS(roots) && !good; i++) {
			gsize root = roots[i];

			good = (revision != 12 || root == 0x162) &&
			       (revision != 14 || root == 0x164) &&
			       cell_read(data, size, root, &cell) && root + cell.size == size;
		}
	}
	if (!good) {
		g_set_error(error, BH_IMPORT_ERROR, BH_IMPORT_ERROR_FORMAT,
			    "%s is damaged: its tables do not fit its %" G_GSIZE_FORMAT
			    " bytes; compile it again",
			    source, size);
		return NULL;
	}
	cell.arch = format->has_arch ? data[5] : arch_guess(&cell);
	if (cell.arch > ARCH_ARM64 || (cell.arch == ARCH_ARM && format->kind == BH_IMPORT_CELL)) {
		g_set_error(error, BH_IMPORT_ERROR, BH_IMPORT_ERROR_ARCHITECTURE,
			    "%s is for architecture %u; only x86-64 (0) and arm64 (2) exist here",
			    source, cell.arch);
		return NULL;
	}
	return format->kind == BH_IMPORT_CELL ? import_cell(&cell, source, revision)
					      : import_system(data, &cell, source, revision);
}
