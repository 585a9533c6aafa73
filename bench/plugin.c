/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU plugin that counts the instructions a CPU executes between two marker NOPs of its guest
 * (include/bulkhead/bench.h), those of the core included. Per id it writes how often, the minimum, how often
 * that was met, and the maximum. Of ids from BH_BENCH_MACHINE on it adds a line to FILE.machine each time: the id, and what
 * each CPU has executed meanwhile. The few functions of the plugin interface it uses are declared here, since Debian packages no
 * header for them (QEMU 7.2, docs/devel/tcg-plugins).
 *
 * core=START-END   count nothing but what is executed at these addresses, and leave out what only waits: whatever lies
 *                  less than SPIN_MAX instructions behind the YIELD before
 * vectors=ADDRESS  arm64: of the core; for the machine leave out interrupts, which are as many as the machine is slow,
 * idle=ADDRESS     up to this function of the core, by which it does what other CPUs ask of it
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bulkhead/bench.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translate_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*execute_cb)(unsigned int cpu, void *data);
typedef void (*exit_cb)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, translate_cb cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, execute_cb cb, int flags,
					    void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb, void *data);

#define EXPORT __attribute__((visibility("default")))
#define MARKER_SIZE 8
#define ARM64_YIELD 0xd503203f
#define SPIN_MAX 32
#define IDS 64
#define CPUS 64

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static struct {
	uint64_t executed;
	uint64_t yield; /* of executed, at the last YIELD */
	bool in_interrupt;
	uint64_t interrupts; /* of executed */
	uint64_t begin[IDS]; /* 0: not begun */
} cpus[CPUS];

/* Markers of one id come from one CPU at a time: the payload has one. */
static struct {
	uint64_t count, minimum, minimum_count, maximum;
} results[IDS];

static const char *output = "bench.out";
static uint64_t core_start, core_end = UINT64_MAX;
static uint64_t vectors, idle;
static bool arm64;
static uint64_t machine[CPUS];

static void on_machine(bool end, unsigned int id)
{
	char name[4096];
	FILE *file;

	if (!end) {
		for (unsigned int i = 0; i < CPUS; i++)
			machine[i] = cpus[i].executed - cpus[i].interrupts;
		return;
	}
	snprintf(name, sizeof(name), "%s.machine", output);
	file = fopen(name, "a");
	if (!file)
		return;
	fprintf(file, "%u", id);
	for (unsigned int i = 0; i < CPUS && cpus[i].executed; i++)
		fprintf(file, " %" PRIu64, cpus[i].executed - cpus[i].interrupts - machine[i]);
	fputc('\n', file);
	fclose(file);
}

static void on_instruction(unsigned int cpu, void *data)
{
	(void)data;
	cpus[cpu % CPUS].executed++;
	cpus[cpu % CPUS].interrupts += cpus[cpu % CPUS].in_interrupt;
}

/* The first instruction behind which an interrupt is taken, or something else is done. */
static void on_way(unsigned int cpu, void *data)
{
	cpus[cpu % CPUS].in_interrupt = data;
	on_instruction(cpu, NULL);
}

static void on_yield(unsigned int cpu, void *data)
{
	uint64_t *executed = &cpus[cpu % CPUS].executed, *yield = &cpus[cpu % CPUS].yield;

	(void)data;
	if (++*executed - *yield < SPIN_MAX)
		*executed = *yield;
	*yield = *executed;
}

static void on_marker(unsigned int cpu, void *data)
{
	uint32_t word = (uintptr_t)data;
	uint32_t id = (word & 0xffff) >> 1;
	uint64_t now = cpus[cpu % CPUS].executed + 1, n; /* the marker itself is not counted */
	uint64_t *begin = &cpus[cpu % CPUS].begin[id % IDS];

	if (id >= BH_BENCH_MACHINE) {
		on_machine(word & 1, id);
		return;
	}
	if (!(word & 1)) {
		*begin = now;
		return;
	}
	if (!*begin)
		return;
	n = now - *begin;
	*begin = 0;
	results[id % IDS].count++;
	if (!results[id % IDS].minimum_count || n < results[id % IDS].minimum) {
		results[id % IDS].minimum = n;
		results[id % IDS].minimum_count = 0;
	}
	results[id % IDS].minimum_count += n == results[id % IDS].minimum;
	if (n > results[id % IDS].maximum)
		results[id % IDS].maximum = n;
}

/* The marker that an instruction is, as BH_BENCH_MARK() makes it; 0: it is none. */
static uint32_t marker(const uint8_t *bytes, size_t size)
{
	static const uint8_t nop[] = {0x0f, 0x1f, 0x84, 0x00};
	uint32_t word;

	if (arm64) {
		memcpy(&word, bytes, sizeof(word));
		if ((word & 0xffe0001f) != BH_BENCH_ARM64_OPCODE ||
		    (word >> 13 & 0xff) != BH_BENCH_ARM64_MAGIC)
			return 0;
		return BH_BENCH_MAGIC | (word >> 5 & 0xff);
	}
	if (size != MARKER_SIZE || memcmp(bytes, nop, sizeof(nop)))
		return 0;
	memcpy(&word, bytes + sizeof(nop), sizeof(word));
	return word >> 16 == BH_BENCH_MAGIC >> 16 ? word : 0;
}

static bool is_yield(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return arm64 && word == ARM64_YIELD;
}

/* Vectors lie 128 bytes apart; of each four the second and third are IRQ and FIQ (DDI 0487, D1.3.1). */
static bool is_way(uint64_t address, bool *interrupt)
{
	uint64_t vector = (address - vectors) / 0x80;

	*interrupt = vectors && address - vectors < 0x800 && (vector % 4 == 1 || vector % 4 == 2);
	return address == idle || (vectors && address - vectors < 0x800 && address % 0x80 == 0);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint32_t mark = marker(bytes, qemu_plugin_insn_size(insn));
		bool interrupt;

		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, 0,
							       (void *)(uintptr_t)mark);
		else if (is_way(address, &interrupt))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_way, 0,
							       (void *)(uintptr_t)interrupt);
		else if (address >= core_start && address < core_end)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, is_yield(bytes) ? on_yield : on_instruction, 0, NULL);
	}
}

static void on_end(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(output, "w");

	(void)id;
	(void)data;
	if (!file)
		return;
	for (unsigned int i = 0; i < IDS; i++)
		if (results[i].count)
			fprintf(file, "%u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i,
				results[i].count, results[i].minimum, results[i].minimum_count,
				results[i].maximum);
	fclose(file);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *const *target_name = info; /* the first field of qemu_info_t */
	char *end;

	arm64 = !strcmp(*target_name, "aarch64");
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "output=", 7))
			output = strdup(argv[i] + 7);
		if (!strncmp(argv[i], "core=", 5)) {
			core_start = strtoull(argv[i] + 5, &end, 16);
			core_end = strtoull(end + 1, NULL, 16);
		}
		if (!strncmp(argv[i], "vectors=", 8))
			vectors = strtoull(argv[i] + 8, NULL, 16);
		if (!strncmp(argv[i], "idle=", 5))
			idle = strtoull(argv[i] + 5, NULL, 16);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
