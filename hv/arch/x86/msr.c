/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers: what is not listed here goes to the hardware, without an exit where the
 * bitmap has a place for it (the banks of AMD's scalable machine check, from 0xc0002000, have none). The
 * root is kept from the virtualization registers only; cells also from what rules the whole machine.
 */
#include <hv/arch/x86/x86.h>

#define READ 1
#define WRITE 2

#define MTRR_WRITE_BACK 6

struct msr_range {
	u32 first, last;
	u32 intercept;
};

static const struct msr_range every_cell[] = {
	{MSR_APIC_BASE, MSR_APIC_BASE, WRITE}, /* of a PC's cell: READ too */
	{MSR_PAT, MSR_PAT, READ | WRITE},
	{MSR_EFER, MSR_EFER, READ | WRITE}, /* SVME stays hidden */
	{MSR_VM_CR, 0xc0010119, READ | WRITE}, /* VM_CR, IGNNE, SMM_CTL, VM_HSAVE_PA, SVM_KEY */
};

static const struct msr_range cells_only[] = {
	{MSR_TSC, MSR_TSC, WRITE},
	{MSR_TSC_ADJUST, MSR_TSC_ADJUST, READ | WRITE},
	{0x79, 0x79, WRITE}, /* microcode, Intel's number */
	{0x17a, 0x17b, WRITE}, /* machine check: global status and control */
	{0x200, 0x276, WRITE}, /* MTRRs */
	{MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, READ | WRITE},
	{0x400, 0x47f, WRITE}, /* machine check banks */
	{0xc90, 0xd8f, WRITE}, /* masks of shared caches */
	{0xc0000104, 0xc0000104, WRITE}, /* TSC ratio */
	{0xc0010010, 0xc0010010, WRITE}, /* SYSCFG */
	{0xc0010015, 0xc001001f, WRITE}, /* HWCR, IORRs, TOP_MEM, TOP_MEM2, NB_CFG */
	{0xc0010020, 0xc0010020, WRITE}, /* microcode */
	{0xc0010050, 0xc0010073, WRITE}, /* SMI traps, P-states, C-state base */
	{0xc0010111, 0xc0010113, WRITE}, /* SMM base, address, mask */
	{0xc001011b, 0xc001011b, WRITE}, /* doorbells of guests on other CPUs */
	{0xc0011020, 0xc001102f, WRITE}, /* how caches and the pipeline work */
};

/* Two bits an MSR in three blocks of 8192 (APM2 15.11). */
static bool msr_position(u32 msr, u32 *bit)
{
	if (msr < 0x2000)
		*bit = msr * 2;
	else if (msr - 0xc0000000 < 0x2000)
		*bit = 0x800 * 8 + (msr - 0xc0000000) * 2;
	else if (msr - 0xc0010000 < 0x2000)
		*bit = 0x1000 * 8 + (msr - 0xc0010000) * 2;
	else
		return false;
	return true;
}

static void intercept(struct cell *cell, const struct msr_range *range)
{
	u32 bit;

	for (u32 msr = range->first; msr <= range->last; msr++)
		if (msr_position(msr, &bit))
			cell->arch.msrpm[bit / 8] |= range->intercept << (bit % 8);
}

void msr_bitmap_fill(struct cell *cell)
{
	for (u32 i = 0; i < ARRAY_SIZE(every_cell); i++)
		intercept(cell, &every_cell[i]);
	if (apic_is_x2)
		intercept(cell, &(struct msr_range){0x830, 0x830, WRITE});
	else
		intercept(cell, &(struct msr_range){0x800, 0x83f, READ | WRITE});
	for (u32 i = 0; cell != &root_cell && i < ARRAY_SIZE(cells_only); i++)
		intercept(cell, &cells_only[i]);
	if (cell_is_pc(cell))
		intercept(cell, &(struct msr_range){MSR_APIC_BASE, MSR_APIC_BASE, READ});
}

/*
 * A PC boots on the CPU whose BSP flag is set: Linux since 6.9 takes the start of any other for that of a crash kernel, and uses
 * no second CPU. The machine's own stays with the root. A cell has it on each CPU until that is started by another.
 */
static u64 apic_base(const struct cpu *cpu)
{
	u64 value = rdmsr(MSR_APIC_BASE);

	if (!cell_is_pc(cpu->cell))
		return value;
	return cpu->arch.by_sipi ? value & ~APIC_BASE_BSP : value | APIC_BASE_BSP;
}

static bool pat_is_valid(u64 pat)
{
	for (u32 i = 0; i < 8; i++, pat >>= 8)
		if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
			return false;
	return true;
}

enum msr_result msr_read(struct cpu *cpu, u32 msr, u64 *value)
{
	u32 bit;

	if (msr - 0x800 < 0x40)
		return apic_msr_read(cpu, msr, value) ? MSR_DONE : MSR_FORBIDDEN;
	switch (msr) {
	case MSR_APIC_BASE:
		*value = apic_base(cpu);
		return MSR_DONE;
	case MSR_EFER:
		/* The root sees that SVM is in use, which is what makes its KVM keep away. */
		*value = guest_efer(cpu) | (cpu->cell == &root_cell ? EFER_SVME : 0);
		return MSR_DONE;
	case MSR_PAT:
		*value = cpu->arch.pat;
		return MSR_DONE;
	case MSR_MTRR_DEF_TYPE:
		*value = cpu->arch.mtrr_def_type;
		if (cell_is_pc(cpu->cell)) /* the machine's ranges are not the cell's */
			*value = (*value & BIT(11)) | MTRR_WRITE_BACK;
		return MSR_DONE;
	case MSR_TSC_ADJUST:
		*value = 0;
		return MSR_DONE;
	case MSR_VM_CR: /* to cells: disabled and locked, as the CPUID bit says */
		*value = cpu->cell == &root_cell ? rdmsr(msr) : BIT(3) | BIT(4);
		return MSR_DONE;
	case MSR_VM_HSAVE_PA:
		*value = 0;
		return MSR_DONE;
	}
	if (msr_position(msr, &bit))
		return MSR_FORBIDDEN;
	return msr_try(msr, value, false) ? MSR_DONE : MSR_FAULT;
}

enum msr_result msr_write(struct cpu *cpu, u32 msr, u64 value)
{
	u32 bit;

	if (msr - 0x800 < 0x40)
		return apic_msr_write(cpu, msr, value) ? MSR_DONE : MSR_FORBIDDEN;
	switch (msr) {
	case MSR_EFER:
		guest_efer_set(cpu, value);
		return MSR_DONE;
	case MSR_PAT:
		if (!pat_is_valid(value))
			return cpu->cell == &root_cell ? MSR_FAULT : MSR_FORBIDDEN;
		guest_pat_set(cpu, value);
		return MSR_DONE;
	case MSR_MTRR_DEF_TYPE: /* only the enable bit; memory is cached from the start anyway */
		cpu->arch.mtrr_def_type = (cpu->arch.mtrr_def_type & ~BIT(11)) | (value & BIT(11));
		return MSR_DONE;
	case MSR_APIC_BASE: /* Linux writes back what it has read when a CPU comes up */
		return (cpu->cell == &root_cell || cell_is_pc(cpu->cell)) && value == apic_base(cpu)
			       ? MSR_DONE
			       : MSR_FORBIDDEN;
	case MSR_TSC:
		guest_tsc_set(cpu, value);
		return MSR_DONE;
	}
	if (!msr_position(msr, &bit)) {
		bool root = cpu->cell == &root_cell;
		u64 was;

		if (!msr_try(msr, root ? &value : &was, root))
			return MSR_FAULT;
		if (root)
			return MSR_DONE;
	}
	/* An operating system sets up what firmware has set up already: quietly, nothing happens. */
	return cell_is_pc(cpu->cell) ? MSR_DONE : MSR_FORBIDDEN;
}
