// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bulkhead/device.h>
#include "bh-device.h"
#include "descriptor.h"

#define CPUS_MAX 256
#define ENTRIES_MAX 64
#define PINS_MAX 128 /* of an entry */

/* Where the usual interrupt controller is: a PC's IOAPIC, the GIC of QEMU's "virt"; and what the usual UART is. */
#ifdef __aarch64__
#define DESCRIPTOR_ARCH BH_ARCH_ARM64
#define IRQCHIP_ADDRESS 0x08000000ULL
#define UART_TYPE BH_CONSOLE_PL011
#define UART_FLAGS (BH_CONSOLE_MMIO | BH_CONSOLE_REGDIST_4)
#define UART_SIZE 0x1000
#else
#define DESCRIPTOR_ARCH BH_ARCH_X86
#define IRQCHIP_ADDRESS 0xfec00000ULL
#define UART_TYPE BH_CONSOLE_8250
#define UART_FLAGS 0
#define UART_SIZE 8
#endif

struct builder {
	struct bh_cell_desc head;
	uint32_t cpus[CPUS_MAX];
	struct bh_memory memory[ENTRIES_MAX];
	struct bh_pio pio[ENTRIES_MAX];
	struct bh_irqs irqs[ENTRIES_MAX];
	struct bh_pci pci[ENTRIES_MAX];
	struct bh_link links[ENTRIES_MAX];
};

bool number_parse(const char *text, const char *ends, uint64_t *value, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno)
		return false;
	switch (*end) {
	case 'G':
		*value <<= 10;
		/* fall through */
	case 'M':
		*value <<= 10;
		/* fall through */
	case 'K':
		*value <<= 10;
		end++;
	}
	if (rest)
		*rest = end;
	return !*end || strchr(ends, *end);
}

int kind_parse(const char *word)
{
	for (int kind = 0; kind < BH_KINDS; kind++)
		if (!strcmp(word, bh_kind_word(kind)))
			return kind;
	return -1;
}

/* 2,4-6 */
static bool cpus_add(struct builder *b, const char *text)
{
	uint64_t first, last;

	do {
		if (!number_parse(text, ",-", &first, &text))
			return false;
		last = first;
		if (*text == '-' && !number_parse(text + 1, ",", &last, &text))
			return false;
		if (last < first || last - first >= CPUS_MAX - b->head.cpus.count)
			return false;
		while (first <= last)
			b->cpus[b->head.cpus.count++] = first++;
	} while (*text++ == ',');
	return true;
}

static const struct {
	const char *word;
	uint32_t flag;
} memory_words[] = {
	{"io", BH_MEM_IO},
	{"dma", BH_MEM_DMA},
	{"loadable", BH_MEM_LOADABLE},
	{"rootshared", BH_MEM_ROOTSHARED},
	{"comm", BH_MEM_COMM},
	{"4k", BH_MEM_NO_HUGEPAGES},
	{"io8", BH_MEM_IO_8},
	{"io16", BH_MEM_IO_16},
	{"io32", BH_MEM_IO_32},
	{"io64", BH_MEM_IO_64},
	{"unaligned", BH_MEM_IO_UNALIGNED},
};

static bool memory_flags(const char *word, uint32_t *flags)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof(memory_words) / sizeof(*memory_words); i++)
		if (!strcmp(word, memory_words[i].word)) {
			*flags |= memory_words[i].flag;
			return true;
		}
	if (!strncmp(word, "flags=", 6) && number_parse(word + 6, "", &number, NULL)) {
		*flags |= number;
		return true;
	}
	for (; *word; word++) {
		if (!strchr("rwx", *word))
			return false;
		*flags |= *word == 'r' ? BH_MEM_READ : *word == 'w' ? BH_MEM_WRITE : BH_MEM_EXECUTE;
	}
	return true;
}

