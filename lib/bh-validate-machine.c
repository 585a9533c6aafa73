// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells against a machine, with what Bulkhead would choose for them there. */
#include <string.h>
#include "bh-validate-private.h"
#include "bh-value.h"

#define APIC_ADDRESS 0xfee00000ULL
/* Arm GIC Architecture Specification (IHI 0069), 12.8 and 12.10, GICv2 (IHI 0048), 4.1.3: how long they are. */
#define GICD_SIZE 0x10000ULL
#define GICR_SIZE 0x20000ULL
#define GICC_SIZE 0x2000ULL

static const char move_console[] =
	"move Linux's console (console= on its command line), or leave this to Linux";

struct judge {
	const BhCellSet *set;
	const BhCell *cell;
	const BhMachine *machine;
	const BhPlacement *placement;
	GPtrArray *findings;
};

/* ---- CPUs ---- */

static gboolean has_cpu(const struct judge *j, const BhCell *cell, guint id)
{
	g_autoptr(GArray) cpus = bh_placement_get_cpus(j->placement, cell);

	for (guint i = 0; i < cpus->len; i++)
		if (g_array_index(cpus, guint, i) == id)
			return TRUE;
	return FALSE;
}

static const char *cpu_owner(const struct judge *j, guint id)
{
	for (guint i = 0; i < j->set->cells->len; i++) {
		const BhCell *cell = j->set->cells->pdata[i];

		if (has_cpu(j, cell, id))
			return cell->name;
	}
	return "root";
}

static void find_siblings(const struct judge *j, const BhMachineCpu *cpu, const BhNumber *place)
{
	for (guint i = 0; i < j->machine->cpus->len; i++) {
		const BhMachineCpu *other = j->machine->cpus->pdata[i];
		BhFinding *finding;

		/* The topology of CPUs that are offline is not known. */
		if (other == cpu || !cpu->online || !other->online || other->core != cpu->core ||
		    other->package != cpu->package || has_cpu(j, j->cell, other->id))
			continue;
		finding = bh_find(j->cell, bh_cell_head(j->cell), "Cpus", j->findings,
				  BH_FINDING_CPU_SIBLING,
				  "give the cell both, or switch off SMT in the firmware",
				  "CPU %u and CPU %u share a core, and so caches and execution "
				  "time",
				  cpu->id, other->id);
		finding->owner = g_strdup(cpu_owner(j, other->id));
		if (place)
			bh_find_at(finding, place->line, place->column);
	}
}

static void find_cpu(const struct judge *j, guint id, const BhNumber *place)
{
	const BhMachineCpu *cpu = bh_machine_find_cpu(j->machine, id);
	const BhCellSection *head = bh_cell_head(j->cell);
	BhFinding *finding = NULL;

	if (!cpu) {
		finding = bh_find(j->cell, head, "Cpus", j->findings, BH_FINDING_CPU_MISSING,
				  "choose others, or write count: and a number",
				  "there is no CPU %u: this machine has %u", id,
				  j->machine->cpus->len);
	} else if (!cpu->can_offline) {
		finding = bh_find(j->cell, head, "Cpus", j->findings, BH_FINDING_CPU_BOOT,
				  "choose others, or write count: and a number",
				  "CPU %u stays with Linux: it is the one the machine booted with, "
				  "or Linux does not let it go",
				  id);
		finding->owner = g_strdup("root");
	} else {
		find_siblings(j, cpu, place);
	}
	if (finding && place)
		bh_find_at(finding, place->line, place->column);
}

static void find_cpus(const struct judge *j)
{
	const GArray *named = j->cell->cpus;
	g_autoptr(GArray) cpus = bh_placement_get_cpus(j->placement, j->cell);

	for (guint i = 0; i < cpus->len; i++)
		find_cpu(j, g_array_index(cpus, guint, i),
			 i < named->len ? &g_array_index(named, BhNumber, i) : NULL);
}

/* ---- memory ---- */

static gboolean is_ram(const BhMachineRegion *region)
{
	return !strcmp(region->name, "System RAM");
}

/* What firmware or the kernel's command line keep from Linux may be RAM for cells: only the core can tell. */
static gboolean may_be_ram(const BhMachineRegion *region)
{
	return is_ram(region) || !g_ascii_strcasecmp(region->name, "Reserved");
}

