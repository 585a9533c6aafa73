// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery from what real machines show (tests/data/machines), and from the same with damage: whatever /proc, /sys and the
 * firmware's tables hold, it ends, crashes nothing, and makes a description that can be saved and loaded.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "bh-machine-private.h"

#define MIB (1ULL << 20)

/* ---- trees ---- */

static void parent_make(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
}

static void file_put(const char *path, const void *data, gsize length)
{
	FILE *file;

	parent_make(path);
	file = g_fopen(path, "w");
	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(data, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

/* The lines of a capture, see tests/data/machines/capture. Adds the names of the files to @files. */
static void tree_unpack(const char *name, const char *root, GPtrArray *files)
{
	g_autofree char *source =
		g_test_build_filename(G_TEST_DIST, "..", "data", "machines", name, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(source, &text, NULL, &error);
	g_assert_no_error(error);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 3);
		g_autofree char *path =
			words[0] && words[1] ? g_strconcat(root, words[1], NULL) : NULL;

		if (!strcmp(*line, "") || **line == '#')
			continue;
		if (!strcmp(words[0], "dir")) {
			g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
		} else if (!strcmp(words[0], "link")) {
			parent_make(path);
			g_assert_true(symlink(words[2], path) == 0 ||
				      g_file_test(path, G_FILE_TEST_IS_SYMLINK));
		} else if (!strcmp(words[0], "data")) {
			gsize length;
			g_autofree guchar *data = g_base64_decode(words[2], &length);

			file_put(path, data, length);
			g_ptr_array_add(files, g_steal_pointer(&path));
		} else {
			g_autoptr(GString) content = g_string_new(NULL);

			g_assert_cmpstr(words[0], ==, "file");
			for (; line[1] && line[1][0] == '>'; line++)
				g_string_append_printf(content, "%s\n", line[1] + 1);
			file_put(path, content->str, content->len);
			g_ptr_array_add(files, g_steal_pointer(&path));
		}
	}
}

static void tree_remove(const char *path)
{
	g_autoptr(GDir) dir =
		g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		tree_remove(below);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

typedef struct {
	char *root;
	GPtrArray *files;
} Fixture;

static void set_up(Fixture *f, gconstpointer name)
{
	f->root = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	f->files = g_ptr_array_new_with_free_func(g_free);
	tree_unpack(name, f->root, f->files);
}

static void tear_down(Fixture *f, gconstpointer name)
{
	(void)name;
	tree_remove(f->root);
	g_ptr_array_unref(f->files);
	g_free(f->root);
}

/* Saved and loaded it is the same. */
static void machine_check(const BhMachine *machine)
{
	g_autoptr(JsonNode) node = bh_machine_to_json(machine);
	g_autofree char *text = json_to_string(node, FALSE);
	g_autoptr(GVariant) variant = g_variant_ref_sink(bh_machine_to_variant(machine));
	g_autoptr(GPtrArray) facts = bh_machine_isolation(machine);
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) copy = bh_machine_from_json(node, &error);
	g_autoptr(JsonNode) again = NULL;
	g_autofree char *copied = NULL;

	g_assert_no_error(error);
	g_assert_nonnull(copy);
	again = bh_machine_to_json(copy);
	copied = json_to_string(again, FALSE);
	g_assert_cmpstr(copied, ==, text);
	g_assert_true(g_variant_is_of_type(variant, G_VARIANT_TYPE_VARDICT));
	g_assert_cmpuint(facts->len, >, 0);
}

static gboolean has_fact(const BhMachine *machine, const char *code)
{
	g_autoptr(GPtrArray) facts = bh_machine_isolation(machine);

	for (guint i = 0; i < facts->len; i++) {
		const BhMachineFact *fact = facts->pdata[i];

		if (!strcmp(fact->code, code))
			return TRUE;
	}
	return FALSE;
}

/* ---- what there is ---- */

static void test_q35(Fixture *f, gconstpointer name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) machine = bh_machine_discover(f->root, &error);
	const BhMachineInterrupt *interrupt;
	const BhMachineMmconfig *mmconfig;
	const BhMachineDevice *device;
	const BhMachineIommu *iommu;
	const BhMachineUart *uart;
	const BhMachineIntc *intc;
	const BhMachineCpu *cpu;
	const BhMachineBar *bar;

	(void)name;
	g_assert_no_error(error);
	machine_check(machine);
	g_assert_cmpstr(machine->name, ==, "QEMU Standard PC (Q35 + ICH9, 2009)");
	g_assert_cmpstr(machine->architecture, ==, "x86-64");
	g_assert_cmpstr(machine->cpu_model, ==, "AMD EPYC Processor");
	g_assert_cmpstr(machine->virtualization, ==, "svm");
	g_assert_true(machine->guest);
	g_assert_false(machine->simulated);
	g_assert_true(g_str_has_prefix(machine->kernel, "6.1."));

	g_assert_cmpuint(machine->cpus->len, ==, 4);
	cpu = bh_machine_find_cpu(machine, 0);
	g_assert_false(cpu->can_offline);
	g_assert_true(cpu->online);
	for (guint id = 1; id < 4; id++) {
		cpu = bh_machine_find_cpu(machine, id);
		g_assert_true(cpu->can_offline && cpu->online);
		g_assert_cmpuint(cpu->apic_id, ==, id);
	}
	g_assert_null(bh_machine_find_cpu(machine, 4));

	g_assert_cmphex(machine->block_size, ==, 128 * MIB);
	g_assert_cmpuint(machine->blocks->len, ==, 8);
	g_assert_nonnull(bh_machine_find_block(machine, 1024 * MIB - 1));
	g_assert_null(bh_machine_find_block(machine, 1024 * MIB));
	g_assert_cmphex(machine->memory_size, >, 1000 * MIB);
	g_assert_cmphex(machine->memory_size, <, 1024 * MIB);

	device = bh_machine_find_device(machine, "0000:00:02.0");
	g_assert_true(device->bridge);
	device = bh_machine_find_device(machine, "0000:00:03.0");
	g_assert_cmphex(device->class, ==, 0x010802);
	g_assert_cmpstr(device->driver, ==, "nvme");
	g_assert_cmpstr(device->used_for[0], ==, "disk swap");
	g_assert_cmpstr(device->iommu_group, ==, "2");
	g_assert_cmpuint(device->msix, >, 0);
	bar = device->bars->pdata[0];
	g_assert_cmphex(bar->start, ==, 0xfe600000);
	g_assert_cmphex(bar->size, ==, 0x4000);
	g_assert_true(bar->is_64bit && !bar->io);
	device = bh_machine_find_device(machine, "0000:01:00.0");
	g_assert_cmphex(device->vendor, ==, 0x8086);
	g_assert_cmphex(device->device, ==, 0x10d3);
	g_assert_false(device->bridge);
	g_assert_cmpstr(device->used_for[0], ==, "network eth0 (default route)");
	device = bh_machine_find_device(machine, "0000:00:04.0");
	g_assert_null(device->driver);
	g_assert_null(*device->used_for);
	/* Functions of one slot that are one group. */
	device = bh_machine_find_device(machine, "0000:00:1f.2");
	{
		g_autoptr(GPtrArray) companions = bh_machine_device_companions(machine, device);

		g_assert_cmpuint(companions->len, ==, 1);
		g_assert_cmpstr(((BhMachineDevice *)companions->pdata[0])->address, ==,
				"0000:00:1f.3");
	}

	g_assert_cmpuint(machine->iommus->len, ==, 1);
	iommu = machine->iommus->pdata[0];
	g_assert_cmpstr(iommu->type, ==, "amd-vi");
	g_assert_cmphex(iommu->address, ==, 0xfed80000);
	g_assert_true(iommu->active);
	intc = bh_machine_find_intc(machine, 0xfec00000);
	g_assert_cmpstr(intc->type, ==, "ioapic");
	g_assert_cmpuint(intc->gsi_base, ==, 0);
	mmconfig = machine->mmconfigs->pdata[0];
	g_assert_cmphex(mmconfig->start, ==, 0xb0000000);
	g_assert_cmpuint(mmconfig->last_bus, ==, 255);

	g_assert_cmpuint(machine->uarts->len, ==, 2);
	uart = machine->uarts->pdata[0];
	g_assert_cmpstr(uart->name, ==, "ttyS0");
	g_assert_cmpstr(uart->type, ==, "16550A");
	g_assert_cmphex(uart->start, ==, 0x3f8);
	g_assert_true(uart->io && uart->console);
	g_assert_cmpuint(uart->irq, ==, 4);
	uart = machine->uarts->pdata[1];
	g_assert_cmphex(uart->start, ==, 0x2f8);
	g_assert_false(uart->console);
	interrupt = bh_machine_find_gsi(machine, 9);
	g_assert_cmpstr(interrupt->actions[0], ==, "acpi");
	g_assert_false(has_fact(machine, "no-iommu"));
}

