// SPDX-License-Identifier: GPL-2.0-or-later
/* What trapped accesses of cells to devices do: windows, ports, interrupt pins, PCI functions and their messages. */
#include <bulkhead/pc.h>
#include "core-fixture.h"

#define NIC 0x18
#define OTHER 0x20
#define NIC_BAR 0xd0000000ull
#define NIC_BAR64 0x190000000ull
#define MSI_AT 0x50
#define MSIX_AT 0x70
#define VENDOR_AT 0x90
#define MSIX_TABLE (NIC_BAR + 0x2000)
#define MSIX_VECTORS 80

#define DEVICE 0xc8000000ull /* neither RAM nor the core's */
#define CONFIG(bdf, reg) (HOST_MMCONFIG + ((u64)(bdf) << 12) + (reg))

static struct cpu *cell_cpu;

/* With the policy `ignore' everywhere, so that one test can try many things. */
static void request_lenient(struct request *r, u32 id, const char *name)
{
	request_plain(r, id, name);
	memset(r->desc.policy, BH_POLICY_IGNORE, BH_KINDS);
	r->desc.policy[BH_KIND_HYPERCALL] = r->desc.policy[BH_KIND_CPU] = 0;
	r->desc.policy[BH_KIND_CORE] = 0;
}

static void run(const struct request *r)
{
	core_must_create(r);
	core_must(BH_HC_CELL_START, r->desc.id);
	cell_cpu = core_cpu(r->desc.id);
}

static void end(u32 id)
{
	core_must(BH_HC_CELL_STOP, id);
	core_must(BH_HC_CELL_DESTROY, id);
}

static u64 violations(u32 kind)
{
	return shared->cell[cell_cpu->cell->id].violations[kind];
}

/* The last one, which must be of the cell and this kind. */
static const struct bh_event *violation_last(u32 kind)
{
	const struct bh_event *event =
		&shared->events.entry[(shared->events.tail - 1) % BH_EVENT_RING_ENTRIES];

	event_ack(shared->events.tail);
	g_assert_cmpuint(event->type, ==, BH_EVENT_VIOLATION);
	g_assert_cmpuint(event->kind, ==, kind);
	return event;
}

#define FORBIDDEN(kind, ...)                                         \
	do {                                                         \
		u64 before_ = violations(kind);                      \
		__VA_ARGS__;                                         \
		g_assert_cmpuint(violations(kind), ==, before_ + 1); \
	} while (0)
#define ALLOWED(kind, ...)                                       \
	do {                                                     \
		u64 before_ = violations(kind);                  \
		__VA_ARGS__;                                     \
		g_assert_cmpuint(violations(kind), ==, before_); \
	} while (0)

static void write_at(u64 address, u8 width, u64 value)
{
	host_guest_access(cell_cpu, GPA(address), width, true, &value);
}

static u64 read_at(u64 address, u8 width)
{
	u64 value = 0;

	host_guest_access(cell_cpu, GPA(address), width, false, &value);
	return value;
}

static void out(u16 port, u8 width, u32 value)
{
	host_guest_port(cell_cpu, port, width, true, &value);
}

static u32 in(u16 port, u8 width)
{
	u32 value = 0;

	host_guest_port(cell_cpu, port, width, false, &value);
	return value;
}

/* ---- windows ---- */

static void test_windows(void)
{
	struct request r;

	core_start(2);
	request_lenient(&r, 1, "windows");
	request_memory(&r, DEVICE + 0x100, GIB + 0x100, 0x10,
		       BH_MEM_READ | BH_MEM_WRITE | BH_MEM_IO | BH_MEM_IO_32);
	request_memory(&r, DEVICE + 0x200, GIB + 0x200, 0x10,
		       BH_MEM_READ | BH_MEM_IO | BH_MEM_IO_8 | BH_MEM_IO_64);
	request_memory(&r, DEVICE + 0x300, GIB + 0x300, 0x10,
		       BH_MEM_WRITE | BH_MEM_IO | BH_MEM_IO_16 | BH_MEM_IO_UNALIGNED);
	run(&r);
	/* The page stays with the root. */
	g_assert_cmpuint(core_owner(DEVICE), ==, BH_OWNER_ROOT);
	ALLOWED(BH_KIND_MEMORY, write_at(GIB + 0x104, 4, 0x11223344));
	g_assert_cmphex(mmio_read(PADDR(DEVICE + 0x104), 4), ==, 0x11223344);
	ALLOWED(BH_KIND_MEMORY, g_assert_cmphex(read_at(GIB + 0x104, 4), ==, 0x11223344));
	/* Other widths, other alignment, over the end, beside it. */
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x104, 2, 1));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x104, 8, 1));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x106, 4, 1));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x10e, 4, 1));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x110, 4, 1));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0xfc, 4, 1));
	g_assert_cmphex(violation_last(BH_KIND_MEMORY)->address, ==, GIB + 0xfc);
	g_assert_cmphex(mmio_read(PADDR(DEVICE + 0x104), 8), ==, 0x11223344);
	FORBIDDEN(BH_KIND_MEMORY, g_assert_cmphex(read_at(GIB + 0x104, 1), ==, 0xff));
	/* Read only, and several widths. */
	mmio_write(PADDR(DEVICE + 0x208), 8, 0x8877665544332211);
	ALLOWED(BH_KIND_MEMORY, g_assert_cmphex(read_at(GIB + 0x208, 8), ==, 0x8877665544332211));
	ALLOWED(BH_KIND_MEMORY, g_assert_cmphex(read_at(GIB + 0x209, 1), ==, 0x22));
	FORBIDDEN(BH_KIND_MEMORY, read_at(GIB + 0x20c, 8));
	FORBIDDEN(BH_KIND_MEMORY, write_at(GIB + 0x208, 8, 0));
	/* Write only, unaligned. */
	ALLOWED(BH_KIND_MEMORY, write_at(GIB + 0x303, 2, 0xabcd));
	g_assert_cmphex(mmio_read(PADDR(DEVICE + 0x303), 2), ==, 0xabcd);
	FORBIDDEN(BH_KIND_MEMORY, read_at(GIB + 0x302, 2));
	end(1);
	core_stop();
}

