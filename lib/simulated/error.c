// SPDX-License-Identifier: GPL-2.0-or-later
/* Sentences for people, made from the table in <bulkhead/error.h>. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "simulated.h"

static const struct {
	int number;
	const char *text;
} errors[] = {
#define ERROR_ENTRY(name, number, text) {number, text},
	BH_ERRORS(ERROR_ENTRY)
#undef ERROR_ENTRY
};

static const char *const places[] = {"header",	    "CPUs",	      "memory regions",
				     "port ranges", "interrupt pins", "PCI devices",
				     "links"};

int sim_error(struct bh_device_error *error, int errno_, u32 reason, const char *format, ...)
{
	va_list args;

	memset(error, 0, sizeof(*error));
	error->errno_ = errno_;
	error->reason = reason;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -errno_;
}

/* Counts read better in decimal, addresses in hexadecimal. */
static bool value_is_address(u32 code)
{
	switch (code) {
	case BH_E_DESC_MAGIC:
	case BH_E_DESC_TABLE:
	case BH_E_DESC_FLAGS:
	case BH_E_DESC_RESERVED:
	case BH_E_ADDRESS:
	case BH_E_MEM_WRAP:
	case BH_E_MEM_ALIGN:
	case BH_E_MEM_OWNED:
	case BH_E_MEM_NOT_RAM:
	case BH_E_MEM_IS_RAM:
	case BH_E_MEM_OVERLAP:
	case BH_E_MEM_PHYS_OVERLAP:
	case BH_E_MEM_PLATFORM:
	case BH_E_MEM_SUBPAGE:
	case BH_E_COMM_SIZE:
	case BH_E_RESET_ADDRESS:
	case BH_E_PIO_RANGE:
	case BH_E_PIO_OWNED:
	case BH_E_PIO_PLATFORM:
	case BH_E_IRQCHIP_UNKNOWN:
	case BH_E_PCI_BAR:
	case BH_E_BOOT_INFO:
	case BH_E_CORE_FAULT:
	case BH_E_LINK_ALIGN:
	case BH_E_LINK_WRAP:
	case BH_E_LINK_OVERLAP:
	case BH_E_LINK_MEMORY:
	case BH_E_LINK_DIFFERS:
	case BH_E_LINK_NO_WINDOW:
		return true;
	default:
		return false;
	}
}

static bool limit_is_address(u32 code)
{
	return value_is_address(code) && code != BH_E_MEM_OVERLAP && code != BH_E_MEM_PHYS_OVERLAP;
}

static void owner_name(char *out, size_t size, u32 owner)
{
	const struct cell *cell = cell_get(owner);

	if (owner == BH_OWNER_ROOT)
		snprintf(out, size, "the root");
	else if (owner == BH_OWNER_CORE)
		snprintf(out, size, "the core");
	else if (owner == BH_OWNER_NOBODY)
		snprintf(out, size, "nobody");
	else if (owner - BH_OWNER_LINK < BH_LINKS_MAX)
		snprintf(out, size, "link %u", owner - BH_OWNER_LINK);
	else if (cell)
		snprintf(out, size, "cell \"%s\"", cell->name);
	else
		snprintf(out, size, "cell %u", owner);
}

/* The word in braces at @word. */
static void expand_word(char *out, size_t size, const char *word, const struct bh_error *e)
{
	const char *const number[] = {"%llu", "0x%llx"};

	if (!strncmp(word, "value}", 6) && e->code == BH_E_CELL_STATE) {
		snprintf(out, size, "\"%s\"", bh_state_word(e->value));
	} else if (!strncmp(word, "value}", 6)) {
		snprintf(out, size, number[value_is_address(e->code)],
			 (unsigned long long)e->value);
	} else if (!strncmp(word, "limit}", 6)) {
		snprintf(out, size, number[limit_is_address(e->code)],
			 (unsigned long long)e->limit);
	} else if (!strncmp(word, "index}", 6)) {
		snprintf(out, size, "%u", e->index);
	} else if (!strncmp(word, "owner}", 6)) {
		owner_name(out, size, e->owner);
	} else if (!strncmp(word, "where}", 6)) {
		snprintf(out, size, "%s",
			 e->where < ARRAY_SIZE(places) ? places[e->where] : "something");
	} else if (!strncmp(word, "bdf}", 4)) {
		/* BAR errors have both a device and a BAR number: the device is in limit then. */
		u32 bdf = e->code == BH_E_PCI_BAR ? e->limit : e->index;

		snprintf(out, size, "%02x:%02x.%x", bdf >> 8 & 0xff, bdf >> 3 & 0x1f, bdf & 7);
	} else {
		snprintf(out, size, "something");
	}
}

int sim_error_core(struct bh_device_error *error, const struct bh_error *core)
{
	const char *in;
	size_t n = 0;

	if (core->code == BH_E_NONE || core->code >= BH_ERROR_COUNT)
		return sim_error(error, EIO, BH_R_CORE, "the core refused the request, code %u",
				 core->code);
	memset(error, 0, sizeof(*error));
	error->errno_ = errors[core->code].number;
	error->reason = BH_R_CORE;
	error->core = *core;
	for (in = errors[core->code].text; *in && n + 1 < sizeof(error->text);) {
		if (*in != '{') {
			error->text[n++] = *in++;
			continue;
		}
		expand_word(error->text + n, sizeof(error->text) - n, in + 1, core);
		n += strlen(error->text + n);
		in = strchr(in, '}') + 1;
	}
	error->text[n] = '\0';
	return -error->errno_;
}

int sim_error_code(struct bh_device_error *error, u32 code, u32 index, u64 value, u64 limit)
{
	return sim_error_core(
		error,
		&(struct bh_error){.code = code, .index = index, .value = value, .limit = limit});
}
