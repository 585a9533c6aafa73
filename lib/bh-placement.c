// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include <gio/gio.h>
#include "bh-placement.h"
#include "bh-value.h"

#define PAGE 4096ULL
#define COMMENT                                                                       \
	" What Bulkhead has chosen where cell files leave it open. Remove a line to " \
	"have it chosen anew."

struct _BhPlacement {
	gatomicrefcount references;
	GTree *cells; /* name → struct choice */
	GTree *links; /* name → number */
};

/* What was chosen for one cell. Only what its file leaves open. */
struct choice {
	guint id; /* 0: none */
	GArray *cpus; /* guint, ascending; empty: none */
	GTree *memory; /* name of the region → struct bh_range */
	GTree *devices; /* name of the section → address */
	GTree *nodes; /* name of the section → BhPlacedNode */
	GArray *links; /* struct bh_link, by number; not saved, as it follows from the rest */
	guint64 controller; /* the machine's first one of interrupts; not saved either */
};

G_DEFINE_BOXED_TYPE(BhPlacement, bh_placement, bh_placement_ref, bh_placement_unref)

/* ---- life ---- */

static gint names_compare(gconstpointer one, gconstpointer other, gpointer user_data)
{
	(void)user_data;
	return strcmp(one, other);
}

/* By name, so that what is written does not depend on chance. */
static GTree *names_new(GDestroyNotify value_free)
{
	return g_tree_new_full(names_compare, NULL, g_free, value_free);
}

static void node_free(gpointer data)
{
	g_array_unref(((BhPlacedNode *)data)->interrupts);
	g_free(data);
}

static struct choice *choice_new(void)
{
	struct choice *choice = g_new0(struct choice, 1);

	choice->cpus = g_array_new(FALSE, FALSE, sizeof(guint));
	choice->memory = names_new(g_free);
	choice->devices = names_new(g_free);
	choice->nodes = names_new(node_free);
	choice->links = g_array_new(FALSE, TRUE, sizeof(struct bh_link));
	choice->controller = BH_CONTROLLER_ANY;
	return choice;
}

static void choice_free(gpointer data)
{
	struct choice *choice = data;

	g_array_unref(choice->cpus);
	g_tree_unref(choice->memory);
	g_tree_unref(choice->devices);
	g_tree_unref(choice->nodes);
	g_array_unref(choice->links);
	g_free(choice);
}

BhPlacement *bh_placement_new(void)
{
	BhPlacement *placement = g_new0(BhPlacement, 1);

	g_atomic_ref_count_init(&placement->references);
	placement->cells = names_new(choice_free);
	placement->links = names_new(NULL);
	return placement;
}

BhPlacement *bh_placement_ref(BhPlacement *placement)
{
	g_atomic_ref_count_inc(&placement->references);
	return placement;
}

void bh_placement_unref(BhPlacement *placement)
{
	if (!g_atomic_ref_count_dec(&placement->references))
		return;
	g_tree_unref(placement->cells);
	g_tree_unref(placement->links);
	g_free(placement);
}

static struct choice *choice_get(const BhPlacement *placement, const char *cell)
{
	return g_tree_lookup(placement->cells, cell);
}

static struct choice *choice_make(GTree *cells, const char *cell)
{
	struct choice *choice = choice_new();

	g_tree_insert(cells, g_strdup(cell), choice);
	return choice;
}

static void memory_set(struct choice *choice, const char *name, guint64 start, guint64 size)
{
	struct bh_range range = {start, size};

	g_tree_replace(choice->memory, g_strdup(name), g_memdup2(&range, sizeof(range)));
}

/* ---- the file: a group for each cell, and for each link ---- */

#define KEY_ID "Id"
#define KEY_CPUS "Cpus"
#define KEY_MEMORY "Memory."
#define KEY_DEVICE "Device."
#define LINK_GROUP "Link " /* which no name of a cell begins with */
#define KEY_NUMBER "Number"

