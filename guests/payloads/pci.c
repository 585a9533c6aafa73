/* SPDX-License-Identifier: MIT */
/*
 * pci: finds an assigned device and takes interrupts from it. It can drive two devices of QEMU by
 * their documented registers: edu (1234:11e8; MSI, INTx), and Intel's 82574 network controller
 * e1000e (8086:10d3; MSI, MSI-X, INTx), of which it uses the interrupt registers only.
 *
 *   vendor=0x1234 device=0x11e8   which device
 *   window                        reach configuration space by memory instead of ports (arm64: always)
 *   irq=msi                       or msix, or intx (with pin=N, the IOAPIC pin, or SPI); arm64: intx alone
 *   rounds=3                      interrupts to take
 *   apic-id=N                     which CPU the device is to interrupt (default: this one; not on arm64)
 *   dma                           edu: copies memory to itself by DMA
 *   dma-from=N                    guest-physical address to devices: what is added to it (0)
 *   dma-reach=N                   edu: then reads this address by DMA, which is not the cell's
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
#ifdef __x86_64__
#include <guest/x86/apic.h>
#include <guest/x86/ioapic.h>
#define VECTOR_DEVICE VECTOR_FREE
#else
#include <guest/arm64/gic.h>
#define SPI_FIRST 32
#endif

#define WAIT_US 10000000 /* a loaded machine may run another CPU late */

/* edu: docs/specs/edu.txt of QEMU */
#define EDU_ID 0x00
#define EDU_ID_MAGIC 0xed
#define EDU_INVERT 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_BUSY 0x01
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_FROM 0x80
#define EDU_DMA_TO 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_RUN 0x1
#define EDU_DMA_OUT 0x2 /* from the device's buffer to memory */
#define EDU_BUFFER 0x40000
#define DMA_SIZE 256

/* 82574: datasheet, sections 10.2.2.1 and 10.2.4 */
#define E1000_CTRL 0x00
#define E1000_CTRL_RST 0x04000000
#define E1000_ICR 0xc0
#define E1000_ICS 0xc8
#define E1000_IMS 0xd0
#define E1000_IVAR 0xe4
#define E1000_IVAR_OTHER_0 0x80000 /* "other" causes to MSI-X vector 0, valid */
#define E1000_CAUSE_OTHER 0x1000000

static uint64_t registers;
static volatile unsigned int interrupts;
static volatile uint32_t status;

static void fail(const char *why)
{
	printk("pci: failed: %s\n", why);
	guest_end(BH_CELL_FAILED);
}

static void edu_start(void)
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
}

static void edu_dma(uint64_t from, uint64_t to, uint64_t command)
{
	uint64_t end = timer_now() + timer_from_us(WAIT_US);

	mmio_write64(registers + EDU_DMA_FROM, from);
	mmio_write64(registers + EDU_DMA_TO, to);
	mmio_write64(registers + EDU_DMA_COUNT, DMA_SIZE);
	mmio_write64(registers + EDU_DMA_COMMAND, command | EDU_DMA_RUN);
	while (mmio_read64(registers + EDU_DMA_COMMAND) & EDU_DMA_RUN)
		if (timer_now() > end)
			fail("DMA does not end");
}

/* What the device has fetched comes back elsewhere. */
static void edu_copy(void)
{
	uint64_t offset = (uint64_t)cmdline_number("dma-from", 0);
	uint8_t *from = memory_alloc(DMA_SIZE, DMA_SIZE), *to = memory_alloc(DMA_SIZE, DMA_SIZE);
	uint64_t reach = (uint64_t)cmdline_number("dma-reach", 0);

	for (unsigned int i = 0; i < DMA_SIZE; i++)
		from[i] = (uint8_t)(3 * i + 1);
	edu_dma((uint64_t)from + offset, EDU_BUFFER, 0);
	edu_dma(EDU_BUFFER, (uint64_t)to + offset, EDU_DMA_OUT);
	for (unsigned int i = 0; i < DMA_SIZE; i++)
		if (((volatile uint8_t *)to)[i] != (uint8_t)(3 * i + 1))
			fail("memory is not what the device has copied");
	printk("pci: %u bytes copied by DMA\n", DMA_SIZE);
	if (!reach)
		return;
	printk("pci: DMA to 0x%lx\n", reach);
	edu_dma(EDU_BUFFER, reach, EDU_DMA_OUT);
}

static void edu_raise(void)
{
	mmio_write32(registers + EDU_IRQ_RAISE, 1);
}

static void edu_stop(void)
{
}

