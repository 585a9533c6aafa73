// SPDX-License-Identifier: GPL-2.0-or-later
/* What the window knows, without a display: words, the memory map, devices, events. */

#include <locale.h>
#include <string.h>
#include "bhg-device.h"
#include "bhg-event.h"
#include "bhg-memory-map.h"
#include "bhg-report.h"
#include "bhg-words.h"

static BhMachine *load(const char *name)
{
	g_autofree char *path = g_build_filename(g_getenv("BULKHEAD_TEST_OUTPUT"), name, NULL);
	g_autoptr(GError) error = NULL;
	BhMachine *machine = bh_machine_load(path, &error);

	g_assert_no_error(error);
	return machine;
}

static void test_sizes(void)
{
	static const struct {
		guint64 bytes;
		const char *words;
	} sizes[] = {
		{0, "0 bytes"},
		{1023, "1023 bytes"},
		{4096, "4 KiB"},
		{1536 << 10, "1.5 MiB"},
		{(4ull << 30) - (1 << 20), "4.0 GiB"},
		{(1ull << 30) - 1, "1.0 GiB"},
		{1ull << 40, "1 TiB"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *words = bhg_words_size(sizes[i].bytes);

		g_assert_cmpstr(words, ==, sizes[i].words);
	}
}

static void test_cpus(void)
{
	static const guint numbers[] = {7, 2, 3, 4, 9, 10};
	g_autofree char *none = bhg_words_cpus(NULL, 0);
	g_autofree char *one = bhg_words_cpus(numbers, 1);
	g_autofree char *all = bhg_words_cpus(numbers, G_N_ELEMENTS(numbers));

	g_assert_cmpstr(none, ==, "no CPU");
	g_assert_cmpstr(one, ==, "CPU 7");
	g_assert_cmpstr(all, ==, "CPUs 2–4, 7, 9, 10");
}

static void test_unknown_words(void)
{
	/* A newer daemon may have words this program does not know. */
	g_assert_cmpstr(bhg_words_state("levitating"), ==, "levitating");
	g_assert_cmpstr(bhg_words_health("glad"), ==, "glad");
	g_assert_null(bhg_words_health("none"));
}

static void test_memory_map(void)
{
	g_autoptr(BhMachine) machine = load("workstation.json");
	g_autoptr(GListStore) cells = g_list_store_new(BHG_TYPE_CELL);
	g_autoptr(BhgCell) cell = bhg_cell_new("motion", "M", 3);
	g_autoptr(GPtrArray) map = bhg_memory_map(machine, G_LIST_MODEL(cells));
	guint64 end = 0;

	/* Without gaps, and nothing twice. */
	for (guint i = 0; i < map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(map, i);

		g_assert_cmpuint(part->start, ==, end);
		g_assert_cmpuint(part->size, >, 0);
		end = part->start + part->size;
	}
	/* 16 GiB, a quarter of which was moved above the hole of a GiB. */
	g_assert_cmpuint(end, ==, 17ull << 30);
	g_assert_cmpuint(bhg_memory_map_sum(map, BHG_MEMORY_HOLE, NULL), >=, 1ull << 30);
	g_assert_cmpuint(bhg_memory_map_sum(map, BHG_MEMORY_FIRMWARE, NULL), ==,
			 (32ull << 20) + 0x61000);
	/* A cell the daemon does not know has nothing. */
	g_list_store_append(cells, cell);
	g_clear_pointer(&map, g_ptr_array_unref);
	map = bhg_memory_map(machine, G_LIST_MODEL(cells));
	g_assert_cmpuint(bhg_memory_map_sum(map, BHG_MEMORY_CELL, cell), ==, 0);
}

static void test_fixed_memory(void)
{
	g_autoptr(BhMachine) machine = load("workstation.json");
	g_autoptr(GListStore) cells = g_list_store_new(BHG_TYPE_CELL);
	g_autoptr(GPtrArray) map = bhg_memory_map(machine, G_LIST_MODEL(cells));

	for (guint i = 0; i < map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(map, i);
		g_autofree char *words = bhg_memory_part_describe(part);

		if (part->kind == BHG_MEMORY_ROOT)
			g_assert_cmpint(part->fixed, ==, part->start < 1ull << 30);
		g_assert_nonnull(strstr(words, "0x"));
	}
}

static void test_devices(void)
{
	g_autoptr(BhMachine) machine = load("workstation.json");
	g_autoptr(GListModel) groups = bhg_devices_new(machine);
	g_autoptr(BhgDevice) bus = g_list_model_get_item(groups, 0);
	g_autoptr(BhgDevice) network = NULL;

	g_assert_cmpuint(g_list_model_get_n_items(groups), ==, 4);
	g_assert_cmpstr(bhg_device_get_title(bus), ==, "PCI bus 0000:00");
	g_assert_null(bhg_device_get_address(bus));
	network = g_list_model_get_item(bhg_device_get_children(bus), 1);
	g_assert_cmpstr(bhg_device_get_address(network), ==, "0000:00:02.0");
	g_assert_cmpstr(bhg_device_get_driver(network), ==, "e1000e");
	g_assert_cmpstr(bhg_device_get_interrupt(network), ==, "MSI-X, 5");
	g_assert_cmpstr(bhg_device_get_use(network), ==, "network eth0 (default route)");
	g_assert_cmpuint(g_list_model_get_n_items(bhg_device_get_children(network)), ==, 2);
}

static void test_events(void)
{
	GVariant *variant = g_variant_new_parsed(
		"{'number': <uint64 7>, 'type': <'violation'>, 'cell': <'rt'>, 'kind': <'pio'>, "
		"'stopped': <true>, 'message': <'rt read a port'>}");
	g_autoptr(BhgEvent) event = bhg_event_new(variant);
	g_autofree char *message = bhg_event_get_message(event);
	g_autofree char *words = bhg_event_explain(event);

	g_assert_true(bhg_event_is_violation(event));
	g_assert_cmpuint(bhg_event_get_number(event), ==, 7);
	g_assert_cmpstr(message, ==, "rt read a port");
	g_assert_cmpstr(words, ==,
			"It used an I/O port that it does not have. Its CPU was stopped for it.");
}

static guint expect_remedies(const BhMachine *machine)
{
	g_autoptr(GPtrArray) facts = bh_machine_isolation(machine);
	guint count = 0;

	for (guint i = 0; i < facts->len; i++) {
		const BhMachineFact *fact = facts->pdata[i];

		if (g_str_equal(fact->level, "isolated"))
			continue;
		g_test_message("%s", fact->code);
		g_assert_nonnull(bhg_remedy(fact->code));
		count++;
	}
	return count;
}

/* Whatever is not isolated, there is something that can be done about it. */
static void test_remedies(void)
{
	static const char *const checks[] = {"module", "virtualization", "architecture",
					     "cpus",   "memory",	 "iommu",
					     "guest",  "simulated"};
	g_autoptr(BhMachine) machine = load("workstation.json");

	g_assert_cmpuint(expect_remedies(machine), ==, 4);
	machine->guest = TRUE;
	machine->block_size = 0;
	g_clear_pointer(&machine->virtualization, g_free);
	for (guint i = 0; i < machine->devices->len; i++) {
		BhMachineDevice *device = machine->devices->pdata[i];

		g_free(device->reset_domain);
		device->reset_domain = g_strdup("slot");
	}
	g_assert_cmpuint(expect_remedies(machine), ==, 8);
	machine->simulated = TRUE;
	g_assert_cmpuint(expect_remedies(machine), ==, 8);
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++)
		g_assert_nonnull(bhg_remedy(checks[i]));
	g_assert_null(bhg_remedy("of a newer daemon"));
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "C.UTF-8");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/models/sizes", test_sizes);
	g_test_add_func("/models/cpus", test_cpus);
	g_test_add_func("/models/unknown-words", test_unknown_words);
	g_test_add_func("/models/memory-map", test_memory_map);
	g_test_add_func("/models/fixed-memory", test_fixed_memory);
	g_test_add_func("/models/devices", test_devices);
	g_test_add_func("/models/events", test_events);
	g_test_add_func("/models/remedies", test_remedies);
	return g_test_run();
}
