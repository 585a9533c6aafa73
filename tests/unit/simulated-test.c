// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulated machine through the interface of every back-end, as the daemon uses it. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bulkhead/ring.h>
#include "bh-backend.h"
#include "bh-machine.h"

#define MIB (1ull << 20)
#define WAIT_MS 10000 /* the bound on every wait; what is waited for is an event */

typedef struct {
	struct bh_cell_desc desc;
	uint32_t cpus[2];
	struct bh_memory memory[2];
	struct bh_link link;
} Cell;

typedef struct {
	struct bh_backend *b;
	struct bh_device_error error;
} Fixture;

#define CALL(f, op, ...) ((f)->b->ops->op((f)->b, ##__VA_ARGS__, &(f)->error))
#define DONE(f, op, ...)                                                 \
	do {                                                             \
		if (CALL(f, op, ##__VA_ARGS__))                          \
			g_error("%s refused: %s", #op, (f)->error.text); \
	} while (0)
#define REFUSED(f, number, sentence, op, ...)                               \
	do {                                                                \
		g_assert_cmpint(CALL(f, op, ##__VA_ARGS__), ==, -(number)); \
		g_assert_cmpint((f)->error.errno_, ==, number);             \
		g_assert_cmpstr((f)->error.text, ==, sentence);             \
	} while (0)

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->b = bh_backend_open_simulated(NULL, &f->error);
	g_assert_nonnull(f->b);
	DONE(f, enable, 0, NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	f->b->ops->free(f->b);
}

static void cell_describe(Cell *cell, const char *name, uint32_t cpu)
{
	*cell = (Cell){
		.desc =
			{
				.magic = BH_CELL_DESC_MAGIC,
				.version = BH_CELL_DESC_VERSION,
				.arch = BH_ARCH_X86,
				.size = sizeof(Cell),
				.flags = BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE,
				.reply_timeout_ms = 100,
				.cpus = {offsetof(Cell, cpus), 1},
				.memory = {offsetof(Cell, memory), 2},
			},
		.cpus = {cpu},
		.memory =
			{
				{BH_PHYS_ANY, 0, MIB,
				 BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_LOADABLE, 0},
				{0, BH_COMM_ADDRESS_X86, BH_COMM_SIZE,
				 BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM, 0},
			},
	};
	g_strlcpy(cell->desc.name, name, sizeof(cell->desc.name));
}

static uint32_t cell_make(Fixture *f, const char *name, uint32_t cpu)
{
	Cell cell;
	uint32_t id = 0;

	cell_describe(&cell, name, cpu);
	DONE(f, create, &cell.desc, &id);
	g_assert_cmpuint(id, ==, cell.desc.id);
	g_assert_cmphex(cell.memory[0].phys, !=, BH_PHYS_ANY);
	return id;
}

static uint32_t cell_run(Fixture *f, const char *name, uint32_t cpu, const char *script)
{
	struct bh_image image = {
		.type = BH_IMAGE_TEXT, .text = (uintptr_t)script, .text_size = strlen(script)};
	uint32_t id = cell_make(f, name, cpu);

	DONE(f, load, id, &image, 1);
	DONE(f, start, id);
	return id;
}

static int stream_open(Fixture *f, uint32_t stream, uint32_t id, bool from_start)
{
	struct bh_stream call = {
		.call.flags = from_start ? BH_STREAM_FROM_START : 0, .stream = stream, .id = id};
	int fd = CALL(f, stream, &call);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, !=, 0);
	g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
	return fd;
}

static ssize_t stream_read(int fd, void *to, size_t size)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	g_assert_cmpint(poll(&poller, 1, WAIT_MS), ==, 1);
	return read(fd, to, size);
}

/* The next line, without its end. */
static char *line_read(int fd)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char c;

	while (stream_read(fd, &c, 1) == 1 && c != '\n')
		g_string_append_c(line, c);
	return g_string_free(g_steal_pointer(&line), FALSE);
}

#define LINE(fd, expected)                             \
	do {                                           \
		g_autofree char *line = line_read(fd); \
		g_assert_cmpstr(line, ==, expected);   \
	} while (0)

/* The next event of that type and cell. */
static struct bh_event event_await(int fd, uint32_t type, uint32_t cell)
{
	struct bh_event event;

	do
		g_assert_cmpint(stream_read(fd, &event, sizeof(event)), ==, sizeof(event));
	while (event.type != type || event.cell != cell);
	return event;
}

static struct bh_info_cell cell_info(Fixture *f, uint32_t id)
{
	struct bh_info info;

	DONE(f, info, &info);
	for (uint32_t i = 0; i < info.cell_count; i++)
		if (info.cell[i].id == id)
			return info.cell[i];
	g_error("cell %u is not in the information", id);
}

static void test_life(Fixture *f, gconstpointer data)
{
	struct bh_info before, after;
	struct bh_info_cpu cpu;
	uint8_t buffer[4096];
	uint32_t id, size = sizeof(buffer);
	int console, events = stream_open(f, BH_STREAM_EVENTS, 0, false);

	(void)data;
	DONE(f, info, &before);
	g_assert_cmpuint(before.state, ==, BH_STATE_ENABLED);
	g_assert_cmpuint(before.cell_count, ==, 1);
	g_assert_cmpuint(before.memory_count, ==, 1);
	id = cell_run(f, "life", 2, "#!bulkhead-simulated\nprint hello from a script\nbeat 5\n");
	g_assert_cmpuint(id, ==, 1);
	console = stream_open(f, BH_STREAM_CONSOLE, id, true);
	LINE(console, "hello from a script");
	LINE(console, "heartbeat 1");
	LINE(console, "heartbeat 2");

	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, id).value, ==, BH_CELL_RUNNING);
	DONE(f, info_cpu, 2, &cpu);
	g_assert_cmpuint(cpu.cell, ==, id);
	g_assert_cmpuint(cpu.state, ==, BH_CPU_RUNNING);
	g_assert_cmpuint(cpu.counters[BH_COUNTER_HYPERCALL], >=, strlen("hello from a script"));
	DONE(f, descriptor, id, buffer, &size);
	g_assert_cmpuint(size, ==, sizeof(Cell));
	g_assert_cmpstr(((struct bh_cell_desc *)buffer)->name, ==, "life");

	DONE(f, stop, id, false);
	g_assert_cmpuint(cell_info(f, id).state, ==, BH_CELL_SHUT_DOWN);
	g_assert_cmpuint(cell_info(f, id).loadable, ==, 1);
	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, id).value, ==, BH_CELL_SHUT_DOWN);
	/* The script is there still and begins anew. */
	DONE(f, start, id);
	do {
		g_autofree char *line = line_read(console);

		if (!strcmp(line, "hello from a script"))
			break;
		g_assert_true(g_str_has_prefix(line, "heartbeat "));
	} while (true);
	LINE(console, "heartbeat 1");
	DONE(f, destroy, id, false);
	DONE(f, info, &after);
	/* Running, shut down, running once more; what else it is told of is not our business here. */
	g_assert_cmpuint(after.events_next, >=, before.events_next + 3);
	after.events_next = before.events_next;
	g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
	close(console);
	close(events);
}

