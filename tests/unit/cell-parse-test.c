// SPDX-License-Identifier: GPL-2.0-or-later
/* What cell files mean: values, defaults, the manual page and the examples. */
#include <glib.h>
#include <string.h>
#include "bh-compile.h"
#include "bh-machine-private.h"
#include "bh-validate.h"
#include "bh-value.h"

#define GIB (1ULL << 30)

static BhCell *parse(const char *text)
{
	g_autoptr(BhCellFile) file = bh_cell_file_new("test.cell", text, -1);
	g_autoptr(GPtrArray) findings = bh_findings_new();
	BhCell *cell = bh_cell_parse(file, findings);

	for (guint i = 0; i < findings->len; i++) {
		g_autofree char *words = bh_finding_to_string(findings->pdata[i]);

		g_test_message("%s", words);
	}
	g_assert_cmpuint(findings->len, ==, 0);
	return cell;
}

/* ---- values ---- */

static void test_sizes(void)
{
	static const struct {
		const char *text;
		guint64 size;
		const char *shortest;
	} good[] = {
		{"0", 0, "0"},
		{"9", 9, "9"},
		{"10", 10, "0xa"},
		{"0x1000", 4096, "4K"},
		{"0X1f", 31, "0x1f"},
		{"4K", 4096, "4K"},
		{"4KiB", 4096, "4K"},
		{"4KB", 4096, "4K"},
		{"1536M", 1536ULL << 20, "1536M"},
		{"2G", 2 * GIB, "2G"},
		{"3T", 3ULL << 40, "3T"},
		{"4096T", 4096ULL << 40, "4096T"},
		{"0xffffffffffffffff", G_MAXUINT64, "0xffffffffffffffff"},
	};
	static const char *const bad[] = {"",
					  "x",
					  "0x",
					  "1k",
					  "1.5M",
					  "-1",
					  "+1",
					  " 1",
					  "1 M",
					  "1 ",
					  "1b",
					  "1MM",
					  "1Mib",
					  "0x1g",
					  "18446744073709551616",
					  "16777216T",
					  "0x10000000000000000"};
	guint64 size;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *text = bh_value_format_size(good[i].size);

		g_assert_true(bh_value_size(good[i].text, &size));
		g_assert_cmphex(size, ==, good[i].size);
		g_assert_cmpstr(text, ==, good[i].shortest);
		g_assert_true(bh_value_size(text, &size));
		g_assert_cmphex(size, ==, good[i].size);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		size = 77;
		g_assert_false(bh_value_size(bad[i], &size));
		g_assert_cmphex(size, ==, 77);
	}
}

static void test_times(void)
{
	static const struct {
		const char *text;
		guint ms;
	} good[] = {
		{"2", 2000}, {"2s", 2000},	  {"500ms", 500},	    {"1min", 60000},
		{"0", 0},    {"1min 30s", 90000}, {"1h1min1s1ms", 3661001}, {"24h", 86400000},
	};
	static const char *const bad[] = {
		"", "s", "1d", "25h", "24h 1ms", "1.5s", "-1", "1 min s", "99999999999999999999"};
	guint ms;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(bh_value_milliseconds(good[i].text, &ms));
		g_assert_cmpuint(ms, ==, good[i].ms);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		ms = 77;
		g_assert_false(bh_value_milliseconds(bad[i], &ms));
		g_assert_cmpuint(ms, ==, 77);
	}
}

static void test_pci(void)
{
	static const char *const bad[] = {"",	       "00:02",		"0:2.8",
					  "00:20.0",   "100:00.0",	"00:02.0 ",
					  "0:0:2.0.0", "10000:00:02.0", "00-02.0"};
	guint segment, bdf;

	g_assert_true(bh_value_pci("0:2.1", &segment, &bdf));
	g_assert_cmphex(segment, ==, 0);
	g_assert_cmphex(bdf, ==, 0x11);
	g_assert_true(bh_value_pci("00ff:fe:1f.7", &segment, &bdf));
	g_assert_cmphex(segment, ==, 0xff);
	g_assert_cmphex(bdf, ==, 0xfeff);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(bh_value_pci(bad[i], &segment, &bdf));
}

