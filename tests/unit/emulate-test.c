/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulation against the processor this test runs on: the very bytes are executed natively, and
 * registers, flags and memory must come out alike. What 64-bit mode cannot show is tested by hand.
 */
#define _GNU_SOURCE /* REG_RIP, MAP_32BIT */
#include <hv/arch/x86/emulate.h>

#include <asm/prctl.h>
#include <cpuid.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define STATUS_FLAGS 0x8d5
#define ALL_FLAGS (STATUS_FLAGS | 0x400)
#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define OF 0x800

#define MEMORY_SIZE 4096
#define GS_BASE 0x12340

/* Below 2 GiB, so that 32-bit addresses and displacements reach all of it. */
struct arena {
	u8 code[4096];
	struct x86_regs regs; /* loaded before and stored after the instruction */
	u64 host_rsp;
	_Alignas(4096) u8 memory[MEMORY_SIZE];
};

static struct arena *arena;
static u8 *slot; /* where the instruction goes */
static u8 *leave; /* where it jumps to afterwards */
static volatile sig_atomic_t caught; /* the signal it raised */

static guint64 random_state = 1;

static u64 random_next(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Values at which carries and signs change are as likely as others. */
static u64 random_value(void)
{
	u64 value = random_next();

	switch (random_next() % 8) {
	case 0:
		return 0;
	case 1:
		return ~(u64)0;
	case 2:
		return value % 80;
	case 3:
		return (u64)1 << (value % 64);
	case 4:
		return ((u64)1 << (value % 64)) - 1;
	}
	return value;
}

static u8 *put32(u8 *at, const void *target)
{
	s32 distance = (s32)((const u8 *)target - (at + 4));

	memcpy(at, &distance, 4);
	return at + 4;
}

/* MOV between a register and memory relative to RIP. */
static u8 *put_move(u8 *at, u8 opcode, unsigned int reg, void *memory)
{
	*at++ = reg & 8 ? 0x4c : 0x48;
	*at++ = opcode;
	*at++ = (u8)((reg & 7) << 3 | 5);
	return put32(at, memory);
}

/*
 * The code around the instruction: save the host's registers, load those of the arena, here the
 * instruction, store them, restore. Only MOVs stand between flags and instruction.
 */
static void build_code(void)
{
	static const u8 save[] = {0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57, 0x9c};
	static const u8 restore[] = {0x9d, 0x41, 0x5f, 0x41, 0x5e, 0x41,
				     0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3};
	u8 *at = arena->code;

	memcpy(at, save, sizeof(save));
	at = put_move(at + sizeof(save), 0x89, X86_RSP, &arena->host_rsp);
	*at++ = 0xff; /* push flags; popf */
	*at++ = 0x35;
	at = put32(at, &arena->regs.rflags);
	*at++ = 0x9d;
	for (unsigned int reg = 0; reg < 16; reg++)
		at = put_move(at, 0x8b, reg, &arena->regs.r[reg]);
	slot = at;
	leave = at + 32;
	at = leave;
	for (unsigned int reg = 0; reg < 16; reg++)
		at = put_move(at, 0x89, reg, &arena->regs.r[reg]);
	at = put_move(at, 0x8b, X86_RSP, &arena->host_rsp);
	*at++ = 0x9c; /* pushf; pop flags */
	*at++ = 0x8f;
	*at++ = 0x05;
	at = put32(at, &arena->regs.rflags);
	memcpy(at, restore, sizeof(restore));
}

static void on_signal(int signal, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	greg_t rip = context->uc_mcontext.gregs[REG_RIP];

	(void)info;
	if (rip < (greg_t)(gsize)slot || rip >= (greg_t)(gsize)leave)
		_exit(99);
	caught = signal;
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)(gsize)leave;
}

static void native(const struct x86_insn *insn)
{
	void (*run)(void);

	memcpy(slot, insn->bytes, insn->len);
	slot[insn->len] = 0xe9;
	put32(slot + insn->len + 1, leave);
	caught = 0;
	memcpy(&run, &(u8 *){arena->code}, sizeof(run));
	run();
}

