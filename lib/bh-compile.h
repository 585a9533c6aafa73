/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a cell and its placement to what the loader module takes: the descriptor, and images to load. */
#ifndef BH_COMPILE_H
#define BH_COMPILE_H

#include "bh-placement.h"

G_BEGIN_DECLS

#define BH_COMPILE_ERROR (bh_compile_error_quark())
GQuark bh_compile_error_quark(void);
typedef enum {
	BH_COMPILE_ERROR_OPEN, /* something is not placed: an id, CPUs, a device */
	BH_COMPILE_ERROR_SIZE, /* the descriptor would exceed BH_CELL_DESC_MAX */
	BH_COMPILE_ERROR_FILE, /* a file of a Linux cell cannot be read */
	BH_COMPILE_ERROR_LINUX, /* the kernel and the cell do not fit together */
} BhCompileError;

/*
 * A struct bh_cell_desc with its tables. @cell must have no errors. Memory is in the order of cell->memory, then come
 * the registers of devices found by the device tree; physical addresses nobody knows are BH_PHYS_ANY. An id nobody knows is 0: the module chooses.
 */
GBytes *bh_compile(const BhCell *cell, const BhPlacement *placement, GError **error);

typedef struct {
	const char *name; /* of the section; "command line" */
	guint type; /* BH_IMAGE_RAW, _ELF or _TEXT */
	guint64 address;
	const char *path; /* RAW, ELF */
	const char *text; /* TEXT */
	gsize size; /* of text, its terminating NUL included */
	/*< private >*/
	gpointer owned; /* text, if it is not the cell's */
	BhCell *cell; /* whose strings these are */
} BhCompiledImage;

/*
 * BhCompiledImage in the order to load them: those of Linux, the cell's own, the command line; at most BH_IMAGES_MAX. Keeps @cell
 * alive. Looks into the kernel of a Linux cell; fails where there is none that can be started in this cell. On arm64 such a cell is
 * told which CPUs it has, and looks at this machine; without @placement neither is done, and the images are for looking at only.
 */
GArray *bh_compile_images(BhCell *cell, const BhPlacement *placement, GError **error);

#define BH_COMPILE_LINUX_IMAGES 5 /* at most */
/* The part of it that [Linux] makes, appended; FALSE: @error says why not. */
gboolean bh_compile_linux(BhCell *cell, const BhPlacement *placement, GArray *images,
			  GError **error);

/*
 * What the device tree of a Linux cell on arm64 says of PCI functions is known when the cell has them: where memory lies for devices,
 * and which interrupts they have. @created is the descriptor of the cell that there is; other cells' images stay as they are.
 */
gboolean bh_compile_linux_functions(const struct bh_cell_desc *created, GArray *images,
				    GError **error);

G_END_DECLS

#endif
