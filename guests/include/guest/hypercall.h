/* SPDX-License-Identifier: MIT */
/* Hypercalls by the instruction of this CPU's vendor. */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <stdbool.h>
#include <bulkhead/hypercall.h>

int32_t hypercall(uint32_t number, uint64_t argument1, uint64_t argument2);
bool hypercall_is_vmmcall(void); /* AMD's; else VMCALL */

#endif
