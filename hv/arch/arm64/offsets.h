/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What entry.S knows of structures; launch.c asserts it. */
#ifndef HV_ARM64_OFFSETS_H
#define HV_ARM64_OFFSETS_H

#define FRAME_X0 0 /* x0 to x30 */
#define FRAME_STATE 256 /* struct el2_state, only while launching */
#define FRAME_SIZE 384
#define STATE_RESIDENT 96

#define CPU_SP 24
#define CPU_REQUESTS 8416 /* and, in the upper half, .mode */

/* Exception classes without their lowest bit: HVC and SMC, and a data abort. */
#define CLASS_CALL 0xb
#define CLASS_ACCESS 0x12

#endif
