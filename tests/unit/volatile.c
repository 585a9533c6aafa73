/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to devices as people write them, compiled at every level of optimisation: volatile-test.c
 * looks at the instructions. Only these pointers are followed here, and nothing else in memory is used,
 * so every memory operand that is not on the stack is such an access.
 */
#include <stdint.h>

#define ACCESSES(name, type)                                                         \
	type name##_load(volatile type *p);                                          \
	type name##_load(volatile type *p)                                           \
	{                                                                            \
		return *p;                                                           \
	}                                                                            \
	int64_t name##_load_wide(volatile type *p, long i);                          \
	int64_t name##_load_wide(volatile type *p, long i)                           \
	{                                                                            \
		return p[i];                                                         \
	}                                                                            \
	uint32_t name##_load_32(volatile type *p, long i);                           \
	uint32_t name##_load_32(volatile type *p, long i)                            \
	{                                                                            \
		return (uint32_t)p[i + 3];                                           \
	}                                                                            \
	uint8_t name##_load_second_byte(volatile type *p);                           \
	uint8_t name##_load_second_byte(volatile type *p)                            \
	{                                                                            \
		return (uint8_t)((uint64_t)*p >> 8);                                 \
	}                                                                            \
	void name##_store(volatile type *p, type v);                                 \
	void name##_store(volatile type *p, type v)                                  \
	{                                                                            \
		*p = v;                                                              \
	}                                                                            \
	void name##_store_constants(volatile type *p, long i);                       \
	void name##_store_constants(volatile type *p, long i)                        \
	{                                                                            \
		*p = (type)0x55aa1234;                                               \
		p[i] = 0;                                                            \
		p[1000] = (type)-1;                                                  \
	}                                                                            \
	void name##_store_second_byte(volatile type *p, unsigned int v);             \
	void name##_store_second_byte(volatile type *p, unsigned int v)              \
	{                                                                            \
		*p = (type)(v >> 8 & 0xff);                                          \
	}                                                                            \
	void name##_change(volatile type *p, type v);                                \
	void name##_change(volatile type *p, type v)                                 \
	{                                                                            \
		*p += v;                                                             \
		*p -= v;                                                             \
		*p &= v;                                                             \
		*p |= v;                                                             \
		*p ^= v;                                                             \
		*p = ~*p;                                                            \
		*p = (type) - *p;                                                    \
		++*p;                                                                \
		--*p;                                                                \
	}                                                                            \
	void name##_change_constants(volatile type *p);                              \
	void name##_change_constants(volatile type *p)                               \
	{                                                                            \
		*p += 0x12;                                                          \
		*p -= 0x70;                                                          \
		*p |= 0x40;                                                          \
		*p &= 0x11;                                                          \
		*p ^= 0x41;                                                          \
		*p |= (type)(1ull << (sizeof(type) * 8 - 2));                        \
		*p &= (type) ~(1ull << (sizeof(type) * 8 - 2));                      \
		*p ^= (type)(1ull << (sizeof(type) * 8 - 2));                        \
		*p <<= 3;                                                            \
		*p >>= 1;                                                            \
	}                                                                            \
	void name##_change_bit(volatile type *p, int n);                             \
	void name##_change_bit(volatile type *p, int n)                              \
	{                                                                            \
		*p |= (type)(1ull << n);                                             \
		*p <<= n & 7;                                                        \
		*p >>= n & 7;                                                        \
	}                                                                            \
	type name##_operand(volatile type *p, type v);                               \
	type name##_operand(volatile type *p, type v)                                \
	{                                                                            \
		v += *p;                                                             \
		v -= *p;                                                             \
		v &= *p;                                                             \
		v ^= *p;                                                             \
		v |= *p;                                                             \
		v *= *p;                                                             \
		v += (type)(*p * 1001);                                              \
		return (type)(v << (*p & 7));                                        \
	}                                                                            \
	type name##_divide(volatile type *p, type v);                                \
	type name##_divide(volatile type *p, type v)                                 \
	{                                                                            \
		return (type)(v / *p + *p % v + *p / 10);                            \
	}                                                                            \
	int name##_test(volatile type *p, type v, int n);                            \
	int name##_test(volatile type *p, type v, int n)                             \
	{                                                                            \
		while (*p & 0x40)                                                    \
			;                                                            \
		return (*p < v) + (*p == 5) + ((*p & v) != 0) + ((*p & 0x10) != 0) + \
		       (int)(*p >> n & 1);                                           \
	}                                                                            \
	type name##_choose(volatile type *p, volatile type *q, type a, type b);      \
	type name##_choose(volatile type *p, volatile type *q, type a, type b)       \
	{                                                                            \
		type x = *p;                                                         \
                                                                                     \
		*q = a < b;                                                          \
		*p += a < b;                                                         \
		*q -= a < b;                                                         \
		x = x > a ? x : a;                                                   \
		return a < b ? x : *q;                                               \
	}                                                                            \
	type name##_atomic(type *p, type v);                                         \
	type name##_atomic(type *p, type v)                                          \
	{                                                                            \
		type old = __atomic_load_n(p, __ATOMIC_SEQ_CST);                     \
                                                                                     \
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                            \
		__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);                          \
		__atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST);                          \
		__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                           \
		__atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                          \
		__atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                          \
		old += __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                   \
		old += __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                  \
		return (type)(old + __sync_val_compare_and_swap(p, old, v));         \
	}                                                                            \
	void name##_copy(volatile type *p, volatile type *q, int n);                 \
	void name##_copy(volatile type *p, volatile type *q, int n)                  \
	{                                                                            \
		while (n--)                                                          \
			*p++ = *q++;                                                 \
	}                                                                            \
	int name##_count_bits(volatile type *p);                                     \
	int name##_count_bits(volatile type *p)                                      \
	{                                                                            \
		return __builtin_ctzll((uint64_t)*p) + __builtin_clz((uint32_t)*p);  \
	}                                                                            \
	type name##_swap(volatile type *p, type v);                                  \
	type name##_swap(volatile type *p, type v)                                   \
	{                                                                            \
		type x = *p;                                                         \
                                                                                     \
		*p = (type)__builtin_bswap64((uint64_t)v);                           \
		return (type)__builtin_bswap32((uint32_t)x);                         \
	}

ACCESSES(u8, uint8_t)
ACCESSES(s8, int8_t)
ACCESSES(u16, uint16_t)
ACCESSES(s16, int16_t)
ACCESSES(u32, uint32_t)
ACCESSES(s32, int32_t)
ACCESSES(u64, uint64_t)
ACCESSES(s64, int64_t)

/* What Linux does for devices: the shape of its accessors, of copies to and from devices, of EOI. */
void linux_copy(void *to, const void *from, unsigned long count);
void linux_copy(void *to, const void *from, unsigned long count)
{
	__asm__ volatile("rep movsl; rep movsb; rep stosb; lodsl"
			 : "+D"(to), "+S"(from), "+c"(count)
			 :
			 : "rax", "memory");
}

unsigned int linux_access(volatile uint32_t *p, uint32_t v);
unsigned int linux_access(volatile uint32_t *p, uint32_t v)
{
	__asm__ volatile("movl %0,%1" : : "r"(v), "m"(*p) : "memory");
	__asm__ volatile("xchgl %0,%1" : "+r"(v) : "m"(*p) : "memory");
	__asm__ volatile("movnti %0,%1" : : "r"(v), "m"(*p) : "memory");
	__asm__ volatile("movl %1,%0" : "=r"(v) : "m"(*p) : "memory");
	return v;
}
