/* SPDX-License-Identifier: MIT */
/*
 * link: asks its peers and answers them, over the cell's first link. A question is a number in the asking
 * peer's output section, the answer the same number in the other's; each is told of by a doorbell.
 *
 *   role=echo         answers until it is asked to shut down (this is the default)
 *   role=ask          asks the peers target= in turn, then ends
 *   role=talk         answers messages in queues (bulkhead/link-queue.h) until it is asked to shut down
 *   role=storm        rings everybody and nobody, and changes its state, without pause until it is stopped
 *   role=spoil        the same, and spoils all it may write, the device's own configuration too
 *   target=N          the peer to ask; without it all others
 *   rounds=100        how many questions to each; spoil: how many rounds, 0: for ever
 *   silent            echo: answers without a doorbell; ask: looks for the answer without one
 *   one-shot          interrupts come one by one
 *   seconds=10        ask: how long to wait for a peer to come, and for each answer
 *   tick-ms=100       how often to look for messages of the hypervisor; 0: only when there is an interrupt
 */
#include <bulkhead/link-queue.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/link.h>
#include <guest/pci.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/timer.h>

#define PEERS_MAX 16
#define VECTOR_TALK 1
#define STATE_READY 1

/* An output section. */
struct mailbox {
	uint32_t question[PEERS_MAX]; /* to each peer */
	uint32_t answer[PEERS_MAX];
};

static struct link link;
static bool silent, one_shot;
static uint64_t patience;
static volatile bool states_changed;

static volatile struct mailbox *mailbox(uint32_t peer)
{
	return link_output(&link, peer);
}

static void talk(void *context)
{
	volatile struct mailbox *own = mailbox(link.id);

	(void)context;
	/* Before looking: what comes now and is overlooked raises another interrupt. */
	if (one_shot)
		link_interrupts(&link, true);
	for (uint32_t peer = 0; peer < link.peers; peer++) {
		uint32_t question = mailbox(peer)->question[link.id];

		if (peer == link.id || question == own->answer[peer])
			continue;
		own->answer[peer] = question;
		if (!silent)
			link_ring(&link, peer, VECTOR_TALK);
	}
}

static void state_changed(void *context)
{
	(void)context;
	states_changed = true;
	if (one_shot)
		link_interrupts(&link, true);
}

static void __attribute__((noreturn)) fail(const char *what, uint32_t peer)
{
	printk("link: failed: %s (peer %u)\n", what, peer);
	guest_end(BH_CELL_FAILED);
}

static void states_tell(void)
{
	static uint32_t told[PEERS_MAX];

	for (uint32_t peer = 0; peer < link.peers; peer++) {
		uint32_t state = link.states[peer];

		if (peer != link.id && state != told[peer])
			printk("link: peer %u has state %u\n", peer, state);
		told[peer] = state;
	}
}

static void tick(uint64_t late, void *context)
{
	(void)late;
	(void)context;
}

/* Until the word has the value; @what is said when it does not come to have it. */
static void await(volatile const uint32_t *word, uint32_t value, const char *what, uint32_t peer)
{
	uint64_t end = timer_now() + patience;

	while (*word != value) {
		if (timer_now() > end)
			fail(what, peer);
		if (!silent) {
			cpu_wait();
			continue;
		}
		interrupts_on();
		cpu_relax();
		interrupts_off();
	}
}

static void ask(uint32_t peer, uint32_t rounds)
{
	uint32_t first = mailbox(link.id)->question[peer];

	await(&link.states[peer], STATE_READY, "the peer does not come", peer);
	for (uint32_t i = 1; i <= rounds; i++) {
		mailbox(link.id)->question[peer] = first + i;
		link_ring(&link, peer, VECTOR_TALK);
		await(&mailbox(peer)->answer[link.id], first + i, "there is no answer", peer);
	}
	printk("link: peer %u has answered %u times\n", peer, rounds);
}

static void ask_all(void)
{
	int64_t target = cmdline_number("target", -1);
	uint32_t rounds = (uint32_t)cmdline_number("rounds", 100);

	for (uint32_t peer = 0; peer < link.peers; peer++)
		if (target < 0 ? peer != link.id : peer == (uint64_t)target)
			ask(peer, rounds);
	printk("link: passed\n");
}

static void echo(void)
{
	while (!comm_service()) {
		if (states_changed) {
			states_changed = false;
			states_tell();
		}
		cpu_wait();
	}
}

/* ---- messages ---- */

static struct bh_queue queues[PEERS_MAX];
static bool has_queue[PEERS_MAX];

static void woken(void *context)
{
	(void)context;
	if (one_shot)
		link_interrupts(&link, true);
}

static void queues_open(void)
{
	volatile void *own = link_output(&link, link.id);

	for (uint32_t peer = 0; peer < link.peers; peer++)
		if (peer != link.id)
			has_queue[peer] = bh_queue_open(
				&queues[peer], (void *)own, (void *)link_output(&link, peer),
				link.output_size, link.peers, link.id, peer);
}

