// SPDX-License-Identifier: GPL-2.0-or-later
/* Speaks to /dev/bulkhead directly: for tests and the demonstration. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "bh-device.h"
#include "bh-linux.h"
#include "describe.h"
#include "descriptor.h"

#define FAILED 1
#define USAGE 2

static bool plain;
static struct bh_device_error error;

static const char usage_text[] =
	"Usage: bulkhead-ctl [--plain] COMMAND …\n"
	"\n"
	"  enable [--memory SIZE] [--reserved SIZE@ADDRESS]\n"
	"  disable [--force]                 with --force, cells are destroyed first\n"
	"  create --name NAME --cpus LIST --memory SIZE[@VIRT][,phys=ADDRESS][,FLAG…] …\n"
	"         [--comm ADDRESS] [--pio BASE[,LENGTH]] [--irq PIN[@IOAPIC]] [--pci BUS:DEV.FN]\n"
	"         [--policy KIND=stop|ignore] [--reset ADDRESS] [--timeout MS] [--console]\n"
	"         [--uart ADDRESS] [--passive] [--pc] [--id N] [--flags N]\n"
	"         [--link NUMBER:PEER/PEERS@VIRT[,rw=SIZE][,output=SIZE][,protocol=N]\n"
	"                 [,vectors=N][,device=N][,phys=ADDRESS][,root=PEER][,root-vectors=N]]\n"
	"  create FILE                       a binary descriptor\n"
	"  load CELL [--raw|--elf] FILE[@ADDRESS] … [--text STRING[@ADDRESS]] …\n"
	"  linux CELL --kernel FILE [--initrd FILE] [--cmdline TEXT] [--loader FILE]\n"
	"  start CELL\n"
	"  stop [--force] CELL\n"
	"  destroy [--force] CELL\n"
	"  list | links | info | cpu N | descriptor CELL\n"
	"  events [--follow] [--count N] [--timeout SECONDS] [--from-start]\n"
	"  console [--follow] [--timeout SECONDS] [--until TEXT] CELL\n"
	"  type CELL TEXT                    at its console, and a newline\n"
	"  log [--follow]\n"
	"  policy CELL KIND stop|ignore\n"
	"\n"
	"CELL is a number or a name. Status: 0, 1 (failed, with a sentence), 2 (wrong usage).\n";

static int usage(void)
{
	fputs(usage_text, stderr);
	return USAGE;
}

static int failed(void)
{
	if (plain)
		fprintf(stderr, "error=%s errno=%d code=%s text=%s\n", bh_reason_word(error.reason),
			error.errno_, bh_error_word(error.core.code), error.text);
	else
		fprintf(stderr, "bulkhead-ctl: %s\n", error.text);
	return FAILED;
}

static int failed_file(const char *file)
{
	fprintf(stderr, "bulkhead-ctl: %s: %s\n", file, strerror(errno));
	return FAILED;
}

static bool cell_find(int fd, const char *word, uint32_t *id)
{
	struct bh_info info;
	uint64_t number;

	if (number_parse(word, "", &number, NULL)) {
		*id = number;
		return true;
	}
	if (bh_device_info(fd, &info, &error)) {
		failed();
		return false;
	}
	for (uint32_t i = 0; i < info.cell_count; i++)
		if (!strcmp(info.cell[i].name, word)) {
			*id = info.cell[i].id;
			return true;
		}
	if (info.state == BH_STATE_DISABLED)
		fprintf(stderr, "bulkhead-ctl: Bulkhead is not enabled\n");
	else
		fprintf(stderr, "bulkhead-ctl: there is no cell \"%s\"\n", word);
	return false;
}

/* Takes an option out of the arguments. */
static bool option_flag(int *argc, char **argv, const char *name)
{
	for (int i = 0; i < *argc; i++)
		if (!strcmp(argv[i], name)) {
			memmove(argv + i, argv + i + 1, (*argc - i) * sizeof(*argv));
			(*argc)--;
			return true;
		}
	return false;
}

static const char *option_value(int *argc, char **argv, const char *name)
{
	for (int i = 0; i + 1 < *argc; i++)
		if (!strcmp(argv[i], name)) {
			const char *value = argv[i + 1];

			memmove(argv + i, argv + i + 2, (*argc - i - 1) * sizeof(*argv));
			*argc -= 2;
			return value;
		}
	return NULL;
}

