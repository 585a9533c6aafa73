/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An end of a network link whose peer is the input. The input is a stream of bytes: what the end does next, and between any two
 * of its reads what the peer writes, so a word that is looked at twice can differ the second time.
 *
 * With -fsanitize=fuzzer and NET_RING_FUZZ_LIBFUZZER defined it is a fuzzer; without, a test that replays the files of
 * a corpus, each also cut to every length and with each bit of it turned over, and then random streams.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void peer_writes(void);

#define BH_NET_READ(place) (peer_writes(), *(place))
#include <bulkhead/net.h>

#define SECTION BH_NET_SECTION_MIN
#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *data;
	size_t left;
} input;
static struct bh_net_layout layout;
static char *peer;

static void expect(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static uint32_t take(unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--) {
		value <<= 8;
		if (input.left) {
			value |= *input.data++;
			input.left--;
		}
	}
	return value;
}

static void put16(uint32_t offset, uint32_t value)
{
	uint16_t word = (uint16_t)value;

	memcpy(peer + offset, &word, sizeof(word));
}

static void put32(uint32_t offset, uint32_t value)
{
	memcpy(peer + offset, &value, sizeof(value));
}

/* One word or none, of any meaning: small values are likely to be possible ones. */
static void peer_writes(void)
{
	uint32_t n;

	switch (take(1)) {
	case 1:
		put16(layout.avail + 2, take(1));
		break;
	case 2:
		put16(layout.avail + 2, take(2));
		break;
	case 3:
		n = take(1);
		put16(layout.avail + 4 + 2 * (n % layout.entries), take(1) % 40);
		break;
	case 4:
		n = take(1);
		put16(layout.avail + 4 + 2 * (n % (layout.entries + 1)), take(2));
		break;
	case 5: /* a descriptor that may be good */
		n = take(1) % layout.entries * 16;
		put32(n, layout.data + take(2) % SECTION);
		put32(n + 4, 0);
		put32(n + 8, take(1));
		put16(n + 12, take(1) & 1);
		put16(n + 14, take(1) % 40);
		break;
	case 6:
		n = take(1) % layout.entries * 16 + take(1) % 4 * 4;
		put32(n, take(4));
		break;
	case 7:
		put16(layout.used + 2, take(1));
		break;
	case 8:
		put16(layout.used + 2, take(2));
		break;
	case 9:
		n = take(1);
		put32(layout.used + 4 + 8 * (n % layout.entries), take(1) % 40);
		break;
	case 10:
		n = take(1);
		put32(layout.used + 4 + 8 * (n % layout.entries), take(4));
		break;
	case 11:
		put16(layout.used + 4 + 8 * layout.entries, take(2));
		break;
	default:
		break;
	}
}

/* What is on its way lies within the frames, and no two overlap. */
static void check_slots(const struct bh_net_tx *tx)
{
	uint32_t size = layout.size - layout.data;
	static uint8_t owned[SECTION];

	memset(owned, 0, sizeof(owned));
	expect(bh_net_tx_pending(tx) <= layout.entries);
	for (uint16_t i = tx->tail; i != tx->head; i++) {
		const struct bh_net_slot *slot = &tx->slots[i & (layout.entries - 1)];

		expect(slot->offset < size && slot->length <= size - slot->offset);
		for (uint32_t at = 0; at < slot->length; at++)
			expect(!owned[slot->offset + at]++);
	}
}

static void send_frame(struct bh_net_tx *tx)
{
	uint32_t length = take(2) % (layout.mtu_max + BH_NET_HEADER) + 1;
	volatile char *to = bh_net_tx_begin(tx, length);

	if (!to) {
		expect(bh_net_tx_pending(tx));
		return;
	}
	memset((char *)to, 0x5a, length);
	bh_net_tx_commit(tx, length);
	check_slots(tx);
}

static void receive_frame(struct bh_net_rx *rx)
{
	struct bh_net_frame frame;
	enum bh_net_result result = bh_net_rx_next(rx, &frame);
	static char copy[BH_NET_MTU_MAX + BH_NET_HEADER];
	uint32_t length = 0;

	if (result == BH_NET_NONE || result == BH_NET_BROKEN)
		return;
	expect(frame.id < layout.entries);
	if (result == BH_NET_FRAME) {
		expect(frame.count && frame.count <= BH_NET_SEGMENTS_MAX);
		for (uint32_t i = 0; i < frame.count; i++) {
			const struct bh_net_segment *segment = &frame.segments[i];

			expect(segment->at >= peer + layout.data && segment->at <= peer + SECTION &&
			       segment->length <= (size_t)(peer + SECTION - segment->at));
			expect(segment->length <= rx->length_max - length);
			memcpy(copy + length, (const char *)segment->at, segment->length);
			length += segment->length;
		}
		expect(length == frame.length && length);
	}
	bh_net_rx_done(rx, &frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bh_net_slot slots[BH_NET_ENTRIES_MIN];
	/* Of their exact size, so that what reaches beyond is seen. */
	char *own = calloc(1, SECTION);
	struct bh_net_tx tx;
	struct bh_net_rx rx;
	uint32_t bytes;
	int frames;

	peer = calloc(1, SECTION);
	expect(own && peer && bh_net_layout(&layout, SECTION) &&
	       layout.entries == BH_NET_ENTRIES_MIN);
	input.data = data;
	input.left = size;
	bh_net_tx_init(&tx, &layout, own, peer, slots);
	bh_net_rx_init(&rx, &layout, own, peer);
	while (input.left) {
		uint32_t pending = bh_net_tx_pending(&tx);

		switch (take(1) % 6) {
		case 0:
			send_frame(&tx);
			break;
		case 1:
			frames = bh_net_tx_reclaim(&tx, &bytes);
			expect(frames <= (int)pending && bytes <= SECTION);
			check_slots(&tx);
			break;
		case 2:
			receive_frame(&rx);
			break;
		case 3:
			bh_net_tx_ring(&tx);
			bh_net_rx_ring(&rx);
			break;
		case 4:
			bh_net_tx_event(&tx);
			bh_net_rx_event(&rx);
			break;
		default:
			peer_writes();
			break;
		}
	}
	free(own);
	free(peer);
	return 0;
}

#ifndef NET_RING_FUZZ_LIBFUZZER
#include "replay.h"

static void test_corpus(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "net-ring", NULL);

	replay_folder(path, 1, 1, 1);
}

/* Most bytes are small, so that most of what is done means something. */
static void test_random(void)
{
	uint8_t data[1024];

	for (unsigned int round = 0; round < 4000; round++) {
		for (gsize i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)g_test_rand_int_range(
				0, g_test_rand_int_range(0, 4) ? 12 : 256);
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net-ring-fuzz/corpus", test_corpus);
	g_test_add_func("/net-ring-fuzz/random", test_random);
	return g_test_run();
}
#endif