static gboolean write_memory(gpointer name, gpointer value, gpointer user_data)
{
	gpointer *to = user_data;
	const struct bh_range *range = value;
	g_autofree char *key = g_strconcat(KEY_MEMORY, name, NULL);
	g_autofree char *text =
		g_strdup_printf("0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x",
				(guint64)range->start, (guint64)range->size);

	g_key_file_set_value(to[0], to[1], key, text);
	return FALSE;
}

static gboolean write_device(gpointer name, gpointer address, gpointer user_data)
{
	gpointer *to = user_data;
	g_autofree char *key = g_strconcat(KEY_DEVICE, name, NULL);

	g_key_file_set_value(to[0], to[1], key, address);
	return FALSE;
}

static gboolean write_cell(gpointer name, gpointer value, gpointer file)
{
	const struct choice *choice = value;
	gpointer to[] = {file, name};

	if (choice->id)
		g_key_file_set_integer(file, name, KEY_ID, choice->id);
	if (choice->cpus->len)
		g_key_file_set_integer_list(file, name, KEY_CPUS, (gint *)choice->cpus->data,
					    choice->cpus->len);
	g_tree_foreach(choice->memory, write_memory, to);
	g_tree_foreach(choice->devices, write_device, to);
	return FALSE;
}

static gboolean write_link(gpointer name, gpointer number, gpointer file)
{
	g_autofree char *group = g_strconcat(LINK_GROUP, name, NULL);

	g_key_file_set_integer(file, group, KEY_NUMBER, GPOINTER_TO_INT(number));
	return FALSE;
}

static char *list_choices(const BhPlacement *placement)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_tree_foreach(placement->cells, write_cell, file);
	g_tree_foreach(placement->links, write_link, file);
	return g_key_file_to_data(file, NULL, NULL);
}

static void read_memory(struct choice *choice, const char *name, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 2);
	guint64 start, size;

	if (words[0] && words[1] && bh_value_number(words[0], &start) &&
	    bh_value_number(words[1], &size))
		memory_set(choice, name, start, size);
}

/* What cannot be read is no choice: it is made anew. */
static void read_cell(BhPlacement *placement, GKeyFile *file, const char *name)
{
	struct choice *choice = choice_make(placement->cells, name);
	g_auto(GStrv) keys = g_key_file_get_keys(file, name, NULL, NULL);
	int id = g_key_file_get_integer(file, name, KEY_ID, NULL);
	g_autofree gint *cpus = NULL;
	gsize count = 0, ascending = 1;

	if (id > 0 && id < BH_CELLS_MAX)
		choice->id = id;
	cpus = g_key_file_get_integer_list(file, name, KEY_CPUS, &count, NULL);
	while (ascending < count && cpus[ascending - 1] < cpus[ascending])
		ascending++;
	if (cpus && count == ascending)
		g_array_append_vals(choice->cpus, cpus, count);
	for (char **key = keys; *key; key++) {
		g_autofree char *text = g_key_file_get_value(file, name, *key, NULL);

		if (g_str_has_prefix(*key, KEY_MEMORY))
			read_memory(choice, *key + strlen(KEY_MEMORY), text);
		else if (g_str_has_prefix(*key, KEY_DEVICE))
			g_tree_replace(choice->devices, g_strdup(*key + strlen(KEY_DEVICE)),
				       g_steal_pointer(&text));
	}
}

static void read_link(BhPlacement *placement, GKeyFile *file, const char *group)
{
	g_autofree char *text = g_key_file_get_value(file, group, KEY_NUMBER, NULL);
	guint64 number;

	if (text && bh_value_number(text, &number) && number < BH_LINKS_MAX)
		g_tree_replace(placement->links, g_strdup(group + strlen(LINK_GROUP)),
			       GUINT_TO_POINTER(number));
}

BhPlacement *bh_placement_load(const char *path, GError **error)
{
	g_autoptr(BhPlacement) placement = bh_placement_new();
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) local = NULL;
	g_auto(GStrv) names = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &local)) {
		if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return g_steal_pointer(&placement);
		g_propagate_prefixed_error(error, g_steal_pointer(&local), "%s: ", path);
		return NULL;
	}
	names = g_key_file_get_groups(file, NULL);
	for (char **name = names; *name; name++) {
		if (g_str_has_prefix(*name, LINK_GROUP))
			read_link(placement, file, *name);
		else
			read_cell(placement, file, *name);
	}
	return g_steal_pointer(&placement);
}

