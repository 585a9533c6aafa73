// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a Linux kernel goes in a cell, and what its parameter block says. */

#include <elf.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>
#include <bulkhead/board.h>
#include <bulkhead/pc.h>
#include "bh-linux.h"

#define MIB (1ULL << 20)
#define RWX (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE)

static struct bh_memory regions[] = {
	{.virt = 0, .size = MIB, .flags = RWX | BH_MEM_LOADABLE},
	{.virt = MIB, .size = 4096, .flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM},
	{.virt = 2 * MIB, .size = 126 * MIB, .flags = RWX | BH_MEM_LOADABLE},
	{.virt = 0xd0000000, .size = MIB, .flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO},
};

static guint8 head[BH_LINUX_HEAD_SIZE];
static struct bh_linux plan;

static void put(gsize offset, gsize size, guint64 value)
{
	memcpy(head + offset, &value, size);
}

static guint64 get(const guint8 *from, gsize offset, gsize size)
{
	guint64 value = 0;

	memcpy(&value, from + offset, size);
	return value;
}

/* As Debian's kernels have it. */
static struct bh_linux_request request_make(void)
{
	memset(head, 0, sizeof(head));
	put(0x1f1, 1, 39);
	put(0x1f4, 4, 0x70000);
	put(0x1fe, 2, 0xaa55);
	put(0x201, 1, 0x6a);
	memcpy(head + 0x202, "HdrS", 4);
	put(0x206, 2, 0x20f);
	put(0x22c, 4, 0x7fffffff);
	put(0x230, 4, 2 * MIB);
	put(0x234, 1, 1);
	put(0x236, 2, 0x7f);
	put(0x238, 4, 2047);
	put(0x258, 8, 16 * MIB);
	put(0x260, 4, 64 * MIB);
	regions[2].virt = 2 * MIB;
	regions[2].size = 126 * MIB;
	return (struct bh_linux_request){
		.head = head,
		.head_size = sizeof(head),
		.kernel_size = 8 * MIB,
		.initrd_size = 3 * MIB + 5,
		.cmdline = "console=ttyS0",
		.memory = regions,
		.memory_count = G_N_ELEMENTS(regions),
	};
}

static void build(const struct bh_linux_request *request)
{
	g_assert_cmpstr(bh_linux_build(request, &plan), ==, NULL);
}

static void refuses(const struct bh_linux_request *request, const char *what)
{
	const char *why = bh_linux_build(request, &plan);

	g_assert_nonnull(why);
	if (!strstr(why, what))
		g_error("\"%s\" does not say \"%s\"", why, what);
}

static void test_places(void)
{
	struct bh_linux_request request = request_make();

	build(&request);
	g_assert_cmphex(plan.kernel_address, ==, 16 * MIB - 40 * 512);
	g_assert_cmphex(plan.params.entry, ==, 16 * MIB + 0x200);
	g_assert_cmphex(plan.params.kernel, ==, 16 * MIB);
	g_assert_cmphex(plan.params.kernel_size, ==, 64 * MIB);
	/* At the end of memory, in whole pages. */
	g_assert_cmphex(plan.initrd_address, ==, 128 * MIB - 3 * MIB - 4096);

	/* What is preferred is not there: the first place that is aligned. */
	regions[2].virt = 32 * MIB;
	build(&request);
	g_assert_cmphex(plan.params.kernel, ==, 34 * MIB);
	g_assert_cmphex(plan.kernel_address, ==, 34 * MIB - 40 * 512);

	/* Behind the kernel there is no room; before it there is. */
	regions[2].virt = 2 * MIB;
	regions[2].size = 79 * MIB;
	build(&request);
	g_assert_cmphex(plan.initrd_address, ==, (16 * MIB - 40 * 512 - 3 * MIB - 5) & ~4095ULL);

	request.initrd_size = 0;
	build(&request);
	g_assert_cmphex(plan.initrd_address, ==, 0);
}

static void test_zero_page(void)
{
	struct bh_linux_request request = request_make();
	const guint8 *zero_page = plan.params.zero_page, *e820 = zero_page + 0x2d0;
	static const struct {
		guint64 start, end;
		guint32 type;
	} expected[] = {
		{0, 0x30000, 2},
		{0x30000, 0xa0000, 1},
		{MIB, MIB + 4096, 2},
		{2 * MIB, 128 * MIB, 1},
		{0xd0000000, 0xd0000000 + MIB, 2},
	};

	build(&request);
	g_assert_cmpmem(zero_page + 0x202, 4, "HdrS", 4);
	g_assert_cmphex(get(zero_page, 0x258, 8), ==, 16 * MIB);
	g_assert_cmphex(zero_page[0x210], ==, 0xff);
	g_assert_cmphex(get(zero_page, 0x218, 4), ==, plan.initrd_address);
	g_assert_cmphex(get(zero_page, 0x21c, 4), ==, 3 * MIB + 5);
	g_assert_cmphex(get(zero_page, 0x228, 4), ==,
			BH_LINUX_PARAMS + offsetof(struct bh_linux_params, cmdline));
	g_assert_cmpstr(plan.params.cmdline, ==, "console=ttyS0");
	g_assert_cmphex(plan.params.magic, ==, BH_LINUX_MAGIC);
	g_assert_cmpuint(zero_page[0x1e8], ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++, e820 += 20) {
		g_assert_cmphex(get(e820, 0, 8), ==, expected[i].start);
		g_assert_cmphex(get(e820, 8, 8), ==, expected[i].end - expected[i].start);
		g_assert_cmpuint(get(e820, 16, 4), ==, expected[i].type);
	}
	/* As published. */
	g_assert_cmphex(get(zero_page, 0x250, 8), ==,
			BH_LINUX_PARAMS + offsetof(struct bh_linux_params, setup));
	g_assert_cmpuint(sizeof(plan.params.setup), ==, 16 + 284);
	g_assert_cmpuint(plan.params.setup.type, ==, 6);
	g_assert_cmpuint(plan.params.setup.length, ==, 284);
	g_assert_cmpuint(offsetof(struct bh_linux_setup, cpu_ids), ==, 16 + 25);
	g_assert_cmpuint(offsetof(struct bh_linux_setup, uarts), ==, 16 + 280);
	g_assert_cmpuint(sizeof(plan.params), <=, BH_LINUX_LOW_END - BH_LINUX_PARAMS);
}

