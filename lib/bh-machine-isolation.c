// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine can isolate and what not. Sentences for people who decide whether that will do. */
#include <string.h>
#include "bh-machine-private.h"

static void fact_free(gpointer data)
{
	BhMachineFact *fact = data;

	g_free(fact->code);
	g_free(fact->message);
	g_free(fact);
}

static void add_fact(GPtrArray *facts, const char *level, const char *code, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void add_fact(GPtrArray *facts, const char *level, const char *code, const char *format, ...)
{
	BhMachineFact *fact = g_new0(BhMachineFact, 1);
	va_list arguments;

	va_start(arguments, format);
	fact->message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fact->level = level;
	fact->code = g_strdup(code);
	g_ptr_array_add(facts, fact);
}

static void add_iommu_facts(GPtrArray *facts, const BhMachine *machine)
{
	const BhMachineIommu *first;

	if (!machine->iommus->len)
		add_fact(facts, "open", "no-iommu",
			 "This machine has no IOMMU: a device given to a cell can reach all memory "
			 "by DMA, so give devices only to cells you trust");
	if (!machine->iommus->len)
		return;
	first = machine->iommus->pdata[0];
	if (first->active)
		add_fact(facts, "limited", "iommu-of-linux",
			 "Linux drives this machine's IOMMU (units: %u, %s): by DMA a device given "
			 "to a cell reaches that cell's memory alone, as long as Linux is to be "
			 "trusted",
			 machine->iommus->len, first->type);
	else
		add_fact(facts, "open", "iommu-unused",
			 "This machine has an IOMMU (units: %u, %s), which Linux does not drive: a "
			 "device given to a cell can reach all memory by DMA",
			 machine->iommus->len, first->type);
}

/* The first pair that shares a core says it for all. */
static void add_smt_facts(GPtrArray *facts, const BhMachine *machine)
{
	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];

		for (guint j = i + 1; j < machine->cpus->len; j++) {
			const BhMachineCpu *other = machine->cpus->pdata[j];

			if (!cpu->online || !other->online || cpu->core != other->core ||
			    cpu->package != other->package)
				continue;
			add_fact(facts, "limited", "smt-siblings",
				 "CPUs share cores (CPU %u and CPU %u are threads of one): give "
				 "both "
				 "threads of a core to the same cell, or switch SMT off",
				 cpu->id, other->id);
			return;
		}
	}
}

static void add_cache_facts(GPtrArray *facts, const BhMachine *machine)
{
	const BhMachineCache *widest = NULL;

	for (guint i = 0; i < machine->caches->len; i++) {
		const BhMachineCache *cache = machine->caches->pdata[i];

		if (cache->cpus->len > 1 && (!widest || cache->level > widest->level))
			widest = cache;
	}
	if (widest && !widest->size)
		add_fact(facts, "limited", "shared-cache",
			 "%u CPUs share a level-%u cache: a cell's timing depends on what the "
			 "others do",
			 widest->cpus->len, widest->level);
	else if (widest)
		add_fact(facts, "limited", "shared-cache",
			 "%u CPUs share a level-%u cache of %" G_GUINT64_FORMAT
			 " KiB: a cell's timing depends on what the others do",
			 widest->cpus->len, widest->level, widest->size / 1024);
}

static void add_device_facts(GPtrArray *facts, const BhMachine *machine)
{
	g_autoptr(GHashTable) domains = g_hash_table_new(g_str_hash, g_str_equal);
	const BhMachineDevice *example = NULL;

	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];

		if (!device->reset_domain)
			continue;
		example = example ? example : device;
		g_hash_table_add(domains, device->reset_domain);
	}
	if (example)
		add_fact(facts, "limited", "shared-reset",
			 "PCI functions that can only be reset together should go to the same "
			 "cell (groups of them: %u; %s is in one)",
			 g_hash_table_size(domains), example->address);
}

static void add_memory_facts(GPtrArray *facts, const BhMachine *machine)
{
	guint64 removable = 0;

	for (guint i = 0; i < machine->blocks->len; i++) {
		const BhMachineBlock *block = machine->blocks->pdata[i];

		if (block->removable)
			removable += block->size;
	}
	if (!machine->block_size)
		add_fact(facts, "limited", "memory-fixed",
			 "Linux cannot give memory back on this machine: reserve memory for cells "
			 "on "
			 "the kernel's command line");
	else
		add_fact(facts, "isolated", "memory",
			 "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
			 " MiB of memory can probably be taken from Linux while it runs",
			 removable >> 20, machine->memory_size >> 20);
}

GPtrArray *bh_machine_isolation(const BhMachine *machine)
{
	GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);

	if (machine->simulated)
		add_fact(facts, "open", "simulated",
			 "This machine is simulated: nothing runs and nothing is isolated");
	if (!machine->virtualization)
		add_fact(facts, "open", "no-virtualization",
			 machine->guest
				 ? "This machine is itself virtual and offers no virtualization: "
				   "allow nested virtualization on its host"
			 : !strcmp(machine->architecture, "arm64")
				 ? "Linux does not say that it was started at EL2 (by /dev/kvm): "
				   "have "
				   "the firmware start it there, and do not switch KVM off"
				 : "The processor offers no virtualization: switch it on in the "
				   "firmware's setup, where it is called SVM, AMD-V or VT-x");
	add_iommu_facts(facts, machine);
	add_device_facts(facts, machine);
	add_smt_facts(facts, machine);
	add_cache_facts(facts, machine);
	if (!strcmp(machine->architecture, "x86-64") && !machine->simulated)
		add_fact(facts, "limited", "smm",
			 "The firmware can interrupt any CPU for its own work (SMM): how long is "
			 "not "
			 "in Bulkhead's hands, so measure it");
	if (machine->guest)
		add_fact(
			facts, "limited", "guest",
			"This machine is itself virtual: its host can stop any CPU at any time, so "
			"times mean little");
	add_memory_facts(facts, machine);
	return facts;
}
