// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the loader module makes of the GIC that a device tree or ACPI's table APIC describes (kmod/arm64), on machines that no
 * board is: with redistributors in several places, named one by one, apart from each other; and what it refuses.
 */
#include "kernel/kernel.h"
#include <glib.h>
#include <libfdt.h>
#include "../../kmod/arm64/platform.h"

int acpi_disabled;
static struct bh_boot_info info;
static char *sentence;
static guint8 tree[8192];
static GByteArray *madt;

int arch_platform_fill(struct bh_call *call, struct bh_boot_info *out);

/* ---- what the files ask of the module and of Linux ---- */

int error_set(struct bh_call *call, int number, u32 reason, const char *format, ...)
{
	va_list arguments;

	(void)call;
	g_assert_cmpuint(reason, ==, BH_R_MACHINE);
	va_start(arguments, format);
	/* The first one is the cause. */
	if (!sentence)
		sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return -number;
}

void platform_mcfg(struct bh_boot_info *out)
{
	out->mmconfig_base = 0;
}

u64 links_window_take(void)
{
	return 0;
}

int uefi_fill(struct bh_call *call, struct bh_boot_info *out)
{
	(void)call;
	(void)out;
	return 0;
}

int acpi_get_table(const char *signature, u32 instance, struct acpi_table_header **table)
{
	(void)instance;
	if (strcmp(signature, ACPI_SIG_MADT) || !madt)
		return 1;
	*table = (void *)madt->data;
	return 0;
}

static struct device_node *node_of(int offset)
{
	return offset < 0 ? NULL : GINT_TO_POINTER(offset + 1);
}

static int offset_of(const struct device_node *node)
{
	return GPOINTER_TO_INT(node) - 1;
}

const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node)
{
	for (; matches->compatible; matches++)
		if (!fdt_node_check_compatible(tree, offset_of(node), matches->compatible))
			return matches;
	return NULL;
}

struct device_node *of_find_matching_node(struct device_node *from,
					  const struct of_device_id *matches)
{
	int offset = offset_of(from);

	while ((offset = fdt_next_node(tree, offset, NULL)) >= 0)
		if (of_match_node(matches, node_of(offset)))
			return node_of(offset);
	return NULL;
}

struct device_node *of_find_node_by_type(struct device_node *from, const char *type)
{
	return node_of(fdt_node_offset_by_prop_value(tree, offset_of(from), "device_type", type,
						     strlen(type) + 1));
}

struct device_node *of_get_next_available_child(const struct device_node *parent,
						struct device_node *child)
{
	return node_of(child ? fdt_next_subnode(tree, offset_of(child))
			     : fdt_first_subnode(tree, offset_of(parent)));
}

static int cells_read(const struct device_node *node, const char *name, guint first, guint count,
		      u64 *value)
{
	int length;
	const fdt32_t *cells = fdt_getprop(tree, offset_of(node), name, &length);

	if (!cells)
		return -EINVAL;
	if ((guint)length < (first + count) * 4)
		return -EOVERFLOW;
	for (*value = 0; count--; first++)
		*value = *value << 32 | fdt32_to_cpu(cells[first]);
	return 0;
}

int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *value)
{
	u64 wide;
	int ret = cells_read(node, name, index, 1, &wide);

	if (!ret)
		*value = wide;
	return ret;
}

int of_property_read_u32(const struct device_node *node, const char *name, u32 *value)
{
	return of_property_read_u32_index(node, name, 0, value);
}

int of_property_read_u64(const struct device_node *node, const char *name, u64 *value)
{
	return cells_read(node, name, 0, 2, value);
}

/* Addresses and sizes are two cells everywhere here, one to one. */
int of_address_to_resource(struct device_node *node, int index, struct resource *res)
{
	u64 start, size;

	if (cells_read(node, "reg", 4 * index, 2, &start) ||
	    cells_read(node, "reg", 4 * index + 2, 2, &size))
		return -EINVAL;
	*res = (struct resource){start, start + size - 1};
	return 0;
}

/* ---- checks ---- */

static int fill(void)
{
	memset(&info, 0, sizeof(info));
	g_clear_pointer(&sentence, g_free);
	return arch_platform_fill(NULL, &info);
}

static void refused(const char *words)
{
	g_assert_cmpint(fill(), <, 0);
	g_assert_nonnull(sentence);
	if (!strstr(sentence, words))
		g_error("\"%s\" does not say \"%s\"", sentence, words);
}

