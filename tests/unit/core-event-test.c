// SPDX-License-Identifier: GPL-2.0-or-later
/* What the root is told: the ring of events, rings of text, and the interrupt that goes with them. */
#include "core-fixture.h"

static u32 interrupts;

static void count_interrupt(void *data)
{
	(void)data;
	interrupts++;
}

static void record(u64 value)
{
	struct bh_event event = {.type = BH_EVENT_VIOLATION, .value = value};

	event_record(&event);
}

static const struct bh_event *entry(u64 number)
{
	return &shared->events.entry[number % BH_EVENT_RING_ENTRIES];
}

/* Full, the ring keeps what is there; what did not fit is counted and leaves a gap in the numbers. */
static void test_overflow(void)
{
	u64 first;

	core_start(2);
	event_ack(shared->events.tail);
	first = shared->events.tail;
	g_assert_cmpuint(shared->events.lost, ==, 0);
	for (u64 i = 0; i < BH_EVENT_RING_ENTRIES; i++)
		record(i);
	g_assert_cmpuint(shared->events.tail, ==, first + BH_EVENT_RING_ENTRIES);
	for (u64 i = 0; i < 10; i++)
		record(1000 + i);
	g_assert_cmpuint(shared->events.tail, ==, first + BH_EVENT_RING_ENTRIES);
	g_assert_cmpuint(shared->events.lost, ==, 10);
	for (u64 i = 0; i < BH_EVENT_RING_ENTRIES; i++) {
		g_assert_cmpuint(entry(first + i)->value, ==, i);
		g_assert_cmpuint(entry(first + i)->number, ==, first + i);
	}
	/* Room for three. */
	event_ack(first + 3);
	for (u64 i = 0; i < 5; i++)
		record(2000 + i);
	g_assert_cmpuint(shared->events.tail, ==, first + BH_EVENT_RING_ENTRIES + 3);
	g_assert_cmpuint(shared->events.lost, ==, 12);
	g_assert_cmpuint(entry(first + BH_EVENT_RING_ENTRIES)->value, ==, 2000);
	g_assert_cmpuint(entry(first + BH_EVENT_RING_ENTRIES)->number, ==,
			 first + BH_EVENT_RING_ENTRIES + 10);
	g_assert_cmpuint(entry(first + BH_EVENT_RING_ENTRIES + 2)->value, ==, 2002);
	core_stop();
}

/* A position that makes no sense changes nothing. */
static void test_acknowledge(void)
{
	u64 first;

	core_start(2);
	event_ack(shared->events.tail);
	first = shared->events.tail;
	for (u64 i = 0; i < BH_EVENT_RING_ENTRIES; i++)
		record(i);
	event_ack(first + BH_EVENT_RING_ENTRIES + 1);
	event_ack(first - 1);
	event_ack(first + 0x80000000);
	record(1000);
	g_assert_cmpuint(shared->events.lost, ==, 1);
	event_ack(first);
	record(1001);
	g_assert_cmpuint(shared->events.lost, ==, 2);
	event_ack(first + 1);
	event_ack(first); /* not back again */
	record(1002);
	record(1003);
	g_assert_cmpuint(shared->events.lost, ==, 3);
	g_assert_cmpuint(entry(first + BH_EVENT_RING_ENTRIES)->value, ==, 1002);
	core_stop();
}

/* An interrupt when there was nothing pending, and none when there was. */
static void test_notify(void)
{
	core_start(2);
	host.notify = count_interrupt;
	notify_ack();
	interrupts = 0;
	record(1); /* nobody listens */
	g_assert_cmpuint(interrupts, ==, 0);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 3, 0x40), ==, 0);
	g_assert_cmpuint(interrupts, ==, 1); /* said again, as it is still pending */
	record(2);
	notify_root(BH_NOTIFY_STATE);
	g_assert_cmpuint(interrupts, ==, 1);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_NOTIFY_ACK, 0, 0), ==,
			BH_NOTIFY_EVENT | BH_NOTIFY_STATE);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_NOTIFY_ACK, 0, 0), ==, 0);
	record(3);
	g_assert_cmpuint(interrupts, ==, 2);
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0), ==, 0);
	notify_ack();
	record(4);
	g_assert_cmpuint(interrupts, ==, 2);
	host.notify = NULL;
	core_stop();
}

/* Whole lines, or what has piled up without an end. */
static void test_console(void)
{
	struct bh_text_ring *ring;
	struct request r;

	core_start(2);
	request_plain(&r, 1, "console");
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	ring = &shared->console[1];
	hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0x40);
	notify_ack();
	host.notify = count_interrupt;
	interrupts = 0;
	for (u32 i = 0; i < 100; i++)
		hypercall(core_cpu(1), BH_HC_PUTC, 'a', 0);
	g_assert_cmpuint(interrupts, ==, 0);
	hypercall(core_cpu(1), BH_HC_PUTC, '\n', 0);
	g_assert_cmpuint(interrupts, ==, 1);
	notify_ack();
	for (u32 i = 0; i < 128; i++)
		hypercall(core_cpu(1), BH_HC_PUTC, 'b', 0);
	g_assert_cmpuint(interrupts, ==, 2);
	host.notify = NULL;
	/* Round and round: byte n is where it says. */
	for (u32 i = ring->tail; i < 3 * BH_TEXT_RING_SIZE + 77; i++)
		hypercall(core_cpu(1), BH_HC_PUTC, 'A' + i % 26, 0);
	g_assert_cmpuint(ring->tail, ==, 3 * BH_TEXT_RING_SIZE + 77);
	for (u64 i = ring->tail - BH_TEXT_RING_SIZE; i < ring->tail; i++)
		g_assert_cmpint(ring->data[i % BH_TEXT_RING_SIZE], ==, 'A' + i % 26);
	/* Another cell of the same number begins with an empty one. */
	core_must(BH_HC_CELL_STOP, 1);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_must_create(&r);
	g_assert_cmpuint(ring->tail, ==, 0);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

