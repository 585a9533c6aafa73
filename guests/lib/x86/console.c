/* SPDX-License-Identifier: MIT */
/*
 * The console: hypercall or 8250 UART. The comm region says which; con-type, con-base, con-divider,
 * con-is-mmio, con-regdist-1 and con-virtual on the command line say otherwise.
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/memory.h>
#include <guest/string.h>
#include <guest/timer.h>
#include "../library.h"

#define UART_DATA 0
#define UART_DIVIDER_LOW 0 /* these two while DLAB is set */
#define UART_DIVIDER_HIGH 1
#define UART_LINE_CONTROL 3
#define UART_LINE_STATUS 5
#define UART_LINE_8N1 0x03
#define UART_DLAB 0x80
#define UART_EMPTY 0x20
#define UART_SPINS \
	100000 /* of status reads for one character: a dead UART must not hang the cell */

#define LOCK_SPINS 100000000

static bool by_hypercall;
static struct bh_console_desc uart;
static volatile bool locked;

static uint64_t uart_register(unsigned int reg)
{
	return uart.address + reg * (uart.flags & BH_CONSOLE_REGDIST_4 ? 4 : 1);
}

static uint8_t uart_read(unsigned int reg)
{
	if (uart.flags & BH_CONSOLE_MMIO)
		return mmio_read8(uart_register(reg));
	return port_in8((uint16_t)uart_register(reg));
}

static void uart_write(unsigned int reg, uint8_t value)
{
	if (uart.flags & BH_CONSOLE_MMIO)
		mmio_write8(uart_register(reg), value);
	else
		port_out8((uint16_t)uart_register(reg), value);
}

static void uart_init(void)
{
	if (uart.flags & BH_CONSOLE_MMIO)
		memory_map(uart.address, 8 * 4, MEMORY_DEVICE);
	if (!uart.divider)
		return;
	uart_write(UART_LINE_CONTROL, UART_DLAB | UART_LINE_8N1);
	uart_write(UART_DIVIDER_LOW, (uint8_t)uart.divider);
	uart_write(UART_DIVIDER_HIGH, (uint8_t)(uart.divider >> 8));
	uart_write(UART_LINE_CONTROL, UART_LINE_8N1);
}

static void flag_set(const char *name, uint16_t flag, bool inverted)
{
	if (cmdline_flag(name, !!(uart.flags & flag) ^ inverted) ^ inverted)
		uart.flags |= flag;
	else
		uart.flags &= (uint16_t)~flag;
}

void console_init(void)
{
	uint32_t flags = comm_region->flags;
	char type[16];

	uart = comm_region->console;
	if (cmdline_string("con-type", type, sizeof(type)))
		uart.type = strcmp(type, "8250") ? BH_CONSOLE_NONE : BH_CONSOLE_8250;
	uart.address = (uint64_t)cmdline_number("con-base", (int64_t)uart.address);
	uart.divider = (uint32_t)cmdline_number("con-divider", uart.divider);
	flag_set("con-is-mmio", BH_CONSOLE_MMIO, false);
	flag_set("con-regdist-1", BH_CONSOLE_REGDIST_4, true);

	by_hypercall = cmdline_flag("con-virtual", (flags & BH_COMM_CONSOLE_ACTIVE) ||
							   ((flags & BH_COMM_CONSOLE_PERMITTED) &&
							    uart.type != BH_CONSOLE_8250));
	if (!by_hypercall && uart.type == BH_CONSOLE_8250)
		uart_init();
}

void console_put(char c)
{
	if (by_hypercall) {
		hypercall(BH_HC_PUTC, (uint8_t)c, 0);
	} else if (uart.type == BH_CONSOLE_8250) {
		for (unsigned int i = 0;
		     i < UART_SPINS && !(uart_read(UART_LINE_STATUS) & UART_EMPTY); i++)
			cpu_relax();
		uart_write(UART_DATA, (uint8_t)c);
	}
}

uint64_t console_lock(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	for (unsigned int i = 0; i < LOCK_SPINS; i++) {
		if (!__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
			break;
		cpu_relax();
	}
	return flags;
}

void console_unlock(uint64_t state)
{
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
	__asm__ volatile("pushq %0; popfq" : : "r"(state) : "memory", "cc");
}
