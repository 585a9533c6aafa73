/* SPDX-License-Identifier: MIT */
#include <guest/link.h>
#include <guest/pci.h>
#include <guest/x86/apic.h>

bool link_handler_set(const struct link *link, uint32_t vector, unsigned int cpu_vector,
		      interrupt_handler handler, void *context)
{
	interrupt_handler_set(cpu_vector, handler, context);
	return pci_msix_enable(link->bdf, vector, apic_read(APIC_ID), cpu_vector);
}
