// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linux on arm64: where it goes (Linux' Documentation/arm64/booting.rst), and the device tree that describes the cell
 * (Devicetree Specification 0.4), made of the cell's memory, what every cell finds (bulkhead/board.h), and what the machine has.
 */

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include <bulkhead/board.h>
#include "bh-linux-private.h"

#define IMAGE_TEXT_OFFSET 0x08
#define IMAGE_SIZE 0x10
#define IMAGE_FLAGS 0x18
#define IMAGE_BIG_ENDIAN 0x1
#define IMAGE_MAGIC 0x38
#define IMAGE_HEADER 0x40
#define IMAGE_ALIGN 0x200000ULL
/* Of an Image that is a program of UEFI as well, as all distributions' are (Microsoft's PE format: headers, section table). */
#define PE_POINTER 0x3c
#define PE_SECTIONS 6
#define PE_OPTIONAL_SIZE 20
#define PE_HEADER 24
#define PE_SECTION 40
#define PE_SECTION_RAW 16 /* size and place in the file */
#define PAGE 4096ULL
#define CMDLINE_MAX 2047 /* COMMAND_LINE_SIZE of arm64 */

#define SPI(id) ((id)-32)
#define GIC_SPI 0
#define EDGE_RISING 1
#define LEVEL_HIGH 4
#define PHANDLE_GIC 1

/* ---- the kernel ---- */

/* How long the file has to be, as far as it says so. */
static uint64_t image_file_size(const struct bh_linux_request *request)
{
	uint64_t pe = bh_linux_get(request->head, PE_POINTER, 4), size = 0, at;

	if (memcmp(request->head, "MZ", 2) || pe + PE_HEADER > request->head_size ||
	    memcmp(request->head + pe, "PE\0\0", 4))
		return 0;
	at = pe + PE_HEADER + bh_linux_get(request->head, pe + PE_OPTIONAL_SIZE, 2);
	for (uint64_t n = bh_linux_get(request->head, pe + PE_SECTIONS, 2);
	     n && at + PE_SECTION <= request->head_size; n--, at += PE_SECTION) {
		uint64_t end = bh_linux_get(request->head, at + PE_SECTION_RAW, 4) +
			       bh_linux_get(request->head, at + PE_SECTION_RAW + 4, 4);

		if (end > size)
			size = end;
	}
	return size;
}

static const char *image_check(const struct bh_linux_request *request)
{
	const uint8_t *head = request->head;

	if (request->head_size >= 2 && !memcmp(head, "\x1f\x8b", 2))
		return "the kernel is compressed with gzip; unpack it (gunzip) and take the Image";
	if (request->head_size >= 8 && !memcmp(head + 4, "zimg", 4))
		return "the kernel is a compressed EFI program; take the Image it was made of";
	if (request->head_size < IMAGE_HEADER || memcmp(head + IMAGE_MAGIC, "ARM\x64", 4))
		return "the kernel is no Image for arm64; take the vmlinuz file of a distribution "
		       "for arm64";
	if (!bh_linux_get(head, IMAGE_SIZE, 8) ||
	    bh_linux_get(head, IMAGE_FLAGS, 8) & IMAGE_BIG_ENDIAN)
		return "the kernel is big-endian, or older than Linux 3.17; take another one";
	if (request->kernel_size < image_file_size(request))
		return bh_linux_refuse("the kernel's file is cut short: it has %" PRIu64
				       " of %" PRIu64 " bytes; copy it again",
				       request->kernel_size, image_file_size(request));
	return NULL;
}

/* What the kernel is told of: not the loader's. */
static bool is_kernels(const struct bh_memory *region)
{
	return bh_linux_is_ram(region) && region->virt;
}

static const char *image_place(const struct bh_linux_request *request, struct bh_linux_arm64 *out)
{
	uint64_t offset = bh_linux_get(request->head, IMAGE_TEXT_OFFSET, 8) % IMAGE_ALIGN;
	uint64_t size = bh_linux_get(request->head, IMAGE_SIZE, 8);

	if (size < request->kernel_size)
		size = request->kernel_size;
	for (uint32_t i = 0; i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];
		uint64_t at = ((region->virt + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1)) + offset;

		if (!is_kernels(region) || !bh_linux_region(request, at, size))
			continue;
		out->kernel_address = at;
		out->kernel_size = size;
		return NULL;
	}
	return bh_linux_refuse("the kernel needs 0x%" PRIx64
			       " bytes of loadable memory from a multiple of 2M on, and there is "
			       "none; give the cell more",
			       offset + size);
}

