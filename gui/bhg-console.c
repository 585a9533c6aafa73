// SPDX-License-Identifier: GPL-2.0-or-later

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>
#include <vte/vte.h>
#include "bhg-console.h"
#include "bhg-page.h"

#define PCRE2_CODE_UNIT_WIDTH 0
#include <pcre2.h>

#define READ_SIZE 4096
#define WRITE_SIZE 4096
#define SCROLLBACK_LINES 100000
#define REMOTE_SECONDS 1

struct _BhgConsole {
	AdwBin parent;
	BhgConnection *connection;
	BhgCell *cell;
	GCancellable *cancellable;
	GInputStream *stream; /* NULL: not open */
	gboolean opening;
	GOutputStream *keyboard; /* the other direction of the stream */
	GByteArray *typed; /* what it has not taken yet */
	gboolean typing;

	guint remote_timer;
	GBytes *remote; /* what ReadLog() said last */
	guchar last; /* byte that was shown */
	GtkFileChooserNative *chooser;

	VteTerminal *terminal;
	GtkSearchBar *search_bar;
	GtkSearchEntry *search_entry;
	GtkToggleButton *search_button;
	GtkLabel *status;
	GtkWidget *detach;
	GtkEventController *keys; /* of the window it is in */
};

G_DEFINE_FINAL_TYPE(BhgConsole, bhg_console, ADW_TYPE_BIN)

/*
 * What is under way does not keep the console alive, as reading may never end: whoever is called back looks first whether
 * it was cancelled, which is all that dispose does.
 */

/* ---- text ---- */

/* Payloads end lines with "\n" alone; a terminal wants to be told to go back to the left, too. */
static void show(BhgConsole *self, const char *data, gsize size)
{
	g_autoptr(GString) text = g_string_sized_new(size + 16);

	for (gsize i = 0; i < size; i++) {
		if (data[i] == '\n' && self->last != '\r')
			g_string_append_c(text, '\r');
		g_string_append_c(text, data[i]);
		self->last = data[i];
	}
	vte_terminal_feed(self->terminal, text->str, text->len);
}

static void update_status(BhgConsole *self)
{
	BhDbusCell *proxy = bhg_cell_get_proxy(self->cell);
	gboolean takes_input = proxy && bh_dbus_cell_get_takes_input(proxy);
	gboolean input = takes_input && self->keyboard;
	const char *text = !self->stream && !self->remote_timer
				   ? _("Not connected: it goes on when the daemon is back.")
			   : !takes_input ? _("Read only: this cell takes no input.")
			   : !input	  ? _("Read only: nobody can type through ssh.")
				    : _("What you type goes to the cell. Ctrl+Tab leaves it.");

	gtk_label_set_text(self->status, text);
	if (input == vte_terminal_get_input_enabled(self->terminal))
		return;
	vte_terminal_set_input_enabled(self->terminal, input);
	/* Where nobody can type there is no cursor, and keys begin a search. */
	vte_terminal_feed(self->terminal, input ? "\033[?25h" : "\033[?25l", -1);
	gtk_search_bar_set_key_capture_widget(self->search_bar, input ? NULL : GTK_WIDGET(self));
}

/* ---- typing ---- */

static void hang_up(BhgConsole *self)
{
	g_clear_object(&self->keyboard);
	g_clear_object(&self->stream);
	g_byte_array_set_size(self->typed, 0);
	self->typing = FALSE;
}

static void type_some(BhgConsole *self);

static void on_taken(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	gssize n = g_output_stream_write_bytes_finish(G_OUTPUT_STREAM(source), result, &error);
	BhgConsole *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (source != (GObject *)self->keyboard)
		return; /* it was hung up */
	self->typing = FALSE;
	/* That the other side has gone is said by whoever reads. */
	g_byte_array_remove_range(self->typed, 0, n < 0 ? self->typed->len : n);
	type_some(self);
}

