/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary bytes as the kernel of a Linux cell: they are refused with a sentence, or what is planned fits the cell.
 *
 * With -fsanitize=fuzzer and LINUX_FUZZ_LIBFUZZER defined it is a fuzzer; without, a test that replays the files
 * of a corpus, each also cut to every length and with a bit of each byte turned over.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include "bh-linux.h"

#define MIB (1ULL << 20)
#define RWX (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE)
#define INITRD_SIZE (3 * MIB + 5)

struct input {
	const uint8_t *data;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bh_memory regions[] = {
	{.virt = 0, .size = MIB, .flags = RWX | BH_MEM_LOADABLE},
	{.virt = MIB, .size = 4096, .flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM},
	{.virt = 2 * MIB, .size = 126 * MIB, .flags = RWX | BH_MEM_LOADABLE},
};

static guint accepted;

static void expect(gboolean holds)
{
	if (!holds)
		__builtin_trap();
}

static bool input_read(void *file, uint64_t offset, void *to, size_t size)
{
	const struct input *input = file;

	if (offset > input->size || size > input->size - offset)
		return false;
	memcpy(to, input->data + offset, size);
	return true;
}

static void fits(uint64_t start, uint64_t end)
{
	expect(start <= end && start >= regions[2].virt &&
	       end <= regions[2].virt + regions[2].size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bh_linux plan;
	struct input input = {data, size};
	struct bh_linux_request request = {
		.head = data,
		.head_size = MIN(size, BH_LINUX_HEAD_SIZE),
		.kernel_size = size,
		.initrd_size = INITRD_SIZE,
		.cmdline = "console=ttyS0",
		.memory = regions,
		.memory_count = G_N_ELEMENTS(regions),
		.read = input_read,
		.file = &input,
	};
	const char *why = bh_linux_build(&request, &plan);
	uint64_t end;

	if (why) {
		expect(*why && g_utf8_validate(why, -1, NULL));
		return 0;
	}
	accepted++;
	end = plan.params.kernel + plan.params.kernel_size;
	fits(plan.params.kernel, end);
	expect(plan.params.entry >= plan.params.kernel && plan.params.entry < end);
	if (!plan.is_elf)
		fits(plan.kernel_address, plan.kernel_address + size);
	fits(plan.initrd_address, plan.initrd_address + INITRD_SIZE);
	expect(plan.initrd_address >= end ||
	       plan.initrd_address + INITRD_SIZE <=
		       (plan.is_elf ? plan.params.kernel : plan.kernel_address));
	expect(plan.params.magic == BH_LINUX_MAGIC);
	return 0;
}

#ifndef LINUX_FUZZ_LIBFUZZER
#include "replay.h"

static void test_corpus(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "linux", NULL);
	gsize total = replay_folder(path, 3, 1, 1);

	/* Each is a kernel that is taken, and most of its bits are nothing to us. */
	g_assert_cmpuint(accepted, >=, total);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fuzz/linux", test_corpus);
	return g_test_run();
}
#endif
