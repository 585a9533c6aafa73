/* SPDX-License-Identifier: MIT */
/*
 * net: a network over the cell's first link. It answers ARP and ping, and by UDP and TCP sends back what comes to port 7
 * and takes what comes to port 9.
 *
 *   role=echo              until it is asked to shut down (this is the default)
 *   role=ask               asks another of these, by both protocols, then ends
 *   server=192.168.19.1    whom to ask
 *   rounds=100             datagrams to ask with, of lengths up to the MTU
 *   bytes=1000000          to send and have sent back by TCP
 *   seconds=60             how long all of that may take
 *   and those of guest/net.h
 */
#include <guest/cmdline.h>
#include <guest/comm.h>
#include <guest/net.h>
#include <guest/printk.h>
#include <guest/string.h>
#include <guest/timer.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>

#define PORT_ECHO 7
#define PORT_DISCARD 9
#define AGAIN_MS 500

static void __attribute__((noreturn)) fail(const char *what)
{
	printk("net: failed: %s\n", what);
	net_stop();
	guest_end(BH_CELL_FAILED);
}

/* ---- both services, on both protocols ---- */

static void udp_echo(void *context, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *from,
		     uint16_t port)
{
	(void)context;
	udp_sendto(pcb, data, from, port);
	pbuf_free(data);
}

static void udp_discard(void *context, struct udp_pcb *pcb, struct pbuf *data,
			const ip_addr_t *from, uint16_t port)
{
	(void)context;
	(void)pcb;
	(void)from;
	(void)port;
	pbuf_free(data);
}

/* What has come on a connection and could not be sent back yet; the peer's window stays closed by as much. */
struct echo {
	bool used;
	bool ending;
	struct pbuf *pending;
};

static struct echo echoes[MEMP_NUM_TCP_PCB];

static err_t echo_progress(struct tcp_pcb *pcb, struct echo *echo)
{
	while (echo->pending) {
		struct pbuf *first = echo->pending;

		if (tcp_write(pcb, first->payload, first->len, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		tcp_recved(pcb, first->len);
		echo->pending = first->next;
		if (first->next)
			pbuf_ref(first->next);
		pbuf_free(first);
	}
	tcp_output(pcb);
	if (echo->pending || !echo->ending)
		return ERR_OK;
	echo->used = false;
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static err_t echo_sent(void *context, struct tcp_pcb *pcb, uint16_t length)
{
	(void)length;
	return echo_progress(pcb, context);
}

static err_t echo_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
	struct echo *echo = context;

	(void)error;
	if (!data)
		echo->ending = true;
	else if (echo->pending)
		pbuf_cat(echo->pending, data);
	else
		echo->pending = data;
	return echo_progress(pcb, echo);
}

static void echo_gone(void *context, err_t error)
{
	struct echo *echo = context;

	(void)error;
	if (echo->pending)
		pbuf_free(echo->pending);
	*echo = (struct echo){false, false, NULL};
}

static err_t echo_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
	(void)context;
	for (unsigned int i = 0; error == ERR_OK && i < MEMP_NUM_TCP_PCB; i++)
		if (!echoes[i].used) {
			echoes[i] = (struct echo){true, false, NULL};
			tcp_arg(pcb, &echoes[i]);
			tcp_recv(pcb, echo_received);
			tcp_sent(pcb, echo_sent);
			tcp_err(pcb, echo_gone);
			return ERR_OK;
		}
	return ERR_MEM;
}

static err_t discard_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
	(void)context;
	(void)error;
	if (!data)
		return tcp_close(pcb);
	tcp_recved(pcb, data->tot_len);
	pbuf_free(data);
	return ERR_OK;
}

static err_t discard_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
	(void)context;
	if (error == ERR_OK)
		tcp_recv(pcb, discard_received);
	return error;
}

static void serve_udp(uint16_t port, udp_recv_fn receive)
{
	struct udp_pcb *pcb = udp_new();

	udp_bind(pcb, IP_ADDR_ANY, port);
	udp_recv(pcb, receive, NULL);
}

static void serve_tcp(uint16_t port, tcp_accept_fn take)
{
	struct tcp_pcb *pcb = tcp_new();

	tcp_bind(pcb, IP_ADDR_ANY, port);
	tcp_accept(tcp_listen(pcb), take);
}

/* ---- asking ---- */

static ip4_addr_t server;
static uint64_t deadline;
static uint32_t answered;

/* What byte number @at of everything that is sent by TCP is, or of datagram number @seed. */
static char pattern(uint32_t seed, uint32_t at)
{
	return (char)(seed * 31 + at * 7 + (at >> 8));
}

static bool is_pattern(const struct pbuf *data, uint32_t seed, uint32_t at)
{
	for (; data; data = data->next)
		for (uint16_t i = 0; i < data->len; i++, at++)
			if (((const char *)data->payload)[i] != pattern(seed, at))
				return false;
	return true;
}

static void bounded_poll(const char *what)
{
	if (timer_now() > deadline)
		fail(what);
	net_poll();
}

static void udp_answered(void *context, struct udp_pcb *pcb, struct pbuf *data,
			 const ip_addr_t *from, uint16_t port)
{
	const uint32_t *length = context;

	(void)pcb;
	(void)from;
	(void)port;
	/* An answer may be late and of an earlier one. */
	if (data->tot_len == *length && is_pattern(data, answered, 0))
		answered++;
	pbuf_free(data);
}

