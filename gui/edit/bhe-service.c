// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bh-validate.h"
#include "bhe-service.h"
#include "bhg-words.h"

#define JUDGE_AFTER_MS 120 /* while somebody types */
#define FIRST_READ_AGAIN_MS 250

struct _BheService {
	GObject parent;
	BhgConnection *connection; /* not owned by the one that lives on it */
	gboolean owns_connection;
	BhePlan *plan;
	GCancellable *cancellable; /* of this object */

	/* Reading. */
	struct reading *reading; /* the one under way */
	guint read_idle;
	guint read_again_ms;

	/* Judging. */
	GListStore *findings;
	GVariant *found; /* what these were made from */
	GCancellable *judging;
	guint judge_timer;
	gboolean judged;

	/* Applying. */
	BhePhase phase;
	gboolean restart;
	guint seconds;
	guint64 applied; /* serial that Apply() returned; 0: somebody else's */
	char **unconfirmed; /* cells */
	gboolean settle; /* as soon as the files have been read */
	gboolean own; /* the change that is unconfirmed is this plan's */
	guint tick;
	char *message;
	char *why_not;
};

G_DEFINE_FINAL_TYPE(BheService, bhe_service, G_TYPE_OBJECT)

static guint signal_changed, signal_outcome;

static void read_later(BheService *self);

static gboolean was_cancelled(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void changed(BheService *self)
{
	g_signal_emit(self, signal_changed, 0);
}

static void say(BheService *self, gboolean good, const char *sentence)
{
	g_free(self->message);
	self->message = g_strdup(sentence);
	g_signal_emit(self, signal_outcome, 0, good, sentence);
	changed(self);
}

static void say_error(BheService *self, const char *what, const GError *error)
{
	g_autofree char *why = bhg_words_error(error);
	g_autofree char *sentence = g_strdup_printf("%s %s", what, why);

	say(self, FALSE, sentence);
}

/* ---- reading ---- */

/* All files of one serial. */
typedef struct reading {
	BheService *service; /* NULL: nobody waits for it any more */
	GVariantBuilder files;
	guint pending;
	guint64 serial;
	gboolean mixed; /* files of several serials, or one could not be read */
} Reading;

typedef struct {
	Reading *reading;
	char *cell;
} ReadCall;

static guint64 serial_now(BheService *self)
{
	BhDbusManager *manager = bhg_connection_get_manager(self->connection);

	return manager ? bh_dbus_manager_get_serial(manager) : 0;
}

static gboolean on_read_again(gpointer data)
{
	BheService *self = data;

	self->read_idle = 0;
	read_later(self);
	return G_SOURCE_REMOVE;
}

static void unchanged_is_settled(BheService *self)
{
	if (!self->settle || *self->unconfirmed)
		return;
	self->settle = FALSE;
	bhe_plan_settle(self->plan);
}

static void reading_done(Reading *reading)
{
	BheService *self = reading->service;
	g_autoptr(GVariant) files = g_variant_ref_sink(g_variant_builder_end(&reading->files));

	if (self) {
		self->reading = NULL;
		if (!reading->mixed && reading->serial == serial_now(self)) {
			self->read_again_ms = FIRST_READ_AGAIN_MS;
			bhe_plan_set_base(self->plan, files, reading->serial);
			unchanged_is_settled(self);
			changed(self);
		} else if (!self->read_idle) {
			/* They are being changed. Usually a signal says when it is over; this is for when none does. */
			self->read_idle = g_timeout_add(self->read_again_ms, on_read_again, self);
			self->read_again_ms = MIN(self->read_again_ms * 2, 10000);
		}
	}
	g_free(reading);
}

static void on_file(GObject *source, GAsyncResult *result, gpointer user_data)
{
	ReadCall *call = user_data;
	Reading *reading = call->reading;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	guint64 serial;

	if (!bh_dbus_cell_call_read_file_finish(BH_DBUS_CELL(source), &text, &serial, result,
						&error)) {
		reading->mixed = TRUE;
	} else {
		if (reading->serial && reading->serial != serial)
			reading->mixed = TRUE;
		reading->serial = serial;
		g_variant_builder_add(&reading->files, "{ss}", call->cell, text);
	}
	g_free(call->cell);
	g_free(call);
	if (!--reading->pending)
		reading_done(reading);
}

static void read_files(BheService *self)
{
	GListModel *cells = bhg_connection_get_cells(self->connection);
	Reading *reading = g_new0(Reading, 1);

	if (self->reading)
		self->reading->service = NULL;
	self->reading = reading;
	reading->service = self;
	reading->pending = 1;
	g_variant_builder_init(&reading->files, G_VARIANT_TYPE("a{ss}"));
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		BhDbusCell *proxy = bhg_cell_get_proxy(cell);
		const char *file = proxy ? bh_dbus_cell_get_file(proxy) : NULL;
		ReadCall *call;

		if (!file || !*file)
			continue;
		call = g_new(ReadCall, 1);
		*call = (ReadCall){reading, g_strdup(bhg_cell_get_name(cell))};
		reading->pending++;
		bh_dbus_cell_call_read_file(proxy, bhg_no_options(), G_DBUS_CALL_FLAGS_NONE,
					    G_MAXINT, self->cancellable, on_file, call);
	}
	/* Where there are no files. */
	if (reading->pending == 1)
		reading->serial = serial_now(self);
	if (!--reading->pending)
		reading_done(reading);
}

