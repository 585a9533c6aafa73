// SPDX-License-Identifier: GPL-2.0-or-later
/* Which redistributor is whose, on machines that no board has: in several places, further apart, named one by one. */
#include <hv/arch/arm64/redistributors.h>
#include <hv/core/machine.h>
#include <hv/core/mmio.h>
#include <glib.h>

#define FRAME 0x20000
#define LAST GICR_TYPER_LAST
#define FRAMES_MAX 32
#define CPUS 12

struct machine machine;
u32 cpu_count = CPUS;
static struct cpu cpus[CPUS];
/* What is there to be read. Anywhere else is a bus that nobody answers on. */
static struct {
	u64 at, typer;
} frames[FRAMES_MAX];
static guint frame_count;

struct cpu *cpu_get(u32 id)
{
	return &cpus[id];
}

u64 mmio_read(paddr_t address, u8 width)
{
	g_assert_cmpuint(width, ==, 8);
	for (guint i = 0; i < frame_count; i++)
		if (address.v == frames[i].at + GICR_TYPER)
			return frames[i].typer;
	g_error("0x%" G_GINT64_MODIFIER "x is read, and nothing is there", address.v);
}

/* CPUs 0 to 7 are in cluster 0, the others in cluster 1, of which affinity 3 is 2. */
static u64 affinity_of(guint cpu)
{
	return cpu < 8 ? cpu : 0x200000100 | (cpu - 8);
}

static void machine_make(void)
{
	machine = (struct machine){.gic.version = 3};
	frame_count = 0;
	for (guint i = 0; i < CPUS; i++) {
		cpus[i] = (struct cpu){.id = i, .arch.affinity = affinity_of(i)};
		machine.gic.gicr[i % BH_BOOT_GICR_MAX].size = 0;
	}
}

static void frame_put(u64 at, u64 affinity, u64 flags)
{
	g_assert_cmpuint(frame_count, <, FRAMES_MAX);
	frames[frame_count].at = at;
	frames[frame_count++].typer = (affinity >> 32) << 56 | (affinity & 0xffffff) << 32 | flags;
}

static void place_put(guint n, u64 start, u64 size)
{
	machine.gic.gicr[n] = (struct bh_range){start, size};
}

/* The CPU's redistributor is here: it knows, and who asks for any of its registers is told. */
static void check(guint cpu, u64 at, u64 size)
{
	static const u64 offsets[] = {0, 8, 0x10000, 0x1fffc};
	u64 offset;

	g_assert_cmphex(cpus[cpu].arch.gic.redistributor.v, ==, at);
	for (gsize i = 0; i < G_N_ELEMENTS(offsets); i++) {
		g_assert_true(redistributor_owner(at + offsets[i], &offset) == &cpus[cpu]);
		g_assert_cmphex(offset, ==, offsets[i]);
	}
	g_assert_true(redistributor_owner(at + size - 4, &offset) == &cpus[cpu]);
	g_assert_cmphex(offset, ==, size - 4);
}

static void nobodys(u64 address)
{
	u64 offset;

	g_assert_null(redistributor_owner(address, &offset));
}

/* As QEMU's "virt" has it: room for more than there are, and behind the last nothing. */
static void test_one_place(void)
{
	machine_make();
	place_put(0, 0x80a0000, 0xf60000);
	for (guint i = 0; i < CPUS; i++)
		frame_put(0x80a0000 + i * FRAME, affinity_of(i), i == CPUS - 1 ? LAST : 0);
	redistributors_find();
	for (guint i = 0; i < CPUS; i++)
		check(i, 0x80a0000 + i * FRAME, FRAME);
	nobodys(0x80a0000 + CPUS * FRAME);
	nobodys(0x9000000 - 4);
}

