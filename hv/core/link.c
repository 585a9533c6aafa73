/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device is that of docs/links.md. Messages and masks: PCI Local Bus Specification 3.0, 6.8. */
#include <bulkhead/link.h>
#include <hv/core/arch.h>
#include <hv/core/cell.h>
#include <hv/core/error.h>
#include <hv/core/machine.h>
#include <hv/core/string.h>
#include <hv/core/unit.h>

#define CONFIG_ID 0x00
#define CONFIG_COMMAND 0x04
#define CONFIG_CLASS 0x08
#define CONFIG_BAR0 0x10
#define CONFIG_BAR1 0x14
#define CONFIG_SUBSYSTEM 0x2c
#define CONFIG_CAPABILITIES 0x34
#define CONFIG_INTERRUPT 0x3c
#define CONFIG_VENDOR 0x40
#define CONFIG_MSIX 0x60
#define CONFIG_END 0x80

#define DEVICE_ID ((u32)BH_LINK_PCI_DEVICE << 16 | BH_LINK_PCI_VENDOR)
#define COMMAND_MEMORY BIT(1)
#define COMMAND_MASTER BIT(2)
#define COMMAND_INTX_OFF BIT(10)
#define COMMAND_WRITABLE (COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF)
#define STATUS_CAPABILITIES BIT(20)
#define BAR_SIZE PAGE_SIZE
#define CAP_VENDOR 0x09
#define CAP_VENDOR_SIZE 0x20
#define CAP_MSIX 0x11
#define PRIVILEGED_ONE_SHOT (BH_LINK_CAP_ONE_SHOT << 8 * BH_LINK_CAP_PRIVILEGED)
#define MSIX_ENABLE BIT(31)
#define MSIX_MASK_ALL BIT(30)
#define MSIX_BAR 1
#define MSIX_PBA 0x100
#define MSIX_END 0x200
#define ENTRY_MASKED BIT(0)

/* A doorbell's path is to be short; everything else is to be small. */
#define __slow __attribute__((cold, noinline))

struct link_slot {
	struct spinlock lock;
	struct link_port *port; /* NULL: the peer is not there */
};

struct link {
	u32 users; /* cells that have claimed it */
	u32 clearing; /* the cell whose job clears the memory; 0: none */
	struct bh_link what; /* as the first cell described it */
	struct link_slot slot[BH_LINK_PEERS_MAX];
	struct link_port root; /* the root's, if it is a peer */
};

static struct link links[BH_LINKS_MAX];

/* Which port of the root decodes a page of its window. Links are never freed: a stale one decodes nothing. */
static struct link_port *root_pages[BH_ROOT_LINKS_SIZE / PAGE_SIZE];

/* ---- interrupts ---- */

/* Which of the four pins a device has (PCI-to-PCI Bridge Architecture Specification 1.2, 9.1): INTA is 0. */
static u32 port_pin(const struct link_port *port)
{
	return port->bdf >> 3 & 3;
}

/* With the slot's lock. A vector that cannot be sent stays pending. */
static inline void port_deliver(struct link_port *port)
{
	u32 ready = port->pending & port->live;

	while (ready && port->enabled) {
		u32 vector = __builtin_ctz(ready);

		ready &= ready - 1;
		port->pending &= ~BIT(vector);
		if (port->privileged & PRIVILEGED_ONE_SHOT)
			port->enabled = 0;
		if (ARCH_LINK_PINS)
			arch_pin_raise(port->cell, port_pin(port));
		else
			arch_msi_send(port->message[vector], port->entry[vector][2]);
	}
}

/* Not inlined, so that a doorbell which nobody hears saves no registers. True, for who ends with it. */
static __noinline bool slot_raise(struct link_slot *slot, u32 vector, bool rung)
{
	struct link_port *port;

	spin_lock(&slot->lock);
	port = slot->port;
	if (likely(port && vector < port->vectors)) {
		port->status->received += rung;
		port->pending |= BIT(vector);
		port_deliver(port);
	}
	spin_unlock(&slot->lock);
	return true;
}

