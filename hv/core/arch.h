/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core asks of an architecture (arch/x86, arch/arm64, arch/host). Each also has
 * arch-types.h (struct arch_cpu, struct arch_cell) and table-format.h (stage 2 entries).
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <bulkhead/boot.h>
#include <bulkhead/event.h>
#include <hv/core/addr.h>

struct cpu;
struct cell;

/* Memory: all physical memory below the limit is mapped for the core, uncached where it is a device's. */
void *phys_to_virt(paddr_t pa);
paddr_t virt_to_phys(const void *va); /* core memory only */

/* Time: a counter that runs at tsc_khz on every CPU. */
u64 arch_ticks(void);
void arch_relax(void); /* in a loop that waits */

/* CPUs. Except for kick, each is called on the CPU itself, from cpu_service(). */
void arch_cpu_kick(struct cpu *cpu);
void arch_cpu_stop(struct cpu *cpu); /* leave the guest world: next entry runs the park loop */
void arch_cpu_reset(struct cpu *cpu, u64 entry); /* the state of guest-abi "cell start" */
void arch_cpu_wait(struct cpu *cpu); /* INIT: as stop, but a SIPI is accepted */
void arch_cpu_sipi(struct cpu *cpu, u64 start);
void arch_cpu_flush(struct cpu *cpu);
void arch_cpu_nmi(struct cpu *cpu);
/* Fill registers, ip, code bytes of an event from the guest state. */
void arch_cpu_snapshot(const struct cpu *cpu, struct bh_event *event);

/* Tell the root Linux: a fixed interrupt with this vector at this CPU. Any context. */
void arch_notify(u32 apic_id, u32 vector);

/* A character for the cell's console: 0, -BH_ERRNO_AGAIN without room, -BH_ERRNO_NODEV where none is taken. */
int arch_console_input(struct cell *cell, u8 c);

/* Send an interrupt message that arch_msi_allowed() has seen. */
void arch_msi_send(u64 address, u32 data);

/* Where ARCH_LINK_PINS: an interrupt at one of the four pins of the cell's virtual PCI bus. Any context. */
void arch_pin_raise(const struct cell *cell, u32 pin);

/* Cells, the root too. init takes its contiguous tables from the pool: false if there are none. */
u32 arch_cell_pages(void);
bool arch_cell_init(struct cell *cell);
void arch_cell_exit(struct cell *cell);
/* The CPU named in a request: APIC id on x86. */
u32 arch_cpu_address(const struct cpu *cpu);
/* Pages from its reserve that init uses up for the cell's table. */
u32 arch_cell_table_pages(void);
/* Guest-physical addresses where every cell finds something of the core's: the local APIC, the GIC. */
bool arch_cell_shows(u64 virt, u64 size);
/* Interrupt controllers: physical pages that are nobody's but the core's. */
bool arch_keeps(u64 start, u64 size);
/* Takes those pages from the root's table. */
void arch_root_take(void);
/* Values for the comm region that only the architecture knows. */
struct bh_comm;
void arch_comm_fill(struct cell *cell, struct bh_comm *comm);

/* Clear a page of RAM that changes its owner, and make the zeros reach memory. */
void arch_clear_page(paddr_t page);

#endif
