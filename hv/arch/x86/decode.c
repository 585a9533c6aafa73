/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decode.h"

struct decoder {
	struct x86_insn *insn;
	const u8 *bytes;
	unsigned int avail;
	unsigned int at;
	enum x86_mode mode;
	int error; /* of fetching: TRUNCATED or TOO_LONG */
	bool operand_prefix;
	u8 repeat; /* the last of F2 and F3, or 0 */
	bool rex_present;
	u8 rex;
	u8 operand_size;
	bool segment_given;
	bool register_form; /* ModRM names a register instead of memory */
	u8 modrm_reg; /* with REX.R */
};

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

/* After the end it yields zeros: the error is looked at once, at the end. */
static u8 fetch(struct decoder *d)
{
	if (d->at >= X86_INSN_MAX) {
		if (!d->error)
			d->error = X86_TOO_LONG;
		return 0;
	}
	if (d->at >= d->avail) {
		if (!d->error)
			d->error = X86_TRUNCATED;
		return 0;
	}
	return d->bytes[d->at++];
}

static s64 fetch_signed(struct decoder *d, u8 size)
{
	u64 value = 0;
	unsigned int unused = 64 - size * 8;

	if (size == 0)
		return 0;
	for (unsigned int i = 0; i < size; i++)
		value |= (u64)fetch(d) << (i * 8);
	return (s64)(value << unused) >> unused;
}

static void segment_override(struct decoder *d, enum x86_segment segment)
{
	/* APM1 "Segment-Override Prefixes": in 64-bit mode those of ES, CS, SS and DS are ignored. */
	if (d->mode == X86_MODE_64 && segment < X86_FS)
		return;
	d->insn->segment = segment;
	d->segment_given = true;
}

/* Fetches the prefixes and returns the first byte of the opcode. */
static u8 decode_prefixes(struct decoder *d)
{
	bool address_prefix = false;

	for (;;) {
		u8 byte = fetch(d);

		/* Only a REX directly before the opcode counts. */
		if (d->mode == X86_MODE_64 && byte >= 0x40 && byte <= 0x4f) {
			d->rex = byte;
			d->rex_present = true;
			continue;
		}
		switch (byte) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			segment_override(d, (enum x86_segment)(byte >> 3 & 3));
			break;
		case 0x64:
		case 0x65:
			segment_override(d, (enum x86_segment)(byte & 7));
			break;
		case 0x66:
			d->operand_prefix = true;
			break;
		case 0x67:
			address_prefix = true;
			break;
		case 0xf0:
			d->insn->lock = true;
			break;
		case 0xf2:
		case 0xf3:
			d->repeat = byte;
			break;
		default:
			d->operand_size = (d->mode == X86_MODE_16) != d->operand_prefix ? 2 : 4;
			if (d->rex & REX_W)
				d->operand_size = 8;
			if (d->mode == X86_MODE_64)
				d->insn->address_size = address_prefix ? 4 : 8;
			else
				d->insn->address_size =
					(d->mode == X86_MODE_16) != address_prefix ? 2 : 4;
			return byte;
		}
		d->rex = 0;
		d->rex_present = false;
	}
}

static void memory_operand(struct decoder *d, u8 base, u8 index, u8 scale, s64 disp)
{
	d->insn->base = base;
	d->insn->index = index;
	d->insn->scale = scale;
	d->insn->disp = disp;
	if (!d->segment_given)
		d->insn->segment = base == X86_RSP || base == X86_RBP ? X86_SS : X86_DS;
}

static void decode_memory16(struct decoder *d, u8 mod, u8 rm)
{
	static const u8 bases[8] = {X86_RBX, X86_RBX, X86_RBP, X86_RBP,
				    X86_RSI, X86_RDI, X86_RBP, X86_RBX};
	u8 base = bases[rm];
	u8 index = rm < 4 ? (rm & 1 ? X86_RDI : X86_RSI) : X86_NO_REG;

	if (mod == 0 && rm == 6)
		memory_operand(d, X86_NO_REG, X86_NO_REG, 0, fetch_signed(d, 2));
	else
		memory_operand(d, base, index, 0, fetch_signed(d, mod));
}