/* /proc/iomem has no addresses for those without privileges. */
static gboolean ram_is_known(const BhMachine *machine)
{
	for (guint i = 0; i < machine->regions->len; i++)
		if (is_ram(machine->regions->pdata[i]))
			return TRUE;
	return FALSE;
}

/* The end of what may be RAM at @address; @address itself if nothing is. */
static guint64 ram_end(const BhMachine *machine, guint64 address)
{
	const BhMachineBlock *block = bh_machine_find_block(machine, address);

	if (block)
		return block->start + block->size;
	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = machine->regions->pdata[i];

		if (may_be_ram(region) && address - region->start < region->size)
			return region->start + region->size;
	}
	return address;
}

static void find_ram(const struct judge *j, const BhCellMemory *memory)
{
	guint64 end = memory->physical_address + memory->size;

	for (guint64 at = memory->physical_address, next; at < end; at = next) {
		next = ram_end(j->machine, at);
		if (next > at)
			continue;
		bh_find(j->cell, memory->section, "PhysicalAddress", j->findings,
			BH_FINDING_MEMORY_NOT_RAM,
			"remove PhysicalAddress= to have a place chosen, or write Type=device",
			"%s lies at " X64 ", where this machine has no RAM", memory->name, at);
		return;
	}
	for (guint i = 0; i < j->machine->blocks->len; i++) {
		const BhMachineBlock *block = j->machine->blocks->pdata[i];
		BhFinding *finding;

		if (!block->online || block->removable ||
		    !bh_ranges_overlap(memory->physical_address, memory->size, block->start,
				       block->size))
			continue;
		finding = bh_find(j->cell, memory->section, "PhysicalAddress", j->findings,
				  BH_FINDING_MEMORY_NOT_REMOVABLE,
				  "remove PhysicalAddress= to have a place chosen, or keep the "
				  "range from Linux at boot",
				  "%s lies in memory that Linux is not likely to let go, at " X64,
				  memory->name, MAX(memory->physical_address, block->start));
		finding->owner = g_strdup("root");
		return;
	}
}

static gboolean is_platform(const BhMachine *machine, guint64 start, guint64 size)
{
	gboolean found = !strcmp(machine->architecture, "x86-64") &&
			 bh_ranges_overlap(start, size, APIC_ADDRESS, PAGE);

	for (guint i = 0; i < machine->intcs->len; i++) {
		const BhMachineIntc *intc = machine->intcs->pdata[i];

		found |= bh_ranges_overlap(start, size, intc->address,
					   strcmp(intc->type, "gicv3") ? PAGE : GICD_SIZE);
		if (!strcmp(intc->type, "gicv2"))
			found |= bh_ranges_overlap(start, size, intc->cpu_address, GICC_SIZE);
		else if (!strcmp(intc->type, "gicv3"))
			found |= bh_ranges_overlap(start, size, intc->cpu_address,
						   machine->cpus->len * GICR_SIZE);
	}
	for (guint i = 0; i < machine->iommus->len; i++) {
		const BhMachineIommu *iommu = machine->iommus->pdata[i];

		found |= bh_ranges_overlap(start, size, iommu->address, PAGE);
	}
	for (guint i = 0; i < machine->mmconfigs->len; i++) {
		const BhMachineMmconfig *config = machine->mmconfigs->pdata[i];
		guint64 buses = (guint64)config->last_bus - config->first_bus + 1;

		found |= bh_ranges_overlap(start, size,
					   config->start + ((guint64)config->first_bus << 20),
					   buses << 20);
	}
	return found;
}

static void find_window(const struct judge *j, const BhCellMemory *memory)
{
	guint64 start = memory->physical_address & ~(PAGE - 1);
	guint64 size = memory->size + (memory->physical_address - start);
	BhFinding *finding;

	if (is_platform(j->machine, start, size)) {
		finding = bh_find(j->cell, memory->section, "PhysicalAddress", j->findings,
				  BH_FINDING_MEMORY_PLATFORM,
				  "use [Interrupts] and [Device] for what lies behind it",
				  "%s covers an interrupt controller, PCI configuration or an "
				  "IOMMU, which the core keeps",
				  memory->name);
		finding->owner = g_strdup("core");
		return;
	}
	for (guint i = 0; i < j->machine->regions->len; i++) {
		const BhMachineRegion *region = j->machine->regions->pdata[i];

		if (!is_ram(region) || !bh_ranges_overlap(start, size, region->start, region->size))
			continue;
		bh_find(j->cell, memory->section, "PhysicalAddress", j->findings,
			BH_FINDING_MEMORY_IS_RAM, "write Type=ram or Type=shared",
			"%s is to be a device, but there is RAM at " X64, memory->name,
			MAX(start, region->start));
		return;
	}
}

