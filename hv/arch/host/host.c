/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, time and CPUs of the hosted machine, and how the core is put under it. */
#include <sys/mman.h>
#include <time.h>
#include <hv/arch/host/host.h>
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

#define IOPM_PAGES 3

struct host host = {.leaf_level = 2};

static struct cpu cpus[BH_CPUS_MAX];
static bool cpu_there[BH_CPUS_MAX];
static u64 events_seen; /* the core keeps counting from one launch to the next, see host_stop() */

const struct unit *const units[] = {&pio_unit, &ioapic_unit, &pci_unit, &link_unit, NULL};

/* ---- memory and time ---- */

void *phys_to_virt(paddr_t pa)
{
	return host.memory + pa.v;
}

paddr_t virt_to_phys(const void *va)
{
	return PADDR((const u8 *)va - host.memory);
}

/* A page that is given back to the kernel reads as zeros, and large cells take no memory of the host. */
void arch_clear_page(paddr_t page)
{
	if (madvise(phys_to_virt(page), PAGE_SIZE, MADV_DONTNEED))
		memset(phys_to_virt(page), 0, PAGE_SIZE);
}

u64 arch_ticks(void)
{
	struct timespec now;

	if (!host.real_time)
		return host.ticks;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waiting takes time, so that every bounded wait ends. */
void arch_relax(void)
{
	host.ticks += HOST_TSC_KHZ;
}

void host_advance(u32 ms)
{
	host.ticks += (u64)ms * HOST_TSC_KHZ;
}

/* ---- CPUs ---- */

struct cpu *cpu_get(u32 id)
{
	return id < BH_CPUS_MAX && cpu_there[id] ? &cpus[id] : NULL;
}

void arch_cpu_kick(struct cpu *cpu)
{
	if (!cpu->arch.silent)
		cpu_service(cpu);
}

void arch_cpu_stop(struct cpu *cpu)
{
	cpu->arch.stops++;
}

void arch_cpu_reset(struct cpu *cpu, u64 entry)
{
	cpu->arch.entry = entry;
	cpu->arch.starts++;
}

void arch_cpu_wait(struct cpu *cpu)
{
	cpu->arch.stops++;
}

void arch_cpu_sipi(struct cpu *cpu, u64 page)
{
	arch_cpu_reset(cpu, page << PAGE_SHIFT);
}

void arch_cpu_flush(struct cpu *cpu)
{
	cpu->arch.flushes++;
}

void arch_cpu_nmi(struct cpu *cpu)
{
	cpu->arch.nmis++;
}

void arch_cpu_snapshot(const struct cpu *cpu, struct bh_event *event)
{
	event->ip = cpu->arch.entry;
}

u32 arch_cpu_address(const struct cpu *cpu)
{
	return cpu->arch.apic_id;
}

void arch_notify(u32 apic_id, u32 vector)
{
	(void)apic_id;
	(void)vector;
	host.notified++;
	if (host.notify)
		host.notify(host.notify_data);
}

void arch_msi_send(u64 address, u32 data)
{
	host.message_count++;
	host.message_address = address;
	host.message_data = data;
}

/* ---- cells ---- */

u32 arch_cell_pages(void)
{
	return IOPM_PAGES;
}

bool arch_cell_init(struct cell *cell)
{
	cell->arch.iopm = pool_alloc(IOPM_PAGES);
	if (!cell->arch.iopm)
		return false;
	pio_bitmap_fill(cell);
	if (cell != &root_cell) {
		table_map(&cell->table, GPA(APIC_PAGE), PADDR(APIC_PAGE), PAGE_SIZE, TABLE_READ);
		ioapic_attach(cell);
	}
	return true;
}

void arch_cell_exit(struct cell *cell)
{
	if (cell->arch.iopm)
		pool_free(cell->arch.iopm, IOPM_PAGES);
	cell->arch.iopm = NULL;
}

void arch_comm_fill(struct cell *cell, struct bh_comm *comm)
{
	comm->num_cpus = cell->desc->cpus.count;
	comm->pm_timer_address = machine.pm_timer_port;
	comm->tsc_khz = machine.tsc_khz;
	comm->apic_khz = machine.apic_khz;
}

/* ---- launch ---- */

void host_describe(struct bh_boot_info *info, u32 count, u64 memory, u64 core)
{
	memset(info, 0, sizeof(*info));
	info->version = BH_BOOT_VERSION;
	info->size = sizeof(*info);
	info->cpu_count = info->cpus_launching = count;
	info->response_ms = 100;
	info->tsc_khz = info->apic_khz = HOST_TSC_KHZ;
	info->pm_timer_port = 0x608;
	info->core_memory = (struct bh_range){core, HOST_CORE_SIZE};
	info->ram[0] = (struct bh_range){0, MIN(memory, HOST_LOW_RAM_END)};
	info->ram_count = 1;
	if (memory > HOST_LOW_RAM_END)
		info->ram[info->ram_count++] =
			(struct bh_range){BIT(32), memory - HOST_LOW_RAM_END};
	info->phys_limit = MAX(BIT(32), info->ram[info->ram_count - 1].start +
						info->ram[info->ram_count - 1].size);
	info->mmconfig_base = HOST_MMCONFIG;
	info->root_links = HOST_ROOT_LINKS;
	info->ioapic_count = 1;
	info->ioapic[0] = (struct bh_boot_ioapic){HOST_IOAPIC, 0, HOST_IOAPIC_PINS};
	for (u32 i = 0; i < count; i++)
		info->cpu[i] = (struct bh_boot_cpu){.present = 1, .apic_id = i, .boot = i == 0};
}

static void cpus_prepare(const struct bh_boot_info *info)
{
	cpu_count = info->cpu_count;
	memset(cpus, 0, sizeof(cpus));
	for (u32 id = 0; id < BH_CPUS_MAX; id++) {
		cpu_there[id] = id < cpu_count && info->cpu[id].present;
		cpus[id].id = id;
		cpus[id].boot = info->cpu[id].boot;
		cpus[id].counters = (u32 *)shared->cpu[id].counters;
		cpus[id].arch.apic_id = info->cpu[id].apic_id;
		cpus[id].arch.ldr = id < 8 ? 1u << (24 + id) : 0;
	}
}

static bool memory_open(u64 limit, struct bh_error *error)
{
	host.memory_size = ALIGN_UP(limit, BIT(30));
	host.memory = mmap(NULL, host.memory_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host.memory != MAP_FAILED)
		return true;
	host.memory = NULL;
	return error_set(error, BH_E_CORE_MEMORY, .value = host.memory_size / PAGE_SIZE);
}

static void memory_close(void)
{
	munmap(host.memory, host.memory_size);
	host.memory = NULL;
	shared = NULL;
}

bool host_start(const struct bh_boot_info *info, struct bh_error *error)
{
	struct bh_boot_info boot = *info;
	u64 shared_size = ALIGN_UP(sizeof(struct bh_shared), PAGE_SIZE);

	*error = (struct bh_error){};
	boot.shared_offset = PAGE_SIZE;
	boot.pool_offset = boot.shared_offset + shared_size;
	if (!machine_init(&boot, error) || !memory_open(machine.phys_limit, error))
		return false;
	shared = phys_to_virt(PADDR(boot.core_memory.start + boot.shared_offset));
	shared->events.tail = events_seen;
	table_leaf_level = host.leaf_level;
	pool_init(PADDR(boot.core_memory.start + boot.pool_offset),
		  boot.core_memory.size - boot.pool_offset);
	cpus_prepare(&boot);
	host_devices_reset();
	ioapic_init();
	root_cell = (struct cell){.name = "root"};
	if (!root_init(error)) {
		memory_close();
		return false;
	}
	ioapic_attach(&root_cell);
	return true;
}

/*
 * With all cells gone and all events taken the core's variables are as after its load, except
 * that it goes on counting events and generations.
 */
bool host_stop(struct bh_error *error)
{
	if (cell_count() > 1)
		return error_set(error, BH_E_CELLS_EXIST, .value = cell_count() - 1);
	event_ack(shared->events.tail);
	events_seen = shared->events.tail;
	notify_set(0, 0);
	notify_ack();
	memory_close();
	host.function_count = 0;
	host.notified = 0;
	host.message_count = 0;
	return true;
}

long host_call(u32 number, u64 arg, struct bh_error *error)
{
	struct bh_error *answer = phys_to_virt(PADDR(HOST_ANSWER));
	long result;

	memset(answer, 0, sizeof(*answer));
	result = hypercall(cpu_get(0), number, arg, HOST_ANSWER);
	memcpy(error, answer, sizeof(*error));
	return result;
}
