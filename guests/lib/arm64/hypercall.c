/* SPDX-License-Identifier: MIT */
#include <guest/hypercall.h>

int32_t hypercall(uint32_t number, uint64_t argument1, uint64_t argument2)
{
	register uint64_t x0 __asm__("x0") = number;
	register uint64_t x1 __asm__("x1") = argument1;
	register uint64_t x2 __asm__("x2") = argument2;

	__asm__ volatile("hvc #0x4a48" : "+r"(x0) : "r"(x1), "r"(x2) : "x3", "memory");
	return (int32_t)x0;
}
