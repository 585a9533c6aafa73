// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs that follow: consoles, logs, events, counters, changes. */
#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "output.h"
#include "verbs.h"

static gboolean from_start, follow, once;
static int maximum, interval = 1;
static gint64 first_event = -1;

static gboolean interrupted;

static gboolean quit_loop(gpointer loop)
{
	interrupted = TRUE;
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* Ctrl-C ends what follows, and is no failure: from when the first of it is printed. @loop stays. */
static void catch_interrupts(GMainLoop *loop)
{
	static gboolean caught;

	if (caught)
		return;
	caught = TRUE;
	g_unix_signal_add(SIGINT, quit_loop, loop);
	g_unix_signal_add(SIGTERM, quit_loop, loop);
}

static void cut_off(GDBusConnection *bus, gboolean by_peer, GError *error, gpointer loop)
{
	g_main_loop_quit(loop);
}

/* Without the bus nothing comes any more: then it is an error. */
static int loop_until_interrupted(Cli *cli, GMainLoop *loop)
{
	g_autoptr(GError) error = NULL;
	gulong closed = g_signal_connect(cli->bus, "closed", G_CALLBACK(cut_off), loop);

	catch_interrupts(loop);
	if (!interrupted && !g_dbus_connection_is_closed(cli->bus))
		g_main_loop_run(loop);
	g_signal_handler_disconnect(cli->bus, closed);
	if (interrupted || !g_dbus_connection_is_closed(cli->bus))
		return CLI_OK;
	g_set_error(&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the connection to the bus is closed");
	return cli_fail(cli, error);
}

static gboolean write_all(const char *data, gsize size)
{
	/* Of nothing, @data may be NULL. */
	return (!size || fwrite(data, 1, size, stdout) == size) && !fflush(stdout);
}

/* ---- console ---- */

typedef struct {
	Cli *cli;
	GMainLoop *loop; /* to be ended with the console; NULL: it goes on */
	GString *line; /* as JSON: what has come of it */
	gboolean ended;
	int status;
} CliFollow;

static void line_print(CliFollow *f)
{
	g_autofree char *valid = g_utf8_make_valid(f->line->str, f->line->len);

	cli_json_print(f->cli, g_variant_new_string(g_strchomp(valid)));
	g_string_truncate(f->line, 0);
}

/* As it comes; as JSON a string for each line, which cannot be written before it is whole. */
static gboolean follow_write(CliFollow *f, const char *data, gsize size)
{
	if (f->cli->json == CLI_JSON_OFF)
		return write_all(data, size);
	if (!f->line)
		f->line = g_string_new(NULL);
	for (gsize i = 0; i < size; i++) {
		g_string_append_c(f->line, data[i]);
		if (data[i] == '\n')
			line_print(f);
	}
	return !fflush(stdout);
}

static void follow_end(CliFollow *f)
{
	if (f->line && f->line->len)
		line_print(f);
	if (f->line)
		g_string_free(f->line, TRUE);
	f->line = NULL;
	fflush(stdout);
}

static gboolean console_readable(int fd, GIOCondition condition, gpointer data)
{
	CliFollow *f = data;
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n > 0 && follow_write(f, buffer, n))
		return G_SOURCE_CONTINUE;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	/* EIO: the daemon has closed its side, which it does when it ends. */
	f->status = n > 0 ? CLI_FAILED : f->status;
	f->ended = TRUE;
	if (f->loop)
		g_main_loop_quit(f->loop);
	return G_SOURCE_REMOVE;
}

static void console_drain(CliFollow *f, int fd)
{
	char buffer[4096];
	ssize_t n;

	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0 && follow_write(f, buffer, n))
		;
}

int cli_console_open(Cli *cli, const char *path, gboolean start, GError **error)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) answer = cli_call_fds(
		cli, path, "Cell", "OpenConsole",
		g_variant_new(
			"(@a{sv})",
			cli_dict("from-start", start ? g_variant_new_boolean(TRUE) : NULL, NULL)),
		NULL, &fds, error);
	gint32 handle;

	if (!answer)
		return -1;
	if (!fds) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
			    "this connection does not pass descriptors");
		return -1;
	}
	g_variant_get(answer, "(h)", &handle);
	return g_unix_fd_list_get(fds, handle, error);
}

int cli_console_until_end(Cli *cli, const char *path, int fd)
{
	CliFollow f = {.cli = cli};
	g_autoptr(GError) error = NULL;
	g_autofree char *state = NULL;
	guint source;

	/* The output is copied by the same main loop that waits. */
	source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, console_readable, &f);
	state = cli_wait_for_end(cli, path, STDOUT_FILENO, &error);
	if (!f.ended)
		g_source_remove(source);
	console_drain(&f, fd);
	follow_end(&f);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return CLI_INTERRUPTED;
	if (!state)
		return cli_fail(cli, error);
	return g_str_has_prefix(state, "failed") ? CLI_FAILED : CLI_OK;
}

