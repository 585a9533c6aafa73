/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, states and errors in words for people. All strings are translated; those returned as char * are the caller's. */
#ifndef BHG_WORDS_H
#define BHG_WORDS_H

#include <glib.h>

G_BEGIN_DECLS

char *bhg_words_size(guint64 bytes); /* "64 MiB" */
char *bhg_words_address(guint64 address); /* "0x38000000" */
char *bhg_words_cpus(const guint *numbers, gsize count); /* "CPUs 2–3, 5"; "no CPU" */
char *bhg_words_age(guint64 microseconds); /* "1.2 s", "3 min" */
char *bhg_words_time(guint64 realtime); /* local time of day, with the date unless it is today */

/* States of a cell, as org.bulkhead1.Cell has them; unknown words as they are. */
const char *bhg_words_state(const char *state);
const char *bhg_words_state_reason(const char *reason); /* NULL: nothing worth saying */
const char *bhg_words_health(const char *health); /* NULL: likewise */
const char *bhg_words_operation(const char *operation); /* of a job: "starting" */

/* The sentence of an error, without the name of the D-Bus error, and what to do about it where that is known. */
char *bhg_words_error(const GError *error);
/* Was it refused for lack of rights? */
gboolean bhg_error_is_authorization(const GError *error);

G_END_DECLS

#endif
