/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bulkhead/hypercall.h>
#include <hv/arch/x86/x86.h>

#define LEAF1_ECX_VMX BIT(5)
#define LEAF1_ECX_HYPERVISOR BIT(31)
#define LEAF_AMD_FEATURES 0x80000001
#define AMD_FEATURES_ECX_SVM BIT(2)

static void answer(u64 *regs, u32 a, u32 b, u32 c, u32 d)
{
	regs[X86_RAX] = a;
	regs[X86_RBX] = b;
	regs[X86_RCX] = c;
	regs[X86_RDX] = d;
}

void cpuid_emulate(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u32 leaf = regs[X86_RAX], a, b, c, d;

	switch (leaf) {
	case BH_CPUID_SIGNATURE:
		answer(regs, BH_CPUID_FEATURES, 0x6c69614a, 0x73756f68, 0x00000065);
		return;
	case BH_CPUID_FEATURES:
		answer(regs, 0, 0, 0, 0);
		return;
	case BH_CPUID_EXTENSION: /* "Bulkhead" */
		answer(regs, BH_CPUID_EXT_VERSION, 0x6b6c7542, 0x64616568, 0);
		return;
	case BH_CPUID_EXT_VERSION:
		answer(regs, BH_VERSION_NUMBER, BH_HC_EXTENSION, cpu->cell->id, 0);
		return;
	}
	cpuid(leaf, regs[X86_RCX], &a, &b, &c, &d);
	if (leaf == 1) {
		c &= ~X86_ECX_OSXSAVE;
		if (guest_cr4(cpu) & X86_CR4_OSXSAVE)
			c |= X86_ECX_OSXSAVE;
		if (cpu->cell != &root_cell)
			c = (c & ~LEAF1_ECX_VMX) | LEAF1_ECX_HYPERVISOR;
	} else if (leaf == LEAF_AMD_FEATURES && cpu->cell != &root_cell) {
		c &= ~AMD_FEATURES_ECX_SVM;
	}
	answer(regs, a, b, c, d);
}
