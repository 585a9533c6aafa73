// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls of /dev/bulkhead that no proper program makes: `device-calls CASE' makes one, and prints what was
 * answered as bulkhead-ctl --plain does. Status 1: refused; 0: accepted; 3: the test itself could not be made.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bh-device.h"

/* Of Linux: a page, and 32 MiB from a 2 MiB boundary on. */
#ifdef __aarch64__
#define DESC_ARCH BH_ARCH_ARM64
#define LINUX_MEMORY 0x41000000
#define LINUX_RESERVED 0x41000000
#else
#define DESC_ARCH BH_ARCH_X86
#define LINUX_MEMORY 0x100000
#define LINUX_RESERVED 0x1000000
#endif

static int fd;

static int answer(const struct bh_call *call, int ret)
{
	int number = errno;

	if (!ret) {
		puts("accepted");
		return 0;
	}
	printf("error=%s errno=%d code=%s text=%s\n", bh_reason_word(call->reason), number,
	       bh_error_word(call->error.code), call->text);
	return 1;
}

static int call_do(unsigned long request, void *structure, size_t size)
{
	struct bh_call *call = structure;

	if (!call->size)
		call->size = size;
	return answer(call, ioctl(fd, request, structure));
}
#define CALL(request, structure) call_do(request, &(structure), sizeof(structure))

struct cell {
	struct bh_cell_desc desc;
	uint32_t cpus[2];
	struct bh_memory memory[2];
} __attribute__((aligned(8)));

static struct cell cell_make(void)
{
	struct cell cell = {
		.desc = {.magic = BH_CELL_DESC_MAGIC,
			 .version = BH_CELL_DESC_VERSION,
			 .arch = DESC_ARCH,
			 .size = sizeof(cell),
			 .name = "bad",
			 .cpus = {offsetof(struct cell, cpus), 1},
			 .memory = {offsetof(struct cell, memory), 1}},
		.cpus = {2, 2},
		.memory = {{.phys = BH_PHYS_ANY,
			    .size = 0x100000,
			    .flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE},
			   {.phys = BH_PHYS_ANY,
			    .virt = 0x200000,
			    .size = 0x100000,
			    .flags = BH_MEM_READ}},
	};

	return cell;
}

static int cell_try(struct cell *cell)
{
	struct bh_create create = {.descriptor = (uintptr_t)cell, .descriptor_size = sizeof(*cell)};

	return CALL(BH_IOC_CREATE, create);
}

#define CELL_CASE(name, change)                 \
	static int name(void)                   \
	{                                       \
		struct cell cell = cell_make(); \
                                                \
		change;                         \
		return cell_try(&cell);         \
	}

#define CELL_CASES(C)                                                              \
	C(magic, cell.desc.magic = 1)                                              \
	C(version, cell.desc.version = 9)                                          \
	C(size_differs, cell.desc.size -= 8)                                       \
	C(table_outside, cell.desc.memory.offset = 0x10000)                        \
	C(table_count, cell.desc.memory.count = 0x10000000)                        \
	C(table_misaligned, cell.desc.memory.offset += 4)                          \
	C(table_in_header, cell.desc.cpus.offset = 8)                              \
	C(name_empty, cell.desc.name[0] = 0)                                       \
	C(name_endless, memset(cell.desc.name, 'x', sizeof(cell.desc.name)))       \
	C(id_range, cell.desc.id = 32)                                             \
	C(cpu_none, cell.desc.cpus.count = 0)                                      \
	C(cpu_unknown, cell.cpus[0] = 77)                                          \
	C(cpu_huge, cell.cpus[0] = 0xffffffff)                                     \
	C(cpu_twice, cell.desc.cpus.count = 2)                                     \
	C(cpu_boot, cell.cpus[0] = 0)                                              \
	C(memory_linux, cell.memory[0].phys = LINUX_MEMORY)                        \
	C(memory_linux_io,                                                         \
	  (cell.memory[0].phys = LINUX_MEMORY, cell.memory[0].flags |= BH_MEM_IO)) \
	C(memory_empty, cell.memory[0].size = 0)                                   \
	C(memory_align, cell.memory[0].size = 0x100001)                            \
	C(memory_wrap, cell.memory[0].size = ~0xfffULL)                            \
	C(memory_too_much, cell.memory[0].size = 1ULL << 40)                       \
	C(memory_flags, cell.memory[0].flags |= 0x40000000)                        \
	C(memory_overlap, (cell.desc.memory.count = 2, cell.memory[1].virt = 0x80000))