/* The protocol of emulate.h, on a copy of the memory. */
static bool emulate(const struct x86_insn *insn, struct x86_regs *regs, u8 *memory)
{
	u64 start = regs->rip;
	u64 origin = (u64)(gsize)arena->memory;

	do {
		struct x86_regs before = *regs;
		u64 base = insn->segment == X86_GS ? GS_BASE : 0;
		u64 in = 0, out, offset;

		if (!x86_is_idle(insn, regs)) {
			offset = x86_address(insn, regs) + base - origin;
			g_assert_cmpuint(offset, <=, MEMORY_SIZE - insn->width);
			if (insn->access & X86_READ)
				memcpy(&in, memory + offset, insn->width);
			if (insn->access & X86_WRITE) {
				out = x86_output(insn, regs, in);
				g_assert_cmpuint(out & ~x86_mask(insn->width), ==, 0);
				if (insn->op == X86_MOVS)
					offset = x86_destination(insn, regs) - origin;
				g_assert_cmpuint(offset, <=, MEMORY_SIZE - insn->width);
				memcpy(memory + offset, &out, insn->width);
			}
		}
		g_assert_cmpmem(&before, sizeof(before), regs, sizeof(*regs));
		if (!x86_complete(insn, regs, in)) {
			g_assert_cmpmem(&before, sizeof(before), regs, sizeof(*regs));
			return false;
		}
	} while (regs->rip == start);
	g_assert_cmpuint(regs->rip, ==, start + insn->len);
	return true;
}

/* The flags the manuals define after the instruction: those it does not touch are among them. */
static u64 defined_flags(const struct x86_insn *insn, const struct x86_regs *regs)
{
	u64 count;

	switch (insn->op) {
	case X86_OR:
	case X86_AND:
	case X86_XOR:
	case X86_TEST:
		return ALL_FLAGS & ~AF;
	case X86_MUL:
	case X86_MUL_SIGNED:
	case X86_IMUL:
		return ALL_FLAGS & ~(SF | ZF | AF | PF);
	case X86_DIV:
	case X86_DIV_SIGNED:
		return ALL_FLAGS & ~STATUS_FLAGS;
	case X86_BT ... X86_BTC:
		return ALL_FLAGS & ~(OF | SF | AF | PF);
	case X86_BSF:
	case X86_BSR:
		return ALL_FLAGS & ~(CF | OF | SF | AF | PF);
	case X86_TZCNT:
	case X86_LZCNT:
		return ALL_FLAGS & ~(OF | SF | AF | PF);
	case X86_ROL ... X86_SAR:
		count = insn->immediate ? (u64)insn->imm : regs->r[X86_RCX];
		count &= insn->width == 8 ? 63 : 31;
		if (count == 0)
			return ALL_FLAGS;
		if (insn->op < X86_SHL)
			return count == 1 ? ALL_FLAGS : ALL_FLAGS & ~OF;
		if (count == 1)
			return ALL_FLAGS & ~AF;
		if (insn->op != X86_SAR && count >= insn->width * 8U)
			return ALL_FLAGS & ~(OF | AF | CF);
		return ALL_FLAGS & ~(OF | AF);
	}
	return ALL_FLAGS;
}

struct form {
	u8 map; /* 0: one byte, 1: after 0F, 2: after 0F 38 */
	u8 opcode;
	s8 digit; /* ModRM's middle, -1: a register, -2: no ModRM */
	char imm; /* n: none, b: byte, z: of the operand size, o: an address */
	u8 prefix; /* mandatory */
};

