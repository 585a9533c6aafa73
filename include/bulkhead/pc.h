/* SPDX-License-Identifier: MIT */
/*
 * What a cell with BH_CELL_PC finds at its I/O ports, besides those it is given: enough of a PC for a
 * stock operating system. Ports of other PC hardware read as ones and ignore what is written.
 */
#ifndef BULKHEAD_PC_H
#define BULKHEAD_PC_H

/* A 16550A whose output is the cell's console. It receives what BH_HC_CONSOLE_INPUT brings, and raises no interrupt. */
#define BH_PC_UART 0x3f8
#define BH_PC_UART_PORTS 8

/*
 * CMOS RAM of 128 bytes, kept by nobody: ones until the cell writes it. Who starts a kernel puts the date there (IBM PC/AT
 * Technical Reference, "Real-Time Clock/CMOS RAM Information"); it does not go on, as kernels look at it once.
 */
#define BH_PC_CMOS_INDEX 0x70
#define BH_PC_CMOS_DATA 0x71

/* ACPI 6.4, 4.8.3.7: sleep control and status registers; 4.8.3.6: reset register. One byte each. */
#define BH_PC_SLEEP_CONTROL 0xbb00
#define BH_PC_SLEEP_STATUS 0xbb01
#define BH_PC_RESET 0xbb02
#define BH_PC_SLEEP_ENABLE 0x20
#define BH_PC_SLEEP_TYPE_OFF 5 /* in bits 2 to 4: S5 */
#define BH_PC_RESET_VALUE 0x52

#endif