static void test_ranges(void)
{
	static const struct {
		guint64 numbers[5];
		gsize count;
		const char *text;
	} lists[] = {
		{{0}, 0, ""},
		{{3}, 1, "3"},
		{{2, 3}, 2, "2,3"},
		{{2, 3, 4}, 3, "2-4"},
		{{1, 3, 4, 5, 9}, 5, "1,3-5,9"},
		{{4, 3, 2}, 3, "4,3,2"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *text = bh_value_format_ranges(lists[i].numbers, lists[i].count);

		g_assert_cmpstr(text, ==, lists[i].text);
	}
}

static void test_nearest(void)
{
	static const char *const words[] = {"Memory", "Image", "Size", "GuestAddress", NULL};

	g_assert_cmpstr(bh_value_nearest("memroy", words), ==, "Memory");
	g_assert_cmpstr(bh_value_nearest("size", words), ==, "Size");
	g_assert_cmpstr(bh_value_nearest("GuestAdress", words), ==, "GuestAddress");
	g_assert_null(bh_value_nearest("Wheels", words));
	g_assert_null(bh_value_nearest("x", words));
	g_assert_null(bh_value_nearest("", words));
}

/* ---- cells ---- */

static void test_defaults(void)
{
	g_autoptr(BhCell) cell =
		parse("[Cell]\nCpus=2,1-3\n[Memory a]\nSize=1M\n[Memory b]\nType=shared\nSize=4K\n"
		      "[Memory c]\nType=comm\n[Interrupts i]\nPins=1\n[Image i]\nFile=/x\n"
		      "[Link l]\nPeers=root\n");
	const BhCellMemory *memory = cell->memory->pdata[0];
	const BhCellInterrupts *interrupts = cell->interrupts->pdata[0];
	const BhCellImage *image = cell->images->pdata[0];
	const BhCellLink *link = cell->links->pdata[0];
	g_autofree char *cpus = bh_cell_cpus_to_string(cell->cpus);

	g_assert_cmpstr(cell->name, ==, "test");
	g_assert_cmpstr(cell->description, ==, "test");
	g_assert_cmpuint(cell->arch, ==, BH_ARCH_X86);
	g_assert_cmpuint(cell->id, ==, 0);
	g_assert_cmpstr(cpus, ==, "2,1-3");
	g_assert_cmpuint(cell->cpu_count, ==, 0);
	g_assert_cmphex(cell->reset_address, ==, 0);
	g_assert_cmphex(cell->flags, ==, BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE);
	g_assert_cmpuint(cell->shutdown_timeout_ms, ==, 1000);
	g_assert_cmpuint(cell->heartbeat_ms, ==, 0);
	g_assert_null(cell->command_line);
	g_assert_cmphex(cell->command_line_address, ==, 0x1000);
	g_assert_cmpint(cell->restart, ==, BH_RESTART_NO);
	g_assert_cmpuint(cell->restart_ms, ==, 100);
	for (gsize i = 0; i < G_N_ELEMENTS(cell->policy); i++)
		g_assert_cmpuint(cell->policy[i], ==, BH_POLICY_STOP);
	g_assert_null(*cell->after);
	g_assert_null(*cell->wants);
	g_assert_cmpint(memory->type, ==, BH_MEMORY_RAM);
	g_assert_cmphex(memory->physical_address, ==, BH_PHYS_ANY);
	g_assert_true(memory->guest_address_chosen);
	g_assert_cmphex(memory->flags, ==,
			BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_DMA | BH_MEM_LOADABLE);
	memory = cell->memory->pdata[1];
	g_assert_cmphex(memory->flags, ==, BH_MEM_READ | BH_MEM_WRITE | BH_MEM_ROOTSHARED);
	memory = cell->memory->pdata[2];
	g_assert_cmphex(memory->flags, ==, BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM);
	g_assert_cmphex(memory->guest_address, ==, BH_COMM_ADDRESS_X86);
	g_assert_cmphex(memory->size, ==, BH_COMM_SIZE);
	g_assert_cmphex(interrupts->controller, ==, 0xfec00000);
	g_assert_cmphex(image->address, ==, 0);
	g_assert_cmpuint(image->type, ==, BH_IMAGE_RAW);
	g_assert_cmpuint(link->vectors, ==, 0);
	g_assert_cmphex(link->guest_address, ==, G_MAXUINT64);
	g_assert_cmpint(link->bdf, ==, -1);
	g_assert_cmpuint(link->protocol, ==, 0);
}

static const BhCellInterrupts *interrupts_of(const BhCellSet *set, const char *name)
{
	return bh_cell_set_find(set, name)->interrupts->pdata[0];
}

/* What a file leaves open follows the machine; what it says does not, wherever it says it. */
static void test_machine(void)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{"open.cell", "[Interrupts i]\nPins=1\n[Cell]\nCpus=1\n[Memory c]\nType=comm\n"},
		{"said.cell", "[Interrupts i]\nPins=1\n[Cell]\nCpus=2\nArchitecture=x86-64\n"
			      "[Memory c]\nType=comm\n"},
		{"wrong.cell", "[Interrupts i]\nPins=1\nOdd=1\n[Cell]\nCpus=3\n"},
	};
	g_autoptr(BhMachine) machine = bh_machine_new_simple(4, GIB);
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	const BhCell *cell;

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(BhCellFile) file = bh_cell_file_new(files[i].path, files[i].text, -1);

		cell = bh_cell_set_put(set, file);
		g_assert_cmpuint(cell->arch, ==, BH_ARCH_X86);
	}
	g_assert_cmphex(interrupts_of(set, "open")->controller, ==, 0xfec00000);
	g_free(machine->architecture);
	machine->architecture = g_strdup("arm64");
	bh_cell_set_for_machine(set, machine);
	g_assert_cmpuint(set->cells->len, ==, 3);
	cell = bh_cell_set_find(set, "open");
	g_assert_cmpuint(cell->arch, ==, BH_ARCH_ARM64);
	g_assert_cmphex(((BhCellMemory *)cell->memory->pdata[0])->guest_address, ==, 0x80000000);
	g_assert_cmphex(interrupts_of(set, "open")->controller, ==, BH_CONTROLLER_ANY);
	cell = bh_cell_set_find(set, "said");
	g_assert_cmpuint(cell->arch, ==, BH_ARCH_X86);
	g_assert_cmphex(((BhCellMemory *)cell->memory->pdata[0])->guest_address, ==, 0x100000);
	g_assert_cmphex(interrupts_of(set, "said")->controller, ==, 0xfec00000);
	/* What was found is neither lost nor found twice. */
	g_assert_cmpuint(set->findings->len, ==, 1);
	bh_cell_set_for_machine(set, NULL);
	g_assert_cmpuint(bh_cell_set_find(set, "open")->arch, ==, BH_ARCH_X86);
	g_assert_cmpuint(set->findings->len, ==, 1);
}

