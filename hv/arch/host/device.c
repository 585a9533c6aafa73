/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of the hosted machine: IOAPICs and configuration space; all else is memory. */
#include <hv/arch/host/host.h>
#include <hv/core/arch.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>

#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_VERSION 0x01
#define IOAPIC_ENTRY 0x10
#define ENTRY_MASKED BIT(16)

#define PORT_PCI_ADDRESS 0xcf8
#define PORT_PCI_DATA 0xcfc

static struct {
	u32 index;
	u32 pins;
	u64 entry[HOST_IOAPIC_PINS_MAX];
} ioapics[BH_BOOT_IOAPICS_MAX];
static u32 pci_address;

void host_devices_reset(void)
{
	pci_address = 0;
	for (u32 i = 0; i < BH_BOOT_IOAPICS_MAX; i++) {
		ioapics[i].index = 0;
		ioapics[i].pins = MIN(machine.ioapic[i].pins, (u32)HOST_IOAPIC_PINS_MAX);
		for (u32 pin = 0; pin < HOST_IOAPIC_PINS_MAX; pin++)
			ioapics[i].entry[pin] = ENTRY_MASKED;
	}
}

u64 host_ioapic_entry(u32 pin)
{
	return ioapics[0].entry[pin];
}

void host_ioapic_set_entry(u32 pin, u64 entry)
{
	ioapics[0].entry[pin] = entry;
}

static u32 ioapic_access(u32 number, u32 offset, bool write, u32 value)
{
	u32 *index = &ioapics[number].index, pin = (*index - IOAPIC_ENTRY) / 2;
	u32 shift = *index & 1 ? 32 : 0;
	u64 *entry;

	if (offset == IOAPIC_INDEX) {
		if (write)
			*index = value & 0xff;
		return *index;
	}
	if (offset != IOAPIC_DATA)
		return 0;
	if (*index == IOAPIC_VERSION)
		return (ioapics[number].pins - 1) << 16 | 0x20;
	if (*index < IOAPIC_ENTRY || pin >= ioapics[number].pins)
		return 0;
	entry = &ioapics[number].entry[pin];
	if (write)
		*entry = (*entry & ~(0xffffffffull << shift)) | (u64)value << shift;
	return *entry >> shift;
}

struct host_function *host_function_find(u16 bdf)
{
	for (u32 i = 0; i < host.function_count; i++)
		if (host.functions[i].bdf == bdf)
			return &host.functions[i];
	return NULL;
}

static u64 config_access(u64 offset, u8 width, bool write, u64 value)
{
	struct host_function *f = host_function_find(offset >> PAGE_SHIFT);
	u32 reg = offset & (PAGE_SIZE - 1);
	u64 result = 0;

	for (u32 i = 0; i < width; i++) {
		u8 *byte = f ? &f->config[reg + i] : NULL, mask = f ? f->writable[reg + i] : 0;

		if (f && write)
			*byte = (*byte & ~mask) | (value >> 8 * i & mask);
		result |= (u64)(f ? *byte : 0xff) << 8 * i;
	}
	return result;
}

/* The core's accesses to devices: see mmio.c. */
u64 mmio_read(paddr_t address, u8 width)
{
	u64 value = 0;

	for (u32 i = 0; i < machine.ioapic_count; i++)
		if (address.v - machine.ioapic[i].address < PAGE_SIZE)
			return ioapic_access(i, address.v - machine.ioapic[i].address, false, 0);
	if (machine.mmconfig_base &&
	    address.v - machine.mmconfig_base < (u64)(machine.mmconfig_end_bus + 1) << 20)
		return config_access(address.v - machine.mmconfig_base, width, false, 0);
	memcpy(&value, phys_to_virt(address), width);
	return value;
}

