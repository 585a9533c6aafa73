/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest did that the core has to look at. The hot exits come first. */
#include <hv/arch/x86/emulate.h>
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

/* Lengths where the processor does not tell: the instructions without prefixes. */
#define LENGTH_CPUID 2
#define LENGTH_INVD 2
#define LENGTH_MSR 2
#define LENGTH_VMMCALL 3
#define LENGTH_XSETBV 3

#define DR6_SINGLE_STEP BIT(14)

/* What the processor does at the end of an instruction it executes itself (APM2 13.1.3, 13.1.4). */
static __noinline void end_instruction_debugged(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;

	vmcb->rflags &= ~X86_RFLAGS_RF;
	if (vmcb->rflags & X86_RFLAGS_TF) {
		vmcb->dr6 |= DR6_SINGLE_STEP;
		svm_dirty(cpu, CLEAN_DRX);
		svm_inject(cpu, EVENT_EXCEPTION | VECTOR_DB, 0);
	}
}

static inline void end_instruction(struct cpu *cpu)
{
	cpu->arch.vmcb->interrupt_shadow = 0;
	if (unlikely(cpu->arch.vmcb->rflags & (X86_RFLAGS_TF | X86_RFLAGS_RF)))
		end_instruction_debugged(cpu);
}

static inline void skip(struct cpu *cpu, u64 length)
{
	struct vmcb *vmcb = cpu->arch.vmcb;

	vmcb->rip = svm_has_nrips ? vmcb->next_rip : vmcb->rip + length;
	end_instruction(cpu);
}

static void inject_ud(struct cpu *cpu)
{
	svm_inject(cpu, EVENT_EXCEPTION | VECTOR_UD, 0);
}

static __noinline void exit_cpuid(struct cpu *cpu)
{
	cpu_count_exit(cpu, BH_COUNTER_CPUID);
	cpuid_emulate(cpu);
	skip(cpu, LENGTH_CPUID);
}

static __noinline void exit_hypercall(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	u64 *regs = cpu->arch.regs;
	u64 arg1 = regs[X86_RDI], arg2 = regs[X86_RSI];
	bool is_64bit = vmcb->efer & EFER_LMA && vmcb->cs.attributes & BIT(9);

	cpu_count_exit(cpu, BH_COUNTER_HYPERCALL);
	if (unlikely(!is_64bit)) {
		arg1 = (u32)arg1;
		arg2 = (u32)arg2;
	}
	if (unlikely(vmcb->cpl || vmcb->rflags & BIT(17)))
		regs[X86_RAX] = -BH_ERRNO_PERM;
	else if (unlikely(regs[X86_RAX] == BH_HC_DISABLE && cpu->cell == &root_cell)) {
		if (cell_count() == 1)
			launch_leave(cpu);
		regs[X86_RAX] = -BH_ERRNO_BUSY;
	} else
		regs[X86_RAX] = hypercall(cpu, regs[X86_RAX], arg1, arg2);
	skip(cpu, LENGTH_VMMCALL); /* afterwards: an event names the call itself */
}

static __noinline void exit_msr(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u32 msr = regs[X86_RCX];
	bool write = cpu->arch.vmcb->exit_info1;
	u64 value = (u32)regs[X86_RAX] | regs[X86_RDX] << 32;
	enum msr_result result;

	cpu_count_exit(cpu, msr == 0x830 ? BH_COUNTER_MSR_X2APIC_ICR : BH_COUNTER_MSR_OTHER);
	result = write ? msr_write(cpu, msr, value) : msr_read(cpu, msr, &value);
	if (unlikely(result == MSR_FAULT)) {
		svm_inject(cpu, EVENT_EXCEPTION | EVENT_ERROR_CODE | VECTOR_GP, 0);
		return;
	}
	if (unlikely(result == MSR_FORBIDDEN)) {
		struct violation v = {
			.kind = msr >= 0x800 && msr < 0x900 ? BH_KIND_IRQ : BH_KIND_MSR,
			.width = 8,
			.flags = write ? BH_EVENT_WRITE | BH_EVENT_VALUE : 0,
			.address = msr,
			.value = write ? value : 0,
		};

		if (!violation_ignored(cpu, &v))
			return;
		value = ~0ull;
	}
	if (!write) {
		regs[X86_RAX] = (u32)value;
		regs[X86_RDX] = value >> 32;
	}
	skip(cpu, LENGTH_MSR);
}

