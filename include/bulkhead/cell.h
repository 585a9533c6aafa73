/* SPDX-License-Identifier: MIT */
/*
 * The cell descriptor: what a cell owns, in the binary form the core takes.
 *
 * One block of at most BH_CELL_DESC_MAX bytes: the header, then tables the header points to by offset.
 * Little endian, naturally aligned. The core copies it before it looks at it, checks all of it, and
 * refuses unknown versions, flags and non-zero reserved fields.
 */
#ifndef BULKHEAD_CELL_H
#define BULKHEAD_CELL_H

#include <bulkhead/types.h>
#include <bulkhead/comm.h>

#define BH_CELL_DESC_MAGIC 0x4c434842 /* "BHCL" */
#define BH_CELL_DESC_VERSION 1
#define BH_CELL_DESC_MAX 65536
#define BH_CELL_NAME_SIZE 32 /* with the terminating NUL */
#define BH_CELLS_MAX 32 /* ids 0 (root) to 31 */
#define BH_CPUS_MAX 256

#define BH_ARCH_X86 0
#define BH_ARCH_ARM64 2

/* struct bh_cell_desc.flags */
#define BH_CELL_PASSIVE_COMM 0x1 /* the cell answers no messages: none are sent */
#define BH_CELL_PC \
	0x10 /* a little of a PC for a stock operating system: bulkhead/pc.h; arm64: a UART, bulkhead/board.h */
#define BH_CELL_CONSOLE_PERMITTED 0x40000000 /* BH_HC_PUTC is allowed */
#define BH_CELL_CONSOLE_ACTIVE 0x80000000 /* and shall be the cell's console */

/* struct bh_memory.flags: the numbers of the compatible ABI */
#define BH_MEM_READ 0x1
#define BH_MEM_WRITE 0x2
#define BH_MEM_EXECUTE 0x4
#define BH_MEM_DMA 0x8 /* devices of the cell may reach it, where there is an IOMMU */
#define BH_MEM_IO 0x10 /* a device window, not RAM: never cleared */
#define BH_MEM_COMM 0x20 /* the comm region; phys is ignored */
#define BH_MEM_LOADABLE 0x40 /* the root sees it between set-loadable and start */
#define BH_MEM_ROOTSHARED 0x80 /* the root keeps it as well */
#define BH_MEM_NO_HUGEPAGES 0x100
#define BH_MEM_IO_UNALIGNED 0x8000 /* part-page windows: unaligned accesses pass */
#define BH_MEM_IO_8 0x10000 /* part-page windows: accesses of this width pass */
#define BH_MEM_IO_16 0x20000
#define BH_MEM_IO_32 0x40000
#define BH_MEM_IO_64 0x80000
#define BH_MEM_FLAGS 0xf81ff

/*
 * Kinds of forbidden accesses, and what follows from one. `ignore': reads see ones (RAM: zeros), writes
 * are dropped, all are counted. Kinds that cannot be ignored always stop the CPU.
 */
#define BH_KIND_MEMORY 0 /* guest-physical address with nothing behind it, or without the right */
#define BH_KIND_PIO 1
#define BH_KIND_PCI 2 /* configuration space, MSI target */
#define BH_KIND_MSR 3
#define BH_KIND_IRQ 4 /* local APIC and IOAPIC: forbidden registers, targets, modes */
#define BH_KIND_HYPERCALL 5 /* never stops: the caller gets an error; counted */
#define BH_KIND_CPU \
	6 /* triple fault, virtualization instructions, bad XSETBV or CR: always stops a cell */
#define BH_KIND_INSTRUCTION \
	7 /* an access to a trapped page by an instruction the core does not decode */
#define BH_KIND_CORE 8 /* the core itself faulted on this CPU: always stops */
#define BH_KINDS 9
#define BH_POLICY_STOP 0
#define BH_POLICY_IGNORE 1

struct bh_table {
	uint32_t offset; /* bytes from the start of the descriptor, a multiple of 8 */
	uint32_t count; /* entries */
};

struct bh_cell_desc {
	uint32_t magic;
	uint16_t version;
	uint8_t arch; /* BH_ARCH_ */
	uint8_t reserved0;
	uint32_t size; /* bytes, tables included */
	uint32_t flags; /* BH_CELL_ */
	char name[BH_CELL_NAME_SIZE];
	uint32_t id; /* 1 … BH_CELLS_MAX - 1 */
	uint32_t reply_timeout_ms; /* after which a cell that does not answer has FAILED; 0: 1000 */
	uint64_t reset_address; /* guest-physical; all CPUs start here */
	uint8_t policy[16]; /* BH_POLICY_ by BH_KIND_; unused ones 0 */
	struct bh_table cpus; /* uint32_t: Linux CPU numbers of the root at enable */
	struct bh_table memory; /* struct bh_memory */
	struct bh_table pio; /* struct bh_pio */
	struct bh_table irqs; /* struct bh_irqs */
	struct bh_table pci; /* struct bh_pci */
	struct bh_table links; /* struct bh_link */
	uint64_t reserved1[3];
	struct bh_console_desc console; /* copied to the comm region */
};

struct bh_memory {
	uint64_t phys;
	uint64_t virt; /* guest-physical */
	uint64_t size;
	uint32_t flags; /* BH_MEM_ */
	uint32_t reserved;
};

struct bh_pio {
	uint16_t base;
	uint16_t length;
	uint32_t reserved;
};

/* Pins of one interrupt controller, up to 128; a GIC's SPIs, which can be more, take several entries. */
struct bh_irqs {
	uint64_t address; /* physical, of the IOAPIC; the GIC's distributor */
	uint32_t reserved;
	uint32_t first; /* a multiple of 32; 0 on x86 */
	uint32_t pins
		[4]; /* bit n of word w: pin first + 32 w + n; of a GIC, pin 0 is the first SPI */
};

/*
 * A PCI function. Its BARs, MSI and MSI-X capabilities are read from the function by the core
 * itself when it is handed over; memory BARs appear in the cell at their physical addresses.
 */
struct bh_pci {
	uint16_t segment; /* 0 */
	uint16_t bdf; /* bus << 8 | device << 3 | function */
	uint32_t flags; /* 0 */
};

#define BH_LINKS_MAX 32 /* of the machine, numbered from 0 */
#define BH_LINK_PEERS_MAX 16
#define BH_LINK_VECTORS_MAX 16
#define BH_LINK_STATE_SIZE 4096 /* the state table: the first section */

/*
 * A link this cell is a peer of: a virtual PCI device, and memory in one piece, physically as well as in the
 * cell: state table, read-write section, output section of peer 0, 1 … The memory is the link's own. Cells
 * that name the same link must agree in all but virt, bdf, id and vectors. The root can be a peer too: its side
 * comes with the first cell that names the link and goes with the last.
 */
struct bh_link {
	uint64_t phys;
	uint64_t virt; /* guest-physical */
	uint64_t rw_size; /* may be 0 */
	uint64_t output_size; /* of each peer; may be 0 */
	uint16_t number; /* which link */
	uint16_t protocol; /* in the device's class code */
	uint16_t bdf; /* bus << 8 | device << 3 | function, in the cell */
	uint8_t id; /* this peer, from 0 */
	uint8_t peers; /* at most, 2 … BH_LINK_PEERS_MAX */
	uint8_t vectors; /* MSI-X, 1 … BH_LINK_VECTORS_MAX */
	uint8_t root_vectors; /* of the root's device; 0: the root is no peer of this link */
	uint8_t root_id; /* the root's peer number; 0 if it is none */
	uint8_t reserved[5];
};

#endif
