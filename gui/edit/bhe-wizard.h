/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "New Cell": from a template to a heartbeat in four steps. */
#ifndef BHE_WIZARD_H
#define BHE_WIZARD_H

#include "bhg-window.h"

G_BEGIN_DECLS

#define BHE_TYPE_WIZARD (bhe_wizard_get_type())
G_DECLARE_FINAL_TYPE(BheWizard, bhe_wizard, BHE, WIZARD, AdwWindow)

BheWizard *bhe_wizard_new(BhgWindow *parent);

G_END_DECLS

#endif
