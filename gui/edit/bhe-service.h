/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the plan and the daemon: reads the cell files for its base, has it judged whenever it changes, applies it, and asks
 * for confirmation. One for each connection. Needs no display, and never waits.
 */
#ifndef BHE_SERVICE_H
#define BHE_SERVICE_H

#include "bhe-finding.h"
#include "bhe-plan.h"
#include "bhg-connection.h"

G_BEGIN_DECLS

typedef enum {
	BHE_PHASE_READY,
	BHE_PHASE_CHECKING, /* the daemon looks at it once more */
	BHE_PHASE_APPLYING,
	BHE_PHASE_UNCONFIRMED, /* applied; rolled back unless it is confirmed in time */
	BHE_PHASE_CONFIRMING,
	BHE_PHASE_REVERTING,
} BhePhase;

#define BHE_TYPE_SERVICE (bhe_service_get_type())
G_DECLARE_FINAL_TYPE(BheService, bhe_service, BHE, SERVICE, GObject)

/* Made when first asked for; lives as long as @connection. Borrowed. */
BheService *bhe_service_get(BhgConnection *connection);
/* With a plan of one's own, for tests; not what bhe_service_get returns. */
BheService *bhe_service_new(BhgConnection *connection, BhePlan *plan);

/*
 * Signals:
 *   "changed"    phase, time left, findings, message, or whether it can be applied
 *   "outcome"    (gboolean success, const char *sentence): something was applied, confirmed, rolled back, or failed
 */
BhePlan *bhe_service_get_plan(BheService *service);
BhgConnection *bhe_service_get_connection(BheService *service);

/* Of the plan as it is: errors first. BheFinding. */
GListModel *bhe_service_get_findings(BheService *service);
/* Are they those of the plan as it is now? */
gboolean bhe_service_is_judged(BheService *service);
/* The worst about @cell, NULL: about any; NULL if there are none. Borrowed. */
BheFinding *bhe_service_get_worst(BheService *service, const char *cell);
/* The other cell that wants the same, if one can go to it; NULL. Borrowed. */
const char *bhe_service_get_rival(BheService *service, BheFinding *finding);

BhePhase bhe_service_get_phase(BheService *service);
/* What went wrong, or happened, last; NULL. */
const char *bhe_service_get_message(BheService *service);
/* Seconds until the roll-back; 0 unless BHE_PHASE_UNCONFIRMED. */
guint bhe_service_get_seconds_left(BheService *service);
/* From 0 to 1, and in words what is being done; < 0: nothing is known. */
double bhe_service_get_progress(BheService *service, char **words);

/* NULL: it can be applied; else a sentence. Borrowed until "changed". */
const char *bhe_service_why_not(BheService *service);
/* Cells that exist and whose file the plan changes. */
/* What applying does, in this order, as sentences. */
char **bhe_service_list_steps(BheService *service, guint seconds, gboolean restart);
char **bhe_service_list_restarts(BheService *service);
/*
 * Verifies, and applies until confirmed. @seconds: in which to confirm. @restart: cells of bhe_service_list_restarts are made anew;
 * else they keep what they have until they are restarted.
 */
void bhe_service_apply(BheService *service, guint seconds, gboolean restart);
void bhe_service_confirm(BheService *service);
void bhe_service_revert(BheService *service);

G_END_DECLS

#endif
