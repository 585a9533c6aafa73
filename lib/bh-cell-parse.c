// SPDX-License-Identifier: GPL-2.0-or-later
/* From the text of a cell file to the model. */

#include <string.h>
#include "bh-cell-private.h"
#include "bh-value.h"

#define PAGE 4096ULL
#define IOAPIC_ADDRESS 0xfec00000
#define SECTIONS_MAX 1000

/* ---- findings ---- */

static BhFinding *find_at(const BhCell *cell, const BhCellSection *section, const char *key,
			  guint line, guint column, GPtrArray *findings, BhFinding *finding)
{
	finding->file = g_utf8_make_valid(cell->path, -1);
	finding->section = section ? bh_cell_section_title(section) : NULL;
	finding->key = g_strdup(key);
	finding->line = line;
	finding->column = column;
	g_ptr_array_add(findings, finding);
	return finding;
}

BhFinding *bh_cell_find_fault(const BhCell *cell, const BhCellSection *section, const char *key,
			      GPtrArray *findings, BhFindingKind kind, const char *format, ...)
{
	const BhCellEntry *entry = section && key ? bh_cell_section_find(section, key) : NULL;
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return find_at(cell, section, entry ? key : NULL,
		       entry	 ? entry->line
		       : section ? section->line
				 : 0,
		       entry	 ? entry->value_column
		       : section ? section->column
				 : 0,
		       findings, bh_finding_new(kind, cell->name, "%s", message));
}

static const char **section_words(void)
{
	const char **words = g_new0(const char *, BH_SECTIONS + 1);

	for (int i = 0; i < BH_SECTIONS; i++)
		words[i] = bh_cell_schema()[i].kind;
	return words;
}

static const char **key_words(const BhCellSchema *of)
{
	GPtrArray *words = g_ptr_array_new();

	for (const BhCellKey *key = of->keys; key->name; key++)
		g_ptr_array_add(words, (gpointer)key->name);
	g_ptr_array_add(words, NULL);
	return (const char **)g_ptr_array_free(words, FALSE);
}

static void find_unknown_section(struct bh_cell_parser *p)
{
	g_autofree const char **words = section_words();
	const char *nearest = bh_value_nearest(p->section->kind, words);
	BhFinding *finding = bh_cell_find_fault(&p->cell->public, p->section, NULL, p->findings,
						BH_FINDING_SECTION_UNKNOWN,
						"there is no section [%s]", p->section->kind);
	g_autofree char *all = g_strjoinv("], [", (char **)words);

	finding->suggestion = nearest ? g_strdup_printf("did you mean [%s]?", nearest)
				      : g_strdup_printf("there are [%s]", all);
}

static void find_unknown_key(struct bh_cell_parser *p, const BhCellSchema *of)
{
	g_autofree const char **words = key_words(of);
	const char *nearest = bh_value_nearest(p->entry->key, words);
	g_autofree char *all = g_strjoinv("=, ", (char **)words);
	BhFinding *finding =
		find_at(&p->cell->public, p->section, p->entry->key, p->entry->line,
			p->entry->column, p->findings,
			bh_finding_new(BH_FINDING_KEY_UNKNOWN, p->cell->public.name,
				       "there is no key %s= in [%s]", p->entry->key, of->kind));

	for (int i = 0; i < BH_SECTIONS && !nearest; i++)
		for (const BhCellKey *key = bh_cell_schema()[i].keys; key->name; key++)
			if (!strcmp(key->name, p->entry->key) && !finding->suggestion)
				finding->suggestion =
					g_strdup_printf("%s= belongs to [%s%s]", key->name,
							bh_cell_schema()[i].kind,
							bh_cell_schema()[i].named ? " NAME" : "");
	if (nearest)
		finding->suggestion = g_strdup_printf("did you mean %s=?", nearest);
	else if (!finding->suggestion)
		finding->suggestion = g_strdup_printf("there are %s=", all);
}