static const struct form forms[] = {
	{0, 0x88, -1, 'n', 0}, {0, 0x89, -1, 'n', 0},	 {0, 0x8a, -1, 'n', 0},
	{0, 0x8b, -1, 'n', 0}, {0, 0xc6, 0, 'b', 0},	 {0, 0xc7, 0, 'z', 0},
	{0, 0xa0, -2, 'o', 0}, {0, 0xa1, -2, 'o', 0},	 {0, 0xa2, -2, 'o', 0},
	{0, 0xa3, -2, 'o', 0}, {0, 0xa4, -2, 'n', 0},	 {0, 0xa5, -2, 'n', 0},
	{0, 0xaa, -2, 'n', 0}, {0, 0xab, -2, 'n', 0},	 {0, 0xac, -2, 'n', 0},
	{0, 0xad, -2, 'n', 0}, {0, 0x84, -1, 'n', 0},	 {0, 0x85, -1, 'n', 0},
	{0, 0x86, -1, 'n', 0}, {0, 0x87, -1, 'n', 0},	 {0, 0x63, -1, 'n', 0},
	{0, 0x69, -1, 'z', 0}, {0, 0x6b, -1, 'b', 0},	 {0, 0xf6, 0, 'b', 0},
	{0, 0xf7, 0, 'z', 0},  {0, 0xf6, 1, 'b', 0},	 {0, 0xf7, 1, 'z', 0},
	{0, 0xf6, 2, 'n', 0},  {0, 0xf7, 2, 'n', 0},	 {0, 0xf6, 3, 'n', 0},
	{0, 0xf7, 3, 'n', 0},  {0, 0xf6, 4, 'n', 0},	 {0, 0xf7, 4, 'n', 0},
	{0, 0xf6, 5, 'n', 0},  {0, 0xf7, 5, 'n', 0},	 {0, 0xf6, 6, 'n', 0},
	{0, 0xf7, 6, 'n', 0},  {0, 0xf6, 7, 'n', 0},	 {0, 0xf7, 7, 'n', 0},
	{0, 0xfe, 0, 'n', 0},  {0, 0xff, 0, 'n', 0},	 {0, 0xfe, 1, 'n', 0},
	{0, 0xff, 1, 'n', 0},  {1, 0xb0, -1, 'n', 0},	 {1, 0xb1, -1, 'n', 0},
	{1, 0xc0, -1, 'n', 0}, {1, 0xc1, -1, 'n', 0},	 {1, 0xc3, -1, 'n', 0},
	{1, 0xb6, -1, 'n', 0}, {1, 0xb7, -1, 'n', 0},	 {1, 0xbe, -1, 'n', 0},
	{1, 0xbf, -1, 'n', 0}, {1, 0xaf, -1, 'n', 0},	 {1, 0xa3, -1, 'n', 0},
	{1, 0xab, -1, 'n', 0}, {1, 0xb3, -1, 'n', 0},	 {1, 0xbb, -1, 'n', 0},
	{1, 0xba, 4, 'b', 0},  {1, 0xba, 5, 'b', 0},	 {1, 0xba, 6, 'b', 0},
	{1, 0xba, 7, 'b', 0},  {1, 0xb8, -1, 'n', 0xf3}, {1, 0xbc, -1, 'n', 0},
	{1, 0xbd, -1, 'n', 0}, {1, 0xbc, -1, 'n', 0xf3}, {1, 0xbd, -1, 'n', 0xf3},
	{2, 0xf0, -1, 'n', 0}, {2, 0xf1, -1, 'n', 0},
};

/* One-byte arithmetic, groups, shifts, SETcc and CMOVcc follow from their numbers. */
static struct form random_form(void)
{
	static const u8 shifts[] = {0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3};
	static const u8 groups[] = {0x80, 0x81, 0x83};
	u64 choice = random_next();
	u8 digit = choice >> 8 & 7;
	u8 opcode;

	switch (choice % 8) {
	case 0:
		return (struct form){0, (u8)(digit << 3 | (choice >> 16 & 3)), -1, 'n', 0};
	case 1:
		opcode = groups[(choice >> 16) % 3];
		return (struct form){0, opcode, (s8)digit, opcode == 0x81 ? 'z' : 'b', 0};
	case 2:
		opcode = shifts[(choice >> 16) % 6];
		return (struct form){0, opcode, (s8)digit, opcode < 0xd0 ? 'b' : 'n', 0};
	case 3:
		return (struct form){1, (u8)(0x40 | (choice >> 16 & 15)), -1, 'n', 0};
	case 4:
		return (struct form){1, (u8)(0x90 | (choice >> 16 & 15)), -1, 'n', 0};
	}
	return forms[(choice >> 8) % G_N_ELEMENTS(forms)];
}

struct encoding {
	u8 bytes[32];
	unsigned int len;
	unsigned int disp; /* offset of a displacement of 4 or 8 bytes, or 0 */
	unsigned int disp_size;
};

static struct encoding random_encoding(const struct form *form)
{
	struct encoding e = {0};
	u64 choice = random_next();
	bool operand = choice & 1 && !(form->map == 1 && form->opcode == 0xc3);
	bool address = (choice & 6) == 6;
	u8 rex = choice & 8 ? 0x40 | (choice >> 8 & 15) : 0;
	bool string = form->digit == -2 && form->imm == 'n';

