// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of x86: control and debug registers, segments with their hidden parts' sources, the interrupt table, the local APIC.
 *
 * Linux leaves the debug registers alone as long as nobody sets a breakpoint, so each CPU gets addresses of its own there.
 */

#include <asm/apic.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include "cpu-state.h"

#define GDT_ENTRIES_SEEN 16

#define SELECTOR(name)                                                \
	({                                                            \
		u16 selector_;                                        \
		asm volatile("mov %%" name ", %0" : "=r"(selector_)); \
		selector_;                                            \
	})

static void put_segments(void)
{
	struct desc_ptr gdt, idt;
	u16 ldt, tr;
	unsigned int i;

	native_store_gdt(&gdt);
	store_idt(&idt);
	asm volatile("sldt %0; str %1" : "=m"(ldt), "=m"(tr));
	put("gdt", 0, gdt.address);
	put("gdt-limit", 0, gdt.size);
	put("idt", 0, idt.address);
	put("idt-limit", 0, idt.size);
	put("ldt", 0, ldt);
	put("tr", 0, tr);
	put("cs", 0, SELECTOR("cs"));
	put("ss", 0, SELECTOR("ss"));
	put("gs-base", 0, native_read_msr(MSR_GS_BASE));
	/* The descriptor of the task state among them, which is busy. What threads have there is not of interest. */
	for (i = 0; i < GDT_ENTRIES_SEEN; i++)
		if (i < GDT_ENTRY_TLS_MIN || i > GDT_ENTRY_TLS_MAX)
			put("gdt-entry", i, ((u64 *)gdt.address)[i]);
}

/* What the kernel has for this is not for modules in every kernel. */
static u32 apic_register(u32 reg)
{
	return x2apic_enabled() ? native_apic_msr_read(reg) : native_apic_mem_read(reg);
}

static void put_apic(void)
{
	static const u16 registers[] = {APIC_ID,   APIC_LVR,  APIC_TASKPRI, APIC_LDR,
					APIC_SPIV, APIC_LVTT, APIC_LVTTHMR, APIC_LVTPC,
					APIC_LVT0, APIC_LVT1, APIC_LVTERR,  APIC_TDCR};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++)
		put("apic", registers[i], apic_register(registers[i]) & ~APIC_SEND_PENDING);
}

void cpu_read(void)
{
	unsigned long value;
	unsigned int i;

	put("cr", 0, native_read_cr0());
	put("cr", 4, native_read_cr4());
	put("cr", 8, ({
		    asm volatile("mov %%cr8, %0" : "=r"(value));
		    value;
	    }));
	put("xcr", 0, boot_cpu_has(X86_FEATURE_OSXSAVE) ? xgetbv(XCR_XFEATURE_ENABLED_MASK) : 0);
	for (i = 0; i < 8; i++) {
		if (i == 4 || i == 5)
			continue;
		get_debugreg(value, i);
		put("dr", i, value);
	}
	put_segments();
	put_apic();
}

void cpu_mark(unsigned int cpu)
{
	unsigned long own = 0x1000 * (cpu + 1);

	set_debugreg(own, 0);
	set_debugreg(own + 1, 1);
	set_debugreg(own + 2, 2);
	set_debugreg(own + 3, 3);
}

void cpu_unmark(void)
{
	set_debugreg(0UL, 0);
	set_debugreg(0UL, 1);
	set_debugreg(0UL, 2);
	set_debugreg(0UL, 3);
}

int arch_begin(void)
{
	return 0;
}

void arch_end(void)
{
}
