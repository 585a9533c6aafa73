/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All CPUs slide under the running Linux together, or none does: each arrives, the first one prepares
 * everything, then all agree to go on or not to. See include/bulkhead/boot.h for the loader's part.
 */
#ifndef HV_LAUNCH_H
#define HV_LAUNCH_H

#include <bulkhead/boot.h>
#include <bulkhead/error.h>
#include <hv/core/types.h>

struct cpu;

extern struct bh_boot_info *const launch_boot;

/* Called on each CPU by the architecture's entry. NULL: failed, and nothing that Linux sees has changed. */
struct cpu *launch_cpu(u32 id);

/* Is this CPU fit, and free? */
bool arch_launch_check(u32 id, struct bh_error *error);
/*
 * On the first CPU: the core's own address space, with tables from the front of the pool, and `shared'.
 * Returns where the rest of the pool begins, in the core memory.
 */
u64 arch_launch_memory(const struct bh_boot_info *boot);
/* The CPU's area; its id and the like are filled in by the caller. */
struct cpu *arch_launch_cpu(const struct bh_boot_info *boot, u32 id);
/* Then interrupt controllers and what else there is one of; the CPUs are known now. */
bool arch_launch_devices(struct bh_error *error);
/* The root has its memory: the rest of what it is made of. */
void arch_launch_root(void);

#endif
