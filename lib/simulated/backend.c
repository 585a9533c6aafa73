// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls of a back-end, each with the meaning of the ioctl of the same name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <hv/core/event.h>
#include <hv/core/machine.h>
#include "simulated.h"

#define CORE_SIZE HOST_CORE_SIZE
#define CELLS_MEMORY_DEFAULT (32ull << 20)
#define NOTIFY_VECTOR 0x20 /* any: whoever listens is notified() */

static bool opened; /* the hosted core is one a process */

static struct simulated *simulated(struct bh_backend *b)
{
	return (struct simulated *)b;
}

static void sim_lock(struct simulated *s)
{
	pthread_mutex_lock(&s->calls);
	pthread_mutex_lock(&s->core);
}

static int sim_unlock(struct simulated *s, int status)
{
	pthread_mutex_unlock(&s->core);
	pthread_mutex_unlock(&s->calls);
	return status;
}

static int not_enabled(struct bh_device_error *error)
{
	return sim_error(error, EINVAL, BH_R_STATE, "Bulkhead is not enabled");
}

/* The core's interrupt to the root. */
static void notified(void *data)
{
	sim_wake(data);
}

/* A cell has been asked: its payload is given the core, until it has run or the time is over. */
static void answer_await(struct simulated *s, const struct cell *cell)
{
	struct timespec until = {
		.tv_sec = cell->ask_deadline / 1000000000,
		.tv_nsec = cell->ask_deadline % 1000000000,
	};

	pthread_cond_timedwait(&s->answered, &s->core, &until);
}

int sim_request(struct simulated *s, u32 number, u64 arg, u32 id, struct bh_device_error *error)
{
	struct bh_error answer;
	bool told = false;
	long result;

	while ((result = host_call(number, arg, &answer)) == -BH_ERRNO_AGAIN) {
		const struct cell *cell = cell_get(id);

		if (!cell || !cell->asking)
			continue;
		if (!told)
			sim_wake(s);
		told = true;
		answer_await(s, cell);
	}
	sim_wake(s);
	return result < 0 ? sim_error_core(error, &answer) : 0;
}

/* ---- enable, disable ---- */

static int core_place(struct simulated *s, u64 memory_size, const struct bh_range *reserved,
		      struct bh_device_error *error)
{
	u64 size = memory_size ? memory_size : CORE_SIZE + CELLS_MEMORY_DEFAULT;
	int status;

	if (reserved && reserved->size)
		status = sim_memory_reserve(s, reserved, error);
	else
		status = sim_memory_take(s, MAX(size, CORE_SIZE), error);
	if (status)
		return status;
	s->machine.core_memory.size = CORE_SIZE;
	if (sim_memory_allocate(s, BH_OWNER_CORE, CORE_SIZE, BH_CORE_MEMORY_ALIGN,
				&s->machine.core_memory.start))
		return sim_error(error, ENOMEM, BH_R_MEMORY,
				 "the core needs %llu MiB in one piece, which the memory taken "
				 "does not have",
				 CORE_SIZE >> 20);
	return 0;
}

static void core_free(struct simulated *s)
{
	sim_memory_release(s, BH_OWNER_CORE);
	sim_memory_give_back(s, true);
}

static int enable(struct simulated *s, u64 memory_size, const struct bh_range *reserved,
		  struct bh_device_error *error)
{
	struct bh_error refused;
	int status;

	if (s->enabled)
		return sim_error(error, EBUSY, BH_R_STATE, "Bulkhead is enabled already");
	status = core_place(s, memory_size, reserved, error);
	sim_machine_functions(s);
	if (!status && !host_start(&s->machine, &refused))
		status = sim_error_core(error, &refused);
	if (status) {
		core_free(s);
		return status;
	}
	s->core_next = shared->events.tail;
	s->epoch++;
	s->enabled = true;
	notify_set(0, NOTIFY_VECTOR);
	return 0;
}

static int sim_enable(struct bh_backend *b, uint64_t memory_size, const struct bh_range *reserved,
		      struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	sim_lock(s);
	return sim_unlock(s, enable(s, memory_size, reserved, error));
}

static int destroy(struct simulated *s, u32 id, bool force, struct bh_device_error *error)
{
	int status = force ? sim_request(s, BH_HC_CELL_STOP, id, id, error) : 0;

	if (!status)
		status = sim_request(s, BH_HC_CELL_DESTROY, id, id, error);
	if (status)
		return status;
	sim_payload_forget(&s->payloads[id]);
	sim_memory_release(s, id);
	sim_links_release(s);
	sim_memory_give_back(s, false);
	return 0;
}

