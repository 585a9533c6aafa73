/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this directory share. */
#ifndef KMOD_ARM64_PLATFORM_H
#define KMOD_ARM64_PLATFORM_H

#include <linux/types.h>

struct bh_boot_info;
struct bh_call;

/* The interrupt controller, PCI configuration space, and pages that only Linux may speak to, as one kind of firmware describes them. */
int devicetree_fill(struct bh_call *call, struct bh_boot_info *info);
int acpi_fill(struct bh_call *call, struct bh_boot_info *info);
/* Whether all of it is RAM. */
bool devicetree_is_ram(u64 start, u64 end);
/* Linux' interrupt for an SPI of that controller, as an edge; 0: it has none. */
unsigned int devicetree_line(u32 id);
unsigned int acpi_line(u32 id);

/* What UEFI keeps for its runtime services, and other memory and devices that are not for anybody else. */
int uefi_fill(struct bh_call *call, struct bh_boot_info *info);

/* For both kinds. */
int platform_keep(struct bh_call *call, struct bh_boot_info *info, u64 start, u64 size);
int platform_redistributors(struct bh_call *call, struct bh_boot_info *info, u64 start, u64 size);
int platform_no_gicv2_guests(struct bh_call *call);
unsigned int platform_line(u32 id);
u64 platform_gicd(void); /* the distributor's address, once the machine has been looked at */

#endif
