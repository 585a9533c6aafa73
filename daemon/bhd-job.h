/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work under way, as an object on the bus. */
#ifndef BHD_JOB_H
#define BHD_JOB_H

#include "bh-dbus.h"

G_BEGIN_DECLS

typedef struct _BhdDaemon BhdDaemon;

#define BHD_TYPE_JOB (bhd_job_get_type())
G_DECLARE_FINAL_TYPE(BhdJob, bhd_job, BHD, JOB, BhDbusJobSkeleton)

/* Appears on the bus at once. @object: what it is about. @invocation: who asked; NULL: the daemon itself. */
BhdJob *bhd_job_new(BhdDaemon *daemon, const char *operation, const char *object,
		    GDBusMethodInvocation *invocation);

GCancellable *bhd_job_get_cancellable(BhdJob *self);

/* From any thread. @phase must be a literal. NULL is a job, too: nothing is told. */
void bhd_job_set_phase(BhdJob *self, const char *phase, double progress);

/* The last step of most jobs: what has been done is read back from the core. */
void bhd_job_set_reading(BhdJob *self);

/* Says how it went and disappears from the bus. */
void bhd_job_finish(BhdJob *self, const GError *error);

G_END_DECLS

#endif
