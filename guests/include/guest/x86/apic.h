/* SPDX-License-Identifier: MIT */
/*
 * The local APIC. Registers have their x2APIC number (MSR 0x800 + n, or offset n * 16 of the page).
 * The guest ABI offers the MSRs whatever APIC_BASE and CPUID say; "apic=xapic" on the
 * command line takes the page instead, for machines without that hypervisor.
 */
#ifndef GUEST_X86_APIC_H
#define GUEST_X86_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define APIC_PAGE 0xfee00000
#define APIC_ID 0x02
#define APIC_VERSION 0x03
#define APIC_TPR 0x08
#define APIC_EOI 0x0b
#define APIC_LDR 0x0d
#define APIC_SVR 0x0f
#define APIC_ISR 0x10
#define APIC_IRR 0x20
#define APIC_ESR 0x28
#define APIC_ICR 0x30
#define APIC_LVT_TIMER 0x32
#define APIC_LVT_THERMAL 0x33
#define APIC_LVT_PERF 0x34
#define APIC_LVT_LINT0 0x35
#define APIC_LVT_LINT1 0x36
#define APIC_LVT_ERROR 0x37
#define APIC_TIMER_INITIAL 0x38
#define APIC_TIMER_CURRENT 0x39
#define APIC_TIMER_DIVIDE 0x3e
#define APIC_SELF_IPI 0x3f

#define APIC_LVT_MASKED 0x10000
#define APIC_LVT_DEADLINE 0x40000

/* ICR, low half */
#define APIC_FIXED 0x000
#define APIC_LOWEST 0x100
#define APIC_SMI 0x200
#define APIC_NMI 0x400
#define APIC_INIT 0x500
#define APIC_SIPI 0x600
#define APIC_ASSERT 0x4000
#define APIC_SELF 0x40000
#define APIC_ALL 0x80000
#define APIC_OTHERS 0xc0000

bool apic_is_x2apic(void);
uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t value);
void apic_eoi(void);
void apic_ipi(uint32_t apic_id, uint32_t low); /* low: vector, mode and shorthand */

uint32_t apic_start_svr(void); /* SVR of the first CPU before the library set it */
void apic_init(void); /* library: each CPU, once */

#endif