/* SIZE[@VIRT][,phys=ADDRESS][,FLAG…]; without flags: rwx,loadable */
static bool memory_add(struct builder *b, const char *text)
{
	struct bh_memory *memory = &b->memory[b->head.memory.count];
	char copy[256], *word, *state = NULL;

	if (b->head.memory.count == ENTRIES_MAX || strlen(text) >= sizeof(copy) ||
	    !number_parse(text, "@,", &memory->size, &text))
		return false;
	if (*text == '@' && !number_parse(text + 1, ",", &memory->virt, &text))
		return false;
	memory->phys = BH_PHYS_ANY;
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state))
		if (!strncmp(word, "phys=", 5)) {
			if (!number_parse(word + 5, "", &memory->phys, NULL))
				return false;
		} else if (!memory_flags(word, &memory->flags)) {
			return false;
		}
	if (!memory->flags)
		memory->flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_EXECUTE | BH_MEM_LOADABLE;
	b->head.memory.count++;
	return true;
}

static bool comm_add(struct builder *b, const char *text)
{
	struct bh_memory *memory = &b->memory[b->head.memory.count];

	if (b->head.memory.count == ENTRIES_MAX || !number_parse(text, "", &memory->virt, NULL))
		return false;
	memory->size = BH_COMM_SIZE;
	memory->flags = BH_MEM_READ | BH_MEM_WRITE | BH_MEM_COMM;
	b->head.memory.count++;
	return true;
}

static bool pio_add(struct builder *b, const char *text)
{
	uint64_t base, length = 1;

	if (b->head.pio.count == ENTRIES_MAX || !number_parse(text, ",", &base, &text))
		return false;
	if (*text == ',' && !number_parse(text + 1, "", &length, NULL))
		return false;
	if (base > UINT16_MAX || length > UINT16_MAX)
		return false;
	b->pio[b->head.pio.count++] = (struct bh_pio){.base = base, .length = length};
	return true;
}

/* PIN[@IOAPIC] */
static bool irq_add(struct builder *b, const char *text)
{
	uint64_t pin, address = IRQCHIP_ADDRESS;
	uint32_t i;

	if (!number_parse(text, "@", &pin, &text) || pin > UINT32_MAX)
		return false;
	if (*text == '@' && !number_parse(text + 1, "", &address, NULL))
		return false;
	for (i = 0; i < b->head.irqs.count; i++)
		if (b->irqs[i].address == address && pin - b->irqs[i].first < PINS_MAX)
			break;
	if (i == ENTRIES_MAX)
		return false;
	if (i == b->head.irqs.count)
		b->irqs[b->head.irqs.count++] =
			(struct bh_irqs){.address = address, .first = pin - pin % PINS_MAX};
	pin -= b->irqs[i].first;
	b->irqs[i].pins[pin / 32] |= 1U << pin % 32;
	return true;
}

/* [SEGMENT:]BUS:DEVICE.FUNCTION, hexadecimal */
static bool pci_add(struct builder *b, const char *text)
{
	unsigned int segment = 0, bus, device, function;
	int used = 0;

	if (sscanf(text, "%x:%x:%x.%x%n", &segment, &bus, &device, &function, &used) != 4 ||
	    text[used]) {
		segment = 0;
		used = 0;
		if (sscanf(text, "%x:%x.%x%n", &bus, &device, &function, &used) != 3 || text[used])
			return false;
	}
	if (b->head.pci.count == ENTRIES_MAX || bus > 255 || device > 31 || function > 7 ||
	    segment > UINT16_MAX)
		return false;
	b->pci[b->head.pci.count++] =
		(struct bh_pci){.segment = segment, .bdf = bus << 8 | device << 3 | function};
	return true;
}

/*
 * NUMBER:PEER/PEERS@VIRT[,WORD=NUMBER…] with the words rw, output (sizes), protocol, vectors, device (on bus 0), phys, root (the
 * root's peer number), root-vectors. What is not said: no read-write section, outputs of a page, protocol 0, two
 * vectors, device 16 + NUMBER, the root is no peer.
 */
