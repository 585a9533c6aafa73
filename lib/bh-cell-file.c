// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <string.h>
#include <gio/gio.h>
#include "bh-cell-file.h"

struct _BhCellFile {
	grefcount references;
	char *path;
	char *name;
	GString *text;
	/* the index */
	GPtrArray *sections;
	GPtrArray *faults; /* struct fault */
};

/* A line that is nothing. */
struct fault {
	BhFindingKind kind;
	guint line, column;
	const char *message; /* static */
	const char *suggestion;
};

G_DEFINE_BOXED_TYPE(BhCellFile, bh_cell_file, bh_cell_file_ref, bh_cell_file_unref)

/* ---- the index ---- */

static void entry_free(gpointer data)
{
	BhCellEntry *entry = data;

	g_free(entry->key);
	g_free(entry->value);
	g_free(entry);
}

static void section_free(gpointer data)
{
	BhCellSection *section = data;

	g_free(section->kind);
	g_free(section->name);
	g_ptr_array_unref(section->entries);
	g_free(section);
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static gboolean is_word(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr("_-.", text[i]))
			return FALSE;
	return length > 0;
}

struct line {
	const char *text;
	gsize start; /* of the line in the text */
	gsize length; /* without its end */
	gsize end; /* in the text, line end included */
	guint number;
};

static guint column_of(const struct line *line, gsize offset)
{
	return g_utf8_strlen(line->text, offset) + 1;
}

static void fault_add(BhCellFile *file, const struct line *line, gsize offset, BhFindingKind kind,
		      const char *message, const char *suggestion)
{
	struct fault *fault = g_new(struct fault, 1);

	*fault = (struct fault){kind, line->number, column_of(line, offset), message, suggestion};
	g_ptr_array_add(file->faults, fault);
}

/* [Kind] or [Kind name] */
static void index_section(BhCellFile *file, const struct line *line, gsize from)
{
	BhCellSection *section = g_new0(BhCellSection, 1);
	gsize kind, kind_end, name, name_end, close;

	section->entries = g_ptr_array_new_with_free_func(entry_free);
	section->line = line->number;
	section->column = column_of(line, from);
	section->start = line->start;
	section->end = file->text->len;
	for (kind = from + 1; kind < line->length && is_blank(line->text[kind]); kind++)
		;
	for (kind_end = kind; kind_end < line->length && g_ascii_isalnum(line->text[kind_end]);)
		kind_end++;
	for (name = kind_end; name < line->length && is_blank(line->text[name]);)
		name++;
	for (close = name; close < line->length && line->text[close] != ']';)
		close++;
	for (name_end = close; name_end > name && is_blank(line->text[name_end - 1]);)
		name_end--;
	section->kind = g_strndup(line->text + kind, kind_end - kind);
	if (name_end > name) {
		section->name = g_strndup(line->text + name, name_end - name);
		section->name_column = column_of(line, name);
	}
	/* Also a header that cannot be read begins a section: its keys are not those of the one before. */
	g_ptr_array_add(file->sections, section);
	if (close == line->length)
		fault_add(file, line, from, BH_FINDING_SYNTAX, "the head of a section has no \"]\"",
			  "write [Section] or [Section NAME]");
	else if (kind_end == kind)
		fault_add(file, line, kind, BH_FINDING_SYNTAX, "the section has no name",
			  "write [Section] or [Section NAME]");
	else if (name == kind_end && name_end > name)
		fault_add(file, line, name, BH_FINDING_SYNTAX,
			  "the name of a section is made of letters and digits",
			  "write [Section] or [Section NAME]");
	else if (close + 1 != line->length)
		fault_add(file, line, close + 1, BH_FINDING_SYNTAX,
			  "something follows the \"]\" of a section's head",
			  "put comments on lines of their own");
}

