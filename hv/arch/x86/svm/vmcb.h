/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual machine control block: APM2 appendix B; exit codes: appendix C. */
#ifndef HV_X86_VMCB_H
#define HV_X86_VMCB_H

#include <hv/core/cpu.h>
#include <hv/core/types.h>

struct vmcb_segment {
	u16 selector;
	u16 attributes; /* descriptor bits 55:52 and 47:40 */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* control area */
	u32 intercept_cr; /* 0x000: reads 15:0, writes 31:16 */
	u32 intercept_dr;
	u32 intercept_exceptions; /* 0x008 */
	u32 intercept_misc1; /* 0x00c */
	u32 intercept_misc2; /* 0x010 */
	u32 intercept_misc3;
	u8 reserved1[0x40 - 0x18];
	u64 iopm_base; /* 0x040 */
	u64 msrpm_base;
	u64 tsc_offset; /* 0x050 */
	u32 asid; /* 0x058 */
	u8 tlb_control;
	u8 reserved2[3];
	u64 interrupt_control; /* 0x060 */
	u64 interrupt_shadow; /* 0x068 */
	u64 exit_code; /* 0x070 */
	u64 exit_info1;
	u64 exit_info2; /* 0x080 */
	u64 exit_interrupt_info; /* 0x088 */
	u64 nested_control; /* 0x090 */
	u8 reserved3[0xa8 - 0x98];
	u64 event_injection; /* 0x0a8 */
	u64 nested_cr3; /* 0x0b0 */
	u64 virtual_ext;
	u32 clean; /* 0x0c0: what is unchanged since the last VMRUN */
	u32 reserved4;
	u64 next_rip; /* 0x0c8 */
	u8 insn_length; /* 0x0d0: decode assist */
	u8 insn_bytes[15];
	u8 reserved5[0x400 - 0xe0];
	/* state save area */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 0x400 */
	u8 reserved6[0x4cb - 0x4a0];
	u8 cpl; /* 0x4cb */
	u32 reserved7;
	u64 efer; /* 0x4d0 */
	u8 reserved8[0x548 - 0x4d8];
	u64 cr4; /* 0x548 */
	u64 cr3;
	u64 cr0;
	u64 dr7; /* 0x560 */
	u64 dr6;
	u64 rflags; /* 0x570 */
	u64 rip; /* 0x578 */
	u8 reserved9[0x5d8 - 0x580];
	u64 rsp; /* 0x5d8 */
	u8 reserved10[0x5f8 - 0x5e0];
	u64 rax; /* 0x5f8 */
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 cr2; /* 0x640 */
	u8 reserved11[0x668 - 0x648];
	u64 pat; /* 0x668 */
	u64 debugctl;
	u8 reserved12[0x1000 - 0x678];
} __packed;

_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "APM2 B.1");
_Static_assert(offsetof(struct vmcb, nested_cr3) == 0xb0, "APM2 B.1");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM2 B.2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM2 B.2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM2 B.2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM2 B.2");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "APM2 B.2");
_Static_assert(sizeof(struct vmcb) == 0x1000, "APM2 B.1");

/* intercept_misc1 */
#define MISC1_NMI BIT(1)
#define MISC1_INIT BIT(3)
#define MISC1_CPUID BIT(18)
#define MISC1_IRET BIT(20)
#define MISC1_INVD BIT(22)
#define MISC1_INVLPGA BIT(26)
#define MISC1_IOIO BIT(27)
#define MISC1_MSR BIT(28)
#define MISC1_SHUTDOWN BIT(31)
/* intercept_misc2 */
#define MISC2_VMRUN BIT(0)
#define MISC2_VMMCALL BIT(1)
#define MISC2_VMLOAD BIT(2)
#define MISC2_VMSAVE BIT(3)
#define MISC2_STGI BIT(4)
#define MISC2_CLGI BIT(5)
#define MISC2_SKINIT BIT(6)
#define MISC2_XSETBV BIT(13)

#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_AC 17
#define VECTOR_MC 18

#define EVENT_NMI (2u << 8)
#define EVENT_EXCEPTION (3u << 8)
#define EVENT_ERROR_CODE BIT(11)
#define EVENT_VALID BIT(31)

/* exit_code */
#define EXIT_EXCEPTION 0x40 /* + vector */
#define EXIT_NMI 0x61
#define EXIT_INIT 0x63
#define EXIT_CPUID 0x72
#define EXIT_IRET 0x74
#define EXIT_INVD 0x76
#define EXIT_INVLPGA 0x7a
#define EXIT_IOIO 0x7b
#define EXIT_MSR 0x7c
#define EXIT_SHUTDOWN 0x7f
#define EXIT_VMRUN 0x80
#define EXIT_VMMCALL 0x81
#define EXIT_SKINIT 0x86
#define EXIT_XSETBV 0x8d
#define EXIT_NPF 0x400

/* tlb_control */
#define TLB_FLUSH_ALL 1
#define TLB_FLUSH_ASID 3

/* clean bits (APM2 15.15.3) */
#define CLEAN_INTERCEPTS BIT(0)
#define CLEAN_PERMISSION_MAPS BIT(1)
#define CLEAN_ASID BIT(2)
#define CLEAN_NESTED_PAGING BIT(4)
#define CLEAN_CRX BIT(5)
#define CLEAN_DRX BIT(6)
#define CLEAN_SEGMENTS BIT(8)
#define CLEAN_CR2 BIT(9)
#define CLEAN_ALL 0xfff

/* exit_info1 of nested page faults: as a page fault's error code */
#define NPF_WRITE BIT(1)
#define NPF_FETCH BIT(4)

#endif
