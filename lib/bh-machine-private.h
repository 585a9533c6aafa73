/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the machine description share. */
#ifndef BH_MACHINE_PRIVATE_H
#define BH_MACHINE_PRIVATE_H

#include "bh-machine.h"

/*
 * The structures of bh-machine.h as tables of their fields: making, freeing, JSON and D-Bus all walk
 * these, so that a new field is written down once.
 */
typedef enum {
	BH_FIELD_FLAG, /* gboolean */
	BH_FIELD_NUMBER, /* guint */
	BH_FIELD_SIGNED, /* gint */
	BH_FIELD_ADDRESS, /* guint64 */
	BH_FIELD_WORD, /* char *, never NULL */
	BH_FIELD_WORD_OR_NULL,
	BH_FIELD_WORDS, /* char **, never NULL */
	BH_FIELD_NUMBERS, /* GArray of guint */
	BH_FIELD_RECORDS, /* GPtrArray of the structure @record describes */
} BhFieldKind;

typedef struct _BhRecord BhRecord;

typedef struct {
	const char *name;
	BhFieldKind kind;
	gsize offset;
	const BhRecord *record;
} BhField;

struct _BhRecord {
	gsize size;
	const BhField *fields; /* ends with one without a name */
};

extern const BhRecord bh_record_machine;
extern const BhRecord bh_record_cpu;
extern const BhRecord bh_record_cache;
extern const BhRecord bh_record_block;
extern const BhRecord bh_record_region;
extern const BhRecord bh_record_bar;
extern const BhRecord bh_record_device;
extern const BhRecord bh_record_node;
extern const BhRecord bh_record_uart;
extern const BhRecord bh_record_iommu;
extern const BhRecord bh_record_intc;
extern const BhRecord bh_record_interrupt;
extern const BhRecord bh_record_mmconfig;

/* Gives the arrays of a zeroed structure; words remain NULL. */
void bh_record_init(const BhRecord *type, gpointer record);
void bh_record_clear(const BhRecord *type, gpointer record);
/* A new structure at the end of an array of such. */
gpointer bh_record_append(GPtrArray *array, const BhRecord *type);

/* Arrays empty, words NULL. */
BhMachine *bh_machine_new(void);
/* Puts the arrays into the order bh-machine.h promises. */
void bh_machine_sort(BhMachine *machine);

/* Files below the root, all of them allowed to be missing. Paths are formats. */
char *bh_root_path(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Text without white space at its ends; NULL if it cannot be read. */
char *bh_root_read(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
GBytes *bh_root_read_bytes(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A number, with base 0 as in C; @missing if there is none. */
guint64 bh_root_number(const char *root, guint64 missing, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
gboolean bh_root_exists(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The last part of what a symbolic link points to, or NULL. */
char *bh_root_link_name(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Names in a directory in natural order ("cpu2" before "cpu10"); empty if there is no such directory. */
char **bh_root_list(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The PCI function a directory of sysfs belongs to, out of its path alone; or NULL. */
char *bh_pci_of_path(const char *path);

/* Natural order: runs of digits compare as numbers. */
gint bh_compare_natural(const char *a, const char *b);
/* "0-3,8" into numbers; damaged parts are left out. */
void bh_parse_list(const char *text, GArray *numbers);

/* The parts of discovery. Each adds what it finds, and can be given anything: files may be damaged. */
void bh_machine_read_acpi(BhMachine *machine, const char *root);
void bh_machine_read_acpi_table(BhMachine *machine, const char *signature, GBytes *table);
void bh_machine_read_tree(BhMachine *machine, const char *root);
void bh_machine_read_tree_blob(BhMachine *machine, GBytes *blob);
void bh_machine_read_pci(BhMachine *machine, const char *root);
/* Arm GIC Architecture Specification (IHI 0069), 2.2: interrupts below are each CPU's own, shared ones (SPIs) begin here. */
#define BH_GIC_SPI_BASE 32
/* What this Linux lives on, noted at the devices (used_for). */
void bh_machine_read_uses(BhMachine *machine, const char *root);

#endif