/* exit_info1: APM2 15.10.2 */
#define IO_IN BIT(0)
#define IO_STRING BIT(2)

static __noinline void exit_io(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	u64 info = vmcb->exit_info1;
	u16 port = info >> 16;
	u8 width = (info >> 4) & 7;
	u64 *rax = &cpu->arch.regs[X86_RAX];
	u32 value = *rax;
	bool write = !(info & IO_IN);

	cpu_count_exit(cpu, BH_COUNTER_PIO);
	if (unlikely(info & IO_STRING || !pio_access(cpu, port, width, write, &value))) {
		struct violation v = {
			.kind = BH_KIND_PIO,
			.width = width,
			.flags = write ? BH_EVENT_WRITE | BH_EVENT_VALUE : 0,
			.address = port,
			.value = write ? value : 0,
		};

		if (width < 4)
			v.value &= BIT(width * 8) - 1;
		if (!(info & IO_STRING))
			pio_name(cpu, port, &v);
		if (!violation_ignored(cpu, &v))
			return;
		value = ~0u;
	}
	if (!write) {
		if (width == 4)
			*rax = value;
		else if (width == 2)
			*rax = (*rax & ~0xffffull) | (u16)value;
		else
			*rax = (*rax & ~0xffull) | (u8)value;
	}
	vmcb->rip = vmcb->exit_info2; /* always given for I/O */
	end_instruction(cpu);
}

/* Carry out what was decoded, one access after the other. false: forbidden. */
static bool access_once(struct cpu *cpu, struct mmio_access *access)
{
	if ((access->address.v & PAGE_MASK) == APIC_PAGE && !apic_is_x2) {
		cpu_count_exit(cpu, BH_COUNTER_XAPIC);
		return apic_mmio(cpu, access);
	}
	cpu_count_exit(cpu, BH_COUNTER_MMIO);
	return mmio_handle(cpu, access);
}

static bool npf_violation(struct cpu *cpu, u8 kind, const struct mmio_access *access, u64 info)
{
	struct violation v = {
		.kind = kind,
		.width = access->width,
		.address = access->address.v,
		.value = access->write ? access->value : 0,
		.flags = (info & NPF_FETCH   ? BH_EVENT_FETCH
			  : access->write    ? BH_EVENT_WRITE
			  : info & NPF_WRITE ? BH_EVENT_WRITE
					     : 0) |
			 (access->write && access->width ? BH_EVENT_VALUE : 0),
		/* Nothing can be skipped whose length is unknown. */
		.final = cpu->cell != &root_cell &&
			 (kind == BH_KIND_INSTRUCTION || info & NPF_FETCH),
	};

	return violation_ignored(cpu, &v);
}

/*
 * The root reached for what it does not own, and that shall do no harm. Where it is RAM of the
 * core or a cell, further reads are answered by a page of zeros without coming here.
 */
static bool root_forgive(struct cpu *cpu, gpa_t address, bool write)
{
	struct table_entry entry = table_lookup(&root_cell.table, address);

	if (cpu->cell != &root_cell || entry.present || entry.owner == BH_OWNER_NOBODY ||
	    !machine_touches_ram(ALIGN_DOWN(address.v, PAGE_SIZE), PAGE_SIZE))
		return false;
	root_blank(address, write);
	arch_cpu_flush(cpu);
	return true;
}

/*
 * The same with an instruction that cannot be skipped, at a device of a cell: the page is answered from memory, too, where
 * a bus would answer with ones.
 */
static bool root_blind(struct cpu *cpu, gpa_t address, bool write)
{
	struct table_entry entry = table_lookup(&root_cell.table, address);

	if (cpu->cell != &root_cell || entry.present || entry.owner >= BH_CELLS_MAX)
		return false;
	root_blank(address, write);
	arch_cpu_flush(cpu);
	return true;
}

