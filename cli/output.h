/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything `bulkhead' prints about things: rows with stable keys, as a table sized to the terminal, or as JSON.
 * Values and what people see of them are kept apart: JSON has the values.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <gio/gio.h>
#include "cli.h"

G_BEGIN_DECLS

typedef enum {
	CLI_PLAIN,
	CLI_GOOD, /* green */
	CLI_BAD, /* red */
	CLI_WARN, /* yellow */
	CLI_FAINT,
	CLI_BOLD,
} CliStyle;

typedef struct {
	const char *key; /* in JSON */
	const char *title; /* in the head of the table; NULL: in JSON only */
	gboolean right; /* aligned: numbers */
	gboolean flexible; /* shortened where the terminal is narrow */
} CliColumn;

typedef struct _CliTable CliTable;

/* @columns ends with an entry without key, and must stay. */
CliTable *cli_table_new(const CliColumn *columns);
void cli_table_free(CliTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliTable, cli_table_free)

void cli_table_row(CliTable *table);
/* The next value of the row. @text NULL: the value itself. Takes @value and @text. */
void cli_table_add(CliTable *table, GVariant *value, char *text, CliStyle style);
void cli_table_add_word(CliTable *table, const char *word, CliStyle style);

guint cli_table_count(const CliTable *table);

/* The last column has sentences: where the terminal is too narrow for one it goes on in the next line. */
void cli_table_wrap(CliTable *table);

/* One below the other, with a head unless --no-legend; JSON: an array of objects. */
void cli_table_print(const CliTable *table, Cli *cli);
/* One row as "title: text" lines; JSON: one object. */
void cli_record_print(const CliTable *table, Cli *cli);

/* Any value as JSON on one line or pretty, as asked for; a newline follows. Takes @value. */
void cli_json_print(Cli *cli, GVariant *value);

/* @text with the escape sequences of @style, if there are colours. */
char *cli_styled(const Cli *cli, CliStyle style, const char *text);
CliStyle cli_state_style(const char *state);
CliStyle cli_health_style(const char *health);

/* What follows goes through a pager, if there is a terminal and --no-pager was not given. */
void cli_pager_open(Cli *cli);
void cli_pager_close(Cli *cli);

G_END_DECLS

#endif
