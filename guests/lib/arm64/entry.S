/* SPDX-License-Identifier: MIT */
/* Exception vectors, one way through C and back, and running what may be cut off by an exception. */
	.text

	.macro vector number
	.balign 128
	sub sp, sp, #272
	stp x0, x1, [sp]
	mov x0, #\number
	b common
	.endm

	.balign 2048
	.globl vectors
vectors:
	vector 0
	vector 1
	vector 2
	vector 3
	vector 4
	vector 5
	vector 6
	vector 7
	vector 8
	vector 9
	vector 10
	vector 11
	vector 12
	vector 13
	vector 14
	vector 15

	.balign 128
common:
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	stp x16, x17, [sp, #128]
	stp x18, x19, [sp, #144]
	stp x20, x21, [sp, #160]
	stp x22, x23, [sp, #176]
	stp x24, x25, [sp, #192]
	stp x26, x27, [sp, #208]
	stp x28, x29, [sp, #224]
	mrs x1, elr_el1
	mrs x2, spsr_el1
	stp x30, x1, [sp, #240]
	str x2, [sp, #256]
	mov x1, sp
	bl interrupt_dispatch
	ldr x2, [sp, #256]
	ldp x30, x1, [sp, #240]
	msr elr_el1, x1
	msr spsr_el1, x2
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
	ldp x18, x19, [sp, #144]
	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	ldp x0, x1, [sp]
	add sp, sp, #272
	eret

/*
 * int trap_run(void (*function)(void *), void *context, uint64_t **stack)
 *
 * Notes its stack in *stack, runs the function and returns -1. trap_unwind() returns from it instead.
 */
	.globl trap_run
trap_run:
	stp x29, x30, [sp, #-112]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	mrs x3, daif
	str x3, [sp, #96]
	mov x19, x2
	mov x3, sp
	str x3, [x2]
	mov x3, x0
	mov x0, x1
	blr x3
	mov w0, #-1
1:	str xzr, [x19]
	ldr x3, [sp, #96]
	msr daif, x3
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #112
	ret

/* void trap_unwind(uint64_t **stack, int result): as if the noted trap_run() returned the result. */
	.globl trap_unwind
trap_unwind:
	mov x19, x0
	ldr x3, [x0]
	mov sp, x3
	mov w0, w1
	b 1b

	.section .note.GNU-stack, "", @progbits
