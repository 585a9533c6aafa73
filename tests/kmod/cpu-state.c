// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/cpu-state: what of each CPU only a kernel can read and that does not change by itself: control and
 * debug registers, segments with their hidden parts' sources, the interrupt table, the local APIC.
 *
 * Linux leaves the debug registers alone as long as nobody sets a breakpoint, so each CPU gets addresses of its
 * own there when the module or the CPU comes, and whoever loses them is seen.
 */

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#define GDT_ENTRIES_SEEN 16
#define NUMBERS_MAX 96

struct state {
	unsigned int count;
	struct {
		const char *name;
		unsigned int index;
		u64 value;
	} number[NUMBERS_MAX];
};

/* One at a time is read, into this. */
static DEFINE_MUTEX(state_lock);
static struct state state;

static void put(const char *name, unsigned int index, u64 value)
{
	if (WARN_ON_ONCE(state.count == NUMBERS_MAX))
		return;
	state.number[state.count].name = name;
	state.number[state.count].index = index;
	state.number[state.count++].value = value;
}

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

static void read_cpu(void *unused)
{
	unsigned long value;
	unsigned int i;

	state.count = 0;
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

static int show(struct seq_file *file, void *unused)
{
	unsigned int cpu, i;

	mutex_lock(&state_lock);
	cpus_read_lock();
	for_each_online_cpu(cpu)
	{
		smp_call_function_single(cpu, read_cpu, NULL, 1);
		for (i = 0; i < state.count; i++)
			seq_printf(file, "cpu %u %s %#x %#llx\n", cpu, state.number[i].name,
				   state.number[i].index, state.number[i].value);
	}
	cpus_read_unlock();
	mutex_unlock(&state_lock);
	return 0;
}

static int hotplug_state;

static int mark(unsigned int cpu)
{
	unsigned long own = 0x1000 * (cpu + 1);

	set_debugreg(own, 0);
	set_debugreg(own + 1, 1);
	set_debugreg(own + 2, 2);
	set_debugreg(own + 3, 3);
	return 0;
}

static int unmark(unsigned int cpu)
{
	set_debugreg(0UL, 0);
	set_debugreg(0UL, 1);
	set_debugreg(0UL, 2);
	set_debugreg(0UL, 3);
	return 0;
}

static int __init cpu_state_init(void)
{
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "cpu-state:mark", mark, unmark);
	if (hotplug_state < 0)
		return hotplug_state;
	if (proc_create_single("cpu-state", 0400, NULL, show))
		return 0;
	cpuhp_remove_state(hotplug_state);
	return -ENOMEM;
}

static void __exit cpu_state_exit(void)
{
	remove_proc_entry("cpu-state", NULL);
	cpuhp_remove_state(hotplug_state);
}

module_init(cpu_state_init);
module_exit(cpu_state_exit);
MODULE_DESCRIPTION("Registers of all CPUs, for tests");
MODULE_LICENSE("GPL");