static int do_enable(int fd, int argc, char **argv)
{
	const char *memory = option_value(&argc, argv, "--memory");
	const char *reserved = option_value(&argc, argv, "--reserved");
	struct bh_range range = {0};
	uint64_t size = 0;

	if (argc || (memory && !number_parse(memory, "", &size, NULL)))
		return usage();
	if (reserved && (!number_parse(reserved, "@", &range.size, &reserved) || *reserved != '@' ||
			 !number_parse(reserved + 1, "", &range.start, NULL)))
		return usage();
	return bh_device_enable(fd, size, &range, &error) ? failed() : 0;
}

static int do_disable(int fd, int argc, char **argv)
{
	bool force = option_flag(&argc, argv, "--force");

	if (argc)
		return usage();
	return bh_device_disable(fd, force, &error) ? failed() : 0;
}

static void descriptor_print(const struct bh_cell_desc *desc)
{
	const struct bh_memory *memory = (const void *)((const char *)desc + desc->memory.offset);

	for (uint32_t i = 0; i < desc->memory.count; i++)
		if (!(memory[i].flags & BH_MEM_COMM))
			printf("%s%" PRIu32 "%sphys=0x%" PRIx64 " virt=0x%" PRIx64
			       " size=0x%" PRIx64 " flags=0x%" PRIx32 "\n",
			       plain ? "region=" : "  memory region ", i, plain ? " " : ": ",
			       memory[i].phys, memory[i].virt, memory[i].size, memory[i].flags);
}

static struct bh_cell_desc *descriptor_read(const char *file)
{
	struct bh_cell_desc *desc = calloc(1, BH_CELL_DESC_MAX + 1);
	FILE *stream = fopen(file, "rb");

	if (!stream || !desc) {
		failed_file(file);
	} else if (fread(desc, 1, BH_CELL_DESC_MAX + 1, stream) < sizeof(*desc) ||
		   desc->size > BH_CELL_DESC_MAX) {
		fprintf(stderr, "bulkhead-ctl: %s is not a cell descriptor\n", file);
	} else {
		fclose(stream);
		return desc;
	}
	if (stream)
		fclose(stream);
	free(desc);
	return NULL;
}

static int do_create(int fd, int argc, char **argv)
{
	struct bh_cell_desc *desc;
	int status = 0;
	uint32_t id;

	if (!argc)
		return usage();
	if (argc == 1 && argv[0][0] != '-')
		desc = descriptor_read(argv[0]);
	else
		/* getopt expects a program name before the options */
		desc = descriptor_from_options(argc + 1, argv - 1);
	if (!desc)
		return USAGE;
	if (bh_device_create(fd, desc, &id, &error)) {
		status = failed();
	} else {
		printf(plain ? "id=%" PRIu32 " name=%s\n" : "cell %" PRIu32 " \"%s\" created\n", id,
		       desc->name);
		descriptor_print(desc);
	}
	free(desc);
	return status;
}

/* NAME[@ADDRESS]: the last @ counts, and only before a number. */
static void image_split(char *word, uint64_t *address)
{
	char *at = strrchr(word, '@');

	*address = 0;
	if (at && number_parse(at + 1, "", address, NULL))
		*at = '\0';
}

static bool file_is_elf(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "\177ELF", 4);
}

static int do_load(int fd, int argc, char **argv)
{
	struct bh_image images[BH_IMAGES_MAX + 1] = {0};
	int type = -1, status = 0;
	size_t count = 0;
	uint32_t id;

	if (!argc)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	for (int i = 1; i < argc && !status; i++) {
		struct bh_image *image = &images[count];

		image->fd = -1;
		if (!strcmp(argv[i], "--raw")) {
			type = BH_IMAGE_RAW;
		} else if (!strcmp(argv[i], "--elf")) {
			type = BH_IMAGE_ELF;
		} else if (count == BH_IMAGES_MAX) {
			return usage();
		} else if (!strcmp(argv[i], "--text")) {
			if (++i == argc)
				return usage();
			image_split(argv[i], &image->address);
			image->type = BH_IMAGE_TEXT;
			image->text = (uintptr_t)argv[i];
			image->text_size = strlen(argv[i]) + 1;
			count++;
		} else {
			image_split(argv[i], &image->address);
			image->fd = open(argv[i], O_RDONLY | O_CLOEXEC);
			if (image->fd < 0)
				return failed_file(argv[i]);
			image->type = type >= 0		       ? type
				      : file_is_elf(image->fd) ? BH_IMAGE_ELF
							       : BH_IMAGE_RAW;
			count++;
		}
	}
	if (bh_device_load(fd, id, images, count, &error))
		status = failed();
	return status;
}

