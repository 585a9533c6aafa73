/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_X86_SVM_H
#define HV_X86_SVM_H

#include <hv/arch/x86/svm/vmcb.h>
#include <hv/arch/x86/x86.h>

/* Optional parts of SVM, from CPUID 0x8000000a EDX. */
extern bool svm_has_nrips, svm_has_decode_assists, svm_has_flush_by_asid;

/* Does this CPU have what is needed? */
bool svm_check(u32 cpu, struct bh_error *error);
void svm_init(void); /* once */
/* Take over: after this, svm_run() continues Linux as a guest. */
void svm_init_cpu(struct cpu *cpu, const struct bh_linux_state *state);

/* entry.S: enter the guest, and again after each exit. */
void svm_run(struct cpu *cpu) __noreturn;
/* exit.c: called by svm_run with the guest's registers saved. */
void svm_exit(struct cpu *cpu);

static inline void svm_dirty(struct cpu *cpu, u32 bits)
{
	cpu->arch.vmcb->clean &= ~bits;
}

static inline void svm_inject(struct cpu *cpu, u32 event, u32 error_code)
{
	cpu->arch.vmcb->event_injection = event | EVENT_VALID | (u64)error_code << 32;
}

#endif
