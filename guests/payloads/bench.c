/* SPDX-License-Identifier: MIT */
/*
 * bench: does each operation of bulkhead/bench.h BH_BENCH_ROUNDS times between markers, which an
 * instruction-counting emulator sees. "bench: NAME done" or "bench: NAME skipped" for each.
 *
 *   subpage=ADDRESS   a word in a sub-page region; without it that operation is skipped
 *   bdf=0             of the PCI function whose configuration is read
 *   link              the cell has a link, whose doorbell is rung; this peer rings itself
 *   root              the other peer of the link is the root, and is rung, too
 *   cpu=0             number of a CPU of this cell, for the hypercall
 *
 * The EOI by APIC page is skipped when the machine is in x2APIC mode, which has no such page. With
 * apic=xapic, that is without a hypervisor, operations that need one are skipped.
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/interrupt.h>
#include <guest/link.h>
#include <guest/memory.h>
#include <guest/pci.h>
#include <guest/printk.h>
#include <guest/timer.h>
#include <guest/x86/apic.h>
#include <bulkhead/bench.h>

#define BEGIN(id) BH_BENCH_X86_BEGIN(id)
#define END(id) BH_BENCH_X86_END(id)

#define VECTOR_BENCH VECTOR_FREE
#define VECTOR_RUNG (VECTOR_FREE + 1)
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_ICR 0x830
#define APIC_BASE_X2APIC 0x400
#define WAIT_US 1000000
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000

static uint64_t subpage;
static uint32_t pci_address;
static uint32_t cpu_id;
static volatile uint32_t arrived __attribute__((used));
static struct link link;

static void empty(void)
{
	__asm__ volatile(BEGIN(BH_BENCH_EMPTY) END(BH_BENCH_EMPTY));
}

static void do_cpuid(void)
{
	uint32_t eax = 0, ecx = 0;

	__asm__ volatile(BEGIN(BH_BENCH_CPUID) "cpuid\n\t" END(BH_BENCH_CPUID)
			 : "+a"(eax), "+c"(ecx)
			 :
			 : "rbx", "rdx");
}

static void do_hypercall(void)
{
	uint64_t result = BH_HC_CPU_INFO;

	if (hypercall_is_vmmcall())
		__asm__ volatile(BEGIN(BH_BENCH_HYPERCALL) "vmmcall\n\t" END(BH_BENCH_HYPERCALL)
				 : "+a"(result)
				 : "D"((uint64_t)cpu_id), "S"((uint64_t)BH_CPU_INFO_STATE)
				 : "memory");
	else
		__asm__ volatile(BEGIN(BH_BENCH_HYPERCALL) "vmcall\n\t" END(BH_BENCH_HYPERCALL)
				 : "+a"(result)
				 : "D"((uint64_t)cpu_id), "S"((uint64_t)BH_CPU_INFO_STATE)
				 : "memory");
	if (result) {
		printk("bench: CPU state of CPU %u is %d\n", cpu_id, (int32_t)result);
		guest_end(BH_CELL_FAILED);
	}
}

/* Handlers whose first instruction is the end marker. */
void ipi_entry(void);
void rung_entry(void);
#define ENTRY(name, id)                                               \
	__asm__(".text\n" name ":\n\t" END(id) "push %rax\n\t"        \
					       "push %rcx\n\t"        \
					       "push %rdx\n\t"        \
					       "incl arrived\n\t"     \
					       "mov $0x80b, %ecx\n\t" \
					       "xor %eax, %eax\n\t"   \
					       "xor %edx, %edx\n\t"   \
					       "wrmsr\n\t"            \
					       "pop %rdx\n\t"         \
					       "pop %rcx\n\t"         \
					       "pop %rax\n\t"         \
					       "iretq\n")
ENTRY("ipi_entry", BH_BENCH_SELF_IPI);
ENTRY("rung_entry", BH_BENCH_DOORBELL_HANDLER);

static void await_arrival(uint32_t before)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	interrupts_on();
	while (arrived == before) {
		if (timer_now() > end) {
			printk("bench: an interrupt does not arrive\n");
			guest_end(BH_CELL_FAILED);
		}
		cpu_relax();
	}
	interrupts_off();
}

static void do_self_ipi(void)
{
	uint32_t before = arrived;

	interrupts_on();
	__asm__ volatile(BEGIN(BH_BENCH_SELF_IPI) "wrmsr\n\t"
			 :
			 : "c"(MSR_X2APIC_ICR),
			   "a"(APIC_FIXED | APIC_SELF | APIC_ASSERT | VECTOR_BENCH), "d"(0)
			 : "memory");
	await_arrival(before);
}

static void pci_ports(void)
{
	uint32_t eax = pci_address;

	__asm__ volatile(BEGIN(BH_BENCH_PCI_PORTS) "outl %%eax, %%dx\n\t"
						   "mov %1, %%edx\n\t"
						   "inl %%dx, %%eax\n\t" END(BH_BENCH_PCI_PORTS)
			 : "+a"(eax)
			 : "i"(PCI_DATA), "d"(PCI_ADDRESS)
			 : "memory");
}

