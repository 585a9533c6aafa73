/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entering the core on every CPU, calling it, and leaving it. */
#ifndef KMOD_LAUNCH_H
#define KMOD_LAUNCH_H

#include <linux/cpumask.h>
#include <linux/types.h>
#include <bulkhead/boot.h>
#include <bulkhead/error.h>

/* May the core be launched on the CPUs now online? 0, or -errno with @error filled. */
int bh_launch_check(struct bh_error *error);

/*
 * @info lies in the mapped core memory @core, every field but the CPUs' states and the trampoline filled.
 * 0: Linux is a guest now. -errno: @info->error says why, Linux is as it was.
 */
int bh_launch(struct bh_boot_info *info, void *core, const struct bh_core_header *header);

/* All CPUs must be online and no cell left. -EBUSY: the core has refused. */
int bh_leave(void);

long bh_hypercall(u32 number, u64 arg1, u64 arg2);

/* ---- between launch.c and the architectures ---- */

struct launch {
	struct bh_boot_info *info;
	const struct bh_core_header *header;
	u8 *core;
	u64 core_phys;
	/* The first page tables: physical address of the top one; where the next one comes, as an offset in the core memory. */
	u64 tables, table_next;
	cpumask_t refused;
};

/* Maps a page (@level 0) or 2 MiB (1) in the first page tables; false: there is no room. */
bool launch_map(struct launch *launch, u64 va, u64 phys, int level);

/* On each CPU, interrupts off: is it fit, and free? Fills code and value of @error if not. */
void arch_launch_check(struct bh_error *error);
/* What has to be there once. 0 or -errno. */
int arch_launch_prepare(void);
/* What is mapped besides the core memory at its link address; false: there is no room. */
bool arch_launch_tables(struct launch *launch);
/* On each CPU while the machine is stopped; false: the core has refused, and the CPU is as it was. */
bool arch_launch_enter(struct launch *launch, unsigned int cpu, u64 stack);
bool arch_launch_leave(void);

#endif