static bool kernel_read(void *file, uint64_t offset, void *to, size_t size)
{
	return pread(*(int *)file, to, size, offset) == (ssize_t)size;
}

static int open_sized(const char *file, uint64_t *size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status)) {
		failed_file(file);
		return -1;
	}
	*size = status.st_size;
	return fd;
}

/* The files of a Linux cell: the loader, the kernel, the initial file system. */
static bool linux_open(const char *loader, const char *kernel, const char *initrd,
		       struct bh_linux_request *request, struct bh_image *images)
{
	static uint8_t head[BH_LINUX_HEAD_SIZE];
	uint64_t loader_size;
	ssize_t got;

	images[0].fd = open_sized(loader ? loader : BH_LINUX_LOADER, &loader_size);
	images[1].fd = open_sized(kernel, &request->kernel_size);
	images[3].fd = initrd ? open_sized(initrd, &request->initrd_size) : -1;
	if (images[0].fd < 0 || images[1].fd < 0 || (initrd && images[3].fd < 0))
		return false;
	got = pread(images[1].fd, head, sizeof(head), 0);
	if (got < 0) {
		failed_file(kernel);
		return false;
	}
	request->head = head;
	request->head_size = got;
	request->read = kernel_read;
	request->file = &images[1].fd;
	return true;
}

static void image_text(struct bh_image *image, const void *text, size_t size, uint64_t address)
{
	*image = (struct bh_image){
		.address = address,
		.text = (uintptr_t)text,
		.text_size = size,
		.fd = -1,
		.type = BH_IMAGE_TEXT,
	};
}

static const char *linux_x86(const struct bh_linux_request *request, struct bh_image *images)
{
	static struct bh_linux plan;
	const char *why = bh_linux_build(request, &plan);

	images[1].address = plan.kernel_address;
	images[1].type = plan.is_elf ? BH_IMAGE_ELF : BH_IMAGE_RAW;
	image_text(&images[2], &plan.params, sizeof(plan.params), BH_LINUX_PARAMS);
	images[3].address = plan.initrd_address;
	return why;
}

static const char *linux_arm64(const struct bh_cell_desc *desc,
			       const struct bh_linux_request *request, struct bh_image *images)
{
	const uint32_t *cpus = (const void *)((const char *)desc + desc->cpus.offset);
	static struct bh_linux_arm64 plan;
	static struct bh_linux_board board;
	const char *why = bh_linux_board_read("", cpus, desc->cpus.count, &board);

	if (!why)
		why = bh_linux_pci_read("", desc, &board.pci);
	if (!why)
		why = bh_linux_build_arm64(request, &board, &plan);
	images[1].address = plan.kernel_address;
	image_text(&images[2], plan.dtb, plan.dtb_size, BH_LINUX_DTB);
	images[3].address = plan.initrd_address;
	image_text(&images[4], plan.words, strlen(plan.words) + 1, BH_LINUX_WORDS);
	return why;
}

/* Loads a kernel with what it needs; the cell starts as any other. */
static int do_linux(int fd, int argc, char **argv)
{
	const char *kernel = option_value(&argc, argv, "--kernel");
	const char *initrd = option_value(&argc, argv, "--initrd");
	const char *cmdline = option_value(&argc, argv, "--cmdline");
	const char *loader = option_value(&argc, argv, "--loader");
	static uint64_t descriptor[BH_CELL_DESC_MAX / 8];
	const struct bh_cell_desc *desc = (const void *)descriptor;
	struct bh_linux_request request = {.cmdline = cmdline ? cmdline : ""};
	struct bh_image images[5] = {0};
	uint32_t id, size = sizeof(descriptor), count = 3;
	const char *why;

	if (argc != 1 || !kernel)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	if (bh_device_descriptor(fd, id, descriptor, &size, &error))
		return failed();
	request.memory = (const void *)((const char *)desc + desc->memory.offset);
	request.memory_count = desc->memory.count;
	request.links = (const void *)((const char *)desc + desc->links.offset);
	request.link_count = desc->links.count;
	if (!linux_open(loader, kernel, initrd, &request, images))
		return FAILED;
	why = desc->arch == BH_ARCH_ARM64 ? linux_arm64(desc, &request, images)
					  : linux_x86(&request, images);
	if (why) {
		fprintf(stderr, "bulkhead-ctl: cell \"%s\": %s\n", desc->name, why);
		return FAILED;
	}
	if (initrd)
		count++;
	if (desc->arch == BH_ARCH_ARM64)
		images[count++] = images[4];
	return bh_device_load(fd, id, images, count, &error) ? failed() : 0;
}

