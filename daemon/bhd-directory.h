/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories the daemon writes in: who else does, and what one that was killed has left there half written. */
#ifndef BHD_DIRECTORY_H
#define BHD_DIRECTORY_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
	BHD_DIRECTORY_UNKNOWN, /* the file system does not tell */
	BHD_DIRECTORY_ALONE,
	BHD_DIRECTORY_OTHERS,
} BhdDirectoryUse;

/* Locks it until the descriptor is closed, if nobody else does; -1: it cannot be opened. */
int bhd_directory_lock(const char *path, BhdDirectoryUse *use);
/* From now on others may work with it, and see that they are not alone. */
void bhd_directory_share(int fd);

/*
 * Whether a file is one of ours, half written or never put in its place. @written: whose content it has if the name is such as GLib's
 * functions for writing files leave when their process is killed: a name, a point, and six letters; else NULL.
 */
typedef gboolean (*BhdDirectoryIsLeftover)(const char *name, const char *written);

/* Removes those. Nobody else may be writing there. */
void bhd_directory_clean(const char *path, BhdDirectoryIsLeftover is_leftover);

G_END_DECLS

#endif
