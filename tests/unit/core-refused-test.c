// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests the core must refuse: for each the reason in full (code, place, index, value, owner, limit), and that
 * nothing at all has changed by it.
 */
#include "core-fixture.h"

#define BRIDGE 0x08
#define FREE_FUNCTION 0x10
#define TAKEN_FUNCTION 0x18
#define BAR_IN_RAM 0x20
#define BAR_NOWHERE 0x28
#define TABLE_BEYOND 0x30
#define BAR_PORTS 0x38
#define BAR_WINDOW 0x40
#define BAR_SMALL 0x48
#define BAR_SMALL_TOO 0x49
#define ABSENT 0x50
#define WINDOW_AT (BAR_AT + 4 * MIB) /* of the first cell, in a page of its own */
#define BAR_AT 0xd0000000ull

#define TARGET (CORE_FREE + 2 * MIB) /* of the request that is spoilt */
#define FIRST (CORE_FREE + MIB) /* the memory of the cell that is there */
#define NO_RAM 0xc8000000ull
#define PATTERN 0x5a

/* Of the cell that is there. */
static const struct bh_link first_link = {
	.phys = CORE_FREE + 128 * MIB,
	.virt = 256 * MIB,
	.rw_size = PAGE_SIZE,
	.output_size = PAGE_SIZE,
	.number = 7,
	.protocol = 1,
	.bdf = 0xa0,
	.id = 0,
	.peers = 2,
	.vectors = 2,
};

struct bad {
	const char *name;
	void (*spoil)(struct request *r);
	struct bh_error expected;
};

#define BAD(name_) static void name_(struct request *r)
#define IN_PLACE(member) offsetof(struct request, member)

/* ---- the header ---- */
BAD(magic)
{
	r->desc.magic = 0;
}

BAD(version)
{
	r->desc.version = 2;
}

BAD(architecture)
{
	r->desc.arch = BH_ARCH_ARM64;
}

BAD(size_small)
{
	r->desc.size = sizeof(r->desc) - 1;
}

BAD(size_large)
{
	r->desc.size = BH_CELL_DESC_MAX + 1;
}

BAD(flags)
{
	r->desc.flags |= 0x2;
}

BAD(reserved_first)
{
	r->desc.reserved0 = 7;
}

BAD(reserved_last)
{
	r->desc.reserved1[2] = 9;
}

BAD(name_empty)
{
	r->desc.name[0] = '\0';
}

BAD(name_endless)
{
	memset(r->desc.name, 'x', sizeof(r->desc.name));
}

BAD(id_root)
{
	r->desc.id = 0;
}

BAD(id_large)
{
	r->desc.id = BH_CELLS_MAX;
}

BAD(policy_unknown)
{
	r->desc.policy[BH_KIND_PIO] = 2;
}

BAD(policy_unused)
{
	r->desc.policy[BH_KINDS] = 1;
}

/* ---- its tables ---- */
BAD(cpus_count)
{
	r->desc.cpus.count = BH_CPUS_MAX + 1;
}

BAD(memory_count)
{
	r->desc.memory.count = DESC_MEMORY_MAX + 1;
}

BAD(pio_count)
{
	r->desc.pio.count = DESC_PIO_MAX + 1;
}

BAD(irqs_count)
{
	r->desc.irqs.count = BH_BOOT_IOAPICS_MAX + 1;
}

BAD(pci_count)
{
	r->desc.pci.count = DESC_PCI_MAX + 1;
}

BAD(count_huge)
{
	r->desc.memory.count = ~0u;
}

BAD(table_in_header)
{
	r->desc.cpus.offset = 8;
}

BAD(table_askew)
{
	r->desc.cpus.offset += 4;
}

BAD(table_behind_end)
{
	r->desc.memory.offset = sizeof(*r) - 8;
}

BAD(table_wraps)
{
	r->desc.pci.offset = 0xfffffff8;
	r->desc.pci.count = 1;
}

/* ---- CPUs ---- */
BAD(cpu_none)
{
	r->desc.cpus.count = 0;
}

BAD(cpu_twice)
{
	request_cpu(r, 3);
	request_cpu(r, 2);
}

BAD(cpu_unknown)
{
	request_cpu(r, CORE_CPUS);
}

BAD(cpu_huge)
{
	request_cpu(r, ~0u);
}

BAD(cpu_owned)
{
	request_cpu(r, 1);
}

BAD(cpu_caller)
{
	request_cpu(r, 0);
}

/* ---- memory, its form ---- */
BAD(region_flags)
{
	r->memory[0].flags |= 0x200;
}

BAD(region_reserved)
{
	r->memory[1].reserved = 5;
}

BAD(region_empty)
{
	r->memory[0].size = 0;
}

BAD(region_virt_wraps)
{
	r->memory[0].virt = -MIB + PAGE_SIZE;
}

BAD(region_virt_high)
{
	r->memory[0].virt = CELL_ADDRESS_LIMIT;
}

BAD(region_phys_wraps)
{
	r->memory[0].phys = -PAGE_SIZE;
}

BAD(region_part_page)
{
	r->memory[0].size -= 1;
}

BAD(comm_size)
{
	r->memory[1].size = 2 * BH_COMM_SIZE;
}

BAD(comm_askew)
{
	r->memory[1].virt += 8;
}

BAD(comm_twice)
{
	request_memory(r, 0, COMM_AT + MIB, BH_COMM_SIZE, COMM_FLAGS);
}

BAD(window_over_page)
{
	request_memory(r, NO_RAM + 0xff8, 32 * MIB + 0xff8, 16, BH_MEM_IO | BH_MEM_IO_32);
}

BAD(window_shifted)
{
	request_memory(r, NO_RAM + 0x10, 32 * MIB + 0x20, 16, BH_MEM_IO | BH_MEM_IO_32);
}