static void find_bad_value(struct bh_cell_parser *p, const BhCellKey *key)
{
	const BhCellEntry *entry = p->entry;
	BhFinding *finding =
		find_at(&p->cell->public, p->section, key->name, entry->line,
			entry->value_column + g_utf8_strlen(p->value, p->wrong_at), p->findings,
			*p->value ? bh_finding_new(BH_FINDING_VALUE, p->cell->public.name,
						   "%s= cannot be \"%s\"", key->name, p->value)
				  : bh_finding_new(BH_FINDING_VALUE, p->cell->public.name,
						   "%s= has no value", key->name));

	finding->suggestion = g_strdup_printf("write %s", key->form);
}

/* ---- sections ---- */

static const BhCellKey *key_find(const BhCellSchema *of, const char *name)
{
	for (const BhCellKey *key = of->keys; key->name; key++)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

static void keys_parse(struct bh_cell_parser *p, const BhCellSchema *of, gpointer item)
{
	const BhCell *cell = &p->cell->public;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < p->section->entries->len; i++) {
		const BhCellEntry *entry = p->section->entries->pdata[i];
		const BhCellKey *key = key_find(of, entry->key);
		const BhCellEntry *first = g_hash_table_lookup(seen, entry->key);

		p->entry = entry;
		p->value = entry->value;
		p->wrong_at = 0;
		if (!key) {
			find_unknown_key(p, of);
			continue;
		}
		if (first && !key->repeats) {
			BhFinding *finding =
				find_at(cell, p->section, key->name, entry->line, entry->column,
					p->findings,
					bh_finding_new(BH_FINDING_KEY_TWICE, cell->name,
						       "%s= is given twice, first on line %u",
						       key->name, first->line));

			finding->suggestion = g_strdup("remove one of them");
		}
		g_hash_table_insert(seen, entry->key, (gpointer)entry);
		if (!((bh_key_parser)key->parse)(p, (char *)item + key->offset))
			find_bad_value(p, key);
	}
	for (const BhCellKey *key = of->keys; key->name; key++)
		if (key->required && !g_hash_table_contains(seen, key->name)) {
			BhFinding *finding = bh_cell_find_fault(
				cell, p->section, NULL, p->findings, BH_FINDING_KEY_MISSING,
				"[%s] has no %s=", of->kind, key->name);

			finding->key = g_strdup(key->name);
			finding->suggestion =
				g_strdup_printf("add %s= with %s", key->name, key->form);
		}
}

static gboolean has(const BhCellSection *section, const char *key)
{
	return bh_cell_section_find(section, key) != NULL;
}

/* Keys that say nothing for this type of memory. */
static void memory_refuse(struct bh_cell_parser *p, const char *type, const char *const *keys)
{
	for (; *keys; keys++)
		if (has(p->section, *keys)) {
			BhFinding *finding =
				bh_cell_find_fault(&p->cell->public, p->section, *keys, p->findings,
						   BH_FINDING_KEY_CONFLICT,
						   "%s= has no meaning with Type=%s", *keys, type);

			finding->suggestion = g_strdup_printf("remove %s=, or change Type=", *keys);
		}
}

static void memory_require(struct bh_cell_parser *p, const char *key, const char *why)
{
	BhFinding *finding;

	if (has(p->section, key))
		return;
	finding = bh_cell_find_fault(&p->cell->public, p->section, NULL, p->findings,
				     BH_FINDING_KEY_MISSING, "[Memory] has no %s=", key);
	finding->key = g_strdup(key);
	finding->suggestion = g_strdup_printf("add %s=: %s", key, why);
}

static guint64 comm_address(const BhCell *cell)
{
	return cell->arch == BH_ARCH_ARM64 ? BH_COMM_ADDRESS_ARM64 : BH_COMM_ADDRESS_X86;
}

