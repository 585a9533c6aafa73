// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <string.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <bulkhead/boot.h>
#include "bh-compile.h"
#include "bh-validate-private.h"
#include "bh-value.h"

/* What the core refuses; hv/core/cell.h and hv/core/pci.h, which programs cannot include. */
#define PHYSICAL_LIMIT (1ULL << 52)
#define APIC_ADDRESS 0xfee00000ULL
#define MEMORY_MAX 256
#define WINDOWS_MAX 32
#define PORTS_MAX 256
#define DEVICES_MAX 4
#define PCI_CONFIG_FIRST 0xcf8
#define PCI_CONFIG_LAST 0xcff

/* ---- what the parts share ---- */

BhFinding *bh_find(const BhCell *cell, const BhCellSection *section, const char *key,
		   GPtrArray *findings, BhFindingKind kind, const char *suggestion,
		   const char *format, ...)
{
	g_autofree char *message = NULL;
	BhFinding *finding;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	finding = bh_cell_find_fault(cell, section, key, findings, kind, "%s", message);
	finding->suggestion = g_strdup(suggestion);
	return finding;
}

void bh_find_at(BhFinding *finding, guint line, guint column)
{
	finding->line = line;
	finding->column = column;
}

const BhCellSection *bh_cell_head(const BhCell *cell)
{
	return bh_cell_file_find(cell->file, "Cell", NULL);
}

gboolean bh_ranges_overlap(guint64 start, guint64 size, guint64 other, guint64 other_size)
{
	return size && other_size && start <= other + (other_size - 1) &&
	       other <= start + (size - 1);
}

gboolean bh_memory_is_fixed(const BhCellMemory *memory)
{
	return memory->type != BH_MEMORY_COMM && memory->physical_address != BH_PHYS_ANY;
}

gboolean bh_memory_is_part_page(const BhCellMemory *memory)
{
	return memory->size % PAGE || memory->guest_address % PAGE ||
	       (bh_memory_is_fixed(memory) && memory->physical_address % PAGE);
}

/*
 * Has the parser understood this section? If not, it has said so, and conclusions from the defaults it took
 * would only confuse.
 */
static gboolean is_sound(const BhCell *cell, const BhCellSection *section,
			 const GPtrArray *findings)
{
	/* One with a name it must not have is read, but not found. */
	g_autofree char *title = section ? bh_cell_section_title(section) : NULL;

	for (guint i = 0; i < findings->len && title; i++) {
		const BhFinding *finding = findings->pdata[i];

		if (finding->kind <= BH_FINDING_VALUE && !strcmp(finding->cell, cell->name) &&
		    !g_strcmp0(finding->section, title))
			return FALSE;
	}
	return title != NULL;
}

static void find_many(const BhCell *cell, const BhCellSection *section, const char *what,
		      guint count, guint most, GPtrArray *findings)
{
	if (count > most)
		bh_find(cell, section, NULL, findings, BH_FINDING_TOO_MANY,
			"divide the cell, or merge some of them",
			"there are %u %s, at most %u are possible", count, what, most);
}

/* The last of them is the one to find fault with. */
static const BhCellSection *last_section(const BhCell *cell, const char *kind)
{
	GPtrArray *sections = bh_cell_file_get_sections(cell->file);
	const BhCellSection *last = NULL;

	for (guint i = 0; i < sections->len; i++) {
		const BhCellSection *section = sections->pdata[i];

		if (!strcmp(section->kind, kind))
			last = section;
	}
	return last;
}

/* ---- CPUs ---- */

