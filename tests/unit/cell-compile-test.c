// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Placement and compilation, proved by the core itself: what is compiled is given to the hosted core, which has to take
 * it, and to have understood it.
 */
#include <hv/arch/host/host.h>
#include <hv/core/error.h>
/* After the core, which has MIN and MAX of its own. */
#include <glib/gstdio.h>
#include <string.h>
#include "bh-compile.h"
#include "bh-machine-private.h"
#include "bh-validate.h"

#define MIB ((u64)1 << 20)
#define GIB ((u64)1 << 30)
#define CORE_CPUS 8
#define CORE_AT (16 * MIB)
#define PLACE (512 * MIB) /* where the loader module would have free memory */
#define LINKS_PLACE (1024 * MIB)
#define NIC 0x10
#define DISK 0x18

#define PLAIN "[Memory ram]\nSize=1M\n[Memory comm]\nType=comm\n"

static BhCell *cell_add(BhCellSet *set, const char *name, const char *text)
{
	g_autofree char *path = g_strconcat(name, ".cell", NULL);
	g_autoptr(BhCellFile) file = bh_cell_file_new(path, text, -1);

	return bh_cell_set_put(set, file);
}

static void function_add(BhMachine *machine, const char *address, guint device, guint class)
{
	BhMachineDevice *new = bh_record_append(machine->devices, &bh_record_device);

	new->address = g_strdup(address);
	new->vendor = 0x8086;
	new->device = device;
	new->class = class;
}

static BhMachine *machine_make(guint cpus)
{
	BhMachine *machine = bh_machine_new_simple(cpus, HOST_LOW_RAM_END);

	function_add(machine, "0000:00:02.0", 0x10d3, 0x020000);
	function_add(machine, "0000:00:03.0", 0x5845, 0x010802);
	return machine;
}

static void core_start(void)
{
	struct bh_boot_info info;
	struct bh_error error;

	host_describe(&info, CORE_CPUS, 4 * GIB, CORE_AT);
	host_function_bar(host_function_add(NIC, 0x8086, 0x10d3), 0, 0xd0000000, 0x20000, 0);
	host_function_bar(host_function_add(DISK, 0x8086, 0x5845), 0, 0xd0100000, 0x4000, 0);
	g_assert_true(host_start(&info, &error));
}

static void core_stop(void)
{
	struct bh_error error;

	g_assert_true(host_stop(&error));
}

static long core_call(u32 number, u64 arg, struct bh_error *error)
{
	long result;

	do
		result = host_call(number, arg, error);
	while (result == -BH_ERRNO_AGAIN);
	return result;
}

/* As the loader module does: memory that is not placed yet gets some. */
static struct bh_cell_desc *place(GBytes *bytes, u64 *at)
{
	struct bh_cell_desc *desc =
		g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	struct bh_memory *memory = (void *)((char *)desc + desc->memory.offset);
	struct bh_link *links;

	g_assert_cmpuint(desc->size, ==, g_bytes_get_size(bytes));
	for (u32 i = 0; i < desc->memory.count; i++)
		if (memory[i].phys == BH_PHYS_ANY) {
			memory[i].phys = *at;
			*at += (memory[i].size + 2 * MIB - 1) & -(2 * MIB);
		}
	links = (void *)((char *)desc + desc->links.offset);
	for (u32 i = 0; i < desc->links.count; i++)
		links[i].phys = LINKS_PLACE + links[i].number * 16 * MIB;
	return desc;
}

static long core_create(const struct bh_cell_desc *desc, struct bh_error *error)
{
	memcpy(host.memory + HOST_REQUEST, desc, desc->size);
	return core_call(BH_HC_CELL_CREATE, HOST_REQUEST, error);
}

static void no_errors(const BhCellSet *set, const BhMachine *machine)
{
	g_autoptr(GPtrArray) findings = bh_validate(set, NULL, machine);

	for (guint i = 0; i < findings->len; i++) {
		g_autofree char *text = bh_finding_to_string(findings->pdata[i]);

		g_test_message("%s", text);
	}
	g_assert_cmpuint(bh_findings_count(findings, BH_SEVERITY_ERROR), ==, 0);
}

/* Everything a cell file can say, in one cell. */
static const char whole[] = "[Cell]\n"
			    "Cpus=count:2\n"
			    "Id=7\n"
			    "ResetAddress=0x3000\n"
			    "ShutdownTimeoutSec=2500ms\n"
			    "CommandLine=speed=fast\n"
			    "[Memory ram]\n"
			    "Size=64M\n"
			    "HugePages=no\n"
			    "[Memory low]\n"
			    "Size=1M\n"
			    "GuestAddress=0\n"
			    "[Memory comm]\n"
			    "Type=comm\n"
			    "[Memory pool]\n"
			    "Type=shared\n"
			    "Size=64K\n"
			    "PhysicalAddress=0x38000000\n"
			    "[Memory window]\n"
			    "Type=device\n"
			    "Size=8K\n"
			    "PhysicalAddress=0xf0000000\n"
			    "[Memory registers]\n"
			    "Type=device\n"
			    "Size=64\n"
			    "PhysicalAddress=0xf0002100\n"
			    "Widths=16,32\n"
			    "Unaligned=yes\n"
			    "[Device nic]\n"
			    "Class=02\n"
			    "[Device disk]\n"
			    "Pci=00:03.0\n"
			    "[Ports uart]\n"
			    "Range=0x2f8-0x2ff, 0x60\n"
			    "[Interrupts a]\n"
			    "Pins=3,10-11\n"
			    "[Interrupts b]\n"
			    "Pins=20\n"
			    "[Console]\n"
			    "Type=8250\n"
			    "Address=0x2f8\n"
			    "Divider=1\n"
			    "[Policy]\n"
			    "Default=ignore\n"
			    "Memory=stop\n";

static void memory_check(const struct bh_memory *memory, u64 phys, u64 virt, u64 size, u32 flags)
{
	g_assert_cmphex(memory->phys, ==, phys);
	g_assert_cmphex(memory->virt, ==, virt);
	g_assert_cmphex(memory->size, ==, size);
	g_assert_cmphex(memory->flags, ==, flags);
	g_assert_cmphex(memory->reserved, ==, 0);
}

