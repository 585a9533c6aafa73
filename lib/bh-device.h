/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one client of /dev/bulkhead. Needs nothing but libc.
 *
 * Functions return 0, or a negative errno; then *error says why, as one sentence and as a reason for
 * programs. Nothing is printed and nothing global is kept.
 */
#ifndef BH_DEVICE_CLIENT_H
#define BH_DEVICE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bulkhead/device.h>

struct bh_device_error {
	int errno_; /* positive */
	uint32_t reason; /* BH_R_ */
	struct bh_error core; /* with BH_R_CORE */
	char text[BH_TEXT_SIZE];
};

/* Returns a file descriptor, for poll(2) and read(2) too, or a negative errno. */
int bh_device_open(bool manage, struct bh_device_error *error);

int bh_device_enable(int fd, uint64_t memory_size, const struct bh_range *reserved,
		     struct bh_device_error *error);
int bh_device_disable(int fd, bool force, struct bh_device_error *error);

/* The descriptor is updated with the cell's id and the placement of its memory. */
int bh_device_create(int fd, struct bh_cell_desc *descriptor, uint32_t *id,
		     struct bh_device_error *error);
int bh_device_load(int fd, uint32_t id, const struct bh_image *images, size_t count,
		   struct bh_device_error *error);
int bh_device_start(int fd, uint32_t id, struct bh_device_error *error);
int bh_device_stop(int fd, uint32_t id, bool force, struct bh_device_error *error);
int bh_device_destroy(int fd, uint32_t id, bool force, struct bh_device_error *error);
int bh_device_policy(int fd, uint32_t id, unsigned int kind, unsigned int policy,
		     struct bh_device_error *error);

int bh_device_info(int fd, struct bh_info *info, struct bh_device_error *error);
int bh_device_info_cpu(int fd, uint32_t cpu, struct bh_info_cpu *info,
		       struct bh_device_error *error);
/* The link @number or the next one; -ENOENT: there is none. */
int bh_device_info_link(int fd, uint32_t number, struct bh_info_link *info,
			struct bh_device_error *error);
int bh_device_descriptor(int fd, uint32_t id, void *buffer, uint32_t *size,
			 struct bh_device_error *error);

/* What read(2) delivers from now on: as the caller has filled in @stream, call.flags included. */
int bh_device_stream(int fd, struct bh_stream *stream, struct bh_device_error *error);

/* Words for numbers; never NULL. */
const char *bh_state_word(uint32_t state);
const char *bh_kind_word(uint32_t kind);
const char *bh_reason_word(uint32_t reason);
const char *bh_error_word(uint32_t code);
const char *bh_counter_word(uint32_t counter);

#endif
