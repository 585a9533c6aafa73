/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI Local Bus Specification 3.0 chapter 6; MSI and MSI-X: 6.8. */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

#define PCI_VENDOR 0x00
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0 0x10
#define PCI_BAR_END 0x28
#define PCI_ROM 0x30
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_DEVICE_SPECIFIC 0x40

#define COMMAND_IO BIT(0)
#define COMMAND_MEMORY BIT(1)
#define COMMAND_INTX_OFF BIT(10)
#define STATUS_CAPABILITIES BIT(4)
#define HEADER_TYPE_MASK 0x7f
#define BAR_IO BIT(0)
#define BAR_64BIT BIT(2)

#define CAP_PM 0x01
#define CAP_MSI 0x05
#define CAP_VENDOR 0x09
#define CAP_PCIE 0x10
#define CAP_MSIX 0x11
#define CAP_AF 0x13

#define MSI_ENABLE BIT(16) /* in the first dword */
#define MSI_64BIT BIT(23)
#define MSI_MULTIPLE (7u << 20)
#define MSIX_ENABLE BIT(31)
#define MSIX_MASK_ALL BIT(30)

/* What a whole-dword access of 1, 2 or 4 bytes covers. */
static u32 width_mask(u16 reg, u8 width)
{
	return (u32)((BIT(width * 8) - 1) << (reg & 3) * 8);
}

static u32 dword_part(u32 dword, u16 reg, u8 width)
{
	return (dword & width_mask(reg, width)) >> (reg & 3) * 8;
}

static struct pci_function *function_find(const struct cell *cell, u16 bdf)
{
	/* Any CPU of the root may ask meanwhile: what is counted is there, and stays the core's memory. */
	u32 count = __atomic_load_n(&cell->pci.count, __ATOMIC_ACQUIRE);

	for (u32 i = 0; i < count; i++)
		if (cell->pci.functions[i].bdf == bdf)
			return &cell->pci.functions[i];
	return NULL;
}

static u32 function_owner(u16 bdf)
{
	struct cell *cell;

	cell_for_each (cell)
		if (function_find(cell, bdf))
			return cell->id;
	return BH_OWNER_ROOT;
}

/* ---- configuration space ---- */

/* The cell's view of a dword of the MSI capability, or NULL: the hardware's. */
static const u32 *msi_shadow(const struct pci_function *f, u16 reg)
{
	u16 data = f->msi + (f->msi_64bit ? 12 : 8);

	if (!f->msi)
		return NULL;
	if (reg == f->msi + 4)
		return &f->msi_address[0];
	if (f->msi_64bit && reg == f->msi + 8)
		return &f->msi_address[1];
	return reg == data ? &f->msi_data : NULL;
}

/* What a cell cannot use is a null capability to it, of which there is the header alone (PCI Code and ID Assignment, 2). */
static bool is_hidden(const struct pci_function *f, u16 dword)
{
	return !ARCH_PCI_PC && dword && (dword == f->msi || dword == f->msix);
}

static u32 function_read(const struct pci_function *f, u16 reg, u8 width)
{
	u16 dword = reg & ~3;
	const u32 *shadow = msi_shadow(f, dword);

	if (is_hidden(f, dword))
		return dword_part(arch_pci_read(f->bdf, dword, 4) & 0xff00, reg, width);

	if (dword >= PCI_BAR0 && dword < PCI_BAR_END)
		return dword_part(f->bar[(dword - PCI_BAR0) / 4].shadow, reg, width);
	if (dword == PCI_ROM)
		return 0;
	if (shadow)
		return dword_part(*shadow, reg, width);
	return arch_pci_read(f->bdf, reg, width);
}

static __noinline u32 port_read(const struct link_port *port, u16 reg, u8 width)
{
	/* Mostly it is all of it. */
	if (likely(width == 4))
		return link_config_read(port, reg);
	return dword_part(link_config_read(port, reg & ~3), reg, width);
}

