// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at the machine. Files and their forms: the kernel's Documentation/ABI/ (testing/sysfs-devices-system-cpu,
 * testing/sysfs-devices-memory, stable/sysfs-devices-node) and Documentation/filesystems/proc.rst.
 */
#include <gio/gio.h>
#include <errno.h>
#include <string.h>
#include "bh-machine-private.h"

#define CPUS "/sys/devices/system/cpu"
#define MEMORY "/sys/devices/system/memory"

/* "cpu12" is 12 with the prefix "cpu". */
static gboolean numbered_name(const char *name, const char *prefix, guint *number)
{
	char *end;

	if (!g_str_has_prefix(name, prefix))
		return FALSE;
	name += strlen(prefix);
	if (!g_ascii_isdigit(*name))
		return FALSE;
	*number = g_ascii_strtoull(name, &end, 10);
	return !*end;
}

/* The node whose directory is linked from this one. */
static guint read_node(const char *root, const char *directory)
{
	g_auto(GStrv) names = bh_root_list(root, "%s", directory);
	guint node = 0;

	for (char **name = names; *name; name++)
		if (numbered_name(*name, "node", &node))
			break;
	return node;
}

static void read_caches(BhMachine *machine, const char *root, guint cpu)
{
	g_auto(GStrv) names = bh_root_list(root, CPUS "/cpu%u/cache", cpu);
	guint index;

	for (char **name = names; *name; name++) {
		g_autofree char *type = NULL, *size = NULL, *sharers = NULL;
		g_autoptr(GArray) cpus = NULL;
		BhMachineCache *cache;
		char *unit;

		if (!numbered_name(*name, "index", &index))
			continue;
		type = bh_root_read(root, CPUS "/cpu%u/cache/index%u/type", cpu, index);
		size = bh_root_read(root, CPUS "/cpu%u/cache/index%u/size", cpu, index);
		sharers =
			bh_root_read(root, CPUS "/cpu%u/cache/index%u/shared_cpu_list", cpu, index);
		if (!type || !sharers)
			continue;
		/* Each cache is met once for each sharer; it is noted at the first. */
		cpus = g_array_new(FALSE, FALSE, sizeof(guint));
		bh_parse_list(sharers, cpus);
		if (!cpus->len || g_array_index(cpus, guint, 0) != cpu)
			continue;
		cache = bh_record_append(machine->caches, &bh_record_cache);
		cache->level =
			bh_root_number(root, 0, CPUS "/cpu%u/cache/index%u/level", cpu, index);
		cache->type = g_ascii_strdown(type, -1);
		/* Where nobody tells the kernel, as a device tree need not, there is no such file. */
		cache->size = g_ascii_strtoull(size ? size : "", &unit, 10);
		if (*unit == 'K')
			cache->size *= 1024;
		else if (*unit == 'M')
			cache->size *= 1024 * 1024;
		g_array_unref(cache->cpus);
		cache->cpus = g_steal_pointer(&cpus);
	}
}

/* /proc/cpuinfo: what topology files do not tell. */
static void read_cpuinfo(BhMachine *machine, const char *root)
{
	g_autofree char *text = bh_root_read(root, "/proc/cpuinfo");
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	BhMachineCpu *cpu = NULL;

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) pair = g_strsplit(*line, ":", 2);
		const char *key, *value;

		if (g_strv_length(pair) != 2)
			continue;
		key = g_strstrip(pair[0]);
		value = g_strstrip(pair[1]);
		if (!strcmp(key, "processor")) {
			cpu = bh_machine_find_cpu(machine, g_ascii_strtoull(value, NULL, 10));
		} else if (!strcmp(key, "apicid") && cpu) {
			cpu->apic_id = g_ascii_strtoull(value, NULL, 10);
		} else if (!strcmp(key, "model name") && !machine->cpu_model) {
			machine->cpu_model = g_strdup(value);
		} else if (!strcmp(key, "flags") && !machine->architecture) {
			g_auto(GStrv) flags = g_strsplit(value, " ", -1);

			machine->architecture = g_strdup("x86-64");
			machine->guest = g_strv_contains((const char *const *)flags, "hypervisor");
			if (g_strv_contains((const char *const *)flags, "svm"))
				machine->virtualization = g_strdup("svm");
			else if (g_strv_contains((const char *const *)flags, "vmx"))
				machine->virtualization = g_strdup("vmx");
		} else if (!strcmp(key, "CPU implementer") && !machine->architecture) {
			machine->architecture = g_strdup("arm64");
			/* KVM is built in, and there only if the kernel came up at EL2. */
			if (bh_root_exists(root, "/sys/class/misc/kvm"))
				machine->virtualization = g_strdup("el2");
		}
	}
}

