// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bhd-plain.h"

#define REPLACEMENT 0xfffd
#define BEL 0x07
#define ESC 0x1b
/* ECMA-48, 8.3: controls of the set C1, which ESC and a letter stand for as well. */
#define DCS 0x90
#define SOS 0x98
#define CSI 0x9b
#define ST 0x9c
#define OSC 0x9d
#define PM 0x9e
#define APC 0x9f
#define ESCAPED(control) ((control)-0x40)

static gboolean is_control(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static void take_text(BhdPlain *self, gunichar c, GString *out)
{
	if (c == '\n') {
		self->in_line = self->returned = FALSE;
		g_string_append_c(out, c);
	} else if (c == '\r') {
		self->returned = TRUE;
	} else if (c == '\t' || !is_control(c)) {
		/* What is written over on a terminal stays readable in lines of its own. */
		if (self->returned && self->in_line)
			g_string_append_c(out, '\n');
		self->returned = FALSE;
		self->in_line = TRUE;
		g_string_append_unichar(out, c);
	}
}

static BhdPlainState state_after(gunichar control)
{
	switch (control) {
	case CSI:
		return BHD_PLAIN_CONTROL_SEQUENCE;
	case DCS:
	case SOS:
	case OSC:
	case PM:
	case APC:
		return BHD_PLAIN_CONTROL_STRING;
	default:
		return BHD_PLAIN_TEXT;
	}
}

/*
 * In the middle of a sequence: whether the character belongs to it. One that does not ends it and is text again: a cell that begins a
 * sequence and never ends it does not silence itself for more than a line.
 */
static gboolean belongs(BhdPlain *self, gunichar c)
{
	BhdPlainState state = self->state;

	self->state = BHD_PLAIN_TEXT;
	switch (state) {
	case BHD_PLAIN_ESCAPE:
		if (c >= ESCAPED(0x80) && c <= ESCAPED(0x9f))
			self->state = state_after(c + 0x40);
		else if (c >= 0x20 && c < 0x30) /* more of this kind may come */
			self->state = state;
		return c >= 0x20 && c < 0x7f;
	case BHD_PLAIN_CONTROL_SEQUENCE:
		if (c >= 0x20 && c < 0x40)
			self->state = state;
		return c >= 0x20 && c < 0x7f;
	case BHD_PLAIN_CONTROL_STRING:
		if (!is_control(c))
			self->state = state;
		return !is_control(c) || c == BEL || c == ST;
	default:
		return FALSE;
	}
}

static void take_character(BhdPlain *self, gunichar c, GString *out)
{
	if (c == ESC)
		self->state = BHD_PLAIN_ESCAPE;
	else if (state_after(c) != BHD_PLAIN_TEXT)
		self->state = state_after(c);
	else if (!belongs(self, c))
		take_text(self, c, out);
}

static void take_byte(BhdPlain *self, char byte, GString *out)
{
	gboolean ascii = !(byte & 0x80);
	gunichar c;

	if (!ascii) {
		self->partial[self->partial_size++] = byte;
		c = g_utf8_get_char_validated(self->partial, self->partial_size);
		if (c == (gunichar)-2)
			return;
		if (c != (gunichar)-1) {
			self->partial_size = 0;
			take_character(self, c, out);
			return;
		}
		/* The last byte may begin something better than those before it. */
		self->partial_size--;
	}
	if (self->partial_size || !ascii)
		take_character(self, REPLACEMENT, out);
	if (ascii) {
		self->partial_size = 0;
		take_character(self, byte, out);
	} else if (self->partial_size) {
		self->partial_size = 0;
		take_byte(self, byte, out);
	}
}

void bhd_plain_take(BhdPlain *self, const char *data, gsize size, GString *out)
{
	for (gsize i = 0; i < size; i++)
		take_byte(self, data[i], out);
}
