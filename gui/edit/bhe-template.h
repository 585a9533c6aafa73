/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of new cell files. */
#ifndef BHE_TEMPLATE_H
#define BHE_TEMPLATE_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
	BHE_TEMPLATE_BARE_METAL, /* a program made with the guest library, or one like it */
	BHE_TEMPLATE_RTOS, /* an operating system that does not know Bulkhead */
	BHE_TEMPLATE_LINUX,
} BheTemplateKind;

typedef struct {
	BheTemplateKind kind;
	gboolean arm64;
	const char *description; /* these may be NULL or empty */
	const char *program; /* BARE_METAL, RTOS: path */
	const char *kernel, *initrd, *command_line; /* LINUX */
	guint cpus;
	guint64 memory;
	gboolean heartbeat; /* one is expected; BARE_METAL only */
} BheTemplate;

char *bhe_template_make(const BheTemplate *template);
/* What is a good amount, and the least that is possible. */
guint64 bhe_template_usual_memory(BheTemplateKind kind);
guint64 bhe_template_least_memory(BheTemplateKind kind);

G_END_DECLS

#endif