BAD(overlap)
{
	request_memory(r, CORE_FREE + 16 * MIB, MIB - PAGE_SIZE, MIB, RAM_FLAGS);
	r->memory[1].virt = 8 * MIB;
}

BAD(overlap_comm)
{
	r->memory[1].virt = MIB - PAGE_SIZE;
}

BAD(overlap_phys)
{
	request_memory(r, TARGET + 8 * PAGE_SIZE, 16 * MIB, PAGE_SIZE, RAM_FLAGS);
}

BAD(reset_nowhere)
{
	r->desc.reset_address = MIB;
}

BAD(reset_not_executable)
{
	r->memory[0].flags &= ~BH_MEM_EXECUTE;
}

/* ---- memory and the machine ---- */
BAD(region_beyond)
{
	r->memory[0].phys = ALIGN_UP(host.memory_size, GIB);
}

BAD(region_core)
{
	r->memory[0].phys = CORE_AT + 4 * MIB;
}

BAD(region_apic)
{
	request_memory(r, APIC_PAGE, 16 * MIB, PAGE_SIZE, BH_MEM_READ | BH_MEM_IO);
}

BAD(region_ioapic)
{
	request_memory(r, HOST_IOAPIC, 16 * MIB, PAGE_SIZE, BH_MEM_READ | BH_MEM_IO);
}

BAD(region_mmconfig)
{
	request_memory(r, HOST_MMCONFIG + 0x8000, 16 * MIB, PAGE_SIZE, BH_MEM_READ | BH_MEM_IO);
}

BAD(window_mmconfig)
{
	request_memory(r, HOST_MMCONFIG + 0x8010, 16 * MIB + 0x10, 4,
		       BH_MEM_READ | BH_MEM_IO | BH_MEM_IO_32);
}

BAD(region_is_ram)
{
	r->memory[0].flags |= BH_MEM_IO;
}

BAD(window_is_ram)
{
	request_memory(r, TARGET + 8 * MIB + 8, 16 * MIB + 8, 8, BH_MEM_READ | BH_MEM_IO);
}

BAD(region_not_ram)
{
	r->memory[0].phys = NO_RAM;
}

BAD(region_half_ram)
{
	r->memory[0].phys = HOST_LOW_RAM_END - PAGE_SIZE;
}

BAD(region_owned)
{
	r->memory[0].phys = FIRST;
}

BAD(region_owned_at_end)
{
	r->memory[0].phys = FIRST - MIB + PAGE_SIZE;
}

BAD(region_shared_owned)
{
	r->memory[0].phys = FIRST + PAGE_SIZE;
	r->memory[0].size = PAGE_SIZE;
	r->memory[0].flags |= BH_MEM_ROOTSHARED;
}

BAD(region_is_shared)
{
	r->memory[0].phys = CORE_FREE + 64 * MIB;
}

BAD(region_at_apic)
{
	r->memory[0].virt = APIC_PAGE - MIB / 2;
	r->desc.reset_address = r->memory[0].virt;
}

BAD(comm_at_apic)
{
	r->memory[1].virt = APIC_PAGE;
}

BAD(window_owned)
{
	request_memory(r, WINDOW_AT + 0x10c, 16 * MIB + 0x10c, 8, BH_MEM_READ | BH_MEM_IO);
}

BAD(region_around_window)
{
	request_memory(r, WINDOW_AT, 16 * MIB, PAGE_SIZE, BH_MEM_READ | BH_MEM_IO);
}

BAD(windows_many)
{
	for (u32 i = 0; i < CELL_WINDOWS_MAX + 1; i++)
		request_memory(r, NO_RAM + 16 * i, 32 * MIB + 16 * i, 8,
			       BH_MEM_READ | BH_MEM_IO | BH_MEM_IO_32);
}

/* ---- identity ---- */
BAD(id_taken)
{
	r->desc.id = 1;
}

BAD(name_taken)
{
	strcpy(r->desc.name, "first");
}

BAD(name_root)
{
	strcpy(r->desc.name, "root");
}

/* ---- ports ---- */
BAD(pio_reserved)
{
	request_pio(r, 0x80, 1);
	r->pio[0].reserved = 1;
}

BAD(pio_empty)
{
	request_pio(r, 0x80, 0);
}

BAD(pio_beyond)
{
	request_pio(r, 0x80, 1);
	request_pio(r, 0xfff8, 9);
}

BAD(pio_config)
{
	request_pio(r, 0xcf0, 16);
}

BAD(pio_owned)
{
	request_pio(r, 0x2f8, 8);
	request_pio(r, 0x3f0, 0x10);
}

BAD(pio_bar_owned)
{
	request_pio(r, 0xd010, 1);
}

/* ---- interrupts ---- */
BAD(irqs_reserved)
{
	request_pin(r, 5);
	r->irqs[0].reserved = 3;
}

BAD(irqs_first_odd)
{
	request_pin(r, 5);
	r->irqs[0].first = 40;
}

BAD(irqs_first_beyond)
{
	request_pin(r, 5);
	r->irqs[0].first = 128;
}

BAD(irqs_unknown)
{
	request_pin(r, 5);
	r->irqs[0].address = HOST_IOAPIC + PAGE_SIZE;
}

BAD(pin_beyond)
{
	request_pin(r, HOST_IOAPIC_PINS);
}

BAD(pin_owned)
{
	request_pin(r, 5);
	request_pin(r, 4);
}

/* ---- PCI ---- */
BAD(pci_flags)
{
	request_pci(r, FREE_FUNCTION);
	r->pci[0].flags = 1;
}

BAD(pci_segment)
{
	request_pci(r, FREE_FUNCTION);
	r->pci[0].segment = 1;
}

BAD(pci_twice)
{
	request_pci(r, FREE_FUNCTION);
	request_pci(r, FREE_FUNCTION);
}

