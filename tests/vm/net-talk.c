/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talks to the services of the payload "net", and checks every byte.
 *
 *   net-talk udp ADDRESS COUNT LONGEST   datagrams of lengths up to LONGEST to the port for echo, each with its answer
 *   net-talk tcp ADDRESS BYTES           a connection to the port for echo: so many bytes there and back
 *   net-talk sink ADDRESS BYTES          a connection to the port for discard: so many bytes there
 *   net-talk serve                       all these services, until it is ended
 *   net-talk pour ADDRESS COUNT          datagrams to the port for discard, whatever becomes of them
 *   net-talk counters INTERFACE          what ethtool -S would print
 *   net-talk bench ADDRESS DATAGRAMS BYTES   all three, between markers for an emulator that counts instructions
 *
 * ADDRESS may be ADDRESS:BASE: the ports are BASE + 7 and BASE + 9 then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <bulkhead/bench.h>

#define PORT_ECHO 7
#define PORT_DISCARD 9
#define PATIENCE_MS 30000
#define AGAIN_MS 1000
#define ROOM_LATE 8192

static char buffer[65536], pattern[65536 + 251];

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "net-talk: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* @room: what the kernel buffers of a stream in either direction; 0: as it likes. */
static int open_socket_with(int type, const char *address, int port, int room)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type, 0), base = 0;
	char host[16];

	if (sscanf(address, "%15[^:]:%d", host, &base) < 1 || !inet_aton(host, &to.sin_addr))
		fail(address);
	to.sin_port = htons((uint16_t)(base + port));
	if (fd < 0 || (room && (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ||
				setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)))))
		fail("socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail(address);
	return fd;
}

static int open_socket(int type, const char *address, int port)
{
	return open_socket_with(type, address, port, 0);
}

/* A datagram may be lost: the first ones wait for ARP, and nobody has promised anything. */
static void udp(const char *address, unsigned long count, unsigned long longest)
{
	int fd = open_socket(SOCK_DGRAM, address, PORT_ECHO);
	unsigned long again = 0;

	for (unsigned long i = 0; i < count;) {
		size_t length = 1 + i * 1277 % longest;
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (send(fd, pattern + i % 251, length, 0) != (ssize_t)length)
			fail("send");
		for (;;) {
			if (poll(&ready, 1, AGAIN_MS) <= 0) {
				if (++again > count + 20)
					fail("no answers");
				break;
			}
			got = recv(fd, buffer, sizeof(buffer), 0);
			if (got < 0)
				fail("receive");
			/* An answer that comes late is another's. */
			if ((size_t)got == length && !memcmp(buffer, pattern + i % 251, length)) {
				i++;
				break;
			}
		}
	}
	printf("%lu answers, %lu asked again\n", count, again);
}

static void udp_small(const char *address, unsigned long count)
{
	int fd = open_socket(SOCK_DGRAM, address, PORT_ECHO);
	struct timeval patience = {.tv_sec = 1};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (unsigned long i = 0; i < count; i++)
		if (send(fd, pattern, 18, 0) != 18 || recv(fd, buffer, sizeof(buffer), 0) != 18)
			fprintf(stderr, "net-talk: a datagram is lost\n");
	close(fd);
}

/* @late: nothing is read before nothing more can be sent, so that the other end has all the data it can hold. */
static void tcp(const char *address, unsigned long bytes, bool echo, bool late)
{
	int fd = open_socket_with(SOCK_STREAM, address, echo ? PORT_ECHO : PORT_DISCARD,
				  late ? ROOM_LATE : 0);
	unsigned long sent = 0, received = echo ? 0 : bytes;
	struct timespec begin, end;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (sent < bytes || received < bytes) {
		struct pollfd ready = {.fd = fd};
		ssize_t n;

		ready.events = (short)((sent < bytes ? POLLOUT : 0) |
				       (received < bytes && !late ? POLLIN : 0));
		if (late && poll(&ready, 1, AGAIN_MS) <= 0) {
			late = false;
			continue;
		}
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			fail("the connection stands still");
		if (ready.revents & POLLOUT) {
			size_t length = bytes - sent < 32768 ? bytes - sent : 32768;

			n = send(fd, pattern + sent % 251, length, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && errno != EAGAIN)
				fail("send");
			sent += n > 0 ? (unsigned long)n : 0;
		}
		if (ready.revents & (POLLIN | POLLHUP | POLLERR)) {
			n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
			if (n < 0 && errno == EAGAIN)
				continue;
			errno = n ? errno : EPIPE;
			if (n <= 0)
				fail("receive");
			if (memcmp(buffer, pattern + received % 251, (size_t)n)) {
				errno = EBADMSG;
				fail("what comes back is not what was sent");
			}
			received += (unsigned long)n;
		}
	}
	/* All of it is there when the other end has closed too. */
	shutdown(fd, SHUT_WR);
	while (recv(fd, buffer, sizeof(buffer), 0) > 0)
		;
	close(fd);
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%lu bytes in %.1f s\n", bytes, seconds);
}

