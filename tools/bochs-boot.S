/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot sector of tools/bochs-board's disk. It loads what the table behind it says (an unpacked Linux kernel and its
 * initial file system) and starts the kernel by the PVH protocol, since unpacking takes an emulated CPU minutes.
 * The layout behind the sector is that of bochs-board; the structures are those of Xen's public/arch-x86/hvm/start_info.h.
 */

#define DATA 0x7e00 /* what follows the sector */
#define DATA_SECTORS 4
#define ENTRY DATA /* u32: where the kernel begins */
#define TABLE (DATA + 8) /* u32 first sector, sectors, address; the last has no sectors */
#define START_INFO (DATA + 0x200)
#define MEMMAP_ENTRIES (START_INFO + 48)
#define MEMMAP 0x6000 /* entries of 24 bytes */
#define MEMMAP_MAX 64
#define BUFFER_SEGMENT 0x1000
#define BUFFER_SECTORS 127 /* what every BIOS reads at once */
#define STACK 0x5ff0

	.code16
	.text
	.globl _start
_start:
	ljmp $0, $1f
1:	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $STACK, %sp
	mov %dl, drive
	in $0x92, %al /* the 21st address line */
	or $2, %al
	and $0xfe, %al
	out %al, $0x92

	/* Data segments that reach everywhere, kept while the rest is real mode. */
	lgdt gdt_pointer
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	mov $flat_data - gdt, %bx
	mov %bx, %ds
	mov %bx, %es
	and $0xfe, %al
	mov %eax, %cr0
	xor %bx, %bx
	mov %bx, %ds
	mov %bx, %es

	movl $1, packet_lba
	movw $DATA_SECTORS, packet_count
	movw $DATA, packet_offset
	movw $0, packet_segment
	call read
	movw $0, packet_offset
	movw $BUFFER_SEGMENT, packet_segment

	mov $TABLE, %si
next_piece:
	mov (%si), %eax
	mov 4(%si), %ecx
	mov 8(%si), %edi
	add $12, %si
	jecxz memory
	mov %eax, packet_lba
next_read:
	mov $BUFFER_SECTORS, %eax
	cmp %eax, %ecx
	jae 1f
	mov %ecx, %eax
1:	mov %ax, packet_count
	call read
	add %eax, packet_lba
	sub %eax, %ecx
	push %ecx
	push %esi
	mov %eax, %ecx
	shl $7, %ecx /* sectors to words of 32 bits */
	mov $BUFFER_SEGMENT << 4, %esi
	cld
	addr32 rep movsl
	pop %esi
	pop %ecx
	test %ecx, %ecx
	jnz next_read
	jmp next_piece

	/* What memory there is, in the form the kernel takes: int 15h gives the first 20 bytes of each entry. */
memory:	xor %ebx, %ebx
	mov $MEMMAP, %edi
1:	mov $0xe820, %eax
	mov $0x534d4150, %edx
	mov $20, %ecx
	int $0x15
	jc 2f
	movl $0, 20(%di)
	add $24, %di
	incl MEMMAP_ENTRIES
	test %ebx, %ebx
	jz 2f
	cmpw $MEMMAP + 24 * MEMMAP_MAX, %di
	jb 1b
2:	cli
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $flat_code - gdt, $protected

/* One request to the BIOS, which may change the count; all registers stay. */
read:	pushal
	mov $0x42, %ah
	mov drive, %dl
	mov $packet, %si
	int $0x13
	jc failed
	popal
	ret

/* The console of the machine shows where it stopped, as nothing else can. */
failed:	mov $'!', %al
	mov $0x3f8, %dx
	out %al, %dx
1:	hlt
	jmp 1b

	.code32
protected:
	mov $flat_data - gdt, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $START_INFO, %ebx
	jmp *ENTRY

	.balign 8
gdt:	.quad 0
flat_code:
	.quad 0x00cf9a000000ffff
flat_data:
	.quad 0x00cf92000000ffff
gdt_pointer:
	.word . - gdt - 1
	.long gdt

packet:	.byte 16, 0
packet_count:
	.word 0
packet_offset:
	.word 0
packet_segment:
	.word 0
packet_lba:
	.quad 0
drive:	.byte 0

	.org 510
	.word 0xaa55