static bool link_add(struct builder *b, const char *text)
{
	struct bh_link *link = &b->links[b->head.links.count];
	uint64_t number, id, peers, protocol = 0, vectors = 2, device, output = 4096, rw = 0;
	uint64_t root = UINT64_MAX, root_vectors = 2;
	const struct {
		const char *word;
		uint64_t *value;
		uint64_t most;
	} words[] = {
		{"rw=", &rw, UINT64_MAX},
		{"output=", &output, UINT64_MAX},
		{"protocol=", &protocol, UINT16_MAX},
		{"vectors=", &vectors, UINT8_MAX},
		{"device=", &device, 31},
		{"phys=", &link->phys, UINT64_MAX},
		{"root=", &root, UINT8_MAX},
		{"root-vectors=", &root_vectors, UINT8_MAX},
	};
	const size_t count = sizeof(words) / sizeof(*words);
	size_t i;

	if (b->head.links.count == ENTRIES_MAX || !number_parse(text, ":", &number, &text) ||
	    *text != ':' || !number_parse(text + 1, "/", &id, &text) || *text != '/' ||
	    !number_parse(text + 1, "@", &peers, &text) || *text != '@' ||
	    !number_parse(text + 1, ",", &link->virt, &text))
		return false;
	device = 16 + number % 16;
	link->phys = BH_PHYS_ANY;
	while (*text == ',') {
		text++;
		for (i = 0; i < count; i++)
			if (!strncmp(text, words[i].word, strlen(words[i].word)))
				break;
		if (i == count ||
		    !number_parse(text + strlen(words[i].word), ",", words[i].value, &text) ||
		    *words[i].value > words[i].most)
			return false;
	}
	if (number > UINT16_MAX || id > UINT8_MAX || peers > UINT8_MAX)
		return false;
	link->rw_size = rw;
	link->output_size = output;
	link->number = number;
	link->protocol = protocol;
	link->bdf = device << 3;
	link->id = id;
	link->peers = peers;
	link->vectors = vectors;
	if (root != UINT64_MAX) {
		link->root_id = root;
		link->root_vectors = root_vectors;
	}
	b->head.links.count++;
	return true;
}

/* KIND=ignore or KIND=stop; KIND may be `all' */
static bool policy_add(struct builder *b, const char *text)
{
	const char *equals = strchr(text, '=');
	char word[32];
	int policy, kind;

	if (!equals || equals - text >= (int)sizeof(word))
		return false;
	memcpy(word, text, equals - text);
	word[equals - text] = '\0';
	if (!strcmp(equals + 1, "ignore"))
		policy = BH_POLICY_IGNORE;
	else if (!strcmp(equals + 1, "stop"))
		policy = BH_POLICY_STOP;
	else
		return false;
	if (!strcmp(word, "all")) {
		memset(b->head.policy, policy, BH_KINDS);
		return true;
	}
	kind = kind_parse(word);
	if (kind < 0)
		return false;
	b->head.policy[kind] = policy;
	return true;
}

static uint8_t *table_put(struct bh_cell_desc *desc, uint8_t *end, struct bh_table *table,
			  const void *entries, size_t size)
{
	table->offset = end - (uint8_t *)desc;
	memcpy(end, entries, table->count * size);
	return end + (table->count * size + 7) / 8 * 8;
}

static struct bh_cell_desc *builder_finish(const struct builder *b)
{
	struct bh_cell_desc *desc = calloc(1, sizeof(*b) + 64);
	uint8_t *end;

	if (!desc)
		return NULL;
	*desc = b->head;
	end = (uint8_t *)(desc + 1);
	end += -(uintptr_t)end % 8;
	end = table_put(desc, end, &desc->cpus, b->cpus, sizeof(*b->cpus));
	end = table_put(desc, end, &desc->memory, b->memory, sizeof(*b->memory));
	end = table_put(desc, end, &desc->pio, b->pio, sizeof(*b->pio));
	end = table_put(desc, end, &desc->irqs, b->irqs, sizeof(*b->irqs));
	end = table_put(desc, end, &desc->pci, b->pci, sizeof(*b->pci));
	end = table_put(desc, end, &desc->links, b->links, sizeof(*b->links));
	desc->size = end - (uint8_t *)desc;
	return desc;
}