static void whole_check(const struct bh_cell_desc *desc)
{
	const struct bh_memory *memory = desc_memory(desc);

	g_assert_cmpstr(desc->name, ==, "whole");
	g_assert_cmpuint(desc->id, ==, 7);
	g_assert_cmphex(desc->flags, ==, BH_CELL_CONSOLE_PERMITTED);
	g_assert_cmpuint(desc->reply_timeout_ms, ==, 2500);
	g_assert_cmphex(desc->reset_address, ==, 0x3000);
	for (u32 kind = 0; kind < G_N_ELEMENTS(desc->policy); kind++)
		g_assert_cmpuint(desc->policy[kind], ==,
				 kind == BH_KIND_PIO || kind == BH_KIND_PCI ||
						 kind == BH_KIND_MSR || kind == BH_KIND_IRQ ||
						 kind == BH_KIND_INSTRUCTION
					 ? BH_POLICY_IGNORE
					 : BH_POLICY_STOP);
	g_assert_cmpuint(desc->cpus.count, ==, 2);
	g_assert_cmpuint(desc_cpus(desc)[0], ==, 6);
	g_assert_cmpuint(desc_cpus(desc)[1], ==, 7);
	g_assert_cmpuint(desc->memory.count, ==, 6);
	memory_check(&memory[0], PLACE, 2 * MIB, 64 * MIB,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_LOADABLE |
			     BH_MEM_NO_HUGEPAGES);
	memory_check(&memory[1], PLACE + 64 * MIB, 0, MIB,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_LOADABLE);
	memory_check(&memory[2], 0, BH_COMM_ADDRESS_X86, BH_COMM_SIZE,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM);
	memory_check(&memory[3], 0x38000000, 0x101000, 0x10000,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_ROOTSHARED);
	memory_check(&memory[4], 0xf0000000, 0xf0000000, 0x2000,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO);
	memory_check(&memory[5], 0xf0002100, 0xf0002100, 64,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO | BH_MEM_IO_16 | BH_MEM_IO_32 |
			     BH_MEM_IO_UNALIGNED);
	g_assert_cmpuint(desc->pio.count, ==, 2);
	g_assert_cmphex(desc_pio(desc)[0].base, ==, 0x2f8);
	g_assert_cmpuint(desc_pio(desc)[0].length, ==, 8);
	g_assert_cmphex(desc_pio(desc)[1].base, ==, 0x60);
	g_assert_cmpuint(desc_pio(desc)[1].length, ==, 1);
	/* Both sections are of one controller. */
	g_assert_cmpuint(desc->irqs.count, ==, 1);
	g_assert_cmphex(desc_irqs(desc)->address, ==, HOST_IOAPIC);
	g_assert_cmphex(desc_irqs(desc)->pins[0], ==, 1 << 3 | 1 << 10 | 1 << 11 | 1 << 20);
	g_assert_cmpuint(desc->pci.count, ==, 2);
	g_assert_cmphex(desc_pci(desc)[0].bdf, ==, NIC);
	g_assert_cmphex(desc_pci(desc)[1].bdf, ==, DISK);
	g_assert_cmpuint(desc->console.type, ==, BH_CONSOLE_8250);
	g_assert_cmphex(desc->console.address, ==, 0x2f8);
	g_assert_cmpuint(desc->console.size, ==, 8);
	g_assert_cmpuint(desc->console.divider, ==, 1);
	g_assert_cmpuint(desc->console.flags, ==, 0);
}

static void test_whole(void)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	BhCell *cell = cell_add(set, "whole", whole);
	g_autoptr(BhMachine) machine = machine_make(CORE_CPUS);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autofree struct bh_cell_desc *desc = NULL;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	struct bh_error error;
	u64 at = PLACE;

	no_errors(set, machine);
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	bytes = bh_compile(cell, placement, &failure);
	g_assert_no_error(failure);
	desc = place(bytes, &at);
	whole_check(desc);

	core_start();
	g_assert_cmpint(core_create(desc, &error), ==, 0);
	g_assert_cmpstr(cell_get(7)->name, ==, "whole");
	whole_check(cell_get(7)->desc);
	g_assert_cmpuint(table_lookup(&root_cell.table, GPA(PLACE)).owner, ==, 7);
	g_assert_cmpint(core_call(BH_HC_CELL_DESTROY, 7, &error), ==, 0);
	core_stop();
}

/* Several cells that leave everything open, together on one machine. */
static void test_open(void)
{
	static const char *const names[] = {"a", "b", "c"};
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(CORE_CPUS);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	struct bh_error error;
	u64 at = PLACE;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		cell_add(set, names[i], "[Cell]\nCpus=count:2\n" PLAIN);
	no_errors(set, machine);
	bh_placement_update(placement, set, machine, NULL);
	core_start();
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		BhCell *cell = bh_cell_set_find(set, names[i]);
		g_autoptr(GBytes) bytes = bh_compile(cell, placement, NULL);
		g_autofree struct bh_cell_desc *desc = place(bytes, &at);

		g_assert_cmpint(core_create(desc, &error), ==, 0);
		g_assert_true(bh_placement_learn(placement, cell, desc));
		g_assert_false(bh_placement_learn(placement, cell, desc));
	}
	for (u32 id = 1; id <= G_N_ELEMENTS(names); id++)
		g_assert_cmpint(core_call(BH_HC_CELL_DESTROY, id, &error), ==, 0);
	core_stop();
	/* What was learnt is asked for again. */
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GBytes) bytes =
			bh_compile(bh_cell_set_find(set, names[i]), placement, NULL);
		const struct bh_cell_desc *desc = g_bytes_get_data(bytes, NULL);

		g_assert_cmphex(desc_memory(desc)[0].phys, ==, PLACE + i * 2 * MIB);
	}
}

