/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI host bridge of a cell: bus 0, by ECAM (PCI Express Base Specification 5.0, 7.2.2), with the devices of its links. */
#include <bulkhead/board.h>
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/unit.h>

static bool ecam_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	u32 offset = access->address.v - BH_BOARD_ECAM;
	struct link_port *port = link_port_find(&cpu->cell->link, offset >> PAGE_SHIFT);

	(void)arg;
	access->kind = BH_KIND_PCI;
	if (port && pci_port_access(port, access))
		return true;
	if (port || access->width > 4 || access->write) {
		access->address = GPA(offset); /* BDF << 12 | register */
		return false;
	}
	access->value = BIT(access->width * 8) - 1;
	return true;
}

/* The upper half is configuration space, and the lower half of the rest is the window. */
_Static_assert(BH_BOARD_ECAM - BH_BOARD_START == BH_BOARD_ECAM_SIZE &&
		       BH_BOARD_END - BH_BOARD_ECAM == BH_BOARD_ECAM_SIZE,
	       "one bit says where an access goes");
_Static_assert(BH_BOARD_WINDOW == BH_BOARD_START &&
		       BH_BOARD_WINDOW_SIZE == BH_BOARD_ECAM_SIZE / 2 &&
		       BH_BOARD_START % (2 * BH_BOARD_ECAM_SIZE) == 0,
	       "and the next one");

bool vpci_access(struct cpu *cpu, struct mmio_access *access)
{
	if (access->address.v & BH_BOARD_ECAM_SIZE)
		return ecam_access(cpu, access, NULL);
	if (!(access->address.v & BH_BOARD_WINDOW_SIZE))
		return link_access(cpu, access);
	return mmio_handle(cpu, access);
}

static bool has_board(const struct bh_cell_desc *desc)
{
	return desc->links.count || desc->flags & BH_CELL_PC;
}

static bool board_overlaps(u64 start, u64 size)
{
	return ranges_overlap(start, size, BH_BOARD_START, BH_BOARD_END - BH_BOARD_START);
}

bool arch_pci_covers(const struct bh_cell_desc *desc, u64 start, u64 size)
{
	return has_board(desc) && board_overlaps(start, size);
}

static bool memory_covers_config(const struct bh_cell_desc *desc, const struct bh_memory *region)
{
	return desc->pci.count && ranges_overlap(region->virt, region->size, machine.mmconfig_base,
						 (u64)(machine.mmconfig_end_bus + 1) << 20);
}

static bool vpci_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	if (has_board(desc) && lines_first != BH_BOARD_LINE_FIRST)
		return error_set(error, BH_E_NO_LINES, .where = BH_IN_LINKS,
				 .value = BH_BOARD_LINE_FIRST);
	for (u32 i = 0; i < desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(desc)[i];

		if ((has_board(desc) && board_overlaps(region->virt, region->size)) ||
		    memory_covers_config(desc, region))
			return error_set(error, BH_E_MEM_PLATFORM, .where = BH_IN_MEMORY,
					 .index = i, .value = region->virt, .owner = BH_OWNER_CORE);
	}
	for (u32 i = 0; i < desc->links.count; i++) {
		const struct bh_link *link = &desc_links(desc)[i];

		if (link->bdf >> 8)
			return error_set(error, BH_E_LINK_BUS, .where = BH_IN_LINKS,
					 .index = link->bdf, .value = link->bdf);
		if (board_overlaps(link->virt, link_size(link)))
			return error_set(error, BH_E_LINK_OVERLAP, .where = BH_IN_LINKS, .index = i,
					 .value = link->virt);
	}
	return true;
}

static u32 vpci_pages(const struct bh_cell_desc *desc)
{
	(void)desc;
	return 0;
}

static void vpci_assign(struct cell *cell)
{
	lines_reset(cell);
	if (cell->desc->links.count)
		mmio_add(&cell->mmio, BH_BOARD_ECAM, BH_BOARD_ECAM_SIZE, ecam_access, NULL);
	if (cell->desc->flags & BH_CELL_PC)
		mmio_add(&cell->mmio, BH_BOARD_UART, BH_BOARD_UART_SIZE, uart_access, NULL);
}

static void vpci_reset(struct cell *cell)
{
	lines_reset(cell);
	uart_reset(cell);
}

static void vpci_release(struct cell *cell)
{
	(void)cell;
}

const struct unit vpci_unit = {
	.name = "virtual PCI",
	.check = vpci_check,
	.pages = vpci_pages,
	.assign = vpci_assign,
	.reset = vpci_reset,
	.release = vpci_release,
};
