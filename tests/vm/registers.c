// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of each CPU's state a program can see, a line each: model-specific registers through /dev/cpu/N/msr,
 * descriptor tables, and the word for tasks. Time and counters are left out, as they go on.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	uint32_t first, last;
} msrs[] = {
	{0x1b, 0x1b}, /* APIC base */
	{0xfe, 0xfe}, /* MTRR capabilities */
	{0x174, 0x176}, /* SYSENTER */
	{0x1d9, 0x1d9}, /* debug control */
	{0x200, 0x20f}, /* MTRRs */
	{0x250, 0x250},
	{0x258, 0x259},
	{0x268, 0x26f},
	{0x277, 0x277}, /* PAT */
	{0x2ff, 0x2ff},
	{0xc0000080, 0xc0000084}, /* EFER, STAR, LSTAR, CSTAR, SFMASK */
	{0xc0000101, 0xc0000101}, /* GS of the kernel while a program runs: its own area */
	{0xc0000103, 0xc0000103}, /* TSC_AUX */
	{0xc0002000, 0xc0002003}, /* machine check, of the scalable kind: in no bitmap */
	{0xc0010010, 0xc0010010}, /* SYSCFG */
	{0xc0010015, 0xc0010015}, /* HWCR */
	{0xc0010114, 0xc0010114}, /* VM_CR */
	{0xc0010117, 0xc0010117}, /* VM_HSAVE_PA */
};

struct __attribute__((packed)) table {
	uint16_t limit;
	uint64_t base;
};

static void print_cpu(int cpu)
{
	struct table gdt, idt;
	uint16_t tr, ldt;
	uint64_t value;
	char path[64];
	int fd;

	__asm__ volatile("sgdt %0; sidt %1; str %2; sldt %3"
			 : "=m"(gdt), "=m"(idt), "=r"(tr), "=r"(ldt));
	printf("cpu %d gdt %#" PRIx64 " %#x idt %#" PRIx64 " %#x tr %#x ldt %#x\n", cpu, gdt.base,
	       gdt.limit, idt.base, idt.limit, tr, ldt);
	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_RDONLY);
	for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		for (uint32_t msr = msrs[i].first; msr <= msrs[i].last; msr++) {
			if (pread(fd, &value, sizeof(value), msr) == sizeof(value))
				printf("cpu %d msr %#x %#" PRIx64 "\n", cpu, msr, value);
			else
				printf("cpu %d msr %#x none\n", cpu, msr);
		}
	close(fd);
}

int main(void)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (!sched_setaffinity(0, sizeof(set), &set))
			print_cpu(cpu);
	}
	return 0;
}
