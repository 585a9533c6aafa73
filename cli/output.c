// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables, records and JSON. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "output.h"

#define COLUMN_MIN 4 /* a flexible column is not made narrower */
#define GAP 2
#define WRAP_MIN 24 /* a column of sentences is not made narrower */

typedef struct {
	GVariant *value;
	char *text;
	CliStyle style;
} Item;

struct _CliTable {
	const CliColumn *columns;
	guint n_columns;
	gboolean wrap; /* the last column */
	GPtrArray *rows; /* GArray of Item */
};

static void item_clear(gpointer data)
{
	Item *item = data;

	g_variant_unref(item->value);
	g_free(item->text);
}

CliTable *cli_table_new(const CliColumn *columns)
{
	CliTable *table = g_new0(CliTable, 1);

	table->columns = columns;
	while (columns[table->n_columns].key)
		table->n_columns++;
	table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	return table;
}

void cli_table_free(CliTable *table)
{
	g_ptr_array_unref(table->rows);
	g_free(table);
}

guint cli_table_count(const CliTable *table)
{
	return table->rows->len;
}

void cli_table_row(CliTable *table)
{
	GArray *row = g_array_new(FALSE, FALSE, sizeof(Item));

	g_array_set_clear_func(row, item_clear);
	g_ptr_array_add(table->rows, row);
}

static char *value_text(GVariant *value)
{
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
		return g_variant_dup_string(value, NULL);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
		return g_strdup(g_variant_get_boolean(value) ? "yes" : "no");
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY)) {
		g_autofree const char **words = g_variant_get_strv(value, NULL);

		return g_strjoinv(" ", (char **)words);
	}
	return g_variant_print(value, FALSE);
}

void cli_table_add(CliTable *table, GVariant *value, char *text, CliStyle style)
{
	GArray *row = g_ptr_array_index(table->rows, table->rows->len - 1);
	Item item = {
		.value = g_variant_take_ref(value),
		.text = text ? text : value_text(value),
		.style = style,
	};

	g_assert(row->len < table->n_columns);
	g_array_append_val(row, item);
}

void cli_table_add_word(CliTable *table, const char *word, CliStyle style)
{
	cli_table_add(table, g_variant_new_string(word), NULL, style);
}

/* ---- JSON ---- */

void cli_json_print(Cli *cli, GVariant *value)
{
	g_autoptr(GVariant) held = g_variant_take_ref(value);
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) node = json_gvariant_serialize(held);
	g_autofree char *text = NULL;

	json_generator_set_root(generator, node);
	json_generator_set_pretty(generator, cli->json == CLI_JSON_PRETTY);
	json_generator_set_indent(generator, 2);
	text = json_generator_to_data(generator, NULL);
	puts(text);
}

static GVariant *row_value(const CliTable *table, guint r)
{
	GArray *row = g_ptr_array_index(table->rows, r);
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	for (guint i = 0; i < row->len; i++)
		g_variant_dict_insert_value(&dict, table->columns[i].key,
					    g_array_index(row, Item, i).value);
	return g_variant_dict_end(&dict);
}

/* ---- text ---- */

char *cli_styled(const Cli *cli, CliStyle style, const char *text)
{
	static const char *const codes[] = {"", "32", "1;31", "33", "2", "1"};

	if (!cli->colour || style == CLI_PLAIN)
		return g_strdup(text);
	return g_strdup_printf("\033[%sm%s\033[0m", codes[style], text);
}

CliStyle cli_state_style(const char *state)
{
	if (g_str_has_prefix(state, "running") || g_str_equal(state, "enabled"))
		return CLI_GOOD;
	if (g_str_has_prefix(state, "failed") || g_str_equal(state, "invalid") ||
	    g_str_equal(state, "absent"))
		return CLI_BAD;
	return CLI_PLAIN;
}

CliStyle cli_health_style(const char *health)
{
	if (g_str_equal(health, "good"))
		return CLI_GOOD;
	if (g_str_equal(health, "late") || g_str_equal(health, "failed"))
		return CLI_BAD;
	if (g_str_equal(health, "degraded") || g_str_equal(health, "waiting"))
		return CLI_WARN;
	return CLI_FAINT;
}

