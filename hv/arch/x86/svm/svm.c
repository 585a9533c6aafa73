/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/table.h>

#define VM_CR_SVMDIS BIT(4)
#define SVM_EDX_NRIPS BIT(3)
#define SVM_EDX_FLUSH_BY_ASID BIT(6)
#define SVM_EDX_DECODE_ASSISTS BIT(7)

/* Segment attributes as the VMCB has them: G D/B L AVL P DPL S type. */
#define ATTR_DATA_16 0x093
#define ATTR_CODE_16 0x09b
#define ATTR_LDT 0x082
#define ATTR_TSS_32_BUSY 0x08b

/* A CPU runs one guest at a time and forgets its translations when that changes: one id is enough. */
#define GUEST_ASID 1

bool svm_has_nrips, svm_has_decode_assists, svm_has_flush_by_asid;

/*
 * Where a stopped or waiting CPU is: a guest world with one page of code. HLT with interrupts off;
 * only our NMI ends it.
 */
static struct table park_table;
static struct page_reserve park_reserve;

static const u8 park_code[] = {0xf4, 0xeb, 0xfd}; /* 1: hlt; jmp 1b */

bool svm_check(u32 cpu, struct bh_error *error)
{
	u32 a, b, c, d;

	cpuid(0x80000001, 0, &a, &b, &c, &d);
	if (!(c & BIT(2)))
		return error_set(error, BH_E_CPU_FEATURE, .index = cpu, .value = BH_FEATURE_SVM);
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return error_set(error, BH_E_CPU_FIRMWARE_LOCK, .index = cpu);
	cpuid(0x8000000a, 0, &a, &b, &c, &d);
	if (!(d & BIT(0)))
		return error_set(error, BH_E_CPU_FEATURE, .index = cpu,
				 .value = BH_FEATURE_NESTED_PAGING);
	if (b <= GUEST_ASID)
		return error_set(error, BH_E_CPU_FEATURE, .index = cpu, .value = BH_FEATURE_ASIDS);
	return true;
}

void svm_init(void)
{
	u32 a, b, c, d;
	void *code;

	cpuid(0x8000000a, 0, &a, &b, &c, &d);
	svm_has_nrips = d & SVM_EDX_NRIPS;
	svm_has_flush_by_asid = d & SVM_EDX_FLUSH_BY_ASID;
	svm_has_decode_assists = d & SVM_EDX_DECODE_ASSISTS;
	log_print(
		"AMD-V: uses nested paging%s%s%s; the APIC is in %s mode\n",
		svm_has_nrips ? ", NRIP save" : "", svm_has_flush_by_asid ? ", flush by ASID" : "",
		svm_has_decode_assists ? ", decode assists" : "", apic_is_x2 ? "x2APIC" : "xAPIC");

	reserve_fill(&park_reserve, 4);
	table_init(&park_table, BIT(30), &park_reserve);
	code = reserve_take(&park_reserve);
	memcpy(code, park_code, sizeof(park_code));
	table_map(&park_table, GPA(0), virt_to_phys(code), PAGE_SIZE, TABLE_READ | TABLE_EXECUTE);
}

/* Point the CPU at its cell: table, bitmaps, intercepts. */
static void vmcb_enter_cell(struct cpu *cpu, const struct table *table)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	const struct cell *cell = cpu->cell;
	bool root = cell == &root_cell;

	vmcb->intercept_exceptions = BIT(VECTOR_DB) | BIT(VECTOR_AC) | (root ? 0 : BIT(VECTOR_MC));
	vmcb->intercept_misc1 = MISC1_NMI | MISC1_INIT | MISC1_CPUID | MISC1_INVD | MISC1_INVLPGA |
				MISC1_IOIO | MISC1_MSR | MISC1_SHUTDOWN;
	vmcb->intercept_misc2 = MISC2_VMRUN | MISC2_VMMCALL | MISC2_VMLOAD | MISC2_VMSAVE |
				MISC2_STGI | MISC2_CLGI | MISC2_SKINIT | (root ? 0 : MISC2_XSETBV);
	vmcb->iopm_base = virt_to_phys(cell->arch.iopm).v;
	vmcb->msrpm_base = virt_to_phys(cell->arch.msrpm).v;
	vmcb->nested_control = 1;
	vmcb->nested_cr3 = virt_to_phys(table->root).v;
	vmcb->asid = GUEST_ASID;
	vmcb->clean = 0;
	cpu->arch.nmi_blocked = cpu->arch.nmi_waiting = false;
	cpu->arch.insn.leaf = NULL;
	cpu->arch.insn.bytes = NULL;
	arch_cpu_flush(cpu);
}