u32 pci_config_read(struct cpu *cpu, u16 bdf, u16 reg, u8 width)
{
	const struct pci_function *f;
	const struct link_port *port;

	if (cpu->cell == &root_cell) {
		if (likely(cell_count() == 1) || function_owner(bdf) == BH_OWNER_ROOT)
			return arch_pci_read(bdf, reg, width);
		return BIT(width * 8) - 1;
	}
	f = function_find(cpu->cell, bdf);
	if (f)
		return function_read(f, reg, width);
	port = link_port_find(&cpu->cell->link, bdf);
	return unlikely(port) ? port_read(port, reg, width) : BIT(width * 8) - 1;
}

/* Program the function with what the cell wanted, if it may; all of it or nothing. */
static bool msi_apply(const struct cell *cell, struct pci_function *f, u32 control)
{
	u64 address = f->msi_address[0] | (u64)f->msi_address[1] << 32;
	u16 data = f->msi + (f->msi_64bit ? 12 : 8);

	if (control & MSI_ENABLE) {
		if (!arch_msi_allowed(cell, address, f->msi_data))
			return false;
		arch_pci_write(f->bdf, f->msi + 4, 4, address);
		if (f->msi_64bit)
			arch_pci_write(f->bdf, f->msi + 8, 4, address >> 32);
		arch_pci_write(f->bdf, data, 2, f->msi_data);
	}
	/* Several vectors would need the data's low bits unfiltered: one is what there is. */
	arch_pci_write(f->bdf, f->msi, 4, control & ~MSI_MULTIPLE);
	return true;
}

static bool msi_write(const struct cell *cell, struct pci_function *f, u16 reg, u8 width, u32 value)
{
	u16 dword = reg & ~3;
	u32 mask = width_mask(reg, width), *shadow = (u32 *)msi_shadow(f, dword);
	u32 control = arch_pci_read(f->bdf, f->msi, 4);

	if (dword == f->msi)
		return msi_apply(cell, f, (control & ~mask) | (value & mask));
	if (!shadow) { /* mask and pending bits */
		arch_pci_write(f->bdf, dword, 4,
			       (arch_pci_read(f->bdf, dword, 4) & ~mask) | (value & mask));
		return true;
	}
	*shadow = (*shadow & ~mask) | (value & mask);
	return msi_apply(cell, f, control);
}

/* The capability a register lies in, found anew each time: writes there are rare. */
static u8 capability_of(const struct pci_function *f, u16 reg, u16 *start)
{
	u16 at = arch_pci_read(f->bdf, PCI_CAPABILITIES, 1) & ~3;
	u16 best = 0;

	for (u32 limit = 48; at >= PCI_DEVICE_SPECIFIC && limit; limit--) {
		if (at <= reg && at > best)
			best = at;
		at = arch_pci_read(f->bdf, at + 1, 1) & ~3;
	}
	*start = best;
	return best ? arch_pci_read(f->bdf, best, 1) : 0;
}

static bool capability_write(const struct cell *cell, struct pci_function *f, u16 reg, u8 width,
			     u32 dword_value)
{
	u32 value = dword_value >> (reg & 3) * 8;
	u16 start;

	if (reg >= 0x100) /* extended: resizable BARs, SR-IOV, ACS … stay as they are */
		return true;
	switch (capability_of(f, reg, &start)) {
	case CAP_MSI:
		return ARCH_PCI_PC && msi_write(cell, f, reg, width, dword_value);
	case CAP_MSIX:
		if (!ARCH_PCI_PC)
			return false;
		/* fall through */
	case CAP_PM:
	case CAP_VENDOR:
	case CAP_PCIE:
	case CAP_AF:
		arch_pci_write(f->bdf, reg, width, value);
		return true;
	default:
		return false;
	}
}