static void ask_udp(uint32_t rounds, uint32_t longest)
{
	struct udp_pcb *pcb = udp_new();
	uint32_t length = 1, again = 0;

	udp_recv(pcb, udp_answered, &length);
	while (answered < rounds) {
		uint32_t asked = answered;
		uint64_t end = timer_now() + timer_from_us(AGAIN_MS * 1000);
		struct pbuf *data;

		length = 1 + asked * 1277 % longest;
		data = pbuf_alloc(PBUF_TRANSPORT, (uint16_t)length, PBUF_RAM);
		if (!data)
			fail("there is no memory for a datagram");
		for (uint32_t i = 0; i < length; i++)
			((char *)data->payload)[i] = pattern(asked, i);
		udp_sendto(pcb, data, &server, PORT_ECHO);
		pbuf_free(data);
		while (answered == asked && timer_now() < end)
			bounded_poll("there is no answer by UDP");
		again += answered == asked;
	}
	udp_remove(pcb);
	printk("net: UDP: %u answers, %u asked again\n", answered, again);
}

static struct {
	uint32_t total, sent, received;
	bool connected, ended;
} stream;

static err_t stream_send(struct tcp_pcb *pcb)
{
	static char chunk[2048];

	while (stream.sent < stream.total) {
		uint32_t length = stream.total - stream.sent;

		if (length > sizeof(chunk))
			length = sizeof(chunk);
		if (tcp_sndbuf(pcb) < length)
			break;
		for (uint32_t i = 0; i < length; i++)
			chunk[i] = pattern(0, stream.sent + i);
		if (tcp_write(pcb, chunk, (uint16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		stream.sent += length;
	}
	return tcp_output(pcb);
}

static err_t stream_sent(void *context, struct tcp_pcb *pcb, uint16_t length)
{
	(void)context;
	(void)length;
	return stream_send(pcb);
}

static err_t stream_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
	(void)context;
	(void)error;
	if (!data) {
		stream.ended = true;
		return ERR_OK;
	}
	if (!is_pattern(data, 0, stream.received))
		fail("what comes back by TCP is not what was sent");
	stream.received += data->tot_len;
	tcp_recved(pcb, data->tot_len);
	pbuf_free(data);
	return ERR_OK;
}

static void stream_gone(void *context, err_t error)
{
	(void)context;
	printk("net: the connection ended with %d\n", error);
	fail("the connection was lost");
}

static err_t stream_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
	(void)context;
	stream.connected = error == ERR_OK;
	return stream_send(pcb);
}

static void ask_tcp(uint32_t bytes)
{
	struct tcp_pcb *pcb = tcp_new();

	stream.total = bytes;
	tcp_recv(pcb, stream_received);
	tcp_sent(pcb, stream_sent);
	tcp_err(pcb, stream_gone);
	if (tcp_connect(pcb, &server, PORT_ECHO, stream_connected) != ERR_OK)
		fail("no connection can be made");
	while (stream.received < bytes) {
		bounded_poll(stream.connected ? "not everything came back by TCP"
					      : "there is no answer by TCP");
		if (stream.ended)
			fail("the connection was ended early");
	}
	tcp_close(pcb);
	printk("net: TCP: %u bytes there and back\n", bytes);
}

static void ask(const struct netif *netif)
{
	char text[16] = "192.168.19.1";

	cmdline_string("server", text, sizeof(text));
	if (!ip4addr_aton(text, &server))
		fail("server= is not an address");
	deadline = timer_now() + timer_from_us((uint64_t)cmdline_number("seconds", 60) * 1000000);
	while (!netif_is_link_up(netif))
		bounded_poll("the peer does not come");
	ask_udp((uint32_t)cmdline_number("rounds", 100), netif->mtu - 28U);
	ask_tcp((uint32_t)cmdline_number("bytes", 1000000));
	printk("net: passed\n");
}

static void counters_tell(void)
{
	const struct net_counters *counters = net_counters();

	printk("net: %u frames received, %u sent, %u bad, %u broken, %u without memory, %u without "
	       "room\n",
	       counters->received, counters->sent, counters->bad, counters->broken,
	       counters->no_memory, counters->no_room);
}

static void link_tell(const struct netif *netif)
{
	static bool told;
	bool up = netif_is_link_up(netif);

	if (up && !told)
		printk("net: the peer is there\n");
	if (told && !up) {
		printk("net: the peer is gone\n");
		counters_tell();
	}
	told = up;
}

void guest_main(void)
{
	struct netif *netif = net_start(0);
	char role[8] = "echo";

	cmdline_string("role", role, sizeof(role));
	printk("net: %s, MTU %u\n", ip4addr_ntoa(netif_ip4_addr(netif)), netif->mtu);
	serve_udp(PORT_ECHO, udp_echo);
	serve_udp(PORT_DISCARD, udp_discard);
	serve_tcp(PORT_ECHO, echo_accept);
	serve_tcp(PORT_DISCARD, discard_accept);
	if (!strcmp(role, "ask")) {
		ask(netif);
		counters_tell();
	} else {
		while (!comm_service()) {
			net_poll();
			link_tell(netif);
		}
	}
	net_stop();
	guest_end(BH_CELL_SHUT_DOWN);
}