static void test_crash(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *word;
		uint32_t kind;
		uint64_t address;
	} crashes[] = {
		{"crash memory 0xdead0000", BH_KIND_MEMORY, 0xdead0000},
		{"crash pio 0x70", BH_KIND_PIO, 0x70},
		{"crash msr 0x1234", BH_KIND_MSR, 0x1234},
		{"crash irq 0x300", BH_KIND_IRQ, 0x300},
		{"crash cpu 1", BH_KIND_CPU, BH_CPU_TRIPLE_FAULT},
		{"crash instruction 0x2000", BH_KIND_INSTRUCTION, 0x2000},
		{"crash pci 0x18010", BH_KIND_PCI, 0x18010},
	};
	int events = stream_open(f, BH_STREAM_EVENTS, 0, false);

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
		g_autofree char *script = g_strdup_printf(
			"#!bulkhead-simulated\nwait 2\n%s\nprint not reached\n", crashes[i].word);
		struct bh_event event;
		struct bh_info_cpu cpu;
		uint32_t id = cell_run(f, "crash", 1, script);

		event = event_await(events, BH_EVENT_VIOLATION, id);
		g_assert_cmpuint(event.kind, ==, crashes[i].kind);
		g_assert_cmphex(event.address, ==, crashes[i].address);
		g_assert_cmpuint(event.cpu, ==, 1);
		g_assert_cmphex(event.flags & BH_EVENT_STOPPED, ==, BH_EVENT_STOPPED);
		g_assert_cmpuint(event_await(events, BH_EVENT_CPU_FAILED, id).cpu, ==, 1);
		g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, id).value, ==,
				 BH_CELL_FAILED);
		DONE(f, info_cpu, 1, &cpu);
		g_assert_cmpuint(cpu.state, ==, BH_CPU_FAILED);
		g_assert_cmpuint(cell_info(f, id).violations[crashes[i].kind], ==, 1);
		DONE(f, destroy, id, false);
	}
	close(events);
}

