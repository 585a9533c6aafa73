/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder against Capstone: systematically over opcodes, prefixes, ModRM, SIB and modes, and over
 * random bytes. What the decoder accepts Capstone must describe in the same way; what Capstone
 * calls a memory access by one of the taken instructions the decoder must accept.
 */
#include <hv/arch/x86/decode.h>

#include <glib.h>
#include <string.h>

/* Capstone has an enum of the name of our structure. */
#define x86_insn capstone_x86_insn
#include <capstone/capstone.h>
#undef x86_insn

#define REPORTED_MAX 20

static csh capstone[3];
static cs_insn *disassembled;
static unsigned int accepted;
static unsigned int failures;

static guint64 random_state;

/* splitmix64: the same bytes in every run. */
static guint64 random_next(void)
{
	guint64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void random_bytes(u8 *bytes, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bytes[i] = (u8)(random_next() >> 24);
}

static const struct {
	unsigned int id;
	u8 op;
	u8 access;
} taken[] = {
	{X86_INS_MOV, X86_STORE, X86_WRITE},
	{X86_INS_MOV, X86_STORE_IMM, X86_WRITE},
	{X86_INS_MOV, X86_LOAD, X86_READ},
	{X86_INS_MOVABS, X86_STORE, X86_WRITE},
	{X86_INS_MOVABS, X86_LOAD, X86_READ},
	{X86_INS_MOVNTI, X86_STORE, X86_WRITE},
	{X86_INS_MOVZX, X86_LOAD, X86_READ},
	{X86_INS_MOVSX, X86_LOAD_SIGNED, X86_READ},
	{X86_INS_MOVSXD, X86_LOAD_SIGNED, X86_READ},
	{X86_INS_MOVBE, X86_STORE_SWAPPED, X86_WRITE},
	{X86_INS_MOVBE, X86_LOAD_SWAPPED, X86_READ},
	{X86_INS_XCHG, X86_XCHG, X86_READ | X86_WRITE},
	{X86_INS_CMPXCHG, X86_CMPXCHG, X86_READ | X86_WRITE},
	{X86_INS_XADD, X86_XADD, X86_READ | X86_WRITE},
	{X86_INS_ADD, X86_ADD, X86_READ | X86_WRITE},
	{X86_INS_OR, X86_OR, X86_READ | X86_WRITE},
	{X86_INS_ADC, X86_ADC, X86_READ | X86_WRITE},
	{X86_INS_SBB, X86_SBB, X86_READ | X86_WRITE},
	{X86_INS_AND, X86_AND, X86_READ | X86_WRITE},
	{X86_INS_SUB, X86_SUB, X86_READ | X86_WRITE},
	{X86_INS_XOR, X86_XOR, X86_READ | X86_WRITE},
	{X86_INS_CMP, X86_CMP, X86_READ},
	{X86_INS_TEST, X86_TEST, X86_READ},
	{X86_INS_NOT, X86_NOT, X86_READ | X86_WRITE},
	{X86_INS_NEG, X86_NEG, X86_READ | X86_WRITE},
	{X86_INS_MUL, X86_MUL, X86_READ},
	{X86_INS_IMUL, X86_MUL_SIGNED, X86_READ},
	{X86_INS_IMUL, X86_IMUL, X86_READ},
	{X86_INS_DIV, X86_DIV, X86_READ},
	{X86_INS_IDIV, X86_DIV_SIGNED, X86_READ},
	{X86_INS_INC, X86_INC, X86_READ | X86_WRITE},
	{X86_INS_DEC, X86_DEC, X86_READ | X86_WRITE},
	{X86_INS_BT, X86_BT, X86_READ},
	{X86_INS_BTS, X86_BTS, X86_READ | X86_WRITE},
	{X86_INS_BTR, X86_BTR, X86_READ | X86_WRITE},
	{X86_INS_BTC, X86_BTC, X86_READ | X86_WRITE},
	{X86_INS_ROL, X86_ROL, X86_READ | X86_WRITE},
	{X86_INS_ROR, X86_ROR, X86_READ | X86_WRITE},
	{X86_INS_RCL, X86_RCL, X86_READ | X86_WRITE},
	{X86_INS_RCR, X86_RCR, X86_READ | X86_WRITE},
	{X86_INS_SHL, X86_SHL, X86_READ | X86_WRITE},
	{X86_INS_SAL, X86_SHL, X86_READ | X86_WRITE},
	{X86_INS_SHR, X86_SHR, X86_READ | X86_WRITE},
	{X86_INS_SAR, X86_SAR, X86_READ | X86_WRITE},
	{X86_INS_BSF, X86_BSF, X86_READ},
	{X86_INS_BSR, X86_BSR, X86_READ},
	{X86_INS_TZCNT, X86_TZCNT, X86_READ},
	{X86_INS_LZCNT, X86_LZCNT, X86_READ},
	{X86_INS_POPCNT, X86_POPCNT, X86_READ},
	{X86_INS_SETO, X86_SETCC, X86_WRITE},
	{X86_INS_SETNO, X86_SETCC, X86_WRITE},
	{X86_INS_SETB, X86_SETCC, X86_WRITE},
	{X86_INS_SETAE, X86_SETCC, X86_WRITE},
	{X86_INS_SETE, X86_SETCC, X86_WRITE},
	{X86_INS_SETNE, X86_SETCC, X86_WRITE},
	{X86_INS_SETBE, X86_SETCC, X86_WRITE},
	{X86_INS_SETA, X86_SETCC, X86_WRITE},
	{X86_INS_SETS, X86_SETCC, X86_WRITE},
	{X86_INS_SETNS, X86_SETCC, X86_WRITE},
	{X86_INS_SETP, X86_SETCC, X86_WRITE},
	{X86_INS_SETNP, X86_SETCC, X86_WRITE},
	{X86_INS_SETL, X86_SETCC, X86_WRITE},
	{X86_INS_SETGE, X86_SETCC, X86_WRITE},
	{X86_INS_SETLE, X86_SETCC, X86_WRITE},
	{X86_INS_SETG, X86_SETCC, X86_WRITE},
	{X86_INS_CMOVO, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVNO, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVB, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVAE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVNE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVBE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVA, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVS, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVNS, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVP, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVNP, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVL, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVGE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVLE, X86_CMOVCC, X86_READ},
	{X86_INS_CMOVG, X86_CMOVCC, X86_READ},
	{X86_INS_MOVSB, X86_MOVS, X86_READ | X86_WRITE},
	{X86_INS_MOVSW, X86_MOVS, X86_READ | X86_WRITE},
	{X86_INS_MOVSD, X86_MOVS, X86_READ | X86_WRITE},
	{X86_INS_MOVSQ, X86_MOVS, X86_READ | X86_WRITE},
	{X86_INS_STOSB, X86_STOS, X86_WRITE},
	{X86_INS_STOSW, X86_STOS, X86_WRITE},
	{X86_INS_STOSD, X86_STOS, X86_WRITE},
	{X86_INS_STOSQ, X86_STOS, X86_WRITE},
	{X86_INS_LODSB, X86_LODS, X86_READ},
	{X86_INS_LODSW, X86_LODS, X86_READ},
	{X86_INS_LODSD, X86_LODS, X86_READ},
	{X86_INS_LODSQ, X86_LODS, X86_READ},
};

/* Capstone's names of the condition codes, in encoding order. */
static const unsigned int set_conditions[16] = {
	X86_INS_SETO,  X86_INS_SETNO, X86_INS_SETB,  X86_INS_SETAE, X86_INS_SETE, X86_INS_SETNE,
	X86_INS_SETBE, X86_INS_SETA,  X86_INS_SETS,  X86_INS_SETNS, X86_INS_SETP, X86_INS_SETNP,
	X86_INS_SETL,  X86_INS_SETGE, X86_INS_SETLE, X86_INS_SETG,
};

static const unsigned int move_conditions[16] = {
	X86_INS_CMOVO, X86_INS_CMOVNO, X86_INS_CMOVB,  X86_INS_CMOVAE,
	X86_INS_CMOVE, X86_INS_CMOVNE, X86_INS_CMOVBE, X86_INS_CMOVA,
	X86_INS_CMOVS, X86_INS_CMOVNS, X86_INS_CMOVP,  X86_INS_CMOVNP,
	X86_INS_CMOVL, X86_INS_CMOVGE, X86_INS_CMOVLE, X86_INS_CMOVG,
};

/* By number: 8 bits with REX, 16, 32, 64 bits. */
static const unsigned int registers[4][16] = {
	{X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL, X86_REG_SPL, X86_REG_BPL, X86_REG_SIL,
	 X86_REG_DIL, X86_REG_R8B, X86_REG_R9B, X86_REG_R10B, X86_REG_R11B, X86_REG_R12B,
	 X86_REG_R13B, X86_REG_R14B, X86_REG_R15B},
	{X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP, X86_REG_SI,
	 X86_REG_DI, X86_REG_R8W, X86_REG_R9W, X86_REG_R10W, X86_REG_R11W, X86_REG_R12W,
	 X86_REG_R13W, X86_REG_R14W, X86_REG_R15W},
	{X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI,
	 X86_REG_EDI, X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D, X86_REG_R12D,
	 X86_REG_R13D, X86_REG_R14D, X86_REG_R15D},
	{X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI,
	 X86_REG_RDI, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11, X86_REG_R12, X86_REG_R13,
	 X86_REG_R14, X86_REG_R15},
};

static const unsigned int high_registers[4] = {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH};

static const unsigned int segments[6] = {X86_REG_ES, X86_REG_CS, X86_REG_SS,
					 X86_REG_DS, X86_REG_FS, X86_REG_GS};

static unsigned int size_log2(unsigned int size)
{
	return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
}

static unsigned int capstone_reg(u8 reg, u8 shift, u8 size)
{
	if (shift)
		return high_registers[reg & 3];
	return registers[size_log2(size)][reg & 15];
}

static bool is_taken(unsigned int id)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(taken); i++)
		if (taken[i].id == id)
			return true;
	return false;
}

