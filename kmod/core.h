/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the module share: the core's memory, cells, CPUs, and who may touch what. */
#ifndef KMOD_CORE_H
#define KMOD_CORE_H

#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <bulkhead/boot.h>
#include <bulkhead/cell.h>
#include <bulkhead/device.h>
#include <bulkhead/error.h>
#include <bulkhead/hypercall.h>
#include <bulkhead/ring.h>

#define BH_EVENTS_KEPT 1024 /* records the module keeps for its readers */

struct bh_core {
	struct mutex
		lock; /* one management call at a time; everything without a comment is under it */
	bool enabled;
	bool stuck; /* a core that should have left has not: its memory is lost, nothing is enabled again */
	phys_addr_t phys; /* core memory */
	size_t size;
	void *virt; /* mapped only while the core does not own it */
	struct bh_core_header header;
	struct bh_boot_info *info; /* in core memory, valid as virt is */
	cpumask_t cpus; /* entered by the core */

	/* A page for results of hypercalls; the core takes physical addresses. */
	struct bh_error *result;

	/* Readers of the core's shared memory hold shared_lock for reading. */
	struct rw_semaphore shared_lock;
	struct bh_shared *shared; /* NULL while disabled */
	u64 epoch; /* one more when a core comes and when it goes: positions in text rings begin anew */
	struct bh_text_ring *last_log; /* the log of the last core, kept after it left */

	struct mutex cells_lock; /* the list; taken inside lock */
	struct list_head cells;
	u32 root_state;

	wait_queue_head_t wait; /* readers, writers and pollers */
	bool input_full[BH_CELLS_MAX]; /* of consoles, as far as is known */
	atomic_t state_count; /* changes of state so far */
};

extern struct bh_core bh_core;
extern struct miscdevice bh_device;

struct bh_cell_pci {
	struct pci_dev *dev;
	char driver[32]; /* that had it before, or empty */
	bool saved; /* its configuration */
	struct iommu_group
		*group; /* taken with this device; others of the cell may be in it as well */
};

struct bh_cell {
	struct kobject kobj;
	struct list_head link;
	u32 id;
	u32 state; /* last one told to the world */
	bool starting; /* it is being started, and that it runs was not told yet */
	char name[BH_CELL_NAME_SIZE];
	struct bh_cell_desc *desc; /* with placements */
	cpumask_t cpus;
	unsigned int pci_count;
	struct bh_cell_pci *pci;
	struct iommu_domain *dma; /* what its devices reach; NULL: no IOMMU, or no devices */
};

/* error.c: every failure is a reason, a sentence and an errno; these return the errno, negative */
__printf(4, 5) int error_set(struct bh_call *call, int errno_, u32 reason, const char *format, ...);
int error_core(struct bh_call *call, const struct bh_error *error, int ret);
int error_code(struct bh_call *call, u32 code, u32 index, u64 value, u64 limit);

/* memory.c: memory blocks taken from Linux, or one range reserved at boot */
int memory_take(struct bh_call *call, u64 size, u64 piece, u64 align);
int memory_reserve(struct bh_call *call, u64 start, u64 size);
int memory_give_back(struct bh_call *call, bool all);
int memory_ranges(struct bh_range *ranges, int max); /* ascending, merged */
int memory_for_cells(struct bh_range *ranges, int max); /* without the core's */
int memory_ram(struct bh_range *ranges, int max); /* Linux' RAM and what was taken from it */
u64 memory_block_size(void);

/* pool.c: what of the taken memory is in use */
#define POOL_CORE 0xffffffff
/* Where @size bytes are free: 0, -ENOSPC or -ENOMEM. */
int pool_find(u64 size, u64 align, u64 *start);
int pool_allocate(u32 owner, u64 size, u64 align, u64 *start);
int pool_claim(u32 owner, u64 start, u64 size); /* -ENOENT: not ours; -EBUSY: in use */
void pool_release(u32 owner);
bool pool_in_use(u64 start, u64 size);

