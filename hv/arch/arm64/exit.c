/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest traps. ESR_EL2: DDI 0487, D17.2.37; HPFAR_EL2: D17.2.62. */
#include <bulkhead/board.h>
#include <hv/arch/arm64/arm64.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/machine.h>
#include <hv/core/violation.h>

/* ISS of a data abort */
#define ISS_VALID BIT(24)
#define ISS_SIZE(esr) ((esr) >> 22 & 3)
#define ISS_SIGNED BIT(21)
#define ISS_REGISTER(esr) ((u64)(esr) >> 16 & 0x1f)
#define ISS_64BIT BIT(15)
#define ISS_CACHE BIT(8) /* cache maintenance */
#define ISS_WALK BIT(7) /* the guest's own table walk */
#define ISS_WRITE BIT(6)
#define STATUS_KIND(esr) ((esr)&0x3c)
#define STATUS_TRANSLATION 0x04
#define STATUS_ACCESS 0x08
#define STATUS_PERMISSION 0x0c

/* ISS of a trapped system register: op0, op2, op1, CRn, CRm without Rt and direction */
#define SYSREG_MASK (0x1ffffffull & ~(0x1full << 5 | 1))
#define SYSREG(op0, op1, crn, crm, op2) \
	((u64)(op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_SGI0R SYSREG(3, 0, 12, 11, 7)
#define SYSREG_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define SYSREG_SGI1R SYSREG(3, 0, 12, 11, 5)
#define SYSREG_READ BIT(0)

#define STUB_CALLS 8 /* x0 of calls for the kernel's EL2 stub is below */
#define STUB_ERROR 0xbadca11 /* its answer to what it does not know */

#define PAR_FAULT BIT(0)
#define PAR_ADDRESS (BIT(48) - BIT(12))

#define SPSR_EL0 0
#define SPSR_MODE 0xf
#define SPSR_EL1T 4

/* A value of which the compiler knows nothing: so it makes one instruction of what it would turn into several. */
static inline u64 opaque(u64 value)
{
	__asm__("" : "+r"(value));
	return value;
}

static void skip(u64 esr)
{
	sysreg_write(elr_el2, sysreg_read(elr_el2) + 2 + 2 * (esr >> 25 & 1)); /* ESR_LONG */
}

/*
 * A synchronous exception at EL1 (DDI 0487, D1.3.1): an external abort, as where a bus has nothing to answer.
 */
void guest_inject_abort(u64 address, bool fetch)
{
	u64 spsr = sysreg_read(spsr_el2), vector = sysreg_read(vbar_el1);
	bool lower = (spsr & SPSR_MODE) == SPSR_EL0;
	u64 class = fetch ? CLASS_FETCH : CLASS_DATA;

	if (!lower)
		class += 1; /* from the same level */
	vector += lower ? 0x400 : (spsr & SPSR_MODE) == SPSR_EL1T ? 0 : 0x200;
	sysreg_write(elr_el1, sysreg_read(elr_el2));
	sysreg_write(spsr_el1, spsr);
	sysreg_write(far_el1, address);
	sysreg_write(esr_el1, class << 26 | ESR_LONG | 0x10);
	sysreg_write(elr_el2, vector);
	sysreg_write(spsr_el2, SPSR_EL1H_MASKED);
}

static gpa_t fault_page(u64 far)
{
	u64 page = sysreg_read(hpfar_el2) >> 4 & (BIT(40) - 1);

	return GPA(page << PAGE_SHIFT | (far & (PAGE_SIZE - 1)));
}

/* HPFAR_EL2 says nothing about a permission fault of an access itself: the guest's own tables do. */
static bool fault_address(u64 esr, u64 far, gpa_t *address)
{
	u64 par, kept;

	if (STATUS_KIND(esr) != STATUS_PERMISSION || esr & ISS_WALK) {
		*address = fault_page(far);
		return true;
	}
	kept = sysreg_read(par_el1);
	__asm__ volatile("at s1e1r, %0" : : "r"(far));
	isb();
	par = sysreg_read(par_el1);
	sysreg_write(par_el1, kept);
	*address = GPA((par & PAR_ADDRESS) | (far & (PAGE_SIZE - 1)));
	return !(par & PAR_FAULT);
}

/*
 * The root reached for what it does not own, and that shall do no harm. Where it is RAM of the
 * core or a cell, further reads are answered by a page of zeros without coming here.
 */
static bool root_forgive(struct cpu *cpu, gpa_t address, bool write)
{
	struct table_entry entry = table_lookup(&root_cell.table, address);

	if (cpu->cell != &root_cell || entry.present || entry.owner == BH_OWNER_NOBODY ||
	    !machine_touches_ram(ALIGN_DOWN(address.v, PAGE_SIZE), PAGE_SIZE))
		return false;
	root_blank(address, write);
	arch_cpu_flush(cpu);
	return true;
}

/* The table was being changed, or has been since: the same access is good now. */
static bool is_over(const struct cpu *cpu, gpa_t address, u32 need)
{
	struct table_entry entry = table_lookup(&cpu->cell->table, address);

	if (cpu->cell == &root_cell && !entry.present && entry.owner == BH_OWNER_ROOT)
		return true;
	return entry.present && (entry.flags & need) == need;
}

static bool abort_violation(struct cpu *cpu, const struct mmio_access *access, u8 kind, u32 flags)
{
	struct violation v = {
		.kind = kind,
		.width = access->width,
		.address = access->address.v,
		.value = access->write ? access->value : 0,
		.flags = flags | (access->write ? BH_EVENT_WRITE : 0) |
			 (access->write && access->width ? BH_EVENT_VALUE : 0),
	};

	return violation_ignored(cpu, &v);
}

/* Number 31 is the zero register. There is room for it, and what is written to it is not read. */
static u64 register_get(const struct cpu *cpu, u64 number)
{
	return number == 31 ? 0 : cpu->arch.regs[number];
}

static void register_set(struct cpu *cpu, u64 number, u64 value)
{
	cpu->arch.regs[number] = value;
}

static u64 width_mask(u8 width)
{
	return ~0ull >> (64 - 8 * width);
}

/* Of @value no more is set than the access has. */
static __noinline void load_signed(struct cpu *cpu, u64 esr, u64 value)
{
	u64 sign = BIT((8 << ISS_SIZE(esr)) - 1);

	value = (value ^ sign) - sign;
	register_set(cpu, ISS_REGISTER(esr), esr & ISS_64BIT ? value : (u32)value);
}

static inline u64 store_value(const struct cpu *cpu, u64 esr)
{
	u64 value = register_get(cpu, ISS_REGISTER(esr));
	u32 above = -8u << ISS_SIZE(esr); /* bits of no meaning, of 64: shifts take it so */

	return value << (above & 63) >> (above & 63);
}

/* What cannot be carried out: the syndrome does not say what it is, or the fault is not of a kind that traps are made of. */
static void abort_other(struct cpu *cpu, u64 esr, u64 far, struct mmio_access *access, bool fetch)
{
	u32 flags = fetch ? BH_EVENT_FETCH : 0;
	u8 kind = fetch || esr & ISS_WALK ? BH_KIND_MEMORY : BH_KIND_INSTRUCTION;

	access->write = !fetch && esr & ISS_WRITE && !(esr & ISS_WALK);
	access->width = 0;
	if (!abort_violation(cpu, access, kind, flags) ||
	    root_forgive(cpu, access->address, access->write))
		return;
	guest_inject_abort(far, fetch);
}

/* All but a load or store, whole in the syndrome, of what stage 2 does not map. True: it is one that stage 2 forbids. */
static __noinline bool abort_is_access(struct cpu *cpu, u64 esr, u64 far, bool fetch,
				       struct mmio_access *access)
{
	u32 need = fetch				 ? TABLE_EXECUTE
		   : access->write && !(esr & ISS_CACHE) ? TABLE_WRITE
							 : TABLE_READ;

	/* Neither translation nor permission: an error of the memory system, which the guest has to know of. */
	if (STATUS_KIND(esr) != STATUS_TRANSLATION && STATUS_KIND(esr) != STATUS_PERMISSION &&
	    STATUS_KIND(esr) != STATUS_ACCESS) {
		guest_inject_abort(far, fetch);
		return false;
	}
	/* The guest's tables have changed meanwhile: it is to make the access again. */
	if (!fault_address(esr, far, &access->address))
		return false;
	if (!fetch && esr & ISS_VALID && !(esr & ISS_WALK))
		return true;
	if (!is_over(cpu, access->address, need))
		abort_other(cpu, esr, far, access, fetch);
	return false;
}

#define BOARD_SIZE (BH_BOARD_END - BH_BOARD_START)

static inline bool access_handle(struct cpu *cpu, struct mmio_access *access)
{
	u64 address = access->address.v;

	/* What guests touch most comes first. */
	if (unlikely(!opaque((address - opaque(BH_BOARD_START)) / BOARD_SIZE)) &&
	    cpu->cell->link.count)
		return vpci_access(cpu, access);
	if (address - gic_frames.gicd < gic_frames.gicd_size)
		return vgic_distributor(cpu, access);
	if (address - gic_frames.gicr < gic_frames.gicr_size)
		return vgic_redistributor(cpu, access);
	return mmio_handle(cpu, access);
}

#define ISS_SIMPLE_MASK (ISS_VALID | ISS_CACHE | ISS_WALK | STATUS_KIND(~0ull))
#define ISS_SIMPLE (ISS_VALID | STATUS_TRANSLATION)

/* Nobody has an answer to it. False: the guest makes it again, or has ended. */
static __noinline bool data_refused(struct cpu *cpu, u64 esr, struct mmio_access *access)
{
	gpa_t address;

	/* Whoever refused it may have put another address into what becomes of the event. */
	if (!fault_address(esr, sysreg_read(far_el2), &address) ||
	    is_over(cpu, address, access->write ? TABLE_WRITE : TABLE_READ) ||
	    !abort_violation(cpu, access, access->kind, 0))
		return false;
	/* A write that is dropped leaves nothing behind: the next is reported, too. */
	if (!access->write && root_forgive(cpu, access->address, false))
		return false;
	access->value = width_mask(access->width);
	return true;
}

/* Of x16 to x29 not all is saved unless the access is of one of them: see entry.S. */
void guest_data(struct cpu *cpu, u64 esr)
{
	u64 far = sysreg_read(far_el2);
	struct mmio_access access = {
		.address = fault_page(far),
		.width = 1 << ISS_SIZE(esr),
		.write = !!(esr & ISS_WRITE),
		.kind = BH_KIND_MEMORY,
	};
	u32 *counters = cpu->counters;

	counters[BH_COUNTER_TOTAL]++;
	counters[BH_COUNTER_MMIO]++;
	if (unlikely((esr & ISS_SIMPLE_MASK) != ISS_SIMPLE) &&
	    !abort_is_access(cpu, esr, far, false, &access))
		return;
	esr = opaque(esr);
	if (esr & ISS_WRITE)
		access.value = store_value(cpu, esr);
	if (unlikely(!access_handle(cpu, &access)) && !data_refused(cpu, esr, &access))
		return;
	esr = opaque(esr);
	if (esr & ISS_WRITE)
		;
	else if (unlikely(esr & ISS_SIGNED))
		load_signed(cpu, esr, access.value);
	else
		register_set(cpu, ISS_REGISTER(esr), access.value);
	skip(esr);
}

static __noinline void exit_fetch(struct cpu *cpu, u64 esr)
{
	struct mmio_access access = {.kind = BH_KIND_MEMORY};

	cpu_count_exit(cpu, BH_COUNTER_MMIO);
	abort_is_access(cpu, esr, sysreg_read(far_el2), true, &access);
}

static __noinline void exit_hvc(struct cpu *cpu, u64 esr)
{
	u64 *regs = cpu->arch.regs;
	u32 immediate = esr & 0xffff;

	if (likely(immediate == HYPERCALL_IMMEDIATE)) {
		cpu_count_exit(cpu, BH_COUNTER_HYPERCALL);
		if (unlikely(regs[0] == BH_HC_DISABLE && cpu->cell == &root_cell)) {
			if (cell_count() == 1)
				launch_leave(cpu);
			regs[0] = (u64)-BH_ERRNO_BUSY;
			return;
		}
		regs[0] = (u64)hypercall(cpu, regs[0], regs[1], regs[2]);
		return;
	}
	/* KVM asks for EL2: it learns that it is in use. */
	if (cpu->cell == &root_cell && !immediate) {
		regs[0] = regs[0] < STUB_CALLS ? STUB_ERROR : (u64)-BH_ERRNO_NOSYS;
		return;
	}
	if (violation_ignored(cpu, &(struct violation){.kind = BH_KIND_HYPERCALL,
						       .address = BIT(32) | immediate}))
		regs[0] = (u64)-BH_ERRNO_NOSYS;
}

static __noinline void exit_cpu_violation(struct cpu *cpu, u32 what, u64 value)
{
	violation_ignored(
		cpu, &(struct violation){.kind = BH_KIND_CPU, .address = what, .value = value});
}

/* A register that is nobody's business here: an undefined instruction, at the root; a cell is stopped. */
static __noinline void exit_sysreg(struct cpu *cpu, u64 esr)
{
	u32 number = esr >> 5 & 0x1f;

	if (likely((esr & SYSREG_MASK) == SYSREG_SGI1R)) {
		gic_sgi_register(cpu, register_get(cpu, number));
		skip(esr);
		return;
	}
	switch (esr & SYSREG_MASK) {
	case SYSREG_SGI0R:
	case SYSREG_ASGI1R:
		break; /* other groups: no guest has them */
	default:
		if (!violation_ignored(cpu, &(struct violation){
						    .kind = BH_KIND_MSR,
						    .width = 8,
						    .address = esr & SYSREG_MASK,
						    .flags = esr & SYSREG_READ ? 0 : BH_EVENT_WRITE,
					    }))
			return;
		if (esr & SYSREG_READ)
			register_set(cpu, number, 0);
	}
	skip(esr);
}

/*
 * A hypercall, of whose guest x20 to x28 are not saved: what may end in an event, in a new guest or in none is not for here.
 * False: guest_sync() is asked.
 */
bool guest_hvc(struct cpu *cpu, u64 esr)
{
	u64 *regs = cpu->arch.regs;

	if ((esr & 0xffff) != HYPERCALL_IMMEDIATE || regs[0] != BH_HC_CPU_INFO)
		return false;
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	cpu_count_exit(cpu, BH_COUNTER_HYPERCALL);
	regs[0] = (u64)hypercall(cpu, BH_HC_CPU_INFO, regs[1], regs[2]);
	return true;
}

/* Likewise; a CPU that is switched off needs nothing of its registers. */
void guest_smc(struct cpu *cpu)
{
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	/* A trapped SMC has not been executed. */
	sysreg_write(elr_el2, sysreg_read(elr_el2) + 4);
	psci_call(cpu);
}

void guest_sync(struct cpu *cpu)
{
	u64 esr = sysreg_read(esr_el2);

	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	switch (ESR_CLASS(esr)) {
	case CLASS_SYSREG:
		exit_sysreg(cpu, esr);
		break;
	case CLASS_HVC:
		exit_hvc(cpu, esr);
		break;
	case CLASS_FETCH:
		exit_fetch(cpu, esr);
		break;
	default:
		exit_cpu_violation(cpu, BH_CPU_UNKNOWN_EXIT, esr);
	}
}

/* Only of cells: the root takes its own. */
void guest_serror(struct cpu *cpu)
{
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	exit_cpu_violation(cpu, BH_CPU_MACHINE_CHECK, sysreg_read(esr_el2));
}

/* Calls of 32-bit programs cannot come here, HVC and SMC being undefined at EL0; whatever it is, it is an error. */
void guest_aarch32(struct cpu *cpu)
{
	u64 esr = sysreg_read(esr_el2);

	if (ESR_CLASS(esr) == CLASS_DATA)
		guest_data(cpu, esr);
	else if (ESR_CLASS(esr) == CLASS_FETCH)
		guest_sync(cpu);
	else
		exit_cpu_violation(cpu, BH_CPU_UNKNOWN_EXIT, esr);
}
