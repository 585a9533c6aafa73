// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What simulated cells run: a script of a line each, or a heartbeat. One thread carries it out for all cells; it
 * sleeps until the next line or beat is due, the core has something to tell, or a reader has room.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bulkhead/pc.h>
#include <hv/core/arch.h>
#include <hv/core/console.h>
#include <hv/core/event.h>
#include <hv/core/violation.h>
#include "simulated.h"

#define MAGIC "#!bulkhead-simulated"
/* A link's device: where its registers are put, where nothing else of a cell is, and those that are used. */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x02
#define PCI_BAR0 0x10
#define LINK_REGISTERS 0xc0100000ull
#define LINK_DOORBELL 0x0c
#define LINK_STATE 0x10
/* Registers of the PC's UART, and that something was received. */
#define UART_DATA 0
#define UART_LSR 5
#define UART_LSR_RECEIVED 0x01
#define SCRIPT_MAX 65536
#define NEVER (~0ull)
#define MS 1000000ull /* arch_ticks() are nanoseconds */
#define HEARTBEAT_MS 1000
#define LATE_MAX (1000 * MS) /* beats that are later are left out */

void sim_payload_forget(struct sim_payload *payload)
{
	free(payload->script);
	*payload = (struct sim_payload){};
}

void sim_payload_load(struct sim_payload *payload, const struct bh_image *image)
{
	struct stat file = {};

	payload->image = image->address;
	payload->image_size = image->type == BH_IMAGE_TEXT ? image->text_size : 0;
	if (image->type == BH_IMAGE_RAW && !fstat(image->fd, &file))
		payload->image_size = file.st_size;
}

/* ---- what a payload does, by the ways the core gives a guest ---- */

static bool runs(const struct cpu *cpu)
{
	return cpu->mode == CPU_RUNNING;
}

static long call(struct cpu *cpu, u64 number, u64 arg)
{
	cpu_count_exit(cpu, BH_COUNTER_TOTAL);
	cpu_count_exit(cpu, BH_COUNTER_HYPERCALL);
	return hypercall(cpu, number, arg, 0);
}

static void print(struct cpu *cpu, const char *text)
{
	for (; *text && runs(cpu); text++)
		call(cpu, BH_HC_PUTC, *text);
}

static u32 comm_get(struct cpu *cpu, size_t field)
{
	u64 value = 0, at = cpu->cell->comm_address + field;

	if (cpu->cell->comm_address < CELL_ADDRESS_LIMIT)
		host_guest_access(cpu, GPA(at), 4, false, &value);
	return value;
}

static void comm_put(struct cpu *cpu, size_t field, u64 value)
{
	u64 at = cpu->cell->comm_address + field;

	if (cpu->cell->comm_address < CELL_ADDRESS_LIMIT && runs(cpu))
		host_guest_access(cpu, GPA(at), 4, true, &value);
}

static void reply(struct cpu *cpu, u32 value)
{
	comm_put(cpu, offsetof(struct bh_comm, msg_to_cell), BH_MSG_NONE);
	comm_put(cpu, offsetof(struct bh_comm, reply_from_cell), value);
}

static void state_set(struct cpu *cpu, struct sim_payload *payload, u32 state)
{
	comm_put(cpu, offsetof(struct bh_comm, cell_state), state);
	payload->ended = state > BH_CELL_RUNNING_LOCKED;
}

static void message_answer(struct cpu *cpu, struct sim_payload *payload)
{
	switch (comm_get(cpu, offsetof(struct bh_comm, msg_to_cell))) {
	case BH_MSG_NONE:
		break;
	case BH_MSG_SHUTDOWN_REQUEST:
		if (payload->ignore)
			break;
		reply(cpu, payload->deny ? BH_REPLY_DENIED : BH_REPLY_APPROVED);
		if (!payload->deny)
			state_set(cpu, payload, BH_CELL_SHUT_DOWN);
		break;
	case BH_MSG_RECONFIG_COMPLETED:
		reply(cpu, BH_REPLY_RECEIVED);
		break;
	default:
		reply(cpu, BH_REPLY_UNKNOWN);
	}
}