void mmio_write(paddr_t address, u8 width, u64 value)
{
	for (u32 i = 0; i < machine.ioapic_count; i++) {
		if (address.v - machine.ioapic[i].address < PAGE_SIZE) {
			ioapic_access(i, address.v - machine.ioapic[i].address, true, value);
			return;
		}
	}
	if (machine.mmconfig_base &&
	    address.v - machine.mmconfig_base < (u64)(machine.mmconfig_end_bus + 1) << 20)
		config_access(address.v - machine.mmconfig_base, width, true, value);
	else
		memcpy(phys_to_virt(address), &value, width);
}

/* Behind ports there is configuration space and nothing else. */
static bool port_is_config(u16 port)
{
	return port / 4 == PORT_PCI_DATA / 4 && pci_address >> 31;
}

u32 host_port_read(u16 port, u8 width)
{
	if (port == PORT_PCI_ADDRESS && width == 4)
		return pci_address;
	if (!port_is_config(port))
		return BIT(8 * width) - 1;
	return config_access((u64)(pci_address >> 8 & 0xffff) << PAGE_SHIFT | (pci_address & 0xfc) |
				     (port & 3),
			     width, false, 0);
}

void host_port_write(u16 port, u8 width, u32 value)
{
	if (port == PORT_PCI_ADDRESS && width == 4)
		pci_address = value;
	else if (port_is_config(port))
		config_access((u64)(pci_address >> 8 & 0xffff) << PAGE_SHIFT |
				      (pci_address & 0xfc) | (port & 3),
			      width, true, value);
}

/* ---- making functions ---- */

static void config_put(struct host_function *f, u32 reg, u8 width, u32 value, u32 writable)
{
	memcpy(&f->config[reg], &value, width);
	memcpy(&f->writable[reg], &writable, width);
}

struct host_function *host_function_add(u16 bdf, u16 vendor, u16 device)
{
	struct host_function *f;

	if (host.function_count == HOST_FUNCTIONS_MAX)
		return NULL;
	f = &host.functions[host.function_count++];
	memset(f, 0, sizeof(*f));
	f->bdf = bdf;
	config_put(f, 0x00, 2, vendor, 0);
	config_put(f, 0x02, 2, device, 0);
	config_put(f, 0x04, 2, 0x3, 0x7ff); /* command: decoding, as firmware leaves it */
	config_put(f, 0x3c, 1, 0, 0xff); /* interrupt line */
	return f;
}

void host_function_bar(struct host_function *f, u32 bar, u64 base, u64 size, u32 flags)
{
	u32 reg = 0x10 + 4 * bar;
	u64 mask = ~(size - 1);

	config_put(f, reg, 4, base | flags, mask & ~(flags & 1 ? 3ull : 15ull));
	if (!(flags & 1) && flags & 4)
		config_put(f, reg + 4, 4, base >> 32, mask >> 32);
}

void host_function_capability(struct host_function *f, u8 at, u8 next, u8 id, u8 size)
{
	config_put(f, 0x06, 2, 0x10, 0); /* status: there is a list */
	if (!f->config[0x34])
		config_put(f, 0x34, 1, at, 0);
	f->config[at] = id;
	f->config[at + 1] = next;
	memset(&f->writable[at + 2], 0xff, size - 2);
}

void host_function_msi(struct host_function *f, u8 at, u8 next, bool is_64bit)
{
	host_function_capability(f, at, next, 0x05, is_64bit ? 16 : 12);
	config_put(f, at + 2, 2, is_64bit ? 0x80 : 0, 0x71);
	config_put(f, at + 4, 4, 0, 0xfffffffc);
}

void host_function_msix(struct host_function *f, u8 at, u8 next, u32 bar, u32 offset, u32 vectors)
{
	host_function_capability(f, at, next, 0x11, 12);
	config_put(f, at + 2, 2, vectors - 1, 0xc000);
	config_put(f, at + 4, 4, offset | bar, 0);
	config_put(f, at + 8, 4, (offset + 0x800) | bar, 0);
}