static void find_cpus(const BhCell *cell, GPtrArray *findings)
{
	const BhCellSection *head = bh_cell_head(cell);

	if (!cell->cpus->len && !cell->cpu_count && !(head && bh_cell_section_find(head, "Cpus")))
		bh_find(cell, head, NULL, findings, BH_FINDING_CPU_NONE,
			"add Cpus= with CPU numbers, or with count:1 to have one chosen",
			"the cell has no CPU");
	for (guint i = 0; i < cell->cpus->len; i++) {
		const BhNumber *cpu = &g_array_index(cell->cpus, BhNumber, i);

		for (guint j = 0; j < i; j++)
			if (g_array_index(cell->cpus, BhNumber, j).value == cpu->value) {
				bh_find_at(bh_find(cell, head, "Cpus", findings,
						   BH_FINDING_CPU_TWICE, "name each CPU once",
						   "CPU %u is named twice", (guint)cpu->value),
					   cpu->line, cpu->column);
				break;
			}
	}
	if (cell->cpus->len && cell->cpu_count)
		bh_find(cell, head, "Cpus", findings, BH_FINDING_KEY_CONFLICT,
			"write either numbers or a count",
			"Cpus= names CPUs and asks for a number of them as well");
}

/* ---- memory ---- */

static void find_memory_range(const BhCell *cell, const BhCellMemory *memory, GPtrArray *findings)
{
	/* One that was to be chosen and found no room has been found already. */
	if ((memory->guest_address > BH_GUEST_LIMIT ||
	     memory->size > BH_GUEST_LIMIT - memory->guest_address) &&
	    !(memory->guest_address_chosen && memory->type != BH_MEMORY_DEVICE))
		bh_find(cell, memory->section,
			memory->guest_address_chosen ? "PhysicalAddress" : "GuestAddress", findings,
			BH_FINDING_MEMORY_RANGE, "choose a lower GuestAddress=, or a smaller Size=",
			"%s ends beyond " X64 ", where a cell's addresses end", memory->name,
			(guint64)BH_GUEST_LIMIT);
	if (bh_memory_is_fixed(memory) &&
	    (memory->physical_address > PHYSICAL_LIMIT ||
	     memory->size > PHYSICAL_LIMIT - memory->physical_address))
		bh_find(cell, memory->section, "PhysicalAddress", findings, BH_FINDING_MEMORY_RANGE,
			"choose a lower PhysicalAddress=, or a smaller Size=",
			"%s ends beyond " X64 ", where physical addresses end", memory->name,
			(guint64)PHYSICAL_LIMIT);
	if (cell->arch == BH_ARCH_X86 &&
	    bh_ranges_overlap(memory->guest_address, memory->size, APIC_ADDRESS, PAGE))
		bh_find(cell, memory->section, "GuestAddress", findings, BH_FINDING_MEMORY_APIC,
			"put it elsewhere with GuestAddress=",
			"%s covers " X64 ", where each CPU sees its interrupt controller",
			memory->name, (guint64)APIC_ADDRESS);
}

static void find_memory_alignment(const BhCell *cell, const BhCellMemory *memory,
				  GPtrArray *findings)
{
	const char *key = memory->size % PAGE		 ? "Size"
			  : memory->guest_address % PAGE ? "GuestAddress"
							 : "PhysicalAddress";

	if (memory->type == BH_MEMORY_COMM) {
		if (memory->size != BH_COMM_SIZE)
			bh_find(cell, memory->section, "Size", findings, BH_FINDING_COMM_SIZE,
				"remove Size=", "the comm region has %u bytes, no more and no less",
				BH_COMM_SIZE);
		else if (memory->guest_address % PAGE)
			bh_find(cell, memory->section, "GuestAddress", findings,
				BH_FINDING_MEMORY_ALIGNMENT, "choose a multiple of 4096",
				"%s does not begin at a page", memory->name);
		return;
	}
	if (!bh_memory_is_part_page(memory))
		return;
	if (memory->type != BH_MEMORY_DEVICE)
		bh_find(cell, memory->section, key, findings, BH_FINDING_MEMORY_PART_PAGE,
			"choose multiples of 4096 for addresses and sizes",
			"%s is not made of whole pages, which only Type=device need not be",
			memory->name);
	else if (memory->guest_address % PAGE != memory->physical_address % PAGE)
		bh_find(cell, memory->section, "GuestAddress", findings,
			BH_FINDING_MEMORY_ALIGNMENT,
			"let GuestAddress= and PhysicalAddress= end in the same three digits",
			"%s is part of a page, and not at the same place of a page in the cell",
			memory->name);
	else if (memory->guest_address % PAGE + memory->size > PAGE)
		bh_find(cell, memory->section, key, findings, BH_FINDING_MEMORY_ALIGNMENT,
			"make it whole pages, or divide it into one region for each page",
			"%s is part of a page, but reaches into the next one", memory->name);
}

