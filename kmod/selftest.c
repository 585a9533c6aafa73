// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With selftest=1, writing a CPU's number to the parameter "fault" makes the core fault on that CPU of Linux,
 * which is lost by it. Cells make the same hypercall themselves.
 */

#include <linux/module.h>
#include <linux/smp.h>
#include "core.h"
#include "launch.h"

static void fault(void *unused)
{
	bh_hypercall(BH_HC_SELFTEST, BH_SELFTEST_FAULT, 0);
}

static int fault_set(const char *value, const struct kernel_param *param)
{
	unsigned int cpu;
	int ret = kstrtouint(value, 0, &cpu);

	if (ret)
		return ret;
	if (!bh_selftest || !READ_ONCE(bh_core.enabled))
		return -EPERM;
	/* Nobody waits: it never returns. */
	return smp_call_function_single(cpu, fault, NULL, 0);
}

static const struct kernel_param_ops fault_ops = {.set = fault_set};
module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "with selftest: makes the core fault on this CPU, which is lost");
