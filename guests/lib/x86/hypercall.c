/* SPDX-License-Identifier: MIT */
#include <guest/cpu.h>
#include <guest/hypercall.h>

static enum { UNKNOWN, VMMCALL, VMCALL } instruction;

bool hypercall_is_vmmcall(void)
{
	struct cpuid id;

	if (instruction == UNKNOWN) {
		id = cpuid(0, 0);
		/* "AuthenticAMD" or "HygonGenuine" */
		instruction =
			(id.ebx == 0x68747541 && id.edx == 0x69746e65 && id.ecx == 0x444d4163) ||
					(id.ebx == 0x6f677948 && id.edx == 0x6e65476e &&
					 id.ecx == 0x656e6975)
				? VMMCALL
				: VMCALL;
	}
	return instruction == VMMCALL;
}

int32_t hypercall(uint32_t number, uint64_t argument1, uint64_t argument2)
{
	uint64_t result = number;

	if (hypercall_is_vmmcall())
		__asm__ volatile("vmmcall"
				 : "+a"(result)
				 : "D"(argument1), "S"(argument2)
				 : "memory");
	else
		__asm__ volatile("vmcall"
				 : "+a"(result)
				 : "D"(argument1), "S"(argument2)
				 : "memory");
	return (int32_t)result;
}
