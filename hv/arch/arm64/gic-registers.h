/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU's interfaces to the interrupt controller, physical and virtual: system registers of GICv3 (IHI 0069, chapter 12), or
 * what GICv2 has in memory instead (IHI 0048B, 4.4 and 5.3). List registers look like GICv3's here.
 */
#ifndef HV_ARM64_GIC_REGISTERS_H
#define HV_ARM64_GIC_REGISTERS_H

#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>

#define LR_ID(lr) ((u32)(lr))
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)
#define LR_HW BIT(61)
#define LR_GROUP1 BIT(60)
#define LR_PRIORITY(p) ((u64)(p) << 48)
#define LR_PHYSICAL(id) ((u64)(id) << 32)

#define ICH_HCR_EN BIT(0)
#define ICH_HCR_UIE BIT(1) /* maintenance interrupt when at most one list register is in use */
#define ICC_CTLR_CBPR BIT(0)
#define ICC_CTLR_EOIMODE BIT(1)
#define VMCR_GROUP1 BIT(1)
#define VMCR_CBPR BIT(4)
#define VMCR_EOIM BIT(9)
#define VMCR_BPR1 18
#define VMCR_PMR 24

#define GICC_CTLR 0x0
#define GICC_PMR 0x4
#define GICC_BPR 0x8
#define GICC_IAR 0xc
#define GICC_EOIR 0x10
#define GICC_DIR 0x1000
#define GICC_CTLR_ENABLE BIT(0)
#define GICC_CTLR_EOIMODE BIT(9)
#define GICH_HCR 0x0
#define GICH_VTR 0x4
#define GICH_VMCR 0x8
#define GICH_ELRSR 0x30 /* and 0x34 */
#define GICH_APR 0xf0
#define GICH_LR 0x100
#define GICH_VMCR_GROUP0 \
	BIT(0) /* what a guest enables by its bit 0: without the security extensions' two views */
#define GICH_VMCR_BPR 21
#define GICH_VMCR_PMR 27 /* the upper five bits of the priority */
#define GICH_LR_PHYSICAL 10
#define GICH_LR_PRIORITY 23 /* the upper five bits */
#define GICH_LR_STATE 28
#define GICH_LR_HW BIT(31)
#define GICH_LR_MAX 64

extern u64 lr_all; /* a bit for each list register there is */

static inline u32 gicc_read(u32 reg)
{
	return mmio_read(PADDR(machine.gic.gicc + reg), 4);
}

static inline void gicc_write(u32 reg, u32 value)
{
	mmio_write(PADDR(machine.gic.gicc + reg), 4, value);
}

static inline u32 gich_read(u32 reg)
{
	return mmio_read(PADDR(machine.gic.gich + reg), 4);
}

static inline void gich_write(u32 reg, u32 value)
{
	mmio_write(PADDR(machine.gic.gich + reg), 4, value);
}

#define LR_CASES(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static inline u64 lr_of_v2(u32 lr)
{
	return (lr & 0x3ff) | LR_PHYSICAL(lr >> GICH_LR_PHYSICAL & 0x3ff) |
	       LR_PRIORITY(lr >> GICH_LR_PRIORITY << 3 & 0xff) |
	       (u64)(lr >> GICH_LR_STATE & 3) << 62 | (lr & GICH_LR_HW ? LR_HW : 0);
}

/* The physical id, where there is none, is the sender's number: 0, as SGIs of several become one here. */
static inline u32 lr_to_v2(u64 lr)
{
	return (lr & 0x3ff) | (u32)(lr >> 32 & 0x3ff) << GICH_LR_PHYSICAL |
	       (u32)(lr >> 51 & 0x1f) << GICH_LR_PRIORITY | (u32)(lr >> 62) << GICH_LR_STATE |
	       (lr & LR_HW ? GICH_LR_HW : 0);
}