static bool is_general_register(unsigned int reg)
{
	for (unsigned int i = 0; i < 4; i++)
		if (high_registers[i] == reg)
			return true;
	for (unsigned int size = 0; size < 4; size++)
		for (unsigned int i = 0; i < 16; i++)
			if (registers[size][i] == reg)
				return true;
	return false;
}

/* Neither MOV to a segment register nor the MOVSD of SSE2. */
static bool has_plain_memory(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	bool memory = false;

	for (unsigned int i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type == X86_OP_MEM)
			memory = true;
		else if (op->type == X86_OP_REG && !is_general_register(op->reg))
			return false;
	}
	return memory;
}

static const cs_x86_op *operand_of(const cs_insn *insn, x86_op_type type, unsigned int nth)
{
	const cs_x86 *x86 = &insn->detail->x86;

	for (unsigned int i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == type && nth-- == 0)
			return &x86->operands[i];
	return NULL;
}

static const char *compare_memory(const struct x86_insn *ours, const cs_x86_op *memory,
				  enum x86_mode mode)
{
	u64 mask = ours->address_size == 8 ? ~(u64)0 : ((u64)1 << (ours->address_size * 8)) - 1;
	unsigned int base = X86_REG_INVALID, index = X86_REG_INVALID, segment;

	if (ours->base == X86_RIP)
		base = ours->address_size == 8 ? X86_REG_RIP : X86_REG_EIP;
	else if (ours->base != X86_NO_REG)
		base = capstone_reg(ours->base, 0, ours->address_size);
	if (ours->index != X86_NO_REG)
		index = capstone_reg(ours->index, 0, ours->address_size);
	if (memory->mem.base != base)
		return "base";
	if (memory->mem.index != index)
		return "index";
	if (index && memory->mem.scale != 1 << ours->scale)
		return "scale";
	if ((memory->mem.disp ^ ours->disp) & (s64)mask)
		return "displacement";
	segment = memory->mem.segment;
	if (mode == X86_MODE_64 && segment != X86_REG_FS && segment != X86_REG_GS)
		segment = X86_REG_INVALID;
	if (segment == X86_REG_INVALID) {
		if (ours->segment == X86_FS || ours->segment == X86_GS)
			return "segment";
	} else if (segment != segments[ours->segment]) {
		return "segment";
	}
	if (memory->size != ours->width)
		return "width";
	return NULL;
}