BAD(pci_many)
{
	for (u16 i = 0; i <= PCI_FUNCTIONS_MAX; i++)
		request_pci(r, 0x100 + i);
}

BAD(pci_owned)
{
	request_pci(r, FREE_FUNCTION);
	request_pci(r, TAKEN_FUNCTION);
}

BAD(pci_absent)
{
	request_pci(r, ABSENT);
}

BAD(pci_bridge)
{
	request_pci(r, BRIDGE);
}

BAD(pci_bar_in_ram)
{
	request_pci(r, BAR_IN_RAM);
}

BAD(pci_bar_nowhere)
{
	request_pci(r, BAR_NOWHERE);
}

BAD(pci_table_beyond)
{
	request_pci(r, TABLE_BEYOND);
}

BAD(pci_bar_ports)
{
	request_pci(r, BAR_PORTS);
}

BAD(pci_bar_window)
{
	request_pci(r, BAR_WINDOW);
}

BAD(pci_bar_page)
{
	request_pci(r, BAR_SMALL);
}

BAD(pci_bar_in_region)
{
	request_pci(r, FREE_FUNCTION);
	r->memory[1].virt = BAR_AT;
}

BAD(pci_bar_owned)
{
	request_pci(r, FREE_FUNCTION);
	request_memory(r, BAR_AT, 64 * MIB, PAGE_SIZE, BH_MEM_READ | BH_MEM_IO);
}

/* ---- links ---- */
#define LINK_VIRT (512 * MIB)
#define LINK_PHYS (CORE_FREE + 192 * MIB)
#define LINK_DEVICE 0x88

static struct bh_link *spoil_link(struct request *r)
{
	request_link(r, (struct bh_link){.phys = LINK_PHYS,
					 .virt = LINK_VIRT,
					 .output_size = PAGE_SIZE,
					 .number = 1,
					 .bdf = LINK_DEVICE,
					 .peers = 2,
					 .vectors = 2});
	return &r->links[r->desc.links.count - 1];
}

BAD(links_count)
{
	r->desc.links.count = DESC_LINKS_MAX + 1;
}

BAD(links_behind_end)
{
	spoil_link(r);
	r->desc.links.offset = r->desc.size;
}

BAD(link_reserved)
{
	spoil_link(r)->reserved[4] = 3;
}

BAD(link_number)
{
	spoil_link(r)->number = BH_LINKS_MAX;
}

BAD(link_alone)
{
	spoil_link(r)->peers = 1;
}

BAD(link_crowd)
{
	spoil_link(r)->peers = BH_LINK_PEERS_MAX + 1;
}

BAD(link_nobody)
{
	spoil_link(r)->id = 2;
}

BAD(link_mute)
{
	spoil_link(r)->vectors = 0;
}

BAD(link_vectors)
{
	spoil_link(r)->vectors = BH_LINK_VECTORS_MAX + 1;
}

BAD(link_root_vectors)
{
	spoil_link(r)->root_id = 1;
	r->links[0].root_vectors = BH_LINK_VECTORS_MAX + 1;
}

BAD(link_root_nobody)
{
	spoil_link(r)->root_id = 2;
	r->links[0].root_vectors = 1;
}

BAD(link_root_same)
{
	spoil_link(r)->root_vectors = 2;
}

BAD(link_root_mute)
{
	spoil_link(r)->root_id = 1;
}

BAD(link_root_differs)
{
	*spoil_link(r) = first_link;
	r->links[0].peers = 2;
	r->links[0].id = 0;
	r->links[0].root_id = 1;
	r->links[0].root_vectors = 2;
}

BAD(link_phys_askew)
{
	spoil_link(r)->phys += 8;
}

BAD(link_output_askew)
{
	spoil_link(r)->output_size = 24;
}

BAD(link_virt_high)
{
	spoil_link(r)->virt = CELL_ADDRESS_LIMIT - 2 * PAGE_SIZE;
}

BAD(link_output_huge)
{
	spoil_link(r)->output_size = BIT(63);
}

BAD(link_over_region)
{
	spoil_link(r)->virt = MIB - PAGE_SIZE;
}

BAD(link_in_region)
{
	spoil_link(r)->phys = TARGET;
}

BAD(link_over_link)
{
	spoil_link(r);
	spoil_link(r)->number = 2;
	r->links[1].bdf++;
	r->links[1].virt += 2 * PAGE_SIZE;
}

BAD(link_twice)
{
	spoil_link(r);
	spoil_link(r);
}

BAD(link_device_twice)
{
	spoil_link(r);
	spoil_link(r)->number = 2;
}

BAD(link_device_function)
{
	spoil_link(r)->bdf = FREE_FUNCTION;
	request_pci(r, FREE_FUNCTION);
}

BAD(link_at_apic)
{
	spoil_link(r)->virt = APIC_PAGE - PAGE_SIZE;
}

BAD(link_of_cell)
{
	spoil_link(r)->phys = FIRST;
}

BAD(link_of_core)
{
	spoil_link(r)->phys = CORE_AT;
}

BAD(link_no_ram)
{
	spoil_link(r)->phys = NO_RAM;
}

BAD(link_peer)
{
	*spoil_link(r) = first_link;
}

BAD(link_differs)
{
	*spoil_link(r) = first_link;
	r->links[0].id = 1;
	r->links[0].rw_size += PAGE_SIZE;
}

BAD(link_elsewhere)
{
	*spoil_link(r) = first_link;
	r->links[0].id = 1;
	r->links[0].phys += MIB;
}

BAD(link_memory_taken)
{
	spoil_link(r)->phys = first_link.phys;
}

BAD(region_of_link)
{
	request_memory(r, first_link.phys, 64 * MIB, PAGE_SIZE, RAM_FLAGS);
}

#define HEADER(name, code_, value_, ...)                                       \
	{                                                                      \
#name, name,                                                   \
		{                                                              \
			.code = BH_E_##code_, .value = (value_), ##__VA_ARGS__ \
		}                                                              \
	}
