// SPDX-License-Identifier: GPL-2.0-or-later
/* Links: the device a cell sees, doorbells and states between peers, and whose the memory is when. */
#include "core-fixture.h"

#define NUMBER 3
#define BDF 0x90 /* 00:12.0 */
#define PHYS (CORE_FREE + 64 * MIB)
#define VIRT (128 * MIB)
#define RW_SIZE (8 * KIB)
#define OUTPUT_SIZE (4 * KIB)
#define RW_AT (VIRT + BH_LINK_STATE_SIZE)
#define OUTPUT_AT(id) (RW_AT + RW_SIZE + (id)*OUTPUT_SIZE)
#define REGISTERS 0xc0100000ull
#define TABLE 0xc0101000ull
#define VECTORS 3

#define ENABLE 0x08
#define DOORBELL 0x0c
#define STATE 0x10
#define RING(target, vector) ((u64)(target) << 16 | (vector))
#define PATTERN 0x5a

static u64 link_bytes(u32 peers)
{
	return BH_LINK_STATE_SIZE + RW_SIZE + peers * OUTPUT_SIZE;
}

static void request_peer(struct request *r, u32 cell, u32 peer, u32 peers)
{
	g_autofree char *name = g_strdup_printf("cell%u", cell);

	request_plain(r, cell, name);
	r->desc.flags |= BH_CELL_PASSIVE_COMM;
	request_link(r, (struct bh_link){.phys = PHYS,
					 .virt = VIRT,
					 .rw_size = RW_SIZE,
					 .output_size = OUTPUT_SIZE,
					 .number = NUMBER,
					 .protocol = 0x4001,
					 .bdf = BDF,
					 .id = peer,
					 .peers = peers,
					 .vectors = VECTORS});
}

static bool try_access(u32 cell, u64 address, u8 width, bool write, u64 *value)
{
	return host_guest_access(core_cpu(cell), GPA(address), width, write, value);
}

static void put(u32 cell, u64 address, u64 value)
{
	g_assert_true(try_access(cell, address, 4, true, &value));
}

static u32 get(u32 cell, u64 address)
{
	u64 value = 0;

	g_assert_true(try_access(cell, address, 4, false, &value));
	return value;
}

static u32 config(u32 cell, u16 reg, u8 width)
{
	return pci_config_read(core_cpu(cell), BDF, reg, width);
}

static void configure(u32 cell, u16 reg, u8 width, u32 value)
{
	g_assert_true(pci_config_write(core_cpu(cell), BDF, reg, width, value));
}

/* As a driver does: BARs, decoding, each vector to the cell's own CPU as interrupt 0x40 + vector. */
static void drive(u32 cell)
{
	configure(cell, 0x10, 4, REGISTERS);
	configure(cell, 0x14, 4, TABLE);
	configure(cell, 0x04, 2, 0x406);
	for (u32 vector = 0; vector < VECTORS; vector++) {
		put(cell, TABLE + vector * 16, 0xfee00000 | core_cpu(cell)->arch.apic_id << 12);
		put(cell, TABLE + vector * 16 + 8, 0x40 + vector);
		put(cell, TABLE + vector * 16 + 12, 0);
	}
	configure(cell, 0x62, 2, 0x8000);
	put(cell, REGISTERS + ENABLE, 1);
}

static void start(u32 cell, u32 peer, u32 peers)
{
	struct request r;

	request_peer(&r, cell, peer, peers);
	core_must_create(&r);
	core_must(BH_HC_CELL_START, cell);
	drive(cell);
}

static void end(u32 cell)
{
	core_must(BH_HC_CELL_STOP, cell);
	core_must(BH_HC_CELL_DESTROY, cell);
}

/* What follows makes the core send this many messages, the last one to @cell with this vector. */
#define SENDS(count, cell, vector, ...)                                                   \
	do {                                                                              \
		u32 before_ = host.message_count;                                         \
		__VA_ARGS__;                                                              \
		g_assert_cmpuint(host.message_count - before_, ==, (count));              \
		if (count) {                                                              \
			g_assert_cmphex(host.message_address, ==,                         \
					0xfee00000 | core_cpu(cell)->arch.apic_id << 12); \
			g_assert_cmphex(host.message_data, ==, 0x40 + (vector));          \
		}                                                                         \
	} while (0)
#define SENDS_NOTHING(...) SENDS(0, 0, 0, __VA_ARGS__)

