/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emulate.h"

#define FLAG_CF 0x001
#define FLAG_PF 0x004
#define FLAG_AF 0x010
#define FLAG_ZF 0x040
#define FLAG_SF 0x080
#define FLAG_DF 0x400
#define FLAG_OF 0x800
#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static u64 sign_extend(u64 value, u8 width)
{
	unsigned int unused = 64 - width * 8;

	return (u64)((s64)(value << unused) >> unused);
}

static u64 sign_bit(u64 value, u8 width)
{
	return value >> (width * 8 - 1) & 1;
}

static u64 reg_get(const struct x86_insn *insn, const struct x86_regs *regs)
{
	return (regs->r[insn->reg] >> insn->reg_shift) & x86_mask(insn->reg_size);
}

/* 8 and 16 bits leave the rest of the register as it was, 32 bits clear the upper half. */
static u64 merge(u64 old, u64 value, u8 size)
{
	u64 mask = size == 4 ? ~(u64)0 : x86_mask(size);

	return (old & ~mask) | (value & x86_mask(size));
}

static void reg_set(const struct x86_insn *insn, struct x86_regs *regs, u64 value)
{
	u64 *reg = &regs->r[insn->reg];

	if (insn->reg_shift)
		*reg = (*reg & ~(u64)0xff00) | (value & 0xff) << 8;
	else
		*reg = merge(*reg, value, insn->reg_size);
}

/* The operand that is not in memory, cut to the width of the access. */
static u64 second_operand(const struct x86_insn *insn, const struct x86_regs *regs)
{
	if (insn->immediate)
		return (u64)(s64)insn->imm & x86_mask(insn->width);
	return insn->reg_size ? reg_get(insn, regs) : 0;
}

u64 x86_address(const struct x86_insn *insn, const struct x86_regs *regs)
{
	u64 address = (u64)insn->disp;

	if (insn->base == X86_RIP)
		address += regs->rip + insn->len;
	else if (insn->base != X86_NO_REG)
		address += regs->r[insn->base];
	if (insn->index != X86_NO_REG)
		address += regs->r[insn->index] << insn->scale;
	/* The bit number in a register reaches beyond the operand, in both directions. */
	if (insn->op >= X86_BT && insn->op <= X86_BTC && !insn->immediate) {
		u64 bit = sign_extend(reg_get(insn, regs), insn->reg_size);

		address += (u64)((s64)bit >> 3) & ~(u64)(insn->width - 1);
	}
	return address & x86_mask(insn->address_size);
}

u64 x86_destination(const struct x86_insn *insn, const struct x86_regs *regs)
{
	return regs->r[X86_RDI] & x86_mask(insn->address_size);
}

static u64 result_flags(u64 value, u8 width)
{
	u64 flags = 0;

	if (!__builtin_parity(value & 0xff))
		flags |= FLAG_PF;
	if (value == 0)
		flags |= FLAG_ZF;
	if (sign_bit(value, width))
		flags |= FLAG_SF;
	return flags;
}

static u64 add(u64 a, u64 b, u64 carry, u8 width, u64 *flags)
{
	u64 sum = (a + b + carry) & x86_mask(width);

	*flags = result_flags(sum, width) | ((a ^ b ^ sum) & FLAG_AF);
	if (sign_bit((a & b) | ((a | b) & ~sum), width))
		*flags |= FLAG_CF;
	if (sign_bit(~(a ^ b) & (a ^ sum), width))
		*flags |= FLAG_OF;
	return sum;
}

static u64 subtract(u64 a, u64 b, u64 borrow, u8 width, u64 *flags)
{
	u64 difference = (a - b - borrow) & x86_mask(width);

	*flags = result_flags(difference, width) | ((a ^ b ^ difference) & FLAG_AF);
	if (sign_bit((~a & b) | ((~a | b) & difference), width))
		*flags |= FLAG_CF;
	if (sign_bit((a ^ b) & (a ^ difference), width))
		*flags |= FLAG_OF;
	return difference;
}

