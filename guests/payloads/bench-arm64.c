/* SPDX-License-Identifier: MIT */
/*
 * bench for arm64: does each operation of bulkhead/bench.h that there is here BH_BENCH_ROUNDS times between markers,
 * which an instruction-counting emulator sees. "bench: NAME done" or "bench: NAME skipped" for each.
 *
 *   subpage=ADDRESS   a word in a sub-page region; without it that operation is skipped
 *   spi=N             id of an interrupt of the cell; without it what needs one is skipped
 *   cpu=0             number of a CPU of this cell, for the hypercall
 *   link              the cell has a link, whose other peer is not there
 */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include <guest/link.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/timer.h>
#include <guest/pci.h>
#include <bulkhead/bench.h>
#include <bulkhead/link.h>

#define BEGIN(id) BH_BENCH_ARM64_BEGIN(id)
#define END(id) BH_BENCH_ARM64_END(id)

#define GICD_ISENABLER 0x100
#define GICR_ISENABLER 0x10100
#define SGI_BENCH 1
#define WAIT_US 1000000
#define PSCI_VERSION 0x84000000
#define SMCCC_UNKNOWN 0x82001234 /* of the silicon's maker */
#define NOT_SUPPORTED (-1)

static uint64_t subpage, isenabler;
static uint32_t cpu_id, spi;
static volatile uint32_t arrived __attribute__((used));
static struct link link;

static void failed(const char *what)
{
	printk("bench: %s\n", what);
	guest_end(BH_CELL_FAILED);
}

static void empty(void)
{
	__asm__ volatile(BEGIN(BH_BENCH_EMPTY) END(BH_BENCH_EMPTY));
}

static void do_hypercall(void)
{
	register uint64_t x0 __asm__("x0") = BH_HC_CPU_INFO;
	register uint64_t x1 __asm__("x1") = cpu_id;
	register uint64_t x2 __asm__("x2") = BH_CPU_INFO_STATE;

	__asm__ volatile(BEGIN(BH_BENCH_HYPERCALL) "hvc #0x4a48\n\t" END(BH_BENCH_HYPERCALL)
			 : "+r"(x0)
			 : "r"(x1), "r"(x2)
			 : "x3", "memory");
	if (x0)
		failed("the CPU's state is not \"running\"");
}

