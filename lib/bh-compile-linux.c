// SPDX-License-Identifier: GPL-2.0-or-later
/* The images of a Linux cell: the loader, its parameter block, the kernel, the initial file system. */

#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bh-compile.h"
#include "bh-linux.h"

/* A regular file; nothing else is opened, as that may do something. -1: @error. */
static int file_open(const char *path, guint64 *size, GError **error)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
	g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", place);
	struct stat status;

	if (place < 0 || fstat(place, &status)) {
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE, "%s: %s", path,
			    g_strerror(errno));
	} else if (!S_ISREG(status.st_mode) || !status.st_size) {
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE,
			    "%s is not a regular file, or it is empty", path);
	} else {
		fd = open(again, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE, "%s: %s", path,
				    g_strerror(errno));
		*size = status.st_size;
	}
	if (place >= 0)
		close(place);
	return fd;
}

static gboolean file_size(const char *path, guint64 *size, GError **error)
{
	int fd = file_open(path, size, error);

	if (fd < 0)
		return FALSE;
	close(fd);
	return TRUE;
}

static bool kernel_read(void *file, uint64_t offset, void *to, size_t size)
{
	return pread(*(int *)file, to, size, offset) == (ssize_t)size;
}

/* The beginning of the kernel's file, which the rest of @request needs. */
static guint8 *head_read(struct bh_linux_request *request, int *kernel, const char *path,
			 GError **error)
{
	g_autofree guint8 *head = g_malloc(BH_LINUX_HEAD_SIZE);
	gssize got = pread(*kernel, head, BH_LINUX_HEAD_SIZE, 0);

	if (got < 0) {
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_FILE, "%s: %s", path,
			    g_strerror(errno));
		return NULL;
	}
	request->head = head;
	request->head_size = got;
	request->read = kernel_read;
	request->file = kernel;
	return g_steal_pointer(&head);
}

static gboolean refused(const char *why, GError **error)
{
	if (why)
		g_set_error(error, BH_COMPILE_ERROR, BH_COMPILE_ERROR_LINUX, "%s", why);
	return why != NULL;
}

static GArray *memory_list(const BhCell *cell)
{
	GArray *memory = g_array_new(FALSE, FALSE, sizeof(struct bh_memory));

	for (guint i = 0; i < cell->memory->len; i++) {
		const BhCellMemory *from = cell->memory->pdata[i];
		struct bh_memory region = {
			.virt = from->guest_address, .size = from->size, .flags = from->flags};

		g_array_append_val(memory, region);
	}
	return memory;
}

static void file_append(BhCell *cell, GArray *images, const char *name, const char *path,
			guint type, guint64 address)
{
	BhCompiledImage image = {
		.name = name,
		.type = type,
		.address = address,
		.path = path,
		.cell = bh_cell_ref(cell),
	};

	g_array_append_val(images, image);
}

static void text_append(BhCell *cell, GArray *images, const char *name, guint64 address,
			gconstpointer text, gsize size)
{
	BhCompiledImage image = {
		.name = name,
		.type = BH_IMAGE_TEXT,
		.address = address,
		.size = size,
		.cell = bh_cell_ref(cell),
	};

	image.text = image.owned = g_memdup2(text, size);
	g_array_append_val(images, image);
}

static gboolean compile_x86(BhCell *cell, const struct bh_linux_request *request, GArray *images,
			    GError **error)
{
	g_autofree struct bh_linux *plan = g_new(struct bh_linux, 1);

	if (refused(bh_linux_build(request, plan), error))
		return FALSE;
	text_append(cell, images, "Linux parameters", BH_LINUX_PARAMS, &plan->params,
		    sizeof(plan->params));
	file_append(cell, images, "Linux kernel", cell->linux_kernel,
		    plan->is_elf ? BH_IMAGE_ELF : BH_IMAGE_RAW, plan->kernel_address);
	if (cell->linux_initrd)
		file_append(cell, images, "Linux initrd", cell->linux_initrd, BH_IMAGE_RAW,
			    plan->initrd_address);
	return TRUE;
}

static BhCompiledImage *tree_image(GArray *images)
{
	for (guint i = 0; i < images->len; i++) {
		BhCompiledImage *image = &g_array_index(images, BhCompiledImage, i);

		if (image->owned && image->address == BH_LINUX_DTB)
			return image;
	}
	return NULL;
}