/* NULL, or what differs. */
static const char *compare(const struct x86_insn *ours, const cs_insn *theirs, enum x86_mode mode)
{
	const cs_x86 *x86 = &theirs->detail->x86;
	const cs_x86_op *memory = operand_of(theirs, X86_OP_MEM, 0);
	const cs_x86_op *reg = operand_of(theirs, X86_OP_REG, 0);
	const cs_x86_op *imm = operand_of(theirs, X86_OP_IMM, 0);
	const char *difference;
	bool known = false;
	u64 mask;

	if (ours->len != theirs->size)
		return "length";
	for (unsigned int i = 0; i < G_N_ELEMENTS(taken); i++)
		if (taken[i].id == theirs->id && taken[i].op == ours->op &&
		    (taken[i].access == ours->access || (ours->to_reg && ours->access == X86_READ)))
			known = true;
	if (!known)
		return "operation";
	if (ours->op == X86_SETCC && theirs->id != set_conditions[ours->condition])
		return "condition";
	if (ours->op == X86_CMOVCC && theirs->id != move_conditions[ours->condition])
		return "condition";
	if (!memory)
		return "no memory operand";
	if (ours->op == X86_MOVS) {
		if (memory->mem.base != capstone_reg(X86_RDI, 0, ours->address_size) ||
		    memory->size != ours->width)
			return "destination";
		memory = operand_of(theirs, X86_OP_MEM, 1);
		if (!memory)
			return "no source";
	}
	difference = compare_memory(ours, memory, mode);
	if (difference)
		return difference;
	if (x86->addr_size != ours->address_size)
		return "address size";
	/* Of MUL and DIV the register is implied. */
	if (ours->reg_size && !(ours->op >= X86_MUL && ours->op <= X86_DIV_SIGNED)) {
		u8 size = ours->reg_size;

		/* Capstone names the 64-bit register also without REX.W; SDM: it is 32 bits then. */
		if (theirs->id == X86_INS_MOVSXD)
			size = 8;
		if (!reg || reg->reg != capstone_reg(ours->reg, ours->reg_shift, size))
			return "register";
		if (ours->to_reg != (reg < memory))
			return "direction";
	} else if (reg) {
		return "register";
	}
	if (ours->immediate != !!imm)
		return "immediate";
	if (imm) {
		u8 size = ours->op >= X86_BT && ours->op <= X86_SAR ? 1 : ours->width;

		mask = size == 8 ? ~(u64)0 : ((u64)1 << (size * 8)) - 1;
		if ((imm->imm ^ ours->imm) & (s64)mask)
			return "value of the immediate";
	}
	return NULL;
}

