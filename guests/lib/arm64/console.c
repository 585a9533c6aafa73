/* SPDX-License-Identifier: MIT */
/* The console: hypercalls, or a PL011 UART (DDI 0183). The comm region says which. */
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/memory.h>
#include "../library.h"

#define UART_DATA 0x00
#define UART_FLAGS 0x18
#define UART_FULL (1u << 5)
#define UART_SPINS 100000 /* a dead UART must not hang the cell */
#define LOCK_SPINS 100000000

static bool by_hypercall;
static uint64_t uart;
static volatile bool locked;

void console_init(void)
{
	uint32_t flags = comm_region->flags;

	by_hypercall = flags & (BH_COMM_CONSOLE_ACTIVE | BH_COMM_CONSOLE_PERMITTED);
	uart = comm_region->console.type == BH_CONSOLE_PL011 ? comm_region->console.address : 0;
	if (uart && !by_hypercall)
		memory_map(uart, 0x1000, MEMORY_DEVICE);
}

void console_put(char c)
{
	if (by_hypercall) {
		hypercall(BH_HC_PUTC, (uint8_t)c, 0);
	} else if (uart) {
		for (unsigned int i = 0;
		     i < UART_SPINS && mmio_read32(uart + UART_FLAGS) & UART_FULL; i++)
			cpu_relax();
		mmio_write32(uart + UART_DATA, (uint8_t)c);
	}
}

uint64_t console_lock(void)
{
	uint64_t state = sysreg_read(daif);

	interrupts_off();
	for (unsigned int i = 0; i < LOCK_SPINS; i++) {
		if (!__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
			break;
		cpu_relax();
	}
	return state;
}

void console_unlock(uint64_t state)
{
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
	sysreg_write(daif, state);
}
