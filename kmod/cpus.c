// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUs: brought online for the launch, taken from Linux for a cell, given back afterwards. */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include "arch.h"
#include "core.h"

/*
 * The core has to enter, and leave, on every CPU: one that sleeps outside it would run Linux without
 * its protection once woken. `woken' are to be put back by cpus_offline().
 */
int cpus_online_all(struct bh_call *call, cpumask_t *woken)
{
	unsigned int cpu;
	int ret;

	cpumask_clear(woken);
	for_each_present_cpu(cpu)
	{
		if (cpu_online(cpu) || (bh_core.enabled && !cpumask_test_cpu(cpu, &bh_core.cpus)))
			continue;
		ret = add_cpu(cpu);
		if (ret) {
			cpus_offline(woken);
			if (ret == -EPERM)
				return error_set(
					call, EPERM, BH_R_CPU,
					"CPU %u is a sibling thread kept offline by the kernel "
					"(nosmt): boot without nosmt, or switch the threads off in "
					"the firmware",
					cpu);
			return error_set(
				call, -ret, BH_R_CPU,
				"CPU %u is offline and Linux could not bring it online (error %d)",
				cpu, -ret);
		}
		cpumask_set_cpu(cpu, woken);
	}
	return 0;
}

void cpus_offline(const cpumask_t *cpus)
{
	unsigned int cpu;

	for_each_cpu(cpu, cpus) if (remove_cpu(cpu))
		pr_warn("bulkhead: CPU %u could not be put offline again\n", cpu);
}

/*
 * A CPU that was not there at enable (added to the machine since) never entered the core, and would run Linux
 * outside it. Asked before each CPU is brought online.
 */
static int cpu_may_come(unsigned int cpu)
{
	if (!READ_ONCE(bh_core.enabled) || cpumask_test_cpu(cpu, &bh_core.cpus))
		return 0;
	pr_err("bulkhead: CPU %u was added after Bulkhead was enabled and stays offline: disable "
	       "and "
	       "enable again\n",
	       cpu);
	return -EPERM;
}

static int hotplug_state;

int cpus_init(void)
{
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "bulkhead:online",
						  cpu_may_come, NULL);
	return hotplug_state < 0 ? hotplug_state : 0;
}

void cpus_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}

int cpus_take(struct bh_call *call, const cpumask_t *cpus, cpumask_t *taken)
{
	unsigned int cpu;
	int ret;

	cpumask_clear(taken);
	for_each_cpu(cpu, cpus)
	{
		if (!cpu_online(cpu))
			continue;
		ret = remove_cpu(cpu);
		if (ret)
			return error_set(call, -ret, BH_R_CPU,
					 "Linux does not give up CPU %u (error %d): something is "
					 "bound to it, "
					 "or CPU hot-plug is disabled",
					 cpu, -ret);
		cpumask_set_cpu(cpu, taken);
	}
	return 0;
}

int cpus_give_back(const cpumask_t *cpus)
{
	unsigned int cpu;
	int ret, result = 0;

	for_each_cpu(cpu, cpus)
	{
		ret = add_cpu(cpu);
		if (!ret)
			continue;
		pr_err("bulkhead: CPU %u did not come back online: %d\n", cpu, ret);
		result = ret;
	}
	return result;
}
