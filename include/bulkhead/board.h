/* SPDX-License-Identifier: MIT */
/*
 * What an arm64 cell finds besides what it is given, at guest-physical addresses and interrupt ids that are the same on every
 * machine: a PCI host bridge, in cells with links, and what a stock operating system wants, in cells with BH_CELL_PC.
 * Neither kind of cell may have anything else at [BH_BOARD_START, BH_BOARD_END).
 */
#ifndef BULKHEAD_BOARD_H
#define BULKHEAD_BOARD_H

#define BH_BOARD_START 0x7fe00000
#define BH_BOARD_END 0x80000000

/* For BARs, which the guest places; nothing of the machine is there. */
#define BH_BOARD_WINDOW BH_BOARD_START
#define BH_BOARD_WINDOW_SIZE 0x80000
/* A UART as the Server Base System Architecture has it (DEN 0029, appendix B): the core of a PL011. */
#define BH_BOARD_UART 0x7fef0000
#define BH_BOARD_UART_SIZE 0x1000
/* Configuration space of bus 0, 4 KiB a function. */
#define BH_BOARD_ECAM 0x7ff00000
#define BH_BOARD_ECAM_SIZE 0x100000

/*
 * SPIs that no machine has in hardware, so that they are free in every cell and in the root: edges. The first four are the pins of
 * the PCI bus, INTA to INTD; device n has pin n % 4.
 */
#define BH_BOARD_LINE_FIRST 992
#define BH_BOARD_LINES 28
#define BH_BOARD_LINE_PCI BH_BOARD_LINE_FIRST
#define BH_BOARD_LINE_UART (BH_BOARD_LINE_FIRST + 4)
#define BH_BOARD_PINS 4

#endif