static inline bool doorbell(struct link_port *port, u32 value)
{
	struct bh_link_peer_status *status = port->status;
	struct link *link = port->link;
	u32 target = value >> 16;

	/* Several CPUs of a cell may ring at once. */
	__atomic_fetch_add(&status->rung, 1, __ATOMIC_RELAXED);
	status->active = arch_ticks();
	/* Asked again with the lock: a peer comes and goes. */
	if (unlikely(target >= BH_LINK_PEERS_MAX) || unlikely(!READ_ONCE(link->slot[target].port)))
		return true;
	return slot_raise(&link->slot[target], value & 0xffff, true);
}

/*
 * Which vectors may be sent. false: one of them has a message that the cell may not send. The root's are then only
 * not sent: what Linux writes is no reason to refuse it, and a CPU it names may have gone to a cell.
 */
static __slow bool port_vectors(struct link_port *port)
{
	port->live = 0;
	if (ARCH_LINK_PINS) {
		port->live = port->command & COMMAND_INTX_OFF ? 0 : (u16)~0;
		return true;
	}
	if (!(port->msix_control & MSIX_ENABLE) || port->msix_control & MSIX_MASK_ALL ||
	    !(port->command & COMMAND_MASTER))
		return true;
	for (u32 vector = 0; vector < port->vectors; vector++) {
		const u32 *entry = port->entry[vector];
		u64 address = arch_msi_resolve(port->cell, entry[0] | (u64)entry[1] << 32);

		if (entry[3] & ENTRY_MASKED)
			continue;
		if (arch_msi_allowed(port->cell, address, entry[2])) {
			port->message[vector] = address;
			port->live |= BIT(vector);
		} else if (port->cell != &root_cell) {
			return false;
		}
	}
	return true;
}

/* Change one of the port's words, unless a forbidden message would be sent then. */
static __slow bool port_change(struct link_port *port, u32 *word, u32 value)
{
	struct link_slot *slot = &port->link->slot[port->id];
	u32 former;
	bool good;

	spin_lock(&slot->lock);
	former = *word;
	*word = value;
	good = port_vectors(port);
	if (!good) {
		*word = former;
		port_vectors(port);
	}
	port_deliver(port);
	spin_unlock(&slot->lock);
	return good;
}

/* ---- the state table ---- */

static u32 *state_word(const struct link_port *port)
{
	return (u32 *)phys_to_virt(PADDR(port->link->what.phys)) + port->id;
}

static __slow void state_set(const struct link_port *port, u32 state)
{
	struct link *link = port->link;

	if (__atomic_exchange_n(state_word(port), state, __ATOMIC_SEQ_CST) == state)
		return;
	port->status->state = state;
	port->status->active = arch_ticks();
	for (u32 id = 0; id < link->what.peers; id++)
		if (id != port->id)
			slot_raise(&link->slot[id], BH_LINK_VECTOR_STATE, false);
}

__slow void link_offline(const struct cell *cell)
{
	for (u32 i = 0; i < cell->link.count; i++)
		state_set(&cell->link.ports[i], 0);
}

/* ---- BARs ---- */

static __slow bool registers_rare(struct link_port *port, struct mmio_access *access, u32 reg)
{
	if (access->write) {
		if (reg == BH_LINK_REG_ENABLE)
			port_change(port, &port->enabled, access->value & 1);
		else if (reg == BH_LINK_REG_STATE)
			state_set(port, access->value);
		return true;
	}
	access->value = reg == BH_LINK_REG_ID	    ? port->id
			: reg == BH_LINK_REG_PEERS  ? port->link->what.peers
			: reg == BH_LINK_REG_ENABLE ? READ_ONCE(port->enabled)
			: reg == BH_LINK_REG_STATE  ? READ_ONCE(*state_word(port))
						    : 0;
	return true;
}

static __slow bool msix_access(struct link_port *port, struct mmio_access *access, u32 offset)
{
	u32 *word = &port->entry[offset / 16 % BH_LINK_VECTORS_MAX][offset / 4 % 4];
	bool table = offset / 16 < port->vectors;
	bool pba = offset >= MSIX_PBA && offset < MSIX_END && !access->write;

	access->kind = BH_KIND_PCI;
	if (access->width != 4 || offset & 3 || !(table || pba))
		return false;
	if (!access->write)
		access->value = table ? READ_ONCE(*word) : 0;
	return !access->write || port_change(port, word, access->value);
}

