/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of the hosted core: its accesses go the way the hardware and the exit handlers send them. What stage 2
 * maps is memory, what it does not is trapped memory or a violation.
 */
#include <hv/arch/host/host.h>
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/string.h>
#include <hv/core/violation.h>

static u64 width_ones(u8 width)
{
	return width == 8 ? ~0ull : BIT(8 * width) - 1;
}

bool host_guest_access(struct cpu *cpu, gpa_t address, u8 width, bool write, u64 *value)
{
	struct table_entry entry = table_lookup(&cpu->cell->table, address);
	struct mmio_access access = {
		.address = address,
		.width = width,
		.write = write,
		.kind = BH_KIND_MEMORY,
		.value = write ? *value : 0,
	};
	struct violation violation;

	if (entry.present && entry.flags & (write ? TABLE_WRITE : TABLE_READ)) {
		if (write)
			mmio_write(entry.phys, width, *value);
		else
			*value = mmio_read(entry.phys, width);
		return true;
	}
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	cpu_count_exit(cpu, BH_COUNTER_MMIO);
	if (mmio_handle(cpu, &access)) {
		*value = access.value;
		return true;
	}
	violation = (struct violation){
		.kind = access.kind,
		.width = width,
		.flags = write ? BH_EVENT_WRITE | BH_EVENT_VALUE : 0,
		.address = address.v,
		.value = write ? *value : 0,
	};
	if (!violation_ignored(cpu, &violation))
		return false;
	if (!write)
		*value = width_ones(width);
	return true;
}

bool host_guest_port(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value)
{
	struct violation violation = {
		.kind = BH_KIND_PIO,
		.width = width,
		.flags = write ? BH_EVENT_WRITE | BH_EVENT_VALUE : 0,
		.address = port,
		.value = write ? *value : 0,
	};

	if (!(cpu->cell->arch.iopm[port / 8] & BIT(port % 8))) {
		if (write)
			host_port_write(port, width, *value);
		else
			*value = host_port_read(port, width);
		return true;
	}
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	cpu_count_exit(cpu, BH_COUNTER_PIO);
	if (pio_access(cpu, port, width, write, value))
		return true;
	pio_name(cpu, port, &violation);
	if (!violation_ignored(cpu, &violation))
		return false;
	if (!write)
		*value = width_ones(width);
	return true;
}