static char *log_since(u64 *position)
{
	GString *text = g_string_new(NULL);

	for (; *position < shared->log.tail; (*position)++)
		g_string_append_c(text, shared->log.data[*position % BH_TEXT_RING_SIZE]);
	return g_string_free(text, FALSE);
}

#define LOGGED(expected, ...)                        \
	do {                                         \
		g_autofree char *text = NULL;        \
		log_print(__VA_ARGS__);              \
		text = log_since(&position);         \
		g_assert_cmpstr(text, ==, expected); \
	} while (0)

static void test_log(void)
{
	u64 position;

	core_start(2);
	position = shared->log.tail;
	LOGGED("plain\n", "plain\n");
	LOGGED("a string! 100%", "%c %s! %d%%", 'a', "string", 100);
	LOGGED("-1 4294967295 18446744073709551615", "%d %u %llu", -1, 4294967295u, ~0ull);
	LOGGED("-9223372036854775808", "%lld", (long long)INT64_MIN);
	LOGGED("0 cafe 00000000deadbeef", "%x %x %016lx", 0, 0xcafe, 0xdeadbeefl);
	LOGGED("  7|0007|ab   |  -5", "%3d|%04d|%5s|%4d", 7, 7, "ab", -5);
	LOGGED("0000000000001000", "%p", (void *)0x1000);
	for (u32 i = 0; i < 2 * BH_TEXT_RING_SIZE / 8; i++)
		log_print("%07u\n", i);
	position = shared->log.tail - 8;
	{
		g_autofree char *text = log_since(&position);

		g_assert_cmpstr(text, ==, "0004087\n");
	}
	core_stop();
}

/* Every field of what is told of a forbidden access, and what follows from it by policy. */
static void test_violation(void)
{
	struct request r;
	const struct bh_event *event;
	u64 first, value = 0x1234;

	core_start(2);
	request_plain(&r, 5, "violates");
	r.desc.reset_address = 0x1000;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 5);
	first = shared->events.tail;
	host_advance(7);
	g_assert_false(host_guest_access(core_cpu(5), GPA(GIB), 2, true, &value));
	event = entry(first);
	g_assert_cmpuint(event->type, ==, BH_EVENT_VIOLATION);
	g_assert_cmpuint(event->kind, ==, BH_KIND_MEMORY);
	g_assert_cmphex(event->flags, ==, BH_EVENT_WRITE | BH_EVENT_VALUE | BH_EVENT_STOPPED);
	g_assert_cmpuint(event->cell, ==, 5);
	g_assert_cmpuint(event->cpu, ==, 5);
	g_assert_cmpuint(event->width, ==, 2);
	g_assert_cmphex(event->address, ==, GIB);
	g_assert_cmphex(event->value, ==, 0x1234);
	g_assert_cmphex(event->ip, ==, 0x1000);
	g_assert_cmpuint(event->tsc, ==, host.ticks);
	g_assert_cmpuint(entry(first + 1)->type, ==, BH_EVENT_CPU_FAILED);
	g_assert_cmpuint(entry(first + 1)->cpu, ==, 5);
	g_assert_cmpuint(entry(first + 2)->type, ==, BH_EVENT_CELL_STATE);
	g_assert_cmpuint(entry(first + 2)->value, ==, BH_CELL_FAILED);
	g_assert_cmpuint(entry(first + 2)->address, ==, BH_CELL_RUNNING);
	g_assert_cmpuint(shared->events.tail, ==, first + 3);
	core_must(BH_HC_CELL_STOP, 5);

	/* The policy decides, where there is a choice. */
	for (u32 kind = 0; kind < BH_KINDS; kind++) {
		bool never = kind == BH_KIND_HYPERCALL;
		bool always = kind == BH_KIND_CPU || kind == BH_KIND_CORE;

		for (u32 policy = 0; policy < 2; policy++) {
			struct violation violation = {.kind = kind, .address = 1};
			bool stops = always || (!never && policy == BH_POLICY_STOP);

			core_must(BH_HC_CELL_START, 5);
			g_assert_cmpint(
				hypercall(cpu_get(0), BH_HC_POLICY_SET, 5, kind << 8 | policy), ==,
				0);
			g_assert_cmpint(violation_ignored(core_cpu(5), &violation), ==, !stops);
			g_assert_cmpint(core_cpu(5)->failed, ==, stops);
			violation.dropped = true;
			if (!stops)
				g_assert_true(violation_ignored(core_cpu(5), &violation));
			core_must(BH_HC_CELL_STOP, 5);
			event_ack(shared->events.tail);
		}
	}
	core_must(BH_HC_CELL_DESTROY, 5);
	core_stop();
}

/* The numbers of events go on from one launch to the next. */
static void test_relaunch(void)
{
	u64 tail;

	core_start(2);
	record(1);
	tail = shared->events.tail;
	core_stop();
	core_start(1);
	g_assert_cmpuint(shared->events.tail, ==, tail);
	record(2);
	g_assert_cmpuint(entry(tail)->number, ==, tail);
	g_assert_cmpuint(shared->events.lost, ==, 0);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/overflow", test_overflow);
	g_test_add_func("/event/acknowledge", test_acknowledge);
	g_test_add_func("/event/notify", test_notify);
	g_test_add_func("/event/console", test_console);
	g_test_add_func("/event/log", test_log);
	g_test_add_func("/event/violation", test_violation);
	g_test_add_func("/event/relaunch", test_relaunch);
	return g_test_run();
}
