/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary cell descriptors, given to the core one after the other. An input is a row of them, each behind its
 * length (2 bytes, little endian). What is refused must change nothing; what is accepted must own what it asked for
 * and see nothing else, survive a start and a stop, and in the end everything must be as in the beginning.
 *
 * With -fsanitize=fuzzer and DESCRIPTOR_FUZZ_LIBFUZZER defined it is a fuzzer; without, a test that
 * replays the files of a corpus, each also cut short and with every third bit of it turned over (with -m slow,
 * every one).
 */
#include "../unit/core-fixture.h"

#define INPUT_MAX 4096
#define FUZZ_CPUS 4
#define FUZZ_MEMORY (96 * MIB) /* little, as all that is given away is cleared */
#define BRIDGE 0x08
#define NIC 0x10
#define NIC_SECOND 0x11

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *beginning; /* the picture of the core without cells */

static void expect(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* Events go on being counted, whatever else is as before. */
static char *picture(void)
{
	char *text = core_picture();

	*strstr(text, "\nevents ") = '\0';
	return text;
}

static void machine_start(void)
{
	struct bh_boot_info info;
	struct bh_error error;
	struct host_function *f;

	f = host_function_add(BRIDGE, 0x1b36, 0x000c);
	f->config[0x0e] = 1;
	f = host_function_add(NIC, 0x1af4, 0x1041);
	host_function_bar(f, 0, 0xd0000000, 16 * KIB, 0);
	host_function_bar(f, 2, 0xd8000000, MIB, 4);
	host_function_bar(f, 4, 0xc000, 0x40, 1);
	host_function_msi(f, 0x50, 0x70, true);
	host_function_msix(f, 0x70, 0, 0, 0x1000, 5);
	f = host_function_add(NIC_SECOND, 0x1af4, 0x1041);
	host_function_bar(f, 0, 0xd0004000, PAGE_SIZE, 0);
	/* Quiet, as a cell leaves them. */
	for (u32 i = 0; i < host.function_count; i++)
		memcpy(&host.functions[i].config[4], (u8[]){0, 4}, 2);
	host_function_find(NIC)->config[0x73] = 0x40;
	host_describe(&info, FUZZ_CPUS, FUZZ_MEMORY, CORE_AT);
	expect(host_start(&info, &error));
	for (u32 id = 1; id < FUZZ_CPUS; id++)
		cpu_get(id)->mode = CPU_WAITING;
	beginning = picture();
}

/* ---- what holds for every cell ---- */

static const struct bh_memory *region_at(const struct cell *cell, u64 virt)
{
	const struct bh_memory *regions = desc_memory(cell->desc);

	for (u32 i = 0; i < cell->desc->memory.count; i++)
		if (virt - regions[i].virt < regions[i].size)
			return &regions[i];
	return NULL;
}

static bool bar_at(const struct cell *cell, u64 address)
{
	for (u32 i = 0; i < cell->pci.count; i++) {
		for (u32 b = 0; b < PCI_BARS; b++) {
			const struct pci_bar *bar = &cell->pci.functions[i].bar[b];
			u64 start = ALIGN_DOWN(bar->base, PAGE_SIZE);

			if (bar->size && !bar->io &&
			    address - start < ALIGN_UP(bar->base + bar->size, PAGE_SIZE) - start)
				return true;
		}
	}
	return false;
}

/* What peer @id may do with a page of the link. */
static u32 link_rights(const struct bh_link *link, u32 id, u64 offset)
{
	u64 rw = BH_LINK_STATE_SIZE, outputs = rw + link->rw_size;
	u64 own = outputs + id * link->output_size;

	return (offset >= rw && offset < outputs) ||
			       (offset >= own && offset < own + link->output_size)
		       ? TABLE_READ | TABLE_WRITE
		       : TABLE_READ;
}

/* Nothing but what it may see as a peer, and nothing of a link that is being made or dropped. */
static void check_root_sees(const struct bh_link *link, u64 offset, const struct table_entry *root)
{
	expect(!root->present ||
	       (link->root_vectors && root->flags == link_rights(link, link->root_id, offset)));
}

/* A page of a link: where it belongs, with no more rights than this peer has, and the link's. */
static bool link_at(const struct cell *cell, u64 virt, u64 phys, u32 flags)
{
	for (u32 i = 0; i < cell->desc->links.count; i++) {
		const struct bh_link *link = &desc_links(cell->desc)[i];
		u64 offset = virt - link->virt;
		struct table_entry root = table_lookup(&root_cell.table, GPA(phys));

		if (offset >= link_size(link))
			continue;
		expect(phys == link->phys + offset);
		expect(flags == link_rights(link, link->id, offset));
		expect(root.owner == BH_OWNER_LINK + link->number);
		check_root_sees(link, offset, &root);
		return true;
	}
	return false;
}

/* A page the cell sees: by a region of its own and with its rights, or the APIC's, or a BAR's. */
static void check_page(const struct cell *cell, u64 virt, u64 phys, u32 flags)
{
	const struct bh_memory *region = region_at(cell, virt);
	struct table_entry root = table_lookup(&root_cell.table, GPA(phys));

	if (!region) {
		if (link_at(cell, virt, phys, flags))
			return;
		expect(virt == phys);
		expect((phys == APIC_PAGE && flags == TABLE_READ) ||
		       (bar_at(cell, phys) && root.owner == cell->id));
		return;
	}
	expect(!(flags & ~region->flags));
	if (region->flags & BH_MEM_COMM) {
		expect(phys == virt_to_phys(cell->comm).v && flags == TABLE_READ);
		return;
	}
	expect(phys == region->phys + (virt - region->virt));
	if (region->flags & BH_MEM_ROOTSHARED)
		expect(root.owner == BH_OWNER_ROOT && root.shared && root.present);
	else
		expect(root.owner == cell->id &&
		       root.present == (cell->loadable && region->flags & BH_MEM_LOADABLE));
}

static void check_seen(const struct cell *cell)
{
	for (u64 at = 0; at < cell->table.limit;) {
		struct table_entry entry = table_lookup(&cell->table, GPA(at));

		for (u64 in = 0; entry.present && in < entry.size; in += PAGE_SIZE)
			check_page(cell, at + in, entry.phys.v + in, entry.flags);
		at += entry.size;
	}
}

static void check_regions(const struct cell *cell)
{
	const struct bh_memory *regions = desc_memory(cell->desc);

	for (u32 i = 0; i < cell->desc->memory.count; i++) {
		bool readable = regions[i].flags & BH_MEM_READ;
		u64 last = regions[i].virt + regions[i].size - 1;

		if (regions[i].flags & BH_MEM_COMM) {
			expect(table_lookup(&cell->table, GPA(last)).present == readable);
		} else if (memory_is_subpage(&regions[i])) {
			expect(!table_lookup(&cell->table, GPA(last)).present ||
			       bar_at(cell, last));
			expect(mmio_find(&cell->mmio, GPA(last)) != NULL);
		} else {
			expect(table_lookup(&cell->table, GPA(regions[i].virt)).present ==
			       readable);
			expect(table_lookup(&cell->table, GPA(last)).present == readable);
		}
	}
}

/* Ports have one owner: open to a cell they are closed to all others. All may read the timer. */
static void check_ports(void)
{
	u64 open[0x10000 / 64] = {};
	struct cell *cell;

	cell_for_each (cell) {
		const u64 *closed = (const u64 *)cell->arch.iopm;

		for (u32 i = 0; i < G_N_ELEMENTS(open); i++) {
			u64 shared_ports = open[i] & ~closed[i];

			if (i == machine.pm_timer_port / 64)
				shared_ports &= ~(0xfull << machine.pm_timer_port % 64);
			expect(!shared_ports);
			open[i] |= ~closed[i];
		}
	}
}

/* A window smaller than a page is nobody else's, neither by another one nor as a part of a page. */
static void check_window(const struct cell *owner, const struct bh_memory *window)
{
	struct cell *cell;

	cell_for_each (cell) {
		if (cell == owner || !cell->desc)
			continue;
		for (u32 i = 0; i < cell->desc->memory.count; i++) {
			const struct bh_memory *region = &desc_memory(cell->desc)[i];

			expect(region->flags & BH_MEM_COMM ||
			       !ranges_overlap(region->phys, region->size, window->phys,
					       window->size));
		}
		expect(!bar_at(cell, window->phys));
	}
}

static bool link_is_named(u32 owner)
{
	struct cell *cell;

	cell_for_each (cell)
		for (u32 i = 0; cell->desc && i < cell->desc->links.count; i++)
			if (BH_OWNER_LINK + desc_links(cell->desc)[i].number == owner)
				return true;
	return false;
}

static void check_owners(void)
{
	struct cell *cell;

	for (u64 at = 0; at < machine.phys_limit;) {
		struct table_entry entry = table_lookup(&root_cell.table, GPA(at));

		expect(entry.owner == BH_OWNER_CORE || cell_get(entry.owner) ||
		       link_is_named(entry.owner));
		expect(entry.owner == BH_OWNER_CORE ||
		       !ranges_overlap(at, entry.size, machine.core.start, machine.core.size));
		expect(!entry.present || entry.phys.v == at);
		at += entry.size;
	}
	cell_for_each (cell) {
		if (cell == &root_cell)
			continue;
		check_seen(cell);
		check_regions(cell);
		for (u32 i = 0; i < cell->desc->cpus.count; i++)
			expect(cpu_get(desc_cpus(cell->desc)[i])->cell == cell);
		for (u32 i = 0; i < cell->desc->memory.count; i++) {
			const struct bh_memory *region = &desc_memory(cell->desc)[i];

			if (!(region->flags & BH_MEM_COMM) && memory_is_subpage(region))
				check_window(cell, region);
		}
	}
	check_ports();
}

/* ---- the calls ---- */

static long finish(u32 number, u64 arg, struct bh_error *error)
{
	long result;

	while ((result = host_call(number, arg, error)) == -BH_ERRNO_AGAIN)
		;
	return result;
}

/* The loader never gives away the memory its request and the answer are in. */
static bool asks_for_request(const struct bh_cell_desc *desc)
{
	const struct bh_memory *region = desc_memory(desc);

	if (desc->memory.offset > BH_CELL_DESC_MAX || desc->memory.offset % 8 ||
	    desc->memory.count > DESC_MEMORY_MAX)
		return false;
	for (u32 i = 0; i < desc->memory.count; i++, region++)
		if (region->phys < HOST_ANSWER + PAGE_SIZE &&
		    region->phys + region->size > HOST_REQUEST)
			return true;
	return false;
}

static void create(const u8 *data, size_t size)
{
	g_autofree char *before = picture();
	u8 *request = phys_to_virt(PADDR(HOST_REQUEST));
	struct bh_error error;

	memset(request, 0, BH_CELL_DESC_MAX);
	memcpy(request, data, size);
	if (asks_for_request((const struct bh_cell_desc *)request))
		return;
	if (finish(BH_HC_CELL_CREATE, HOST_REQUEST, &error)) {
		g_autofree char *after = picture();

		expect(error.code != BH_E_NONE && error.code < BH_ERROR_COUNT);
		expect(!strcmp(before, after));
	}
	check_owners();
}

static void live(u32 id)
{
	struct bh_error error;

	if (!cell_get(id))
		return;
	expect(!finish(BH_HC_CELL_START, id, &error));
	check_owners();
	expect(!finish(BH_HC_CELL_STOP, id, &error));
	expect(!finish(BH_HC_CELL_START, id, &error));
	expect(!finish(BH_HC_CELL_STOP, id, &error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *end = NULL;
	struct bh_error error;

	if (!host.memory)
		machine_start();
	while (size >= 2) {
		size_t length = data[0] | data[1] << 8;

		data += 2;
		size -= 2;
		length = MIN(length, size);
		create(data, length);
		data += length;
		size -= length;
	}
	for (u32 id = 1; id < BH_CELLS_MAX; id++)
		live(id);
	for (u32 id = 1; id < BH_CELLS_MAX; id++)
		if (cell_get(id))
			expect(!finish(BH_HC_CELL_DESTROY, id, &error));
	event_ack(shared->events.tail);
	end = picture();
	expect(!strcmp(beginning, end));
	return 0;
}

#ifndef DESCRIPTOR_FUZZ_LIBFUZZER
#include "replay.h"

static void test_corpus(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "descriptor", NULL);
	/* Each of these comes to all bits of a byte. */
	gsize step = g_getenv("BULKHEAD_TEST_THOROUGH") ? 3 : 11;

	replay_folder(path, 20, 17, g_test_slow() ? 1 : step);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fuzz/descriptor", test_corpus);
	return g_test_run();
}
#endif
