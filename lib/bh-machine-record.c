// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <gio/gio.h>
#include "bh-machine-private.h"

#define FIELD(type, of_kind, member)                         \
	{                                                    \
		.name = #member, .kind = BH_FIELD_##of_kind, \
		.offset = G_STRUCT_OFFSET(type, member)      \
	}
#define RECORDS(type, member, of)                                                  \
	{                                                                          \
		.name = #member, .kind = BH_FIELD_RECORDS,                         \
		.offset = G_STRUCT_OFFSET(type, member), .record = &bh_record_##of \
	}
#define RECORD(type, of)                  \
	const BhRecord bh_record_##of = { \
		.size = sizeof(type),     \
		.fields = of##_fields,    \
	}

static const BhField cpu_fields[] = {
	FIELD(BhMachineCpu, NUMBER, id),	FIELD(BhMachineCpu, FLAG, online),
	FIELD(BhMachineCpu, FLAG, can_offline), FIELD(BhMachineCpu, NUMBER, apic_id),
	FIELD(BhMachineCpu, NUMBER, package),	FIELD(BhMachineCpu, NUMBER, core),
	FIELD(BhMachineCpu, NUMBER, node),	{0},
};
RECORD(BhMachineCpu, cpu);

static const BhField cache_fields[] = {
	FIELD(BhMachineCache, NUMBER, level),
	FIELD(BhMachineCache, WORD, type),
	FIELD(BhMachineCache, ADDRESS, size),
	FIELD(BhMachineCache, NUMBERS, cpus),
	{0},
};
RECORD(BhMachineCache, cache);

static const BhField block_fields[] = {
	FIELD(BhMachineBlock, ADDRESS, start),
	FIELD(BhMachineBlock, ADDRESS, size),
	FIELD(BhMachineBlock, FLAG, online),
	FIELD(BhMachineBlock, FLAG, removable),
	FIELD(BhMachineBlock, WORD_OR_NULL, zone),
	FIELD(BhMachineBlock, NUMBER, node),
	{0},
};
RECORD(BhMachineBlock, block);

static const BhField region_fields[] = {
	FIELD(BhMachineRegion, ADDRESS, start),
	FIELD(BhMachineRegion, ADDRESS, size),
	FIELD(BhMachineRegion, NUMBER, level),
	FIELD(BhMachineRegion, WORD, name),
	{0},
};
RECORD(BhMachineRegion, region);

static const BhField bar_fields[] = {
	FIELD(BhMachineBar, NUMBER, index),
	FIELD(BhMachineBar, ADDRESS, start),
	FIELD(BhMachineBar, ADDRESS, size),
	FIELD(BhMachineBar, FLAG, io),
	FIELD(BhMachineBar, FLAG, is_64bit),
	FIELD(BhMachineBar, FLAG, prefetchable),
	{0},
};
RECORD(BhMachineBar, bar);

static const BhField device_fields[] = {
	FIELD(BhMachineDevice, WORD, address),
	FIELD(BhMachineDevice, NUMBER, vendor),
	FIELD(BhMachineDevice, NUMBER, device),
	FIELD(BhMachineDevice, NUMBER, subvendor),
	FIELD(BhMachineDevice, NUMBER, subdevice),
	FIELD(BhMachineDevice, NUMBER, class),
	FIELD(BhMachineDevice, FLAG, bridge),
	FIELD(BhMachineDevice, WORD_OR_NULL, name),
	FIELD(BhMachineDevice, WORD_OR_NULL, driver),
	RECORDS(BhMachineDevice, bars, bar),
	FIELD(BhMachineDevice, NUMBER, irq),
	FIELD(BhMachineDevice, NUMBER, msi),
	FIELD(BhMachineDevice, NUMBER, msix),
	FIELD(BhMachineDevice, WORD_OR_NULL, iommu_group),
	FIELD(BhMachineDevice, WORD_OR_NULL, reset_domain),
	FIELD(BhMachineDevice, WORDS, reset_methods),
	FIELD(BhMachineDevice, WORDS, used_for),
	FIELD(BhMachineDevice, NUMBER, node),
	{0},
};
RECORD(BhMachineDevice, device);

static const BhField node_fields[] = {
	FIELD(BhMachineNode, WORD, path),	   FIELD(BhMachineNode, WORDS, compatible),
	FIELD(BhMachineNode, ADDRESS, start),	   FIELD(BhMachineNode, ADDRESS, size),
	FIELD(BhMachineNode, NUMBERS, interrupts), {0},
};
RECORD(BhMachineNode, node);