static int disable(struct simulated *s, bool force, struct bh_device_error *error)
{
	struct bh_error refused;
	int status = 0;

	if (!s->enabled)
		return not_enabled(error);
	for (u32 id = 1; force && id < BH_CELLS_MAX && !status; id++)
		if (cell_get(id))
			status = destroy(s, id, true, error);
	if (status)
		return status;
	if (cell_count() > 1)
		return sim_error_code(error, BH_E_CELLS_EXIST, 0, cell_count() - 1, 0);
	sim_streams_feed(s);
	s->last_log = shared->log;
	if (!host_stop(&refused))
		return sim_error_core(error, &refused);
	s->enabled = false;
	s->epoch++;
	core_free(s);
	return 0;
}

static int sim_disable(struct bh_backend *b, bool force, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	sim_lock(s);
	return sim_unlock(s, disable(s, force, error));
}

/* ---- cells ---- */

static int sim_create_call(struct bh_backend *b, struct bh_cell_desc *descriptor, uint32_t *id,
			   struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	sim_lock(s);
	return sim_unlock(s,
			  s->enabled ? sim_create(s, descriptor, id, error) : not_enabled(error));
}

static int cell_find(const struct simulated *s, u32 id, struct bh_device_error *error)
{
	if (!s->enabled)
		return not_enabled(error);
	if (id == BH_OWNER_ROOT)
		return sim_error_code(error, BH_E_ROOT_CELL, 0, 0, 0);
	return cell_get(id) ? 0 : sim_error_code(error, BH_E_NO_SUCH_CELL, 0, id, 0);
}

static int load(struct simulated *s, u32 id, const struct bh_image *images, size_t count,
		struct bh_device_error *error)
{
	int status = cell_find(s, id, error);

	if (status)
		return status;
	if (count > BH_IMAGES_MAX)
		return sim_error(error, EINVAL, BH_R_ARGUMENT,
				 "%zu images, at most %u are possible", count, BH_IMAGES_MAX);
	/* Refuse what is wrong before the cell is shut down for it. */
	status = sim_image_load(cell_get(id), images, count, false, error);
	if (!status)
		status = sim_request(s, BH_HC_CELL_SET_LOADABLE, id, id, error);
	if (!status)
		status = sim_image_load(cell_get(id), images, count, true, error);
	if (!status && count)
		sim_payload_load(&s->payloads[id], &images[0]);
	return status;
}

static int sim_load(struct bh_backend *b, uint32_t id, const struct bh_image *images, size_t count,
		    struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	sim_lock(s);
	return sim_unlock(s, load(s, id, images, count, error));
}

static int sim_start(struct bh_backend *b, uint32_t id, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int status;

	sim_lock(s);
	status = cell_find(s, id, error);
	return sim_unlock(s, status ? status : sim_request(s, BH_HC_CELL_START, id, id, error));
}

static int sim_stop(struct bh_backend *b, uint32_t id, bool force, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	u32 number = force ? BH_HC_CELL_STOP : BH_HC_CELL_SET_LOADABLE;
	int status;

	sim_lock(s);
	status = cell_find(s, id, error);
	return sim_unlock(s, status ? status : sim_request(s, number, id, id, error));
}

static int sim_destroy(struct bh_backend *b, uint32_t id, bool force, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int status;

	sim_lock(s);
	status = cell_find(s, id, error);
	return sim_unlock(s, status ? status : destroy(s, id, force, error));
}

static int policy(struct simulated *s, u32 id, unsigned int kind, unsigned int what,
		  struct bh_device_error *error)
{
	if (!s->enabled)
		return not_enabled(error);
	if (!cell_get(id))
		return sim_error_code(error, BH_E_NO_SUCH_CELL, 0, id, 0);
	if (kind >= BH_KINDS || what > BH_POLICY_IGNORE)
		return sim_error_code(error, BH_E_POLICY, 0, kind >= BH_KINDS ? kind : what, 0);
	hypercall(cpu_get(0), BH_HC_POLICY_SET, id, kind << 8 | what);
	return 0;
}

static int sim_policy(struct bh_backend *b, uint32_t id, unsigned int kind, unsigned int what,
		      struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	sim_lock(s);
	return sim_unlock(s, policy(s, id, kind, what, error));
}

