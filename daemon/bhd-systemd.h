/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PID 1, as far as it is needed: units of cells are started, stopped, enabled, and their file states are known. */
#ifndef BHD_SYSTEMD_H
#define BHD_SYSTEMD_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHD_TYPE_SYSTEMD (bhd_systemd_get_type())
G_DECLARE_FINAL_TYPE(BhdSystemd, bhd_systemd, BHD, SYSTEMD, GObject)

/* Emits "unit-files-changed". */
BhdSystemd *bhd_systemd_new(GDBusConnection *connection);

char *bhd_systemd_unit_name(const char *cell);

/* @verb: "StartUnit", "StopUnit" or "RestartUnit". Done when the job is. */
void bhd_systemd_run_job(BhdSystemd *self, const char *verb, const char *unit,
			 GAsyncReadyCallback done, gpointer user_data);
/* TRUE: the job has succeeded. */
gboolean bhd_systemd_run_job_finish(GAsyncResult *result, GError **error);

/* What the generator makes of the cell files is read again. */
void bhd_systemd_reload(BhdSystemd *self, GAsyncReadyCallback done, gpointer user_data);
gboolean bhd_systemd_reload_finish(GAsyncResult *result, GError **error);

void bhd_systemd_set_enabled(BhdSystemd *self, const char *unit, gboolean enabled,
			     GAsyncReadyCallback done, gpointer user_data);
gboolean bhd_systemd_set_enabled_finish(GAsyncResult *result, GError **error);

/* The word systemctl is-enabled says. */
void bhd_systemd_get_file_state(BhdSystemd *self, const char *unit, GAsyncReadyCallback done,
				gpointer user_data);
char *bhd_systemd_get_file_state_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif
