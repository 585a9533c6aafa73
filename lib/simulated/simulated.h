/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated machine: what the loader module does for a real one, above the hosted core.
 *
 * Two locks. calls: one management call at a time, held for a whole call. core: whoever touches the core, its
 * memory or anything below; a call lets go of it while a cell thinks about its answer. The thread of
 * payload.c runs what the cells run and feeds the streams.
 */
#ifndef BH_SIMULATED_PRIVATE_H
#define BH_SIMULATED_PRIVATE_H

#include <pthread.h>
#include <bulkhead/ring.h>
#include <hv/arch/host/host.h>
#include "../bh-backend.h"

#define SIM_EVENTS_KEPT 1024

/* Memory taken from the simulated Linux, as it gives it: in blocks. */
struct sim_block {
	u64 start, size;
	bool initial; /* of the enable: stays until the end */
};

/* Memory in use of what was taken. */
struct sim_piece {
	u32 owner; /* cell id, or BH_OWNER_CORE */
	u64 start, size;
};

/* What a cell runs. */
struct sim_payload {
	u64 image; /* guest-physical address and size of the first image loaded */
	u64 image_size;
	u32 starts; /* of the CPU when this was begun; 0: not yet */
	bool ended; /* by itself */
	char *script; /* NULL: a plain heartbeat */
	char *line; /* to carry out next; NULL: done */
	u64 resume; /* not before; in arch_ticks(), as all times here */
	u64 beat_every, beat_next; /* 0: no beat */
	u64 beats;
	bool deny, ignore; /* how it answers a request to shut down */
};

struct sim_stream {
	struct sim_stream *next;
	int fd; /* our end of a socket pair */
	u32 stream, id;
	u64 epoch, position;
	bool whole; /* BH_STREAM_WHOLE */
	bool input; /* a console that can be typed at */
	bool blocked; /* the reader is behind */
	bool closed; /* by the reader, or where text is missing */
};

struct simulated {
	struct bh_backend base;
	pthread_mutex_t calls, core;
	pthread_cond_t answered; /* the payloads have run */
	pthread_t thread;
	int wake; /* eventfd */
	bool ending;

	void *description; /* BhMachine, of machine.c */
	struct bh_boot_info machine;
	u64 block_size;
	bool enabled;
	u64 epoch; /* another one at each enable, and at each disable */
	u32 block_count, piece_count;
	struct sim_block *blocks; /* ascending */
	struct sim_piece *pieces;
	struct sim_payload payloads[BH_CELLS_MAX];
	struct bh_text_ring last_log; /* of a core that has left */
	struct sim_stream *streams;
	struct bh_event kept[SIM_EVENTS_KEPT];
	u64 kept_tail, core_next;
};

/* error.c: these return the negative errno */
int sim_error(struct bh_device_error *error, int errno_, u32 reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int sim_error_core(struct bh_device_error *error, const struct bh_error *core);
int sim_error_code(struct bh_device_error *error, u32 code, u32 index, u64 value, u64 limit);

/* memory.c: what is taken from Linux, and what of it is in use; these return a negative errno */
int sim_memory_take(struct simulated *s, u64 size, struct bh_device_error *error);
int sim_memory_reserve(struct simulated *s, const struct bh_range *range,
		       struct bh_device_error *error);
void sim_memory_give_back(struct simulated *s, bool all);
u32 sim_memory_ranges(const struct simulated *s, struct bh_range *ranges, u32 most);
int sim_memory_allocate(struct simulated *s, u32 owner, u64 size, u64 align, u64 *start);
int sim_memory_claim(struct simulated *s, u32 owner, u64 start, u64 size); /* -ENOENT: not taken */
void sim_memory_release(struct simulated *s, u32 owner);

/* create.c */
void sim_links_release(struct simulated *s); /* the memory of links no cell has any more */
int sim_create(struct simulated *s, struct bh_cell_desc *descriptor, u32 *id,
	       struct bh_device_error *error);

/* image.c: only looks, or with @commit writes too */
int sim_image_load(const struct cell *cell, const struct bh_image *images, size_t count,
		   bool commit, struct bh_device_error *error);

/* backend.c: a management call of the core in as many steps as it takes; core is held */
int sim_request(struct simulated *s, u32 number, u64 arg, u32 id, struct bh_device_error *error);

/* payload.c */
bool sim_thread_start(struct simulated *s);
void sim_thread_stop(struct simulated *s);
void sim_wake(struct simulated *s);
void sim_payload_load(struct sim_payload *payload, const struct bh_image *image);
void sim_payload_forget(struct sim_payload *payload);

/* stream.c: core is held */
int sim_stream_open(struct simulated *s, struct bh_stream *call, struct bh_device_error *error);
void sim_stream_type(const struct sim_stream *stream); /* what was typed at it */
void sim_streams_feed(struct simulated *s);
void sim_streams_close(struct simulated *s, bool all); /* or those whose reader has gone */
void sim_events_take(struct simulated *s);

/* machine.c: the description in @file, or four CPUs and 4 GiB */
bool sim_machine_load(struct simulated *s, const char *file, struct bh_device_error *error);
void sim_machine_functions(const struct simulated *s); /* told to the next host_start() */
void sim_machine_forget(struct simulated *s);

#endif
