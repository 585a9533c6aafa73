/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's header, its entry, and where exceptions of the core itself arrive. */
#include <bulkhead/boot.h>
#include <hv/arch/x86/svm/offsets.h>

	.section .header, "a"
	.globl core_header
core_header:
	.long BH_CORE_MAGIC
	.short BH_BOOT_VERSION
	.short 0 /* BH_ARCH_X86 */
	.quad core_start
	.long core_image_size
	.long core_memory_size
	.long core_text_size
	.long core_rodata_size
	.long core_entry_offset
	.long core_cpu_size
	.long core_boot_info_size
	.long core_shared_size
	.asciz "bulkhead 0.1.0 x86"
	.balign 8, 0

	/*
	 * From the loader's trampoline: RDI = CPU number, RSP = top of the CPU's area, GIF = 0, on the
	 * loader's page tables. Returns to it with EAX = 1, on these page tables, if the launch fails.
	 */
	.section .text.entry, "ax"
	.globl core_entry
core_entry:
	cld
	pop %rbp /* the way back: the frame takes its place on the stack */
	sub $FRAME_SIZE, %rsp
	mov %cr3, %rbx
	call launch_cpu
	test %rax, %rax
	jz 1f
	mov %rax, %rdi
	call launch_commit /* does not return */
1:	mov %rbx, %cr3
	mov $1, %eax
	jmp *%rbp

	/* NMIs that make a CPU leave its guest, and interrupts that are drained, end here. */
	.globl fault_return
fault_return:
	iretq

	/* fault_entry_N: vector N with a frame that always has an error code. */
	.macro fault vector, has_code
	.balign 16
	.if !\has_code
	push $0
	.endif
	push $\vector
	jmp fault_common
	.endm

	.balign 16
	.globl fault_entries
fault_entries:
	.set vector, 0
	.rept 32
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
	fault vector, 1
	.else
	fault vector, 0
	.endif
	.set vector, vector + 1
	.endr
	.balign 16

fault_common:
	cmpq $msr_try_read, 2 * 8(%rsp)
	je 1f
	cmpq $msr_try_write, 2 * 8(%rsp)
	je 1f
	push %r15
	push %r14
	push %r13
	push %r12
	push %r11
	push %r10
	push %r9
	push %r8
	push %rdi
	push %rsi
	push %rbp
	push $0
	push %rbx
	push %rdx
	push %rcx
	push %rax
	mov %rsp, %rdi
	cld
	call fault_handle /* does not return */
1:	movq $msr_try_fault, 2 * 8(%rsp)
	add $16, %rsp
	iretq

	/* bool msr_try(u32 msr, u64 *value, bool write): false where the processor raises #GP */
	.globl msr_try
msr_try:
	mov %edi, %ecx
	test %dl, %dl
	jnz 1f
msr_try_read:
	rdmsr
	mov %eax, (%rsi)
	mov %edx, 4(%rsi)
	mov $1, %al
	ret
1:	mov (%rsi), %eax
	mov 4(%rsi), %edx
msr_try_write:
	wrmsr
	mov $1, %al
	ret
msr_try_fault:
	xor %eax, %eax
	ret

	/*
	 * void launch_jump(u64 cr3, u64 cr4, u64 rsp, u64 trampoline, u64 selectors): the way out. The
	 * trampoline is mapped in both worlds and takes RDI, RSI, RDX, and R8 to R11 = CS, SS, DS, ES.
	 */
	.globl launch_jump
launch_jump:
	mov %r8, %r9
	mov %r8, %r10
	mov %r8, %r11
	movzwl %r8w, %r8d
	shr $16, %r9
	movzwl %r9w, %r9d
	shr $32, %r10
	movzwl %r10w, %r10d
	shr $48, %r11
	jmp *%rcx

	.section .note.GNU-stack, "", @progbits