static void test_config(void)
{
	struct request r;

	core_start(2);
	request_peer(&r, 1, 1, 4);
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmphex(config(1, 0x00, 4), ==, 0x4106110a);
	g_assert_cmphex(config(1, 0x02, 2), ==, 0x4106);
	g_assert_cmphex(config(1, 0x04, 4), ==, 0x00100000);
	g_assert_cmphex(config(1, 0x08, 4), ==, 0xff400100);
	g_assert_cmphex(config(1, 0x0e, 1), ==, 0);
	g_assert_cmphex(config(1, 0x2c, 4), ==, 0x4106110a);
	g_assert_cmphex(config(1, 0x34, 1), ==, 0x40);
	g_assert_cmphex(config(1, 0x3d, 1), ==, 0);
	g_assert_cmphex(config(1, 0x40, 4), ==, 0x00206009);
	g_assert_cmphex(config(1, 0x44, 4), ==, BH_LINK_STATE_SIZE);
	g_assert_cmphex(config(1, 0x48, 4), ==, RW_SIZE);
	g_assert_cmphex(config(1, 0x4c, 4), ==, 0);
	g_assert_cmphex(config(1, 0x50, 4), ==, OUTPUT_SIZE);
	g_assert_cmphex(config(1, 0x58, 4), ==, VIRT);
	g_assert_cmphex(config(1, 0x5c, 4), ==, 0);
	g_assert_cmphex(config(1, 0x60, 4), ==, (VECTORS - 1) << 16 | 0x11);
	g_assert_cmphex(config(1, 0x64, 4), ==, 0x001);
	g_assert_cmphex(config(1, 0x68, 4), ==, 0x101);
	g_assert_cmphex(config(1, 0x80, 4), ==, ~0u);
	g_assert_cmphex(config(1, 0x100, 4), ==, ~0u);

	/* What sticks, and what does not. */
	configure(1, 0x04, 2, 0xffff);
	g_assert_cmphex(config(1, 0x04, 4), ==, 0x00100406);
	configure(1, 0x04, 2, 0);
	configure(1, 0x10, 4, ~0u);
	configure(1, 0x14, 4, ~0u);
	configure(1, 0x18, 4, ~0u);
	g_assert_cmphex(config(1, 0x10, 4), ==, 0xfffff000);
	g_assert_cmphex(config(1, 0x14, 4), ==, 0xfffff000);
	g_assert_cmphex(config(1, 0x18, 4), ==, 0);
	configure(1, 0x43, 1, 0xff);
	g_assert_cmphex(config(1, 0x40, 4), ==, 0x01206009);
	configure(1, 0x60, 4, 0x3fffffff);
	g_assert_cmphex(config(1, 0x60, 4), ==, (VECTORS - 1) << 16 | 0x11);
	configure(1, 0x00, 4, 0);
	g_assert_cmphex(config(1, 0x00, 4), ==, 0x4106110a);
	g_assert_false(pci_config_write(core_cpu(1), BDF, 0x80, 4, 0));
	/* The slots beside it are empty. */
	g_assert_cmphex(pci_config_read(core_cpu(1), BDF + 1, 0, 4), ==, ~0u);
	g_assert_false(pci_config_write(core_cpu(1), BDF + 1, 4, 2, 0));
	/* So is its own for the root. */
	g_assert_cmphex(pci_config_read(cpu_get(0), BDF, 0, 4), ==, ~0u);
	end(1);
	core_stop();
}

static void test_registers(void)
{
	u64 value;

	core_start(2);
	start(1, 1, 4);
	g_assert_cmpuint(get(1, REGISTERS), ==, 1);
	g_assert_cmpuint(get(1, REGISTERS + 4), ==, 4);
	g_assert_cmpuint(get(1, REGISTERS + ENABLE), ==, 1);
	put(1, REGISTERS + ENABLE, 0xfffffffe);
	g_assert_cmpuint(get(1, REGISTERS + ENABLE), ==, 0);
	g_assert_cmpuint(get(1, REGISTERS + DOORBELL), ==, 0);
	put(1, REGISTERS + STATE, 0xabcd);
	g_assert_cmpuint(get(1, REGISTERS + STATE), ==, 0xabcd);
	g_assert_cmpuint(get(1, VIRT + 4), ==, 0xabcd);
	put(1, REGISTERS + 0x14, 1);
	g_assert_cmpuint(get(1, REGISTERS + 0x14), ==, 0);
	put(1, REGISTERS, 5);
	g_assert_cmpuint(get(1, REGISTERS), ==, 1);

	/* BARs move while decoding is off, and are not there without it. */
	configure(1, 0x04, 2, 0);
	configure(1, 0x10, 4, 0xc0200000);
	configure(1, 0x04, 2, 0x6);
	g_assert_cmpuint(get(1, 0xc0200000), ==, 1);
	configure(1, 0x04, 2, 0x4);
	g_assert_false(try_access(1, 0xc0200000, 4, false, &value));
	end(1);
	core_stop();
}

