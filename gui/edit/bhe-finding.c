// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhe-finding.h"

struct _BheFinding {
	GObject parent;
	BhSeverity severity;
	char *code, *message, *suggestion, *cell, *section, *key, *owner;
	guint line, column;
};

G_DEFINE_FINAL_TYPE(BheFinding, bhe_finding, G_TYPE_OBJECT)

BhSeverity bhe_finding_get_severity(BheFinding *self)
{
	return self->severity;
}

const char *bhe_finding_get_code(BheFinding *self)
{
	return self->code;
}

const char *bhe_finding_get_message(BheFinding *self)
{
	return self->message;
}

const char *bhe_finding_get_suggestion(BheFinding *self)
{
	return self->suggestion;
}

const char *bhe_finding_get_cell(BheFinding *self)
{
	return self->cell;
}

const char *bhe_finding_get_section(BheFinding *self)
{
	return self->section;
}

const char *bhe_finding_get_key(BheFinding *self)
{
	return self->key;
}

const char *bhe_finding_get_owner(BheFinding *self)
{
	return self->owner;
}

guint bhe_finding_get_line(BheFinding *self)
{
	return self->line;
}

guint bhe_finding_get_column(BheFinding *self)
{
	return self->column;
}

gboolean bhe_finding_concerns(BheFinding *self, const char *cell, const char *section,
			      const char *key)
{
	return !g_strcmp0(self->cell, cell) && !g_strcmp0(self->section, section) &&
	       !g_strcmp0(self->key, key);
}

const char *bhe_severity_get_icon(BhSeverity severity)
{
	switch (severity) {
	case BH_SEVERITY_ERROR:
		return "dialog-error-symbolic";
	case BH_SEVERITY_WARNING:
		return "dialog-warning-symbolic";
	default:
		return "dialog-information-symbolic";
	}
}

const char *bhe_severity_get_title(BhSeverity severity)
{
	switch (severity) {
	case BH_SEVERITY_ERROR:
		return _("Error");
	case BH_SEVERITY_WARNING:
		return _("Warning");
	default:
		return _("Note");
	}
}

const char *bhe_severity_get_style(BhSeverity severity)
{
	switch (severity) {
	case BH_SEVERITY_ERROR:
		return "error";
	case BH_SEVERITY_WARNING:
		return "warning";
	default:
		return "accent";
	}
}

static void bhe_finding_finalize(GObject *object)
{
	BheFinding *self = BHE_FINDING(object);

	g_free(self->code);
	g_free(self->message);
	g_free(self->suggestion);
	g_free(self->cell);
	g_free(self->section);
	g_free(self->key);
	g_free(self->owner);
	G_OBJECT_CLASS(bhe_finding_parent_class)->finalize(object);
}

static void bhe_finding_class_init(BheFindingClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhe_finding_finalize;
}

static void bhe_finding_init(BheFinding *self)
{
	(void)self;
}

static char *capitalized(const char *sentence)
{
	g_autofree char *first = g_utf8_strup(sentence, g_utf8_next_char(sentence) - sentence);

	/* A name at the beginning, such as a key, begins with a capital letter anyhow. */
	return g_strconcat(first, g_utf8_next_char(sentence), NULL);
}

BheFinding *bhe_finding_new(GVariant *variant)
{
	BheFinding *self = g_object_new(BHE_TYPE_FINDING, NULL);
	const char *severity = "note", *message = "", *suggestion;

	g_variant_lookup(variant, "severity", "&s", &severity);
	for (int i = BH_SEVERITY_NOTE; i <= BH_SEVERITY_ERROR; i++)
		if (!g_strcmp0(bh_severity_to_string(i), severity))
			self->severity = i;
	g_variant_lookup(variant, "message", "&s", &message);
	self->message = *message ? capitalized(message) : g_strdup(_("Something is wrong"));
	g_variant_lookup(variant, "code", "s", &self->code);
	if (g_variant_lookup(variant, "suggestion", "&s", &suggestion) && *suggestion)
		self->suggestion = capitalized(suggestion);
	g_variant_lookup(variant, "cell", "s", &self->cell);
	g_variant_lookup(variant, "section", "s", &self->section);
	g_variant_lookup(variant, "key", "s", &self->key);
	g_variant_lookup(variant, "owner", "s", &self->owner);
	g_variant_lookup(variant, "line", "u", &self->line);
	g_variant_lookup(variant, "column", "u", &self->column);
	if (!self->code)
		self->code = g_strdup("");
	return self;
}