static const BhField uart_fields[] = {
	FIELD(BhMachineUart, WORD, name),	    FIELD(BhMachineUart, WORD, type),
	FIELD(BhMachineUart, ADDRESS, start),	    FIELD(BhMachineUart, FLAG, io),
	FIELD(BhMachineUart, NUMBER, irq),	    FIELD(BhMachineUart, FLAG, console),
	FIELD(BhMachineUart, WORD_OR_NULL, device), {0},
};
RECORD(BhMachineUart, uart);

static const BhField iommu_fields[] = {
	FIELD(BhMachineIommu, WORD, type),
	FIELD(BhMachineIommu, ADDRESS, address),
	FIELD(BhMachineIommu, NUMBER, segment),
	FIELD(BhMachineIommu, FLAG, active),
	{0},
};
RECORD(BhMachineIommu, iommu);

static const BhField intc_fields[] = {
	FIELD(BhMachineIntc, WORD, type),
	FIELD(BhMachineIntc, NUMBER, id),
	FIELD(BhMachineIntc, ADDRESS, address),
	FIELD(BhMachineIntc, ADDRESS, cpu_address),
	FIELD(BhMachineIntc, NUMBER, gsi_base),
	FIELD(BhMachineIntc, NUMBER, pins),
	{0},
};
RECORD(BhMachineIntc, intc);

static const BhField interrupt_fields[] = {
	FIELD(BhMachineInterrupt, NUMBER, irq),	   FIELD(BhMachineInterrupt, SIGNED, gsi),
	FIELD(BhMachineInterrupt, WORD, chip),	   FIELD(BhMachineInterrupt, FLAG, level),
	FIELD(BhMachineInterrupt, WORDS, actions), {0},
};
RECORD(BhMachineInterrupt, interrupt);

static const BhField mmconfig_fields[] = {
	FIELD(BhMachineMmconfig, ADDRESS, start),
	FIELD(BhMachineMmconfig, NUMBER, segment),
	FIELD(BhMachineMmconfig, NUMBER, first_bus),
	FIELD(BhMachineMmconfig, NUMBER, last_bus),
	{0},
};
RECORD(BhMachineMmconfig, mmconfig);

static const BhField machine_fields[] = {
	FIELD(BhMachine, WORD, name),
	FIELD(BhMachine, WORD, architecture),
	FIELD(BhMachine, WORD_OR_NULL, kernel),
	FIELD(BhMachine, WORD_OR_NULL, cpu_model),
	FIELD(BhMachine, WORD_OR_NULL, virtualization),
	FIELD(BhMachine, FLAG, guest),
	FIELD(BhMachine, FLAG, simulated),
	FIELD(BhMachine, ADDRESS, memory_size),
	FIELD(BhMachine, ADDRESS, block_size),
	RECORDS(BhMachine, cpus, cpu),
	RECORDS(BhMachine, caches, cache),
	RECORDS(BhMachine, blocks, block),
	RECORDS(BhMachine, regions, region),
	RECORDS(BhMachine, devices, device),
	RECORDS(BhMachine, nodes, node),
	RECORDS(BhMachine, uarts, uart),
	RECORDS(BhMachine, iommus, iommu),
	RECORDS(BhMachine, intcs, intc),
	RECORDS(BhMachine, interrupts, interrupt),
	RECORDS(BhMachine, mmconfigs, mmconfig),
	{0},
};
RECORD(BhMachine, machine);

static void word_clear(char **word)
{
	g_clear_pointer(word, g_free);
}

void bh_record_init(const BhRecord *type, gpointer record)
{
	for (const BhField *field = type->fields; field->name; field++) {
		gpointer *member = G_STRUCT_MEMBER_P(record, field->offset);

		if (field->kind == BH_FIELD_WORDS)
			*member = g_new0(char *, 1);
		else if (field->kind == BH_FIELD_NUMBERS)
			*member = g_array_new(FALSE, FALSE, sizeof(guint));
		else if (field->kind == BH_FIELD_RECORDS)
			*member = g_ptr_array_new();
	}
}

void bh_record_clear(const BhRecord *type, gpointer record)
{
	for (const BhField *field = type->fields; field->name; field++) {
		gpointer *member = G_STRUCT_MEMBER_P(record, field->offset);

		switch (field->kind) {
		case BH_FIELD_WORD:
		case BH_FIELD_WORD_OR_NULL:
			word_clear((char **)member);
			break;
		case BH_FIELD_WORDS:
			g_clear_pointer((char ***)member, g_strfreev);
			break;
		case BH_FIELD_NUMBERS:
			g_clear_pointer((GArray **)member, g_array_unref);
			break;
		case BH_FIELD_RECORDS: {
			GPtrArray *array = *member;

			for (guint i = 0; i < array->len; i++) {
				bh_record_clear(field->record, array->pdata[i]);
				g_free(array->pdata[i]);
			}
			g_clear_pointer((GPtrArray **)member, g_ptr_array_unref);
			break;
		}
		case BH_FIELD_FLAG:
		case BH_FIELD_NUMBER:
		case BH_FIELD_SIGNED:
		case BH_FIELD_ADDRESS:
			break;
		}
	}
}

