/* SPDX-License-Identifier: MIT */
/*
 * An example of libbulkhead-link: sends the lines of its standard input to a peer as messages and prints those that come.
 * The other side is the payload `link' with role=talk, or another link-talk in a Linux cell.
 *
 *	link-talk [LINK [PEER]]
 *
 * LINK is a number, a PCI address or a /dev/uioN; without it there must be one link only. Ends when its input has ended and
 * every message has been answered, or when the peer or the link goes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bulkhead-link.h"

#define STATE_READY 1
#define VECTOR_MESSAGE 1

static int failed(const char *what, int status)
{
	fprintf(stderr, "link-talk: %s: %s\n", what, strerror(-status));
	return 1;
}

/* The peer has to have opened its side before anything is sent. */
static int peer_await(struct bhl *link, uint32_t peer)
{
	while (!bhl_state(link, peer)) {
		int status = bhl_wait(link, -1);

		if (status < 0 && status != -EINTR)
			return status;
	}
	return 0;
}

/* Everything that has come. How many messages, or a negative errno. */
static int messages_print(struct bhl_queue *queue)
{
	char message[4096];
	int count = 0;
	ssize_t n;

	while ((n = bhl_receive(queue, message, sizeof(message))) >= 0) {
		printf("%.*s\n", (int)n, message);
		count++;
	}
	fflush(stdout);
	return n == -EAGAIN ? count : (int)n;
}

static int line_send(struct bhl *link, struct bhl_queue *queue, const char *line, size_t size)
{
	int status;

	while ((status = bhl_send(queue, line, size)) == -EAGAIN) {
		status = bhl_wait(link, -1);
		if (status < 0 && status != -EINTR)
			return status;
	}
	return status;
}

static int talk(struct bhl *link, struct bhl_queue *queue, uint32_t peer)
{
	struct pollfd fds[] = {{.fd = 0, .events = POLLIN}, {.fd = bhl_fd(link), .events = POLLIN}};
	long waiting = 0; /* messages without an answer */
	bool ended = false;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int status = 0;

	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what is not read yet */
	while (!ended || waiting > 0) {
		fds[0].fd = ended ? -1 : 0;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			status = bhl_wait(link, 0);
			if (status < 0)
				break;
			status = messages_print(queue);
			if (status < 0)
				break;
			waiting -= status;
			if (!bhl_state(link, peer)) {
				status = -ECONNRESET;
				break;
			}
		}
		if (!ended && fds[0].revents) {
			n = getline(&line, &room, stdin);
			ended = n < 0;
			if (!ended)
				status = line_send(link, queue, line, strcspn(line, "\n"));
			if (status < 0)
				break;
			waiting += !ended;
		}
	}
	free(line);
	return status < 0 ? status : 0;
}

int main(int argc, char **argv)
{
	uint32_t peer = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
	struct bhl_queue *queue;
	struct bhl *link;
	int status = bhl_open(argc > 1 ? argv[1] : NULL, &link);

	if (status)
		return failed("the link cannot be opened", status);
	status = bhl_queue_open(link, peer, VECTOR_MESSAGE, &queue);
	if (status) {
		bhl_close(link);
		return failed("there can be no queue with this peer", status);
	}
	bhl_set_state(link, STATE_READY);
	status = peer_await(link, peer);
	if (!status)
		status = talk(link, queue, peer);
	bhl_queue_close(queue);
	bhl_close(link);
	return status ? failed("the talk ended", status) : 0;
}