static void test_arm64(Fixture *f, gconstpointer name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) machine = bh_machine_discover(f->root, &error);
	const BhMachineMmconfig *mmconfig;
	const BhMachineNode *serial = NULL;
	const BhMachineIommu *iommu;
	const BhMachineUart *uart;
	const BhMachineIntc *intc;

	(void)name;
	g_assert_no_error(error);
	machine_check(machine);
	g_assert_cmpstr(machine->architecture, ==, "arm64");
	g_assert_null(machine->virtualization);
	g_assert_cmpuint(machine->cpus->len, ==, 2);
	intc = machine->intcs->pdata[0];
	g_assert_cmpstr(intc->type, ==, "gicv3");
	g_assert_cmphex(intc->address, ==, 0x8000000);
	g_assert_cmphex(intc->cpu_address, ==, 0x80a0000);
	iommu = machine->iommus->pdata[0];
	g_assert_cmpstr(iommu->type, ==, "smmuv3");
	g_assert_cmphex(iommu->address, ==, 0x9050000);
	mmconfig = machine->mmconfigs->pdata[0];
	g_assert_cmphex(mmconfig->start, ==, 0x4010000000);
	g_assert_cmpuint(mmconfig->last_bus, ==, 255);
	for (guint i = 0; i < machine->nodes->len; i++) {
		const BhMachineNode *node = machine->nodes->pdata[i];

		if (!strcmp(node->path, "/pl011@9000000"))
			serial = node;
	}
	g_assert_nonnull(serial);
	g_assert_cmphex(serial->start, ==, 0x9000000);
	g_assert_cmphex(serial->size, ==, 0x1000);
	g_assert_cmpstr(serial->compatible[0], ==, "arm,pl011");
	g_assert_cmpuint(g_array_index(serial->interrupts, guint, 0), ==, 33);
	uart = machine->uarts->pdata[0];
	g_assert_cmpstr(uart->type, ==, "PL011");
	g_assert_cmphex(uart->start, ==, 0x9000000);
	g_assert_true(uart->console && !uart->io);
	/* The kernel is there, and what was reserved while it booted. */
	g_assert_false(((BhMachineBlock *)machine->blocks->pdata[0])->removable);
	/* For DMA is all that devices of 32 bits reach. */
	g_assert_true(((BhMachineBlock *)machine->blocks->pdata[1])->removable);
	g_assert_cmpstr(machine->cpu_model, ==, "arm,cortex-a57");
}

