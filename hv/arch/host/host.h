/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for the core inside an ordinary process: sparse memory, CPUs without threads, IOAPICs and
 * PCI functions as tables. Nothing here takes a lock: the user serializes its calls.
 *
 * One machine a process. A CPU that is kicked carries out what it is asked at once; time moves when
 * the core waits or when host_advance() says so, or is the real one.
 */
#ifndef HV_HOST_H
#define HV_HOST_H

#include <bulkhead/boot.h>
#include <bulkhead/ring.h>
#include <hv/core/addr.h>
#include <hv/core/cell.h>

#define HOST_TSC_KHZ 1000000
#define HOST_CORE_SIZE (16ull << 20)
#define HOST_IOAPIC 0xfec00000ull
#define HOST_IOAPIC_PINS 24
#define HOST_IOAPIC_PINS_MAX 120
#define HOST_MMCONFIG 0xe0000000ull
#define HOST_ROOT_LINKS 0xfd000000ull
#define HOST_LOW_RAM_END 0xc0000000ull /* the rest begins at 4 GiB */
#define HOST_REQUEST 0x10000ull /* root RAM for descriptors, up to BH_CELL_DESC_MAX */
#define HOST_ANSWER 0x30000ull /* root RAM for a struct bh_error */
#define HOST_FUNCTIONS_MAX 256

/* Configuration space: what it holds, and which bits a write changes. */
struct host_function {
	u16 bdf;
	u8 config[PAGE_SIZE];
	u8 writable[PAGE_SIZE];
};

struct host {
	u8 *memory; /* physical address 0 */
	u64 memory_size;
	bool real_time;
	u64 ticks; /* unless real_time */
	u32 leaf_level; /* largest pages: 2 = 1 GiB, 1 = 2 MiB */
	void (*notify)(void *data); /* the root's interrupt */
	void *notify_data;
	u32 notified;
	u32 message_count; /* interrupts the core has sent to cells, and the last of them */
	u64 message_address;
	u32 message_data;
	u32 function_count;
	struct host_function functions[HOST_FUNCTIONS_MAX];
};

extern struct host host;

/* Boot information of a plain machine: @memory bytes of RAM, core memory at @core, one IOAPIC, MMCONFIG. */
void host_describe(struct bh_boot_info *info, u32 cpus, u64 memory, u64 core);

/* Functions of the next machine; to be added before host_start(). */
struct host_function *host_function_add(u16 bdf, u16 vendor, u16 device);
/* @flags: the low bits of the BAR; a 64-bit one takes the next BAR too. */
void host_function_bar(struct host_function *f, u32 bar, u64 base, u64 size, u32 flags);
void host_function_msi(struct host_function *f, u8 at, u8 next, bool is_64bit);
void host_function_msix(struct host_function *f, u8 at, u8 next, u32 bar, u32 offset, u32 vectors);
void host_function_capability(struct host_function *f, u8 at, u8 next, u8 id, u8 size);
struct host_function *host_function_find(u16 bdf);

/* Launch: the memory is all zeros then. false: @error. */
bool host_start(const struct bh_boot_info *info, struct bh_error *error);
/* The core leaves; false when cells exist. Functions are forgotten. */
bool host_stop(struct bh_error *error);

void host_advance(u32 ms);

/*
 * One hypercall of the root's CPU 0, with @error as its second argument; management calls answer
 * -BH_ERRNO_AGAIN until they are done. The descriptor of a create is put to HOST_REQUEST beforehand.
 */
long host_call(u32 number, u64 arg, struct bh_error *error);

/* What a guest does on @cpu: false when the CPU was stopped for it. */
bool host_guest_access(struct cpu *cpu, gpa_t address, u8 width, bool write, u64 *value);
bool host_guest_port(struct cpu *cpu, u16 port, u8 width, bool write, u32 *value);

/* device.c: what answers at addresses that are not memory. */
void host_devices_reset(void);
u32 host_port_read(u16 port, u8 width);
void host_port_write(u16 port, u8 width, u32 value);
u64 host_ioapic_entry(u32 pin); /* of the first IOAPIC */
void host_ioapic_set_entry(u32 pin, u64 entry);

#endif