#define ENTRY(name, where_, index_, code_, value_, ...)                                   \
	{                                                                                 \
#name, name,                                                              \
		{                                                                         \
			.code = BH_E_##code_, .where = BH_IN_##where_, .index = (index_), \
			.value = (value_), ##__VA_ARGS__                                  \
		}                                                                         \
	}

static const struct bad bads[] = {
	HEADER(magic, DESC_MAGIC, 0),
	HEADER(version, DESC_VERSION, 2, .limit = 1),
	HEADER(architecture, DESC_ARCH, BH_ARCH_ARM64, .limit = BH_ARCH_X86),
	HEADER(size_small, DESC_SIZE, sizeof(struct bh_cell_desc) - 1,
	       .limit = sizeof(struct bh_cell_desc)),
	HEADER(size_large, DESC_SIZE, BH_CELL_DESC_MAX + 1, .limit = sizeof(struct bh_cell_desc)),
	HEADER(flags, DESC_FLAGS, 0x2),
	HEADER(reserved_first, DESC_RESERVED, 7),
	HEADER(reserved_last, DESC_RESERVED, 9),
	HEADER(name_empty, DESC_NAME, 0),
	HEADER(name_endless, DESC_NAME, 0),
	HEADER(id_root, ID_RANGE, 0, .limit = BH_CELLS_MAX - 1),
	HEADER(id_large, ID_RANGE, BH_CELLS_MAX, .limit = BH_CELLS_MAX - 1),
	ENTRY(policy_unknown, HEADER, BH_KIND_PIO, POLICY, 2),
	ENTRY(policy_unused, HEADER, BH_KINDS, POLICY, 1),

	ENTRY(cpus_count, CPUS, 0, DESC_COUNT, BH_CPUS_MAX + 1, .limit = BH_CPUS_MAX),
	ENTRY(memory_count, MEMORY, 0, DESC_COUNT, DESC_MEMORY_MAX + 1, .limit = DESC_MEMORY_MAX),
	ENTRY(pio_count, PIO, 0, DESC_COUNT, DESC_PIO_MAX + 1, .limit = DESC_PIO_MAX),
	ENTRY(irqs_count, IRQS, 0, DESC_COUNT, BH_BOOT_IOAPICS_MAX + 1,
	      .limit = BH_BOOT_IOAPICS_MAX),
	ENTRY(pci_count, PCI, 0, DESC_COUNT, DESC_PCI_MAX + 1, .limit = DESC_PCI_MAX),
	ENTRY(count_huge, MEMORY, 0, DESC_COUNT, 0xffffffff, .limit = DESC_MEMORY_MAX),
	ENTRY(table_in_header, CPUS, 0, DESC_TABLE, 8),
	ENTRY(table_askew, CPUS, 0, DESC_TABLE, IN_PLACE(cpus) + 4),
	ENTRY(table_behind_end, MEMORY, 0, DESC_TABLE, sizeof(struct request) - 8),
	ENTRY(table_wraps, PCI, 0, DESC_TABLE, 0xfffffff8),

	ENTRY(cpu_none, CPUS, 0, CPU_NONE, 0),
	ENTRY(cpu_twice, CPUS, 2, CPU_TWICE, 2),
	ENTRY(cpu_unknown, CPUS, 1, CPU_UNKNOWN, CORE_CPUS, .limit = CORE_CPUS - 1),
	ENTRY(cpu_huge, CPUS, 1, CPU_UNKNOWN, 0xffffffff, .limit = CORE_CPUS - 1),
	ENTRY(cpu_owned, CPUS, 1, CPU_OWNED, 1, .owner = 1),
	ENTRY(cpu_caller, CPUS, 1, CPU_CALLER, 0, .owner = BH_OWNER_ROOT),

	ENTRY(region_flags, MEMORY, 0, DESC_FLAGS, 0x200),
	ENTRY(region_reserved, MEMORY, 1, DESC_RESERVED, 5),
	ENTRY(region_empty, MEMORY, 0, MEM_EMPTY, 0),
	ENTRY(region_virt_wraps, MEMORY, 0, MEM_WRAP, -MIB + PAGE_SIZE,
	      .limit = CELL_ADDRESS_LIMIT),
	ENTRY(region_virt_high, MEMORY, 0, MEM_WRAP, CELL_ADDRESS_LIMIT,
	      .limit = CELL_ADDRESS_LIMIT),
	ENTRY(region_phys_wraps, MEMORY, 0, MEM_WRAP, -PAGE_SIZE, .limit = CELL_ADDRESS_LIMIT),
	ENTRY(region_part_page, MEMORY, 0, MEM_SUBPAGE, TARGET),
	ENTRY(comm_size, MEMORY, 1, COMM_SIZE, 2 * BH_COMM_SIZE, .limit = BH_COMM_SIZE),
	ENTRY(comm_askew, MEMORY, 1, MEM_ALIGN, COMM_AT + 8, .limit = PAGE_SIZE),
	ENTRY(comm_twice, MEMORY, 2, COMM_TWICE, 0),
	ENTRY(window_over_page, MEMORY, 2, MEM_ALIGN, NO_RAM + 0xff8, .limit = PAGE_SIZE),
	ENTRY(window_shifted, MEMORY, 2, MEM_ALIGN, NO_RAM + 0x10, .limit = PAGE_SIZE),
	ENTRY(overlap, MEMORY, 2, MEM_OVERLAP, MIB - PAGE_SIZE, .limit = 0),
	ENTRY(overlap_comm, MEMORY, 1, MEM_OVERLAP, MIB - PAGE_SIZE, .limit = 0),
	ENTRY(overlap_phys, MEMORY, 2, MEM_PHYS_OVERLAP, TARGET + 8 * PAGE_SIZE, .limit = 0),
	HEADER(reset_nowhere, RESET_ADDRESS, MIB),
	HEADER(reset_not_executable, RESET_ADDRESS, 0),

	ENTRY(region_beyond, MEMORY, 0, MEM_WRAP, 6 * GIB, .limit = 6 * GIB),
	ENTRY(region_core, MEMORY, 0, MEM_PLATFORM, CORE_AT + 4 * MIB, .owner = BH_OWNER_CORE),
	ENTRY(region_apic, MEMORY, 2, MEM_PLATFORM, APIC_PAGE, .owner = BH_OWNER_CORE),
	ENTRY(region_ioapic, MEMORY, 2, MEM_PLATFORM, HOST_IOAPIC, .owner = BH_OWNER_CORE),
	ENTRY(region_mmconfig, MEMORY, 2, MEM_PLATFORM, HOST_MMCONFIG + 0x8000,
	      .owner = BH_OWNER_CORE),
	ENTRY(window_mmconfig, MEMORY, 2, MEM_PLATFORM, HOST_MMCONFIG + 0x8010,
	      .owner = BH_OWNER_CORE),
	ENTRY(region_is_ram, MEMORY, 0, MEM_IS_RAM, TARGET),
	ENTRY(window_is_ram, MEMORY, 2, MEM_IS_RAM, TARGET + 8 * MIB + 8),
	ENTRY(region_not_ram, MEMORY, 0, MEM_NOT_RAM, NO_RAM),
	ENTRY(region_half_ram, MEMORY, 0, MEM_NOT_RAM, HOST_LOW_RAM_END - PAGE_SIZE),
	ENTRY(region_owned, MEMORY, 0, MEM_OWNED, FIRST, .owner = 1),
	ENTRY(region_owned_at_end, MEMORY, 0, MEM_OWNED, FIRST, .owner = 1),
	ENTRY(region_shared_owned, MEMORY, 0, MEM_OWNED, FIRST + PAGE_SIZE, .owner = 1),
	ENTRY(region_is_shared, MEMORY, 0, MEM_OWNED, CORE_FREE + 64 * MIB, .owner = BH_OWNER_ROOT),
	ENTRY(region_at_apic, MEMORY, 0, MEM_PLATFORM, APIC_PAGE - MIB / 2, .owner = BH_OWNER_CORE),
	ENTRY(comm_at_apic, MEMORY, 1, MEM_PLATFORM, APIC_PAGE, .owner = BH_OWNER_CORE),
	ENTRY(window_owned, MEMORY, 2, MEM_OWNED, WINDOW_AT + 0x10c, .owner = 1),
	ENTRY(region_around_window, MEMORY, 2, MEM_OWNED, WINDOW_AT, .owner = 1),
	ENTRY(windows_many, MEMORY, 0, DESC_COUNT, CELL_WINDOWS_MAX + 1, .limit = CELL_WINDOWS_MAX),

	HEADER(id_taken, ID_EXISTS, 1, .owner = 1),
	HEADER(name_taken, NAME_EXISTS, 0, .owner = 1),
	HEADER(name_root, NAME_EXISTS, 0, .owner = BH_OWNER_ROOT),

	ENTRY(pio_reserved, PIO, 0, DESC_RESERVED, 1),
	ENTRY(pio_empty, PIO, 0, PIO_RANGE, 0x80),
	ENTRY(pio_beyond, PIO, 1, PIO_RANGE, 0xfff8),
	ENTRY(pio_config, PIO, 0, PIO_PLATFORM, 0xcf8, .owner = BH_OWNER_CORE),
	ENTRY(pio_owned, PIO, 1, PIO_OWNED, 0x3f8, .owner = 1),

	ENTRY(pio_bar_owned, PIO, 0, PIO_OWNED, 0xd010, .owner = 1),

	ENTRY(irqs_reserved, IRQS, 0, DESC_RESERVED, 3),
	ENTRY(irqs_first_odd, IRQS, 0, DESC_RESERVED, 40),
	ENTRY(irqs_first_beyond, IRQS, 0, IRQ_RANGE, 128, .limit = HOST_IOAPIC_PINS),
	ENTRY(irqs_unknown, IRQS, 0, IRQCHIP_UNKNOWN, HOST_IOAPIC + PAGE_SIZE),
	ENTRY(pin_beyond, IRQS, 0, IRQ_RANGE, HOST_IOAPIC_PINS, .limit = HOST_IOAPIC_PINS),
	ENTRY(pin_owned, IRQS, 0, IRQ_OWNED, 4, .owner = 1),

	ENTRY(pci_flags, PCI, 0, DESC_FLAGS, 1),
	ENTRY(pci_segment, PCI, 0, PCI_DOMAIN, 1),
	ENTRY(pci_twice, PCI, FREE_FUNCTION, PCI_TWICE, FREE_FUNCTION),
	ENTRY(pci_many, PCI, 0, DESC_COUNT, PCI_FUNCTIONS_MAX + 1, .limit = PCI_FUNCTIONS_MAX),
	ENTRY(pci_owned, PCI, TAKEN_FUNCTION, PCI_OWNED, TAKEN_FUNCTION, .owner = 1),
	ENTRY(pci_absent, PCI, ABSENT, PCI_ABSENT, ABSENT),
	ENTRY(pci_bridge, PCI, BRIDGE, PCI_BRIDGE, BRIDGE),
	ENTRY(pci_bar_in_ram, PCI, 2, PCI_BAR, TARGET + 32 * MIB, .limit = BAR_IN_RAM),
	ENTRY(pci_bar_nowhere, PCI, 0, PCI_BAR, 0, .limit = BAR_NOWHERE),
	ENTRY(pci_table_beyond, PCI, 1, PCI_BAR, 0x1f80, .limit = TABLE_BEYOND),
	ENTRY(pci_bar_ports, PCI, 3, PCI_BAR, 0x3e0, .limit = BAR_PORTS),
	ENTRY(pci_bar_window, PCI, 0, PCI_BAR, WINDOW_AT, .limit = BAR_WINDOW),
	ENTRY(pci_bar_page, PCI, 1, PCI_BAR, BAR_AT + 8 * MIB + 0x400, .limit = BAR_SMALL),
	ENTRY(pci_bar_in_region, PCI, 0, PCI_BAR, BAR_AT, .limit = FREE_FUNCTION),
	ENTRY(pci_bar_owned, PCI, 0, PCI_BAR, BAR_AT, .limit = FREE_FUNCTION),

	ENTRY(links_count, LINKS, 0, DESC_COUNT, DESC_LINKS_MAX + 1, .limit = DESC_LINKS_MAX),
	ENTRY(links_behind_end, LINKS, 0, DESC_TABLE, sizeof(struct request)),
	ENTRY(link_reserved, LINKS, 0, DESC_RESERVED, 3),
	ENTRY(link_number, LINKS, 0, LINK_NUMBER, BH_LINKS_MAX, .limit = BH_LINKS_MAX - 1),
	ENTRY(link_alone, LINKS, 0, LINK_PEERS, 0, .limit = 1),
	ENTRY(link_crowd, LINKS, 0, LINK_PEERS, 0, .limit = BH_LINK_PEERS_MAX + 1),
	ENTRY(link_nobody, LINKS, 0, LINK_PEERS, 2, .limit = 2),
	ENTRY(link_mute, LINKS, 0, LINK_VECTORS, 0, .limit = BH_LINK_VECTORS_MAX),
	ENTRY(link_vectors, LINKS, 0, LINK_VECTORS, BH_LINK_VECTORS_MAX + 1,
	      .limit = BH_LINK_VECTORS_MAX),
	ENTRY(link_root_vectors, LINKS, 0, LINK_ROOT, 1, .limit = BH_LINK_VECTORS_MAX + 1),
	ENTRY(link_root_nobody, LINKS, 0, LINK_ROOT, 2, .limit = 1),
	ENTRY(link_root_same, LINKS, 0, LINK_ROOT, 0, .limit = 2),
	ENTRY(link_root_mute, LINKS, 0, LINK_ROOT, 1),
	ENTRY(link_root_differs, LINKS, 0, LINK_DIFFERS, 2),
	ENTRY(link_phys_askew, LINKS, 0, LINK_ALIGN, LINK_PHYS + 8, .limit = PAGE_SIZE),
	ENTRY(link_output_askew, LINKS, 0, LINK_ALIGN, 24, .limit = PAGE_SIZE),
	ENTRY(link_virt_high, LINKS, 0, LINK_WRAP, CELL_ADDRESS_LIMIT - 2 * PAGE_SIZE,
	      .limit = CELL_ADDRESS_LIMIT),
	ENTRY(link_output_huge, LINKS, 0, LINK_WRAP, BIT(63), .limit = CELL_ADDRESS_LIMIT),
	ENTRY(link_over_region, LINKS, 0, LINK_OVERLAP, 0),
	ENTRY(link_in_region, LINKS, 0, LINK_OVERLAP, TARGET),
	ENTRY(link_over_link, LINKS, 1, LINK_OVERLAP, LINK_VIRT),
	ENTRY(link_twice, LINKS, 1, LINK_TWICE, 1),
	ENTRY(link_device_twice, LINKS, LINK_DEVICE, LINK_BDF, LINK_DEVICE),
	ENTRY(link_device_function, LINKS, FREE_FUNCTION, LINK_BDF, FREE_FUNCTION),
	ENTRY(link_at_apic, LINKS, 0, LINK_OVERLAP, APIC_PAGE - PAGE_SIZE),
	ENTRY(link_of_cell, LINKS, 0, LINK_MEMORY, FIRST, .owner = 1),
	ENTRY(link_of_core, LINKS, 0, LINK_MEMORY, CORE_AT, .owner = BH_OWNER_CORE),
	ENTRY(link_no_ram, LINKS, 0, LINK_MEMORY, NO_RAM, .owner = BH_OWNER_NOBODY),
	ENTRY(link_peer, LINKS, 0, LINK_PEER, 0, .owner = 1),
	ENTRY(link_differs, LINKS, 0, LINK_DIFFERS, 2 * PAGE_SIZE, .limit = PAGE_SIZE),
	ENTRY(link_elsewhere, LINKS, 0, LINK_DIFFERS, CORE_FREE + 129 * MIB,
	      .limit = CORE_FREE + 128 * MIB),
	ENTRY(link_memory_taken, LINKS, 0, LINK_MEMORY, CORE_FREE + 128 * MIB,
	      .owner = BH_OWNER_LINK + 7),
	ENTRY(region_of_link, MEMORY, 2, MEM_OWNED, CORE_FREE + 128 * MIB,
	      .owner = BH_OWNER_LINK + 7),
};