/* By guest-physical address: everything the tables point to lies in the block. */
static const guint8 *at(guint64 address)
{
	g_assert_cmphex(address, >=, BH_LINUX_PARAMS);
	g_assert_cmphex(address, <, BH_LINUX_PARAMS + sizeof(plan.params));
	return (const guint8 *)&plan.params + (address - BH_LINUX_PARAMS);
}

static void sums_up(const guint8 *bytes, gsize size)
{
	guint8 sum = 0;

	for (gsize i = 0; i < size; i++)
		sum += bytes[i];
	g_assert_cmpuint(sum, ==, 0);
}

static const guint8 *table_at(guint64 address, const char *signature)
{
	const guint8 *table = at(address);

	g_assert_cmpmem(table, 4, signature, 4);
	sums_up(table, get(table, 4, 4));
	return table;
}

/* ACPI 6.4, 20.2.4: a length of two or three bytes that counts itself. */
static gsize package_end(const guint8 *code, gsize at_byte)
{
	gsize length = code[at_byte] & 15, more = code[at_byte] >> 6;

	g_assert_cmpuint(more, >=, 1);
	for (gsize i = 0; i < more; i++)
		length |= (gsize)code[at_byte + 1 + i] << (4 + 8 * i);
	return at_byte + length;
}

/* One scope fills the table, and devices fill the scope; what the loader fills in are resources. */
static void devices_check(const guint8 *ssdt)
{
	const struct bh_acpi_pci *pci = (const void *)ssdt;
	gsize end = get(ssdt, 4, 4), next = 36 + 1 + 2 + 5;
	guint count = 0;

	g_assert_cmpuint(end, ==, sizeof(*pci));
	g_assert_cmphex(ssdt[36], ==, 0x10);
	g_assert_cmpuint(package_end(ssdt, 37), ==, end);
	/* The last has a length of one byte. */
	for (; next < end && ssdt[next + 2] >> 6; count++) {
		g_assert_cmphex(ssdt[next], ==, 0x5b);
		g_assert_cmphex(ssdt[next + 1], ==, 0x82);
		next = package_end(ssdt, next + 2);
	}
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpuint(next + 2 + ssdt[next + 2], ==, end);
	for (guint i = 0; i < BH_LINUX_WINDOWS; i++)
		g_assert_cmphex(pci->window[i].tag, ==, 0x8a);
	g_assert_cmphex(pci->mmconfig.tag, ==, 0x8a);
	g_assert_cmpmem(ssdt + next + 3, 4, "VGEN", 4);
}

static void test_tables(void)
{
	struct bh_linux_request request = request_make();
	const guint8 *rsdp, *xsdt, *fadt, *madt, *dsdt, *ssdt;

	build(&request);
	rsdp = at(get(plan.params.zero_page, 0x070, 8));
	g_assert_cmpmem(rsdp, 8, "RSD PTR ", 8);
	sums_up(rsdp, 20);
	sums_up(rsdp, 36);
	xsdt = table_at(get(rsdp, 24, 8), "XSDT");
	g_assert_cmpuint(get(xsdt, 4, 4), ==, 36 + 3 * 8);
	fadt = table_at(get(xsdt, 36, 8), "FACP");
	madt = table_at(get(xsdt, 44, 8), "APIC");
	ssdt = table_at(get(xsdt, 52, 8), "SSDT");
	/* Behind the end of the list: the loader adds it where there is configuration space. */
	table_at(get(xsdt, 60, 8), "MCFG");
	dsdt = table_at(get(fadt, 140, 8), "DSDT");
	g_assert_true(fadt == plan.params.tables + plan.params.fadt);
	g_assert_true(get(fadt, 112, 4) & 1 << 20); /* hardware-reduced */
	g_assert_true(get(fadt, 112, 4) & 1 << 10); /* with a reset register */
	g_assert_cmphex(get(fadt, 120, 8), ==, BH_PC_RESET);
	g_assert_cmphex(fadt[128], ==, BH_PC_RESET_VALUE);
	g_assert_cmphex(get(fadt, 248, 8), ==, BH_PC_SLEEP_CONTROL);
	g_assert_cmphex(get(fadt, 260, 8), ==, BH_PC_SLEEP_STATUS);
	/* The loader appends the CPUs. */
	g_assert_cmpuint(get(madt, 4, 4), ==, 44);
	g_assert_cmphex(get(madt, 36, 4), ==, 0xfee00000);
	/* A name for S5, and the UART in a scope that fills the rest. */
	g_assert_cmpmem(dsdt + 37, 4, "_S5_", 4);
	g_assert_cmphex(dsdt[49], ==, 0x10);
	g_assert_cmpuint(50 + dsdt[50], ==, get(dsdt, 4, 4));
	devices_check(ssdt);
	g_assert_true(at(plan.params.pci.generation_address) == plan.params.generation_id);
	g_assert_cmphex(plan.params.pci.generation_address % 8, ==, 0);
}

/* Two machines are not the same one. */
static void test_generation(void)
{
	struct bh_linux_request request = request_make();
	guint8 former[sizeof(plan.params.generation_id)];

	build(&request);
	memcpy(former, plan.params.generation_id, sizeof(former));
	build(&request);
	g_assert_cmpint(memcmp(former, plan.params.generation_id, sizeof(former)), !=, 0);
}

static void test_refused(void)
{
	struct bh_linux_request request = request_make();
	char cmdline[2048];

	request.head_size = 0x200;
	refuses(&request, "no bzImage");
	request = request_make();
	put(0x1fe, 2, 0);
	refuses(&request, "no bzImage");
	request = request_make();
	put(0x236, 2, 0);
	refuses(&request, "64-bit");
	request = request_make();
	request.kernel_size = 40 * 512 + 0x700000 - 1;
	refuses(&request, "cut short");
	request = request_make();
	put(0x1f4, 4, 0);
	refuses(&request, "cut short");
	request = request_make();
	memset(head, 0, sizeof(head));
	memcpy(head + 0x38, "ARM\x64", 4);
	refuses(&request, "arm64");
	request = request_make();
	memcpy(head, "\x1f\x8b", 2);
	refuses(&request, "gzip");
	request = request_make();
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	cmdline[sizeof(cmdline) - 1] = '\0';
	request.cmdline = cmdline;
	refuses(&request, "takes 1983");
	request = request_make();
	regions[2].size = 60 * MIB;
	refuses(&request, "loadable memory in one piece");
	request = request_make();
	request.initrd_size = 100 * MIB;
	refuses(&request, "initial file system");
	request = request_make();
	request.memory++;
	request.memory_count--;
	refuses(&request, "at guest address 0");
}

