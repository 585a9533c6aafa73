/* SPDX-License-Identifier: MIT */
/*
 * intruder for arm64: does one forbidden thing and says so. "intruder: KIND at ADDRESS" comes before the act; then
 * "intruder: survived", "intruder: survived, read 0x…" or "intruder: exception N" if the cell still runs.
 *
 *   kind=NAME    what (the table at the end of this file)
 *   address=N    where, for memory; interrupt id, call or affinity for the others
 *   width=4      of accesses to memory, in bytes
 *   value=N      what is written
 *   stay         afterwards answer messages instead of ending the cell
 */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/trap.h>

#define GICD_ISENABLER 0x100
#define GICD_IROUTER 0x6000

static uint64_t address, value, result;
static unsigned int width;
static bool reads;

static void memory_read(void *context)
{
	(void)context;
	reads = true;
	result = width == 1   ? mmio_read8(address)
		 : width == 2 ? mmio_read16(address)
		 : width == 4 ? mmio_read32(address)
			      : mmio_read64(address);
}

static void memory_write(void *context)
{
	(void)context;
	if (width == 1)
		mmio_write8(address, (uint8_t)value);
	else if (width == 2)
		mmio_write16(address, (uint16_t)value);
	else if (width == 4)
		mmio_write32(address, (uint32_t)value);
	else
		mmio_write64(address, value);
}

static void memory_pair(void *context)
{
	uint64_t other;

	(void)context;
	__asm__ volatile("ldp %0, %1, [%2]" : "=r"(result), "=r"(other) : "r"(address) : "memory");
}

static void memory_jump(void *context)
{
	(void)context;
	((void (*)(void))address)();
}

static void firmware(void *context)
{
	(void)context;
	reads = true;
	result = (uint64_t)firmware_call((uint32_t)address, value, 0, 0);
}

static void call(void *context)
{
	(void)context;
	reads = true;
	result = (uint64_t)(int64_t)hypercall((uint32_t)address, value, 0);
}

static void call_other(void *context)
{
	(void)context;
	__asm__ volatile("hvc #0" : : : "x0", "x1", "x2", "x3", "memory");
}

static void system_register(void *context)
{
	(void)context;
	reads = true;
	result = sysreg_read(actlr_el1);
}

static void sgi(void *context)
{
	(void)context;
	gic_sgi(address, (unsigned int)value);
}

static void distributor_enable(void *context)
{
	uint64_t reg = comm_region->gicd_base + GICD_ISENABLER + address / 32 * 4;

	(void)context;
	memory_map(comm_region->gicd_base, 0x10000, MEMORY_DEVICE);
	mmio_write32(reg, 1u << address % 32);
	reads = true;
	result = mmio_read32(reg);
}

static void distributor_route(void *context)
{
	(void)context;
	memory_map(comm_region->gicd_base, 0x10000, MEMORY_DEVICE);
	mmio_write64(comm_region->gicd_base + GICD_IROUTER + 8 * address, value);
}

/* The walk of the guest's own tables leads there. */
static void page_table(void *context)
{
	(void)context;
	__asm__ volatile("msr ttbr0_el1, %0\n"
			 "isb\n"
			 "tlbi vmalle1\n"
			 "dsb nsh\n"
			 "isb"
			 :
			 : "r"(address)
			 : "memory");
}

static void undefined(void *context)
{
	(void)context;
	__asm__ volatile("udf #0" : : : "memory");
}

/* So does an exception. */
static void vectors(void *context)
{
	sysreg_write(vbar_el1, address);
	isb();
	undefined(context);
}

static void stack(void *context)
{
	(void)context;
	__asm__ volatile("mov sp, %0\n"
			 "str xzr, [sp, #-16]!"
			 :
			 : "r"(address + 0x800)
			 : "memory");
}

static void storm_again(void *context)
{
	(void)context;
	gic_sgi(cpu_current()->affinity, VECTOR_FREE);
}

/* Each interrupt raises the next before it ends: nothing else runs on this CPU any more. */
static void storm(void *context)
{
	interrupt_handler_set(VECTOR_FREE, storm_again, NULL);
	storm_again(context);
	interrupts_on();
	for (;;)
		cpu_relax();
}

static void spin(void *context)
{
	(void)context;
	for (;;)
		;
}

static void halt(void *context)
{
	(void)context;
	cpu_stop();
}

static void call_root(void *context)
{
	static const struct {
		const char *name;
		uint32_t number;
		uint64_t argument;
	} calls[] = {
		{"disable", BH_HC_DISABLE, 0},
		{"create", BH_HC_CELL_CREATE, 0x1000},
		{"start", BH_HC_CELL_START, 1},
		{"set loadable", BH_HC_CELL_SET_LOADABLE, 1},
		{"destroy", BH_HC_CELL_DESTROY, 1},
		{"cell state", BH_HC_CELL_STATE, 0},
		{"foreign CPU", BH_HC_CPU_INFO, 0},
		{"notify", BH_HC_NOTIFY_SET, 0},
		{"stop", BH_HC_CELL_STOP, 1},
		{"self-test", BH_HC_SELFTEST, BH_SELFTEST_FAULT},
	};

	(void)context;
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		printk("intruder: %s returned %d\n", calls[i].name,
		       (int)hypercall(calls[i].number, calls[i].argument, 0));
}

static const struct {
	const char *name;
	void (*act)(void *context);
	bool maps;
	uint64_t address; /* where none is said */
} kinds[] = {
	{"memory-read", memory_read, true, 0x40000000},
	{"memory-write", memory_write, true, 0x40000000},
	{"memory-pair", memory_pair, true, 0x40000000},
	{"memory-jump", memory_jump, true, 0x40000000},
	{"firmware", firmware, false, 0x84000008}, /* SYSTEM_OFF */
	{"hypercall", call, false, BH_HC_DISABLE},
	{"hvc", call_other, false, 0},
	{"core-fault", call, false, BH_HC_SELFTEST},
	{"register", system_register, false, 0},
	{"sgi", sgi, false, 0},
	{"gicd-enable", distributor_enable, false, 33},
	{"gicd-route", distributor_route, false, 33},
	{"page-table", page_table, false, 0x40000000},
	{"undefined", undefined, false, 0},
	{"vectors", vectors, true, 0x40000000},
	{"stack", stack, true, 0x40000000},
	{"storm", storm, false, 0},
	{"spin", spin, false, 0},
	{"halt", halt, false, 0},
	{"hypercall-root", call_root, false, 0},
};

void guest_main(void)
{
	char name[32] = "";
	unsigned int i = 0;
	int vector;

	cmdline_string("kind", name, sizeof(name));
	while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].name, name))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0])) {
		printk("intruder: no kind \"%s\"\n", name);
		guest_end(BH_CELL_FAILED);
	}
	address = (uint64_t)cmdline_number("address", (int64_t)kinds[i].address);
	value = (uint64_t)cmdline_number("value", 0);
	width = (unsigned int)cmdline_number("width", 4);
	if (kinds[i].maps)
		memory_map(address, width, MEMORY_CACHED);
	printk("intruder: %s at 0x%lx\n", name, address);
	vector = trap_call(kinds[i].act, NULL, NULL);
	if (vector >= 0)
		printk("intruder: exception %d\n", vector);
	else if (reads)
		printk("intruder: survived, read 0x%lx\n", result);
	else
		printk("intruder: survived\n");
	while (cmdline_flag("stay", false) && !comm_service())
		cpu_relax();
	guest_end(BH_CELL_SHUT_DOWN);
}
