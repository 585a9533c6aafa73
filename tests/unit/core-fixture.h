/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the core share: a machine, requests to it, and a picture of all its state. */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <string.h>
#include <hv/arch/host/host.h>
#include <hv/arch/x86/x86.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/console.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include <hv/core/unit.h>
#include <hv/core/violation.h>
/* After the core, which has MIN and MAX of its own. */
#include <glib.h>

#define KIB ((u64)1 << 10)
#define MIB ((u64)1 << 20)
#define GIB ((u64)1 << 30)

#define CORE_CPUS 8
#define CORE_MEMORY (5 * GIB) /* 3 GiB below 4 GiB, the rest above */
#define CORE_AT (16 * MIB)
#define CORE_FREE (256 * MIB) /* RAM from here on is nobody's but the root's */

#define RAM_FLAGS (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_LOADABLE)
#define COMM_FLAGS (BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM)
#define COMM_AT BH_COMM_ADDRESS_X86

/* A descriptor with room in its tables for one entry more than is allowed. */
struct request {
	struct bh_cell_desc desc;
	u32 cpus[BH_CPUS_MAX + 2];
	struct bh_memory memory[DESC_MEMORY_MAX + 1];
	struct bh_pio pio[DESC_PIO_MAX + 1];
	struct bh_irqs irqs[BH_BOOT_IOAPICS_MAX + 1];
	struct bh_pci pci[DESC_PCI_MAX + 1];
	struct bh_link links[DESC_LINKS_MAX + 1];
};

/* Has the core under a plain machine; functions are added before, @leaf_level 1: without 1 GiB pages. */
void core_start(u32 leaf_level);
void core_stop(void); /* cells must be gone */

void request_init(struct request *r, u32 id, const char *name);
void request_cpu(struct request *r, u32 cpu);
struct bh_memory *request_memory(struct request *r, u64 phys, u64 virt, u64 size, u32 flags);
void request_pio(struct request *r, u16 base, u16 length);
void request_pin(struct request *r, u32 pin);
void request_pci(struct request *r, u16 bdf);
void request_link(struct request *r, struct bh_link link);
/* A cell with 1 MiB at CORE_FREE + @id MiB seen at 0, a comm region, and CPU @id. */
void request_plain(struct request *r, u32 id, const char *name);

/* The whole call, however many steps it takes; the cell is not expected to be asked anything. */
long core_create(const struct request *r, struct bh_error *error);
long core_check(const struct request *r, struct bh_error *error);
long core_call(u32 number, u32 id, struct bh_error *error);
/* The same, and it has to succeed. */
void core_must_create(const struct request *r);
void core_must(u32 number, u32 id);
void core_expect(const struct bh_error *error, u32 code, u32 where, u32 index, u64 value,
		 u32 owner);

/* The first CPU of a cell. */
struct cpu *core_cpu(u32 cell);
/* Who owns the page at @address, according to the root's table. */
u32 core_owner(u64 address);

/* Everything a request may change, as text: transfer full. */
char *core_picture(void);
void core_picture_compare(const char *before); /* with what is now */

#endif
