/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI configuration space as cells see it, and assignment of functions.
 *
 * Every access, by ports or MMCONFIG, of every cell comes through pci_config_read/write. A
 * function that a cell does not own reads as ones. The root owns every function nobody else owns.
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <bulkhead/cell.h>
#include <hv/core/types.h>

struct cell;
struct cpu;
struct mmio_access;

struct pci_function; /* one assigned function: shadows of BARs, MSI, MSI-X */

struct pci_cell {
	struct pci_function *functions; /* array in the cell's pages */
	u32 count;
	u32 port_latch; /* last write to 0xcf8 */
};

extern const struct unit pci_unit;

/* false: forbidden write (violation of BH_KIND_PCI); reads never are. width 1, 2, 4, not crossing a dword. */
u32 pci_config_read(struct cpu *cpu, u16 bdf, u16 reg, u8 width);
bool pci_config_write(struct cpu *cpu, u16 bdf, u16 reg, u8 width, u32 value);
/* The MMCONFIG window of a cell. */
bool pci_mmconfig_access(struct cpu *cpu, struct mmio_access *access, void *arg);

/* The hardware below: by MMCONFIG where the machine has it, else by ports under a lock. */
u32 pci_hw_read(u16 bdf, u16 reg, u8 width);
void pci_hw_write(u16 bdf, u16 reg, u8 width, u32 value);

#endif
