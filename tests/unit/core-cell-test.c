// SPDX-License-Identifier: GPL-2.0-or-later
/* Lives of cells: who sees which memory when and what is in it, messages, hypercalls, CPUs. */
#include "core-fixture.h"

#define AT(id) (CORE_FREE + (id)*MIB) /* of request_plain() */
#define FIELD(name) GPA(COMM_AT + offsetof(struct bh_comm, name))

static struct bh_comm *comm_of(u32 id)
{
	return cell_get(id)->comm;
}

static bool guest_write(u32 id, gpa_t at, u8 width, u64 value)
{
	return host_guest_access(core_cpu(id), at, width, true, &value);
}

static u64 guest_read(u32 id, gpa_t at, u8 width)
{
	u64 value = 0;

	g_assert_true(host_guest_access(core_cpu(id), at, width, false, &value));
	return value;
}

static long step(u32 number, u64 arg)
{
	struct bh_error error;

	return host_call(number, arg, &error);
}

static void plain_create(u32 id, const char *name)
{
	struct request r;

	request_plain(&r, id, name);
	core_must_create(&r);
}

static void plain_start(u32 id, const char *name)
{
	plain_create(id, name);
	core_must(BH_HC_CELL_START, id);
}

static void force_destroy(u32 id)
{
	core_must(BH_HC_CELL_STOP, id);
	core_must(BH_HC_CELL_DESTROY, id);
}

/* ---- memory ---- */

static void fill(u64 at, u64 size, u8 value)
{
	memset(phys_to_virt(PADDR(at)), value, size);
}

static void expect_bytes(u64 at, u64 size, u8 value)
{
	const u8 *byte = phys_to_virt(PADDR(at));

	for (u64 i = 0; i < size; i++)
		if (byte[i] != value)
			g_error("byte 0x%x at 0x%llx, expected 0x%x", byte[i],
				(unsigned long long)(at + i), value);
}

static bool root_sees(u64 at)
{
	return table_lookup(&root_cell.table, GPA(at)).present;
}

