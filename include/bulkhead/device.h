/* SPDX-License-Identifier: MIT */
/*
 * /dev/bulkhead: what the loader module offers to programs. lib/ holds the one client.
 *
 * Every call takes a structure that begins with struct bh_call. Set size to sizeof the structure; unknown
 * flags and non-zero reserved fields are refused. On failure the ioctl returns -1 with an errno, and
 * call.error and call.text say what was wrong in full: text is one sentence, NUL-terminated.
 * Only a process with CAP_SYS_ADMIN in the initial namespace may open the device for writing.
 *
 * One management call runs at a time: a second one waits (interruptible) until the first is done.
 * A call killed in the middle is completed or undone before the process ends.
 *
 * poll(2): POLLIN when read(2) would return something, POLLPRI when a state has changed since the
 * last BH_IOC_INFO on this file.
 * write(2) types at the console chosen with BH_IOC_STREAM, if its cell takes input (ENODEV otherwise); a file that
 * is not non-blocking waits while there is no room. POLLOUT when there may be some.
 * read(2) returns from the stream chosen with BH_IOC_STREAM (after open: events): whole struct
 * bh_event records, or text. Each open file has a position of its own. Non-blocking reads give EAGAIN.
 * Everything here is native to the 64-bit kernel; layouts are the same for 32-bit programs.
 */
#ifndef BULKHEAD_DEVICE_H
#define BULKHEAD_DEVICE_H

#include <bulkhead/types.h>
#include <bulkhead/cell.h>
#include <bulkhead/error.h>
#include <bulkhead/event.h>
#include <bulkhead/boot.h>
#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

#define BH_DEVICE_PATH "/dev/bulkhead"
#define BH_DEVICE_VERSION 2
#define BH_TEXT_SIZE 256

struct bh_call {
	uint32_t size; /* in: bytes of the whole structure */
	uint32_t flags; /* in */
	struct bh_error error; /* out: the core's or the module's reason */
	uint32_t reason; /* out: BH_R_, a reason of the module's own, or BH_R_CORE */
	uint32_t reserved;
	char text[BH_TEXT_SIZE]; /* out: the reason as a sentence */
};

/* Reasons of the module's own. */
#define BH_R_NONE 0
#define BH_R_CORE 1 /* see error */
#define BH_R_ARGUMENT 2 /* the structure: size, flags, reserved fields, pointers */
#define BH_R_STATE 3 /* enabled already, or not enabled */
#define BH_R_MACHINE 4 /* the CPU or platform lacks something */
#define BH_R_HELD 5 /* another hypervisor holds the virtualization extension */
#define BH_R_IMAGE 6 /* the core image is missing or damaged, or a payload image is */
#define BH_R_MEMORY 7 /* no memory could be taken from Linux */
#define BH_R_CPU 8 /* Linux did not give up, or take back, a CPU */
#define BH_R_DEVICE 9 /* a PCI device could not be unbound */
#define BH_R_INTERRUPTED 10 /* a signal ended the call; it has been undone */
#define BH_R_PERMISSION 11
#define BH_R_OTHER 12 /* the kernel refused something: text says what */

/*
 * Enable. memory_size bytes (rounded up; 0: the module's default) are taken from Linux for the core and
 * for cells to come. reserved, if its size is not 0, is a range kept from Linux at boot to be used instead.
 */
struct bh_enable {
	struct bh_call call;
	uint64_t memory_size;
	struct bh_range reserved;
};

struct bh_disable {
	struct bh_call call; /* BH_DISABLE_FORCE: destroy the cells first */
};
#define BH_DISABLE_FORCE 0x1

/*
 * Create a cell. descriptor points to a struct bh_cell_desc of descriptor_size bytes. Its id may be 0 (the
 * lowest free one is taken and returned). A memory region with phys = BH_PHYS_ANY is placed by the
 * module in memory taken from Linux, which is enlarged if need be; the placement is returned in a copy of
 * the descriptor written back over descriptor.
 */
#define BH_PHYS_ANY (~0ULL)
struct bh_create {
	struct bh_call call;
	uint64_t descriptor; /* user pointer */
	uint32_t descriptor_size;
	uint32_t id; /* out */
};

/* Make the cell loadable (asking it to shut down first if it runs) and put images into its memory. */
#define BH_IMAGE_RAW 0 /* the bytes of fd at address */
#define BH_IMAGE_ELF 1 /* PT_LOAD segments of an ELF at their physical addresses + address */
#define BH_IMAGE_TEXT 2 /* text is a user pointer to text_size bytes; fd is not used */
#define BH_IMAGES_MAX 16
struct bh_image {
	uint64_t address; /* guest-physical */
	uint64_t text;
	uint32_t text_size;
	int32_t fd; /* regular file or memfd */
	uint32_t type; /* BH_IMAGE_ */
	uint32_t reserved;
};
struct bh_load {
	struct bh_call call;
	uint32_t id;
	uint32_t image_count; /* 0: only make it loadable, that is, shut it down */
	uint64_t images; /* user pointer to struct bh_image[] */
};

/* Start, stop, destroy. */
#define BH_CELL_FORCE 0x1 /* stop, destroy: do not ask the cell */
struct bh_cell_call {
	struct bh_call call;
	uint32_t id;
	uint32_t reserved;
};