/* An ELF kernel of two segments, the first with notes in it, its PVH entry point among them. */
static guint8 elf[8192];

static bool elf_read(void *file, uint64_t offset, void *to, size_t size)
{
	g_assert_true(file == elf);
	if (offset > sizeof(elf) || size > sizeof(elf) - offset)
		return false;
	memcpy(to, elf + offset, size);
	return true;
}

static struct bh_linux_request elf_request_make(void)
{
	struct bh_linux_request request = request_make();
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = 16 * MIB,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	const Elf64_Phdr segments[] = {
		{.p_type = PT_LOAD,
		 .p_offset = 4096,
		 .p_vaddr = 0xffffffff81000000,
		 .p_paddr = 16 * MIB,
		 .p_filesz = 4096,
		 .p_memsz = 4096},
		{.p_type = PT_LOAD, .p_offset = 8192, .p_paddr = 24 * MIB, .p_memsz = 4 * MIB},
		{.p_type = PT_NOTE, .p_offset = 4096, .p_filesz = 44},
	};
	const guint32 notes[] = {
		4, 4, 17, 0x6e6558, 1, /* another of Xen's */
		4, 8, 18, 0x6e6558, 16 * MIB + 64,
		0,
	};

	memset(elf, 0, sizeof(elf));
	memcpy(elf, &header, sizeof(header));
	memcpy(elf + sizeof(header), segments, sizeof(segments));
	memcpy(elf + 4096, notes, sizeof(notes));
	request.head = elf;
	request.head_size = 4096;
	request.kernel_size = sizeof(elf);
	request.read = elf_read;
	request.file = elf;
	return request;
}

static void test_elf(void)
{
	struct bh_linux_request request = elf_request_make();
	Elf64_Ehdr *header = (Elf64_Ehdr *)elf;
	Elf64_Phdr *segment = (Elf64_Phdr *)(header + 1);

	build(&request);
	g_assert_true(plan.is_elf);
	g_assert_cmphex(plan.params.pvh_entry, ==, 16 * MIB + 64);
	g_assert_cmphex(plan.params.kernel, ==, 16 * MIB);
	g_assert_cmphex(plan.params.kernel_size, ==, 12 * MIB);
	g_assert_cmphex(plan.initrd_address, ==, 128 * MIB - 3 * MIB - 4096);
	g_assert_cmpmem(plan.params.zero_page + 0x202, 4, "HdrS", 4);
	g_assert_cmphex(get(plan.params.zero_page, 0x218, 4), ==, plan.initrd_address);
	/* Without the note it is entered as vmlinux is. */
	segment[2].p_type = PT_NULL;
	build(&request);
	g_assert_cmphex(plan.params.pvh_entry, ==, 0);
	g_assert_cmphex(plan.params.entry, ==, 16 * MIB);

	segment[0].p_vaddr = 0;
	refuses(&request, "neither Linux' vmlinux");

	request = elf_request_make();
	segment[2].p_type = PT_NULL;
	header->e_entry = 64 * MIB;
	refuses(&request, "entered at 0x4000000");
	request = elf_request_make();
	header->e_machine = EM_AARCH64;
	refuses(&request, "another processor");
	request = elf_request_make();
	header->e_ident[EI_CLASS] = ELFCLASS32;
	refuses(&request, "another processor");
	request = elf_request_make();
	header->e_type = ET_REL;
	refuses(&request, "not linked");
	request = elf_request_make();
	header->e_phnum = 100;
	refuses(&request, "not described");
	request = elf_request_make();
	request.kernel_size = 8000;
	refuses(&request, "cut short");
	request = elf_request_make();
	segment[1].p_paddr = 127 * MIB;
	refuses(&request, "wants 0x400000 bytes at 0x7f00000");
	request = elf_request_make();
	segment[0].p_paddr = 0x10000;
	refuses(&request, "above 1M");
}

/* A header of any bytes is refused or used, but never read beyond. */
static void test_wild(void)
{
	struct bh_linux_request request = request_make();

	for (guint i = 0; i < 200000; i++) {
		guint at_byte = 0x1f0 + g_test_rand_int_range(0, 0x80);

		if (i % 64 == 0)
			request = request_make();
		head[at_byte] = g_test_rand_int();
		request.head_size = g_test_rand_int_range(0, 8) ? sizeof(head) : 0x268;
		if (bh_linux_build(&request, &plan))
			continue;
		g_assert_cmphex(plan.kernel_address + request.kernel_size, <=,
				regions[2].virt + regions[2].size);
		g_assert_cmphex(plan.initrd_address + request.initrd_size, <=,
				regions[2].virt + regions[2].size);
		g_assert_true(plan.initrd_address >= plan.params.kernel + plan.params.kernel_size ||
			      plan.initrd_address + request.initrd_size <= plan.kernel_address);
	}
}

/* ---- arm64 ---- */

static struct bh_memory arm_regions[] = {
	{.virt = 0, .size = MIB, .flags = RWX | BH_MEM_LOADABLE},
	{.virt = 0x40000000, .size = 126 * MIB, .flags = RWX | BH_MEM_LOADABLE},
	{.virt = 0x80000000, .size = 4096, .flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM},
};
static const struct bh_link arm_links[] = {{.bdf = 0x08}, {.bdf = 0x28}};
static struct bh_linux_board board;
static struct bh_linux_arm64 arm;

