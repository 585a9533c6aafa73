// SPDX-License-Identifier: GPL-2.0-or-later
/* Machine descriptions as JSON and for D-Bus: nothing is lost, and what is no description is refused. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include "bh-machine-private.h"

#define MIB (1ULL << 20)

/* Every kind of field, with values at its ends. */
static BhMachine *machine_make(void)
{
	BhMachine *machine = bh_machine_new_simple(3, 512 * MIB);
	BhMachineCache *cache = bh_record_append(machine->caches, &bh_record_cache);
	BhMachineDevice *device = bh_record_append(machine->devices, &bh_record_device);
	BhMachineBar *bar = bh_record_append(device->bars, &bh_record_bar);
	BhMachineInterrupt *interrupt = bh_record_append(machine->interrupts, &bh_record_interrupt);
	BhMachineNode *node = bh_record_append(machine->nodes, &bh_record_node);
	BhMachineIommu *iommu = bh_record_append(machine->iommus, &bh_record_iommu);
	BhMachineMmconfig *mmconfig = bh_record_append(machine->mmconfigs, &bh_record_mmconfig);
	guint number = G_MAXUINT;

	cache->level = 3;
	cache->type = g_strdup("unified");
	cache->size = G_MAXUINT64;
	g_array_append_val(cache->cpus, number);
	device->address = g_strdup("0000:00:1f.7");
	device->name = g_strdup("Ger\xc3\xa4t \"7\" \\ \n");
	device->vendor = G_MAXUINT;
	g_strfreev(device->used_for);
	device->used_for = g_strsplit("disk /,disk /home", ",", -1);
	bar->start = 1ULL << 63;
	bar->size = 1ULL << 63;
	bar->prefetchable = TRUE;
	interrupt->chip = g_strdup("PCI-MSI");
	interrupt->gsi = -1;
	node->path = g_strdup("/soc/uart@0");
	iommu->type = g_strdup("smmuv3");
	iommu->address = 0xfedcba9876543210;
	mmconfig->start = 0xe0000000;
	mmconfig->last_bus = 255;
	machine->kernel = g_strdup("6.1.0");
	return machine;
}

static char *machine_text(const BhMachine *machine)
{
	g_autoptr(JsonNode) node = bh_machine_to_json(machine);

	return json_to_string(node, TRUE);
}

static void test_json(void)
{
	g_autoptr(BhMachine) machine = machine_make();
	g_autoptr(JsonNode) node = bh_machine_to_json(machine);
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) copy = bh_machine_from_json(node, &error);
	g_autofree char *before = machine_text(machine), *after = NULL;
	const BhMachineDevice *device;
	const BhMachineIommu *iommu;

	g_assert_no_error(error);
	after = machine_text(copy);
	g_assert_cmpstr(before, ==, after);
	device = copy->devices->pdata[0];
	g_assert_cmpstr(device->name, ==, "Ger\xc3\xa4t \"7\" \\ \n");
	g_assert_null(device->driver);
	g_assert_cmpuint(device->vendor, ==, G_MAXUINT);
	g_assert_cmpstr(device->used_for[1], ==, "disk /home");
	g_assert_cmphex(((BhMachineBar *)device->bars->pdata[0])->start, ==, 1ULL << 63);
	iommu = copy->iommus->pdata[0];
	g_assert_cmphex(iommu->address, ==, 0xfedcba9876543210);
	g_assert_nonnull(strstr(before, "\"0xfedcba9876543210\""));
	g_assert_cmpint(((BhMachineInterrupt *)copy->interrupts->pdata[0])->gsi, ==, -1);
	g_assert_true(copy->simulated);
}

