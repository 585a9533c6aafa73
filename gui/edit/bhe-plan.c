// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include "bh-value.h"
#include "bhe-operation-private.h"
#include "bhe-plan.h"
#include "bhe-words.h"

/* What is kept of steps to undo; older ones are forgotten. */
#define HISTORY_MAX 200
#define STORED_VERSION 1
#define STORED_TYPE "(uta{ss}a" BHE_OPERATION_VARIANT ")"
#define SAVE_AFTER_MS 100

struct _BhePlan {
	GObject parent;
	char *path; /* NULL: nothing is saved */
	GHashTable *base; /* name → BhCellFile */
	GHashTable
		*lost; /* likewise: those that operations change, and that somebody has removed */
	guint64 serial;
	GHashTable *placed; /* name → "2-3" */
	guint arch; /* BH_ARCH_ of files that do not say */

	/* Each step is the whole list of operations, so undo and redo are a matter of which one counts. */
	GPtrArray *history; /* GPtrArray of BheOperation */
	guint at;
	char *merging; /* subject of the last step, into which more of the same goes; or NULL */
	enum { ALONE, TOGETHER_FIRST, TOGETHER_MORE } joined; /* see bhe_plan_begin_step() */

	/* What comes out. */
	GHashTable *files; /* name → BhCellFile */
	GHashTable *cells; /* name → BhCell, made when asked for */
	GHashTable *cpus; /* number → name of the owner; NULL: not asked for yet */
	GHashTable *devices; /* address → likewise */
	guint conflicts;

	guint save_timer;
	gboolean saving, save_again;
};

enum {
	PROPERTY_CAN_UNDO = 1,
	PROPERTY_CAN_REDO,
	PROPERTY_N_OPERATIONS,
	PROPERTY_CONFLICTS,
	PROPERTIES
};

static GParamSpec *properties[PROPERTIES];
static guint signal_changed, signal_base_changed;

static void plan_list_init(GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhePlan, bhe_plan, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, plan_list_init))

/* ---- lists of operations ---- */

static GPtrArray *list_new(void)
{
	return g_ptr_array_new_with_free_func(g_object_unref);
}

static gpointer ref_item(gconstpointer item, gpointer unused)
{
	(void)unused;
	return g_object_ref((gpointer)item);
}

static GPtrArray *list_copy(GPtrArray *list)
{
	return g_ptr_array_copy(list, ref_item, NULL);
}

static gboolean list_equal(GPtrArray *one, GPtrArray *other)
{
	return one->len == other->len &&
	       (!one->len || !memcmp(one->pdata, other->pdata, one->len * sizeof(gpointer)));
}

static GPtrArray *now(BhePlan *self)
{
	return self->history->pdata[self->at];
}

static GPtrArray *edits_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)bhe_edit_free);
}

/* ---- carrying out ---- */

static GHashTable *files_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)bh_cell_file_unref);
}

static GHashTable *files_copy(GHashTable *files)
{
	GHashTable *copy = files_new();
	GHashTableIter iter;
	gpointer name, file;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &name, &file))
		g_hash_table_insert(copy, g_strdup(name), bh_cell_file_ref(file));
	return copy;
}

/* The sentence of a conflict, or NULL. */
static char *carry_out_edit(BhePlan *self, GHashTable *files, const BheEdit *edit, char **found)
{
	BhCellFile *is = g_hash_table_lookup(files, edit->cell);
	g_autoptr(BhCellFile) file = is ? bh_cell_file_copy(is) : NULL;
	g_autofree char *conflict = bhe_edit_carry_out(edit, &file, found);

	if (!is && !file && edit->kind != BHE_EDIT_REMOVE) {
		/* Nothing of it is lost: it is carried out on what there was. */
		BhCellFile *lost = g_hash_table_lookup(self->lost, edit->cell);
		g_autofree char *unused = NULL;

		if (lost) {
			g_clear_pointer(found, g_free);
			file = bh_cell_file_copy(lost);
			unused = bhe_edit_carry_out(edit, &file, found);
		}
	}
	if (file)
		g_hash_table_replace(files, g_strdup(edit->cell), g_steal_pointer(&file));
	else
		g_hash_table_remove(files, edit->cell);
	return g_steal_pointer(&conflict);
}

/* The first conflict of it, or NULL. @refreshed: its edits as they would be made now; may be NULL. */
static char *carry_out(BhePlan *self, GHashTable *files, BheOperation *operation,
		       GPtrArray *refreshed)
{
	GPtrArray *edits = bhe_operation_get_edits(operation);
	char *conflict = NULL;

	for (guint i = 0; i < edits->len; i++) {
		const BheEdit *edit = edits->pdata[i];
		gboolean there = g_hash_table_contains(files, edit->cell);
		g_autofree char *found = NULL;
		g_autofree char *one = carry_out_edit(self, files, edit, &found);
		BhCellFile *lost = g_hash_table_lookup(self->lost, edit->cell);

		if (!conflict)
			conflict = g_steal_pointer(&one);
		if (!refreshed)
			continue;
		if (!there && lost && edit->kind != BHE_EDIT_CREATE &&
		    edit->kind != BHE_EDIT_REMOVE)
			g_ptr_array_add(refreshed,
					bhe_edit_new(BHE_EDIT_CREATE, edit->cell, NULL, NULL,
						     bh_cell_file_get_text(lost, NULL), NULL));
		g_ptr_array_add(refreshed, bhe_edit_refresh(edit, found));
	}
	return conflict;
}

static GHashTable *carry_out_all(BhePlan *self, GPtrArray *list)
{
	GHashTable *files = files_copy(self->base);

	for (guint i = 0; i < list->len; i++)
		g_free(carry_out(self, files, list->pdata[i], NULL));
	return files;
}

static gboolean files_equal(GHashTable *one, GHashTable *other)
{
	GHashTableIter iter;
	gpointer name, file;

	if (g_hash_table_size(one) != g_hash_table_size(other))
		return FALSE;
	g_hash_table_iter_init(&iter, one);
	while (g_hash_table_iter_next(&iter, &name, &file)) {
		BhCellFile *twin = g_hash_table_lookup(other, name);

		if (!twin ||
		    strcmp(bh_cell_file_get_text(file, NULL), bh_cell_file_get_text(twin, NULL)))
			return FALSE;
	}
	return TRUE;
}

