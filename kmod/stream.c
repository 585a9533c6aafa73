// SPDX-License-Identifier: GPL-2.0-or-later
/* read(2) and poll(2): events, the core's log, consoles. Each open file has a position of its own. */

#include <linux/capability.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "core.h"
#include "launch.h"

#define TEXT_CHUNK 512

/* Events leave the core's ring at once, so that it has room, and stay here for readers. */
static struct bh_event *kept;
static u64 kept_tail; /* records ever kept */
static u64 core_next; /* in the core's ring */
static u64 core_epoch;
static DEFINE_MUTEX(kept_lock);

void stream_drain(void)
{
	struct bh_shared *shared;
	u64 tail;

	mutex_lock(&kept_lock);
	down_read(&bh_core.shared_lock);
	shared = bh_core.shared;
	if (!shared)
		goto out;
	if (core_epoch != bh_core.epoch) {
		core_epoch = bh_core.epoch;
		core_next = 0;
	}
	tail = READ_ONCE(shared->events.tail);
	if (tail == core_next)
		goto out;
	while (core_next != tail) {
		smp_rmb();
		memcpy(&kept[kept_tail % BH_EVENTS_KEPT],
		       (const void *)&shared->events.entry[core_next % BH_EVENT_RING_ENTRIES],
		       sizeof(*kept));
		core_next++;
		kept_tail++;
	}
	bh_hypercall(BH_HC_EVENT_ACK, (u32)core_next, 0);
out:
	up_read(&bh_core.shared_lock);
	mutex_unlock(&kept_lock);
}

/* Which console has room is not told, nor which cell has gone: who waits for one tries again. */
void stream_wake(void)
{
	memset(bh_core.input_full, 0, sizeof(bh_core.input_full));
	wake_up_interruptible_all(&bh_core.wait);
}

static const struct bh_text_ring *stream_ring(struct bh_file *file, u64 *epoch)
{
	const struct bh_shared *shared = bh_core.shared;

	*epoch = bh_core.epoch;
	if (file->stream == BH_STREAM_LOG && shared)
		return &shared->log;
	if (file->stream == BH_STREAM_LOG) {
		/* It is the same as before the core left. */
		*epoch -= 1;
		return bh_core.last_log;
	}
	if (!shared)
		return NULL;
	/* Another cell with the same id has a console of its own. */
	*epoch = (u64)READ_ONCE(shared->cell[file->id].generation) << 32 | (u32)bh_core.epoch;
	return &shared->console[file->id];
}

/* How much is there to read: bytes, or records. */
static u64 stream_available(struct bh_file *file)
{
	const struct bh_text_ring *ring;
	u64 tail, epoch;

	if (file->stream == BH_STREAM_EVENTS)
		return READ_ONCE(kept_tail) - file->position;
	if (READ_ONCE(file->ended))
		return 1;
	down_read(&bh_core.shared_lock);
	ring = stream_ring(file, &epoch);
	tail = ring ? READ_ONCE(ring->tail) : 0;
	up_read(&bh_core.shared_lock);
	if (!ring)
		return 0;
	return epoch == file->epoch && tail >= file->position ? tail - file->position : tail;
}

static ssize_t stream_read_events(struct bh_file *file, char __user *to, size_t size)
{
	struct bh_event *event;
	ssize_t done = 0;

	if (size < sizeof(*event))
		return -EINVAL;
	event = kmalloc(sizeof(*event), GFP_KERNEL);
	if (!event)
		return -ENOMEM;
	while (size - done >= sizeof(*event)) {
		mutex_lock(&kept_lock);
		if (file->position == kept_tail) {
			mutex_unlock(&kept_lock);
			break;
		}
		if (kept_tail - file->position > BH_EVENTS_KEPT)
			file->position = kept_tail - BH_EVENTS_KEPT;
		*event = kept[file->position % BH_EVENTS_KEPT];
		mutex_unlock(&kept_lock);
		if (copy_to_user(to + done, event, sizeof(*event))) {
			done = done ?: -EFAULT;
			break;
		}
		file->position++;
		done += sizeof(*event);
	}
	kfree(event);
	return done;
}

