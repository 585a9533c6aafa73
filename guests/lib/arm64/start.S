/* SPDX-License-Identifier: MIT */
/* From the reset state (EL1, MMU off) to guest_start() with caches on. Only the first CPU of the cell comes here. */
#include <guest/arm64/start.h>

	/* All registers, as they are, go to \where, and X0 points there. */
	.macro snapshot where
	msr elr_el1, x0
	adr x0, \where
	str x1, [x0, #8]
	mrs x1, elr_el1
	str x1, [x0]
	stp x2, x3, [x0, #16]
	stp x4, x5, [x0, #32]
	stp x6, x7, [x0, #48]
	stp x8, x9, [x0, #64]
	stp x10, x11, [x0, #80]
	stp x12, x13, [x0, #96]
	stp x14, x15, [x0, #112]
	stp x16, x17, [x0, #128]
	stp x18, x19, [x0, #144]
	stp x20, x21, [x0, #160]
	stp x22, x23, [x0, #176]
	stp x24, x25, [x0, #192]
	stp x26, x27, [x0, #208]
	stp x28, x29, [x0, #224]
	mov x1, sp
	stp x30, x1, [x0, #240] /* START_SP follows */
	bl snapshot_system
	.endm

	.section .boot, "ax"
	.globl boot_entry
boot_entry:
	snapshot boot_snapshot
	ldr x0, =stack_top
	mov sp, x0
	/* Initialised data is copied from its pristine image: a restart needs no reload. */
	ldr x0, =data_start
	ldr x1, =data_end
	ldr x2, =data_image
1:	cmp x0, x1
	b.hs 2f
	ldp x3, x4, [x2], #16
	stp x3, x4, [x0], #16
	b 1b
2:	ldr x0, =bss_start
	ldr x1, =page_tables + 0x2000
3:	cmp x0, x1
	b.hs 4f
	stp xzr, xzr, [x0], #16
	b 3b
4:	mov x29, #0
	bl memory_init
	bl memory_on
	bl guest_start
	b .

	/* CPU_ON: X0 = its struct cpu. */
	.globl cpu_entry
cpu_entry:
	snapshot cpu_snapshot
	ldr x19, [x0]
	bl memory_on
	ldr x0, [x19]
	mov sp, x0
	mov x0, x19
	mov x29, #0
	bl smp_cpu_main
	b .

#define SAVE(name) mrs x1, name; str x1, [x2], #8;
snapshot_system:
	add x2, x0, #START_SYSTEM
	START_SYSTEM_REGISTERS(SAVE)
	ret

	.ltorg

	/* Written before there is any other memory; each start fills them anew. */
	.balign 8
	.globl boot_snapshot
boot_snapshot:
	.fill START_SIZE
	.globl cpu_snapshot
cpu_snapshot:
	.fill START_SIZE

	.section .cmdline, "aw"
	.fill 4096

	.section .note.GNU-stack, "", @progbits