/* ---- looking; a call in progress does not matter ---- */

static void info_cells(struct bh_info *info)
{
	for (u32 i = 0; i < BH_CELLS_MAX; i++) {
		const struct bh_cell_status *status = &shared->cell[i];
		struct bh_info_cell *cell = &info->cell[info->cell_count];

		if (i && !status->id)
			continue;
		cell->id = i;
		cell->state = status->state;
		cell->loadable = status->loadable;
		cell->generation = status->generation;
		for (u32 kind = 0; kind < ARRAY_SIZE(cell->violations); kind++)
			cell->violations[kind] = status->violations[kind];
		memcpy(cell->name, status->name, sizeof(cell->name));
		info->cell_count++;
	}
}

/* What was taken, without the core's own. */
static void info_memory(const struct simulated *s, struct bh_info *info)
{
	struct bh_range ranges[BH_BOOT_RANGES_MAX];
	u32 count = sim_memory_ranges(s, ranges, BH_BOOT_RANGES_MAX);
	u64 core = s->machine.core_memory.start, core_end = core + CORE_SIZE;

	for (u32 i = 0; i < count && info->memory_count + 1 < BH_BOOT_RANGES_MAX; i++) {
		u64 start = ranges[i].start, end = start + ranges[i].size;

		if (core >= start && core_end <= end) {
			if (core > start)
				info->memory[info->memory_count++] =
					(struct bh_range){start, core - start};
			start = core_end;
		}
		if (end > start)
			info->memory[info->memory_count++] = (struct bh_range){start, end - start};
	}
}

static int sim_info(struct bh_backend *b, struct bh_info *info, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);

	(void)error;
	memset(info, 0, sizeof(*info));
	info->version = BH_DEVICE_VERSION;
	pthread_mutex_lock(&s->core);
	if (s->enabled) {
		info->state = BH_STATE_ENABLED;
		info->core_memory = s->machine.core_memory;
		info_memory(s, info);
		info->pool_pages = shared->pool_pages;
		info->pool_used = shared->pool_used;
		info->events_lost = shared->events.lost;
		info->events_next = shared->events.tail + shared->events.lost;
		info_cells(info);
	}
	pthread_mutex_unlock(&s->core);
	return 0;
}

static int info_cpu(const struct simulated *s, u32 id, struct bh_info_cpu *info,
		    struct bh_device_error *error)
{
	const struct bh_cpu_status *status;

	if (!s->enabled)
		return not_enabled(error);
	if (!cpu_get(id))
		return sim_error_code(error, BH_E_CPU_UNKNOWN, 0, id, s->machine.cpu_count - 1);
	status = &shared->cpu[id];
	info->cpu = id;
	info->cell = status->cell;
	info->state = status->state;
	info->apic_id = status->apic_id;
	for (u32 i = 0; i < BH_COUNTERS_MAX; i++)
		info->counters[i] = status->counters[i];
	return 0;
}

static int sim_info_cpu(struct bh_backend *b, uint32_t cpu, struct bh_info_cpu *info,
			struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int status;

	memset(info, 0, sizeof(*info));
	pthread_mutex_lock(&s->core);
	status = info_cpu(s, cpu, info, error);
	pthread_mutex_unlock(&s->core);
	return status;
}

static int info_link(const struct simulated *s, u32 number, struct bh_info_link *info,
		     struct bh_device_error *error)
{
	const struct bh_link_status *status;
	struct timespec running, since_boot;
	u32 found = number;
	u64 suspended;

	if (!s->enabled)
		return not_enabled(error);
	while (found < BH_LINKS_MAX && !shared->link[found].peers)
		found++;
	if (found >= BH_LINKS_MAX)
		return sim_error_code(error, BH_E_NO_SUCH_LINK, 0, number, 0);
	status = &shared->link[found];
	/* The simulated TSC is CLOCK_MONOTONIC. */
	clock_gettime(CLOCK_MONOTONIC, &running);
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	suspended = (u64)(since_boot.tv_sec - running.tv_sec) * 1000000000 + since_boot.tv_nsec -
		    running.tv_nsec;
	info->number = found;
	info->protocol = status->protocol;
	info->peers = status->peers;
	info->root_vectors = status->root_vectors;
	info->root_id = status->root_id;
	info->phys = status->phys;
	info->rw_size = status->rw_size;
	info->output_size = status->output_size;
	for (u32 i = 0; i < info->peers; i++) {
		const struct bh_link_peer_status *peer = &status->peer[i];

		info->peer[i] = (struct bh_info_link_peer){
			.owner = peer->owner,
			.state = peer->state,
			.rung = peer->rung,
			.received = peer->received,
			.active_ns = peer->active ? peer->active + suspended : 0,
		};
	}
	return 0;
}

