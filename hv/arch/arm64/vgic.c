/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distributor and redistributors: every access of a guest is seen. Registers that have a bit or a byte for each interrupt
 * answer for the cell's own and are nothing otherwise. IHI 0069, chapters 12.9 to 12.11; for version 2, whose CPU interface
 * is the virtual one, IHI 0048B, 4.3.
 */
#include <hv/arch/arm64/arm64.h>
#include <hv/arch/arm64/redistributors.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/event.h>
#include <hv/core/lock.h>
#include <hv/core/machine.h>
#include <hv/core/unit.h>

#define INTID_SPECIAL 1020
#define GICD_TYPER 0x0004
#define TYPER_LINES 0x1f /* words of ids, less one */
#define GICD_SETSPI 0x0040
#define GICD_CLRSPI 0x0048
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0c00
#define GICD_IGRPMODR 0x0d00
#define GICD_IROUTER 0x6000
#define GICD_IROUTER_END 0x8000
#define GIC_ID_REGISTERS 0xffd0
#define IROUTER_ANY BIT(31)
#define GICD_SGIR 0x0f00
#define GICD_V2_ID_REGISTERS 0x0fd0
#define GICD_V2_SIZE 0x1000
#define GICD_V3_SIZE 0x10000
#define GICH_SIZE 0x2000
#define GICV_SIZE 0x2000 /* deactivation is on the second page */

#define SPI_WORDS_MAX 32 /* of 32 ids */
#define GICR_CTLR 0x00000
#define GICR_IIDR 0x00004
#define GICR_WAKER 0x00014
#define GICR_SGI 0x10000
#define SGI_PAGE(reg) ((reg)-GICR_SGI)

static struct spinlock vgic_lock; /* around read-modify-write of registers that cells share */
static u8 priorities[1024]; /* of SPIs, as in hardware */
struct gic_frames gic_frames;
static u32 ppis; /* all but the maintenance interrupt */

u8 vgic_priority(u32 id)
{
	return priorities[id];
}

bool vgic_owns(const struct cell *cell, u32 id)
{
	return cell->arch.spis[id / 32] >> (id % 32) & 1;
}

/* ---- distributor ---- */

/* One bit an interrupt: what is written there sets or clears, so that the others' bits are simply left out. */
static inline __attribute__((always_inline)) bool bits_access(struct cpu *cpu,
							      struct mmio_access *access, u32 reg)
{
	u32 own = cpu->cell->arch.spis[(reg & 0x7f) / 4];

	if (unlikely((reg & 0x7f) * 8 >= lines_first)) {
		lines_bits(cpu, access, reg);
		return true;
	}

	if (reg < GICD_ISENABLER) { /* all of them are group 1 */
		access->value = own;
		return true;
	}
	if (access->write)
		gicd_write(reg, 4, access->value & own);
	else
		access->value = gicd_read(reg, 4) & own;
	return true;
}

static bool priority_access(const struct cell *cell, struct mmio_access *access, u32 reg)
{
	u64 value = 0;

	for (u32 i = 0; i < access->width; i++) {
		u32 id = reg - GICD_IPRIORITYR + i;

		if (unlikely(id >= lines_first)) {
			if (id < INTID_SPECIAL)
				value |= (u64)lines_priority_access(cell, id, access->write,
								    access->value >> 8 * i)
					 << 8 * i;
			continue;
		}
		if (!vgic_owns(cell, id))
			continue;
		if (access->write) {
			gicd_write(GICD_IPRIORITYR + id, 1, access->value >> 8 * i & 0xff);
			priorities[id] = gicd_read(GICD_IPRIORITYR + id, 1);
		}
		value |= (u64)priorities[id] << 8 * i;
	}
	access->value = value;
	return true;
}

static bool config_access(const struct cell *cell, struct mmio_access *access, u32 reg)
{
	u32 first = (reg - GICD_ICFGR) * 4, own = 0, value;

	if (unlikely(first >= lines_first)) {
		access->value = lines_config(reg);
		return true;
	}
	for (u32 i = 0; i < 16; i++)
		if (vgic_owns(cell, first + i))
			own |= 3u << 2 * i;
	spin_lock(&vgic_lock);
	value = gicd_read(reg, 4);
	if (access->write)
		gicd_write(reg, 4, (value & ~own) | (access->value & own));
	else
		access->value = value & own;
	spin_unlock(&vgic_lock);
	return true;
}

