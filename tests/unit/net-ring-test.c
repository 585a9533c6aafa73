/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rings of a network link: two ends over two sections of plain memory, and peers that lie. */
#include <glib.h>
#include <string.h>
#include <bulkhead/net.h>

#define SECTION 0x10000

/* One end of the link. */
struct end {
	char *section;
	struct bh_net_slot slots[BH_NET_ENTRIES_MAX];
	struct bh_net_tx tx;
	struct bh_net_rx rx;
};

struct link {
	struct bh_net_layout layout;
	struct end ends[2];
};

static struct link *link_new(gsize size)
{
	struct link *link = g_new0(struct link, 1);

	g_assert_true(bh_net_layout(&link->layout, size));
	for (int i = 0; i < 2; i++)
		link->ends[i].section = g_malloc0(size);
	for (int i = 0; i < 2; i++) {
		struct end *end = &link->ends[i];

		bh_net_tx_init(&end->tx, &link->layout, end->section, link->ends[!i].section,
			       end->slots);
		bh_net_rx_init(&end->rx, &link->layout, end->section, link->ends[!i].section);
	}
	return link;
}

static void link_free(struct link *link)
{
	g_free(link->ends[0].section);
	g_free(link->ends[1].section);
	g_free(link);
}

static bool send_frame(struct end *end, const char *data, guint32 length)
{
	volatile char *to = bh_net_tx_begin(&end->tx, length);

	if (!to)
		return false;
	memcpy((char *)to, data, length);
	bh_net_tx_commit(&end->tx, length);
	return true;
}

/* The next frame, in one piece. */
static GByteArray *take_frame(struct end *end)
{
	struct bh_net_frame frame = {0};
	GByteArray *data;

	if (bh_net_rx_next(&end->rx, &frame) != BH_NET_FRAME)
		return NULL;
	data = g_byte_array_new();
	for (guint32 i = 0; i < frame.count; i++)
		g_byte_array_append(data, (const guint8 *)frame.segments[i].at,
				    frame.segments[i].length);
	g_assert_cmpuint(data->len, ==, frame.length);
	bh_net_rx_done(&end->rx, &frame);
	return data;
}

static void expect_frame(struct end *end, const char *data, guint32 length)
{
	g_autoptr(GByteArray) frame = take_frame(end);

	g_assert_nonnull(frame);
	g_assert_cmpmem(frame->data, frame->len, data, length);
}

/* ---- layout ---- */

static void test_layout(void)
{
	static const struct {
		gsize size;
		guint32 entries, used, data, mtu;
	} known[] = {
		{0x2000, 32, 640, 960, 452},
		{0x4000, 64, 1216, 1792, 912},
		{0x10000, 256, 4672, 6784, 3672},
		{0x100000, 4096, 73792, 106624, 16384},
		{0x4000000, 4096, 73792, 106624, 16384},
	};
	struct bh_net_layout layout = {0};

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		g_assert_true(bh_net_layout(&layout, known[i].size));
		g_assert_cmpuint(layout.entries, ==, known[i].entries);
		g_assert_cmpuint(layout.avail, ==, known[i].entries * 16);
		g_assert_cmpuint(layout.used, ==, known[i].used);
		g_assert_cmpuint(layout.data, ==, known[i].data);
		g_assert_cmpuint(layout.mtu, ==, known[i].mtu);
	}
	g_assert_false(bh_net_layout(&layout, 0));
	g_assert_false(bh_net_layout(&layout, 0x1000));
	g_assert_false(bh_net_layout(&layout, 0x2001));
	g_assert_false(bh_net_layout(&layout, 0x100000000));
	for (gsize size = 0x2000; size <= 0x400000; size += 0x1000) {
		g_assert_true(bh_net_layout(&layout, size));
		g_assert_cmpuint(layout.data, <, size / 8);
		g_assert_cmpuint(layout.mtu, >=, BH_NET_MTU_MIN);
		g_assert_cmpuint(layout.mtu, <=, layout.mtu_max);
		/* It is the largest that fits. */
		g_assert_true(layout.entries == BH_NET_ENTRIES_MAX ||
			      bh_net_aligned(bh_net_aligned(36 * layout.entries + 6) + 6 +
					     16 * layout.entries) >= size / 8);
	}
}

/* ---- states ---- */