static void test_clearing(gconstpointer data)
{
	const u64 taken = CORE_FREE + 3 * PAGE_SIZE, taken_size = 5 * MIB;
	const u64 dark = CORE_FREE + 32 * MIB, lent = CORE_FREE + 64 * MIB;
	g_autofree char *before = NULL;
	struct request r;
	u32 steps = 1;

	core_start(GPOINTER_TO_UINT(data));
	before = core_picture();
	fill(CORE_FREE, 128 * MIB, 0xa5);
	request_init(&r, 7, "clearing");
	request_cpu(&r, 5);
	request_memory(&r, taken, 0x400000, taken_size, RAM_FLAGS);
	request_memory(&r, dark, 64 * MIB, 2 * PAGE_SIZE, BH_MEM_READ | BH_MEM_WRITE);
	request_memory(&r, lent, 128 * MIB, PAGE_SIZE,
		       BH_MEM_READ | BH_MEM_WRITE | BH_MEM_ROOTSHARED);
	r.desc.reset_address = 0x400000;

	/* In steps; on the way the memory is the core's, and nobody else's. */
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
	for (; step(BH_HC_CELL_CREATE, HOST_REQUEST) == -BH_ERRNO_AGAIN; steps++) {
		g_assert_cmpuint(core_owner(taken), ==, BH_OWNER_CORE);
		g_assert_cmpuint(core_owner(dark), ==, BH_OWNER_CORE);
		g_assert_false(root_sees(taken) || root_sees(dark));
		g_assert_false(table_lookup(&cell_get(7)->table, GPA(0x400000)).present);
	}
	g_assert_cmpuint(steps, ==, 2 + taken_size / CELL_CLEAR_STEP);
	expect_bytes(taken, taken_size, 0);
	expect_bytes(dark, 2 * PAGE_SIZE, 0);
	expect_bytes(lent, PAGE_SIZE, 0xa5);
	expect_bytes(CORE_FREE, 3 * PAGE_SIZE, 0xa5);
	expect_bytes(taken + taken_size, dark - taken - taken_size, 0xa5);
	expect_bytes(dark + 2 * PAGE_SIZE, lent - dark - 2 * PAGE_SIZE, 0xa5);
	g_assert_cmpuint(core_owner(taken), ==, 7);
	g_assert_cmpuint(core_owner(taken + taken_size - 1), ==, 7);
	g_assert_cmpuint(core_owner(taken - 1), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(core_owner(taken + taken_size), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(core_owner(lent), ==, BH_OWNER_ROOT);
	g_assert_true(table_lookup(&root_cell.table, GPA(lent)).shared);

	/* Loading: the root sees what is loadable, and nothing is cleared until the end. */
	g_assert_false(root_sees(taken));
	core_must(BH_HC_CELL_SET_LOADABLE, 7);
	g_assert_true(root_sees(taken));
	g_assert_true(root_sees(taken + taken_size - 1));
	g_assert_false(root_sees(dark));
	fill(taken, taken_size, 0x11);
	core_must(BH_HC_CELL_START, 7);
	g_assert_false(root_sees(taken));
	expect_bytes(taken, taken_size, 0x11);
	g_assert_cmphex(guest_read(7, GPA(0x400000), 8), ==, 0x1111111111111111);
	g_assert_true(guest_write(7, GPA(0x400000 + taken_size - 4), 4, 0x77777777));
	g_assert_true(guest_write(7, GPA(64 * MIB), 4, 0x66666666));
	expect_bytes(taken + taken_size - 4, 4, 0x77);
	expect_bytes(dark, 4, 0x66);
	core_must(BH_HC_CELL_STOP, 7);
	g_assert_true(root_sees(taken));
	expect_bytes(taken, taken_size - 4, 0x11);

	core_must(BH_HC_CELL_DESTROY, 7);
	expect_bytes(taken, taken_size, 0);
	expect_bytes(dark, 2 * PAGE_SIZE, 0);
	expect_bytes(lent, PAGE_SIZE, 0xa5);
	/* The CPU waits for INIT and SIPI; everything else is as it was. */
	g_assert_cmpuint(cpu_get(5)->mode, ==, CPU_WAITING);
	cpu_get(5)->mode = CPU_RUNNING;
	event_ack(shared->events.tail);
	{
		g_autofree char *after = core_picture();
		char *events = strstr(after, "\nevents "), *old = strstr(before, "\nevents ");

		*events = *old = '\0';
		g_assert_cmpstr(after, ==, before);
	}
	core_stop();
}

static u64 seen_by(const char *name, u64 phys)
{
	struct cell *cell;

	cell_for_each (cell)
		if (!strcmp(cell->name, name))
			return table_lookup(&cell->table, GPA(phys)).phys.v;
	return 0;
}

/* What the root lends: seen by all, cleared by nobody, marked while it is lent. */
static void test_shared(void)
{
	const u64 lent = CORE_FREE + 64 * MIB;
	struct request r;

	core_start(2);
	fill(lent, MIB, 0x3c);
	for (u32 id = 1; id <= 2; id++) {
		request_plain(&r, id, id == 1 ? "one" : "two");
		request_memory(&r, lent, lent, MIB, BH_MEM_READ | BH_MEM_WRITE | BH_MEM_ROOTSHARED);
		core_must_create(&r);
	}
	g_assert_true(root_sees(lent));
	g_assert_cmphex(seen_by("one", lent), ==, lent);
	g_assert_cmphex(seen_by("two", lent), ==, lent);
	expect_bytes(lent, MIB, 0x3c);
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_true(table_lookup(&root_cell.table, GPA(lent)).shared);
	core_must(BH_HC_CELL_DESTROY, 2);
	g_assert_false(table_lookup(&root_cell.table, GPA(lent)).shared);
	g_assert_true(root_sees(lent));
	expect_bytes(lent, MIB, 0x3c);
	core_stop();
}

/* Sharing is of whole pages of RAM or of a device: elsewhere the flag changes nobody's memory. */
static void test_shared_otherwise(void)
{
	struct request r;
	const u64 device = 0xc8000000;

	core_start(2);
	request_plain(&r, 1, "otherwise");
	r.memory[1].phys = CORE_AT + 2 * MIB;
	r.memory[1].flags |= BH_MEM_ROOTSHARED;
	request_memory(&r, device + 0x10, GIB + 0x10, 16,
		       BH_MEM_READ | BH_MEM_IO | BH_MEM_IO_32 | BH_MEM_ROOTSHARED);
	core_must_create(&r);
	g_assert_cmpuint(core_owner(CORE_AT + 2 * MIB), ==, BH_OWNER_CORE);
	g_assert_false(root_sees(CORE_AT + 2 * MIB));
	g_assert_cmpuint(core_owner(device), ==, BH_OWNER_ROOT);
	g_assert_false(table_lookup(&root_cell.table, GPA(device)).shared);
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_cmpuint(core_owner(CORE_AT + 2 * MIB), ==, BH_OWNER_CORE);
	g_assert_false(root_sees(CORE_AT + 2 * MIB));
	core_stop();
}

/* Rights in the cell: what its regions say, no more. */
static void test_rights(void)
{
	struct request r;

	core_start(2);
	request_plain(&r, 1, "rights");
	request_memory(&r, CORE_FREE + 32 * MIB, 32 * MIB, PAGE_SIZE, BH_MEM_READ);
	r.desc.policy[BH_KIND_MEMORY] = BH_POLICY_IGNORE;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmphex(guest_read(1, GPA(32 * MIB), 4), ==, 0);
	g_assert_cmpuint(shared->cell[1].violations[BH_KIND_MEMORY], ==, 0);
	g_assert_true(guest_write(1, GPA(32 * MIB), 4, 1));
	g_assert_cmpuint(shared->cell[1].violations[BH_KIND_MEMORY], ==, 1);
	expect_bytes(CORE_FREE + 32 * MIB, 4, 0);
	/* Nothing there: ones. */
	g_assert_cmphex(guest_read(1, GPA(48 * MIB), 2), ==, 0xffff);
	g_assert_cmphex(guest_read(1, GPA(CORE_FREE), 8), ==, ~0ull);
	g_assert_cmpuint(shared->cell[1].violations[BH_KIND_MEMORY], ==, 3);
	g_assert_cmpuint(table_lookup(&cell_get(1)->table, GPA(32 * MIB)).flags, ==, TABLE_READ);
	g_assert_cmpuint(table_lookup(&cell_get(1)->table, GPA(0)).flags, ==, TABLE_ALL);
	force_destroy(1);
	core_stop();
}

/* Calls that come in between the steps of another. */
static void test_between_steps(void)
{
	struct bh_error error;
	struct request r;

	core_start(2);
	fill(CORE_FREE, 64 * MIB, 0xee);
	request_plain(&r, 3, "slow");
	request_memory(&r, CORE_FREE + 16 * MIB, 16 * MIB, 8 * MIB, RAM_FLAGS);
	memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
	g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpint(core_call(BH_HC_CELL_START, 3, &error), ==, -BH_ERRNO_INVAL);
	core_expect(&error, BH_E_CELL_STATE, 0, 0, BH_CELL_SHUT_DOWN, 3);
	g_assert_cmpint(core_call(BH_HC_CELL_SET_LOADABLE, 3, &error), ==, -BH_ERRNO_INVAL);
	core_expect(&error, BH_E_CELL_STATE, 0, 0, BH_CELL_SHUT_DOWN, 3);
	/* Another cell, of another name at the same place, and one somewhere else. */
	strcpy(r.desc.name, "other");
	g_assert_cmpint(core_create(&r, &error), ==, -BH_ERRNO_EXIST);
	core_expect(&error, BH_E_ID_EXISTS, 0, 0, 3, 3);
	plain_start(1, "quick");
	/* Half-made as it is, it can only go; all it was to have comes back cleared. */
	core_must(BH_HC_CELL_DESTROY, 3);
	expect_bytes(AT(3), MIB, 0);
	expect_bytes(CORE_FREE + 16 * MIB, 8 * MIB, 0);
	g_assert_cmpuint(core_owner(AT(3)), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(cpu_get(3)->cell->id, ==, BH_OWNER_ROOT);
	plain_create(3, "slow");
	/* A destroy that is under way goes on, whatever else is asked of the cell. */
	g_assert_cmpint(step(BH_HC_CELL_DESTROY, 3), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpint(core_call(BH_HC_CELL_START, 3, &error), ==, -BH_ERRNO_INVAL);
	core_must(BH_HC_CELL_DESTROY, 3);
	force_destroy(1);
	core_stop();
}

/* ---- comm region ---- */

static void test_comm_content(void)
{
	const u8 *byte;
	struct request r;

	core_start(2);
	request_plain(&r, 1, "comm");
	request_cpu(&r, 4);
	r.desc.console =
		(struct bh_console_desc){.address = 0x3f8, .size = 8, .type = BH_CONSOLE_8250};
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmpmem(comm_of(1)->signature, 6, "JHCOMM", 6);
	g_assert_cmpuint(comm_of(1)->revision, ==, BH_COMM_REVISION);
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_RUNNING);
	g_assert_cmpuint(comm_of(1)->flags, ==, BH_COMM_CONSOLE_PERMITTED | BH_COMM_CONSOLE_ACTIVE);
	g_assert_cmpmem(&comm_of(1)->console, sizeof(r.desc.console), &r.desc.console,
			sizeof(r.desc.console));
	g_assert_cmphex(comm_of(1)->pci_mmconfig_base, ==, HOST_MMCONFIG);
	g_assert_cmpuint(comm_of(1)->num_cpus, ==, 2);
	g_assert_cmpuint(comm_of(1)->tsc_khz, ==, HOST_TSC_KHZ);
	byte = (const u8 *)comm_of(1);
	for (u32 i = sizeof(struct bh_comm); i < BH_COMM_SIZE; i++)
		g_assert_cmpuint(byte[i], ==, 0);
	/* The cell reads the same. */
	g_assert_cmphex(guest_read(1, GPA(COMM_AT), 4), ==, 0x4f43484a);
	force_destroy(1);
	core_stop();
}

static void test_comm_writes(void)
{
	struct bh_comm before;

	core_start(2);
	plain_start(1, "comm");
	before = *comm_of(1);
	/* The core's own fields, and parts of fields with them, stay as they are. */
	for (u32 at = 0; at < sizeof(struct bh_comm); at++) {
		for (u32 width = 1; width <= 8; width *= 2) {
			bool state = at >= 8 && at + width <= 12,
			     reply = at >= 16 && at + width <= 20;

			if (state || reply || at == 12)
				continue;
			if (at + width > BH_COMM_SIZE)
				continue;
			g_assert_true(guest_write(1, GPA(COMM_AT + at), width, ~0ull));
		}
	}
	g_assert_cmpmem(comm_of(1), sizeof(before), &before, sizeof(before));
	g_assert_true(guest_write(1, GPA(COMM_AT + BH_COMM_SIZE - 8), 8, 0x1122334455667788));
	g_assert_cmphex(guest_read(1, GPA(COMM_AT + BH_COMM_SIZE - 8), 8), ==, 0x1122334455667788);
	/* An unknown state is no state; the cell is not asked any more. */
	g_assert_true(guest_write(1, FIELD(cell_state), 4, 77));
	g_assert_cmpint(step(BH_HC_CELL_STATE, 1), ==, -BH_ERRNO_INVAL);
	g_assert_cmpuint(shared->cell[1].state, ==, 77);
	core_must(BH_HC_CELL_SET_LOADABLE, 1);
	g_assert_cmpint(step(BH_HC_CELL_STATE, 1), ==, BH_CELL_SHUT_DOWN);
	/* Across the end of the page there is nothing. */
	core_must(BH_HC_CELL_START, 1);
	g_assert_false(guest_write(1, GPA(COMM_AT + BH_COMM_SIZE - 4), 8, 1));
	g_assert_true(core_cpu(1)->failed);
	force_destroy(1);
	core_stop();
}

/* Without the right to write, a comm region is read only. */
static void test_comm_read_only(void)
{
	struct request r;

	core_start(2);
	request_plain(&r, 1, "comm");
	r.memory[1].flags = BH_MEM_READ | BH_MEM_COMM;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmphex(guest_read(1, FIELD(cell_state), 4), ==, BH_CELL_RUNNING);
	g_assert_false(guest_write(1, FIELD(cell_state), 4, BH_CELL_SHUT_DOWN));
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_FAILED);
	force_destroy(1);
	core_stop();
}

/* ---- messages ---- */

static const u32 asking_calls[] = {BH_HC_CELL_SET_LOADABLE, BH_HC_CELL_START, BH_HC_CELL_DESTROY};

static void test_approve(gconstpointer data)
{
	u32 number = GPOINTER_TO_UINT(data);

	core_start(2);
	plain_start(1, "approves");
	g_assert_cmpint(step(number, 1), ==, -BH_ERRNO_AGAIN);
	g_assert_cmphex(guest_read(1, FIELD(msg_to_cell), 4), ==, BH_MSG_SHUTDOWN_REQUEST);
	g_assert_cmpint(step(number, 1), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpuint(cell_get(1)->last_state, ==, BH_CELL_RUNNING);
	g_assert_true(guest_write(1, FIELD(msg_to_cell), 4, BH_MSG_NONE));
	g_assert_true(guest_write(1, FIELD(reply_from_cell), 4, BH_REPLY_APPROVED));
	core_must(number, 1);
	if (number == BH_HC_CELL_DESTROY) {
		g_assert_null(cell_get(1));
	} else {
		g_assert_cmpuint(comm_of(1)->cell_state, ==,
				 number == BH_HC_CELL_START ? BH_CELL_RUNNING : BH_CELL_SHUT_DOWN);
		force_destroy(1);
	}
	core_stop();
}

static void test_deny(gconstpointer data)
{
	static const u32 replies[] = {BH_REPLY_DENIED, BH_REPLY_UNKNOWN, BH_REPLY_RECEIVED, 99};
	u32 number = GPOINTER_TO_UINT(data);
	struct bh_error error;

	core_start(2);
	plain_start(1, "denies");
	for (u32 i = 0; i < G_N_ELEMENTS(replies); i++) {
		g_assert_cmpint(step(number, 1), ==, -BH_ERRNO_AGAIN);
		g_assert_cmpuint(comm_of(1)->msg_to_cell, ==, BH_MSG_SHUTDOWN_REQUEST);
		g_assert_cmpuint(comm_of(1)->reply_from_cell, ==, BH_REPLY_NONE);
		g_assert_true(guest_write(1, FIELD(reply_from_cell), 4, replies[i]));
		g_assert_cmpint(host_call(number, 1, &error), ==, -BH_ERRNO_PERM);
		core_expect(&error, BH_E_CELL_DENIED, 0, 0, replies[i], 1);
		g_assert_cmpuint(core_cpu(1)->mode, ==, CPU_RUNNING);
		g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_RUNNING);
		g_assert_false(cell_get(1)->loadable);
	}
	force_destroy(1);
	core_stop();
}

/* Given up after its time: not before, and with the default where none is said. */
static void test_silence(gconstpointer data)
{
	u32 said = GPOINTER_TO_UINT(data), ms = said ? said : CELL_REPLY_TIMEOUT_MS;
	u64 seen;
	struct request r;

	core_start(2);
	request_plain(&r, 1, "silent");
	r.desc.reply_timeout_ms = said;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	seen = shared->events.tail;
	g_assert_cmpint(step(BH_HC_CELL_SET_LOADABLE, 1), ==, -BH_ERRNO_AGAIN);
	host_advance(ms - 1);
	g_assert_cmpint(step(BH_HC_CELL_SET_LOADABLE, 1), ==, -BH_ERRNO_AGAIN);
	g_assert_cmpuint(shared->events.tail, ==, seen);
	host_advance(2);
	core_must(BH_HC_CELL_SET_LOADABLE, 1);
	g_assert_cmpuint(shared->events.entry[seen % BH_EVENT_RING_ENTRIES].value, ==,
			 BH_CELL_FAILED);
	g_assert_cmpuint(shared->events.entry[(seen + 1) % BH_EVENT_RING_ENTRIES].value, ==,
			 BH_CELL_SHUT_DOWN);
	core_must(BH_HC_CELL_START, 1);
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_RUNNING);
	force_destroy(1);
	core_stop();
}

/* Cells that are not asked: passive ones, and those that have ended in one way or another. */
static void test_not_asked(void)
{
	static const u32 states[] = {BH_CELL_SHUT_DOWN, BH_CELL_FAILED, BH_CELL_FAILED_COMM_REV};
	struct request r;

	core_start(2);
	request_plain(&r, 1, "passive");
	r.desc.flags |= BH_CELL_PASSIVE_COMM;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 1);
	core_must(BH_HC_CELL_START, 1);
	plain_create(2, "ended");
	for (u32 i = 0; i < G_N_ELEMENTS(states); i++) {
		core_must(BH_HC_CELL_START, 2);
		g_assert_true(guest_write(2, FIELD(cell_state), 4, states[i]));
		g_assert_cmpint(step(BH_HC_CELL_STATE, 2), ==, states[i]);
		core_must(BH_HC_CELL_SET_LOADABLE, 2);
		g_assert_cmpuint(comm_of(2)->msg_to_cell, ==, BH_MSG_NONE);
	}
	g_assert_cmpuint(comm_of(1)->msg_to_cell, ==, BH_MSG_NONE);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_must(BH_HC_CELL_DESTROY, 2);
	core_stop();
}

