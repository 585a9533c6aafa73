// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-words.h"

/* clang-format off */
static const BheKeyWords cell_keys[] = {
	{"Description", BHE_INPUT_TEXT, N_("Description"), N_("What the cell is for, in your own words."), NULL, NULL},
	{"Cpus", BHE_INPUT_CPUS, N_("CPUs"), N_("Which CPUs the cell owns, such as 2-3, or how many to choose for it, such as count:2."), NULL, NULL},
	{"HeartbeatSec", BHE_INPUT_TIME, N_("Longest silence"), N_("A running cell that gives no sign of life for this long is reported as late."), N_("no heartbeat expected"), NULL},
	{"ShutdownTimeoutSec", BHE_INPUT_TIME, N_("Time to shut down"), N_("How long the cell may take to answer when it is asked to shut down."), "1s", NULL},
	{"PassiveComm", BHE_INPUT_BOOLEAN, N_("Never ask the cell"), N_("For programs that do not know Bulkhead: they are stopped without being asked."), "no", NULL},
	{"CommandLine", BHE_INPUT_TEXT, N_("Command line"), N_("A text that is put into the cell's memory for its program."), NULL, NULL},
	{"CommandLineAddress", BHE_INPUT_ADDRESS, N_("Command line at"), N_("Where the cell's program looks for that text."), "0x1000", NULL},
	{"ResetAddress", BHE_INPUT_ADDRESS, N_("Entry point"), N_("The address at which its CPUs begin."), "0", NULL},
	{"Architecture", BHE_INPUT_CHOICE, N_("Architecture"), N_("The kind of CPU the cell's program was made for."), N_("automatic"), "x86-64|arm64"},
	{"Id", BHE_INPUT_NUMBER, N_("Number"), N_("By which the core knows the cell; from 1 to 31."), N_("automatic"), NULL},
	{NULL},
};

static const BheKeyWords memory_keys[] = {
	{"Type", BHE_INPUT_CHOICE, N_("Kind"), N_("Memory of its own, registers of a device, memory shared with Linux, or the page through which the core speaks with the cell."), "ram", "ram|device|shared|comm"},
	{"Size", BHE_INPUT_SIZE, N_("Size"), N_("How much of it: 64M, 1G or 0x1000."), NULL, NULL},
	{"GuestAddress", BHE_INPUT_ADDRESS, N_("Address in the cell"), N_("Where the cell sees it."), N_("lowest free"), NULL},
	{"PhysicalAddress", BHE_INPUT_ADDRESS, N_("Address in the machine"), N_("Where it really is; left open, a place is found for it."), N_("automatic"), NULL},
	{"Access", BHE_INPUT_ACCESS, N_("Access"), N_("What the cell may do there: read, write, execute, let its devices reach it."), N_("all that is usual"), NULL},
	{"Loadable", BHE_INPUT_BOOLEAN, N_("Images can be loaded"), N_("While the cell does not run."), "yes", NULL},
	{"HugePages", BHE_INPUT_BOOLEAN, N_("Large pages"), N_("Switch it off to have it mapped in pages of 4096 bytes only."), "yes", NULL},
	{"Widths", BHE_INPUT_LIST, N_("Widths of accesses"), N_("In bits, of those that reach a device of less than a page: 8, 16, 32, 64."), N_("all"), NULL},
	{"Unaligned", BHE_INPUT_BOOLEAN, N_("Unaligned accesses"), N_("Whether they reach a device of less than a page."), "no", NULL},
	{NULL},
};

static const BheKeyWords image_keys[] = {
	{"File", BHE_INPUT_PATH, N_("File"), N_("The program or data to load before each start."), NULL, NULL},
	{"Format", BHE_INPUT_CHOICE, N_("Format"), N_("Raw files are loaded as they are; ELF files say themselves where their parts go."), "raw", "raw|elf"},
	{"Address", BHE_INPUT_ADDRESS, N_("Address"), N_("Where it goes in the cell's memory."), "0", NULL},
	{NULL},
};

static const BheKeyWords linux_keys[] = {
	{"Kernel", BHE_INPUT_PATH, N_("Kernel"), N_("A bzImage, as distributions have it."), NULL, NULL},
	{"Initrd", BHE_INPUT_PATH, N_("Initial file system"), N_("What the kernel finds in memory when it starts."), N_("not set"), NULL},
	{"CommandLine", BHE_INPUT_TEXT, N_("Command line"), N_("Of the kernel; console=ttyS0 shows its output here."), NULL, NULL},
	{NULL},
};

static const BheKeyWords device_keys[] = {
	{"Pci", BHE_INPUT_DEVICE, N_("PCI address"), N_("Of one certain device, such as 0000:03:00.0."), NULL, NULL},
	{"Match", BHE_INPUT_TEXT, N_("Vendor and device"), N_("To have one looked for: 8086:10d3, or 8086:* for any of that vendor."), NULL, NULL},
	{"Class", BHE_INPUT_TEXT, N_("Class"), N_("To have one looked for: 02 for network devices, 0200 for Ethernet cards."), NULL, NULL},
	{"Node", BHE_INPUT_NODE, N_("Path in the device tree"), N_("Of a device that is not on PCI."), NULL, NULL},
	{NULL},
};