static void type_some(BhgConsole *self)
{
	g_autoptr(GBytes) piece = NULL;

	if (self->typing || !self->typed->len)
		return;
	piece = g_bytes_new(self->typed->data, MIN(self->typed->len, WRITE_SIZE));
	self->typing = TRUE;
	g_output_stream_write_bytes_async(self->keyboard, piece, G_PRIORITY_DEFAULT,
					  self->cancellable, on_taken, self);
}

/*
 * The terminal's answer to a question in the cell's text: where the cursor is, what it can do. The text may be an old one that is
 * shown again, and the cell would take the answer for something typed.
 */
static gboolean is_answer(const char *text, gsize size)
{
	if (size < 3 || text[0] != '\033')
		return FALSE;
	return text[1] == 'P' || text[1] == ']' ||
	       (text[1] == '[' && strchr("Rnc", text[size - 1]) &&
		strspn(text + 2, "0123456789;?>=") == size - 3);
}

static void on_commit(BhgConsole *self, const char *text, guint size)
{
	if (!self->keyboard || is_answer(text, size))
		return;
	g_byte_array_append(self->typed, (const guint8 *)text, size);
	type_some(self);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes =
		g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);
	BhgConsole *self = data;
	gsize size;
	const char *text = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (text && size) {
		show(self, text, size);
		g_input_stream_read_bytes_async(G_INPUT_STREAM(source), READ_SIZE,
						G_PRIORITY_DEFAULT_IDLE, self->cancellable, on_read,
						self);
		return;
	}
	/* The other side is closed: the daemon has ended. It is opened again when the cell's object is back. */
	hang_up(self);
	update_status(self);
}

/* ---- without descriptors: through ssh ---- */

static void on_log(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);
	BhgConsole *self = data;
	g_autoptr(GVariant) text = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize size, before = 0;
	const char *now, *old;

	if (!answer)
		return;
	text = g_variant_get_child_value(answer, 0);
	bytes = g_variant_get_data_as_bytes(text);
	now = g_bytes_get_data(bytes, &size);
	old = self->remote ? g_bytes_get_data(self->remote, &before) : NULL;
	if (size >= before && (!before || memcmp(now, old, before) == 0)) {
		show(self, now + before, size - before);
	} else {
		/* The oldest text is not kept any more. */
		vte_terminal_reset(self->terminal, TRUE, TRUE);
		show(self, now, size);
	}
	g_clear_pointer(&self->remote, g_bytes_unref);
	self->remote = g_steal_pointer(&bytes);
}

static gboolean on_remote_timer(gpointer data)
{
	BhgConsole *self = data;

	if (gtk_widget_get_mapped(GTK_WIDGET(self)) && bhg_cell_get_path(self->cell))
		bhg_connection_call(self->connection, bhg_cell_get_path(self->cell), "Cell",
				    "ReadLog", g_variant_new("(@a{sv})", bhg_no_options()),
				    self->cancellable, on_log, self);
	return G_SOURCE_CONTINUE;
}

/* ---- opening ---- */

static void on_opened(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) handle = NULL;
	BhgConsole *self = data;
	int fd, keyboard;

	if (!bh_dbus_cell_call_open_console_finish(BH_DBUS_CELL(source), &handle, &fds, result,
						   &error)) {
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
			return; /* the console is gone */
		self->opening = FALSE;
		update_status(self);
		bhg_toast_error(GTK_WIDGET(self), _("The console cannot be read."), error);
		return;
	}
	self->opening = FALSE;
	fd = g_unix_fd_list_get(fds, g_variant_get_handle(handle), &error);
	if (fd < 0) {
		bhg_toast_error(GTK_WIDGET(self), _("The console cannot be read."), error);
		return;
	}
	/* A terminal that is full must not be waited for, and each direction is closed on its own. */
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	self->stream = g_unix_input_stream_new(fd, TRUE);
	keyboard = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (keyboard >= 0)
		self->keyboard = g_unix_output_stream_new(keyboard, TRUE);
	g_input_stream_read_bytes_async(self->stream, READ_SIZE, G_PRIORITY_DEFAULT_IDLE,
					self->cancellable, on_read, self);
	update_status(self);
}