/* The CPU of the cell that is meant; NULL: none. */
static struct cpu *route_cpu(const struct cell *cell, u64 route)
{
	struct cpu *cpu;

	if (route & IROUTER_ANY)
		return NULL;
	cell_for_each_cpu (cell, cpu)
		if (cpu->arch.affinity == (route & AFFINITY_MASK))
			return cpu;
	return NULL;
}

static bool route_access(struct cpu *cpu, struct mmio_access *access, u32 reg)
{
	const struct cell *cell = cpu->cell;
	u32 at = ALIGN_DOWN(reg, 8), shift = reg % 8 * 8, id = (reg - GICD_IROUTER) / 8;
	bool is_line = id >= lines_first && id < INTID_SPECIAL;
	struct cpu *to;
	u64 old, value;

	if (!is_line && !vgic_owns(cell, id)) {
		access->value = 0;
		return true;
	}
	old = is_line ? lines_cpu(cell, id)->arch.affinity : gicd_read(at, 8);
	if (!access->write) {
		access->value = access->width == 8 ? old : (u32)(old >> shift);
		return true;
	}
	value = access->width == 8 ? access->value
				   : (old & ~(0xffffffffull << shift)) | access->value << shift;
	to = route_cpu(cell, value);
	if (!to)
		return cell == &root_cell; /* the root's wish is dropped */
	if (is_line)
		lines_cpu_set(cpu, id, to);
	else
		gicd_write(at, 8, value);
	return true;
}

/* The same of version 2: a byte for each interrupt, with a bit for each CPU. */
static bool targets_access(struct cpu *cpu, struct mmio_access *access, u32 reg)
{
	const struct cell *cell = cpu->cell;
	u64 value = 0;
	u8 cpus = 0;
	struct cpu *to;

	cell_for_each_cpu (cell, to)
		cpus |= to->arch.gic.mask;
	for (u32 i = 0; i < access->width; i++) {
		u32 id = reg - GICD_ITARGETSR + i;
		u8 targets = access->value >> 8 * i & 0xff;

		if (id < 32) {
			value |= (u64)cpu->arch.gic.mask << 8 * i;
			continue;
		}
		if (id >= lines_first && id < INTID_SPECIAL) {
			cell_for_each_cpu (cell, to)
				if (access->write && targets & to->arch.gic.mask)
					lines_cpu_set(cpu, id, to);
			value |= (u64)lines_cpu(cell, id)->arch.gic.mask << 8 * i;
			continue;
		}
		if (!vgic_owns(cell, id))
			continue;
		if (access->write && targets & ~cpus) {
			if (cell != &root_cell)
				return false;
			targets &= cpus; /* the root's wish is dropped */
		}
		if (access->write && targets)
			gicd_write(GICD_ITARGETSR + id, 1, targets);
		value |= gicd_read(GICD_ITARGETSR + id, 1) << 8 * i;
	}
	if (!access->write)
		access->value = value;
	return true;
}

static bool spi_message(const struct cell *cell, const struct mmio_access *access, u32 reg)
{
	u32 id = access->value & 0x3ff;

	if (id < 1020 && vgic_owns(cell, id))
		gicd_write(reg, 4, id);
	return true;
}

/* ---- redistributors ---- */

static paddr_t gicr_at(const struct cpu *cpu, u32 reg)
{
	return paddr_add(cpu->arch.gic.redistributor, reg);
}

/* SGIs are the core's to imagine, PPIs are in hardware, and two lines are the core's own. */
static __noinline void sgi_bits_write(struct cpu *cpu, struct cpu *owner, u32 reg, u32 value)
{
	struct gic_cpu *gic = &owner->arch.gic;
	u32 sgis = value & 0xffff;

	switch (SGI_PAGE(reg)) {
	case GICD_ISENABLER:
		__atomic_or_fetch(&gic->sgi_enabled, sgis, __ATOMIC_ACQ_REL);
		break;
	case GICD_ICENABLER:
		__atomic_and_fetch(&gic->sgi_enabled, ~sgis, __ATOMIC_ACQ_REL);
		break;
	case GICD_ISPENDR:
		__atomic_or_fetch(&gic->sgis, sgis, __ATOMIC_ACQ_REL);
		break;
	case GICD_ICPENDR:
		__atomic_and_fetch(&gic->sgis, ~sgis, __ATOMIC_ACQ_REL);
		break;
	}
	if (value & ppis)
		mmio_write(gicr_at(owner, reg), 4, value & ppis);
	if (!sgis)
		return;
	if (owner == cpu)
		gic_sgis_deliver(cpu);
	else
		gic_kick(owner);
}

