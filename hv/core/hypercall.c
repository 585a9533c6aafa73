/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/console.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

long error_result(const struct bh_error *error)
{
	static const u8 numbers[BH_ERROR_COUNT] = {
#define BH_ERROR_NUMBER(name, number, text) [BH_E_##name] = (number),
		BH_ERRORS(BH_ERROR_NUMBER)
#undef BH_ERROR_NUMBER
	};

	return -(long)numbers[error->code];
}

static long hypervisor_info(u64 type)
{
	switch (type) {
	case BH_INFO_POOL_SIZE:
		return shared->pool_pages;
	case BH_INFO_POOL_USED:
		return shared->pool_used;
	case BH_INFO_REMAP_SIZE:
	case BH_INFO_REMAP_USED:
		return 0;
	case BH_INFO_CELLS:
		return cell_count();
	case BH_INFO_VERSION:
		return BH_VERSION_NUMBER;
	default:
		return -BH_ERRNO_INVAL;
	}
}

static long cpu_info(struct cpu *caller, u64 id, u64 type)
{
	const struct cpu *cpu = id < BH_CPUS_MAX ? cpu_get(id) : NULL;

	if (unlikely(!cpu))
		return -BH_ERRNO_INVAL;
	if (unlikely(cpu->cell != caller->cell && caller->cell != &root_cell))
		return -BH_ERRNO_PERM;
	if (type == BH_CPU_INFO_STATE)
		return cpu->failed ? BH_CPU_FAILED : BH_CPU_RUNNING;
	if (type - BH_CPU_INFO_COUNTER < ARCH_COUNTERS)
		return READ_ONCE(cpu->counters[type - BH_CPU_INFO_COUNTER]) & 0x7fffffff;
	return -BH_ERRNO_INVAL;
}

static long policy_set(u32 id, u64 what, struct bh_error *error)
{
	struct cell *cell = cell_get(id);
	u64 kind = what >> 8, policy = what & 0xff;

	if (!cell) {
		error_set(error, BH_E_NO_SUCH_CELL, .value = id);
		return error_result(error);
	}
	if (kind >= BH_KINDS || policy > BH_POLICY_IGNORE) {
		error_set(error, BH_E_POLICY, .index = kind, .value = policy);
		return error_result(error);
	}
	WRITE_ONCE(cell->policy[kind], policy);
	return 0;
}

static long cell_putc(struct cpu *cpu, u64 c)
{
	const struct bh_cell_desc *desc = cpu->cell->desc;

	if (!desc || !(desc->flags & (BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE)))
		return -BH_ERRNO_PERM;
	console_putc(cpu->cell, c);
	return 0;
}

static long console_input(u32 id, u8 c, struct bh_error *error)
{
	struct cell *cell = cell_get(id);

	if (cell && cell != &root_cell)
		return arch_console_input(cell, c);
	error_set(error, BH_E_NO_SUCH_CELL, .value = id);
	return error_result(error);
}

static bool is_known(u64 number)
{
	return number <= BH_HC_PUTC || (number >= BH_HC_EXTENSION && number <= BH_HC_CELL_CHECK);
}

/* Calls that manage cells: the reason of a refusal goes to where arg2 says. */
static long management(struct cpu *cpu, u64 number, u64 arg1, u64 arg2)
{
	struct bh_error error = {};
	long result;

	switch (number) {
	case BH_HC_CELL_CREATE:
		result = cell_create(cpu, GPA(arg1), &error);
		break;
	case BH_HC_CELL_CHECK:
		result = cell_check(cpu, GPA(arg1), &error);
		break;
	case BH_HC_CELL_START:
		result = cell_start(cpu, arg1, &error);
		break;
	case BH_HC_CELL_SET_LOADABLE:
		result = cell_set_loadable(cpu, arg1, &error);
		break;
	case BH_HC_CELL_DESTROY:
		result = cell_destroy(cpu, arg1, &error);
		break;
	case BH_HC_CELL_STATE:
		return cell_state(arg1, &error);
	case BH_HC_CELL_STOP:
		result = cell_stop(cpu, arg1, &error);
		break;
	case BH_HC_POLICY_SET:
		return policy_set(arg1, arg2, &error);
	case BH_HC_CONSOLE_INPUT:
		return console_input(arg1, arg2, &error);
	case BH_HC_NOTIFY_SET:
		notify_set(arg1, arg2 & 0x3ff);
		return 0;
	case BH_HC_NOTIFY_ACK:
		return notify_ack();
	case BH_HC_EVENT_ACK:
		event_ack(arg1);
		return 0;
	default:
		return is_known(number) ? -BH_ERRNO_PERM : -BH_ERRNO_NOSYS;
	}
	if (arg2 && result != -BH_ERRNO_AGAIN)
		root_write(GPA(arg2), &error, sizeof(error));
	return result;
}

long hypercall(struct cpu *cpu, u64 number, u64 arg1, u64 arg2)
{
	switch (number) {
	case BH_HC_CPU_INFO:
		return cpu_info(cpu, arg1, arg2);
	case BH_HC_PUTC:
		return cell_putc(cpu, arg1);
	case BH_HC_HYPERVISOR_INFO:
		return hypervisor_info(arg1);
	case BH_HC_SELFTEST:
		if (machine.flags & BH_BOOT_SELFTEST)
			return *(volatile u8 *)ARCH_UNMAPPED_ADDRESS;
		break;
	}
	if (cpu->cell == &root_cell)
		return management(cpu, number, arg1, arg2);
	violation_ignored(cpu, &(struct violation){.kind = BH_KIND_HYPERCALL, .address = number});
	return is_known(number) ? -BH_ERRNO_PERM : -BH_ERRNO_NOSYS;
}
