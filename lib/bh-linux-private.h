/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of bh-linux. */
#ifndef BH_LINUX_PRIVATE_H
#define BH_LINUX_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "bh-linux.h"

#define BH_LINUX_LOW_SIZE 0x100000ULL /* the loader's memory: everything below the comm region */
#define ZP_ACPI_RSDP 0x070 /* Linux' Documentation/x86/zero-page.rst */
#define TABLE_AT(member) (BH_LINUX_PARAMS + offsetof(struct bh_linux_params, member))

static inline uint64_t bh_linux_get(const uint8_t *from, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, from + offset, size);
	return value;
}

static inline void bh_linux_put(uint8_t *to, size_t offset, size_t size, uint64_t value)
{
	memcpy(to + offset, &value, size);
}

const char *bh_linux_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory as such, and the cell's alone. */
bool bh_linux_is_ram(const struct bh_memory *region);

/* A region of RAM the kernel can be loaded to that contains all of the range; NULL: none. */
const struct bh_memory *bh_linux_region(const struct bh_linux_request *request, uint64_t address,
					uint64_t size);

/* RSDP, XSDT and the rest; the zero page is told where. */
void bh_linux_tables(struct bh_linux_params *params);

/* Is it an ELF file? Then bh_linux_elf() checks it and says where it goes; NULL, or why not. */
bool bh_linux_is_elf(const struct bh_linux_request *request);
const char *bh_linux_elf(const struct bh_linux_request *request, struct bh_linux *out);

#endif