static bool region_note(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	(void)cpu;
	access->value = *(u64 *)arg;
	return true;
}

/* The list of trapped regions against all addresses around them. */
static void test_regions(void)
{
	static u64 number[MMIO_REGIONS_MAX];
	struct mmio_space space = {};

	/* Added out of order: 7, 14, … */
	for (u32 i = 0; i < MMIO_REGIONS_MAX; i++) {
		u32 at = (i + 1) * 7 % 65 - 1;

		number[at] = at;
		g_assert_true(mmio_add(&space, 0x1000 + at * 0x20, 0x10, region_note, &number[at]));
	}
	g_assert_false(mmio_add(&space, 0x10000, 0x10, region_note, NULL));
	for (u64 address = 0xff0; address < 0x1000 + 0x20 * MMIO_REGIONS_MAX + 0x20; address++) {
		const struct mmio_region *region = mmio_find(&space, GPA(address));
		u64 at = (address - 0x1000) / 0x20;
		bool inside = address >= 0x1000 && at < MMIO_REGIONS_MAX && address % 0x20 < 0x10;

		g_assert_cmpint(region != NULL, ==, inside);
		if (inside)
			g_assert_cmpuint(*(u64 *)region->arg, ==, at);
	}
	mmio_remove(&space, 0x1000 + 5 * 0x20);
	g_assert_null(mmio_find(&space, GPA(0x1000 + 5 * 0x20)));
	g_assert_nonnull(mmio_find(&space, GPA(0x1000 + 6 * 0x20)));
	g_assert_false(mmio_add(&space, 0x1000 + 4 * 0x20 + 8, 0x20, region_note, NULL));
	g_assert_true(mmio_add(&space, 0x1000 + 4 * 0x20 + 0x10, 0x30, region_note, &number[5]));
	mmio_remove(&space, 0x99); /* none */
	g_assert_cmpuint(space.count, ==, MMIO_REGIONS_MAX);
}

/* ---- ports ---- */

static bool port_open(const struct cell *cell, u16 port)
{
	return !(cell->arch.iopm[port / 8] & BIT(port % 8));
}

static void test_ports(void)
{
	struct request r;
	u32 value = 0x55;

	core_start(2);
	request_lenient(&r, 1, "ports");
	request_pio(&r, 0x3f8, 8);
	request_pio(&r, 0x60, 5);
	request_pio(&r, 0xffff, 1);
	run(&r);
	for (u32 port = 0; port < 0x10000; port++) {
		bool mine = (port >= 0x3f8 && port < 0x400) || (port >= 0x60 && port < 0x65) ||
			    port == 0xffff;
		bool timer = port - 0x608 < 4, config = port - 0xcf8 < 8;

		g_assert_cmpint(port_open(cell_get(1), port), ==, timer || (mine && port != 0x64));
		g_assert_cmpint(port_open(&root_cell, port), ==, !mine && !config);
	}
	/* What is not its own. */
	FORBIDDEN(BH_KIND_PIO, out(0x70, 1, 0x8f));
	g_assert_cmphex(violation_last(BH_KIND_PIO)->address, ==, 0x70);
	FORBIDDEN(BH_KIND_PIO, g_assert_cmphex(in(0x71, 1), ==, 0xff));
	FORBIDDEN(BH_KIND_PIO, g_assert_cmphex(in(0xcf9, 1), ==, 0xff));
	FORBIDDEN(BH_KIND_PIO, out(0xcf9, 1, 6));
	ALLOWED(BH_KIND_PIO, out(0x80, 1, 0));
	/* The keyboard controller: all but the commands that reset the machine. */
	ALLOWED(BH_KIND_PIO, out(0x64, 1, 0x20));
	ALLOWED(BH_KIND_PIO, in(0x64, 1));
	FORBIDDEN(BH_KIND_PIO, out(0x64, 1, 0xfe));
	FORBIDDEN(BH_KIND_PIO, out(0x64, 1, 0xd1));
	FORBIDDEN(BH_KIND_PIO, out(0x64, 2, 0x20));

	/* To the root the cell's ports are closed, wherever they lie. */
	cell_cpu = cpu_get(0);
	FORBIDDEN(BH_KIND_PIO, g_assert_true(host_guest_port(cpu_get(0), 0x3f8, 1, true, &value)));
	FORBIDDEN(BH_KIND_PIO, g_assert_true(host_guest_port(cpu_get(0), 0x3f8, 1, false, &value)));
	g_assert_cmphex(value, ==, 0xff);
	FORBIDDEN(BH_KIND_PIO, g_assert_true(host_guest_port(cpu_get(0), 0x64, 1, true, &value)));
	FORBIDDEN(BH_KIND_PIO, g_assert_true(host_guest_port(cpu_get(0), 0xffff, 1, true, &value)));
	ALLOWED(BH_KIND_PIO, g_assert_true(host_guest_port(cpu_get(0), 0xcf9, 1, false, &value)));
	end(1);
	for (u32 port = 0; port < 0x10000; port++)
		g_assert_cmpint(port_open(&root_cell, port), ==, port < 0xcf8 || port > 0xcff);
	core_stop();
}

