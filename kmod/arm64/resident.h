/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page at EL2 that answers for the kernel's stub once Bulkhead has been there. */
#ifndef KMOD_ARM64_RESIDENT_H
#define KMOD_ARM64_RESIDENT_H

#define RESIDENT_QUERY 0x4248 /* X0 = its physical address, X1 = RESIDENT_MAGIC */
#define RESIDENT_MAGIC 0x42484b44

#endif