static int listen_socket(int type, int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, type, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) || (type == SOCK_STREAM && listen(fd, 16)))
		fail("serve");
	return fd;
}

static void serve_connection(int fd, bool echo)
{
	ssize_t n, sent, m;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		for (sent = 0; echo && sent < n; sent += m)
			if ((m = send(fd, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL)) <= 0)
				_exit(0);
	_exit(0);
}

static void serve(void)
{
	struct pollfd fds[] = {
		{.fd = listen_socket(SOCK_STREAM, PORT_ECHO), .events = POLLIN},
		{.fd = listen_socket(SOCK_STREAM, PORT_DISCARD), .events = POLLIN},
		{.fd = listen_socket(SOCK_DGRAM, PORT_ECHO), .events = POLLIN},
	};
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t n;

	signal(SIGCHLD, SIG_IGN);
	while (poll(fds, 3, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			int fd = fds[i].revents ? accept(fds[i].fd, NULL, NULL) : -1;

			if (fd >= 0 && !fork())
				serve_connection(fd, i == 0);
			if (fd >= 0)
				close(fd);
		}
		if (!fds[2].revents)
			continue;
		n = recvfrom(fds[2].fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
			     &length);
		if (n >= 0)
			sendto(fds[2].fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, length);
	}
}

static void pour(const char *address, unsigned long count)
{
	int fd = open_socket(SOCK_DGRAM, address, PORT_DISCARD);

	for (unsigned long i = 0; i < count; i++)
		if (send(fd, pattern, 1 + i * 1277 % 1400, MSG_DONTWAIT) < 0) {
			struct pollfd ready = {.fd = fd, .events = POLLOUT};

			/* The interface may have no carrier just now. */
			poll(&ready, 1, 1);
		}
}

static void counters(const char *interface)
{
	static union {
		struct ethtool_drvinfo info;
		struct ethtool_gstrings names;
		struct ethtool_stats values;
		char room[8192];
	} names, values;
	struct ifreq request = {.ifr_data = (char *)&names};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	names.info.cmd = ETHTOOL_GDRVINFO;
	if (ioctl(fd, SIOCETHTOOL, &request))
		fail(interface);
	printf("driver: %s\n", names.info.driver);
	values.values.n_stats = names.info.n_stats;
	if (values.values.n_stats > 64)
		fail("there are more counters than expected");
	names.names = (struct ethtool_gstrings){ETHTOOL_GSTRINGS, ETH_SS_STATS, 0};
	if (ioctl(fd, SIOCETHTOOL, &request))
		fail(interface);
	request.ifr_data = (char *)&values;
	values.values.cmd = ETHTOOL_GSTATS;
	if (ioctl(fd, SIOCETHTOOL, &request))
		fail(interface);
	for (unsigned int i = 0; i < values.values.n_stats; i++)
		printf("%.32s: %llu\n", (char *)names.names.data + i * ETH_GSTRING_LEN,
		       (unsigned long long)values.values.data[i]);
}

#define MARK(text) __asm__ volatile(text : : : "memory")

/* Datagrams of 18 bytes make the smallest frames there are. The first of each kind are not counted. */
static void bench(const char *address, unsigned long datagrams, unsigned long bytes)
{
	udp_small(address, 100);
	MARK(BH_BENCH_X86_BEGIN(BH_BENCH_NET_SMALL));
	udp_small(address, datagrams);
	MARK(BH_BENCH_X86_END(BH_BENCH_NET_SMALL));
	tcp(address, bytes, false, false);
	MARK(BH_BENCH_X86_BEGIN(BH_BENCH_NET_SEND));
	tcp(address, bytes, false, false);
	MARK(BH_BENCH_X86_END(BH_BENCH_NET_SEND));
	MARK(BH_BENCH_X86_BEGIN(BH_BENCH_NET_ECHO));
	tcp(address, bytes, true, false);
	MARK(BH_BENCH_X86_END(BH_BENCH_NET_ECHO));
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i % 251);
	if (argc == 5 && !strcmp(argv[1], "udp"))
		udp(argv[2], strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	else if (argc == 4 && !strcmp(argv[1], "tcp"))
		tcp(argv[2], strtoul(argv[3], NULL, 0), true, false);
	else if (argc == 4 && !strcmp(argv[1], "late"))
		tcp(argv[2], strtoul(argv[3], NULL, 0), true, true);
	else if (argc == 4 && !strcmp(argv[1], "sink"))
		tcp(argv[2], strtoul(argv[3], NULL, 0), false, false);
	else if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	else if (argc == 4 && !strcmp(argv[1], "pour"))
		pour(argv[2], strtoul(argv[3], NULL, 0));
	else if (argc == 3 && !strcmp(argv[1], "counters"))
		counters(argv[2]);
	else if (argc == 5 && !strcmp(argv[1], "bench"))
		bench(argv[2], strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	else
		return 2;
	return 0;
}