static void tell_placed(BheService *self)
{
	GListModel *cells = bhg_connection_get_cells(self->connection);

	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		gsize count;
		const guint *cpus = bhg_cell_get_cpus(cell, &count);

		bhe_plan_set_placed_cpus(self->plan, bhg_cell_get_name(cell), cpus, count);
	}
}

static gboolean on_read(gpointer data)
{
	BheService *self = data;

	self->read_idle = 0;
	if (bhg_connection_get_manager(self->connection)) {
		tell_placed(self);
		if (bhe_plan_get_serial(self->plan) != serial_now(self))
			read_files(self);
		else
			unchanged_is_settled(self);
	}
	return G_SOURCE_REMOVE;
}

static void read_later(BheService *self)
{
	g_clear_handle_id(&self->read_idle, g_source_remove);
	self->read_idle = g_idle_add(on_read, self);
}

/* ---- judging ---- */

static void put_findings(BheService *self, GVariant *findings)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_object_unref);
	GVariantIter iter;
	GVariant *one;

	self->judged = TRUE;
	/* Whoever shows the same ones again need not begin anew. */
	if (self->found && g_variant_equal(self->found, findings)) {
		changed(self);
		return;
	}
	g_clear_pointer(&self->found, g_variant_unref);
	self->found = g_variant_ref(findings);
	g_variant_iter_init(&iter, findings);
	while ((one = g_variant_iter_next_value(&iter))) {
		g_ptr_array_add(items, bhe_finding_new(one));
		g_variant_unref(one);
	}
	g_list_store_splice(self->findings, 0,
			    g_list_model_get_n_items(G_LIST_MODEL(self->findings)), items->pdata,
			    items->len);
	changed(self);
}

static gint compare_severities(gconstpointer a, gconstpointer b)
{
	const BhFinding *const *first = a, *const *second = b;

	return (gint)(*second)->severity - (gint)(*first)->severity;
}

/* Without a daemon: by the same library, and the machine as it was described last. */
static void judge_here(BheService *self)
{
	g_autoptr(BhCellSet) set = bh_cell_set_new();
	g_auto(GStrv) names = bhe_plan_list_cells(self->plan);
	g_autoptr(GPtrArray) findings = NULL;
	g_autoptr(GVariant) list = NULL;
	GVariantBuilder builder;

	for (char **name = names; *name; name++) {
		g_autofree char *path = g_strconcat(*name, BH_CELL_FILE_SUFFIX, NULL);
		g_autoptr(BhCellFile) file =
			bh_cell_file_new(path, bhe_plan_get_text(self->plan, *name), -1);

		bh_cell_set_put(set, file);
	}
	bh_cell_set_for_machine(set, bhg_connection_get_machine(self->connection));
	findings = bh_validate(set, NULL, bhg_connection_get_machine(self->connection));
	g_ptr_array_sort(findings, compare_severities);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < findings->len; i++)
		g_variant_builder_add_value(&builder, bh_finding_to_variant(findings->pdata[i]));
	list = g_variant_ref_sink(g_variant_builder_end(&builder));
	put_findings(self, list);
}

