/* SPDX-License-Identifier: MIT */
/* What start-up leaves behind: how each kind of CPU start found the registers. */
#ifndef GUEST_X86_START_H
#define GUEST_X86_START_H

#include <bulkhead/comm.h>

/* Offsets in struct start_snapshot, for the start-up code. */
#define START_ESP 0x00
#define START_FS 0x04
#define START_DS 0x06
#define START_ES 0x08
#define START_GS 0x0a
#define START_SS 0x0c
#define START_CS 0x0e
#define START_GDTR 0x10
#define START_IDTR 0x18
#define START_CR0 0x20
#define START_CR3 0x24
#define START_CR4 0x28
#define START_DR7 0x2c
#define START_EFER 0x30
#define START_MTRR_DEF_TYPE 0x38
#define START_GPRS 0x40
#define START_EFLAGS 0x60
#define START_PUSH_TOP 0x64 /* flags and general registers are pushed from here */
#define START_R8 0x68
#define START_SIZE 0xa8

/*
 * The start counters. They lie in the free part of the comm region, which the hypervisor clears at every
 * start of the cell, so an image that is started again without being loaded again finds them fresh.
 */
#define START_TICKET (BH_COMM_ADDRESS_X86 + 0x800) /* 0 until the first CPU has passed */
#define START_NEXT (BH_COMM_ADDRESS_X86 + 0x804) /* next free entry of START_IDS */
#define START_READY (BH_COMM_ADDRESS_X86 + 0x808) /* entries of START_IDS that are filled */
#define START_IDS (BH_COMM_ADDRESS_X86 + 0x810) /* one byte: APIC id of a waiting CPU */
#define START_IDS_MAX 255

#define START_AP_VECTOR 2 /* SIPI vector: the trampoline lies at 0x2000 */
#define START_CMDLINE 0x1000
#define START_CMDLINE_SIZE 0x1000

#ifndef __ASSEMBLER__

struct start_snapshot {
	uint32_t esp;
	uint16_t fs, ds, es, gs, ss, cs;
	uint16_t gdtr_limit;
	uint32_t gdtr_base;
	uint16_t pad0;
	uint16_t idtr_limit;
	uint32_t idtr_base;
	uint16_t pad1;
	uint32_t cr0, cr3, cr4, dr7;
	uint64_t efer;
	uint64_t mtrr_def_type;
	uint32_t edi, esi, ebp, esp_pushed, ebx, edx, ecx, eax;
	uint32_t eflags;
	uint32_t pad2;
	uint64_t r8_r15[8];
} __attribute__((packed));

_Static_assert(sizeof(struct start_snapshot) == START_SIZE, "start-up code knows the layout");

extern const struct start_snapshot boot_snapshot; /* of the CPU that runs guest_main() */
extern const struct start_snapshot ap_snapshot; /* of the CPU started last by INIT and SIPI */

#endif
#endif
