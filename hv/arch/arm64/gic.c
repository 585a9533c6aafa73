/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of a CPU. In hardware all of them come to the core (HCR_EL2.IMO), which acknowledges each, drops its
 * priority, and puts it into a list register; the guest acknowledges, ends and deactivates it there without the core,
 * and the deactivation reaches the hardware. GICv3 by system registers; IHI 0069, chapters 4, 6 and 12.4.
 *
 * SGIs of guests do not exist in hardware: they are bits of the target CPU, which the one SGI of the core makes look.
 */
#include <hv/arch/arm64/arm64.h>
#include <hv/arch/arm64/gic-registers.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>

#define INTID_SPI 32
#define INTID_SPECIAL 1020 /* to 1023 */
#define INTID_LPI 8192

#define GICR_CTLR 0x0
#define GICR_CTLR_LPIS BIT(0)
#define GICR_SGI 0x10000 /* the second page of a redistributor */
#define GICR_ISENABLER (GICR_SGI + 0x100)
#define GICR_ICENABLER (GICR_SGI + 0x180)
#define GICR_ISPENDR (GICR_SGI + 0x200)
#define GICR_ICPENDR (GICR_SGI + 0x280)
#define GICR_ICACTIVER (GICR_SGI + 0x380)
#define GICR_IPRIORITYR (GICR_SGI + 0x400)
#define GICR_ICFGR1 (GICR_SGI + 0xc04)
#define GICD_ISPENDR 0x200
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICD_ICFGR 0xc00

/* Sixteen CPUs whose affinities differ in the lowest four bits: what one SGI may be sent to. */
#define CLUSTER_KEY(affinity) ((affinity) >> 4)
#define NO_CPU 0xff
static struct cluster {
	u64 key;
	u8 cpu[16];
} clusters[BH_CPUS_MAX];
static u32 cluster_count;

u64 lr_all;

/* ---- list registers ---- */

static u64 lr_value(const struct cpu *cpu, u32 id)
{
	u64 lr = LR_PENDING | LR_GROUP1 | id; /* version 2 has no use for the group */

	if (id < INTID_SPI)
		lr |= LR_PRIORITY(cpu->arch.gic.priority[id]);
	else if (id < lines_first)
		lr |= LR_PRIORITY(vgic_priority(id));
	else if (id < INTID_SPECIAL)
		lr |= LR_PRIORITY(lines_priority(cpu->cell, id));
	if (id >= 16 && id < lines_first)
		lr |= LR_HW | LR_PHYSICAL(id);
	return lr;
}

static void queue_put(struct cpu *cpu, u32 id)
{
	struct gic_cpu *gic = &cpu->arch.gic;

	/* SPIs and PPIs are here once at most, being active in hardware. What is of software is not: one is enough. */
	for (u32 i = gic->queue_first; i != gic->queue_last; i++)
		if (gic->queue[i % GIC_QUEUE] == id)
			return;
	gic->queue[gic->queue_last++ % GIC_QUEUE] = id;
	ich_hcr_write(ICH_HCR_EN | ICH_HCR_UIE);
}

/* What is of software is pending once, too: a second one joins the first. */
static bool lr_join(u32 id, u64 used)
{
	for (; used; used &= used - 1) {
		u32 n = __builtin_ctzl(used);
		u64 lr = lr_read(n);

		if ((u32)lr == id) {
			lr_write(n, lr | LR_PENDING);
			return true;
		}
	}
	return false;
}

void gic_inject(struct cpu *cpu, u32 id)
{
	struct gic_cpu *gic = &cpu->arch.gic;
	u64 free = lr_free();

	if (likely(free == lr_all && gic->queue_first == gic->queue_last)) {
		lr_write_first(lr_value(cpu, id));
		return;
	}
	if (free != lr_all && (id < 16 || id >= lines_first) && lr_join(id, lr_all & ~free))
		return;
	if (free && gic->queue_first == gic->queue_last)
		lr_write(__builtin_ctzl(free), lr_value(cpu, id));
	else
		queue_put(cpu, id);
}

static void refill(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;
	u64 free = lr_free();

	for (; free && gic->queue_first != gic->queue_last; free &= free - 1)
		lr_write(__builtin_ctzl(free),
			 lr_value(cpu, gic->queue[gic->queue_first++ % GIC_QUEUE]));
	if (gic->queue_first == gic->queue_last)
		ich_hcr_write(ICH_HCR_EN);
}

bool gic_is_quiet(void)
{
	return lr_free() == lr_all;
}

/* ---- SGIs ---- */

void gic_sgis_deliver(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;
	u32 sgis = __atomic_fetch_and(&gic->sgis, ~gic->sgi_enabled, __ATOMIC_ACQ_REL) &
		   gic->sgi_enabled;

	for (; sgis; sgis &= sgis - 1)
		gic_inject(cpu, __builtin_ctz(sgis));
}

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.20) for CPUs with this affinity but for its lowest four bits. */
static void sgi_send(u64 affinity, u32 list, u32 id)
{
	u64 value = (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 |
		    (affinity >> 8 & 0xff) << 16 | (affinity >> 4 & 0xf) << 44;

	dsb(ishst);
	sysreg_write(icc_sgi1r_el1, value | (u64)id << 24 | list);
	isb();
}

static void sgi_send_to(const struct cpu *cpu, u32 id)
{
	u64 affinity = cpu->arch.affinity;

	if (gic_is_v2()) {
		dsb(ishst);
		gicd_write(GICD_SGIR, 4, (u32)cpu->arch.gic.mask << 16 | id);
	} else {
		sgi_send(affinity, 1 << (affinity & 0xf), id);
	}
}

void gic_kick(const struct cpu *cpu)
{
	sgi_send_to(cpu, GIC_KICK);
}

static bool sgi_raise(struct cpu *from, struct cpu *to, u32 id)
{
	struct gic_cpu *gic = &to->arch.gic;

	if (to == from && likely(gic->sgi_enabled & BIT(id))) {
		gic_inject(to, id);
		return false;
	}
	__atomic_or_fetch(&gic->sgis, 1u << id, __ATOMIC_ACQ_REL);
	return to != from;
}

static void sgi_to_all_others(struct cpu *cpu, u32 id)
{
	struct cpu *to;

	cell_for_each_cpu (cpu->cell, to)
		if (to != cpu && sgi_raise(cpu, to, id))
			gic_kick(to);
}

void gic_sgi_register(struct cpu *cpu, u64 value)
{
	u32 id = value >> 24 & 0xf, kick = 0;
	u64 affinity = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 |
		       (value >> 16 & 0xff) << 8 | (value >> 44 & 0xf) << 4;
	const struct cluster *cluster = clusters;

	cpu_count_exit(cpu, BH_COUNTER_VIRT_SGI);
	if (unlikely(value & BIT(40))) {
		sgi_to_all_others(cpu, id);
		return;
	}
	while (cluster->key != CLUSTER_KEY(affinity))
		if (++cluster == clusters + cluster_count)
			return;
	for (u32 list = value & 0xffff; list; list &= list - 1) {
		u32 n = __builtin_ctz(list);
		struct cpu *to = cluster->cpu[n] == NO_CPU ? NULL : cpu_get(cluster->cpu[n]);

		/* What is not the cell's is not there, as in hardware. */
		if (to && to->cell == cpu->cell && sgi_raise(cpu, to, id))
			kick |= 1u << n;
	}
	if (kick)
		sgi_send(affinity, kick, GIC_KICK);
}

/* GICD_SGIR of version 2 (IHI 0048B, 4.3.15): to those in a list, to all others, or to oneself. */
void gic_sgi_register_v2(struct cpu *cpu, u32 value)
{
	u32 id = value & 0xf, filter = value >> 24 & 3;
	u8 list = filter == 2 ? cpu->arch.gic.mask : value >> 16 & 0xff;
	struct cpu *to;

	cpu_count_exit(cpu, BH_COUNTER_VIRT_SGI);
	if (filter == 1) {
		sgi_to_all_others(cpu, id);
		return;
	}
	cell_for_each_cpu (cpu->cell, to)
		if (filter < 3 && list & to->arch.gic.mask && sgi_raise(cpu, to, id))
			gic_kick(to);
}

/* ---- physical interrupts ---- */

/* SGIs carry their sender, without which they cannot be deactivated: it is done at once. */
static __noinline u32 acknowledge_v2(void)
{
	u32 value = gicc_read(GICC_IAR), id = value & 0x3ff;

	if (id >= INTID_SPECIAL)
		return id;
	gicc_write(GICC_EOIR, value);
	if (id < 16)
		gicc_write(GICC_DIR, value);
	return id;
}

static u32 acknowledge(void)
{
	u32 id;

	if (unlikely(gic_is_v2()))
		return acknowledge_v2();
	id = sysreg_read(icc_iar1_el1);
	if (id < INTID_SPECIAL || id >= INTID_LPI)
		sysreg_write(icc_eoir1_el1, id); /* drops the priority; LPIs are done with */
	return id;
}

static void deactivate(u32 id)
{
	if (!gic_is_v2())
		sysreg_write(icc_dir_el1, id);
	else if (id >= 16)
		gicc_write(GICC_DIR, id);
}

static __noinline void interrupt_other(struct cpu *cpu, u32 id)
{
	if (id == GIC_KICK) {
		cpu_count_exit(cpu, BH_COUNTER_MANAGEMENT);
		deactivate(id);
		gic_sgis_deliver(cpu);
		lines_deliver(cpu);
	} else if (id == machine.gic.maintenance) {
		cpu_count_exit(cpu, BH_COUNTER_MAINTENANCE);
		refill(cpu);
		deactivate(id);
	} else if (id >= INTID_LPI) {
		/* Only the root has an ITS. */
		if (cpu->cell == &root_cell)
			gic_inject(cpu, id);
	} else if (id < 16) {
		/* Sent in hardware before the core came. */
		deactivate(id);
		if (cpu->cell == &root_cell)
			gic_inject(cpu, id);
	} else if (id < INTID_SPECIAL) {
		vgic_redirect(id);
		deactivate(id);
	}
}

void gic_interrupt(struct cpu *cpu)
{
	u32 id = acknowledge();

	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	if (likely((id - 16 < 16 && id != machine.gic.maintenance) ||
		   (id - INTID_SPI < GIC_SPIS && vgic_owns(cpu->cell, id)))) {
		cpu_count_exit(cpu, BH_COUNTER_VIRT_IRQ);
		gic_inject(cpu, id);
	} else
		interrupt_other(cpu, id);
}

static u32 gicr_read(const struct cpu *cpu, u32 reg)
{
	return mmio_read(paddr_add(cpu->arch.gic.redistributor, reg), 4);
}

static void gicr_write(const struct cpu *cpu, u32 reg, u32 value)
{
	mmio_write(paddr_add(cpu->arch.gic.redistributor, reg), 4, value);
}

/* No guest is there: what comes from a line waits for one, switched off; SPIs go where somebody is. */
void gic_idle_interrupt(struct cpu *cpu)
{
	u32 id = acknowledge();

	if (id >= INTID_SPECIAL)
		return;
	if (id >= 16 && id < INTID_SPI && id != machine.gic.maintenance)
		gicr_write(cpu, GICR_ICENABLER, BIT(id));
	else if (id >= INTID_SPI)
		vgic_redirect(id);
	deactivate(id);
}

/* ---- CPU interface ---- */

static u32 own_lines(void)
{
	return BIT(GIC_KICK) | BIT(machine.gic.maintenance);
}

static void interface_clear(struct cpu *cpu)
{
	ich_clear();
	cpu->arch.gic.queue_first = cpu->arch.gic.queue_last = 0;
}

void gic_cpu_init(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;

	if (gic_is_v2())
		gic->mask = gicd_read(GICD_ITARGETSR, 1); /* of its own lines, a CPU reads itself */
	gic->sgi_enabled = gicr_read(cpu, GICR_ISENABLER);
	for (u32 id = 0; id < 32; id++)
		gic->priority[id] =
			mmio_read(paddr_add(gic->redistributor, GICR_IPRIORITYR + id), 1);
	interface_clear(cpu);
	icc_take();
	gicr_write(cpu, GICR_ISENABLER, own_lines());
	isb();
}

/* A line that was taken from the hardware for a guest that has not seen it is put back. */
static void give_back(struct cpu *cpu, u32 id)
{
	paddr_t gicd = PADDR(machine.gic.gicd);
	u32 bit = id % 32, config;

	if (id < 16) {
		sgi_send_to(cpu, id);
		return;
	}
	if (id >= lines_first)
		return;
	deactivate(id);
	/* What has a level is pending again by itself. */
	if (id < INTID_SPI) {
		config = gicr_read(cpu, GICR_ICFGR1);
		if (config >> (id % 16 * 2) & 2)
			gicr_write(cpu, GICR_ISPENDR, BIT(bit));
		return;
	}
	config = mmio_read(paddr_add(gicd, GICD_ICFGR + id / 16 * 4), 4);
	if (config >> (id % 16 * 2) & 2)
		mmio_write(paddr_add(gicd, GICD_ISPENDR + id / 32 * 4), 4, BIT(bit));
}

void gic_cpu_leave(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;

	gic_sgis_deliver(cpu);
	for (u64 used = lr_all & ~lr_free(); used; used &= used - 1) {
		u64 lr = lr_read(__builtin_ctzl(used));

		/* What is active is deactivated by Linux itself, in hardware then. */
		if (lr & LR_PENDING)
			give_back(cpu, (u32)lr);
	}
	while (gic->queue_first != gic->queue_last)
		give_back(cpu, gic->queue[gic->queue_first++ % GIC_QUEUE]);
	interface_clear(cpu);
	ich_hcr_write(0);
	gicr_write(cpu, GICR_ICENABLER, own_lines() & ~gic->sgi_enabled);
	icc_give_back();
	isb();
}

void gic_cpu_reset(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;

	gicr_write(cpu, GICR_ICENABLER, 0xffff0000 & ~own_lines());
	for (u64 used = lr_all & ~lr_free(); used; used &= used - 1) {
		u64 lr = lr_read(__builtin_ctzl(used));

		if (lr & LR_HW)
			deactivate((u32)lr);
	}
	while (gic->queue_first != gic->queue_last) {
		u32 id = gic->queue[gic->queue_first++ % GIC_QUEUE];

		if (id >= 16 && id < lines_first)
			deactivate(id);
	}
	gicr_write(cpu, GICR_ICACTIVER, 0xffff0000 & ~own_lines());
	gicr_write(cpu, GICR_ICPENDR, 0xffff0000 & ~own_lines());
	interface_clear(cpu);
	ich_vmcr_reset();
	__atomic_store_n(&gic->sgis, 0, __ATOMIC_RELEASE);
	gic->sgi_enabled = 0;
	isb();
}

/*
 * What the guest has pending it will not see; of what it has active, the end does not reach the hardware, where the new owner's
 * may be active by then.
 */
void gic_forget_foreign(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;
	u32 last = gic->queue_first;

	for (u64 used = lr_all & ~lr_free(); used; used &= used - 1) {
		u32 n = __builtin_ctzl(used);
		u64 lr = lr_read(n);

		if (lr & LR_HW && LR_ID(lr) - INTID_SPI < GIC_SPIS &&
		    !vgic_owns(cpu->cell, LR_ID(lr)))
			lr_write(n, lr & LR_ACTIVE ? lr & ~(LR_HW | LR_PENDING | LR_PHYSICAL(0x3ff))
						   : 0);
	}
	for (u32 i = gic->queue_first; i != gic->queue_last; i++) {
		u32 id = gic->queue[i % GIC_QUEUE];

		if (id - INTID_SPI >= GIC_SPIS || vgic_owns(cpu->cell, id))
			gic->queue[last++ % GIC_QUEUE] = id;
	}
	gic->queue_last = last;
}

/*
 * The root's ITS may send to any redistributor. Where a cell has the CPU, LPIs are off, and wait as bits in the root's memory;
 * a redistributor that cannot switch them off any more (IHI 0069, 12.11.2) delivers them to the core, which drops them.
 */
void gic_lpis_follow(struct cpu *cpu)
{
	struct gic_cpu *gic = &cpu->arch.gic;
	u32 ctlr;

	if (gic_is_v2())
		return;
	ctlr = gicr_read(cpu, GICR_CTLR);
	if (cpu->cell == &root_cell && gic->lpis) {
		gic->lpis = false;
		gicr_write(cpu, GICR_CTLR, ctlr | GICR_CTLR_LPIS);
	} else if (cpu->cell != &root_cell && ctlr & GICR_CTLR_LPIS) {
		gic->lpis = true;
		gicr_write(cpu, GICR_CTLR, ctlr & ~GICR_CTLR_LPIS);
	}
}

/* ---- launch ---- */

static void cluster_add(const struct cpu *cpu)
{
	u64 key = CLUSTER_KEY(cpu->arch.affinity);
	u32 i = 0;

	while (i < cluster_count && clusters[i].key != key)
		i++;
	if (i == cluster_count) {
		clusters[cluster_count++].key = key;
		for (u32 n = 0; n < 16; n++)
			clusters[i].cpu[n] = NO_CPU;
	}
	clusters[i].cpu[cpu->arch.affinity & 0xf] = cpu->id;
}

bool gic_init(struct bh_error *error)
{
	struct cpu *cpu;

	if (machine.gic.version != 3 && machine.gic.version != 2)
		return error_set(error, BH_E_IRQCHIP_UNKNOWN, .where = BH_IN_IRQS,
				 .value = machine.gic.gicd);
	lr_all = lr_count() == 64 ? ~0ull : BIT(lr_count()) - 1;
	vgic_init();
	cpu_for_each (cpu) {
		if (!cpu->arch.gic.redistributor.v)
			return error_set(error, BH_E_CPU_FEATURE, .index = cpu->id,
					 .value = BH_FEATURE_REDISTRIBUTOR);
		if (!gic_is_v2())
			cluster_add(cpu);
	}
	return true;
}

/* An SPI that Linux has set aside, made pending: it comes to the root as any other does. Of a cell's it can set aside none. */
void arch_notify(u32 cpu, u32 id)
{
	(void)cpu;
	if (vgic_owns(&root_cell, id))
		mmio_write(PADDR(machine.gic.gicd + GICD_ISPENDR + id / 32 * 4), 4, BIT(id % 32));
}