static void on_judged(GObject *source, GAsyncResult *result, gpointer user_data)
{
	BheService *self = user_data;
	g_autoptr(GVariant) findings = NULL;
	g_autoptr(GError) error = NULL;

	if (bh_dbus_manager_call_validate_finish(BH_DBUS_MANAGER(source), &findings, NULL, result,
						 &error)) {
		put_findings(self, findings);
		return;
	}
	if (was_cancelled(error))
		return;
	if (bhg_connection_get_manager(self->connection) == BH_DBUS_MANAGER(source))
		g_debug("The daemon does not judge the plan: %s", error->message);
	judge_here(self);
}

static gboolean on_judge(gpointer data)
{
	BheService *self = data;
	BhDbusManager *manager = bhg_connection_get_manager(self->connection);

	self->judge_timer = 0;
	g_cancellable_cancel(self->judging);
	g_clear_object(&self->judging);
	if (!manager) {
		judge_here(self);
		return G_SOURCE_REMOVE;
	}
	self->judging = g_cancellable_new();
	bh_dbus_manager_call_validate(manager, bhe_plan_get_changes(self->plan), bhg_no_options(),
				      G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->judging, on_judged,
				      self);
	return G_SOURCE_REMOVE;
}

static void judge_later(BheService *self)
{
	self->judged = FALSE;
	g_clear_handle_id(&self->judge_timer, g_source_remove);
	self->judge_timer = g_timeout_add(JUDGE_AFTER_MS, on_judge, self);
}

static void on_machine_changed(BheService *self)
{
	BhMachine *machine = bhg_connection_get_machine(self->connection);

	if (machine)
		bhe_plan_set_arch(self->plan, bh_cell_set_arch(machine));
	judge_later(self);
}

/* What was said of other operations is over. */
static void on_operations_changed(BheService *self)
{
	g_clear_pointer(&self->message, g_free);
}

static void on_plan_changed(BheService *self)
{
	judge_later(self);
	changed(self);
}

GListModel *bhe_service_get_findings(BheService *self)
{
	return G_LIST_MODEL(self->findings);
}

gboolean bhe_service_is_judged(BheService *self)
{
	return self->judged;
}

BheFinding *bhe_service_get_worst(BheService *self, const char *cell)
{
	GListModel *findings = G_LIST_MODEL(self->findings);

	/* They come with the worst first. */
	for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
		g_autoptr(BheFinding) finding = g_list_model_get_item(findings, i);

		if (!cell || !g_strcmp0(bhe_finding_get_cell(finding), cell))
			return finding;
	}
	return NULL;
}

const char *bhe_service_get_rival(BheService *self, BheFinding *finding)
{
	const char *owner = bhe_finding_get_owner(finding);

	if (!owner || !g_strcmp0(owner, bhe_finding_get_cell(finding)) ||
	    (strcmp(owner, "root") && !bhe_plan_get_text(self->plan, owner)))
		return NULL;
	return owner;
}

/* ---- applying ---- */

static void set_phase(BheService *self, BhePhase phase)
{
	self->phase = phase;
	changed(self);
}

static gboolean on_tick(gpointer data)
{
	changed(data);
	return G_SOURCE_CONTINUE;
}

/* While a change of properties is told, what the generated accessor returns is the freed one of before. */
static char **dup_unconfirmed(BhDbusManager *manager)
{
	g_autoptr(GVariant) cells =
		g_dbus_proxy_get_cached_property(G_DBUS_PROXY(manager), "Unconfirmed");

	return cells ? g_variant_dup_strv(cells, NULL) : NULL;
}

/* What the daemon says of a change that waits. */
static void watch_unconfirmed(BheService *self)
{
	BhDbusManager *manager = bhg_connection_get_manager(self->connection);
	g_auto(GStrv) cells = manager ? dup_unconfirmed(manager) : NULL;
	gboolean waits = cells && *cells;
	gboolean waited = *self->unconfirmed != NULL;

	/* Gone with the daemon: it is not known what becomes of it, until it is back. */
	if (!manager) {
		g_clear_handle_id(&self->tick, g_source_remove);
		self->phase = BHE_PHASE_READY;
		return;
	}
	if (waits != waited || (waits && !g_strv_equal((const char *const *)cells,
						       (const char *const *)self->unconfirmed))) {
		g_strfreev(self->unconfirmed);
		self->unconfirmed = waits ? g_steal_pointer(&cells) : g_new0(char *, 1);
		if (!waits)
			self->settle = TRUE;
	}
	if (waits && !self->tick)
		self->tick = g_timeout_add_seconds(1, on_tick, self);
	if (!waits)
		g_clear_handle_id(&self->tick, g_source_remove);
	if (waits && self->phase == BHE_PHASE_READY)
		self->phase = BHE_PHASE_UNCONFIRMED;
	if (!waits && self->phase == BHE_PHASE_UNCONFIRMED) {
		self->phase = BHE_PHASE_READY;
		if (self->own)
			say(self, FALSE,
			    _("The changes were not confirmed in time, and have been rolled back. "
			      "They "
			      "are still here."));
		self->own = FALSE;
	}
}

