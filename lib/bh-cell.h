/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One cell as its file describes it: typed, with every default filled in, and with the place of each thing in the
 * text. What the file leaves open (BH_PHYS_ANY, id 0, cpu_count) is chosen by bh-placement.h.
 *
 * All structures are read-only after bh_cell_parse. Strings are UTF-8; lists are never NULL.
 */
#ifndef BH_CELL_H
#define BH_CELL_H

#include <bulkhead/cell.h>
#include <bulkhead/device.h>
#include "bh-cell-file.h"

G_BEGIN_DECLS

/* Of one interrupt controller, for cells: as many as struct bh_irqs has; and of a GIC its SPIs (IHI 0069, 2.2). */
#define BH_PINS_MAX 128
#define BH_SPIS_MAX 988
#define BH_CONTROLLER_ANY G_MAXUINT64 /* the machine's first, which is a GIC's only one */

typedef enum {
	BH_MEMORY_RAM, /* taken from Linux and cleared */
	BH_MEMORY_DEVICE, /* registers of a device: a window onto physical addresses that are not RAM */
	BH_MEMORY_SHARED, /* RAM that the root sees as well */
	BH_MEMORY_COMM, /* the comm region */
} BhMemoryType;

typedef enum {
	BH_RESTART_NO,
	BH_RESTART_ON_FAILURE,
	BH_RESTART_ALWAYS,
} BhRestart;

/* One number of a list, with its place in the text. */
typedef struct {
	guint64 value;
	guint line;
	guint column;
} BhNumber;

typedef struct {
	const BhCellSection *section; /* of BhCell.file */
	const char *name;
	BhMemoryType type;
	guint64 size;
	guint64 guest_address;
	gboolean guest_address_chosen; /* not in the file: chosen by the parser */
	guint64 physical_address; /* BH_PHYS_ANY: to be placed */
	guint32 flags; /* BH_MEM_ */
} BhCellMemory;

typedef struct {
	const BhCellSection *section;
	const char *name;
	char *path; /* absolute */
	guint64 address;
	guint type; /* BH_IMAGE_RAW or BH_IMAGE_ELF */
} BhCellImage;

typedef struct {
	const BhCellSection *section;
	const char *name;
	char *address; /* "0000:00:03.0"; NULL: a match or a node */
	guint segment; /* of address */
	guint bdf;
	gint vendor, device; /* the match; -1: any */
	guint class_code; /* of 24 bits: class, sub-class, interface */
	guint class_mask; /* which bits of it count: 0xff0000, 0xffff00, 0xffffff; 0: none */
	char *node; /* path in the device tree, of a device that is not on PCI; or NULL */
} BhCellDevice;

typedef struct {
	const BhCellSection *section;
	const char *name;
	guint first, last; /* inclusive */
	guint line, column;
} BhCellPorts;

typedef struct {
	const BhCellSection *section;
	const char *name;
	guint64 controller; /* physical address, or BH_CONTROLLER_ANY */
	GArray *pins; /* BhNumber */
} BhCellInterrupts;

typedef struct {
	const BhCellSection *section;
	const char *name;
	char **peers; /* other cells, or "root", with this cell as peer 0 and these from 1 on; empty: described elsewhere */
	guint64 shared_size, output_size;
	guint protocol; /* 0x0001: network */
	guint vectors; /* 0: as described, or the usual number */
	guint64 guest_address; /* where this cell sees it; -1: to be chosen */
	gint bdf; /* of its device in this cell; -1: to be chosen */
} BhCellLink;

