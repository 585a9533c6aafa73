// SPDX-License-Identifier: GPL-2.0-or-later
/* The vocabulary of cell files: every section and key, and how its value is read. */

#include <string.h>
#include "bh-cell-private.h"
#include "bh-value.h"

/* More than any cell can use; what is beyond is not looked at. */
#define NUMBERS_MAX 1024

/* ---- kinds of values ---- */

static gboolean parse_text(struct bh_cell_parser *p, gpointer field)
{
	char **text = field;

	if (!*p->value)
		return FALSE;
	g_free(*text);
	*text = g_strdup(p->value);
	return TRUE;
}

static gboolean parse_path(struct bh_cell_parser *p, gpointer field)
{
	return g_path_is_absolute(p->value) && parse_text(p, field);
}

/* Of something that must be there. */
static gboolean parse_memory_size(struct bh_cell_parser *p, gpointer field)
{
	guint64 size;

	if (!bh_value_size(p->value, &size) || !size)
		return FALSE;
	*(guint64 *)field = size;
	return TRUE;
}

/* An address, or a size that may be 0. */
static gboolean parse_bytes(struct bh_cell_parser *p, gpointer field)
{
	return bh_value_size(p->value, field);
}

static gboolean parse_number(struct bh_cell_parser *p, guint64 least, guint64 most, gpointer field)
{
	guint64 number;

	if (!bh_value_number(p->value, &number) || number < least || number > most)
		return FALSE;
	*(guint *)field = number;
	return TRUE;
}

static gboolean parse_u32(struct bh_cell_parser *p, gpointer field)
{
	return parse_number(p, 0, G_MAXUINT32, field);
}

static gboolean parse_id(struct bh_cell_parser *p, gpointer field)
{
	return parse_number(p, 1, BH_CELLS_MAX - 1, field);
}

static gboolean parse_time(struct bh_cell_parser *p, gpointer field)
{
	guint milliseconds;

	if (!bh_value_milliseconds(p->value, &milliseconds) || !milliseconds)
		return FALSE;
	*(guint *)field = milliseconds;
	return TRUE;
}

static gboolean parse_pause(struct bh_cell_parser *p, gpointer field)
{
	return bh_value_milliseconds(p->value, field);
}

static gboolean parse_boolean(struct bh_cell_parser *p, gpointer field)
{
	return bh_value_boolean(p->value, field);
}

static gboolean parse_word(struct bh_cell_parser *p, const char *const *words, gpointer field)
{
	int word = bh_value_word(p->value, words);

	if (word < 0)
		return FALSE;
	*(int *)field = word;
	return TRUE;
}

static void number_add(struct bh_cell_parser *p, GArray *numbers, guint64 value, gsize offset)
{
	BhNumber number = {value, p->entry->line,
			   p->entry->value_column + g_utf8_strlen(p->value, offset)};

	g_array_append_val(numbers, number);
}

/* Numbers and ranges of them, appended to a GArray of BhNumber. */
static gboolean parse_numbers(struct bh_cell_parser *p, guint64 most, gpointer field)
{
	GArray *numbers = *(GArray **)field;
	gsize at = 0, start, length;
	guint64 first, last;

	while (bh_value_next(p->value, &at, &start, &length)) {
		p->wrong_at = start;
		if (!bh_value_range(p->value + start, length, most, &first, &last) ||
		    numbers->len > NUMBERS_MAX)
			return FALSE;
		for (guint64 number = first; number <= last; number++)
			number_add(p, numbers, number, start);
	}
	p->wrong_at = 0;
	return *p->value != '\0';
}

static gboolean parse_pins(struct bh_cell_parser *p, gpointer field)
{
	/* Those of x86 are fewer; which they are is only known at the end. */
	return parse_numbers(p, BH_SPIS_MAX - 1, field);
}

/* Names of cells, appended to a string array. */
static gboolean parse_cells(struct bh_cell_parser *p, gpointer field)
{
	char ***cells = field;
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	gsize at = 0, start, length;

	g_strv_builder_addv(builder, (const char **)*cells);
	while (bh_value_next(p->value, &at, &start, &length)) {
		g_autofree char *name = g_strndup(p->value + start, length);

		p->wrong_at = start;
		if (!bh_cell_name_is_valid(name) && strcmp(name, "root"))
			return FALSE;
		g_strv_builder_add(builder, name);
	}
	p->wrong_at = 0;
	g_strfreev(*cells);
	*cells = g_strv_builder_end(builder);
	return *p->value != '\0';
}

