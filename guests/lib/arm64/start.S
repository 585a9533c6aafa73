/* SPDX-License-Identifier: MIT */
/* From the reset state (EL1, MMU off) to guest_start() with caches on. Only the first CPU of the cell comes here. */
	.section .boot, "ax"
	.globl boot_entry
boot_entry:
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
	mov x19, x0
	bl memory_on
	ldr x0, [x19]
	mov sp, x0
	mov x0, x19
	mov x29, #0
	bl smp_cpu_main
	b .

	.ltorg

	.section .cmdline, "aw"
	.fill 4096

	.section .note.GNU-stack, "", @progbits
