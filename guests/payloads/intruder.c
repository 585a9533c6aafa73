/* SPDX-License-Identifier: MIT */
/*
 * intruder: does one forbidden thing and says so. "intruder: KIND at ADDRESS" comes before the act; then
 * "intruder: survived", "intruder: survived, read 0x…" or "intruder: exception N" if the cell still runs.
 * Where the act is one instruction, all registers are given values of their own first, and a line
 * "intruder: ip=0x… flags=0x… rax=0x… … code=…" says what the record of the event has to hold.
 *
 *   kind=NAME    what (the table at the end of this file)
 *   address=N    where, for memory; port=, msr=, bdf=, apic-id=, pin=, number= for the others
 *   width=4      of accesses to memory, ports and PCI registers, in bytes
 *   value=N      what is written
 *   reg=N        PCI register; "window" reaches it by memory instead of ports
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
static enum { NOTHING, IN_MEMORY, IN_RAX, IN_RDX_AND_RAX } shown; /* what was read: where it is */
static uint64_t result; /* IN_MEMORY */

/* Strikes: one instruction each, in intruder-strikes.S, made with every register known. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R15 = 15, REGISTERS };

#define FLAGS 0x847 /* OF, ZF, PF, CF */
#define CODE_BYTES 15 /* as many as a record holds */

/* What the strike begins with, and what of it the record shows otherwise. */
struct strike {
	const uint8_t *code;
	uint64_t regs[REGISTERS];
	uint64_t flags;
	uint64_t caller; /* its stack pointer */
	uint64_t stack[512]; /* handlers of exceptions run on it too */
};
extern struct strike strike;
struct strike strike __attribute__((aligned(16)));
static uint64_t seen_ip;
static uint64_t seen_cr3;
static bool seen_code = true;

void strike_run(void);

extern const uint8_t strike_load8[], strike_load16[], strike_load32[], strike_load64[];
extern const uint8_t strike_store8[], strike_store16[], strike_store32[], strike_store64[];
extern const uint8_t strike_copy[], strike_push[], strike_jump[], strike_tables[];
extern const uint8_t strike_breakpoint[], strike_undefined[];
extern const uint8_t strike_in8[], strike_in16[], strike_in32[], strike_ins[];
extern const uint8_t strike_out8[], strike_out16[], strike_out32[];
extern const uint8_t strike_rdmsr[], strike_wrmsr[], strike_vmmcall[], strike_vmcall[];
extern const uint8_t strike_vmrun[], strike_vmsave[], strike_clgi[], strike_vmxon[];
extern const uint8_t strike_xsetbv[], strike_cr0[], strike_lmsw[];
extern const uint8_t strike_end[];

static void strike_set(const uint8_t *code)
{
	uint64_t *top = &strike.stack[sizeof(strike.stack) / sizeof(strike.stack[0]) - 1];

	for (unsigned int i = 0; i < REGISTERS; i++)
		strike.regs[i] = 0xfeed0bad00000000 + 0x1111 * i;
	*top = (uint64_t)strike_end;
	strike.regs[RSP] = (uint64_t)top;
	strike.flags = FLAGS;
	strike.code = code;
	seen_ip = (uint64_t)code;
}

static uint64_t strike_mask(unsigned int bytes)
{
	return bytes == 8 ? ~0ULL : (1ULL << 8 * bytes) - 1;
}

/* The low bytes of a register; what lies above them keeps its value. */
static void strike_low(unsigned int reg, unsigned int bytes, uint64_t low)
{
	strike.regs[reg] = (strike.regs[reg] & ~strike_mask(bytes)) | (low & strike_mask(bytes));
}

static uint64_t cr_read(unsigned int number)
{
	uint64_t content;

	if (number == 0)
		__asm__ volatile("mov %%cr0, %0" : "=r"(content));
	else if (number == 2)
		__asm__ volatile("mov %%cr2, %0" : "=r"(content));
	else if (number == 3)
		__asm__ volatile("mov %%cr3, %0" : "=r"(content));
	else
		__asm__ volatile("mov %%cr4, %0" : "=r"(content));
	return content;
}

