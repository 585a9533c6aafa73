/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may call which method. Every call of a guarded object passes here first; a method that is not in the table, and
 * an object that was never given an authority, are refused.
 */
#ifndef BHD_AUTHORITY_H
#define BHD_AUTHORITY_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define BHD_TYPE_AUTHORITY (bhd_authority_get_type())
G_DECLARE_FINAL_TYPE(BhdAuthority, bhd_authority, BHD, AUTHORITY, GObject)

/*
 * @polkit: ask polkit about everybody but root. Else, on a private bus: the user the daemon runs as may do everything,
 * and nobody else anything.
 */
BhdAuthority *bhd_authority_new(gboolean polkit);

/* In class_init of a skeleton's subclass: puts the authority before its methods. */
void bhd_authority_guard_class(GDBusInterfaceSkeletonClass *klass);
/* And in its constructor. @cell: the name polkit is told, or NULL. */
void bhd_authority_guard(BhdAuthority *self, GDBusInterfaceSkeleton *skeleton, const char *cell);

/* The user id behind a call that was let through; G_MAXUINT32: nobody's (@invocation NULL). */
guint32 bhd_authority_caller(GDBusMethodInvocation *invocation);

/* The polkit action of a method, NULL if there is none: for a test that walks the interfaces. */
const char *bhd_authority_action(const char *interface, const char *method);

G_END_DECLS

#endif
