/* SPDX-License-Identifier: MIT */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/x86/apic.h>
#include "../library.h"

void guest_start(void);

/* Where start-up enters C, on the first CPU, with interrupts off. */
void guest_start(void)
{
	struct bh_comm *comm = comm_region;

	if (memcmp(comm->signature, BH_COMM_SIGNATURE, sizeof(comm->signature)) ||
	    comm->revision != BH_COMM_REVISION) {
		comm->cell_state = BH_CELL_FAILED_COMM_REV;
		cpu_stop();
	}
	smp_init();
	interrupt_init();
	console_init();
	apic_init();
	timer_init();
	guest_main();
}