static u32 sgi_bits_read(const struct cpu *owner, u32 reg)
{
	u32 value = mmio_read(gicr_at(owner, reg), 4) & ppis;

	if (SGI_PAGE(reg) < GICD_ISPENDR)
		value |= owner->arch.gic.sgi_enabled;
	else if (SGI_PAGE(reg) < GICD_ISACTIVER)
		value |= owner->arch.gic.sgis;
	return value;
}

/* One bit for each of them; false: it is another register. */
static inline bool sgi_bits_access(struct cpu *cpu, struct cpu *owner, struct mmio_access *access,
				   u32 reg)
{
	u32 page = SGI_PAGE(reg);

	if (unlikely(page - GICD_ISENABLER >= GICD_IPRIORITYR - GICD_ISENABLER || page % 0x80 ||
		     access->width != 4))
		return false;
	if (access->write)
		sgi_bits_write(cpu, owner, reg, access->value);
	else
		access->value = sgi_bits_read(owner, reg);
	return true;
}

static void sgi_priorities(struct cpu *owner, struct mmio_access *access, u32 reg)
{
	u64 value = 0;

	for (u32 i = 0; i < access->width; i++) {
		u32 id = SGI_PAGE(reg) - GICD_IPRIORITYR + i;
		u8 *priority = &owner->arch.gic.priority[id];

		if (access->write) {
			*priority = access->value >> 8 * i & 0xff;
			if (BIT(id) & ppis)
				mmio_write(gicr_at(owner, reg + i), 1, *priority);
		}
		value |= (u64)*priority << 8 * i;
	}
	access->value = value;
}

static bool sgi_page_access(struct cpu *cpu, struct cpu *owner, struct mmio_access *access, u32 reg)
{
	u32 page = SGI_PAGE(reg);

	if (sgi_bits_access(cpu, owner, access, reg))
		return true;
	if (page >= GICD_IPRIORITYR && page < GICD_IPRIORITYR + 32 && access->width <= 4) {
		sgi_priorities(owner, access, reg);
		return true;
	}
	if (access->width != 4)
		return false;
	if (page == GICD_ICFGR + 4 && access->write)
		mmio_write(gicr_at(owner, reg), 4, access->value);
	else if (page == GICD_ICFGR || page == GICD_ICFGR + 4)
		access->value = mmio_read(gicr_at(owner, reg), 4);
	else
		access->value = page == GICD_IGROUPR ? ~0u : 0;
	return true;
}

static __noinline bool distributor_other(struct cpu *cpu, struct mmio_access *access, u32 reg)
{
	const struct cell *cell = cpu->cell;

	access->kind = BH_KIND_IRQ;
	if (reg & (access->width - 1))
		return false;
	if (reg >= GICD_IPRIORITYR && reg < GICD_ITARGETSR && access->width <= 4)
		return priority_access(cell, access, reg);
	if (reg >= GICD_IROUTER && reg < GICD_IROUTER_END && access->width >= 4)
		return route_access(cpu, access, reg);
	if (access->width != 4)
		return false;
	if (reg >= GICD_ICFGR && reg < GICD_IGRPMODR)
		return config_access(cell, access, reg);
	if (access->write)
		return reg == GICD_SETSPI || reg == GICD_CLRSPI ? spi_message(cell, access, reg)
								: true;
	access->value = reg < GICD_SETSPI || reg >= GIC_ID_REGISTERS ? gicd_read(reg, 4) : 0;
	/* The root has looked before there were lines, and does not look again. */
	if (reg == GICD_TYPER && cell != &root_cell)
		access->value |= lines_first < INTID_SPECIAL ? TYPER_LINES : 0;
	return true;
}

bool vgic_distributor(struct cpu *cpu, struct mmio_access *access)
{
	u32 reg = access->address.v - machine.gic.gicd;

	if (likely(access->width == 4 && reg - GICD_IGROUPR < GICD_IPRIORITYR - GICD_IGROUPR &&
		   !(reg & 3)))
		return bits_access(cpu, access, reg);
	return distributor_other(cpu, access, reg);
}

