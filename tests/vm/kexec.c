// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kexec-tools would do, without them on the board.
 *
 *   kexec load KERNEL INITRD COMMAND-LINE    the kernel that runs next
 *   kexec crash KERNEL INITRD COMMAND-LINE   the one that runs after a panic
 *   kexec unload-crash
 *   kexec go                                 leaves Linux in an orderly way for the kernel that was loaded
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int done(const char *what, long result)
{
	if (!result)
		return 0;
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	return 1;
}

static int load(const char *kernel, const char *initrd, const char *cmdline, unsigned long flags)
{
	int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC);
	int initrd_fd = open(initrd, O_RDONLY | O_CLOEXEC);

	if (kernel_fd < 0)
		return done(kernel, -1);
	if (initrd_fd < 0)
		return done(initrd, -1);
	return done("load", syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1,
				    cmdline, flags));
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 5 && !strcmp(verb, "load"))
		return load(argv[2], argv[3], argv[4], 0);
	if (argc == 5 && !strcmp(verb, "crash"))
		return load(argv[2], argv[3], argv[4], KEXEC_FILE_ON_CRASH);
	if (argc == 2 && !strcmp(verb, "unload-crash"))
		return done(verb, syscall(SYS_kexec_file_load, -1, -1, 0, "",
					  KEXEC_FILE_ON_CRASH | KEXEC_FILE_UNLOAD));
	if (argc == 2 && !strcmp(verb, "go"))
		return done(verb, syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
					  LINUX_REBOOT_CMD_KEXEC, NULL));
	fputs("kexec: load, crash, unload-crash or go\n", stderr);
	return 2;
}
