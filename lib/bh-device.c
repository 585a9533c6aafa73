// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include "bh-device.h"

#define WORD(table, index) ((index) < sizeof(table) / sizeof(*(table)) ? (table)[index] : "unknown")

static int device_failed(struct bh_device_error *error, int number, const char *what)
{
	memset(error, 0, sizeof(*error));
	error->errno_ = number;
	error->reason = number == EACCES || number == EPERM ? BH_R_PERMISSION : BH_R_OTHER;
	snprintf(error->text, sizeof(error->text), "%s: %s", what, strerror(number));
	return -number;
}

/* A call that the module does not know: its number or its size is another. */
static int device_of_another_version(struct bh_device_error *error)
{
	FILE *file = fopen("/sys/devices/bulkhead/version", "re");
	char version[16] = "unknown";

	if (file && fscanf(file, "%15s", version) != 1)
		strcpy(version, "unknown");
	if (file)
		fclose(file);
	memset(error, 0, sizeof(*error));
	error->errno_ = ENOTTY;
	error->reason = BH_R_OTHER;
	snprintf(
		error->text, sizeof(error->text),
		"the module that is loaded is of another release: its interface is version %s, "
		"this "
		"program's %d; when no cell runs, rmmod bulkhead and modprobe that of this release",
		version, BH_DEVICE_VERSION);
	return -ENOTTY;
}

/* Every structure begins with struct bh_call. */
static int device_call(int fd, unsigned long request, void *structure, size_t size,
		       struct bh_device_error *error)
{
	struct bh_call *call = structure;
	int number;

	call->size = size;
	if (ioctl(fd, request, structure) == 0)
		return 0;
	number = errno;
	if (number == ENOTTY)
		return device_of_another_version(error);
	if (!call->text[0])
		return device_failed(error, number, BH_DEVICE_PATH " refused the call");
	error->errno_ = number;
	error->reason = call->reason;
	error->core = call->error;
	memcpy(error->text, call->text, sizeof(error->text));
	error->text[sizeof(error->text) - 1] = '\0';
	return -number;
}