static long errno_of(u32 code)
{
	static const long numbers[] = {
#define NUMBER(name, number, text) number,
		BH_ERRORS(NUMBER)
#undef NUMBER
	};

	return -numbers[code];
}

static void first_make(void)
{
	struct request r;

	request_plain(&r, 1, "first");
	request_memory(&r, CORE_FREE + 64 * MIB, 64 * MIB, MIB, RAM_FLAGS | BH_MEM_ROOTSHARED);
	request_memory(&r, WINDOW_AT + 0x100, GIB + 0x100, 0x10, BH_MEM_READ | BH_MEM_IO);
	request_pio(&r, 0x3f8, 8);
	request_pin(&r, 4);
	request_pci(&r, TAKEN_FUNCTION);
	request_link(&r, first_link);
	core_must_create(&r);
}

static void machine_make(void)
{
	struct host_function *f;

	f = host_function_add(BRIDGE, 0x1234, 1);
	f->config[0x0e] = 1;
	f = host_function_add(FREE_FUNCTION, 0x1234, 2);
	host_function_bar(f, 0, BAR_AT, PAGE_SIZE, 0);
	f = host_function_add(TAKEN_FUNCTION, 0x1234, 3);
	host_function_bar(f, 0, BAR_AT + MIB, 4 * PAGE_SIZE, 0);
	host_function_bar(f, 1, 0xd000, 0x20, 1);
	f = host_function_add(BAR_PORTS, 0x1234, 7);
	host_function_bar(f, 3, 0x3e0, 0x20, 1);
	f = host_function_add(BAR_SMALL, 0x1234, 9);
	host_function_bar(f, 1, BAR_AT + 8 * MIB + 0x400, 0x100, 0);
	f = host_function_add(BAR_SMALL_TOO, 0x1234, 10);
	host_function_bar(f, 2, BAR_AT + 8 * MIB + 0x800, 0x200, 4);
	f = host_function_add(BAR_WINDOW, 0x1234, 8);
	host_function_bar(f, 0, WINDOW_AT, PAGE_SIZE, 0);
	f = host_function_add(BAR_IN_RAM, 0x1234, 4);
	host_function_bar(f, 2, TARGET + 32 * MIB, PAGE_SIZE, 0);
	f = host_function_add(BAR_NOWHERE, 0x1234, 5);
	host_function_bar(f, 0, 0, PAGE_SIZE, 0);
	f = host_function_add(TABLE_BEYOND, 0x1234, 6);
	host_function_bar(f, 1, BAR_AT + 2 * MIB, 2 * PAGE_SIZE, 0);
	host_function_msix(f, 0x40, 0, 1, 0x1f80, 9);
	core_start(2);
	first_make();
	memset(phys_to_virt(PADDR(TARGET)), PATTERN, MIB);
}