static int do_start(int fd, int argc, char **argv)
{
	uint32_t id;

	if (argc != 1)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	return bh_device_start(fd, id, &error) ? failed() : 0;
}

static int do_stop(int fd, int argc, char **argv)
{
	bool force = option_flag(&argc, argv, "--force");
	uint32_t id;

	if (argc != 1)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	return bh_device_stop(fd, id, force, &error) ? failed() : 0;
}

static int do_destroy(int fd, int argc, char **argv)
{
	bool force = option_flag(&argc, argv, "--force");
	uint32_t id;

	if (argc != 1)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	return bh_device_destroy(fd, id, force, &error) ? failed() : 0;
}

static int do_list(int fd, int argc, char **argv)
{
	struct bh_info info;

	(void)argv;
	if (argc)
		return usage();
	if (bh_device_info(fd, &info, &error))
		return failed();
	if (info.state == BH_STATE_DISABLED) {
		puts(plain ? "state=disabled" : "Bulkhead is not enabled");
		return 0;
	}
	if (!plain)
		printf("%-3s %-31s %-22s %s\n", "ID", "NAME", "STATE", "FORBIDDEN ACCESSES");
	for (uint32_t i = 0; i < info.cell_count; i++) {
		const struct bh_info_cell *cell = &info.cell[i];
		uint64_t violations = 0;

		for (int kind = 0; kind < BH_KINDS; kind++)
			violations += cell->violations[kind];
		printf(plain ? "id=%" PRIu32 " name=%s state=%s violations=%" PRIu64
			       " loadable=%" PRIu32 " generation=%" PRIu32 "\n"
			     : "%-3" PRIu32 " %-31s %-22s %" PRIu64 "\n",
		       cell->id, cell->name, bh_state_word(cell->state), violations, cell->loadable,
		       cell->generation);
	}
	return 0;
}

static int do_info(int fd, int argc, char **argv)
{
	struct bh_info info;

	(void)argv;
	if (argc)
		return usage();
	if (bh_device_info(fd, &info, &error))
		return failed();
	if (info.state == BH_STATE_DISABLED) {
		puts(plain ? "state=disabled" : "Bulkhead is not enabled");
		return 0;
	}
	printf(plain ? "state=enabled\ncells=%" PRIu32 "\npool_pages=%" PRIu32
		       "\npool_used=%" PRIu32 "\nevents_lost=%" PRIu64 "\ncore_start=0x%" PRIx64
		       "\ncore_size=0x%" PRIx64 "\n"
		     : "enabled, %" PRIu32 " cells (the root included)\n"
		       "the core's pages for tables: %" PRIu32 ", used %" PRIu32 "\n"
		       "events that did not fit: %" PRIu64 "\n"
		       "core memory: 0x%" PRIx64 ", 0x%" PRIx64 " bytes\n",
	       info.cell_count, info.pool_pages, info.pool_used, info.events_lost,
	       info.core_memory.start, info.core_memory.size);
	for (uint32_t i = 0; i < info.memory_count; i++)
		printf(plain ? "memory_start=0x%" PRIx64 " memory_size=0x%" PRIx64 "\n"
			     : "memory for cells: 0x%" PRIx64 ", 0x%" PRIx64 " bytes\n",
		       info.memory[i].start, info.memory[i].size);
	return 0;
}

