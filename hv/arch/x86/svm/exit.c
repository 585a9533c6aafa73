/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest did that the core has to look at. The hot exits come first. */
#include <hv/arch/x86/emulate.h>
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

/* Lengths where the processor does not tell: the instructions without prefixes. */
#define LENGTH_CPUID 2
#define LENGTH_MSR 2
#define LENGTH_VMMCALL 3
#define LENGTH_XSETBV 3

static inline void skip(struct cpu *cpu, u64 length)
{
	struct vmcb *vmcb = cpu->arch.vmcb;

	vmcb->rip = svm_has_nrips ? vmcb->next_rip : vmcb->rip + length;
	vmcb->interrupt_shadow = 0;
}

static void inject_ud(struct cpu *cpu)
{
	svm_inject(cpu, EVENT_EXCEPTION | VECTOR_UD, 0);
}

static inline void exit_cpuid(struct cpu *cpu)
{
	cpu_count_exit(cpu, BH_COUNTER_CPUID);
	cpuid_emulate(cpu);
	skip(cpu, LENGTH_CPUID);
}

static inline void exit_hypercall(struct cpu *cpu)
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

static inline void exit_msr(struct cpu *cpu)
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

static inline void exit_io(struct cpu *cpu)
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
	vmcb->interrupt_shadow = 0;
}

/* Carry out what was decoded, one access after the other. false: forbidden. */
static bool access_once(struct cpu *cpu, struct mmio_access *access)
{
	if ((access->address.v & PAGE_MASK) == MACHINE_APIC_BASE && !apic_is_x2) {
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

static void exit_npf(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	struct x86_regs *regs = (struct x86_regs *)cpu->arch.regs;
	u64 info = vmcb->exit_info1;
	struct mmio_access access = {.address = GPA(vmcb->exit_info2), .kind = BH_KIND_MEMORY};
	const struct x86_insn *insn = info & NPF_FETCH ? NULL : insn_fetch(cpu);
	bool modifies, done;
	u64 in = 0;

	/* MOVS has two sides in memory; where one is trapped the guest has to use something else. */
	if (unlikely(!insn || insn->op == X86_MOVS)) {
		if (npf_violation(cpu, info & NPF_FETCH ? BH_KIND_MEMORY : BH_KIND_INSTRUCTION,
				  &access, info) &&
		    !root_forgive(cpu, access.address, info & NPF_WRITE))
			cpu_fail(cpu); /* nothing can be skipped whose length is unknown */
		return;
	}
	regs->r[X86_RSP] = vmcb->rsp;
	regs->rip = vmcb->rip;
	regs->rflags = vmcb->rflags;
	modifies = insn->access == (X86_READ | X86_WRITE);
	if (unlikely(modifies))
		spin_lock(&cpu->cell->access_lock);
	done = access_carry_out(cpu, insn, &access, &in);
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
	vmcb->interrupt_shadow = 0;
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

static void exit_xsetbv(struct cpu *cpu)
{
	u64 *regs = cpu->arch.regs;
	u64 value = (u32)regs[X86_RAX] | regs[X86_RDX] << 32;
	u32 a, b, c, d;

	cpu_count_exit(cpu, BH_COUNTER_XSETBV);
	cpuid(13, 0, &a, &b, &c, &d);
	if ((u32)regs[X86_RCX] || !(value & 1) || value & ~((u64)d << 32 | a) ||
	    ((value & 4) && !(value & 2))) {
		exit_cpu_violation(cpu, BH_CPU_XSETBV, value);
		return;
	}
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
	skip(cpu, LENGTH_XSETBV);
}

/* An NMI waits for us: take it through the core's own IDT, then see who sent it. */
static void exit_nmi(struct cpu *cpu)
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

static __attribute__((noinline)) void exit_rare(struct cpu *cpu, u64 code)
{
	switch (code) {
	case EXIT_IRET:
		exit_iret(cpu);
		break;
	case EXIT_XSETBV:
		exit_xsetbv(cpu);
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

void svm_exit(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	u64 code = vmcb->exit_code;

	vmcb->clean = CLEAN_ALL;
	vmcb->tlb_control = 0;
	vmcb->event_injection = 0;
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	/* An event the exit interrupted half-way is delivered again (APM2 15.7.2). */
	if (unlikely(vmcb->exit_interrupt_info & EVENT_VALID))
		vmcb->event_injection = vmcb->exit_interrupt_info;

	if (code == EXIT_MSR)
		exit_msr(cpu);
	else if (code == EXIT_NPF)
		exit_npf(cpu);
	else if (code == EXIT_CPUID)
		exit_cpuid(cpu);
	else if (code == EXIT_VMMCALL)
		exit_hypercall(cpu);
	else if (code == EXIT_IOIO)
		exit_io(cpu);
	else if (code == EXIT_NMI)
		exit_nmi(cpu);
	else
		exit_rare(cpu, code);

	if (unlikely(cpu_has_requests(cpu)))
		cpu_service(cpu);
}
