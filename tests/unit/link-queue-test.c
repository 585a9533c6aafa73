// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between two peers of a link, one of whom may be anything. */
#include <glib.h>
#include <string.h>
#include <bulkhead/link-queue.h>

#define PEERS 3
#define OUTPUT 4096
#define A 0
#define B 2

/* Exactly as large as the sections are: what is written beside them is found by the sanitizer. */
struct pair {
	uint8_t *output[PEERS];
	struct bh_queue a, b;
};

static void open_a(struct pair *pair)
{
	g_assert_true(
		bh_queue_open(&pair->a, pair->output[A], pair->output[B], OUTPUT, PEERS, A, B));
}

static void open_b(struct pair *pair)
{
	g_assert_true(
		bh_queue_open(&pair->b, pair->output[B], pair->output[A], OUTPUT, PEERS, B, A));
}

static void pair_open(struct pair *pair)
{
	for (int i = 0; i < PEERS; i++)
		pair->output[i] = g_malloc0(OUTPUT);
	open_a(pair);
	open_b(pair);
}

static void pair_close(struct pair *pair)
{
	for (int i = 0; i < PEERS; i++)
		g_free(pair->output[i]);
}

static void expect(struct bh_queue *queue, const char *text)
{
	char buffer[2048];
	bool ring;
	long n = bh_queue_get(queue, buffer, sizeof(buffer), &ring);

	g_assert_cmpint(n, ==, (long)strlen(text));
	g_assert_cmpmem(buffer, (size_t)n, text, strlen(text));
}

static void expect_none(struct bh_queue *queue, long reason)
{
	char buffer[64];
	bool ring;

	g_assert_cmpint(bh_queue_get(queue, buffer, sizeof(buffer), &ring), ==, reason);
}

static void test_both_ways(void)
{
	struct pair pair;

	pair_open(&pair);
	expect_none(&pair.a, BH_QUEUE_NONE);
	g_assert_true(bh_queue_put(&pair.a, "one", 3));
	g_assert_true(bh_queue_put(&pair.a, "", 0));
	g_assert_true(bh_queue_put(&pair.b, "other way", 9));
	expect(&pair.b, "one");
	expect(&pair.b, "");
	expect_none(&pair.b, BH_QUEUE_NONE);
	expect(&pair.a, "other way");
	expect_none(&pair.a, BH_QUEUE_NONE);
	/* The third peer's slots are untouched. */
	for (uint32_t i = 0; i < OUTPUT; i++)
		g_assert_cmpuint(pair.output[1][i], ==, 0);
	pair_close(&pair);
}

static void test_full(void)
{
	char message[100], large[4096] = {0};
	uint32_t sent = 0, came = 0;
	struct pair pair;
	bool ring;

	pair_open(&pair);
	g_assert_cmpuint(bh_queue_room(&pair.a), ==, 1024 - 4);
	g_assert_true(bh_queue_put(&pair.a, large, bh_queue_room(&pair.a)));
	g_assert_false(bh_queue_put(&pair.a, "", 0));
	expect_none(&pair.b, BH_QUEUE_LARGE);
	g_assert_false(bh_queue_put(&pair.a, large, bh_queue_room(&pair.a) + 1));
	/* Around and around, with every size, each message as it was sent. */
	for (; came < 5000; came++) {
		for (;; sent++) {
			memset(message, (int)sent, sizeof(message));
			if (!bh_queue_put(&pair.a, message, sent % sizeof(message)))
				break;
		}
		g_assert_cmpint(bh_queue_get(&pair.b, large, sizeof(large), &ring), ==,
				came % sizeof(message));
		g_assert_true(ring);
		for (uint32_t i = 0; i < came % sizeof(message); i++)
			g_assert_cmphex((uint8_t)large[i], ==, came & 0xff);
	}
	pair_close(&pair);
}

/* Either side begins anew: no message of before is found, and later ones arrive. */
static void test_restart(void)
{
	struct pair pair;

	pair_open(&pair);
	g_assert_true(bh_queue_put(&pair.a, "lost", 4));
	g_assert_true(bh_queue_put(&pair.b, "lost too", 8));
	open_b(&pair);
	expect_none(&pair.b, BH_QUEUE_NONE);
	expect_none(&pair.a, BH_QUEUE_NONE);
	g_assert_true(bh_queue_put(&pair.a, "heard", 5));
	g_assert_true(bh_queue_put(&pair.b, "answered", 8));
	expect(&pair.b, "heard");
	expect(&pair.a, "answered");
	pair_close(&pair);
}

static void test_small(void)
{
	uint8_t own[PEERS * 64] = {0};
	struct bh_queue queue;

	g_assert_false(bh_queue_open(&queue, own, own, sizeof(own), PEERS, 0, 1));
	g_assert_false(bh_queue_open(&queue, own, own, 0, PEERS, 0, 1));
}

/* The peer writes what it wants, between any two looks: the reader stays in the sections and comes to an end. */
static void test_hostile(void)
{
	char buffer[64] = {0};
	struct pair pair;
	bool ring;

	pair_open(&pair);
	for (uint32_t round = 0; round < 200000; round++) {
		struct bh_queue_slot *slot = pair.a.own;
		long n;

		switch (g_test_rand_int_range(0, 5)) {
		case 0:
			slot->written = (uint32_t)g_test_rand_int();
			break;
		case 1:
			slot->written = pair.b.read + (uint32_t)g_test_rand_int_range(-8, 2048);
			break;
		case 2:
			slot->read = (uint32_t)g_test_rand_int();
			break;
		case 3:
			for (int i = 0; i < 64; i++)
				slot->ring[g_test_rand_int_range(0, (gint32)pair.a.size)] =
					(uint8_t)g_test_rand_int();
			break;
		default:
			(void)bh_queue_put(&pair.b, buffer, sizeof(buffer));
		}
		n = bh_queue_get(&pair.b, buffer, sizeof(buffer), &ring);
		g_assert_cmpint(n, >=, BH_QUEUE_LARGE);
		g_assert_cmpint(n, <=, (long)sizeof(buffer));
	}
	/* Once it behaves, all is well again. */
	open_a(&pair);
	while (bh_queue_get(&pair.b, buffer, sizeof(buffer), &ring) != BH_QUEUE_NONE)
		continue;
	g_assert_true(bh_queue_put(&pair.a, "well", 4));
	expect(&pair.b, "well");
	g_assert_true(bh_queue_put(&pair.b, "indeed", 6));
	expect(&pair.a, "indeed");
	pair_close(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link-queue/both-ways", test_both_ways);
	g_test_add_func("/link-queue/full", test_full);
	g_test_add_func("/link-queue/restart", test_restart);
	g_test_add_func("/link-queue/small", test_small);
	g_test_add_func("/link-queue/hostile", test_hostile);
	return g_test_run();
}