static int do_cpu(int fd, int argc, char **argv)
{
	struct bh_info_cpu info;
	uint64_t cpu;

	if (argc != 1 || !number_parse(argv[0], "", &cpu, NULL))
		return usage();
	if (bh_device_info_cpu(fd, cpu, &info, &error))
		return failed();
	printf("cpu=%" PRIu32 " cell=%" PRIu32 " state=%s apic_id=%" PRIu32, info.cpu, info.cell,
	       info.state == BH_CPU_FAILED ? "failed" : "running", info.apic_id);
	for (uint32_t i = 0; i < BH_COUNTERS_X86; i++)
		printf(" %s=%" PRIu32, bh_counter_word(i), info.counters[i]);
	putchar('\n');
	return 0;
}

static int do_links(int fd, int argc, char **argv)
{
	struct bh_info_link link;

	(void)argv;
	if (argc)
		return usage();
	for (uint32_t number = 0;; number = link.number + 1) {
		if (bh_device_info_link(fd, number, &link, &error))
			return error.core.code == BH_E_NO_SUCH_LINK ? 0 : failed();
		printf("link=%" PRIu32 " protocol=0x%" PRIx32 " peers=%" PRIu32 " phys=0x%" PRIx64
		       " rw_size=%" PRIu64 " output_size=%" PRIu64 "\n",
		       link.number, link.protocol, link.peers, link.phys, link.rw_size,
		       link.output_size);
		for (uint32_t id = 0; id < link.peers; id++) {
			const struct bh_info_link_peer *peer = &link.peer[id];

			if (peer->owner == BH_OWNER_NOBODY)
				continue;
			printf("link=%" PRIu32 " peer=%" PRIu32 " cell=%" PRIu32 " state=%" PRIu32
			       " rung=%" PRIu64 " received=%" PRIu64 " active_ns=%" PRIu64 "\n",
			       link.number, id, peer->owner, peer->state, peer->rung,
			       peer->received, peer->active_ns);
		}
	}
}

static int do_descriptor(int fd, int argc, char **argv)
{
	static uint64_t buffer[BH_CELL_DESC_MAX / 8];
	const struct bh_cell_desc *desc = (const void *)buffer;
	uint32_t id, size = sizeof(buffer);

	if (argc != 1)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	if (bh_device_descriptor(fd, id, buffer, &size, &error))
		return failed();
	printf(plain ? "id=%" PRIu32 " name=%s\n" : "cell %" PRIu32 " \"%s\"\n", desc->id,
	       desc->name);
	descriptor_print(desc);
	return 0;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* 1: there is something to read; 0: the time is over. */
static int await_input(int fd, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int64_t left = deadline < 0 ? -1 : deadline - clock_ms();

	if (deadline >= 0 && left < 0)
		left = 0;
	return poll(&poll_fd, 1, left) > 0;
}

static int do_events(int fd, int argc, char **argv)
{
	bool follow = option_flag(&argc, argv, "--follow");
	bool from_start = option_flag(&argc, argv, "--from-start");
	const char *count_word = option_value(&argc, argv, "--count");
	const char *time_word = option_value(&argc, argv, "--timeout");
	int64_t deadline = follow || count_word ? -1 : 0;
	uint64_t count = UINT64_MAX, seconds, seen = 0;
	struct bh_stream events = {.stream = BH_STREAM_EVENTS};
	struct bh_event event;
	struct bh_info info;

	if (option_flag(&argc, argv, "--raw"))
		plain = true;
	if (argc || (count_word && !number_parse(count_word, "", &count, NULL)))
		return usage();
	if (time_word) {
		if (!number_parse(time_word, "", &seconds, NULL))
			return usage();
		deadline = clock_ms() + seconds * 1000;
	}
	/* Only looking at what is there makes sense from the start. */
	if (from_start || !(follow || time_word))
		events.call.flags = BH_STREAM_FROM_START;
	if (bh_device_stream(fd, &events, &error))
		return failed();
	while (seen < count) {
		if (!await_input(fd, deadline))
			return count == UINT64_MAX ? 0 : FAILED;
		if (read(fd, &event, sizeof(event)) != sizeof(event))
			return failed_file(BH_DEVICE_PATH);
		if (plain)
			event_print_plain(&event);
		else
			event_print_sentence(&event,
					     bh_device_info(fd, &info, &error) ? NULL : &info);
		fflush(stdout);
		seen++;
	}
	return 0;
}

static int text_copy(int fd, bool follow, const char *until, int64_t deadline)
{
	static char seen[65536];
	size_t have = 0, until_length = until ? strlen(until) : 0;

	while (await_input(fd, follow || until ? deadline : 0)) {
		ssize_t n;

		if (have > sizeof(seen) / 2) {
			memmove(seen, seen + have - until_length, until_length);
			have = until_length;
		}
		n = read(fd, seen + have, sizeof(seen) / 2 - 1);
		if (n < 0)
			return errno == EAGAIN ? 0 : failed_file(BH_DEVICE_PATH);
		fwrite(seen + have, 1, n, stdout);
		fflush(stdout);
		have += n;
		if (until && memmem(seen, have, until, until_length))
			return 0;
	}
	return until ? FAILED : 0;
}

static int do_text(int fd, int argc, char **argv, uint32_t stream)
{
	struct bh_stream text = {.call.flags = BH_STREAM_FROM_START, .stream = stream};
	bool follow = option_flag(&argc, argv, "--follow");
	const char *time_word = option_value(&argc, argv, "--timeout");
	const char *until = option_value(&argc, argv, "--until");
	int64_t deadline = -1;
	uint64_t seconds;

	if (time_word) {
		if (!number_parse(time_word, "", &seconds, NULL))
			return usage();
		deadline = clock_ms() + seconds * 1000;
	}
	if (argc != (stream == BH_STREAM_CONSOLE))
		return usage();
	if (stream == BH_STREAM_CONSOLE && !cell_find(fd, argv[0], &text.id))
		return FAILED;
	if (bh_device_stream(fd, &text, &error))
		return failed();
	return text_copy(fd, follow || time_word, until, deadline);
}

static int do_console(int fd, int argc, char **argv)
{
	return do_text(fd, argc, argv, BH_STREAM_CONSOLE);
}

static int do_type(int fd, int argc, char **argv)
{
	struct bh_stream stream = {.stream = BH_STREAM_CONSOLE};
	size_t length, done = 0;
	uint32_t id;

	if (argc != 2)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	stream.id = id;
	if (bh_device_stream(fd, &stream, &error))
		return failed();
	length = strlen(argv[1]) + 1;
	argv[1][length - 1] = '\n';
	while (done < length) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
		ssize_t n = write(fd, argv[1] + done, length - done);

		if (n < 0 && (errno != EAGAIN || poll(&poll_fd, 1, -1) < 0))
			return failed_file(BH_DEVICE_PATH);
		done += n > 0 ? n : 0;
	}
	return 0;
}