/* Two ends step in every order, from every pair of states that a restart of either can leave; both come to run. */
static void test_states(void)
{
	for (guint first = 0; first < 2; first++)
		for (guint a = 0; a < 4; a++)
			for (guint b = 0; b < 4; b++) {
				guint32 state[2] = {a, b};
				guint who = first;

				/* One of them has just been restarted. */
				state[first] = BH_NET_RESET;
				for (guint i = 0; i < 40; i++, who = !who)
					state[who] = bh_net_next(state[who], state[!who], true);
				g_assert_cmpuint(state[0], ==, BH_NET_RUN);
				g_assert_cmpuint(state[1], ==, BH_NET_RUN);
			}
	/* An end may look late: in an arbitrary order, with restarts in between. */
	for (guint round = 0; round < 1000; round++) {
		guint32 state[2] = {0, 0};

		for (guint i = 0; i < 200; i++) {
			guint who = g_test_rand_int_range(0, 2);

			if (i < 100 && g_test_rand_int_range(0, 8) == 0)
				state[who] = BH_NET_RESET;
			else
				state[who] = bh_net_next(state[who], state[!who], true);
		}
		g_assert_cmpuint(state[0], ==, BH_NET_RUN);
		g_assert_cmpuint(state[1], ==, BH_NET_RUN);
	}
	/* Whatever the peer says, it is done after four steps. */
	for (guint own = 0; own < 4; own++)
		for (guint peer = 0; peer < 8; peer++)
			for (guint is_up = 0; is_up < 2; is_up++) {
				guint32 state = own;

				for (guint i = 0; i < 4; i++)
					state = bh_net_next(state, peer, is_up);
				g_assert_cmpuint(bh_net_next(state, peer, is_up), ==, state);
			}
	/* Nobody leaves RESET while the other still uses the rings. */
	g_assert_cmpuint(bh_net_next(BH_NET_RESET, BH_NET_READY, true), ==, BH_NET_RESET);
	g_assert_cmpuint(bh_net_next(BH_NET_RESET, BH_NET_RUN, true), ==, BH_NET_RESET);
	/* An interface that is down stays READY, and one that goes down begins anew. */
	g_assert_cmpuint(bh_net_next(BH_NET_READY, BH_NET_RUN, false), ==, BH_NET_READY);
	g_assert_cmpuint(bh_net_next(BH_NET_RUN, BH_NET_RUN, false), ==, BH_NET_RESET);
}

/* ---- frames ---- */

/* A thousand frames of all lengths, always as many on their way as there is room for; each comes as it was sent. */
static void test_frames(void)
{
	struct link *link = link_new(SECTION);
	struct end *from = &link->ends[0], *to = &link->ends[1];
	g_autoptr(GQueue) sent = g_queue_new();
	guint32 longest = link->layout.mtu_max + BH_NET_HEADER;
	guint frames = 0, waits = 0;
	guint32 bytes;

	while (frames < 100000) {
		guint32 length = (guint32)g_test_rand_int_range(1, frames % 7 ? 200 : (int)longest);
		g_autofree char *data = g_malloc(length);

		for (guint32 i = 0; i < length; i++)
			data[i] = (char)(i * 7 + frames);
		while (!send_frame(from, data, length)) {
			GByteArray *first = g_queue_pop_head(sent);

			/* There is room for the longest when nothing is on its way. */
			g_assert_nonnull(first);
			expect_frame(to, (char *)first->data, first->len);
			g_assert_cmpint(bh_net_tx_reclaim(&from->tx, &bytes), ==, 1);
			g_assert_cmpuint(bytes, ==, first->len);
			g_byte_array_unref(first);
			waits++;
		}
		g_queue_push_tail(sent,
				  g_byte_array_new_take((guint8 *)g_steal_pointer(&data), length));
		frames++;
	}
	g_assert_cmpuint(waits, >, 10000);
	for (GByteArray *first; (first = g_queue_pop_head(sent)); g_byte_array_unref(first))
		expect_frame(to, (char *)first->data, first->len);
	g_assert_null(take_frame(to));
	g_assert_cmpint(bh_net_tx_reclaim(&from->tx, &bytes), >, 0);
	g_assert_cmpuint(bh_net_tx_pending(&from->tx), ==, 0);
	g_assert_cmpint(bh_net_tx_reclaim(&from->tx, &bytes), ==, 0);
	link_free(link);
}

