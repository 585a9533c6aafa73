/* SPDX-License-Identifier: MIT */
/*
 * void pvh_enter(uint32_t entry, uint32_t start_info): leaves long mode for the state of Xen's
 * docs/misc/pvh.pandoc: flat 32-bit segments, no paging, EBX = the start info.
 */

#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define CR0_PE_ET 0x11

	.section .text.pvh, "ax"
	.code64
	.global pvh_enter
pvh_enter:
	cli
	mov	%edi, %ebp
	mov	%esi, %ebx
	lgdt	gdt_pointer(%rip)
	pushq	$0x08
	leaq	compatible(%rip), %rax
	pushq	%rax
	lretq

	.code32
compatible:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$CR0_PE_ET, %eax
	mov	%eax, %cr0
	mov	$MSR_EFER, %ecx
	rdmsr
	and	$~EFER_LME, %eax
	wrmsr
	xor	%eax, %eax
	mov	%eax, %cr4
	jmp	*%ebp

	.section .rodata.pvh, "a"
	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.quad	gdt
