/* SPDX-License-Identifier: MIT */
/*
 * start-state: compares the registers a CPU was started with to the guest ABI, on the first CPU and on
 * one started by INIT and SIPI. A line for each difference, then "start-state: N values right, M wrong".
 */
#include <stddef.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/printk.h>
#include <guest/smp.h>
#include <guest/x86/apic.h>
#include <guest/x86/start.h>

#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_KERNEL_GS_BASE 0xc0000102

#define CR0_RESET 0x60000010
#define PAT_RESET 0x0007040600070406
#define MTRR_ENABLE 0x800
#define DIVIDE_BY_16 0x3

static unsigned int right;
static unsigned int wrong;

static void check(const char *cpu, const char *what, uint64_t is, uint64_t should)
{
	if (is == should) {
		right++;
		return;
	}
	wrong++;
	printk("start-state: %s: %s is 0x%lx, should be 0x%lx\n", cpu, what, is, should);
}

static void check_registers(const char *cpu, const struct start_snapshot *s, uint16_t cs)
{
	check(cpu, "CS", s->cs, cs);
	check(cpu, "DS", s->ds, 0);
	check(cpu, "ES", s->es, 0);
	check(cpu, "FS", s->fs, 0);
	check(cpu, "GS", s->gs, 0);
	check(cpu, "SS", s->ss, 0);
	check(cpu, "EAX", s->eax, 0);
	check(cpu, "EBX", s->ebx, 0);
	check(cpu, "ECX", s->ecx, 0);
	check(cpu, "EDX", s->edx, 0);
	check(cpu, "ESI", s->esi, 0);
	check(cpu, "EDI", s->edi, 0);
	check(cpu, "EBP", s->ebp, 0);
	check(cpu, "ESP", s->esp, 0);
	for (unsigned int i = 0; i < 8; i++)
		check(cpu, "one of R8 to R15", s->r8_r15[i], 0);
	check(cpu, "EFLAGS", s->eflags, 2);
	check(cpu, "CR0", s->cr0, CR0_RESET);
	check(cpu, "CR3", s->cr3, 0);
	check(cpu, "CR4", s->cr4, 0);
	check(cpu, "DR7", s->dr7, 0x400);
	check(cpu, "EFER", s->efer, 0);
	check(cpu, "GDTR base", s->gdtr_base, 0);
	check(cpu, "GDTR limit", s->gdtr_limit, 0xffff);
	check(cpu, "IDTR base", s->idtr_base, 0);
	check(cpu, "IDTR limit", s->idtr_limit, 0xffff);
}

/* What the library leaves alone can be looked at now. */
static void check_rest(const char *cpu)
{
	static const uint32_t cleared[] = {MSR_SYSENTER_CS, MSR_SYSENTER_ESP,  MSR_SYSENTER_EIP,
					   MSR_STAR,	    MSR_LSTAR,	       MSR_CSTAR,
					   MSR_SFMASK,	    MSR_KERNEL_GS_BASE};
	static const unsigned int lvts[] = {APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERF,
					    APIC_LVT_LINT0, APIC_LVT_LINT1,   APIC_LVT_ERROR};

	for (size_t i = 0; i < sizeof(cleared) / sizeof(cleared[0]); i++)
		check(cpu, "a system call MSR", msr_read(cleared[i]), 0);
	check(cpu, "PAT", msr_read(MSR_PAT), PAT_RESET);
	for (size_t i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		check(cpu, "mask bit of an APIC LVT", apic_read(lvts[i]) & APIC_LVT_MASKED,
		      APIC_LVT_MASKED);
	check(cpu, "APIC TPR", apic_read(APIC_TPR), 0);
	for (unsigned int i = 0; i < 8; i++) {
		check(cpu, "an APIC ISR word", apic_read(APIC_ISR + i), 0);
		check(cpu, "an APIC IRR word", apic_read(APIC_IRR + i), 0);
	}
	check(cpu, "APIC divide", apic_read(APIC_TIMER_DIVIDE), DIVIDE_BY_16);
}

static void check_ap(void *context)
{
	(void)context;
	interrupts_off(); /* the call's own interrupt has ended */
	check_rest("SIPI");
}

void guest_main(void)
{
	check_registers("reset", &boot_snapshot, 0);
	check("reset", "APIC SVR", apic_start_svr(), 0xff);
	check("reset", "MTRR_DEF_TYPE.E", boot_snapshot.mtrr_def_type & MTRR_ENABLE, 0);
	check_rest("reset");
	if (smp_cpus() > 1) {
		if (!smp_start(1)) {
			printk("start-state: CPU 1 does not start\n");
			guest_end(BH_CELL_FAILED);
		}
		check_registers("SIPI", &ap_snapshot, START_AP_VECTOR << 8);
		check("SIPI", "MTRR_DEF_TYPE.E", ap_snapshot.mtrr_def_type & MTRR_ENABLE, 0);
		smp_call(1, check_ap, NULL);
		while (smp_busy(1))
			cpu_relax();
	}
	printk("start-state: %u values right, %u wrong\n", right, wrong);
	guest_end(wrong ? BH_CELL_FAILED : BH_CELL_SHUT_DOWN);
}
