// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every kind of finding has a file that provokes it, and is found at the very line and column. In the texts below
 * a "^" marks the place; it is taken out before the text is read.
 */
#include <glib/gstdio.h>
#include <string.h>
#include "bh-machine-private.h"
#include "bh-validate.h"

#define CPU "[Cell]\nCpus=4\n"
#define RAM "[Memory ram]\nSize=1M\n"
#define COMM "[Memory comm]\nType=comm\n"
#define REST RAM COMM
#define FIXED RAM "GuestAddress=0\n" COMM
#define BASE CPU REST
#define OTHER "[Cell]\nCpus=5\n" REST
#define LINKS                                                                \
	"[Link 1]\nPeers=root\n[Link 2]\nPeers=root\n[Link 3]\nPeers=root\n" \
	"[Link 4]\nPeers=root\n[Link 5]\nPeers=root\n[Link 6]\nPeers=root\n" \
	"[Link 7]\nPeers=root\n"
#define DEVICE(name, address) "[Device " name "]\nPci=" address "\n"

enum machine {
	NONE, /* nothing is asked of a machine */
	PLAIN,
	NO_IOMMU,
};

struct example {
	BhFindingKind kind;
	const char *text; /* of test.cell */
	const char *other; /* of other.cell; or NULL */
	const char *owner; /* or NULL */
	const char *suggestion; /* a part of it; or NULL */
	const char *name; /* instead of "test"; or NULL */
	enum machine machine;
	BhFindingKind also; /* comes with it; 0: nothing that is more than a note does */
};

#define K(name) BH_FINDING_##name
#define E(name, content, ...)                                 \
	{                                                     \
		.kind = K(name), .text = content, __VA_ARGS__ \
	}

