/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a cell writes to its console to text that a journal takes: UTF-8 without control characters other than
 * line feeds and tabs, and without the escape sequences of ECMA-48 that set colours, titles and cursors.
 */
#ifndef BHD_PLAIN_H
#define BHD_PLAIN_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
	BHD_PLAIN_TEXT,
	BHD_PLAIN_ESCAPE,
	BHD_PLAIN_CONTROL_SEQUENCE,
	BHD_PLAIN_CONTROL_STRING,
} BhdPlainState;

/* Zeroed: at the beginning of a console. */
typedef struct {
	BhdPlainState state;
	char partial
		[6]; /* a character of which more has to come; GLib takes six bytes for possible */
	guint partial_size;
	gboolean in_line; /* something is on this line */
	gboolean returned; /* to its beginning */
} BhdPlain;

/* Appends to @out what is text in the next bytes of the console. They may begin and end anywhere. */
void bhd_plain_take(BhdPlain *self, const char *data, gsize size, GString *out);

G_END_DECLS

#endif