/* ADD to CMP and TEST: @flags is read for the carry and receives the status flags. */
static u64 arithmetic(u8 op, u64 a, u64 b, u8 width, u64 *flags)
{
	u64 value;

	switch (op) {
	case X86_ADD:
		return add(a, b, 0, width, flags);
	case X86_ADC:
		return add(a, b, *flags & FLAG_CF, width, flags);
	case X86_SBB:
		return subtract(a, b, *flags & FLAG_CF, width, flags);
	case X86_SUB:
	case X86_CMP:
		return subtract(a, b, 0, width, flags);
	case X86_OR:
		value = a | b;
		break;
	case X86_XOR:
		value = a ^ b;
		break;
	default:
		value = a & b;
		break;
	}
	*flags = result_flags(value, width);
	return value;
}

/* One bit at a time: at most 63 steps of an instruction that is rare on devices. */
static u64 shift(u8 op, u64 value, u64 count, u8 width, u64 *flags)
{
	u64 top = (u64)1 << (width * 8 - 1);
	u64 old = value, carry = *flags & FLAG_CF;

	count &= width == 8 ? 63 : 31;
	if (count == 0)
		return value;
	for (u64 i = 0; i < count; i++) {
		u64 in = 0, out;
		bool left = op == X86_ROL || op == X86_RCL || op == X86_SHL;

		out = left ? sign_bit(value, width) : value & 1;
		if (op == X86_ROL || op == X86_ROR)
			in = out;
		else if (op == X86_RCL || op == X86_RCR)
			in = carry;
		else if (op == X86_SAR)
			in = sign_bit(value, width);
		old = value;
		if (left)
			value = ((value << 1) | in) & x86_mask(width);
		else
			value = (value >> 1) | (in ? top : 0);
		carry = out;
	}
	/* Rotations leave the flags of the result alone. OF is defined for a count of 1: did the sign change? */
	if (op >= X86_SHL)
		*flags = result_flags(value, width);
	*flags = (*flags & ~(u64)(FLAG_CF | FLAG_OF)) | carry;
	if ((value ^ old) & top)
		*flags |= FLAG_OF;
	return value;
}

/* APM3 appendix "condition codes": pairs, of which the second is the contrary of the first. */
static bool condition_holds(u8 condition, u64 flags)
{
	bool sf_is_not_of = !(flags & FLAG_SF) != !(flags & FLAG_OF);
	bool holds;

	switch (condition >> 1) {
	case 0:
		holds = flags & FLAG_OF;
		break;
	case 1:
		holds = flags & FLAG_CF;
		break;
	case 2:
		holds = flags & FLAG_ZF;
		break;
	case 3:
		holds = flags & (FLAG_CF | FLAG_ZF);
		break;
	case 4:
		holds = flags & FLAG_SF;
		break;
	case 5:
		holds = flags & FLAG_PF;
		break;
	case 6:
		holds = sf_is_not_of;
		break;
	default:
		holds = sf_is_not_of || (flags & FLAG_ZF);
		break;
	}
	return holds != (condition & 1);
}

static u64 swap(u64 value, u8 width)
{
	return __builtin_bswap64(value) >> (64 - width * 8);
}

/*
 * What an instruction that may write makes of the value in memory and of the status flags, which
 * @flags gives and receives. CMPXCHG that finds another value writes it back, as processors do.
 */
static u64 modify(const struct x86_insn *insn, const struct x86_regs *regs, u64 in, u64 *flags)
{
	u64 second = second_operand(insn, regs);
	u64 rax = regs->r[X86_RAX] & x86_mask(insn->width);
	u64 carry = *flags & FLAG_CF;
	u64 bit;

	switch (insn->op) {
	case X86_STORE_SWAPPED:
		return swap(second, insn->width);
	case X86_CMPXCHG:
		subtract(rax, in, 0, insn->width, flags);
		return rax == in ? second : in;
	case X86_XADD:
		return add(in, second, 0, insn->width, flags);
	case X86_ADD ... X86_TEST:
		return arithmetic(insn->op, in, second, insn->width, flags);
	case X86_NOT:
		return ~in & x86_mask(insn->width);
	case X86_NEG:
		return subtract(0, in, 0, insn->width, flags);
	case X86_INC:
		in = add(in, 1, 0, insn->width, flags);
		*flags = (*flags & ~(u64)FLAG_CF) | carry;
		return in;
	case X86_DEC:
		in = subtract(in, 1, 0, insn->width, flags);
		*flags = (*flags & ~(u64)FLAG_CF) | carry;
		return in;
	case X86_BT ... X86_BTC:
		bit = (u64)1 << (second & (insn->width * 8 - 1U));
		*flags = (*flags & ~(u64)FLAG_CF) | (in & bit ? FLAG_CF : 0);
		if (insn->op == X86_BTS)
			return in | bit;
		if (insn->op == X86_BTR)
			return in & ~bit;
		return in ^ bit;
	case X86_ROL ... X86_SAR:
		return shift(insn->op, in, second, insn->width, flags);
	case X86_SETCC:
		return condition_holds(insn->condition, regs->rflags);
	case X86_MOVS:
		return in;
	}
	return second; /* STORE, STORE_IMM, XCHG, STOS */
}