/* Others are told when cells come and go; nobody waits, and a question is not overwritten. */
static void test_reconfigured(void)
{
	core_start(2);
	plain_start(1, "told");
	plain_start(2, "asked");
	guest_write(1, FIELD(msg_to_cell), 4, BH_MSG_NONE);
	guest_write(1, FIELD(reply_from_cell), 4, BH_REPLY_APPROVED);
	g_assert_cmpint(step(BH_HC_CELL_SET_LOADABLE, 2), ==, -BH_ERRNO_AGAIN);
	plain_create(3, "new");
	g_assert_cmpuint(comm_of(1)->msg_to_cell, ==, BH_MSG_RECONFIG_COMPLETED);
	g_assert_cmpuint(comm_of(1)->reply_from_cell, ==, BH_REPLY_NONE);
	g_assert_cmpuint(comm_of(2)->msg_to_cell, ==, BH_MSG_SHUTDOWN_REQUEST);
	g_assert_cmpuint(comm_of(3)->msg_to_cell, ==, BH_MSG_NONE);
	guest_write(1, FIELD(msg_to_cell), 4, BH_MSG_NONE);
	core_must(BH_HC_CELL_DESTROY, 3);
	g_assert_cmpuint(comm_of(1)->msg_to_cell, ==, BH_MSG_RECONFIG_COMPLETED);
	force_destroy(1);
	force_destroy(2);
	core_stop();
}