gpointer bh_record_append(GPtrArray *array, const BhRecord *type)
{
	gpointer record = g_malloc0(type->size);

	bh_record_init(type, record);
	g_ptr_array_add(array, record);
	return record;
}

static JsonNode *record_to_json(const BhRecord *type, gconstpointer record)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();

	for (const BhField *field = type->fields; field->name; field++) {
		const void *member = G_STRUCT_MEMBER_P(record, field->offset);
		const char *name = field->name;
		JsonArray *array;

		switch (field->kind) {
		case BH_FIELD_FLAG:
			json_object_set_boolean_member(object, name, *(const gboolean *)member);
			break;
		case BH_FIELD_NUMBER:
			json_object_set_int_member(object, name, *(const guint *)member);
			break;
		case BH_FIELD_SIGNED:
			json_object_set_int_member(object, name, *(const gint *)member);
			break;
		case BH_FIELD_ADDRESS: {
			g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x",
								*(const guint64 *)member);

			json_object_set_string_member(object, name, text);
			break;
		}
		case BH_FIELD_WORD:
		case BH_FIELD_WORD_OR_NULL:
			if (*(char *const *)member)
				json_object_set_string_member(object, name, *(char *const *)member);
			break;
		case BH_FIELD_WORDS:
			array = json_array_new();
			for (char **word = *(char **const *)member; *word; word++)
				json_array_add_string_element(array, *word);
			json_object_set_array_member(object, name, array);
			break;
		case BH_FIELD_NUMBERS: {
			const GArray *numbers = *(GArray *const *)member;

			array = json_array_new();
			for (guint i = 0; i < numbers->len; i++)
				json_array_add_int_element(array, g_array_index(numbers, guint, i));
			json_object_set_array_member(object, name, array);
			break;
		}
		case BH_FIELD_RECORDS: {
			const GPtrArray *records = *(GPtrArray *const *)member;

			array = json_array_new();
			for (guint i = 0; i < records->len; i++)
				json_array_add_element(
					array, record_to_json(field->record, records->pdata[i]));
			json_object_set_array_member(object, name, array);
			break;
		}
		}
	}
	json_node_take_object(node, object);
	return node;
}

static gboolean json_wrong(GError **error, const char *where, const char *name, const char *wanted)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		    "Not a machine description: \"%s\" of %s must be %s", name, where, wanted);
	return FALSE;
}

