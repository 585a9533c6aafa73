/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences of texts by lines, and what they make together when two people have changed the same one. */
#ifndef BHE_DIFF_H
#define BHE_DIFF_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
	char sign; /* ' ': in both, '-': only in the old text, '+': only in the new one */
	char *text; /* without the end of the line */
	guint old_line, new_line; /* from 1; 0: not in that text */
} BheDiffLine;

/* BheDiffLine, all lines of both texts. A text NULL is empty. */
GPtrArray *bhe_diff(const char *old_text, const char *new_text);

/*
 * @base with what @mine and @theirs have changed. Where both have changed the same lines in different ways those
 * of @mine are taken, and *@conflict is TRUE.
 */
char *bhe_merge(const char *base, const char *mine, const char *theirs, gboolean *conflict);

G_END_DECLS

#endif