static const struct example examples[] = {
	E(FILE_UNREADABLE, NULL),
	E(CELL_NAME, BASE, .name = "one cell"),
	E(CELL_NAME, BASE, .name = "a-name-longer-than-a-cell-may-have"),
	E(CELL_NAME, BASE, .name = "root"),
	E(ENCODING, BASE "# caf^\xe9\n"),
	E(ENCODING, BASE "# \xc3\xa9t\xc3\xa9 ^\x01\n"),
	E(SYNTAX, "^words\n" BASE),
	E(SYNTAX, BASE "  ^=5\n"),
	E(SYNTAX, BASE "^[Policy\n"),
	E(SYNTAX, BASE "[^]\n"),
	E(SYNTAX, BASE "[Policy]^ # strict\n"),
	E(SYNTAX, BASE "[Policy^=x]\n", .also = K(SECTION_NAME)),
	E(SYNTAX, "[Cell]\nCpus=4\nDescription=a ^\\\n" REST),
	E(KEY_OUTSIDE, "^Cpus=1\n" BASE),
	E(SECTION_UNKNOWN, BASE "^[Memroy x]\nSize=1M\n", .suggestion = "[Memory]"),
	E(SECTION_UNKNOWN, BASE "^[Wheel]\n", .suggestion = "[Interrupts]"),
	E(SECTION_NAME, BASE "^[Memory]\nSize=1M\n"),
	E(SECTION_NAME, BASE "[Policy  ^x]\n"),
	E(SECTION_NAME, BASE "[Ports ^a,b]\nRange=0x60\n"),
	E(SECTION_TWICE, BASE "^[Memory ram]\nSize=4K\n"),
	E(SECTION_TWICE, BASE "^[Cell]\nCpus=5\n"),
	E(KEY_UNKNOWN, "[Cell]\nCpus=4\n ^Resetaddres=0\n" REST, .suggestion = "ResetAddress="),
	E(KEY_UNKNOWN, "[Cell]\nCpus=4\n^Pci=00:02.0\n" REST, .suggestion = "[Device NAME]"),
	E(KEY_UNKNOWN, "[Cell]\nCpus=4\n^Wheels=4\n" REST, .suggestion = "Description="),
	E(KEY_TWICE, "[Cell]\nCpus=4\nId=2\n^Id=3\n" REST),
	E(KEY_MISSING, BASE "^[Image x]\nFormat=raw\n"),
	E(KEY_MISSING, CPU "^[Memory ram]\n" COMM),
	E(KEY_MISSING, BASE "^[Memory d]\nType=device\nSize=4K\n"),
	E(KEY_MISSING, BASE "^[Device d]\n"),
	E(KEY_CONFLICT, CPU "[Memory ram]\nSize=1M\nWidths=^8\n" COMM),
	E(KEY_CONFLICT, BASE "[Device d]\nPci=00:02.0\nMatch=^8086:*\n"),
	E(KEY_CONFLICT, BASE "[Device d]\nClass=^02\nNode=/uart@a0000000\n"),
	E(KEY_CONFLICT, "[Cell]\nCpus=4\nCpus=^count:2\n" REST),
	E(VALUE, "[Cell]\nCpus=4,^x,y\n" REST, .suggestion = "2-3,5"),
	E(VALUE, "[Cell]\nCpus=4\nId= ^32\n" REST),
	E(VALUE, "[Cell]\nCpus=4\nHeartbeatSec=^\n" REST),
	E(VALUE, "[Cell]\nCpus=4\nHeartbeatSec=^25h\n" REST),
	E(VALUE, "[Cell]\nCpus=4\nPassiveComm=^maybe\n" REST),
	E(VALUE, "[Cell]\nCpus=4\nArchitecture=^vax\n" REST),
	E(VALUE, CPU "[Memory ram]\nSize=^lots\n" COMM),
	E(VALUE, CPU "[Memory ram]\nSize=^0\n" COMM),
	E(VALUE, CPU "[Memory ram]\nSize=^17179869184T\n" COMM),
	E(VALUE, CPU "[Memory ram]\nSize=1M\nAccess=^rwq\n" COMM),
	E(VALUE, CPU "[Memory ram]\nSize=1M\nPhysicalAddress=^0xffffffffffffffff\n" COMM),
	E(VALUE, BASE "[Image i]\nFile=^relative.bin\n"),
	E(VALUE, BASE "[Device d]\nPci=^0:2.8\n"),
	E(VALUE, BASE "[Device d]\nMatch=^808:10d3\n"),
	E(VALUE, BASE "[Device d]\nClass=^020\n"),
	E(VALUE, BASE "[Device d]\nNode=^uart@a0000000\n"),
	E(VALUE, BASE "[Ports p]\nRange=0x60, ^0x70-0x60\n"),
	E(VALUE, BASE "[Interrupts i]\nPins=3,^128\n"),
	E(VALUE, BASE "[Interrupts i]\nPins=3\nPins=4,^127-200\n"),
	E(VALUE, "[Cell]\nArchitecture=arm64\nCpus=4\n" REST "[Interrupts i]\nPins=987,^988\n"),
	E(VALUE, BASE "[Console]\nRegisterDistance=^2\n"),
	E(VALUE, BASE "[Policy]\nMemory=^panic\n"),
	E(VALUE, BASE "[Service]\nAfter=other ^a/b\n", .other = OTHER),
	E(TOO_MANY, BASE DEVICE("a", "01:00.0") DEVICE("b", "01:00.1") DEVICE("c", "01:00.2")
			    DEVICE("d", "01:00.3") "^" DEVICE("e", "01:00.4")),
	E(CPU_NONE, "^[Cell]\nId=1\n" REST),
	E(CPU_TWICE, "[Cell]\nCpus=2-4,^3\n" REST),
	E(MEMORY_RANGE, BASE "[Memory m]\nSize=1M\nGuestAddress=^0x3ffffff80000\n"),
	E(MEMORY_RANGE, BASE "[Memory m]\nSize=1M\nPhysicalAddress=^0xfffffffffff00000\n"),
	E(MEMORY_RANGE, BASE "[Memory m]\nSize=1M\nGuestAddress=^0xfffffffffffff000\n"),
	E(MEMORY_ALIGNMENT, BASE "[Memory m]\nType=device\nSize=2K\nGuestAddress=^0x200800\n"
				 "PhysicalAddress=0xd0000000\n"),
	E(MEMORY_ALIGNMENT, BASE "[Memory m]\nType=device\nSize=^6K\n"
				 "PhysicalAddress=0xd0000000\n"),
	E(MEMORY_ALIGNMENT, CPU RAM "[Memory comm]\nType=comm\nGuestAddress=^0x200800\n"),
	E(MEMORY_PART_PAGE, BASE "[Memory m]\nSize=^5000\n"),
	E(MEMORY_PART_PAGE, BASE "[Memory m]\nSize=8K\nPhysicalAddress=^0x12345800\n"),
	E(MEMORY_OVERLAP, CPU FIXED "[Memory m]\nSize=64K\nGuestAddress=^0xff000\n",
	  .also = K(MEMORY_OVERLAP)),
	E(MEMORY_OVERLAP, CPU FIXED "[Memory m]\nSize=64K\nGuestAddress=^0x80000\n"),
	E(MEMORY_SAME_PHYSICAL, BASE "[Memory m]\nSize=1M\nPhysicalAddress=0x10000000\n"
				     "[Memory n]\nSize=1M\nPhysicalAddress=^0x100ff000\n"),
	E(MEMORY_NO_ROOM, BASE "[Memory m]\nSize=^64T\n"),
	E(MEMORY_APIC, BASE "[Memory m]\nSize=2M\nGuestAddress=^0xfed00000\n"),
	E(COMM_TWICE, BASE "[Memory m]\nType=^comm\nGuestAddress=0x200000\n"),
	E(COMM_SIZE, CPU RAM "[Memory comm]\nType=comm\nSize=^8K\n"),
	E(COMM_MISSING, "^[Cell]\nCpus=4\n" RAM),
	E(RESET_ADDRESS, "[Cell]\nCpus=4\nResetAddress=^0x100000\n" REST),
	E(RESET_ADDRESS, "^[Cell]\nCpus=4\n[Memory ram]\nSize=1M\nAccess=rw\n" COMM),
	E(IMAGE_PLACE, "[Cell]\nCpus=4\nCommandLine=^x\nId=1\n[Memory ram]\nSize=4K\n" COMM),
	E(IMAGE_PLACE, "[Cell]\nCpus=4\nCommandLine=x\nCommandLineAddress=^0xfffff\n" REST
		       "[Memory m]\nSize=4K\nGuestAddress=0x200000\n"),
	E(IMAGE_PLACE, BASE "[Image i]\nFile=/etc/passwd\nAddress=^0x100000\n"),
	E(IMAGE_FILE, BASE "[Image i]\nFile=^/nowhere/at/all\n"),
	E(IMAGE_FILE, BASE "[Image i]\nFile=^/etc\n"),
	E(IMAGE_NONE, BASE),
	E(IMAGE_FILE, BASE "[Linux]\nKernel=^/nowhere/at/all\n"),
	E(LINUX, BASE "[Linux]\nKernel=^/etc/passwd\n"),
	E(LINUX, "[Cell]\nCpus=4\nResetAddress=0x1000\n" REST "^[Linux]\nKernel=/etc/passwd\n"),
	E(DEVICE_TWICE, BASE DEVICE("a", "01:00.0") DEVICE("b", "^0000:01:00.0")),
	E(DEVICE_TWICE, BASE "[Device d]\nNode=/a\n[Device e]\nNode=^/a\n"),
	E(DEVICE_SEGMENT, BASE DEVICE("a", "^0001:01:00.0")),
	E(PORTS_CORE, BASE "[Ports p]\nRange=0x60 ^0xcff-0xd00\n"),
	E(CONSOLE_NOT_OWNED, BASE "[Console]\nType=8250\nAddress=^0x3f8\n"
				  "[Ports p]\nRange=0x3f8-0x3fe\n"),
	E(CONSOLE_NOT_OWNED, BASE "[Console]\nType=pl011\nAddress=^0x9000000\n"),
	E(HEARTBEAT_SILENT,
	  "[Cell]\nCpus=4\nPassiveComm=yes\nHeartbeatSec=^1\n" RAM "[Console]\nVirtual=no\n"),
	E(LINK_PEER, BASE "[Link l]\nPeers=^nobody\n"),
	E(LINK_PEER, BASE "[Link l]\nPeers=^root root\n"),
	E(LINK_PEER, BASE "[Link l]\nPeers=^root test\n"),
	E(LINK_PEER, BASE "^[Link l]\nPci=00:05.0\n"),
	E(LINK_PEER, BASE "^[Link l]\nVectors=1\n", .other = OTHER "[Link l]\nPeers=root\n"),
	E(TOO_MANY, BASE "[Link l]\nPeers=^root a b c d e f g h i j k l m n o\n",
	  .also = K(LINK_PEER)),
	E(TOO_MANY, BASE LINKS "[Link 8]\nPeers=root\n"
			       "^[Link 9]\nPeers=root\n"),
	E(KEY_CONFLICT, BASE "[Link l]\nProtocol=^network\n",
	  .other = OTHER "[Link l]\nPeers=test\n"),
	E(MEMORY_ALIGNMENT, BASE "[Link l]\nPeers=root\nSharedSize=^2000\n"),
	E(MEMORY_ALIGNMENT, BASE "[Link l]\nPeers=root\nOutputSize=^1\n"),
	E(MEMORY_ALIGNMENT, BASE "[Link l]\nPeers=root\nGuestAddress=^0x800\n",
	  .also = K(MEMORY_OVERLAP)),
	E(MEMORY_RANGE, BASE "[Link l]\nPeers=root\nOutputSize=^32768G\n"),
	E(MEMORY_RANGE, BASE "[Link l]\nPeers=root\nGuestAddress=^0x3ffffffff000\nOutputSize=4K\n"),
	E(MEMORY_OVERLAP, CPU FIXED "[Link l]\nGuestAddress=^0xff000\n",
	  .other = OTHER "[Link l]\nPeers=test\n"),
	E(MEMORY_OVERLAP, BASE "[Link l]\nPeers=root\nGuestAddress=2M\nSharedSize=1M\n"
			       "[Link m]\nPeers=root\nGuestAddress=^0x300000\n"),
	E(DEVICE_TWICE,
	  BASE "[Link l]\nPeers=root\nPci=00:05.0\n[Link m]\nPeers=root\nPci=^00:05.0\n"),
	E(DEVICE_TWICE, BASE DEVICE("a", "01:00.0") "[Link l]\nPeers=root\nPci=^01:00.0\n"),
	E(VALUE, BASE "[Link l]\nPeers=root\nPci=^0001:00:05.0\n"),
	E(VALUE, BASE "[Link l]\nPeers=root\nProtocol=^0x10000\n"),
	E(DMA_NONE, CPU "[Memory ram]\nSize=1M\nAccess=rwx\n" COMM "^" DEVICE("a", "01:00.0")),
	E(DEVICE_NO_INTERRUPT,
	  "[Cell]\nCpus=4\nArchitecture=arm64\n" RAM "[Memory comm]\nType=comm\n"
	  "^" DEVICE("a", "01:00.0")),
	E(ID_CONFLICT, "[Cell]\nCpus=4\nId=^3\n" REST, .other = "[Cell]\nId=3\nCpus=5\n" REST,
	  .owner = "other"),
	E(CPU_CONFLICT, "[Cell]\nCpus=4,^5\n" REST, .other = OTHER, .owner = "other"),
	E(MEMORY_CONFLICT, BASE "[Memory m]\nSize=1M\nPhysicalAddress=^0x10000000\n",
	  .other = OTHER "[Memory m]\nSize=8K\nPhysicalAddress=0x100ff000\n", .owner = "other"),
	E(DEVICE_CONFLICT, BASE DEVICE("a", "^01:00.0"), .other = OTHER DEVICE("b", "01:00.0"),
	  .owner = "other"),
	E(DEVICE_CONFLICT, BASE "[Device d]\nNode=^/a\n", .other = OTHER "[Device e]\nNode=/a\n",
	  .owner = "other"),
	E(PORTS_CONFLICT, BASE "[Ports p]\nRange=0x60, ^0x3f8-0x3ff\n",
	  .other = OTHER "[Ports q]\nRange=0x3ff\n", .owner = "other"),
	E(INTERRUPT_CONFLICT, BASE "[Interrupts i]\nPins=3,^4\n",
	  .other = OTHER "[Interrupts k]\nPins=4\n", .owner = "other"),
	E(LINK_TWICE, BASE "^[Link l]\nPeers=other\n", .other = OTHER "[Link l]\nPeers=test\n",
	  .owner = "other"),
	E(LINK_TWICE, BASE "^[Link l]\nPeers=root\n", .other = OTHER "[Link l]\nPeers=root\n",
	  .owner = "other"),
	E(LINK_FAULTY, "^" BASE, .other = OTHER "[Link l]\nPeers=test\nSharedSize=big\n",
	  .owner = "other"),
	E(LINK_FAULTY, BASE "^[Link l]\nVectors=4\n", .other = OTHER "[Link l]\nPeers=test test\n",
	  .owner = "other"),
	E(ORDER_UNKNOWN, BASE "[Service]\nAfter=^nobody\n"),
	E(ORDER_UNKNOWN, BASE "[Service]\nWants=^nobody\n"),
	E(ORDER_CYCLE, BASE "[Service]\nAfter=^test\n"),
	E(ORDER_CYCLE, BASE "[Service]\nAfter=^other\n", .other = OTHER "[Service]\nAfter=test\n"),
	E(ARCHITECTURE, "[Cell]\nCpus=4\nArchitecture=^arm64\n" REST, .machine = PLAIN),
	E(CPU_MISSING, "[Cell]\nCpus=4,^9\n" REST, .machine = PLAIN),
	E(CPU_BOOT, "[Cell]\nCpus=4,^0\n" REST, .machine = PLAIN, .owner = "root"),
	E(CPU_FEW, "[Cell]\nCpus=^count:6\n" REST, .machine = PLAIN),
	E(CPU_SIBLING, "[Cell]\nCpus=4,^2\n" REST, .machine = PLAIN, .owner = "root"),
	E(CPU_SIBLING, "[Cell]\nCpus=4,^2\n" REST, .machine = PLAIN, .owner = "other",
	  .other = "[Cell]\nCpus=3\n" REST),
	E(MEMORY_NOT_RAM, BASE "[Memory m]\nSize=1M\nPhysicalAddress=^0x7ff80000\n",
	  .machine = PLAIN),
	E(MEMORY_IS_RAM, BASE "[Memory m]\nType=device\nSize=1M\nPhysicalAddress=^0x7ff80000\n",
	  .machine = PLAIN),
	E(MEMORY_PLATFORM, BASE "[Memory m]\nType=device\nSize=16\nPhysicalAddress=^0xfec00010\n",
	  .machine = PLAIN, .owner = "core"),
	E(MEMORY_PLATFORM, BASE "[Memory m]\nType=device\nSize=1M\nPhysicalAddress=^0xeff00000\n",
	  .machine = PLAIN, .owner = "core"),
	E(MEMORY_NOT_REMOVABLE, BASE "[Memory m]\nSize=1M\nPhysicalAddress=^0x8000000\n",
	  .machine = PLAIN, .owner = "root"),
	E(MEMORY_FEW, BASE "[Memory m]\nSize=^4G\n", .machine = PLAIN),
	E(MEMORY_OVERLAP,
	  BASE DEVICE("a", "^00:02.0") "[Memory m]\nSize=1M\n"
				       "GuestAddress=0x90000000\n",
	  .machine = PLAIN, .owner = "0000:00:02.0"),
	E(DEVICE_MISSING, BASE DEVICE("a", "^07:00.0"), .machine = PLAIN),
	E(DEVICE_MISSING, BASE "[Device a]\nMatch=^dead:*\n", .machine = PLAIN),
	E(DEVICE_MISSING, BASE "[Device a]\nNode=^/uart@0\n", .machine = PLAIN),
	E(MEMORY_OVERLAP,
	  BASE "[Device d]\nNode=^/uart@a0000000\n[Memory m]\nSize=4K\nGuestAddress=0xa0000000\n",
	  .machine = PLAIN, .owner = "/uart@a0000000", .also = K(CONSOLE_IN_USE)),
	E(CONSOLE_IN_USE, BASE "[Device d]\nNode=^/uart@a0000000\n", .machine = PLAIN,
	  .owner = "root"),
	E(DEVICE_MISSING, BASE "[Device a]\nClass=^0108\n", .machine = PLAIN,
	  .suggestion = "disk /"),
	E(DEVICE_BRIDGE, BASE DEVICE("a", "^00:01.0"), .machine = PLAIN),
	E(DEVICE_GROUP, BASE DEVICE("a", "^00:04.0"), .machine = PLAIN, .owner = "0000:00:05.0"),
	E(DEVICE_RESET, BASE DEVICE("a", "^00:06.0"), .machine = PLAIN, .owner = "0000:00:07.0"),
	E(DEVICE_IN_USE, BASE DEVICE("a", "^00:03.0"), .machine = PLAIN, .owner = "root"),
	E(DEVICE_NO_IOMMU, BASE DEVICE("a", "^00:02.0"), .machine = NO_IOMMU),
	E(DEVICE_NO_IOMMU, BASE DEVICE("a", "^00:08.0"), .machine = PLAIN),
	E(CONSOLE_IN_USE, BASE "[Ports p]\nRange=0x60, ^0x3f8-0x3ff\n", .machine = PLAIN,
	  .owner = "root"),
	E(INTERRUPT_CONTROLLER, BASE "[Interrupts i]\nController=^0xfec10000\nPins=3\n",
	  .machine = PLAIN),
	E(INTERRUPT_PIN, BASE "[Interrupts i]\nPins=3,^24\n", .machine = PLAIN),
	E(INTERRUPT_PIN, BASE "[Device d]\nNode=^/timer@b0000000\n", .machine = PLAIN),
	E(INTERRUPT_SHARED, BASE "[Interrupts i]\nPins=3,^9\n", .machine = PLAIN, .owner = "root"),
};

