/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bulkhead/link.h>
#include <bulkhead/link-queue.h>
#include "bulkhead-link.h"

#define SYS_UIO "/sys/class/uio"
#define DRIVER_NAME "bulkhead-link"
#define ROOT_DOMAIN_FIRST 0x10000 /* the root's links lie on a bus of their own */

struct map {
	void *at; /* NULL: there is none */
	size_t size;
};

struct bhl {
	int fd;
	uint16_t protocol;
	uint32_t id;
	uint32_t peers;
	struct map registers, state, rw, outputs, output;
};

struct bhl_queue {
	struct bhl *link;
	uint32_t peer;
	uint32_t vector;
	struct bh_queue queue;
};

static const struct {
	const char *name;
	size_t offset;
	int rights;
} maps[] = {
	{"registers", offsetof(struct bhl, registers), PROT_READ | PROT_WRITE},
	{"state", offsetof(struct bhl, state), PROT_READ},
	{"rw", offsetof(struct bhl, rw), PROT_READ | PROT_WRITE},
	{"outputs", offsetof(struct bhl, outputs), PROT_READ},
	{"output", offsetof(struct bhl, output), PROT_READ | PROT_WRITE},
};
#define MAPS (sizeof(maps) / sizeof(*maps))

static struct map *link_map(struct bhl *link, size_t i)
{
	return (struct map *)((char *)link + maps[i].offset);
}

/* A word of a sysfs entry of a UIO device. */
static bool entry_read(const char *uio, const char *entry, char *word, size_t size)
{
	char path[NAME_MAX + 64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), SYS_UIO "/%s/%s", uio, entry);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, word, size - 1);
		close(fd);
	}
	if (n < 0)
		return false;
	word[n] = '\0';
	word[strcspn(word, "\n")] = '\0';
	return true;
}

static bool uio_is_link(const char *uio)
{
	char name[32];

	return entry_read(uio, "name", name, sizeof(name)) && !strcmp(name, DRIVER_NAME);
}

/* The PCI address is the last part of where the entry leads. */
static bool uio_is(const char *uio, const char *which)
{
	unsigned int domain, bus, device, function;
	char path[64], target[512], *slash, *end;
	unsigned long number = strtoul(which, &end, 10);
	ssize_t n;

	snprintf(path, sizeof(path), SYS_UIO "/%.32s/device", uio);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	if (end != which && !*end)
		return sscanf(slash, "%x:%x:%x.%x", &domain, &bus, &device, &function) == 4 &&
		       domain >= ROOT_DOMAIN_FIRST && !bus && device == number;
	return !strcmp(slash, which);
}

/* The name of the one UIO device that is meant. */
static int uio_find(const char *which, char *name, size_t size)
{
	const char *slash = which ? strrchr(which, '/') : NULL;
	struct dirent *entry;
	DIR *all;
	int found = 0;

	if (slash) {
		snprintf(name, size, "%s", slash + 1);
		return uio_is_link(name) ? 0 : -ENOENT;
	}
	all = opendir(SYS_UIO);
	if (!all)
		return errno == ENOENT ? -ENOENT : -errno;
	while ((entry = readdir(all))) {
		if (entry->d_name[0] == '.' || !uio_is_link(entry->d_name) ||
		    (which && !uio_is(entry->d_name, which)))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		found++;
	}
	closedir(all);
	return found == 1 ? 0 : found ? -ENOTUNIQ : -ENOENT;
}

static int maps_make(struct bhl *link, const char *uio)
{
	char entry[32], word[32];

	for (int n = 0;; n++) {
		struct map *map;
		size_t i;

		snprintf(entry, sizeof(entry), "maps/map%d/name", n);
		if (!entry_read(uio, entry, word, sizeof(word)))
			break;
		for (i = 0; i < MAPS && strcmp(word, maps[i].name);)
			i++;
		if (i == MAPS)
			continue;
		snprintf(entry, sizeof(entry), "maps/map%d/size", n);
		if (!entry_read(uio, entry, word, sizeof(word)))
			return -ENODEV;
		map = link_map(link, i);
		map->size = strtoull(word, NULL, 0);
		map->at = mmap(NULL, map->size, maps[i].rights, MAP_SHARED, link->fd,
			       (off_t)n * sysconf(_SC_PAGESIZE));
		if (map->at == MAP_FAILED) {
			map->at = NULL;
			return -errno;
		}
	}
	return link->registers.at && link->state.at ? 0 : -ENODEV;
}

static volatile uint32_t *reg(const struct bhl *link, uint32_t offset)
{
	return (volatile uint32_t *)((char *)link->registers.at + offset);
}

