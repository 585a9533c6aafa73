// SPDX-License-Identifier: GPL-2.0-or-later

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "bh-device.h"
#include "describe.h"

static void print_cell(uint32_t id, const struct bh_info *info)
{
	if (id == BH_OWNER_ROOT) {
		printf("the root");
		return;
	}
	for (uint32_t i = 0; info && i < info->cell_count; i++)
		if (info->cell[i].id == id) {
			printf("cell \"%s\"", info->cell[i].name);
			return;
		}
	printf("cell %" PRIu32, id);
}

/* read 4 bytes from, wrote 0x12 (4 bytes) to, fetched an instruction from */
static void print_access(const struct bh_event *event)
{
	const char *plural = event->width == 1 ? "" : "s";

	if (event->flags & BH_EVENT_FETCH)
		printf("fetched an instruction from ");
	else if (!event->width)
		printf(event->flags & BH_EVENT_WRITE ? "wrote to " : "read from ");
	else if (!(event->flags & BH_EVENT_WRITE))
		printf("read %" PRIu32 " byte%s from ", event->width, plural);
	else if (event->flags & BH_EVENT_VALUE)
		printf("wrote 0x%" PRIx64 " (%" PRIu32 " byte%s) to ", event->value, event->width,
		       plural);
	else
		printf("wrote %" PRIu32 " byte%s to ", event->width, plural);
}

static void print_memory(const struct bh_event *event, const struct bh_info *info)
{
	print_access(event);
	if (event->cell != BH_OWNER_ROOT) {
		printf("address 0x%" PRIx64 ", where it has no memory or lacks the right",
		       event->address);
		return;
	}
	printf("physical address 0x%" PRIx64, event->address);
	if (info && event->address - info->core_memory.start < info->core_memory.size)
		printf(", which belongs to the core");
	else
		printf(", which is not the root's");
}

static void print_cpu_kind(const struct bh_event *event)
{
	switch (event->address) {
	case BH_CPU_TRIPLE_FAULT:
		printf("ran into a triple fault (an exception it could not handle)");
		break;
	case BH_CPU_VIRT_INSTRUCTION:
		printf("used a virtualization instruction, which belongs to the core");
		break;
	case BH_CPU_XSETBV:
		printf("set the extended control register to 0x%" PRIx64
		       ", which the CPU does not support",
		       event->value);
		break;
	case BH_CPU_CR:
		printf("set a control register to the forbidden value 0x%" PRIx64, event->value);
		break;
	case BH_CPU_MACHINE_CHECK:
		printf("had a machine check (a hardware fault)");
		break;
	default:
		printf("left the guest for a reason the core does not know (exit code 0x%" PRIx64
		       ")",
		       event->value);
	}
}

static void print_violation(const struct bh_event *event, const struct bh_info *info)
{
	unsigned int bdf = event->address >> 12;

	switch (event->kind) {
	case BH_KIND_MEMORY:
		print_memory(event, info);
		break;
	case BH_KIND_PIO:
		print_access(event);
		printf("port 0x%" PRIx64 ", which it does not own", event->address);
		break;
	case BH_KIND_PCI:
		print_access(event);
		printf("PCI configuration register 0x%" PRIx64 " of device %02x:%02x.%x, which it "
		       "may not",
		       event->address & 0xfff, bdf >> 8 & 0xff, bdf >> 3 & 0x1f, bdf & 7);
		break;
	case BH_KIND_MSR:
		if (event->flags & BH_EVENT_WRITE)
			printf("wrote 0x%" PRIx64 " to MSR 0x%" PRIx64 ", which is protected",
			       event->value, event->address);
		else
			printf("read MSR 0x%" PRIx64 ", which is protected", event->address);
		break;
	case BH_KIND_IRQ:
		if (event->flags & BH_EVENT_VALUE)
			printf("asked an interrupt controller or a table of interrupts for "
			       "0x%" PRIx64 " at 0x%" PRIx64 ", which would reach beyond it",
			       event->value, event->address);
		else
			printf("used an interrupt controller or a table of interrupts at 0x%" PRIx64
			       " in a way that would reach beyond it",
			       event->address);
		break;
	case BH_KIND_HYPERCALL:
		printf("made hypercall 0x%" PRIx64 ", which it may not", event->address);
		break;
	case BH_KIND_CPU:
		print_cpu_kind(event);
		break;
	case BH_KIND_INSTRUCTION:
		printf("accessed address 0x%" PRIx64 " by an instruction the core does not decode",
		       event->address);
		break;
	default:
		printf("did something forbidden (kind %u, address 0x%" PRIx64 ")", event->kind,
		       event->address);
	}
}

