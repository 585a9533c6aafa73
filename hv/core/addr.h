/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds of addresses are different types, so that a mix-up does not compile.
 *
 * paddr_t: physical, what the memory controller sees.
 * gpa_t: guest-physical, what a cell believes to be physical; stage 2 translates it. In the root both
 *        are numerically equal, which is said by root_paddr() where it is relied on.
 * gva_t: guest-virtual, what an instruction of a guest computes.
 */
#ifndef HV_ADDR_H
#define HV_ADDR_H

#include <hv/core/types.h>

typedef struct {
	u64 v;
} paddr_t;

typedef struct {
	u64 v;
} gpa_t;

typedef struct {
	u64 v;
} gva_t;

#define PADDR(x) ((paddr_t){(x)})
#define GPA(x) ((gpa_t){(x)})
#define GVA(x) ((gva_t){(x)})

static inline paddr_t paddr_add(paddr_t a, u64 n)
{
	return PADDR(a.v + n);
}

static inline gpa_t gpa_add(gpa_t a, u64 n)
{
	return GPA(a.v + n);
}

/* The root is mapped one to one. Says nothing about whether the root owns the address. */
static inline paddr_t root_paddr(gpa_t a)
{
	return PADDR(a.v);
}

/* Overlap of [a, a + an) and [b, b + bn); neither may wrap. */
static inline bool ranges_overlap(u64 a, u64 an, u64 b, u64 bn)
{
	return a < b + bn && b < a + an;
}

#endif