/* Between the keyboard and a console that takes input: all keys are the cell's, but one. */
#define KEY_LEAVE 0x1d /* Ctrl-] */

typedef struct {
	GMainLoop *loop;
	int console;
	struct termios former;
} CliKeyboard;

static gboolean keyboard_readable(int fd, GIOCondition condition, gpointer data)
{
	CliKeyboard *keyboard = data;
	char keys[256], *leave;
	ssize_t n = read(fd, keys, sizeof(keys)), done = 0, more;

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	leave = n > 0 ? memchr(keys, KEY_LEAVE, n) : NULL;
	for (n = leave ? leave - keys : n; done < n; done += more) {
		more = write(keyboard->console, keys + done, n - done);
		if (more < 0)
			break;
	}
	if (n > 0 && !leave && done == n)
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(keyboard->loop);
	return G_SOURCE_CONTINUE;
}

/* 0: what is typed is not for the cell; else the source. */
static guint keyboard_start(CliKeyboard *keyboard)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &keyboard->former))
		return 0;
	raw = keyboard->former;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return 0;
	return g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, keyboard_readable, keyboard);
}

static gboolean takes_input(Cli *cli, const char *path)
{
	g_autoptr(GVariant) objects = NULL, properties = NULL;
	gboolean input = FALSE;

	if (!isatty(STDIN_FILENO) || !cli->out_is_terminal || cli->json != CLI_JSON_OFF)
		return FALSE;
	objects = cli_objects(cli, NULL);
	properties = objects ? cli_properties(objects, path, "Cell") : NULL;
	return properties && g_variant_lookup(properties, "TakesInput", "b", &input) && input;
}

static int console_follow(Cli *cli, const char *name, gboolean start)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = cli_cell_path(cli, name, &error);
	gboolean input = path && takes_input(cli, path);
	int fd = path ? cli_console_open(cli, path, start, &error) : -1;
	CliKeyboard keyboard = {.console = fd};
	guint source, keys = 0;
	CliFollow f = {.cli = cli};
	int status;

	if (fd < 0)
		return cli_fail(cli, error);
	if (cli->out_is_terminal && cli->legend)
		cli_say(cli, "Console of cell %s; %s leaves it.", name,
			input ? "Ctrl-]" : "Ctrl-C");
	f.loop = keyboard.loop = g_main_loop_new(NULL, FALSE);
	if (input)
		keys = keyboard_start(&keyboard);
	source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, console_readable, &f);
	status = loop_until_interrupted(cli, f.loop);
	if (keys) {
		g_source_remove(keys);
		tcsetattr(STDIN_FILENO, TCSANOW, &keyboard.former);
	}
	if (!f.ended)
		g_source_remove(source);
	close(fd);
	follow_end(&f);
	g_main_loop_unref(f.loop);
	return cli_worse(status, f.status);
}

/* Descriptors do not pass through ssh, so the command on the other side copies. */
static int console_remotely(Cli *cli, const char *name)
{
	g_autofree char *quoted = g_shell_quote(name);
	GString *command = cli_remote_command(cli);

	g_string_append_printf(command, " console%s -- %s", from_start ? " --from-start" : "",
			       quoted);
	execlp("ssh", "ssh", "-xT", "--", cli->host, command->str, NULL);
	g_string_free(command, TRUE);
	return cli_misuse("ssh could not be started: %s", g_strerror(errno));
}

int cli_run_console(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"from-start", 0, 0, G_OPTION_ARG_NONE, &from_start,
		 "begin with what is still kept", NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 1, 1, &status))
		return status;
	if (cli->host)
		return console_remotely(cli, argv[1]);
	return console_follow(cli, argv[1], from_start);
}

/* ---- log ---- */