static void index_entry(BhCellFile *file, const struct line *line, gsize from)
{
	const char *equals = memchr(line->text + from, '=', line->length - from);
	BhCellSection *section = NULL;
	gsize key_end, value;
	BhCellEntry *entry;

	if (!equals) {
		fault_add(file, line, from, BH_FINDING_SYNTAX,
			  "this line is neither a [Section], nor Key=value, nor a comment",
			  "begin comments with \"#\"");
		return;
	}
	key_end = equals - line->text;
	while (key_end > from && is_blank(line->text[key_end - 1]))
		key_end--;
	if (key_end == from) {
		fault_add(file, line, from, BH_FINDING_SYNTAX, "there is no key before the \"=\"",
			  "write Key=value");
		return;
	}
	if (file->sections->len)
		section = file->sections->pdata[file->sections->len - 1];
	if (!section) {
		fault_add(file, line, from, BH_FINDING_KEY_OUTSIDE, "this key is in no section",
			  "put a line with [Cell], or another section, above it");
		return;
	}
	for (value = equals - line->text + 1; value < line->length && is_blank(line->text[value]);)
		value++;
	entry = g_new0(BhCellEntry, 1);
	entry->key = g_strndup(line->text + from, key_end - from);
	entry->value = g_strndup(line->text + value, line->length - value);
	entry->line = line->number;
	entry->column = column_of(line, from);
	entry->value_column = column_of(line, value);
	entry->start = line->start;
	entry->end = line->end;
	entry->value_start = line->start + value;
	entry->value_end = line->start + line->length;
	g_ptr_array_add(section->entries, entry);
	if (line->length > value && line->text[line->length - 1] == '\\')
		fault_add(file, line, line->length - 1, BH_FINDING_SYNTAX,
			  "a value cannot continue on the next line", "write it on one line");
}

static void index_line(BhCellFile *file, struct line *line)
{
	const char *invalid;
	gsize from = 0;

	if (!g_utf8_validate_len(line->text, line->length, &invalid)) {
		fault_add(file, line, invalid - line->text, BH_FINDING_ENCODING,
			  "this line is not valid UTF-8 text",
			  "write the file in UTF-8, without control characters");
		return;
	}
	for (gsize i = 0; i < line->length; i++)
		if (g_ascii_iscntrl(line->text[i]) && line->text[i] != '\t') {
			fault_add(file, line, i, BH_FINDING_ENCODING,
				  "this line contains a control character",
				  "write the file in UTF-8, without control characters");
			return;
		}
	while (line->length && is_blank(line->text[line->length - 1]))
		line->length--;
	while (from < line->length && is_blank(line->text[from]))
		from++;
	if (from == line->length || strchr("#;", line->text[from]))
		return;
	if (line->text[from] == '[')
		index_section(file, line, from);
	else
		index_entry(file, line, from);
}

static void file_index(BhCellFile *file)
{
	const char *text = file->text->str;
	gsize length = file->text->len, start = 0;
	guint number = 1;

	g_ptr_array_set_size(file->sections, 0);
	g_ptr_array_set_size(file->faults, 0);
	while (start < length) {
		const char *newline = memchr(text + start, '\n', length - start);
		struct line line = {.text = text + start, .start = start, .number = number++};
		guint sections = file->sections->len;

		line.end = newline ? (gsize)(newline - text) + 1 : length;
		line.length = line.end - start - (newline ? 1 : 0);
		if (line.length && line.text[line.length - 1] == '\r')
			line.length--;
		index_line(file, &line);
		if (sections && file->sections->len > sections)
			((BhCellSection *)file->sections->pdata[sections - 1])->end = start;
		start = line.end;
	}
}

/* ---- life ---- */

BhCellFile *bh_cell_file_new(const char *path, const char *text, gssize length)
{
	BhCellFile *file = g_new0(BhCellFile, 1);
	g_autofree char *name = g_path_get_basename(path);

	g_ref_count_init(&file->references);
	file->path = g_strdup(path);
	if (g_str_has_suffix(name, BH_CELL_FILE_SUFFIX))
		name[strlen(name) - strlen(BH_CELL_FILE_SUFFIX)] = '\0';
	file->name = g_utf8_make_valid(name, -1);
	file->text = g_string_new_len(text, length);
	file->sections = g_ptr_array_new_with_free_func(section_free);
	file->faults = g_ptr_array_new_with_free_func(g_free);
	file_index(file);
	return file;
}

BhCellFile *bh_cell_file_load(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, error))
		return NULL;
	if (length > BH_CELL_FILE_SIZE_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "%s has %" G_GSIZE_FORMAT " bytes, a cell file may have %u", path,
			    length, BH_CELL_FILE_SIZE_MAX);
		return NULL;
	}
	return bh_cell_file_new(path, text, length);
}

