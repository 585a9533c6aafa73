/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cell descriptor made of command-line options. */
#ifndef CLI_DESCRIPTOR_H
#define CLI_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <bulkhead/cell.h>

/* NULL, and a sentence on standard error, when the options are wrong. To be freed. */
struct bh_cell_desc *descriptor_from_options(int argc, char **argv);

/* A number with 0x and K, M, G; in full, or up to a character of `ends'. */
bool number_parse(const char *text, const char *ends, uint64_t *value, const char **rest);

int kind_parse(const char *word);

#endif