static void test_ignored(Fixture *f, gconstpointer data)
{
	uint32_t id = cell_make(f, "ignored", 1);
	const char *script = "#!bulkhead-simulated\ncrash memory 0xdead0000\ncrash hypercall 1\n"
			     "nonsense\nprint still here\nstate failed\n";
	struct bh_image image = {
		.type = BH_IMAGE_TEXT, .text = (uintptr_t)script, .text_size = strlen(script)};
	int console, events = stream_open(f, BH_STREAM_EVENTS, 0, false);

	(void)data;
	DONE(f, policy, id, BH_KIND_MEMORY, BH_POLICY_IGNORE);
	DONE(f, load, id, &image, 1);
	console = stream_open(f, BH_STREAM_CONSOLE, id, false);
	DONE(f, start, id);
	LINE(console, "simulated payload: this line is not understood: nonsense");
	LINE(console, "still here");
	g_assert_cmpuint(event_await(events, BH_EVENT_VIOLATION, id).flags & BH_EVENT_STOPPED, ==,
			 0);
	g_assert_cmpuint(event_await(events, BH_EVENT_VIOLATION, id).kind, ==, BH_KIND_HYPERCALL);
	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, id).value, ==, BH_CELL_FAILED);
	close(console);
	close(events);
}

static void test_messages(Fixture *f, gconstpointer data)
{
	uint32_t deny = cell_run(f, "deny", 1, "#!bulkhead-simulated\ndeny-shutdown\nbeat 1\n");
	uint32_t ignore = cell_run(f, "ignore", 2, "#!bulkhead-simulated\nignore-shutdown\n");
	uint32_t locked = cell_make(f, "locked", 3);
	const char *script = "#!bulkhead-simulated\nstate running/locked\n";
	struct bh_image image = {
		.type = BH_IMAGE_TEXT, .text = (uintptr_t)script, .text_size = strlen(script)};
	int events, console = stream_open(f, BH_STREAM_CONSOLE, deny, true);
	Cell other;

	(void)data;
	LINE(console, "heartbeat 1");
	REFUSED(f, EPERM, "cell \"deny\" has denied the request to shut down", stop, deny, false);
	g_assert_cmpuint(cell_info(f, deny).state, ==, BH_CELL_RUNNING);
	g_assert_cmpuint(f->error.reason, ==, BH_R_CORE);
	g_assert_cmpuint(f->error.core.code, ==, BH_E_CELL_DENIED);

	events = stream_open(f, BH_STREAM_EVENTS, 0, false);
	DONE(f, load, locked, &image, 1);
	DONE(f, start, locked);
	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, locked).value, ==,
			 BH_CELL_RUNNING);
	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, locked).value, ==,
			 BH_CELL_RUNNING_LOCKED);
	REFUSED(f, EPERM, "cell \"locked\" has locked the configuration (state running/locked)",
		destroy, ignore, false);
	cell_describe(&other, "other", 1);
	REFUSED(f, EPERM, "cell \"locked\" has locked the configuration (state running/locked)",
		create, &other.desc, NULL);
	DONE(f, destroy, locked, false);

	/* It does not answer within its 100 ms: it is given up as failed, and then stopped. */
	DONE(f, stop, ignore, false);
	g_assert_cmpuint(event_await(events, BH_EVENT_CELL_STATE, ignore).value, ==,
			 BH_CELL_FAILED);
	REFUSED(f, EBUSY, "2 cells still exist: destroy them first", disable, false);
	DONE(f, disable, true);
	close(events);
	close(console);
}

