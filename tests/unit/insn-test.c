/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the instruction at a guest's RIP comes from: its memory, by its own page tables, or the processor, where it has
 * decode assists. No emulator has them, so this is the one place where that path runs without such a processor.
 */
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>

#include <glib.h>
#include <string.h>

#define RAM_SIZE 0x10000
#define PML4 0x1000
#define PDPT 0x2000
#define PAGE_DIRECTORY 0x3000
#define PAGE_TABLE 0x4000
#define CODE 0x8000 /* guest-physical */
#define CODE_VIRTUAL 0x5000
#define PRESENT 1

#define CS_64 0x29b
#define CS_32 0x49b
#define CS_16 0x09b

static const u8 store32[] = {0x89, 0x07}; /* mov %eax, (%rdi), or (%edi) */
static const u8 load64[] = {0x48, 0x8b, 0x4e, 0x10}; /* mov 0x10(%rsi), %rcx */

static u8 ram[RAM_SIZE] __attribute__((aligned(4096)));
static u32 looked; /* how often guest memory was reached for */
static struct vmcb vmcb;
static struct cell cell;
static struct cpu cpu;

/* What insn.c takes from the rest of the core: a cell whose memory is one to one. */
bool svm_has_decode_assists;

void *phys_to_virt(paddr_t pa)
{
	return &ram[pa.v];
}

bool table_translate(const struct table *table, gpa_t address, paddr_t *phys)
{
	(void)table;
	looked++;
	*phys = PADDR(address.v);
	return address.v < RAM_SIZE;
}

struct table_entry table_lookup(const struct table *table, gpa_t address)
{
	(void)table;
	return (struct table_entry){.present = address.v < RAM_SIZE};
}

static void entry_set(u64 table, u64 index, u64 entry)
{
	memcpy(&ram[table + index * 8], &entry, sizeof(entry));
}

/* A 64-bit guest at CODE_VIRTUAL with these bytes before it. */
static void guest_begin(const u8 *code, size_t size)
{
	memset(ram, 0, sizeof(ram));
	entry_set(PML4, 0, PDPT | PRESENT);
	entry_set(PDPT, 0, PAGE_DIRECTORY | PRESENT);
	entry_set(PAGE_DIRECTORY, 0, PAGE_TABLE | PRESENT);
	entry_set(PAGE_TABLE, CODE_VIRTUAL / 4096, CODE | PRESENT);
	memcpy(&ram[CODE], code, size);

	memset(&vmcb, 0, sizeof(vmcb));
	vmcb.cr0 = X86_CR0_PG | X86_CR0_PE;
	vmcb.cr3 = PML4;
	vmcb.cr4 = X86_CR4_PAE;
	vmcb.efer = EFER_LMA;
	vmcb.cs.attributes = CS_64;
	vmcb.rip = CODE_VIRTUAL;

	memset(&cpu, 0, sizeof(cpu));
	cpu.cell = &cell;
	cpu.mode = CPU_RUNNING;
	cpu.arch.vmcb = &vmcb;
	looked = 0;
}

static void processor_fetched(const u8 *code, size_t size)
{
	memset(vmcb.insn_bytes, 0, sizeof(vmcb.insn_bytes));
	memcpy(vmcb.insn_bytes, code, size);
	vmcb.insn_length = size;
}

static void assert_insn(const struct x86_insn *insn, enum x86_op op, u8 width, u8 length)
{
	g_assert_nonnull(insn);
	g_assert_cmpuint(insn->op, ==, op);
	g_assert_cmpuint(insn->width, ==, width);
	g_assert_cmpuint(insn->len, ==, length);
}

static void test_memory(void)
{
	svm_has_decode_assists = false;
	guest_begin(store32, sizeof(store32));
	/* What this processor leaves there means nothing. */
	processor_fetched(load64, sizeof(load64));
	assert_insn(insn_fetch(&cpu), X86_STORE, 4, 2);
	g_assert_cmpuint(looked, >, 4);

	looked = 0;
	assert_insn(insn_fetch(&cpu), X86_STORE, 4, 2);
	g_assert_cmpuint(looked, ==, 0);

	memcpy(&ram[CODE], load64, sizeof(load64));
	assert_insn(insn_fetch(&cpu), X86_LOAD, 8, 4);

	entry_set(PAGE_TABLE, CODE_VIRTUAL / 4096, 0);
	g_assert_null(insn_fetch(&cpu));
}

static void test_processor(void)
{
	static const u8 other[] = {0x0f, 0x0b}; /* in memory: not to be looked at */

	svm_has_decode_assists = true;
	guest_begin(other, sizeof(other));
	processor_fetched(store32, sizeof(store32));
	assert_insn(insn_fetch(&cpu), X86_STORE, 4, 2);
	/* The next one, at the same place: nothing of the former is left. */
	processor_fetched(load64, sizeof(load64));
	assert_insn(insn_fetch(&cpu), X86_LOAD, 8, 4);
	g_assert_cmpuint(looked, ==, 0);
}

/* Fifteen bytes are fetched, whatever is behind the instruction, or as many as there are before a page that is absent. */
static void test_processor_length(void)
{
	u8 bytes[X86_INSN_MAX];

	svm_has_decode_assists = true;
	guest_begin(store32, sizeof(store32));
	memset(bytes, 0xcc, sizeof(bytes));
	memcpy(bytes, load64, sizeof(load64));
	for (size_t size = 1; size <= sizeof(bytes); size++) {
		processor_fetched(bytes, size);
		if (size < sizeof(load64))
			g_assert_null(insn_fetch(&cpu));
		else
			assert_insn(insn_fetch(&cpu), X86_LOAD, 8, 4);
	}
	/* The upper half of the length is reserved (APM2 15.8.4). */
	vmcb.insn_length |= 0x50;
	assert_insn(insn_fetch(&cpu), X86_LOAD, 8, 4);
	g_assert_cmpuint(looked, ==, 0);

	/* It fetched none: memory is asked, and remembered as ever. */
	processor_fetched(bytes, 0);
	assert_insn(insn_fetch(&cpu), X86_STORE, 4, 2);
	g_assert_cmpuint(looked, >, 4);
}

static void test_processor_mode(void)
{
	svm_has_decode_assists = true;
	guest_begin(store32, sizeof(store32));
	processor_fetched(store32, sizeof(store32));
	vmcb.efer = 0;
	vmcb.cs.attributes = CS_32;
	assert_insn(insn_fetch(&cpu), X86_STORE, 4, 2);
	vmcb.cs.attributes = CS_16;
	assert_insn(insn_fetch(&cpu), X86_STORE, 2, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/insn/memory", test_memory);
	g_test_add_func("/insn/processor", test_processor);
	g_test_add_func("/insn/processor/length", test_processor_length);
	g_test_add_func("/insn/processor/mode", test_processor_mode);
	return g_test_run();
}
