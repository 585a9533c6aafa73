/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine the daemon manages: the real one behind /dev/bulkhead, or a simulated one behind the same calls.
 *
 * Calls mean what <bulkhead/device.h> says of the ioctl of the same name. They return 0 or a negative
 * errno; then *error holds the sentence. A call may take seconds: do not make it in a main loop. Calls of
 * several threads are ordered by the back-end itself.
 */
#ifndef BH_BACKEND_H
#define BH_BACKEND_H

#include "bh-device.h"

struct bh_backend;

struct bh_backend_ops {
	int (*enable)(struct bh_backend *b, uint64_t memory_size, const struct bh_range *reserved,
		      struct bh_device_error *error);
	int (*disable)(struct bh_backend *b, bool force, struct bh_device_error *error);
	int (*create)(struct bh_backend *b, struct bh_cell_desc *descriptor, uint32_t *id,
		      struct bh_device_error *error);
	int (*load)(struct bh_backend *b, uint32_t id, const struct bh_image *images, size_t count,
		    struct bh_device_error *error);
	int (*start)(struct bh_backend *b, uint32_t id, struct bh_device_error *error);
	int (*stop)(struct bh_backend *b, uint32_t id, bool force, struct bh_device_error *error);
	int (*destroy)(struct bh_backend *b, uint32_t id, bool force,
		       struct bh_device_error *error);
	int (*policy)(struct bh_backend *b, uint32_t id, unsigned int kind, unsigned int policy,
		      struct bh_device_error *error);
	int (*info)(struct bh_backend *b, struct bh_info *info, struct bh_device_error *error);
	int (*info_cpu)(struct bh_backend *b, uint32_t cpu, struct bh_info_cpu *info,
			struct bh_device_error *error);
	int (*info_link)(struct bh_backend *b, uint32_t number, struct bh_info_link *info,
			 struct bh_device_error *error);
	int (*descriptor)(struct bh_backend *b, uint32_t id, void *buffer, uint32_t *size,
			  struct bh_device_error *error);
	/*
	 * A new descriptor, non-blocking, to poll and read one stream from: whole struct bh_event
	 * records, or text. The caller closes it. A negative errno on failure.
	 */
	int (*stream)(struct bh_backend *b, struct bh_stream *stream,
		      struct bh_device_error *error);
	void (*free)(struct bh_backend *b);
};

/* Embedded at the start of each back-end's own structure. */
struct bh_backend {
	const struct bh_backend_ops *ops;
	const char *name; /* "/dev/bulkhead", or what a simulated machine is called */
	bool simulated;
};

/* NULL when the device cannot be opened: *error says why. */
struct bh_backend *bh_backend_open_device(struct bh_device_error *error);

/*
 * A simulated machine: the core itself, built for the host, under the description in @file (a machine
 * description as `bulkhead machine --save' writes it; NULL: four CPUs and 4 GiB). One a process.
 */
struct bh_backend *bh_backend_open_simulated(const char *file, struct bh_device_error *error);

#endif