static bool function_write(const struct cell *cell, struct pci_function *f, u16 reg, u8 width,
			   u32 value)
{
	u16 dword = reg & ~3;
	u32 mask = width_mask(reg, width);

	if (dword >= PCI_BAR0 && dword < PCI_BAR_END) {
		struct pci_bar *bar = &f->bar[(dword - PCI_BAR0) / 4];

		value = (value << (reg & 3) * 8) & mask & bar->mask;
		bar->shadow = (bar->shadow & ~(mask & bar->mask)) | value;
		return true;
	}
	if (dword == PCI_ROM)
		return true;
	/* Where no cell has I/O ports, they are not decoded: the root would reach the function by them. */
	if (reg == PCI_COMMAND && !ARCH_PCI_PC)
		value &= ~COMMAND_IO;
	if (dword == PCI_COMMAND || dword == 0x0c || (reg == PCI_INTERRUPT_LINE && width == 1)) {
		arch_pci_write(f->bdf, reg, width, value);
		return true;
	}
	if (reg < PCI_DEVICE_SPECIFIC)
		return false;
	return capability_write(cell, f, reg, width, value << (reg & 3) * 8);
}

static bool port_write(struct link_port *port, u16 reg, u8 width, u32 value)
{
	return link_config_write(port, reg & ~3, width_mask(reg, width), value << (reg & 3) * 8);
}

bool pci_config_write(struct cpu *cpu, u16 bdf, u16 reg, u8 width, u32 value)
{
	struct link_port *port;
	struct pci_function *f;

	if (cpu->cell == &root_cell) {
		if (function_owner(bdf) == BH_OWNER_ROOT)
			arch_pci_write(bdf, reg, width, value);
		return true; /* to the root a cell's function is an empty slot */
	}
	f = function_find(cpu->cell, bdf);
	if (f)
		return function_write(cpu->cell, f, reg, width, value);
	port = link_port_find(&cpu->cell->link, bdf);
	if (!port) /* a stock operating system looks for chipsets in ways that write */
		return cpu->cell->desc->flags & BH_CELL_PC;
	return port_write(port, reg, width, value);
}

bool pci_port_access(struct link_port *port, struct mmio_access *access)
{
	u16 reg = access->address.v & (PAGE_SIZE - 1);

	access->kind = BH_KIND_PCI;
	if (access->width > 4 || (reg & 3) + access->width > 4)
		return false;
	if (access->write)
		return port_write(port, reg, access->width, access->value);
	access->value = port_read(port, reg, access->width);
	return true;
}

bool pci_mmconfig_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	u64 offset = access->address.v - machine.mmconfig_base;

	(void)arg;
	access->kind = BH_KIND_PCI;
	if (access->width > 4 || (offset & 3) + access->width > 4 ||
	    (access->write &&
	     !pci_config_write(cpu, offset >> 12, offset & 0xfff, access->width, access->value))) {
		access->address = GPA(offset); /* BDF << 12 | register, as by ports */
		return false;
	}
	if (!access->write)
		access->value = pci_config_read(cpu, offset >> 12, offset & 0xfff, access->width);
	return true;
}

/* ---- assignment ---- */

static u32 function_bar_size(u16 bdf, u16 reg, u32 old)
{
	u32 ones;

	arch_pci_write(bdf, reg, 4, ~0u);
	ones = arch_pci_read(bdf, reg, 4);
	arch_pci_write(bdf, reg, 4, old);
	return ones;
}