static char *say_set(const char *cell, const char *section, const char *key, const char *value,
		     const char *was)
{
	g_autofree char *what = bhe_words_place(section, key);

	if (!value)
		return g_strdup_printf(_("Use the default for %s in %s (it was %s)"), what, cell,
				       was);
	if (!was || !*was)
		return g_strdup_printf(_("Set %s in %s to %s"), what, cell, value);
	return g_strdup_printf(_("Change %s in %s from %s to %s"), what, cell, was, value);
}

static BheOperation *refresh(BheOperation *operation, GPtrArray *edits)
{
	const BheEdit *edit = edits->pdata[0];
	g_autofree char *sentence =
		edits->len == 1 && edit->kind == BHE_EDIT_SET
			? say_set(edit->cell, edit->section, edit->key, edit->value, edit->was)
			: g_strdup(bhe_operation_get_sentence(operation));

	return bhe_operation_new(sentence, bhe_operation_get_subject(operation), edits);
}

/*
 * The list without @dropped (may be NULL). What the others find has changed by that, which is no conflict; but one
 * that there is already stays one, unless it is that of @kept.
 */
static GPtrArray *list_without(BhePlan *self, GPtrArray *list, BheOperation *dropped,
			       BheOperation *kept)
{
	GHashTable *files = files_copy(self->base);
	GPtrArray *rest = list_new();

	for (guint i = 0; i < list->len; i++) {
		BheOperation *operation = list->pdata[i];
		g_autoptr(GPtrArray) edits = edits_new();
		g_autofree char *conflict = NULL;

		if (operation == dropped)
			continue;
		conflict = carry_out(self, files, operation, edits);
		if (operation == kept || (conflict && !bhe_operation_get_conflict(operation)))
			g_ptr_array_add(rest, refresh(operation, g_steal_pointer(&edits)));
		else
			g_ptr_array_add(rest, g_object_ref(operation));
	}
	g_hash_table_unref(files);
	return rest;
}

/* ---- saving ---- */

static GVariant *to_variant(BhePlan *self)
{
	g_autoptr(GHashTable) cells = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *list = now(self);
	GVariantBuilder base, operations;
	GHashTableIter iter;
	gpointer name;

	g_variant_builder_init(&operations, G_VARIANT_TYPE("a" BHE_OPERATION_VARIANT));
	for (guint i = 0; i < list->len; i++) {
		GPtrArray *edits = bhe_operation_get_edits(list->pdata[i]);

		g_variant_builder_add_value(&operations, bhe_operation_to_variant(list->pdata[i]));
		for (guint j = 0; j < edits->len; j++)
			g_hash_table_add(cells, ((BheEdit *)edits->pdata[j])->cell);
	}
	g_variant_builder_init(&base, G_VARIANT_TYPE("a{ss}"));
	g_hash_table_iter_init(&iter, cells);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		BhCellFile *file = g_hash_table_lookup(self->base, name);

		if (!file)
			file = g_hash_table_lookup(self->lost, name);
		if (file)
			g_variant_builder_add(&base, "{ss}", name,
					      bh_cell_file_get_text(file, NULL));
	}
	return g_variant_new("(uta{ss}a" BHE_OPERATION_VARIANT ")", (guint32)STORED_VERSION,
			     self->serial, &base, &operations);
}

/* Text, so that a person can see what is there. */
static GBytes *to_bytes(BhePlan *self)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(to_variant(self));
	char *text = g_variant_print(variant, TRUE);

	return g_bytes_new_take(text, strlen(text));
}

static void save_later(BhePlan *self);

static void on_saved(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BhePlan) self = user_data;
	g_autoptr(GError) error = NULL;

	self->saving = FALSE;
	if (!g_file_replace_contents_finish(G_FILE(source), result, NULL, &error))
		g_warning("Pending changes could not be saved: %s", error->message);
	if (self->save_again)
		save_later(self);
}

static gboolean on_save(gpointer data)
{
	BhePlan *self = data;
	g_autofree char *directory = g_path_get_dirname(self->path);
	g_autoptr(GFile) file = g_file_new_for_path(self->path);
	g_autoptr(GBytes) bytes = to_bytes(self);

	self->save_timer = 0;
	self->save_again = FALSE;
	self->saving = TRUE;
	g_mkdir_with_parents(directory, 0700);
	g_file_replace_contents_bytes_async(file, bytes, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL,
					    on_saved, g_object_ref(self));
	return G_SOURCE_REMOVE;
}

static void save_later(BhePlan *self)
{
	if (!self->path)
		return;
	self->save_again = TRUE;
	if (!self->saving && !self->save_timer)
		self->save_timer = g_timeout_add(SAVE_AFTER_MS, on_save, self);
}

gboolean bhe_plan_flush(BhePlan *self, GError **error)
{
	g_autofree char *directory = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gconstpointer text;
	gsize size;

	g_return_val_if_fail(BHE_IS_PLAN(self), FALSE);
	g_clear_handle_id(&self->save_timer, g_source_remove);
	if (!self->path || !self->save_again)
		return TRUE;
	directory = g_path_get_dirname(self->path);
	g_mkdir_with_parents(directory, 0700);
	bytes = to_bytes(self);
	text = g_bytes_get_data(bytes, &size);
	if (!g_file_set_contents_full(self->path, text, size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				      error))
		return FALSE;
	self->save_again = FALSE;
	return TRUE;
}

char *bhe_plan_default_path(const char *host)
{
	g_autofree char *name = g_strconcat("plan-", host ? host : "localhost", NULL);

	g_strdelimit(name, "/", '_');
	return g_build_filename(g_get_user_state_dir(), "bulkhead", name, NULL);
}