static void memory_finish(struct bh_cell_parser *p, struct bh_cell_raw_memory *raw)
{
	static const char *const no_ram[] = {"Widths", "Unaligned", NULL};
	static const char *const no_device[] = {"Loadable", NULL};
	static const char *const no_comm[] = {"PhysicalAddress", "Loadable",  "HugePages",
					      "Widths",		 "Unaligned", NULL};
	static const guint32 access[] = {
		[BH_MEMORY_RAM] = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA,
		[BH_MEMORY_DEVICE] = BH_MEM_READ | BH_MEM_WRITE,
		[BH_MEMORY_SHARED] = BH_MEM_READ | BH_MEM_WRITE,
		[BH_MEMORY_COMM] = BH_MEM_READ | BH_MEM_WRITE,
	};
	BhCellMemory *memory = &raw->public;

	memory->flags = raw->access ? raw->access : access[memory->type];
	memory->guest_address_chosen = !has(p->section, "GuestAddress");
	if (raw->huge_pages == FALSE)
		memory->flags |= BH_MEM_NO_HUGEPAGES;
	switch (memory->type) {
	case BH_MEMORY_RAM:
		memory_refuse(p, "ram", no_ram);
		memory_require(p, "Size", "how much memory the cell gets");
		if (raw->loadable != FALSE)
			memory->flags |= BH_MEM_LOADABLE;
		break;
	case BH_MEMORY_SHARED:
		memory_refuse(p, "shared", no_ram);
		memory_require(p, "Size", "how much memory is shared");
		memory->flags |= BH_MEM_ROOTSHARED;
		if (raw->loadable == TRUE)
			memory->flags |= BH_MEM_LOADABLE;
		break;
	case BH_MEMORY_DEVICE:
		memory_refuse(p, "device", no_device);
		memory_require(p, "Size", "the size of the device's registers");
		memory_require(p, "PhysicalAddress", "where the device's registers are");
		memory->flags |= BH_MEM_IO | raw->widths;
		if (raw->unaligned == TRUE)
			memory->flags |= BH_MEM_IO_UNALIGNED;
		if (memory->guest_address_chosen)
			memory->guest_address = memory->physical_address;
		/* Only part of a page is trapped and looked at; no width at all would be of no use. */
		if (!raw->widths &&
		    (memory->size | memory->guest_address | memory->physical_address) % PAGE)
			memory->flags |= BH_MEM_IO_8 | BH_MEM_IO_16 | BH_MEM_IO_32 | BH_MEM_IO_64;
		break;
	case BH_MEMORY_COMM:
		memory_refuse(p, "comm", no_comm);
		memory->flags |= BH_MEM_COMM;
		memory->physical_address = 0;
		if (!has(p->section, "Size"))
			memory->size = BH_COMM_SIZE;
		break;
	}
}

/* It is named in one way, or looked for by one or both of the last two keys. */
static void device_finish(struct bh_cell_parser *p)
{
	static const char *const keys[] = {"Pci", "Node", "Match", "Class"};
	const BhCell *cell = &p->cell->public;
	const char *first = NULL, *second = NULL;
	BhFinding *finding;

	for (gsize i = 0; i < G_N_ELEMENTS(keys) && !second; i++) {
		if (!has(p->section, keys[i]))
			continue;
		if (!first)
			first = keys[i];
		else if (strcmp(first, "Match"))
			second = keys[i];
	}
	if (second) {
		finding = bh_cell_find_fault(
			cell, p->section, second, p->findings, BH_FINDING_KEY_CONFLICT,
			"%s= and %s= cannot both say which device it is", second, first);
		finding->suggestion = g_strdup_printf("remove %s= or %s=", first, second);
	} else if (!first) {
		finding = bh_cell_find_fault(cell, p->section, NULL, p->findings,
					     BH_FINDING_KEY_MISSING,
					     "[Device] does not say which device it is");
		finding->key = g_strdup("Pci");
		finding->suggestion =
			g_strdup("add Pci= with its address, Node= with its place in the device "
				 "tree, or Match= or Class= to look for it");
	}
}