static gboolean is_removable(const BhMachine *machine, guint64 address)
{
	const BhMachineBlock *block = bh_machine_find_block(machine, address);

	g_assert_nonnull(block);
	return block->removable;
}

/* The board of arm64 itself, of which nothing was made up. */
static void test_arm64_board(Fixture *f, gconstpointer name)
{
	static const guint timers[] = {29, 30, 27, 26};
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) machine = bh_machine_discover(f->root, &error);
	const BhMachineInterrupt *interrupt;
	const BhMachineNode *timer = NULL;
	const BhMachineCache *cache = NULL;
	const BhMachineUart *uart;
	const BhMachineIntc *intc;

	(void)name;
	g_assert_no_error(error);
	machine_check(machine);
	g_assert_cmpstr(machine->name, ==, "linux,dummy-virt");
	g_assert_cmpstr(machine->architecture, ==, "arm64");
	g_assert_cmpstr(machine->cpu_model, ==, "arm,cortex-a57");
	g_assert_cmphex(machine->memory_size, ==, 2048 * MIB);
	g_assert_cmpuint(machine->cpus->len, ==, 4);
	for (guint id = 0; id < 4; id++) {
		const BhMachineCpu *cpu = bh_machine_find_cpu(machine, id);

		/* Linux would let go the one it booted with, and must not. */
		g_assert_cmpint(cpu->can_offline, ==, id > 0);
		g_assert_cmpuint(cpu->apic_id, ==, id);
		g_assert_cmpuint(cpu->core, ==, id);
	}
	/* Of caches the tree says nothing but who shares them. */
	for (guint i = 0; i < machine->caches->len && (!cache || cache->level < 2); i++)
		cache = machine->caches->pdata[i];
	g_assert_cmpuint(machine->caches->len, ==, 9);
	g_assert_cmpuint(cache->level, ==, 2);
	g_assert_cmphex(cache->size, ==, 0);
	g_assert_cmpuint(cache->cpus->len, ==, 4);
	g_assert_true(has_fact(machine, "shared-cache"));

	g_assert_cmpuint(machine->blocks->len, ==, 16);
	g_assert_false(is_removable(machine, 0x40000000));
	g_assert_false(is_removable(machine, 0x48000000));
	g_assert_true(is_removable(machine, 0x50000000));
	g_assert_true(is_removable(machine, 0xa8000000));
	g_assert_false(is_removable(machine, 0xb8000000));

	intc = machine->intcs->pdata[0];
	g_assert_cmpuint(machine->intcs->len, ==, 1);
	g_assert_cmpstr(intc->type, ==, "gicv3");
	g_assert_cmpuint(intc->gsi_base, ==, 32);
	interrupt = bh_machine_find_gsi(machine, 33);
	g_assert_cmpstr(interrupt->actions[0], ==, "uart-pl011");
	interrupt = bh_machine_find_gsi(machine, 39);
	g_assert_cmpstr(interrupt->actions[0], ==, "unnamed");
	for (guint i = 0; i < machine->nodes->len; i++) {
		const BhMachineNode *node = machine->nodes->pdata[i];

		if (!strcmp(node->path, "/timer"))
			timer = node;
	}
	g_assert_nonnull(timer);
	g_assert_cmpuint(timer->interrupts->len, ==, G_N_ELEMENTS(timers));
	for (gsize i = 0; i < G_N_ELEMENTS(timers); i++)
		g_assert_cmpuint(g_array_index(timer->interrupts, guint, i), ==, timers[i]);
	g_assert_cmpuint(machine->uarts->len, ==, 1);
	uart = machine->uarts->pdata[0];
	g_assert_cmphex(uart->start, ==, 0x9000000);
	g_assert_true(uart->console);
	g_assert_cmpuint(machine->devices->len, ==, 3);
	g_assert_cmpstr(bh_machine_find_device(machine, "0000:00:1e.0")->driver, ==, "virtio-pci");
}