/* As Linux probes it (drivers/tty/serial/8250): registers that hold what was written, the loop, the FIFOs. */
static void test_pc_uart(void)
{
	const struct bh_text_ring *console = &shared->console[1];

	out(BH_PC_UART + 1, 1, 0xff);
	g_assert_cmphex(in(BH_PC_UART + 1, 1), ==, 0x0f);
	g_assert_cmphex(in(BH_PC_UART + 2, 1), ==, 0x02); /* room for output */
	out(BH_PC_UART + 1, 1, 0);
	g_assert_cmphex(in(BH_PC_UART + 2, 1), ==, 0x01);
	out(BH_PC_UART + 2, 1, 1);
	g_assert_cmphex(in(BH_PC_UART + 2, 1), ==, 0xc1);
	out(BH_PC_UART + 4, 1, 0x1a);
	g_assert_cmphex(in(BH_PC_UART + 6, 1), ==, 0x90);
	out(BH_PC_UART, 1, 'x'); /* goes round in the loop only */
	g_assert_cmpuint(console->tail, ==, 0);
	out(BH_PC_UART + 4, 1, 3);
	g_assert_cmphex(in(BH_PC_UART + 6, 1), ==, 0xb0);
	out(BH_PC_UART + 3, 1, 0x83);
	out(BH_PC_UART, 1, 12);
	out(BH_PC_UART + 1, 1, 1);
	g_assert_cmphex(in(BH_PC_UART, 1), ==, 12);
	g_assert_cmphex(in(BH_PC_UART + 1, 1), ==, 1);
	out(BH_PC_UART + 3, 1, 3);
	out(BH_PC_UART + 7, 1, 0x5a);
	g_assert_cmphex(in(BH_PC_UART + 7, 1), ==, 0x5a);
	g_assert_cmphex(in(BH_PC_UART + 5, 1), ==, 0x60);
	for (const char *c = "hi\n"; *c; c++)
		out(BH_PC_UART, 1, *c);
	g_assert_cmpmem((const char *)console->data, console->tail, "hi\n", 3);
}

static long type(char c)
{
	return hypercall(cpu_get(0), BH_HC_CONSOLE_INPUT, 1, c);
}

static long notified(void)
{
	return hypercall(cpu_get(0), BH_HC_NOTIFY_ACK, 0, 0);
}

/* What the root types at the cell; and prompts, which have no newline. */
static void test_pc_input(void)
{
	u32 room = 0;

	hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0x40);
	notified();
	out(BH_PC_UART + 1, 1, 1);
	g_assert_cmphex(in(BH_PC_UART + 2, 1), ==, 0xc1);
	g_assert_cmphex(in(BH_PC_UART, 1), ==, 0);
	g_assert_cmpint(type('a'), ==, 0);
	g_assert_cmpint(type('b'), ==, 0);
	g_assert_cmphex(in(BH_PC_UART + 2, 1), ==, 0xc4);
	g_assert_cmphex(in(BH_PC_UART + 5, 1), ==, 0x61);
	g_assert_cmphex(in(BH_PC_UART, 1), ==, 'a');
	g_assert_cmphex(in(BH_PC_UART, 1), ==, 'b');
	g_assert_cmphex(in(BH_PC_UART + 5, 1), ==, 0x60);
	/* A full one says when there is room, once. */
	while (type(room) == 0)
		room++;
	g_assert_cmpuint(room, ==, 64);
	g_assert_cmpint(type('x'), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpint(notified(), ==, 0);
	for (u32 i = 0; i < room; i++) {
		g_assert_cmphex(in(BH_PC_UART, 1), ==, i);
		g_assert_cmpint(notified(), ==, i ? 0 : BH_NOTIFY_CONSOLE);
	}
	/* The kernel begins anew with the FIFO: what came before is not for it. */
	type('x');
	type('y');
	out(BH_PC_UART + 2, 1, 3);
	g_assert_cmphex(in(BH_PC_UART + 5, 1), ==, 0x60);
	g_assert_cmpint(type('z'), ==, 0);
	g_assert_cmphex(in(BH_PC_UART, 1), ==, 'z');

	out(BH_PC_UART, 1, '#');
	g_assert_cmpint(notified(), ==, 0);
	in(BH_PC_UART + 2, 1);
	g_assert_cmpint(notified(), ==, BH_NOTIFY_CONSOLE);
	in(BH_PC_UART + 2, 1);
	g_assert_cmpint(notified(), ==, 0);
	hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0);

	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CONSOLE_INPUT, 0, 'x'), ==, -BH_ERRNO_NOENT);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CONSOLE_INPUT, 2, 'x'), ==, -BH_ERRNO_NOENT);
	g_assert_cmpint(hypercall(cell_cpu, BH_HC_CONSOLE_INPUT, 1, 'x'), ==, -BH_ERRNO_PERM);
	type('l');
}