u64 x86_output_other(const struct x86_insn *insn, const struct x86_regs *regs, u64 in)
{
	u64 flags = regs->rflags & FLAGS_STATUS;

	return modify(insn, regs, in, &flags);
}

/* To rDX:rAX, of bytes to AX. CF and OF say whether the upper half is needed. */
static u64 multiply_wide(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	u8 width = insn->width, bits = width * 8;
	u64 rax = reg_get(insn, regs), low, high;
	bool needed;

	if (insn->op == X86_MUL_SIGNED) {
		__int128 product =
			(__int128)(s64)sign_extend(rax, width) * (s64)sign_extend(in, width);

		low = (u64)product & x86_mask(width);
		high = (u64)(product >> bits) & x86_mask(width);
		needed = product != (s64)sign_extend(low, width);
	} else {
		unsigned __int128 product = (unsigned __int128)rax * in;

		low = (u64)product & x86_mask(width);
		high = (u64)(product >> bits);
		needed = high != 0;
	}
	if (width == 1) {
		regs->r[X86_RAX] = merge(regs->r[X86_RAX], high << 8 | low, 2);
	} else {
		regs->r[X86_RAX] = merge(regs->r[X86_RAX], low, width);
		regs->r[X86_RDX] = merge(regs->r[X86_RDX], high, width);
	}
	return result_flags(low, width) | (needed ? FLAG_CF | FLAG_OF : 0);
}

static u64 multiply(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	u8 width = insn->width;
	u64 factor =
		insn->immediate ? (u64)(s64)insn->imm : sign_extend(reg_get(insn, regs), width);
	__int128 product = (__int128)(s64)factor * (s64)sign_extend(in, width);
	u64 low = (u64)product & x86_mask(width);

	reg_set(insn, regs, low);
	return result_flags(low, width) |
	       (product != (s64)sign_extend(low, width) ? FLAG_CF | FLAG_OF : 0);
}

/* @high:@low by @divisor, where @high is the smaller: the quotient fits. The core has no libgcc. */
static u64 divide_128(u64 high, u64 low, u64 divisor, u64 *rest)
{
	u64 quotient;

	__asm__("divq %4"
		: "=a"(quotient), "=d"(*rest)
		: "a"(low), "d"(high), "rm"(divisor)
		: "cc");
	return quotient;
}

/* The flags are undefined after it; they are left alone. */
static bool divide(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	u8 width = insn->width, bits = width * 8;
	u64 low = reg_get(insn, regs), high = regs->r[X86_RDX] & x86_mask(width);
	bool sign = insn->op == X86_DIV_SIGNED;
	unsigned __int128 dividend, divisor;
	bool minus = false, minus_divisor = false;
	u64 quotient, rest, limit;

	if (width == 1)
		high = regs->r[X86_RAX] >> 8 & 0xff;
	dividend = (unsigned __int128)high << bits | low;
	divisor = in;
	if (sign && sign_bit(high, width)) {
		minus = true;
		dividend = -dividend;
		if (width != 8)
			dividend &= ((unsigned __int128)1 << (2 * bits)) - 1;
	}
	if (sign && sign_bit(in, width)) {
		minus_divisor = true;
		divisor = -in & x86_mask(width);
	}
	if ((u64)(dividend >> 64) >= (u64)divisor)
		return false;
	quotient = divide_128((u64)(dividend >> 64), (u64)dividend, (u64)divisor, &rest);
	limit = x86_mask(width);
	if (sign)
		limit = (limit >> 1) + (minus != minus_divisor);
	if (quotient > limit)
		return false;
	if (minus != minus_divisor)
		quotient = -quotient;
	if (minus)
		rest = -rest;
	if (width == 1) {
		regs->r[X86_RAX] =
			merge(regs->r[X86_RAX], (rest & 0xff) << 8 | (quotient & 0xff), 2);
	} else {
		regs->r[X86_RAX] = merge(regs->r[X86_RAX], quotient, width);
		regs->r[X86_RDX] = merge(regs->r[X86_RDX], rest, width);
	}
	return true;
}