/* By force, in the middle of a question. */
static void test_force(void)
{
	core_start(2);
	plain_start(1, "asked");
	g_assert_cmpint(step(BH_HC_CELL_SET_LOADABLE, 1), ==, -BH_ERRNO_AGAIN);
	core_must(BH_HC_CELL_STOP, 1);
	g_assert_false(cell_get(1)->asking);
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_SHUT_DOWN);
	g_assert_cmpuint(core_cpu(1)->mode, ==, CPU_STOPPED);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* ---- hypercalls ---- */

static void test_hypercalls(void)
{
	static const u32 forbidden[] = {
		BH_HC_DISABLE,	    BH_HC_CELL_CREATE, BH_HC_CELL_START, BH_HC_CELL_SET_LOADABLE,
		BH_HC_CELL_DESTROY, BH_HC_CELL_STATE,  BH_HC_NOTIFY_SET, BH_HC_NOTIFY_ACK,
		BH_HC_EVENT_ACK,    BH_HC_CELL_STOP,   BH_HC_POLICY_SET, BH_HC_CELL_CHECK,
	};
	struct request r;
	struct cpu *cpu;
	u32 count = 0;

	core_start(2);
	plain_start(1, "calls");
	cpu = core_cpu(1);
	for (u32 i = 0; i < G_N_ELEMENTS(forbidden); i++) {
		const struct bh_event *event;

		g_assert_cmpint(hypercall(cpu, forbidden[i], 1, 0), ==, -BH_ERRNO_PERM);
		g_assert_cmpuint(shared->cell[1].violations[BH_KIND_HYPERCALL], ==, ++count);
		event = &shared->events.entry[(shared->events.tail - 1) % BH_EVENT_RING_ENTRIES];
		g_assert_cmpuint(event->type, ==, BH_EVENT_VIOLATION);
		g_assert_cmpuint(event->kind, ==, BH_KIND_HYPERCALL);
		g_assert_cmpuint(event->cell, ==, 1);
		g_assert_cmpuint(event->cpu, ==, cpu->id);
		g_assert_cmphex(event->address, ==, forbidden[i]);
		g_assert_cmphex(event->flags & BH_EVENT_STOPPED, ==, 0);
	}
	g_assert_cmpint(hypercall(cpu, 9, 0, 0), ==, -BH_ERRNO_NOSYS);
	g_assert_cmpint(hypercall(cpu, ~0ull, 0, 0), ==, -BH_ERRNO_NOSYS);
	g_assert_cmpuint(shared->cell[1].violations[BH_KIND_HYPERCALL], ==, count + 2);
	g_assert_cmpuint(cpu->mode, ==, CPU_RUNNING);
	/* What any cell may. */
	g_assert_cmpint(hypercall(cpu, BH_HC_HYPERVISOR_INFO, BH_INFO_CELLS, 0), ==, 2);
	g_assert_cmpint(hypercall(cpu, BH_HC_HYPERVISOR_INFO, BH_INFO_VERSION, 0), ==,
			BH_VERSION_NUMBER);
	g_assert_cmpint(hypercall(cpu, BH_HC_HYPERVISOR_INFO, BH_INFO_POOL_USED, 0), ==,
			shared->pool_used);
	g_assert_cmpint(hypercall(cpu, BH_HC_HYPERVISOR_INFO, BH_INFO_REMAP_SIZE, 0), ==, 0);
	g_assert_cmpint(hypercall(cpu, BH_HC_CPU_INFO, cpu->id, BH_CPU_INFO_STATE), ==,
			BH_CPU_RUNNING);
	g_assert_cmpint(hypercall(cpu, BH_HC_CPU_INFO, 0, BH_CPU_INFO_STATE), ==, -BH_ERRNO_PERM);
	g_assert_cmpint(hypercall(cpu, BH_HC_CPU_INFO, 99, BH_CPU_INFO_STATE), ==, -BH_ERRNO_INVAL);
	cpu->counters[BH_COUNTER_PIO] = 0x80000005;
	g_assert_cmpint(
		hypercall(cpu, BH_HC_CPU_INFO, cpu->id, BH_CPU_INFO_COUNTER + BH_COUNTER_PIO), ==,
		5);
	g_assert_cmpint(hypercall(cpu, BH_HC_PUTC, 'x', 0), ==, 0);
	/* The root may look at all CPUs; a cell without a console may not write to one. */
	g_assert_cmpint(hypercall(cpu_get(0), BH_HC_CPU_INFO, cpu->id, BH_CPU_INFO_STATE), ==, 0);
	request_plain(&r, 2, "dumb");
	r.desc.flags = 0;
	core_must_create(&r);
	core_must(BH_HC_CELL_START, 2);
	g_assert_cmpint(hypercall(core_cpu(2), BH_HC_PUTC, 'x', 0), ==, -BH_ERRNO_PERM);
	g_assert_cmpuint(shared->console[2].tail, ==, 0);
	g_assert_cmpuint(shared->console[1].tail, ==, 1);
	force_destroy(1);
	force_destroy(2);
	core_stop();
}