/* Without peers it only says where this cell has a link that another file describes. */
static void link_finish(struct bh_cell_parser *p)
{
	static const char *const keys[] = {"SharedSize", "OutputSize", "Protocol"};

	for (gsize i = 0; i < G_N_ELEMENTS(keys) && !has(p->section, "Peers"); i++)
		if (has(p->section, keys[i]))
			bh_cell_find_fault(&p->cell->public, p->section, keys[i], p->findings,
					   BH_FINDING_KEY_CONFLICT,
					   "%s= has no meaning in a [Link] without Peers=", keys[i])
				->suggestion =
				g_strdup("move it to the file that names the peers, or add Peers=");
}

static void section_parse_named(struct bh_cell_parser *p, enum bh_section_kind kind)
{
	const BhCellSection *section = p->section;
	BhCell *cell = &p->cell->public;
	BhCellPorts ports = {.section = section, .name = section->name};
	BhCellInterrupts *interrupts;
	BhCellDevice *device;
	struct bh_cell_raw_memory *memory;
	BhCellImage *image;
	BhCellLink *link;

	switch (kind) {
	case BH_SECTION_MEMORY:
		memory = g_new0(struct bh_cell_raw_memory, 1);
		memory->public.section = section;
		memory->public.name = section->name;
		memory->public.physical_address = BH_PHYS_ANY;
		memory->loadable = memory->huge_pages = memory->unaligned = -1;
		g_ptr_array_add(cell->memory, memory);
		keys_parse(p, &bh_cell_schema()[kind], memory);
		memory_finish(p, memory);
		break;
	case BH_SECTION_IMAGE:
		image = g_new0(BhCellImage, 1);
		image->section = section;
		image->name = section->name;
		g_ptr_array_add(cell->images, image);
		keys_parse(p, &bh_cell_schema()[kind], image);
		break;
	case BH_SECTION_DEVICE:
		device = g_new0(BhCellDevice, 1);
		device->section = section;
		device->name = section->name;
		device->vendor = device->device = -1;
		g_ptr_array_add(cell->devices, device);
		keys_parse(p, &bh_cell_schema()[kind], device);
		device_finish(p);
		break;
	case BH_SECTION_PORTS:
		keys_parse(p, &bh_cell_schema()[kind], &ports);
		break;
	case BH_SECTION_INTERRUPTS:
		interrupts = g_new0(BhCellInterrupts, 1);
		interrupts->section = section;
		interrupts->name = section->name;
		interrupts->controller = BH_CONTROLLER_ANY;
		interrupts->pins = g_array_new(FALSE, FALSE, sizeof(BhNumber));
		g_ptr_array_add(cell->interrupts, interrupts);
		keys_parse(p, &bh_cell_schema()[kind], interrupts);
		break;
	case BH_SECTION_LINK:
		link = g_new0(BhCellLink, 1);
		link->section = section;
		link->name = section->name;
		link->peers = g_new0(char *, 1);
		link->guest_address = link->bdf = -1;
		g_ptr_array_add(cell->links, link);
		keys_parse(p, &bh_cell_schema()[kind], link);
		link_finish(p);
		break;
	case BH_SECTION_LINUX:
		cell->linux_section = section;
		/* It answers no messages. */
		cell->flags |= BH_CELL_PC | BH_CELL_PASSIVE_COMM;
		keys_parse(p, &bh_cell_schema()[kind], p->cell);
		break;
	default:
		keys_parse(p, &bh_cell_schema()[kind], p->cell);
		break;
	}
}