static inline bool port_decodes(const struct link_port *port, gpa_t address)
{
	return port->command & COMMAND_MEMORY &&
	       (address.v - port->bar[0] < BAR_SIZE ||
		(!ARCH_LINK_PINS && address.v - port->bar[1] < BAR_SIZE));
}

/* Not inlined, or the search for the port would save its registers too. @offset is that into BAR 0. */
static __noinline bool port_access(struct link_port *port, struct mmio_access *access, u64 offset)
{
	if (likely(offset == BH_LINK_REG_DOORBELL && access->write))
		return doorbell(port, access->value);
	return offset < BAR_SIZE ? registers_rare(port, access, offset)
				 : msix_access(port, access, access->address.v - port->bar[1]);
}

bool link_access(struct cpu *cpu, struct mmio_access *access)
{
	const struct link_cell *link = &cpu->cell->link;

	for (u32 i = 0; i < link->count; i++)
		if (port_decodes(&link->ports[i], access->address))
			return port_access(&link->ports[i], access,
					   access->address.v - link->ports[i].bar[0]);
	return false;
}

bool link_root_access(struct cpu *cpu, struct mmio_access *access, void *arg)
{
	u32 page = (access->address.v - machine.root_links) / PAGE_SIZE;
	struct link_port *port = READ_ONCE(root_pages[page]);

	(void)cpu;
	(void)arg;
	if (page >= BH_LINKS_MAX && port && port_decodes(port, access->address))
		return port_access(port, access, access->address.v - port->bar[0]);
	if (page < BH_LINKS_MAX && port)
		return pci_port_access(port, access);
	access->value = ~0ull >> (64 - access->width * 8); /* as a bus where nobody answers */
	return true;
}

/* After a change of BARs or of decoding. One that lies elsewhere is decoded nowhere. */
static __slow void root_decode(struct link_port *port)
{
	for (u32 page = BH_LINKS_MAX; page < ARRAY_SIZE(root_pages); page++) {
		u64 at = machine.root_links + page * PAGE_SIZE;
		bool decodes = port->command & COMMAND_MEMORY &&
			       (port->bar[0] == at || (!ARCH_LINK_PINS && port->bar[1] == at));

		if (decodes)
			WRITE_ONCE(root_pages[page], port);
		else if (root_pages[page] == port)
			WRITE_ONCE(root_pages[page], NULL);
	}
}

/* ---- configuration space ---- */

static __slow u32 config_read_msix(const struct link_port *port, u16 reg)
{
	switch (reg) {
	case CONFIG_MSIX:
		return CAP_MSIX | (port->vectors - 1u) << 16 | port->msix_control;
	case CONFIG_MSIX + 0x04:
		return MSIX_BAR;
	default:
		return MSIX_PBA | MSIX_BAR;
	}
}

__slow u32 link_config_read(const struct link_port *port, u16 reg)
{
	const struct bh_link *what = &port->link->what;

	if (reg >= CONFIG_END)
		return ~0u;
	switch (reg) {
	case CONFIG_ID:
	case CONFIG_SUBSYSTEM:
		return DEVICE_ID;
	case CONFIG_COMMAND:
		return port->command | STATUS_CAPABILITIES;
	case CONFIG_CLASS:
		return (u32)BH_LINK_PCI_CLASS << 24 | (u32)what->protocol << 8;
	case CONFIG_BAR0:
		return port->bar[0];
	case CONFIG_BAR1:
		return port->bar[1];
	case CONFIG_CAPABILITIES:
		return CONFIG_VENDOR;
	case CONFIG_INTERRUPT:
		return ARCH_LINK_PINS ? (port_pin(port) + 1) << 8 : 0;
	case CONFIG_VENDOR:
		return CAP_VENDOR | (ARCH_LINK_PINS ? 0 : CONFIG_MSIX) << 8 |
		       CAP_VENDOR_SIZE << 16 | port->privileged;
	case CONFIG_VENDOR + BH_LINK_CAP_STATE_SIZE:
		return BH_LINK_STATE_SIZE;
	case CONFIG_VENDOR + BH_LINK_CAP_RW_SIZE:
		return what->rw_size;
	case CONFIG_VENDOR + BH_LINK_CAP_RW_SIZE + 4:
		return what->rw_size >> 32;
	case CONFIG_VENDOR + BH_LINK_CAP_OUTPUT_SIZE:
		return what->output_size;
	case CONFIG_VENDOR + BH_LINK_CAP_OUTPUT_SIZE + 4:
		return what->output_size >> 32;
	case CONFIG_VENDOR + BH_LINK_CAP_BASE:
		return port->base;
	case CONFIG_VENDOR + BH_LINK_CAP_BASE + 4:
		return port->base >> 32;
	case CONFIG_MSIX:
	case CONFIG_MSIX + 0x04:
	case CONFIG_MSIX + 0x08:
		return ARCH_LINK_PINS ? 0 : config_read_msix(port, reg);
	default:
		return 0;
	}
}