/* Somebody without privileges sees no addresses of memory, and no tables. */
static void test_unprivileged(Fixture *f, gconstpointer name)
{
	static const char *const hidden[] = {"APIC", "MCFG", "IVRS"};
	g_autofree char *iomem = g_strconcat(f->root, "/proc/iomem", NULL);
	g_autoptr(BhMachine) machine = NULL;

	(void)name;
	file_put(iomem, "00000000-00000000 : System RAM\n", 31);
	for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
		g_autofree char *table =
			g_strdup_printf("%s/sys/firmware/acpi/tables/%s", f->root, hidden[i]);

		g_assert_cmpint(g_unlink(table), ==, 0);
	}
	machine = bh_machine_discover(f->root, NULL);
	machine_check(machine);
	g_assert_cmpuint(machine->regions->len, ==, 0);
	g_assert_cmpuint(machine->intcs->len, ==, 0);
	/* What Linux counts is known to all. */
	g_assert_cmphex(machine->memory_size, >, 900 * MIB);
	g_assert_cmpuint(machine->devices->len, >=, 9);
}

static void test_nothing(void)
{
	g_autofree char *root = g_dir_make_tmp("bulkhead-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) machine = bh_machine_discover(root, &error);

	g_assert_null(machine);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, root));
	tree_remove(root);
}

/* ---- damage ---- */

