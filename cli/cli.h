/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of the command `bulkhead' share: the connection, calls, the objects of the daemon, errors. */
#ifndef CLI_H
#define CLI_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define CLI_BUS_NAME "org.bulkhead1"
#define CLI_ROOT "/org/bulkhead1"
#define CLI_MANAGER CLI_ROOT "/manager"
#define CLI_MACHINE CLI_ROOT "/machine"
#define CLI_HEALTH CLI_ROOT "/health"
#define CLI_ERROR_PREFIX "org.bulkhead1.Error."

/* Exit statuses, as bulkhead(1) lists them. */
enum {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_RUNNING = 3,
	CLI_NOT_FOUND = 4,
	CLI_NOT_ALLOWED = 77,
	CLI_INVALID = 78,
	CLI_INTERRUPTED = 130,
};

typedef enum {
	CLI_JSON_OFF,
	CLI_JSON_SHORT,
	CLI_JSON_PRETTY,
} CliJson;

typedef struct {
	char *host; /* -H */
	char *address; /* --address */
	gboolean user; /* --user: the session bus */
	CliJson json;
	gboolean legend;
	gboolean quiet;
	gboolean ask_password;
	gboolean pager;
	gboolean colour;
	gboolean out_is_terminal;
	GDBusConnection *bus; /* made by the first call */
	gpointer agent; /* of polkit, for a terminal */
	GSubprocess *bridge;
	GSubprocess *paging;
} Cli;

typedef struct _CliVerb CliVerb;

/* Arguments after the verb, argv[0] is the verb; returns an exit status. */
typedef int (*CliRun)(Cli *cli, const CliVerb *verb, int argc, char **argv);

struct _CliVerb {
	const char *name;
	const char *arguments;
	const char *summary;
	CliRun run;
};

/* Parses the options of a verb. FALSE: it was said what is wrong (or help was given): exit with *status. */
gboolean cli_options(Cli *cli, const CliVerb *verb, int *argc, char ***argv,
		     const GOptionEntry *entries, int least, int most, int *status);
int cli_misuse(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* ---- the command on the other side, for what does not pass through a connection to its bus ---- */

/* Its beginning, with those options of ours that matter there; to be continued with quoted words. */
GString *cli_remote_command(const Cli *cli);
/* Through ssh, with @input, which is taken (-1: ours); @outlive: Ctrl-C does not end it. NULL: @error. Takes @command. */
GSubprocess *cli_remote_spawn(Cli *cli, GString *command, int input, gboolean outlive,
			      GError **error);
/* What it ended with, and a sentence if that was not its own doing. */
int cli_remote_status(Cli *cli, GSubprocess *ssh);

/* ---- calls: all go through one connection ---- */

GDBusConnection *cli_bus(Cli *cli, GError **error);

/* @interface without its prefix: "Manager". Waits as long as it takes; shows progress on a terminal. Takes @arguments if floating. */
GVariant *cli_call(Cli *cli, const char *path, const char *interface, const char *method,
		   GVariant *arguments, GError **error);
GVariant *cli_call_fds(Cli *cli, const char *path, const char *interface, const char *method,
		       GVariant *arguments, GUnixFDList *in, GUnixFDList **out, GError **error);

/* Options for the last argument of a method: key, GVariant (floating; NULL: left out), …, NULL. */
GVariant *cli_dict(const char *key, ...) G_GNUC_NULL_TERMINATED;
GVariant *cli_no_options(void);

/* Says what went wrong and what to do next; returns the exit status for it. */
int cli_fail(Cli *cli, const GError *error);
void cli_say(Cli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3); /* unless --quiet */

/* Says what was done (@format) or, with @error, what was not; in JSON an object: done, error, message. The exit status. */
int cli_outcome(Cli *cli, const GError *error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The exit status for two things done: a call must not be made twice, as MAX() would. */
static inline int cli_worse(int a, int b)
{
	return a > b ? a : b;
}

/* ---- objects ---- */

/* All objects as a{oa{sa{sv}}}, as one answer: they belong together. */
GVariant *cli_objects(Cli *cli, GError **error);

/* Properties of one interface; NULL if there is no such object. */
GVariant *cli_properties(GVariant *objects, const char *path, const char *interface);

typedef struct {
	char *path;
	char *name;
	GVariant *properties; /* a{sv} */
} CliCell;
void cli_cell_free(CliCell *cell);

/* CliCell, by name. */
GPtrArray *cli_cells(GVariant *objects);

/* The cell's object path; NULL: @error. */
char *cli_cell_path(Cli *cli, const char *name, GError **error);

/* Words, numbers of a{sv}; "" or 0 when absent. */
const char *cli_word(GVariant *dict, const char *key);
guint64 cli_number(GVariant *dict, const char *key);
gboolean cli_flag(GVariant *dict, const char *key);

/* ---- words for people ---- */

char *cli_size(guint64 bytes); /* "64 MiB" */
char *cli_cpus(GVariant *numbers); /* au: "2-3,5" */
char *cli_age(guint64 microseconds); /* "1.2 s", "3 min" */
char *cli_time(guint64 realtime); /* local date and time of day */
guint64 cli_cell_memory(GVariant *properties); /* bytes of a cell's own RAM */

/* A number as in cell files: "0x1000", "64M". */
gboolean cli_parse_size(const char *text, guint64 *value);

extern const CliVerb cli_verbs[]; /* ends with a NULL name */

G_END_DECLS

#endif
