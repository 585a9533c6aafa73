// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include "core-fixture.h"

#define STEPS_MAX 100000 /* of one call: far more than any test's memory takes to clear */

void core_start(u32 leaf_level)
{
	struct bh_boot_info info;
	struct bh_error error;

	host.leaf_level = leaf_level;
	host.real_time = false;
	host_describe(&info, CORE_CPUS, CORE_MEMORY, CORE_AT);
	if (!host_start(&info, &error))
		g_error("the core does not start: code %u, field %u, value 0x%" PRIx64, error.code,
			error.index, error.value);
}

void core_stop(void)
{
	struct bh_error error;

	if (!host_stop(&error))
		g_error("the core does not leave: code %u", error.code);
}

/* ---- requests ---- */

void request_init(struct request *r, u32 id, const char *name)
{
	memset(r, 0, sizeof(*r));
	r->desc = (struct bh_cell_desc){
		.magic = BH_CELL_DESC_MAGIC,
		.version = BH_CELL_DESC_VERSION,
		.arch = BH_ARCH_X86,
		.size = sizeof(*r),
		.flags = BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE,
		.id = id,
		.cpus.offset = offsetof(struct request, cpus),
		.memory.offset = offsetof(struct request, memory),
		.pio.offset = offsetof(struct request, pio),
		.irqs.offset = offsetof(struct request, irqs),
		.pci.offset = offsetof(struct request, pci),
		.links.offset = offsetof(struct request, links),
	};
	g_strlcpy(r->desc.name, name, sizeof(r->desc.name));
}

void request_cpu(struct request *r, u32 cpu)
{
	r->cpus[r->desc.cpus.count++] = cpu;
}

struct bh_memory *request_memory(struct request *r, u64 phys, u64 virt, u64 size, u32 flags)
{
	struct bh_memory *region = &r->memory[r->desc.memory.count++];

	*region = (struct bh_memory){.phys = phys, .virt = virt, .size = size, .flags = flags};
	return region;
}

void request_pio(struct request *r, u16 base, u16 length)
{
	r->pio[r->desc.pio.count++] = (struct bh_pio){.base = base, .length = length};
}

void request_pin(struct request *r, u32 pin)
{
	r->desc.irqs.count = 1;
	r->irqs[0].address = HOST_IOAPIC;
	r->irqs[0].pins[pin / 32] |= BIT(pin % 32);
}

void request_pci(struct request *r, u16 bdf)
{
	r->pci[r->desc.pci.count++].bdf = bdf;
}

void request_link(struct request *r, struct bh_link link)
{
	r->links[r->desc.links.count++] = link;
}

void request_plain(struct request *r, u32 id, const char *name)
{
	request_init(r, id, name);
	request_cpu(r, id);
	request_memory(r, CORE_FREE + id * MIB, 0, MIB, RAM_FLAGS);
	request_memory(r, 0, COMM_AT, BH_COMM_SIZE, COMM_FLAGS);
}

static long call_finish(u32 number, u64 arg, struct bh_error *error)
{
	for (u32 step = 0; step < STEPS_MAX; step++) {
		long result = host_call(number, arg, error);

		if (result != -BH_ERRNO_AGAIN)
			return result;
	}
	g_error("call %u of %" PRIu64 " does not end", number, arg);
}

long core_create(const struct request *r, struct bh_error *error)
{
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), r, sizeof(*r));
	return call_finish(BH_HC_CELL_CREATE, HOST_REQUEST, error);
}

long core_check(const struct request *r, struct bh_error *error)
{
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), r, sizeof(*r));
	return call_finish(BH_HC_CELL_CHECK, HOST_REQUEST, error);
}

long core_call(u32 number, u32 id, struct bh_error *error)
{
	return call_finish(number, id, error);
}

static void must(long result, const char *what, const struct bh_error *error)
{
	if (result)
		g_error("%s: result %ld, code %u, where %u, index %u, value 0x%" PRIx64
			", limit 0x%" PRIx64 ", owner %u",
			what, result, error->code, error->where, error->index, error->value,
			error->limit, error->owner);
}

void core_must_create(const struct request *r)
{
	struct bh_error error;

	must(core_create(r, &error), r->desc.name, &error);
}

void core_must(u32 number, u32 id)
{
	struct bh_error error;

	must(core_call(number, id, &error), "call", &error);
}

void core_expect(const struct bh_error *error, u32 code, u32 where, u32 index, u64 value, u32 owner)
{
	g_assert_cmpuint(error->code, ==, code);
	g_assert_cmpuint(error->where, ==, where);
	g_assert_cmpuint(error->index, ==, index);
	g_assert_cmphex(error->value, ==, value);
	g_assert_cmphex(error->owner, ==, owner);
}