/* The core agrees that what is found is wrong: each of these it refuses, with the reason we would expect. */
static void test_refused(void)
{
	static const struct {
		const char *text;
		BhFindingKind kind;
		u32 code;
	} wrong[] = {
		{"[Cell]\nCpus=2,2\n" PLAIN, BH_FINDING_CPU_TWICE, BH_E_CPU_TWICE},
		{"[Cell]\nCpus=12\n" PLAIN, BH_FINDING_CPU_MISSING, BH_E_CPU_UNKNOWN},
		{"[Cell]\nCpus=0\n" PLAIN, BH_FINDING_CPU_BOOT, BH_E_CPU_CALLER},
		{"[Cell]\nCpus=2\nResetAddress=1M\n" PLAIN, BH_FINDING_RESET_ADDRESS,
		 BH_E_RESET_ADDRESS},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=1M\nGuestAddress=0x3ffffff80000\n",
		 BH_FINDING_MEMORY_RANGE, BH_E_MEM_WRAP},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=1M\nGuestAddress=0xfee00000\n",
		 BH_FINDING_MEMORY_APIC, BH_E_MEM_PLATFORM},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=1M\nGuestAddress=0x100000\n",
		 BH_FINDING_MEMORY_OVERLAP, BH_E_MEM_OVERLAP},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=1M\nPhysicalAddress=0x38000000\n"
		 "[Memory n]\nSize=1M\nPhysicalAddress=0x38000000\n",
		 BH_FINDING_MEMORY_SAME_PHYSICAL, BH_E_MEM_PHYS_OVERLAP},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=5000\nPhysicalAddress=0x38000000\n",
		 BH_FINDING_MEMORY_PART_PAGE, BH_E_MEM_SUBPAGE},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nType=device\nSize=6K\n"
		 "PhysicalAddress=0xf0000000\n",
		 BH_FINDING_MEMORY_ALIGNMENT, BH_E_MEM_ALIGN},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nType=comm\nGuestAddress=0x200000\n",
		 BH_FINDING_COMM_TWICE, BH_E_COMM_TWICE},
		{"[Cell]\nCpus=2\n[Memory ram]\nSize=1M\n[Memory c]\nType=comm\nSize=8K\n",
		 BH_FINDING_COMM_SIZE, BH_E_COMM_SIZE},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nSize=1M\nPhysicalAddress=0xc8000000\n",
		 BH_FINDING_MEMORY_NOT_RAM, BH_E_MEM_NOT_RAM},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nType=device\nSize=1M\n"
		 "PhysicalAddress=0x38000000\n",
		 BH_FINDING_MEMORY_IS_RAM, BH_E_MEM_IS_RAM},
		{"[Cell]\nCpus=2\n" PLAIN "[Memory m]\nType=device\nSize=4K\n"
		 "PhysicalAddress=0xfec00000\n",
		 BH_FINDING_MEMORY_PLATFORM, BH_E_MEM_PLATFORM},
		{"[Cell]\nCpus=2\n" PLAIN "[Ports p]\nRange=0xcfc\n", BH_FINDING_PORTS_CORE,
		 BH_E_PIO_PLATFORM},
		{"[Cell]\nCpus=2\n" PLAIN "[Interrupts i]\nPins=30\n", BH_FINDING_INTERRUPT_PIN,
		 BH_E_IRQ_RANGE},
		{"[Cell]\nCpus=2\n" PLAIN "[Interrupts i]\nController=0xfec10000\nPins=3\n",
		 BH_FINDING_INTERRUPT_CONTROLLER, BH_E_IRQCHIP_UNKNOWN},
		{"[Cell]\nCpus=2\n" PLAIN "[Device d]\nPci=00:04.0\n", BH_FINDING_DEVICE_MISSING,
		 BH_E_PCI_ABSENT},
		{"[Cell]\nCpus=2\n" PLAIN "[Device d]\nPci=0001:00:02.0\n",
		 BH_FINDING_DEVICE_SEGMENT, BH_E_PCI_DOMAIN},
		{"[Cell]\nCpus=2\n" PLAIN "[Device d]\nPci=00:02.0\n[Device e]\nPci=00:02.0\n",
		 BH_FINDING_DEVICE_TWICE, BH_E_PCI_TWICE},
		{"[Cell]\nCpus=2\nArchitecture=arm64\n" PLAIN, BH_FINDING_ARCHITECTURE,
		 BH_E_DESC_ARCH},
	};

	core_start();
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(BhCellSet) set = bh_cell_set_new();
		BhCell *cell = cell_add(set, "wrong", wrong[i].text);
		g_autoptr(BhMachine) machine = machine_make(CORE_CPUS);
		g_autoptr(BhPlacement) placement = bh_placement_new();
		g_autoptr(GPtrArray) findings = NULL;
		g_autofree struct bh_cell_desc *desc = NULL;
		g_autoptr(GBytes) bytes = NULL;
		struct bh_error error;
		u64 at = PLACE;
		guint found = 0;

		findings = bh_validate(set, NULL, machine);
		for (guint k = 0; k < findings->len; k++) {
			const BhFinding *finding = findings->pdata[k];

			found += finding->kind == wrong[i].kind;
		}
		g_assert_cmpuint(found, ==, 1);
		bh_placement_update(placement, set, machine, NULL);
		bytes = bh_compile(cell, placement, NULL);
		g_assert_nonnull(bytes);
		desc = place(bytes, &at);
		g_assert_cmpint(core_create(desc, &error), <, 0);
		g_test_message("%s: core error %u", bh_finding_kind_code(wrong[i].kind),
			       error.code);
		g_assert_cmpuint(error.code, ==, wrong[i].code);
	}
	core_stop();
}

/* ---- placement alone ---- */

static char *cpus_text(const BhPlacement *placement, const BhCell *cell)
{
	g_autoptr(GArray) cpus = bh_placement_get_cpus(placement, cell);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < cpus->len; i++)
		g_string_append_printf(text, "%s%u", i ? "," : "", g_array_index(cpus, guint, i));
	return g_string_free(text, FALSE);
}

static void cpus_are(const BhPlacement *placement, const BhCellSet *set, const char *name,
		     const char *wanted)
{
	g_autofree char *cpus = cpus_text(placement, bh_cell_set_find(set, name));

	g_assert_cmpstr(cpus, ==, wanted);
}

