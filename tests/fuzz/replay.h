/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a test of a fuzzer: the inputs of a folder, and many that are almost like them. */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As it is, cut at every @cut_step, and with a bit of it turned over at every @bit_step. */
static inline void replay_variants(const char *data, gsize size, gsize cut_step, gsize bit_step)
{
	g_autofree uint8_t *variant = g_memdup2(data, size);

	LLVMFuzzerTestOneInput(variant, size);
	for (gsize cut = 0; cut < size; cut += cut_step) {
		/* Of its exact size, so that a read beyond the end is seen. */
		g_autofree uint8_t *copy = g_memdup2(data, cut);

		LLVMFuzzerTestOneInput(copy, cut);
	}
	for (gsize bit = 0; bit < size * 8; bit += bit_step) {
		variant[bit / 8] ^= (uint8_t)(1 << bit % 8);
		LLVMFuzzerTestOneInput(variant, size);
		variant[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* All of a folder, which has to have @least inputs. How many bytes they have together. */
static inline gsize replay_folder(const char *path, guint least, gsize cut_step, gsize bit_step)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
	const char *name;
	gsize total = 0;
	guint count = 0;

	g_assert_no_error(error);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *data = NULL;
		gsize size;

		g_file_get_contents(file, &data, &size, &error);
		g_assert_no_error(error);
		replay_variants(data, size, cut_step, bit_step);
		total += size;
		count++;
	}
	g_test_message("%u inputs and their variants", count);
	g_assert_cmpuint(count, >=, least);
	return total;
}

#endif