static void on_connection_changed(BheService *self)
{
	watch_unconfirmed(self);
	read_later(self);
	changed(self);
}

static void on_jobs_changed(GListModel *jobs, guint position, guint removed, guint added,
			    BheService *self)
{
	for (guint i = 0; i < added; i++) {
		g_autoptr(BhDbusJob) job = g_list_model_get_item(jobs, position + i);

		g_signal_connect_object(job, "notify::progress", G_CALLBACK(changed), self,
					G_CONNECT_SWAPPED);
	}
	changed(self);
}

static const char *manager_path(BheService *self)
{
	return bhg_connection_get_manager(self->connection) ? BHG_ROOT "/manager" : NULL;
}

static void failed(BheService *self, const char *what, const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	self->own = FALSE;
	set_phase(self, BHE_PHASE_READY);
	watch_unconfirmed(self);
	if (!g_strcmp0(name, BHG_BUS_NAME ".Error.Conflict")) {
		read_later(self);
		say(self, FALSE,
		    _("Nothing was changed: somebody else has changed the cell files meanwhile. "
		      "They have been "
		      "read again, with your changes on top: look at them, and apply once more."));
		return;
	}
	say_error(self, what, error);
}

/* The answer to one of our calls; NULL: there is none, and @what has been told, if there is anybody to tell. */
static GVariant *take_answer(BheService *self, GObject *source, GAsyncResult *result,
			     const char *what)
{
	g_autoptr(GError) error = NULL;
	GVariant *answer = bhg_connection_call_finish(BHG_CONNECTION(source), result, &error);

	if (!answer && !was_cancelled(error))
		failed(self, what, error);
	return answer;
}

static void on_applied(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BheService) self = user_data;
	g_autoptr(GVariant) answer =
		take_answer(self, source, result,
			    _("The changes could not be applied, and nothing is left of them."));

	if (!answer)
		return;
	g_variant_get_child(answer, 1, "t", &self->applied);
	self->phase = BHE_PHASE_UNCONFIRMED;
	self->own = TRUE;
	watch_unconfirmed(self);
	changed(self);
}

static GVariant *apply_arguments(BheService *self, const char *mode)
{
	GVariantBuilder options;

	g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
	if (g_strcmp0(mode, "verify")) {
		g_variant_builder_add(&options, "{sv}", "timeout",
				      g_variant_new_uint32(self->seconds));
		g_variant_builder_add(&options, "{sv}", "restart",
				      g_variant_new_boolean(self->restart));
	}
	return g_variant_new("(@a{ss}tsa{sv})", bhe_plan_get_changes(self->plan),
			     bhe_plan_get_serial(self->plan), mode, &options);
}

static gboolean has_error(GVariant *findings, GVariant *changes)
{
	GVariantIter iter;
	GVariant *one;
	gboolean error = FALSE;

	g_variant_iter_init(&iter, findings);
	while ((one = g_variant_iter_next_value(&iter))) {
		g_autoptr(BheFinding) finding = bhe_finding_new(one);
		const char *cell = bhe_finding_get_cell(finding);

		g_variant_unref(one);
		error |= bhe_finding_get_severity(finding) == BH_SEVERITY_ERROR && cell &&
			 g_variant_lookup(changes, cell, "&s", NULL);
	}
	return error;
}