/* As Debian's kernels have it. */
static struct bh_linux_request arm_request_make(void)
{
	memset(head, 0, sizeof(head));
	put(0x10, 8, 33 * MIB);
	put(0x18, 8, 0xa);
	memcpy(head + 0x38, "ARM\x64", 4);
	arm_regions[1].virt = 0x40000000;
	arm_regions[1].size = 126 * MIB;
	board = (struct bh_linux_board){
		.gicd = 0x8000000,
		.gicr = {{0x80a0000, 0xf60000}},
		.gicr_count = 1,
		.timer_size = 48,
		.cpu_count = 3,
		.cpu = {1, 2, 0x100000003},
	};
	return (struct bh_linux_request){
		.head = head,
		.head_size = sizeof(head),
		.kernel_size = 32 * MIB,
		.initrd_size = 3 * MIB + 5,
		.cmdline = "console=ttyAMA0",
		.memory = arm_regions,
		.memory_count = G_N_ELEMENTS(arm_regions),
		.links = arm_links,
		.link_count = G_N_ELEMENTS(arm_links),
	};
}

static void arm_refuses(const struct bh_linux_request *request, const char *what)
{
	const char *why = bh_linux_build_arm64(request, &board, &arm);

	g_assert_nonnull(why);
	if (!strstr(why, what))
		g_error("\"%s\" does not say \"%s\"", why, what);
}

/* Cell @index of a property; the node and the property are there. */
static guint32 tree_cell(const char *node, const char *property, int index)
{
	int length, offset = fdt_path_offset(arm.dtb, node);
	const fdt32_t *cells = fdt_getprop(arm.dtb, offset, property, &length);

	g_assert_cmpint(offset, >=, 0);
	g_assert_nonnull(cells);
	g_assert_cmpint(length, >, index * 4);
	return fdt32_to_cpu(cells[index]);
}

static void test_arm_places(void)
{
	struct bh_linux_request request = arm_request_make();

	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmphex(arm.kernel_address, ==, 0x40000000);
	g_assert_cmphex(arm.initrd_address, ==, 0x40000000 + 126 * MIB - 3 * MIB - 4096);
	g_assert_cmpstr(arm.words, ==, "kernel=0x40000000 dtb=0x80000");

	/* Memory that does not begin at 2M, and a kernel that wants to be a little behind. */
	arm_regions[1].virt = 0x40100000;
	put(0x08, 8, 0x80000);
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmphex(arm.kernel_address, ==, 0x40280000);
}

static void test_arm_tree(void)
{
	struct bh_linux_request request = arm_request_make();
	const char *text;

	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmpint(fdt_check_full(arm.dtb, arm.dtb_size), ==, 0);
	text = fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, "/chosen"), "bootargs", NULL);
	g_assert_cmpstr(text, ==, "console=ttyAMA0");
	g_assert_cmphex(tree_cell("/chosen", "linux,initrd-start", 1), ==, arm.initrd_address);
	g_assert_cmphex(tree_cell("/chosen", "linux,initrd-end", 1), ==,
			arm.initrd_address + request.initrd_size);
	/* The loader's memory is not the kernel's. */
	g_assert_cmpint(fdt_path_offset(arm.dtb, "/memory@0"), <, 0);
	g_assert_cmphex(tree_cell("/memory@40000000", "reg", 3), ==, 126 * MIB);
	g_assert_cmphex(tree_cell("/cpus/cpu@100000003", "reg", 0), ==, 1);
	g_assert_cmphex(tree_cell("/cpus/cpu@100000003", "reg", 1), ==, 3);
	text = fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, "/psci"), "method", NULL);
	g_assert_cmpstr(text, ==, "smc");
	g_assert_cmphex(tree_cell("/interrupt-controller@8000000", "reg", 5), ==, 0x80a0000);
	g_assert_cmphex(tree_cell("/pcie@7ff00000", "reg", 1), ==, BH_BOARD_ECAM);
	g_assert_cmphex(tree_cell("/pcie@7ff00000", "interrupt-map", 0), ==, 0x0800);
	g_assert_cmphex(tree_cell("/pcie@7ff00000", "interrupt-map", 6), ==,
			BH_BOARD_LINE_PCI + 1 - 32);
	g_assert_cmphex(tree_cell("/pcie@7ff00000", "interrupt-map", 8), ==, 0x2800);
	g_assert_null(fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, "/chosen"),
				  "linux,pci-probe-only", NULL));
	text = fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, "/aliases"), "serial0", NULL);
	g_assert_cmphex(tree_cell(text, "reg", 1), ==, BH_BOARD_UART);

	request.link_count = 0;
	request.initrd_size = 0;
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmpint(fdt_path_offset(arm.dtb, "/pcie@7ff00000"), <, 0);
	g_assert_null(fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, "/chosen"),
				  "linux,initrd-start", NULL));
}

static void test_arm_refused(void)
{
	struct bh_linux_request request = arm_request_make();
	g_autofree char *words = g_strnfill(2048, 'x');

	request.cmdline = words;
	arm_refuses(&request, "2048 characters");
	request.cmdline = "";
	arm_regions[1].size = 32 * MIB;
	arm_refuses(&request, "give the cell more");
	arm_regions[1].size = 34 * MIB;
	arm_refuses(&request, "initial file system");
	request.head_size = 0x3f;
	arm_refuses(&request, "no Image for arm64");
	request = request_make();
	arm_refuses(&request, "no Image for arm64");
	request = arm_request_make();
	request.memory++;
	request.memory_count--;
	arm_refuses(&request, "at guest address 0");
	request = arm_request_make();
	put(0x18, 8, 1);
	arm_refuses(&request, "big-endian");
	/* A program of UEFI says how long its file is. */
	request = arm_request_make();
	put(0, 2, 0x5a4d);
	put(0x3c, 4, 0x40);
	memcpy(head + 0x40, "PE\0\0", 4);
	put(0x46, 2, 2);
	put(0x54, 2, 160);
	put(0x108, 4, 24 * MIB);
	put(0x10c, 4, MIB / 16);
	put(0x130, 4, 8 * MIB);
	put(0x134, 4, 24 * MIB);
	g_assert_null(bh_linux_build_arm64(&request, &board, &arm));
	request.kernel_size--;
	arm_refuses(&request, "cut short: it has 33554431 of 33554432 bytes");
	memcpy(head, "\x1f\x8b", 2);
	arm_refuses(&request, "gzip");
	put(0, 2, 0x5a4d);
	memcpy(head + 4, "zimg", 4);
	arm_refuses(&request, "compressed EFI");
}

