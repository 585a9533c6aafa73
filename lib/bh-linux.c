// SPDX-License-Identifier: GPL-2.0-or-later

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "bh-linux-private.h"

#define PAGE 4096ULL
#define SECTOR 512

/* Linux' Documentation/x86/boot.rst and zero-page.rst: offsets in the zero page and in a bzImage alike. */
#define ZP_E820_COUNT 0x1e8
#define ZP_SETUP_SECTS 0x1f1
#define ZP_SYSSIZE 0x1f4 /* of 16 bytes */
#define ZP_BOOT_FLAG 0x1fe
#define ZP_JUMP 0x201 /* the header ends this far behind 0x202 */
#define ZP_MAGIC 0x202
#define ZP_VERSION 0x206
#define ZP_LOADER 0x210
#define ZP_RAMDISK 0x218
#define ZP_RAMDISK_SIZE 0x21c
#define ZP_CMDLINE 0x228
#define ZP_RAMDISK_MAX 0x22c
#define ZP_ALIGNMENT 0x230
#define ZP_RELOCATABLE 0x234
#define ZP_XLOADFLAGS 0x236
#define ZP_CMDLINE_MAX 0x238
#define ZP_SETUP_DATA 0x250
#define ZP_PREFERRED 0x258
#define ZP_INIT_SIZE 0x260
#define ZP_HEADER_END 0x268
#define ZP_E820 0x2d0
#define E820_ENTRIES_MAX 128
#define E820_RAM 1
#define E820_RESERVED 2
#define XLF_64BIT 0x1
#define ENTRY_64BIT 0x200
#define LOADER_UNKNOWN 0xff
#define SETUP_JAILHOUSE 6
#define SETUP_HEADER 16
/* What the header of a bzImage says, for kernels without one: COMMAND_LINE_SIZE of x86 is 2048. */
#define ELF_CMDLINE_MAX 2047
#define ELF_RAMDISK_MAX 0x80000000
#define ELF_ALIGNMENT 0x200000

#define REGION_RAM (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE)

static _Thread_local char text[256];

const char *bh_linux_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

/* ---- memory ---- */

bool bh_linux_is_ram(const struct bh_memory *region)
{
	return (region->flags & REGION_RAM) == REGION_RAM &&
	       !(region->flags & (BH_MEM_IO | BH_MEM_COMM | BH_MEM_ROOTSHARED));
}

static bool region_contains(const struct bh_memory *region, uint64_t address, uint64_t size)
{
	return address >= region->virt && size <= region->size &&
	       address - region->virt <= region->size - size;
}

const struct bh_memory *bh_linux_region(const struct bh_linux_request *request, uint64_t address,
					uint64_t size)
{
	for (uint32_t i = 0; i < request->memory_count; i++)
		if (bh_linux_is_ram(&request->memory[i]) &&
		    request->memory[i].flags & BH_MEM_LOADABLE &&
		    region_contains(&request->memory[i], address, size))
			return &request->memory[i];
	return NULL;
}

static void e820_add(uint8_t *zero_page, uint64_t start, uint64_t end, uint32_t type)
{
	uint8_t *entry = zero_page + ZP_E820 + 20 * zero_page[ZP_E820_COUNT];

	if (start >= end || zero_page[ZP_E820_COUNT] == E820_ENTRIES_MAX)
		return;
	bh_linux_put(entry, 0, 8, start);
	bh_linux_put(entry, 8, 8, end - start);
	bh_linux_put(entry, 16, 4, type);
	zero_page[ZP_E820_COUNT]++;
}

static void e820_fill(const struct bh_linux_request *request, uint8_t *zero_page)
{
	e820_add(zero_page, 0, BH_LINUX_LOW_END, E820_RESERVED);
	e820_add(zero_page, BH_LINUX_LOW_END, BH_LINUX_LOW_RAM_END, E820_RAM);
	for (uint32_t i = 0; i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];
		uint64_t end = region->virt + region->size;

		/* What is no RAM is listed too: nothing else is to be placed there. */
		e820_add(zero_page,
			 region->virt < BH_LINUX_LOW_SIZE ? BH_LINUX_LOW_SIZE : region->virt, end,
			 bh_linux_is_ram(region) ? E820_RAM : E820_RESERVED);
	}
}

/* ---- the kernel ---- */

