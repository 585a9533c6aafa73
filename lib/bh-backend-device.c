// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "bh-backend.h"

struct device {
	struct bh_backend base;
	int fd;
};

static int device_fd(struct bh_backend *b)
{
	return ((struct device *)b)->fd;
}

static int device_enable(struct bh_backend *b, uint64_t memory_size,
			 const struct bh_range *reserved, struct bh_device_error *error)
{
	return bh_device_enable(device_fd(b), memory_size, reserved, error);
}

static int device_disable(struct bh_backend *b, bool force, struct bh_device_error *error)
{
	return bh_device_disable(device_fd(b), force, error);
}

static int device_create(struct bh_backend *b, struct bh_cell_desc *descriptor, uint32_t *id,
			 struct bh_device_error *error)
{
	return bh_device_create(device_fd(b), descriptor, id, error);
}

static int device_load(struct bh_backend *b, uint32_t id, const struct bh_image *images,
		       size_t count, struct bh_device_error *error)
{
	return bh_device_load(device_fd(b), id, images, count, error);
}

static int device_start(struct bh_backend *b, uint32_t id, struct bh_device_error *error)
{
	return bh_device_start(device_fd(b), id, error);
}

static int device_stop(struct bh_backend *b, uint32_t id, bool force, struct bh_device_error *error)
{
	return bh_device_stop(device_fd(b), id, force, error);
}

static int device_destroy(struct bh_backend *b, uint32_t id, bool force,
			  struct bh_device_error *error)
{
	return bh_device_destroy(device_fd(b), id, force, error);
}

static int device_policy(struct bh_backend *b, uint32_t id, unsigned int kind, unsigned int policy,
			 struct bh_device_error *error)
{
	return bh_device_policy(device_fd(b), id, kind, policy, error);
}

static int device_info(struct bh_backend *b, struct bh_info *info, struct bh_device_error *error)
{
	return bh_device_info(device_fd(b), info, error);
}

static int device_info_cpu(struct bh_backend *b, uint32_t cpu, struct bh_info_cpu *info,
			   struct bh_device_error *error)
{
	return bh_device_info_cpu(device_fd(b), cpu, info, error);
}

static int device_info_link(struct bh_backend *b, uint32_t number, struct bh_info_link *info,
			    struct bh_device_error *error)
{
	return bh_device_info_link(device_fd(b), number, info, error);
}

static int device_descriptor(struct bh_backend *b, uint32_t id, void *buffer, uint32_t *size,
			     struct bh_device_error *error)
{
	return bh_device_descriptor(device_fd(b), id, buffer, size, error);
}

/* Each open file of the device has one stream and one position: another one for each caller. At consoles it can type. */
static int device_stream(struct bh_backend *b, struct bh_stream *stream,
			 struct bh_device_error *error)
{
	int fd = bh_device_open(stream->stream == BH_STREAM_CONSOLE, error);
	int status;

	(void)b;
	if (fd < 0)
		return fd;
	status = bh_device_stream(fd, stream, error);
	if (!status && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)) {
		status = -errno;
		error->errno_ = errno;
	}
	if (status) {
		close(fd);
		return status;
	}
	return fd;
}

static void device_free(struct bh_backend *b)
{
	close(device_fd(b));
	free(b);
}

static const struct bh_backend_ops device_ops = {
	.enable = device_enable,
	.disable = device_disable,
	.create = device_create,
	.load = device_load,
	.start = device_start,
	.stop = device_stop,
	.destroy = device_destroy,
	.policy = device_policy,
	.info = device_info,
	.info_cpu = device_info_cpu,
	.info_link = device_info_link,
	.descriptor = device_descriptor,
	.stream = device_stream,
	.free = device_free,
};

struct bh_backend *bh_backend_open_device(struct bh_device_error *error)
{
	struct device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->base.ops = &device_ops;
	device->base.name = BH_DEVICE_PATH;
	device->fd = bh_device_open(true, error);
	if (device->fd < 0) {
		free(device);
		return NULL;
	}
	return &device->base;
}
