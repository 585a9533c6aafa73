/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI configuration space as cells see it, and assignment of functions.
 *
 * Every access, by ports or MMCONFIG, of every cell comes through pci_config_read/write. A function
 * that a cell does not own reads as ones. The root owns every function nobody else owns.
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <bulkhead/cell.h>
#include <hv/core/types.h>

struct cell;
struct cpu;
struct link_port;
struct mmio_access;

#define PCI_FUNCTIONS_MAX 4 /* of one cell: what fits in its page */
#define PCI_BARS 6
#define PCI_MSIX_VECTORS_MAX 64 /* beyond these the device's vectors stay masked */

struct pci_bar {
	u64 base; /* real and constant: the cell can size and read it, not move it */
	u64 size; /* 0: none; the upper half of a 64-bit BAR has none of its own */
	bool io;
	u32 shadow; /* what the cell has written, as it reads back */
	u32 mask; /* writable address bits of this dword */
};

struct pci_function {
	u16 bdf;
	struct pci_bar bar[PCI_BARS];
	u16 msi; /* offset of the capability, 0: none */
	u16 msix;
	bool msi_64bit;
	u32 msi_address[2]; /* as the cell wrote them */
	u32 msi_data;
	u64 msix_table; /* physical */
	u16 msix_vectors;
	u32 msix_entry[PCI_MSIX_VECTORS_MAX][3]; /* address, upper address, data */
};

struct pci_cell {
	struct pci_function *functions; /* one page from the cell's reserve */
	u32 count;
	u32 port_latch; /* last write to 0xcf8 */
};

extern const struct unit pci_unit;

/* width 1, 2, 4, within a dword. A forbidden write is false; a read never is. */
u32 pci_config_read(struct cpu *cpu, u16 bdf, u16 reg, u8 width);
bool pci_config_write(struct cpu *cpu, u16 bdf, u16 reg, u8 width, u32 value);
/* The MMCONFIG window of a cell. */
bool pci_mmconfig_access(struct cpu *cpu, struct mmio_access *access, void *arg);

/* The same of the virtual device of a link, in a window of memory: configuration space at each page. */
bool pci_port_access(struct link_port *port, struct mmio_access *access);

/* The architecture: configuration space by MMCONFIG where the machine has it, else by ports. */
u32 arch_pci_read(u16 bdf, u16 reg, u8 width);
void arch_pci_write(u16 bdf, u16 reg, u8 width, u32 value);
/* May a cell's function send this message? To its own CPUs, as an interrupt. */
bool arch_msi_allowed(const struct cell *cell, u64 address, u32 data);
/* The same message with one CPU of the cell for a logical destination; unchanged if there is none. */
u64 arch_msi_resolve(const struct cell *cell, u64 address);
/* Does a cell with this descriptor find something virtual there, which no BAR may cover? */
bool arch_pci_covers(const struct bh_cell_desc *desc, u64 start, u64 size);
/* I/O BARs: cell id of the first owner that is not the root, or BH_OWNER_ROOT. */
u32 arch_pci_ports_owner(u16 base, u32 count);
void arch_pci_ports(struct cell *cell, u16 base, u32 count, bool assign);

#endif
