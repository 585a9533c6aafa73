// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-finding.h"

static const struct {
	const char *code;
	BhSeverity severity;
} kinds[] = {
#define KIND(name, severity, code) [BH_FINDING_##name] = {code, BH_SEVERITY_##severity},
	BH_FINDING_KINDS(KIND)
#undef KIND
};

G_DEFINE_BOXED_TYPE(BhFinding, bh_finding, bh_finding_ref, bh_finding_unref)

BhFinding *bh_finding_ref(BhFinding *finding)
{
	return g_atomic_rc_box_acquire(finding);
}

static void finding_clear(gpointer data)
{
	BhFinding *finding = data;

	g_free(finding->file);
	g_free(finding->section);
	g_free(finding->key);
	g_free(finding->cell);
	g_free(finding->owner);
	g_free(finding->message);
	g_free(finding->suggestion);
}

void bh_finding_unref(BhFinding *finding)
{
	g_atomic_rc_box_release_full(finding, finding_clear);
}

static BhFinding *finding_new_of(BhFindingKind kind)
{
	BhFinding *finding = g_atomic_rc_box_new0(BhFinding);

	finding->kind = kind;
	finding->severity = kinds[kind].severity;
	finding->code = kinds[kind].code;
	return finding;
}

BhFinding *bh_finding_new(BhFindingKind kind, const char *cell, const char *format, ...)
{
	BhFinding *finding = finding_new_of(kind);
	va_list arguments;

	finding->cell = g_strdup(cell);
	va_start(arguments, format);
	finding->message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return finding;
}

const char *bh_severity_to_string(BhSeverity severity)
{
	static const char *const words[] = {"note", "warning", "error"};

	return words[severity];
}

const char *bh_finding_kind_code(BhFindingKind kind)
{
	return kinds[kind].code;
}

char *bh_finding_to_string(const BhFinding *finding)
{
	GString *text = g_string_new(finding->file ? finding->file : finding->cell);

	if (finding->line)
		g_string_append_printf(text, ":%u", finding->line);
	if (finding->line && finding->column)
		g_string_append_printf(text, ":%u", finding->column);
	g_string_append_printf(text, ": %s: %s", bh_severity_to_string(finding->severity),
			       finding->message);
	if (finding->suggestion)
		g_string_append_printf(text, "; %s", finding->suggestion);
	g_string_append_printf(text, " [%s]", finding->code);
	return g_string_free(text, FALSE);
}

/* The strings of a finding by their names on D-Bus. */
static const struct {
	const char *name;
	gsize offset;
} strings[] = {
	{"file", G_STRUCT_OFFSET(BhFinding, file)},
	{"section", G_STRUCT_OFFSET(BhFinding, section)},
	{"key", G_STRUCT_OFFSET(BhFinding, key)},
	{"cell", G_STRUCT_OFFSET(BhFinding, cell)},
	{"owner", G_STRUCT_OFFSET(BhFinding, owner)},
	{"message", G_STRUCT_OFFSET(BhFinding, message)},
	{"suggestion", G_STRUCT_OFFSET(BhFinding, suggestion)},
};

GVariant *bh_finding_to_variant(const BhFinding *finding)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "severity", "s", bh_severity_to_string(finding->severity));
	g_variant_dict_insert(&dict, "code", "s", finding->code);
	if (finding->line)
		g_variant_dict_insert(&dict, "line", "u", finding->line);
	if (finding->column)
		g_variant_dict_insert(&dict, "column", "u", finding->column);
	for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
		const char *value = G_STRUCT_MEMBER(char *, finding, strings[i].offset);

		if (value)
			g_variant_dict_insert(&dict, strings[i].name, "s", value);
	}
	return g_variant_dict_end(&dict);
}

BhFinding *bh_finding_from_variant(GVariant *variant)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(variant);
	g_autoptr(BhFinding) finding = NULL;
	const char *code, *severity;

	if (!g_variant_dict_lookup(&dict, "code", "&s", &code) ||
	    !g_variant_dict_lookup(&dict, "severity", "&s", &severity))
		return NULL;
	for (guint kind = 0; kind < BH_FINDING_KIND_COUNT && !finding; kind++)
		if (!strcmp(code, kinds[kind].code))
			finding = finding_new_of(kind);
	if (!finding)
		return NULL;
	/* The sender's word counts: a later version may judge otherwise. */
	for (guint i = BH_SEVERITY_NOTE; i <= BH_SEVERITY_ERROR; i++)
		if (!strcmp(severity, bh_severity_to_string(i)))
			finding->severity = i;
	g_variant_dict_lookup(&dict, "line", "u", &finding->line);
	g_variant_dict_lookup(&dict, "column", "u", &finding->column);
	for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
		g_variant_dict_lookup(&dict, strings[i].name, "s",
				      &G_STRUCT_MEMBER(char *, finding, strings[i].offset));
	return finding->message && finding->cell ? g_steal_pointer(&finding) : NULL;
}

GPtrArray *bh_findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)bh_finding_unref);
}

guint bh_findings_count(const GPtrArray *findings, BhSeverity at_least)
{
	guint count = 0;

	for (guint i = 0; i < findings->len; i++)
		count += ((BhFinding *)findings->pdata[i])->severity >= at_least;
	return count;
}

static gint findings_compare(gconstpointer one, gconstpointer other)
{
	const BhFinding *a = *(BhFinding *const *)one, *b = *(BhFinding *const *)other;
	int by_file = g_strcmp0(a->file, b->file);

	if (by_file)
		return by_file;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

/* g_ptr_array_sort keeps the order of equals: GLib sorts by merging. */
void bh_findings_sort(GPtrArray *findings)
{
	g_ptr_array_sort(findings, findings_compare);
}