static void decode_memory32(struct decoder *d, u8 mod, u8 rm)
{
	u8 base = rm, index = X86_NO_REG, scale = 0;
	bool sib = rm == X86_RSP;

	if (sib) {
		u8 byte = fetch(d);

		base = byte & 7;
		index = (byte >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
		scale = byte >> 6;
		if (index == X86_RSP) {
			index = X86_NO_REG;
			scale = 0;
		}
	}
	/* The exception looks at the three bits only: R13 is no base here either. */
	if (mod == 0 && base == X86_RBP) {
		base = sib || d->mode != X86_MODE_64 ? X86_NO_REG : X86_RIP;
		mod = 2;
	} else if (d->rex & REX_B) {
		base |= 8;
	}
	memory_operand(d, base, index, scale, fetch_signed(d, mod == 2 ? 4 : mod));
}

/* Returns the three bits in the middle, which in many opcodes choose the operation. */
static u8 decode_modrm(struct decoder *d)
{
	u8 byte = fetch(d);
	u8 middle = byte >> 3 & 7;

	d->modrm_reg = middle | (d->rex & REX_R ? 8 : 0);
	d->register_form = byte >= 0xc0;
	if (d->register_form)
		return middle;
	if (d->insn->address_size == 2)
		decode_memory16(d, byte >> 6, byte & 7);
	else
		decode_memory32(d, byte >> 6, byte & 7);
	return middle;
}

static void use_reg(struct decoder *d, u8 reg, u8 size)
{
	/* Without REX, 4 to 7 are the second bytes of the first four registers. */
	if (size == 1 && reg >= 4 && !d->rex_present) {
		reg -= 4;
		d->insn->reg_shift = 8;
	}
	d->insn->reg = reg;
	d->insn->reg_size = size;
}

static void use_imm(struct decoder *d, u8 size)
{
	d->insn->imm = (s32)fetch_signed(d, size > 4 ? 4 : size);
	d->insn->immediate = true;
}

static int set_op(struct decoder *d, enum x86_op op, u8 width)
{
	d->insn->op = op;
	d->insn->width = width;
	return 0;
}

/* OP memory, register of the same width. */
static int memory_reg(struct decoder *d, enum x86_op op, u8 width)
{
	decode_modrm(d);
	use_reg(d, d->modrm_reg, width);
	return set_op(d, op, width);
}

/* OP register, memory: of different widths if it is one of those that extend. */
static int reg_memory(struct decoder *d, enum x86_op op, u8 size, u8 width)
{
	decode_modrm(d);
	use_reg(d, d->modrm_reg, size);
	d->insn->to_reg = true;
	return set_op(d, op, width);
}

/* The group F6, F7. */
static int decode_unary(struct decoder *d, u8 width)
{
	enum x86_op op = X86_TEST + decode_modrm(d);

	if (op <= X86_TEST_ALIAS) {
		use_imm(d, width);
		op = X86_TEST;
	} else if (op >= X86_MUL) {
		use_reg(d, X86_RAX, width);
	}
	return set_op(d, op, width);
}

/* The groups C0, C1, D0 to D3. */
static int decode_shift(struct decoder *d, u8 opcode, u8 width)
{
	enum x86_op op = X86_ROL + decode_modrm(d);

	if (op == X86_SHL_ALIAS)
		op = X86_SHL;
	if (opcode < 0xd0) {
		use_imm(d, 1);
	} else if (opcode < 0xd2) {
		d->insn->imm = 1;
		d->insn->immediate = true;
	} else {
		use_reg(d, X86_RCX, 1);
	}
	return set_op(d, op, width);
}

/* A0 to A3: the address follows the opcode, the register is rAX. */
static int decode_moffs(struct decoder *d, enum x86_op op, u8 width)
{
	use_reg(d, X86_RAX, width);
	d->insn->to_reg = op == X86_LOAD;
	memory_operand(d, X86_NO_REG, X86_NO_REG, 0, fetch_signed(d, d->insn->address_size));
	return set_op(d, op, width);
}

/* The addressing of MOVS is that of its source; the destination is always ES:rDI. */
static int decode_string(struct decoder *d, enum x86_op op, u8 width)
{
	struct x86_insn *insn = d->insn;

	memory_operand(d, X86_RSI, X86_NO_REG, 0, 0);
	if (op == X86_STOS) {
		insn->base = X86_RDI;
		insn->segment = X86_ES;
	}
	if (op != X86_MOVS)
		use_reg(d, X86_RAX, width);
	insn->to_reg = op == X86_LODS;
	/* The repeat forms that compare do not exist for these: F2 does what F3 does. */
	insn->rep = d->repeat != 0;
	return set_op(d, op, width);
}

static int decode_0f38(struct decoder *d)
{
	u8 opcode = fetch(d);

	/* With F2 it is CRC32. */
	if ((opcode != 0xf0 && opcode != 0xf1) || d->repeat)
		return X86_UNSUPPORTED;
	if (opcode == 0xf0)
		return reg_memory(d, X86_LOAD_SWAPPED, d->operand_size, d->operand_size);
	return memory_reg(d, X86_STORE_SWAPPED, d->operand_size);
}

static int decode_bit_imm(struct decoder *d)
{
	u8 digit = decode_modrm(d);

	if (digit < 4)
		return X86_UNSUPPORTED;
	use_imm(d, 1);
	return set_op(d, X86_BT + digit - 4, d->operand_size);
}

static int decode_0f(struct decoder *d)
{
	u8 opcode = fetch(d);
	u8 size = d->operand_size;
	u8 width = opcode & 1 ? size : 1;

	switch (opcode) {
	case 0x38:
		return decode_0f38(d);
	case 0x40 ... 0x4f:
		d->insn->condition = opcode & 15;
		return reg_memory(d, X86_CMOVCC, size, size);
	case 0x90 ... 0x9f:
		d->insn->condition = opcode & 15;
		decode_modrm(d);
		return set_op(d, X86_SETCC, 1);
	case 0xa3:
	case 0xab:
	case 0xb3:
	case 0xbb:
		return memory_reg(d, X86_BT + (opcode >> 3 & 3), size);
	case 0xba:
		return decode_bit_imm(d);
	case 0xaf:
		return reg_memory(d, X86_IMUL, size, size);
	case 0xb0:
	case 0xb1:
		return memory_reg(d, X86_CMPXCHG, width);
	case 0xb6:
	case 0xb7:
		return reg_memory(d, X86_LOAD, size, opcode & 1 ? 2 : 1);
	case 0xbe:
	case 0xbf:
		return reg_memory(d, X86_LOAD_SIGNED, size, opcode & 1 ? 2 : 1);
	case 0xb8:
		if (d->repeat != 0xf3)
			return X86_UNSUPPORTED;
		return reg_memory(d, X86_POPCNT, size, size);
	case 0xbc:
		return reg_memory(d, d->repeat == 0xf3 ? X86_TZCNT : X86_BSF, size, size);
	case 0xbd:
		return reg_memory(d, d->repeat == 0xf3 ? X86_LZCNT : X86_BSR, size, size);
	case 0xc0:
	case 0xc1:
		return memory_reg(d, X86_XADD, width);
	case 0xc3:
		if (d->operand_prefix || d->repeat)
			return X86_UNSUPPORTED;
		return memory_reg(d, X86_STORE, d->rex & REX_W ? 8 : 4);
	}
	return X86_UNSUPPORTED;
}

/* 00 to 3F: the low three bits are the form, the others the operation. */
static int decode_arithmetic(struct decoder *d, u8 opcode, u8 width)
{
	enum x86_op op = X86_ADD + (opcode >> 3);

	switch (opcode & 7) {
	case 0:
	case 1:
		return memory_reg(d, op, width);
	case 2:
	case 3:
		return reg_memory(d, op, width, width);
	}
	return X86_UNSUPPORTED;
}

static int decode_opcode(struct decoder *d, u8 opcode)
{
	u8 size = d->operand_size;
	u8 width = opcode & 1 ? size : 1;
	u8 digit;

	switch (opcode) {
	case 0x0f:
		return decode_0f(d);
	case 0x00 ... 0x0e:
	case 0x10 ... 0x3f:
		return decode_arithmetic(d, opcode, width);
	case 0x63:
		/* Outside 64-bit mode it is ARPL; of 16 bits, AMD and Intel read different widths. */
		if (d->mode != X86_MODE_64 || size == 2)
			return X86_UNSUPPORTED;
		return reg_memory(d, X86_LOAD_SIGNED, size, 4);
	case 0x69:
	case 0x6b:
		reg_memory(d, X86_IMUL, size, size);
		use_imm(d, opcode == 0x6b ? 1 : size);
		return 0;
	case 0x82:
		if (d->mode == X86_MODE_64)
			return X86_UNSUPPORTED;
		/* fall through */
	case 0x80:
	case 0x81:
	case 0x83:
		digit = decode_modrm(d);
		use_imm(d, opcode == 0x81 ? size : 1);
		return set_op(d, X86_ADD + digit, width);
	case 0x84:
	case 0x85:
		return memory_reg(d, X86_TEST, width);
	case 0x86:
	case 0x87:
		return memory_reg(d, X86_XCHG, width);
	case 0x88:
	case 0x89:
		return memory_reg(d, X86_STORE, width);
	case 0x8a:
	case 0x8b:
		return reg_memory(d, X86_LOAD, width, width);
	case 0xa0:
	case 0xa1:
		return decode_moffs(d, X86_LOAD, width);
	case 0xa2:
	case 0xa3:
		return decode_moffs(d, X86_STORE, width);
	case 0xa4:
	case 0xa5:
		return decode_string(d, X86_MOVS, width);
	case 0xaa:
	case 0xab:
		return decode_string(d, X86_STOS, width);
	case 0xac:
	case 0xad:
		return decode_string(d, X86_LODS, width);
	case 0xc0:
	case 0xc1:
	case 0xd0 ... 0xd3:
		return decode_shift(d, opcode, width);
	case 0xc6:
	case 0xc7:
		if (decode_modrm(d) != 0)
			return X86_UNSUPPORTED;
		use_imm(d, width);
		return set_op(d, X86_STORE_IMM, width);
	case 0xf6:
	case 0xf7:
		return decode_unary(d, width);
	case 0xfe:
	case 0xff:
		digit = decode_modrm(d);
		if (digit > 1)
			return X86_UNSUPPORTED;
		return set_op(d, X86_INC + digit, width);
	}
	return X86_UNSUPPORTED;
}

static u8 access_of(const struct x86_insn *insn)
{
	switch (insn->op) {
	case X86_STORE:
	case X86_STORE_IMM:
	case X86_STORE_SWAPPED:
	case X86_SETCC:
	case X86_STOS:
		return X86_WRITE;
	case X86_CMP:
	case X86_TEST:
	case X86_MUL ... X86_DIV_SIGNED:
	case X86_BT:
		return X86_READ;
	}
	return insn->to_reg ? X86_READ : X86_READ | X86_WRITE;
}

/* APM3 "LOCK prefix": only what reads, changes and writes memory, and no shift and no string. */
static bool lock_allowed(const struct x86_insn *insn)
{
	return insn->access == (X86_READ | X86_WRITE) &&
	       !(insn->op >= X86_ROL && insn->op <= X86_SAR) && insn->op != X86_MOVS;
}

int x86_decode(struct x86_insn *insn, const u8 *bytes, unsigned int avail, enum x86_mode mode)
{
	struct decoder d = {.insn = insn, .bytes = bytes, .avail = avail, .mode = mode};
	int refusal;

	*insn = (struct x86_insn){0};
	refusal = decode_opcode(&d, decode_prefixes(&d));
	if (d.error)
		return d.error;
	if (refusal)
		return refusal;
	if (d.register_form)
		return X86_NO_MEMORY;
	insn->access = access_of(insn);
	if (insn->lock && !lock_allowed(insn))
		return X86_BAD_LOCK;
	insn->ip_mask = mode == X86_MODE_64 ? ~(u64)0 : 0xffffffff;
	insn->len = d.at;
	for (unsigned int i = 0; i < d.at; i++)
		insn->bytes[i] = bytes[i];
	return 0;
}
