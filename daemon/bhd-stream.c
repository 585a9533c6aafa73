// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include "bhd-error.h"
#include "bhd-stream.h"

#define READERS_MAX 16
#define READ_SIZE 4096

struct _BhdStream {
	GObject parent;
	int fd;
	guint source;
	GByteArray *kept;
	guint64 count; /* bytes ever taken; kept are the last of them */
	guint64 whole; /* from this one on nothing is missing, and all is of one generation */
	guint64 generation, position; /* of the byte to come */
	guint64 skip; /* bytes to come that have been taken before */
	GPtrArray *readers;
	GByteArray *
		typed; /* what does not fit into the console yet; meanwhile nobody's input is read */
	guint room; /* source: there may be room in it */
};

G_DEFINE_FINAL_TYPE(BhdStream, bhd_stream, G_TYPE_OBJECT)

static guint signal_output, signal_ended;

/* Somebody who reads along: our side of a pseudo terminal or of a pipe. Bytes are counted as in the stream. */
typedef struct {
	BhdStream *stream;
	int fd;
	guint input, writable; /* sources; writable only while it does not take more */
	guint64 at; /* what it gets next */
	guint64 until; /* what it must not get any more */
	gboolean exact; /* text that is missing ends it, instead of being told as text */
	GString *notice; /* to be written first */
} Reader;

static void reader_free(gpointer data)
{
	Reader *reader = data;

	g_clear_handle_id(&reader->input, g_source_remove);
	g_clear_handle_id(&reader->writable, g_source_remove);
	g_string_free(reader->notice, TRUE);
	close(reader->fd);
	g_free(reader);
}

static guint64 oldest(BhdStream *self)
{
	return self->count - self->kept->len;
}

/* Writes as much as is taken. FALSE: it has had all that is for it. */
static gboolean reader_feed(Reader *reader)
{
	BhdStream *self = reader->stream;
	guint64 begin = oldest(self), end = MIN(self->count, reader->until);
	ssize_t n;

	if (reader->at < begin) {
		if (reader->exact)
			return FALSE;
		g_string_append_printf(reader->notice,
				       "\r\n[%" G_GUINT64_FORMAT " bytes are missing here]\r\n",
				       begin - reader->at);
		reader->at = begin;
	}
	while (reader->notice->len || reader->at < end) {
		if (reader->notice->len)
			n = write(reader->fd, reader->notice->str, reader->notice->len);
		else
			n = write(reader->fd, self->kept->data + (reader->at - begin),
				  end - reader->at);
		/* That it has gone is seen by the other source. */
		if (n < 0)
			return TRUE;
		if (reader->notice->len)
			g_string_erase(reader->notice, 0, n);
		else
			reader->at += n;
	}
	return reader->at < reader->until;
}

static gboolean reader_is_behind(const Reader *reader)
{
	return reader->notice->len || reader->at < MIN(reader->stream->count, reader->until);
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer data)
{
	Reader *reader = data;

	(void)fd;
	(void)condition;
	if (!reader_feed(reader)) {
		reader->writable = 0;
		g_ptr_array_remove_fast(reader->stream->readers, reader);
		return G_SOURCE_REMOVE;
	}
	if (reader_is_behind(reader))
		return G_SOURCE_CONTINUE;
	reader->writable = 0;
	return G_SOURCE_REMOVE;
}

/* FALSE: the reader is no more. */
static gboolean reader_serve(Reader *reader)
{
	if (reader->writable)
		return TRUE;
	if (!reader_feed(reader)) {
		g_ptr_array_remove_fast(reader->stream->readers, reader);
		return FALSE;
	}
	if (reader_is_behind(reader))
		reader->writable = g_unix_fd_add(reader->fd, G_IO_OUT, on_writable, reader);
	return TRUE;
}

static gboolean on_input(int fd, GIOCondition condition, gpointer data);

/* A terminal has input, which waits while the console has no room; of a pipe only the end is seen. */
static void reader_listen(Reader *reader)
{
	GIOCondition condition = reader->exact ? G_IO_ERR : G_IO_HUP | G_IO_ERR;

	if (!reader->exact && !reader->stream->typed->len)
		condition |= G_IO_IN;
	g_clear_handle_id(&reader->input, g_source_remove);
	reader->input = g_unix_fd_add(reader->fd, condition, on_input, reader);
}