static void load(BhePlan *self)
{
	g_autofree char *text = NULL;
	g_autoptr(GVariant) stored = NULL;
	g_autoptr(GVariant) base = NULL;
	g_autoptr(GVariantIter) operations = NULL;
	g_autoptr(GError) error = NULL;
	GVariant *one;
	guint32 version;

	if (!g_file_get_contents(self->path, &text, NULL, NULL))
		return;
	stored = g_variant_parse(G_VARIANT_TYPE(STORED_TYPE), text, NULL, NULL, &error);
	if (stored)
		g_variant_get_child(stored, 0, "u", &version);
	if (!stored || version != STORED_VERSION) {
		g_warning("The pending changes in %s cannot be read: %s", self->path,
			  error ? error->message : "they are of another version");
		return;
	}
	g_variant_get(stored, "(ut@a{ss}a" BHE_OPERATION_VARIANT ")", NULL, NULL, &base,
		      &operations);
	bhe_plan_set_base(self, base, 0);
	/* A step to undo for each, as somebody has made them. */
	while ((one = g_variant_iter_next_value(operations))) {
		g_autoptr(BheOperation) operation = bhe_operation_from_variant(one);

		if (operation) {
			GPtrArray *list = list_copy(now(self));

			g_ptr_array_add(list, g_steal_pointer(&operation));
			g_ptr_array_add(self->history, list);
			self->at++;
		}
		g_variant_unref(one);
	}
}

/* ---- what comes out ---- */

static void notify_all(BhePlan *self)
{
	for (int i = 1; i < PROPERTIES; i++)
		g_object_notify_by_pspec(G_OBJECT(self), properties[i]);
	g_signal_emit(self, signal_changed, 0);
}

static void forget_owners(BhePlan *self)
{
	g_clear_pointer(&self->cpus, g_hash_table_unref);
	g_clear_pointer(&self->devices, g_hash_table_unref);
}

/* @before: what the list was. */
static void update(BhePlan *self, GPtrArray *before)
{
	GPtrArray *list = now(self);
	guint same = 0, tail = 0;

	forget_owners(self);
	g_hash_table_remove_all(self->cells);
	g_clear_pointer(&self->files, g_hash_table_unref);
	self->files = files_copy(self->base);
	self->conflicts = 0;
	for (guint i = 0; i < list->len; i++) {
		g_autofree char *conflict = carry_out(self, self->files, list->pdata[i], NULL);

		self->conflicts += conflict != NULL;
		bhe_operation_set_conflict(list->pdata[i], conflict);
	}
	while (same < MIN(list->len, before->len) && list->pdata[same] == before->pdata[same])
		same++;
	while (tail < MIN(list->len, before->len) - same &&
	       list->pdata[list->len - 1 - tail] == before->pdata[before->len - 1 - tail])
		tail++;
	if (list->len != same + tail || before->len != same + tail)
		g_list_model_items_changed(G_LIST_MODEL(self), same, before->len - same - tail,
					   list->len - same - tail);
	save_later(self);
	notify_all(self);
}

static void history_reset(BhePlan *self, GPtrArray *list)
{
	g_ptr_array_set_size(self->history, 0);
	g_ptr_array_add(self->history, list);
	self->at = 0;
	g_clear_pointer(&self->merging, g_free);
}

/* Is what comes more of the last step? */
static gboolean continues(BhePlan *self, const char *subject)
{
	if (!self->at || self->at + 1 != self->history->len || self->joined == TOGETHER_FIRST)
		return FALSE;
	return self->joined == TOGETHER_MORE || (subject && !g_strcmp0(self->merging, subject));
}

/* A new step, or more of the last one if that was on the same @subject. @list is taken over. */
static void step(BhePlan *self, GPtrArray *list, const char *subject)
{
	g_autoptr(GPtrArray) before = g_ptr_array_ref(now(self));
	gboolean more = continues(self, subject);

	if (list_equal(list, before)) {
		g_ptr_array_unref(list);
		return;
	}
	if (more)
		self->at--;
	g_ptr_array_set_size(self->history, self->at + 1);
	if (more && list_equal(list, now(self))) {
		g_ptr_array_unref(list);
		subject = NULL;
		self->joined = self->joined ? TOGETHER_FIRST : ALONE;
	} else {
		g_ptr_array_add(self->history, list);
		self->joined = self->joined ? TOGETHER_MORE : ALONE;
	}
	if (self->history->len > HISTORY_MAX)
		g_ptr_array_remove_index(self->history, 0);
	self->at = self->history->len - 1;
	g_free(self->merging);
	self->merging = g_strdup(subject);
	update(self, before);
}

void bhe_plan_begin_step(BhePlan *self)
{
	g_return_if_fail(BHE_IS_PLAN(self) && self->joined == ALONE);
	self->joined = TOGETHER_FIRST;
}

void bhe_plan_end_step(BhePlan *self)
{
	g_return_if_fail(BHE_IS_PLAN(self) && self->joined != ALONE);
	self->joined = ALONE;
	g_clear_pointer(&self->merging, g_free);
}

/* ---- adding ---- */

static BheOperation *find_subject(GPtrArray *list, const char *subject)
{
	for (guint i = list->len; *subject && i-- > 0;)
		if (!strcmp(bhe_operation_get_subject(list->pdata[i]), subject))
			return list->pdata[i];
	return NULL;
}

/*
 * The list to which an operation on @subject is to be added: without the former one on it, whose place goes to *@place.
 */
static GPtrArray *list_to_merge(BhePlan *self, const char *subject, guint *place)
{
	GPtrArray *list = now(self);
	BheOperation *former = find_subject(list, subject);

	if (!former || !g_ptr_array_find(list, former, place)) {
		*place = list->len;
		return list_copy(list);
	}
	return list_without(self, list, former, NULL);
}

/* Does anything in @list from @place on change the shape of what the subject is about? Then its place is the end. */
static gboolean is_shaped_later(GPtrArray *list, guint place, const char *cell)
{
	for (guint i = place; i < list->len; i++) {
		GPtrArray *edits = bhe_operation_get_edits(list->pdata[i]);

		for (guint j = 0; j < edits->len; j++) {
			const BheEdit *edit = edits->pdata[j];

			if (!strcmp(edit->cell, cell) && edit->kind != BHE_EDIT_SET &&
			    edit->kind != BHE_EDIT_ADD_CPU && edit->kind != BHE_EDIT_REMOVE_CPU)
				return TRUE;
		}
	}
	return FALSE;
}

