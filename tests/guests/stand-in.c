/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for the hypervisor so that payloads can be tested on a bare emulated machine (QEMU, q35).
 *
 * The boot CPU plays the core: it loads the payload (multiboot module; the module's string is the
 * payload's command line) to 0, fills a comm page at 1 MiB and starts all other CPUs at 0:0 by INIT and
 * SIPI. Then it watches the state the payload writes. Its own command line:
 *
 *   shutdown-ms=N   ask for a shutdown after N ms; again after each denial
 *   unknown         send an unknown message and a completed reconfiguration first, check the answers
 *   restart         when the cell has shut down start it again, without loading, once
 *   limit-ms=20000  give up after so long
 *
 * Ends QEMU through isa-debug-exit at 0xf4: status 33 for SHUT_DOWN, 35 for any other end, 37 for none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bulkhead/comm.h>

#define EXIT_SHUT_DOWN 16
#define EXIT_OTHER 17
#define EXIT_TIMEOUT 18

#define UART 0x3f8
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_CPUS 5
#define PM_TIMER 0x608 /* where SeaBIOS puts it on q35 */
#define PM_TIMER_HZ 3579545
#define APIC 0xfee00000
#define APIC_ICR (APIC + 0x300)
#define APIC_SVR (APIC + 0xf0)
#define ICR_OTHERS_INIT 0x000c4500
#define ICR_OTHERS_SIPI 0x000c4600 /* vector 0: the payload's entry */
#define QEMU_APIC_KHZ 1000000
#define MODULE_MAX 0x100000
#define CMDLINE 0x1000

struct multiboot {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
};

struct module {
	uint32_t start, end, string;
};

void stand_in(const struct multiboot *info);

static uint32_t tsc_khz;

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void print(const char *text)
{
	for (; *text; text++) {
		while (!(in8(UART + 5) & 0x20))
			;
		out8(UART, (uint8_t)*text);
	}
}

static void end(uint32_t status, const char *text)
{
	print("stand-in: ");
	print(text);
	print("\r\n");
	out32(0xf4, status);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* PM timer ticks since the first call; wraps after an hour. */
static uint32_t ticks(void)
{
	static uint32_t last, total;
	uint32_t now = in32(PM_TIMER);

	total += (now - last) & 0xffffff;
	last = now;
	return total;
}

static uint32_t milliseconds(void)
{
	return ticks() / (PM_TIMER_HZ / 1000);
}

static uint32_t tsc_low(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

static void tsc_measure(void)
{
	uint32_t start = ticks(), tsc = tsc_low();

	while (ticks() - start < PM_TIMER_HZ / 50)
		;
	tsc_khz = (tsc_low() - tsc) / 20;
}

static void copy(uint32_t to, uint32_t from, uint32_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void clear(uint32_t at, uint32_t size)
{
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(0) : "memory");
}

/* The word behind "name" or "name=", NULL if there is none. */
static const char *option(const char *line, const char *name)
{
	for (; *line; line++) {
		const char *n = name;
		const char *p = line;

		while (*n && *p == *n)
			p++, n++;
		if (!*n && (!*p || *p == ' ' || *p == '='))
			return *p == '=' ? p + 1 : p;
		while (*line && *line != ' ')
			line++;
		if (!*line)
			break;
	}
	return NULL;
}

static uint32_t number(const char *line, const char *name, uint32_t absent)
{
	const char *p = option(line, name);
	uint32_t value = 0;

	if (!p)
		return absent;
	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint32_t)(*p - '0');
	return value;
}

static struct bh_comm *const comm = (struct bh_comm *)BH_COMM_ADDRESS_X86;

/* PCIEXBAR of q35's host bridge: SeaBIOS has set it. */
static uint32_t mmconfig_base(void)
{
	out32(0xcf8, 0x80000060);
	return in32(0xcfc) & ~1u;
}

static void cell_start(void)
{
	static const char signature[6] = {'J', 'H', 'C', 'O', 'M', 'M'};

	*(volatile uint32_t *)APIC_ICR = ICR_OTHERS_INIT;
	clear(BH_COMM_ADDRESS_X86, BH_COMM_SIZE);
	for (unsigned int i = 0; i < sizeof(signature); i++)
		comm->signature[i] = signature[i];
	comm->revision = BH_COMM_REVISION;
	comm->console.address = UART;
	comm->console.size = 8;
	comm->console.type = BH_CONSOLE_8250;
	comm->pm_timer_address = PM_TIMER;
	out16(FW_CFG_SELECT, FW_CFG_CPUS);
	comm->num_cpus = (uint16_t)(in8(FW_CFG_DATA) - 1);
	comm->tsc_khz = tsc_khz;
	comm->apic_khz = QEMU_APIC_KHZ;
	comm->pci_mmconfig_base = mmconfig_base();
	for (uint32_t start = milliseconds(); milliseconds() - start < 10;)
		;
	*(volatile uint32_t *)APIC_ICR = ICR_OTHERS_SIPI;
}

static uint32_t ask(uint32_t message, uint32_t deadline)
{
	comm->reply_from_cell = BH_REPLY_NONE;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	comm->msg_to_cell = message;
	while (comm->reply_from_cell == BH_REPLY_NONE)
		if (milliseconds() > deadline)
			end(EXIT_TIMEOUT, "no answer to a message");
	return comm->reply_from_cell;
}

void stand_in(const struct multiboot *info)
{
	const struct module *module = (const struct module *)info->mods_addr;
	const char *line = (const char *)info->cmdline;
	const char *string = (const char *)module->string;
	uint32_t size = module->end - module->start;
	uint32_t shutdown = number(line, "shutdown-ms", 0);
	uint32_t deadline, next, state;
	bool again = option(line, "restart");

	if (info->mods_count != 1 || size > MODULE_MAX)
		end(EXIT_OTHER, "wants one payload of at most 1 MiB");
	tsc_measure();
	*(volatile uint32_t *)APIC_SVR = 0x1ff;
	deadline = milliseconds() + number(line, "limit-ms", 20000);
	copy(0, module->start, size);
	while (*string && *string != ' ')
		string++;
	for (uint32_t i = 0; i == 0 || string[i - 1]; i++)
		((volatile char *)CMDLINE)[i] = string[i];
	cell_start();
	if (option(line, "unknown")) {
		if (ask(77, deadline) != BH_REPLY_UNKNOWN)
			end(EXIT_OTHER, "wrong answer to an unknown message");
		if (ask(BH_MSG_RECONFIG_COMPLETED, deadline) != BH_REPLY_RECEIVED)
			end(EXIT_OTHER, "wrong answer to a reconfiguration");
		print("stand-in: messages answered\r\n");
	}
	next = milliseconds() + shutdown;
	for (;;) {
		if (milliseconds() > deadline)
			end(EXIT_TIMEOUT, "timeout");
		state = comm->cell_state;
		if (state == BH_CELL_FAILED)
			end(EXIT_OTHER, "cell FAILED");
		if (state == BH_CELL_FAILED_COMM_REV)
			end(EXIT_OTHER, "cell FAILED_COMM_REV");
		if (state == BH_CELL_SHUT_DOWN) {
			if (!again)
				end(EXIT_SHUT_DOWN, "cell SHUT_DOWN");
			again = false;
			shutdown = number(line, "shutdown-ms", 0);
			print("stand-in: restart\r\n");
			cell_start();
			next = milliseconds() + shutdown;
		}
		if (shutdown && milliseconds() >= next && state < BH_CELL_SHUT_DOWN) {
			if (ask(BH_MSG_SHUTDOWN_REQUEST, deadline) == BH_REPLY_APPROVED)
				shutdown = 0;
			else
				next = milliseconds() + shutdown;
		}
	}
}
