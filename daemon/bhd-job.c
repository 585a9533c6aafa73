// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-authority.h"
#include "bhd-daemon.h"
#include "bhd-error.h"
#include "bhd-job.h"
#include "bhd-options.h"

struct _BhdJob {
	BhDbusJobSkeleton parent;
	BhdDaemon *daemon; /* outlives it */
	char *path;
	GCancellable *cancellable;
	gboolean over;
};

static void job_iface_init(BhDbusJobIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhdJob, bhd_job, BH_DBUS_TYPE_JOB_SKELETON,
			      G_IMPLEMENT_INTERFACE(BH_DBUS_TYPE_JOB, job_iface_init))

struct phase {
	BhdJob *job;
	const char *phase;
	double progress;
};

/* Told at once: of steps that follow each other fast, too, each is seen on the bus. */
static void tell(BhdJob *self, const char *phase, double progress)
{
	bh_dbus_job_set_phase(BH_DBUS_JOB(self), phase);
	bh_dbus_job_set_progress(BH_DBUS_JOB(self), progress);
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self));
}

static gboolean on_phase(gpointer data)
{
	g_autofree struct phase *phase = data;

	tell(phase->job, phase->phase, phase->progress);
	g_object_unref(phase->job);
	return G_SOURCE_REMOVE;
}

void bhd_job_set_phase(BhdJob *self, const char *phase, double progress)
{
	struct phase *message;

	if (!self)
		return;
	message = g_new(struct phase, 1);
	message->job = g_object_ref(self);
	message->phase = phase;
	message->progress = progress;
	g_main_context_invoke(NULL, on_phase, message);
}

void bhd_job_set_reading(BhdJob *self)
{
	tell(self, "reading", MAX(0.9, bh_dbus_job_get_progress(BH_DBUS_JOB(self))));
}

GCancellable *bhd_job_get_cancellable(BhdJob *self)
{
	return self->cancellable;
}

void bhd_job_finish(BhdJob *self, const GError *error)
{
	g_autofree char *name = error ? g_dbus_error_encode_gerror(error) : g_strdup("");

	self->over = TRUE;
	if (!error)
		tell(self, bh_dbus_job_get_phase(BH_DBUS_JOB(self)), 1);
	bh_dbus_job_emit_finished(BH_DBUS_JOB(self), !error, name, error ? error->message : "");
	bhd_daemon_unexport(self->daemon, self->path);
}

static gboolean handle_cancel(BhDbusJob *object, GDBusMethodInvocation *invocation,
			      GVariant *options)
{
	GError *error = NULL;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	/* While it was asked who is calling, the work has come to its end. */
	if (BHD_JOB(object)->over)
		return bhd_error_return(invocation,
					g_error_new(BHD_ERROR, BHD_ERROR_WRONG_STATE,
						    "this work is over: there is nothing left to "
						    "cancel"));
	g_cancellable_cancel(BHD_JOB(object)->cancellable);
	bh_dbus_job_complete_cancel(object, invocation);
	return TRUE;
}

static void job_iface_init(BhDbusJobIface *iface)
{
	iface->handle_cancel = handle_cancel;
}

static void bhd_job_finalize(GObject *object)
{
	BhdJob *self = BHD_JOB(object);

	g_free(self->path);
	g_object_unref(self->cancellable);
	G_OBJECT_CLASS(bhd_job_parent_class)->finalize(object);
}

static void bhd_job_class_init(BhdJobClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_job_finalize;
	bhd_authority_guard_class(G_DBUS_INTERFACE_SKELETON_CLASS(klass));
}

static void bhd_job_init(BhdJob *self)
{
	self->cancellable = g_cancellable_new();
}

BhdJob *bhd_job_new(BhdDaemon *daemon, const char *operation, const char *object,
		    GDBusMethodInvocation *invocation)
{
	BhdJob *self = g_object_new(BHD_TYPE_JOB, NULL);
	BhDbusJob *job = BH_DBUS_JOB(self);
	const char *const objects[] = {object, NULL};

	self->daemon = daemon;
	self->path = g_strdup_printf(BHD_ROOT_PATH "/jobs/%" G_GUINT64_FORMAT,
				     bhd_daemon_next_job(daemon));
	bh_dbus_job_set_operation(job, operation);
	bh_dbus_job_set_objects(job, objects);
	bh_dbus_job_set_phase(job, "waiting");
	bh_dbus_job_set_start_time(job, g_get_real_time());
	bh_dbus_job_set_requester(job, bhd_authority_caller(invocation));
	bhd_authority_guard(bhd_daemon_get_authority(daemon), G_DBUS_INTERFACE_SKELETON(self),
			    NULL);
	bhd_daemon_export(daemon, self->path, G_DBUS_INTERFACE_SKELETON(self));
	return self;
}
