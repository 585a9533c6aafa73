/* SPDX-License-Identifier: MIT */
/*
 * Memory: a heap without a free, from the end of the image to the comm region, and mappings. Virtual
 * addresses are guest-physical ones; the first 2 MiB are mapped from the start.
 */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* What is mapped from the start; the heap ends there, or where the comm region begins. */
#define MEMORY_MAPPED 0x200000

enum memory_type { MEMORY_CACHED, MEMORY_DEVICE };

/* Cleared memory, aligned to a power of two; a payload that asks for more than there is ends FAILED. */
void *memory_alloc(size_t size, size_t align);

/*
 * Maps what is not mapped yet and gives what is mapped the new type. Other CPUs may keep the old type
 * of a page until they reload their TLB, so map before they use it. Returns the address as a pointer.
 */
void *memory_map(
	uint64_t address,
	uint64_t
		size, /* What is mapped from the start; the heap ends there, or where the comm region begins. */
#define MEMORY_MAPPED 0x200000

	enum memory_type type);

#endif
