/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last minutes of one number as a line. What it shows is also said in words beside it, and to screen readers. */
#ifndef BHG_SPARKLINE_H
#define BHG_SPARKLINE_H

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define BHG_SPARKLINE_POINTS 120

#define BHG_TYPE_SPARKLINE (bhg_sparkline_get_type())
G_DECLARE_FINAL_TYPE(BhgSparkline, bhg_sparkline, BHG, SPARKLINE, GtkWidget)

void bhg_sparkline_add(BhgSparkline *line, double value);
void bhg_sparkline_clear(BhgSparkline *line);

G_END_DECLS

#endif
