/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cell files leave open is chosen here: ids, CPUs, devices found by a match, numbers of links, physical memory. The same files on
 * the same machine always give the same choice, and a choice once made is kept (remembered in a key file) as
 * long as it is possible.
 *
 * Physical memory is chosen by the loader module, when it is asked for BH_PHYS_ANY. bh_placement_learn remembers what
 * it chose, and the next bh_compile asks for that address again. If the module then refuses it, as it may after
 * a boot, bh_placement_forget_memory and compile once more.
 */
#ifndef BH_PLACEMENT_H
#define BH_PLACEMENT_H

#include "bh-cell-set.h"
#include "bh-link.h"
#include "bh-machine.h"

G_BEGIN_DECLS

#define BH_PLACEMENT_FILE "/var/lib/bulkhead/placement"

typedef struct _BhPlacement BhPlacement;

#define BH_TYPE_PLACEMENT (bh_placement_get_type())
GType bh_placement_get_type(void);
BhPlacement *bh_placement_ref(BhPlacement *placement);
void bh_placement_unref(BhPlacement *placement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhPlacement, bh_placement_unref)

BhPlacement *bh_placement_new(void);
/* A file that does not exist is an empty placement. */
BhPlacement *bh_placement_load(const char *path, GError **error);
gboolean bh_placement_save(const BhPlacement *placement, const char *path, GError **error);
/* The same in two steps: the second one waits for the disk, and needs no placement. */
char *bh_placement_to_text(const BhPlacement *placement);
gboolean bh_placement_write(const char *text, const char *path, GError **error);

/*
 * Makes the choices for every cell of @set; those of cells that are not in @set are dropped. What cannot be
 * satisfied is left open and, if @findings is not NULL, found (cpu-few, device-missing). With more cells than ids some
 * have none: the module takes one that is free when such a cell is created.
 * TRUE if anything changed, so that it should be saved.
 */
gboolean bh_placement_update(BhPlacement *placement, const BhCellSet *set, const BhMachine *machine,
			     GPtrArray *findings);

/* What holds for @cell: the file's word where it says something, else the choice. */
guint bh_placement_get_id(const BhPlacement *placement, const BhCell *cell); /* 0: none */
GArray *bh_placement_get_cpus(const BhPlacement *placement,
			      const BhCell *cell); /* guint; full transfer; may be empty */
/* BH_PHYS_ANY: not known. */
guint64 bh_placement_get_memory(const BhPlacement *placement, const BhCell *cell,
				const BhCellMemory *memory);
/* "0000:00:03.0", or NULL. */
const char *bh_placement_get_device(const BhPlacement *placement, const BhCell *cell,
				    const BhCellDevice *device);

/* What the device tree says of a device that is not on PCI. It is a fact, not a choice, and is not saved. */
typedef struct {
	guint64 start, size; /* of its registers: whole pages */
	guint64 controller; /* of its interrupts: physical address */
	GArray *interrupts; /* guint, pins of that controller */
} BhPlacedNode;

/* NULL: @device has no node, or this machine does not have it. Valid until the next update. */
const BhPlacedNode *bh_placement_get_node(const BhPlacement *placement, const BhCell *cell,
					  const BhCellDevice *device);

/* The interrupt controller that @interrupts is of: a fact as well. BH_CONTROLLER_ANY: not known. */
guint64 bh_placement_get_controller(const BhPlacement *placement, const BhCell *cell,
				    const BhCellInterrupts *interrupts);

/*
 * The links of @cell, its own and those other files describe: struct bh_link, without physical addresses, which the module
 * chooses. Valid until the next update.
 */
const GArray *bh_placement_get_links(const BhPlacement *placement, const BhCell *cell);
/* -1: there is no such link, or there are too many. */
gint bh_placement_get_link_number(const BhPlacement *placement, const char *link);

/* @desc as the module wrote it back, compiled from @cell. TRUE if anything changed. */
gboolean bh_placement_learn(BhPlacement *placement, const BhCell *cell,
			    const struct bh_cell_desc *desc);
/* TRUE if there was anything to forget. */
gboolean bh_placement_forget_memory(BhPlacement *placement, const char *cell);

/* For people and D-Bus: a{sv} of "id" u, "cpus" au, "memory" a{st}, "devices" a{ss} (addresses, or paths of nodes). */
GVariant *bh_placement_to_variant(const BhPlacement *placement, const BhCell *cell);

G_END_DECLS

#endif
