/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sliding under the running Linux, and out again. See include/bulkhead/boot.h for the loader's part. */
#include <hv/arch/x86/emulate.h>
#include <hv/arch/x86/svm/offsets.h>
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

#define LAUNCH_TIMEOUT_MS 1000

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
_Static_assert(offsetof(struct vmcb, rax) == VMCB_RAX, "offsets.h");

/* For the header in entry.S. */
__asm__(".globl core_cpu_size, core_boot_info_size, core_shared_size");
#define ABSOLUTE(name, value) __asm__(".set " #name ", %c0" : : "i"(value))
void launch_constants(void);
void launch_constants(void)
{
	ABSOLUTE(core_cpu_size, sizeof(struct cpu_area));
	ABSOLUTE(core_boot_info_size, sizeof(struct bh_boot_info));
	ABSOLUTE(core_shared_size, sizeof(struct bh_shared));
}

const struct unit *const units[] = {&pio_unit, &ioapic_unit, &pci_unit, NULL};

extern u8 core_end[]; /* of the image and its zeroed data: the boot information follows */

static struct bh_boot_info *const boot = (struct bh_boot_info *)core_end;
static struct cpu *cpus[BH_CPUS_MAX];
static u64 leave_address;

/* Every CPU arrives, one prepares everything, then all agree to go on or not to. */
static u32 launch_arrived, launch_prepared, launch_agreed, launch_failed;

struct cpu *cpu_get(u32 id)
{
	return id < BH_CPUS_MAX ? cpus[id] : NULL;
}

static void launch_fail(const struct bh_error *error)
{
	/* The first reason is the one told. */
	if (!__atomic_exchange_n(&boot->failed, 1, __ATOMIC_ACQ_REL))
		boot->error = *error;
	__atomic_store_n(&launch_failed, 1, __ATOMIC_RELEASE);
}

/* Until @counter has reached @count; false if that does not happen, or the launch has failed. */
static bool launch_wait(const u32 *counter, u32 count)
{
	u64 end = arch_ticks() + (u64)boot->tsc_khz * LAUNCH_TIMEOUT_MS;

	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < count) {
		if (__atomic_load_n(&launch_failed, __ATOMIC_ACQUIRE))
			return false;
		if (arch_ticks() > end)
			return false;
		arch_relax();
	}
	return true;
}

static struct cpu_area *area_get(u32 id)
{
	return (struct cpu_area *)(CORE_LINK_BASE + boot->cpus_offset +
				   id * sizeof(struct cpu_area));
}

static void cpu_prepare(u32 id)
{
	struct cpu_area *area = area_get(id);
	struct cpu *cpu = &area->cpu;

	cpu->id = id;
	cpu->boot = boot->cpu[id].boot;
	cpu->counters = shared->cpu[id].counters;
	cpu->arch.apic_id = boot->cpu[id].apic_id;
	cpu->arch.vmcb = &area->vmcb;
	cpu->arch.regs = area->frame.regs.r;
	area->frame.vmcb = &area->vmcb;
	area->frame.vmcb_phys = virt_to_phys(&area->vmcb).v;
	area->frame.cpu = cpu;
	cpus[id] = cpu;
}

static bool launch_prepare(struct bh_error *error)
{
	u64 tables_end;
	u32 a, b, c, d;

	if (boot->version != BH_BOOT_VERSION || boot->size != sizeof(*boot))
		return error_set(error, BH_E_BOOT_VERSION, .value = BH_BOOT_VERSION,
				 .limit = boot->version);
	/* The page tables take what they need from the front of the pool. */
	tables_end = memory_init(boot, boot->pool_offset);
	__asm__ volatile("mov %0, %%cr3" : : "r"(memory_cr3()) : "memory");
	shared = (struct bh_shared *)(CORE_LINK_BASE + boot->shared_offset);
	if (!machine_init(boot, error))
		return false;
	cpuid(0x80000001, 0, &a, &b, &c, &d);
	table_leaf_level = d & BIT(26) ? 2 : 1;
	pool_init(PADDR(boot->core_memory.start + tables_end),
		  boot->core_memory.size - tables_end - BH_BOOT_TABLE_PAGES * PAGE_SIZE);
	cpu_count = boot->cpu_count;
	for (u32 id = 0; id < cpu_count; id++)
		if (boot->cpu[id].present)
			cpu_prepare(id);
	leave_address = boot->trampoline_leave;
	apic_init();
	ioapic_init();
	svm_init();
	if (!root_init(error))
		return false;
	ioapic_attach(&root_cell);
	return true;
}

/* NULL: failed. Called on the loader's page tables; must not change what Linux sees. */
struct cpu *launch_cpu(u32 id);
struct cpu *launch_cpu(u32 id)
{
	struct bh_error error;

	if (!svm_check(id, &error))
		launch_fail(&error);
	if (__atomic_fetch_add(&launch_arrived, 1, __ATOMIC_ACQ_REL) == 0) {
		if (!launch_prepare(&error))
			launch_fail(&error);
		__atomic_store_n(&launch_prepared, 1, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&launch_agreed, launch_wait(&launch_prepared, 1), __ATOMIC_ACQ_REL);
	if (!launch_wait(&launch_agreed, boot->cpus_launching)) {
		error_set(&error, BH_E_CPU_TIMEOUT, .index = id, .limit = LAUNCH_TIMEOUT_MS);
		launch_fail(&error);
		return NULL;
	}
	return __atomic_load_n(&launch_failed, __ATOMIC_ACQUIRE) ? NULL : cpus[id];
}

void launch_commit(struct cpu *cpu) __noreturn;
void launch_commit(struct cpu *cpu)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(memory_cr3()) : "memory");
	fault_init_cpu(cpu);
	apic_cpu_init(cpu);
	svm_init_cpu(cpu, &boot->cpu[cpu->id].state);
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
	(void)cell;
	comm->pm_timer_address = machine.pm_timer_port;
	comm->tsc_khz = machine.tsc_khz;
	comm->apic_khz = machine.apic_khz;
}

void arch_notify(u32 apic_id, u32 vector)
{
	apic_send_fixed(apic_id, vector);
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
			table_map(&cell->table, GPA(MACHINE_APIC_BASE), PADDR(MACHINE_APIC_BASE),
				  PAGE_SIZE, TABLE_READ);
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