static void report(const u8 *bytes, unsigned int avail, enum x86_mode mode, int result,
		   const char *text)
{
	GString *hex;

	if (failures++ >= REPORTED_MAX)
		return;
	hex = g_string_new(NULL);
	for (unsigned int i = 0; i < avail; i++)
		g_string_append_printf(hex, "%02x ", bytes[i]);
	g_test_message("mode %d: %s: decoder %d, %s; Capstone %s %s", 16 << mode, hex->str, result,
		       text, disassembled->mnemonic, disassembled->op_str);
	g_string_free(hex, TRUE);
}

/* What stands before the opcode. */
struct prefixes {
	unsigned int count;
	u8 segment, operand, address, lock, repeat, rex; /* the byte that counts, or 0 */
};

static struct prefixes scan_prefixes(const u8 *bytes, enum x86_mode mode)
{
	struct prefixes p = {0};

	for (; p.count < X86_INSN_MAX; p.count++) {
		u8 byte = bytes[p.count];

		if (mode == X86_MODE_64 && byte >> 4 == 4) {
			p.rex = byte;
			continue;
		}
		if (byte == 0x64 || byte == 0x65)
			p.segment = byte;
		else if (byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e)
			p.segment = mode == X86_MODE_64 ? p.segment : byte;
		else if (byte == 0x66)
			p.operand = byte;
		else if (byte == 0x67)
			p.address = byte;
		else if (byte == 0xf0)
			p.lock = byte;
		else if (byte == 0xf2 || byte == 0xf3)
			p.repeat = byte;
		else
			break;
		p.rex = 0;
	}
	return p;
}