/* Devicetree Specification, 2.2.1.1 and 3.8.1: what follows the @ is "reg", of arm64 the affinity fields of MPIDR. */
static guint read_affinity(const char *root, const char *directory)
{
	g_autofree char *name = bh_root_link_name(root, "%s/of_node", directory);
	const char *address = name ? strchr(name, '@') : NULL;

	return address ? g_ascii_strtoull(address + 1, NULL, 16) : 0;
}

static void read_cpus(BhMachine *machine, const char *root)
{
	g_auto(GStrv) names = bh_root_list(root, CPUS);
	guint id;

	for (char **name = names; *name; name++) {
		g_autofree char *directory = NULL;
		BhMachineCpu *cpu;

		if (!numbered_name(*name, "cpu", &id) || bh_machine_find_cpu(machine, id))
			continue;
		directory = g_strdup_printf(CPUS "/cpu%u", id);
		cpu = bh_record_append(machine->cpus, &bh_record_cpu);
		cpu->id = id;
		/* On arm64 Linux could let go the one it booted with, too, which is 0. */
		cpu->can_offline = id && bh_root_exists(root, "%s/online", directory);
		/* A CPU that cannot go is there, and has no such file. */
		cpu->online = bh_root_number(root, 1, "%s/online", directory) == 1;
		/* Both are -1 where they are not known. */
		cpu->package =
			bh_root_number(root, 0, "%s/topology/physical_package_id", directory);
		cpu->core = bh_root_number(root, 0, "%s/topology/core_id", directory);
		cpu->node = read_node(root, directory);
		cpu->apic_id = read_affinity(root, directory);
		if (cpu->online)
			read_caches(machine, root, id);
	}
	read_cpuinfo(machine, root);
}

static void read_blocks(BhMachine *machine, const char *root)
{
	g_autofree char *size_text = bh_root_read(root, MEMORY "/block_size_bytes");
	g_auto(GStrv) names = bh_root_list(root, MEMORY);
	guint number;

	/* Hexadecimal without a prefix, as phys_index is. */
	machine->block_size = size_text ? g_ascii_strtoull(size_text, NULL, 16) : 0;
	if (!machine->block_size || machine->block_size & (machine->block_size - 1)) {
		machine->block_size = 0;
		return;
	}
	for (char **name = names; *name; name++) {
		g_autofree char *directory = NULL, *state = NULL, *zones = NULL;
		BhMachineBlock *block;

		if (!numbered_name(*name, "memory", &number) ||
		    number >= G_MAXUINT64 / machine->block_size)
			continue;
		directory = g_strdup_printf(MEMORY "/memory%u", number);
		state = bh_root_read(root, "%s/state", directory);
		if (!state)
			continue;
		block = bh_record_append(machine->blocks, &bh_record_block);
		block->start = number * machine->block_size;
		block->size = machine->block_size;
		block->online = !strcmp(state, "online");
		block->node = read_node(root, directory);
		zones = bh_root_read(root, "%s/valid_zones", directory);
		/* Of an online block its zone, else those it might get; "none" means it spans several. */
		if (block->online && zones && strcmp(zones, "none"))
			block->zone = g_strndup(zones, strcspn(zones, " "));
		/*
		 * The attribute "removable" is 1 for every block since Linux 5.6. The zone says more: in
		 * Movable nothing is pinned, in the one for old DMA much is. On arm64, where blocks are
		 * allocated whole, DMA is what devices of 32 bits reach: often all there is.
		 */
		block->removable =
			bh_root_number(root, 0, "%s/removable", directory) == 1 &&
			(!block->online || !g_strcmp0(block->zone, "Movable") ||
			 !g_strcmp0(block->zone, "Normal") || !g_strcmp0(block->zone, "DMA32") ||
			 (!g_strcmp0(block->zone, "DMA") &&
			  !g_strcmp0(machine->architecture, "arm64")));
	}
}

static void read_regions(BhMachine *machine, const char *root)
{
	g_autofree char *text = NULL;
	g_autoptr(GBytes) bytes = bh_root_read_bytes(root, "/proc/iomem");
	g_auto(GStrv) lines = NULL;

	if (!bytes)
		return;
	/* Not stripped: the first line may be indented. */
	text = g_utf8_make_valid(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		gsize indent = strspn(*line, " ");
		BhMachineRegion *region;
		guint64 start, last;
		char *end;

		if (!g_ascii_isxdigit((*line)[indent]))
			continue;
		start = g_ascii_strtoull(*line + indent, &end, 16);
		if (*end != '-' || !g_ascii_isxdigit(end[1]))
			continue;
		last = g_ascii_strtoull(end + 1, &end, 16);
		/* Without privileges all numbers are 0. */
		if (strncmp(end, " : ", 3) || last <= start || last == G_MAXUINT64)
			continue;
		region = bh_record_append(machine->regions, &bh_record_region);
		region->start = start;
		region->size = last - start + 1;
		region->level = indent / 2;
		region->name = g_strstrip(g_strdup(end + 3));
		if (!strcmp(region->name, "System RAM"))
			machine->memory_size += region->size;
	}
}