static void test_saved(void)
{
	g_autofree char *directory = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "machine.json", NULL);
	g_autofree char *nowhere = g_build_filename(directory, "no", "machine.json", NULL);
	g_autoptr(BhMachine) machine = machine_make(), loaded = NULL, none = NULL;
	g_autofree char *before = machine_text(machine), *after = NULL;
	g_autoptr(GError) error = NULL;

	none = bh_machine_load(path, &error);
	g_assert_null(none);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
	g_clear_error(&error);
	g_assert_false(bh_machine_save(machine, nowhere, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_true(bh_machine_save(machine, path, &error));
	loaded = bh_machine_load(path, &error);
	g_assert_no_error(error);
	after = machine_text(loaded);
	g_assert_cmpstr(before, ==, after);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static BhMachine *from_text(const char *text, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	if (!json_parser_load_from_data(parser, text, -1, error))
		return NULL;
	if (!json_parser_get_root(parser)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "empty");
		return NULL;
	}
	return bh_machine_from_json(json_parser_get_root(parser), error);
}

/* @from in the saved text becomes @to, and the error holds @words. */
static void test_refused(void)
{
	static const struct {
		const char *from, *to, *words;
	} wrong[] = {
		{"\"version\" : 1", "\"version\" : 2",
		 "has version 2, but this program knows version 1"},
		{"\"version\" : 1", "\"version\" : \"1\"", "no number \"version\""},
		{"\"version\" : 1", "\"revision\" : 1", "no number \"version\""},
		{"\"apic_id\" : 0", "\"apic_id\" : -1", "\"apic_id\" of cpus[0] must be a number"},
		{"\"apic_id\" : 0", "\"apic_id\" : 4294967296",
		 "\"apic_id\" of cpus[0] must be a number"},
		{"\"apic_id\" : 0", "\"apic_id\" : 1.5", "\"apic_id\" of cpus[0] must be a number"},
		{"\"apic_id\" : 0", "\"apic_id\" : null",
		 "\"apic_id\" of cpus[0] must be a number"},
		{"\"apic_id\" : 0,", "", "\"apic_id\" of cpus[0] must be there"},
		{"\"apic_id\" : 0", "\"apic_id\" : 0, \"colour\" : 1", "does not know"},
		{"\"id\" : 1,", "\"id\" : 2,", "CPU 2 twice"},
		{"\"online\" : true", "\"online\" : 1", "must be true or false"},
		{"\"0xfedcba9876543210\"", "\"fedcba9876543210\"", "hexadecimal"},
		{"\"0xfedcba9876543210\"", "\"0xfedcba98765432100\"", "hexadecimal"},
		{"\"0xfedcba9876543210\"", "\"0x12 \"", "hexadecimal"},
		{"\"0xfedcba9876543210\"", "1234", "hexadecimal"},
		{"\"0000:00:1f.7\"", "\"00:1f.7\"", "\"address\" of a device"},
		{"\"0000:00:1f.7\"", "\"0000:00:20.0\"", "\"address\" of a device"},
		{"\"unified\"", "[]", "must be a string"},
		{"\"disk /home\"", "7", "must be a list of strings"},
		{"\"gsi\" : -1", "\"gsi\" : 2147483648", "signed number"},
		{"\"size\" : \"0x8000000000000000\"", "\"size\" : \"0x8000000000000001\"",
		 "below 2^64"},
	};
	g_autoptr(BhMachine) machine = machine_make();
	g_autofree char *text = machine_text(machine);

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		const char *at = strstr(text, wrong[i].from);
		g_autofree char *changed = NULL;
		g_autoptr(BhMachine) none = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_nonnull(at);
		changed = g_strdup_printf("%.*s%s%s", (int)(at - text), text, wrong[i].to,
					  at + strlen(wrong[i].from));
		none = from_text(changed, &error);
		g_assert_null(none);
		g_assert_nonnull(error);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, wrong[i].words));
	}
}

static void test_no_description(void)
{
	static const char *const texts[] = {
		"",  "null", "7", "[]", "{}", "{\"version\": 1}", "{\"version\": 1, \"cpus\": []}",
		"{", "\xff",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(BhMachine) none = from_text(texts[i], &error);

		g_assert_null(none);
		g_assert_nonnull(error);
	}
}

/* Random damage to the text is refused or makes another machine, and never does harm. */
static void test_damaged(void)
{
	g_autoptr(BhMachine) machine = machine_make();
	g_autofree char *text = machine_text(machine);
	gsize length = strlen(text);

	for (guint i = 0; i < 3000; i++) {
		g_autofree char *copy = g_strdup(text);
		g_autoptr(GError) error = NULL;
		g_autoptr(BhMachine) other = NULL;

		for (guint k = 0; k <= i % 3; k++)
			copy[g_test_rand_int_range(0, length)] = g_test_rand_int_range(32, 127);
		if (i % 5 == 0)
			copy[g_test_rand_int_range(0, length)] = '\0';
		other = from_text(copy, &error);
		g_assert_true((other == NULL) == (error != NULL));
		if (other) {
			g_autofree char *again = machine_text(other);

			g_assert_cmpuint(strlen(again), >, length / 2);
		}
	}
}