static const char *const codes[] = {
#define CODE(name, severity, code) code,
	BH_FINDING_KINDS(CODE)
#undef CODE
};

static BhMachineDevice *device_add(BhMachine *machine, const char *address, guint device,
				   guint class, const char *group)
{
	BhMachineDevice *new = bh_record_append(machine->devices, &bh_record_device);

	new->address = g_strdup(address);
	new->vendor = 0x8086;
	new->device = device;
	new->class = class;
	new->bridge = class >> 16 == 6;
	new->iommu_group = g_strdup(group);
	return new;
}

/* Two cores of two threads each, two of one; 2 GiB, the first quarter of which Linux keeps. */
static BhMachine *machine_make(enum machine kind)
{
	static const guint cores[] = {0, 0, 1, 1, 2, 3};
	BhMachine *machine = bh_machine_new_simple(G_N_ELEMENTS(cores), 2ULL << 30);
	BhMachineMmconfig *mmconfig = bh_record_append(machine->mmconfigs, &bh_record_mmconfig);
	const guint far_pin = 200;
	BhMachineInterrupt *interrupt;
	BhMachineDevice *device;
	BhMachineIommu *iommu;
	BhMachineNode *node;
	BhMachineUart *uart;
	BhMachineBar *bar;

	for (guint i = 0; i < G_N_ELEMENTS(cores); i++)
		((BhMachineCpu *)machine->cpus->pdata[i])->core = cores[i];
	mmconfig->start = 0xe0000000;
	mmconfig->last_bus = 255;
	interrupt = bh_record_append(machine->interrupts, &bh_record_interrupt);
	interrupt->irq = interrupt->gsi = 9;
	interrupt->chip = g_strdup("IO-APIC");
	g_strfreev(interrupt->actions);
	interrupt->actions = g_strsplit("acpi", ",", -1);
	node = bh_record_append(machine->nodes, &bh_record_node);
	node->path = g_strdup("/uart@a0000000");
	node->start = 0xa0000000;
	node->size = 0x100;
	node = bh_record_append(machine->nodes, &bh_record_node);
	node->path = g_strdup("/timer@b0000000");
	node->start = 0xb0000000;
	node->size = 0x1000;
	g_array_append_val(node->interrupts, far_pin);
	uart = bh_record_append(machine->uarts, &bh_record_uart);
	uart->name = g_strdup("ttyAMA0");
	uart->start = 0xa0000000;
	uart->console = TRUE;
	device_add(machine, "0000:00:01.0", 1, 0x060400, NULL);
	device = device_add(machine, "0000:00:02.0", 0x10d3, 0x020000, "1");
	bar = bh_record_append(device->bars, &bh_record_bar);
	bar->start = 0x90000000;
	bar->size = 0x20000;
	device = device_add(machine, "0000:00:03.0", 3, 0x010802, "2");
	g_strfreev(device->used_for);
	device->used_for = g_strsplit("disk /", ",", -1);
	device_add(machine, "0000:00:04.0", 4, 0x020000, "3");
	device_add(machine, "0000:00:05.0", 5, 0x040300, "3");
	device_add(machine, "0000:00:06.0", 6, 0x0c0330, "4")->reset_domain =
		g_strdup("0000:00:06.0");
	device_add(machine, "0000:00:07.0", 7, 0x0c0330, "5")->reset_domain =
		g_strdup("0000:00:06.0");
	device_add(machine, "0000:00:08.0", 8, 0x078000, NULL);
	if (kind != NO_IOMMU) {
		iommu = bh_record_append(machine->iommus, &bh_record_iommu);
		iommu->type = g_strdup("amd-vi");
		iommu->address = 0xfed80000;
	}
	return machine;
}

