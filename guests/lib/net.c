/* SPDX-License-Identifier: MIT */
/* The link as an interface of lwIP. Interrupts do nothing but end the sleep in net_poll(), which looks at everything. */
#include <bulkhead/link.h>
#include <bulkhead/net.h>
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/link.h>
#include <guest/memory.h>
#include <guest/net.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/timer.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/tcp.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#define FRAMES_AT_ONCE 64
#define CPU_VECTOR (VECTOR_FREE + 8)
#define ADDRESS_TEXT 18
#define SPARE_MAX 128 /* more than ARP and a TCP header with all options take */

static struct {
	struct netif netif;
	struct link link;
	struct bh_net_layout layout;
	struct bh_net_tx tx;
	struct bh_net_rx rx;
	struct bh_net_slot *slots;
	uint32_t state;
	uint32_t data_vector;
	struct pbuf *spare;
	struct net_counters counters;
} net;

uint32_t net_random(void)
{
	static uint64_t state;

	/* Knuth's generator, stirred by the time at which it is asked. */
	state = (state + timer_now()) * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(state >> 32);
}

uint32_t sys_now(void)
{
	return (uint32_t)(timer_to_us(timer_now()) / 1000);
}

static void __attribute__((noreturn)) fail(const char *what)
{
	printk("net: %s\n", what);
	guest_end(BH_CELL_FAILED);
}

static void wake(void *context)
{
	(void)context;
}

static void tick(uint64_t late, void *context)
{
	(void)late;
	(void)context;
}

static void ring(void)
{
	link_ring(&net.link, !net.link.id, net.data_vector);
}

static void state_set(uint32_t state)
{
	if (state == BH_NET_READY) {
		volatile void *own = link_output(&net.link, net.link.id);
		const volatile void *peer = link_output(&net.link, !net.link.id);

		bh_net_tx_init(&net.tx, &net.layout, own, peer, net.slots);
		bh_net_rx_init(&net.rx, &net.layout, own, peer);
	}
	net.state = state;
	link_state_set(&net.link, state);
	if (state == BH_NET_RUN) {
		net.counters.ups++;
		netif_set_link_up(&net.netif);
	} else {
		netif_set_link_down(&net.netif);
	}
}

static void states(void)
{
	uint32_t peer = net.link.states[!net.link.id], next;

	while ((next = bh_net_next(net.state, peer, true)) != net.state)
		state_set(next);
}

static void broken(void)
{
	net.counters.broken++;
	state_set(BH_NET_RESET);
}

static err_t output(struct netif *netif, struct pbuf *frame)
{
	volatile char *to;
	uint32_t bytes;

	(void)netif;
	if (net.state != BH_NET_RUN)
		return ERR_IF;
	to = bh_net_tx_begin(&net.tx, frame->tot_len);
	if (!to) {
		if (bh_net_tx_reclaim(&net.tx, &bytes) < 0) {
			broken();
			return ERR_IF;
		}
		to = bh_net_tx_begin(&net.tx, frame->tot_len);
	}
	if (!to) {
		/* It is to take what there is. */
		if (bh_net_tx_ring(&net.tx))
			ring();
		net.counters.no_room++;
		return ERR_MEM;
	}
	pbuf_copy_partial(frame, (void *)to, frame->tot_len, 0);
	bh_net_tx_commit(&net.tx, frame->tot_len);
	net.counters.sent++;
	return ERR_OK;
}

/* Is this a frame of which lwIP keeps nothing? ARP, and TCP without data; the end of a stream may wait for what comes before it. */
static bool is_passing(const struct pbuf *buffer)
{
	const struct eth_hdr *ethernet = buffer->payload;
	const struct ip_hdr *ip = (const struct ip_hdr *)(ethernet + 1);
	const struct tcp_hdr *tcp;
	uint32_t header;

	if (buffer->len < sizeof(*ethernet) + sizeof(*ip))
		return false;
	if (ethernet->type != PP_HTONS(ETHTYPE_IP))
		return ethernet->type == PP_HTONS(ETHTYPE_ARP);
	header = IPH_HL_BYTES(ip);
	if (IPH_PROTO(ip) != IP_PROTO_TCP || IPH_OFFSET(ip) & PP_HTONS(IP_MF | IP_OFFMASK) ||
	    buffer->len < sizeof(*ethernet) + header + sizeof(*tcp))
		return false;
	tcp = (const struct tcp_hdr *)((const char *)ip + header);
	return lwip_ntohs(IPH_LEN(ip)) == header + TCPH_HDRLEN_BYTES(tcp) &&
	       !(TCPH_FLAGS(tcp) & TCP_FIN);
}

/*
 * Data that applications cannot pass on yet stays in buffers of the pool, up to a window for each connection, and small frames take as
 * many as large ones. With all of them held, what would let go of them, acknowledgements, must still come in: one buffer is
 * spared for that.
 */
static struct pbuf *buffer_alloc(const struct bh_net_frame *frame, bool *spare)
{
	struct pbuf *buffer = NULL;

	*spare = false;
	if (!net.spare)
		net.spare = pbuf_alloc(PBUF_RAW, SPARE_MAX, PBUF_POOL);
	if (frame->length <= UINT16_MAX)
		buffer = pbuf_alloc(PBUF_RAW, (uint16_t)frame->length, PBUF_POOL);
	if (!buffer && net.spare && frame->length <= SPARE_MAX) {
		*spare = true;
		buffer = net.spare;
		net.spare = NULL;
		pbuf_realloc(buffer, (uint16_t)frame->length);
	}
	return buffer;
}