/* ---- keys with a form of their own ---- */

static gboolean parse_architecture(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"x86-64", "arm64", NULL};
	int word;

	if (!parse_word(p, words, &word))
		return FALSE;
	*(guint *)field = word ? BH_ARCH_ARM64 : BH_ARCH_X86;
	return TRUE;
}

static gboolean parse_cpus(struct bh_cell_parser *p, gpointer field)
{
	static const char count_of[] = "count:";
	BhCell *cell = &p->cell->public;
	guint64 count;

	if (!g_str_has_prefix(p->value, count_of))
		return parse_numbers(p, BH_CPUS_MAX - 1, field);
	if (!bh_value_number(p->value + strlen(count_of), &count) || !count || count > BH_CPUS_MAX)
		return FALSE;
	cell->cpu_count = count;
	return TRUE;
}

static gboolean parse_passive(struct bh_cell_parser *p, gpointer field)
{
	gboolean passive;

	if (!bh_value_boolean(p->value, &passive))
		return FALSE;
	if (passive)
		*(guint32 *)field |= BH_CELL_PASSIVE_COMM;
	return TRUE;
}

static gboolean parse_memory_type(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"ram", "device", "shared", "comm", NULL};

	return parse_word(p, words, field);
}

static gboolean parse_physical(struct bh_cell_parser *p, gpointer field)
{
	guint64 address;

	if (!strcmp(p->value, "any"))
		return TRUE;
	if (!bh_value_size(p->value, &address) || address == BH_PHYS_ANY)
		return FALSE;
	*(guint64 *)field = address;
	return TRUE;
}

static gboolean parse_access(struct bh_cell_parser *p, gpointer field)
{
	static const char letters[] = "rwxd";
	static const guint32 flags[] = {BH_MEM_READ, BH_MEM_WRITE, BH_MEM_EXECUTE, BH_MEM_DMA};
	guint32 access = 0;

	for (const char *c = p->value; *c; c++) {
		const char *letter = strchr(letters, *c);

		if (!letter || access & flags[letter - letters])
			return FALSE;
		access |= flags[letter - letters];
	}
	*(guint32 *)field = access;
	return access != 0;
}

static gboolean parse_widths(struct bh_cell_parser *p, gpointer field)
{
	gsize at = 0, start, length;
	guint64 width, last;

	while (bh_value_next(p->value, &at, &start, &length)) {
		p->wrong_at = start;
		if (!bh_value_range(p->value + start, length, 64, &width, &last) || width != last ||
		    (width != 8 && width != 16 && width != 32 && width != 64))
			return FALSE;
		/* The flag's place is the width in bytes. */
		*(guint32 *)field |= (guint32)(width / 8) << 16;
	}
	return *p->value != '\0';
}

static gboolean parse_image_format(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"raw", "elf", NULL};

	G_STATIC_ASSERT(BH_IMAGE_RAW == 0 && BH_IMAGE_ELF == 1);
	return parse_word(p, words, field);
}

static gboolean parse_pci(struct bh_cell_parser *p, gpointer field)
{
	BhCellDevice *device = field;

	if (!bh_value_pci(p->value, &device->segment, &device->bdf))
		return FALSE;
	g_free(device->address);
	device->address = g_strdup_printf("%04x:%02x:%02x.%x", device->segment, device->bdf >> 8,
					  device->bdf >> 3 & 0x1f, device->bdf & 7);
	return TRUE;
}

static gboolean parse_hex(const char *text, gsize length, guint *value)
{
	guint sum = 0;

	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isxdigit(text[i]))
			return FALSE;
		sum = sum * 16 + g_ascii_xdigit_value(text[i]);
	}
	*value = sum;
	return TRUE;
}

/* VVVV:DDDD or VVVV:* */
static gboolean parse_match(struct bh_cell_parser *p, gpointer field)
{
	BhCellDevice *match = field;
	guint vendor, device;

	if (strcspn(p->value, ":") != 4 || !parse_hex(p->value, 4, &vendor))
		return FALSE;
	match->vendor = vendor;
	if (!strcmp(p->value + 4, ":*"))
		return TRUE;
	if (strlen(p->value) != 9 || !parse_hex(p->value + 5, 4, &device))
		return FALSE;
	match->device = device;
	return TRUE;
}

/* 02, 0200 or 020000 */
static gboolean parse_class(struct bh_cell_parser *p, gpointer field)
{
	BhCellDevice *match = field;
	gsize length = strlen(p->value);
	guint value;

	if ((length != 2 && length != 4 && length != 6) || !parse_hex(p->value, length, &value))
		return FALSE;
	match->class_code = value << (24 - 4 * length);
	match->class_mask = 0xffffff & ~((1u << (24 - 4 * length)) - 1);
	return TRUE;
}

/* A path of the device tree. */
static gboolean parse_node(struct bh_cell_parser *p, gpointer field)
{
	return *p->value == '/' && p->value[1] && parse_text(p, field);
}

static gboolean parse_ports(struct bh_cell_parser *p, gpointer field)
{
	GPtrArray *ports = p->cell->public.ports;
	const BhCellPorts *first_of = field;
	gsize at = 0, start, length;
	guint64 first, last;

	while (bh_value_next(p->value, &at, &start, &length)) {
		BhCellPorts *range;

		p->wrong_at = start;
		if (!bh_value_range(p->value + start, length, 0xffff, &first, &last))
			return FALSE;
		range = g_new0(BhCellPorts, 1);
		*range = (BhCellPorts){
			.section = first_of->section,
			.name = first_of->name,
			.first = first,
			.last = last,
			.line = p->entry->line,
			.column = p->entry->value_column + g_utf8_strlen(p->value, start),
		};
		g_ptr_array_add(ports, range);
	}
	return *p->value != '\0';
}

static gboolean parse_console_virtual(struct bh_cell_parser *p, gpointer field)
{
	gboolean yes;

	if (!strcmp(p->value, "permitted"))
		*(int *)field = CONSOLE_PERMITTED;
	else if (bh_value_boolean(p->value, &yes))
		*(int *)field = yes ? CONSOLE_YES : CONSOLE_NO;
	else
		return FALSE;
	return TRUE;
}

/* By the numbers of the compatible ABI; one that is not in use has no word. */
static const char *const console_types[] = {"none",  "",      "8250", "pl011",	"xuartps", "mvebu",
					    "hscif", "scifa", "imx",  "lpuart", "scif",	   NULL};

const char *bh_console_type_name(guint type)
{
	return type < G_N_ELEMENTS(console_types) - 1 && *console_types[type] ? console_types[type]
									      : NULL;
}

static gboolean parse_console_type(struct bh_cell_parser *p, gpointer field)
{
	int type;

	if (!*p->value || !parse_word(p, console_types, &type))
		return FALSE;
	((struct bh_console_desc *)field)->type = type;
	return TRUE;
}

static gboolean parse_console_address(struct bh_cell_parser *p, gpointer field)
{
	guint64 address;

	if (!parse_bytes(p, &address))
		return FALSE;
	((struct bh_console_desc *)field)->address = address;
	return TRUE;
}

static gboolean parse_console_size(struct bh_cell_parser *p, gpointer field)
{
	guint64 size;

	if (!bh_value_size(p->value, &size) || !size || size > G_MAXUINT32)
		return FALSE;
	((struct bh_console_desc *)field)->size = size;
	return TRUE;
}

static gboolean parse_console_access(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"ports", "memory", NULL};

	return parse_word(p, words, field);
}

static gboolean parse_console_distance(struct bh_cell_parser *p, gpointer field)
{
	guint64 distance;

	if (!bh_value_number(p->value, &distance) || (distance != 1 && distance != 4))
		return FALSE;
	*(gboolean *)field = distance == 4;
	return TRUE;
}

static gboolean parse_console_divider(struct bh_cell_parser *p, gpointer field)
{
	guint divider;

	if (!parse_u32(p, &divider))
		return FALSE;
	((struct bh_console_desc *)field)->divider = divider;
	return TRUE;
}