/* BSF and BSR leave the register alone if there is no bit: so do processors, though only AMD says so. */
static u64 count_bits(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	unsigned int bits = insn->width * 8;
	u64 value;

	switch (insn->op) {
	case X86_BSF:
	case X86_BSR:
		if (in == 0)
			return FLAG_ZF;
		value = insn->op == X86_BSF ? (u64)__builtin_ctzll(in)
					    : 63 - (u64)__builtin_clzll(in);
		reg_set(insn, regs, value);
		return 0;
	case X86_TZCNT:
	case X86_LZCNT:
		value = bits;
		if (in)
			value = insn->op == X86_TZCNT ? (u64)__builtin_ctzll(in)
						      : (u64)__builtin_clzll(in) - (64 - bits);
		reg_set(insn, regs, value);
		return (in == 0 ? FLAG_CF : 0) | (value == 0 ? FLAG_ZF : 0);
	}
	value = 0;
	for (u64 rest = in; rest; rest &= rest - 1)
		value++;
	reg_set(insn, regs, value);
	return in == 0 ? FLAG_ZF : 0;
}

static void advance(const struct x86_insn *insn, struct x86_regs *regs)
{
	regs->rip = (regs->rip + insn->len) & insn->ip_mask;
}

static void step_register(const struct x86_insn *insn, struct x86_regs *regs, u8 reg, u64 step)
{
	regs->r[reg] = merge(regs->r[reg], regs->r[reg] + step, insn->address_size);
}

static bool complete_string(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	u64 step = regs->rflags & FLAG_DF ? -(u64)insn->width : insn->width;

	if (!x86_is_idle(insn, regs)) {
		if (insn->op == X86_LODS)
			reg_set(insn, regs, in);
		if (insn->op != X86_STOS)
			step_register(insn, regs, X86_RSI, step);
		if (insn->op != X86_LODS)
			step_register(insn, regs, X86_RDI, step);
		if (insn->rep)
			step_register(insn, regs, X86_RCX, -(u64)1);
	}
	if (!insn->rep || x86_count(insn, regs) == 0)
		advance(insn, regs);
	return true;
}

bool x86_complete_other(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	u64 flags = regs->rflags & FLAGS_STATUS;
	u64 value;

	switch (insn->op) {
	case X86_LOAD:
		reg_set(insn, regs, in);
		break;
	case X86_LOAD_SIGNED:
		reg_set(insn, regs, sign_extend(in, insn->width));
		break;
	case X86_LOAD_SWAPPED:
		reg_set(insn, regs, swap(in, insn->width));
		break;
	case X86_XCHG:
		reg_set(insn, regs, in);
		break;
	case X86_CMPXCHG:
		modify(insn, regs, in, &flags);
		if (!(flags & FLAG_ZF))
			regs->r[X86_RAX] = merge(regs->r[X86_RAX], in, insn->width);
		break;
	case X86_XADD:
		modify(insn, regs, in, &flags);
		reg_set(insn, regs, in);
		break;
	case X86_ADD ... X86_CMP:
		if (insn->to_reg) {
			value = arithmetic(insn->op, reg_get(insn, regs), in, insn->width, &flags);
			if (insn->op != X86_CMP)
				reg_set(insn, regs, value);
		} else {
			modify(insn, regs, in, &flags);
		}
		break;
	case X86_CMOVCC:
		value = condition_holds(insn->condition, flags) ? in : reg_get(insn, regs);
		reg_set(insn, regs, value);
		break;
	case X86_MUL:
	case X86_MUL_SIGNED:
		flags = multiply_wide(insn, regs, in);
		break;
	case X86_IMUL:
		flags = multiply(insn, regs, in);
		break;
	case X86_DIV:
	case X86_DIV_SIGNED:
		if (!divide(insn, regs, in))
			return false;
		break;
	case X86_BSF ... X86_POPCNT:
		flags = count_bits(insn, regs, in);
		break;
	case X86_STOS ... X86_MOVS:
		return complete_string(insn, regs, in);
	default:
		modify(insn, regs, in, &flags);
		break;
	}
	regs->rflags = (regs->rflags & ~(u64)FLAGS_STATUS) | flags;
	advance(insn, regs);
	return true;
}
