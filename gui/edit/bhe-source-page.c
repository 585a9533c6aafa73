// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include <string.h>
#include "bhe-finding-row.h"
#include "bhe-language.h"
#include "bhe-service.h"
#include "bhe-source-page.h"

struct _BheSourcePage {
	BhgPage parent;
	BheService *service;
	GtkStack *stack;
	GtkSourceView *view;
	GtkListBox *findings;
	GtkWidget *findings_area;
	GtkTextTag *underlines[BH_SEVERITY_ERROR + 1];
	GPtrArray *marked; /* findings, in the text as it is; NULL: that has changed since */
	char *cell;
	char *reveal;
	gboolean updating;
};

G_DEFINE_FINAL_TYPE(BheSourcePage, bhe_source_page, BHG_TYPE_PAGE)

static GtkTextBuffer *buffer_of(BheSourcePage *self)
{
	return gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->view));
}

static char *text_of(BheSourcePage *self)
{
	GtkTextIter start, end;

	gtk_text_buffer_get_bounds(buffer_of(self), &start, &end);
	return gtk_text_buffer_get_text(buffer_of(self), &start, &end, TRUE);
}

static void on_text_changed(BheSourcePage *self)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&self->marked, g_ptr_array_unref);
	if (self->updating || !self->cell)
		return;
	text = text_of(self);
	bhe_plan_set_text(bhe_service_get_plan(self->service), self->cell, text, &error);
	if (error)
		bhg_toast(GTK_WIDGET(self), error->message);
}

/* ---- findings ---- */

static void go_to(BheSourcePage *self, guint line, guint column)
{
	GtkTextIter iter;

	gtk_text_buffer_get_iter_at_line(buffer_of(self), &iter, line ? line - 1 : 0);
	if (column && (guint)gtk_text_iter_get_chars_in_line(&iter) > column)
		gtk_text_iter_set_line_offset(&iter, column - 1);
	gtk_text_buffer_place_cursor(buffer_of(self), &iter);
	gtk_text_view_scroll_to_iter(GTK_TEXT_VIEW(self->view), &iter, 0.1, FALSE, 0, 0);
	gtk_widget_grab_focus(GTK_WIDGET(self->view));
}

static void on_finding_activated(BheSourcePage *self, GtkListBoxRow *row)
{
	BheFinding *finding = bhe_finding_row_get_finding(BHE_FINDING_ROW(row));

	go_to(self, bhe_finding_get_line(finding), bhe_finding_get_column(finding));
}

static void mark(BheSourcePage *self, BheFinding *finding)
{
	GtkTextBuffer *buffer = buffer_of(self);
	BhSeverity severity = bhe_finding_get_severity(finding);
	guint line = bhe_finding_get_line(finding);
	GtkTextIter start, end;

	if (!line || (int)line > gtk_text_buffer_get_line_count(buffer))
		return;
	gtk_text_buffer_get_iter_at_line(buffer, &start, line - 1);
	end = start;
	if (!gtk_text_iter_ends_line(&end))
		gtk_text_iter_forward_to_line_end(&end);
	gtk_source_buffer_create_source_mark(GTK_SOURCE_BUFFER(buffer), NULL,
					     bh_severity_to_string(severity), &start);
	gtk_text_buffer_apply_tag(buffer, self->underlines[severity], &start, &end);
}

static GPtrArray *findings_of_cell(BheSourcePage *self)
{
	GListModel *all = bhe_service_get_findings(self->service);
	GPtrArray *findings = g_ptr_array_new_with_free_func(g_object_unref);

	for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(all, i);

		if (!g_strcmp0(bhe_finding_get_cell(finding), self->cell))
			g_ptr_array_add(findings, g_steal_pointer(&finding));
	}
	return findings;
}

/* What is there already stays: the keyboard may be at one of the rows. */
static void show_findings(BheSourcePage *self)
{
	g_autoptr(GPtrArray) findings = findings_of_cell(self);
	GtkTextBuffer *buffer = buffer_of(self);
	GtkTextIter start, end;
	GtkListBoxRow *row;

	if (self->marked && self->marked->len == findings->len &&
	    (!findings->len ||
	     !memcmp(self->marked->pdata, findings->pdata, findings->len * sizeof(gpointer))))
		return;
	gtk_text_buffer_get_bounds(buffer, &start, &end);
	gtk_source_buffer_remove_source_marks(GTK_SOURCE_BUFFER(buffer), &start, &end, NULL);
	for (int i = 0; i <= BH_SEVERITY_ERROR; i++)
		gtk_text_buffer_remove_tag(buffer, self->underlines[i], &start, &end);
	while ((row = gtk_list_box_get_row_at_index(self->findings, 0)))
		gtk_list_box_remove(self->findings, GTK_WIDGET(row));
	for (guint i = 0; i < findings->len; i++) {
		mark(self, findings->pdata[i]);
		gtk_list_box_append(self->findings, bhe_finding_row_new(findings->pdata[i], FALSE));
	}
	gtk_widget_set_visible(self->findings_area, findings->len);
	g_clear_pointer(&self->marked, g_ptr_array_unref);
	self->marked = g_steal_pointer(&findings);
}

/* ---- showing ---- */

/* Only what differs is replaced, so that the cursor stays where it is. */
static void show_text(BheSourcePage *self, const char *text)
{
	GtkTextBuffer *buffer = buffer_of(self);
	g_autofree char *shown = text_of(self);
	gsize length = strlen(text), shown_length = strlen(shown), same = 0, tail = 0;
	GtkTextIter start, end;

	if (!strcmp(shown, text))
		return;
	while (same < MIN(length, shown_length) && text[same] == shown[same])
		same++;
	while (tail < MIN(length, shown_length) - same &&
	       text[length - 1 - tail] == shown[shown_length - 1 - tail])
		tail++;
	/* Not in the middle of a character. */
	while (same && ((guchar)text[same] & 0xc0) == 0x80)
		same--;
	while (tail && ((guchar)text[length - tail] & 0xc0) == 0x80)
		tail--;
	self->updating = TRUE;
	gtk_text_buffer_get_iter_at_offset(buffer, &start, g_utf8_strlen(shown, same));
	gtk_text_buffer_get_iter_at_offset(buffer, &end, g_utf8_strlen(shown, shown_length - tail));
	/* Not typed here: the plan can undo it, if it was no change of the file. */
	gtk_text_buffer_begin_irreversible_action(buffer);
	gtk_text_buffer_delete(buffer, &start, &end);
	gtk_text_buffer_insert(buffer, &start, text + same, length - same - tail);
	gtk_text_buffer_end_irreversible_action(buffer);
	self->updating = FALSE;
}

static void reveal_now(BheSourcePage *self)
{
	g_auto(GStrv) parts = NULL;
	const BhCellSection *section;
	const BhCellEntry *entry;
	BhCell *cell;
	g_auto(GStrv) title = NULL;

	if (!self->reveal)
		return;
	parts = g_strsplit(self->reveal, "/", 2);
	title = g_strsplit(*parts ? *parts : "", " ", 2);
	cell = bhe_plan_get_cell(bhe_service_get_plan(self->service), self->cell);
	section = *title ? bh_cell_file_find(cell->file, title[0], title[1]) : NULL;
	entry = section && parts[1] ? bh_cell_section_find(section, parts[1]) : NULL;
	if (entry)
		go_to(self, entry->line, entry->value_column);
	else if (section)
		go_to(self, section->line, section->column);
	g_clear_pointer(&self->reveal, g_free);
}

static void update(BheSourcePage *self)
{
	const char *text = NULL;

	if (self->updating)
		return;
	if (self->service && self->cell)
		text = bhe_plan_get_text(bhe_service_get_plan(self->service), self->cell);
	if (!text) {
		gtk_stack_set_visible_child_name(self->stack, "none");
		return;
	}
	show_text(self, text);
	if (bhe_service_is_judged(self->service))
		show_findings(self);
	gtk_stack_set_visible_child_name(self->stack, "text");
	reveal_now(self);
}

/* ---- page ---- */

static void bhe_source_page_connected(BhgPage *page)
{
	BheSourcePage *self = BHE_SOURCE_PAGE(page);

	self->service = g_object_ref(bhe_service_get(bhg_page_get_connection(page)));
	g_signal_connect_object(self->service, "changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED);
	update(self);
}

static void bhe_source_page_cell_changed(BhgPage *page)
{
	BheSourcePage *self = BHE_SOURCE_PAGE(page);
	BhgCell *cell = bhg_page_get_cell(page);

	g_free(self->cell);
	self->cell = cell ? g_strdup(bhg_cell_get_name(cell)) : NULL;
	/* One text's steps of undo are not those of another one. */
	self->updating = TRUE;
	gtk_text_buffer_set_text(buffer_of(self), "", 0);
	self->updating = FALSE;
	update(self);
}

static void bhe_source_page_reveal(BhgPage *page, const char *what)
{
	BheSourcePage *self = BHE_SOURCE_PAGE(page);

	g_free(self->reveal);
	self->reveal = g_strdup(what);
	update(self);
}

static void bhe_source_page_dispose(GObject *object)
{
	g_clear_object(&BHE_SOURCE_PAGE(object)->service);
	G_OBJECT_CLASS(bhe_source_page_parent_class)->dispose(object);
}

static void bhe_source_page_finalize(GObject *object)
{
	g_clear_pointer(&BHE_SOURCE_PAGE(object)->marked, g_ptr_array_unref);
	g_free(BHE_SOURCE_PAGE(object)->cell);
	g_free(BHE_SOURCE_PAGE(object)->reveal);
	G_OBJECT_CLASS(bhe_source_page_parent_class)->finalize(object);
}

static void bhe_source_page_class_init(BheSourcePageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhe_source_page_dispose;
	G_OBJECT_CLASS(class)->finalize = bhe_source_page_finalize;
	BHG_PAGE_CLASS(class)->connected = bhe_source_page_connected;
	BHG_PAGE_CLASS(class)->cell_changed = bhe_source_page_cell_changed;
	BHG_PAGE_CLASS(class)->reveal = bhe_source_page_reveal;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/org/bulkhead1/Configurator/bhe-source-page.ui");
	gtk_widget_class_bind_template_child(widget_class, BheSourcePage, stack);
	gtk_widget_class_bind_template_child(widget_class, BheSourcePage, view);
	gtk_widget_class_bind_template_child(widget_class, BheSourcePage, findings);
	gtk_widget_class_bind_template_child(widget_class, BheSourcePage, findings_area);
	gtk_widget_class_bind_template_callback(widget_class, on_finding_activated);
}

static void bhe_source_page_init(BheSourcePage *self)
{
	static const char *const colours[] = {"#3584e4", "#e5a50a", "#e01b24"};
	GtkSourceBuffer *buffer;

	gtk_widget_init_template(GTK_WIDGET(self));
	buffer = GTK_SOURCE_BUFFER(buffer_of(self));
	bhe_language_set(self->view);
	for (int i = 0; i <= BH_SEVERITY_ERROR; i++) {
		g_autoptr(GtkSourceMarkAttributes) attributes = gtk_source_mark_attributes_new();
		GdkRGBA colour;

		gdk_rgba_parse(&colour, colours[i]);
		gtk_source_mark_attributes_set_icon_name(attributes, bhe_severity_get_icon(i));
		gtk_source_view_set_mark_attributes(self->view, bh_severity_to_string(i),
						    attributes, i);
		self->underlines[i] = gtk_text_buffer_create_tag(GTK_TEXT_BUFFER(buffer), NULL,
								 "underline", PANGO_UNDERLINE_ERROR,
								 "underline-rgba", &colour, NULL);
	}
	g_signal_connect_swapped(buffer, "changed", G_CALLBACK(on_text_changed), self);
}
