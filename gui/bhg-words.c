// SPDX-License-Identifier: GPL-2.0-or-later

#include <gio/gio.h>
#include <glib/gi18n.h>
#include "bhg-words.h"

char *bhg_words_size(guint64 bytes)
{
	static const char *const units[] = {N_("bytes"), N_("KiB"), N_("MiB"), N_("GiB"),
					    N_("TiB")};
	double size = bytes;
	guint unit = 0;

	/* Not "1024.0 MiB", which is what a little less than 1 GiB would be. */
	while ((guint64)(size * 10 + 0.5) >= 10240 && unit + 1 < G_N_ELEMENTS(units)) {
		size /= 1024;
		unit++;
	}
	if (size == (guint64)size)
		return g_strdup_printf("%" G_GUINT64_FORMAT " %s", (guint64)size, _(units[unit]));
	return g_strdup_printf("%.1f %s", size, _(units[unit]));
}

char *bhg_words_address(guint64 address)
{
	return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
	const guint *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

char *bhg_words_cpus(const guint *numbers, gsize count)
{
	g_autofree guint *sorted = g_memdup2(numbers, count * sizeof(*numbers));
	g_autoptr(GString) list = g_string_new(NULL);

	if (!count)
		return g_strdup(_("no CPU"));
	qsort(sorted, count, sizeof(*sorted), compare_numbers);
	for (gsize i = 0, j; i < count; i = j + 1) {
		for (j = i; j + 1 < count && sorted[j + 1] == sorted[j] + 1; j++)
			;
		g_string_append_printf(list, "%s%u", list->len ? ", " : "", sorted[i]);
		if (j > i)
			g_string_append_printf(list, "%s%u", j > i + 1 ? "–" : ", ", sorted[j]);
	}
	return g_strdup_printf(ngettext("CPU %s", "CPUs %s", count), list->str);
}

char *bhg_words_age(guint64 microseconds)
{
	guint64 seconds = microseconds / G_USEC_PER_SEC;

	if (!seconds)
		return g_strdup_printf(_("%u ms"), (guint)(microseconds / 1000));
	if (seconds < 60)
		return g_strdup_printf(_("%.1f s"), microseconds / 1e6);
	if (seconds < 3600)
		return g_strdup_printf(_("%u min"), (guint)(seconds / 60));
	if (seconds < 2 * 86400)
		return g_strdup_printf(_("%u h"), (guint)(seconds / 3600));
	return g_strdup_printf(_("%u days"), (guint)(seconds / 86400));
}

char *bhg_words_time(guint64 realtime)
{
	g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(realtime / G_USEC_PER_SEC);
	g_autoptr(GDateTime) now = g_date_time_new_now_local();

	if (!then)
		return g_strdup("?");
	if (g_date_time_get_year(then) == g_date_time_get_year(now) &&
	    g_date_time_get_day_of_year(then) == g_date_time_get_day_of_year(now))
		return g_date_time_format(then, "%T");
	return g_date_time_format(then, "%F %T");
}

typedef struct {
	const char *word;
	const char *text;
} Word;

/* Words that are not in the table are shown as they are: a newer daemon may have more. */
static const char *translate(const Word *words, const char *word)
{
	for (; words->word; words++)
		if (g_strcmp0(words->word, word) == 0)
			return words->text ? _(words->text) : NULL;
	return word;
}

const char *bhg_words_state(const char *state)
{
	static const Word words[] = {
		{"defined", N_("not started")},
		{"invalid", N_("has errors")},
		{"loadable", N_("created")},
		{"running", N_("running")},
		{"running-locked", N_("running, locked")},
		{"shut-down", N_("shut down")},
		{"failed", N_("failed")},
		{"failed-comm-revision", N_("failed: unknown comm region")},
		{NULL, NULL},
	};

	return translate(words, state);
}

const char *bhg_words_state_reason(const char *reason)
{
	static const Word words[] = {
		{"none", NULL},
		{"requested", NULL},
		{"", NULL},
		{"by-itself", N_("It shut down by itself.")},
		{"reset", N_("Its operating system asked to be started again.")},
		{"violation", N_("It was stopped for a forbidden access.")},
		{"core-fault", N_("The hypervisor itself had a fault on one of its CPUs.")},
		{"gave-up", N_("It said itself that it has failed.")},
		{"no-answer", N_("It did not answer when it was asked to shut down.")},
		{"heartbeat", N_("It was stopped because its heartbeat ceased.")},
		{"start-failed", N_("It could not be started.")},
		{"file", N_("Its file has errors.")},
		{"unknown", N_("It happened while nobody was looking.")},
		{NULL, NULL},
	};

	return translate(words, reason);
}

const char *bhg_words_health(const char *health)
{
	static const Word words[] = {
		{"", NULL},
		{"none", NULL},
		{"unwatched", NULL},
		{"waiting", N_("waiting for its first heartbeat")},
		{"good", N_("heartbeat good")},
		{"late", N_("heartbeat late")},
		{NULL, NULL},
	};

	return translate(words, health);
}

const char *bhg_words_operation(const char *operation)
{
	static const Word words[] = {
		{"", NULL},
		{"enable", N_("Enabling…")},
		{"disable", N_("Disabling…")},
		{"create", N_("Creating…")},
		{"load", N_("Loading…")},
		{"start", N_("Starting…")},
		{"stop", N_("Stopping…")},
		{"restart", N_("Restarting…")},
		{"destroy", N_("Giving back…")},
		{"apply", N_("Applying changes…")},
		{NULL, NULL},
	};

	return translate(words, operation);
}

#define PREFIX "org.bulkhead1.Error."

char *bhg_words_error(const GError *error)
{
	static const Word advice[] = {
		{PREFIX "InvalidConfig", N_("The findings of the cell say what is wrong.")},
		{PREFIX "NotAuthorized", N_("An administrator can allow it with a polkit rule.")},
		{PREFIX "NotAuthorizedCanObtain",
		 N_("Nobody asked for a password: is a polkit agent running in this session?")},
		{PREFIX "Conflict", N_("Somebody changed the configuration meanwhile.")},
		{PREFIX "Denied", N_("Try again later, or stop it by force.")},
		{PREFIX "NoAnswer", N_("It can be stopped by force.")},
		{"org.freedesktop.DBus.Error.NoReply",
		 N_("The daemon went away meanwhile; cells that run are not affected.")},
		{NULL, NULL},
	};
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	g_autoptr(GError) copy = g_error_copy(error);
	const char *more = name ? translate(advice, name) : NULL;

	g_dbus_error_strip_remote_error(copy);
	if (!more || more == name)
		return g_strdup(copy->message);
	/* Sentences of the daemon have no full stop. */
	return g_strdup_printf("%s%s %s", copy->message,
			       g_str_has_suffix(copy->message, ".") ? "" : ".", more);
}

gboolean bhg_error_is_authorization(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return g_strcmp0(name, PREFIX "NotAuthorized") == 0 ||
	       g_strcmp0(name, PREFIX "NotAuthorizedCanObtain") == 0 ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_AUTH_FAILED);
}