void svm_init_cpu(struct cpu *cpu, const struct bh_linux_state *state)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	u64 value;
	u32 a, b, c, d;

	/*
	 * The core executes XSETBV for cells and clears what XCR0 governs, whether Linux uses it or not
	 * (noxsave). Linux' own CR4 is in the VMCB.
	 */
	cpuid(1, 0, &a, &b, &c, &d);
	if (c & X86_ECX_XSAVE) {
		__asm__ volatile("mov %%cr4, %0" : "=r"(value));
		__asm__ volatile("mov %0, %%cr4" : : "r"(value | X86_CR4_OSXSAVE));
	}
	wrmsr(MSR_VM_HSAVE_PA, virt_to_phys(vmcb).v + PAGE_SIZE); /* the area's next page */
	/* FS, GS, TR, LDTR and the MSRs that go with them, as the hardware has them. */
	__asm__ volatile("vmsave %0" : : "a"(virt_to_phys(vmcb).v) : "memory");
	vmcb_enter_cell(cpu, &root_cell.table);

	vmcb->cs = (struct vmcb_segment){state->cs, state->cs_attr, 0xffffffff, 0};
	vmcb->ss = (struct vmcb_segment){state->ss, state->ss_attr, 0xffffffff, 0};
	vmcb->ds = (struct vmcb_segment){state->ds, state->ds_attr, 0xffffffff, 0};
	vmcb->es = (struct vmcb_segment){state->es, state->es_attr, 0xffffffff, 0};
	vmcb->gdtr = (struct vmcb_segment){.limit = state->gdt_limit, .base = state->gdt_base};
	vmcb->idtr = (struct vmcb_segment){.limit = state->idt_limit, .base = state->idt_base};
	vmcb->efer = state->efer | EFER_SVME;
	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	vmcb->cr0 = value;
	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	vmcb->cr2 = value;
	vmcb->cr3 = state->cr3;
	vmcb->cr4 = state->cr4;
	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	vmcb->dr6 = value;
	__asm__ volatile("mov %%dr7, %0" : "=r"(value));
	vmcb->dr7 = value;
	vmcb->rip = state->rip;
	vmcb->rsp = state->rsp;
	vmcb->rflags = state->rflags;
	vmcb->pat = cpu->arch.pat = rdmsr(MSR_PAT);
	cpu->arch.mtrr_def_type = rdmsr(MSR_MTRR_DEF_TYPE);
}

void arch_cpu_flush(struct cpu *cpu)
{
	cpu->arch.vmcb->tlb_control = svm_has_flush_by_asid ? TLB_FLUSH_ASID : TLB_FLUSH_ALL;
	cpu->arch.insn.bytes = NULL;
}

/*
 * The state of guest-abi "x86 CPU start": an architectural reset with every register zero. CR2 and the
 * debug address registers keep nothing of the former owner either.
 */
static void vmcb_reset(struct cpu *cpu, u16 cs, u64 cs_base, u64 ip)
{
	const struct vmcb_segment data = {0, ATTR_DATA_16, 0xffff, 0};
	struct vmcb *vmcb = cpu->arch.vmcb;

	vmcb->cs = (struct vmcb_segment){cs, ATTR_CODE_16, 0xffff, cs_base};
	vmcb->ds = vmcb->es = vmcb->fs = vmcb->gs = vmcb->ss = data;
	vmcb->ldtr = (struct vmcb_segment){0, ATTR_LDT, 0xffff, 0};
	vmcb->tr = (struct vmcb_segment){0, ATTR_TSS_32_BUSY, 0xffff, 0};
	vmcb->gdtr = vmcb->idtr = (struct vmcb_segment){.limit = 0xffff};
	vmcb->cpl = 0;
	vmcb->efer = EFER_SVME;
	vmcb->cr0 = X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
	vmcb->cr2 = vmcb->cr3 = vmcb->cr4 = 0;
	vmcb->dr6 = 0xffff0ff0;
	vmcb->dr7 = 0x400;
	vmcb->rflags = X86_RFLAGS_FIXED;
	vmcb->rip = ip;
	vmcb->rsp = vmcb->rax = 0;
	vmcb->star = vmcb->lstar = vmcb->cstar = vmcb->sfmask = vmcb->kernel_gs_base = 0;
	vmcb->sysenter_cs = vmcb->sysenter_esp = vmcb->sysenter_eip = 0;
	vmcb->debugctl = 0;
	vmcb->tsc_offset = 0;
	vmcb->pat = cpu->arch.pat = 0x0007040600070406;
	vmcb->interrupt_shadow = 0;
	vmcb->interrupt_control = 0;
	vmcb->event_injection = 0;
	memset(cpu->arch.regs, 0, 16 * sizeof(u64));
	__asm__ volatile("vmload %0" : : "a"(virt_to_phys(vmcb).v) : "memory");
	__asm__ volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3"
			 :
			 : "r"(0ull));
}

static void cpu_start(struct cpu *cpu, u16 cs, u64 cs_base, u64 ip)
{
	vmcb_reset(cpu, cs, cs_base, ip);
	vmcb_enter_cell(cpu, &cpu->cell->table);
}

