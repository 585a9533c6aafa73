/* SPDX-License-Identifier: MIT */
/* Counts of values by powers of two. */
#ifndef GUEST_HISTOGRAM_H
#define GUEST_HISTOGRAM_H

#include <stdint.h>

struct histogram {
	uint64_t count;
	uint64_t min;
	uint64_t max;
	uint64_t buckets[65]; /* bucket n: values of n significant bits */
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_print(const struct histogram *histogram, const char *name); /* one line */

#endif
