// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-error.h"
#include "bhd-options.h"

#define OPTIONS_MAX 8

struct option {
	const char *key;
	const char *type;
	gpointer place;
};

static gboolean take_value(const struct option *option, GVariant *value, GError **error)
{
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE(option->type))) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_ARGUMENT,
			    "the option \"%s\" has the type \"%s\", it must be \"%s\"", option->key,
			    g_variant_get_type_string(value), option->type);
		return FALSE;
	}
	if (!strcmp(option->type, "b"))
		*(gboolean *)option->place = g_variant_get_boolean(value);
	else if (!strcmp(option->type, "u"))
		*(guint *)option->place = g_variant_get_uint32(value);
	else if (!strcmp(option->type, "t"))
		*(guint64 *)option->place = g_variant_get_uint64(value);
	else if (!strcmp(option->type, "s")) {
		g_free(*(char **)option->place);
		*(char **)option->place = g_variant_dup_string(value, NULL);
	} else {
		g_clear_pointer((GVariant **)option->place, g_variant_unref);
		*(GVariant **)option->place = g_variant_ref(value);
	}
	return TRUE;
}

gboolean bhd_options_read(GVariant *options, GError **error, ...)
{
	struct option known[OPTIONS_MAX];
	guint count = 0, i;
	GVariantIter iter;
	const char *key;
	GVariant *value;
	va_list args;

	va_start(args, error);
	while ((key = va_arg(args, const char *))) {
		g_assert(count < OPTIONS_MAX);
		known[count].key = key;
		known[count].type = va_arg(args, const char *);
		known[count++].place = va_arg(args, gpointer);
	}
	va_end(args);

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) owned = value;

		for (i = 0; i < count && strcmp(known[i].key, key); i++)
			;
		if (i == count) {
			g_set_error(error, BHD_ERROR, BHD_ERROR_UNKNOWN_OPTION,
				    "this method has no option \"%.64s\"", key);
			return FALSE;
		}
		if (!take_value(&known[i], owned, error))
			return FALSE;
	}
	return TRUE;
}