char *bh_placement_to_text(const BhPlacement *placement)
{
	g_autofree char *choices = list_choices(placement);

	return g_strconcat("#" COMMENT "\n", choices, NULL);
}

gboolean bh_placement_write(const char *text, const char *path, GError **error)
{
	return g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
		error);
}

gboolean bh_placement_save(const BhPlacement *placement, const char *path, GError **error)
{
	g_autofree char *text = bh_placement_to_text(placement);

	return bh_placement_write(text, path, error);
}

/* ---- choosing ---- */

/* What is not to be had any more. */
struct taken {
	gboolean ids[BH_CELLS_MAX];
	gboolean cpus[BH_CPUS_MAX];
	GHashTable *devices; /* addresses, borrowed */
};

static BhFinding *find(const BhCell *cell, const BhCellSection *section, const char *key,
		       GPtrArray *findings, BhFindingKind kind, char *message, char *suggestion)
{
	g_autofree char *text = message;
	BhFinding *finding = bh_cell_find_fault(cell, section, key, findings, kind, "%s", text);

	finding->suggestion = suggestion;
	return finding;
}

static void take_fixed(struct taken *taken, const BhCell *cell)
{
	taken->ids[cell->id] = TRUE;
	for (guint i = 0; i < cell->cpus->len; i++)
		taken->cpus[g_array_index(cell->cpus, BhNumber, i).value] = TRUE;
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];

		if (device->address)
			g_hash_table_add(taken->devices, device->address);
	}
}

static gboolean cpu_is_possible(const struct taken *taken, const BhMachine *machine, guint id)
{
	const BhMachineCpu *cpu = bh_machine_find_cpu(machine, id);

	return cpu && cpu->can_offline && id < BH_CPUS_MAX && !taken->cpus[id];
}

/* A device that is looked for. One that says nothing is wrong and has been found already. */
static gboolean is_match(const BhCellDevice *device)
{
	return !device->address && !device->node && (device->vendor >= 0 || device->class_mask);
}

static gboolean device_fits(const BhCellDevice *wanted, const BhMachineDevice *device)
{
	return !device->bridge && g_str_has_prefix(device->address, "0000:") &&
	       (wanted->vendor < 0 || (guint)wanted->vendor == device->vendor) &&
	       (wanted->device < 0 || (guint)wanted->device == device->device) &&
	       (device->class & wanted->class_mask) == wanted->class_code;
}

/* As remembered, where that is still possible. */
static void keep_cell(struct taken *taken, const BhCell *cell, const BhMachine *machine,
		      const struct choice *old, struct choice *choice)
{
	gboolean cpus = cell->cpu_count && old->cpus->len == cell->cpu_count;

	if (!cell->id && old->id && !taken->ids[old->id]) {
		choice->id = old->id;
		taken->ids[old->id] = TRUE;
	}
	for (guint i = 0; cpus && i < old->cpus->len; i++)
		cpus = cpu_is_possible(taken, machine, g_array_index(old->cpus, guint, i));
	for (guint i = 0; cpus && i < old->cpus->len; i++) {
		guint id = g_array_index(old->cpus, guint, i);

		g_array_append_val(choice->cpus, id);
		taken->cpus[id] = TRUE;
	}
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *wanted = cell->devices->pdata[i];
		const char *address = g_tree_lookup(old->devices, wanted->name);
		const BhMachineDevice *device =
			address ? bh_machine_find_device(machine, address) : NULL;

		if (!is_match(wanted) || !device || !device_fits(wanted, device) ||
		    !g_hash_table_add(taken->devices, device->address))
			continue;
		g_tree_replace(choice->devices, g_strdup(wanted->name), g_strdup(device->address));
	}
	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];
		const struct bh_range *range = g_tree_lookup(old->memory, memory->name);

		if (range && memory->physical_address == BH_PHYS_ANY && range->size == memory->size)
			memory_set(choice, memory->name, range->start, range->size);
	}
}

