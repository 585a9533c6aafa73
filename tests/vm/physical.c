// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Physical memory the way a curious program of the root reaches for it.
 *
 *   physical kcore START SIZE          reads through /proc/kcore
 *   physical mem START SIZE            reads through a mapping of /dev/mem
 *   physical mem START SIZE BYTE       fills, through the same
 *
 * Reading prints "read=N nonzero=N", bytes that could be read and those that were not zero, or "absent". Status 1: refused, with
 * the reason; 2: wrong usage.
 */

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "physical: %s: %s\n", what, strerror(errno));
	return 1;
}

static void report(uint64_t done, const uint8_t *data, uint64_t size)
{
	uint64_t nonzero = 0;

	for (uint64_t i = 0; i < size; i++)
		nonzero += data[i] != 0;
	printf("read=%" PRIu64 " nonzero=%" PRIu64 "\n", done, nonzero);
}

/* Where in the file this physical address is. */
static bool kcore_offset(int fd, uint64_t start, off_t *offset)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return false;
	for (int i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)) != sizeof(part))
			return false;
		/* What has no physical address, as vmalloc() gives, says -1. */
		if (part.p_type == PT_LOAD && part.p_paddr != UINT64_MAX &&
		    start - part.p_paddr < part.p_memsz) {
			*offset = part.p_offset + (start - part.p_paddr);
			return true;
		}
	}
	return false;
}

static int read_kcore(uint64_t start, uint64_t size)
{
	int fd = open("/proc/kcore", O_RDONLY);
	uint8_t *data = calloc(1, size);
	uint64_t done = 0;
	off_t offset;
	ssize_t n;

	if (fd < 0 || !data)
		return failed("/proc/kcore");
	if (!kcore_offset(fd, start, &offset)) {
		puts("absent");
		return 0;
	}
	while (done < size && (n = pread(fd, data + done, size - done, offset + done)) > 0)
		done += n;
	report(done, data, done);
	return 0;
}

static int use_mem(uint64_t start, uint64_t size, const char *byte)
{
	int fd = open("/dev/mem", byte ? O_RDWR : O_RDONLY);
	uint8_t *at = MAP_FAILED;

	if (fd >= 0)
		at = mmap(NULL, size, PROT_READ | (byte ? PROT_WRITE : 0), MAP_SHARED, fd, start);
	if (at == MAP_FAILED)
		return failed("/dev/mem");
	if (byte)
		memset(at, strtoul(byte, NULL, 0), size);
	else
		report(size, at, size);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t start, size;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "Usage: physical kcore|mem START SIZE [BYTE]\n");
		return 2;
	}
	start = strtoull(argv[2], NULL, 0);
	size = strtoull(argv[3], NULL, 0);
	if (!strcmp(argv[1], "kcore") && argc == 4)
		return read_kcore(start, size);
	if (!strcmp(argv[1], "mem"))
		return use_mem(start, size, argv[4]);
	fprintf(stderr, "physical: there is no way \"%s\"\n", argv[1]);
	return 2;
}