/* What the cell does at last, and that it is told. */
static void pc_ends(u16 port, u8 value, u64 what)
{
	const struct bh_event *event;

	event_ack(shared->events.tail);
	out(port, 1, value);
	event = &shared->events.entry[(shared->events.tail - 2) % BH_EVENT_RING_ENTRIES];
	g_assert_cmpuint(event->type, ==, BH_EVENT_CELL_POWER);
	g_assert_cmpuint(event->value, ==, what);
	g_assert_cmpuint(cell_cpu->mode, ==, CPU_STOPPED);
	g_assert_false(cell_cpu->failed);
	g_assert_cmpuint(cell_state(1, &(struct bh_error){}), ==, BH_CELL_SHUT_DOWN);
}

static void test_pc(void)
{
	struct request r;

	core_start(2);
	request_plain(&r, 1, "pc");
	r.desc.flags |= BH_CELL_PC;
	run(&r);
	test_pc_uart();
	test_pc_input();
	/* Functions that are not there are looked for in ways that write. */
	out(0xcf8, 4, 0x8000f8e0);
	out(0xcfc, 4, 0);
	g_assert_cmpuint(violations(BH_KIND_PCI), ==, 0);
	g_assert_cmphex((u8)in(0x64, 1), ==, 0xff);
	g_assert_cmphex(in(0x40, 1), ==, 0);
	/* CMOS RAM: ones until it is written, and a bit of its index is none of it. */
	out(BH_PC_CMOS_INDEX, 1, 0x8f);
	g_assert_cmphex((u8)in(BH_PC_CMOS_DATA, 1), ==, 0xff);
	out(BH_PC_CMOS_DATA, 1, 0x2a);
	out(BH_PC_CMOS_INDEX, 1, 0x7f);
	g_assert_cmphex((u8)in(BH_PC_CMOS_DATA, 1), ==, 0xff);
	out(BH_PC_CMOS_INDEX, 1, 0x0f);
	g_assert_cmphex((u8)in(BH_PC_CMOS_DATA, 1), ==, 0x2a);
	g_assert_cmphex((u8)in(BH_PC_CMOS_INDEX, 1), ==, 0xff);
	out(0xcf9, 1, 6); /* the machine goes on */
	out(0x64, 1, 0xfe);
	out(BH_PC_RESET, 1, 0);
	out(BH_PC_SLEEP_CONTROL, 1, BH_PC_SLEEP_ENABLE); /* S0 */
	g_assert_cmphex(in(BH_PC_SLEEP_STATUS, 1), ==, 0);
	g_assert_cmpuint(violations(BH_KIND_PIO), ==, 0);
	g_assert_cmpuint(cell_cpu->mode, ==, CPU_RUNNING);

	pc_ends(BH_PC_SLEEP_CONTROL, BH_PC_SLEEP_ENABLE | BH_PC_SLEEP_TYPE_OFF << 2, BH_POWER_OFF);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmphex(in(BH_PC_UART + 7, 1), ==, 0); /* begins afresh */
	out(BH_PC_CMOS_INDEX, 1, 0x0f);
	g_assert_cmphex((u8)in(BH_PC_CMOS_DATA, 1), ==, 0xff);
	g_assert_cmphex(in(BH_PC_UART + 5, 1), ==, 0x60);
	pc_ends(BH_PC_RESET, BH_PC_RESET_VALUE, BH_POWER_RESET);

	/* What is not a PC's is forbidden as ever. Nobody types at a cell that is none. */
	core_must(BH_HC_CELL_START, 1);
	out(0x1234, 1, 0);
	g_assert_cmpuint(violations(BH_KIND_PIO), ==, 1);
	g_assert_true(cell_cpu->failed);
	end(1);
	request_plain(&r, 1, "payload");
	run(&r);
	g_assert_cmpint(type('x'), ==, -BH_ERRNO_NODEV);
	end(1);
	core_stop();
}

/* ---- interrupt pins ---- */

static void pin_select(u32 reg)
{
	write_at(HOST_IOAPIC, 4, reg);
}

static void pin_write(u32 pin, u32 half, u32 value)
{
	pin_select(0x10 + 2 * pin + half);
	write_at(HOST_IOAPIC + 0x10, 4, value);
}

static u32 pin_read(u32 pin, u32 half)
{
	pin_select(0x10 + 2 * pin + half);
	return read_at(HOST_IOAPIC + 0x10, 4);
}