static void console_open(BhgConsole *self)
{
	BhDbusCell *proxy = bhg_cell_get_proxy(self->cell);
	GDBusConnection *bus = bhg_connection_get_bus(self->connection);
	GVariantDict options;

	if (!proxy || !bus || self->stream || self->opening || self->remote_timer)
		return;
	if (!(g_dbus_connection_get_capabilities(bus) & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING)) {
		self->remote_timer = g_timeout_add_seconds(REMOTE_SECONDS, on_remote_timer, self);
		on_remote_timer(self);
		update_status(self);
		return;
	}
	self->opening = TRUE;
	g_variant_dict_init(&options, NULL);
	/* A daemon that has come back keeps nothing of what it may have shown before. */
	g_variant_dict_insert(&options, "from-start", "b", TRUE);
	bh_dbus_cell_call_open_console(proxy, g_variant_dict_end(&options),
				       G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
				       NULL, self->cancellable, on_opened, self);
}

static void on_cell_changed(BhgConsole *self)
{
	console_open(self);
	update_status(self);
}

/* ---- searching ---- */

static void search(BhgConsole *self, gboolean forward)
{
	if (forward)
		vte_terminal_search_find_next(self->terminal);
	else
		vte_terminal_search_find_previous(self->terminal);
}

static void on_search_changed(BhgConsole *self)
{
	const char *text = gtk_editable_get_text(GTK_EDITABLE(self->search_entry));
	g_autofree char *escaped = g_regex_escape_string(text, -1);
	g_autoptr(VteRegex) regex = NULL;

	if (*text)
		regex = vte_regex_new_for_search(
			escaped, -1, PCRE2_MULTILINE | PCRE2_UTF | PCRE2_CASELESS, NULL);
	vte_terminal_search_set_regex(self->terminal, regex, 0);
	vte_terminal_search_set_wrap_around(self->terminal, TRUE);
	if (regex)
		search(self, FALSE);
}

static void on_search_previous(BhgConsole *self)
{
	search(self, FALSE);
}

static void on_search_next(BhgConsole *self)
{
	search(self, TRUE);
}

/* ---- saving ---- */

char *bhg_console_get_text(BhgConsole *self)
{
	g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();

	vte_terminal_write_contents_sync(self->terminal, memory, VTE_WRITE_DEFAULT, NULL, NULL);
	g_output_stream_write_all(memory, "", 1, NULL, NULL, NULL);
	g_output_stream_close(memory, NULL, NULL);
	return g_memory_output_stream_steal_data(G_MEMORY_OUTPUT_STREAM(memory));
}

static void on_saved(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(BhgConsole) self = data;
	g_autoptr(GError) error = NULL;

	if (g_file_replace_contents_finish(G_FILE(source), result, NULL, &error))
		bhg_toast(GTK_WIDGET(self), _("The text of the console is saved."));
	else
		bhg_toast_error(GTK_WIDGET(self), _("The text was not saved."), error);
}

void bhg_console_save(BhgConsole *self, GFile *file)
{
	g_autofree char *text = bhg_console_get_text(self);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	g_file_replace_contents_bytes_async(file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
					    on_saved, g_object_ref(self));
}

static void on_save_chosen(BhgConsole *self, int response)
{
	g_autoptr(GFile) file = response == GTK_RESPONSE_ACCEPT
					? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(self->chooser))
					: NULL;

	if (file)
		bhg_console_save(self, file);
	g_clear_object(&self->chooser);
}

static void on_save(BhgConsole *self)
{
	g_autofree char *name = g_strconcat(bhg_cell_get_name(self->cell), ".log", NULL);
	GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));

	g_clear_object(&self->chooser);
	self->chooser =
		gtk_file_chooser_native_new(_("Save Console"), GTK_WINDOW(root),
					    GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
	gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(self->chooser), name);
	g_signal_connect_swapped(self->chooser, "response", G_CALLBACK(on_save_chosen), self);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(self->chooser));
}