static int sim_info_link(struct bh_backend *b, uint32_t number, struct bh_info_link *info,
			 struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int status;

	memset(info, 0, sizeof(*info));
	pthread_mutex_lock(&s->core);
	status = info_link(s, number, info, error);
	pthread_mutex_unlock(&s->core);
	return status;
}

static int descriptor(const struct simulated *s, u32 id, void *buffer, u32 *size,
		      struct bh_device_error *error)
{
	const struct bh_cell_desc *desc;
	u32 room = *size;
	int status = cell_find(s, id, error);

	if (status)
		return status;
	desc = cell_get(id)->desc;
	*size = desc->size;
	if (room < desc->size)
		return sim_error(error, ENOSPC, BH_R_ARGUMENT,
				 "the descriptor has %u bytes, the buffer %u", desc->size, room);
	memcpy(buffer, desc, desc->size);
	return 0;
}

static int sim_descriptor(struct bh_backend *b, uint32_t id, void *buffer, uint32_t *size,
			  struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int status;

	pthread_mutex_lock(&s->core);
	status = descriptor(s, id, buffer, size, error);
	pthread_mutex_unlock(&s->core);
	return status;
}

static int sim_stream(struct bh_backend *b, struct bh_stream *stream, struct bh_device_error *error)
{
	struct simulated *s = simulated(b);
	int fd;

	pthread_mutex_lock(&s->core);
	fd = sim_stream_open(s, stream, error);
	pthread_mutex_unlock(&s->core);
	sim_wake(s); /* to look at this one too */
	return fd;
}

/* ---- the machine ---- */

static void sim_free(struct bh_backend *b)
{
	struct simulated *s = simulated(b);
	struct bh_device_error error;

	if (s->enabled)
		sim_disable(b, true, &error);
	sim_thread_stop(s);
	sim_streams_close(s, true);
	for (u32 id = 0; id < BH_CELLS_MAX; id++)
		sim_payload_forget(&s->payloads[id]);
	sim_machine_forget(s);
	host.notify = NULL;
	pthread_cond_destroy(&s->answered);
	pthread_mutex_destroy(&s->core);
	pthread_mutex_destroy(&s->calls);
	free(s->blocks);
	free(s->pieces);
	free(s);
	__atomic_clear(&opened, __ATOMIC_RELEASE);
}

static const struct bh_backend_ops sim_ops = {
	.enable = sim_enable,
	.disable = sim_disable,
	.create = sim_create_call,
	.load = sim_load,
	.start = sim_start,
	.stop = sim_stop,
	.destroy = sim_destroy,
	.policy = sim_policy,
	.info = sim_info,
	.info_cpu = sim_info_cpu,
	.info_link = sim_info_link,
	.descriptor = sim_descriptor,
	.stream = sim_stream,
	.free = sim_free,
};

static void locks_init(struct simulated *s)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&s->calls, NULL);
	pthread_mutex_init(&s->core, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->answered, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct bh_backend *bh_backend_open_simulated(const char *file, struct bh_device_error *error)
{
	struct simulated *s;

	if (__atomic_test_and_set(&opened, __ATOMIC_ACQUIRE)) {
		sim_error(error, EBUSY, BH_R_STATE,
			  "this program has a simulated machine already; one is all there can be");
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s || !sim_machine_load(s, file, error)) {
		if (!s)
			sim_error(error, ENOMEM, BH_R_OTHER,
				  "this program has no memory for a simulated machine");
		free(s);
		__atomic_clear(&opened, __ATOMIC_RELEASE);
		return NULL;
	}
	/* A program may remember positions for longer than this machine lives. */
	s->epoch = time(NULL);
	s->base.ops = &sim_ops;
	s->base.simulated = true;
	host.real_time = true;
	host.notify = notified;
	host.notify_data = s;
	locks_init(s);
	if (!sim_thread_start(s)) {
		sim_error(error, errno, BH_R_OTHER, "the simulated machine has no thread: %s",
			  strerror(errno));
		sim_free(&s->base);
		return NULL;
	}
	return &s->base;
}