static gboolean compile_arm64(BhCell *cell, const BhPlacement *placement,
			      const struct bh_linux_request *request, GArray *images,
			      GError **error)
{
	g_autofree struct bh_linux_arm64 *plan = g_new(struct bh_linux_arm64, 1);
	g_autofree struct bh_linux_board *board = g_new0(struct bh_linux_board, 1);

	if (placement) {
		g_autoptr(GArray) cpus = bh_placement_get_cpus(placement, cell);

		if (refused(bh_linux_board_read("", (const void *)cpus->data, cpus->len, board),
			    error))
			return FALSE;
	}
	if (refused(bh_linux_build_arm64(request, board, plan), error))
		return FALSE;
	text_append(cell, images, "Linux device tree", BH_LINUX_DTB, plan->dtb, plan->dtb_size);
	text_append(cell, images, "Linux loader's words", BH_LINUX_WORDS, plan->words,
		    strlen(plan->words) + 1);
	file_append(cell, images, "Linux kernel", cell->linux_kernel, BH_IMAGE_RAW,
		    plan->kernel_address);
	if (cell->linux_initrd)
		file_append(cell, images, "Linux initrd", cell->linux_initrd, BH_IMAGE_RAW,
			    plan->initrd_address);
	return TRUE;
}

/* Opens the kernel, which is *@kernel, and looks at its beginning, to be freed; NULL: @error. */
static guint8 *request_begin(const BhCell *cell, struct bh_linux_request *request, int *kernel,
			     GError **error)
{
	request->cmdline = cell->linux_command_line ? cell->linux_command_line : "";
	if (cell->linux_initrd && !file_size(cell->linux_initrd, &request->initrd_size, error))
		return NULL;
	*kernel = file_open(cell->linux_kernel, &request->kernel_size, error);
	return *kernel < 0 ? NULL : head_read(request, kernel, cell->linux_kernel, error);
}

gboolean bh_compile_linux_functions(const struct bh_cell_desc *created, GArray *images,
				    GError **error)
{
	const char *bytes = (const char *)created;
	BhCompiledImage *image = tree_image(images);
	g_autofree struct bh_linux_arm64 *plan = NULL;
	g_autofree struct bh_linux_board *board = NULL;
	g_autofree guint8 *head = NULL;
	struct bh_linux_request request = {
		.memory = (const void *)(bytes + created->memory.offset),
		.memory_count = created->memory.count,
		.links = (const void *)(bytes + created->links.offset),
		.link_count = created->links.count,
	};
	gboolean good = FALSE;
	int kernel = -1;

	if (created->arch != BH_ARCH_ARM64 || !created->pci.count || !image)
		return TRUE;
	plan = g_new(struct bh_linux_arm64, 1);
	board = g_new0(struct bh_linux_board, 1);
	head = request_begin(image->cell, &request, &kernel, error);
	if (head)
		good = !refused(bh_linux_board_read("",
						    (const void *)(bytes + created->cpus.offset),
						    created->cpus.count, board),
				error) &&
		       !refused(bh_linux_pci_read("", created, &board->pci), error) &&
		       !refused(bh_linux_build_arm64(&request, board, plan), error);
	if (kernel >= 0)
		close(kernel);
	if (!good)
		return FALSE;
	g_free(image->owned);
	image->text = image->owned = g_memdup2(plan->dtb, plan->dtb_size);
	image->size = plan->dtb_size;
	return TRUE;
}

gboolean bh_compile_linux(BhCell *cell, const BhPlacement *placement, GArray *images,
			  GError **error)
{
	g_autoptr(GArray) memory = memory_list(cell);
	const GArray *links = placement ? bh_placement_get_links(placement, cell) : NULL;
	g_autofree guint8 *head = NULL;
	struct bh_linux_request request = {
		.memory = (const void *)memory->data,
		.memory_count = memory->len,
		.links = links ? (const void *)links->data : NULL,
		.link_count = links ? links->len : 0,
	};
	gboolean good = FALSE;
	/* Where nothing is installed, such as in tests. */
	const char *loader = g_getenv("BULKHEAD_LINUX_LOADER");
	int kernel = -1;

	head = request_begin(cell, &request, &kernel, error);
	if (head) {
		file_append(cell, images, "Linux loader", loader ? loader : BH_LINUX_LOADER,
			    BH_IMAGE_RAW, 0);
		good = cell->arch == BH_ARCH_ARM64
			       ? compile_arm64(cell, placement, &request, images, error)
			       : compile_x86(cell, &request, images, error);
	}
	if (kernel >= 0)
		close(kernel);
	return good;
}