/*
 * Blocks with the kernel's image ("Kernel code" …) or the crash kernel never go. On arm64 "reserved" within RAM is what was
 * taken before there were pages, for good but for the initial file system.
 */
static gboolean is_kernels(const BhMachine *machine, const BhMachineRegion *region)
{
	return g_str_has_prefix(region->name, "Kernel ") || !strcmp(region->name, "Crash kernel") ||
	       (region->level && !strcmp(region->name, "reserved") &&
		!g_strcmp0(machine->architecture, "arm64"));
}

static void mark_kernel_blocks(BhMachine *machine)
{
	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = machine->regions->pdata[i];

		if (!is_kernels(machine, region))
			continue;
		for (guint j = 0; j < machine->blocks->len; j++) {
			BhMachineBlock *block = machine->blocks->pdata[j];

			if (block->start <= region->start + (region->size - 1) &&
			    region->start <= block->start + (block->size - 1))
				block->removable = FALSE;
		}
	}
}

/* UEFI may have devices of its own in what Linux then counts as blocks. Only one that is all RAM can be allocated whole. */
static void mark_partial_blocks(BhMachine *machine)
{
	if (!machine->memory_size || g_strcmp0(machine->architecture, "arm64"))
		return;
	for (guint i = 0; i < machine->blocks->len; i++) {
		BhMachineBlock *block = machine->blocks->pdata[i];
		guint64 ram = 0;

		for (guint j = 0; j < machine->regions->len; j++) {
			const BhMachineRegion *region = machine->regions->pdata[j];
			guint64 start = MAX(block->start, region->start);
			guint64 last = MIN(block->start + (block->size - 1),
					   region->start + (region->size - 1));

			if (!strcmp(region->name, "System RAM") && start <= last)
				ram += last - start + 1;
		}
		if (ram != block->size)
			block->removable = FALSE;
	}
}

/* Without /proc/iomem: what Linux counts. */
static void read_memory_size(BhMachine *machine, const char *root)
{
	g_autofree char *text = bh_root_read(root, "/proc/meminfo");
	const char *total = text ? strstr(text, "MemTotal:") : NULL;

	if (!machine->memory_size && total)
		machine->memory_size = g_ascii_strtoull(total + 9, NULL, 10) * 1024;
}

/* Documentation/ABI/testing/sysfs-kernel-irq: a directory for each interrupt that was ever set up. */
static void read_interrupts(BhMachine *machine, const char *root)
{
	g_auto(GStrv) names = bh_root_list(root, "/sys/kernel/irq");
	guint ioapics = 0;

	for (guint i = 0; i < machine->intcs->len; i++) {
		const BhMachineIntc *intc = machine->intcs->pdata[i];

		ioapics += !strcmp(intc->type, "ioapic");
	}
	for (char **name = names; *name; name++) {
		g_autofree char *actions = NULL, *chip = NULL, *type = NULL;
		BhMachineInterrupt *interrupt;
		guint64 hardware;
		char *end;
		guint irq = g_ascii_strtoull(*name, &end, 10);

		if (*end)
			continue;
		actions = bh_root_read(root, "/sys/kernel/irq/%u/actions", irq);
		chip = bh_root_read(root, "/sys/kernel/irq/%u/chip_name", irq);
		type = bh_root_read(root, "/sys/kernel/irq/%u/type", irq);
		hardware = bh_root_number(root, G_MAXUINT64, "/sys/kernel/irq/%u/hwirq", irq);
		if (!actions || !*actions || !chip)
			continue;
		interrupt = bh_record_append(machine->interrupts, &bh_record_interrupt);
		interrupt->irq = irq;
		interrupt->level = !g_strcmp0(type, "level");
		interrupt->chip = g_strdup(chip);
		g_strfreev(interrupt->actions);
		interrupt->actions = g_strsplit(actions, ",", -1);
		for (char **action = interrupt->actions; *action; action++) {
			/* What the kernel prints of a handler that has no name. */
			if (strcmp(*action, "(null)"))
				continue;
			g_free(*action);
			*action = g_strdup("unnamed");
		}
		interrupt->gsi = -1;
		/*
		 * An IOAPIC's hardware numbers are pins, and which IOAPIC is not told. With several of
		 * them only the ISA interrupts are sure.
		 */
		if (strstr(chip, "IO-APIC") && (ioapics <= 1 || irq < 16) && hardware < 4096)
			interrupt->gsi = hardware;
		else if (g_str_has_prefix(chip, "GIC") && hardware < 4096)
			interrupt->gsi = hardware;
	}
}

