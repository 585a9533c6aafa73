/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder and emulation on arbitrary bytes. An input is: one byte that chooses the mode, the value
 * read from memory (8 bytes), the instruction (up to 15 bytes), the registers (the rest, repeated).
 *
 * With -fsanitize=fuzzer and DECODE_FUZZ_LIBFUZZER defined it is a fuzzer; without, a test that
 * replays the files of a corpus, each also cut to every length and with each bit of it turned over.
 */
#include <hv/arch/x86/emulate.h>

#include <string.h>

#define INPUT_MAX 256
#define INSN_AT 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static void fill_regs(struct x86_regs *regs, const u8 *data, size_t size)
{
	u8 *to = (u8 *)regs;

	memset(regs, 0, sizeof(*regs));
	for (size_t i = 0; size && i < sizeof(*regs); i++)
		to[i] = data[i % size];
}

static void check_insn(const struct x86_insn *insn, const u8 *bytes, unsigned int avail,
		       enum x86_mode mode)
{
	u8 sizes = 1 | 1 << 1 | 1 << 2 | 1 << 3;
	struct x86_insn again;
	u8 padded[X86_INSN_MAX + 1] = {0};

	expect(insn->len >= 1 && insn->len <= avail && insn->len <= X86_INSN_MAX);
	expect(insn->width && insn->width <= 8 && (sizes >> __builtin_ctz(insn->width) & 1) &&
	       !(insn->width & (insn->width - 1)));
	expect(insn->access && insn->access <= (X86_READ | X86_WRITE));
	expect(insn->address_size == 2 || insn->address_size == 4 || insn->address_size == 8);
	expect(insn->reg < 16 && insn->scale < 4 && insn->segment <= X86_GS);
	expect(insn->base < 16 || insn->base == X86_RIP || insn->base == X86_NO_REG);
	expect(insn->index < 16 || insn->index == X86_NO_REG);
	expect(insn->index != X86_RSP);
	expect(mode == X86_MODE_64 || (insn->reg < 8 && (insn->base < 8 || insn->base >= 16)));
	/* Neither more nor other bytes are needed than those it says. */
	expect(x86_decode(&again, bytes, insn->len, mode) == 0);
	expect(memcmp(&again, insn, sizeof(again)) == 0);
	expect(x86_decode(&again, bytes, insn->len - 1U, mode) == X86_TRUNCATED);
	memcpy(padded, bytes, insn->len);
	expect(x86_insn_matches(insn, padded, insn->len));
}

static void check_emulation(const struct x86_insn *insn, const struct x86_regs *before, u64 in)
{
	struct x86_regs regs = *before;
	u64 next = (before->rip + insn->len) & insn->ip_mask;
	u64 status = 0x8d5; /* OF SF ZF AF PF CF */

	expect(!(x86_address(insn, &regs) & ~x86_mask(insn->address_size)));
	in &= x86_mask(insn->width);
	if (x86_is_idle(insn, &regs)) {
		expect(x86_complete(insn, &regs, in) && regs.rip == next);
		regs.rip = before->rip;
		expect(memcmp(&regs, before, sizeof(regs)) == 0);
		return;
	}
	if (insn->access & X86_WRITE)
		expect(!(x86_output(insn, &regs, in) & ~x86_mask(insn->width)));
	if (!x86_complete(insn, &regs, in)) {
		expect(insn->op == X86_DIV || insn->op == X86_DIV_SIGNED);
		expect(memcmp(&regs, before, sizeof(regs)) == 0);
		return;
	}
	expect(regs.rip == next ||
	       (insn->rep && regs.rip == before->rip && x86_count(insn, &regs) != 0));
	expect(!((regs.rflags ^ before->rflags) & ~status));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum x86_mode mode;
	unsigned int avail;
	struct x86_insn insn;
	struct x86_regs regs;
	u64 in;
	u8 exact[X86_INSN_MAX + 1];

	if (size < INSN_AT)
		return 0;
	mode = (enum x86_mode)(data[0] % 3);
	memcpy(&in, data + 1, sizeof(in));
	data += INSN_AT;
	size -= INSN_AT;
	avail = (unsigned int)MIN(size, sizeof(exact));
	memcpy(exact, data, avail);
	fill_regs(&regs, data + avail, size - avail);
	if (x86_decode(&insn, exact, avail, mode))
		return 0;
	check_insn(&insn, exact, avail, mode);
	check_emulation(&insn, &regs, in);
	return 0;
}

#ifndef DECODE_FUZZ_LIBFUZZER
#include "replay.h"

static void test_corpus(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "decode", NULL);

	replay_folder(path, 20, 1, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fuzz/decode", test_corpus);
	return g_test_run();
}
#endif
