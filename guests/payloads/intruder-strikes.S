/* SPDX-License-Identifier: MIT */
/*
 * The instructions the intruder strikes with, one each, made with every register known. They lie apart, so that the
 * bytes a record of one holds do not reach into the next page.
 */

	.macro strike name:req, code:vararg
	.balign 32
	.globl strike_\name
strike_\name:
	\code
	ret
	.endm

	.text
	strike load8, mov (%rdi), %al
	strike load16, mov (%rdi), %ax
	strike load32, mov (%rdi), %eax
	strike load64, mov (%rdi), %rax
	strike store8, mov %al, (%rdi)
	strike store16, mov %ax, (%rdi)
	strike store32, mov %eax, (%rdi)
	strike store64, mov %rax, (%rdi)
	strike copy, rep movsb
	strike push, pushq (%rdi)
	strike jump, jmp *%rdi
	strike tables, mov %rdi, %cr3
	strike breakpoint, int3
	strike undefined, ud2
	strike in8, in %dx, %al
	strike in16, in %dx, %ax
	strike in32, in %dx, %eax
	strike out8, out %al, %dx
	strike out16, out %ax, %dx
	strike out32, out %eax, %dx
	strike ins, rep insb
	strike rdmsr, rdmsr
	strike wrmsr, wrmsr
	strike vmmcall, vmmcall
	strike vmcall, vmcall
	strike vmrun, vmrun
	strike vmsave, vmsave
	strike clgi, clgi
	strike vmxon, vmxon (%rdi)
	strike xsetbv, xsetbv
	strike cr0, mov %rax, %cr0
	strike lmsw, lmsw %ax

/* struct strike */
#define CODE strike
#define REG(n) strike + 8 + 8 * n
#define FLAGS strike + 8 + 8 * 16
#define CALLER strike + 8 + 8 * 17

	/* void strike_run(void): everything that RET at the end of the strike cannot bring back is kept. */
	.balign 32
	.globl strike_run
strike_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, CALLER
	pushq FLAGS
	popfq
	mov REG(0), %rax
	mov REG(1), %rcx
	mov REG(2), %rdx
	mov REG(3), %rbx
	mov REG(4), %rsp
	mov REG(5), %rbp
	mov REG(6), %rsi
	mov REG(7), %rdi
	mov REG(8), %r8
	mov REG(9), %r9
	mov REG(10), %r10
	mov REG(11), %r11
	mov REG(12), %r12
	mov REG(13), %r13
	mov REG(14), %r14
	mov REG(15), %r15
	jmp *CODE

	/* Its stack holds this as where it was called from. */
	.globl strike_end
strike_end:
	mov %rax, REG(0)
	mov %rdx, REG(2)
	mov CALLER, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.section .note.GNU-stack, "", @progbits
