/* SPDX-License-Identifier: MIT */
/*
 * mmio: does every form of access to a trapped region that is backed by memory, and the same to plain memory.
 * Result, flags and memory must agree: "mmio: N forms ok", or the first difference.
 *
 *   address=N     eight bytes of the region, aligned (default: plain memory, which tests the test)
 *   widths=0xf    widths the region allows: 1, 2, 4, 8 bytes are bits 0 to 3
 *   basic         only MOV and MOVZX, which every hypervisor with this ABI takes
 */
#include <stddef.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/string.h>

#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define OF 0x800
#define ARITHMETIC (CF | PF | AF | ZF | SF | OF)
#define LOGIC (CF | PF | ZF | SF | OF) /* AF is undefined */

/* What an instruction gets and gives. */
struct state {
	uint64_t rax, rcx, rdx, flags;
};

/*
 * X(width, flags it defines, basic, instruction). The memory is at (%rsi), which is also -8(%rsi,%r8,4)
 * and 0x1000(%r9); %rdi is free for the instruction.
 */
#define FORMS(X)                                                                         \
	X(1, 0, 1, "mov (%rsi), %al")                                                    \
	X(1, 0, 1, "mov (%rsi), %ah")                                                    \
	X(2, 0, 1, "mov (%rsi), %ax")                                                    \
	X(4, 0, 1, "mov (%rsi), %eax")                                                   \
	X(8, 0, 1, "mov (%rsi), %rax")                                                   \
	X(4, 0, 1, "mov 0x1000(%r9), %ecx")                                              \
	X(4, 0, 0, "mov -8(%rsi,%r8,4), %r10d\n\tmov %r10, %rcx")                        \
	X(1, 0, 1, "mov %al, (%rsi)")                                                    \
	X(1, 0, 1, "mov %ch, (%rsi)")                                                    \
	X(2, 0, 1, "mov %ax, (%rsi)")                                                    \
	X(4, 0, 1, "mov %eax, (%rsi)")                                                   \
	X(8, 0, 1, "mov %rax, (%rsi)")                                                   \
	X(4, 0, 1, "mov %ecx, 0x1000(%r9)")                                              \
	X(8, 0, 0, "mov %rcx, -8(%rsi,%r8,4)")                                           \
	X(1, 0, 0, "movb $0x5a, (%rsi)")                                                 \
	X(2, 0, 1, "movw $0x5aa5, (%rsi)")                                               \
	X(4, 0, 1, "movl $0x89abcdef, (%rsi)")                                           \
	X(8, 0, 1, "movq $-2, (%rsi)")                                                   \
	X(4, 0, 1, "call moffs_load")                                                    \
	X(4, 0, 1, "call moffs_store")                                                   \
	X(1, 0, 1, "movzbw (%rsi), %ax")                                                 \
	X(1, 0, 1, "movzbl (%rsi), %eax")                                                \
	X(1, 0, 1, "movzbq (%rsi), %rax")                                                \
	X(2, 0, 1, "movzwl (%rsi), %eax")                                                \
	X(2, 0, 1, "movzwq (%rsi), %rax")                                                \
	X(1, 0, 0, "movsbw (%rsi), %ax")                                                 \
	X(1, 0, 0, "movsbl (%rsi), %eax")                                                \
	X(1, 0, 0, "movsbq (%rsi), %rax")                                                \
	X(2, 0, 0, "movswl (%rsi), %eax")                                                \
	X(2, 0, 0, "movswq (%rsi), %rax")                                                \
	X(4, 0, 0, "movslq (%rsi), %rax")                                                \
	X(1, 0, 0, "xchg %al, (%rsi)")                                                   \
	X(2, 0, 0, "xchg %ax, (%rsi)")                                                   \
	X(4, 0, 0, "xchg %eax, (%rsi)")                                                  \
	X(8, 0, 0, "xchg %rax, (%rsi)")                                                  \
	X(1, ARITHMETIC, 0, "add %al, (%rsi)")                                           \
	X(2, ARITHMETIC, 0, "add %ax, (%rsi)")                                           \
	X(4, ARITHMETIC, 0, "add %eax, (%rsi)")                                          \
	X(8, ARITHMETIC, 0, "add %rax, (%rsi)")                                          \
	X(4, ARITHMETIC, 0, "add (%rsi), %eax")                                          \
	X(4, ARITHMETIC, 0, "addl $3, (%rsi)")                                           \
	X(4, ARITHMETIC, 0, "addl $0x12345678, (%rsi)")                                  \
	X(4, ARITHMETIC, 0, "adc %eax, (%rsi)")                                          \
	X(8, ARITHMETIC, 0, "adc (%rsi), %rax")                                          \
	X(4, ARITHMETIC, 0, "sub %eax, (%rsi)")                                          \
	X(2, ARITHMETIC, 0, "subw $7, (%rsi)")                                           \
	X(4, ARITHMETIC, 0, "sbb %eax, (%rsi)")                                          \
	X(8, ARITHMETIC, 0, "sbbq $-1, (%rsi)")                                          \
	X(1, LOGIC, 0, "or %al, (%rsi)")                                                 \
	X(4, LOGIC, 0, "orl $0x80000000, (%rsi)")                                        \
	X(8, LOGIC, 0, "or (%rsi), %rax")                                                \
	X(2, LOGIC, 0, "and %ax, (%rsi)")                                                \
	X(4, LOGIC, 0, "andl $~1, (%rsi)")                                               \
	X(8, LOGIC, 0, "xor %rax, (%rsi)")                                               \
	X(1, LOGIC, 0, "xorb $0xff, (%rsi)")                                             \
	X(1, ARITHMETIC, 0, "cmp %al, (%rsi)")                                           \
	X(4, ARITHMETIC, 0, "cmpl $0x1234, (%rsi)")                                      \
	X(8, ARITHMETIC, 0, "cmp (%rsi), %rax")                                          \
	X(1, LOGIC, 0, "testb $0x80, (%rsi)")                                            \
	X(4, LOGIC, 0, "test %eax, (%rsi)")                                              \
	X(4, LOGIC, 0, "testl $1, (%rsi)")                                               \
	X(4, 0, 0, "notl (%rsi)")                                                        \
	X(8, ARITHMETIC, 0, "negq (%rsi)")                                               \
	X(1, ARITHMETIC, 0, "incb (%rsi)")                                               \
	X(4, ARITHMETIC, 0, "incl (%rsi)")                                               \
	X(2, ARITHMETIC, 0, "decw (%rsi)")                                               \
	X(8, ARITHMETIC, 0, "decq (%rsi)")                                               \
	X(4, ARITHMETIC, 0, "lock addl $1, (%rsi)")                                      \
	X(4, ARITHMETIC, 0, "lock xadd %eax, (%rsi)")                                    \
	X(8, ARITHMETIC, 0, "lock xadd %rax, (%rsi)")                                    \
	X(4, ARITHMETIC, 0, "lock cmpxchg %ecx, (%rsi)")                                 \
	X(8, ARITHMETIC, 0, "lock cmpxchg %rcx, (%rsi)")                                 \
	X(4, ARITHMETIC, 0, "mov (%rsi), %eax\n\tlock cmpxchg %ecx, (%rsi)")             \
	X(4, CF, 0, "btl $5, (%rsi)")                                                    \
	X(4, CF, 0, "lock btsl $6, (%rsi)")                                              \
	X(4, CF, 0, "lock btrl $3, (%rsi)")                                              \
	X(8, CF, 0, "btcq $63, (%rsi)")                                                  \
	X(4, 0, 0, "cmovc (%rsi), %eax")                                                 \
	X(1, 0, 0, "setc (%rsi)")                                                        \
	X(4, 0, 0, "movnti %eax, (%rsi)")                                                \
	X(4, 0, 0, "mov %rsi, %rdi\n\tstosl")                                            \
	X(4, 0, 0, "lodsl")                                                              \
	X(8, 0, 0, "push %rdi\n\tmov %rsi, %rdi\n\tstosq\n\tpop %rdi")                   \
	X(4, 0, 0, "push %rax\n\tmov %rsp, %rdi\n\tmovsl\n\tpop %rcx")                   \
	X(8, 0, 0, "push %rax\n\tmov %rsp, %rdi\n\tmovsq\n\tpop %rcx")                   \
	X(2, 0, 0, "mov %rsi, %rdi\n\tpush %rax\n\tmov %rsp, %rsi\n\tmovsw\n\tpop %rcx") \
	X(4, 0, 0, "mov %rsi, %rdi\n\tmovsl")                                            \
	X(1, 0, 0, "push %rax\n\tmov %rsp, %rdi\n\tmov $8, %ecx\n\trep movsb\n\tpop %rdx")