/* A write to configuration space, bus, device, function and register as events have them. */
static void config_write(struct cpu *cpu, u64 address, u32 value)
{
	u32 select = 1u << 31 | (address >> 12 & 0xffff) << 8 | (address & 0xfc);

	host_guest_port(cpu, 0xcf8, 4, true, &select);
	host_guest_port(cpu, 0xcfc, 4, true, &value);
}

/* To a register of the cell's first link, as its driver would; false: it has none. */
static bool link_put(struct cpu *cpu, u32 reg, u64 value)
{
	const struct bh_cell_desc *desc = cpu->cell->desc;
	u64 config = (u64)desc_links(desc)->bdf << 12;

	if (!desc->links.count)
		return false;
	config_write(cpu, config | PCI_BAR0, LINK_REGISTERS);
	config_write(cpu, config | PCI_COMMAND, PCI_COMMAND_MEMORY);
	host_guest_access(cpu, GPA(LINK_REGISTERS + reg), 4, true, &value);
	return true;
}

/* Kinds the host has no way to do are reported to the core as its exit handlers would. */
static void crash(struct cpu *cpu, u32 kind, u64 address)
{
	u64 value = 0;
	u32 port_value = 0;

	switch (kind) {
	case BH_KIND_MEMORY:
		host_guest_access(cpu, GPA(address), 4, false, &value);
		break;
	case BH_KIND_PIO:
		host_guest_port(cpu, address, 1, false, &port_value);
		break;
	case BH_KIND_PCI:
		config_write(cpu, address, 0);
		break;
	case BH_KIND_HYPERCALL:
		call(cpu, address, 0);
		break;
	default:
		cpu_count_exit(cpu, BH_COUNTER_TOTAL);
		violation_ignored(cpu, &(struct violation){.kind = kind, .address = address});
	}
}

/* As the core's own handlers tell of an error in the core. */
static void core_fault(struct cpu *cpu, u64 address)
{
	struct bh_event event = {
		.type = BH_EVENT_CORE_FAULT,
		.kind = BH_KIND_CORE,
		.flags = BH_EVENT_STOPPED,
		.cell = cpu->cell->id,
		.cpu = cpu->id,
		.address = address,
	};

	log_print("core fault: simulated, address %p, CPU %u of cell %u \"%s\"\n",
		  (void *)(uintptr_t)address, cpu->id, cpu->cell->id, cpu->cell->name);
	event_record(&event);
	cpu_fail(cpu);
}

/* ---- scripts ---- */

static bool number_parse(const char *text, u64 *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return end != text && !*end && !errno && *text != '-';
}

static bool word_find(const char *word, const char *(*words)(u32), u32 count, u32 *number)
{
	for (*number = 0; *number < count; (*number)++)
		if (!strcmp(word, words(*number)))
			return true;
	return false;
}

static bool crash_parse(struct cpu *cpu, char *rest)
{
	char *address = rest ? strchr(rest, ' ') : NULL;
	u64 number;
	u32 kind;

	if (!address)
		return false;
	*address++ = '\0';
	if (!word_find(rest, bh_kind_word, BH_KINDS, &kind) || !number_parse(address, &number))
		return false;
	crash(cpu, kind, number);
	return true;
}

static bool line_run(struct cpu *cpu, struct sim_payload *payload, char *line, u64 now)
{
	char *rest = strchr(line, ' ');
	u64 ms, number;
	u32 state;

	if (!*line || *line == '#')
		return true;
	if (rest)
		*rest++ = '\0';
	if (!strcmp(line, "print")) {
		print(cpu, rest ? rest : "");
		print(cpu, "\n");
	} else if (!strcmp(line, "wait") && rest && number_parse(rest, &ms)) {
		payload->resume = now + ms * MS;
	} else if (!strcmp(line, "beat") && rest && number_parse(rest, &ms)) {
		payload->beat_every = ms * MS;
		payload->beat_next = now + payload->beat_every;
	} else if (!strcmp(line, "state") && rest &&
		   word_find(rest, bh_state_word, BH_CELL_FAILED_COMM_REV + 1, &state)) {
		state_set(cpu, payload, state);
	} else if (!strcmp(line, "link-state") && rest && number_parse(rest, &number)) {
		return link_put(cpu, LINK_STATE, number);
	} else if (!strcmp(line, "ring") && rest && number_parse(rest, &number)) {
		return link_put(cpu, LINK_DOORBELL, number << 16);
	} else if (!strcmp(line, "core-fault") && rest && number_parse(rest, &number)) {
		core_fault(cpu, number);
	} else if (!strcmp(line, "deny-shutdown")) {
		payload->deny = true;
	} else if (!strcmp(line, "ignore-shutdown")) {
		payload->ignore = true;
	} else if (!strcmp(line, "approve-shutdown")) {
		payload->deny = payload->ignore = false;
	} else if (strcmp(line, "crash") || !crash_parse(cpu, rest)) {
		return false;
	}
	return true;
}

