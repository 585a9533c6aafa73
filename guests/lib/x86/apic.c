/* SPDX-License-Identifier: MIT */
#include <guest/cmdline.h>
#include <guest/cpu.h>
#include <guest/memory.h>
#include <guest/string.h>
#include <guest/x86/apic.h>
#include <guest/interrupt.h>

#define MSR_X2APIC 0x800
#define SVR_ENABLE 0x100
#define ICR_HIGH 0x31
#define ICR_PENDING 0x1000

static bool by_page;
static uint32_t start_svr;

bool apic_is_x2apic(void)
{
	return !by_page;
}

uint32_t apic_read(unsigned int reg)
{
	if (by_page)
		return mmio_read32(APIC_PAGE + reg * 16);
	return (uint32_t)msr_read(MSR_X2APIC + reg);
}

void apic_write(unsigned int reg, uint32_t value)
{
	if (by_page)
		mmio_write32(APIC_PAGE + reg * 16, value);
	else
		msr_write(MSR_X2APIC + reg, value);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_ipi(uint32_t apic_id, uint32_t low)
{
	if (!by_page) {
		/* A write of an x2APIC MSR does not serialise: make earlier stores visible (SDM 3A 11.12.3). */
		__asm__ volatile("mfence" : : : "memory");
		msr_write(MSR_X2APIC + APIC_ICR, (uint64_t)apic_id << 32 | low);
		return;
	}
	apic_write(ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, low);
	while (apic_read(APIC_ICR) & ICR_PENDING)
		cpu_relax();
}

uint32_t apic_start_svr(void)
{
	return start_svr;
}

/* The divide register stays as it is: the guest ABI has it at 16. */
void apic_init(void)
{
	char type[8];

	if (cmdline_string("apic", type, sizeof(type)))
		by_page = !strcmp(type, "xapic");
	if (by_page)
		memory_map(APIC_PAGE, 0x1000, MEMORY_DEVICE);
	if (!cpu_current()->number)
		start_svr = apic_read(APIC_SVR);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
}
