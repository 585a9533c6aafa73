/* SPDX-License-Identifier: MIT */
/*
 * lwIP as payloads have it: IPv4, no threads, one CPU. All its memory is in the image, which has to end below the comm
 * region at 1 MiB.
 */
#ifndef GUEST_LWIP_OPTS_H
#define GUEST_LWIP_OPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define IP_REASSEMBLY 1
#define IP_FRAG 1

#define MEM_ALIGNMENT 8
#define MEM_SIZE (192 * 1024)
#define PBUF_POOL_BUFSIZE 1600
#define PBUF_POOL_SIZE 160
#define MEMP_NUM_PBUF 64
#define MEMP_NUM_UDP_PCB 8
#define MEMP_NUM_TCP_PCB 16
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_TCP_SEG 128
#define MEMP_NUM_REASSDATA 5

/* At most; what the interface takes makes it less. lwIP's counters of 16 bits permit no more. */
#define TCP_MSS (8192 - 40)
#define TCP_WND 65535
#define TCP_SND_BUF 65535
#define TCP_SND_QUEUELEN 96
#define TCP_LISTEN_BACKLOG 1

#define LWIP_STATS 0
#define LWIP_CHKSUM_ALGORITHM 3

#endif
