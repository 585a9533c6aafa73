/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU plugin that counts the instructions a CPU executes between two marker NOPs of its guest
 * (include/bulkhead/bench.h), those of the core included. Per id it writes how often, the minimum, how often
 * that was met, and the maximum. The few functions of the plugin interface it uses are declared
 * here, since Debian packages no header for them (QEMU 7.2, docs/devel/tcg-plugins).
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
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, execute_cb cb, int flags,
					    void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb, void *data);

#define EXPORT __attribute__((visibility("default")))
#define MARKER_SIZE 8
#define IDS 64
#define CPUS 64

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static struct {
	uint64_t executed;
	uint64_t begin[IDS]; /* 0: not begun */
} cpus[CPUS];

/* Markers of one id come from one CPU at a time: the payload has one. */
static struct {
	uint64_t count, minimum, minimum_count, maximum;
} results[IDS];

static const char *output = "bench.out";

static void on_instruction(unsigned int cpu, void *data)
{
	(void)data;
	cpus[cpu % CPUS].executed++;
}

static void on_marker(unsigned int cpu, void *data)
{
	uint32_t word = (uintptr_t)data;
	uint32_t id = (word & 0xffff) >> 1;
	uint64_t now = ++cpus[cpu % CPUS].executed, n;
	uint64_t *begin = &cpus[cpu % CPUS].begin[id % IDS];

	if (!(word & 1)) {
		*begin = now;
		return;
	}
	if (!*begin)
		return;
	n = now - *begin - 1;
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

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t nop[] = {0x0f, 0x1f, 0x84, 0x00};

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);
		uint32_t word = 0;

		if (qemu_plugin_insn_size(insn) == MARKER_SIZE && !memcmp(bytes, nop, sizeof(nop)))
			memcpy(&word, bytes + sizeof(nop), sizeof(word));
		if (word >> 16 == 0x4248)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, 0,
							       (void *)(uintptr_t)word);
		else
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, 0, NULL);
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
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "output=", 7))
			output = strdup(argv[i] + 7);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
