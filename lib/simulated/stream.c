// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events, the core's log and consoles, as the device's read(2) delivers them. Each reader has one end of a socket
 * pair: records go as packets, so that none arrives in parts, text as a stream. What a slow reader
 * has not taken stays in the rings, and is lost there when they wrap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include "simulated.h"

/* Events leave the core's ring at once, so that it has room, and stay here for readers. */
void sim_events_take(struct simulated *s)
{
	const struct bh_event_ring *ring = &shared->events;

	if (s->core_next == ring->tail)
		return;
	for (; s->core_next != ring->tail; s->core_next++)
		s->kept[s->kept_tail++ % SIM_EVENTS_KEPT] =
			ring->entry[s->core_next % BH_EVENT_RING_ENTRIES];
	event_ack(s->core_next);
}

static const struct bh_text_ring *stream_ring(const struct simulated *s,
					      const struct sim_stream *stream, u64 *epoch)
{
	*epoch = (u32)s->epoch;
	if (stream->stream == BH_STREAM_LOG && s->enabled)
		return &shared->log;
	if (stream->stream == BH_STREAM_LOG) {
		/* It is the same as before the core left. */
		*epoch -= 1;
		return &s->last_log;
	}
	if (!s->enabled)
		return NULL;
	/* Another cell with the same id has a console of its own. */
	*epoch |= (u64)shared->cell[stream->id].generation << 32;
	return &shared->console[stream->id];
}

static bool stream_send(struct sim_stream *stream, const void *data, size_t size, size_t *sent)
{
	ssize_t n = send(stream->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	*sent = n > 0 ? n : 0;
	if (n >= 0)
		return true;
	if (errno == EAGAIN || errno == ENOBUFS)
		stream->blocked = true;
	else if (errno != EINTR)
		stream->closed = true;
	return false;
}

static void stream_feed_events(const struct simulated *s, struct sim_stream *stream)
{
	size_t sent;

	while (stream->position != s->kept_tail) {
		if (s->kept_tail - stream->position > SIM_EVENTS_KEPT)
			stream->position = s->kept_tail - SIM_EVENTS_KEPT;
		if (!stream_send(stream, &s->kept[stream->position % SIM_EVENTS_KEPT],
				 sizeof(*s->kept), &sent))
			return;
		stream->position++;
	}
}

/* What was at the stream's position is not there any more: go on at @position, unless all was wanted. */
static bool stream_jump(struct sim_stream *stream, u64 position)
{
	if (stream->whole)
		stream->closed = true;
	else
		stream->position = position;
	return !stream->closed;
}

static void stream_feed_text(const struct simulated *s, struct sim_stream *stream)
{
	const struct bh_text_ring *ring;
	u64 epoch;

	ring = stream_ring(s, stream, &epoch);
	if (!ring)
		return;
	if (epoch != stream->epoch || stream->position > ring->tail) {
		if (!stream_jump(stream, 0))
			return;
		stream->epoch = epoch;
	}
	while (stream->position != ring->tail) {
		u64 at, piece;
		size_t sent;

		if (ring->tail - stream->position > BH_TEXT_RING_SIZE &&
		    !stream_jump(stream, ring->tail - BH_TEXT_RING_SIZE))
			return;
		at = stream->position % BH_TEXT_RING_SIZE;
		piece = MIN(ring->tail - stream->position, BH_TEXT_RING_SIZE - at);
		if (!stream_send(stream, (const char *)ring->data + at, piece, &sent))
			return;
		stream->position += sent;
	}
}

void sim_streams_feed(struct simulated *s)
{
	if (s->enabled)
		sim_events_take(s);
	for (struct sim_stream *stream = s->streams; stream; stream = stream->next) {
		if (stream->blocked || stream->closed)
			continue;
		if (stream->stream == BH_STREAM_EVENTS)
			stream_feed_events(s, stream);
		else
			stream_feed_text(s, stream);
	}
}

void sim_streams_close(struct simulated *s, bool all)
{
	struct sim_stream **link = &s->streams;

	while (*link) {
		struct sim_stream *stream = *link;

		if (!all && !stream->closed) {
			link = &stream->next;
			continue;
		}
		*link = stream->next;
		close(stream->fd);
		free(stream);
	}
}

static void stream_begin(const struct simulated *s, struct sim_stream *stream, bool from_start)
{
	const struct bh_text_ring *ring;
	u64 tail, room;

	if (stream->stream == BH_STREAM_EVENTS) {
		tail = s->kept_tail;
		room = SIM_EVENTS_KEPT;
	} else {
		ring = stream_ring(s, stream, &stream->epoch);
		tail = ring ? ring->tail : 0;
		room = BH_TEXT_RING_SIZE;
	}
	stream->position = !from_start ? tail : tail > room ? tail - room : 0;
}

/* What has no room is lost, as on a serial line; a cell that runs takes all of it before the next comes. */
void sim_stream_type(const struct sim_stream *stream)
{
	u8 text[CONSOLE_INPUT_SIZE];
	ssize_t n = recv(stream->fd, text, sizeof(text), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		hypercall(cpu_get(0), BH_HC_CONSOLE_INPUT, stream->id, text[i]);
}

int sim_stream_open(struct simulated *s, struct bh_stream *call, struct bh_device_error *error)
{
	u32 kind = call->stream, id = call->id;
	struct sim_stream *stream;
	int ends[2];

	if (kind > BH_STREAM_CONSOLE)
		return sim_error(error, EINVAL, BH_R_ARGUMENT, "there is no stream %u", kind);
	if (kind != BH_STREAM_CONSOLE && id)
		return sim_error(error, EINVAL, BH_R_ARGUMENT,
				 "only a console belongs to a cell: the id must be 0");
	if (kind == BH_STREAM_CONSOLE && !s->enabled)
		return sim_error(error, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
	if (kind == BH_STREAM_CONSOLE && (!id || !cell_get(id)))
		return sim_error_code(error, BH_E_NO_SUCH_CELL, 0, id, 0);
	stream = calloc(1, sizeof(*stream));
	if (!stream || socketpair(AF_UNIX,
				  (kind == BH_STREAM_EVENTS ? SOCK_SEQPACKET : SOCK_STREAM) |
					  SOCK_NONBLOCK | SOCK_CLOEXEC,
				  0, ends)) {
		free(stream);
		return sim_error(error, errno, BH_R_OTHER, "a stream could not be made: %s",
				 strerror(errno));
	}
	stream->input = kind == BH_STREAM_CONSOLE && cell_get(id)->desc->flags & BH_CELL_PC;
	if (!stream->input)
		shutdown(ends[0], SHUT_RD);
	if (s->enabled)
		sim_events_take(s);
	stream->fd = ends[0];
	stream->stream = kind;
	stream->id = id;
	stream->whole = call->call.flags & BH_STREAM_WHOLE;
	stream_begin(s, stream, call->call.flags & BH_STREAM_FROM_START);
	call->generation = stream->epoch;
	call->position = stream->position;
	stream->next = s->streams;
	s->streams = stream;
	sim_streams_feed(s);
	return ends[1];
}