static gboolean json_is(JsonNode *node, GType type)
{
	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static gboolean json_read_number(JsonNode *node, gint64 minimum, gint64 maximum, gint64 *value)
{
	if (!json_is(node, G_TYPE_INT64))
		return FALSE;
	*value = json_node_get_int(node);
	return *value >= minimum && *value <= maximum;
}

static gboolean json_read_address(JsonNode *node, guint64 *value)
{
	const char *text;
	char *end;

	if (!json_is(node, G_TYPE_STRING))
		return FALSE;
	text = json_node_get_string(node);
	if (!g_str_has_prefix(text, "0x") || !g_ascii_isxdigit(text[2]))
		return FALSE;
	errno = 0;
	*value = g_ascii_strtoull(text, &end, 16);
	return !*end && !errno;
}

static gboolean record_from_json(const BhRecord *type, gpointer record, JsonNode *node,
				 const char *where, GError **error);

static gboolean field_from_json(const BhField *field, gpointer member, JsonNode *node,
				const char *where, GError **error)
{
	JsonArray *array = NULL;
	gint64 number;

	if (field->kind >= BH_FIELD_WORDS) {
		if (!JSON_NODE_HOLDS_ARRAY(node))
			return json_wrong(error, where, field->name, "a list");
		array = json_node_get_array(node);
	}
	switch (field->kind) {
	case BH_FIELD_FLAG:
		if (!json_is(node, G_TYPE_BOOLEAN))
			return json_wrong(error, where, field->name, "true or false");
		*(gboolean *)member = json_node_get_boolean(node);
		break;
	case BH_FIELD_NUMBER:
		if (!json_read_number(node, 0, G_MAXUINT, &number))
			return json_wrong(error, where, field->name, "a number of 32 bits");
		*(guint *)member = number;
		break;
	case BH_FIELD_SIGNED:
		if (!json_read_number(node, G_MININT, G_MAXINT, &number))
			return json_wrong(error, where, field->name, "a signed number of 32 bits");
		*(gint *)member = number;
		break;
	case BH_FIELD_ADDRESS:
		if (!json_read_address(node, member))
			return json_wrong(error, where, field->name,
					  "hexadecimal digits in quotes, like \"0x1000\"");
		break;
	case BH_FIELD_WORD:
	case BH_FIELD_WORD_OR_NULL:
		if (!json_is(node, G_TYPE_STRING))
			return json_wrong(error, where, field->name, "a string");
		*(char **)member = g_strdup(json_node_get_string(node));
		break;
	case BH_FIELD_WORDS: {
		g_autoptr(GStrvBuilder) words = g_strv_builder_new();

		for (guint i = 0; i < json_array_get_length(array); i++) {
			JsonNode *element = json_array_get_element(array, i);

			if (!json_is(element, G_TYPE_STRING))
				return json_wrong(error, where, field->name, "a list of strings");
			g_strv_builder_add(words, json_node_get_string(element));
		}
		g_strfreev(*(char ***)member);
		*(char ***)member = g_strv_builder_end(words);
		break;
	}
	case BH_FIELD_NUMBERS:
		for (guint i = 0; i < json_array_get_length(array); i++) {
			guint value;

			if (!json_read_number(json_array_get_element(array, i), 0, G_MAXUINT,
					      &number))
				return json_wrong(error, where, field->name, "a list of numbers");
			value = number;
			g_array_append_val(*(GArray **)member, value);
		}
		break;
	case BH_FIELD_RECORDS:
		for (guint i = 0; i < json_array_get_length(array); i++) {
			g_autofree char *inner = g_strdup_printf("%s[%u]", field->name, i);

			if (!record_from_json(
				    field->record,
				    bh_record_append(*(GPtrArray **)member, field->record),
				    json_array_get_element(array, i), inner, error))
				return FALSE;
		}
		break;
	}
	return TRUE;
}

/* On failure the record is whole enough to be cleared. */
static gboolean record_from_json(const BhRecord *type, gpointer record, JsonNode *node,
				 const char *where, GError **error)
{
	JsonObject *object;
	guint known = 0;

	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "Not a machine description: %s must be an object", where);
		return FALSE;
	}
	object = json_node_get_object(node);
	for (const BhField *field = type->fields; field->name; field++) {
		JsonNode *member = json_object_get_member(object, field->name);

		if (member) {
			known++;
			if (!field_from_json(field, G_STRUCT_MEMBER_P(record, field->offset),
					     member, where, error))
				return FALSE;
		} else if (field->kind != BH_FIELD_WORD_OR_NULL) {
			return json_wrong(error, where, field->name, "there");
		}
	}
	if (type == &bh_record_machine)
		known++; /* "version", which is not of the machine */
	if (known == json_object_get_size(object))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		    "Not a machine description: %s has a member this version does not know", where);
	return FALSE;
}

JsonNode *bh_machine_to_json(const BhMachine *machine)
{
	JsonNode *node = record_to_json(&bh_record_machine, machine);

	json_object_set_int_member(json_node_get_object(node), "version", BH_MACHINE_VERSION);
	return node;
}

static gboolean range_is_sound(guint64 start, guint64 size)
{
	return size == 0 || start <= G_MAXUINT64 - (size - 1);
}

/* What types alone do not say, and what those who calculate with the numbers rely on. */
static gboolean machine_is_sound(const BhMachine *machine, GError **error)
{
	g_autoptr(GHashTable) cpus = g_hash_table_new(NULL, NULL);

	if (machine->cpus->len == 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "The machine described has no CPU");
		return FALSE;
	}
	for (guint i = 0; i < machine->cpus->len; i++) {
		const BhMachineCpu *cpu = machine->cpus->pdata[i];

		if (g_hash_table_add(cpus, GUINT_TO_POINTER(cpu->id)))
			continue;
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "The machine described has CPU %u twice", cpu->id);
		return FALSE;
	}
	for (guint i = 0; i < machine->blocks->len; i++) {
		const BhMachineBlock *block = machine->blocks->pdata[i];

		if (!range_is_sound(block->start, block->size))
			return json_wrong(error, "a memory block", "size", "below 2^64");
	}
	for (guint i = 0; i < machine->regions->len; i++) {
		const BhMachineRegion *region = machine->regions->pdata[i];

		if (!range_is_sound(region->start, region->size))
			return json_wrong(error, region->name, "size", "below 2^64");
	}
	for (guint i = 0; i < machine->devices->len; i++) {
		const BhMachineDevice *device = machine->devices->pdata[i];
		g_autofree char *normal = bh_machine_normalize_pci(device->address);

		if (g_strcmp0(normal, device->address))
			return json_wrong(error, "a device", "address", "like \"0000:00:03.0\"");
		for (guint j = 0; j < device->bars->len; j++) {
			const BhMachineBar *bar = device->bars->pdata[j];

			if (!range_is_sound(bar->start, bar->size))
				return json_wrong(error, device->address, "size", "below 2^64");
		}
	}
	return TRUE;
}