/* A CPU to choose, and how much it suggests itself. */
struct candidate {
	const BhMachineCpu *cpu;
	gboolean whole; /* nobody else has a part of its core */
};

/* Whole cores first, and from the end: Linux's own work gathers at the beginning. */
static gint candidates_compare(gconstpointer one, gconstpointer other)
{
	const struct candidate *a = one, *b = other;
	const guint ranks[][2] = {
		{a->whole, b->whole},
		{a->cpu->node, b->cpu->node},
		{a->cpu->package, b->cpu->package},
		{a->cpu->core, b->cpu->core},
		{a->cpu->id, b->cpu->id},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ranks); i++)
		if (ranks[i][0] != ranks[i][1])
			return ranks[i][0] > ranks[i][1] ? -1 : 1;
	return 0;
}

static gboolean core_is_whole(const struct taken *taken, const BhMachine *machine,
			      const BhMachineCpu *cpu)
{
	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *other = machine->cpus->pdata[i];

		/* The topology of CPUs that are offline is not known. */
		if (cpu->online && other->online && other->core == cpu->core &&
		    other->package == cpu->package && !cpu_is_possible(taken, machine, other->id))
			return FALSE;
	}
	return TRUE;
}

static gint numbers_compare(gconstpointer one, gconstpointer other)
{
	guint a = *(const guint *)one, b = *(const guint *)other;

	return a < b ? -1 : a > b;
}

static void choose_cpus(struct taken *taken, const BhCell *cell, const BhMachine *machine,
			struct choice *choice, GPtrArray *findings)
{
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));

	for (guint i = 0; i < machine->cpus->len; i++) {
		struct candidate candidate = {.cpu = machine->cpus->pdata[i]};

		if (!cpu_is_possible(taken, machine, candidate.cpu->id))
			continue;
		candidate.whole = core_is_whole(taken, machine, candidate.cpu);
		g_array_append_val(candidates, candidate);
	}
	if (candidates->len < cell->cpu_count) {
		if (findings)
			find(cell, bh_cell_file_find(cell->file, "Cell", NULL), "Cpus", findings,
			     BH_FINDING_CPU_FEW,
			     g_strdup_printf(
				     "CPUs wanted: %u, to be chosen from: %u; the boot CPU stays "
				     "with Linux, and others are those of other cells",
				     cell->cpu_count, candidates->len),
			     g_strdup("lower the count, or name CPUs that are shared with a cell "
				      "that never runs at the same time"));
		return;
	}
	g_array_sort(candidates, candidates_compare);
	for (guint i = 0; i < cell->cpu_count; i++) {
		guint id = g_array_index(candidates, struct candidate, i).cpu->id;

		g_array_append_val(choice->cpus, id);
		taken->cpus[id] = TRUE;
	}
	g_array_sort(choice->cpus, numbers_compare);
}

/* What Linux needs for something is never chosen: giving that away takes its address. */
static void choose_device(struct taken *taken, const BhCell *cell, const BhCellDevice *wanted,
			  const BhMachine *machine, struct choice *choice, GPtrArray *findings)
{
	const BhMachineDevice *busy = NULL;
	const char *owned = NULL;
	char *suggestion = NULL;

	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];

		if (!device_fits(wanted, device))
			continue;
		if (g_hash_table_contains(taken->devices, device->address)) {
			owned = device->address;
		} else if (*device->used_for) {
			busy = device;
		} else {
			g_hash_table_add(taken->devices, device->address);
			g_tree_replace(choice->devices, g_strdup(wanted->name),
				       g_strdup(device->address));
			return;
		}
	}
	if (!findings)
		return;
	if (busy)
		suggestion = g_strdup_printf("%s would do, but Linux needs it for %s; to give it "
					     "away nevertheless write Pci=%s",
					     busy->address, busy->used_for[0], busy->address);
	else if (owned)
		suggestion = g_strdup_printf("%s would do, but it is another cell's", owned);
	find(cell, wanted->section,
	     bh_cell_section_find(wanted->section, "Match") ? "Match" : "Class", findings,
	     BH_FINDING_DEVICE_MISSING,
	     g_strdup_printf("there is no free device for %s on this machine", wanted->name),
	     suggestion);
}

