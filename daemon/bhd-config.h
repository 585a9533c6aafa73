/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: all cell files of the directory, what validation says of them, and what was chosen where they leave
 * something open. The files are the truth; they are watched, and read again when they change.
 */
#ifndef BHD_CONFIG_H
#define BHD_CONFIG_H

#include <gio/gio.h>
#include "bh-placement.h"

G_BEGIN_DECLS

#define BHD_TYPE_CONFIG (bhd_config_get_type())
G_DECLARE_FINAL_TYPE(BhdConfig, bhd_config, BHD, CONFIG, GObject)

/*
 * Emits "changed" when the files, or what validation says of them, are not what they were, and "edited" after that when it was not
 * this program that wrote them.
 */
BhdConfig *bhd_config_new(const char *directory, const char *placement_file, BhMachine *machine,
			  GError **error);

/* Files are judged against another machine from now on. */
void bhd_config_set_machine(BhdConfig *self, BhMachine *machine);

/* Reads the files; "changed" is emitted before it returns, if it is. */
gboolean bhd_config_reload(BhdConfig *self, GError **error);

const char *bhd_config_get_directory(BhdConfig *self);
BhCellSet *bhd_config_get_set(BhdConfig *self);
BhPlacement *bhd_config_get_placement(BhdConfig *self);
/* BhFinding, of all cells, against the machine. */
GPtrArray *bhd_config_get_findings(BhdConfig *self);
/*
 * Made of names and contents of all files, so it survives the daemon and is the same whoever changed them. Below 2⁵³, as
 * JSON knows no more.
 */
guint64 bhd_config_get_serial(BhdConfig *self);

/* The path the file of a cell has; free it. */
char *bhd_config_get_path(BhdConfig *self, const char *cell);

/* The set as it would be after @changes (a{ss}); what is there is read from the directory. */
BhCellSet *bhd_config_propose(BhdConfig *self, GVariant *changes, GError **error);

/* Remembers what the module chose, or that it does not give it again. */
void bhd_config_learn(BhdConfig *self, const BhCell *cell, GBytes *descriptor);
void bhd_config_forget_memory(BhdConfig *self, const char *cell);

G_END_DECLS

#endif