static void script_run(struct cpu *cpu, struct sim_payload *payload, u64 now)
{
	while (payload->line && payload->resume <= now && runs(cpu) && !payload->ended) {
		char *line = payload->line, *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		payload->line = end;
		if (line_run(cpu, payload, line, now))
			continue;
		print(cpu, "simulated payload: this line is not understood: ");
		print(cpu, line);
		print(cpu, "\n");
	}
}

static void beat_run(struct cpu *cpu, struct sim_payload *payload, u64 now)
{
	char text[48];

	if (!payload->beat_every)
		return;
	if (payload->beat_next + LATE_MAX < now)
		payload->beat_next = now;
	for (; payload->beat_next <= now && runs(cpu); payload->beat_next += payload->beat_every) {
		snprintf(text, sizeof(text), "heartbeat %llu\n",
			 (unsigned long long)++payload->beats);
		print(cpu, text);
	}
}

static u8 uart_read(struct cpu *cpu, u16 reg)
{
	u32 value = 0;

	host_guest_port(cpu, BH_PC_UART + reg, 1, false, &value);
	return value;
}

/* What is typed comes back, as a Linux that waits for a line would send it. */
static void input_echo(struct cpu *cpu)
{
	char text[2] = "";

	while (runs(cpu) && uart_read(cpu, UART_LSR) & UART_LSR_RECEIVED) {
		text[0] = uart_read(cpu, UART_DATA);
		print(cpu, text[0] == '\r' ? "\n" : text);
	}
}

/* The script in the cell's memory, or NULL. */
static char *script_read(const struct cell *cell, const struct sim_payload *payload)
{
	u64 size = MIN(payload->image_size, (u64)SCRIPT_MAX);
	char *text;

	if (size < strlen(MAGIC))
		return NULL;
	text = calloc(1, size + 1);
	for (u64 done = 0; text && done < size;) {
		gpa_t from = GPA(payload->image + done);
		u64 piece = MIN(size - done, PAGE_SIZE - from.v % PAGE_SIZE);
		paddr_t phys;

		if (!table_translate(&cell->table, from, &phys))
			break;
		memcpy(text + done, phys_to_virt(phys), piece);
		done += piece;
	}
	if (text && !strncmp(text, MAGIC, strlen(MAGIC)))
		return text;
	free(text);
	return NULL;
}

static void payload_begin(struct cpu *cpu, struct sim_payload *payload, u64 now)
{
	struct sim_payload fresh = {
		.image = payload->image,
		.image_size = payload->image_size,
		.starts = cpu->arch.starts,
		.script = script_read(cpu->cell, payload),
	};

	sim_payload_forget(payload);
	*payload = fresh;
	if (payload->script) {
		payload->line = strchr(payload->script, '\n');
		payload->line += payload->line != NULL;
		return;
	}
	print(cpu, "simulated machine: the image is not executed, a heartbeat stands for it\n");
	payload->beat_every = HEARTBEAT_MS * MS;
	payload->beat_next = now + payload->beat_every;
}

static u64 payload_due(const struct sim_payload *payload)
{
	u64 due = payload->beat_every ? payload->beat_next : NEVER;

	return payload->line ? MIN(due, payload->resume) : due;
}