static void find_node(const BhCell *cell, const BhCellDevice *wanted, const BhMachine *machine,
		      struct choice *choice, GPtrArray *findings)
{
	const BhMachineNode *node = NULL;
	const BhMachineIntc *intc = NULL;
	BhPlacedNode *placed;

	for (guint i = 0; i < machine->nodes->len && !node; i++) {
		node = machine->nodes->pdata[i];
		if (strcmp(node->path, wanted->node) || !node->size ||
		    node->size > G_MAXUINT64 - PAGE - node->start)
			node = NULL;
	}
	if (!node) {
		if (findings)
			find(cell, wanted->section, "Node", findings, BH_FINDING_DEVICE_MISSING,
			     g_strdup_printf("the device tree of this machine has no device %s "
					     "with registers",
					     wanted->node),
			     g_strdup(
				     "correct the path; \"bulkhead machine\" lists what there is"));
		return;
	}
	placed = g_new0(BhPlacedNode, 1);
	placed->start = node->start & ~(PAGE - 1);
	placed->size = ((node->start + node->size + PAGE - 1) & ~(PAGE - 1)) - placed->start;
	placed->interrupts = g_array_new(FALSE, FALSE, sizeof(guint));
	if (machine->intcs->len)
		intc = machine->intcs->pdata[0];
	placed->controller = intc ? intc->address : 0;
	/* What comes before are the CPUs' own interrupts, which each cell has of its CPUs. */
	for (guint i = 0; intc && i < node->interrupts->len; i++) {
		guint pin = g_array_index(node->interrupts, guint, i) - intc->gsi_base;

		if (g_array_index(node->interrupts, guint, i) >= intc->gsi_base)
			g_array_append_val(placed->interrupts, pin);
	}
	g_tree_replace(choice->nodes, g_strdup(wanted->name), placed);
}

static void choose_cell(struct taken *taken, const BhCell *cell, const BhMachine *machine,
			struct choice *choice, GPtrArray *findings)
{
	/* Without any the module takes one that is free at that time. */
	for (guint id = 1; id < BH_CELLS_MAX && !cell->id && !choice->id; id++)
		if (!taken->ids[id]) {
			choice->id = id;
			taken->ids[id] = TRUE;
		}
	if (machine->intcs->len)
		choice->controller = ((const BhMachineIntc *)machine->intcs->pdata[0])->address;
	if (cell->cpu_count && !choice->cpus->len)
		choose_cpus(taken, cell, machine, choice, findings);
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *wanted = cell->devices->pdata[i];

		if (is_match(wanted) && !g_tree_lookup(choice->devices, wanted->name))
			choose_device(taken, cell, wanted, machine, choice, findings);
		else if (wanted->node)
			find_node(cell, wanted, machine, choice, findings);
	}
}