BhCellFile *bh_cell_file_copy(const BhCellFile *file)
{
	return bh_cell_file_new(file->path, file->text->str, file->text->len);
}

BhCellFile *bh_cell_file_ref(BhCellFile *file)
{
	g_ref_count_inc(&file->references);
	return file;
}

void bh_cell_file_unref(BhCellFile *file)
{
	if (!g_ref_count_dec(&file->references))
		return;
	g_ptr_array_unref(file->sections);
	g_ptr_array_unref(file->faults);
	g_string_free(file->text, TRUE);
	g_free(file->path);
	g_free(file->name);
	g_free(file);
}

gboolean bh_cell_file_save(const BhCellFile *file, const char *path, GError **error)
{
	return g_file_set_contents_full(
		path, file->text->str, file->text->len,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

const char *bh_cell_file_get_path(const BhCellFile *file)
{
	return file->path;
}

const char *bh_cell_file_get_name(const BhCellFile *file)
{
	return file->name;
}

const char *bh_cell_file_get_text(const BhCellFile *file, gsize *length)
{
	if (length)
		*length = file->text->len;
	return file->text->str;
}

/* ---- looking ---- */

void bh_cell_file_check(const BhCellFile *file, GPtrArray *findings)
{
	for (guint i = 0; i < file->faults->len; i++) {
		const struct fault *fault = file->faults->pdata[i];
		BhFinding *finding = bh_finding_new(fault->kind, file->name, "%s", fault->message);

		finding->file = g_utf8_make_valid(file->path, -1);
		finding->line = fault->line;
		finding->column = fault->column;
		finding->suggestion = g_strdup(fault->suggestion);
		g_ptr_array_add(findings, finding);
	}
}

GPtrArray *bh_cell_file_get_sections(const BhCellFile *file)
{
	return file->sections;
}

const BhCellSection *bh_cell_file_find(const BhCellFile *file, const char *kind, const char *name)
{
	for (guint i = 0; i < file->sections->len; i++) {
		const BhCellSection *section = file->sections->pdata[i];

		if (!strcmp(section->kind, kind) && !g_strcmp0(section->name, name))
			return section;
	}
	return NULL;
}

const BhCellEntry *bh_cell_section_find(const BhCellSection *section, const char *key)
{
	for (guint i = section->entries->len; i > 0; i--) {
		const BhCellEntry *entry = section->entries->pdata[i - 1];

		if (!strcmp(entry->key, key))
			return entry;
	}
	return NULL;
}

char *bh_cell_section_title(const BhCellSection *section)
{
	return section->name ? g_strdup_printf("%s %s", section->kind, section->name)
			     : g_strdup(section->kind);
}

/* ---- changing ---- */

static gboolean value_is_writable(const char *value)
{
	gsize length = strlen(value);

	if (!g_utf8_validate(value, length, NULL))
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if (g_ascii_iscntrl(value[i]) && value[i] != '\t')
			return FALSE;
	return !length ||
	       (!is_blank(value[0]) && !is_blank(value[length - 1]) && value[length - 1] != '\\');
}

static gboolean section_is_writable(const char *kind, const char *name)
{
	for (const char *c = kind; *c; c++)
		if (!g_ascii_isalnum(*c))
			return FALSE;
	return *kind && (!name || is_word(name, strlen(name)));
}

/* As the file's first line ends. */
static const char *line_end(const BhCellFile *file)
{
	const char *newline = strchr(file->text->str, '\n');

	return newline && newline > file->text->str && newline[-1] == '\r' ? "\r\n" : "\n";
}

static void splice(BhCellFile *file, gsize from, gsize to, const char *text)
{
	g_string_erase(file->text, from, to - from);
	g_string_insert(file->text, from, text);
}

/* A whole new line at @at, which is the start of a line or the end of the text. */
static void insert_line(BhCellFile *file, gsize at, const char *line)
{
	gboolean unfinished = at && file->text->str[at - 1] != '\n';
	g_autofree char *text =
		g_strconcat(unfinished ? line_end(file) : "", line, line_end(file), NULL);

	splice(file, at, at, text);
}

static void entry_insert(BhCellFile *file, const BhCellSection *section, const char *key,
			 const char *value)
{
	g_autofree char *line = g_strconcat(key, "=", value, NULL);
	gsize at = section->start;
	const char *newline;

	/* Behind the last key, so that blank lines and the next section's comments stay where they are. */
	if (section->entries->len) {
		at = ((BhCellEntry *)section->entries->pdata[section->entries->len - 1])->end;
	} else {
		newline = memchr(file->text->str + at, '\n', file->text->len - at);
		at = newline ? (gsize)(newline - file->text->str) + 1 : file->text->len;
	}
	insert_line(file, at, line);
	file_index(file);
}

gboolean bh_cell_file_add_section(BhCellFile *file, const char *kind, const char *name)
{
	g_autofree char *head = g_strdup_printf(name ? "[%s %s]" : "[%s]", kind, name);

	if (!section_is_writable(kind, name))
		return FALSE;
	if (file->text->len && !g_str_has_suffix(file->text->str, "\n\n") &&
	    !g_str_has_suffix(file->text->str, "\n\r\n"))
		insert_line(file, file->text->len, "");
	insert_line(file, file->text->len, head);
	file_index(file);
	return TRUE;
}

gboolean bh_cell_file_add(BhCellFile *file, const char *kind, const char *name, const char *key,
			  const char *value)
{
	const BhCellSection *section = bh_cell_file_find(file, kind, name);

	if (!is_word(key, strlen(key)) || !value_is_writable(value))
		return FALSE;
	if (!section) {
		if (!bh_cell_file_add_section(file, kind, name))
			return FALSE;
		section = bh_cell_file_find(file, kind, name);
	}
	entry_insert(file, section, key, value);
	return TRUE;
}

gboolean bh_cell_file_set(BhCellFile *file, const char *kind, const char *name, const char *key,
			  const char *value)
{
	const BhCellSection *section = bh_cell_file_find(file, kind, name);
	const BhCellEntry *entry = section ? bh_cell_section_find(section, key) : NULL;

	if (!entry)
		return bh_cell_file_add(file, kind, name, key, value);
	if (!value_is_writable(value))
		return FALSE;
	splice(file, entry->value_start, entry->value_end, value);
	file_index(file);
	return TRUE;
}

gboolean bh_cell_file_remove(BhCellFile *file, const char *kind, const char *name, const char *key)
{
	const BhCellSection *section = bh_cell_file_find(file, kind, name);
	gboolean found = FALSE;

	if (!section)
		return FALSE;
	/* Backwards: what comes before keeps its place. */
	for (guint i = section->entries->len; i > 0; i--) {
		const BhCellEntry *entry = section->entries->pdata[i - 1];

		if (strcmp(entry->key, key))
			continue;
		splice(file, entry->start, entry->end, "");
		found = TRUE;
	}
	file_index(file);
	return found;
}

/* The start of the comment lines directly above @at. */
static gsize comments_start(const BhCellFile *file, gsize at)
{
	const char *text = file->text->str;

	while (at) {
		gsize line = at - 1, first;

		while (line && text[line - 1] != '\n')
			line--;
		for (first = line; is_blank(text[first]); first++)
			;
		if (text[first] != '#' && text[first] != ';')
			break;
		at = line;
	}
	return at;
}

gboolean bh_cell_file_remove_section(BhCellFile *file, const char *kind, const char *name)
{
	const BhCellSection *section = bh_cell_file_find(file, kind, name);
	gsize end;

	if (!section)
		return FALSE;
	/* The comments above the next section belong to that one. */
	end = section->end == file->text->len ? section->end : comments_start(file, section->end);
	splice(file, comments_start(file, section->start), end, "");
	file_index(file);
	return TRUE;
}

gboolean bh_cell_file_rename_section(BhCellFile *file, const char *kind, const char *name,
				     const char *new_name)
{
	const BhCellSection *section = bh_cell_file_find(file, kind, name);
	g_autofree char *head = NULL;
	const char *open, *close;

	if (!section || !new_name || !section_is_writable(kind, new_name))
		return FALSE;
	open = file->text->str + section->start;
	while (*open != '[')
		open++;
	close = strchr(open, ']');
	if (!close || memchr(open, '\n', close - open))
		return FALSE;
	head = g_strdup_printf("[%s %s", kind, new_name);
	splice(file, open - file->text->str, close - file->text->str, head);
	file_index(file);
	return TRUE;
}
