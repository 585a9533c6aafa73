/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/launch.h>
#include <hv/core/machine.h>

/* The CPUs are woken one after the other, and one prepares everything: the time for one to respond, so often. */
#define LAUNCH_RESPONSES 10
#define LAUNCH_GIVEN_UP BIT(31) /* in launch_agreed */

extern u8 core_end[]; /* of the image and its zeroed data: the boot information follows */

struct bh_boot_info *const launch_boot = (struct bh_boot_info *)core_end;

static struct cpu *cpus[BH_CPUS_MAX];
static bool launch_here[BH_CPUS_MAX];
static u32 launch_arrived, launch_prepared, launch_agreed, launch_failed;

struct cpu *cpu_get(u32 id)
{
	return id < BH_CPUS_MAX ? cpus[id] : NULL;
}

static void launch_fail(const struct bh_error *error)
{
	/* The first reason is the one told. */
	if (!__atomic_exchange_n(&launch_boot->failed, 1, __ATOMIC_ACQ_REL))
		launch_boot->error = *error;
	__atomic_store_n(&launch_failed, 1, __ATOMIC_RELEASE);
}

static u32 launch_timeout_ms(void)
{
	return LAUNCH_RESPONSES * launch_boot->response_ms;
}

/* Until @counter has reached @count; false if that does not happen, or the launch has failed. */
static bool launch_wait(const u32 *counter, u32 count)
{
	u64 end = arch_ticks() + (u64)launch_boot->tsc_khz * launch_timeout_ms();

	for (u32 spins = 1; __atomic_load_n(counter, __ATOMIC_ACQUIRE) < count; spins++) {
		if (__atomic_load_n(&launch_failed, __ATOMIC_ACQUIRE))
			return false;
		arch_relax();
		if (spins % ARCH_CLOCK_SPINS == 0 && arch_ticks() > end)
			return false;
	}
	return true;
}

static void cpu_prepare(const struct bh_boot_info *boot, u32 id)
{
	struct cpu *cpu = arch_launch_cpu(boot, id);

	cpu->id = id;
	cpu->boot = boot->cpu[id].boot;
	cpu->counters = (u32 *)shared->cpu[id].counters;
	cpus[id] = cpu;
}

static bool launch_prepare(struct bh_error *error)
{
	const struct bh_boot_info *boot = launch_boot;
	u64 pool;

	if (boot->version != BH_BOOT_VERSION || boot->size != sizeof(*boot))
		return error_set(error, BH_E_BOOT_VERSION, .value = BH_BOOT_VERSION,
				 .limit = boot->version);
	pool = arch_launch_memory(boot);
	if (!machine_init(boot, error))
		return false;
	pool_init(PADDR(boot->core_memory.start + pool),
		  boot->core_memory.size - pool - BH_BOOT_TABLE_PAGES * PAGE_SIZE);
	cpu_count = boot->cpu_count;
	for (u32 id = 0; id < cpu_count; id++)
		if (boot->cpu[id].present)
			cpu_prepare(boot, id);
	if (!arch_launch_devices(error) || !root_init(error))
		return false;
	arch_launch_root();
	return true;
}

/* Whom the CPU @id has waited for: one that has not come, or else itself, as it has taken too long. */
static u32 launch_missing(u32 id)
{
	for (u32 other = 0; other < BH_CPUS_MAX; other++)
		if (launch_boot->cpu[other].present && !launch_here[other])
			return other;
	return id;
}

/*
 * All CPUs go on or none. One that has waited too long says so in the counter itself: had the last one counted by then,
 * it is that one's word that holds.
 */
static bool launch_all_agreed(u32 id)
{
	u32 agreed, count = launch_boot->cpus_launching;
	struct bh_error error;

	launch_wait(&launch_agreed, count);
	agreed = __atomic_load_n(&launch_agreed, __ATOMIC_ACQUIRE);
	while (agreed < count) {
		if (!__atomic_compare_exchange_n(&launch_agreed, &agreed, agreed | LAUNCH_GIVEN_UP,
						 false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		error_set(&error, BH_E_CPU_TIMEOUT, .index = launch_missing(id),
			  .limit = launch_timeout_ms());
		launch_fail(&error);
		return false;
	}
	return !(agreed & LAUNCH_GIVEN_UP) && !__atomic_load_n(&launch_failed, __ATOMIC_ACQUIRE);
}

struct cpu *launch_cpu(u32 id)
{
	struct bh_error error;

	launch_here[id] = true;
	if (!arch_launch_check(id, &error))
		launch_fail(&error);
	if (__atomic_fetch_add(&launch_arrived, 1, __ATOMIC_ACQ_REL) == 0) {
		if (!launch_prepare(&error))
			launch_fail(&error);
		__atomic_store_n(&launch_prepared, 1, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&launch_agreed, launch_wait(&launch_prepared, 1), __ATOMIC_ACQ_REL);
	return launch_all_agreed(id) ? cpus[id] : NULL;
}
