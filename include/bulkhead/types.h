/* SPDX-License-Identifier: MIT */
/*
 * Fixed-width types for headers that the core, payloads, the Linux module and
 * ordinary programs all include.
 */
#ifndef BULKHEAD_TYPES_H
#define BULKHEAD_TYPES_H

#ifdef __ASSEMBLER__
#define BH_U(x) x
#define BH_ULL(x) x
#else
#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif
#define BH_U(x) x##U
#define BH_ULL(x) x##ULL
#endif

#endif
