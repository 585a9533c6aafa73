/* SPDX-License-Identifier: MIT */
/*
 * The PCI host bridge of a Linux cell: bus 0 with the functions the cell was given, and windows for their BARs
 * where the cell has nothing else. The kernel places the BARs of links there; those of real functions are where
 * they are in the machine, which is in a window too.
 */
#include <bulkhead/cell.h>
#include <bulkhead/hypercall.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/pci.h>
#include <guest/string.h>
#include "linux-loader.h"

#define MIB 0x100000ull
#define LOW_END 0xfec00000ull /* the IOAPIC's page, and then the APIC's and flash */
#define HIGH_START 0x100000000ull
#define HIGH_END 0x8000000000ull /* every processor in question has so many address lines */

#define LINK_ID 0x4106110a
#define LINK_CAP 0x09
#define LINKS_MAX 8

struct range {
	uint64_t start, end;
};

static struct range taken[E820_ENTRIES_MAX + LINKS_MAX + 1];
static unsigned int taken_count;

static void take(uint64_t start, uint64_t size)
{
	if (size && taken_count < sizeof(taken) / sizeof(*taken))
		taken[taken_count++] = (struct range){start, start + size};
}

static void memory_take(const uint8_t *zero_page)
{
	uint64_t range[2];

	for (unsigned int i = 0; i < zero_page[ZP_E820_COUNT] && i < E820_ENTRIES_MAX; i++) {
		memcpy(range, zero_page + ZP_E820 + i * E820_SIZE, sizeof(range));
		take(range[0], range[1]);
	}
}

/* A link's memory, as if it had all the peers a link can have: how many there are is not told before it has BARs. */
static void links_take(void)
{
	for (uint16_t bdf = 0; bdf < 0x100; bdf++) {
		unsigned int cap;
		uint64_t word[4];

		if (pci_read(bdf, 0, 4) != LINK_ID)
			continue;
		cap = pci_find_cap(bdf, LINK_CAP);
		for (unsigned int i = 0; i < 4; i++)
			word[i] = pci_read(bdf, cap + i * 8, 4) |
				  (uint64_t)pci_read(bdf, cap + i * 8 + 4, 4) << 32;
		take(word[3], (word[0] >> 32) + word[1] + BH_LINK_PEERS_MAX * word[2]);
	}
}

/* The highest range below @limit with nothing in it. */
static struct range gap_below(uint64_t limit)
{
	struct range gap = {MIB, limit};

	for (unsigned int i = 0; i < taken_count; i++)
		if (taken[i].start < gap.end && taken[i].end >= gap.end) {
			gap.end = taken[i].start;
			i = -1u; /* from the beginning */
		}
	for (unsigned int i = 0; i < taken_count; i++)
		if (taken[i].end < gap.end && taken[i].end > gap.start)
			gap.start = taken[i].end;
	return gap;
}

static void window_set(struct bh_acpi_window *window, uint64_t start, uint64_t end)
{
	window->first = start;
	window->last = end - 1;
	window->size = end - start;
}

static void windows_set(struct bh_acpi_window *window)
{
	struct range gap = {0, LOW_END};
	unsigned int count = 0;

	while (count < BH_LINUX_WINDOWS - 1 && gap.end > MIB) {
		uint64_t start, end;

		gap = gap_below(gap.end);
		start = (gap.start + MIB - 1) & ~(MIB - 1);
		end = gap.end & ~(MIB - 1);
		if (start < end)
			window_set(&window[count++], start, end);
		gap.end = gap.start;
	}
	gap = gap_below(HIGH_END);
	gap.start = (gap.start + MIB - 1) & ~(MIB - 1);
	if (gap.start < HIGH_START)
		gap.start = HIGH_START;
	if (gap.start < gap.end)
		window_set(&window[BH_LINUX_WINDOWS - 1], gap.start, gap.end);
}

static void memory_reserve(uint8_t *zero_page, uint64_t start, uint64_t size)
{
	uint8_t *entry = zero_page + ZP_E820 + zero_page[ZP_E820_COUNT] * E820_SIZE;
	const uint64_t range[] = {start, size};
	const uint32_t type = E820_RESERVED;

	if (zero_page[ZP_E820_COUNT] >= E820_ENTRIES_MAX)
		return;
	memcpy(entry, range, sizeof(range));
	memcpy(entry + sizeof(range), &type, sizeof(type));
	zero_page[ZP_E820_COUNT]++;
}

void pci_describe(struct bh_linux_params *params)
{
	uint64_t base = comm_region->pci_mmconfig_base;
	uint32_t buses = cpuid(BH_CPUID_EXT_VERSION, 0).edx;

	if (base && buses) {
		memory_reserve(params->zero_page, base, (uint64_t)buses * MIB);
		window_set(&params->pci.mmconfig, base, base + (uint64_t)buses * MIB);
		params->mcfg.base = base;
		params->mcfg.last_bus = (uint8_t)(buses - 1);
		acpi_checksum(&params->mcfg.header);
		params->xsdt.header.length = sizeof(params->xsdt);
		acpi_checksum(&params->xsdt.header);
	}
	taken_count = 0;
	memory_take(params->zero_page);
	links_take();
	windows_set(params->pci.window);
	acpi_checksum(&params->pci.header);
}