static void find_memory(const struct judge *j)
{
	const BhCellSection *largest = NULL;
	guint64 sum = 0, most = 0;

	for (guint i = 0; i < j->cell->memory->len; i++) {
		const BhCellMemory *memory = j->cell->memory->pdata[i];
		gboolean fixed = bh_memory_is_fixed(memory) && memory->size &&
				 memory->physical_address + memory->size > memory->physical_address;

		if (memory->type == BH_MEMORY_DEVICE) {
			if (fixed)
				find_window(j, memory);
			continue;
		}
		if (memory->type == BH_MEMORY_COMM)
			continue;
		if (fixed && ram_is_known(j->machine))
			find_ram(j, memory);
		sum = memory->size > G_MAXUINT64 - sum ? G_MAXUINT64 : sum + memory->size;
		if (memory->size > most) {
			most = memory->size;
			largest = memory->section;
		}
	}
	if (j->machine->memory_size && sum > j->machine->memory_size) {
		g_autofree char *wanted = g_format_size_full(sum, G_FORMAT_SIZE_IEC_UNITS);
		g_autofree char *there =
			g_format_size_full(j->machine->memory_size, G_FORMAT_SIZE_IEC_UNITS);

		bh_find(j->cell, largest, "Size", j->findings, BH_FINDING_MEMORY_FEW,
			"make its memory smaller", "the cell wants %s, and this machine has %s",
			wanted, there);
	}
}

/* ---- devices ---- */

static gboolean has_device(const struct judge *j, const char *address)
{
	for (guint i = 0; i < j->cell->devices->len; i++)
		if (!g_strcmp0(bh_placement_get_device(j->placement, j->cell,
						       j->cell->devices->pdata[i]),
			       address))
			return TRUE;
	return FALSE;
}

/* The key that says which device it is. */
static const char *device_key(const BhCellDevice *device)
{
	return device->node					? "Node"
	       : device->address				? "Pci"
	       : bh_cell_section_find(device->section, "Match") ? "Match"
								: "Class";
}

static BhFinding *find_device(const struct judge *j, const BhCellDevice *device, BhFindingKind kind,
			      const char *suggestion, const char *format, ...) G_GNUC_PRINTF(5, 6);

static BhFinding *find_device(const struct judge *j, const BhCellDevice *device, BhFindingKind kind,
			      const char *suggestion, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return bh_find(j->cell, device->section, device_key(device), j->findings, kind, suggestion,
		       "%s", message);
}

static void find_companions(const struct judge *j, const BhCellDevice *device,
			    const BhMachineDevice *real)
{
	g_autoptr(GPtrArray) companions = bh_machine_device_companions(j->machine, real);

	for (guint i = 0; i < companions->len; i++) {
		const BhMachineDevice *other = companions->pdata[i];
		g_autofree char *name = bh_machine_device_describe(other);
		gboolean group =
			real->iommu_group && !g_strcmp0(real->iommu_group, other->iommu_group);
		BhFinding *finding;

		if (has_device(j, other->address))
			continue;
		finding =
			group ? find_device(j, device, BH_FINDING_DEVICE_GROUP,
					    "give the cell all of the group",
					    "%s cannot be isolated from %s (%s): both are in "
					    "IOMMU group %s",
					    real->address, other->address, name, real->iommu_group)
			      : find_device(j, device, BH_FINDING_DEVICE_RESET,
					    "give the cell all that are reset together",
					    "%s cannot be reset without %s (%s)", real->address,
					    other->address, name);
		finding->owner = g_strdup(other->address);
	}
}

/* Registers appear in the cell where they are in the machine. */
static void find_registers(const struct judge *j, const BhCellDevice *device, const char *what,
			   const char *owner, guint64 start, guint64 size)
{
	for (guint i = 0; i < j->cell->memory->len; i++) {
		const BhCellMemory *memory = j->cell->memory->pdata[i];

		if (bh_ranges_overlap(start, size, memory->guest_address, memory->size))
			find_device(j, device, BH_FINDING_MEMORY_OVERLAP,
				    "choose another GuestAddress= for that memory",
				    "%s of %s at " X64 " and %s (line %u) overlap in the cell",
				    what, owner, start, memory->name, memory->section->line)
				->owner = g_strdup(owner);
	}
}

