/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of the core itself: an error of ours. It says where in the log and as an event, and
 * stops the CPU it happened on, nothing else: locks are dropped, the guest state is lost.
 */
#include <hv/arch/x86/svm/svm.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/event.h>
#include <hv/core/string.h>

struct fault_frame {
	u64 regs[16];
	u64 vector, code;
	u64 rip, cs, rflags, rsp, ss;
};

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

struct table_register {
	u16 limit;
	u64 base;
} __packed;

#define CORE_CS 0x08
#define CORE_SS 0x10

static const u64 core_gdt[] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff};
static struct gate core_idt[256];

extern const u8 fault_entries[], fault_return[];
void fault_handle(struct fault_frame *frame) __noreturn;

static void gate_set(u32 vector, const u8 *handler)
{
	u64 offset = (u64)handler;

	core_idt[vector] = (struct gate){
		.offset_low = offset,
		.selector = CORE_CS,
		.type = 0x8e, /* present interrupt gate */
		.offset_middle = offset >> 16,
		.offset_high = offset >> 32,
	};
}

void fault_init_cpu(struct cpu *cpu)
{
	struct table_register gdtr = {sizeof(core_gdt) - 1, (u64)core_gdt};
	struct table_register idtr = {sizeof(core_idt) - 1, (u64)core_idt};

	(void)cpu;
	/* NMIs and, while a CPU's APIC is drained, interrupts only have to be taken. */
	for (u32 vector = 0; vector < ARRAY_SIZE(core_idt); vector++)
		gate_set(vector, vector == VECTOR_NMI || vector >= 32
					 ? fault_return
					 : fault_entries + 16 * vector);
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("push %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			 "mov %1, %%ss; mov %2, %%ds; mov %2, %%es"
			 :
			 : "i"(CORE_CS), "r"((u32)CORE_SS), "r"(0)
			 : "rax", "memory");
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

/* Whose stack is it? */
static struct cpu *fault_cpu(u64 rsp)
{
	struct cpu *cpu;

	cpu_for_each (cpu)
		if (rsp - (u64)cpu < (u64)cpu->arch.regs + PAGE_SIZE - (u64)cpu)
			return cpu;
	return NULL;
}

void fault_handle(struct fault_frame *frame)
{
	struct cpu *cpu = fault_cpu((u64)frame);
	struct bh_event event = {
		.type = BH_EVENT_CORE_FAULT,
		.kind = BH_KIND_CORE,
		.ip = frame->rip,
		.cpu_flags = frame->rflags,
		.value = frame->vector << 32 | (u32)frame->code,
		.flags = BH_EVENT_STOPPED | BH_EVENT_VALUE,
	};

	__asm__ volatile("mov %%cr2, %0" : "=r"(event.address));
	if (!cpu) /* not even a stack of ours: nothing can be trusted here */
		for (;;)
			__asm__ volatile("cli; hlt");
	memcpy(event.regs, frame->regs, sizeof(event.regs));
	event.regs[X86_RSP] = frame->rsp;
	event.cell = cpu->cell->id;
	event.cpu = cpu->id;
	log_print(
		"core fault: vector %lu, error %lx, at %p, address %p, CPU %u of cell %u \"%s\"\n",
		frame->vector, frame->code, (void *)frame->rip, (void *)event.address, cpu->id,
		cpu->cell->id, cpu->cell->name);
	for (u32 i = 0; i < 16; i += 4)
		log_print("  r%u-r%u: %016lx %016lx %016lx %016lx\n", i, i + 3, event.regs[i],
			  event.regs[i + 1], event.regs[i + 2], event.regs[i + 3]);
	management_abandon(cpu);
	event_record(&event);
	cpu_fail(cpu);
	__atomic_store_n(&cpu->requests, 0, __ATOMIC_RELEASE);
	svm_run(cpu);
}