/* Takes the mark out. Columns are counted in characters. */
static char *unmark(const char *text, guint *line, guint *column)
{
	const char *mark = strchr(text, '^'), *start = text;

	*line = *column = 0;
	if (!mark)
		return g_strdup(text);
	*line = 1;
	for (const char *c = text; c < mark; c++)
		if (*c == '\n') {
			++*line;
			start = c + 1;
		}
	*column = 1;
	for (const char *c = start; c < mark; c++)
		*column += (*c & 0xc0) != 0x80;
	return g_strdup_printf("%.*s%s", (int)(mark - text), text, mark + 1);
}

static void cell_write(const char *directory, const char *name, const char *text, gssize length)
{
	g_autofree char *path = g_strdup_printf("%s/%s.cell", directory, name);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, length, &error);
	g_assert_no_error(error);
}

static void directory_remove(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);

		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static GPtrArray *example_find(const struct example *example, guint *line, guint *column)
{
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	const char *name = example->name ? example->name : "test";
	g_autoptr(BhMachine) machine = example->machine ? machine_make(example->machine) : NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(BhCellSet) set = NULL;
	GPtrArray *findings;

	g_assert_nonnull(directory);
	*line = *column = 0;
	if (example->text) {
		g_autofree char *text = unmark(example->text, line, column);

		cell_write(directory, name, text, -1);
	} else {
		g_autofree char *much = g_strnfill(BH_CELL_FILE_SIZE_MAX + 1, '\n');

		cell_write(directory, name, much, -1);
	}
	if (example->other)
		cell_write(directory, "other", example->other, -1);
	set = bh_cell_set_load(directory, &error);
	g_assert_no_error(error);
	findings = bh_validate(set, name, machine);
	directory_remove(directory);
	return findings;
}