/* ---- CPUs ---- */

static void test_cpu_moves(void)
{
	struct request r;

	core_start(2);
	cpu_get(2)->counters[BH_COUNTER_TOTAL] = 1234;
	request_plain(&r, 1, "moves");
	request_cpu(&r, 2);
	request_cpu(&r, 6);
	r.desc.reset_address = 0xff000;
	core_must_create(&r);
	g_assert_cmpuint(shared->cpu[2].cell, ==, 1);
	g_assert_cmpuint(shared->cpu[2].counters[BH_COUNTER_TOTAL], ==, 0);
	g_assert_false(cell_has_cpu(&root_cell, 2));
	g_assert_true(cell_has_cpu(cell_get(1), 6));
	g_assert_cmpuint(cpu_get(6)->mode, ==, CPU_STOPPED);
	core_must(BH_HC_CELL_START, 1);
	for (u32 id = 1; id <= 6; id++) {
		bool mine = id == 1 || id == 2 || id == 6;

		g_assert_cmpuint(cpu_get(id)->cell->id, ==, mine);
		g_assert_cmpuint(cpu_get(id)->arch.starts, ==, mine);
		g_assert_cmphex(cpu_get(id)->arch.entry, ==, mine ? 0xff000 : 0);
	}
	cpu_get(6)->counters[BH_COUNTER_TOTAL] = 99;
	force_destroy(1);
	g_assert_cmpuint(shared->cpu[6].cell, ==, 0);
	g_assert_cmpuint(shared->cpu[6].counters[BH_COUNTER_TOTAL], ==, 0);
	g_assert_true(cell_has_cpu(&root_cell, 6));
	/* Linux wakes it. */
	cpu_get(6)->start = 0x9a;
	cpu_request(cpu_get(6), CPU_REQUEST_INIT | CPU_REQUEST_SIPI);
	g_assert_cmpuint(cpu_get(6)->mode, ==, CPU_RUNNING);
	g_assert_cmphex(cpu_get(6)->arch.entry, ==, 0x9a000);
	core_stop();
}

