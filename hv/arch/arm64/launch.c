/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sliding under the running Linux, and out again. See include/bulkhead/boot.h for the loader's part. */
#include <bulkhead/board.h>
#include <hv/arch/arm64/arm64.h>
#include <hv/arch/arm64/offsets.h>
#include <hv/core/arch.h>
#include <hv/core/error.h>
#include <hv/core/launch.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

/* At the top of a CPU's stack; entry.S knows the order. */
struct frame {
	u64 regs[32]; /* x0 to x30, and what is written to the zero register */
	struct el2_state state; /* while launching */
	u64 unused[3]; /* keeps the stack aligned to 16 */
};

/* One CPU's memory. */
struct cpu_area {
	struct cpu cpu __aligned(4096);
	u8 stack[5 * 4096 - ALIGN_UP(sizeof(struct cpu), 16) % 4096 -
		 sizeof(struct frame)] __aligned(16);
	struct frame frame;
};

_Static_assert(sizeof(struct cpu_area) % 4096 == 0, "whole pages");
_Static_assert(offsetof(struct cpu_area, frame) + sizeof(struct frame) == sizeof(struct cpu_area),
	       "where entry.S puts it");
_Static_assert(sizeof(struct frame) == FRAME_SIZE, "offsets.h");
_Static_assert(offsetof(struct frame, state) == FRAME_STATE, "offsets.h");
_Static_assert(offsetof(struct el2_state, resident) == STATE_RESIDENT, "offsets.h");
_Static_assert(offsetof(struct cpu, arch.sp) == CPU_SP, "offsets.h");
_Static_assert(offsetof(struct cpu, requests) == CPU_REQUESTS, "offsets.h");
_Static_assert(offsetof(struct cpu, mode) == CPU_REQUESTS + 4, "offsets.h");
_Static_assert(CLASS_HVC >> 1 == CLASS_CALL && CLASS_SMC >> 1 == CLASS_CALL, "offsets.h");
_Static_assert(CLASS_DATA >> 1 == CLASS_ACCESS, "offsets.h");
_Static_assert(CPU_RUNNING == 0, "entry.S");

/* For the header in entry.S. */
__asm__(".globl core_cpu_size, core_boot_info_size, core_shared_size");
#define ABSOLUTE(name, value) __asm__(".set " #name ", %c0" : : "i"(value))
__used void launch_constants(void);
void launch_constants(void)
{
	ABSOLUTE(core_cpu_size, sizeof(struct cpu_area));
	ABSOLUTE(core_boot_info_size, sizeof(struct bh_boot_info));
	ABSOLUTE(core_shared_size, sizeof(struct bh_shared));
}

const struct unit *const units[] = {&gic_unit, &pci_unit, &link_unit, &vpci_unit, NULL};

extern const u8 core_vectors[];
void launch_off(u64 result, struct frame *frame, struct el2_state *state) __noreturn;

/* ID_AA64MMFR0_EL1 (DDI 0487, D17.2.64) */
#define MMFR0_PARANGE(value) ((value)&0xf)
#define MMFR0_TGRAN4(value) ((value) >> 28 & 0xf)
#define TGRAN4_NONE 0xf

static const u8 parange_bits[] = {32, 36, 40, 42, 44, 48, 52};

bool arch_launch_check(u32 id, struct bh_error *error)
{
	u64 features = sysreg_read(id_aa64mmfr0_el1);

	if (MMFR0_TGRAN4(features) == TGRAN4_NONE)
		return error_set(error, BH_E_CPU_FEATURE, .index = id, .value = BH_FEATURE_GRANULE);
	return true;
}

struct cpu *arch_launch_cpu(const struct bh_boot_info *boot, u32 id)
{
	struct cpu_area *area =
		(struct cpu_area *)(CORE_LINK_BASE + boot->cpus_offset + id * sizeof(*area));
	struct cpu *cpu = &area->cpu;
	u32 affinity = boot->cpu[id].apic_id;

	cpu->arch.regs = area->frame.regs;
	cpu->arch.sp = (u64)&area->frame;
	cpu->arch.affinity = (affinity & 0xffffff) | (u64)(affinity >> 24) << 32;
	return cpu;
}