/* What was at @file's position is not there any more: go on at @position, unless all was wanted. */
static bool stream_jump(struct bh_file *file, u64 position)
{
	if (file->whole)
		WRITE_ONCE(file->ended, true);
	else
		file->position = position;
	return !file->ended;
}

/* Copy at most TEXT_CHUNK bytes; what the writer overtook meanwhile is lost. */
static size_t stream_copy_text(struct bh_file *file, char *to, size_t size)
{
	const struct bh_text_ring *ring;
	u64 epoch, tail, i;

	down_read(&bh_core.shared_lock);
	ring = stream_ring(file, &epoch);
	if (!ring)
		goto nothing;
	tail = READ_ONCE(ring->tail);
	if (epoch != file->epoch || file->position > tail) {
		if (!stream_jump(file, 0))
			goto nothing;
		file->epoch = epoch;
	}
	for (;;) {
		if (tail - file->position > BH_TEXT_RING_SIZE &&
		    !stream_jump(file, tail - BH_TEXT_RING_SIZE))
			goto nothing;
		size = min_t(u64, size, tail - file->position);
		smp_rmb();
		for (i = 0; i < size; i++)
			to[i] = ring->data[(file->position + i) % BH_TEXT_RING_SIZE];
		smp_rmb();
		tail = READ_ONCE(ring->tail);
		if (tail - file->position <= BH_TEXT_RING_SIZE)
			break;
	}
	file->position += size;
	up_read(&bh_core.shared_lock);
	return size;

nothing:
	up_read(&bh_core.shared_lock);
	return 0;
}

static ssize_t stream_read_text(struct bh_file *file, char __user *to, size_t size)
{
	char buffer[TEXT_CHUNK];
	ssize_t done = 0;
	size_t n;

	while (done < size) {
		n = stream_copy_text(file, buffer, min_t(size_t, size - done, sizeof(buffer)));
		if (!n)
			break;
		if (copy_to_user(to + done, buffer, n))
			return done ?: -EFAULT;
		done += n;
	}
	return done;
}

static ssize_t stream_read(struct file *filp, char __user *to, size_t size, loff_t *offset)
{
	struct bh_file *file = filp->private_data;
	ssize_t n;

	if (!size)
		return 0;
	for (;;) {
		if (mutex_lock_interruptible(&file->lock))
			return -ERESTARTSYS;
		n = file->stream == BH_STREAM_EVENTS ? stream_read_events(file, to, size)
						     : stream_read_text(file, to, size);
		mutex_unlock(&file->lock);
		if (n || READ_ONCE(file->ended))
			return n;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(bh_core.wait, stream_available(file)))
			return -ERESTARTSYS;
	}
}

/* A character for the console that was chosen; where there is no room, the core tells when there is. */
static int stream_put(struct bh_file *file, u8 c)
{
	long result = -ENXIO;
	u64 epoch;

	down_read(&bh_core.shared_lock);
	/* Not to another cell that has the id by now. */
	if (stream_ring(file, &epoch) && epoch == file->epoch) {
		WRITE_ONCE(bh_core.input_full[file->id], true);
		result = bh_hypercall(BH_HC_CONSOLE_INPUT, file->id, c);
		if (result != -EAGAIN)
			WRITE_ONCE(bh_core.input_full[file->id], false);
	}
	up_read(&bh_core.shared_lock);
	return result;
}

static ssize_t stream_write(struct file *filp, const char __user *from, size_t size, loff_t *offset)
{
	struct bh_file *file = filp->private_data;
	ssize_t done = 0;
	int ret = 0;
	u8 c;

	if (file->stream != BH_STREAM_CONSOLE)
		return -EINVAL;
	while (done < size) {
		if (get_user(c, from + done))
			return done ?: -EFAULT;
		if (mutex_lock_interruptible(&file->lock))
			return done ?: -ERESTARTSYS;
		ret = stream_put(file, c);
		mutex_unlock(&file->lock);
		if (!ret) {
			done++;
			continue;
		}
		if (ret != -EAGAIN || done || filp->f_flags & O_NONBLOCK)
			break;
		if (wait_event_interruptible(bh_core.wait,
					     !READ_ONCE(bh_core.input_full[file->id])))
			return -ERESTARTSYS;
	}
	return done ?: ret;
}