/* Types as much as the console takes. A cell without input, or one that is not there, has none of it. */
static void type_some(BhdStream *self)
{
	ssize_t n = self->fd < 0 ? 0 : write(self->fd, self->typed->data, self->typed->len);

	if (n > 0)
		g_byte_array_remove_range(self->typed, 0, n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		g_byte_array_set_size(self->typed, 0);
}

static gboolean on_room(int fd, GIOCondition condition, gpointer data)
{
	BhdStream *self = data;

	(void)fd;
	(void)condition;
	type_some(self);
	if (self->typed->len)
		return G_SOURCE_CONTINUE;
	self->room = 0;
	for (guint i = 0; i < self->readers->len; i++)
		reader_listen(self->readers->pdata[i]);
	return G_SOURCE_REMOVE;
}

static void type_text(BhdStream *self, const guint8 *text, gsize size)
{
	g_byte_array_append(self->typed, text, size);
	type_some(self);
	if (!self->typed->len || self->room)
		return;
	self->room = g_unix_fd_add(self->fd, G_IO_OUT, on_room, self);
	for (guint i = 0; i < self->readers->len; i++)
		reader_listen(self->readers->pdata[i]);
}

/* A reader that has gone shows here as well. */
static gboolean on_input(int fd, GIOCondition condition, gpointer data)
{
	Reader *reader = data;
	guint own = reader->input;
	guint8 text[256];
	ssize_t n;

	if (condition & G_IO_IN) {
		n = read(fd, text, sizeof(text));
		if (n > 0) {
			type_text(reader->stream, text, n);
			return own == reader->input ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
		}
	}
	if (!(condition & (G_IO_HUP | G_IO_ERR)))
		return G_SOURCE_CONTINUE;
	reader->input = 0;
	g_ptr_array_remove_fast(reader->stream->readers, reader);
	return G_SOURCE_REMOVE;
}

static gboolean has_room(BhdStream *self, GError **error)
{
	if (self->readers->len < READERS_MAX)
		return TRUE;
	g_set_error(error, BHD_ERROR, BHD_ERROR_BUSY,
		    "%u programs read this console already: end one of them", self->readers->len);
	return FALSE;
}

/* Takes @fd. */
static void add_reader(BhdStream *self, int fd, guint64 at, gboolean exact)
{
	Reader *reader = g_new0(Reader, 1);

	reader->stream = self;
	reader->fd = fd;
	reader->at = at;
	reader->until = G_MAXUINT64;
	reader->exact = exact;
	reader->notice = g_string_new(NULL);
	reader_listen(reader);
	g_ptr_array_add(self->readers, reader);
	reader_serve(reader);
}

int bhd_stream_open_terminal(BhdStream *self, gboolean from_start, GError **error)
{
	struct termios settings;
	char name[64];
	int master, slave = -1;

	if (!has_room(self, error))
		return -1;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master >= 0 && !grantpt(master) && !unlockpt(master) &&
	    !ptsname_r(master, name, sizeof(name)))
		slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &settings) ||
	    !g_unix_set_fd_nonblocking(master, TRUE, NULL)) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_FAILED,
			    "a pseudo terminal could not be made: %s", g_strerror(errno));
		if (slave >= 0)
			close(slave);
		if (master >= 0)
			close(master);
		return -1;
	}
	cfmakeraw(&settings);
	tcsetattr(slave, TCSANOW, &settings);
	add_reader(self, master, from_start ? oldest(self) : self->count, FALSE);
	return slave;
}

int bhd_stream_follow(BhdStream *self, BhdStreamPlace *place, GError **error)
{
	guint64 begin = MAX(oldest(self), self->whole), at = self->count;
	int ends[2];

	if (!has_room(self, error))
		return -1;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_FAILED, "a pipe could not be made: %s",
			    g_strerror(errno));
		return -1;
	}
	if (place->given) {
		/* What another generation wrote, and what has gone, cannot be gone on with. */
		guint64 first = self->position - (self->count - begin);

		at = place->generation == self->generation && place->position > first
			     ? begin + MIN(place->position, self->position) - first
			     : begin;
	}
	place->generation = self->generation;
	place->position = self->position - (self->count - at);
	add_reader(self, ends[1], at, TRUE);
	return ends[0];
}

static void take_text(BhdStream *self, const guint8 *text, gsize size)
{
	self->count += size;
	self->position += size;
	g_byte_array_append(self->kept, text, size);
	if (self->kept->len > BHD_STREAM_KEPT)
		g_byte_array_remove_range(self->kept, 0, self->kept->len - BHD_STREAM_KEPT);
	for (guint i = 0; i < self->readers->len;)
		i += reader_serve(self->readers->pdata[i]);
}

static void detach(BhdStream *self)
{
	g_clear_handle_id(&self->source, g_source_remove);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	if (!self->room)
		return;
	g_clear_handle_id(&self->room, g_source_remove);
	g_byte_array_set_size(self->typed, 0);
	for (guint i = 0; i < self->readers->len; i++)
		reader_listen(self->readers->pdata[i]);
}

/* FALSE: there is nothing more for now. */
static gboolean take_some(BhdStream *self)
{
	guint8 text[READ_SIZE];
	ssize_t n = read(self->fd, text, sizeof(text));
	gsize had;

	if (n <= 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return FALSE;
		detach(self);
		g_signal_emit(self, signal_ended, 0);
		return FALSE;
	}
	had = MIN(self->skip, (gsize)n);
	self->skip -= had;
	if (had < (gsize)n)
		take_text(self, text + had, n - had);
	return TRUE;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	BhdStream *self = data;
	guint64 before = self->count;

	(void)fd;
	(void)condition;
	take_some(self);
	if (self->count > before)
		g_signal_emit(self, signal_output, 0, (guint)(self->count - before));
	return self->fd >= 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void bhd_stream_drain(BhdStream *self)
{
	for (guint i = 0; self->fd >= 0 && i < 2 * BHD_STREAM_KEPT / READ_SIZE; i++)
		if (!take_some(self))
			return;
}

/* What comes does not go on where the rest ended. */
static void interrupt(BhdStream *self)
{
	self->whole = self->count;
	for (guint i = 0; i < self->readers->len;) {
		Reader *reader = self->readers->pdata[i];

		if (reader->exact)
			reader->until = MIN(reader->until, self->count);
		i += reader_serve(reader);
	}
}

void bhd_stream_attach(BhdStream *self, int fd, const BhdStreamPlace *place)
{
	bhd_stream_drain(self);
	detach(self);
	self->skip = 0;
	if (fd < 0)
		return;
	self->fd = fd;
	if (place->generation == self->generation && place->position <= self->position) {
		self->skip = self->position - place->position;
	} else {
		interrupt(self);
		self->generation = place->generation;
		self->position = place->position;
	}
	/* What there is already is there for the first who asks. */
	bhd_stream_drain(self);
	if (self->fd >= 0)
		self->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
}

gboolean bhd_stream_is_attached(BhdStream *self)
{
	return self->fd >= 0;
}

GVariant *bhd_stream_tail(BhdStream *self, guint maximum)
{
	guint size = MIN(maximum, self->kept->len);

	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE,
					 self->kept->data + self->kept->len - size, size, 1);
}

guint64 bhd_stream_get_generation(BhdStream *self)
{
	return self->generation;
}

guint64 bhd_stream_get_position(BhdStream *self)
{
	return self->position;
}

static void bhd_stream_dispose(GObject *object)
{
	BhdStream *self = BHD_STREAM(object);

	detach(self);
	g_ptr_array_set_size(self->readers, 0);
	G_OBJECT_CLASS(bhd_stream_parent_class)->dispose(object);
}

static void bhd_stream_finalize(GObject *object)
{
	BhdStream *self = BHD_STREAM(object);

	g_ptr_array_unref(self->readers);
	g_byte_array_unref(self->kept);
	g_byte_array_unref(self->typed);
	G_OBJECT_CLASS(bhd_stream_parent_class)->finalize(object);
}

static void bhd_stream_class_init(BhdStreamClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_stream_dispose;
	G_OBJECT_CLASS(klass)->finalize = bhd_stream_finalize;
	signal_output = g_signal_new("output", BHD_TYPE_STREAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				     NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
	signal_ended = g_signal_new("ended", BHD_TYPE_STREAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				    NULL, G_TYPE_NONE, 0);
}

static void bhd_stream_init(BhdStream *self)
{
	self->fd = -1;
	self->kept = g_byte_array_new();
	self->typed = g_byte_array_new();
	self->readers = g_ptr_array_new_with_free_func(reader_free);
}

BhdStream *bhd_stream_new(void)
{
	return g_object_new(BHD_TYPE_STREAM, NULL);
}
