// SPDX-License-Identifier: GPL-2.0-or-later
/* Late launch on AMD-V: see bulkhead/boot.h for the contract and trampoline.S for the passage. */

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include "../arch.h"
#include "../launch.h"

#define VM_CR 0xc0010114
#define VM_CR_SVMDIS_BIT BIT(4)
#define EFER_SVME_BIT BIT(12)

extern const u8 bh_trampoline[], bh_trampoline_leave[], bh_trampoline_end[];
u64 bh_trampoline_enter(u64 cpu, u64 cr3, u64 entry, u64 stack, struct bh_linux_state *state);
long bh_trampoline_exit(void);

void arch_launch_check(struct bh_error *error)
{
	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		error->code = BH_E_CPU_FEATURE;
		error->value = BH_FEATURE_SVM;
	} else if (__rdmsr(VM_CR) & VM_CR_SVMDIS_BIT) {
		error->code = BH_E_CPU_FIRMWARE_LOCK;
	} else if (__rdmsr(MSR_EFER) & EFER_SVME_BIT) {
		error->code = BH_E_CPU_IN_USE;
	}
}

int arch_launch_prepare(void)
{
	return 0;
}

/* The trampoline, where it lies: it goes on there under either tables. */
bool arch_launch_tables(struct launch *launch)
{
	struct bh_boot_info *info = launch->info;
	u64 virt = (u64)bh_trampoline;
	bool done;

	info->trampoline_virt = virt;
	info->trampoline_leave = (u64)bh_trampoline_leave;
	info->trampoline_phys[0] = (u64)vmalloc_to_pfn(bh_trampoline) << PAGE_SHIFT;
	done = launch_map(launch, virt & PAGE_MASK, info->trampoline_phys[0], 0);
	info->trampoline_phys[1] = 0;
	if (((u64)bh_trampoline_end - 1) >> PAGE_SHIFT != virt >> PAGE_SHIFT) {
		info->trampoline_phys[1] = (u64)vmalloc_to_pfn(bh_trampoline_end - 1) << PAGE_SHIFT;
		done &= launch_map(launch, (virt & PAGE_MASK) + PAGE_SIZE, info->trampoline_phys[1],
				   0);
	}
	return done;
}

/* ---- entering ---- */

/* A selector's attributes as the VMCB has them: the upper half of LAR's answer, packed. */
static u16 selector_attributes(u16 selector)
{
	u32 rights = 0;

	asm volatile("lar %1, %0" : "=r"(rights) : "r"((u32)selector));
	rights >>= 8;
	return selector ? (rights & 0xff) | (rights >> 4 & 0xf00) : 0;
}

static void state_save(struct bh_linux_state *state)
{
	struct desc_ptr gdt, idt;

	savesegment(cs, state->cs);
	savesegment(ss, state->ss);
	savesegment(ds, state->ds);
	savesegment(es, state->es);
	state->cs_attr = selector_attributes(state->cs);
	state->ss_attr = selector_attributes(state->ss);
	state->ds_attr = selector_attributes(state->ds);
	state->es_attr = selector_attributes(state->es);
	native_store_gdt(&gdt);
	store_idt(&idt);
	state->gdt_base = gdt.address;
	state->gdt_limit = gdt.size;
	state->idt_base = idt.address;
	state->idt_limit = idt.size;
	state->cr3 = __native_read_cr3();
	state->cr4 = native_read_cr4();
	state->efer = __rdmsr(MSR_EFER);
	state->rflags = native_save_fl();
}

bool arch_launch_enter(struct launch *launch, unsigned int cpu, u64 stack)
{
	const struct bh_core_header *header = launch->header;
	struct bh_linux_state *state = &launch->info->cpu[cpu].state;

	state_save(state);
	native_wrmsrl(MSR_EFER, state->efer | EFER_SVME_BIT);
	if (!bh_trampoline_enter(cpu, launch->tables, header->link_address + header->entry, stack,
				 state))
		return true;
	native_wrmsrl(MSR_EFER, state->efer);
	return false;
}

/* ---- calling and leaving ---- */

long bh_hypercall(u32 number, u64 arg1, u64 arg2)
{
	long result = number;

	asm volatile("vmmcall" : "+a"(result) : "D"(arg1), "S"(arg2) : "memory");
	return (int)result;
}

bool arch_launch_leave(void)
{
	if (bh_trampoline_exit())
		return false;
	native_wrmsrl(MSR_EFER, __rdmsr(MSR_EFER) & ~EFER_SVME_BIT);
	return true;
}