int cli_run_log(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"bytes", 'n', 0, G_OPTION_ARG_INT, &maximum, "no more than these many, the last",
		 "NUMBER"},
		{"follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "and what comes, as console does",
		 NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GVariant) answer = NULL, text = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	const char *bytes;
	gsize size;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, 1, &status))
		return status;
	if (follow && argc < 2)
		return cli_misuse("log --follow needs the name of a cell");
	if (follow) {
		from_start = TRUE;
		return cli->host ? console_remotely(cli, argv[1])
				 : console_follow(cli, argv[1], TRUE);
	}
	path = argc > 1 ? cli_cell_path(cli, argv[1], &error) : g_strdup(CLI_MANAGER);
	if (path)
		answer = cli_call(
			cli, path, argc > 1 ? "Cell" : "Manager", "ReadLog",
			g_variant_new("(@a{sv})",
				      cli_dict("maximum",
					       maximum > 0 ? g_variant_new_uint32(maximum) : NULL,
					       NULL)),
			&error);
	if (!answer)
		return cli_fail(cli, error);
	text = g_variant_get_child_value(answer, 0);
	bytes = g_variant_get_fixed_array(text, &size, 1);
	if (cli->json != CLI_JSON_OFF) {
		g_autofree char *valid = g_utf8_make_valid(bytes ? bytes : "", size);

		cli_json_print(cli, g_variant_new_string(valid));
		return CLI_OK;
	}
	cli_pager_open(cli);
	return write_all(bytes, size) ? CLI_OK : CLI_FAILED;
}

/* ---- events ---- */

static void event_print(Cli *cli, GVariant *event)
{
	const char *type = cli_word(event, "type");
	g_autofree char *time = NULL, *cell = NULL, *message = NULL;

	if (cli->json != CLI_JSON_OFF) {
		cli_json_print(cli, g_variant_ref(event));
		fflush(stdout);
		return;
	}
	time = cli_time(cli_number(event, "time"));
	cell = cli_styled(cli, CLI_BOLD, cli_word(event, "cell"));
	message = cli_styled(cli,
			     g_str_equal(type, "violation")    ? CLI_WARN
			     : g_str_equal(type, "cell-state") ? CLI_PLAIN
							       : CLI_BAD,
			     cli_word(event, "message"));
	printf("%s  %s: %s\n", time, cell, message);
	fflush(stdout);
}

typedef struct {
	Cli *cli;
	const char *cell; /* only of this one, or NULL */
	GMainLoop *loop;
	gint64 next; /* number not printed yet */
} EventFollow;

static void event_came(GDBusConnection *bus, const char *sender, const char *path,
		       const char *interface, const char *signal, GVariant *arguments,
		       gpointer data)
{
	g_autoptr(GVariant) event = NULL;
	EventFollow *f = data;

	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(a{sv})")))
		return;
	event = g_variant_get_child_value(arguments, 0);
	if ((gint64)cli_number(event, "number") < f->next ||
	    (f->cell && !g_str_equal(cli_word(event, "cell"), f->cell)))
		return;
	event_print(f->cli, event);
}

int cli_run_events(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"lines", 'n', 0, G_OPTION_ARG_INT, &maximum, "no more than these many, the last",
		 "NUMBER"},
		{"from", 0, 0, G_OPTION_ARG_INT64, &first_event, "beginning with this number",
		 "NUMBER"},
		{"follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "and what comes", NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GVariant) answer = NULL, list = NULL;
	g_autoptr(GError) error = NULL;
	EventFollow f = {.cli = cli};
	GVariantIter iter;
	GVariant *event;
	guint source = 0;
	int status = CLI_OK;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, 1, &status))
		return status;
	f.cell = argc > 1 ? argv[1] : NULL;
	if (!cli_bus(cli, &error))
		return cli_fail(cli, error);
	f.loop = g_main_loop_new(NULL, FALSE);
	/* First, so that none is missed in between; those in the answer are skipped by their number. */
	f.next = G_MAXINT64;
	if (follow)
		source = g_dbus_connection_signal_subscribe(
			cli->bus, CLI_BUS_NAME, CLI_BUS_NAME ".Manager", "Event", CLI_MANAGER, NULL,
			G_DBUS_SIGNAL_FLAGS_NONE, event_came, &f, NULL);
	answer = cli_call(
		cli, CLI_MANAGER, "Manager", "ReadEvents",
		g_variant_new("(@a{sv})",
			      cli_dict("cell", f.cell ? g_variant_new_string(f.cell) : NULL, "from",
				       first_event >= 0 ? g_variant_new_uint64(first_event) : NULL,
				       "maximum",
				       maximum > 0 ? g_variant_new_uint32(maximum) : NULL, NULL)),
		&error);
	if (!answer) {
		g_main_loop_unref(f.loop);
		return cli_fail(cli, error);
	}
	/* Not before: the person may have been asked for a password. */
	if (follow)
		catch_interrupts(f.loop);
	else
		cli_pager_open(cli);
	list = g_variant_get_child_value(answer, 0);
	f.next = 0;
	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "@a{sv}", &event)) {
		event_print(cli, event);
		f.next = cli_number(event, "number") + 1;
	}
	if (follow) {
		status = loop_until_interrupted(cli, f.loop);
		g_dbus_connection_signal_unsubscribe(cli->bus, source);
	}
	g_main_loop_unref(f.loop);
	return status;
}

