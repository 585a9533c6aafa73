// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of arm64: system registers of EL1, and the interrupt controller's, a GICv3 that a device tree describes: the CPU's interface,
 * its redistributor and, with the first CPU, the distributor (IHI 0069, chapter 12).
 *
 * Linux leaves breakpoints and watchpoints alone as long as nobody sets one, so each CPU gets addresses of its own there.
 */

#include <linux/io.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/smp.h>
#include <asm/cputype.h>
#include <asm/sysreg.h>
#include "cpu-state.h"

#define ASID_BITS GENMASK_ULL(63, 48) /* of the program that runs */

static void __iomem *gicd, *gicr;
static unsigned int lines; /* interrupt ids of the distributor */

#define PUT(name) put(#name, 0, read_sysreg(name))

static void put_registers(void)
{
	PUT(sctlr_el1);
	PUT(actlr_el1);
	PUT(cpacr_el1);
	PUT(tcr_el1);
	PUT(mair_el1);
	PUT(amair_el1);
	PUT(vbar_el1);
	PUT(afsr0_el1);
	PUT(afsr1_el1);
	PUT(tpidr_el1);
	PUT(cntkctl_el1);
	PUT(cntfrq_el0);
	PUT(mdscr_el1);
	PUT(mdccint_el1);
	PUT(oslsr_el1);
	PUT(mpidr_el1);
	PUT(midr_el1);
	PUT(id_aa64pfr0_el1);
	PUT(id_aa64mmfr0_el1);
	PUT(pmcr_el0);
	PUT(pmuserenr_el0);
	PUT(pmcntenset_el0);
	PUT(pmintenset_el1);
	PUT(pmccfiltr_el0);
	put("ttbr1_el1", 0, read_sysreg(ttbr1_el1) & ~ASID_BITS);
	PUT(dbgbvr0_el1);
	PUT(dbgbvr1_el1);
	PUT(dbgbcr0_el1);
	PUT(dbgbcr1_el1);
	PUT(dbgwvr0_el1);
	PUT(dbgwvr1_el1);
	PUT(dbgwcr0_el1);
	PUT(dbgwcr1_el1);
}

static void put_interface(void)
{
	put("icc_ctlr_el1", 0, read_sysreg_s(SYS_ICC_CTLR_EL1));
	put("icc_pmr_el1", 0, read_sysreg_s(SYS_ICC_PMR_EL1));
	put("icc_bpr1_el1", 0, read_sysreg_s(SYS_ICC_BPR1_EL1));
	put("icc_igrpen1_el1", 0, read_sysreg_s(SYS_ICC_IGRPEN1_EL1));
	put("icc_sre_el1", 0, read_sysreg_s(SYS_ICC_SRE_EL1));
}

static void __iomem *redistributor(void)
{
	u64 mpidr = read_cpuid_mpidr(), typer;
	u32 affinity = MPIDR_AFFINITY_LEVEL(mpidr, 3) << 24 | (mpidr & 0xffffff);
	void __iomem *at = gicr;

	do {
		typer = readq(at + GICR_TYPER);
		if (typer >> 32 == affinity)
			return at + SZ_64K;
		at += SZ_128K;
	} while (!(typer & GICR_TYPER_LAST));
	return NULL;
}

static void put_own_lines(void)
{
	void __iomem *own = redistributor();
	unsigned int i;

	if (!own)
		return;
	put("gicr_igroupr", 0, readl(own + GICR_IGROUPR0));
	put("gicr_isenabler", 0, readl(own + GICR_ISENABLER0));
	for (i = 0; i < 32; i += 4)
		put("gicr_ipriorityr", i, readl(own + GICR_IPRIORITYR0 + i));
	put("gicr_icfgr", 0, readl(own + GICR_ICFGR0));
	put("gicr_icfgr", 1, readl(own + GICR_ICFGR0 + 4));
}

static void put_distributor(void)
{
	unsigned int i;

	put("gicd_ctlr", 0, readl(gicd + GICD_CTLR));
	put("gicd_typer", 0, readl(gicd + GICD_TYPER));
	for (i = 32; i < lines; i += 32) {
		put("gicd_igroupr", i, readl(gicd + GICD_IGROUPR + i / 8));
		put("gicd_isenabler", i, readl(gicd + GICD_ISENABLER + i / 8));
	}
	for (i = 32; i < lines; i += 16)
		put("gicd_icfgr", i, readl(gicd + GICD_ICFGR + i / 4));
	for (i = 32; i < lines; i += 4)
		put("gicd_ipriorityr", i, readl(gicd + GICD_IPRIORITYR + i));
	/* Those that Linux has enabled; of all others it does not matter where they go. */
	for (i = 32; i < lines; i++)
		if (readl(gicd + GICD_ISENABLER + i / 32 * 4) & BIT(i % 32))
			put("gicd_irouter", i, readq(gicd + GICD_IROUTER + i * 8));
}

void cpu_read(void)
{
	put_registers();
	put_interface();
	put_own_lines();
	if (!smp_processor_id())
		put_distributor();
}

void cpu_mark(unsigned int cpu)
{
	u64 own = 0x1000 * (cpu + 1);

	write_sysreg(own, dbgbvr0_el1);
	write_sysreg(own + 4, dbgbvr1_el1);
	write_sysreg(own + 8, dbgwvr0_el1);
	write_sysreg(own + 12, dbgwvr1_el1);
	isb();
}

void cpu_unmark(void)
{
	write_sysreg(0, dbgbvr0_el1);
	write_sysreg(0, dbgbvr1_el1);
	write_sysreg(0, dbgwvr0_el1);
	write_sysreg(0, dbgwvr1_el1);
	isb();
}

int arch_begin(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "arm,gic-v3");

	if (!node)
		return -ENODEV;
	gicd = of_iomap(node, 0);
	gicr = of_iomap(node, 1);
	of_node_put(node);
	if (!gicd || !gicr) {
		arch_end();
		return -ENOMEM;
	}
	lines = min(((readl(gicd + GICD_TYPER) & 0x1f) + 1) * 32, 1020u);
	return 0;
}

void arch_end(void)
{
	if (gicd)
		iounmap(gicd);
	if (gicr)
		iounmap(gicr);
}