static void find_memory_overlap(const BhCell *cell, const BhCellMemory *memory,
				const BhCellMemory *former, GPtrArray *findings)
{
	if (bh_ranges_overlap(memory->guest_address, memory->size, former->guest_address,
			      former->size))
		bh_find(cell, memory->section, "GuestAddress", findings, BH_FINDING_MEMORY_OVERLAP,
			"choose another GuestAddress= for one of them",
			"%s and %s (line %u) overlap in the cell at " X64, memory->name,
			former->name, former->section->line,
			MAX(memory->guest_address, former->guest_address));
	if (bh_memory_is_fixed(memory) && bh_memory_is_fixed(former) &&
	    bh_ranges_overlap(memory->physical_address, memory->size, former->physical_address,
			      former->size))
		bh_find(cell, memory->section, "PhysicalAddress", findings,
			BH_FINDING_MEMORY_SAME_PHYSICAL,
			"choose another PhysicalAddress= for one of them",
			"%s and %s (line %u) are the same physical memory at " X64, memory->name,
			former->name, former->section->line,
			MAX(memory->physical_address, former->physical_address));
}

static void find_comm(const BhCell *cell, GPtrArray *findings)
{
	const BhCellMemory *comm = NULL;

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		if (memory->type != BH_MEMORY_COMM)
			continue;
		if (comm)
			bh_find(cell, memory->section, "Type", findings, BH_FINDING_COMM_TWICE,
				"remove one of them",
				"there can be one comm region, and there is %s on line %u already",
				comm->name, comm->section->line);
		comm = comm ? comm : memory;
	}
	if (!comm && !(cell->flags & BH_CELL_PASSIVE_COMM))
		bh_find(cell, bh_cell_head(cell), NULL, findings, BH_FINDING_COMM_MISSING,
			"add [Memory comm] with Type=comm, or PassiveComm=yes if the program in "
			"the cell answers no messages",
			"the cell has no comm region, so it cannot answer when it is asked to "
			"shut down");
	if (cell->heartbeat_ms && !(cell->flags & BH_CELL_CONSOLE_PERMITTED) &&
	    !(comm && comm->flags & BH_MEM_WRITE))
		bh_find(cell, bh_cell_head(cell), "HeartbeatSec", findings,
			BH_FINDING_HEARTBEAT_SILENT,
			"permit the console with Virtual=permitted in [Console], or add a comm "
			"region that the cell may write",
			"no heartbeat can be seen: the cell may write neither to a console nor "
			"to a comm region");
}

static void find_memory(const BhCell *cell, GPtrArray *findings)
{
	g_autoptr(GPtrArray) sound = g_ptr_array_new();
	gboolean reset = FALSE;

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		if (!is_sound(cell, memory->section, findings))
			continue;
		g_ptr_array_add(sound, (gpointer)memory);
		reset |= memory->flags & BH_MEM_EXECUTE &&
			 cell->reset_address - memory->guest_address < memory->size;
	}
	for (guint i = 0; i < sound->len; i++) {
		const BhCellMemory *memory = sound->pdata[i];

		find_memory_range(cell, memory, findings);
		find_memory_alignment(cell, memory, findings);
		for (guint j = 0; j < i; j++)
			find_memory_overlap(cell, memory, sound->pdata[j], findings);
	}
	find_comm(cell, findings);
	if (!reset && sound->len == cell->memory->len)
		bh_find(cell, bh_cell_head(cell), "ResetAddress", findings,
			BH_FINDING_RESET_ADDRESS,
			"add memory there, give it Access= with x, or change ResetAddress=",
			"the CPUs begin at " X64 ", where no executable memory is",
			cell->reset_address);
}

/* ---- images ---- */