/* The memory side of an instruction. false: the CPU was stopped, or the access is to be made again. */
static bool access_carry_out(struct cpu *cpu, const struct x86_insn *insn,
			     struct mmio_access *access, u64 *in)
{
	u64 info = cpu->arch.vmcb->exit_info1;

	access->width = insn->width;
	if (insn->access & X86_READ) {
		if (!access_once(cpu, access)) {
			if (!npf_violation(cpu, access->kind, access, info) ||
			    root_forgive(cpu, access->address, false))
				return false;
			access->value = x86_mask(insn->width);
		}
		*in = access->value;
	}
	if (insn->access & X86_WRITE) {
		access->write = true;
		access->value = x86_output(insn, (struct x86_regs *)cpu->arch.regs, *in);
		if (!access_once(cpu, access) && !npf_violation(cpu, access->kind, access, info))
			return false;
	}
	return true;
}

/*
 * One side of MOVS, wherever it lies: the processor tells of one address, but both may need the core.
 * false: the guest was given a fault, the CPU was stopped, or the access is to be made again.
 */
static bool string_access(struct cpu *cpu, gva_t address, struct mmio_access *access)
{
	struct table_entry entry;
	paddr_t phys;
	u32 code;

	/* Across two pages: bytes, as memory does not mind. Trapped regions take what widths they take. */
	if (unlikely((address.v & (PAGE_SIZE - 1)) + access->width > PAGE_SIZE)) {
		struct mmio_access part = {.width = 1, .write = access->write};
		u64 value = 0;

		for (u8 i = 0; i < access->width; i++) {
			part.kind = BH_KIND_MEMORY;
			part.value = access->value >> 8 * i & 0xff;
			if (!string_access(cpu, GVA(address.v + i), &part))
				return false;
			value |= part.value << 8 * i;
		}
		access->value = value;
		return true;
	}
	if (!guest_data(cpu, address, access->write, &access->address, &code)) {
		cpu->arch.vmcb->cr2 = address.v;
		svm_dirty(cpu, CLEAN_CR2);
		svm_inject(cpu, EVENT_EXCEPTION | EVENT_ERROR_CODE | VECTOR_PF, code);
		return false;
	}
	entry = table_lookup(&cpu->cell->table, access->address);
	if (entry.present && entry.flags & (access->write ? TABLE_WRITE : TABLE_READ) &&
	    table_translate(&cpu->cell->table, access->address, &phys)) {
		if (access->write)
			mmio_write(phys, access->width, access->value);
		else
			access->value = mmio_read(phys, access->width);
		return true;
	}
	if (access_once(cpu, access))
		return true;
	if (!npf_violation(cpu, access->kind, access, access->write ? NPF_WRITE : 0) ||
	    root_forgive(cpu, access->address, access->write))
		return false;
	if (!access->write)
		access->value = x86_mask(access->width);
	return true;
}

/* One element of MOVS. The destination is looked at first: a device is not read for nothing. */
static bool string_carry_out(struct cpu *cpu, const struct x86_insn *insn)
{
	const struct x86_regs *regs = (struct x86_regs *)cpu->arch.regs;
	gva_t from = insn_linear(cpu, insn->segment, x86_address(insn, regs));
	gva_t to = insn_linear(cpu, X86_ES, x86_destination(insn, regs));
	struct mmio_access access = {.width = insn->width, .kind = BH_KIND_MEMORY};
	gva_t last = GVA(to.v + insn->width - 1);
	gpa_t at;
	u32 code;

	if (!guest_data(cpu, to, true, &at, &code) || !guest_data(cpu, last, true, &at, &code)) {
		access.write = true;
		return string_access(cpu, to, &access); /* raises the fault */
	}
	if (!string_access(cpu, from, &access))
		return false;
	access.kind = BH_KIND_MEMORY;
	access.write = true;
	return string_access(cpu, to, &access);
}

/*
 * Part of the operand lies in another page, which may be anywhere: such an access is not carried out. The
 * processor tells of the first byte in the trapped page, so its end or its start is where to look.
 */