/* Stop the cell's CPU, as a cell with the policy `stop' is for a forbidden access. */
static void forbidden(u32 cell, u64 address, u8 width, bool write, u64 value)
{
	g_assert_false(try_access(cell, address, width, write, &value));
	g_assert_cmpuint(cell_get(cell)->last_state, ==, BH_CELL_FAILED);
	core_must(BH_HC_CELL_START, cell);
	drive(cell);
}

static void test_msix_table(void)
{
	core_start(2);
	start(1, 0, 2);
	g_assert_cmphex(get(1, TABLE + 0x28), ==, 0x42);
	g_assert_cmphex(get(1, TABLE + 0x2c), ==, 0);
	g_assert_cmphex(get(1, TABLE + 0x100), ==, 0);
	forbidden(1, TABLE + VECTORS * 16, 4, false, 0);
	forbidden(1, TABLE + 0x100, 4, true, 0);
	forbidden(1, TABLE + 0x200, 4, false, 0);
	forbidden(1, TABLE + 2, 4, false, 0);
	forbidden(1, TABLE, 8, false, 0);
	/* A live vector for a CPU of the root, and for none. */
	forbidden(1, TABLE, 4, true, 0xfee00000);
	forbidden(1, TABLE, 4, true, 0);
	/* While it is masked it may say anything; what it says then cannot be unmasked. */
	put(1, TABLE + 12, 1);
	put(1, TABLE, 0xfee00000);
	forbidden(1, TABLE + 12, 4, true, 0);
	put(1, TABLE + 12, 1);
	put(1, TABLE, 0xfee00000);
	put(1, TABLE + 12, 1);
	configure(1, 0x62, 2, 0xc000);
	put(1, TABLE + 12, 0);
	g_assert_false(pci_config_write(core_cpu(1), BDF, 0x62, 2, 0x8000));
	g_assert_cmphex(config(1, 0x62, 2), ==, 0xc000 | (VECTORS - 1));
	end(1);
	core_stop();
}

static void test_doorbell(void)
{
	core_start(2);
	start(1, 0, 2);
	start(2, 1, 2);
	SENDS(1, 2, 0, put(1, REGISTERS + DOORBELL, RING(1, 0)));
	SENDS(1, 2, 2, put(1, REGISTERS + DOORBELL, RING(1, 2)));
	SENDS(1, 1, 1, put(2, REGISTERS + DOORBELL, RING(0, 1)));
	SENDS(1, 1, 1, put(1, REGISTERS + DOORBELL, RING(0, 1)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, VECTORS)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 0xffff)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(2, 0)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(0xffff, 0)));
	g_assert_cmpuint(core_cpu(2)->counters[BH_COUNTER_TOTAL], >, 0);

	/* A doorbell that finds interrupts off is not lost, and twice rung is once told. */
	put(2, REGISTERS + ENABLE, 0);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 1)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 1)));
	SENDS(1, 2, 1, put(2, REGISTERS + ENABLE, 1));
	put(2, REGISTERS + ENABLE, 0);
	SENDS_NOTHING(put(2, REGISTERS + ENABLE, 1));
	/* Nor is one that finds its vector masked, by any of the masks. */
	put(2, TABLE + 0x1c, 1);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 1)));
	SENDS(1, 2, 0, put(1, REGISTERS + DOORBELL, RING(1, 0)));
	SENDS(1, 2, 1, put(2, TABLE + 0x1c, 0));
	configure(2, 0x62, 2, 0xc000);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 2)));
	SENDS(1, 2, 2, configure(2, 0x62, 2, 0x8000));
	configure(2, 0x04, 2, 0x2);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 2)));
	SENDS(1, 2, 2, configure(2, 0x04, 2, 0x6));
	end(1);
	end(2);
	core_stop();
}

static void test_one_shot(void)
{
	core_start(2);
	start(1, 0, 2);
	start(2, 1, 2);
	configure(2, 0x43, 1, 1);
	SENDS(1, 2, 0, put(1, REGISTERS + DOORBELL, RING(1, 0)));
	g_assert_cmpuint(get(2, REGISTERS + ENABLE), ==, 0);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 0)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 1)));
	/* One at each time interrupts are enabled. */
	SENDS(1, 2, 0, put(2, REGISTERS + ENABLE, 1));
	g_assert_cmpuint(get(2, REGISTERS + ENABLE), ==, 0);
	SENDS(1, 2, 1, put(2, REGISTERS + ENABLE, 1));
	SENDS_NOTHING(put(2, REGISTERS + ENABLE, 1));
	g_assert_cmpuint(get(2, REGISTERS + ENABLE), ==, 1);
	/* A masked vector does not use the shot up. */
	put(2, TABLE + 12, 1);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(1, 0)));
	g_assert_cmpuint(get(2, REGISTERS + ENABLE), ==, 1);
	end(1);
	end(2);
	core_stop();
}

