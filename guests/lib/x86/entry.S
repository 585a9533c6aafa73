/* SPDX-License-Identifier: MIT */
/* Interrupt and exception entry: one stub per vector, one way through C and back. */
	.text

/* One bit per vector for which the CPU pushes an error code: 8, 10 to 14, 17, 21, 29, 30. */
#define ERROR_CODES 0x60227d00

	.balign 16
	.globl interrupt_stubs
interrupt_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector < 32 && (ERROR_CODES >> (vector & 31)) & 1)
	pushq $0
	.endif
	pushq $vector
	jmp common
	.set vector, vector + 1
	.endr

common:
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	call interrupt_dispatch
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

/*
 * int trap_run(void (*function)(void *), void *context, uint64_t **stack)
 *
 * Notes its stack in *stack, runs the function and returns -1. trap_unwind() returns from it instead.
 */
	.globl trap_run
trap_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	pushfq
	mov %rdx, %rbx
	mov %rsp, (%rbx)
	mov %rdi, %rax
	mov %rsi, %rdi
	sub $8, %rsp
	call *%rax
	add $8, %rsp
	mov $-1, %eax
1:	movq $0, (%rbx)
	popfq
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

/* void trap_unwind(uint64_t **stack, int result): as if the noted trap_run() returned the result. */
	.globl trap_unwind
trap_unwind:
	mov %rdi, %rbx
	mov (%rbx), %rsp
	mov %esi, %eax
	jmp 1b

	.section .note.GNU-stack, "", @progbits