/* ---- a window of its own ---- */

static void on_detach(BhgConsole *self)
{
	g_autofree char *title = g_strdup_printf(_("Console of %s"), bhg_cell_get_name(self->cell));
	GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
	GtkWidget *window = g_object_new(ADW_TYPE_WINDOW, "title", title, "default-width", 720,
					 "default-height", 480, NULL);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *toasts = adw_toast_overlay_new();
	GtkWidget *console = bhg_console_new(self->connection, self->cell);

	gtk_widget_set_visible(BHG_CONSOLE(console)->detach, FALSE);
	gtk_window_set_application(GTK_WINDOW(window),
				   gtk_window_get_application(GTK_WINDOW(root)));
	gtk_widget_set_vexpand(console, TRUE);
	gtk_box_append(GTK_BOX(box), adw_header_bar_new());
	gtk_box_append(GTK_BOX(box), console);
	adw_toast_overlay_set_child(ADW_TOAST_OVERLAY(toasts), box);
	adw_window_set_content(ADW_WINDOW(window), toasts);
	gtk_window_present(GTK_WINDOW(window));
}

static void on_copy(BhgConsole *self)
{
	vte_terminal_copy_clipboard_format(self->terminal, VTE_FORMAT_TEXT);
}

/* ---- keys ---- */

/*
 * All keys are the cell's while it is typed at, also those of the window: who erases a word by Ctrl+W does not want it closed. Those that
 * are not have Shift besides Ctrl, as in other terminals, and Ctrl+Tab leads out.
 */
static gboolean on_key(GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state,
		       BhgConsole *self)
{
	GtkWidget *window = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(keys));
	gboolean shift = state & GDK_SHIFT_MASK, control = state & GDK_CONTROL_MASK;

	if (gtk_window_get_focus(GTK_WINDOW(window)) != GTK_WIDGET(self->terminal) ||
	    !vte_terminal_get_input_enabled(self->terminal))
		return FALSE;
	if (control && (key == GDK_KEY_Tab || key == GDK_KEY_ISO_Left_Tab)) {
		gtk_widget_child_focus(window, shift ? GTK_DIR_TAB_BACKWARD : GTK_DIR_TAB_FORWARD);
		return TRUE;
	}
	switch (control && shift ? gdk_keyval_to_lower(key) : GDK_KEY_VoidSymbol) {
	case GDK_KEY_c:
		on_copy(self);
		return TRUE;
	case GDK_KEY_v:
		vte_terminal_paste_clipboard(self->terminal);
		return TRUE;
	case GDK_KEY_f:
		gtk_search_bar_set_search_mode(self->search_bar, TRUE);
		gtk_widget_grab_focus(GTK_WIDGET(self->search_entry));
		return TRUE;
	}
	return gtk_event_controller_key_forward(keys, GTK_WIDGET(self->terminal));
}

static void bhg_console_root(GtkWidget *widget)
{
	BhgConsole *self = BHG_CONSOLE(widget);

	GTK_WIDGET_CLASS(bhg_console_parent_class)->root(widget);
	/* Of the window, where the last one that was added comes before the keys of the application. */
	self->keys = gtk_event_controller_key_new();
	gtk_event_controller_set_propagation_phase(self->keys, GTK_PHASE_CAPTURE);
	g_signal_connect(self->keys, "key-pressed", G_CALLBACK(on_key), self);
	gtk_widget_add_controller(GTK_WIDGET(gtk_widget_get_root(widget)), self->keys);
}

static void bhg_console_unroot(GtkWidget *widget)
{
	BhgConsole *self = BHG_CONSOLE(widget);

	gtk_widget_remove_controller(GTK_WIDGET(gtk_widget_get_root(widget)), self->keys);
	self->keys = NULL;
	GTK_WIDGET_CLASS(bhg_console_parent_class)->unroot(widget);
}