static void edu_interrupt(void *context)
{
	(void)context;
	status = mmio_read32(registers + EDU_IRQ_STATUS);
	mmio_write32(registers + EDU_IRQ_ACK, status);
	interrupts++;
}

static void e1000_start(void)
{
	mmio_write32(registers + E1000_IVAR, E1000_IVAR_OTHER_0);
	mmio_write32(registers + E1000_IMS, E1000_CAUSE_OTHER);
}

static void e1000_raise(void)
{
	mmio_write32(registers + E1000_ICS, E1000_CAUSE_OTHER);
}

/* Moderation may have a message still to send, for which QEMU ends when messages are of another kind by then. */
static void e1000_stop(void)
{
	mmio_write32(registers + E1000_CTRL, E1000_CTRL_RST);
}

static void e1000_interrupt(void *context)
{
	uint32_t cause = mmio_read32(registers + E1000_ICR); /* reading clears */

	/* Moderation may send a message twice: of a cause that is there until it is read. */
	(void)context;
	if (!cause)
		return;
	status = cause;
	mmio_write32(registers + E1000_ICR, status);
	mmio_write32(registers + E1000_IMS, E1000_CAUSE_OTHER);
	interrupts++;
}

static const struct driver {
	uint16_t vendor;
	uint16_t device;
	uint32_t size; /* of BAR 0 */
	uint32_t cause; /* what the device says of an interrupt */
	void (*start)(void);
	void (*raise)(void);
	void (*stop)(void);
	interrupt_handler interrupt;
} drivers[] = {
	{0x1234, 0x11e8, 0x100000, 1, edu_start, edu_raise, edu_stop, edu_interrupt},
	{0x8086, 0x10d3, 0x20000, E1000_CAUSE_OTHER, e1000_start, e1000_raise, e1000_stop,
	 e1000_interrupt},
};

static const struct driver *driver_find(uint16_t vendor, uint16_t device)
{
	for (unsigned int i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].vendor == vendor && drivers[i].device == device)
			return &drivers[i];
	fail("no driver for this device");
	return NULL;
}

#ifdef __x86_64__
static void interrupt_direct(uint16_t bdf, interrupt_handler handler)
{
	uint32_t apic_id = (uint32_t)cmdline_number("apic-id", cpu_current()->apic_id);
	char way[8] = "msi";

	cmdline_string("irq", way, sizeof(way));
	interrupt_handler_set(VECTOR_DEVICE, handler, NULL);
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
	} else {
		fail("no such way of interrupts");
	}
	printk("pci: interrupts by %s\n", way);
}
#else
static void interrupt_direct(uint16_t bdf, interrupt_handler handler)
{
	unsigned int id = SPI_FIRST + (unsigned int)cmdline_number("pin", 3);
	char way[8] = "intx";

	cmdline_string("irq", way, sizeof(way));
	if (strcmp(way, "intx"))
		fail("no such way of interrupts");
	if (pci_find_cap(bdf, PCI_CAP_MSI) || pci_find_cap(bdf, PCI_CAP_MSIX))
		fail("the device offers interrupts by message");
	interrupt_handler_set(id, handler, NULL);
	pci_write(bdf, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	gic_enable(id);
	printk("pci: interrupts by %s\n", way);
}
#endif

static void interrupts_take(const struct driver *driver, unsigned int rounds)
{
	uint64_t end;

	for (unsigned int round = 1; round <= rounds; round++) {
		end = timer_now() + timer_from_us(WAIT_US);
		driver->raise();
		interrupts_on();
		while (interrupts < round)
			if (timer_now() > end)
				fail("no interrupt");
		interrupts_off();
		printk("pci: interrupt %u, status 0x%x\n", interrupts, status);
		if (!(status & driver->cause) || interrupts != round)
			fail("not the interrupt that was raised");
	}
}

void guest_main(void)
{
	uint16_t vendor = (uint16_t)cmdline_number("vendor", 0x1234);
	uint16_t device = (uint16_t)cmdline_number("device", 0x11e8);
	const struct driver *driver = driver_find(vendor, device);
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
	memory_map(registers, driver->size, MEMORY_DEVICE);
	driver->start();
	if (cmdline_flag("dma", false) && driver->start == edu_start)
		edu_copy();
	interrupt_direct(bdf, driver->interrupt);
	interrupts_take(driver, (unsigned int)cmdline_number("rounds", 3));
	driver->stop();
	printk("pci: passed\n");
	guest_end(BH_CELL_SHUT_DOWN);
}
