/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of links: nodes around a circle, a line for each two ends of a link, a name on each line. */
#ifndef BHG_LINK_GRAPH_H
#define BHG_LINK_GRAPH_H

#include <gtk/gtk.h>
#include "bhg-connection.h"

G_BEGIN_DECLS

#define BHG_TYPE_LINK_GRAPH (bhg_link_graph_get_type())
G_DECLARE_FINAL_TYPE(BhgLinkGraph, bhg_link_graph, BHG, LINK_GRAPH, GtkWidget)

/*
 * Signal "link" (const char *from, const char *to): somebody dragged one node onto another, or chose it in the menu of the first.
 *
 * To show something else: begin, add all nodes, finish them, add all lines. Nodes that stay keep the focus, and an open menu.
 */
void bhg_link_graph_begin(BhgLinkGraph *graph);
/* @cell NULL: the root. A node is there once, however often it is added. */
void bhg_link_graph_add_node(BhgLinkGraph *graph, BhgCell *cell);
void bhg_link_graph_finish_nodes(BhgLinkGraph *graph);
/* @label is what stands on the line; @up: it works, else it is drawn dashed. Names of nodes: "root" for the root. */
void bhg_link_graph_add_line(BhgLinkGraph *graph, const char *from, const char *to,
			     const char *label, gboolean up);

G_END_DECLS

#endif