/* What a file may hold instead of what it should. */
static void damage(const char *path, guint how)
{
	static const char *const texts[] = {
		"",
		"\n",
		"-1\n",
		"18446744073709551615\n",
		"0xffffffffffffffff\n",
		"99999999999999999999999999\n",
		"\xff\xfe \xc3\n\x01\x02",
		"0-4294967295\n",
		"a,b,,c - : \n",
		"ffffffffffffffff-ffffffffffffffff : System RAM\n0-ffffffffffffffff : x\n",
		"1 2 3 4 5 6 - 7 8\n1 2 ../.. / / -\n",
	};
	g_autofree char *content = NULL;
	gsize length;

	if (how < G_N_ELEMENTS(texts)) {
		file_put(path, texts[how], strlen(texts[how]));
		return;
	}
	g_assert_true(g_file_get_contents(path, &content, &length, NULL));
	switch (how - G_N_ELEMENTS(texts)) {
	case 0: /* cut */
		file_put(path, content, length ? g_test_rand_int_range(0, length) : 0);
		return;
	case 1: /* bytes turned over */
		for (guint i = 0; length && i <= length / 16; i++)
			content[g_test_rand_int_range(0, length)] = g_test_rand_int_range(0, 256);
		file_put(path, content, length);
		return;
	case 2: /* gone */
		g_assert_cmpint(g_unlink(path), ==, 0);
		return;
	default: /* not a file */
		g_assert_cmpint(g_unlink(path), ==, 0);
		g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
		return;
	}
}

#define DAMAGES 15

static void test_damaged(Fixture *f, gconstpointer name)
{
	(void)name;
	/* Each file in one way, or all, one at a time; then more and more of them. */
	for (guint i = 0; i < f->files->len; i++) {
		const char *path = f->files->pdata[i];
		g_autofree char *content = NULL;
		gsize length;

		g_assert_true(g_file_get_contents(path, &content, &length, NULL));
		for (guint k = 0; k < (g_test_slow() ? DAMAGES : 1); k++) {
			g_autoptr(BhMachine) machine = NULL;

			damage(path, (i + k) % DAMAGES);
			machine = bh_machine_discover(f->root, NULL);
			if (machine)
				machine_check(machine);
			if (g_file_test(path, G_FILE_TEST_IS_DIR))
				g_assert_cmpint(g_rmdir(path), ==, 0);
			file_put(path, content, length);
		}
	}
	for (guint i = 0; i < f->files->len; i++) {
		g_autoptr(BhMachine) machine = NULL;

		damage(f->files->pdata[i], g_test_rand_int_range(0, DAMAGES));
		if (i % 8)
			continue;
		machine = bh_machine_discover(f->root, NULL);
		if (machine)
			machine_check(machine);
	}
}

/* A table on its own: cut to every length, and with every bit turned over. */
static void table_damage(const guint8 *data, gsize size, const char *signature)
{
	for (gsize cut = 0; cut <= size; cut++) {
		g_autoptr(GBytes) bytes = g_bytes_new(data, cut);
		g_autoptr(BhMachine) machine = bh_machine_new_simple(1, MIB);

		if (signature)
			bh_machine_read_acpi_table(machine, signature, bytes);
		else
			bh_machine_read_tree_blob(machine, bytes);
	}
	for (gsize bit = 0; bit < size * 8; bit++) {
		g_autofree guint8 *copy = g_memdup2(data, size);
		g_autoptr(BhMachine) machine = bh_machine_new_simple(1, MIB);
		g_autoptr(GBytes) bytes = NULL;

		copy[bit / 8] ^= 1 << bit % 8;
		bytes = g_bytes_new_take(g_steal_pointer(&copy), size);
		if (signature)
			bh_machine_read_acpi_table(machine, signature, bytes);
		else
			bh_machine_read_tree_blob(machine, bytes);
		machine_check(machine);
	}
}

static void test_damaged_tables(Fixture *f, gconstpointer name)
{
	static const char *const signatures[] = {"APIC", "MCFG", "IVRS"};

	(void)name;
	for (gsize i = 0; i < G_N_ELEMENTS(signatures); i++) {
		g_autofree char *path =
			g_strdup_printf("%s/sys/firmware/acpi/tables/%s", f->root, signatures[i]);
		g_autofree char *data = NULL;
		gsize size;

		g_assert_true(g_file_get_contents(path, &data, &size, NULL));
		table_damage((guint8 *)data, size, signatures[i]);
	}
}