static void place_check(guint n, guint64 start, guint64 size)
{
	g_assert_cmphex(info.gic.gicr[n].start, ==, start);
	g_assert_cmphex(info.gic.gicr[n].size, ==, size);
}

static void filled(guint version, guint maintenance, guint places)
{
	g_assert_cmpint(fill(), ==, 0);
	g_assert_null(sentence);
	g_assert_cmpuint(info.gic.version, ==, version);
	g_assert_cmpuint(info.gic.maintenance, ==, maintenance);
	g_assert_cmphex(info.gic.gicd, ==, 0x8000000);
	for (guint i = 0; i < BH_BOOT_GICR_MAX; i++)
		g_assert_cmpint(info.gic.gicr[i].size != 0, ==, i < places);
}

/* ---- device trees ---- */

static void put_numbers(const char *name, const guint64 *numbers, guint count)
{
	g_autofree fdt64_t *big = g_new(fdt64_t, count);

	for (guint i = 0; i < count; i++)
		big[i] = cpu_to_fdt64(numbers[i]);
	g_assert_cmpint(fdt_property(tree, name, big, count * 8), ==, 0);
}

/* A GIC of this kind with these entries of "reg", the distributor's first. @count of 0: nothing is said of regions. */
static void tree_make(const char *compatible, const guint64 *reg, guint numbers, guint regions,
		      guint64 stride)
{
	const fdt32_t interrupts[] = {cpu_to_fdt32(1), cpu_to_fdt32(9), cpu_to_fdt32(4)};

	acpi_disabled = 1;
	g_assert_cmpint(fdt_create(tree, sizeof(tree)), ==, 0);
	g_assert_cmpint(fdt_finish_reservemap(tree), ==, 0);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	fdt_begin_node(tree, "interrupt-controller");
	fdt_property_string(tree, "compatible", compatible);
	put_numbers("reg", reg, numbers);
	fdt_property(tree, "interrupts", interrupts, sizeof(interrupts));
	if (regions)
		fdt_property_u32(tree, "#redistributor-regions", regions);
	if (stride)
		put_numbers("redistributor-stride", &stride, 1);
	fdt_begin_node(tree, "its");
	put_numbers("reg", (const guint64[]){0x8080000, 0x20000}, 2);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	g_assert_cmpint(fdt_finish(tree), ==, 0);
}
#define TREE(compatible, regions, stride, ...)                  \
	tree_make((compatible), (const guint64[]){__VA_ARGS__}, \
		  G_N_ELEMENTS(((const guint64[]){__VA_ARGS__})), (regions), (stride))
#define GICD 0x8000000, 0x10000

static void test_tree_one(void)
{
	TREE("arm,gic-v3", 0, 0, GICD, 0x80a0000, 0xf60000);
	filled(3, 25, 1);
	place_check(0, 0x80a0000, 0xf60000);
	g_assert_cmpuint(info.gic.gicr_full, ==, 0);
	g_assert_cmpuint(info.gic.gicr_stride, ==, 0);
	/* What makes interrupts of messages is nobody's but Linux'. */
	g_assert_cmpuint(info.platform_count, ==, 1);
	g_assert_cmphex(info.platform[0].start, ==, 0x8080000);
}

/* In several, of which one follows another directly: its redistributors have a last one of their own. */
static void test_tree_several(void)
{
	guint64 reg[2 + 2 * (BH_BOOT_GICR_MAX + 1)] = {GICD};

	TREE("arm,gic-v3", 3, 0x40000, GICD, 0x80a0000, 0x100000, 0x81a0000, 0x100000, 0x4000000000,
	     0x1f00000);
	filled(3, 25, 3);
	place_check(0, 0x80a0000, 0x100000);
	place_check(1, 0x81a0000, 0x100000);
	place_check(2, 0x4000000000, 0x1f00000);
	g_assert_cmphex(info.gic.gicr_stride, ==, 0x40000);
	g_assert_cmpuint(info.gic.gicr_full, ==, 0);
	/* Behind those that are counted come a GICv3's interfaces of older kinds, which are none. */
	TREE("arm,gic-v3", 2, 0, GICD, 0x80a0000, 0x100000, 0x4000000000, 0x20000, 0x8010000,
	     0x2000);
	filled(3, 25, 2);
	for (guint i = 0; i <= BH_BOOT_GICR_MAX; i++) {
		reg[2 + 2 * i] = 0x100000000 * (i + 1);
		reg[3 + 2 * i] = 0x20000;
	}
	tree_make("arm,gic-v3", reg, G_N_ELEMENTS(reg), BH_BOOT_GICR_MAX, 0);
	filled(3, 25, BH_BOOT_GICR_MAX);
	place_check(BH_BOOT_GICR_MAX - 1, 0x100000000 * BH_BOOT_GICR_MAX, 0x20000);
	tree_make("arm,gic-v3", reg, G_N_ELEMENTS(reg), BH_BOOT_GICR_MAX + 1, 0);
	refused("its redistributors in more than 8 places");
}

