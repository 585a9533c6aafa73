/* SPDX-License-Identifier: MIT */
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/x86/ioapic.h>

#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_PIN0 0x10

static uint32_t read(uint64_t ioapic, unsigned int reg)
{
	mmio_write32(ioapic + IOAPIC_INDEX, reg);
	return mmio_read32(ioapic + IOAPIC_DATA);
}

static void write(uint64_t ioapic, unsigned int reg, uint32_t value)
{
	mmio_write32(ioapic + IOAPIC_INDEX, reg);
	mmio_write32(ioapic + IOAPIC_DATA, value);
}

uint64_t ioapic_pin_read(uint64_t ioapic, unsigned int pin)
{
	memory_map(ioapic, 0x20, MEMORY_DEVICE);
	return read(ioapic, IOAPIC_PIN0 + 2 * pin) |
	       (uint64_t)read(ioapic, IOAPIC_PIN0 + 2 * pin + 1) << 32;
}

/* Masked while the halves do not fit together. */
void ioapic_pin_set(uint64_t ioapic, unsigned int pin, unsigned int vector, uint32_t apic_id,
		    uint32_t flags)
{
	memory_map(ioapic, 0x20, MEMORY_DEVICE);
	write(ioapic, IOAPIC_PIN0 + 2 * pin, IOAPIC_MASKED);
	write(ioapic, IOAPIC_PIN0 + 2 * pin + 1, apic_id << 24);
	write(ioapic, IOAPIC_PIN0 + 2 * pin, flags | vector);
}