static void test_pins(void)
{
	const u64 roots = 0x0300000000008931, foreign = 0x0000000000000045;
	struct request r;

	core_start(2);
	host_ioapic_set_entry(4, roots);
	host_ioapic_set_entry(5, foreign);
	request_lenient(&r, 1, "pins");
	request_cpu(&r, 3);
	request_pin(&r, 4);
	run(&r);
	g_assert_cmphex(host_ioapic_entry(4), ==, roots | BIT(16));
	/* Its own CPUs, as a fixed or lowest-priority interrupt. */
	ALLOWED(BH_KIND_IRQ, pin_write(4, 1, 3u << 24));
	ALLOWED(BH_KIND_IRQ, pin_write(4, 0, 0x41));
	g_assert_cmphex(host_ioapic_entry(4), ==, 0x0300000000000041);
	ALLOWED(BH_KIND_IRQ, pin_write(4, 0, 0x141));
	g_assert_cmphex(pin_read(4, 0), ==, 0x141);
	g_assert_cmphex(pin_read(4, 1), ==, 3u << 24);
	/* Foreign CPUs, SMI, NMI, INIT, ExtINT, logical destinations. */
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 1, 0));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x241));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x441));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x541));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x741));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x841));
	g_assert_cmphex(host_ioapic_entry(4), ==, 0x0300000000000141);
	/* Masked it may say anything, and is not unmasked that way. */
	ALLOWED(BH_KIND_IRQ, pin_write(4, 0, 0x10041));
	ALLOWED(BH_KIND_IRQ, pin_write(4, 1, 0));
	FORBIDDEN(BH_KIND_IRQ, pin_write(4, 0, 0x41));
	/* Others' pins look absent. */
	ALLOWED(BH_KIND_IRQ, pin_write(5, 0, 0x77));
	g_assert_cmphex(pin_read(5, 0), ==, 0);
	g_assert_cmphex(host_ioapic_entry(5), ==, foreign);
	FORBIDDEN(BH_KIND_IRQ, pin_write(HOST_IOAPIC_PINS, 0, 0x77));
	/* Registers of the controller: version to read, none to write. */
	pin_select(1);
	g_assert_cmphex(read_at(HOST_IOAPIC + 0x10, 4) >> 16 & 0xff, ==, HOST_IOAPIC_PINS - 1);
	FORBIDDEN(BH_KIND_IRQ, write_at(HOST_IOAPIC + 0x10, 4, 0));
	FORBIDDEN(BH_KIND_IRQ, write_at(HOST_IOAPIC, 1, 0));
	FORBIDDEN(BH_KIND_IRQ, read_at(HOST_IOAPIC + 0x20, 4));
	/* A start masks it; in the end the root has it as it was. */
	pin_write(4, 1, 3u << 24);
	pin_write(4, 0, 0x41);
	core_must(BH_HC_CELL_STOP, 1);
	g_assert_cmphex(host_ioapic_entry(4) & BIT(16), ==, BIT(16));
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_cmphex(host_ioapic_entry(4), ==, roots);
	core_stop();
}

/* ---- PCI ---- */

static struct host_function *nic, *other;

static void nic_start(void)
{
	struct request r;
	struct bh_boot_info info;
	struct bh_error error;

	nic = host_function_add(NIC, 0x1af4, 0x1041);
	host_function_bar(nic, 0, NIC_BAR, 16 * KIB, 0);
	host_function_bar(nic, 2, NIC_BAR64, MIB, 0xc);
	host_function_bar(nic, 5, 0xc001 & ~3u, 0x20, 1);
	host_function_msi(nic, MSI_AT, MSIX_AT, true);
	host_function_msix(nic, MSIX_AT, VENDOR_AT, 0, 0x2000, MSIX_VECTORS);
	host_function_capability(nic, VENDOR_AT, 0xa0, 0x09, 8);
	host_function_capability(nic, 0xa0, 0, 0x03, 8); /* VPD: nothing a cell may write */
	other = host_function_add(OTHER, 0x1af4, 0x1042);
	host_function_bar(other, 0, NIC_BAR + MIB, PAGE_SIZE, 0);
	host.leaf_level = 2;
	host_describe(&info, CORE_CPUS, CORE_MEMORY, CORE_AT);
	info.phys_limit = 8 * GIB;
	g_assert_true(host_start(&info, &error));
	/* As the root's driver left it. */
	for (u32 i = 0; i < MSIX_VECTORS; i++) {
		mmio_write(PADDR(MSIX_TABLE + 16 * i), 8, 0xfee00000);
		mmio_write(PADDR(MSIX_TABLE + 16 * i + 8), 8, 0x31);
	}
	request_lenient(&r, 2, "nic");
	request_cpu(&r, 3);
	request_pci(&r, NIC);
	run(&r);
}

static u32 config(const struct host_function *f, u32 reg, u8 width)
{
	u32 value = 0;

	memcpy(&value, &f->config[reg], width);
	return value;
}

static void function_select(u16 bdf, u32 reg)
{
	out(0xcf8, 4, 1u << 31 | (u32)bdf << 8 | (reg & 0xfc));
}

