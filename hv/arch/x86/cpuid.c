/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bulkhead/hypercall.h>
#include <hv/arch/x86/x86.h>
#include <hv/core/machine.h>

#define LEAF_FEATURES 1 /* and 0x80000001 */
#define LEAF_EXTENDED BIT(31)
#define FEATURES_ECX_VMX BIT(5)
#define FEATURES_ECX_HYPERVISOR BIT(31)
#define FEATURES_AMD_ECX_SVM BIT(2)

static inline void answer(u64 *regs, u64 a, u64 b, u64 c, u64 d)
{
	regs[X86_RAX] = a;
	regs[X86_RBX] = b;
	regs[X86_RCX] = c;
	regs[X86_RDX] = d;
}

/* What tells a guest of the hypervisor. */
static bool cpuid_own(struct cpu *cpu, u32 leaf)
{
	u64 *regs = cpu->arch.regs;

	switch (leaf) {
	case BH_CPUID_SIGNATURE:
		answer(regs, BH_CPUID_FEATURES, 0x6c69614a, 0x73756f68, 0x00000065);
		return true;
	case BH_CPUID_FEATURES:
		answer(regs, 0, 0, 0, 0);
		return true;
	case BH_CPUID_EXTENSION: /* "Bulkhead" */
		answer(regs, BH_CPUID_EXT_VERSION, 0x6b6c7542, 0x64616568, 0);
		return true;
	case BH_CPUID_EXT_VERSION:
		answer(regs, BH_VERSION_NUMBER, BH_HC_EXTENSION, cpu->cell->id,
		       machine.mmconfig_base ? machine.mmconfig_end_bus + 1 : 0);
		return true;
	}
	return false;
}

/* The features a guest shall see: OSXSAVE follows its own CR4, and cells are told of the hypervisor. */
static u32 cpuid_features(struct cpu *cpu, u32 leaf, u32 c)
{
	bool root = cpu->cell == &root_cell;

	if (leaf & LEAF_EXTENDED)
		return root ? c : c & ~FEATURES_AMD_ECX_SVM;
	c &= ~X86_ECX_OSXSAVE;
	if (guest_cr4(cpu) & X86_CR4_OSXSAVE)
		c |= X86_ECX_OSXSAVE;
	return root ? c : (c & ~FEATURES_ECX_VMX) | FEATURES_ECX_HYPERVISOR;
}

void cpuid_emulate(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u32 leaf = regs[X86_RAX];
	u64 a = leaf, b, c = (u32)regs[X86_RCX], d;

	if (unlikely(leaf - BH_CPUID_SIGNATURE <= BH_CPUID_EXT_VERSION - BH_CPUID_SIGNATURE) &&
	    cpuid_own(cpu, leaf))
		return;
	/* 32-bit results clear the upper halves of the registers, as the instruction does. */
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (unlikely((leaf & ~LEAF_EXTENDED) == LEAF_FEATURES))
		c = cpuid_features(cpu, leaf, c);
	answer(regs, a, b, c, d);
}