/* As high as possible. */
static const char *initrd_place(const struct bh_linux_request *request, struct bh_linux_arm64 *out)
{
	uint64_t size = request->initrd_size, kernel_end = out->kernel_address + out->kernel_size;

	for (uint32_t i = 0; size && i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];
		uint64_t at = (region->virt + region->size - size) & ~(PAGE - 1);

		if (is_kernels(region) && size <= region->size &&
		    bh_linux_region(request, at, size) &&
		    (at >= kernel_end || at + size <= out->kernel_address) &&
		    at > out->initrd_address)
			out->initrd_address = at;
	}
	if (size && !out->initrd_address)
		return bh_linux_refuse("the initial file system of 0x%" PRIx64
				       " bytes fits in no loadable memory "
				       "region beside the kernel; give the cell more memory",
				       size);
	return NULL;
}

/* ---- the cell's device tree ---- */

struct tree {
	void *fdt;
	int error; /* the first one */
};

static void keep(struct tree *tree, int error)
{
	if (!tree->error)
		tree->error = error;
}

static void node_begin(struct tree *tree, const char *name, uint64_t address)
{
	char full[64];

	snprintf(full, sizeof(full), address == UINT64_MAX ? "%s" : "%s@%" PRIx64, name, address);
	keep(tree, fdt_begin_node(tree->fdt, full));
}
#define NO_ADDRESS UINT64_MAX

static void node_end(struct tree *tree)
{
	keep(tree, fdt_end_node(tree->fdt));
}

static void put_bytes(struct tree *tree, const char *name, const void *bytes, size_t size)
{
	keep(tree, fdt_property(tree->fdt, name, bytes, size));
}

static void put_text(struct tree *tree, const char *name, const char *text)
{
	put_bytes(tree, name, text, strlen(text) + 1);
}

/* Returns where the next ones go. */
static void *store_cells(void *to, const uint32_t *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fdt32_st((char *)to + i * 4, cells[i]);
	return (char *)to + count * 4;
}
#define STORE_CELLS(to, ...)                               \
	store_cells((to), (const uint32_t[]){__VA_ARGS__}, \
		    sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void put_cells(struct tree *tree, const char *name, const uint32_t *cells, size_t count)
{
	void *place = NULL;

	keep(tree, fdt_property_placeholder(tree->fdt, name, count * 4, &place));
	if (place)
		store_cells(place, cells, count);
}
#define PUT_CELLS(tree, name, ...)                                 \
	put_cells((tree), (name), (const uint32_t[]){__VA_ARGS__}, \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
#define CELLS64(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

static void tree_chosen(struct tree *tree, const struct bh_linux_request *request,
			const struct bh_linux_board *board, const struct bh_linux_arm64 *plan)
{
	uint8_t random[40];

	node_begin(tree, "chosen", NO_ADDRESS);
	put_text(tree, "bootargs", request->cmdline);
	put_text(tree, "stdout-path", "serial0");
	if (request->initrd_size) {
		PUT_CELLS(tree, "linux,initrd-start", CELLS64(plan->initrd_address));
		PUT_CELLS(tree, "linux,initrd-end",
			  CELLS64(plan->initrd_address + request->initrd_size));
	}
	/* BARs of the machine's functions cannot be moved. */
	if (board->pci.count)
		PUT_CELLS(tree, "linux,pci-probe-only", 1);
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) == sizeof(random)) {
		put_bytes(tree, "kaslr-seed", random, 8);
		put_bytes(tree, "rng-seed", random + 8, 32);
	}
	node_end(tree);
}

static void tree_gicv3(struct tree *tree, const struct bh_linux_board *board)
{
	uint32_t reg[4 + 4 * BH_LINUX_GICR_MAX] = {CELLS64(board->gicd), CELLS64(0x10000)};

	for (uint32_t i = 0; i < board->gicr_count; i++) {
		const struct bh_range *gicr = &board->gicr[i];
		const uint32_t cells[] = {CELLS64(gicr->start), CELLS64(gicr->size)};

		memcpy(reg + 4 + 4 * i, cells, sizeof(cells));
	}
	put_cells(tree, "reg", reg, 4 + 4 * board->gicr_count);
	if (board->gicr_count > 1)
		PUT_CELLS(tree, "#redistributor-regions", board->gicr_count);
	if (board->gicr_stride)
		PUT_CELLS(tree, "redistributor-stride", 0, board->gicr_stride);
}

