/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's header, its entry from the kernel's EL2 stub, and the ways between guest and core. */
#include <bulkhead/boot.h>
#include <hv/arch/arm64/offsets.h>

#define SCTLR_ENTRY 0x30c5183d /* RES1; MMU, alignment of the stack, caches: on */
#define SCTLR_M 1
#define TCR_ENTRY 0x80803510 /* RES1; 48 bits, 4 KiB, inner shareable, walks write-back */
#define MAIR 0x04ff /* 0: memory, write-back; 1: Device-nGnRE */

	.section .header, "a"
	.globl core_header
core_header:
	.long BH_CORE_MAGIC
	.short BH_BOOT_VERSION
	.short 2 /* BH_ARCH_ARM64 */
	.quad core_start
	.long core_image_size
	.long core_memory_size
	.long core_text_size
	.long core_rodata_size
	.long core_entry_offset
	.long core_cpu_size
	.long core_boot_info_size
	.long core_shared_size
	.asciz "bulkhead 0.1.0 arm64"
	.balign 8, 0

	.section .text.entry, "ax"

	/* The vectors the loader hands to the stub: only an HVC of Linux ever comes here. MMU and caches are off. */
	.balign 2048
	.globl core_entry
core_entry:
	.rept 8
	.balign 128
	b .
	.endr
	.balign 128
	b launch_entry
	.rept 7
	.balign 128
	b .
	.endr

	/*
	 * X0 = CPU number, X1 = first page tables, X2 = top of the CPU's area, X3 = where calls for the stub are answered
	 * afterwards. X0 to X17 are the loader's to lose, all others are not.
	 */
	.balign 128
launch_entry:
	mrs x4, sctlr_el2
	mrs x5, tcr_el2
	mrs x6, mair_el2
	mrs x7, ttbr0_el2
	mov x8, sp
	msr ttbr0_el2, x1
	mov x9, #MAIR
	msr mair_el2, x9
	ldr x9, =TCR_ENTRY
	mrs x10, id_aa64mmfr0_el1
	and x10, x10, #0xf /* PARange; more than 48 bits are of no use here */
	cmp x10, #5
	mov x11, #5
	csel x10, x10, x11, ls
	bfi x9, x10, #16, #3
	msr tcr_el2, x9
	ic iallu
	tlbi alle2
	dsb nsh
	isb
	adr x12, core_entry
	ldr x9, =SCTLR_ENTRY
	msr sctlr_el2, x9
	isb
	ldr x9, =launch_continue
	br x9

