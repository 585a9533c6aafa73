// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Late launch at EL2: the kernel's stub there takes new vectors by HVC (Documentation/virt/kvm/arm/hyp-abi.rst). See
 * bulkhead/boot.h for the contract and resident.S for what stays.
 */

#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>
#include "../arch.h"
#include "../launch.h"
#include "resident.h"

#define STUB_SET_VECTORS 0
#define STUB_ERROR 0xbadca11
#define CURRENT_EL1 (1 << 2)

#define PT_BLOCK 1
#define PT_TABLE_FLAG 3
#define PT_MEMORY \
	(BIT(6) | BIT(8) | BIT(9) | BIT(10)) /* RES1, inner shareable, accessed; attribute 0 */

extern const u8 bh_resident[], bh_resident_end[];

static phys_addr_t resident; /* the page; it outlives this module */
static DEFINE_SPINLOCK(check_lock);

struct hvc_result {
	u64 x0, x1;
};

static struct hvc_result stub_call(u64 number, u64 argument)
{
	register u64 x0 asm("x0") = number;
	register u64 x1 asm("x1") = argument;

	asm volatile("hvc #0" : "+r"(x0), "+r"(x1) : : "x2", "x3", "x4", "memory");
	return (struct hvc_result){x0, x1};
}

static void check_cpu(void *data)
{
	struct bh_error *error = data;
	u32 code = BH_E_NONE;
	u64 value = 0;

	if (read_sysreg(CurrentEL) != CURRENT_EL1) {
		code = BH_E_CPU_VHE;
	} else if (!(read_sysreg(id_aa64pfr0_el1) >> 8 & 0xf)) {
		code = BH_E_CPU_FEATURE;
		value = BH_FEATURE_EL2;
	} else {
		struct hvc_result stub = stub_call(RESIDENT_QUERY, 0);

		if (stub.x0 != STUB_ERROR && stub.x1 != RESIDENT_MAGIC)
			code = BH_E_EL2_IN_USE;
		else if (stub.x0 != STUB_ERROR)
			WRITE_ONCE(resident, stub.x0);
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
	case BH_E_EL2_IN_USE:
		return -EBUSY;
	default:
		return -ENODEV;
	}
}

/* Clean and invalidate to the point of coherency: what is read with caches off, and code. */
void arch_memory_written(void *start, size_t size)
{
	u64 line = 4 << (read_sysreg(ctr_el0) >> 16 & 0xf);
	u64 at = (u64)start & ~(line - 1), end = (u64)start + size;

	for (; at < end; at += line)
		asm volatile("dc civac, %0" : : "r"(at) : "memory");
	dsb(sy);
}

static int resident_make(void)
{
	void *page;

	if (resident)
		return 0;
	page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	memcpy(page, bh_resident, bh_resident_end - bh_resident);
	arch_memory_written(page, PAGE_SIZE);
	resident = virt_to_phys(page);
	return 0;
}

/* ---- the first page tables ---- */

struct launch {
	struct bh_boot_info *info;
	const struct bh_core_header *header;
	u8 *core;
	u64 core_phys;
	u64 table_next; /* offset in the core memory */
	u64 ttbr;
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

/* One block of 2 MiB. */
static bool table_map(struct launch *launch, u64 va, u64 phys)
{
	u64 *table = table_at(launch, launch->ttbr);
	int at;

	for (at = 3; at > 1; at--) {
		u64 *entry = &table[(va >> (12 + 9 * at)) & 511];

		if (!*entry) {
			if (launch->table_next >= launch->info->core_memory.size)
				return false;
			*entry = table_new(launch) | PT_TABLE_FLAG;
		}
		table = table_at(launch, *entry & PAGE_MASK);
	}
	table[(va >> 21) & 511] = phys | PT_MEMORY | PT_BLOCK;
	return true;
}

static bool tables_make(struct launch *launch)
{
	const struct bh_boot_info *info = launch->info;
	u64 link = launch->header->link_address, offset;
	bool done = true;

	launch->table_next = info->core_memory.size - BH_BOOT_TABLE_PAGES * PAGE_SIZE;
	launch->ttbr = table_new(launch);
	for (offset = 0; offset < info->core_memory.size; offset += SZ_2M) {
		done &= table_map(launch, link + offset, launch->core_phys + offset);
		done &= table_map(launch, launch->core_phys + offset, launch->core_phys + offset);
	}
	return done;
}

/* ---- entering ---- */

static u64 enter(u64 cpu, u64 ttbr, u64 stack)
{
	register u64 x0 asm("x0") = cpu;
	register u64 x1 asm("x1") = ttbr;
	register u64 x2 asm("x2") = stack;
	register u64 x3 asm("x3") = resident;

	asm volatile("hvc #0"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
		     :
		     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		       "x16", "x17", "memory");
	return x0;
}

static int launch_cpu(void *data)
{
	struct launch *launch = data;
	const struct bh_core_header *header = launch->header;
	unsigned int cpu = smp_processor_id();
	u64 stack = header->link_address + launch->info->cpus_offset +
		    (cpu + 1) * (u64)header->cpu_size;

	/* The same on every CPU: while the machine is stopped none comes or goes. */
	WRITE_ONCE(launch->info->cpus_launching, num_online_cpus());
	dsb(sy);
	if (stub_call(STUB_SET_VECTORS, launch->core_phys + header->entry).x0 == STUB_ERROR ||
	    enter(cpu, launch->ttbr, stack))
		cpumask_set_cpu(cpu, &launch->refused);
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
	ret = resident_make();
	if (!ret && !tables_make(launch)) {
		info->error = (struct bh_error){.code = BH_E_CORE_MEMORY};
		ret = -ENOMEM;
	}
	if (!ret) {
		arch_memory_written(core, info->core_memory.size);
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
	register u64 x0 asm("x0") = number;
	register u64 x1 asm("x1") = arg1;
	register u64 x2 asm("x2") = arg2;

	asm volatile("hvc #0x4a48" : "+r"(x0) : "r"(x1), "r"(x2) : "memory");
	return (int)x0;
}

/* With this call the core turns its own translation off, which costs all registers a function may lose. */
static int leave_cpu(void *data)
{
	register u64 x0 asm("x0") = BH_HC_DISABLE;
	atomic_t *refused = data;

	asm volatile("hvc #0x4a48"
		     : "+r"(x0)
		     :
		     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
		       "x13", "x14", "x15", "x16", "x17", "memory");
	if (x0)
		atomic_inc(refused);
	return 0;
}

int bh_leave(void)
{
	atomic_t refused = ATOMIC_INIT(0);
	int ret = stop_machine(leave_cpu, &refused, cpu_online_mask);

	return ret ?: atomic_read(&refused) ? -EBUSY : 0;
}
