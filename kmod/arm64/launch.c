// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Late launch at EL2: the kernel's stub there takes new vectors by HVC (Documentation/virt/kvm/arm/hyp-abi.rst). See
 * bulkhead/boot.h for the contract and resident.S for what stays.
 */

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>
#include "../arch.h"
#include "../launch.h"
#include "resident.h"

#define STUB_SET_VECTORS 0
#define STUB_ERROR 0xbadca11
#define CURRENT_EL1 (1 << 2)

extern const u8 bh_resident[], bh_resident_end[];

static phys_addr_t resident; /* the page; it outlives this module */

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

void arch_launch_check(struct bh_error *error)
{
	struct hvc_result stub;

	if (read_sysreg(CurrentEL) != CURRENT_EL1) {
		error->code = BH_E_CPU_VHE;
		return;
	}
	if (!(read_sysreg(id_aa64pfr0_el1) >> 8 & 0xf)) {
		error->code = BH_E_CPU_FEATURE;
		error->value = BH_FEATURE_EL2;
		return;
	}
	stub = stub_call(RESIDENT_QUERY, 0);
	if (stub.x0 != STUB_ERROR && stub.x1 != RESIDENT_MAGIC)
		error->code = BH_E_EL2_IN_USE;
	else if (stub.x0 != STUB_ERROR)
		WRITE_ONCE(resident, stub.x0);
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

int arch_launch_prepare(void)
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

/* One to one as well: the core switches its MMU on there. */
bool arch_launch_tables(struct launch *launch)
{
	u64 at, end = launch->core_phys + launch->info->core_memory.size;
	bool done = true;

	for (at = launch->core_phys; at < end; at += SZ_2M)
		done &= launch_map(launch, at, at, 1);
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

bool arch_launch_enter(struct launch *launch, unsigned int cpu, u64 stack)
{
	u64 vectors = launch->core_phys + launch->header->entry;

	dsb(sy);
	return stub_call(STUB_SET_VECTORS, vectors).x0 != STUB_ERROR &&
	       !enter(cpu, launch->tables, stack);
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
bool arch_launch_leave(void)
{
	register u64 x0 asm("x0") = BH_HC_DISABLE;

	asm volatile("hvc #0x4a48"
		     : "+r"(x0)
		     :
		     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
		       "x13", "x14", "x15", "x16", "x17", "memory");
	return !x0;
}
