/* SPDX-License-Identifier: MIT */
/* The interrupt controller, GICv3 or GICv2: ids below 16 are SGIs, 16 to 31 this CPU's lines, the others SPIs. */
#ifndef GUEST_ARM64_GIC_H
#define GUEST_ARM64_GIC_H

#include <stdint.h>

#define GIC_TIMER 27 /* the virtual timer's line */

void gic_init(void); /* each CPU */
/* What is taken now, and its end. GIC_ID() of it from 1020 on: nothing. */
uint32_t gic_acknowledge(void);
void gic_end(uint32_t value);
#define GIC_ID(value) ((value)&0x3ff) /* GICv2 has an SGI's sender above */
/* Where the redistributors of the CPUs with this affinity are; 0: there is none. */
uint64_t gic_redistributor(uint64_t affinity);
/* The affinity of the n-th redistributor; ~0: there are not so many. */
uint64_t gic_affinity(unsigned int n);
void gic_enable(unsigned int id); /* an SPI comes to this CPU */
void gic_sgi(uint64_t affinity, unsigned int id);

#endif