/* Places of frames on their way never overlap, in whatever order they come back. */
static void test_out_of_order(void)
{
	struct link *link = link_new(0x4000);
	struct bh_net_tx *tx = &link->ends[0].tx;
	volatile guint16 *used = (volatile guint16 *)(link->ends[1].section + link->layout.used);
	guint32 size = link->layout.size - link->layout.data, bytes;
	g_autofree guint8 *owner = g_malloc0(size);
	g_autoptr(GArray) away = g_array_new(FALSE, FALSE, sizeof(guint16));
	guint16 index = 0;

	for (guint round = 0; round < 200000; round++) {
		guint32 length = (guint32)g_test_rand_int_range(1, 1500);
		volatile char *place =
			g_test_rand_int_range(0, 2) ? bh_net_tx_begin(tx, length) : NULL;

		if (place) {
			guint32 offset = (guint32)(place - tx->data);
			guint16 id = tx->head & (link->layout.entries - 1);

			g_assert_cmpuint(offset + length, <=, size);
			for (guint32 i = 0; i < length; i++)
				g_assert_cmpuint(owner[offset + i]++, ==, 0);
			bh_net_tx_commit(tx, length);
			g_array_append_val(away, id);
		} else if (away->len) {
			guint which = (guint)g_test_rand_int_range(0, (int)away->len);
			guint16 id = g_array_index(away, guint16, which), tail = tx->tail;
			volatile guint32 *entry = (volatile guint32 *)(used + BH_NET_RING_ENTRIES) +
						  2 * (index & (link->layout.entries - 1));
			int frames;

			g_array_remove_index_fast(away, which);
			entry[0] = id;
			used[BH_NET_RING_INDEX] = ++index;
			frames = bh_net_tx_reclaim(tx, &bytes);
			g_assert_cmpint(frames, >=, 0);
			for (; frames; frames--, tail++) {
				struct bh_net_slot *slot =
					&tx->slots[tail & (link->layout.entries - 1)];

				for (guint32 i = 0; i < slot->length; i++)
					owner[slot->offset + i]--;
			}
		}
	}
	g_assert_cmpuint(index, >, 1000);
	link_free(link);
}

static void put_desc(struct link *link, guint16 id, guint64 address, guint32 length, guint16 flags,
		     guint16 next)
{
	struct bh_net_desc *desc = (struct bh_net_desc *)link->ends[0].section;

	desc[id] = (struct bh_net_desc){address, length, flags, next};
}

/* The peer of ends[1] makes this descriptor available. */
static void put_avail(struct link *link, guint16 id)
{
	guint16 *avail = (guint16 *)(link->ends[0].section + link->layout.avail);

	avail[BH_NET_RING_ENTRIES + (avail[BH_NET_RING_INDEX] & (link->layout.entries - 1))] = id;
	avail[BH_NET_RING_INDEX]++;
}

static void test_segments(void)
{
	struct link *link = link_new(SECTION);
	struct bh_net_frame frame = {0};
	guint32 data = link->layout.data;

	memcpy(link->ends[0].section + data, "What is", 7);
	memcpy(link->ends[0].section + SECTION - 6, " whole", 6);
	put_desc(link, 9, data, 7, BH_NET_DESC_NEXT, 200);
	put_desc(link, 200, data, 0, BH_NET_DESC_NEXT, 3); /* nothing is also a part */
	put_desc(link, 3, SECTION - 6, 6, 0, 9);
	put_avail(link, 9);
	expect_frame(&link->ends[1], "What is whole", 13);
	/* As many as may be, and one more. */
	for (guint16 i = 0; i <= BH_NET_SEGMENTS_MAX; i++)
		put_desc(link, i, data, 1, BH_NET_DESC_NEXT, i + 1);
	put_desc(link, BH_NET_SEGMENTS_MAX, data, 1, 0, 0);
	put_avail(link, 1);
	put_avail(link, 0);
	g_assert_cmpint(bh_net_rx_next(&link->ends[1].rx, &frame), ==, BH_NET_FRAME);
	g_assert_cmpuint(frame.count, ==, BH_NET_SEGMENTS_MAX);
	bh_net_rx_done(&link->ends[1].rx, &frame);
	g_assert_cmpint(bh_net_rx_next(&link->ends[1].rx, &frame), ==, BH_NET_BAD);
	link_free(link);
}