static gboolean parse_console_clock(struct bh_cell_parser *p, gpointer field)
{
	guint64 address;

	if (!parse_bytes(p, &address))
		return FALSE;
	((struct bh_console_desc *)field)->clock_reg = address;
	return TRUE;
}

static gboolean parse_console_gate(struct bh_cell_parser *p, gpointer field)
{
	guint gate;

	if (!parse_u32(p, &gate))
		return FALSE;
	((struct bh_console_desc *)field)->gate_nr = gate;
	return TRUE;
}

static gboolean parse_protocol(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"none", "network", NULL};

	return parse_word(p, words, field) || parse_number(p, 0, 0xffff, field);
}

/* In the cell's own PCI space. */
static gboolean parse_link_pci(struct bh_cell_parser *p, gpointer field)
{
	guint segment, bdf;

	if (!bh_value_pci(p->value, &segment, &bdf) || segment)
		return FALSE;
	*(gint *)field = bdf;
	return TRUE;
}

static gboolean parse_vectors(struct bh_cell_parser *p, gpointer field)
{
	return parse_number(p, 1, BH_LINK_VECTORS_MAX, field);
}

static gboolean parse_policy(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"stop", "ignore", NULL};
	int policy;

	G_STATIC_ASSERT(BH_POLICY_STOP == 0 && BH_POLICY_IGNORE == 1);
	if (!parse_word(p, words, &policy))
		return FALSE;
	*(guint8 *)field = policy;
	return TRUE;
}

/* For every kind that can be chosen and has no key of its own. */
static gboolean parse_policy_default(struct bh_cell_parser *p, gpointer field)
{
	static const struct {
		const char *key;
		guint kind;
	} kinds[] = {{"Memory", BH_KIND_MEMORY},  {"Ports", BH_KIND_PIO},
		     {"Pci", BH_KIND_PCI},	  {"Msr", BH_KIND_MSR},
		     {"Interrupts", BH_KIND_IRQ}, {"Instruction", BH_KIND_INSTRUCTION}};
	guint8 policy, *policies = field;

	if (!parse_policy(p, &policy))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (!bh_cell_section_find(p->section, kinds[i].key))
			policies[kinds[i].kind] = policy;
	return TRUE;
}

static gboolean parse_restart(struct bh_cell_parser *p, gpointer field)
{
	static const char *const words[] = {"no", "on-failure", "always", NULL};

	return parse_word(p, words, field);
}

/* ---- the vocabulary ---- */

#define A_SIZE "a size, such as 64M, 4096 or 0x1000"
#define AN_ADDRESS "an address, such as 0x100000 or 1M"
#define A_TIME "a time of at most a day, such as 500ms, 10s or 1min 30s"
#define A_BOOLEAN "yes or no"
#define A_POLICY "stop or ignore"
#define CELLS "names of cells, such as \"sensors plc\""

/* REQUIRED, REPEATS: as BhCellKey says. */
#define KEY(name, form, parser, offset)                               \
	{                                                             \
		name, FALSE, FALSE, form, (GCallback)(parser), offset \
	}
#define KEY_REQUIRED(name, form, parser, offset)                     \
	{                                                            \
		name, TRUE, FALSE, form, (GCallback)(parser), offset \
	}
#define KEY_REPEATS(name, required, form, parser, offset)               \
	{                                                               \
		name, required, TRUE, form, (GCallback)(parser), offset \
	}
#define KEYS_END                                  \
	{                                         \
		NULL, FALSE, FALSE, NULL, NULL, 0 \
	}

#define CELL(member) G_STRUCT_OFFSET(struct bh_cell_raw, member)
#define MEMORY(member) G_STRUCT_OFFSET(struct bh_cell_raw_memory, member)
#define POLICY(kind) (G_STRUCT_OFFSET(struct bh_cell_raw, public.policy) + (kind))