static void pattern_check(void)
{
	const u8 *byte = phys_to_virt(PADDR(TARGET));

	for (u32 i = 0; i < MIB; i++)
		g_assert_cmpuint(byte[i], ==, PATTERN);
}

static void error_compare(const struct bh_error *is, const struct bh_error *should)
{
	core_expect(is, should->code, should->where, should->index, should->value, should->owner);
	g_assert_cmphex(is->limit, ==, should->limit);
}

static void test_bad(gconstpointer data)
{
	const struct bad *bad = data;
	g_autofree char *before = NULL;
	struct bh_error error;
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	bad->spoil(&r);
	before = core_picture();
	/* Asked beforehand, the core says the same, but for what is to be found only by touching a device, and who asks. */
	if (bad->expected.code == BH_E_PCI_BAR) {
		g_assert_cmpint(core_check(&r, &error), ==, 0);
	} else if (bad->expected.code != BH_E_CPU_CALLER) {
		g_assert_cmpint(core_check(&r, &error), ==, errno_of(bad->expected.code));
		error_compare(&error, &bad->expected);
	}
	core_picture_compare(before);
	g_assert_cmpint(core_create(&r, &error), ==, errno_of(bad->expected.code));
	error_compare(&error, &bad->expected);
	core_picture_compare(before);
	pattern_check();
	/* Nothing is in the way of a good one. */
	request_plain(&r, 2, "second");
	g_assert_cmpint(core_check(&r, &error), ==, 0);
	core_must_create(&r);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* Descriptors that are not, or not wholly, in the root's memory. */
static void test_addresses(void)
{
	static const u64 addresses[] = {
		FIRST,	     FIRST - 0x80, CORE_AT,
		HOST_IOAPIC, NO_RAM,	   6 * GIB,
		-8ull,	     BIT(63),	   HOST_LOW_RAM_END - 0x80,
	};
	g_autofree char *before = NULL;
	struct bh_error error;
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	/* The header in the root's memory, tables in a cell's. */
	memcpy(phys_to_virt(PADDR(FIRST - sizeof(r.desc))), &r, sizeof(r.desc));
	before = core_picture();
	for (u32 i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_assert_cmpint(host_call(BH_HC_CELL_CREATE, addresses[i], &error), ==,
				errno_of(BH_E_ADDRESS));
		core_expect(&error, BH_E_ADDRESS, BH_IN_HEADER, 0, addresses[i], 0);
	}
	g_assert_cmpint(host_call(BH_HC_CELL_CREATE, FIRST - sizeof(r.desc), &error), ==,
			errno_of(BH_E_ADDRESS));
	core_picture_compare(before);
	/* The answer is not written to what is not the root's either. */
	memset(phys_to_virt(PADDR(FIRST)), PATTERN, PAGE_SIZE);
	hypercall(cpu_get(0), BH_HC_CELL_START, 9, FIRST);
	for (u32 i = 0; i < PAGE_SIZE; i++)
		g_assert_cmpuint(((u8 *)phys_to_virt(PADDR(FIRST)))[i], ==, PATTERN);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

static void test_calls(void)
{
	static const u32 calls[] = {BH_HC_CELL_START, BH_HC_CELL_SET_LOADABLE, BH_HC_CELL_DESTROY,
				    BH_HC_CELL_STOP};
	static const u32 ids[] = {2, BH_CELLS_MAX - 1, BH_CELLS_MAX, 0x7fffffff, 0xffffffff};
	g_autofree char *before = NULL;
	struct bh_error error;

	machine_make();
	before = core_picture();
	for (u32 i = 0; i < G_N_ELEMENTS(calls); i++) {
		for (u32 j = 0; j < G_N_ELEMENTS(ids); j++) {
			g_assert_cmpint(core_call(calls[i], ids[j], &error), ==, -BH_ERRNO_NOENT);
			core_expect(&error, BH_E_NO_SUCH_CELL, 0, 0, ids[j], 0);
		}
		g_assert_cmpint(core_call(calls[i], 0, &error), ==, -BH_ERRNO_INVAL);
		core_expect(&error, BH_E_ROOT_CELL, 0, 0, 0, 0);
	}
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_POLICY_SET, 2, 0), ==, -BH_ERRNO_NOENT);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_POLICY_SET, 1, BH_KINDS << 8), ==,
			-BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_POLICY_SET, 1, 2), ==, -BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CELL_STATE, 2, 0), ==, -BH_ERRNO_NOENT);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_HYPERVISOR_INFO, 5, 0), ==, -BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CPU_INFO, CORE_CPUS, 0), ==, -BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CPU_INFO, BIT(32), 0), ==, -BH_ERRNO_INVAL);
	g_assert_cmpint(
		hypercall(cpu_get(0), BH_HC_CPU_INFO, 0, BH_CPU_INFO_COUNTER + BH_COUNTERS_X86), ==,
		-BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CPU_INFO, 0, 1), ==, -BH_ERRNO_INVAL);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_SELFTEST, 0, 0), ==, -BH_ERRNO_PERM);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CELL_CHECK + 1, 0, 0), ==, -BH_ERRNO_NOSYS);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_PUTC, 'x', 0), ==, -BH_ERRNO_PERM);
	core_picture_compare(before);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* The boot CPU, asked for by another one. */