static void test_keys(void)
{
	g_autoptr(BhCell) cell = parse(
		"[Cell]\nDescription=A cell\nArchitecture=arm64\nId=31\nCpus=1\nCpus=4,5\n"
		"ResetAddress=2M\nPassiveComm=on\nShutdownTimeoutSec=1min\nHeartbeatSec=250ms\n"
		"CommandLine=a=b \"c\"\nCommandLineAddress=0x2000\n"
		"[Memory comm]\nType=comm\nAccess=r\n"
		"[Memory s]\nType=shared\nSize=4K\nLoadable=yes\nHugePages=no\nAccess=rd\n"
		"[Device a]\nMatch=8086:*\nClass=0c03\n[Device b]\nClass=020000\n"
		"[Ports p]\nRange=0x60\nRange=1,2-3\n"
		"[Interrupts i]\nController=0x8000000\nPins=32-33\nPins=40\n"
		"[Console]\nVirtual=no\nType=pl011\nAddress=0x9000000\nRegisterDistance=4\n"
		"ClockRegister=0x10\nGate=3\nDivider=7\n"
		"[Link "
		"l]\nPeers=root\nPeers=a,b\nGuestAddress=4G\nPci=1:2.3\nSharedSize=1M\nOutputSize="
		"64K\n"
		"Protocol=network\nVectors=16\n[Link m]\nPeers=root\nProtocol=0x8003\n"
		"[Policy]\nMsr=ignore\nPorts=ignore\nDefault=stop\n"
		"[Service]\nRestart=always\nRestartSec=0\nAfter=a\nAfter=b,c\nWants=d\n");
	const BhCellMemory *memory = cell->memory->pdata[0];
	const BhCellDevice *device = cell->devices->pdata[0];
	const BhCellPorts *ports = cell->ports->pdata[2];
	const BhCellInterrupts *interrupts = cell->interrupts->pdata[0];
	const BhCellLink *link = cell->links->pdata[0];
	const BhNumber *cpu = &g_array_index(cell->cpus, BhNumber, 2);

	g_assert_cmpstr(cell->description, ==, "A cell");
	g_assert_cmpuint(cell->arch, ==, BH_ARCH_ARM64);
	g_assert_cmpuint(cell->id, ==, 31);
	g_assert_cmpuint(cell->cpus->len, ==, 3);
	g_assert_cmpuint(cpu->value, ==, 5);
	g_assert_cmpuint(cpu->line, ==, 6);
	g_assert_cmpuint(cpu->column, ==, 8);
	g_assert_cmphex(cell->reset_address, ==, 2 << 20);
	g_assert_cmphex(cell->flags, ==, BH_CELL_PASSIVE_COMM);
	g_assert_cmpuint(cell->shutdown_timeout_ms, ==, 60000);
	g_assert_cmpuint(cell->heartbeat_ms, ==, 250);
	g_assert_cmpstr(cell->command_line, ==, "a=b \"c\"");
	g_assert_cmphex(cell->command_line_address, ==, 0x2000);
	g_assert_cmphex(memory->guest_address, ==, BH_COMM_ADDRESS_ARM64);
	g_assert_cmphex(memory->flags, ==, BH_MEM_READ | BH_MEM_COMM);
	memory = cell->memory->pdata[1];
	g_assert_cmphex(memory->flags, ==,
			BH_MEM_READ | BH_MEM_DMA | BH_MEM_ROOTSHARED | BH_MEM_LOADABLE |
				BH_MEM_NO_HUGEPAGES);
	g_assert_cmpint(device->vendor, ==, 0x8086);
	g_assert_cmpint(device->device, ==, -1);
	g_assert_cmphex(device->class_code, ==, 0x0c0300);
	g_assert_cmphex(device->class_mask, ==, 0xffff00);
	device = cell->devices->pdata[1];
	g_assert_cmphex(device->class_mask, ==, 0xffffff);
	g_assert_cmpuint(cell->ports->len, ==, 3);
	g_assert_cmpuint(ports->first, ==, 2);
	g_assert_cmpuint(ports->last, ==, 3);
	g_assert_cmpuint(ports->column, ==, 9);
	g_assert_cmpuint(interrupts->pins->len, ==, 3);
	g_assert_cmphex(interrupts->controller, ==, 0x8000000);
	g_assert_cmpuint(cell->console.type, ==, BH_CONSOLE_PL011);
	g_assert_cmphex(cell->console.flags, ==, BH_CONSOLE_MMIO | BH_CONSOLE_REGDIST_4);
	g_assert_cmpuint(cell->console.size, ==, 4096);
	g_assert_cmphex(cell->console.clock_reg, ==, 0x10);
	g_assert_cmpuint(cell->console.gate_nr, ==, 3);
	g_assert_cmpuint(cell->console.divider, ==, 7);
	g_assert_cmpuint(g_strv_length(link->peers), ==, 3);
	g_assert_cmpstr(link->peers[2], ==, "b");
	g_assert_cmpuint(link->protocol, ==, 1);
	g_assert_cmphex(link->guest_address, ==, 1ull << 32);
	g_assert_cmphex(link->bdf, ==, 0x113);
	link = cell->links->pdata[1];
	g_assert_cmphex(link->protocol, ==, 0x8003);
	g_assert_cmpuint(cell->policy[BH_KIND_MSR], ==, BH_POLICY_IGNORE);
	g_assert_cmpuint(cell->policy[BH_KIND_PIO], ==, BH_POLICY_IGNORE);
	g_assert_cmpuint(cell->policy[BH_KIND_MEMORY], ==, BH_POLICY_STOP);
	g_assert_cmpint(cell->restart, ==, BH_RESTART_ALWAYS);
	g_assert_cmpuint(cell->restart_ms, ==, 0);
	g_assert_cmpuint(g_strv_length(cell->after), ==, 3);
	g_assert_cmpstr(cell->wants[0], ==, "d");
}