static const BhCellKey cell_keys[] = {
	KEY("Description", "a text", parse_text, CELL(public.description)),
	KEY("Architecture", "x86-64 or arm64", parse_architecture, CELL(public.arch)),
	KEY("Id", "a number from 1 to 31", parse_id, CELL(public.id)),
	KEY_REPEATS(
		"Cpus", FALSE,
		"CPU numbers from 0 to 255, such as 2-3,5, or how many to choose, such as count:2",
		parse_cpus, CELL(public.cpus)),
	KEY("ResetAddress", AN_ADDRESS, parse_bytes, CELL(public.reset_address)),
	KEY("PassiveComm", A_BOOLEAN, parse_passive, CELL(public.flags)),
	KEY("ShutdownTimeoutSec", A_TIME, parse_time, CELL(public.shutdown_timeout_ms)),
	KEY("HeartbeatSec", A_TIME, parse_time, CELL(public.heartbeat_ms)),
	KEY("CommandLine", "a text", parse_text, CELL(public.command_line)),
	KEY("CommandLineAddress", AN_ADDRESS, parse_bytes, CELL(public.command_line_address)),
	KEYS_END,
};

static const BhCellKey memory_keys[] = {
	KEY("Type", "ram, device, shared or comm", parse_memory_type, MEMORY(public.type)),
	KEY("Size", A_SIZE, parse_memory_size, MEMORY(public.size)),
	KEY("GuestAddress", AN_ADDRESS, parse_bytes, MEMORY(public.guest_address)),
	KEY("PhysicalAddress", AN_ADDRESS ", or any", parse_physical,
	    MEMORY(public.physical_address)),
	KEY("Access", "letters of r, w, x and d, each once", parse_access, MEMORY(access)),
	KEY("Loadable", A_BOOLEAN, parse_boolean, MEMORY(loadable)),
	KEY("HugePages", A_BOOLEAN, parse_boolean, MEMORY(huge_pages)),
	KEY("Widths", "widths of accesses in bits: 8, 16, 32, 64", parse_widths, MEMORY(widths)),
	KEY("Unaligned", A_BOOLEAN, parse_boolean, MEMORY(unaligned)),
	KEYS_END,
};

static const BhCellKey image_keys[] = {
	KEY_REQUIRED("File", "the absolute path of a file", parse_path,
		     G_STRUCT_OFFSET(BhCellImage, path)),
	KEY("Address", AN_ADDRESS, parse_bytes, G_STRUCT_OFFSET(BhCellImage, address)),
	KEY("Format", "raw or elf", parse_image_format, G_STRUCT_OFFSET(BhCellImage, type)),
	KEYS_END,
};

static const BhCellKey linux_keys[] = {
	KEY_REQUIRED("Kernel", "the absolute path of a file", parse_path,
		     CELL(public.linux_kernel)),
	KEY("Initrd", "the absolute path of a file", parse_path, CELL(public.linux_initrd)),
	KEY("CommandLine", "a text", parse_text, CELL(public.linux_command_line)),
	KEYS_END,
};

static const BhCellKey device_keys[] = {
	KEY("Pci", "a PCI address, such as 0000:00:03.0", parse_pci, 0),
	KEY("Match", "VENDOR:DEVICE in four hexadecimal digits each, such as 8086:10d3 or 8086:*",
	    parse_match, 0),
	KEY("Class", "two, four or six hexadecimal digits, such as 0200 for network cards",
	    parse_class, 0),
	KEY("Node", "a path in the device tree, such as /pl011@9000000", parse_node,
	    G_STRUCT_OFFSET(BhCellDevice, node)),
	KEYS_END,
};

static const BhCellKey ports_keys[] = {
	KEY_REPEATS("Range", TRUE, "I/O ports up to 0xffff, such as 0x3f8-0x3ff", parse_ports, 0),
	KEYS_END,
};

static const BhCellKey interrupts_keys[] = {
	KEY("Controller", AN_ADDRESS, parse_bytes, G_STRUCT_OFFSET(BhCellInterrupts, controller)),
	KEY_REPEATS("Pins", TRUE, "pins from 0 to 127, for arm64 to 987, such as 4,10-11",
		    parse_pins, G_STRUCT_OFFSET(BhCellInterrupts, pins)),
	KEYS_END,
};