/* Returns when it wants to run again. */
static u64 payload_run(struct sim_payload *payload, const struct cell *cell)
{
	struct cpu *cpu = cpu_get(desc_cpus(cell->desc)[0]);
	u64 now = arch_ticks();

	if (cell->job != CELL_IDLE || !runs(cpu))
		return NEVER;
	if (payload->starts != cpu->arch.starts)
		payload_begin(cpu, payload, now);
	if (!payload->ended)
		script_run(cpu, payload, now);
	if (!payload->ended && runs(cpu))
		message_answer(cpu, payload);
	if (!payload->ended && runs(cpu) && cell->desc->flags & BH_CELL_PC)
		input_echo(cpu);
	if (!payload->ended && runs(cpu))
		beat_run(cpu, payload, now);
	return payload->ended || !runs(cpu) ? NEVER : payload_due(payload);
}

/* ---- the thread ---- */

void sim_wake(struct simulated *s)
{
	eventfd_write(s->wake, 1);
}

static u64 payloads_run(struct simulated *s)
{
	u64 due = NEVER;

	if (!s->enabled)
		return due;
	notify_ack();
	for (u32 id = 1; id < BH_CELLS_MAX; id++) {
		const struct cell *cell = cell_get(id);
		u64 wanted = cell ? payload_run(&s->payloads[id], cell) : NEVER;

		due = MIN(due, wanted);
	}
	return due;
}

struct watch {
	struct pollfd *fds; /* [0] is the eventfd */
	nfds_t count, room;
};

static void watch_add(struct watch *watch, int fd, short events)
{
	if (watch->count == watch->room) {
		nfds_t room = 2 * watch->room + 16;
		struct pollfd *fds = realloc(watch->fds, room * sizeof(*fds));

		if (!fds)
			return; /* it is looked at when there is memory again */
		watch->fds = fds;
		watch->room = room;
	}
	watch->fds[watch->count++] = (struct pollfd){.fd = fd, .events = events};
}

static void watch_streams(struct simulated *s, struct watch *watch)
{
	watch->count = 0;
	watch_add(watch, s->wake, POLLIN);
	for (const struct sim_stream *stream = s->streams; stream; stream = stream->next)
		watch_add(watch, stream->fd,
			  (stream->blocked ? POLLOUT : 0) | (stream->input ? POLLIN : 0));
}

static void watch_take(struct simulated *s, const struct watch *watch)
{
	eventfd_t count;

	for (nfds_t i = 1; i < watch->count; i++) {
		struct sim_stream *stream = s->streams;

		while (stream && stream->fd != watch->fds[i].fd)
			stream = stream->next;
		if (!stream)
			continue;
		if (watch->fds[i].revents & POLLIN)
			sim_stream_type(stream);
		if (watch->fds[i].revents & POLLOUT)
			stream->blocked = false;
		if (watch->fds[i].revents & (POLLHUP | POLLERR))
			stream->closed = true;
	}
	eventfd_read(s->wake, &count);
}

static void watch_wait(struct watch *watch, u64 due)
{
	u64 now = arch_ticks(), left = due > now ? due - now : 0;
	struct timespec timeout = {.tv_sec = left / (1000 * MS), .tv_nsec = left % (1000 * MS)};

	for (nfds_t i = 0; i < watch->count; i++)
		watch->fds[i].revents = 0;
	ppoll(watch->fds, watch->count, due == NEVER ? NULL : &timeout, NULL);
}

static void *run(void *data)
{
	struct simulated *s = data;
	struct watch watch = {};
	u64 due;

	pthread_mutex_lock(&s->core);
	while (!s->ending) {
		watch_take(s, &watch);
		due = payloads_run(s);
		pthread_cond_broadcast(&s->answered);
		sim_streams_feed(s);
		sim_streams_close(s, false);
		watch_streams(s, &watch);
		pthread_mutex_unlock(&s->core);
		watch_wait(&watch, due);
		pthread_mutex_lock(&s->core);
	}
	pthread_mutex_unlock(&s->core);
	free(watch.fds);
	return NULL;
}

/* Signals are the program's business. */
bool sim_thread_start(struct simulated *s)
{
	sigset_t all, before;
	int status;

	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	status = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!status)
		return true;
	close(s->wake);
	s->wake = -1;
	errno = status;
	return false;
}

void sim_thread_stop(struct simulated *s)
{
	if (s->wake < 0)
		return;
	pthread_mutex_lock(&s->core);
	s->ending = true;
	pthread_mutex_unlock(&s->core);
	sim_wake(s);
	pthread_join(s->thread, NULL);
	close(s->wake);
}