struct cpu *core_cpu(u32 cell)
{
	return cpu_get(desc_cpus(cell_get(cell)->desc)[0]);
}

u32 core_owner(u64 address)
{
	return table_lookup(&root_cell.table, GPA(address)).owner;
}

/* ---- the picture ---- */

/* By words, as there is much of it. */
static u64 hash(const void *data, size_t size)
{
	u64 h = 0xcbf29ce484222325, word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		word = 0;
		memcpy(&word, (const u8 *)data + i, MIN(size - i, sizeof(word)));
		h = (h ^ word) * 0x100000001b3;
		h ^= h >> 29;
	}
	return h;
}

static bool entry_continues(const struct table_entry *a, const struct table_entry *b)
{
	return a->present == b->present && a->blank == b->blank && a->shared == b->shared &&
	       a->owner == b->owner && a->flags == b->flags &&
	       (!a->present || a->phys.v + a->size == b->phys.v);
}

static void picture_entry(GString *text, const struct table_entry *e)
{
	g_string_append_printf(text,
			       "  %" PRIx64 "+%" PRIx64 " owner %x flags %x%s%s%s at %" PRIx64 "\n",
			       e->start, e->size, e->owner, e->flags, e->present ? " present" : "",
			       e->blank ? " blank" : "", e->shared ? " shared" : "", e->phys.v);
}

static void picture_table(GString *text, const struct table *table)
{
	struct table_entry sum = table_lookup(table, GPA(0));

	for (u64 at = sum.size; at < table->limit;) {
		struct table_entry entry = table_lookup(table, GPA(at));

		if (entry_continues(&sum, &entry)) {
			sum.size += entry.size;
		} else {
			picture_entry(text, &sum);
			sum = entry;
		}
		at += entry.size;
	}
	picture_entry(text, &sum);
}

static void picture_cell(GString *text, const struct cell *cell)
{
	const struct bh_cell_status *status = &shared->cell[cell->id];

	g_string_append_printf(
		text,
		"cell %u %s job %u loadable %d state %u asking %d reserve %u mmio %u pci %u\n",
		cell->id, cell->name, cell->job, cell->loadable, cell->last_state, cell->asking,
		cell->reserve.count, cell->mmio.count, cell->pci.count);
	g_string_append_printf(text, " told: %u %s state %u loadable %u violations %" PRIx64 "\n",
			       status->id, status->name, status->state, status->loadable,
			       hash((const void *)status->violations, sizeof(status->violations)));
	g_string_append_printf(text, " policy %" PRIx64 " cpus %" PRIx64 " ports %" PRIx64 "\n",
			       hash(cell->policy, sizeof(cell->policy)),
			       hash(cell->cpus, sizeof(cell->cpus)),
			       hash(cell->arch.iopm, arch_cell_pages() * PAGE_SIZE));
	if (cell->comm)
		g_string_append_printf(text, " comm %" PRIx64 "\n", hash(cell->comm, BH_COMM_SIZE));
	if (cell->desc)
		g_string_append_printf(text, " descriptor %" PRIx64 "\n",
				       hash(cell->desc, cell->desc->size));
	picture_table(text, &cell->table);
}

char *core_picture(void)
{
	GString *text = g_string_new(NULL);
	struct cell *cell;
	struct cpu *cpu;

	g_string_append_printf(text, "pool %u told %u\n", pool_free_pages(), shared->pool_used);
	for (u32 id = 1; id < BH_CELLS_MAX; id++)
		if (!cell_get(id) && (shared->cell[id].id || shared->cell[id].name[0]))
			g_string_append_printf(text, "cell %u is told but is not there\n", id);
	cell_for_each (cell)
		picture_cell(text, cell);
	cpu_for_each (cpu)
		g_string_append_printf(
			text, "cpu %u of %u mode %u failed %d requests %x told %u %u\n", cpu->id,
			cpu->cell->id, cpu->mode, cpu->failed, cpu->requests,
			shared->cpu[cpu->id].cell, shared->cpu[cpu->id].state);
	for (u32 pin = 0; pin < HOST_IOAPIC_PINS; pin++)
		g_string_append_printf(text, "%s%" PRIx64, pin ? " " : "pins ",
				       host_ioapic_entry(pin));
	for (u32 i = 0; i < host.function_count; i++)
		g_string_append_printf(text, "\nfunction %x: %" PRIx64, host.functions[i].bdf,
				       hash(host.functions[i].config, PAGE_SIZE));
	g_string_append_printf(text, "\nevents %" PRIu64 " lost %" PRIu64 "\n", shared->events.tail,
			       shared->events.lost);
	return g_string_free(text, FALSE);
}

void core_picture_compare(const char *before)
{
	g_autofree char *now = core_picture();

	g_assert_cmpstr(now, ==, before);
}
