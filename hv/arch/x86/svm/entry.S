/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world switch. At the top of each CPU's stack lies (see launch.c, struct frame):
 *	regs[16], rip, rflags, vmcb (physical), vmcb, cpu
 * RAX and RSP of the guest live in the VMCB; regs[RAX] is kept equal to it while the core runs.
 * VMRUN restores RSP, so the frame is found without any other register. GIF is 0 in the core.
 */
#include <hv/arch/x86/svm/offsets.h>

	.section .text.svm_run, "ax"
	.globl svm_run
	.type svm_run, @function
svm_run:
	mov FRAME_FROM_CPU(%rdi), %rsp
1:	mov (%rsp), %rdx
	mov FRAME_VMCB(%rsp), %rax
	mov %rdx, VMCB_RAX(%rax)
	mov 1*8(%rsp), %rcx
	mov 2*8(%rsp), %rdx
	mov 3*8(%rsp), %rbx
	mov 5*8(%rsp), %rbp
	mov 6*8(%rsp), %rsi
	mov 7*8(%rsp), %rdi
	mov 8*8(%rsp), %r8
	mov 9*8(%rsp), %r9
	mov 10*8(%rsp), %r10
	mov 11*8(%rsp), %r11
	mov 12*8(%rsp), %r12
	mov 13*8(%rsp), %r13
	mov 14*8(%rsp), %r14
	mov 15*8(%rsp), %r15
	mov FRAME_VMCB_PHYS(%rsp), %rax
	vmrun %rax
	mov %rcx, 1*8(%rsp)
	mov %rdx, 2*8(%rsp)
	mov %rbx, 3*8(%rsp)
	mov %rbp, 5*8(%rsp)
	mov %rsi, 6*8(%rsp)
	mov %rdi, 7*8(%rsp)
	mov %r8, 8*8(%rsp)
	mov %r9, 9*8(%rsp)
	mov %r10, 10*8(%rsp)
	mov %r11, 11*8(%rsp)
	mov %r12, 12*8(%rsp)
	mov %r13, 13*8(%rsp)
	mov %r14, 14*8(%rsp)
	mov %r15, 15*8(%rsp)
	mov FRAME_VMCB(%rsp), %rax
	mov FRAME_CPU(%rsp), %rdi
	mov VMCB_RAX(%rax), %rax
	mov %rax, (%rsp)
	call svm_exit
	mov FRAME_CPU(%rsp), %rdi
	cmpl $0, CPU_REQUESTS(%rdi)
	je 1b
	call cpu_service
	jmp 1b
	.size svm_run, . - svm_run

	.section .note.GNU-stack, "", @progbits