/* From the end, whole cores first, around what files name; and it stays so. */
static void test_cpus(void)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = bh_machine_new_simple(8, GIB);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GPtrArray) findings = bh_findings_new();

	for (guint i = 0; i < 8; i++)
		((BhMachineCpu *)machine->cpus->pdata[i])->core = i / 2;
	cell_add(set, "a", "[Cell]\nCpus=count:1\n" PLAIN);
	cell_add(set, "b", "[Cell]\nCpus=count:2\n" PLAIN);
	cell_add(set, "fixed", "[Cell]\nCpus=4\nId=1\n" PLAIN);
	g_assert_true(bh_placement_update(placement, set, machine, findings));
	g_assert_false(bh_placement_update(placement, set, machine, findings));
	/* Core 3 is whole, core 2 is not, core 0 has the boot CPU. */
	cpus_are(placement, set, "a", "7");
	cpus_are(placement, set, "b", "2,3");
	cpus_are(placement, set, "fixed", "4");
	g_assert_cmpuint(bh_placement_get_id(placement, bh_cell_set_find(set, "a")), ==, 2);
	g_assert_cmpuint(bh_placement_get_id(placement, bh_cell_set_find(set, "b")), ==, 3);
	g_assert_cmpuint(bh_placement_get_id(placement, bh_cell_set_find(set, "fixed")), ==, 1);

	/* One that comes before them in the alphabet takes nothing from them. */
	cell_add(set, "0", "[Cell]\nCpus=count:2\n" PLAIN);
	g_assert_true(bh_placement_update(placement, set, machine, findings));
	cpus_are(placement, set, "a", "7");
	cpus_are(placement, set, "b", "2,3");
	cpus_are(placement, set, "0", "5,6");
	g_assert_cmpuint(bh_placement_get_id(placement, bh_cell_set_find(set, "0")), ==, 4);

	/* What a file names is had from those that only chose it. */
	cell_add(set, "fixed", "[Cell]\nCpus=4,7\nId=3\n" PLAIN);
	g_assert_true(bh_placement_update(placement, set, machine, findings));
	cpus_are(placement, set, "a", "1");
	cpus_are(placement, set, "b", "2,3");
	g_assert_cmpuint(bh_placement_get_id(placement, bh_cell_set_find(set, "b")), ==, 1);
	g_assert_cmpuint(findings->len, ==, 0);

	cell_add(set, "z", "[Cell]\nCpus=count:1\n" PLAIN);
	g_assert_true(bh_placement_update(placement, set, machine, findings));
	g_assert_cmpuint(findings->len, ==, 1);
	g_assert_cmpstr(((BhFinding *)findings->pdata[0])->cell, ==, "z");
	g_assert_cmpstr(((BhFinding *)findings->pdata[0])->code, ==, "cpu-few");
	cpus_are(placement, set, "z", "");
	g_assert_true(bh_cell_set_remove(set, "0"));
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	cpus_are(placement, set, "z", "6");
}

static void test_devices(void)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(4);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	BhMachineDevice *nic = machine->devices->pdata[0];
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;
	BhCell *cell;

	cell = cell_add(set, "a", "[Cell]\nCpus=1\n" PLAIN "[Device d]\nMatch=8086:10d3\n");
	g_strfreev(nic->used_for);
	nic->used_for = g_strsplit("network eth0 (default route)", ",", -1);
	bh_placement_update(placement, set, machine, NULL);
	g_assert_null(bh_placement_get_device(placement, cell, cell->devices->pdata[0]));
	bytes = bh_compile(cell, placement, &error);
	g_assert_null(bytes);
	g_assert_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN);
	g_assert_nonnull(strstr(error->message, "[Device d]"));

	g_strfreev(nic->used_for);
	nic->used_for = g_new0(char *, 1);
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_cmpstr(bh_placement_get_device(placement, cell, cell->devices->pdata[0]), ==,
			"0000:00:02.0");
	/* Another's by name: then it is not to be had. */
	cell_add(set, "b", "[Cell]\nCpus=2\n" PLAIN "[Device d]\nPci=00:02.0\n");
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_null(bh_placement_get_device(placement, cell, cell->devices->pdata[0]));
}

static void learn(BhPlacement *placement, BhCell *cell, u64 at)
{
	g_autoptr(GBytes) bytes = bh_compile(cell, placement, NULL);
	g_autofree struct bh_cell_desc *desc = place(bytes, &at);

	bh_placement_learn(placement, cell, desc);
}

static u64 ram_of(const BhPlacement *placement, const BhCell *cell)
{
	return bh_placement_get_memory(placement, cell, cell->memory->pdata[0]);
}

/* Saved and loaded it is the same; a region that changed is placed anew. */
static void test_remembered(void)
{
	static const char text[] = "[Cell]\nCpus=count:1\n" PLAIN "[Device d]\nClass=02\n";
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "placement", NULL);
	g_autofree char *first = NULL, *second = NULL, *shown = NULL;
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(4);
	g_autoptr(BhPlacement) placement = bh_placement_load(path, NULL);
	g_autoptr(BhPlacement) loaded = NULL;
	g_autoptr(GVariant) variant = NULL;
	g_autoptr(GError) error = NULL;
	BhCell *cell = cell_add(set, "a", text);

	g_assert_nonnull(placement);
	bh_placement_update(placement, set, machine, NULL);
	g_assert_cmphex(ram_of(placement, cell), ==, BH_PHYS_ANY);
	learn(placement, cell, PLACE);
	g_assert_cmphex(ram_of(placement, cell), ==, PLACE);
	g_assert_true(bh_placement_save(placement, path, &error));
	g_assert_true(g_file_get_contents(path, &first, NULL, &error));
	loaded = bh_placement_load(path, &error);
	g_assert_no_error(error);
	g_assert_false(bh_placement_update(loaded, set, machine, NULL));
	g_assert_true(bh_placement_save(loaded, path, &error));
	g_assert_true(g_file_get_contents(path, &second, NULL, &error));
	g_assert_cmpstr(first, ==, second);
	variant = g_variant_ref_sink(bh_placement_to_variant(loaded, cell));
	shown = g_variant_print(variant, FALSE);
	g_assert_nonnull(strstr(shown, "'memory': <{'ram': uint64 536870912}>"));
	g_assert_nonnull(strstr(shown, "'devices': <{'d': '0000:00:02.0'}>"));
	g_assert_nonnull(strstr(shown, "'cpus': <[uint32 3]>"));
	g_assert_nonnull(strstr(shown, "'id': <uint32 1>"));

	g_assert_true(bh_placement_forget_memory(loaded, "a"));
	g_assert_false(bh_placement_forget_memory(loaded, "a"));
	g_assert_cmphex(ram_of(loaded, cell), ==, BH_PHYS_ANY);
	cell = cell_add(set, "a",
			"[Cell]\nCpus=count:1\n[Memory ram]\nSize=2M\n"
			"[Memory comm]\nType=comm\n");
	g_assert_cmphex(ram_of(placement, cell), ==, BH_PHYS_ANY);
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_cmphex(ram_of(placement, cell), ==, BH_PHYS_ANY);
	g_assert_true(bh_cell_set_remove(set, "a"));
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void link_is(const BhPlacement *placement, const BhCell *cell, guint i, guint number,
		    guint id, guint peers, guint bdf, u64 virt)
{
	const GArray *links = bh_placement_get_links(placement, cell);
	const struct bh_link *link = &g_array_index(links, struct bh_link, i);

	g_assert_cmpuint(links->len, >, i);
	g_assert_cmpuint(link->number, ==, number);
	g_assert_cmpuint(link->id, ==, id);
	g_assert_cmpuint(link->peers, ==, peers);
	g_assert_cmphex(link->bdf, ==, bdf);
	g_assert_cmphex(link->virt, ==, virt);
	g_assert_cmphex(link->phys, ==, BH_PHYS_ANY);
}

