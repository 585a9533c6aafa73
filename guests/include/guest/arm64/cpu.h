/* SPDX-License-Identifier: MIT */
/* Instructions without a name in C, and this CPU's own data. */
#ifndef GUEST_ARM64_CPU_H
#define GUEST_ARM64_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define sysreg_read(name)                                          \
	({                                                         \
		uint64_t _value;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(_value)); \
		_value;                                            \
	})
#define sysreg_write(name, value) \
	__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")

#define AFFINITY_MASK 0xff00ffffffULL /* of MPIDR_EL1 */

/* Accesses that trap need a simple instruction: one register, no other base than an address. */
static inline uint8_t mmio_read8(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint8_t)value;
}

static inline uint16_t mmio_read16(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint16_t)value;
}

static inline uint32_t mmio_read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline uint64_t mmio_read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"((uint32_t)value), "r"(address) : "memory");
}

static inline void mmio_write16(uint64_t address, uint16_t value)
{
	__asm__ volatile("strh %w0, [%1]" : : "r"((uint32_t)value), "r"(address) : "memory");
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/* Long enough that a loop around it does not keep others from what it looks at. */
static inline void cpu_relax(void)
{
	__asm__ volatile(".rept 64\nyield\n.endr" : : : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

/* Called with interrupts off: sleeps until one has been handled, and returns with them off. */
static inline void cpu_wait(void)
{
	/* WFI wakes for an interrupt that is masked, too; it is taken between the two. */
	__asm__ volatile("dsb sy; wfi; msr daifclr, #2; isb; msr daifset, #2" : : : "memory");
}

static inline void cpu_stop(void) __attribute__((noreturn));
static inline void cpu_stop(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15; wfi" : : : "memory");
}

/* SMC, the conduit of PSCI. */
static inline int64_t firmware_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return (int64_t)x0;
}

/* This CPU's data, found by TPIDR_EL1. Library matter. */
struct cpu {
	uint64_t stack; /* first: start.S loads it */
	uint64_t affinity;
	uint64_t redistributor;
	unsigned int number; /* 0 runs guest_main() */
	bool online;
	uint64_t *trap_stack; /* trap_call() in progress */
	void (*call)(void *); /* smp_call() in progress */
	void *call_context;
	uint64_t timer_period;
	uint64_t timer_next;
	void (*timer_tick)(uint64_t late, void *context);
	void *timer_context;
};

static inline struct cpu *cpu_current(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

#endif