static void print_instruction(const struct bh_event *event)
{
	printf(" instruction 0x%" PRIx64, event->ip);
	if (!event->code_length || event->code_length > sizeof(event->code))
		return;
	printf(" (bytes");
	for (uint32_t i = 0; i < event->code_length; i++)
		printf(" %02x", event->code[i]);
	printf(")");
}

void event_print_sentence(const struct bh_event *event, const struct bh_info *info)
{
	switch (event->type) {
	case BH_EVENT_VIOLATION:
		print_cell(event->cell, info);
		printf(" (CPU %" PRIu32 ") ", event->cpu);
		print_violation(event, info);
		printf(event->flags & BH_EVENT_STOPPED ? "; the CPU was stopped at"
						       : "; that was ignored, at");
		print_instruction(event);
		break;
	case BH_EVENT_CELL_STATE:
		print_cell(event->cell, info);
		printf(" is now %s (was %s)", bh_state_word(event->value),
		       bh_state_word(event->address));
		break;
	case BH_EVENT_CPU_FAILED:
		printf("CPU %" PRIu32 " of ", event->cpu);
		print_cell(event->cell, info);
		printf(" has failed and stays stopped");
		break;
	case BH_EVENT_CORE_FAULT:
		printf("the core itself faulted on CPU %" PRIu32 " at 0x%" PRIx64
		       ", address 0x%" PRIx64 "; only that CPU was stopped, see the core's log",
		       event->cpu, event->ip, event->address);
		break;
	case BH_EVENT_CELL_POWER:
		print_cell(event->cell, info);
		printf(event->value == BH_POWER_RESET ? " has reset itself"
						      : " has switched itself off");
		break;
	default:
		printf("event of unknown type %u", event->type);
	}
	putchar('\n');
}

void event_print_plain(const struct bh_event *event)
{
	static const char *const regs[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					     "rsi", "rdi", "r8",  "r9",	 "r10", "r11",
					     "r12", "r13", "r14", "r15"};
	static const char *const types[] = {"none",	  "violation",	"cell-state",
					    "cpu-failed", "core-fault", "cell-power"};
	const char *type = event->type < 6 ? types[event->type] : "unknown";

	printf("number=%" PRIu64 " tsc=%" PRIu64 " type=%s kind=%s cell=%" PRIu32 " cpu=%" PRIu32,
	       event->number, event->tsc, type,
	       event->type == BH_EVENT_VIOLATION ? bh_kind_word(event->kind) : "-", event->cell,
	       event->cpu);
	printf(" access=%s stopped=%d long=%d width=%" PRIu32 " address=0x%" PRIx64,
	       event->flags & BH_EVENT_FETCH   ? "fetch"
	       : event->flags & BH_EVENT_WRITE ? "write"
					       : "read",
	       !!(event->flags & BH_EVENT_STOPPED), !!(event->flags & BH_EVENT_64BIT), event->width,
	       event->address);
	if (event->flags & BH_EVENT_VALUE || event->type != BH_EVENT_VIOLATION ||
	    event->kind == BH_KIND_CPU)
		printf(" value=0x%" PRIx64, event->value);
	else
		printf(" value=-");
	printf(" ip=0x%" PRIx64 " flags=0x%" PRIx64, event->ip, event->cpu_flags);
	for (int i = 0; i < 16; i++)
		printf(" %s=0x%" PRIx64, regs[i], event->regs[i]);
	printf(" cr0=0x%" PRIx64 " cr2=0x%" PRIx64 " cr3=0x%" PRIx64 " cr4=0x%" PRIx64
	       " efer=0x%" PRIx64 " cs=0x%" PRIx32 " code=",
	       event->cr0, event->cr2, event->cr3, event->cr4, event->efer, event->cs);
	for (uint32_t i = 0; i < event->code_length && i < sizeof(event->code); i++)
		printf("%02x", event->code[i]);
	putchar('\n');
}
