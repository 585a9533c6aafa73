/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks a person which of the proposals of bhe-grant.h shall go into the plan. */
#ifndef BHE_GRANT_DIALOG_H
#define BHE_GRANT_DIALOG_H

#include <adwaita.h>
#include "bhe-service.h"

G_BEGIN_DECLS

/* @violation: as the signal Event has it, or LastViolation. Shown above the window of @parent. Returns the dialog, borrowed. */
GtkWidget *bhe_grant_dialog_present(GtkWidget *parent, BheService *service, const char *cell,
				    GVariant *violation);

G_END_DECLS

#endif
