/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary of cell files in words for people: what each section and key is called, a sentence of help, and what
 * kind of widget it takes. A test compares it with bh_cell_schema(): whoever adds a key there adds its words here.
 */
#ifndef BHE_WORDS_H
#define BHE_WORDS_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
	BHE_INPUT_TEXT,
	BHE_INPUT_PATH,
	BHE_INPUT_SIZE,
	BHE_INPUT_ADDRESS,
	BHE_INPUT_TIME,
	BHE_INPUT_NUMBER,
	BHE_INPUT_LIST, /* of numbers or words, typed */
	BHE_INPUT_CPUS,
	BHE_INPUT_CELLS, /* names of other cells */
	BHE_INPUT_DEVICE, /* PCI address of a device of this machine */
	BHE_INPUT_NODE, /* path of a node of the device tree */
	BHE_INPUT_BOOLEAN,
	BHE_INPUT_CHOICE, /* one of choices */
	BHE_INPUT_ACCESS, /* letters of r, w, x, d */
} BheInput;

typedef struct {
	const char *key;
	BheInput input;
	const char *title;
	const char *help; /* a sentence */
	/*
	 * What holds where the key is not written: in words, or as it would be written, which no catalogue may know. NULL:
	 * nothing.
	 */
	const char *unset;
	const char *choices; /* "stop|ignore" */
} BheKeyWords;

typedef struct {
	const char *kind;
	const char *title; /* of the group: "Memory" */
	const char *one; /* in a sentence: "memory" */
	const char *help;
	const char *add; /* label of the button that adds one; NULL: there is no more than one */
	const char *name; /* a good name for a new one */
	const BheKeyWords *keys; /* ends with one whose key is NULL */
} BheSectionWords;

/* Ends with one whose kind is NULL; in the order of the editor. Texts are not translated yet: use _(). */
const BheSectionWords *bhe_words(void);
/* NULL: no such section, no such key. @kind: "Memory", or "Memory ram". */
const BheSectionWords *bhe_words_section(const char *kind);
const BheKeyWords *bhe_words_key(const char *kind, const char *key);

/* "“Size” of memory ram", "“Longest silence”": translated, for a sentence. */
char *bhe_words_place(const char *section, const char *key);
/* "memory ram"; the kind of a section that is not in the table. */
char *bhe_words_section_name(const char *section);

/* "64 MiB", "1.5 GiB", "512 bytes": rounded to what a person reads. */
char *bhe_size_to_words(guint64 size);
/* For a value as it is written: "64 MiB · 0x4000000"; NULL: not a size, or none. */
char *bhe_size_hint(const char *value);

G_END_DECLS

#endif