/* ---- the object ---- */

static void update_colours(BhgConsole *self)
{
	static const GdkRGBA light = {1, 1, 1, 1}, dark = {0.12, 0.12, 0.12, 1};
	gboolean is_dark = adw_style_manager_get_dark(adw_style_manager_get_default());

	vte_terminal_set_color_background(self->terminal, is_dark ? &dark : &light);
	vte_terminal_set_color_foreground(self->terminal, is_dark ? &light : &dark);
}

static void bhg_console_dispose(GObject *object)
{
	BhgConsole *self = BHG_CONSOLE(object);

	g_cancellable_cancel(self->cancellable);
	g_clear_handle_id(&self->remote_timer, g_source_remove);
	g_clear_object(&self->chooser);
	hang_up(self);
	G_OBJECT_CLASS(bhg_console_parent_class)->dispose(object);
}

static void bhg_console_finalize(GObject *object)
{
	BhgConsole *self = BHG_CONSOLE(object);

	g_clear_object(&self->cancellable);
	g_byte_array_unref(self->typed);
	g_clear_pointer(&self->remote, g_bytes_unref);
	g_clear_object(&self->cell);
	g_clear_object(&self->connection);
	G_OBJECT_CLASS(bhg_console_parent_class)->finalize(object);
}

static void bhg_console_class_init(BhgConsoleClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = bhg_console_dispose;
	G_OBJECT_CLASS(class)->finalize = bhg_console_finalize;
	widget_class->root = bhg_console_root;
	widget_class->unroot = bhg_console_unroot;
	g_type_ensure(VTE_TYPE_TERMINAL);
	gtk_widget_class_set_template_from_resource(widget_class,
						    "/org/bulkhead1/Configurator/bhg-console.ui");
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, terminal);
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, search_bar);
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, search_entry);
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, search_button);
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, status);
	gtk_widget_class_bind_template_child(widget_class, BhgConsole, detach);
	gtk_widget_class_bind_template_callback(widget_class, on_search_changed);
	gtk_widget_class_bind_template_callback(widget_class, on_search_previous);
	gtk_widget_class_bind_template_callback(widget_class, on_search_next);
	gtk_widget_class_bind_template_callback(widget_class, on_save);
	gtk_widget_class_bind_template_callback(widget_class, on_detach);
	gtk_widget_class_bind_template_callback(widget_class, on_copy);
	gtk_widget_class_bind_template_callback(widget_class, on_commit);
}

static void bhg_console_init(BhgConsole *self)
{
	self->cancellable = g_cancellable_new();
	self->typed = g_byte_array_new();
	gtk_widget_init_template(GTK_WIDGET(self));
	gtk_search_bar_connect_entry(self->search_bar, GTK_EDITABLE(self->search_entry));
	gtk_search_bar_set_key_capture_widget(self->search_bar, GTK_WIDGET(self));
	vte_terminal_set_scrollback_lines(self->terminal, SCROLLBACK_LINES);
	vte_terminal_set_input_enabled(self->terminal, FALSE);
	g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
				G_CALLBACK(update_colours), self, G_CONNECT_SWAPPED);
	update_colours(self);
	vte_terminal_feed(self->terminal, "\033[?25l", -1);
	/* What Linux takes for erasing, as long as nobody tells it otherwise. */
	vte_terminal_set_backspace_binding(self->terminal, VTE_ERASE_ASCII_DELETE);
}

GtkWidget *bhg_console_new(BhgConnection *connection, BhgCell *cell)
{
	BhgConsole *self = g_object_new(BHG_TYPE_CONSOLE, NULL);

	self->connection = g_object_ref(connection);
	self->cell = g_object_ref(cell);
	g_signal_connect_object(cell, "changed", G_CALLBACK(on_cell_changed), self,
				G_CONNECT_SWAPPED);
	on_cell_changed(self);
	return GTK_WIDGET(self);
}
