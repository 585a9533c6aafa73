/* SPDX-License-Identifier: MIT */
/*
 * pci: finds an assigned device and takes an interrupt from it. QEMU's edu device is driven by its
 * documented registers: it computes a factorial and raises an interrupt when told to.
 *
 *   vendor=0x1234 device=0x11e8   which device
 *   window                        reach configuration space by memory instead of ports
 *   irq=msi                       or msix, or intx (with pin=N, the IOAPIC pin), or none
 *   rounds=3                      interrupts to take
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/memory.h>
#include <guest/pci.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/timer.h>
#include <guest/x86/apic.h>
#include <guest/x86/ioapic.h>

#define VECTOR_DEVICE VECTOR_FREE
#define WAIT_US 1000000

#define EDU_ID 0x00 /* 0x…edu: 0x010000ed */
#define EDU_ID_MAGIC 0xed
#define EDU_INVERT 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_BUSY 0x01
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64

static uint64_t registers;
static volatile unsigned int interrupts;
static volatile uint32_t status;

static void device_interrupt(void *context)
{
	(void)context;
	status = mmio_read32(registers + EDU_IRQ_STATUS);
	mmio_write32(registers + EDU_IRQ_ACK, status);
	interrupts++;
}

static void fail(const char *why)
{
	printk("pci: failed: %s\n", why);
	guest_end(BH_CELL_FAILED);
}

static void interrupt_direct(uint16_t bdf)
{
	uint32_t apic_id = cpu_current()->apic_id;
	char way[8] = "msi";

	cmdline_string("irq", way, sizeof(way));
	interrupt_handler_set(VECTOR_DEVICE, device_interrupt, NULL);
	if (!strcmp(way, "msi")) {
		if (!pci_msi_enable(bdf, apic_id, VECTOR_DEVICE))
			fail("the device has no MSI");
	} else if (!strcmp(way, "msix")) {
		if (!pci_msix_enable(bdf, 0, apic_id, VECTOR_DEVICE))
			fail("the device has no MSI-X");
	} else if (!strcmp(way, "intx")) {
		pci_write(bdf, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		ioapic_pin_set(IOAPIC_ADDRESS, (unsigned int)cmdline_number("pin", 16),
			       VECTOR_DEVICE, apic_id, IOAPIC_LEVEL | IOAPIC_LOW);
	}
	printk("pci: interrupts by %s\n", way);
}

static void edu_test(unsigned int rounds)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	if ((mmio_read32(registers + EDU_ID) & 0xff) != EDU_ID_MAGIC)
		fail("this is no edu device");
	mmio_write32(registers + EDU_INVERT, 0x12345678);
	if (mmio_read32(registers + EDU_INVERT) != ~0x12345678u)
		fail("the device does not invert");
	mmio_write32(registers + EDU_FACTORIAL, 10);
	while (mmio_read32(registers + EDU_STATUS) & EDU_BUSY)
		if (timer_now() > end)
			fail("the device does not finish");
	printk("pci: 10! is %u\n", mmio_read32(registers + EDU_FACTORIAL));

	for (unsigned int round = 1; round <= rounds; round++) {
		end = timer_now() + timer_from_us(WAIT_US);
		mmio_write32(registers + EDU_IRQ_RAISE, 0x100 + round);
		interrupts_on();
		while (interrupts < round)
			if (timer_now() > end)
				fail("no interrupt");
		interrupts_off();
		printk("pci: interrupt %u, status 0x%x\n", interrupts, status);
		if (status != 0x100 + round || interrupts != round)
			fail("not the interrupt that was raised");
	}
}

void guest_main(void)
{
	uint16_t vendor = (uint16_t)cmdline_number("vendor", 0x1234);
	uint16_t device = (uint16_t)cmdline_number("device", 0x11e8);
	char way[8] = "msi";
	uint16_t bdf;

	if (cmdline_flag("window", false) && !pci_window_use(true))
		fail("there is no window to configuration space");
	bdf = pci_find(vendor, device);
	if (bdf == PCI_NONE)
		fail("no such device");
	printk("pci: %04x:%04x at %02x:%02x.%x\n", vendor, device, bdf >> 8, bdf >> 3 & 31,
	       bdf & 7);
	pci_write(bdf, PCI_COMMAND, 2,
		  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	registers = pci_bar(bdf, 0);
	printk("pci: BAR 0 at 0x%lx\n", registers);
	if (!registers)
		fail("BAR 0 is not set");
	memory_map(registers, 0x1000, MEMORY_DEVICE);
	interrupt_direct(bdf);
	cmdline_string("irq", way, sizeof(way));
	if (vendor == 0x1234 && device == 0x11e8)
		edu_test(strcmp(way, "none") ? (unsigned int)cmdline_number("rounds", 3) : 0);
	printk("pci: passed\n");
	guest_end(BH_CELL_SHUT_DOWN);
}
