/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU of a cell is made of, besides its interrupts: all of it stays in registers while the core runs. */
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <table-format.h>

#define VTTBR_VMID_SHIFT 48
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN BIT(1)
#define CPACR_FPEN (3ull << 20)
#define CPTR_SVE BIT(8) /* traps it, where HCR_EL2.E2H is 0, as are the others */
#define CPTR_SME BIT(12)
#define CPTR_TRACE BIT(20)
#define MDCR_COUNTERS 0x1f /* HPMN: how many EL1 has */
#define MDCR_SAMPLING \
	BIT(14) /* TPMS: statistical profiling traps; its buffer is EL2's by E2PB = 0 */
#define PMCR_RESET 6 /* C and P: all counters are 0 */
#define PFR0_SVE 32
#define DFR0_PMU 8
#define DFR0_BREAKPOINTS 12
#define DFR0_WATCHPOINTS 20
#define ISAR1_APA 4
#define ISAR1_GPA 24
#define CLEAN_STEP 0x100000

u64 cell_vttbr(const struct cell *cell)
{
	const table_pte *top = cell->table.root;
	u64 start = virt_to_phys(top).v;

	/* A walk that starts a level lower starts with the table of the lowest 512 GiB, which stays once it is there. */
	if (table_start_level == 2)
		start = table_pte_phys(*top);
	return start | (u64)cell->id << VTTBR_VMID_SHIFT;
}

/* Every CPU of the root comes here between what a cell is given and its first instruction. */
void arch_cpu_flush(struct cpu *cpu)
{
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1; dsb nsh; isb" ::: "memory");
	gic_forget_foreign(cpu);
}

