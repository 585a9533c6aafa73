/* SPDX-License-Identifier: MIT */
#include <guest/comm.h>
#include <guest/memory.h>
#include <guest/printk.h>
#include <guest/string.h>

#define HEAP_END (BH_COMM_ADDRESS < MEMORY_MAPPED ? BH_COMM_ADDRESS : MEMORY_MAPPED)

extern char heap_start[]; /* linker script */

static uintptr_t heap_next;

void *memory_alloc(size_t size, size_t align)
{
	uintptr_t at;

	if (!heap_next)
		heap_next = (uintptr_t)heap_start;
	at = (heap_next + align - 1) & ~(align - 1);
	if (at >= HEAP_END || size > HEAP_END - at) {
		printk("guest: no memory for %zu more bytes: the heap ends at 0x%x\n", size,
		       HEAP_END);
		guest_end(BH_CELL_FAILED);
	}
	heap_next = at + size;
	return memset((void *)at, 0, size);
}