static void strike_announce(void)
{
	static const char *const names[REGISTERS] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
						     "rsi", "rdi", "r8",  "r9",	 "r10", "r11",
						     "r12", "r13", "r14", "r15"};
	uint16_t cs;

	printk("intruder: ip=0x%lx flags=0x%x", seen_ip, FLAGS);
	for (unsigned int i = 0; i < REGISTERS; i++)
		printk(" %s=0x%lx", names[i], strike.regs[i]);
	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	printk(" cr0=0x%lx cr2=0x%lx cr3=0x%lx cr4=0x%lx efer=0x%lx cs=0x%x code=", cr_read(0),
	       cr_read(2), seen_cr3 ? seen_cr3 : cr_read(3), cr_read(4), msr_read(MSR_EFER), cs);
	for (unsigned int i = 0; seen_code && i < CODE_BYTES; i++)
		printk("%02x", strike.code[i]);
	printk("\n");
}

/* Memory */

static void read_prepare(void)
{
	strike_set(width == 1	? strike_load8
		   : width == 2 ? strike_load16
		   : width == 8 ? strike_load64
				: strike_load32);
	strike.regs[RDI] = address;
	shown = IN_RAX;
}

static void write_prepare(void)
{
	strike_set(width == 1	? strike_store8
		   : width == 2 ? strike_store16
		   : width == 8 ? strike_store64
				: strike_store32);
	strike.regs[RDI] = address;
	strike_low(RAX, width, value);
}

static void memory_exec(void)
{
	strike_set(strike_jump);
	strike.regs[RDI] = address;
	seen_ip = address;
	seen_code = false;
}

static void memory_string(void)
{
	strike_set(strike_copy);
	strike.regs[RDI] = (uint64_t)&result;
	strike.regs[RSI] = address;
	strike.regs[RCX] = width;
	shown = IN_MEMORY;
}

static void memory_push(void)
{
	strike_set(strike_push);
	strike.regs[RDI] = address;
	width = 8;
	shown = IN_RAX;
}

/* The table walk itself meets memory that is not there, on the way to the next instruction. */
static void page_table(void)
{
	strike_set(strike_tables);
	strike.regs[RDI] = address;
	seen_cr3 = address;
	seen_ip += 3;
	seen_code = false;
}

static void idt_set(uint64_t base, uint16_t limit)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {limit, base};

	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

/* So does the delivery of an exception. */
static void descriptor_table(void)
{
	strike_set(strike_breakpoint);
	idt_set(address, 0xfff);
}

static void stack(void)
{
	strike_set(strike_breakpoint);
	strike.regs[RSP] = address + 0x800;
}

/* Ports, PCI, MSRs */

static void port_in(void)
{
	strike_set(width == 1 ? strike_in8 : width == 2 ? strike_in16 : strike_in32);
	strike_low(RDX, 2, address);
	shown = IN_RAX;
}

static void port_out(void)
{
	strike_set(width == 1 ? strike_out8 : width == 2 ? strike_out16 : strike_out32);
	strike_low(RDX, 2, address);
	strike_low(RAX, width, value);
}

static void port_string(void)
{
	strike_set(strike_ins);
	strike_low(RDX, 2, address);
	strike.regs[RDI] = (uint64_t)&result;
	strike.regs[RCX] = 4;
	shown = IN_MEMORY;
}

static void pci_foreign_read(void)
{
	pci_window_use(cmdline_flag("window", false));
	result = pci_read((uint16_t)address, (unsigned int)cmdline_number("reg", 0), width);
	shown = IN_MEMORY;
}

static void pci_foreign_write(void)
{
	uint32_t reg = (uint32_t)cmdline_number("reg", 4);

	if (cmdline_flag("window", false)) {
		address = comm_region->pci_mmconfig_base + (address << 12) + reg;
		memory_map(address, 8, MEMORY_DEVICE);
		write_prepare();
		return;
	}
	port_out32(0xcf8, 0x80000000 | (uint32_t)address << 8 | (reg & 0xfc));
	address = 0xcfc + (reg & 3);
	port_out();
}

static void msr_strike(const uint8_t *code)
{
	strike_set(code);
	/* All of RCX: QEMU 7.2 takes the upper half, too, for its place in the permission map. */
	strike.regs[RCX] = (uint32_t)address;
}

static void msr_foreign_read(void)
{
	msr_strike(strike_rdmsr);
	shown = IN_RDX_AND_RAX;
}

static void msr_foreign_write(void)
{
	msr_strike(strike_wrmsr);
	strike_low(RAX, 4, value);
	strike_low(RDX, 4, value >> 32);
}

