// SPDX-License-Identifier: GPL-2.0-or-later
/* Late launch on AMD-V: see bulkhead/boot.h for the contract and trampoline.S for the passage. */

#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include "../launch.h"

#define VM_CR 0xc0010114
#define VM_CR_SVMDIS_BIT BIT(4)
#define EFER_SVME_BIT BIT(12)

#define PT_FLAGS 3 /* present, writable */
#define PT_LARGE_FLAG BIT(7)

extern const u8 bh_trampoline[], bh_trampoline_leave[], bh_trampoline_end[];
u64 bh_trampoline_enter(u64 cpu, u64 cr3, u64 entry, u64 stack, struct bh_linux_state *state);
long bh_trampoline_exit(void);

static DEFINE_SPINLOCK(check_lock);

static void check_cpu(void *data)
{
	struct bh_error *error = data;
	u32 code = BH_E_NONE;
	u64 value = 0;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		code = BH_E_CPU_FEATURE;
		value = BH_FEATURE_SVM;
	} else if (__rdmsr(VM_CR) & VM_CR_SVMDIS_BIT) {
		code = BH_E_CPU_FIRMWARE_LOCK;
	} else if (__rdmsr(MSR_EFER) & EFER_SVME_BIT) {
		code = BH_E_CPU_IN_USE;
	}
	if (code == BH_E_NONE)
		return;
	spin_lock(&check_lock);
	*error = (struct bh_error){.code = code, .index = smp_processor_id(), .value = value};
	spin_unlock(&check_lock);
}

int bh_launch_check(struct bh_error *error)
{
	*error = (struct bh_error){};
	cpus_read_lock();
	on_each_cpu(check_cpu, error, 1);
	cpus_read_unlock();
	switch (error->code) {
	case BH_E_NONE:
		return 0;
	case BH_E_CPU_IN_USE:
		return -EBUSY;
	default:
		return -ENODEV;
	}
}

/* ---- the first page tables ---- */

struct launch {
	struct bh_boot_info *info;
	const struct bh_core_header *header;
	u8 *core;
	u64 core_phys;
	u64 table_next; /* offset in the core memory */
	u64 cr3;
	cpumask_t refused;
};

static u64 *table_at(const struct launch *launch, u64 phys)
{
	return (u64 *)(launch->core + (phys - launch->core_phys));
}

static u64 table_new(struct launch *launch)
{
	u64 offset = launch->table_next;

	launch->table_next += PAGE_SIZE;
	memset(launch->core + offset, 0, PAGE_SIZE);
	return launch->core_phys + offset;
}

static bool table_map(struct launch *launch, u64 va, u64 phys, int level)
{
	u64 *table = table_at(launch, launch->cr3);
	int at;

	for (at = 3; at > level; at--) {
		u64 *entry = &table[(va >> (12 + 9 * at)) & 511];

		if (!*entry) {
			if (launch->table_next >= launch->info->core_memory.size)
				return false;
			*entry = table_new(launch) | PT_FLAGS;
		}
		table = table_at(launch, *entry & PAGE_MASK);
	}
	table[(va >> (12 + 9 * level)) & 511] = phys | PT_FLAGS | (level ? PT_LARGE_FLAG : 0);
	return true;
}

static bool tables_make(struct launch *launch)
{
	struct bh_boot_info *info = launch->info;
	u64 link = launch->header->link_address, offset;
	u64 virt = (u64)bh_trampoline;
	bool done = true;

	launch->table_next = info->core_memory.size - BH_BOOT_TABLE_PAGES * PAGE_SIZE;
	launch->cr3 = table_new(launch);
	for (offset = 0; offset < info->core_memory.size; offset += PMD_SIZE)
		done &= table_map(launch, link + offset, launch->core_phys + offset, 1);
	info->trampoline_virt = virt;
	info->trampoline_leave = (u64)bh_trampoline_leave;
	info->trampoline_phys[0] = (u64)vmalloc_to_pfn(bh_trampoline) << PAGE_SHIFT;
	done &= table_map(launch, virt & PAGE_MASK, info->trampoline_phys[0], 0);
	info->trampoline_phys[1] = 0;
	if (((u64)bh_trampoline_end - 1) >> PAGE_SHIFT != virt >> PAGE_SHIFT) {
		info->trampoline_phys[1] = (u64)vmalloc_to_pfn(bh_trampoline_end - 1) << PAGE_SHIFT;
		done &= table_map(launch, (virt & PAGE_MASK) + PAGE_SIZE, info->trampoline_phys[1],
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

static int launch_cpu(void *data)
{
	struct launch *launch = data;
	const struct bh_core_header *header = launch->header;
	unsigned int cpu = smp_processor_id();
	struct bh_linux_state *state = &launch->info->cpu[cpu].state;
	u64 stack = header->link_address + launch->info->cpus_offset +
		    (cpu + 1) * (u64)header->cpu_size;

	/* The same on every CPU: while the machine is stopped none comes or goes. */
	WRITE_ONCE(launch->info->cpus_launching, num_online_cpus());
	state_save(state);
	native_wrmsrl(MSR_EFER, state->efer | EFER_SVME_BIT);
	if (bh_trampoline_enter(cpu, launch->cr3, header->link_address + header->entry, stack,
				state)) {
		native_wrmsrl(MSR_EFER, state->efer);
		cpumask_set_cpu(cpu, &launch->refused);
	}
	return 0;
}

int bh_launch(struct bh_boot_info *info, void *core, const struct bh_core_header *header)
{
	struct launch *launch;
	int ret;

	ret = bh_launch_check(&info->error);
	if (ret)
		return ret;
	launch = kzalloc(sizeof(*launch), GFP_KERNEL);
	if (!launch)
		return -ENOMEM;
	launch->info = info;
	launch->header = header;
	launch->core = core;
	launch->core_phys = info->core_memory.start;
	if (!tables_make(launch)) {
		info->error = (struct bh_error){.code = BH_E_CORE_MEMORY};
		ret = -ENOMEM;
	} else {
		ret = stop_machine(launch_cpu, launch, cpu_online_mask);
	}
	/* All or none: the core sees to that. */
	if (!ret && !cpumask_empty(&launch->refused))
		ret = info->error.code == BH_E_CPU_TIMEOUT ? -EIO : -ENODEV;
	kfree(launch);
	return ret;
}

/* ---- calling and leaving ---- */

long bh_hypercall(u32 number, u64 arg1, u64 arg2)
{
	long result = number;

	asm volatile("vmmcall" : "+a"(result) : "D"(arg1), "S"(arg2) : "memory");
	return (int)result;
}

static int leave_cpu(void *data)
{
	atomic_t *refused = data;

	if (bh_trampoline_exit())
		atomic_inc(refused);
	else
		native_wrmsrl(MSR_EFER, __rdmsr(MSR_EFER) & ~EFER_SVME_BIT);
	return 0;
}

int bh_leave(void)
{
	atomic_t refused = ATOMIC_INIT(0);
	int ret = stop_machine(leave_cpu, &refused, cpu_online_mask);

	return ret ?: atomic_read(&refused) ? -EBUSY : 0;
}