/* Everything that has come from the peer. An answer it leaves no room for is lost: it has to read. */
static void messages_answer(uint32_t peer)
{
	static const char head[] = "answer to: ";
	static char message[sizeof(head) + 4096];
	char *text = message + sizeof(head) - 1;
	bool ring;
	long n;

	memcpy(message, head, sizeof(head) - 1);
	while ((n = bh_queue_get(&queues[peer], text, 4096, &ring)) != BH_QUEUE_NONE) {
		bool answered = n >= 0 && bh_queue_put(&queues[peer], message,
						       (uint32_t)n + sizeof(head) - 1);

		if (n == BH_QUEUE_BROKEN)
			printk("link: peer %u began anew\n", peer);
		if (ring || answered)
			link_ring(&link, peer, VECTOR_TALK);
	}
}

static void talk_with_all(void)
{
	while (!comm_service()) {
		for (uint32_t peer = 0; peer < link.peers; peer++)
			if (has_queue[peer])
				messages_answer(peer);
		if (states_changed) {
			states_changed = false;
			states_tell();
		}
		cpu_wait();
	}
}

/* ---- misbehaviour ---- */

static uint32_t random_next(void)
{
	static uint32_t number = 1;

	number = number * 1664525 + 1013904223;
	return number >> 8 ^ number << 24;
}

static void memory_spoil(volatile void *at, uint64_t size)
{
	volatile uint32_t *words = at;

	for (uint32_t i = 0; i < 16 && size; i++)
		words[random_next() % (size / 4)] = random_next();
}

/* Garbage in everything this peer may write, where the others look for indexes and lengths. */
static void spoil(void)
{
	uint64_t rounds = (uint64_t)cmdline_number("rounds", 100);

	printk("link: spoiling\n");
	for (uint64_t i = 0; !rounds || i < rounds; i++) {
		memory_spoil(link_output(&link, link.id), link.output_size);
		memory_spoil(link.shared, link.shared_size);
		/* The first words of each slot of a queue. */
		for (uint32_t peer = 0; peer < link.peers; peer++)
			memory_spoil(
				(volatile char *)link_output(&link, link.id) +
					peer * bh_queue_slot_size(link.output_size, link.peers),
				8);
		link_state_set(&link, random_next());
		link_ring(&link, random_next() % (link.peers + 1), random_next() & 3);
		link_ring(&link, random_next(), random_next());
		mmio_write32(link.registers + (random_next() & 0xffc), random_next());
		/* Its own device, all of it but the place of the registers, which it wants to use on. */
		pci_write(link.bdf, 0x14 + (random_next() % 27) * 4, 4, random_next());
		pci_write(link.bdf, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | random_next());
	}
	printk("link: spoilt\n");
}

/* Every peer and vector there is, many there are not, and garbage where answers are looked for. */
static void __attribute__((noreturn)) storm(void)
{
	printk("link: storm\n");
	for (;;) {
		uint32_t number = random_next();

		mailbox(link.id)->question[number >> 8 & (PEERS_MAX - 1)] = number;
		mailbox(link.id)->answer[number >> 12 & (PEERS_MAX - 1)] = number;
		link_ring(&link, number >> 28 ? number >> 24 & 3 : number >> 16, number >> 20 & 1);
		if (!(number >> 27))
			link_state_set(&link, number);
	}
}

void guest_main(void)
{
	uint64_t tick_ms = (uint64_t)cmdline_number("tick-ms", 100);
	char role[8] = "echo";

	cmdline_string("role", role, sizeof(role));
	silent = cmdline_flag("silent", false);
	patience = timer_from_us((uint64_t)cmdline_number("seconds", 10) * 1000000);
	one_shot = cmdline_flag("one-shot", false);
	if (!link_open(&link, 0))
		fail("there is no link", 0);
	printk("link: %02x:%02x.%x, peer %u of %u, protocol 0x%x, %u vectors\n", link.bdf >> 8,
	       link.bdf >> 3 & 31, link.bdf & 7, link.id, link.peers, link.protocol, link.vectors);
	if (link.peers > PEERS_MAX || link.output_size < sizeof(struct mailbox))
		fail("the link is not of the kind this payload takes", link.id);
	link_one_shot(&link, one_shot);
	if (!link_handler_set(&link, LINK_VECTOR_STATE, VECTOR_FREE, state_changed, NULL) ||
	    !link_handler_set(&link, VECTOR_TALK, VECTOR_FREE + 1,
			      strcmp(role, "talk") ? talk : woken, NULL))
		fail("the link has fewer than two interrupts", link.id);
	if (tick_ms)
		timer_periodic(timer_from_us(tick_ms * 1000), tick, NULL);
	if (!strcmp(role, "talk"))
		queues_open();
	link_interrupts(&link, true);
	link_state_set(&link, STATE_READY);
	states_tell();
	if (!strcmp(role, "ask"))
		ask_all();
	else if (!strcmp(role, "storm"))
		storm();
	else if (!strcmp(role, "spoil"))
		spoil();
	else if (!strcmp(role, "talk"))
		talk_with_all();
	else
		echo();
	link_state_set(&link, 0);
	guest_end(BH_CELL_SHUT_DOWN);
}