static void board_says(const char *root, const char *what)
{
	const guint32 cpus[] = {0, 1};
	const char *why = bh_linux_board_read(root, cpus, 2, &board);

	if (what)
		g_assert_nonnull(why);
	else
		g_assert_cmpstr(why, ==, NULL);
	if (what && !strstr(why, what))
		g_error("\"%s\" does not say \"%s\"", why, what);
}

static void file_put(const char *root, const char *name, const void *data, gssize size)
{
	g_autofree char *path = g_build_filename(root, name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, data, size, NULL));
}

static void gicr_check(guint place, guint64 start, guint64 size)
{
	g_assert_cmphex(board.gicr[place].start, ==, start);
	g_assert_cmphex(board.gicr[place].size, ==, size);
}

/* A cell's tree is as good as a machine's. */
static void test_arm_board(void)
{
	struct bh_linux_request request = arm_request_make();
	g_autofree char *root = g_dir_make_tmp("linux-test.XXXXXX", NULL);
	const char *const made[] = {"sys/devices/system/cpu/cpu0/of_node/reg",
				    "sys/devices/system/cpu/cpu1/of_node/reg",
				    "sys/devices/system/cpu/cpu0/of_node",
				    "sys/devices/system/cpu/cpu1/of_node",
				    "sys/devices/system/cpu/cpu0",
				    "sys/devices/system/cpu/cpu1",
				    "sys/devices/system/cpu",
				    "sys/devices/system",
				    "sys/devices",
				    "sys/firmware/fdt",
				    "sys/firmware",
				    "sys",
				    ""};

	board_says(root, "described by a device tree");
	file_put(root, "sys/firmware/fdt", "no tree", 7);
	board_says(root, "damaged");
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	board = (struct bh_linux_board){};
	request = arm_request_make();
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	file_put(root, "sys/firmware/fdt", arm.dtb, arm.dtb_size);
	board_says(root, "cpu0/of_node/reg");
	file_put(root, made[0], "\0\0\0\7", 4);
	file_put(root, made[1], "\0\0\0\1\0\0\0\2", 8);
	board_says(root, NULL);
	g_assert_cmphex(board.gicd, ==, 0x8000000);
	gicr_check(0, 0x80a0000, 0xf60000);
	g_assert_cmpuint(board.gicr_count, ==, 1);
	g_assert_cmpuint(board.gicr_stride, ==, 0);
	g_assert_cmpuint(board.timer_size, ==, 48);
	g_assert_cmpuint(board.cpu_count, ==, 2);
	g_assert_cmphex(board.cpu[0], ==, 7);
	g_assert_cmphex(board.cpu[1], ==, 0x100000002);
	/* Where redistributors are in several places, too: as many as fit, and not one more. */
	request = arm_request_make();
	board.gicr_stride = 0x40000;
	board.gicr_count = BH_LINUX_GICR_MAX;
	for (guint i = 1; i < BH_LINUX_GICR_MAX; i++)
		board.gicr[i] = (struct bh_range){0x400000000 * i, 0x20000 * i};
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmpuint(tree_cell("/interrupt-controller@8000000", "#redistributor-regions", 0),
			 ==, BH_LINUX_GICR_MAX);
	file_put(root, "sys/firmware/fdt", arm.dtb, arm.dtb_size);
	board_says(root, NULL);
	g_assert_cmpuint(board.gicr_count, ==, BH_LINUX_GICR_MAX);
	g_assert_cmphex(board.gicr_stride, ==, 0x40000);
	gicr_check(0, 0x80a0000, 0xf60000);
	for (guint i = 1; i < BH_LINUX_GICR_MAX; i++)
		gicr_check(i, 0x400000000 * i, 0x20000 * i);
	g_assert_cmpint(fdt_setprop_inplace_u32(
				arm.dtb, fdt_path_offset(arm.dtb, "/interrupt-controller@8000000"),
				"#redistributor-regions", BH_LINUX_GICR_MAX + 1),
			==, 0);
	file_put(root, "sys/firmware/fdt", arm.dtb, arm.dtb_size);
	board_says(root, "in more places than a Linux cell can be told of");
	/* With a GICv2, too. */
	request = arm_request_make();
	board.gicc = 0x8010000;
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	file_put(root, "sys/firmware/fdt", arm.dtb, arm.dtb_size);
	board_says(root, NULL);
	g_assert_cmphex(board.gicd, ==, 0x8000000);
	g_assert_cmphex(board.gicc, ==, 0x8010000);
	g_assert_cmpuint(board.gicr_count, ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
		g_autofree char *path = g_build_filename(root, made[i], NULL);

		g_assert_cmpint(g_remove(path), ==, 0);
	}
}

/* ACPI's tables, of a machine with two CPUs that are not in the order of their affinities. */
static guint8 madt[44 + 2 * 80 + 24 + 2 * 16], gtdt[96];

static void madt_make(void)
{
	guint8 *at = madt + 44;

	memset(madt, 0, sizeof(madt));
	for (guint i = 0; i < 2; i++, at += 80) {
		at[0] = 0xb;
		at[1] = 80;
		at[8] = 4 + i; /* name */
		at[68] = 9 - i; /* affinity */
	}
	at[0] = 0xc;
	at[1] = 24;
	at[11] = 8; /* 0x8000000 */
	at += 24;
	at[0] = 0xe;
	at[1] = 16;
	at[7] = 0x10; /* 0x10000000 */
	at[14] = 2; /* 0x20000 bytes */
	at[16] = 0xf; /* something else */
	at[17] = 16;
	memset(gtdt, 0, sizeof(gtdt));
	gtdt[56] = 30;
	gtdt[60] = 3; /* an edge, active low */
	gtdt[64] = 28;
}

static void tables_put(const char *root)
{
	file_put(root, "sys/firmware/acpi/tables/APIC", madt, sizeof(madt));
	file_put(root, "sys/firmware/acpi/tables/GTDT", gtdt, sizeof(gtdt));
}

