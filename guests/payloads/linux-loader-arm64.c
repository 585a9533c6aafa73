/* SPDX-License-Identifier: MIT */
/*
 * linux-loader: enters a Linux kernel as Documentation/arm64/booting.rst has it, with MMU and caches off. What it is told of the cell
 * is a device tree made outside.
 *
 *   kernel=ADDRESS    the Image, where it lies
 *   dtb=ADDRESS       the device tree
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/printk.h>

#define SCTLR_OFF 0x30d00800 /* as after a reset */

void guest_main(void)
{
	uint64_t kernel = (uint64_t)cmdline_number("kernel", 0);
	uint64_t dtb = (uint64_t)cmdline_number("dtb", 0);
	register uint64_t x0 __asm__("x0");

	if (!kernel || !dtb) {
		printk("linux-loader: failed: kernel= and dtb= are needed\n");
		guest_end(BH_CELL_FAILED);
	}
	x0 = dtb;
	/* Addresses are the same with and without the MMU, and nothing is read from memory any more but instructions. */
	__asm__ volatile("msr daifset, #15\n"
			 "mov x1, xzr\n"
			 "mov x2, xzr\n"
			 "mov x3, xzr\n"
			 "dsb sy\n"
			 "msr sctlr_el1, %2\n"
			 "isb\n"
			 "tlbi vmalle1\n"
			 "ic iallu\n"
			 "dsb sy\n"
			 "isb\n"
			 "br %1"
			 :
			 : "r"(x0), "r"(kernel), "r"((uint64_t)SCTLR_OFF)
			 : "x1", "x2", "x3", "memory");
	__builtin_unreachable();
}
