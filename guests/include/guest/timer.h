/* SPDX-License-Identifier: MIT */
/*
 * Time in counts of the time-stamp counter, whose rate the comm region gives, and one periodic timer per
 * CPU: the TSC deadline where the CPU has it, else the APIC timer.
 */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include <stdint.h>

uint64_t timer_now(void);
uint64_t timer_from_us(uint64_t us);
uint64_t timer_to_us(uint64_t counts);
void timer_delay_us(uint64_t us); /* busy */

/*
 * Calls the handler in interrupt context of this CPU each period. Ticks are due at multiples of the
 * period from now, however late any of them comes: none is left out, and lateness does not add up.
 */
void timer_periodic(uint64_t period, void (*tick)(uint64_t late, void *context), void *context);
void timer_stop(void);

/* ACPI's PM timer: 24 bits at 3579545 Hz; 0 where the machine has none. */
uint32_t timer_pm(void);

#endif
