/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging cells: each alone, against all others, and against a machine. Finds earlier, and with the place in
 * the text, whatever the core would refuse. The daemon, the command and the window all use this.
 */
#ifndef BH_VALIDATE_H
#define BH_VALIDATE_H

#include "bh-cell-set.h"
#include "bh-machine.h"

G_BEGIN_DECLS

/*
 * BhFindings about @cell (NULL: about all of them), those of parsing included, sorted. @machine NULL: nothing is
 * said about the machine. Conflicts of two cells are found for both.
 */
GPtrArray *bh_validate(const BhCellSet *set, const char *cell, const BhMachine *machine);

G_END_DECLS

#endif
