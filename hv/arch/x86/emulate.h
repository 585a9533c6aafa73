/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying out a decoded instruction in steps, between which the caller makes the memory accesses:
 *
 *	if (!x86_is_idle(insn, regs)) {
 *		if (insn->access & X86_READ)
 *			in = insn->width bytes at x86_address()
 *		if (insn->access & X86_WRITE)
 *			insn->width bytes at x86_address(), of MOVS at x86_destination() = x86_output(insn, regs, in)
 *	}
 *	if (!x86_complete(insn, regs, in))
 *		the guest gets #DE, nothing was changed
 *
 * Until x86_complete() nothing of @regs is changed. @in has no bits above the width, and neither has
 * the output. One call does one element of a repeated string instruction, and then leaves RIP where it
 * was until the count is zero. LOCK, TF and RF are the caller's affair.
 */
#ifndef HV_X86_EMULATE_H
#define HV_X86_EMULATE_H

#include "decode.h"

struct x86_regs {
	u64 r[16]; /* by number, see decode.h */
	u64 rip;
	u64 rflags;
};

/* Offsets in insn->segment, and in ES. The caller adds the base of the segment. */
u64 x86_address(const struct x86_insn *insn, const struct x86_regs *regs);
u64 x86_destination(const struct x86_insn *insn, const struct x86_regs *regs);

/* The cases that x86_output() and x86_complete() do not do in line. */
u64 x86_output_other(const struct x86_insn *insn, const struct x86_regs *regs, u64 in);
bool x86_complete_other(const struct x86_insn *insn, struct x86_regs *regs, u64 in);

/* @width bytes of ones. */
static inline u64 x86_mask(u8 width)
{
	return ~(u64)0 >> (64 - width * 8);
}

/* The value to write, if insn->access has X86_WRITE. */
static inline u64 x86_output(const struct x86_insn *insn, const struct x86_regs *regs, u64 in)
{
	if (likely(insn->op == X86_STORE))
		return (regs->r[insn->reg] >> insn->reg_shift) & x86_mask(insn->width);
	return x86_output_other(insn, regs, in);
}

/* Registers, flags and RIP as they are after the instruction. false: it raises #DE instead (DIV). */
static inline bool x86_complete(const struct x86_insn *insn, struct x86_regs *regs, u64 in)
{
	if (insn->op == X86_LOAD && insn->reg_size >= 4)
		regs->r[insn->reg] = in; /* 32 bits clear the upper half */
	else if (insn->op != X86_STORE)
		return x86_complete_other(insn, regs, in);
	regs->rip = (regs->rip + insn->len) & insn->ip_mask;
	return true;
}

/* How many elements a repeated string instruction has yet to do. */
static inline u64 x86_count(const struct x86_insn *insn, const struct x86_regs *regs)
{
	return regs->r[X86_RCX] & x86_mask(insn->address_size);
}

/* Nothing is accessed: a repeated instruction whose count is zero. */
static inline bool x86_is_idle(const struct x86_insn *insn, const struct x86_regs *regs)
{
	return unlikely(insn->rep) && x86_count(insn, regs) == 0;
}

#endif