/* Each peer gets its part of what one file describes, and the core takes all of them together. */
static void test_links(void)
{
	static const char a[] =
		"[Cell]\nCpus=1\n[Memory ram]\nSize=1M\nGuestAddress=0\n[Memory comm]\nType=comm\n"
		"[Device nic]\nPci=00:02.0\n"
		"[Link talk]\nPeers=b root\nSharedSize=8K\nOutputSize=4K\nProtocol=0x4001\n";
	static const char b[] =
		"[Cell]\nCpus=2\n" PLAIN "[Link talk]\nVectors=4\nGuestAddress=1G\nPci=00:1d.0\n"
		"[Link net]\nPeers=c\nProtocol=network\nOutputSize=2M\nVectors=3\n";
	static const char c[] = "[Cell]\nCpus=3\n" PLAIN;
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(CORE_CPUS);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	BhCell *cells[] = {cell_add(set, "a", a), cell_add(set, "b", b), cell_add(set, "c", c)};
	const struct bh_link *link;
	struct bh_error error;
	u64 at = PLACE;

	no_errors(set, machine);
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_cmpint(bh_placement_get_link_number(placement, "net"), ==, 0);
	g_assert_cmpint(bh_placement_get_link_number(placement, "talk"), ==, 1);
	g_assert_cmpint(bh_placement_get_link_number(placement, "other"), ==, -1);
	/* Behind the comm region at 1 MiB; large ones at multiples of 2 MiB. */
	link_is(placement, cells[0], 0, 1, 0, 3, 30 << 3, 0x101000);
	link_is(placement, cells[1], 0, 0, 0, 2, 31 << 3, 2 * MIB);
	link_is(placement, cells[1], 1, 1, 1, 3, 29 << 3, GIB);
	link_is(placement, cells[2], 0, 0, 1, 2, 31 << 3, 2 * MIB);
	link = &g_array_index(bh_placement_get_links(placement, cells[1]), struct bh_link, 1);
	g_assert_cmphex(link->rw_size, ==, 8192);
	g_assert_cmphex(link->output_size, ==, 4096);
	g_assert_cmphex(link->protocol, ==, 0x4001);
	g_assert_cmpuint(link->vectors, ==, 4);
	g_assert_cmpuint(link->root_id, ==, 2);
	g_assert_cmpuint(link->root_vectors, ==, 2);
	link = &g_array_index(bh_placement_get_links(placement, cells[2]), struct bh_link, 0);
	g_assert_cmpuint(link->vectors, ==, 3);
	g_assert_cmpuint(link->root_vectors, ==, 0);

	core_start();
	for (guint i = 0; i < G_N_ELEMENTS(cells); i++) {
		g_autoptr(GBytes) bytes = bh_compile(cells[i], placement, NULL);
		g_autofree struct bh_cell_desc *desc = place(bytes, &at);

		if (core_create(desc, &error))
			g_error("%s: error %u, value 0x%lx", cells[i]->name, error.code,
				(gulong)error.value);
	}
	for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
		g_assert_cmpint(core_call(BH_HC_CELL_DESTROY,
					  bh_placement_get_id(placement, cells[i]), &error),
				==, 0);
	core_stop();
}

/* A link keeps its number over loading and whatever comes and goes beside it. */
static void test_link_numbers(void)
{
	static const char text[] = "[Cell]\nCpus=1\n" PLAIN "[Link m]\nPeers=root\n";
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "placement", NULL);
	g_autofree char *more = g_strconcat(text, "[Link a]\nPeers=root\n", NULL);
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(4);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(BhPlacement) loaded = NULL, damaged = NULL;
	g_autoptr(GError) error = NULL;
	BhCell *cell = cell_add(set, "x", text);

	bh_placement_update(placement, set, machine, NULL);
	link_is(placement, cell, 0, 0, 0, 2, 31 << 3, 0x101000);
	cell = cell_add(set, "x", more);
	g_assert_true(bh_placement_update(placement, set, machine, NULL));
	g_assert_cmpint(bh_placement_get_link_number(placement, "m"), ==, 0);
	g_assert_cmpint(bh_placement_get_link_number(placement, "a"), ==, 1);
	g_assert_true(bh_placement_save(placement, path, &error));
	loaded = bh_placement_load(path, &error);
	g_assert_no_error(error);
	g_assert_false(bh_placement_update(loaded, set, machine, NULL));
	link_is(loaded, cell, 0, 0, 0, 2, 31 << 3, 0x101000);
	link_is(loaded, cell, 1, 1, 0, 2, 30 << 3, 0x102000);

	/* Twice the same number, or none that is possible. */
	g_assert_true(
		g_file_set_contents(path, "[Link a]\nNumber=3\n[Link m]\nNumber=3\n", -1, &error));
	damaged = bh_placement_load(path, &error);
	bh_placement_update(damaged, set, machine, NULL);
	g_assert_cmpint(bh_placement_get_link_number(damaged, "a"), ==, 3);
	g_assert_cmpint(bh_placement_get_link_number(damaged, "m"), ==, 0);
	g_clear_pointer(&damaged, bh_placement_unref);
	g_assert_true(
		g_file_set_contents(path, "[Link a]\nNumber=32\n[Link m]\nNumber=x\n", -1, &error));
	damaged = bh_placement_load(path, &error);
	bh_placement_update(damaged, set, machine, NULL);
	g_assert_cmpint(bh_placement_get_link_number(damaged, "a"), ==, 0);
	g_assert_cmpint(bh_placement_get_link_number(damaged, "m"), ==, 1);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* A damaged file is an error or no choice, never a wrong one. */