static gboolean is_loadable(const BhCell *cell, guint64 address, guint64 size)
{
	while (size) {
		guint64 piece = 0;

		for (guint i = 0; i < cell->memory->len && !piece; i++) {
			const BhCellMemory *memory = cell->memory->pdata[i];

			if (memory->flags & BH_MEM_LOADABLE &&
			    address - memory->guest_address < memory->size)
				piece = memory->size - (address - memory->guest_address);
		}
		if (!piece)
			return FALSE;
		piece = MIN(piece, size);
		address += piece;
		size -= piece;
	}
	return TRUE;
}

static void find_image(const BhCell *cell, const BhCellImage *image, GPtrArray *findings)
{
	GStatBuf info;
	guint64 size = 1;

	if (g_stat(image->path, &info))
		bh_find(cell, image->section, "File", findings, BH_FINDING_IMAGE_FILE,
			"put the file there before the cell starts", "%s cannot be used: %s",
			image->path, g_strerror(errno));
	else if (!S_ISREG(info.st_mode))
		bh_find(cell, image->section, "File", findings, BH_FINDING_IMAGE_FILE,
			"name the image itself", "%s is not a regular file", image->path);
	else if (!info.st_size)
		bh_find(cell, image->section, "File", findings, BH_FINDING_IMAGE_FILE,
			"put the image there before the cell starts", "%s is empty", image->path);
	else
		size = info.st_size;
	/* Where an ELF file goes is written in the file. */
	if (image->type == BH_IMAGE_RAW && !is_loadable(cell, image->address, size))
		bh_find(cell, image->section, "Address", findings, BH_FINDING_IMAGE_PLACE,
			"change Address=, or make the memory larger",
			"image %s (" X64 " bytes at " X64 ") does not lie in loadable memory",
			image->name, size, image->address);
}

static void find_images(const BhCell *cell, GPtrArray *findings)
{
	const BhCellSection *head = bh_cell_head(cell);

	for (guint i = 0; i < cell->images->len; i++) {
		const BhCellImage *image = cell->images->pdata[i];

		if (is_sound(cell, image->section, findings))
			find_image(cell, image, findings);
	}
	if (!cell->images->len && !cell->linux_section)
		bh_find(cell, NULL, NULL, findings, BH_FINDING_IMAGE_NONE,
			"add [Image NAME] with File=, or load an image by hand before each start",
			"the cell has no image");
	if (cell->command_line && is_sound(cell, head, findings) &&
	    !is_loadable(cell, cell->command_line_address, strlen(cell->command_line) + 1))
		bh_find(cell, head,
			bh_cell_section_find(head, "CommandLineAddress") ? "CommandLineAddress"
									 : "CommandLine",
			findings, BH_FINDING_IMAGE_PLACE,
			"change CommandLineAddress=, or add memory there",
			"the command line at " X64 " does not lie in loadable memory",
			cell->command_line_address);
}

static void find_linux(const BhCell *cell, GPtrArray *findings)
{
	g_autoptr(GArray) images = NULL;
	g_autoptr(GError) error = NULL;

	if (!cell->linux_kernel || !is_sound(cell, cell->linux_section, findings))
		return;
	if (cell->reset_address) {
		bh_find(cell, cell->linux_section, NULL, findings, BH_FINDING_LINUX,
			"remove ResetAddress=", "[Linux] is for cells that start at address 0");
		return;
	}
	images = bh_compile_images((BhCell *)cell, NULL, &error); /* which takes a reference */
	if (g_error_matches(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE))
		bh_find(cell, cell->linux_section, "Kernel", findings, BH_FINDING_IMAGE_FILE,
			"put the file there before the cell starts", "a file cannot be used: %s",
			error->message);
	else if (error)
		bh_find(cell, cell->linux_section, "Kernel", findings, BH_FINDING_LINUX,
			"see [Linux] in bulkhead.cell(5)", "%s", error->message);
}

/* ---- devices, ports, interrupts, console ---- */