static void on_verified(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BheService) self = user_data;
	g_autoptr(GVariant) changes = NULL;
	g_autoptr(GVariant) findings = NULL;
	g_autoptr(GVariant) answer = take_answer(self, source, result, _("Nothing was changed."));

	if (!answer)
		return;
	findings = g_variant_get_child_value(answer, 0);
	changes = g_variant_ref_sink(bhe_plan_get_changes(self->plan));
	put_findings(self, findings);
	if (has_error(findings, changes)) {
		set_phase(self, BHE_PHASE_READY);
		say(self, FALSE, _("Nothing was changed: there are errors to be mended first."));
		return;
	}
	set_phase(self, BHE_PHASE_APPLYING);
	bhg_connection_call(self->connection, manager_path(self), "Manager", "Apply",
			    apply_arguments(self, "until-confirmed"), self->cancellable, on_applied,
			    g_object_ref(self));
}

void bhe_service_apply(BheService *self, guint seconds, gboolean restart)
{
	g_return_if_fail(BHE_IS_SERVICE(self));
	if (bhe_service_why_not(self))
		return;
	self->seconds = seconds;
	self->restart = restart;
	g_clear_pointer(&self->message, g_free);
	set_phase(self, BHE_PHASE_CHECKING);
	bhg_connection_call(self->connection, manager_path(self), "Manager", "Apply",
			    apply_arguments(self, "verify"), self->cancellable, on_verified,
			    g_object_ref(self));
}

/* What waited for a word has got it. */
static void settled(BheService *self, const char *words)
{
	self->applied = 0;
	self->own = FALSE;
	set_phase(self, BHE_PHASE_READY);
	watch_unconfirmed(self);
	read_later(self);
	say(self, TRUE, words);
}

static void on_confirmed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BheService) self = user_data;
	g_autoptr(GVariant) answer =
		take_answer(self, source, result, _("The changes could not be confirmed."));

	if (!answer)
		return;
	self->settle = TRUE;
	settled(self, _("The changes are kept."));
}

void bhe_service_confirm(BheService *self)
{
	g_return_if_fail(BHE_IS_SERVICE(self));
	if (self->phase != BHE_PHASE_UNCONFIRMED)
		return;
	set_phase(self, BHE_PHASE_CONFIRMING);
	bhg_connection_call(self->connection, manager_path(self), "Manager", "Confirm",
			    g_variant_new("(t@a{sv})",
					  self->applied ? self->applied : serial_now(self),
					  bhg_no_options()),
			    self->cancellable, on_confirmed, g_object_ref(self));
}

static void on_reverted(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(BheService) self = user_data;
	g_autoptr(GVariant) answer =
		take_answer(self, source, result, _("The changes could not be rolled back."));

	if (answer)
		settled(self, _("The machine is as it was before. The changes are still here."));
}

void bhe_service_revert(BheService *self)
{
	g_return_if_fail(BHE_IS_SERVICE(self));
	if (self->phase != BHE_PHASE_UNCONFIRMED)
		return;
	set_phase(self, BHE_PHASE_REVERTING);
	bhg_connection_call(self->connection, manager_path(self), "Manager", "Revert",
			    g_variant_new("(@a{sv})", bhg_no_options()), self->cancellable,
			    on_reverted, g_object_ref(self));
}

/* ---- asking ---- */

BhePlan *bhe_service_get_plan(BheService *self)
{
	return self->plan;
}

BhgConnection *bhe_service_get_connection(BheService *self)
{
	return self->connection;
}

BhePhase bhe_service_get_phase(BheService *self)
{
	return self->phase;
}

const char *bhe_service_get_message(BheService *self)
{
	return self->message;
}

guint bhe_service_get_seconds_left(BheService *self)
{
	BhDbusManager *manager = bhg_connection_get_manager(self->connection);
	gint64 left = manager ? (gint64)bh_dbus_manager_get_unconfirmed_until(manager) : 0;

	left -= g_get_real_time();
	return self->phase == BHE_PHASE_UNCONFIRMED && left > 0
		       ? (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC
		       : 0;
}

double bhe_service_get_progress(BheService *self, char **words)
{
	GListModel *jobs = bhg_connection_get_jobs(self->connection);

	*words = NULL;
	for (guint i = 0; i < g_list_model_get_n_items(jobs); i++) {
		g_autoptr(BhDbusJob) job = g_list_model_get_item(jobs, i);
		const char *const *objects = bh_dbus_job_get_objects(job);
		BhgCell *cell =
			objects && *objects
				? bhg_connection_find_cell_by_path(self->connection, *objects)
				: NULL;

		if (!cell || !bhe_plan_is_changed(self->plan, bhg_cell_get_name(cell)))
			continue;
		*words = g_strdup_printf("%s: %s", bhg_cell_get_name(cell),
					 bhg_words_operation(bh_dbus_job_get_operation(job)));
		return bh_dbus_job_get_progress(job);
	}
	return -1;
}

char **bhe_service_list_restarts(BheService *self)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) names = bhe_plan_list_cells(self->plan);
	GListModel *cells = bhg_connection_get_cells(self->connection);

	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);

		if (bhg_cell_exists(cell) &&
		    bhe_plan_is_changed(self->plan, bhg_cell_get_name(cell)))
			g_strv_builder_add(builder, bhg_cell_get_name(cell));
	}
	return g_strv_builder_end(builder);
}