static const BheKeyWords ports_keys[] = {
	{"Range", BHE_INPUT_LIST, N_("Ports"), N_("Ports and ranges of them, such as 0x3f8-0x3ff."), NULL, NULL},
	{NULL},
};

static const BheKeyWords interrupts_keys[] = {
	{"Pins", BHE_INPUT_LIST, N_("Pins"), N_("Pins and ranges of them, such as 4,10-11."), NULL, NULL},
	{"Controller", BHE_INPUT_ADDRESS, N_("Controller"), N_("Its physical address."), N_("automatic"), NULL},
	{NULL},
};

static const BheKeyWords console_keys[] = {
	{"Virtual", BHE_INPUT_CHOICE, N_("Console through Bulkhead"), N_("Whether the cell may write to the console that is shown here and in the journal."), "yes", "yes|no|permitted"},
	{"Type", BHE_INPUT_CHOICE, N_("Serial port"), N_("The kind of a serial port of the cell's own."), "none", "none|8250|pl011|xuartps|mvebu|hscif|scifa|imx|lpuart|scif"},
	{"Address", BHE_INPUT_ADDRESS, N_("Address"), N_("Its first port, or its address in the cell."), NULL, NULL},
	{"Size", BHE_INPUT_SIZE, N_("Size"), N_("How many ports or bytes it has."), N_("8 ports or 4096 bytes"), NULL},
	{"Access", BHE_INPUT_CHOICE, N_("Reached by"), N_("Ports or memory."), N_("what the address looks like"), "ports|memory"},
	{"RegisterDistance", BHE_INPUT_CHOICE, N_("Distance of registers"), N_("Bytes from one register to the next."), "1", "1|4"},
	{"Divider", BHE_INPUT_NUMBER, N_("Divider"), N_("For the rate; 0 leaves the rate as it is."), "0", NULL},
	{"ClockRegister", BHE_INPUT_ADDRESS, N_("Clock register"), N_("The register that switches the port's clock on."), N_("not set"), NULL},
	{"Gate", BHE_INPUT_NUMBER, N_("Gate"), N_("The number of the clock in that register."), "0", NULL},
	{NULL},
};

static const BheKeyWords link_keys[] = {
	{"Peers", BHE_INPUT_CELLS, N_("Peers"), N_("The other cells, or root, in their order; this cell is number 0. One of the files names them."), NULL, NULL},
	{"Protocol", BHE_INPUT_TEXT, N_("Protocol"), N_("What they speak: none, network, or a number."), "none", NULL},
	{"SharedSize", BHE_INPUT_SIZE, N_("Shared memory"), N_("All peers may write it."), "0", NULL},
	{"OutputSize", BHE_INPUT_SIZE, N_("Output memory"), N_("Each peer has as much that only it may write."), "0", NULL},
	{"Vectors", BHE_INPUT_NUMBER, N_("Interrupts"), N_("How many each peer has; from 1 to 16."), "2", NULL},
	{"GuestAddress", BHE_INPUT_ADDRESS, N_("Address in the cell"), N_("Where this cell sees the memory."), N_("lowest free"), NULL},
	{"Pci", BHE_INPUT_TEXT, N_("PCI address in the cell"), N_("Where this cell finds the device, such as 00:1f.0."), N_("automatic"), NULL},
	{NULL},
};

#define STOP_OR_IGNORE "stop|ignore"
#define AS_DEFAULT N_("as above")

static const BheKeyWords policy_keys[] = {
	{"Default", BHE_INPUT_CHOICE, N_("All kinds"), N_("Stop the CPU that did it, or ignore the access and count it. Either way nothing is reached that is not the cell's."), "stop", STOP_OR_IGNORE},
	{"Memory", BHE_INPUT_CHOICE, N_("Memory"), N_("Addresses with nothing behind them, or without that right."), AS_DEFAULT, STOP_OR_IGNORE},
	{"Ports", BHE_INPUT_CHOICE, N_("Ports"), N_("I/O ports."), AS_DEFAULT, STOP_OR_IGNORE},
	{"Pci", BHE_INPUT_CHOICE, N_("PCI configuration"), N_("Registers of devices that are not the cell's."), AS_DEFAULT, STOP_OR_IGNORE},
	{"Msr", BHE_INPUT_CHOICE, N_("Model-specific registers"), N_("Registers of the CPU itself."), AS_DEFAULT, STOP_OR_IGNORE},
	{"Interrupts", BHE_INPUT_CHOICE, N_("Interrupt controllers"), N_("Registers, targets and modes that are not for the cell."), AS_DEFAULT, STOP_OR_IGNORE},
	{"Instruction", BHE_INPUT_CHOICE, N_("Unusual instructions"), N_("Accesses by an instruction the core does not take apart."), AS_DEFAULT, STOP_OR_IGNORE},
	{NULL},
};

