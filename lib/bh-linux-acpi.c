// SPDX-License-Identifier: GPL-2.0-or-later
/* The ACPI tables of a Linux cell: a hardware-reduced machine. */

#include <string.h>
#include <bulkhead/pc.h>
#include "bh-linux-private.h"

#define RSDP_SIZE 36
#define FADT_SIZE 276

static void checksum(uint8_t *table, size_t at, size_t size)
{
	uint8_t sum = 0;

	table[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum += table[i];
	table[at] = -sum;
}

static void header_put(struct bh_acpi_header *header, const char *signature, uint8_t revision,
		       uint32_t length)
{
	*header = (struct bh_acpi_header){
		.length = length,
		.revision = revision,
		.oem_id = {'B', 'U', 'L', 'K', 'H', 'D'},
		.oem_table_id = {'B', 'U', 'L', 'K', 'H', 'E', 'A', 'D'},
		.oem_revision = 1,
		.creator_id = {'B', 'H', 'L', 'D'},
		.creator_revision = 1,
	};
	memcpy(header->signature, signature, sizeof(header->signature));
	checksum((uint8_t *)header, offsetof(struct bh_acpi_header, checksum), length);
}

/* ACPI 6.4, 5.2.3.2: a register of one byte at an I/O port. */
static void port_put(uint8_t *at, uint16_t port)
{
	at[0] = 1;
	at[1] = 8;
	at[3] = 1;
	bh_linux_put(at, 4, 8, port);
}

/*
 * ACPI 6.4, 5.2.9. Flags: WBINVD works, C1, no power and no sleep button, a reset register, headless, APICs
 * in physical mode (the core knows no other for what comes from outside a CPU), hardware-reduced.
 */
static void fadt_put(uint8_t *fadt, uint64_t dsdt)
{
	memset(fadt, 0, FADT_SIZE);
	bh_linux_put(fadt, 40, 4, dsdt);
	bh_linux_put(fadt, 109, 2,
		     0x24); /* no VGA, no CMOS clock; no 8042 and no other legacy device either */
	bh_linux_put(fadt, 112, 4,
		     1u << 0 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 10 | 1u << 12 | 1u << 19 |
			     1u << 20);
	port_put(fadt + 116, BH_PC_RESET);
	fadt[128] = BH_PC_RESET_VALUE;
	fadt[131] = 4;
	bh_linux_put(fadt, 140, 8, dsdt);
	port_put(fadt + 244, BH_PC_SLEEP_CONTROL);
	port_put(fadt + 256, BH_PC_SLEEP_STATUS);
	header_put((struct bh_acpi_header *)fadt, "FACP", 6, FADT_SIZE);
}

/*
 * Name (\_S5, Package (4) {5, 0, 0, 0})
 * Scope (\_SB) {
 *	Device (COM1) {
 *		Name (_HID, EisaId ("PNP0501"))
 *		Name (_UID, One)
 *		Name (_CRS, ResourceTemplate () {IO (Decode16, 0x03f8, 0x03f8, 1, 8)})
 *	}
 * }
 * No interrupt: then Linux polls the UART.
 */
static const char dsdt_code[] = "\x08_S5_\x12\x07\x04\x0a\x05\0\0\0"
				"\x10\x30\\_SB_\x5b\x82\x28"
				"COM1"
				"\x08_HID\x0c\x41\xd0\x05\x01"
				"\x08_UID\x01"
				"\x08_CRS\x11\x0d\x0a\x0a\x47\x01\xf8\x03\xf8\x03\x01\x08\x79";
_Static_assert(BH_PC_SLEEP_TYPE_OFF == 5 && BH_PC_UART == 0x3f8 && BH_PC_UART_PORTS == 8,
	       "the code names them");

/*
 * Scope (\_SB) {
 *	Device (PCI0) {
 *		Name (_HID, EisaId ("PNP0A03"))
 *		Name (_UID, Zero)
 *		Name (_CRS, ResourceTemplate () {
 *			WordBusNumber (…, 0, 0, 0, 0, 1)
 *			WordIO (…, 0, 0x1000, 0xbaff, 0, 0xab00)
 *			WordIO (…, 0, 0xbc00, 0xffff, 0, 0x4400)
 *			QWordMemory (ResourceProducer, …) // window[0] and so on
 */
static const char pci_bridge[] = "\x10\x47\x19\\_SB_\x5b\x82\x4a\x10PCI0"
				 "\x08_HID\x0c\x41\xd0\x0a\x03"
				 "\x08_UID\0"
				 "\x08_CRS\x11\x4e\x0e\x0a\xea"
				 "\x88\x0d\0\x02\x0c\0\0\0\0\0\0\0\0\0\x01\0"
				 "\x88\x0d\0\x01\x0c\x03\0\0\0\x10\xff\xba\0\0\0\xab"
				 "\x88\x0d\0\x01\x0c\x03\0\0\0\xbc\xff\xff\0\0\0\x44";
/*
 *		})
 *	}
 *	Device (CFGS) {
 *		Name (_HID, EisaId ("PNP0C02"))
 *		Name (_UID, Zero)
 *		Name (_CRS, ResourceTemplate () {
 *			QWordMemory (ResourceConsumer, …) // mmconfig
 */
static const char pci_motherboard[] = "\x79\0\x5b\x82\x4f\x04"
				      "CFGS"
				      "\x08_HID\x0c\x41\xd0\x0c\x02"
				      "\x08_UID\0"
				      "\x08_CRS\x11\x33\x0a\x30";
/*
 *		})
 *	}
 *	Device (VGEN) {
 *		Name (_HID, "BHLD0001")
 *		Name (_CID, "VMGENCTR")
 *		Name (ADDR, Package (2) {generation_address, Zero})
 *	}
 * }
 */
static const char pci_generation[] = "\x79\0\x5b\x82\x31VGEN"
				     "\x08_HID\x0d"
				     "BHLD0001\0"
				     "\x08_CID\x0dVMGENCTR\0"
				     "\x08"
				     "ADDR\x12\x08\x02\x0c";
_Static_assert(BH_PC_SLEEP_CONTROL >= 0xbb00 && BH_PC_RESET < 0xbc00,
	       "no function's ports are where those are");

static void window_put(struct bh_acpi_window *window, uint8_t flags)
{
	*window = (struct bh_acpi_window){
		.tag = 0x8a,
		.length = sizeof(*window) - 3,
		.flags = flags,
		.type_flags = 1,
	};
}

static void pci_put(struct bh_acpi_pci *pci)
{
	_Static_assert(sizeof(pci_bridge) == sizeof(pci->bridge) + 1 &&
			       sizeof(pci_motherboard) == sizeof(pci->motherboard) + 1 &&
			       sizeof(pci_generation) == sizeof(pci->generation) + 1 &&
			       BH_LINUX_WINDOWS == 4,
		       "the code has their sizes");
	memcpy(pci->bridge, pci_bridge, sizeof(pci->bridge));
	for (size_t i = 0; i < BH_LINUX_WINDOWS; i++)
		window_put(&pci->window[i], 0xc);
	memcpy(pci->motherboard, pci_motherboard, sizeof(pci->motherboard));
	window_put(&pci->mmconfig, 0xd);
	memcpy(pci->generation, pci_generation, sizeof(pci->generation));
	pci->generation_address = BH_LINUX_PARAMS + offsetof(struct bh_linux_params, generation_id);
	header_put(&pci->header, "SSDT", 2, sizeof(*pci));
}

/* RSDP, FADT and DSDT in tables, the others where they have their names. */
void bh_linux_tables(struct bh_linux_params *params)
{
	enum { RSDP = 0, FADT = 64, DSDT = 384 };
	uint64_t base = TABLE_AT(tables);
	uint8_t *rsdp = params->tables + RSDP, *dsdt = params->tables + DSDT;
	const uint64_t list[] = {base + FADT, TABLE_AT(madt), TABLE_AT(pci), TABLE_AT(mcfg)};

	memcpy(dsdt + sizeof(struct bh_acpi_header), dsdt_code, sizeof(dsdt_code));
	header_put((struct bh_acpi_header *)dsdt, "DSDT", 2,
		   sizeof(struct bh_acpi_header) + sizeof(dsdt_code));
	fadt_put(params->tables + FADT, base + DSDT);
	params->fadt = FADT;

	pci_put(&params->pci);
	header_put(&params->mcfg.header, "MCFG", 1, sizeof(params->mcfg));
	_Static_assert(sizeof(list) == sizeof(params->xsdt.table), "all are listed");
	memcpy(params->xsdt.table, list, sizeof(list));
	header_put(&params->xsdt.header, "XSDT", 1, sizeof(params->xsdt) - sizeof(*list));

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "BULKHD", 6);
	rsdp[15] = 2;
	bh_linux_put(rsdp, 20, 4, RSDP_SIZE);
	bh_linux_put(rsdp, 24, 8, TABLE_AT(xsdt));
	checksum(rsdp, 8, 20); /* the first version's part */
	checksum(rsdp, 32, RSDP_SIZE);

	params->madt.apic_address = 0xfee00000;
	header_put(&params->madt.header, "APIC", 5, offsetof(struct bh_acpi_madt, cpu));
	bh_linux_put(params->zero_page, ZP_ACPI_RSDP, 8, base + RSDP);
}
