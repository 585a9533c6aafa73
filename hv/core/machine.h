/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loader told about this machine, checked once at launch and constant afterwards. */
#ifndef HV_MACHINE_H
#define HV_MACHINE_H

#include <bulkhead/boot.h>
#include <bulkhead/ring.h>
#include <hv/core/addr.h>

struct machine {
	struct bh_range core;
	u64 phys_limit;
	u32 tsc_khz;
	u32 apic_khz;
	u16 pm_timer_port;
	u16 response_ms;
	u64 mmconfig_base;
	u64 root_links; /* 0: none */
	u32 mmconfig_end_bus;
	u32 flags; /* BH_BOOT_ */
	u32 ioapic_count;
	struct bh_boot_ioapic ioapic[BH_BOOT_IOAPICS_MAX];
	struct bh_boot_gic gic; /* arm64 */
	u32 ram_count;
	struct bh_range ram[BH_BOOT_RANGES_MAX];
	u32 platform_count;
	struct bh_range platform[BH_BOOT_RANGES_MAX];
};

extern struct machine machine;
extern struct bh_shared *shared;

/* Copy and check. On failure @error says which field. */
bool machine_init(const struct bh_boot_info *info, struct bh_error *error);
bool machine_is_ram(u64 start, u64 size); /* all of it */
bool machine_touches_ram(u64 start, u64 size); /* any of it */
/* Pages the core keeps: itself, interrupt controllers, MMCONFIG, IOMMUs, the root's side of links. */
bool machine_is_platform(u64 start, u64 size);

#endif