static gboolean console_is(const char *active, const char *name)
{
	g_auto(GStrv) names = g_strsplit(active, " ", -1);

	return g_strv_contains((const char *const *)names, name);
}

/* Documentation/ABI/testing/sysfs-tty; types are numbers of include/uapi/linux/serial_core.h. */
static void read_uarts(BhMachine *machine, const char *root)
{
	static const char *const types[] = {
		"unknown",  "8250",   "16450",	  "16550",  "16550A", "Cirrus",	   "16650",
		"16650V2",  "16750",  "Startech", "16C950", "16654",  "16850",	   "RSA",
		"NS16550A", "XScale", "RM9000",	  "Octeon", "AR7",    "U6_16550A",
	};
	g_autofree char *active = bh_root_read(root, "/sys/class/tty/console/active");
	g_auto(GStrv) names = bh_root_list(root, "/sys/class/tty");

	for (char **name = names; *name; name++) {
		g_autofree char *link = NULL, *target = NULL;
		gboolean pl011 = g_str_has_prefix(*name, "ttyAMA");
		guint64 port, type, address;
		BhMachineUart *uart;

		if (!pl011 && !g_str_has_prefix(*name, "ttyS"))
			continue;
		type = bh_root_number(root, 0, "/sys/class/tty/%s/type", *name);
		/* Ports without a chip are names only. */
		if (!type)
			continue;
		link = bh_root_path(root, "/sys/class/tty/%s", *name);
		target = g_file_read_link(link, NULL);
		port = bh_root_number(root, 0, "/sys/class/tty/%s/port", *name);
		address = bh_root_number(root, 0, "/sys/class/tty/%s/iomem_base", *name);

		uart = bh_record_append(machine->uarts, &bh_record_uart);
		uart->name = g_strdup(*name);
		uart->type = g_strdup(pl011			   ? "PL011"
				      : type < G_N_ELEMENTS(types) ? types[type]
								   : "16550 kind");
		uart->io = port != 0;
		uart->start = port ? port : address;
		uart->irq = bh_root_number(root, 0, "/sys/class/tty/%s/irq", *name);
		uart->console = active && console_is(active, *name);
		uart->device = target ? bh_pci_of_path(target) : NULL;
	}
}

static void read_names(BhMachine *machine, const char *root)
{
	g_autofree char *vendor = bh_root_read(root, "/sys/class/dmi/id/sys_vendor");
	g_autofree char *product = bh_root_read(root, "/sys/class/dmi/id/product_name");

	machine->kernel = bh_root_read(root, "/proc/sys/kernel/osrelease");
	if (!machine->name && product && *product)
		machine->name = vendor && *vendor && !g_str_has_prefix(product, vendor)
					? g_strdup_printf("%s %s", vendor, product)
					: g_strdup(product);
	if (!machine->name)
		machine->name = g_strdup("unnamed machine");
	if (!machine->architecture)
		machine->architecture = g_strdup("unknown");
}

/* How many pins the others have follows from where the next one begins. */
static void count_pins(BhMachine *machine)
{
	bh_machine_sort(machine);
	for (guint i = 0; i + 1 < machine->intcs->len; i++) {
		BhMachineIntc *intc = machine->intcs->pdata[i];
		const BhMachineIntc *next = machine->intcs->pdata[i + 1];

		if (!strcmp(intc->type, "ioapic") && !strcmp(next->type, "ioapic"))
			intc->pins = next->gsi_base - intc->gsi_base;
	}
}

static void read_iommu_use(BhMachine *machine, const char *root)
{
	g_auto(GStrv) groups = bh_root_list(root, "/sys/kernel/iommu_groups");

	for (guint i = 0; i < machine->iommus->len; i++) {
		BhMachineIommu *iommu = machine->iommus->pdata[i];

		iommu->active = *groups != NULL;
	}
}

BhMachine *bh_machine_discover(const char *root, GError **error)
{
	g_autoptr(BhMachine) machine = bh_machine_new();

	read_cpus(machine, root);
	if (!machine->cpus->len) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "%s" CPUS " lists no CPU: is sysfs mounted there?", root);
		return NULL;
	}
	read_blocks(machine, root);
	read_regions(machine, root);
	mark_kernel_blocks(machine);
	mark_partial_blocks(machine);
	read_memory_size(machine, root);
	bh_machine_read_acpi(machine, root);
	bh_machine_read_tree(machine, root);
	count_pins(machine);
	read_interrupts(machine, root);
	bh_machine_read_pci(machine, root);
	read_uarts(machine, root);
	read_iommu_use(machine, root);
	bh_machine_read_uses(machine, root);
	read_names(machine, root);
	bh_machine_sort(machine);
	return g_steal_pointer(&machine);
}
