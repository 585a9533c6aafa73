// SPDX-License-Identifier: GPL-2.0-or-later
/* Enable and disable: bring the core under the running Linux, and out again. */

#include <linux/cpu.h>
#include <linux/crash_core.h>
#include <linux/firmware.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include "arch.h"
#include "core.h"
#include "launch.h"

#define CORE_IMAGE "bulkhead/core-" ARCH_NAME ".bin"
#define CORE_IMAGE_MAX (16 << 20)
#define CORE_MEMORY_DEFAULT (16ULL << 20)
#define CORE_POOL_MIN (8ULL << 20)
#define CELLS_MEMORY_DEFAULT (32ULL << 20)

MODULE_FIRMWARE(CORE_IMAGE);

/* Whatever the file holds, nothing behind this function depends on its good will. */
static const char *image_fault(const struct bh_core_header *h, size_t size)
{
	if (size < PAGE_SIZE || h->magic != BH_CORE_MAGIC)
		return "it is no core image";
	if (h->version != BH_BOOT_VERSION || h->boot_info_size != sizeof(struct bh_boot_info) ||
	    h->shared_size != sizeof(struct bh_shared))
		return "it is of another version than the module: install both from the same build";
	if (h->arch != ARCH_DESC)
		return "it is for another architecture";
	if (h->image_size != size || !PAGE_ALIGNED(size))
		return "it is cut short or too long";
	if (h->memory_size < h->image_size || h->memory_size > CORE_IMAGE_MAX ||
	    !PAGE_ALIGNED(h->memory_size))
		return "its memory size is wrong";
	if (!h->text_end || !PAGE_ALIGNED(h->text_end) || !PAGE_ALIGNED(h->rodata_end) ||
	    h->text_end > h->rodata_end || h->rodata_end > h->memory_size)
		return "its sections are wrong";
	if (h->entry < sizeof(*h) || h->entry >= h->text_end)
		return "its entry is outside its code";
	if (!h->cpu_size || h->cpu_size > SZ_1M || !PAGE_ALIGNED(h->cpu_size))
		return "its CPU area is wrong";
	if (!IS_ALIGNED(h->link_address, BH_CORE_MEMORY_ALIGN) ||
	    !arch_link_address_good(h->link_address))
		return "its link address is wrong";
	if (strnlen(h->build, sizeof(h->build)) == sizeof(h->build))
		return "its build string does not end";
	return NULL;
}

static int image_get(struct bh_call *call, const struct firmware **fw)
{
	const char *fault;
	int ret = request_firmware(fw, CORE_IMAGE, bh_device.this_device);

	if (ret)
		return error_set(
			call, -ret, BH_R_IMAGE,
			"the core image %s is not in /lib/firmware (error %d): install the "
			"bulkhead core",
			CORE_IMAGE, -ret);
	fault = (*fw)->size >= sizeof(struct bh_core_header)
			? image_fault((const void *)(*fw)->data, (*fw)->size)
			: "it is no core image";
	if (!fault)
		return 0;
	release_firmware(*fw);
	return error_set(call, ENOEXEC, BH_R_IMAGE,
			 "the core image /lib/firmware/%s is damaged: %s", CORE_IMAGE, fault);
}

static u64 core_overhead(const struct bh_core_header *h)
{
	u64 cpus = cpumask_last(cpu_present_mask) + 1;

	return h->memory_size + PAGE_ALIGN(sizeof(struct bh_boot_info)) +
	       PAGE_ALIGN(sizeof(struct bh_shared)) + cpus * h->cpu_size +
	       BH_BOOT_TABLE_PAGES * PAGE_SIZE;
}

static u64 core_size(const struct bh_core_header *h)
{
	u64 pool = CORE_POOL_MIN + arch_tables_size(platform_phys_limit());

	return max(CORE_MEMORY_DEFAULT, ALIGN(core_overhead(h) + pool, BH_CORE_MEMORY_ALIGN));
}

