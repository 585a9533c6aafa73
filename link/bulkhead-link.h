/* SPDX-License-Identifier: MIT */
/*
 * libbulkhead-link: a program as a peer of a link, in the root or in a cell that runs Linux. Needs the module bulkhead_uio,
 * the right to open the link's /dev/uioN, and nothing but libc.
 *
 * Functions that can fail return 0 or a negative errno. A link may be used by one thread at a time, but bhl_ring(),
 * bhl_state() and the sections by any. What lies in sections of others may change at any moment: copy, then check.
 *
 * When the link goes away (its last cell is destroyed), bhl_wait() and bhl_receive() return -EIO, and the sections read as
 * zeros; what is written then is seen by nobody.
 */
#ifndef BULKHEAD_LINK_LIB_H
#define BULKHEAD_LINK_LIB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bhl;

/*
 * @which: the number of a link of the root ("3"), the PCI address of the device ("10000:00:03.0"), or the file
 * ("/dev/uio0"); NULL: the only one there is. -ENOENT: there is none; -ENOTUNIQ: NULL, but there are several.
 * The state is 0 and interrupts are on.
 */
int bhl_open(const char *which, struct bhl **link);
/* The peers see state 0. NULL is allowed. */
void bhl_close(struct bhl *link);

uint32_t bhl_id(const struct bhl *link); /* this peer */
uint32_t bhl_peers(const struct bhl *link); /* places; not all of them need be taken */
uint16_t bhl_protocol(const struct bhl *link);

/* States: what they mean is the protocol's affair, but 0: not there. */
uint32_t bhl_state(const struct bhl *link, uint32_t peer);
void bhl_set_state(struct bhl *link, uint32_t state);

/* Sections; NULL where there is none. An output is its peer's to write and everybody's to read. */
void *bhl_rw(const struct bhl *link, size_t *size);
const void *bhl_output(const struct bhl *link, uint32_t peer, size_t *size);
void *bhl_own_output(const struct bhl *link, size_t *size);

/* What was written before can be seen by the peer when its interrupt comes. */
void bhl_ring(struct bhl *link, uint32_t peer, uint32_t vector);
/* To poll(2) for POLLIN; then call bhl_wait() with 0. */
int bhl_fd(const struct bhl *link);
/*
 * Wait for an interrupt of any vector, at most @timeout_ms (-1: for ever). 1: one or more have come, 0: none; look at
 * states and memory after it in any case but the second. -EIO: the link is gone.
 */
int bhl_wait(struct bhl *link, int timeout_ms);

/*
 * Messages, in the format of <bulkhead/link-queue.h>: a queue each way with each peer. Opening one empties it. Both sides do
 * so before they set a state other than 0. @vector is rung at the peer.
 */
struct bhl_queue;

int bhl_queue_open(struct bhl *link, uint32_t peer, uint32_t vector, struct bhl_queue **queue);
void bhl_queue_close(struct bhl_queue *queue);
size_t bhl_queue_room(const struct bhl_queue *queue); /* the largest message */
/* -EAGAIN: the peer has to read first; it rings then. -EMSGSIZE: the message is too large. */
int bhl_send(struct bhl_queue *queue, const void *message, size_t size);
/*
 * The next message's size. -EAGAIN: there is none. -EMSGSIZE: it was larger than @room, and is lost. -EPROTO: the peer
 * began anew or broke the rules, and messages were lost.
 */
ssize_t bhl_receive(struct bhl_queue *queue, void *buffer, size_t room);

#ifdef __cplusplus
}
#endif

#endif