/* FALSE: not a section to be read. */
static gboolean section_name_check(struct bh_cell_parser *p, const BhCellSchema *of)
{
	const BhCellSection *section = p->section, *first;
	const BhCell *cell = &p->cell->public;
	BhFinding *finding;

	if (of->named && !section->name) {
		finding = bh_cell_find_fault(cell, section, NULL, p->findings,
					     BH_FINDING_SECTION_NAME, "this [%s] has no name",
					     of->kind);
		finding->suggestion = g_strdup_printf("write [%s NAME]", of->kind);
		return FALSE;
	}
	if (!of->named && section->name) {
		finding = bh_cell_find_fault(
			cell, section, NULL, p->findings, BH_FINDING_SECTION_NAME,
			"[%s] cannot have a name: there is only one", of->kind);
		finding->column = section->name_column;
		finding->suggestion = g_strdup_printf("write [%s]", of->kind);
	}
	if (section->name &&
	    section->name[strspn(section->name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.")]) {
		finding = bh_cell_find_fault(
			cell, section, NULL, p->findings, BH_FINDING_SECTION_NAME,
			"\"%s\" cannot be the name of a section", section->name);
		finding->column = section->name_column;
		finding->suggestion = g_strdup("use letters, digits, \"_\", \"-\" and \".\"");
	}
	first = bh_cell_file_find(cell->file, section->kind, section->name);
	if (first == section)
		return TRUE;
	finding = bh_cell_find_fault(cell, section, NULL, p->findings, BH_FINDING_SECTION_TWICE,
				     "[%s%s%s] is there twice, first on line %u", section->kind,
				     section->name ? " " : "", section->name ? section->name : "",
				     first->line);
	finding->suggestion = g_strdup(of->named ? "give one of them another name"
						 : "put all keys into one section");
	return FALSE;
}

static void section_parse(struct bh_cell_parser *p)
{
	for (int kind = 0; kind < BH_SECTIONS; kind++) {
		if (strcmp(bh_cell_schema()[kind].kind, p->section->kind))
			continue;
		if (section_name_check(p, &bh_cell_schema()[kind]))
			section_parse_named(p, kind);
		return;
	}
	/* A head that could not be read has been found already. */
	if (*p->section->kind)
		find_unknown_section(p);
}

/* ---- what is only known at the end ---- */

static void console_finish(struct bh_cell_raw *raw)
{
	BhCell *cell = &raw->public;
	struct bh_console_desc *console = &cell->console;
	gboolean uart = console->type != BH_CONSOLE_NONE;

	if (raw->console_virtual < 0)
		raw->console_virtual = uart ? CONSOLE_PERMITTED : CONSOLE_YES;
	if (raw->console_virtual != CONSOLE_NO)
		cell->flags |= BH_CELL_CONSOLE_PERMITTED;
	if (raw->console_virtual == CONSOLE_YES)
		cell->flags |= BH_CELL_CONSOLE_ACTIVE;
	if (!uart)
		return;
	if (raw->console_mmio < 0)
		raw->console_mmio = console->address > 0xffff;
	if (raw->console_mmio)
		console->flags |= BH_CONSOLE_MMIO;
	if (raw->console_regdist_4)
		console->flags |= BH_CONSOLE_REGDIST_4;
	if (!console->size)
		console->size = raw->console_mmio ? PAGE : 8;
}

guint bh_cell_pins_max(guint arch)
{
	return arch == BH_ARCH_ARM64 ? BH_SPIS_MAX : BH_PINS_MAX;
}

static void interrupts_finish(struct bh_cell_parser *p)
{
	const BhCell *cell = &p->cell->public;

	for (guint i = 0; i < cell->interrupts->len; i++) {
		BhCellInterrupts *interrupts = cell->interrupts->pdata[i];

		if (interrupts->controller == BH_CONTROLLER_ANY && cell->arch == BH_ARCH_X86)
			interrupts->controller = IOAPIC_ADDRESS;
		for (guint k = 0; k < interrupts->pins->len; k++) {
			const BhNumber *pin = &g_array_index(interrupts->pins, BhNumber, k);

			if (pin->value < bh_cell_pins_max(cell->arch))
				continue;
			find_at(cell, interrupts->section, "Pins", pin->line, pin->column,
				p->findings,
				bh_finding_new(BH_FINDING_VALUE, cell->name,
					       "Pins= cannot be %u in a cell for x86-64",
					       (guint)pin->value))
				->suggestion =
				g_strdup_printf("write pins from 0 to %u", BH_PINS_MAX - 1);
			break;
		}
	}
}

/* Devices are seen where they are, and the comm region has a place of its own. */
static gboolean is_looking(const BhCellMemory *memory)
{
	return memory->guest_address_chosen && memory->type != BH_MEMORY_COMM &&
	       memory->type != BH_MEMORY_DEVICE;
}

static void guest_addresses_choose(struct bh_cell_parser *p)
{
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(struct bh_range));
	BhCell *cell = &p->cell->public;

	for (guint i = 0; i < cell->memory->len; i++) {
		BhCellMemory *memory = cell->memory->pdata[i];
		struct bh_range range = {memory->guest_address, memory->size};

		if (memory->guest_address_chosen && memory->type == BH_MEMORY_COMM)
			range.start = memory->guest_address = comm_address(cell);
		if (!is_looking(memory))
			g_array_append_val(taken, range);
	}
	for (guint i = 0; i < cell->memory->len; i++) {
		BhCellMemory *memory = cell->memory->pdata[i];
		struct bh_range range = {.size = memory->size};

		if (!is_looking(memory))
			continue;
		range.start = bh_cell_find_address(cell->arch, taken, memory->size);
		memory->guest_address = range.start;
		if (range.start != BH_GUEST_LIMIT) {
			g_array_append_val(taken, range);
			continue;
		}
		bh_cell_find_fault(
			cell, memory->section, "Size", p->findings, BH_FINDING_MEMORY_NO_ROOM,
			"there is no free guest address for %s, which has no GuestAddress=",
			memory->name)
			->suggestion = g_strdup("make it smaller, or give it a GuestAddress=");
	}
}

/* ---- cells ---- */

static void name_check(const BhCell *cell, GPtrArray *findings)
{
	BhFinding *finding;

	if (bh_cell_name_is_valid(cell->name))
		return;
	finding = bh_cell_find_fault(cell, NULL, NULL, findings, BH_FINDING_CELL_NAME,
				     "\"%s\" cannot be the name of a cell", cell->name);
	finding->suggestion = g_strdup_printf(
		"rename the file: at most %u letters, digits, \"_\", \"-\" and \".\", not \"root\"",
		BH_CELL_NAME_SIZE - 1);
}

BhCell *bh_cell_parse(const BhCellFile *file, GPtrArray *findings)
{
	return bh_cell_parse_for(file, BH_ARCH_X86, findings);
}

BhCell *bh_cell_parse_for(const BhCellFile *file, guint arch, GPtrArray *findings)
{
	struct bh_cell_raw *raw = bh_cell_raw_new(file);
	struct bh_cell_parser p = {.cell = raw, .findings = findings};
	BhCell *cell = &raw->public;
	GPtrArray *sections = bh_cell_file_get_sections(cell->file);

	cell->arch = arch;
	name_check(cell, findings);
	bh_cell_file_check(cell->file, findings);
	for (guint i = 0; i < MIN(sections->len, SECTIONS_MAX); i++) {
		p.section = sections->pdata[i];
		section_parse(&p);
	}
	if (sections->len > SECTIONS_MAX)
		bh_cell_find_fault(cell, sections->pdata[SECTIONS_MAX], NULL, findings,
				   BH_FINDING_TOO_MANY,
				   "there are %u sections, at most %u are possible", sections->len,
				   SECTIONS_MAX);
	if (!cell->description)
		cell->description = g_strdup(cell->name);
	console_finish(raw);
	interrupts_finish(&p);
	guest_addresses_choose(&p);
	return cell;
}
