/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets for assembly; launch.c asserts that they are right. */
#ifndef HV_X86_OFFSETS_H
#define HV_X86_OFFSETS_H

#define FRAME_VMCB_PHYS (18 * 8)
#define FRAME_VMCB (19 * 8)
#define FRAME_CPU (20 * 8)
#define FRAME_SIZE (22 * 8)
#define FRAME_FROM_CPU 0 /* struct cpu begins with the address of its frame: arch.regs */
#define CPU_REQUESTS 0xb8
#define VMCB_RAX 0x5f8

#endif