/* Memory without an address: lowest first, around all that has one, away from devices of a PC. */
static void test_guest_addresses(void)
{
	static const guint64 wanted[] = {0x200000, 0, 0xfd000000, 4 * GIB, 0x100000, 0x1000};
	g_autoptr(BhCell) cell = parse("[Cell]\nCpus=1\n"
				       "[Memory a]\nSize=1G\n"
				       "[Memory b]\nSize=4K\n"
				       "[Memory d]\nType=device\nSize=16M\n"
				       "PhysicalAddress=0xfd000000\n"
				       "[Memory e]\nSize=1G\n"
				       "[Memory f]\nType=comm\n"
				       "[Memory g]\nSize=64K\n");
	const BhCellMemory *memory;

	/* What comes first in the file chooses first. */
	memory = cell->memory->pdata[1];
	g_assert_cmphex(memory->guest_address, ==, 0);
	for (guint i = 0; i < cell->memory->len; i++) {
		memory = cell->memory->pdata[i];
		g_assert_cmphex(memory->guest_address, ==, wanted[i]);
	}
}

/* ---- the manual page ---- */

/* The part of the page below the head of a section. */
static char *page_section(const char *page, const char *kind, gboolean named)
{
	g_autofree char *head = g_strdup_printf("\n.SH \"[%s%s]\"\n", kind, named ? " NAME" : "");
	const char *start = strstr(page, head), *end;

	if (!start)
		g_error("the page has no %s", head);
	start += strlen(head);
	end = strstr(start, "\n.SH ");
	return g_strndup(start, end + 1 - start);
}