static int file_make(const void *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, data, size), ==, size);
	return fd;
}

static void test_images(Fixture *f, gconstpointer data)
{
	const char *script = "#!bulkhead-simulated\nprint out of a file\n";
	int fd = file_make(script, strlen(script)), console;
	struct bh_image image = {.fd = fd, .type = BH_IMAGE_RAW, .address = MIB - 16};
	struct bh_image images[BH_IMAGES_MAX + 1] = {};
	uint32_t id = cell_make(f, "images", 1);

	(void)data;
	g_assert_cmpint(CALL(f, load, id, &image, 1), ==, -EINVAL);
	g_assert_cmpuint(f->error.reason, ==, BH_R_IMAGE);
	g_assert_true(g_str_has_suffix(f->error.text, "0x100000 is in no loadable memory region of "
						      "cell \"images\""));
	image.address = 0x2000;
	image.type = BH_IMAGE_ELF;
	REFUSED(f, ENOEXEC, "image 0 is no ELF file for x86: load it as raw, with an address", load,
		id, &(struct bh_image){.fd = file_make(f->b, 64), .type = BH_IMAGE_ELF}, 1);
	g_assert_cmpint(CALL(f, load, id, &image, 1), ==, -ENOEXEC);
	image.fd = -1;
	REFUSED(f, EBADF, "image 0: -1 is no open file", load, id, &image, 1);
	image.type = 9;
	REFUSED(f, EINVAL, "image 0: type 9 is unknown or a reserved field is set", load, id,
		&image, 1);
	REFUSED(f, EINVAL, "17 images, at most 16 are possible", load, id, images,
		G_N_ELEMENTS(images));
	image = (struct bh_image){.fd = fd, .type = BH_IMAGE_RAW, .address = 0x2000};
	DONE(f, load, id, &image, 1);
	console = stream_open(f, BH_STREAM_CONSOLE, id, true);
	DONE(f, start, id);
	LINE(console, "out of a file");
	close(console);
	close(fd);
}

static void test_elf(Fixture *f, gconstpointer data)
{
	/*
	 * This program itself is an ELF file; it has a segment at 0, or at least not one below 1 MiB free. The simulated machine
	 * is a PC, whatever this one is.
	 */
	struct bh_image image = {.type = BH_IMAGE_ELF};
	g_autofree char *program = NULL;
	uint32_t id;
	gsize size;
	Cell cell;
	int console;

	(void)data;
	g_assert_true(g_file_get_contents("/proc/self/exe", &program, &size, NULL));
	((Elf64_Ehdr *)program)->e_machine = EM_X86_64;
	image.fd = file_make(program, size);
	cell_describe(&cell, "elf", 1);
	cell.memory[0].virt = 256 * MIB;
	cell.memory[0].size = 64 * MIB;
	cell.desc.reset_address = cell.memory[0].virt;
	DONE(f, create, &cell.desc, &id);
	image.address = cell.memory[0].virt;
	DONE(f, load, id, &image, 1);
	console = stream_open(f, BH_STREAM_CONSOLE, id, true);
	DONE(f, start, id);
	LINE(console, "simulated machine: the image is not executed, a heartbeat stands for it");
	LINE(console, "heartbeat 1");
	close(image.fd);
	close(console);
}

/* A Linux cell can be typed at, more than its UART keeps at a time; nothing else can. */
static void test_input(Fixture *f, gconstpointer data)
{
	uint32_t id, came = 0;
	char text[200], c;
	Cell cell;
	int console;

	(void)data;
	cell_describe(&cell, "linux", 1);
	cell.desc.flags |= BH_CELL_PC | BH_CELL_PASSIVE_COMM;
	DONE(f, create, &cell.desc, &id);
	console = stream_open(f, BH_STREAM_CONSOLE, id, true);
	DONE(f, start, id);
	LINE(console, "simulated machine: the image is not executed, a heartbeat stands for it");
	memset(text, 'x', sizeof(text));
	g_assert_cmpint(write(console, text, sizeof(text)), ==, sizeof(text));
	/* A heartbeat may come in between. */
	while (came < sizeof(text) && stream_read(console, &c, 1) == 1)
		came += c == 'x';
	g_assert_cmpuint(came, ==, sizeof(text));
	close(console);

	id = cell_run(f, "other", 2, "#!bulkhead-simulated\nprint hello");
	console = stream_open(f, BH_STREAM_CONSOLE, id, true);
	LINE(console, "hello");
	g_assert_cmpint(send(console, "x", 1, MSG_NOSIGNAL), ==, -1);
	g_assert_cmpint(errno, ==, EPIPE);
	close(console);
}