/*
 * The same instruction without the prefixes that do not change its operands, and the others in the order
 * compilers use. Capstone 4 errs with them in several ways: with F2 or F3 it forgets 66, and refuses A0
 * to A3; with F3 not next to the opcode it does not know POPCNT, TZCNT, LZCNT, and in 16-bit mode not
 * at all; an ignored segment override undoes FS and GS before it. Returns the length.
 */
static unsigned int simplify(u8 *out, const u8 *bytes, unsigned int avail, enum x86_mode *mode)
{
	struct prefixes p = scan_prefixes(bytes, *mode);
	u8 opcode = bytes[p.count];
	u8 second = bytes[p.count + 1];
	unsigned int n = 0;

	if (p.repeat != 0xf3 || opcode != 0x0f ||
	    (second != 0xb8 && second != 0xbc && second != 0xbd)) {
		p.repeat = 0;
	} else if (*mode == X86_MODE_16) {
		*mode = X86_MODE_32;
		p.operand ^= 0x66;
		p.address ^= 0x67;
	}
	if (p.segment)
		out[n++] = p.segment;
	if (p.address)
		out[n++] = p.address;
	if (p.lock)
		out[n++] = p.lock;
	if (p.operand)
		out[n++] = p.operand;
	if (p.repeat)
		out[n++] = p.repeat;
	if (p.rex)
		out[n++] = p.rex;
	for (unsigned int i = p.count; i < avail; i++)
		out[n++] = bytes[i];
	return n;
}

static bool disassemble(const u8 *bytes, unsigned int avail, enum x86_mode mode)
{
	const uint8_t *code = bytes;
	size_t left = avail;
	uint64_t address = 0;

	if (cs_disasm_iter(capstone[mode], &code, &left, &address, disassembled))
		return true;
	g_strlcpy(disassembled->mnemonic, "refuses", sizeof(disassembled->mnemonic));
	disassembled->op_str[0] = 0;
	return false;
}

/* The instructions the manuals allow LOCK for, if memory is the destination. */
static bool is_lockable(const cs_insn *insn)
{
	static const unsigned int lockable[] = {
		X86_INS_ADC,	 X86_INS_ADD, X86_INS_AND,  X86_INS_BTC,  X86_INS_BTR, X86_INS_BTS,
		X86_INS_CMPXCHG, X86_INS_DEC, X86_INS_INC,  X86_INS_NEG,  X86_INS_NOT, X86_INS_OR,
		X86_INS_SBB,	 X86_INS_SUB, X86_INS_XADD, X86_INS_XCHG, X86_INS_XOR,
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(lockable); i++)
		if (insn->id == lockable[i])
			return insn->detail->x86.operands[0].type == X86_OP_MEM;
	return false;
}

/* Capstone takes for an instruction what processors do not, or not alike. */
static bool rightly_refused(const struct prefixes *p, const u8 *opcode, int result)
{
	/* SDM: "NP 0F C3": no 66, F2, F3 with MOVNTI. */
	if (opcode[0] == 0x0f && opcode[1] == 0xc3 && (p->operand || p->repeat))
		return result == X86_UNSUPPORTED;
	/* With F2 it is CRC32, with F3 it is reserved; Capstone sees MOVBE if 66 is there too. */
	if (opcode[0] == 0x0f && opcode[1] == 0x38 && p->repeat)
		return result == X86_UNSUPPORTED;
	/* MOVSXD of 16 bits reads 2 bytes on Intel and 4 on AMD: refused on purpose. */
	if (opcode[0] == 0x63 && p->operand && !(p->rex & 8))
		return result == X86_UNSUPPORTED;
	if (p->lock && !is_lockable(disassembled))
		return result == X86_BAD_LOCK;
	return false;
}