static int core_map(struct bh_call *call, const struct firmware *fw)
{
	struct bh_core_header *h = &bh_core.header;
	struct bh_boot_info *info;
	u64 offset = h->memory_size;

	bh_core.virt = memremap(bh_core.phys, bh_core.size, MEMREMAP_WB);
	if (!bh_core.virt)
		return error_set(call, ENOMEM, BH_R_OTHER,
				 "the kernel could not map the core's memory at 0x%llx",
				 (u64)bh_core.phys);
	memset(bh_core.virt, 0, bh_core.size);
	memcpy(bh_core.virt, fw->data, h->image_size);

	info = bh_core.info = bh_core.virt + offset;
	offset += PAGE_ALIGN(sizeof(*info));
	info->version = BH_BOOT_VERSION;
	info->size = sizeof(*info);
	info->response_ms = bh_response_ms;
	info->flags = bh_selftest ? BH_BOOT_SELFTEST : 0;
	info->core_memory = (struct bh_range){bh_core.phys, bh_core.size};
	info->shared_offset = offset;
	offset += PAGE_ALIGN(sizeof(struct bh_shared));
	info->cpus_offset = offset;
	offset += (cpumask_last(cpu_present_mask) + 1) * (u64)h->cpu_size;
	info->pool_offset = offset;
	return platform_fill(call, info);
}

static void core_unmap(bool clear)
{
	if (!bh_core.virt)
		return;
	if (clear)
		memset(bh_core.virt, 0, bh_core.size);
	memunmap(bh_core.virt);
	bh_core.virt = NULL;
	bh_core.info = NULL;
}

/* The log of a core that is gone, or never came up, tells why. */
static void log_keep(const struct bh_shared *shared)
{
	memcpy(bh_core.last_log, (const void *)&shared->log, sizeof(*bh_core.last_log));
	bh_core.epoch++;
}

static int core_memory(struct bh_call *call, const struct bh_enable *enable)
{
	u64 size = core_size(&bh_core.header), start = 0;
	struct bh_range reserved = enable->reserved;
	char *end;
	int ret;

	if (bh_response_ms < BH_RESPONSE_MS_MIN || bh_response_ms > BH_RESPONSE_MS_MAX)
		return error_set(call, EINVAL, BH_R_ARGUMENT,
				 "the module's parameter response_ms=%u is not from %u to %u",
				 bh_response_ms, BH_RESPONSE_MS_MIN, BH_RESPONSE_MS_MAX);
	if (!reserved.size && bh_reserve) {
		reserved.size = memparse(bh_reserve, &end);
		if (*end != '@')
			return error_set(call, EINVAL, BH_R_ARGUMENT,
					 "the module's parameter reserve=%s is not SIZE@ADDRESS",
					 bh_reserve);
		reserved.start = memparse(end + 1, &end);
	}
	if (reserved.size)
		ret = memory_reserve(call, reserved.start, reserved.size);
	else
		ret = memory_take(call,
				  max(enable->memory_size ?: size + CELLS_MEMORY_DEFAULT, size),
				  size, BH_CORE_MEMORY_ALIGN);
	if (ret)
		return ret;
	ret = pool_allocate(POOL_CORE, size, BH_CORE_MEMORY_ALIGN, &start);
	if (ret)
		return error_set(
			call, ENOMEM, BH_R_MEMORY,
			"the core needs %llu MiB in one piece, which the memory taken does not "
			"have",
			size >> 20);
	bh_core.phys = start;
	bh_core.size = size;
	return 0;
}

/*
 * The way out that must not fail. Should it, Linux runs on under a core that nobody speaks to any more: it
 * keeps its memory, and the module stays.
 */
static int core_leave_for_good(void)
{
	int ret = bh_leave();

	if (!ret)
		return 0;
	bh_core.stuck = true;
	__module_get(THIS_MODULE);
	pr_emerg("bulkhead: the core could not be left (error %d); it keeps its memory until the "
		 "machine is restarted\n",
		 -ret);
	return ret;
}

static int core_enter(struct bh_call *call)
{
	struct bh_boot_info *info = bh_core.info;
	struct bh_shared *shared;
	int ret;

	shared = memremap(bh_core.phys + info->shared_offset, sizeof(*shared), MEMREMAP_WB);
	if (!shared)
		return error_set(call, ENOMEM, BH_R_OTHER,
				 "the kernel could not map the memory shared with the core");
	ret = bh_launch(info, bh_core.virt, &bh_core.header);
	if (ret) {
		down_write(&bh_core.shared_lock);
		log_keep(shared);
		up_write(&bh_core.shared_lock);
		memunmap(shared);
		return error_core(call, &info->error, ret);
	}
	/* The rest is the core's from here on. */
	core_unmap(false);
	down_write(&bh_core.shared_lock);
	bh_core.shared = shared;
	bh_core.epoch++;
	up_write(&bh_core.shared_lock);
	cpumask_copy(&bh_core.cpus, cpu_present_mask);
	WRITE_ONCE(bh_core.enabled, true);
	return 0;
}