launch_continue:
	ldr x9, =core_entry_offset
	sub x12, x12, x9
	ldr x9, =memory_core_phys
	str x12, [x9] /* the same from every CPU */
	sub sp, x2, #FRAME_SIZE
	str x18, [sp, #FRAME_X0 + 18 * 8]
	stp x19, x20, [sp, #FRAME_X0 + 19 * 8]
	stp x21, x22, [sp, #FRAME_X0 + 21 * 8]
	stp x23, x24, [sp, #FRAME_X0 + 23 * 8]
	stp x25, x26, [sp, #FRAME_X0 + 25 * 8]
	stp x27, x28, [sp, #FRAME_X0 + 27 * 8]
	stp x29, x30, [sp, #FRAME_X0 + 29 * 8]
	stp x4, x5, [sp, #FRAME_STATE]
	stp x6, x7, [sp, #FRAME_STATE + 16]
	str x8, [sp, #FRAME_STATE + 32]
	str x3, [sp, #FRAME_STATE + STATE_RESIDENT]
	bl launch_cpu
	cbz x0, 1f
	mov x1, sp
	b launch_commit
1:	mov x0, #1
	mov x1, sp
	add x2, sp, #FRAME_STATE
	ldr x3, [x2, #STATE_RESIDENT]
	msr vbar_el2, x3
	b launch_off

	/*
	 * void launch_off(u64 result, struct frame *frame, struct el2_state *state): EL2 as the stub had it, and on
	 * with Linux at ELR_EL2 with X0 = result. X1 to X17 are lost.
	 */
	.globl launch_off
launch_off:
	mov x17, x0
	mov x16, x1
	mov x15, x2
	ldr x0, =launch_off_physical
	bl launch_physical
	mov x14, x0
	ldr x18, [x16, #FRAME_X0 + 18 * 8]
	ldp x19, x20, [x16, #FRAME_X0 + 19 * 8]
	ldp x21, x22, [x16, #FRAME_X0 + 21 * 8]
	ldp x23, x24, [x16, #FRAME_X0 + 23 * 8]
	ldp x25, x26, [x16, #FRAME_X0 + 25 * 8]
	ldp x27, x28, [x16, #FRAME_X0 + 27 * 8]
	ldp x29, x30, [x16, #FRAME_X0 + 29 * 8]
	ldp x4, x5, [x15]
	ldp x6, x7, [x15, #16]
	ldr x8, [x15, #32]
	mov x0, x17
	br x14
launch_off_physical:
	msr sctlr_el2, x4
	isb
	msr tcr_el2, x5
	msr mair_el2, x6
	msr ttbr0_el2, x7
	tlbi alle2
	ic iallu
	dsb nsh
	isb
	mov sp, x8
	eret

	/* X0 = physical address of X0, which is in the text. Changes X1 only. */
launch_physical:
	ldr x1, =core_start
	sub x0, x0, x1
	ldr x1, =memory_core_phys
	ldr x1, [x1]
	add x0, x0, x1
	ret

	/*
	 * void memory_switch(u64 ttbr, u64 sctlr): other tables for the same addresses, with the MMU off in between, as
	 * the sizes of pages differ (DDI 0487, D8.14.1). The code is mapped one to one in both.
	 */
	.globl memory_switch
memory_switch:
	mov x4, x0
	mov x5, x1
	mov x6, x30
	ldr x0, =1f
	bl launch_physical
	mov x30, x6
	mrs x3, sctlr_el2
	bic x3, x3, #SCTLR_M
	br x0
1:	msr sctlr_el2, x3
	isb
	msr ttbr0_el2, x4
	tlbi alle2
	dsb nsh
	isb
	msr sctlr_el2, x5
	isb
	ret

	.ltorg

	/*
	 * From a guest. SP_EL2 is at the frame, TPIDR_EL2 has the struct cpu. ELR, SPSR, ESR, FAR and HPFAR stay where
	 * they are: the core takes no exception of its own.
	 *
	 * What C code does not keep for its caller is saved at once (AAPCS64, 6.1.1). The rest is still in its registers when
	 * C returns, so calls and interrupts, whose handlers look at none of it, go without saving and loading it; whatever may
	 * look at all of a guest, or end it, comes behind save_rest.
	 */
	.macro save_some
	stp x0, x1, [sp, #0]
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	stp x16, x17, [sp, #128]
	stp x18, x19, [sp, #144]
	stp x29, x30, [sp, #232]
	mrs x0, tpidr_el2
	.endm

	.macro save_rest
	stp x20, x21, [sp, #160]
	stp x22, x23, [sp, #176]
	stp x24, x25, [sp, #192]
	stp x26, x27, [sp, #208]
	str x28, [sp, #224]
	.endm

	.macro load_some
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
	ldp x18, x19, [sp, #144]
	ldr x30, [sp, #240]
	ldp x0, x1, [sp]
	.endm

	.macro guest handler
	.balign 128
	save_some
	save_rest
	bl \handler
	b guest_return
	.endm

	.macro interrupt
	.balign 128
	save_some
	bl gic_interrupt
	b guest_return_some
	.endm

	.macro core
	.balign 128
	sub sp, sp, #256
	save_some
	save_rest
	b fault_entry
	.endm

	.balign 2048
	.globl core_vectors
core_vectors:
	core
	core
	core
	core
	core
	core
	core
	core
	.balign 128
	save_some
	mrs x1, esr_el2
	ubfx x2, x1, #27, #5
	cmp x2, #CLASS_CALL
	b.ne guest_abort
	tbnz x1, #26, 1f
	bl guest_hvc
	cbnz w0, guest_return_some
	mrs x0, tpidr_el2
	b guest_more
1:	bl guest_smc
	b guest_return_some
	interrupt
	interrupt
	guest guest_serror
	guest guest_aarch32
	interrupt
	interrupt
	guest guest_serror

	/* X2 is the class without its lowest bit, which says no more here. Of x16 to x31 some are not in the frame yet. */
	.balign 128
guest_abort:
	cmp x2, #CLASS_ACCESS
	b.ne guest_more
	tbnz x1, #20, 1f
	bl guest_data
guest_return_some:
	mrs x0, tpidr_el2
	ldr x1, [x0, #CPU_REQUESTS]
	cbnz x1, 3f
	load_some
	eret
	/* Where the guest has ended meanwhile, its registers are cleared before another begins. */
3:	save_rest
	b guest_end
1:	save_rest
	bl guest_data
	b guest_return

guest_more:
	save_rest
	bl guest_sync
guest_return:
	mrs x0, tpidr_el2
	ldr x1, [x0, #CPU_REQUESTS] /* and CPU_MODE */
	cbnz x1, 2f
1:	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	load_some
	eret
2:
guest_end:
	bl cpu_idle
	b 1b

	/* void guest_resume(struct cpu *cpu): with an empty stack. */
	.globl guest_resume
guest_resume:
	ldr x1, [x0, #CPU_SP]
	mov sp, x1
	b guest_return

fault_entry:
	mov x1, sp
	b fault_handle /* does not return */

	.section .note.GNU-stack, "", @progbits
