/* SPDX-License-Identifier: MIT */
/*
 * intruder: does one forbidden thing and says so. "intruder: KIND at ADDRESS" comes before the act; then
 * "intruder: survived", "intruder: survived, read 0x…" or "intruder: exception N" if the cell still runs.
 *
 *   kind=NAME    what (the table at the end of this file)
 *   address=N    where, for memory; port=, msr=, bdf=, apic-id=, pin= for the others
 *   width=4      of accesses to memory, ports and PCI registers, in bytes
 *   value=N      what is written
 *   reg=0        PCI register; "window" reaches it by memory instead of ports
 *   delay-ms=0   wait before the act
 *   stay         afterwards answer messages instead of ending the cell
 */
#include <stddef.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/pci.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/timer.h>
#include <guest/trap.h>
#include <guest/x86/apic.h>
#include <guest/x86/ioapic.h>

static uint64_t address; /* or port, MSR …: what the kind's parameter says */
static uint64_t value;
static unsigned int width;
static uint64_t result;
static bool has_result;

static void result_set(uint64_t read)
{
	result = read;
	has_result = true;
}

/* Memory */

static void memory_read(void)
{
	switch (width) {
	case 1:
		return result_set(mmio_read8(address));
	case 2:
		return result_set(mmio_read16(address));
	case 8:
		return result_set(mmio_read64(address));
	default:
		return result_set(mmio_read32(address));
	}
}

static void memory_write(void)
{
	switch (width) {
	case 1:
		return mmio_write8(address, (uint8_t)value);
	case 2:
		return mmio_write16(address, (uint16_t)value);
	case 8:
		return mmio_write64(address, value);
	default:
		return mmio_write32(address, (uint32_t)value);
	}
}

static void memory_exec(void)
{
	((void (*)(void))address)();
}

static void memory_string(void)
{
	uint64_t to = (uint64_t)&result, from = address, count = width;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	has_result = true;
}

static void memory_push(void)
{
	__asm__ volatile("pushq (%1); popq %0" : "=r"(result) : "r"(address) : "memory");
	has_result = true;
}

/* The table walk itself meets memory that is not there. */
static void page_table(void)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(address) : "memory");
}

/* So does the delivery of an exception. */
static void descriptor_table(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {0xfff, address};

	__asm__ volatile("lidt %0; int3" : : "m"(idtr) : "memory");
}

static void stack(void)
{
	__asm__ volatile("mov %0, %%rsp; int3" : : "r"(address + 0x800) : "memory");
}

/* Ports, PCI, MSRs */

static void port_in(void)
{
	uint16_t port = (uint16_t)address;

	result_set(width == 4 ? port_in32(port) : width == 2 ? port_in16(port) : port_in8(port));
}

static void port_out(void)
{
	uint16_t port = (uint16_t)address;

	if (width == 4)
		port_out32(port, (uint32_t)value);
	else if (width == 2)
		port_out16(port, (uint16_t)value);
	else
		port_out8(port, (uint8_t)value);
}

static void port_string(void)
{
	uint64_t to = (uint64_t)&result, count = 4;

	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"((uint16_t)address) : "memory");
	has_result = true;
}

static void pci_foreign_read(void)
{
	pci_window_use(cmdline_flag("window", false));
	result_set(pci_read((uint16_t)address, (unsigned int)cmdline_number("reg", 0), width));
}

static void pci_foreign_write(void)
{
	pci_window_use(cmdline_flag("window", false));
	pci_write((uint16_t)address, (unsigned int)cmdline_number("reg", 4), width,
		  (uint32_t)value);
}

static void msr_foreign_read(void)
{
	result_set(msr_read((uint32_t)address));
}

static void msr_foreign_write(void)
{
	msr_write((uint32_t)address, value);
}

static void apic_base(void)
{
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) ^ 0x800);
}

/* Interrupts */

static void ipi_foreign(void)
{
	apic_ipi((uint32_t)address, APIC_FIXED | APIC_ASSERT | (uint32_t)(value & 0xff));
}

static void init_foreign(void)
{
	apic_ipi((uint32_t)address, APIC_INIT | APIC_ASSERT);
}

static void sipi_foreign(void)
{
	apic_ipi((uint32_t)address, APIC_SIPI | APIC_ASSERT | 0x10);
}

static void nmi_foreign(void)
{
	apic_ipi((uint32_t)address, APIC_NMI | APIC_ASSERT);
}

static void smi_ipi(void)
{
	apic_ipi((uint32_t)address, APIC_SMI | APIC_ASSERT);
}

static void apic_reserved(void)
{
	apic_write((unsigned int)address, 0xffffffff);
}

static void apic_odd(void)
{
	memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	mmio_write32(APIC_PAGE + address, 0);
}

static void apic_wide(void)
{
	memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	mmio_write64(APIC_PAGE + address, 0);
}

static void ioapic_foreign(void)
{
	ioapic_pin_set(IOAPIC_ADDRESS, (unsigned int)address, VECTOR_FREE, 0, 0);
	result_set(ioapic_pin_read(IOAPIC_ADDRESS, (unsigned int)address));
}

static void ioapic_register(void)
{
	memory_map(IOAPIC_ADDRESS, 0x20, MEMORY_DEVICE);
	mmio_write32(IOAPIC_ADDRESS, (uint32_t)address);
	mmio_write32(IOAPIC_ADDRESS + 0x10, (uint32_t)value);
}

static void storm_again(void *context)
{
	(void)context;
	apic_ipi(0, APIC_FIXED | APIC_SELF | APIC_ASSERT | VECTOR_FREE);
}

/* Each interrupt raises the next before it ends: nothing else runs on this CPU any more. */
static void storm(void)
{
	interrupt_handler_set(VECTOR_FREE, storm_again, NULL);
	storm_again(NULL);
	interrupts_on();
	for (;;)
		cpu_relax();
}

static void spin(void)
{
	for (;;)
		;
}

/* CPU */

static void triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(idtr));
}

static void vmrun(void)
{
	__asm__ volatile("vmrun" : : "a"(0x10000) : "memory");
}

static void vmsave(void)
{
	__asm__ volatile("vmsave" : : "a"(0x10000) : "memory");
}

static void clgi(void)
{
	__asm__ volatile("clgi" : : : "memory");
}

static void vmxon(void)
{
	uint64_t page = 0x10000;

	__asm__ volatile("vmxon %0" : : "m"(page) : "memory", "cc");
}

#define CR4_OSXSAVE 0x40000

/* XCR0 without the x87 bit, once the instruction itself is allowed. */
static void xsetbv_bad(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE));
	__asm__ volatile("xsetbv" : : "a"((uint32_t)address), "d"(0), "c"(0));
}

/* By default not-write-through without cache-disable, which no CPU takes (APM2 3.1.1). */
static void cr0_bad(void)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(address));
}

static void lmsw(void)
{
	__asm__ volatile("lmsw %w0" : : "r"((uint32_t)address));
}

static void exception(void)
{
	__asm__ volatile("ud2");
}

/* CVE-2015-8104: a breakpoint on the very stack on which #DB is delivered raises #DB without end. */
static void debug_loop(void)
{
	static uint64_t tss[13] __attribute__((aligned(16)));
	static uint64_t gdt[5] __attribute__((aligned(16)));
	static uint8_t exception_stack[4096] __attribute__((aligned(16)));
	uint64_t base = (uint64_t)tss, top = (uint64_t)exception_stack + sizeof(exception_stack);
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = {sizeof(gdt) - 1, (uint64_t)gdt};

	gdt[1] = 0x00af9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
	gdt[3] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 |
		 (base >> 24 & 0xff) << 56;
	gdt[4] = base >> 32;
	/* The interrupt stack 1 lies at byte 36 of the TSS (APM2 12.2.5). */
	memcpy((uint8_t *)tss + 36, &top, sizeof(top));
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(table), "r"(3 * 8));
	__asm__ volatile("sidt %0" : "=m"(table));
	((uint8_t *)table.base)[1 * 16 + 4] = 1;
	/* Written by every delivery: the lowest word pushed. Length 8, writes only (APM2 13.1.1). */
	__asm__ volatile("mov %0, %%dr0" : : "r"(top - 8));
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x90403ULL));
	*(volatile uint64_t *)(top - 8) = 0;
}

/* Hypercalls and the comm region */

static void hypercall_report(const char *name, uint32_t number, uint64_t argument)
{
	printk("intruder: call %u (%s) returned %d\n", number, name,
	       hypercall(number, argument, 0));
}

static void hypercall_root(void)
{
	hypercall_report("disable", BH_HC_DISABLE, 0);
	hypercall_report("create", BH_HC_CELL_CREATE, address);
	hypercall_report("start", BH_HC_CELL_START, 1);
	hypercall_report("set loadable", BH_HC_CELL_SET_LOADABLE, 1);
	hypercall_report("destroy", BH_HC_CELL_DESTROY, 1);
	hypercall_report("cell state", BH_HC_CELL_STATE, 0);
	hypercall_report("foreign CPU", BH_HC_CPU_INFO, 0);
	hypercall_report("notify", BH_HC_NOTIFY_SET, 0);
	hypercall_report("stop", BH_HC_CELL_STOP, 1);
	hypercall_report("self-test", BH_HC_SELFTEST, BH_SELFTEST_FAULT);
}

