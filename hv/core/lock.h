/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spin locks for short sections that wait for nobody: console, events, hardware index/data pairs.
 * Never held while another CPU is waited for; see cell.h for how management calls exclude each other.
 * A holder that never lets go can only be a CPU that faulted in the core: then the lock is taken from it.
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <hv/core/types.h>

struct spinlock {
	volatile u32 held;
};

#define SPIN_LIMIT (1u << 26) /* longer than any holder needs by orders of magnitude */

void arch_relax(void);

static inline bool spin_trylock(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
	u32 patience = SPIN_LIMIT;

	while (!spin_trylock(lock) && --patience)
		arch_relax();
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
