/* SPDX-License-Identifier: MIT */
/* A link's device has one interrupt pin, so that the handlers of all vectors are called for each of them. */
#include <stddef.h>
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/link.h>
#include <guest/pci.h>

#define PINS 4
#define HANDLERS_MAX 16 /* at one pin */

static struct handler {
	interrupt_handler handler;
	void *context;
	uint32_t vector;
	uint16_t bdf;
} handlers[PINS][HANDLERS_MAX];

static void pin_interrupt(void *context)
{
	const struct handler *of_pin = context;

	for (unsigned int i = 0; i < HANDLERS_MAX && of_pin[i].handler; i++)
		of_pin[i].handler(of_pin[i].context);
}

bool link_handler_set(const struct link *link, uint32_t vector, unsigned int cpu_vector,
		      interrupt_handler handler, void *context)
{
	uint32_t pin = pci_read(link->bdf, PCI_INTERRUPT_PIN, 1) - 1;
	unsigned int id = 32 + comm_region->vpci_irq_base + pin, i = 0;

	(void)cpu_vector;
	if (pin >= PINS)
		return false;
	while (i < HANDLERS_MAX && handlers[pin][i].handler &&
	       (handlers[pin][i].bdf != link->bdf || handlers[pin][i].vector != vector))
		i++;
	if (i == HANDLERS_MAX)
		return false;
	handlers[pin][i] = (struct handler){handler, context, vector, link->bdf};
	interrupt_handler_set(id, pin_interrupt, handlers[pin]);
	gic_enable(id);
	return true;
}