static void find_devices(const BhCell *cell, GPtrArray *findings)
{
	gboolean dma = FALSE;
	guint pci = 0;

	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];

		for (guint j = 0; j < i && device->node; j++) {
			const BhCellDevice *former = cell->devices->pdata[j];

			if (!g_strcmp0(former->node, device->node))
				bh_find(cell, device->section, "Node", findings,
					BH_FINDING_DEVICE_TWICE, "remove one of them",
					"%s is [Device %s] on line %u already", device->node,
					former->name, former->section->line);
		}
		pci += !device->node;
		if (!device->address)
			continue;
		if (device->segment)
			bh_find(cell, device->section, "Pci", findings, BH_FINDING_DEVICE_SEGMENT,
				"choose a device whose address begins with 0000:",
				"%s is in PCI segment %04x, and only segment 0 can be divided",
				device->address, device->segment);
		for (guint j = 0; j < i; j++) {
			const BhCellDevice *former = cell->devices->pdata[j];

			if (!g_strcmp0(former->address, device->address))
				bh_find(cell, device->section, "Pci", findings,
					BH_FINDING_DEVICE_TWICE, "remove one of them",
					"%s is [Device %s] on line %u already", device->address,
					former->name, former->section->line);
		}
	}
	for (guint i = 0; i < cell->memory->len; i++)
		dma |= ((BhCellMemory *)cell->memory->pdata[i])->flags & BH_MEM_DMA;
	find_many(cell, last_section(cell, "Device"), "PCI devices", pci, DEVICES_MAX, findings);
	if (pci && !dma)
		bh_find(cell, ((BhCellDevice *)cell->devices->pdata[0])->section, NULL, findings,
			BH_FINDING_DMA_NONE, "give memory Access= with d",
			"the cell has a device, but no memory that devices may reach");
	/* Which line it would be is for those to say who know the machine. */
	if (pci && cell->arch == BH_ARCH_ARM64 && !cell->interrupts->len)
		bh_find(cell, ((BhCellDevice *)cell->devices->pdata[0])->section, NULL, findings,
			BH_FINDING_DEVICE_NO_INTERRUPT,
			"give it the pin of the device in an [Interrupts] section, unless it polls",
			"the cell gets no interrupts of its PCI devices: on arm64 they come by "
			"pins, not by messages (MSI, MSI-X)");
}

static void find_ports(const BhCell *cell, GPtrArray *findings)
{
	for (guint i = 0; i < cell->ports->len; i++) {
		const BhCellPorts *ports = cell->ports->pdata[i];

		if (ports->first <= PCI_CONFIG_LAST && PCI_CONFIG_FIRST <= ports->last)
			bh_find_at(bh_find(cell, ports->section, "Range", findings,
					   BH_FINDING_PORTS_CORE, "leave them out",
					   "ports 0x%x to 0x%x are PCI configuration, which the "
					   "core keeps and offers to every cell",
					   PCI_CONFIG_FIRST, PCI_CONFIG_LAST),
				   ports->line, ports->column);
	}
}

/* Are all ports, or all addresses, of the console the cell's? */
static gboolean console_is_owned(const BhCell *cell)
{
	const struct bh_console_desc *console = &cell->console;
	gboolean owned = TRUE;

	if (console->flags & BH_CONSOLE_MMIO) {
		for (guint i = 0; i < cell->memory->len; i++) {
			const BhCellMemory *memory = cell->memory->pdata[i];

			if (console->address - memory->guest_address < memory->size)
				return TRUE;
		}
		return FALSE;
	}
	for (guint64 port = console->address; owned && port < console->address + console->size;
	     port++) {
		owned = FALSE;
		for (guint i = 0; i < cell->ports->len && !owned; i++) {
			const BhCellPorts *ports = cell->ports->pdata[i];

			owned = port >= ports->first && port <= ports->last;
		}
	}
	return owned;
}

static void find_console(const BhCell *cell, GPtrArray *findings)
{
	const BhCellSection *section = bh_cell_file_find(cell->file, "Console", NULL);
	gboolean memory = cell->console.flags & BH_CONSOLE_MMIO;

	if (cell->console.type == BH_CONSOLE_NONE || !is_sound(cell, section, findings) ||
	    console_is_owned(cell))
		return;
	bh_find(cell, section, "Address", findings, BH_FINDING_CONSOLE_NOT_OWNED,
		memory ? "add [Memory NAME] with Type=device for it" : "add [Ports NAME] for it",
		"the console is at %s " X64 ", which is not the cell's",
		memory ? "address" : "port", (guint64)cell->console.address);
}

