/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder must take every instruction a compiler makes of an access to a device. Arguments are
 * object files of volatile.c; Capstone finds the instructions and tells which have a memory operand.
 */
#include <hv/arch/x86/decode.h>

#include <elf.h>
#include <glib.h>
#include <string.h>

/* Capstone has an enum of the name of our structure. */
#define x86_insn capstone_x86_insn
#include <capstone/capstone.h>
#undef x86_insn

/* Not the stack, and not an address without an access. */
static bool accesses_device(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id == X86_INS_LEA || insn->id == X86_INS_NOP)
		return false;
	for (unsigned int i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type == X86_OP_MEM && op->mem.base != X86_REG_RSP &&
		    op->mem.base != X86_REG_RBP && op->mem.base != X86_REG_RIP)
			return true;
	}
	return false;
}

/* Returns the number of accesses. */
static unsigned int check_code(csh capstone, const char *file, const u8 *code, size_t size)
{
	cs_insn *insn = cs_malloc(capstone);
	unsigned int count = 0;
	uint64_t address = 0;

	while (size) {
		const u8 *start = code;
		struct x86_insn ours;
		int result;

		if (!cs_disasm_iter(capstone, &code, &size, &address, insn))
			g_error("%s: no instruction at %#" PRIx64 " of a code section", file,
				address);
		if (!accesses_device(insn))
			continue;
		count++;
		result = x86_decode(&ours, start, insn->size, X86_MODE_64);
		if (result)
			g_test_fail_printf("%s: refused with %d: %s %s", file, result,
					   insn->mnemonic, insn->op_str);
		else if (ours.len != insn->size)
			g_test_fail_printf("%s: %d bytes, not %d: %s %s", file, ours.len,
					   insn->size, insn->mnemonic, insn->op_str);
	}
	cs_free(insn, 1);
	return count;
}

static void test_object(gconstpointer data)
{
	const char *file = data;
	g_autofree char *contents = NULL;
	g_autoptr(GError) error = NULL;
	unsigned int count = 0;
	Elf64_Ehdr header;
	csh capstone;
	gsize size;

	g_file_get_contents(file, &contents, &size, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(size, >, sizeof(header));
	memcpy(&header, contents, sizeof(header));
	g_assert_cmpmem(header.e_ident, SELFMAG, ELFMAG, SELFMAG);
	g_assert_cmpint(cs_open(CS_ARCH_X86, CS_MODE_64, &capstone), ==, CS_ERR_OK);
	cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	for (unsigned int i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section;

		g_assert_cmpuint(header.e_shoff + (i + 1) * sizeof(section), <=, size);
		memcpy(&section, contents + header.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_type == SHT_PROGBITS && section.sh_flags & SHF_EXECINSTR)
			count += check_code(capstone, file, (u8 *)contents + section.sh_offset,
					    section.sh_size);
	}
	cs_close(&capstone);
	g_test_message("%u accesses", count);
	/* Eight types with some fifty accesses each: fewer would mean that they were not found. */
	g_assert_cmpuint(count, >, 400);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (argc < 2)
		g_error("no object files: give those of volatile.c as arguments");
	for (int i = 1; i < argc; i++) {
		g_autofree char *name = g_path_get_basename(argv[i]);
		g_autofree char *path = g_strdup_printf("/volatile/%d-%s", i, name);

		g_test_add_data_func(path, argv[i], test_object);
	}
	return g_test_run();
}