/* @list: taken over. */
static BheOperation *add(BhePlan *self, GPtrArray *list, guint place, BheOperation *operation)
{
	g_autoptr(BheOperation) added = operation;
	g_autoptr(GHashTable) without = carry_out_all(self, list);
	g_autoptr(GHashTable) with = NULL;
	const char *subject = bhe_operation_get_subject(operation);

	place = MIN(place, list->len);
	if (place < list->len && is_shaped_later(list, place, bhe_operation_get_cell(operation)))
		place = list->len;
	g_ptr_array_insert(list, place, g_object_ref(added));
	with = carry_out_all(self, list);
	if (files_equal(without, with))
		g_ptr_array_remove_index(list, place);
	step(self, list, *subject ? subject : NULL);
	return g_ptr_array_find(now(self), added, NULL) ? added : NULL;
}

static BheOperation *add_last(BhePlan *self, BheOperation *operation)
{
	return add(self, list_copy(now(self)), now(self)->len, operation);
}

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean refuse(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format,
					    arguments);
	va_end(arguments);
	return FALSE;
}

static BhCellFile *require_file(GHashTable *files, const char *cell, GError **error)
{
	BhCellFile *file = g_hash_table_lookup(files, cell);

	if (!file)
		refuse(error, _("There is no cell “%s”"), cell);
	return file;
}

/* ---- values and sections ---- */

static gboolean is_writable(const char *section, const char *key, const char *value, GError **error)
{
	g_autoptr(BhCellFile) trial = bh_cell_file_new("trial", "", 0);
	const char *name;
	g_autofree char *kind = bhe_section_split(section, &name);

	if (!bh_cell_file_add_section(trial, kind, name))
		return refuse(error,
			      _("“%s” cannot be the name of a section: use letters, digits, "
				"“_”, “-” and “.”"),
			      section);
	if (key && !bh_cell_file_set(trial, kind, name, key, value ? value : ""))
		return refuse(error,
			      _("“%s” cannot be written as a value: it must be one line of text"),
			      value);
	return TRUE;
}

BheOperation *bhe_plan_set_value(BhePlan *self, const char *cell, const char *section,
				 const char *key, const char *value, GError **error)
{
	g_autofree char *subject = g_strjoin(":", "set", cell, section, key, NULL);
	g_autoptr(GHashTable) files = NULL;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GPtrArray) edits = edits_new();
	g_autofree char *sentence = NULL;
	g_autofree char *was = NULL;
	BhCellFile *file;
	guint place;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!is_writable(section, key, value, error))
		return NULL;
	list = list_to_merge(self, subject, &place);
	files = carry_out_all(self, list);
	file = require_file(files, cell, error);
	if (!file)
		return NULL;
	was = bhe_edit_get_value(file, section, key);
	sentence = say_set(cell, section, key, value, was);
	g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_SET, cell, section, key, value, was));
	return add(self, g_steal_pointer(&list), place,
		   bhe_operation_new(sentence, subject, g_steal_pointer(&edits)));
}

char *bhe_plan_free_name(BhePlan *self, const char *cell, const char *kind, const char *wanted)
{
	BhCellFile *file = g_hash_table_lookup(self->files, cell);
	g_autofree char *name = g_strdup(wanted);

	for (guint i = 2; file && bh_cell_file_find(file, kind, name); i++) {
		g_free(name);
		name = g_strdup_printf("%s%u", wanted, i);
	}
	return g_steal_pointer(&name);
}

static BheOperation *add_section(BhePlan *self, const char *cell, const char *section,
				 const char *const *values, const char *sentence, GError **error)
{
	g_autoptr(GPtrArray) edits = edits_new();
	BhCellFile *file = require_file(self->files, cell, error);
	const char *name;
	g_autofree char *kind = bhe_section_split(section, &name);

	if (!file || !is_writable(section, NULL, NULL, error))
		return NULL;
	if (bh_cell_file_find(file, kind, name)) {
		refuse(error, _("There is a section [%s] in %s already"), section, cell);
		return NULL;
	}
	g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_ADD_SECTION, cell, section, NULL, NULL, NULL));
	for (; values && *values; values += 2) {
		if (!is_writable(section, values[0], values[1], error))
			return NULL;
		g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_SET, cell, section, values[0],
						    values[1], NULL));
	}
	return add_last(self, bhe_operation_new(sentence, "", g_steal_pointer(&edits)));
}

BheOperation *bhe_plan_add_section(BhePlan *self, const char *cell, const char *section,
				   const char *const *values, GError **error)
{
	g_autofree char *what = bhe_words_section_name(section);
	g_autofree char *sentence = g_strdup_printf(_("Add %s to %s"), what, cell);

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	return add_section(self, cell, section, values, sentence, error);
}

BheOperation *bhe_plan_add_memory(BhePlan *self, const char *cell, guint64 size, GError **error)
{
	g_autofree char *name = bhe_plan_free_name(self, cell, "Memory", "ram");
	g_autofree char *section = g_strconcat("Memory ", name, NULL);
	g_autofree char *value = bh_value_format_size(size);
	g_autofree char *words = bhe_size_to_words(size);
	g_autofree char *sentence = g_strdup_printf(_("Give %s of memory to %s"), words, cell);
	const char *const values[] = {"Size", value, NULL};

	return add_section(self, cell, section, values, sentence, error);
}

BheOperation *bhe_plan_add_link(BhePlan *self, const char *cell, const char *peer, const char *name,
				guint64 size, const char *protocol, GError **error)
{
	g_autofree char *chosen =
		name ? g_strdup(name) : bhe_plan_free_name(self, cell, "Link", peer);
	g_autofree char *section = g_strconcat("Link ", chosen, NULL);
	g_autofree char *value = bh_value_format_size(size);
	g_autofree char *sentence = g_strdup_printf(_("Link %s with %s"), cell, peer);
	const char *const values[] = {
		"Peers", peer, "SharedSize", value, protocol ? "Protocol" : NULL, protocol, NULL};

	return add_section(self, cell, section, values, sentence, error);
}

static gboolean edits_concern_only(BheOperation *operation, const char *cell, const char *section)
{
	GPtrArray *edits = bhe_operation_get_edits(operation);

	for (guint i = 0; i < edits->len; i++) {
		const BheEdit *edit = edits->pdata[i];

		if (strcmp(edit->cell, cell) || (section && g_strcmp0(edit->section, section)))
			return FALSE;
	}
	return TRUE;
}

