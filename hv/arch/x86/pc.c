/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The little of a PC that a stock operating system wants to find in a cell: bulkhead/pc.h. Nothing here
 * has a device behind it. Registers of the UART: TI TL16C550C data sheet (SLLS177), section 8.
 */
#include <bulkhead/event.h>
#include <bulkhead/pc.h>
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/string.h>

#define LCR_DLAB 0x80
#define IER_MASK 0x0f
#define IER_RECEIVED 0x01
#define IER_THRE 0x02
#define IIR_NONE 0x01
#define IIR_THRE 0x02
#define IIR_RECEIVED 0x04
#define IIR_FIFOS 0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RECEIVED 0x02
#define MCR_MASK 0x1f
#define MCR_LOOP 0x10
#define LSR_RECEIVED 0x01
#define LSR_EMPTY 0x60 /* room in both the FIFO and the shift register */
#define MSR_CONNECTED 0xb0 /* CTS, DSR, DCD */

enum uart_register {
	UART_DATA,
	UART_IER,
	UART_IIR,
	UART_LCR,
	UART_MCR,
	UART_LSR,
	UART_MSR,
	UART_SCR
};

/* What a kernel tries before it knows that the hardware is not there. */
static const struct {
	u16 first, last;
} quiet[] = {
	{0x00, 0x0f}, /* DMA controller */
	{0x20, 0x21}, /* PIC */
	{0x2e, 0x2f}, /* configuration of a Super I/O chip */
	{0x40, 0x43}, /* PIT */
	{0x4e, 0x4f},	{0x60, 0x64}, /* keyboard controller, speaker */
	{0x72, 0x77}, /* more CMOS RAM */
	{0x80, 0x8f}, /* DMA pages */
	{0xa0, 0xa1}, /* PIC */
	{0xc0, 0xdf}, /* DMA controller */
	{0xed, 0xed}, /* Linux' other delay port */
	{0xf0, 0xf1}, /* FPU error */
	{0x2e8, 0x2ef}, /* UARTs */
	{0x2f8, 0x2ff}, {0x3b0, 0x3df}, /* VGA */
	{0x3e8, 0x3ef}, {0x4d0, 0x4d1}, /* edges and levels of the PIC */
	{0xcf8, 0xcff}, /* PCI by other than double words, and the reset register between */
};

int arch_console_input(struct cell *cell, u8 c)
{
	if (!cell_is_pc(cell))
		return -BH_ERRNO_NODEV;
	return console_input_put(&cell->arch.pc.input, c) ? 0 : -BH_ERRNO_AGAIN;
}

static u8 uart_interrupt(const struct pc *pc)
{
	u8 fifos = pc->fcr & FCR_ENABLE ? IIR_FIFOS : 0;

	if (pc->ier & IER_RECEIVED && READ_ONCE(pc->input.count))
		return fifos | IIR_RECEIVED;
	return fifos | (pc->ier & IER_THRE ? IIR_THRE : IIR_NONE);
}

static u8 uart_read(struct cell *cell, enum uart_register reg)
{
	struct pc *pc = &cell->arch.pc;

	switch (reg) {
	case UART_DATA:
		return pc->lcr & LCR_DLAB ? pc->divisor[0] : console_input_take(&pc->input, false);
	case UART_IER:
		return pc->lcr & LCR_DLAB ? pc->divisor[1] : pc->ier;
	case UART_IIR:
		/* Looking for interrupts, it has nothing more to say for now: a prompt has no newline. */
		console_flush(cell);
		return uart_interrupt(pc);
	case UART_LCR:
		return pc->lcr;
	case UART_MCR:
		return pc->mcr;
	case UART_LSR:
		return LSR_EMPTY | (READ_ONCE(pc->input.count) ? LSR_RECEIVED : 0);
	case UART_MSR:
		/* In the loop DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD. */
		if (pc->mcr & MCR_LOOP)
			return (pc->mcr & 2) << 3 | (pc->mcr & 1) << 5 | (pc->mcr & 0xc) << 4;
		return MSR_CONNECTED;
	case UART_SCR:
		return pc->scratch;
	}
	return 0xff;
}

static void uart_write(struct cell *cell, enum uart_register reg, u8 value)
{
	struct pc *pc = &cell->arch.pc;

	switch (reg) {
	case UART_DATA:
		if (pc->lcr & LCR_DLAB)
			pc->divisor[0] = value;
		else if (!(pc->mcr & MCR_LOOP))
			console_putc(cell, value);
		break;
	case UART_IER:
		if (pc->lcr & LCR_DLAB)
			pc->divisor[1] = value;
		else
			pc->ier = value & IER_MASK;
		break;
	case UART_IIR:
		pc->fcr = value;
		if (value & FCR_CLEAR_RECEIVED)
			console_input_take(&pc->input, true);
		break;
	case UART_LCR:
		pc->lcr = value;
		break;
	case UART_MCR:
		pc->mcr = value & MCR_MASK;
		break;
	case UART_SCR:
		pc->scratch = value;
		break;
	default:
		break;
	}
}

/* Memory with a date that stands still: who starts a kernel writes there what time it is, and the kernel looks once. */
static void cmos_access(struct pc *pc, u16 port, bool write, u32 *value)
{
	if (port == BH_PC_CMOS_DATA && write)
		pc->cmos[pc->cmos_index] = ~*value;
	else if (port == BH_PC_CMOS_DATA)
		*value = (u8)~pc->cmos[pc->cmos_index];
	else if (write)
		pc->cmos_index = *value % CMOS_SIZE; /* the highest bit masks NMIs */
	else
		*value = ~0u;
}

static bool is_quiet(u16 port)
{
	for (u32 i = 0; i < ARRAY_SIZE(quiet); i++)
		if (port >= quiet[i].first && port <= quiet[i].last)
			return true;
	return false;
}

void pc_reset(struct cell *cell)
{
	struct pc *pc = &cell->arch.pc;

	/* Somebody may have just typed: the lock stays what it is. */
	console_input_take(&pc->input, true);
	memset(pc, 0, offsetof(struct pc, input));
}

bool pc_access(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value)
{
	if (port - BH_PC_UART < BH_PC_UART_PORTS && port >= BH_PC_UART && width == 1) {
		if (write)
			uart_write(cpu->cell, port - BH_PC_UART, *value);
		else
			*value = uart_read(cpu->cell, port - BH_PC_UART);
		return true;
	}
	if (port >= BH_PC_SLEEP_CONTROL && port <= BH_PC_RESET && width == 1) {
		if (!write)
			*value = 0;
		else if (port == BH_PC_RESET && (u8)*value == BH_PC_RESET_VALUE)
			cell_power(cpu, BH_POWER_RESET);
		else if (port == BH_PC_SLEEP_CONTROL &&
			 (u8)*value == (BH_PC_SLEEP_ENABLE | BH_PC_SLEEP_TYPE_OFF << 2))
			cell_power(cpu, BH_POWER_OFF);
		return true;
	}
	if ((port == BH_PC_CMOS_INDEX || port == BH_PC_CMOS_DATA) && width == 1) {
		cmos_access(&cpu->cell->arch.pc, port, write, value);
		return true;
	}
	if (!is_quiet(port))
		return false;
	/* A counter that stands still at 0 is what no loop waits for. */
	if (!write)
		*value = port >= 0x40 && port <= 0x43 ? 0 : ~0u;
	return true;
}
