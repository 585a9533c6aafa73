/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetching the instruction a guest is at: its page tables are walked by software, with its own rights. */
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/string.h>

#define GUEST_PRESENT BIT(0)
#define GUEST_WRITABLE BIT(1)
#define GUEST_USER BIT(2)
#define GUEST_ACCESSED BIT(5)
#define GUEST_DIRTY BIT(6)
#define GUEST_LARGE BIT(7)

#define FAULT_PRESENT BIT(0)
#define FAULT_WRITE BIT(1)
#define FAULT_USER BIT(2)

static enum x86_mode guest_mode(const struct vmcb *vmcb)
{
	if (vmcb->efer & EFER_LMA && vmcb->cs.attributes & BIT(9))
		return X86_MODE_64;
	return vmcb->cs.attributes & BIT(10) ? X86_MODE_32 : X86_MODE_16;
}

/* A guest page-table entry in the direct map, or NULL if it is nowhere the guest may read. */
static const u64 *guest_entry(const struct cpu *cpu, u64 table, u64 index, u32 size)
{
	paddr_t at;

	if (!table_translate(&cpu->cell->table, GPA(table + index * size), &at))
		return NULL;
	return phys_to_virt(at);
}

struct walk {
	const u64 *leaf;
	u64 leaf_value;
	gpa_t leaf_at; /* the last entry itself */
	u64 rights; /* GUEST_WRITABLE and GUEST_USER as far as all levels have them */
	u64 address; /* guest-physical */
};

static bool walk_32bit(const struct cpu *cpu, u32 va, struct walk *walk)
{
	u64 table = cpu->arch.vmcb->cr3 & 0xfffff000;

	for (int level = 1; level >= 0; level--) {
		u64 index = (va >> (12 + 10 * level)) & 1023;
		const u64 *at = guest_entry(cpu, table, index, 4);
		u32 entry;

		if (!at)
			return false;
		entry = *(const volatile u32 *)at;
		if (!(entry & GUEST_PRESENT))
			return false;
		walk->rights &= entry;
		walk->leaf_at = GPA(table + index * 4);
		/* Compared as the aligned pair it lies in: entries of 32 bits come in twos. */
		walk->leaf = (const u64 *)((uintptr_t)at & ~7ull);
		walk->leaf_value = READ_ONCE(*walk->leaf);
		if (level && entry & GUEST_LARGE && cpu->arch.vmcb->cr4 & X86_CR4_PSE) {
			walk->address = (entry & 0xffc00000) | (va & 0x3fffff);
			walk->address |= (u64)(entry >> 13 & 0xff) << 32;
			return true;
		}
		table = entry & 0xfffff000;
	}
	walk->address = table | (va & 0xfff);
	return true;
}

static bool walk_64bit(const struct cpu *cpu, u64 va, u32 levels, struct walk *walk)
{
	u64 table = cpu->arch.vmcb->cr3 & (levels == 3 ? 0xffffffe0 : (BIT(52) - BIT(12)));

	for (int level = levels - 1; level >= 0; level--) {
		u32 shift = 12 + 9 * level;
		u64 index = (va >> shift) & (levels == 3 && level == 2 ? 3 : 511);
		const u64 *at = guest_entry(cpu, table, index, 8);
		u64 entry;

		if (!at)
			return false;
		entry = READ_ONCE(*at);
		if (!(entry & GUEST_PRESENT))
			return false;
		/* PAE's top level has no rights of its own. */
		if (levels != 3 || level != 2)
			walk->rights &= entry;
		walk->leaf = at;
		walk->leaf_value = entry;
		walk->leaf_at = GPA(table + index * 8);
		table = entry & (BIT(52) - BIT(12));
		if (level && entry & GUEST_LARGE && level < 3) {
			u64 offset = BIT(shift) - 1;

			walk->address = (table & ~offset) | (va & offset);
			return true;
		}
	}
	walk->address = table | (va & 0xfff);
	return true;
}

static bool guest_walk(const struct cpu *cpu, u64 va, struct walk *walk)
{
	const struct vmcb *vmcb = cpu->arch.vmcb;

	*walk = (struct walk){.address = va, .rights = GUEST_WRITABLE | GUEST_USER};
	if (!(vmcb->cr0 & X86_CR0_PG))
		return true;
	if (vmcb->efer & EFER_LMA)
		return walk_64bit(cpu, va, vmcb->cr4 & X86_CR4_LA57 ? 5 : 4, walk);
	if (vmcb->cr4 & X86_CR4_PAE)
		return walk_64bit(cpu, va, 3, walk);
	return walk_32bit(cpu, va, walk);
}