/* What was only done to a thing that shall go needs not be done. */
static GPtrArray *list_without_those_on(BhePlan *self, const char *cell, const char *section)
{
	GPtrArray *list = list_copy(now(self));

	for (guint i = list->len; i-- > 0;)
		if (edits_concern_only(list->pdata[i], cell, section)) {
			GPtrArray *rest = list_without(self, list, list->pdata[i], NULL);

			g_ptr_array_unref(list);
			list = rest;
		}
	return list;
}

BheOperation *bhe_plan_remove_section(BhePlan *self, const char *cell, const char *section,
				      GError **error)
{
	g_autofree char *what = bhe_words_section_name(section);
	g_autofree char *sentence = g_strdup_printf(_("Remove %s from %s"), what, cell);
	g_autoptr(GPtrArray) edits = edits_new();
	g_autoptr(GHashTable) files = NULL;
	g_autofree char *was = NULL;
	GPtrArray *list;
	BhCellFile *file;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!require_file(self->files, cell, error))
		return NULL;
	list = list_without_those_on(self, cell, section);
	files = carry_out_all(self, list);
	file = g_hash_table_lookup(files, cell);
	was = file ? bhe_edit_describe_section(file, section) : NULL;
	if (!was) {
		step(self, list, NULL);
		return NULL;
	}
	g_ptr_array_add(edits,
			bhe_edit_new(BHE_EDIT_REMOVE_SECTION, cell, section, NULL, NULL, was));
	return add(self, list, list->len, bhe_operation_new(sentence, "", g_steal_pointer(&edits)));
}

BheOperation *bhe_plan_rename_section(BhePlan *self, const char *cell, const char *section,
				      const char *name, GError **error)
{
	g_autofree char *what = bhe_words_section_name(section);
	g_autofree char *sentence = g_strdup_printf(_("Call %s of %s “%s”"), what, cell, name);
	g_autoptr(GPtrArray) edits = edits_new();
	const char *old_name;
	g_autofree char *kind = bhe_section_split(section, &old_name);
	g_autofree char *renamed = g_strconcat(kind, " ", name, NULL);
	BhCellFile *file = require_file(self->files, cell, error);

	if (!file || !is_writable(renamed, NULL, NULL, error))
		return NULL;
	if (!g_strcmp0(old_name, name))
		return NULL;
	if (bh_cell_file_find(file, kind, name)) {
		refuse(error, _("There is a section [%s] in %s already"), renamed, cell);
		return NULL;
	}
	g_ptr_array_add(edits,
			bhe_edit_new(BHE_EDIT_RENAME_SECTION, cell, section, NULL, name, NULL));
	return add_last(self, bhe_operation_new(sentence, "", g_steal_pointer(&edits)));
}

/* ---- CPUs and devices ---- */

static gboolean is_root(const char *cell)
{
	return !cell || !strcmp(cell, "root");
}

static GList *sorted_names(GHashTable *files)
{
	return g_list_sort(g_hash_table_get_keys(files), (GCompareFunc)strcmp);
}

static gboolean list_has_number(const char *list, guint number)
{
	gsize at = 0, start, length;
	guint64 first, last;

	while (list && bh_value_next(list, &at, &start, &length))
		if (bh_value_range(list + start, length, G_MAXUINT, &first, &last) &&
		    number >= first && number <= last)
			return TRUE;
	return FALSE;
}

static BhCell *parse(BhCellFile *file)
{
	g_autoptr(GPtrArray) findings = bh_findings_new();

	return bh_cell_parse(file, findings);
}

static gboolean cell_has_cpu(BhePlan *self, const BhCell *cell, guint cpu)
{
	if (cell->cpu_count)
		return list_has_number(g_hash_table_lookup(self->placed, cell->name), cpu);
	for (guint i = 0; i < cell->cpus->len; i++)
		if (g_array_index(cell->cpus, BhNumber, i).value == cpu)
			return TRUE;
	return FALSE;
}

static const char *find_cpu(BhePlan *self, GHashTable *files, guint cpu)
{
	g_autoptr(GList) names = sorted_names(files);

	for (GList *name = names; name; name = name->next) {
		g_autoptr(BhCell) cell = parse(g_hash_table_lookup(files, name->data));

		if (cell_has_cpu(self, cell, cpu))
			return name->data;
	}
	return NULL;
}

BheOperation *bhe_plan_move_cpu(BhePlan *self, guint cpu, const char *to, GError **error)
{
	g_autofree char *subject = g_strdup_printf("cpu:%u", cpu);
	g_autofree char *number = g_strdup_printf("%u", cpu);
	g_autofree char *sentence = NULL;
	g_autoptr(GHashTable) files = NULL;
	g_autoptr(GPtrArray) edits = edits_new();
	GPtrArray *list;
	const char *from;
	guint place;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!is_root(to) && !require_file(self->files, to, error))
		return NULL;
	list = list_to_merge(self, subject, &place);
	files = carry_out_all(self, list);
	from = find_cpu(self, files, cpu);
	if (is_root(to) ? !from : !g_strcmp0(from, to)) {
		step(self, list, NULL);
		return NULL;
	}
	if (from)
		g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_REMOVE_CPU, from, NULL, NULL, number,
						    g_hash_table_lookup(self->placed, from)));
	if (!is_root(to))
		g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_ADD_CPU, to, NULL, NULL, number,
						    g_hash_table_lookup(self->placed, to)));
	sentence = g_strdup_printf(_("Move CPU %u from %s to %s"), cpu, from ? from : "root",
				   is_root(to) ? "root" : to);
	return add(self, list, place,
		   bhe_operation_new(sentence, subject, g_steal_pointer(&edits)));
}

/* The section of @file that has the device, or NULL. */
static char *find_device(BhCellFile *file, const char *address)
{
	g_autoptr(BhCell) cell = parse(file);

	for (guint i = 0; i < cell->devices->len; i++) {
		const BhCellDevice *device = cell->devices->pdata[i];

		if (!g_strcmp0(device->address, address) || !g_strcmp0(device->node, address))
			return bh_cell_section_title(device->section);
	}
	return NULL;
}

