// SPDX-License-Identifier: GPL-2.0-or-later
/* From the description of a machine to what the loader module would tell the core about it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
/* Before GLib, which replaces MIN and MAX; the core's headers do not. */
#include "simulated.h"
#include "../bh-machine.h"

#define SIMPLE_CPUS 4
#define SIMPLE_MEMORY (4ull << 30)
#define BLOCK_SIZE_DEFAULT (128ull << 20)
#define TSC_KHZ HOST_TSC_KHZ

static bool wrong(struct bh_device_error *error, const char *what)
{
	sim_error(error, EINVAL, BH_R_MACHINE, "this machine cannot be simulated: %s", what);
	return false;
}

static bool cpus_tell(struct bh_boot_info *info, const BhMachine *machine,
		      struct bh_device_error *error)
{
	u32 free_apic = 0;

	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];

		if (cpu->id >= BH_CPUS_MAX)
			return wrong(error, "it has more than 256 CPUs");
		info->cpu[cpu->id] = (struct bh_boot_cpu){
			.present = 1,
			.apic_id = cpu->apic_id,
			.boot = cpu->id == 0,
		};
		info->cpu_count = MAX(info->cpu_count, cpu->id + 1);
		info->cpus_launching++;
		free_apic = MAX(free_apic, cpu->apic_id + 1);
	}
	if (!info->cpu[0].present)
		return wrong(error, "it has no CPU 0");
	/* What is offline has no number in the description. */
	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];

		if (!cpu->online && cpu->id && !cpu->apic_id)
			info->cpu[cpu->id].apic_id = free_apic++;
	}
	return true;
}

static bool memory_tell(struct bh_boot_info *info, const BhMachine *machine,
			struct bh_device_error *error)
{
	bool low = false;

	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = machine->regions->pdata[i];
		u64 start = ALIGN_UP(region->start, PAGE_SIZE);
		u64 end = ALIGN_DOWN(region->start + region->size, PAGE_SIZE);

		if (region->level || g_strcmp0(region->name, "System RAM") || end <= start)
			continue;
		if (info->ram_count == BH_BOOT_RANGES_MAX)
			return wrong(error, "its memory is in more than 64 pieces");
		info->ram[info->ram_count++] = (struct bh_range){start, end - start};
		info->phys_limit = MAX(info->phys_limit, end);
		low |= start <= HOST_REQUEST && end >= HOST_ANSWER + PAGE_SIZE;
	}
	return low || wrong(error, "it has no memory in its first 256 KiB (a description that "
				   "was saved without privileges lacks addresses)");
}

static bool bdf_parse(const BhMachineDevice *device, u16 *bdf)
{
	unsigned int segment, bus, slot, function;

	if (sscanf(device->address, "%x:%x:%x.%x", &segment, &bus, &slot, &function) != 4 ||
	    segment)
		return false;
	*bdf = bus << 8 | slot << 3 | function;
	return true;
}

static void devices_tell(struct bh_boot_info *info, const BhMachine *machine)
{
	for (guint i = 0; i < machine->intcs->len; i++) {
		const BhMachineIntc *intc = machine->intcs->pdata[i];

		if (g_strcmp0(intc->type, "ioapic") || info->ioapic_count == BH_BOOT_IOAPICS_MAX)
			continue;
		info->ioapic[info->ioapic_count++] = (struct bh_boot_ioapic){
			.address = intc->address,
			.gsi_base = intc->gsi_base,
			.pins = intc->pins ? intc->pins : HOST_IOAPIC_PINS,
		};
	}
	for (guint i = 0; i < machine->mmconfigs->len; i++) {
		const BhMachineMmconfig *mmconfig = machine->mmconfigs->pdata[i];

		if (mmconfig->segment || mmconfig->first_bus)
			continue;
		info->mmconfig_base = mmconfig->start;
		info->mmconfig_end_bus = mmconfig->last_bus;
		info->phys_limit = MAX(info->phys_limit,
				       mmconfig->start + (((u64)mmconfig->last_bus + 1) << 20));
	}
	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];

		for (guint j = 0; j < device->bars->len; j++) {
			const BhMachineBar *bar = device->bars->pdata[j];

			if (!bar->io)
				info->phys_limit = MAX(info->phys_limit, bar->start + bar->size);
		}
	}
}