CELL_CASES(CELL_CASE)

static int desc_tiny(void)
{
	struct cell cell = cell_make();
	struct bh_create create = {.descriptor = (uintptr_t)&cell, .descriptor_size = 8};

	return CALL(BH_IOC_CREATE, create);
}

static int desc_huge(void)
{
	struct cell cell = cell_make();
	struct bh_create create = {.descriptor = (uintptr_t)&cell, .descriptor_size = 0x20000};

	return CALL(BH_IOC_CREATE, create);
}

static int desc_pointer(void)
{
	struct bh_create create = {.descriptor = 16, .descriptor_size = sizeof(struct cell)};

	return CALL(BH_IOC_CREATE, create);
}

static int call_size(void)
{
	struct bh_enable enable = {.call.size = 8};

	return CALL(BH_IOC_ENABLE, enable);
}

static int call_flags(void)
{
	struct bh_enable enable = {.call.flags = 0x80};

	return CALL(BH_IOC_ENABLE, enable);
}

static int call_reserved(void)
{
	struct bh_cell_call call = {.id = 1, .reserved = 5};

	return CALL(BH_IOC_START, call);
}

static int call_envelope(void)
{
	struct bh_cell_call call = {.call.reserved = 5, .id = 1};

	return CALL(BH_IOC_START, call);
}

static int call_unknown(void)
{
	struct bh_info info = {0};

	return CALL(_IOWR(BH_IOC_TYPE, 99, struct bh_info), info);
}

static int call_pointer(void)
{
	struct bh_call none = {0};

	return answer(&none, ioctl(fd, BH_IOC_INFO, (void *)16));
}

static int call_read_only(void)
{
	struct bh_disable disable = {0};

	close(fd);
	fd = open(BH_DEVICE_PATH, O_RDONLY);
	return CALL(BH_IOC_DISABLE, disable);
}

static int reserved_linux(void)
{
	struct bh_enable enable = {.reserved = {LINUX_RESERVED, 0x2000000}};

	return CALL(BH_IOC_ENABLE, enable);
}

static int reserved_misaligned(void)
{
	struct bh_enable enable = {.reserved = {LINUX_RESERVED + 0x1000, 0x2000000}};

	return CALL(BH_IOC_ENABLE, enable);
}

static int stream_unknown(void)
{
	struct bh_stream stream = {.stream = 7};

	return CALL(BH_IOC_STREAM, stream);
}

static int stream_cell(void)
{
	struct bh_stream stream = {.stream = BH_STREAM_CONSOLE, .id = 31};

	return CALL(BH_IOC_STREAM, stream);
}

static int policy_kind(void)
{
	struct bh_policy_call policy = {.kind = 99};

	return CALL(BH_IOC_POLICY, policy);
}

static int cpu_number(void)
{
	struct bh_info_cpu info = {.cpu = 4000};

	return CALL(BH_IOC_INFO_CPU, info);
}

/* Images for cell 1. */
static int images_try(struct bh_image *image, uint32_t count)
{
	struct bh_load load = {.id = 1, .image_count = count, .images = (uintptr_t)image};

	return CALL(BH_IOC_LOAD, load);
}

static int images_many(void)
{
	return images_try(NULL, 100);
}

static int images_pointer(void)
{
	return images_try((void *)16, 1);
}

static int image_fd(void)
{
	struct bh_image image = {.fd = 999};

	return images_try(&image, 1);
}