static void test_cpu_requests(void)
{
	struct request r;
	struct cpu *cpu;

	core_start(2);
	request_plain(&r, 1, "requests");
	request_cpu(&r, 2);
	core_must_create(&r);
	cpu = cpu_get(2);
	/* Stopped: nothing of the cell's own starts it. */
	cpu_request(cpu, CPU_REQUEST_INIT | CPU_REQUEST_SIPI | CPU_REQUEST_NMI);
	g_assert_cmpuint(cpu->mode, ==, CPU_STOPPED);
	g_assert_cmpuint(cpu->requests, ==, 0);
	g_assert_cmpuint(cpu->arch.nmis, ==, 0);
	core_must(BH_HC_CELL_START, 1);
	cpu_request(cpu, CPU_REQUEST_NMI);
	g_assert_cmpuint(cpu->arch.nmis, ==, 1);
	/* A running one ignores SIPI; after INIT it takes one. */
	cpu->start = 0x12;
	cpu_request(cpu, CPU_REQUEST_SIPI);
	g_assert_cmphex(cpu->arch.entry, ==, 0);
	cpu_request(cpu, CPU_REQUEST_INIT);
	g_assert_cmpuint(cpu->mode, ==, CPU_WAITING);
	cpu_request(cpu, CPU_REQUEST_NMI);
	g_assert_cmpuint(cpu->arch.nmis, ==, 1);
	cpu_request(cpu, CPU_REQUEST_SIPI);
	g_assert_cmphex(cpu->arch.entry, ==, 0x12000);
	g_assert_cmpuint(cpu->mode, ==, CPU_RUNNING);
	/* Failed: for good, until the cell is started anew. */
	cpu_fail(cpu);
	cpu_request(cpu, CPU_REQUEST_INIT | CPU_REQUEST_SIPI);
	g_assert_cmpuint(cpu->mode, ==, CPU_STOPPED);
	g_assert_true(cpu->failed);
	g_assert_cmpuint(shared->cpu[2].state, ==, BH_CPU_FAILED);
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_RUNNING);
	cpu_fail(cpu_get(1));
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_FAILED);
	core_must(BH_HC_CELL_START, 1);
	g_assert_false(cpu->failed);
	g_assert_cmpuint(shared->cpu[2].state, ==, BH_CPU_RUNNING);
	g_assert_cmpuint(comm_of(1)->cell_state, ==, BH_CELL_RUNNING);
	/* Made loadable, a failed CPU is forgiven as well. */
	cpu_fail(cpu);
	core_must(BH_HC_CELL_STOP, 1);
	g_assert_cmpuint(shared->cpu[2].state, ==, BH_CPU_RUNNING);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* A CPU that stays silent: the call ends within its bound, and can be made again. */