static bool crosses_page(const struct cpu *cpu, const struct x86_insn *insn, gpa_t address)
{
	u32 offset = address.v & (PAGE_SIZE - 1);
	u64 start;

	if (likely(offset && offset + insn->width <= PAGE_SIZE))
		return false;
	if (offset)
		return true;
	start = insn_linear(cpu, insn->segment,
			    x86_address(insn, (struct x86_regs *)cpu->arch.regs))
			.v;
	return start & (PAGE_SIZE - 1);
}

static __noinline void exit_npf(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	struct x86_regs *regs = (struct x86_regs *)cpu->arch.regs;
	u64 info = vmcb->exit_info1;
	struct mmio_access access = {.address = GPA(vmcb->exit_info2), .kind = BH_KIND_MEMORY};
	const struct x86_insn *insn = info & NPF_FETCH ? NULL : insn_fetch(cpu);
	bool modifies, done;
	u64 in = 0;

	regs->r[X86_RSP] = vmcb->rsp;
	regs->rip = vmcb->rip;
	regs->rflags = vmcb->rflags;
	if (unlikely(!insn || (insn->op != X86_MOVS && crosses_page(cpu, insn, access.address)))) {
		if (npf_violation(cpu, info & NPF_FETCH ? BH_KIND_MEMORY : BH_KIND_INSTRUCTION,
				  &access, info) &&
		    !root_forgive(cpu, access.address, info & NPF_WRITE) &&
		    !root_blind(cpu, access.address, info & NPF_WRITE))
			cpu_fail(cpu);
		return;
	}
	modifies = insn->access == (X86_READ | X86_WRITE);
	if (unlikely(modifies))
		spin_lock(&cpu->cell->access_lock);
	done = unlikely(insn->op == X86_MOVS) ? string_carry_out(cpu, insn)
					      : access_carry_out(cpu, insn, &access, &in);
	if (unlikely(modifies))
		spin_unlock(&cpu->cell->access_lock);
	if (!done)
		return;
	if (!x86_complete(insn, regs, in)) {
		svm_inject(cpu, EVENT_EXCEPTION | VECTOR_DE, 0);
		return;
	}
	vmcb->rip = regs->rip;
	vmcb->rsp = regs->r[X86_RSP];
	vmcb->rflags = regs->rflags;
	end_instruction(cpu);
}

static void exit_cpu_violation(struct cpu *cpu, u32 what, u64 value)
{
	/* In the root nothing but its own death stops it: it sees what a CPU without SVM does. */
	if (cpu->cell == &root_cell && what != BH_CPU_TRIPLE_FAULT && what != BH_CPU_UNKNOWN_EXIT) {
		inject_ud(cpu);
		return;
	}
	violation_ignored(
		cpu, &(struct violation){.kind = BH_KIND_CPU, .address = what, .value = value});
}

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_MPX (3u << 3)
#define XCR0_AVX512 (7u << 5)
#define XCR0_AMX (3u << 17)

/* What XSETBV takes without #GP, which would be the core's (APM2 11.5.2; SDM Vol. 1 13.3). */
static bool xcr0_is_valid(u64 value)
{
	static const u32 together[] = {XCR0_MPX, XCR0_AVX512, XCR0_AMX};
	u32 a, b, c, d;

	cpuid(13, 0, &a, &b, &c, &d);
	if (!(value & XCR0_X87) || value & ~((u64)d << 32 | a))
		return false;
	if ((value & XCR0_AVX && !(value & XCR0_SSE)) ||
	    (value & XCR0_AVX512 && !(value & XCR0_AVX)))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(together); i++)
		if (value & together[i] && (value & together[i]) != together[i])
			return false;
	return true;
}

static void exit_xsetbv(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u64 value = (u32)regs[X86_RAX] | regs[X86_RDX] << 32;

	cpu_count_exit(cpu, BH_COUNTER_XSETBV);
	/* Emulators ask before they look at the privilege. */
	if (cpu->arch.vmcb->cpl) {
		svm_inject(cpu, EVENT_EXCEPTION | EVENT_ERROR_CODE | VECTOR_GP, 0);
		return;
	}
	if ((u32)regs[X86_RCX] || !xcr0_is_valid(value)) {
		exit_cpu_violation(cpu, BH_CPU_XSETBV, value);
		return;
	}
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
	skip(cpu, LENGTH_XSETBV);
}

