// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-error.h"
#include "bhd-worker.h"

struct _BhdWorker {
	GObject parent;
	GThreadPool *thread;
	struct bh_backend *backend; /* of the thread alone, once that runs */
	gboolean given;
};

G_DEFINE_FINAL_TYPE(BhdWorker, bhd_worker, G_TYPE_OBJECT)

struct item {
	BhdWork work;
	gpointer data;
};

static void run(gpointer item, gpointer user_data)
{
	g_autoptr(GTask) task = item;
	BhdWorker *self = user_data;
	struct item *what = g_task_get_task_data(task);
	GError *error = NULL;

	if (g_task_return_error_if_cancelled(task))
		return;
	if (!what->work) {
		if (self->backend && !self->given)
			self->backend->ops->free(g_steal_pointer(&self->backend));
		g_task_return_boolean(task, TRUE);
		return;
	}
	if (!self->backend) {
		struct bh_device_error device = {0};

		self->backend = bh_backend_open_device(&device);
		if (!self->backend) {
			bhd_error_set_device(&error, &device);
			g_task_return_error(task, error);
			return;
		}
	}
	if (what->work(self->backend, what->data, g_task_get_cancellable(task), &error))
		g_task_return_boolean(task, TRUE);
	else
		g_task_return_error(task, error);
}

void bhd_worker_run(BhdWorker *self, BhdWork work, gpointer data, GCancellable *cancellable,
		    GAsyncReadyCallback done, gpointer user_data)
{
	GTask *task = g_task_new(self, cancellable, done, user_data);
	struct item *item = g_new(struct item, 1);

	item->work = work;
	item->data = data;
	g_task_set_source_tag(task, bhd_worker_run);
	/* Work that was done is done, even if somebody wished to cancel it meanwhile. */
	g_task_set_check_cancellable(task, FALSE);
	g_task_set_task_data(task, item, g_free);
	g_thread_pool_push(self->thread, task, NULL);
}

void bhd_worker_release(BhdWorker *self)
{
	bhd_worker_run(self, NULL, NULL, NULL, NULL, NULL);
}

gboolean bhd_worker_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

static void bhd_worker_dispose(GObject *object)
{
	BhdWorker *self = BHD_WORKER(object);

	/* Waits for what is under way: a call in the middle must not lose its descriptor. */
	if (self->thread)
		g_thread_pool_free(g_steal_pointer(&self->thread), FALSE, TRUE);
	if (self->backend)
		self->backend->ops->free(g_steal_pointer(&self->backend));
	G_OBJECT_CLASS(bhd_worker_parent_class)->dispose(object);
}

static void bhd_worker_class_init(BhdWorkerClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_worker_dispose;
}

static void bhd_worker_init(BhdWorker *self)
{
	self->thread = g_thread_pool_new(run, self, 1, TRUE, NULL);
}

BhdWorker *bhd_worker_new(struct bh_backend *backend)
{
	BhdWorker *self = g_object_new(BHD_TYPE_WORKER, NULL);

	self->backend = backend;
	self->given = backend != NULL;
	return self;
}