static void test_cpu_silent(void)
{
	struct bh_error error;
	u64 began;

	core_start(2);
	plain_start(1, "silent");
	core_cpu(1)->arch.silent = true;
	began = host.ticks;
	g_assert_cmpint(core_call(BH_HC_CELL_STOP, 1, &error), ==, -BH_ERRNO_IO);
	core_expect(&error, BH_E_CPU_TIMEOUT, BH_IN_CPUS, 1, 0, 0);
	g_assert_cmpuint(host.ticks - began, <=, (u64)HOST_TSC_KHZ * (machine.response_ms + 2));
	g_assert_false(cell_get(1)->loadable);
	g_assert_false(root_sees(AT(1)));
	core_cpu(1)->arch.silent = false;
	core_must(BH_HC_CELL_STOP, 1);
	/* One of the root's, which may still know the old owner of memory: nothing is handed over. */
	cpu_get(7)->arch.silent = true;
	g_assert_cmpint(core_call(BH_HC_CELL_DESTROY, 1, &error), ==, -BH_ERRNO_IO);
	core_expect(&error, BH_E_CPU_TIMEOUT, 0, 7, 0, 0);
	g_assert_cmpuint(core_owner(AT(1)), ==, BH_OWNER_CORE);
	cpu_get(7)->arch.silent = false;
	core_must(BH_HC_CELL_DESTROY, 1);
	g_assert_cmpuint(core_owner(AT(1)), ==, BH_OWNER_ROOT);
	core_stop();
}

/*
 * The very last step of a create or destroy meets a CPU of the root that stays silent. Made again, the call hands over only once:
 * the root's things come back as it had them, and what others have got meanwhile stays theirs.
 */
static void test_last_step(void)
{
	const u64 roots = 0x0300000000008931, size = 2 * CELL_CLEAR_STEP;
	struct request r, other;
	u64 pages;

	core_start(2);
	host_ioapic_set_entry(4, roots);
	pages = pool_free_pages();
	request_init(&r, 1, "last");
	request_cpu(&r, 1);
	request_memory(&r, AT(8), 0, size, RAM_FLAGS);
	request_pin(&r, 4);
	for (u32 again = 0; again < 2; again++) {
		memcpy(phys_to_virt(PADDR(HOST_REQUEST)), &r, sizeof(r));
		g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_AGAIN);
		g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_AGAIN);
		cpu_get(7)->arch.silent = true;
		g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_IO);
		g_assert_cmpint(step(BH_HC_CELL_CREATE, HOST_REQUEST), ==, -BH_ERRNO_IO);
		cpu_get(7)->arch.silent = false;
		/* Once it is completed, once it is given up. */
		if (!again) {
			core_must_create(&r);
			core_must(BH_HC_CELL_START, 1);
			core_must(BH_HC_CELL_STOP, 1);
		}
		g_assert_cmphex(host_ioapic_entry(4), ==, roots | BIT(16));
		g_assert_cmpint(step(BH_HC_CELL_DESTROY, 1), ==, -BH_ERRNO_AGAIN);
		g_assert_cmphex(host_ioapic_entry(4), ==, roots);
		g_assert_cmpint(step(BH_HC_CELL_DESTROY, 1), ==, -BH_ERRNO_AGAIN);
		cpu_get(7)->arch.silent = true;
		g_assert_cmpint(step(BH_HC_CELL_DESTROY, 1), ==, -BH_ERRNO_IO);
		cpu_get(7)->arch.silent = false;
		/* The memory is the root's again, and another cell's when that is made before the call is repeated. */
		request_init(&other, 2, "other");
		request_cpu(&other, 2);
		request_memory(&other, AT(8), 0, MIB, RAM_FLAGS);
		core_must_create(&other);
		g_assert_cmpuint(core_owner(AT(8)), ==, 2);
		core_must(BH_HC_CELL_DESTROY, 1);
		g_assert_cmpuint(core_owner(AT(8)), ==, 2);
		force_destroy(2);
	}
	g_assert_cmphex(host_ioapic_entry(4), ==, roots);
	g_assert_cmpuint(core_owner(AT(8)), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(core_owner(AT(8) + size - PAGE_SIZE), ==, BH_OWNER_ROOT);
	g_assert_cmpuint(pool_free_pages(), ==, pages);
	core_stop();
}

/* A CPU that faults in the core lets go of the call it was in. */
static void fault_within(void *data)
{
	(void)data;
	management_abandon(cpu_get(0));
}

static void test_abandon(void)
{
	core_start(2);
	plain_create(1, "abandoned");
	management_abandon(cpu_get(3)); /* in none: nothing happens */
	hypercall(cpu_get(0), BH_HC_NOTIFY_ACK, 0, 0);
	hypercall(cpu_get(0), BH_HC_NOTIFY_SET, 0, 0x20);
	host.notify = fault_within;
	core_must(BH_HC_CELL_START, 1);
	host.notify = NULL;
	core_must(BH_HC_CELL_STOP, 1);
	core_must(BH_HC_CELL_DESTROY, 1);
	core_stop();
}

/* ---- all of it at random ---- */

struct plan {
	bool made;
	struct request r;
};

static bool plan_owns(const struct plan *plan, u64 page)
{
	for (u32 i = 0; plan->made && i < plan->r.desc.memory.count; i++) {
		const struct bh_memory *region = &plan->r.memory[i];

		if (!(region->flags & (BH_MEM_COMM | BH_MEM_ROOTSHARED)) &&
		    page - region->phys < region->size)
			return true;
	}
	return false;
}

