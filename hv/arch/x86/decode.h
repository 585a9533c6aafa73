/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an instruction does to memory. A pure function of its bytes: nothing is read but them.
 *
 * Taken is what compilers emit for volatile and atomic accesses in C of 8 to 64 bits and what Linux's
 * accessors emit; everything else is refused with the reason. See Intel SDM Vol. 2 and APM3 for
 * the encodings.
 */
#ifndef HV_X86_DECODE_H
#define HV_X86_DECODE_H

#include <hv/core/types.h>

#define X86_INSN_MAX 15

/* By CS.L and CS.D. */
enum x86_mode { X86_MODE_16, X86_MODE_32, X86_MODE_64 };

/* Where an order follows the encoding the decoder adds the encoded number to the first. */
enum x86_op {
	X86_STORE, /* MOV, MOVNTI */
	X86_STORE_IMM,
	X86_STORE_SWAPPED, /* MOVBE */
	X86_LOAD, /* MOV, MOVZX */
	X86_LOAD_SIGNED, /* MOVSX, MOVSXD */
	X86_LOAD_SWAPPED,
	X86_XCHG,
	X86_CMPXCHG,
	X86_XADD,
	X86_ADD, /* these eight in encoding order */
	X86_OR,
	X86_ADC,
	X86_SBB,
	X86_AND,
	X86_SUB,
	X86_XOR,
	X86_CMP,
	X86_TEST, /* these six too, the first twice: /1 does what /0 does */
	X86_TEST_ALIAS,
	X86_NOT,
	X86_NEG,
	X86_MUL,
	X86_MUL_SIGNED, /* IMUL with one operand: to rDX:rAX */
	X86_DIV,
	X86_DIV_SIGNED,
	X86_INC,
	X86_DEC,
	X86_BT, /* encoding order */
	X86_BTS,
	X86_BTR,
	X86_BTC,
	X86_ROL, /* encoding order */
	X86_ROR,
	X86_RCL,
	X86_RCR,
	X86_SHL,
	X86_SHR,
	X86_SHL_ALIAS,
	X86_SAR,
	X86_IMUL, /* two or three operands: truncated to the register */
	X86_BSF,
	X86_BSR,
	X86_TZCNT,
	X86_LZCNT,
	X86_POPCNT,
	X86_SETCC,
	X86_CMOVCC,
	X86_STOS,
	X86_LODS,
	X86_MOVS,
};

enum x86_segment { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS };

/* Registers have their encoding's number: rAX rCX rDX rBX rSP rBP rSI rDI R8 … R15. */
enum {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_RIP = 16, /* as a base: the address of the next instruction */
	X86_NO_REG = 17,
};

#define X86_READ 1
#define X86_WRITE 2

struct x86_insn {
	s64 disp;
	u64 ip_mask; /* what the instruction pointer is cut to when it moves on */
	s32 imm; /* sign-extended to the operand size */
	u8 bytes[X86_INSN_MAX + 1]; /* len of them, the rest is zero */
	u8 len;
	u8 op; /* enum x86_op */
	u8 access; /* X86_READ, X86_WRITE; of MOVS the read is at its source, the write at its destination */
	u8 width; /* of the memory access: 1, 2, 4, 8 bytes */
	u8 reg; /* 0 to 15: the register operand, also where it is implied (rAX, CL) */
	u8 reg_shift; /* 8 for AH, CH, DH, BH, where reg is 0 to 3; else 0 */
	u8 reg_size; /* 1, 2, 4, 8 bytes; 0: there is no register operand */
	bool immediate; /* the second operand is imm and not reg */
	bool to_reg; /* the register is the destination or the left side: reg OP= memory */
	u8 condition; /* of SETcc and CMOVcc */
	bool lock;
	bool rep; /* of string instructions only */
	u8 address_size; /* 2, 4, 8 bytes */
	u8 segment; /* enum x86_segment; in 64-bit mode only FS and GS have a base */
	u8 base; /* register, X86_RIP or X86_NO_REG */
	u8 index; /* register or X86_NO_REG */
	u8 scale; /* the index is shifted left by this */
};

enum x86_refusal {
	X86_TRUNCATED = -1, /* it may be one, but more bytes are needed to tell */
	X86_TOO_LONG = -2, /* longer than 15 bytes: no processor executes it */
	X86_UNSUPPORTED = -3, /* not among the instructions taken, or not an instruction */
	X86_NO_MEMORY = -4, /* its operands are registers */
	X86_BAD_LOCK = -5, /* LOCK where no processor takes it */
};

/* 0, or why it is refused (enum x86_refusal); @insn is then undefined. */
int x86_decode(struct x86_insn *insn, const u8 *bytes, unsigned int avail, enum x86_mode mode);

/*
 * Does an instruction decoded before stand in @bytes too? Reads X86_INSN_MAX + 1 bytes of it, of which
 * @avail count.
 */
static inline bool x86_insn_matches(const struct x86_insn *insn, const u8 *bytes,
				    unsigned int avail)
{
	u64 have[2], want[2], low, high;

	if (insn->len > avail)
		return false;
	__builtin_memcpy(have, bytes, sizeof(have));
	__builtin_memcpy(want, insn->bytes, sizeof(want));
	low = insn->len >= 8 ? 0 : ~(u64)0 << (insn->len * 8);
	high = insn->len <= 8 ? ~(u64)0 : ~(u64)0 << (insn->len * 8 - 64);
	return (((have[0] ^ want[0]) & ~low) | ((have[1] ^ want[1]) & ~high)) == 0;
}

#endif
