/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would have allowed an access that was forbidden: lines to add to the file of the cell, the most exact first. Knows no
 * display; bhe-grant-dialog.h asks a person.
 */
#ifndef BHE_GRANT_H
#define BHE_GRANT_H

#include "bh-machine.h"
#include "bhe-plan.h"

G_BEGIN_DECLS

typedef struct {
	char *title; /* "Give the serial port ttyS1 to the cell" */
	char *consequence; /* a sentence */
	char *section; /* "Ports ttyS1" */
	char **values; /* pairs of key and value */
} BheGrant;

void bhe_grant_free(BheGrant *grant);

/* The access in words: "CPU 2 read 4 bytes at address 0xfebc0000, where the device … is." @machine may be NULL. */
char *bhe_grant_explain(const BhMachine *machine, GVariant *violation);
/* BheGrant, transfer full; empty if nothing in a cell file can allow it. @violation: as the signal Event has it. */
GPtrArray *bhe_grant_propose(BhePlan *plan, const BhMachine *machine, const char *cell,
			     GVariant *violation);
/* "[Ports ttyS1]\nRange=0x2f8-0x2ff\n" */
char *bhe_grant_to_text(const BheGrant *grant);
/* Puts it into the plan. */
BheOperation *bhe_grant_add(const BheGrant *grant, BhePlan *plan, const char *cell, GError **error);

G_END_DECLS

#endif