static guint text_width(const char *text)
{
	guint width = 0;

	for (; *text; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return width;
}

/* The beginning of @text in @width columns, with an ellipsis if something is missing. */
static char *text_fit(const char *text, guint width)
{
	const char *end = text;
	guint n = 0;

	if (text_width(text) <= width)
		return g_strdup(text);
	for (; *end; end = g_utf8_next_char(end)) {
		gunichar c = g_utf8_get_char(end);
		guint w = g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;

		if (n + w + 1 > width)
			break;
		n += w;
	}
	return g_strdup_printf("%.*s…", (int)(end - text), text);
}

/* @text in lines of @width columns at most, but for a longer word. */
static char **text_wrap(const char *text, guint width)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	GStrvBuilder *lines = g_strv_builder_new();
	GString *line = g_string_new(NULL);
	char **list;

	for (char **word = words; *word; word++) {
		if (line->len && text_width(line->str) + 1 + text_width(*word) > width) {
			g_strv_builder_add(lines, line->str);
			g_string_truncate(line, 0);
		}
		g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
	}
	g_strv_builder_add(lines, line->str);
	g_string_free(line, TRUE);
	list = g_strv_builder_end(lines);
	g_strv_builder_unref(lines);
	return list;
}

static guint terminal_width(const Cli *cli)
{
	const char *columns = g_getenv("COLUMNS");
	struct winsize size;
	guint64 number;

	if (columns && g_ascii_string_to_unsigned(columns, 10, 20, 1000, &number, NULL))
		return number;
	if (cli->out_is_terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 20)
		return size.ws_col;
	return cli->out_is_terminal ? 80 : 0; /* 0: no limit */
}