static const char *find_device_owner(GHashTable *files, const char *address, char **section)
{
	g_autoptr(GList) names = sorted_names(files);

	for (GList *name = names; name; name = name->next) {
		*section = find_device(g_hash_table_lookup(files, name->data), address);
		if (*section)
			return name->data;
	}
	return NULL;
}

BheOperation *bhe_plan_move_device(BhePlan *self, const char *address, const char *to,
				   GError **error)
{
	const char *key = *address == '/' ? "Node" : "Pci";
	g_autofree char *subject = g_strconcat("device:", address, NULL);
	g_autofree char *sentence = NULL;
	g_autofree char *section = NULL;
	g_autofree char *added = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GHashTable) files = NULL;
	g_autoptr(GPtrArray) edits = edits_new();
	GPtrArray *list;
	const char *from;
	guint place;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!is_root(to) && !require_file(self->files, to, error))
		return NULL;
	list = list_to_merge(self, subject, &place);
	files = carry_out_all(self, list);
	from = find_device_owner(files, address, &section);
	if (is_root(to) ? !from : !g_strcmp0(from, to)) {
		step(self, list, NULL);
		return NULL;
	}
	if (from) {
		g_autofree char *was =
			bhe_edit_describe_section(g_hash_table_lookup(files, from), section);

		g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_REMOVE_SECTION, from, section, NULL,
						    NULL, was));
	}
	if (!is_root(to)) {
		name = bhe_plan_free_name(self, to, "Device", "device");
		added = g_strconcat("Device ", name, NULL);
		g_ptr_array_add(edits,
				bhe_edit_new(BHE_EDIT_ADD_SECTION, to, added, NULL, NULL, NULL));
		g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_SET, to, added, key, address, NULL));
	}
	sentence = g_strdup_printf(_("Move device %s from %s to %s"), address, from ? from : "root",
				   is_root(to) ? "root" : to);
	return add(self, list, place,
		   bhe_operation_new(sentence, subject, g_steal_pointer(&edits)));
}

/* ---- whole files ---- */

BheOperation *bhe_plan_set_text(BhePlan *self, const char *cell, const char *text, GError **error)
{
	g_autofree char *subject = g_strconcat("text:", cell, NULL);
	g_autofree char *sentence = g_strdup_printf(_("Edit the file of %s"), cell);
	g_autoptr(GPtrArray) list = list_copy(now(self));
	g_autoptr(GPtrArray) edits = edits_new();
	g_autoptr(GHashTable) files = NULL;
	BhCellFile *file;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!require_file(self->files, cell, error))
		return NULL;
	if (!*text || !g_utf8_validate(text, -1, NULL)) {
		refuse(error, _("The file of a cell cannot be empty: remove the cell instead"));
		return NULL;
	}
	/* Only the last one can be replaced: others are based on what it says. */
	if (list->len && !strcmp(bhe_operation_get_subject(list->pdata[list->len - 1]), subject))
		g_ptr_array_set_size(list, list->len - 1);
	files = carry_out_all(self, list);
	file = g_hash_table_lookup(files, cell);
	if (!file)
		return NULL;
	g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_TEXT, cell, NULL, NULL, text,
					    bh_cell_file_get_text(file, NULL)));
	return add(self, g_steal_pointer(&list), G_MAXUINT,
		   bhe_operation_new(sentence, subject, g_steal_pointer(&edits)));
}

BheOperation *bhe_plan_create_cell(BhePlan *self, const char *cell, const char *text,
				   GError **error)
{
	g_autofree char *sentence = g_strdup_printf(_("Make a new cell %s"), cell);
	g_autoptr(GPtrArray) edits = edits_new();

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!bh_cell_name_is_valid(cell)) {
		refuse(error,
		       _("“%s” cannot be the name of a cell: use at most 31 letters, digits, “_”, "
			 "“-” and “.”"),
		       cell);
		return NULL;
	}
	if (g_hash_table_contains(self->files, cell)) {
		refuse(error, _("There is a cell “%s” already"), cell);
		return NULL;
	}
	g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_CREATE, cell, NULL, NULL, text, NULL));
	return add_last(self, bhe_operation_new(sentence, "", g_steal_pointer(&edits)));
}

BheOperation *bhe_plan_remove_cell(BhePlan *self, const char *cell, GError **error)
{
	g_autofree char *sentence = g_strdup_printf(_("Remove the cell %s"), cell);
	g_autoptr(GPtrArray) edits = edits_new();
	g_autoptr(GHashTable) files = NULL;
	GPtrArray *list;
	BhCellFile *file;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	if (!require_file(self->files, cell, error))
		return NULL;
	list = list_without_those_on(self, cell, NULL);
	files = carry_out_all(self, list);
	file = g_hash_table_lookup(files, cell);
	if (!file) {
		step(self, list, NULL);
		return NULL;
	}
	g_ptr_array_add(edits, bhe_edit_new(BHE_EDIT_REMOVE, cell, NULL, NULL, NULL,
					    bh_cell_file_get_text(file, NULL)));
	return add(self, list, list->len, bhe_operation_new(sentence, "", g_steal_pointer(&edits)));
}

/* ---- changing one's mind ---- */

gboolean bhe_plan_undo(BhePlan *self)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), FALSE);
	if (!self->at)
		return FALSE;
	self->at--;
	g_clear_pointer(&self->merging, g_free);
	update(self, self->history->pdata[self->at + 1]);
	return TRUE;
}

gboolean bhe_plan_redo(BhePlan *self)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), FALSE);
	if (self->at + 1 == self->history->len)
		return FALSE;
	self->at++;
	g_clear_pointer(&self->merging, g_free);
	update(self, self->history->pdata[self->at - 1]);
	return TRUE;
}

void bhe_plan_drop(BhePlan *self, BheOperation *operation)
{
	g_return_if_fail(BHE_IS_PLAN(self));
	step(self, list_without(self, now(self), operation, NULL), NULL);
}

void bhe_plan_drop_all(BhePlan *self)
{
	g_return_if_fail(BHE_IS_PLAN(self));
	step(self, list_new(), NULL);
}

