// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-event.h"
#include "bhg-words.h"

struct _BhgEvent {
	GObject parent;
	GVariant *variant;
};

G_DEFINE_FINAL_TYPE(BhgEvent, bhg_event, G_TYPE_OBJECT)

static void bhg_event_finalize(GObject *object)
{
	g_variant_unref(BHG_EVENT(object)->variant);
	G_OBJECT_CLASS(bhg_event_parent_class)->finalize(object);
}

static void bhg_event_class_init(BhgEventClass *class)
{
	G_OBJECT_CLASS(class)->finalize = bhg_event_finalize;
}

static void bhg_event_init(BhgEvent *self)
{
}

BhgEvent *bhg_event_new(GVariant *variant)
{
	BhgEvent *self = g_object_new(BHG_TYPE_EVENT, NULL);

	self->variant = g_variant_ref_sink(variant);
	return self;
}

GVariant *bhg_event_get_variant(BhgEvent *self)
{
	return self->variant;
}

static const char *word(BhgEvent *self, const char *key)
{
	const char *text;

	return g_variant_lookup(self->variant, key, "&s", &text) ? text : "";
}

static guint64 number(BhgEvent *self, const char *key)
{
	guint64 value;

	return g_variant_lookup(self->variant, key, "t", &value) ? value : 0;
}

guint64 bhg_event_get_number(BhgEvent *self)
{
	return number(self, "number");
}

const char *bhg_event_get_cell(BhgEvent *self)
{
	return word(self, "cell");
}

gboolean bhg_event_is_violation(BhgEvent *self)
{
	return g_str_equal(word(self, "type"), "violation");
}

const char *bhg_event_get_icon(BhgEvent *self)
{
	const char *type = word(self, "type");

	if (g_str_equal(type, "core-fault") || g_str_equal(type, "cpu-failed"))
		return "dialog-error-symbolic";
	if (g_str_equal(type, "violation"))
		return "dialog-warning-symbolic";
	if (g_str_equal(type, "cell-power"))
		return "system-shutdown-symbolic";
	return "dialog-information-symbolic";
}

char *bhg_event_get_time(BhgEvent *self)
{
	return bhg_words_time(number(self, "time"));
}

char *bhg_event_get_message(BhgEvent *self)
{
	const char *message = word(self, "message");
	gunichar first = g_utf8_get_char(message);
	g_autoptr(GString) text = g_string_new(NULL);

	if (!*message)
		return g_strdup(word(self, "type"));
	/* Names of cells are as they are. */
	if (g_str_has_prefix(message, bhg_event_get_cell(self)))
		return g_strdup(message);
	g_string_append_unichar(text, g_unichar_toupper(first));
	g_string_append(text, g_utf8_next_char(message));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *bhg_event_explain(BhgEvent *self)
{
	static const struct {
		const char *kind;
		const char *text;
	} kinds[] = {
		{"memory", N_("It used memory that it does not have.")},
		{"pio", N_("It used an I/O port that it does not have.")},
		{"pci", N_("It wanted to set up a device in a way that is not its to choose.")},
		{"msr",
		 N_("It wanted to change a register of the CPU that belongs to the machine.")},
		{"irq", N_("It wanted an interrupt that it does not have.")},
		{"hypercall", N_("It asked the hypervisor for something that is not for cells.")},
		{"cpu", N_("It did something with another CPU that it may not do.")},
		{"instruction", N_("It used an instruction that no cell may use.")},
		{"core", N_("It was stopped by the hypervisor itself.")},
	};
	gboolean stopped = FALSE;
	const char *what = NULL;

	if (!bhg_event_is_violation(self))
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_equal(kinds[i].kind, word(self, "kind")))
			what = _(kinds[i].text);
	g_variant_lookup(self->variant, "stopped", "b", &stopped);
	/* Translators: one sentence after another */
	return g_strdup_printf(_("%s %s"), what ? what : _("It did something that it may not do."),
			       stopped ? _("Its CPU was stopped for it.")
				       : _("Nothing came of it, and it went on."));
}