static bool root_links_fit(const struct bh_boot_info *info, const BhMachine *machine, u64 at)
{
	u64 mmconfig_size = (u64)(info->mmconfig_end_bus + 1) << 20;

	for (u32 i = 0; i < info->ram_count; i++)
		if (ranges_overlap(at, BH_ROOT_LINKS_SIZE, info->ram[i].start, info->ram[i].size))
			return false;
	for (u32 i = 0; i < info->ioapic_count; i++)
		if (ranges_overlap(at, BH_ROOT_LINKS_SIZE, info->ioapic[i].address, PAGE_SIZE))
			return false;
	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];

		for (guint j = 0; j < device->bars->len; j++) {
			const BhMachineBar *bar = device->bars->pdata[j];

			if (!bar->io &&
			    ranges_overlap(at, BH_ROOT_LINKS_SIZE, bar->start, bar->size))
				return false;
		}
	}
	return !info->mmconfig_base ||
	       !ranges_overlap(at, BH_ROOT_LINKS_SIZE, info->mmconfig_base, mmconfig_size);
}

/* Where Linux would find room for the root's sides of links: below the interrupt controllers, above RAM. */
static void root_links_place(struct bh_boot_info *info, const BhMachine *machine)
{
	for (u64 at = 0xfe000000; at >= BIT(31); at -= BH_ROOT_LINKS_SIZE) {
		if (root_links_fit(info, machine, at)) {
			info->root_links = at;
			return;
		}
	}
}

static void function_tell(struct host_function *f, const BhMachineDevice *device)
{
	const BhMachineBar *table = NULL;
	u16 ids[] = {device->subvendor, device->subdevice};

	for (guint i = 0; i < 3; i++)
		f->config[0x09 + i] = device->class >> 8 * i;
	f->config[0x0e] = device->bridge;
	memcpy(&f->config[0x2c], ids, sizeof(ids));
	for (guint i = 0; i < device->bars->len && !device->bridge; i++) {
		const BhMachineBar *bar = device->bars->pdata[i];
		u32 flags = bar->io ? 1 : (bar->is_64bit ? 4 : 0) | (bar->prefetchable ? 8 : 0);

		if (bar->index > 5 || !bar->size || bar->size & (bar->size - 1))
			continue;
		host_function_bar(f, bar->index, bar->start, bar->size, flags);
		if (!bar->io && bar->size >= PAGE_SIZE)
			table = bar;
	}
	if (device->msi)
		host_function_msi(f, 0x50, device->msix && table ? 0x70 : 0, true);
	if (device->msix && table)
		host_function_msix(f, 0x70, 0, table->index, 0, MIN(device->msix, 128u));
}

void sim_machine_functions(const struct simulated *s)
{
	const BhMachine *machine = s->description;

	host.function_count = 0;
	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];
		struct host_function *f;
		u16 bdf;

		if (!bdf_parse(device, &bdf))
			continue;
		f = host_function_add(bdf, device->vendor, device->device);
		if (f)
			function_tell(f, device);
	}
}

bool sim_machine_load(struct simulated *s, const char *file, struct bh_device_error *error)
{
	struct bh_boot_info *info = &s->machine;
	g_autoptr(GError) failed = NULL;
	g_autoptr(BhMachine) machine = NULL;

	machine = file ? bh_machine_load(file, &failed)
		       : bh_machine_new_simple(SIMPLE_CPUS, SIMPLE_MEMORY);
	if (!machine) {
		sim_error(error, EINVAL, BH_R_MACHINE, "%s", failed->message);
		return false;
	}
	if (g_strcmp0(machine->architecture, "x86-64"))
		return wrong(error, "only x86-64 machines can");
	info->version = BH_BOOT_VERSION;
	info->response_ms = 100;
	info->size = sizeof(*info);
	info->tsc_khz = info->apic_khz = TSC_KHZ;
	info->pm_timer_port = 0x608;
	info->phys_limit = BIT(32);
	if (!cpus_tell(info, machine, error) || !memory_tell(info, machine, error))
		return false;
	devices_tell(info, machine);
	root_links_place(info, machine);
	s->block_size = machine->block_size ? machine->block_size : BLOCK_SIZE_DEFAULT;
	if (s->block_size < BH_CORE_MEMORY_ALIGN || s->block_size & (s->block_size - 1))
		return wrong(error, "the size of its memory blocks is no power of two");
	s->base.name = machine->name ? machine->name : "simulated machine";
	s->description = g_steal_pointer(&machine);
	return true;
}

void sim_machine_forget(struct simulated *s)
{
	bh_machine_unref(s->description);
	s->description = NULL;
}