static void apic_base(void)
{
	value = msr_read(MSR_APIC_BASE) ^ 0x800;
	msr_foreign_write();
}

/* Interrupts */

static void apic_register(unsigned int reg)
{
	if (apic_is_x2apic()) {
		address = 0x800 + reg;
		msr_foreign_write();
		return;
	}
	address = APIC_PAGE + reg * 16;
	memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	width = 4;
	write_prepare();
}

static void ipi(uint32_t low)
{
	value = address << 32 | low;
	if (!apic_is_x2apic())
		apic_write(APIC_ICR + 1, (uint32_t)address << 24);
	apic_register(APIC_ICR);
}

static void ipi_foreign(void)
{
	ipi(APIC_FIXED | APIC_ASSERT | (uint32_t)(value & 0xff));
}

static void init_foreign(void)
{
	ipi(APIC_INIT | APIC_ASSERT);
}

static void sipi_foreign(void)
{
	ipi(APIC_SIPI | APIC_ASSERT | 0x10);
}

static void nmi_foreign(void)
{
	ipi(APIC_NMI | APIC_ASSERT);
}

static void smi_ipi(void)
{
	ipi(APIC_SMI | APIC_ASSERT);
}

static void apic_reserved(void)
{
	value = 0xffffffff;
	apic_register((unsigned int)address);
}

static void apic_odd(void)
{
	memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	address += APIC_PAGE;
	width = 4;
	write_prepare();
}

static void apic_wide(void)
{
	apic_odd();
	width = 8;
	write_prepare();
}

static void ioapic_foreign(void)
{
	ioapic_pin_set(IOAPIC_ADDRESS, (unsigned int)address, VECTOR_FREE, 0, 0);
	result = ioapic_pin_read(IOAPIC_ADDRESS, (unsigned int)address);
	shown = IN_MEMORY;
}

/* What lies in the caches belongs to others too: nothing of it is lost. */
static void invd(void)
{
	static volatile uint64_t kept;

	kept = 0x600d;
	__asm__ volatile("invd" ::: "memory");
	result = kept;
	shown = IN_MEMORY;
}

static void ioapic_register(void)
{
	memory_map(IOAPIC_ADDRESS, 0x20, MEMORY_DEVICE);
	mmio_write32(IOAPIC_ADDRESS, (uint32_t)address);
	address = IOAPIC_ADDRESS + 0x10;
	width = 4;
	write_prepare();
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
	strike_set(strike_undefined);
	idt_set(0, 0);
}

static void vmrun(void)
{
	strike_set(strike_vmrun);
	strike.regs[RAX] = address;
}

static void vmsave(void)
{
	strike_set(strike_vmsave);
	strike.regs[RAX] = address;
}

static void clgi(void)
{
	strike_set(strike_clgi);
}

static void vmxon(void)
{
	strike_set(strike_vmxon);
	strike.regs[RDI] = address;
}

#define CR4_OSXSAVE 0x40000

/* By default XCR0 without the x87 bit, once the instruction itself is allowed. */
static void xsetbv(void)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr_read(4) | CR4_OSXSAVE));
	strike_set(strike_xsetbv);
	strike_low(RAX, 4, address);
	strike_low(RDX, 4, address >> 32);
	strike_low(RCX, 4, 0);
}

/* By default not-write-through without cache-disable, which no CPU takes (APM2 3.1.1). */
static void cr0_bad(void)
{
	strike_set(strike_cr0);
	strike.regs[RAX] = address;
}

static void lmsw(void)
{
	strike_set(strike_lmsw);
	strike_low(RAX, 2, address);
}