gva_t insn_linear(const struct cpu *cpu, u8 segment, u64 offset)
{
	const struct vmcb *vmcb = cpu->arch.vmcb;
	const u64 bases[] = {vmcb->es.base, vmcb->cs.base, vmcb->ss.base, vmcb->ds.base};
	bool is_64bit = guest_mode(vmcb) == X86_MODE_64;
	u64 base = 0;

	/* FS and GS are never saved in the VMCB: the core does not use them. */
	if (segment == X86_FS)
		base = rdmsr(MSR_FS_BASE);
	else if (segment == X86_GS)
		base = rdmsr(MSR_GS_BASE);
	else if (!is_64bit)
		base = bases[segment];
	return GVA(is_64bit ? base + offset : (u32)(base + offset));
}

bool guest_data(const struct cpu *cpu, gva_t address, bool write, gpa_t *at, u32 *code)
{
	const struct vmcb *vmcb = cpu->arch.vmcb;
	bool user = vmcb->cpl == 3;
	u64 marks = GUEST_ACCESSED | (write ? GUEST_DIRTY : 0);
	struct walk walk;
	paddr_t entry;

	*code = (write ? FAULT_WRITE : 0) | (user ? FAULT_USER : 0);
	if (!guest_walk(cpu, address.v, &walk))
		return false;
	if ((user && !(walk.rights & GUEST_USER)) ||
	    (write && !(walk.rights & GUEST_WRITABLE) && (user || vmcb->cr0 & X86_CR0_WP))) {
		*code |= FAULT_PRESENT;
		return false;
	}
	*at = GPA(walk.address);
	if (walk.leaf && (walk.leaf_value & marks) != marks &&
	    table_lookup(&cpu->cell->table, walk.leaf_at).flags & TABLE_WRITE &&
	    table_translate(&cpu->cell->table, walk.leaf_at, &entry))
		__atomic_or_fetch((u8 *)phys_to_virt(entry), marks, __ATOMIC_RELAXED);
	return true;
}

static u64 guest_ip(const struct vmcb *vmcb)
{
	if (guest_mode(vmcb) == X86_MODE_64)
		return vmcb->rip;
	return (u32)(vmcb->cs.base + vmcb->rip);
}

/* Bytes from @va to the end of its page, at most @size; where they lie if there are any. */
static u32 guest_code(const struct cpu *cpu, u64 va, u32 size, struct walk *walk, const u8 **bytes)
{
	paddr_t at;

	if (!guest_walk(cpu, va, walk) ||
	    !table_translate(&cpu->cell->table, GPA(walk->address), &at))
		return 0;
	*bytes = phys_to_virt(at);
	return MIN((u64)size, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
}

u32 insn_bytes(const struct cpu *cpu, u8 *to, u32 size)
{
	u64 ip = guest_ip(cpu->arch.vmcb);
	u32 have = 0;

	if (cpu->mode != CPU_RUNNING)
		return 0;
	/* At most two pages. */
	for (int page = 0; page < 2 && have < size; page++) {
		const u8 *bytes;
		struct walk walk;
		u32 n = guest_code(cpu, ip + have, size - have, &walk, &bytes);

		if (!n)
			break;
		memcpy(to + have, bytes, n);
		have += n;
	}
	return have;
}

static inline bool cache_hits(const struct cpu *cpu, const struct insn_cache *cache)
{
	const struct vmcb *vmcb = cpu->arch.vmcb;

	return cache->bytes && cache->rip == vmcb->rip && cache->cr3 == vmcb->cr3 &&
	       cache->cr0 == vmcb->cr0 && cache->cs_attributes == vmcb->cs.attributes &&
	       (!cache->leaf || READ_ONCE(*cache->leaf) == cache->leaf_value) &&
	       x86_insn_matches(&cache->insn, cache->bytes, cache->avail);
}

const struct x86_insn *insn_fetch(struct cpu *cpu)
{
	struct insn_cache *cache = &cpu->arch.insn;
	struct vmcb *vmcb = cpu->arch.vmcb;
	u8 copy[X86_INSN_MAX + 1];
	const u8 *bytes = NULL;
	struct walk walk;
	u32 have;

	if (likely(cache_hits(cpu, cache)))
		return &cache->insn;
	cache->bytes = NULL;
	if (svm_has_decode_assists && (vmcb->insn_length & 15)) {
		have = vmcb->insn_length & 15;
		return x86_decode(&cache->insn, vmcb->insn_bytes, have, guest_mode(vmcb))
			       ? NULL
			       : &cache->insn;
	}
	have = insn_bytes(cpu, copy, X86_INSN_MAX);
	if (x86_decode(&cache->insn, copy, have, guest_mode(vmcb)))
		return NULL;
	/* Remembered if it lies in one page with room for the comparison's full width. */
	if (guest_code(cpu, guest_ip(vmcb), X86_INSN_MAX + 1, &walk, &bytes) == X86_INSN_MAX + 1) {
		cache->rip = vmcb->rip;
		cache->cr3 = vmcb->cr3;
		cache->cr0 = vmcb->cr0;
		cache->cs_attributes = vmcb->cs.attributes;
		cache->leaf = walk.leaf;
		cache->leaf_value = walk.leaf_value;
		cache->avail = X86_INSN_MAX + 1;
		cache->bytes = bytes;
	}
	return &cache->insn;
}