/* Kernels that are taken for one of this machine every now and then. */
static const char *stranger_name(const struct bh_linux_request *request)
{
	static const struct {
		size_t offset;
		const char *magic, *name;
	} strangers[] = {
		{0x38, "ARM\x64", "a kernel for arm64"},
		{0x38, "RSC\x05", "a kernel for RISC-V"},
		{4, "zimg", "a compressed EFI kernel of another processor"},
		{0, "\x1f\x8b", "compressed with gzip"},
		{0,
		 "\xfd"
		 "7zXZ",
		 "compressed with xz"},
		{0, "\x28\xb5\x2f\xfd", "compressed with zstd"},
	};

	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		size_t size = strlen(strangers[i].magic);

		if (request->head_size >= strangers[i].offset + size &&
		    !memcmp(request->head + strangers[i].offset, strangers[i].magic, size))
			return strangers[i].name;
	}
	return NULL;
}

static const char *image_check(const struct bh_linux_request *request)
{
	const uint8_t *head = request->head;
	const char *stranger = stranger_name(request);
	uint64_t size;

	if (stranger)
		return bh_linux_refuse("the kernel is %s; take the vmlinuz file of a distribution "
				       "for 64-bit x86",
				       stranger);
	if (request->head_size < ZP_HEADER_END || bh_linux_get(head, ZP_BOOT_FLAG, 2) != 0xaa55 ||
	    memcmp(head + ZP_MAGIC, "HdrS", 4))
		return bh_linux_refuse("the kernel is no bzImage for x86 and no ELF file; take the "
				       "vmlinuz file of a distribution");
	if (bh_linux_get(head, ZP_VERSION, 2) < 0x20c || !(head[ZP_XLOADFLAGS] & XLF_64BIT))
		return bh_linux_refuse(
			"the kernel is not for 64-bit mode, or older than Linux 3.8; "
			"take a newer one");
	size = (head[ZP_SETUP_SECTS] + 1ULL) * SECTOR + bh_linux_get(head, ZP_SYSSIZE, 4) * 16;
	if (!head[ZP_SETUP_SECTS] || !bh_linux_get(head, ZP_SYSSIZE, 4) ||
	    request->kernel_size < size)
		return bh_linux_refuse("the kernel's file is cut short: it has %" PRIu64
				       " of %" PRIu64 " bytes; copy it again",
				       request->kernel_size, size);
	return NULL;
}

static const char *image_place(const struct bh_linux_request *request, struct bh_linux *out)
{
	const uint8_t *head = request->head;
	uint64_t setup = (head[ZP_SETUP_SECTS] + 1ULL) * SECTOR;
	uint64_t size = bh_linux_get(head, ZP_INIT_SIZE, 4),
		 at = bh_linux_get(head, ZP_PREFERRED, 8);
	uint64_t align = bh_linux_get(head, ZP_ALIGNMENT, 4);

	if (size < request->kernel_size)
		size = request->kernel_size;
	if (at < BH_LINUX_LOW_SIZE + setup || !bh_linux_region(request, at - setup, setup + size)) {
		bool found = false;

		for (uint32_t i = 0; i < request->memory_count && !found; i++) {
			uint64_t start = request->memory[i].virt;

			if (start < BH_LINUX_LOW_SIZE || !head[ZP_RELOCATABLE] || !align ||
			    align & (align - 1) || start > UINT64_MAX / 2)
				continue;
			at = (start + setup + align - 1) & ~(align - 1);
			found = bh_linux_region(request, at - setup, setup + size);
		}
		if (!found)
			return bh_linux_refuse("the kernel needs 0x%" PRIx64
					       " bytes of loadable memory in one piece, best at "
					       "0x%" PRIx64
					       ", and there is none; give the cell more",
					       setup + size, bh_linux_get(head, ZP_PREFERRED, 8));
	}
	out->kernel_address = at - setup;
	out->params.kernel = at;
	out->params.kernel_size = size;
	out->params.entry = at + ENTRY_64BIT;
	return NULL;
}

/* As high as it may be, which is out of the way of the kernel and of what it unpacks. */
static const char *initrd_place(const struct bh_linux_request *request, struct bh_linux *out)
{
	uint64_t kernel = out->is_elf ? out->params.kernel : out->kernel_address;
	uint64_t limit =
		out->is_elf ? ELF_RAMDISK_MAX : bh_linux_get(request->head, ZP_RAMDISK_MAX, 4) + 1;
	uint64_t best = 0;

	if (!request->initrd_size)
		return NULL;
	for (uint32_t i = 0; i < request->memory_count; i++) {
		const struct bh_memory *region = &request->memory[i];
		uint64_t end =
			region->virt + region->size < limit ? region->virt + region->size : limit;
		uint64_t at;

		if (region->virt < BH_LINUX_LOW_SIZE || end < region->virt ||
		    request->initrd_size > end - region->virt)
			continue;
		at = (end - request->initrd_size) & ~(PAGE - 1);
		/* Where the kernel is at the end of the region: below it. */
		if (at < out->params.kernel + out->params.kernel_size && end > kernel) {
			if (kernel < region->virt + request->initrd_size)
				continue;
			at = (kernel - request->initrd_size) & ~(PAGE - 1);
		}
		if (at > best && bh_linux_region(request, at, request->initrd_size))
			best = at;
	}
	if (!best)
		return bh_linux_refuse(
			"the initial file system of 0x%" PRIx64 " bytes fits in no loadable memory "
			"region beside the kernel, below 0x%" PRIx64 "; give the cell more memory",
			request->initrd_size, limit);
	out->initrd_address = best;
	return NULL;
}

