/* SPDX-License-Identifier: MIT */
#include <guest/histogram.h>
#include <guest/printk.h>

void histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned int bits = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	if (!histogram->count || value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->count++;
	histogram->buckets[bits]++;
}

void histogram_print(const struct histogram *histogram, const char *name)
{
	char line[1024];
	size_t n = 0;

	line[0] = '\0';
	for (unsigned int bits = 0; bits < 65; bits++)
		if (histogram->buckets[bits] && n < sizeof(line))
			n += format_string(line + n, sizeof(line) - n, " <2^%u:%lu", bits,
					   histogram->buckets[bits]);
	printk("%s: count %lu min %lu max %lu%s\n", name, histogram->count, histogram->min,
	       histogram->max, line);
}