/* Every peer of a link with @data of them is heard by all others, and reaches each of them. */
static void test_peers(gconstpointer data)
{
	u32 peers = GPOINTER_TO_UINT(data), cells = MIN(peers, CORE_CPUS - 1);

	core_start(2);
	for (u32 cell = 1; cell <= cells; cell++)
		start(cell, peers - cell, peers);
	for (u32 cell = 1; cell <= cells; cell++) {
		u32 id = peers - cell, last = cell == 1 ? 2 : 1;

		/* Told in the order of numbers, so the lowest cell but this one is the last. */
		SENDS(cells - 1, last, 0, put(cell, REGISTERS + STATE, 100 + cell));
		SENDS_NOTHING(put(cell, REGISTERS + STATE, 100 + cell));
		for (u32 other = 1; other <= cells; other++) {
			g_assert_cmpuint(get(other, VIRT + 4 * id), ==, 100 + cell);
			SENDS(1, other, 1, put(cell, REGISTERS + DOORBELL, RING(peers - other, 1)));
		}
	}
	for (u32 cell = 1; cell <= cells; cell++)
		end(cell);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_ROOT);
	core_stop();
}

/* Who may write what. */
static void test_sections(void)
{
	u64 value = 1;

	core_start(2);
	start(1, 0, 2);
	start(2, 1, 2);
	put(1, RW_AT + 8, 0x1234);
	g_assert_cmphex(get(2, RW_AT + 8), ==, 0x1234);
	put(2, RW_AT + RW_SIZE - 4, 0x99);
	g_assert_cmphex(get(1, RW_AT + RW_SIZE - 4), ==, 0x99);
	put(1, OUTPUT_AT(0), 0x11);
	put(2, OUTPUT_AT(1), 0x22);
	g_assert_cmphex(get(2, OUTPUT_AT(0)), ==, 0x11);
	g_assert_cmphex(get(1, OUTPUT_AT(1)), ==, 0x22);
	forbidden(1, VIRT, 4, true, 7);
	forbidden(1, OUTPUT_AT(1), 4, true, 7);
	forbidden(2, OUTPUT_AT(0), 4, true, 7);
	forbidden(2, OUTPUT_AT(2), 4, false, 0);
	g_assert_false(host_guest_access(cpu_get(0), GPA(PHYS), 4, true, &value) &&
		       *(u32 *)phys_to_virt(PADDR(PHYS)) == value);
	end(1);
	end(2);
	core_stop();
}

/* Whatever ends a cell, its peers see state 0 and are told, and it comes back with its device as new. */
static void test_state(void)
{
	u64 value = BH_CELL_SHUT_DOWN;

	core_start(2);
	start(1, 0, 2);
	start(2, 1, 2);

	put(1, REGISTERS + STATE, 3);
	/* A restart. */
	SENDS(1, 2, 0, core_must(BH_HC_CELL_START, 1));
	g_assert_cmpuint(get(2, VIRT), ==, 0);
	g_assert_cmphex(config(1, 0x04, 2), ==, 0);
	g_assert_cmphex(config(1, 0x10, 4), ==, 0);
	g_assert_cmphex(config(1, 0x60, 4), ==, (VECTORS - 1) << 16 | 0x11);
	SENDS_NOTHING(put(2, REGISTERS + DOORBELL, RING(0, 0)));
	drive(1);
	/* A stop. */
	put(1, REGISTERS + STATE, 3);
	SENDS(1, 2, 0, core_must(BH_HC_CELL_STOP, 1));
	g_assert_cmpuint(get(2, VIRT), ==, 0);
	core_must(BH_HC_CELL_START, 1);
	drive(1);
	/* Its own end. */
	put(1, REGISTERS + STATE, 3);
	SENDS(1, 2, 0,
	      try_access(1, COMM_AT + offsetof(struct bh_comm, cell_state), 4, true, &value));
	g_assert_cmpuint(get(2, VIRT), ==, 0);
	core_must(BH_HC_CELL_START, 1);
	drive(1);
	/* A crash. */
	put(1, REGISTERS + STATE, 3);
	SENDS(1, 2, 0, g_assert_false(try_access(1, 0xc8000000, 4, false, &value)));
	g_assert_cmpuint(get(2, VIRT), ==, 0);
	core_must(BH_HC_CELL_START, 1);
	drive(1);
	/* Its destruction: afterwards nobody is there to ring, and a new cell is. */
	put(1, REGISTERS + STATE, 3);
	put(1, RW_AT, 0x77);
	SENDS(1, 2, 0, core_must(BH_HC_CELL_DESTROY, 1));
	g_assert_cmpuint(get(2, VIRT), ==, 0);
	SENDS_NOTHING(put(2, REGISTERS + DOORBELL, RING(0, 0)));
	g_assert_cmphex(get(2, RW_AT), ==, 0x77);
	start(1, 0, 2);
	g_assert_cmphex(get(1, RW_AT), ==, 0x77);
	SENDS(1, 1, 0, put(2, REGISTERS + DOORBELL, RING(0, 0)));
	end(1);
	end(2);
	core_stop();
}

