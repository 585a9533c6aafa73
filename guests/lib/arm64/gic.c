/* SPDX-License-Identifier: MIT */
/*
 * GICv3 (IHI 0069): distributor and redistributors by memory, the CPU interface by system registers; GICv2 (IHI 0048B): all by
 * memory, without redistributors.
 */
#include <guest/arm64/gic.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/memory.h>

#define GICD_SIZE 0x10000
#define GICD_ISENABLER 0x100
#define GICD_IROUTER 0x6000
#define GICR_STRIDE 0x20000
#define GICR_TYPER 0x8
#define GICR_SGI 0x10000
#define TYPER_LAST (1u << 4)
#define PRIORITY_ALL 0xf0
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICC_SIZE 0x2000
#define GICC_CTLR 0x0
#define GICC_PMR 0x4
#define GICC_IAR 0xc
#define GICC_EOIR 0x10
#define V2_CPUS 8

static bool is_v2(void)
{
	return comm_region->gic_version == 2;
}

static uint64_t frame_at(unsigned int n)
{
	return comm_region->gicr_base + (uint64_t)n * GICR_STRIDE;
}

uint64_t gic_affinity(unsigned int n)
{
	uint64_t typer = 0;

	/* Nothing names them: they are taken to be numbered from 0, and the firmware knows which there are. */
	if (is_v2())
		return n < V2_CPUS ? n : ~0ULL;
	for (unsigned int i = 0; i <= n; i++) {
		if (typer & TYPER_LAST)
			return ~0ULL;
		memory_map(frame_at(i), GICR_STRIDE, MEMORY_DEVICE);
		typer = mmio_read64(frame_at(i) + GICR_TYPER);
	}
	return (typer >> 56) << 32 | (typer >> 32 & 0xffffff);
}

uint64_t gic_redistributor(uint64_t affinity)
{
	for (unsigned int n = 0;; n++) {
		uint64_t here = gic_affinity(n);

		if (here == ~0ULL)
			return 0;
		if (here == affinity)
			return frame_at(n);
	}
}

void gic_init(void)
{
	struct cpu *cpu = cpu_current();

	if (is_v2()) {
		memory_map(comm_region->gicd_base, 0x1000, MEMORY_DEVICE);
		memory_map(comm_region->gicc_base, GICC_SIZE, MEMORY_DEVICE);
		mmio_write32(comm_region->gicd_base + GICD_ISENABLER, 0xffff);
		mmio_write32(comm_region->gicc_base + GICC_PMR, PRIORITY_ALL);
		mmio_write32(comm_region->gicc_base + GICC_CTLR, 1);
		return;
	}
	cpu->redistributor = gic_redistributor(cpu->affinity);
	mmio_write32(cpu->redistributor + GICR_SGI + GICD_ISENABLER, 0xffff);
	sysreg_write(icc_sre_el1, 1);
	isb();
	sysreg_write(icc_pmr_el1, PRIORITY_ALL);
	sysreg_write(icc_igrpen1_el1, 1);
	isb();
}

void gic_enable(unsigned int id)
{
	uint64_t gicd = comm_region->gicd_base;

	if (is_v2()) {
		if (id >= 32) /* of its own lines a CPU reads itself */
			mmio_write8(gicd + GICD_ITARGETSR + id, mmio_read8(gicd + GICD_ITARGETSR));
		mmio_write32(gicd + GICD_ISENABLER + id / 32 * 4, 1u << id % 32);
		return;
	}
	if (id < 32) {
		mmio_write32(cpu_current()->redistributor + GICR_SGI + GICD_ISENABLER, 1u << id);
		return;
	}
	memory_map(gicd, GICD_SIZE, MEMORY_DEVICE);
	mmio_write64(gicd + GICD_IROUTER + 8 * id, cpu_current()->affinity);
	mmio_write32(gicd + GICD_ISENABLER + id / 32 * 4, 1u << id % 32);
}

void gic_sgi(uint64_t affinity, unsigned int id)
{
	dsb();
	if (is_v2()) {
		mmio_write32(comm_region->gicd_base + GICD_SGIR, 1u << (16 + (affinity & 7)) | id);
		return;
	}
	sysreg_write(icc_sgi1r_el1, (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 |
					    (affinity >> 8 & 0xff) << 16 | (uint64_t)id << 24 |
					    1u << (affinity & 0xf));
	isb();
}

uint32_t gic_acknowledge(void)
{
	return is_v2() ? mmio_read32(comm_region->gicc_base + GICC_IAR)
		       : (uint32_t)sysreg_read(icc_iar1_el1);
}

void gic_end(uint32_t value)
{
	if (is_v2())
		mmio_write32(comm_region->gicc_base + GICC_EOIR, value);
	else
		sysreg_write(icc_eoir1_el1, value);
}