static void test_refused(Fixture *f, gconstpointer data)
{
	uint32_t id = cell_make(f, "first", 1), size = 8;
	struct bh_device_error second;
	struct bh_info before, after;
	struct bh_info_cpu cpu;
	Cell cell;

	(void)data;
	DONE(f, info, &before);
	cell_describe(&cell, "second", 1);
	REFUSED(f, EBUSY, "CPU 1 belongs to cell \"first\"", create, &cell.desc, NULL);
	cell_describe(&cell, "second", 0);
	REFUSED(f, EBUSY, "CPU 0 is the boot CPU, which stays with the root", create, &cell.desc,
		NULL);
	cell_describe(&cell, "second", 9);
	REFUSED(f, EINVAL, "CPU 9 does not exist (highest: 3)", create, &cell.desc, NULL);
	cell_describe(&cell, "first", 2);
	REFUSED(f, EEXIST, "cell \"first\" has the same name", create, &cell.desc, NULL);
	cell_describe(&cell, "second", 2);
	cell.desc.id = id;
	REFUSED(f, EEXIST, "cell id 1 is in use by cell \"first\"", create, &cell.desc, NULL);
	cell_describe(&cell, "second", 2);
	cell.memory[0].phys = 0x200000;
	REFUSED(f, EBUSY, "memory region 0: 0x200000 belongs to the root", create, &cell.desc,
		NULL);
	cell_describe(&cell, "second", 2);
	cell.memory[0].phys = before.core_memory.start;
	g_assert_cmpint(CALL(f, create, &cell.desc, NULL), ==, -EBUSY);
	g_assert_cmpuint(f->error.core.owner, ==, BH_OWNER_CORE);
	cell_describe(&cell, "second", 2);
	cell.memory[0].size = 1ull << 40;
	REFUSED(f, ENOMEM, "the simulated Linux cannot give away 0x10000000000 bytes in one piece",
		create, &cell.desc, NULL);
	cell_describe(&cell, "second", 2);
	cell.desc.magic = 0;
	REFUSED(f, EINVAL, "this is not a cell descriptor (magic 0x0)", create, &cell.desc, NULL);
	cell_describe(&cell, "second", 2);
	cell.desc.memory.count = 1u << 31;
	REFUSED(f, E2BIG, "2147483648 memory regions, at most 256 are possible", create, &cell.desc,
		NULL);

	REFUSED(f, EBUSY, "Bulkhead is enabled already", enable, 0, NULL);
	REFUSED(f, ENOENT, "there is no cell 7", start, 7);
	REFUSED(f, EINVAL, "the root cell cannot be changed in this way", destroy, 0, true);
	REFUSED(f, ENOENT, "there is no cell 7", stream,
		(&(struct bh_stream){.stream = BH_STREAM_CONSOLE, .id = 7}));
	REFUSED(f, EINVAL, "there is no stream 9", stream, (&(struct bh_stream){.stream = 9}));
	REFUSED(f, EINVAL, "there is no policy 2", policy, id, BH_KIND_PIO, 2);
	REFUSED(f, EINVAL, "CPU 4 does not exist (highest: 3)", info_cpu, 4, &cpu);
	g_assert_cmpint(CALL(f, descriptor, id, &cell, &size), ==, -ENOSPC);
	g_assert_cmpuint(size, ==, sizeof(Cell));
	DONE(f, info, &after);
	g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));

	g_assert_null(bh_backend_open_simulated(NULL, &second));
	g_assert_cmpint(second.errno_, ==, EBUSY);
	DONE(f, disable, true);
	REFUSED(f, EINVAL, "Bulkhead is not enabled", start, id);
	REFUSED(f, EINVAL, "Bulkhead is not enabled", info_cpu, 0, &cpu);
	DONE(f, info, &after);
	g_assert_cmpuint(after.state, ==, BH_STATE_DISABLED);
	g_assert_cmpuint(after.cell_count, ==, 0);
}