static void test_arm_acpi(void)
{
	g_autofree char *root = g_dir_make_tmp("linux-test.XXXXXX", NULL);
	const char *const made[] = {"sys/devices/system/cpu/cpu0/firmware_node/uid",
				    "sys/devices/system/cpu/cpu1/firmware_node/uid",
				    "sys/devices/system/cpu/cpu0/firmware_node",
				    "sys/devices/system/cpu/cpu1/firmware_node",
				    "sys/devices/system/cpu/cpu0",
				    "sys/devices/system/cpu/cpu1",
				    "sys/devices/system/cpu",
				    "sys/devices/system",
				    "sys/devices",
				    "sys/firmware/acpi/tables/APIC",
				    "sys/firmware/acpi/tables/GTDT",
				    "sys/firmware/acpi/tables",
				    "sys/firmware/acpi",
				    "sys/firmware/fdt",
				    "sys/firmware",
				    "sys",
				    ""};
	const guint8 timers[] = {0, 0, 0, 1,  0, 0, 0, 13, 0, 0, 0, 4,	0, 0, 0, 1,
				 0, 0, 0, 14, 0, 0, 0, 2,  0, 0, 0, 1,	0, 0, 0, 12,
				 0, 0, 0, 4,  0, 0, 0, 1,  0, 0, 0, 10, 0, 0, 0, 4};

	/* The tree is that of every kernel under UEFI, and is not asked. */
	file_put(root, "sys/firmware/fdt", "no tree", 7);
	madt_make();
	tables_put(root);
	board_says(root, "cpu0/firmware_node/uid");
	file_put(root, made[0], "5\n", 2);
	file_put(root, made[1], "4\n", 2);
	board_says(root, NULL);
	g_assert_cmphex(board.gicd, ==, 0x8000000);
	gicr_check(0, 0x10000000, 0x20000);
	g_assert_cmpuint(board.gicr_count, ==, 1);
	g_assert_cmpmem(board.timer, board.timer_size, timers, sizeof(timers));
	g_assert_cmpuint(board.cpu_count, ==, 2);
	g_assert_cmphex(board.cpu[0], ==, 8);
	g_assert_cmphex(board.cpu[1], ==, 9);

	file_put(root, made[1], "6\n", 2);
	board_says(root, "does not know CPU 1");
	/* Redistributors in two places. */
	madt[sizeof(madt) - 16] = 0xe;
	madt[sizeof(madt) - 16 + 7] = 0x20; /* 0x20000000 */
	madt[sizeof(madt) - 16 + 14] = 4; /* 0x40000 bytes */
	tables_put(root);
	file_put(root, made[1], "4\n", 2);
	board_says(root, NULL);
	gicr_check(0, 0x10000000, 0x20000);
	gicr_check(1, 0x20000000, 0x40000);
	g_assert_cmpuint(board.gicr_count, ==, 2);
	/* Each CPU names its own: the cell's are there, in its order. */
	madt_make();
	madt[sizeof(madt) - 32] = 0xf;
	madt[44 + 60 + 3] = 0x30;
	madt[44 + 80 + 60 + 3] = 0x40;
	tables_put(root);
	board_says(root, NULL);
	gicr_check(0, 0x40000000, 0x20000);
	gicr_check(1, 0x30000000, 0x20000);
	g_assert_cmpuint(board.gicr_count, ==, 2);
	g_assert_cmphex(board.gicc, ==, 0);
	madt[44 + 80 + 60 + 3] = 0;
	tables_put(root);
	board_says(root, "where the redistributor of CPU 0 is");
	file_put(root, made[1], "6\n", 2);
	/* None, and the CPUs name the interface of a GICv2, or none. */
	madt_make();
	madt[sizeof(madt) - 32] = 0xf;
	tables_put(root);
	board_says(root, "neither a GICv3 nor a GICv2");
	madt[44 + 34] = madt[44 + 80 + 34] = 1; /* 0x10000 */
	tables_put(root);
	file_put(root, made[1], "4\n", 2);
	board_says(root, NULL);
	g_assert_cmphex(board.gicc, ==, 0x10000);
	g_assert_cmpuint(board.gicr_count, ==, 0);
	file_put(root, made[1], "6\n", 2);
	madt_make();
	gtdt[64] = 0;
	tables_put(root);
	board_says(root, "table GTDT");
	/* Cut short anywhere, or with an entry of any length, tables are read to their end and no further. */
	madt_make();
	for (gsize size = 1; size < sizeof(madt); size++) {
		g_autofree guint8 *cut = g_memdup2(madt, size);
		const guint32 cpus[] = {0};

		file_put(root, "sys/firmware/acpi/tables/APIC", cut, size);
		bh_linux_board_read(root, cpus, 1, &board);
	}
	for (guint length = 0; length < 256; length++) {
		madt[45] = length;
		tables_put(root);
		board_says(root, length == 80 ? "does not know CPU 1" : "");
	}
	for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
		g_autofree char *path = g_build_filename(root, made[i], NULL);

		g_assert_cmpint(g_remove(path), ==, 0);
	}
}

/* Two functions on bus 0, which share a page, and one behind a bridge, above 4 GiB. */
static void arm_functions_put(void)
{
	board.pci = (struct bh_linux_pci){
		.ecam = 0x4010000000,
		.coherent = true,
		.count = 3,
		.function =
			{
				{.bdf = 0x18,
				 .line = 38,
				 .bars = 2,
				 .bar = {{0x10040000, 0x20000}, {0x10020000, 0x1000}}},
				{.bdf = 0x21, .bars = 1, .bar = {{0x10020000, 0x1000}}},
				{.bdf = 0x300,
				 .line = 300,
				 .bars = 2,
				 .bar = {{0x8000000000, 0x4000}, {0x8000004000, 0x1000}}},
			},
	};
	arm_regions[0].flags |= BH_MEM_DMA;
	arm_regions[1].flags |= BH_MEM_DMA;
	arm_regions[1].phys = 0x1b0000000;
}

static void tree_cells(const char *node, const char *property, const guint32 *expected, gsize count)
{
	int length;

	g_assert_nonnull(fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, node), property, &length));
	g_assert_cmpint(length, ==, count * 4);
	for (gsize i = 0; i < count; i++)
		g_assert_cmphex(tree_cell(node, property, i), ==, expected[i]);
}
#define TREE_CELLS(node, property, ...)                                \
	tree_cells((node), (property), (const guint32[]){__VA_ARGS__}, \
		   G_N_ELEMENTS(((const guint32[]){__VA_ARGS__})))

