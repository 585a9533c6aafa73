/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command between two markers of bulkhead/bench.h, for what the whole machine executes meanwhile:
 *
 *	bench-mark enable|create|start|destroy COMMAND [ARGUMENT...]
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bulkhead/bench.h>

#define MARKS(name, id)                                     \
	static void name##_begin(void)                      \
	{                                                   \
		__asm__ volatile(BH_BENCH_ARM64_BEGIN(id)); \
	}                                                   \
	static void name##_end(void)                        \
	{                                                   \
		__asm__ volatile(BH_BENCH_ARM64_END(id));   \
	}
MARKS(enable, BH_BENCH_ENABLE)
MARKS(create, BH_BENCH_CREATE)
MARKS(start, BH_BENCH_START)
MARKS(destroy, BH_BENCH_DESTROY)

static const struct {
	const char *name;
	void (*begin)(void);
	void (*end)(void);
} marks[] = {
	{"enable", enable_begin, enable_end},
	{"create", create_begin, create_end},
	{"start", start_begin, start_end},
	{"destroy", destroy_begin, destroy_end},
};

int main(int argc, char **argv)
{
	unsigned int i = 0;
	int status = -1;
	pid_t child;

	while (argc > 2 && i < sizeof(marks) / sizeof(marks[0]) && strcmp(marks[i].name, argv[1]))
		i++;
	if (argc <= 2 || i == sizeof(marks) / sizeof(marks[0]))
		return 2;
	marks[i].begin();
	child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	waitpid(child, &status, 0);
	marks[i].end();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