static void test_damaged(void)
{
	static const char *const texts[] = {
		"[a]\nId=99\n",
		"[a]\nId=-1\nCpus=3;3;\n",
		"[a]\nCpus=-5;\n",
		"[a]\nCpus=0;\n",
		"[a]\nCpus=2;3;\n",
		"[a]\nCpus=pear\n",
		"[a]\nMemory.ram=\n",
		"[a]\nMemory.ram=0x1000\n",
		"[a]\nMemory.ram=0x1000 0x999\n",
		"[a]\nMemory.ram=x y\n",
		"[a]\nDevice.d=\n",
		"[a]\nDevice.d=0000:00:03.0\n",
		"[a]\nDevice.d=../../etc\n",
		"[nobody]\nId=1\n",
		"[]\n",
		"Id=1\n",
		"[a\n",
		"\xff\n",
	};
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "placement", NULL);
	g_autoptr(BhMachine) machine = machine_make(4);

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(BhCellSet) set = bh_cell_set_new();
		BhCell *cell =
			cell_add(set, "a", "[Cell]\nCpus=count:1\n" PLAIN "[Device d]\nClass=02\n");
		g_autoptr(BhPlacement) placement = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
		placement = bh_placement_load(path, &error);
		if (!placement) {
			g_assert_nonnull(error);
			g_assert_true(g_str_has_prefix(error->message, path));
			continue;
		}
		bh_placement_update(placement, set, machine, NULL);
		g_assert_cmpuint(bh_placement_get_id(placement, cell), ==, 1);
		cpus_are(placement, set, "a", "3");
		g_assert_cmphex(ram_of(placement, cell), ==, BH_PHYS_ANY);
		g_assert_cmpstr(bh_placement_get_device(placement, cell, cell->devices->pdata[0]),
				==, "0000:00:02.0");
	}
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* More files than ids: the last ones have none, which is the module's to choose. */
static void test_many(void)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_autoptr(BhMachine) machine = machine_make(4);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	guint without = 0;

	for (guint i = 0; i < 100; i++) {
		g_autofree char *name = g_strdup_printf("cell-%02u", i);

		cell_add(set, name, "[Cell]\nCpus=1\n" PLAIN);
	}
	bh_placement_update(placement, set, machine, NULL);
	for (guint i = 0; i < set->cells->len; i++)
		without += !bh_placement_get_id(placement, set->cells->pdata[i]);
	g_assert_cmpuint(without, ==, 100 - (BH_CELLS_MAX - 1));
}

static void test_images(void)
{
	static const char text[] =
		"[Cell]\nCpus=1\nCommandLine=a b\n" PLAIN "[Image one]\nFile=/one\nAddress=0x2000\n"
		"[Image two]\nFile=/two\nFormat=elf\n";
	g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", text, -1);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	BhCell *cell = bh_cell_parse(file, findings);
	g_autoptr(GArray) images = bh_compile_images(cell, NULL, NULL);
	const BhCompiledImage *image = (void *)images->data;

	/* They outlive the cell. */
	bh_cell_unref(cell);
	g_assert_cmpuint(images->len, ==, 3);
	g_assert_cmpstr(image[0].name, ==, "one");
	g_assert_cmpstr(image[0].path, ==, "/one");
	g_assert_cmphex(image[0].address, ==, 0x2000);
	g_assert_cmpuint(image[0].type, ==, BH_IMAGE_RAW);
	g_assert_cmpstr(image[1].path, ==, "/two");
	g_assert_cmpuint(image[1].type, ==, BH_IMAGE_ELF);
	g_assert_cmpuint(image[2].type, ==, BH_IMAGE_TEXT);
	g_assert_cmpstr(image[2].text, ==, "a b");
	g_assert_cmphex(image[2].address, ==, 0x1000);
}

/* A Linux cell: its parts come first, and the cell finds a little of a PC. */
static void test_linux(void)
{
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *kernel = g_build_filename(directory, "kernel", NULL);
	g_autofree char *text = g_strdup_printf(
		"[Cell]\nCpus=1\n" PLAIN "[Memory main]\nSize=64M\nGuestAddress=0x200000\n"
		"[Linux]\nKernel=%s\nInitrd=%s\nCommandLine=quiet\n",
		kernel, kernel);
	g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", text, -1);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCell) cell = bh_cell_parse(file, findings);
	g_autofree guint8 *bytes = g_malloc0(MIB);
	g_autoptr(GArray) images = NULL;
	g_autoptr(GError) error = NULL;
	const BhCompiledImage *image;

	g_assert_cmpuint(findings->len, ==, 0);
	g_assert_cmphex(cell->flags, ==,
			BH_CELL_PC | BH_CELL_PASSIVE_COMM | BH_CELL_CONSOLE_PERMITTED |
				BH_CELL_CONSOLE_ACTIVE);
	g_assert_null(bh_compile_images(cell, NULL, &error));
	g_assert_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE);
	g_clear_error(&error);

	g_assert_true(g_file_set_contents(kernel, (char *)bytes, MIB, NULL));
	g_assert_null(bh_compile_images(cell, NULL, &error));
	g_assert_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_LINUX);

	memcpy(bytes + 0x1f1, "\x01", 1);
	memcpy(bytes + 0x1f4, "\0\x80", 2);
	memcpy(bytes + 0x1fe, "\x55\xaa\xeb\x66HdrS\x0c\x02", 10);
	memcpy(bytes + 0x230, "\0\0\x20\0\x01\0\x01", 7);
	memcpy(bytes + 0x238, "\xff\x07", 2);
	memcpy(bytes + 0x22c, "\xff\xff\xff\x7f", 4);
	memcpy(bytes + 0x258, "\0\0\x40", 3);
	g_assert_true(g_file_set_contents(kernel, (char *)bytes, MIB, NULL));
	images = bh_compile_images(cell, NULL, NULL);
	g_assert_nonnull(images);
	g_assert_cmpuint(images->len, ==, 4);
	image = (void *)images->data;
	g_assert_cmphex(image[0].address, ==, 0);
	g_assert_cmpuint(image[1].type, ==, BH_IMAGE_TEXT);
	g_assert_cmphex(image[1].address, ==, 0x20000);
	g_assert_cmpuint(image[1].size, >, 8192);
	g_assert_cmpstr(image[1].text + 4096, ==, "quiet");
	g_assert_cmpstr(image[2].path, ==, kernel);
	g_assert_cmphex(image[2].address, ==, 0x400000 - 1024);
	g_assert_cmpstr(image[3].path, ==, kernel);
	g_assert_cmphex(image[3].address, ==, 65 * MIB);

	g_remove(kernel);
	g_rmdir(directory);
}

