/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spin locks for short sections that wait for nobody: console, events, hardware index/data pairs.
 * Never held while another CPU is waited for; see cell.h for how management calls exclude each other.
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <hv/core/types.h>

struct spinlock {
	volatile u32 held;
};

static inline bool spin_trylock(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
	while (!spin_trylock(lock))
		while (lock->held)
#if defined(__x86_64__)
			__builtin_ia32_pause();
#else
			__asm__ volatile("yield");
#endif
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