/* Sections and files with other names are wrong; nothing is chosen for them. */
static gboolean cell_is_placed(const BhCell *cell)
{
	if (!bh_cell_name_is_valid(cell->name))
		return FALSE;
	for (guint i = 0; i < cell->memory->len + cell->devices->len; i++) {
		const char *name =
			i < cell->memory->len
				? ((BhCellMemory *)cell->memory->pdata[i])->name
				: ((BhCellDevice *)cell->devices->pdata[i - cell->memory->len])
					  ->name;

		if (name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.")])
			return FALSE;
	}
	return TRUE;
}

/* ---- links ---- */

/* Former numbers stay; of two that were written down with the same, the first has it. */
static void choose_numbers(BhPlacement *placement, GTree *old, const GArray *links)
{
	gboolean taken[BH_LINKS_MAX] = {FALSE};
	guint number = 0;
	gpointer former;

	for (guint i = 0; i < links->len; i++) {
		const char *name = g_array_index(links, BhLink, i).link->name;

		if (!g_tree_lookup_extended(old, name, NULL, &former) ||
		    taken[GPOINTER_TO_UINT(former)])
			continue;
		taken[GPOINTER_TO_UINT(former)] = TRUE;
		g_tree_replace(placement->links, g_strdup(name), former);
	}
	for (guint i = 0; i < links->len; i++) {
		const char *name = g_array_index(links, BhLink, i).link->name;

		if (g_tree_lookup_extended(placement->links, name, NULL, NULL))
			continue;
		while (number < BH_LINKS_MAX && taken[number])
			number++;
		if (number == BH_LINKS_MAX)
			return;
		taken[number] = TRUE;
		g_tree_replace(placement->links, g_strdup(name), GUINT_TO_POINTER(number));
	}
}

static void choose_links(const BhPlacement *placement, const BhCell *cell, const GArray *links,
			 struct choice *choice)
{
	g_autoptr(GArray) devices = g_array_new(FALSE, FALSE, sizeof(guint));
	guint segment, bdf;

	for (guint i = 0; i < cell->devices->len; i++) {
		const char *address =
			bh_placement_get_device(placement, cell, cell->devices->pdata[i]);

		if (address && bh_value_pci(address, &segment, &bdf))
			g_array_append_val(devices, bdf);
	}
	g_array_unref(choice->links);
	choice->links = bh_links_place(links, placement->links, cell, devices);
}

const GArray *bh_placement_get_links(const BhPlacement *placement, const BhCell *cell)
{
	static GArray *none;
	const struct choice *choice = choice_get(placement, cell->name);

	if (choice)
		return choice->links;
	if (g_once_init_enter(&none))
		g_once_init_leave(&none, g_array_new(FALSE, FALSE, sizeof(struct bh_link)));
	return none;
}

gint bh_placement_get_link_number(const BhPlacement *placement, const char *link)
{
	gpointer number;

	return g_tree_lookup_extended(placement->links, link, NULL, &number)
		       ? GPOINTER_TO_INT(number)
		       : -1;
}

gboolean bh_placement_update(BhPlacement *placement, const BhCellSet *set, const BhMachine *machine,
			     GPtrArray *findings)
{
	struct taken taken = {.devices = g_hash_table_new(g_str_hash, g_str_equal)};
	g_autofree char *before = list_choices(placement);
	g_autofree char *after = NULL;
	g_autoptr(GTree) old = g_steal_pointer(&placement->cells);
	g_autoptr(GTree) old_links = g_steal_pointer(&placement->links);
	g_autoptr(GArray) links = bh_links_find(set);

	placement->cells = names_new(choice_free);
	placement->links = names_new(NULL);
	choose_numbers(placement, old_links, links);
	for (guint i = 0; i < set->cells->len; i++)
		take_fixed(&taken, set->cells->pdata[i]);
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];
		const struct choice *former = g_tree_lookup(old, cell->name);

		if (!cell_is_placed(cell))
			continue;
		choice_make(placement->cells, cell->name);
		if (former)
			keep_cell(&taken, cell, machine, former, choice_get(placement, cell->name));
	}
	for (guint i = 0; i < set->cells->len; i++) {
		const BhCell *cell = set->cells->pdata[i];
		struct choice *choice = choice_get(placement, cell->name);

		if (!choice)
			continue;
		choose_cell(&taken, cell, machine, choice, findings);
		choose_links(placement, cell, links, choice);
	}
	g_hash_table_unref(taken.devices);
	after = list_choices(placement);
	return strcmp(before, after) != 0;
}

/* ---- what holds ---- */

guint bh_placement_get_id(const BhPlacement *placement, const BhCell *cell)
{
	const struct choice *choice = choice_get(placement, cell->name);

	return cell->id ? cell->id : choice ? choice->id : 0;
}

GArray *bh_placement_get_cpus(const BhPlacement *placement, const BhCell *cell)
{
	const struct choice *choice = choice_get(placement, cell->name);
	GArray *cpus = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < cell->cpus->len; i++) {
		guint id = g_array_index(cell->cpus, BhNumber, i).value;

		g_array_append_val(cpus, id);
	}
	if (!cpus->len && choice)
		g_array_append_vals(cpus, choice->cpus->data, choice->cpus->len);
	return cpus;
}

