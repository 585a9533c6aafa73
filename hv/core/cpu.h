/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical CPUs. Each belongs to exactly one cell and runs that cell's code, waits, or is stopped.
 *
 * A CPU is changed by itself only. Others ask: they set request bits and kick it (an NMI on x86, an SGI on
 * arm64); it leaves its guest at once, carries the requests out in cpu_service() and clears the bits,
 * which is the acknowledgement. cpu_wait() waits for that, at most machine.response_ms.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

#include <bulkhead/hypercall.h>
#include <bulkhead/cell.h>
#include <hv/core/addr.h>
#include <arch-types.h>

struct cell;

enum cpu_mode {
	CPU_RUNNING, /* executes its cell's code (or is halted by it) */
	CPU_WAITING, /* for SIPI or CPU_ON from its own cell */
	CPU_STOPPED, /* until the cell is started, or the CPU given back; .failed says why */
};

/* Requests. Bits are carried out in this order. */
#define CPU_REQUEST_STOP BIT(0) /* -> CPU_STOPPED, no guest state kept */
#define CPU_REQUEST_FLUSH BIT(1) /* forget cached stage 2 translations */
#define CPU_REQUEST_RESET BIT(2) /* start at the cell's reset address */
#define CPU_REQUEST_INIT BIT(3) /* -> CPU_WAITING */
#define CPU_REQUEST_SIPI BIT(4) /* if waiting: begin at .start */
#define CPU_REQUEST_NMI BIT(5) /* deliver an NMI to the guest */

#define CPU_KICK_MS 10 /* after this long it is kicked again */

struct cpu {
	struct arch_cpu arch; /* first: assembly finds it by the stack pointer */
	u32 id; /* Linux' number */
	struct cell *cell;
	volatile u32 requests; /* CPU_REQUEST_ */
	volatile enum cpu_mode mode;
	volatile bool failed;
	bool boot; /* the boot CPU: Linux cannot do without it */
	u64 start; /* of CPU_REQUEST_SIPI: a page number on x86, an address on arm64 */
	u32 *counters; /* BH_COUNTER_: in the memory the root can read, written by this CPU only */
};

extern u32 cpu_count; /* highest number + 1 */

/* NULL where there is no such CPU. */
struct cpu *cpu_get(u32 id);

#define cpu_for_each(cpu)                                     \
	for (u32 cpu##_i = 0; cpu##_i < cpu_count; cpu##_i++) \
		if (((cpu) = cpu_get(cpu##_i)))

/* Ask; does not wait. Asking oneself is carried out at the next cpu_service(). */
void cpu_request(struct cpu *cpu, u32 requests);
/* Wait until @cpu has carried out @requests; false after machine.response_ms (twice that at most, where it was kept from looking). Never called for oneself. */
bool cpu_wait(struct cpu *cpu, u32 requests);
/* Carry out what others asked of this CPU: on every kick, and before a guest is (re-)entered. */
void cpu_service(struct cpu *cpu);
/* This CPU stops for good: marks it failed, tells the root, and the cell when all have failed. */
void cpu_fail(struct cpu *cpu);

/* This CPU and its counters now belong to @cell; it must not be executing a guest. */
void cpu_move(struct cpu *cpu, struct cell *cell);
/* Tell the root's shared memory about the owner and state of a CPU. */
void cpu_publish(const struct cpu *cpu);

static inline void cpu_count_exit(struct cpu *cpu, u32 counter)
{
	cpu->counters[counter]++;
}

static inline bool cpu_has_requests(const struct cpu *cpu)
{
	return READ_ONCE(cpu->requests) != 0;
}

#endif