static void check(const u8 *bytes, unsigned int avail, enum x86_mode mode)
{
	struct x86_insn insn;
	int result = x86_decode(&insn, bytes, avail, mode);
	bool known = disassemble(bytes, avail, mode);
	struct prefixes p = scan_prefixes(bytes, mode);
	const char *difference;

	if (result == 0) {
		accepted++;
		difference = known ? compare(&insn, disassembled, mode) : "accepted";
		if (difference) {
			enum x86_mode simple_mode = mode;
			u8 simple[32];
			unsigned int simple_len = simplify(simple, bytes, avail, &simple_mode);

			insn.len -= (u8)(avail - simple_len);
			if (disassemble(simple, simple_len, simple_mode))
				difference = compare(&insn, disassembled, simple_mode);
		}
		if (insn.lock != !!p.lock || insn.rep != (p.repeat && insn.op >= X86_STOS))
			difference = "prefixes";
		if (difference)
			report(bytes, avail, mode, result, difference);
	} else if (known && is_taken(disassembled->id) && has_plain_memory(disassembled) &&
		   !rightly_refused(&p, bytes + p.count, result)) {
		report(bytes, avail, mode, result, "refused");
	}
}

static const u8 prefix_sets[][4] = {
	{0},	      {0x66},	    {0x67},
	{0x66, 0x67}, {0x26},	    {0x2e},
	{0x36},	      {0x3e},	    {0x64},
	{0x65},	      {0x64, 0x67}, {0x3e, 0x65, 0x66},
	{0xf0},	      {0xf0, 0x66}, {0x67, 0xf0},
	{0xf2},	      {0xf3},	    {0xf3, 0x66},
	{0x66, 0xf3}, {0xf3, 0x67}, {0xf2, 0x67, 0x66},
	{0xf3, 0x26}, {0xf0, 0xf3}, {0x65, 0xf3},
};

static unsigned int put_prefixes(u8 *bytes, const u8 *set)
{
	unsigned int count = 0;

	while (count < 4 && set[count]) {
		bytes[count] = set[count];
		count++;
	}
	return count;
}

static void begin(void)
{
	accepted = 0;
	failures = 0;
}

static void end(unsigned int at_least)
{
	g_test_message("%u encodings accepted and compared, %u differ", accepted, failures);
	if (failures)
		g_test_fail_printf("%u encodings differ from Capstone", failures);
	g_assert_cmpuint(accepted, >=, at_least);
}

/* Every opcode of one, two (0F) and three (0F 38) bytes with every ModRM and every set of prefixes. */
static void test_opcodes(gconstpointer data)
{
	enum x86_mode mode = (enum x86_mode)GPOINTER_TO_INT(data);
	u8 bytes[32];

	begin();
	for (unsigned int p = 0; p < G_N_ELEMENTS(prefix_sets); p++)
		for (unsigned int opcode = 0; opcode < 0x300; opcode++)
			for (unsigned int modrm = 0; modrm < 0x100; modrm++) {
				unsigned int n = put_prefixes(bytes, prefix_sets[p]);

				if (mode == X86_MODE_64 && modrm & 1)
					bytes[n++] = 0x40 | (u8)(random_next() & 15);
				if (opcode >= 0x100)
					bytes[n++] = 0x0f;
				if (opcode >= 0x200)
					bytes[n++] = 0x38;
				bytes[n++] = (u8)opcode;
				bytes[n++] = (u8)modrm;
				random_bytes(bytes + n, 12);
				check(bytes, MIN(n + 12, 15), mode);
			}
	end(100000);
}

/* Every SIB with every REX, on a load, a store with an immediate and a group. */
static void test_addressing(void)
{
	static const u8 opcodes[] = {0x8b, 0xc7, 0x80};
	u8 bytes[32];

	begin();
	for (unsigned int mode = X86_MODE_16; mode <= X86_MODE_64; mode++)
		for (unsigned int rex = mode == X86_MODE_64 ? 0x3f : 0x4f; rex < 0x50; rex++)
			for (unsigned int o = 0; o < 2 * G_N_ELEMENTS(opcodes); o++)
				for (unsigned int modrm = 0; modrm < 0xc0;
				     modrm += 8 - 4 * (modrm & 4 ? 1 : 0))
					for (unsigned int sib = 0; sib < 0x100; sib++) {
						unsigned int n = 0;

						if (o & 1)
							bytes[n++] = 0x67;
						if (mode == X86_MODE_64 && rex != 0x3f)
							bytes[n++] = (u8)rex;
						bytes[n++] = opcodes[o / 2];
						bytes[n++] = (u8)(modrm & 0xc7) | 4;
						bytes[n++] = (u8)sib;
						random_bytes(bytes + n, 10);
						check(bytes, MIN(n + 10, 15), (enum x86_mode)mode);
					}
	end(100000);
}