static void test_boot_cpu(void)
{
	g_autofree char *before = NULL;
	struct bh_error error = {};
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	request_cpu(&r, 0);
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
	before = core_picture();
	g_assert_cmpint(cell_create(cpu_get(3), GPA(HOST_REQUEST), &error), ==, -BH_ERRNO_BUSY);
	core_expect(&error, BH_E_CPU_ROOT_BOOT, BH_IN_CPUS, 1, 0, BH_OWNER_ROOT);
	core_picture_compare(before);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* While a cell is locked no other comes or goes; it may itself. */
static void test_locked(void)
{
	g_autofree char *before = NULL;
	u64 value = BH_CELL_RUNNING_LOCKED;
	struct bh_error error;
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 2);
	g_assert_true(host_guest_access(
		core_cpu(2), GPA(COMM_AT + offsetof(struct bh_comm, cell_state)), 4, true, &value));
	before = core_picture();
	request_plain(&r, 3, "third");
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_PERM);
	core_expect(&error, BH_E_CELL_LOCKED, 0, 0, 0, 2);
	g_assert_cmpint(core_call(BH_HC_CELL_DESTROY, 1, &error), ==, -BH_ERRNO_PERM);
	core_expect(&error, BH_E_CELL_LOCKED, 0, 0, 0, 2);
	core_picture_compare(before);
	core_must(BH_HC_CELL_STOP, 2);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* A CPU that does not leave its guest: the others go on where Linux can start them again. */