void cpu_enter_cell(struct cpu *cpu)
{
	struct cell *cell = cpu->cell;

	if (cell == &root_cell) {
		sysreg_write(hcr_el2, HCR_ROOT | (cpu->arch.el2.hcr & HCR_KEPT));
		sysreg_write(cptr_el2, cpu->arch.el2.cptr);
		sysreg_write(mdcr_el2, cpu->arch.el2.mdcr);
	} else {
		sysreg_write(hcr_el2, HCR_CELL | (cpu->arch.el2.hcr & HCR_POINTERS));
		sysreg_write(cptr_el2, cpu->arch.el2.cptr | CPTR_TRACE | CPTR_SME);
		sysreg_write(mdcr_el2, (cpu->arch.el2.mdcr & MDCR_COUNTERS) | MDCR_SAMPLING);
	}
	sysreg_write(vttbr_el2, cell_vttbr(cell));
	sysreg_write(cnthctl_el2, cpu->arch.el2.cnthctl | CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	isb();
	arch_cpu_flush(cpu);
}

/* Nothing of the former guest stays behind. Writing V registers clears what Z registers have above (DDI 0487, B1.2). */
static void vectors_clear(void)
{
#define CLEAR4(a, b, c, d)                                                                \
	__asm__ volatile(".arch_extension fp\n.arch_extension simd\n"                     \
			 "movi v" #a ".2d, #0; movi v" #b ".2d, #0; movi v" #c ".2d, #0;" \
			 "movi v" #d ".2d, #0")
	CLEAR4(0, 1, 2, 3);
	CLEAR4(4, 5, 6, 7);
	CLEAR4(8, 9, 10, 11);
	CLEAR4(12, 13, 14, 15);
	CLEAR4(16, 17, 18, 19);
	CLEAR4(20, 21, 22, 23);
	CLEAR4(24, 25, 26, 27);
	CLEAR4(28, 29, 30, 31);
#undef CLEAR4
	sysreg_write(fpcr, 0);
	sysreg_write(fpsr, 0);
	/* SVE: PFALSE P0.B to P15.B, and WRFFR P0.B for the first-fault register, as the assembler need not know them. */
	if (sysreg_read(id_aa64pfr0_el1) >> PFR0_SVE & 0xf && !(sysreg_read(cptr_el2) & CPTR_SVE))
		__asm__ volatile(".set n, 0\n.rept 16\n.inst 0x2518e400 + n\n.set n, n + 1\n.endr\n"
				 ".inst 0x25289000");
}

/* The counters of the PMU (DDI 0487, D11). Which there are, PMCR_EL0.N says. */
static void counters_reset(void)
{
	u32 version = sysreg_read(id_aa64dfr0_el1) >> DFR0_PMU & 0xf;

	if (!version || version == 0xf)
		return;
	sysreg_write(pmcr_el0, PMCR_RESET);
	sysreg_write(pmcntenclr_el0, ~0u);
	sysreg_write(pmintenclr_el1, ~0u);
	sysreg_write(pmovsclr_el0, ~0u);
	sysreg_write(pmuserenr_el0, 0);
	sysreg_write(pmccfiltr_el0, 0);
	for (u32 n = sysreg_read(pmcr_el0) >> 11 & 0x1f; n--;) {
		sysreg_write(pmselr_el0, n);
		isb();
		sysreg_write(pmxevtyper_el0, 0);
	}
	sysreg_write(pmselr_el0, 0);
}

/* Breakpoints and watchpoints, of which there are up to 16 each (DDI 0487, D17.3). */
static void debug_reset(void)
{
	u64 features = sysreg_read(id_aa64dfr0_el1);

	sysreg_write(mdscr_el1, 0);
	sysreg_write(mdccint_el1, 0);
#define CLEAR(n)                                                      \
	do {                                                          \
		if ((features >> DFR0_BREAKPOINTS & 0xf) + 1 > (n)) { \
			sysreg_write(dbgbcr##n##_el1, 0);             \
			sysreg_write(dbgbvr##n##_el1, 0);             \
		}                                                     \
		if ((features >> DFR0_WATCHPOINTS & 0xf) + 1 > (n)) { \
			sysreg_write(dbgwcr##n##_el1, 0);             \
			sysreg_write(dbgwvr##n##_el1, 0);             \
		}                                                     \
	} while (0)
	CLEAR(0);
	CLEAR(1);
	CLEAR(2);
	CLEAR(3);
	CLEAR(4);
	CLEAR(5);
	CLEAR(6);
	CLEAR(7);
	CLEAR(8);
	CLEAR(9);
	CLEAR(10);
	CLEAR(11);
	CLEAR(12);
	CLEAR(13);
	CLEAR(14);
	CLEAR(15);
#undef CLEAR
}

/* Keys of pointer authentication: APIA, APIB, APDA, APDB, and APGA by itself (DDI 0487, D17.2.15 to D17.2.24). */
static void keys_reset(void)
{
	u64 features = sysreg_read(id_aa64isar1_el1);

	if (features >> ISAR1_APA & 0xff) { /* APA and API */
		sysreg_write(s3_0_c2_c1_0, 0);
		sysreg_write(s3_0_c2_c1_1, 0);
		sysreg_write(s3_0_c2_c1_2, 0);
		sysreg_write(s3_0_c2_c1_3, 0);
		sysreg_write(s3_0_c2_c2_0, 0);
		sysreg_write(s3_0_c2_c2_1, 0);
		sysreg_write(s3_0_c2_c2_2, 0);
		sysreg_write(s3_0_c2_c2_3, 0);
	}
	if (features >> ISAR1_GPA & 0xff) { /* GPA and GPI */
		sysreg_write(s3_0_c2_c3_0, 0);
		sysreg_write(s3_0_c2_c3_1, 0);
	}
}

static void registers_reset(struct cpu *cpu)
{
	sysreg_write(sctlr_el1, SCTLR_EL1_RESET);
	sysreg_write(actlr_el1, 0);
	sysreg_write(cpacr_el1, CPACR_FPEN);
	sysreg_write(ttbr0_el1, 0);
	sysreg_write(ttbr1_el1, 0);
	sysreg_write(tcr_el1, 0);
	sysreg_write(mair_el1, 0);
	sysreg_write(amair_el1, 0);
	sysreg_write(vbar_el1, 0);
	sysreg_write(contextidr_el1, 0);
	sysreg_write(esr_el1, 0);
	sysreg_write(far_el1, 0);
	sysreg_write(afsr0_el1, 0);
	sysreg_write(afsr1_el1, 0);
	sysreg_write(elr_el1, 0);
	sysreg_write(spsr_el1, 0);
	sysreg_write(sp_el0, 0);
	sysreg_write(sp_el1, 0);
	sysreg_write(tpidr_el0, 0);
	sysreg_write(tpidr_el1, 0);
	sysreg_write(tpidrro_el0, 0);
	sysreg_write(par_el1, 0);
	sysreg_write(csselr_el1, 0);
	sysreg_write(cntkctl_el1, 0);
	sysreg_write(cntp_ctl_el0, 0);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_cval_el0, 0);
	sysreg_write(cntv_cval_el0, 0);
	counters_reset();
	debug_reset();
	keys_reset();
	memset(cpu->arch.regs, 0, 31 * sizeof(u64));
}

static void cpu_start(struct cpu *cpu, u64 entry, u64 context)
{
	registers_reset(cpu);
	cpu_enter_cell(cpu);
	gic_lpis_follow(cpu);
	cpu->arch.regs[0] = context;
	sysreg_write(elr_el2, entry);
	sysreg_write(spsr_el2, SPSR_EL1H_MASKED);
	__asm__ volatile("ic iallu; tlbi alle1; dsb nsh; isb" ::: "memory");
}

/* The lowest-numbered CPU of a cell starts; the others are off until it calls CPU_ON (guest ABI). */
static bool cpu_is_first(const struct cpu *cpu)
{
	for (u32 id = 0; id < cpu->id; id++)
		if (cell_has_cpu(cpu->cell, id))
			return false;
	return true;
}

void arch_cpu_reset(struct cpu *cpu, u64 entry)
{
	gic_cpu_reset(cpu);
	if (cpu_is_first(cpu)) {
		cpu->arch.begins = true;
		cpu->arch.must_clean = cpu->cell->arch.has_run;
		cpu->cell->arch.has_run = true;
		cpu_start(cpu, entry, 0);
		return;
	}
	cpu->mode = CPU_WAITING;
	arch_cpu_wait(cpu);
}

void arch_cpu_sipi(struct cpu *cpu, u64 start)
{
	cpu_start(cpu, start, cpu->arch.start_context);
}

void arch_cpu_wait(struct cpu *cpu)
{
	cpu->arch.begins = false;
	vectors_clear();
	registers_reset(cpu);
	gic_cpu_reset(cpu);
}

void arch_cpu_stop(struct cpu *cpu)
{
	arch_cpu_wait(cpu);
}

/* There are no NMIs here: nobody asks. */
void arch_cpu_nmi(struct cpu *cpu)
{
	(void)cpu;
}

void arch_cpu_kick(struct cpu *cpu)
{
	gic_kick(cpu);
}

u32 arch_cpu_address(const struct cpu *cpu)
{
	return (u32)(cpu->arch.affinity >> 32) << 24 | (cpu->arch.affinity & 0xffffff);
}

/*
 * A cell begins with its caches off, but its former run had them on: what it left in them would be hidden at first, and might
 * overwrite later what the new run has in memory (DDI 0487, B2.8). The cell's own CPU cleans it away, as long as that may take,
 * and listens meanwhile. What the loader writes, it cleans itself. False: something is asked.
 */
static bool memory_clean(struct cpu *cpu)
{
	const struct bh_cell_desc *desc = cpu->cell->desc;

	for (u32 i = 0; i < desc->memory.count; i++) {
		const struct bh_memory *region = &desc_memory(desc)[i];

		if (region->flags & (BH_MEM_IO | BH_MEM_COMM))
			continue;
		for (u64 at = 0; at < region->size; at += CLEAN_STEP) {
			if (cpu_has_requests(cpu))
				return false;
			cache_clean(phys_to_virt(PADDR(region->phys + at)),
				    MIN(region->size - at, (u64)CLEAN_STEP));
		}
	}
	return true;
}

/* The core writes the comm region with its caches on. */
static bool memory_ready(struct cpu *cpu)
{
	if (!cpu->arch.begins)
		return true;
	if (cpu->arch.must_clean && !memory_clean(cpu))
		return false;
	cpu->arch.begins = false;
	cache_clean(cpu->cell->comm, PAGE_SIZE);
	return true;
}

/* A CPU without a guest waits at EL2, where a kick wakes it: WFI ends for a pending interrupt also when it is masked. */
void cpu_idle(struct cpu *cpu)
{
	for (;;) {
		cpu_service(cpu);
		if (cpu->mode == CPU_RUNNING) {
			if (memory_ready(cpu))
				return;
			continue;
		}
		dsb(sy);
		__asm__ volatile("wfi" ::: "memory");
		gic_idle_interrupt(cpu);
	}
}

void arch_cpu_snapshot(const struct cpu *cpu, struct bh_event *event)
{
	memcpy(event->regs, cpu->arch.regs, sizeof(event->regs));
	event->ip = sysreg_read(elr_el2);
	event->cpu_flags = sysreg_read(spsr_el2);
	event->cr0 = sysreg_read(sctlr_el1);
	event->cr2 = sysreg_read(far_el2);
	event->cr3 = sysreg_read(ttbr0_el1);
	event->cr4 = sysreg_read(tcr_el1);
	event->efer = sysreg_read(esr_el2);
	event->flags |= BH_EVENT_64BIT;
}

/* No interrupt messages yet: a cell's device has lines. */
bool arch_msi_allowed(const struct cell *cell, u64 address, u32 data)
{
	(void)cell;
	(void)address;
	(void)data;
	return false;
}

u64 arch_msi_resolve(const struct cell *cell, u64 address)
{
	(void)cell;
	return address;
}

void arch_msi_send(u64 address, u32 data)
{
	(void)address;
	(void)data;
}

u32 arch_cell_pages(void)
{
	return 0;
}

bool arch_cell_init(struct cell *cell)
{
	/* The root's table says later what belongs to whom. */
	return cell == &root_cell || vgic_attach(cell);
}

void arch_cell_exit(struct cell *cell)
{
	(void)cell;
}