/* The link has its memory from its first cell to its last, and it is cleared before and after. */
static void test_memory(void)
{
	g_autofree char *before = NULL;
	u8 *memory;
	u64 size = link_bytes(2);
	struct bh_error error;
	struct request r;

	core_start(2);
	before = core_picture();
	memory = phys_to_virt(PADDR(PHYS));
	memset(memory, PATTERN, size + PAGE_SIZE);
	request_peer(&r, 2, 1, 2);
	core_must_create(&r);
	for (u64 i = 0; i < size; i++)
		g_assert_cmphex(memory[i], ==, 0);
	g_assert_cmphex(memory[size], ==, PATTERN);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_LINK + NUMBER);
	g_assert_cmpuint(core_owner(PHYS + size - 1), ==, BH_OWNER_LINK + NUMBER);
	g_assert_cmpuint(core_owner(PHYS + size), ==, BH_OWNER_ROOT);
	request_peer(&r, 1, 0, 2);
	core_must_create(&r);
	/* No cell may have it as its own, shared or not. */
	request_plain(&r, 3, "thief");
	request_memory(&r, PHYS, 256 * MIB, PAGE_SIZE, RAM_FLAGS | BH_MEM_ROOTSHARED);
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_BUSY);
	core_expect(&error, BH_E_MEM_OWNED, BH_IN_MEMORY, 2, PHYS, BH_OWNER_LINK + NUMBER);
	memset(memory, PATTERN, size);
	core_must(BH_HC_CELL_DESTROY, 2);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_LINK + NUMBER);
	g_assert_cmphex(memory[size - 1], ==, PATTERN);
	core_must(BH_HC_CELL_DESTROY, 1);
	for (u64 i = 0; i < size; i++)
		g_assert_cmphex(memory[i], ==, 0);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_ROOT);
	core_stop();
	core_start(2);
	core_picture_compare(before);
	core_stop();
}

/* A create left in the middle: its link is nobody else's, and destroying the cell is the way out. */
static void test_half_made(void)
{
	struct bh_error error;
	struct request r;

	core_start(2);
	request_peer(&r, 1, 0, 2);
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
	g_assert_cmpint(host_call(BH_HC_CELL_CREATE, HOST_REQUEST, &error), ==, -BH_ERRNO_AGAIN);
	request_peer(&r, 2, 1, 2);
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_BUSY);
	core_expect(&error, BH_E_LINK_CLEARING, BH_IN_LINKS, 0, NUMBER, 1);
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_ROOT);
	core_must_create(&r);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_stop();
}

/* A cell with as many links as there can be. */
static void test_many(void)
{
	struct request r;

	core_start(2);
	request_plain(&r, 1, "many");
	for (u32 i = 0; i < LINK_PORTS_MAX; i++)
		request_link(&r, (struct bh_link){.phys = PHYS + i * MIB,
						  .virt = VIRT + i * MIB,
						  .output_size = PAGE_SIZE,
						  .number = BH_LINKS_MAX - 1 - i,
						  .bdf = i << 3,
						  .peers = 2,
						  .vectors = BH_LINK_VECTORS_MAX});
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	for (u32 i = 0; i < LINK_PORTS_MAX; i++) {
		g_assert_cmphex(pci_config_read(core_cpu(1), i << 3, 0x58, 4), ==, VIRT + i * MIB);
		g_assert_true(
			pci_config_write(core_cpu(1), i << 3, 0x10, 4, REGISTERS + i * PAGE_SIZE));
		g_assert_true(pci_config_write(core_cpu(1), i << 3, 0x04, 2, 0x2));
	}
	for (u32 i = 0; i < LINK_PORTS_MAX; i++)
		put(1, REGISTERS + i * PAGE_SIZE + STATE, i + 1);
	for (u32 i = 0; i < LINK_PORTS_MAX; i++)
		g_assert_cmpuint(get(1, VIRT + i * MIB), ==, i + 1);
	end(1);
	core_stop();
}

