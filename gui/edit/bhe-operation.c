// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bh-cell.h"
#include "bh-value.h"
#include "bhe-diff.h"
#include "bhe-operation-private.h"
#include "bhe-words.h"

struct _BheOperation {
	GObject parent;
	char *sentence;
	char *subject;
	GPtrArray *edits; /* BheEdit; at least one */
	char *conflict;
};

G_DEFINE_FINAL_TYPE(BheOperation, bhe_operation, G_TYPE_OBJECT)

enum { PROPERTY_SENTENCE = 1, PROPERTY_CELL, PROPERTY_CONFLICT, PROPERTIES };

static GParamSpec *properties[PROPERTIES];

/* ---- edits ---- */

BheEdit *bhe_edit_new(BheEditKind kind, const char *cell, const char *section, const char *key,
		      const char *value, const char *was)
{
	BheEdit *edit = g_new(BheEdit, 1);

	*edit = (BheEdit){kind,		 g_strdup(cell),  g_strdup(section),
			  g_strdup(key), g_strdup(value), g_strdup(was)};
	return edit;
}

void bhe_edit_free(BheEdit *edit)
{
	g_free(edit->cell);
	g_free(edit->section);
	g_free(edit->key);
	g_free(edit->value);
	g_free(edit->was);
	g_free(edit);
}

char *bhe_section_split(const char *section, const char **name)
{
	const char *blank = strchr(section, ' ');

	*name = blank ? blank + 1 : NULL;
	return blank ? g_strndup(section, blank - section) : g_strdup(section);
}

static const BhCellSection *find_section(const BhCellFile *file, const char *section)
{
	const char *name;
	g_autofree char *kind = bhe_section_split(section, &name);

	return bh_cell_file_find(file, kind, name);
}

char *bhe_edit_describe_section(const BhCellFile *file, const char *section)
{
	const BhCellSection *found = find_section(file, section);
	GString *text;

	if (!found)
		return NULL;
	text = g_string_new(NULL);
	for (guint i = 0; i < found->entries->len; i++) {
		const BhCellEntry *entry = found->entries->pdata[i];

		g_string_append_printf(text, "%s=%s\n", entry->key, entry->value);
	}
	return g_string_free(text, FALSE);
}

char *bhe_edit_get_value(const BhCellFile *file, const char *section, const char *key)
{
	const BhCellSection *found = find_section(file, section);
	GString *value = NULL;

	for (guint i = 0; found && i < found->entries->len; i++) {
		const BhCellEntry *entry = found->entries->pdata[i];

		if (strcmp(entry->key, key))
			continue;
		if (value)
			g_string_append_printf(value, ", %s", entry->value);
		else
			value = g_string_new(entry->value);
	}
	return value ? g_string_free(value, FALSE) : NULL;
}

/* One line, whatever there was. */
static void put_value(BhCellFile *file, const char *section, const char *key, const char *value)
{
	const BhCellSection *found = find_section(file, section);
	const char *name;
	g_autofree char *kind = bhe_section_split(section, &name);
	guint lines = 0;

	for (guint i = 0; found && i < found->entries->len; i++)
		lines += !strcmp(((BhCellEntry *)found->entries->pdata[i])->key, key);
	if (lines && (!value || lines > 1))
		bh_cell_file_remove(file, kind, name, key);
	if (value)
		bh_cell_file_set(file, kind, name, key, value);
}

static char *place(const BheEdit *edit)
{
	g_autofree char *what = bhe_words_place(edit->section, edit->key);

	return g_strdup_printf(_("%s in %s"), what, edit->cell);
}

static char *carry_out_set(const BheEdit *edit, BhCellFile *file, char **found)
{
	g_autofree char *is = bhe_edit_get_value(file, edit->section, edit->key);
	g_autofree char *what = place(edit);
	gboolean conflict = g_strcmp0(is, edit->value) && g_strcmp0(is, edit->was);

	if (g_strcmp0(is, edit->value))
		put_value(file, edit->section, edit->key, edit->value);
	*found = g_strdup(is);
	if (!conflict)
		return NULL;
	return is ? g_strdup_printf(_("%s has been changed to “%s” by somebody else"), what, is)
		  : g_strdup_printf(_("%s has been removed by somebody else"), what);
}