static const BhCellKey console_keys[] = {
	KEY("Virtual", "yes, no or permitted", parse_console_virtual, CELL(console_virtual)),
	KEY("Type", "none, 8250, pl011, xuartps, mvebu, hscif, scifa, imx, lpuart or scif",
	    parse_console_type, CELL(public.console)),
	KEY("Address", AN_ADDRESS, parse_console_address, CELL(public.console)),
	KEY("Size", A_SIZE, parse_console_size, CELL(public.console)),
	KEY("Access", "ports or memory", parse_console_access, CELL(console_mmio)),
	KEY("RegisterDistance", "1 or 4", parse_console_distance, CELL(console_regdist_4)),
	KEY("Divider", "a number", parse_console_divider, CELL(public.console)),
	KEY("ClockRegister", AN_ADDRESS, parse_console_clock, CELL(public.console)),
	KEY("Gate", "a number", parse_console_gate, CELL(public.console)),
	KEYS_END,
};

static const BhCellKey link_keys[] = {
	KEY_REPEATS("Peers", FALSE, CELLS ", or root", parse_cells,
		    G_STRUCT_OFFSET(BhCellLink, peers)),
	KEY("SharedSize", A_SIZE, parse_bytes, G_STRUCT_OFFSET(BhCellLink, shared_size)),
	KEY("OutputSize", A_SIZE, parse_bytes, G_STRUCT_OFFSET(BhCellLink, output_size)),
	KEY("Protocol", "none, network, or a number up to 0xffff", parse_protocol,
	    G_STRUCT_OFFSET(BhCellLink, protocol)),
	KEY("Vectors", "a number from 1 to 16", parse_vectors,
	    G_STRUCT_OFFSET(BhCellLink, vectors)),
	KEY("GuestAddress", AN_ADDRESS, parse_bytes, G_STRUCT_OFFSET(BhCellLink, guest_address)),
	KEY("Pci", "a PCI address in the cell, such as 00:1f.0", parse_link_pci,
	    G_STRUCT_OFFSET(BhCellLink, bdf)),
	KEYS_END,
};

static const BhCellKey policy_keys[] = {
	KEY("Default", A_POLICY, parse_policy_default, POLICY(0)),
	KEY("Memory", A_POLICY, parse_policy, POLICY(BH_KIND_MEMORY)),
	KEY("Ports", A_POLICY, parse_policy, POLICY(BH_KIND_PIO)),
	KEY("Pci", A_POLICY, parse_policy, POLICY(BH_KIND_PCI)),
	KEY("Msr", A_POLICY, parse_policy, POLICY(BH_KIND_MSR)),
	KEY("Interrupts", A_POLICY, parse_policy, POLICY(BH_KIND_IRQ)),
	KEY("Instruction", A_POLICY, parse_policy, POLICY(BH_KIND_INSTRUCTION)),
	KEYS_END,
};

static const BhCellKey service_keys[] = {
	KEY("Restart", "no, on-failure or always", parse_restart, CELL(public.restart)),
	KEY("RestartSec", A_TIME, parse_pause, CELL(public.restart_ms)),
	KEY_REPEATS("After", FALSE, CELLS, parse_cells, CELL(public.after)),
	KEY_REPEATS("Wants", FALSE, CELLS, parse_cells, CELL(public.wants)),
	KEYS_END,
};

static const BhCellSchema schema[BH_SECTIONS + 1] = {
	[BH_SECTION_CELL] = {"Cell", FALSE, cell_keys},
	[BH_SECTION_MEMORY] = {"Memory", TRUE, memory_keys},
	[BH_SECTION_IMAGE] = {"Image", TRUE, image_keys},
	[BH_SECTION_LINUX] = {"Linux", FALSE, linux_keys},
	[BH_SECTION_DEVICE] = {"Device", TRUE, device_keys},
	[BH_SECTION_PORTS] = {"Ports", TRUE, ports_keys},
	[BH_SECTION_INTERRUPTS] = {"Interrupts", TRUE, interrupts_keys},
	[BH_SECTION_CONSOLE] = {"Console", FALSE, console_keys},
	[BH_SECTION_LINK] = {"Link", TRUE, link_keys},
	[BH_SECTION_POLICY] = {"Policy", FALSE, policy_keys},
	[BH_SECTION_SERVICE] = {"Service", FALSE, service_keys},
	[BH_SECTIONS] = {NULL, FALSE, NULL},
};

const BhCellSchema *bh_cell_schema(void)
{
	return schema;
}