static void finding_check(const BhFinding *finding, const struct example *example)
{
	const char *name = example->name ? example->name : "test";
	g_autoptr(GVariant) variant = g_variant_ref_sink(bh_finding_to_variant(finding));
	g_autoptr(BhFinding) copy = bh_finding_from_variant(variant);
	g_autofree char *text = bh_finding_to_string(finding);
	g_autofree char *again = bh_finding_to_string(copy);
	g_autofree char *end = g_strdup_printf("/%s.cell", name);

	g_assert_cmpstr(text, ==, again);
	g_assert_cmpstr(finding->cell, ==, name);
	g_assert_true(g_str_has_suffix(finding->file, end));
	g_assert_cmpstr(finding->owner, ==, example->owner);
	/* A part of a sentence: no capital, no full stop. */
	g_assert_false(g_str_has_suffix(finding->message, "."));
	g_assert_cmpuint(strlen(finding->message), >, 10);
	if (example->suggestion) {
		g_assert_nonnull(finding->suggestion);
		g_assert_nonnull(strstr(finding->suggestion, example->suggestion));
	}
}

static void test_example(gconstpointer data)
{
	const struct example *example = data;
	guint line, column, found = 0;
	g_autoptr(GPtrArray) findings = example_find(example, &line, &column);

	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];
		g_autofree char *text = bh_finding_to_string(finding);

		g_test_message("%s", text);
		if (finding->kind == example->kind && finding->line == line &&
		    finding->column == column) {
			finding_check(finding, example);
			found++;
		} else if (finding->severity > BH_SEVERITY_NOTE) {
			g_assert_cmpstr(finding->code, ==, codes[example->also]);
			g_assert_true(example->also != 0);
		}
	}
	g_assert_cmpuint(found, >=, 1);
	g_assert_cmpuint(found, <=, 1 + (example->also == example->kind));
}