static inline u64 lr_read(u32 n)
{
	if (gic_is_v2())
		return lr_of_v2(gich_read(GICH_LR + 4 * n));
	switch (n) {
#define LR_READ(i) \
	case i:    \
		return sysreg_read(ich_lr##i##_el2);
		LR_CASES(LR_READ)
	}
	return 0;
}

static inline void lr_write(u32 n, u64 value)
{
	if (gic_is_v2()) {
		gich_write(GICH_LR + 4 * n, lr_to_v2(value));
		return;
	}
	switch (n) {
#define LR_WRITE(i)                                   \
	case i:                                       \
		sysreg_write(ich_lr##i##_el2, value); \
		break;
		LR_CASES(LR_WRITE)
	}
}

static inline void lr_write_first(u64 value)
{
	if (unlikely(gic_is_v2()))
		lr_write(0, value);
	else
		sysreg_write(ich_lr0_el2, value);
}

/* A bit for each that is empty. */
static inline u64 lr_free(void)
{
	if (unlikely(gic_is_v2()))
		return (gich_read(GICH_ELRSR) | (u64)gich_read(GICH_ELRSR + 4) << 32) & lr_all;
	return sysreg_read(ich_elrsr_el2) & lr_all;
}

static inline u32 lr_count(void)
{
	return (gic_is_v2() ? gich_read(GICH_VTR) & 0x3f : sysreg_read(ich_vtr_el2) & 0x1f) + 1;
}

static inline void ich_hcr_write(u64 value)
{
	if (gic_is_v2())
		gich_write(GICH_HCR, value);
	else
		sysreg_write(ich_hcr_el2, value);
}

/* Nothing is active and nothing waits in the virtual interface. */
static inline void ich_clear(void)
{
	for (u64 all = lr_all; all; all &= all - 1)
		lr_write(__builtin_ctzl(all), 0);
	if (gic_is_v2()) {
		gich_write(GICH_APR, 0);
	} else {
		sysreg_write(ich_ap1r0_el2, 0);
		sysreg_write(ich_ap0r0_el2, 0);
	}
	ich_hcr_write(ICH_HCR_EN);
}

static inline void ich_vmcr_reset(void)
{
	if (gic_is_v2())
		gich_write(GICH_VMCR, 0);
	else
		sysreg_write(ich_vmcr_el2, 0);
}

/* The physical interface's settings become the virtual one's, and the core has its own in the former. */
static inline void icc_take(void)
{
	u64 ctlr;

	if (gic_is_v2()) {
		ctlr = gicc_read(GICC_CTLR);
		gich_write(GICH_VMCR, (gicc_read(GICC_PMR) >> 3 & 0x1f) << GICH_VMCR_PMR |
					      (gicc_read(GICC_BPR) & 7) << GICH_VMCR_BPR |
					      (ctlr & GICC_CTLR_EOIMODE ? VMCR_EOIM : 0) |
					      (ctlr & GICC_CTLR_ENABLE ? GICH_VMCR_GROUP0 : 0));
		gicc_write(GICC_PMR, 0xff);
		gicc_write(GICC_CTLR, ctlr | GICC_CTLR_EOIMODE | GICC_CTLR_ENABLE);
		return;
	}
	ctlr = sysreg_read(icc_ctlr_el1);
	sysreg_write(ich_vmcr_el2, sysreg_read(icc_pmr_el1) << VMCR_PMR |
					   (sysreg_read(icc_bpr1_el1) & 7) << VMCR_BPR1 |
					   (ctlr & ICC_CTLR_EOIMODE ? VMCR_EOIM : 0) |
					   (ctlr & ICC_CTLR_CBPR ? VMCR_CBPR : 0) |
					   (sysreg_read(icc_igrpen1_el1) & 1 ? VMCR_GROUP1 : 0));
	sysreg_write(icc_ctlr_el1, ctlr | ICC_CTLR_EOIMODE);
	sysreg_write(icc_pmr_el1, 0xff);
	sysreg_write(icc_igrpen1_el1, 1);
}

/* And back. */
static inline void icc_give_back(void)
{
	u64 vmcr;

	if (gic_is_v2()) {
		vmcr = gich_read(GICH_VMCR);
		gicc_write(GICC_PMR, (vmcr >> GICH_VMCR_PMR & 0x1f) << 3);
		gicc_write(GICC_BPR, vmcr >> GICH_VMCR_BPR & 7);
		gicc_write(GICC_CTLR,
			   (gicc_read(GICC_CTLR) & ~(GICC_CTLR_EOIMODE | GICC_CTLR_ENABLE)) |
				   (vmcr & VMCR_EOIM ? GICC_CTLR_EOIMODE : 0) |
				   (vmcr & GICH_VMCR_GROUP0 ? GICC_CTLR_ENABLE : 0));
		return;
	}
	vmcr = sysreg_read(ich_vmcr_el2);
	sysreg_write(icc_pmr_el1, vmcr >> VMCR_PMR & 0xff);
	sysreg_write(icc_bpr1_el1, vmcr >> VMCR_BPR1 & 7);
	sysreg_write(icc_ctlr_el1,
		     (sysreg_read(icc_ctlr_el1) & ~(ICC_CTLR_EOIMODE | ICC_CTLR_CBPR)) |
			     (vmcr & VMCR_EOIM ? ICC_CTLR_EOIMODE : 0) |
			     (vmcr & VMCR_CBPR ? ICC_CTLR_CBPR : 0));
	sysreg_write(icc_igrpen1_el1, vmcr & VMCR_GROUP1 ? 1 : 0);
}

#endif