static void test_tree_refused(void)
{
	TREE("arm,gic-v3", 2, 0, GICD, 0x80a0000, 0x100000);
	refused("the device tree does not say where the GIC is");
	TREE("arm,gic-v3", 0, 0, GICD);
	refused("the device tree does not say where the GIC is");
	for (guint64 stride = 0x10000; stride <= 0x200000; stride += 0x1f0000 / 3) {
		TREE("arm,gic-v3", 0, stride, GICD, 0x80a0000, 0xf60000);
		refused("redistributors are 0x");
	}
	TREE("arm,gic-v3", 0, 0x100000020000, GICD, 0x80a0000, 0xf60000);
	refused("redistributors are 0x100000020000 bytes apart");
	TREE("arm,pl390", 0, 0, GICD, 0x8010000, 0x10000);
	refused("neither a GICv3 nor a GICv2 that is known");
}

/* Version 2: with all four parts, each of whole pages. */
static void test_tree_v2(void)
{
	static const char words[] = "the GICv2 has no interfaces for guests, which lie in pages of "
				    "their own, as far as the device tree says";

	TREE("arm,gic-400", 0, 0, GICD, 0x8010000, 0x2000, 0x8030000, 0x2000, 0x8040000, 0x2000);
	filled(2, 25, 0);
	g_assert_cmphex(info.gic.gicc, ==, 0x8010000);
	g_assert_cmphex(info.gic.gich, ==, 0x8030000);
	g_assert_cmphex(info.gic.gicv, ==, 0x8040000);
	TREE("arm,cortex-a15-gic", 0, 0, GICD, 0x8010000, 0x2000);
	refused(words);
	TREE("arm,gic-400", 0, 0, GICD, 0x8010000, 0x2000, 0x8030000, 0x2000);
	refused(words);
	TREE("arm,gic-400", 0, 0, GICD, 0x8010000, 0x1000, 0x8030000, 0x2000, 0x8040000, 0x2000);
	refused(words);
	TREE("arm,gic-400", 0, 0, GICD, 0x8010000, 0x2000, 0x8030800, 0x2000, 0x8040000, 0x2000);
	refused(words);
}

/* ---- ACPI ---- */

static void madt_make(void)
{
	const struct acpi_table_madt head = {.header = {.signature = "APIC"}};

	acpi_disabled = 0;
	g_clear_pointer(&madt, g_byte_array_unref);
	madt = g_byte_array_new();
	g_byte_array_append(madt, (const void *)&head, sizeof(head));
}

static void madt_put(const void *entry, gsize size)
{
	guint8 *length;

	g_byte_array_append(madt, entry, size);
	length = madt->data + madt->len - size + 1;
	*length = size;
	((struct acpi_table_header *)madt->data)->length = madt->len;
}

static void put_distributor(guint version)
{
	const struct acpi_madt_generic_distributor entry = {
		.header.type = ACPI_MADT_TYPE_GENERIC_DISTRIBUTOR,
		.base_address = 0x8000000,
		.version = version,
	};

	madt_put(&entry, sizeof(entry));
}

static void put_redistributors(guint64 start, guint size)
{
	const struct acpi_madt_generic_redistributor entry = {
		.header.type = ACPI_MADT_TYPE_GENERIC_REDISTRIBUTOR,
		.base_address = start,
		.length = size,
	};

	madt_put(&entry, sizeof(entry));
}

static struct acpi_madt_generic_interrupt cpu_entry(guint64 gicr)
{
	return (struct acpi_madt_generic_interrupt){
		.header.type = ACPI_MADT_TYPE_GENERIC_INTERRUPT,
		.flags = ACPI_MADT_ENABLED,
		.vgic_interrupt = 25,
		.gicr_base_address = gicr,
	};
}

static void put_cpu(guint64 gicr)
{
	struct acpi_madt_generic_interrupt entry = cpu_entry(gicr);

	madt_put(&entry, sizeof(entry));
}

