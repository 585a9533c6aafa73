/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot 1 header and entry of the stand-in. */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 0, -0x1badb002

	.text
	.globl _start
_start:
	mov $stack_end, %esp
	push %ebx
	call stand_in
1:	cli
	hlt
	jmp 1b

	.bss
	.balign 16
	.fill 16384
stack_end:

	.section .note.GNU-stack, "", @progbits
