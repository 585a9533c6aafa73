/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions, registers and the parts of arch/x86. */
#ifndef HV_X86_H
#define HV_X86_H

#include <bulkhead/boot.h>
#include <hv/core/cell.h>
#include <hv/core/cpu.h>
#include <hv/core/types.h>

#define X86_CR0_PE BIT(0)
#define X86_CR0_ET BIT(4)
#define X86_CR0_WP BIT(16)
#define X86_CR0_NW BIT(29)
#define X86_CR0_CD BIT(30)
#define X86_CR0_PG BIT(31)
#define X86_CR4_PSE BIT(4)
#define X86_CR4_PAE BIT(5)
#define X86_CR4_LA57 BIT(12)
#define X86_CR4_OSXSAVE BIT(18)
#define X86_ECX_XSAVE BIT(26)
#define X86_ECX_OSXSAVE BIT(27)
#define X86_RFLAGS_FIXED BIT(1)
#define X86_RFLAGS_TF BIT(8)
#define X86_RFLAGS_RF BIT(16)

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_TSC_ADJUST 0x3b
#define MSR_PAT 0x277
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_VM_CR 0xc0010114
#define MSR_VM_HSAVE_PA 0xc0010117

#define EFER_LMA BIT(10)
#define EFER_SVME BIT(12)
#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_X2APIC BIT(10)

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid"
			 : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
			 : "a"(leaf), "c"(subleaf));
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* memory.c: the core's own address space */
#define DIRECT_MAP_BASE 0xffff800000000000ull
#define CORE_LINK_BASE 0xffffffff80000000ull
/* Build the final tables from pages at @at (in the core memory); returns the first page not used. */
u64 memory_init(const struct bh_boot_info *info, u64 at);
u64 memory_cr3(void);
void memory_map_trampoline(void);

/* fault.c: the core's descriptor tables and exceptions */
void fault_init_cpu(struct cpu *cpu);

/* launch.c */
void launch_leave(struct cpu *cpu) __noreturn;

/* apic.c */
extern bool apic_is_x2;
void apic_init(void);
void apic_cpu_init(struct cpu *cpu); /* on the CPU itself: what Linux has set up */
bool apic_mmio(struct cpu *cpu, struct mmio_access *access);
bool apic_msr_read(struct cpu *cpu, u32 msr, u64 *value);
bool apic_msr_write(struct cpu *cpu, u32 msr, u64 value);
void apic_send_nmi(u32 apic_id);
void apic_send_fixed(u32 apic_id, u8 vector);
/* On the CPU itself: as after a reset, but with the timer's divider at 16 (guest-abi). */
void apic_cpu_reset(struct cpu *cpu);

/* entry.S: false where the processor raises #GP */
bool msr_try(u32 msr, u64 *value, bool write);

/* msr.c */
enum msr_result {
	MSR_DONE,
	MSR_FORBIDDEN, /* a violation */
	MSR_FAULT, /* there is no such register: #GP, as on bare metal */
};
enum msr_result msr_read(struct cpu *cpu, u32 msr, u64 *value);
enum msr_result msr_write(struct cpu *cpu, u32 msr, u64 value);

struct violation;

/* cpuid.c, pio.c; false = forbidden */
void cpuid_emulate(struct cpu *cpu);
bool pio_access(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value);
/* A forbidden access to this port, by the name of what it was to reach. */
void pio_name(const struct cpu *cpu, u16 port, struct violation *v);
void msr_bitmap_fill(struct cell *cell);
void pio_bitmap_fill(struct cell *cell);
extern const struct unit pio_unit;

/* pc.c: of cells with BH_CELL_PC */
void pc_reset(struct cell *cell);
bool pc_access(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value);

static inline bool cell_is_pc(const struct cell *cell)
{
	return cell->desc && cell->desc->flags & BH_CELL_PC;
}

/* The local APIC's page; relocating it is not supported (nobody does). */
#define APIC_PAGE 0xfee00000ull

/* ioapic.c */
extern const struct unit ioapic_unit;
void ioapic_init(void); /* reads the number of pins; fills in machine.ioapic */
void ioapic_attach(struct cell *cell); /* the trapped pages, in every cell */

/* guest state that lies in the VMCB: svm.c */
u64 guest_efer(const struct cpu *cpu);
void guest_efer_set(struct cpu *cpu, u64 value);
u64 guest_cr4(const struct cpu *cpu);
void guest_pat_set(struct cpu *cpu, u64 value);
void guest_tsc_set(struct cpu *cpu, u64 value);

/* insn.c: what stands at the guest's RIP; NULL if it cannot be fetched or decoded */
const struct x86_insn *insn_fetch(struct cpu *cpu);
/* Linear address of @offset in @segment (enum x86_segment). */
gva_t insn_linear(const struct cpu *cpu, u8 segment, u64 offset);
/*
 * Where the guest's own page tables put a data access. false: they do not allow it, and *code is the error
 * code of the #PF to raise. Marks the page accessed, and dirty for a write, as the processor does.
 */
bool guest_data(const struct cpu *cpu, gva_t address, bool write, gpa_t *at, u32 *code);
/* Copy up to @size bytes at RIP; how many there are. */
u32 insn_bytes(const struct cpu *cpu, u8 *to, u32 size);

#endif