/* More memory than the enable took, and its return; a cell above 4 GiB is not needed for it. */
static void test_memory(Fixture *f, gconstpointer data)
{
	struct bh_range reserved = {512 * MIB, 64 * MIB};
	struct bh_info before, during, after;
	uint32_t id;
	Cell cell;

	(void)data;
	DONE(f, info, &before);
	cell_describe(&cell, "large", 1);
	cell.memory[0].virt = 256 * MIB;
	cell.memory[0].size = 300 * MIB;
	cell.desc.reset_address = cell.memory[0].virt;
	DONE(f, create, &cell.desc, &id);
	DONE(f, info, &during);
	/* The core is at the start of what was there before. */
	g_assert_cmpuint(before.memory_count, ==, 1);
	g_assert_cmpuint(during.memory_count, ==, 2);
	g_assert_cmphex(during.memory[0].start, ==, before.core_memory.start - 384 * MIB);
	g_assert_cmpuint(during.memory[0].size, ==, 384 * MIB);
	DONE(f, destroy, id, true);
	DONE(f, info, &after);
	g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));

	DONE(f, disable, false);
	DONE(f, enable, 0, &reserved);
	cell_describe(&cell, "fixed", 1);
	cell.memory[0].phys = reserved.start + 32 * MIB;
	DONE(f, create, &cell.desc, &id);
	cell_describe(&cell, "again", 2);
	cell.memory[0].phys = reserved.start + 32 * MIB;
	REFUSED(f, EBUSY, "memory region 0: 0x22000000 belongs to cell \"fixed\"", create,
		&cell.desc, NULL);
	DONE(f, destroy, id, true);
	DONE(f, disable, false);
	reserved.start = 64ull << 30;
	REFUSED(f, EINVAL,
		"the reserved range of 0x4000000 bytes at 0x1000000000 is not RAM of the machine",
		enable, 0, &reserved);
}

/* A reader that does not read loses the oldest text, nobody else anything. */
static void test_slow_reader(Fixture *f, gconstpointer data)
{
	g_autoptr(GString) script = g_string_new("#!bulkhead-simulated\n");
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[4096];
	uint32_t id;
	int slow, other;

	(void)data;
	for (int i = 0; i < 500; i++)
		g_string_append_printf(script, "print %099d\n", i);
	id = cell_make(f, "loud", 1);
	slow = stream_open(f, BH_STREAM_CONSOLE, id, true);
	other = stream_open(f, BH_STREAM_CONSOLE, id, true);
	DONE(f, load, id,
	     &(struct bh_image){.type = BH_IMAGE_TEXT,
				.text = (uintptr_t)script->str,
				.text_size = script->len},
	     1);
	DONE(f, start, id);
	while (!g_str_has_suffix(text->str, "499\n")) {
		ssize_t n = stream_read(other, buffer, sizeof(buffer));

		g_assert_cmpint(n, >, 0);
		g_string_append_len(text, buffer, n);
	}
	close(other);
	/* What the ring holds at least is there for the slow one as well. */
	g_string_truncate(text, 0);
	while (!g_str_has_suffix(text->str, "499\n")) {
		ssize_t n = stream_read(slow, buffer, sizeof(buffer));

		g_assert_cmpint(n, >, 0);
		g_string_append_len(text, buffer, n);
	}
	g_assert_cmpuint(text->len, >=, BH_TEXT_RING_SIZE);
	close(slow);
}