/* Sizes are found by writing ones (6.2.5.1), with decoding off so that nothing answers meanwhile. */
static void function_probe_bars(struct pci_function *f)
{
	u16 command = arch_pci_read(f->bdf, PCI_COMMAND, 2);

	arch_pci_write(f->bdf, PCI_COMMAND, 2, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (u32 i = 0; i < PCI_BARS; i++) {
		u16 reg = PCI_BAR0 + 4 * i;
		struct pci_bar *bar = &f->bar[i];
		u32 low = arch_pci_read(f->bdf, reg, 4);
		u64 mask = function_bar_size(f->bdf, reg, low);
		u32 flags = low & BAR_IO ? 3 : 15;

		bar->shadow = low;
		if (!mask)
			continue;
		bar->mask = mask & ~flags;
		bar->io = low & BAR_IO;
		bar->base = low & ~flags;
		if (!bar->io && (low & 6) == BAR_64BIT && i + 1 < PCI_BARS) {
			u32 high = arch_pci_read(f->bdf, reg + 4, 4);
			u32 high_mask = function_bar_size(f->bdf, reg + 4, high);

			bar->base |= (u64)high << 32;
			bar->size = ~((mask & ~(u64)flags) | (u64)high_mask << 32) + 1;
			f->bar[i + 1].shadow = high;
			f->bar[i + 1].mask = high_mask;
			i++;
		} else {
			bar->size = (u32) ~(mask & ~(u64)flags) + 1;
			if (bar->io)
				bar->size &= 0xffff;
		}
	}
	arch_pci_write(f->bdf, PCI_COMMAND, 2, command);
}

/* 0: not within a BAR, where the core could not filter it. */
static u64 msix_table(const struct pci_function *f, u32 table)
{
	u32 bar = table & 7;
	u64 end = (table & ~7u) + 16ull * f->msix_vectors;

	if (bar >= PCI_BARS || f->bar[bar].io || end > f->bar[bar].size)
		return 0;
	return f->bar[bar].base + (table & ~7u);
}

static void function_probe_capabilities(struct pci_function *f)
{
	u16 at = arch_pci_read(f->bdf, PCI_CAPABILITIES, 1) & ~3;

	if (!(arch_pci_read(f->bdf, PCI_STATUS, 2) & STATUS_CAPABILITIES))
		return;
	for (u32 limit = 48; at >= PCI_DEVICE_SPECIFIC && limit; limit--) {
		u8 id = arch_pci_read(f->bdf, at, 1);
		u32 control = arch_pci_read(f->bdf, at, 4);

		if (id == CAP_MSI) {
			f->msi = at;
			f->msi_64bit = control & MSI_64BIT;
		} else if (id == CAP_MSIX) {
			u32 table = arch_pci_read(f->bdf, at + 4, 4);

			f->msix = at;
			f->msix_vectors = (control >> 16 & 0x7ff) + 1;
			f->msix_table = msix_table(f, table);
		}
		at = arch_pci_read(f->bdf, at + 1, 1) & ~3;
	}
}

static void function_probe(struct pci_function *f, u16 bdf)
{
	memset(f, 0, sizeof(*f));
	f->bdf = bdf;
	function_probe_bars(f);
	function_probe_capabilities(f);
}

/* Vectors the last owner left unmasked would be sent as soon as the next one enables MSI-X. */
static void msix_mask(const struct pci_function *f)
{
	arch_pci_write(f->bdf, PCI_COMMAND, 2, COMMAND_INTX_OFF | COMMAND_MEMORY);
	for (u32 vector = 0; vector < f->msix_vectors; vector++)
		mmio_write(PADDR(f->msix_table + vector * 16 + 12), 4, 1);
	arch_pci_write(f->bdf, PCI_COMMAND, 2, COMMAND_INTX_OFF);
}

/* Quiet: no DMA, no decoding, no interrupts (the state at every start of the cell). */
static void function_reset(struct pci_function *f)
{
	arch_pci_write(f->bdf, PCI_COMMAND, 2, COMMAND_INTX_OFF);
	if (f->msi)
		arch_pci_write(f->bdf, f->msi, 4, arch_pci_read(f->bdf, f->msi, 4) & ~MSI_ENABLE);
	if (f->msix) {
		arch_pci_write(f->bdf, f->msix, 4,
			       (arch_pci_read(f->bdf, f->msix, 4) & ~MSIX_ENABLE) | MSIX_MASK_ALL);
		msix_mask(f);
	}
	memset(f->msi_address, 0, sizeof(f->msi_address));
	f->msi_data = 0;
	memset(f->msix_entry, 0, sizeof(f->msix_entry));
	for (u32 i = 0; i < PCI_BARS; i++) {
		u16 reg = PCI_BAR0 + 4 * i;

		f->bar[i].shadow = arch_pci_read(f->bdf, reg, 4);
	}
}

static u64 bar_pages(const struct pci_bar *bar)
{
	return ALIGN_UP(bar->base + bar->size, PAGE_SIZE) - ALIGN_DOWN(bar->base, PAGE_SIZE);
}

static bool function_wanted(const struct bh_cell_desc *desc, u16 bdf)
{
	for (u32 i = 0; i < desc->pci.count; i++)
		if (desc_pci(desc)[i].bdf == bdf)
			return true;
	return false;
}

/*
 * Small BARs may share a page, and a page has one owner. Only functions of the same bus can: windows of bridges
 * are larger. Sizes need not be known, as what is larger than a page begins at one of its own.
 */
static bool bar_shares_page(const struct bh_cell_desc *desc, u16 bdf, const struct pci_bar *bar)
{
	for (u32 other = bdf & 0xff00; other <= (bdf | 0xffu); other++) {
		if (function_wanted(desc, other) || arch_pci_read(other, PCI_VENDOR, 2) == 0xffff ||
		    arch_pci_read(other, PCI_HEADER_TYPE, 1) & HEADER_TYPE_MASK)
			continue;
		for (u32 i = 0; i < PCI_BARS; i++) {
			u32 low = arch_pci_read(other, PCI_BAR0 + 4 * i, 4);
			u64 base = low & ~15u;

			if (low & BAR_IO)
				continue;
			if ((low & 6) == BAR_64BIT && i + 1 < PCI_BARS)
				base |= (u64)arch_pci_read(other, PCI_BAR0 + 4 * ++i, 4) << 32;
			if (base && base >> PAGE_SHIFT == bar->base >> PAGE_SHIFT)
				return true;
		}
	}
	return false;
}

static bool bar_check(const struct bh_cell_desc *desc, const struct pci_function *f, u32 i,
		      struct bh_error *error)
{
	const struct pci_bar *bar = &f->bar[i];
	u64 start = ALIGN_DOWN(bar->base, PAGE_SIZE);
	struct table_entry foreign;
	bool wrong;

	if (!bar->size)
		return true;
	if (bar->io && arch_pci_ports_owner(bar->base, bar->size) != BH_OWNER_ROOT)
		return error_set(error, BH_E_PCI_BAR, .where = BH_IN_PCI, .index = i,
				 .value = bar->base, .limit = f->bdf);
	if (bar->io)
		return true;
	wrong = !bar->base || start + bar_pages(bar) > machine.phys_limit ||
		machine_is_platform(start, bar_pages(bar)) ||
		machine_touches_ram(start, bar_pages(bar)) ||
		cell_with_window(start, bar_pages(bar)) ||
		arch_pci_covers(desc, start, bar_pages(bar)) ||
		(bar->size < PAGE_SIZE && bar_shares_page(desc, f->bdf, bar)) ||
		table_find_foreign(&root_cell.table, start, bar_pages(bar), BH_OWNER_ROOT, true,
				   &foreign);
	for (u32 j = 0; !wrong && j < desc->memory.count; j++) {
		const struct bh_memory *region = &desc_memory(desc)[j];

		wrong = ranges_overlap(start, bar_pages(bar), region->virt, region->size) ||
			(!(region->flags & BH_MEM_COMM) &&
			 ranges_overlap(start, bar_pages(bar), region->phys, region->size));
	}
	for (u32 j = 0; !wrong && j < desc->links.count; j++) {
		const struct bh_link *link = &desc_links(desc)[j];

		wrong = ranges_overlap(start, bar_pages(bar), link->virt, link_size(link));
	}
	if (wrong)
		return error_set(error, BH_E_PCI_BAR, .where = BH_IN_PCI, .index = i,
				 .value = bar->base, .limit = f->bdf);
	return true;
}

static bool pci_look(const struct bh_cell_desc *desc, struct bh_error *error)
{
	if (desc->pci.count > PCI_FUNCTIONS_MAX)
		return error_set(error, BH_E_DESC_COUNT, .where = BH_IN_PCI,
				 .value = desc->pci.count, .limit = PCI_FUNCTIONS_MAX);
	for (u32 i = 0; i < desc->pci.count; i++) {
		u16 bdf = desc_pci(desc)[i].bdf;
		u32 owner = function_owner(bdf);

		if (owner != BH_OWNER_ROOT)
			return error_set(error, BH_E_PCI_OWNED, .where = BH_IN_PCI, .index = bdf,
					 .value = bdf, .owner = owner);
		if (arch_pci_read(bdf, PCI_VENDOR, 2) == 0xffff)
			return error_set(error, BH_E_PCI_ABSENT, .where = BH_IN_PCI, .index = bdf,
					 .value = bdf);
		if (arch_pci_read(bdf, PCI_HEADER_TYPE, 1) & HEADER_TYPE_MASK)
			return error_set(error, BH_E_PCI_BRIDGE, .where = BH_IN_PCI, .index = bdf,
					 .value = bdf);
	}
	return true;
}

static bool pci_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	static struct pci_function probe; /* one management call at a time */

	if (!pci_look(desc, error))
		return false;
	for (u32 i = 0; i < desc->pci.count; i++) {
		u16 bdf = desc_pci(desc)[i].bdf;

		function_probe(&probe, bdf);
		for (u32 bar = 0; bar < PCI_BARS; bar++)
			if (!bar_check(desc, &probe, bar, error))
				return false;
		if (probe.msix && !probe.msix_table)
			return error_set(error, BH_E_PCI_BAR, .where = BH_IN_PCI,
					 .index = arch_pci_read(bdf, probe.msix + 4, 1) & 7,
					 .value = arch_pci_read(bdf, probe.msix + 4, 4) & ~7u,
					 .limit = bdf);
	}
	return true;
}