u64 arch_launch_memory(const struct bh_boot_info *boot)
{
	u64 tables_end = memory_init(boot, boot->pool_offset);

	shared = (struct bh_shared *)(CORE_LINK_BASE + boot->shared_offset);
	memory_enter();
	return tables_end;
}

/*
 * VTCR_EL2 (DDI 0487, D17.2.159): as many address bits as the machine has physical ones. Where 39 are enough,
 * the walk starts a level lower: with a smaller PARange it must (table D8-5).
 */
static bool stage2_choose(struct bh_error *error)
{
	u64 range = MIN(MMFR0_PARANGE(sysreg_read(id_aa64mmfr0_el1)), (u64)5);
	u32 bits = parange_bits[range];

	table_leaf_level = 2;
	table_start_level = bits >= 44 ? 3 : 2;
	if (table_start_level == 2)
		bits = MIN(bits, 39u);
	else
		bits = MIN(bits, 46u); /* CELL_ADDRESS_LIMIT: more is never mapped */
	vtcr = BIT(31) | range << 16 | 3 << 12 | 1 << 10 | 1 << 8 |
	       (table_start_level == 3 ? 2 : 1) << 6 | (64 - bits);
	if (machine.phys_limit > BIT(bits) || machine.phys_limit > MEMORY_LIMIT)
		return error_set(error, BH_E_MEM_WRAP, .where = BH_IN_MEMORY,
				 .value = machine.phys_limit, .limit = BIT(bits));
	return true;
}

bool arch_launch_devices(struct bh_error *error)
{
	return stage2_choose(error) && gic_init(error);
}

void arch_launch_root(void)
{
}

static void state_save(struct el2_state *state)
{
	state->hcr = sysreg_read(hcr_el2);
	state->vtcr = sysreg_read(vtcr_el2);
	state->vttbr = sysreg_read(vttbr_el2);
	state->tpidr = sysreg_read(tpidr_el2);
	state->cnthctl = sysreg_read(cnthctl_el2);
	state->cptr = sysreg_read(cptr_el2);
	state->mdcr = sysreg_read(mdcr_el2);
}

void launch_commit(struct cpu *cpu, struct frame *frame)
{
	memory_enter();
	state_save(&frame->state);
	cpu->arch.el2 = frame->state;
	sysreg_write(vbar_el2, core_vectors);
	sysreg_write(tpidr_el2, cpu);
	sysreg_write(vtcr_el2, vtcr);
	cpu_enter_cell(cpu);
	gic_cpu_init(cpu);
	cpu->arch.regs[0] = 0;
	guest_resume(cpu);
}

/* Back to bare metal, exactly where the guest is now. */
void launch_leave(struct cpu *cpu)
{
	struct el2_state *state = &cpu->arch.el2;

	gic_cpu_leave(cpu);
	sysreg_write(hcr_el2, state->hcr);
	sysreg_write(vtcr_el2, state->vtcr);
	sysreg_write(vttbr_el2, state->vttbr);
	sysreg_write(tpidr_el2, state->tpidr);
	sysreg_write(cnthctl_el2, state->cnthctl);
	sysreg_write(cptr_el2, state->cptr);
	sysreg_write(mdcr_el2, state->mdcr);
	sysreg_write(vbar_el2, state->resident);
	isb();
	__asm__ volatile("tlbi alle1; dsb nsh; isb" ::: "memory");
	launch_off(0, (struct frame *)cpu->arch.sp, state);
}

void arch_comm_fill(struct cell *cell, struct bh_comm *comm)
{
	/* With functions of the machine it is the machine's, where devices of links are as well. */
	if (!cell->desc->pci.count)
		comm->pci_mmconfig_base = cell->desc->links.count ? BH_BOARD_ECAM : 0;
	if (cell->desc->links.count)
		comm->vpci_irq_base = BH_BOARD_LINE_PCI - 32;
	comm->gic_version = machine.gic.version;
	comm->gicd_base = machine.gic.gicd;
	comm->gicc_base = machine.gic.gicc;
	comm->gicr_base = machine.gic.gicr[0].start;
}