static char *carry_out_remove_section(const BheEdit *edit, BhCellFile *file, char **found)
{
	g_autofree char *is = bhe_edit_describe_section(file, edit->section);
	const char *name;
	g_autofree char *kind = bhe_section_split(edit->section, &name);
	gboolean conflict = is && g_strcmp0(is, edit->was);

	bh_cell_file_remove_section(file, kind, name);
	*found = g_steal_pointer(&is);
	return conflict ? g_strdup_printf(_("[%s] of %s has been changed by somebody else"),
					  edit->section, edit->cell)
			: NULL;
}

static char *carry_out_rename_section(const BheEdit *edit, BhCellFile *file)
{
	const char *name;
	g_autofree char *kind = bhe_section_split(edit->section, &name);

	if (bh_cell_file_find(file, kind, edit->value) ||
	    bh_cell_file_rename_section(file, kind, name, edit->value))
		return NULL;
	return g_strdup_printf(_("[%s] of %s has been removed by somebody else"), edit->section,
			       edit->cell);
}

static gint compare_numbers(gconstpointer a, gconstpointer b)
{
	const guint64 *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static void carry_out_cpu(const BheEdit *edit, BhCellFile *file)
{
	g_autoptr(GPtrArray) findings = bh_findings_new();
	g_autoptr(BhCell) cell = bh_cell_parse(file, findings);
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	guint64 cpu = g_ascii_strtoull(edit->value, NULL, 10), first, last;
	g_autofree char *text = NULL;
	gsize at = 0, start, length;

	for (guint i = 0; i < cell->cpus->len; i++)
		g_array_append_val(numbers, g_array_index(cell->cpus, BhNumber, i).value);
	if (!numbers->len && edit->was)
		while (bh_value_next(edit->was, &at, &start, &length))
			if (bh_value_range(edit->was + start, length, BH_CPUS_MAX - 1, &first,
					   &last))
				for (; first <= last; first++)
					g_array_append_val(numbers, first);
	for (guint i = numbers->len; i-- > 0;)
		if (g_array_index(numbers, guint64, i) == cpu)
			g_array_remove_index(numbers, i);
	if (edit->kind == BHE_EDIT_ADD_CPU)
		g_array_append_val(numbers, cpu);
	g_array_sort(numbers, compare_numbers);
	text = bh_value_format_ranges((guint64 *)(gpointer)numbers->data, numbers->len);
	put_value(file, "Cell", "Cpus", numbers->len ? text : NULL);
}

static void replace(BhCellFile **file, const char *cell, const char *text)
{
	g_autofree char *name = g_strconcat(cell, BH_CELL_FILE_SUFFIX, NULL);

	g_clear_pointer(file, bh_cell_file_unref);
	if (text)
		*file = bh_cell_file_new(name, text, -1);
}

static char *carry_out_text(const BheEdit *edit, BhCellFile **file, char **found)
{
	const char *is = bh_cell_file_get_text(*file, NULL);
	g_autofree char *merged = NULL;
	gboolean conflict;

	*found = g_strdup(is);
	merged = bhe_merge(edit->was, edit->value, is, &conflict);
	replace(file, edit->cell, merged);
	return conflict ? g_strdup_printf(
				  _("The same lines of %s have been changed by somebody else"),
				  edit->cell)
			: NULL;
}

static char *carry_out_file(const BheEdit *edit, BhCellFile **file, char **found)
{
	const char *is = *file ? bh_cell_file_get_text(*file, NULL) : NULL;
	gboolean conflict;

	*found = g_strdup(is);
	conflict = is && g_strcmp0(is, edit->value) && g_strcmp0(is, edit->was);
	replace(file, edit->cell, edit->value);
	if (!conflict)
		return NULL;
	return g_strdup_printf(edit->kind == BHE_EDIT_CREATE
				       ? _("Somebody else has made a cell %s, too")
				       : _("The file of %s has been changed by somebody else"),
			       edit->cell);
}

char *bhe_edit_carry_out(const BheEdit *edit, BhCellFile **file, char **found)
{
	const char *name;

	*found = NULL;
	if (edit->kind == BHE_EDIT_CREATE || edit->kind == BHE_EDIT_REMOVE)
		return carry_out_file(edit, file, found);
	if (!*file)
		return g_strdup_printf(_("The cell %s has been removed by somebody else"),
				       edit->cell);
	switch (edit->kind) {
	case BHE_EDIT_SET:
		return carry_out_set(edit, *file, found);
	case BHE_EDIT_ADD_SECTION:
		if (!find_section(*file, edit->section)) {
			g_autofree char *kind = bhe_section_split(edit->section, &name);

			bh_cell_file_add_section(*file, kind, name);
		}
		return NULL;
	case BHE_EDIT_REMOVE_SECTION:
		return carry_out_remove_section(edit, *file, found);
	case BHE_EDIT_RENAME_SECTION:
		return carry_out_rename_section(edit, *file);
	case BHE_EDIT_ADD_CPU:
	case BHE_EDIT_REMOVE_CPU:
		carry_out_cpu(edit, *file);
		*found = g_strdup(edit->was);
		return NULL;
	case BHE_EDIT_TEXT:
		return carry_out_text(edit, file, found);
	default:
		g_return_val_if_reached(NULL);
	}
}

BheEdit *bhe_edit_refresh(const BheEdit *edit, const char *found)
{
	g_autofree char *merged = NULL;
	gboolean conflict;

	/* From then on it is a change of what was found. */
	if (edit->kind == BHE_EDIT_TEXT && found)
		merged = bhe_merge(edit->was, edit->value, found, &conflict);
	return bhe_edit_new(edit->kind, edit->cell, edit->section, edit->key,
			    merged ? merged : edit->value, found);
}

/* ---- operations ---- */

const char *bhe_operation_get_sentence(BheOperation *self)
{
	return self->sentence;
}

const char *bhe_operation_get_subject(BheOperation *self)
{
	return self->subject;
}

GPtrArray *bhe_operation_get_edits(BheOperation *self)
{
	return self->edits;
}

/* What is given is more of interest than what is taken. */
static const BheEdit *main_edit(BheOperation *self)
{
	return self->edits->pdata[self->edits->len - 1];
}

const char *bhe_operation_get_cell(BheOperation *self)
{
	return main_edit(self)->cell;
}

const char *bhe_operation_get_section(BheOperation *self)
{
	const BheEdit *edit = main_edit(self);

	return edit->kind == BHE_EDIT_ADD_CPU || edit->kind == BHE_EDIT_REMOVE_CPU ? "Cell"
										   : edit->section;
}

const char *bhe_operation_get_key(BheOperation *self)
{
	const BheEdit *edit = main_edit(self);

	return edit->kind == BHE_EDIT_ADD_CPU || edit->kind == BHE_EDIT_REMOVE_CPU ? "Cpus"
										   : edit->key;
}

const char *bhe_operation_get_conflict(BheOperation *self)
{
	return self->conflict;
}

void bhe_operation_set_conflict(BheOperation *self, const char *conflict)
{
	if (!g_strcmp0(self->conflict, conflict))
		return;
	g_free(self->conflict);
	self->conflict = g_strdup(conflict);
	g_object_notify_by_pspec(G_OBJECT(self), properties[PROPERTY_CONFLICT]);
}

GVariant *bhe_operation_to_variant(BheOperation *self)
{
	GVariantBuilder edits;

	g_variant_builder_init(&edits, G_VARIANT_TYPE("a(usmsmsmsms)"));
	for (guint i = 0; i < self->edits->len; i++) {
		const BheEdit *edit = self->edits->pdata[i];

		g_variant_builder_add(&edits, "(usmsmsmsms)", (guint32)edit->kind, edit->cell,
				      edit->section, edit->key, edit->value, edit->was);
	}
	return g_variant_new(BHE_OPERATION_VARIANT, self->sentence, self->subject, &edits);
}

/* A file of ours may have been cut or edited: nothing of it is trusted. */
static gboolean edit_is_sound(const BheEdit *edit)
{
	if (!bh_cell_name_is_valid(edit->cell))
		return FALSE;
	switch (edit->kind) {
	case BHE_EDIT_SET:
		return edit->section && edit->key;
	case BHE_EDIT_ADD_SECTION:
	case BHE_EDIT_REMOVE_SECTION:
		return edit->section != NULL;
	case BHE_EDIT_RENAME_SECTION:
		return edit->section && edit->value;
	case BHE_EDIT_ADD_CPU:
	case BHE_EDIT_REMOVE_CPU:
	case BHE_EDIT_CREATE:
		return edit->value != NULL;
	case BHE_EDIT_TEXT:
		return edit->value && edit->was;
	case BHE_EDIT_REMOVE:
		return !edit->value;
	default:
		return FALSE;
	}
}

BheOperation *bhe_operation_from_variant(GVariant *variant)
{
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)bhe_edit_free);
	g_autoptr(GVariantIter) iter = NULL;
	const char *sentence, *subject, *cell, *section, *key, *value, *was;
	guint32 kind;

	g_variant_get(variant, "(&s&sa(usmsmsmsms))", &sentence, &subject, &iter);
	while (g_variant_iter_next(iter, "(u&sm&sm&sm&sm&s)", &kind, &cell, &section, &key, &value,
				   &was)) {
		BheEdit *edit = bhe_edit_new(kind, cell, section, key, value, was);

		g_ptr_array_add(edits, edit);
		if (!edit_is_sound(edit))
			return NULL;
	}
	return edits->len ? bhe_operation_new(sentence, subject, g_steal_pointer(&edits)) : NULL;
}