static char *describe_renewal(const char *name, const char *text, BhgCell *cell)
{
	if (!*text)
		return g_strdup_printf(_("“%s” is taken apart: what it has returns to Linux."),
				       name);
	if (bhg_cell_runs(cell))
		return g_strdup_printf(_("“%s” is stopped, and started with its new file."), name);
	return g_strdup_printf(_("“%s” is made anew with its new file."), name);
}

char **bhe_service_list_steps(BheService *self, guint seconds, gboolean restart)
{
	g_autoptr(GVariant) changes = g_variant_ref_sink(bhe_plan_get_changes(self->plan));
	g_autoptr(GPtrArray) steps = g_ptr_array_new();
	g_autoptr(GString) files = g_string_new(NULL);
	const char *name, *text;
	GVariantIter iter;

	g_ptr_array_add(steps, g_strdup(_("The daemon checks everything once more.")));
	g_variant_iter_init(&iter, changes);
	while (g_variant_iter_next(&iter, "{&s&s}", &name, &text))
		g_string_append_printf(files, "%s%s%s (%s)", files->len ? ", " : "", name,
				       BH_CELL_FILE_SUFFIX,
				       !bhe_plan_get_base_text(self->plan, name) ? _("new")
				       : !*text					 ? _("removed")
										 : _("changed"));
	g_ptr_array_add(steps,
			g_strdup_printf(_("All files are written, or none: %s."), files->str));
	/* In the order of the files, as the daemon does it. */
	g_variant_iter_init(&iter, changes);
	while (restart && g_variant_iter_next(&iter, "{&s&s}", &name, &text)) {
		BhgCell *cell = bhg_connection_find_cell(self->connection, name);

		if (cell && bhg_cell_exists(cell))
			g_ptr_array_add(steps, describe_renewal(name, text, cell));
	}
	g_ptr_array_add(
		steps,
		g_strdup_printf(ngettext("You are asked whether to keep this. After %u second "
					 "without an answer all of it is undone.",
					 "You are asked whether to keep this. After %u seconds "
					 "without an answer all of it is undone.",
					 seconds),
				seconds));
	g_ptr_array_add(steps, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&steps), FALSE);
}

const char *bhe_service_why_not(BheService *self)
{
	BhDbusManager *manager = bhg_connection_get_manager(self->connection);
	g_autoptr(GVariant) changes = g_variant_ref_sink(bhe_plan_get_changes(self->plan));
	guint conflicts = bhe_plan_count_conflicts(self->plan);

	g_clear_pointer(&self->why_not, g_free);
	if (!manager)
		return _("There is no connection to the daemon. The changes are kept here until it "
			 "is back.");
	if (self->phase == BHE_PHASE_UNCONFIRMED)
		return _("A change waits to be confirmed.");
	if (self->phase != BHE_PHASE_READY)
		return _("Changes are being applied.");
	if (!g_variant_n_children(changes))
		return _("There is nothing to apply.");
	if (bhe_plan_get_serial(self->plan) != serial_now(self))
		return _("The cell files are being read.");
	if (conflicts)
		return self->why_not = g_strdup_printf(
			       ngettext("%u change collides with one made by somebody else: say "
					"which one counts.",
					"%u changes collide with those made by somebody else: say "
					"which ones count.",
					conflicts),
			       conflicts);
	for (guint i = 0;
	     self->judged && i < g_list_model_get_n_items(G_LIST_MODEL(self->findings)); i++) {
		g_autoptr(BheFinding) finding =
			g_list_model_get_item(G_LIST_MODEL(self->findings), i);
		const char *cell = bhe_finding_get_cell(finding);

		if (bhe_finding_get_severity(finding) == BH_SEVERITY_ERROR && cell &&
		    bhe_plan_is_changed(self->plan, cell))
			return _("There are errors to be mended first.");
	}
	return self->judged ? NULL : _("The changes are being checked.");
}