/* ---- monitor ---- */

/* One line, or object, for each signal: what changed on which object. */
static void monitor_signal(GDBusConnection *bus, const char *sender, const char *path,
			   const char *interface, const char *signal, GVariant *arguments,
			   gpointer data)
{
	g_autofree char *time = cli_time(g_get_real_time());
	g_autofree char *text = NULL, *object = NULL;
	Cli *cli = data;

	if (cli->json != CLI_JSON_OFF) {
		cli_json_print(cli, cli_dict("time", g_variant_new_uint64(g_get_real_time()),
					     "path", g_variant_new_string(path), "interface",
					     g_variant_new_string(interface), "signal",
					     g_variant_new_string(signal), "arguments", arguments,
					     NULL));
		fflush(stdout);
		return;
	}
	object = cli_styled(cli, CLI_BOLD, path + strlen(CLI_ROOT));
	text = g_variant_print(arguments, FALSE);
	printf("%s  %s %s %s\n", time, object, signal, text);
	fflush(stdout);
}

static void monitor_owner(GDBusConnection *bus, const char *sender, const char *path,
			  const char *interface, const char *signal, GVariant *arguments,
			  gpointer data)
{
	const char *former, *now;

	g_variant_get(arguments, "(&s&s&s)", NULL, &former, &now);
	fprintf(stderr, "bulkhead: the daemon %s\n",
		now[0] ? former[0] ? "was replaced" : "has come" : "is gone");
}

int cli_run_monitor(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	GMainLoop *loop;
	guint changes, owner;
	int status;

	if (!cli_options(cli, verb, &argc, &argv, NULL, 0, 0, &status))
		return status;
	if (!cli_bus(cli, &error))
		return cli_fail(cli, error);
	loop = g_main_loop_new(NULL, FALSE);
	changes = g_dbus_connection_signal_subscribe(cli->bus, CLI_BUS_NAME, NULL, NULL, NULL, NULL,
						     G_DBUS_SIGNAL_FLAGS_NONE, monitor_signal, cli,
						     NULL);
	owner = g_dbus_connection_signal_subscribe(
		cli->bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
		"/org/freedesktop/DBus", CLI_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, monitor_owner, cli,
		NULL);
	status = loop_until_interrupted(cli, loop);
	g_dbus_connection_signal_unsubscribe(cli->bus, changes);
	g_dbus_connection_signal_unsubscribe(cli->bus, owner);
	g_main_loop_unref(loop);
	return status;
}

/* ---- stats ---- */

static const CliColumn stats_columns[] = {
	{"name", "CELL", FALSE, FALSE},
	{"state", "STATE", FALSE, FALSE},
	{"exits", "EXITS", TRUE, FALSE},
	{"exits-per-second", "EXITS/S", TRUE, FALSE},
	{"violations", "VIOLATIONS", TRUE, FALSE},
	{"heartbeat-age", "LAST BEAT", TRUE, FALSE},
	{"console-bytes", "CONSOLE", TRUE, FALSE},
	{"by-cause", "BY CAUSE", FALSE, TRUE},
	{NULL, NULL, FALSE, FALSE},
};

typedef struct {
	Cli *cli;
	char **names; /* empty: all */
	GMainLoop *loop;
	GHashTable *former; /* name: the last a{sv} */
	GError *error;
} Stats;

static guint64 sum_of(GVariant *stats, const char *key, const char *only)
{
	g_autoptr(GVariant) counts = g_variant_lookup_value(stats, key, G_VARIANT_TYPE("a{st}"));
	guint64 count, sum = 0;
	GVariantIter iter;
	const char *word;

	if (!counts)
		return 0;
	g_variant_iter_init(&iter, counts);
	while (g_variant_iter_next(&iter, "{&st}", &word, &count))
		sum += !only || g_str_equal(word, only) ? count : 0;
	return sum;
}

/* The causes that count, largest first would dance on the screen: in the order they come. */
static char *causes_text(GVariant *stats)
{
	g_autoptr(GVariant) counts =
		g_variant_lookup_value(stats, "exits", G_VARIANT_TYPE("a{st}"));
	GString *text = g_string_new(NULL);
	GVariantIter iter;
	const char *word;
	guint64 count;

	if (!counts)
		return g_string_free(text, FALSE);
	g_variant_iter_init(&iter, counts);
	while (g_variant_iter_next(&iter, "{&st}", &word, &count))
		if (count && !g_str_equal(word, "total"))
			g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT,
					       text->len ? ", " : "", word, count);
	return g_string_free(text, FALSE);
}