/* On arm64 there is a device tree in place of the parameters. */
static void test_linux_arm64(void)
{
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *kernel = g_build_filename(directory, "kernel", NULL);
	g_autofree char *text =
		g_strdup_printf("[Cell]\nArchitecture=arm64\nCpus=1\n" PLAIN
				"[Memory main]\nSize=64M\nGuestAddress=0x40000000\n"
				"[Linux]\nKernel=%s\nInitrd=%s\nCommandLine=quiet\n",
				kernel, kernel);
	g_autoptr(BhCellFile) file = bh_cell_file_new("a.cell", text, -1);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCell) cell = bh_cell_parse(file, findings);
	g_autofree guint8 *bytes = g_malloc0(MIB);
	g_autoptr(GArray) images = NULL;
	const BhCompiledImage *image;

	g_assert_cmpuint(findings->len, ==, 0);
	memcpy(bytes + 0x10, "\0\0\x20\0", 4);
	memcpy(bytes + 0x38, "ARM\x64", 4);
	g_assert_true(g_file_set_contents(kernel, (char *)bytes, MIB, NULL));
	images = bh_compile_images(cell, NULL, NULL);
	g_assert_nonnull(images);
	g_assert_cmpuint(images->len, ==, BH_COMPILE_LINUX_IMAGES);
	image = (void *)images->data;
	g_assert_cmphex(image[0].address, ==, 0);
	g_assert_cmpuint(image[1].type, ==, BH_IMAGE_TEXT);
	g_assert_cmphex(image[1].address, ==, 0x80000);
	g_assert_cmphex(image[2].address, ==, 0x1000);
	g_assert_cmpstr(image[2].text, ==, "kernel=0x40000000 dtb=0x80000");
	g_assert_cmphex(image[3].address, ==, 0x40000000);
	g_assert_cmphex(image[4].address, ==, 0x43f00000);
	g_remove(kernel);
	g_rmdir(directory);
}

/* A length has 16 bits, and there are 65536 ports. */
static void test_ports(void)
{
	g_autoptr(BhCellFile) file =
		bh_cell_file_new("a.cell", "[Cell]\nCpus=1\n[Ports p]\nRange=0-0xffff\n", -1);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCell) cell = bh_cell_parse(file, findings);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GBytes) bytes = bh_compile(cell, placement, NULL);
	const struct bh_cell_desc *desc = g_bytes_get_data(bytes, NULL);

	g_assert_cmpuint(desc->pio.count, ==, 2);
	g_assert_cmphex(desc_pio(desc)[1].base, ==, 0x8000);
	g_assert_cmphex(desc_pio(desc)[1].length, ==, 0x8000);
	g_assert_cmpuint(desc->id, ==, 0);
}

/* Behind the memory of the file come a node's registers, in whole pages; its interrupts are those of the controller. */
static void test_nodes(void)
{
	static const guint interrupts[] = {33, 36};
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	BhCell *cell =
		cell_add(set, "a",
			 "[Cell]\nCpus=1\n" PLAIN "[Device serial]\nNode=/soc/serial@9000840\n"
			 "[Interrupts i]\nPins=3\n");
	g_autoptr(BhMachine) machine = machine_make(4);
	BhMachineNode *node = bh_record_append(machine->nodes, &bh_record_node);
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autofree struct bh_cell_desc *placed = NULL;
	g_autofree char *shown = NULL;
	g_autoptr(GVariant) variant = NULL;
	g_autoptr(GBytes) bytes = NULL, none = NULL;
	g_autoptr(GError) error = NULL;
	const struct bh_cell_desc *desc;
	u64 at = PLACE;

	none = bh_compile(cell, placement, &error);
	g_assert_null(none);
	g_assert_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN);
	node->path = g_strdup("/soc/serial@9000840");
	node->start = 0xd0000840;
	node->size = 0x1000;
	g_array_append_vals(node->interrupts, interrupts, G_N_ELEMENTS(interrupts));
	no_errors(set, machine);
	bh_placement_update(placement, set, machine, NULL);
	bytes = bh_compile(cell, placement, NULL);
	desc = g_bytes_get_data(bytes, NULL);
	g_assert_cmpuint(desc->memory.count, ==, 3);
	memory_check(&desc_memory(desc)[2], 0xd0000000, 0xd0000000, 0x2000,
		     BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO);
	g_assert_cmpuint(desc->irqs.count, ==, 1);
	g_assert_cmphex(desc_irqs(desc)->address, ==, HOST_IOAPIC);
	g_assert_cmphex(desc_irqs(desc)->pins[0], ==, 1 << 3);
	g_assert_cmphex(desc_irqs(desc)->pins[1], ==, 1 << 1 | 1 << 4);
	g_assert_cmpuint(desc->pci.count, ==, 0);
	placed = place(bytes, &at);
	g_assert_true(bh_placement_learn(placement, cell, placed));
	g_assert_cmphex(ram_of(placement, cell), ==, PLACE);
	variant = g_variant_ref_sink(bh_placement_to_variant(placement, cell));
	shown = g_variant_print(variant, FALSE);
	g_assert_nonnull(strstr(shown, "{'serial': '/soc/serial@9000840'}"));
	/* Where the machine has no such device any more. */
	node->size = 0;
	bh_placement_update(placement, set, machine, NULL);
	none = bh_compile(cell, placement, NULL);
	g_assert_null(none);
}