/* ---- peers that lie ---- */

/* Each of these is counted, given back, and the next frame is received. */
static void test_bad_frames(void)
{
	struct link *link = link_new(SECTION);
	struct bh_net_rx *rx = &link->ends[1].rx;
	guint32 data = link->layout.data;
	const struct bh_net_desc bad[] = {
		{data, 0, 0, 0},
		{data, SECTION - data + 1, 0, 0},
		{data, 0xffffffff, 0, 0},
		{data - 1, 64, 0, 0},
		{0, 64, 0, 0},
		{SECTION, 1, 0, 0},
		{SECTION - 63, 64, 0, 0},
		{SECTION + 1, 0xffffffff, 0, 0},
		{0x100000000 + data, 64, 0, 0},
		{0xffffffffffffffff, 2, 0, 0},
		{0xffffffffffffffc0, 64, 0, 0},
		{data, 64, 2, 0}, /* to be written */
		{data, 64, 4, 0}, /* indirect */
		{data, 64, 0x8000, 0},
		{data, 64, BH_NET_DESC_NEXT, 5}, /* itself, for ever */
		{data, 0, BH_NET_DESC_NEXT, 5},
		{data, 64, BH_NET_DESC_NEXT, 256},
		{data, 64, BH_NET_DESC_NEXT, 0xffff},
		{data, rx->length_max + 1, 0, 0},
		{data, rx->length_max, BH_NET_DESC_NEXT, 6},
	};
	struct bh_net_frame frame = {0};

	memcpy(link->ends[0].section + data, "good", 4);
	put_desc(link, 6, data, 4, 0, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		put_desc(link, 5, bad[i].address, bad[i].length, bad[i].flags, bad[i].next);
		put_avail(link, 5);
		put_avail(link, 6);
		g_assert_cmpint(bh_net_rx_next(rx, &frame), ==, BH_NET_BAD);
		bh_net_rx_done(rx, &frame);
		expect_frame(&link->ends[1], "good", 4);
		g_assert_null(take_frame(&link->ends[1]));
	}
	link_free(link);
}

static void test_broken_rings(void)
{
	struct link *link = link_new(SECTION);
	guint16 *avail = (guint16 *)(link->ends[0].section + link->layout.avail);
	struct bh_net_frame frame = {0};

	for (guint index = link->layout.entries + 1; index < 0x10000; index++) {
		avail[BH_NET_RING_INDEX] = (guint16)index;
		g_assert_cmpint(bh_net_rx_next(&link->ends[1].rx, &frame), ==, BH_NET_BROKEN);
	}
	avail[BH_NET_RING_INDEX] = 1;
	for (guint id = link->layout.entries; id < 0x10000; id++) {
		avail[BH_NET_RING_ENTRIES] = (guint16)id;
		g_assert_cmpint(bh_net_rx_next(&link->ends[1].rx, &frame), ==, BH_NET_BROKEN);
	}
	link_free(link);
}

/* What was not sent does not come back, and nothing comes back twice. */
static void test_bad_returns(void)
{
	static const guint32 ids[] = {3, 255, 256, 0xffff, 0x10000, 0x80000000, 0xffffffff};
	struct link *link = link_new(SECTION);
	struct bh_net_tx *tx = &link->ends[0].tx;
	volatile guint16 *used = (volatile guint16 *)(link->ends[1].section + link->layout.used);
	volatile guint32 *entry = (volatile guint32 *)(used + BH_NET_RING_ENTRIES);
	guint32 bytes;

	for (guint i = 0; i < 3; i++)
		g_assert_true(send_frame(&link->ends[0], "frame", 5));
	for (guint index = 4; index < 0x10000; index++) {
		used[BH_NET_RING_INDEX] = (guint16)index;
		g_assert_cmpint(bh_net_tx_reclaim(tx, &bytes), ==, -1);
	}
	used[BH_NET_RING_INDEX] = 1;
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		entry[0] = ids[i];
		g_assert_cmpint(bh_net_tx_reclaim(tx, &bytes), ==, -1);
	}
	entry[0] = 1;
	g_assert_cmpint(bh_net_tx_reclaim(tx, &bytes), ==, 0);
	entry[2] = 1;
	used[BH_NET_RING_INDEX] = 2;
	g_assert_cmpint(bh_net_tx_reclaim(tx, &bytes), ==, -1);
	entry[2] = 0;
	g_assert_cmpint(bh_net_tx_reclaim(tx, &bytes), ==, 2);
	g_assert_cmpuint(bytes, ==, 10);
	link_free(link);
}