static void test_config_read(void)
{
	u64 value = 0;

	nic_start();
	for (u32 reg = 0; reg < 0x100; reg += 4) {
		bool bar = reg >= 0x10 && reg<0x28, msi = reg> MSI_AT && reg <= MSI_AT + 12;

		function_select(NIC, reg);
		g_assert_cmphex(in(0xcfc, 4), ==, read_at(CONFIG(NIC, reg), 4));
		if (!bar && !msi)
			g_assert_cmphex(in(0xcfc, 4), ==, config(nic, reg, 4));
		g_assert_cmphex(read_at(CONFIG(NIC, reg + 2), 2), ==,
				read_at(CONFIG(NIC, reg), 4) >> 16);
		g_assert_cmphex(in(0xcfd, 1), ==, read_at(CONFIG(NIC, reg), 4) >> 8 & 0xff);
		/* What is not the cell's is not there. */
		function_select(OTHER, reg);
		g_assert_cmphex(in(0xcfc, 4), ==, 0xffffffff);
		g_assert_cmphex(read_at(CONFIG(OTHER, reg), 2), ==, 0xffff);
		g_assert_cmphex(read_at(CONFIG(0xff00, reg), 1), ==, 0xff);
	}
	g_assert_cmpuint(violations(BH_KIND_PCI), ==, 0);
	FORBIDDEN(BH_KIND_PCI, read_at(CONFIG(NIC, 0), 8));
	FORBIDDEN(BH_KIND_PCI, read_at(CONFIG(NIC, 2), 4));
	FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(OTHER, 4), 2, 0));
	g_assert_cmphex(violation_last(BH_KIND_PCI)->address, ==, CONFIG(OTHER, 4));
	function_select(OTHER, 4);
	FORBIDDEN(BH_KIND_PCI, out(0xcfe, 2, 0));
	g_assert_cmphex(violation_last(BH_KIND_PCI)->address, ==, OTHER << 12 | 6);
	/* The root in turn finds an empty slot, and writes there go nowhere. */
	g_assert_cmphex(pci_config_read(cpu_get(0), NIC, 0, 4), ==, 0xffffffff);
	g_assert_cmphex(pci_config_read(cpu_get(0), OTHER, 0, 4), ==, 0x10421af4);
	g_assert_true(pci_config_write(cpu_get(0), NIC, 0x3c, 1, 0x99));
	g_assert_cmphex(config(nic, 0x3c, 1), ==, 0);
	/* By memory too: the page is not the root's meanwhile. */
	g_assert_cmpuint(core_owner(CONFIG(NIC, 0)), ==, 2);
	g_assert_cmpuint(core_owner(CONFIG(NIC, 0) + PAGE_SIZE), ==, BH_OWNER_ROOT);
	g_assert_true(host_guest_access(cpu_get(0), GPA(CONFIG(NIC, 0x100)), 4, false, &value));
	g_assert_cmphex(value, ==, 0xffffffff);
	value = 0x99;
	g_assert_true(host_guest_access(cpu_get(0), GPA(CONFIG(NIC, 0x3c)), 1, true, &value));
	g_assert_cmphex(config(nic, 0x3c, 1), ==, 0);
	end(2);
	g_assert_cmpuint(core_owner(CONFIG(NIC, 0)), ==, BH_OWNER_ROOT);
	g_assert_cmphex(pci_config_read(cpu_get(0), NIC, 0, 4), ==, 0x10411af4);
	core_stop();
}

/* BARs can be sized and read back; the device's own never move. */
static void test_bars(void)
{
	nic_start();
	for (u32 i = 0; i < 2; i++) {
		u32 low = config(nic, 0x18, 4), high = config(nic, 0x1c, 4);

		write_at(CONFIG(NIC, 0x10), 4, ~0u);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x10), 4), ==, 0xffffc000);
		write_at(CONFIG(NIC, 0x18), 4, ~0u);
		write_at(CONFIG(NIC, 0x1c), 4, ~0u);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x18), 4), ==, 0xfff0000c);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x1c), 4), ==, 0xffffffff);
		write_at(CONFIG(NIC, 0x24), 4, ~0u);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x24), 4), ==, 0xffffffe1);
		write_at(CONFIG(NIC, 0x14), 4, ~0u);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x14), 4), ==, 0);
		write_at(CONFIG(NIC, 0x30), 4, ~0u);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x30), 4), ==, 0);
		write_at(CONFIG(NIC, 0x13), 1, 0x12);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x10), 4), ==, 0x12ffc000);
		g_assert_cmphex(config(nic, 0x10, 4), ==, NIC_BAR);
		g_assert_cmphex(config(nic, 0x18, 4), ==, low);
		g_assert_cmphex(config(nic, 0x1c, 4), ==, high);
		g_assert_cmphex(config(nic, 0x24, 4), ==, 0xc001);
		/* A start brings the view back. */
		core_must(BH_HC_CELL_STOP, 2);
		core_must(BH_HC_CELL_START, 2);
		g_assert_cmphex(read_at(CONFIG(NIC, 0x10), 4), ==, NIC_BAR);
	}
	/* Memory and ports behind them. */
	g_assert_cmpuint(core_owner(NIC_BAR), ==, 2);
	g_assert_cmpuint(core_owner(NIC_BAR + 12 * KIB), ==, 2);
	g_assert_cmpuint(core_owner(NIC_BAR + 16 * KIB), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(core_owner(NIC_BAR64 + MIB - 1), ==, 2);
	g_assert_true(table_lookup(&cell_get(2)->table, GPA(NIC_BAR64)).present);
	g_assert_true(port_open(cell_get(2), 0xc000) && port_open(cell_get(2), 0xc01f));
	g_assert_false(port_open(cell_get(2), 0xc020) || port_open(&root_cell, 0xc000));
	end(2);
	g_assert_cmpuint(core_owner(NIC_BAR), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(core_owner(NIC_BAR64), ==, BH_OWNER_ROOT);
	g_assert_true(port_open(&root_cell, 0xc000));
	core_stop();
}

static void test_config_write(void)
{
	nic_start();
	/* Handed over quiet: no DMA, no decoding, no INTx. */
	g_assert_cmphex(config(nic, 4, 2), ==, 0x400);
	ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, 4), 2, 0x6));
	g_assert_cmphex(config(nic, 4, 2), ==, 0x6);
	ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, 0x3c), 1, 0xb));
	g_assert_cmphex(config(nic, 0x3c, 1), ==, 0xb);
	ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, VENDOR_AT + 4), 4, 0x12345678));
	g_assert_cmphex(config(nic, VENDOR_AT + 4, 4), ==, 0x12345678);
	ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, 0x100), 4, 1));
	FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, 0x00), 4, 0));
	FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, 0x2c), 4, 0));
	FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, 0xa4), 4, 1));
	FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, 0x40), 4, 1));
	core_must(BH_HC_CELL_STOP, 2);
	g_assert_cmphex(config(nic, 4, 2), ==, 0x400);
	core_must(BH_HC_CELL_DESTROY, 2);
	g_assert_cmphex(config(nic, 4, 2), ==, 0x400);
	core_stop();
}