static void test_damaged_blob(Fixture *f, gconstpointer name)
{
	g_autofree char *path = g_strconcat(f->root, "/sys/firmware/fdt", NULL);
	g_autofree char *data = NULL;
	gsize size;

	(void)name;
	g_assert_true(g_file_get_contents(path, &data, &size, NULL));
	for (guint i = 0; i < (g_test_slow() ? 40000 : 1000); i++) {
		gsize length = i % 4 ? size : (gsize)g_test_rand_int_range(0, size);
		g_autofree guint8 *copy = g_memdup2(data, size);
		g_autoptr(BhMachine) machine = bh_machine_new_simple(1, MIB);
		g_autoptr(GBytes) bytes = NULL;

		for (guint k = 0; k <= i % 3; k++)
			copy[g_test_rand_int_range(0, size)] ^= 1 << g_test_rand_int_range(0, 8);
		bytes = g_bytes_new(copy, length);
		bh_machine_read_tree_blob(machine, bytes);
		machine_check(machine);
	}
}

/* Tables our captures do not have. */
static void test_other_tables(void)
{
	static const guint8 dmar[] = {
		'D', 'M', 'A', 'R',  80,   0, 0, 0, [48] = 0, 0,	16, 0,	0, 0,	     1,
		0,   0,	  0,   0xd9, 0xfe, 0, 0, 0, 0,	      [64] = 1, 0,  16, 0, [79] = 0,
	};
	static const guint8 iort[] = {
		'I', 'O', 'R',	    'T', 88, 0,	       0,  0, [36] = 2, 0, 0, 0, 48,	   0,
		0,   0,	  [48] = 3, 16,	 0,  [64] = 4, 24, 0, [80] = 0, 0, 5, 9, [87] = 0,
	};
	g_autoptr(GBytes) dmar_bytes = g_bytes_new_static(dmar, sizeof(dmar));
	g_autoptr(GBytes) iort_bytes = g_bytes_new_static(iort, sizeof(iort));
	g_autoptr(BhMachine) machine = bh_machine_new_simple(1, MIB);
	const BhMachineIommu *iommu;

	bh_machine_read_acpi_table(machine, "DMAR", dmar_bytes);
	bh_machine_read_acpi_table(machine, "IORT", iort_bytes);
	g_assert_cmpuint(machine->iommus->len, ==, 3);
	iommu = machine->iommus->pdata[0];
	g_assert_cmpstr(iommu->type, ==, "vt-d");
	g_assert_cmphex(iommu->address, ==, 0xfed90000);
	g_assert_cmpuint(iommu->segment, ==, 1);
	iommu = machine->iommus->pdata[2];
	g_assert_cmpstr(iommu->type, ==, "smmuv3");
	g_assert_cmphex(iommu->address, ==, 0x09050000);
	/* Another's signature is not believed. */
	bh_machine_read_acpi_table(machine, "APIC", dmar_bytes);
	g_assert_cmpuint(machine->intcs->len, ==, 1);
	table_damage(dmar, sizeof(dmar), "DMAR");
	table_damage(iort, sizeof(iort), "IORT");
}

/* This very machine, whatever it is. */
static void test_here(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BhMachine) machine = bh_machine_discover("", &error);

	g_assert_no_error(error);
	machine_check(machine);
	g_assert_cmpuint(machine->memory_size, >, 0);
}

#define WITH(path, tree, test) g_test_add(path, Fixture, tree, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	WITH("/machine-discover/q35", "q35.tree", test_q35);
	WITH("/machine-discover/arm64", "virt-arm64.tree", test_arm64);
	WITH("/machine-discover/arm64/board", "virt-board-tree.tree", test_arm64_board);
	WITH("/machine-discover/unprivileged", "q35.tree", test_unprivileged);
	g_test_add_func("/machine-discover/nothing", test_nothing);
	g_test_add_func("/machine-discover/here", test_here);
	WITH("/machine-discover/damaged/q35", "q35.tree", test_damaged);
	WITH("/machine-discover/damaged/arm64", "virt-arm64.tree", test_damaged);
	WITH("/machine-discover/damaged/tables", "q35.tree", test_damaged_tables);
	WITH("/machine-discover/damaged/blob", "virt-arm64.tree", test_damaged_blob);
	g_test_add_func("/machine-discover/damaged/other", test_other_tables);
	return g_test_run();
}
