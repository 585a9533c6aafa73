/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entering the core on every CPU, calling it, and leaving it. */
#ifndef KMOD_LAUNCH_H
#define KMOD_LAUNCH_H

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

#endif