static void gic_entry_check(const struct bh_irqs *irqs, guint first, guint32 pins0, guint32 pins1,
			    guint32 pins2, guint32 pins3)
{
	const guint32 pins[] = {pins0, pins1, pins2, pins3};

	g_assert_cmphex(irqs->address, ==, 0x8000000);
	g_assert_cmpuint(irqs->first, ==, first);
	for (guint i = 0; i < 4; i++)
		g_assert_cmphex(irqs->pins[i], ==, pins[i]);
}

/* A GIC counts its shared interrupts from 32; pins of a cell are those, and what is each CPU's own is none. */
static void test_gic_nodes(void)
{
	static const guint interrupts[] = {30, 33, 100, 32 + 640};
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	BhCell *cell = cell_add(set, "a",
				"[Cell]\nArchitecture=arm64\nCpus=1\n" PLAIN
				"[Device serial]\nNode=/pl011@9000000\n"
				"[Interrupts i]\nController=0x8000000\nPins=2,127,128\n"
				"[Interrupts j]\nPins=640-641,987\n");
	g_autoptr(BhMachine) machine = bh_machine_new_simple(2, HOST_LOW_RAM_END);
	BhMachineNode *node = bh_record_append(machine->nodes, &bh_record_node);
	BhMachineInterrupt *used = bh_record_append(machine->interrupts, &bh_record_interrupt);
	BhMachineIntc *gic = machine->intcs->pdata[0];
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GPtrArray) findings = NULL;
	g_autoptr(GBytes) bytes = NULL;
	const struct bh_cell_desc *desc;
	gboolean shared = FALSE;
	g_autoptr(GBytes) none = NULL;
	g_autoptr(GError) error = NULL;

	g_free(machine->architecture);
	machine->architecture = g_strdup("arm64");
	g_free(gic->type);
	gic->type = g_strdup("gicv3");
	gic->address = 0x8000000;
	gic->gsi_base = 32;
	gic->pins = 0;
	used->irq = 20;
	used->gsi = 34;
	used->chip = g_strdup("GICv3");
	g_strfreev(used->actions);
	used->actions = g_strsplit("rtc-pl031", ",", -1);
	node->path = g_strdup("/pl011@9000000");
	node->start = 0x9000000;
	node->size = 0x1000;
	g_array_append_vals(node->interrupts, interrupts, G_N_ELEMENTS(interrupts));
	findings = bh_validate(set, NULL, machine);
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];

		shared |= finding->kind == BH_FINDING_INTERRUPT_SHARED &&
			  strstr(finding->message, "pin 2 is used by Linux (rtc-pl031)");
	}
	g_assert_true(shared);
	none = bh_compile(cell, placement, &error);
	g_assert_null(none);
	g_assert_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_OPEN);
	g_assert_nonnull(strstr(error->message, "no interrupt controller has been found for "
						"[Interrupts j] of cell a"));
	bh_placement_update(placement, set, machine, NULL);
	bytes = bh_compile(cell, placement, NULL);
	g_assert_nonnull(bytes);
	desc = g_bytes_get_data(bytes, NULL);
	g_assert_cmpuint(desc->irqs.count, ==, 4);
	gic_entry_check(&desc_irqs(desc)[0], 0, 1 << 1 | 1 << 2, 0, 1 << 4, 1u << 31);
	gic_entry_check(&desc_irqs(desc)[1], 128, 1 << 0, 0, 0, 0);
	gic_entry_check(&desc_irqs(desc)[2], 640, 1 << 0 | 1 << 1, 0, 0, 0);
	gic_entry_check(&desc_irqs(desc)[3], 896, 0, 0, 1 << 27, 0);
}

/* Whether a file names the GIC or leaves that open, it is the same one. */
static void test_gic_conflict(void)
{
	static const char *const controllers[] = {"", "Controller=0x8000000\n"};
	g_autoptr(BhMachine) machine = bh_machine_new_simple(4, HOST_LOW_RAM_END);
	BhMachineIntc *gic = machine->intcs->pdata[0];

	g_free(machine->architecture);
	machine->architecture = g_strdup("arm64");
	gic->address = 0x8000000;
	for (guint i = 0; i < 4; i++) {
		g_autofree char *one =
			g_strdup_printf("[Cell]\nCpus=1\n" PLAIN "[Interrupts i]\n%sPins=200\n",
					controllers[i / 2]);
		g_autofree char *other =
			g_strdup_printf("[Cell]\nCpus=2\n" PLAIN "[Interrupts i]\n%sPins=200\n",
					controllers[i % 2]);
		g_autoptr(BhCellSet) set = bh_cell_set_new();
		g_autoptr(GPtrArray) findings = NULL;
		guint conflicts = 0;

		cell_add(set, "one", one);
		cell_add(set, "other", other);
		bh_cell_set_for_machine(set, machine);
		findings = bh_validate(set, NULL, machine);
		for (guint k = 0; k < findings->len; k++)
			conflicts += ((BhFinding *)findings->pdata[k])->kind ==
				     BH_FINDING_INTERRUPT_CONFLICT;
		g_assert_cmpuint(conflicts, ==, 2);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cell-compile/whole", test_whole);
	g_test_add_func("/cell-compile/open", test_open);
	g_test_add_func("/cell-compile/refused", test_refused);
	g_test_add_func("/cell-compile/cpus", test_cpus);
	g_test_add_func("/cell-compile/devices", test_devices);
	g_test_add_func("/cell-compile/remembered", test_remembered);
	g_test_add_func("/cell-compile/links", test_links);
	g_test_add_func("/cell-compile/link-numbers", test_link_numbers);
	g_test_add_func("/cell-compile/damaged", test_damaged);
	g_test_add_func("/cell-compile/many", test_many);
	g_test_add_func("/cell-compile/images", test_images);
	g_test_add_func("/cell-compile/linux", test_linux);
	g_test_add_func("/cell-compile/linux-arm64", test_linux_arm64);
	g_test_add_func("/cell-compile/ports", test_ports);
	g_test_add_func("/cell-compile/nodes", test_nodes);
	g_test_add_func("/cell-compile/nodes/gic", test_gic_nodes);
	g_test_add_func("/cell-compile/gic-conflict", test_gic_conflict);
	return g_test_run();
}
