/* SPDX-License-Identifier: MIT */
/*
 * From the reset state to guest_start() in 64-bit mode.
 *
 * All CPUs of a cell begin at address 0 in real mode at the same time. The first one to draw the
 * ticket goes on; the others note their APIC id and wait for INIT and SIPI, which bring them to
 * ap_entry. Real mode becomes 64-bit mode in one step (APM2 14.6: PE and PG may be set together).
 */
#include <guest/x86/start.h>

#define MSR_EFER 0xc0000080
#define MSR_MTRR_DEF_TYPE 0x2ff
#define EFER_LME 0x100
#define MTRR_ENABLE 0x800
#define CR0_START 0x80010033 /* PG, WP, NE, ET, MP, PE; caches on */
#define CR4_START 0x20 /* PAE */
#define CODE64 0x08
#define DATA 0x10

/* 0xffff:0x10 is 0x100000: real mode reaches the comm region. */
#define COMM_SEGMENT 0xffff
#define COMM(address) ((address) - 0xffff0)

/*
 * Save what the CPU found. No register but ESP and FS has been touched, nor any flag. CS's base is
 * \base; ESP is at the area's START_PUSH_TOP.
 */
	.macro snapshot area, base, zero
	mov %ss, %cs:(\area - \base + START_SS)
	mov %cs:(\zero - \base), %ss
	pushfl
	pushal
	mov %ds, %cs:(\area - \base + START_DS)
	mov %es, %cs:(\area - \base + START_ES)
	mov %gs, %cs:(\area - \base + START_GS)
	mov %cs, %cs:(\area - \base + START_CS)
	sgdtl %cs:(\area - \base + START_GDTR)
	sidtl %cs:(\area - \base + START_IDTR)
	mov %cr0, %eax
	mov %eax, %cs:(\area - \base + START_CR0)
	mov %cr3, %eax
	mov %eax, %cs:(\area - \base + START_CR3)
	mov %cr4, %eax
	mov %eax, %cs:(\area - \base + START_CR4)
	mov %dr7, %eax
	mov %eax, %cs:(\area - \base + START_DR7)
	mov $MSR_EFER, %ecx
	rdmsr
	mov %eax, %cs:(\area - \base + START_EFER)
	mov %edx, %cs:(\area - \base + START_EFER + 4)
	mov $MSR_MTRR_DEF_TYPE, %ecx
	rdmsr
	mov %eax, %cs:(\area - \base + START_MTRR_DEF_TYPE)
	mov %edx, %cs:(\area - \base + START_MTRR_DEF_TYPE + 4)
	.endm

/* Caches on (guest ABI: off until MTRR_DEF_TYPE.E is set), then 64-bit mode at \target. */
	.macro enter_64 target
	mov $MSR_MTRR_DEF_TYPE, %ecx
	rdmsr
	or $MTRR_ENABLE, %eax
	wrmsr
	lgdtl gdt_pointer
	mov $page_tables, %eax
	mov %eax, %cr3
	mov $CR4_START, %eax
	mov %eax, %cr4
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $CR0_START, %eax
	mov %eax, %cr0
	ljmpl $CODE64, $\target
	.endm

	.macro save_r8_r15 area
	mov %r8, \area + START_R8
	mov %r9, \area + START_R8 + 8
	mov %r10, \area + START_R8 + 16
	mov %r11, \area + START_R8 + 24
	mov %r12, \area + START_R8 + 32
	mov %r13, \area + START_R8 + 40
	mov %r14, \area + START_R8 + 48
	mov %r15, \area + START_R8 + 56
	.endm

	.macro load_segments
	mov $DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	.endm

/* Page 0. */
	.section .boot, "awx"
	.code16
	.globl boot_entry
boot_entry:
	/* Only MOV and XCHG here: they leave the flags alone. Every CPU stores the same ESP and FS. */
	mov %esp, %cs:boot_snapshot + START_ESP
	mov %fs, %cs:boot_snapshot + START_FS
	mov %cs:comm_segment, %fs
	mov $boot_snapshot + START_PUSH_TOP, %esp
	xchg %esp, %fs:COMM(START_TICKET)
	xchg %ecx, %esp
	jecxz 1f
	jmp wait_for_sipi
1:	xchg %ecx, %esp
	mov $boot_snapshot + START_PUSH_TOP, %esp
	snapshot boot_snapshot, boot_entry, boot_zero

	xor %eax, %eax
	mov %ax, %ds
	/* The first 2 MiB one to one; memory_map() adds the rest. */
	mov $page_tables_segment, %ax
	mov %ax, %es
	xor %eax, %eax
	xor %edi, %edi
	mov $3 * 1024, %cx
	cld
	rep stosl
	movl $page_tables + 0x1007, %es:0
	movl $page_tables + 0x2007, %es:0x1000
	movl $0x83, %es:0x2000
	enter_64 boot_64

wait_for_sipi:
	mov $1, %eax
	cpuid
	shr $24, %ebx
	mov $1, %eax
	lock xadd %eax, %fs:COMM(START_NEXT)
	cmp $START_IDS_MAX, %eax
	jae 2f
	mov %bl, %fs:COMM(START_IDS)(%eax)
	lock incl %fs:COMM(START_READY)
2:	cli
	hlt
	jmp 2b

	.code64
boot_64:
	save_r8_r15 boot_snapshot
	load_segments
	mov $stack_top, %esp
	/* Initialised data is copied from its pristine image: a restart needs no reload. */
	mov $data_image, %esi
	mov $data_start, %edi
	mov $data_size, %ecx
	rep movsb
	mov $bss_start, %edi
	mov $bss_size, %ecx
	xor %eax, %eax
	rep stosb
	call guest_start
1:	cli
	hlt
	jmp 1b

	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
gdt_pointer:
	.word . - gdt - 1
	.long gdt
comm_segment:
	.word COMM_SEGMENT
boot_zero:
	.word 0
	.balign 8
	.globl boot_snapshot
boot_snapshot:
	.fill START_SIZE

/* Page 1. */
	.section .cmdline, "aw"
	.fill START_CMDLINE_SIZE

/* Page 2: CPUs started by SIPI, one at a time; CS's base is 0x2000. */
	.section .ap, "awx"
	.code16
ap_entry:
	mov %esp, %cs:(ap_snapshot - ap_entry + START_ESP)
	mov %fs, %cs:(ap_snapshot - ap_entry + START_FS)
	mov $ap_snapshot + START_PUSH_TOP, %esp
	snapshot ap_snapshot, ap_entry, ap_zero
	xor %eax, %eax
	mov %ax, %ds
	enter_64 ap_64

	.code64
ap_64:
	save_r8_r15 ap_snapshot
	load_segments
	mov ap_stack, %rsp
	xor %ebp, %ebp
	call smp_cpu_main
1:	cli
	hlt
	jmp 1b

	.balign 8
ap_zero:
	.quad 0
	.globl ap_stack
ap_stack:
	.quad 0
	.globl ap_snapshot
ap_snapshot:
	.fill START_SIZE

	.section .note.GNU-stack, "", @progbits