/* ---- notifications ---- */

/* Each end sleeps unless it is told; both take turns of many lengths, and nobody sleeps for ever or is told needlessly. */
static void test_notifications(void)
{
	struct link *link = link_new(0x2000);
	struct end *from = &link->ends[0], *to = &link->ends[1];
	guint rings = 0, back_rings = 0, sent = 0, taken = 0;
	bool sender_told = true, receiver_told = false;
	guint32 bytes;

	while (taken < 300000) {
		g_assert_true(sender_told || receiver_told);
		if (sender_told) {
			guint burst = (guint)g_test_rand_int_range(1, 100);

			sender_told = false;
			do {
				g_assert_cmpint(bh_net_tx_reclaim(&from->tx, &bytes), >=, 0);
				while (burst && send_frame(from, (char *)&sent, sizeof(sent))) {
					burst--;
					sent++;
				}
			} while (burst && bh_net_tx_event(&from->tx));
			/* What it had to send is sent: it comes again by itself. */
			if (!burst)
				sender_told = true;
			if (bh_net_tx_ring(&from->tx)) {
				receiver_told = true;
				rings++;
			}
		}
		if (receiver_told && (!sender_told || g_test_rand_int_range(0, 2))) {
			receiver_told = false;
			do {
				g_autoptr(GByteArray) frame = NULL;

				while ((frame = take_frame(to))) {
					g_assert_cmpmem(frame->data, frame->len, &taken,
							sizeof(taken));
					taken++;
					g_clear_pointer(&frame, g_byte_array_unref);
				}
			} while (bh_net_rx_event(&to->rx));
			if (bh_net_rx_ring(&to->rx)) {
				sender_told = true;
				back_rings++;
			}
		}
	}
	g_test_message("%u frames: %u doorbells, %u for room", taken, rings, back_rings);
	g_assert_cmpuint(rings, <, taken / 4);
	link_free(link);
}

/* A peer that knows no event indices leaves them 0 and is told always. */
static void test_no_events(void)
{
	struct link *link = link_new(SECTION);
	guint32 bytes;

	for (guint i = 0; i < 70000; i++) {
		g_assert_true(send_frame(&link->ends[0], "x", 1));
		g_assert_true(bh_net_tx_ring(&link->ends[0].tx));
		g_assert_false(bh_net_tx_ring(&link->ends[0].tx));
		expect_frame(&link->ends[1], "x", 1);
		g_assert_cmpint(bh_net_tx_reclaim(&link->ends[0].tx, &bytes), ==, 1);
	}
	link_free(link);
}

static void test_wanted(void)
{
	/* As VIRTIO has it, but for 0. */
	for (guint round = 0; round < 1000000; round++) {
		guint16 event = (guint16)g_test_rand_int(), told = (guint16)g_test_rand_int();
		guint16 more = (guint16)g_test_rand_int_range(1, BH_NET_ENTRIES_MAX + 1);
		bool passed = false;

		if (g_test_rand_int_range(0, 2))
			event = (guint16)(told + g_test_rand_int_range(-5, more + 5));
		for (guint i = 1; i <= more; i++)
			passed |= (guint16)(told + i) == (guint16)(event + 1);
		g_assert_true(bh_net_wanted(event, (guint16)(told + more), told) ==
			      (passed || !event));
		g_assert_false(bh_net_wanted(event, told, told));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net-ring/layout", test_layout);
	g_test_add_func("/net-ring/states", test_states);
	g_test_add_func("/net-ring/frames", test_frames);
	g_test_add_func("/net-ring/out-of-order", test_out_of_order);
	g_test_add_func("/net-ring/segments", test_segments);
	g_test_add_func("/net-ring/bad-frames", test_bad_frames);
	g_test_add_func("/net-ring/broken-rings", test_broken_rings);
	g_test_add_func("/net-ring/bad-returns", test_bad_returns);
	g_test_add_func("/net-ring/notifications", test_notifications);
	g_test_add_func("/net-ring/no-events", test_no_events);
	g_test_add_func("/net-ring/wanted", test_wanted);
	return g_test_run();
}