static void tree_cpus(struct tree *tree, const struct bh_linux_board *board)
{
	node_begin(tree, "cpus", NO_ADDRESS);
	PUT_CELLS(tree, "#address-cells", 2);
	PUT_CELLS(tree, "#size-cells", 0);
	for (uint32_t i = 0; i < board->cpu_count; i++) {
		node_begin(tree, "cpu", board->cpu[i]);
		put_text(tree, "device_type", "cpu");
		put_text(tree, "compatible", "arm,armv8");
		PUT_CELLS(tree, "reg", CELLS64(board->cpu[i]));
		put_text(tree, "enable-method", "psci");
		node_end(tree);
	}
	node_end(tree);
	node_begin(tree, "psci", NO_ADDRESS);
	put_bytes(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	put_text(tree, "method", "smc");
	node_end(tree);
	node_begin(tree, "timer", NO_ADDRESS);
	put_text(tree, "compatible", "arm,armv8-timer");
	put_bytes(tree, "interrupts", board->timer, board->timer_size);
	node_end(tree);
	node_begin(tree, "interrupt-controller", board->gicd);
	put_text(tree, "compatible", board->gicc ? "arm,gic-400" : "arm,gic-v3");
	put_bytes(tree, "interrupt-controller", NULL, 0);
	PUT_CELLS(tree, "#interrupt-cells", 3);
	PUT_CELLS(tree, "#address-cells", 0);
	if (board->gicc)
		PUT_CELLS(tree, "reg", CELLS64(board->gicd), CELLS64(0x1000), CELLS64(board->gicc),
			  CELLS64(0x2000));
	else
		tree_gicv3(tree, board);
	PUT_CELLS(tree, "phandle", PHANDLE_GIC);
	node_end(tree);
}

static void tree_memory(struct tree *tree, const struct bh_linux_request *request)
{
	for (uint32_t i = 0; i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];

		if (!is_kernels(region))
			continue;
		node_begin(tree, "memory", region->virt);
		put_text(tree, "device_type", "memory");
		PUT_CELLS(tree, "reg", CELLS64(region->virt), CELLS64(region->size));
		node_end(tree);
	}
}

/* ---- PCI: IEEE Std 1275 binding for PCI buses, and the kernel's pci-host-ecam-generic ---- */

#define SPACE_MEMORY 0x02000000
#define SPACE_MEMORY_64BIT 0x03000000
#define BDF_BITS 0xff00 /* device and function in an address */
#define BUS_SHIFT 20 /* of configuration space */
#define WINDOWS_MAX (BH_LINUX_FUNCTIONS_MAX * 6 + 1)
/* Ranges have 7 cells, and mapped interrupts 8. */
#define CELLS_MAX (8 * (BH_LINUX_FUNCTIONS_MAX + BH_LINKS_MAX) + 7 * WINDOWS_MAX)

/* One host bridge of the cell: a bus, and what of it is the cell's. */
struct bus {
	const struct bh_linux_request *request;
	const struct bh_linux_pci *pci;
	uint32_t number;
	bool links; /* bus 0 alone has any */
	uint64_t ecam;
};

static bool is_on(const struct bus *bus, const struct bh_linux_function *function)
{
	return (uint32_t)function->bdf >> 8 == bus->number;
}

static void cells_add(uint32_t *cells, size_t *count, const uint32_t *more, size_t n)
{
	memcpy(cells + *count, more, n * 4);
	*count += n;
}
#define CELLS_ADD(cells, count, ...)                                 \
	cells_add((cells), (count), (const uint32_t[]){__VA_ARGS__}, \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void window_add(struct bh_range *windows, size_t *count, struct bh_range new)
{
	size_t at = *count;

	while (at && windows[at - 1].start > new.start) {
		windows[at] = windows[at - 1];
		at--;
	}
	windows[at] = new;
	(*count)++;
}

/* Small BARs can share a page, and what follows directly on another is one with it. */
static size_t windows_merge(struct bh_range *windows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 1; i < count; i++) {
		struct bh_range *last = &windows[kept];
		uint64_t end = windows[i].start + windows[i].size;

		if (windows[i].start > last->start + last->size)
			windows[++kept] = windows[i];
		else if (end > last->start + last->size)
			last->size = end - last->start;
	}
	return count ? kept + 1 : 0;
}