static const BheKeyWords service_keys[] = {
	{"Restart", BHE_INPUT_CHOICE, N_("Start again by itself"), N_("Never, when it has failed, or whenever it has ended."), "no", "no|on-failure|always"},
	{"RestartSec", BHE_INPUT_TIME, N_("Pause before that"), N_("How long to wait before it is started again."), "100ms", NULL},
	{"After", BHE_INPUT_CELLS, N_("Start after"), N_("Cells that start before this one, if they start at all."), N_("not set"), NULL},
	{"Wants", BHE_INPUT_CELLS, N_("Start together with"), N_("Cells that are started with this one."), N_("not set"), NULL},
	{NULL},
};

static const BheSectionWords sections[] = {
	{"Cell", N_("General"), N_("the cell"), N_("The cell as a whole."), NULL, NULL, cell_keys},
	{"Memory", N_("Memory"), N_("memory"), N_("The pieces of memory the cell sees, and where."), N_("Add Memory"), "ram", memory_keys},
	{"Image", N_("Images"), N_("image"), N_("Files that are loaded before each start, in this order."), N_("Add Image"), "program", image_keys},
	{"Linux", N_("Linux"), N_("Linux"), N_("A Linux kernel that the cell runs."), N_("Run a Linux Kernel"), NULL, linux_keys},
	{"Device", N_("Devices"), N_("device"), N_("Devices of the machine that the cell has for itself."), N_("Add Device"), "device", device_keys},
	{"Ports", N_("Ports"), N_("ports"), N_("I/O ports that the cell has for itself."), N_("Add Ports"), "ports", ports_keys},
	{"Interrupts", N_("Interrupts"), N_("interrupts"), N_("Pins of interrupt controllers that the cell has for itself."), N_("Add Interrupts"), "pins", interrupts_keys},
	{"Console", N_("Console"), N_("the console"), N_("Where the cell's program finds its console."), N_("Describe a Console"), NULL, console_keys},
	{"Link", N_("Links"), N_("link"), N_("Memory and interrupts by which cells talk to each other."), N_("Add Link"), "link", link_keys},
	{"Policy", N_("Forbidden accesses"), N_("forbidden accesses"), N_("What follows when the cell touches something that is not its own."), N_("Choose What Follows"), NULL, policy_keys},
	{"Service", N_("Service"), N_("the service"), N_("How the cell starts, together with what, and what happens when it ends."), N_("Set up the Service"), NULL, service_keys},
	{NULL},
};
/* clang-format on */

const BheSectionWords *bhe_words(void)
{
	return sections;
}

const BheSectionWords *bhe_words_section(const char *kind)
{
	gsize length = strcspn(kind, " ");

	for (const BheSectionWords *section = sections; section->kind; section++)
		if (strlen(section->kind) == length && !strncmp(section->kind, kind, length))
			return section;
	return NULL;
}

const BheKeyWords *bhe_words_key(const char *kind, const char *key)
{
	const BheSectionWords *section = bhe_words_section(kind);

	for (const BheKeyWords *words = section ? section->keys : NULL; words && words->key;
	     words++)
		if (!strcmp(words->key, key))
			return words;
	return NULL;
}

char *bhe_words_section_name(const char *section)
{
	const BheSectionWords *words = bhe_words_section(section);
	const char *name = strchr(section, ' ');

	if (!words)
		return g_strdup(section);
	return name ? g_strconcat(_(words->one), name, NULL) : g_strdup(_(words->one));
}

char *bhe_words_place(const char *section, const char *key)
{
	const BheKeyWords *words = bhe_words_key(section, key);
	const char *title = words ? _(words->title) : key;
	g_autofree char *of = NULL;

	if (!strcmp(section, "Cell"))
		return g_strdup_printf(_("“%s”"), title);
	of = bhe_words_section_name(section);
	/* Translators: a setting, and the part of the cell it belongs to: “Size” of memory ram */
	return g_strdup_printf(_("“%s” of %s"), title, of);
}

char *bhe_size_to_words(guint64 size)
{
	static const char *const units[] = {N_("bytes"), "KiB", "MiB", "GiB", "TiB"};
	guint unit = 0;
	double shown = size;

	for (; shown >= 1024 && unit < G_N_ELEMENTS(units) - 1; unit++)
		shown /= 1024;
	return g_strdup_printf(shown == (guint64)shown ? "%.0f %s" : "%.1f %s", shown,
			       _(units[unit]));
}

char *bhe_size_hint(const char *value)
{
	g_autofree char *words = NULL;
	guint64 size;

	/* That of nothing is of no help. */
	if (!value || !bh_value_size(value, &size) || !size)
		return NULL;
	words = bhe_size_to_words(size);
	return g_strdup_printf("%s · 0x%" G_GINT64_MODIFIER "x", words, size);
}
