/* SPDX-License-Identifier: MIT */
/* IOAPIC pins; a cell sees only its own as anything but 0. */
#ifndef GUEST_X86_IOAPIC_H
#define GUEST_X86_IOAPIC_H

#include <stdint.h>

#define IOAPIC_ADDRESS 0xfec00000 /* of the first one on every PC */
#define IOAPIC_LEVEL 0x8000
#define IOAPIC_LOW 0x2000 /* active low */
#define IOAPIC_MASKED 0x10000

uint64_t ioapic_pin_read(uint64_t ioapic, unsigned int pin);
void ioapic_pin_set(uint64_t ioapic, unsigned int pin, unsigned int vector, uint32_t apic_id,
		    uint32_t flags);

#endif