static const struct option options[] = {
	{"name", required_argument, NULL, 'n'},	   {"id", required_argument, NULL, 'i'},
	{"cpus", required_argument, NULL, 'c'},	   {"memory", required_argument, NULL, 'm'},
	{"comm", required_argument, NULL, 'C'},	   {"pio", required_argument, NULL, 'p'},
	{"irq", required_argument, NULL, 'I'},	   {"pci", required_argument, NULL, 'P'},
	{"policy", required_argument, NULL, 'y'},  {"reset", required_argument, NULL, 'r'},
	{"timeout", required_argument, NULL, 't'}, {"console", no_argument, NULL, 'o'},
	{"uart", required_argument, NULL, 'u'},	   {"passive", no_argument, NULL, 'a'},
	{"flags", required_argument, NULL, 'f'},   {"pc", no_argument, NULL, 'L'},
	{"link", required_argument, NULL, 'l'},	   {NULL, 0, NULL, 0},
};

struct bh_cell_desc *descriptor_from_options(int argc, char **argv)
{
	static struct builder b;
	uint64_t number;
	bool good = true;
	int option, index = 0;

	memset(&b, 0, sizeof(b));
	b.head.magic = BH_CELL_DESC_MAGIC;
	b.head.version = BH_CELL_DESC_VERSION;
	b.head.arch = DESCRIPTOR_ARCH;
	optind = 1;
	while (good && (option = getopt_long(argc, argv, "", options, &index)) != -1) {
		switch (option) {
		case 'n':
			good = strlen(optarg) < sizeof(b.head.name);
			if (good)
				strcpy(b.head.name, optarg);
			break;
		case 'i':
			good = number_parse(optarg, "", &number, NULL);
			b.head.id = number;
			break;
		case 'c':
			good = cpus_add(&b, optarg);
			break;
		case 'm':
			good = memory_add(&b, optarg);
			break;
		case 'C':
			good = comm_add(&b, optarg);
			break;
		case 'p':
			good = pio_add(&b, optarg);
			break;
		case 'I':
			good = irq_add(&b, optarg);
			break;
		case 'P':
			good = pci_add(&b, optarg);
			break;
		case 'l':
			good = link_add(&b, optarg);
			break;
		case 'y':
			good = policy_add(&b, optarg);
			break;
		case 'r':
			good = number_parse(optarg, "", &b.head.reset_address, NULL);
			break;
		case 't':
			good = number_parse(optarg, "", &number, NULL);
			b.head.reply_timeout_ms = number;
			break;
		case 'o':
			b.head.flags |= BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE;
			break;
		case 'u':
			good = number_parse(optarg, "", &number, NULL);
			b.head.console.address = number;
			b.head.console.type = UART_TYPE;
			b.head.console.flags = UART_FLAGS;
			b.head.console.size = UART_SIZE;
			break;
		case 'a':
			b.head.flags |= BH_CELL_PASSIVE_COMM;
			break;
		case 'L':
			b.head.flags |= BH_CELL_PC | BH_CELL_PASSIVE_COMM |
					BH_CELL_CONSOLE_PERMITTED | BH_CELL_CONSOLE_ACTIVE;
			break;
		case 'f':
			good = number_parse(optarg, "", &number, NULL);
			b.head.flags |= number;
			break;
		default:
			return NULL;
		}
		if (!good)
			fprintf(stderr, "bulkhead-ctl: --%s cannot be \"%s\"\n",
				options[index].name, optarg);
	}
	if (good && optind < argc) {
		fprintf(stderr, "bulkhead-ctl: \"%s\" is not expected here\n", argv[optind]);
		good = false;
	}
	return good ? builder_finish(&b) : NULL;
}