static void hypercall_unknown(void)
{
	hypercall_report("unknown", (uint32_t)address, 0);
}

static void comm_garbage(void)
{
	memset(comm_region, 0xa5, BH_COMM_SIZE);
}

static const struct kind {
	const char *name;
	void (*act)(void);
	const char *parameter;
	int64_t absent;
} kinds[] = {
	{"memory-read", memory_read, "address", 0x1000000},
	{"memory-write", memory_write, "address", 0x1000000},
	{"memory-exec", memory_exec, "address", 0x1000000},
	{"memory-string", memory_string, "address", 0x1000000},
	{"memory-push", memory_push, "address", 0x1000000},
	{"page-table", page_table, "address", 0x1000000},
	{"descriptor-table", descriptor_table, "address", 0x1000000},
	{"stack", stack, "address", 0x1000000},
	{"port-in", port_in, "port", 0x60},
	{"port-out", port_out, "port", 0xcf9},
	{"port-string", port_string, "port", 0x60},
	{"pci-read-foreign", pci_foreign_read, "bdf", 0},
	{"pci-write-foreign", pci_foreign_write, "bdf", 0},
	{"msr-read", msr_foreign_read, "msr", 0xc0010117}, /* VM_HSAVE_PA */
	{"msr-write", msr_foreign_write, "msr", 0xc0010117},
	{"apic-base", apic_base, "msr", MSR_APIC_BASE},
	{"ipi-foreign", ipi_foreign, "apic-id", 0},
	{"init-foreign", init_foreign, "apic-id", 0},
	{"sipi-foreign", sipi_foreign, "apic-id", 0},
	{"nmi-ipi", nmi_foreign, "apic-id", 0},
	{"smi-ipi", smi_ipi, "apic-id", 0},
	{"apic-reserved", apic_reserved, "address", APIC_SVR},
	{"apic-odd", apic_odd, "address", 0x84},
	{"apic-wide", apic_wide, "address", 0x80},
	{"ioapic-foreign-pin", ioapic_foreign, "pin", 2},
	{"ioapic-register", ioapic_register, "address", 0},
	{"storm", storm, "address", VECTOR_FREE},
	{"spin-cli", spin, "address", 0},
	{"halt-cli", cpu_stop, "address", 0},
	{"triple-fault", triple_fault, "address", 0},
	{"vmrun", vmrun, "address", 0x10000},
	{"vmsave", vmsave, "address", 0x10000},
	{"clgi", clgi, "address", 0},
	{"vmxon", vmxon, "address", 0x10000},
	{"xsetbv-bad", xsetbv_bad, "value", 0},
	{"cr-bad", cr0_bad, "value", 0xa0010033},
	{"lmsw", lmsw, "value", 0x3},
	{"exception", exception, "address", 6},
	{"db-loop", debug_loop, "address", 1},
	{"hypercall-root", hypercall_root, "address", 0x1000},
	{"hypercall-unknown", hypercall_unknown, "number", 0x1234},
	{"comm-garbage", comm_garbage, "address", BH_COMM_ADDRESS},
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static void act(void *kind)
{
	((const struct kind *)kind)->act();
}

void guest_main(void)
{
	const struct kind *kind;
	char name[32] = "";
	int vector;

	cmdline_string("kind", name, sizeof(name));
	kind = kind_find(name);
	if (!kind) {
		printk("intruder: no kind \"%s\"\n", name);
		guest_end(BH_CELL_FAILED);
	}
	address = (uint64_t)cmdline_number(kind->parameter, kind->absent);
	value = (uint64_t)cmdline_number("value", 0x42);
	width = (unsigned int)cmdline_number("width", kind->parameter[0] == 'p' ? 1 : 4);
	if (!strcmp(kind->parameter, "address"))
		memory_map(address, 16, MEMORY_CACHED);
	timer_delay_us((uint64_t)cmdline_number("delay-ms", 0) * 1000);

	printk("intruder: %s at 0x%lx\n", kind->name, address);
	vector = trap_call(act, (void *)kind, NULL);
	if (vector >= 0)
		printk("intruder: exception %d\n", vector);
	else if (has_result)
		printk("intruder: survived, read 0x%lx\n", result);
	else
		printk("intruder: survived\n");
	while (cmdline_flag("stay", false) && !comm_service())
		cpu_relax();
	guest_end(BH_CELL_SHUT_DOWN);
}
