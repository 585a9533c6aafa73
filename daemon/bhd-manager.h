/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor and the configuration, as an object on the bus. */
#ifndef BHD_MANAGER_H
#define BHD_MANAGER_H

#include "bhd-change.h"
#include "bhd-daemon.h"

G_BEGIN_DECLS

#define BHD_TYPE_MANAGER (bhd_manager_get_type())
G_DECLARE_FINAL_TYPE(BhdManager, bhd_manager, BHD, MANAGER, BhDbusManagerSkeleton)

#define BHD_MANAGER_PATH BHD_ROOT_PATH "/manager"

BhdManager *bhd_manager_new(BhdDaemon *daemon, BhdChange *change);
void bhd_manager_update(BhdManager *self);
/* Goes on with a forced Disable() that an earlier daemon was killed in. What the core says is known. */
void bhd_manager_recover(BhdManager *self);

G_END_DECLS

#endif
