/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that the core writes, a cell's console or its own log: read as it comes, the end of it kept, and copied to
 * whoever opened a terminal on it. What is typed at a terminal goes to the console.
 */
#ifndef BHD_STREAM_H
#define BHD_STREAM_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHD_STREAM_KEPT 65536

#define BHD_TYPE_STREAM (bhd_stream_get_type())
G_DECLARE_FINAL_TYPE(BhdStream, bhd_stream, BHD, STREAM, GObject)

BhdStream *bhd_stream_new(void);

/* Where in a stream: see struct bh_stream. */
typedef struct {
	gboolean given; /* FALSE: at what comes next */
	guint64 generation;
	guint64 position;
} BhdStreamPlace;

/*
 * Reads from @fd from now on, which is taken and begins at @place; -1: from nothing. Of a generation that is known already
 * only what is new is taken. Kept text and readers stay. Emits "output" (bytes as a guint) after each read,
 * and "ended" when @fd has nothing more to give.
 */
void bhd_stream_attach(BhdStream *self, int fd, const BhdStreamPlace *place);
gboolean bhd_stream_is_attached(BhdStream *self);

/* Takes what there is to read at this moment. */
void bhd_stream_drain(BhdStream *self);

/* The end of what is kept, at most @maximum bytes, as "ay". */
GVariant *bhd_stream_tail(BhdStream *self, guint maximum);
guint64 bhd_stream_get_generation(BhdStream *self);
guint64 bhd_stream_get_position(BhdStream *self); /* in this generation: bytes ever written */

/*
 * The slave side of a new pseudo terminal, or -1. It ends when all copies of it are closed. One who is too slow is told how
 * much is missing.
 */
int bhd_stream_open_terminal(BhdStream *self, gboolean from_start, GError **error);

/*
 * The end of a pipe, or -1. It begins at @place, or as near behind it as can be, which @place is set to; from there on all
 * bytes of this generation come. Where that is not possible any more it ends.
 */
int bhd_stream_follow(BhdStream *self, BhdStreamPlace *place, GError **error);

G_END_DECLS

#endif