/* Runs the instruction on the memory at `at', from and to the state. */

typedef void (*form)(struct state *state, void *at);

__asm__(".text\n"
	".macro form_begin\n"
	"	push %rbx\n"
	"	mov %rdi, %rbx\n"
	"	mov $2, %r8d\n"
	"	lea -0x1000(%rsi), %r9\n"
	"	mov (%rbx), %rax\n"
	"	mov 8(%rbx), %rcx\n"
	"	mov 16(%rbx), %rdx\n"
	"	pushq 24(%rbx)\n"
	"	popfq\n"
	".endm\n"
	".macro form_end\n"
	"	pushfq\n"
	"	popq 24(%rbx)\n"
	"	mov %rax, (%rbx)\n"
	"	mov %rcx, 8(%rbx)\n"
	"	mov %rdx, 16(%rbx)\n"
	"	pop %rbx\n"
	"	ret\n"
	".endm\n"
	/* MOV with an absolute 64-bit address, which is filled in. */
	".data\n"
	".global moffs_load, moffs_store\n"
	"moffs_load: .byte 0xa1; .quad 0; .byte 0xc3\n"
	"moffs_store: .byte 0xa3; .quad 0; .byte 0xc3\n"
	/* One function after the other, and a table of them. */
	".text\n"
#define CODE(width, flags, basic, instruction)           \
	"1: form_begin\n\t" instruction "\n\tform_end\n" \
	".pushsection .rodata; .quad 1b; .popsection\n"
	".pushsection .rodata; .balign 8; form_table: .popsection\n" FORMS(CODE));

