// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvm-hold: makes a virtual machine of KVM, says so, and keeps it until its standard input ends. While there is
 * one, KVM has the virtualization extensions of all CPUs.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR);
	char byte;

	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0) {
		printf("kvm-hold: %s\n", strerror(errno));
		return 1;
	}
	puts("kvm-hold: made");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