static unsigned int random_count(unsigned int count)
{
	return g_test_slow() ? count * 10 : count;
}

static void test_random(void)
{
	u8 bytes[32];

	begin();
	for (unsigned int i = 0; i < random_count(1500000); i++) {
		random_bytes(bytes, 15);
		check(bytes, 15, (enum x86_mode)(i % 3));
	}
	end(200000);
}

/* Up to six prefixes in any order before opcodes that are likely to be taken. */
static void test_random_prefixes(void)
{
	static const u8 prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
				      0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x44, 0x48, 0x4f};
	static const u8 opcodes[] = {0x88, 0x89, 0x8a, 0x8b, 0xc6, 0xc7, 0xa0, 0xa1, 0xa2,
				     0xa3, 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad, 0x80, 0x81,
				     0x83, 0xf6, 0xf7, 0xfe, 0xff, 0x86, 0x87, 0x84, 0x85,
				     0x01, 0x2b, 0x63, 0x69, 0x6b, 0xc1, 0xd1, 0xd3};
	static const u8 opcodes_0f[] = {0xb6, 0xb7, 0xbe, 0xbf, 0xba, 0xb0, 0xb1, 0xc0, 0xc1, 0xc3,
					0xa3, 0xab, 0xaf, 0x44, 0x94, 0xb8, 0xbc, 0xbd, 0x38};
	u8 bytes[32];

	begin();
	for (unsigned int i = 0; i < random_count(1500000); i++) {
		unsigned int n = random_next() % 7;

		random_bytes(bytes, 32);
		for (unsigned int j = 0; j < n; j++)
			bytes[j] = prefixes[bytes[j] % sizeof(prefixes)];
		if (bytes[n] & 1) {
			bytes[n++] = 0x0f;
			bytes[n] = opcodes_0f[bytes[n] % sizeof(opcodes_0f)];
			if (bytes[n] == 0x38)
				bytes[n + 1] = 0xf0 | (bytes[n + 1] & 1);
		} else {
			bytes[n] = opcodes[bytes[n] % sizeof(opcodes)];
		}
		check(bytes, 15, (enum x86_mode)(i % 3));
	}
	end(200000);
}

/* However few bytes there are of an accepted instruction: more are asked for. */
static void test_truncated(void)
{
	struct x86_insn insn;
	unsigned int taken_count = 0;
	u8 bytes[16];

	for (unsigned int i = 0; i < 500000; i++) {
		enum x86_mode mode = (enum x86_mode)(i % 3);
		unsigned int len;

		random_bytes(bytes, sizeof(bytes));
		if (x86_decode(&insn, bytes, 15, mode) != 0)
			continue;
		taken_count++;
		len = insn.len;
		for (unsigned int avail = 0; avail < len; avail++) {
			u8 *exact = g_memdup2(bytes, avail);

			g_assert_cmpint(x86_decode(&insn, exact, avail, mode), ==, X86_TRUNCATED);
			g_free(exact);
		}
		g_assert_cmpint(x86_decode(&insn, bytes, len, mode), ==, 0);
	}
	g_assert_cmpuint(taken_count, >, 10000);
}