static bool tree_has(const char *node, const char *property)
{
	return fdt_getprop(arm.dtb, fdt_path_offset(arm.dtb, node), property, NULL) != NULL;
}

static void test_arm_functions(void)
{
	const char *const bus0 = "/pcie@4010000000", *const bus3 = "/pcie@4010300000";
	struct bh_linux_request request = arm_request_make();

	arm_functions_put();
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_cmpint(fdt_check_full(arm.dtb, arm.dtb_size), ==, 0);
	g_assert_cmpuint(tree_cell("/chosen", "linux,pci-probe-only", 0), ==, 1);
	/* Links are there as well, and nowhere else. */
	g_assert_cmpint(fdt_path_offset(arm.dtb, "/pcie@7ff00000"), <, 0);
	TREE_CELLS(bus0, "reg", 0x40, 0x10000000, 0, 0x100000);
	TREE_CELLS(bus0, "bus-range", 0, 0);
	TREE_CELLS(bus0, "ranges", 0x02000000, 0, 0x10020000, 0, 0x10020000, 0, 0x1000, 0x02000000,
		   0, 0x10040000, 0, 0x10040000, 0, 0x20000, 0x02000000, 0, BH_BOARD_WINDOW, 0,
		   BH_BOARD_WINDOW, 0, BH_BOARD_WINDOW_SIZE);
	TREE_CELLS(bus0, "interrupt-map-mask", 0xff00, 0, 0, 0);
	TREE_CELLS(bus0, "interrupt-map", 0x1800, 0, 0, 0, 1, 0, 6, 4, 0x0800, 0, 0, 0, 1, 0,
		   BH_BOARD_LINE_PCI + 1 - 32, 1, 0x2800, 0, 0, 0, 1, 0, BH_BOARD_LINE_PCI + 1 - 32,
		   1);
	TREE_CELLS(bus0, "dma-ranges", 0x03000000, 1, 0xb0000000, 0, 0x40000000, 0, 126 * MIB);
	g_assert_true(tree_has(bus0, "dma-coherent"));
	g_assert_false(tree_has(bus0, "msi-parent"));
	TREE_CELLS(bus3, "reg", 0x40, 0x10300000, 0, 0x100000);
	TREE_CELLS(bus3, "bus-range", 3, 3);
	TREE_CELLS(bus3, "linux,pci-domain", 3);
	TREE_CELLS(bus3, "ranges", 0x03000000, 0x80, 0, 0x80, 0, 0, 0x5000);
	TREE_CELLS(bus3, "interrupt-map", 0, 0, 0, 0, 1, 0, 300 - 32, 4);

	/* Behind an IOMMU memory is where the cell sees it; and a bridge whose DMA goes past caches. */
	board.pci.coherent = false;
	for (guint i = 0; i < 3; i++)
		board.pci.function[i].translated = true;
	request.link_count = 0;
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_false(tree_has(bus0, "dma-ranges"));
	g_assert_false(tree_has(bus0, "dma-coherent"));
	TREE_CELLS(bus0, "interrupt-map", 0x1800, 0, 0, 0, 1, 0, 6, 4);
	/* Each bus by itself, but not half of one. */
	board.pci.function[2].translated = false;
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_false(tree_has(bus0, "dma-ranges"));
	g_assert_true(tree_has(bus3, "dma-ranges"));
	/* Links do no DMA, and are on bus 0 also where no function is. */
	board.pci.function[0] = board.pci.function[2];
	board.pci.count = 1;
	request.link_count = G_N_ELEMENTS(arm_links);
	g_assert_cmpstr(bh_linux_build_arm64(&request, &board, &arm), ==, NULL);
	g_assert_false(tree_has(bus0, "dma-ranges"));
	TREE_CELLS(bus0, "ranges", 0x02000000, 0, BH_BOARD_WINDOW, 0, BH_BOARD_WINDOW, 0,
		   BH_BOARD_WINDOW_SIZE);
	g_assert_true(tree_has(bus3, "dma-ranges"));
	arm_functions_put();
	request.link_count = 0;
	board.pci.function[0].translated = true;
	arm_refuses(&request, "behind an IOMMU and some are not");
	board.pci.function[1].translated = true;
	request.link_count = BH_LINKS_MAX + 1;
	arm_refuses(&request, "this one has 33");
	request.link_count = 0;
	arm_regions[1].flags &= ~BH_MEM_DMA;
	arm_refuses(&request, "memory at guest address 0x40000000 is not for devices");
	arm_regions[0].flags &= ~BH_MEM_DMA;
}

/* A cell with 00:03.0 and 03:00.0, and with SPIs 6 and 268. */
static struct {
	struct bh_cell_desc head;
	struct bh_pci pci[2];
	struct bh_irqs irqs[2];
} arm_cell = {
	.head =
		{
			.pci = {offsetof(typeof(arm_cell), pci), 2},
			.irqs = {offsetof(typeof(arm_cell), irqs), 2},
		},
	.pci = {{.bdf = 0x18}, {.bdf = 0x300}},
	.irqs = {{.pins = {1 << 6}}, {.first = 256, .pins = {1 << 12}}},
};

static void pci_says(const char *root, const char *what)
{
	const char *why = bh_linux_pci_read(root, &arm_cell.head, &board.pci);

	if (!what)
		g_assert_cmpstr(why, ==, NULL);
	else if (!why || !strstr(why, what))
		g_error("\"%s\" does not say \"%s\"", why, what);
}

