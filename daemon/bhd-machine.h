/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The description of the machine, as an object on the bus. */
#ifndef BHD_MACHINE_H
#define BHD_MACHINE_H

#include "bhd-daemon.h"

G_BEGIN_DECLS

#define BHD_TYPE_MACHINE (bhd_machine_get_type())
G_DECLARE_FINAL_TYPE(BhdMachine, bhd_machine, BHD, MACHINE, BhDbusMachineSkeleton)

BhdMachine *bhd_machine_new(BhdDaemon *daemon);
/* Something of the real machine has changed: it is looked at again, in a thread, when more has had time to. */
void bhd_machine_look_soon(BhdMachine *self);

/*
 * What there is to divide. Cells take CPUs and memory out of Linux's sight, so the machine is looked at while nothing is
 * enabled, and remembered below /run for a daemon that starts later.
 */
BhMachine *bhd_machine_look(const BhdSettings *settings, gboolean enabled, GError **error);

/* Dictionaries of Manager.CheckMachine(); floating. @present: there is a module that answers; otherwise @silence: why one does not,
 * or NULL. */
GVariant *bhd_machine_check(const BhMachine *machine, gboolean present, const char *silence);

G_END_DECLS

#endif