/* That of version 2, where the first 32 interrupts and SGIs are as well. */
static bool distributor_v2(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	u32 reg = access->address.v - machine.gic.gicd;
	bool own_lines = reg >= GICD_ISENABLER && reg < GICD_IPRIORITYR && !(reg & 0x7f);

	(void)arg;
	access->kind = BH_KIND_IRQ;
	if (reg & (access->width - 1))
		return false;
	if (own_lines || (reg >= GICD_IPRIORITYR && reg < GICD_IPRIORITYR + 32) ||
	    reg - GICD_ICFGR < 8)
		return sgi_page_access(cpu, cpu, access, GICR_SGI + reg);
	if (reg >= GICD_ITARGETSR && reg < GICD_ICFGR && access->width <= 4)
		return targets_access(cpu, access, reg);
	if (access->width == 4 && reg == GICD_SGIR && access->write) {
		gic_sgi_register_v2(cpu, access->value);
		return true;
	}
	/* No groups, no messages; identification is further down. */
	if (reg >= GICD_SETSPI && (reg < GICD_ISENABLER || reg >= GICD_IGRPMODR)) {
		access->value = reg >= GICD_V2_ID_REGISTERS && !access->write
					? gicd_read(reg, access->width)
					: 0;
		return access->width == 4;
	}
	return reg < GICD_IPRIORITYR && reg >= GICD_ISENABLER && access->width == 4
		       ? bits_access(cpu, access, reg)
		       : distributor_other(cpu, access, reg);
}

/* The first page: the root runs LPIs there, which cells have none of. Who a redistributor belongs to is no secret. */
static bool rd_page_access(const struct cpu *cpu, const struct cpu *owner,
			   struct mmio_access *access, u32 reg)
{
	bool mine = owner->cell == cpu->cell;
	bool is_public = reg == GICR_IIDR || (reg & ~4u) == GICR_TYPER || reg >= GIC_ID_REGISTERS;
	bool pass = mine && (cpu->cell == &root_cell ||
			     (!access->write && (reg == GICR_CTLR || reg == GICR_WAKER)));

	if (access->width < 4)
		return false;
	if (access->write && pass)
		mmio_write(gicr_at(owner, reg), access->width, access->value);
	else if (!access->write)
		access->value =
			pass || is_public ? mmio_read(gicr_at(owner, reg), access->width) : 0;
	return true;
}

static __noinline bool redistributor_access(struct cpu *cpu, struct mmio_access *access)
{
	u64 reg;
	struct cpu *owner = redistributor_owner(access->address.v, &reg);

	access->kind = BH_KIND_IRQ;
	if (reg & (access->width - 1))
		return false;
	if (!owner || (reg >= GICR_SGI && owner->cell != cpu->cell) || reg >= GICR_STRIDE) {
		access->value = 0;
		return true;
	}
	return reg >= GICR_SGI ? sgi_page_access(cpu, owner, access, reg)
			       : rd_page_access(cpu, owner, access, reg);
}

bool vgic_redistributor(struct cpu *cpu, struct mmio_access *access)
{
	u64 own = access->address.v - cpu->arch.gic.redistributor.v;

	return likely(own < GICR_STRIDE && sgi_bits_access(cpu, cpu, access, own)) ||
	       redistributor_access(cpu, access);
}

static bool redistributor_apart(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	(void)arg;
	return vgic_redistributor(cpu, access);
}

/* ---- what cells find, and what nobody has ---- */

bool arch_keeps(u64 start, u64 size)
{
	return arch_cell_shows(start, size) ||
	       (gic_is_v2() && (ranges_overlap(start, size, machine.gic.gich, GICH_SIZE) ||
				ranges_overlap(start, size, machine.gic.gicv, GICV_SIZE)));
}

static u64 distributor_size(void)
{
	return gic_is_v2() ? GICD_V2_SIZE : GICD_V3_SIZE;
}

bool arch_cell_shows(u64 virt, u64 size)
{
	for (u32 i = 0; i < ARRAY_SIZE(machine.gic.gicr); i++)
		if (ranges_overlap(virt, size, machine.gic.gicr[i].start, machine.gic.gicr[i].size))
			return true;
	return ranges_overlap(virt, size, machine.gic.gicd, distributor_size()) ||
	       (gic_is_v2() && ranges_overlap(virt, size, machine.gic.gicc, GICV_SIZE));
}