/* No kind without an example, and no two with one code. */
static void test_complete(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean shown[BH_FINDING_KIND_COUNT] = {FALSE};

	for (gsize i = 0; i < G_N_ELEMENTS(examples); i++)
		shown[examples[i].kind] = TRUE;
	for (guint i = 0; i < BH_FINDING_KIND_COUNT; i++) {
		if (!shown[i])
			g_test_message("no example provokes %s", codes[i]);
		g_assert_true(shown[i]);
		g_assert_cmpstr(bh_finding_kind_code(i), ==, codes[i]);
		g_assert_true(g_hash_table_add(seen, (gpointer)codes[i]));
	}
}

/* What every example builds upon is itself without fault, on every machine. */
static void test_base(void)
{
	for (enum machine kind = NONE; kind <= NO_IOMMU; kind++) {
		const struct example base = {.text = BASE, .machine = kind, .other = OTHER};
		guint line, column;
		g_autoptr(GPtrArray) findings = example_find(&base, &line, &column);

		g_assert_cmpuint(bh_findings_count(findings, BH_SEVERITY_WARNING), ==, 0);
		g_assert_cmpuint(findings->len, ==, 1);
	}
}

/* All cells at once: each conflict from both sides, in the order of files and lines. */
static void test_all(void)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhCellFile) one = bh_cell_file_new("one.cell", "[Cell]\nCpus=4-5\n" REST, -1);
	g_autoptr(BhCellFile) two = bh_cell_file_new("two.cell", "[Cell]\nCpus=5\n" REST, -1);
	g_autoptr(GPtrArray) findings = NULL;
	const BhFinding *finding;

	bh_cell_set_put(set, two);
	bh_cell_set_put(set, one);
	findings = bh_validate(set, NULL, NULL);
	g_assert_cmpuint(findings->len, ==, 4);
	finding = findings->pdata[0];
	g_assert_cmpstr(finding->code, ==, "image-none");
	finding = findings->pdata[1];
	g_assert_cmpstr(finding->file, ==, "one.cell");
	g_assert_cmpstr(finding->owner, ==, "two");
	g_assert_cmpuint(finding->column, ==, 6);
	finding = findings->pdata[3];
	g_assert_cmpstr(finding->file, ==, "two.cell");
	g_assert_cmpstr(finding->owner, ==, "one");
	g_assert_true(bh_cell_set_remove(set, "two"));
	g_assert_false(bh_cell_set_remove(set, "two"));
	g_ptr_array_unref(findings);
	findings = bh_validate(set, NULL, NULL);
	g_assert_cmpuint(findings->len, ==, 1);
}

/* A finding of a later version, or of nobody, is none. */
static void test_variant(void)
{
	static const char *const texts[] = {
		"@a{sv} {}",
		"{'code': <'bad-value'>}",
		"{'code': <'unheard-of'>, 'severity': <'error'>, 'cell': <'a'>, 'message': <'b'>}",
		"{'code': <'bad-value'>, 'severity': <'error'>, 'cell': <'a'>}",
		"{'code': <uint32 5>, 'severity': <'error'>, 'cell': <'a'>, 'message': <'b'>}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GVariant) variant = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);

		g_assert_nonnull(variant);
		g_assert_null(bh_finding_from_variant(variant));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path =
			g_strdup_printf("/cell-findings/%s/%zu", codes[examples[i].kind], i);

		g_test_add_data_func(path, &examples[i], test_example);
	}
	g_test_add_func("/cell-findings/complete", test_complete);
	g_test_add_func("/cell-findings/base", test_base);
	g_test_add_func("/cell-findings/all", test_all);
	g_test_add_func("/cell-findings/variant", test_variant);
	return g_test_run();
}