/* cpus.c */
int cpus_online_all(struct bh_call *call, cpumask_t *woken);
void cpus_offline(const cpumask_t *cpus);
int cpus_take(struct bh_call *call, const cpumask_t *cpus, cpumask_t *taken);
int cpus_give_back(const cpumask_t *cpus);
int cpus_init(void);
void cpus_exit(void);

/* platform.c and x86/timer.c: facts for the core */
int platform_fill(struct bh_call *call, struct bh_boot_info *info);
u64 platform_phys_limit(void);
void platform_mcfg(
	struct bh_boot_info *info); /* where PCI configuration space is, from ACPI's tables */
u32 timer_apic_khz(void);

/* enable.c */
int core_enable(struct bh_enable *enable);
int core_disable(struct bh_call *call);
extern char *bh_reserve;
extern bool bh_selftest;
extern unsigned short bh_response_ms;

/* cells.c, create.c */
int cell_create(struct bh_create *create);
int cell_load(struct bh_load *load);
int cell_start(struct bh_cell_call *call);
int cell_stop(struct bh_cell_call *call);
int cell_destroy(struct bh_cell_call *call);
int cell_destroy_all(struct bh_call *call, bool force);
int cell_policy(struct bh_policy_call *policy);
int cell_descriptor(struct bh_descriptor *descriptor);
struct bh_cell *cell_find(u32 id);
int cell_request(struct bh_call *call, u32 nr, u64 arg);
void cell_states_announce(void);
void cell_release(struct bh_cell *cell);
void links_release(const struct bh_cell_desc *desc); /* of a cell that is not in the list */

static inline const struct bh_memory *desc_memory(const struct bh_cell_desc *desc)
{
	return (const void *)desc + desc->memory.offset;
}

static inline const struct bh_link *desc_links(const struct bh_cell_desc *desc)
{
	return (const void *)desc + desc->links.offset;
}

/* image.c */
int image_load(struct bh_call *call, const struct bh_cell *cell, const struct bh_image *images,
	       u32 count, bool commit);

/* pci.c */
int bh_pci_init(void);
void bh_pci_exit(void);
int cell_pci_take(struct bh_call *call, struct bh_cell *cell);
void cell_pci_give_back(struct bh_cell *cell);

/* iommu.c */
int cell_dma_take(struct bh_call *call, struct bh_cell *cell);
void cell_dma_give_back(struct bh_cell *cell);

/* links.c: PCI devices for the links the root is a peer of */
u64 links_window_take(void);
void links_window_give_back(void);
int links_start(struct bh_call *call);
void links_stop(void);
bool links_end_with(const struct bh_cell *cell); /* is it the last cell of a link with the root? */
void links_appear(const struct bh_cell *cell);
void links_vanish(const struct bh_cell *cell);

/* notify.c */
int notify_start(struct bh_call *call);
void notify_stop(void);

/* stream.c */
int stream_init(void);
void stream_exit(void);
void stream_drain(void);
void stream_wake(void); /* everybody who waits on a file looks again */
extern const struct file_operations stream_operations;
long call_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

struct bh_file {
	struct mutex lock;
	u32 stream;
	u32 id;
	bool whole; /* BH_STREAM_WHOLE */
	bool ended;
	u64 epoch;
	u64 position;
	int state_seen;
};
int stream_choose(struct bh_file *file, struct bh_stream *stream);

/* sysfs.c */
int sysfs_init(void);
void sysfs_exit(void);
int sysfs_enable(void);
void sysfs_disable(void);
void sysfs_cell_init(struct bh_cell *cell);
int sysfs_cell_add(struct bh_cell *cell);
void sysfs_cell_remove(struct bh_cell *cell);
void sysfs_cell_changed(struct bh_cell *cell, u32 state);
const char *state_name(u32 state);

#endif