u32 arch_cell_table_pages(void)
{
	return gic_is_v2() ? table_pages_needed(machine.gic.gicc, GICV_SIZE) : 0;
}

/* What is asked first, before what is here, is in gic_frames. */
bool vgic_attach(struct cell *cell)
{
	if (!gic_is_v2()) {
		for (u32 i = 1; i < ARRAY_SIZE(machine.gic.gicr); i++)
			if (machine.gic.gicr[i].size &&
			    !mmio_add(&cell->mmio, machine.gic.gicr[i].start,
				      machine.gic.gicr[i].size, redistributor_apart, NULL))
				return false;
		return true;
	}
	/* The guest's CPU interface is the virtual one, where it looks for the physical. */
	mmio_add(&cell->mmio, machine.gic.gicd, GICD_V2_SIZE, distributor_v2, NULL);
	table_map(&cell->table, GPA(machine.gic.gicc), PADDR(machine.gic.gicv), GICV_SIZE,
		  TABLE_READ | TABLE_WRITE | TABLE_DEVICE);
	return true;
}

void arch_root_take(void)
{
	table_set_owner(&root_cell.table, machine.gic.gicd, distributor_size(), BH_OWNER_CORE,
			false);
	for (u32 i = 0; i < ARRAY_SIZE(machine.gic.gicr); i++)
		if (machine.gic.gicr[i].size)
			table_set_owner(&root_cell.table, machine.gic.gicr[i].start,
					machine.gic.gicr[i].size, BH_OWNER_CORE, false);
	if (gic_is_v2()) {
		table_set_owner(&root_cell.table, machine.gic.gich, GICH_SIZE, BH_OWNER_CORE,
				false);
		table_set_owner(&root_cell.table, machine.gic.gicv, GICV_SIZE, BH_OWNER_CORE,
				false);
	}
	vgic_attach(&root_cell);
}

static u32 spi_words(void)
{
	return MIN((gicd_read(GICD_TYPER, 4) & 0x1f) + 1, (u64)32);
}

void vgic_init(void)
{
	struct cpu *cpu;

	gic_frames = (struct gic_frames){machine.gic.gicd, gic_is_v2() ? 0 : distributor_size(),
					 machine.gic.gicr[0].start, machine.gic.gicr[0].size};
	ppis = 0xffff0000 & ~BIT(machine.gic.maintenance);
	for (u32 word = 1; word < spi_words(); word++)
		root_cell.arch.spis[word] = ~0u;
	root_cell.arch.spis[31] &= 0x0fffffff; /* 1020 and on are no interrupts */
	for (u32 id = 32; id < spi_words() * 32; id++)
		priorities[id] = gicd_read(GICD_IPRIORITYR + id, 1);
	lines_init(spi_words() * 32);
	lines_reset(&root_cell);
	if (!gic_is_v2()) {
		redistributors_find();
		return;
	}
	cpu_for_each (cpu)
		cpu->arch.gic.redistributor = PADDR(machine.gic.gicd - GICR_SGI);
}

/* ---- SPIs of cells ---- */

/* To the first CPU of the cell. */
static void spi_route(u32 id, const struct cell *cell)
{
	struct cpu *cpu;

	cell_for_each_cpu (cell, cpu) {
		if (gic_is_v2())
			gicd_write(GICD_ITARGETSR + id, 1, cpu->arch.gic.mask);
		else
			gicd_write(GICD_IROUTER + 8 * id, 8, cpu->arch.affinity);
		return;
	}
}

void vgic_redirect(u32 id)
{
	struct cell *cell;

	cell_for_each (cell)
		if (vgic_owns(cell, id))
			spi_route(id, cell);
}

/* Of the SPIs whose ids the word has, those that the cell shall have. */
static u32 listed(const struct bh_cell_desc *desc, u32 word)
{
	u32 bits = 0;

	for (u32 i = 0; i < desc->irqs.count; i++) {
		const struct bh_irqs *irqs = &desc_irqs(desc)[i];
		u32 own = word - 1 - irqs->first / 32;

		if (own < ARRAY_SIZE(irqs->pins))
			bits |= irqs->pins[own];
	}
	return bits;
}

/* What there is on other machines and in no cell of this architecture. */
static bool is_here(const struct bh_cell_desc *desc, struct bh_error *error)
{
	if (desc->pci.count && !machine.mmconfig_base)
		return error_set(error, BH_E_PCI_NONE, .where = BH_IN_PCI,
				 .index = desc_pci(desc)->bdf, .value = desc_pci(desc)->bdf);
	if (desc->pio.count)
		return error_set(error, BH_E_PIO_NONE, .where = BH_IN_PIO,
				 .value = desc_pio(desc)->base);
	return true;
}

