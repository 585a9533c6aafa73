// SPDX-License-Identifier: GPL-2.0-or-later

#include <string.h>
#include "bh-value.h"
#include "bhe-template.h"

#define MIB (1ULL << 20)
#define PAGE 4096ULL

guint64 bhe_template_usual_memory(BheTemplateKind kind)
{
	static const guint64 usual[] = {
		[BHE_TEMPLATE_BARE_METAL] = MIB,
		[BHE_TEMPLATE_RTOS] = 64 * MIB,
		[BHE_TEMPLATE_LINUX] = 256 * MIB,
	};

	return usual[kind];
}

guint64 bhe_template_least_memory(BheTemplateKind kind)
{
	static const guint64 least[] = {
		[BHE_TEMPLATE_BARE_METAL] = 64 * 1024,
		[BHE_TEMPLATE_RTOS] = 64 * 1024,
		[BHE_TEMPLATE_LINUX] = 64 * MIB,
	};

	return least[kind];
}

static gboolean is_given(const char *text)
{
	return text && *text;
}

static void add_memory(GString *text, const char *name, guint64 size, const char *address)
{
	g_autofree char *value = bh_value_format_size(size);

	g_string_append_printf(text, "[Memory %s]\nSize=%s\n", name, value);
	if (address)
		g_string_append_printf(text, "GuestAddress=%s\n", address);
	g_string_append_c(text, '\n');
}

/* The comm region of a PC lies at 1 MiB: what is more than that goes above it. */
static void add_memory_around_comm(GString *text, guint64 size)
{
	g_string_append(text, "# Programs begin at address 0; the comm region lies at 1 MiB.\n");
	add_memory(text, "low", MIB, "0");
	add_memory(text, "main", size - MIB, "2M");
}

static void add_comm(GString *text)
{
	g_string_append(text, "# Where the cell is asked to shut down, and answers.\n"
			      "[Memory comm]\nType=comm\n\n");
}

static void add_head(GString *text, const BheTemplate *template)
{
	g_string_append(text, "[Cell]\n");
	if (is_given(template->description))
		g_string_append_printf(text, "Description=%s\n", template->description);
	if (template->arm64)
		g_string_append(text, "Architecture=arm64\n");
	g_string_append_printf(text, "Cpus=count:%u\n", template->cpus);
}

static void add_bare_metal(GString *text, const BheTemplate *template, guint64 memory)
{
	if (template->heartbeat)
		g_string_append(text, "# Without a sign of life for this long it is reported as "
				      "late.\nHeartbeatSec=3\n");
	g_string_append_c(text, '\n');
	if (template->arm64 || memory <= MIB) {
		g_string_append(text, "# Programs begin at address 0.\n");
		add_memory(text, "ram", memory, "0");
	} else {
		add_memory_around_comm(text, memory);
	}
	add_comm(text);
	if (is_given(template->program))
		g_string_append_printf(text, "[Image program]\nFile=%s\n%s\n", template->program,
				       g_str_has_suffix(template->program, ".elf") ? "Format=elf\n"
										   : "");
	g_string_append(text, "# A program that fails is started again.\n"
			      "[Service]\nRestart=on-failure\n");
}

static void add_rtos(GString *text, const BheTemplate *template, guint64 memory)
{
	g_string_append(text, "# The system does not know Bulkhead: it is stopped without being "
			      "asked.\nPassiveComm=yes\n\n");
	add_memory(text, "ram", memory, "0");
	if (is_given(template->program))
		g_string_append_printf(
			text, "[Image kernel]\nFile=%s\n%s\n", template->program,
			g_str_has_suffix(template->program, ".bin") ? "" : "Format=elf\n");
	g_string_append(text,
			"# It looks for hardware when it starts: what it does not find reads as "
			"ones.\n# Anything it touches in memory that is not its own stops it all "
			"the same.\n[Policy]\nDefault=ignore\nMemory=stop\n\n"
			"[Service]\nRestart=on-failure\n");
}

static void add_linux(GString *text, const BheTemplate *template, guint64 memory)
{
	g_string_append(text, "\n# Where the kernel is entered from, and started CPUs begin.\n");
	add_memory(text, "low", MIB, "0");
	add_comm(text);
	add_memory(text, "main", memory - 2 * MIB, "2M");
	g_string_append_printf(text, "[Linux]\nKernel=%s\n",
			       is_given(template->kernel) ? template->kernel : "/vmlinuz");
	if (is_given(template->initrd))
		g_string_append_printf(text, "Initrd=%s\n", template->initrd);
	if (is_given(template->command_line))
		g_string_append_printf(text, "CommandLine=%s\n", template->command_line);
}

char *bhe_template_make(const BheTemplate *template)
{
	GString *text = g_string_new(NULL);
	guint64 memory = MAX(template->memory, bhe_template_least_memory(template->kind));

	memory = (memory + PAGE - 1) & ~(PAGE - 1);
	add_head(text, template);
	switch (template->kind) {
	case BHE_TEMPLATE_BARE_METAL:
		add_bare_metal(text, template, memory);
		break;
	case BHE_TEMPLATE_RTOS:
		add_rtos(text, template, memory);
		break;
	case BHE_TEMPLATE_LINUX:
		add_linux(text, template, memory);
		break;
	}
	return g_string_free(text, FALSE);
}
