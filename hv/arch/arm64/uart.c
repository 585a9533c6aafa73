/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UART whose output is the cell's console, and which receives what is typed there: the Generic UART of the Server Base System
 * Architecture (DEN 0029, appendix B), whose registers are some of a PL011's (DDI 0183, 3.3).
 */
#include <bulkhead/board.h>
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_IMSC 0x38
#define UART_RIS 0x3c
#define UART_MIS 0x40

#define FR_RECEIVE_EMPTY BIT(4)
#define FR_TRANSMIT_EMPTY BIT(7)
#define INTERRUPT_RECEIVE \
	(BIT(4) | BIT(6)) /* also: for some time, as nobody knows whether more comes */
#define INTERRUPT_TRANSMIT BIT(5)
#define INTERRUPT_ALL 0x7ff

static u32 raw_interrupts(const struct cell *cell)
{
	return INTERRUPT_TRANSMIT |
	       (READ_ONCE(cell->arch.uart_input.count) ? INTERRUPT_RECEIVE : 0);
}

static void interrupt_update(const struct cell *cell)
{
	if (raw_interrupts(cell) & READ_ONCE(cell->arch.uart_mask))
		line_raise(cell, BH_BOARD_LINE_UART);
}

int arch_console_input(struct cell *cell, u8 c)
{
	if (!(cell->desc->flags & BH_CELL_PC))
		return -BH_ERRNO_NODEV;
	if (!console_input_put(&cell->arch.uart_input, c))
		return -BH_ERRNO_AGAIN;
	interrupt_update(cell);
	return 0;
}

static u32 uart_read(struct cell *cell, u32 reg)
{
	switch (reg) {
	case UART_DR:
		return console_input_take(&cell->arch.uart_input, false);
	case UART_FR:
		return FR_TRANSMIT_EMPTY |
		       (READ_ONCE(cell->arch.uart_input.count) ? 0 : FR_RECEIVE_EMPTY);
	case UART_IMSC:
		return cell->arch.uart_mask;
	case UART_RIS:
		return raw_interrupts(cell);
	case UART_MIS:
		return raw_interrupts(cell) & cell->arch.uart_mask;
	default:
		return 0;
	}
}

bool uart_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	struct cell *cell = cpu->cell;
	u32 reg = access->address.v - BH_BOARD_UART;

	(void)arg;
	if (!access->write) {
		access->value = uart_read(cell, reg);
	} else if (reg == UART_DR) {
		console_putc(cell, access->value);
	} else if (reg == UART_IMSC) {
		/* What has been sent so far may be all for now: a prompt has no newline. */
		console_flush(cell);
		WRITE_ONCE(cell->arch.uart_mask, access->value & INTERRUPT_ALL);
		interrupt_update(cell);
	}
	return true;
}

void uart_reset(struct cell *cell)
{
	cell->arch.uart_mask = 0;
	console_input_take(&cell->arch.uart_input, true);
}