/* Each place ends with its own last one; a place may follow another directly, and may have a CPU that Linux does not know. */
static void test_places(void)
{
	machine_make();
	place_put(0, 0x10000000, 4 * FRAME);
	place_put(1, 0x10000000 + 4 * FRAME, 8 * FRAME);
	place_put(2, 0x4000000000, 8 * FRAME);
	for (guint i = 0; i < 4; i++)
		frame_put(0x10000000 + i * FRAME, affinity_of(i), i == 3 ? LAST : 0);
	for (guint i = 4; i < 8; i++)
		frame_put(0x10000000 + i * FRAME, affinity_of(i), i == 7 ? LAST : 0);
	frame_put(0x4000000000, 0x55, 0);
	for (guint i = 8; i < CPUS; i++)
		frame_put(0x4000000000 + (i - 7) * FRAME, affinity_of(i), i == CPUS - 1 ? LAST : 0);
	redistributors_find();
	for (guint i = 0; i < 8; i++)
		check(i, 0x10000000 + i * FRAME, FRAME);
	for (guint i = 8; i < CPUS; i++)
		check(i, 0x4000000000 + (i - 7) * FRAME, FRAME);
	nobodys(0x4000000000);
	nobodys(0x10000000 + 8 * FRAME);
	nobodys(0x4000000000 + 5 * FRAME);
}

/* The second place is full, although no redistributor says that it is the last. */
static void test_no_last(void)
{
	machine_make();
	place_put(0, 0x10000000, 8 * FRAME);
	place_put(1, 0x20000000, 4 * FRAME);
	for (guint i = 0; i < CPUS; i++)
		frame_put((i < 8 ? 0x10000000 : 0x20000000 - 8 * FRAME) + i * FRAME, affinity_of(i),
			  0);
	redistributors_find();
	check(7, 0x10000000 + 7 * FRAME, FRAME);
	check(8, 0x20000000, FRAME);
	check(11, 0x20000000 + 3 * FRAME, FRAME);
}

/* Named by each CPU for itself, and put together by the module: each may say that it is the last. */
static void test_full(void)
{
	machine_make();
	machine.gic.gicr_full = 1;
	place_put(0, 0x10000000, 8 * FRAME);
	place_put(1, 0x20000000, 3 * FRAME);
	place_put(2, 0x30000000, FRAME);
	for (guint i = 0; i < 8; i++)
		frame_put(0x10000000 + i * FRAME, affinity_of(i), LAST);
	for (guint i = 8; i < 11; i++)
		frame_put(0x20000000 + (i - 8) * FRAME, affinity_of(i), LAST);
	frame_put(0x30000000, affinity_of(11), LAST);
	redistributors_find();
	for (guint i = 0; i < 8; i++)
		check(i, 0x10000000 + i * FRAME, FRAME);
	check(10, 0x20000000 + 2 * FRAME, FRAME);
	check(11, 0x30000000, FRAME);
}

/* Apart from each other as the device tree says, or twice as large by themselves (GICv4). */
static void test_stride(void)
{
	for (guint what = 0; what < 2; what++) {
		u64 stride = what ? 2 * FRAME : 4 * FRAME;

		machine_make();
		machine.gic.gicr_stride = what ? 0 : stride;
		place_put(0, 0x10000000, CPUS * stride);
		for (guint i = 0; i < CPUS; i++)
			frame_put(0x10000000 + i * stride, affinity_of(i),
				  (what ? GICR_TYPER_VLPIS : 0) | (i == CPUS - 1 ? LAST : 0));
		redistributors_find();
		for (guint i = 0; i < CPUS; i++)
			check(i, 0x10000000 + i * stride, stride);
		nobodys(0x10000000 + CPUS * stride);
	}
}

/* A CPU without one, which the core refuses then; a place too small to have any. */
static void test_missing(void)
{
	machine_make();
	place_put(0, 0x10000000, 4 * FRAME);
	place_put(1, 0x20000000, FRAME / 2);
	for (guint i = 0; i < 4; i++)
		frame_put(0x10000000 + i * FRAME, affinity_of(i), i == 3 ? LAST : 0);
	redistributors_find();
	check(3, 0x10000000 + 3 * FRAME, FRAME);
	g_assert_cmphex(cpus[4].arch.gic.redistributor.v, ==, 0);
	nobodys(0x20000000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/redistributors/one-place", test_one_place);
	g_test_add_func("/redistributors/places", test_places);
	g_test_add_func("/redistributors/no-last", test_no_last);
	g_test_add_func("/redistributors/full", test_full);
	g_test_add_func("/redistributors/stride", test_stride);
	g_test_add_func("/redistributors/missing", test_missing);
	return g_test_run();
}