/* ---- the root as a peer ---- */

#define ROOT_CONFIG(reg) (HOST_ROOT_LINKS + NUMBER * PAGE_SIZE + (reg))
#define ROOT_REGISTERS (HOST_ROOT_LINKS + BH_ROOT_LINKS_CONFIG + 2 * PAGE_SIZE)
#define ROOT_TABLE (ROOT_REGISTERS + PAGE_SIZE)
#define ROOT_VECTORS 2

static u64 root_get(u64 address, u8 width)
{
	u64 value = 0;

	g_assert_true(host_guest_access(cpu_get(0), GPA(address), width, false, &value));
	return value;
}

static void root_put(u64 address, u8 width, u64 value)
{
	g_assert_true(host_guest_access(cpu_get(0), GPA(address), width, true, &value));
}

/* With one CPU of the root as the target, in the way Linux writes it: logical. */
static void root_drive(u32 cpu)
{
	root_put(ROOT_CONFIG(0x10), 4, ROOT_REGISTERS);
	root_put(ROOT_CONFIG(0x14), 4, ROOT_TABLE);
	root_put(ROOT_CONFIG(0x04), 2, 0x406);
	for (u32 vector = 0; vector < ROOT_VECTORS; vector++) {
		root_put(ROOT_TABLE + vector * 16, 4, 0xfee00004 | 1u << cpu << 12);
		root_put(ROOT_TABLE + vector * 16 + 8, 4, 0x40 + vector);
		root_put(ROOT_TABLE + vector * 16 + 12, 4, 0);
	}
	root_put(ROOT_CONFIG(0x62), 2, 0x8000);
	root_put(ROOT_REGISTERS + ENABLE, 4, 1);
}

static void request_with_root(struct request *r, u32 cell, u32 peer, u32 peers)
{
	request_peer(r, cell, peer, peers);
	r->links[0].root_id = peers - 1;
	r->links[0].root_vectors = ROOT_VECTORS;
}

static void start_with_root(u32 cell, u32 peer, u32 peers)
{
	struct request r;

	request_with_root(&r, cell, peer, peers);
	core_must_create(&r);
	core_must(BH_HC_CELL_START, cell);
	drive(cell);
}

/* The next message goes to this CPU of the root. */
#define SENDS_ROOT(cpu, vector, ...)                                                 \
	do {                                                                         \
		u32 before_ = host.message_count;                                    \
		__VA_ARGS__;                                                         \
		g_assert_cmpuint(host.message_count - before_, ==, 1);               \
		g_assert_cmphex(host.message_address, ==, 0xfee00000 | (cpu) << 12); \
		g_assert_cmphex(host.message_data, ==, 0x40 + (vector));             \
	} while (0)

/* An empty slot, a device, and an empty slot again. */
static void test_root_device(void)
{
	core_start(2);
	g_assert_cmphex(root_get(ROOT_CONFIG(0), 4), ==, ~0u);
	root_put(ROOT_CONFIG(4), 2, 6);
	g_assert_cmphex(root_get(ROOT_REGISTERS, 4), ==, ~0u);
	start_with_root(1, 0, 2);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x00), 4), ==, 0x4106110a);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x02), 2), ==, 0x4106);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x0a), 1), ==, 0x40);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x0b), 1), ==, 0xff);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x58), 4), ==, PHYS);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x60), 4), ==, (ROOT_VECTORS - 1) << 16 | 0x11);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x100), 4), ==, ~0u);
	g_assert_cmphex(root_get(ROOT_CONFIG(0) + PAGE_SIZE, 4), ==, ~0u);
	root_put(ROOT_CONFIG(0x10), 4, ~0u);
	g_assert_cmphex(root_get(ROOT_CONFIG(0x10), 4), ==, 0xfffff000);
	root_drive(0);
	g_assert_cmpuint(root_get(ROOT_REGISTERS, 4), ==, 1);
	g_assert_cmpuint(root_get(ROOT_REGISTERS + 4, 4), ==, 2);
	/* The BAR moves within the window; outside it nothing answers, and no memory is hidden. */
	root_put(ROOT_CONFIG(0x04), 2, 0x404);
	g_assert_cmphex(root_get(ROOT_REGISTERS, 4), ==, ~0u);
	root_put(ROOT_CONFIG(0x10), 4, ROOT_REGISTERS + 8 * PAGE_SIZE);
	root_put(ROOT_CONFIG(0x04), 2, 0x406);
	g_assert_cmpuint(root_get(ROOT_REGISTERS + 8 * PAGE_SIZE, 4), ==, 1);
	g_assert_cmphex(root_get(ROOT_REGISTERS, 4), ==, ~0u);
	root_put(ROOT_CONFIG(0x10), 4, CORE_FREE);
	g_assert_cmphex(root_get(ROOT_REGISTERS + 8 * PAGE_SIZE, 4), ==, ~0u);
	root_put(CORE_FREE, 4, 5);
	g_assert_cmpuint(root_get(CORE_FREE, 4), ==, 5);
	/* No cell can have the window, nor see it. */
	g_assert_cmpuint(core_owner(HOST_ROOT_LINKS), ==, BH_OWNER_CORE);
	end(1);
	g_assert_cmphex(root_get(ROOT_CONFIG(0), 4), ==, ~0u);
	g_assert_cmphex(root_get(ROOT_REGISTERS, 4), ==, ~0u);
	core_stop();
}