extern const form form_table[];
extern uint8_t moffs_load[], moffs_store[];

static const struct {
	unsigned int width;
	uint32_t flags;
	bool basic;
	const char *text;
} forms[] = {
#define ROW(width, flags, basic, instruction) {width, flags, basic, instruction},
	FORMS(ROW)};

static const struct {
	uint64_t memory;
	struct state state;
} inputs[] = {
	{0x0123456789abcdef, {0xfedcba9876543210, 0x1122334455667788, 3, 2}},
	{0xfedcba9876543210, {0x0123456789abcdef, 0x8899aabbccddeeff, 5, 2 | CF}},
	{0, {0, ~0ULL, 1, 2 | CF | ZF}},
	{0x80ff7f80807f80ff, {0x80ff7f80807f80ff, 0x7f, 7, 2 | OF | SF}},
	{~0ULL, {1, 0, 9, 2}},
};

static unsigned int widths;

static void memory_set(uint64_t at, uint64_t value)
{
	if (widths & 8)
		return mmio_write64(at, value);
	for (unsigned int i = 0; i < 8; i++)
		if (widths & 1)
			mmio_write8(at + i, (uint8_t)(value >> 8 * i));
		else if ((widths & 2) && !(i & 1))
			mmio_write16(at + i, (uint16_t)(value >> 8 * i));
		else if ((widths & 4) && !(i & 3))
			mmio_write32(at + i, (uint32_t)(value >> 8 * i));
}

static uint64_t memory_get(uint64_t at)
{
	uint64_t value = 0;

	if (widths & 8)
		return mmio_read64(at);
	for (unsigned int i = 0; i < 8; i++)
		if (widths & 1)
			value |= (uint64_t)mmio_read8(at + i) << 8 * i;
		else if ((widths & 2) && !(i & 1))
			value |= (uint64_t)mmio_read16(at + i) << 8 * i;
		else if ((widths & 4) && !(i & 3))
			value |= (uint64_t)mmio_read32(at + i) << 8 * i;
	return value;
}

static void run(size_t n, uint64_t at, struct state *state)
{
	memcpy(moffs_load + 1, &at, sizeof(at));
	memcpy(moffs_store + 1, &at, sizeof(at));
	form_table[n](state, (void *)at);
}

static void differ(size_t n, const char *what, uint64_t is, uint64_t should)
{
	printk("mmio: \"%s\": %s is 0x%lx, should be 0x%lx\n", forms[n].text, what, is, should);
	guest_end(BH_CELL_FAILED);
}

static void compare(size_t n, uint64_t at, size_t input)
{
	static uint64_t plain;
	struct state should = inputs[input].state, is = inputs[input].state;
	uint32_t flags = forms[n].flags;

	plain = inputs[input].memory;
	run(n, (uint64_t)&plain, &should);
	memory_set(at, inputs[input].memory);
	run(n, at, &is);
	if (is.rax != should.rax)
		differ(n, "rax", is.rax, should.rax);
	if (is.rcx != should.rcx)
		differ(n, "rcx", is.rcx, should.rcx);
	if (is.rdx != should.rdx)
		differ(n, "rdx", is.rdx, should.rdx);
	/* An instruction that defines no flag changes none. */
	if (!flags)
		flags = ARITHMETIC;
	if ((is.flags ^ should.flags) & flags)
		differ(n, "flags", is.flags & flags, should.flags & flags);
	if (memory_get(at) != plain)
		differ(n, "memory", memory_get(at), plain);
}

void guest_main(void)
{
	static uint64_t own;
	uint64_t at = (uint64_t)cmdline_number("address", (int64_t)&own);
	bool basic = cmdline_flag("basic", false);
	unsigned int done = 0;

	widths = (unsigned int)cmdline_number("widths", 0xf);
	memory_map(at, 8, MEMORY_CACHED);
	for (size_t n = 0; n < sizeof(forms) / sizeof(forms[0]); n++) {
		if (!(widths & forms[n].width) || (basic && !forms[n].basic))
			continue;
		for (size_t input = 0; input < sizeof(inputs) / sizeof(inputs[0]); input++)
			compare(n, at, input);
		done++;
	}
	printk("mmio: %u forms ok\n", done);
	guest_end(BH_CELL_SHUT_DOWN);
}