static int image_type(void)
{
	struct bh_image image = {.type = 9};

	return images_try(&image, 1);
}

static int image_device(void)
{
	struct bh_image image = {.fd = open("/dev/zero", O_RDONLY)};

	return images_try(&image, 1);
}

static int image_text_pointer(void)
{
	struct bh_image image = {.type = BH_IMAGE_TEXT, .text = 16, .text_size = 8};

	return images_try(&image, 1);
}

static int image_too_large(void)
{
	struct bh_image image = {.fd = memfd_create("large", 0)};

	if (ftruncate(image.fd, 1 << 30))
		return 3;
	return images_try(&image, 1);
}

static int image_wrap(void)
{
	struct bh_image image = {.fd = memfd_create("wrap", 0), .address = ~0xfffULL};

	if (ftruncate(image.fd, 0x2000))
		return 3;
	return images_try(&image, 1);
}

static int image_not_elf(void)
{
	struct bh_image image = {.fd = memfd_create("noelf", 0), .type = BH_IMAGE_ELF};

	if (ftruncate(image.fd, 0x2000))
		return 3;
	return images_try(&image, 1);
}

static int image_empty(void)
{
	struct bh_image image = {.fd = memfd_create("empty", 0)};

	return images_try(&image, 1);
}

/* Any structure full of anything: must be survived, and mostly refused. */
static int garbage(void)
{
	static uint8_t block[16384];
	int refused = 0;

	srandom(1);
	for (int round = 0; round < 3000; round++) {
		static const unsigned long calls[] = {
			BH_IOC_CREATE, BH_IOC_LOAD,	BH_IOC_START,	  BH_IOC_POLICY,
			BH_IOC_STREAM, BH_IOC_INFO_CPU, BH_IOC_DESCRIPTOR};
		unsigned long call = calls[random() % 7];

		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = random();
		/* Past the envelope, so that the rest is looked at. */
		memset(block, 0, sizeof(struct bh_call));
		((struct bh_call *)block)->size = _IOC_SIZE(call);
		if (ioctl(fd, call, block))
			refused++;
	}
	printf("%d of 3000 refused\n", refused);
	return refused > 2900 ? 1 : 0;
}

static const struct {
	const char *name;
	int (*work)(void);
} cases[] = {
#define CASE_ENTRY(name) {#name, name},
#define CELL_ENTRY(name, change) CASE_ENTRY(name)
	CELL_CASES(CELL_ENTRY) CASE_ENTRY(desc_tiny) CASE_ENTRY(desc_huge) CASE_ENTRY(
		desc_pointer) CASE_ENTRY(call_size) CASE_ENTRY(call_flags) CASE_ENTRY(call_reserved)
		CASE_ENTRY(call_envelope) CASE_ENTRY(call_unknown) CASE_ENTRY(
			call_pointer) CASE_ENTRY(call_read_only) CASE_ENTRY(reserved_linux)
			CASE_ENTRY(reserved_misaligned) CASE_ENTRY(stream_unknown) CASE_ENTRY(
				stream_cell) CASE_ENTRY(policy_kind) CASE_ENTRY(cpu_number)
				CASE_ENTRY(images_many) CASE_ENTRY(images_pointer) CASE_ENTRY(
					image_fd) CASE_ENTRY(image_type) CASE_ENTRY(image_device)
					CASE_ENTRY(image_text_pointer) CASE_ENTRY(image_too_large)
						CASE_ENTRY(image_wrap) CASE_ENTRY(image_not_elf)
							CASE_ENTRY(image_empty)
								CASE_ENTRY(garbage)};

int main(int argc, char **argv)
{
	fd = open(BH_DEVICE_PATH, O_RDWR);
	if (fd < 0 || argc != 2) {
		fprintf(stderr, "device-calls: no device, or no case named\n");
		return 3;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(argv[1], cases[i].name))
			return cases[i].work();
	fprintf(stderr, "device-calls: there is no case %s\n", argv[1]);
	return 3;
}