	/* MOVSXD of 16 bits is not taken. */
	if (form->map == 0 && form->opcode == 0x63)
		operand = false;
	if ((choice & 0x30) == 0x30)
		e.bytes[e.len++] = 0x65;
	/* After GS it is ignored. */
	if ((choice & 0xc0) == 0xc0)
		e.bytes[e.len++] = 0x26 | (choice >> 16 & 0x18);
	if (operand)
		e.bytes[e.len++] = 0x66;
	if (address)
		e.bytes[e.len++] = 0x67;
	if (choice >> 20 & 1)
		e.bytes[e.len++] = 0xf0;
	if (form->prefix)
		e.bytes[e.len++] = form->prefix;
	else if (string && choice >> 21 & 1)
		e.bytes[e.len++] = choice >> 22 & 1 ? 0xf2 : 0xf3;
	if (rex)
		e.bytes[e.len++] = rex;
	if (form->map)
		e.bytes[e.len++] = 0x0f;
	if (form->map == 2)
		e.bytes[e.len++] = 0x38;
	e.bytes[e.len++] = form->opcode;
	if (form->digit != -2) {
		u8 mod = (choice >> 24) % 3, rm = choice >> 28 & 7, sib = (u8)(choice >> 40);
		u8 middle = form->digit >= 0 ? (u8)form->digit : choice >> 32 & 7;
		bool disp32 = mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5)));

		e.bytes[e.len++] = (u8)(mod << 6 | middle << 3 | rm);
		if (rm == 4)
			e.bytes[e.len++] = sib;
		if (disp32) {
			e.disp = e.len;
			e.disp_size = 4;
		} else if (mod == 1) {
			e.bytes[e.len++] = (u8)(choice >> 48);
		}
	} else if (form->imm == 'o') {
		e.disp = e.len;
		e.disp_size = address ? 4 : 8;
	}
	e.len += e.disp_size;
	if (form->imm == 'b' || form->imm == 'z') {
		unsigned int size = form->imm == 'b' ? 1 : operand && !(rex & 8) ? 2 : 4;
		u64 value = random_value();

		memcpy(e.bytes + e.len, &value, size);
		e.len += size;
	}
	return e;
}

/* Sets a register or the displacement so that the access is in the memory. false: not possible. */
static bool aim(struct encoding *e, struct x86_insn *insn, struct x86_regs *regs)
{
	u64 target = (u64)(gsize)arena->memory + 1024 + random_next() % 2048;
	u64 missing;

	if (insn->op == X86_MOVS)
		regs->r[X86_RDI] = target ^ 256;
	if (insn->segment == X86_GS)
		target -= GS_BASE;
	if (insn->base > 15 && insn->index < 16)
		regs->r[insn->index] &= 0xffff;
	missing = target - x86_address(insn, regs);
	if (insn->base < 16) {
		regs->r[insn->base] += missing;
	} else if (e->disp) {
		s64 disp = insn->disp + (s64)missing;

		memcpy(e->bytes + e->disp, &disp, e->disp_size);
		g_assert_cmpint(x86_decode(insn, e->bytes, e->len, X86_MODE_64), ==, 0);
	}
	if (x86_address(insn, regs) != target)
		return false;
	return insn->op != X86_MOVS || (u32)regs->r[X86_RDI] >= (u32)(gsize)arena->memory + 512;
}

static bool cpu_has(u8 op)
{
	unsigned int a, b, c, d;

	switch (op) {
	case X86_LOAD_SWAPPED:
	case X86_STORE_SWAPPED:
		return __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE;
	case X86_POPCNT:
		return __get_cpuid(1, &a, &b, &c, &d) && c & bit_POPCNT;
	case X86_LZCNT:
		return __get_cpuid(0x80000001, &a, &b, &c, &d) && c & bit_LZCNT;
	case X86_TZCNT:
		return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_BMI;
	}
	return true;
}

static void describe(const struct x86_insn *insn, const struct x86_regs *before,
		     const struct x86_regs *ours, const struct x86_regs *theirs)
{
	GString *hex = g_string_new(NULL);

	for (unsigned int i = 0; i < insn->len; i++)
		g_string_append_printf(hex, "%02x ", insn->bytes[i]);
	g_test_message("%s(op %u, width %u)", hex->str, insn->op, insn->width);
	g_string_free(hex, TRUE);
	for (unsigned int i = 0; i < 16; i++)
		if (ours->r[i] != theirs->r[i])
			g_test_message("  r%u before %016lx emulated %016lx native %016lx", i,
				       before->r[i], ours->r[i], theirs->r[i]);
	g_test_message("  flags before %03lx emulated %03lx native %03lx", before->rflags,
		       ours->rflags, theirs->rflags);
}