/* To its own CPUs (APIC ids 2 and 3) as an interrupt, or not at all. */
static const struct {
	u64 address;
	u32 data;
	bool allowed;
} messages[] = {
	{0xfee02000, 0x41, true},   {0xfee03000, 0x41, true},
	{0xfee03000, 0x141, true}, /* lowest priority */
	{0xfee00000, 0x41, false}, /* CPU 0 */
	{0xfee04000, 0x41, false},  {0xfeeff000, 0x41, false},
	{0xfee02004, 0x41, false}, /* logical */
	{0xfee02000, 0x241, false}, /* SMI */
	{0xfee02000, 0x441, false}, /* NMI */
	{0xfee02000, 0x541, false}, /* INIT */
	{0xfee02000, 0x741, false}, {0x1fee02000, 0x41, false},
	{0xfed02000, 0x41, false},  {0x10002000, 0x41, false},
};

static void test_msi(void)
{
	nic_start();
	for (u32 i = 0; i < G_N_ELEMENTS(messages); i++) {
		u32 was[3] = {config(nic, MSI_AT + 4, 4), config(nic, MSI_AT + 8, 4),
			      config(nic, MSI_AT + 12, 2)};

		ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 2), 2, 0x80));
		ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 4), 4, messages[i].address));
		ALLOWED(BH_KIND_PCI,
			write_at(CONFIG(NIC, MSI_AT + 8), 4, messages[i].address >> 32));
		ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 12), 2, messages[i].data));
		/* Disabled, it is a note only; what was written can be read. */
		g_assert_cmphex(config(nic, MSI_AT + 4, 4), ==, was[0]);
		g_assert_cmphex(read_at(CONFIG(NIC, MSI_AT + 4), 4), ==, (u32)messages[i].address);
		if (messages[i].allowed) {
			ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 2), 2, 0xf1));
			g_assert_cmphex(config(nic, MSI_AT + 4, 4), ==, messages[i].address);
			g_assert_cmphex(config(nic, MSI_AT + 12, 2), ==, messages[i].data);
			/* One vector, however many are asked for. */
			g_assert_cmphex(config(nic, MSI_AT + 2, 2), ==, 0x81);
			/* And it stays allowed: enabled, a change is checked at once. */
			FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 4), 4, 0xfee00000));
			g_assert_cmphex(config(nic, MSI_AT + 4, 4), ==, messages[i].address);
			FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 8), 4, 1));
			g_assert_cmphex(config(nic, MSI_AT + 8, 4), ==, 0);
		} else {
			FORBIDDEN(BH_KIND_PCI, write_at(CONFIG(NIC, MSI_AT + 2), 2, 0x81));
			g_assert_cmphex(config(nic, MSI_AT + 2, 2) & 1, ==, 0);
			g_assert_cmphex(config(nic, MSI_AT + 4, 4), ==, was[0]);
			g_assert_cmphex(config(nic, MSI_AT + 8, 4), ==, was[1]);
			g_assert_cmphex(config(nic, MSI_AT + 12, 2), ==, was[2]);
		}
	}
	write_at(CONFIG(NIC, MSI_AT + 2), 2, 0x80);
	write_at(CONFIG(NIC, MSI_AT + 8), 4, 0);
	write_at(CONFIG(NIC, MSI_AT + 4), 4, 0xfee02000);
	write_at(CONFIG(NIC, MSI_AT + 12), 2, 0x41);
	write_at(CONFIG(NIC, MSI_AT + 2), 2, 0x81);
	g_assert_cmphex(config(nic, MSI_AT + 2, 2), ==, 0x81);
	core_must(BH_HC_CELL_STOP, 2);
	g_assert_cmphex(config(nic, MSI_AT + 2, 2) & 1, ==, 0);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_stop();
}

