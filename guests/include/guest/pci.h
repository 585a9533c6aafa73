/* SPDX-License-Identifier: MIT */
/* PCI functions by bdf: bus << 8 | device << 3 | function. */
#ifndef GUEST_PCI_H
#define GUEST_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_NONE 0xffff
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4
#define PCI_COMMAND_INTX_OFF 0x400
#define PCI_BAR0 0x10
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_CAP_MSI 0x05
#define PCI_CAP_MSIX 0x11

/* Where BARs may be put that nobody has placed: the cell has neither memory nor devices there. */
#ifdef __x86_64__
#define PCI_WINDOW 0xf8000000
#else
#define PCI_WINDOW 0x7fe00000
#endif

/* x86: registers below 0x100 go by ports 0xcf8 and 0xcfc unless by_window is set, others by the window. arm64: all by the window. */
uint32_t pci_read(uint16_t bdf, unsigned int reg, unsigned int width);
void pci_write(uint16_t bdf, unsigned int reg, unsigned int width, uint32_t value);
bool pci_window_use(bool by_window); /* false: there is no window */

uint16_t pci_find(uint16_t vendor, uint16_t device); /* PCI_NONE: not there */
unsigned int pci_find_cap(uint16_t bdf, uint8_t id); /* its register, 0: none */
unsigned int pci_find_ext_cap(uint16_t bdf, uint16_t id);

/* Address of a memory BAR; 0 for I/O and absent ones. */
uint64_t pci_bar(uint16_t bdf, unsigned int bar);

/* x86: direct interrupts of the function (MSI-X: of one table entry) to a CPU. False: no such capability. */
bool pci_msi_enable(uint16_t bdf, uint32_t apic_id, unsigned int vector);
bool pci_msix_enable(uint16_t bdf, unsigned int entry, uint32_t apic_id, unsigned int vector);

#endif