static void core_forget(void)
{
	struct bh_shared *shared = bh_core.shared;

	down_write(&bh_core.shared_lock);
	log_keep(shared);
	bh_core.shared = NULL;
	up_write(&bh_core.shared_lock);
	memunmap(shared);
}

static void core_changed(const char *state)
{
	char variable[32];
	char *env[] = {variable, NULL};

	snprintf(variable, sizeof(variable), "STATE=%s", state);
	kobject_uevent_env(&bh_device.this_device->kobj, KOBJ_CHANGE, env);
	atomic_inc(&bh_core.state_count);
	stream_wake();
}

/* The core is out; take what it had. */
static int core_free(struct bh_call *call)
{
	links_window_give_back();
	core_unmap(true);
	pool_release(POOL_CORE);
	return memory_give_back(call, true);
}

int core_enable(struct bh_enable *enable)
{
	struct bh_call *call = &enable->call;
	const struct firmware *fw;
	struct bh_error error = {};
	cpumask_t *woken;
	int ret;

	if (bh_core.enabled)
		return error_set(call, EBUSY, BH_R_STATE, "Bulkhead is enabled already");
	if (bh_core.stuck)
		return error_set(call, EIO, BH_R_STATE,
				 "an earlier core could not be left: restart the machine");
	ret = image_get(call, &fw);
	if (ret)
		return ret;
	memcpy(&bh_core.header, fw->data, sizeof(bh_core.header));
	woken = kmalloc(sizeof(*woken), GFP_KERNEL);
	ret = woken ? cpus_online_all(call, woken)
		    : error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	if (ret)
		goto out_image;
	ret = bh_launch_check(&error);
	if (ret) {
		ret = error_core(call, &error, ret);
		goto out_cpus;
	}
	ret = core_memory(call, enable);
	if (ret)
		goto out_memory;
	ret = core_map(call, fw);
	if (ret)
		goto out_memory;

	/* Between the look at the CPUs and the launch none may go. */
	cpu_hotplug_disable();
	if (!cpumask_equal(cpu_online_mask, cpu_present_mask))
		ret = error_set(call, EAGAIN, BH_R_CPU,
				"a CPU was put offline during the call: try again");
	else
		ret = core_enter(call);
	cpu_hotplug_enable();
	if (ret)
		goto out_memory;
	ret = notify_start(call);
	if (!ret) {
		ret = sysfs_enable();
		if (ret)
			ret = error_set(call, -ret, BH_R_OTHER,
					"sysfs refused the entries (error %d)", -ret);
	}
	if (!ret) {
		ret = links_start(call);
		if (ret)
			sysfs_disable();
	}
	if (ret) {
		notify_stop();
		core_forget();
		bh_core.enabled = false;
		if (core_leave_for_good())
			goto out_cpus;
		bh_core.virt = memremap(bh_core.phys, bh_core.size, MEMREMAP_WB);
		goto out_memory;
	}
	__module_get(THIS_MODULE);
	core_changed("enabled");
	goto out_cpus;

out_memory:
	core_free(call);
out_cpus:
	cpus_offline(woken);
out_image:
	release_firmware(fw);
	kfree(woken);
	return ret;
}

int core_disable(struct bh_call *call)
{
	cpumask_t *woken;
	int ret;

	if (!bh_core.enabled)
		return error_set(call, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
	ret = cell_destroy_all(call, call->flags & BH_DISABLE_FORCE);
	if (ret)
		return ret;
	woken = kmalloc(sizeof(*woken), GFP_KERNEL);
	if (!woken)
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	ret = cpus_online_all(call, woken);
	if (ret)
		goto out;
	notify_stop();
	stream_drain();
	cpu_hotplug_disable();
	if (!cpumask_subset(&bh_core.cpus, cpu_online_mask))
		ret = error_set(call, EAGAIN, BH_R_CPU,
				"a CPU was put offline during the call: try again");
	else
		ret = bh_leave();
	cpu_hotplug_enable();
	if (ret) {
		error_set(call, -ret, BH_R_CORE, "the core refused to leave (error %d)", -ret);
		notify_start(call);
		cpus_offline(woken);
		goto out;
	}
	links_stop();
	sysfs_disable();
	core_forget();
	bh_core.enabled = false;
	bh_core.virt = memremap(bh_core.phys, bh_core.size, MEMREMAP_WB);
	ret = core_free(call);
	cpus_offline(woken);
	core_changed("disabled");
	module_put(THIS_MODULE);
out:
	kfree(woken);
	return ret;
}