static u64 config_page(u16 bdf)
{
	return machine.mmconfig_base + ((u64)bdf << PAGE_SHIFT);
}

/* Its configuration space is a page, in which the root finds the function as long as it has it. */
static void config_page_set_owner(u16 bdf, u32 owner)
{
	if (machine.mmconfig_base && bdf >> 8 <= machine.mmconfig_end_bus)
		table_set_owner(&root_cell.table, config_page(bdf), PAGE_SIZE, owner, false);
}

static u32 pci_pages(const struct bh_cell_desc *desc)
{
	static struct pci_function probe;
	u32 pages = 1;

	_Static_assert(sizeof(struct pci_function) * PCI_FUNCTIONS_MAX <= PAGE_SIZE, "one page");
	for (u32 i = 0; i < desc->pci.count; i++) {
		function_probe(&probe, desc_pci(desc)[i].bdf);
		pages += table_pages_needed(config_page(probe.bdf), PAGE_SIZE);
		for (u32 bar = 0; bar < PCI_BARS; bar++)
			if (probe.bar[bar].size && !probe.bar[bar].io)
				pages += 2 * table_pages_needed(probe.bar[bar].base & PAGE_MASK,
								bar_pages(&probe.bar[bar]));
	}
	return pages;
}

/* The MSI-X table: vectors are checked before the device sees them, mask bits pass. */
static bool msix_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	struct pci_function *f = arg;
	u64 offset = access->address.v - f->msix_table;
	u32 vector = offset / 16, word = offset / 4 % 4;
	u32 *entry;

	access->kind = BH_KIND_IRQ;
	if (access->address.v < f->msix_table || vector >= f->msix_vectors) {
		/* The rest of the page: other registers of the device. */
		if (access->write)
			mmio_write(PADDR(access->address.v), access->width, access->value);
		else
			access->value = mmio_read(PADDR(access->address.v), access->width);
		return true;
	}
	if (access->width != 4 || offset & 3)
		return false;
	if (vector >= PCI_MSIX_VECTORS_MAX) {
		access->value = word == 3;
		return true;
	}
	entry = f->msix_entry[vector];
	if (word < 3 && access->write)
		entry[word] = access->value;
	else if (word < 3)
		access->value = entry[word];
	else if (!access->write)
		access->value = mmio_read(PADDR(access->address.v), 4);
	if (!access->write)
		return true;
	if (word == 3 && !(access->value & 1)) {
		if (!arch_msi_allowed(cpu->cell, entry[0] | (u64)entry[1] << 32, entry[2]))
			return false;
		for (u32 i = 0; i < 3; i++)
			mmio_write(PADDR(f->msix_table + vector * 16 + i * 4), 4, entry[i]);
	} else if (word < 3) {
		/* A live vector that changes is masked until it is unmasked through the check. */
		mmio_write(PADDR(f->msix_table + vector * 16 + 12), 4, 1);
		return true;
	}
	mmio_write(PADDR(access->address.v), 4, access->value);
	return true;
}

