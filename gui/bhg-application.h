/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: its options, windows, and what belongs to no window. */
#ifndef BHG_APPLICATION_H
#define BHG_APPLICATION_H

#include <adwaita.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_APPLICATION_ID "org.bulkhead1.Configurator"

#define BHG_TYPE_APPLICATION (bhg_application_get_type())
G_DECLARE_FINAL_TYPE(BhgApplication, bhg_application, BHG, APPLICATION, AdwApplication)

BhgApplication *bhg_application_new(void);

/* Before any window: resources, our pages, the translations. Called by bhg_application_new(); tests without one call it. */
void bhg_init(void);
/* With a display: the style sheet. */
void bhg_init_display(GdkDisplay *display);

G_END_DECLS

#endif