static bool compare(struct x86_insn *insn, const struct x86_regs *before)
{
	static u8 memory[MEMORY_SIZE];
	struct x86_regs ours = *before;
	u64 flags = defined_flags(insn, before);
	bool done;

	memcpy(memory, arena->memory, sizeof(memory));
	done = emulate(insn, &ours, memory);
	arena->regs = *before;
	native(insn);
	if (!done && caught == SIGFPE)
		return true;
	if (done && !caught && !memcmp(memory, arena->memory, sizeof(memory)) &&
	    !memcmp(ours.r, arena->regs.r, sizeof(ours.r)) &&
	    !((ours.rflags ^ arena->regs.rflags) & flags))
		return true;
	describe(insn, before, &ours, &arena->regs);
	if (caught || !done)
		g_test_message("  signal %d, emulation %s", (int)caught, done ? "done" : "#DE");
	if (memcmp(memory, arena->memory, sizeof(memory)))
		g_test_message("  memory differs");
	return false;
}

static void test_native(void)
{
	unsigned int rounds = g_test_slow() ? 5000000 : 400000;
	unsigned int compared[X86_MOVS + 1] = {0};
	unsigned int failures = 0, faults = 0, total = 0;

	for (unsigned int i = 0; i < rounds && failures < 20; i++) {
		struct form form = random_form();
		struct encoding e = random_encoding(&form);
		struct x86_regs regs;
		struct x86_insn insn;
		u64 value;
		int result = x86_decode(&insn, e.bytes, e.len, X86_MODE_64);

		if (result == X86_BAD_LOCK) {
			u8 *lock = memchr(e.bytes, 0xf0, e.len);

			*lock = 0x3e; /* which means nothing */
			result = x86_decode(&insn, e.bytes, e.len, X86_MODE_64);
		}
		if (result == X86_TOO_LONG)
			continue;
		g_assert_cmpint(result, ==, 0);
		g_assert_cmpuint(insn.len, ==, e.len);
		if (!cpu_has(insn.op))
			continue;
		for (unsigned int r = 0; r < 16; r++)
			regs.r[r] = random_value();
		if (insn.op == X86_DIV || insn.op == X86_DIV_SIGNED)
			regs.r[X86_RDX] = (u64)((s64)regs.r[X86_RDX] >> (random_next() % 64));
		if (insn.rep)
			regs.r[X86_RCX] = random_next() % 6;
		/* The upper half counts for nothing; of what becomes of it at zero the manuals are silent. */
		if (insn.rep && insn.address_size == 4 && regs.r[X86_RCX] != 0)
			regs.r[X86_RCX] |= random_next() << 32;
		regs.rip = (u64)(gsize)slot;
		regs.rflags = (random_next() & ALL_FLAGS) | 0x202;
		if (!aim(&e, &insn, &regs))
			continue;
		for (unsigned int at = 0; at < MEMORY_SIZE; at += 8) {
			value = at & 64 ? random_value() : random_next();
			memcpy(arena->memory + at, &value, 8);
		}
		if (insn.op == X86_CMPXCHG && random_next() & 1) {
			value = x86_address(&insn, &regs);
			if (insn.segment == X86_GS)
				value += GS_BASE;
			memcpy((u8 *)(gsize)value, &regs.r[X86_RAX], 8);
		}
		if (!compare(&insn, &regs))
			failures++;
		if (caught)
			faults++;
		compared[insn.op]++;
		total++;
	}
	g_test_message("%u instructions compared, %u of them with #DE", total, faults);
	g_assert_cmpuint(failures, ==, 0);
	g_assert_cmpuint(faults, >, 50);
	for (unsigned int op = 0; op <= X86_MOVS; op++)
		if (op != X86_TEST_ALIAS && op != X86_SHL_ALIAS && cpu_has((u8)op))
			g_assert_cmpuint(compared[op], >, 300);
}

static struct x86_insn decode(const void *bytes, unsigned int len, enum x86_mode mode)
{
	struct x86_insn insn;

	g_assert_cmpint(x86_decode(&insn, bytes, len, mode), ==, 0);
	g_assert_cmpuint(insn.len, ==, len);
	return insn;
}