#define FIRMWARE(id, number)                                                                    \
	({                                                                                      \
		register uint64_t x0 __asm__("x0") = (number);                                  \
		__asm__ volatile(BEGIN(id) "smc #0\n\t" END(id)                                 \
				 : "+r"(x0)                                                     \
				 :                                                              \
				 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", \
				   "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");  \
		(int32_t) x0;                                                                   \
	})

static void psci_version(void)
{
	if (FIRMWARE(BH_BENCH_PSCI_VERSION, PSCI_VERSION) <= 0)
		failed("PSCI has no version");
}

static void smccc(void)
{
	if (FIRMWARE(BH_BENCH_SMCCC, SMCCC_UNKNOWN) != NOT_SUPPORTED)
		failed("an unknown call is supported");
}

#define READ(id, address)                                              \
	({                                                             \
		uint32_t _value;                                       \
		__asm__ volatile(BEGIN(id) "ldr %w0, [%1]\n\t" END(id) \
				 : "=r"(_value)                        \
				 : "r"(address)                        \
				 : "memory");                          \
		_value;                                                \
	})

static void gicd_read(void)
{
	if (!(READ(BH_BENCH_GICD_READ, isenabler) & 1u << spi % 32))
		failed("the distributor has the interrupt off");
}

#define WRITE(id, address, value)                               \
	__asm__ volatile(BEGIN(id) "str %w0, [%1]\n\t" END(id)  \
			 :                                      \
			 : "r"((uint32_t)(value)), "r"(address) \
			 : "memory")

static void gicd_enable(void)
{
	WRITE(BH_BENCH_GICD_ENABLE, isenabler, 1u << spi % 32);
}

static void gicr_read(void)
{
	uint64_t address = cpu_current()->redistributor + GICR_ISENABLER;

	if (!(READ(BH_BENCH_GICR_READ, address) & 1u << SGI_BENCH))
		failed("the redistributor has an SGI off");
}

static void subpage_read(void)
{
	READ(BH_BENCH_SUBPAGE_READ, subpage);
}

static void ecam_read(void)
{
	uint64_t address = comm_region->pci_mmconfig_base + ((uint64_t)link.bdf << 12);

	if (READ(BH_BENCH_ECAM_READ, address) !=
	    ((uint32_t)BH_LINK_PCI_DEVICE << 16 | BH_LINK_PCI_VENDOR))
		failed("the link's device is not there");
}

static void link_read(void)
{
	if (READ(BH_BENCH_LINK_READ, link.registers + BH_LINK_REG_ID) != link.id)
		failed("the link's peer has another number");
}

static void link_state(void)
{
	static uint32_t state;

	WRITE(BH_BENCH_LINK_STATE, link.registers + BH_LINK_REG_STATE, ++state);
	if (link.states[link.id] != state)
		failed("the link's state has not changed");
}

static void doorbell_nobody(void)
{
	WRITE(BH_BENCH_DOORBELL_NOBODY, link.registers + LINK_DOORBELL, !link.id << 16);
}

/* Vectors for one interrupt alone, whose first instruction is the end marker. */
#define VECTORS(name, id)                                               \
	extern const uint8_t name[];                                    \
	__asm__(".text\n\t.balign 2048\n" #name ":\n\t"                 \
		".skip 0x280\n\t" END(id) "stp x0, x1, [sp, #-16]!\n\t" \
					  "mrs x0, icc_iar1_el1\n\t"    \
					  "msr icc_eoir1_el1, x0\n\t"   \
					  "ldr x0, =arrived\n\t"        \
					  "ldr w1, [x0]\n\t"            \
					  "add w1, w1, #1\n\t"          \
					  "str w1, [x0]\n\t"            \
					  "ldp x0, x1, [sp], #16\n\t"   \
					  "eret\n\t"                    \
					  ".ltorg\n")
VECTORS(sgi_vectors, BH_BENCH_SELF_SGI);
VECTORS(rung_vectors, BH_BENCH_DOORBELL_HANDLER);

/* @cause makes the interrupt. */
#define UNTIL_VECTOR(vectors, cause, missing)                         \
	do {                                                          \
		uint64_t _vectors = sysreg_read(vbar_el1);            \
		uint64_t _end = timer_now() + timer_from_us(WAIT_US); \
		uint32_t _before = arrived;                           \
		sysreg_write(vbar_el1, vectors);                      \
		isb();                                                \
		interrupts_on();                                      \
		cause;                                                \
		while (arrived == _before && timer_now() < _end)      \
			cpu_relax();                                  \
		interrupts_off();                                     \
		sysreg_write(vbar_el1, _vectors);                     \
		isb();                                                \
		if (arrived == _before)                               \
			failed(missing);                              \
	} while (0)

static void do_self_sgi(void)
{
	uint64_t affinity = cpu_current()->affinity;
	uint64_t value = (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 |
			 (affinity >> 8 & 0xff) << 16 | SGI_BENCH << 24 | 1u << (affinity & 0xf);

	UNTIL_VECTOR(sgi_vectors,
		     __asm__ volatile(BEGIN(BH_BENCH_SELF_SGI) "msr icc_sgi1r_el1, %0\n\tisb\n\t"
				      :
				      : "r"(value)
				      : "memory"),
		     "an SGI does not arrive");
}

static void doorbell_handler(void)
{
	UNTIL_VECTOR(rung_vectors,
		     __asm__ volatile(BEGIN(BH_BENCH_DOORBELL_HANDLER) "str %w0, [%1]\n\t"
				      :
				      : "r"(link.id << 16), "r"(link.registers + LINK_DOORBELL)
				      : "memory"),
		     "a doorbell to itself does not arrive");
}

/* With interrupts masked, which is all the same to the core: what it does is over when the end of interrupt is. */
static void tick(void)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US), id;

	sysreg_write(cntv_cval_el0, timer_now());
	isb();
	__asm__ volatile(BEGIN(BH_BENCH_TICK) "msr cntv_ctl_el0, %0\n\tisb\n\t"
			 :
			 : "r"(1ULL)
			 : "memory");
	do
		id = sysreg_read(icc_iar1_el1);
	while (id != GIC_TIMER && timer_now() < end);
	timer_stop();
	if (id != GIC_TIMER)
		failed("the timer does not tick");
	__asm__ volatile("msr icc_eoir1_el1, %0\n\tisb\n\t" END(BH_BENCH_TICK)
			 :
			 : "r"(id)
			 : "memory");
}

static void rung(void *context)
{
	(void)context;
}

/* The cell's link with its pin enabled. False: there is none. */
static bool link_prepare(void)
{
	if (!cmdline_flag("link", false) || !link_open(&link, 0))
		return false;
	link_interrupts(&link, true);
	return link_handler_set(&link, 0, 0, rung, NULL);
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
	bool linked;

	subpage = (uint64_t)cmdline_number("subpage", 0);
	spi = (uint32_t)cmdline_number("spi", 0);
	cpu_id = (uint32_t)cmdline_number("cpu", 0);
	isenabler = comm_region->gicd_base + GICD_ISENABLER + spi / 32 * 4;
	if (subpage)
		memory_map(subpage, 4, MEMORY_DEVICE);
	if (spi)
		gic_enable(spi);
	gic_enable(GIC_TIMER);

	measure(BH_BENCH_EMPTY, empty, true);
	measure(BH_BENCH_HYPERCALL, do_hypercall, true);
	measure(BH_BENCH_SUBPAGE_READ, subpage_read, subpage);
	measure(BH_BENCH_PSCI_VERSION, psci_version, true);
	measure(BH_BENCH_SMCCC, smccc, true);
	measure(BH_BENCH_GICD_READ, gicd_read, spi);
	measure(BH_BENCH_GICD_ENABLE, gicd_enable, spi);
	measure(BH_BENCH_GICR_READ, gicr_read, true);
	measure(BH_BENCH_SELF_SGI, do_self_sgi, true);
	measure(BH_BENCH_TICK, tick, true);
	linked = link_prepare();
	measure(BH_BENCH_ECAM_READ, ecam_read, linked);
	measure(BH_BENCH_LINK_READ, link_read, linked);
	measure(BH_BENCH_LINK_STATE, link_state, linked);
	measure(BH_BENCH_DOORBELL_NOBODY, doorbell_nobody, linked);
	measure(BH_BENCH_DOORBELL_HANDLER, doorbell_handler, linked);
	printk("bench: end\n");
	guest_end(BH_CELL_SHUT_DOWN);
}
