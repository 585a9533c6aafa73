/* SPDX-License-Identifier: MIT */
/* What lwIP wants to know of the compiler and the system: see lwip/arch.h. */
#ifndef GUEST_LWIP_ARCH_CC_H
#define GUEST_LWIP_ARCH_CC_H

#include <stdint.h>
#include <guest/comm.h>
#include <guest/printk.h>

typedef long ssize_t; /* Debian has made it the type of some results */

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#define LWIP_PLATFORM_DIAG(x) printk x
#define LWIP_PLATFORM_ASSERT(x)            \
	do {                               \
		printk("lwip: " x "\n");   \
		guest_end(BH_CELL_FAILED); \
	} while (0)

/* For ports and sequence numbers. */
uint32_t net_random(void);
#define LWIP_RAND() net_random()

#endif