static void test_silent_cpu(void)
{
	g_autofree char *before = NULL;
	struct bh_error error;
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	request_cpu(&r, 3);
	cpu_get(2)->mode = cpu_get(3)->mode = CPU_WAITING; /* as after Linux has put them offline */
	cpu_get(3)->arch.silent = true;
	before = core_picture();
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_IO);
	core_expect(&error, BH_E_CPU_TIMEOUT, BH_IN_CPUS, 3, 0, 0);
	g_assert_cmphex(error.limit, ==, machine.response_ms);
	core_picture_compare(before);
	pattern_check();
	cpu_get(3)->arch.silent = false;
	core_must_create(&r);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

static struct bh_error busy_error;

/* Called from within a call of CPU 0, by the interrupt that tells of the new cell. */
static void call_within(void *data)
{
	(void)data;
	if (!busy_error.code)
		g_assert_cmpint(cell_start(cpu_get(3), 1, &busy_error), ==, -BH_ERRNO_BUSY);
}

/* Management calls are the root's, and one at a time. */
static void test_busy(void)
{
	struct bh_error error = {};
	struct request r;

	machine_make();
	hypercall(cpu_get(0), BH_HC_NOTIFY_ACK, 0, 0);
	hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0x20);
	host.notify = call_within;
	request_plain(&r, 2, "second");
	core_must_create(&r);
	host.notify = NULL;
	core_expect(&busy_error, BH_E_BUSY, 0, 0, 0, 0);
	g_assert_cmpuint(cell_get(1)->last_state, ==, BH_CELL_SHUT_DOWN);

	g_assert_cmpint(cell_start(core_cpu(2), 1, &error), ==, -BH_ERRNO_PERM);
	core_expect(&error, BH_E_NOT_ROOT, 0, 0, 0, 0);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* Functions that share a page of registers may go to a cell together. */
static void test_bars_together(void)
{
	struct request r;

	machine_make();
	request_plain(&r, 2, "second");
	request_pci(&r, BAR_SMALL);
	request_pci(&r, BAR_SMALL_TOO);
	core_must_create(&r);
	g_assert_cmpuint(core_owner(BAR_AT + 8 * MIB), ==, 2);
	core_must(BH_HC_CELL_DESTROY, 2);
	g_assert_cmpuint(core_owner(BAR_AT + 8 * MIB), ==, BH_OWNER_ROOT);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (u32 i = 0; i < G_N_ELEMENTS(bads); i++) {
		g_autofree char *path = g_strdup_printf("/refused/create/%s", bads[i].name);

		g_test_add_data_func(path, &bads[i], test_bad);
	}
	g_test_add_func("/refused/addresses", test_addresses);
	g_test_add_func("/refused/calls", test_calls);
	g_test_add_func("/refused/boot-cpu", test_boot_cpu);
	g_test_add_func("/refused/locked", test_locked);
	g_test_add_func("/refused/silent-cpu", test_silent_cpu);
	g_test_add_func("/refused/busy", test_busy);
	g_test_add_func("/refused/bars-together", test_bars_together);
	return g_test_run();
}