static int do_log(int fd, int argc, char **argv)
{
	return do_text(fd, argc, argv, BH_STREAM_LOG);
}

static int do_policy(int fd, int argc, char **argv)
{
	int kind, policy;
	uint32_t id;

	if (argc != 3)
		return usage();
	kind = kind_parse(argv[1]);
	policy = !strcmp(argv[2], "ignore") ? BH_POLICY_IGNORE
		 : !strcmp(argv[2], "stop") ? BH_POLICY_STOP
					    : -1;
	if (kind < 0 || policy < 0)
		return usage();
	if (!cell_find(fd, argv[0], &id))
		return FAILED;
	return bh_device_policy(fd, id, kind, policy, &error) ? failed() : 0;
}

static const struct {
	const char *name;
	int (*work)(int fd, int argc, char **argv);
	bool manage;
} commands[] = {
	{"enable", do_enable, true},   {"disable", do_disable, true},
	{"create", do_create, true},   {"load", do_load, true},
	{"start", do_start, true},     {"stop", do_stop, true},
	{"destroy", do_destroy, true}, {"policy", do_policy, true},
	{"list", do_list, false},      {"info", do_info, false},
	{"cpu", do_cpu, false},	       {"descriptor", do_descriptor, false},
	{"events", do_events, false},  {"console", do_console, false},
	{"links", do_links, false},    {"log", do_log, false},
	{"linux", do_linux, true},     {"type", do_type, true},
};

int main(int argc, char **argv)
{
	int fd, status;

	while (option_flag(&argc, argv, "--plain"))
		plain = true;
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc < 2)
		return usage();
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		fd = bh_device_open(commands[i].manage, &error);
		if (fd < 0)
			return failed();
		status = commands[i].work(fd, argc - 2, argv + 2);
		close(fd);
		return status;
	}
	fprintf(stderr, "bulkhead-ctl: there is no command \"%s\"\n", argv[1]);
	return usage();
}
