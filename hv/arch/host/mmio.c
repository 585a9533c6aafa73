/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's dispatch of trapped memory as it is; what it does to devices comes to device.c instead. */
#define mmio_read mmio_read_memory
#define mmio_write mmio_write_memory
#include "../../core/mmio.c"