static void test_refusals(void)
{
	static const struct {
		u8 bytes[16];
		int result;
	} cases[] = {
		{{0x8b, 0xc1}, X86_NO_MEMORY}, /* mov ecx, eax */
		{{0xf0, 0x89, 0x07}, X86_BAD_LOCK}, /* lock mov [rdi], eax */
		{{0xf0, 0x39, 0x07}, X86_BAD_LOCK}, /* lock cmp [rdi], eax */
		{{0xf0, 0x03, 0x07}, X86_BAD_LOCK}, /* lock add eax, [rdi] */
		{{0x0f, 0x10, 0x07}, X86_UNSUPPORTED}, /* movups xmm0, [rdi] */
		{{0xc5, 0xfe, 0x6f, 0x07}, X86_UNSUPPORTED}, /* vmovdqu ymm0, [rdi] */
		{{0x62, 0xf1, 0x7c, 0x48, 0x10, 0x07}, X86_UNSUPPORTED}, /* EVEX */
		{{0xdb, 0x07}, X86_UNSUPPORTED}, /* fild dword [rdi] */
		{{0x8f, 0x07}, X86_UNSUPPORTED}, /* pop [rdi] */
		{{0xff, 0x37}, X86_UNSUPPORTED}, /* push [rdi] */
		{{0xff, 0x17}, X86_UNSUPPORTED}, /* call [rdi] */
		{{0x8e, 0x07}, X86_UNSUPPORTED}, /* mov es, [rdi] */
		{{0x8d, 0x07}, X86_UNSUPPORTED}, /* lea eax, [rdi] */
		{{0x90}, X86_UNSUPPORTED}, /* nop */
		{{0x0f, 0xc7, 0x0f}, X86_UNSUPPORTED}, /* cmpxchg8b [rdi] */
		{{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		  0x66, 0x8b, 0x07},
		 X86_TOO_LONG},
	};
	struct x86_insn insn;

	for (unsigned int i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(x86_decode(&insn, cases[i].bytes, 16, X86_MODE_64), ==,
				cases[i].result);
}

/* x86_insn_matches() says what a comparison of the bytes says, whatever stands behind them. */
static void test_matches(void)
{
	struct x86_insn insn;
	unsigned int lengths = 0;
	u8 bytes[16], other[16];

	for (unsigned int i = 0; i < 500000; i++) {
		random_bytes(bytes, sizeof(bytes));
		if (i & 1)
			memset(bytes, 0x66, i / 2 % 12);
		if (x86_decode(&insn, bytes, 15, X86_MODE_64) != 0)
			continue;
		lengths |= 1U << insn.len;
		random_bytes(other, sizeof(other));
		memcpy(other, bytes, insn.len);
		g_assert_true(x86_insn_matches(&insn, other, 15));
		g_assert_true(x86_insn_matches(&insn, other, insn.len));
		g_assert_false(x86_insn_matches(&insn, other, insn.len - 1U));
		for (unsigned int j = 0; j < insn.len; j++) {
			other[j] ^= 0x10;
			g_assert_false(x86_insn_matches(&insn, other, 15));
			other[j] ^= 0x10;
		}
	}
	g_assert_cmpuint(lengths, ==, 0xfffe); /* 1 to 15 */
}

int main(int argc, char **argv)
{
	static const cs_mode modes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
	int status;

	g_test_init(&argc, &argv, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		if (cs_open(CS_ARCH_X86, modes[i], &capstone[i]) != CS_ERR_OK)
			g_error("Capstone has no x86 support");
		cs_option(capstone[i], CS_OPT_DETAIL, CS_OPT_ON);
	}
	disassembled = cs_malloc(capstone[0]);
	g_test_add_data_func("/decode/opcodes/16", GINT_TO_POINTER(X86_MODE_16), test_opcodes);
	g_test_add_data_func("/decode/opcodes/32", GINT_TO_POINTER(X86_MODE_32), test_opcodes);
	g_test_add_data_func("/decode/opcodes/64", GINT_TO_POINTER(X86_MODE_64), test_opcodes);
	g_test_add_func("/decode/addressing", test_addressing);
	g_test_add_func("/decode/random", test_random);
	g_test_add_func("/decode/random-prefixes", test_random_prefixes);
	g_test_add_func("/decode/truncated", test_truncated);
	g_test_add_func("/decode/refusals", test_refusals);
	g_test_add_func("/decode/matches", test_matches);
	status = g_test_run();
	cs_free(disassembled, 1);
	for (unsigned int i = 0; i < 3; i++)
		cs_close(&capstone[i]);
	return status;
}