static u32 table_word(u32 vector, u32 word)
{
	return mmio_read(PADDR(MSIX_TABLE + 16 * vector + 4 * word), 4);
}

static void test_msix(void)
{
	nic_start();
	/* What the root's driver left cannot be sent. */
	g_assert_cmphex(config(nic, MSIX_AT + 2, 2) & 0xc000, ==, 0x4000);
	for (u32 i = 0; i < MSIX_VECTORS; i++)
		g_assert_cmphex(table_word(i, 3), ==, 1);
	g_assert_false(table_lookup(&cell_get(2)->table, GPA(MSIX_TABLE)).present);
	g_assert_true(table_lookup(&cell_get(2)->table, GPA(MSIX_TABLE - PAGE_SIZE)).present);
	for (u32 i = 0; i < G_N_ELEMENTS(messages); i++) {
		u64 at = MSIX_TABLE + 16 * i;

		ALLOWED(BH_KIND_PCI, write_at(at, 4, messages[i].address));
		ALLOWED(BH_KIND_PCI, write_at(at + 4, 4, messages[i].address >> 32));
		ALLOWED(BH_KIND_PCI, write_at(at + 8, 4, messages[i].data));
		g_assert_cmphex(read_at(at, 4), ==, (u32)messages[i].address);
		g_assert_cmphex(read_at(at + 8, 4), ==, messages[i].data);
		g_assert_cmphex(table_word(i, 0), ==, 0xfee00000);
		if (messages[i].allowed) {
			ALLOWED(BH_KIND_PCI, write_at(at + 12, 4, 0));
			g_assert_cmphex(table_word(i, 0), ==, messages[i].address);
			g_assert_cmphex(table_word(i, 2), ==, messages[i].data);
			g_assert_cmphex(table_word(i, 3), ==, 0);
			/* A change masks it until it is unmasked through the check. */
			ALLOWED(BH_KIND_PCI, write_at(at, 4, 0xfee00000));
			g_assert_cmphex(table_word(i, 3), ==, 1);
			g_assert_cmphex(table_word(i, 0), ==, messages[i].address);
			FORBIDDEN(BH_KIND_IRQ, write_at(at + 12, 4, 0));
		} else {
			FORBIDDEN(BH_KIND_IRQ, write_at(at + 12, 4, 0));
			g_assert_cmphex(table_word(i, 0), ==, 0xfee00000);
		}
		g_assert_cmphex(table_word(i, 3), ==, 1);
		ALLOWED(BH_KIND_PCI, write_at(at + 12, 4, 1));
	}
	FORBIDDEN(BH_KIND_IRQ, write_at(MSIX_TABLE, 8, 0));
	FORBIDDEN(BH_KIND_IRQ, read_at(MSIX_TABLE + 2, 4));
	/* Beyond what the core keeps, vectors stay masked. */
	ALLOWED(BH_KIND_PCI, write_at(MSIX_TABLE + 16 * PCI_MSIX_VECTORS_MAX, 4, 0xfee02000));
	ALLOWED(BH_KIND_PCI, write_at(MSIX_TABLE + 16 * PCI_MSIX_VECTORS_MAX + 12, 4, 0));
	g_assert_cmphex(table_word(PCI_MSIX_VECTORS_MAX, 0), ==, 0xfee00000);
	g_assert_cmphex(table_word(PCI_MSIX_VECTORS_MAX, 3), ==, 1);
	g_assert_cmphex(read_at(MSIX_TABLE + 16 * PCI_MSIX_VECTORS_MAX + 12, 4), ==, 1);
	/* The rest of the page is the device's. */
	ALLOWED(BH_KIND_PCI, write_at(MSIX_TABLE + 0x800, 8, 0x1122334455667788));
	g_assert_cmphex(mmio_read(PADDR(MSIX_TABLE + 0x800), 8), ==, 0x1122334455667788);
	/* Enabling is the cell's business; a start ends it. */
	ALLOWED(BH_KIND_PCI, write_at(CONFIG(NIC, MSIX_AT + 2), 2, 0x8000));
	g_assert_cmphex(config(nic, MSIX_AT + 2, 2) & 0xc000, ==, 0x8000);
	write_at(MSIX_TABLE, 4, 0xfee02000);
	write_at(MSIX_TABLE + 12, 4, 0);
	g_assert_cmphex(table_word(0, 3), ==, 0);
	core_must(BH_HC_CELL_STOP, 2);
	g_assert_cmphex(config(nic, MSIX_AT + 2, 2) & 0xc000, ==, 0x4000);
	g_assert_cmphex(table_word(0, 3), ==, 1);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/windows", test_windows);
	g_test_add_func("/device/regions", test_regions);
	g_test_add_func("/device/ports", test_ports);
	g_test_add_func("/device/pc", test_pc);
	g_test_add_func("/device/pins", test_pins);
	g_test_add_func("/device/config-read", test_config_read);
	g_test_add_func("/device/bars", test_bars);
	g_test_add_func("/device/config-write", test_config_write);
	g_test_add_func("/device/msi", test_msi);
	g_test_add_func("/device/msix", test_msix);
	return g_test_run();
}