static bool pins_check(u32 word, u32 bits, struct bh_error *error)
{
	struct cell *cell;

	for (; bits; bits &= bits - 1) {
		u32 pin = (word - 1) * 32 + __builtin_ctz(bits);

		if (pin + 32 >= MIN(spi_words() * 32, (u32)INTID_SPECIAL))
			return error_set(error, BH_E_IRQ_RANGE, .where = BH_IN_IRQS, .value = pin,
					 .limit = (spi_words() - 1) * 32);
		/* By which the core notifies the root. */
		if (pin + 32 == notify_vector())
			return error_set(error, BH_E_IRQ_OWNED, .where = BH_IN_IRQS, .value = pin,
					 .owner = BH_OWNER_CORE);
		cell_for_each (cell)
			if (cell != &root_cell && vgic_owns(cell, pin + 32))
				return error_set(error, BH_E_IRQ_OWNED, .where = BH_IN_IRQS,
						 .value = pin, .owner = cell->id);
	}
	return true;
}

static bool gic_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	if (!is_here(desc, error))
		return false;
	for (u32 i = 0; i < desc->irqs.count; i++) {
		const struct bh_irqs *irqs = &desc_irqs(desc)[i];

		if (irqs->address != machine.gic.gicd)
			return error_set(error, BH_E_IRQCHIP_UNKNOWN, .where = BH_IN_IRQS,
					 .index = i, .value = irqs->address);
		/* Some of its bits would be of no interrupt at all, and 128 more behind the first would wrap. */
		if (irqs->first >= SPI_WORDS_MAX * 32)
			return error_set(error, BH_E_IRQ_RANGE, .where = BH_IN_IRQS, .index = i,
					 .value = irqs->first, .limit = (spi_words() - 1) * 32);
	}
	for (u32 word = 1; word < SPI_WORDS_MAX + ARRAY_SIZE(((struct bh_irqs *)0)->pins); word++)
		if (!pins_check(word, listed(desc, word), error))
			return false;
	return true;
}

static u32 gic_pages(const struct bh_cell_desc *desc)
{
	(void)desc;
	return 0;
}

static void spis_quiet(const struct cell *cell)
{
	for (u32 word = 1; word < spi_words(); word++) {
		if (!cell->arch.spis[word])
			continue;
		gicd_write(GICD_ICENABLER + 4 * word, 4, cell->arch.spis[word]);
		gicd_write(GICD_ICACTIVER + 4 * word, 4, cell->arch.spis[word]);
		gicd_write(GICD_ICPENDR + 4 * word, 4, cell->arch.spis[word]);
	}
}

static void spis_route(const struct cell *cell, const struct cell *to)
{
	for (u32 word = 1; word < spi_words(); word++)
		for (u32 bits = cell->arch.spis[word]; bits; bits &= bits - 1)
			spi_route(32 * word + __builtin_ctz(bits), to);
}

static void gic_assign(struct cell *cell)
{
	for (u32 word = 1; word < spi_words(); word++) {
		u32 bits = listed(cell->desc, word);

		cell->arch.spis[word] = bits;
		if (!bits)
			continue;
		cell->arch.spis_were_enabled[word] = gicd_read(GICD_ISENABLER + 4 * word, 4) & bits;
		root_cell.arch.spis[word] &= ~bits;
	}
	spis_quiet(cell);
	spis_route(cell, cell);
}

static void gic_reset(struct cell *cell)
{
	spis_quiet(cell);
}

static void gic_release(struct cell *cell)
{
	spis_quiet(cell);
	spis_route(cell, &root_cell);
	for (u32 word = 1; word < spi_words(); word++) {
		u32 bits = cell->arch.spis[word];

		cell->arch.spis[word] = 0;
		root_cell.arch.spis[word] |= bits;
		if (bits)
			gicd_write(GICD_ISENABLER + 4 * word, 4,
				   cell->arch.spis_were_enabled[word]);
	}
}

const struct unit gic_unit = {
	.name = "interrupt lines",
	.check = gic_check,
	.pages = gic_pages,
	.assign = gic_assign,
	.reset = gic_reset,
	.release = gic_release,
};
