/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A finding of Validate() as an item of lists; also one whose code is newer than this program. Immutable. */
#ifndef BHE_FINDING_H
#define BHE_FINDING_H

#include <gio/gio.h>
#include "bh-finding.h"

G_BEGIN_DECLS

#define BHE_TYPE_FINDING (bhe_finding_get_type())
G_DECLARE_FINAL_TYPE(BheFinding, bhe_finding, BHE, FINDING, GObject)

/* @variant: a{sv} as the daemon, or bh_finding_to_variant, makes it. */
BheFinding *bhe_finding_new(GVariant *variant);

BhSeverity bhe_finding_get_severity(BheFinding *finding);
const char *bhe_finding_get_code(BheFinding *finding);
const char *
bhe_finding_get_message(BheFinding *finding); /* a whole sentence, begun with a capital letter */
/* NULL where there is none. The suggestion begins with a capital letter, too. */
const char *bhe_finding_get_suggestion(BheFinding *finding);
const char *bhe_finding_get_cell(BheFinding *finding);
const char *bhe_finding_get_section(BheFinding *finding);
const char *bhe_finding_get_key(BheFinding *finding);
const char *bhe_finding_get_owner(BheFinding *finding);
guint bhe_finding_get_line(BheFinding *finding); /* 0: the file as a whole */
guint bhe_finding_get_column(BheFinding *finding);

/* Is it about this? @key NULL: the section's head, or a key that is missing there is not asked for. */
gboolean bhe_finding_concerns(BheFinding *finding, const char *cell, const char *section,
			      const char *key);
const char *bhe_severity_get_icon(BhSeverity severity);
const char *bhe_severity_get_title(BhSeverity severity); /* translated: "Error" */
const char *bhe_severity_get_style(BhSeverity severity); /* CSS class */

G_END_DECLS

#endif
