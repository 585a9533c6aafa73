/* SPDX-License-Identifier: MIT */
/*
 * linux-loader: enters a Linux kernel as Documentation/arm64/booting.rst has it, with MMU and caches off. What it is told of the cell
 * is a device tree made outside. As firmware does it, BARs are placed before: those of links, which are zero.
 *
 *   kernel=ADDRESS    the Image, where it lies
 *   dtb=ADDRESS       the device tree
 */
#include <bulkhead/link.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/pci.h>
#include <guest/printk.h>

#define SCTLR_OFF 0x30d00800 /* as after a reset */

#define LINK_ID ((uint32_t)BH_LINK_PCI_DEVICE << 16 | BH_LINK_PCI_VENDOR)
#define LINK_BAR_SIZE 0x1000

/* A kernel that is to leave the machine's functions where they are may leave these alone, too (linux,pci-probe-only, before 6.11). */
static void links_place(void)
{
	uint32_t at = PCI_WINDOW;

	for (uint16_t bdf = 0; bdf < 0x100; bdf++) {
		if (pci_read(bdf, 0, 4) != LINK_ID)
			continue;
		pci_write(bdf, PCI_BAR0, 4, at);
		at += LINK_BAR_SIZE;
	}
}

void guest_main(void)
{
	uint64_t kernel = (uint64_t)cmdline_number("kernel", 0);
	uint64_t dtb = (uint64_t)cmdline_number("dtb", 0);
	register uint64_t x0 __asm__("x0");

	if (!kernel || !dtb) {
		printk("linux-loader: failed: kernel= and dtb= are needed\n");
		guest_end(BH_CELL_FAILED);
	}
	links_place();
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