__slow bool link_config_write(struct link_port *port, u16 reg, u32 mask, u32 value)
{
	u32 *word, writable;

	if (reg >= CONFIG_END)
		return false;
	switch (reg) {
	case CONFIG_COMMAND:
		word = &port->command;
		writable = COMMAND_WRITABLE;
		break;
	case CONFIG_BAR1:
		if (ARCH_LINK_PINS)
			return true;
		/* fall through */
	case CONFIG_BAR0:
		word = &port->bar[(reg - CONFIG_BAR0) / 4];
		writable = ~((u32)BAR_SIZE - 1);
		break;
	case CONFIG_VENDOR:
		word = &port->privileged;
		writable = PRIVILEGED_ONE_SHOT;
		break;
	case CONFIG_MSIX:
		if (ARCH_LINK_PINS)
			return true;
		word = &port->msix_control;
		writable = MSIX_ENABLE | MSIX_MASK_ALL;
		break;
	default:
		return true;
	}
	mask &= writable;
	if (!port_change(port, word, (*word & ~mask) | (value & mask)))
		return false;
	if (port->cell == &root_cell)
		root_decode(port);
	return true;
}

/* ---- the unit ---- */

/* The link's memory as peer @id has it, in up to five pieces of equal rights, in order. */
static __slow u64 piece_of(const struct bh_link *link, u32 id, u32 i, u32 *flags)
{
	const u64 sizes[] = {BH_LINK_STATE_SIZE, link->rw_size, id * link->output_size,
			     link->output_size, (link->peers - id - 1u) * link->output_size};

	*flags = i == 1 || i == 3 ? TABLE_READ | TABLE_WRITE : TABLE_READ;
	return sizes[i];
}
#define PIECES 5

static __slow bool memory_check(const struct bh_link *link, u32 i, struct bh_error *error)
{
	struct table_entry foreign = {.start = link->phys, .owner = BH_OWNER_NOBODY};
	u64 size = link_size(link);
	bool kept = machine_is_platform(link->phys, size);

	if (kept)
		foreign.owner = BH_OWNER_CORE;
	if (link->root_vectors && !machine.root_links)
		return error_set(error, BH_E_LINK_NO_WINDOW, .where = BH_IN_LINKS, .index = i,
				 .value = BH_ROOT_LINKS_SIZE);
	if (kept || link->phys + size > machine.phys_limit || !machine_is_ram(link->phys, size) ||
	    table_find_foreign(&root_cell.table, link->phys, size, BH_OWNER_ROOT, false, &foreign))
		return error_set(error, BH_E_LINK_MEMORY, .where = BH_IN_LINKS, .index = i,
				 .value = foreign.start, .owner = foreign.owner);
	return true;
}

/* Against what the cells say that have the link. */
static __slow bool joins_check(const struct bh_link *new, u32 i, struct bh_error *error)
{
	const struct link *link = &links[new->number];
	const struct bh_link *old = &link->what;
	const u64 both[][2] = {{new->phys, old->phys},
			       {new->rw_size, old->rw_size},
			       {new->output_size, old->output_size},
			       {new->peers, old->peers},
			       {new->protocol, old->protocol},
			       {new->root_vectors, old->root_vectors},
			       {new->root_id, old->root_id}};

	if (link->clearing)
		return error_set(error, BH_E_LINK_CLEARING, .where = BH_IN_LINKS, .index = i,
				 .value = new->number, .owner = link->clearing);
	for (u32 j = 0; j < ARRAY_SIZE(both); j++)
		if (both[j][0] != both[j][1])
			return error_set(error, BH_E_LINK_DIFFERS, .where = BH_IN_LINKS, .index = i,
					 .value = both[j][0], .limit = both[j][1]);
	if (link->slot[new->id].port)
		return error_set(error, BH_E_LINK_PEER, .where = BH_IN_LINKS, .index = i,
				 .value = new->id, .owner = link->slot[new->id].port->cell->id);
	return true;
}