static void tree_remove(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		tree_remove(below);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void test_arm_functions_read(void)
{
	g_autofree char *root = g_dir_make_tmp("linux-test.XXXXXX", NULL);
	const char *const node = "sys/class/pci_bus/0000:00/of_node";
	g_autofree char *kind = g_build_filename(node, "compatible", NULL);
	g_autofree char *reg = g_build_filename(node, "reg", NULL);
	g_autofree char *coherent = g_build_filename(node, "../dma-coherent", NULL);
	const char *const first = "sys/bus/pci/devices/0000:00:03.0";
	const char *const second = "sys/bus/pci/devices/0000:03:00.0";
	const char *const resource = "0x0000000010040000 0x000000001005ffff 0x0000000000040200\n"
				     "0x0000000000001000 0x000000000000101f 0x0000000000040101\n"
				     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				     "0x0000008000000100 0x00000080000010ff 0x0000000000140204\n"
				     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				     "0x0000000010000000 0x000000001003ffff 0x0000000000046200\n";
	g_autofree char *path = g_build_filename(first, "resource", NULL);
	g_autofree char *other = g_build_filename(second, "resource", NULL);
	guint8 mcfg[60] = {0}, iort[48 + 32] = {0};

	pci_says(root, "no pci-host-ecam-generic as host bridge 0");
	file_put(root, kind, "something,else", 15);
	pci_says(root, "no pci-host-ecam-generic as host bridge 0");
	file_put(root, kind, "pci-host-ecam-generic", 22);
	pci_says(root, "does not say where the configuration space");
	file_put(root, reg, "\0\0\0\x40\x10\0\0\0\0\0\0\0\x10\0\0\0", 16);
	pci_says(root, "0000:00:03.0/resource cannot be read");
	file_put(root, path, resource, -1);
	file_put(root, other, resource, -1);
	pci_says(root, NULL);
	g_assert_cmphex(board.pci.ecam, ==, 0x4010000000);
	g_assert_false(board.pci.coherent);
	g_assert_cmpuint(board.pci.count, ==, 2);
	g_assert_cmphex(board.pci.function[1].bdf, ==, 0x300);
	/* Whole pages of memory; I/O ports, what is empty and the ROM are nothing to the cell. */
	g_assert_cmpuint(board.pci.function[0].bars, ==, 2);
	g_assert_cmphex(board.pci.function[0].bar[0].size, ==, 0x20000);
	g_assert_cmphex(board.pci.function[0].bar[1].start, ==, 0x8000000000);
	g_assert_cmphex(board.pci.function[0].bar[1].size, ==, 0x2000);
	g_assert_cmpuint(board.pci.function[0].line, ==, 0);
	g_assert_false(board.pci.function[0].translated);

	file_put(root, "sys/bus/pci/devices/0000:00:03.0/irq", "17\n", -1);
	file_put(root, "sys/kernel/irq/17/hwirq", "38\n", -1);
	file_put(root, "sys/bus/pci/devices/0000:03:00.0/irq", "18\n", -1);
	file_put(root, "sys/kernel/irq/18/hwirq", "300\n", -1);
	file_put(root, "sys/bus/pci/devices/0000:03:00.0/iommu_group/type", "DMA\n", -1);
	file_put(root, coherent, "", 0);
	pci_says(root, NULL);
	g_assert_true(board.pci.coherent);
	g_assert_cmpuint(board.pci.function[0].line, ==, 38);
	g_assert_false(board.pci.function[0].translated);
	g_assert_cmpuint(board.pci.function[1].line, ==, 300);
	g_assert_true(board.pci.function[1].translated);
	/* Lines that are not the cell's, no SPI, and none at all. */
	for (guint i = 0; i < 4; i++) {
		file_put(root, "sys/kernel/irq/17/hwirq",
			 ((const char *const[]){"39\n", "6\n", "18446744073709551615\n", "\n"})[i],
			 -1);
		pci_says(root, NULL);
		g_assert_cmpuint(board.pci.function[0].line, ==, 0);
	}

	/* ACPI: segment 1 comes first in the table. */
	file_put(root, "sys/firmware/acpi/tables/MCFG", mcfg, 44);
	pci_says(root, "table MCFG does not say");
	mcfg[44 + 8] = 1;
	mcfg[44] = 1;
	file_put(root, "sys/firmware/acpi/tables/MCFG", mcfg, sizeof(mcfg));
	pci_says(root, "table MCFG does not say");
	mcfg[44 + 8] = 0;
	file_put(root, "sys/firmware/acpi/tables/MCFG", mcfg, sizeof(mcfg));
	pci_says(root, NULL);
	g_assert_cmphex(board.pci.ecam, ==, 1);
	g_assert_true(board.pci.coherent);
	/* A root complex says whether it is coherent. */
	iort[40] = 48;
	iort[48] = 2;
	iort[49] = 32;
	for (guint i = 0; i < 2; i++) {
		iort[48 + 16] = i;
		file_put(root, "sys/firmware/acpi/tables/IORT", iort, sizeof(iort));
		pci_says(root, NULL);
		g_assert_true(board.pci.coherent == !!i);
	}
	/* Cut short anywhere, or with an entry of any length. */
	for (gsize size = 0; size < sizeof(iort); size++) {
		file_put(root, "sys/firmware/acpi/tables/IORT", iort, size);
		pci_says(root, NULL);
	}
	for (guint length = 0; length < 48; length++) {
		iort[49] = length;
		file_put(root, "sys/firmware/acpi/tables/IORT", iort, sizeof(iort));
		pci_says(root, NULL);
	}
	arm_cell.head.pci.count = BH_LINUX_FUNCTIONS_MAX + 1;
	pci_says(root, "and this one has 17");
	arm_cell.head.pci.count = 0;
	pci_says(root, NULL);
	g_assert_cmpuint(board.pci.count, ==, 0);
	arm_cell.head.pci.count = 2;
	tree_remove(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/linux/places", test_places);
	g_test_add_func("/linux/zero-page", test_zero_page);
	g_test_add_func("/linux/tables", test_tables);
	g_test_add_func("/linux/generation", test_generation);
	g_test_add_func("/linux/refused", test_refused);
	g_test_add_func("/linux/elf", test_elf);
	g_test_add_func("/linux/wild", test_wild);
	g_test_add_func("/linux/arm64/places", test_arm_places);
	g_test_add_func("/linux/arm64/tree", test_arm_tree);
	g_test_add_func("/linux/arm64/refused", test_arm_refused);
	g_test_add_func("/linux/arm64/board", test_arm_board);
	g_test_add_func("/linux/arm64/acpi", test_arm_acpi);
	g_test_add_func("/linux/arm64/functions", test_arm_functions);
	g_test_add_func("/linux/arm64/functions/read", test_arm_functions_read);
	return g_test_run();
}
