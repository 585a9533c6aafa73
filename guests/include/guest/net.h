/* SPDX-License-Identifier: MIT */
/*
 * A network over the cell's link: lwIP over the rings of bulkhead/net.h. Payloads use lwIP's raw interface (lwip/udp.h,
 * lwip/tcp.h), of which everything is called from net_poll() on the CPU that called net_start().
 *
 * Options of the command line: ip=192.168.19.2 mask=255.255.255.0 gateway=0.0.0.0 mac=02:… (made from the
 * address unless it is given) mtu=BYTES (what the link's size allows, at most 16384) tick-ms=50 (of lwIP's timers)
 */
#ifndef GUEST_NET_H
#define GUEST_NET_H

#include <stdbool.h>
#include <lwip/netif.h>

struct net_counters {
	uint32_t received;
	uint32_t sent;
	uint32_t bad; /* nonsense in place of a frame */
	uint32_t broken; /* nonsense in place of a ring, after which both ends begin anew */
	uint32_t no_memory; /* frames that found no buffer */
	uint32_t no_room; /* frames that found no place in the link */
	uint32_t ups; /* how often the peer has come */
};

/* The network of link number @link. A cell that has none ends as failed, with a word on why. */
struct netif *net_start(unsigned int link);

/* Does what there is to do, or sleeps until there is: an interrupt of the link, or the tick. */
void net_poll(void);

const struct net_counters *net_counters(void);

/* The peer sees this end go. */
void net_stop(void);

#endif
