// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kexec-tools would do, without them on the board, where the kernel has no kexec_file_load(2): kexec.c's verbs on QEMU's
 * "virt". The pieces go to places of its RAM, or into what crashkernel= has set aside.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libfdt.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From where the pieces go: each 2 MiB from a boundary of 2 MiB on, as the kernel wants it (Documentation/arm64/booting.rst). */
#define ANYWHERE 0x50000000
#define ALIGNMENT 0x200000
#define IMAGE_SIZE 16 /* in its header: with what it clears */
#define TREE_SIZE 0x200000
#define STUB_SIZE 0x1000

struct piece {
	void *data;
	uint64_t size, room, at;
};

static int failed(const char *what)
{
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	return 1;
}

static int file_read(const char *name, struct piece *piece)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat info;
	ssize_t n;

	if (fd < 0 || fstat(fd, &info))
		return failed(name);
	/* Files of sysfs say what size they have. */
	piece->data = malloc(info.st_size);
	while (piece->data && piece->size < (uint64_t)info.st_size &&
	       (n = read(fd, (char *)piece->data + piece->size, info.st_size - piece->size)) > 0)
		piece->size += n;
	piece->room = piece->size;
	close(fd);
	return piece->size ? 0 : failed(name);
}

/* What crashkernel= has set aside. */
static int crash_area(uint64_t *start, uint64_t *size)
{
	FILE *list = fopen("/proc/iomem", "re");
	char line[256];
	uint64_t first, last;

	while (list && fgets(line, sizeof(line), list))
		if (strstr(line, "Crash kernel") &&
		    sscanf(line, " %" SCNx64 "-%" SCNx64, &first, &last) == 2) {
			*start = first;
			*size = last + 1 - first;
			fclose(list);
			return 0;
		}
	errno = ENOENT;
	return failed("Crash kernel");
}

/* The running kernel's tree, with another command line. */
static int tree_make(struct piece *tree, const struct piece *initrd, const char *cmdline,
		     uint64_t start, uint64_t size)
{
	struct piece own = {0};
	fdt64_t usable[] = {cpu_to_fdt64(start), cpu_to_fdt64(size)};
	int chosen, ret;

	tree->data = calloc(1, TREE_SIZE);
	if (file_read("/sys/firmware/fdt", &own) || !tree->data)
		return 1;
	ret = fdt_open_into(own.data, tree->data, TREE_SIZE);
	chosen = ret ? ret : fdt_path_offset(tree->data, "/chosen");
	if (chosen < 0 || fdt_setprop_string(tree->data, chosen, "bootargs", cmdline) ||
	    fdt_setprop_u64(tree->data, chosen, "linux,initrd-start", initrd->at) ||
	    fdt_setprop_u64(tree->data, chosen, "linux,initrd-end", initrd->at + initrd->size) ||
	    (size && fdt_setprop(tree->data, chosen, "linux,usable-memory-range", usable,
				 sizeof(usable)))) {
		fprintf(stderr, "kexec: the device tree cannot be changed\n");
		return 1;
	}
	fdt_pack(tree->data);
	tree->size = fdt_totalsize(tree->data);
	return 0;
}

/* X0 is the tree, X1 to X3 are 0. */
static void stub_make(uint32_t *code, uint64_t kernel, uint64_t tree)
{
	code[0] =
		0x58000104; /* ldr x4, code + 32: with the MMU off, where it has its own alignment */
	code[1] = 0x58000120; /* ldr x0, code + 40 */
	code[2] = 0xd2800001; /* mov x1, #0 */
	code[3] = 0xd2800002;
	code[4] = 0xd2800003;
	code[5] = 0xd61f0080; /* br x4 */
	memcpy(code + 8, &kernel, sizeof(kernel));
	memcpy(code + 10, &tree, sizeof(tree));
}

enum { KERNEL, INITRD, TREE, STUB, PIECES };

static int load(const char *kernel, const char *initrd, const char *cmdline, unsigned long flags)
{
	static uint32_t code[STUB_SIZE / 4];
	struct piece pieces[PIECES] = {
		[TREE] = {.room = TREE_SIZE},
		[STUB] = {.data = code, .size = sizeof(code), .room = sizeof(code)},
	};
	struct kexec_segment segments[PIECES];
	uint64_t start = ANYWHERE, size = 0, at;

	if (file_read(kernel, &pieces[KERNEL]) || file_read(initrd, &pieces[INITRD]) ||
	    (flags & KEXEC_ON_CRASH && crash_area(&start, &size)))
		return 1;
	memcpy(&pieces[KERNEL].room, (char *)pieces[KERNEL].data + IMAGE_SIZE, 8);
	at = start;
	for (int i = 0; i < PIECES; i++) {
		at = (at + ALIGNMENT - 1) & -ALIGNMENT;
		pieces[i].at = at;
		at += pieces[i].room;
	}
	if (tree_make(&pieces[TREE], &pieces[INITRD], cmdline, start, size))
		return 1;
	stub_make(code, pieces[KERNEL].at, pieces[TREE].at);
	for (int i = 0; i < PIECES; i++)
		segments[i] = (struct kexec_segment){
			.buf = pieces[i].data,
			.bufsz = pieces[i].size,
			.mem = (void *)pieces[i].at,
			.memsz = (pieces[i].room + 0xfff) & -0x1000,
		};
	if (syscall(SYS_kexec_load, pieces[STUB].at, PIECES, segments, flags))
		return failed("load");
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 5 && !strcmp(verb, "load"))
		return load(argv[2], argv[3], argv[4], KEXEC_ARCH_AARCH64);
	if (argc == 5 && !strcmp(verb, "crash"))
		return load(argv[2], argv[3], argv[4], KEXEC_ARCH_AARCH64 | KEXEC_ON_CRASH);
	if (argc == 2 && !strcmp(verb, "go")) {
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		return failed("go");
	}
	fputs("kexec: load, crash or go\n", stderr);
	return 2;
}