/* BARs of functions are where the machine has them, and the windows have no room for anything else. */
static void tree_windows(struct tree *tree, const struct bus *bus)
{
	struct bh_range windows[WINDOWS_MAX];
	uint32_t cells[CELLS_MAX];
	size_t count = 0, n = 0;

	for (uint32_t i = 0; i < bus->pci->count; i++)
		for (uint32_t k = 0; k < bus->pci->function[i].bars; k++)
			if (is_on(bus, &bus->pci->function[i]))
				window_add(windows, &count, bus->pci->function[i].bar[k]);
	if (bus->links)
		window_add(windows, &count,
			   (struct bh_range){BH_BOARD_WINDOW, BH_BOARD_WINDOW_SIZE});
	count = windows_merge(windows, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t start = windows[i].start, size = windows[i].size;

		CELLS_ADD(cells, &n, start + size > 1ull << 32 ? SPACE_MEMORY_64BIT : SPACE_MEMORY,
			  CELLS64(start), CELLS64(start), CELLS64(size));
	}
	put_cells(tree, "ranges", cells, n);
}

/* A function has one pin, so which one it is need not be known. Pins are levels (PCI Local Bus Specification 3.0, 2.2.6). */
static void tree_lines(struct tree *tree, const struct bus *bus)
{
	uint32_t cells[CELLS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < bus->pci->count; i++) {
		const struct bh_linux_function *function = &bus->pci->function[i];

		if (is_on(bus, function) && function->line)
			CELLS_ADD(cells, &n, (function->bdf & 0xffu) << 8, 0, 0, 0, PHANDLE_GIC,
				  GIC_SPI, SPI(function->line), LEVEL_HIGH);
	}
	for (uint32_t i = 0; bus->links && i < bus->request->link_count; i++) {
		uint32_t bdf = bus->request->links[i].bdf;

		CELLS_ADD(cells, &n, bdf << 8, 0, 0, 0, PHANDLE_GIC, GIC_SPI,
			  SPI(BH_BOARD_LINE_PCI + (bdf >> 3) % BH_BOARD_PINS), EDGE_RISING);
	}
	if (!n)
		return;
	PUT_CELLS(tree, "interrupt-map-mask", BDF_BITS, 0, 0, 0);
	put_cells(tree, "interrupt-map", cells, n);
}

/* Without an IOMMU devices reach memory where the machine has it. */
static void tree_dma(struct tree *tree, const struct bus *bus)
{
	const struct bh_linux_request *request = bus->request;
	uint32_t count = 0;
	bool direct = false;
	void *cells = NULL;

	for (uint32_t i = 0; i < bus->pci->count; i++)
		direct |= is_on(bus, &bus->pci->function[i]) && !bus->pci->function[i].translated;
	for (uint32_t i = 0; direct && i < request->memory_count; i++)
		count += is_kernels(&request->memory[i]);
	if (!count)
		return;
	keep(tree, fdt_property_placeholder(tree->fdt, "dma-ranges", count * 7 * 4, &cells));
	for (uint32_t i = 0; cells && i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];

		if (is_kernels(region))
			cells = STORE_CELLS(cells, SPACE_MEMORY_64BIT, CELLS64(region->phys),
					    CELLS64(region->virt), CELLS64(region->size));
	}
}

static void tree_bus(struct tree *tree, const struct bus *bus)
{
	node_begin(tree, "pcie", bus->ecam);
	put_text(tree, "compatible", "pci-host-ecam-generic");
	put_text(tree, "device_type", "pci");
	if (bus->pci->coherent || !bus->pci->count)
		put_bytes(tree, "dma-coherent", NULL, 0);
	PUT_CELLS(tree, "#address-cells", 3);
	PUT_CELLS(tree, "#size-cells", 2);
	PUT_CELLS(tree, "#interrupt-cells", 1);
	PUT_CELLS(tree, "linux,pci-domain", bus->number);
	PUT_CELLS(tree, "bus-range", bus->number, bus->number);
	PUT_CELLS(tree, "reg", CELLS64(bus->ecam), CELLS64(1ull << BUS_SHIFT));
	tree_windows(tree, bus);
	tree_lines(tree, bus);
	tree_dma(tree, bus);
	node_end(tree);
}

/*
 * Each bus is a host bridge of its own, as there are no bridges that Linux could look behind. In a cell with functions links are on
 * bus 0 of the machine's configuration space, too, and else at a place of their own.
 */
static void tree_pci(struct tree *tree, const struct bh_linux_request *request,
		     const struct bh_linux_pci *pci)
{
	struct bus bus = {.request = request, .pci = pci};

	for (bus.number = 0; bus.number < 256; bus.number++) {
		bool functions = false;

		for (uint32_t i = 0; i < pci->count; i++)
			functions |= is_on(&bus, &pci->function[i]);
		bus.links = !bus.number && request->link_count;
		bus.ecam = pci->count ? pci->ecam + ((uint64_t)bus.number << BUS_SHIFT)
				      : BH_BOARD_ECAM;
		if (functions || bus.links)
			tree_bus(tree, &bus);
	}
}