/* The kernel's header with what a boot loader says in it; of an ELF file, what one would say to a bzImage. */
static void header_fill(const struct bh_linux_request *request, const struct bh_linux *out,
			uint8_t *zero_page)
{
	size_t end;

	if (out->is_elf) {
		bh_linux_put(zero_page, ZP_BOOT_FLAG, 2, 0xaa55);
		memcpy(zero_page + ZP_MAGIC, "HdrS", 4);
		bh_linux_put(zero_page, ZP_VERSION, 2, 0x20c);
		bh_linux_put(zero_page, ZP_ALIGNMENT, 4, ELF_ALIGNMENT);
	} else {
		end = ZP_MAGIC + request->head[ZP_JUMP];
		if (end > ZP_E820)
			end = ZP_E820;
		if (end > request->head_size)
			end = request->head_size;
		memcpy(zero_page + ZP_SETUP_SECTS, request->head + ZP_SETUP_SECTS,
		       end - ZP_SETUP_SECTS);
	}
	bh_linux_put(zero_page, ZP_LOADER, 1, LOADER_UNKNOWN);
	bh_linux_put(zero_page, ZP_RAMDISK, 4, out->initrd_address);
	bh_linux_put(zero_page, ZP_RAMDISK_SIZE, 4, request->initrd_size);
	bh_linux_put(zero_page, ZP_CMDLINE, 4, TABLE_AT(cmdline));
	bh_linux_put(zero_page, ZP_SETUP_DATA, 8, TABLE_AT(setup));
}

const char *bh_linux_build(const struct bh_linux_request *request, struct bh_linux *out)
{
	bool is_elf = bh_linux_is_elf(request);
	const char *why = is_elf ? NULL : image_check(request);
	uint8_t *zero_page = out->params.zero_page;
	size_t length = strlen(request->cmdline), most;

	memset(out, 0, sizeof(*out));
	if (why)
		return why;
	most = is_elf ? ELF_CMDLINE_MAX : bh_linux_get(request->head, ZP_CMDLINE_MAX, 4);
	if (most >= BH_LINUX_CMDLINE_SIZE)
		most = BH_LINUX_CMDLINE_SIZE - 1;
	if (length + BH_LINUX_CMDLINE_ROOM > most)
		return bh_linux_refuse(
			"the command line has %zu characters, this kernel takes %zu", length,
			most < BH_LINUX_CMDLINE_ROOM ? 0 : most - BH_LINUX_CMDLINE_ROOM);
	if (!bh_linux_region(request, 0, BH_LINUX_LOW_SIZE))
		return bh_linux_refuse("a Linux cell needs a loadable memory region of at least 1M "
				       "at guest address 0, readable, writable and executable");
	why = is_elf ? bh_linux_elf(request, out) : image_place(request, out);
	if (!why)
		why = initrd_place(request, out);
	if (why)
		return why;

	header_fill(request, out, zero_page);
	e820_fill(request, zero_page);
	memcpy(out->params.cmdline, request->cmdline, length);
	out->params.setup = (struct bh_linux_setup){
		.type = SETUP_JAILHOUSE,
		.length = sizeof(out->params.setup) - SETUP_HEADER,
		.version = 2,
		.compatible_version = 1,
		.uarts = 1,
	};
	bh_linux_tables(&out->params);
	/* The root has none to give yet: then it is only what the loader makes of it. */
	if (getrandom(out->params.generation_id, sizeof(out->params.generation_id), GRND_NONBLOCK) <
	    0)
		memset(out->params.generation_id, 0, sizeof(out->params.generation_id));
	out->params.time = time(NULL);
#ifdef __x86_64__
	out->params.time_tsc = __builtin_ia32_rdtsc();
#endif
	out->params.magic = BH_LINUX_MAGIC;
	return NULL;
}
