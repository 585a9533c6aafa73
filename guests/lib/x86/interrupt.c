/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include <guest/interrupt.h>
#include <guest/printk.h>
#include <guest/trap.h>
#include <guest/x86/apic.h>
#include "../library.h"

#define EXCEPTIONS 32
#define STUB_SIZE 16
#define CODE_SELECTOR 0x08
#define GATE_INTERRUPT 0x8e00
#define PAGE_FAULT 14

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint16_t type;
	uint16_t offset16;
	uint32_t offset32;
	uint32_t reserved;
};

/* What entry.S pushes, lowest first. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

extern char interrupt_stubs[256][STUB_SIZE];
int trap_run(void (*function)(void *), void *context, uint64_t **stack);
void trap_unwind(uint64_t **stack, int result) __attribute__((noreturn));
void interrupt_dispatch(const struct frame *frame);

static struct gate idt[256] __attribute__((aligned(16)));
static struct {
	interrupt_handler handler;
	void *context;
} handlers[256];
static struct trap trap_last;

static uint64_t cr2_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static void dump(const struct frame *f)
{
	static const char *const names[EXCEPTIONS] = {
		"divide error",
		"debug",
		"NMI",
		"breakpoint",
		"overflow",
		"bound range",
		"invalid opcode",
		"no coprocessor",
		"double fault",
		"coprocessor overrun",
		"invalid TSS",
		"segment not present",
		"stack fault",
		"general protection",
		"page fault",
		"reserved",
		"x87 error",
		"alignment check",
		"machine check",
		"SIMD error",
		"virtualization",
		"control protection",
	};

	printk("guest: CPU %u: exception %lu (%s), error code 0x%lx\n"
	       "  rip %016lx cs %04lx rflags %08lx cr2 %016lx\n"
	       "  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n"
	       "  rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n"
	       "  r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n"
	       "  r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n",
	       cpu_current()->number, f->vector, names[f->vector] ? names[f->vector] : "reserved",
	       f->error, f->rip, f->cs, f->rflags, cr2_read(), f->rax, f->rbx, f->rcx, f->rdx,
	       f->rsi, f->rdi, f->rbp, f->rsp, f->r8, f->r9, f->r10, f->r11, f->r12, f->r13, f->r14,
	       f->r15);
}

void interrupt_dispatch(const struct frame *frame)
{
	struct cpu *cpu = cpu_current();

	if (frame->vector < EXCEPTIONS) {
		if (cpu->trap_stack) {
			trap_last = (struct trap){frame->error, frame->rip, cr2_read()};
			trap_unwind(&cpu->trap_stack, (int)frame->vector);
		}
		dump(frame);
		guest_end(BH_CELL_FAILED);
	}
	if (frame->vector == VECTOR_SPURIOUS)
		return; /* the APIC expects no end of it */
	if (handlers[frame->vector].handler)
		handlers[frame->vector].handler(handlers[frame->vector].context);
	else
		printk("guest: CPU %u: unexpected interrupt %lu\n", cpu->number, frame->vector);
	apic_eoi();
}

int trap_call(void (*function)(void *), void *context, struct trap *trap)
{
	int vector = trap_run(function, context, &cpu_current()->trap_stack);

	if (trap && vector >= 0)
		*trap = trap_last;
	return vector;
}

void interrupt_handler_set(unsigned int vector, interrupt_handler handler, void *context)
{
	handlers[vector].handler = NULL;
	handlers[vector].context = context;
	__atomic_store_n(&handlers[vector].handler, handler, __ATOMIC_RELEASE);
}

void interrupt_entry_set(unsigned int vector, void (*entry)(void))
{
	uint64_t offset = (uint64_t)entry;

	idt[vector] = (struct gate){
		.offset0 = (uint16_t)offset,
		.selector = CODE_SELECTOR,
		.type = GATE_INTERRUPT,
		.offset16 = (uint16_t)(offset >> 16),
		.offset32 = (uint32_t)(offset >> 32),
	};
}

void interrupt_init(void)
{
	for (unsigned int vector = 0; vector < 256; vector++)
		interrupt_entry_set(vector, (void (*)(void))interrupt_stubs[vector]);
	interrupt_load();
}

void interrupt_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint64_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}
