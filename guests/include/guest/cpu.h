/* SPDX-License-Identifier: MIT */
/* What the CPU offers beyond C: interrupts_on(), interrupts_off(), cpu_relax(), cpu_wait(), cpu_stop(). */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#ifdef __x86_64__
#include <guest/x86/cpu.h>
#define CPU_ADDRESS "APIC id"
#else
#include <guest/arm64/cpu.h>
#define CPU_ADDRESS "affinity"
#endif

#endif
