/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passage between Linux and the core: the only code that both address spaces map, at the same
 * address. APM2 15.17: between CLGI and STGI neither interrupts nor NMIs are taken, so the moments in
 * which stack, descriptor tables and page tables do not belong together are safe.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>

#define CR4_PGE (1 << 7)
#define CR4_PCIDE (1 << 17)

	.text
	.balign 256 /* in one page or two, see launch.c */
	.globl bh_trampoline
bh_trampoline:

/*
 * u64 bh_trampoline_enter(u64 cpu, u64 cr3, u64 entry, u64 stack, struct bh_linux_state *state);
 * RDI, RSI, RDX, RCX, R8. 0: in the core's world now, as a guest; 1: refused, nothing has changed.
 */
	.globl bh_trampoline_enter
	.type bh_trampoline_enter, @function
bh_trampoline_enter:
	ENDBR
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	lea 1f(%rip), %rax
	mov %rax, 0(%r8) /* state.rip */
	mov %rsp, 8(%r8) /* state.rsp */
	mov %rsp, %r12
	mov %cr3, %r13
	mov %cr4, %r14
	clgi
	mov %r13, %rax
	and $~0xfff, %rax /* CR4.PCIDE is changed while the PCID is 0 */
	mov %rax, %cr3
	mov %r14, %rax
	and $~(CR4_PGE | CR4_PCIDE), %rax /* Linux' global translations must not be seen there */
	mov %rax, %cr4
	mov %rsi, %cr3
	mov %rcx, %rsp
	ANNOTATE_RETPOLINE_SAFE
	call *%rdx
	/* Refused. */
	mov %r14, %cr4
	mov %r13, %cr3
	mov %r12, %rsp
	stgi
	jmp 2f
1:	/* The guest begins here, with the registers of Linux but for the general ones. */
	xor %eax, %eax
2:	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	RET
	.size bh_trampoline_enter, . - bh_trampoline_enter

/*
 * long bh_trampoline_exit(void): BH_HC_DISABLE. 0: on bare metal again, with EFER.SVME still set.
 */
	.globl bh_trampoline_exit
	.type bh_trampoline_exit, @function
bh_trampoline_exit:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	xor %eax, %eax
	vmmcall
	jmp 4f /* still a guest: EAX says why */

	/*
	 * The core jumps here, natively and on its own page tables: RDI = CR3, RSI = CR4, RDX = RSP,
	 * R8 to R11 = CS, SS, DS, ES. GDTR, IDTR, TR, LDTR, FS, GS and the MSRs are Linux' already.
	 */
	.globl bh_trampoline_leave
bh_trampoline_leave:
	ENDBR
	mov %rsi, %cr4
	mov %rdi, %cr3
	mov %rdx, %rsp
	mov %r9d, %ss
	mov %r10d, %ds
	mov %r11d, %es
	push %r8
	lea 3f(%rip), %rax
	push %rax
	lretq
3:	stgi
	xor %eax, %eax
4:	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	RET
	.size bh_trampoline_exit, . - bh_trampoline_exit

	/* Stacks and page tables change in these: nothing objtool could follow. */
	STACK_FRAME_NON_STANDARD bh_trampoline_enter
	STACK_FRAME_NON_STANDARD bh_trampoline_exit

	.text
	.globl bh_trampoline_end
bh_trampoline_end:
