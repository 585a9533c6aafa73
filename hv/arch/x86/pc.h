/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UART of a cell with BH_CELL_PC: what was written to its registers, and what it has received; its CMOS RAM. */
#ifndef HV_X86_PC_H
#define HV_X86_PC_H

#include <hv/core/console.h>
#include <hv/core/types.h>

#define CMOS_SIZE 128

struct pc {
	u8 ier, fcr, lcr, mcr, scratch, divisor[2];
	u8 cmos_index, cmos[CMOS_SIZE]; /* inverted: what was not written reads as all ones */
	struct console_input input;
};

#endif