#define PLANS 6
#define AREA (16 * MIB)

static void owners_compare(const struct plan *plans)
{
	for (u64 page = CORE_FREE; page < CORE_FREE + AREA; page += PAGE_SIZE) {
		u32 owner = BH_OWNER_ROOT;

		for (u32 id = 1; id <= PLANS; id++)
			if (plan_owns(&plans[id], page))
				owner = id;
		g_assert_cmpuint(core_owner(page), ==, owner);
	}
}

static void plan_random(struct plan *plan, u32 id)
{
	g_autofree char *name = g_strdup_printf("cell %u", id);
	u64 virt = 0;

	request_init(&plan->r, id, name);
	request_cpu(&plan->r, g_test_rand_int_range(1, CORE_CPUS));
	if (g_test_rand_bit())
		request_memory(&plan->r, 0, 256 * MIB, BH_COMM_SIZE, COMM_FLAGS);
	for (int i = g_test_rand_int_range(1, 12); i; i--) {
		u64 size = PAGE_SIZE * g_test_rand_int_range(1, g_test_rand_bit() ? 4 : 700);
		u32 flags = RAM_FLAGS;

		if (g_test_rand_int_range(0, 4) == 0)
			flags |= BH_MEM_ROOTSHARED;
		if (g_test_rand_int_range(0, 4) == 0)
			flags |= BH_MEM_NO_HUGEPAGES;
		request_memory(
			&plan->r,
			CORE_FREE + PAGE_SIZE * g_test_rand_int_range(0, (AREA - size) / PAGE_SIZE),
			virt, size, flags);
		virt += size + PAGE_SIZE * g_test_rand_int_range(0, 3);
	}
}

static void test_random(gconstpointer data)
{
	g_autofree struct plan *plans = g_new0(struct plan, PLANS + 1);
	g_autofree char *before = NULL, *after = NULL;
	u32 created = 0;

	core_start(GPOINTER_TO_UINT(data));
	for (u32 id = 1; id < CORE_CPUS; id++)
		cpu_get(id)->mode = CPU_WAITING;
	before = core_picture();
	for (u32 round = 0; round < 5000; round++) {
		u32 id = g_test_rand_int_range(1, PLANS + 1);
		struct plan *plan = &plans[id], next;
		struct bh_error error;

		event_ack(shared->events.tail);
		if (plan->made && g_test_rand_bit()) {
			core_must(BH_HC_CELL_STOP, id);
			core_must(BH_HC_CELL_DESTROY, id);
			plan->made = false;
		} else if (plan->made) {
			core_must(BH_HC_CELL_STOP, id);
			if (g_test_rand_bit())
				core_must(BH_HC_CELL_START, id);
		} else {
			plan_random(&next, id);
			if (!core_create(&next.r, &error)) {
				*plan = next;
				plan->made = true;
				created++;
			}
		}
		if (round % 8 == 0)
			owners_compare(plans);
	}
	g_assert_cmpuint(created, >, 50);
	for (u32 id = 1; id <= PLANS; id++) {
		if (!plans[id].made)
			continue;
		core_must(BH_HC_CELL_STOP, id);
		core_must(BH_HC_CELL_DESTROY, id);
	}
	after = core_picture();
	*strstr(before, "\nevents ") = '\0';
	*strstr(after, "\nevents ") = '\0';
	g_assert_cmpstr(after, ==, before);
	core_stop();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/cell/clearing-1g", GUINT_TO_POINTER(2), test_clearing);
	g_test_add_data_func("/cell/clearing-2m", GUINT_TO_POINTER(1), test_clearing);
	g_test_add_func("/cell/shared", test_shared);
	g_test_add_func("/cell/shared-otherwise", test_shared_otherwise);
	g_test_add_func("/cell/rights", test_rights);
	g_test_add_func("/cell/between-steps", test_between_steps);
	g_test_add_func("/cell/comm-content", test_comm_content);
	g_test_add_func("/cell/comm-writes", test_comm_writes);
	g_test_add_func("/cell/comm-read-only", test_comm_read_only);
	for (u32 i = 0; i < G_N_ELEMENTS(asking_calls); i++) {
		g_autofree char *approve = g_strdup_printf("/cell/approve-%u", asking_calls[i]);
		g_autofree char *deny = g_strdup_printf("/cell/deny-%u", asking_calls[i]);

		g_test_add_data_func(approve, GUINT_TO_POINTER(asking_calls[i]), test_approve);
		g_test_add_data_func(deny, GUINT_TO_POINTER(asking_calls[i]), test_deny);
	}
	g_test_add_data_func("/cell/silence", GUINT_TO_POINTER(25), test_silence);
	g_test_add_data_func("/cell/silence-default", NULL, test_silence);
	g_test_add_func("/cell/not-asked", test_not_asked);
	g_test_add_func("/cell/reconfigured", test_reconfigured);
	g_test_add_func("/cell/force", test_force);
	g_test_add_func("/cell/hypercalls", test_hypercalls);
	g_test_add_func("/cell/cpu-moves", test_cpu_moves);
	g_test_add_func("/cell/cpu-requests", test_cpu_requests);
	g_test_add_func("/cell/cpu-silent", test_cpu_silent);
	g_test_add_func("/cell/last-step", test_last_step);
	g_test_add_func("/cell/abandon", test_abandon);
	g_test_add_data_func("/cell/random-1g", GUINT_TO_POINTER(2), test_random);
	g_test_add_data_func("/cell/random-2m", GUINT_TO_POINTER(1), test_random);
	return g_test_run();
}
