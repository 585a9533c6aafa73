// SPDX-License-Identifier: GPL-2.0-or-later
/* bulkhead-configurator: the window that shows a machine and its cells. */

#include <glib/gi18n.h>
#include <locale.h>
#include "bhe.h"
#include "bhg-application.h"

int main(int argc, char **argv)
{
	g_autoptr(BhgApplication) application = NULL;

	setlocale(LC_ALL, "");
	bindtextdomain(GETTEXT_PACKAGE, BHG_LOCALE_DIR);
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	textdomain(GETTEXT_PACKAGE);
	application = bhg_application_new();
	bhe_init();
	return g_application_run(G_APPLICATION(application), argc, argv);
}