static __slow bool link_check(const struct bh_cell_desc *desc, struct bh_error *error)
{
	for (u32 i = 0; i < desc->links.count; i++) {
		const struct bh_link *new = &desc_links(desc)[i];
		const struct link *link = &links[new->number];

		if (arch_cell_shows(new->virt, link_size(new)))
			return error_set(error, BH_E_LINK_OVERLAP, .where = BH_IN_LINKS, .index = i,
					 .value = new->virt);
		if (!(link->users || link->clearing ? joins_check(new, i, error)
						    : memory_check(new, i, error)))
			return false;
	}
	return true;
}

/* Of tables, for the view peer @id has at @at. */
static __slow u32 pieces_pages(const struct bh_link *link, u32 id, u64 at)
{
	u64 done = 0, size;
	u32 pages = 0, flags;

	for (u32 i = 0; i < PIECES; i++, done += size) {
		size = piece_of(link, id, i, &flags);
		if (size)
			pages += table_map_pages_needed(GPA(at + done), PADDR(link->phys + done),
							size, flags);
	}
	return pages;
}

static __slow u32 link_pages(const struct bh_cell_desc *desc)
{
	u32 pages = 1;

	_Static_assert(sizeof(struct link_port) * LINK_PORTS_MAX <= PAGE_SIZE, "one page");
	for (u32 i = 0; i < desc->links.count; i++) {
		const struct bh_link *link = &desc_links(desc)[i];

		pages += table_pages_needed(link->phys, link_size(link));
		pages += pieces_pages(link, link->id, link->virt);
		if (link->root_vectors)
			pages += pieces_pages(link, link->root_id, link->phys);
	}
	return pages;
}

static __slow void pieces_map(const struct bh_link *link, struct cell *cell)
{
	bool root = cell == &root_cell;
	u64 done = 0, size;
	u32 flags;

	for (u32 i = 0; i < PIECES; i++, done += size) {
		size = piece_of(link, root ? link->root_id : link->id, i, &flags);
		if (size && root)
			table_set_rights(&cell->table, link->phys + done, size,
					 BH_OWNER_LINK + link->number, flags);
		else if (size)
			table_map(&cell->table, GPA(link->virt + done), PADDR(link->phys + done),
				  size, flags);
	}
}

static __slow void port_reset(struct link_port *port)
{
	struct link_slot *slot = &port->link->slot[port->id];

	state_set(port, 0);
	spin_lock(&slot->lock);
	port->command = port->privileged = port->msix_control = port->enabled = 0;
	port->live = port->pending = 0;
	memset(port->bar, 0, sizeof(port->bar));
	memset(port->entry, 0, sizeof(port->entry));
	for (u32 vector = 0; vector < BH_LINK_VECTORS_MAX; vector++)
		port->entry[vector][3] = ENTRY_MASKED;
	spin_unlock(&slot->lock);
}

static __slow void slot_connect(struct link_port *port, bool on)
{
	struct link_slot *slot = &port->link->slot[port->id];

	spin_lock(&slot->lock);
	slot->port = on ? port : NULL;
	spin_unlock(&slot->lock);
}

static __slow void owner_set(const struct bh_link *what, u32 owner)
{
	table_set_owner(&root_cell.table, what->phys, link_size(what), owner, false);
}

/* A device of @cell for the link, as after a reset. */
static __slow void port_make(struct link_port *port, struct cell *cell, const struct bh_link *what)
{
	bool root = cell == &root_cell;

	port->link = &links[what->number];
	port->cell = cell;
	port->bdf = what->bdf;
	port->id = root ? what->root_id : what->id;
	port->vectors = root ? what->root_vectors : what->vectors;
	port->base = root ? what->phys : what->virt;
	port->status = &shared->link[what->number].peer[port->id];
	*port->status = (struct bh_link_peer_status){.owner = cell->id};
	pieces_map(what, cell);
	port_reset(port);
	slot_connect(port, true);
}