static void test_acpi_several(void)
{
	madt_make();
	put_distributor(3);
	put_cpu(0);
	put_redistributors(0x80a0000, 0x100000);
	put_redistributors(0x81a0000, 0x100000);
	put_cpu(0);
	put_redistributors(0x4000000000, 0x1f00000);
	filled(3, 25, 3);
	place_check(0, 0x80a0000, 0x100000);
	place_check(1, 0x81a0000, 0x100000);
	place_check(2, 0x4000000000, 0x1f00000);
	g_assert_cmpuint(info.gic.gicr_full, ==, 0);
	for (guint i = 3; i < BH_BOOT_GICR_MAX; i++)
		put_redistributors(0x4000000000 + 0x100000000 * i, 0x20000);
	filled(3, 25, BH_BOOT_GICR_MAX);
	put_redistributors(0x5000000000, 0x20000);
	refused("its redistributors in more than 8 places");
}

/* Each CPU names its own, of which neighbours make one place, in whatever order: 24 CPUs in two. CPUs that are off count for nothing. */
static void test_acpi_cpus(void)
{
	struct acpi_madt_generic_interrupt off = cpu_entry(0x90000000);

	madt_make();
	put_distributor(0);
	for (guint i = 0; i < 12; i++) {
		put_cpu(0x10000000 + 0x20000 * i);
		put_cpu(0x20000000 + 0x20000 * i);
	}
	off.flags = 0;
	madt_put(&off, sizeof(off));
	filled(3, 25, 2);
	place_check(0, 0x10000000, 12 * 0x20000);
	place_check(1, 0x20000000, 12 * 0x20000);
	g_assert_cmpuint(info.gic.gicr_full, ==, 1);
	/* With entries of their own, those count. */
	put_redistributors(0x80a0000, 0xf60000);
	filled(3, 25, 1);
	place_check(0, 0x80a0000, 0xf60000);
	g_assert_cmpuint(info.gic.gicr_full, ==, 0);
}

static void test_acpi_refused(void)
{
	struct acpi_madt_generic_interrupt v2 = cpu_entry(0);

	madt_make();
	g_clear_pointer(&madt, g_byte_array_unref);
	refused("no ACPI table APIC");
	madt_make();
	put_distributor(3);
	refused("does not say where the GIC is");
	put_cpu(0);
	refused("where the GIC's redistributors are");
	put_distributor(5);
	refused("GIC is of version 5");
	/* Of version 2 as the CPU says, with and without what guests need. */
	madt_make();
	put_distributor(2);
	v2.base_address = 0x8010000;
	madt_put(&v2, sizeof(v2));
	refused("the GICv2 has no interfaces for guests, which lie in pages of their own, as far "
		"as "
		"the ACPI tables say");
	madt_make();
	put_distributor(2);
	v2.gich_base_address = 0x8030000;
	v2.gicv_base_address = 0x8040000;
	madt_put(&v2, sizeof(v2));
	filled(2, 25, 0);
	g_assert_cmphex(info.gic.gicv, ==, 0x8040000);
}

/* Cut short anywhere, or with an entry of any length, the table is read to its end and no further. */
static void test_acpi_damaged(void)
{
	for (guint what = 0; what < 512; what++) {
		g_autofree struct acpi_table_header *table = NULL;
		g_autoptr(GByteArray) whole = NULL;
		guint size;

		madt_make();
		put_distributor(3);
		put_cpu(0x10000000);
		put_redistributors(0x80a0000, 0xf60000);
		size = MIN(sizeof(struct acpi_table_madt) + what, madt->len);
		if (what >= 256) {
			size = madt->len;
			madt->data[sizeof(struct acpi_table_madt) + 1] = what - 256;
		}
		/* On the heap, with nothing behind it. */
		table = g_memdup2(madt->data, size);
		table->length = size;
		whole = madt;
		madt = g_byte_array_new_take((guint8 *)g_steal_pointer(&table), size);
		fill();
	}
}

int main(int argc, char **argv)
{
	int code;

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/platform/tree/one", test_tree_one);
	g_test_add_func("/platform/tree/several", test_tree_several);
	g_test_add_func("/platform/tree/refused", test_tree_refused);
	g_test_add_func("/platform/tree/v2", test_tree_v2);
	g_test_add_func("/platform/acpi/several", test_acpi_several);
	g_test_add_func("/platform/acpi/cpus", test_acpi_cpus);
	g_test_add_func("/platform/acpi/refused", test_acpi_refused);
	g_test_add_func("/platform/acpi/damaged", test_acpi_damaged);
	code = g_test_run();
	g_clear_pointer(&sentence, g_free);
	g_clear_pointer(&madt, g_byte_array_unref);
	return code;
}
