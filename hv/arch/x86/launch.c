/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sliding under the running Linux, and out again. See include/bulkhead/boot.h for the loader's part. */
#include <hv/arch/x86/emulate.h>
#include <hv/arch/x86/svm/offsets.h>
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/launch.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

/* At the top of a CPU's stack; entry.S knows the order. */
struct frame {
	struct x86_regs regs;
	u64 vmcb_phys;
	struct vmcb *vmcb;
	struct cpu *cpu;
	u64 unused; /* keeps the stack aligned to 16 */
};

/* One CPU's memory. */
struct cpu_area {
	struct cpu cpu __aligned(4096);
	struct vmcb vmcb __aligned(4096);
	u8 host_save[4096] __aligned(
		4096); /* VM_HSAVE_PA: must follow the VMCB, see svm_init_cpu() */
	u8 stack[4 * 4096 - sizeof(struct frame)] __aligned(16);
	struct frame frame;
};

_Static_assert(sizeof(struct frame) == FRAME_SIZE, "offsets.h");
_Static_assert(offsetof(struct frame, vmcb_phys) == FRAME_VMCB_PHYS, "offsets.h");
_Static_assert(offsetof(struct frame, vmcb) == FRAME_VMCB, "offsets.h");
_Static_assert(offsetof(struct frame, cpu) == FRAME_CPU, "offsets.h");
_Static_assert(offsetof(struct cpu, arch.regs) == FRAME_FROM_CPU, "offsets.h");
_Static_assert(offsetof(struct cpu, requests) == CPU_REQUESTS, "offsets.h");
_Static_assert(offsetof(struct vmcb, rax) == VMCB_RAX, "offsets.h");

/* For the header in entry.S. */
__asm__(".globl core_cpu_size, core_boot_info_size, core_shared_size");
#define ABSOLUTE(name, value) __asm__(".set " #name ", %c0" : : "i"(value))
__used void launch_constants(void);
void launch_constants(void)
{
	ABSOLUTE(core_cpu_size, sizeof(struct cpu_area));
	ABSOLUTE(core_boot_info_size, sizeof(struct bh_boot_info));
	ABSOLUTE(core_shared_size, sizeof(struct bh_shared));
}

const struct unit *const units[] = {&pio_unit, &ioapic_unit, &pci_unit, &link_unit, NULL};

static u64 leave_address;

static struct cpu_area *area_get(const struct bh_boot_info *boot, u32 id)
{
	return (struct cpu_area *)(CORE_LINK_BASE + boot->cpus_offset +
				   id * sizeof(struct cpu_area));
}

struct cpu *arch_launch_cpu(const struct bh_boot_info *boot, u32 id)
{
	struct cpu_area *area = area_get(boot, id);
	struct cpu *cpu = &area->cpu;

	cpu->arch.apic_id = boot->cpu[id].apic_id;
	cpu->arch.vmcb = &area->vmcb;
	cpu->arch.regs = area->frame.regs.r;
	area->frame.vmcb = &area->vmcb;
	area->frame.vmcb_phys = virt_to_phys(&area->vmcb).v;
	area->frame.cpu = cpu;
	return cpu;
}

u64 arch_launch_memory(const struct bh_boot_info *boot)
{
	u64 tables_end = memory_init(boot, boot->pool_offset);
	u32 a, b, c, d;

	__asm__ volatile("mov %0, %%cr3" : : "r"(memory_cr3()) : "memory");
	shared = (struct bh_shared *)(CORE_LINK_BASE + boot->shared_offset);
	cpuid(0x80000001, 0, &a, &b, &c, &d);
	table_leaf_level = d & BIT(26) ? 2 : 1;
	leave_address = boot->trampoline_leave;
	return tables_end;
}

bool arch_launch_check(u32 id, struct bh_error *error)
{
	return svm_check(id, error);
}

bool arch_launch_devices(struct bh_error *error)
{
	(void)error;
	apic_init();
	ioapic_init();
	svm_init();
	return true;
}

void arch_launch_root(void)
{
	ioapic_attach(&root_cell);
}

void launch_commit(struct cpu *cpu) __noreturn;
void launch_commit(struct cpu *cpu)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(memory_cr3()) : "memory");
	fault_init_cpu(cpu);
	apic_cpu_init(cpu);
	svm_init_cpu(cpu, &launch_boot->cpu[cpu->id].state);
	svm_run(cpu);
}

void launch_jump(u64 cr3, u64 cr4, u64 rsp, u64 trampoline, u64 selectors) __noreturn;

/* Back to bare metal, exactly where the guest is now. */
void launch_leave(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->arch.vmcb;
	struct {
		u16 limit;
		u64 base;
	} __packed gdtr = {vmcb->gdtr.limit, vmcb->gdtr.base},
		   idtr = {vmcb->idtr.limit, vmcb->idtr.base};
	u64 selectors = vmcb->cs.selector | (u64)vmcb->ss.selector << 16 |
			(u64)vmcb->ds.selector << 32 | (u64)vmcb->es.selector << 48;

	memory_map_trampoline();
	wrmsr(MSR_PAT, cpu->arch.pat);
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, vmcb->efer | EFER_SVME); /* the trampoline's STGI still needs it */
	__asm__ volatile("mov %0, %%cr2" : : "r"(vmcb->cr2));
	__asm__ volatile("mov %0, %%dr6" : : "r"(vmcb->dr6));
	__asm__ volatile("mov %0, %%dr7" : : "r"(vmcb->dr7));
	__asm__ volatile("mov %0, %%cr0" : : "r"(vmcb->cr0));
	/* FS, GS, TR, LDTR and the MSRs that go with them have been the guest's all the time. */
	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr));
	launch_jump(vmcb->cr3, vmcb->cr4, vmcb->rsp, leave_address, selectors);
}

void arch_comm_fill(struct cell *cell, struct bh_comm *comm)
{
	comm->num_cpus = cell->desc->cpus.count;
	comm->pm_timer_address = machine.pm_timer_port;
	comm->tsc_khz = machine.tsc_khz;
	comm->apic_khz = machine.apic_khz;
}

void arch_notify(u32 apic_id, u32 vector)
{
	apic_send_fixed(apic_id, vector & 0xff);
}

#define IOPM_PAGES 3
#define MSRPM_PAGES 2

u32 arch_cell_pages(void)
{
	return IOPM_PAGES + MSRPM_PAGES;
}

bool arch_cell_init(struct cell *cell)
{
	cell->arch.iopm = pool_alloc(IOPM_PAGES);
	cell->arch.msrpm = pool_alloc(MSRPM_PAGES);
	if (!cell->arch.iopm || !cell->arch.msrpm) {
		arch_cell_exit(cell);
		return false;
	}
	pio_bitmap_fill(cell);
	msr_bitmap_fill(cell);
	if (cell != &root_cell) {
		if (!apic_is_x2)
			table_map(&cell->table, GPA(APIC_PAGE), PADDR(APIC_PAGE), PAGE_SIZE,
				  TABLE_READ);
		ioapic_attach(cell);
	}
	return true;
}

void arch_cell_exit(struct cell *cell)
{
	if (cell->arch.iopm)
		pool_free(cell->arch.iopm, IOPM_PAGES);
	if (cell->arch.msrpm)
		pool_free(cell->arch.msrpm, MSRPM_PAGES);
	cell->arch.iopm = cell->arch.msrpm = NULL;
}