BhMachine *bh_machine_from_json(JsonNode *node, GError **error)
{
	g_autoptr(BhMachine) machine = NULL;
	JsonNode *version;

	g_return_val_if_fail(node, NULL);
	version = JSON_NODE_HOLDS_OBJECT(node)
			  ? json_object_get_member(json_node_get_object(node), "version")
			  : NULL;
	if (!version || !json_is(version, G_TYPE_INT64)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "Not a machine description: there is no number \"version\"");
		return NULL;
	}
	if (json_node_get_int(version) != BH_MACHINE_VERSION) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
			    "The machine description has version %" G_GINT64_FORMAT
			    ", but this program knows version %d: save it again with a program of "
			    "this version",
			    json_node_get_int(version), BH_MACHINE_VERSION);
		return NULL;
	}
	machine = bh_machine_new();
	if (!record_from_json(&bh_record_machine, machine, node, "the machine", error) ||
	    !machine_is_sound(machine, error))
		return NULL;
	bh_machine_sort(machine);
	return g_steal_pointer(&machine);
}

BhMachine *bh_machine_load(const char *path, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	BhMachine *machine;

	if (!json_parser_load_from_file(parser, path, error)) {
		if (error && (*error)->domain != G_FILE_ERROR)
			g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	if (!json_parser_get_root(parser)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "%s: Not a machine description: the file is empty", path);
		return NULL;
	}
	machine = bh_machine_from_json(json_parser_get_root(parser), error);
	if (!machine)
		g_prefix_error(error, "%s: ", path);
	return machine;
}

gboolean bh_machine_save(const BhMachine *machine, const char *path, GError **error)
{
	g_autoptr(JsonNode) node = bh_machine_to_json(machine);
	g_autofree char *text = json_to_string(node, TRUE);
	g_autofree char *lines = g_strconcat(text, "\n", NULL);

	return g_file_set_contents_full(
		path, lines, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
		error);
}

static GVariant *record_to_variant(const BhRecord *type, gconstpointer record)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	for (const BhField *field = type->fields; field->name; field++) {
		const void *member = G_STRUCT_MEMBER_P(record, field->offset);
		g_autofree char *name = g_strdelimit(g_strdup(field->name), "_", '-');
		GVariant *value = NULL;

		switch (field->kind) {
		case BH_FIELD_FLAG:
			value = g_variant_new_boolean(*(const gboolean *)member);
			break;
		case BH_FIELD_NUMBER:
			value = g_variant_new_uint32(*(const guint *)member);
			break;
		case BH_FIELD_SIGNED:
			value = g_variant_new_int32(*(const gint *)member);
			break;
		case BH_FIELD_ADDRESS:
			value = g_variant_new_uint64(*(const guint64 *)member);
			break;
		case BH_FIELD_WORD:
		case BH_FIELD_WORD_OR_NULL:
			if (*(char *const *)member)
				value = g_variant_new_string(*(char *const *)member);
			break;
		case BH_FIELD_WORDS:
			value = g_variant_new_strv(*(const char *const *const *)member, -1);
			break;
		case BH_FIELD_NUMBERS: {
			const GArray *numbers = *(GArray *const *)member;

			value = g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, numbers->data,
							  numbers->len, sizeof(guint));
			break;
		}
		case BH_FIELD_RECORDS: {
			const GPtrArray *records = *(GPtrArray *const *)member;
			GVariantBuilder array = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

			for (guint i = 0; i < records->len; i++)
				g_variant_builder_add_value(
					&array,
					record_to_variant(field->record, records->pdata[i]));
			value = g_variant_builder_end(&array);
			break;
		}
		}
		if (value)
			g_variant_dict_insert_value(&dict, name, value);
	}
	return g_variant_dict_end(&dict);
}

GVariant *bh_machine_to_variant(const BhMachine *machine)
{
	return record_to_variant(&bh_record_machine, machine);
}