static void test_variant(void)
{
	g_autoptr(BhMachine) machine = machine_make();
	g_autoptr(GVariant) variant = g_variant_ref_sink(bh_machine_to_variant(machine));
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(variant);
	g_autoptr(GVariant) cpus = g_variant_dict_lookup_value(&dict, "cpus", NULL);
	g_autoptr(GVariant) cpu = g_variant_get_child_value(cpus, 2);
	gboolean can_offline;
	const char *name;
	guint64 size;
	guint id;

	g_assert_true(g_variant_dict_lookup(&dict, "name", "&s", &name));
	g_assert_cmpstr(name, ==, "simulated machine");
	g_assert_true(g_variant_dict_lookup(&dict, "memory-size", "t", &size));
	g_assert_cmphex(size, ==, 512 * MIB);
	g_assert_false(g_variant_dict_contains(&dict, "cpu-model"));
	g_assert_true(g_variant_is_of_type(cpus, G_VARIANT_TYPE("aa{sv}")));
	g_assert_true(g_variant_lookup(cpu, "id", "u", &id));
	g_assert_cmpuint(id, ==, 2);
	g_assert_true(g_variant_lookup(cpu, "can-offline", "b", &can_offline));
	g_assert_true(can_offline);
}

static void test_pci(void)
{
	static const struct {
		const char *from, *to;
	} addresses[] = {
		{"00:03.0", "0000:00:03.0"},
		{"0000:0A:1F.7", "0000:0a:1f.7"},
		{"00:20.0", NULL},
		{"00:03.8", NULL},
		{"0:3.0", NULL},
		{"", NULL},
		{"00:03.00", NULL},
		{"00000:00:03.0", NULL},
		{"zz:03.0", NULL},
		{"0000:00:03", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *to = bh_machine_normalize_pci(addresses[i].from);

		g_assert_cmpstr(to, ==, addresses[i].to);
	}
}

/* Every fact has one of the levels, and is a sentence. */
static void test_isolation(void)
{
	static const char *const levels[] = {"isolated", "limited", "open", NULL};
	g_autoptr(BhMachine) plain = bh_machine_new_simple(2, 512 * MIB);
	g_autoptr(BhMachine) rich = machine_make();
	BhMachine *machines[] = {plain, rich};
	guint open = 0;

	/* Two threads of one core. */
	((BhMachineCpu *)rich->cpus->pdata[1])->core = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
		g_autoptr(GPtrArray) facts = bh_machine_isolation(machines[i]);
		g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);

		for (guint k = 0; k < facts->len; k++) {
			const BhMachineFact *fact = facts->pdata[k];

			g_test_message("%s %s: %s", fact->level, fact->code, fact->message);
			g_assert_true(g_strv_contains(levels, fact->level));
			g_assert_cmpuint(strlen(fact->message), >, 20);
			g_assert_false(g_str_has_suffix(fact->message, "."));
			g_hash_table_add(codes, fact->code);
			open += !strcmp(fact->code, "no-iommu");
		}
		g_assert_cmpint(g_hash_table_contains(codes, "smt-siblings"), ==, i == 1);
	}
	g_assert_cmpuint(open, ==, 1);
}

static void test_iommus(void)
{
	g_autoptr(BhMachine) machine = machine_make();

	for (guint active = 0; active < 2; active++) {
		g_autoptr(GPtrArray) facts = NULL;
		guint found = 0;

		g_assert_cmpuint(machine->iommus->len, >, 0);
		((BhMachineIommu *)machine->iommus->pdata[0])->active = active;
		facts = bh_machine_isolation(machine);
		for (guint i = 0; i < facts->len; i++) {
			const BhMachineFact *fact = facts->pdata[i];

			if (!strstr(fact->code, "iommu"))
				continue;
			g_assert_cmpstr(fact->code, ==, active ? "iommu-of-linux" : "iommu-unused");
			g_assert_cmpstr(fact->level, ==, active ? "limited" : "open");
			found++;
		}
		g_assert_cmpuint(found, ==, 1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/machine-record/json", test_json);
	g_test_add_func("/machine-record/saved", test_saved);
	g_test_add_func("/machine-record/refused", test_refused);
	g_test_add_func("/machine-record/no-description", test_no_description);
	g_test_add_func("/machine-record/damaged", test_damaged);
	g_test_add_func("/machine-record/variant", test_variant);
	g_test_add_func("/machine-record/pci", test_pci);
	g_test_add_func("/machine-record/isolation", test_isolation);
	g_test_add_func("/machine-record/iommus", test_iommus);
	return g_test_run();
}