static __slow void port_drop(struct link_port *port)
{
	port_reset(port);
	slot_connect(port, false);
	port->status->owner = BH_OWNER_NOBODY;
}

static __slow void root_attach(struct link *link)
{
	port_make(&link->root, &root_cell, &link->what);
	WRITE_ONCE(root_pages[link->what.number], &link->root);
}

static __slow void root_detach(struct link *link)
{
	WRITE_ONCE(root_pages[link->what.number], NULL);
	port_drop(&link->root);
	root_decode(&link->root);
	owner_set(&link->what, BH_OWNER_LINK + link->what.number);
}

__slow void link_root_revise(void)
{
	for (u32 i = 0; i < BH_LINKS_MAX; i++) {
		struct link_port *port = root_pages[i];

		if (port)
			port_change(port, &port->command, port->command);
	}
}

static __slow void link_assign(struct cell *cell)
{
	if (!cell->link.ports)
		cell->link.ports = reserve_take(&cell->reserve);
	for (u32 i = 0; i < cell->desc->links.count; i++) {
		const struct bh_link *what = &desc_links(cell->desc)[i];
		struct link_port *port = &cell->link.ports[i];

		port_make(port, cell, what);
		cell->link.count = i + 1;
		if (what->root_vectors && port->link->clearing == cell->id)
			root_attach(port->link);
	}
}

static __slow void link_reset(struct cell *cell)
{
	for (u32 i = 0; i < cell->link.count; i++)
		port_reset(&cell->link.ports[i]);
}

static __slow void link_release(struct cell *cell)
{
	for (u32 i = 0; i < cell->link.count; i++)
		port_drop(&cell->link.ports[i]);
	cell->link.count = 0;
	if (cell->link.ports)
		reserve_give(&cell->reserve, cell->link.ports);
	cell->link.ports = NULL;
}

const struct unit link_unit = {
	.name = "links",
	.check = link_check,
	.pages = link_pages,
	.assign = link_assign,
	.reset = link_reset,
	.release = link_release,
};

/* ---- the memory ---- */

static struct link *link_of(const struct cell *cell, u32 i)
{
	return &links[desc_links(cell->desc)[i].number];
}

__slow struct bh_range link_clears(const struct cell *cell, u32 i)
{
	const struct link *link = link_of(cell, i);

	return (struct bh_range){link->what.phys,
				 link->clearing == cell->id ? link_size(&link->what) : 0};
}

static __slow void status_fill(const struct bh_link *what)
{
	struct bh_link_status *status = &shared->link[what->number];

	status->protocol = what->protocol;
	status->root_vectors = what->root_vectors;
	status->root_id = what->root_id;
	status->phys = what->phys;
	status->rw_size = what->rw_size;
	status->output_size = what->output_size;
	for (u32 id = 0; id < what->peers; id++)
		status->peer[id] = (struct bh_link_peer_status){.owner = BH_OWNER_NOBODY};
	status->peers = what->peers;
}

__slow void link_claim(struct cell *cell)
{
	for (u32 i = 0; i < cell->desc->links.count; i++) {
		struct link *link = link_of(cell, i);

		if (link->users++)
			continue;
		link->what = desc_links(cell->desc)[i];
		link->clearing = cell->id;
		owner_set(&link->what, BH_OWNER_LINK + link->what.number);
		status_fill(&link->what);
	}
}

__slow void link_claimed(struct cell *cell)
{
	for (u32 i = 0; i < cell->desc->links.count; i++)
		if (link_of(cell, i)->clearing == cell->id)
			link_of(cell, i)->clearing = 0;
}

__slow void link_leave(struct cell *cell)
{
	if (cell->link.count) /* a create that could not be finished has its ports already */
		link_release(cell);
	for (u32 i = 0; i < cell->desc->links.count; i++) {
		struct link *link = link_of(cell, i);

		if (--link->users)
			continue;
		if (root_pages[link->what.number])
			root_detach(link);
		link->clearing = cell->id;
	}
}

__slow void link_drop(struct cell *cell)
{
	for (u32 i = 0; i < cell->desc->links.count; i++) {
		struct link *link = link_of(cell, i);

		if (link->clearing != cell->id)
			continue;
		owner_set(&link->what, BH_OWNER_ROOT);
		shared->link[link->what.number].peers = 0;
		memset(link, 0, sizeof(*link));
	}
}
