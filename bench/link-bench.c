/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root's side of the measurements of doorbells: takes interrupts of the link until its standard input says something, then
 * rings the peer 0.
 *
 *	link-bench LINK CONFIG
 *
 * CONFIG is the configuration space of the link's device: interrupts are made to come all, not one by one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bulkhead-link.h>
#include <bulkhead/bench.h>
#include <bulkhead/link.h>

#define CAPABILITY 0x40

static int failed(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned char off = 0;
	volatile char *registers;
	struct bhl *link;
	char line[8];
	int status, config;

	if (argc != 3)
		return 2;
	status = bhl_open(argv[1], &link);
	if (status) {
		fprintf(stderr, "link-bench: %s\n", strerror(-status));
		return 1;
	}
	config = open(argv[2], O_RDWR);
	if (config < 0 || pwrite(config, &off, 1, CAPABILITY + BH_LINK_CAP_PRIVILEGED) != 1)
		return failed(argv[2]);
	/* Map 0, as the library has it, which does not give its registers away. */
	registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bhl_fd(link), 0);
	if (registers == MAP_FAILED)
		return failed("registers");
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (int i = 0; i < BH_BENCH_ROUNDS; i++)
		__asm__ volatile(
			BH_BENCH_X86_BEGIN(
				BH_BENCH_DOORBELL_OF_ROOT) "movl %0, "
							   "(%1)\n\t" BH_BENCH_X86_END(
								   BH_BENCH_DOORBELL_OF_ROOT)
			:
			: "r"(0), "r"(registers + BH_LINK_REG_DOORBELL)
			: "memory");
	bhl_close(link);
	return 0;
}