/* ---- counts ---- */

static void find_counts(const BhCell *cell, GPtrArray *findings)
{
	g_autoptr(GHashTable) controllers = g_hash_table_new(g_int64_hash, g_int64_equal);
	guint windows = 0, ranges = 0;

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		windows += memory->type == BH_MEMORY_DEVICE && bh_memory_is_part_page(memory);
	}
	/* A range of 32768 ports or more takes more than one entry. */
	for (guint i = 0; i < cell->ports->len; i++) {
		const BhCellPorts *ports = cell->ports->pdata[i];

		ranges += 1 + (ports->last - ports->first) / 0x8000;
	}
	for (guint i = 0; i < cell->interrupts->len; i++)
		g_hash_table_add(controllers,
				 &((BhCellInterrupts *)cell->interrupts->pdata[i])->controller);
	find_many(cell, bh_cell_head(cell), "CPUs", cell->cpus->len, BH_CPUS_MAX, findings);
	find_many(cell, last_section(cell, "Memory"), "memory regions", cell->memory->len,
		  MEMORY_MAX, findings);
	find_many(cell, last_section(cell, "Memory"), "device windows of less than a page", windows,
		  WINDOWS_MAX, findings);
	find_many(cell, last_section(cell, "Image"), "images, the command line included",
		  cell->images->len + (cell->command_line != NULL) +
			  (cell->linux_section ? BH_COMPILE_LINUX_IMAGES : 0),
		  BH_IMAGES_MAX, findings);
	find_many(cell, last_section(cell, "Ports"), "ranges of ports", ranges, PORTS_MAX,
		  findings);
	find_many(cell, last_section(cell, "Interrupts"), "interrupt controllers",
		  g_hash_table_size(controllers), BH_BOOT_IOAPICS_MAX, findings);
}

void bh_validate_alone(const BhCell *cell, GPtrArray *findings)
{
	find_cpus(cell, findings);
	find_memory(cell, findings);
	find_images(cell, findings);
	find_linux(cell, findings);
	find_devices(cell, findings);
	find_ports(cell, findings);
	find_console(cell, findings);
	find_counts(cell, findings);
}

static void append_named(GPtrArray *findings, const GPtrArray *from, const char *cell)
{
	for (guint i = 0; i < from->len; i++) {
		BhFinding *finding = from->pdata[i];

		if (!cell || !strcmp(finding->cell, cell))
			g_ptr_array_add(findings, bh_finding_ref(finding));
	}
}

/* A cell for another kind of machine is not judged any further on this one. */
static gboolean find_architecture(const BhCell *cell, const BhMachine *machine, GPtrArray *findings)
{
	const char *architecture = cell->arch == BH_ARCH_ARM64 ? "arm64" : "x86-64";

	if (!g_strcmp0(architecture, machine->architecture))
		return FALSE;
	bh_find(cell, bh_cell_head(cell), "Architecture", findings, BH_FINDING_ARCHITECTURE,
		"write a cell for each machine", "the cell is for %s, and this machine is %s",
		architecture, machine->architecture);
	return TRUE;
}

GPtrArray *bh_validate(const BhCellSet *set, const char *name, const BhMachine *machine)
{
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GPtrArray) open = bh_findings_new();
	GPtrArray *findings = bh_findings_new();

	if (machine)
		bh_placement_update(placement, set, machine, open);
	append_named(findings, set->findings, name);
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];

		if (name && strcmp(cell->name, name))
			continue;
		bh_validate_alone(cell, findings);
		bh_validate_others(set, cell, findings);
		bh_validate_links(set, cell, findings);
		if (!machine || find_architecture(cell, machine, findings))
			continue;
		append_named(findings, open, cell->name);
		bh_validate_machine(set, cell, machine, placement, findings);
	}
	bh_findings_sort(findings);
	return findings;
}
