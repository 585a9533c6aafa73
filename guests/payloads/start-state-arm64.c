/* SPDX-License-Identifier: MIT */
/*
 * start-state for arm64: compares the registers a CPU was started with to the guest ABI, on the first CPU and on one started by
 * CPU_ON, and asks the firmware what the ABI has an answer for. A line for each difference, then "start-state: N values right, M
 * wrong".
 */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/arm64/start.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/printk.h>
#include <guest/smp.h>

#define DAIF_MASKED 0x3c0
#define CURRENTEL_1 0x4
#define SPSEL_OWN 1
#define SCTLR_RES1 0x30d00800 /* bits 11, 20, 22, 23, 28, 29: caches and MMU are off */
#define CPACR_FPEN 0x300000
#define PMCR_ENABLE 0x1
#define GICR_LINES \
	0x10000 /* the redistributor's second page, where GICv2 has the same in the distributor */
#define GICD_ISENABLER 0x100
#define GICD_ISPENDR 0x200
#define GICD_ISACTIVER 0x300
#define PPIS 0xffff0000

#define PSCI_VERSION 0x84000000
#define PSCI_CPU_ON_32 0x84000003
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO_32 0x84000004
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_FEATURES 0x8400000a
#define PSCI_MIGRATE 0x84000005
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define NOT_SUPPORTED (-1)
#define DENIED (-3)
#define ALREADY_ON (-4)
#define NOBODY 0xfffefd /* an affinity no cell has */

static unsigned int right;
static unsigned int wrong;

static void check(const char *cpu, const char *what, uint64_t is, uint64_t should)
{
	if (is == should) {
		right++;
		return;
	}
	wrong++;
	printk("start-state: %s: %s is 0x%lx, should be 0x%lx\n", cpu, what, is, should);
}

#define SYSTEM_INDEX(name) SYSTEM_##name,
#define SYSTEM_NAME(name) #name,

enum { START_SYSTEM_REGISTERS(SYSTEM_INDEX) SYSTEM_COUNT };

_Static_assert(SYSTEM_COUNT <= START_SYSTEM_MAX, "the snapshot has room for them");

/* Those that are not 0. */
static const uint64_t expected[SYSTEM_COUNT] = {
	[SYSTEM_daif] = DAIF_MASKED,	 [SYSTEM_currentel] = CURRENTEL_1,
	[SYSTEM_spsel] = SPSEL_OWN,	 [SYSTEM_sctlr_el1] = SCTLR_RES1,
	[SYSTEM_cpacr_el1] = CPACR_FPEN,
};

static void check_registers(const char *cpu, const struct start_snapshot *s, uint64_t x0)
{
	static const char *const names[] = {START_SYSTEM_REGISTERS(SYSTEM_NAME)};

	check(cpu, "x0", s->x[0], x0);
	for (unsigned int i = 1; i < 31; i++)
		check(cpu, "one of x1 to x30", s->x[i], 0);
	check(cpu, "sp", s->sp, 0);
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++)
		check(cpu, names[i],
		      i == SYSTEM_pmcr_el0 ? s->system[i] & PMCR_ENABLE : s->system[i],
		      expected[i]);
}

/* What the library leaves alone can be looked at now: vector registers, and the CPU's own interrupt lines. */
static void check_rest(const char *cpu)
{
	uint64_t lines = comm_region->gic_version == 2 ? comm_region->gicd_base
						       : cpu_current()->redistributor + GICR_LINES;

	check(cpu, "fpcr", sysreg_read(fpcr), 0);
	check(cpu, "enabled lines of its own", mmio_read32(lines + GICD_ISENABLER) & PPIS, 0);
	check(cpu, "pending lines of its own", mmio_read32(lines + GICD_ISPENDR) & PPIS, 0);
	check(cpu, "active lines of its own", mmio_read32(lines + GICD_ISACTIVER) & PPIS, 0);
	check(cpu, "its affinity", sysreg_read(mpidr_el1) & AFFINITY_MASK, cpu_current()->affinity);
}

static void check_other(void *context)
{
	*(struct cpu **)context = cpu_current();
	check_rest("CPU_ON");
}

static void check_call(const char *what, uint32_t call, uint64_t a1, uint64_t a2, int64_t should)
{
	check("firmware", what, (uint64_t)firmware_call(call, a1, a2, 0), (uint64_t)should);
}

static void check_firmware(void)
{
	static const uint32_t known[] = {
		PSCI_VERSION,	0x84000001,   0xc4000001,	  0x84000002,
		PSCI_CPU_ON_32, PSCI_CPU_ON,  PSCI_AFFINITY_INFO, PSCI_AFFINITY_INFO_32,
		PSCI_FEATURES,	SMCCC_VERSION};
	uint64_t self = cpu_current()->affinity;

	check_call("PSCI's version", PSCI_VERSION, 0, 0, 0x10001);
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		check_call("the answer to FEATURES of a call there is", PSCI_FEATURES, known[i], 0,
			   0);
	check_call("FEATURES of a call there is not", PSCI_FEATURES, PSCI_MIGRATE, 0,
		   NOT_SUPPORTED);
	check_call("a call there is not", PSCI_MIGRATE, 0, 0, NOT_SUPPORTED);
	check_call("CPU_ON of itself", PSCI_CPU_ON, self, 0, ALREADY_ON);
	check_call("CPU_ON of itself by the 32-bit call", PSCI_CPU_ON_32, self, 0, ALREADY_ON);
	check_call("its own AFFINITY_INFO", PSCI_AFFINITY_INFO, self, 0, 0);
	check_call("CPU_ON of nobody", PSCI_CPU_ON, NOBODY, 0, DENIED);
	check_call("AFFINITY_INFO of nobody", PSCI_AFFINITY_INFO, NOBODY, 0, DENIED);
	check_call("SMCCC's version", SMCCC_VERSION, 0, 0, 0x10001);
	check_call("ARCH_FEATURES of itself", SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0);
	check_call("ARCH_FEATURES of what there is not", SMCCC_ARCH_FEATURES, 0x80003fff, 0,
		   NOT_SUPPORTED);
}

void guest_main(void)
{
	struct cpu *other = NULL;

	check_registers("reset", &boot_snapshot, 0);
	check_rest("reset");
	check_firmware();
	if (smp_cpus() > 1) {
		check_call("AFFINITY_INFO of a CPU that is off", PSCI_AFFINITY_INFO, smp_address(1),
			   0, 1);
		if (!smp_start(1)) {
			printk("start-state: CPU 1 does not start\n");
			guest_end(BH_CELL_FAILED);
		}
		check_call("AFFINITY_INFO of a CPU that is on", PSCI_AFFINITY_INFO, smp_address(1),
			   0, 0);
		smp_call(1, check_other, &other);
		while (smp_busy(1))
			cpu_relax();
		/* It lies where the other CPU has it from CPU_ON's argument. */
		check_registers("CPU_ON", &cpu_snapshot, (uint64_t)other);
		check("CPU_ON", "the number of what x0 points to", other->number, 1);
	}
	printk("start-state: %u values right, %u wrong\n", right, wrong);
	guest_end(wrong ? BH_CELL_FAILED : BH_CELL_SHUT_DOWN);
}