static void fit_columns(const CliTable *table, guint *widths, guint limit)
{
	guint total = 0;

	for (guint i = 0; i < table->n_columns; i++)
		total += table->columns[i].title ? widths[i] + GAP : 0;
	total -= total ? GAP : 0;
	while (limit && total > limit) {
		guint widest = table->n_columns;

		for (guint i = 0; i < table->n_columns; i++)
			if (table->columns[i].title && table->columns[i].flexible &&
			    widths[i] > COLUMN_MIN &&
			    (widest == table->n_columns || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->n_columns)
			return;
		widths[widest]--;
		total--;
	}
}

static void print_item(Cli *cli, const CliColumn *column, const char *text, CliStyle style,
		       guint width, gboolean last)
{
	g_autofree char *fitted = text_fit(text, width);
	g_autofree char *styled = cli_styled(cli, style, fitted);
	int pad = (int)width - (int)text_width(fitted);

	if (column->right)
		printf("%*s%s", pad, "", styled);
	else
		printf("%s%*s", styled, last ? 0 : pad, "");
	if (!last)
		printf("%*s", GAP, "");
}

/* The last column from @indent on. */
static void print_wrapped(Cli *cli, const Item *item, guint indent, guint width)
{
	g_auto(GStrv) lines = text_wrap(item->text, width);

	for (char **line = lines; *line; line++) {
		g_autofree char *styled = cli_styled(cli, item->style, *line);

		printf("%s%*s%s", line == lines ? "" : "\n", line == lines ? 0 : (int)indent, "",
		       styled);
	}
}

void cli_table_wrap(CliTable *table)
{
	table->wrap = TRUE;
}

void cli_table_print(const CliTable *table, Cli *cli)
{
	g_autofree guint *widths = g_new0(guint, table->n_columns);
	guint last = 0, limit = terminal_width(cli), indent = 0;

	if (cli->json != CLI_JSON_OFF) {
		GVariantBuilder builder;

		g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
		for (guint r = 0; r < table->rows->len; r++)
			g_variant_builder_add_value(&builder, row_value(table, r));
		cli_json_print(cli, g_variant_builder_end(&builder));
		return;
	}
	for (guint i = 0; i < table->n_columns; i++) {
		if (!table->columns[i].title)
			continue;
		last = i;
		widths[i] = cli->legend ? text_width(table->columns[i].title) : 0;
		for (guint r = 0; r < table->rows->len; r++) {
			GArray *row = g_ptr_array_index(table->rows, r);

			widths[i] = MAX(widths[i], text_width(g_array_index(row, Item, i).text));
		}
	}
	for (guint i = 0; i < last; i++)
		indent += table->columns[i].title ? widths[i] + GAP : 0;
	if (table->wrap && limit)
		widths[last] =
			MIN(widths[last], limit > indent + WRAP_MIN ? limit - indent : WRAP_MIN);
	fit_columns(table, widths, limit);
	for (guint i = 0; cli->legend && table->rows->len && i < table->n_columns; i++)
		if (table->columns[i].title)
			print_item(cli, &table->columns[i], table->columns[i].title, CLI_BOLD,
				   widths[i], i == last);
	if (cli->legend && table->rows->len)
		putchar('\n');
	for (guint r = 0; r < table->rows->len; r++) {
		GArray *row = g_ptr_array_index(table->rows, r);

		for (guint i = 0; i < table->n_columns; i++) {
			Item *item = &g_array_index(row, Item, i);

			if (table->wrap && i == last)
				print_wrapped(cli, item, indent, widths[i]);
			else if (table->columns[i].title)
				print_item(cli, &table->columns[i], item->text, item->style,
					   widths[i], i == last);
		}
		putchar('\n');
	}
}

void cli_record_print(const CliTable *table, Cli *cli)
{
	GArray *row = g_ptr_array_index(table->rows, 0);
	guint width = 0;

	if (cli->json != CLI_JSON_OFF) {
		cli_json_print(cli, row_value(table, 0));
		return;
	}
	for (guint i = 0; i < table->n_columns; i++)
		if (table->columns[i].title)
			width = MAX(width, text_width(table->columns[i].title));
	for (guint i = 0; i < row->len; i++) {
		Item *item = &g_array_index(row, Item, i);
		g_auto(GStrv) lines = NULL;

		if (!table->columns[i].title || !item->text[0])
			continue;
		lines = g_strsplit(item->text, "\n", -1);
		for (guint l = 0; lines[l]; l++) {
			g_autofree char *styled = cli_styled(cli, item->style, lines[l]);
			int pad = (int)width - (int)text_width(table->columns[i].title);

			if (l == 0)
				printf("%*s%s: %s\n", pad, "", table->columns[i].title, styled);
			else
				printf("%*s%s\n", (int)width + 2, "", styled);
		}
	}
}

/* ---- pager ---- */

void cli_pager_open(Cli *cli)
{
	const char *pager = g_getenv("PAGER");
	g_autoptr(GSubprocessLauncher) launcher = NULL;
	g_auto(GStrv) argv = NULL;
	int pipe_ends[2];

	if (!cli->pager || !cli->out_is_terminal || cli->json != CLI_JSON_OFF || cli->paging)
		return;
	if (!g_shell_parse_argv(pager && pager[0] ? pager : "less", NULL, &argv, NULL) ||
	    !g_strcmp0(argv[0], "cat") || pipe(pipe_ends))
		return;
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	/* Short text ends the pager at once and stays on the screen; colours pass. */
	g_subprocess_launcher_setenv(launcher, "LESS", "FRSX", FALSE);
	g_subprocess_launcher_take_stdin_fd(launcher, pipe_ends[0]);
	g_subprocess_launcher_take_fd(launcher, dup(STDOUT_FILENO), STDOUT_FILENO);
	cli->paging = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, NULL);
	if (cli->paging)
		dup2(pipe_ends[1], STDOUT_FILENO);
	close(pipe_ends[1]);
}

void cli_pager_close(Cli *cli)
{
	fflush(stdout);
	if (!cli->paging)
		return;
	close(STDOUT_FILENO);
	g_subprocess_wait(cli->paging, NULL, NULL);
	g_clear_object(&cli->paging);
}