static void pci_data(void)
{
	uint32_t eax;

	port_out32(PCI_ADDRESS, pci_address);
	__asm__ volatile(BEGIN(BH_BENCH_PCI_DATA) "inl %%dx, %%eax\n\t" END(BH_BENCH_PCI_DATA)
			 : "=a"(eax)
			 : "d"(PCI_DATA)
			 : "memory");
}

static void xapic_eoi(void)
{
	__asm__ volatile(BEGIN(BH_BENCH_XAPIC_EOI) "movl %0, (%1)\n\t" END(BH_BENCH_XAPIC_EOI)
			 :
			 : "r"(0), "r"((uint64_t)APIC_PAGE + APIC_EOI * 16)
			 : "memory");
}

static void subpage_read(void)
{
	uint32_t value;

	__asm__ volatile(BEGIN(BH_BENCH_SUBPAGE_READ) "movl (%1), %0\n\t" END(BH_BENCH_SUBPAGE_READ)
			 : "=r"(value)
			 : "r"(subpage)
			 : "memory");
}

static void x2apic_eoi(void)
{
	__asm__ volatile(BEGIN(BH_BENCH_X2APIC_EOI) "wrmsr\n\t" END(BH_BENCH_X2APIC_EOI)
			 :
			 : "c"(MSR_X2APIC_EOI), "a"(0), "d"(0)
			 : "memory");
}

/* The interrupt is taken only afterwards. */
static void doorbell(void)
{
	uint32_t before = arrived;

	__asm__ volatile(BEGIN(BH_BENCH_DOORBELL) "movl %0, (%1)\n\t" END(BH_BENCH_DOORBELL)
			 :
			 : "r"(link.id << 16), "r"(link.registers + LINK_DOORBELL)
			 : "memory");
	await_arrival(before);
}

/* The root takes every interrupt, and this CPU none. */
static void doorbell_to_root(void)
{
	__asm__ volatile(
		BEGIN(BH_BENCH_DOORBELL_TO_ROOT) "movl %0, (%1)\n\t" END(BH_BENCH_DOORBELL_TO_ROOT)
		:
		: "r"(!link.id << 16), "r"(link.registers + LINK_DOORBELL)
		: "memory");
}

static void doorbell_handler(void)
{
	uint32_t before = arrived;

	interrupts_on();
	__asm__ volatile(BEGIN(BH_BENCH_DOORBELL_HANDLER) "movl %0, (%1)\n\t"
			 :
			 : "r"(link.id << 16), "r"(link.registers + LINK_DOORBELL)
			 : "memory");
	await_arrival(before);
}

/* The cell's link with vector 0 directed here. False: there is none. */
static bool link_prepare(void)
{
	if (!cmdline_flag("link", false) || !link_open(&link, 0))
		return false;
	interrupt_entry_set(VECTOR_RUNG, rung_entry);
	link_interrupts(&link, true);
	return pci_msix_enable(link.bdf, 0, apic_read(APIC_ID), VECTOR_RUNG);
}

static void measure(unsigned int id, void (*operation)(void), bool possible)
{
	static const char *const names[] = {
#define NAME(id, name) [id] = name,
		BH_BENCH_TABLE(NAME)};

	for (unsigned int i = 0; possible && i < BH_BENCH_ROUNDS; i++)
		operation();
	printk("bench: %s %s\n", names[id], possible ? "done" : "skipped");
}

void guest_main(void)
{
	bool hypervisor = apic_is_x2apic(), linked;

	subpage = (uint64_t)cmdline_number("subpage", 0);
	pci_address = PCI_ENABLE | (uint32_t)cmdline_number("bdf", 0) << 8;
	cpu_id = (uint32_t)cmdline_number("cpu", 0);
	memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	if (subpage)
		memory_map(subpage, 4, MEMORY_DEVICE);
	interrupt_entry_set(VECTOR_BENCH, ipi_entry);

	measure(BH_BENCH_EMPTY, empty, true);
	measure(BH_BENCH_CPUID, do_cpuid, true);
	measure(BH_BENCH_HYPERCALL, do_hypercall, hypervisor);
	measure(BH_BENCH_SELF_IPI, do_self_ipi, hypervisor);
	measure(BH_BENCH_PCI_PORTS, pci_ports, true);
	measure(BH_BENCH_PCI_DATA, pci_data, true);
	measure(BH_BENCH_XAPIC_EOI, xapic_eoi, !(msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC));
	measure(BH_BENCH_SUBPAGE_READ, subpage_read, subpage);
	measure(BH_BENCH_X2APIC_EOI, x2apic_eoi, hypervisor);
	linked = link_prepare();
	measure(BH_BENCH_DOORBELL, doorbell, linked);
	measure(BH_BENCH_DOORBELL_HANDLER, doorbell_handler, linked);
	measure(BH_BENCH_DOORBELL_TO_ROOT, doorbell_to_root, linked && cmdline_flag("root", false));
	printk("bench: end\n");
	guest_end(BH_CELL_SHUT_DOWN);
}