static void test_root_doorbell(void)
{
	struct request r;

	core_start(2);
	start_with_root(1, 0, 3);
	root_drive(2);
	SENDS(1, 1, 1, root_put(ROOT_REGISTERS + DOORBELL, 4, RING(0, 1)));
	SENDS_NOTHING(root_put(ROOT_REGISTERS + DOORBELL, 4, RING(1, 1)));
	SENDS_ROOT(2, 1, put(1, REGISTERS + DOORBELL, RING(2, 1)));
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(2, ROOT_VECTORS)));
	SENDS_ROOT(2, 0, put(1, REGISTERS + STATE, 7));
	SENDS(1, 1, 0, root_put(ROOT_REGISTERS + STATE, 4, 9));
	g_assert_cmpuint(get(1, VIRT + 8), ==, 9);
	g_assert_cmpuint(root_get(PHYS, 4), ==, 7);

	/* A message that goes to no CPU of the root, or is no interrupt, is not sent, and not refused. */
	root_put(ROOT_TABLE + 16, 4, 0xfee00000 | core_cpu(1)->arch.apic_id << 12);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(2, 1)));
	SENDS_ROOT(2, 1, root_put(ROOT_TABLE + 16, 4, 0xfee00000 | 2 << 12));
	root_put(ROOT_TABLE + 16 + 8, 4, 0x441);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(2, 1)));
	SENDS_ROOT(2, 1, root_put(ROOT_TABLE + 16 + 8, 4, 0x41));
	/* Nor one to a CPU that goes to a cell. */
	request_plain(&r, 2, "other");
	core_must_create(&r);
	SENDS_NOTHING(put(1, REGISTERS + DOORBELL, RING(2, 1)));
	SENDS_ROOT(0, 1, root_put(ROOT_TABLE + 16, 4, 0xfee00000));
	core_must(BH_HC_CELL_DESTROY, 2);
	end(1);
	core_stop();
}

/* Its rights, and when it has them. */
static void test_root_sections(void)
{
	struct bh_error error;
	struct request r;
	u64 offset = RW_AT - VIRT;

	core_start(2);
	request_with_root(&r, 1, 0, 2);
	memset(phys_to_virt(PADDR(PHYS)), PATTERN, link_bytes(2));
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
	g_assert_cmpint(host_call(BH_HC_CELL_CREATE, HOST_REQUEST, &error), ==, -BH_ERRNO_AGAIN);
	/* Half-made: no device yet, and nothing to be seen of the memory. */
	g_assert_cmphex(root_get(ROOT_CONFIG(0), 4), ==, ~0u);
	g_assert_false(table_lookup(&root_cell.table, GPA(PHYS)).present);
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	drive(1);
	root_drive(0);
	for (u64 at = 0; at < link_bytes(2); at += 4)
		g_assert_cmphex(root_get(PHYS + at, 4), ==, 0);
	root_put(PHYS + offset, 4, 0x12);
	g_assert_cmphex(get(1, RW_AT), ==, 0x12);
	root_put(PHYS + OUTPUT_AT(1) - VIRT, 4, 0x34);
	g_assert_cmphex(get(1, OUTPUT_AT(1)), ==, 0x34);
	put(1, OUTPUT_AT(0), 0x56);
	root_put(PHYS + OUTPUT_AT(0) - VIRT, 4, 0x78);
	g_assert_cmphex(root_get(PHYS + OUTPUT_AT(0) - VIRT, 4), ==, 0x56);
	root_put(PHYS, 4, 0x9a);
	g_assert_cmphex(root_get(PHYS, 4), ==, 0);
	g_assert_false(table_lookup(&root_cell.table, GPA(PHYS)).flags & TABLE_EXECUTE);

	/* While the cell restarts the root keeps all of it; when it goes it has nothing. */
	root_put(ROOT_REGISTERS + STATE, 4, 3);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmphex(root_get(PHYS + offset, 4), ==, 0x12);
	g_assert_cmpuint(get(1, VIRT + 4), ==, 3);
	core_must(BH_HC_CELL_STOP, 1);
	g_assert_cmpint(host_call(BH_HC_CELL_DESTROY, 1, &error), ==, -BH_ERRNO_AGAIN);
	g_assert_false(table_lookup(&root_cell.table, GPA(PHYS)).present);
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_cmphex(root_get(PHYS + offset, 4), ==, 0);
	g_assert_cmpuint(core_owner(PHYS), ==, BH_OWNER_ROOT);
	root_put(PHYS, 4, 1);
	g_assert_cmphex(root_get(PHYS, 4), ==, 1);
	core_stop();
}

