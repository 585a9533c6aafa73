/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs, by the file they are in. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli.h"

#define CLI_VERB(name) int cli_run_##name(Cli *cli, const CliVerb *verb, int argc, char **argv)

/* verbs-look.c */
CLI_VERB(status);
CLI_VERB(list);
CLI_VERB(show);
CLI_VERB(check);
CLI_VERB(health);
CLI_VERB(links);

/* verbs-machine.c */
CLI_VERB(machine);

/* verbs-do.c */
CLI_VERB(enable);
CLI_VERB(disable);
CLI_VERB(create);
CLI_VERB(load);
CLI_VERB(start);
CLI_VERB(stop);
CLI_VERB(restart);
CLI_VERB(destroy);
CLI_VERB(autostart);

/* verbs-stream.c */
CLI_VERB(console);
CLI_VERB(log);
CLI_VERB(events);
CLI_VERB(stats);
CLI_VERB(monitor);

/* verbs-files.c */
CLI_VERB(validate);
CLI_VERB(edit);
CLI_VERB(apply);
CLI_VERB(confirm);
CLI_VERB(revert);
CLI_VERB(import);
CLI_VERB(export);

/* verbs-run.c */
CLI_VERB(run);

/* ---- shared by several of them ---- */

/* verbs-look.c: a line that says so, with a blank one, unless --no-legend. */
void cli_say_if_simulated(Cli *cli, GVariant *objects);

/* verbs-files.c: prints findings; the exit status for them. */
int cli_findings_print(Cli *cli, GVariant *findings);
/* The same beside what is printed: on standard error, and never as JSON. */
int cli_findings_tell(Cli *cli, GVariant *findings);
/* Apply(); *findings is what was found, or NULL if that is not known. An exit status. Takes @changes and @options if floating. */
int cli_apply(Cli *cli, GVariant *changes, guint64 serial, const char *mode, GVariant *options,
	      GVariant **findings);
/* The text of a cell file. NULL: @error, also if it cannot be one. */
char *cli_read_text(const char *path, GError **error);
/* The name of the cell whose file this is. */
char *cli_cell_of_file(const char *path);
/* One file, for cli_apply(); an empty @text removes it. */
GVariant *cli_change(const char *name, const char *text);

/* verbs-stream.c: a descriptor to read a cell's console from, -1: @error. */
int cli_console_open(Cli *cli, const char *path, gboolean start, GError **error);
/* Copies it to standard output, lines as strings of JSON if so wanted, until the cell ends, or Ctrl-C; an exit status. */
int cli_console_until_end(Cli *cli, const char *path, int fd);

/*
 * verbs-do.c: runs the main loop until the cell does not run any more; its last state. NULL: @error,
 * G_IO_ERROR_CANCELLED after Ctrl-C, or when nobody reads @output any more (-1: there is none). */
char *cli_wait_for_end(Cli *cli, const char *path, int output, GError **error);

/*
 * verbs-do.c: starts a cell and copies its output until it ends, also from another host; an exit status,
 * CLI_INTERRUPTED also when nobody reads any more. */
int cli_start_followed(Cli *cli, const char *name);

#endif
