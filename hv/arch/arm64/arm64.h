/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and the parts of arch/arm64. */
#ifndef HV_ARM64_H
#define HV_ARM64_H

#include <hv/core/cell.h>
#include <hv/core/cpu.h>
#include <hv/core/mmio.h>
#include <hv/core/machine.h>
#include <hv/core/types.h>

#define sysreg_read(name)                                          \
	({                                                         \
		u64 _value;                                        \
		__asm__ volatile("mrs %0, " #name : "=r"(_value)); \
		_value;                                            \
	})
#define sysreg_write(name, value) \
	__asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)) : "memory")
#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1) /* invalidate by set and way also cleans */
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_TSC BIT(19) /* SMC traps */
#define HCR_TIDCP BIT(20) /* registers that are a processor's own trap */
#define HCR_TACR BIT(21)
#define HCR_RW BIT(31)
#define HCR_ROOT (HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_TSC | HCR_RW)
#define HCR_POINTERS (BIT(40) | BIT(41)) /* APK and API: pointer authentication does not trap */
#define HCR_KEPT \
	(HCR_POINTERS | BIT(56)) /* as the kernel has chosen; ATA: memory tagging does not trap */
#define HCR_CELL (HCR_ROOT | HCR_AMO | HCR_TIDCP | HCR_TACR)

#define SPSR_EL1H_MASKED 0x3c5ull /* EL1h, D A I F masked */
#define SCTLR_EL1_RESET 0x30d00800ull /* RES1: bits 11, 20, 22, 23, 28, 29 */
#define AFFINITY_MASK 0xff00ffffffull
#define HYPERCALL_IMMEDIATE 0x4a48

/* ESR_ELx (DDI 0487, D17.2.37) */
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ESR_LONG BIT(25) /* a 32-bit instruction */
#define CLASS_HVC 0x16
#define CLASS_SMC 0x17
#define CLASS_SYSREG 0x18
#define CLASS_FETCH 0x20
#define CLASS_DATA 0x24

/* exit.c */
bool guest_hvc(struct cpu *cpu, u64 esr);
void guest_smc(struct cpu *cpu);
void guest_data(struct cpu *cpu, u64 esr);
void guest_sync(struct cpu *cpu);
void guest_serror(struct cpu *cpu);
void guest_aarch32(struct cpu *cpu);
/* An external abort at EL1, as from a bus where nothing answers. */
void guest_inject_abort(u64 address, bool fetch);

/* entry.S: into the guest of this CPU, or to wait for one. */
void guest_resume(struct cpu *cpu) __noreturn;
/* cpu.c: until there is something to run */
void cpu_idle(struct cpu *cpu);
/* The hardware's view of a cell's memory. */
u64 cell_vttbr(const struct cell *cell);
void cpu_enter_cell(struct cpu *cpu);

/* psci.c: an SMC with x0 to x3; the result is in x0 */
void psci_call(struct cpu *cpu);

/* memory.c: the core's own address space */
#define CORE_LINK_BASE 0xffff80000000ull
#define DIRECT_MAP_BASE BIT(47)
#define MEMORY_LIMIT BIT(46) /* physical */
u64 memory_init(const struct bh_boot_info *info, u64 at);
void memory_enter(void); /* on each CPU: from the loader's tables to these */
void cache_clean(const void *start, u64 size); /* and invalidate, to the point of coherency */
extern u64 vtcr; /* VTCR_EL2 of all cells */
extern u32
	table_start_level; /* 3, or 2 where the machine's addresses need no more: of the hardware's walk */

/* launch.c */
void launch_leave(struct cpu *cpu) __noreturn;
struct frame;
void launch_commit(struct cpu *cpu, struct frame *frame) __noreturn;

/* gic.c: interrupts of this CPU */
#define GIC_KICK 7 /* the only SGI in hardware; Linux has no use for it */
static inline bool gic_is_v2(void)
{
	return machine.gic.version == 2;
}
static inline u64 gicd_read(u32 reg, u8 width)
{
	return mmio_read(PADDR(machine.gic.gicd + reg), width);
}
static inline void gicd_write(u32 reg, u8 width, u64 value)
{
	mmio_write(PADDR(machine.gic.gicd + reg), width, value);
}
bool gic_init(struct bh_error *error);
void gic_cpu_init(struct cpu *cpu); /* the root's CPU interface becomes a virtual one */
void gic_cpu_leave(struct cpu *cpu); /* and back */
void gic_cpu_reset(struct cpu *cpu); /* nothing of a guest is left */
void gic_forget_foreign(struct cpu *cpu); /* nor of interrupts that have become another cell's */
void gic_lpis_follow(
	struct cpu *cpu); /* LPIs are the root's: this CPU takes them while the root has it */
void gic_interrupt(struct cpu *cpu); /* one is pending while a guest runs */
void gic_idle_interrupt(struct cpu *cpu); /* or while none does */
void gic_sgi_register(struct cpu *cpu, u64 value); /* a write to ICC_SGI1R_EL1 */
void gic_sgi_register_v2(struct cpu *cpu, u32 value); /* or to GICD_SGIR */
void gic_sgis_deliver(struct cpu *cpu);
bool gic_is_quiet(void); /* nothing waits for this CPU's guest */
void gic_kick(const struct cpu *cpu);

void gic_inject(struct cpu *cpu, u32 id); /* into the guest of this CPU */

/* lines.c: SPIs of virtual devices, from lines_first on, which is 1020 where there are none */
extern u32 lines_first;
void lines_init(u32 hardware_end); /* one more than the hardware's last SPI */
void lines_reset(const struct cell *cell);
void line_raise(const struct cell *cell, u32 id); /* any context */
void lines_deliver(struct cpu *cpu); /* those that wait for this CPU */
u8 lines_priority(const struct cell *cell, u32 id);
/* The distributor's registers for them, as the cell sees them. */
void lines_bits(struct cpu *cpu, struct mmio_access *access, u32 reg);
u8 lines_priority_access(const struct cell *cell, u32 id, bool write, u8 value);
u32 lines_config(u32 reg);
/* Where a line goes; both are called on a CPU of the cell, so that there is one. */
struct cpu *lines_cpu(const struct cell *cell, u32 id);
void lines_cpu_set(struct cpu *cpu, u32 id, const struct cpu *to);

/* uart.c: of a cell with BH_CELL_PC */
bool uart_access(struct cpu *cpu, struct mmio_access *access, void *arg);
void uart_reset(struct cell *cell);

/* vpci.c: after gic_unit and link_unit */
extern const struct unit vpci_unit;
/* An access to the board of a cell with links. */
bool vpci_access(struct cpu *cpu, struct mmio_access *access);

/* vgic.c: distributor and redistributors as cells see them */
extern const struct unit gic_unit;
/* Where vgic_distributor() and vgic_redistributor() are asked first; sizes of 0: it is version 2. */
extern struct gic_frames {
	u64 gicd, gicd_size;
	u64 gicr, gicr_size;
} gic_frames;
void vgic_init(void);
/* Accesses inside them; false: forbidden, as mmio_handler has it. */
bool vgic_distributor(struct cpu *cpu, struct mmio_access *access);
bool vgic_redistributor(struct cpu *cpu, struct mmio_access *access);
bool vgic_attach(struct cell *cell); /* what is not in gic_frames; false: too much is there */
u8 vgic_priority(u32 id); /* of an SPI */
bool vgic_owns(const struct cell *cell, u32 id);
/* An SPI arrived at a CPU whose cell does not have it: the owner gets it at its first CPU. */
void vgic_redirect(u32 id);

#endif