/* ---- object ---- */

static void bhe_service_dispose(GObject *object)
{
	BheService *self = BHE_SERVICE(object);

	g_cancellable_cancel(self->cancellable);
	g_cancellable_cancel(self->judging);
	g_clear_object(&self->judging);
	g_clear_handle_id(&self->read_idle, g_source_remove);
	g_clear_handle_id(&self->judge_timer, g_source_remove);
	g_clear_handle_id(&self->tick, g_source_remove);
	if (self->reading)
		self->reading->service = NULL;
	self->reading = NULL;
	if (self->owns_connection)
		g_clear_object(&self->connection);
	g_clear_object(&self->plan);
	G_OBJECT_CLASS(bhe_service_parent_class)->dispose(object);
}

static void bhe_service_finalize(GObject *object)
{
	BheService *self = BHE_SERVICE(object);

	g_object_unref(self->cancellable);
	g_object_unref(self->findings);
	g_clear_pointer(&self->found, g_variant_unref);
	g_strfreev(self->unconfirmed);
	g_free(self->message);
	g_free(self->why_not);
	G_OBJECT_CLASS(bhe_service_parent_class)->finalize(object);
}

static void bhe_service_class_init(BheServiceClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhe_service_dispose;
	G_OBJECT_CLASS(klass)->finalize = bhe_service_finalize;
	signal_changed = g_signal_new("changed", BHE_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 0);
	signal_outcome = g_signal_new("outcome", BHE_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				      NULL, G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_STRING);
}

static void bhe_service_init(BheService *self)
{
	self->cancellable = g_cancellable_new();
	self->findings = g_list_store_new(BHE_TYPE_FINDING);
	self->unconfirmed = g_new0(char *, 1);
	self->read_again_ms = FIRST_READ_AGAIN_MS;
}

static void begin(BheService *self, BhgConnection *connection, BhePlan *plan)
{
	self->connection = connection;
	self->plan = g_object_ref(plan);
	g_signal_connect_object(plan, "items-changed", G_CALLBACK(on_operations_changed), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(plan, "changed", G_CALLBACK(on_plan_changed), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "changed", G_CALLBACK(on_connection_changed), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(connection, "cells-changed", G_CALLBACK(on_connection_changed),
				self, G_CONNECT_SWAPPED);
	g_signal_connect_object(bhg_connection_get_jobs(connection), "items-changed",
				G_CALLBACK(on_jobs_changed), self, 0);
	g_signal_connect_object(connection, "machine-changed", G_CALLBACK(on_machine_changed), self,
				G_CONNECT_SWAPPED);
	on_connection_changed(self);
	on_machine_changed(self);
}

BheService *bhe_service_new(BhgConnection *connection, BhePlan *plan)
{
	BheService *self = g_object_new(BHE_TYPE_SERVICE, NULL);

	self->owns_connection = TRUE;
	begin(self, g_object_ref(connection), plan);
	return self;
}

/* NULL: a simulated machine that ends with the program has nothing to come back to. */
static char *plan_path(BhgConnection *connection)
{
	const char *value = bhg_connection_get_value(connection);

	switch (bhg_connection_get_target(connection)) {
	case BHG_TARGET_SIMULATED:
		return NULL;
	case BHG_TARGET_SESSION:
		return bhe_plan_default_path("session");
	case BHG_TARGET_ADDRESS: {
		g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA1, value, -1);

		return bhe_plan_default_path(name);
	}
	case BHG_TARGET_HOST:
		return bhe_plan_default_path(value);
	default:
		return bhe_plan_default_path(NULL);
	}
}

BheService *bhe_service_get(BhgConnection *connection)
{
	BheService *self = g_object_get_data(G_OBJECT(connection), "bhe-service");
	g_autofree char *path = NULL;
	g_autoptr(BhePlan) plan = NULL;

	if (self)
		return self;
	path = plan_path(connection);
	plan = bhe_plan_new(path);
	self = g_object_new(BHE_TYPE_SERVICE, NULL);
	g_object_set_data_full(G_OBJECT(connection), "bhe-service", self, g_object_unref);
	begin(self, connection, plan);
	bhg_connection_set_plan(connection, plan);
	return self;
}