/* A stream that is wanted whole ends where it is not; its position tells the place of each byte. */
static void test_whole(Fixture *f, gconstpointer data)
{
	struct bh_stream first = {.stream = BH_STREAM_CONSOLE,
				  .call.flags = BH_STREAM_WHOLE | BH_STREAM_FROM_START};
	struct bh_stream last = first, anew = first;
	g_autoptr(GString) script = g_string_new("#!bulkhead-simulated\n");
	uint64_t count = 0;
	char buffer[4096];
	uint32_t id;
	int slow, other;
	ssize_t n;

	(void)data;
	for (int i = 0; i < 500; i++)
		g_string_append_printf(script, "print %099d\n%s", i,
				       i % 100 == 99 ? "wait 1\n" : "");
	id = first.id = last.id = anew.id = cell_make(f, "loud", 1);
	slow = CALL(f, stream, &first);
	g_assert_cmpint(slow, >=, 0);
	g_assert_cmpuint(first.position, ==, 0);
	other = stream_open(f, BH_STREAM_CONSOLE, id, true);
	DONE(f, load, id,
	     &(struct bh_image){.type = BH_IMAGE_TEXT,
				.text = (uintptr_t)script->str,
				.text_size = script->len},
	     1);
	/* More than a socket and the ring can hold. */
	for (int round = 0; round < 20; round++) {
		DONE(f, start, id);
		for (size_t left = 50000; left; left -= n) {
			n = stream_read(other, buffer, MIN(left, sizeof(buffer)));
			g_assert_cmpint(n, >, 0);
		}
		DONE(f, stop, id, true);
	}
	close(other);
	while ((n = stream_read(slow, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < n; i++, count++)
			if (count % 100 == 99)
				g_assert_cmpint(buffer[i], ==, '\n');
	g_assert_cmpint(n, ==, 0);
	g_assert_cmpuint(count, <, 1000000 - BH_TEXT_RING_SIZE);
	close(slow);

	other = CALL(f, stream, &last);
	g_assert_cmpuint(last.generation, ==, first.generation);
	g_assert_cmpuint(last.position, ==, 1000000 - BH_TEXT_RING_SIZE);
	DONE(f, destroy, id, true);
	g_assert_cmpuint(cell_make(f, "again", 1), ==, id);
	while ((n = stream_read(other, buffer, sizeof(buffer))) > 0)
		last.position += n;
	g_assert_cmpint(n, ==, 0);
	g_assert_cmpuint(last.position, ==, 1000000);
	close(other);
	other = CALL(f, stream, &anew);
	g_assert_cmpuint(anew.generation, !=, first.generation);
	g_assert_cmpuint(anew.position, ==, 0);
	close(other);
}

/* Eight CPUs, memory above 4 GiB, a PCI function with MSI-X. */
static char *machine_save(void)
{
	g_autoptr(BhMachine) simple = bh_machine_new_simple(8, 8192 * MIB), machine = NULL;
	g_autoptr(JsonNode) node = bh_machine_to_json(simple);
	JsonObject *object = json_node_get_object(node);
	g_autoptr(GError) error = NULL;
	char *path = NULL;
	int fd = g_file_open_tmp("machine-XXXXXX.json", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	json_array_add_element(
		json_object_get_array_member(object, "devices"),
		json_from_string(
			"{'address': '0000:00:03.0', 'vendor': 6900, 'device': 4161, "
			"'subvendor': 6900, 'subdevice': 1, 'class': 131072, 'bridge': false, "
			"'bars': [{'index': 1, 'start': '0x27f000000', 'size': '0x4000', "
			"'io': false, 'is_64bit': true, 'prefetchable': true}, "
			"{'index': 0, 'start': '0xc000', 'size': '0x20', 'io': true, "
			"'is_64bit': false, 'prefetchable': false}], "
			"'irq': 11, 'msi': 0, 'msix': 3, 'reset_methods': [], 'used_for': [], "
			"'node': 0}",
			&error));
	g_assert_no_error(error);
	machine = bh_machine_from_json(node, &error);
	g_assert_no_error(error);
	bh_machine_save(machine, path, &error);
	g_assert_no_error(error);
	return path;
}

static void test_described(void)
{
	g_autofree char *path = machine_save();
	Fixture f = {};
	struct {
		Cell cell;
		struct bh_pci pci;
	} with_device = {}, other;
	struct bh_info_cpu cpu;
	uint32_t id;

	f.b = bh_backend_open_simulated(path, &f.error);
	g_assert_nonnull(f.b);
	g_assert_true(f.b->simulated);
	DONE(&f, enable, 0, NULL);
	DONE(&f, info_cpu, 7, &cpu);
	g_assert_cmpuint(cpu.apic_id, ==, 7);
	cell_describe(&with_device.cell, "device", 7);
	with_device.cell.desc.size = sizeof(with_device);
	with_device.cell.desc.pci =
		(struct bh_table){(char *)&with_device.pci - (char *)&with_device, 1};
	with_device.pci.bdf = 4 << 3;
	REFUSED(&f, ENODEV, "there is no PCI device 00:04.0", create, &with_device.cell.desc, NULL);
	with_device.pci.bdf = 3 << 3;
	other = with_device;
	DONE(&f, create, &with_device.cell.desc, &id);
	g_assert_cmphex(with_device.cell.memory[0].phys, >, 4096 * MIB);
	g_strlcpy(other.cell.desc.name, "other", sizeof(other.cell.desc.name));
	other.cell.cpus[0] = 6;
	other.cell.desc.id = 0;
	other.cell.memory[0].phys = BH_PHYS_ANY;
	REFUSED(&f, EBUSY, "PCI device 00:03.0 belongs to cell \"device\"", create,
		&other.cell.desc, NULL);
	DONE(&f, destroy, id, true);
	f.b->ops->free(f.b);
	g_assert_cmpint(unlink(path), ==, 0);
}

static void test_file(void)
{
	struct bh_device_error error;
	struct bh_backend *b = bh_backend_open_simulated("/nonexistent.json", &error);

	g_assert_null(b);
	g_assert_cmpuint(error.reason, ==, BH_R_MACHINE);
	g_assert_nonnull(strstr(error.text, "/nonexistent.json"));
	/* It did not take the one place there is. */
	b = bh_backend_open_simulated(NULL, &error);
	g_assert_nonnull(b);
	b->ops->free(b);
}

static void test_links(Fixture *f, gconstpointer data)
{
	struct bh_info_link info;
	uint32_t id = 0;
	Cell cell;

	(void)data;
	REFUSED(f, ENOENT, "there is no link 0 or higher", info_link, 0, &info);
	cell_describe(&cell, "peer", 1);
	cell.desc.links = (struct bh_table){offsetof(Cell, link), 1};
	cell.link = (struct bh_link){
		.phys = BH_PHYS_ANY,
		.virt = 16 * MIB,
		.rw_size = 4096,
		.output_size = 8192,
		.number = 5,
		.protocol = 0x4001,
		.id = 1,
		.peers = 3,
		.vectors = 2,
		.root_vectors = 2,
		.root_id = 2,
	};
	DONE(f, create, &cell.desc, &id);
	DONE(f, info_link, 0, &info);
	g_assert_cmpuint(info.number, ==, 5);
	g_assert_cmpuint(info.protocol, ==, 0x4001);
	g_assert_cmpuint(info.peers, ==, 3);
	g_assert_cmpuint(info.root_vectors, ==, 2);
	g_assert_cmpuint(info.root_id, ==, 2);
	g_assert_cmphex(info.phys, ==, cell.link.phys);
	g_assert_cmpuint(info.rw_size, ==, 4096);
	g_assert_cmpuint(info.output_size, ==, 8192);
	g_assert_cmphex(info.peer[0].owner, ==, BH_OWNER_NOBODY);
	g_assert_cmpuint(info.peer[1].owner, ==, id);
	g_assert_cmpuint(info.peer[1].state, ==, 0);
	g_assert_cmpuint(info.peer[1].active_ns, ==, 0);
	g_assert_cmpuint(info.peer[2].owner, ==, BH_OWNER_ROOT);
	REFUSED(f, ENOENT, "there is no link 6 or higher", info_link, 6, &info);
	DONE(f, destroy, id, true);
	REFUSED(f, ENOENT, "there is no link 0 or higher", info_link, 0, &info);
	DONE(f, disable, false);
	REFUSED(f, EINVAL, "Bulkhead is not enabled", info_link, 0, &info);
}

#define TEST(name) g_test_add("/simulated/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/simulated/file", test_file);
	g_test_add_func("/simulated/described", test_described);
	TEST(life);
	TEST(crash);
	TEST(ignored);
	TEST(messages);
	TEST(images);
	TEST(elf);
	TEST(input);
	TEST(refused);
	TEST(memory);
	TEST(slow_reader);
	TEST(whole);
	TEST(links);
	return g_test_run();
}