struct bh_policy_call {
	struct bh_call call;
	uint32_t id;
	uint8_t kind; /* BH_KIND_ */
	uint8_t policy; /* BH_POLICY_ */
	uint16_t reserved;
};

/* Information. */
#define BH_STATE_DISABLED 0
#define BH_STATE_ENABLED 1
struct bh_info_cell {
	uint32_t id;
	uint32_t state; /* BH_CELL_ */
	uint32_t loadable;
	uint32_t generation;
	uint64_t violations[16]; /* by BH_KIND_ */
	char name[BH_CELL_NAME_SIZE];
};
struct bh_info {
	struct bh_call call;
	uint32_t version; /* BH_DEVICE_VERSION */
	uint32_t state; /* BH_STATE_ */
	uint32_t cell_count; /* root included, 0 when disabled */
	uint32_t pool_pages;
	uint32_t pool_used;
	uint32_t memory_count;
	uint64_t events_lost;
	uint64_t events_next; /* what all else says includes what events with lower numbers tell */
	struct bh_range core_memory;
	struct bh_range memory
		[BH_BOOT_RANGES_MAX]; /* taken from Linux, for cells; core memory not included */
	struct bh_info_cell cell[BH_CELLS_MAX]; /* the first cell_count entries */
};
struct bh_info_cpu {
	struct bh_call call;
	uint32_t cpu;
	uint32_t cell;
	uint32_t state; /* BH_CPU_ */
	uint32_t apic_id;
	uint32_t counters[BH_COUNTERS_MAX];
};
/* A cell's descriptor as the core holds it, placement included. */
struct bh_descriptor {
	struct bh_call call;
	uint64_t buffer; /* user pointer */
	uint32_t buffer_size; /* in: room; out: bytes used */
	uint32_t id;
};

/*
 * A link that exists: the one with this number or the next higher one. BH_E_NO_SUCH_LINK when there is none, so a
 * program finds all of them from 0 on. Doorbells do not wake poll(2): look when somebody wants to know.
 */
struct bh_info_link_peer {
	uint32_t owner; /* cell id, 0 the root; BH_OWNER_NOBODY: the peer is not there */
	uint32_t state; /* as it says itself; 0 when it is not there */
	uint64_t rung; /* doorbells it has rung since it came */
	uint64_t received; /* doorbells that were rung at it since it came */
	uint64_t active_ns; /* CLOCK_BOOTTIME when it last rang or changed its state; 0: never */
};
struct bh_info_link {
	struct bh_call call;
	uint32_t number; /* in, out */
	uint32_t protocol;
	uint32_t peers; /* places: the first entries of peer[] */
	uint32_t root_vectors; /* of the root's device; 0: the root is no peer */
	uint32_t root_id;
	uint32_t reserved;
	uint64_t phys;
	uint64_t rw_size;
	uint64_t output_size;
	struct bh_info_link_peer peer[BH_LINK_PEERS_MAX];
};

/* Choose what read and poll on this file deliver. */
#define BH_STREAM_EVENTS 0
#define BH_STREAM_LOG 1
#define BH_STREAM_CONSOLE 2 /* of cell id */
#define BH_STREAM_FROM_START \
	0x1 /* call.flags: begin with the oldest text still there; else with the next */
#define BH_STREAM_WHOLE \
	0x2 /* where text was lost, or comes from another making of the cell, read(2) \
	       returns 0, and does so until a stream is chosen anew */
struct bh_stream {
	struct bh_call call;
	uint32_t stream;
	uint32_t id;
	uint64_t generation; /* out: of what is read; a cell that is made anew has another */
	uint64_t position; /* out: the number in it, from 0, of the first byte or record to come */
};

#define BH_IOC_TYPE 0xb8
#define BH_IOC_ENABLE _IOWR(BH_IOC_TYPE, 0, struct bh_enable)
#define BH_IOC_DISABLE _IOWR(BH_IOC_TYPE, 1, struct bh_disable)
#define BH_IOC_CREATE _IOWR(BH_IOC_TYPE, 2, struct bh_create)
#define BH_IOC_LOAD _IOWR(BH_IOC_TYPE, 3, struct bh_load)
#define BH_IOC_START _IOWR(BH_IOC_TYPE, 4, struct bh_cell_call)
#define BH_IOC_STOP _IOWR(BH_IOC_TYPE, 5, struct bh_cell_call)
#define BH_IOC_DESTROY _IOWR(BH_IOC_TYPE, 6, struct bh_cell_call)
#define BH_IOC_INFO _IOWR(BH_IOC_TYPE, 7, struct bh_info)
#define BH_IOC_INFO_CPU _IOWR(BH_IOC_TYPE, 8, struct bh_info_cpu)
#define BH_IOC_STREAM _IOWR(BH_IOC_TYPE, 9, struct bh_stream)
#define BH_IOC_POLICY _IOWR(BH_IOC_TYPE, 10, struct bh_policy_call)
#define BH_IOC_DESCRIPTOR _IOWR(BH_IOC_TYPE, 11, struct bh_descriptor)
#define BH_IOC_INFO_LINK _IOWR(BH_IOC_TYPE, 12, struct bh_info_link)

#endif
