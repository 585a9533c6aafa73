// SPDX-License-Identifier: GPL-2.0-or-later
/* The module: its device, and what the rest of the kernel may not do while Bulkhead is enabled. */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "core.h"

char *bh_reserve;
module_param_named(reserve, bh_reserve, charp, 0444);
MODULE_PARM_DESC(
	reserve,
	"memory kept from Linux at boot, SIZE@ADDRESS, to be used instead of taking blocks");

bool bh_selftest;
module_param_named(selftest, bh_selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "allow tests that make the core fault");

unsigned short bh_response_ms = 100;
module_param_named(response_ms, bh_response_ms, ushort, 0444);
MODULE_PARM_DESC(response_ms, "how long the core waits for a CPU before it gives it up (100)");

struct bh_core bh_core = {
	.lock = __MUTEX_INITIALIZER(bh_core.lock),
	.shared_lock = __RWSEM_INITIALIZER(bh_core.shared_lock),
	.cells_lock = __MUTEX_INITIALIZER(bh_core.cells_lock),
	.cells = LIST_HEAD_INIT(bh_core.cells),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(bh_core.wait),
};

struct miscdevice bh_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bulkhead",
	.fops = &stream_operations,
	.mode = 0600,
};

/* CPUs would lose the core's state, and the core its memory. */
static int power_notify(struct notifier_block *block, unsigned long event, void *data)
{
	if (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE &&
	    event != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	if (!READ_ONCE(bh_core.enabled))
		return NOTIFY_DONE;
	pr_err("bulkhead: suspend and hibernation are refused while Bulkhead is enabled\n");
	return NOTIFY_BAD;
}

/*
 * Restart, halt, power-off, and `kexec -e', which comes this way too: cells end here, and the next
 * kernel finds the machine as this one did.
 */
static int reboot_notify(struct notifier_block *block, unsigned long event, void *data)
{
	struct bh_call call = {.flags = BH_DISABLE_FORCE};

	mutex_lock(&bh_core.lock);
	if (bh_core.enabled && core_disable(&call))
		pr_err("bulkhead: going down enabled: %s\n", call.text);
	mutex_unlock(&bh_core.lock);
	return NOTIFY_DONE;
}

static struct notifier_block power_block = {.notifier_call = power_notify};
/* Before others that stop CPUs or devices. */
static struct notifier_block reboot_block = {.notifier_call = reboot_notify, .priority = 100};

static int __init bulkhead_init(void)
{
	int ret = -ENOMEM;

	/* A program may remember positions for longer than the module is loaded. */
	bh_core.epoch = ktime_get_real_seconds();
	bh_core.result = (void *)get_zeroed_page(GFP_KERNEL);
	bh_core.last_log = vzalloc(sizeof(*bh_core.last_log));
	if (!bh_core.result || !bh_core.last_log)
		goto fail;
	ret = stream_init();
	if (ret)
		goto fail;
	ret = sysfs_init();
	if (ret)
		goto fail_stream;
	ret = bh_pci_init();
	if (ret)
		goto fail_sysfs;
	ret = cpus_init();
	if (ret)
		goto fail_pci;
	ret = register_pm_notifier(&power_block);
	if (ret)
		goto fail_cpus;
	ret = register_reboot_notifier(&reboot_block);
	if (ret)
		goto fail_power;
	ret = misc_register(&bh_device);
	if (ret)
		goto fail_reboot;
	return 0;

fail_reboot:
	unregister_reboot_notifier(&reboot_block);
fail_power:
	unregister_pm_notifier(&power_block);
fail_cpus:
	cpus_exit();
fail_pci:
	bh_pci_exit();
fail_sysfs:
	sysfs_exit();
fail_stream:
	stream_exit();
fail:
	vfree(bh_core.last_log);
	free_page((unsigned long)bh_core.result);
	return ret;
}

static void __exit bulkhead_exit(void)
{
	misc_deregister(&bh_device);
	unregister_reboot_notifier(&reboot_block);
	unregister_pm_notifier(&power_block);
	cpus_exit();
	/* What Linux did not take back at disable. */
	memory_give_back(&(struct bh_call){}, true);
	bh_pci_exit();
	sysfs_exit();
	stream_exit();
	vfree(bh_core.last_log);
	free_page((unsigned long)bh_core.result);
}

module_init(bulkhead_init);
module_exit(bulkhead_exit);
MODULE_DESCRIPTION("Bulkhead: loader and root side of the partitioning core");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