static void input(const struct bh_net_frame *frame)
{
	bool spare;
	struct pbuf *buffer = buffer_alloc(frame, &spare);
	uint16_t at = 0;

	if (!buffer) {
		net.counters.no_memory++;
		bh_net_rx_done(&net.rx, frame);
		return;
	}
	for (uint32_t i = 0; i < frame->count; i++) {
		uint16_t length = (uint16_t)frame->segments[i].length;

		pbuf_take_at(buffer, (const void *)frame->segments[i].at, length, at);
		at = (uint16_t)(at + length);
	}
	bh_net_rx_done(&net.rx, frame);
	if (spare && !is_passing(buffer)) {
		net.counters.no_memory++;
		pbuf_free(buffer);
		return;
	}
	net.counters.received++;
	if (net.netif.input(buffer, &net.netif) != ERR_OK)
		pbuf_free(buffer);
}

/* True: there may be more. */
static bool receive(void)
{
	struct bh_net_frame frame;

	for (unsigned int i = 0; i < FRAMES_AT_ONCE && net.state == BH_NET_RUN; i++)
		switch (bh_net_rx_next(&net.rx, &frame)) {
		case BH_NET_NONE:
			return false;
		case BH_NET_FRAME:
			input(&frame);
			break;
		case BH_NET_BAD:
			net.counters.bad++;
			bh_net_rx_done(&net.rx, &frame);
			break;
		case BH_NET_BROKEN:
			broken();
			return false;
		}
	return true;
}

void net_poll(void)
{
	bool more = false;

	states();
	if (net.state == BH_NET_RUN)
		more = receive();
	sys_check_timeouts();
	if (net.state == BH_NET_RUN) {
		bool wanted = bh_net_tx_ring(&net.tx);

		if (bh_net_rx_ring(&net.rx) || wanted)
			ring();
		if (!more)
			more = bh_net_rx_event(&net.rx);
	}
	/* Interrupts are off but in here, so none is slept through. */
	if (!more)
		cpu_wait();
}

static err_t init(struct netif *netif)
{
	char text[ADDRESS_TEXT];
	const uint8_t *ip = (const uint8_t *)&netif->ip_addr;
	/* Locally administered; two that differ in their addresses differ here too. */
	uint8_t mac[ETH_HWADDR_LEN] = {0x02, 0x62, ip[0], ip[1], ip[2], ip[3]};

	if (cmdline_string("mac", text, sizeof(text))) {
		if (strlen(text) != ADDRESS_TEXT - 1)
			fail("mac= is not six numbers of two digits with colons between them");
		for (unsigned int i = 0; i < 2 * ETH_HWADDR_LEN; i++) {
			char c = text[i / 2 * 3 + i % 2] | 0x20;
			unsigned int digit = (unsigned int)(c >= 'a' ? c - 'a' + 10 : c - '0');

			if (digit > 15)
				fail("mac= has a digit that is none");
			mac[i / 2] = (uint8_t)(mac[i / 2] << 4 | digit);
		}
	}
	memcpy(netif->hwaddr, mac, sizeof(mac));
	netif->hwaddr_len = sizeof(mac);
	netif->name[0] = 'b';
	netif->name[1] = 'h';
	netif->mtu = (uint16_t)cmdline_number("mtu", net.layout.mtu);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
	netif->output = etharp_output;
	netif->linkoutput = output;
	return ERR_OK;
}

static ip4_addr_t address(const char *name, const char *absent)
{
	char text[16];
	ip4_addr_t ip;

	if (!cmdline_string(name, text, sizeof(text)))
		memcpy(text, absent, strlen(absent) + 1);
	if (!ip4addr_aton(text, &ip)) {
		printk("net: %s=%s is not an address\n", name, text);
		guest_end(BH_CELL_FAILED);
	}
	return ip;
}

struct netif *net_start(unsigned int number)
{
	ip4_addr_t ip = address("ip", "192.168.19.2"), mask = address("mask", "255.255.255.0");
	ip4_addr_t gateway = address("gateway", "0.0.0.0");
	uint64_t tick_ms = (uint64_t)cmdline_number("tick-ms", 50);

	if (!link_open(&net.link, number))
		fail("the cell has no such link");
	if (net.link.protocol != BH_LINK_PROTOCOL_NETWORK || net.link.peers != BH_NET_PEERS ||
	    net.link.id >= BH_NET_PEERS || !net.link.vectors ||
	    !bh_net_layout(&net.layout, net.link.output_size))
		fail("the link is not one of two peers with protocol 1 and output sections of at "
		     "least 8 KiB");
	net.slots = memory_alloc(net.layout.entries * sizeof(*net.slots), sizeof(void *));
	net.data_vector = net.link.vectors > 1 ? BH_NET_VECTOR_DATA : BH_LINK_VECTOR_STATE;
	for (uint32_t vector = 0; vector <= net.data_vector; vector++)
		link_handler_set(&net.link, vector, CPU_VECTOR, wake, NULL);
	lwip_init();
	netif_add(&net.netif, &ip, &mask, &gateway, NULL, init, ethernet_input);
	if (net.netif.mtu < BH_NET_MTU_MIN || net.netif.mtu > net.layout.mtu_max)
		fail("mtu= is beyond what the link can carry");
	netif_set_default(&net.netif);
	netif_set_up(&net.netif);
	timer_periodic(timer_from_us(tick_ms * 1000), tick, NULL);
	link_one_shot(&net.link, false);
	link_interrupts(&net.link, true);
	state_set(BH_NET_RESET);
	return &net.netif;
}

const struct net_counters *net_counters(void)
{
	return &net.counters;
}

void net_stop(void)
{
	state_set(BH_NET_RESET);
	link_interrupts(&net.link, false);
	timer_stop();
}
