/* SPDX-License-Identifier: MIT */
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/string.h>
#include "../library.h"

void guest_start(void);

/* Where start-up enters C, on the first CPU, with interrupts off. */
void guest_start(void)
{
	struct bh_comm *comm = memory_map(BH_COMM_ADDRESS, BH_COMM_SIZE, MEMORY_CACHED);

	if (memcmp(comm->signature, BH_COMM_SIGNATURE, sizeof(comm->signature)) ||
	    comm->revision != BH_COMM_REVISION) {
		comm->cell_state = BH_CELL_FAILED_COMM_REV;
		cpu_stop();
	}
	smp_init();
	interrupt_init();
	console_init();
	gic_init();
	timer_init();
	guest_main();
}