static void find_bars(const struct judge *j, const BhCellDevice *device,
		      const BhMachineDevice *real)
{
	for (guint i = 0; i < real->bars->len; i++) {
		const BhMachineBar *bar = real->bars->pdata[i];
		g_autofree char *what = g_strdup_printf("BAR %u", bar->index);

		if (!bar->io && bar->index < 6)
			find_registers(j, device, what, real->address, bar->start, bar->size);
	}
}

static void find_node(const struct judge *j, const BhCellDevice *device)
{
	const BhPlacedNode *node = bh_placement_get_node(j->placement, j->cell, device);

	/* One that there is not has been found by the placement. */
	if (!node)
		return;
	find_registers(j, device, "the registers", device->node, node->start, node->size);
	for (guint i = 0; i < node->interrupts->len; i++) {
		guint pin = g_array_index(node->interrupts, guint, i);

		if (pin >= bh_cell_pins_max(j->cell->arch))
			find_device(j, device, BH_FINDING_INTERRUPT_PIN,
				    "leave the device to Linux",
				    "%s has pin %u of the interrupt controller, and cells can have "
				    "those below %u",
				    device->node, pin, bh_cell_pins_max(j->cell->arch));
	}
	for (guint i = 0; i < j->machine->uarts->len; i++) {
		const BhMachineUart *uart = j->machine->uarts->pdata[i];

		if (!uart->io && uart->console && uart->start - node->start < node->size)
			find_device(j, device, BH_FINDING_CONSOLE_IN_USE, move_console,
				    "%s is Linux's console, and Linux loses it to the cell",
				    uart->name)
				->owner = g_strdup("root");
	}
}

static void find_devices(const struct judge *j)
{
	for (guint i = 0; i < j->cell->devices->len; i++) {
		const BhCellDevice *device = j->cell->devices->pdata[i];
		const char *address = bh_placement_get_device(j->placement, j->cell, device);
		const BhMachineDevice *real =
			address ? bh_machine_find_device(j->machine, address) : NULL;
		g_autofree char *name = real ? bh_machine_device_describe(real) : NULL;
		g_autofree char *uses = real ? g_strjoinv(", ", real->used_for) : NULL;

		if (device->node)
			find_node(j, device);
		/* What was not found by a match has been found by the placement. */
		if (!address)
			continue;
		if (!real) {
			find_device(j, device, BH_FINDING_DEVICE_MISSING,
				    "correct the address; \"bulkhead machine\" lists what there is",
				    "there is no device %s in this machine", address);
			continue;
		}
		if (real->bridge) {
			find_device(j, device, BH_FINDING_DEVICE_BRIDGE,
				    "give the cell the devices behind it",
				    "%s (%s) is a bridge, which no cell can have", address, name);
			continue;
		}
		if (*real->used_for)
			find_device(j, device, BH_FINDING_DEVICE_IN_USE,
				    "be sure that Linux can do without it",
				    "Linux needs %s (%s) for %s, and loses it to the cell", address,
				    name, uses)
				->owner = g_strdup("root");
		/* With a group, Linux drives the IOMMU, and the module asks it to confine the device. */
		if (!j->machine->iommus->len || !real->iommu_group || !*real->iommu_group)
			find_device(j, device, BH_FINDING_DEVICE_NO_IOMMU,
				    "give devices only to cells you trust",
				    "%s (%s) can reach all memory: %s", address, name,
				    j->machine->iommus->len
					    ? "Linux drives no IOMMU for it, as far as it says"
					    : "this machine has no IOMMU");
		find_companions(j, device, real);
		find_bars(j, device, real);
	}
}

/* ---- consoles and interrupts ---- */

static gboolean has_port(const BhCell *cell, guint64 port, const BhCellPorts **range)
{
	for (guint i = 0; i < cell->ports->len; i++) {
		const BhCellPorts *ports = cell->ports->pdata[i];

		if (port >= ports->first && port <= ports->last) {
			*range = ports;
			return TRUE;
		}
	}
	return FALSE;
}

static const BhCellMemory *window_with(const BhCell *cell, guint64 address)
{
	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		if (memory->type == BH_MEMORY_DEVICE &&
		    address - memory->physical_address < memory->size)
			return memory;
	}
	return NULL;
}