/* Addresses, counts and the instruction pointer outside 64-bit mode. */
static void test_other_modes(void)
{
	struct x86_regs regs = {.rflags = 2};
	struct x86_insn insn;

	/* mov ax, [bx+si+0x10]: wraps at 64 KiB; AX is merged */
	insn = decode("\x8b\x40\x10", 3, X86_MODE_16);
	regs.r[X86_RBX] = 0xabcdfff0;
	regs.r[X86_RSI] = 0x12340004;
	regs.r[X86_RAX] = 0x1111222233334444;
	g_assert_cmphex(x86_address(&insn, &regs), ==, 0x0004);
	g_assert_true(x86_complete(&insn, &regs, 0x8765));
	g_assert_cmphex(regs.r[X86_RAX], ==, 0x1111222233338765);
	g_assert_cmphex(regs.rip, ==, 3);

	/* mov eax, [ebx-4]: wraps at 4 GiB, as the instruction pointer does */
	insn = decode("\x8b\x43\xfc", 3, X86_MODE_32);
	regs.r[X86_RBX] = 2;
	regs.rip = 0xfffffffd;
	g_assert_cmphex(x86_address(&insn, &regs), ==, 0xfffffffe);
	g_assert_true(x86_complete(&insn, &regs, 0x89abcdef));
	g_assert_cmphex(regs.r[X86_RAX], ==, 0x89abcdef);
	g_assert_cmphex(regs.rip, ==, 0);

	/* rep movsd with 16-bit addresses: CX, SI, DI, and back from zero with DF */
	insn = decode("\xf3\x67\xa5", 3, X86_MODE_32);
	regs.rflags |= 0x400;
	regs.r[X86_RCX] = 0xffff0002;
	regs.r[X86_RSI] = 0xaaaa0000;
	regs.r[X86_RDI] = 0xbbbb0002;
	regs.rip = 0x100;
	g_assert_cmphex(x86_address(&insn, &regs), ==, 0);
	g_assert_cmphex(x86_destination(&insn, &regs), ==, 2);
	g_assert_cmphex(x86_output(&insn, &regs, 0x55aa), ==, 0x55aa);
	g_assert_true(x86_complete(&insn, &regs, 0x55aa));
	g_assert_cmphex(regs.rip, ==, 0x100);
	g_assert_cmphex(regs.r[X86_RCX], ==, 0xffff0001);
	g_assert_cmphex(regs.r[X86_RSI], ==, 0xaaaafffc);
	g_assert_cmphex(regs.r[X86_RDI], ==, 0xbbbbfffe);
	g_assert_true(x86_complete(&insn, &regs, 0x55aa));
	g_assert_cmphex(regs.rip, ==, 0x103);
	g_assert_cmphex(regs.r[X86_RCX], ==, 0xffff0000);
	g_assert_true(x86_is_idle(&insn, &regs));
	g_assert_true(x86_complete(&insn, &regs, 0));
	g_assert_cmphex(regs.rip, ==, 0x106);
	g_assert_cmphex(regs.r[X86_RSI], ==, 0xaaaafff8);

	/* mov [0x1234], ah in 16-bit mode */
	insn = decode("\x88\x26\x34\x12", 4, X86_MODE_16);
	regs.r[X86_RAX] = 0xc1d2;
	g_assert_cmphex(x86_address(&insn, &regs), ==, 0x1234);
	g_assert_cmphex(x86_output(&insn, &regs, 0), ==, 0xc1);
	g_assert_cmpuint(insn.segment, ==, X86_DS);

	/* mov eax, [rip+8] with an address of 32 bits */
	insn = decode("\x67\x8b\x05\x08\0\0\0", 7, X86_MODE_64);
	regs.rip = 0x1fffffff8;
	g_assert_cmphex(x86_address(&insn, &regs), ==, 7);

	/* mov eax, ss:[bp+2] */
	insn = decode("\x66\x8b\x46\x02", 4, X86_MODE_16);
	g_assert_cmpuint(insn.segment, ==, X86_SS);
	g_assert_cmpuint(insn.width, ==, 4);
}

int main(int argc, char **argv)
{
	static u8 signal_stack[65536]; /* the instruction's RSP points anywhere */
	stack_t stack = {.ss_size = sizeof(signal_stack)};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	int status;

	g_test_init(&argc, &argv, NULL);
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (arena == MAP_FAILED)
		g_error("no memory below 2 GiB");
	build_code();
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, (unsigned long)GS_BASE) != 0)
		g_error("the base of GS cannot be set");
	stack.ss_sp = signal_stack;
	sigaltstack(&stack, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	g_test_add_func("/emulate/native", test_native);
	g_test_add_func("/emulate/other-modes", test_other_modes);
	status = g_test_run();
	munmap(arena, sizeof(*arena));
	return status;
}