static void function_map(struct cell *cell, struct pci_function *f)
{
	u64 table_page = f->msix_table & PAGE_MASK;

	for (u32 i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bar[i];
		u64 start = ALIGN_DOWN(bar->base, PAGE_SIZE);

		if (!bar->size)
			continue;
		if (bar->io) {
			arch_pci_ports(cell, bar->base, bar->size, true);
			continue;
		}
		table_set_owner(&root_cell.table, start, bar_pages(bar), cell->id, false);
		table_map(&cell->table, GPA(start), PADDR(start), bar_pages(bar),
			  TABLE_READ | TABLE_WRITE | TABLE_DEVICE);
	}
	/* Of a function that cannot send messages it is memory as any other. */
	if (ARCH_PCI_PC && f->msix_table) {
		u64 size = ALIGN_UP(f->msix_table + f->msix_vectors * 16, PAGE_SIZE) - table_page;

		table_unmap(&cell->table, GPA(table_page), size);
		mmio_add(&cell->mmio, table_page, size, msix_access, f);
	}
}

static void pci_assign(struct cell *cell)
{
	cell->pci.functions = reserve_take(&cell->reserve);
	for (u32 i = 0; i < cell->desc->pci.count; i++) {
		struct pci_function *f = &cell->pci.functions[i];

		function_probe(f, desc_pci(cell->desc)[i].bdf);
		config_page_set_owner(f->bdf, cell->id);
		function_reset(f);
		function_map(cell, f);
		__atomic_store_n(&cell->pci.count, i + 1, __ATOMIC_RELEASE);
	}
	if (machine.mmconfig_base && (ARCH_PCI_PC || cell->pci.count))
		mmio_add(&cell->mmio, machine.mmconfig_base,
			 (u64)(machine.mmconfig_end_bus + 1) << 20, pci_mmconfig_access, NULL);
}

static void pci_reset(struct cell *cell)
{
	for (u32 i = 0; i < cell->pci.count; i++)
		function_reset(&cell->pci.functions[i]);
}

static void pci_release(struct cell *cell)
{
	pci_reset(cell);
	for (u32 i = 0; i < cell->pci.count; i++) {
		config_page_set_owner(cell->pci.functions[i].bdf, BH_OWNER_ROOT);
		for (u32 b = 0; b < PCI_BARS; b++) {
			const struct pci_bar *bar = &cell->pci.functions[i].bar[b];

			if (bar->size && bar->io)
				arch_pci_ports(cell, bar->base, bar->size, false);
			else if (bar->size)
				table_set_owner(&root_cell.table, ALIGN_DOWN(bar->base, PAGE_SIZE),
						bar_pages(bar), BH_OWNER_ROOT, false);
		}
	}
	cell->pci.count = 0;
	reserve_give(&cell->reserve, cell->pci.functions);
}

const struct unit pci_unit = {
	.name = "PCI functions",
	.check = pci_check,
	.look = pci_look,
	.pages = pci_pages,
	.assign = pci_assign,
	.reset = pci_reset,
	.release = pci_release,
};
