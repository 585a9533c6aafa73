/* SPDX-License-Identifier: MIT */
/*
 * What a PC's firmware leaves where Linux looks for it. SMBIOS: DSP0134 3.0.0, 5.2.2 (entry point), 7.1, 7.2
 * and 7.45. With a year in its tables Linux trusts the machine's PCI ports without a host bridge among the functions.
 *
 * MP table: MultiProcessor Specification 1.4, chapter 4. The CPUs are in the MADT. Since 6.9 Linux starts more than one only if
 * it has found an IOAPIC there, or an MP table; a cell has no IOAPIC.
 */
#include <bulkhead/pc.h>
#include <guest/string.h>
#include "linux-loader.h"

/*
 * On machines whose ACPI is hardware-reduced, Linux restarts by EFI or else by the entry of the BIOS, in real
 * mode at 0xffff:0, whatever the ACPI tables say of a reset register. So there is such an entry.
 */
#define BIOS_ENTRY 0xffff0
static const uint8_t bios_entry[] = {
	0xba,
	BH_PC_RESET & 0xff,
	BH_PC_RESET >> 8, /* mov $BH_PC_RESET, %dx */
	0xb0,
	BH_PC_RESET_VALUE, /* mov $BH_PC_RESET_VALUE, %al */
	0xee, /* out %al, %dx */
	0xf4, /* 1: hlt */
	0xeb,
	0xfd, /* jmp 1b */
};

#define SMBIOS_ENTRY 0xf0000
#define SMBIOS_TABLES 0xf0020

struct smbios_entry {
	char anchor[5];
	uint8_t checksum;
	uint8_t length, major, minor, revision, entry_revision, reserved;
	uint32_t size;
	uint64_t address;
} __attribute__((packed));

#define TEXTS_FIRMWARE "Bulkhead\0000.1.0\00001/01/2026\0"
#define TEXTS_SYSTEM "Bulkhead\0Cell\0"

static const struct {
	struct {
		uint8_t type, length;
		uint16_t handle;
		uint8_t vendor, version;
		uint16_t segment;
		uint8_t date, rom_size;
		uint64_t characteristics;
		uint8_t extension[2];
		uint8_t release[4];
		char texts[sizeof(TEXTS_FIRMWARE)];
	} __attribute__((packed)) firmware;
	struct {
		uint8_t type, length;
		uint16_t handle;
		uint8_t maker, product, version, serial;
		uint8_t uuid[16]; /* all zero: not set */
		uint8_t wake_up, sku, family;
		char texts[sizeof(TEXTS_SYSTEM)];
	} __attribute__((packed)) system;
	struct {
		uint8_t type, length;
		uint16_t handle;
		char texts[2];
	} __attribute__((packed)) end;
} __attribute__((packed)) smbios = {
	.firmware =
		{
			.type = 0,
			.length = 24,
			.handle = 0,
			.vendor = 1,
			.version = 2,
			.date = 3,
			.characteristics = 1 << 3, /* that there are none is said */
			.extension = {0, 1 << 4}, /* a virtual machine */
			.release = {0xff, 0xff, 0xff, 0xff},
			.texts = TEXTS_FIRMWARE,
		},
	.system =
		{
			.type = 1,
			.length = 27,
			.handle = 1,
			.maker = 1,
			.product = 2,
			.wake_up = 6, /* the power switch */
			.texts = TEXTS_SYSTEM,
		},
	.end = {.type = 127, .length = 4, .handle = 2},
};

#define MP_POINTER 0xf0100
#define MP_TABLE 0xf0110
_Static_assert(SMBIOS_TABLES + sizeof(smbios) <= MP_POINTER, "no room");

struct mp_pointer {
	char anchor[4];
	uint32_t table;
	uint8_t length; /* in units of 16 bytes */
	uint8_t revision;
	uint8_t checksum;
	uint8_t features[5];
};

static const struct mp_table {
	char anchor[4];
	uint16_t length;
	uint8_t revision;
	uint8_t checksum;
	char maker[8], product[12];
	uint32_t maker_table;
	uint16_t maker_size;
	uint16_t entries;
	uint32_t apic;
	uint16_t extended_length;
	uint8_t extended_checksum;
	uint8_t reserved;
	struct {
		uint8_t type, id;
		char name[6];
	} bus;
	struct {
		uint8_t type, kind;
		uint16_t flags;
		uint8_t bus, line;
		uint8_t apic, pin;
	} interrupt;
} mp_table = {
	.anchor = {'P', 'C', 'M', 'P'},
	.length = sizeof(mp_table),
	.revision = 4,
	.maker = {'B', 'U', 'L', 'K', 'H', 'E', 'A', 'D'},
	.product = "Cell        ",
	.entries = 2,
	.apic = 0xfee00000,
	.bus = {.type = 1, .name = {'I', 'S', 'A', ' ', ' ', ' '}},
	/* A table without an interrupt makes Linux invent sixteen. This one leads to every IOAPIC, of which there is none. */
	.interrupt = {.type = 3, .kind = 3 /* ExtINT */, .apic = 0xff},
};

/* What makes the sum of all bytes 0. */
static uint8_t checksum(const void *data, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum -= ((const uint8_t *)data)[i];
	return sum;
}

void firmware_put(void)
{
	struct smbios_entry *entry = (struct smbios_entry *)SMBIOS_ENTRY;
	struct mp_pointer *pointer = (struct mp_pointer *)MP_POINTER;
	struct mp_table *table = (struct mp_table *)MP_TABLE;

	memcpy((void *)BIOS_ENTRY, bios_entry, sizeof(bios_entry));
	memcpy((void *)SMBIOS_TABLES, &smbios, sizeof(smbios));
	*entry = (struct smbios_entry){
		.anchor = {'_', 'S', 'M', '3', '_'},
		.length = sizeof(*entry),
		.major = 3,
		.entry_revision = 1,
		.size = sizeof(smbios),
		.address = SMBIOS_TABLES,
	};
	entry->checksum = checksum(entry, sizeof(*entry));
	*pointer = (struct mp_pointer){
		.anchor = {'_', 'M', 'P', '_'},
		.table = MP_TABLE,
		.length = sizeof(*pointer) / 16,
		.revision = 4,
	};
	pointer->checksum = checksum(pointer, sizeof(*pointer));
	*table = mp_table;
	table->checksum = checksum(table, sizeof(*table));
}
