// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bhe-diff.h"

/* Where two texts differ in more pairs of lines than these, the stretch counts as replaced as a whole. */
#define PAIRS_MAX (4u << 20)

/* With their ends, so that what is put together is as it was, byte by byte. */
static GPtrArray *split(const char *text)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	while (text && *text) {
		const char *newline = strchr(text, '\n');
		gsize length = newline ? (gsize)(newline - text) + 1 : strlen(text);

		g_ptr_array_add(lines, g_strndup(text, length));
		text += length;
	}
	return lines;
}

static gboolean same(const GPtrArray *a, guint i, const GPtrArray *b, guint j)
{
	return !strcmp(a->pdata[i], b->pdata[j]);
}

/* For the stretch a[from, a_end) and b[from, b_end): the longest common subsequence. */
static void match_middle(const GPtrArray *a, guint from, guint a_end, const GPtrArray *b,
			 guint b_end, gint *match)
{
	guint rows = a_end - from + 1, columns = b_end - from + 1;
	g_autofree guint *length = NULL;

	if (rows == 1 || columns == 1 || (guint64)rows * columns > PAIRS_MAX)
		return;
	length = g_new0(guint, (gsize)rows * columns);
	for (guint i = rows - 1; i-- > 0;)
		for (guint j = columns - 1; j-- > 0;) {
			guint *here = &length[i * columns + j];

			if (same(a, from + i, b, from + j))
				*here = here[columns + 1] + 1;
			else
				*here = MAX(here[columns], here[1]);
		}
	for (guint i = 0, j = 0; i < rows - 1 && j < columns - 1;) {
		const guint *here = &length[i * columns + j];

		if (same(a, from + i, b, from + j)) {
			match[from + i++] = from + j++;
		} else if (here[columns] >= here[1]) {
			i++;
		} else {
			j++;
		}
	}
}

/* For each line of @a the line of @b that stands for it, in rising order; -1: none. */
static gint *match_lines(const GPtrArray *a, const GPtrArray *b)
{
	gint *match = g_new(gint, a->len + 1);
	guint from = 0, a_end = a->len, b_end = b->len;

	for (guint i = 0; i <= a->len; i++)
		match[i] = -1;
	for (; from < a_end && from < b_end && same(a, from, b, from); from++)
		match[from] = from;
	for (; a_end > from && b_end > from && same(a, a_end - 1, b, b_end - 1); a_end--, b_end--)
		match[a_end - 1] = b_end - 1;
	match_middle(a, from, a_end, b, b_end, match);
	return match;
}

static void diff_line_free(gpointer data)
{
	BheDiffLine *line = data;

	g_free(line->text);
	g_free(line);
}

static void diff_add(GPtrArray *diff, char sign, const char *text, guint old_line, guint new_line)
{
	BheDiffLine *line = g_new(BheDiffLine, 1);

	*line = (BheDiffLine){sign, g_strndup(text, strcspn(text, "\r\n")), old_line, new_line};
	g_ptr_array_add(diff, line);
}

GPtrArray *bhe_diff(const char *old_text, const char *new_text)
{
	GPtrArray *diff = g_ptr_array_new_with_free_func(diff_line_free);
	g_autoptr(GPtrArray) a = split(old_text);
	g_autoptr(GPtrArray) b = split(new_text);
	g_autofree gint *match = match_lines(a, b);
	guint j = 0;

	for (guint i = 0; i < a->len; i++) {
		if (match[i] < 0) {
			diff_add(diff, '-', a->pdata[i], i + 1, 0);
			continue;
		}
		for (; j < (guint)match[i]; j++)
			diff_add(diff, '+', b->pdata[j], 0, j + 1);
		diff_add(diff, ' ', a->pdata[i], i + 1, j + 1);
		j++;
	}
	for (; j < b->len; j++)
		diff_add(diff, '+', b->pdata[j], 0, j + 1);
	return diff;
}

/* ---- three texts ---- */

static gboolean stretch_equal(const GPtrArray *a, guint a_from, guint a_to, const GPtrArray *b,
			      guint b_from, guint b_to)
{
	if (a_to - a_from != b_to - b_from)
		return FALSE;
	for (guint i = 0; i < a_to - a_from; i++)
		if (!same(a, a_from + i, b, b_from + i))
			return FALSE;
	return TRUE;
}

static void stretch_add(GString *text, const GPtrArray *lines, guint from, guint to)
{
	/* Where the last line of a text had no end, and is not the last one any more. */
	for (; from < to; from++) {
		if (text->len && text->str[text->len - 1] != '\n')
			g_string_append_c(text, '\n');
		g_string_append(text, lines->pdata[from]);
	}
}

char *bhe_merge(const char *base, const char *mine, const char *theirs, gboolean *conflict)
{
	g_autoptr(GPtrArray) o = split(base);
	g_autoptr(GPtrArray) a = split(mine);
	g_autoptr(GPtrArray) b = split(theirs);
	g_autofree gint *to_a = match_lines(o, a);
	g_autofree gint *to_b = match_lines(o, b);
	GString *merged = g_string_new(NULL);
	guint i = 0, j = 0, k = 0;

	*conflict = FALSE;
	for (;;) {
		guint next = i, a_to, b_to;

		/* Up to the next line that all three have. */
		while (next < o->len && (to_a[next] < 0 || to_b[next] < 0))
			next++;
		a_to = next < o->len ? (guint)to_a[next] : a->len;
		b_to = next < o->len ? (guint)to_b[next] : b->len;
		if (stretch_equal(o, i, next, a, j, a_to)) {
			stretch_add(merged, b, k, b_to);
		} else {
			*conflict |= !stretch_equal(o, i, next, b, k, b_to) &&
				     !stretch_equal(a, j, a_to, b, k, b_to);
			stretch_add(merged, a, j, a_to);
		}
		if (next == o->len)
			break;
		stretch_add(merged, o, next, next + 1);
		i = next + 1;
		j = a_to + 1;
		k = b_to + 1;
	}
	return g_string_free(merged, FALSE);
}