/* An NMI waits for us: take it through the core's own IDT, then see who sent it. */
static __noinline void exit_nmi(struct cpu *cpu)
{
	__asm__ volatile("stgi; nop; clgi" ::: "memory");
	cpu_count_exit(cpu, BH_COUNTER_MANAGEMENT);
	if (!__atomic_exchange_n(&cpu->arch.kicked, 0, __ATOMIC_ACQ_REL) &&
	    cpu->mode == CPU_RUNNING && cpu->cell == &root_cell)
		arch_cpu_nmi(cpu);
}

/* The guest's NMI handler is about to return: see arch_cpu_nmi(). */
static void exit_iret(struct cpu *cpu)
{
	cpu->arch.nmi_blocked = false;
	cpu->arch.vmcb->intercept_misc1 &= ~MISC1_IRET;
	svm_dirty(cpu, CLEAN_INTERCEPTS);
	if (cpu->arch.nmi_waiting) {
		/* Nested right before the IRET, which Linux' handler is made for. */
		cpu->arch.nmi_waiting = false;
		arch_cpu_nmi(cpu);
	}
}

static void exit_exception(struct cpu *cpu, u32 vector)
{
	cpu_count_exit(cpu, BH_COUNTER_EXCEPTION);
	if (vector == VECTOR_MC)
		exit_cpu_violation(cpu, BH_CPU_MACHINE_CHECK, 0);
	else if (vector == VECTOR_AC)
		svm_inject(cpu, EVENT_EXCEPTION | EVENT_ERROR_CODE | vector,
			   cpu->arch.vmcb->exit_info1);
	else
		svm_inject(cpu, EVENT_EXCEPTION | vector, 0);
}

static __noinline void exit_rare(struct cpu *cpu, u64 code)
{
	switch (code) {
	case EXIT_IRET:
		exit_iret(cpu);
		break;
	case EXIT_XSETBV:
		exit_xsetbv(cpu);
		break;
	case EXIT_INVD: /* caches are everybody's: what is in them is written back first */
		__asm__ volatile("wbinvd" ::: "memory");
		skip(cpu, LENGTH_INVD);
		break;
	case EXIT_SHUTDOWN:
		exit_cpu_violation(cpu, BH_CPU_TRIPLE_FAULT, 0);
		break;
	case EXIT_INIT: /* stays pending until GIF; INITs are never sent by the core */
		break;
	case EXIT_INVLPGA:
	case EXIT_VMRUN:
	case EXIT_VMMCALL + 1 ... EXIT_SKINIT:
		exit_cpu_violation(cpu, BH_CPU_VIRT_INSTRUCTION, code);
		break;
	default:
		if (code >= EXIT_EXCEPTION && code < EXIT_EXCEPTION + 32)
			exit_exception(cpu, code - EXIT_EXCEPTION);
		else
			exit_cpu_violation(cpu, BH_CPU_UNKNOWN_EXIT, code);
	}
}

/*
 * Every exit passes here, so this is kept to what all need. The handlers are called last and not
 * inlined: then this function saves no registers, and each handler only those it uses.
 */
void svm_exit(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	u64 code = vmcb->exit_code;

	vmcb->clean = CLEAN_ALL;
	vmcb->tlb_control = 0;
	/* An event the exit interrupted half-way is delivered again (APM2 15.7.2); mostly there is none. */
	vmcb->event_injection = vmcb->exit_interrupt_info;
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);

	if (code == EXIT_MSR)
		exit_msr(cpu);
	else if (code == EXIT_CPUID)
		exit_cpuid(cpu);
	else if (code == EXIT_NPF)
		exit_npf(cpu);
	else if (code == EXIT_IOIO)
		exit_io(cpu);
	else if (code == EXIT_VMMCALL)
		exit_hypercall(cpu);
	else if (code == EXIT_NMI)
		exit_nmi(cpu);
	else
		exit_rare(cpu, code);
}