guint64 bh_placement_get_memory(const BhPlacement *placement, const BhCell *cell,
				const BhCellMemory *memory)
{
	const struct choice *choice = choice_get(placement, cell->name);
	const struct bh_range *range = choice ? g_tree_lookup(choice->memory, memory->name) : NULL;

	if (memory->physical_address != BH_PHYS_ANY || !range || range->size != memory->size)
		return memory->physical_address;
	return range->start;
}

const char *bh_placement_get_device(const BhPlacement *placement, const BhCell *cell,
				    const BhCellDevice *device)
{
	const struct choice *choice = choice_get(placement, cell->name);

	if (device->address)
		return device->address;
	return choice ? g_tree_lookup(choice->devices, device->name) : NULL;
}

const BhPlacedNode *bh_placement_get_node(const BhPlacement *placement, const BhCell *cell,
					  const BhCellDevice *device)
{
	const struct choice *choice = choice_get(placement, cell->name);

	return device->node && choice ? g_tree_lookup(choice->nodes, device->name) : NULL;
}

guint64 bh_placement_get_controller(const BhPlacement *placement, const BhCell *cell,
				    const BhCellInterrupts *interrupts)
{
	const struct choice *choice = choice_get(placement, cell->name);

	return interrupts->controller == BH_CONTROLLER_ANY && choice ? choice->controller
								     : interrupts->controller;
}

/* ---- physical memory ---- */

gboolean bh_placement_learn(BhPlacement *placement, const BhCell *cell,
			    const struct bh_cell_desc *desc)
{
	g_autofree char *before = list_choices(placement);
	g_autofree char *after = NULL;
	struct choice *choice = choice_get(placement, cell->name);
	const struct bh_memory *regions = (const void *)((const char *)desc + desc->memory.offset);

	/* Behind them come the registers of nodes. */
	g_return_val_if_fail(desc->memory.count >= cell->memory->len, FALSE);
	if (!choice)
		choice = choice_make(placement->cells, cell->name);
	if (!cell->id)
		choice->id = desc->id;
	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *memory = cell->memory->pdata[i];

		if (memory->physical_address == BH_PHYS_ANY && regions[i].phys != BH_PHYS_ANY)
			memory_set(choice, memory->name, regions[i].phys, regions[i].size);
	}
	after = list_choices(placement);
	return strcmp(before, after) != 0;
}

gboolean bh_placement_forget_memory(BhPlacement *placement, const char *cell)
{
	struct choice *choice = choice_get(placement, cell);

	if (!choice || !g_tree_nnodes(choice->memory))
		return FALSE;
	g_tree_remove_all(choice->memory);
	return TRUE;
}

GVariant *bh_placement_to_variant(const BhPlacement *placement, const BhCell *cell)
{
	g_autoptr(GArray) cpus = bh_placement_get_cpus(placement, cell);
	GVariantBuilder memory, devices;
	GVariantDict dict;

	g_variant_builder_init(&memory, G_VARIANT_TYPE("a{st}"));
	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *region = cell->memory->pdata[i];
		guint64 start = bh_placement_get_memory(placement, cell, region);

		if (start != BH_PHYS_ANY && region->type != BH_MEMORY_COMM)
			g_variant_builder_add(&memory, "{st}", region->name, start);
	}
	g_variant_builder_init(&devices, G_VARIANT_TYPE("a{ss}"));
	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];
		const char *address = bh_placement_get_node(placement, cell, device)
					      ? device->node
					      : bh_placement_get_device(placement, cell, device);

		if (address)
			g_variant_builder_add(&devices, "{ss}", device->name, address);
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "id", "u", bh_placement_get_id(placement, cell));
	g_variant_dict_insert_value(&dict, "cpus",
				    g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, cpus->data,
							      cpus->len, sizeof(guint)));
	g_variant_dict_insert_value(&dict, "memory", g_variant_builder_end(&memory));
	g_variant_dict_insert_value(&dict, "devices", g_variant_builder_end(&devices));
	return g_variant_dict_end(&dict);
}