static void bhe_operation_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	BheOperation *self = BHE_OPERATION(object);

	switch (id) {
	case PROPERTY_SENTENCE:
		g_value_set_string(value, self->sentence);
		break;
	case PROPERTY_CELL:
		g_value_set_string(value, bhe_operation_get_cell(self));
		break;
	case PROPERTY_CONFLICT:
		g_value_set_string(value, self->conflict);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
}

static void bhe_operation_finalize(GObject *object)
{
	BheOperation *self = BHE_OPERATION(object);

	g_free(self->sentence);
	g_free(self->subject);
	g_free(self->conflict);
	g_ptr_array_unref(self->edits);
	G_OBJECT_CLASS(bhe_operation_parent_class)->finalize(object);
}

static void bhe_operation_class_init(BheOperationClass *klass)
{
	GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

	G_OBJECT_CLASS(klass)->finalize = bhe_operation_finalize;
	G_OBJECT_CLASS(klass)->get_property = bhe_operation_get_property;
	properties[PROPERTY_SENTENCE] = g_param_spec_string("sentence", NULL, NULL, NULL, flags);
	properties[PROPERTY_CELL] = g_param_spec_string("cell", NULL, NULL, NULL, flags);
	properties[PROPERTY_CONFLICT] = g_param_spec_string("conflict", NULL, NULL, NULL, flags);
	g_object_class_install_properties(G_OBJECT_CLASS(klass), PROPERTIES, properties);
}

static void bhe_operation_init(BheOperation *self)
{
	(void)self;
}

BheOperation *bhe_operation_new(const char *sentence, const char *subject, GPtrArray *edits)
{
	BheOperation *self = g_object_new(BHE_TYPE_OPERATION, NULL);

	self->sentence = g_strdup(sentence);
	self->subject = g_strdup(subject);
	self->edits = edits;
	return self;
}