static void test_manual(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "docs", "man",
						      "bulkhead.cell.5", NULL);
	g_autofree char *page = NULL;
	g_autoptr(GError) error = NULL;
	guint keys = 0, tags = 0;

	g_file_get_contents(path, &page, NULL, &error);
	g_assert_no_error(error);
	for (const BhCellSchema *schema = bh_cell_schema(); schema->kind; schema++) {
		g_autofree char *section = page_section(page, schema->kind, schema->named);

		for (const BhCellKey *key = schema->keys; key->name; key++, keys++) {
			g_autofree char *tag = g_strdup_printf(".TP\n\\fB%s=\\fR\n", key->name);
			const char *at = strstr(section, tag), *end;
			g_autofree char *words = NULL;

			if (!at)
				g_error("[%s] of the page does not tell of %s=", schema->kind,
					key->name);
			end = strstr(at + strlen(tag), ".TP\n\\fB");
			words = g_strndup(at, end ? end - at : (gssize)strlen(at));
			g_assert_cmpint(strstr(words, "\n.IR Repeats .\n") != NULL, ==,
					key->repeats);
			if (key->required)
				g_assert_nonnull(strstr(words, "\nRequired.\n"));
		}
	}
	/* Nor does it tell of keys there are not. */
	for (const char *c = page; (c = strstr(c, "=\\fR\n")); c++)
		tags++;
	g_assert_cmpuint(tags, ==, keys);
}

/* ---- the examples ---- */

static BhMachine *office_machine(void)
{
	BhMachine *machine = bh_machine_new_simple(12, 3 * GIB);
	BhMachineDevice *device = bh_record_append(machine->devices, &bh_record_device);
	BhMachineIommu *iommu = bh_record_append(machine->iommus, &bh_record_iommu);

	device->address = g_strdup("0000:03:00.0");
	device->vendor = 0x8086;
	device->device = 0x10d3;
	device->class = 0x020000;
	iommu->type = g_strdup("amd-vi");
	return machine;
}

static void test_examples(void)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "..", "..", "data", "examples", NULL);
	g_autoptr(BhMachine) machine = office_machine();
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(BhCellSet) set = bh_cell_set_load(path, &error);
	g_autoptr(GPtrArray) findings = NULL;

	g_assert_no_error(error);
	g_assert_cmpuint(set->cells->len, >=, 5);
	findings = bh_validate(set, NULL, machine);
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];
		g_autofree char *words = bh_finding_to_string(finding);

		/* Their images are nobody's, and a device is never quite without danger. */
		if (finding->kind == BH_FINDING_IMAGE_FILE ||
		    finding->kind == BH_FINDING_DEVICE_NO_IOMMU)
			continue;
		g_test_message("%s", words);
		g_assert_cmpint(finding->severity, ==, BH_SEVERITY_NOTE);
	}
	bh_placement_update(placement, set, machine, NULL);
	for (guint i = 0; i < set->cells->len; i++) {
		g_autoptr(GBytes) bytes = bh_compile(set->cells->pdata[i], placement, &error);

		g_assert_no_error(error);
		g_assert_nonnull(bytes);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cell-parse/sizes", test_sizes);
	g_test_add_func("/cell-parse/times", test_times);
	g_test_add_func("/cell-parse/pci", test_pci);
	g_test_add_func("/cell-parse/ranges", test_ranges);
	g_test_add_func("/cell-parse/nearest", test_nearest);
	g_test_add_func("/cell-parse/defaults", test_defaults);
	g_test_add_func("/cell-parse/keys", test_keys);
	g_test_add_func("/cell-parse/machine", test_machine);
	g_test_add_func("/cell-parse/guest-addresses", test_guest_addresses);
	g_test_add_func("/cell-parse/manual", test_manual);
	g_test_add_func("/cell-parse/examples", test_examples);
	return g_test_run();
}