typedef struct {
	BhCellFile *file; /* a copy of the text this was parsed from */
	const char *name;
	char *path; /* of the file */
	char *description; /* the name, if there is none */
	guint arch; /* BH_ARCH_ */
	guint id; /* 0: to be chosen */
	GArray *cpus; /* BhNumber; empty if cpu_count */
	guint cpu_count; /* how many are to be chosen; 0: cpus says which */
	guint64 reset_address;
	guint32 flags; /* BH_CELL_PASSIVE_COMM, BH_CELL_CONSOLE_ */
	guint shutdown_timeout_ms;
	guint heartbeat_ms; /* longest time between two beats; 0: none are expected */
	char *command_line; /* or NULL */
	guint64 command_line_address;
	const BhCellSection *linux_section; /* NULL: no [Linux] */
	char *linux_kernel; /* absolute paths, or NULL */
	char *linux_initrd;
	char *linux_command_line; /* or NULL */
	guint8 policy[16]; /* BH_POLICY_ by BH_KIND_ */
	struct bh_console_desc console;
	BhRestart restart;
	guint restart_ms; /* pause before a restart */
	char **after; /* cells that start before this one */
	char **wants; /* cells that are started with this one */

	GPtrArray *memory; /* BhCellMemory … each in the order of the text */
	GPtrArray *images;
	GPtrArray *devices;
	GPtrArray *ports; /* BhCellPorts: one for each range */
	GPtrArray *interrupts;
	GPtrArray *links;
} BhCell;

#define BH_TYPE_CELL (bh_cell_get_type())
GType bh_cell_get_type(void);
BhCell *bh_cell_ref(BhCell *cell);
void bh_cell_unref(BhCell *cell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhCell, bh_cell_unref)

/*
 * Always returns a cell: of what cannot be read the defaults are taken, and @findings gets an error for it
 * (findings of bh_cell_file_check included). So an editor can show half-written files. A cell with errors
 * must not be compiled.
 */
BhCell *bh_cell_parse(const BhCellFile *file, GPtrArray *findings);
/* The same where a file that names no architecture is for @arch (BH_ARCH_) and not for x86-64. */
BhCell *bh_cell_parse_for(const BhCellFile *file, guint arch, GPtrArray *findings);
/* How many pins of an interrupt controller a cell can have. */
guint bh_cell_pins_max(guint arch);

/*
 * Appends a finding about @key of @section (NULL: the file as a whole): at its value if the key is there,
 * else at the head of the section. The result may be filled in further; the array owns it.
 */
BhFinding *bh_cell_find_fault(const BhCell *cell, const BhCellSection *section, const char *key,
			      GPtrArray *findings, BhFindingKind kind, const char *format, ...)
	G_GNUC_PRINTF(6, 7);

/* The CPUs, memory… of one cell in words for people: "2-3,5". */
char *bh_cell_cpus_to_string(const GArray *cpus);

/* The lowest address for @size bytes in a cell of @arch beside @taken (struct bh_range); BH_GUEST_LIMIT: there is none. */
#define BH_GUEST_LIMIT (1ULL << 46) /* where guest-physical addresses of a cell end */
guint64 bh_cell_find_address(guint arch, const GArray *taken, guint64 size);

/* "8250" for BH_CONSOLE_8250, "none" for BH_CONSOLE_NONE; NULL: no such type. */
const char *bh_console_type_name(guint type);

/* May @name be the name of a cell? Letters, digits, "_", "-" and "."; not "root"; at most 31 bytes. */
gboolean bh_cell_name_is_valid(const char *name);

/*
 * The vocabulary: every section and key there is, for editors and completion. @keys of a section ends with an
 * entry whose name is NULL.
 */
typedef struct {
	const char *name;
	gboolean required;
	gboolean repeats; /* every line counts; else a second one is a mistake */
	const char *form; /* in words: "a size, such as 64M" */
	/*< private >*/
	GCallback parse;
	gsize offset;
} BhCellKey;

typedef struct {
	const char *kind;
	gboolean named; /* [Kind NAME], any number of them */
	const BhCellKey *keys;
} BhCellSchema;

/* Ends with an entry whose kind is NULL. */
const BhCellSchema *bh_cell_schema(void);

G_END_DECLS

#endif