static void stats_row(Stats *s, CliTable *table, const CliCell *cell)
{
	g_autoptr(GVariant) answer = cli_call(s->cli, cell->path, "Cell", "GetStats",
					      g_variant_new("(@a{sv})", cli_no_options()), NULL);
	g_autoptr(GVariant) stats = NULL;
	const char *state = cli_word(cell->properties, "State");
	GVariant *former = g_hash_table_lookup(s->former, cell->name), *exit_counts;
	guint64 exits, rate = 0, age, passed, before;

	/* A cell that does not exist in the core has no counters. */
	stats = answer ? g_variant_get_child_value(answer, 0)
		       : g_variant_ref_sink(cli_no_options());
	exits = sum_of(stats, "exits", "total");
	if (former && answer) {
		passed = cli_number(stats, "time") - cli_number(former, "time");
		before = sum_of(former, "exits", "total");
		rate = passed && exits >= before ? (exits - before) * G_USEC_PER_SEC / passed : 0;
	}
	age = cli_number(stats, "heartbeat-age");
	cli_table_row(table);
	cli_table_add_word(table, cell->name, CLI_PLAIN);
	cli_table_add_word(table, state, cli_state_style(state));
	cli_table_add(table, g_variant_new_uint64(exits), answer ? NULL : g_strdup("-"), CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(rate), former && answer ? NULL : g_strdup("-"),
		      CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(sum_of(stats, "violations", NULL)), NULL,
		      sum_of(stats, "violations", NULL) ? CLI_WARN : CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(age), age ? cli_age(age) : g_strdup("-"),
		      CLI_PLAIN);
	cli_table_add(table, g_variant_new_uint64(cli_number(stats, "console-bytes")),
		      cli_size(cli_number(stats, "console-bytes")), CLI_PLAIN);
	exit_counts = g_variant_lookup_value(stats, "exits", G_VARIANT_TYPE("a{st}"));
	cli_table_add(table, exit_counts ? exit_counts : g_variant_new("a{st}", NULL),
		      causes_text(stats), CLI_FAINT);
	g_hash_table_replace(s->former, g_strdup(cell->name), g_steal_pointer(&stats));
}

static gboolean stats_show(gpointer data)
{
	Stats *s = data;
	g_autoptr(CliTable) table = cli_table_new(stats_columns);
	g_autoptr(GVariant) objects = cli_objects(s->cli, &s->error);
	g_autoptr(GPtrArray) cells = NULL;

	if (!objects) {
		g_main_loop_quit(s->loop);
		return G_SOURCE_REMOVE;
	}
	cells = cli_cells(objects);
	for (guint i = 0; i < cells->len; i++) {
		const CliCell *cell = g_ptr_array_index(cells, i);

		if (!s->names[0] || g_strv_contains((const char *const *)s->names, cell->name))
			stats_row(s, table, cell);
	}
	if (s->cli->out_is_terminal && !once && s->cli->json == CLI_JSON_OFF)
		fputs("\033[H\033[2J", stdout);
	if (!once)
		catch_interrupts(s->loop);
	cli_say_if_simulated(s->cli, objects);
	cli_table_print(table, s->cli);
	fflush(stdout);
	return G_SOURCE_CONTINUE;
}

int cli_run_stats(Cli *cli, const CliVerb *verb, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"interval", 'i', 0, G_OPTION_ARG_INT, &interval, "how often to look", "SECONDS"},
		{"once", '1', 0, G_OPTION_ARG_NONE, &once, "look once", NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	Stats s = {.cli = cli};
	int status = CLI_OK;

	if (!cli_options(cli, verb, &argc, &argv, entries, 0, -1, &status))
		return status;
	if (interval < 1 || interval > 3600)
		return cli_misuse("--interval is from 1 to 3600 seconds");
	for (char **name = argv + 1; *name; name++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = cli_cell_path(cli, *name, &error);

		if (!path)
			return cli_fail(cli, error);
	}
	s.names = argv + 1;
	s.loop = g_main_loop_new(NULL, FALSE);
	s.former = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 (GDestroyNotify)g_variant_unref);
	if (stats_show(&s) && !once) {
		guint timer = g_timeout_add_seconds(interval, stats_show, &s);

		status = loop_until_interrupted(cli, s.loop);
		if (!s.error)
			g_source_remove(timer);
	}
	if (s.error && status == CLI_OK)
		status = cli_fail(cli, s.error);
	g_clear_error(&s.error);
	g_hash_table_unref(s.former);
	g_main_loop_unref(s.loop);
	return status;
}
