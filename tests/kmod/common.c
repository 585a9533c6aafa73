// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/cpu-state: what of each CPU only a kernel can read and that does not change by itself. What that is, each architecture
 * says; registers that Linux leaves alone get a value of each CPU's own when the module or the CPU comes, and whoever loses them
 * is seen.
 */

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include "cpu-state.h"

#define NUMBERS_MAX 384

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

void put(const char *name, unsigned int index, u64 value)
{
	if (WARN_ON_ONCE(state.count == NUMBERS_MAX))
		return;
	state.number[state.count].name = name;
	state.number[state.count].index = index;
	state.number[state.count++].value = value;
}

static void read_cpu(void *unused)
{
	state.count = 0;
	cpu_read();
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
	cpu_mark(cpu);
	return 0;
}

static int unmark(unsigned int cpu)
{
	cpu_unmark();
	return 0;
}

static int __init cpu_state_init(void)
{
	int ret = arch_begin();

	if (ret)
		return ret;
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "cpu-state:mark", mark, unmark);
	ret = hotplug_state;
	if (ret < 0)
		goto end;
	if (proc_create_single("cpu-state", 0400, NULL, show))
		return 0;
	cpuhp_remove_state(hotplug_state);
	ret = -ENOMEM;
end:
	arch_end();
	return ret;
}

static void __exit cpu_state_exit(void)
{
	remove_proc_entry("cpu-state", NULL);
	cpuhp_remove_state(hotplug_state);
	arch_end();
}

module_init(cpu_state_init);
module_exit(cpu_state_exit);
MODULE_DESCRIPTION("Registers of all CPUs, for tests");
MODULE_LICENSE("GPL");
