/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors for EL2, copied to a page of Linux that stays: the kernel's own stub cannot be put back, as nobody
 * tells a module where it is. The calls are the stub's (Documentation/virt/kvm/arm/hyp-abi.rst), so KVM, kexec and a later
 * enable find what they expect. Runs with the MMU off, anywhere.
 */
#include "resident.h"

#define SET_VECTORS 0
#define SOFT_RESTART 1
#define RESET_VECTORS 2
#define STUB_ERROR 0xbadca11

	.section .rodata, "a"
	.balign 2048
	.globl bh_resident
bh_resident:
	.rept 8
	.balign 128
	b .
	.endr
	.balign 128
	cmp x0, #RESET_VECTORS
	b.hi 2f
	b.eq 1f
	cbnz x0, 3f
	msr vbar_el2, x1
1:	mov x0, #0
	eret
2:	mov x1, #RESIDENT_QUERY
	cmp x0, x1
	b.ne 4f
	adr x0, bh_resident
	mov x1, #(RESIDENT_MAGIC & 0xffff)
	movk x1, #(RESIDENT_MAGIC >> 16), lsl #16
	eret
3:	mov x0, x2 /* SOFT_RESTART: X1 = where, X2 to X4 = its arguments */
	mov x2, x4
	mov x4, x1
	mov x1, x3
	br x4
4:	mov x0, #(STUB_ERROR & 0xffff)
	movk x0, #(STUB_ERROR >> 16), lsl #16
	eret
	.rept 7
	.balign 128
	b .
	.endr
	.balign 128
	.globl bh_resident_end
bh_resident_end:

	.section .note.GNU-stack, "", @progbits
