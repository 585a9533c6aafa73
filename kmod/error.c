// SPDX-License-Identifier: GPL-2.0-or-later
/* Sentences for people, made from the table in <bulkhead/error.h>. */

#include <linux/kernel.h>
#include <linux/string.h>
#include "core.h"

static const struct {
	int number;
	const char *text;
} errors[] = {
#define ERROR_ENTRY(name, number, text) {number, text},
	BH_ERRORS(ERROR_ENTRY)
#undef ERROR_ENTRY
};

static const char *const features[] = {
#define FEATURE_ENTRY(name, text) text,
	BH_FEATURES(FEATURE_ENTRY)
#undef FEATURE_ENTRY
};

static const char *const places[] = {"header",	    "CPUs",	      "memory regions",
				     "port ranges", "interrupt pins", "PCI devices",
				     "links"};

int error_set(struct bh_call *call, int errno_, u32 reason, const char *format, ...)
{
	va_list args;

	/* The first reason is the cause; what fails while undoing must not hide it. */
	if (call->reason != BH_R_NONE)
		return -errno_;
	call->reason = reason;
	va_start(args, format);
	vscnprintf(call->text, sizeof(call->text), format, args);
	va_end(args);
	return -errno_;
}

/* Counts read better in decimal, addresses in hexadecimal. */
static bool error_is_count(u32 code)
{
	switch (code) {
	case BH_E_BOOT_VERSION:
	case BH_E_CPU_TIMEOUT:
	case BH_E_CORE_MEMORY:
	case BH_E_BUSY:
	case BH_E_CELLS_EXIST:
	case BH_E_NO_SUCH_CELL:
	case BH_E_DESC_VERSION:
	case BH_E_DESC_ARCH:
	case BH_E_DESC_SIZE:
	case BH_E_DESC_COUNT:
	case BH_E_ID_RANGE:
	case BH_E_ID_EXISTS:
	case BH_E_CPU_UNKNOWN:
	case BH_E_CPU_TWICE:
	case BH_E_CPU_OWNED:
	case BH_E_CPU_CALLER:
	case BH_E_CPU_LAST:
	case BH_E_CPU_ROOT_BOOT:
	case BH_E_MEM_OVERLAP:
	case BH_E_MEM_PHYS_OVERLAP:
	case BH_E_IRQ_RANGE:
	case BH_E_IRQ_OWNED:
	case BH_E_PCI_DOMAIN:
	case BH_E_POLICY:
	case BH_E_LINK_NUMBER:
	case BH_E_LINK_TWICE:
	case BH_E_LINK_PEERS:
	case BH_E_LINK_VECTORS:
	case BH_E_LINK_PEER:
	case BH_E_LINK_ROOT:
	case BH_E_NO_SUCH_LINK:
		return true;
	}
	return false;
}

static int error_owner(char *out, size_t size, u32 owner)
{
	struct bh_cell *cell;
	int n = 0;

	if (owner == BH_OWNER_ROOT)
		return scnprintf(out, size, "the root");
	if (owner == BH_OWNER_CORE)
		return scnprintf(out, size, "the core");
	if (owner == BH_OWNER_NOBODY)
		return scnprintf(out, size, "nobody");
	if (owner - BH_OWNER_LINK < BH_LINKS_MAX)
		return scnprintf(out, size, "link %u", owner - BH_OWNER_LINK);
	mutex_lock(&bh_core.cells_lock);
	list_for_each_entry (cell, &bh_core.cells, link)
		if (cell->id == owner)
			n = scnprintf(out, size, "cell \"%s\"", cell->name);
	mutex_unlock(&bh_core.cells_lock);
	return n ? n : scnprintf(out, size, "cell %u", owner);
}

static int error_word(char *out, size_t size, const char *word, const struct bh_error *error)
{
	bool count = error_is_count(error->code);
	bool pair = error->code == BH_E_MEM_OVERLAP || error->code == BH_E_MEM_PHYS_OVERLAP;

	if (!strncmp(word, "value}", 6) && error->code == BH_E_CELL_STATE)
		return scnprintf(out, size, "\"%s\"", state_name(error->value));
	if (!strncmp(word, "value}", 6))
		return scnprintf(out, size, count && !pair ? "%llu" : "0x%llx", error->value);
	if (!strncmp(word, "limit}", 6))
		return scnprintf(out, size, count ? "%llu" : "0x%llx", error->limit);
	if (!strncmp(word, "index}", 6))
		return scnprintf(out, size, "%u", error->index);
	if (!strncmp(word, "owner}", 6))
		return error_owner(out, size, error->owner);
	if (!strncmp(word, "where}", 6))
		return scnprintf(out, size, "%s",
				 error->where < ARRAY_SIZE(places) ? places[error->where] : "?");
	if (!strncmp(word, "feature}", 8))
		return scnprintf(out, size, "%s",
				 error->value < ARRAY_SIZE(features) ? features[error->value]
								     : "a feature");
	/* BAR errors have both a device and a BAR number: the device is in limit then. */
	if (!strncmp(word, "bdf}", 4)) {
		u32 bdf = error->code == BH_E_PCI_BAR ? error->limit : error->index;

		return scnprintf(out, size, "%02x:%02x.%x", bdf >> 8 & 0xff, bdf >> 3 & 0x1f,
				 bdf & 7);
	}
	return 0;
}

static void error_expand(char *out, size_t size, const struct bh_error *error)
{
	const char *in = errors[error->code].text;
	size_t n = 0;

	while (*in && n + 1 < size) {
		if (*in == '{') {
			n += error_word(out + n, size - n, in + 1, error);
			in = strchr(in, '}') + 1;
		} else {
			out[n++] = *in++;
		}
	}
	out[n] = '\0';
}

/* What a hypercall, or the launch, answered: ret is its result. */
int error_core(struct bh_call *call, const struct bh_error *error, int ret)
{
	if (call->reason != BH_R_NONE)
		return ret;
	call->error = *error;
	if (error->code == BH_E_NONE || error->code >= BH_ERROR_COUNT)
		return error_set(call, ret ? -ret : EIO, BH_R_CORE,
				 "the core refused the request with error %d, code %u", ret,
				 error->code);
	call->reason = BH_R_CORE;
	if (error->code == BH_E_CPU_IN_USE)
		call->reason = BH_R_HELD;
	else if (error->code == BH_E_CPU_FEATURE || error->code == BH_E_CPU_FIRMWARE_LOCK)
		call->reason = BH_R_MACHINE;
	error_expand(call->text, sizeof(call->text), error);
	return ret < 0 ? ret : -errors[error->code].number;
}

/* The module found out by itself what the core would have said. */
int error_code(struct bh_call *call, u32 code, u32 index, u64 value, u64 limit)
{
	struct bh_error error = {.code = code, .index = index, .value = value, .limit = limit};

	return error_core(call, &error, -errors[code].number);
}