/* What Linux may give to a device must be for devices, and all devices of a bus must find it at the same place. */
static const char *pci_check(const struct bh_linux_request *request, const struct bh_linux_pci *pci)
{
	for (uint32_t i = 0; i < pci->count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (pci->function[i].bdf >> 8 == pci->function[k].bdf >> 8 &&
			    pci->function[i].translated != pci->function[k].translated)
				return "of the cell's PCI devices on one bus some are behind an "
				       "IOMMU and some are not, which Linux cannot be told; give "
				       "the cell only one kind";
	if (request->link_count > BH_LINKS_MAX)
		return bh_linux_refuse("a Linux cell can be told of %d links, and this one has "
				       "%" PRIu32,
				       BH_LINKS_MAX, request->link_count);
	for (uint32_t i = 0; pci->count && i < request->memory_count; i++)
		if (is_kernels(&request->memory[i]) && !(request->memory[i].flags & BH_MEM_DMA))
			return bh_linux_refuse("the memory at guest address 0x%" PRIx64
					       " is not for devices, and Linux would give it to "
					       "the cell's PCI devices; make it memory for DMA",
					       request->memory[i].virt);
	return NULL;
}

static const char *tree_make(const struct bh_linux_request *request,
			     const struct bh_linux_board *board, struct bh_linux_arm64 *out)
{
	struct tree tree = {.fdt = out->dtb};
	char path[32];

	keep(&tree, fdt_create(out->dtb, sizeof(out->dtb)));
	keep(&tree, fdt_finish_reservemap(out->dtb));
	node_begin(&tree, "", NO_ADDRESS);
	put_text(&tree, "model", "Bulkhead Cell");
	put_text(&tree, "compatible", "bulkhead,cell");
	PUT_CELLS(&tree, "#address-cells", 2);
	PUT_CELLS(&tree, "#size-cells", 2);
	PUT_CELLS(&tree, "interrupt-parent", PHANDLE_GIC);
	node_begin(&tree, "aliases", NO_ADDRESS);
	snprintf(path, sizeof(path), "/uart@%x", BH_BOARD_UART);
	put_text(&tree, "serial0", path);
	node_end(&tree);
	tree_chosen(&tree, request, board, out);
	node_begin(&tree, "hypervisor", NO_ADDRESS);
	put_text(&tree, "compatible", "jailhouse,cell");
	node_end(&tree);
	tree_cpus(&tree, board);
	tree_memory(&tree, request);
	node_begin(&tree, "uart", BH_BOARD_UART);
	put_text(&tree, "compatible", "arm,sbsa-uart");
	PUT_CELLS(&tree, "reg", CELLS64(BH_BOARD_UART), CELLS64(BH_BOARD_UART_SIZE));
	PUT_CELLS(&tree, "interrupts", GIC_SPI, SPI(BH_BOARD_LINE_UART), EDGE_RISING);
	PUT_CELLS(&tree, "current-speed", 115200);
	node_end(&tree);
	tree_pci(&tree, request, &board->pci);
	node_end(&tree);
	keep(&tree, fdt_finish(out->dtb));
	if (tree.error)
		return bh_linux_refuse("the cell's device tree does not fit in %zu bytes (%s); "
				       "give the cell fewer memory regions",
				       sizeof(out->dtb), fdt_strerror(tree.error));
	out->dtb_size = fdt_totalsize(out->dtb);
	return NULL;
}

const char *bh_linux_build_arm64(const struct bh_linux_request *request,
				 const struct bh_linux_board *board, struct bh_linux_arm64 *out)
{
	const char *why = image_check(request);
	size_t length = strlen(request->cmdline);

	memset(out, 0, sizeof(*out));
	if (why)
		return why;
	if (length > CMDLINE_MAX)
		return bh_linux_refuse("the command line has %zu characters, the kernel takes %d",
				       length, CMDLINE_MAX);
	if (!bh_linux_region(request, 0, BH_LINUX_LOW_SIZE))
		return bh_linux_refuse("a Linux cell needs a loadable memory region of at least 1M "
				       "at guest address 0, readable, writable and executable");
	why = image_place(request, out);
	if (!why)
		why = initrd_place(request, out);
	if (!why)
		why = pci_check(request, &board->pci);
	if (!why)
		why = tree_make(request, board, out);
	snprintf(out->words, sizeof(out->words), "kernel=0x%" PRIx64 " dtb=0x%x",
		 out->kernel_address, BH_LINUX_DTB);
	return why;
}