static void fpu_reset(void)
{
	u32 a, b, c, d;

	/* x87 and SSE through CR0/CR4 of the core (Linux' own), then everything XCR0 may hold. */
	__asm__ volatile("fninit");
	cpuid(1, 0, &a, &b, &c, &d);
	if (c & X86_ECX_OSXSAVE) {
		/* With a zero header XRSTOR loads the initial state of every component. */
		static u8 zero_area[2816] __aligned(64);

		cpuid(13, 0, &a, &b, &c, &d);
		__asm__ volatile("xsetbv" : : "c"(0), "a"(a), "d"(d));
		__asm__ volatile("xrstor %0" : : "m"(zero_area), "a"(~0u), "d"(~0u));
		__asm__ volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
	}
}

void arch_cpu_reset(struct cpu *cpu, u64 entry)
{
	fpu_reset();
	cpu->arch.by_sipi = false;
	cpu->arch.mtrr_def_type &= ~BIT(11);
	apic_cpu_reset(cpu);
	cpu_start(cpu, (entry >> 4) & 0xf000, entry & ~0xffffull, entry & 0xffff);
}

void arch_cpu_sipi(struct cpu *cpu, u64 page)
{
	cpu->arch.by_sipi = true;
	cpu_start(cpu, page << 8, (u64)page << 12, 0);
}

void arch_cpu_wait(struct cpu *cpu)
{
	apic_cpu_reset(cpu);
	vmcb_reset(cpu, 0, 0, 0);
	vmcb_enter_cell(cpu, &park_table);
}

/* Nothing of the former guest stays behind: its FPU registers neither. */
void arch_cpu_stop(struct cpu *cpu)
{
	fpu_reset();
	arch_cpu_wait(cpu);
}

void arch_cpu_nmi(struct cpu *cpu)
{
	if (cpu->arch.nmi_blocked) {
		cpu->arch.nmi_waiting = true;
		return;
	}
	svm_inject(cpu, EVENT_NMI | VECTOR_NMI, 0);
	/* Until its IRET the guest takes no other NMI (APM2 15.20): watch for it. */
	cpu->arch.nmi_blocked = true;
	cpu->arch.vmcb->intercept_misc1 |= MISC1_IRET;
	svm_dirty(cpu, CLEAN_INTERCEPTS);
}

void arch_cpu_kick(struct cpu *cpu)
{
	__atomic_store_n(&cpu->arch.kicked, 1, __ATOMIC_RELEASE);
	apic_send_nmi(cpu->arch.apic_id);
}

u32 arch_cpu_address(const struct cpu *cpu)
{
	return cpu->arch.apic_id;
}

void arch_cpu_snapshot(const struct cpu *cpu, struct bh_event *event)
{
	const struct vmcb *vmcb = cpu->arch.vmcb;

	memcpy(event->regs, cpu->arch.regs, sizeof(event->regs));
	event->regs[X86_RSP] = vmcb->rsp;
	event->ip = vmcb->rip;
	event->cpu_flags = vmcb->rflags;
	event->cr0 = vmcb->cr0;
	event->cr2 = vmcb->cr2;
	event->cr3 = vmcb->cr3;
	event->cr4 = vmcb->cr4;
	event->efer = vmcb->efer & ~EFER_SVME;
	event->cs = vmcb->cs.selector;
	if (vmcb->efer & EFER_LMA && vmcb->cs.attributes & BIT(9))
		event->flags |= BH_EVENT_64BIT;
	event->code_length = insn_bytes(cpu, event->code, X86_INSN_MAX);
}

u64 guest_efer(const struct cpu *cpu)
{
	return cpu->arch.vmcb->efer & ~EFER_SVME;
}

void guest_efer_set(struct cpu *cpu, u64 value)
{
	struct vmcb *vmcb = cpu->arch.vmcb;

	/* LMA is the processor's: it follows LME and CR0.PG. */
	value = (value & ~EFER_LMA) | (vmcb->efer & EFER_LMA);
	vmcb->efer = value | EFER_SVME;
	svm_dirty(cpu, CLEAN_CRX);
}

u64 guest_cr4(const struct cpu *cpu)
{
	return cpu->arch.vmcb->cr4;
}

void guest_pat_set(struct cpu *cpu, u64 value)
{
	cpu->arch.pat = cpu->arch.vmcb->pat = value;
	svm_dirty(cpu, CLEAN_NESTED_PAGING);
}

/* A cell has a time-stamp counter of its own; the CPU's stays as the root needs it. */
void guest_tsc_set(struct cpu *cpu, u64 value)
{
	cpu->arch.vmcb->tsc_offset = value - arch_ticks();
	svm_dirty(cpu, CLEAN_INTERCEPTS);
}