void bhe_plan_keep(BhePlan *self, BheOperation *operation)
{
	guint place;

	g_return_if_fail(BHE_IS_PLAN(self));
	if (!bhe_operation_get_conflict(operation) ||
	    !g_ptr_array_find(now(self), operation, &place))
		return;
	step(self, list_without(self, now(self), NULL, operation), NULL);
	/* What it was about is no more: there is nothing to keep it on. */
	if (place < now(self)->len && bhe_operation_get_conflict(now(self)->pdata[place]))
		bhe_plan_drop(self, now(self)->pdata[place]);
}

guint bhe_plan_count_conflicts(BhePlan *self)
{
	return self->conflicts;
}

/* ---- base ---- */

/* Files that operations need, and that are gone, are remembered as they were. */
static void remember_lost(BhePlan *self, GHashTable *new_base)
{
	GHashTableIter iter;
	gpointer name, file;

	g_hash_table_iter_init(&iter, self->base);
	while (g_hash_table_iter_next(&iter, &name, &file))
		if (!g_hash_table_contains(new_base, name))
			g_hash_table_replace(self->lost, g_strdup(name), bh_cell_file_ref(file));
	g_hash_table_iter_init(&iter, self->lost);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (g_hash_table_contains(new_base, name))
			g_hash_table_iter_remove(&iter);
}

void bhe_plan_set_base(BhePlan *self, GVariant *files, guint64 serial)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(files);
	GHashTable *base = files_new();
	const char *name, *text;
	GVariantIter iter;

	g_return_if_fail(BHE_IS_PLAN(self));
	g_variant_iter_init(&iter, owned);
	while (g_variant_iter_next(&iter, "{&s&s}", &name, &text)) {
		g_autofree char *path = g_strconcat(name, BH_CELL_FILE_SUFFIX, NULL);

		g_hash_table_insert(base, g_strdup(name), bh_cell_file_new(path, text, -1));
	}
	self->serial = serial;
	if (files_equal(base, self->base)) {
		g_hash_table_unref(base);
		return;
	}
	remember_lost(self, base);
	g_hash_table_unref(self->base);
	self->base = base;
	update(self, now(self));
	g_signal_emit(self, signal_base_changed, 0);
}

guint64 bhe_plan_get_serial(BhePlan *self)
{
	return self->serial;
}

void bhe_plan_settle(BhePlan *self)
{
	g_autoptr(GPtrArray) before = g_ptr_array_ref(now(self));
	GPtrArray *list = list_copy(before);

	g_return_if_fail(BHE_IS_PLAN(self));
	if (files_equal(self->files, self->base))
		g_ptr_array_set_size(list, 0);
	for (guint i = list->len; i-- > 0;) {
		g_autoptr(GPtrArray) rest = list_without(self, list, list->pdata[i], NULL);
		g_autoptr(GHashTable) with = carry_out_all(self, list);
		g_autoptr(GHashTable) without = carry_out_all(self, rest);

		if (files_equal(with, without)) {
			g_ptr_array_unref(list);
			list = g_steal_pointer(&rest);
		}
	}
	if (list_equal(list, before)) {
		g_ptr_array_unref(list);
		return;
	}
	history_reset(self, list);
	g_hash_table_remove_all(self->lost);
	update(self, before);
}

void bhe_plan_set_placed_cpus(BhePlan *self, const char *cell, const guint *cpus, guint count)
{
	g_autofree guint64 *numbers = g_new(guint64, count + 1);
	g_autofree char *text = NULL;

	g_return_if_fail(BHE_IS_PLAN(self));
	for (guint i = 0; i < count; i++)
		numbers[i] = cpus[i];
	text = count ? bh_value_format_ranges(numbers, count) : NULL;
	if (!g_strcmp0(text, g_hash_table_lookup(self->placed, cell)))
		return;
	if (text)
		g_hash_table_replace(self->placed, g_strdup(cell), g_steal_pointer(&text));
	else
		g_hash_table_remove(self->placed, cell);
	forget_owners(self);
	g_signal_emit(self, signal_changed, 0);
}

void bhe_plan_set_arch(BhePlan *self, guint arch)
{
	g_return_if_fail(BHE_IS_PLAN(self));
	if (self->arch == arch)
		return;
	self->arch = arch;
	g_hash_table_remove_all(self->cells);
	g_signal_emit(self, signal_changed, 0);
}

/* ---- asking ---- */

char **bhe_plan_list_cells(BhePlan *self)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autoptr(GList) names = NULL;

	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	names = sorted_names(self->files);
	for (GList *name = names; name; name = name->next)
		g_strv_builder_add(builder, name->data);
	return g_strv_builder_end(builder);
}

static const char *text_in(GHashTable *files, const char *cell)
{
	BhCellFile *file = g_hash_table_lookup(files, cell);

	return file ? bh_cell_file_get_text(file, NULL) : NULL;
}

const char *bhe_plan_get_text(BhePlan *self, const char *cell)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	return text_in(self->files, cell);
}

const char *bhe_plan_get_base_text(BhePlan *self, const char *cell)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	return text_in(self->base, cell);
}

BhCell *bhe_plan_get_cell(BhePlan *self, const char *cell)
{
	g_autoptr(GPtrArray) findings = bh_findings_new();
	BhCellFile *file = g_hash_table_lookup(self->files, cell);
	BhCell *parsed = g_hash_table_lookup(self->cells, cell);

	if (!file || parsed)
		return parsed;
	parsed = bh_cell_parse_for(file, self->arch, findings);
	g_hash_table_insert(self->cells, g_strdup(cell), parsed);
	return parsed;
}

char *bhe_plan_get_value(BhePlan *self, const char *cell, const char *section, const char *key)
{
	BhCellFile *file = g_hash_table_lookup(self->files, cell);

	return file ? bhe_edit_get_value(file, section, key) : NULL;
}

gboolean bhe_plan_is_changed(BhePlan *self, const char *cell)
{
	return g_strcmp0(text_in(self->files, cell), text_in(self->base, cell)) != 0;
}

GVariant *bhe_plan_get_changes(BhePlan *self)
{
	g_autoptr(GHashTable) all = files_copy(self->base);
	g_autoptr(GHashTable) planned = files_copy(self->files);
	g_autoptr(GList) names = NULL;
	GVariantBuilder builder;
	GHashTableIter iter;
	gpointer name, file;

	g_hash_table_iter_init(&iter, planned);
	while (g_hash_table_iter_next(&iter, &name, &file))
		g_hash_table_replace(all, g_strdup(name), bh_cell_file_ref(file));
	names = sorted_names(all);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	for (GList *one = names; one; one = one->next) {
		const char *text = text_in(self->files, one->data);

		if (bhe_plan_is_changed(self, one->data))
			g_variant_builder_add(&builder, "{ss}", one->data, text ? text : "");
	}
	return g_variant_builder_end(&builder);
}