static void test_root_no_window(void)
{
	struct bh_error error;
	struct request r;

	core_start(2);
	machine.root_links = 0;
	request_with_root(&r, 1, 0, 2);
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_NODEV);
	core_expect(&error, BH_E_LINK_NO_WINDOW, BH_IN_LINKS, 0, BH_ROOT_LINKS_SIZE, 0);
	machine.root_links = HOST_ROOT_LINKS;
	core_stop();
}

/* What the root is told of a link. */
static void test_status(void)
{
	const struct bh_link_status *status;

	core_start(2);
	status = &shared->link[NUMBER];
	g_assert_cmpuint(status->peers, ==, 0);
	start_with_root(1, 0, 3);
	root_drive(0);
	g_assert_cmpuint(status->peers, ==, 3);
	g_assert_cmpuint(status->protocol, ==, 0x4001);
	g_assert_cmpuint(status->rw_size, ==, RW_SIZE);
	g_assert_cmpuint(status->output_size, ==, OUTPUT_SIZE);
	g_assert_cmpuint(status->phys, ==, PHYS);
	g_assert_cmpuint(status->root_id, ==, 2);
	g_assert_cmpuint(status->root_vectors, ==, ROOT_VECTORS);
	g_assert_cmpuint(status->peer[0].owner, ==, 1);
	g_assert_cmpuint(status->peer[1].owner, ==, BH_OWNER_NOBODY);
	g_assert_cmpuint(status->peer[2].owner, ==, BH_OWNER_ROOT);
	host_advance(5);
	put(1, REGISTERS + DOORBELL, RING(2, 0));
	put(1, REGISTERS + DOORBELL, RING(2, 1));
	put(1, REGISTERS + DOORBELL, RING(1, 0));
	root_put(ROOT_REGISTERS + DOORBELL, 4, RING(0, 0));
	g_assert_cmpuint(status->peer[0].rung, ==, 3);
	g_assert_cmpuint(status->peer[0].received, ==, 1);
	g_assert_cmpuint(status->peer[2].rung, ==, 1);
	g_assert_cmpuint(status->peer[2].received, ==, 2);
	g_assert_cmpuint(status->peer[0].active, ==, host.ticks);
	host_advance(5);
	put(1, REGISTERS + STATE, 4);
	g_assert_cmpuint(status->peer[0].state, ==, 4);
	g_assert_cmpuint(status->peer[0].active, ==, host.ticks);
	g_assert_cmpuint(status->peer[2].received, ==, 2);
	end(1);
	g_assert_cmpuint(status->peers, ==, 0);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link/config", test_config);
	g_test_add_func("/link/registers", test_registers);
	g_test_add_func("/link/msix-table", test_msix_table);
	g_test_add_func("/link/doorbell", test_doorbell);
	g_test_add_func("/link/one-shot", test_one_shot);
	g_test_add_data_func("/link/peers/2", GUINT_TO_POINTER(2), test_peers);
	g_test_add_data_func("/link/peers/3", GUINT_TO_POINTER(3), test_peers);
	g_test_add_data_func("/link/peers/7", GUINT_TO_POINTER(7), test_peers);
	g_test_add_data_func("/link/peers/16", GUINT_TO_POINTER(16), test_peers);
	g_test_add_func("/link/sections", test_sections);
	g_test_add_func("/link/state", test_state);
	g_test_add_func("/link/memory", test_memory);
	g_test_add_func("/link/half-made", test_half_made);
	g_test_add_func("/link/many", test_many);
	g_test_add_func("/link/root/device", test_root_device);
	g_test_add_func("/link/root/doorbell", test_root_doorbell);
	g_test_add_func("/link/root/sections", test_root_sections);
	g_test_add_func("/link/root/no-window", test_root_no_window);
	g_test_add_func("/link/status", test_status);
	return g_test_run();
}
