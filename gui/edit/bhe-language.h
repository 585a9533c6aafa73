/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cell files in colours. */
#ifndef BHE_LANGUAGE_H
#define BHE_LANGUAGE_H

#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/* Once, before a view. */
void bhe_language_init(void);
/* Shows cell files in @view, in the colours of light or dark as the desktop is. */
void bhe_language_set(GtkSourceView *view);

G_END_DECLS

#endif