static __poll_t stream_poll(struct file *filp, poll_table *table)
{
	struct bh_file *file = filp->private_data;
	__poll_t mask = 0;

	poll_wait(filp, &bh_core.wait, table);
	if (stream_available(file))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (file->stream == BH_STREAM_CONSOLE && !READ_ONCE(bh_core.input_full[file->id]))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (READ_ONCE(file->state_seen) != atomic_read(&bh_core.state_count))
		mask |= EPOLLPRI;
	return mask;
}

int stream_choose(struct bh_file *file, struct bh_stream *stream)
{
	bool from_start = stream->call.flags & BH_STREAM_FROM_START;
	const struct bh_text_ring *ring;
	int ret = 0;

	if (stream->stream > BH_STREAM_CONSOLE)
		return error_set(&stream->call, EINVAL, BH_R_ARGUMENT, "there is no stream %u",
				 stream->stream);
	if (stream->stream != BH_STREAM_CONSOLE && stream->id)
		return error_set(&stream->call, EINVAL, BH_R_ARGUMENT,
				 "only a console belongs to a cell: the id must be 0");
	if (stream->stream == BH_STREAM_CONSOLE) {
		down_read(&bh_core.shared_lock);
		if (!bh_core.shared)
			ret = error_set(&stream->call, EINVAL, BH_R_STATE,
					"Bulkhead is not enabled");
		else if (!stream->id || stream->id >= BH_CELLS_MAX ||
			 READ_ONCE(bh_core.shared->cell[stream->id].id) != stream->id)
			ret = -ENOENT;
		up_read(&bh_core.shared_lock);
		if (ret == -ENOENT)
			return error_code(&stream->call, BH_E_NO_SUCH_CELL, 0, stream->id, 0);
		if (ret)
			return ret;
	}
	mutex_lock(&file->lock);
	file->stream = stream->stream;
	file->id = stream->id;
	file->whole = stream->call.flags & BH_STREAM_WHOLE;
	file->ended = false;
	file->epoch = 0;
	if (file->stream == BH_STREAM_EVENTS) {
		u64 tail = READ_ONCE(kept_tail);

		file->position = !from_start		 ? tail
				 : tail > BH_EVENTS_KEPT ? tail - BH_EVENTS_KEPT
							 : 0;
	} else {
		down_read(&bh_core.shared_lock);
		ring = stream_ring(file, &file->epoch);
		file->position = ring ? READ_ONCE(ring->tail) : 0;
		if (from_start)
			file->position = file->position > BH_TEXT_RING_SIZE
						 ? file->position - BH_TEXT_RING_SIZE
						 : 0;
		up_read(&bh_core.shared_lock);
	}
	stream->generation = file->epoch;
	stream->position = file->position;
	mutex_unlock(&file->lock);
	return 0;
}

static int stream_file_open(struct inode *inode, struct file *filp)
{
	struct bh_file *file;

	if (filp->f_mode & FMODE_WRITE && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	file->position = READ_ONCE(kept_tail);
	file->state_seen = atomic_read(&bh_core.state_count);
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

static int stream_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

const struct file_operations stream_operations = {
	.owner = THIS_MODULE,
	.open = stream_file_open,
	.release = stream_release,
	.read = stream_read,
	.write = stream_write,
	.poll = stream_poll,
	.unlocked_ioctl = call_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int stream_init(void)
{
	kept = vzalloc(BH_EVENTS_KEPT * sizeof(*kept));
	return kept ? 0 : -ENOMEM;
}

void stream_exit(void)
{
	vfree(kept);
}