static gboolean has_uart(const BhCell *cell, const BhMachineUart *uart)
{
	const BhCellPorts *ports;

	return uart->io ? has_port(cell, uart->start, &ports)
			: window_with(cell, uart->start) != NULL;
}

static void find_console(const struct judge *j)
{
	for (guint i = 0; i < j->machine->uarts->len; i++) {
		const BhMachineUart *uart = j->machine->uarts->pdata[i];
		const BhCellPorts *ports = NULL;
		BhFinding *finding;

		if (!uart->console || !has_uart(j->cell, uart))
			continue;
		has_port(j->cell, uart->io ? uart->start : G_MAXUINT64, &ports);
		finding = bh_find(
			j->cell,
			ports ? ports->section : window_with(j->cell, uart->start)->section,
			ports ? "Range" : "PhysicalAddress", j->findings, BH_FINDING_CONSOLE_IN_USE,
			move_console, "%s is Linux's console, and Linux loses it to the cell",
			uart->name);
		finding->owner = g_strdup("root");
		if (ports)
			bh_find_at(finding, ports->line, ports->column);
	}
}

/* Are all that use this interrupt the cell's own? */
static gboolean interrupt_is_own(const struct judge *j, const BhMachineInterrupt *interrupt)
{
	guint own = 0;

	for (guint i = 0; i < j->machine->devices->len; i++) {
		const BhMachineDevice *device = j->machine->devices->pdata[i];

		own += device->irq == interrupt->irq && has_device(j, device->address);
	}
	for (guint i = 0; i < j->machine->uarts->len; i++) {
		const BhMachineUart *uart = j->machine->uarts->pdata[i];

		own += uart->irq == interrupt->irq && has_uart(j->cell, uart);
	}
	return own >= g_strv_length(interrupt->actions);
}

static void find_pin(const struct judge *j, const BhCellInterrupts *interrupts,
		     const BhMachineIntc *intc, const BhNumber *pin)
{
	const BhMachineInterrupt *used;
	BhFinding *finding = NULL;

	/* The last IOAPIC's number of pins is in no table. */
	if (intc->pins && pin->value >= intc->pins) {
		finding = bh_find(j->cell, interrupts->section, "Pins", j->findings,
				  BH_FINDING_INTERRUPT_PIN, "correct the number, or Controller=",
				  "there is no pin %u: the controller at " X64 " has %u",
				  (guint)pin->value, intc->address, intc->pins);
	} else {
		used = bh_machine_find_gsi(j->machine, intc->gsi_base + pin->value);
		if (used && !interrupt_is_own(j, used)) {
			g_autofree char *users = g_strjoinv(", ", used->actions);

			finding = bh_find(j->cell, interrupts->section, "Pins", j->findings,
					  BH_FINDING_INTERRUPT_SHARED,
					  "be sure that Linux can do without, or leave the pin to "
					  "Linux",
					  "pin %u is used by Linux (%s), which gets no interrupts "
					  "from it any more",
					  (guint)pin->value, users);
			finding->owner = g_strdup("root");
		}
	}
	if (finding)
		bh_find_at(finding, pin->line, pin->column);
}

static void find_interrupts(const struct judge *j)
{
	for (guint i = 0; i < j->cell->interrupts->len && j->machine->intcs->len; i++) {
		const BhCellInterrupts *interrupts = j->cell->interrupts->pdata[i];
		const BhMachineIntc *intc =
			interrupts->controller == BH_CONTROLLER_ANY
				? j->machine->intcs->pdata[0]
				: bh_machine_find_intc(j->machine, interrupts->controller);

		if (!intc) {
			bh_find(j->cell, interrupts->section, "Controller", j->findings,
				BH_FINDING_INTERRUPT_CONTROLLER,
				"correct Controller=; \"bulkhead machine\" lists what there is",
				"there is no interrupt controller at " X64 " in this machine",
				interrupts->controller);
			continue;
		}
		for (guint k = 0; k < interrupts->pins->len; k++)
			find_pin(j, interrupts, intc,
				 &g_array_index(interrupts->pins, BhNumber, k));
	}
}

void bh_validate_machine(const BhCellSet *set, const BhCell *cell, const BhMachine *machine,
			 const BhPlacement *placement, GPtrArray *findings)
{
	struct judge j = {set, cell, machine, placement, findings};

	find_cpus(&j);
	find_memory(&j);
	find_devices(&j);
	find_console(&j);
	find_interrupts(&j);
}