static void exception(void)
{
	strike_set(strike_undefined);
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

static void hypercall_number(void)
{
	strike_set(hypercall_is_vmmcall() ? strike_vmmcall : strike_vmcall);
	strike_low(RAX, 8, address);
	strike.regs[RDI] = 1;
	strike.regs[RSI] = 0;
	width = 4;
	shown = IN_RAX;
}

/* Where the core allows self tests, it faults itself; elsewhere it refuses. */
static void core_fault(void)
{
	hypercall_report("self-test", BH_HC_SELFTEST, address);
}

static void comm_garbage(void)
{
	memset(comm_region, 0xa5, BH_COMM_SIZE);
}

static const struct kind {
	const char *name;
	void (*prepare)(void); /* a strike, or an act in C */
	void (*act)(void);
	const char *parameter;
	int64_t absent;
} kinds[] = {
	{"memory-read", read_prepare, NULL, "address", 0x1000000},
	{"memory-write", write_prepare, NULL, "address", 0x1000000},
	{"memory-exec", memory_exec, NULL, "address", 0x1000000},
	{"memory-string", memory_string, NULL, "address", 0x1000000},
	{"memory-push", memory_push, NULL, "address", 0x1000000},
	{"page-table", page_table, NULL, "address", 0x1000000},
	{"descriptor-table", descriptor_table, NULL, "address", 0x1000000},
	{"stack", stack, NULL, "address", 0x1000000},
	{"port-in", port_in, NULL, "port", 0x60},
	{"port-out", port_out, NULL, "port", 0xcf9},
	{"port-string", port_string, NULL, "port", 0x60},
	{"pci-read-foreign", NULL, pci_foreign_read, "bdf", 0},
	{"pci-write-foreign", pci_foreign_write, NULL, "bdf", 0},
	{"msr-read", msr_foreign_read, NULL, "msr", 0xc0010117}, /* VM_HSAVE_PA */
	{"msr-write", msr_foreign_write, NULL, "msr", 0xc0010117},
	{"apic-base", apic_base, NULL, "msr", MSR_APIC_BASE},
	{"ipi-foreign", ipi_foreign, NULL, "apic-id", 0},
	{"init-foreign", init_foreign, NULL, "apic-id", 0},
	{"sipi-foreign", sipi_foreign, NULL, "apic-id", 0},
	{"nmi-ipi", nmi_foreign, NULL, "apic-id", 0},
	{"smi-ipi", smi_ipi, NULL, "apic-id", 0},
	{"apic-reserved", apic_reserved, NULL, "address", APIC_SVR},
	{"apic-odd", apic_odd, NULL, "address", 0x84},
	{"apic-wide", apic_wide, NULL, "address", 0x80},
	{"ioapic-foreign-pin", NULL, ioapic_foreign, "pin", 2},
	{"ioapic-register", ioapic_register, NULL, "address", 0},
	{"invd", NULL, invd, "address", 0},
	{"storm", NULL, storm, "address", VECTOR_FREE},
	{"spin-cli", NULL, spin, "address", 0},
	{"halt-cli", NULL, cpu_stop, "address", 0},
	{"triple-fault", triple_fault, NULL, "address", 0},
	{"vmrun", vmrun, NULL, "address", 0x10000},
	{"vmsave", vmsave, NULL, "address", 0x10000},
	{"clgi", clgi, NULL, "address", 0},
	{"vmxon", vmxon, NULL, "address", 0x10000},
	{"xsetbv-bad", xsetbv, NULL, "value", 0},
	{"cr-bad", cr0_bad, NULL, "value", 0xa0010033},
	{"lmsw", lmsw, NULL, "value", 0x3},
	{"exception", exception, NULL, "address", 6},
	{"db-loop", NULL, debug_loop, "address", 1},
	{"hypercall-root", NULL, hypercall_root, "address", 0x1000},
	{"hypercall-unknown", hypercall_number, NULL, "number", 0x1234},
	{"core-fault", NULL, core_fault, "number", BH_SELFTEST_FAULT},
	{"comm-garbage", NULL, comm_garbage, "address", BH_COMM_ADDRESS},
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static void act(void *context)
{
	const struct kind *kind = context;

	if (kind->act)
		kind->act();
	else
		strike_run();
}

static uint64_t result_get(void)
{
	if (shown == IN_RDX_AND_RAX)
		return strike.regs[RDX] << 32 | (uint32_t)strike.regs[RAX];
	if (shown == IN_RAX)
		return strike.regs[RAX] & strike_mask(width);
	return result;
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
	if (kind->prepare) {
		kind->prepare();
		strike_announce();
	}
	vector = trap_call(act, (void *)kind, NULL);
	if (vector >= 0)
		printk("intruder: exception %d\n", vector);
	else if (shown != NOTHING)
		printk("intruder: survived, read 0x%lx\n", result_get());
	else
		printk("intruder: survived\n");
	while (cmdline_flag("stay", false) && !comm_service())
		cpu_relax();
	guest_end(BH_CELL_SHUT_DOWN);
}