static void own_cpu(BhePlan *self, guint cpu, const char *name)
{
	if (!g_hash_table_contains(self->cpus, GUINT_TO_POINTER(cpu)))
		g_hash_table_insert(self->cpus, GUINT_TO_POINTER(cpu), (gpointer)name);
}

static void own_device(BhePlan *self, const char *address, const char *name)
{
	if (address && !g_hash_table_contains(self->devices, address))
		g_hash_table_insert(self->devices, (gpointer)address, (gpointer)name);
}

/* All at once: whoever draws a machine asks for every part of it. */
static void find_owners(BhePlan *self)
{
	g_autoptr(GList) names = NULL;

	if (self->cpus)
		return;
	names = sorted_names(self->files);
	self->cpus = g_hash_table_new(NULL, NULL);
	self->devices = g_hash_table_new(g_str_hash, g_str_equal);
	for (GList *name = names; name; name = name->next) {
		const BhCell *cell = bhe_plan_get_cell(self, name->data);
		const char *placed =
			cell->cpu_count ? g_hash_table_lookup(self->placed, name->data) : NULL;
		gsize at = 0, start, length;
		guint64 first, last;

		for (guint i = 0; !cell->cpu_count && i < cell->cpus->len; i++)
			own_cpu(self, g_array_index(cell->cpus, BhNumber, i).value, name->data);
		while (placed && bh_value_next(placed, &at, &start, &length))
			if (bh_value_range(placed + start, length, BH_CPUS_MAX - 1, &first, &last))
				for (; first <= last; first++)
					own_cpu(self, first, name->data);
		for (guint i = 0; i < cell->devices->len; i++) {
			const BhCellDevice *device = cell->devices->pdata[i];

			own_device(self, device->address, name->data);
			own_device(self, device->node, name->data);
		}
	}
}

const char *bhe_plan_get_cpu_owner(BhePlan *self, guint cpu)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	find_owners(self);
	return g_hash_table_lookup(self->cpus, GUINT_TO_POINTER(cpu));
}

const char *bhe_plan_get_device_owner(BhePlan *self, const char *address)
{
	g_return_val_if_fail(BHE_IS_PLAN(self), NULL);
	find_owners(self);
	return g_hash_table_lookup(self->devices, address);
}

/* ---- object ---- */

static GType plan_get_item_type(GListModel *model)
{
	(void)model;
	return BHE_TYPE_OPERATION;
}

static guint plan_get_n_items(GListModel *model)
{
	return now(BHE_PLAN(model))->len;
}

static gpointer plan_get_item(GListModel *model, guint position)
{
	GPtrArray *list = now(BHE_PLAN(model));

	return position < list->len ? g_object_ref(list->pdata[position]) : NULL;
}

static void plan_list_init(GListModelInterface *interface)
{
	interface->get_item_type = plan_get_item_type;
	interface->get_n_items = plan_get_n_items;
	interface->get_item = plan_get_item;
}

static void bhe_plan_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	BhePlan *self = BHE_PLAN(object);

	switch (id) {
	case PROPERTY_CAN_UNDO:
		g_value_set_boolean(value, self->at > 0);
		break;
	case PROPERTY_CAN_REDO:
		g_value_set_boolean(value, self->at + 1 < self->history->len);
		break;
	case PROPERTY_N_OPERATIONS:
		g_value_set_uint(value, now(self)->len);
		break;
	case PROPERTY_CONFLICTS:
		g_value_set_uint(value, self->conflicts);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
}

static void bhe_plan_finalize(GObject *object)
{
	BhePlan *self = BHE_PLAN(object);
	g_autoptr(GError) error = NULL;

	if (!bhe_plan_flush(self, &error))
		g_warning("Pending changes could not be saved: %s", error->message);
	g_hash_table_unref(self->base);
	g_hash_table_unref(self->lost);
	g_hash_table_unref(self->placed);
	forget_owners(self);
	g_hash_table_unref(self->files);
	g_hash_table_unref(self->cells);
	g_ptr_array_unref(self->history);
	g_free(self->path);
	g_free(self->merging);
	G_OBJECT_CLASS(bhe_plan_parent_class)->finalize(object);
}

static void bhe_plan_class_init(BhePlanClass *klass)
{
	GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

	G_OBJECT_CLASS(klass)->finalize = bhe_plan_finalize;
	G_OBJECT_CLASS(klass)->get_property = bhe_plan_get_property;
	properties[PROPERTY_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, flags);
	properties[PROPERTY_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, flags);
	properties[PROPERTY_N_OPERATIONS] =
		g_param_spec_uint("n-operations", NULL, NULL, 0, G_MAXUINT, 0, flags);
	properties[PROPERTY_CONFLICTS] =
		g_param_spec_uint("conflicts", NULL, NULL, 0, G_MAXUINT, 0, flags);
	g_object_class_install_properties(G_OBJECT_CLASS(klass), PROPERTIES, properties);
	signal_changed = g_signal_new("changed", BHE_TYPE_PLAN, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
	signal_base_changed = g_signal_new("base-changed", BHE_TYPE_PLAN, G_SIGNAL_RUN_LAST, 0,
					   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void bhe_plan_init(BhePlan *self)
{
	self->base = files_new();
	self->lost = files_new();
	self->files = files_new();
	self->placed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	self->arch = BH_ARCH_X86;
	self->cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)bh_cell_unref);
	self->history = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_ptr_array_add(self->history, list_new());
}

BhePlan *bhe_plan_new(const char *path)
{
	BhePlan *self = g_object_new(BHE_TYPE_PLAN, NULL);

	self->path = g_strdup(path);
	if (path) {
		load(self);
		update(self, self->history->pdata[0]);
		self->save_again = FALSE;
		g_clear_handle_id(&self->save_timer, g_source_remove);
	}
	return self;
}