int bhl_open(const char *which, struct bhl **out)
{
	char name[NAME_MAX + 1], path[NAME_MAX + 8], word[32];
	struct bhl *link;
	int status = uio_find(which, name, sizeof(name));

	*out = NULL;
	if (status)
		return status;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/dev/%s", name);
	link->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	status = link->fd < 0 ? -errno : maps_make(link, name);
	if (!status && !entry_read(name, "device/class", word, sizeof(word)))
		status = -ENODEV;
	if (status) {
		bhl_close(link);
		return status;
	}
	link->protocol = (uint16_t)strtoul(word, NULL, 0);
	link->id = *reg(link, BH_LINK_REG_ID);
	link->peers = *reg(link, BH_LINK_REG_PEERS);
	bhl_set_state(link, 0);
	*reg(link, BH_LINK_REG_ENABLE) = 1;
	*out = link;
	return 0;
}

void bhl_close(struct bhl *link)
{
	if (!link)
		return;
	for (size_t i = 0; i < MAPS; i++)
		if (link_map(link, i)->at)
			munmap(link_map(link, i)->at, link_map(link, i)->size);
	if (link->fd >= 0)
		close(link->fd);
	free(link);
}

uint32_t bhl_id(const struct bhl *link)
{
	return link->id;
}

uint32_t bhl_peers(const struct bhl *link)
{
	return link->peers;
}

uint16_t bhl_protocol(const struct bhl *link)
{
	return link->protocol;
}

uint32_t bhl_state(const struct bhl *link, uint32_t peer)
{
	return peer < link->peers ? ((volatile uint32_t *)link->state.at)[peer] : 0;
}

void bhl_set_state(struct bhl *link, uint32_t state)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*reg(link, BH_LINK_REG_STATE) = state;
}

void *bhl_rw(const struct bhl *link, size_t *size)
{
	*size = link->rw.size;
	return link->rw.at;
}

const void *bhl_output(const struct bhl *link, uint32_t peer, size_t *size)
{
	*size = link->output.size;
	return link->outputs.at && peer < link->peers
		       ? (const char *)link->outputs.at + peer * link->output.size
		       : NULL;
}

void *bhl_own_output(const struct bhl *link, size_t *size)
{
	*size = link->output.size;
	return link->output.at;
}

void bhl_ring(struct bhl *link, uint32_t peer, uint32_t vector)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*reg(link, BH_LINK_REG_DOORBELL) = peer << 16 | (vector & 0xffff);
}

int bhl_fd(const struct bhl *link)
{
	return link->fd;
}

int bhl_wait(struct bhl *link, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = link->fd, .events = POLLIN};
	uint32_t count;
	int n = poll(&poll_fd, 1, timeout_ms);

	if (n <= 0)
		return n ? -errno : 0;
	if (read(link->fd, &count, sizeof(count)) != sizeof(count))
		return errno == EAGAIN ? 0 : -errno;
	/* It was the only one until now; what comes before the caller has looked is told by another one. */
	*reg(link, BH_LINK_REG_ENABLE) = 1;
	return 1;
}

int bhl_queue_open(struct bhl *link, uint32_t peer, uint32_t vector, struct bhl_queue **out)
{
	struct bhl_queue *queue;
	size_t size;

	*out = NULL;
	if (peer >= link->peers || peer == link->id || !link->output.at)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->link = link;
	queue->peer = peer;
	queue->vector = vector;
	if (!bh_queue_open(&queue->queue, link->output.at, bhl_output(link, peer, &size),
			   link->output.size, link->peers, link->id, peer)) {
		free(queue);
		return -EINVAL;
	}
	*out = queue;
	return 0;
}

void bhl_queue_close(struct bhl_queue *queue)
{
	free(queue);
}

size_t bhl_queue_room(const struct bhl_queue *queue)
{
	return bh_queue_room(&queue->queue);
}

int bhl_send(struct bhl_queue *queue, const void *message, size_t size)
{
	if (size > bhl_queue_room(queue))
		return -EMSGSIZE;
	if (!bh_queue_put(&queue->queue, message, (uint32_t)size))
		return -EAGAIN;
	bhl_ring(queue->link, queue->peer, queue->vector);
	return 0;
}

ssize_t bhl_receive(struct bhl_queue *queue, void *buffer, size_t room)
{
	bool ring;
	long n = bh_queue_get(&queue->queue, buffer, room, &ring);

	if (ring)
		bhl_ring(queue->link, queue->peer, queue->vector);
	return n == BH_QUEUE_NONE     ? -EAGAIN
	       : n == BH_QUEUE_BROKEN ? -EPROTO
	       : n == BH_QUEUE_LARGE  ? -EMSGSIZE
				      : n;
}