int bh_device_open(bool manage, struct bh_device_error *error)
{
	int fd = open(BH_DEVICE_PATH, (manage ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return device_failed(error, errno,
				     BH_DEVICE_PATH " is not there (is the module loaded? "
						    "modprobe bulkhead)");
	return device_failed(error, errno, BH_DEVICE_PATH " cannot be opened");
}

int bh_device_enable(int fd, uint64_t memory_size, const struct bh_range *reserved,
		     struct bh_device_error *error)
{
	struct bh_enable enable = {.memory_size = memory_size};

	if (reserved)
		enable.reserved = *reserved;
	return device_call(fd, BH_IOC_ENABLE, &enable, sizeof(enable), error);
}

int bh_device_disable(int fd, bool force, struct bh_device_error *error)
{
	struct bh_disable disable = {.call.flags = force ? BH_DISABLE_FORCE : 0};

	return device_call(fd, BH_IOC_DISABLE, &disable, sizeof(disable), error);
}

int bh_device_create(int fd, struct bh_cell_desc *descriptor, uint32_t *id,
		     struct bh_device_error *error)
{
	struct bh_create create = {.descriptor = (uintptr_t)descriptor,
				   .descriptor_size = descriptor->size};
	int ret = device_call(fd, BH_IOC_CREATE, &create, sizeof(create), error);

	if (id)
		*id = create.id;
	return ret;
}

int bh_device_load(int fd, uint32_t id, const struct bh_image *images, size_t count,
		   struct bh_device_error *error)
{
	struct bh_load load = {.id = id, .image_count = count, .images = (uintptr_t)images};

	return device_call(fd, BH_IOC_LOAD, &load, sizeof(load), error);
}

static int device_cell(int fd, unsigned long request, uint32_t id, bool force,
		       struct bh_device_error *error)
{
	struct bh_cell_call call = {.call.flags = force ? BH_CELL_FORCE : 0, .id = id};

	return device_call(fd, request, &call, sizeof(call), error);
}

int bh_device_start(int fd, uint32_t id, struct bh_device_error *error)
{
	return device_cell(fd, BH_IOC_START, id, false, error);
}

int bh_device_stop(int fd, uint32_t id, bool force, struct bh_device_error *error)
{
	return device_cell(fd, BH_IOC_STOP, id, force, error);
}

int bh_device_destroy(int fd, uint32_t id, bool force, struct bh_device_error *error)
{
	return device_cell(fd, BH_IOC_DESTROY, id, force, error);
}

int bh_device_policy(int fd, uint32_t id, unsigned int kind, unsigned int policy,
		     struct bh_device_error *error)
{
	struct bh_policy_call call = {.id = id, .kind = kind, .policy = policy};

	return device_call(fd, BH_IOC_POLICY, &call, sizeof(call), error);
}

int bh_device_info(int fd, struct bh_info *info, struct bh_device_error *error)
{
	memset(info, 0, sizeof(*info));
	return device_call(fd, BH_IOC_INFO, info, sizeof(*info), error);
}

int bh_device_info_cpu(int fd, uint32_t cpu, struct bh_info_cpu *info,
		       struct bh_device_error *error)
{
	memset(info, 0, sizeof(*info));
	info->cpu = cpu;
	return device_call(fd, BH_IOC_INFO_CPU, info, sizeof(*info), error);
}

int bh_device_info_link(int fd, uint32_t number, struct bh_info_link *info,
			struct bh_device_error *error)
{
	memset(info, 0, sizeof(*info));
	info->number = number;
	return device_call(fd, BH_IOC_INFO_LINK, info, sizeof(*info), error);
}

int bh_device_descriptor(int fd, uint32_t id, void *buffer, uint32_t *size,
			 struct bh_device_error *error)
{
	struct bh_descriptor call = {.buffer = (uintptr_t)buffer, .buffer_size = *size, .id = id};
	int ret = device_call(fd, BH_IOC_DESCRIPTOR, &call, sizeof(call), error);

	*size = call.buffer_size;
	return ret;
}

int bh_device_stream(int fd, struct bh_stream *stream, struct bh_device_error *error)
{
	return device_call(fd, BH_IOC_STREAM, stream, sizeof(*stream), error);
}

const char *bh_state_word(uint32_t state)
{
	static const char *const words[] = {"running", "running/locked", "shut-down", "failed",
					    "failed/comm-revision"};

	return WORD(words, state);
}

const char *bh_kind_word(uint32_t kind)
{
	static const char *const words[BH_KINDS] = {"memory",	 "pio", "pci",	       "msr", "irq",
						    "hypercall", "cpu", "instruction", "core"};

	return WORD(words, kind);
}

const char *bh_reason_word(uint32_t reason)
{
	static const char *const words[] = {
		"none",	  "core", "argument", "state",	     "machine",	   "held", "image",
		"memory", "cpu",  "device",   "interrupted", "permission", "other"};

	return WORD(words, reason);
}

const char *bh_error_word(uint32_t code)
{
	static const char *const words[] = {
#define ERROR_WORD(name, number, text) #name,
		BH_ERRORS(ERROR_WORD)
#undef ERROR_WORD
	};

	return WORD(words, code);
}

const char *bh_counter_word(uint32_t counter)
{
#ifdef __aarch64__
	static const char *const words[BH_COUNTERS_ARM64] = {
		"exits_total",	   "exits_mmio",	"exits_management",
		"exits_hypercall", "exits_maintenance", "exits_virt_irq",
		"exits_virt_sgi",  "exits_psci",	"exits_smccc",
	};
#else
	static const char *const words[BH_COUNTERS_X86] = {
		"exits_total",	"exits_mmio",	   "exits_management", "exits_hypercall",
		"exits_pio",	"exits_xapic",	   "exits_cr",	       "exits_cpuid",
		"exits_xsetbv", "exits_exception", "exits_msr_other",  "exits_msr_x2apic_icr",
	};
#endif

	return WORD(words, counter);
}
